package transforms

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"rongtong/schemas/record"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Columns are records as columns: rows that were loaded as received, or that a
// file or a database yields so. They go through the same plan as records of
// JSON or CSV and become the same rows.
type Columns struct {
	Topic     string
	Partition int32
	// Fields holds a column for every field that the stream declares, by name;
	// one that is missing is null in every row. It is borrowed.
	Fields arrow.Record
	// Rows say the rest of each record; Value is not looked at.
	Rows []record.Envelope
}

// ApplyColumns is Apply for columns. Texts, numbers, booleans, dates and instants
// are read as if they had been written in JSON. A column of another type is an
// error, and nothing is applied.
func (p *Plan) ApplyColumns(b *Batch, in *Columns) ([]Reject, error) {
	if b.plan != p {
		panic("transforms: the batch was made for another plan")
	}
	cells := make([]cellOf, len(p.fields))
	for i, name := range p.fields {
		at := in.Fields.Schema().FieldIndices(name)
		if len(at) == 0 {
			continue
		}
		if cells[i] = cellsOf(in.Fields.Column(at[0])); cells[i] == nil {
			return nil, fmt.Errorf("reading the column %q: values of type %s are not known here", name, in.Fields.Column(at[0]).DataType())
		}
	}
	b.reserve(len(in.Rows), in.Topic, in.Partition)
	var rejects []Reject
	for i := range in.Rows {
		rule := b.st.scan.columns(cells, i)
		if field, rule := p.scanned(b, &in.Rows[i], rule); rule != "" {
			rejects = append(rejects, p.reject(b, i, field, rule))
		}
	}
	return rejects, nil
}

// cellOf reads a value of a column into a slot; text that it makes goes to the
// scanner's arena.
type cellOf func(s *scanner, row int) slot

// columns fills the slots from row i.
func (s *scanner) columns(cells []cellOf, i int) (rule string) {
	clear(s.slots)
	s.arena = s.arena[:0]
	for f, cell := range cells {
		if cell == nil {
			continue
		}
		s.slots[f] = cell(s, i)
		if b := s.slots[f].b; !s.slots[f].clean && !utf8.Valid(b) {
			rule = ruleEncodingLoss
		}
	}
	return rule
}

// cellsOf is how values of a column are read, nil when they cannot be.
func cellsOf(col arrow.Array) cellOf {
	switch a := col.(type) {
	case *array.String:
		return textCells(a)
	case *array.LargeString:
		return nullable(col, func(s *scanner, i int) slot { return s.textCell(borrow(a.Value(i))) })
	case *array.Binary:
		return nullable(col, func(s *scanner, i int) slot { return s.textCell(a.Value(i)) })
	case *array.Boolean:
		return nullable(col, func(_ *scanner, i int) slot {
			if a.Value(i) {
				return slot{kind: yes}
			}
			return slot{kind: no}
		})
	case *array.Float64:
		return number(col, func(b []byte, i int) []byte { return strconv.AppendFloat(b, a.Value(i), 'f', -1, 64) })
	case *array.Float32:
		return number(col, func(b []byte, i int) []byte { return strconv.AppendFloat(b, float64(a.Value(i)), 'f', -1, 32) })
	case *array.Date32:
		return text(col, func(b []byte, i int) []byte { return appendDate(b, int64(a.Value(i))) })
	case *array.Timestamp:
		unit := a.DataType().(*arrow.TimestampType).Unit
		return number(col, func(b []byte, i int) []byte { return strconv.AppendInt(b, a.Value(i).ToTime(unit).UnixMilli(), 10) })
	case *array.Decimal128:
		typ := a.DataType().(*arrow.Decimal128Type)
		return number(col, func(b []byte, i int) []byte { return append(b, a.Value(i).ToString(typ.Scale)...) })
	}
	return wholeCells(col)
}

func wholeCells(col arrow.Array) cellOf {
	signed := func(at func(int) int64) cellOf {
		return number(col, func(b []byte, i int) []byte { return strconv.AppendInt(b, at(i), 10) })
	}
	switch a := col.(type) {
	case *array.Int8:
		return signed(func(i int) int64 { return int64(a.Value(i)) })
	case *array.Int16:
		return signed(func(i int) int64 { return int64(a.Value(i)) })
	case *array.Int32:
		return signed(func(i int) int64 { return int64(a.Value(i)) })
	case *array.Int64:
		return signed(a.Value)
	case *array.Uint8:
		return signed(func(i int) int64 { return int64(a.Value(i)) })
	case *array.Uint16:
		return signed(func(i int) int64 { return int64(a.Value(i)) })
	case *array.Uint32:
		return signed(func(i int) int64 { return int64(a.Value(i)) })
	case *array.Uint64:
		return number(col, func(b []byte, i int) []byte { return strconv.AppendUint(b, a.Value(i), 10) })
	}
	return nil
}

func nullable(col arrow.Array, cell cellOf) cellOf {
	return func(s *scanner, i int) slot {
		if col.IsNull(i) {
			return slot{kind: null}
		}
		return cell(s, i)
	}
}

// written is a value that becomes text in the arena.
func written(col arrow.Array, kind slotKind, write func([]byte, int) []byte) cellOf {
	return nullable(col, func(s *scanner, i int) slot {
		at := len(s.arena)
		s.arena = write(s.arena, i)
		return slot{kind, true, s.arena[at:len(s.arena):len(s.arena)]}
	})
}

func number(col arrow.Array, write func([]byte, int) []byte) cellOf { return written(col, num, write) }
func text(col arrow.Array, write func([]byte, int) []byte) cellOf   { return written(col, str, write) }

// textCells reads the usual column of texts without Arrow's calls for each.
func textCells(a *array.String) cellOf {
	offsets, all, nulls := a.ValueOffsets(), a.ValueBytes(), a.NullN() > 0
	return func(s *scanner, i int) slot {
		if nulls && a.IsNull(i) {
			return slot{kind: null}
		}
		from, to := offsets[i]-offsets[0], offsets[i+1]-offsets[0]
		return s.textCell(all[from:to:to])
	}
}

// textCell is a text of a column. The text is passed over once, like one of JSON:
// a character that would end a text there is ordinary here.
func (s *scanner) textCell(b []byte) slot {
	s.v = b
	odd := len(b) == 0
	for i := 0; i < len(b); i++ {
		end, rare := s.run(i, '"', '\\')
		odd = odd || rare || end < len(b) && b[end] < ' '
		i = end
	}
	return slot{str, !odd && isClean(b), b}
}
