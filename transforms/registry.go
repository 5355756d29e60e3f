package transforms

import (
	"slices"
	"strings"

	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/divisions"
)

// Signature describes a function for the people who write flows. The set of
// functions is closed: what a flow cannot say becomes a new function here, with
// a script of rows in testdata.
type Signature struct {
	Name   string
	Of     []string     // its fields, in order; a last "…" means one or more
	MinOf  int          // how many of them must be given
	Args   []Arg        // its constants
	Result schemas.Type // the logical type it makes
	Codes  []string     // the values it can make, when they are few
	Doc    string
}

// Arg is a constant argument of a function.
type Arg struct {
	Name     string
	Required bool
	Doc      string
	Field    bool // it names a field, or an earlier column; a day is a constant
}

// function is a signature with its implementation. version is part of every
// fingerprint: raise it whenever the same input could give another output.
type function struct {
	Signature
	version int
	build   func(b *building) eval
}

// Matching reports whether the function makes a form for comparing: only for
// columns that are declared so, never in the place of what the source wrote.
func (s *Signature) Matching() bool {
	return s.Name == "canonical_name" || s.Name == "match_name" || s.Name == "match_address"
}

// Functions returns the signatures of all functions, by name.
func Functions() []Signature {
	var out []Signature
	for i := range registry {
		out = append(out, registry[i].Signature)
	}
	return out
}

func functionOf(name string) *function {
	for i := range registry {
		if registry[i].Name == name {
			return &registry[i]
		}
	}
	return nil
}

var (
	one       = []string{"field"}
	argSuffix = Arg{Name: "suffix", Doc: "words that may follow the number, separated by commas"}
	argSystem = Arg{Name: "system", Required: true, Doc: "the code system of the field; the register speaks " + divisions.CodeSystem}
	argList   = Arg{Name: "list", Required: true, Doc: "the code list"}
	argEpoch  = Arg{Name: "epoch", Doc: "s when instants are written in seconds since 1970"}
	argMask   = Arg{Name: "mask", Doc: "where village (d) and serial (s) stand in the source's code; x is left out"}
	argSep    = Arg{Name: "sep", Doc: "the separator"}
)

var registry []function

