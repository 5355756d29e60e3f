package transforms

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"rongtong/schemas"
	"rongtong/schemas/divisions"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

// call is a function called in one way, asked about texts directly.
type call struct {
	plan  *Plan
	batch *Batch
	out   int // its step
}

func newCall(t testing.TB, line string) *call {
	t.Helper()
	s := &script{}
	s.call(t, line)
	b := NewBatch(memory.DefaultAllocator, s.plan)
	t.Cleanup(b.Release)
	return &call{s.plan, b, 1}
}

// eval runs the function on texts; a nil text is a missing one.
func (c *call) eval(texts ...[]byte) (v *value, rule string) {
	st := &c.batch.st
	st.arena, st.list, st.flags, st.at = st.arena[:0], st.list[:0], 0, caseTime
	for i := range st.scan.slots {
		st.scan.slots[i] = slot{}
		if i < len(texts) && texts[i] != nil {
			st.scan.slots[i] = slot{kind: str, b: texts[i]}
		}
	}
	v = &st.vals[c.out]
	*v = value{}
	return v, c.plan.steps[c.out].eval(st, c.plan.steps[c.out].in, v)
}

// text is eval with the value as people write it.
func (c *call) text(texts ...[]byte) (out string, null bool, rule string) {
	v, rule := c.eval(texts...)
	if rule != "" || v.null {
		return "", true, rule
	}
	return string(c.batch.st.written(c.out)), false, ""
}

// probe says how a function is fuzzed and measured: how it is called, a text of
// the kind that most rows have, and what must hold for its results.
type probe struct {
	call       string
	sample     []string
	idempotent bool // its result is read as itself
	valid      func(t *testing.T, v *value, out string)
}

func date1900(t *testing.T, v *value, _ string) {
	if y, m, d := dateOf(v.i); !isDate(y, m, d) || v.i < firstDay || v.i > lastDay {
		t.Fatalf("day %d is no plausible date", v.i)
	}
}

func scaled(t *testing.T, v *value, out string) {
	d, rest, ok := parseDecimal([]byte(out))
	if back, fits := d.times(1, 1); !ok || len(rest) > 0 || !fits || back != v.i {
		t.Fatalf("%q is not what is stored: %d", out, v.i)
	}
}

func registered(t *testing.T, _ *value, out string) {
	reg, err := divisions.Load()
	if err != nil || !reg.Has(out) {
		t.Fatalf("%q is not in the register", out)
	}
}

func formed(pattern string) func(*testing.T, *value, string) {
	return func(t *testing.T, _ *value, out string) {
		if len(out) != len(pattern) {
			t.Fatalf("%q has %d characters, not %d", out, len(out), len(pattern))
		}
		for i := range len(out) {
			if pattern[i] == '9' && (out[i] < '0' || out[i] > '9') {
				t.Fatalf("%q is not of the form %s", out, pattern)
			}
		}
	}
}

func oneOf(words ...string) func(*testing.T, *value, string) {
	return func(t *testing.T, _ *value, out string) {
		for _, w := range words {
			if w == out {
				return
			}
		}
		t.Fatalf("%q is none of %q", out, words)
	}
}

func plainText(t *testing.T, _ *value, out string) {
	if !utf8.ValidString(out) || out != strings.TrimSpace(out) || strings.ContainsAny(out, "\x00\n\t\u200b\ufeff\u00ad") {
		t.Fatalf("%q is not clean", out)
	}
}

func anything(*testing.T, *value, string) {}

