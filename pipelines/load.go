package pipelines

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"go.opentelemetry.io/otel/trace"

	"rongtong/pipelines/telemetry"
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

// block is one span of one partition, ready to be loaded. It owns its rows.
type block struct {
	share    *share
	span     record.Span
	topicID  string // of the topic whose span it is
	first    int64  // when its first record arrived, Unix ms
	repeat   bool   // it was begun before, here or by a predecessor
	received int
	rows     []arrow.Record // by flow; nil: none
	rejected []int          // by flow
	raw      arrow.Record   // the records as received; nil: they are not kept
	rejects  []warehouse.RejectRow
	reviews  []warehouse.ReviewRow // of rejects that only a person can resolve

	began           time.Time // when its first record was asked for
	took, transform time.Duration
	traces          []trace.SpanContext // of the transactions that its records came with, the first linkMost
}

// linkMost bounds how many traces a span goes back to.
const linkMost = 32

func (b *block) release() {
	for i, r := range b.rows {
		if r != nil {
			r.Release()
			b.rows[i] = nil
		}
	}
	if b.raw != nil {
		b.raw.Release()
		b.raw = nil
	}
}

// piece is how many records, and how many bytes of them, are turned into
// columns at a time: what was just decompressed is still in the cache.
const (
	pieceRows  = 512
	pieceBytes = 256 << 10
)

// prepare reads the next span of a share and turns it into rows: exactly the
// pending one, or what is there up to the limits of a block. It changes nothing
// but s.read, and gives nil when there is nothing to load.
func (w *worker) prepare(ctx context.Context, s *share) (*block, error) {
	to, exact := s.pending.To, s.pending.To > 0
	if !exact {
		to = s.end.Load()
	}
	b := &block{share: s, topicID: s.topicID, repeat: exact, rejected: make([]int, len(s.stream.Flows)), rows: make([]arrow.Record, len(s.stream.Flows)), began: time.Now()}
	if exact {
		b.topicID = s.pending.Topic // a repetition has the name that was promised
	}
	p := pieces{worker: w, block: b, exact: exact, limit: w.limits()}
	next, err := p.read(ctx, s.read, to)
	if err == nil && exact && next < to {
		err = fault.New(fault.Transient, "reading %s/%d from %d: the log ends at %d, before the pending load's end %d", s.topic, s.partition, s.read, next, to)
	}
	p.take()
	b.took = time.Since(b.began)
	if err != nil {
		telemetry.Did(ctx, telemetry.Fetch, b.began, b.took, err)
	}
	if next = min(next, to); err != nil || next <= s.read {
		b.release()
		return nil, err
	}
	b.span = record.Span{Topic: s.topic, Partition: s.partition, From: s.read, To: next}
	s.read, s.pending = next, intent{}
	return b, nil
}

// pieces fills a block piece by piece.
type pieces struct {
	*worker
	block *block
	exact bool
	limit limits
	bytes int // of values and rejects: about what the block holds in memory
}

func (p *pieces) full() bool {
	return !p.exact && (p.block.received+len(p.chunk.Rows) >= p.limit.rows || p.bytes >= p.limit.bytes)
}

// read goes on until `to` or until the block is full, and returns the offset
// after what was read, transaction markers included.
func (p *pieces) read(ctx context.Context, next, to int64) (int64, error) {
	s, c := p.block.share, &p.chunk
	c.Reset()
	c.System, c.Stream, c.Topic, c.Partition, c.Format = s.stream.System.System, s.stream.Stream.Name, s.topic, s.partition, s.stream.Format
	for next < to && !p.full() {
		from := topics.FetchFrom{Topic: s.topic, ID: p.block.topicID, Partition: s.partition, Offset: next, To: to}
		after, err := p.reader.Read(ctx, from, func(r *topics.FetchedRecord) error {
			if p.full() {
				return errFull
			}
			return p.add(r)
		})
		if err != nil && !errors.Is(err, errFull) {
			return next, err
		}
		if after == next {
			break // nothing there now; an exact span is complete in the log, so this is a broker catching up
		}
		next = after
	}
	p.apply()
	return next, nil
}

// errFull ends a fetch in the middle: the block has all it may hold.
var errFull = errors.New("the block is full")

func (p *pieces) add(r *topics.FetchedRecord) error {
	e, err := envelope(r, p.block.share)
	if err != nil {
		return err
	}
	if p.block.received == 0 && len(p.chunk.Rows) == 0 {
		p.block.first = r.Time.UnixMilli()
	}
	if len(r.Trace) > 0 {
		p.block.follow(r.Trace)
	}
	place := p.chunk.Copy(borrow(e.Place))
	e.Place = unsafe.String(unsafe.SliceData(place), len(place))
	p.chunk.Append(e)
	p.bytes += len(r.Key) + len(r.Value)
	if len(p.chunk.Rows) >= pieceRows || p.chunk.Bytes() >= pieceBytes {
		p.apply()
	}
	return nil
}

