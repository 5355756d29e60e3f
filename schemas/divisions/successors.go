package divisions

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Errors of a question that has no answer in any register. Both are faults of
// the data or of the declaration that asked, never of the register.
var (
	ErrFormat = errors.New("the code is malformed for its system")
	ErrSystem = errors.New("the code system is unknown")
)

// Successor is a division that took over all or part of another.
type Successor struct {
	Code  string   `json:"code"` // 12 digits, in the code system asked for
	Name  string   `json:"name,omitempty"`
	Share float64  `json:"share"` // of the division asked for; means nothing unless Known
	Known bool     `json:"share_known"`
	Above bool     `json:"above,omitempty"` // the county is known, its township code is not
	Refs  []string `json:"changes,omitempty"`
}

type holding struct {
	code  uint64
	name  string
	share float64
	known bool
	above bool
	refs  []string
}

// Successors follows a code through every change that came into force after
// from and not after to. A code without changes is its own successor, whole.
// It is empty when the code was abolished and nobody recorded who took over.
//
// Shares multiply along a chain and add up where two branches meet; one unknown
// share makes the product unknown. A part transfer leaves the old code standing
// beside the new one, both with an unknown share.
func (h *History) Successors(system, code string, from, to time.Time) ([]Successor, error) {
	n, err := readCode(system, code)
	if err != nil {
		return nil, err
	}
	return export(h.follow(system == MCA9, n, DateOf(from), DateOf(to))), nil
}

func export(held []holding) []Successor {
	out := make([]Successor, len(held))
	for i, x := range held {
		out[i] = Successor{text(x.code), x.name, x.share, x.known, x.above, x.refs}
	}
	return out
}

// follow applies the changes date by date. Those of one date apply together:
// a year's table compares two year-ends and has no order inside.
func (h *History) follow(townships bool, code uint64, from, to Date) []holding {
	lost := false
	held := []holding{{code: code, name: h.nameAt(code), share: 1, known: true}}
	for _, g := range h.groups {
		if g.at <= from || g.at > to {
			continue
		}
		var next []holding
		for _, x := range held {
			got := h.step(g, townships, x)
			lost = lost || len(got) == 0
			next = append(next, got...)
		}
		held = join(next)
	}
	// Parts of unknown size that all came to one division are the whole again.
	if len(held) == 1 && !held[0].above && !lost {
		held[0].share, held[0].known = 1, true
	}
	return held
}

// group holds the changes of one date by old code.
type group struct {
	at   Date
	edge map[uint64][]int // places in History.changes
}

func (h *History) step(g group, townships bool, x holding) []holding {
	edges := g.edge[x.code]
	if len(edges) == 0 || !townships && x.code%1e6 != 0 {
		return h.stepAbove(g, x)
	}
	var out []holding
	partly, rest := false, holding{code: x.code, name: x.name, share: x.share, known: x.known}
	for _, i := range edges {
		c := &h.changes[i]
		if c.new == 0 {
			continue // abolished, and nobody recorded who took over
		}
		if c.Kind == PartTransfer {
			partly, rest.known, rest.share = true, rest.known && c.ShareKnown, rest.share-x.share*c.Share
		}
		known := x.known && c.ShareKnown
		share := 0.0
		if known {
			share = x.share * c.Share
		}
		out = append(out, holding{c.new, c.NewName, share, known, x.above, append(slices.Clip(x.refs), c.ID)})
	}
	if partly {
		if !rest.known {
			rest.share = 0
		}
		rest.above, rest.refs = x.above, append(slices.Clip(x.refs), h.changes[edges[0]].ID)
		if !rest.known || rest.share > 1e-12 {
			out = append(out, rest)
		}
	}
	return out
}

// stepAbove handles a division whose county was recoded without a word about
// the division itself. Its new code is not derived from the digits: 370125003
// 孙耿 became 370115004, and 370115003 is 崔寨. Only the county is known.
func (h *History) stepAbove(g group, x holding) []holding {
	up := x.code / 1e3 * 1e3 // the township, if something is recorded of it, else the county
	if len(g.edge[up]) == 0 || up == x.code {
		up = x.code / 1e6 * 1e6
	}
	edges := g.edge[up]
	if up == x.code || len(edges) == 0 || keepsCodes[h.changes[edges[0]].Kind] {
		return []holding{x}
	}
	var out []holding
	for _, i := range edges {
		c := &h.changes[i]
		out = append(out, holding{c.new, c.NewName, 0, false, true, append(slices.Clip(x.refs), c.ID)})
	}
	return out
}

// keepsCodes are the kinds that do not recode what lies below: a part transfer
// leaves the townships that stay as they are.
var keepsCodes = map[string]bool{Rename: true, CosmeticName: true, PartTransfer: true}

// join adds up what reached one code by several ways.
func join(held []holding) []holding {
	var out []holding
	for _, x := range held {
		i := slices.IndexFunc(out, func(o holding) bool { return o.code == x.code })
		if i < 0 {
			out = append(out, x)
			continue
		}
		o := &out[i]
		o.known = o.known && x.known
		if o.share += x.share; !o.known {
			o.share = 0
		}
		for _, r := range x.refs {
			if !slices.Contains(o.refs, r) {
				o.refs = append(slices.Clip(o.refs), r)
			}
		}
	}
	return out
}

// readCode reads a code in the form of its system; nine and twelve digits are
// the same mca9 code when nothing stands below the township.
func readCode(system, code string) (uint64, error) {
	n, rule := codeOf(system, []byte(code))
	switch rule {
	case "":
		return n, nil
	case ruleSystem:
		return 0, fmt.Errorf("reading the code %q of the system %q: %w", code, system, ErrSystem)
	}
	return 0, fmt.Errorf("reading the code %q of the system %q: %w", code, system, ErrFormat)
}

const ruleSystem = "division.system"

// codeOf is readCode without an allocation. A police15 code is well formed with
// 15 digits, and stands for no number: nothing is known about it.
func codeOf(system string, code []byte) (uint64, string) {
	for _, c := range code {
		if c < '0' || c > '9' {
			return 0, RuleFormat
		}
	}
	if system == Police15 {
		if len(code) != 15 {
			return 0, RuleFormat
		}
		return 0, ""
	}
	var n uint64
	switch len(code) {
	case 6, 9, 12:
		for _, c := range code {
			n = n*10 + uint64(c-'0')
		}
		for i := len(code); i < 12; i++ {
			n *= 10
		}
	default:
		return 0, RuleFormat
	}
	if !formed(n) {
		return 0, RuleFormat
	}
	switch system {
	case NBS12:
	case MCA9:
		if n%1e3 != 0 {
			return 0, RuleFormat
		}
	case GB6:
		if n%1e6 != 0 {
			return 0, RuleFormat
		}
	default:
		return 0, ruleSystem
	}
	return n, ""
}

// formed reports whether no empty part stands above a filled one.
func formed(n uint64) bool {
	filled := false
	for _, div := range [...]uint64{1, 1e3, 1e6, 1e8, 1e10} {
		part := n / div % partSize(div)
		if part != 0 {
			filled = true
		} else if filled {
			return false
		}
	}
	return filled
}

// partSize is how many numbers the part has that starts at div.
func partSize(div uint64) uint64 {
	if div < 1e6 {
		return 1e3
	}
	return 1e2
}
