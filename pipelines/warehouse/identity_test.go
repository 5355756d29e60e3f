package warehouse

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	gocmp "github.com/google/go-cmp/cmp"

	"rongtong/schemas"
)

const club = `
entity: club
theme: t9_test
name: { zh: 社, en: Club }
doc: { zh: 测试, en: Test }
key: [id]
division: { column: division, system: nbs12 }
fusion: field
authority: [P]
identity: { within: T, name: match, same: [kind], codes: [code], second: [phone, founded] }
columns:
  - { name: id, type: text, zh: 标识, en: Id }
  - { name: kind, type: codelist, list: tier, zh: 种类, en: Kind }
  - { name: division, type: code12, zh: 区划, en: Division }
  - { name: match, type: text, matching: true, nullable: true, zh: 名称, en: Name }
  - { name: code, type: text, nullable: true, zh: 代码, en: Code }
  - { name: phone, type: text, nullable: true, pii: P1, zh: 电话, en: Phone }
  - { name: founded, type: date, nullable: true, zh: 成立, en: Founded }
  - { name: size, type: int, nullable: true, authority: [T], zh: 人数, en: Size }
`

func clubClaim(id, src, tier, name string, values ...string) claim {
	c := claim{key: id, src: src, tier: tier, version: 1, values: map[string]string{"division": "370102001000", "kind": "P", "match": name}}
	for i := 0; i < len(values); i += 2 {
		c.values[values[i]] = values[i+1]
	}
	return c
}

func loadClubs(t *testing.T, w *Warehouse, c *schemas.Catalog, token string, cs []claim) {
	t.Helper()
	var rows []map[string]string
	for _, x := range cs {
		row := x.row()
		delete(row, "kind")
		row["id"] = x.key
		for k, v := range x.values {
			row[k] = v
		}
		rows = append(rows, row)
	}
	rec := claims(t, memory.DefaultAllocator, c.Entity("club"), rows)
	defer rec.Release()
	if err := w.Load(t.Context(), Load{token, "std.club", rec}); err != nil {
		t.Fatal(err)
	}
}

// The oracle of identity: the plainest reading of docs/identity.md.

type member struct {
	key, block, name, place string
	division                string
	rank                    int
	codes, facts, srcs      []string
	claims                  []claim // the latest of each source, live
}

// describeAll makes the members of a set of claims.
func describeAll(e *schemas.Entity, all []claim) map[string]*member {
	latest := map[[2]string]claim{}
	for _, c := range all {
		k := [2]string{c.key, c.src}
		if l, ok := latest[k]; !ok || c.version > l.version || c.version == l.version && c.offset > l.offset {
			latest[k] = c
		}
	}
	out := map[string]*member{}
	for k, c := range latest {
		if c.deleted {
			continue
		}
		m := out[k[0]]
		if m == nil {
			m = &member{key: k[0]}
			out[k[0]] = m
		}
		m.claims, m.srcs = append(m.claims, c), append(m.srcs, c.src)
	}
	for _, m := range out {
		value := func(col string) string {
			win, _ := winner(m.claims, e.AuthorityOf(e.Column(col)), func(c claim) bool { _, ok := c.values[col]; return ok })
			return win.values[col]
		}
		m.name = value("match")
		for _, col := range e.Identity.Codes {
			m.codes = append(m.codes, value(col))
		}
		for _, col := range e.Identity.Second {
			m.facts = append(m.facts, value(col))
		}
		slices.Sort(m.srcs)
		d := value("division")
		m.division = d
		if d[9:] != "000" {
			m.place = d
		}
		m.block = strings.Join([]string{d[:9], m.name, value("kind")}, "/")
		if m.name == "" || d[6:9] == "000" {
			m.block = m.key
		}
		if m.rank = 1; slices.ContainsFunc(m.claims, func(c claim) bool { return c.tier == "P" }) {
			m.rank = 0
		}
		if !slices.ContainsFunc(m.codes, func(c string) bool { return c != "" }) {
			m.rank += 10
		}
	}
	return out
}

type pairOf struct{ a, b string }

func sortedPair(a, b string) pairOf { return pairOf{min(a, b), max(a, b)} }

