package pipelines

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
	"rongtong/transforms"
)

// Reread reads records of one stream again that were loaded before, puts them
// through the flows of today into a stage, and compares that with what is there.
//
// Records come from Kafka, as far as it holds them, and what it has forgotten from
// layer ods, as far as the stream keeps it. Only what the loaders have committed is
// read; nothing that anyone looks at is changed. A reading that was cut short goes
// on where it stopped.
//
// Reprocess then puts the stage in place: after a mapping changed, the warehouse
// holds exactly what it would hold had the records been loaded by the new mapping.
// Restore adds what the warehouse lost and changes nothing else.
type Reread struct {
	Kafka     *topics.Client
	Warehouse *warehouse.Warehouse
	Catalog   *schemas.Catalog
	Stream    *Stream
	Pick      Pick
	Log       *slog.Logger
	// Progress is told how many offsets of how many have been read; may be nil.
	Progress func(read, of int64)
	// Did is told of every step that put something in place; may be nil.
	Did func(step string)

	stage *warehouse.Stage
}

// Pick chooses records of a stream; the zero value chooses all.
type Pick struct {
	Span         *record.Span // of one partition; nil: all partitions
	Since, Until time.Time    // by arrival, [Since, Until); zero: unbounded
	File         string       // the source object they were read from, as their place names it
}

func (p Pick) takes(e *record.Envelope) bool {
	switch {
	case !p.Since.IsZero() && e.Arrived.Before(p.Since), !p.Until.IsZero() && !e.Arrived.Before(p.Until):
		return false
	case p.File == "" || e.Place == p.File:
		return true
	}
	rest, ok := strings.CutPrefix(e.Place, p.File)
	return ok && strings.ContainsAny(rest[:1], ":#!@ ")
}

func (p Pick) String() string {
	text := fmt.Sprintf("%d-%d %s", p.Since.UnixMilli(), p.Until.UnixMilli(), p.File)
	if p.Span != nil {
		text += fmt.Sprintf(" %d/%d-%d", p.Span.Partition, p.Span.From, p.Span.To)
	}
	return text
}

// rereadRows is how many records are staged together.
const rereadRows = 65_536

// Compare reads what was picked and says what differs.
func (r *Reread) Compare(ctx context.Context) (warehouse.Comparison, error) {
	if err := r.read(ctx); err != nil {
		return warehouse.Comparison{}, err
	}
	c, err := r.stage.Compare(ctx, r.flows())
	for i := range c.Claims {
		if err == nil && r.Pick == (Pick{}) {
			c.Claims[i].NotHeld, err = r.stage.NotHeld(ctx, r.stage.Entities[i])
		}
	}
	return c, err
}

func (r *Reread) flows() []string {
	out := []string{""} // of none: an empty list is no list for the warehouse
	for i := range r.Stream.Flows {
		out = append(out, r.Stream.Flows[i].name(r.Stream))
	}
	return out
}

