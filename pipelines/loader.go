package pipelines

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
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
	// Troubles, if set, is told which partitions do not go on.
	Troubles *Troubles
	// Stages, if set, is told what CPU time the stages take.
	Stages *Stages
	// Earlier, if set, finds a stream as earlier declarations had it, by its topic
	// and plan; nil: unknown. A load that was begun under that plan is finished
	// under it, and what follows is loaded under the new one.
	Earlier func(topic string, plan uint64) *Stream
	// Follow, if set, returns when whatever was put in force before the call is in
	// force here: Switch was called with it. A loader asks whenever it takes
	// partitions over, so that one which slept through a change of the declarations
	// cannot load under the old ones behind one that already loads under the new.
	Follow func(context.Context) error

	streams epochs[map[string]*Stream] // by topic
	absent  absent
	pace    pace
	mem     transforms.Recycler
}

func (l *Loader) group() string { return cmp.Or(l.Group, LoadGroup) }

// token names one insert: the same span under the same plan into the same table
// gets the same name, and ClickHouse takes a name once. The topic's ID, and when
// its first record arrived, belong to the name, because offsets begin anew when a
// topic is created again: another span must not be taken for the one that had its
// offsets. So does how often a person moved the position: what is loaded again is
// another load, whose ledger must be written.
func (l *Loader) token(b *block, what string) string {
	s := b.span
	topic := s.Topic
	if b.topicID != "" {
		topic += "~" + b.topicID
	}
	turn := ""
	if b.share.move > 0 {
		turn = fmt.Sprintf("+%d", b.share.move)
	}
	name := fmt.Sprintf("%s/%d/%d-%d@%x%s/%016x/%s", topic, s.Partition, s.From, s.To, b.first, turn, b.share.stream.Plan(), what)
	if l.group() != LoadGroup {
		name = l.group() + "/" + name
	}
	return name
}

// Run loads until ctx ends. The block under way is finished first when ctx is
// merely cancelled; after a kill the next owner repeats it.
func (l *Loader) Run(ctx context.Context, streams []*Stream) error {
	l.streams.begin(byTopic(streams))
	defer l.absent.forget(l.Troubles)
	retry(ctx, l.Log, "loading", func() error {
		for {
			if err := l.member(ctx); err != nil {
				return err
			}
		}
	})
	return nil
}

// Switch puts other streams in force while the loader runs, and returns when no
// block is made or loaded under the old ones any more. Partitions of streams
// that stay the same are not disturbed, unless topics come or go: then the
// group is joined again.
func (l *Loader) Switch(ctx context.Context, streams []*Stream) error {
	return l.streams.replace(ctx, byTopic(streams))
}

func byTopic(streams []*Stream) map[string]*Stream {
	out := make(map[string]*Stream, len(streams))
	for _, s := range streams {
		out[s.Topic] = s
	}
	return out
}

// errOthers ends a membership: other topics are to be loaded, or can be.
var errOthers = errors.New("other topics are to be loaded")

// member is one membership in the group, in the topics that can be read now: one
// that is gone, or that may not be read, stops its own stream only. It ends without
// an error when topics came or went.
func (l *Loader) member(ctx context.Context) error {
	e := l.streams.enter()
	wanted := slices.Sorted(maps.Keys(e.value))
	here, err := l.absent.look(ctx, l, e.value)
	l.streams.leave(e)
	if err != nil {
		return err
	}
	if len(here) == 0 && len(wanted) > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.over:
		case <-time.After(lookEvery):
		}
		return nil
	}
	err = l.Kafka.Member(ctx, topics.GroupConfig{ID: l.group(), Topics: here, SessionTimeout: l.Session}, func(gen *topics.Generation) error {
		if err := l.generation(ctx, gen, wanted); !errors.Is(err, topics.ErrGenerationOver) {
			return err
		}
		return nil
	})
	if errors.Is(err, errOthers) || errors.Is(err, topics.ErrNoTopic) {
		return nil // it is looked at anew
	}
	return err
}

// share is one partition as this loader owns it during a generation. The
// goroutine that took it from the ready queue owns the unguarded fields.
type share struct {
	stream    *Stream
	topic     string
	topicID   string // of the topic that now has the name; empty: the brokers know no IDs
	partition int32
	read      int64  // everything before it is in blocks
	pending   intent // a load that was begun and not finished; To is 0 when there is none
	move      int64  // how often a person moved the position: see intent
	restored  bool   // read is what the ledger knows: nothing was stored

	epoch  *epoch[map[string]*Stream] // of stream, while it is queued
	next   atomic.Int64               // everything before it is loaded
	leader atomic.Int32               // see intent.Epoch
	torn   bool                       // a new leader's log forks before what is loaded: see turned
	queued atomic.Bool
	end    atomic.Int64
	since  time.Time    // when the rows at hand were first seen; guarded by the dispatcher
	again  atomic.Int64 // Unix ns before which it rests, because something is wrong with it
}

