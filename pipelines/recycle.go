package pipelines

import (
	"math/bits"
	"sync"
)

// recycler is an Arrow allocator that keeps what is freed for the next block:
// blocks are alike, so that after the first ones a loader allocates nothing,
// clears nothing, and leaves the garbage collector nothing to find. Memory comes
// back dirty. It is safe for concurrent use.
type recycler struct {
	mu   sync.Mutex
	free map[int][][]byte // by capacity
	held int              // bytes in free
}

// recycled is how much a recycler keeps; what is freed beyond goes to the
// collector.
const recycled = 96 << 20

func (r *recycler) Allocate(size int) []byte {
	size, class := max(size, 1), classOf(size)
	r.mu.Lock()
	if list := r.free[class]; len(list) > 0 {
		b := list[len(list)-1]
		r.free[class] = list[:len(list)-1]
		r.held -= class
		r.mu.Unlock()
		return b[:size]
	}
	r.mu.Unlock()
	return make([]byte, size, class)
}

func (r *recycler) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) && size > 0 {
		return b[:size]
	}
	next := r.Allocate(size)
	copy(next, b)
	r.Free(b)
	return next
}

func (r *recycler) Free(b []byte) {
	class := cap(b)
	if class == 0 || class != classOf(class) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held+class > recycled {
		return
	}
	if r.free == nil {
		r.free = map[int][][]byte{}
	}
	r.free[class] = append(r.free[class], b[:0])
	r.held += class
}

// classOf rounds a size up to one of four steps to each power of two, so that
// at most a fifth is wasted.
func classOf(size int) int {
	if size <= 256 {
		return 256
	}
	step := 1 << (bits.Len(uint(size-1)) - 3)
	return (size + step - 1) / step * step
}
