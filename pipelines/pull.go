package pipelines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"rongtong/connectors"
	"rongtong/pipelines/deidentify"
	"rongtong/pipelines/topics"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// The arguments of a pull.
const (
	ArgSystem   = "system"   // the system that is read
	ArgBackfill = "backfill" // the request: a date of it is pulled once
)

// pulled is how far a stream was pulled for a date: stored with the rows in one
// transaction, as Ingest does, but beside its position. A pull never moves that.
type pulled struct {
	Backfill string `json:"backfill"`
	Date     string `json:"date"`
	Done     bool   `json:"done"`
	Progress []byte `json:"progress"`
}

// pullGroup is the consumer group that holds it. It has no members; its name is
// also the producer's, so a pull of the past that wakes is refused.
func (s *Stream) pullGroup() string { return "pull." + s.System.System + "." + s.Stream.Name }

// pull reads what a source system holds of one business date again, from its
// beginning, into the topics that its streams have anyway, and waits until that
// is loaded. What was there before is known by thing, source, version and content: it is
// counted as duplicate and changes nothing.
func (j *Jobs) pull(ctx context.Context, r *Run) (string, error) {
	sys := j.Catalog.System(r.Args[ArgSystem])
	if sys == nil {
		return "", fault.Hint(fault.Config, "pulls are asked for by: rongtong backfill SYSTEM --from D --to D", "pulling: there is no system %q", r.Args[ArgSystem])
	}
	if why := NotPulled(sys); why != "" {
		return "", fault.New(fault.Config, "pulling %q: %s", sys.System, why)
	}
	var list []*Stream
	for _, s := range j.Streams {
		if s.System == sys {
			list = append(list, s)
		}
	}
	kind, _ := connectors.KindOf(sys)
	open := j.Kinds[kind].Open
	if open == nil {
		return "", fault.New(fault.Bug, "pulling %q: the process that runs jobs knows no protocol %q", sys.System, kind)
	}
	opened, err := open(ctx, sys)
	if err != nil {
		return "", err
	}
	defer opened.Close()
	var sum int64
	for _, s := range list {
		err := r.Step(ctx, "pull/"+s.Stream.Name, func(ctx context.Context) (Did, error) {
			n, err := j.pullStream(ctx, opened, s, r)
			sum += n
			return Did{In: n, Out: n, Nothing: n == 0, Detail: fmt.Sprintf("%s: %d records", r.Date, n)}, err
		})
		if err != nil {
			return "", fmt.Errorf("pulling %s.%s for %s: %w", sys.System, s.Stream.Name, r.Date, err)
		}
	}
	err = r.Step(ctx, "load", func(ctx context.Context) (Did, error) { return Did{In: sum}, j.awaitLoaded(ctx, list) })
	return fmt.Sprintf("%s: %d records of %s in %d streams, all loaded", sys.System, sum, r.Date, len(list)), err
}

// NotPulled says why the days of a system cannot be read again; "" if they can.
func NotPulled(sys *schemas.System) string {
	if sys.Every.Continuous {
		return "it sends by itself, so it cannot be asked again; what it sent is replayed by: rongtong replay"
	}
	return ""
}

// dayOf is the span of a business date, in the zone of every date without one.
func dayOf(date string) (from, to time.Time, err error) {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return from, to, fault.Mark(fault.Bug, err)
	}
	if from, err = time.ParseInLocation(time.DateOnly, date, zone); err != nil {
		return from, to, fault.Hint(fault.Config, "write YYYY-MM-DD", "reading the business date %q: %w", date, err)
	}
	return from, from.AddDate(0, 0, 1), nil
}

