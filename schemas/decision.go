package schemas

import (
	"slices"
	"time"

	"rongtong/schemas/decl"
	"rongtong/schemas/divisions"
)

// DivisionDecision is what a person decided about a division code that no
// document resolves: which division of today's register it meant in a time. It
// answers only where the recorded history gives no answer, never against it.
type DivisionDecision struct {
	decl.Pos
	System    string `decl:"code_system,required"`
	Code      string `decl:"code,required"`          // as the system writes it
	From      string `decl:"from,required"`          // first day, YYYY-MM-DD
	To        string `decl:"to"`                     // the first day on which it no longer holds; empty: never
	Division  string `decl:"division_code,required"` // 12 digits, nbs12
	Document  string `decl:"document,required"`      // what the decision rests on
	DecidedBy string `decl:"decided_by,required"`    // the role, never a person
}

// Holds reports whether the decision is about the code on a day, YYYY-MM-DD.
func (d *DivisionDecision) Holds(day string) bool {
	return d.From <= day && (d.To == "" || day < d.To)
}

func (k *checker) decisions() {
	for i, d := range k.c.Decisions {
		if !k.oneOf(d.Pos, "code_system.unknown", "code system", d.System, CodeSystems) {
			continue
		}
		for _, day := range []string{d.From, d.To} {
			if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
				k.add(d.Pos, "decision.date", "write 2018-12-31", "%q is not a date", day)
			}
		}
		if d.To != "" && d.To <= d.From {
			k.add(d.Pos, "decision.date", "from comes before to", "the decision about %q holds on no day", d.Code)
		}
		if d.Division != "" && (len(d.Division) != 12 || unregistered(d.Division)) {
			k.add(d.Pos, "decision.division", "name a division of the register, 12 digits: rongtong division tree 3701", "%q is not in the register %s", d.Division, divisions.Version)
		}
		if slices.ContainsFunc(k.c.Decisions[:i], func(o *DivisionDecision) bool {
			return o.System == d.System && o.Code == d.Code && (o.To == "" || d.From < o.To) && (d.To == "" || o.From < d.To)
		}) {
			k.add(d.Pos, "decision.overlap", "end one before the other begins", "%s %q is decided twice for the same days", d.System, d.Code)
		}
	}
}