// generation loads what this process owns until the ownership ends, or until
// topics other than names are to be loaded.
func (l *Loader) generation(ctx context.Context, gen *topics.Generation, names []string) error {
	if err := l.follow(ctx, gen.Context()); err != nil {
		return err
	}
	e := l.streams.enter()
	defer func() { l.streams.leave(e) }()
	if !slices.Equal(slices.Sorted(maps.Keys(e.value)), names) {
		return errOthers
	}
	shares, err := l.shares(gen.Context(), l.Kafka, gen.Assigned, e.value)
	if err == nil {
		err = keepRestored(gen.Context(), gen, shares)
	}
	if err != nil {
		return err
	}
	came := make(chan struct{}) // closed when a topic that was absent can be read
	l.Log.Info("loading", "partitions", len(shares), "generation", gen.ID)
	ready := make(chan *share, len(shares)) // a share is in it at most once
	work, stop := context.WithCancelCause(gen.Context())
	defer stop(nil)
	goOn, finish := context.WithCancel(ctx) // when it ends, what is under way is finished
	defer finish()
	var wg sync.WaitGroup
	for range max(1, l.Workers) {
		w := l.worker(gen)
		wg.Go(func() {
			if err := w.run(goOn, work, ready); err != nil {
				stop(err)
			}
		})
	}
	wg.Go(func() { l.dispatch(goOn, work, shares, ready, stop) })
	wg.Go(func() { l.absent.watch(goOn, work, l, names, came, stop) })
	others := l.attend(goOn, work, &e, names, came, len(shares) < len(gen.Assigned))
	finish()
	wg.Wait()
	l.Troubles.forget(TroubleLoad, "")
	for _, s := range shares {
		l.unqueue(s)
	}
	switch err := context.Cause(work); {
	case err != nil && !errors.Is(err, context.Canceled):
		return err
	case ctx.Err() == nil && others:
		return errOthers
	}
	return ctx.Err()
}

// attend waits until the generation is over, and follows the streams that are in
// force. It returns early, with true, when the group must be joined again: for
// other topics, for one that can be read now, or for a partition that was left alone
// because of its plan.
func (l *Loader) attend(ctx, work context.Context, e **epoch[map[string]*Stream], names []string, came <-chan struct{}, left bool) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-work.Done():
			return false
		case <-came:
			return true
		case <-(*e).over:
		}
		if l.renewed(e, names, left) {
			return true
		}
	}
}

// renewed moves on to the streams that are in force, and reports whether the group
// must be joined again for them.
func (l *Loader) renewed(e **epoch[map[string]*Stream], names []string, left bool) bool {
	next := l.streams.enter()
	l.streams.leave(*e)
	*e = next
	return left || !slices.Equal(slices.Sorted(maps.Keys(next.value)), names)
}

