package warehouse

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/divisions"
)

// viewCaseSQL is a view's statement over a case's rows instead of tables, its
// arguments filled in: what runs is the text that runs in production.
func viewCaseSQL(t *testing.T, c *schemas.Catalog, reg *divisions.Register, v *schemas.View, cs *schemas.ViewCase) string {
	t.Helper()
	path, err := pathSQL(c)
	if err != nil {
		t.Fatal(err)
	}
	path = strings.Replace(path, "SELECT unit, unit_tier, a.1, a.2, a.3",
		"SELECT unit AS division_code, unit_tier AS tier, a.1 AS ancestor_code, a.2 AS ancestor_tier, a.3 AS ancestor_name", 1)
	sql := strings.ReplaceAll(viewSQL(c, v), "dwd.division_path", "(\n"+path+"\n)")
	for _, a := range v.Args {
		sql = strings.ReplaceAll(sql, "{"+a.Key+":String}", quote(cs.Args[a.Key]))
	}
	given := &schemas.IndicatorCase{Pos: cs.Pos, Divisions: cs.Divisions, Rows: cs.Rows}
	return dwdTableRef.ReplaceAllStringFunc(sql, func(ref string) string {
		name := strings.TrimPrefix(ref, "dwd.")
		if name == divisionEntity {
			return inline(t, c.Entity(divisionEntity), divisionRows(t, reg, c, given))
		}
		e := c.Entity(name)
		for _, r := range schemas.Relations {
			if r.Entity == name {
				e = r
			}
		}
		return inline(t, e, cs.Rows[name])
	})
}

// Every case of every declared view holds on the real engine, in the types that
// its columns are declared with.
func TestViewCases(t *testing.T) {
	c := shippedCatalog(t)
	w := bare(t)
	reg, err := divisions.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range c.Views {
		for _, cs := range v.Cases {
			t.Run(v.View+"/"+cs.Name, func(t *testing.T) {
				var cols []string
				for _, col := range v.Columns {
					cols = append(cols, fmt.Sprintf("ifNull(toString(CAST(%s, %s)), '-')", ident(col.Name), quote(typeOf(col))))
				}
				got := strs(t, w, fmt.Sprintf("SELECT arrayStringConcat([%s], ' | ') FROM (\n%s\n)", strings.Join(cols, ", "), viewCaseSQL(t, c, reg, v, cs)))
				var want []string
				for _, row := range cs.Want {
					want = append(want, strings.Join(row, " | "))
				}
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("%s: got\n  %s\nwant\n  %s", cs.Pos, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
				}
			})
		}
	}
}

