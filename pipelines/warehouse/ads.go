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

// smallCell is the least count that may be shown of persons or cases. A part
// of a count is hidden too when it or what is left beside it is smaller:
// one would give the other away. Declared views write it into their SQL.
const smallCell = 10

// adsViews are the declared views.
func adsViews(c *schemas.Catalog) []*object {
	var out []*object
	for _, v := range c.Views {
		o := &object{db: dbAds, name: v.View, comment: v.Name.Zh + " / " + v.Name.En, view: strings.TrimRight(strings.TrimSpace(v.SQL), ";")}
		for _, col := range v.Columns {
			o.columns = append(o.columns, viewColumn(col))
		}
		out = append(out, o)
	}
	return out
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
