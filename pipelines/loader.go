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

	"rongtong/pipelines/topics"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
	"rongtong/transforms"
)

// LoadGroup is the consumer group of the loaders.
const LoadGroup = "load"

// Limits of one block, the unit that is loaded. A block is one span of one
// partition. A worker holds two at most, one being made and one being sent, so
// that its memory depends on nothing but these.
const (
	blockRows  = 65_536
	blockBytes = 20 << 20 // of records; as columns they are somewhat less
	// fetchBytes is what one fetch may bring, compressed.
	fetchBytes = 1 << 20
	// Short spans wait this long for company: small inserts make small parts.
	linger = 700 * time.Millisecond
	// poll is how often the ends of the partitions are asked for.
	poll = 250 * time.Millisecond
	// turn is how many blocks of one partition a worker loads before it looks
	// whether another one waits.
	turn = 8
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
	// Rest is how long a partition rests after an error that time does not heal;
	// 0: 15 s. A person has to act, and when they have, it goes on by itself.
	Rest time.Duration
	// BlockRows closes a block by rows; 0: 65,536.
	BlockRows int
	// Group is the consumer group; empty: LoadGroup. Loads of another group have
	// names of their own: they are other loads, even of the same span.
	Group string
	// Loaded, if set, is told of every span whose load is committed. It is called
	// by several goroutines.
	Loaded func(span record.Span, accepted, rejected int)
	// Stages, if set, is told what CPU time the stages take.
	Stages *Stages

	pace pace
	mem  transforms.Recycler
}

func (l *Loader) group() string { return cmp.Or(l.Group, LoadGroup) }

// token names one insert: the same span under the same plan into the same table
// gets the same name, and ClickHouse takes a name once. When its first record
// arrived belongs to the name, because offsets begin anew when a topic is created
// again: another span must not be taken for the one that had its offsets.
func (l *Loader) token(b *block, what string) string {
	s := b.span
	name := fmt.Sprintf("%s/%d/%d-%d@%x/%016x/%s", s.Topic, s.Partition, s.From, s.To, b.first, b.share.stream.Plan(), what)
	if l.group() != LoadGroup {
		name = l.group() + "/" + name
	}
	return name
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

// share is one partition as this loader owns it during a generation. The
// goroutine that took it from the ready queue owns the unguarded fields.
type share struct {
	stream    *Stream
	topic     string
	partition int32
	read      int64  // everything before it is in blocks
	pending   intent // a load that was begun and not finished; To is 0 when there is none

	next   atomic.Int64 // everything before it is loaded
	queued atomic.Bool
	end    atomic.Int64
	since  time.Time    // when the rows at hand were first seen; guarded by the dispatcher
	again  atomic.Int64 // Unix ns before which it rests, because something is wrong with it
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
		w := l.worker(gen)
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := w.run(ctx, work, ready); err != nil {
				stop(err)
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

// shares reads where every owned partition stands. A partition with a load
// pending under another plan is left out.
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
		s.read = max(0, at.Offset)
		s.next.Store(s.read)
		pending, ok, err := parseIntent(at.Metadata)
		if err != nil {
			return nil, fault.Mark(fault.Bug, err)
		}
		if ok {
			if plan := s.stream.Plan(); pending.Plan != plan {
				// Only this partition waits. If all did, two partitions that wait
				// for different versions would wait for ever.
				l.Log.Error("a partition is left alone: a load of it is pending under another plan; run the earlier version until the load is finished, then this one again",
					"topic", s.topic, "partition", s.partition, "pending_to", pending.To,
					"pending_plan", fmt.Sprintf("%016x", pending.Plan), "plan", fmt.Sprintf("%016x", plan))
				continue
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
			if err != nil {
				break
			}
			end := ends[s.topic][s.partition].Last
			if s.end.Swap(end); end < s.next.Load() && !s.queued.Load() && now.UnixNano() >= s.again.Load() {
				s.again.Store(now.Add(cmp.Or(l.Rest, 15*time.Second)).UnixNano())
				l.Log.Error("a partition is stopped: it ends before what is loaded of it, so its topic was created anew or lost records; if that was meant, reset the offsets of the loaders' group for it and start again",
					"topic", s.topic, "partition", s.partition, "ends_at", end, "loaded_to", s.next.Load(), "group", l.group())
			}
			if !s.queued.Load() && l.due(s, now) {
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

// due reports whether a share that nobody works on has enough rows, or rows that
// waited long enough.
func (l *Loader) due(s *share, now time.Time) bool {
	waiting := s.end.Load() - s.next.Load()
	switch {
	case now.UnixNano() < s.again.Load():
		return false
	case waiting <= 0:
		s.since = time.Time{}
		return false
	case s.pending.To > 0 || waiting >= int64(l.limits().rows/4):
		return true
	case s.since.IsZero():
		s.since = now
		return false
	}
	return now.Sub(s.since) >= l.limits().linger
}
