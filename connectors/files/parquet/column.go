package parquet

import (
	"io"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"rongtong/connectors/files/table"
)

// column decodes one column of single values into text, a batch at a time.
type column struct {
	index  int // among the leaves of the schema
	top    int // among the fields of the root
	text   bool
	reader file.ColumnChunkReader
	levels []int16
	max    int16 // the level of a value that is there
	read   func(c *column, n int64) (rows int64, values int, err error)
	put    func(dst []byte, i int) []byte // of the values read last

	bytes []byte   // text of the batch
	spans [][2]int // of each value in bytes; from -1: null
}

// value is the text of row i of the batch; nil if it is null.
func (c *column) value(i int) []byte {
	s := c.spans[i]
	if s[0] < 0 {
		return nil
	}
	return c.bytes[s[0]:s[1]:s[1]]
}

// decode reads the next n rows.
func (c *column) decode(n int) error {
	c.bytes, c.spans = c.bytes[:0], c.spans[:0]
	for len(c.spans) < n {
		rows, values, err := c.read(c, int64(n-len(c.spans)))
		if err != nil {
			return err
		}
		if rows == 0 {
			if err := c.reader.Err(); err != nil {
				return err
			}
			return io.ErrUnexpectedEOF
		}
		v := 0
		for i := range int(rows) {
			if c.max > 0 && c.levels[i] < c.max {
				c.spans = append(c.spans, [2]int{-1, -1})
				continue
			}
			if v >= values {
				return io.ErrUnexpectedEOF
			}
			from := len(c.bytes)
			c.bytes = c.put(c.bytes, v)
			c.spans = append(c.spans, [2]int{from, len(c.bytes)})
			v++
		}
	}
	return nil
}

type batchReader[T any] interface {
	ReadBatch(n int64, values []T, defs, reps []int16) (int64, int, error)
}

// typed makes the reading of a column of one physical type.
func typed[R batchReader[T], T any](c *column, put func(dst []byte, v T) []byte) {
	values := make([]T, batchRows)
	c.read = func(c *column, n int64) (int64, int, error) {
		return c.reader.(R).ReadBatch(n, values, c.levels, nil)
	}
	c.put = func(dst []byte, i int) []byte { return put(dst, values[i]) }
}

func newColumn(d *schema.Column, index, top int) (*column, error) {
	c := &column{index: index, top: top, max: d.MaxDefinitionLevel()}
	if c.max > 0 {
		c.levels = make([]int16, batchRows)
	}
	logical := d.LogicalType()
	switch d.PhysicalType() {
	case parquet.Types.Boolean:
		typed[*file.BooleanColumnChunkReader](c, strconv.AppendBool)
	case parquet.Types.Int32:
		put := integer(logical)
		typed[*file.Int32ColumnChunkReader](c, func(dst []byte, v int32) []byte { return put(dst, int64(v)) })
	case parquet.Types.Int64:
		typed[*file.Int64ColumnChunkReader](c, integer(logical))
	case parquet.Types.Int96: // always a time; by those who write it, one without a zone
		typed[*file.Int96ColumnChunkReader](c, func(dst []byte, v parquet.Int96) []byte { return appendTime(dst, v.ToTime().UTC(), false) })
	case parquet.Types.Float:
		typed[*file.Float32ColumnChunkReader](c, func(dst []byte, v float32) []byte { return strconv.AppendFloat(dst, float64(v), 'f', -1, 32) })
	case parquet.Types.Double:
		typed[*file.Float64ColumnChunkReader](c, func(dst []byte, v float64) []byte { return strconv.AppendFloat(dst, v, 'f', -1, 64) })
	case parquet.Types.ByteArray:
		put := octets(logical)
		c.text = true
		typed[*file.ByteArrayColumnChunkReader](c, func(dst []byte, v parquet.ByteArray) []byte { return put(dst, v) })
	case parquet.Types.FixedLenByteArray:
		put := octets(logical)
		c.text = true
		typed[*file.FixedLenByteArrayColumnChunkReader](c, func(dst []byte, v parquet.FixedLenByteArray) []byte { return put(dst, v) })
	default:
		return nil, table.Badf("parquet.type", "the column %q is of a type that is not known", d.Name())
	}
	return c, nil
}

// integer says how an integer of a logical type is written.
func integer(l schema.LogicalType) func([]byte, int64) []byte {
	switch l := l.(type) {
	case schema.DateLogicalType:
		return func(dst []byte, v int64) []byte { return time.Unix(v*86400, 0).UTC().AppendFormat(dst, time.DateOnly) }
	case *schema.TimestampLogicalType:
		unit, instant := unitOf(l.TimeUnit()), l.IsAdjustedToUTC()
		per := int64(time.Second / unit)
		return func(dst []byte, v int64) []byte {
			return appendTime(dst, time.Unix(v/per, v%per*int64(unit)).UTC(), instant)
		}
	case *schema.TimeLogicalType:
		unit := unitOf(l.TimeUnit())
		return func(dst []byte, v int64) []byte {
			return time.Time{}.Add(time.Duration(v)*unit).AppendFormat(dst, "15:04:05.999999999")
		}
	case *schema.DecimalLogicalType:
		scale := int(l.Scale())
		return func(dst []byte, v int64) []byte {
			return appendDecimal(dst, strconv.FormatInt(v, 10), scale)
		}
	case *schema.IntLogicalType:
		if !l.IsSigned() {
			mask := ^uint64(0) >> (64 - uint(l.BitWidth()))
			return func(dst []byte, v int64) []byte { return strconv.AppendUint(dst, uint64(v)&mask, 10) }
		}
	}
	return func(dst []byte, v int64) []byte { return strconv.AppendInt(dst, v, 10) }
}

func unitOf(u schema.TimeUnitType) time.Duration {
	switch u {
	case schema.TimeUnitMillis:
		return time.Millisecond
	case schema.TimeUnitMicros:
		return time.Microsecond
	}
	return time.Nanosecond
}

// octets says how bytes of a logical type are written.
func octets(l schema.LogicalType) func([]byte, []byte) []byte {
	d, ok := l.(*schema.DecimalLogicalType)
	if !ok {
		return func(dst, v []byte) []byte { return append(dst, v...) }
	}
	scale := int(d.Scale())
	return func(dst, v []byte) []byte { // two's complement, big-endian
		n := new(big.Int).SetBytes(v)
		if len(v) > 0 && v[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(v))))
		}
		return appendDecimal(dst, n.String(), scale)
	}
}

// appendDecimal puts the point before the last scale digits.
func appendDecimal(dst []byte, digits string, scale int) []byte {
	if rest, negative := strings.CutPrefix(digits, "-"); negative {
		dst, digits = append(dst, '-'), rest
	}
	if scale <= 0 {
		return append(dst, digits...)
	}
	if n := scale + 1 - len(digits); n > 0 {
		digits = strings.Repeat("0", n) + digits
	}
	point := len(digits) - scale
	return append(append(append(dst, digits[:point]...), '.'), digits[point:]...)
}

// shanghai is the zone that instants are shown in: the country's only one
// since 1949. Summer time of 1986 to 1991 does not change the instant.
var shanghai = time.FixedZone("", 8*3600)

func appendTime(dst []byte, t time.Time, instant bool) []byte {
	if instant {
		return t.In(shanghai).AppendFormat(dst, time.RFC3339Nano)
	}
	return t.AppendFormat(dst, "2006-01-02 15:04:05.999999999")
}
