package warehouse

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/divisions"
)

var dwdTableRef = regexp.MustCompile(`\bdwd\.(\w+)`)

// jsonValue makes the JSON of a case's cell. Lists and maps are written as in
// ClickHouse, with single quotes.
func jsonValue(col *schemas.Column, s string) any {
	if strings.HasPrefix(s, "[") || strings.HasPrefix(s, "{") {
		var v any
		if json.Unmarshal([]byte(strings.ReplaceAll(s, "'", `"`)), &v) == nil {
			return v
		}
	}
	return s
}

// inline is a subquery that yields the rows of an entity, as dwd has them. A
// row's key "@repeat" says how often it stands there.
func inline(t *testing.T, e *schemas.Entity, rows []map[string]string) string {
	t.Helper()
	var structure []string
	for _, c := range e.Columns {
		structure = append(structure, ident(c.Name)+" "+typeOf(c))
	}
	var data strings.Builder
	for _, r := range rows {
		out := map[string]any{"__n": 1}
		for k, v := range r {
			if k == "@repeat" {
				n, err := strconv.Atoi(v)
				if err != nil {
					t.Fatalf("reading @repeat: %v", err)
				}
				out["__n"] = n
				continue
			}
			c := e.Column(k)
			if c == nil {
				t.Fatalf("entity %q has no column %q", e.Entity, k)
			}
			out[k] = jsonValue(c, v)
		}
		line, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		data.Write(line)
		data.WriteByte('\n')
	}
	if len(rows) == 0 {
		return fmt.Sprintf("(SELECT * FROM null(%s))", quote(strings.Join(structure, ", ")))
	}
	return fmt.Sprintf("(SELECT * EXCEPT (__n, __i) FROM (SELECT * FROM format(JSONEachRow, %s, %s)) ARRAY JOIN range(__n) AS __i)",
		quote(strings.Join(append(structure, "__n UInt32"), ", ")), quote(data.String()))
}

// divisionRows are the divisions of a case and all above them, as the register
// has them, with what the case says otherwise.
func divisionRows(t *testing.T, reg *divisions.Register, c *schemas.Catalog, cs *schemas.IndicatorCase) []map[string]string {
	t.Helper()
	var rows []map[string]string
	seen := map[string]bool{}
	for _, code := range cs.Divisions {
		d, ok := reg.Lookup(code)
		if !ok {
			t.Fatalf("%s: the register has no division %q", cs.Pos, code)
		}
		for !seen[d.Code] {
			seen[d.Code] = true
			row := map[string]string{"division_code": d.Code, "name": d.Name, "canonical_name": d.Name, "kind": d.Kind, "code_system": "nbs12"}
			for _, l := range c.Code(levelList).Codes {
				if slices.Contains(l.Aliases, d.Tier) {
					row["level"] = l.Code
				}
			}
			if d.Parent != "" {
				row["parent_code"] = d.Parent
			}
			if d.VillageClass != "" {
				row["village_class"] = d.VillageClass
			}
			for _, o := range cs.Rows["division"] {
				if o["division_code"] == d.Code {
					for k, v := range o {
						row[k] = v
					}
				}
			}
			rows = append(rows, row)
			if d.ParentIndex < 0 {
				break
			}
			d = reg.At(d.ParentIndex)
		}
	}
	return rows
}

// pathOf are the rows of dwd.division_path for a case's divisions.
func pathOf(reg *divisions.Register, cs *schemas.IndicatorCase) string {
	var rows []string
	seen := map[string]bool{}
	for _, code := range cs.Divisions {
		for d, ok := reg.Lookup(code); ok && !seen[d.Code]; {
			seen[d.Code] = true
			a := d
			for steps := 0; ; steps++ {
				rows = append(rows, fmt.Sprintf("('%s', '%s', '%s', '%s', '%s', %d)", d.Code, d.Tier, a.Code, a.Tier, a.Name, steps))
				if a.ParentIndex < 0 {
					break
				}
				a = reg.At(a.ParentIndex)
			}
			if d.ParentIndex < 0 {
				break
			}
			d = reg.At(d.ParentIndex)
		}
	}
	return "(SELECT * FROM values('division_code FixedString(12), tier String, ancestor_code FixedString(12), ancestor_tier String, ancestor_name String, steps UInt8', " + strings.Join(rows, ", ") + "))"
}

// caseSQL is the indicator's whole query over a case's rows instead of tables:
// what runs is the text that runs in production.
func caseSQL(t *testing.T, c *schemas.Catalog, reg *divisions.Register, ind *schemas.Indicator, cs *schemas.IndicatorCase) string {
	t.Helper()
	query, err := (&computation{ind: ind, spans: around(t, ind, cs), fresh: true}).figures()
	if err != nil {
		t.Fatal(err)
	}
	query = strings.ReplaceAll(query, "dwd.division_path", pathOf(reg, cs))
	return dwdTableRef.ReplaceAllStringFunc(query, func(ref string) string {
		e := c.Entity(strings.TrimPrefix(ref, "dwd."))
		for _, r := range schemas.Relations { // a view over all entities; a case gives its rows as they are
			if ref == "dwd."+r.Entity {
				e = r
			}
		}
		if e == nil {
			t.Fatalf("%s: %s is no entity; a case cannot give rows of it", cs.Pos, ref)
		}
		if e.Entity == divisionEntity {
			return inline(t, e, divisionRows(t, reg, c, cs))
		}
		return inline(t, e, cs.Rows[e.Entity])
	})
}

