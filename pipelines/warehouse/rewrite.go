package warehouse

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"rongtong/schemas/fault"
)

// A rewrite gives a table of facts another type, order key or engine while
// readers go on reading it:
//
//  1. <table>__next is created in the new shape; its comment carries the mark
//     of a rewrite: what it is to become, and the bounds of the copy.
//  2. The rows are copied range by range of the first order column. A range
//     holds all versions of its things; FINAL drops the exact repeats, and the
//     engine drops what a repeated copy brings twice.
//  3. EXCHANGE TABLES swaps the two names at one moment.
//  4. Range by range, what reached the old table during the copy is added, and
//     it is proved that every thing of the old table is in the new one, and in
//     no older version.
//  5. The old table is dropped.
//
// The state of a rewrite is the warehouse's own: which of the two tables bears
// the mark, and which ranges hold as many things on both sides. So a plan made
// after a crash at any moment begins where the work stands, and repeating a
// statement changes nothing.
//
// No writer may meet a rewrite, and its steps say so (Step.Writer): the proof of
// (4) holds for what is in the old table when it is made. Whoever runs the steps
// keeps the writers out until the last one, as schema apply does.
const nextSuffix = "__next"

// mark is the comment of a table that a rewrite is filling.
type mark struct {
	Target string   `json:"rewrite"` // fingerprint of the new shape
	Bounds []string `json:"bounds"`  // of the first order column, as text; ranges are [i, i+1)
}

func parseMark(comment string) (mark, bool) {
	var m mark
	return m, strings.HasPrefix(comment, `{"rewrite"`) && json.Unmarshal([]byte(comment), &m) == nil
}

func (m mark) String() string {
	text, _ := json.Marshal(m)
	return string(text)
}

// rangeRows is how many rows a range of a copy holds, about.
const rangeRows = 1_000_000

// rewrite plans what is left of a rewrite of have into o.
func (w *Warehouse) rewrite(ctx context.Context, o *object, have, next *table, allow allowed) ([]Step, error) {
	target := fingerprint(o.ddl(o.name))
	if next != nil {
		if m, ok := parseMark(next.comment); ok && m.Target == target {
			return w.copySteps(ctx, o, have, m, true)
		}
		// A copy for a declaration that has changed since: it holds nothing of its own.
		drop := step(o.full()+nextSuffix, "drop the copy that another declaration began", "DROP TABLE IF EXISTS "+o.nextName()+" SYNC")
		if _, ok := parseMark(next.comment); !ok {
			return nil, fault.Hint(fault.Config, "apply the declarations that began it first", "planning %q: the rewrite before has not ended: %q still holds its old rows", o.full(), o.full()+nextSuffix)
		}
		steps, err := w.beginCopy(ctx, o, have, target, allow)
		return append([]Step{drop}, steps...), err
	}
	return w.beginCopy(ctx, o, have, target, allow)
}

func (o *object) nextName() string { return o.db + "." + ident(o.name+nextSuffix) }