// recogniseAll says of every key which thing it is, and which pairs a person
// must decide about.
func recogniseAll(ms map[string]*member, decided map[pairOf]string, crowd int) (same map[string]string, ask map[pairOf]string) {
	var list []*member
	bear := map[string]int{}
	for _, m := range ms {
		list = append(list, m)
		bear[m.block]++
	}
	slices.SortFunc(list, func(x, y *member) int { return cmp.Or(x.rank-y.rank, strings.Compare(x.key, y.key)) })
	n := len(list)
	agree := func(x, y []string) (eq, ne int) {
		for i := range x {
			switch {
			case x[i] == "" || y[i] == "":
			case x[i] == y[i]:
				eq++
			default:
				ne++
			}
		}
		return eq, ne
	}
	type rel struct{ forced, hard, soft, auto, named, some, differ bool }
	rels := map[[2]int]rel{}
	for i := range n {
		for j := i + 1; j < n; j++ {
			x, y := list[i], list[j]
			ceq, cne := agree(x.codes, y.codes)
			feq, fne := agree(x.facts, y.facts)
			v := decided[sortedPair(x.key, y.key)]
			r := rel{forced: v == VerdictMerge, some: ceq+feq > 0, differ: fne > 0, named: x.name == y.name && x.block == y.block && bear[x.block] <= crowd}
			r.hard = !r.forced && (v == VerdictApart || cne > 0 || x.place != "" && y.place != "" && x.place != y.place)
			r.soft = !r.forced && slices.ContainsFunc(x.srcs, func(s string) bool { return slices.Contains(y.srcs, s) })
			r.auto = r.named && !r.forced && !r.hard && !r.soft && (ceq > 0 || feq > 0 && fne == 0)
			rels[[2]int{i, j}] = r
		}
	}
	// Two keys of different blocks are compared only if decisions join the blocks.
	joined := groups(n, func(i, j int) bool { return rels[[2]int{i, j}].forced || list[i].block == list[j].block })
	wide := wideGroups(list, joined, bear, decided, crowd)
	for k, r := range rels {
		switch {
		case joined[k[0]] != joined[k[1]]:
			delete(rels, k)
		case wide[joined[k[0]]]:
			rels[k] = rel{forced: r.forced}
		}
	}
	l0 := groups(n, func(i, j int) bool { return rels[[2]int{i, j}].forced })
	two := map[[2]int]bool{}
	for k, r := range rels {
		if r.hard {
			two[[2]int{min(l0[k[0]], l0[k[1]]), max(l0[k[0]], l0[k[1]])}] = true
		}
	}
	l1 := groups(n, func(i, j int) bool {
		r := rels[[2]int{i, j}]
		return r.forced || r.auto && !two[[2]int{min(l0[i], l0[j]), max(l0[i], l0[j])}]
	})
	bad := map[int]bool{}
	for k, r := range rels {
		if (r.hard || r.soft) && l1[k[0]] == l1[k[1]] && l0[k[0]] != l0[k[1]] {
			bad[l1[k[0]]] = true
		}
	}
	g := make([]int, n)
	size := map[int]int{}
	for i := range n {
		if g[i] = l1[i]; bad[l1[i]] {
			g[i] = l0[i]
		}
		size[g[i]]++
	}
	same, ask = map[string]string{}, map[pairOf]string{}
	for i := range n {
		if size[g[i]] > 1 {
			same[list[i].key] = list[g[i]].key
		}
	}
	settled := map[[2]int]bool{}
	for k, r := range rels {
		if r.hard || r.soft && !r.some {
			settled[[2]int{min(g[k[0]], g[k[1]]), max(g[k[0]], g[k[1]])}] = true
		}
	}
	for k, r := range rels {
		i, j := min(g[k[0]], g[k[1]]), max(g[k[0]], g[k[1]])
		if !r.named || i == j || settled[[2]int{i, j}] {
			continue
		}
		why := "name_only"
		switch {
		case l1[k[0]] == l1[k[1]]:
			why = "several"
		case r.soft:
			why = "same_source"
		case r.differ:
			why = "facts_differ"
		}
		p := pairOf{list[i].key, list[j].key}
		if old, ok := ask[p]; !ok || why < old {
			ask[p] = why
		}
	}
	return same, ask
}

