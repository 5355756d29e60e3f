package warehouse

import (
	"fmt"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"rongtong/schemas"
)

// ledger is the state of a test of rules over fused rows.
type checked struct {
	t *testing.T
	c *schemas.Catalog
	w *Warehouse
	n int
}

func (k *checked) load(entity string, rows ...map[string]string) {
	k.t.Helper()
	k.n++
	for _, r := range rows {
		r["version"], r["kafka_offset"] = fmt.Sprint(k.n), fmt.Sprint(k.n)
		if r["src_system"] == "" {
			r["src_system"], r["src_tier"] = "county_ledger", "X"
		}
	}
	rec := claims(k.t, memory.DefaultAllocator, k.c.Entity(entity), rows)
	defer rec.Release()
	if err := k.w.Load(k.t.Context(), Load{fmt.Sprint(entity, k.n), "std." + entity, rec}); err != nil {
		k.t.Fatal(err)
	}
	if _, err := k.w.Fuse(k.t.Context(), k.c, entity); err != nil {
		k.t.Fatal(err)
	}
}

// check runs a rule and returns the open issues.
func (k *checked) check(rule string, at time.Time) []string {
	k.t.Helper()
	for _, e := range k.c.Entities {
		for _, r := range e.Rules {
			if r.Rule != rule {
				continue
			}
			open, err := k.w.CheckRule(k.t.Context(), k.c, e, r, at)
			if err != nil {
				k.t.Fatal(err)
			}
			got := strs(k.t, k.w, "SELECT concatWithSeparator(' ', thing, field, value, expected, division_code, src, formatDateTime(opened_at, '%F')) AS s FROM ops.quality_issue FINAL WHERE is_deleted = 0 AND rule = '"+rule+"' ORDER BY s")
			if int(open) != len(got) {
				k.t.Errorf("%d issues are open, and %d are shown", open, len(got))
			}
			return got
		}
	}
	k.t.Fatalf("there is no rule %q", rule)
	return nil
}

func (k *checked) want(rule string, at time.Time, want ...string) {
	k.t.Helper()
	if d := cmp.Diff(append([]string{}, want...), k.check(rule, at)); d != "" {
		k.t.Errorf("%s on %s (-want +got):\n%s", rule, at.Format(time.DateOnly), d)
	}
}

func divisionRow(code, parent, kind string) map[string]string {
	r := map[string]string{"division_code": code, "name": "某区划", "canonical_name": "某区划", "level": "county", "kind": kind, "code_system": "nbs12"}
	if parent != "" {
		r["parent_code"] = parent
	}
	return r
}

func figure(code, value string) map[string]string {
	return map[string]string{"family": "population", "measure": "resident_population", "division_code": code, "period_start": "2025-01-01", "period_kind": "Y", "breakdown": "", "value": value}
}

// Rules over fused rows, on the real engine: what they find, what a correction
// settles, and that checking again changes nothing.
func TestRulesAfterLoading(t *testing.T) {
	c := shippedCatalog(t)
	k := &checked{t: t, c: c, w: engine(t, c)}
	first, later := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC), time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)

	k.load("division", divisionRow("370100000000", "", "civil"), divisionRow("370102000000", "370100000000", "civil"),
		divisionRow("370103000000", "370100000000", "civil"), divisionRow("370171000000", "370100000000", "statistical"),
		divisionRow("370102001000", "370102000000", "civil"))

	// Not every civil county has reported: nothing can be said.
	k.load("stat_fact", figure("370100000000", "100"), figure("370102000000", "40"))
	k.want("stat_fact.children_sum", first)
	// All have, and they are not the whole; another year's row is not theirs.
	other := figure("370103000000", "60")
	other["period_start"] = "2024-01-01"
	k.load("stat_fact", figure("370103000000", "50"), other)
	sum := "population|resident_population|370100000000|2025-01-01|Y| value 100 90 370100000000 county_ledger "
	k.want("stat_fact.children_sum", first, sum+"2026-01-01")
	// The same rows again, a month later: the issue is as old as it was.
	k.want("stat_fact.children_sum", later, sum+"2026-01-01")
	// A statistical unit counts when it reports: 98 of 100 is within 2 %.
	k.load("stat_fact", figure("370171000000", "8"))
	k.want("stat_fact.children_sum", later)
	if n := count(t, k.w, "SELECT count() FROM ops.quality_issue WHERE rule = 'stat_fact.children_sum' AND is_deleted = 1"); n != 1 {
		t.Errorf("%d issues are settled, want 1", n)
	}
	// It is wrong again, and a new issue.
	k.load("stat_fact", figure("370171000000", "18"))
	k.want("stat_fact.children_sum", later, "population|resident_population|370100000000|2025-01-01|Y| value 100 108 370100000000 county_ledger 2026-02-01")

	k.want("stat_fact.division_known", first)
	k.load("stat_fact", figure("370199000000", "1"))
	k.want("stat_fact.division_known", first, "population|resident_population|370199000000|2025-01-01|Y| division_code 370199000000  370199000000 county_ledger 2026-01-01")

	org := func(id, parent string) map[string]string {
		r := map[string]string{"org_id": id, "division_code": "370102000000", "org_kind": "residents_committee", "name": "某居委会"}
		if parent != "" {
			r["parent_org_id"] = parent
		}
		return r
	}
	k.load("organization", org("a", ""), org("b", "a"), org("c", "z"))
	k.want("organization.parent_known", first, "c parent_org_id z  370102000000 county_ledger 2026-01-01")
	k.load("organization", org("z", ""))
	k.want("organization.parent_known", later)
	k.load("organization", org("d", "y"), org("c", "x"))
	k.want("organization.parent_known", later, "c parent_org_id x  370102000000 county_ledger 2026-02-01", "d parent_org_id y  370102000000 county_ledger 2026-02-01")

	// Issues of an entity with small cells are not analysts' to see.
	if got := strs(t, k.w, "SELECT DISTINCT concat(department, ' ', rule) AS s FROM ads.quality_issue_by_department ORDER BY s"); len(got) != 1 || got[0] != "各县（市、区）民政局 organization.parent_known" {
		t.Errorf("by department: %q", got)
	}
	// An entity that nobody feeds makes nothing dangle.
	k.load("org_credit", map[string]string{"org_id": "nobody", "list_kind": "red", "listed_on": "2025-01-01", "division_code": "370102000000"})
	k.want("org_credit.org_known", first, "nobody|red|2025-01-01 org_id nobody  370102000000 county_ledger 2026-01-01")
}

