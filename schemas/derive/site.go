package derive

import (
	"embed"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rongtong/schemas"
)

// The data dictionary as a static site: a page per entity, one each for code
// lists, indicators and sources, and an index that search reads. It needs no
// server and loads nothing from elsewhere.

//go:embed site
var siteFS embed.FS

var pages = template.Must(template.ParseFS(siteFS, "site/*.html"))

func site(c *schemas.Catalog, out Files) {
	put := func(name, tmpl string, data any) {
		var b strings.Builder
		if err := pages.ExecuteTemplate(&b, tmpl, data); err != nil {
			panic("derive: " + err.Error()) // the templates are constants and run in the tests
		}
		out["dictionary/"+name] = b.String()
	}
	for _, name := range []string{"style.css", "site.js"} {
		text, err := siteFS.ReadFile("site/" + name)
		if err != nil {
			panic("derive: " + err.Error())
		}
		out["dictionary/"+name] = string(text)
	}
	put("index.html", "index.html", indexData(c))
	for _, e := range c.Entities {
		put(e.Entity+".html", "entity.html", entityView(c, e))
	}
	put("codes.html", "codes.html", codesData(c))
	put("indicators.html", "indicators.html", indicatorsData(c))
	put("sources.html", "sources.html", sourcesData(c))
	out["dictionary/search.js"] = searchText(c)
}

type indexView struct {
	Themes                                        []*themeView
	Entities, Columns, Lists, Indicators, Systems int
}

type themeView struct {
	Name     string
	Label    schemas.Label
	Entities []entityCard
}

type entityCard struct {
	*schemas.Entity
	Fed     []string // systems that have a flow into it
	Readers int
}

func indexData(c *schemas.Catalog) indexView {
	v := indexView{Entities: len(c.Entities), Lists: len(c.Codes), Indicators: len(c.Indicators), Systems: len(c.Systems)}
	for _, e := range c.Entities {
		v.Columns += len(e.Columns)
		if n := len(v.Themes); n == 0 || v.Themes[n-1].Name != e.Theme {
			v.Themes = append(v.Themes, &themeView{Name: e.Theme, Label: c.ThemeName(e.Theme)})
		}
		card := entityCard{Entity: e, Readers: len(Readers(c, e.Entity))}
		for _, s := range c.Systems {
			if slices.ContainsFunc(s.Flows, func(f *schemas.Flow) bool { return f.Entity == e.Entity }) {
				card.Fed = append(card.Fed, s.System)
			}
		}
		t := v.Themes[len(v.Themes)-1]
		t.Entities = append(t.Entities, card)
	}
	return v
}

type columnView struct {
	*schemas.Column
	Key       bool
	Own       bool // its authority is its own, not the entity's
	Class     string
	Winners   string
	Tolerance string
	Lineage   []origin
	Used      []string // indicators whose text names the column
}

type entityData struct {
	*schemas.Entity
	ThemeLabel schemas.Label
	Winners    string
	Rows       []columnView
	Indicators []*schemas.Indicator
}

func entityView(c *schemas.Catalog, e *schemas.Entity) entityData {
	v := entityData{Entity: e, ThemeLabel: c.ThemeName(e.Theme), Winners: strings.Join(e.Authority, " > "), Indicators: Readers(c, e.Entity)}
	for _, col := range e.Columns {
		r := columnView{Column: col, Key: e.IsKey(col.Name), Own: len(col.Authority) > 0, Winners: strings.Join(e.AuthorityOf(col), " > "),
			Lineage: lineage(c, e, col.Name), Tolerance: tolerance(col)}
		if col.PII != schemas.P0 {
			r.Class = string(col.PII)
		}
		word := regexp.MustCompile(`\b` + regexp.QuoteMeta(col.Name) + `\b`)
		for _, i := range v.Indicators {
			if word.MatchString(i.SQL) {
				r.Used = append(r.Used, i.Indicator)
			}
		}
		v.Rows = append(v.Rows, r)
	}
	return v
}

func tolerance(col *schemas.Column) string {
	var parts []string
	if t := col.ToleranceAbs; t != nil {
		parts = append(parts, strconv.FormatFloat(*t, 'f', -1, 64)+" "+col.Unit)
	}
	if t := col.ToleranceRel; t != nil {
		parts = append(parts, strconv.FormatFloat(*t*100, 'f', -1, 64)+" %")
	}
	return strings.Join(parts, ", ")
}