// follow waits for the declarations that are in force at the beginning of a
// generation, while it lasts.
func (l *Loader) follow(ctx, gen context.Context) error {
	if l.Follow == nil {
		return nil
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(gen, stop)()
	if err := l.Follow(ctx); err != nil {
		return cmp.Or(context.Cause(gen), err)
	}
	return nil
}

// queue hands a share to the workers, under the streams that are in force: only a
// load that was begun under an earlier plan is finished under that.
func (l *Loader) queue(s *share, ready chan<- *share) {
	s.epoch = l.streams.enter()
	if now := s.epoch.value[s.topic]; now != nil && s.pending.To == 0 {
		s.stream = now
	}
	s.since = time.Time{}
	s.queued.Store(true)
	ready <- s
}

// unqueue takes a share back.
func (l *Loader) unqueue(s *share) {
	if s.queued.Swap(false) {
		l.streams.leave(s.epoch)
	}
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
	// The IDs afterwards: if a topic is created anew between the two, what is stored
	// is seen to belong to the earlier one.
	ids, err := kafka.TopicIDs(ctx, names...)
	if err != nil {
		return nil, err
	}
	ledger, err := l.ledger(ctx, assigned, stored)
	if err != nil {
		return nil, err
	}
	var out []*share
	for _, tp := range assigned {
		s := &share{stream: byTopic[tp.Topic], topic: tp.Topic, topicID: ids[tp.Topic], partition: tp.Partition}
		if int(tp.Partition) >= len(stored[tp.Topic]) {
			return nil, fault.New(fault.Transient, "taking over %s/%d: the broker asked does not know the partition yet, or any more", tp.Topic, tp.Partition)
		}
		at := stored[tp.Topic][tp.Partition]
		pending, ok, err := parseIntent(at.Metadata)
		if err != nil {
			return nil, fault.Mark(fault.Bug, err)
		}
		if pending.Topic != "" && s.topicID == "" {
			return nil, fault.New(fault.Transient, "taking over %s/%d: the topic is gone", tp.Topic, tp.Partition)
		}
		if pending.Topic != "" && pending.Topic != s.topicID {
			l.Log.Warn("a topic was deleted and created anew: it is loaded from its beginning; what the earlier one held beyond the stored offset is gone",
				"topic", s.topic, "partition", s.partition, "loaded_to", at.Offset, "pending_to", pending.To, "topic_id", s.topicID, "earlier_topic_id", pending.Topic)
			at, ok = topics.Committed{Offset: -1}, false
			pending = intent{}
		}
		if at.Offset < 0 && !l.restore(s, ledger) {
			continue
		}
		if pending.Moving {
			err := fault.Hint(fault.Config, "run rongtong offsets --stream "+s.stream.name()+" --to … --apply again: it finishes the move first",
				"a person began to move the position from %d to %d, and was cut short", pending.From, at.Offset)
			l.Log.Error("a partition is left alone until a move of its position is finished", "topic", s.topic, "partition", s.partition, "error", err)
			l.Troubles.begin(s.trouble(), err)
			continue
		}
		s.move = max(s.move, pending.Move)
		s.leader.Store(pending.Epoch)
		s.read = max(s.read, at.Offset)
		s.next.Store(s.read)
		if ok {
			if plan := s.stream.Plan(); pending.Plan != plan && !l.begunEarlier(s, pending.Plan) {
				// Only this partition waits. If all did, two partitions that wait
				// for different versions would wait for ever.
				l.Log.Error("a partition is left alone: a load of it is pending under another plan; run the earlier version until the load is finished, then this one again",
					"topic", s.topic, "partition", s.partition, "pending_to", pending.To,
					"pending_plan", fmt.Sprintf("%016x", pending.Plan), "plan", fmt.Sprintf("%016x", plan))
				l.Troubles.begin(s.trouble(), fault.New(fault.Config, "a load is pending under another plan"))
				continue
			}
			s.pending = pending
		}
		out = append(out, s)
	}
	return out, nil
}

// begunEarlier gives the share the stream of earlier declarations under which a
// load of it was begun, if they are known.
func (l *Loader) begunEarlier(s *share, plan uint64) bool {
	if l.Earlier == nil {
		return false
	}
	was := l.Earlier(s.topic, plan)
	if was == nil {
		return false
	}
	l.Log.Info("a load that was begun under earlier declarations is finished under them", "topic", s.topic, "partition", s.partition, "plan", fmt.Sprintf("%016x", plan))
	s.stream = was
	return true
}

// dispatch watches the ends of the partitions and queues the shares that have
// enough rows, or rows that waited long enough. Pending loads do not wait.
func (l *Loader) dispatch(ctx, work context.Context, shares []*share, ready chan<- *share, stop context.CancelCauseFunc) {
	names := map[string]bool{}
	for _, s := range shares {
		names[s.topic] = true
	}
	list := make([]string, 0, len(names))
	for n := range names {
		list = append(list, n)
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		seen, err := l.Kafka.Survey(work, list...)
		if err != nil && work.Err() == nil && fault.Of(err) != fault.Transient {
			stop(err)
			return
		}
		if err == nil {
			if err := l.anew(work, l.Kafka, shares, list); err != nil {
				stop(err)
				return
			}
			l.turned(work, l.Kafka, shares, seen)
			now := time.Now()
			for _, s := range shares {
				l.look(s, seen[s.topic].Bounds, now)
				if !s.queued.Load() && l.due(s, now) {
					l.queue(s, ready)
				}
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

// look notes where the partition of a share ends, and says if it ends before what
// is loaded of it.
func (l *Loader) look(s *share, bounds []topics.Bounds, now time.Time) {
	if int(s.partition) >= len(bounds) {
		return // it has just come, or goes: the group will hear of it
	}
	if bounds[s.partition] == topics.Unknown { // nobody leads it: a read would only wait
		s.again.Store(max(s.again.Load(), now.Add(time.Second).UnixNano()))
		return
	}
	end := bounds[s.partition].Last
	if s.end.Swap(end); end >= s.next.Load() || s.queued.Load() || now.UnixNano() < s.again.Load() {
		return
	}
	s.again.Store(now.Add(cmp.Or(l.Rest, 15*time.Second)).UnixNano())
	l.Log.Error("a partition is stopped: it ends before what is loaded of it, so it lost records that were acknowledged (an unclean election of a leader), or its topic was created anew; if that is known and accepted, stop the loaders, say rongtong offsets --stream "+s.stream.name()+" --to end or beginning, and start them",
		"topic", s.topic, "partition", s.partition, "ends_at", end, "loaded_to", s.next.Load(), "group", l.group())
	l.Troubles.begin(s.trouble(), fault.New(fault.Config, "the topic ends at %d, before what is loaded of it, %d", end, s.next.Load()))
}

// anew is an error if another topic has taken the place of one that is loaded.
// What is known of its offsets is then worth nothing: shares must begin afresh.
func (l *Loader) anew(ctx context.Context, kafka Offsets, shares []*share, names []string) error {
	ids, err := kafka.TopicIDs(ctx, names...)
	if err != nil {
		return nil //nolint:nilerr // it is asked again soon
	}
	for _, s := range shares {
		if id := ids[s.topic]; id != "" && id != s.topicID {
			return fault.New(fault.Transient, "loading %q: the topic was deleted and created anew", s.topic)
		}
	}
	return nil
}

// due reports whether a share that nobody works on has enough rows, or rows that
// waited long enough.
func (l *Loader) due(s *share, now time.Time) bool {
	waiting := s.end.Load() - s.next.Load()
	switch {
	case now.UnixNano() < s.again.Load(), s.torn:
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
