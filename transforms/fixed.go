package transforms

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// fixed builds a column of values of 1, 2, 4, 8 or 16 bytes. Like texts it
// writes into the buffers themselves, and it keeps validity only once there is
// a null: most columns of most batches have none.
type fixed struct {
	mem   memory.Allocator
	typ   arrow.DataType
	width int
	data  *memory.Buffer
	bytes []byte // views of data, whole capacity; the one of the width is used
	i16   []uint16
	i32   []uint32
	i64   []uint64
	valid validity
	n     int
	last  int // rows of the batch before: the size to begin with
}

func newFixed(mem memory.Allocator, typ arrow.DataType) *fixed {
	return &fixed{mem: mem, typ: typ, width: typ.(arrow.FixedWidthDataType).BitWidth() / 8, valid: validity{mem: mem}}
}

// reserve makes room for n more rows; add, add128 and null need it.
func (f *fixed) reserve(n int) {
	if f.data == nil {
		f.data = memory.NewResizableBuffer(f.mem)
		n = max(n, f.last)
	}
	size := (f.n + n) * f.width
	if size <= len(f.bytes) {
		return
	}
	f.data.Resize(max(size, 2*len(f.bytes), 64))
	f.bytes = f.data.Bytes()
	switch f.width {
	case 2:
		f.i16 = arrow.Uint16Traits.CastFromBytes(f.bytes)
	case 4:
		f.i32 = arrow.Uint32Traits.CastFromBytes(f.bytes)
	case 8, 16:
		f.i64 = arrow.Uint64Traits.CastFromBytes(f.bytes)
	}
}

func (f *fixed) add(v int64) {
	switch f.width {
	case 8:
		f.i64[f.n] = uint64(v)
	case 16:
		f.i64[2*f.n], f.i64[2*f.n+1] = uint64(v), uint64(v>>63)
	case 4:
		f.i32[f.n] = uint32(v)
	case 2:
		f.i16[f.n] = uint16(v)
	default:
		f.bytes[f.n] = byte(v)
	}
	f.n++
}

func (f *fixed) null() {
	f.valid.clear(f.n)
	f.add(0)
}

// repeat adds a value n times.
func (f *fixed) repeat(v int64, n int) {
	f.reserve(n)
	for range n {
		f.add(v)
	}
}

// take makes the array and empties the builder. The caller releases the array.
func (f *fixed) take() arrow.Array {
	f.reserve(0)
	f.data.ResizeNoShrink(f.n * f.width)
	bits, nulls := f.valid.take(f.n)
	d := array.NewData(f.typ, f.n, []*memory.Buffer{bits, f.data}, nil, nulls, 0)
	defer d.Release()
	if bits != nil {
		bits.Release()
	}
	f.last = f.n
	f.release()
	return array.MakeFromData(d)
}

// release frees what has not been taken; the builder can be used again.
func (f *fixed) release() {
	f.valid.release()
	if f.data != nil {
		f.data.Release()
	}
	*f = fixed{mem: f.mem, typ: f.typ, width: f.width, valid: f.valid, last: f.last}
}

// validity is the bitmap of a column that may hold nulls. It is made at the
// first one; no bitmap means no null.
type validity struct {
	mem   memory.Allocator
	buf   *memory.Buffer
	nulls int
}

func (v *validity) clear(i int) {
	if v.buf == nil {
		v.buf = memory.NewResizableBuffer(v.mem)
	}
	if i/8 >= v.buf.Len() {
		v.grow(max(i/8+1, 2*v.buf.Len(), 64))
	}
	v.buf.Bytes()[i/8] &^= 1 << (i % 8)
	v.nulls++
}

func (v *validity) grow(size int) {
	from := v.buf.Len()
	v.buf.Resize(size)
	for i := range v.buf.Bytes()[from:] {
		v.buf.Bytes()[from+i] = 0xff
	}
}

// take gives the bitmap of n rows away, nil when there is no null.
func (v *validity) take(n int) (bits *memory.Buffer, nulls int) {
	if v.buf == nil {
		return nil, 0
	}
	if size := (n + 7) / 8; size > v.buf.Len() {
		v.grow(size)
	} else {
		v.buf.ResizeNoShrink(size)
	}
	bits, nulls = v.buf, v.nulls
	*v = validity{mem: v.mem}
	return bits, nulls
}

func (v *validity) release() {
	if v.buf != nil {
		v.buf.Release()
	}
	*v = validity{mem: v.mem}
}
