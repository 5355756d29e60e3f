package transforms

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"rongtong/pipelines/systems"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/divisions"
	"rongtong/schemas/record"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Every file of testdata/bad has a mistake that only Compile or RunCases can
// see, and says on its line which problem must be reported there.
func TestBadFlows(t *testing.T) {
	files, _ := filepath.Glob("testdata/bad/*.yaml")
	if len(files) == 0 {
		t.Fatal("no bad examples")
	}
	broken := map[string]bool{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for i, line := range strings.Split(string(data), "\n") {
			if _, rules, ok := strings.Cut(line, "# want: "); ok {
				for _, r := range strings.Fields(rules) {
					want = append(want, fmt.Sprint(i+1, " ", r))
				}
			}
		}
		c, _ := schemas.Load(schemas.FS, fstest.MapFS{"bad.yaml": {Data: data}})
		sys := c.System("bad")
		var got []string
		for _, f := range sys.Flows {
			s, _ := sys.Streams.Get(f.Stream)
			p, ps := Compile(c, sys, s.Value, f)
			if p != nil {
				ps = RunCases(p, f)
			}
			for _, x := range ps {
				got = append(got, fmt.Sprint(x.Line, " ", x.Rule))
				broken[x.Rule] = true
				t.Log(x)
			}
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: problems are\n%s\nwanted\n%s", file, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	text, err := os.ReadFile("compile.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range compileRule.FindAllStringSubmatch(string(text), -1) {
		if !broken[m[1]] {
			t.Errorf("no file in testdata/bad breaks rule %q", m[1])
		}
	}
}

var compileRule = regexp.MustCompile(`c\.problem\([^"\n]*"([a-z_]+\.[a-z_]+)"`)

// The fingerprint changes with whatever can change the output, and not with
// prose or places.
func TestFingerprint(t *testing.T) {
	load := func(old, changed string) *Plan {
		data, err := systems.FS.ReadFile("county_ledger.yaml")
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		if !strings.Contains(text, old) {
			t.Fatalf("the file does not hold %q", old)
		}
		c, ps := schemas.Load(schemas.FS, systems.FS, fstest.MapFS{"x.yaml": {Data: []byte(strings.Replace(text, old, changed, 1))}})
		if len(ps) > 0 {
			t.Fatal(ps[0])
		}
		sys := c.System("county_ledger")
		s, _ := sys.Streams.Get("household")
		for _, f := range sys.Flows {
			if f.Stream == "household" {
				p, ps := Compile(c, sys, s.Value, f)
				if p == nil {
					t.Fatal(ps)
				}
				return p
			}
		}
		return nil
	}
	base := load("doc:", "doc:").Fingerprint()
	for _, c := range []struct {
		old, changed string
		same         bool
	}{
		{"Daily exports", "Nightly exports", true},
		{"connect:\n", "\n\nconnect:\n", true},
		{"suffix: 户", "suffix: 个", false},
		{"call: month_start", "call: quarter_start", false},
		{"value: M", "value: Q", false},
		{"tier: X", "tier: T", false},
		{"fields: { 县代码: text, 区划代码: text, 月份: text, 常住户数: text }", "fields: { 区划代码: text, 县代码: text, 月份: text, 常住户数: text }", false},
	} {
		if got := load(c.old, c.changed).Fingerprint(); (got == base) != c.same {
			t.Errorf("%q for %q: same fingerprint is %v", c.changed, c.old, got == base)
		}
	}
}

// The Arrow schema follows the logical types.
func TestArrowSchema(t *testing.T) {
	for _, e := range shipped().Entities {
		s := ArrowSchema(e)
		cols := schemas.StdColumns(e)
		if s.NumFields() != len(cols) {
			t.Fatalf("%s: %d fields for %d columns", e.Entity, s.NumFields(), len(cols))
		}
		for i, c := range cols {
			if want := map[schemas.Type]string{
				schemas.Int: "int64", schemas.Measure: "decimal(18, 4)", schemas.Date: "date32", schemas.Time: "timestamp[ms, tz=UTC]",
				schemas.List: "list<item: utf8>", schemas.Map: "map<utf8, utf8, items_nullable>", schemas.UInt8: "uint8", schemas.UInt16: "uint16", schemas.UInt32: "uint32", schemas.UInt64: "uint64",
			}[c.Type]; s.Field(i).Type.String() != want && want+s.Field(i).Type.String() != "utf8" {
				t.Errorf("%s.%s of type %s is %s", e.Entity, c.Name, c.Type, s.Field(i).Type)
			}
		}
	}
	if arrow.BinaryTypes.String.String() != "utf8" {
		t.Error("texts are not utf8")
	}
}

// The calendar agrees with package time on every day of the plausible range,
// and the zone's offset on every hour around its changes.
func TestCalendar(t *testing.T) {
	for d := firstDay - 400; d <= lastDay+400; d++ {
		y, m, dd := dateOf(d)
		w := time.Unix(d*day, 0).UTC()
		if w.Year() != y || int(w.Month()) != m || w.Day() != dd || daysOf(y, m, dd) != d || !isDate(y, m, dd) {
			t.Fatalf("day %d is %d-%d-%d, package time says %s", d, y, m, dd, w.Format(time.DateOnly))
		}
		if got := string(appendDate(nil, d)); got != w.Format(time.DateOnly) {
			t.Fatalf("day %d is written %s", d, got)
		}
	}
	for u := int64(504921600); u < from1992+day*400; u += 3600 { // from 1986
		local := time.Unix(u, 0).In(zone())
		if got, ok := parseInstant([]byte(local.Format("2006-01-02 15:04:05")), false); !ok || got != time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), 0, 0, 0, zone()).UnixMilli() {
			t.Fatalf("%s became %d", local, got)
		}
		if _, off := local.Zone(); offsetAt(u) != int64(off) {
			t.Fatalf("offset at %s is %d", local, offsetAt(u))
		}
	}
}

