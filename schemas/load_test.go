package schemas_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"rongtong/pipelines/systems"
	"rongtong/schemas"
	"rongtong/schemas/decl"
)

var rewrite = flag.Bool("rewrite", false, "write what the checker says into testdata/bad, for review")

// shipped loads what the binary holds, and overlays.
func shipped(overlays ...fs.FS) (*schemas.Catalog, []decl.Problem) {
	return schemas.Load(append([]fs.FS{schemas.Named("schemas", schemas.FS), schemas.Named("pipelines/systems", systems.FS)}, overlays...)...)
}

func catalog(t testing.TB) *schemas.Catalog {
	t.Helper()
	c, ps := shipped()
	for _, p := range ps {
		t.Error(p)
	}
	if t.Failed() {
		t.FailNow()
	}
	return c
}

func TestShipped(t *testing.T) {
	c := catalog(t)
	t.Logf("%d tiers, %d entities, %d systems, %d indicators, %d code lists", len(c.Tiers), len(c.Entities), len(c.Systems), len(c.Indicators), len(c.Codes))
	used, columns, cases := map[string]bool{}, 0, 0
	for _, s := range c.Systems {
		for _, f := range s.Flows {
			used[f.Entity] = true
			if len(f.Cases) == 0 {
				t.Errorf("%s: the flow from %s/%s declares no case", f.Pos, s.System, f.Stream)
			}
		}
	}
	for _, e := range c.Entities {
		columns += len(e.Columns)
		cases += len(e.Cases)
		if e.Grain.Zh == "" || e.EventTime == "" || e.Retention == "" || len(e.Authority) == 0 {
			t.Errorf("%s: entity %q does not say its grain, its event time, its retention or its authority", e.Pos, e.Entity)
		}
		accepted, broken := 0, map[string]bool{}
		for _, cs := range e.Cases {
			if cs.Breaks == "" {
				accepted++
			}
			broken[cs.Breaks], broken[cs.Flags] = true, true
		}
		if accepted == 0 {
			t.Errorf("%s: entity %q declares no row that is accepted", e.Pos, e.Entity)
		}
		for _, r := range e.Rules {
			if !broken[r.Rule] && r.OfOneRow() {
				t.Errorf("%s: no case breaks rule %q", r.Pos, r.Rule)
			}
		}
		if e.Theme != path.Base(path.Dir(e.File)) || e.Entity+".yaml" != path.Base(e.File) {
			t.Errorf("%s: the file of entity %q is not themes/%s/%[2]s.yaml", e.Pos, e.Entity, e.Theme)
		}
	}
	t.Logf("%d columns, %d cases of entities, %d entities with a feed", columns, cases, len(used))
	for _, i := range c.Indicators {
		if i.Register != "nbs-2023-06-30" {
			t.Errorf("%s: register %q is not the one that is shipped", i.Pos, i.Register)
		}
	}
}

// BenchmarkLoad is what every start of every command pays: 100 ms is the most.
func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for range b.N {
		if _, ps := shipped(); len(ps) > 0 {
			b.Fatal(ps[0])
		}
	}
}

func TestOrder(t *testing.T) {
	c := catalog(t)
	var tiers, systems, themes []string
	for _, x := range c.Tiers {
		tiers = append(tiers, x.Code)
	}
	for _, x := range c.Systems {
		systems = append(systems, x.System)
	}
	for _, x := range c.Entities {
		if !slices.Contains(themes, x.Theme) {
			themes = append(themes, x.Theme)
		}
	}
	for _, check := range []struct{ got, want string }{
		{strings.Join(tiers, " "), "P C X T V"},
		{strings.Join(systems, " "), "nbs_register province_gateway return_receipts city_operations county_ledger county_offices emergency_feed township_ledger village_forms"},
		{strings.Join(themes, " "), "t1_division t2_organization t3_population t4_deliberation t5_service t6_safety t7_emergency t8_lists t9_fiscal t10_programme t11_flow"},
	} {
		if check.got != check.want {
			t.Errorf("got  %s\nwant %s", check.got, check.want)
		}
	}
}