// wideGroups are those with so many keys that only decisions about them hold.
func wideGroups(list []*member, joined []int, bear map[string]int, decided map[pairOf]string, crowd int) map[int]bool {
	at, named := map[string]int{}, map[string]bool{}
	for i, m := range list {
		at[m.key] = i
	}
	merges := map[int]bool{} // the groups in which a decision joins two that are there
	for p, v := range decided {
		if v == VerdictMerge {
			named[p.a], named[p.b] = true, true
			i, here := at[p.a]
			if _, too := at[p.b]; here && too {
				merges[joined[i]] = true
			}
		}
	}
	size, wide := map[int]int{}, map[int]bool{}
	for i, m := range list {
		if merges[joined[i]] && (bear[m.block] <= crowd || named[m.key]) {
			size[joined[i]]++
			wide[joined[i]] = size[joined[i]] > max(mostJoined, crowd)
		}
	}
	return wide
}

// groups are the connected components, each named by its lowest number.
func groups(n int, edge func(i, j int) bool) []int {
	g := make([]int, n)
	for i := range g {
		g[i] = i
	}
	for changed := true; changed; {
		changed = false
		for i := range n {
			for j := i + 1; j < n; j++ {
				if edge(i, j) && g[i] != g[j] {
					g[i] = min(g[i], g[j])
					g[j], changed = g[i], true
				}
			}
		}
	}
	return g
}

// rekeyed are the claims that fusion works with: one a thing and source.
func rekeyed(ms map[string]*member, same map[string]string) []claim {
	best := map[[2]string]claim{}
	from := map[[2]string]string{}
	for _, m := range ms {
		for _, c := range m.claims {
			key := c.key
			if is, ok := same[c.key]; ok {
				c.key = is
			}
			k := [2]string{c.key, c.src}
			old, ok := best[k]
			if !ok || cmp.Or(cmp.Compare(c.version, old.version), cmp.Compare(c.offset, old.offset), strings.Compare(from[k], key)) > 0 {
				best[k], from[k] = c, key
			}
		}
	}
	var out []claim
	for _, c := range best {
		out = append(out, c)
	}
	return out
}

// clubWorld makes claims of few names, phones and codes, so that everything
// that can happen happens. The same r makes the same world: a seed that fails
// once fails again.
func clubWorld(r *rand.Rand, things int) []claim {
	srcs := []claim{{src: "gate", tier: "P"}, {src: "book", tier: "T"}, {src: "form", tier: "V"}}
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var all []claim
	offset := uint64(0)
	for thing := range things {
		key := fmt.Sprint("k", thing)
		for _, s := range srcs {
			if r.IntN(3) > 0 {
				continue
			}
			for v := range 1 + r.IntN(2) {
				offset++
				c := s
				c.key, c.offset, c.version, c.deleted = key, offset, uint64(v), r.IntN(6) == 0
				if !c.deleted {
					c.values = map[string]string{"kind": pick("P", "P", "P", "T"), "division": pick("370102001000", "370102001000", "370102001001", "370102001002", "370102000000")}
					values := map[string]string{"match": pick("甲", "乙", "丙"), "code": pick("1", "2", "3"), "phone": pick("1", "2", "3"), "founded": pick("2020-01-01", "2021-01-01"), "size": pick("1", "2", "3")}
					for _, col := range slices.Sorted(maps.Keys(values)) {
						if r.IntN(3) > 0 || col == "match" && r.IntN(4) > 0 {
							c.values[col] = values[col]
						}
					}
				}
				all = append(all, c)
			}
		}
	}
	return all
}

// side is what a pair says about one of its keys, as fmt prints it.
func side(of string) string {
	var lists []string
	for _, list := range []string{"codes", "facts", "srcs"} {
		lists = append(lists, fmt.Sprintf("concat('[', arrayStringConcat(%s_%s, ' '), ']')", of, list))
	}
	return strings.Join(lists, ", ")
}

