package topics

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"rongtong/schemas/fault"
)

// FetchOptions bound a fetch. The zero value reads uncommitted data too.
type FetchOptions struct {
	// MaxBytes of one answer from one broker, compressed; 0: 8 MiB. It is
	// divided among the partitions asked for. A larger batch is still read whole.
	MaxBytes int32
	// PartitionBytes of one partition in an answer at most; 0: 2 MiB.
	PartitionBytes int32
	// MaxWait is how long a broker may wait for data if there is none; 0: 500 ms.
	MaxWait time.Duration
	// ReadCommitted leaves out records of open and aborted transactions.
	ReadCommitted bool
}

func (o *FetchOptions) defaults() {
	if o.MaxBytes <= 0 {
		o.MaxBytes = 8 << 20
	}
	if o.PartitionBytes <= 0 {
		o.PartitionBytes = 2 << 20
	}
	if o.MaxWait <= 0 {
		o.MaxWait = 500 * time.Millisecond
	}
}

// FetchFrom asks for the records of one partition in [Offset, To).
type FetchFrom struct {
	Topic     string
	Partition int32
	Offset    int64
	To        int64 // 0: no end
	// ID is that of the topic, as TopicIDs tells it. With it, brokers that know IDs
	// (Apache Kafka 3.1 and later) give the records of that topic or none: while
	// another one has its name, Fetch waits until ctx ends. Empty: whichever topic
	// has the name.
	ID string
}

// Fetched is the answer about one partition. It is borrowed from its Session
// until the next Fetch.
type Fetched struct {
	FetchFrom
	// Held are the first offset of the partition and its last stable offset;
	// HighWater is the offset after the last record of any kind.
	Held      Bounds
	HighWater int64
	// Err is *OutOfRange, or nil. Errors that time heals were retried.
	Err error

	set     []byte
	aborted []aborted
	s       *Session
}

// Each calls fn with every record of the answer and returns the offset to
// continue from. That offset moves over markers and aborted records, and never
// above To. An error of fn ends the call, is returned as it is, and next is then
// the offset of the record that fn refused.
//
// A wrong checksum or a malformed record is a fault.Bug: the log is damaged.
func (f *Fetched) Each(fn func(*FetchedRecord) error) (next int64, err error) {
	if f.Err != nil {
		return f.Offset, f.Err
	}
	to := f.To
	if to == 0 {
		to = math.MaxInt64
	}
	next, want, err := f.s.dec.each(f.set, f.Offset, to, f.aborted, fn)
	if err != nil && f.s.dec.failed == nil {
		class := fault.Bug
		if fault.Is(err, fault.Config) {
			class = fault.Config
		}
		err = fault.New(class, "decoding %q partition %d after offset %d: %w", f.Topic, f.Partition, next, err)
	}
	if want > 0 {
		f.s.grow[tp{f.Topic, f.Partition}] = int32(min(want, maxAnswer))
	}
	return next, err
}

// Session fetches from many partitions. It keeps the buffers of the last
// answers and is for one goroutine.
type Session struct {
	c    *Client
	opts FetchOptions
	dec  decoder
	bufs map[int32]*fetchBuf // by broker
	out  []Fetched
	turn int          // which partition goes first: a broker fills answers in order
	grow map[tp]int32 // partitions whose next batch is larger than PartitionBytes
}

type fetchBuf struct {
	w       writer
	version int16 // of the request in w
	answer  []byte
	list    []aborted
}

// Session returns a new fetch session. It holds no connection and needs no Close.
func (c *Client) Session(opts FetchOptions) *Session {
	opts.defaults()
	return &Session{c: c, opts: opts, bufs: map[int32]*fetchBuf{}, grow: map[tp]int32{}}
}

// Fetch asks the leaders of all partitions at once and returns one answer for
// each partition that has something to say: data, or an error of its own. It
// returns an empty list when MaxWait passed without data. Leaders that moved and
// brokers that restarted are waited for until ctx ends.
//
// Call it with every partition that still has room; Session alternates which
// partition is served first.
func (s *Session) Fetch(ctx context.Context, from []FetchFrom) ([]Fetched, error) {
	if len(from) == 0 {
		return nil, nil
	}
	err := s.c.retry(ctx, "fetching records", func(ctx context.Context) error { return s.once(ctx, from) })
	if err != nil {
		return nil, explain(err, "fetching %d partitions from %q", len(from), from[0].Topic)
	}
	s.turn++
	return s.out, nil
}

