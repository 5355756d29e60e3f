package sql

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// position is the last cursor value read: an int64, a string, or nil before
// the first row.
type position any

// The encoding of a position: version, type, value.
const (
	positionVersion = 1
	positionInt     = 'i'
	positionText    = 't'
)

func encodePosition(p position) record.Position {
	switch v := p.(type) {
	case int64:
		return binary.AppendVarint([]byte{positionVersion, positionInt}, v)
	case string:
		return append([]byte{positionVersion, positionText}, v...)
	}
	return nil
}

func parsePosition(b record.Position) (position, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if len(b) >= 2 && b[0] == positionVersion {
		switch b[1] {
		case positionInt:
			if v, n := binary.Varint(b[2:]); n > 0 && n == len(b)-2 {
				return v, nil
			}
		case positionText:
			return string(b[2:]), nil
		}
	}
	return nil, fmt.Errorf("reading a position: its %d bytes were not written by this connector", len(b))
}

type source struct {
	sys    *opened
	stream *schemas.Stream
	from   from
	last   position
	stats  connectors.Stats

	object  *connectors.Object
	numeric []bool
	values  []any // one row: the fields, then the cursor
	scan    []any
	scratch []byte
	place   []byte
}

func newSource(sys *opened, st *schemas.Stream, f from, last position) *source {
	s := &source{sys: sys, stream: st, from: f, last: last, object: connectors.NewObject(st)}
	s.values = make([]any, len(st.Fields)+1)
	for i := range s.values {
		s.scan = append(s.scan, &s.values[i])
	}
	for _, d := range st.Fields {
		s.numeric = append(s.numeric, d.Value == "number")
	}
	// A field that is to be dropped is never asked for, so there is nothing to
	// count: it does not even leave the database.
	return s
}

// Read asks for the rows after the last cursor value. A chunk never ends
// between two rows of the same cursor value: the next Read asks for greater
// ones and would lose the second.
func (s *source) Read(ctx context.Context, dst *record.Chunk) (record.Position, error) {
	begin := len(dst.Rows)
	last, err := s.read(ctx, dst)
	switch {
	case err != nil:
		s.object.Reset()
		return nil, s.sys.failure(ctx, err, "reading table", s.from.Table)
	case len(dst.Rows) == begin:
		return nil, io.EOF
	}
	s.stats.Records += int64(len(dst.Rows) - begin)
	s.last = last
	return encodePosition(last), nil
}

func (s *source) read(ctx context.Context, dst *record.Chunk) (last position, err error) {
	limit := connectors.ChunkRows + 1 // one more shows whether the last group is whole
	query := s.sys.query(s.stream, s.from, s.last != nil) + " LIMIT " + strconv.Itoa(limit)
	var args []any
	if s.last != nil {
		args = []any{any(s.last)}
	}
	rows, err := s.sys.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	begin, bytes, group, taken := len(dst.Rows), dst.Bytes(), len(dst.Rows), 0
	var before position // cursor value of the group before the one being read
	for rows.Next() {
		if err := rows.Scan(s.scan...); err != nil {
			return nil, err
		}
		cursor, err := s.cursor(s.values[len(s.values)-1])
		if err != nil {
			return nil, err
		}
		if taken == 0 || cursor != last {
			if dst.Bytes()-bytes >= connectors.ChunkBytes {
				return last, nil
			}
			group, before, last = len(dst.Rows), last, cursor
		}
		taken++
		s.append(dst)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if taken < limit {
		return last, nil
	}
	// The limit cut the list, perhaps inside the last group: give that back.
	if group == begin {
		return nil, fault.Hint(fault.Config, "choose a cursor that is unique, or nearly so",
			"reading table %q of system %q: more than %d rows share one value of the cursor %q",
			s.from.Table, s.sys.name, connectors.ChunkRows, s.from.Cursor)
	}
	clear(dst.Rows[group:])
	dst.Rows = dst.Rows[:group]
	return before, nil
}

// cursor accepts what can be compared and stored without loss.
func (s *source) cursor(v any) (position, error) {
	switch v.(type) {
	case int64, string:
		return v, nil // as it is: to box it again would allocate for every row
	case nil:
		return nil, fault.Hint(fault.Config, "a row without a cursor value can never be read incrementally; make the column NOT NULL",
			"reading table %q of system %q: the cursor %q is null", s.from.Table, s.sys.name, s.from.Cursor)
	}
	return nil, fault.Hint(fault.Config, "choose a column of whole numbers or of text",
		"reading table %q of system %q: the cursor %q holds a %T", s.from.Table, s.sys.name, s.from.Cursor, v)
}

// append writes the scanned row.
func (s *source) append(dst *record.Chunk) {
	for i := range s.numeric {
		s.field(i, s.values[i])
	}
	p := append(s.place[:0], s.from.Table...)
	p = append(append(append(p, ' '), s.from.Cursor...), '=')
	switch v := s.values[len(s.values)-1].(type) {
	case int64:
		p = strconv.AppendInt(p, v, 10)
	case string:
		p = append(p, v...)
	}
	s.place = p
	s.object.AppendTo(dst, time.Time{}, record.Upsert, string(p), "")
}

// field writes one value verbatim: digits stay the digits the database has.
func (s *source) field(i int, v any) {
	switch v := v.(type) {
	case nil:
		s.object.SetNull(i)
	case string:
		s.stats.Bytes += int64(len(v))
		if s.numeric[i] {
			s.object.SetNumber(i, []byte(v))
		} else {
			s.object.Set(i, v)
		}
		return
	case []byte:
		s.scratch = append(s.scratch[:0], v...)
	case int64:
		s.scratch = strconv.AppendInt(s.scratch[:0], v, 10)
	case float64:
		s.scratch = appendFloat(s.scratch[:0], v)
	case bool:
		s.scratch = strconv.AppendBool(s.scratch[:0], v)
	case time.Time:
		s.scratch = v.AppendFormat(s.scratch[:0], time.RFC3339Nano)
	}
	if v == nil {
		return
	}
	s.stats.Bytes += int64(len(s.scratch))
	if s.numeric[i] {
		s.object.SetNumber(i, s.scratch)
	} else {
		s.object.SetBytes(i, s.scratch)
	}
}

// appendFloat writes the shortest text that means exactly v, in plain digits
// where people would write plain digits.
func appendFloat(b []byte, v float64) []byte {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(b, v, 'g', -1, 64)
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64)
}

// Done has nothing to do: the database keeps its rows.
func (s *source) Done(context.Context, record.Position) error { return nil }

func (s *source) Stats() connectors.Stats { return s.stats }

func (s *source) Close() error { return nil }
