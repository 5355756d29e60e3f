package pipelines

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// simStore is a warehouse whose tables remember the tokens of their last inserts.
type simStore struct {
	w         *world
	tables    map[string]*simTable
	window    int
	dual      bool // copies of inserts may arrive once more, late
	picky     bool // there are rows that it can never take
	fullUntil int
	late      []simInsert
	moves     []warehouse.MoveRow // ops.load_move
	dropped   map[simSpan]bool    // loads of topics that are gone, of which a rewrite lost rows
}

type simTable struct {
	tokens []string        // of the last inserts, the window
	seen   map[string]bool // every token ever taken
	rows   []simStored
	loads  []warehouse.LoadRow
	since  int // the version of the declarations that it was rewritten for last
}

// simStored is a row of std, ods or ops.reject, with what tells rows apart.
type simStored struct {
	simSpan      // that it was loaded with
	offset       int64
	key, measure string
	version      uint64
	extra        bool // a copy that the window could not know any more
	doubt        bool // the ledger does not know its load any more
}

type simInsert struct {
	due          int
	table, token string
	plan         uint64
	rows         []simStored
	loads        []warehouse.LoadRow
}

const simStd = "std.stat_fact"

func (s *simStore) table(name string) *simTable {
	t := s.tables[name]
	if t == nil {
		t = &simTable{seen: map[string]bool{}}
		s.tables[name] = t
	}
	return t
}

// apply is an insert as the server does it: once for each token in its window.
func (s *simStore) apply(in simInsert) {
	t := s.table(in.table)
	if s.w.bad != "no window of tokens" && slices.Contains(t.tokens, in.token) {
		s.w.note("the warehouse knows %s of %s", in.token, in.table)
		return
	}
	s.w.note("the warehouse takes %s of %s", in.token, in.table)
	forgotten := t.seen[in.token] && s.w.bad != "no window of tokens"
	if !forgotten && t.since > 0 {
		s.shape(t, in)
	}
	t.seen[in.token] = true
	t.tokens = append(t.tokens, in.token)
	t.tokens = t.tokens[max(0, len(t.tokens)-s.window):]
	for _, r := range in.rows {
		r.extra = forgotten
		t.rows = append(t.rows, r)
	}
	if forgotten {
		s.w.tally.happened[forgottenToken]++
	}
	t.loads = append(t.loads, in.loads...)
}

// shape holds rows that are new against the version that their table was rewritten
// for: once it is in force, they are made by its plan or by a later one's. A load of
// a topic that is gone may come later: its intent went with the topic, so that
// nobody could drain it.
func (s *simStore) shape(t *simTable, in simInsert) {
	if s.w.declared.versions[t.since].state != simApplied || len(in.rows) > 0 && s.w.log.over(in.rows[0].life) {
		return
	}
	for _, v := range s.w.declared.versions[t.since:] {
		if s.w.plans[v.plan].Plan() == in.plan {
			return
		}
	}
	s.w.fail("%s was rewritten for version %d, and takes rows that an earlier one made: %s", in.table, t.since, in.token)
}

// copied and swap rewrite the table. A new table knows no tokens.
func (s *simStore) copied() []simStored { return slices.Clone(s.table(simStd).rows) }

func (s *simStore) swap(rows []simStored, version int) {
	t := s.table(simStd)
	for _, r := range t.rows[len(rows):] {
		if s.w.log.over(r.life) { // see shape
			s.dropped[r.simSpan] = true
		}
	}
	t.rows, t.tokens, t.since = rows, nil, version
	for i := range s.w.log.topic().parts {
		if in, pending, _ := parseIntent(s.w.log.at(i).Metadata); pending && s.w.log.own(i) && !s.w.log.gone {
			s.w.fail("the table is rewritten for version %d while a load of partition %d is pending: [%d,%d)", version, i, s.w.log.at(i).Offset, in.To)
		}
	}
}

// deliverLate applies what was under way for long and is due, or all of it.
func (s *simStore) deliverLate(all bool) {
	if len(s.late) == 0 {
		return
	}
	kept := s.late[:0]
	for _, in := range s.late {
		if all || in.due <= s.w.steps {
			s.w.note("late:")
			s.apply(in)
			continue
		}
		kept = append(kept, in)
	}
	s.late = kept
}

// inLedger reports whether a load that begins at an offset is in the ledger.
func (s *simStore) inLedger(id string, partition int, from int64) bool {
	return slices.ContainsFunc(s.table("ops.load").loads, func(l warehouse.LoadRow) bool {
		return l.TopicID == id && int(l.Partition) == partition && l.FromOffset == from
	})
}

// simActorStore is the warehouse as one process sees it.
type simActorStore struct{ a *actor }

// spanOf is the span that a load's name tells, and its plan.
func (s simActorStore) spanOf(token string) (out simSpan, plan uint64) {
	parts := strings.Split(token, "/") // topic~id, partition, from-to@first, plan, what
	_, id, _ := strings.Cut(parts[0], "~")
	out.life = s.a.w.log.lifeOf(id)
	out.partition, _ = strconv.Atoi(parts[1])
	span, _, _ := strings.Cut(parts[2], "@")
	from, to, _ := strings.Cut(span, "-")
	out.from, _ = strconv.ParseInt(from, 10, 64)
	out.to, _ = strconv.ParseInt(to, 10, 64)
	plan, _ = strconv.ParseUint(parts[3], 16, 64)
	return out, plan
}

