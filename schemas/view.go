package schemas

import (
	"regexp"
	"slices"
	"strings"

	"rongtong/schemas/decl"
)

// View is a view of layer ads that is declared: one question of an analyst, in
// SQL over the theme layer. With Args it is asked as a function of them:
//
//	SELECT * FROM ads.division_holdings(division = '370102000000')
type View struct {
	decl.Pos
	View string `decl:"view,required"`
	Name Label  `decl:"name,required"`
	// Doc is the question that the view answers, and what to know of the answer.
	Doc     Label             `decl:"doc,required"`
	Args    decl.Map[ViewArg] `decl:"args"`
	Columns []*Column         `decl:"columns,required"`
	// Reads are the entities and Relations in the SQL.
	Reads []string    `decl:"reads,required"`
	SQL   string      `decl:"sql,required"`
	Cases []*ViewCase `decl:"cases,required"`
}

// ViewArg is an argument of a view: a text, {name:String} in the SQL.
type ViewArg struct {
	Zh      string `decl:"zh,required"`
	En      string `decl:"en,required"`
	Example string `decl:"example,required"`
}

// ViewCase is a declared example: rows of what the view reads, and every row of
// the answer, in order, as text ("-" is null).
type ViewCase struct {
	decl.Pos
	Name      string                         `decl:"name,required"`
	Divisions []string                       `decl:"divisions"` // with all above them, from the register
	Rows      map[string][]map[string]string `decl:"rows"`
	Args      map[string]string              `decl:"args"`
	Want      [][]string                     `decl:"want,required"`
}

// Call is the view as it is asked, with the examples of its arguments.
func (v *View) Call() string {
	if len(v.Args) == 0 {
		return "ads." + v.View
	}
	args := make([]string, len(v.Args))
	for i, a := range v.Args {
		args[i] = a.Key + " = '" + a.Value.Example + "'"
	}
	return "ads." + v.View + "(" + strings.Join(args, ", ") + ")"
}

var viewArg = regexp.MustCompile(`\{(\w+):(\w+)\}`)

func (k *checker) view(v *View) {
	at := func(path ...any) decl.Pos { return k.at(v, path...) }
	k.name(at("view"), "view", v.View)
	k.unique("column", names(v.Columns, func(c *Column) string { return c.Name }), func(i int) decl.Pos { return at("columns", i, "name") })
	for i, c := range v.Columns {
		k.name(at("columns", i, "name"), "column", c.Name)
		k.oneOf(at("columns", i, "type"), "type.unknown", "column type", string(c.Type), typeNames())
	}
	var used []string
	for _, m := range tableRef.FindAllStringSubmatch(v.SQL, -1) {
		if m[1] != "dwd" {
			k.add(at("sql"), "sql.layer", "read dwd.<entity>, or a relation", "a view reads the theme layer, not %s.%s", m[1], m[2])
			continue
		}
		used = append(used, m[2])
		if !slices.Contains(v.Reads, m[2]) {
			k.add(at("sql"), "sql.unlisted", "add it to reads", "the SQL reads dwd.%s, which reads does not list", m[2])
		}
	}
	known := append(k.entityNames(), names(Relations, func(e *Entity) string { return e.Entity })...)
	for i, r := range v.Reads {
		if k.oneOf(at("reads", i), "entity.unknown", "entity", r, known) && !slices.Contains(used, r) {
			k.add(at("reads", i), "sql.unread", "remove it from reads", "the SQL does not read dwd.%s", r)
		}
	}
	var args []string
	for _, a := range v.Args {
		args = append(args, a.Key)
		if !strings.Contains(v.SQL, "{"+a.Key+":String}") {
			k.add(at("args"), "view.arg", "use it in the SQL, or remove it", "the SQL has no {%s:String}", a.Key)
		}
	}
	for _, m := range viewArg.FindAllStringSubmatch(v.SQL, -1) {
		if !slices.Contains(args, m[1]) || m[2] != "String" {
			k.add(at("sql"), "view.arg", "declare it under args; arguments are of type String", "{%s:%s} is no argument of the view", m[1], m[2])
		}
	}
	for i, c := range v.Cases {
		for j, row := range c.Want {
			if len(row) != len(v.Columns) {
				k.add(at("cases", i, "want", j), "view.want", "give a text for every column", "the row has %d columns, the view %d", len(row), len(v.Columns))
			}
		}
	}
}
