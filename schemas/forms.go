package schemas

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"rongtong/schemas/decl"
)

// The forms say an indicator without SQL. Conditions and values are ClickHouse
// expressions over the columns of one entity; in them @from and @day stand for
// the first and the last day of the indicator's period. Columns valid_from and
// valid_to of an entity are heeded: a row counts if it is valid on the last
// day, unless the rows say `ever`. @workdays(a, b) are the working days after a
// up to b. Both may be used in raw SQL, too.

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

// codeDigits are the digits of a 12-digit statistical code that name the
// division of a level (1 is the province), the rest being zeros.
var codeDigits = []int{2, 4, 6, 9, 12}

// former compiles one indicator's form.
type former struct {
	k   *checker
	i   *Indicator
	use []string // entities read
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
		f := &former{k: k, i: i}
		if i.SQL != "" {
			i.SQL = f.days(i.SQL)
			continue
		}
		var sql string
		switch {
		case i.Coverage != nil:
			sql = f.coverage(i.Coverage)
		case i.Share != nil:
			sql = f.share(i.Share)
		default:
			sql = f.ratio(i.Ratio)
		}
		if i.SQL = f.days(sql); len(i.Reads) == 0 {
			i.Reads = f.use
		}
	}
}

func (f *former) coverage(c *Coverage) string {
	var have []string
	for _, r := range c.By {
		have = append(have, "division_code IN ("+f.rowsSQL(r, f.place(r))+")")
	}
	return fmt.Sprintf("SELECT division_code,\n       toUInt8(%s) AS numerator,\n       1 AS denominator\n%s",
		strings.Join(have, "\n           AND "), f.units(c.Of, ""))
}

func (f *former) share(s *Share) string {
	e := f.entity(s.Of)
	r := *s.Of
	r.Within = true
	code := f.place(&r)
	conds := []string{}
	if s.Having != "" {
		f.expr(s.Pos, e, s.Having)
		conds = append(conds, "ifNull("+s.Having+", 0)")
	}
	for _, b := range s.By {
		key := b.Key
		if key == "" {
			key = f.divisionOf(e)
		}
		f.expr(b.Pos, e, key)
		conds = append(conds, fmt.Sprintf("ifNull(%s IN (%s), 0)", key, f.rowsSQL(b, f.at(b))))
	}
	num, den := "1", "1"
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
	return fmt.Sprintf("SELECT %s AS division_code,\n       %s AS numerator,\n       %s AS denominator\nFROM dwd.%s%s", code, num, den, s.Of.Entity, f.where(s.Of, e))
}

func (f *former) ratio(r *Ratio) string {
	side := func(rows *Rows, as string) (value, join string) {
		if rows == nil {
			return "1", ""
		}
		e := f.entity(rows)
		v := "count()"
		switch {
		case rows.Latest != "":
			f.expr(rows.Pos, e, rows.Value+" , "+rows.Latest)
			v = fmt.Sprintf("argMax(%s, %s)", rows.Value, rows.Latest)
		case rows.Value != "":
			f.expr(rows.Pos, e, rows.Value)
			v = "sum(" + rows.Value + ")"
		}
		value = as + ".value"
		if rows.Zero {
			value = "ifNull(" + value + ", 0)"
		}
		return value, fmt.Sprintf("\nLEFT JOIN\n(\n    SELECT %s AS unit, toNullable(%s) AS value\n    FROM dwd.%s%s\n    GROUP BY unit\n) AS %s ON %s.unit = d.division_code",
			f.place(rows), v, rows.Entity, strings.ReplaceAll(f.where(rows, e), "\n", "\n    "), as, as)
	}
	num, nj := side(r.Numerator, "n")
	den, dj := side(r.Denominator, "m")
	var missing []string
	for _, v := range []string{num, den} {
		if strings.HasSuffix(v, ".value") {
			missing = append(missing, v+" IS NULL")
		}
	}
	if len(missing) > 0 {
		m := strings.Join(missing, " OR ")
		num, den = fmt.Sprintf("if(%s, NULL, %s)", m, num), fmt.Sprintf("if(%s, NULL, %s)", m, den)
	}
	return fmt.Sprintf("SELECT d.division_code AS division_code,\n       %s AS numerator,\n       %s AS denominator\n%s", num, den, f.units(r.Of, nj+dj))
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

// rowsSQL selects an expression from the rows.
func (f *former) rowsSQL(r *Rows, what string) string {
	return fmt.Sprintf("SELECT %s FROM dwd.%s%s", what, r.Entity, strings.ReplaceAll(f.where(r, f.entity(r)), "\n", " "))
}

func (f *former) where(r *Rows, e *Entity) string {
	var conds []string
	if r.Where != "" {
		f.expr(r.Pos, e, r.Where)
		conds = append(conds, "("+r.Where+")")
	}
	if e != nil && !r.Ever {
		if c := e.Column("valid_from"); c != nil {
			conds = append(conds, "(valid_from IS NULL OR valid_from <= @day)")
		}
		if c := e.Column("valid_to"); c != nil {
			conds = append(conds, "(valid_to IS NULL OR valid_to > @day)")
		}
	}
	if len(conds) == 0 {
		return ""
	}
	return "\nWHERE " + strings.Join(conds, " AND ")
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

func (f *former) days(sql string) string {
	day, err := f.i.AsOf()
	if err != nil {
		return sql // the period has been reported
	}
	from := day
	if len(f.i.Period) == len("2006") {
		from = day.AddDate(-1, 0, 1)
	}
	sql = workdays.ReplaceAllStringFunc(sql, func(call string) string {
		m := workdays.FindStringSubmatch(call)
		return f.workdays(m[1], m[2])
	})
	return strings.NewReplacer("@day", "toDate32('"+day.Format("2006-01-02")+"')", "@from", "toDate32('"+from.Format("2006-01-02")+"')").Replace(sql)
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
	word      = regexp.MustCompile(`@?\b[a-z_][a-z0-9_]*\b\s*\(?`)
	compare   = regexp.MustCompile(`\b([a-z_][a-z0-9_]*)\s*(?:=|!=)\s*'([^']*)'`)
	membersOf = regexp.MustCompile(`\b([a-z_][a-z0-9_]*)\s+(?:NOT )?IN\s*\(((?:'[^']*'(?:,\s*)?)+)\)`)
	literal   = regexp.MustCompile(`'([^']*)'`)
)

// expr checks an expression: every name in lower case that is not a function
// is a column of the entity, and every constant that a code list's column is
// compared with is a code of that list. A misspelt code would be 0 %, silently.
func (f *former) expr(at decl.Pos, e *Entity, text string) {
	if e == nil {
		return // reported with reads
	}
	for _, w := range word.FindAllString(quoted.ReplaceAllString(text, "''"), -1) {
		if strings.HasSuffix(w, "(") || w[0] == '@' {
			continue
		}
		if w = strings.TrimSpace(w); e.Column(w) == nil && !IsCommon(w) {
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
