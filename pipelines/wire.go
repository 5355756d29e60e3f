package pipelines

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"rongtong/connectors"
	"rongtong/pipelines/deidentify"
	"rongtong/schemas"
	"rongtong/schemas/pii"
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
// Fault are borrowed from it.
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
	return unsafe.String(unsafe.SliceData(b), int(n)), b[n:], true
}

// progress is what an ingest transaction stores beside the rows: the
// connector's own position, and what it counted in all since the stream began,
// so that the connector's side of the books survives a crash exactly as the
// rows do.
type progress struct {
	Counts
	Position record.Position
	Last     int64   // the highest number that a row was given
	Left     orphans // counted in Records, and still to come from the source
}

// Counts are a connector's side of the books.
type Counts struct {
	Records    int64 `json:"delivered"`          // delivered into Kafka
	Dropped    int64 `json:"dropped_values"`     // values of fields that must not leave the source
	Unknown    int64 `json:"unknown_values"`     // values of fields that no contract names
	Totals     int64 `json:"total_rows"`         // total rows that were checked and left out
	Pseudonyms int64 `json:"pseudonyms"`         // citizen IDs replaced by a pseudonym
	BadIDs     int64 `json:"bad_identifiers"`    // values declared as citizen IDs that are none
	Masked     int64 `json:"masked_identifiers"` // identifiers found in other fields, and masked
	DroppedP5  int64 `json:"dropped_p5"`         // values of prohibited kinds, dropped; also counted as dropped or unknown
	Lost       int64 `json:"lost_characters"`    // characters that could not be decoded (U+FFFD)
	Deleted    int64 `json:"deleted_rows"`       // rows that the source itself marks as deleted, left out
	Behind     int64 `json:"log_bytes_behind"`   // of a change log: what was not acknowledged yet when the last transaction began; no sum
	// P5 counts them by field. Labels come from sources: there are at most
	// p5Labels of them, and what comes after is counted as "…".
	P5 map[string]int64 `json:"dropped_p5_by_field,omitempty"`
}

const p5Labels = 64

func (c *Counts) all() [11]*int64 {
	return [11]*int64{&c.Records, &c.Dropped, &c.Unknown, &c.Totals, &c.Pseudonyms, &c.BadIDs, &c.Masked, &c.DroppedP5, &c.Lost, &c.Deleted, &c.Behind}
}

// plus adds what a source and its landing step counted since they were opened.
func (c Counts) plus(s connectors.Stats, l deidentify.Counts, personal *schemas.PersonalData) Counts {
	c.P5 = maps.Clone(c.P5)
	c.Totals += s.Totals
	c.Dropped += c.fields(s.DroppedFields, personal)
	c.Unknown += c.fields(s.UnknownFields, personal)
	c.Lost += s.Lost
	c.Deleted += s.Deleted
	c.Behind = 0
	if s.Lag != nil {
		c.Behind = max(0, s.Lag.Bytes)
	}
	c.Pseudonyms, c.BadIDs, c.Masked = c.Pseudonyms+l.Pseudonyms, c.BadIDs+l.Bad, c.Masked+l.Masked
	return c
}

// and adds the counts of another reading of the stream.
func (c Counts) and(o Counts) Counts {
	for i, n := range o.all() {
		*c.all()[i] += *n
	}
	for label, n := range o.P5 {
		if c.P5 = maps.Clone(c.P5); c.P5 == nil {
			c.P5 = map[string]int64{}
		}
		c.P5[label] += n
	}
	return c
}

// fields sums up counts by field, and notes those of prohibited kinds.
func (c *Counts) fields(counts map[string]int64, personal *schemas.PersonalData) (sum int64) {
	for label, n := range counts {
		sum += n
		if n == 0 || personal == nil || personal.ProhibitedKind(label) == nil {
			continue
		}
		c.DroppedP5 += n
		if c.P5 == nil {
			c.P5 = map[string]int64{}
		}
		label = pii.MaskString(label)
		if _, ok := c.P5[label]; !ok && len(c.P5) >= p5Labels {
			label = "…"
		}
		c.P5[label] += n
	}
	return sum
}

// progressVersion is the first byte of what an ingest transaction stores:
//
//	byte    version
//	uvarint each of Counts.all, then Last
//	uvarint number of fields of prohibited kinds, and for each of them
//	        uvarint length, then label; uvarint count
//	uvarint number of orphans that are still to come, and for each of them
//	        8 bytes of fingerprint, little endian; uvarint count
//	…       the position, as the landing step sealed it
const progressVersion = 4