// entities are those that flows of today fill and those that earlier ones did.
func (r *Reread) entities(ctx context.Context) ([]*schemas.Entity, error) {
	var out []*schemas.Entity
	add := func(e *schemas.Entity) {
		if e != nil && !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	for i := range r.Stream.Flows {
		add(r.Stream.Flows[i].Entity)
	}
	earlier, err := r.Warehouse.LoadedEntities(ctx, r.Stream.Topic)
	for _, name := range earlier {
		add(r.Catalog.Entity(name))
	}
	return out, err
}

// read brings the stage up to what is loaded.
func (r *Reread) read(ctx context.Context) error {
	s := r.Stream
	entities, err := r.entities(ctx)
	if err != nil {
		return err
	}
	if len(entities) == 0 {
		return fault.Hint(fault.Config, "a stream without a flow makes no rows", "reading %q again: no flow takes it", s.Topic)
	}
	held, err := r.Kafka.Ends(ctx, s.Topic)
	if err != nil {
		return err
	}
	loaded, ids, err := r.loaded(ctx)
	if err != nil {
		return err
	}
	if r.stage, err = r.Warehouse.NewStage(ctx, s.System.System, s.Stream, s.Topic, entities, fmt.Sprintf("%016x %s", s.Plan(), r.Pick)); err != nil {
		return err
	}
	next, err := r.stage.Next(ctx)
	if err != nil {
		return err
	}
	var parts []rereadPart
	var of int64
	for p, b := range held[s.Topic] {
		part := rereadPart{partition: int32(p), held: b, from: max(b.First, next[int32(p)])}
		if p < len(loaded) { // a partition that was just added is loaded to nowhere
			part.to = min(b.Last, loaded[p])
		}
		if x := r.Pick.Span; x != nil {
			if x.Partition != part.partition {
				continue
			}
			part.from, part.to = max(part.from, x.From), min(part.to, x.To)
		}
		parts, of = append(parts, part), of+max(0, part.to-part.from)
	}
	st := r.staging(ctx, ids[s.Topic], of)
	defer st.release()
	for _, p := range parts {
		if err := st.kafka(p); err != nil {
			return fmt.Errorf("reading %s/%d again: %w", s.Topic, p.partition, err)
		}
		if err := st.ods(p); err != nil {
			return fmt.Errorf("reading %s/%d again: %w", s.Topic, p.partition, err)
		}
	}
	return nil
}

// loaded is up to where the loaders have committed each partition of the topic
// that has the name now, and its ID.
func (r *Reread) loaded(ctx context.Context) ([]int64, map[string]string, error) {
	topic := r.Stream.Topic
	stored, err := r.Kafka.Offsets(ctx, LoadGroup, topic)
	if err != nil {
		return nil, nil, err
	}
	ids, err := r.Kafka.TopicIDs(ctx, topic)
	if err != nil {
		return nil, nil, err
	}
	out := make([]int64, len(stored[topic]))
	for p, at := range stored[topic] {
		in, _, err := parseIntent(at.Metadata)
		if err != nil {
			return nil, nil, fault.Mark(fault.Bug, err)
		}
		if in.Topic == "" || ids[topic] == "" || in.Topic == ids[topic] {
			out[p] = max(0, at.Offset)
		}
	}
	return out, ids, nil
}

type rereadPart struct {
	partition int32
	held      topics.Bounds
	from, to  int64
}

// staging turns records into the rows of the stage.
type staging struct {
	*Reread
	ctx      context.Context
	chunk    record.Chunk
	batches  []*transforms.Batch // by flow
	rejects  []warehouse.RejectRow
	reviews  []warehouse.ReviewRow
	seen     []warehouse.SeenRow
	block    block // of which rejects are made
	read, of int64
}

func (r *Reread) staging(ctx context.Context, topicID string, of int64) *staging {
	st := &staging{Reread: r, ctx: ctx, of: of, block: block{share: &share{stream: r.Stream, topic: r.Stream.Topic}, topicID: topicID}}
	st.chunk = record.Chunk{System: r.Stream.System.System, Stream: r.Stream.Stream.Name, Topic: r.Stream.Topic, Format: r.Stream.Format}
	for i := range r.Stream.Flows {
		st.batches = append(st.batches, transforms.NewBatch(memory.NewGoAllocator(), r.Stream.Flows[i].Plan))
	}
	return st
}

func (st *staging) release() {
	for _, b := range st.batches {
		b.Release()
	}
}

// kafka stages what Kafka holds of a partition.
func (st *staging) kafka(p rereadPart) error {
	if p.from >= p.to {
		return nil
	}
	st.chunk.Partition, st.block.share.partition = p.partition, p.partition
	f := st.Kafka.Fetcher(st.Stream.Topic, p.partition, p.from, topics.FetchOptions{ReadCommitted: true, MaxBytes: fetchBytes, PartitionBytes: fetchBytes})
	base := st.read
	err := f.Span(st.ctx, p.from, p.to, func(m *topics.FetchedRecord) error {
		e, err := envelope(m, st.block.share)
		if err != nil {
			return err
		}
		if !st.Pick.takes(&e) {
			return nil
		}
		e.Place = strings.Clone(e.Place) // the rest is copied
		st.chunk.Append(e)
		if len(st.chunk.Rows) >= pieceRows || st.chunk.Bytes() >= pieceBytes {
			st.apply()
		}
		if len(st.seen) < rereadRows {
			return nil
		}
		st.read = base + m.Offset + 1 - p.from
		return st.flush(false)
	})
	if err != nil {
		return err
	}
	st.apply()
	st.read = base + p.to - p.from
	return st.flush(false)
}

// apply puts the records at hand through every flow.
func (st *staging) apply() {
	c := &st.chunk
	if len(c.Rows) == 0 {
		return
	}
	for i, b := range st.batches {
		f := &st.Stream.Flows[i]
		st.refuse(f, c.Rows, f.Plan.Apply(b, c))
	}
	st.note(c.Rows, false)
	c.Reset()
}

func (st *staging) refuse(f *Flow, rows []record.Envelope, bad []transforms.Reject) {
	for j := range bad {
		e := &rows[bad[j].Index]
		st.rejects = append(st.rejects, rejectRow(&st.block, f, e, &bad[j]))
		if bad[j].Review != nil {
			st.reviews = append(st.reviews, reviewRow(&st.block, f, e, &bad[j]))
		}
	}
}

func (st *staging) note(rows []record.Envelope, ods bool) {
	for i := range rows {
		st.seen = append(st.seen, warehouse.SeenRow{Partition: st.block.share.partition, Offset: rows[i].Offset, ArrivedAt: rows[i].Arrived, FromOds: ods})
	}
}

// flush loads what was made. That records were seen comes last: after a crash
// before that they are read again, and what is there twice is there once.
func (st *staging) flush(ods bool) error {
	if st.Progress != nil {
		st.Progress(st.read, st.of)
	}
	if len(st.seen) == 0 {
		return nil
	}
	first, last := st.seen[0], st.seen[len(st.seen)-1]
	name := fmt.Sprintf("reread/%s/%d/%d-%d+%d/%v/%d/%016x", st.Stream.Topic, st.block.share.partition, first.Offset, last.Offset, len(st.seen), ods, first.ArrivedAt.UnixMilli(), st.Stream.Plan())
	insist := func(what string, f func() error) error { return patient(st.ctx, st.Log, "staging "+what, f) }
	for i, b := range st.batches {
		f := &st.Stream.Flows[i]
		if b.Rows() == 0 {
			continue
		}
		rows := b.Take()
		err := insist("claims", func() error {
			return st.Warehouse.Load(st.ctx, warehouse.Load{Token: name + "/" + f.name(st.Stream), Table: st.stage.ClaimsTable(f.Entity), Rows: rows})
		})
		rows.Release()
		if err != nil {
			return err
		}
	}
	for _, x := range []struct {
		table string
		rows  any
	}{{st.stage.RejectsTable(), st.rejects}, {st.stage.ReviewsTable(), st.reviews}, {st.stage.SeenTable(), st.seen}} {
		if err := insist(x.table, func() error { return st.Warehouse.InsertRows(st.ctx, x.table, name, x.rows) }); err != nil {
			return err
		}
	}
	st.rejects, st.reviews, st.seen = st.rejects[:0], st.reviews[:0], st.seen[:0]
	return nil
}

// ods stages what layer ods holds of a partition and Kafka does not.
func (st *staging) ods(p rereadPart) error {
	st.block.share.partition = p.partition
	before, arrived, err := st.firstHeld(p)
	if err != nil {
		return err
	}
	if x := st.Pick.Span; x != nil && x.From >= p.held.First {
		return nil // the span lies in Kafka
	}
	return st.stage.Raw(st.ctx, p.partition, before, arrived, byConnector(), func(rec arrow.Record) error {
		columns, err := rawColumns(st.Stream, p.partition, rec)
		if err != nil {
			return err
		}
		if columns = st.picked(columns); len(columns.Rows) == 0 {
			return nil
		}
		for i, b := range st.batches {
			f := &st.Stream.Flows[i]
			bad, err := f.Plan.ApplyColumns(b, columns)
			if err != nil {
				return fault.Mark(fault.Bug, err)
			}
			st.refuse(f, columns.Rows, bad)
		}
		st.note(columns.Rows, true)
		return st.flush(true)
	})
}

// picked leaves only the records that were picked.
func (st *staging) picked(c *transforms.Columns) *transforms.Columns {
	var drop []int
	for i := range c.Rows {
		e := &c.Rows[i]
		if x := st.Pick.Span; !st.Pick.takes(e) || x != nil && (e.Offset < x.From || e.Offset >= x.To) {
			drop = append(drop, i)
		}
	}
	if len(drop) == 0 {
		return c
	}
	out := *c
	out.Rows = nil
	next := 0
	for i := range c.Rows {
		if next < len(drop) && drop[next] == i {
			next++
			continue
		}
		out.Rows = append(out.Rows, c.Rows[i])
	}
	if len(out.Rows) > 0 {
		out.Fields = without(c.Fields, drop)
	}
	return &out
}

// firstHeld is the first offset of a partition that Kafka holds, and when its
// record arrived; -1 when it holds none.
func (st *staging) firstHeld(p rereadPart) (int64, time.Time, error) {
	if p.held.First >= p.held.Last {
		return -1, time.Time{}, nil
	}
	first, arrived := int64(-1), time.Time{}
	f := st.Kafka.Fetcher(st.Stream.Topic, p.partition, p.held.First, topics.FetchOptions{ReadCommitted: true, MaxBytes: 64 << 10, PartitionBytes: 64 << 10})
	for f.Next() < p.held.Last && first < 0 {
		if _, err := f.Fetch(st.ctx, func(m *topics.FetchedRecord) error {
			if first < 0 {
				first, arrived = m.Offset, m.Time
			}
			return nil
		}); err != nil {
			return 0, arrived, err
		}
	}
	return first, arrived, nil
}

// byConnector are the rules by which connectors refuse.
func byConnector() []string {
	var out []string
	for _, t := range transforms.Rules() {
		if t.FoundByConnector {
			out = append(out, t.Rule)
		}
	}
	return out
}

// Reprocess puts the stage in place. The loaders must be held back, and stay so
// until it returns. What the loaders committed since the comparison is read first.
func (r *Reread) Reprocess(ctx context.Context) (warehouse.Comparison, error) {
	c, err := r.Compare(ctx)
	if err != nil {
		return c, err
	}
	for _, e := range r.stage.Entities {
		if err := patient(ctx, r.Log, "reprocessing", func() error { return r.stage.Replace(ctx, e, time.Now()) }); err != nil {
			return c, err
		}
		r.did("claims about " + e.Entity)
	}
	// The books learn of a flow that was added after its rejects: until then a
	// repetition takes it for new again.
	added, err := r.unledgered(ctx)
	if err == nil {
		err = r.outcomes(ctx, added)
	}
	if err == nil {
		r.did("refused records")
		err = r.ledger(ctx, added)
	}
	if err != nil {
		return c, err
	}
	return c, r.stage.Drop(ctx)
}

func (r *Reread) did(step string) {
	if r.Did != nil {
		r.Did(step)
	}
}

// Restore adds to the warehouse what it lacks, and nothing else. Where what is
// there differs from what today's flows make, it refuses: that is reprocessing.
func (r *Reread) Restore(ctx context.Context) (warehouse.Comparison, int64, error) {
	c, err := r.Compare(ctx)
	if err != nil {
		return c, 0, err
	}
	var n int64
	for _, e := range r.stage.Entities {
		var added int64
		err := patient(ctx, r.Log, "replaying", func() (err error) {
			added, err = r.stage.Restore(ctx, e, time.Now())
			return err
		})
		if n += added; err != nil {
			return c, n, err
		}
	}
	return c, n, r.stage.Drop(ctx)
}

// Missing counts what the warehouse lacks of the stage.
func (r *Reread) Missing(ctx context.Context) (n int64, err error) {
	for _, e := range r.stage.Entities {
		m, err := r.stage.Missing(ctx, e, time.Now())
		if n += m; err != nil {
			return n, err
		}
	}
	return n, nil
}

// Discard drops what a comparison left, of whatever plan.
func (r *Reread) Discard(ctx context.Context) error {
	entities, err := r.entities(ctx)
	if err != nil {
		return err
	}
	s, err := r.Warehouse.NewStage(ctx, r.Stream.System.System, r.Stream.Stream, r.Stream.Topic, entities, "")
	if err != nil {
		return err
	}
	return s.Drop(ctx)
}

// outcomeBatch is how many outcomes are looked up and published together.
const outcomeBatch = 1000

// outcomes moves records into quarantine and out of it. The reject topic comes
// first: after a crash between the two both are done again, under the same keys.
func (r *Reread) outcomes(ctx context.Context, added map[string][]warehouse.LoadRow) error {
	plans := map[string]uint64{}
	for i := range r.Stream.Flows {
		plans[r.Stream.Flows[i].name(r.Stream)] = r.Stream.Flows[i].Plan.Fingerprint()
	}
	var rows []warehouse.RejectRow // the answer of a query whose table is about to change is read first
	for row, err := range r.stage.Outcomes(ctx, r.flows(), plans) {
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	for part := range slices.Chunk(rows, outcomeBatch) {
		known, err := r.stage.Known(ctx, part)
		if err != nil {
			return err
		}
		for i := range part {
			before, was := known[part[i].Where()]
			_, unknown := added[part[i].Flow]
			part[i].Later = !was && !unknown || before.Later
			if was {
				part[i].Attempt, part[i].TopicID = before.Attempt+1, before.TopicID
			}
		}
		err = patient(ctx, r.Log, "publishing what was refused", func() error { return publisher{r.Kafka, r.Warehouse}.outcome(ctx, r.Stream, part) })
		if err == nil {
			err = patient(ctx, r.Log, "recording what was refused", func() error {
				return r.Warehouse.InsertRows(ctx, "ops.reject", "reprocess/"+replayToken(part), part)
			})
		}
		if err != nil {
			return err
		}
	}
	return patient(ctx, r.Log, "asking about divisions", func() error { return r.stage.Ask(ctx) })
}

// unledgered are the loads, by flow, that the books do not know: a flow that was
// added has never loaded a span.
func (r *Reread) unledgered(ctx context.Context) (map[string][]warehouse.LoadRow, error) {
	out := map[string][]warehouse.LoadRow{}
	for i := range r.Stream.Flows {
		f := &r.Stream.Flows[i]
		rows, err := r.stage.Unledgered(ctx, warehouse.LoadRow{
			System: r.Stream.System.System, Tier: r.Stream.System.Tier, Stream: r.Stream.Stream.Name, Flow: f.name(r.Stream), Entity: f.Entity.Entity,
			Topic: r.Stream.Topic, Plan: f.Plan.Fingerprint(), LoadedAt: time.Now()})
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 {
			out[f.name(r.Stream)] = rows
		}
	}
	return out, nil
}

// ledger enters them.
func (r *Reread) ledger(ctx context.Context, added map[string][]warehouse.LoadRow) error {
	_, ids, err := r.loaded(ctx)
	if err != nil {
		return err
	}
	for flow, rows := range added {
		name := fmt.Sprintf("reprocess/%s/%s/%016x", r.Stream.Topic, flow, rows[0].Plan)
		for j := range rows {
			rows[j].TopicID = ids[r.Stream.Topic]
			rows[j].LoadID = fmt.Sprintf("%s/%d", name, rows[j].Partition)
		}
		if err := patient(ctx, r.Log, "recording loads", func() error { return r.Warehouse.InsertRows(ctx, "ops.load", name, rows) }); err != nil {
			return err
		}
	}
	return nil
}
