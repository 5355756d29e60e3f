package pipelines

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cespare/xxhash/v2"

	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
	"rongtong/transforms"
)

// Attempts is how often a record is replayed at most, unless a person says more.
const Attempts = 5

// Why a record in quarantine is not tried again.
const (
	SkipSamePlan  = "same_plan"    // the plan that refused it is the plan of today: it would refuse it again
	SkipAttempts  = "attempts"     // it was tried as often as it may be
	SkipConnector = "connector"    // the connector or the landing step found the fault: the source must mend it
	SkipFlow      = "flow_removed" // no flow of today makes rows of it
	SkipGone      = "expired"      // neither Kafka nor layer ods has the record any more
)

// Replay tries records in quarantine again, after a mapping, a code list or a
// rule was mended. It may run beside the loaders.
//
// Rows are loaded first, then the record leaves quarantine. A crash between the
// two repeats both: a claim is known by thing, source, version and content, so the
// repeated row is the row that is there, and a record in ops.reject is known by
// its offset.
type Replay struct {
	Kafka     *topics.Client
	Warehouse *warehouse.Warehouse
	Store     Store // where rows go: the Warehouse
	Streams   []*Stream
	Log       *slog.Logger
	// DryRun says what would happen and changes nothing.
	DryRun bool
	// Attempts is how often a record may be tried in all; 0: Attempts.
	Attempts int
	// Progress is told after every block; may be nil.
	Progress func(done Replayed)

	published map[string]published // by topic; records that came later wait for the next replay
}

// Replayed is what a replay did, or with DryRun would do.
type Replayed struct {
	Considered int64            `json:"considered"`
	Passed     int64            `json:"passed"`
	Refused    []RefusedAgain   `json:"refused,omitempty"`
	Skipped    map[string]int64 `json:"skipped,omitempty"` // not tried, by reason
	FromRaw    int64            `json:"from_ods"`          // read from layer ods, because Kafka has them no more
}

// RefusedAgain are records that a rule refuses still, or another rule now.
type RefusedAgain struct {
	System   string `json:"system"`
	Stream   string `json:"stream"`
	Rule     string `json:"rule"`
	Field    string `json:"field"`
	ReasonZh string `json:"reason_zh"`
	ReasonEn string `json:"reason_en"`
	Rows     int64  `json:"rows"`
	Place    string `json:"place"` // of the first of them
}

// block is how many records are tried at a time.
const replayBlock = 8192

// Run replays what the filter chooses.
func (r *Replay) Run(ctx context.Context, f warehouse.RejectFilter) (Replayed, error) {
	f.Replayed = false
	done := Replayed{Skipped: map[string]int64{}}
	if err := r.publish(ctx, f); err != nil {
		return done, err
	}
	var list []warehouse.RejectRow
	flush := func() error {
		if len(list) == 0 {
			return nil
		}
		err := r.block(ctx, list, &done)
		list = list[:0]
		if r.Progress != nil && err == nil {
			r.Progress(done)
		}
		return err
	}
	for row, err := range r.Warehouse.Rejects(ctx, f, 0) {
		if err != nil {
			return done, err
		}
		if n := len(list); n > 0 && (n == replayBlock || list[0].Topic != row.Topic || list[0].Flow != row.Flow || list[0].Of() != row.Of() || list[n-1].Offset == row.Offset) {
			if err := flush(); err != nil {
				return done, err
			}
		}
		list = append(list, row)
	}
	err := flush()
	slices.SortFunc(done.Refused, func(a, b RefusedAgain) int { return cmp.Compare(b.Rows, a.Rows) })
	return done, err
}