func (s *Session) once(ctx context.Context, from []FetchFrom) error {
	s.out = s.out[:0]
	s.shrink()
	if len(from) == 1 {
		return s.single(ctx, from)
	}
	byBroker := map[int32][]FetchFrom{}
	for i := range from {
		f := from[(i+s.turn)%len(from)]
		id, err := s.c.leader(ctx, tp{f.Topic, f.Partition})
		if err != nil {
			return fmt.Errorf("%s: %w", tp{f.Topic, f.Partition}, err)
		}
		byBroker[id] = append(byBroker[id], f)
	}
	type answered struct {
		id  int32
		err error
	}
	done := make(chan answered, len(byBroker))
	for id, list := range byBroker {
		b := s.buf(id)
		go func() { done <- answered{id, s.ask(ctx, b, id, list, len(byBroker))} }()
	}
	var failed error
	for range len(byBroker) {
		if a := <-done; a.err != nil {
			for _, f := range byBroker[a.id] {
				s.c.forget(f.Topic)
			}
			failed = a.err
		}
	}
	if failed != nil {
		return failed
	}
	for id, list := range byBroker {
		if err := s.parse(id, list); err != nil {
			return err
		}
	}
	return nil
}

// single is once for one partition, as a loader asks: nobody else is waited for.
func (s *Session) single(ctx context.Context, from []FetchFrom) error {
	at := tp{from[0].Topic, from[0].Partition}
	id, err := s.c.leader(ctx, at)
	if err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	if err := s.ask(ctx, s.buf(id), id, from, 1); err != nil {
		s.c.forget(at.topic)
		return err
	}
	return s.parse(id, from)
}

// buf is the buffer of a broker.
func (s *Session) buf(id int32) *fetchBuf {
	b := s.bufs[id]
	if b == nil {
		b = &fetchBuf{}
		s.bufs[id] = b
	}
	return b
}

// shrink lets buffers go that only one huge record needed.
func (s *Session) shrink() {
	if len(s.grow) > 0 {
		return // it is still to come
	}
	most := 2*int(s.opts.MaxBytes) + keepBuffer
	for _, b := range s.bufs {
		if cap(b.answer) > most {
			b.answer = nil
		}
	}
	if cap(s.dec.raw) > most+maxBatchRaw {
		s.dec.raw = nil
	}
}

// ask does the round trip with one broker and keeps the answer in its buffer b.
func (s *Session) ask(ctx context.Context, b *fetchBuf, id int32, list []FetchFrom, brokers int) error {
	w := &b.w
	b.version = fetchByName
	if s.c.fetchesByID(list) {
		b.version = fetchByID
	}
	s.c.request(w, protocol.Fetch, b.version)
	if b.version == fetchByID {
		w.noTags() // of the header
	}
	w.i32(-1)
	wait := s.opts.MaxWait
	if brokers > 1 {
		// Nobody waits for a silent broker while another one has data at hand.
		wait = min(wait, 50*time.Millisecond)
	}
	w.i32(int32(wait.Milliseconds()))
	w.i32(1)
	// The limit of the whole answer is expressed by the limits of its
	// partitions: when the embedded broker reaches the former in the middle of a
	// partition, it forgets to say which of that partition's records are aborted.
	w.i32(math.MaxInt32)
	if s.opts.ReadCommitted {
		w.i8(1)
	} else {
		w.i8(0)
	}
	w.i32(0)  // no fetch session of the broker's kind
	w.i32(-1) // and none to begin
	share := max(1, min(s.opts.PartitionBytes, s.opts.MaxBytes/int32(len(list))))
	limit := func(p tp) int32 { return max(share, s.grow[p]) }
	if b.version == fetchByID {
		writeFetchByID(w, list, limit)
	} else {
		writeFetch(w, list, limit)
	}
	e := &exchange{frame{key: protocol.Fetch, version: b.version, parts: [][]byte{w.b}, answer: b.answer}, id}
	if err := s.c.trip(ctx, s.c.line, e, wait+s.c.opts.request); err != nil {
		b.w, b.answer = writer{}, nil // the connection may still use them
		return err
	}
	b.answer = e.answer
	return nil
}

// fetchByName is the version of Fetch that names topics by their names.
const fetchByName = 10

// fetchesByID reports whether records can be asked for by the IDs of their topics.
func (c *Client) fetchesByID(list []FetchFrom) bool {
	c.mu.Lock()
	can := c.byID
	c.mu.Unlock()
	return can && !slices.ContainsFunc(list, func(f FetchFrom) bool { return f.ID == "" })
}

// writeFetchByID writes every partition as a topic of its own.
func writeFetchByID(w *writer, list []FetchFrom, limit func(tp) int32) {
	w.ccount(len(list))
	for _, f := range list {
		w.b = append(w.b, topicID(f.ID)...)
		w.ccount(1)
		w.i32(f.Partition)
		w.i32(-1) // leader epoch: unknown
		w.i64(f.Offset)
		w.i32(-1) // epoch of what was fetched last: unknown
		w.i64(-1)
		w.i32(limit(tp{f.Topic, f.Partition}))
		w.noTags()
		w.noTags()
	}
	w.ccount(0) // forgotten topics
	w.cstr("")  // rack
	w.noTags()
}