func init() {
	registry = []function{
		{Signature{"amount", []string{"value", "unit"}, 1, []Arg{{Name: "unit", Doc: "the unit of the column, when no field names it"}}, schemas.Measure, nil,
			"A sum of money in yuan: figures with 元, 千元, 万元, 亿元, or the numerals of accounting (壹万贰仟元整). The cell's own unit stands above the constant."}, 1, buildAmount},
		{Signature{"area", []string{"value", "unit"}, 1, []Arg{{Name: "unit", Doc: "the unit of the column, when no field names it"}}, schemas.Measure, nil,
			"An area in square metres; 亩 is 2000/3 m². The cell's own unit stands above the constant."}, 2, buildArea},
		{Signature{"bool3", one, 1, nil, schemas.Bool3, []string{"yes", "no", "unknown"},
			"Yes, no or unknown. 无 means no here; an empty cell is null, or unknown in a column that must have a value."}, 1,
			func(b *building) eval { return bool3(b.nullable()) }},
		{Signature{"canonical_name", one, 1, nil, schemas.Name, nil,
			"A division's name without spaces, with plain brackets and 居民委员会, 村民委员会 written in full. For matching only."}, 1, same(canonicalName)},
		{Signature{"citizen_id", one, 1, nil, schemas.Pid, nil,
			"A citizen's number (GB 11643). The landing step calls it; a flow that names it is refused."}, 1, buildCitizenID},
		{Signature{"codelist", one, 1, []Arg{argList}, schemas.CodeType, nil,
			"The code that a word means: the code itself, a name or an alias, whatever the width, case and spaces."}, 1, buildCodelist},
		{Signature{"const", nil, 0, []Arg{{Name: "value", Required: true, Doc: "the value"}}, schemas.Text, nil,
			"The same text for every row; it may be empty."}, 1, func(b *building) eval { return constant(b.expr.Args["value"]) }},
		{Signature{"date", one, 1, []Arg{{Name: "serial", Doc: "1904 when the spreadsheets count days from 1904-01-01"}, argEpoch}, schemas.Date, nil,
			"A calendar date (GB/T 7408.1), in any of the ways ledgers write one: with separators, with 年月日, in Chinese numerals, eight digits, a spreadsheet's serial day, milliseconds since 1970. A year of two digits is refused, and so is a day that does not exist."}, 2, buildDate},
		{Signature{"division", []string{"code", "name"}, 1, []Arg{
			{Name: "system", Required: true, Doc: "the code system of the field: nbs12, mca9, gb6 or police15"},
			{Name: "at", Field: true, Doc: "the day of the event, a field or a column set earlier, or a day; without it the record's own day. For nbs12 without it the code is one of today's register"},
			{Name: "ambiguous", Doc: "review (reject the row and list the candidates) or parent (keep the row at the division that holds all candidates)"},
		}, schemas.Code12, nil,
			"A division of today's register, by its code of 6, 9 or 12 digits in any code system at a date (GB/T 2260, GB/T 10114, 国统字〔2009〕91号, and the recorded changes). A code that several divisions took over, or that only equal digits speak for, is never guessed. Beside an mca9 code the name can confirm it."}, 2, buildDivision},
		{Signature{"division_code", one, 1, nil, schemas.Code12, nil,
			"A division code by its form alone, padded to 12 digits: for codes that are no longer, or not yet, in the register."}, 1, same(divisionForm)},
		{Signature{"division_kind", one, 1, nil, schemas.CodeType,
			[]string{divisions.Civil, divisions.Statistical, divisions.QuasiTownship, divisions.QuasiVillage, divisions.Virtual},
			"The kind of a division, by its code."}, 1, same(byForm(divisions.KindOf))},
		{Signature{"division_up", one, 1, []Arg{{Name: "tier", Required: true, Doc: "the code of the tier"}}, schemas.Code12, nil,
			"The division of a tier that holds a division."}, 1, buildDivisionUp},
		{Signature{"grid_division", one, 1, []Arg{argSystem, argMask}, schemas.Code12, nil,
			"The village of a grid, by the grid's code."}, 2, buildGridDivision},
		{Signature{"grid_id", one, 1, []Arg{argMask}, schemas.Text, nil,
			"A grid's code: 12 digits of the village and 3 of the serial. A mask reads the codes of CJ/T 349-2010 (20 digits) and of local standards (14 to 18)."}, 2, buildGridID},
		{Signature{"int", one, 1, []Arg{argSuffix}, schemas.Int, nil,
			"A whole number; thousands may be separated."}, 1, func(b *building) eval { return whole(b.suffixes()) }},
		{Signature{"join", []string{"part", "…"}, 2, []Arg{argSep}, schemas.Text, nil,
			"An identity made of several parts, joined with \":\" unless said otherwise; none may be missing."}, 1,
			func(b *building) eval { return join(b.arg("sep", ":")) }},
		{Signature{"match_address", []string{"address", "division"}, 1, nil, schemas.Text, nil,
			"An address in the form in which spellings of one place are equal: simplified characters, no spaces and signs, figures for the numbers of houses, without the divisions above the second field in front. For matching only."}, 1,
			func(b *building) eval { return matchAddress(b.register) }},
		{Signature{"match_name", []string{"name", "division"}, 1, nil, schemas.Text, nil,
			"A name in the form in which spellings of one name are equal: simplified characters, small letters, no spaces and signs, 居民委员会 and 村民委员会 in full, without the divisions above the second field in front. For matching only."}, 1,
			func(b *building) eval { return matchName(b.register) }},
		{Signature{"measure_family", one, 1, nil, schemas.CodeType, nil,
			"The family of a measure, by its code, from the code list of measures."}, 1, buildFamily},
		{Signature{"month_start", one, 1, nil, schemas.Date, nil,
			"A month, as its first day."}, 1, same(monthStart)},
		{Signature{"number", one, 1, []Arg{argSuffix}, schemas.Measure, nil,
			"A number with four decimals, rounded half up; thousands may be separated."}, 1, func(b *building) eval { return measure(b.suffixes()) }},
		{Signature{"org_code", one, 1, nil, schemas.Text, nil,
			"An organisation code (GB 11714), nine characters without the hyphen, with its check digit verified."}, 1, same(orgCode)},
		{Signature{"phone", one, 1, nil, schemas.Text, nil,
			"An organisation's telephone number. A mobile number is a person's and is masked; one that is none becomes null."}, 2, same(phone)},
		{Signature{"pid", one, 1, nil, schemas.Pid, nil,
			"The pseudonym of a person: of a field that the stream declares as a citizen_id."}, 1, same(pid)},
		{Signature{"pid_version", one, 1, nil, schemas.Int, nil,
			"The version of the key under which the pseudonym was made."}, 1, same(pidVersion)},
		{Signature{"quarter_end", one, 1, nil, schemas.Date, nil,
			"A quarter, as its last day; 202504 is the fourth quarter."}, 1, same(quarter(true))},
		{Signature{"quarter_start", one, 1, nil, schemas.Date, nil,
			"A quarter, as its first day; 202504 is the fourth quarter."}, 1, same(quarter(false))},
		{Signature{"service_basic", one, 1, nil, schemas.Text, nil,
			"The basic code of a service item (GB/T 39554.1), twelve digits, of the nation or the province."}, 1,
			func(b *building) eval { return serviceBasic(b.root()) }},
		{Signature{"service_item", one, 1, nil, schemas.Text, nil,
			"The code of a service item as a body carries it out (GB/T 39554.1): credit code 18, level 1, basic code 12."}, 1,
			func(b *building) eval { return serviceItem(b.root()) }},
		{Signature{"share", one, 1, []Arg{{Name: "bare", Required: true, Doc: "what a number without a sign is: share or percent"}}, schemas.Measure, nil,
			"A part of a whole as a number of 1: 95% is 0.95."}, 1, buildShare},
		{Signature{"split", one, 1, []Arg{argSep}, schemas.List, nil,
			"A list, cut at the separator (\";\" unless said otherwise); empty parts are dropped."}, 1,
			func(b *building) eval { return split(b.arg("sep", ";")) }},
		{Signature{"time", one, 1, []Arg{argEpoch}, schemas.Time, nil,
			"A point in time (GB/T 7408.1), of Shandong when no zone is written; or milliseconds since 1970."}, 2, buildTime},
		{Signature{"township_change_kind", []string{"old_code", "new_code"}, 2, nil, schemas.CodeType, []string{"created", "retired", "recode", "rename"},
			"What happened to a township, by its old and its new code."}, 1, same(townshipChangeKind)},
		{Signature{"uscc", one, 1, nil, schemas.Code18, nil,
			"A unified social credit code (GB 32100), upper case, with its check digit verified."}, 1, same(uscc)},
		{Signature{"verbatim", one, 1, []Arg{{Name: "zone", Doc: "the zone of times that say none: Asia/Shanghai or UTC"}}, schemas.Text, nil,
			"The value as it stands, parsed to the column's type and nothing more: for tables outside the theme."}, 1, buildVerbatim},
		{Signature{"village_class", one, 1, nil, schemas.CodeType,
			[]string{divisions.ResidentsCommittee, divisions.VillageCommittee, divisions.QuasiResidents, divisions.QuasiVillageClass},
			"The class of a village, by its code; null above the village tier."}, 1, same(byForm(divisions.VillageClassOf))},
	}
}

