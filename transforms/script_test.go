package transforms

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/pii"
	"rongtong/schemas/record"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

var rewrite = flag.Bool("rewrite", false, "write the results of the scripts into testdata")

// script is a file of testdata: one function, how it is called, and rows. A
// line is a JSON list of the field values (null for a missing one), " -> " and
// the result: the value as Written and the flags, or "reject" and the rule.
// Lines that begin with '#' are comments; "call:" starts another way to call.
type script struct {
	name string
	plan *Plan
	out  []string
	// landing is a function that no flow may call: its row is asked directly.
	landing bool
}

func (s *script) call(t testing.TB, line string) {
	t.Helper()
	words := strings.Fields(line)
	if s.landing = words[0] == "citizen_id"; s.landing {
		return
	}
	f := functionOf(words[0])
	if words[0] == "field" { // a plain field, which calls no function
		f = &function{Signature: Signature{Result: schemas.Name}}
	}
	if f == nil {
		t.Fatalf("there is no function %q", words[0])
		return
	}
	x := schemas.Expr{Call: f.Name, Args: map[string]string{}}
	col := &schemas.Column{Name: "out", Type: f.Result, Nullable: true, Matching: f.Matching()}
	fields := 1
	for _, w := range words[1:] {
		k, v, _ := strings.Cut(w, "=")
		switch k {
		case "required":
			col.Nullable = false
		case "fields":
			fmt.Sscan(v, &fields)
		case "column":
			col.List = v
		case "type":
			col.Type = schemas.Type(v)
		default:
			x.Args[k] = v
			if k == "list" {
				col.List = v
			}
		}
	}
	stream := &schemas.Stream{Name: "script"}
	for i := range fields {
		name := fmt.Sprintf("f%d", i)
		stream.Fields = append(stream.Fields, decl.Entry[string]{Key: name, Value: "text"})
		if f.Name == "" {
			x.Field = name
		} else if len(f.Of) > 0 && x.Args["at"] != name {
			x.Of = append(x.Of, name)
		}
	}
	s.plan = compileOne(t, x, col, stream)
}

// compileOne compiles a flow of one column besides its key.
func compileOne(t testing.TB, x schemas.Expr, col *schemas.Column, stream *schemas.Stream) *Plan {
	t.Helper()
	e := &schemas.Entity{Entity: "script", Key: []string{"key"}, Columns: []*schemas.Column{{Name: "key", Type: schemas.Text}, col}}
	flow := &schemas.Flow{Stream: "script", Entity: "script", Set: decl.Map[schemas.Expr]{
		{Key: "key", Value: schemas.Expr{Call: "const", Args: map[string]string{"value": ""}}}, {Key: "out", Value: x}}}
	p, ps := compileFor(e, &schemas.System{System: "script", Tier: "V"}, stream, flow)
	for _, x := range ps {
		t.Error(x)
	}
	if p == nil {
		t.FailNow()
	}
	return p
}

// compileFor compiles a flow of an entity that is not in the catalogue.
func compileFor(e *schemas.Entity, sys *schemas.System, s *schemas.Stream, f *schemas.Flow) (*Plan, []decl.Problem) {
	return CompileFor(shipped(), e, sys, s, f)
}

func (s *script) row(t *testing.T, in string) string {
	t.Helper()
	var values []json.RawMessage
	if err := json.Unmarshal([]byte(in), &values); err != nil {
		t.Fatalf("%s: %v", in, err)
	}
	if s.landing {
		return landing(t, values[0])
	}
	object := map[string]json.RawMessage{}
	for i, v := range values {
		object[fmt.Sprintf("f%d", i)] = v
	}
	value, _ := json.Marshal(object)
	chunk := &record.Chunk{}
	chunk.Append(record.Envelope{Value: value, At: caseTime})
	b := NewBatch(memory.DefaultAllocator, s.plan)
	defer b.Release()
	if r := s.plan.Apply(b, chunk); len(r) > 0 {
		return "reject " + r[0].Rule
	}
	rec := b.Take()
	defer rec.Release()
	out := Written(rec.Column(1), 0)
	if rec.Column(1).IsNull(0) {
		out = "null"
	}
	flags := Flag(rec.Column(rec.Schema().FieldIndices("q_flags")[0]).(*array.Uint32).Value(0))
	return strings.TrimSpace(out + " " + flags.String())
}

func landing(t *testing.T, in json.RawMessage) string {
	t.Helper()
	var text string
	if err := json.Unmarshal(in, &text); err != nil {
		t.Fatal(err)
	}
	id, rule := pii.ParseCitizenID([]byte(text), caseTime)
	if rule != "" {
		return "reject " + rule
	}
	return string(id[:])
}

// Every function has a script, and does what the script says.
func TestScripts(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	tested := map[string]bool{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := &script{name: strings.TrimSuffix(filepath.Base(file), ".txt")}
		for n, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n") {
			if call, ok := strings.CutPrefix(line, "call: "); ok {
				s.call(t, call)
				tested[strings.Fields(call)[0]] = true
			} else if strings.HasPrefix(line, "[") {
				in, want, _ := strings.Cut(line, " -> ")
				got := s.row(t, in)
				if got != want && !*rewrite {
					t.Errorf("%s:%d: %s -> %s, not %s", file, n+1, in, got, want)
				}
				line = in + " -> " + got
			}
			s.out = append(s.out, line)
		}
		if *rewrite {
			if err := os.WriteFile(file, []byte(strings.Join(s.out, "\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, f := range Functions() {
		if !tested[f.Name] {
			t.Errorf("function %q has no script", f.Name)
		}
	}
}

// The catalogue of rules is sorted, complete in its texts, and holds every
// rule that a script meets.
func TestRulesCatalogue(t *testing.T) {
	known := map[string]bool{}
	for i, r := range Rules() {
		if r.Zh == "" || r.En == "" || r.HintZh == "" || r.HintEn == "" {
			t.Errorf("rule %q lacks a text", r.Rule)
		}
		if i > 0 && catalogue[i-1].Rule >= r.Rule {
			t.Errorf("rule %q is out of order", r.Rule)
		}
		known[r.Rule] = true
	}
	met := map[string]bool{}
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		data, _ := os.ReadFile(file)
		for _, line := range strings.Split(string(data), "\n") {
			if _, rule, ok := strings.Cut(line, "-> reject "); ok {
				met[rule] = true
			}
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(met)) {
		if !known[rule] {
			t.Errorf("rule %q is not in the catalogue", rule)
		}
	}
	for _, r := range Rules() {
		if !r.FoundByConnector && !met[r.Rule] {
			t.Errorf("no script breaks rule %q", r.Rule)
		}
	}
	if _, ok := RuleOf("no.such_rule"); ok {
		t.Error("an unknown rule is said to be known")
	}
}

// Every rule says by which standard or convention it judges, but the two that
// need none: a value that must be there.
func TestRulesHaveStandards(t *testing.T) {
	for _, r := range Rules() {
		zh, en := StandardOf(r.Rule)
		if none := r.Rule == ruleRequired || r.Rule == ruleKeyMissing; (zh == "" || en == "") != none {
			t.Errorf("rule %q is judged by %q, %q", r.Rule, zh, en)
		}
	}
}
