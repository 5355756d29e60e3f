package warehouse

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"rongtong/schemas"
)

const gadget = `
entity: gadget
theme: t9_test
name: { zh: 物, en: Gadget }
doc: { zh: 测试, en: Test }
key: [kind, id]
fusion: FUSION
authority: [P]
columns:
  - { name: kind, type: codelist, list: tier, zh: 种类, en: Kind }
  - { name: id, type: text, zh: 标识, en: Id }
  - { name: must, type: text, zh: 必填, en: Must }
  - { name: a, type: int, zh: 甲, en: A, nullable: true }
  - { name: b, type: codelist, list: tier, zh: 乙, en: B, nullable: true }
  - { name: c, type: list, zh: 丙, en: C, nullable: true }
  - { name: d, type: measure, unit: m2, zh: 丁, en: D, nullable: true }
`

// claim is one claim of the oracle.
type claim struct {
	key, src, tier  string
	version, offset uint64
	deleted         bool
	values          map[string]string // column to text; absent is null
}

func (c claim) row() map[string]string {
	kind, id, _ := strings.Cut(c.key, "/")
	row := map[string]string{"kind": kind, "id": id, "src_system": c.src, "src_tier": c.tier,
		"version": strconv.FormatUint(c.version, 10), "kafka_offset": strconv.FormatUint(c.offset, 10),
		"event_time": fmt.Sprintf("2025-01-01T00:00:%02dZ", c.version), "is_deleted": "0",
		"arrived_at": arrival(c.offset)}
	if c.deleted {
		row["is_deleted"] = "1"
	}
	for k, v := range c.values {
		row[k] = v
	}
	return row
}

// arrival is when a claim of the oracle reached us: as many seconds into a day
// as its place in the log.
func arrival(offset uint64) string {
	return time.Date(2025, 2, 1, 0, 0, int(offset), 0, time.UTC).Format(time.RFC3339)
}

// oracle fuses in the plainest way that could be right.
func oracle(e *schemas.Entity, all []claim) map[string]string {
	latest := map[[2]string]claim{}
	for _, c := range all {
		k := [2]string{c.key, c.src}
		if l, ok := latest[k]; !ok || c.version > l.version || c.version == l.version && c.offset > l.offset {
			latest[k] = c
		}
	}
	things := map[string][]claim{}
	for k, c := range latest {
		if !c.deleted {
			things[k[0]] = append(things[k[0]], c)
		}
	}
	out := map[string]string{}
	for key, cs := range things {
		var row []string
		for _, col := range e.Columns[2:] {
			order := e.AuthorityOf(col)
			if e.Fusion == schemas.FuseRow {
				order = e.Authority
			}
			win, rule := winner(cs, order, func(c claim) bool {
				_, says := c.values[col.Name]
				return says || e.Fusion == schemas.FuseRow
			})
			v, says := win.values[col.Name]
			if !says {
				v = "-"
			}
			if e.Fusion == schemas.FuseField {
				v += "<" + win.src + "," + rule + "," + at(win) + ">"
			}
			row = append(row, v)
		}
		if e.Fusion == schemas.FuseRow {
			win, rule := winner(cs, e.Authority, func(claim) bool { return true })
			row = append(row, "<"+win.src+","+rule+","+at(win)+">")
		}
		out[key] = strings.Join(row, " ")
	}
	return out
}

func at(c claim) string {
	if c.src == "" {
		return ""
	}
	return fmt.Sprint(c.version)
}

func winner(cs []claim, order []string, says func(claim) bool) (claim, string) {
	rank := func(c claim) int {
		for i, a := range order {
			if a == c.src || a == c.tier {
				return i
			}
		}
		return len(order)
	}
	live := slices.DeleteFunc(slices.Clone(cs), func(c claim) bool { return !says(c) })
	if len(live) == 0 {
		return claim{}, ""
	}
	slices.SortFunc(live, func(x, y claim) int {
		if r := rank(x) - rank(y); r != 0 {
			return r
		}
		if x.version != y.version {
			if x.version > y.version {
				return -1
			}
			return 1
		}
		return strings.Compare(x.src, y.src)
	})
	rule := "freshest"
	if r := rank(live[0]); r < len(order) {
		rule = fmt.Sprintf("authority:%d", r+1)
	}
	return live[0], rule
}

