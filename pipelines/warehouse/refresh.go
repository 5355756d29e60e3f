package warehouse

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// Refreshed says what Figures.Refresh did, in indicators.
type Refreshed struct {
	Full      int // computed from all rows
	Partial   int // computed from the rows of the units that changes touch
	Unchanged int // nothing that they depend on changed
	Unfed     int // nobody supplies what they read: no feed is not 0 %
	Written   uint64
}

func (r Refreshed) String() string {
	return fmt.Sprintf("%d indicators computed, %d in part, %d unchanged, %d without a feed; %d figures changed", r.Full, r.Partial, r.Unchanged, r.Unfed, r.Written)
}

// Add counts what another Refresh did.
func (r *Refreshed) Add(o Refreshed) {
	r.Full, r.Partial, r.Unchanged, r.Unfed, r.Written = r.Full+o.Full, r.Partial+o.Partial, r.Unchanged+o.Unchanged, r.Unfed+o.Unfed, r.Written+o.Written
}

// Figures keeps the figures of indicators up to date. It knows what was there
// when it was made: make one for every round.
type Figures struct {
	w     *Warehouse
	c     *schemas.Catalog
	runID string
	day   time.Time

	fused   map[string]fuseState // by entity: what its fusion last saw
	claimed map[string]bool      // the entities about which there are claims
	paths   string               // the division tree's identity
	points  string               // the table of figures' identity
	last    map[string]seen      // by indicator
	known   map[string]time.Time // by indicator: when its figures were last made known
	any     map[string]bool      // the indicators that have rows

	ahead map[string]*batch // by indicator: what is brought up to date without being asked
	asks  singleflight.Group
	mu    sync.Mutex
	tree  map[string]node                       // read when first needed
	found map[string]map[schemas.Reach][]string // by question: the units that changes touch
}

// Figures looks at what the figures depend on, for all periods up to the one that
// holds a day.
func (w *Warehouse) Figures(ctx context.Context, c *schemas.Catalog, runID string, day time.Time) (*Figures, error) {
	if err := w.paths(ctx, c); err != nil {
		return nil, err
	}
	return w.FiguresDue(ctx, c, runID, day)
}

// beijing is the zone in which a day is a day.
var beijing = time.FixedZone("Asia/Shanghai", 8*3600)

// seen is what an indicator's figures were last computed from.
type seen struct {
	Statement string            `json:"statement"`
	Paths     string            `json:"paths"`
	Points    string            `json:"points"`
	Until     string            `json:"until"` // the running period
	First     string            `json:"first"` // what that was when figures were first computed
	Rows      map[string]rowsAt `json:"rows"`  // by entity
}

// rowsAt is a state of fused rows: the tables of claims and of rows with the rules
// between them, and how far the fusions had come; see fuseState.seq.
type rowsAt struct {
	Table string `json:"table"`
	Seq   int64  `json:"seq"`
}

