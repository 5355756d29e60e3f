package pipelines

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cespare/xxhash/v2"

	"rongtong/connectors"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
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
// two repeats both: a claim is known by thing, source and version, so the
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
		if n := len(list); n > 0 && (n == replayBlock || list[0].Topic != row.Topic || list[0].Flow != row.Flow || list[0].Partition != row.Partition) {
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

// block replays records of one flow and partition, in order of offsets.
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
	chunk, fromRaw, err := r.read(ctx, s, try)
	if err != nil {
		return err
	}
	done.FromRaw += fromRaw
	done.Skipped[SkipGone] += int64(len(try) - len(chunk.Rows))
	if done.Skipped[SkipGone] == 0 {
		delete(done.Skipped, SkipGone)
	}
	return r.apply(ctx, s, f, chunk, try, done)
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

// read finds the records where they are: in Kafka, else as received in layer
// ods. A record is taken only if it arrived when the refused one did: a topic
// that was created again has other records at the same offsets.
func (r *Replay) read(ctx context.Context, s *Stream, want []warehouse.RejectRow) (chunk *record.Chunk, fromRaw int64, err error) {
	chunk = &record.Chunk{System: s.System.System, Stream: s.Stream.Name, Topic: s.Topic, Partition: want[0].Partition}
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
	for i := range chunk.Rows {
		delete(byOffset, chunk.Rows[i].Offset)
	}
	if len(byOffset) == 0 {
		return chunk, 0, nil
	}
	missing := make([]int64, 0, len(byOffset))
	for o := range byOffset {
		missing = append(missing, o)
	}
	raws, err := r.Warehouse.RawRecords(ctx, s.System.System, s.Stream, chunk.Partition, missing)
	if err != nil {
		return nil, 0, err
	}
	object := connectors.NewObject(s.Stream)
	for _, raw := range raws {
		if w, ok := byOffset[raw.Offset]; !ok || !raw.Arrived.Equal(w.RejectedAt) {
			continue
		}
		for i, v := range raw.Fields {
			if v != nil {
				object.Set(i, *v)
			}
		}
		op := record.Upsert
		if raw.Delete {
			op = record.Delete
		}
		object.AppendTo(chunk, raw.At, op, raw.Place, "")
		e := &chunk.Rows[len(chunk.Rows)-1]
		e.Offset, e.Arrived = raw.Offset, raw.Arrived
		fromRaw++
	}
	slices.SortFunc(chunk.Rows, func(a, b record.Envelope) int { return cmp.Compare(a.Offset, b.Offset) })
	return chunk, fromRaw, nil
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

// apply runs the plan of today over the records and writes what came of it.
func (r *Replay) apply(ctx context.Context, s *Stream, f *Flow, chunk *record.Chunk, tried []warehouse.RejectRow, done *Replayed) error {
	if len(chunk.Rows) == 0 {
		return nil
	}
	batch := transforms.NewBatch(memory.NewGoAllocator(), f.Plan)
	defer batch.Release()
	refused := map[int64]transforms.Reject{}
	for _, x := range f.Plan.Apply(batch, chunk) {
		refused[chunk.Rows[x.Index].Offset] = x
	}
	present := map[int64]bool{}
	for i := range chunk.Rows {
		present[chunk.Rows[i].Offset] = true
	}
	var after []warehouse.RejectRow
	for _, row := range tried {
		if !present[row.Offset] {
			continue
		}
		row.Attempt, row.Plan = row.Attempt+1, f.Plan.Fingerprint()
		if x, bad := refused[row.Offset]; bad {
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
			return fmt.Errorf("replaying %d records of %s/%d into %q: %w", len(after), s.Topic, chunk.Partition, f.Entity.Entity, err)
		}
	}
	err := r.insist(ctx, func() error { return publisher{r.Kafka, r.Warehouse}.outcome(ctx, s, after) })
	if err != nil {
		return fmt.Errorf("publishing the replay of %d records of %s/%d: %w", len(after), s.Topic, chunk.Partition, err)
	}
	err = r.insist(ctx, func() error { return r.Store.InsertRows(ctx, "ops.reject", name+"/reject", after) })
	if err != nil {
		return fmt.Errorf("recording the replay of %d records of %s/%d: %w", len(after), s.Topic, chunk.Partition, err)
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
	return fmt.Sprintf("replay/%s/%d/%d+%d/%016x/%016x", first.Topic, first.Partition, first.Offset, len(rows), d.Sum64(), first.Plan)
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
