package warehouse

import (
	"bufio"
	"encoding/binary"
	"io"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
)

// encoders write records in Arrow's streaming format. Every request is a stream
// of its own and begins with the schema, so that what was made for one is kept
// for the next. The zero value is ready; it is safe for concurrent use.
type encoders struct {
	mu   sync.Mutex
	idle []*encoder
}

// encodersMost bounds what is kept: declarations change, and their schemas go.
const encodersMost = 16

// encoder makes messages of records of one schema.
type encoder struct {
	schema *arrow.Schema
	w      *ipc.Writer
	head   []byte // the message of the schema
	out    *bufio.Writer
	pad    [8]byte
}

// write writes a whole stream: the schema, the record, and the end.
func (e *encoders) write(w io.Writer, rec arrow.Record) error {
	c := e.take(rec.Schema())
	if err := c.write(w, rec); err != nil {
		return err // and is not used again
	}
	e.give(c)
	return nil
}

// take finds an encoder by the schema's identity: a plan has one for all records.
func (e *encoders) take(s *arrow.Schema) *encoder {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, c := range e.idle {
		if c.schema == s {
			last := len(e.idle) - 1
			e.idle[i] = e.idle[last]
			e.idle = e.idle[:last]
			return c
		}
	}
	c := &encoder{schema: s, out: bufio.NewWriterSize(nil, 64<<10)} // gathers what is small, lets through what is large
	c.w = ipc.NewWriterWithPayloadWriter(c, ipc.WithSchema(s))
	return c
}

func (e *encoders) give(c *encoder) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.idle) == encodersMost {
		e.idle = e.idle[1:]
	}
	e.idle = append(e.idle, c)
}

func (c *encoder) write(w io.Writer, rec arrow.Record) error {
	c.out.Reset(w)
	defer c.out.Reset(nil)
	if _, err := c.out.Write(c.head); err != nil { // empty before the first record
		return err
	}
	if err := c.w.Write(rec); err != nil {
		return err
	}
	if _, err := c.out.Write(endOfStream[:]); err != nil {
		return err
	}
	return c.out.Flush()
}

// Arrow IPC, "encapsulated message format": a message begins with 0xFFFFFFFF and
// the length of its metadata with their padding; length 0 ends the stream.
const continuation = 0xFFFFFFFF

var endOfStream = [8]byte{0xff, 0xff, 0xff, 0xff}

// WritePayload is told by c.w of the message of the schema, once, and of the
// message of each record.
func (c *encoder) WritePayload(p ipc.Payload) error {
	meta := p.Meta()
	defer meta.Release()
	b := meta.Bytes()
	padded := (len(b) + 7) &^ 7
	frame := binary.LittleEndian.AppendUint32(c.pad[:0], continuation)
	frame = binary.LittleEndian.AppendUint32(frame, uint32(padded))
	if c.head == nil {
		c.head = append(append(append(c.head, frame...), b...), make([]byte, padded-len(b))...)
		_, err := c.out.Write(c.head)
		return err
	}
	if _, err := c.out.Write(frame); err != nil {
		return err
	}
	if _, err := c.out.Write(b); err != nil {
		return err
	}
	clear(c.pad[:])
	if _, err := c.out.Write(c.pad[:padded-len(b)]); err != nil {
		return err
	}
	return p.SerializeBody(c.out)
}

// Start and Close implement ipc.PayloadWriter: a stream begins and ends in write.
func (c *encoder) Start() error { return nil }
func (c *encoder) Close() error { return nil }
