package warehouse

import (
	"strings"

	"rongtong/schemas"
)

// divisionPath pairs every division with itself and each division above it:
// what rolls a unit up to its ancestors in one join.
func divisionPath() *object {
	return &object{
		db: dbDwd, name: "division_path", comment: "区划路径：每个区划及其各级上级",
		engine: "MergeTree", order: []string{"division_code", "ancestor_code"}, derived: true,
		columns: []column{
			{"division_code", "FixedString(12)", "", "区划代码"},
			{"tier", lc, "", "层级"},
			{"ancestor_code", "FixedString(12)", "", "上级区划代码（含本级）"},
			{"ancestor_tier", lc, "", "上级层级"},
			{"ancestor_name", "String", "ZSTD(1)", "上级名称"},
			{"steps", "UInt8", "", "相隔层级：0为本级，1为直接上级"},
		},
	}
}

// adsViews are the declared views.
func adsViews(c *schemas.Catalog) []*object {
	var out []*object
	for _, v := range c.Views {
		o := &object{db: dbAds, name: v.View, view: viewSQL(c, v)}
		columns := make([]column, len(v.Columns))
		for i, col := range v.Columns {
			columns[i] = viewColumn(col)
		}
		out = append(out, o.askedBy(v.Name, v.Doc, columns, v.Args...))
	}
	return out
}

// viewSQL is the statement of a declared view. @confidential are the entities that
// analysts read no rows of.
func viewSQL(c *schemas.Catalog, v *schemas.View) string {
	return strings.ReplaceAll(strings.TrimRight(strings.TrimSpace(v.SQL), ";"), "@confidential", "("+confidential(c)+")")
}

// viewColumn is a column of a declared view, named in both languages.
func viewColumn(c *schemas.Column) column {
	out := columnFor(c)
	out.codec, out.comment = "", c.Zh+" / "+c.En
	if c.Unit != "" {
		out.comment += "（" + c.Unit + "）"
	}
	return out
}
