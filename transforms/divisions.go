package transforms

import (
	"strings"
	"time"
	"unsafe"

	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/divisions"
)

// divisionCode is an input as a division code of twelve digits, nil for null.
// It agrees with divisions.ParseCode and does not allocate.
func (st *state) divisionCode(in input) ([]byte, string) {
	b, rule := st.code(in)
	if b == nil {
		return nil, rule
	}
	if n := len(b); n != 6 && n != 9 && n != 12 || leadingDigits(b) != n {
		return nil, divisions.RuleFormat
	}
	if len(b) < 12 {
		at := len(st.arena)
		st.arena = append(append(st.arena, b...), "000000"[:12-len(b)]...)
		b = st.arena[at:len(st.arena):len(st.arena)]
	}
	if !isDivisionForm(b) {
		return nil, divisions.RuleFormat
	}
	return b, ""
}

// isDivisionForm reports whether nothing stands below an empty part.
func isDivisionForm(b []byte) bool {
	if b[0] != '0' && string(b[2:4]) != "00" && string(b[4:6]) != "00" && string(b[6:9]) != "000" {
		return true // a township or a village: nearly every code
	}
	empty := false
	for _, p := range [...][2]int{{0, 2}, {2, 4}, {4, 6}, {6, 9}, {9, 12}} {
		zero := true
		for _, c := range b[p[0]:p[1]] {
			zero = zero && c == '0'
		}
		if empty && !zero || zero && p[0] == 0 {
			return false
		}
		empty = empty || zero
	}
	return true
}

// divisionForm evaluates a code by its form alone.
func divisionForm(st *state, in []input, out *value) (rule string) {
	out.b, rule = st.divisionCode(in[0])
	out.null = out.b == nil
	return rule
}

// division evaluates a statistical code that must be in today's register.
func division(reg *divisions.Register) eval {
	return func(st *state, in []input, out *value) string {
		if s := st.cleanSlot(in[0]); s != nil && len(s.b) == 12 && has(reg, s.b) {
			return notVirtual(s.b, out) // what is in the register has the form
		}
		b, rule := st.divisionCode(in[0])
		if b == nil {
			out.null = true
			return rule
		}
		return resolve(reg, b, out)
	}
}

func resolve(reg *divisions.Register, code []byte, out *value) string {
	if !has(reg, code) {
		return ruleDivisionUnknown
	}
	return notVirtual(code, out)
}

func notVirtual(code []byte, out *value) string {
	if code[9] == '4' || code[9] == '5' {
		if code[10] == '9' && code[11] == '8' {
			return ruleDivisionVirtual
		}
	}
	out.b = code
	return ""
}

// mapping evaluates a code of any system as it was at a date to the division
// of today's register (GB/T 2260, GB/T 10114, and the recorded changes). The
// fields are the code, then perhaps the name that stands beside it, then
// perhaps the date.
type mapping struct {
	history *divisions.History
	reg     *divisions.Register
	system  string
	fixed   *divisions.Mapper // the date is a constant: its mapper, else nil
	dated   bool              // the last field is the date
	named   bool              // the second field is the name
	above   bool              // an ambiguous code stays at the division that holds all candidates
	// decided is what people decided about codes, by the code as it is written
	// with all its digits.
	decided map[string][]decision
}

// decision is a schemas.DivisionDecision, its days as numbers.
type decision struct {
	from, to divisions.Date // [from, to)
	index    int32          // of the division in the register
}

// eval keeps the code that was asked in out.b, and the day in out.i, when it
// breaks a rule: the review wants them.
func (m *mapping) eval(st *state, in []input, out *value) string {
	b, rule := st.code(in[0])
	if b == nil {
		out.null = true
		return rule
	}
	var day divisions.Date
	if m.fixed == nil {
		if day, rule = m.day(st, in); rule != "" {
			return rule
		}
	}
	out.b, out.i = b, int64(day)
	var a divisions.Answer
	if m.fixed != nil {
		out.i = int64(m.fixed.Date())
		a = m.fixed.Map(b)
	} else {
		a = m.history.ResolveBytes(m.system, b, day)
	}
	if !a.OK() && m.named && m.system == divisions.MCA9 && (a.Status == divisions.Unconfirmed || a.Status == divisions.Unknown) {
		name, rule := st.text(in[1], plain)
		if rule != "" {
			return rule
		}
		if c := m.history.ConfirmBytes(b, name); c.OK() {
			a = c
		}
	}
	if !a.OK() && a.Status != divisions.Malformed && len(m.decided) > 0 {
		a = m.decision(b, divisions.Date(out.i), a)
	}
	if a.OK() {
		return m.take(st, a.Index, out)
	}
	if a.Status == divisions.Ambiguous && m.above {
		if up := m.history.CommonAbove(m.system, b, divisions.Date(out.i)); up >= 0 {
			st.flags |= DivAmbig
			return m.take(st, up, out)
		}
	}
	return statusRules[a.Status]
}

