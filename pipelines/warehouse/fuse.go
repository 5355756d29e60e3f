package warehouse

import (
	"context"
	"fmt"
	"sync"
	"time"

	clickhouse "github.com/ClickHouse/clickhouse-go/v2"

	"rongtong/schemas"
)

// FuseResult says what a fusion did.
type FuseResult struct {
	Claims    int64 // claims in std, superseded ones included
	Things    int64 // rows in dwd
	Changed   int64 // things that were fused anew; all of them in a rebuild
	Rebuilt   bool  // every thing was fused, because the rules or too many claims changed
	Took      time.Duration
	Unchanged bool // neither the claims nor the rules changed since: nothing was done
}

// Fuse makes dwd.<entity> from std.<entity>: one row per thing, every field
// from the claim that wins it.
//
// A source's claim about a thing is its latest one: the highest version, and
// of equal versions the one that was delivered last. A latest claim that
// is a withdrawal is no claim; a field that is null claims nothing. Of the
// claims that are left, the field goes to the source that stands first in the
// column's order of authority (a system, or any system of a tier), then to the
// freshest version, then to the first name. Fusion by row decides once for the
// whole row, its nulls included, by the entity's order. A thing without a live
// claim has no row.
//
// The result depends on the set of claims alone, never on the order or the
// number of loads that brought them. Only the things about which claims came in
// since the last fusion are fused again, in one step that readers see whole;
// when the rules changed, or more than a fraction of the things, a new table
// replaces the old one in one step. Both ways give the same rows. A fusion that
// was cut short is done again by the next: what it had seen is recorded last.
// Concurrent fusions of one entity wait for each other within one process;
// across processes the scheduler's leadership keeps them apart.
func (w *Warehouse) Fuse(ctx context.Context, c *schemas.Catalog, entity string) (FuseResult, error) {
	defer w.lock(dbDwd + "." + entity)()
	start := time.Now()
	f, last, now, r, err := w.due(ctx, c, entity)
	if err != nil || r.Unchanged {
		r.Took = time.Since(start)
		return r, err
	}
	e := f.e
	r.Claims, r.Things = 0, 0
	if r.Rebuilt {
		f.since, f.until = 0, 0
	} else {
		drop, err := w.putClaimed(ctx, f, r.Changed)
		if err != nil {
			return r, err
		}
		defer drop()
	}
	if e.Identity != nil {
		if now.matched, err = w.identify(ctx, f, r.Changed, last.decided, now.block); err != nil {
			return r, err
		}
		f.matched = now.matched
	}
	if f.partly {
		if r.Changed, err = w.listChanged(ctx, f, r.Changed); err != nil {
			return r, err
		}
	}
	if f.apart {
		drop, err := w.putTogether(ctx, f, r.Changed)
		if err != nil {
			return r, err
		}
		defer drop()
	}
	if r.Rebuilt {
		r.Changed, err = w.fuseAll(ctx, f, now)
	} else {
		err = w.fuseChanged(ctx, f, now)
	}
	if err == nil {
		err = w.recordConflicts(ctx, f, now.seq(), r.Changed)
	}
	if err != nil {
		return r, err
	}
	return w.recordFusion(ctx, e, now, r, start)
}

// insertSeconds is more than an insert takes, from the server's first look at its
// clock until its rows are seen.
const insertSeconds = 900

// Where fusing what changed stops paying.
const (
	leastRebuild = 1000 // fewer things are never worth a new table
	rebuildShare = 5    // a fifth of all things
)

// changedThings is about how many things claims came in, counted exactly as long as
// they are few.
func (w *Warehouse) changedThings(ctx context.Context, f *fuser) (int64, error) {
	sql := fmt.Sprintf("SELECT uniq(%s) FROM std.%s WHERE _block_number > %d AND _block_number <= %d", idents(f.e.Key), ident(f.e.Entity), f.since, f.until)
	if f.e.Identity != nil {
		sql = fmt.Sprintf("SELECT (%s) + (%s)", sql, fmt.Sprintf("SELECT uniq(thing) FROM ops.identity_touched WHERE entity = %s AND seq > %d AND seq <= %d", quote(f.e.Entity), f.touched, f.matched))
	}
	var n uint64
	err := w.QueryRow(ctx, sql, []any{&n})
	return int64(n), err
}

