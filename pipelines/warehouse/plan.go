package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	clickhouse "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/cespare/xxhash/v2"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// Step is one statement of a migration and what it is for.
type Step struct {
	Object string // "std.facility"
	Doc    string // "create the table", "add the column \"area_m2\""
	SQL    string
	// Writer is the role whose processes must not write while the step runs:
	// "load", "schedule", or empty where they may.
	Writer string `json:",omitempty"`
}

// Roles that write to the warehouse, as Step.Writer names them.
const (
	writerLoad     = "load"
	writerSchedule = "schedule"
)

func step(object, doc, sql string) Step { return Step{Object: object, Doc: doc, SQL: sql} }

func writtenBy(role string, steps []Step) []Step {
	for i := range steps {
		steps[i].Writer = role
	}
	return steps
}

// Plan compares the warehouse with the catalogue and returns what is missing,
// in order. It changes nothing; after Migrate it returns no steps.
//
// Facts (std, ops) are only ever added to: a change that is not additive is
// fault.Config naming the table, the column and the way out, and so is an
// entity whose order key does not cover its grain. Derived tables (dwd, ads)
// are created anew instead, because the next Fuse and Compute fill them.
func (w *Warehouse) Plan(ctx context.Context, c *schemas.Catalog) ([]Step, error) {
	return w.plan(ctx, c, func(o *object, have, next *table) ([]Step, error) { return o.steps(have) })
}

// PlanChange is Plan for a person who changes declarations: what is not
// additive becomes a rewrite beside the live table, step by step; see rewrite.
// What would lose data is fault.Config that names the loss; a person who
// repeats that name in allow means it:
//
//	drop:std.facility.area_m2     the column and its values go
//	convert:std.facility.area_m2  values without an equal in the new type go
//	merge:std.facility            rows that only the old order key tells apart merge
//	expire:ods.city__grid_event   rows that a shorter time to live no longer covers go
//
// A table of an entity that is no longer declared stays as it is.
func (w *Warehouse) PlanChange(ctx context.Context, c *schemas.Catalog, allow ...string) ([]Step, error) {
	return w.plan(ctx, c, func(o *object, have, next *table) ([]Step, error) {
		return w.change(ctx, o, have, next, allow)
	})
}

// change is steps, and a rewrite where they are refused.
func (w *Warehouse) change(ctx context.Context, o *object, have, next *table, allow allowed) ([]Step, error) {
	if have == nil || o.view != "" || o.derived {
		return o.steps(have)
	}
	if _, err := o.ttlStep(have, allow); err != nil {
		return nil, err // a copy would lose the same rows
	}
	err := o.shape(have)
	if err == nil {
		if steps, marked := o.endRewrite(have, next); marked {
			more, err := o.alter(have, allow)
			if len(steps) > 0 && len(more) > 0 && err == nil {
				more = more[:len(more)-1] // the comment is the last step of both
			}
			if err == nil {
				return writtenBy(writerLoad, append(steps, more...)), nil
			}
		}
		var steps []Step
		if steps, err = o.alter(have, allow); err == nil {
			return steps, nil
		}
		if steps, ok, err := o.dropColumns(have, allow); ok || err != nil {
			return writtenBy(writerLoad, steps), err
		}
	}
	steps, err := w.rewrite(ctx, o, have, next, allow)
	return writtenBy(writerLoad, steps), err
}

