package feed

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hamba/avro/v2"

	"rongtong/schemas/fault"
)

// avroConfig bounds what one value may claim to be: a length in a damaged
// message is no reason to allocate it.
var avroConfig = avro.Config{MaxByteSliceSize: 4 << 20, MaxSliceAllocSize: 1 << 20}.Freeze()

var errAvro = errors.New("the message is not of its schema")

const nesting = 64

// appendAvro reads one value and appends it as JSON. Whole numbers and decimals
// keep every digit; a date and a time are written as ISO 8601, an instant in
// UTC; bytes in Base64. Inner records, arrays and maps become JSON too: whether
// a field may hold them is the contract's to say.
func appendAvro(dst []byte, r *avro.Reader, s avro.Schema, depth int) ([]byte, error) {
	if depth > nesting {
		return dst, errAvro
	}
	switch s := s.(type) {
	case *avro.RefSchema:
		return appendAvro(dst, r, s.Schema(), depth)
	case *avro.NullSchema:
		return append(dst, "null"...), nil
	case *avro.PrimitiveSchema:
		return appendPrimitive(dst, r, s)
	case *avro.FixedSchema:
		b := make([]byte, s.Size())
		r.Read(b)
		return appendBinary(dst, b, s.Logical()), r.Error
	case *avro.EnumSchema:
		i := r.ReadInt()
		if r.Error != nil || i < 0 || int(i) >= len(s.Symbols()) {
			return dst, errAvro
		}
		return appendString(dst, s.Symbols()[i]), nil
	case *avro.UnionSchema:
		i := r.ReadLong()
		if r.Error != nil || i < 0 || int(i) >= len(s.Types()) {
			return dst, errAvro
		}
		return appendAvro(dst, r, s.Types()[i], depth+1)
	case *avro.RecordSchema:
		return appendRecord(dst, r, s, depth)
	case *avro.ArraySchema:
		dst, err := appendBlocks(append(dst, '['), r, func(dst []byte) ([]byte, error) { return appendAvro(dst, r, s.Items(), depth+1) })
		return append(dst, ']'), err
	case *avro.MapSchema:
		dst, err := appendBlocks(append(dst, '{'), r, func(dst []byte) ([]byte, error) {
			return appendAvro(append(appendString(dst, r.ReadString()), ':'), r, s.Values(), depth+1)
		})
		return append(dst, '}'), err
	}
	return dst, errAvro
}

func appendRecord(dst []byte, r *avro.Reader, s *avro.RecordSchema, depth int) ([]byte, error) {
	dst = append(dst, '{')
	for i, f := range s.Fields() {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendAvro(append(appendString(dst, f.Name()), ':'), r, f.Type(), depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendBlocks reads the blocks of an array or a map.
func appendBlocks(dst []byte, r *avro.Reader, one func([]byte) ([]byte, error)) ([]byte, error) {
	first := true
	for {
		n, _ := r.ReadBlockHeader()
		if r.Error != nil || n < 0 {
			return dst, errAvro
		}
		if n == 0 {
			return dst, nil
		}
		for range n {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			before := len(dst)
			var err error
			if dst, err = one(dst); err != nil {
				return dst, err
			}
			// An array of nulls takes no byte, so its length is bounded here.
			if r.Error != nil || len(dst) == before || len(dst) > 8<<20 {
				return dst, errAvro
			}
		}
	}
}

func appendPrimitive(dst []byte, r *avro.Reader, s *avro.PrimitiveSchema) ([]byte, error) {
	logical := avro.LogicalType("")
	if l := s.Logical(); l != nil {
		logical = l.Type()
	}
	switch s.Type() {
	case avro.Boolean:
		dst = strconv.AppendBool(dst, r.ReadBool())
	case avro.Int:
		dst = appendInt(dst, int64(r.ReadInt()), logical)
	case avro.Long:
		dst = appendInt(dst, r.ReadLong(), logical)
	case avro.Float:
		dst = appendFloat(dst, float64(r.ReadFloat()), 32)
	case avro.Double:
		dst = appendFloat(dst, r.ReadDouble(), 64)
	case avro.String:
		dst = appendString(dst, r.ReadString())
	case avro.Bytes:
		dst = appendBinary(dst, r.ReadBytes(), s.Logical())
	default:
		return dst, errAvro
	}
	if r.Error != nil {
		return dst, errAvro
	}
	return dst, nil
}

// appendInt writes a whole number, or what its logical type says it is.
func appendInt(dst []byte, n int64, logical avro.LogicalType) []byte {
	at := func(t time.Time, layout string) []byte {
		if y := t.Year(); y < 0 || y > 9999 {
			return strconv.AppendInt(dst, n, 10) // no such time can be written: the transform judges the number
		}
		return append(t.UTC().AppendFormat(append(dst, '"'), layout), '"')
	}
	const instant, local, clock = "2006-01-02T15:04:05.999999Z", "2006-01-02 15:04:05.999999", "15:04:05.999999"
	switch logical {
	case avro.Date:
		return at(time.Unix(n*86400, 0), time.DateOnly)
	case avro.TimestampMillis:
		return at(time.UnixMilli(n), instant)
	case avro.TimestampMicros:
		return at(time.UnixMicro(n), instant)
	case avro.LocalTimestampMillis:
		return at(time.UnixMilli(n), local)
	case avro.LocalTimestampMicros:
		return at(time.UnixMicro(n), local)
	case avro.TimeMillis:
		return at(time.UnixMilli(n), clock)
	case avro.TimeMicros:
		return at(time.UnixMicro(n), clock)
	}
	return strconv.AppendInt(dst, n, 10)
}

// appendFloat writes the shortest text that reads back as the same number. What
// JSON cannot write is a text, and the transform judges it.
func appendFloat(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return appendString(dst, strconv.FormatFloat(f, 'g', -1, bits))
	}
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return strconv.AppendFloat(dst, f, 'e', -1, bits)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, bits)
}

// appendBinary writes bytes: a decimal as its digits, all others in Base64.
func appendBinary(dst, b []byte, logical avro.LogicalSchema) []byte {
	d, ok := logical.(*avro.DecimalLogicalSchema)
	if !ok {
		return append(base64.StdEncoding.AppendEncode(append(dst, '"'), b), '"')
	}
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 { // two's complement
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	if n.Sign() < 0 {
		dst = append(dst, '-')
	}
	digits := n.Abs(n).String()
	scale := d.Scale()
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale-len(digits)+1) + digits
	}
	dst = append(dst, digits[:len(digits)-scale]...)
	if scale > 0 {
		dst = append(append(dst, '.'), digits[len(digits)-scale:]...)
	}
	return dst
}

