package transforms

import (
	"slices"
	"sort"
	"sync"
)

// Recycler is an Arrow allocator that keeps what is freed for the next block:
// blocks are alike, so that after the first ones a loader allocates nothing,
// clears nothing, and leaves the garbage collector nothing to do. Memory comes
// back dirty. It is safe for concurrent use; the zero Recycler is ready.
type Recycler struct {
	mu   sync.Mutex
	free [][]byte // by capacity, ascending
	held int      // bytes in free
}

// recycled is how much a Recycler keeps; what is freed beyond goes to the
// collector.
const recycled = 64 << 20

// Allocate takes the smallest free buffer that is large enough, unless more than
// half of it would be wasted.
func (r *Recycler) Allocate(size int) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := sort.Search(len(r.free), func(i int) bool { return cap(r.free[i]) >= size })
	if i < len(r.free) && cap(r.free[i]) <= 2*size+4096 {
		b := r.free[i]
		r.free = slices.Delete(r.free, i, i+1)
		r.held -= cap(b)
		return b[:size]
	}
	return make([]byte, size, (size+4095)&^4095)
}

// Reallocate keeps what fits.
func (r *Recycler) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) && b != nil {
		return b[:size]
	}
	next := r.Allocate(size)
	copy(next, b)
	r.Free(b)
	return next
}

// Free keeps the buffer for the next Allocate.
func (r *Recycler) Free(b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if cap(b) == 0 || r.held+cap(b) > recycled {
		return
	}
	i := sort.Search(len(r.free), func(i int) bool { return cap(r.free[i]) >= cap(b) })
	r.free = slices.Insert(r.free, i, b[:0])
	r.held += cap(b)
}