// clubState reads everything that a fusion made of clubs.
func clubState(t *testing.T, w *Warehouse, e *schemas.Entity) map[string]string {
	t.Helper()
	out := map[string]string{}
	put := func(prefix, sql string) {
		for _, s := range strs(t, w, sql) {
			k, v, _ := strings.Cut(s, "=")
			if _, twice := out[prefix+k]; twice {
				t.Errorf("%s%s is there twice", prefix, k)
			}
			out[prefix+k] = v
		}
	}
	put("same ", "SELECT concat(member, '=', thing) FROM ads.identity_match")
	put("ask ", "SELECT concat(left, ' ', right, '=', reason, ' ', name, ' ', division_code, ' ', "+side("left")+", ' ', "+side("right")+") FROM ads.identity_review")
	var cells []string
	for _, c := range e.Columns[2:] {
		cells = append(cells, fmt.Sprintf("concat(ifNull(toString(%[1]s), '-'), '<', toString(%[1]s_src), ',', toString(%[1]s_rule), ',', ifNull(toString(toSecond(%[1]s_at)), ''), '>')", c.Name))
	}
	put("row ", "SELECT concat(id, '=', concatWithSeparator(' ', "+strings.Join(cells, ", ")+")) FROM dwd.club")
	return out
}

func clubOracle(e *schemas.Entity, all []claim, decided map[pairOf]string) map[string]string {
	ms := describeAll(e, all)
	same, ask := recogniseAll(ms, decided, e.Identity.Most())
	out := map[string]string{}
	for k, v := range same {
		out["same "+k] = v
	}
	for p, why := range ask {
		l, r := ms[p.a], ms[p.b]
		out["ask "+p.a+" "+p.b] = fmt.Sprintf("%s %s %s %s%s%s %s%s%s", why, l.name, l.division, l.codes, l.facts, l.srcs, r.codes, r.facts, r.srcs)
	}
	for k, v := range oracle(e, rekeyed(ms, same)) {
		out["row "+k] = v
	}
	return out
}

// worldsOracle is clubOracle of every world by itself.
func worldsOracle(e *schemas.Entity, all []claim, decided map[pairOf]string) map[string]string {
	worlds := map[string][]claim{}
	for _, c := range all {
		worlds[c.key[:3]] = append(worlds[c.key[:3]], c)
	}
	out := map[string]string{}
	for _, cs := range worlds {
		maps.Copy(out, clubOracle(e, cs, decided))
	}
	return out
}

// inWorld puts the claims of a world into a township of its own, under keys of
// their own, of which the first three letters are the world's.
func inWorld(world int, cs []claim) []claim {
	for i := range cs {
		cs[i].key = fmt.Sprintf("%02d:%s", world, cs[i].key)
		if d, ok := cs[i].values["division"]; ok && d[6:9] != "000" {
			cs[i].values["division"] = fmt.Sprintf("%s%03d%s", d[:6], 1+world, d[9:])
		}
	}
	return cs
}

// What is recognised, what is asked and the fused rows are the oracle's, after
// every load and every decision, in any order, and whatever happens to claims,
// decisions and declarations afterwards; and a rebuild changes nothing. A bundle of
// worlds, each in a township of its own, costs what one does.
func TestIdentityProperty(t *testing.T) {
	c := catalogOf(t, club)
	e := c.Entity("club")
	e.Column("size").Authority = []string{"book"}
	e.Retention = "P1D"
	bundles, bundle := 3, 4
	if n, err := strconv.Atoi(os.Getenv("RONGTONG_IDENTITY_WORLDS")); err == nil { // 500 looks at more
		bundle = 50
		bundles = (n + bundle - 1) / bundle
	}
	bytes, joined := statementBytes, mostJoined
	defer func() { statementBytes, mostJoined = bytes, joined }()
	for seed := range bundles {
		mostJoined = []int{joined, joined, joined, joined, joined, 12}[seed%6]
		town := &clubTown{t: t, w: engine(t, c), c: c, e: e, r: rand.New(rand.NewPCG(uint64(seed), 3)), seed: seed, decided: map[pairOf]string{}}
		e.Identity.Crowd = []int{0, 0, 8}[seed%3]          // so few that decisions join crowds with others
		statementBytes = []int{bytes, 1000, bytes}[seed%3] // so few that what changed is attached
		var all []claim
		for world := range bundle {
			all = append(all, inWorld(world, clubWorld(town.r, []int{12, 60, 90}[seed%3]))...)
		}
		town.build(all, bundle)
		happenings := []func(){town.withdrawn, town.redeclared, town.undone, town.retained, town.coded, town.forgotten}
		if bundle == 4 { // what takes little time: each of them once
			happenings = happenings[2*seed : 2*seed+2]
		}
		for _, i := range town.r.Perm(len(happenings)) {
			happenings[i]()
		}
		town.empty("ops.fuse")
		town.check("rebuild")
		town.empty("ops.fuse", "ops.identity", "ops.identity_touched", "ops.identity_pair")
		town.check("rebuild from zero")
		if bundle > 4 {
			t.Logf("%d worlds", (seed+1)*bundle)
		}
	}
}

