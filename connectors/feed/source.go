package feed

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"

	"rongtong/connectors"
	"rongtong/pipelines/topics"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// position is the offset to read next of every partition, and whose turn it is.
// The turn makes the order a function of the position: a log that did not grow
// is read from it in the same order again.
type position struct {
	turn int
	next []int64 // -1: from the first record there is
}

const (
	positionVersion = 1
	partitionsMax   = 10_000
)

func (p position) encode() record.Position {
	b := binary.AppendUvarint([]byte{positionVersion}, uint64(p.turn))
	for _, o := range p.next {
		b = binary.AppendUvarint(b, uint64(o+1))
	}
	return b
}

func parsePosition(b record.Position) (position, error) {
	if len(b) == 0 {
		return position{}, nil
	}
	wrong := fmt.Errorf("reading a position: its %d bytes were not written by this connector", len(b))
	if b[0] != positionVersion {
		return position{}, wrong
	}
	rest := []byte(b[1:])
	turn, n := binary.Uvarint(rest)
	if n <= 0 || turn >= partitionsMax {
		return position{}, wrong
	}
	p := position{turn: int(turn)}
	for rest = rest[n:]; len(rest) > 0; rest = rest[n:] {
		var o uint64
		if o, n = binary.Uvarint(rest); n <= 0 || o > 1<<62 || len(p.next) == partitionsMax {
			return position{}, wrong
		}
		p.next = append(p.next, int64(o)-1)
	}
	return p, nil
}

// The fields the source itself looks at.
const (
	useAt = iota
	useDelete
)

// pollWait is how long the broker holds an answer that has no records.
const pollWait = 500 * time.Millisecond

type source struct {
	sys     *system
	client  *topics.Client
	stream  *schemas.Stream
	from    from
	at      position
	idle    *topics.Session   // waits for whatever comes
	readers []*topics.Fetcher // by partition
	decoder *decoder
	checker *connectors.Checker // nil: no contract
	reader  *connectors.ItemReader
	stats   connectors.Stats
}

func newSource(sys *system, c *topics.Client, st *schemas.Stream, f from, w *writers, at position) *source {
	use := make([]string, 2)
	if f.At != nil {
		use[useAt] = f.At.Field
	}
	if f.Delete != nil {
		use[useDelete] = f.Delete.Field
	}
	s := &source{
		sys: sys, client: c, stream: st, from: f, at: at, decoder: newDecoder(f, w), reader: connectors.NewItemReader(st, use...),
		idle: c.Session(topics.FetchOptions{MaxWait: pollWait, ReadCommitted: true, PartitionBytes: 64 << 10}),
	}
	if f.Contract != nil {
		s.checker = connectors.NewChecker(st, f.Contract)
	}
	return s
}

// Read takes what the partitions hold, one after another. A continuous system
// waits for records, another one returns io.EOF.
func (s *source) Read(ctx context.Context, dst *record.Chunk) (record.Position, error) {
	begin := len(dst.Rows)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		err := s.within(ctx, func(ctx context.Context) error { return s.round(ctx, dst) })
		switch rows := len(dst.Rows) - begin; {
		case rows > 0: // an error comes again at the next Read
			s.stats.Records += int64(rows)
			return s.at.encode(), nil
		case err != nil:
			return nil, err
		case !s.sys.continuous:
			return nil, io.EOF
		}
		if err := s.within(ctx, s.wait); err != nil {
			return nil, err
		}
	}
}

// within bounds what asks the broker: its client would wait for a silent one
// for ever, and nobody would learn that it is silent.
func (s *source) within(ctx context.Context, do func(context.Context) error) error {
	one, cancel := context.WithTimeout(ctx, s.sys.patience)
	defer cancel()
	err := do(one)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case one.Err() != nil && fault.Of(err) != fault.Config:
		return fault.New(fault.Transient, "reading %q of system %q: the broker gave no good answer within %s: %w", s.from.Topic, s.sys.name, s.sys.patience, err)
	}
	return fmt.Errorf("reading stream %q of system %q: %w", s.stream.Name, s.sys.name, err)
}

// wait returns when a partition may have records, or after a while.
func (s *source) wait(ctx context.Context) error {
	var list []topics.FetchFrom
	for p, o := range s.at.next {
		list = append(list, topics.FetchFrom{Topic: s.from.Topic, Partition: int32(p), Offset: max(o, 0)})
	}
	_, err := s.idle.Fetch(ctx, list)
	return err
}

var errFull = errors.New("the chunk is full")

// round reads what is there now, beginning with the partition whose turn it is,
// until the chunk is full.
func (s *source) round(ctx context.Context, dst *record.Chunk) error {
	ends, err := s.client.Ends(ctx, s.from.Topic)
	if err != nil {
		return err
	}
	held := ends[s.from.Topic]
	if len(held) < len(s.at.next) {
		return fault.Hint(fault.Config, "the topic was created anew: decide where to read from", "reading %q: it has %d partitions, and had %d", s.from.Topic, len(held), len(s.at.next))
	}
	for len(s.at.next) < len(held) {
		s.at.next = append(s.at.next, -1)
	}
	for len(s.readers) < len(held) {
		s.readers = append(s.readers, nil)
	}
	first := s.at.turn % len(held)
	for k := range held {
		p := (first + k) % len(held)
		full, err := s.partition(ctx, p, held[p], dst)
		if err != nil {
			return err
		}
		if full {
			s.at.turn = (p + 1) % len(held)
			return nil
		}
	}
	return nil
}

