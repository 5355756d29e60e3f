package pipelines

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/pipelines/topics"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
	"rongtong/transforms"
)

// worker makes blocks in one goroutine and loads them in another: while the
// warehouse takes one, the next is read and transformed. Reading ahead changes
// nothing outside the process, so the protocol does not see it.
type worker struct {
	*Loader
	gen       Committer
	mem       memory.Allocator
	newReader func() Reader
	reader    Reader

	chunk   record.Chunk
	batches map[*transforms.Plan]*transforms.Batch
	raws    map[*Stream]*transforms.Raw
	epoch   *epoch[map[string]*Stream] // that batches and raws are of
	refused []transforms.Reject        // of a piece, all flows
	meter   meter
}

// worker is one of a generation, on a real cluster.
func (l *Loader) worker(gen *topics.Generation) *worker {
	opts := topics.FetchOptions{MaxBytes: fetchBytes, PartitionBytes: fetchBytes, MaxWait: 200 * time.Millisecond, ReadCommitted: true}
	return l.newWorker(gen, func() Reader { return sessionReader{l.Kafka.Session(opts)} })
}

func (l *Loader) newWorker(gen Committer, newReader func() Reader) *worker {
	return &worker{Loader: l, gen: gen, mem: &l.mem, newReader: newReader, reader: newReader(), meter: meter{to: l.Stages}}
}

// order is what the maker of blocks hands to the one who loads them: a block, or
// word that a share has none left for now.
type order struct {
	block *block
	done  *share
}

// block makes and loads one block of a share, the pending one if there is one.
func (w *worker) block(ctx context.Context, s *share) error {
	b, err := w.prepare(ctx, s)
	if err != nil || b == nil {
		return err
	}
	defer b.release()
	return w.deliver(ctx, b)
}

// run works on shares until the context of the work ends, or, between blocks,
// ctx.
func (w *worker) run(ctx, work context.Context, ready <-chan *share) error {
	orders := make(chan order) // nothing waits in it: one block is made, one is loaded
	failed := make(chan error, 1)
	loading, stop := context.WithCancel(work)
	defer stop()
	go func() {
		failed <- w.loadAll(loading, orders)
		stop()
	}()
	w.makeAll(ctx, loading, ready, orders)
	close(orders)
	return <-failed
}

// makeAll makes blocks of the shares that are ready.
func (w *worker) makeAll(ctx, loading context.Context, ready <-chan *share, orders chan<- order) {
	w.meter.start()
	for {
		select {
		case <-ctx.Done():
			return
		case <-loading.Done():
			return
		case s := <-ready:
			w.make(ctx, loading, s, orders)
		}
	}
}

// make makes blocks of one share while there is enough for them, a turn of them at
// most, and then gives the share back.
func (w *worker) make(ctx, loading context.Context, s *share, orders chan<- order) {
	w.renew(s.epoch)
	for n := 0; n < turn && ctx.Err() == nil; n++ {
		b, err := w.prepare(loading, s)
		w.meter.lap()
		if err != nil {
			w.rest(loading, s, err)
			break
		}
		if b == nil {
			break
		}
		repeat := b.repeat // it may be of earlier declarations: what follows is not
		select {
		case orders <- order{block: b}:
		case <-loading.Done():
			b.release()
			return
		}
		if repeat || s.again.Load() != 0 || s.end.Load()-s.read < int64(w.limits().rows/4) {
			break
		}
	}
	select {
	case orders <- order{done: s}:
	case <-loading.Done():
	}
}

// renew lets the batches of earlier declarations go.
func (w *worker) renew(e *epoch[map[string]*Stream]) {
	if w.epoch == e {
		return
	}
	for _, b := range w.batches {
		b.Release()
	}
	for _, r := range w.raws {
		if r != nil {
			r.Release()
		}
	}
	clear(w.batches)
	clear(w.raws)
	w.epoch = e
}

// loadAll loads blocks in the order in which they were made. An error that
// concerns one partition makes that partition rest; others end the generation.
func (w *worker) loadAll(loading context.Context, orders <-chan order) error {
	var broken *share // its blocks that are already made are thrown away
	var begun intent  // what was being loaded when it broke: to be repeated, span for span
	for o := range orders {
		if s := o.done; s != nil {
			if s == broken {
				broken, s.read, s.pending = nil, s.next.Load(), begun
			}
			w.unqueue(s)
			continue
		}
		s := o.block.share
		if s == broken || loading.Err() != nil {
			o.block.release()
			continue
		}
		err := w.deliver(loading, o.block)
		o.block.release()
		switch {
		case err == nil:
			s.again.Store(0)
			w.Troubles.end(s.trouble())
		case errors.Is(err, topics.ErrGenerationOver), loading.Err() != nil:
			return err
		default:
			broken, begun = s, intent{To: o.block.span.To, Plan: s.stream.Plan(), Topic: o.block.topicID}
			if stopped(err) { // nothing was promised, and the next judgement is a new one
				begun = intent{}
			}
			w.rest(loading, s, err)
		}
	}
	return nil
}

// rest keeps a partition from being worked on for a while and says why. The
// others go on.
func (w *worker) rest(ctx context.Context, s *share, err error) {
	if ctx.Err() != nil {
		return
	}
	if fault.Of(err) == fault.Transient {
		s.again.Store(time.Now().Add(time.Second).UnixNano())
		w.Log.Warn("a partition rests", "topic", s.topic, "partition", s.partition, "again_in", time.Second, "error", err)
		return
	}
	w.Troubles.begin(s.trouble(), err)
	pause := cmp.Or(w.Rest, 15*time.Second)
	s.again.Store(time.Now().Add(pause).UnixNano())
	what := "a partition is stopped; nothing of it is lost, the others go on"
	var out *topics.OutOfRange
	if errors.As(err, &out) && out.Offset < out.Held.First {
		what = fmt.Sprintf("a partition is stopped: up to %d records were deleted before they were loaded (its retention is too short, or its topic was created anew); to go on without them, stop the loaders and say rongtong offsets --stream %s --partition %d --to %d --reason … --apply, which books them as skipped",
			out.Held.First-out.Offset, s.stream.name(), s.partition, out.Held.First)
	}
	w.Log.Error(what, "topic", s.topic, "partition", s.partition,
		"class", fault.Of(err).String(), "again_in", pause, "error", fmt.Sprint(err))
}
