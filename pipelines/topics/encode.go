package topics

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Record is what a producer appends. Append copies all of it.
type Record struct {
	// Key picks the partition (see Partition) and may be nil.
	Key []byte
	// Value nil is a tombstone.
	Value []byte
	// Header is the value of the record's header "rt"; nil: none.
	Header []byte
	// Trace is the W3C traceparent of the work that writes the record, a header of
	// that name; empty: none. It is for the first record of many, not for each.
	Trace string
	// Time is kept to the millisecond. The zero time becomes the time of the Append.
	Time time.Time
}

const (
	headerName = "rt"
	traceName  = "traceparent"

	// batchRaw bounds a batch before compression, so that even an
	// incompressible one stays under Kafka's default limit of 1,048,588 bytes.
	batchRaw     = 900 << 10
	batchRecords = 10_000

	batchHeader = 61 // bytes before the first record, format 2
	crcFrom     = 21 // the checksum covers everything from here on

	attrCodec   = 0x07
	attrLogTime = 0x08
	attrTxn     = 0x10
	attrControl = 0x20

	codecNone   = 0
	codecGzip   = 1
	codecSnappy = 2
	codecLZ4    = 3
	codecZstd   = 4

	// compressFrom: below this many bytes compression costs more than it saves.
	compressFrom = 512
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encoder is shared: EncodeAll is safe for concurrent use. Level 1 is both
// faster and, on rows like ours, no larger than the default level.
var encoder = func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // the options above are constant
	}
	return e
}()

// builder collects the records of one batch, encoded but not compressed.
// The zero builder is empty and ready.
type builder struct {
	raw         []byte
	count       int32
	first, last int64 // timestamps: of the first record, and the latest
}

// full reports whether a record of n more bytes belongs into the next batch.
func (b *builder) full(n int) bool {
	return b.count > 0 && (len(b.raw)+n > batchRaw || b.count >= batchRecords)
}

func (b *builder) add(r Record) {
	ms := r.Time.UnixMilli()
	if r.Time.IsZero() {
		ms = time.Now().UnixMilli()
	}
	if b.count == 0 {
		b.first, b.last = ms, ms
	}
	b.last = max(b.last, ms)
	delta, offset := ms-b.first, int64(b.count)
	n := 1 + varlen(delta) + varlen(offset) + sizeBytes(r.Key) + sizeBytes(r.Value) + 1
	headers := int64(0)
	if r.Header != nil {
		headers++
		n += varlen(int64(len(headerName))) + len(headerName) + sizeBytes(r.Header)
	}
	if r.Trace != "" {
		headers++
		n += varlen(int64(len(traceName))) + len(traceName) + varlen(int64(len(r.Trace))) + len(r.Trace)
	}
	raw := binary.AppendVarint(b.raw, int64(n))
	raw = append(raw, 0) // attributes: unused
	raw = binary.AppendVarint(raw, delta)
	raw = binary.AppendVarint(raw, offset)
	raw = appendBytes(raw, r.Key)
	raw = appendBytes(raw, r.Value)
	raw = binary.AppendVarint(raw, headers)
	if r.Header != nil {
		raw = appendText(raw, headerName)
		raw = appendBytes(raw, r.Header)
	}
	if r.Trace != "" {
		raw = appendText(appendText(raw, traceName), r.Trace)
	}
	b.raw = raw
	b.count++
}

// varlen is the length of v as a zigzag varint.
func varlen(v int64) int {
	u := uint64(v<<1) ^ uint64(v>>63)
	n := 1
	for u >= 0x80 {
		u >>= 7
		n++
	}
	return n
}

func sizeBytes(p []byte) int {
	if p == nil {
		return 1
	}
	return varlen(int64(len(p))) + len(p)
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendVarint(dst, int64(len(s))), s...)
}

func appendBytes(dst, p []byte) []byte {
	if p == nil {
		return binary.AppendVarint(dst, -1)
	}
	dst = binary.AppendVarint(dst, int64(len(p)))
	return append(dst, p...)
}

// seal appends the batch to dst, which must be empty, and empties b. Producer,
// sequence and checksum are still missing: see stamp.
func (b *builder) seal(dst []byte) []byte {
	dst = append(dst, make([]byte, batchHeader)...)
	attr := int16(attrTxn)
	if len(b.raw) >= compressFrom {
		dst = encoder.EncodeAll(b.raw, dst)
		attr |= codecZstd
		if len(dst)-batchHeader >= len(b.raw) {
			dst, attr = dst[:batchHeader], attrTxn
		}
	}
	if attr&attrCodec == codecNone {
		dst = append(dst, b.raw...)
	}
	be := binary.BigEndian
	be.PutUint64(dst[0:], 0)
	be.PutUint32(dst[8:], uint32(len(dst)-12))
	be.PutUint32(dst[12:], 0xffffffff) // leader epoch: the broker's to fill in
	dst[16] = 2
	be.PutUint16(dst[21:], uint16(attr))
	be.PutUint32(dst[23:], uint32(b.count-1))
	be.PutUint64(dst[27:], uint64(b.first))
	be.PutUint64(dst[35:], uint64(b.last))
	be.PutUint32(dst[57:], uint32(b.count))
	b.raw, b.count = b.raw[:0], 0
	return dst
}

// stamp writes who produced a sealed batch and its checksum.
func stamp(batch []byte, id int64, epoch int16, sequence int32) {
	be := binary.BigEndian
	be.PutUint64(batch[43:], uint64(id))
	be.PutUint16(batch[51:], uint16(epoch))
	be.PutUint32(batch[53:], uint32(sequence))
	be.PutUint32(batch[17:], crc32.Checksum(batch[crcFrom:], castagnoli))
}
