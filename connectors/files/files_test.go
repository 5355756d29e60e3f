package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/connectors/files/store"
	"rongtong/pipelines/systems"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// kindOf is the kind of a transport.
func kindOf(name string) connectors.Kind {
	for _, k := range Kinds() {
		if k.Name == name {
			return k
		}
	}
	panic("no kind " + name)
}

// declared is a system of the product, with its root or address as given.
func declared(tb testing.TB, name string, env map[string]string) *schemas.System {
	tb.Helper()
	for k, v := range env {
		tb.(interface{ Setenv(k, v string) }).Setenv(k, v)
	}
	text, err := systems.FS.ReadFile(name + ".yaml")
	if err != nil {
		tb.Fatal(err)
	}
	n, ps := decl.Parse(name+".yaml", text)
	sys := &schemas.System{}
	if ps = append(ps, n.Decode(sys)...); len(ps) > 0 {
		tb.Fatal(ps)
	}
	for _, e := range sys.Streams {
		e.Value.Name = e.Key
	}
	return sys
}

// one is a system of one CSV stream in a folder, with `from` as given.
func one(tb testing.TB, root, from, fields string) *schemas.System {
	return conntest.Declare(tb, fmt.Sprintf("connect: { kind: folder, root: %q }\nstreams:\n  s:\n    from: %s\n    key: [a]\n    fields: %s\n", root, from, fields))
}

func open(tb testing.TB, k connectors.Kind, sys *schemas.System, stream string, from record.Position) *source {
	tb.Helper()
	if ps := k.Validate(sys); len(ps) > 0 {
		tb.Fatal(ps)
	}
	o, err := k.Open(tb.Context(), sys)
	if err != nil {
		tb.Fatal(err)
	}
	e, _ := sys.Streams.Get(stream)
	s, err := o.Source(tb.Context(), e.Value, from)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close(); o.Close() })
	return s.(*source)
}

// rows reads to the end: "place fault value" for every record. Of the place of
// a table that could not be read, what is wrong with it is left out.
func rows(tb testing.TB, s connectors.Source) (out []string, last record.Position) {
	tb.Helper()
	var c record.Chunk
	for {
		c.Reset()
		pos, err := s.Read(tb.Context(), &c)
		if err == io.EOF {
			return out, last
		}
		if err != nil {
			tb.Fatal(err)
		}
		last = pos
		for _, e := range c.Rows {
			place, _, _ := strings.Cut(e.Place, ": ")
			out = append(out, strings.TrimSpace(place+" "+e.Fault)+" "+string(e.Value))
		}
	}
}

func equal(tb testing.TB, got []string, want ...string) {
	tb.Helper()
	if d := cmp.Diff(want, got); d != "" {
		tb.Errorf("(-want +got)\n%s", d)
	}
}

func TestProductDeclarations(t *testing.T) {
	for name, k := range map[string]connectors.Kind{"nbs_register": kindOf("folder"), "township_ledger": kindOf("folder"), "county_ledger": kindOf("sftp")} {
		if ps := k.Validate(declared(t, name, nil)); len(ps) > 0 {
			t.Errorf("%s: %v", name, ps)
		}
	}
}