// clubTown is a bundle of worlds, and what happened in them.
type clubTown struct {
	t       *testing.T
	w       *Warehouse
	c       *schemas.Catalog
	e       *schemas.Entity
	r       *rand.Rand
	seed    int
	claims  []claim
	decided map[pairOf]string
	seq     int64
	loads   int
}

// check fuses and compares everything with the oracle.
func (o *clubTown) check(what string) {
	o.t.Helper()
	if _, err := o.w.Fuse(o.t.Context(), o.c, "club"); err != nil {
		o.t.Fatal(err)
	}
	if d := gocmp.Diff(worldsOracle(o.e, o.claims, o.decided), clubState(o.t, o.w, o.e)); d != "" {
		o.t.Fatalf("seed %d, %s (-want +got):\n%s", o.seed, what, d)
	}
}

func (o *clubTown) empty(tables ...string) {
	o.t.Helper()
	for _, table := range tables {
		if err := o.w.Exec(o.t.Context(), "TRUNCATE TABLE "+table); err != nil {
			o.t.Fatal(err)
		}
	}
}

func (o *clubTown) load(cs []claim) {
	o.t.Helper()
	o.loads++
	loadClubs(o.t, o.w, o.c, fmt.Sprint("load ", o.loads), cs)
	o.claims = append(o.claims, cs...)
}

// decide keeps a decision about each of the pairs.
func (o *clubTown) decide(pairs []pairOf, verdict func() string) {
	o.t.Helper()
	var ds []IdentityDecision
	for _, p := range pairs {
		o.seq++
		v := verdict()
		ds = append(ds, IdentityDecision{Entity: "club", Left: p.a, Right: p.b, Verdict: v, DecidedBy: "民政局", Seq: o.seq, DecidedAt: time.Unix(1766000000+o.seq, 0)})
		if o.decided[p] = v; v == VerdictUndo {
			delete(o.decided, p)
		}
	}
	if err := o.w.RecordDecisions(o.t.Context(), ds); err != nil {
		o.t.Fatal(err)
	}
}

// standing are the pairs about which decisions stand.
func (o *clubTown) standing() []pairOf {
	return slices.SortedFunc(maps.Keys(o.decided), func(x, y pairOf) int { return strings.Compare(x.a+x.b, y.a+y.b) })
}

// build loads the claims in parts, some of them twice, with decisions between.
func (o *clubTown) build(all []claim, bundle int) {
	o.t.Helper()
	r := o.r
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for n, part := range partsOf(r, all, 15*bundle) {
		o.load(part)
		if r.IntN(2) == 0 {
			loadClubs(o.t, o.w, o.c, fmt.Sprint(n, " again"), part[:1+r.IntN(len(part))])
		}
		for range r.IntN(4 * bundle) {
			a, b := all[r.IntN(len(all))].key, all[r.IntN(len(all))].key
			if b = a[:3] + b[3:]; a == b {
				continue
			}
			if standing := o.standing(); len(standing) > 0 && r.IntN(2) == 0 {
				o.decide(standing[:1], func() string { return VerdictUndo })
				continue
			}
			o.decide([]pairOf{sortedPair(a, b)}, func() string { return []string{VerdictMerge, VerdictApart, VerdictUndo}[r.IntN(3)] })
		}
		if r.IntN(3) == 0 {
			if err := o.w.Exec(o.t.Context(), "OPTIMIZE TABLE "+[]string{"std.club", "dwd.club__rows", "dwd.club__members", "ops.identity", "ops.identity_touched"}[r.IntN(5)]+" FINAL"); err != nil {
				o.t.Fatal(err)
			}
		}
		o.check(fmt.Sprint("load ", n))
	}
}