// follow notes the trace that a record came with.
func (b *block) follow(parent []byte) {
	if !telemetry.On() || len(b.traces) == linkMost {
		return
	}
	if sc := telemetry.Parsed(string(parent)); sc.IsValid() {
		b.traces = append(b.traces, sc)
	}
}

// stage begins the stage that loads the block: in the trace of its first record,
// with links to the others, and with what was done of it already.
func (b *block) stage(ctx context.Context) (context.Context, telemetry.Stage) {
	if len(b.traces) > 0 {
		ctx = telemetry.Within(ctx, b.traces[0])
	}
	ctx, stage := telemetry.BeginAt(ctx, telemetry.Load, b.began, b.share.stream.traced(b.received)...)
	if len(b.traces) > 1 {
		stage.Link(b.traces[1:]...)
	}
	fetch := b.took - b.transform // the two alternate, piece by piece; shown one after the other
	telemetry.Did(ctx, telemetry.Fetch, b.began, fetch, nil)
	telemetry.Did(ctx, telemetry.Transform, b.began.Add(fetch), b.transform, nil)
	return ctx, stage
}

// envelope is a record as the transforms know it. All but its fault is borrowed.
func envelope(r *topics.FetchedRecord, s *share) (record.Envelope, error) {
	e := record.Envelope{Key: r.Key, Value: r.Value, Offset: r.Offset, Arrived: r.Time}
	if r.Header == nil { // written by somebody else: the broker's time is all there is
		e.At = r.Time
		if r.Value == nil {
			e.Op = record.Delete
		}
	} else if _, err := parseHeader(r.Header, &e); err != nil {
		return e, fault.New(fault.Bug, "reading %s/%d at %d: %w", s.topic, s.partition, r.Offset, err)
	}
	e.Fault = strings.Clone(e.Fault) // becomes the rule of a reject, which outlives the record
	return e, nil
}

