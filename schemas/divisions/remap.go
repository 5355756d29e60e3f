package divisions

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// How a quantity or a thing of one register reaches another.
const (
	Same      = "same"      // all of it lies in the division of the same code
	Whole     = "whole"     // all of it lies in one division of another code
	Shared    = "shared"    // several hold it, by recorded shares
	Undivided = "undivided" // several hold it and nobody recorded the shares: it stays at the lowest division that holds them all
	Above     = "above"     // the county or township is known, the code inside it is not: it stays there
	Lost      = "lost"      // abolished (or created) and nobody recorded the other side: it stays at the lowest division above that goes on
)

// ShareUnit is the whole of a division: shares are counted in 1e-12.
const ShareUnit = int64(1_000_000_000_000)

// Remap is one way from the register of one day to that of another. Several
// rows of one code, time and register are the parts of a whole: they cover
// [0, ShareUnit) without gap or overlap, so that what is distributed by them
// adds up to what there was, to the last digit.
type Remap struct {
	Code               string   // 12 digits
	Below              bool     // speaks of the codes under Code that have no row of their own
	AtFrom, AtTo       Date     // [from, to): the day the quantity is of
	UnderFrom, UnderTo Date     // [from, to): the day of the register it is shown under
	How                string   // one of the constants above
	To                 string   // 12 digits, in that register
	ShareFrom, ShareTo int64    // the part of the whole that goes to To
	Candidates         []string // Undivided: the divisions that hold parts of unknown size, in the other register
	Changes            []string // that lie between, oldest first
}

// Remaps works out, for every code that the history or an extra change names,
// how it is shown under the register of every other day, in both directions.
// It holds for nbs12, and for gb6, which is the same at county tier and above;
// changes of mca9 townships say nothing about the codes of nbs12.
//
// An extra change that repeats a recorded one (same codes, same day) supplies
// its share. A day stands for the register in which the code is valid: a code
// that is written before it came into use, because it was taken over at load, or
// after it went out of use, is read in the nearest register that has it.
//
// Backwards a division is whole when all of it came from one; otherwise it is
// Undivided: a share of a predecessor says nothing about its successors' parts.
//
// An extra change that cannot be one is left out; refused says why, one error a
// change.
func (h *History) Remaps(extra []Change) (rows []Remap, refused []error) {
	t, refused := h.timeline(extra)
	for _, codes := range t.components() {
		rows = append(rows, t.component(codes)...)
	}
	return rows, refused
}

// timeline is a history of nbs12 alone, with what else is known of it.
type timeline struct {
	History
	created map[uint64]int // the first group in which a code is in use
	ended   map[uint64]int // the group that ends it
}

func (h *History) timeline(extra []Change) (t *timeline, refused []error) {
	t = &timeline{History: History{reg: h.reg, byID: map[string]*Change{}, names: map[uint64]string{}}, created: map[uint64]int{}, ended: map[uint64]int{}}
	for _, c := range h.changes {
		if c.System == GB6 {
			t.changes = append(t.changes, c)
		}
	}
	seen := map[string]bool{}
	for _, c := range extra {
		err := t.admit(c)
		if err == nil && seen[c.ID] {
			err = fmt.Errorf("reading the change %q of divisions: another has the same id", c.ID)
		}
		if seen[c.ID] = true; err != nil {
			refused = append(refused, err)
		}
	}
	slices.SortStableFunc(t.changes, func(a, b Change) int { return int(a.CodeValidFrom - b.CodeValidFrom) })
	if err := t.index(); err != nil {
		refused = append(refused, err)
	}
	t.lives()
	return t, refused
}