type codesView struct {
	*schemas.CodeList
	Held []holder
}

type holder struct{ Entity, Column string }

func codesData(c *schemas.Catalog) []codesView {
	var out []codesView
	for _, l := range c.Codes {
		v := codesView{CodeList: l}
		for _, e := range c.Entities {
			for _, col := range e.Columns {
				if col.List == l.Name {
					v.Held = append(v.Held, holder{e.Entity, col.Name})
				}
			}
		}
		out = append(out, v)
	}
	return out
}

type indicatorView struct {
	*schemas.Indicator
	Links []link
}

type link struct{ Name, Page string }

func indicatorsData(c *schemas.Catalog) []indicatorView {
	var out []indicatorView
	for _, i := range c.Indicators {
		v := indicatorView{Indicator: i}
		for _, r := range i.Reads {
			l := link{Name: r}
			if c.Entity(r) != nil {
				l.Page = r + ".html"
			}
			v.Links = append(v.Links, l)
		}
		out = append(out, v)
	}
	return out
}

type sourceView struct {
	*schemas.System
	Feeds []feedView
}

type feedView struct {
	Anchor, Stream string
	Entities       []string
	Fields         []fieldView
	Drop           []string
}

type fieldView struct {
	Name string
	Key  bool
	Into []target
}

// target is a column that a field becomes, and how.
type target struct{ Entity, Column, How string }

func sourcesData(c *schemas.Catalog) []sourceView {
	var out []sourceView
	for _, s := range c.Systems {
		v := sourceView{System: s}
		for _, st := range s.Streams {
			f := feedView{Anchor: s.System + "." + st.Key, Stream: st.Key, Drop: st.Value.Drop}
			for _, fl := range s.Flows {
				if fl.Stream == st.Key && !slices.Contains(f.Entities, fl.Entity) {
					f.Entities = append(f.Entities, fl.Entity)
				}
			}
			for _, field := range st.Value.Fields {
				f.Fields = append(f.Fields, fieldView{field.Key, slices.Contains(st.Value.Key, field.Key), targets(c, s, st.Key, field.Key)})
			}
			v.Feeds = append(v.Feeds, f)
		}
		out = append(out, v)
	}
	return out
}

func targets(c *schemas.Catalog, s *schemas.System, stream, field string) []target {
	var out []target
	for _, f := range s.Flows {
		if e := c.Entity(f.Entity); f.Stream == stream && e != nil {
			for _, x := range f.Set {
				if e.Column(x.Key) != nil && (x.Value.Field == field || slices.Contains(x.Value.Of, field)) {
					out = append(out, target{f.Entity, x.Key, spell(&x.Value)})
				}
			}
		}
	}
	return out
}

// searchText is what the search of the site knows: kind, name, Chinese, English,
// and where it stands.
func searchText(c *schemas.Catalog) string {
	var b strings.Builder
	b.WriteString("const entries = [\n")
	add := func(kind, name, zh, en, href string) {
		fmt.Fprintf(&b, "[%s],\n", strings.Join([]string{js(kind), js(name), js(zh), js(en), js(href)}, ","))
	}
	for _, e := range c.Entities {
		add("实体 entity", e.Entity, e.Name.Zh, e.Name.En, e.Entity+".html")
		for _, col := range e.Columns {
			add("字段 column", e.Entity+"."+col.Name, col.Zh, col.En, e.Entity+".html#"+col.Name)
		}
	}
	for _, i := range c.Indicators {
		add("指标 indicator", i.Indicator, i.Name.Zh, i.Name.En, "indicators.html#"+i.Indicator)
	}
	for _, l := range c.Codes {
		add("代码表 code list", l.Name, "", "", "codes.html#"+l.Name)
		for _, code := range l.Codes {
			add("代码 code", l.Name+"."+code.Code, code.Zh, code.En, "codes.html#"+l.Name)
		}
	}
	for _, s := range c.Systems {
		add("来源 source", s.System, s.Name.Zh, s.Name.En, "sources.html#"+s.System)
	}
	b.WriteString("];\n")
	return b.String()
}

// js is a JavaScript string that cannot end a script.
func js(s string) string { return `"` + template.JSEscapeString(s) + `"` }
