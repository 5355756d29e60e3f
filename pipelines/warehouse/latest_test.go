package warehouse

import (
	"fmt"
	"strings"
	"testing"
)

// What stands of many versions is what the aggregate functions say, which are plain
// and slow: at every change, and at every period, whatever was corrected, taken back
// or came again.
func TestLatestIsArgMax(t *testing.T) {
	c := shippedCatalog(t)
	w := engine(t, c)
	const seed = "number, 7"
	for _, sql := range []string{
		fmt.Sprintf(`INSERT INTO ads.indicator_point (indicator, parent_code, division_code, unit_tier, tier, day, shown, numerator, denominator, n_units, removed, known_from)
SELECT 'I-13-14', toString(100 + number %% 3), toString(1000 + number %% 60), ['X', 'T'][1 + number %% 2], 'X', toDate('2025-01-31') + 31 * (cityHash64(%[1]s, 1) %% 6), cityHash64(%[1]s, 2) %% 9 > 0,
  number %% 97, 100, cityHash64(%[1]s, 3) %% 8, cityHash64(%[1]s, 4) %% 4 = 0, toDateTime64('2025-06-01 00:00:00', 3, 'UTC') + number FROM numbers(4000)`, seed),
		"INSERT INTO ads.indicator (indicator, every, window, periods, days, known_from) SELECT 'I-13-14', 'month', 'month', ['1', '2', '3', '4'], ['2025-01-31', '2025-03-20', '2025-04-30', '2025-12-31'], '2025-06-01 01:00:00'",
	} {
		if err := w.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	plain := func(known string) string {
		return fmt.Sprintf("SELECT %[1]s, day, argMax(tuple(%[2]s), known_from) AS row FROM ads.indicator_point WHERE known_from <= %[3]s GROUP BY %[1]s, day HAVING NOT argMax(removed, known_from)", figureKey, readValues, known)
	}
	same := func(what, got, want string) {
		t.Helper()
		rows := func(sql string) string {
			return lines(strs(t, w, "SELECT toString(tuple(*)) AS s FROM ("+sql+") ORDER BY s"))
		}
		if g, v := rows(got), rows(want); g != v || strings.Count(g, "\n") < 20 {
			t.Errorf("%s is\n%.300s\nwant\n%.300s", what, g, v)
		}
	}
	for _, minute := range []int{3, 20, 60} {
		known := fmt.Sprintf("toDateTime64('2025-06-01 %02d:%02d:00', 3, 'UTC')", minute/60, minute%60)
		same("what stands", asKnown("1", known), plain(known))
		same("what was known", onceKnown("1", known), plain(known))
	}
	published := "toDateTime64('2025-06-01 01:00:00', 3, 'UTC')"
	const of = "parent_code, division_code, unit_tier, tier"
	for i, day := range []string{"2025-01-31", "2025-03-20", "2025-04-30", "2025-12-31"} {
		want := fmt.Sprintf("SELECT %[1]s, argMax(row, day) AS row FROM (%[2]s) WHERE day <= '%[3]s' GROUP BY %[1]s HAVING %[4]s", of, plain(published), day, shownUnits)
		period := strings.NewReplacer("{indicator:String}", "'I-13-14'", "{period:String}", quote(fmt.Sprint(i+1)))
		same("period "+day, "SELECT "+of+", row FROM ("+period.Replace(lookUp+" SELECT * FROM ("+atPeriod(c, "1", "")+")")+")", want)
		same("all figures of "+day, fmt.Sprintf("SELECT %s, row FROM (%s) WHERE period = '%d'", of, allFigures(c, "1"), i+1), want)
	}
}
