package warehouse

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/schemas"
)

// An indicator is computed when something it reads has changed, also when the
// process died between the fusion and the computation, and not otherwise.
func TestRefresh(t *testing.T) {
	c, w := province(t)
	ind := &schemas.Indicator{
		Indicator: "I-T-04", Scale: 100, ComputedAt: "V", PublishedAt: []string{"P"}, Periods: yearly, Register: "nbs", Reads: []string{"division"},
		SQL: "SELECT division_code, 1 AS numerator, 1 AS denominator FROM dwd.division WHERE level = 'village'",
	}
	again := func(want bool, why string) {
		t.Helper()
		if got := bringUp(t, w, c, "r", ind); (got.Unchanged == 0) != want {
			t.Errorf("%s: %s; computed should be %v", why, got, want)
		}
	}
	again(true, "never computed")
	again(false, "nothing changed")

	e := c.Entity(divisionEntity)
	row := map[string]string{"division_code": "370202001003", "level": "village", "name": "己", "parent_code": "370202001000",
		"src_system": "nbs_register", "src_tier": "P", "version": "1"}
	for _, col := range e.Columns {
		if _, ok := row[col.Name]; !ok && !col.Nullable {
			row[col.Name] = "civil"
		}
	}
	rec := claims(t, memory.DefaultAllocator, e, []map[string]string{row})
	defer rec.Release()
	if err := w.Load(t.Context(), Load{"one more", "std.division", rec}); err != nil {
		t.Fatal(err)
	}
	again(false, "loaded, not fused")
	for range 2 { // the second fusion finds nothing to do: the process between died here
		if _, err := w.Fuse(t.Context(), c, divisionEntity); err != nil {
			t.Fatal(err)
		}
	}
	again(true, "fused by a process that died before it computed")
	if got := count(t, w, "SELECT toUInt64(denominator) FROM ads.indicator_value WHERE indicator = 'I-T-04'"); got != 6 {
		t.Errorf("got %d villages, want 6", got)
	}
	again(false, "computed since")
	ind.SQL += " AND name != '己'"
	again(true, "another statement")
}

// Indicators that are brought up to date together stand each for itself: one that
// cannot be computed says so, the others are known and are not computed again.
func TestRefreshTogether(t *testing.T) {
	c, w := province(t)
	var inds []*schemas.Indicator
	for i, sql := range []string{"SELECT division_code, 1 AS numerator, 1 AS denominator FROM dwd.division", "SELECT no_such AS division_code, 1 AS numerator, 1 AS denominator FROM dwd.division",
		"SELECT division_code, 2 AS numerator, 1 AS denominator FROM dwd.division WHERE level = 'village'"} {
		inds = append(inds, &schemas.Indicator{Indicator: fmt.Sprintf("I-T-2%d", i), Scale: 1, ComputedAt: "V", PublishedAt: []string{"P"}, Periods: yearly, Register: "nbs",
			Reads: []string{"division"}, SQL: sql})
	}
	for _, want := range []Refreshed{{Full: 1}, {Unchanged: 1}} {
		f, err := w.Figures(t.Context(), c, "r", decemberEnd)
		if err != nil {
			t.Fatal(err)
		}
		stop := f.Ahead(t.Context(), inds)
		for i, ind := range inds {
			did, err := f.Refresh(t.Context(), ind)
			switch {
			case i == 1:
				if err == nil || !strings.Contains(err.Error(), ind.Indicator) {
					t.Errorf("a statement that cannot run: %v", err)
				}
			case err != nil || did.Full != want.Full || did.Unchanged != want.Unchanged:
				t.Errorf("%s: %s, %v, want %s", ind.Indicator, did, err, want)
			}
		}
		stop()
	}
	if got := lines(strs(t, w, "SELECT concat(indicator, ' ', toString(numerator)) FROM ads.indicator_value WHERE tier = 'P' AND unit_tier = 'V' ORDER BY indicator")); got != "I-T-20 5\nI-T-22 10" {
		t.Errorf("the figures are\n%s", got)
	}
}

// The table of one period, as earlier builds had it, gives way to the view.
func TestTableBecomesView(t *testing.T) {
	c := shippedCatalog(t)
	w := engine(t, c)
	for _, sql := range []string{"DROP VIEW ads.indicator_value", "CREATE TABLE ads.indicator_value (indicator String, period String) ENGINE = MergeTree ORDER BY indicator COMMENT 'old'",
		"INSERT INTO ads.indicator_value VALUES ('I', '2025')"} {
		if err := w.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	steps, err := w.Plan(t.Context(), c)
	if err == nil {
		err = w.Migrate(t.Context(), steps)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(strs(t, w, "SELECT engine FROM system.tables WHERE database = 'ads' AND name = 'indicator_value'")); got != "View" {
		t.Errorf("ads.indicator_value is a %s", got)
	}
}