func TestStdColumns(t *testing.T) {
	e := catalog(t).Entity("facility")
	var got []string
	for _, c := range schemas.StdColumns(e) {
		if c.Zh == "" || c.En == "" {
			t.Errorf("column %q has no name", c.Name)
		}
		got = append(got, c.Name+" "+string(c.Type))
	}
	want := "facility_id text, division_code code12, facility_kind codelist, name name, match_name text, site_type codelist, area_m2 measure, " +
		"direct_service_area_m2 measure, opened_on date, operating bool3, valid_from date, valid_to date, grid_id text, standardised bool3, " +
		"substantive bool3, is_party_mass_centre bool3, serves_divisions list, service_codes list, lon measure, lat measure, src_system text, src_tier text, src_division code12, " +
		"src_record_id text, event_time time, arrived_at time, version uint64, is_deleted uint8, q_flags uint32, kafka_topic text, " +
		"kafka_partition uint16, kafka_offset uint64, place text"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

// An operator replaces a system, or adds a code, without a build.
func TestOverlay(t *testing.T) {
	data, err := fs.ReadFile(systems.FS, "return_receipts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	overlay := fstest.MapFS{
		"systems/x.yaml":            {Data: []byte(strings.Replace(string(data), "department: ", "department: 试点 ", 1))},
		"codes/receipt_status.csv":  {Data: []byte("# source: s\n# version: 2\ncode,zh,en\nacked,已签收,acknowledged\n")},
		"README.md":                 {Data: []byte("ignored")},
		".git/themes/x/broken.yaml": {Data: []byte("ignored: too")},
	}
	c, ps := shipped(schemas.Named("/etc/rongtong", overlay))
	for _, p := range ps {
		t.Error(p)
	}
	if s := c.System("return_receipts"); !strings.HasPrefix(s.Department, "试点") || s.File != "/etc/rongtong/systems/x.yaml" {
		t.Errorf("the overlay's system does not stand: %s %s", s.Department, s.File)
	}
	if l := c.Code("receipt_status"); l.Version != "2" || len(l.Codes) != 1 {
		t.Errorf("the overlay's code list does not stand: %+v", l)
	}
}

func TestUnreadable(t *testing.T) {
	_, ps := shipped(schemas.Named("/no/such", os.DirFS("testdata/no/such/folder")))
	if len(ps) != 1 || ps[0].Rule != "file.unreadable" || ps[0].File != "/no/such" {
		t.Errorf("got %v", ps)
	}
}

var wantLine = regexp.MustCompile(`(?m)^# want: (\S+ \S+)\n?`)

// TestBad loads every file of testdata/bad on top of what is shipped. The
// problems that are expected stand in the file, "# want: line:column rule".
func TestBad(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir("testdata/bad", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		t.Run(strings.TrimPrefix(file, "testdata/bad/"), func(t *testing.T) {
			got, want, full := badFile(file, data)
			for _, g := range got {
				_, rule, _ := strings.Cut(g, " ")
				seen[rule] = true
			}
			if *rewrite && !slices.Equal(got, want) {
				rewriteWants(t, file, string(data), got)
				return
			}
			if !slices.Equal(got, want) {
				t.Errorf("got\n  %s\nwant\n  %s\n%v", strings.Join(got, "\n  "), strings.Join(want, "\n  "), full)
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range rulesInSource(t) {
		if !seen[rule] {
			t.Errorf("no file in testdata/bad breaks rule %q", rule)
		}
	}
}

// badFile returns the problems that a file causes, and those it asks for.
func badFile(file string, data []byte) (got, want []string, full []decl.Problem) {
	kind, name, _ := strings.Cut(strings.TrimPrefix(filepath.ToSlash(file), "testdata/bad/"), "/")
	at := map[string]string{"tiers": "tiers.yaml", "jobs": "jobs.yaml", "themes": "themes/bad/" + name}[kind]
	if at == "" {
		at = kind + "/" + name
	}
	_, full = shipped(fstest.MapFS{at: {Data: data}})
	for _, p := range full {
		place := fmt.Sprintf("%d:%d", p.Line, p.Column)
		if p.File != at {
			place = p.File + ":" + place
		}
		got = append(got, place+" "+p.Rule)
	}
	for _, m := range wantLine.FindAllStringSubmatch(string(data), -1) {
		want = append(want, m[1])
	}
	return got, want, full
}

// rewriteWants puts the lines where they were: at the end of YAML, at the top
// of CSV, whose rows have no comments.
func rewriteWants(t *testing.T, file, data string, got []string) {
	t.Helper()
	body := wantLine.ReplaceAllString(data, "")
	var lines strings.Builder
	for _, g := range got {
		fmt.Fprintf(&lines, "# want: %s\n", g)
	}
	if strings.HasSuffix(file, ".csv") {
		// As many lines as before, or the line numbers in them would move.
		body = lines.String() + body
	} else {
		body += lines.String()
	}
	if err := os.WriteFile(file, []byte(body), 0o644); err != nil {
		t.Fatal(err)
	}
}

var ruleLiteral = regexp.MustCompile(`"((?:[a-z_]+)\.[a-z_]+)",`)

// rulesInSource are the rules of the checker and of the decoder, from the text
// of the program, so that a new one without a bad file fails.
func rulesInSource(t *testing.T) []string {
	t.Helper()
	var rules []string
	for _, pattern := range []string{"*.go", "decl/decl.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no files %s: %v", pattern, err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			src, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.SplitSeq(string(src), "\n") {
				if !strings.Contains(line, "Problem(") && !strings.Contains(line, "k.add(") && !strings.Contains(line, "k.oneOf(") {
					continue
				}
				for _, m := range ruleLiteral.FindAllStringSubmatch(line, -1) {
					rules = append(rules, m[1])
				}
			}
		}
	}
	slices.Sort(rules)
	// file.unreadable needs no file; TestUnreadable breaks it.
	return slices.DeleteFunc(slices.Compact(rules), func(r string) bool { return r == "file.unreadable" })
}

// Spellings of different things must not meet in one code, and different
// spellings of one thing must.
func TestMeasureSpellings(t *testing.T) {
	l := catalog(t).Code("measure")
	code := func(s string) string {
		for _, c := range l.Codes {
			if c.Code == s || c.Zh == s || slices.Contains(c.Aliases, s) {
				return c.Code
			}
		}
		return ""
	}
	for _, pair := range [][2]string{{"户籍户数", "常住户数"}, {"低保户数", "低保人数"}, {"户籍人口", "常住人口"}, {"常住人口", "城镇常住人口"}, {"专职网格员", "网格员总数"}} {
		if a, b := code(pair[0]), code(pair[1]); a == b || a == "" || b == "" {
			t.Errorf("%s is %q and %s is %q: they must be two codes", pair[0], a, pair[1], b)
		}
	}
	if a, b := code("常住户数"), code("辖区常住户数(户)"); a != b || a != "resident_households" {
		t.Errorf("%q and %q must be one code", a, b)
	}
	for _, c := range l.Codes {
		if c.Parent == "" || c.Unit == "" {
			t.Errorf("measure %q has no family or no unit", c.Code)
		}
	}
}

func FuzzLoad(f *testing.F) {
	_ = fs.WalkDir(systems.FS, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			data, _ := fs.ReadFile(systems.FS, p)
			f.Add(uint8(0), data)
		}
		return err
	})
	_ = filepath.WalkDir("testdata/bad", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			data, _ := os.ReadFile(p)
			for kind := range uint8(4) {
				f.Add(kind, data)
			}
		}
		return err
	})
	places := []string{"systems/x.yaml", "themes/x/x.yaml", "indicators/x.yaml", "codes/x.csv"}
	base, _ := fs.ReadFile(schemas.FS, "tiers.yaml")
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		c, ps := schemas.Load(fstest.MapFS{"tiers.yaml": {Data: base}, places[kind%4]: {Data: data}})
		if c == nil {
			t.Fatal("no catalogue")
		}
		for _, p := range ps {
			if p.Rule == "" || p.Message == "" || p.File == "" || p.Line < 1 || p.Column < 1 {
				t.Fatalf("a problem without a place or a rule: %+v", p)
			}
		}
	})
}