func same(e eval) func(*building) eval { return func(*building) eval { return e } }

// building is the context in which a function's constants become an eval.
type building struct {
	*compiler
	expr   *schemas.Expr
	column *schemas.Column // nil outside a column
}

func (b *building) arg(name, otherwise string) string {
	if v, ok := b.expr.Args[name]; ok {
		return v
	}
	return otherwise
}

func (b *building) nullable() bool { return b.column != nil && b.column.Nullable }

func (b *building) invalid(arg, hint string) eval {
	b.problem(b.expr.Pos, "func.arg_invalid", hint, "%q is no value of %q for %q", b.expr.Args[arg], arg, b.expr.Call)
	return nil
}

func (b *building) suffixes() [][]byte {
	var out [][]byte
	st := &state{}
	for w := range strings.SplitSeq(b.arg("suffix", ""), ",") {
		if c := st.squeeze(st.clean([]byte(w), compat)); len(c) > 0 {
			out = append(out, slices.Clone(c))
		}
	}
	return out
}

func buildArea(b *building) eval {
	return b.quantity(&quantity{unitOf: areaUnit}, "平方米, 亩, 公顷, 万平方米, 平方公里")
}

func buildAmount(b *building) eval {
	return b.quantity(&quantity{unitOf: moneyUnit, money: true}, "元, 千元, 万元, 亿元")
}

