package schemas

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"

	"rongtong/schemas/decl"
	"rongtong/schemas/divisions"
)

// Rules that every row is held to besides its entity's own. They have the
// names that transforms gives to the same faults of records.
const (
	ruleRequired = "required"
	ruleCode     = "codelist.unknown"
	ruleDivision = "division.format"
	ruleUSCC     = "uscc.format"
	ruleNumber   = "number.format"
	ruleDate     = "date.format"
	ruleTime     = "time.format"
	ruleBool3    = "bool3.format"
	rulePid      = "pid.format"
	ruleMap      = "map.format"
)

// forms are the spellings of the types that have one: of GB 32100 the alphabet
// only, since the check digit is judged where records are normalised.
var forms = map[Type]struct {
	rule string
	form *regexp.Regexp
}{
	Code12:  {ruleDivision, regexp.MustCompile(`^[0-9]{12}$`)},
	Code18:  {ruleUSCC, regexp.MustCompile(`^[0-9A-HJ-NP-RTUW-Y]{18}$`)},
	Int:     {ruleNumber, regexp.MustCompile(`^-?[0-9]{1,18}$`)},
	Measure: {ruleNumber, regexp.MustCompile(`^-?[0-9]{1,14}(\.[0-9]{1,4})?$`)},
	Bool3:   {ruleBool3, regexp.MustCompile(`^(yes|no|unknown)$`)},
	Pid:     {rulePid, regexp.MustCompile(`^[a-z2-7]{26}$`)},
	Map:     {ruleMap, regexp.MustCompile(`^[^=|]+=[^|]*(\|[^=|]+=[^|]*)*$`)},
}

// CheckRow returns the rules that a row of the entity breaks, in order of the
// columns and then of the entity's rules; none means that it is accepted.
//
// A row maps columns to text: dates YYYY-MM-DD, times RFC 3339, three states
// yes, no and unknown, items of a list between "|", a map as "key=value|…".
// A column that is not in the row, or is empty, has no value.
func (c *Catalog) CheckRow(e *Entity, row map[string]string) []string {
	var broken []string
	good := map[string]string{} // the values that rules can be asked about
	for _, col := range e.Columns {
		v := row[col.Name]
		switch rule := c.checkValue(col, v); {
		case v == "" && e.IsKey(col.Name) && slices.Contains([]Type{Text, Name}, col.Type) && has(row, col.Name):
			// An empty text is a value of a key: "no breakdown", "the only scope".
		case rule != "":
			broken = append(broken, rule)
		case v != "":
			good[col.Name] = v
		}
	}
	for _, r := range e.Rules {
		if r.Sets() != FlagRow && e.breaks(r, good) {
			broken = append(broken, r.Rule)
		}
	}
	return broken
}

// flaggedBy returns the rules that flag an accepted row, in their order.
func (e *Entity) flaggedBy(row map[string]string) []string {
	var out []string
	for _, r := range e.Rules {
		if r.Severity == FlagRow && e.breaks(r, row) {
			out = append(out, r.Rule)
		}
	}
	return out
}

func has(row map[string]string, column string) bool { _, ok := row[column]; return ok }

// checkValue returns the rule that a value breaks in a column, or nothing.
func (c *Catalog) checkValue(col *Column, v string) string {
	if v == "" {
		if col.Nullable || col.Type.Collection() {
			return ""
		}
		return ruleRequired
	}
	if f, ok := forms[col.Type]; ok && !f.form.MatchString(v) {
		return f.rule
	}
	switch col.Type {
	case CodeType:
		if !c.knows(col.List, v) {
			return ruleCode
		}
	case List:
		for item := range strings.SplitSeq(v, "|") {
			if col.List != "" && item != "" && !c.knows(col.List, item) {
				return ruleCode
			}
		}
	case Date:
		if _, err := time.Parse(time.DateOnly, v); err != nil {
			return ruleDate
		}
	case Time:
		if _, err := time.Parse(time.RFC3339Nano, v); err != nil {
			return ruleTime
		}
	}
	return ""
}

// knows reports whether a list holds a code. A list that does not exist is
// reported where it is named, and holds every code here.
func (c *Catalog) knows(list, code string) bool {
	l := c.Code(list)
	if l == nil {
		return true
	}
	_, ok := l.Get(code)
	return ok
}

// breaks reports whether a row breaks a rule. Only well-formed values are
// given, and what is missing passes, except for what required_when asks for.
func (e *Entity) breaks(r *Rule, row map[string]string) bool {
	if len(r.Of) == 0 || e.Column(r.Of[0]) == nil {
		return false // reported as a fault of the rule
	}
	v := row[r.Of[0]]
	switch {
	case r.Call == RequiredWhen && len(r.Of) == 2:
		return v == "" && row[r.Of[1]] == r.Value && r.Value != ""
	case v == "":
	case r.Call == Sum:
		return e.sumBroken(r, row)
	case r.Call == Listed:
		return false // the items of a list are judged with its column
	case r.Call == Registered:
		return slices.ContainsFunc(strings.Split(v, "|"), unregistered)
	case r.Call == Between && r.From != "":
		return v < r.From || v > r.To
	case r.Call == Between && r.Min != nil && r.Max != nil:
		n, ok := new(big.Rat).SetString(v)
		return ok && (n.Cmp(new(big.Rat).SetFloat64(*r.Min)) < 0 || n.Cmp(new(big.Rat).SetFloat64(*r.Max)) > 0)
	case r.Call == LE && len(r.Of) == 2 && row[r.Of[1]] != "":
		return after(e.Column(r.Of[0]).Type, v, row[r.Of[1]])
	}
	return false
}

