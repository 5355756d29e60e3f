package pipelines

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
	"rongtong/transforms"
)

// judge stops the stream when more rows of the block break a rule than its
// entity allows. It comes before the intent: nothing of the block has been
// loaded or promised, so that a mended flow, or a raised threshold, begins with
// this block. The records wait in Kafka. A load that was begun before is not
// judged again: it is repeated, whatever the thresholds are by now.
func (w *worker) judge(ctx context.Context, b *block) error {
	if b.repeat {
		return nil
	}
	s := b.share
	for i := range s.stream.Flows {
		f := &s.stream.Flows[i]
		name := f.name(s.stream)
		found := f.Plan.Stop(b.received, func(rule string) (n int) {
			for j := range b.rejects {
				if b.rejects[j].Rule == rule && b.rejects[j].Flow == name {
					n++
				}
			}
			return n
		})
		if found == nil {
			continue
		}
		row := warehouse.StopRow{
			Topic: b.span.Topic, TopicID: b.topicID, Partition: b.span.Partition, FromOffset: b.span.From, ToOffset: b.span.To,
			System: s.stream.System.System, Stream: s.stream.Stream.Name, Flow: name, Entity: f.Entity.Entity,
			Rule: found.Rule.Rule, Broken: int64(found.Broken), Rows: int64(found.Of),
			ReasonZh: found.Rule.Zh, ReasonEn: found.Rule.En, StoppedAt: time.Now(),
		}
		err := w.insist(ctx, b, func() error {
			return w.Warehouse.InsertRows(ctx, "ops.load_stop", w.token(b, "stop"), []warehouse.StopRow{row})
		})
		if err != nil {
			return fmt.Errorf("recording that %s/%d stopped: %w", b.span.Topic, b.span.Partition, err)
		}
		return fault.Mark(fault.Data, &stopError{b.span, found})
	}
	return nil
}

// stopError keeps one partition from being loaded until a person has acted. The
// others go on.
type stopError struct {
	span  record.Span
	found *transforms.Stopped
}

func (e *stopError) Error() string {
	return fmt.Sprintf("judging %s/%d from %d: %s; nothing of it was loaded, it waits in Kafka: mend the source, the flow or the threshold of the rule, and start the loader again",
		e.span.Topic, e.span.Partition, e.span.From, e.found)
}

func stopped(err error) bool {
	var s *stopError
	return errors.As(err, &s)
}

func reviewRow(b *block, f *Flow, e *record.Envelope, r *transforms.Reject) warehouse.ReviewRow {
	s := b.share
	row := warehouse.ReviewRow{
		Topic: s.topic, TopicID: b.topicID, Partition: s.partition, Offset: e.Offset, Flow: f.name(s.stream), Field: r.Field,
		System: s.stream.System.System, Entity: f.Entity.Entity, Rule: r.Rule, Place: strings.Clone(e.Place),
		CodeSystem: r.Review.CodeSystem, Code: r.Review.Code, At: r.Review.At.String(), Status: r.Review.Status, Reason: r.Review.Reason,
		Candidates: []string{}, Names: []string{}, Shares: []*float64{}, SeenAt: e.Arrived,
	}
	for _, c := range r.Review.Candidates {
		row.Candidates, row.Names = append(row.Candidates, c.Code), append(row.Names, c.Name)
		var share *float64
		if c.Known {
			share = &c.Share
		}
		row.Shares = append(row.Shares, share)
	}
	return row
}
