package warehouse

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rongtong/schemas"
)

// referring is club with a name of its own, which refers to a thing of another entity.
func referring(name, to string) string {
	out := strings.Replace(club, "entity: club", "entity: "+name, 1) + "  - { name: other, type: text, nullable: true, zh: 另一, en: Other }\n"
	return out + fmt.Sprintf("rules:\n  - { rule: %s.other_known, call: references, of: [other], entity: %s, columns: [id], zh: 无, en: unknown }\n", name, to)
}

// Two entities whose things come under several keys, the same keys and names in
// both, and refer to each other: what is recognised, asked and decided of one says
// nothing of the other, and a thing is there by each of its keys.
func TestTwoIdentities(t *testing.T) {
	c := catalogOf(t, referring("hall", "team"), referring("team", "hall"))
	k := &checked{t: t, c: c, w: engine(t, c)}
	row := func(id, src, tier, name string, values ...string) map[string]string {
		r := clubClaim(id, src, tier, name, values...).values
		r["id"], r["src_system"], r["src_tier"] = id, src, tier
		return r
	}
	for entity, phone := range map[string]string{"hall": "1", "team": "2"} {
		k.load(entity,
			row("5137", "gate", "P", "甲", "code", "5137", "phone", "1", "other", "t:1"),
			row("t:1", "book", "T", "甲", "phone", phone, "other", "nobody"),
			row("t:2", "book", "T", "乙", "phone", "9", "other", "t:1"))
	}
	matches := func(want ...string) {
		t.Helper()
		if d := cmp.Diff(append([]string{}, want...), strs(t, k.w, "SELECT concat(entity, ' ', member, ' ', thing) FROM ads.identity_match WHERE member != thing ORDER BY 1")); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	fuse := func() {
		t.Helper()
		for _, entity := range []string{"hall", "team"} {
			if _, err := k.w.Fuse(t.Context(), c, entity); err != nil {
				t.Fatal(err)
			}
		}
	}
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	matches("hall t:1 5137")
	if got := strs(t, k.w, "SELECT concat(toString(entity), ' ', left, ' ', right, ' ', reason) FROM ads.identity_review"); len(got) != 1 || got[0] != "team 5137 t:1 facts_differ" {
		t.Errorf("asked: %v", got)
	}
	// Of halls t:1 is 5137: teams may name it by both, and only what nobody is dangles.
	k.want("team.other_known", day, "t:1 other nobody  370102001000 book 2026-01-01")
	k.want("hall.other_known", day)
	if err := k.w.RecordDecisions(t.Context(), []IdentityDecision{
		{Entity: "team", Left: "5137", Right: "t:1", Verdict: VerdictMerge, DecidedBy: "民政局", Reason: "核实", Seq: 1, DecidedAt: day},
		{Entity: "hall", Left: "5137", Right: "t:1", Verdict: VerdictApart, DecidedBy: "民政局", Reason: "核实", Seq: 2, DecidedAt: day},
	}); err != nil {
		t.Fatal(err)
	}
	fuse()
	matches("team t:1 5137")
	k.want("hall.other_known", day, "t:1 other nobody  370102001000 book 2026-01-01")
	k.want("team.other_known", day)
	rows := func(entity string) string {
		return strs(t, k.w, "SELECT concat(toString(count()), ' ', toString(sum(cityHash64(toString(tuple(*)))))) FROM dwd."+entity)[0]
	}
	before := map[string]string{"hall": rows("hall"), "team": rows("team")}
	for _, e := range []*schemas.Entity{c.Entity("hall"), c.Entity("team")} { // one is made anew, the other stands
		if err := k.w.Exec(t.Context(), "ALTER TABLE ops.fuse DELETE WHERE entity = '"+e.Entity+"' SETTINGS mutations_sync = 1"); err != nil {
			t.Fatal(err)
		}
		fuse()
		if d := cmp.Diff(before, map[string]string{"hall": rows("hall"), "team": rows("team")}); d != "" {
			t.Errorf("%s made anew (-want +got):\n%s", e.Entity, d)
		}
	}
}
