package transforms

import (
	"bytes"
	"unsafe"

	"rongtong/schemas"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
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
	common common // of a common column; zero for the entity's own
}

// common is a column that every entity has.
type common uint8

const (
	srcSystem common = iota + 1
	srcTier
	srcDivision
	srcRecordID
	eventTime
	arrivedAt
	version
	isDeleted
	qFlags
	kafkaTopic
	kafkaPartition
	kafkaOffset
	place
)

var commons = map[string]common{
	"src_system": srcSystem, "src_tier": srcTier, schemas.SrcDivision: srcDivision, "src_record_id": srcRecordID,
	eventTimeColumn: eventTime, "arrived_at": arrivedAt, "version": version, "is_deleted": isDeleted, "q_flags": qFlags,
	"kafka_topic": kafkaTopic, "kafka_partition": kafkaPartition, "kafka_offset": kafkaOffset, "place": place,
}

func (c *compiler) targets() {
	for _, col := range schemas.StdColumns(c.entity) {
		t := target{typ: col.Type, step: -1}
		if schemas.IsCommon(col.Name) {
			if t.common = commons[col.Name]; t.common == 0 {
				panic("transforms: nothing fills the common column " + col.Name)
			}
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
	seen    []map[uint64]uint64 // by rule of uniqueness: which thing took which values
	// topic and partition are those of the rows that are not yet written to
	// their columns: what is the same for a whole chunk is written at once.
	topic     string
	partition int32
}

// NewBatch makes an empty batch for a plan. The caller releases it.
func NewBatch(mem memory.Allocator, p *Plan) *Batch {
	b := &Batch{plan: p, mem: mem, writers: make([]writer, len(p.columns))}
	b.st.scan = newScanner(p.fields)
	b.st.vals = make([]value, len(p.steps))
	b.st.memos = make([]memo, len(p.steps))
	b.seen = make([]map[uint64]uint64, p.uniques)
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
func (b *Batch) Bytes() int {
	n := 0
	for i := range b.writers {
		n += b.writers[i].size(b.rows)
	}
	return n
}

// UnknownKeys counts the keys met in records that the stream does not declare,
// since the batch was made. They are left out of the rows.
func (b *Batch) UnknownKeys() int { return b.st.scan.unknown }

// Take returns the rows as a record that the caller owns and must release. The
// batch is empty afterwards and can be filled again.
func (b *Batch) Take() arrow.Record {
	b.settle()
	cols := make([]arrow.Array, len(b.writers))
	for i := range b.writers {
		cols[i] = b.writers[i].take()
	}
	rec := array.NewRecord(b.plan.schema, cols, int64(b.rows))
	for _, c := range cols {
		c.Release()
	}
	b.rows = 0
	return rec
}

// settle writes the columns that are the same for many rows up to the last row.
func (b *Batch) settle() {
	p := b.plan
	for i := range p.columns {
		w := &b.writers[i]
		switch p.columns[i].common {
		case srcSystem:
			w.text.repeat(borrow(p.system), b.rows-w.text.n)
		case srcTier:
			w.text.repeat(borrow(p.tier), b.rows-w.text.n)
		case srcDivision:
			if p.srcDivision < 0 {
				w.text.repeat(p.root, b.rows-w.text.n)
			}
		case kafkaTopic:
			w.text.repeat(borrow(b.topic), b.rows-w.text.n)
		case kafkaPartition:
			w.nums.repeat(int64(b.partition), b.rows-w.nums.n)
		}
	}
}

// Release frees the batch and the rows in it.
func (b *Batch) Release() {
	for i := range b.writers {
		b.writers[i].release()
	}
	b.writers = nil
}

// reserve makes room for n rows of a chunk.
func (b *Batch) reserve(n int, topic string, partition int32) {
	if b.topic != topic || b.partition != partition {
		b.settle()
		b.topic, b.partition = topic, partition
	}
	for i := range b.writers {
		b.writers[i].reserve(n)
	}
}

// writer appends to one column. Exactly one of text, nums, list and dict is set.
type writer struct {
	text *texts
	nums *fixed
	list *array.ListBuilder
	item *array.BinaryBuilder
	dict *array.MapBuilder
	key  *array.StringBuilder
	val  *array.StringBuilder
}

func newWriter(mem memory.Allocator, t schemas.Type) writer {
	switch typ := arrowType(t).(type) {
	case *arrow.StringType:
		return writer{text: newTexts(mem)}
	case arrow.FixedWidthDataType:
		return writer{nums: newFixed(mem, typ)}
	default:
		switch b := array.NewBuilder(mem, typ).(type) {
		case *array.MapBuilder:
			return writer{dict: b, key: b.KeyBuilder().(*array.StringBuilder), val: b.ItemBuilder().(*array.StringBuilder)}
		case *array.ListBuilder:
			return writer{list: b, item: b.ValueBuilder().(*array.StringBuilder).BinaryBuilder}
		}
	}
	panic("transforms: no writer for a column of type " + string(t))
}

// builder is Arrow's own, for lists and maps.
func (w *writer) builder() array.Builder {
	if w.list != nil {
		return w.list
	}
	return w.dict
}

func (w *writer) reserve(n int) {
	switch {
	case w.text != nil:
		w.text.reserve(n)
	case w.nums != nil:
		w.nums.reserve(n)
	default:
		w.builder().Reserve(n)
	}
}

func (w *writer) take() arrow.Array {
	switch {
	case w.text != nil:
		return w.text.take()
	case w.nums != nil:
		return w.nums.take()
	}
	return w.builder().NewArray()
}

func (w *writer) release() {
	switch {
	case w.text != nil:
		w.text.release()
	case w.nums != nil:
		w.nums.release()
	default:
		w.builder().Release()
	}
}

func (w *writer) size(rows int) int {
	switch {
	case w.text != nil:
		return w.text.used + 4*rows
	case w.nums != nil:
		return w.nums.width * rows
	case w.list != nil:
		return w.item.DataLen() + 4*(rows+w.item.Len())
	}
	return w.key.DataLen() + w.val.DataLen() + 4*(rows+2*w.key.Len())
}

// put appends a value of the entity's own columns. Capacity for the row has
// been reserved, except for the bytes of texts.
func (w *writer) put(v *value, st *state) {
	switch {
	case w.text != nil:
		if v.null {
			w.text.null()
		} else {
			w.text.add(v.b)
		}
	case w.nums != nil:
		if v.null {
			w.nums.null()
		} else {
			w.nums.add(v.i)
		}
	case w.dict != nil:
		w.putMap(v, st)
	default:
		w.putList(v, st)
	}
}

// putMap appends a list of texts "key=value" as a map; a text without "=" is a
// key with an empty value. Null is an empty map, like for lists.
func (w *writer) putMap(v *value, st *state) {
	w.dict.Append(true)
	if !v.null {
		for _, e := range st.list[v.from:v.to] {
			k, val, _ := bytes.Cut(e, equals)
			w.key.BinaryBuilder.Append(k)
			w.val.BinaryBuilder.Append(val)
		}
	}
}

var equals = []byte("=")

// putList appends a list; null is an empty list, because the warehouse has no
// nullable lists.
func (w *writer) putList(v *value, st *state) {
	w.list.Append(true)
	if !v.null {
		for _, e := range st.list[v.from:v.to] {
			w.item.Append(e)
		}
	}
}

// borrow is the bytes of a string, which must not be written.
func borrow(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