// dropColumns is the short way where columns outside the key went and no type
// changed: they are dropped in place.
func (o *object) dropColumns(have *table, allow allowed) (steps []Step, ok bool, err error) {
	kept := *have
	kept.columns = nil
	for _, h := range have.columns {
		if o.column(h.name) != nil || o.keepsColumn(h.name) {
			kept.columns = append(kept.columns, h)
			continue
		}
		name := "drop:" + o.full() + "." + h.name
		if !allow.has(name) {
			return nil, false, refuse(name, "planning %q: column %q is in the warehouse and no longer declared; its values would be lost", o.full(), h.name)
		}
		steps = append(steps, step(o.full(), fmt.Sprintf("drop the column %q of", h.name),
			fmt.Sprintf("ALTER TABLE %s DROP COLUMN IF EXISTS %s", o.live(), ident(h.name))))
	}
	more, altErr := o.alter(&kept, allow)
	if altErr != nil || len(steps) == 0 || o.column(contentColumn) != nil {
		return nil, false, nil //nolint:nilerr // what cannot be altered is rewritten; so are claims, whose content is another then
	}
	return append(steps, more...), true, nil
}

func (w *Warehouse) plan(ctx context.Context, c *schemas.Catalog, per func(o *object, have, next *table) ([]Step, error)) ([]Step, error) {
	want, err := objects(c)
	if err != nil {
		return nil, err
	}
	have, err := w.inventory(ctx)
	if err != nil {
		return nil, err
	}
	var steps []Step
	for _, d := range databases {
		if !have.databases[d.name] {
			steps = append(steps, step(d.name, "create the database", d.ddl("")))
		}
	}
	for _, o := range want {
		s, err := per(o, have.tables[o.full()], have.tables[o.full()+nextSuffix])
		if err != nil {
			return nil, err
		}
		steps = append(steps, s...)
	}
	for i := range steps {
		if steps[i].SQL, err = w.suited(ctx, steps[i].SQL); err != nil {
			return nil, err
		}
	}
	return append(steps, moved(c, have)...), nil
}

// Migrate runs the steps of a plan in order and stops at the first that goes
// wrong. Every statement may be repeated, so a migration that was cut short is
// finished by planning and migrating again.
func (w *Warehouse) Migrate(ctx context.Context, steps []Step) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"log_comment": migrationMark}))
	for _, s := range steps {
		if err := w.conn.Exec(ctx, s.SQL); err != nil {
			return w.mark(err, fmt.Sprintf("migrating %q: %s", s.Object, s.Doc))
		}
	}
	return nil
}

// migrationMark is how the server knows a statement of a migration.
const migrationMark = "rongtong migration"

// Settle ends the statements of a migration whose process died: the server may
// still be at work on them. They may be repeated, so none is waited for. It
// returns once none is left.
func (w *Warehouse) Settle(ctx context.Context) error {
	const left = "FROM system.processes WHERE Settings['log_comment'] = '" + migrationMark + "'"
	for {
		var n uint64
		if err := w.QueryRow(ctx, "SELECT count() "+left, []any{&n}); err != nil || n == 0 {
			return err
		}
		if err := w.Exec(ctx, "KILL QUERY WHERE Settings['log_comment'] = '"+migrationMark+"' SYNC"); err != nil {
			return err
		}
	}
}

// table is what the server says about a table.
type table struct {
	engine, sorting, partition, comment string
	ttl                                 string
	windowed, numbered                  bool // keeps a window of tokens; numbers its blocks
	columns                             []column
}

type inventory struct {
	databases map[string]bool
	tables    map[string]*table
}

func (w *Warehouse) inventory(ctx context.Context) (*inventory, error) {
	inv := &inventory{map[string]bool{}, map[string]*table{}}
	names := make([]string, len(databases))
	for i, d := range databases {
		names[i] = d.name
	}
	in := "('" + strings.Join(names, "', '") + "')"
	err := w.each(ctx, "SELECT name FROM system.databases WHERE name IN "+in, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		inv.databases[name] = true
		return err
	})
	if err != nil {
		return nil, err
	}
	err = w.each(ctx, "SELECT database || '.' || name, engine, sorting_key, partition_key, comment, create_table_query FROM system.tables WHERE database IN "+in,
		func(scan func(...any) error) error {
			var name, create string
			t := &table{}
			err := scan(&name, &t.engine, &t.sorting, &t.partition, &t.comment, &create)
			t.ttl = ttlIn(create)
			t.windowed = strings.Contains(create, "non_replicated_deduplication_window = "+strconv.Itoa(window))
			t.numbered = strings.Contains(create, "enable_block_number_column = 1")
			inv.tables[name] = t
			return err
		})
	if err != nil {
		return nil, err
	}
	err = w.each(ctx, "SELECT database || '.' || table, name, type, comment FROM system.columns WHERE database IN "+in+" ORDER BY database, table, position",
		func(scan func(...any) error) error {
			var full string
			var c column
			err := scan(&full, &c.name, &c.typ, &c.comment)
			if t := inv.tables[full]; t != nil {
				t.columns = append(t.columns, c)
			}
			return err
		})
	return inv, err
}

