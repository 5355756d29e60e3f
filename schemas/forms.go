package schemas

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"rongtong/schemas/decl"
)

// The forms say an indicator without SQL. Conditions and values are ClickHouse
// expressions over the columns of one entity; in them @day is the last day of a
// period and @from the first day of its window. Columns valid_from and valid_to
// of an entity are heeded: a row counts if it is valid on the last day, unless
// the rows say `ever`. @workdays(a, b) are the working days after a up to b.
//
// Raw SQL may use the same words and is then run once for every period. Where
// that is too slow it yields arrays instead, with an element a period, and is
// run once: @each(x) is the array of x over the periods, in which x may be any
// expression of the row and of @day and @from; the third column `counted` says
// in which periods the row counts; @periods is how many there are. The forms
// compile to that.

// Units are the divisions that are counted: those in law (kind civil) of the
// tier the indicator is computed at. Statistical counties, quasi units and
// virtual units are in no denominator.
type Units struct {
	Where string   `decl:"where"` // further condition on the division
	Tiers []string `decl:"tiers"` // with computed_at "each": these tiers only
}

// Rows are rows of one entity, each at a division.
type Rows struct {
	decl.Pos
	Entity string `decl:"entity,required"`
	Where  string `decl:"where"`
	Ever   bool   `decl:"ever"` // valid on the last day or not
	// At is the expression for the row's division, or for the value that Key
	// is compared with; the default is the entity's division column.
	At string `decl:"at"`
	// Within: a row counts for the unit it lies in, not only for the unit itself.
	Within bool `decl:"within"`
	// Key, in Share.By: the column of the shared rows that At is compared with.
	Key string `decl:"key"`
	// Value, in Ratio: what is summed; the default counts rows. Latest names a
	// column: only the row where it is greatest counts. Zero: no row is 0, not
	// a missing value.
	Value  string `decl:"value"`
	Latest string `decl:"latest"`
	Zero   bool   `decl:"zero"`
}

// Coverage is units with a row of every By over units. No row is no coverage:
// nothing is missing.
type Coverage struct {
	decl.Pos
	Of Units   `decl:"of"`
	By []*Rows `decl:"by,required"`
}

// Share is, of the rows Of, those that hold Having and have a row of every By.
// Part and Whole weigh them (default 1). A row with Missing, or without one of
// its weights, is missing. Rows count for the unit they lie in.
type Share struct {
	decl.Pos
	Of      *Rows   `decl:"of,required"`
	Having  string  `decl:"having"`
	By      []*Rows `decl:"by"`
	Missing string  `decl:"missing"`
	Part    string  `decl:"part"`
	Whole   string  `decl:"whole"`
}

// Ratio is one sum over another, unit by unit; without a denominator the sum per
// unit. A unit that lacks one of them is missing.
type Ratio struct {
	decl.Pos
	Of          Units `decl:"of"`
	Numerator   *Rows `decl:"numerator,required"`
	Denominator *Rows `decl:"denominator"`
}

// IndicatorCase is a declared example: divisions of the register (with all
// above them), rows of other entities, and the figure of one division.
type IndicatorCase struct {
	decl.Pos
	Name      string                         `decl:"name,required"`
	Period    string                         `decl:"period"` // default: CasePeriod
	Divisions []string                       `decl:"divisions,required"`
	Rows      map[string][]map[string]string `decl:"rows"`
	Want      struct {
		Division    string `decl:"division,required"`
		UnitTier    string `decl:"unit_tier"` // for computed_at "each"
		Numerator   string `decl:"numerator,required"`
		Denominator string `decl:"denominator,required"`
		Missing     int    `decl:"missing"`
		Value       string `decl:"value"` // two decimals; empty: none
		Met         string `decl:"met"`   // yes or no; empty: not compared
		Provisional bool   `decl:"provisional"`
	} `decl:"want,required"`
}

// CasePeriod names the period that a case is about unless it says which: the
// one that December 2025 ends.
func (i *Indicator) CasePeriod() string {
	switch i.Periods.Every {
	case "year":
		return "2025"
	case "quarter":
		return "2025Q4"
	}
	return "2025-12"
}

// codeDigits are the digits of a 12-digit statistical code that name the
// division of a level (1 is the province), the rest being zeros.
var codeDigits = []int{2, 4, 6, 9, 12}

// former compiles one indicator's form.
type former struct {
	k   *checker
	i   *Indicator
	use []string // entities read

	reach map[string]Reach
	said  map[string]bool // expressions that were checked
}

// forms compiles every form to SQL and sets what it reads.
func (k *checker) forms() {
	for _, i := range k.c.Indicators {
		n := 0
		for _, set := range []bool{i.SQL != "", i.Coverage != nil, i.Share != nil, i.Ratio != nil} {
			if set {
				n++
			}
		}
		if n != 1 {
			k.add(k.at(i), "indicator.form", "declare coverage, share, ratio or sql", "an indicator has one form; this one has %d", n)
			continue
		}
		f := &former{k: k, i: i, reach: map[string]Reach{}, said: map[string]bool{}}
		declared := i.Reach
		i.Reach = nil
		switch {
		case i.SQL != "":
			f.reaches(declared)
		case i.Coverage != nil:
			i.SQL = f.coverage(i.Coverage)
		case i.Share != nil:
			i.SQL = f.share(i.Share)
		default:
			i.SQL = f.ratio(i.Ratio)
		}
		if m := dateText.FindString(i.SQL); m != "" {
			k.add(k.at(i, "sql"), "period.literal", "write @day (the last day of the period) or @from (the first of its window); a date of the policy as makeDate32(2022, 12, 1)",
				"the date %s stands in the statement: every period would be about it", m)
		}
		if i.SQL = f.macros(i.SQL); len(i.Reads) == 0 {
			i.Reads = f.use
		}
		if len(f.reach) == len(i.Reads) {
			i.Reach = f.reach
		}
		k.c.smallCells(i)
	}
}

// reaches sets what a change touches where the declaration says it: by reach, or
// by local for the entities that reach does not name.
func (f *former) reaches(declared map[string]Reach) {
	if len(declared) == 0 && !f.i.Local {
		return
	}
	for _, r := range f.i.Reads {
		if d, ok := declared[r]; ok {
			f.touch(r, f.reachOf(r, d, declared))
			continue
		}
		e := f.k.c.Entity(r)
		switch {
		case !f.i.Local:
			f.k.add(f.k.at(f.i, "reach"), "indicator.reach", "say it, or say local: true", "for which units the rows of %q count is not said", r)
		case e == nil || e.Column(f.divisionOf(e)) == nil:
			f.k.add(f.k.at(f.i, "local"), "indicator.local", "say it under reach, or remove local", "%q has no division: its rows stand at no unit", r)
		default:
			f.touch(r, Reach{Unit: f.divisionOf(e)})
		}
	}
	for name, d := range declared {
		if !slices.Contains(f.i.Reads, name) {
			f.k.add(d.Pos, "indicator.reach", decl.Suggest(name, f.i.Reads), "%q is not among the reads", name)
		}
	}
}

// reachOf checks a declared reach.
func (f *former) reachOf(name string, r Reach, all map[string]Reach) Reach {
	e := f.k.c.Entity(name)
	if slices.Contains(SumsOfClaims, name) {
		e = Relation(name)
	}
	ways := 0
	for _, expr := range []string{r.Unit, r.Units, r.Of} {
		if expr != "" {
			ways++
		}
	}
	switch {
	case e == nil:
		f.k.add(r.Pos, "indicator.reach", "", "what a change of %q touches cannot be said", name)
	case ways != 1 || (r.Of != "") != (r.At != "") || (r.Of != "") != (r.Key != ""):
		f.k.add(r.Pos, "indicator.reach", "write unit, units, or of with key and at", "a reach is said in one way")
	case r.Of != "":
		of, ok := all[r.Of]
		if f.k.c.Entity(r.Of) == nil || f.k.c.Entity(name) == nil || !slices.Contains(f.i.Reads, r.Of) || ok && of.Of != "" {
			f.k.add(r.Pos, "indicator.reach", "name an entity among the reads that says its units itself", "%q is none whose rows have units", r.Of)
			break
		}
		f.expr(r.Pos, f.k.c.Entity(r.Of), r.Key)
		f.expr(r.Pos, e, r.At)
	default:
		f.expr(r.Pos, e, r.Unit+r.Units)
	}
	r.Pos = decl.Pos{}
	return r
}

// Relation is one of Relations, by name; nil if there is none.
func Relation(name string) *Entity {
	i := slices.IndexFunc(Relations, func(e *Entity) bool { return e.Entity == name })
	if i < 0 {
		return nil
	}
	return Relations[i]
}

// touch notes what a change of a row touches. An entity that is read in two ways
// with different answers has none.
func (f *former) touch(entity string, r Reach) {
	if was, ok := f.reach[entity]; ok && was != r {
		r = Reach{}
	}
	f.reach[entity] = r
}

// ones is the array of an expression that does not depend on the period.
func ones(x string) string { return "arrayWithConstant(@periods, " + x + ")" }

// each is the array of an expression over the periods, and over the elements of
// more arrays, by name.
func each(x string, names, arrays []string) string {
	if len(names) == 0 && !dated(x) {
		return ones(x)
	}
	return fmt.Sprintf("arrayMap((%s) -> %s, %s)", strings.Join(append([]string{"p_day", "p_from"}, names...), ", "), ofPeriod.Replace(x),
		strings.Join(append([]string{"@days", "@froms"}, arrays...), ", "))
}

var ofPeriod = strings.NewReplacer("@day", "p_day", "@from", "p_from")

// dated reports whether any of the texts speaks of the period.
func dated(texts ...string) bool {
	return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, "@day") || strings.Contains(s, "@from") })
}

// holds is an array: in which periods the conditions hold.
func holds(conds []string) string {
	if len(conds) == 0 {
		return ones("toUInt8(1)")
	}
	return each("toUInt8(ifNull("+strings.Join(conds, " AND ")+", 0))", nil, nil)
}

func (f *former) coverage(c *Coverage) string {
	f.touch("division", Reach{Unit: "division_code"})
	anyDated := slices.ContainsFunc(c.By, func(r *Rows) bool { _, d := f.conds(r, f.k.c.Entity(r.Entity)); return len(d) > 0 })
	var have, joins, names, arrays []string
	for i, r := range c.By {
		place := f.place(r)
		f.touch(r.Entity, Reach{Unit: place})
		_, when := f.conds(r, f.entity(r))
		is := "d.division_code IN (" + f.rowsSQL(r, place) + ")"
		if !anyDated {
			have = append(have, is)
			continue
		}
		// A subquery cannot stand inside of a lambda: every condition is an array.
		name, array := fmt.Sprintf("h%d", i+1), ones("toUInt8("+is+")")
		if len(when) > 0 {
			joins = append(joins, f.having(r, place, name, "d.division_code"))
			array = "arrayResize(" + name + ".x_have, @periods)"
		}
		have, names, arrays = append(have, name), append(names, name), append(arrays, array)
	}
	numerator := "toUInt8(" + strings.Join(have, "\n           AND ") + ")"
	if !anyDated {
		return "SELECT d.division_code AS division_code,\n       " + numerator + " AS numerator,\n       1 AS denominator\n" + f.units(c.Of, "")
	}
	return fmt.Sprintf("SELECT d.division_code AS division_code,\n       %s AS numerator,\n       %s AS denominator,\n       %[2]s AS counted\n%s",
		each(numerator, names, arrays), ones("toUInt8(1)"), f.units(c.Of, strings.Join(joins, "")))
}

// having joins, for a key, the array that says in which periods there is a row.
func (f *former) having(r *Rows, what, as, key string) string {
	fixed, dated := f.conds(r, f.entity(r))
	return fmt.Sprintf("\nLEFT JOIN\n(\n    SELECT %s AS x_key, maxForEach(%s) AS x_have\n    FROM dwd.%s%s\n    GROUP BY x_key\n) AS %s ON %s.x_key = %s",
		what, holds(dated), r.Entity, and("\n    WHERE ", fixed), as, as, key)
}