// decision is what a person decided about a code on a day; where nobody did,
// the answer stays.
func (m *mapping) decision(code []byte, at divisions.Date, a divisions.Answer) divisions.Answer {
	var full [12]byte
	if len(code) < 12 {
		full, _ = divisionNumber(code)
		code = full[:]
	}
	for _, d := range m.decided[string(code)] {
		if d.from <= at && at < d.to {
			return divisions.Answer{Status: divisions.Moved, Index: d.index}
		}
	}
	return a
}

// decisions compiles what people decided about the codes of a system. The
// catalogue's checker has judged them.
func (c *compiler) decisionsOf(system string) map[string][]decision {
	out := map[string][]decision{}
	for _, d := range c.catalog.Decisions {
		to, home := d.To, d.Division
		if to == "" {
			to = "9999-12-31"
		}
		from, err1 := divisions.ParseDate(d.From)
		until, err2 := divisions.ParseDate(to)
		at, ok := c.register.Lookup(home)
		if d.System != system || err1 != nil || err2 != nil || !ok {
			continue
		}
		code := d.Code
		if n := len(code); n == 6 || n == 9 {
			code += "000000"[:12-n]
		}
		out[code] = append(out[code], decision{from, until, int32(at.Index)})
		c.versions = append(c.versions, "decision/"+strings.Join([]string{system, code, d.From, to, home}, "/"))
	}
	return out
}

// take answers with a division of the register. DivRemapped says that its code
// is not the one that the source wrote.
func (m *mapping) take(st *state, i int32, out *value) string {
	asked := out.b
	code := borrow(m.reg.CodeAt(i))
	if string(code[:min(len(asked), 12)]) != string(asked) || !zeros(code[min(len(asked), 12):]) {
		st.flags |= DivRemapped
	}
	out.i = 0
	return notVirtual(code, out)
}

func zeros(b []byte) bool {
	for _, c := range b {
		if c != '0' {
			return false
		}
	}
	return true
}

// statusRules are the rules that a code without an answer breaks.
var statusRules = [...]string{
	divisions.Unknown:     ruleDivisionUnknown,
	divisions.Ambiguous:   ruleDivisionAmbiguous,
	divisions.Unconfirmed: ruleDivisionUnconfirmed,
	divisions.NotValid:    ruleDivisionNotValid,
	divisions.Retired:     ruleDivisionRetired,
	divisions.Malformed:   ruleDivisionFormat,
}

// day is the day of the event: the date field's, or where that is empty or
// there is none, the day on which the source says the record happened.
func (m *mapping) day(st *state, in []input) (divisions.Date, string) {
	if m.dated {
		d, ok, rule := st.dayOf(in[len(in)-1])
		if rule != "" || ok {
			return d, rule
		}
	}
	if st.at.IsZero() {
		return 0, ruleTimeRequired
	}
	return dateNumber(floorDiv(st.at.Unix()+eastEight, day)), ""
}

// dayOf is an input as a day: an earlier column of type date or time, or a
// text that a date column would accept. ok is false for null.
func (st *state) dayOf(in input) (d divisions.Date, ok bool, rule string) {
	if in.field < 0 {
		v := &st.vals[in.step]
		switch {
		case v.null:
			return 0, false, ""
		case st.types[in.step] == schemas.Date:
			return dateNumber(v.i), true, ""
		case st.types[in.step] == schemas.Time:
			return dateNumber(floorDiv(v.i/1000+eastEight, day)), true, ""
		}
	}
	b, rule := st.text(in, compat)
	if b == nil {
		return 0, false, rule
	}
	days, rule := st.parseDate(b)
	if rule != "" {
		return 0, false, rule
	}
	if days < firstDay || days > lastDay {
		return 0, false, ruleDateRange
	}
	return dateNumber(days), true, ""
}

