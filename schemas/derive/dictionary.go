package derive

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"rongtong/schemas"
)

// Lineage says which field of which source feeds a column, and how:
// "city_operations.grid_event: codelist(category)".
func Lineage(c *schemas.Catalog, e *schemas.Entity, column string) []string {
	out := []string{}
	for _, s := range c.Systems {
		for _, f := range s.Flows {
			if f.Entity != e.Entity {
				continue
			}
			x, ok := f.Set.Get(column)
			if !ok {
				continue
			}
			out = append(out, s.System+"."+f.Stream+": "+spell(&x.Value))
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
	out["dictionary/index.html"] = page(indexPage, c)
	for _, e := range c.Entities {
		out["dictionary/"+e.Entity+".html"] = page(entityPage, entityView(c, e))
	}
}

type columnView struct {
	*schemas.Column
	Key     bool
	Winners string
	Lineage []string
}

type entityData struct {
	*schemas.Entity
	Rows       []columnView
	Indicators []*schemas.Indicator
}

func entityView(c *schemas.Catalog, e *schemas.Entity) entityData {
	v := entityData{Entity: e, Indicators: Readers(c, e.Entity)}
	for _, col := range e.Columns {
		v.Rows = append(v.Rows, columnView{col, e.IsKey(col.Name), strings.Join(e.AuthorityOf(col), " > "), Lineage(c, e, col.Name)})
	}
	return v
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
			fmt.Fprintf(&b, "| `%s` | %s | %s%s | %s | %s | %s |\n", r.Name, cell(pick(r.Zh, r.En)), r.Type, null, cell(r.List+r.Unit), cell(r.Winners), cell(strings.Join(r.Lineage, "; ")))
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

// cell keeps a text within one cell of a table.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s)
}

func page(t *template.Template, data any) string {
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		panic("derive: " + err.Error()) // the templates are constants and run in the tests
	}
	return b.String()
}

const head = `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:0 auto;max-width:80rem;padding:1rem;color:#1a1a1a;background:#fff}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid #ccc;padding:.35rem .5rem;text-align:left;vertical-align:top}
th{background:#f2f4f7}
code{font-size:.92em}
a{color:#0b57a4}
input{font:inherit;padding:.4rem;width:min(30rem,100%);border:1px solid #666}
.en{color:#555}
</style>
`

var indexPage = template.Must(template.New("index").Parse(head + `<title>数据字典 / Data dictionary</title>
</head>
<body>
<main>
<h1>数据字典 <span class="en" lang="en">Data dictionary</span></h1>
<p><label for="q">按名称查找 / Search by name</label><br><input id="q" type="search" autocomplete="off" aria-controls="found"></p>
<p id="n" role="status"></p>
<div class="wide"><table id="found">
<caption>{{len .Entities}} 个实体 / entities</caption>
<thead><tr><th scope="col">实体 / Entity</th><th scope="col">名称</th><th scope="col" lang="en">Name</th><th scope="col">字段 / Columns</th></tr></thead>
<tbody>
{{range .Entities}}<tr><th scope="row"><a href="{{.Entity}}.html"><code>{{.Entity}}</code></a></th><td>{{.Name.Zh}}</td><td lang="en">{{.Name.En}}</td><td>{{$e := .Entity}}{{range .Columns}}<a href="{{$e}}.html#{{.Name}}" title="{{.Zh}} / {{.En}}">{{.Zh}} <code>{{.Name}}</code></a> {{end}}</td></tr>
{{end}}</tbody>
</table></div>
</main>
<script>
const rows=[...document.querySelectorAll("#found tbody tr")],n=document.getElementById("n");
document.getElementById("q").addEventListener("input",e=>{
  const q=e.target.value.trim().toLowerCase();let k=0;
  for(const r of rows){const hit=r.textContent.toLowerCase().includes(q);r.hidden=!hit;k+=hit}
  n.textContent=q?k+" 个实体 / entities":"";
});
</script>
</body>
</html>
`))

var entityPage = template.Must(template.New("entity").Parse(head + `<title>{{.Name.Zh}} {{.Entity.Entity}}</title>
</head>
<body>
<nav aria-label="字典"><a href="index.html">数据字典 / Data dictionary</a></nav>
<main>
<h1>{{.Name.Zh}} <code>{{.Entity.Entity}}</code> <span class="en" lang="en">{{.Name.En}}</span></h1>
<p>{{.Doc.Zh}}</p>
<p class="en" lang="en">{{.Doc.En}}</p>
<div class="wide"><table>
<caption>字段 / Columns</caption>
<thead><tr><th scope="col">字段 / Column</th><th scope="col">名称 / Name</th><th scope="col">类型 / Type</th><th scope="col">代码表、单位 / List, unit</th><th scope="col">权威顺序 / Authority</th><th scope="col">来源 / Fed by</th></tr></thead>
<tbody>
{{range .Rows}}<tr id="{{.Name}}"><th scope="row"><code>{{.Name}}</code>{{if .Key}} 主键{{end}}</th><td>{{.Zh}}<br><span class="en" lang="en">{{.En}}</span>{{if .Doc}}<br><small>{{.Doc}}</small>{{end}}</td><td>{{.Type}}{{if .Nullable}}，可空{{end}}{{if .PII}}，{{.PII}}{{end}}</td><td>{{.List}}{{.Unit}}</td><td>{{.Winners}}</td><td>{{range .Lineage}}<code>{{.}}</code><br>{{end}}</td></tr>
{{end}}</tbody>
</table></div>
{{if .Indicators}}<h2>读取它的指标 <span class="en" lang="en">Read by the indicators</span></h2>
<ul>
{{range .Indicators}}<li><code>{{.Indicator}}</code> {{.Name.Zh}} <span class="en" lang="en">{{.Name.En}}</span></li>
{{end}}</ul>
{{end}}</main>
</body>
</html>
`))
