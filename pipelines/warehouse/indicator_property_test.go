package warehouse

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"rongtong/schemas"
)

// claimer makes claims about things of any entity: real divisions, codes of the
// lists, dates of five years, and names of things that others refer to.
type claimer struct {
	c         *schemas.Catalog
	divisions string // an array of codes, as a query
	things    int    // of every entity, numbered
	from      int    // the first number
}

// sql claims the things that where picks by their number, with a version; gone
// says which of them are withdrawn. What a claim says depends on number and
// version, its key on the number alone.
func (k claimer) sql(e *schemas.Entity, version int, where, gone string) string {
	o := stdTable(e)
	var names, exprs []string
	for i, col := range o.columns {
		h := fmt.Sprintf("cityHash64(number, %d, %d)", i, version)
		if e.IsKey(col.name) {
			h = fmt.Sprintf("cityHash64(number, %d)", i)
		}
		typ, nullable := bareType(col.typ)
		var x string
		switch col.name {
		case "src_system":
			x = "['county_ledger', 'village_forms'][1 + number % 2]"
		case "src_tier":
			x = "'X'"
		case "version", "kafka_offset":
			x = fmt.Sprint(version)
		case "is_deleted":
			x = "toUInt8(" + gone + ")"
		default:
			x = k.value(e, col, typ, h, version)
		}
		if nullable && !e.IsKey(col.name) {
			x = fmt.Sprintf("if(%s %% 9 = 0, NULL, %s)", h, x)
		}
		names, exprs = append(names, col.name), append(exprs, fmt.Sprintf("CAST(%s, %s)", x, quote(col.typ)))
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM numbers(%d, %d) WHERE %s", o.full(), idents(names), strings.Join(exprs, ", "), k.from, k.things, where)
}

func (k claimer) value(e *schemas.Entity, col column, typ, h string, version int) string {
	if d := e.Column(col.name); d != nil && d.Type == schemas.CodeType && k.c.Code(d.List) != nil {
		var codes []string
		for _, code := range k.c.Code(d.List).Codes {
			codes = append(codes, quote(code.Code))
		}
		return fmt.Sprintf("[%s][1 + %s %% %d]", strings.Join(codes, ", "), h, len(codes))
	}
	switch {
	case typ == "FixedString(12)":
		// The places of a row agree; a correction may move it.
		place := fmt.Sprintf("cityHash64(number, %d)", version/2)
		if e.IsKey(col.name) {
			place = "cityHash64(number)"
		}
		return fmt.Sprintf("%s[1 + %s %% length(%[1]s)]", k.divisions, place)
	case strings.HasPrefix(typ, "FixedString("):
		return fmt.Sprintf("leftPad(toString(%s), %s, '0')", h, strings.TrimSuffix(strings.TrimPrefix(typ, "FixedString("), ")"))
	case typ == "Date32":
		return fmt.Sprintf("toDate32('2020-10-01') + %s %% 2100", h)
	case strings.HasPrefix(typ, "DateTime"):
		return fmt.Sprintf("toDateTime('2021-01-01 00:00:00') + toIntervalHour(%s %% 43000)", h)
	case strings.HasPrefix(typ, "Enum8"):
		return fmt.Sprintf("['unknown', 'no', 'yes'][1 + %s %% 3]", h)
	case strings.HasPrefix(typ, "Map("):
		return "map()"
	case strings.HasPrefix(typ, "Array("):
		return "[]"
	case col.name == "fiscal_year":
		return fmt.Sprintf("2020 + %s %% 6", h)
	case typ == "Bool", strings.HasPrefix(typ, "UInt8"):
		return h + " % 2"
	case typ == "String" && e.Key[0] == col.name:
		return "concat('k', toString(number))"
	case typ == "String" && (strings.HasSuffix(col.name, "_id") || strings.HasSuffix(col.name, "_ref") || strings.HasSuffix(col.name, "_org")):
		return fmt.Sprintf("concat('k', toString(%s %% %d))", h, k.things)
	case typ == "String":
		return fmt.Sprintf("concat('v', toString(%s %% 400))", h)
	}
	return fmt.Sprintf("%s %% 5000", h)
}

// settle claims the register, as far as fillDivisions has it, and fuses it.
func settle(t *testing.T, w *Warehouse, c *schemas.Catalog, full ...string) {
	t.Helper()
	fillDivisions(t, w, c, full...)
	const cols = "division_code, name, canonical_name, kind, code_system, level, parent_code, village_class"
	for _, sql := range []string{
		"INSERT INTO std.division (" + cols + ", src_system, src_tier, version) SELECT " + cols + ", 'nbs_register', 'P', 1 FROM dwd.division__rows",
		"TRUNCATE TABLE dwd.division__rows",
	} {
		if err := w.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Fuse(t.Context(), c, divisionEntity); err != nil {
		t.Fatal(err)
	}
}

// standingFigures are what the figures of every indicator are, in one word each.
func standingFigures(t *testing.T, w *Warehouse) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, s := range strs(t, w, fmt.Sprintf(`SELECT concat(toString(indicator), ' ', toString(count()), ' ', toString(groupBitXor(cityHash64(toString(tuple(%[1]s, row))))))
FROM (SELECT indicator, %[1]s, argMax(tuple(%[2]s), known_from) AS row FROM ads.indicator_point GROUP BY indicator, %[1]s HAVING NOT argMax(removed, known_from))
GROUP BY indicator`, pointKey, pointValues)) {
		name, sum, _ := strings.Cut(s, " ")
		out[name] = sum
	}
	return out
}

// After any changes, what the changes touched computed in part is what computing
// everything anew gives: things that are new, corrected, moved to another
// division and withdrawn. RONGTONG_FIGURES=all takes every indicator.
func TestPartIsWhole(t *testing.T) {
	c := shippedCatalog(t)
	w := engine(t, c)
	settle(t, w, c)
	seed := uint64(time.Now().UnixNano())
	rnd := rand.New(rand.NewPCG(seed, 1))
	// Rows at every tier, of indicators whose units are of one: some have no place.
	inds := []*schemas.Indicator{c.Indicator("I-05-12"), c.Indicator("I-10-08")}
	for i, ind := range c.Indicators {
		if slices.Contains(inds, ind) {
			continue
		}
		if os.Getenv("RONGTONG_FIGURES") == "all" || i%8 == int(seed%8) {
			inds = append(inds, ind)
		}
	}
	entities := map[string]bool{}
	for _, ind := range inds {
		for _, name := range ind.Reads {
			entities[name] = c.Entity(name) != nil && name != divisionEntity
		}
	}
	k := claimer{c: c, divisions: "(SELECT groupArray(division_code) FROM (SELECT division_code FROM dwd.division ORDER BY cityHash64(division_code) LIMIT 3000))", things: 3000}
	claim := func(e string, version int, where, gone string) {
		t.Helper()
		if err := w.Exec(t.Context(), k.sql(c.Entity(e), version, where, gone)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Fuse(t.Context(), c, e); err != nil {
			t.Fatal(err)
		}
	}
	for e, is := range entities {
		if is {
			claim(e, 2, "1", "0")
		}
	}
	if did := bringUp(t, w, c, "whole", inds...); did.Full == 0 || did.Partial > 0 {
		t.Errorf("at first: %s", did)
	}
	var parts Refreshed
	for version := 3; version < 6; version++ {
		for e, is := range entities {
			if is && rnd.IntN(2) == 0 {
				claim(e, version, fmt.Sprintf("cityHash64(number, %d) %% 100 < 2", rnd.IntN(1000)), "cityHash64(number) % 4 = 0")
			}
		}
		parts.Add(bringUp(t, w, c, "part", inds...))
	}
	if parts.Partial == 0 || parts.Written == 0 {
		t.Errorf("nothing was computed in part: %s", parts)
	}
	got := standingFigures(t, w)
	for _, sql := range []string{"TRUNCATE TABLE ads.indicator_point", "TRUNCATE TABLE ads.indicator", "TRUNCATE TABLE ops.compute"} {
		if err := w.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	bringUp(t, w, c, "whole again", inds...)
	want := standingFigures(t, w)
	for _, ind := range inds {
		if got[ind.Indicator] != want[ind.Indicator] {
			t.Errorf("%s: in part %s, whole %s (seed %d)", ind.Indicator, got[ind.Indicator], want[ind.Indicator], seed)
		}
	}
	t.Logf("%d indicators; %s", len(inds), parts)
}

// Rows without dates: what is first known holds for the past as well, what changes
// in a later month holds from that month on, in part and whole alike.
func TestUndatedMonths(t *testing.T) {
	c := shippedCatalog(t)
	w := engine(t, c)
	settle(t, w, c)
	var inds []*schemas.Indicator
	for _, name := range []string{"I-05-19", "I-03-07", "I-13-11", "I-04-10"} {
		ind := c.Indicator(name)
		if ind == nil || ind.Dated() {
			t.Fatalf("%s is no indicator without dates", name)
		}
		inds = append(inds, ind)
	}
	k := claimer{c: c, divisions: "(SELECT groupArray(division_code) FROM (SELECT division_code FROM dwd.division ORDER BY cityHash64(division_code) LIMIT 300))", things: 1000}
	claim := func(version int, where, gone string) {
		t.Helper()
		for _, ind := range inds {
			for _, e := range ind.Reads {
				if c.Entity(e) == nil || e == divisionEntity {
					continue
				}
				if err := w.Exec(t.Context(), k.sql(c.Entity(e), version, where, gone)); err != nil {
					t.Fatal(err)
				}
				if _, err := w.Fuse(t.Context(), c, e); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	at := func(period string) string {
		t.Helper()
		return strings.Join(strs(t, w, fmt.Sprintf("SELECT concat(toString(indicator), ' ', toString(count()), ' ', toString(groupBitXor(cityHash64(division_code, unit_tier, numerator, denominator, n_units, n_missing)))) FROM ads.indicator_value WHERE period = '%s' GROUP BY indicator ORDER BY indicator", period)), "\n")
	}
	december, january, march := decemberEnd, decemberEnd.AddDate(0, 0, 5), decemberEnd.AddDate(0, 2, 20)

	// The first month: what comes later in it was so all the time, too.
	claim(2, "number < 700", "0")
	bringUpOn(t, w, c, december, "first", inds...)
	early := at("2025-12")
	claim(3, "number % 50 = 1 OR number > 900", "number % 4 = 0")
	if did := bringUpOn(t, w, c, december, "december", inds...); did.Partial == 0 {
		t.Errorf("in December: %s", did)
	}
	first := at("2025-12")
	if first == early || first != at("2021-03") || strings.Count(first, "\n") != len(inds)-1 {
		t.Errorf("in December the figures are\n%s\nof March 2021\n%s", first, at("2021-03"))
	}

	// Another month: everything anew, then in part.
	claim(4, "number % 50 = 2", "number % 4 = 0")
	if did := bringUpOn(t, w, c, january, "january", inds...); did.Full == 0 {
		t.Errorf("in January: %s", did)
	}
	second := at("2026-01")
	claim(5, "number % 50 = 3", "number % 4 = 0")
	if did := bringUpOn(t, w, c, january, "january again", inds...); did.Partial == 0 {
		t.Errorf("in January again: %s", did)
	}
	third := at("2026-01")
	claim(6, "number % 50 = 4", "number % 4 = 0")
	bringUpOn(t, w, c, march, "march", inds...)
	fourth := at("2026-03")
	if got := at("2025-12"); got != first {
		t.Errorf("of December it is now said\n%s\nit was\n%s", got, first)
	}
	if got := at("2026-02"); second == third || got != third || fourth == third || got != at("2026-01") {
		t.Errorf("of February it is said\n%s\nof January it was\n%s", got, third)
	}

	// Everything is withdrawn: nothing stands any more, the months before do.
	claim(7, "1", "1")
	bringUpOn(t, w, c, march, "gone", inds...)
	if got := at("2026-03"); got != "" || at("2026-01") != third {
		t.Errorf("of March it is said\n%s", got)
	}
	bringUpOn(t, w, c, march.AddDate(0, 1, 0), "still gone", inds...)
	if n := strs(t, w, "SELECT toString(count()) FROM ads.indicator_point WHERE run_id = 'still gone'"); n[0] != "0" {
		t.Errorf("what was gone is gone again in %s rows", n[0])
	}
	claim(8, "number < 700 OR number > 900", "0")
	bringUpOn(t, w, c, march.AddDate(0, 1, 0), "back", inds...)
	back := at("2026-04")

	// The whole, computed by itself, is what the last month says.
	for _, sql := range []string{"TRUNCATE TABLE ads.indicator_point", "TRUNCATE TABLE ads.indicator", "TRUNCATE TABLE ops.compute"} {
		if err := w.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	bringUpOn(t, w, c, march.AddDate(0, 1, 0), "whole", inds...)
	if got := at("2026-04"); got != back || got == "" {
		t.Errorf("in part\n%s\nwhole\n%s", back, got)
	}
}