func appendString(dst []byte, s string) []byte {
	b, _ := json.Marshal(s) // a string: it cannot fail
	return append(dst, b...)
}

// writers finds the schema of a message. It is safe for concurrent use.
type writers struct {
	wire     string
	declared avro.Schema // nil: only the registry knows
	registry string      // address; empty: none
	client   *http.Client

	mu    sync.Mutex
	known map[uint32]avro.Schema // nil: the registry does not know it
}

// split takes the header off a message and finds its schema. A nil schema and
// no error: the message names none that is known.
func (w *writers) split(ctx context.Context, value []byte) (avro.Schema, []byte, error) {
	if w.wire != "confluent" {
		return w.declared, value, nil
	}
	if len(value) < 5 || value[0] != 0 {
		return nil, nil, nil
	}
	id := binary.BigEndian.Uint32(value[1:])
	if w.registry == "" {
		return w.declared, value[5:], nil
	}
	s, err := w.byNumber(ctx, id)
	return s, value[5:], err
}

func (w *writers) byNumber(ctx context.Context, id uint32) (avro.Schema, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s, ok := w.known[id]; ok {
		return s, nil
	}
	s, err := w.ask(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(w.known) > 10_000 { // numbers come from messages: a damaged topic must not fill the memory
		clear(w.known)
	}
	w.known[id] = s
	return s, nil
}

// ask asks the registry, by the protocol of the Confluent Schema Registry.
func (w *writers) ask(ctx context.Context, id uint32) (avro.Schema, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/schemas/ids/%d", strings.TrimRight(w.registry, "/"), id), nil)
	if err != nil {
		return nil, fault.New(fault.Config, "asking the schema registry: the address is not one")
	}
	req.Header.Set("Accept", "application/vnd.schemaregistry.v1+json, application/json")
	res, err := w.client.Do(req)
	if err != nil {
		return nil, fault.New(fault.Transient, "asking the schema registry for schema %d: it does not answer", id)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	switch {
	case res.StatusCode == http.StatusNotFound:
		return nil, nil
	case err != nil || res.StatusCode >= 500:
		return nil, fault.New(fault.Transient, "asking the schema registry for schema %d: it answers %d", id, res.StatusCode)
	case res.StatusCode != http.StatusOK:
		return nil, fault.New(fault.Config, "asking the schema registry for schema %d: it answers %d", id, res.StatusCode)
	}
	var answer struct {
		Schema     string `json:"schema"`
		SchemaType string `json:"schemaType"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.SchemaType != "" && answer.SchemaType != "AVRO" {
		return nil, nil
	}
	s, err := parseSchema(answer.Schema)
	if err != nil {
		return nil, nil // what cannot be read is not of a known schema
	}
	return s, nil
}