// What is summarised of an entity is what its fused rows say, is made again when
// they change, and only then.
func TestSummarise(t *testing.T) {
	c, w := province(t)
	place := func(id, code, at string) map[string]string {
		return map[string]string{"facility_id": id, "division_code": code, "facility_kind": "clinic", "src_system": "county_ledger", "src_tier": "X", "version": "1", "event_time": at + "T00:00:00Z"}
	}
	loadRows(t, c, w, "facility", "f1", place("a", "370102001001", "2026-01-05"), place("b", "370102001002", "2026-02-05"), place("c", "370103001001", "2026-02-06"))
	summarise := func(want bool) {
		t.Helper()
		if did, err := w.Summarise(t.Context(), c, "facility"); err != nil || did != want {
			t.Fatalf("summarised is %v (%v), want %v", did, err, want)
		}
	}
	rows := func() string {
		return lines(strs(t, w, "SELECT concatWithSeparator(' ', division_code, toString(month), toString(rows), toString(last_at)) AS s FROM dwd.territory WHERE entity = 'facility' AND division_code IN ('370000000000', '370102000000') ORDER BY s"))
	}
	summarise(true)
	if got, want := rows(), `370000000000 2026-01-01 1 2026-01-05 08:00:00.000
370000000000 2026-02-01 2 2026-02-06 08:00:00.000
370102000000 2026-01-01 1 2026-01-05 08:00:00.000
370102000000 2026-02-01 1 2026-02-05 08:00:00.000`; got != want {
		t.Errorf("the territory is\n%s\nwant\n%s", got, want)
	}
	summarise(false)
	loadRows(t, c, w, "facility", "f2", place("d", "370102001002", "2026-03-05"))
	if err := w.Exec(t.Context(), "INSERT INTO ops.fuse SELECT * REPLACE (0 AS things, now64(3) + 1 AS fused_at) FROM ops.fuse FINAL WHERE entity = 'summary/facility'"); err != nil {
		t.Fatal(err) // its rest is over
	}
	summarise(true)
	if got := rows(); !strings.Contains(got, "370102000000 2026-03-01 1 ") {
		t.Errorf("after another facility the territory is\n%s", got)
	}
	// What a division has is found by its code: rightPad, which would be the
	// shorter way to fill a code up, is not worked out before the index is asked.
	for _, view := range []string{"ads.division_holdings(division = '3701')", "ads.changed_in_month(division = '3701', month = '2026-11')"} {
		if plan := lines(strs(t, w, "EXPLAIN indexes = 1 SELECT * FROM "+view)); !strings.Contains(plan, "(division_code in ") {
			t.Errorf("%s reads all divisions:\n%s", view, plan)
		}
	}
	got := lines(strs(t, w, "SELECT concatWithSeparator(' ', field, src, rule, toString(rows)) FROM ads.contribution(entity = 'facility') WHERE field IN ('division_code', 'area_m2') ORDER BY field"))
	if got != "division_code county_ledger authority:1 4" {
		t.Errorf("the contributions are %q", got)
	}
	if n := count(t, w, "SELECT count() FROM ads.division_holdings(division = '3701')"); n != 1 {
		t.Errorf("of a city, asked for by four digits, there are %d entities, want facilities alone", n)
	}
	if n := count(t, w, "SELECT assumeNotNull(toUInt64(sum(rows))) FROM ads.division_holdings(division = '370102') WHERE entity = 'facility'"); n != 3 {
		t.Errorf("the profile counts %d facilities, want 3", n)
	}
}