// fused reads dwd.gadget in the oracle's notation.
func fused(t *testing.T, w *Warehouse, e *schemas.Entity) map[string]string {
	t.Helper()
	return fusedFrom(t, w, e, "dwd.gadget")
}

func fusedFrom(t *testing.T, w *Warehouse, e *schemas.Entity, table string) map[string]string {
	t.Helper()
	meta := func(prefix string) string {
		return fmt.Sprintf("'<', toString(%[1]s_src), ',', toString(%[1]s_rule), ',', ifNull(toString(toSecond(%[1]s_at)), ''), '>'", prefix)
	}
	var cells []string
	for _, c := range e.Columns[2:] {
		cell := "ifNull(toString(" + c.Name + "), '-')"
		if c.Type == schemas.List {
			cell = "if(empty(c), '-', arrayStringConcat(c, '|'))"
		}
		if e.Fusion == schemas.FuseField {
			cell += ", " + meta(c.Name)
		}
		cells = append(cells, "concat("+cell+", '')")
	}
	if e.Fusion == schemas.FuseRow {
		cells = append(cells, "concat("+meta("")+")")
	}
	out := map[string]string{}
	for _, s := range strs(t, w, "SELECT concat(toString(kind), '/', id, '=', concatWithSeparator(' ', "+strings.Join(cells, ", ")+")) FROM "+table) {
		k, v, _ := strings.Cut(s, "=")
		if _, twice := out[k]; twice {
			t.Errorf("the thing %s has two rows", k)
		}
		out[k] = v
	}
	return out
}

// content is what a claim says, in one text.
func (c claim) content() string { return fmt.Sprint(c.key, c.src, c.version, c.deleted, c.values) }

// world makes a random set of claims that sources could really have made: of
// one source, thing and version there are one content or several, withdrawals
// among them, each delivered again at will, before and after the others.
func world(r *rand.Rand, nsrc int) []claim {
	srcs := []claim{{src: "p1", tier: "P"}, {src: "x1", tier: "X"}, {src: "x2", tier: "X"}, {src: "v1", tier: "V"}, {src: "t1", tier: "T"}}[:nsrc]
	var all []claim
	offset := uint64(0)
	for thing := range 40 {
		for _, s := range srcs {
			for range r.IntN(6) {
				c := s
				offset++
				c.key, c.offset = fmt.Sprintf("%s/%d", []string{"P", "X"}[thing%2], thing), offset
				c.version, c.deleted = uint64(r.IntN(4)), r.IntN(5) == 0
				said := slices.DeleteFunc(slices.Clone(all), func(o claim) bool { return o.key != c.key || o.src != c.src || o.version != c.version })
				if len(said) > 0 && r.IntN(3) > 0 {
					again := said[r.IntN(len(said))]
					c.deleted, c.values = again.deleted, again.values
				} else if !c.deleted {
					c.values = map[string]string{"must": fmt.Sprint("m", r.IntN(9))}
					values := map[string]string{"a": fmt.Sprint(r.IntN(9)), "b": []string{"P", "T"}[r.IntN(2)], "c": "甲|乙", "d": fmt.Sprint(r.IntN(9), ".5")}
					for _, col := range slices.Sorted(maps.Keys(values)) {
						if r.IntN(3) > 0 {
							c.values[col] = strings.ReplaceAll(values[col], " ", "")
						}
					}
				}
				all = append(all, c)
			}
		}
	}
	return all
}