// The entity's rules hold after the columns, in order, and null passes.
func TestEntityRules(t *testing.T) {
	p, _ := flowOf(t, "village_forms", "facility", 0)
	b := NewBatch(memory.DefaultAllocator, p)
	defer b.Release()
	for _, c := range []struct{ area, direct, want string }{
		{"300", "200", ""}, {"300", "300", ""}, {"300", "", ""}, {"", "200", ""}, {"", "", ""},
		{"300", "300.0001", "facility.direct_le_area direct_service_area_m2"},
		{"0.5", "", "facility.area_range area_m2"},
		{"200001", "", "facility.area_range area_m2"},
		{"200000", "", ""},
		{"0.5", "0.6", "facility.area_range area_m2"},
		{"x", "y", "number.format area_m2"},
	} {
		chunk := &record.Chunk{}
		chunk.Append(record.Envelope{At: caseTime, Value: fmt.Appendf(nil,
			`{"submission_id":"1","village":"370102001002","site_type":"","area":%q,"area_unit":"平方米","direct_area":%q,"operating":"是","device_time":"2025-12-20 08:00:00"}`, c.area, c.direct)})
		got := ""
		for _, r := range p.Apply(b, chunk) {
			got = r.Rule + " " + r.Field
		}
		if got != c.want {
			t.Errorf("area %q, direct %q: %q, not %q", c.area, c.direct, got, c.want)
		}
	}
}

// required_when asks for a column when another has a value.
func TestRequiredWhen(t *testing.T) {
	text := func(name string) *schemas.Column {
		return &schemas.Column{Name: name, Type: schemas.Text, Nullable: true}
	}
	e := &schemas.Entity{Entity: "script", Columns: []*schemas.Column{text("kind"), text("held")},
		Rules: []*schemas.Rule{{Rule: "script.held", Call: schemas.RequiredWhen, Of: []string{"held", "kind"}, Value: "drill", Zh: "演练须有日期", En: "a drill has a date"}}}
	s := &schemas.Stream{Name: "script"}
	f := &schemas.Flow{Stream: "script", Entity: "script"}
	for _, n := range []string{"kind", "held"} {
		s.Fields = append(s.Fields, entryOf(n, "text"))
		f.Set = append(f.Set, entryOf(n, schemas.Expr{Field: n}))
	}
	p, ps := compileFor(e, &schemas.System{System: "script", Tier: "V"}, s, f)
	if p == nil {
		t.Fatal(ps)
	}
	b := NewBatch(memory.DefaultAllocator, p)
	defer b.Release()
	for value, want := range map[string]string{
		`{"kind":"drill","held":"x"}`: "", `{"kind":"drill"}`: "script.held: a drill has a date", `{"kind":"plan"}`: "", `{}`: "", `{"held":"x"}`: "",
	} {
		chunk := &record.Chunk{}
		chunk.Append(record.Envelope{At: caseTime, Value: []byte(value)})
		got := ""
		for _, r := range p.Apply(b, chunk) {
			got = r.Rule + ": " + r.ReasonEn
		}
		if got != want {
			t.Errorf("%s: %q, not %q", value, got, want)
		}
	}
}