// admit takes a change that is not in the shipped history.
func (t *timeline) admit(c Change) error {
	bad := func(why string) error {
		return fmt.Errorf("reading the change %q of divisions: %s", c.ID, why)
	}
	var rule string
	for _, side := range []struct {
		text string
		to   *uint64
	}{{c.Old, &c.old}, {c.New, &c.new}} {
		if *side.to, rule = codeOf(NBS12, []byte(side.text)); rule != "" && side.text != "" {
			return bad(fmt.Sprintf("%q is not a code of nbs12", side.text))
		}
	}
	switch {
	case c.CodeValidFrom <= 0:
		return bad("it has no day from which the new code is valid")
	case c.old == 0 && c.new == 0:
		return bad("it names no code")
	case c.ShareKnown && !(c.Share > 0 && c.Share <= 1):
		return bad(fmt.Sprintf("the share %g is not above 0 and at most 1", c.Share))
	}
	if !c.ShareKnown && wholes[c.Kind] {
		c.Share, c.ShareKnown = 1, true
	}
	for i := range t.changes {
		o := &t.changes[i]
		if o.old == c.old && o.new == c.new && o.CodeValidFrom == c.CodeValidFrom {
			if c.ShareKnown {
				o.Share, o.ShareKnown = c.Share, true
			}
			return nil
		}
	}
	c.creates = c.new != 0 && c.new != c.old && !joins[c.Kind]
	t.changes = append(t.changes, c)
	return nil
}

// Kinds of the entity division_change that the recorded history does not use.
const (
	VillageMerge      = "village_merge"
	VillageConversion = "village_conversion"
	CosmeticName      = "cosmetic_name"
)

// wholes are the kinds that hand over all of the old division; joins are those
// whose new code may have been in use before.
var (
	wholes = map[string]bool{Rename: true, Recode: true, Merge: true, CountyToDistrict: true, VillageMerge: true, VillageConversion: true, CosmeticName: true}
	joins  = map[string]bool{Merge: true, VillageMerge: true, PartTransfer: true, Rename: true, CosmeticName: true}
)

// lives finds in which groups codes begin and end. A code that a change keeps,
// because part of it stays, does not end.
func (t *timeline) lives() {
	for g := range t.groups {
		for old, edges := range t.groups[g].edge {
			keeps := false
			for _, i := range edges {
				keeps = keeps || !t.changes[i].ends()
			}
			if !keeps {
				t.ended[old] = g
			}
		}
	}
	for g := len(t.groups) - 1; g >= 0; g-- {
		for i := range t.changes {
			if c := &t.changes[i]; c.CodeValidFrom == t.groups[g].at && c.creates {
				if end, ok := t.ended[c.new]; !ok || end >= g {
					t.created[c.new] = g
				}
			}
		}
	}
}

// components are the codes that changes connect, each in order of codes.
func (t *timeline) components() [][]uint64 {
	of := map[uint64]int{}
	var sets [][]uint64
	put := func(code uint64, set int) {
		if code != 0 && of[code] == 0 {
			of[code] = set + 1
			sets[set] = append(sets[set], code)
		}
	}
	for i := range t.changes {
		c := &t.changes[i]
		a, b := of[c.old], of[c.new]
		switch {
		case a == 0 && b == 0:
			sets = append(sets, nil)
			put(c.old, len(sets)-1)
			put(c.new, len(sets)-1)
		case a != 0 && b != 0 && a != b:
			for _, code := range sets[b-1] {
				of[code] = a
			}
			sets[a-1], sets[b-1] = append(sets[a-1], sets[b-1]...), nil
		default:
			put(c.old, max(a, b)-1)
			put(c.new, max(a, b)-1)
		}
	}
	sets = slices.DeleteFunc(sets, func(s []uint64) bool { return len(s) == 0 })
	for _, s := range sets {
		slices.Sort(s)
	}
	slices.SortFunc(sets, func(a, b []uint64) int { return slices.Compare(a[:1], b[:1]) })
	return sets
}

// component answers for every code of one set, between every two registers.
func (t *timeline) component(codes []uint64) []Remap {
	var cuts []int // groups that change something here
	for g := range t.groups {
		if slices.ContainsFunc(codes, func(c uint64) bool { return len(t.groups[g].edge[c]) > 0 || t.isCreated(c, g) }) {
			cuts = append(cuts, g)
		}
	}
	var out []Remap
	for _, code := range codes {
		for _, below := range []bool{false, true} {
			if below && code%1e3 != 0 {
				continue // nothing lies below a village
			}
			for i := range len(cuts) + 1 {
				first := len(out)
				for j := range len(cuts) + 1 {
					rows := t.way(code, below, codes, after(cuts, i), after(cuts, j))
					for k := range rows {
						rows[k].AtFrom, rows[k].AtTo = t.span(cuts, i)
						rows[k].UnderFrom, rows[k].UnderTo = t.span(cuts, j)
					}
					out = widen(out, first, rows)
				}
			}
		}
	}
	return out
}