// unregistered reports whether a division code is not in today's register.
func unregistered(code string) bool {
	full, rule := divisions.ParseCode(code)
	reg, err := divisions.Load()
	return rule != "" || err == nil && !reg.Has(full)
}

// sumBroken reports whether a total differs from its parts by more than the
// tolerances; a part without a value makes the sum unknown.
func (e *Entity) sumBroken(r *Rule, row map[string]string) bool {
	total, ok := new(big.Rat).SetString(row[r.Of[0]])
	sum := new(big.Rat)
	for _, name := range r.Of[1:] {
		part, is := new(big.Rat).SetString(row[name])
		if !is {
			return false
		}
		sum.Add(sum, part)
	}
	if !ok {
		return false
	}
	diff := new(big.Rat).Abs(sum.Sub(sum, total))
	within := func(limit *big.Rat) bool { return diff.Cmp(limit) <= 0 }
	none := r.ToleranceAbs == nil && r.ToleranceRel == nil
	return !(none && diff.Sign() == 0 ||
		r.ToleranceAbs != nil && within(new(big.Rat).SetFloat64(*r.ToleranceAbs)) ||
		r.ToleranceRel != nil && within(new(big.Rat).Mul(new(big.Rat).SetFloat64(*r.ToleranceRel), new(big.Rat).Abs(total))))
}

// after reports a > b.
func after(t Type, a, b string) bool {
	switch t {
	case Date:
		return a > b // YYYY-MM-DD sorts as text
	case Time:
		x, _ := time.Parse(time.RFC3339Nano, a)
		y, _ := time.Parse(time.RFC3339Nano, b)
		return x.After(y)
	}
	x, ok := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	return ok && ok2 && x.Cmp(y) > 0
}

// entityCases holds every example to what it says of itself.
func (k *checker) entityCases(e *Entity) {
	k.unique("case", names(e.Cases, func(c *EntityCase) string { return c.Name }), func(i int) decl.Pos { return k.at(e, "cases", i, "name") })
	for i, cs := range e.Cases {
		known := true
		for name := range cs.Row {
			known = k.oneOf(k.at(e, "cases", i, "row", name), "column.unknown", "column", name, columnNames(e)) && known
		}
		if !known {
			continue
		}
		switch broken := k.c.CheckRow(e, cs.Row); {
		case cs.Breaks == "" && len(broken) > 0:
			k.add(k.at(e, "cases", i), "case.accepted", "correct the row, or say breaks: "+broken[0],
				"case %q should be accepted and breaks %s", cs.Name, strings.Join(broken, ", "))
		case cs.Breaks != "" && !slices.Equal(broken, []string{cs.Breaks}):
			got := "is accepted"
			if len(broken) > 0 {
				got = "breaks " + strings.Join(broken, ", ")
			}
			k.add(k.at(e, "cases", i, "breaks"), "case.breaks", "a case breaks exactly one rule",
				"case %q should break %q and %s", cs.Name, cs.Breaks, got)
		case cs.Breaks == "":
			if by := strings.Join(e.flaggedBy(cs.Row), ", "); by != cs.Flags {
				k.add(k.at(e, "cases", i, "flags"), "case.flags", "a case is flagged by the one rule that it names, or by none",
					"case %q is flagged by %q, not by %q", cs.Name, by, cs.Flags)
			}
		}
	}
}

// described checks what an entity says of time: when a row became true and
// how long it is kept.
func (k *checker) described(e *Entity) {
	if e.EventTime != "" && e.EventTime != EventVersion {
		at := k.at(e, "event_time")
		if k.oneOf(at, "column.unknown", "column of the event time", e.EventTime, append(columnNames(e), EventVersion)) {
			if c := e.Column(e.EventTime); c.Type != Date && c.Type != Time {
				k.add(at, "event_time.type", "name a date or a time, or write "+EventVersion, "column %q of type %s is no time", c.Name, c.Type)
			}
		}
	}
	if _, ok := ParsePeriod(e.FreshWithin); !ok && e.FreshWithin != "" {
		k.add(k.at(e, "fresh_within"), "fresh.format", `write whole years or days: P400D, P2D`, "%q is no period of freshness", e.FreshWithin)
	}
	if _, ok := ParsePeriod(e.Retention); !ok && e.Retention != "" {
		k.add(k.at(e, "retention"), "retention.format", `write whole years or days: P10Y, P30D`, "%q is no period of retention", e.Retention)
	}
}

// tolerance checks how far two sources may differ about a column.
func (k *checker) tolerance(e *Entity, i int, c *Column) {
	for _, t := range []struct {
		key   string
		value *float64
		most  float64
	}{{"tolerance_abs", c.ToleranceAbs, 1e18}, {"tolerance_rel", c.ToleranceRel, 1}} {
		at := k.at(e, "columns", i, t.key)
		switch {
		case t.value == nil:
		case c.Type != Int && c.Type != Measure:
			k.add(at, "tolerance.type", "remove it", "column %q of type %s is no number and has no tolerance", c.Name, c.Type)
		case !(*t.value >= 0 && *t.value <= t.most):
			k.add(at, "tolerance.range", fmt.Sprintf("between 0 and %g", t.most), "%s of column %q is %g", t.key, c.Name, *t.value)
		}
	}
	if c.Type == Pid && c.PII != P2 {
		k.add(k.at(e, "columns", i, "type"), "pid.class", "add pii: P2", "column %q is a pseudonym and not of class P2", c.Name)
	}
}