// probes holds every function that reads text.
var probes = map[string]probe{
	"amount":         {"amount unit=元", []string{"1,234.5万元"}, true, scaled},
	"area":           {"area unit=平方米", []string{"1.5亩"}, true, scaled},
	"bool3":          {"bool3", []string{"是"}, true, oneOf("yes", "no", "unknown")},
	"canonical_name": {"canonical_name", []string{"解放桥社区居委会"}, true, plainText},
	"codelist":       {"codelist list=org_kind", []string{"社区居委会"}, true, oneOf("residents_committee", "village_committee", "")},
	"date":           {"date", []string{"2022年1月17日"}, true, date1900},
	"division":       {"division system=nbs12", []string{"370102001002"}, true, registered},
	"division_code":  {"division_code", []string{"370102001"}, true, formed("999999999999")},
	"division_kind":  {"division_kind column=division_kind", []string{"370102001002"}, false, oneOf(divisions.Civil, divisions.Statistical, divisions.QuasiTownship, divisions.QuasiVillage, divisions.Virtual)},
	"division_up":    {"division_up tier=C", []string{"370102001002"}, true, registered},
	"grid_division":  {"grid_division system=nbs12", []string{"370102001002001"}, false, registered},
	"grid_id":        {"grid_id", []string{"370102001002001"}, true, formed("999999999999999")},
	"int":            {"int", []string{"1,234"}, true, anything},
	"join":           {"join fields=2", []string{"a", "b"}, false, anything},
	"match_address":  {"match_address", []string{"解放路十二号二单元301室"}, true, plainText},
	"match_name":     {"match_name", []string{"解放桥社区居委会"}, true, plainText},
	"measure_family": {"measure_family column=family", []string{"resident_households"}, false, anything},
	"month_start":    {"month_start", []string{"2025年6月"}, true, date1900},
	"number":         {"number", []string{"1,234.56"}, true, scaled},
	"org_code": {"org_code", []string{"00450218-X"}, true, func(t *testing.T, _ *value, out string) {
		if len(out) != 9 || !orgCodeOK([]byte(out)) {
			t.Fatalf("%q fails GB 11714", out)
		}
	}},
	"phone": {"phone", []string{"0531-86123456"}, true, func(t *testing.T, _ *value, out string) {
		if !isPhone([]byte(out)) && !isMaskedMobile([]byte(out)) {
			t.Fatalf("%q is no telephone number", out)
		}
	}},
	"quarter_end":   {"quarter_end", []string{"2025年第四季度"}, false, date1900},
	"quarter_start": {"quarter_start", []string{"202504"}, false, date1900},
	"service_basic": {"service_basic", []string{"370116013001"}, true, formed("999999999999")},
	"service_item": {"service_item", []string{"1137000000450218XQ2370116013001"}, true, func(t *testing.T, _ *value, out string) {
		if len(out) != itemLength || checkUSCC([]byte(out[:18])) != "" {
			t.Fatalf("%q is no code of an item", out)
		}
	}},
	"share": {"share bare=share", []string{"95%"}, true, scaled},
	"split": {"split", []string{"a;b;c"}, false, anything},
	"time": {"time", []string{"2022-01-17 08:30:00"}, true, func(t *testing.T, v *value, _ string) {
		if v.i < firstTime || v.i > lastTime {
			t.Fatalf("%d is no plausible instant", v.i)
		}
	}},
	"township_change_kind": {"township_change_kind fields=2 column=division_change_kind", []string{"370403005", "370403006"}, false, anything},
	"uscc": {"uscc", []string{"1137000000450218XQ"}, true, func(t *testing.T, _ *value, out string) {
		if rule := checkUSCC([]byte(out)); rule != "" {
			t.Fatalf("%q breaks %s", out, rule)
		}
	}},
	"verbatim":      {"verbatim", []string{"a"}, false, anything},
	"village_class": {"village_class column=village_class", []string{"370102001002"}, false, anything},
}

// Functions that read no text, or only what the landing step made.
var textless = map[string]bool{"const": true, "citizen_id": true, "pid": true, "pid_version": true}