// caseGot runs a case and says its figure in the words of its expectation.
func caseGot(t *testing.T, w *Warehouse, c *schemas.Catalog, reg *divisions.Register, ind *schemas.Indicator, cs *schemas.IndicatorCase) string {
	t.Helper()
	unit := cs.Want.UnitTier
	if unit == "" {
		unit = ind.ComputedAt
	}
	spans := around(t, ind, cs)
	got := strs(t, w, fmt.Sprintf(`SELECT concatWithSeparator(' ', toString(numerator), toString(denominator), toString(n_missing), ifNull(toString(round(value, 2)), '-'), if(provisional, 'true', 'false'), multiIf(met IS NULL, '-', met, 'true', 'false'))
FROM (SELECT %s, n_units AS units FROM (SELECT tuple(%s) AS row FROM (SELECT *, now() AS known_from, '' AS run_id FROM (%s) WHERE unit_tier = %s AND toString(division_code) = %s AND day <= %s ORDER BY day DESC LIMIT 1))) WHERE units > 0`,
		figureColumns("row", "false"), readValues, caseSQL(t, c, reg, ind, cs), quote(unit), quote(cs.Want.Division), quote(spans[len(spans)/2].Day.Format(time.DateOnly))))
	return lines(got)
}

// around are the period of a case in the middle of two more: what belongs to one
// must not be counted for another.
func around(t *testing.T, ind *schemas.Indicator, cs *schemas.IndicatorCase) []schemas.Span {
	t.Helper()
	name := cs.Period
	if name == "" {
		name = ind.CasePeriod()
	}
	p := ind.Periods
	p.Until = ""
	this, err := p.Span(name)
	if err != nil {
		t.Fatal(err)
	}
	all, err := p.Spans(this.Day.AddDate(0, 0, 1))
	if err != nil || len(all) < 3 {
		t.Fatalf("%s: %d periods around %q: %v", cs.Pos, len(all), name, err)
	}
	return all[len(all)-3:]
}

// caseWant writes a case's expectation as caseGot writes what came out. What the
// case does not say about met is not compared.
func caseWant(cs *schemas.IndicatorCase, got string) string {
	w := cs.Want
	f := strings.Fields(got)
	value, met := "-", "-"
	if w.Value != "" {
		v, err := strconv.ParseFloat(w.Value, 64)
		if err != nil {
			return "the value " + w.Value + " is no number"
		}
		value = strconv.FormatFloat(v, 'f', -1, 64)
	} else if len(f) > 3 {
		value = f[3]
	}
	switch {
	case w.Met != "":
		met = strconv.FormatBool(w.Met == "yes")
	case len(f) > 5:
		met = f[5]
	}
	return fmt.Sprintf("%s %s %d %s %t %s", w.Numerator, w.Denominator, w.Missing, value, w.Provisional, met)
}

// Every case of every indicator holds, on the real engine.
func TestIndicatorCases(t *testing.T) {
	c := shippedCatalog(t)
	w := bare(t)
	reg, err := divisions.Load()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	began := time.Now()
	for _, ind := range c.Indicators {
		if len(ind.Cases) == 0 {
			t.Errorf("%s: %q has no case: a figure nobody has worked out by hand is not known to be right", ind.Pos, ind.Indicator)
		}
		for _, cs := range ind.Cases {
			n++
			if cs.Want.Numerator == "" {
				t.Errorf("%s: the case expects nothing", cs.Pos)
			}
			t.Run(ind.Indicator+"/"+cs.Name, func(t *testing.T) {
				got := caseGot(t, w, c, reg, ind, cs)
				if want := caseWant(cs, got); got != want {
					t.Errorf("%s: got %q, want %q (numerator, denominator, missing, value, provisional, met)", cs.Pos, got, want)
				}
			})
		}
	}
	t.Logf("%d cases of %d indicators in %s", n, len(c.Indicators), time.Since(began).Round(time.Millisecond))
}

// No feed is not 0 %: an indicator of an entity without any claim has no figure.
func TestNoFeedNoFigure(t *testing.T) {
	c, w := province(t)
	ind := c.Indicator("I-10-02") // townships with an emergency team
	bringUp(t, w, c, "r", ind)
	if got := values(t, w, ind.Indicator); got != "" {
		t.Errorf("without claims the figures are %q", got)
	}
}

// Every indicator's whole query runs against the tables, fed or not: Compute
// leaves out those without a feed, and would not notice a text that cannot run.
func TestEveryIndicatorRuns(t *testing.T) {
	c, w := province(t)
	for _, e := range c.Entities {
		if _, err := w.Fuse(t.Context(), c, e.Entity); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.paths(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for _, ind := range c.Indicators {
		spans, err := ind.Periods.Spans(decemberEnd)
		if err != nil {
			t.Fatal(err)
		}
		query, err := (&computation{ind: ind, spans: spans, fresh: true}).figures()
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Exec(computing(t.Context()), query+" FORMAT Null"); err != nil {
			t.Errorf("%s: %v", ind.Indicator, err)
		}
	}
}
