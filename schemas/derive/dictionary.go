package derive

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rongtong/schemas"
)

// origin is where a column comes from: a stream of a system, and how.
type origin struct{ System, Stream, How string }

// Anchor is the place of the stream on the page of sources.
func (o origin) Anchor() string { return o.System + "." + o.Stream }

func (o origin) String() string { return o.System + "." + o.Stream + ": " + o.How }

// lineage says which fields of which sources feed a column, and how:
// "city_operations.grid_event: codelist(category)".
func lineage(c *schemas.Catalog, e *schemas.Entity, column string) []origin {
	out := []origin{}
	for _, s := range c.Systems {
		for _, f := range s.Flows {
			if f.Entity != e.Entity {
				continue
			}
			if x, ok := f.Set.Get(column); ok {
				out = append(out, origin{s.System, f.Stream, spell(&x.Value)})
			}
		}
	}
	return out
}

// spell writes an expression as the flow says it: a field, or a function of
// fields with its constants.
func spell(x *schemas.Expr) string {
	if x.Call == "" {
		return x.Field
	}
	words := slices.Clone(x.Of)
	for _, name := range slices.Sorted(maps.Keys(x.Args)) {
		words = append(words, fmt.Sprintf("%s: %q", name, x.Args[name]))
	}
	return x.Call + "(" + strings.Join(words, ", ") + ")"
}

// Readers are the indicators that read an entity.
func Readers(c *schemas.Catalog, entity string) []*schemas.Indicator {
	var out []*schemas.Indicator
	for _, i := range c.Indicators {
		if slices.Contains(i.Reads, entity) {
			out = append(out, i)
		}
	}
	return out
}

func dictionary(c *schemas.Catalog, out Files) {
	out["dictionary.zh.md"] = markdown(c, true)
	out["dictionary.en.md"] = markdown(c, false)
	site(c, out)
}

func markdown(c *schemas.Catalog, zh bool) string {
	var b strings.Builder
	say := func(l schemas.Label) string {
		if zh {
			return l.Zh
		}
		return l.En
	}
	pick := func(a, b string) string { return say(schemas.Label{Zh: a, En: b}) }
	fmt.Fprintf(&b, "# %s\n", pick("数据字典", "Data dictionary"))
	for _, e := range c.Entities {
		v := entityView(c, e)
		fmt.Fprintf(&b, "\n## %s `%s`\n\n%s\n\n%s: `%s`\n\n", say(e.Name), e.Entity, strings.TrimSpace(say(e.Doc)), pick("主键", "Key"), strings.Join(e.Key, "`, `"))
		fmt.Fprintf(&b, "%s\n|---|---|---|---|---|---|\n", pick("| 字段 | 名称 | 类型 | 代码表/单位 | 权威顺序 | 来源 |", "| Column | Name | Type | List/unit | Authority | Fed by |"))
		for _, r := range v.Rows {
			null := ""
			if r.Nullable {
				null = "?"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s%s | %s | %s | %s |\n", r.Name, cell(pick(r.Zh, r.En)), r.Type, null, cell(r.List+r.Unit), cell(r.Winners), cell(joined(r.Lineage)))
		}
		if len(v.Indicators) > 0 {
			fmt.Fprintf(&b, "\n%s:", pick("读取它的指标", "Read by the indicators"))
			for _, i := range v.Indicators {
				fmt.Fprintf(&b, " `%s` %s;", i.Indicator, say(i.Name))
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func joined(list []origin) string {
	words := make([]string, len(list))
	for i, o := range list {
		words[i] = o.String()
	}
	return strings.Join(words, "; ")
}

// cell keeps a text within one cell of a table.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s)
}
