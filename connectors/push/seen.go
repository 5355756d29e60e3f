package push

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"sync/atomic"
)

// Bounds of what the gateway holds in memory.
const (
	seenMax      = 1 << 16 // idempotency keys remembered: about 12 MiB
	seenKeyMax   = 128     // bytes of one key
	queueBytes   = 64 << 20
	requestBytes = 4 << 10 // what a request costs beside its body
	waitingMax   = 8192
	itemsMax     = 10_000
)

// seen remembers the requests that were acknowledged under an idempotency key,
// the most recent ones. It only saves work: forgetting one lets its repetition
// flow through.
type seen struct {
	mu    sync.Mutex
	max   int
	order *list.List // of seenEntry, newest in front
	byKey map[[sha256.Size]byte]*list.Element
}

type seenEntry struct {
	key   [sha256.Size]byte // of path, idempotency key and body: all three must agree
	items int
}

func newSeen(max int) *seen {
	return &seen{max: max, order: list.New(), byKey: map[[sha256.Size]byte]*list.Element{}}
}

func seenKey(path, key string, body []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte(path + "\x00" + key + "\x00"))
	h.Write(body)
	return [sha256.Size]byte(h.Sum(nil))
}

// find returns the number of items acknowledged under the key.
func (s *seen) find(key [sha256.Size]byte) (items int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.byKey[key]
	if !ok {
		return 0, false
	}
	s.order.MoveToFront(e)
	return e.Value.(seenEntry).items, true
}

func (s *seen) add(key [sha256.Size]byte, items int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.byKey[key]; ok {
		return
	}
	s.byKey[key] = s.order.PushFront(seenEntry{key, items})
	if s.order.Len() > s.max {
		old := s.order.Remove(s.order.Back()).(seenEntry)
		delete(s.byKey, old.key)
	}
}

// budget is memory that is handed out until there is none.
type budget struct {
	max  int64
	used atomic.Int64
}

// lease is a part of a budget. It is safe for concurrent use.
type lease struct {
	of *budget
	n  atomic.Int64
}

// take reserves n bytes; nil: they are not there.
func (b *budget) take(n int64) *lease {
	if b.used.Add(n) > b.max {
		b.used.Add(-n)
		return nil
	}
	l := &lease{of: b}
	l.n.Store(n)
	return l
}

// shrink gives back what is above n.
func (l *lease) shrink(n int64) {
	if old := l.n.Load(); n < old && l.n.CompareAndSwap(old, n) {
		l.of.used.Add(n - old)
	}
}

// free gives all back; a second call gives back nothing.
func (l *lease) free() { l.of.used.Add(-l.n.Swap(0)) }