// publish brings the reject topics up to date first: what a replay finds about a
// record must come after the record itself.
func (r *Replay) publish(ctx context.Context, f warehouse.RejectFilter) error {
	r.published = map[string]published{}
	for _, s := range r.Streams {
		if r.DryRun || len(s.Flows) == 0 || f.System != "" && f.System != s.System.System || f.Stream != "" && f.Stream != s.Stream.Name {
			continue
		}
		err := r.insist(ctx, func() (err error) {
			r.published[s.Topic], _, err = publisher{r.Kafka, r.Warehouse}.publish(ctx, s)
			return err
		})
		if err != nil {
			return fmt.Errorf("publishing the rejects of %s.%s: %w", s.System.System, s.Stream.Name, err)
		}
	}
	return nil
}

// block replays records of one flow and partition, in order of offsets: no offset
// is there twice.
func (r *Replay) block(ctx context.Context, list []warehouse.RejectRow, done *Replayed) error {
	s, f := r.flow(list[0])
	if s != nil && !r.DryRun {
		list = slices.DeleteFunc(slices.Clone(list), func(row warehouse.RejectRow) bool { return !r.published[s.Topic].has(row) })
	}
	done.Considered += int64(len(list))
	var try []warehouse.RejectRow
	for _, row := range list {
		if why := r.skip(row, f); why != "" {
			done.Skipped[why]++
			continue
		}
		try = append(try, row)
	}
	if len(try) == 0 {
		return nil
	}
	batch := transforms.NewBatch(memory.NewGoAllocator(), f.Plan)
	defer batch.Release()
	found, fromRaw, err := r.read(ctx, s, f, batch, try)
	if err != nil {
		return err
	}
	done.FromRaw += fromRaw
	if gone := len(try) - len(found); gone > 0 {
		done.Skipped[SkipGone] += int64(gone)
	}
	return r.apply(ctx, s, f, batch, found, try, done)
}

func (r *Replay) skip(row warehouse.RejectRow, f *Flow) string {
	t, known := transforms.RuleOf(row.Rule)
	_, entity := entityRule(f, row.Rule)
	switch {
	case f == nil:
		return SkipFlow
	case !entity && (!known || t.FoundByConnector):
		return SkipConnector
	case row.Plan == f.Plan.Fingerprint():
		return SkipSamePlan
	case int(row.Attempt) >= cmp.Or(r.Attempts, Attempts):
		return SkipAttempts
	}
	return ""
}

// entityRule is a rule that the flow's entity declares.
func entityRule(f *Flow, rule string) (reason [2]string, ok bool) {
	if f == nil {
		return reason, false
	}
	for _, x := range f.Entity.Rules {
		if x.Rule == rule {
			return [2]string{x.Zh, x.En}, true
		}
	}
	return reason, false
}

// flow finds the flow that refused a record, as it is today.
func (r *Replay) flow(row warehouse.RejectRow) (*Stream, *Flow) {
	for _, s := range r.Streams {
		if s.Topic != row.Topic {
			continue
		}
		for i := range s.Flows {
			if f := &s.Flows[i]; f.name(s) == row.Flow && f.Entity.Entity == row.Entity {
				return s, f
			}
		}
	}
	return nil, nil
}

