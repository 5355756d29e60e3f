package pipelines

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"rongtong/pipelines/schedule"
	"rongtong/schemas"
)

// gate decides which streams a process may read now: those of systems that are
// not held, and no more at the same time than the limits of the system and of its
// host allow. All systems of a host fall to one process (portionOf), so a limit
// that is kept here is kept everywhere.
type gate struct {
	mu     sync.Mutex
	held   map[string]Held
	change chan struct{}              // closed when held changes
	pulls  map[string][]*pull         // under way, by system
	asked  map[string]Request         // to be read now, by system.stream
	ticks  map[string][]chan struct{} // of the systems that are read, by system
	hosts  map[string]int             // limits
	used   map[string]int
	queue  []*waiter // in order
}

type waiter struct {
	key   time.Time
	needs []need
	turn  chan struct{}
}

// need is a part of a limit.
type need struct {
	name  string
	limit int
}

func newGate() *gate {
	return &gate{held: map[string]Held{}, change: make(chan struct{}), pulls: map[string][]*pull{}, asked: map[string]Request{}, ticks: map[string][]chan struct{}{},
		hosts: map[string]int{}, used: map[string]int{}}
}

var errHeld = errors.New("held by a person")

// set takes over what is held, and limit what the hosts allow.
func (g *gate) set(held map[string]Held) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held = held
	close(g.change)
	g.change = make(chan struct{})
}

func (g *gate) limit(hosts map[string]int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hosts = hosts
	g.grant()
}

// isHeld tells whether a system is, and what is closed when that may change.
func (g *gate) isHeld(system string) (bool, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, held := g.held[system]
	return held, g.change
}

// pass does work on a system whenever it is not held: work begun is told to stop
// at a boundary when it becomes so, and begins again after. Work that a person
// cancelled begins again at the next tick.
func (g *gate) pass(ctx context.Context, system string, tick <-chan struct{}, work func(context.Context) error) error {
	for {
		held, change := g.isHeld(system)
		if held {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-change:
				continue
			}
		}
		now, stop := context.WithCancelCause(ctx)
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			for !held {
				select {
				case <-now.Done():
					return
				case <-change:
					held, change = g.isHeld(system)
				}
			}
			stop(errHeld)
		}()
		err := work(context.WithValue(now, cancelKey{}, stop))
		cause := context.Cause(now)
		stop(nil)
		<-watched
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(cause, errHeld):
		case errors.Is(cause, errCancelled):
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick:
			}
		default:
			return err
		}
	}
}

// cancelKey is where a pull finds what ends it.
type cancelKey struct{}

// enter waits until the limits leave room for one more stream of a system, those
// that waited longest first, priority counted in. leave gives the room back.
func (g *gate) enter(ctx context.Context, sys *schemas.System) (leave func(), err error) {
	g.mu.Lock()
	w := &waiter{key: time.Now().Add(-time.Duration(sys.Every.Priority) * schedule.Ageing), turn: make(chan struct{})}
	if n := sys.Every.Concurrency; n > 0 {
		w.needs = append(w.needs, need{"system " + sys.System, n})
	}
	if host := sys.Host(); g.hosts[host] > 0 {
		w.needs = append(w.needs, need{"host " + host, g.hosts[host]})
	}
	if len(w.needs) == 0 {
		g.mu.Unlock()
		return func() {}, nil
	}
	i, _ := slices.BinarySearchFunc(g.queue, w, func(a, b *waiter) int { return a.key.Compare(b.key) })
	g.queue = slices.Insert(g.queue, i, w)
	g.grant()
	g.mu.Unlock()
	back := sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, n := range w.needs {
			g.used[n.name]--
		}
		g.grant()
	})
	select {
	case <-w.turn:
		return back, nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	i = slices.Index(g.queue, w)
	if i >= 0 {
		g.queue = slices.Delete(g.queue, i, i+1)
		g.grant()
	}
	g.mu.Unlock()
	if i < 0 { // it was its turn at the same moment
		back()
	}
	return nil, context.Cause(ctx)
}

// grant gives turns. Who waits keeps what it needs from those behind it, so that
// nobody who needs two things is passed over for ever.
func (g *gate) grant() {
	kept := map[string]int{}
	g.queue = slices.DeleteFunc(g.queue, func(w *waiter) bool {
		fits := true
		for _, n := range w.needs {
			fits = fits && g.used[n.name]+kept[n.name] < n.limit
		}
		for _, n := range w.needs {
			if fits {
				g.used[n.name]++
			} else {
				kept[n.name]++
			}
		}
		if fits {
			close(w.turn)
		}
		return fits
	})
}

// serves says which streams of a system this process reads, by their ticks; nil:
// it does not any more.
func (g *gate) serves(system string, ticks []chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ticks == nil {
		delete(g.ticks, system)
	} else {
		g.ticks[system] = ticks
	}
}

// request acts on what a person asks of a system, if this process reads it.
func (g *gate) request(r Request, streams []*Stream) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch r.Op {
	case OpRun:
		for _, s := range streams {
			if s.System.System == r.Job {
				g.asked[s.name()] = r
			}
		}
		for _, t := range g.ticks[r.Job] {
			select {
			case t <- struct{}{}:
			default: // a read is already waiting
			}
		}
	case OpCancel:
		for _, list := range g.pulls {
			for _, p := range list {
				if p.slot == r.Of || p.slot+"."+p.stream.Stream.Name == r.Of {
					p.cancel(errCancelled)
				}
			}
		}
	}
}

// name names a stream.
func (s *Stream) name() string { return s.System.System + "." + s.Stream.Name }
