package schemas

import (
	"slices"
	"strings"
	"time"

	"rongtong/schemas/decl"
)

var ordered = []Type{Int, Measure, Date, Time}

// ruleShape is what a call takes: how many columns, and which keys besides the
// ones that every rule has.
type ruleShape struct {
	least, most int
	keys        []string
	types       []Type // of every column; nil: any
}

const anyNumber = 1 << 10

var ruleShapes = map[string]ruleShape{
	Between:      {1, 1, []string{"min", "max", "from", "to"}, []Type{Int, Measure, Date}},
	LE:           {2, 2, nil, ordered},
	Sum:          {2, anyNumber, []string{"tolerance_abs", "tolerance_rel"}, []Type{Int, Measure}},
	RequiredWhen: {2, 2, []string{"value"}, nil},
	Listed:       {1, 1, nil, []Type{List}},
	Registered:   {1, 1, nil, []Type{Code12, List}},
	WithinDays:   {1, 1, []string{"max"}, []Type{Date, Time}},
	Unique:       {1, anyNumber, nil, nil},
	References:   {1, anyNumber, []string{"entity", "columns"}, nil},
	ChildrenSum:  {1, 1, []string{"tolerance_abs", "tolerance_rel"}, []Type{Int, Measure}},
}

// RuleCalls lists the calls of rules.
func RuleCalls() []string {
	return []string{Between, LE, Sum, RequiredWhen, Listed, Registered, WithinDays, Unique, References, ChildrenSum}
}

func (k *checker) rule(e *Entity, i int, r *Rule) {
	at := func(path ...any) decl.Pos { return k.at(e, append([]any{"rules", i}, path...)...) }
	if !k.oneOf(at("call"), "rule.call", "check", r.Call, RuleCalls()) {
		return
	}
	shape := ruleShapes[r.Call]
	if n := len(r.Of); n < shape.least || n > shape.most {
		k.add(at("of"), "rule.columns", "", "%s takes %s column(s), not %d", r.Call, spelledCount(shape), n)
		return
	}
	for j, name := range r.Of {
		if !k.oneOf(at("of", j), "column.unknown", "column", name, columnNames(e)) {
			return
		}
		if t := e.Column(name).Type; shape.types != nil && !slices.Contains(shape.types, t) {
			k.add(at("of", j), "rule.type", "one of "+typeList(shape.types), "column %q of type %s cannot be checked by %s", name, t, r.Call)
			return
		}
	}
	k.unique("column", r.Of, func(j int) decl.Pos { return at("of", j) })
	k.ruleKeys(r, shape, at)
	k.ruleArguments(e, r, at)
	k.ruleSeverity(r, at)
}

func spelledCount(s ruleShape) string {
	digits := func(n int) string { return string(rune('0' + n)) }
	switch {
	case s.least == s.most:
		return digits(s.least)
	case s.most == anyNumber:
		return digits(s.least) + " or more"
	}
	return digits(s.least) + " to " + digits(s.most)
}

func typeList(types []Type) string {
	var out []string
	for _, t := range types {
		out = append(out, string(t))
	}
	return strings.Join(out, ", ")
}

// ruleKeys reports keys that the call does not read: a bound that binds
// nothing looks as if it did.
func (k *checker) ruleKeys(r *Rule, shape ruleShape, at func(...any) decl.Pos) {
	for _, x := range []struct {
		key string
		set bool
	}{
		{"min", r.Min != nil}, {"max", r.Max != nil}, {"from", r.From != ""}, {"to", r.To != ""}, {"value", r.Value != ""},
		{"entity", r.Entity != ""}, {"columns", len(r.Columns) > 0}, {"tolerance_abs", r.ToleranceAbs != nil}, {"tolerance_rel", r.ToleranceRel != nil},
	} {
		if x.set && !slices.Contains(shape.keys, x.key) {
			k.add(at(x.key), "rule.unused", "remove it", "%s does not read %q", r.Call, x.key)
		}
	}
	for _, t := range []struct {
		key   string
		value *float64
	}{{"tolerance_abs", r.ToleranceAbs}, {"tolerance_rel", r.ToleranceRel}} {
		if t.value != nil && !(*t.value >= 0 && *t.value <= 1e18) {
			k.add(at(t.key), "tolerance.range", "zero or more", "%s of rule %q is %g", t.key, r.Rule, *t.value)
		}
	}
}

