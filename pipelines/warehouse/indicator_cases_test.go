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

// caseSQL is the indicator's whole query over a case's rows instead of tables:
// what runs is the text that runs in production.
func caseSQL(t *testing.T, c *schemas.Catalog, reg *divisions.Register, ind *schemas.Indicator, cs *schemas.IndicatorCase) string {
	t.Helper()
	query, err := computeSQL(ind, "case")
	if err != nil {
		t.Fatal(err)
	}
	path, err := pathSQL(c)
	if err != nil {
		t.Fatal(err)
	}
	path = strings.Replace(path, "SELECT unit, unit_tier, a.1, a.2, a.3",
		"SELECT unit AS division_code, unit_tier AS tier, a.1 AS ancestor_code, a.2 AS ancestor_tier, a.3 AS ancestor_name", 1)
	query = strings.ReplaceAll(query, "dwd.division_path", "(\n"+path+"\n)")
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
	got := strs(t, w, fmt.Sprintf(`SELECT concatWithSeparator(' ', toString(r.8), toString(r.9), toString(r.12), ifNull(toString(round(r.10, 2)), '-'), if(r.13, 'true', 'false'), multiIf(r.16 IS NULL, '-', r.16, 'true', 'false'))
FROM (SELECT tuple(*) AS r FROM (%s)) WHERE toString(r.4) = %s AND toString(r.5) = %s`, caseSQL(t, c, reg, ind, cs), quote(unit), quote(cs.Want.Division)))
	return lines(got)
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
	if err := w.Compute(t.Context(), c, ind, "r"); err != nil {
		t.Fatal(err)
	}
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
		query, err := computeSQL(ind, "r")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Exec(t.Context(), query+" FORMAT Null"); err != nil {
			t.Errorf("%s: %v", ind.Indicator, err)
		}
	}
}