func dateNumber(days int64) divisions.Date {
	y, m, d := dateOf(days)
	return divisions.Date(y*10000 + m*100 + d)
}

// Review is a question to a person: a division code that nobody but a person
// can resolve, with what is known. It holds no personal data.
type Review struct {
	CodeSystem string
	Code       string // as the source wrote it, cleaned
	At         divisions.Date
	Status     string // of divisions.Status
	Candidates []divisions.Successor
	Reason     string
}

// asked is what a division column asks, for the review.
type asked struct {
	history *divisions.History
	system  string
}

// review describes the question that a rejected row puts, nil for none.
func (p *Plan) review(b *Batch, field, rule string) *Review {
	if rule != ruleDivisionAmbiguous && rule != ruleDivisionUnconfirmed && rule != ruleDivisionRetired && rule != ruleDivisionNotValid {
		return nil
	}
	for i := range p.steps {
		s, v := &p.steps[i], &b.st.vals[i]
		q, ok := p.asked[s.column]
		if !ok || s.column != field || v.b == nil {
			continue
		}
		r, err := q.history.Resolve(q.system, string(v.b), dayTime(divisions.Date(v.i)))
		if err != nil {
			return nil // the rule says that the form was right, so that this cannot be
		}
		return &Review{q.system, string(v.b), r.At, r.Status.String(), r.Candidates, r.Reason}
	}
	return nil
}

func dayTime(d divisions.Date) time.Time {
	return time.Date(int(d/10000), time.Month(d/100%100), int(d%100), 0, 0, 0, 0, time.UTC)
}

func buildDivision(b *building) eval {
	system := b.expr.Args["system"]
	at, dated := b.expr.Args["at"]
	named := len(b.expr.Of) == 2
	above := b.arg("ambiguous", "review")
	switch {
	case system == "": // reported as missing
		return nil
	case above != "review" && above != "parent":
		return b.invalid("ambiguous", "known: review, parent")
	case named && system != divisions.MCA9:
		b.problem(b.expr.Pos, "func.arity", "leave the name out", "a name confirms codes of %s only", divisions.MCA9)
		return nil
	case system == divisions.NBS12 && !dated && above == "review":
		return division(b.register)
	}
	h, err := divisions.LoadHistory()
	if err != nil {
		b.problem(b.expr.Pos, "register.unreadable", "this build is damaged: install it again", "%v", err)
		return nil
	}
	m := &mapping{history: h, reg: b.register, system: system, dated: dated, named: named, above: above == "parent"}
	when := time.Time{}
	if dated && isDay(at) {
		m.dated = false
		when, err = time.Parse(time.DateOnly, at)
		if err != nil {
			return b.invalid("at", "write a field, a column set earlier with a dot before it, or a day like 2018-12-31")
		}
	}
	if m.fixed, err = h.Mapper(system, when); err != nil {
		return b.invalid("system", decl.Suggest(system, []string{divisions.NBS12, divisions.MCA9, divisions.GB6, divisions.Police15}))
	}
	if when.IsZero() {
		m.fixed = nil
	}
	m.decided = b.decisionsOf(system)
	if b.column != nil {
		if b.plan.asked == nil {
			b.plan.asked = map[string]asked{}
		}
		b.plan.asked[b.column.Name] = asked{h, system}
	}
	return m.eval
}

// isDay reports whether a constant is written like a day, 2018-12-31.
func isDay(s string) bool {
	return len(s) == 10 && s[4] == '-' && s[7] == '-' && s[0] >= '0' && s[0] <= '9'
}

// gridCode is an input as a grid code of fifteen digits, village and serial.
// mask says where they stand in the source's code; nil: as they are.
func (st *state) gridCode(in input, mask *gridMask) ([]byte, string) {
	b, rule := st.code(in)
	if b == nil {
		return nil, rule
	}
	if mask != nil {
		if b, rule = mask.apply(st, b); rule != "" {
			return nil, rule
		}
	}
	if len(b) != 15 || leadingDigits(b) != 15 || !isDivisionForm(b[:12]) || string(b[9:12]) == "000" {
		return nil, ruleGridFormat
	}
	return b, ""
}