func (f *former) share(s *Share) string {
	e := f.entity(s.Of)
	r := *s.Of
	r.Within = true
	code := f.place(&r)
	f.touch(s.Of.Entity, Reach{Unit: code})
	fixed, when := f.conds(s.Of, e)
	anyDated := dated(s.Having, s.Missing, s.Part, s.Whole) || len(when) > 0 ||
		slices.ContainsFunc(s.By, func(b *Rows) bool { _, d := f.conds(b, f.k.c.Entity(b.Entity)); return len(d) > 0 })
	var conds, joins, names, arrays []string
	if s.Having != "" {
		f.expr(s.Pos, e, s.Having)
		conds = append(conds, "ifNull("+s.Having+", 0)")
	}
	for i, b := range s.By {
		key := f.keyOf(b, e)
		f.expr(b.Pos, e, key)
		at := f.at(b)
		f.touch(b.Entity, Reach{Of: s.Of.Entity, Key: key, At: at})
		name, array := fmt.Sprintf("h%d", i+1), ones("toUInt8(ifNull("+key+" IN ("+f.rowsSQL(b, at)+"), 0))")
		if _, d := f.conds(b, f.entity(b)); len(d) > 0 {
			joins = append(joins, f.having(b, at, name, key))
			array = "arrayResize(" + name + ".x_have, @periods)"
		}
		names, arrays = append(names, name), append(arrays, array)
	}
	if anyDated {
		conds = append(conds, names...)
	} else {
		for _, b := range s.By {
			conds = append(conds, fmt.Sprintf("ifNull(%s IN (%s), 0)", f.keyOf(b, e), f.rowsSQL(b, f.at(b))))
		}
	}
	num, den := f.weights(s, e, conds)
	if !anyDated {
		return fmt.Sprintf("SELECT %s AS division_code,\n       %s AS numerator,\n       %s AS denominator\nFROM dwd.%s%s", code, num, den, s.Of.Entity, and("\nWHERE ", fixed))
	}
	return fmt.Sprintf("SELECT %s AS division_code,\n       %s AS numerator,\n       %s AS denominator,\n       %s AS counted\nFROM dwd.%s AS r%s%s",
		code, each(num, names, arrays), each(den, nil, nil), holds(when), s.Of.Entity, strings.Join(joins, ""), and("\nWHERE ", fixed))
}

// keyOf is the column of the shared rows that a By is compared with.
func (f *former) keyOf(b *Rows, e *Entity) string {
	if b.Key != "" {
		return b.Key
	}
	return f.divisionOf(e)
}

// weights are a shared row's numerator and denominator.
func (f *former) weights(s *Share, e *Entity, conds []string) (num, den string) {
	num, den = "1", "1"
	missing := []string{}
	if s.Part != "" {
		f.expr(s.Pos, e, s.Part)
		num = s.Part
	}
	if s.Whole != "" {
		f.expr(s.Pos, e, s.Whole)
		den = s.Whole
	} else if s.Part != "" {
		den = s.Part
	}
	for _, w := range []string{s.Part, s.Whole} {
		if w != "" {
			missing = append(missing, w+" IS NULL")
		}
	}
	if s.Missing != "" {
		f.expr(s.Pos, e, s.Missing)
		missing = append(missing, s.Missing)
	}
	if len(conds) > 0 {
		cond := strings.Join(conds, " AND ")
		if num == "1" {
			num = "toUInt8(" + cond + ")"
		} else {
			num = fmt.Sprintf("if(%s, %s, 0)", cond, num)
		}
	}
	if len(missing) > 0 {
		m := strings.Join(missing, " OR ")
		num, den = fmt.Sprintf("if(%s, NULL, %s)", m, num), fmt.Sprintf("if(%s, NULL, %s)", m, den)
	}
	return num, den
}

