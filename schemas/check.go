package schemas

import (
	"fmt"
	"regexp"
	"slices"
	"sort"

	"rongtong/schemas/decl"
)

// checker checks the parts of a catalogue against each other. Every method
// reports all it finds; none stops at the first.
type checker struct {
	c        *Catalog
	nodes    map[any]decl.Node
	problems []decl.Problem
}

func (k *checker) all() {
	k.tiers()
	k.decisions()
	for _, l := range k.c.Codes {
		k.codes(l)
	}
	for _, e := range k.c.Entities {
		k.entity(e)
	}
	for _, s := range k.c.Systems {
		k.system(s)
	}
	for _, i := range k.c.Indicators {
		k.indicator(i)
	}
	for _, v := range k.c.Views {
		k.view(v)
	}
	for _, j := range k.c.Jobs {
		k.job(j)
	}
}

// at is the place of a part of the file that was decoded into thing.
func (k *checker) at(thing any, path ...any) decl.Pos { return k.nodes[thing].At(path...) }

func (k *checker) add(at decl.Pos, rule, hint, format string, args ...any) {
	k.problems = append(k.problems, at.Problem(rule, hint, format, args...))
}

// oneOf reports a word that is not in a closed set. The empty word is not
// reported here: the decoder has said that the key is missing, or it may be.
func (k *checker) oneOf(at decl.Pos, rule, what, word string, known []string) bool {
	if word == "" || slices.Contains(known, word) {
		return word != ""
	}
	k.add(at, rule, decl.Suggest(word, known), "%s %q is not known", what, word)
	return false
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// name reports a name that would need quoting in SQL, a topic or a path.
func (k *checker) name(at decl.Pos, what, name string) {
	if name != "" && !nameForm.MatchString(name) {
		k.add(at, "name.format", "use lower-case letters, digits and _, beginning with a letter", "%s %q is not a valid name", what, name)
	}
}

// unique reports names that appear twice; at gives the place of the i-th.
func (k *checker) unique(what string, names []string, at func(i int) decl.Pos) {
	seen := map[string]bool{}
	for i, n := range names {
		if seen[n] && n != "" {
			k.add(at(i), "name.duplicate", "remove one of the two", "%s %q appears twice", what, n)
		}
		seen[n] = true
	}
}

func names[T any](list []*T, name func(*T) string) []string {
	var out []string
	for _, x := range list {
		out = append(out, name(x))
	}
	return out
}

func (k *checker) tierCodes() []string {
	return names(k.c.Tiers, func(t *Tier) string { return t.Code })
}
func (k *checker) listNames() []string {
	return names(k.c.Codes, func(l *CodeList) string { return l.Name })
}
func (k *checker) systemNames() []string {
	return names(k.c.Systems, func(s *System) string { return s.System })
}
func (k *checker) entityNames() []string {
	out := names(k.c.Entities, func(e *Entity) string { return e.Entity })
	sort.Strings(out)
	return out
}

func columnNames(e *Entity) []string {
	return names(e.Columns, func(c *Column) string { return c.Name })
}

// CodeSystems are the systems a division code may be of. Equal digits of two
// systems may be different places; that is why every code names its system.
var CodeSystems = []string{"nbs12", "mca9", "gb6", "police15", "local"}

func (k *checker) tiers() {
	for i, t := range k.c.Tiers {
		if t.Level != i+1 {
			k.add(t.Pos, "tier.level", "number the tiers 1, 2, 3, … from the top", "tier %q has level %d where %d is expected", t.Code, t.Level, i+1)
		}
	}
}

func (k *checker) codes(l *CodeList) {
	k.name(l.Pos, "code list", l.Name)
	if l.ParentList == "" {
		for _, c := range l.Codes {
			if c.Parent != "" {
				k.add(c.at, "codes.parent", `begin the file with "# parent: <list>"`, "code %q has a parent but the list does not say of which list", c.Code)
			}
		}
		return
	}
	if !k.oneOf(l.Pos, "list.unknown", "code list", l.ParentList, k.listNames()) {
		return
	}
	parents := k.c.Code(l.ParentList)
	known := make([]string, len(parents.Codes))
	for i, c := range parents.Codes {
		known[i] = c.Code
	}
	for _, c := range l.Codes {
		if c.Parent == "" {
			k.add(c.at, "codes.parent", "every code of a list with parents has one", "code %q has no parent", c.Code)
			continue
		}
		k.oneOf(c.at, "codes.parent", fmt.Sprintf("parent of code %q:", c.Code), c.Parent, known)
	}
}