// The fused rows are the oracle's, for any set of claims, and they depend on
// the set alone: shuffled loads, repeated loads and merges change nothing.
func TestFusionProperty(t *testing.T) {
	for _, fusion := range []schemas.Fusion{schemas.FuseField, schemas.FuseRow} {
		c := catalogOf(t, strings.Replace(gadget, "FUSION", string(fusion), 1))
		e := c.Entity("gadget")
		// Systems that exist only here: the checker would not know them.
		e.Authority = []string{"v1", "P"}
		e.Column("a").Authority = []string{"x2", "X", "V"}
		e.Column("d").Authority = []string{"T"}
		for seed := range uint64(6) {
			nsrc := []int{1, 2, 3, 5, 5, 5}[seed]
			r := rand.New(rand.NewPCG(seed, 7))
			all := world(r, nsrc)
			want := oracle(e, all)
			for round := range 2 {
				w := engine(t, c)
				r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				for n, part := range parts(r, all) {
					loadClaims(t, w, e, fmt.Sprint(round, "-", n), part)
				}
				if round == 1 {
					loadClaims(t, w, e, "again", all)
					if err := w.Exec(t.Context(), "OPTIMIZE TABLE std.gadget FINAL"); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := w.Fuse(t.Context(), c, "gadget"); err != nil {
					t.Fatal(err)
				}
				got := fused(t, w, e)
				for k := range want {
					if got[k] != want[k] {
						t.Fatalf("fusion %s, seed %d, round %d, thing %s:\n got %s\nwant %s", fusion, seed, round, k, got[k], want[k])
					}
				}
				if len(got) != len(want) {
					t.Fatalf("fusion %s, seed %d: %d things, want %d", fusion, seed, len(got), len(want))
				}
			}
		}
	}
}

// Fusing after every load, only the things that changed, gives what one fusion
// of everything gives, withdrawals and merges in between included.
func TestFuseChangedIsRebuild(t *testing.T) {
	for _, fusion := range []schemas.Fusion{schemas.FuseField, schemas.FuseRow} {
		c := catalogOf(t, strings.Replace(gadget, "FUSION", string(fusion), 1))
		e := c.Entity("gadget")
		e.Authority = []string{"v1", "P"}
		e.Column("a").Authority = []string{"x2", "X", "V"}
		for seed := range uint64(4) {
			r := rand.New(rand.NewPCG(seed, 11))
			all := world(r, []int{1, 2, 5, 5}[seed])
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			w := engine(t, c)
			rebuilt := 0
			fuse := func() {
				t.Helper()
				res, err := w.Fuse(t.Context(), c, "gadget")
				if err != nil {
					t.Fatal(err)
				}
				if res.Rebuilt {
					rebuilt++
				}
			}
			ps := parts(r, all)
			for n, part := range ps {
				loadClaims(t, w, e, fmt.Sprint(n), part)
				fuse()
				if r.IntN(3) == 0 {
					if err := w.Exec(t.Context(), "OPTIMIZE TABLE "+[]string{"std.gadget", "dwd.gadget__rows"}[r.IntN(2)]+" FINAL"); err != nil {
						t.Fatal(err)
					}
				}
			}
			got, want := fused(t, w, e), oracle(e, all)
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("fusion %s, seed %d (-want +got):\n%s", fusion, seed, d)
			}
			if rebuilt > len(sourcesOf(all)) {
				t.Errorf("fusion %s, seed %d: %d of %d fusions were rebuilds; only a new source needs one", fusion, seed, rebuilt, len(ps))
			}
			if err := w.Exec(t.Context(), "TRUNCATE TABLE ops.fuse"); err != nil {
				t.Fatal(err)
			}
			fuse() // knows nothing of the past
			if d := cmp.Diff(got, fused(t, w, e)); d != "" {
				t.Fatalf("fusion %s, seed %d: a rebuild differs (-changed +rebuilt):\n%s", fusion, seed, d)
			}
		}
	}
}

func sourcesOf(all []claim) map[string]bool {
	out := map[string]bool{}
	for _, c := range all {
		out[c.src] = true
	}
	return out
}

func parts(r *rand.Rand, all []claim) [][]claim { return partsOf(r, all, 60) }

// partsOf cuts claims into parts of at most so many.
func partsOf(r *rand.Rand, all []claim, most int) [][]claim {
	var out [][]claim
	for len(all) > 0 {
		n := min(1+r.IntN(most), len(all))
		out, all = append(out, all[:n]), all[n:]
	}
	return out
}

