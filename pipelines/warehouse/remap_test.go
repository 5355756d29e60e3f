package warehouse

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/schemas"
)

// loadRows loads claims given as columns of text, one map a claim, and fuses.
func loadRows(t *testing.T, c *schemas.Catalog, w *Warehouse, entity, token string, rows ...map[string]string) {
	t.Helper()
	rec := claims(t, memory.DefaultAllocator, c.Entity(entity), rows)
	defer rec.Release()
	if err := w.Load(t.Context(), Load{token, "std." + entity, rec}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Fuse(t.Context(), c, entity); err != nil {
		t.Fatal(err)
	}
}

func fact(code, day, value string) map[string]string {
	return map[string]string{"family": "population", "measure": "resident_households", "division_code": code, "period_start": day, "period_kind": "D",
		"breakdown": "", "value": value, "n": strings.Split(value, ".")[0], "src_system": "county_ledger", "src_tier": "X", "version": "1", "event_time": day + "T00:00:00Z"}
}

// Figures of any day stand under the register of any other: what went whole
// goes whole, what has recorded shares is cut by them to the last digit, and
// what has none is not distributed and says so. Nothing is lost on the way.
func TestUnder(t *testing.T) {
	c := shippedCatalog(t)
	w := engine(t, c)
	change := func(id, old, next, kind, share, from string) map[string]string {
		m := map[string]string{"change_id": id, "kind": kind, "old_code": old, "new_code": next, "snapshot_year": from[:4], "code_system": "nbs12", "code_valid_from": from,
			"src_system": "nbs_register", "src_tier": "P", "version": "1", "event_time": "2026-01-01T00:00:00Z"}
		if share != "" {
			m["share"], m["share_basis"] = share, "households"
		}
		return m
	}
	loadRows(t, c, w, changeEntity, "changes",
		change("a", "370102001006", "370102001006", "split", "0.3333", "2026-07-01"),
		change("b", "370102001006", "370102001090", "split", "0.6667", "2026-07-01"))
	loadRows(t, c, w, "stat_fact", "facts",
		fact("370125000000", "2015-06-30", "1000.5"),    // became 370115 whole
		fact("370125003000", "2015-06-30", "77"),        // a township of it
		fact("371081000000", "2010-06-30", "333"),       // divided, shares unknown
		fact("371002000000", "2010-06-30", "5"),         // which got a part of it
		fact("370102001006", "2025-12-31", "1001.0001"), // divided by recorded shares
		fact("370102001006", "2026-08-31", "7"),         // after that
		fact("379999001001", "2015-06-30", "9"))         // in no register
	if err := w.Exec(t.Context(), "SELECT * FROM dwd.stat_fact_under(under = '2026-11-26') FORMAT Null"); err == nil || !strings.Contains(err.Error(), "run integrate") {
		t.Errorf("without the table of ways the view answers %v", err)
	}
	for i, want := range []bool{true, false} {
		if did, _, err := w.Remap(t.Context(), c); err != nil || did != want {
			t.Fatalf("call %d: rebuilt is %v (%v), want %v", i, did, err, want)
		}
	}
	under := func(day string) string {
		return lines(strs(t, w, fmt.Sprintf(`SELECT concatWithSeparator(' ', division_code, toString(period_start), under_code, under_how, toString(value), toString(n), arrayStringConcat(under_candidates, '+')) AS s
FROM dwd.stat_fact_under(under = '%s') ORDER BY s`, day)))
	}
	if got, want := under("2026-11-26"), `370102001006 2025-12-31 370102001006 shared 333.6333 334 
370102001006 2025-12-31 370102001090 shared 667.3668 667 
370102001006 2026-08-31 370102001006 same 7 7 
370125000000 2015-06-30 370115000000 whole 1000.5 1000 
370125003000 2015-06-30 370115000000 above 77 77 
371002000000 2010-06-30 371002000000 same 5 5 
371081000000 2010-06-30 371000000000 undivided 333 333 371002000000+371003000000
379999001001 2015-06-30 379999001001 same 9 9 `; got != want {
		t.Errorf("under today's register:\n%s\nwant\n%s", got, want)
	}
	if got := under("2015-06-30"); !strings.Contains(got, "370125000000 2015-06-30 370125000000 same 1000.5 ") ||
		!strings.Contains(got, "370102001006 2026-08-31 370102001006 same 7") {
		t.Errorf("under the register of 2015:\n%s", got)
	}
	const sums = "SELECT concat(toString(sum(value)), ' ', toString(sum(n))) FROM "
	want := strs(t, w, sums+"dwd.stat_fact")
	for _, day := range []string{"1999-12-31", "2010-06-30", "2015-06-30", "2020-01-01", "2026-06-30", "2026-07-01", "2099-01-01"} {
		if got := strs(t, w, sums+fmt.Sprintf("dwd.stat_fact_under(under = '%s')", day)); got[0] != want[0] {
			t.Errorf("under %s the sums are %s, recorded are %s", day, got, want)
		}
		if got := strs(t, w, sums+fmt.Sprintf("dwd.stat_fact_as_of_under(at = '2099-01-01', known = '2099-01-01', under = '%s')", day)); got[0] != want[0] {
			t.Errorf("as of, under %s, the sums are %s, recorded are %s", day, got, want)
		}
	}
}

// A thing follows its division where one took over whole, and is never cut.
func TestThingsUnder(t *testing.T) {
	c := shippedCatalog(t)
	w := engine(t, c)
	place := func(id, code, at string) map[string]string {
		return map[string]string{"facility_id": id, "division_code": code, "facility_kind": "village_service_complex", "area_m2": "100",
			"src_system": "county_ledger", "src_tier": "X", "version": "1", "event_time": at + "T00:00:00Z"}
	}
	loadRows(t, c, w, "facility", "f", place("a", "370284000000", "2010-01-01"), place("b", "371081000000", "2010-01-01"), place("c", "370211000000", "2026-01-01"))
	if _, _, err := w.Remap(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	got := lines(strs(t, w, `SELECT concatWithSeparator(' ', facility_id, division_code, under_code, under_how, toString(area_m2), division_code_src)
FROM dwd.facility_under(under = '2026-11-26') ORDER BY facility_id`))
	if want := `a 370284000000 370211000000 whole 100 county_ledger
b 371081000000 371000000000 undivided 100 county_ledger
c 370211000000 370211000000 same 100 county_ledger`; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Figures of earlier periods stand under today's divisions: sums are carried
// over and the ratio is made of them, parts of unknown size are not, and
// totals are kept.
func TestIndicatorUnder(t *testing.T) {
	_, w := province(t)
	point := func(code, day string, num, den int) string {
		return fmt.Sprintf("('I-T-01', '370000000000', '%s', 'X', 'X', '%s', 1, %d, %d, 1, '2026-01-01 00:00:00')", code, day, num, den)
	}
	for _, sql := range []string{
		"INSERT INTO ads.indicator (indicator, scale, periods, days, known_from) VALUES ('I-T-01', 100, ['2013', '2019'], ['2013-12-31', '2019-12-31'], '2026-01-01 00:00:00')",
		"INSERT INTO ads.indicator_point (indicator, parent_code, division_code, unit_tier, tier, day, shown, numerator, denominator, n_units, known_from) VALUES " + strings.Join([]string{
			point("370684000000", "2013-12-31", 3, 10), point("370634000000", "2013-12-31", 1, 10), // became one district in 2020
			point("371081000000", "2013-12-31", 5, 7), // divided in 2014
			point("371002000000", "2013-12-31", 2, 4), // got a part of it
		}, ", "),
	} {
		if err := w.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	show := func(view string) string {
		return lines(strs(t, w, "SELECT concatWithSeparator(' ', period, under_code, under_how, toString(numerator), toString(denominator), ifNull(toString(round(value, 2)), '-'), arrayStringConcat(recorded, '+'), arrayStringConcat(partial_from, '+')) FROM "+view))
	}
	if got, want := show("ads.indicator_under(indicator = 'I-T-01', period = '2013', under = '2026-11-26')"), `2013 370614000000 complete 4 20 20 370634000000+370684000000 
2013 371000000000 undivided 5 7 71.43 371081000000 
2013 371002000000 complete 2 4 50 371002000000 371081000000`; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := show("ads.indicator_trend_under(indicator = 'I-T-01', division = '370614000000', under = '2026-11-26')"), `2013 370614000000 complete 4 20 20 370634000000+370684000000 
2019 370614000000 complete 4 20 20 370634000000+370684000000 `; got != want {
		t.Errorf("the trend is\n%s\nwant\n%s", got, want)
	}
	if got := show("ads.indicator_under(indicator = 'I-T-01', period = '2013', under = '2013-12-31')"); strings.Count(got, "complete") != 4 {
		t.Errorf("under the register of the period itself:\n%s", got)
	}
}