// gridMask picks the twelve digits of the village and the serial out of a
// source's grid code. CJ/T 349-2010 has 20 digits: 6 of the object's class, 6
// and 3 and 3 of the division, 2 of the serial; DB11 (Beijing) has 15.
type gridMask struct {
	width           int
	village, serial []int // places, in order
}

// parseGridMask reads a mask: d for a digit of the village, s for one of the
// serial, x for one that is left out.
func parseGridMask(s string) *gridMask {
	m := &gridMask{width: len(s)}
	for i := range len(s) {
		switch s[i] {
		case 'd':
			m.village = append(m.village, i)
		case 's':
			m.serial = append(m.serial, i)
		case 'x':
		default:
			return nil
		}
	}
	if len(m.village) != 12 || len(m.serial) < 1 || len(m.serial) > 3 {
		return nil
	}
	return m
}

// apply makes the fifteen digits; a serial of fewer than three gets zeros in
// front.
func (m *gridMask) apply(st *state, b []byte) ([]byte, string) {
	if len(b) != m.width || leadingDigits(b) != len(b) {
		return nil, ruleGridFormat
	}
	at := len(st.arena)
	for _, i := range m.village {
		st.arena = append(st.arena, b[i])
	}
	st.arena = append(st.arena, "00"[:3-len(m.serial)]...)
	for _, i := range m.serial {
		st.arena = append(st.arena, b[i])
	}
	return st.arena[at:len(st.arena):len(st.arena)], ""
}

func (b *building) mask() (*gridMask, bool) {
	s, ok := b.expr.Args["mask"]
	if !ok {
		return nil, true
	}
	m := parseGridMask(s)
	if m == nil {
		b.invalid("mask", "twelve d for the village, one to three s for the serial, x for the rest: ddddddddddddss")
	}
	return m, m != nil
}

func buildGridID(b *building) eval {
	m, ok := b.mask()
	if !ok {
		return nil
	}
	return func(st *state, in []input, out *value) (rule string) {
		out.b, rule = st.gridCode(in[0], m)
		out.null = out.b == nil
		return rule
	}
}

func buildGridDivision(b *building) eval {
	m, ok := b.mask()
	if !ok || !b.system() {
		return nil
	}
	reg := b.register
	return func(st *state, in []input, out *value) string {
		b, rule := st.gridCode(in[0], m)
		if b == nil {
			out.null = true
			return rule
		}
		return resolve(reg, b[:12:12], out)
	}
}

// divisionUp evaluates the division of a tier that holds a division. In the
// register a division's code begins with the code of the one that holds it
// (tested), so that no chain of parents has to be walked.
func divisionUp(reg *divisions.Register, tier string) eval {
	width := map[string]int{divisions.Province: 2, divisions.City: 4, divisions.County: 6, divisions.Township: 9, divisions.Village: 12}[tier]
	return func(st *state, in []input, out *value) string {
		b, rule := st.divisionCode(in[0])
		if b == nil {
			out.null = true
			return rule
		}
		at := len(st.arena)
		st.arena = append(append(st.arena, b[:width]...), "0000000000"[:12-width]...)
		up := st.arena[at:len(st.arena):len(st.arena)]
		if divisions.TierOf(unsafe.String(&up[0], 12)) != tier || !has(reg, b) || !has(reg, up) {
			return ruleDivisionUnknown
		}
		out.b = up
		return ""
	}
}

func has(reg *divisions.Register, code []byte) bool {
	return reg.Has(unsafe.String(&code[0], len(code)))
}

func (st *state) keepString(s string) []byte {
	at := len(st.arena)
	st.arena = append(st.arena, s...)
	return st.arena[at:len(st.arena):len(st.arena)]
}

// byForm evaluates a property that a division's code itself says.
func byForm(of func(code string) string) eval {
	return func(st *state, in []input, out *value) string {
		b, rule := st.divisionCode(in[0])
		if b == nil {
			out.null = true
			return rule
		}
		out.b = st.keepString(of(unsafe.String(&b[0], len(b)))) // of returns constants
		out.null = len(out.b) == 0
		return ""
	}
}
