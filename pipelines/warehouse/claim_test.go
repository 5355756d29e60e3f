package warehouse

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"rongtong/schemas"
)

// said is one thing of one source over time, and what of it is known when.
type said struct {
	t       *testing.T
	w       *Warehouse
	c       *schemas.Catalog
	e       *schemas.Entity
	n       int
	sources []string
}

func newSaid(t *testing.T) *said {
	c := catalogOf(t, strings.Replace(gadget, "FUSION", "field", 1))
	s := &said{t: t, w: engine(t, c), c: c, e: c.Entity("gadget"), sources: []string{"p1"}}
	for _, o := range []*object{asOfView(c, s.e, s.sources), historyView(c, s.e, s.sources)} {
		s.exec(o.ddl(o.name))
	}
	return s
}

func (s *said) exec(sql string) {
	s.t.Helper()
	if err := s.w.Exec(s.t.Context(), sql); err != nil {
		s.t.Fatal(err)
	}
}

// says delivers a content under version 1 as the record of an offset; "" withdraws.
func (s *said) says(content string, offset uint64) {
	s.t.Helper()
	c := claim{key: "P/1", src: "p1", tier: "P", version: 1, offset: offset, deleted: content == ""}
	if content != "" {
		c.values = map[string]string{"must": content}
	}
	s.n++
	loadClaims(s.t, s.w, s.e, fmt.Sprint("n", s.n), []claim{c})
}

func (s *said) fold() { s.t.Helper(); s.exec("OPTIMIZE TABLE std.gadget FINAL") }