func borrow(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// apply turns the records at hand into rows and rejects.
func (p *pieces) apply() {
	s, c := p.block.share, &p.chunk
	if len(c.Rows) == 0 {
		return
	}
	clock, began := time.Now(), p.meter.begin()
	p.refused = p.refused[:0]
	for i := range s.stream.Flows {
		f := &s.stream.Flows[i]
		bad := f.Plan.Apply(p.batch(f.Plan), c)
		p.refused = append(p.refused, bad...)
		p.block.rejected[i] += len(bad)
		for j := range bad {
			p.block.rejects = append(p.block.rejects, rejectRow(p.block, f, &c.Rows[bad[j].Index], &bad[j]))
			p.bytes += len(bad[j].Row)
			if bad[j].Review != nil {
				p.block.reviews = append(p.block.reviews, reviewRow(p.block, f, &c.Rows[bad[j].Index], &bad[j]))
			}
		}
	}
	if raw := p.raw(s.stream); raw != nil {
		raw.Add(c, p.refused)
	}
	p.meter.end(began)
	p.block.transform += time.Since(clock)
	p.block.received += len(c.Rows)
	c.Reset()
}

// take moves the rows from the batches to the block.
func (p *pieces) take() {
	s := p.block.share
	for i := range s.stream.Flows {
		if batch := p.batch(s.stream.Flows[i].Plan); batch.Rows() > 0 {
			p.block.rows[i] = batch.Take()
		}
	}
	if raw := p.raw(s.stream); raw != nil && p.block.received > 0 {
		p.block.raw = raw.Take()
	}
}

// batch returns the worker's batch for a plan.
func (w *worker) batch(p *transforms.Plan) *transforms.Batch {
	b, ok := w.batches[p]
	if !ok {
		if w.batches == nil {
			w.batches = map[*transforms.Plan]*transforms.Batch{}
		}
		b = transforms.NewBatch(w.mem, p)
		w.batches[p] = b
	}
	return b
}

func rejectRow(b *block, f *Flow, e *record.Envelope, r *transforms.Reject) warehouse.RejectRow {
	s := b.share
	return warehouse.RejectRow{
		Topic: s.topic, TopicID: b.topicID, Partition: s.partition, Offset: e.Offset, Flow: f.name(s.stream),
		System: s.stream.System.System, Tier: s.stream.System.Tier, Stream: s.stream.Stream.Name, Entity: f.Entity.Entity,
		Division: r.Division, Plan: f.Plan.Fingerprint(), Rule: r.Rule, Field: r.Field, ReasonZh: r.ReasonZh, ReasonEn: r.ReasonEn, Place: strings.Clone(e.Place),
		RecordKey: strings.ReplaceAll(string(e.Key), "\x1f", "|"), Row: string(r.Row), RejectedAt: e.Arrived,
	}
}

// deliver loads a block under the protocol: the intent is committed before rows
// leave the process, the end of the span after everything has arrived.
func (w *worker) deliver(ctx context.Context, b *block) (err error) {
	s := b.share
	if b.received > 0 {
		var stage telemetry.Stage
		ctx, stage = b.stage(ctx)
		defer func() { stage.End(err) }()
	}
	accepted := 0
	if b.received > 0 {
		if err := w.judge(ctx, b); err != nil {
			return err
		}
		plan := intent{To: b.span.To, Plan: s.stream.Plan(), Topic: b.topicID, Move: s.move, Epoch: s.leader.Load()} // again, when it is repeated: it may not have arrived
		if err := w.commit(ctx, s, b.span.From, plan.encode()); err != nil {
			return err
		}
		began := time.Now()
		accepted, err = w.load(ctx, b)
		telemetry.Did(ctx, telemetry.Insert, began, time.Since(began), err)
		if err != nil {
			return err
		}
	}
	if err := w.commit(ctx, s, b.span.To, intent{Topic: b.topicID, Move: s.move, Epoch: s.leader.Load()}.encode()); err != nil {
		return err
	}
	if b.repeat {
		w.Log.InfoContext(ctx, "repeated a pending load", "topic", s.topic, "partition", s.partition, "from", b.span.From, "to", b.span.To)
	}
	s.next.Store(b.span.To)
	if w.Loaded != nil {
		w.Loaded(b.span, accepted, len(b.rejects))
	}
	return nil
}

func (w *worker) commit(ctx context.Context, s *share, offset int64, metadata string) error {
	return w.gen.Commit(ctx, []topics.OffsetMeta{{Topic: s.topic, Partition: s.partition, Offset: offset, Metadata: metadata}})
}

// load puts a block into the warehouse: for every flow its rows, the records as
// received, then the rejects of all flows and the questions that they put to a
// person, then the ledger. A crash in between repeats the whole span; each insert
// has a name of its own, so what arrived is dropped and what did not arrive is
// loaded.
func (w *worker) load(ctx context.Context, b *block) (accepted int, err error) {
	s := b.share
	if b.repeat {
		ctx = warehouse.Repeated(ctx)
	}
	ledger, parent := make([]warehouse.LoadRow, 0, len(s.stream.Flows)), telemetry.Parent(ctx)
	for i := range s.stream.Flows {
		f := &s.stream.Flows[i]
		name := w.token(b, f.name(s.stream))
		if err := w.loadRows(ctx, b, i, name); err != nil {
			return 0, err
		}
		n := 0
		if b.rows[i] != nil {
			n = int(b.rows[i].NumRows())
		}
		accepted += n
		ledger = append(ledger, warehouse.LoadRow{
			LoadID: name,
			System: s.stream.System.System, Tier: s.stream.System.Tier, Stream: s.stream.Stream.Name,
			Flow: f.name(s.stream), Entity: f.Entity.Entity,
			Topic: b.span.Topic, TopicID: b.topicID, Partition: b.span.Partition, FromOffset: b.span.From, ToOffset: b.span.To, Plan: f.Plan.Fingerprint(),
			Received: int64(b.received), Accepted: int64(n), Rejected: int64(b.rejected[i]), LoadedAt: time.Now(), Traceparent: parent,
		})
	}
	if err := w.keepRaw(ctx, b); err != nil {
		return 0, err
	}
	if len(b.rejects) > 0 {
		err := w.insist(ctx, b, func() error {
			return w.Warehouse.InsertRows(ctx, "ops.reject", w.token(b, "reject"), b.rejects)
		})
		if err != nil {
			return 0, fmt.Errorf("recording %d rejects of %s/%d: %w", len(b.rejects), b.span.Topic, b.span.Partition, err)
		}
	}
	if len(b.reviews) > 0 {
		err := w.insist(ctx, b, func() error {
			return w.Warehouse.InsertRows(ctx, "ops.division_review", w.token(b, "review"), b.reviews)
		})
		if err != nil {
			return 0, fmt.Errorf("recording %d divisions of %s/%d for review: %w", len(b.reviews), b.span.Topic, b.span.Partition, err)
		}
	}
	err = w.insist(ctx, b, func() error {
		return w.Warehouse.InsertRows(ctx, "ops.load", w.token(b, "ledger"), ledger)
	})
	if err != nil {
		return 0, fmt.Errorf("recording the load of %s/%d: %w", b.span.Topic, b.span.Partition, err)
	}
	return accepted, nil
}

// loadRows loads the rows of one flow. Rows that the table can never take become
// rejects; the others are loaded under the same name, which the refused insert
// has not used up.
func (w *worker) loadRows(ctx context.Context, b *block, flow int, name string) error {
	rows := b.rows[flow]
	if rows == nil {
		return nil
	}
	f := &b.share.stream.Flows[flow]
	load := warehouse.Load{Token: name, Table: f.Table, Rows: rows}
	err := w.insist(ctx, b, func() error { return w.Warehouse.Load(ctx, load) })
	if fault.Is(err, fault.Data) {
		if err = w.quarantine(ctx, b, flow, load, err); err != nil || b.rows[flow] == nil {
			return err
		}
		load.Rows = b.rows[flow]
		err = w.insist(ctx, b, func() error { return w.Warehouse.Load(ctx, load) })
	}
	if err != nil {
		return fmt.Errorf("loading %d rows of %s/%d into %q: %w", rows.NumRows(), b.span.Topic, b.span.Partition, f.Table, err)
	}
	return nil
}
