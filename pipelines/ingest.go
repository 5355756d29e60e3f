package pipelines

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/otel/attribute"

	"rongtong/connectors"
	"rongtong/pipelines/deidentify"
	"rongtong/pipelines/telemetry"
	"rongtong/pipelines/topics"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// positions is where connector positions too large for offset metadata go.
const positions = "rongtong.positions"

// Ingest moves records from sources into Kafka: one goroutine, one producer and
// one transaction at a time per stream.
type Ingest struct {
	Kafka *topics.Client
	Kinds map[string]connectors.Kind
	Keys  *deidentify.Keys // of pseudonyms and of the landing area; nil: none
	Log   *slog.Logger
	// Troubles, if set, is told which sources do not go on.
	Troubles *Troubles
	// Session is how long a process that died keeps its systems; 0: 6 s, the
	// least that brokers allow by default.
	Session time.Duration
	// Hosts bound how many streams are read from a host at the same time.
	Hosts map[string]int

	streams epochs[[]*Stream]
	open    sync.Once // makes gate
	gate    *gate
	pulls   *Pulls
}

// group is the consumer group that holds a stream's position; it has no members.
func (s *Stream) group() string { return "ingest." + s.System.System + "." + s.Stream.Name }

// Topics are what Ingest writes to.
func Topics(streams []*Stream) []topics.Topic {
	out := []topics.Topic{{Name: positions, Partitions: 1}, {Name: portions, Partitions: portionCount}}
	for _, s := range streams {
		out = append(out, topics.Topic{Name: s.Topic, Partitions: s.Partitions()})
		if len(s.Flows) > 0 {
			out = append(out, topics.Topic{Name: RejectTopic(s.System.System, s.Stream.Name), Partitions: 1, Configs: map[string]string{"retention.ms": rejectRetention}})
		}
		if days := s.Stream.Landing.Days; days > 0 {
			out = append(out, topics.Topic{Name: s.landing(), Partitions: 1,
				Configs: map[string]string{"retention.ms": strconv.Itoa(days * 24 * 3600 * 1000)}})
		}
	}
	return out
}

// portions carries nothing: who owns one of its partitions reads the systems that
// fall into it. So any number of processes may ingest, each system is read by
// one of them, and another takes over when that one is gone.
const (
	portions     = "rongtong.ingest"
	portionCount = 32
	// IngestGroup is the consumer group that shares the systems out.
	IngestGroup = "ingest"
)

// portionOf is the partition that a system falls into: the systems of one host
// into the same, so that one process keeps the host's limit.
func portionOf(sys *schemas.System) int32 {
	return int32(xxhash.Sum64String(cmp.Or(sys.Host(), sys.System)) % portionCount)
}

// Run ingests the systems that fall to this process until ctx ends. Problems of
// one system never stop another: they are logged, shown in the state, and tried
// again.
func (in *Ingest) Run(ctx context.Context, streams []*Stream) error {
	in.streams.begin(streams)
	in.pulls = newPulls(in.Kafka, in.Log)
	in.Limit(in.Hosts)
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() { in.follow(ctx) })
	beside.Go(func() { in.pulls.run(ctx) })
	retry(ctx, in.Log, "ingesting", func() error {
		return in.Kafka.Member(ctx, topics.GroupConfig{ID: IngestGroup, Topics: []string{portions}, SessionTimeout: in.Session},
			func(gen *topics.Generation) error { return in.generation(ctx, gen) })
	})
	return nil
}

// Limit changes how many streams are read from each host at the same time.
func (in *Ingest) Limit(hosts map[string]int) {
	in.open.Do(func() { in.gate = newGate() })
	in.gate.limit(hosts)
}

// Switch puts other streams in force while it runs, and returns when nothing is
// read under the old ones any more. A system that is read as before is not
// disturbed; one that is read in another way stops at a boundary and begins
// again from its position; one that is gone stops, and its position is kept.
func (in *Ingest) Switch(ctx context.Context, streams []*Stream) error {
	return in.streams.replace(ctx, streams)
}