// read finds the records where they are, in Kafka, else as received in layer
// ods, and puts them through the plan of today. It returns, by offset, what
// became of those it found: the reject, or nil. A record is taken only if it
// arrived when the refused one did: a topic that was created again has other
// records at the same offsets.
func (r *Replay) read(ctx context.Context, s *Stream, f *Flow, batch *transforms.Batch, want []warehouse.RejectRow) (found map[int64]*transforms.Reject, fromRaw int64, err error) {
	chunk := &record.Chunk{System: s.System.System, Stream: s.Stream.Name, Topic: s.Topic, Partition: want[0].Partition}
	ends, err := r.Kafka.Ends(ctx, s.Topic)
	if err != nil {
		return nil, 0, err
	}
	byOffset := make(map[int64]warehouse.RejectRow, len(want))
	for _, w := range want {
		byOffset[w.Offset] = w
	}
	if int(chunk.Partition) < len(ends[s.Topic]) {
		if err := r.fromKafka(ctx, s, ends[s.Topic][chunk.Partition], want, byOffset, chunk); err != nil {
			return nil, 0, err
		}
	}
	found = map[int64]*transforms.Reject{}
	note := func(rows []record.Envelope, rejects []transforms.Reject) {
		for i := range rows {
			found[rows[i].Offset] = nil
			delete(byOffset, rows[i].Offset)
		}
		for i := range rejects {
			found[rows[rejects[i].Index].Offset] = &rejects[i]
		}
	}
	note(chunk.Rows, f.Plan.Apply(batch, chunk))
	var missing []warehouse.RawKey
	for _, w := range want {
		if _, ok := byOffset[w.Offset]; ok {
			missing = append(missing, warehouse.RawKey{Offset: w.Offset, Arrived: w.RejectedAt})
		}
	}
	err = r.Warehouse.RawColumns(ctx, s.System.System, s.Stream, chunk.Partition, missing, func(rec arrow.Record) error {
		columns, err := rawColumns(s, chunk.Partition, rec)
		if err != nil {
			return err
		}
		rejects, err := f.Plan.ApplyColumns(batch, columns)
		if err != nil {
			return fault.Mark(fault.Bug, err)
		}
		fromRaw += int64(len(columns.Rows))
		note(columns.Rows, rejects)
		return nil
	})
	return found, fromRaw, err
}

// rawColumns are records of layer ods as the transforms take them. They are
// borrowed from rec.
func rawColumns(s *Stream, partition int32, rec arrow.Record) (*transforms.Columns, error) {
	column := func(name string) arrow.Array {
		if at := rec.Schema().FieldIndices(name); len(at) == 1 {
			return rec.Column(at[0])
		}
		return nil
	}
	offset, ok1 := column("_offset").(*array.Int64)
	arrived, ok2 := column("_arrived_at").(*array.Int64)
	event, ok3 := column("_event_at").(*array.Int64)
	place, ok4 := column("_place").(*array.String)
	key, ok5 := column("_key").(*array.String)
	op, ok6 := column("_op").(*array.String)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 {
		return nil, fault.New(fault.Bug, "reading layer ods: its columns are not what they should be: %s", rec.Schema())
	}
	out := &transforms.Columns{Topic: s.Topic, Partition: partition, Fields: rec, Rows: make([]record.Envelope, rec.NumRows())}
	for i := range out.Rows {
		e := record.Envelope{Key: borrow(key.Value(i)), Place: place.Value(i), Offset: offset.Value(i), Arrived: time.UnixMilli(arrived.Value(i))}
		if event.IsValid(i) {
			e.At = time.UnixMilli(event.Value(i))
		}
		if op.Value(i) == "delete" {
			e.Op = record.Delete
		}
		out.Rows[i] = e
	}
	return out, nil
}

// stretch is how far apart two records may lie to be read in one go.
const stretch = 4096

