package divisions

import (
	"iter"
	"slices"
)

// Path returns the divisions from the province down to the code, nil for an
// unknown code.
func (r *Register) Path(code string) []Division {
	d, ok := r.Lookup(code)
	if !ok {
		return nil
	}
	out := []Division{d}
	for d.ParentIndex >= 0 {
		d = r.At(d.ParentIndex)
		out = append(out, d)
	}
	slices.Reverse(out)
	return out
}

// Down yields the divisions of a tier inside the code, in order of codes, of the
// given kinds only; of every kind when none is given. It includes the division
// itself if it is of that tier.
func (r *Register) Down(code, tier string, kinds ...string) iter.Seq[Division] {
	return func(yield func(Division) bool) {
		for d := range r.Within(code) {
			if d.Tier == tier && (len(kinds) == 0 || slices.Contains(kinds, d.Kind)) && !yield(d) {
				return
			}
		}
	}
}

// Counties yields the county units: the 136 counties in law when civil is true,
// else all 151.
func (r *Register) Counties(civil bool) iter.Seq[Division] { return r.tier(County, civil) }

func (r *Register) tier(tier string, civil bool) iter.Seq[Division] {
	return func(yield func(Division) bool) {
		for d := range r.All(tier) {
			if (!civil || d.Kind == Civil) && !yield(d) {
				return
			}
		}
	}
}

// Variant is one way to count the townships of the province. A coverage figure
// names the one that it was divided by, or it cannot be compared.
type Variant struct {
	Name      string `json:"name"`
	Townships int    `json:"townships"`
	Computed  bool   `json:"computed"` // from the shipped register; else as published
	Basis     string `json:"basis"`
}

// Variants returns the three answers to "how many townships has Shandong".
func (r *Register) Variants() []Variant {
	count := func(civil bool) (n int) {
		for range r.tier(Township, civil) {
			n++
		}
		return n
	}
	return []Variant{
		{"mca-2023", 1825, false, "as published by the provincial department of civil affairs in 2023; this project has no list of its codes"},
		{Version, count(false), true, "the statistical register"},
		{Version + "-civil", count(true), true, "the statistical register without its quasi townships (township part 400–599)"},
	}
}
