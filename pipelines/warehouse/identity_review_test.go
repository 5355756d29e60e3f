package warehouse

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

func check(t *testing.T, w *Warehouse, c *schemas.Catalog, d IdentityDecision) error {
	t.Helper()
	of, err := w.Deciding(t.Context(), c, d.Entity)
	if err != nil {
		return err
	}
	return of.Check(t.Context(), d)
}

// A pair that the rules leave open is decided, shown, undone: after the undo
// every row is the one it was.
func TestDecideAndUndo(t *testing.T) {
	c := catalogOf(t, club)
	w := engine(t, c)
	e := c.Entity("club")
	for _, view := range []*object{asOfView(c, e, []string{"book", "gate"}), historyView(c, e, []string{"book", "gate"})} {
		if err := w.Exec(t.Context(), view.ddl(view.name)); err != nil {
			t.Fatal(err)
		}
	}
	loadClubs(t, w, c, "1", []claim{
		clubClaim("5137", "gate", "P", "甲", "code", "5137", "phone", "1"),
		clubClaim("5138", "gate", "P", "甲", "code", "5138"),
		clubClaim("t:1", "book", "T", "甲", "phone", "2", "size", "5"),
		clubClaim("t:2", "book", "T", "乙", "phone", "2"),
	})
	seq := int64(0)
	decide := func(a, b, verdict string) {
		t.Helper()
		d := IdentityDecision{Entity: "club", Left: a, Right: b, Verdict: verdict, DecidedBy: "民政局", Reason: "核实", DecidedAt: time.Unix(1766000000, 0)}
		if err := check(t, w, c, d); err != nil {
			t.Fatal(err)
		}
		seq++
		d.Seq = seq
		if err := w.RecordDecisions(t.Context(), []IdentityDecision{d}); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(a, b, verdict, why string) {
		t.Helper()
		err := check(t, w, c, IdentityDecision{Entity: "club", Left: a, Right: b, Verdict: verdict})
		if err == nil || !fault.Is(err, fault.Data) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s %s %s: got %v, want %q", verdict, a, b, err, why)
		}
	}
	fuse := func() map[string]string {
		t.Helper()
		if _, err := w.Fuse(t.Context(), c, "club"); err != nil {
			t.Fatal(err)
		}
		return clubState(t, w, e)
	}
	before := fuse()
	list, total, err := w.Reviews(t.Context(), ReviewFilter{Entity: "club", Division: "370102", Limit: 10})
	if err != nil || total != 2 || list[0].Left != "5138" || list[0].Reason != "name_only" || list[1].Left != "5137" || list[1].Reason != "facts_differ" {
		t.Fatalf("%v, %d pairs: %+v", err, total, list)
	}
	pair, err := w.FindPair(t.Context(), list[1].Pair)
	if err != nil || pair != (Pair{"club", "5137", "t:1"}) {
		t.Fatalf("the pair is %v, %v", pair, err)
	}
	a, b := pair.Left, pair.Right
	refused("5137", "5138", VerdictMerge, "different codes")
	refused("5137", "nobody", VerdictMerge, "no source claims")
	refused("5137", "t:1", VerdictUndo, "no decision")
	decide(a, b, VerdictMerge)
	refused("t:1", "5138", VerdictMerge, "different codes") // by way of what t:1 is, once fused
	merged := fuse()
	if merged["same t:1"] != "5137" || merged["row t:1"] != "" || !strings.Contains(merged["row 5137"], "5<book") || merged["ask 5138 t:1"] != "" {
		t.Errorf("after the merge: %v", merged)
	}
	x, err := w.WhyThing(t.Context(), c, "club", "t:1")
	if err != nil || x.Thing != "5137" || len(x.Keys) != 2 || len(x.Claims) != 2 || x.Keys[1].Key != "t:1" || x.Keys[1].How != "decision" {
		t.Errorf("%v: %+v", err, x)
	}
	const far = "at = '2030-01-01 00:00:00', known = '2030-01-01'"
	want := strs(t, w, "SELECT toString(tuple(*)) FROM dwd.club ORDER BY 1")
	if d := cmp.Diff(want, strs(t, w, "SELECT toString(tuple(*)) FROM dwd.club_as_of("+far+") ORDER BY 1")); d != "" {
		t.Errorf("the rows of a day are not those of now (-now +then):\n%s", d)
	}
	for thing, rows := range map[string]uint64{"5137": 1, "t:1": 0, "t:2": 1, "%": 3} {
		if n := count(t, w, "SELECT count() FROM dwd.club_history(thing = '"+thing+"', known = '2030-01-01')"); n != rows {
			t.Errorf("%d stretches of %q, want %d", n, thing, rows)
		}
	}
	decide("t:1", "t:2", VerdictMerge)
	refused("5137", "t:2", VerdictApart, "by way of t:1")
	decide("t:2", "t:1", VerdictUndo)
	decide("t:1", "5137", VerdictUndo)
	if d := cmp.Diff(before, fuse()); d != "" {
		t.Errorf("after the undo (-before +after):\n%s", d)
	}
	decide("5137", "t:1", VerdictApart)
	if after := fuse(); after["ask 5137 t:1"] != "" || !strings.HasPrefix(after["ask 5138 t:1"], "name_only ") {
		t.Errorf("kept apart: %v", after)
	}
	all, err := w.Decisions(t.Context(), "club")
	if err != nil || len(all) != 5 {
		t.Errorf("%v, %d decisions", err, len(all))
	}
}
