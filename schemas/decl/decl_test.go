package decl

import (
	"strings"
	"testing"
	"time"
)

type settings struct {
	Pos
	Host  string            `decl:"host,required"`
	Port  int               `decl:"port"`
	Rate  float64           `decl:"rate"`
	TLS   bool              `decl:"tls"`
	Every time.Duration     `decl:"every"`
	Tags  []string          `decl:"tags"`
	Extra map[string]string `decl:"extra"`
	Order Map[int]          `decl:"order"`
	Next  *settings         `decl:"next"`
	Pass  Secret            `decl:"pass"`
	Addr  Text              `decl:"addr"`
	Raw   Node              `decl:"raw"`
}

func decode(text string) (settings, []string) {
	var s settings
	n, ps := Parse("f.yaml", []byte(text))
	if len(ps) == 0 {
		ps = n.Decode(&s)
	}
	Sort(ps)
	var out []string
	for _, p := range ps {
		out = append(out, strings.TrimPrefix(p.Pos.String(), "f.yaml:")+" "+p.Rule)
	}
	return s, out
}

func TestProblems(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing wrong", "host: a\nport: 1_000\ntags: [x]\nevery: 2h", ""},
		{"all at once", "hots: a\nport: x\nrate: y\ntls: maybe\nevery: 5", "1:1 key.unknown; 1:1 key.missing; 2:7 type.int; 3:7 type.float64; 4:6 type.bool; 5:8 type.duration"},
		{"wrong shapes", "host: [a]\ntags: a\nextra: a\norder: [1]\nnext: a\npass: {}\naddr: []", "1:7 type.scalar; 2:7 type.list; 3:8 type.mapping; 4:8 type.mapping; 5:7 type.mapping; 6:7 type.secret; 7:7 type.scalar"},
		{"duplicates", "host: a\nhost: b\nextra: {a: b, a: c}\norder: {x: 1, x: 2}", "2:1 key.duplicate; 3:15 key.duplicate; 4:15 key.duplicate"},
		{"inner", "host: a\nnext:\n  port: 1\n  nxt: {}", "3:3 key.missing; 4:3 key.unknown"},
		{"a secret in the file", "host: a\npass: hunter2", "2:7 secret.inline"},
		{"a secret elsewhere", "host: a\npass: ${env:X}", ""},
		{"null pointer", "host: a\nnext: ~", ""},
		{"null value", "host: ~", "1:7 type.scalar"},
		{"alias", "host: &h a\naddr: *h", ""},
		{"a node that holds itself", "host: a\nnext: &n { host: b, next: *n }", "2:27 yaml.recursive"},
		{"syntax", "host: a\n\tport: 1", "2:1 yaml.syntax"},
		{"empty", "# nothing\n", "1:1 yaml.empty"},
		{"a list", "[a]", "1:1 type.mapping"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, got := decode(c.text); strings.Join(got, "; ") != c.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), c.want)
			}
		})
	}
}

func TestValues(t *testing.T) {
	t.Setenv("RONGTONG_TEST_PASS", "hunter2")
	s, ps := decode("host: a\nnext: { host: b, every: 90s }\norder: { z: 1, a: 2 }\npass: ${env:RONGTONG_TEST_PASS}\nraw: { x: [1, 2] }\naddr: h-${env:RONGTONG_TEST_PASS}\n")
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	if s.Line != 1 || s.Next.Line != 2 || s.Next.Column != 7 || s.Next.Every != 90*time.Second {
		t.Errorf("got %+v", s)
	}
	if s.Order[0].Key != "z" || s.Order[1].Value != 2 {
		t.Errorf("the order of the file is lost: %v", s.Order)
	}
	if p, err := s.Pass.Reveal(); p != "hunter2" || err != nil || s.Pass.String() != "***" {
		t.Errorf("the secret: %q %v, shown as %s", p, err, s.Pass)
	}
	if v, err := s.Addr.Value(); v != "h-hunter2" || err != nil {
		t.Errorf("the text: %q %v", v, err)
	}
	for path, want := range map[*[]any]string{{"x", 1}: "f.yaml:5:15", {"y"}: "f.yaml:5:6", {"x", 7}: "f.yaml:5:11"} {
		if got := s.Raw.At(*path...).String(); got != want {
			t.Errorf("%v is at %s, want %s", *path, got, want)
		}
	}
}

func TestExpand(t *testing.T) {
	t.Setenv("RONGTONG_TEST", "v")
	for _, c := range []struct{ in, want, err string }{
		{"a${env:RONGTONG_TEST}b${env:RONGTONG_TEST}", "avbv", ""},
		{"${env:RONGTONG_NOT_SET}", "", "resolving ${env:RONGTONG_NOT_SET}: the environment variable is not set"},
		{"${file:/no/such/file}", "", "resolving ${file:/no/such/file}: the file cannot be read"},
		{"${vault:x}", "", "resolving ${vault:x}: only env:, file: and command: are known"},
		{"${command:echo canary words}", "canary words", ""},
		{"${command:/absent canary}", "", "resolving ${command:/absent}: the command did not print it"},
		{"${command:}", "", "resolving ${command:}: no program is named"},
		{"${env:RONGTONG_TEST", "", "resolving ${env:RONGTONG_TEST: the closing brace is missing"},
	} {
		got, err := Expand(c.in)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
			t.Errorf("%q: %q, %v", c.in, got, err)
		}
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"a: { b: [1, x], # c\n  d: '${env:E}' }\n": `{a: {b: [1, x], d: '${env:E}'}}`,
		"a: |\n  two\n  lines\nb: >-\n  folded\n":  `{a: "two\nlines\n", b: "folded"}`,
		"x": "x",
	} {
		n, ps := Parse("f", []byte(in))
		if got := n.Text(); len(ps) > 0 || got != want {
			t.Errorf("%q becomes %s, want %s", in, got, want)
		}
	}
	if (Node{}).Text() != "" {
		t.Error("an absent node has a text")
	}
}

func TestSuggest(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"facilty", `did you mean "facility"?`},
		{"zzz", "known here: division, facility"},
		{"", "known here: division, facility"},
		{strings.Repeat("x", 1<<16), "known here: division, facility"},
	} {
		if got := Suggest(c.name, []string{"division", "facility"}); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"host: a\nport: 1\nevery: 2h\norder: {a: 1}\npass: ${env:X}", "next: &n {next: *n}", "- a\n- b", "a: &x [*x]", "<<: {host: a}", "? {a: b}\n: c"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, ps := Parse("f", data)
		var s settings
		if len(ps) == 0 {
			ps = n.Decode(&s)
			n.At("next", "next", 0, "tags")
		}
		for _, p := range ps {
			if p.Line < 1 || p.Column < 1 || p.Rule == "" || p.Message == "" {
				t.Fatalf("a problem without a place: %+v", p)
			}
		}
	})
}