func (p progress) encode() []byte {
	b := []byte{progressVersion}
	for _, n := range p.all() {
		b = binary.AppendUvarint(b, uint64(*n))
	}
	b = binary.AppendUvarint(b, uint64(p.Last))
	b = binary.AppendUvarint(b, uint64(len(p.P5)))
	for _, label := range slices.Sorted(maps.Keys(p.P5)) {
		b = binary.AppendUvarint(b, uint64(len(label)))
		b = append(b, label...)
		b = binary.AppendUvarint(b, uint64(p.P5[label]))
	}
	b = binary.AppendUvarint(b, uint64(len(p.Left)))
	for _, h := range slices.Sorted(maps.Keys(p.Left)) {
		b = binary.LittleEndian.AppendUint64(b, h)
		b = binary.AppendUvarint(b, uint64(p.Left[h]))
	}
	return append(b, p.Position...)
}

func decodeProgress(b []byte) (progress, error) {
	if len(b) == 0 {
		return progress{}, nil
	}
	if b[0] != progressVersion {
		return progress{}, fmt.Errorf("reading a stored position: %d bytes of version %d are not ours", len(b), b[0])
	}
	rest := b[1:]
	cut := fmt.Errorf("reading a stored position: the counts are cut off")
	number := func() (int64, bool) {
		x, k := binary.Uvarint(rest)
		if k <= 0 {
			return 0, false
		}
		rest = rest[k:]
		return int64(x), true
	}
	var p progress
	for _, n := range p.all() {
		var ok bool
		if *n, ok = number(); !ok {
			return progress{}, cut
		}
	}
	var ok bool
	if p.Last, ok = number(); !ok {
		return progress{}, cut
	}
	fields, ok := number()
	if !ok || fields < 0 || fields > p5Labels+1 {
		return progress{}, cut
	}
	for range fields {
		label, after, ok := text(rest)
		if !ok {
			return progress{}, cut
		}
		rest = after
		if p.P5 == nil {
			p.P5 = map[string]int64{}
		}
		if p.P5[label], ok = number(); !ok {
			return progress{}, cut
		}
	}
	left, ok := number()
	if !ok || left < 0 || left > int64(len(rest)/9) {
		return progress{}, cut
	}
	for range left {
		if len(rest) < 9 {
			return progress{}, cut
		}
		h := binary.LittleEndian.Uint64(rest)
		rest = rest[8:]
		if p.Left == nil {
			p.Left = orphans{}
		}
		if p.Left[h], ok = number(); !ok {
			return progress{}, cut
		}
	}
	if len(rest) > 0 {
		p.Position = rest
	}
	return p, nil
}

// intent is what a loader writes into an offset's metadata. Before rows leave the
// process it is the exact span that it is about to load, and the plan it was made
// with: whoever takes over repeats that before anything else. Between loads To is
// 0. Topic is the ID of the topic that the offset belongs to: another topic of
// the same name may have taken its place when the offset is read.
//
// Move counts how often a person moved the position. It goes into the names of loads,
// so that a span which is loaded again is not taken for the load that it was. While a
// move is booked, Moving is set and From is where it began: nobody loads then.
type intent struct {
	To     int64
	Plan   uint64
	Topic  string // empty: unknown
	Move   int64
	Moving bool
	From   int64
	// Epoch is one more than the epoch of the leader that had everything before the
	// offset; 0: unknown.
	Epoch int32
}

func (i intent) encode() string {
	var words []string
	if i.To > 0 {
		words = append(words, fmt.Sprintf("load to=%d plan=%016x", i.To, i.Plan))
	}
	if i.Topic != "" {
		words = append(words, "topic="+i.Topic)
	}
	if i.Move > 0 {
		words = append(words, fmt.Sprintf("move=%d", i.Move))
	}
	if i.Moving {
		words = append(words, fmt.Sprintf("moving=%d", i.From))
	}
	if i.Epoch > 0 {
		words = append(words, fmt.Sprintf("epoch=%d", i.Epoch-1))
	}
	return strings.Join(words, " ")
}

// parseIntent reports whether a load is pending.
func parseIntent(s string) (i intent, pending bool, err error) {
	for _, word := range strings.Fields(s) {
		name, value, _ := strings.Cut(word, "=")
		var err error
		switch name {
		case "load":
			pending = true
		case "to":
			i.To, err = strconv.ParseInt(value, 10, 64)
		case "plan":
			i.Plan, err = strconv.ParseUint(value, 16, 64)
		case "topic":
			i.Topic = value
		case "move":
			i.Move, err = strconv.ParseInt(value, 10, 64)
		case "epoch":
			var n int64
			n, err = strconv.ParseInt(value, 10, 32)
			i.Epoch = int32(n) + 1
		case "moving":
			i.Moving = true
			i.From, err = strconv.ParseInt(value, 10, 64)
		default:
			err = errors.New("a later version wrote it")
		}
		if err != nil {
			return intent{}, false, fmt.Errorf("reading what is stored with an offset, %q: %w", s, err)
		}
	}
	if pending != (i.To > 0) {
		return intent{}, false, fmt.Errorf("reading what is stored with an offset, %q: it is cut off", s)
	}
	return i, pending, nil
}