func (w *Warehouse) beginCopy(ctx context.Context, o *object, have *table, target string, allow allowed) ([]Step, error) {
	if !strings.HasSuffix(have.engine, "MergeTree") {
		return nil, fault.Hint(fault.Config, "insert its rows into a table of the house by hand", "planning %q: the engine is %s: it has no order to copy by", o.full(), have.engine)
	}
	if err := w.loss(ctx, o, have, allow); err != nil {
		return nil, err
	}
	bounds, err := w.bounds(ctx, o, have)
	if err != nil {
		return nil, err
	}
	m := mark{target, bounds}
	next := *o
	next.comment = m.String()
	create := step(o.full()+nextSuffix, "create the table to come", strings.Replace(next.ddl(o.name+nextSuffix), "CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1))
	steps, err := w.copySteps(ctx, o, have, m, false)
	return append([]Step{create}, steps...), err
}

// bounds cut the first order column into ranges of about rangeRows. They are
// found from a sample and kept in the mark, because a second sample may differ.
func (w *Warehouse) bounds(ctx context.Context, o *object, have *table) ([]string, error) {
	var rows uint64
	if err := w.QueryRow(ctx, "SELECT count() FROM "+o.live(), []any{&rows}); err != nil {
		return nil, err
	}
	n := int(rows / rangeRows)
	if n < 1 {
		return []string{}, nil
	}
	by, _ := have.lead()
	var sample []string
	err := w.each(ctx, fmt.Sprintf("SELECT DISTINCT toString(v) FROM (SELECT arrayJoin(arraySort(groupArraySample(%d, 1)(%s))) AS v FROM %s)", 64*(n+1), ident(by), o.live()),
		func(scan func(...any) error) error {
			var v string
			err := scan(&v)
			sample = append(sample, v)
			return err
		})
	bounds := []string{}
	for i := 1; i <= n && len(sample) > n; i++ {
		bounds = append(bounds, sample[i*len(sample)/(n+1)])
	}
	return bounds, err
}

func (o *object) live() string { return o.db + "." + ident(o.name) }

// ranges are the conditions that cut a table, by the old table's first order
// column; typ is the type the bounds are read as.
func (m mark) ranges(by, typ string) []string {
	if len(m.Bounds) == 0 {
		return []string{"1"}
	}
	at := func(i int) string { return fmt.Sprintf("CAST(%s, %s)", quote(m.Bounds[i]), quote(typ)) }
	out := []string{ident(by) + " < " + at(0)}
	for i := 1; i < len(m.Bounds); i++ {
		out = append(out, fmt.Sprintf("%[1]s >= %[2]s AND %[1]s < %[3]s", ident(by), at(i-1), at(i)))
	}
	return append(out, ident(by)+" >= "+at(len(m.Bounds)-1))
}

// copySteps are the ranges still to copy, the exchange and what follows it.
func (w *Warehouse) copySteps(ctx context.Context, o *object, have *table, m mark, begun bool) ([]Step, error) {
	by, typ := have.lead()
	ranges := m.ranges(by, typ)
	var steps []Step
	for i, in := range ranges {
		if begun {
			done, err := w.copied(ctx, o, have, in, newRange(o, m, by, i))
			if err != nil {
				return nil, err
			}
			if done {
				continue
			}
		}
		steps = append(steps, step(o.full()+nextSuffix, fmt.Sprintf("copy range %d of %d into", i+1, len(ranges)),
			o.copySQL(have, o.live(), o.nextName(), in, "")))
	}
	steps = append(steps, step(o.full(), "exchange with the table to come", fmt.Sprintf("EXCHANGE TABLES %s AND %s", o.live(), o.nextName())))
	return append(steps, o.endSteps(have, m)...), nil
}

// endRewrite is what is left after the exchange: the old rows stand under
// <table>__next, the table itself still bears the mark.
func (o *object) endRewrite(live, old *table) ([]Step, bool) {
	m, marked := parseMark(live.comment)
	if !marked {
		return nil, false
	}
	if old == nil { // dropped already: only the comment is left
		return nil, true
	}
	return o.endSteps(old, m), true
}

func (o *object) endSteps(old *table, m mark) []Step {
	by, typ := old.lead()
	ranges := m.ranges(by, typ)
	var steps []Step
	for i, in := range ranges {
		missing := o.missing(old, o.nextName(), in, o.live(), newRange(o, m, by, i))
		steps = append(steps, step(o.full(), fmt.Sprintf("add what arrived during the copy, range %d of %d, to", i+1, len(ranges)),
			o.copySQL(old, o.nextName(), o.live(), in, missing)))
	}
	for i, in := range ranges {
		steps = append(steps, step(o.full(), fmt.Sprintf("prove that nothing is missing, range %d of %d, in", i+1, len(ranges)),
			fmt.Sprintf("SELECT throwIf(count() > 0, 'rows of the old table are missing in the new one') FROM (%s) FORMAT Null",
				o.missing(old, o.nextName(), in, o.live(), newRange(o, m, by, i)))))
	}
	return append(steps,
		step(o.full()+nextSuffix, "drop the old rows", "DROP TABLE IF EXISTS "+o.nextName()+" SYNC"),
		step(o.full(), "reword the comment", fmt.Sprintf("ALTER TABLE %s MODIFY COMMENT %s", o.live(), quote(o.comment))))
}

// newRange is the range in the new table, or everything where its values are
// no longer those of the old one: the comparison is then right but slower.
func newRange(o *object, m mark, by string, i int) string {
	if c := o.column(by); c != nil && o.order[0] == by {
		return m.ranges(by, c.typ)[i]
	}
	return "1"
}

// lead is the first order column of a table and its type.
func (t *table) lead() (name, typ string) {
	name = strings.Trim(strings.Split(t.sorting, ", ")[0], "`")
	for _, c := range t.columns {
		if c.name == name {
			return name, c.typ
		}
	}
	return name, "String"
}

func (o *object) column(name string) *column {
	if i := slices.IndexFunc(o.columns, func(c column) bool { return c.name == name }); i >= 0 {
		return &o.columns[i]
	}
	return nil
}

// things is the hash that tells rows of the order key apart, over rows as reshaped
// selects them.
func things(key []string) string {
	parts := make([]string, len(key))
	for i, k := range key {
		parts[i] = "toString(" + ident(k) + ")"
	}
	return "sipHash128(" + strings.Join(parts, ", ") + ")"
}

// grain is the part of an order key that tells things and their versions apart;
// what else is claimed about one only follows it.
func grain(key []string) []string {
	if i := slices.Index(key, contentColumn); i >= 0 {
		return key[:i]
	}
	return key
}

// reshaped selects the rows of a table of the old shape with the columns of the new
// one, those too that the server will work out of them.
func (o *object) reshaped(have *table, from, where string) string {
	var old, named, worked []string
	for _, c := range o.columns {
		switch expr := o.computed[c.name]; {
		case have.has(c.name) && o.written(c.name):
			old = append(old, convert(have, c)+" AS "+ident("new_"+c.name))
			named = append(named, ident("new_"+c.name)+" AS "+ident(c.name))
		case expr != "":
			_, expr, _ = strings.Cut(expr, " ")
			worked = append(worked, expr+" AS "+ident(c.name))
		default:
			named = append(named, fmt.Sprintf("defaultValueOfTypeName(%s) AS %s", quote(c.typ), ident(c.name)))
		}
	}
	sql := fmt.Sprintf("SELECT %s FROM (SELECT %s FROM %s WHERE %s)", strings.Join(named, ", "), strings.Join(old, ", "), from, where)
	if len(worked) == 0 {
		return sql
	}
	return fmt.Sprintf("SELECT *, %s FROM (%s)", strings.Join(worked, ", "), sql)
}

// missing selects the things of a range of the old table that the new one lacks
// or holds in an older version only: hash and greatest version. A correction may
// have the key of what it corrects, so the key alone would not miss it.
func (o *object) missing(old *table, from, in, into, fresh string) string {
	newest := func(rows string) string {
		return fmt.Sprintf("SELECT %s AS k, max(%s) AS v, 1 AS there FROM %s GROUP BY k", things(o.order), o.version(), rows)
	}
	return fmt.Sprintf("SELECT o.k, o.v FROM (%s) AS o LEFT JOIN (%s) AS n ON n.k = o.k WHERE n.there = 0 OR o.v > n.v",
		newest("("+o.reshaped(old, from, in)+")"), newest(into+" WHERE "+fresh))
}

// version is the expression by which the engine chooses among equal keys.
func (o *object) version() string {
	if v, ok := strings.CutPrefix(o.engine, "ReplacingMergeTree("); ok {
		return ident(strings.TrimSuffix(v, ")"))
	}
	if o.column(deliveryColumn) != nil {
		return deliveryColumn // of two rows of one claim none is lost, but the later one has to be there
	}
	return "0"
}

// copied reports whether a range is wholly in the table to come.
func (w *Warehouse) copied(ctx context.Context, o *object, have *table, in, fresh string) (bool, error) {
	var n uint64
	err := w.QueryRow(ctx, fmt.Sprintf("SELECT count() FROM (%s)", o.missing(have, o.live(), in, o.nextName(), fresh)), []any{&n})
	return n == 0, err
}

// copySQL copies a range of the old table into the new one: all of it, or, where
// missing is not empty, the things and versions that it selects. A table that folds
// rows by itself gets all of them, because each may tell something.
func (o *object) copySQL(have *table, from, into, in, missing string) string {
	var names []string
	for _, c := range o.columns {
		if have.has(c.name) && o.written(c.name) {
			names = append(names, ident(c.name))
		}
	}
	if strings.HasPrefix(have.engine, "Replacing") && strings.HasPrefix(o.engine, "Replacing") {
		from += " FINAL"
	}
	only := "1"
	if missing != "" {
		only = fmt.Sprintf("(%s, %s) IN (%s)", things(o.order), o.version(), missing)
	}
	list := strings.Join(names, ", ")
	return fmt.Sprintf("INSERT INTO %s (%s)\nSELECT %s\nFROM (%s)\nWHERE %s\nSETTINGS insert_deduplicate = 0, max_insert_threads = 1",
		into, list, list, o.reshaped(have, from, in), only)
}

func (t *table) has(name string) bool {
	return slices.ContainsFunc(t.columns, func(c column) bool { return c.name == name })
}

func (t *table) typ(name string) string {
	for _, c := range t.columns {
		if c.name == name {
			return c.typ
		}
	}
	return ""
}

// bare strips what does not change a value's kind.
func bareType(typ string) (base string, nullable bool) {
	for {
		switch {
		case strings.HasPrefix(typ, "Nullable("):
			typ, nullable = typ[len("Nullable("):len(typ)-1], true
		case strings.HasPrefix(typ, "SimpleAggregateFunction("):
			_, typ, _ = strings.Cut(typ[:len(typ)-1], ", ")
		case strings.HasPrefix(typ, "LowCardinality("):
			typ = typ[len("LowCardinality(") : len(typ)-1]
		default:
			return typ, nullable
		}
	}
}

// convert is the value of a new column from a row of the old table. What has
// no value of the new type becomes null, or the type's default where the new
// column may not be null; loss counts these before anything is copied.
func convert(have *table, c column) string {
	x, old := ident(c.name), have.typ(c.name)
	if old == c.typ || old == "" {
		return x
	}
	x = attempt(x, old, c.typ)
	if _, nullable := bareType(c.typ); !nullable && !strings.HasPrefix(c.typ, "Array(") {
		base, _ := bareType(c.typ)
		x = fmt.Sprintf("ifNull(%s, defaultValueOfTypeName(%s))", x, quote(base))
	}
	return x
}

// attempt is null where the value has no equal in the new type.
func attempt(x, old, typ string) string {
	from, _ := bareType(old)
	base, _ := bareType(typ)
	switch {
	case from == base:
		return x
	case base == "Array(String)":
		return fmt.Sprintf("if(empty(ifNull(toString(%[1]s), '')), [], splitByChar(',', ifNull(toString(%[1]s), '')))", x)
	case from == "Array(String)":
		return fmt.Sprintf("if(empty(%[1]s), NULL, arrayStringConcat(%[1]s, ','))", x)
	case strings.HasPrefix(base, "FixedString("):
		n := base[len("FixedString(") : len(base)-1]
		return fmt.Sprintf("if(length(toString(%[1]s)) = %[2]s, toFixedString(substring(toString(%[1]s), 1, %[2]s), %[2]s), NULL)", x, n)
	case base == "String":
		return "toString(" + x + ")"
	}
	return fmt.Sprintf("accurateCastOrNull(toString(%s), %s)", x, quote(base))
}

// allowed are the losses that a person named: "drop:std.facility.area_m2",
// "convert:std.facility.area_m2", "merge:std.facility".
type allowed []string

func (a allowed) has(name string) bool { return slices.Contains(a, name) }

func refuse(name, format string, args ...any) error {
	return fault.Hint(fault.Config, "say --allow "+name+" if that is meant", "%w", &Loss{name, fmt.Sprintf(format, args...)})
}

// Loss is what a plan would lose, by the name that PlanChange allows it by.
type Loss struct{ Name, What string }

func (l *Loss) Error() string { return l.What }

// loss refuses a rewrite that would lose a column, a value or a thing, unless
// its name is allowed. It asks the data, not the types: a text column that
// holds only numbers becomes a number without loss.
func (w *Warehouse) loss(ctx context.Context, o *object, have *table, allow allowed) error {
	for _, h := range have.columns {
		if name := "drop:" + o.full() + "." + h.name; o.column(h.name) == nil && !allow.has(name) {
			return refuse(name, "planning %q: column %q is in the warehouse and no longer declared; its values would be lost", o.full(), h.name)
		}
	}
	for _, c := range o.columns {
		old := have.typ(c.name)
		if old == c.typ {
			continue
		}
		if old == "" && slices.Contains(o.order, c.name) && o.computed[c.name] == "" {
			return fault.Hint(fault.Config, "add the column first, fill it, and make it part of the key then",
				"planning %q: the order key does not cover the grain: column %q would join it and no row has a value", o.full(), c.name)
		}
		if err := w.lostValues(ctx, o, old, c, allow); err != nil {
			return err
		}
	}
	return w.lostThings(ctx, o, have, allow)
}

func (w *Warehouse) lostValues(ctx context.Context, o *object, old string, c column, allow allowed) error {
	name := "convert:" + o.full() + "." + c.name
	if old == "" || allow.has(name) {
		return nil
	}
	x := ident(c.name)
	cond := fmt.Sprintf("isNotNull(%s) AND isNull(%s)", x, attempt(x, old, c.typ))
	if _, nullable := bareType(c.typ); !nullable && !strings.HasPrefix(c.typ, "Array(") {
		cond = fmt.Sprintf("isNull(%s)", attempt(x, old, c.typ))
	}
	var n uint64
	if err := w.QueryRow(ctx, fmt.Sprintf("SELECT countIf(%s) FROM %s", cond, o.live()), []any{&n}); err != nil {
		return err
	}
	if n > 0 {
		return refuse(name, "planning %q: %d rows have no value of type %s in column %q (now %s)", o.full(), n, c.typ, c.name, old)
	}
	return nil
}

// lostThings counts what only a part of the old order key, which the new one
// leaves out, tells apart.
func (w *Warehouse) lostThings(ctx context.Context, o *object, have *table, allow allowed) error {
	name := "merge:" + o.full()
	oldKey, key := grain(strings.Split(strings.ReplaceAll(have.sorting, "`", ""), ", ")), grain(o.order)
	shorter := slices.ContainsFunc(oldKey, func(k string) bool { return !slices.Contains(key, k) }) ||
		slices.ContainsFunc(key, func(k string) bool { return have.typ(k) != o.column(k).typ })
	if !shorter || allow.has(name) {
		return nil
	}
	var before, after uint64
	err := w.QueryRow(ctx, fmt.Sprintf("SELECT (SELECT uniqExact(sipHash128(%s)) FROM %s), (SELECT uniqExact(%s) FROM (%s))",
		idents(oldKey), o.live(), things(key), o.reshaped(have, o.live(), "1")), []any{&before, &after})
	if err == nil && after < before {
		return refuse(name, "planning %q: the order key does not cover the grain: %d rows that are distinct now would merge into %d", o.full(), before, after)
	}
	return err
}