func TestCSV(t *testing.T) {
	cases := []struct {
		name, from, fields, path string
		data                     []byte
		want                     []string
	}{
		{"order of columns, blanks and width in the header, extra columns",
			`{ path: '.*\.csv', format: csv, header: [a, "b（元）"] }`, `{ a: text, "b（元）": text }`, "x.csv",
			[]byte("\uFEFFnew, b(元) ,a\r\n1,2,3\r\n\r\n4,5,6"),
			[]string{`x.csv:2 {"a":"3","b（元）":"2"}`, `x.csv:4 {"a":"6","b（元）":"5"}`}},
		{"quotes, newlines and commas inside",
			`{ path: '.*\.csv', format: csv, header: [a] }`, `{ a: text }`, "x.csv",
			[]byte("a,b\n\"x\r\ny, \"\"z\"\"\",1\n2,3\n"),
			[]string{`x.csv:2 {"a":"x\ny, \"z\""}`, `x.csv:4 {"a":"2"}`}},
		{"a row of another width is one fault and keeps nothing",
			`{ path: '.*\.csv', format: csv, header: [a] }`, `{ a: text }`, "x.csv",
			[]byte("a,b\n1\n1,2,3\n4,5\n"),
			[]string{`x.csv:2 csv.columns {"a":null}`, `x.csv:3 csv.columns {"a":null}`, `x.csv:4 {"a":"4"}`}},
		{"alias, delimiter",
			`{ path: '.*\.csv', format: csv, delimiter: ";", header: { a: [z, y] } }`, `{ a: text }`, "x.csv",
			[]byte("q;Z\n1;2\n"), []string{`x.csv:2 {"a":"2"}`}},
		{"a header with a column twice",
			`{ path: '.*\.csv', format: csv, header: [a] }`, `{ a: text }`, "x.csv",
			[]byte("a,a\n1,2\n"), []string{`x.csv csv.header {"a":null}`}},
		{"a missing column",
			`{ path: '.*\.csv', format: csv, header: [a, b] }`, `{ a: text }`, "x.csv",
			[]byte("a,c\n1,2\n"), []string{`x.csv csv.header {"a":null}`}},
		{"an empty file", `{ path: '.*\.csv', format: csv, header: [a] }`, `{ a: text }`, "x.csv",
			nil, []string{`x.csv csv.header {"a":null}`}},
		{"an error message saved as a table", `{ path: '.*\.csv', format: csv, header: [a] }`, `{ a: text }`, "x.csv",
			[]byte(`{"code":"0003","msg":"x"}`), []string{`x.csv file.unreadable {"a":null}`}},
		{"cut off inside quotes", `{ path: '.*\.csv', format: csv, header: [a] }`, `{ a: text }`, "x.csv",
			[]byte("a,b\n1,2\n3,\"4"), []string{`x.csv file.truncated {"a":null}`}},
		{"cut off inside a line", `{ path: '.*\.csv', format: csv, header: [a] }`, `{ a: text }`, "x.csv",
			[]byte("a,b\n1,2\n3"), []string{`x.csv file.truncated {"a":null}`}},
		{"a named group is a field", `{ path: '(?P<县>\d+)/.*', format: csv, header: [a] }`, `{ 县: text, a: text }`, "12/x.csv",
			[]byte("a\n1\n"), []string{`12/x.csv:2 {"县":"12","a":"1"}`}},
		{"a lost character faults its record alone, and only in a field that is taken",
			`{ path: '.*\.csv', format: csv, encoding: gb18030, header: [a, b] }`, `{ a: text }`, "x.csv",
			append([]byte("a,b\n"), "\xfe\x59,1\n\xff,2\n\xce\xc4,\xff\n"...),
			[]string{`x.csv:2 {"a":"龴"}`, "x.csv:3 encoding.loss {\"a\":\"\uFFFD\"}", `x.csv:4 {"a":"文"}`}},
		{"auto takes UTF-8", `{ path: '.*\.csv', format: csv, encoding: auto, header: [名] }`, `{ a: text }`, "x.csv",
			[]byte("名,a\n文,1\n"), nil},
		{"UTF-8 that is none", `{ path: '.*\.csv', format: csv, header: [a] }`, `{ a: text }`, "x.csv",
			[]byte("a\n\xff\n"), []string{"x.csv:2 encoding.loss {\"a\":\"\uFFFD\"}"}},
	}
	cases[12].from, cases[12].fields = `{ path: '.*\.csv', format: csv, encoding: auto, header: [a, 名] }`, `{ a: text, 名: text }`
	cases[12].want = []string{`x.csv:2 {"a":"1","名":"文"}`}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, filepath.Join(dir, tc.path), tc.data, 0)
			s := open(t, kindOf("folder"), one(t, dir, tc.from, tc.fields), "s", nil)
			got, _ := rows(t, s)
			equal(t, got, tc.want...)
		})
	}
}

func TestAutoFindsGB18030(t *testing.T) {
	dir := t.TempDir()
	ascii := strings.Repeat("0123456789\n", 20_000) // the first foreign byte comes late
	put(t, filepath.Join(dir, "x.csv"), append([]byte("a\n"+ascii), gb(t, "济南\n")...), 0)
	s := open(t, kindOf("folder"), one(t, dir, `{ path: '.*', format: csv, encoding: auto, header: [a] }`, `{ a: text }`), "s", nil)
	got, _ := rows(t, s)
	if want := `{"a":"济南"}`; !strings.HasSuffix(got[len(got)-1], want) {
		t.Errorf("got %s", got[len(got)-1])
	}
}