func (t *timeline) isCreated(code uint64, g int) bool {
	made, ok := t.created[code]
	return ok && made == g
}

// after is how many groups have been applied in the i-th stretch between cuts.
func after(cuts []int, i int) int {
	if i == 0 {
		return 0
	}
	return cuts[i-1] + 1
}

func (t *timeline) span(cuts []int, i int) (from, to Date) {
	from, to = 0, never
	if i > 0 {
		from = t.groups[cuts[i-1]].at
	}
	if i < len(cuts) {
		to = t.groups[cuts[i]].at
	}
	return from, to
}

// widen adds rows, or lengthens those just before them that say the same.
func widen(out []Remap, first int, rows []Remap) []Remap {
	last := len(out) - len(rows)
	same := last >= first && len(rows) > 0
	for k := 0; same && k < len(rows); k++ {
		a, b := out[last+k], rows[k]
		same = a.UnderTo == b.UnderFrom && a.How == b.How && a.To == b.To && a.ShareFrom == b.ShareFrom && a.ShareTo == b.ShareTo &&
			slices.Equal(a.Candidates, b.Candidates) && slices.Equal(a.Changes, b.Changes)
	}
	if !same || last > first && out[last-1].UnderFrom == out[last].UnderFrom {
		return append(out, rows...)
	}
	for k := range rows {
		out[last+k].UnderTo = rows[k].UnderTo
	}
	return out
}

// inner is a code below a division that no change names.
func inner(code uint64) uint64 { return code + 1 }

// way answers for one code between two registers, given as how many groups each
// has seen. No row: the codes below are not concerned.
func (t *timeline) way(code uint64, below bool, codes []uint64, at, under int) []Remap {
	at = t.clamp(code, at)
	start := code
	if below {
		start = inner(code)
	}
	var rows []Remap
	if under >= at {
		rows = t.forward(start, at, under)
	} else {
		rows = t.backward(code, below, codes, at, under)
	}
	if below && len(rows) == 1 && rows[0].How == Same {
		return nil
	}
	for i := range rows {
		rows[i].Code, rows[i].Below = text(code), below
	}
	return rows
}

// clamp moves a register to the nearest that has the code.
func (t *timeline) clamp(code uint64, at int) int {
	if made, ok := t.created[code]; ok && at <= made {
		at = made + 1
	}
	if end, ok := t.ended[code]; ok && at > end && t.created[code] <= end {
		at = end
	}
	return at
}

// valid reports whether a code is in use in a register.
func (t *timeline) valid(code uint64, at int) bool { return t.clamp(code, at) == at }

// walk is follow between two registers.
func (t *timeline) walk(code uint64, from, to int) (held []holding, lost bool) {
	held = []holding{{code: code, share: 1, known: true}}
	for _, g := range t.groups[from:to] {
		var next []holding
		for _, x := range held {
			got := t.step(g, true, x)
			lost = lost || len(got) == 0
			next = append(next, got...)
		}
		held = join(next)
	}
	if len(held) == 1 && !held[0].above && !lost {
		held[0].share, held[0].known = 1, true
	}
	return held, lost
}

func (t *timeline) forward(code uint64, at, under int) []Remap {
	held, lost := t.walk(code, at, under)
	whole := Remap{How: Whole, ShareTo: ShareUnit}
	switch {
	case len(held) == 0 || lost:
		whole.How, whole.To = Lost, t.goesOn(code, at, under)
		for _, x := range held {
			whole.Candidates = append(whole.Candidates, text(x.code))
		}
	case len(held) == 1 && held[0].above:
		whole.How, whole.To = Above, text(held[0].code)
	case len(held) == 1:
		if whole.To = text(held[0].code); held[0].code == code {
			whole.How = Same
		}
	default:
		if rows := t.shares(held); rows != nil {
			return rows
		}
		whole.How = Undivided
		var all []uint64
		for _, x := range held {
			all = append(all, x.code)
			whole.Candidates = append(whole.Candidates, text(x.code))
		}
		whole.To = text(common(all))
	}
	slices.Sort(whole.Candidates)
	whole.Changes = t.refsOf(held)
	return []Remap{whole}
}

