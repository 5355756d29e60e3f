package warehouse

import (
	"encoding/binary"
	"fmt"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// nativeColumn is a column of a record as ClickHouse's protocol wants it. Values
// of fixed width are sent from where they are; texts are copied, because there a
// length stands before each.
type nativeColumn struct {
	arr  arrow.Array
	typ  proto.ColumnType
	sent *sending
}

// sending is what the columns of one block share.
type sending struct{ err error }

// gather is how many bytes are put together before they are sent: a block of
// texts is not held twice.
const gather = 256 << 10

func newNativeColumn(arr arrow.Array, s *sending) (nativeColumn, error) {
	typ, err := nativeType(arr.DataType())
	if nullable(arr) {
		typ = "Nullable(" + typ + ")"
	}
	return nativeColumn{arr, proto.ColumnType(typ), s}, err
}

// nullable: a collection cannot be null there, and is empty then.
func nullable(arr arrow.Array) bool {
	_, collection := arr.(array.ListLike)
	return arr.NullN() > 0 && !collection
}

// nativeType is the type in which values are sent; the server makes the table's
// type of it.
func nativeType(t arrow.DataType) (string, error) {
	switch t := t.(type) {
	case *arrow.StringType:
		return "String", nil
	case *arrow.BooleanType:
		return "Bool", nil
	case *arrow.Int8Type, *arrow.Int16Type, *arrow.Int32Type, *arrow.Int64Type, *arrow.Float32Type, *arrow.Float64Type:
		return map[arrow.Type]string{arrow.INT8: "Int8", arrow.INT16: "Int16", arrow.INT32: "Int32", arrow.INT64: "Int64",
			arrow.FLOAT32: "Float32", arrow.FLOAT64: "Float64"}[t.ID()], nil
	case *arrow.Uint8Type, *arrow.Uint16Type, *arrow.Uint32Type, *arrow.Uint64Type:
		return map[arrow.Type]string{arrow.UINT8: "UInt8", arrow.UINT16: "UInt16", arrow.UINT32: "UInt32", arrow.UINT64: "UInt64"}[t.ID()], nil
	case *arrow.Date32Type:
		return "Date32", nil
	case *arrow.TimestampType:
		return fmt.Sprintf("DateTime64(%d, 'UTC')", 3*int(t.Unit)), nil
	case *arrow.Decimal128Type:
		return fmt.Sprintf("Decimal(%d, %d)", t.Precision, t.Scale), nil
	case *arrow.MapType:
		key, err := nativeType(t.KeyType())
		if err != nil {
			return "", err
		}
		value, err := nativeType(t.ItemType())
		return "Map(" + key + ", " + value + ")", err
	case *arrow.ListType:
		elem, err := nativeType(t.Elem())
		if t.ElemField().Nullable {
			elem = "Nullable(" + elem + ")"
		}
		return "Array(" + elem + ")", err
	}
	return "", fmt.Errorf("the type %s cannot be sent", t)
}

func (c nativeColumn) Type() proto.ColumnType { return c.typ }
func (c nativeColumn) Rows() int              { return c.arr.Len() }

// EncodeColumn is only asked for by a connection that compresses; ours do not.
func (c nativeColumn) EncodeColumn(*proto.Buffer) { panic("warehouse: a native connection compresses") }

func (c nativeColumn) WriteColumn(w *proto.Writer) { c.write(w, c.arr, nullable(c.arr)) }

func (c nativeColumn) write(w *proto.Writer, arr arrow.Array, mask bool) {
	n := arr.Len()
	if mask {
		c.each(w, n, func(b []byte, i int) []byte { return append(b, bit(arr.IsNull(i))) })
	}
	switch a := arr.(type) {
	case *array.String:
		at, text := a.ValueOffsets(), a.Data().Buffers()[2].Bytes()
		c.each(w, n, func(b []byte, i int) []byte {
			s := text[at[i]:at[i+1]]
			return append(binary.AppendUvarint(b, uint64(len(s))), s...)
		})
	case *array.Boolean:
		c.each(w, n, func(b []byte, i int) []byte { return append(b, bit(a.IsValid(i) && a.Value(i))) })
	case *array.Decimal128:
		c.decimals(w, a)
	case *array.Map:
		from, to := c.offsets(w, a)
		c.inner(w, a.Keys(), from, to, false)
		c.inner(w, a.Items(), from, to, false)
	case *array.List:
		from, to := c.offsets(w, a)
		c.inner(w, a.ListValues(), from, to, a.DataType().(*arrow.ListType).ElemField().Nullable)
	default: // of fixed width, little-endian here and there
		width := arr.DataType().(arrow.FixedWidthDataType).Bytes()
		from := arr.Data().Offset() * width
		w.ChainWrite(arr.Data().Buffers()[1].Bytes()[from : from+n*width])
	}
}

// decimals are sent in as many bytes as their precision takes in the server.
func (c nativeColumn) decimals(w *proto.Writer, a *array.Decimal128) {
	values, precision := a.Values(), a.DataType().(*arrow.Decimal128Type).Precision
	c.each(w, a.Len(), func(b []byte, i int) []byte {
		lo, hi := values[i].LowBits(), values[i].HighBits()
		switch {
		case precision <= 9:
			return binary.LittleEndian.AppendUint32(b, uint32(lo))
		case precision <= 18:
			return binary.LittleEndian.AppendUint64(b, lo)
		}
		return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, lo), uint64(hi))
	})
}

// offsets writes where each row's elements end, and returns which elements the
// rows have.
func (c nativeColumn) offsets(w *proto.Writer, a array.ListLike) (from, to int64) {
	n := a.Len()
	if n == 0 {
		return 0, 0
	}
	from, _ = a.ValueOffsets(0)
	c.each(w, n, func(b []byte, i int) []byte {
		_, to = a.ValueOffsets(i)
		return binary.LittleEndian.AppendUint64(b, uint64(to-from))
	})
	return from, to
}

func (c nativeColumn) inner(w *proto.Writer, values arrow.Array, from, to int64, mask bool) {
	part := array.NewSlice(values, from, to)
	defer part.Release() // the record holds the buffers
	c.write(w, part, mask)
}

// each appends what every row takes, and sends what has come together.
func (c nativeColumn) each(w *proto.Writer, n int, put func(b []byte, row int) []byte) {
	for row := 0; row < n; {
		full := false
		w.ChainBuffer(func(b *proto.Buffer) {
			for ; row < n && !full; row++ {
				b.Buf = put(b.Buf, row)
				full = len(b.Buf) >= gather
			}
		})
		if full {
			if _, err := w.Flush(); err != nil && c.sent.err == nil {
				c.sent.err = err
			}
		}
	}
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
