package divisions

import (
	"fmt"
	"slices"
	"strings"
)

// Link is one row of the crosswalk between two code systems.
type Link struct {
	FromSystem string  `json:"from_system"`
	FromCode   string  `json:"from_code"`
	FromName   string  `json:"from_name"`
	ToSystem   string  `json:"to_system"`
	ToCode     string  `json:"to_code"`
	ToName     string  `json:"to_name"`
	ValidFrom  Date    `json:"valid_from"`
	Match      string  `json:"match_kind"`
	Confidence float64 `json:"confidence"`
	Document   string  `json:"document_no"`
	Line       int     `json:"line"` // of the township changes
}

// Crosswalk returns the evidenced pairs mca9 → nbs12, by mca9 code. A township
// that the statistical register does not have is not in it. The slice is
// shared: do not write to it.
func (h *History) Crosswalk() []Link { return h.links }

// compile makes the history from the three files.
func compile(r *Register, county, township, extra []byte) (*History, error) {
	crows, err := parseCounty(county)
	if err != nil {
		return nil, err
	}
	trows, err := parseTownships(township)
	if err != nil {
		return nil, err
	}
	more, err := extraChanges(extra)
	if err != nil {
		return nil, err
	}
	h := &History{reg: r, byID: map[string]*Change{}, counties: map[uint64][]period{}, townships: map[uint64][]period{},
		claimed: map[uint64]uint64{}, names: map[uint64]string{}}
	h.changes = countyChanges(crows, more)
	for _, t := range trows {
		h.changes = append(h.changes, townshipChange(t))
	}
	for _, c := range h.changes {
		if len(c.Lines) == 0 {
			return nil, fmt.Errorf("compiling %q: %q has no change from %q to %q", extraFile, countyFile, text(c.old), text(c.new))
		}
	}
	finish(h.changes)
	if err := h.index(); err != nil {
		return nil, err
	}
	h.countyPeriods()
	h.crosswalk(trows)
	h.townshipPeriods(trows)
	return h, h.sound()
}

func (h *History) index() error {
	for i := range h.changes {
		c := &h.changes[i]
		if h.byID[c.ID] != nil {
			return fmt.Errorf("compiling the history of divisions: the change %q appears twice", c.ID)
		}
		h.byID[c.ID] = c
		if len(h.groups) == 0 || h.groups[len(h.groups)-1].at != c.CodeValidFrom {
			h.groups = append(h.groups, group{c.CodeValidFrom, map[uint64][]int{}})
		}
		if c.old != 0 {
			g := h.groups[len(h.groups)-1]
			g.edge[c.old] = append(g.edge[c.old], i)
			h.names[c.old] = c.OldName
		}
		if c.new != 0 {
			h.names[c.new] = c.NewName
		}
	}
	return nil
}

// ends reports whether the old code goes out of use.
func (c *Change) ends() bool { return c.old != 0 && c.old != c.new && c.Kind != PartTransfer }

// countyPeriods works out every county and city code that the history names.
func (h *History) countyPeriods() {
	type life struct {
		accept, from, to Date
		name             string
	}
	lives := map[uint64]*life{}
	get := func(code uint64, name string) *life {
		if lives[code] == nil {
			lives[code] = &life{to: never}
		}
		lives[code].name = name
		return lives[code]
	}
	for i := range h.changes {
		c := &h.changes[i]
		if c.System != GB6 {
			continue
		}
		if c.old != 0 {
			if l := get(c.old, c.OldName); c.ends() {
				l.to = c.CodeValidFrom
			}
		}
		if c.new != 0 {
			l := get(c.new, c.NewName)
			if c.creates {
				l.from, l.accept = c.CodeValidFrom, c.CodeValidFrom
				if c.ApprovedOn != 0 {
					l.accept = c.ApprovedOn
				}
			}
		}
	}
	for code, l := range lives {
		// What happens on the way to today depends on the date only through the
		// changes that were still to come, so that a life falls into periods.
		cuts := []Date{l.accept}
		for _, g := range h.groups {
			for _, i := range g.edge[code] {
				if c := &h.changes[i]; !c.ends() && g.at > l.accept && !slices.Contains(cuts, g.at) {
					cuts = append(cuts, g.at)
				}
			}
		}
		for i, cut := range cuts {
			p := period{accept: cut, from: max(cut, l.from), to: l.to, name: h.nameFor(code, cut, l.name)}
			if i+1 < len(cuts) {
				p.to = cuts[i+1]
			}
			h.settle(&p, h.follow(false, code, p.to-1, never), code)
			h.counties[code] = append(h.counties[code], p)
		}
	}
}