func (r *Replay) fromKafka(ctx context.Context, s *Stream, held topics.Bounds, want []warehouse.RejectRow, byOffset map[int64]warehouse.RejectRow, chunk *record.Chunk) error {
	fetch := r.Kafka.Fetcher(s.Topic, chunk.Partition, held.First, topics.FetchOptions{ReadCommitted: true})
	for i := 0; i < len(want); {
		from, to := want[i].Offset, want[i].Offset+1
		for i++; i < len(want) && want[i].Offset-to < stretch; i++ {
			to = want[i].Offset + 1
		}
		from, to = max(from, held.First), min(to, held.Last)
		if from >= to {
			continue
		}
		err := fetch.Span(ctx, from, to, func(m *topics.FetchedRecord) error {
			w, ok := byOffset[m.Offset]
			if !ok || !m.Time.Equal(w.RejectedAt) {
				return nil
			}
			e, err := envelope(m, &share{topic: s.Topic, partition: chunk.Partition})
			if err != nil {
				return err
			}
			e.Place = strings.Clone(e.Place) // the rest is copied
			chunk.Append(e)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// apply writes what came of the records.
func (r *Replay) apply(ctx context.Context, s *Stream, f *Flow, batch *transforms.Batch, found map[int64]*transforms.Reject, tried []warehouse.RejectRow, done *Replayed) error {
	if len(found) == 0 {
		return nil
	}
	var after []warehouse.RejectRow
	for _, row := range tried {
		x, here := found[row.Offset]
		if !here {
			continue
		}
		row.Attempt, row.Plan = row.Attempt+1, f.Plan.Fingerprint()
		if x != nil {
			row.Rule, row.Field, row.Division, row.ReasonZh, row.ReasonEn, row.Row = x.Rule, x.Field, x.Division, x.ReasonZh, x.ReasonEn, string(x.Row)
			done.again(row)
		} else {
			row.Replayed = true
			done.Passed++
		}
		after = append(after, row)
	}
	if r.DryRun {
		return nil
	}
	name := replayToken(after)
	if batch.Rows() > 0 {
		rows := batch.Take()
		defer rows.Release()
		err := r.insist(ctx, func() error {
			return r.Store.Load(ctx, warehouse.Load{Token: name + "/" + f.name(s), Table: f.Table, Rows: rows})
		})
		if err != nil {
			return fmt.Errorf("replaying %d records of %s/%d into %q: %w", len(after), s.Topic, tried[0].Partition, f.Entity.Entity, err)
		}
	}
	err := r.insist(ctx, func() error { return publisher{r.Kafka, r.Warehouse}.outcome(ctx, s, after) })
	if err != nil {
		return fmt.Errorf("publishing the replay of %d records of %s/%d: %w", len(after), s.Topic, tried[0].Partition, err)
	}
	err = r.insist(ctx, func() error { return r.Store.InsertRows(ctx, "ops.reject", name+"/reject", after) })
	if err != nil {
		return fmt.Errorf("recording the replay of %d records of %s/%d: %w", len(after), s.Topic, tried[0].Partition, err)
	}
	return nil
}

// replayToken names the inserts of a block by what is in it: the same records
// under the same plan in the same attempt.
func replayToken(rows []warehouse.RejectRow) string {
	var d xxhash.Digest
	d.Reset()
	var b [24]byte
	for _, r := range rows {
		binary.LittleEndian.PutUint64(b[:], uint64(r.Offset))
		binary.LittleEndian.PutUint64(b[8:], uint64(r.Attempt))
		binary.LittleEndian.PutUint64(b[16:], uint64(r.RejectedAt.UnixMilli()))
		_, _ = d.Write(b[:])
	}
	first := rows[0]
	return fmt.Sprintf("replay/%s~%s/%d/%d+%d/%016x/%016x", first.Topic, first.TopicID, first.Partition, first.Offset, len(rows), d.Sum64(), first.Plan)
}

func (r *Replay) insist(ctx context.Context, insert func() error) error {
	return patient(ctx, r.Log, "replaying", insert)
}

// again counts a record that is refused still.
func (d *Replayed) again(row warehouse.RejectRow) {
	for i := range d.Refused {
		if x := &d.Refused[i]; x.System == row.System && x.Stream == row.Stream && x.Rule == row.Rule && x.Field == row.Field {
			x.Rows++
			return
		}
	}
	d.Refused = append(d.Refused, RefusedAgain{row.System, row.Stream, row.Rule, row.Field, row.ReasonZh, row.ReasonEn, 1, row.Place})
}

// String says in one line what was done.
func (d Replayed) String() string {
	var refused int64
	for _, x := range d.Refused {
		refused += x.Rows
	}
	parts := []string{fmt.Sprintf("%d records in quarantine: %d pass, %d are refused again", d.Considered, d.Passed, refused)}
	for _, why := range []string{SkipSamePlan, SkipConnector, SkipAttempts, SkipFlow, SkipGone} {
		if n := d.Skipped[why]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d not tried (%s)", n, why))
		}
	}
	return strings.Join(parts, ", ")
}