func TestCountsOfWhatIsLeftOut(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "x.csv"), []byte("a,秘,b,新,\n1,2,3,4,5\n1,,3,,\n"), 0)
	sys := one(t, dir, `{ path: '.*', format: csv, header: [a, 秘, b] }`, `{ a: text }`)
	sys.Streams[0].Value.Drop = []string{"秘"}
	s := open(t, kindOf("folder"), sys, "s", nil)
	rows(t, s)
	st := s.Stats()
	want := connectors.Stats{Records: 2, Bytes: st.Bytes, Objects: 1,
		DroppedFields: map[string]int64{"秘": 1, "b": 2}, UnknownFields: map[string]int64{"新": 1, "(unnamed)": 1}}
	if d := cmp.Diff(want, st); d != "" {
		t.Error(d)
	}
}

func TestEventTime(t *testing.T) {
	day := time.Date(2025, 12, 22, 0, 0, 0, 0, shanghai)
	for at, want := range map[string]time.Time{
		`{ const: "2025-12-22" }`: day, `{ path: d }`: day, `{ column: b }`: day.Add(13*time.Hour + 5*time.Minute),
		`{ mtime: true }`: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "x_20251222.csv"), []byte("a,b\n1,2025-12-22 13:05:00\n"), 0)
		s := open(t, kindOf("folder"), one(t, dir, `{ path: 'x_(?P<d>\d+).csv', format: csv, header: [a, b], at: `+at+` }`, `{ a: text }`), "s", nil)
		var c record.Chunk
		if _, err := s.Read(t.Context(), &c); err != nil || !c.Rows[0].At.Equal(want) {
			t.Errorf("at %s: %v, want %v (%v)", at, c.Rows[0].At, want, err)
		}
	}
}

func TestOrderIsByDateThenPath(t *testing.T) {
	dir := t.TempDir()
	for _, p := range []string{"b_20251201", "a_20251202", "c_20251130", "a_20251201"} {
		put(t, filepath.Join(dir, p+".csv"), []byte("a\n"+p+"\n"), 0)
	}
	s := open(t, kindOf("folder"), one(t, dir, `{ path: '._(?P<d>\d+).csv', format: csv, header: [a], at: { path: d } }`, `{ a: text }`), "s", nil)
	got, _ := rows(t, s)
	equal(t, got, `c_20251130.csv:2 {"a":"c_20251130"}`, `a_20251201.csv:2 {"a":"a_20251201"}`,
		`b_20251201.csv:2 {"a":"b_20251201"}`, `a_20251202.csv:2 {"a":"a_20251202"}`)
}

// TestIdentity follows one folder through what people do to files.
func TestIdentity(t *testing.T) {
	dir := t.TempDir()
	sys := one(t, dir, `{ path: '(?P<县>\w+)/.*\.csv', format: csv, header: [a] }`, `{ 县: text, a: text }`)
	s := open(t, kindOf("folder"), sys, "s", nil)
	at := func(p string) string { return filepath.Join(dir, p) }
	var last record.Position
	step := func(doing string, change func(), want ...string) {
		t.Helper()
		change()
		got, pos := rows(t, s)
		if pos != nil {
			// A new process at the position before must see the same.
			again, _ := rows(t, open(t, kindOf("folder"), sys, "s", last))
			if d := cmp.Diff(got, again); d != "" {
				t.Errorf("%s, in a new process: %s", doing, d)
			}
			last = pos
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: (-want +got)\n%s", doing, d)
		}
	}
	step("a file", func() { put(t, at("x/1.csv"), []byte("a\n1\n"), 0) }, `x/1.csv:2 {"县":"x","a":"1"}`)
	step("nothing", func() {})
	step("touched", func() { put(t, at("x/1.csv"), []byte("a\n1\n"), 1) })
	step("renamed", func() { os.Rename(at("x/1.csv"), at("x/2.csv")) })
	step("copied", func() { put(t, at("x/3.csv"), []byte("a\n1\n"), 1) })
	step("the same bytes for another county", func() { put(t, at("y/1.csv"), []byte("a\n1\n"), 1) }, `y/1.csv:2 {"县":"y","a":"1"}`)
	step("changed", func() { put(t, at("x/3.csv"), []byte("a\n2\n"), 2) }, `x/3.csv:2 {"县":"x","a":"2"}`)
	step("changed back", func() { put(t, at("x/3.csv"), []byte("a\n1\n"), 3) }, `x/3.csv:2 {"县":"x","a":"1"}`)
	step("removed", func() { os.Remove(at("x/2.csv")); os.Remove(at("x/3.csv")) })
	step("back under a new name", func() { put(t, at("x/9.csv"), []byte("a\n1\n"), 4) })
	step("a header alone", func() { put(t, at("x/0.csv"), []byte("a\n"), 4) })
}

