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
// calls for each; this one writes offset, bytes and validity directly.
// Its memory comes from the allocator and goes to the array it makes.
type texts struct {
	mem               memory.Allocator
	off, data, valid  *memory.Buffer
	offsets           []int32 // view of off
	bytes             []byte  // view of data, whole capacity
	bits              []byte  // view of valid
	n, nulls, used    int
	lastRows, lastUse int // of the batch before: the size to begin with
}

func newTexts(mem memory.Allocator) *texts { return &texts{mem: mem} }

// reserve makes room for n more rows; add and null need it.
func (t *texts) reserve(n int) {
	if t.off == nil {
		t.off, t.data, t.valid = memory.NewResizableBuffer(t.mem), memory.NewResizableBuffer(t.mem), memory.NewResizableBuffer(t.mem)
		n = max(n, t.lastRows)
		t.grow(max(t.lastUse, 16*n))
	}
	rows := t.n + n
	if rows < len(t.offsets) {
		return
	}
	rows = bitutil.NextPowerOf2(rows + 1)
	t.off.Resize(4 * rows)
	t.offsets = arrow.Int32Traits.CastFromBytes(t.off.Bytes())
	t.offsets[0] = 0
	t.valid.Resize((rows + 7) / 8)
	t.bits = t.valid.Bytes()
}

func (t *texts) grow(size int) {
	if size > math.MaxInt32 {
		panic(fault.New(fault.Bug, "growing a text column to %d bytes: a batch holds 2 GiB of a column; take it earlier", size))
	}
	t.data.Resize(size)
	t.bytes = t.data.Bytes()
}

func (t *texts) add(b []byte) {
	end := t.used + len(b)
	if end > len(t.bytes) {
		t.grow(min(max(2*len(t.bytes), end), max(end, math.MaxInt32)))
	}
	copy(t.bytes[t.used:end], b)
	t.used = end
	bitutil.SetBit(t.bits, t.n)
	t.n++
	t.offsets[t.n] = int32(end)
}

func (t *texts) null() {
	bitutil.ClearBit(t.bits, t.n)
	t.n++
	t.nulls++
	t.offsets[t.n] = int32(t.used)
}

// take makes the array and empties the builder. The caller releases the array.
func (t *texts) take() arrow.Array {
	t.reserve(0)
	t.off.ResizeNoShrink(4 * (t.n + 1))
	t.data.ResizeNoShrink(t.used)
	t.valid.ResizeNoShrink((t.n + 7) / 8)
	d := array.NewData(arrow.BinaryTypes.String, t.n, []*memory.Buffer{t.valid, t.off, t.data}, nil, t.nulls, 0)
	defer d.Release()
	t.lastRows, t.lastUse = t.n, t.used
	t.release()
	return array.NewStringData(d)
}

// release frees what has not been taken; the builder can be used again.
func (t *texts) release() {
	if t.off == nil {
		return
	}
	t.off.Release()
	t.data.Release()
	t.valid.Release()
	*t = texts{mem: t.mem, lastRows: t.lastRows, lastUse: t.lastUse}
}
