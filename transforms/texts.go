package transforms

import (
	"math"

	"rongtong/schemas/fault"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// texts builds a column of texts. Half of all columns are texts, and Arrow's
// own builder spends a quarter of the whole transformation on five nested
// calls for each; this one writes offset and bytes directly, and validity only
// once there is a null. Its memory comes from the allocator and goes to the
// array it makes.
type texts struct {
	mem               memory.Allocator
	off, data         *memory.Buffer
	offsets           []int32 // view of off
	bytes             []byte  // view of data, whole capacity
	valid             validity
	n, used           int
	lastRows, lastUse int // of the batch before: the size to begin with
}

func newTexts(mem memory.Allocator) *texts { return &texts{mem: mem, valid: validity{mem: mem}} }

// reserve makes room for n more rows; add and null need it.
func (t *texts) reserve(n int) {
	if t.off == nil {
		t.off, t.data = memory.NewResizableBuffer(t.mem), memory.NewResizableBuffer(t.mem)
		n = max(n, t.lastRows)
		t.grow(max(t.lastUse+t.lastUse/16, 16*n))
	}
	rows := t.n + n
	if rows < len(t.offsets) {
		return
	}
	t.off.Resize(4 * bitutil.NextPowerOf2(rows+1))
	t.offsets = arrow.Int32Traits.CastFromBytes(t.off.Bytes())
	t.offsets[0] = 0
}

func (t *texts) grow(size int) {
	if size > math.MaxInt32 {
		panic(fault.New(fault.Bug, "growing a text column to %d bytes: a batch holds 2 GiB of a column; take it earlier", size))
	}
	t.data.Resize(size)
	t.bytes = t.data.Bytes()
}

// room makes room for n more bytes.
func (t *texts) room(n int) {
	if end := t.used + n; end > len(t.bytes) {
		t.grow(min(max(2*len(t.bytes), end), max(end, math.MaxInt32)))
	}
}

func (t *texts) add(b []byte) {
	end := t.used + len(b)
	if end > len(t.bytes) {
		t.room(len(b))
	}
	copy(t.bytes[t.used:end], b)
	t.used = end
	t.n++
	t.offsets[t.n] = int32(end)
}

func (t *texts) null() {
	t.valid.clear(t.n)
	t.n++
	t.offsets[t.n] = int32(t.used)
}

// repeat adds a text n times.
func (t *texts) repeat(b []byte, n int) {
	if n == 0 {
		return
	}
	t.reserve(n)
	t.room(n * len(b))
	all := t.bytes[t.used : t.used+n*len(b)]
	for done := copy(all, b); done < len(all); {
		done += copy(all[done:], all[:done])
	}
	for range n {
		t.used += len(b)
		t.n++
		t.offsets[t.n] = int32(t.used)
	}
}

// take makes the array and empties the builder. The caller releases the array.
func (t *texts) take() arrow.Array {
	t.reserve(0)
	t.off.ResizeNoShrink(4 * (t.n + 1))
	t.data.ResizeNoShrink(t.used)
	bits, nulls := t.valid.take(t.n)
	d := array.NewData(arrow.BinaryTypes.String, t.n, []*memory.Buffer{bits, t.off, t.data}, nil, nulls, 0)
	defer d.Release()
	if bits != nil {
		bits.Release()
	}
	t.lastRows, t.lastUse = t.n, t.used
	t.release()
	return array.NewStringData(d)
}

// release frees what has not been taken; the builder can be used again.
func (t *texts) release() {
	t.valid.release()
	if t.off != nil {
		t.off.Release()
		t.data.Release()
	}
	*t = texts{mem: t.mem, valid: t.valid, lastRows: t.lastRows, lastUse: t.lastUse}
}
