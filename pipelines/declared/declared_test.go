package declared

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/topics"
)

func TestMain(m *testing.M) { embeddedtest.Main(m) }

func layer(t *testing.T, name string, shipped bool, files map[string]string) Layer {
	t.Helper()
	src := fstest.MapFS{}
	for p, text := range files {
		src[p] = &fstest.MapFile{Data: []byte(text)}
	}
	l, err := ReadLayer(name, shipped, src)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A set is known by its files, not by where they lie.
func TestFingerprint(t *testing.T) {
	files := map[string]string{"tiers.yaml": "tiers: []", "systems/a.yaml": "system: a", ".git/x.yaml": "no", "README.md": "no"}
	a := Set{[]Layer{layer(t, "/here", false, files)}}
	b := Set{[]Layer{layer(t, "/there", false, files)}}
	if len(a.Layers[0].Files) != 2 || a.Fingerprint() != b.Fingerprint() {
		t.Errorf("%d files, %s and %s", len(a.Layers[0].Files), a.Fingerprint(), b.Fingerprint())
	}
	for what, change := range map[string]func(*Set){
		"a content": func(s *Set) { s.Layers[0].Files["tiers.yaml"] = []byte("tiers: [] ") },
		"a name":    func(s *Set) { s.Layers[0].Files["systems/b.yaml"] = s.Layers[0].Files["systems/a.yaml"] },
		"shipped":   func(s *Set) { s.Layers[0].Shipped = true },
		"a layer":   func(s *Set) { s.Layers = append(s.Layers, Layer{}) },
	} {
		s := Set{[]Layer{layer(t, "/here", false, files)}}
		if change(&s); s.Fingerprint() == a.Fingerprint() {
			t.Errorf("%s makes no difference", what)
		}
	}
	big := fstest.MapFS{"codes/x.csv": &fstest.MapFile{Data: make([]byte, largest+1)}}
	if _, err := ReadLayer("/big", false, big); err == nil || !strings.Contains(err.Error(), "split it") {
		t.Errorf("a file that is too large: %v", err)
	}
}

// Layers become one folder that declares the same.
func TestFlatten(t *testing.T) {
	base := layer(t, "schemas", true, map[string]string{
		"themes.yaml": "themes:\n- theme: t1\n  name: one\n- theme: t2\n  name: two\n", "codes/a.csv": "1", "a.yaml": "system: a\n",
		"personal_data.yaml": "prohibited:\n- kind: x\n  labels: [a]\n", "themes/t1/e.yaml": "entity: e\n",
		"jobs.yaml": "limits: { pool: 4, uses: { w: 2 } }\njobs:\n- job: j\n  every: 1\n",
	})
	own := layer(t, "/own", false, map[string]string{
		"themes.yaml": "themes:\n- theme: t2\n  name: zwei\n- theme: t3\n  name: three\n", "codes/a.csv": "2", "systems/other.yaml": "system: a\n",
		"personal_data.yaml": "prohibited:\n- kind: x\n  labels: [b]\n", "themes/t9/e.yaml": "entity: e\n",
		"jobs.yaml": "limits: { uses: { w: 3 } }\njobs:\n- job: k\n  every: 2\n",
	})
	got, err := Flatten(Set{[]Layer{base, own}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for p := range got {
		names = append(names, p)
	}
	slices.Sort(names)
	if want := []string{"codes/a.csv", "jobs.yaml", "personal_data.yaml", "systems/other.yaml", "themes.yaml", "themes/t9/e.yaml"}; !slices.Equal(names, want) {
		t.Errorf("files %q, want %q", names, want)
	}
	for p, want := range map[string]string{
		"codes/a.csv":        "2",
		"themes.yaml":        "themes:\n    - theme: t1\n      name: one\n    - theme: t2\n      name: zwei\n    - theme: t3\n      name: three\n",
		"personal_data.yaml": "prohibited:\n    - kind: x\n      labels: [a]\n    - kind: x\n      labels: [b]\n",
		"jobs.yaml":          "limits: {pool: 4, uses: {w: 3}}\njobs:\n    - job: j\n      every: 1\n    - job: k\n      every: 2\n",
	} {
		if string(got[p]) != want {
			t.Errorf("%s is\n%s\nwant\n%s", p, got[p], want)
		}
	}
}

// A file is sent once, a writer of the past is refused, and a reader that was
// there from the beginning sees what one that comes later sees.
func TestStore(t *testing.T) {
	ctx := t.Context()
	k, err := topics.Dial(ctx, []string{embeddedtest.Broker(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	early, err := Open(ctx, k)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := early.Applied(); ok || len(early.History()) > 0 {
		t.Error("something was applied to a broker without the topic")
	}
	writer, err := early.Writer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	set := Set{[]Layer{layer(t, "/own", false, map[string]string{"a.yaml": "system: a", "b.yaml": "system: b", "c.yaml": "system: a"})}}
	put := func(w *Writer, n int, state State) error {
		v := Describe(set)
		v.Number, v.State, v.Began = n, state, time.Now()
		return w.Put(ctx, set, v)
	}
	if err := put(writer, 1, Begun); err != nil {
		t.Fatal(err)
	}
	if v, ok := early.Begun(); !ok || v.Number != 1 {
		t.Errorf("begun is %d, %v", v.Number, ok)
	}
	if err := put(writer, 1, Applied); err != nil {
		t.Fatal(err)
	}
	set.Layers[0].Files["b.yaml"] = []byte("system: b2")
	later, err := Open(ctx, k)
	if err != nil {
		t.Fatal(err)
	}
	second, err := later.Writer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := put(writer, 2, Applied); err == nil {
		t.Error("a writer of the past was heard")
	}
	writer.Close()
	if err := put(second, 2, Applied); err != nil {
		t.Fatal(err)
	}
	if changed, err := early.Refresh(ctx); err != nil || !changed {
		t.Errorf("changed %v, %v", changed, err)
	}
	for _, s := range []*Store{early, later} {
		v, ok := s.Applied()
		got, err := s.Set(v)
		if !ok || v.Number != 2 || err != nil || string(got.Layers[0].Files["b.yaml"]) != "system: b2" || len(s.files) != 3 {
			t.Errorf("version %d, %v, %d files", v.Number, err, len(s.files))
		}
		if _, ok := s.Begun(); ok {
			t.Error("an earlier version is still begun")
		}
	}
}