// Every function has a probe, a caller among the shipped flows, and for every
// call of a rule there is an entity that declares it.
func TestNothingWithoutCaller(t *testing.T) {
	// The landing step; its pseudonyms, which systems with persons map; tables
	// outside the theme.
	used := map[string]bool{"citizen_id": true, "pid": true, "pid_version": true, "verbatim": true}
	for _, s := range shipped().Systems {
		for _, f := range s.Flows {
			for i := range f.Set {
				used[f.Set[i].Value.Call] = true
			}
			if f.At != nil {
				used[f.At.Call] = true
			}
		}
	}
	for _, f := range Functions() {
		if !used[f.Name] {
			t.Errorf("no flow calls %q", f.Name)
		}
		if _, ok := probes[f.Name]; !ok && !textless[f.Name] {
			t.Errorf("%q is not fuzzed", f.Name)
		}
	}
	calls, flags := map[string]bool{}, map[string]bool{}
	for _, e := range shipped().Entities {
		for _, r := range e.Rules {
			calls[r.Call] = true
			flags[r.Flag] = true
		}
	}
	for _, c := range schemas.RuleCalls() {
		if !calls[c] {
			t.Errorf("no entity declares a rule %q", c)
		}
	}
	for _, f := range schemas.Flags {
		if f.By == schemas.ByRule && !flags[f.Name] {
			t.Errorf("no rule raises %s", f.Name)
		}
	}
}