// topicID is the ID of a topic as brokers write it: 16 bytes.
func topicID(text string) []byte {
	id, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(id) != 16 {
		return make([]byte, 16) // of no topic
	}
	return id
}

// writeFetch writes runs of one topic together; a topic may occur in several.
func writeFetch(w *writer, list []FetchFrom, limit func(tp) int32) {
	runs := 0
	for i := range list {
		if i == 0 || list[i].Topic != list[i-1].Topic {
			runs++
		}
	}
	w.i32(int32(runs))
	for i := 0; i < len(list); {
		n := i
		for n < len(list) && list[n].Topic == list[i].Topic {
			n++
		}
		w.str(list[i].Topic)
		w.i32(int32(n - i))
		for ; i < n; i++ {
			w.i32(list[i].Partition)
			w.i32(-1) // leader epoch: unknown
			w.i64(list[i].Offset)
			w.i64(-1)
			w.i32(limit(tp{list[i].Topic, list[i].Partition}))
		}
	}
	w.i32(0) // forgotten topics
}

// parse adds the partitions of a broker's answer to s.out.
func (s *Session) parse(id int32, list []FetchFrom) error {
	b := s.bufs[id]
	byID := b.version == fetchByID
	r := reader{b: b.answer, flexible: byID}
	least := [...]int{6, 38, 16} // bytes of a topic, a partition, an aborted transaction
	if byID {
		least = [...]int{18, 35, 17}
	}
	r.tags() // of the header
	s.c.line.throttledMS(r.i32())
	if err := code(r.i16()); err != nil {
		return err
	}
	r.i32() // session
	b.list = b.list[:0]
	for range r.count(least[0]) {
		topic := r.topic(byID)
		for range r.count(least[1]) {
			f := Fetched{s: s}
			partition := r.i32()
			err := code(r.i16())
			f.HighWater = r.i64()
			f.Held.Last = r.i64()
			f.Held.First = r.i64()
			at := len(b.list)
			for range r.count(least[2]) {
				b.list = append(b.list, aborted{r.i64(), r.i64()})
				r.tags()
			}
			f.aborted = b.list[at:len(b.list):len(b.list)]
			if byID {
				r.i32() // another replica to read from
			}
			f.set = r.blob()
			r.tags()
			if r.err != nil {
				return r.err
			}
			i := slices.IndexFunc(list, func(q FetchFrom) bool {
				name := q.Topic
				if byID {
					name = q.ID
				}
				return q.Partition == partition && name == string(topic)
			})
			if i < 0 {
				return errShort
			}
			f.FetchFrom = list[i]
			if err := s.accept(&f, err); err != nil {
				return err
			}
		}
		r.tags()
	}
	return r.err
}

// topic reads the topic of an answer: its name, or its ID as we write it.
func (r *reader) topic(byID bool) []byte {
	if byID {
		return base64.RawURLEncoding.AppendEncode(nil, r.take(16))
	}
	return r.text()
}

// accept judges one partition's answer.
func (s *Session) accept(f *Fetched, err error) error {
	delete(s.grow, tp{f.Topic, f.Partition})
	switch {
	case errors.Is(err, kafka.OffsetOutOfRange):
		f.Err = fault.Hint(fault.Config, "the records were deleted, or the topic was created anew: decide where to continue",
			"%w", &OutOfRange{f.Topic, f.Partition, f.Offset, f.Held})
	case err != nil:
		s.c.forget(f.Topic)
		return fmt.Errorf("%s: %w", tp{f.Topic, f.Partition}, err)
	case len(f.set) == 0:
		return nil
	}
	slices.SortFunc(f.aborted, func(a, b aborted) int { return cmp.Compare(a.first, b.first) })
	s.out = append(s.out, *f)
	return nil
}

// Fetcher reads one partition in order. It is for one goroutine.
type Fetcher struct {
	s    *Session
	from [1]FetchFrom
	id   string // of the topic, once a span was asked for
}

// Fetcher returns a reader of one partition that starts at offset from.
func (c *Client) Fetcher(topic string, partition int32, from int64, opts FetchOptions) *Fetcher {
	if opts.PartitionBytes <= 0 && opts.MaxBytes > 0 {
		opts.PartitionBytes = opts.MaxBytes
	}
	return &Fetcher{s: c.Session(opts), from: [1]FetchFrom{{Topic: topic, Partition: partition, Offset: from}}}
}

// Next is the offset at which the next Fetch starts.
func (f *Fetcher) Next() int64 { return f.from[0].Offset }