// Rows is how many rows the tables hold, by "std.facility": those that are not
// merged away yet count.
func (w *Warehouse) Rows(ctx context.Context) (map[string]uint64, error) {
	out := map[string]uint64{}
	err := w.each(ctx, "SELECT database || '.' || table, sum(rows) FROM system.parts WHERE active GROUP BY database, table", func(scan func(...any) error) error {
		var name string
		var n uint64
		err := scan(&name, &n)
		out[name] = n
		return err
	})
	return out, err
}

// each calls row for every row of a query.
func (w *Warehouse) each(ctx context.Context, sql string, row func(scan func(...any) error) error) error {
	rows, err := w.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return fault.New(fault.Bug, "reading an answer of the warehouse: %w", err)
		}
	}
	return w.mark(rows.Err(), "reading an answer of the warehouse")
}

// steps is what turns the table that is there (nil: none) into the object.
func (o *object) steps(have *table) ([]Step, error) {
	switch {
	case have == nil && o.view == "":
		return []Step{step(o.full(), "create the table", o.ddl(o.name))}, nil
	case o.view != "":
		if have != nil && have.comment == o.viewComment() {
			return nil, nil
		}
		return []Step{step(o.full(), "create the view", o.ddl(o.name))}, nil
	}
	var steps []Step
	err := o.shape(have)
	if err == nil {
		steps, err = o.alter(have, nil)
	}
	if err != nil && o.derived {
		// Never in place: a reader sees the old rows until the moment of the new table.
		return writtenBy(writerSchedule, []Step{step(o.full(), "create the table anew: it is derived, the next run fills it",
			"CREATE OR REPLACE"+strings.TrimPrefix(o.ddl(o.name), "CREATE"))}), nil
	}
	return steps, err
}

// shape refuses a table whose engine, order key or partitioning differ: none
// of these can be changed in place.
func (o *object) shape(have *table) error {
	const out = "rongtong schema apply rewrites it beside the live table; rongtong schema plan shows how"
	if o.engine != have.engine && !strings.HasPrefix(o.engine, have.engine+"(") {
		return fault.Hint(fault.Config, out, "planning %q: the engine is %s and should be %s", o.full(), have.engine, o.engine)
	}
	if want := idents(o.order); o.joining(have) == nil && strings.ReplaceAll(have.sorting, "`", "") != strings.ReplaceAll(want, "`", "") {
		for _, k := range o.order {
			if !slices.Contains(strings.Split(have.sorting, ", "), k) {
				return fault.Hint(fault.Config, out, "planning %q: the order key (%s) does not cover the grain: column %q is not in it, so distinct rows would merge away", o.full(), have.sorting, k)
			}
		}
		return fault.Hint(fault.Config, out, "planning %q: the order key is (%s) and should be (%s)", o.full(), have.sorting, want)
	}
	if have.partition != o.partition {
		return fault.Hint(fault.Config, out, "planning %q: the partition key is (%s) and should be (%s)", o.full(), have.partition, o.partition)
	}
	return nil
}

