package control

import (
	"context"
	"slices"
	"strings"

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
func Why(ctx context.Context, o Options, what, of string, limit int) (Explanation, error) {
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
		figures, err := w.WhyFigure(ctx, d.Catalog, d.Catalog.Indicators[i], of, period, limit)
		return Explanation{Figures: figures}, err
	}
	if d.Catalog.Entity(what) == nil {
		return Explanation{}, fault.Hint(fault.Config, decl.Suggest(what, answers(d.Catalog)), "explaining %q: it is neither an indicator nor an entity", what)
	}
	t, err := w.WhyThing(ctx, d.Catalog, what, of)
	return Explanation{Thing: &t}, err
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
