package warehouse

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

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
	tree    map[string]node      // read when first needed
	found   map[string][]string  // by question: the units that changes touch
}

// Figures looks at what the figures depend on, for all periods up to the one that
// holds a day.
func (w *Warehouse) Figures(ctx context.Context, c *schemas.Catalog, runID string, day time.Time) (*Figures, error) {
	if err := w.paths(ctx, c); err != nil {
		return nil, err
	}
	r := &Figures{w: w, c: c, runID: runID, day: day.In(beijing), found: map[string][]string{}}
	return r, r.look(ctx)
}

// beijing is the zone in which a day is a day.
var beijing = time.FixedZone("Asia/Shanghai", 8*3600)

// seen is what an indicator's figures were last computed from.
type seen struct {
	Statement string            `json:"statement"`
	Paths     string            `json:"paths"`
	Points    string            `json:"points"`
	Until     string            `json:"until"`
	Rows      map[string]rowsAt `json:"rows"` // by entity
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
func (r *Figures) Refresh(ctx context.Context, ind *schemas.Indicator) (did Refreshed, err error) {
	defer r.w.lock(dbAds + "." + ind.Indicator)()
	doing := fmt.Sprintf("computing %q", ind.Indicator)
	spans, err := ind.Periods.Spans(r.day)
	if err != nil {
		return did, fault.New(fault.Config, "%s: reading its periods: %w", doing, err)
	}
	if len(spans) == 0 { // its first period is to come
		did.Unchanged++
		return did, nil
	}
	now, err := r.sees(ind, spans)
	if err != nil {
		return did, fault.New(fault.Config, "%s: %w", doing, err)
	}
	last, found := r.last[ind.Indicator]
	if found && last.sameBut(now) && maps.Equal(last.Rows, now.Rows) {
		did.Unchanged++
		return did, nil
	}
	if fed, err := r.fed(ctx, ind); err != nil {
		return did, err
	} else if !fed {
		did.Unfed++
		return did, r.record(ctx, ind, now)
	}
	x := &computation{ind: ind, spans: spans, runID: r.runID, known: time.Now().Truncate(time.Millisecond), fresh: !r.any[ind.Indicator]}
	if t := r.known[ind.Indicator]; !x.known.After(t) {
		x.known = t.Add(time.Millisecond)
	}
	if found && last.sameBut(now) && !x.fresh {
		if x.only, err = r.touched(ctx, ind, last, now); err != nil {
			return did, err
		}
	}
	if x.only == nil {
		did.Full++
	} else {
		did.Partial++
		if x.tree, err = r.nodes(ctx); err != nil {
			return did, err
		}
	}
	if did.Written, err = r.w.compute(ctx, x); err != nil {
		return did, err
	}
	return did, r.record(ctx, ind, now)
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
	s := seen{Statement: fingerprint(statement, ind.Name.Zh, ind.Name.En, ind.Doc.Zh, ind.Doc.En), Paths: r.paths, Points: r.points, Until: spans[len(spans)-1].Name, Rows: map[string]rowsAt{}}
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
const mostTouched = 8000

// touched are the units that the changes between two states can make a
// difference to; nil when that is not known, or too many.
//
// A thing that changed may have counted for another unit before. Its former row
// is gone, but what it said was once claimed: the units of all claims ever made
// about the things that changed are those of before and after.
func (r *Figures) touched(ctx context.Context, ind *schemas.Indicator, last, now seen) ([]string, error) {
	if ind.Reach == nil || ind.Aggregate == schemas.AggregateMedian {
		return nil, nil
	}
	units := []string{}
	for name, rows := range now.Rows {
		was := last.Rows[name]
		if was == rows {
			continue
		}
		reach := ind.Reach[name]
		e := r.c.Entity(name)
		if was.Table != rows.Table || reach == (schemas.Reach{}) {
			return nil, nil
		}
		things := claimsOf(e, fmt.Sprintf("SELECT %s FROM dwd.%s WHERE fused_seq > %d", idents(e.Key), ident(e.Entity+rowsSuffix), 2*was.Seq+1))
		sql := fmt.Sprintf("SELECT DISTINCT toString(ifNull(%s, '')) FROM std.%s WHERE %s", reach.Unit, ident(name), things)
		if reach.Unit == "" {
			sql = fmt.Sprintf("SELECT DISTINCT toString(ifNull(%s, '')) FROM dwd.%s WHERE %s IN (SELECT %s FROM std.%s WHERE %s)",
				ind.Reach[reach.Of].Unit, ident(reach.Of), reach.Key, reach.At, ident(name), things)
		}
		sql += fmt.Sprintf(" LIMIT %d", mostTouched+1)
		more, err := r.ask(ctx, sql)
		if err != nil {
			return nil, err
		}
		units = append(units, more...)
	}
	slices.Sort(units)
	units = slices.Compact(units)
	if len(units) > mostTouched || slices.ContainsFunc(units, func(code string) bool { return !isCode(code) }) {
		return nil, nil
	}
	return units, nil
}

// nodes are the divisions.
func (r *Figures) nodes(ctx context.Context) (_ map[string]node, err error) {
	if r.tree == nil {
		r.tree, err = r.w.tree(ctx)
	}
	return r.tree, err
}

// ask reads one column of texts. Many indicators ask the same.
func (r *Figures) ask(ctx context.Context, sql string) ([]string, error) {
	if units, ok := r.found[sql]; ok {
		return units, nil
	}
	units := []string{}
	err := r.w.each(ctx, sql, func(scan func(...any) error) error {
		var code string
		err := scan(&code)
		units = append(units, code)
		return err
	})
	if err == nil {
		r.found[sql] = units
	}
	return units, err
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

// isCode reports whether a text is twelve digits.
func isCode(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// record notes what the figures were computed from.
func (r *Figures) record(ctx context.Context, ind *schemas.Indicator, now seen) error {
	state, err := json.Marshal(now)
	if err != nil {
		return fault.New(fault.Bug, "recording what %q was computed from: %w", ind.Indicator, err)
	}
	at := time.Now()
	return r.w.InsertRows(ctx, "ops.compute", fmt.Sprintf("%s/%s/%d", ind.Indicator, fingerprint(string(state)), at.UnixNano()), []computeRow{{ind.Indicator, string(state), at}})
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
