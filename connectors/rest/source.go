package rest

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// position is how far a list has been read: the page being read, how many of
// its records were taken, and the fingerprints of the first and the last of
// those, by which a moved list is noticed.
type position struct {
	place
	taken       int
	first, last uint64
}

const positionVersion = 2

func (p position) encode() record.Position {
	b := binary.AppendUvarint([]byte{positionVersion}, uint64(p.number))
	b = binary.AppendUvarint(b, uint64(p.taken))
	b = binary.LittleEndian.AppendUint64(b, p.first)
	b = binary.LittleEndian.AppendUint64(b, p.last)
	b = binary.AppendVarint(b, millis(p.from))
	b = binary.AppendVarint(b, millis(p.to))
	return append(b, p.token...)
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return -1 << 62
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == -1<<62 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
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
	var n [2]uint64
	for i := range n {
		v, size := binary.Uvarint(rest)
		if size <= 0 || v > 1<<40 {
			return position{}, wrong
		}
		n[i], rest = v, rest[size:]
	}
	if len(rest) < 16 {
		return position{}, wrong
	}
	p := position{place: place{number: int(n[0])}, taken: int(n[1])}
	p.first, p.last, rest = binary.LittleEndian.Uint64(rest), binary.LittleEndian.Uint64(rest[8:]), rest[16:]
	for _, t := range []*time.Time{&p.from, &p.to} {
		v, size := binary.Varint(rest)
		if size <= 0 || v != -1<<62 && (v < -1<<52 || v > 1<<52) {
			return position{}, wrong
		}
		*t, rest = moment(v), rest[size:]
	}
	if len(rest) > tokenMax {
		return position{}, wrong
	}
	p.token = string(rest)
	return p, nil
}

// The fields the source itself looks at.
const (
	useDelete = iota
	useAt
)

type source struct {
	sys    *system
	stream *schemas.Stream
	from   from
	at     position
	cur    *page  // the page at `at`, as far as it was fetched
	ahead  uint64 // fingerprint of the page before the current one; 0: not known
	have   struct {
		etag  string // of the page at `at`
		taken int    // how many records it has, all taken
	}
	stats  connectors.Stats
	reader *connectors.ItemReader
	prefix []byte
}

func newSource(sys *system, st *schemas.Stream, f from, at position) *source {
	s := &source{sys: sys, stream: st, from: f, at: at}
	use := make([]string, 2)
	if f.Delete != nil {
		use[useDelete] = f.Delete.Field
	}
	if f.At != nil {
		use[useAt] = f.At.Field
	}
	s.reader = connectors.NewItemReader(st, use...)
	if f.Window != nil && at.from.IsZero() {
		s.at.from = f.Window.first
	}
	return s
}

// Read takes records of page after page until the chunk is full. Records that
// were read before an error are delivered; the error comes again at the next Read.
func (s *source) Read(ctx context.Context, dst *record.Chunk) (record.Position, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	begin := len(dst.Rows)
	deliver := func() (record.Position, error) {
		s.stats.Records += int64(len(dst.Rows) - begin)
		return s.at.encode(), nil
	}
	for {
		if s.cur == nil {
			more, err := s.load(ctx)
			got := len(dst.Rows) > begin
			switch {
			case err != nil && got: // also if ctx ended: the position has moved past them
				return deliver()
			case err != nil:
				return nil, err
			case !more && got:
				return deliver()
			case !more:
				return nil, io.EOF
			}
		}
		s.take(dst)
		if s.at.taken < len(s.cur.items) || connectors.Full(dst) {
			return deliver()
		}
		if more := s.advance(); !more && len(dst.Rows) > begin {
			return deliver()
		} else if !more {
			return nil, io.EOF
		}
	}
}

// load fetches the page at the position. False: there is nothing to ask for.
func (s *source) load(ctx context.Context) (bool, error) {
	if s.from.Window != nil {
		if s.at.to.IsZero() {
			to, ok := s.from.Window.next(s.at.from, s.sys.now())
			if !ok {
				return false, nil
			}
			s.at.to = to
		}
	}
	etag := ""
	if s.have.etag != "" && s.have.taken == s.at.taken {
		etag = s.have.etag
	}
	size := 0
	if s.from.Page != nil {
		size = s.from.Page.Rows
	}
	p, err := s.sys.fetchPage(ctx, s.stream, s.from, s.at.place, size, etag)
	if err != nil {
		return false, err
	}
	s.stats.Bytes += int64(p.bytes)
	s.stats.Objects++
	if p.unchanged {
		return false, nil
	}
	if err := s.look(&p); err != nil {
		return false, err
	}
	s.cur = &p
	return true, nil
}