// Nothing is inserted when neither rows nor rule changed.
func TestCheckRuleOnlyWhenChanged(t *testing.T) {
	c := shippedCatalog(t)
	k := &checked{t: t, c: c, w: engine(t, c)}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	k.load("organization", map[string]string{"org_id": "c", "division_code": "370102000000", "org_kind": "residents_committee", "name": "某居委会", "parent_org_id": "z"})
	k.check("organization.parent_known", at)
	before := count(t, k.w, "SELECT count() FROM ops.compute")
	for i := range 3 {
		k.check("organization.parent_known", at.AddDate(0, 0, i))
	}
	if after := count(t, k.w, "SELECT count() FROM ops.compute"); after != before {
		t.Errorf("%d states were recorded, then %d", before, after)
	}
	r := c.Entity("organization").Rules[0]
	for _, x := range c.Entity("organization").Rules {
		if x.Rule == "organization.parent_known" {
			r = x
		}
	}
	changed := *r
	changed.Zh = "别的说法"
	if _, err := k.w.CheckRule(t.Context(), c, c.Entity("organization"), &changed, at.AddDate(0, 1, 0)); err != nil {
		t.Fatal(err)
	}
	if got := strs(t, k.w, "SELECT concat(reason_zh, ' ', formatDateTime(opened_at, '%F')) FROM ads.quality_issue"); len(got) != 1 || got[0] != "别的说法 2026-01-01" {
		t.Errorf("after a change of the wording: %q", got)
	}
}

// The flags have names in the warehouse, and every source's rows are counted by
// them.
func TestFlagsInTheWarehouse(t *testing.T) {
	c := shippedCatalog(t)
	k := &checked{t: t, c: c, w: engine(t, c)}
	if got := strs(t, k.w, "SELECT concat(toString(bit), ' ', toString(mask), ' ', name) FROM ops.flag ORDER BY bit"); len(got) != len(schemas.Flags) {
		t.Errorf("%d flags, want %d", len(got), len(schemas.Flags))
	} else {
		for i, f := range schemas.Flags {
			if got[i] != fmt.Sprintf("%d %d %s", i, f.Flag, f.Name) {
				t.Errorf("flag %d is %q", i, got[i])
			}
		}
	}
	flags := func(f schemas.Flag, id string) map[string]string {
		return map[string]string{"org_id": id, "division_code": "370102000000", "org_kind": "residents_committee", "name": "某居委会", "q_flags": fmt.Sprint(uint32(f))}
	}
	k.load("organization", flags(schemas.WidthFixed|schemas.Placeholder, "a"), flags(schemas.Placeholder, "b"), flags(0, "c"))
	got := strs(t, k.w, "SELECT concatWithSeparator(' ', entity, system, flag, toString(rows)) AS s FROM ops.rows_by_flag ORDER BY s")
	q, err := k.w.Quality(t.Context(), "county_ledger")
	if err != nil || len(q.Flags) != 2 || q.Flags[0].Flag != "PLACEHOLDER" || q.Flags[0].Rows != 2 || q.Flags[0].Zh == "" {
		t.Errorf("%+v, %v", q, err)
	}
	if d := cmp.Diff([]string{"organization county_ledger PLACEHOLDER 2", "organization county_ledger WIDTH_FIXED 1"}, got); d != "" {
		t.Error(d)
	}
}