// joining are the columns that join the end of a table's order key. The server
// takes them in one statement and rewrites nothing: it adds them without values,
// so the rows that are there stand in the new order already.
func (o *object) joining(have *table) []column {
	key := strings.Split(strings.ReplaceAll(have.sorting, "`", ""), ", ")
	if len(o.order) <= len(key) || !slices.Equal(o.order[:len(key)], key) {
		return nil
	}
	var out []column
	for _, k := range o.order[len(key):] {
		if !slices.Contains(o.joins, k) || have.has(k) {
			return nil
		}
		out = append(out, *o.column(k))
	}
	return out
}

// alter adds what is missing to a table of the right shape, and refuses what
// is not additive.
func (o *object) alter(have *table, allow allowed) ([]Step, error) {
	var steps []Step
	if joining := o.joining(have); joining != nil {
		var adds []string
		for _, c := range joining {
			adds = append(adds, "ADD COLUMN IF NOT EXISTS "+o.columnDDL(c))
		}
		steps = append(steps, step(o.full(), "extend the order key of", fmt.Sprintf("ALTER TABLE %s %s, MODIFY ORDER BY %s", o.live(), strings.Join(adds, ", "), tuple(o.order))))
		more := *have
		more.columns, more.sorting = slices.Concat(have.columns, joining), idents(o.order)
		then, err := o.alter(&more, allow)
		return append(steps, then...), err
	}
	add := func(doc, format string, args ...any) {
		steps = append(steps, step(o.full(), doc, fmt.Sprintf("ALTER TABLE %s.%s ", o.db, ident(o.name))+fmt.Sprintf(format, args...)))
	}
	after := "FIRST"
	for _, c := range o.columns {
		i := slices.IndexFunc(have.columns, func(h column) bool { return h.name == c.name })
		switch {
		case i < 0 && slices.Contains(o.order, c.name):
			return nil, fault.Hint(fault.Config, "declare a new entity, or migrate in full", "planning %q: column %q would join the order key of a table that is there", o.full(), c.name)
		case i < 0:
			add(fmt.Sprintf("add the column %q", c.name), "ADD COLUMN IF NOT EXISTS %s %s", o.columnDDL(c), after)
		case have.columns[i].typ != c.typ:
			return nil, fault.Hint(fault.Config, "give the column of the new type a new name, and map the flows to it",
				"planning %q: column %q has type %s and the declaration asks for %s", o.full(), c.name, have.columns[i].typ, c.typ)
		case have.columns[i].comment != c.comment && o.computed[c.name] != "":
			add(fmt.Sprintf("work out anew the column %q of", c.name), "MODIFY COLUMN %s", o.columnDDL(c))
		case have.columns[i].comment != c.comment:
			add(fmt.Sprintf("reword the comment of %q", c.name), "COMMENT COLUMN %s %s", ident(c.name), quote(c.comment))
		}
		after = "AFTER " + ident(c.name)
	}
	for _, h := range have.columns {
		if o.column(h.name) == nil && !o.keepsColumn(h.name) {
			return nil, fault.Hint(fault.Config, "keep the column declared, or drop it by hand once nobody needs it",
				"planning %q: column %q is in the warehouse and no longer declared", o.full(), h.name)
		}
	}
	if o.dedup && !have.windowed {
		add("remember insert tokens", "MODIFY SETTING non_replicated_deduplication_window = %d", window)
	}
	if o.blocks && !have.numbered {
		add("number its blocks", "MODIFY SETTING enable_block_number_column = 1")
	}
	ttl, err := o.ttlStep(have, allow)
	if err != nil {
		return nil, err
	}
	if ttl != "" {
		add("change how long rows are kept in", "%s", ttl)
	}
	if o.comment != have.comment {
		add("reword the comment", "MODIFY COMMENT %s", quote(o.comment))
	}
	return steps, nil
}

// fingerprint is a short name for a text: equal exactly when the text is.
func fingerprint(parts ...string) string {
	return fmt.Sprintf("%016x", xxhash.Sum64String(strings.Join(parts, "\x00")))
}

func indent(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }
