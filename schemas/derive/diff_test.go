package derive

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"rongtong/schemas"
	"rongtong/schemas/decl"
)

// base is the small set of declarations that every example changes.
func base(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	dir := os.DirFS("testdata/diff/base")
	err := fs.WalkDir(dir, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(dir, p)
		files[p] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t *testing.T, files map[string]string) *schemas.Catalog {
	t.Helper()
	m := fstest.MapFS{}
	for p, text := range files {
		m[p] = &fstest.MapFile{Data: []byte(text)}
	}
	// Problems are of no interest here: Diff compares what was read.
	c, _ := schemas.Load(m)
	return c
}

// changed is the base with an example's edits: a section is a file in full, or
// "(removed)", or lines "- " that become the lines "+ ".
func changed(t *testing.T, files map[string]string, a *txtar.Archive) map[string]string {
	t.Helper()
	out := maps.Clone(files)
	for _, f := range a.Files {
		text := string(f.Data)
		switch {
		case text == "(removed)\n":
			delete(out, f.Name)
		case strings.HasPrefix(text, "- "):
			var from, to strings.Builder
			for line := range strings.Lines(text) {
				if old, ok := strings.CutPrefix(line, "- "); ok {
					from.WriteString(old)
				} else {
					to.WriteString(strings.TrimPrefix(line, "+ "))
				}
			}
			if !strings.Contains(out[f.Name], from.String()) {
				t.Fatalf("%s does not have the lines\n%s", f.Name, &from)
			}
			out[f.Name] = strings.Replace(out[f.Name], from.String(), to.String(), 1)
		default:
			out[f.Name] = text
		}
	}
	return out
}

// wants are the lines "want: …" of an example's comment, and what else it says.
func wants(a *txtar.Archive) (want []string, prose string) {
	for line := range strings.Lines(string(a.Comment)) {
		if w, ok := strings.CutPrefix(strings.TrimSpace(line), "want: "); ok {
			want = append(want, w)
		} else {
			prose += line
		}
	}
	return want, prose
}

// Every example causes exactly the changes that it names, and every rule is in
// one of them.
func TestDiffExamples(t *testing.T) {
	files := base(t)
	old := read(t, files)
	shown := map[string]bool{}
	paths, _ := filepath.Glob("testdata/diff/*.txtar")
	for _, p := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(p), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(p)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range Diff(old, read(t, changed(t, files, a))) {
				got = append(got, fmt.Sprintf("%s, %s, %s: %s", c.Class, c.Rule, c.Object, c.Detail))
				shown[c.Rule] = true
			}
			want, prose := wants(a)
			if *rewrite && !slices.Equal(got, want) {
				a.Comment = []byte(prose)
				for _, g := range got {
					a.Comment = append(a.Comment, "want: "+g+"\n"...)
				}
				if err := os.WriteFile(p, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !slices.Equal(got, want) {
				t.Errorf("found\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
			}
			if rule := strings.TrimSuffix(filepath.Base(p), ".txtar"); rule != "unchanged" && !slices.ContainsFunc(got, func(g string) bool { return strings.Contains(g, ", "+rule+", ") }) {
				t.Errorf("the example is named after %q and does not show it", rule)
			}
		})
	}
	for _, r := range Rules {
		if !shown[r.Rule] {
			t.Errorf("no example in testdata/diff shows rule %q", r.Rule)
		}
	}
}

// unseen are declared fields that no change of a declaration is about.
var unseen = map[string]string{
	"Stream.Name":          "it is the key of the mapping, whose change is a stream less and a stream more",
	"Indicator.SmallCells": "it follows from the entities that are read: a change of theirs is found",
	"Stream.Labels":        "only discovery fills it in; nobody declares it",
}

// No field of a declaration may change without a change being found: each is
// changed alone, in every declared thing of the shipped catalogue's kinds.
func TestDiffSeesEveryField(t *testing.T) {
	files := base(t)
	old := read(t, files)
	seen := map[string]bool{}
	for _, list := range []string{"Tiers", "Themes", "Entities", "Systems", "Indicators", "Views", "Codes", "Calendars"} {
		// Each mutation needs a catalogue of its own: count the leaves first.
		for n := 0; ; n++ {
			now := read(t, files)
			m := &mutation{left: n}
			m.walk(reflect.ValueOf(now).Elem().FieldByName(list), list)
			if m.at == "" {
				break
			}
			seen[m.at] = true
			if _, ok := unseen[m.at]; !ok && len(Diff(old, now)) == 0 {
				t.Errorf("a change of %s is not found", m.at)
			}
		}
	}
	if len(seen) < 80 {
		t.Errorf("only %d fields were changed", len(seen))
	}
	for f := range unseen {
		if !seen[f] {
			t.Errorf("%s is excused and does not exist", f)
		}
	}
}

// mutation changes the n-th leaf that it meets.
type mutation struct {
	left int
	at   string // "Column.Unit"
}

func (m *mutation) walk(v reflect.Value, at string) {
	if m.at != "" {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		switch {
		case !v.IsNil():
			m.walk(v.Elem(), at)
		case m.hit(at):
			v.Set(reflect.New(v.Type().Elem()))
		}
	case reflect.Slice:
		for i := range v.Len() {
			m.walk(v.Index(i), at)
		}
		if m.at == "" && v.Type().Elem().Kind() == reflect.String && m.hit(at) {
			v.Set(reflect.Append(v, reflect.ValueOf("more").Convert(v.Type().Elem())))
		}
	case reflect.Map:
		if m.hit(at) {
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(reflect.ValueOf("more"), reflect.Zero(v.Type().Elem()))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[decl.Pos]() || v.Type() == reflect.TypeFor[decl.Node]() {
			return // places; and nodes, which have examples of their own
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				m.walk(v.Field(i), strings.TrimPrefix(v.Type().Name()+"."+f.Name, "."))
			}
		}
	case reflect.String:
		if m.hit(at) {
			v.SetString(v.String() + "x")
		}
	case reflect.Bool:
		if m.hit(at) {
			v.SetBool(!v.Bool())
		}
	case reflect.Int, reflect.Int64:
		if m.hit(at) {
			v.SetInt(v.Int() + 7)
		}
	case reflect.Float64:
		if m.hit(at) {
			v.SetFloat(v.Float() + 7)
		}
	}
}

func (m *mutation) hit(at string) bool {
	if m.at == "" && m.left == 0 {
		m.at = at
		return true
	}
	m.left--
	return false
}
