package push

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"rongtong/connectors"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// position is the instance that wrote it (8 hex digits), the number of the last
// request, and the marks of the newest requests that had an idempotency key,
// oldest first. Rows and position become durable together, so these are exactly
// the requests whose acknowledgement may be lost when they are.
type position struct {
	instance string
	number   uint64
	recent   []mark
}

const (
	positionVersion = 2
	instanceLen     = 8
)

func (p position) encode() record.Position {
	b := binary.AppendUvarint(append([]byte{positionVersion}, p.instance...), p.number)
	for _, m := range p.recent {
		b = binary.LittleEndian.AppendUint64(b, uint64(m))
	}
	return b
}

func parsePosition(b record.Position) (p position, err error) {
	if len(b) == 0 {
		return position{}, nil
	}
	wrong := fmt.Errorf("reading a position: its %d bytes were not written by this connector", len(b))
	if b[0] != positionVersion || len(b) <= 1+instanceLen {
		return position{}, wrong
	}
	p.instance = string(b[1 : 1+instanceLen])
	rest := b[1+instanceLen:]
	var n int
	if p.number, n = binary.Uvarint(rest); n <= 0 || (len(rest)-n)%8 != 0 || (len(rest)-n)/8 > recentMax {
		return position{}, wrong
	}
	for rest = rest[n:]; len(rest) > 0; rest = rest[8:] {
		p.recent = append(p.recent, mark(binary.LittleEndian.Uint64(rest)))
	}
	return p, nil
}

// Why a request was let go.
var (
	errDone    = errors.New("durable")
	errStopped = errors.New("the pipeline stopped")
)

// request is what a handler waits for. Its body was checked: every item is an
// object of scalar values.
type request struct {
	id     string
	body   []byte
	items  int
	number uint64     // its place in the order of the stream, from 1
	end    chan error // receives one of the reasons above; holds one
	lease  *lease     // of the memory of the body
	mark   mark       // 0: without an idempotency key
}

// source is one stream that is being read.
type source struct {
	gateway *gateway
	stream  *stream
	reader  *connectors.ItemReader
	stats   connectors.Stats
	place   []byte

	arrived chan struct{} // holds one: something was queued
	mu      sync.Mutex
	stopped bool
	number  uint64     // of the newest request
	queue   []*request // not read yet, oldest first
	unsure  []*request // read, not durable yet, oldest first

	recent []mark // as in the position; of the reading goroutine
}

// The fields the source itself looks at.
const (
	useAt = iota
	useDelete
)

func newSource(g *gateway, st *stream, recent []mark) *source {
	use := make([]string, 2)
	if st.At != nil {
		use[useAt] = st.At.Field
	}
	if st.Delete != nil {
		use[useDelete] = st.Delete.Field
	}
	for _, m := range recent {
		g.seen.add(m)
	}
	return &source{gateway: g, stream: st, reader: connectors.NewItemReader(st.Stream, use...), arrived: make(chan struct{}, 1), recent: recent}
}

// put queues a request; false: the source was stopped.
func (s *source) put(r *request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.number++
	r.number = s.number
	s.queue = append(s.queue, r)
	s.wake()
	return true
}

func (s *source) wake() {
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

// Read waits for a request and takes with it all that are queued, as far as
// the chunk has room. The records of one request are never in two chunks.
func (s *source) Read(ctx context.Context, dst *record.Chunk) (record.Position, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		last, n, err := s.take(dst)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			s.stats.Records += int64(n)
			return position{s.gateway.instance, last, s.recent}.encode(), nil
		}
		select {
		case <-s.arrived:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take moves queued requests into the chunk.
func (s *source) take(dst *record.Chunk) (last uint64, rows int, err error) {
	begin, bytes := len(dst.Rows), dst.Bytes()
	for {
		r, more := s.next(connectors.ChunkRows-rows, connectors.ChunkBytes-(dst.Bytes()-bytes), rows == 0)
		if r == nil {
			if more {
				s.wake() // what did not fit is there for the next Read
			}
			return last, rows, nil
		}
		err := s.decode(r, dst)
		r.body = nil // its memory counts no longer, so nobody may hold it
		r.lease.free()
		if err != nil {
			return 0, 0, fault.New(fault.Bug, "reading a request for %q that was checked before: %w", s.stream.Name, err)
		}
		if r.mark != 0 {
			s.recent = append(s.recent, r.mark)
			s.recent = s.recent[max(0, len(s.recent)-recentMax):]
		}
		last, rows = r.number, len(dst.Rows)-begin
	}
}

// next takes the oldest request, if it fits.
func (s *source) next(rows, bytes int, first bool) (r *request, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return nil, false
	}
	r = s.queue[0]
	if !first && (r.items > rows || len(r.body) > bytes) {
		return nil, true
	}
	s.queue[0] = nil
	s.queue = s.queue[1:]
	s.unsure = append(s.unsure, r)
	return r, false
}

// leave forgets a request whose client no longer waits. One that was not read
// yet is not needed: its client sends it again.
func (s *source) leave(r *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.queue, r); i >= 0 {
		s.queue = slices.Delete(s.queue, i, i+1)
	}
	r.lease.free()
}

// decode appends the records of a request.
func (s *source) decode(r *request, dst *record.Chunk) error {
	n := 0
	s.stats.Bytes += int64(len(r.body))
	s.stats.Objects++
	place := append(append(append(s.place[:0], "request "...), r.id...), " #"...)
	s.place = place[:0]
	return connectors.Objects(r.body, func(_ int, item []byte) error {
		n++
		if err := s.reader.Read(item); err != nil {
			return err
		}
		var at time.Time
		if s.stream.At != nil {
			at, _ = connectors.ParseAt(s.reader.Used(useAt)) // zero: the transform rejects the record
		}
		op := record.Upsert
		if s.stream.Delete != nil && string(s.reader.Used(useDelete)) == s.stream.Delete.Value {
			op = record.Delete
		}
		s.reader.AppendTo(dst, at, op, string(strconv.AppendInt(place, int64(n), 10)))
		return nil
	})
}

// Done answers the requests up to pos. A position of an earlier process
// answers nobody: its clients are gone.
func (s *source) Done(_ context.Context, pos record.Position) error {
	at, err := parsePosition(pos)
	if err != nil {
		return fault.Mark(fault.Bug, err)
	}
	if at.instance != s.gateway.instance {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(s.unsure) && s.unsure[n].number <= at.number {
		s.unsure[n].end <- errDone
		n++
	}
	clear(s.unsure[:n])
	s.unsure = s.unsure[n:]
	return nil
}

// Stats are the counts of what was read.
func (s *source) Stats() connectors.Stats {
	st := s.stats
	s.reader.AddTo(&st)
	return st
}

// stop lets all waiting requests go, so that their clients send again.
func (s *source) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	s.stopped = true
	for _, r := range s.queue {
		r.lease.free()
		r.end <- errStopped
	}
	for _, r := range s.unsure {
		r.end <- errStopped
	}
	s.queue, s.unsure = nil, nil
}

// Close stops taking records; a new source of the stream may be opened.
func (s *source) Close() error {
	s.stop()
	s.stream.mu.Lock()
	defer s.stream.mu.Unlock()
	if s.stream.source == s {
		s.stream.source = nil
	}
	return nil
}
