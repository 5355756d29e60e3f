package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	clickhouse "github.com/ClickHouse/clickhouse-go/v2"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// FuseResult says what a fusion did.
type FuseResult struct {
	Claims    int64 // claims in std, superseded ones included
	Things    int64 // rows in dwd
	Took      time.Duration
	Unchanged bool // neither the claims nor the rules changed since: nothing was done
}

// Fuse makes dwd.<entity> from std.<entity>: one row per thing, every field
// from the claim that wins it.
//
// A source's claim about a thing is its latest one: the highest version, and
// of equal versions the one that stands last in the log. A latest claim that
// is a withdrawal is no claim; a field that is null claims nothing. Of the
// claims that are left, the field goes to the source that stands first in the
// column's order of authority (a system, or any system of a tier), then to the
// freshest version, then to the first name. Fusion by row decides once for the
// whole row, its nulls included, by the entity's order. A thing without a live
// claim has no row.
//
// The result depends on the set of claims alone, never on the order or the
// number of loads that brought them. The new table replaces the old one in one
// step; a fusion that was cut short leaves nothing that the next one trusts.
// Concurrent fusions of one entity wait for each other within one process;
// across processes the scheduler's leadership keeps them apart.
func (w *Warehouse) Fuse(ctx context.Context, c *schemas.Catalog, entity string) (FuseResult, error) {
	e := c.Entity(entity)
	if e == nil {
		return FuseResult{}, fault.New(fault.Config, "fusing %q: there is no such entity", entity)
	}
	defer w.lock(dbDwd + "." + entity)()
	start := time.Now()
	sources, err := w.sources(ctx, e)
	if err != nil {
		return FuseResult{}, err
	}
	o := dwdTable(e)
	query := fuseSQL(c, e, sources)
	want, err := w.claimState(ctx, e, o.ddl(o.name), query)
	if err != nil {
		return FuseResult{}, err
	}
	if r, ok, err := w.unchanged(ctx, entity, want); err != nil || ok {
		r.Took = time.Since(start)
		return r, err
	}
	var r FuseResult
	r.Things, err = w.rebuild(ctx, o, query)
	if err != nil {
		return r, err
	}
	var claims uint64
	if err := w.QueryRow(ctx, "SELECT count() FROM std."+ident(entity), []any{&claims}); err != nil {
		return r, err
	}
	r.Claims, r.Took = int64(claims), time.Since(start)
	return r, w.recordState(ctx, entity, want, r)
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

// claimState is the set of claims and the rules applied to it. Every insert
// takes a new block number and a merge takes none, so the table's identity and
// its highest block number change exactly when rows arrive.
func (w *Warehouse) claimState(ctx context.Context, e *schemas.Entity, rules ...string) (string, error) {
	var uuid string
	var block int64
	err := w.QueryRow(ctx, `SELECT toString(uuid),
  (SELECT toInt64(max(max_block_number)) FROM system.parts WHERE database = 'std' AND table = ? AND active)
FROM system.tables WHERE database = 'std' AND name = ?`, []any{&uuid, &block}, e.Entity, e.Entity)
	return fmt.Sprintf("%s:%d:%s", uuid, block, fingerprint(rules...)), err
}

// unchanged reports whether the state is the one of the last rebuild, and the
// table is still the one that the rebuild made.
func (w *Warehouse) unchanged(ctx context.Context, entity, state string) (FuseResult, bool, error) {
	var last string
	var claims, things uint64
	found := false
	rows, err := w.Query(ctx, "SELECT state, claims, things FROM ops.fuse FINAL WHERE entity = ?", entity)
	if err != nil {
		return FuseResult{}, false, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&last, &claims, &things); err != nil {
			return FuseResult{}, false, fault.New(fault.Bug, "reading the state of %q: %w", entity, err)
		}
		found = true
	}
	if err := rows.Err(); err != nil || !found {
		return FuseResult{}, false, w.mark(err, fmt.Sprintf("reading the state of %q", entity))
	}
	made, err := w.identity(ctx, entity)
	if err != nil {
		return FuseResult{}, false, err
	}
	return FuseResult{Claims: int64(claims), Things: int64(things), Unchanged: true}, last == state+"/"+made, nil
}

// identity is the UUID of a table of dwd; a table created anew has another.
func (w *Warehouse) identity(ctx context.Context, name string) (string, error) {
	var uuid string
	err := w.QueryRow(ctx, "SELECT toString(any(uuid)) FROM system.tables WHERE database = 'dwd' AND name = ?", []any{&uuid}, name)
	return uuid, err
}

type fuseRow struct {
	Entity  string    `json:"entity"`
	State   string    `json:"state"`
	Claims  int64     `json:"claims"`
	Things  int64     `json:"things"`
	TookMs  int64     `json:"took_ms"`
	FusedAt time.Time `json:"fused_at"`
}

