package demo

import (
	"sync"

	"rongtong/deploy/sandbox/world"
)

// truth is what the simulation expects, worked out in the background while the
// records flow, because nobody needs it before the first minute is over.
type truth struct {
	done  chan struct{}
	mu    sync.Mutex
	books []world.FlowBooks
	total map[string]int64 // rows by "system.stream"
}

func learn(w *world.World) *truth {
	t := &truth{done: make(chan struct{})}
	go func() {
		defer close(t.done)
		books := w.Expected()
		total := map[string]int64{}
		for _, b := range books {
			total[b.System+"."+b.Stream] += b.Records
		}
		t.mu.Lock()
		t.books, t.total = books, total
		t.mu.Unlock()
	}()
	return t
}

// rows is how many rows (records times flows) of a stream are expected, and
// whether that is known yet. A declared stream that the sandbox does not feed
// has none.
func (t *truth) rows(system, stream string) (int64, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total[system+"."+stream], t.total != nil
}
