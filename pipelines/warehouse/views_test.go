package warehouse

import (
	"fmt"
	"os"
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
	sql := strings.ReplaceAll(v.SQL, "dwd.division_path", "(\n"+path+"\n)")
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
	k := claimer{c, "(SELECT groupArray(division_code) FROM (SELECT division_code FROM dwd.division WHERE level = 'village' ORDER BY division_code))", things}
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
	places := strs(t, w, "SELECT toString(division_code) FROM (SELECT level, division_code, row_number() OVER (PARTITION BY level ORDER BY cityHash64(division_code)) AS r FROM dwd.division WHERE kind = 'civil' AND level != 'village') WHERE r <= 5 ORDER BY r, level")
	for _, v := range c.Views {
		var took []time.Duration
		for range asks {
			for _, code := range places {
				sql := "SELECT * FROM " + v.Call()
				for _, a := range v.Args {
					if a.Key == "division" {
						sql = strings.ReplaceAll(sql, "'"+a.Value.Example+"'", quote(code))
					}
				}
				began := time.Now()
				if _, err := fetchAll(t.Context(), w, sql); err != nil {
					t.Fatalf("%v\n%s", err, sql)
				}
				took = append(took, time.Since(began))
			}
		}
		slices.Sort(took)
		t.Logf("ads.%s: %d questions, p50 %v, p95 %v", v.View, len(took), took[len(took)/2].Round(time.Microsecond), took[len(took)*95/100].Round(time.Microsecond))
	}
}