// partition reads one partition up to its end, and reports whether the chunk
// was full before that.
func (s *source) partition(ctx context.Context, p int, held topics.Bounds, dst *record.Chunk) (full bool, err error) {
	if s.at.next[p] < 0 {
		s.at.next[p] = held.First
	}
	if s.at.next[p] < held.First {
		if err := s.gap(p, held); err != nil {
			return false, err
		}
	}
	if s.readers[p] == nil {
		s.readers[p] = s.client.Fetcher(s.from.Topic, int32(p), s.at.next[p], topics.FetchOptions{ReadCommitted: true, MaxWait: pollWait})
	}
	for s.at.next[p] < held.Last {
		next, err := s.readers[p].Fetch(ctx, func(r *topics.FetchedRecord) error {
			if connectors.Full(dst) {
				return errFull
			}
			return s.message(ctx, p, r, dst)
		})
		s.at.next[p] = next
		if errors.Is(err, errFull) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return connectors.Full(dst), nil
}

// gap is what happens when the broker has deleted records that were not read.
func (s *source) gap(p int, held topics.Bounds) error {
	if s.from.Gaps != "skip" {
		return fault.Hint(fault.Config, "ask the department to send them again, then set gaps: skip", "reading %q partition %d: %d records were deleted before they were read",
			s.from.Topic, p, held.First-s.at.next[p])
	}
	slog.Warn("records of a feed were deleted before they were read", "topic", s.from.Topic, "partition", p, "records", held.First-s.at.next[p])
	s.at.next[p], s.readers[p] = held.First, nil
	return nil
}

// message delivers the records of one message.
func (s *source) message(ctx context.Context, p int, r *topics.FetchedRecord, dst *record.Chunk) error {
	s.stats.Bytes += int64(len(r.Key) + len(r.Value))
	s.stats.Objects++
	place := s.from.Topic + "[" + strconv.Itoa(p) + "]@" + strconv.FormatInt(r.Offset, 10)
	if r.Value == nil {
		s.tombstone(r, place, dst)
		return nil
	}
	n := 0
	return s.decoder.each(ctx, r.Value, func(_ int, item []byte, rule string) {
		where := place
		if n++; n > 1 {
			where += " #" + strconv.Itoa(n)
		}
		s.deliver(item, rule, r.Time, where, dst)
	})
}

func (s *source) deliver(item []byte, rule string, at time.Time, place string, dst *record.Chunk) {
	if rule == "" && s.reader.Read(item) != nil {
		rule = "json.syntax"
	}
	if rule != "" {
		s.reader.AppendFault(dst, at, place, rule)
		return
	}
	if s.checker != nil {
		_ = s.checker.Check(item, func(b connectors.Breach) { // it was read: it is an object
			if rule == "" {
				rule = b.Rule
			}
		})
	}
	op := record.Upsert
	if s.from.Delete != nil && string(s.reader.Used(useDelete)) == s.from.Delete.Value {
		op = record.Delete
	}
	if s.from.At != nil {
		at, _ = connectors.ParseAt(s.reader.Used(useAt)) // zero: the transform rejects the record
	}
	s.reader.AppendAs(dst, at, op, place, rule)
}

// tombstone delivers a deletion. The key of the message names the record: an
// object of the key fields, or the text itself where the key is one field.
func (s *source) tombstone(r *topics.FetchedRecord, place string, dst *record.Chunk) {
	key := bytes.TrimSpace(r.Key)
	if len(key) > 0 && key[0] != '{' && len(s.stream.Key) == 1 {
		b, _ := json.Marshal(map[string]string{s.stream.Key[0]: string(key)}) // texts: it cannot fail
		key = b
	}
	if len(key) == 0 || key[0] != '{' || s.reader.Read(key) != nil || !s.keyed(key) {
		s.reader.AppendFault(dst, r.Time, place, "feed.key")
		return
	}
	s.reader.AppendTo(dst, r.Time, record.Delete, place)
}

// keyed reports whether every key field has a value.
func (s *source) keyed(item []byte) bool {
	found, err := connectors.FindJSON(item, s.stream.Key...)
	if err != nil {
		return false
	}
	for _, v := range found {
		if len(v) == 0 || v[0] == 'n' || v[0] == '{' || v[0] == '[' {
			return false
		}
	}
	return true
}

// Done has nothing to do: the broker keeps records by its own rule.
func (s *source) Done(context.Context, record.Position) error { return nil }

func (s *source) Stats() connectors.Stats {
	st := s.stats
	s.reader.AddTo(&st)
	return st
}

func (s *source) Close() error { return nil }
