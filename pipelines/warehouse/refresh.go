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

	fused     map[string]fuseState // by entity: what its fusion last saw
	claims    map[string]claimsAt  // by entity
	relations map[string]string    // by name: what sums up the claims of all entities
	paths     string               // the division tree's identity
	points    string               // the table of figures' identity
	last      map[string]seen      // by indicator
	known     map[string]time.Time // by indicator: when its figures were last made known
	any       map[string]bool      // the indicators that have rows

	ahead map[string]*work // by indicator: what is brought up to date without being asked
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
	Statement string            `json:"statement"` // and everything else that is declared of it
	Paths     string            `json:"paths"`
	Points    string            `json:"points"`
	Until     string            `json:"until"` // the running period
	First     string            `json:"first"` // what that was when figures were first computed
	Fed       bool              `json:"fed"`   // otherwise nobody supplied what it reads: no figure stands
	Rows      map[string]rowsAt `json:"rows"`  // by entity
}

// rowsAt is a state of fused rows: the tables of claims and of rows with the rules
// between them, and how far the fusions had come; see fuseState.seq. Pruned is
// when claims were last removed; see claimsAt.
type rowsAt struct {
	Table  string `json:"table"`
	Seq    int64  `json:"seq"`
	Pruned int64  `json:"pruned"`
}

// claimsAt says of an entity's claims whether there are any, and when some were
// last removed, as the number of the mutation: inserts and merges leave it alone.
type claimsAt struct {
	any    bool
	pruned int64
}

// sameBut reports whether only rows may have changed between two states.
func (s seen) sameBut(now seen) bool {
	return s.Statement == now.Statement && s.Paths == now.Paths && s.Points == now.Points && s.Until == now.Until
}

// sameRows reports whether the rows are the same, too. Which claims were removed
// since makes no difference to rows that stand.
func (s seen) sameRows(now seen) bool {
	return maps.EqualFunc(s.Rows, now.Rows, func(a, b rowsAt) bool { return a.Table == b.Table && a.Seq == b.Seq })
}

// look reads what all indicators need to know, once.
func (r *Figures) look(ctx context.Context) error {
	r.fused, r.claims, r.last, r.known, r.any = map[string]fuseState{}, map[string]claimsAt{}, map[string]seen{}, map[string]time.Time{}, map[string]bool{}
	r.relations = relationsOverClaims(r.c)
	for _, ask := range []struct {
		sql string
		row func(scan func(...any) error) error
	}{
		{"SELECT entity, claims_table, block, matched, rules, rows_table FROM ops.fuse FINAL", func(scan func(...any) error) error {
			var name string
			var s fuseState
			err := scan(&name, &s.claimsTable, &s.block, &s.matched, &s.rules, &s.rowsTable)
			r.fused[name] = s
			return err
		}},
		// A part that a mutation made has a higher version than its blocks, also when
		// it is merged.
		{"SELECT table, toInt64(maxIf(data_version, toInt64(data_version) > max_block_number)), toBool(sum(rows) > 0) FROM system.parts WHERE database = 'std' AND active GROUP BY table", func(scan func(...any) error) error {
			var name string
			var at claimsAt
			err := scan(&name, &at.pruned, &at.any)
			r.claims[name] = at
			return err
		}},
		{"SELECT DISTINCT toString(indicator) FROM ads.indicator_point", func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			r.any[name] = true
			return err
		}},
		{"SELECT indicator, state FROM ops.compute FINAL WHERE state LIKE '{%'", func(scan func(...any) error) error {
			var name, state string
			if err := scan(&name, &state); err != nil {
				return err
			}
			var s seen
			if json.Unmarshal([]byte(state), &s) == nil { // else of an earlier form: computed anew
				r.last[name] = s
			}
			return nil
		}},
		{"SELECT indicator, known_from FROM ads.indicator FINAL", func(scan func(...any) error) error {
			var name string
			var at time.Time
			err := scan(&name, &at)
			r.known[name] = at
			return err
		}},
		{"SELECT toString(any(uuid)) FROM system.tables WHERE database = 'ads' AND name = 'indicator_point'", func(scan func(...any) error) error { return scan(&r.points) }},
	} {
		if err := r.w.each(ctx, ask.sql, ask.row); err != nil {
			return err
		}
	}
	var err error
	r.paths, err = r.w.identity(ctx, divisionPath().name)
	return err
}