// anew is a source's next claim about a key: its last one that said anything,
// changed.
func (o *clubTown) anew(key, src string, change func(*claim)) claim {
	next := claim{key: key, src: src}
	var version, said uint64
	for _, c := range o.claims {
		if c.key != key || c.src != src {
			continue
		}
		version, next.tier = max(version, c.version), c.tier
		if !c.deleted && c.version >= said {
			next, said = c, c.version
		}
	}
	next.version, next.offset, next.deleted = version+1, uint64(10_000+len(o.claims)), false
	world, _ := strconv.Atoi(key[:2])
	values := map[string]string{"kind": "P", "division": fmt.Sprintf("370102%03d000", 1+world)}
	maps.Copy(values, next.values)
	next.values = values
	change(&next)
	return next
}

// sources are those that ever claimed a key.
func (o *clubTown) sources(key string) []string {
	seen := map[string]bool{}
	for _, c := range o.claims {
		if c.key == key {
			seen[c.src] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// some are keys of the bundle: those that decisions name, and as many others.
func (o *clubTown) some() []string {
	keys := map[string]bool{}
	for _, p := range o.standing() {
		if o.r.IntN(3) == 0 {
			keys[p.a] = true
		}
		if o.r.IntN(3) == 0 {
			keys[p.b] = true
		}
	}
	for range 10 {
		keys[o.claims[o.r.IntN(len(o.claims))].key] = true
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(keys)), func(key string) bool { return len(o.sources(key)) == 0 })
}

// withdrawn has every source withdraw some keys, decided ones among them, and claim
// them again as before.
func (o *clubTown) withdrawn() {
	keys := o.some()
	for _, gone := range []bool{true, false} {
		var cs []claim
		for _, key := range keys {
			for _, src := range o.sources(key) {
				cs = append(cs, o.anew(key, src, func(c *claim) {
					if gone {
						c.deleted, c.values = true, nil
					}
				}))
			}
		}
		o.load(cs)
		o.check(fmt.Sprint("withdrawn: ", gone))
	}
}

// coded gives codes to keys that were known by their names, some of them one that
// another thing has already.
func (o *clubTown) coded() {
	var cs []claim
	for _, key := range o.some() {
		cs = append(cs, o.anew(key, o.sources(key)[0], func(c *claim) { c.values["code"] = []string{"1", "2", "3", key}[o.r.IntN(4)] }))
	}
	o.load(cs)
	o.check("codes came later")
}

// undone takes decisions back after what they joined or parted was claimed anew.
func (o *clubTown) undone() {
	var pairs []pairOf
	for _, p := range o.standing() {
		if o.r.IntN(2) == 0 {
			pairs = append(pairs, p)
		}
	}
	var cs []claim
	for _, p := range pairs {
		if srcs := o.sources(p.a); len(srcs) > 0 {
			cs = append(cs, o.anew(p.a, srcs[0], func(c *claim) { c.values["size"], c.values["match"] = "9", []string{"甲", "乙"}[o.r.IntN(2)] }))
		}
	}
	o.load(cs)
	o.check("claims about what was decided")
	o.decide(pairs, func() string { return VerdictUndo })
	o.check("undone")
	o.decide(pairs, func() string { return []string{VerdictMerge, VerdictApart}[o.r.IntN(2)] })
	o.check("decided again")
}

// retained removes what was superseded and withdrawn long ago, which changes nothing.
func (o *clubTown) retained() {
	if _, err := o.w.Retain(o.t.Context(), o.e, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		o.t.Fatal(err)
	}
	o.check("old claims removed")
	o.coded()
}

// redeclared changes by what things are recognised, and changes it back.
func (o *clubTown) redeclared() {
	before := *o.e.Identity
	after := before
	switch o.r.IntN(3) {
	case 0:
		after.Second = []string{"phone"}
	case 1:
		after.Codes = nil
	case 2:
		after.Crowd = 5
	}
	o.e.Identity = &after
	o.check("recognised by something else")
	o.coded()
	o.e.Identity = &before
	o.check("recognised as before")
}

// forgotten has the entity declare no identity for a while.
func (o *clubTown) forgotten() {
	before := o.e.Identity
	o.e.Identity = nil
	o.plain("not recognised any more")
	var cs []claim
	for _, key := range o.some() {
		cs = append(cs, o.anew(key, o.sources(key)[0], func(c *claim) { c.values["size"] = "7" }))
	}
	o.load(cs)
	o.plain("claims meanwhile")
	o.e.Identity = before
	o.check("recognised again")
}

// plain is check where every key is a thing.
func (o *clubTown) plain(what string) {
	o.t.Helper()
	if _, err := o.w.Fuse(o.t.Context(), o.c, "club"); err != nil {
		o.t.Fatal(err)
	}
	got, want := map[string]string{}, map[string]string{}
	for k, v := range clubState(o.t, o.w, o.e) {
		if strings.HasPrefix(k, "row ") {
			got[k] = v
		}
	}
	for k, v := range oracle(o.e, o.claims) {
		want["row "+k] = v
	}
	if d := gocmp.Diff(want, got); d != "" {
		o.t.Fatalf("seed %d, %s (-want +got):\n%s", o.seed, what, d)
	}
}

// The comparison above is worth something: rules that are wrong in one place
// find another thing.
func TestIdentityPropertyCatchesSabotage(t *testing.T) {
	c := catalogOf(t, club)
	e := c.Entity("club")
	w := engine(t, c)
	all := clubWorld(rand.New(rand.NewPCG(4, 3)), 120)
	loadClubs(t, w, c, "all", all)
	if _, err := w.Fuse(t.Context(), c, "club"); err != nil {
		t.Fatal(err)
	}
	same, ask := recogniseAll(describeAll(e, all), nil, e.Identity.Most())
	want := map[string]bool{}
	for k, v := range same {
		want["same "+k+" "+v] = true
	}
	for p, why := range ask {
		want["ask "+p.a+" "+p.b+" "+why] = true
	}
	good := (&matcher{f: &fuser{c: c, e: e, sources: []string{"book", "form", "gate"}}, id: e.Identity}).found(anywhere)
	differs := func(sql string) bool {
		t.Helper()
		got := map[string]bool{}
		for _, s := range strs(t, w, "SELECT concat(kind, ' ', a, ' ', b, if(kind = 'ask', concat(' ', min(why)), '')) FROM ("+sql+") GROUP BY kind, a, b") {
			got[s] = true
		}
		return !maps.Equal(got, want)
	}
	if differs(good) {
		t.Fatal("the rules themselves differ")
	}
	for name, edit := range map[string][2]string{
		"codes do not part":           {"OR arrayExists((x, y) -> x != '' AND y != '' AND x != y, l.codes, r.codes)", ""},
		"villages do not part":        {"OR l.place != '' AND r.place != '' AND l.place != r.place", ""},
		"a source's word is nothing":  {"NOT forced AND hasAny(l.srcs, r.srcs) AS soft", "0 AS soft"},
		"a differing fact is nothing": {"notEmpty(agree) AND empty(differ)", "notEmpty(agree)"},
		"a name is enough":            {"notEmpty(agree) AND empty(differ)", "empty(differ)"},
		"the last key is the thing's": {"least(acc[x.1], acc[x.2]), i)", "greatest(acc[x.1], acc[x.2]), i)"},
		"doubtful groups are joined":  {"if(has(bad, l1[i]), l0[i], l1[i])", "l1[i]"},
	} {
		bad := strings.ReplaceAll(good, edit[0], edit[1])
		if bad == good {
			t.Errorf("%s: the sabotage changed nothing", name)
		} else if !differs(bad) {
			t.Errorf("%s: the comparison did not notice", name)
		}
	}
}
