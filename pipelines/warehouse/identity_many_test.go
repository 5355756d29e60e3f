package warehouse

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Five thousand decisions, each between two names, and a chain of fifty names of
// one thing: however many blocks they join, the statements stay short, what changes
// is found, and each can be taken back.
func TestManyDecisions(t *testing.T) {
	const many, chain = 5000, 50
	c := catalogOf(t, club)
	w := engine(t, c)
	e := c.Entity("club")
	var cs []claim
	for i := range many {
		cs = append(cs, clubClaim(fmt.Sprintf("a%04d", i), "gate", "P", fmt.Sprint("甲", i), "code", fmt.Sprint(i)),
			clubClaim(fmt.Sprintf("b%04d", i), "book", "T", fmt.Sprint("乙", i), "phone", fmt.Sprint(i)))
	}
	loadClubs(t, w, c, "1", cs)
	for i := range chain + 1 {
		cs = append(cs, clubClaim(fmt.Sprintf("c%04d", i), "book", "T", fmt.Sprint("丁", i)))
	}
	loadClubs(t, w, c, "chain", cs[2*many:])
	of, err := w.Deciding(t.Context(), c, "club")
	if err != nil {
		t.Fatal(err)
	}
	seq := int64(0)
	var list []IdentityDecision
	decide := func(a, b, verdict string) {
		t.Helper()
		d := IdentityDecision{Entity: "club", Left: a, Right: b, Verdict: verdict, DecidedBy: "民政局", Reason: "核实", DecidedAt: time.Unix(1766000000, 0)}
		if err := of.Check(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		seq++
		d.Seq = seq
		of.Keep(d)
		list = append(list, d)
	}
	things := func(want int) {
		t.Helper()
		if err := w.RecordDecisions(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		list = nil
		if _, err := w.Fuse(t.Context(), c, "club"); err != nil {
			t.Fatal(err)
		}
		if n := count(t, w, "SELECT count() FROM dwd.club"); n != uint64(want) {
			t.Fatalf("%d things, want %d", n, want)
		}
	}
	things(2*many + chain + 1)
	var keys []string
	for _, x := range cs {
		keys = append(keys, x.key)
	}
	if err := of.Look(t.Context(), keys); err != nil {
		t.Fatal(err)
	}
	for i := range many {
		decide(fmt.Sprintf("a%04d", i), fmt.Sprintf("b%04d", i), VerdictMerge)
	}
	things(many + chain + 1)
	// A change in one of two joined blocks, and a decision taken back.
	renamed := clubClaim("b0007", "book", "T", "丙", "phone", "7", "size", "3")
	renamed.version = 2
	loadClubs(t, w, c, "2", []claim{renamed, clubClaim("new", "form", "V", "甲8", "phone", "8")})
	decide("a0009", "b0009", VerdictUndo)
	things(many + chain + 3)
	for i := range chain { // lines of the ledger about one thing, under as many names
		decide(fmt.Sprintf("c%04d", i), fmt.Sprintf("c%04d", i+1), VerdictMerge)
	}
	things(many + 3)
	got := clubState(t, w, e)
	if got["row a0009"] == "" || got["row b0009"] == "" || got["same b0007"] != "a0007" {
		t.Errorf("after the change: %q, %q, %q", got["row a0009"], got["row b0009"], got["same b0007"])
	}
	for _, table := range []string{"ops.fuse", "ops.identity", "ops.identity_touched", "ops.identity_pair"} {
		if err := w.Exec(t.Context(), "TRUNCATE TABLE "+table); err != nil {
			t.Fatal(err)
		}
	}
	things(many + 3)
	if d := cmp.Diff(got, clubState(t, w, e)); d != "" {
		t.Errorf("a rebuild gives something else (-changed +rebuilt):\n%s", d)
	}
	// Too many to be compared: what is decided about the chain holds all the same.
	most := mostJoined
	defer func() { mostJoined = most }()
	mostJoined = chain - 20
	e.Identity.Crowd = 10
	things(many + 3)
	got = clubState(t, w, e)
	if n := count(t, w, "SELECT count() FROM ops.identity_joined WHERE wide = 1"); n != chain+1 {
		t.Errorf("%d blocks are too wide, want %d", n, chain+1)
	}
	decide("c0020", "c0021", VerdictUndo)
	renamed.version, renamed.values["size"] = 3, "4"
	loadClubs(t, w, c, "3", []claim{renamed})
	things(many + 4)
	if now := clubState(t, w, e); now["same c0020"] != got["same c0020"] || now["same c0021"] != "c0021" {
		t.Errorf("parted: %q and %q", now["same c0020"], now["same c0021"])
	}
}