// TestSettling: a file is taken once it has rested, by its own clock or by ours.
func TestSettling(t *testing.T) {
	dir := t.TempDir()
	p := filepath.Join(dir, "x.csv")
	s := open(t, kindOf("folder"), one(t, dir, `{ path: '.*', format: csv, header: [a], settle: 2s }`, `{ a: text }`), "s", nil)
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	s.now = func() time.Time { return now }
	write := func(data string, mtime time.Time) {
		put(t, p, []byte(data), 0)
		if err := os.Chtimes(p, mtime, mtime); err != nil {
			t.Fatal(err)
		}
	}
	look := func(what string, want ...string) {
		t.Helper()
		got, _ := rows(t, s)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", what, d)
		}
	}
	write("a\n1", now)
	look("just written")
	now = now.Add(time.Second)
	write("a\n1\n2\n", now)
	look("still written")
	now = now.Add(time.Second)
	look("rested too short")
	now = now.Add(time.Second)
	look("rested", `x.csv:2 {"a":"1"}`, `x.csv:3 {"a":"2"}`)
	future := now.Add(24 * time.Hour)
	write("a\n3\n", future)
	look("a clock that runs ahead, first look")
	now = now.Add(time.Second)
	look("too early")
	now = now.Add(time.Second)
	look("unchanged for the whole time", `x.csv:2 {"a":"3"}`)
}

// growing is a store whose file grows while it is read.
type growing struct {
	store.Store
	path  string
	after bool
}

func (g *growing) Read(ctx context.Context, e store.Entry, begin func() (io.Writer, error)) error {
	grow := func() {
		f, _ := os.OpenFile(g.path, os.O_APPEND|os.O_WRONLY, 0)
		f.WriteString("more\n")
		f.Close()
	}
	return g.Store.Read(ctx, e, func() (io.Writer, error) {
		w, err := begin()
		if !g.after {
			grow()
			return w, err
		}
		return writerFunc(func(p []byte) (int, error) {
			defer grow()
			return w.Write(p)
		}), err
	})
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestGrowingFileIsNotTaken(t *testing.T) {
	for _, after := range []bool{false, true} {
		dir := t.TempDir()
		p := filepath.Join(dir, "x.csv")
		put(t, p, []byte("a\n1\n"), 0)
		s := open(t, kindOf("folder"), one(t, dir, `{ path: '.*', format: csv, header: [a] }`, `{ a: text }`), "s", nil)
		s.store = &growing{s.store, p, after}
		if got, _ := rows(t, s); len(got) > 0 {
			t.Errorf("grown after reading %v: delivered %v", after, got)
		}
	}
}

// failing is a store that fails once where told.
type failing struct {
	store.Store
	at  string
	err error
}

func (f *failing) Read(ctx context.Context, e store.Entry, begin func() (io.Writer, error)) error {
	if err := f.err; err != nil && e.Path == f.at {
		if fault.Is(err, fault.Transient) {
			f.err = nil
		}
		return err
	}
	return f.Store.Read(ctx, e, begin)
}

func TestTroubleWithOneFile(t *testing.T) {
	for _, class := range []fault.Class{fault.Transient, fault.Config} {
		dir := t.TempDir()
		for _, p := range []string{"a", "b", "c"} {
			put(t, filepath.Join(dir, p+".csv"), []byte("a\n"+p+"\n"), 0)
		}
		s := open(t, kindOf("folder"), one(t, dir, `{ path: '.*', format: csv, header: [a] }`, `{ a: text }`), "s", nil)
		broken := &failing{s.store, "b.csv", fault.New(class, "no")}
		s.store = broken
		var got []string
		var c record.Chunk
		for {
			c.Reset()
			_, err := s.Read(t.Context(), &c)
			if err == io.EOF {
				break
			}
			if err != nil && !fault.Is(err, class) {
				t.Fatal(err)
			}
			if err != nil {
				broken.err = nil
				got = append(got, "error")
				continue
			}
			for _, e := range c.Rows {
				got = append(got, e.Place)
			}
		}
		// A hiccup keeps the order; what a person must mend lets the others pass,
		// is reported, and is taken once mended.
		want := []string{"a.csv:2", "b.csv:2", "c.csv:2"}
		if class == fault.Config {
			want = []string{"a.csv:2", "c.csv:2", "error", "b.csv:2"}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", class, d)
		}
	}
}

// counting counts the files that are opened.
type counting struct {
	store.Store
	reads int
}

func (c *counting) Read(ctx context.Context, e store.Entry, begin func() (io.Writer, error)) error {
	c.reads++
	return c.Store.Read(ctx, e, begin)
}

func TestNothingNewOpensNoFile(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		put(t, filepath.Join(dir, fmt.Sprintf("%d.csv", i)), fmt.Appendf(nil, "a\n%d\n", i), 0)
	}
	sys := one(t, dir, `{ path: '.*', format: csv, header: [a] }`, `{ a: text }`)
	_, last := rows(t, open(t, kindOf("folder"), sys, "s", nil))
	s := open(t, kindOf("folder"), sys, "s", last)
	c := &counting{Store: s.store}
	s.store = c
	if got, _ := rows(t, s); len(got) > 0 || c.reads > 0 {
		t.Errorf("%d records, %d files opened", len(got), c.reads)
	}
}

