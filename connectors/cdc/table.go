package cdc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"rongtong/connectors"
	"rongtong/connectors/database"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// table is how the rows of one stream become records, from the snapshot and
// from the log alike.
type table struct {
	o      *opened
	stream *schemas.Stream
	from   from
	schema string // as the catalogue has it
	sel    *database.Select
	fields []database.Field
	hex    []bool // fields whose bytes are delivered as hexadecimal text
	as     []database.Declared
	order  []database.OrderBy
	at     int // the field of from.at, or -1
	key    []int
	object *connectors.Object
	events func(place, what string)

	layout  []column // of the rows in the log
	unknown map[string]int64
	bytes   int64
	cells   [][]byte // one row of the log, by field; unset ones are nil
	scratch []byte
}

// column is one column of the rows in the log.
type column struct {
	name  string
	field int // of the stream, or -1
	drop  bool
	n     int64 // values that were not delivered
}

func (o *opened) table(ctx context.Context, st *schemas.Stream) (*table, error) {
	f := o.froms[st.Name]
	cat, err := database.Describe(ctx, o.dialect, o.db, f.Schema, f.Table)
	if err != nil {
		return nil, err
	}
	t := &table{
		o: o, stream: st, from: f, schema: cat.Schema, at: -1, object: connectors.NewObject(st),
		fields: make([]database.Field, len(st.Fields)), hex: make([]bool, len(st.Fields)), cells: make([][]byte, len(st.Fields)),
		events: func(string, string) {}, unknown: map[string]int64{},
	}
	var names []string
	for _, c := range cat.Columns {
		names = append(names, c.Name)
	}
	for i, d := range st.Fields {
		c, ok := cat.Column(d.Key)
		if !ok {
			return nil, fault.Hint(fault.Config, decl.Suggest(d.Key, names), "the table has no column %q", d.Key)
		}
		t.hex[i] = slices.Contains(f.Hex, d.Key)
		if t.fields[i], err = o.dialect.Field(c, o.addr.Charset, t.hex[i]); err != nil {
			return nil, err
		}
		t.as = append(t.as, database.DeclaredAs(d.Value))
		if d.Key == f.At {
			t.at = i
		}
	}
	for _, k := range st.Key {
		t.key = append(t.key, t.object.Index(k))
	}
	key := cat.Key()
	for _, k := range key {
		i := t.object.Index(k)
		if i < 0 {
			return nil, fault.Hint(fault.Config, "declare it", "the primary key's column %q is no field of the stream", k)
		}
		t.order = append(t.order, database.OrderBy{Field: &t.fields[i], NeverNull: true})
	}
	if len(key) == 0 {
		return nil, fault.Hint(fault.Config, "give the table a primary key, or read it by comparison (kind: sql, compare: true)", "the table has no primary key: its changes cannot be told apart")
	}
	t.sel = o.dialect.From(f.Schema, f.Table, t.fields, t.order)
	return t, nil
}

// arrange learns the columns of the rows in the log, by name. A declared field
// that they lack is an error: half a row is never delivered.
func (t *table) arrange(names []string, place string) error {
	var added, gone []string
	old := t.layout
	t.countLayout()
	t.layout = nil
	for _, n := range names {
		t.layout = append(t.layout, column{name: n, field: t.object.Index(n), drop: slices.Contains(t.stream.Drop, n)})
		if old != nil && !slices.ContainsFunc(old, func(c column) bool { return c.name == n }) {
			added = append(added, n)
		}
	}
	for _, c := range old {
		if !slices.Contains(names, c.name) {
			gone = append(gone, c.name)
		}
	}
	if len(added) > 0 {
		t.events(place, fmt.Sprintf("columns were added to table %q: %s", t.from.Table, strings.Join(added, ", ")))
	}
	if len(gone) > 0 {
		t.events(place, fmt.Sprintf("columns were removed from table %q: %s", t.from.Table, strings.Join(gone, ", ")))
	}
	for _, f := range t.stream.Fields {
		if !slices.Contains(names, f.Key) {
			return fault.Hint(fault.Config, "change the declaration; the stream goes on from here once it fits the table",
				"at %s the table no longer has the column %q", place, f.Key)
		}
	}
	return nil
}

// countLayout moves the counts of the layout to those of the stream.
func (t *table) countLayout() {
	for i := range t.layout {
		c := &t.layout[i]
		if c.n > 0 {
			t.unknown[c.name] += c.n
			c.n = 0
		}
	}
}

func (t *table) addTo(out *connectors.Stats) {
	t.countLayout()
	out.Bytes = t.bytes
	out.DroppedFields, out.UnknownFields = map[string]int64{}, map[string]int64{}
	for name, n := range t.unknown {
		if slices.Contains(t.stream.Drop, name) {
			out.DroppedFields[name] = n
		} else {
			out.UnknownFields[name] = n
		}
	}
}

// set gives column i of the log's row its text; nil is null.
func (t *table) set(i int, text []byte) {
	c := &t.layout[i]
	t.bytes += int64(len(text))
	if c.field < 0 {
		c.n++
		return
	}
	t.cells[c.field] = text
}

// append delivers the row that was set. A deletion carries the key alone.
func (t *table) append(dst *record.Chunk, op record.Op, at time.Time, place string) {
	if op == record.Delete {
		for _, i := range t.key {
			t.fields[i].Put(t.object, i, t.as[i], t.cells[i])
		}
	} else {
		for i := range t.fields {
			t.fields[i].Put(t.object, i, t.as[i], t.cells[i])
		}
		at = t.rowTime(t.cells, at)
	}
	t.object.AppendTo(dst, at, op, place, "")
	clear(t.cells)
}

// rowTime is the time that a row names itself, or else the given one.
func (t *table) rowTime(cells [][]byte, otherwise time.Time) time.Time {
	if t.at < 0 || cells[t.at] == nil {
		return otherwise
	}
	if at, err := database.ParseTime(t.fields[t.at].Value(cells[t.at]), t.o.zone); err == nil {
		return at
	}
	return otherwise
}

// page reads the next rows of the snapshot by key, and says whether there may be
// more.
func (t *table) page(ctx context.Context, view database.Session, dst *record.Chunk, after []string, began time.Time) (last []string, more bool, err error) {
	query, args := t.sel.Page(database.Bounds{Order: t.order, Lo: after}, connectors.ChunkRows)
	rows, err := view.Query(ctx, query, args...)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	before, n := dst.Bytes(), 0
	for dst.Bytes()-before < connectors.ChunkBytes {
		cells, err := rows.Next()
		if err == io.EOF {
			return last, n == connectors.ChunkRows, nil
		}
		if err != nil {
			return nil, false, err
		}
		for i := range t.fields {
			t.bytes += int64(len(cells[i]))
			t.fields[i].Put(t.object, i, t.as[i], cells[i])
		}
		t.object.AppendTo(dst, t.rowTime(cells, began), record.Upsert, t.from.Table+" snapshot", "")
		n++
		last = last[:0]
		for _, v := range cells[len(t.fields):][:len(t.order)] {
			last = append(last, string(v))
		}
	}
	return last, true, nil
}