// relationsOverClaims are the texts of the views that indicators may read beside
// entities and that sum up claims.
func relationsOverClaims(c *schemas.Catalog) map[string]string {
	out := map[string]string{}
	for _, o := range []*object{upFeed(c), entityLoad(c)} {
		if o != nil {
			out[o.name] = o.view
		}
	}
	return out
}

// Indicators that share questions and inserts, and how many such batches are under
// way: while one waits for the warehouse's disk or adds up here, two keep the two
// cores busy that one computation may use.
const (
	batchSize     = 16
	batchesAtOnce = 3
)

// work is what there is to do about one indicator.
type work struct {
	ind   *schemas.Indicator
	spans []schemas.Span
	now   seen         // what its figures will have been made from
	saw   bool         // now is to be recorded
	x     *computation // nil: nothing is to be computed
	did   outcome
	done  chan struct{} // closed when did is final
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
	works := worksOf(inds...)
	r.ahead = map[string]*work{}
	for _, k := range works {
		r.ahead[k.ind.Indicator] = k
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.run(ctx, works)
	}()
	return func() { cancel(); <-ended }
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
	k := r.ahead[ind.Indicator]
	if k == nil {
		k = worksOf(ind)[0]
		r.run(ctx, []*work{k})
	}
	delete(r.ahead, ind.Indicator) // asked again after an error it is done again
	<-k.done
	return k.did.Refreshed, k.did.err
}

func worksOf(inds ...*schemas.Indicator) []*work {
	works := make([]*work, len(inds))
	for i, ind := range inds {
		works[i] = &work{ind: ind, done: make(chan struct{})}
	}
	return works
}

// run does all there is to do about some indicators: it looks what is due and which
// units the changes touch, puts aside the rows that many of them read, and
// brings up to date a batch after the other. Every work ends, whatever happens.
func (r *Figures) run(ctx context.Context, works []*work) {
	todo := r.plan(ctx, works)
	for _, k := range works {
		if !slices.Contains(todo, k) {
			close(k.done)
		}
	}
	drop, err := r.putAside(ctx, todo)
	defer drop()
	var g errgroup.Group
	g.SetLimit(batchesAtOnce)
	for batch := range slices.Chunk(todo, batchSize) {
		g.Go(func() error {
			for _, k := range batch {
				defer close(k.done)
				if k.did.err = err; err == nil {
					k.did.err = ctx.Err()
				}
			}
			if err == nil && ctx.Err() == nil {
				r.bring(ctx, batch)
			}
			return nil
		})
	}
	_ = g.Wait()
}

// bring brings indicators up to date together: one question for what stands, one
// insert of what changed, one that makes it known. What is wrong with one of them
// does not hold up the others.
func (r *Figures) bring(ctx context.Context, works []*work) {
	known := time.Now().Truncate(time.Millisecond)
	byName := map[string]*work{}
	for _, k := range works {
		byName[k.ind.Indicator] = k
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		defer r.w.lock(dbAds + "." + name)()
		if t := r.known[name]; !known.After(t) {
			known = t.Add(time.Millisecond)
		}
	}
	var xs []*computation
	for _, k := range works {
		if k.x != nil {
			k.x.known = known
			xs = append(xs, k.x)
		}
	}
	for name, o := range r.w.compute(ctx, xs) {
		byName[name].did.Written, byName[name].did.err = o.Written, o.err
	}
	saw := map[string]seen{}
	for name, k := range byName {
		if k.saw && k.did.err == nil {
			saw[name] = k.now
		}
	}
	if err := r.record(ctx, saw); err != nil {
		for name := range saw {
			byName[name].did.err = err
		}
	}
}

// plan finds out what there is to do about indicators and gives those about which
// there is something: to compute, or to record.
func (r *Figures) plan(ctx context.Context, works []*work) (todo []*work) {
	var changed []*work
	for _, k := range works {
		if r.changed(k) {
			changed = append(changed, k)
		}
	}
	err := r.feeds(ctx, changed)
	var g errgroup.Group
	g.SetLimit(batchesAtOnce)
	for _, k := range changed {
		g.Go(func() error {
			if k.did.err = err; err == nil {
				k.did.err = r.prepare(ctx, k)
			}
			return nil
		})
	}
	_ = g.Wait()
	for _, k := range works {
		if k.did.err == nil && (k.x != nil || k.saw) {
			todo = append(todo, k)
		}
	}
	return todo
}

