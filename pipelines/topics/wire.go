package topics

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/protocol"
)

// writer appends the protocol's primitive types. All of it is big-endian.
type writer struct{ b []byte }

func (w *writer) i8(v int8)   { w.b = append(w.b, byte(v)) }
func (w *writer) i16(v int16) { w.b = binary.BigEndian.AppendUint16(w.b, uint16(v)) }
func (w *writer) i32(v int32) { w.b = binary.BigEndian.AppendUint32(w.b, uint32(v)) }
func (w *writer) i64(v int64) { w.b = binary.BigEndian.AppendUint64(w.b, uint64(v)) }
func (w *writer) str(s string) {
	w.i16(int16(len(s)))
	w.b = append(w.b, s...)
}

// nstr writes an empty string as null.
func (w *writer) nstr(s string) {
	if s == "" {
		w.i16(-1)
		return
	}
	w.str(s)
}

// The newer ("flexible") versions of the protocol write lengths as varints, plus
// one so that 0 is null, and end every structure with tagged fields.

func (w *writer) cstr(s string) {
	w.ccount(len(s))
	w.b = append(w.b, s...)
}

func (w *writer) ccount(n int) { w.b = binary.AppendUvarint(w.b, uint64(n)+1) }
func (w *writer) noTags()      { w.b = append(w.b, 0) }

// errShort: an answer ended before its last field.
var errShort = errors.New("the answer of the broker is cut short")

// reader reads what writer writes. After the first short read every further
// read returns zero, and err says so: callers check once, at the end.
type reader struct {
	b        []byte
	at       int
	err      error
	flexible bool // the version writes lengths compactly and has tagged fields
}

func (r *reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.b)-r.at {
		r.err = errShort
		return nil
	}
	s := r.b[r.at : r.at+n : r.at+n]
	r.at += n
	return s
}

func (r *reader) skip8() { r.take(1) }

func (r *reader) i16() int16 {
	if s := r.take(2); s != nil {
		return int16(binary.BigEndian.Uint16(s))
	}
	return 0
}

func (r *reader) i32() int32 {
	if s := r.take(4); s != nil {
		return int32(binary.BigEndian.Uint32(s))
	}
	return 0
}

func (r *reader) i64() int64 {
	if s := r.take(8); s != nil {
		return int64(binary.BigEndian.Uint64(s))
	}
	return 0
}

// text returns a string as bytes of the answer; null is nil.
func (r *reader) text() []byte {
	if r.flexible {
		return r.compact()
	}
	n := r.i16()
	if n < 0 {
		return nil
	}
	return r.take(int(n))
}

// blob returns a byte string of the answer; null is nil.
func (r *reader) blob() []byte {
	if r.flexible {
		return r.compact()
	}
	n := r.i32()
	if n < 0 {
		return nil
	}
	return r.take(int(n))
}

// count returns the length of an array; null is 0. An element has at least
// `least` bytes, so that a corrupt length cannot make a caller loop for long.
func (r *reader) count(least int) int {
	var n int64
	if r.flexible {
		n = int64(min(r.uvarint(), maxAnswer)) - 1
	} else {
		n = int64(r.i32())
	}
	if n <= 0 || r.err != nil {
		return 0
	}
	if n > int64((len(r.b)-r.at)/least) {
		r.err = errShort
		return 0
	}
	return int(n)
}

func (r *reader) uvarint() uint64 {
	if r.err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.b[r.at:])
	if n <= 0 {
		r.err = errShort
		return 0
	}
	r.at += n
	return v
}

// compact returns a text or byte string of a flexible version; null is nil.
func (r *reader) compact() []byte {
	n := r.uvarint()
	if n == 0 {
		return nil
	}
	return r.take(int(min(n-1, maxAnswer)))
}

// tags skips tagged fields: we asked for none and need none.
func (r *reader) tags() {
	if !r.flexible {
		return
	}
	for range r.uvarint() {
		if r.uvarint(); r.err != nil {
			return
		}
		r.take(int(min(r.uvarint(), maxAnswer)))
	}
}

const (
	correlation = 0x52540001 // one request at a time per connection: a constant will do
	maxAnswer   = 512 << 20  // bytes; a larger answer is not Kafka's
)

// anyBroker routes an exchange to whichever broker is connected.
const anyBroker = int32(-1)

// frame is one request of this package's own making and its answer. It goes
// through kafka-go's connections but not through its encoders.
//
// While a round trip runs the connection's goroutine uses every buffer in here,
// and goes on using them after a cancelled context has made RoundTrip return:
// after an error the buffers belong to nobody and are left to the collector.
type frame struct {
	key     protocol.ApiKey
	version int16
	// parts are the bytes after the frame's length, in order; the first starts
	// with the request header.
	parts [][]byte
	// answer is the answer without its length and header. Its memory is the
	// one given, if that was large enough.
	answer []byte
}

// exchange is a frame for one broker.
type exchange struct {
	frame
	broker int32
}

// groupExchange is a frame for the coordinator of a group.
type groupExchange struct {
	frame
	group string
}

var (
	_ protocol.RawExchanger  = (*exchange)(nil)
	_ protocol.BrokerMessage = (*exchange)(nil)
	_ protocol.RawExchanger  = (*groupExchange)(nil)
	_ protocol.GroupMessage  = (*groupExchange)(nil)
)

// header starts a request in w, which must be empty.
func (w *writer) header(key protocol.ApiKey, version int16, clientID string) {
	w.i32(0) // length of the frame, known when it is sent
	w.i16(int16(key))
	w.i16(version)
	w.i32(correlation)
	w.nstr(clientID)
}

func (e *frame) ApiKey() protocol.ApiKey { return e.key }

func (e *frame) Required(map[protocol.ApiKey]int16) bool { return true }

func (e *groupExchange) Group() string { return e.group }

func (e *exchange) Broker(protocol.Cluster) (protocol.Broker, error) {
	return protocol.Broker{ID: e.broker}, nil
}

// RawExchange writes the request and reads the whole answer.
func (e *frame) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	size := -4
	for _, p := range e.parts {
		size += len(p)
	}
	binary.BigEndian.PutUint32(e.parts[0], uint32(size))
	for _, p := range e.parts {
		if _, err := rw.Write(p); err != nil {
			return nil, err
		}
	}
	var head [8]byte
	if _, err := io.ReadFull(rw, head[:]); err != nil {
		return nil, err
	}
	n := int64(binary.BigEndian.Uint32(head[:])) - 4
	if n < 0 || n > maxAnswer {
		return nil, fmt.Errorf("the answer of the broker claims %d bytes", n)
	}
	if id := binary.BigEndian.Uint32(head[4:]); id != correlation {
		return nil, fmt.Errorf("the answer of the broker belongs to another request (%#x)", id)
	}
	if int64(cap(e.answer)) < n {
		e.answer = make([]byte, n+n/8)
	}
	e.answer = e.answer[:n]
	if _, err := io.ReadFull(rw, e.answer); err != nil {
		return nil, err
	}
	return e, nil
}
