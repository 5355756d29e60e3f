package control

import (
	"context"
	"slices"
	"strings"
	"time"

	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/divisions"
	"rongtong/schemas/fault"
)

// Explanation is the lineage of an indicator's figures or of one fused row.
type Explanation struct {
	Figures []warehouse.Figure `json:"figures,omitempty"`
	Thing   *warehouse.Thing   `json:"thing,omitempty"`
}

// Why tells where an answer of the warehouse comes from. What is an indicator,
// as in "I-13-14" or "I-13-14@2025-12" (then of is a division, by default the
// province; without a period it is the last one that is over), or an entity (then
// of is the key of a thing, its columns joined with '|').
//
// "I-13-14@2025-06-15" is of any day, from the rows that were true then, and
// "I-13-14@2025-06-15@2025-07-01" as far as they were known by the end of a day.
//
// hidden shows the numbers of figures that analysts do not see, if the connection
// may read the tables behind the views.
func Why(ctx context.Context, o Options, what, of string, limit int, hidden bool) (Explanation, error) {
	d, err := o.live(ctx)
	if err != nil {
		return Explanation{}, err
	}
	w, err := o.warehouse(ctx)
	if err != nil {
		return Explanation{}, err
	}
	defer w.Close()
	name, period, _ := strings.Cut(what, "@")
	if i := slices.IndexFunc(d.Catalog.Indicators, func(i *schemas.Indicator) bool { return strings.EqualFold(i.Indicator, name) }); i >= 0 {
		if of == "" {
			root, err := divisions.Load()
			if err != nil {
				return Explanation{}, err
			}
			of = root.At(0).Code
		}
		if at, known, ok, err := days(period); ok || err != nil {
			if err != nil {
				return Explanation{}, err
			}
			figures, err := w.FigureAt(ctx, d.Catalog, d.Catalog.Indicators[i], of, at, known, hidden)
			return Explanation{Figures: figures}, err
		}
		figures, err := w.WhyFigure(ctx, d.Catalog, d.Catalog.Indicators[i], of, period, limit, hidden)
		return Explanation{Figures: figures}, err
	}
	if d.Catalog.Entity(what) == nil {
		return Explanation{}, fault.Hint(fault.Config, decl.Suggest(what, answers(d.Catalog)), "explaining %q: it is neither an indicator nor an entity", what)
	}
	t, err := w.WhyThing(ctx, d.Catalog, what, of)
	return Explanation{Thing: &t}, err
}

// days reads "2025-06-15" and "2025-06-15@2025-07-01": a day, and the end of the
// day until which something was known. What is no day is the name of a period.
func days(text string) (at, known time.Time, ok bool, err error) {
	day, until, both := strings.Cut(text, "@")
	zone := time.FixedZone("Asia/Shanghai", 8*3600)
	at, err = time.ParseInLocation(time.DateOnly, day, zone)
	if err != nil {
		if both {
			return at, known, false, fault.Hint(fault.Config, "write a day before the second @, as in I-13-14@2025-06-15@2025-07-01", "reading %q: a figure as it was known is one of a day", text)
		}
		return at, known, false, nil
	}
	if known = time.Now(); both {
		if known, err = time.ParseInLocation(time.DateOnly, until, zone); err != nil {
			return at, known, false, fault.Hint(fault.Config, "write it as 2025-07-01", "reading %q: %q is no day", text, until)
		}
		known = known.AddDate(0, 0, 1).Add(-time.Millisecond)
	}
	return at, known, true, nil
}

// answers are the names that Why knows.
func answers(c *schemas.Catalog) []string {
	var out []string
	for _, e := range c.Entities {
		out = append(out, e.Entity)
	}
	for _, i := range c.Indicators {
		out = append(out, i.Indicator)
	}
	return out
}