// pullStream reads one stream's records of the run's date into its topic and
// returns how many. The producer is made first: from then on a stalled twin is
// fenced, so what is stored can no longer move under us.
func (j *Jobs) pullStream(ctx context.Context, opened connectors.Opened, s *Stream, r *Run) (int64, error) {
	from, to, err := dayOf(r.Date)
	if err != nil {
		return 0, err
	}
	producer, err := j.Kafka.Producer(ctx, s.pullGroup(), s.Topic, positions)
	if err != nil {
		return 0, err
	}
	defer producer.Close()
	at, before, err := lastPull(ctx, j.Kafka, s)
	if err != nil {
		return 0, err
	}
	of := pulled{Backfill: r.Args[ArgBackfill], Date: r.Date}
	if at.Backfill != of.Backfill || at.Date != of.Date || of.Backfill == "" {
		before.Position = nil // another date: from its beginning
	} else if at.Done {
		return 0, nil
	}
	land := &lander{keys: j.Keys, stream: s}
	if err := land.renew(); err != nil {
		return 0, err
	}
	pos, err := land.step.OpenPosition(before.Position)
	if err != nil {
		return 0, err
	}
	src, err := connectors.Within(ctx, opened, s.Stream, pos, from, to)
	if err != nil {
		return 0, err
	}
	defer src.Close()
	n := int64(0)
	chunk := &record.Chunk{System: s.System.System, Stream: s.Stream.Name}
	for !of.Done {
		chunk.Reset()
		pos, err := src.Read(ctx, chunk)
		if of.Done = errors.Is(err, io.EOF); err != nil && !of.Done {
			return n, err
		}
		kept, err := land.apply(chunk)
		if err != nil {
			return n, err
		}
		next := progress{Counts: before.plus(src.Stats(), land.counts(), s.Personal)}
		next.Records = before.Records + n + int64(len(chunk.Rows))
		if !of.Done {
			if next.Position, err = land.step.SealPosition(pos); err != nil {
				return n, err
			}
		}
		of.Progress = next.encode()
		if err := commitPull(ctx, producer, s, chunk, kept, of); err != nil {
			return n, err
		}
		n += int64(len(chunk.Rows))
		if !of.Done {
			if err := src.Done(ctx, pos); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// commitPull writes a chunk and how far the pull is in one transaction.
func commitPull(ctx context.Context, p *topics.Producer, s *Stream, chunk *record.Chunk, kept []deidentify.Kept, of pulled) error {
	txn := p.Begin()
	for _, k := range kept {
		txn.Append(s.landing(), 0, topics.Record{Key: k.Key, Value: k.Value})
	}
	var header []byte
	for i := range chunk.Rows {
		e := &chunk.Rows[i]
		header = AppendHeader(header[:0], e, 0) // not one of the stream's own reading: it has no number there
		txn.Append(s.Topic, topics.Partition(e.Key, s.Partitions()), topics.Record{Key: e.Key, Value: e.Value, Header: header})
	}
	value, err := json.Marshal(of)
	if err != nil {
		return fault.Mark(fault.Bug, err)
	}
	if err := txn.SavePosition(ctx, positions, s.pullGroup(), s.Topic, value); err != nil {
		return errors.Join(err, txn.Abort(ctx))
	}
	return txn.Commit(ctx)
}

// lastPull is what is stored of a stream's last pull, and its progress.
func lastPull(ctx context.Context, k *topics.Client, s *Stream) (at pulled, p progress, err error) {
	b, err := k.LoadPosition(ctx, positions, s.pullGroup(), s.Topic)
	if err != nil || len(b) == 0 {
		return at, p, err
	}
	if err := json.Unmarshal(b, &at); err != nil {
		return at, p, fault.New(fault.Bug, "reading how far %q was pulled: %w", s.Topic, err)
	}
	p, err = decodeProgress(at.Progress)
	return at, p, fault.Mark(fault.Bug, err)
}

// awaitLoaded waits until the loaders have committed everything that the topics
// hold now.
func (j *Jobs) awaitLoaded(ctx context.Context, list []*Stream) error {
	var names []string
	for _, s := range list {
		if len(s.Flows) > 0 {
			names = append(names, s.Topic)
		}
	}
	if len(names) == 0 {
		return nil
	}
	ends, err := j.Kafka.Ends(ctx, names...)
	if err != nil {
		return err
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		stored, err := j.Kafka.Offsets(ctx, LoadGroup, names...)
		if err != nil {
			return err
		}
		waiting := false
		for topic, parts := range ends {
			for p, b := range parts {
				waiting = waiting || b.Last > b.First && (p >= len(stored[topic]) || stored[topic][p].Offset < b.Last)
			}
		}
		if !waiting {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}