func (w *Warehouse) recordState(ctx context.Context, entity, state string, r FuseResult) error {
	made, err := w.identity(ctx, entity)
	if err != nil {
		return err
	}
	row := fuseRow{entity, state + "/" + made, r.Claims, r.Things, r.Took.Milliseconds(), time.Now()}
	return w.InsertRows(ctx, "ops.fuse", row.State, []fuseRow{row})
}

// rebuild fills a derived table from a query and puts it in place of the old
// one in one step. It returns the number of rows.
func (w *Warehouse) rebuild(ctx context.Context, o *object, query string) (int64, error) {
	next := o.name + "__next"
	doing := fmt.Sprintf("rebuilding %q", o.full())
	staged := dbDwd + "." + ident(next)
	// What an interrupted rebuild left behind is dropped, never continued.
	for _, sql := range []string{"DROP TABLE IF EXISTS " + staged + " SYNC", o.ddl(next)} {
		if err := w.conn.Exec(ctx, sql); err != nil {
			return 0, w.mark(err, doing)
		}
	}
	names := make([]string, len(o.columns))
	for i, c := range o.columns {
		names[i] = c.name
	}
	if err := w.conn.Exec(bounded(ctx), fmt.Sprintf("INSERT INTO %s (%s)\n%s", staged, idents(names), query)); err != nil {
		return 0, w.seal(err, doing)
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
// memory: it reads in key order and spills groups and sorts to disk.
func bounded(ctx context.Context) context.Context {
	const spill = 150_000_000
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"optimize_read_in_order":                   1,
		"max_threads":                              2,
		"max_insert_threads":                       1,
		"insert_deduplicate":                       0,
		"max_bytes_before_external_group_by":       spill,
		"max_bytes_ratio_before_external_group_by": 0,
		"max_bytes_before_external_sort":           spill,
		"max_bytes_ratio_before_external_sort":     0,
	}))
}

// noRank is the rank of a source that the order of authority does not name.
const noRank = 255

// fuser writes the query of one entity.
type fuser struct {
	c       *schemas.Catalog
	e       *schemas.Entity
	sources []string
	orders  [][]string // distinct orders of authority; the n-th has the column ord_n
}

// fuseSQL is the query that makes an entity's fused rows, columns in the order
// of dwdTable. sources are the systems that have claims, by name.
func fuseSQL(c *schemas.Catalog, e *schemas.Entity, sources []string) string {
	f := &fuser{c: c, e: e, sources: sources}
	switch {
	case len(sources) <= 1:
		return f.single()
	case e.Fusion == schemas.FuseField:
		return f.byField()
	}
	return f.byRow()
}

// latest selects the latest claim per thing and source, live ones only. The
// order is the table's own, read backwards, so nothing is sorted or held.
func (f *fuser) latest(extra ...string) string {
	cols := make([]string, 0, len(f.e.Columns)+4)
	for _, c := range f.e.Columns {
		cols = append(cols, ident(c.Name))
	}
	cols = append(cols, "src_system", "src_tier", "event_time", "version", "is_deleted")
	var desc []string
	for _, k := range f.e.Key {
		desc = append(desc, ident(k)+" DESC")
	}
	// Claims of a source that came in since the sources were listed wait for the
	// next fusion, which sees another list.
	known := "0"
	if len(f.sources) > 0 {
		known = "src_system IN (" + f.names() + ")"
	}
	inner := fmt.Sprintf("SELECT %s\nFROM std.%s\nWHERE %s\nORDER BY %s, src_system DESC, version DESC, kafka_offset DESC\nLIMIT 1 BY %s, src_system",
		strings.Join(cols, ", "), ident(f.e.Entity), known, strings.Join(desc, ", "), idents(f.e.Key))
	return fmt.Sprintf("SELECT %s\nFROM\n(\n%s\n)\nWHERE is_deleted = 0", strings.Join(append([]string{"*"}, extra...), ", "), indent(inner))
}

// rank is the position of a claim's source in an order of authority.
func (f *fuser) rank(order []string) string {
	if len(order) == 0 {
		return fmt.Sprint(noRank)
	}
	var b strings.Builder
	b.WriteString("multiIf(")
	for i, a := range order[:min(len(order), noRank-1)] {
		col := "src_system"
		if f.c.Tier(a) != nil {
			col = "src_tier"
		}
		fmt.Fprintf(&b, "%s = %s, %d, ", col, quote(a), i+1)
	}
	fmt.Fprintf(&b, "%d)", noRank)
	return b.String()
}

// ord is a number that is smaller for the claim that wins: rank, then version
// downwards, then name. One number, because comparing tuples costs five times
// as much.
func (f *fuser) ord(order []string) string {
	return fmt.Sprintf("bitShiftLeft(toUInt128(%s), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf([%s], src_system)",
		f.rank(order), f.names())
}

