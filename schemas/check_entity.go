package schemas

import "rongtong/schemas/decl"

// The types that a column of an entity may have.
var columnTypes = []Type{Text, Name, Code12, Code18, CodeType, Int, Measure, Date, Time, Bool3, List, Map, Pid}

func typeNames() []string {
	var out []string
	for _, t := range columnTypes {
		out = append(out, string(t))
	}
	return out
}

func (k *checker) entity(e *Entity) {
	k.name(k.at(e, "entity"), "entity", e.Entity)
	k.name(k.at(e, "theme"), "theme", e.Theme)
	k.unique("column", columnNames(e), func(i int) decl.Pos { return k.at(e, "columns", i, "name") })
	for i, c := range e.Columns {
		k.column(e, i, c)
	}
	k.entityKey(e)
	k.oneOf(k.at(e, "fusion"), "fusion.unknown", "way of fusing", string(e.Fusion), []string{string(FuseField), string(FuseRow)})
	k.authority(e.Authority, func(i int) decl.Pos { return k.at(e, "authority", i) })
	k.division(e)
	k.identity(e)
	k.unique("rule", names(e.Rules, func(r *Rule) string { return r.Rule }), func(i int) decl.Pos { return k.at(e, "rules", i, "rule") })
	for i, r := range e.Rules {
		k.rule(e, i, r)
	}
	if e.SmallCells < 0 || e.SmallCells == 1 {
		k.add(k.at(e, "small_cells"), "small_cells.range", "10, or leave it out", "small_cells is the least number that is shown: at least 2")
	}
	k.described(e)
	k.entityCases(e)
}

func (k *checker) column(e *Entity, i int, c *Column) {
	at := func(key string) decl.Pos { return k.at(e, "columns", i, key) }
	k.name(at("name"), "column", c.Name)
	if IsCommon(c.Name) {
		k.add(at("name"), "column.reserved", "every entity has it already; remove the column or rename it", "%q is a common column", c.Name)
	}
	k.oneOf(at("type"), "type.unknown", "column type", string(c.Type), typeNames())
	switch {
	case c.Type == CodeType && c.List == "":
		k.add(at("list"), "list.missing", "add list: <name of a code list>", "column %q is a code of no list", c.Name)
	case c.Type != CodeType && c.Type != List && c.List != "":
		k.add(at("list"), "list.unexpected", "write type: codelist, or remove the list", "column %q has a code list but is of type %s", c.Name, c.Type)
	default:
		k.oneOf(at("list"), "list.unknown", "code list", c.List, k.listNames())
	}
	if c.Type == Measure && c.Unit == "" {
		k.add(at("type"), "unit.missing", "add unit: m2, 元, 户 … (1 if it has none)", "column %q is a measure without a unit", c.Name)
	}
	switch c.PII {
	case "P4", "P5":
		k.add(at("pii"), "pii.prohibited", "list the source's fields under drop: in the stream, or keep a keyed pseudonym (P2) or a masked form (P3)",
			"column %q would hold class %s, which never enters a theme table", c.Name, c.PII)
	default:
		k.oneOf(at("pii"), "pii.unknown", "class of personal data", string(c.PII), []string{string(P0), string(P1), string(P2), string(P3)})
	}
	k.tolerance(e, i, c)
	k.authority(c.Authority, func(j int) decl.Pos { return k.at(e, "columns", i, "authority", j) })
	if len(c.Authority) > 0 && (e.Fusion == FuseRow || e.IsKey(c.Name)) {
		k.add(at("authority"), "authority.unused", "give the entity an authority, or write fusion: field",
			"column %q cannot have its own authority: the whole row has one winner, and a key none", c.Name)
	}
}

// entityKey checks the grain: rows that agree on the key are the same thing,
// so a key that can be missing would merge strangers.
func (k *checker) entityKey(e *Entity) {
	k.unique("key column", e.Key, func(i int) decl.Pos { return k.at(e, "key", i) })
	if len(e.Key) == 0 && k.nodes[e].At("key") != k.nodes[e].Pos() {
		k.add(k.at(e, "key"), "key.empty", "name the columns that identify one thing", "entity %q has an empty key", e.Entity)
	}
	for i, name := range e.Key {
		at := k.at(e, "key", i)
		if !k.oneOf(at, "column.unknown", "key column", name, columnNames(e)) {
			continue
		}
		switch c := e.Column(name); {
		case c.Nullable:
			k.add(at, "key.nullable", "remove nullable: true from the column", "key column %q may be missing", name)
		case c.Type == List, c.Type == Map, c.Type == Measure:
			k.add(at, "key.type", "use a text, code, int, date or time", "key column %q is of type %s", name, c.Type)
		}
	}
}

func (k *checker) authority(order []string, at func(i int) decl.Pos) {
	k.unique("authority", order, at)
	known := append(k.systemNames(), k.tierCodes()...)
	for i, a := range order {
		k.oneOf(at(i), "authority.unknown", "system or tier", a, known)
	}
}

func (k *checker) division(e *Entity) {
	d := e.Division
	if d.Column == "" {
		return
	}
	at := k.at(e, "division", "column")
	if k.oneOf(at, "column.unknown", "division column", d.Column, columnNames(e)) {
		if c := e.Column(d.Column); c.Type != Code12 || c.Nullable {
			k.add(at, "division.type", "it must be of type code12 and not nullable", "column %q cannot say whose territory a row is about", d.Column)
		}
	}
	k.oneOf(k.at(e, "division", "system"), "code_system.unknown", "code system", d.System, CodeSystems)
	k.unique("column", d.Shares, func(i int) decl.Pos { return k.at(e, "division", "shares", i) })
	for i, name := range d.Shares {
		at := k.at(e, "division", "shares", i)
		if !k.oneOf(at, "column.unknown", "column", name, columnNames(e)) {
			continue
		}
		if c := e.Column(name); c.Type != Int && c.Type != Measure || e.IsKey(name) {
			k.add(at, "division.shares", "name counts and sums (int or measure) that are no key", "column %q cannot be distributed over divisions", name)
		}
	}
}

// code reports a constant that is not in the column's code list.
func (k *checker) code(at decl.Pos, list, code string) {
	l := k.c.Code(list)
	if l == nil {
		return // no list, or an unknown one, which has been reported
	}
	if _, ok := l.Get(code); ok {
		return
	}
	known := make([]string, len(l.Codes))
	for i, c := range l.Codes {
		known[i] = c.Code
	}
	k.add(at, "code.unknown", decl.Suggest(code, known), "%q is not a code of list %q", code, list)
}