// nameFor is the name that a code had at a date, where a change tells it.
func (h *History) nameFor(code uint64, at Date, otherwise string) string {
	name := otherwise
	for i := len(h.changes) - 1; i >= 0; i-- {
		if c := &h.changes[i]; c.old == code && c.CodeValidFrom > at {
			name = c.OldName
		}
	}
	return name
}

// settle makes the answer of a period from what holds its land today.
func (h *History) settle(p *period, held []holding, code uint64) {
	p.held, p.answer = held, Answer{Unknown, -1}
	for _, x := range held {
		for _, id := range x.refs {
			if !slices.Contains(p.refs, id) {
				p.refs = append(p.refs, id)
			}
		}
	}
	slices.SortFunc(p.refs, func(a, b string) int {
		x, y := h.byID[a], h.byID[b]
		if x.CodeValidFrom != y.CodeValidFrom {
			return int(x.CodeValidFrom - y.CodeValidFrom)
		}
		return strings.Compare(a, b)
	})
	switch {
	case len(held) == 0:
		p.answer.Status, p.reason = Retired, "the division was abolished, and nobody recorded who took it over"
	case len(held) > 1 || held[0].above || !held[0].known || held[0].share != 1:
		p.answer.Status, p.reason = Ambiguous, "the division was divided, and the shares are not recorded; keep the record where it is"
	default:
		i, ok := h.reg.find(held[0].code, len(h.reg.codes))
		if !ok {
			p.reason = "the last code of the chain is not in the register"
			return
		}
		p.answer = Answer{Moved, int32(i)}
		p.reason = "one division took it over whole"
		if held[0].code == code {
			p.answer.Status, p.reason = Exact, "the code is in use"
		}
	}
}

// crosswalk links the new township codes of mca9 to the statistical register.
// Links are made where a document or a name gives evidence, and nowhere else.
func (h *History) crosswalk(rows []townshipRow) {
	for _, r := range rows {
		if r.new == 0 {
			continue
		}
		to := r.nbs
		if r.old == r.new && to == 0 {
			to = r.new // a new name only: it must be the register's
		}
		i, ok := h.reg.find(to, len(h.reg.codes))
		if !ok || h.reg.At(i).Name != r.newName {
			continue
		}
		l := Link{MCA9, text(r.new)[:9], r.newName, NBS12, text(to), h.reg.At(i).Name, r.validFrom, MatchFuzzy, 0, r.document, r.line}
		switch {
		case to == r.new:
			l.Match = MatchDocument
		case h.sameCounty(r.new, to, r.validFrom):
			l.Match = MatchName
		}
		l.Confidence = confidence[l.Match]
		h.links = append(h.links, l)
		h.claimed[to] = r.new
	}
	slices.SortStableFunc(h.links, func(a, b Link) int { return strings.Compare(a.FromCode, b.FromCode) })
}

// sameCounty reports whether the county of an mca9 code became the county of a
// statistical one, whole.
func (h *History) sameCounty(mca, nbs uint64, at Date) bool {
	held := h.follow(false, mca/1e6*1e6, at, never)
	return len(held) == 1 && held[0].known && held[0].code == nbs/1e6*1e6
}

