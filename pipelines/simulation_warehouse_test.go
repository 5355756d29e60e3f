package pipelines

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// simStore is a warehouse whose tables remember the tokens of their last inserts.
type simStore struct {
	w      *world
	tables map[string]*simTable
	window int
	dual   bool // copies of inserts may arrive once more, late
	picky  bool // there are rows that it can never take
	late   []simInsert
}

type simTable struct {
	tokens []string        // of the last inserts, the window
	seen   map[string]bool // every token ever taken
	rows   []simStored
	loads  []warehouse.LoadRow
}

// simStored is a row of std, ods or ops.reject, with what tells rows apart.
type simStored struct {
	partition, offset int64
	key, measure      string
	version           uint64
	extra             bool // a copy that the window could not know any more
}

type simInsert struct {
	due          int
	table, token string
	rows         []simStored
	loads        []warehouse.LoadRow
}

// apply is an insert as the server does it: once for each token in its window.
func (s *simStore) apply(in simInsert) {
	t := s.tables[in.table]
	if t == nil {
		t = &simTable{seen: map[string]bool{}}
		s.tables[in.table] = t
	}
	if s.w.bad != "no window of tokens" && slices.Contains(t.tokens, in.token) {
		s.w.note("the warehouse knows %s of %s", in.token, in.table)
		return
	}
	s.w.note("the warehouse takes %s of %s", in.token, in.table)
	forgotten := t.seen[in.token] && s.w.bad != "no window of tokens"
	t.seen[in.token] = true
	t.tokens = append(t.tokens, in.token)
	t.tokens = t.tokens[max(0, len(t.tokens)-s.window):]
	for _, r := range in.rows {
		r.extra = forgotten
		t.rows = append(t.rows, r)
	}
	t.loads = append(t.loads, in.loads...)
}

// deliverLate applies the copies that are due, or all of them.
func (s *simStore) deliverLate(all bool) {
	kept := s.late[:0]
	for _, in := range s.late {
		if all || in.due <= s.w.steps {
			s.w.note("late once more:")
			s.apply(in)
			continue
		}
		kept = append(kept, in)
	}
	s.late = kept
}

// simActorStore is the warehouse as one process sees it.
type simActorStore struct{ a *actor }

var planInToken = regexp.MustCompile(`/[0-9a-f]{16}/`)

func (s simActorStore) insert(in simInsert) error {
	a, w := s.a, s.a.w
	a.at("insert into " + in.table)
	switch w.bad {
	case "tokens without the plan":
		in.token = planInToken.ReplaceAllString(in.token, "/")
	case "a token per attempt":
		a.attempts++
		in.token = fmt.Sprint(in.token, a.name, a.life, a.attempts)
	}
	f := a.fate("inserting")
	if f == lostBefore && w.bad == "a token outlives its rows" {
		rest := in
		rest.rows, rest.loads = nil, nil
		w.store.apply(rest)
	}
	if f != lostBefore {
		w.store.apply(in)
		if w.store.dual && !w.calm && w.r.IntN(6) == 0 {
			in.due = w.steps + w.r.IntN(300)
			w.store.late = append(w.store.late, in)
		}
	}
	if f != done && w.bad != "a lost answer counts as success" {
		return errLost
	}
	return nil
}

func (s simActorStore) Load(_ context.Context, l warehouse.Load) error {
	in := simInsert{table: l.Table, token: l.Token}
	if len(s.refused(l)) > 0 {
		s.a.at("insert what " + in.table + " cannot take")
		if s.a.fate("inserting") != done {
			return errLost
		}
		return fault.New(fault.Data, "a row does not fit")
	}
	col := func(name string) arrow.Array {
		if i := l.Rows.Schema().FieldIndices(name); len(i) == 1 {
			return l.Rows.Column(i[0])
		}
		return nil
	}
	if part := col("kafka_partition"); part != nil {
		offset, version := col("kafka_offset").(*array.Uint64), col("version").(*array.Uint64)
		key, measure := col("src_record_id").(*array.String), col("measure").(*array.String)
		for i := range int(l.Rows.NumRows()) {
			r := simStored{int64(part.(*array.Uint16).Value(i)), int64(offset.Value(i)), strings.Clone(key.Value(i)), strings.Clone(measure.Value(i)), version.Value(i), false}
			if s.a.w.bad == "versions from our clock" {
				r.version = uint64(s.a.w.wall + s.a.skew)
			}
			in.rows = append(in.rows, r)
		}
	} else {
		part, offset := col("_partition").(*array.Uint16), col("_offset").(*array.Uint64)
		for i := range int(l.Rows.NumRows()) {
			in.rows = append(in.rows, simStored{partition: int64(part.Value(i)), offset: int64(offset.Value(i))})
		}
	}
	return s.insert(in)
}

