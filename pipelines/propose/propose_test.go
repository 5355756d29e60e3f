package propose

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"rongtong/pipelines/systems"
	"rongtong/schemas"
	"rongtong/schemas/decl"
)

var catalog = sync.OnceValue(func() *schemas.Catalog {
	c, ps := schemas.Load(schemas.FS, systems.FS)
	if len(ps) > 0 {
		panic(ps[0].String())
	}
	return c
})

func field(name, kind string, values ...string) *Profile {
	p := &Profile{Name: name, Kind: kind}
	for _, v := range values {
		p.Add(v, v != "")
	}
	return p
}

func TestLabels(t *testing.T) {
	for name, want := range map[string][2]string{
		"面积（平方米）": {"面积", "平方米"}, "Area [m2]": {"area", "m2"}, "金额(万元)": {"金额", "万元"}, "面积（": {"面积", ""}, "XZQH_DM": {"xzqhdm", ""},
	} {
		if text, unit := label(name); text != want[0] || unit != want[1] {
			t.Errorf("%s: %q, %q", name, text, unit)
		}
	}
	if got := initials("行政区划代码"); got != "xzqhdm" {
		t.Errorf("initials %q", got)
	}
}

func TestKeys(t *testing.T) {
	for _, c := range []struct {
		name     string
		declared []string
		fields   []*Profile
		want     string
	}{
		{"declared", []string{"b"}, []*Profile{field("a", "text", "1", "2"), field("b", "text", "1", "1")}, "[b]"},
		{"a unique code", nil, []*Profile{field("name", "text", "x", "y"), field("org_code", "text", "1", "2")}, "[org_code]"},
		{"any unique field", nil, []*Profile{field("a", "text", "x", "x"), field("name", "text", "x", "y")}, "[name]"},
		{"a code and a date", nil, []*Profile{field("区划代码", "text", "1", "1"), field("月份", "text", "2025-01", "2025-01"), field("v", "text", "1", "1")}, "[区划代码 月份]"},
		{"nothing", nil, []*Profile{field("v", "text", "1", "1"), field("w", "text", "1", "1")}, "[v]"},
		{"a key that is dropped", []string{"身份证号"}, []*Profile{field("身份证号", "text", "1", "2"), field("编号", "text", "1", "2")}, "[编号]"},
	} {
		d := New(catalog(), Head{}, []Stream{{Name: "s", Key: c.declared, Fields: c.fields, Sample: 2}})
		if got := fmt.Sprint(d.streams[0].key); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestCodeSystems(t *testing.T) {
	for digits, want := range map[string]string{"370102001002": "nbs12", "370102001": "mca9", "370102": "gb6"} {
		_, expr, _ := suit(catalog(), field("区划代码", "text", digits, digits), &schemas.Column{Name: "division_code", Type: schemas.Code12})
		if !strings.Contains(expr, want) {
			t.Errorf("%s: %s", digits, expr)
		}
	}
}

func TestStreamNames(t *testing.T) {
	used := map[string]bool{}
	for _, c := range [][2]string{{"Committee", "committee"}, {"committee", "committee_2"}, {"社工站", "s_sgz"}, {"2025 list", "s"}, {"a-b.c", "a_b_c"}} {
		if got := streamName(c[0], used); got != c[1] {
			t.Errorf("%s: %s, want %s", c[0], got, c[1])
		}
	}
}

// FuzzYAML: whatever a source calls its fields, the proposal is YAML that says so.
func FuzzYAML(f *testing.F) {
	f.Add("区划代码", "面积（亩）", "x")
	f.Add("a: b #", "\"\n- x", "\x00\u2028")
	f.Add("yes", "1e3", "~")
	few := *catalog()
	few.Entities = few.Entities[:3]
	f.Fuzz(func(t *testing.T, a, b, value string) {
		d := New(&few, Head{System: "s", Tier: "X", Connect: "{ kind: folder }"},
			[]Stream{{Name: a, From: "{ path: x }", Fields: []*Profile{field(a, "text", value, "370102001002"), field(b+"_", "number", "1", "2"), field("身份证号", "text", value)}, Sample: 2}})
		text := d.YAML()
		n, ps := decl.Parse("draft", []byte(text))
		if len(ps) > 0 {
			t.Fatalf("%v in\n%s", ps, text)
		}
		var doc struct {
			Streams decl.Map[map[string]decl.Node] `decl:"streams"`
		}
		var top map[string]decl.Node
		if ps := n.Decode(&top); len(ps) > 0 {
			t.Fatalf("%v in\n%s", ps, text)
		}
		if ps := top["streams"].Decode(&doc.Streams); len(ps) > 0 || len(doc.Streams) != 1 {
			t.Fatalf("%d streams, %v in\n%s", len(doc.Streams), ps, text)
		}
	})
}