// renamed is the name that sabotaged code gives an insert.
func (s simActorStore) renamed(token string) string {
	a := s.a
	parts := strings.Split(token, "/")
	switch a.w.bad {
	case "tokens without the plan":
		parts[3] = ""
	case "tokens without the topic's life":
		parts[0], _, _ = strings.Cut(parts[0], "~")
		parts[2], _, _ = strings.Cut(parts[2], "@")
	case "the names of loads do not know moves":
		parts[2], _, _ = strings.Cut(parts[2], "+")
	case "a token per attempt":
		a.attempts++
		return fmt.Sprint(token, a.name, a.life, a.attempts)
	default:
		return token
	}
	return strings.Join(parts, "/")
}

func (s simActorStore) insert(in simInsert) error {
	a, w := s.a, s.a.w
	if w.bad != "" {
		in.token = s.renamed(in.token)
	}
	if w.traced {
		w.note("%s is about to insert into %s", a.name, in.table)
	}
	a.at("insert")
	if w.store.fullUntil > w.steps && !w.calm {
		return errFullDisk
	}
	f := a.fate("inserting")
	if f == lostBefore && w.bad == "a token outlives its rows" {
		rest := in
		rest.rows, rest.loads = nil, nil
		w.store.apply(rest)
	}
	switch {
	case f != lostBefore:
		w.store.apply(in)
		if w.store.dual && !w.calm && w.r.IntN(6) == 0 {
			in.due = w.steps + w.r.IntN(300)
			w.store.late = append(w.store.late, in)
			w.tally.happened[lateCopy]++
		}
	case w.r.IntN(3) == 0: // not lost: another server takes it, when the client has long given up
		in.due = w.steps + 1 + w.r.IntN(120)
		w.store.late = append(w.store.late, in)
		w.happens(lateRequest, "it arrives later")
	}
	if f != done && w.bad != "a lost answer counts as success" {
		return errLost
	}
	return nil
}

var errFullDisk = fault.New(fault.Transient, "no space left on device")

func (s simActorStore) Load(_ context.Context, l warehouse.Load) error {
	in := simInsert{table: l.Table, token: l.Token}
	if len(s.refused(l)) > 0 {
		s.a.at("insert what the table cannot take")
		if s.a.fate("inserting") != done {
			return errLost
		}
		return fault.New(fault.Data, "a row does not fit")
	}
	span, plan := s.spanOf(l.Token)
	in.plan = plan
	in.rows = make([]simStored, l.Rows.NumRows())
	col := func(name string) arrow.Array {
		if i := l.Rows.Schema().FieldIndices(name); len(i) == 1 {
			return l.Rows.Column(i[0])
		}
		return nil
	}
	if part := col("kafka_partition"); part != nil {
		offset, version := col("kafka_offset").(*array.Uint64), col("version").(*array.Uint64)
		key, measure := col("src_record_id").(*array.String), col("measure").(*array.String)
		for i := range in.rows {
			in.rows[i] = simStored{span, int64(offset.Value(i)), strings.Clone(key.Value(i)), strings.Clone(measure.Value(i)), version.Value(i), false, false}
			if s.a.w.bad == "versions from our clock" {
				in.rows[i].version = uint64(s.a.w.wall + s.a.skew)
			}
		}
	} else {
		offset := col("_offset").(*array.Uint64)
		for i := range in.rows {
			in.rows[i] = simStored{simSpan: span, offset: int64(offset.Value(i))}
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
	if !s.a.w.store.picky || l.Table != simStd {
		return nil
	}
	at := l.Rows.Schema().FieldIndices("value")
	if len(at) != 1 {
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
	if moves, ok := rows.([]warehouse.MoveRow); ok {
		return s.book(moves)
	}
	span, plan := s.spanOf(token)
	in := simInsert{table: table, token: token, plan: plan}
	switch rows := rows.(type) {
	case []warehouse.LoadRow:
		in.loads = slices.Clone(rows)
	case []warehouse.RejectRow:
		for _, r := range rows {
			if r.Rule == refusedRule && s.a.w.bad == "refused rows are not recorded" {
				continue
			}
			in.rows = append(in.rows, simStored{simSpan: span, offset: r.Offset})
		}
	default:
		return fmt.Errorf("the simulation does not know rows of %T", rows)
	}
	return s.insert(in)
}

// Ledger tells what ops.load and ops.load_move know.
func (s simActorStore) Ledger(context.Context, string, []string) ([]warehouse.Ledgered, error) {
	s.a.at("ask the ledger")
	if s.a.fate("asking the ledger") != done {
		return nil, errLost
	}
	out := s.a.w.store.ledgered()
	switch s.a.w.bad {
	case "nobody asks the ledger when offsets expired":
		return nil, nil
	case "expired offsets mean the end":
		for i, p := range s.a.w.log.topic().parts {
			for j := range out {
				if out[j].TopicID == s.a.w.log.topic().id && int(out[j].Partition) == i {
					out[j].To = p.stable()
				}
			}
		}
	}
	return out, nil
}

// ledgered is warehouse.Ledger over the tables.
func (s *simStore) ledgered() []warehouse.Ledgered {
	var out []warehouse.Ledgered
	of := func(topic, id string, partition int32) *warehouse.Ledgered {
		i := slices.IndexFunc(out, func(l warehouse.Ledgered) bool { return l.TopicID == id && l.Partition == partition })
		if i < 0 {
			i, out = len(out), append(out, warehouse.Ledgered{Topic: topic, TopicID: id, Partition: partition})
		}
		return &out[i]
	}
	for _, m := range s.moves {
		if l := of(m.Topic, m.TopicID, m.Partition); m.Move >= l.Move {
			l.Move, l.To = m.Move, m.ToOffset
		}
		if l := of(m.Topic, m.TopicID, m.Partition); m.AgainTo > l.AgainTo {
			l.AgainTo = m.AgainTo
		}
	}
	for _, r := range s.table("ops.load").loads {
		l := of(r.Topic, r.TopicID, r.Partition)
		l.To = max(l.To, r.ToOffset)
	}
	return out
}
