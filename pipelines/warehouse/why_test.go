package warehouse

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// A fused row is followed back to every claim, the superseded and withdrawn
// ones included, and each claim to its record and its place in the source.
func TestWhyThing(t *testing.T) {
	c := catalogOf(t, strings.Replace(gadget, "FUSION", "field", 1))
	e := c.Entity("gadget")
	e.Authority = []string{"P"}
	w := engine(t, c)
	from := func(src, tier string, version, offset uint64, deleted bool, a string) claim {
		c := claim{key: "P/it's|1", src: src, tier: tier, version: version, offset: offset, deleted: deleted}
		if !deleted {
			c.values = map[string]string{"must": "m", "a": a}
		}
		return c
	}
	loadClaims(t, w, e, "1", []claim{
		from("p1", "P", 1, 1, false, "1"), from("p1", "P", 2, 2, false, "2"),
		from("x1", "X", 5, 3, false, "7"), from("v1", "V", 9, 4, true, ""),
	})
	if _, err := w.Fuse(t.Context(), c, "gadget"); err != nil {
		t.Fatal(err)
	}
	got, err := w.WhyThing(t.Context(), c, "gadget", "P|it's|1")
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, f := range got.Fields {
		if f.Name == "a" {
			said = append(said, fmt.Sprintf("a=%s by %s, %s", f.Value, f.Src, f.Rule))
		}
	}
	for _, x := range got.Claims {
		said = append(said, fmt.Sprintf("%s %d@%d latest=%v withdrawn=%v a=%s", x.System, x.Version, x.Offset, x.Latest, x.Withdrawn, x.Values["a"]))
	}
	for _, x := range got.Conflicts {
		said = append(said, fmt.Sprintf("%s: %s %s, %s %s", x.Field, x.Src, x.Value, x.OtherSrc, x.OtherValue))
	}
	want := []string{
		"a=2 by p1, authority:1",
		"v1 9@4 latest=true withdrawn=true a=",
		"x1 5@3 latest=true withdrawn=false a=7",
		"p1 2@2 latest=true withdrawn=false a=2",
		"p1 1@1 latest=false withdrawn=false a=1",
		"a: p1 2, x1 7",
	}
	if d := cmp.Diff(want, said); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if _, err := w.WhyThing(t.Context(), c, "gadget", "P|2"); fault.Of(err) != fault.Data {
		t.Errorf("a thing that nobody claims gives %v", err)
	}
}

// A figure is followed back to its units, missing ones and those that weigh
// against it first.
func TestWhyFigure(t *testing.T) {
	c, w := province(t)
	ind := &schemas.Indicator{
		Indicator: "I-T-05", Scale: 100, ComputedAt: "V", PublishedAt: []string{"P", "V"}, Periods: yearly, Register: "nbs", Reads: []string{"division"},
		SQL: `SELECT division_code, multiIf(division_code LIKE '%1', NULL, division_code LIKE '%2', 0, 1) AS numerator, 1 AS denominator FROM dwd.division WHERE level = 'village'`,
	}
	bringUp(t, w, c, "r7", ind)
	figures, err := w.WhyFigure(t.Context(), c, ind, "370000000000", "2025", 3, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(figures) != 1 || figures[0].RunID != "r7" || figures[0].Missing == 0 {
		t.Fatalf("got %+v", figures)
	}
	units := figures[0].UnitsBelow
	if len(units) != 3 || units[0].Numerator != "" || units[0].Division[11] != '1' || len(figures[0].ThingsInDivision) != 0 {
		t.Errorf("the units are %+v", units)
	}
	figures, err = w.WhyFigure(t.Context(), c, ind, units[0].Division, "2025", 3, false)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Ref{{"division", units[0].Division}}, figures[0].ThingsInDivision); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if _, err := w.WhyFigure(t.Context(), c, ind, "379999999999", "2025", 3, false); fault.Of(err) != fault.Data {
		t.Errorf("a division without a figure gives %v", err)
	}
}

// A figure that analysts do not see has no numbers, and nothing below it, unless who
// asks may read the tables behind the views and says so: analysts never.
func TestWhyHidden(t *testing.T) {
	c, w := province(t)
	ind := c.Indicator("I-05-08")
	closed := func(key, result string) map[string]string {
		return map[string]string{"case_key": key, "division_code": "370102001000", "result": result, "closed_on": "2025-02-01",
			"src_system": "county_ledger", "src_tier": "X", "version": "1", "event_time": "2025-02-02T00:00:00Z"}
	}
	loadRows(t, c, w, "dispute_case", "d1", closed("a", "agreed"), closed("b", "to_court"))
	bringUp(t, w, c, "r1", ind)
	analyst := asAnalyst(t)
	for _, place := range []string{"370000000000", "370102001000"} {
		for _, x := range []struct {
			who    string
			w      *Warehouse
			hidden bool
			want   string // "": refused
		}{
			{"an analyst", analyst, false, "suppressed  ÷ "}, {"an analyst who asks for it", analyst, true, ""},
			{"an administrator", w, false, "suppressed  ÷ "}, {"an administrator who asks for it", w, true, "1 ÷ 2"},
		} {
			check := func(what string, figures []Figure, err error) {
				t.Helper()
				got := ""
				for _, f := range figures {
					if f.Suppressed {
						got = "suppressed "
						if f.Value+f.Met != "" || f.Units+f.Missing > 0 || len(f.UnitsBelow)+len(f.ThingsInDivision) > 0 {
							t.Errorf("%s of %s: %s sees %+v", what, place, x.who, f)
						}
					}
					got += f.Numerator + " ÷ " + f.Denominator
				}
				if got != x.want || (err != nil) != (x.want == "") {
					t.Errorf("%s of %s: %s sees %q (%v), want %q", what, place, x.who, got, err, x.want)
				}
			}
			figures, err := x.w.WhyFigure(t.Context(), c, ind, place, "2025-12", 3, x.hidden)
			check("December", figures, err)
			if x.w == w { // the figures of any day are made of rows that analysts do not read
				figures, err = x.w.FigureAt(t.Context(), c, ind, place, decemberEnd, time.Now(), x.hidden)
				check("the day", figures, err)
			}
		}
	}
}
