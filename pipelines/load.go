package pipelines

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
	"rongtong/transforms"
)

// name is the flow's part in names of loads and in the books.
func (f *Flow) name(s *Stream) string {
	if f.Index == 0 {
		return s.Stream.Name
	}
	return fmt.Sprintf("%s.%d", s.Stream.Name, f.Index+1)
}

// load puts the chunk into the warehouse: for every flow its rows, the records
// as received, then the rejects of all flows, then the ledger. A crash in between repeats the whole
// span; each insert has a name of its own, so what arrived is dropped and what
// did not arrive is loaded.
func (w *worker) load(ctx context.Context, s *share, span record.Span) error {
	plan := s.stream.Plan()
	var rejects []warehouse.RejectRow
	var refused []transforms.Reject
	ledger := make([]warehouse.LoadRow, 0, len(s.stream.Flows))
	for i := range s.stream.Flows {
		f := &s.stream.Flows[i]
		batch := w.batch(f.Plan)
		bad := f.Plan.Apply(batch, &w.chunk)
		refused = append(refused, bad...)
		for _, r := range bad {
			rejects = append(rejects, w.reject(s, f, r))
		}
		accepted := batch.Rows()
		w.accepted, w.rejected = w.accepted+accepted, w.rejected+len(bad)
		if accepted > 0 {
			rows := batch.Take()
			err := w.insist(ctx, func() error {
				return w.Warehouse.Load(ctx, warehouse.Load{Token: w.token(span, plan, f.name(s.stream)), Table: f.Table, Rows: rows})
			})
			rows.Release()
			if err != nil {
				return fmt.Errorf("loading %d rows of %s/%d into %q: %w", accepted, span.Topic, span.Partition, f.Entity.Entity, err)
			}
		}
		ledger = append(ledger, warehouse.LoadRow{
			LoadID: w.token(span, plan, f.name(s.stream)),
			System: s.stream.System.System, Tier: s.stream.System.Tier, Stream: s.stream.Stream.Name,
			Flow: f.name(s.stream), Entity: f.Entity.Entity,
			Topic: span.Topic, Partition: span.Partition, FromOffset: span.From, ToOffset: span.To, Plan: f.Plan.Fingerprint(),
			Received: int64(len(w.chunk.Rows)), Accepted: int64(accepted), Rejected: int64(len(bad)), LoadedAt: time.Now(),
		})
	}
	if err := w.keepRaw(ctx, s, span, refused); err != nil {
		return err
	}
	if len(rejects) > 0 {
		err := w.insist(ctx, func() error { return w.Warehouse.InsertRows(ctx, "ops.reject", w.token(span, plan, "reject"), rejects) })
		if err != nil {
			return fmt.Errorf("recording %d rejects of %s/%d: %w", len(rejects), span.Topic, span.Partition, err)
		}
	}
	err := w.insist(ctx, func() error { return w.Warehouse.InsertRows(ctx, "ops.load", w.token(span, plan, "ledger"), ledger) })
	if err != nil {
		return fmt.Errorf("recording the load of %s/%d: %w", span.Topic, span.Partition, err)
	}
	return nil
}

// batch returns the worker's batch for a plan, empty.
func (w *worker) batch(p *transforms.Plan) *transforms.Batch {
	if w.batches == nil {
		w.batches = map[*transforms.Plan]*transforms.Batch{}
	}
	b, ok := w.batches[p]
	if !ok {
		b = transforms.NewBatch(w.mem, p)
		w.batches[p] = b
	}
	return b
}

func (w *worker) reject(s *share, f *Flow, r transforms.Reject) warehouse.RejectRow {
	e := &w.chunk.Rows[r.Index]
	return warehouse.RejectRow{
		Topic: s.topic, Partition: s.partition, Offset: e.Offset, Flow: f.name(s.stream),
		System: s.stream.System.System, Tier: s.stream.System.Tier, Stream: s.stream.Stream.Name, Entity: f.Entity.Entity,
		Rule: r.Rule, Field: r.Field, ReasonZh: r.ReasonZh, ReasonEn: r.ReasonEn, Place: e.Place,
		RecordKey: strings.ReplaceAll(string(e.Key), "\x1f", "|"), Row: string(r.Row), RejectedAt: e.Arrived,
	}
}

// insist repeats an insert for as long as time can heal it. The insert has a
// name, so a repetition after a lost answer loads nothing twice.
func (w *worker) insist(ctx context.Context, insert func() error) error {
	return patient(ctx, w.Log, "loading", insert)
}

// fetch appends the records of [from, to) that one fetch returns to the chunk,
// stopping when the block is full unless the span is exact, and gives the offset
// after them.
func (w *worker) fetch(ctx context.Context, s *share, from, to int64, exact bool) (int64, error) {
	c := &w.chunk
	next, err := w.reader.Read(ctx, s.topic, s.partition, from, to, func(r *topics.FetchedRecord) error {
		if !exact && w.full(c) {
			return errFull
		}
		e := record.Envelope{Key: r.Key, Value: r.Value, Offset: r.Offset, Arrived: r.Time}
		if r.Header == nil { // written by somebody else: the broker's time is all there is
			e.At = r.Time
			if r.Value == nil {
				e.Op = record.Delete
			}
		} else if _, err := parseHeader(r.Header, &e); err != nil {
			return fault.New(fault.Bug, "reading %s/%d at %d: %w", s.topic, s.partition, r.Offset, err)
		}
		c.Append(e)
		return nil
	})
	if errors.Is(err, errFull) {
		err = nil
	}
	return next, err
}

// errFull ends a fetch in the middle: the block has all it may hold.
var errFull = errors.New("the block is full")