// A mistake is reported where it was made, not at the column made from it.
func TestFailureOrder(t *testing.T) {
	p, _ := flowOf(t, "province_gateway", "committee", 0)
	b := NewBatch(memory.DefaultAllocator, p)
	defer b.Release()
	row := `{"tyshxydm":"bad","zzmc":"","xzqh":"999","zzlx":"nothing","clrq":"never","zt":"?","cd_time":"?"}`
	chunk := &record.Chunk{}
	chunk.Append(record.Envelope{At: caseTime, Value: []byte(row)})
	r := p.Apply(b, chunk)
	if len(r) != 1 || r[0].Field != "division_code" || r[0].Rule != ruleDivisionFormat {
		t.Errorf("rejects are %+v", r)
	}
}

// What the code says and what the register's parents say is the same for every
// division and tier.
func TestDivisionUp(t *testing.T) {
	reg, err := divisions.Load()
	if err != nil {
		t.Fatal(err)
	}
	st := &state{scan: newScanner([]string{"f0"})}
	for _, tier := range []string{"P", "C", "X", "T", "V"} {
		up := divisionUp(reg, tier)
		for i := range reg.Len() {
			code := reg.At(i).Code
			st.arena = st.arena[:0]
			st.scan.slots[0] = slot{str, true, borrow(code)}
			var v value
			rule := up(st, []input{{0, -1}}, &v)
			if d, ok := reg.Up(code, tier); ok != (rule == "") || ok && d.Code != string(v.b) {
				t.Fatalf("%s up to %s is %s, rule %q; the register says %s, %v", code, tier, v.b, rule, d.Code, ok)
			}
		}
	}
}

// A column made from earlier ones takes them as they are written, and a plain
// reference copies them.
func TestEarlierColumns(t *testing.T) {
	col := func(name string, typ schemas.Type) *schemas.Column {
		return &schemas.Column{Name: name, Type: typ, Nullable: true}
	}
	e := &schemas.Entity{Entity: "script", Columns: []*schemas.Column{
		col("id", schemas.Text), col("d", schemas.Date), col("n", schemas.Int), col("m", schemas.Measure),
		col("l", schemas.List), col("b", schemas.Bool3), col("at", schemas.Time), col("at2", schemas.Time), col("day", schemas.Date)}}
	s := &schemas.Stream{Name: "script"}
	for _, n := range []string{"d", "n", "m", "l", "b", "at"} {
		s.Fields = append(s.Fields, entryOf(n, "text"))
	}
	call := func(fn string, of ...string) schemas.Expr { return schemas.Expr{Call: fn, Of: of} }
	f := &schemas.Flow{Stream: "script", Entity: "script", Set: decl.Map[schemas.Expr]{
		entryOf("d", call("date", "d")), entryOf("n", call("int", "n")), entryOf("m", call("number", "m")),
		entryOf("l", call("split", "l")), entryOf("b", call("bool3", "b")), entryOf("at", call("time", "at")),
		entryOf("id", call("join", ".d", ".n", ".m", ".l", ".b", ".at")),
		entryOf("at2", call("time", ".at")), entryOf("day", schemas.Expr{Field: ".d"}),
	}}
	p, ps := compileFor(e, &schemas.System{System: "script", Tier: "V"}, s, f)
	if p == nil {
		t.Fatal(ps)
	}
	if p.Entity() != "script" || len(p.Fields()) != 6 || p.Schema().NumFields() != len(schemas.StdColumns(e)) {
		t.Errorf("the plan says entity %q, fields %v", p.Entity(), p.Fields())
	}
	b := NewBatch(memory.DefaultAllocator, p)
	defer b.Release()
	chunk := &record.Chunk{}
	chunk.Append(record.Envelope{At: caseTime, Value: []byte(`{"d":"2022.1.17","n":"-7","m":"1.50","l":"a;b","b":"是","at":"1970-01-01 08:00:01","x":1,"y":{}}`)})
	if r := p.Apply(b, chunk); len(r) > 0 {
		t.Fatalf("%+v", r)
	}
	if b.UnknownKeys() != 2 {
		t.Errorf("%d unknown keys", b.UnknownKeys())
	}
	rec := b.Take()
	defer rec.Release()
	for i, want := range []string{"2022-01-17:-7:1.5:a,b:yes:1000", "2022-01-17", "-7", "1.5", "a,b", "yes", "1970-01-01T08:00:01+08:00", "1970-01-01T08:00:01+08:00", "2022-01-17"} {
		if got := Written(rec.Column(i), 0); got != want {
			t.Errorf("column %d is %q, not %q", i, got, want)
		}
	}
}