func loadClaims(t *testing.T, w *Warehouse, e *schemas.Entity, token string, cs []claim) {
	t.Helper()
	var rows []map[string]string
	for _, c := range cs {
		rows = append(rows, c.row())
	}
	rec := claims(t, memory.DefaultAllocator, e, rows)
	defer rec.Release()
	if err := w.Load(t.Context(), Load{token, "std." + e.Entity, rec}); err != nil {
		t.Fatal(err)
	}
}

// A fusion does nothing when neither claims nor rules changed, and all of it
// when either did, or when the table was made anew behind its back.
func TestFuseOnlyWhenChanged(t *testing.T) {
	c := catalogOf(t, strings.Replace(gadget, "FUSION", "field", 1))
	e := c.Entity("gadget")
	w := engine(t, c)
	fuse := func(unchanged bool, things int64) {
		t.Helper()
		r, err := w.Fuse(t.Context(), c, "gadget")
		if err != nil {
			t.Fatal(err)
		}
		if r.Unchanged != unchanged || r.Things != things {
			t.Errorf("the fusion says unchanged=%v things=%d, want %v and %d", r.Unchanged, r.Things, unchanged, things)
		}
		if n := count(t, w, "SELECT count() FROM dwd.gadget"); n != uint64(things) {
			t.Errorf("dwd has %d rows, want %d", n, things)
		}
	}
	one := claim{key: "P/1", src: "s", tier: "P", version: 1, values: map[string]string{"must": "m"}}
	fuse(false, 0)
	fuse(true, 0)
	loadClaims(t, w, e, "1", []claim{one})
	fuse(false, 1)
	fuse(true, 1)
	loadClaims(t, w, e, "1", []claim{one}) // a repeat is no change
	fuse(true, 1)
	one.version, one.deleted = 2, true
	loadClaims(t, w, e, "2", []claim{one})
	fuse(false, 0)
	e.Authority = []string{"X"}
	fuse(false, 0)
	if err := w.Exec(t.Context(), "CREATE TABLE dwd.gadget__rows__next (x UInt8) ENGINE = Memory"); err != nil {
		t.Fatal(err)
	}
	if err := w.Exec(t.Context(), "CREATE OR REPLACE "+strings.TrimPrefix(fusedTable(e).ddl("gadget__rows"), "CREATE ")); err != nil {
		t.Fatal(err)
	}
	fuse(false, 0)
	fuse(true, 0)
}

// The comparison above is worth something: rules that are wrong in one place
// give another answer.
func TestFusionPropertyCatchesSabotage(t *testing.T) {
	c := catalogOf(t, strings.Replace(gadget, "FUSION", "field", 1))
	e := c.Entity("gadget")
	all := world(rand.New(rand.NewPCG(5, 7)), 5)
	w := engine(t, c)
	loadClaims(t, w, e, "all", all)
	for name, sabotage := range map[string]func(string) string{
		"withdrawals ignored":  func(q string) string { return strings.Replace(q, "WHERE is_deleted = 0", "", 1) },
		"oldest claim taken":   func(q string) string { return strings.Replace(q, "version DESC", "version", 1) },
		"least version wins":   func(q string) string { return strings.ReplaceAll(q, "bitNot(version)", "version") },
		"null is a claim":      func(q string) string { return strings.ReplaceAll(q, "a IS NOT NULL", "1") },
		"authority is ignored": func(q string) string { return strings.ReplaceAll(q, "src_tier = 'P', 1", "src_tier = 'P', 255") },
	} {
		good := (&fuser{c: c, e: e, sources: []string{"p1", "t1", "v1", "x1", "x2"}}).rebuild(1)
		bad := sabotage(good)
		if bad == good {
			t.Errorf("%s: the sabotage changed nothing", name)
			continue
		}
		if _, err := w.rebuild(t.Context(), fusedTable(e), bad); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, want, same := fused(t, w, e), oracle(e, all), true
		for k, v := range want {
			same = same && got[k] == v
		}
		if same && len(got) == len(want) {
			t.Errorf("%s: the comparison did not notice", name)
		}
	}
}
