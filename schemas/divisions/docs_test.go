package divisions

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// The figures of the page are counted, not written.
func TestDocs(t *testing.T) {
	h := history(t)
	kinds, matches, states := map[string]int{}, map[string]int{}, map[string]int{}
	for _, c := range h.Changes() {
		kinds[c.System+" "+c.Kind]++
	}
	for _, l := range h.Crosswalk() {
		matches[l.Match]++
	}
	for _, ps := range h.townships {
		for _, p := range ps {
			states["townships "+p.answer.Status.String()]++
		}
	}
	for _, ps := range h.counties {
		for _, p := range ps {
			states["counties and above "+p.answer.Status.String()]++
		}
	}
	var b strings.Builder
	b.WriteString("\n| What | Number |\n|---|---:|\n")
	for _, s := range []struct {
		what string
		of   map[string]int
	}{{"changes", kinds}, {"crosswalk", matches}, {"periods of codes", states}} {
		for _, k := range slices.Sorted(maps.Keys(s.of)) {
			fmt.Fprintf(&b, "| %s: %s | %d |\n", s.what, k, s.of[k])
		}
	}
	for _, v := range register(t).Variants() {
		fmt.Fprintf(&b, "| townships: %s | %d |\n", v.Name, v.Townships)
	}
	b.WriteString("\n")
	const file, begin, end = "../../docs/divisions.md", "-rewrite` -->\n", "<!-- end -->"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(page), begin)
	have, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has lost the marks of its generated part", file)
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(head+begin+b.String()+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if have != b.String() {
		t.Errorf("the figures in %s are not those of the history; run with -rewrite", file)
	}
}
