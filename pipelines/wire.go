package pipelines

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"rongtong/connectors"
	"rongtong/schemas/record"
)

// A record travels as key, value (the JSON object, readable with any Kafka
// tool) and one header with everything else: a header name costs bytes on every
// record, so there is one header and its layout is fixed here.
//
//	byte    version, 1
//	byte    op
//	8 bytes shape, little endian
//	8 bytes event time, Unix ms, little endian; minimum int64 means none
//	uvarint the record's number in its stream, from 1
//	uvarint length, then place
//	uvarint length, then fault
const headerVersion = 1

const noTime = math.MinInt64

// AppendHeader appends the header of e, the stream's record number n, to dst.
func AppendHeader(dst []byte, e *record.Envelope, n int64) []byte {
	at := int64(noTime)
	if !e.At.IsZero() {
		at = e.At.UnixMilli()
	}
	dst = append(dst, headerVersion, byte(e.Op))
	dst = binary.LittleEndian.AppendUint64(dst, e.Shape)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(at))
	dst = binary.AppendUvarint(dst, uint64(n))
	dst = binary.AppendUvarint(dst, uint64(len(e.Place)))
	dst = append(dst, e.Place...)
	dst = binary.AppendUvarint(dst, uint64(len(e.Fault)))
	return append(dst, e.Fault...)
}

// parseHeader fills e from a header and returns the record's number. Place and
// Fault are copied.
func parseHeader(h []byte, e *record.Envelope) (n int64, err error) {
	if len(h) < 18 || h[0] != headerVersion {
		return 0, fmt.Errorf("reading a record header: %d bytes of version %v are not ours", len(h), h[:min(1, len(h))])
	}
	e.Op = record.Op(h[1])
	e.Shape = binary.LittleEndian.Uint64(h[2:])
	if at := int64(binary.LittleEndian.Uint64(h[10:])); at != noTime {
		e.At = time.UnixMilli(at)
	}
	number, k := binary.Uvarint(h[18:])
	if k <= 0 {
		return 0, fmt.Errorf("reading a record header: the number is cut off")
	}
	rest := h[18+k:]
	place, rest, ok := text(rest)
	if !ok {
		return 0, fmt.Errorf("reading a record header: the place is cut off")
	}
	fault, rest, ok := text(rest)
	if !ok || len(rest) != 0 {
		return 0, fmt.Errorf("reading a record header: the fault is cut off or followed by %d bytes", len(rest))
	}
	e.Place, e.Fault = place, fault
	return int64(number), nil
}

func text(b []byte) (string, []byte, bool) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return "", nil, false
	}
	b = b[k:]
	return string(b[:n]), b[n:], true
}

// progress is what an ingest transaction stores beside the rows: the
// connector's own position, and what it counted in all since the stream began,
// so that the connector's side of the books survives a crash exactly as the
// rows do.
type progress struct {
	Counts
	Position record.Position
}

// Counts are a connector's side of the books.
type Counts struct {
	Records int64 `json:"delivered"`      // delivered into Kafka
	Dropped int64 `json:"dropped_values"` // values of fields that must not leave the source
	Unknown int64 `json:"unknown_values"` // values of fields that no contract names
	Totals  int64 `json:"total_rows"`     // total rows that were checked and left out
}

func (c Counts) all() [4]int64 { return [4]int64{c.Records, c.Dropped, c.Unknown, c.Totals} }

// plus adds what a source counted since it was opened.
func (c Counts) plus(s connectors.Stats) Counts {
	c.Totals += s.Totals
	for _, n := range s.DroppedFields {
		c.Dropped += n
	}
	for _, n := range s.UnknownFields {
		c.Unknown += n
	}
	return c
}

func (p progress) encode() []byte {
	b := []byte{1}
	for _, n := range p.all() {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return append(b, p.Position...)
}

func decodeProgress(b []byte) (progress, error) {
	if len(b) == 0 {
		return progress{}, nil
	}
	if b[0] != 1 {
		return progress{}, fmt.Errorf("reading a stored position: %d bytes of version %d are not ours", len(b), b[0])
	}
	rest := b[1:]
	var n [4]int64
	for i := range n {
		x, k := binary.Uvarint(rest)
		if k <= 0 {
			return progress{}, fmt.Errorf("reading a stored position: the counts are cut off")
		}
		n[i], rest = int64(x), rest[k:]
	}
	p := progress{Counts: Counts{n[0], n[1], n[2], n[3]}}
	if len(rest) > 0 {
		p.Position = rest
	}
	return p, nil
}

// intent is what a loader writes into the offset's metadata before rows leave
// the process: the exact span it is about to load, and the plan it was made
// with. Whoever takes over repeats it before anything else.
type intent struct {
	To   int64
	Plan uint64
}

func (i intent) encode() string { return fmt.Sprintf("load to=%d plan=%016x", i.To, i.Plan) }

func parseIntent(s string) (intent, bool, error) {
	if s == "" {
		return intent{}, false, nil
	}
	var i intent
	if _, err := fmt.Sscanf(s, "load to=%d plan=%x", &i.To, &i.Plan); err != nil {
		return intent{}, false, fmt.Errorf("reading a load intent %q: %w", s, err)
	}
	return i, true, nil
}