// side is one sum of a ratio: its value or, of dated rows, its array.
type side struct {
	value, join    string
	dated, missing bool // missing: it may be null
}

func (f *former) side(rows *Rows, as string) side {
	if rows == nil {
		return side{value: "1"}
	}
	e := f.entity(rows)
	place := f.place(rows)
	f.touch(rows.Entity, Reach{Unit: place})
	fixed, when := f.conds(rows, e)
	s := side{value: as + ".x_value", dated: len(when) > 0, missing: !rows.Zero}
	var v string
	in := func(value string) string { // the value in the periods in which the row counts
		return each("if(ifNull("+strings.Join(when, " AND ")+", 0), toNullable("+value+"), NULL)", nil, nil)
	}
	switch {
	case rows.Latest != "":
		f.expr(rows.Pos, e, rows.Value+" , "+rows.Latest)
		if v = fmt.Sprintf("argMax(%s, %s)", rows.Value, rows.Latest); s.dated {
			v = fmt.Sprintf("argMaxForEach(%s, %s)", in(rows.Value), ones(rows.Latest))
		}
	case rows.Value != "":
		f.expr(rows.Pos, e, rows.Value)
		if v = "sum(" + rows.Value + ")"; s.dated {
			v = "sumForEach(" + in(rows.Value) + ")"
		}
	default:
		if v = "count()"; s.dated {
			v = "sumForEach(" + in("1") + ")"
		}
	}
	if s.dated {
		s.value = "arrayResize(" + s.value + ", @periods)"
	} else {
		v = "toNullable(" + v + ")"
	}
	s.join = fmt.Sprintf("\nLEFT JOIN\n(\n    SELECT %s AS x_unit, %s AS x_value\n    FROM dwd.%s%s\n    GROUP BY x_unit\n) AS %s ON %s.x_unit = d.division_code",
		place, v, rows.Entity, and("\n    WHERE ", fixed), as, as)
	return s
}

func (f *former) ratio(r *Ratio) string {
	f.touch("division", Reach{Unit: "division_code"})
	n, m := f.side(r.Numerator, "n"), f.side(r.Denominator, "m")
	anyDated := n.dated || m.dated
	var missing, names, arrays []string
	value := func(s side, name string) string {
		v := s.value
		if s.dated {
			names, arrays, v = append(names, name), append(arrays, s.value), name
		}
		if s.missing {
			missing = append(missing, v+" IS NULL")
			return v
		}
		if s.join == "" {
			return v
		}
		return "ifNull(" + v + ", 0)"
	}
	num, den := value(n, "h1"), value(m, "h2")
	if len(missing) > 0 {
		cond := strings.Join(missing, " OR ")
		num, den = fmt.Sprintf("if(%s, NULL, %s)", cond, num), fmt.Sprintf("if(%s, NULL, %s)", cond, den)
	}
	from := f.units(r.Of, n.join+m.join)
	if !anyDated {
		return fmt.Sprintf("SELECT d.division_code AS division_code,\n       %s AS numerator,\n       %s AS denominator\n%s", num, den, from)
	}
	return fmt.Sprintf("SELECT d.division_code AS division_code,\n       %s AS numerator,\n       %s AS denominator,\n       %s AS counted\n%s",
		each(num, names, arrays), each(den, names, arrays), ones("toUInt8(1)"), from)
}

// units selects the divisions that are counted.
func (f *former) units(u Units, joins string) string {
	f.reads("division")
	tiers := []string{f.i.ComputedAt}
	if f.i.ComputedAt == Each {
		if tiers = u.Tiers; len(tiers) == 0 {
			tiers = f.k.tierCodes()
		}
	}
	var levels []string
	list := f.k.c.Code("division_level")
	for _, t := range tiers {
		if list == nil {
			break
		}
		for _, c := range list.Codes {
			if slices.Contains(c.Aliases, t) {
				levels = append(levels, "'"+c.Code+"'")
			}
		}
	}
	where := fmt.Sprintf("d.level IN (%s) AND d.kind = 'civil'", strings.Join(levels, ", "))
	if u.Where != "" {
		f.expr(f.k.at(f.i), f.k.c.Entity("division"), u.Where)
		where += "\n  AND (" + u.Where + ")"
	}
	return "FROM dwd.division AS d" + joins + "\nWHERE " + where
}