// Refused tells which rows the table can never take.
func (s simActorStore) Refused(_ context.Context, l warehouse.Load, _ int) ([]int, error) {
	s.a.at("ask which rows are refused")
	if s.a.fate("asking which rows are refused") != done {
		return nil, errLost
	}
	return s.refused(l), nil
}

func (s simActorStore) refused(l warehouse.Load) (out []int) {
	at := l.Rows.Schema().FieldIndices("value")
	if !s.a.w.store.picky || l.Table != "std.stat_fact" || len(at) != 1 {
		return nil
	}
	values := l.Rows.Column(at[0]).(*array.Decimal128)
	for i := range values.Len() {
		if values.IsValid(i) && pickyAt(int64(values.Value(i).ToFloat64(4)+0.5)) {
			out = append(out, i)
		}
	}
	return out
}

// pickyAt are the values that a picky table refuses.
func pickyAt(value int64) bool { return value%10 == 7 }

func (s simActorStore) InsertRows(_ context.Context, table, token string, rows any) error {
	in := simInsert{table: table, token: token}
	switch rows := rows.(type) {
	case []warehouse.LoadRow:
		in.loads = slices.Clone(rows)
	case []warehouse.RejectRow:
		for _, r := range rows {
			if r.Rule == refusedRule && s.a.w.bad == "refused rows are not recorded" {
				continue
			}
			in.rows = append(in.rows, simStored{partition: int64(r.Partition), offset: r.Offset})
		}
	default:
		return fmt.Errorf("the simulation does not know rows of %T", rows)
	}
	return s.insert(in)
}

// --- the oracle ---

// audit compares where the world came to rest with what the source said.
func (w *world) audit() error {
	for _, check := range []func() error{w.auditLog, w.auditLedger, w.auditRows, w.auditRejects, w.auditRaw} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// auditLog: every record of the source is visible exactly once, each thing's in
// order, and the stored count agrees.
func (w *world) auditLog() error {
	want := map[string][]string{}
	for _, r := range w.source.rows {
		key := r.village + "|" + r.period
		want[key] = append(want[key], r.value)
	}
	got := map[string][]string{}
	n := 0
	w.visible(func(_ int, _ int64, e *simEntry) {
		row := rowOf(e)
		got[row.village+"|"+row.period] = append(got[row.village+"|"+row.period], row.value)
		n++
	})
	for key, list := range want {
		if !slices.Equal(list, got[key]) {
			return fmt.Errorf("the log: %s has %q, the source said %q", key, got[key], list)
		}
	}
	p, err := decodeProgress(w.log.position)
	if err != nil || p.Records != int64(len(w.source.rows)) || n != len(w.source.rows) {
		return fmt.Errorf("the log: it shows %d records, the stored count is %d, the source has %d (%v)", n, p.Records, len(w.source.rows), err)
	}
	return nil
}

func (w *world) visible(fn func(partition int, offset int64, e *simEntry)) {
	for i := range w.log.parts {
		for o := range w.log.parts[i].entries {
			if e := &w.log.parts[i].entries[o]; e.state == committed {
				fn(i, int64(o), e)
			}
		}
	}
}

// ledger is ops.load after merging: one row for each start of a span and flow.
func (w *world) ledger() []warehouse.LoadRow {
	final := map[[2]int64]warehouse.LoadRow{}
	if t := w.store.tables["ops.load"]; t != nil {
		for _, l := range t.loads {
			at := [2]int64{int64(l.Partition), l.FromOffset}
			if have, ok := final[at]; !ok || !l.LoadedAt.Before(have.LoadedAt) {
				final[at] = l
			}
		}
	}
	var out []warehouse.LoadRow
	for _, l := range final {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b warehouse.LoadRow) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.FromOffset, b.FromOffset))
	})
	return out
}

// auditLedger: the spans do not overlap, leave no record out, and their counts
// are those of the log.
func (w *world) auditLedger() error {
	covered := map[int32]int64{}
	var received, accepted, rejected int64
	for _, l := range w.ledger() {
		if l.FromOffset < covered[l.Partition] {
			return fmt.Errorf("the ledger: the load %s overlaps its predecessor, which ends at %d", l.LoadID, covered[l.Partition])
		}
		covered[l.Partition] = l.ToOffset
		var n int64
		w.visible(func(p int, o int64, _ *simEntry) {
			if int32(p) == l.Partition && o >= l.FromOffset && o < l.ToOffset {
				n++
			}
		})
		if n != l.Received || l.Accepted+l.Rejected != l.Received {
			return fmt.Errorf("the ledger: the load %s received %d = %d + %d, its span holds %d", l.LoadID, l.Received, l.Accepted, l.Rejected, n)
		}
		received, accepted, rejected = received+l.Received, accepted+l.Accepted, rejected+l.Rejected
	}
	if int(received) != len(w.source.rows) {
		return fmt.Errorf("the books: %d received = %d accepted + %d rejected, the source has %d", received, accepted, rejected, len(w.source.rows))
	}
	return nil
}