// look reads what all indicators need to know, once.
func (r *Figures) look(ctx context.Context) error {
	r.fused, r.claimed, r.last, r.known, r.any = map[string]fuseState{}, map[string]bool{}, map[string]seen{}, map[string]time.Time{}, map[string]bool{}
	err := r.w.each(ctx, "SELECT entity, claims_table, block, matched, rules, rows_table FROM ops.fuse FINAL", func(scan func(...any) error) error {
		var name string
		var s fuseState
		err := scan(&name, &s.claimsTable, &s.block, &s.matched, &s.rules, &s.rowsTable)
		r.fused[name] = s
		return err
	})
	if err != nil {
		return err
	}
	names := func(sql string, into map[string]bool) error {
		return r.w.each(ctx, sql, func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			into[name] = true
			return err
		})
	}
	if err := names("SELECT name FROM system.tables WHERE database = 'std' AND total_rows > 0", r.claimed); err != nil {
		return err
	}
	if err := names("SELECT DISTINCT toString(indicator) FROM ads.indicator_point", r.any); err != nil {
		return err
	}
	err = r.w.each(ctx, "SELECT indicator, state FROM ops.compute FINAL WHERE state LIKE '{%'", func(scan func(...any) error) error {
		var name, state string
		if err := scan(&name, &state); err != nil {
			return err
		}
		var s seen
		if json.Unmarshal([]byte(state), &s) == nil { // else of an earlier form: computed anew
			r.last[name] = s
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = r.w.each(ctx, "SELECT indicator, known_from FROM ads.indicator FINAL", func(scan func(...any) error) error {
		var name string
		var at time.Time
		err := scan(&name, &at)
		r.known[name] = at
		return err
	})
	if err != nil {
		return err
	}
	if r.paths, err = r.w.identity(ctx, divisionPath().name); err != nil {
		return err
	}
	return r.w.QueryRow(ctx, "SELECT toString(any(uuid)) FROM system.tables WHERE database = 'ads' AND name = 'indicator_point'", []any{&r.points})
}

// Indicators that share questions and inserts, and how many such batches are under
// way: while one waits for the warehouse's disk or adds up here, two keep the two
// cores busy that one computation may use.
const (
	batchSize     = 8
	batchesAtOnce = 3
)

// batch are indicators that are brought up to date together.
type batch struct {
	inds []*schemas.Indicator
	once sync.Once
	did  map[string]outcome // by indicator, when once has run
}

type outcome struct {
	Refreshed
	err error
}

// Ahead begins to bring indicators up to date, several at a time, so that Refresh,
// asked for one after the other in this order, finds them done. It ends when
// they are or the caller says stop.
func (r *Figures) Ahead(ctx context.Context, inds []*schemas.Indicator) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var g errgroup.Group
	g.SetLimit(batchesAtOnce)
	var batches []*batch
	r.ahead = map[string]*batch{}
	for some := range slices.Chunk(inds, batchSize) {
		b := &batch{inds: some}
		batches = append(batches, b)
		for _, ind := range some {
			r.ahead[ind.Indicator] = b
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, b := range batches {
			g.Go(func() error {
				if ctx.Err() == nil {
					b.once.Do(func() { b.did = r.bring(ctx, b.inds) })
				}
				return nil
			})
		}
		_ = g.Wait()
	}()
	return func() { cancel(); <-done }
}

// Refresh brings the figures of one indicator up to date, if anything that they
// depend on has changed since they were last computed: the fused rows of the
// entities it reads, the division tree, the declaration, the periods. What it saw
// is recorded after the values are in place, so an interrupted computation is
// done again.
//
// Where it is known which units a change touches, and they are few, only their
// rows are read, and the sums above them change by the difference; otherwise the
// indicator is computed from all rows. Both give the same figures, and write only
// those that changed.
func (r *Figures) Refresh(ctx context.Context, ind *schemas.Indicator) (Refreshed, error) {
	if b := r.ahead[ind.Indicator]; b != nil {
		delete(r.ahead, ind.Indicator) // asked again after an error it is done again
		b.once.Do(func() { b.did = r.bring(ctx, b.inds) })
		o := b.did[ind.Indicator]
		return o.Refreshed, o.err
	}
	o := r.bring(ctx, []*schemas.Indicator{ind})[ind.Indicator]
	return o.Refreshed, o.err
}

// bring brings indicators up to date together: one question for what stands, one
// insert of what changed, one that makes it known. What is wrong with one of them
// does not hold up the others.
func (r *Figures) bring(ctx context.Context, inds []*schemas.Indicator) map[string]outcome {
	did := map[string]outcome{}
	var todo []*computation
	saw := map[string]seen{}
	known := time.Now().Truncate(time.Millisecond)
	for _, ind := range slices.SortedFunc(slices.Values(inds), byIndicator) {
		defer r.w.lock(dbAds + "." + ind.Indicator)()
		if t := r.known[ind.Indicator]; !known.After(t) {
			known = t.Add(time.Millisecond)
		}
	}
	for _, ind := range inds {
		x, now, o := r.prepare(ctx, ind)
		did[ind.Indicator] = o
		if o.err == nil && o.Unchanged == 0 {
			saw[ind.Indicator] = now
		}
		if x != nil {
			todo = append(todo, x)
		}
	}
	for _, x := range todo {
		x.known = known
	}
	for name, o := range r.w.compute(ctx, todo) {
		sum := did[name]
		sum.Written, sum.err = o.Written, o.err
		if did[name] = sum; sum.err != nil {
			delete(saw, name)
		}
	}
	if err := r.record(ctx, saw); err != nil {
		for name := range saw {
			did[name] = outcome{did[name].Refreshed, err}
		}
	}
	return did
}

func byIndicator(a, b *schemas.Indicator) int { return strings.Compare(a.Indicator, b.Indicator) }

// prepare finds out what there is to do about an indicator: a computation, or nil.
// now is what it will have seen.
func (r *Figures) prepare(ctx context.Context, ind *schemas.Indicator) (x *computation, now seen, did outcome) {
	doing := fmt.Sprintf("computing %q", ind.Indicator)
	spans, err := ind.Periods.Spans(r.day)
	if err != nil {
		did.err = fault.New(fault.Config, "%s: reading its periods: %w", doing, err)
		return nil, now, did
	}
	if len(spans) == 0 { // its first period is to come
		did.Unchanged++
		return nil, now, did
	}
	if now, err = r.sees(ind, spans); err != nil {
		did.err = fault.New(fault.Config, "%s: %w", doing, err)
		return nil, now, did
	}
	last, found := r.last[ind.Indicator]
	if found && last.sameBut(now) && maps.Equal(last.Rows, now.Rows) {
		did.Unchanged++
		return nil, now, did
	}
	var fed bool
	if fed, did.err = r.fed(ctx, ind); did.err != nil {
		return nil, now, did
	} else if !fed {
		did.Unfed++
		return nil, now, did
	}
	x = &computation{ind: ind, spans: spans, runID: r.runID, fresh: !r.any[ind.Indicator], c: r.c}
	if found && last.Points == now.Points && last.First != "" && !x.fresh {
		now.First = last.First
	}
	if now.First != now.Until {
		x.since = len(spans) - 1
	}
	if found && last.sameBut(now) && !x.fresh {
		if x.only, did.err = r.touched(ctx, ind, last, now); did.err != nil {
			return nil, now, did
		}
	}
	if x.only == nil {
		did.Full++
		return x, now, did
	}
	did.Partial++
	x.tree, did.err = r.nodes(ctx)
	return x, now, did
}

// sameBut reports whether only rows may have changed between two states.
func (s seen) sameBut(now seen) bool {
	return s.Statement == now.Statement && s.Paths == now.Paths && s.Points == now.Points && s.Until == now.Until
}

// sees is what the figures would be computed from now.
func (r *Figures) sees(ind *schemas.Indicator, spans []schemas.Span) (seen, error) {
	x := &computation{ind: ind, spans: spans, fresh: true, known: time.UnixMilli(0)}
	statement, err := x.sql()
	if err != nil {
		return seen{}, err
	}
	s := seen{Statement: fingerprint(statement, ind.Name.Zh, ind.Name.En, ind.Doc.Zh, ind.Doc.En, fmt.Sprint(ind.SmallCells)), Paths: r.paths, Points: r.points, Until: spans[len(spans)-1].Name, First: spans[len(spans)-1].Name, Rows: map[string]rowsAt{}}
	entities := ind.Reads
	if slices.ContainsFunc(ind.Reads, func(name string) bool { return r.c.Entity(name) == nil }) {
		entities = nil // a relation over all entities, such as up_feed
		for _, e := range r.c.Entities {
			entities = append(entities, e.Entity)
		}
	}
	for _, name := range entities {
		f := r.fused[name]
		s.Rows[name] = rowsAt{f.claimsTable + "/" + f.rowsTable + "/" + f.rules, f.seq()}
	}
	return s, nil
}

// fed reports whether the indicator has a feed: there are claims about every
// entity that it reads, the divisions themselves apart, and, where it counts
// divisions that have a thing of some kind, there is a thing of that kind at all.
// (Organisations of one kind must not make every other kind look like 0 %.)
func (r *Figures) fed(ctx context.Context, ind *schemas.Indicator) (bool, error) {
	for _, name := range ind.Reads {
		if name != divisionEntity && r.c.Entity(name) != nil && !r.claimed[name] {
			return false, nil
		}
	}
	if ind.Coverage == nil {
		return true, nil
	}
	for _, by := range ind.Coverage.By {
		if by.Where == "" || strings.Contains(by.Where, "@") { // conditions on dates say nothing about feeds
			continue
		}
		var n uint64
		err := r.w.QueryRow(ctx, fmt.Sprintf("SELECT count() FROM (SELECT 1 FROM dwd.%s WHERE %s LIMIT 1)", ident(by.Entity), by.Where), []any{&n})
		if err != nil || n == 0 {
			return false, err
		}
	}
	return true, nil
}

// mostTouched is up to how many units their rows alone are read; of more,
// reading everything is hardly dearer.
const mostTouched = 20_000

// touched are the units that the changes between two states can make a
// difference to, in order; nil when that is not known, or too many.
//
// A thing that changed may have counted for another unit before. Its former row
// is gone, but what it said was once claimed: the units of all claims ever made
// about the things that changed are those of before and after.
func (r *Figures) touched(ctx context.Context, ind *schemas.Indicator, last, now seen) ([]string, error) {
	if ind.Reach == nil || ind.Aggregate == schemas.AggregateMedian {
		return nil, nil
	}
	units := map[string]bool{}
	for name, rows := range now.Rows {
		was := last.Rows[name]
		if was == rows {
			continue
		}
		if was.Table != rows.Table {
			return nil, nil
		}
		things := claimsOf(r.c.Entity(name), fmt.Sprintf("SELECT %s FROM %s WHERE fused_seq > %d", idents(r.c.Entity(name).Key), rowsTable(r.c.Entity(name)), 2*was.Seq+1))
		for _, read := range ind.Reads {
			if read != name && r.c.Entity(read) != nil {
				continue
			}
			// The rows of a relation are sums of claims.
			more, err := r.unitsOf(ctx, ind, ind.Reach[read], name, things)
			if err != nil || more == nil {
				return nil, err
			}
			for _, code := range more {
				units[code] = true
			}
		}
		if len(units) > mostTouched {
			return nil, nil
		}
	}
	return append([]string{}, slices.Sorted(maps.Keys(units))...), nil // not nil where there are none
}

// unitsOf are the units for which claims about some things of an entity count, or
// ever counted; nil when that is not known, or too many.
func (r *Figures) unitsOf(ctx context.Context, ind *schemas.Indicator, reach schemas.Reach, entity, things string) ([]string, error) {
	var codes []string
	var err error
	at := reach
	if reach.Of == "" {
		codes, err = r.ask(ctx, "std."+ident(entity), things, r.reaches(entity, schemas.UpFeed), reach)
	} else {
		at = ind.Reach[reach.Of]
		where := fmt.Sprintf("%s IN (SELECT %s FROM std.%s WHERE %s)", reach.Key, reach.At, ident(entity), things)
		codes, err = r.ask(ctx, "dwd."+ident(reach.Of), where, r.reaches(reach.Of), at)
	}
	if err != nil || codes == nil {
		return nil, err
	}
	out := []string{}
	for _, code := range codes {
		if code = codeOf(code); len(code) <= unitLength { // no unit has a longer one
			out = append(out, code)
		}
	}
	if !at.Below {
		return out, nil
	}
	tree, err := r.nodes(ctx)
	for i := 0; i < len(out); i++ { // out grows
		out = append(out, tree[out[i]].below...)
	}
	return out, err
}

// reaches are the different ways in which the rows of some entities or relations
// say their units.
func (r *Figures) reaches(names ...string) []schemas.Reach {
	var out []schemas.Reach
	for _, ind := range r.c.Indicators {
		for _, name := range names {
			reach := ind.Reach[name]
			reach.Below = false // the same question
			if reach.Unit+reach.Units != "" && !slices.Contains(out, reach) {
				out = append(out, reach)
			}
		}
	}
	return out
}

// unitLength is the length of a unit's code.
const unitLength = 12

// codeOf is a code without the zero bytes that the warehouse may fill it up with:
// empty where there is none.
func codeOf(code string) string { return strings.TrimRight(code, "\x00") }

// nodes are the divisions.
func (r *Figures) nodes(ctx context.Context) (map[string]node, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	if r.tree == nil {
		r.tree, err = r.w.tree(ctx)
	}
	return r.tree, err
}

// ask reads the units of some rows, in all ways in which they are said, and gives
// those of one: nil when they are too many. Many indicators ask the same.
func (r *Figures) ask(ctx context.Context, from, where string, ways []schemas.Reach, way schemas.Reach) ([]string, error) {
	if way.Below = false; !slices.Contains(ways, way) {
		return nil, nil
	}
	all := make([]string, len(ways))
	for i, way := range ways {
		if all[i] = fmt.Sprintf("[(%d, toString(ifNull(%s, '')))]", i, way.Unit); way.Units != "" {
			all[i] = fmt.Sprintf("arrayMap(c -> (%d, toString(c)), %s)", i, way.Units)
		}
	}
	sql := fmt.Sprintf("SELECT DISTINCT toInt64(u.1), u.2 FROM (SELECT arrayJoin(arrayConcat(%s)) AS u FROM %s WHERE %s) LIMIT %d", strings.Join(all, ", "), from, where, len(ways)*mostTouched+1)
	_, err, _ := r.asks.Do(sql, func() (any, error) {
		r.mu.Lock()
		_, ok := r.found[sql]
		r.mu.Unlock()
		if ok {
			return nil, nil
		}
		units := map[schemas.Reach][]string{}
		n := 0
		err := r.w.each(ctx, sql, func(scan func(...any) error) error {
			var i int64
			var code string
			err := scan(&i, &code)
			units[ways[i]] = append(units[ways[i]], code)
			n++
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, way := range ways {
			if n > len(ways)*mostTouched {
				delete(units, way)
			} else if units[way] == nil {
				units[way] = []string{}
			}
		}
		r.mu.Lock()
		r.found[sql] = units
		r.mu.Unlock()
		return nil, nil
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.found[sql][way], err
}

// claimsOf is the condition under which a claim is about one of the things, under
// whichever of its keys.
func claimsOf(e *schemas.Entity, things string) string {
	is := fmt.Sprintf("(%s) IN (%s)", idents(e.Key), things)
	if e.Identity != nil {
		is += fmt.Sprintf(" OR %s IN (SELECT member FROM ops.identity WHERE entity = %s AND canonical IN (%s))", ident(e.Key[0]), quote(e.Entity), things)
	}
	return "(" + is + ")"
}

// record notes what the figures of indicators were computed from.
func (r *Figures) record(ctx context.Context, saw map[string]seen) error {
	at := time.Now()
	var rows []computeRow
	for _, name := range slices.Sorted(maps.Keys(saw)) {
		state, err := json.Marshal(saw[name])
		if err != nil {
			return fault.New(fault.Bug, "recording what %q was computed from: %w", name, err)
		}
		rows = append(rows, computeRow{name, string(state), at})
	}
	return r.w.InsertRows(ctx, "ops.compute", tokenOf("compute", at.UnixNano(), slices.Sorted(maps.Keys(saw))), rows)
}

// tokenOf names an insert of rows about some indicators.
func tokenOf(what string, at int64, names []string) string {
	return fmt.Sprintf("%s/%d/%s", what, at, fingerprint(names...))
}

type computeRow struct {
	Indicator  string    `json:"indicator"`
	State      string    `json:"state"`
	ComputedAt time.Time `json:"computed_at"`
}

func computeTable() *object {
	return &object{db: dbOps, name: "compute", comment: "计算状态：上次计算时各指标所见的数据", dedup: true,
		engine: "ReplacingMergeTree(computed_at)", order: []string{"indicator"},
		columns: []column{
			{"indicator", "String", "", "指标"}, {"state", "String", "", "所读各表与计算语句的指纹"}, {"computed_at", instant, "", "计算时间"},
		}}
}

// seen identifies what a statement over fused entities depends on: its text, and
// what the fusions of the entities had seen.
func (w *Warehouse) seen(ctx context.Context, query string, names ...string) (string, error) {
	names = slices.Clone(names)
	for i, n := range names {
		names[i] = quote(n)
	}
	var tables string
	err := w.QueryRow(ctx, fmt.Sprintf(`SELECT arrayStringConcat(arraySort(groupArray(s)), ',')
FROM
(
  SELECT concat(entity, ':', claims_table, ':', toString(block), ':', rules, ':', rows_table, ':', toString(matched)) AS s FROM ops.fuse FINAL WHERE entity IN (%s)
)`, strings.Join(names, ", ")), []any{&tables})
	return fingerprint(query, tables), err
}