func (s *said) fuse() FuseResult {
	s.t.Helper()
	r, err := s.w.Fuse(s.t.Context(), s.c, "gadget")
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// known is what was known after each offset up to the last, '-' for nothing, by the
// rows of any day and by the history.
func (s *said) known(last uint64) string {
	s.t.Helper()
	var out strings.Builder
	for offset := range last + 1 {
		text := func(from string) string {
			if got := strs(s.t, s.w, "SELECT must FROM "+from); len(got) > 0 {
				return lines(got)
			}
			return "-"
		}
		of := text(fmt.Sprintf("dwd.gadget_as_of(at = '2026-01-01', known = '%s')", arrival(offset)))
		if h := text(fmt.Sprintf("dwd.gadget_history(thing = 'P|1', known = '%s')", arrival(offset))); h != of {
			s.t.Errorf("after %d the row is %q, the history %q", offset, of, h)
		}
		out.WriteString(of)
	}
	return out.String()
}

func (s *said) want(what, want string) {
	s.t.Helper()
	if got := s.known(uint64(len(want) - 1)); got != want {
		s.t.Errorf("%s: known were %s, want %s", what, got, want)
	}
}

// A claim that comes again with every delivery is known from the first one, and says
// where it came from first and last. So it stays when the deliveries are folded, and
// when one is repeated beyond what tokens are remembered for.
func TestKnownFromFirstDelivery(t *testing.T) {
	s := newSaid(t)
	for _, offset := range []uint64{3, 7, 5} { // loaded in whatever order
		s.says("A", offset)
		s.want("delivered again", "---AAAAAA")
	}
	s.fold()
	s.want("folded", "---AAAAAA")
	s.exec("ALTER TABLE std.gadget MODIFY SETTING non_replicated_deduplication_window = 0")
	s.says("A", 7)
	s.want("a repetition", "---AAAAAA")
	s.fold()
	s.want("a repetition, folded", "---AAAAAA")
	got := strs(t, s.w, "SELECT toString((arrived_at, kafka_offset, last_arrived_at, last_kafka_offset, last_kafka_partition)) FROM std.gadget")
	if want := "('2025-02-01 00:00:03.000',3,'2025-02-01 00:00:07.000',7,0)"; lines(got) != want {
		t.Errorf("the claim is %s, want %s", got, want)
	}
	s.fuse()
	why, err := s.w.WhyThing(t.Context(), s.c, "gadget", "P|1")
	if err != nil || len(why.Claims) != 1 || why.Claims[0].Offset != 3 || why.Claims[0].Again == nil || why.Claims[0].Again.Offset != 7 {
		t.Errorf("the claims are %+v, %v", why.Claims, err)
	}
}

// What a source said under one version stays beside what it said then: a correction,
// the correction taken back, a withdrawal and the same claim once more.
func TestCorrectionKeepsBoth(t *testing.T) {
	for _, b := range []string{"B", ""} {
		then := strings.ReplaceAll("-ABB", "B", first(b, "-"))
		s := newSaid(t)
		fused := func(what, want string) {
			t.Helper()
			s.fuse()
			if got := lines(strs(t, s.w, "SELECT must FROM dwd.gadget")); got != strings.Trim(want, "-") {
				t.Errorf("%s: the row is %q, want %q", what, got, want)
			}
		}
		s.says("A", 1)
		fused("A", "A")
		s.says(b, 2)
		fused("A, B", b)
		s.want("A, B", then)
		s.fold()
		s.want("A, B, folded", then)
		state, _, err := s.w.lastState(t.Context(), "gadget")
		if err != nil {
			t.Fatal(err)
		}
		s.says("A", 3)
		s.want("A, B, A", then[:3]+"AA")
		s.fold()
		s.want("A, B, A, folded", then[:3]+"AA")
		// The third delivery has folded into the first: its block says nothing any more.
		f := &fuser{c: s.c, e: s.e, sources: s.sources, since: state.block, until: state.block + 1}
		again, err := s.w.saidAgain(t.Context(), f, state.at-insertSeconds)
		if got := strs(t, s.w, "SELECT id FROM ("+f.claimedSince()+")"); err != nil || len(got) != 0 || len(again) != 1 {
			t.Errorf("by block %q changed, said again is %q (%v)", got, again, err)
		}
		fused("A, B, A", "A")
		if n := count(t, s.w, "SELECT count() FROM std.gadget FINAL"); n != 2 {
			t.Errorf("%d claims, want both", n)
		}
	}
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// The comparison of histories with the oracle is worth something: views that are
// wrong in one place give another answer.
func TestHistoryCatchesSabotage(t *testing.T) {
	c := catalogOf(t, strings.Replace(gadget, "FUSION", "field", 1))
	e := c.Entity("gadget")
	all := world(rand.New(rand.NewPCG(9, 9)), 3)
	for i := range all {
		all[i].version = 1 // said again and again
	}
	w := engine(t, c)
	loadClaims(t, w, e, "all", all)
	if err := w.Exec(t.Context(), "OPTIMIZE TABLE std.gadget FINAL"); err != nil {
		t.Fatal(err)
	}
	good := asOfView(c, e, slices.Sorted(func(yield func(string) bool) {
		for s := range sourcesOf(all) {
			if !yield(s) {
				return
			}
		}
	}))
	good.columns, good.definer = nil, false
	for name, sabotage := range map[string]func(string) string{
		"":                                      func(q string) string { return q },
		"known from the last delivery":          func(q string) string { return strings.ReplaceAll(q, "arrived_at <=", "last_arrived_at <=") },
		"a later delivery counts":               func(q string) string { return strings.ReplaceAll(q, "if(last_delivery <", "if(1 OR last_delivery <") },
		"the first delivery counts":             func(q string) string { return strings.ReplaceAll(q, "if(last_delivery <", "if(0 AND last_delivery <") },
		"of one version the first content wins": func(q string) string { return strings.ReplaceAll(q, "last_delivery DESC", "last_delivery") },
	} {
		bad := *good
		if bad.view = sabotage(good.view); bad.view == good.view && name != "" {
			t.Errorf("%s: the sabotage changed nothing", name)
		}
		if err := w.Exec(t.Context(), bad.ddl(bad.name)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		same := true
		for known := range uint64(len(all)) {
			if known%20 == 7 {
				got := fusedFrom(t, w, e, fmt.Sprintf("dwd.gadget_as_of(at = '2026-01-01', known = '%s')", arrival(known)))
				same = same && cmp.Equal(oracle(e, until(all, 99, known)), got)
			}
		}
		if same != (name == "") {
			t.Errorf("%q: the comparison says %v", name, same)
		}
	}
}

// A table in which a delivery replaced the one before becomes one that folds them,
// one step at a time, each planned anew as after a crash. What had not merged away
// tells when it was known.
func TestFoldingIsPlanned(t *testing.T) {
	c := catalogOf(t, strings.Replace(gadget, "FUSION", "field", 1))
	e := c.Entity("gadget")
	w := engine(t, c)
	exec := func(sql string) {
		t.Helper()
		if err := w.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec("DROP TABLE std.gadget SYNC")
	old := &object{db: dbStd, name: "gadget", comment: stdTable(e).comment, engine: "ReplacingMergeTree(kafka_offset)",
		order: append(slices.Clone(e.Key), "src_system", "version"), dedup: true, blocks: true}
	for _, col := range schemas.StdColumns(e) {
		old.columns = append(old.columns, columnFor(col))
	}
	exec(old.ddl("gadget"))
	exec("SYSTEM STOP MERGES std.gadget")
	all := world(rand.New(rand.NewPCG(4, 4)), 5)
	for i, c := range all { // an insert of its own each: a block keeps one row of a key
		if i < 60 {
			loadClaims(t, w, e, fmt.Sprint(i), []claim{c})
		}
	}
	all = all[:60]
	steps := 0
	for ; ; steps++ {
		plan, err := w.PlanChange(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if len(plan) == 0 {
			break
		}
		if steps > 20 {
			t.Fatalf("the plan does not end: %v", plan)
		}
		if plan[0].Writer != writerLoad {
			t.Errorf("loaders may write during %q", plan[0].Doc)
		}
		if strings.HasPrefix(plan[0].Doc, "add what arrived") { // and what follows: it has no state of its own
			plan = plan[:len(plan)-1]
		} else {
			plan = plan[:1]
		}
		if err := w.Migrate(t.Context(), plan); err != nil {
			t.Fatal(err)
		}
	}
	noSteps(t, w, c)
	check := func() {
		t.Helper()
		want := map[string]uint64{}
		for _, c := range all {
			if first, ok := want[c.content()]; !ok || c.offset < first {
				want[c.content()] = c.offset
			}
		}
		if n := count(t, w, "SELECT count() FROM std.gadget FINAL"); n != uint64(len(want)) {
			t.Errorf("%d claims after %d steps, want %d", n, steps, len(want))
		}
		if _, err := w.Fuse(t.Context(), c, "gadget"); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(oracle(e, all), fused(t, w, e)); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
	}
	check()
	for i := range all { // the content of rows that were copied is that of rows that come
		all[i].offset += 1000
	}
	loadClaims(t, w, e, "again", all)
	check()
}

// A column that is declared later changes nothing about the claims that are there:
// delivered again without a value they are the same.
func TestContentOutlivesColumns(t *testing.T) {
	c := catalogOf(t, thing)
	w := engine(t, c)
	load := func(c *schemas.Catalog, token string, offset string, more ...string) {
		t.Helper()
		row := map[string]string{"id": "a", "note": "n", "src_system": "s", "src_tier": "P", "version": "1", "event_time": "2025-01-01T00:00:00Z", "kafka_offset": offset}
		for i := 0; i < len(more); i += 2 {
			row[more[i]] = more[i+1]
		}
		rec := claims(t, memory.DefaultAllocator, c.Entity("thing"), []map[string]string{row})
		defer rec.Release()
		if err := w.Load(t.Context(), Load{token, "std.thing", rec}); err != nil {
			t.Fatal(err)
		}
	}
	load(c, "1", "1")
	later := catalogOf(t, thing+"  - { name: size, type: int, zh: 大小, en: Size, nullable: true }\n  - { name: tags, type: list, zh: 标签, en: Tags, nullable: true }\n")
	steps, err := w.Plan(t.Context(), later)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.Migrate(t.Context(), steps); err != nil {
			t.Fatal(err)
		}
	}
	noSteps(t, w, later)
	load(later, "2", "2")
	if got := strs(t, w, "SELECT toString((kafka_offset, last_kafka_offset)) FROM std.thing FINAL"); lines(got) != "(1,2)" {
		t.Errorf("delivered again: %s", got)
	}
	load(later, "3", "3", "size", "7")
	if got := strs(t, w, "SELECT toString((kafka_offset, last_kafka_offset)) FROM std.thing FINAL ORDER BY 1"); lines(got) != "(1,2)\n(3,3)" {
		t.Errorf("with a value: %s", got)
	}
	for _, col := range schemas.StdColumns(later.Entity("thing")) { // every column that is claimed is in the content
		if slices.Contains(delivered, col.Name) || col.Name == "id" || col.Name == "src_system" || col.Name == "version" {
			continue
		}
		if !strings.Contains(contentOf(later.Entity("thing")), "cityHash64("+col.Name+")") {
			t.Errorf("column %q is not in the content", col.Name)
		}
	}
}

// A server that does not know the setting is not told it.
func TestDependentSetting(t *testing.T) {
	e := catalogOf(t, thing).Entity("thing")
	text := without(stdTable(e).ddl("thing"))
	if strings.Contains(text, dependent) || !strings.Contains(text, "\nSETTINGS non_replicated_deduplication_window = 10000, enable_block_number_column = 1, max_compress_block_size") {
		t.Errorf("the statement is\n%s", text)
	}
}