// physical checks a table before merging: no row twice unless a copy came when
// its token had long been forgotten.
func (w *world) physical(table string) (map[[2]int64]int, error) {
	count := map[[2]int64]int{}
	if t := w.store.tables[table]; t != nil {
		for _, r := range t.rows {
			if !r.extra {
				count[[2]int64{r.partition, r.offset}]++
			}
		}
	}
	for at, n := range count {
		if n > 1 {
			return nil, fmt.Errorf("%s: the record at %d of partition %d is there %d times within the window", table, at[1], at[0], n)
		}
	}
	return count, nil
}

// final is std after merging: of equal thing, source and version the one that
// stands last in the log.
type claim struct {
	measure, key string
	version      uint64
}

// auditRows: std holds, for every good record, exactly the claim that the plan
// of its load makes of it, with the version that the source gave it.
func (w *world) auditRows() error {
	const table = "std.stat_fact"
	if _, err := w.physical(table); err != nil {
		return err
	}
	want, got := map[claim]int64{}, map[claim]int64{}
	plans := map[uint64]string{}
	for i, s := range w.streams {
		plans[s.Flows[0].Plan.Fingerprint()] = simMeasures[i]
	}
	loads := w.ledger()
	w.visible(func(p int, o int64, e *simEntry) {
		row := rowOf(e)
		if row.wrong || w.refuses(row) {
			return
		}
		i := slices.IndexFunc(loads, func(l warehouse.LoadRow) bool {
			return int(l.Partition) == p && o >= l.FromOffset && o < l.ToOffset
		})
		if i < 0 {
			return // the ledger's audit has said so
		}
		c := claim{plans[loads[i].Plan], row.village + "|" + row.period, uint64(row.at)}
		want[c] = max(want[c], o)
	})
	if t := w.store.tables[table]; t != nil {
		for _, r := range t.rows {
			c := claim{r.measure, r.key, r.version}
			got[c] = max(got[c], r.offset)
		}
	}
	for c, o := range want {
		if have, ok := got[c]; !ok || have != o {
			return fmt.Errorf("%s: the claim %v of offset %d is missing (%d, %v)", table, c, o, have, ok)
		}
	}
	for c, o := range got {
		if _, ok := want[c]; !ok {
			return fmt.Errorf("%s: nobody made the claim %v of offset %d", table, c, o)
		}
	}
	return nil
}

func (w *world) auditRejects() error {
	got, err := w.physical("ops.reject")
	if err != nil {
		return err
	}
	return w.sameOffsets("ops.reject", got, func(r simRow) bool { return r.wrong || w.refuses(r) })
}

// refuses reports whether the warehouse never takes the row.
func (w *world) refuses(r simRow) bool {
	n, err := strconv.ParseInt(r.value, 10, 64)
	return w.store.picky && err == nil && pickyAt(n)
}

func (w *world) auditRaw() error {
	table := w.rawTable()
	if table == "" {
		return nil
	}
	got, err := w.physical(table)
	if err != nil {
		return err
	}
	return w.sameOffsets(table, got, func(simRow) bool { return true })
}

func (w *world) rawTable() string {
	for name := range w.store.tables {
		if strings.HasPrefix(name, "ods.") {
			return name
		}
	}
	return ""
}

func (w *world) sameOffsets(table string, got map[[2]int64]int, belongs func(simRow) bool) error {
	var wrong error
	n := 0
	w.visible(func(p int, o int64, e *simEntry) {
		if !belongs(rowOf(e)) {
			return
		}
		n++
		if got[[2]int64{int64(p), o}] == 0 {
			wrong = fmt.Errorf("%s: the record at %d of partition %d is missing", table, o, p)
		}
	})
	if wrong == nil && n != len(got) {
		wrong = fmt.Errorf("%s: it has %d records, want %d", table, len(got), n)
	}
	return wrong
}

// rowOf reads a record of the log back, with the test's own eyes.
func rowOf(e *simEntry) simRow {
	var r simRow
	parts := strings.Split(string(e.rec.Value), `"`)
	for i := 1; i+2 < len(parts); i += 4 {
		switch parts[i] {
		case "village":
			r.village = parts[i+2]
		case "period":
			r.period = parts[i+2]
		case "value":
			r.value = parts[i+2]
		case "device_time":
			at, err := time.ParseInLocation(time.DateTime, parts[i+2], simZone)
			if err != nil {
				panic(err)
			}
			r.at = at.UnixMilli()
		}
	}
	r.wrong = r.value == "约一百"
	return r
}

var simZone = time.FixedZone("Asia/Shanghai", 8*3600)