// quantity completes a quantity with the unit of the declaration.
func (b *building) quantity(q *quantity, known string) eval {
	name, ok := b.expr.Args["unit"]
	if ok == (len(b.expr.Of) == 2) {
		b.problem(b.expr.Pos, "func.arg_missing", "either name the field that holds the unit, of: [value, unit], or the unit, one of "+known,
			"the unit of %q comes from a field or from a constant, from exactly one of them", b.expr.Call)
		return nil
	}
	if !ok {
		return q.eval
	}
	st := &state{}
	if q.fixed, ok = q.unitOf(st.squeeze(st.clean([]byte(name), compat))); !ok {
		return b.invalid("unit", "known: "+known)
	}
	return q.eval
}

func buildShare(b *building) eval {
	switch b.expr.Args["bare"] {
	case "":
		return nil // reported as missing
	case "share":
		return share(unit{1, 1})
	case "percent":
		return share(unit{1, 100})
	}
	return b.invalid("bare", "known: share, percent")
}

func (b *building) root() string { return b.register.At(0).Code[:2] }

func buildDate(b *building) eval {
	serial, epoch := b.arg("serial", "1900"), b.arg("epoch", "ms")
	switch {
	case serial != "1900" && serial != "1904":
		return b.invalid("serial", "known: 1900, 1904")
	case epoch != "ms" && epoch != "s":
		return b.invalid("epoch", "known: ms, s")
	}
	return date(dateForm{serial1904: serial == "1904", seconds: epoch == "s"})
}

func buildTime(b *building) eval {
	epoch := b.arg("epoch", "ms")
	if epoch != "ms" && epoch != "s" {
		return b.invalid("epoch", "known: ms, s")
	}
	return instant(epoch == "s")
}

func buildCodelist(b *building) eval {
	name := b.expr.Args["list"]
	l := b.catalog.Code(name)
	if l == nil {
		var known []string
		for _, l := range b.catalog.Codes {
			known = append(known, l.Name)
		}
		return b.invalid("list", decl.Suggest(name, known))
	}
	b.uses(l)
	return codelist(b.compiled(l))
}

func (b *building) system() bool {
	if b.expr.Args["system"] == divisions.CodeSystem {
		return true
	}
	b.invalid("system", "the register knows "+divisions.CodeSystem+"; codes of another system may mean another place")
	return false
}

func buildDivisionUp(b *building) eval {
	tier := b.expr.Args["tier"]
	known := []string{divisions.Province, divisions.City, divisions.County, divisions.Township, divisions.Village}
	if !slices.Contains(known, tier) {
		return b.invalid("tier", "known: "+strings.Join(known, ", "))
	}
	return divisionUp(b.register, tier)
}

// measures is the code list whose codes' parents are the families.
const measures = "measure"

func buildFamily(b *building) eval {
	l := b.catalog.Code(measures)
	if l == nil {
		b.problem(b.expr.Pos, "list.unknown", "add codes/measure.csv", "there is no code list %q", measures)
		return nil
	}
	b.uses(l)
	table := map[string][]byte{}
	for _, c := range l.Codes {
		table[c.Code] = []byte(c.Parent)
	}
	return lookup(table)
}

// buildCitizenID refuses every flow that names the function.
func buildCitizenID(b *building) eval {
	b.problem(b.expr.Pos, "func.landing_only", "declare the field as a person's in the stream: the landing step makes the pseudonym, and the flow maps that",
		"%q reads a citizen's number, which no flow may hold", b.expr.Call)
	return nil
}
