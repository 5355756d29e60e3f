package lineage

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Text prints a walk as one line a dataset, with the columns concerned and the
// job that leads to them.
func Text(w io.Writer, g *Graph, edges []Edge, up bool) {
	type line struct {
		dataset string
		columns []string
		jobs    []string
	}
	var lines []*line
	at := map[string]*line{}
	for _, e := range edges {
		f := e.To
		if up {
			f = e.From
		}
		l := at[f.Dataset]
		if l == nil {
			l = &line{dataset: f.Dataset}
			at[f.Dataset] = l
			lines = append(lines, l)
		}
		l.columns, l.jobs = once(l.columns, f.Column), once(l.jobs, e.Job)
	}
	for _, l := range lines {
		label := ""
		if d := g.Datasets[l.dataset]; d != nil {
			label = d.Label.Zh
		}
		const most = 8
		cols := l.columns
		if len(cols) > most {
			cols = append(slices.Clone(cols[:most]), fmt.Sprintf("… (%d in all)", len(l.columns)))
		}
		fmt.Fprintf(w, "%s  %s\n    columns  %s\n    by       %s\n", l.dataset, label, strings.Join(cols, ", "), strings.Join(l.jobs, ", "))
	}
}

func once(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// Mermaid prints a walk as a flow chart of datasets: GitHub, GitLab and most
// wikis draw it.
func Mermaid(w io.Writer, edges []Edge) {
	fmt.Fprintln(w, "flowchart LR")
	ids := map[string]string{}
	id := func(dataset string) string {
		if ids[dataset] == "" {
			ids[dataset] = fmt.Sprintf("d%d", len(ids))
			fmt.Fprintf(w, "  %s[\"%s\"]\n", ids[dataset], strings.ReplaceAll(dataset, `"`, "#quot;"))
		}
		return ids[dataset]
	}
	seen := map[[2]string]bool{}
	for _, e := range edges {
		pair := [2]string{e.From.Dataset, e.To.Dataset}
		if seen[pair] {
			continue
		}
		seen[pair] = true
		a, b := id(pair[0]), id(pair[1])
		step, _, _ := strings.Cut(e.Job, "/")
		fmt.Fprintf(w, "  %s -->|%s| %s\n", a, step, b)
	}
}
