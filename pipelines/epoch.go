package pipelines

import (
	"context"
	"sync"
)

// epochs hand out what is in force now, and let whoever replaces it wait until
// nobody works with what was in force before.
type epochs[T any] struct {
	mu  sync.Mutex
	now *epoch[T]
}

// epoch is the time of one value.
type epoch[T any] struct {
	value T
	over  chan struct{} // closed when it was replaced
	idle  chan struct{} // closed when it was replaced and nobody uses it any more
	users int           // guarded by epochs.mu
	ended bool
}

func newEpoch[T any](v T) *epoch[T] {
	return &epoch[T]{value: v, over: make(chan struct{}), idle: make(chan struct{})}
}

// begin sets the first value. A value that is there already stays: it is newer.
func (e *epochs[T]) begin(v T) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.now == nil {
		e.now = newEpoch(v)
	}
}

// enter returns what is in force; the caller leaves it when it is done with it.
func (e *epochs[T]) enter() *epoch[T] {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now.users++
	return e.now
}

func (e *epochs[T]) leave(x *epoch[T]) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if x.users--; x.users == 0 && x.ended {
		close(x.idle)
	}
}

// replace puts another value in force and waits until nobody uses the one
// before, or until ctx ends.
func (e *epochs[T]) replace(ctx context.Context, v T) error {
	e.mu.Lock()
	old := e.now
	e.now = newEpoch(v)
	if old == nil {
		e.mu.Unlock()
		return nil
	}
	old.ended = true
	close(old.over)
	if old.users == 0 {
		close(old.idle)
	}
	e.mu.Unlock()
	select {
	case <-old.idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
