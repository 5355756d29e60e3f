package pipelines

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/pipelines/topics"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
	"rongtong/transforms"
)

// LoadGroup is the consumer group of the loaders.
const LoadGroup = "load"

// Limits of one block, the unit that is loaded. A block is one span of one
// partition, so its memory is all the memory a worker needs.
const (
	blockRows  = 65_536
	blockBytes = 16 << 20
	// fetchBytes is what one fetch may bring, compressed.
	fetchBytes = 1 << 20
	// Short spans wait this long for company: small inserts make small parts.
	linger = time.Second
	// poll is how often the ends of the partitions are asked for.
	poll = 250 * time.Millisecond
)

// Loader moves records from Kafka into ClickHouse. Any number of processes may
// run one; the consumer group shares the partitions out.
type Loader struct {
	Kafka     *topics.Client
	Warehouse Store
	Log       *slog.Logger
	Workers   int // blocks loaded at the same time; memory grows with it
	// Session is how long a loader that died keeps its partitions; 0: 6 s, the
	// least that brokers allow by default.
	Session time.Duration
	// BlockRows closes a block by rows; 0: 65,536.
	BlockRows int
	// Group is the consumer group; empty: LoadGroup. Loads of another group have
	// names of their own: they are other loads, even of the same span.
	Group string
	// Loaded, if set, is told of every span whose load is committed. It is called
	// by several goroutines.
	Loaded func(span record.Span, accepted, rejected int)
}

func (l *Loader) group() string { return cmp.Or(l.Group, LoadGroup) }

// token names one insert: the same span under the same plan into the same table
// gets the same name, and ClickHouse takes a name once.
func (l *Loader) token(span record.Span, plan uint64, what string) string {
	name := fmt.Sprintf("%s/%d/%d-%d/%016x/%s", span.Topic, span.Partition, span.From, span.To, plan, what)
	if l.group() != LoadGroup {
		name = l.group() + "/" + name
	}
	return name
}

func (l *Loader) rowsPerBlock() int64 { return int64(cmp.Or(l.BlockRows, blockRows)) }

// full reports whether a block has all it may hold.
func (l *Loader) full(c *record.Chunk) bool {
	return int64(len(c.Rows)) >= l.rowsPerBlock() || c.Bytes() >= blockBytes
}

// Run loads until ctx ends. The block under way is finished first when ctx is
// merely cancelled; after a kill the next owner repeats it.
func (l *Loader) Run(ctx context.Context, streams []*Stream) error {
	byTopic := map[string]*Stream{}
	names := make([]string, 0, len(streams))
	for _, s := range streams {
		byTopic[s.Topic] = s
		names = append(names, s.Topic)
	}
	retry(ctx, l.Log, "loading", func() error {
		g, err := l.Kafka.Group(ctx, topics.GroupConfig{ID: l.group(), Topics: names, SessionTimeout: l.Session})
		if err != nil {
			return err
		}
		defer g.Close()
		for {
			gen, err := g.Next(ctx)
			if err != nil {
				return err
			}
			if err := l.generation(ctx, gen, byTopic); err != nil && !errors.Is(err, topics.ErrGenerationOver) {
				return err
			}
		}
	})
	return nil
}

// share is one partition as this loader owns it during a generation.
// The goroutine that took it from the ready queue owns the unguarded fields.
type share struct {
	stream    *Stream
	topic     string
	partition int32
	next      int64  // everything before it is loaded
	pending   intent // a predecessor's unfinished load; To is 0 when there is none

	queued atomic.Bool
	end    atomic.Int64
	since  time.Time // when the rows at hand were first seen; guarded by the dispatcher
}

// generation loads what this process owns until the ownership ends.
func (l *Loader) generation(ctx context.Context, gen *topics.Generation, byTopic map[string]*Stream) error {
	shares, err := l.shares(gen.Context(), l.Kafka, gen.Assigned, byTopic)
	if err != nil {
		return err
	}
	l.Log.Info("loading", "partitions", len(shares), "generation", gen.ID)
	ready := make(chan *share, len(shares)) // a share is in it at most once
	work, stop := context.WithCancelCause(gen.Context())
	defer stop(nil)
	var wg sync.WaitGroup
	for range max(1, l.Workers) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			w := l.worker(gen)
			for {
				select {
				case <-ctx.Done():
					return // between blocks: nothing is under way
				case <-work.Done():
					return
				case s := <-ready:
					if err := w.block(work, s); err != nil {
						stop(err)
						return
					}
					s.queued.Store(false)
				}
			}
		}()
	}
	l.dispatch(ctx, work, shares, ready, stop)
	wg.Wait()
	if err := context.Cause(work); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return ctx.Err()
}

func (l *Loader) worker(gen *topics.Generation) *worker {
	return &worker{Loader: l, gen: gen, mem: memory.NewGoAllocator(),
		reader: sessionReader{l.Kafka.Session(topics.FetchOptions{MaxBytes: fetchBytes, PartitionBytes: fetchBytes, MaxWait: 200 * time.Millisecond, ReadCommitted: true})}}
}

