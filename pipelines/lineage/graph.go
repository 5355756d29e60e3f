// Package lineage says what is made of what: as a graph of columns that follows
// from the declarations alone, and as OpenLineage events of what ran. Neither
// ever holds a value of a row.
package lineage

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"rongtong/schemas"
)

// Field is a column of a dataset. Datasets are named as people meet them:
// "source:<system>.<stream>", "in.<system>.<stream>" (the topic), "std.<entity>",
// "dwd.<entity>", "ads.<view>", and an indicator by its id.
type Field struct {
	Dataset string `json:"dataset"`
	Column  string `json:"column"`
}

func (f Field) String() string { return f.Dataset + "." + f.Column }

// How a column is made of another, as OpenLineage says it.
const (
	Identity    = "IDENTITY"       // the same value
	Transformed = "TRANSFORMATION" // a named function of it
	Aggregated  = "AGGREGATION"    // a sum, a count or a condition over many rows
)

// Edge leads from a column to one that is made of it.
type Edge struct {
	From   Field  `json:"from"`
	To     Field  `json:"to"`
	Job    string `json:"job"` // that does it: "load/…", "fuse/…", "compute/…"
	How    string `json:"how"`
	Call   string `json:"call,omitempty"` // the function, of Transformed
	Masked bool   `json:"masked,omitempty"`
}

// Column is one column of a dataset.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type,omitempty"`
	Doc  string `json:"doc,omitempty"`
}

// Dataset is something that rows stand in.
type Dataset struct {
	Name    string        `json:"name"`
	Kind    string        `json:"kind"` // source, topic, std, dwd, indicator or view
	Label   schemas.Label `json:"label"`
	Columns []Column      `json:"columns"`
}

// Graph is what the declarations say.
type Graph struct {
	Datasets map[string]*Dataset
	Edges    []Edge // in the order in which data flows
}

// View is a view of layer ads: its text, and what is said of it.
type View struct {
	Name    string // "ads.freshness"
	Label   schemas.Label
	Columns []Column
	SQL     string
}

// Build derives the graph. Columns that a statement of SQL reads are found by
// name: of the entities that it reads, every column whose name stands in it.
func Build(c *schemas.Catalog, views []View) *Graph {
	g := &Graph{Datasets: map[string]*Dataset{}}
	for _, s := range c.Systems {
		g.system(c, s)
	}
	for _, e := range c.Entities {
		g.entity(e)
	}
	for _, i := range c.Indicators {
		g.add(&Dataset{Name: i.Indicator, Kind: "indicator", Label: i.Name, Columns: []Column{{Name: "division_code", Type: "code12"}, {Name: "numerator", Type: "measure"}, {Name: "denominator", Type: "measure"}}})
		g.reads(i.Indicator, "compute/"+i.Indicator, i.SQL, []string{"numerator", "denominator"})
	}
	for _, v := range views {
		g.view(v)
	}
	return g
}

func (g *Graph) add(d *Dataset) {
	if g.Datasets[d.Name] == nil {
		g.Datasets[d.Name] = d
	}
}

// system adds a source's streams, their topics and the flows from them.
func (g *Graph) system(c *schemas.Catalog, s *schemas.System) {
	for _, st := range s.Streams {
		name := s.System + "." + st.Key
		var cols []Column
		for _, f := range st.Value.Fields {
			cols = append(cols, Column{Name: f.Key, Type: f.Value})
			e := Edge{From: Field{"source:" + name, f.Key}, To: Field{"in." + name, f.Key}, Job: "ingest/" + name, How: Identity}
			for _, id := range st.Value.Identify {
				if id.Key == f.Key {
					e.How, e.Call, e.Masked = Transformed, "pseudonym", true
				}
			}
			g.Edges = append(g.Edges, e)
		}
		g.add(&Dataset{Name: "source:" + name, Kind: "source", Label: s.Name, Columns: cols})
		g.add(&Dataset{Name: "in." + name, Kind: "topic", Label: s.Name, Columns: cols})
	}
	for _, f := range s.Flows {
		g.flow(c, s, f)
	}
}

// FlowJob names the loading of a flow.
func FlowJob(system, stream, entity string) string {
	return "load/" + system + "." + stream + "/" + entity
}

func (g *Graph) flow(c *schemas.Catalog, s *schemas.System, f *schemas.Flow) {
	e := c.Entity(f.Entity)
	if e == nil {
		return
	}
	topic, job := "in."+s.System+"."+f.Stream, FlowJob(s.System, f.Stream, f.Entity)
	set := map[string]schemas.Expr{}
	for _, x := range f.Set {
		set[x.Key] = x.Value
	}
	for _, x := range f.Set {
		how := Identity
		if x.Value.Call != "" {
			how = Transformed
		}
		col := e.Column(x.Key)
		for _, field := range fieldsOf(set, x.Value, 0) {
			g.Edges = append(g.Edges, Edge{From: Field{topic, field}, To: Field{"std." + e.Entity, x.Key}, Job: job, How: how, Call: x.Value.Call,
				Masked: col != nil && (col.PII == schemas.P2 || col.PII == schemas.P3)})
		}
	}
}