// changed reports whether anything changed that an indicator depends on.
func (r *Figures) changed(k *work) bool {
	doing := fmt.Sprintf("computing %q", k.ind.Indicator)
	if k.spans, k.did.err = k.ind.Periods.Spans(r.day); k.did.err != nil {
		k.did.err = fault.New(fault.Config, "%s: reading its periods: %w", doing, k.did.err)
		return false
	}
	if len(k.spans) == 0 { // its first period is to come
		k.did.Unchanged++
		return false
	}
	if k.now, k.did.err = r.sees(k.ind, k.spans); k.did.err != nil {
		k.did.err = fault.New(fault.Config, "%s: %w", doing, k.did.err)
		return false
	}
	last, found := r.last[k.ind.Indicator]
	if !found || !last.sameBut(k.now) || !last.sameRows(k.now) {
		return true
	}
	k.did.Unchanged++
	if !maps.Equal(last.Rows, k.now.Rows) { // claims were removed: nothing to these figures, and seen
		k.now.First, k.now.Fed, k.saw = last.First, last.Fed, true
	}
	return false
}

// prepare makes the computation of an indicator that depends on what changed.
func (r *Figures) prepare(ctx context.Context, k *work) error {
	last, found := r.last[k.ind.Indicator]
	same := found && last.sameBut(k.now)
	x := &computation{ind: k.ind, spans: k.spans, runID: r.runID, fresh: !r.any[k.ind.Indicator], c: r.c}
	k.saw = true
	if found && last.Points == k.now.Points && last.First != "" && !x.fresh {
		k.now.First = last.First
	}
	if k.now.First != k.now.Until {
		x.since = len(k.spans) - 1
	}
	if !k.now.Fed {
		k.did.Unfed++
		if !x.fresh && !(same && !last.Fed) { // what was once computed holds no longer
			x.unfed, k.x = true, x
		}
		return nil
	}
	var err error
	if same && last.Fed {
		if x.only, err = r.touched(ctx, k.ind, last, k.now); err != nil {
			return err
		}
	}
	k.x = x
	if x.only == nil {
		k.did.Full++
		return nil
	}
	k.did.Partial++
	x.tree, err = r.nodes(ctx)
	return err
}

// sees is what the figures would be computed from now.
func (r *Figures) sees(ind *schemas.Indicator, spans []schemas.Span) (seen, error) {
	// The text is that of one period: of others only the dates differ.
	x := &computation{ind: ind, spans: spans[:1], fresh: true, known: time.UnixMilli(0)}
	statement, err := x.sql()
	if err != nil {
		return seen{}, err
	}
	x.spans = spans
	declared, err := json.Marshal(x.describe())
	if err != nil {
		return seen{}, fault.New(fault.Bug, "reading its declaration: %w", err)
	}
	parts := []string{statement, string(declared), fmt.Sprint(ind.SmallCells)}
	until := spans[len(spans)-1].Name
	s := seen{Paths: r.paths, Points: r.points, Until: until, First: until, Rows: map[string]rowsAt{}}
	entities, summed := ind.Reads, false
	for _, name := range ind.Reads {
		if r.c.Entity(name) == nil { // a relation over all entities, such as up_feed
			parts, entities, summed = append(parts, r.relations[name]), nil, true
		}
	}
	if summed {
		for _, e := range r.c.Entities {
			entities = append(entities, e.Entity)
		}
	}
	for _, name := range entities {
		f, claims := r.fused[name], r.claims[name]
		at := rowsAt{f.claimsTable + "/" + f.rowsTable + "/" + f.rules, f.seq(), claims.pruned}
		if summed { // it reads claims themselves
			at.Table += fmt.Sprintf("/%d", claims.pruned)
		}
		s.Rows[name] = at
	}
	s.Statement = fingerprint(parts...)
	return s, nil
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
