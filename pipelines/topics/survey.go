package topics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"rongtong/schemas/fault"
)

// Unknown are the bounds of a partition that nobody leads at the moment.
var Unknown = Bounds{-1, -1}

// Surveyed is what Survey found out about one topic.
type Surveyed struct {
	Bounds []Bounds // by partition, perhaps Unknown; empty when there is an Err
	// Epochs count, by partition, how often it got another leader; -1: not told.
	Epochs []int32
	// Err is why nothing can be told of the topic: it does not exist (ErrNoTopic), or
	// a right is missing. It is a fault.Config that says the way out, or a
	// fault.Transient that time heals.
	Err error
}

// Look tells which topics can be worked with: nil for those that exist and that
// this user may see, else why not, as Surveyed.Err. One of them never keeps the
// others from being told of.
func (c *Client) Look(ctx context.Context, topics ...string) (map[string]error, error) {
	out := make(map[string]error, len(topics))
	if len(topics) == 0 {
		return out, nil
	}
	err := c.retry(ctx, "looking at topics", func(ctx context.Context) error {
		have, err := c.metadata(ctx, c.line, topics...)
		if err != nil {
			return err
		}
		clear(out)
		for _, m := range have {
			out[m.name] = unusable(m)
		}
		return nil
	})
	return out, explain(err, "looking at %d topics", len(topics))
}

// unusable is why a topic cannot be worked with; nil: it can.
func unusable(m topicMeta) error {
	switch {
	case m.err == nil:
		return nil
	case errors.Is(m.err, kafka.UnknownTopicOrPartition):
		return noTopic(m.name)
	}
	return explain(m.err, "looking at topic %q", m.name)
}

func noTopic(name string) error {
	return fault.Hint(fault.Config, "create it again (a process of rongtong up that starts does), or take its stream out of the declarations",
		"looking for topic %q: %w", name, ErrNoTopic)
}

// Survey is Ends for many topics of which some may be in trouble: a topic that is
// gone, that may not be read, or whose leader is away does not keep the bounds of
// the others from being told.
func (c *Client) Survey(ctx context.Context, topics ...string) (map[string]Surveyed, error) {
	out := make(map[string]Surveyed, len(topics))
	if len(topics) == 0 {
		return out, nil
	}
	err := c.retry(ctx, "looking at the ends of topics", func(ctx context.Context) error {
		have, err := c.metadata(ctx, c.line, topics...)
		if err != nil {
			return err
		}
		clear(out)
		byLeader := map[int32][]tp{}
		for _, m := range have {
			if err := unusable(m); err != nil {
				out[m.name] = Surveyed{Err: err}
				continue
			}
			out[m.name] = Surveyed{Bounds: slices.Repeat([]Bounds{Unknown}, len(m.leaders)), Epochs: slices.Repeat([]int32{-1}, len(m.leaders))}
			for p, id := range m.leaders {
				if id >= 0 {
					byLeader[id] = append(byLeader[id], tp{m.name, int32(p)})
				}
			}
		}
		return c.survey(ctx, byLeader, out)
	})
	return out, explain(err, "looking at the ends of %d topics", len(topics))
}

// survey asks each leader for the bounds of its partitions. It fails when no leader
// at all answers.
func (c *Client) survey(ctx context.Context, byLeader map[int32][]tp, out map[string]Surveyed) error {
	var failed error
	answered := false
	for id, ps := range byLeader {
		first := map[tp]int64{}
		err := c.askOffsets(ctx, id, ps, -2, readCommitted, func(p tp, o int64, _ int32, err error) error {
			if err == nil {
				first[p] = o
			}
			return nil
		})
		if err == nil {
			err = c.askOffsets(ctx, id, ps, -1, readCommitted, func(p tp, o int64, epoch int32, err error) error {
				at, known := first[p]
				switch {
				case err == nil && known:
					out[p.topic].Bounds[p.partition], out[p.topic].Epochs[p.partition] = Bounds{at, o}, epoch
				case errors.Is(err, kafka.TopicAuthorizationFailed):
					out[p.topic] = Surveyed{Err: explain(err, "looking at the ends of topic %q", p.topic)}
				}
				return nil
			})
		}
		if err != nil {
			failed = err
			continue
		}
		answered = true
	}
	if answered {
		return nil
	}
	return failed
}

// listOffsetsVersion is the first that tells the epochs of leaders (KIP-320, Apache
// Kafka 2.1).
const listOffsetsVersion = 4

// askOffsets asks one broker for offsets of partitions that it leads and calls each
// with what it says of every one.
func (c *Client) askOffsets(ctx context.Context, id int32, ps []tp, when int64, isolation int8, each func(p tp, offset int64, epoch int32, err error) error) error {
	var w writer
	c.request(&w, protocol.ListOffsets, listOffsetsVersion)
	w.i32(-1)
	w.i8(isolation)
	putTopics(&w, ps, func(p tp) { w.i32(p.partition); w.i32(-1); w.i64(when) })
	e := &exchange{frame{key: protocol.ListOffsets, version: listOffsetsVersion, parts: [][]byte{w.b}}, id}
	if err := c.trip(ctx, c.line, e, c.opts.request); err != nil {
		c.forgetAll(ps)
		return err
	}
	r := reader{b: e.answer}
	c.line.throttledMS(r.i32())
	seen := 0
	for range r.count(6) {
		topic := string(r.text())
		for range r.count(26) {
			p := tp{topic, r.i32()}
			err := code(r.i16())
			r.i64() // time
			offset, epoch := r.i64(), r.i32()
			if r.err != nil {
				return r.err
			}
			if !slices.Contains(ps, p) {
				continue
			}
			seen++
			if err != nil {
				c.forget(topic)
				err = fmt.Errorf("%s: %w", p, err)
			}
			if err := each(p, offset, epoch, err); err != nil {
				return err
			}
		}
	}
	if r.err == nil && seen != len(ps) {
		r.err = errShort
	}
	return r.err
}

// OffsetsAt returns, for every partition of a topic, the offset of the first record
// that was written at a time or later; the partition's end where there is none.
func (c *Client) OffsetsAt(ctx context.Context, topic string, at time.Time) ([]int64, error) {
	ends, err := c.Ends(ctx, topic)
	if err != nil {
		return nil, err
	}
	out := make([]int64, len(ends[topic]))
	ps := make([]tp, len(out))
	for i := range ps {
		ps[i] = tp{topic, int32(i)}
	}
	err = c.retry(ctx, "looking for a time in a topic", func(ctx context.Context) error {
		return c.listOffsets(ctx, ps, at.UnixMilli(), func(p tp, o int64) {
			if b := ends[topic][p.partition]; o < 0 {
				out[p.partition] = b.Last
			} else {
				out[p.partition] = min(max(o, b.First), b.Last)
			}
		})
	})
	return out, explain(err, "looking for a time in topic %q", topic)
}