// shares reads where every owned partition stands.
func (l *Loader) shares(ctx context.Context, kafka Offsets, assigned []topics.TopicPartition, byTopic map[string]*Stream) ([]*share, error) {
	seen := map[string]bool{}
	var names []string
	for _, tp := range assigned {
		if !seen[tp.Topic] {
			seen[tp.Topic] = true
			names = append(names, tp.Topic)
		}
	}
	stored, err := kafka.Offsets(ctx, l.group(), names...)
	if err != nil {
		return nil, err
	}
	var out []*share
	for _, tp := range assigned {
		s := &share{stream: byTopic[tp.Topic], topic: tp.Topic, partition: tp.Partition}
		at := stored[tp.Topic][tp.Partition]
		s.next = max(0, at.Offset)
		pending, ok, err := parseIntent(at.Metadata)
		if err != nil {
			return nil, fault.Mark(fault.Bug, err)
		}
		if ok {
			if plan := s.stream.Plan(); pending.Plan != plan {
				return nil, fault.Hint(fault.Config, "run the earlier version until the load is finished, then deploy this one",
					"taking over %s/%d: a load up to %d is pending under plan %016x, and the plan is now %016x", s.topic, s.partition, pending.To, pending.Plan, plan)
			}
			s.pending = pending
		}
		out = append(out, s)
	}
	return out, nil
}

// dispatch watches the ends of the partitions and queues the shares that have
// enough rows, or rows that waited long enough. Pending loads go first.
func (l *Loader) dispatch(ctx, work context.Context, shares []*share, ready chan<- *share, stop context.CancelCauseFunc) {
	names := map[string]bool{}
	for _, s := range shares {
		names[s.topic] = true
		if s.pending.To > 0 {
			s.queued.Store(true)
			ready <- s
		}
	}
	list := make([]string, 0, len(names))
	for n := range names {
		list = append(list, n)
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		ends, err := l.Kafka.Ends(work, list...)
		if err != nil && work.Err() == nil && fault.Of(err) != fault.Transient {
			stop(err)
			return
		}
		now := time.Now()
		for _, s := range shares {
			if err != nil || s.queued.Load() {
				continue
			}
			end := ends[s.topic][s.partition].Last
			s.end.Store(end)
			waiting := end - s.next
			switch {
			case waiting <= 0:
				s.since = time.Time{}
			case waiting < l.rowsPerBlock()/4 && s.since.IsZero():
				s.since = now
			case waiting >= l.rowsPerBlock()/4 || now.Sub(s.since) >= linger:
				s.since = time.Time{}
				s.queued.Store(true)
				ready <- s
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-work.Done():
			return
		case <-tick.C:
		}
	}
}

// worker loads one block at a time and reuses its memory for the next.
type worker struct {
	*Loader
	gen    Committer
	mem    memory.Allocator
	chunk  record.Chunk
	reader Reader
	// batches holds one reusable batch per plan this worker has met.
	batches map[*transforms.Plan]*transforms.Batch
	raws    map[*Stream]*transforms.Raw
	// accepted and rejected count the rows of the block under way.
	accepted, rejected int
}

// block loads one span of a share: the pending one if there is one, else
// what is there now up to the limits.
func (w *worker) block(ctx context.Context, s *share) error {
	to := s.pending.To
	repeat := to > 0
	next, err := w.read(ctx, s, to)
	if err != nil {
		return err
	}
	if !repeat {
		to = next
	}
	if to <= s.next {
		return nil
	}
	w.accepted, w.rejected = 0, 0
	if len(w.chunk.Rows) > 0 {
		if !repeat {
			plan := intent{To: to, Plan: s.stream.Plan()}
			if err := w.commit(ctx, s, s.next, plan.encode()); err != nil {
				return err
			}
		}
		if err := w.load(ctx, s, record.Span{Topic: s.topic, Partition: s.partition, From: s.next, To: to}); err != nil {
			return err
		}
	}
	if err := w.commit(ctx, s, to, ""); err != nil {
		return err
	}
	if repeat {
		w.Log.Info("repeated a pending load", "topic", s.topic, "partition", s.partition, "from", s.next, "to", to)
	}
	if w.Loaded != nil {
		w.Loaded(record.Span{Topic: s.topic, Partition: s.partition, From: s.next, To: to}, w.accepted, w.rejected)
	}
	s.next, s.pending = to, intent{}
	return nil
}

func (w *worker) commit(ctx context.Context, s *share, offset int64, metadata string) error {
	return w.gen.Commit(ctx, []topics.OffsetMeta{{Topic: s.topic, Partition: s.partition, Offset: offset, Metadata: metadata}})
}

// read fills the chunk from s.next: exactly up to `to`, or, when to is 0, up to
// the limits of a block. It returns the offset after what was read, transaction
// markers included.
func (w *worker) read(ctx context.Context, s *share, to int64) (int64, error) {
	c := &w.chunk
	c.Reset()
	c.System, c.Stream, c.Topic, c.Partition = s.stream.System.System, s.stream.Stream.Name, s.topic, s.partition
	exact := to > 0
	if !exact {
		to = s.end.Load()
	}
	next := s.next
	for next < to && (exact || !w.full(c)) {
		after, err := w.fetch(ctx, s, next, to, exact)
		if err != nil {
			return 0, err
		}
		if after == next {
			break // nothing there now; an exact span is complete in the log, so this is a broker catching up
		}
		next = after
	}
	if exact && next < to {
		return 0, fault.New(fault.Transient, "reading %s/%d from %d: the log ends at %d, before the pending load's end %d", s.topic, s.partition, s.next, next, to)
	}
	return min(next, to), nil
}
