package pipelines

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// limits are those of the next block.
type limits struct {
	rows, bytes int
	linger      time.Duration
}

// pace adapts the size of blocks to what the warehouse can take. Its complaints
// are of two kinds: too many inserts, which larger and rarer blocks mend, and too
// little memory, which smaller blocks mend. Without complaints it goes back to
// normal. A block that was begun keeps its size: its intent is written.
type pace struct {
	mu    sync.Mutex
	size  int // steps of two: 1 and 2 larger, -1 and -2 smaller
	quiet int // loads since the last complaint
}

const (
	paceMost  = 2
	paceQuiet = 20 // loads without a complaint before a step back to normal
)

// limits are what a block may hold now. Larger blocks wait longer, too. Bytes
// never grow beyond twice the normal: they are this process's memory.
func (l *Loader) limits() limits {
	l.pace.mu.Lock()
	size := l.pace.size
	l.pace.mu.Unlock()
	out := limits{rows: cmp.Or(l.BlockRows, blockRows), bytes: blockBytes, linger: linger}
	if size < 0 {
		out.rows, out.bytes = out.rows>>-size, out.bytes>>-size
	} else {
		out.rows, out.bytes, out.linger = out.rows<<size, out.bytes<<min(size, 1), out.linger<<size
	}
	out.rows = max(out.rows, 1)
	return out
}

// complain takes an error of the warehouse into account.
func (p *pace) complain(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.quiet = 0
	switch warehouse.Pressure(err) {
	case warehouse.Often:
		p.size = min(p.size+1, paceMost)
	case warehouse.Large:
		p.size = max(p.size-1, -paceMost)
	}
}

// praise takes a load into account that arrived at once.
func (p *pace) praise() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quiet++; p.quiet < paceQuiet || p.size == 0 {
		return
	}
	p.quiet = 0
	if p.size > 0 {
		p.size--
	} else {
		p.size++
	}
}

// insist repeats an insert for as long as time can heal it, slower and slower.
// The insert has a name, so a repetition after a lost answer loads nothing
// twice. A full disk is said once, clearly, and loading goes on by itself when
// there is room.
func (w *worker) insist(ctx context.Context, b *block, insert func() error) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = 100*time.Millisecond, 10*time.Second
	full := false
	for n := 0; ; n++ {
		err := insert()
		if err == nil || fault.Of(err) != fault.Transient || ctx.Err() != nil {
			if err == nil && n == 0 {
				w.pace.praise()
			}
			if err == nil && full {
				w.Log.Info("the warehouse has room again, loading goes on", "topic", b.span.Topic, "partition", b.span.Partition)
			}
			return err
		}
		w.pace.complain(err)
		pause := pauses.NextBackOff()
		switch {
		case warehouse.Pressure(err) != warehouse.Full:
			w.Log.Warn("loading waits for the warehouse", "topic", b.span.Topic, "partition", b.span.Partition, "error", err, "again_in", pause.Round(time.Millisecond))
		case !full:
			full = true
			w.Log.Error("loading stands still: the warehouse's disk is full; free space, and it goes on by itself", "topic", b.span.Topic, "partition", b.span.Partition, "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
