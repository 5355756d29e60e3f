// Package derive writes what follows from the catalogue of declarations and is
// read outside the pipeline: Arrow schemas, the warehouse's DDL, the feed
// contracts for departments, the data dictionary. It also says what a change
// of declarations means (Diff).
//
// Everything is a pure function of the catalogue: same declarations, same
// bytes. The shipped result is under docs/generated and is compared in the
// tests, so that it cannot go stale.
package derive

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/transforms"
)

// Files are artefacts by path, with "/" between folders.
type Files map[string]string

// Kinds are the kinds of artefacts, in the order of `rongtong schema --help`.
var Kinds = []string{"arrow", "ddl", "contract", "indicators", "views", "dictionary", "quality"}

// Of derives one kind of artefacts:
//
//	arrow       arrow/<entity>.txt: columns of a batch, types, nullability
//	ddl         ddl/single.sql, or ddl/cluster.sql if a cluster is named; ddl/users.sql: what analysts may read
//	contract    contract/<entity>.schema.json (JSON Schema 2020-12), .avsc (Avro 1.11)
//	indicators  indicators.sql: what every indicator's units are computed by
//	views       views.zh.md, views.en.md: what analysts can ask, with its columns
//	dictionary  dictionary/*.html, dictionary.zh.md, dictionary.en.md
//	quality     quality/flags.md, rules.md, normalisers.md
func Of(kind string, c *schemas.Catalog, cluster string) (Files, error) {
	out := Files{}
	switch kind {
	case "arrow":
		for _, e := range c.Entities {
			out["arrow/"+e.Entity+".txt"] = arrowText(e)
		}
	case "ddl":
		name := "ddl/single.sql"
		if cluster != "" {
			name = "ddl/cluster.sql"
		}
		text, err := warehouse.DDL(c, cluster)
		if err != nil {
			return nil, err
		}
		out[name] = text
		out["ddl/users.sql"] = warehouse.AnalystRights("rongtong_analyst")
	case "contract":
		for _, e := range c.Entities {
			out["contract/"+e.Entity+".schema.json"] = encode(JSONSchema(c, e))
			out["contract/"+e.Entity+".avsc"] = encode(Avro(e))
		}
	case "indicators":
		out["indicators.sql"] = indicatorsText(c)
	case "views":
		out["views.zh.md"], out["views.en.md"] = viewsText(c, true), viewsText(c, false)
	case "dictionary":
		dictionary(c, out)
	case "quality":
		quality(c, out)
	default:
		return nil, fault.Hint(fault.Config, "choose one of "+strings.Join(Kinds, ", "), "deriving %q: that is no kind of artefact", kind)
	}
	return out, nil
}

func arrowText(e *schemas.Entity) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s %s\n", e.Entity, e.Name.Zh)
	for _, f := range transforms.ArrowSchema(e).Fields() {
		null := ""
		if f.Nullable {
			null = " nullable"
		}
		fmt.Fprintf(&b, "%s: %s%s\n", f.Name, f.Type, null)
	}
	return b.String()
}

// indicatorsText is the statement that yields the units of every indicator. The
// figure of a division is Scale times the sum of the numerators of the units
// below it over the sum of their denominators, or the median of the numerators.
func indicatorsText(c *schemas.Catalog) string {
	var b strings.Builder
	for _, i := range c.Indicators {
		how := fmt.Sprintf("%g × Σ numerator ÷ Σ denominator", i.Scale)
		if i.Aggregate == schemas.AggregateMedian {
			how = fmt.Sprintf("%g × median of the numerators", i.Scale)
		}
		fmt.Fprintf(&b, "-- %s %s (%s)\n-- row %s, rule version %d, %s; units %s, published %s; every %s from %s%s\n%s;\n\n", i.Indicator, i.Name.Zh, i.Unit,
			i.PolicyRow, i.RuleVer, how, i.ComputedAt, strings.Join(i.PublishedAt, ", "), i.Periods.Every, i.Periods.From, window(i.Periods), strings.TrimRight(strings.TrimSpace(i.SQL), ";"))
	}
	return b.String()
}

// window says from when a period counts, where that is not its own beginning.
func window(p schemas.Periods) string {
	if p.Window == "" {
		return ""
	}
	return ", to date since the beginning of the " + p.Window
}

// viewsText says of every view which question it answers, how it is asked and
// what its columns mean.
func viewsText(c *schemas.Catalog, zh bool) string {
	say := func(l schemas.Label) string {
		if zh {
			return l.Zh
		}
		return l.En
	}
	var b strings.Builder
	b.WriteString(say(schemas.Label{
		Zh: "# 分析视图（ads）\n\n每个视图回答一个问题。自动生成，勿手改。\n\n| 视图 | 问题 |\n| --- | --- |\n",
		En: "# Views for analysts (ads)\n\nOne view, one question. Generated; do not edit.\n\n| view | question |\n| --- | --- |\n"}))
	views := warehouse.Views(c)
	for _, v := range views {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", v.View, anchor(v.View+" "+say(v.Name)), say(v.Name))
	}
	for _, v := range views {
		fmt.Fprintf(&b, "\n## %s %s\n\n%s\n\n```sql\n%s\n```\n\n", v.View, say(v.Name), strings.TrimSpace(say(v.Doc)), v.Example)
		for _, a := range v.Args {
			fmt.Fprintf(&b, "- `%s` %s\n", a.Key, say(schemas.Label{Zh: a.Value.Zh, En: a.Value.En}))
		}
		if len(v.Args) > 0 {
			b.WriteString("\n")
		}
		b.WriteString(say(schemas.Label{Zh: "| 列 | 含义 | 类型 |\n| --- | --- | --- |\n", En: "| column | meaning | type |\n| --- | --- | --- |\n"}))
		for _, col := range v.Columns {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", col.Name, strings.ReplaceAll(say(col.Doc), "|", "\\|"), col.Type)
		}
	}
	return b.String()
}

// anchor is the fragment under which Markdown pages show a heading.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

func encode(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("derive: " + err.Error()) // maps of strings, numbers and lists always encode
	}
	return b.String()
}

func both(zh, en string) string { return zh + " / " + en }
