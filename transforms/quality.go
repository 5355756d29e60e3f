package transforms

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/divisions"

	"github.com/cespare/xxhash/v2"
)

// rowRule is a compiled rule of the entity. It compares the stored integers of
// columns, which have the same unit because they have the same type.
type rowRule struct {
	rule, field string
	call        string
	of          []int // steps; -1: the flow does not set the column, so it is null
	min, max    int64
	abs, rel    float64 // tolerances, in stored units and as a share; -1: none
	value       string
	flag        Flag // kept rows get it; 0: the row is rejected
	codes       map[string]bool
	register    *divisions.Register
	types       []schemas.Type
	seen        int   // of unique: the place among the batch's
	key         []int // of unique: the steps of the entity's key
}

// entityRules compiles the rules that are checked row by row. Uniqueness comes
// last: a row that another rule rejects has taken no value.
func (c *compiler) entityRules() {
	for _, unique := range []bool{false, true} {
		for _, r := range c.entity.Rules {
			c.plan.reasons[r.Rule] = [2]string{r.Zh, r.En}
			if r.AfterLoad() || (r.Call == schemas.Unique) != unique {
				continue
			}
			if out, ok := c.rowRule(r); ok {
				c.plan.rules = append(c.plan.rules, out)
			}
		}
	}
	for _, r := range c.entity.Rules {
		if r.Severity == schemas.StopLoad && r.Stop != nil {
			c.plan.stops = append(c.plan.stops, r)
		}
	}
}

// rowRule compiles one rule. The catalogue's checker has judged what it says;
// here it is only brought into numbers, and what cannot be is a problem too.
func (c *compiler) rowRule(r *schemas.Rule) (out rowRule, ok bool) {
	out = rowRule{rule: r.Rule, call: r.Call, min: math.MinInt64, max: math.MaxInt64, abs: -1, rel: -1, value: r.Value}
	for _, name := range r.Of {
		col := c.entity.Column(name)
		if col == nil {
			c.problem(r.Pos, "column.unknown", "", "entity %q has no column %q", c.entity.Entity, name)
			return out, false
		}
		out.types = append(out.types, col.Type)
		out.of = append(out.of, c.stepOf(name))
	}
	if len(out.of) == 0 || (r.Call == schemas.LE || r.Call == schemas.RequiredWhen) && len(out.of) != 2 {
		c.problem(r.Pos, "func.arity", "", "%q takes another number of columns than %d", r.Call, len(out.of))
		return out, false
	}
	out.field = r.Of[0]
	if r.Sets() == schemas.FlagRow {
		if out.flag = schemas.FlagNamed(r.Flag); out.flag == 0 {
			c.problem(r.Pos, "flag.unknown", "", "there is no flag %q", r.Flag)
			return out, false
		}
	}
	return out, c.ruleBounds(r, &out)
}

func (c *compiler) stepOf(column string) int {
	return slices.IndexFunc(c.plan.steps, func(s step) bool { return s.column == column })
}

func (c *compiler) ruleBounds(r *schemas.Rule, out *rowRule) bool {
	unit := 1.0
	if out.types[0] == schemas.Measure {
		unit = scale
	}
	if r.Min != nil {
		out.min = int64(math.Round(*r.Min * unit))
	}
	if r.Max != nil {
		out.max = int64(math.Round(*r.Max * unit))
	}
	if r.ToleranceAbs != nil {
		out.abs = *r.ToleranceAbs * unit
	}
	if r.ToleranceRel != nil {
		out.rel = *r.ToleranceRel
	}
	ordered := []schemas.Type{schemas.Int, schemas.Measure, schemas.Date, schemas.Time}
	fits := true
	switch r.Call {
	case schemas.Between:
		fits = slices.Contains(ordered[:3], out.types[0])
		if out.types[0] == schemas.Date {
			from, err1 := time.Parse(time.DateOnly, r.From)
			to, err2 := time.Parse(time.DateOnly, r.To)
			fits = err1 == nil && err2 == nil
			out.min, out.max = from.Unix()/day, to.Unix()/day
		}
	case schemas.LE:
		fits = out.types[0] == out.types[1] && slices.Contains(ordered, out.types[0])
	case schemas.Sum:
		fits = out.types[0] == schemas.Int || out.types[0] == schemas.Measure
		for _, t := range out.types {
			fits = fits && t == out.types[0]
		}
	case schemas.Listed:
		out.codes = c.codesOf(c.entity.Column(out.field).List)
		fits = out.types[0] == schemas.List && out.codes != nil
	case schemas.Registered:
		out.register = c.register
		fits = out.types[0] == schemas.Code12 || out.types[0] == schemas.List
	case schemas.WithinDays:
		fits = (out.types[0] == schemas.Date || out.types[0] == schemas.Time) && r.Max != nil
	case schemas.Unique:
		out.seen = c.plan.uniques
		c.plan.uniques++
		for _, k := range c.entity.Key {
			out.key = append(out.key, c.stepOf(k))
		}
	case schemas.RequiredWhen:
	default:
		c.problem(r.Pos, "func.unknown", "", "there is no rule function %q", r.Call)
		return false
	}
	if !fits {
		c.problem(r.Pos, "type.mismatch", "", "%q does not compare columns of type %s", r.Call, out.types)
	}
	return fits
}

// codesOf is the set of a list's codes, nil when there is no such list.
func (c *compiler) codesOf(list string) map[string]bool {
	l := c.catalog.Code(list)
	if l == nil {
		return nil
	}
	c.uses(l)
	set := map[string]bool{}
	for _, k := range l.Codes {
		set[k.Code] = true
	}
	return set
}