// generation ingests what this process owns until the ownership may be
// another's. A process that was silent for too long, and does not know it yet,
// is fenced by the epoch of each stream's next producer.
func (in *Ingest) generation(ctx context.Context, gen *topics.Generation) error {
	held, release := context.WithCancel(gen.Context())
	defer release()
	defer context.AfterFunc(ctx, release)()
	owned := map[int32]bool{}
	for _, p := range gen.Assigned {
		owned[p.Partition] = true
	}
	running := map[string]*reading{}
	e := in.streams.enter()
	defer func() {
		for _, r := range running {
			r.end()
		}
		in.Troubles.forget(TroubleIngest, "")
		in.streams.leave(e)
	}()
	for {
		want := map[string][]*Stream{}
		for _, s := range e.value {
			if owned[portionOf(s.System)] {
				want[s.System.System] = append(want[s.System.System], s)
			}
		}
		in.Log.Info("ingesting", "systems", len(want), "generation", gen.ID)
		for name, list := range want {
			if running[name] != nil {
				continue
			}
			r, err := in.begin(held, list)
			if err != nil {
				return err
			}
			running[name] = r
		}
		select {
		case <-held.Done():
			return ctx.Err()
		case <-e.over:
		}
		next := in.streams.enter()
		if err := in.reconcile(held, running, next.value, owned); err != nil {
			in.streams.leave(next)
			return err
		}
		in.streams.leave(e)
		e = next
	}
}

// reconcile ends what other declarations no longer read, or read in another way.
// All are told before the first is waited for.
func (in *Ingest) reconcile(held context.Context, running map[string]*reading, streams []*Stream, owned map[int32]bool) error {
	want := map[string][]*Stream{}
	for _, s := range streams {
		if owned[portionOf(s.System)] {
			want[s.System.System] = append(want[s.System.System], s)
		}
	}
	var gone []*reading
	for name, r := range running {
		list := want[name]
		switch {
		case len(list) == 0 || !r.sameSource(list):
			r.cancel()
			gone = append(gone, r)
			delete(running, name)
		case !r.sameTimes(list):
			if err := r.retime(held, in.Log, list[0].System); err != nil {
				return err
			}
		}
	}
	for _, r := range gone {
		in.Log.Info("a system is no longer read as it was: it stopped at a boundary", "system", r.streams[0].System.System)
		r.end()
		in.Troubles.forget(TroubleIngest, r.streams[0].System.System)
	}
	return nil
}

// system opens a system, again and again if it must, and runs its streams.
func (in *Ingest) system(ctx context.Context, sys *schemas.System, list []*Stream, ticks []chan struct{}) {
	log := in.Log.With("system", sys.System)
	kind, _ := connectors.KindOf(sys)
	retry(ctx, log, "opening the system", func() error {
		whole := Trouble{Role: TroubleIngest, System: sys.System, Tier: sys.Tier}
		opened, err := in.Kinds[kind].Open(ctx, sys)
		if err != nil {
			in.Troubles.begin(whole, err)
			return err
		}
		in.Troubles.end(whole)
		defer opened.Close()
		var wg sync.WaitGroup
		for i, s := range list {
			wg.Add(1)
			go func() {
				defer wg.Done()
				log := log.With("stream", s.Stream.Name)
				retry(ctx, log, "ingesting", func() error {
					return in.gate.pass(ctx, sys.System, ticks[i], func(ctx context.Context) error {
						if err := in.reread(ctx, s, log); err != nil {
							return err
						}
						err := in.stream(ctx, kafkaLog{in.Kafka}, opened, s, ticks[i], log)
						if err != nil && ctx.Err() == nil {
							in.Troubles.begin(sourceTrouble(s), err)
						}
						return err
					})
				})
			}()
		}
		wg.Wait()
		return ctx.Err()
	})
}

// retry runs work until it succeeds or ctx ends. Transient faults are tried
// again soon, everything else slowly: a person has to act, and when they have,
// the stream goes on by itself.
func retry(ctx context.Context, log *slog.Logger, what string, work func() error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 200*time.Millisecond, 10*time.Second
	for ctx.Err() == nil {
		began := time.Now()
		err := work()
		if err == nil || ctx.Err() != nil {
			return
		}
		if time.Since(began) > time.Minute {
			pause.Reset()
		}
		wait := pause.NextBackOff()
		if class := fault.Of(err); class != fault.Transient {
			wait = max(wait, 5*time.Second)
			log.Error(what, "class", class.String(), "error", err, "again_in", wait.Round(time.Millisecond))
		} else {
			log.Warn(what, "error", err, "again_in", wait.Round(time.Millisecond))
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// patient repeats work for as long as time can heal its error, slower and
// slower, and returns any other error.
func patient(ctx context.Context, log *slog.Logger, what string, work func() error) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 100*time.Millisecond, 10*time.Second
	for {
		err := work()
		if err == nil || fault.Of(err) != fault.Transient || ctx.Err() != nil {
			return err
		}
		wait := pause.NextBackOff()
		log.Warn(what, "error", err, "again_in", wait.Round(time.Millisecond))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// resume reads how far a stream is, and takes over rows that a crash of the broker
// left without their position.
func resume(ctx context.Context, kafka Log, s *Stream, log *slog.Logger) (progress, orphans, error) {
	at, err := stored(ctx, kafka, s)
	if err != nil {
		return at, nil, err
	}
	left, last, err := findOrphans(ctx, kafka, s, at.Last)
	if err != nil {
		return at, nil, err
	}
	n := left.size()
	left.add(at.Left) // found by a predecessor, and not all come again before it ended
	if n > 0 {
		log.Warn("taking over rows that a crash of the broker left without their position", "records", n)
		at.Records, at.Last = at.Records+n, last
	}
	return at, left, nil
}

// stream runs one stream from its stored position until something breaks.
// The producer is made first: from then on a stalled twin is fenced, so the
// position that is read next can no longer move under us.
func (in *Ingest) stream(ctx context.Context, kafka Log, opened connectors.Opened, s *Stream, tick <-chan struct{}, log *slog.Logger) (err error) {
	names := []string{s.Topic, positions}
	if s.Watched {
		names = append(names, pullsTopic)
	}
	producer, err := kafka.Producer(ctx, s.group(), names...)
	if err != nil {
		return err
	}
	defer producer.Close()
	land := &lander{keys: in.Keys, stream: s}
	if err := land.renew(); err != nil {
		return err
	}
	at, left, err := resume(ctx, kafka, s, log)
	if err != nil {
		return err
	}
	from, err := land.step.OpenPosition(at.Position)
	if err != nil {
		return err
	}
	src, err := opened.Source(ctx, s.Stream, from)
	if err != nil {
		return err
	}
	defer src.Close()
	opening := at.Counts // what earlier processes counted
	chunk := &record.Chunk{System: s.System.System, Stream: s.Stream.Name}
	told := 0 // events of the source that were logged
	p := &pull{in: in, stream: s}
	defer func() { p.end(ctx, err) }()
	for {
		if err := p.begin(ctx); err != nil {
			return err
		}
		chunk.Reset()
		began := time.Now()
		pos, err := src.Read(ctx, chunk)
		if errors.Is(err, io.EOF) {
			in.Troubles.end(sourceTrouble(s))
			told = tell(log, src.Stats(), told)
			p.end(ctx, nil)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick:
			}
			continue
		}
		if err != nil {
			telemetry.Did(ctx, telemetry.Read, began, time.Since(began), err)
			return err
		}
		work, pull := telemetry.BeginAt(ctx, telemetry.Pull, began, s.traced(len(chunk.Rows))...)
		telemetry.Did(work, telemetry.Read, began, time.Since(began), nil)
		kept, err := land.stage(work, chunk)
		if err != nil {
			pull.End(err)
			return err
		}
		left.drop(chunk)
		next := progress{Counts: opening.plus(src.Stats(), land.counts(), s.Personal), Left: left}
		next.Records = at.Records + int64(len(chunk.Rows))
		next.Last = at.Last + int64(len(chunk.Rows))
		if next.Position, err = land.step.SealPosition(pos); err == nil {
			err = in.commit(work, producer, s, chunk, kept, at.Last, next)
		}
		pull.End(err)
		if err != nil {
			return err
		}
		at = next
		p.rows += int64(len(chunk.Rows))
		in.Troubles.end(sourceTrouble(s))
		log.DebugContext(work, "delivered", "records", len(chunk.Rows), "in_all", at.Records)
		told = tell(log, src.Stats(), told)
		if err := src.Done(ctx, pos); err != nil {
			return err
		}
	}
}

// traced describes work on records of the stream.
func (s *Stream) traced(records int) []attribute.KeyValue {
	if !telemetry.On() {
		return nil
	}
	return []attribute.KeyValue{attribute.String("rongtong.tier", s.System.Tier), attribute.String("rongtong.system", s.System.System),
		attribute.String("rongtong.stream", s.Stream.Name), attribute.Int("messaging.batch.message_count", records)}
}

// tell logs what happened to the source itself since told events, and how far the
// stream is behind its change log. It returns how many events there are.
func tell(log *slog.Logger, stats connectors.Stats, told int) int {
	for _, e := range stats.Events[told:] {
		log.Warn("the source changed", "place", e.Place, "what", e.What)
	}
	if l := stats.Lag; l != nil {
		log.Debug("change log", "log", l.Log, "behind_bytes", l.Bytes)
	}
	return len(stats.Events)
}

func stored(ctx context.Context, k Log, s *Stream) (progress, error) {
	b, err := k.LoadPosition(ctx, positions, s.group(), s.Topic)
	if err != nil {
		return progress{}, err
	}
	p, err := decodeProgress(b)
	return p, fault.Mark(fault.Bug, err)
}

// Delivered is what the stream's connector has counted in all: its own side of
// the books, committed together with the rows.
func Delivered(ctx context.Context, k *topics.Client, s *Stream) (Counts, error) {
	p, err := stored(ctx, kafkaLog{k}, s)
	if err != nil {
		return p.Counts, err
	}
	_, again, err := lastPull(ctx, k, s) // what was read again beside it
	return p.and(again.Counts), err
}

// commit writes a chunk and the position after it in one transaction. After
// any error the producer is spent and the stream starts again: the next
// producer of the same ID settles the transaction one way or the other, and the
// stored position, which moved exactly if the rows are there, says which.
// The first record of each partition says which trace the transaction belongs to.
func (in *Ingest) commit(ctx context.Context, p Producer, s *Stream, chunk *record.Chunk, kept []deidentify.Kept, before int64, next progress) (err error) {
	ctx, stage := telemetry.Begin(ctx, telemetry.Produce)
	defer func() { stage.End(err) }()
	trace, traced := telemetry.Parent(ctx), make([]bool, s.Partitions())
	txn := p.Begin()
	for _, k := range kept {
		txn.Append(s.landing(), 0, topics.Record{Key: k.Key, Value: k.Value})
	}
	var header []byte
	for i := range chunk.Rows {
		e := &chunk.Rows[i]
		header = AppendHeader(header[:0], e, before+int64(i)+1)
		r, p := topics.Record{Key: e.Key, Value: e.Value, Header: header}, topics.Partition(e.Key, s.Partitions())
		if !traced[p] {
			r.Trace, traced[p] = trace, true
		}
		txn.Append(s.Topic, p, r)
	}
	if s.Watched && len(chunk.Rows) > 0 {
		p := watch(s, chunk)
		if err := appendPull(txn, &p); err != nil {
			return errors.Join(err, txn.Abort(ctx))
		}
	}
	if err := txn.SavePosition(ctx, positions, s.group(), s.Topic, next.encode()); err != nil {
		return errors.Join(err, txn.Abort(ctx))
	}
	return txn.Commit(ctx)
}
