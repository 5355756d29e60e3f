package transforms

import (
	"bytes"
	"unsafe"

	"rongtong/schemas"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// ArrowSchema is the schema of an entity's rows: the columns of
// schemas.StdColumns, in order. Texts and codes are plain utf8: dictionaries
// were measured to load slower. A column of the entity that is not part of its
// key may be null even if it is declared otherwise, because a delete carries
// nothing but the key and the division.
func ArrowSchema(e *schemas.Entity) *arrow.Schema {
	var fields []arrow.Field
	for _, c := range schemas.StdColumns(e) {
		fields = append(fields, arrow.Field{
			Name: c.Name, Type: arrowType(c.Type),
			Nullable: !schemas.IsCommon(c.Name) && !e.IsKey(c.Name) && !c.Type.Collection(),
		})
	}
	return arrow.NewSchema(fields, nil)
}

var decimal18 = &arrow.Decimal128Type{Precision: 18, Scale: 4}
var millis = &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}

func arrowType(t schemas.Type) arrow.DataType {
	switch t {
	case schemas.Int:
		return arrow.PrimitiveTypes.Int64
	case schemas.Measure:
		return decimal18
	case schemas.Date:
		return arrow.FixedWidthTypes.Date32
	case schemas.Time:
		return millis
	case schemas.List:
		return arrow.ListOfField(arrow.Field{Name: "item", Type: arrow.BinaryTypes.String})
	case schemas.Map:
		return arrow.MapOf(arrow.BinaryTypes.String, arrow.BinaryTypes.String)
	case schemas.UInt8:
		return arrow.PrimitiveTypes.Uint8
	case schemas.UInt16:
		return arrow.PrimitiveTypes.Uint16
	case schemas.UInt32:
		return arrow.PrimitiveTypes.Uint32
	case schemas.UInt64:
		return arrow.PrimitiveTypes.Uint64
	}
	return arrow.BinaryTypes.String
}

// target says what fills a column: a step of the plan, one of the common
// values, or nothing.
type target struct {
	typ    schemas.Type
	step   int
	common string // name of the common column; empty for the entity's own
}

func (c *compiler) targets() {
	for _, col := range schemas.StdColumns(c.entity) {
		t := target{typ: col.Type, step: -1}
		if schemas.IsCommon(col.Name) {
			t.common = col.Name
		} else {
			for i := range c.plan.steps {
				if c.plan.steps[i].column == col.Name {
					t.step = i
				}
			}
		}
		c.plan.columns = append(c.plan.columns, t)
	}
}

// Batch collects the rows of one plan column by column. It is used by one
// goroutine at a time and may be filled by several chunks before it is taken.
type Batch struct {
	plan    *Plan
	mem     memory.Allocator
	st      state
	writers []writer
	rows    int
	bytes   int
}

// NewBatch makes an empty batch for a plan. The caller releases it.
func NewBatch(mem memory.Allocator, p *Plan) *Batch {
	b := &Batch{plan: p, mem: mem, writers: make([]writer, len(p.columns))}
	b.st.scan = newScanner(p.fields)
	b.st.vals = make([]value, len(p.steps))
	b.st.types = p.types
	b.st.arena = make([]byte, 0, 4<<10)
	for i := range p.columns {
		b.writers[i] = newWriter(mem, p.columns[i].typ)
	}
	return b
}

// Rows is the number of rows in the batch.
func (b *Batch) Rows() int { return b.rows }

// Bytes is about the memory that the rows of the batch take.
func (b *Batch) Bytes() int { return b.bytes }

// UnknownKeys counts the keys met in records that the stream does not declare,
// since the batch was made. They are left out of the rows.
func (b *Batch) UnknownKeys() int { return b.st.scan.unknown }

// Take returns the rows as a record that the caller owns and must release. The
// batch is empty afterwards and can be filled again.
func (b *Batch) Take() arrow.Record {
	cols := make([]arrow.Array, len(b.writers))
	for i := range b.writers {
		cols[i] = b.writers[i].take()
	}
	rec := array.NewRecord(b.plan.schema, cols, int64(b.rows))
	for _, c := range cols {
		c.Release()
	}
	b.rows, b.bytes = 0, 0
	return rec
}

// Release frees the batch and the rows in it.
func (b *Batch) Release() {
	for i := range b.writers {
		b.writers[i].release()
	}
	b.writers = nil
}