// listChanged lists the keys whose rows a fusion has to make again, once for all
// statements that ask for them, and counts them. Without an identity they are those
// that claims came in about, about so many.
func (w *Warehouse) listChanged(ctx context.Context, f *fuser, about int64) (int64, error) {
	entity := quote(f.e.Entity)
	queries := []string{}
	if f.e.Identity != nil {
		queries = append(queries, "ALTER TABLE ops.identity_changed DROP PARTITION "+entity)
		for _, part := range shares(about) {
			queries = append(queries, fmt.Sprintf("INSERT INTO ops.identity_changed (entity, thing)\nSELECT %s, %s\nFROM (%s)", entity, ident(f.e.Key[0]), f.changedThings(part)))
		}
	}
	for _, sql := range queries {
		if err := w.conn.Exec(bounded(ctx), sql); err != nil {
			return 0, w.seal(err, fmt.Sprintf("listing the changes of %q", f.e.Entity))
		}
	}
	var n uint64
	err := w.QueryRow(bounded(ctx), "SELECT count() FROM ("+f.changed()+")", []any{&n})
	return int64(n), err
}

// fuseAll fuses everything into a new table, slice by slice.
func (w *Warehouse) fuseAll(ctx context.Context, f *fuser, now fuseState) (int64, error) {
	parts, err := w.slices(ctx, f)
	if err != nil {
		return 0, err
	}
	queries := make([]string, len(parts))
	for i, part := range parts {
		queries[i] = part.rebuild(now.seq())
	}
	return w.rebuild(ctx, fusedTable(f.e), queries...)
}

// fuseChanged fuses the things about which claims came in and puts their rows
// over the old ones in one step: a reader sees all of it or nothing. What fits
// into a statement is one insert of one block; more is fused slice by slice into
// a table beside, whose parts are then attached together.
func (w *Warehouse) fuseChanged(ctx context.Context, f *fuser, now fuseState) error {
	o := fusedTable(f.e)
	doing := fmt.Sprintf("fusing %q", f.e.Entity)
	insert := func(ctx context.Context, into, rows string) error {
		return w.seal(w.conn.Exec(ctx, fmt.Sprintf("INSERT INTO %s (%s)\n%s", into, idents(columnNames(o)), rows)), doing)
	}
	parts, err := w.slices(ctx, f)
	if err != nil {
		return err
	}
	if len(parts) == 1 {
		return insert(oneBlock(bounded(ctx)), o.full(), parts[0].rebuild(now.seq())+"\nUNION ALL\n"+f.gone(now.seq()))
	}
	next := o.name + nextSuffix
	staged := o.db + "." + ident(next)
	drop := "DROP TABLE IF EXISTS " + staged + " SYNC"
	for _, sql := range []string{drop, o.ddl(next)} {
		if err := w.conn.Exec(ctx, sql); err != nil {
			return w.mark(err, doing)
		}
	}
	queries := []string{f.gone(now.seq())}
	for _, part := range parts {
		queries = append(queries, part.rebuild(now.seq()))
	}
	for _, q := range queries {
		if err := insert(bounded(ctx), staged, q); err != nil {
			return err
		}
	}
	for _, sql := range []string{fmt.Sprintf("ALTER TABLE %s ATTACH PARTITION tuple() FROM %s", o.full(), staged), drop} {
		if err := w.conn.Exec(ctx, sql); err != nil {
			return w.mark(err, doing)
		}
	}
	return nil
}