// rowsSQL selects an expression from the rows, whatever the period.
func (f *former) rowsSQL(r *Rows, what string) string {
	fixed, _ := f.conds(r, f.entity(r))
	return fmt.Sprintf("SELECT %s FROM dwd.%s%s", what, r.Entity, and(" WHERE ", fixed))
}

func and(before string, conds []string) string {
	if len(conds) == 0 {
		return ""
	}
	return before + strings.Join(conds, " AND ")
}

// conds are the conditions on the rows: those that hold in every period or in
// none, and those that depend on it.
func (f *former) conds(r *Rows, e *Entity) (fixed, when []string) {
	add := func(c string) {
		if dated(c) {
			when = append(when, c)
			return
		}
		fixed = append(fixed, c)
	}
	for _, c := range conjuncts(r.Where) {
		add("(" + c + ")")
	}
	if r.Where != "" {
		f.expr(r.Pos, e, r.Where)
	}
	if e != nil && !r.Ever {
		if e.Column("valid_from") != nil {
			add("(valid_from IS NULL OR valid_from <= @day)")
		}
		if e.Column("valid_to") != nil {
			add("(valid_to IS NULL OR valid_to > @day)")
		}
	}
	return fixed, when
}

// conjuncts cuts a condition at every AND that stands outside of brackets and
// quotes; one with an OR out there, or with BETWEEN, stays whole.
func conjuncts(where string) []string {
	if where == "" {
		return nil
	}
	var out []string
	depth, quote, start := 0, false, 0
	for i := range len(where) {
		switch c := where[i]; {
		case c == '\'':
			quote = !quote
		case quote:
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case depth == 0 && strings.HasPrefix(where[i:], " AND "):
			out = append(out, strings.TrimSpace(where[start:i]))
			start = i + len(" AND ")
		case depth == 0 && (strings.HasPrefix(where[i:], " OR ") || strings.HasPrefix(where[i:], " BETWEEN ")):
			return []string{where}
		}
	}
	return append(out, strings.TrimSpace(where[start:]))
}

func (f *former) at(r *Rows) string {
	e := f.entity(r)
	if r.At == "" {
		return f.divisionOf(e)
	}
	f.expr(r.Pos, e, r.At)
	return r.At
}

func (f *former) divisionOf(e *Entity) string {
	if e == nil || e.Division.Column == "" {
		return "division_code"
	}
	return e.Division.Column
}

// place is the row's division, or the division of the unit's tier around it.
func (f *former) place(r *Rows) string {
	at := f.at(r)
	t := f.k.c.Tier(f.i.ComputedAt)
	if !r.Within || t == nil || t.Level > len(codeDigits) {
		return at
	}
	if n := codeDigits[t.Level-1]; n < 12 {
		return fmt.Sprintf("toFixedString(rightPad(substring(toString(%s), 1, %d), 12, '0'), 12)", at, n)
	}
	return at
}

func (f *former) entity(r *Rows) *Entity {
	f.reads(r.Entity)
	return f.k.c.Entity(r.Entity)
}

func (f *former) reads(entity string) {
	if !slices.Contains(f.use, entity) {
		f.use = append(f.use, entity)
	}
}

// macros writes out @workdays and @each.
func (f *former) macros(sql string) string {
	sql = workdays.ReplaceAllStringFunc(sql, func(call string) string {
		m := workdays.FindStringSubmatch(call)
		return f.workdays(m[1], m[2])
	})
	const call = "@each("
	for {
		at := strings.Index(sql, call)
		if at < 0 {
			return sql
		}
		end, depth, quote := at+len(call), 1, false
		for ; end < len(sql) && depth > 0; end++ {
			switch c := sql[end]; {
			case c == '\'':
				quote = !quote
			case quote:
			case c == '(':
				depth++
			case c == ')':
				depth--
			}
		}
		if depth > 0 {
			f.k.add(f.k.at(f.i, "sql"), "sql.each", "close the bracket", "@each( has no end")
			return strings.ReplaceAll(sql, call, "(")
		}
		sql = sql[:at] + each(sql[at+len(call):end-1], nil, nil) + sql[end:]
	}
}

