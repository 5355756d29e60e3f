// Package record is the floor of the pipeline: a record as it travels from a
// connector through Kafka to a transform. It has no behaviour beyond owning
// memory, so that everything above can agree on it.
package record

import "time"

// Position says how far a connector has read. Only the connector that wrote
// it can read it; everyone else stores and returns the bytes unchanged.
// A nil position means "from the beginning".
type Position []byte

// Op is what happened to the thing a record describes.
type Op uint8

// The operations. The zero value is Upsert, because most sources know no other.
const (
	Upsert Op = iota
	Delete
)

// Envelope is one record of one stream.
//
// Key and Value are borrowed from the arena of the Chunk that holds the
// envelope and are valid until that chunk is Reset.
type Envelope struct {
	// Key is the canonical key of the record within its stream: the values of
	// the stream's key fields joined with '\x1f'. It picks the partition, so two
	// records of one thing always stay in order.
	Key []byte
	// Value is one JSON object, field name to text, number, bool or null, with
	// exactly the fields that the stream declares.
	Value []byte
	// At is when the source says it happened (event time). It becomes the row's
	// version unless the flow maps another time; it is never our clock.
	At time.Time
	// Arrived is when Kafka took the record; zero before that.
	Arrived time.Time
	// Offset is the record's offset in its partition; -1 before Kafka has it.
	Offset int64
	// Place names where in the source the record stood, for people:
	// `committee_20251231.csv:17`, `ledger.xlsx!演练台账:8`, `page 3 #12`.
	Place string
	// Fault is empty, or the rule by which the connector already knows that this
	// record can never become a row (for example "total.mismatch").
	Fault string
	// Shape is the fingerprint of the stream contract Value was written with.
	Shape uint64
	Op    Op
}

// Format is how the values of a chunk are written.
type Format uint8

// The formats. What the pipeline itself writes is JSON; a topic of somebody else
// may hold lines of CSV, the fields in the order of the stream's declaration.
const (
	JSON Format = iota
	CSV
)

// Span is the half-open range [From, To) of one partition.
type Span struct {
	Topic     string
	Partition int32
	From, To  int64
}

// slab is the size of one arena block. Larger values get a block of their own.
const slab = 256 << 10

// Chunk is a batch of envelopes of one stream that share one arena.
// It is not safe for concurrent use. The zero Chunk is ready.
type Chunk struct {
	System, Stream string
	// Topic and Partition say where in Kafka the rows came from; empty and zero
	// while a connector fills the chunk.
	Topic     string
	Partition int32
	Format    Format
	Rows      []Envelope

	blocks [][]byte // every block was allocated by Alloc and is kept for reuse
	used   int      // blocks in use; blocks[used-1] is the one being filled
	bytes  int
}

// Reset forgets the rows and makes the arena available again. Everything
// handed out by Alloc or Copy before becomes invalid.
func (c *Chunk) Reset() {
	clear(c.Rows)
	c.Rows = c.Rows[:0]
	for i := range c.blocks {
		c.blocks[i] = c.blocks[i][:0]
	}
	c.used = 0
	c.bytes = 0
}

// Bytes is the memory handed out since the last Reset: what limits of
// chunk size count.
func (c *Chunk) Bytes() int { return c.bytes }

// Alloc returns n bytes of the arena, valid until Reset. The content is
// unspecified: write all of it.
func (c *Chunk) Alloc(n int) []byte {
	c.bytes += n
	if c.used > 0 {
		b := c.blocks[c.used-1]
		if cap(b)-len(b) >= n {
			c.blocks[c.used-1] = b[:len(b)+n]
			return b[len(b) : len(b)+n : len(b)+n]
		}
	}
	for c.used < len(c.blocks) {
		b := c.blocks[c.used]
		c.used++
		if cap(b) >= n {
			c.blocks[c.used-1] = b[:n]
			return b[:n:n]
		}
	}
	b := make([]byte, n, max(n, slab))
	c.blocks = append(c.blocks, b)
	c.used = len(c.blocks)
	return b[:n:n]
}

// Copy puts a copy of p into the arena and returns it.
func (c *Chunk) Copy(p []byte) []byte {
	b := c.Alloc(len(p))
	copy(b, p)
	return b
}

// Append adds a copy of e: its Key and Value are moved into the arena, so the
// caller may reuse its own buffers at once.
func (c *Chunk) Append(e Envelope) {
	e.Key = c.Copy(e.Key)
	e.Value = c.Copy(e.Value)
	c.Rows = append(c.Rows, e)
}
