package push

import (
	"container/list"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"sync/atomic"
)

// Bounds of what the gateway holds in memory.
const (
	seenMax      = 1 << 16 // idempotency keys remembered: about 10 MiB
	recentMax    = 1024    // of them in every position: those whose acknowledgement a crash may have lost
	seenKeyMax   = 128     // bytes of one key
	queueBytes   = 64 << 20
	requestBytes = 4 << 10 // what a request costs beside its body
	waitingMax   = 8192
	itemsMax     = 10_000
)

// mark recognises a request that is sent again: client, path, idempotency key and
// body must all agree.
type mark uint64

// markOf is the beginning of a SHA-256: a sender who does not know the key of
// another cannot make one that stands for what the other sent.
func markOf(client, path, key string, body []byte) mark {
	h := sha256.New()
	for _, part := range []string{client, path, key} {
		h.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(part))))
		h.Write([]byte(part))
	}
	h.Write(body)
	return mark(binary.LittleEndian.Uint64(h.Sum(nil)))
}

// seen remembers the requests that were acknowledged under an idempotency key,
// the most recent ones. It only saves work: forgetting one lets its repetition
// flow through, and the keys of the records make it one row later.
type seen struct {
	mu    sync.Mutex
	max   int
	order *list.List // of mark, newest in front
	byKey map[mark]*list.Element
}

func newSeen(max int) *seen {
	return &seen{max: max, order: list.New(), byKey: map[mark]*list.Element{}}
}

func (s *seen) has(m mark) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.byKey[m]
	if ok {
		s.order.MoveToFront(e)
	}
	return ok
}

func (s *seen) add(m mark) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.byKey[m]; ok {
		return
	}
	s.byKey[m] = s.order.PushFront(m)
	if s.order.Len() > s.max {
		delete(s.byKey, s.order.Remove(s.order.Back()).(mark))
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

// grow takes up to n in all; false: it is not there.
func (l *lease) grow(n int64) bool {
	more := n - l.n.Load()
	if more <= 0 {
		return true
	}
	if l.of.used.Add(more) > l.of.max {
		l.of.used.Add(-more)
		return false
	}
	l.n.Add(more)
	return true
}

// free gives all back; a second call gives back nothing.
func (l *lease) free() { l.of.used.Add(-l.n.Swap(0)) }
