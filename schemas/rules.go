package schemas

import "rongtong/schemas/decl"

// Rule is a quality rule of an entity. The calls are a closed set; a missing
// value passes all of them but required_when. That a column must have a value is
// said by the column, which is then not nullable.
//
// Checked row by row, before a row is loaded:
//
//	between        of [column], min and max: min ≤ number ≤ max; of a date, from and to
//	le             of [a, b]: a ≤ b, two numbers, dates or times
//	sum            of [total, parts…]: total = Σ parts within the tolerance; a missing part passes
//	required_when  of [column, other], value: column is there when other = value
//	listed         of [column]: every item of a list is a code of the column's list
//	registered     of [column]: every division code, in one column or a list, is in today's register
//	within_days    of [column], max: the record arrived at most max days after the date
//	unique         of [columns…]: no two things of one block share the values
//
// Checked after loading, over the fused rows; what is found becomes an issue:
//
//	references     of [columns…], entity, columns: the other entity has such a row
//	children_sum   of [column]: a division's value is the sum of its children's within
//	               the tolerance, where all children have one and the rest of the key agrees
type Rule struct {
	decl.Pos
	Rule  string   `decl:"rule,required"` // stable id, e.g. "facility.direct_le_area"
	Call  string   `decl:"call,required"`
	Of    []string `decl:"of,required"`
	Min   *float64 `decl:"min"`
	Max   *float64 `decl:"max"`
	From  string   `decl:"from"` // YYYY-MM-DD
	To    string   `decl:"to"`   // YYYY-MM-DD
	Value string   `decl:"value"`
	// Entity and Columns are what a rule refers to.
	Entity  string   `decl:"entity"`
	Columns []string `decl:"columns"`
	// ToleranceAbs and ToleranceRel say how far sums may differ: in the column's
	// unit, and as a share of the total. Differing by more than both breaks the
	// rule; none given: any difference does.
	ToleranceAbs *float64 `decl:"tolerance_abs"`
	ToleranceRel *float64 `decl:"tolerance_rel"`
	// Severity is what happens to a row that breaks the rule; quarantine unless
	// said otherwise.
	Severity Severity `decl:"severity"`
	Flag     string   `decl:"flag"`        // for severity flag: the bit that the row gets
	Stop     *Stop    `decl:"stop"`        // for severity stop
	Zh       string   `decl:"zh,required"` // reason shown to grassroots staff
	En       string   `decl:"en,required"`
}

// Severity is what happens to a row that breaks a rule.
type Severity string

// The severities.
const (
	Quarantine Severity = "quarantine" // the row is rejected
	FlagRow    Severity = "flag"       // the row is kept, with a bit in q_flags; after loading: an issue
	StopLoad   Severity = "stop"       // the row is rejected; too many of them stop the stream
)

// Stop says how many rows of one block may break a rule before its stream is
// stopped: more than Rows, or more than Share of a block of at least Least rows.
type Stop struct {
	decl.Pos
	Rows  int     `decl:"rows"`
	Share float64 `decl:"share"`
	Least int     `decl:"least"`
}

// Exceeded reports whether broken rows of a block are too many.
func (s *Stop) Exceeded(broken, rows int) bool {
	return s.Rows > 0 && broken > s.Rows || s.Share > 0 && rows >= s.Least && float64(broken) > s.Share*float64(rows)
}

// The calls of a Rule.
const (
	Between      = "between"
	LE           = "le"
	Sum          = "sum"
	RequiredWhen = "required_when"
	Listed       = "listed"
	Registered   = "registered"
	WithinDays   = "within_days"
	Unique       = "unique"
	References   = "references"
	ChildrenSum  = "children_sum"
)

// Sets reports the severity of the rule, with the default filled in.
func (r *Rule) Sets() Severity {
	switch {
	case r.AfterLoad():
		return FlagRow
	case r.Severity == "":
		return Quarantine
	}
	return r.Severity
}

// OfOneRow reports whether one row alone can break the rule, so that a case can
// show it. Items of lists are judged with their column in a case.
func (r *Rule) OfOneRow() bool {
	return !r.AfterLoad() && r.Call != Unique && r.Call != WithinDays && r.Call != Listed
}

// AfterLoad reports whether the rule is checked over the fused rows.
func (r *Rule) AfterLoad() bool { return r.Call == References || r.Call == ChildrenSum }
