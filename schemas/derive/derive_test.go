package derive

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hamba/avro/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/net/html"

	"rongtong/pipelines/systems"
	"rongtong/schemas"
)

var rewrite = flag.Bool("rewrite", false, "rewrite docs/generated")

const generated = "../../docs/generated"

var shipped = sync.OnceValue(func() *schemas.Catalog {
	c, problems := schemas.Load(schemas.FS, systems.FS)
	if len(problems) > 0 {
		panic(problems[0].String())
	}
	return c
})

func all(t *testing.T) Files {
	t.Helper()
	out := Files{}
	for _, kind := range append([]string{"ddl cluster"}, Kinds...) {
		kind, cluster, _ := strings.Cut(kind, " ")
		if cluster != "" {
			cluster = "rongtong"
		}
		files, err := Of(kind, shipped(), cluster)
		if err != nil {
			t.Fatal(err)
		}
		for p, text := range files {
			out[p] = text
		}
	}
	return out
}

// What is under docs/generated is what the declarations say: nothing stale,
// nothing missing, nothing left over.
func TestGenerated(t *testing.T) {
	want := all(t)
	if *rewrite {
		if err := os.RemoveAll(generated); err != nil {
			t.Fatal(err)
		}
		for p, text := range want {
			to := filepath.Join(generated, p)
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for p, problem := range stale(os.DirFS(generated), want) {
		t.Errorf("docs/generated/%s %s (go test ./schemas/derive -rewrite accepts it)", p, problem)
	}
}

func stale(dir fs.FS, want Files) map[string]string {
	found := map[string]string{}
	for p, text := range want {
		if got, err := fs.ReadFile(dir, p); err != nil {
			found[p] = "is missing"
		} else if string(got) != text {
			found[p] = "differs from the declarations"
		}
	}
	_ = fs.WalkDir(dir, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && want[p] == "" {
			found[p] = "follows from no declaration"
		}
		return err
	})
	return found
}

func TestStaleCatches(t *testing.T) {
	dir := t.TempDir()
	for p, text := range map[string]string{"a": "1", "b": "2", "d": "3"} {
		if err := os.WriteFile(filepath.Join(dir, p), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := stale(os.DirFS(dir), Files{"a": "1", "b": "other", "c": "new"}); len(got) != 3 || got["a"] != "" {
		t.Errorf("found %v", got)
	}
}

func compile(t *testing.T, e *schemas.Entity) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(encode(JSONSchema(shipped(), e))))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource(e.Entity, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(e.Entity)
	if err != nil {
		t.Fatalf("%s: %v", e.Entity, err)
	}
	return s
}

func valid(t *testing.T, s *jsonschema.Schema, row map[string]any) error {
	t.Helper()
	text, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// formal are the rules of rows that a contract can state.
var formal = map[string]bool{"required": true, "codelist.unknown": true, "division.format": true, "uscc.format": true,
	"number.format": true, "date.format": true, "time.format": true, "bool3.format": true, "pid.format": true}

// Every contract is a valid schema, every case that breaks a formal rule breaks it, and every accepted case keeps it.
func TestContracts(t *testing.T) {
	examples := 0
	for _, e := range shipped().Entities {
		s := compile(t, e)
		for _, k := range e.Cases {
			if k.Breaks != "" {
				if formal[k.Breaks] && valid(t, s, Example(e, k.Row)) == nil {
					t.Errorf("%s: case %q breaks %q, and the contract accepts it", e.Entity, k.Name, k.Breaks)
				}
				continue
			}
			examples++
			if err := valid(t, s, Example(e, k.Row)); err != nil {
				t.Errorf("%s: case %q does not keep the contract: %v", e.Entity, k.Name, err)
			}
			if err := valid(t, s, map[string]any{"no_such_field": "x"}); err == nil {
				t.Errorf("%s: a field that no contract names is accepted", e.Entity)
			}
		}
		if _, err := avro.Parse(encode(Avro(e))); err != nil {
			t.Errorf("%s: the Avro schema: %v", e.Entity, err)
		}
	}
	t.Logf("%d entities, %d examples", len(shipped().Entities), examples)
}

func TestContractRefuses(t *testing.T) {
	e := shipped().Entity("grid_event")
	s := compile(t, e)
	good := map[string]any{"event_id": "1", "grid_id": "370102001002007", "division_code": "370102001002",
		"category": "fire_hazard", "reported_at": "2025-11-03T08:15:00+08:00"}
	if err := valid(t, s, good); err != nil {
		t.Fatal(err)
	}
	for field, v := range map[string]any{"division_code": "3701", "category": "nonsense", "reported_at": "yesterday", "event_id": nil, "phone": "1"} {
		bad := map[string]any{}
		for k, x := range good {
			bad[k] = x
		}
		bad[field] = v
		if valid(t, s, bad) == nil {
			t.Errorf("%s = %v is accepted", field, v)
		}
	}
}

// The site is well formed, needs nothing from elsewhere, and every link leads
// to a page and an anchor that exist.
func TestDictionarySite(t *testing.T) {
	files, err := Of("dictionary", shipped(), "")
	if err != nil {
		t.Fatal(err)
	}
	for p, text := range files {
		if !strings.HasSuffix(p, ".html") {
			continue
		}
		for _, problem := range lint(files, p, text) {
			t.Errorf("%s: %s", p, problem)
		}
	}
	if got := lint(files, "x", `<p><b>x</p><a href="nowhere.html">x</a><img src="https://a/b.png">`); len(got) < 3 {
		t.Errorf("the check finds too little: %q", got)
	}
}

var void = map[string]bool{"meta": true, "br": true, "input": true, "img": true, "link": true}

func lint(files Files, self, text string) (found []string) {
	var open []string
	for z := html.NewTokenizer(strings.NewReader(text)); ; {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				found = append(found, "not closed: "+open[len(open)-1])
			}
			return found
		case html.StartTagToken:
			tok := z.Token()
			if !void[tok.Data] {
				open = append(open, tok.Data)
			}
			for _, a := range tok.Attr {
				if a.Key == "src" && files["dictionary/"+a.Val] == "" {
					found = append(found, "an asset from elsewhere: "+a.Val)
				}
				page, anchor, _ := strings.Cut(a.Val, "#")
				at := "dictionary/" + page
				if page == "" {
					at = self
				}
				if target := files[at]; a.Key == "href" && (target == "" || anchor != "" && !strings.Contains(target, `id="`+anchor+`"`)) {
					found = append(found, "a link to nowhere: "+a.Val)
				}
			}
		case html.EndTagToken:
			name := z.Token().Data
			if len(open) == 0 || open[len(open)-1] != name {
				found = append(found, "closed out of order: "+name)
				continue
			}
			open = open[:len(open)-1]
		}
	}
}