func (k *checker) ruleArguments(e *Entity, r *Rule, at func(...any) decl.Pos) {
	first := e.Column(r.Of[0])
	switch r.Call {
	case Between:
		k.bounds(r, first, at)
	case LE:
		if second := e.Column(r.Of[1]); first.Type != second.Type {
			k.add(at("of"), "rule.type", "compare two numbers, dates or times", "columns %q and %q cannot be compared", first.Name, second.Name)
		}
	case Sum:
		for _, name := range r.Of[1:] {
			if c := e.Column(name); c.Type != first.Type || c.Unit != first.Unit {
				k.add(at("of"), "rule.type", "add up columns of one type and one unit", "columns %q and %q cannot be compared", first.Name, c.Name)
			}
		}
	case RequiredWhen:
		if other := e.Column(r.Of[1]); r.Value == "" {
			k.add(at(), "rule.value", "add value:", "rule %q does not say when the column is required", r.Rule)
		} else {
			k.code(at("value"), other.List, r.Value)
		}
	case Listed:
		if first.List == "" {
			k.add(at("of", 0), "rule.list", "give the column a list:", "column %q has no code list", first.Name)
		}
	case WithinDays:
		if r.Max == nil || *r.Max < 0 {
			k.add(at(), "rule.bounds", "add max:, the number of days", "rule %q does not say how late is late", r.Rule)
		}
	case References:
		k.reference(e, r, at)
	case ChildrenSum:
		if !e.IsKey(e.Division.Column) {
			k.add(at("of"), "rule.division", "the division must be part of the key", "the rows of %q are not one per division, so that nothing can be added up", e.Entity)
		}
	}
}

// bounds checks a range: min and max of numbers, from and to of dates.
func (k *checker) bounds(r *Rule, c *Column, at func(...any) decl.Pos) {
	if c.Type != Date {
		if r.From != "" || r.To != "" {
			k.add(at(), "rule.bounds", "give min and max", "column %q of type %s is no date", c.Name, c.Type)
		}
		if r.Min == nil || r.Max == nil || *r.Min > *r.Max {
			k.add(at(), "rule.bounds", "give min and max, min ≤ max", "rule %q has no valid bounds", r.Rule)
		}
		return
	}
	from, err1 := time.Parse(time.DateOnly, r.From)
	to, err2 := time.Parse(time.DateOnly, r.To)
	if err1 != nil || err2 != nil || from.After(to) || r.Min != nil || r.Max != nil {
		k.add(at(), "rule.bounds", "give from and to, 1949-10-01 and 2100-12-31", "rule %q has no valid bounds", r.Rule)
	}
}

func (k *checker) reference(e *Entity, r *Rule, at func(...any) decl.Pos) {
	if !k.oneOf(at("entity"), "entity.unknown", "entity", r.Entity, k.entityNames()) {
		return
	}
	other := k.c.Entity(r.Entity)
	if other == nil || len(r.Columns) != len(r.Of) {
		k.add(at("columns"), "rule.columns", "name as many columns of the other entity", "rule %q compares %d columns with %d", r.Rule, len(r.Of), len(r.Columns))
		return
	}
	for j, name := range r.Columns {
		if !k.oneOf(at("columns", j), "column.unknown", "column of "+r.Entity, name, columnNames(other)) {
			continue
		}
		if a, b := e.Column(r.Of[j]).Type, other.Column(name).Type; a != b && !(isWords(a) && isWords(b)) {
			k.add(at("columns", j), "rule.type", "", "%q of type %s cannot refer to %q of type %s", r.Of[j], a, name, b)
		}
	}
}

func isWords(t Type) bool { return t == Text || t == Name || t == Code12 || t == Code18 }

func (k *checker) ruleSeverity(r *Rule, at func(...any) decl.Pos) {
	k.oneOf(at("severity"), "severity.unknown", "severity", string(r.Severity), []string{string(Quarantine), string(FlagRow), string(StopLoad)})
	switch {
	case r.AfterLoad() && (r.Severity != "" || r.Flag != "" || r.Stop != nil):
		k.add(at(), "severity.unused", "remove severity, flag and stop: what is found becomes an issue", "rule %q is checked after loading", r.Rule)
	case r.AfterLoad():
	case r.Severity == FlagRow:
		k.oneOf(at("flag"), "flag.unknown", "flag", r.Flag, FlagNames())
		if r.Flag == "" {
			k.add(at(), "flag.missing", "add flag: OUTLIER, SUM_MISMATCH …", "rule %q does not say which flag a row gets", r.Rule)
		}
	case r.Flag != "":
		k.add(at("flag"), "severity.unused", "write severity: flag, or remove the flag", "rule %q rejects the row, which then has no flags", r.Rule)
	}
	switch s := r.Stop; {
	case (s != nil) != (r.Severity == StopLoad):
		k.add(at(), "stop.missing", "severity: stop needs stop: { rows: 1000 } or { share: 0.2, least: 500 }, and only that", "rule %q does not say when a stream stops", r.Rule)
	case s == nil:
	case s.Rows < 0 || s.Share < 0 || s.Share >= 1 || s.Least < 0 || s.Rows == 0 && s.Share == 0:
		k.add(at("stop"), "stop.range", "rows above 0, or a share between 0 and 1", "rule %q has no valid threshold", r.Rule)
	case s.Share > 0 && s.Least == 0:
		k.add(at("stop"), "stop.range", "add least: 500, the smallest block that a share can judge", "of a block of three rows one is a third")
	}
}