// townshipPeriods works out every mca9 township code that the changes name.
func (h *History) townshipPeriods(rows []townshipRow) {
	links := map[uint64]*Link{}
	for i := range h.links {
		n, _ := padded(h.links[i].FromCode, 9)
		links[n] = &h.links[i]
	}
	add := func(code uint64, p period) {
		p.from = max(p.from, p.accept)
		if c := h.counties[code/1e6*1e6]; c != nil {
			p.accept, p.to = max(p.accept, c[0].accept), min(p.to, c[len(c)-1].to)
			p.from = max(p.from, c[0].from)
		}
		h.settleTownship(&p, code, links)
		h.townships[code] = append(h.townships[code], p)
	}
	for _, r := range rows {
		if r.old != 0 {
			accept, from := Date(0), Date(0)
			for _, q := range rows {
				if q.new == r.old && q.old != q.new && q.validFrom < r.validFrom {
					accept, from = q.accept, q.validFrom
				}
			}
			add(r.old, period{accept: accept, from: from, to: r.validFrom, name: r.oldName})
		}
		if r.new == 0 {
			continue
		}
		later := slices.ContainsFunc(rows, func(q townshipRow) bool { return q.old == r.new && q.validFrom > r.validFrom })
		if !later {
			accept := r.accept
			if r.new == r.old {
				accept = r.validFrom // the old name has the code until then
			}
			add(r.new, period{accept: accept, from: r.validFrom, to: never, name: r.newName})
		}
	}
	for code, ps := range h.townships {
		slices.SortFunc(ps, func(a, b period) int { return int(a.accept - b.accept) })
		h.townships[code] = ps
	}
}

// settleTownship follows a township of mca9 to its last code in mca9, and from
// there over the crosswalk into the register.
func (h *History) settleTownship(p *period, code uint64, links map[uint64]*Link) {
	last, refs := code, []string(nil)
	var link *Link
	for _, g := range h.groups {
		if g.at < p.to {
			continue
		}
		if held := h.step(g, true, holding{code: last, share: 1, known: true}); len(held) == 1 && !held[0].above {
			last, refs = held[0].code, append(refs, held[0].refs...)
		} else if len(held) == 0 {
			h.settle(p, nil, code)
			p.refs = refs
			for _, i := range g.edge[last] {
				p.refs = append(p.refs, h.changes[i].ID)
			}
			return
		}
		if l := links[last]; l != nil {
			link = l
		}
	}
	if l := links[last]; l != nil {
		link = l
	}
	if link == nil {
		p.refs, p.answer = refs, Answer{Unknown, -1}
		p.held = []holding{{code: code / 1e6 * 1e6, name: h.nameAt(code / 1e6 * 1e6), above: true}}
		p.reason = "the statistical register has no township of this name in the city; keep the record at the county"
		return
	}
	to, _ := number(link.ToCode)
	refs = slices.Concat(refs, h.refsInto(last), h.countyRefs(last, to, p.to))
	h.settle(p, []holding{{code: to, name: link.ToName, share: 1, known: true, refs: refs}}, code)
	p.match = link.Match
	switch {
	case link.Match == MatchDocument:
		p.reason = "the change table's code and name both stand in the statistical register"
	case link.Match == MatchName:
		p.reason = "the statistical register has the same name in the same county under other digits"
	default:
		// A name alone does not carry a township into another county unit.
		p.answer = Answer{Unconfirmed, -1}
		p.reason = "the statistical register has the same name in the same city, under another county unit"
	}
}

// countyRefs are the changes of the county between an mca9 code and today.
func (h *History) countyRefs(mca, nbs uint64, at Date) []string {
	if mca/1e6 == nbs/1e6 {
		return nil
	}
	if held := h.follow(false, mca/1e6*1e6, at-1, never); len(held) == 1 {
		return held[0].refs
	}
	return nil
}

// refsInto are the changes that brought a code into being.
func (h *History) refsInto(code uint64) []string {
	var out []string
	for i := range h.changes {
		if h.changes[i].System == MCA9 && h.changes[i].new == code {
			out = append(out, h.changes[i].ID)
		}
	}
	return out
}

// sound refuses a history in which a code means two things on one day, or two
// codes of mca9 mean one township.
func (h *History) sound() error {
	for _, m := range []map[uint64][]period{h.counties, h.townships} {
		for code, ps := range m {
			for i := range ps {
				if ps[i].accept >= ps[i].to || i > 0 && ps[i].accept < ps[i-1].to {
					return fmt.Errorf("compiling the history of divisions: the periods of %q overlap or are empty", text(code))
				}
			}
		}
	}
	seen := map[string]string{}
	for _, l := range h.links {
		if from, ok := seen[l.ToCode]; ok && from != l.FromCode {
			return fmt.Errorf("compiling the history of divisions: %q and %q of mca9 are both %q", from, l.FromCode, l.ToCode)
		}
		seen[l.ToCode] = l.FromCode
	}
	return nil
}