// fieldsOf are the source's fields that an expression reads; a name with a dot
// is a column that was set before.
func fieldsOf(set map[string]schemas.Expr, x schemas.Expr, depth int) []string {
	names := x.Of
	if x.Field != "" {
		names = []string{x.Field}
	}
	var out []string
	for _, n := range names {
		earlier, ok := strings.CutPrefix(n, ".")
		switch {
		case !ok:
			out = append(out, n)
		case depth < 8:
			out = append(out, fieldsOf(set, set[earlier], depth+1)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (g *Graph) entity(e *schemas.Entity) {
	var cols []Column
	for _, col := range e.Columns {
		cols = append(cols, Column{Name: col.Name, Type: string(col.Type), Doc: col.Zh + " / " + col.En})
		g.Edges = append(g.Edges, Edge{From: Field{"std." + e.Entity, col.Name}, To: Field{"dwd." + e.Entity, col.Name}, Job: "fuse/" + e.Entity, How: Identity})
	}
	g.add(&Dataset{Name: "std." + e.Entity, Kind: "std", Label: e.Name, Columns: cols})
	g.add(&Dataset{Name: "dwd." + e.Entity, Kind: "dwd", Label: e.Name, Columns: cols})
}

func (g *Graph) view(v View) {
	g.add(&Dataset{Name: v.Name, Kind: "view", Label: v.Label, Columns: v.Columns})
	var names []string
	for _, c := range v.Columns {
		names = append(names, c.Name)
	}
	if len(names) == 0 {
		names = []string{"*"}
	}
	g.reads(v.Name, "view/"+v.Name, v.SQL, names)
}

var tableName = regexp.MustCompile(`\b(dwd|ads)\.(\w+)`)

// reads adds an edge from every column that a statement names to every column
// that it makes. A view under another day's register stands for its entity.
func (g *Graph) reads(name, job, sql string, to []string) {
	words := map[string]bool{}
	for _, w := range regexp.MustCompile(`\w+`).FindAllString(sql, -1) {
		words[w] = true
	}
	seen := map[string]bool{name: true}
	for _, m := range tableName.FindAllString(sql, -1) {
		for _, suffix := range []string{"__rows", "_as_of_under", "_under", "_as_of_in", "_as_of", "_history"} {
			if base := strings.TrimSuffix(m, suffix); g.Datasets[m] == nil && g.Datasets[base] != nil {
				m = base
			}
		}
		d := g.Datasets[m]
		if d == nil || seen[m] {
			continue
		}
		seen[m] = true
		for _, col := range d.Columns {
			if !words[col.Name] {
				continue
			}
			for _, t := range to {
				g.Edges = append(g.Edges, Edge{From: Field{m, col.Name}, To: Field{name, t}, Job: job, How: Aggregated})
			}
		}
	}
}

// Walk follows the edges from a dataset, or from one column of it, up to what
// it is made of or down to what is made of it. It returns the edges that it
// went along, in the order of the graph.
func (g *Graph) Walk(dataset, column string, up bool) []Edge {
	reached := map[Field]bool{}
	if column != "" {
		reached[Field{dataset, column}] = true
	} else {
		for _, c := range g.Datasets[dataset].Columns {
			reached[Field{dataset, c.Name}] = true
		}
		reached[Field{dataset, "*"}] = true
	}
	near := map[Field][]int{}
	for i, e := range g.Edges {
		if up {
			near[e.To] = append(near[e.To], i)
		} else {
			near[e.From] = append(near[e.From], i)
		}
	}
	var queue []Field
	for f := range reached {
		queue = append(queue, f)
	}
	took := map[int]bool{}
	for len(queue) > 0 {
		f := queue[0]
		queue = queue[1:]
		for _, i := range near[f] {
			took[i] = true
			next := g.Edges[i].To
			if up {
				next = g.Edges[i].From
			}
			if !reached[next] {
				reached[next] = true
				queue = append(queue, next)
			}
		}
	}
	var out []Edge
	for i := range g.Edges {
		if took[i] {
			out = append(out, g.Edges[i])
		}
	}
	return out
}

// Find reads what a person calls a dataset or a column: "facility",
// "facility.area_m2", "dwd.facility.area_m2", "I-07-15", "in.county_ledger.committee",
// "ads.division_holdings". An entity alone is its fused rows; asked for what it
// goes to or comes from, they lie in the middle of the way.
func (g *Graph) Find(name string) (dataset, column string, err error) {
	for _, prefix := range []string{"", "dwd.", "source:", "ads."} {
		full := prefix + name
		if g.Datasets[full] != nil {
			return full, "", nil
		}
		i := strings.LastIndex(full, ".")
		if i < 0 || g.Datasets[full[:i]] == nil {
			continue
		}
		d, col := g.Datasets[full[:i]], full[i+1:]
		for _, c := range d.Columns {
			if c.Name == col {
				return d.Name, col, nil
			}
		}
		var known []string
		for _, c := range d.Columns {
			known = append(known, c.Name)
		}
		return "", "", fmt.Errorf("%s has no column %q; it has %s", d.Name, col, strings.Join(known, ", "))
	}
	return "", "", fmt.Errorf("%q is no dataset: write an entity (facility), a column (facility.area_m2), an indicator (I-07-15), a topic (in.system.stream) or a view (ads.view)", name)
}