// The good examples use everything that a declaration can say.
func TestGood(t *testing.T) {
	c, ps := shipped(schemas.Named("testdata/good", os.DirFS("testdata/good")))
	for _, p := range ps {
		t.Error(p)
	}
	s, l := c.System("credit_platform"), c.Code("org_credit_kind")
	if s == nil || l == nil || c.Entity("org_credit") == nil || c.Indicator("I-99-01") == nil {
		t.Fatal("something of the good examples is not in the catalogue")
	}
	f := s.Flows[0]
	x, _ := f.Set.Get("org_id")
	if s.Streams[0].Value.Name != "entry" || f.At.Field != "rq" || x.Value.Call != "join" || !slices.Equal(x.Value.Of, []string{".division_code", "xybm"}) {
		t.Errorf("the flow is not as declared: %+v", x)
	}
	if k, _ := l.Get("notice"); !slices.Equal(k.Aliases, []string{"关注名单", "提醒, 告知"}) || k.Parent != "active" || l.ParentList != "org_status" {
		t.Errorf("the code list is not as declared: %+v", l)
	}
	if at, err := c.Indicator("I-10-04").Periods.Span("2025-12"); err != nil || at.Day.Format(time.DateOnly) != "2025-12-31" || at.From.Format(time.DateOnly) != "2025-01-01" {
		t.Errorf("the year to date in December is %v, %v", at, err)
	}
	if e := c.Entity("org_credit"); !slices.Equal(e.AuthorityOf(e.Column("fine")), []string{"P"}) || !slices.Equal(e.AuthorityOf(e.Column("note")), e.Authority) {
		t.Error("a column's own authority must stand, else the entity's")
	}
}