// workCalendar says which days are worked.
const workCalendar = "china"

var workdays = regexp.MustCompile(`@workdays\(([^,()]+), ([^,()]+)\)`)

// workdays counts the working days after one date up to another: Monday to
// Friday, without the calendar's holidays and with the days worked instead.
func (f *former) workdays(from, to string) string {
	array := func(worked bool) string {
		var days []string
		if c := f.k.c.Calendar(workCalendar); c != nil {
			days = c.Days(worked)
		}
		for i, d := range days {
			days[i] = "'" + d + "'"
		}
		return "CAST([" + strings.Join(days, ", ") + "], 'Array(Date32)')"
	}
	return fmt.Sprintf("length(arrayFilter(x -> has(%s, x) OR toDayOfWeek(x) <= 5 AND NOT has(%s, x), arrayMap(i -> addDays(toDate32(%s), i), range(1, toUInt32(greatest(0, ifNull(dateDiff('day', %[3]s, %[4]s), 0))) + 1))))",
		array(true), array(false), from, to)
}

var (
	quoted    = regexp.MustCompile(`'[^']*'`)
	lambda    = regexp.MustCompile(`\b([a-z_][a-z0-9_]*)\s*->`)
	word      = regexp.MustCompile(`@?\b[a-z_][a-z0-9_]*\b\s*\(?`)
	compare   = regexp.MustCompile(`\b([a-z_][a-z0-9_]*)\s*(?:=|!=)\s*'([^']*)'`)
	membersOf = regexp.MustCompile(`\b([a-z_][a-z0-9_]*)\s+(?:NOT )?IN\s*\(((?:'[^']*'(?:,\s*)?)+)\)`)
	literal   = regexp.MustCompile(`'([^']*)'`)
)

// expr checks an expression: every name in lower case that is not a function
// is a column of the entity, and every constant that a code list's column is
// compared with is a code of that list. A misspelt code would be 0 %, silently.
func (f *former) expr(at decl.Pos, e *Entity, text string) {
	if said := at.String() + text; e == nil || f.said[said] {
		return // no entity is reported with reads
	} else {
		f.said[said] = true
	}
	var bound []string // by a lambda
	for _, m := range lambda.FindAllStringSubmatch(text, -1) {
		bound = append(bound, m[1])
	}
	for _, w := range word.FindAllString(quoted.ReplaceAllString(text, "''"), -1) {
		if strings.HasSuffix(w, "(") || w[0] == '@' {
			continue
		}
		if w = strings.TrimSpace(w); e.Column(w) == nil && !IsCommon(w) && !slices.Contains(bound, w) {
			f.k.add(at, "sql.column", decl.Suggest(w, columnNames(e)), "entity %q has no column %q", e.Entity, w)
		}
	}
	for _, m := range compare.FindAllStringSubmatch(text, -1) {
		f.code(at, e, m[1], m[2])
	}
	for _, m := range membersOf.FindAllStringSubmatch(text, -1) {
		for _, l := range literal.FindAllStringSubmatch(m[2], -1) {
			f.code(at, e, m[1], l[1])
		}
	}
}

func (f *former) code(at decl.Pos, e *Entity, column, code string) {
	c := e.Column(column)
	if c == nil || c.Type != CodeType {
		return
	}
	l := f.k.c.Code(c.List)
	if l == nil {
		return
	}
	if _, ok := l.Get(code); !ok {
		known := make([]string, len(l.Codes))
		for i, x := range l.Codes {
			known[i] = x.Code
		}
		f.k.add(at, "code.unknown", decl.Suggest(code, known), "code list %q of column %q has no code %q", c.List, column, code)
	}
}