// recordFusion counts what is there and records what the fusion has seen.
func (w *Warehouse) recordFusion(ctx context.Context, e *schemas.Entity, now fuseState, r FuseResult, start time.Time) (FuseResult, error) {
	var claims, things uint64
	err := w.QueryRow(ctx, fmt.Sprintf("SELECT (SELECT count() FROM std.%[1]s), (SELECT count() FROM dwd.%[1]s)", ident(e.Entity)), []any{&claims, &things})
	if err != nil {
		return r, err
	}
	r.Claims, r.Things, r.Took = int64(claims), int64(things), time.Since(start)
	if now.rowsTable, err = w.derivedTables(ctx, e); err != nil {
		return r, err
	}
	now.claims, now.things = r.Claims, r.Things
	return r, w.recordState(ctx, e.Entity, now, r)
}

// lock serialises the rebuilds of one table and returns the unlock.
func (w *Warehouse) lock(name string) func() {
	w.mu.Lock()
	m := w.fusing[name]
	if m == nil {
		m = &sync.Mutex{}
		w.fusing[name] = m
	}
	w.mu.Unlock()
	m.Lock()
	return m.Unlock
}

// sources are the systems that have claims about an entity, by name.
func (w *Warehouse) sources(ctx context.Context, e *schemas.Entity) ([]string, error) {
	var out []string
	err := w.each(ctx, "SELECT DISTINCT toString(src_system) AS s FROM std."+ident(e.Entity)+" ORDER BY s", func(scan func(...any) error) error {
		var s string
		err := scan(&s)
		out = append(out, s)
		return err
	})
	return out, err
}

// rebuild fills a derived table from queries, one after the other, and puts it
// in place of the old one in one step. It returns the number of rows.
func (w *Warehouse) rebuild(ctx context.Context, o *object, queries ...string) (int64, error) {
	next := o.name + nextSuffix
	doing := fmt.Sprintf("rebuilding %q", o.full())
	staged := o.db + "." + ident(next)
	// What an interrupted rebuild left behind is dropped, never continued.
	for _, sql := range []string{"DROP TABLE IF EXISTS " + staged + " SYNC", o.ddl(next)} {
		if err := w.conn.Exec(ctx, sql); err != nil {
			return 0, w.mark(err, doing)
		}
	}
	for _, q := range queries {
		if err := w.conn.Exec(bounded(ctx), fmt.Sprintf("INSERT INTO %s (%s)\n%s", staged, idents(columnNames(o)), q)); err != nil {
			return 0, w.seal(err, doing)
		}
	}
	var n uint64
	if err := w.QueryRow(ctx, "SELECT count() FROM "+staged, []any{&n}); err != nil {
		return 0, err
	}
	for _, sql := range []string{
		fmt.Sprintf("EXCHANGE TABLES %s AND %s.%s", staged, o.db, ident(o.name)),
		"DROP TABLE IF EXISTS " + staged + " SYNC",
	} {
		if err := w.conn.Exec(ctx, sql); err != nil {
			return 0, w.mark(err, doing)
		}
	}
	return int64(n), nil
}

// bounded are the settings under which a query over a whole table keeps its
// memory: it reads in key order, in small blocks, and spills groups and sorts to
// disk; what it writes is a part of its own every few tens of megabytes.
func bounded(ctx context.Context) context.Context {
	const spill = 200_000_000
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"optimize_read_in_order":                   1,
		"max_threads":                              2,
		"max_insert_threads":                       1,
		"insert_deduplicate":                       0,
		"min_insert_block_size_bytes":              64_000_000,
		"max_bytes_before_external_group_by":       spill,
		"max_bytes_ratio_before_external_group_by": 0,
		"max_bytes_before_external_sort":           spill,
		"max_bytes_ratio_before_external_sort":     0,
	}))
}

// oneBlock are the settings under which an INSERT SELECT writes one part.
func oneBlock(ctx context.Context) context.Context {
	const unlimited = 1 << 40
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"max_insert_threads": 1, "max_insert_block_size": unlimited,
		"min_insert_block_size_rows": unlimited, "min_insert_block_size_bytes": unlimited,
		"insert_deduplicate": 0, "max_threads": 2,
	}))
}