// shares cuts the whole by recorded shares; nil when one is unknown, or they
// do not make a whole.
func (t *timeline) shares(held []holding) []Remap {
	sum := 0.0
	for _, x := range held {
		if !x.known || x.above {
			return nil
		}
		sum += x.share
	}
	if math.Abs(sum-1) > 1e-9 {
		return nil
	}
	slices.SortFunc(held, func(a, b holding) int { return cmp.Compare(a.code, b.code) })
	rows := make([]Remap, len(held))
	sum = 0
	for i, x := range held {
		r := &rows[i]
		*r = Remap{How: Shared, To: text(x.code), ShareFrom: int64(math.Round(sum * float64(ShareUnit))), Changes: x.refs}
		sum += x.share
		if r.ShareTo = int64(math.Round(sum * float64(ShareUnit))); i == len(held)-1 {
			r.ShareTo = ShareUnit
		}
	}
	return rows
}

// backward looks for what a code's territory was: the codes of the earlier
// register from which something came to it.
func (t *timeline) backward(code uint64, below bool, codes []uint64, at, under int) []Remap {
	r := Remap{How: Whole, ShareTo: ShareUnit}
	var from []uint64
	above := false
	for _, p := range codes {
		if !t.valid(p, under) {
			continue
		}
		start := p
		if below {
			start = inner(p)
		}
		held, _ := t.walk(start, under, at)
		for _, x := range held {
			if x.code == code || below && x.code == inner(code) {
				from = append(from, p)
				above = above || below && x.above
				r.Changes = append(r.Changes, x.refs...)
			}
		}
	}
	slices.Sort(r.Changes)
	r.Changes = slices.Compact(r.Changes)
	switch {
	case len(from) == 0:
		r.How, r.To = Lost, t.cameFrom(code, at, under)
	case len(from) == 1 && from[0] == code && !above:
		r.How, r.To, r.Changes = Same, text(code), nil
	case len(from) == 1:
		if r.To = text(from[0]); below {
			r.How = Above
		}
	default:
		r.How, r.To = Undivided, text(common(from))
		for _, p := range from {
			r.Candidates = append(r.Candidates, text(p))
		}
	}
	return []Remap{r}
}

// goesOn is the lowest division above a code that one division took over whole.
func (t *timeline) goesOn(code uint64, at, under int) string {
	for _, part := range [...]uint64{1e3, 1e6, 1e8, 1e10} {
		up := code / part * part
		if up == code {
			continue
		}
		if held, lost := t.walk(up, at, under); len(held) == 1 && !lost && !held[0].above {
			return text(held[0].code)
		}
	}
	return text(code / 1e10 * 1e10)
}

// cameFrom is the lowest division above a code that was there before.
func (t *timeline) cameFrom(code uint64, at, under int) string {
	for _, part := range [...]uint64{1e3, 1e6, 1e8, 1e10} {
		up := code / part * part
		if up == code || !t.valid(up, under) {
			continue
		}
		if held, lost := t.walk(up, under, at); len(held) == 1 && !lost && held[0].code == up {
			return text(up)
		}
	}
	return text(code / 1e10 * 1e10)
}

// common is the lowest division that holds all of some.
func common(codes []uint64) uint64 {
	for _, part := range [...]uint64{1, 1e3, 1e6, 1e8} {
		up := codes[0] / part * part
		if !slices.ContainsFunc(codes, func(c uint64) bool { return c/part*part != up }) {
			return up
		}
	}
	return codes[0] / 1e10 * 1e10
}

func (t *timeline) refsOf(held []holding) []string {
	var out []string
	for _, x := range held {
		for _, r := range x.refs {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}