// ruleParts is what of a rule decides about the output, for the fingerprint.
// When a stream stops is left out: it changes no row, and a threshold that was
// raised must be able to take over the load that it stopped.
func ruleParts(r *schemas.Rule) []any {
	return []any{r.Rule, r.Call, r.Of, r.Value, bound(r.Min), bound(r.Max), r.From, r.To, bound(r.ToleranceAbs), bound(r.ToleranceRel), string(r.Sets()), r.Flag}
}

// check runs the entity's rules, in order. A rule that only flags adds its bit;
// the first that rejects ends it.
func (p *Plan) check(b *Batch, arrived time.Time) (field, rule string) {
	st := &b.st
	for i := range p.rules {
		r := &p.rules[i]
		if r.holds(b, arrived) {
			continue
		}
		if r.flag == 0 {
			return r.field, r.rule
		}
		st.flags |= r.flag
	}
	return "", ""
}

// holds reports whether the row keeps the rule. A missing value keeps all but
// those that ask for it.
func (r *rowRule) holds(b *Batch, arrived time.Time) bool {
	st := &b.st
	var v *value
	if r.of[0] >= 0 && !st.vals[r.of[0]].null {
		v = &st.vals[r.of[0]]
	}
	switch r.call {
	case schemas.RequiredWhen:
		return v != nil || r.of[1] < 0 || string(st.written(r.of[1])) != r.value
	case schemas.Unique:
		return r.isUnique(b)
	}
	if v == nil {
		return true
	}
	switch r.call {
	case schemas.Between:
		return r.min <= v.i && v.i <= r.max
	case schemas.LE:
		return r.of[1] < 0 || st.vals[r.of[1]].null || v.i <= st.vals[r.of[1]].i
	case schemas.Sum:
		return r.addsUp(st, v.i)
	case schemas.WithinDays:
		return r.inTime(v.i, arrived)
	case schemas.Listed:
		for _, item := range st.list[v.from:v.to] {
			if !r.codes[string(item)] {
				return false
			}
		}
		return true
	default:
		return r.isRegistered(st, v)
	}
}

// addsUp reports whether a total is the sum of its parts within a tolerance. A
// part without a value makes the sum unknown, which breaks nothing.
func (r *rowRule) addsUp(st *state, total int64) bool {
	sum := int64(0)
	for _, at := range r.of[1:] {
		if at < 0 || st.vals[at].null {
			return true
		}
		sum += st.vals[at].i // a few measures of 18 digits: 2^63 is 9 of the largest
	}
	diff := math.Abs(float64(sum - total))
	return diff == 0 || r.abs >= 0 && diff <= r.abs || r.rel >= 0 && diff <= r.rel*math.Abs(float64(total))
}

// inTime reports whether a record arrived within the days after a date. One
// that no broker has seen, a declared case, has not arrived.
func (r *rowRule) inTime(at int64, arrived time.Time) bool {
	if arrived.IsZero() {
		return true
	}
	if r.types[0] == schemas.Time {
		at = floorDiv(at/1000+eastEight, day)
	}
	return floorDiv(arrived.Unix()+eastEight, day)-at <= r.max
}

func (r *rowRule) isRegistered(st *state, v *value) bool {
	if r.types[0] == schemas.Code12 {
		return has(r.register, v.b)
	}
	for _, item := range st.list[v.from:v.to] {
		n, ok := divisionNumber(item)
		if !ok || !has(r.register, n[:]) {
			return false
		}
	}
	return true
}

// divisionNumber pads a code of 6, 9 or 12 digits.
func divisionNumber(b []byte) (code [12]byte, ok bool) {
	copy(code[:], "000000000000")
	copy(code[:], b)
	n := len(b)
	return code, (n == 6 || n == 9 || n == 12) && leadingDigits(b) == n
}

// isUnique reports whether no other thing of the batch has taken the row's
// values. Values and keys are told apart by 64-bit hashes: of the 65,536 rows of
// a block two meet by chance once in 10^10 blocks.
func (r *rowRule) isUnique(b *Batch) bool {
	st := &b.st
	for _, at := range r.of {
		if at < 0 || st.vals[at].null {
			return true
		}
	}
	values, thing := st.digest(r.of), st.digest(r.key)
	taken := b.seen[r.seen]
	if taken == nil {
		taken = map[uint64]uint64{}
		b.seen[r.seen] = taken
	}
	if by, ok := taken[values]; ok {
		return by == thing
	}
	taken[values] = thing
	return true
}

// digest hashes the written values of steps, each with its length.
func (st *state) digest(steps []int) uint64 {
	at := len(st.arena)
	for _, i := range steps {
		var text []byte
		if i >= 0 {
			text = st.written(i)
		}
		st.arena = binary.AppendUvarint(st.arena, uint64(len(text)))
		st.arena = append(st.arena, text...)
	}
	sum := xxhash.Sum64(st.arena[at:])
	st.arena = st.arena[:at]
	return sum
}

// Stopped says that too many rows of a block broke a rule.
type Stopped struct {
	Rule           *schemas.Rule
	Broken, Of     int
	Entity, Column string
}

func (s *Stopped) Error() string {
	return fmt.Sprintf("%d of %d rows break %q of %q (%s)", s.Broken, s.Of, s.Rule.Rule, s.Entity, s.Rule.En)
}

// Stop reports whether a block of rows must not be loaded: more of them broke a
// rule than the entity allows. broken counts the rows that broke a rule; it is
// asked about the rules that stop a stream, which almost no plan has.
func (p *Plan) Stop(rows int, broken func(rule string) int) *Stopped {
	for _, r := range p.stops {
		if n := broken(r.Rule); r.Stop.Exceeded(n, rows) {
			return &Stopped{r, n, rows, p.entity, r.Of[0]}
		}
	}
	return nil
}
