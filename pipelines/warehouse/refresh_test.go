package warehouse

import (
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