// The declared views are asked for divisions of every tier, one after the
// other. RONGTONG_VIEWS_THINGS=62000 measures them on the whole register with as
// many things of every entity that they read.
func TestViewsAtScale(t *testing.T) {
	things, asks, cities := 200, 1, []string{"3705"}
	if n, err := strconv.Atoi(os.Getenv("RONGTONG_VIEWS_THINGS")); err == nil {
		things, asks, cities = n, 20, []string{"37"}
	}
	c := shippedCatalog(t)
	w := engine(t, c)
	settle(t, w, c, cities...)
	k := claimer{c: c, divisions: "(SELECT groupArray(division_code) FROM (SELECT division_code FROM dwd.division WHERE level = 'village' ORDER BY division_code))", things: things}
	for _, e := range c.Entities {
		if !slices.ContainsFunc(c.Views, func(v *schemas.View) bool { return slices.Contains(v.Reads, e.Entity) }) || e.Entity == divisionEntity {
			continue
		}
		if err := w.Exec(t.Context(), k.sql(e, 2, "1", "0")); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Fuse(t.Context(), c, e.Entity); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Summarise(t.Context(), c, e.Entity); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.Remap(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	places := strs(t, w, "SELECT toString(division_code) FROM (SELECT level, division_code, row_number() OVER (PARTITION BY level ORDER BY cityHash64(division_code)) AS r FROM dwd.division WHERE kind = 'civil' AND level != 'village') WHERE r <= 5 ORDER BY r, level")
	var clicks []click
	for _, v := range c.Views {
		x := click{view: "ads." + v.View}
		for _, code := range places {
			sql := "SELECT * FROM " + v.Call()
			for _, a := range v.Args {
				if a.Key == "division" {
					sql = strings.ReplaceAll(sql, "'"+a.Value.Example+"'", quote(code))
				}
			}
			x.asks = append(x.asks, sql)
		}
		clicks = append(clicks, x)
	}
	clicks = append(clicks, historyClicks(places)...)
	measure(t, w, asks, clicks)
}

// historyClicks are questions about rows of other days and under other registers:
// totals by division, the rows of one, and the history of one thing.
func historyClicks(places []string) []click {
	var out []click
	for _, name := range []string{"facility", "organization"} {
		total, rows, day, both, history := click{view: "dwd." + name + "_under, by division"}, click{view: "dwd." + name + "_under, rows of one"},
			click{view: "dwd." + name + "_as_of, rows of one"}, click{view: "dwd." + name + "_as_of_under, by division"}, click{view: "dwd." + name + "_history"}
		for i, code := range places {
			under := fmt.Sprintf("under = '%d-12-31'", 2015+i%10)
			at := fmt.Sprintf("at = '20%d-06-30', known = '2099-12-31'", 20+i%6)
			total.asks = append(total.asks, fmt.Sprintf("SELECT under_code, under_how, count() FROM dwd.%s_under(%s) GROUP BY ALL ORDER BY ALL", name, under))
			rows.asks = append(rows.asks, fmt.Sprintf("SELECT * FROM dwd.%s_under(%s) WHERE under_code = '%s' LIMIT 100", name, under, code))
			day.asks = append(day.asks, fmt.Sprintf("SELECT * FROM dwd.%s_as_of(%s) WHERE division_code = '%s' LIMIT 100", name, at, code))
			both.asks = append(both.asks, fmt.Sprintf("SELECT under_code, count() FROM dwd.%s_as_of_under(%s, %s) GROUP BY ALL", name, at, under))
			history.asks = append(history.asks, fmt.Sprintf("SELECT * FROM dwd.%s_history(thing = 'k%d', known = '2099-12-31')", name, i*97))
		}
		out = append(out, total, rows, day, both, history)
	}
	return out
}

// click is a view and the questions that people ask of it.
type click struct {
	view string
	asks []string
}

// measure asks every question some times and says, of every view, how long the
// answers took, and what the server read and worked for one.
func measure(t *testing.T, w *Warehouse, times int, clicks []click) {
	t.Helper()
	mark := fmt.Sprintf("click/%d/", time.Now().UnixNano())
	for _, x := range clicks {
		for range times {
			for _, sql := range x.asks {
				if _, err := fetchAll(t.Context(), w, sql+" SETTINGS log_comment = "+quote(mark+x.view)); err != nil {
					t.Fatalf("%v\n%s", err, sql)
				}
			}
		}
	}
	if err := w.Exec(t.Context(), "SYSTEM FLUSH LOGS"); err != nil {
		t.Fatal(err)
	}
	for _, line := range strs(t, w, fmt.Sprintf(`SELECT format('{}: {} questions, p50 {} ms, p95 {} ms, {} ms of CPU, {} rows read, {} rows', substring(log_comment, %d), toString(count()), toString(round(quantile(0.5)(query_duration_ms))), toString(round(quantile(0.95)(query_duration_ms))),
  toString(round(avg(ProfileEvents['OSCPUVirtualTimeMicroseconds']) / 1000, 1)), toString(round(avg(read_rows))), toString(round(avg(result_rows))))
FROM system.query_log WHERE type = 'QueryFinish' AND startsWith(log_comment, %s) GROUP BY log_comment ORDER BY log_comment`, len(mark)+1, quote(mark))) {
		t.Log(line)
	}
}

var viewArgument = regexp.MustCompile(`\{(\w+):String\}`)

// Every view of layer ads says in both languages which question it answers, what
// its arguments are and what its columns mean.
func TestViewsExplainThemselves(t *testing.T) {
	for _, v := range Views(shippedCatalog(t)) {
		texts := []schemas.Label{v.Name, v.Doc}
		asked := map[string]bool{}
		for _, a := range v.Args {
			texts = append(texts, schemas.Label{Zh: a.Value.Zh, En: a.Value.En})
			asked[a.Key] = true
		}
		for _, m := range viewArgument.FindAllStringSubmatch(v.SQL, -1) {
			if !asked[m[1]] {
				t.Errorf("%s asks for %q and does not say so", v.View, m[1])
			}
		}
		if len(v.Columns) == 0 {
			t.Errorf("%s says nothing of its columns", v.View)
		}
		for _, col := range v.Columns {
			texts = append(texts, col.Doc)
		}
		for i, l := range texts {
			if l.Zh == "" || l.En == "" || l.Zh == l.En {
				t.Errorf("%s: text %d is %q in Chinese and %q in English", v.View, i, l.Zh, l.En)
			}
		}
	}
}