// Fetch waits up to MaxWait for records, calls fn with each, and returns the
// offset at which the next Fetch starts. No data is no error: next is then where
// it was. An error of fn is returned as it is, and the next Fetch starts with
// the record that fn refused. An offset that the partition does not have is
// ErrOffsetOutOfRange.
func (f *Fetcher) Fetch(ctx context.Context, fn func(*FetchedRecord) error) (next int64, err error) {
	got, err := f.s.Fetch(ctx, f.from[:])
	if err != nil {
		return f.Next(), err
	}
	for i := range got {
		f.from[0].Offset, err = got[i].Each(fn)
	}
	return f.Next(), err
}

// Span reads exactly the records with offsets in [from, to) and returns. The
// same span always yields the same records: what lies below the last stable
// offset does not change, and it is one topic that is read, by its ID where brokers
// tell it.
//
// When nothing comes for a while because the partition ends before `to`, or because
// another topic took its place, the rest can never come: that is a fault.Config
// which names the offsets and the way out, and errors.Is of it is ErrSpanGone.
// Records that were deleted are ErrOffsetOutOfRange, likewise.
func (f *Fetcher) Span(ctx context.Context, from, to int64, fn func(*FetchedRecord) error) error {
	at := &f.from[0]
	if f.id == "" && from < to {
		ids, err := f.s.c.TopicIDs(ctx, at.Topic)
		if err != nil {
			return err
		}
		f.id = ids[at.Topic]
	}
	at.Offset, at.To, at.ID = from, to, f.id
	defer func() { at.To, at.ID = 0, "" }()
	var refused error // by fn
	record := func(r *FetchedRecord) error { refused = fn(r); return refused }
	moved, doubted := time.Now(), false
	for f.Next() < to {
		before := f.Next()
		once, cancel := context.WithTimeout(ctx, f.s.c.opts.missing)
		_, err := f.Fetch(once, record)
		late := once.Err() != nil
		cancel()
		switch {
		case refused != nil:
			return refused
		case ctx.Err() != nil && f.Next() < to:
			return explain(ctx.Err(), "reading %q partition %d up to offset %d", at.Topic, at.Partition, to)
		case err != nil && !late:
			return f.spanGone(err, to)
		}
		if f.Next() > before {
			moved, doubted = time.Now(), false
			continue
		}
		if time.Since(moved) < f.s.c.opts.missing {
			continue
		}
		// Twice in a row: a broker that starts again knows less for a moment.
		err = f.reachable(ctx, to)
		gone := errors.Is(err, ErrSpanGone) || errors.Is(err, ErrNoTopic)
		if err != nil && (doubted || !gone) {
			return err
		}
		moved, doubted = time.Now(), gone
	}
	return nil
}

// reachable is an error when the rest of a span can never come.
func (f *Fetcher) reachable(ctx context.Context, to int64) error {
	at := f.from[0]
	ids, err := f.s.c.TopicIDs(ctx, at.Topic)
	if err != nil {
		return err
	}
	seen, err := f.s.c.Survey(ctx, at.Topic)
	if err != nil {
		return err
	}
	s := seen[at.Topic]
	switch {
	case s.Err != nil:
		return f.spanGone(s.Err, to)
	case ids[at.Topic] != at.ID:
		return f.spanGone(fmt.Errorf("%w: the topic was deleted and created anew", ErrSpanGone), to)
	case int(at.Partition) >= len(s.Bounds):
		return f.spanGone(fmt.Errorf("%w: the topic has %d partitions now", ErrSpanGone, len(s.Bounds)), to)
	case s.Bounds[at.Partition] == Unknown:
		return nil // nobody leads it: it may come back
	case s.Bounds[at.Partition].Last >= to:
		return nil
	}
	// What lies between the last stable offset and the end is being decided: it comes.
	end := int64(-1)
	err = f.s.c.retry(ctx, "reading the end of a partition", func(ctx context.Context) error {
		return f.s.c.listOffsetsAt(ctx, []tp{{at.Topic, at.Partition}}, -1, readUncommitted, func(_ tp, o int64) { end = o })
	})
	if err != nil {
		return explain(err, "reading the end of %q partition %d", at.Topic, at.Partition)
	}
	if end < to {
		return f.spanGone(fmt.Errorf("%w: the partition ends at %d now", ErrSpanGone, end), to)
	}
	return nil
}

// spanGone says of a span that its rest cannot be read, and what a person can do.
func (f *Fetcher) spanGone(err error, to int64) error {
	at := f.from[0]
	switch {
	case errors.Is(err, ErrOffsetOutOfRange), errors.Is(err, ErrSpanGone), errors.Is(err, ErrNoTopic):
		return fault.Hint(fault.Config, "run it again: it begins with what the topic holds then; what it no longer holds is read from layer ods where the stream keeps it, else from the source",
			"reading %q partition %d: offsets %d to %d cannot be read any more: %w", at.Topic, at.Partition, at.Offset, to, err)
	}
	return err
}