func (b *Batch) reserve(n int) {
	for i := range b.writers {
		b.writers[i].reserve(n)
	}
}

// writer appends to one column. Exactly one of the typed builders is set; it
// is the same as builder, except for texts, which have none.
type writer struct {
	builder array.Builder
	text    *texts
	i64     *array.Int64Builder
	dec     *array.Decimal128Builder
	date    *array.Date32Builder
	time    *array.TimestampBuilder
	list    *array.ListBuilder
	item    *array.BinaryBuilder
	dict    *array.MapBuilder
	key     *array.StringBuilder
	val     *array.StringBuilder
	u8      *array.Uint8Builder
	u16     *array.Uint16Builder
	u32     *array.Uint32Builder
	u64     *array.Uint64Builder
}

func newWriter(mem memory.Allocator, t schemas.Type) writer {
	if arrowType(t) == arrow.BinaryTypes.String {
		return writer{text: newTexts(mem)}
	}
	w := writer{builder: array.NewBuilder(mem, arrowType(t))}
	switch x := w.builder.(type) {
	case *array.MapBuilder:
		w.dict = x
		w.key = x.KeyBuilder().(*array.StringBuilder)
		w.val = x.ItemBuilder().(*array.StringBuilder)
	case *array.Int64Builder:
		w.i64 = x
	case *array.Decimal128Builder:
		w.dec = x
	case *array.Date32Builder:
		w.date = x
	case *array.TimestampBuilder:
		w.time = x
	case *array.ListBuilder:
		w.list = x
		w.item = x.ValueBuilder().(*array.StringBuilder).BinaryBuilder
	case *array.Uint8Builder:
		w.u8 = x
	case *array.Uint16Builder:
		w.u16 = x
	case *array.Uint32Builder:
		w.u32 = x
	case *array.Uint64Builder:
		w.u64 = x
	}
	return w
}

func (w *writer) reserve(n int) {
	if w.text != nil {
		w.text.reserve(n)
	} else {
		w.builder.Reserve(n)
	}
}

func (w *writer) take() arrow.Array {
	if w.text != nil {
		return w.text.take()
	}
	return w.builder.NewArray()
}

func (w *writer) release() {
	if w.text != nil {
		w.text.release()
	} else {
		w.builder.Release()
	}
}

// put appends a value of the entity's own columns and returns its size.
// Capacity for the row has been reserved, except for the bytes of texts.
func (w *writer) put(v *value, st *state) int {
	switch {
	case w.text != nil:
		if v.null {
			w.text.null()
			return 4
		}
		return w.putText(v.b)
	case v.null && w.list == nil && w.dict == nil:
		w.builder.AppendNull()
		return 4
	case w.dec != nil:
		w.dec.UnsafeAppend(decimal128.FromI64(v.i))
		return 16
	case w.date != nil:
		w.date.UnsafeAppend(arrow.Date32(v.i))
		return 4
	case w.time != nil:
		w.time.UnsafeAppend(arrow.Timestamp(v.i))
	case w.i64 != nil:
		w.i64.UnsafeAppend(v.i)
	case w.dict != nil:
		return w.putMap(v, st)
	default:
		return w.putList(v, st)
	}
	return 8
}

// putMap appends a list of texts "key=value" as a map; a text without "=" is a
// key with an empty value. Null is an empty map, like for lists.
func (w *writer) putMap(v *value, st *state) int {
	w.dict.Append(true)
	n := 4
	if !v.null {
		for _, e := range st.list[v.from:v.to] {
			k, val, _ := bytes.Cut(e, equals)
			w.key.BinaryBuilder.Append(k)
			w.val.BinaryBuilder.Append(val)
			n += len(e) + 8
		}
	}
	return n
}

var equals = []byte("=")

// putList appends a list; null is an empty list, because the warehouse has no
// nullable lists.
func (w *writer) putList(v *value, st *state) int {
	w.list.Append(true)
	n := 4
	if !v.null {
		for _, e := range st.list[v.from:v.to] {
			w.item.Append(e)
			n += len(e) + 4
		}
	}
	return n
}

func (w *writer) putText(b []byte) int {
	w.text.add(b)
	return len(b) + 4
}

// borrow is the bytes of a string, which must not be written.
func borrow(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
