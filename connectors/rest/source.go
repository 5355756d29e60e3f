package rest

import (
	"context"
	"encoding/binary"
	"errors"
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

// position is how far a list has been read: the page being read, counted from
// 0, how many of its records were taken, and the fingerprints of the first and
// the last of those, by which a moved list is noticed.
type position struct {
	page, taken int
	first, last uint64
}

const positionVersion = 1

func (p position) encode() record.Position {
	b := binary.AppendUvarint([]byte{positionVersion}, uint64(p.page))
	b = binary.AppendUvarint(b, uint64(p.taken))
	b = binary.LittleEndian.AppendUint64(b, p.first)
	return binary.LittleEndian.AppendUint64(b, p.last)
}

func parsePosition(b record.Position) (position, error) {
	if len(b) == 0 {
		return position{}, nil
	}
	wrong := fmt.Errorf("reading a position: its %d bytes were not written by this connector", len(b))
	if b[0] != positionVersion {
		return position{}, wrong
	}
	rest := b[1:]
	page, n := binary.Uvarint(rest)
	if n <= 0 || page > 1<<40 {
		return position{}, wrong
	}
	rest = rest[n:]
	taken, n := binary.Uvarint(rest)
	if n <= 0 || taken > rowsMax || len(rest) != n+16 {
		return position{}, wrong
	}
	rest = rest[n:]
	return position{int(page), int(taken), binary.LittleEndian.Uint64(rest), binary.LittleEndian.Uint64(rest[8:])}, nil
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
	ahead  uint64 // fingerprint of the page before the current one; 0: not known
	stats  connectors.Stats
	reader *connectors.ItemReader
	place  []byte
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
	return s
}

// Read takes whole pages while there is room in the chunk. Records that were
// read before an error are delivered; the error comes again at the next Read.
func (s *source) Read(ctx context.Context, dst *record.Chunk) (record.Position, error) {
	begin, bytes := len(dst.Rows), dst.Bytes()
	for {
		before := len(dst.Rows)
		more, err := s.page(ctx, dst)
		rows := len(dst.Rows) - begin
		switch {
		case err != nil && (before == begin || ctx.Err() != nil):
			return nil, err
		case err != nil:
			clear(dst.Rows[before:])
			dst.Rows = dst.Rows[:before]
			s.stats.Records += int64(before - begin)
			return s.at.encode(), nil
		case rows == 0 && !more:
			return nil, io.EOF
		case !more, rows+s.from.Page.Rows > connectors.ChunkRows, dst.Bytes()-bytes >= connectors.ChunkBytes/2:
			if rows == 0 {
				continue // an empty rest of a full page: the next one may hold records
			}
			s.stats.Records += int64(rows)
			return s.at.encode(), nil
		}
	}
}

// page takes what is new on the current page. It reports whether a further
// page is worth asking for; if so, the position already stands there.
func (s *source) page(ctx context.Context, dst *record.Chunk) (more bool, err error) {
	number := s.at.page + s.from.Page.First
	items, total, size, err := s.sys.page(ctx, s.stream, s.from, number, s.from.Page.Rows)
	if err != nil {
		return false, err
	}
	s.stats.Bytes += int64(size)
	s.stats.Objects++
	p, err := s.look(items, number, total)
	if err != nil {
		return false, err
	}
	if err := s.take(items, number, dst); err != nil {
		return false, err
	}
	s.at.taken, s.at.first, s.at.last = p.rows, p.first, p.last
	if p.rows < s.from.Page.Rows {
		return false, nil
	}
	if total >= 0 && total <= int64(s.at.page+1)*int64(s.from.Page.Rows) {
		return false, nil // full, and the last: asking for more would be a guess
	}
	s.at, s.ahead = position{page: s.at.page + 1}, p.start
	return true, nil
}

// overview is what a look at a page tells before any record is taken.
type overview struct {
	rows        int
	first, last uint64 // fingerprints of the first and last record
	start       uint64 // fingerprint of the first records, byte for byte
}

// look checks that the page is what was asked for and that the list has not
// moved under the position.
func (s *source) look(items []byte, number int, total int64) (overview, error) {
	var p overview
	var first, last, taken []byte // taken: the last record that was taken before
	start := xxhash.New()
	err := connectors.EachItem(items, func(item []byte) error {
		if p.rows == 0 {
			first = item
		}
		if p.rows < 3 {
			_, _ = start.Write(item)
		}
		p.rows++
		last = item
		if p.rows == s.at.taken {
			taken = item
		}
		return nil
	})
	if err != nil {
		return p, fault.New(fault.Transient, "reading page %d of %q: %w", number, s.stream.Name, err)
	}
	p.start, p.first, p.last = start.Sum64(), s.fingerprint(first), s.fingerprint(last)
	rows, name := s.from.Page.Rows, s.stream.Name
	before := int64(s.at.page) * int64(rows)
	switch {
	case p.rows > rows:
		return p, fault.Hint(fault.Config, "check page.size", "reading page %d of %q: %d rows were asked for and %d came", number, name, rows, p.rows)
	case p.rows > 0 && s.ahead == p.start:
		return p, fault.Hint(fault.Config, "check page.number: the system seems to ignore it", "reading page %d of %q: it begins like the page before", number, name)
	case s.at.taken > 0 && (p.rows < s.at.taken || p.first != s.at.first || s.fingerprint(taken) != s.at.last):
		return p, fault.Hint(fault.Config, "the list has no stable order, or has lost records: read the stream again from its beginning",
			"reading page %d of %q: it no longer begins with the %d records taken from it", number, name, s.at.taken)
	case p.rows < rows && before+int64(p.rows) < total && s.at.page == 0:
		return p, fault.Hint(fault.Config, "the system may cap its pages: set page.rows to what it returns",
			"reading page %d of %q: %d of %d rows came, of %d in all", number, name, p.rows, rows, total)
	case p.rows < rows && before+int64(p.rows) < total:
		return p, fault.New(fault.Transient, "reading page %d of %q: it ends after %d of %d rows, though there are %d in all", number, name, p.rows, rows, total)
	}
	return p, nil
}

// fingerprint recognises a record by its key fields as they are written: the
// other fields may be rendered differently by the next release of the system.
func (s *source) fingerprint(item []byte) uint64 {
	if item == nil {
		return 0
	}
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

// take appends the records after the ones taken before.
func (s *source) take(items []byte, number int, dst *record.Chunk) error {
	n := 0
	place := strconv.AppendInt(append(s.place[:0], "page "...), int64(number), 10)
	place = append(place, " #"...)
	err := connectors.EachItem(items, func(item []byte) error {
		n++
		if n <= s.at.taken {
			return nil
		}
		if err := s.reader.Read(item); err != nil {
			return err
		}
		op := record.Upsert
		if s.from.Delete != nil && string(s.reader.Used(useDelete)) == s.from.Delete.Value {
			op = record.Delete
		}
		var at time.Time
		if s.from.At != nil {
			at, _ = connectors.ParseAt(s.reader.Used(useAt)) // zero: the transform rejects the record
		}
		s.reader.AppendTo(dst, at, op, string(strconv.AppendInt(place, int64(n), 10)))
		return nil
	})
	s.place = place[:0]
	var wrong *connectors.ItemError
	if errors.As(err, &wrong) {
		return fault.New(fault.Data, "reading page %d of %q: row %d: %w", number, s.stream.Name, n, err)
	}
	return err
}

// Done has nothing to do: the system keeps its list.
func (s *source) Done(context.Context, record.Position) error { return nil }

func (s *source) Stats() connectors.Stats {
	st := s.stats
	s.reader.AddTo(&st)
	return st
}

func (s *source) Close() error { return nil }