func TestForeignPositionIsRefused(t *testing.T) {
	dir := t.TempDir()
	sys := one(t, dir, `{ path: '.*', format: csv, header: [a] }`, `{ a: text }`)
	o, err := kindOf("folder").Open(t.Context(), sys)
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.Source(t.Context(), sys.Streams[0].Value, record.Position("rubbish"))
	if !fault.Is(err, fault.Bug) {
		t.Errorf("a foreign position gave %v", err)
	}
}

func TestLinksAreNotFollowed(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	put(t, filepath.Join(outside, "x.csv"), []byte("a\n1\n"), 0)
	if err := os.Symlink(filepath.Join(outside, "x.csv"), filepath.Join(dir, "x.csv")); err != nil {
		t.Fatal(err)
	}
	if got, _ := rows(t, open(t, kindOf("folder"), one(t, dir, `{ path: '.*', format: csv, header: [a] }`, `{ a: text }`), "s", nil)); len(got) > 0 {
		t.Error("a link out of the root was followed")
	}
}

func TestCancelInsideAFile(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "x.csv"), []byte("a\n"+strings.Repeat("1\n", 50_000)), 0)
	s := open(t, kindOf("folder"), one(t, dir, `{ path: '.*', format: csv, header: [a] }`, `{ a: text }`), "s", nil)
	var c record.Chunk
	if _, err := s.Read(t.Context(), &c); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	c.Reset()
	if _, err := s.Read(ctx, &c); !errors.Is(err, context.Canceled) {
		t.Fatalf("an ended context gave %v", err)
	}
	if got, _ := rows(t, s); len(got) != 30_000 || got[0] != `x.csv:20002 {"a":"1"}` {
		t.Errorf("%d records left, the first %s", len(got), got[0])
	}
}

func TestDiscover(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "370102/l_20251222.csv"), gb(t, "名称,值\n甲,1\n"), 0)
	put(t, filepath.Join(dir, "370103/l_20251222.csv"), gb(t, "名称,值\n乙,1\n"), 0)
	put(t, filepath.Join(dir, "bad.xlsx"), []byte("no workbook"), 0)
	put(t, filepath.Join(dir, "good.xlsx"), township(t, 2), 0)
	o, err := kindOf("folder").Open(t.Context(), one(t, dir, `{ path: '.*', format: csv, header: [a] }`, `{ a: text }`))
	if err != nil {
		t.Fatal(err)
	}
	found, err := o.Discover(t.Context())
	if err != nil || len(found) != 4 {
		t.Fatalf("%d streams, %v", len(found), err)
	}
	for _, s := range found {
		if _, ps := compile(s); len(ps) > 0 {
			t.Errorf("the proposal of %q is refused: %v", s.Name, ps)
		}
	}
	if p, _ := compile(found[0]); p.match("370199/l_20260101.csv") == nil || found[0].Fields[1].Key != "值" {
		t.Errorf("proposal %+v", found[0])
	}
}