// source and rule read back what ord was made of; 0 means nobody claims.
func (f *fuser) source(ord string) string {
	return fmt.Sprintf("[%s][toUInt16(bitAnd(%s, 65535))]", f.names(), ord)
}

// names are the sources as literals, in order of their names.
func (f *fuser) names() string {
	q := make([]string, len(f.sources))
	for i, s := range f.sources {
		q[i] = quote(s)
	}
	return strings.Join(q, ", ")
}

func rule(rank string) string {
	return fmt.Sprintf("multiIf(%[1]s = 0, '', %[1]s = %[2]d, 'freshest', concat('authority:', toString(%[1]s)))", rank, noRank)
}

func rankOf(ord string) string { return fmt.Sprintf("toUInt8(bitShiftRight(%s, 80))", ord) }

// claimed is the condition under which a claim says something about a column;
// empty when it always does.
func claimed(c *schemas.Column) string {
	switch {
	case c.Type.Collection() && c.Nullable:
		return "notEmpty(" + ident(c.Name) + ")"
	case c.Nullable:
		return ident(c.Name) + " IS NOT NULL"
	}
	return ""
}

// orderColumn is the name of the ord column for an order of authority.
func (f *fuser) orderColumn(order []string) string {
	i := slices.IndexFunc(f.orders, func(o []string) bool { return slices.Equal(o, order) })
	if i < 0 {
		i = len(f.orders)
		f.orders = append(f.orders, order)
	}
	return fmt.Sprintf("ord_%d", i)
}

// single is fusion where one source speaks: its latest claims are the rows.
func (f *fuser) single() string {
	var out []string
	for _, c := range f.e.Columns {
		out = append(out, ident(c.Name))
		if f.e.Fusion == schemas.FuseRow || f.e.IsKey(c.Name) {
			continue
		}
		r := rule(f.rank(f.e.AuthorityOf(c)))
		if cond := claimed(c); cond != "" {
			out = append(out, fmt.Sprintf("if(%s, src_system, '')", cond), fmt.Sprintf("if(%s, event_time, NULL)", cond), fmt.Sprintf("if(%s, %s, '')", cond, r))
			continue
		}
		out = append(out, "src_system", "event_time", r)
	}
	if f.e.Fusion == schemas.FuseRow {
		out = append(out, "src_system", "event_time", rule(f.rank(f.e.Authority)))
	}
	return fmt.Sprintf("SELECT %s\nFROM\n(\n%s\n)", strings.Join(out, ",\n       "), indent(f.latest()))
}

// byField groups the latest claims of a thing and takes each field's winner.
func (f *fuser) byField() string {
	var out, aggs []string
	for _, c := range f.e.Columns {
		if f.e.IsKey(c.Name) {
			out = append(out, ident(c.Name))
			continue
		}
		ord, cond := f.orderColumn(f.e.AuthorityOf(c)), claimed(c)
		win := "w_" + c.Name
		at := "event_time"
		if cond == "" {
			cond = "1"
		}
		if c.Nullable {
			at = "toNullable(event_time)"
		}
		aggs = append(aggs,
			fmt.Sprintf("argMinIf(%s, %s, %s) AS %s", ident(c.Name), ord, cond, ident("v_"+c.Name)),
			fmt.Sprintf("minIf(%s, %s) AS %s", ord, cond, ident(win)),
			fmt.Sprintf("argMinIf(%s, %s, %s) AS %s", at, ord, cond, ident("t_"+c.Name)))
		out = append(out, ident("v_"+c.Name), f.source(ident(win)), ident("t_"+c.Name), rule(rankOf(ident(win))))
	}
	var ords []string
	for i, o := range f.orders {
		ords = append(ords, fmt.Sprintf("%s AS ord_%d", f.ord(o), i))
	}
	key := idents(f.e.Key)
	inner := fmt.Sprintf("SELECT %s,\n       %s\nFROM\n(\n%s\n)\nGROUP BY %s", key, strings.Join(aggs, ",\n       "), indent(f.latest(ords...)), key)
	return fmt.Sprintf("SELECT %s\nFROM\n(\n%s\n)", strings.Join(out, ",\n       "), indent(inner))
}

// byRow takes the whole row of the source that wins the thing.
func (f *fuser) byRow() string {
	var out []string
	for _, c := range f.e.Columns {
		out = append(out, ident(c.Name))
	}
	out = append(out, "src_system", "event_time", rule(rankOf("ord_0")))
	key := idents(f.e.Key)
	inner := fmt.Sprintf("%s\nORDER BY %s, ord_0\nLIMIT 1 BY %s", f.latest(f.ord(f.e.Authority)+" AS ord_0"), key, key)
	return fmt.Sprintf("SELECT %s\nFROM\n(\n%s\n)", strings.Join(out, ",\n       "), indent(inner))
}