// advance moves the position past the current page. False: nothing more is
// there for now, and the position stays on the page, which may grow.
func (s *source) advance() bool {
	p := s.cur
	s.cur = nil
	s.have.etag, s.have.taken = p.etag, s.at.taken
	w := s.from.Window
	numbered := s.from.Page != nil && (s.from.Page.Style == byNumber || s.from.Page.Style == byOffset)
	next := place{number: s.at.number + 1, from: s.at.from, to: s.at.to}
	more := p.more
	switch {
	case numbered && p.more:
		s.ahead = start(p.items)
	case !numbered && p.next != "" && (p.more || w == nil && len(p.items) > 0):
		next.token = p.next
	case w != nil:
		// The piece of time is finished; what comes late, the overlap finds.
		// One that ended because of our clock was the newest.
		more = w.To != "" && s.at.to.Equal(s.at.from.Add(w.Step))
		next, s.ahead = place{from: s.at.to}, 0
	default:
		return false
	}
	s.at, s.have.etag = position{place: next}, ""
	return more
}

// look checks that the page is what was asked for and that the list has not
// moved under the position.
func (s *source) look(p *page) error {
	n, name := len(p.items), s.stream.Name
	number := s.at.number + 1
	if pg := s.from.Page; pg != nil && pg.Style == byNumber {
		number = s.at.number + pg.First
	}
	if s.at.taken > 0 && (n < s.at.taken || s.fingerprint(p.items[0]) != s.at.first || s.fingerprint(p.items[s.at.taken-1]) != s.at.last) {
		return fault.Hint(fault.Config, "the list has no stable order, or has lost records: read the stream again from its beginning",
			"reading page %d of %q: it no longer begins with the %d records taken from it", number, name, s.at.taken)
	}
	pg := s.from.Page
	if pg == nil || pg.Style != byNumber && pg.Style != byOffset {
		return nil
	}
	before := int64(s.at.number) * int64(pg.Rows)
	switch {
	case n > pg.Rows:
		return fault.Hint(fault.Config, "check page.size", "reading page %d of %q: %d rows were asked for and %d came", number, name, pg.Rows, n)
	case n > 0 && s.ahead == start(p.items):
		return fault.Hint(fault.Config, "check page."+pg.Style+": the system seems to ignore it", "reading page %d of %q: it begins like the page before", number, name)
	case n < pg.Rows && before+int64(n) < p.total && s.at.number == 0:
		return fault.Hint(fault.Config, "the system may cap its pages: set page.rows to what it returns",
			"reading page %d of %q: %d of %d rows came, of %d in all", number, name, n, pg.Rows, p.total)
	case n < pg.Rows && before+int64(n) < p.total:
		return fault.New(fault.Transient, "reading page %d of %q: it ends after %d of %d rows, though there are %d in all", number, name, n, pg.Rows, p.total)
	}
	return nil
}

// start is the fingerprint of the first records of a page, byte for byte.
func start(items [][]byte) uint64 {
	h := xxhash.New()
	for _, item := range items[:min(len(items), 3)] {
		_, _ = h.Write(item)
	}
	return h.Sum64()
}

// fingerprint recognises a record by its key fields as they are written: the
// other fields may be rendered differently by the next release of the system.
func (s *source) fingerprint(item []byte) uint64 {
	values, err := connectors.FindJSON(item, s.stream.Key...)
	if err != nil {
		return xxhash.Sum64(item)
	}
	h := xxhash.New()
	for _, v := range values {
		_, _ = h.Write(v)
		_, _ = h.Write([]byte{connectors.KeySeparator})
	}
	return h.Sum64()
}

// take appends the records after the ones taken before, until the chunk is full.
func (s *source) take(dst *record.Chunk) {
	number := s.at.number + 1
	if pg := s.from.Page; pg != nil && pg.Style == byNumber {
		number = s.at.number + pg.First
	}
	s.prefix = s.prefix[:0]
	if s.from.Window != nil {
		s.prefix = append(s.at.from.In(s.from.Window.zone).AppendFormat(s.prefix, time.DateTime), ' ')
	}
	s.prefix = append(s.prefix, "page "...)
	s.prefix = append(strconv.AppendInt(s.prefix, int64(number), 10), " #"...)
	items := s.cur.items
	if s.at.taken == 0 && len(items) > 0 {
		s.at.first = s.fingerprint(items[0])
	}
	from := s.at.taken
	for s.at.taken < len(items) && !connectors.Full(dst) {
		item := items[s.at.taken]
		s.at.taken++
		where := string(strconv.AppendInt(s.prefix, int64(s.at.taken), 10))
		if s.reader.Read(item) != nil {
			s.reader.AppendFault(dst, time.Time{}, where, "json.record")
			continue
		}
		op := record.Upsert
		if s.from.Delete != nil && string(s.reader.Used(useDelete)) == s.from.Delete.Value {
			op = record.Delete
		}
		var at time.Time
		if s.from.At != nil {
			at, _ = connectors.ParseAt(s.reader.Used(useAt)) // zero: the transform rejects the record
		}
		s.reader.AppendTo(dst, at, op, where)
	}
	if s.at.taken > from {
		s.at.last = s.fingerprint(items[s.at.taken-1])
	}
}

// Done has nothing to do: the system keeps its list.
func (s *source) Done(context.Context, record.Position) error { return nil }

func (s *source) Stats() connectors.Stats {
	st := s.stats
	s.reader.AddTo(&st)
	return st
}

func (s *source) Close() error { return nil }