// A function allocates nothing for a row, once its batch is warm.
func TestFunctionsAllocateNothing(t *testing.T) {
	for name, p := range probes {
		c := newCall(t, p.call)
		in := texts2(p.sample)
		if _, rule := c.eval(in...); rule != "" {
			t.Errorf("%s refuses its sample: %s", name, rule)
		}
		if n := testing.AllocsPerRun(100, func() { c.eval(in...) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// Nor do the other ways to call them.
func TestCallsAllocateNothing(t *testing.T) {
	for _, p := range []struct {
		call string
		in   []string
		rule string
	}{
		{"division system=gb6 fields=2 at=f1", []string{"371202", "2018-06-01"}, ""},
		{"division system=gb6 fields=2 at=f1", []string{"371202", "2005年6月1日"}, ruleDivisionAmbiguous},
		{"division system=gb6 fields=2 at=f1 ambiguous=parent", []string{"371202", "2005-06-01"}, ""},
		{"division system=gb6 at=2010-06-01", []string{"371202"}, ""},
		{"division system=mca9 fields=3 at=f2", []string{"370102001", "解放路街道", "2020-06-01"}, ""},
		{"match_name fields=2", []string{"山东省濟南市历下区解放路街道解放桥社区居委会", "370102001002"}, ""},
		{"match_address fields=2", []string{"济南市历下区解放路一号", "370102001002"}, ""},
		{"amount unit=元", []string{"人民币壹拾贰万叁仟元伍角整"}, ""},
		{"amount fields=2", []string{"１,２００", "万元"}, ""},
		{"area fields=2", []string{"300", "平方米"}, ""},
		{"grid_id mask=xxxxxxddddddddddddss", []string{"01010037010200100207"}, ""},
		{"phone", []string{"139-1234-5678"}, ""},
		{"date", []string{"二〇二五年三月廿五日"}, ""},
		{"date", []string{"20250305"}, ""},
		{"share bare=percent", []string{"百分之九十五"}, ""},
		{"uscc", []string{"１１３７００００００４５０２１８ＸＱ"}, ""},
	} {
		c, in := newCall(t, p.call), texts2(p.in)
		if _, rule := c.eval(in...); rule != p.rule {
			t.Errorf("%s %q: %s, want %q", p.call, p.in, rule, p.rule)
		}
		if n := testing.AllocsPerRun(100, func() { c.eval(in...) }); n != 0 {
			t.Errorf("%s %q: %v allocations", p.call, p.in, n)
		}
	}
}

func texts2(s []string) [][]byte {
	out := make([][]byte, len(s))
	for i := range s {
		out[i] = []byte(s[i])
	}
	return out
}

func BenchmarkFunctions(b *testing.B) {
	for _, f := range Functions() {
		p, ok := probes[f.Name]
		if !ok {
			continue
		}
		b.Run(f.Name, func(b *testing.B) {
			c, in := newCall(b, p.call), texts2(p.sample)
			b.ReportAllocs()
			for b.Loop() {
				c.eval(in...)
			}
		})
	}
}

// fuzzFunction feeds a function with texts: it never panics, its rules are in
// the catalogue, its results are valid, and where a result is a spelling of
// itself it is read back as itself.
func fuzzFunction(f *testing.F, name string) {
	p := probes[name]
	for _, row := range scriptRows(f, name) {
		if len(row) > 0 {
			f.Add(row[0])
		}
	}
	c := newCall(f, p.call)
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return // the scanner refuses it
		}
		in := [][]byte{[]byte(s)}
		for len(in) < len(c.plan.fields) {
			in = append(in, []byte(s))
		}
		v, rule := c.eval(in...)
		if rule != "" {
			if _, ok := RuleOf(rule); !ok {
				t.Fatalf("%q breaks %q, which the catalogue does not hold", s, rule)
			}
			return
		}
		if v.null {
			return
		}
		kept := *v
		out := string(c.batch.st.written(c.out))
		p.valid(t, &kept, out)
		if c.plan.types[c.out] == schemas.Time {
			out = time.UnixMilli(kept.i).UTC().Format("2006-01-02T15:04:05.000Z")
			if again, rule := c.eval([]byte(out)); rule != "" || again.i != kept.i {
				t.Fatalf("%q became %s, and that %d (rule %q)", s, out, again.i, rule)
			}
			return
		}
		if !p.idempotent {
			return
		}
		if again, null, rule := c.text([]byte(out)); rule != "" || null != (out == "") && out != "999999" || !null && again != out {
			t.Fatalf("%q became %q, and that %q (null %v, rule %q)", s, out, again, null, rule)
		}
	})
}

// scriptRows are the inputs of a function's script.
func scriptRows(t testing.TB, name string) [][]string {
	data, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for line := range strings.Lines(string(data)) {
		in, _, ok := strings.Cut(line, " -> ")
		var values []any
		if !ok || json.Unmarshal([]byte(in), &values) != nil {
			continue
		}
		var row []string
		for _, v := range values {
			s, _ := v.(string)
			row = append(row, s)
		}
		out = append(out, row)
	}
	return out
}

func FuzzFnAmount(f *testing.F)       { fuzzFunction(f, "amount") }
func FuzzFnArea(f *testing.F)         { fuzzFunction(f, "area") }
func FuzzFnBool3(f *testing.F)        { fuzzFunction(f, "bool3") }
func FuzzFnCanonical(f *testing.F)    { fuzzFunction(f, "canonical_name") }
func FuzzFnCodelist(f *testing.F)     { fuzzFunction(f, "codelist") }
func FuzzFnDate(f *testing.F)         { fuzzFunction(f, "date") }
func FuzzFnDivision(f *testing.F)     { fuzzFunction(f, "division") }
func FuzzFnDivisionCode(f *testing.F) { fuzzFunction(f, "division_code") }
func FuzzFnDivisionUp(f *testing.F)   { fuzzFunction(f, "division_up") }
func FuzzFnGrid(f *testing.F)         { fuzzFunction(f, "grid_id") }
func FuzzFnGridDivision(f *testing.F) { fuzzFunction(f, "grid_division") }
func FuzzFnInt(f *testing.F)          { fuzzFunction(f, "int") }
func FuzzFnAddress(f *testing.F)      { fuzzFunction(f, "match_address") }
func FuzzFnName(f *testing.F)         { fuzzFunction(f, "match_name") }
func FuzzFnMonth(f *testing.F)        { fuzzFunction(f, "month_start") }
func FuzzFnNumber(f *testing.F)       { fuzzFunction(f, "number") }
func FuzzFnOrgCode(f *testing.F)      { fuzzFunction(f, "org_code") }
func FuzzFnPhone(f *testing.F)        { fuzzFunction(f, "phone") }
func FuzzFnQuarter(f *testing.F)      { fuzzFunction(f, "quarter_start") }
func FuzzFnServiceItem(f *testing.F)  { fuzzFunction(f, "service_item") }
func FuzzFnServiceBasic(f *testing.F) { fuzzFunction(f, "service_basic") }
func FuzzFnShare(f *testing.F)        { fuzzFunction(f, "share") }
func FuzzFnSplit(f *testing.F)        { fuzzFunction(f, "split") }
func FuzzFnTime(f *testing.F)         { fuzzFunction(f, "time") }
func FuzzFnUSCC(f *testing.F)         { fuzzFunction(f, "uscc") }
