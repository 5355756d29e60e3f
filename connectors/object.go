package connectors

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"rongtong/schemas"
	"rongtong/schemas/record"
)

// Limits of one Read: whichever is reached first ends the chunk.
const (
	ChunkRows  = 20_000
	ChunkBytes = 8 << 20
)

// Full reports whether a chunk has reached the limits of one Read.
func Full(c *record.Chunk) bool { return len(c.Rows) >= ChunkRows || c.Bytes() >= ChunkBytes }

// KeySeparator joins the key fields of a record into its canonical key.
const KeySeparator = '\x1f'

// Shape is the fingerprint of a stream's contract: it changes exactly when a
// field is added, removed, renamed, moved or given another type.
func Shape(s *schemas.Stream) uint64 {
	h := xxhash.New()
	var size [4]byte
	for _, f := range s.Fields {
		for _, part := range [2]string{f.Key, f.Value} {
			// The length first: otherwise "ab","c" and "a","bc" would be one shape.
			binary.LittleEndian.PutUint32(size[:], uint32(len(part)))
			_, _ = h.Write(size[:])
			_, _ = h.WriteString(part)
		}
	}
	return h.Sum64()
}

// form is how a field of the record being built is written.
type form uint8

const (
	formNull form = iota // the zero value: a field that was not set is null
	formText
	formNumber
	formTrue
	formFalse
)

type slot struct {
	form     form
	from, to int // the text, as a range of Object.text
}

// Object builds the records of one stream: the JSON value with exactly the
// declared fields in their declared order, the canonical key and the shape.
// It is reused from record to record and allocates nothing once warm, apart
// from what it appends to. It is not safe for concurrent use.
type Object struct {
	names []string // field names, in order
	heads [][]byte // `{"name":` for the first field, `,"name":` for the others
	keys  []int    // indexes of the key fields
	shape uint64

	slots []slot
	text  []byte // text of the fields that were set, back to back
	value []byte // the JSON being written
	key   []byte
}

// NewObject prepares the writer of a stream. A key field that is not one of
// the stream's fields is a broken invariant (the checker of declarations
// refuses it) and panics.
func NewObject(s *schemas.Stream) *Object {
	o := &Object{shape: Shape(s), slots: make([]slot, len(s.Fields))}
	for i, f := range s.Fields {
		head := []byte{','}
		if i == 0 {
			head[0] = '{'
		}
		head = append(appendText(head, []byte(f.Key)), ':')
		o.heads = append(o.heads, head)
		o.names = append(o.names, f.Key)
	}
	for _, k := range s.Key {
		i := o.Index(k)
		if i < 0 {
			panic(fmt.Sprintf("connectors: key field %q of stream %q is not one of its fields", k, s.Name))
		}
		o.keys = append(o.keys, i)
	}
	return o
}

// Index is the place of a declared field, or -1.
func (o *Object) Index(field string) int { return slices.Index(o.names, field) }

// Shape is the fingerprint every record is stamped with.
func (o *Object) Shape() uint64 { return o.shape }

// Set gives field i a text. The text is copied.
func (o *Object) Set(i int, text string) {
	from := len(o.text)
	o.text = append(o.text, text...)
	o.slots[i] = slot{formText, from, len(o.text)}
}

// SetBytes gives field i a text. The bytes are copied; what is not UTF-8
// becomes U+FFFD.
func (o *Object) SetBytes(i int, text []byte) {
	from := len(o.text)
	o.text = append(o.text, text...)
	o.slots[i] = slot{formText, from, len(o.text)}
}

// SetNumber gives field i a number, written exactly as the source wrote it. A
// text that JSON does not take for a number (a leading zero or plus, NaN) is
// kept as text: nothing is lost, and the transform judges it.
func (o *Object) SetNumber(i int, raw []byte) {
	o.SetBytes(i, raw)
	if isNumber(raw) {
		o.slots[i].form = formNumber
	}
}

// SetBool gives field i a truth value.
func (o *Object) SetBool(i int, v bool) {
	o.Set(i, "false")
	o.slots[i].form = formFalse
	if v {
		o.Set(i, "true")
		o.slots[i].form = formTrue
	}
}

// SetNull makes field i null, which it also is when it is never set.
func (o *Object) SetNull(i int) { o.slots[i] = slot{} }

// Reset forgets the fields set so far, for a record that is not delivered.
func (o *Object) Reset() {
	clear(o.slots)
	o.text = o.text[:0]
}

// AppendTo appends the record to a chunk and starts the next one, all of its
// fields null. fault is empty or the rule by which the record is already known
// never to become a row. Key and value are copied into the chunk.
func (o *Object) AppendTo(c *record.Chunk, at time.Time, op record.Op, place, fault string) {
	o.key = o.key[:0]
	for n, i := range o.keys {
		if n > 0 {
			o.key = append(o.key, KeySeparator)
		}
		o.key = append(o.key, o.text[o.slots[i].from:o.slots[i].to]...)
	}
	c.Append(record.Envelope{
		Key: o.key, Value: o.encode(), At: at, Op: op, Place: place, Fault: fault,
		Shape: o.shape, Offset: -1,
	})
	o.Reset()
}

// encode writes the JSON object. It is valid until the next call.
func (o *Object) encode() []byte {
	b := o.value[:0]
	for i, s := range o.slots {
		b = append(b, o.heads[i]...)
		switch s.form {
		case formNull:
			b = append(b, "null"...)
		case formText:
			b = appendText(b, o.text[s.from:s.to])
		default:
			b = append(b, o.text[s.from:s.to]...)
		}
	}
	if len(o.slots) == 0 {
		b = append(b, '{')
	}
	b = append(b, '}')
	o.value = b
	return b
}

const hex = "0123456789abcdef"

// special marks the bytes that JSON does not take as they are.
var special = func() (t [256]bool) {
	for i := range 0x20 {
		t[i] = true
	}
	t['"'], t['\\'], t[0x7f] = true, true, true
	return t
}()

// appendText appends s as a JSON string.
func appendText(b, s []byte) []byte {
	if !utf8.Valid(s) {
		s = []byte(string([]rune(string(s)))) // each invalid byte becomes U+FFFD
	}
	b = append(b, '"')
	done := 0
	for i, c := range s {
		if !special[c] {
			continue
		}
		b = append(b, s[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(b, s[done:]...), '"')
}

// isNumber reports whether s is a number by the grammar of JSON.
func isNumber(s []byte) bool {
	i := 0
	digits := func() bool {
		from := i
		for i < len(s) && s[i]-'0' <= 9 {
			i++
		}
		return i > from
	}
	if i < len(s) && s[i] == '-' {
		i++
	}
	first := i
	if !digits() || s[first] == '0' && i > first+1 {
		return false
	}
	if i < len(s) && s[i] == '.' {
		i++
		if !digits() {
			return false
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if !digits() {
			return false
		}
	}
	return i == len(s)
}
