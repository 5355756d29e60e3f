package warehouse

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/deploy/embedded/embeddedtest"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// A small province: two cities, three counties, three townships, five villages.
const tree = `
370000000000 province - 山东省
370100000000 city 370000000000 济南市
370200000000 city 370000000000 青岛市
370102000000 county 370100000000 历下区
370103000000 county 370100000000 市中区
370202000000 county 370200000000 市南区
370102001000 township 370102000000 解放路街道
370103001000 township 370103000000 大观园街道
370202001000 township 370202000000 八大湖街道
370102001001 village 370102001000 甲
370102001002 village 370102001000 乙
370103001001 village 370103001000 丙
370202001001 village 370202001000 丁
370202001002 village 370202001000 戊`

// province loads the tree through std and fuses it.
func province(t *testing.T) (*schemas.Catalog, *Warehouse) {
	t.Helper()
	c := shippedCatalog(t)
	w := engine(t, c)
	e := c.Entity(divisionEntity)
	var rows []map[string]string
	for _, l := range strings.Split(strings.TrimSpace(tree), "\n") {
		f := strings.Fields(l)
		row := map[string]string{"division_code": f[0], "level": f[1], "name": f[3], "src_system": "nbs_register", "src_tier": "P", "version": "1"}
		if f[2] != "-" {
			row["parent_code"] = f[2]
		}
		for _, col := range e.Columns {
			if _, ok := row[col.Name]; !ok && !col.Nullable && col.Name != "parent_code" {
				row[col.Name] = "civil"
			}
		}
		rows = append(rows, row)
	}
	rec := claims(t, memory.DefaultAllocator, e, rows)
	defer rec.Release()
	if err := w.Load(t.Context(), Load{"tree", "std.division", rec}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Fuse(t.Context(), c, divisionEntity); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Remap(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c, w
}

// yearly has one period that is over on decemberEnd.
var (
	yearly      = schemas.Periods{Every: "year", From: "2025"}
	decemberEnd = time.Date(2025, 12, 31, 12, 0, 0, 0, beijing)
)

// bringUp brings indicators up to date on decemberEnd.
func bringUp(t *testing.T, w *Warehouse, c *schemas.Catalog, runID string, inds ...*schemas.Indicator) Refreshed {
	t.Helper()
	return bringUpOn(t, w, c, decemberEnd, runID, inds...)
}

func bringUpOn(t *testing.T, w *Warehouse, c *schemas.Catalog, day time.Time, runID string, inds ...*schemas.Indicator) Refreshed {
	t.Helper()
	f, err := w.Figures(t.Context(), c, runID, day)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Ahead(t.Context(), inds)()
	var sum Refreshed
	for _, ind := range inds {
		did, err := f.Refresh(t.Context(), ind)
		if err != nil {
			t.Fatal(err)
		}
		sum.Add(did)
	}
	return sum
}

// values are an indicator's figures of the last period.
func values(t *testing.T, w *Warehouse, indicator string) string {
	t.Helper()
	return lines(strs(t, w, fmt.Sprintf(`SELECT concatWithSeparator(' ', unit_tier, tier, division_code, toString(numerator), toString(denominator),
	ifNull(toString(round(value, 3)), '-'), toString(n_units), toString(n_missing), if(provisional, 'provisional', 'final'), multiIf(met IS NULL, '-', met, 'met', 'unmet'))
	FROM ads.indicator_value WHERE indicator = %s AND as_of = '2025-12-31' ORDER BY unit_tier, transform(tier, ['P','C','X','T','V'], [1,2,3,4,5], 0), division_code`, quote(indicator))))
}

// Hand-computed figures: sums roll up, ratios are never averaged, a missing
// unit enters no sum, and more than 5 % missing is provisional.
func TestComputeRollsUpSums(t *testing.T) {
	c, w := province(t)
	ind := &schemas.Indicator{
		Indicator: "I-T-01", Scale: 100, Target: &schemas.Target{Op: ">", Value: 90}, ComputedAt: "V",
		PublishedAt: []string{"P", "C", "X", "T"}, Periods: yearly, Register: "nbs", RuleVer: 2,
		// 甲 9/10, 乙 missing, 丙 90/90, 丁 0/0, 戊 1.5/2
		SQL: `SELECT code AS division_code, n AS numerator, d AS denominator FROM values('code String, n Nullable(Decimal(18,4)), d Nullable(UInt32)',
			('370102001001', 9, 10), ('370102001002', NULL, 5), ('370103001001', 90, 90), ('370202001001', 0, 0), ('370202001002', 1.5, 2))`,
	}
	bringUp(t, w, c, "run-1", ind)
	const want = `V P 370000000000 100.5 102 98.529 5 1 provisional met
V C 370100000000 99 100 99 3 1 provisional met
V C 370200000000 1.5 2 75 2 0 final unmet
V X 370102000000 9 10 90 2 1 provisional unmet
V X 370103000000 90 90 100 1 0 final met
V X 370202000000 1.5 2 75 2 0 final unmet
V T 370102001000 9 10 90 2 1 provisional unmet
V T 370103001000 90 90 100 1 0 final met
V T 370202001000 1.5 2 75 2 0 final unmet`
	if got := values(t, w, "I-T-01"); got != want {
		t.Errorf("the figures are\n%s\nwant\n%s", got, want)
	}
	// Again with other units: the period's rows are replaced, others stay.
	other := *ind
	other.Indicator, other.Target = "I-T-02", nil
	other.SQL = "SELECT '370202001001' AS division_code, 0 AS numerator, 0 AS denominator;"
	other.PublishedAt = []string{"P"}
	bringUp(t, w, c, "run-2", &other)
	if got := values(t, w, "I-T-02"); got != "V P 370000000000 0 0 - 1 0 final -" {
		t.Errorf("nothing over nothing is %s", got)
	}
	ind.SQL = "SELECT '' AS division_code, 1 AS numerator, 1 AS denominator WHERE 0"
	bringUp(t, w, c, "run-3", ind)
	if got := values(t, w, "I-T-01"); got != "" {
		t.Errorf("an indicator without units still has figures:\n%s", got)
	}
	if got := values(t, w, "I-T-02"); got == "" {
		t.Error("replacing one indicator removed another")
	}
}

// Units at every tier: a division's figure is kept apart by the unit's tier.
// A unit that has no place in the tree is shown, not lost.
func TestComputeEach(t *testing.T) {
	c, w := province(t)
	ind := &schemas.Indicator{
		Indicator: "I-T-03", Scale: 100, ComputedAt: schemas.Each, PublishedAt: []string{"P", "C"}, Periods: yearly, Register: "nbs",
		SQL: "SELECT division_code, toUInt8(level != 'village') AS numerator, 1 AS denominator FROM dwd.division WHERE level IN ('city', 'village')\n" +
			"UNION ALL SELECT toFixedString('379999999999', 12), 1, 1",
	}
	bringUp(t, w, c, "r", ind)
	const want = `  000000000000 1 1 100 1 0 final -
C P 370000000000 2 2 100 2 0 final -
C C 370100000000 1 1 100 1 0 final -
C C 370200000000 1 1 100 1 0 final -
V P 370000000000 0 5 0 5 0 final -
V C 370100000000 0 3 0 3 0 final -
V C 370200000000 0 2 0 2 0 final -`
	if got := values(t, w, "I-T-03"); got != want {
		t.Errorf("the figures are\n%q\nwant\n%q", got, want)
	}
}

// Every indicator that is shipped runs against the tables that are shipped,
// and every view answers.
func TestShippedIndicatorsAndViews(t *testing.T) {
	c, w := province(t)
	for _, e := range c.Entities {
		if _, err := w.Fuse(t.Context(), c, e.Entity); err != nil {
			t.Errorf("fusing %q: %v", e.Entity, err)
		}
	}
	bringUp(t, w, c, "r", c.Indicators...)
	for _, v := range strs(t, w, "SELECT database || '.' || name FROM system.tables WHERE engine = 'View' AND database IN ('dwd', 'ads', 'ops')") {
		if err := w.Exec(t.Context(), "SELECT * FROM "+asked(v)+" FORMAT Null"); err != nil {
			t.Errorf("%s: %v", v, err)
		}
	}
	counts, err := w.TerritoryCounts(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if len(counts) != 14 || counts[0].Division != "370000000000" || counts[0].Rows != 14 {
		t.Errorf("the territories are %v", counts)
	}
}

// asked gives a view of another day the day that it wants to know.
func asked(view string) string {
	if c, err := shipped(); err == nil {
		for _, v := range c.Views {
			if view == "ads."+v.View {
				return v.Call()
			}
		}
	}
	switch {
	case strings.HasSuffix(view, ".indicator_under"):
		return view + "(indicator = 'I-13-14', period = '2025-12', under = '2026-11-26')"
	case strings.HasSuffix(view, ".indicator_trend_under"):
		return view + "(indicator = 'I-13-14', division = '370102000000', under = '2026-11-26')"
	case strings.HasSuffix(view, "_as_of_under"):
		return view + "(at = '2025-12-31', known = '2099-12-31', under = '2026-11-26')"
	case strings.HasSuffix(view, "_under"):
		return view + "(under = '2026-11-26')"
	case strings.HasSuffix(view, "_as_of_in"):
		return view + "(at = '2026-01-01', known = '2099-12-31', division = '370000000000')"
	case strings.HasSuffix(view, "_as_of"):
		return view + "(at = '2025-12-31', known = '2099-12-31')"
	case strings.HasSuffix(view, ".indicator_trend"):
		return view + "(indicator = 'I-13-14', division = '370000000000')"
	case strings.HasSuffix(view, ".indicator_trend_as_known"):
		return view + "(indicator = 'I-13-14', division = '370000000000', known = '2099-12-31')"
	case strings.HasSuffix(view, ".indicator_children_as_known"):
		return view + "(indicator = 'I-13-14', division = '370000000000', period = '2025-12', known = '2099-12-31')"
	case strings.HasSuffix(view, ".indicator_children"), strings.HasSuffix(view, ".indicator_peers"):
		return view + "(indicator = 'I-13-14', division = '370000000000', period = '2025-12')"
	case strings.HasSuffix(view, ".division_profile"):
		return view + "(division = '370000000000', day = '2025-12-31')"
	case strings.HasSuffix(view, "_history"):
		return view + "(thing = '%', known = '2099-12-31')"
	}
	return view
}

// An analyst reads every view and table of dwd, ads and ops that does not show
// few persons, and nothing else: no claims of single sources, no rows about
// persons, no figures before small ones are hidden.
func TestAnalystReads(t *testing.T) {
	c, _ := province(t)
	analyst := asAnalyst(t)
	all, err := objects(c)
	if err != nil {
		t.Fatal(err)
	}
	closed := map[string]bool{}
	for _, o := range all {
		// A readonly user may set nothing, so the answer is read and dropped.
		rows, err := analyst.Query(t.Context(), "SELECT * FROM "+asked(o.full())+" LIMIT 1")
		if err == nil {
			rows.Close()
		}
		if o.withheld {
			closed[o.full()] = true
			if !fault.Is(err, fault.Config) {
				t.Errorf("an analyst reads %s: %v", o.full(), err)
			}
		} else if err != nil {
			t.Errorf("%s: %v", o.full(), err)
		}
	}
	for _, name := range []string{"std.division", "dwd.workforce_post", "dwp.workforce_post__rows", "dwd.workforce_post_history", "dwd.stat_fact_as_of_under", "dwd.petition_case_under", "dwd.territory", "ads.indicator_point", "ads.indicator_cover", "ops.conflict"} {
		if !closed[name] {
			t.Errorf("%s is open to analysts", name)
		}
	}
}

// asAnalyst is the analyst's connection to the shared warehouse.
func asAnalyst(t *testing.T) *Warehouse {
	t.Helper()
	address := strings.Replace(strings.Replace(embeddedtest.Warehouse(t), "http://admin:", "http://analyst:", 1), "/admin.password", "/analyst.password", 1)
	analyst, err := Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { analyst.Close() })
	return analyst
}

// What an analyst may read follows the declarations: an entity that is about
// persons from now on is closed with the next plan, its rows move with the next
// fusion, and are open again when it is no longer.
func TestAccessFollowsDeclarations(t *testing.T) {
	c, w := province(t)
	loadRows(t, c, w, "facility", "f", map[string]string{"facility_id": "a", "division_code": "370102001001", "facility_kind": "clinic", "src_system": "county_ledger", "src_tier": "X", "version": "1", "event_time": "2026-01-05T00:00:00Z"})
	analyst := asAnalyst(t)
	e := c.Entity("facility")
	defer func(n int) { e.SmallCells = n }(e.SmallCells)
	for _, least := range []int{10, 0} {
		e.SmallCells = least
		steps, err := w.Plan(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Migrate(t.Context(), steps); err != nil {
			t.Fatal(err)
		}
		noSteps(t, w, c)
		if _, err := w.Fuse(t.Context(), c, "facility"); err != nil {
			t.Fatal(err)
		}
		if n := count(t, w, "SELECT count() FROM dwd.facility"); n != 1 {
			t.Errorf("with small cells of %d there are %d facilities", least, n)
		}
		rows, err := analyst.Query(t.Context(), "SELECT * FROM dwd.facility LIMIT 1")
		if err == nil {
			rows.Close()
		}
		if (err == nil) != (least == 0) {
			t.Errorf("with small cells of %d, an analyst who asks for facilities is told: %v", least, err)
		}
	}
}
