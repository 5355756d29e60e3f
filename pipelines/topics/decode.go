package topics

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"rongtong/schemas/fault"
)

// FetchedRecord is one record of a fetch. It and its byte slices are borrowed:
// valid until the function that was called with it returns.
type FetchedRecord struct {
	Key    []byte
	Value  []byte // nil: a tombstone
	Header []byte // of the header "rt"; nil: there is none
	Trace  []byte // of the header "traceparent"; nil: there is none
	Offset int64
	Time   time.Time
}

// maxRaw bounds one batch after decompression: a batch that claims more is not
// from a producer who respects Kafka's limits.
const maxRaw = 256 << 20

// maxBatchRaw is more than an ordinary batch has after decompression.
const maxBatchRaw = 16 << 20

// unzstd is shared: DecodeAll is safe for concurrent use.
var unzstd = func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxRaw),
		zstd.WithDecodeAllCapLimit(false))
	if err != nil {
		panic(err) // the options above are constant
	}
	return d
}()

var (
	errChecksum = errors.New("the checksum of a batch is wrong")
	errBatch    = errors.New("a batch is malformed")
	errRecord   = errors.New("a record is malformed")
	errTooLarge = errors.New("a batch is larger than 256 MiB when decompressed")
)

// aborted is one entry of the broker's list of aborted transactions.
type aborted struct {
	producer int64
	first    int64
}

// decoder turns record sets into records. It owns the buffers that every batch
// reuses and is for one goroutine. The zero decoder is ready.
type decoder struct {
	raw    []byte
	rec    FetchedRecord
	skip   []int64 // producers whose transaction at the current offset is aborted
	src    bytes.Reader
	gz     *gzip.Reader
	lz     *lz4.Reader
	failed error // set by fn, so that it is told from a decoding error
}

// batchInfo is the header of a batch, checked for length only.
type batchInfo struct {
	base, last int64
	attr       int16
	firstTime  int64
	maxTime    int64
	producer   int64
	count      int32
	body       []byte
}

// nextBatch splits the first whole batch off set. want is the number of bytes
// that the batch has when it is not whole, 0 if not even that is known.
func nextBatch(set []byte) (b batchInfo, rest []byte, want int, err error) {
	if len(set) < 17 {
		return b, nil, 0, nil
	}
	be := binary.BigEndian
	if m := set[16]; m != 2 {
		return b, nil, 0, fault.New(fault.Config, "the topic holds records of message format %d, only 2 is read", m)
	}
	n := int64(int32(be.Uint32(set[8:]))) + 12
	if n < batchHeader || n > maxAnswer {
		return b, nil, 0, errBatch
	}
	if int64(len(set)) < n {
		return b, nil, int(n), nil
	}
	one := set[:n]
	if crc32.Checksum(one[crcFrom:], castagnoli) != be.Uint32(one[17:]) {
		return b, nil, 0, errChecksum
	}
	b = batchInfo{
		base:      int64(be.Uint64(one[0:])),
		attr:      int16(be.Uint16(one[21:])),
		firstTime: int64(be.Uint64(one[27:])),
		maxTime:   int64(be.Uint64(one[35:])),
		producer:  int64(be.Uint64(one[43:])),
		count:     int32(be.Uint32(one[57:])),
		body:      one[batchHeader:],
	}
	delta := int32(be.Uint32(one[23:]))
	if b.base < 0 || delta < 0 || b.count < 0 || int64(b.count) > int64(delta)+1 {
		return b, nil, 0, errBatch
	}
	b.last = b.base + int64(delta)
	return b, set[n:], int(n), nil
}

// each calls fn with every record of a record set whose offset lies in
// [from, to), without control markers and, given the broker's list, without
// aborted records. The list must be sorted by first offset and is not kept.
//
// next is the offset after the last batch read, but not above to: everything
// below it is done. want is the size in bytes of a batch that was cut off before
// any other was read, 0 otherwise.
func (d *decoder) each(set []byte, from, to int64, list []aborted, fn func(*FetchedRecord) error) (next int64, want int, err error) {
	d.skip, d.failed = d.skip[:0], nil
	next = from
	for next < to {
		b, rest, size, err := nextBatch(set)
		if err != nil {
			return next, 0, err
		}
		if rest == nil {
			if len(set) > 0 && next == from {
				want = max(size, 2*len(set))
			}
			return next, want, nil
		}
		set = rest
		for len(list) > 0 && list[0].first <= b.last {
			d.skip = append(d.skip, list[0].producer)
			list = list[1:]
		}
		if b.last < next {
			continue // a broker starts at the batch, not at the record; deleted offsets may precede
		}
		switch {
		case b.attr&attrControl != 0:
			d.unskip(b.producer)
		case b.attr&attrTxn != 0 && d.skipped(b.producer):
		default:
			if next, err = d.records(&b, next, to, fn); err != nil {
				return next, 0, err
			}
		}
		next = min(b.last+1, to)
	}
	return next, 0, nil
}

func (d *decoder) skipped(producer int64) bool {
	return slices.Contains(d.skip, producer)
}

// unskip ends every aborted transaction of a producer at its marker. A commit
// marker never meets an entry: the broker lists aborted transactions only.
func (d *decoder) unskip(producer int64) {
	d.skip = slices.DeleteFunc(d.skip, func(p int64) bool { return p == producer })
}

// records calls fn with the records of one batch in [from, to). On an error of
// fn, next is the offset of the record that fn refused.
func (d *decoder) records(b *batchInfo, from, to int64, fn func(*FetchedRecord) error) (next int64, err error) {
	raw, err := d.decompress(b.attr&attrCodec, b.body)
	if err != nil {
		return from, err
	}
	r := cursor{b: raw}
	for range b.count {
		if !r.record(&d.rec, b) {
			return from, errRecord
		}
		if d.rec.Offset < from {
			continue
		}
		if d.rec.Offset >= to {
			return to, nil
		}
		if err := fn(&d.rec); err != nil {
			d.failed = err
			return d.rec.Offset, err
		}
	}
	return to, nil
}

func (d *decoder) decompress(codec int16, body []byte) (out []byte, err error) {
	switch codec {
	case codecNone:
		return body, nil
	case codecZstd:
		out, err = unzstd.DecodeAll(body, d.raw[:0])
		if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
			err = errTooLarge
		}
	case codecSnappy:
		out, err = unsnappy(d.raw[:0], body)
	case codecGzip:
		d.src.Reset(body)
		if d.gz == nil {
			d.gz = new(gzip.Reader)
		}
		if err = d.gz.Reset(&d.src); err == nil {
			out, err = readAll(d.raw[:0], d.gz)
		}
	case codecLZ4:
		d.src.Reset(body)
		if d.lz == nil {
			d.lz = lz4.NewReader(&d.src)
		} else {
			d.lz.Reset(&d.src)
		}
		out, err = readAll(d.raw[:0], d.lz)
	default:
		return nil, fmt.Errorf("a batch is compressed by unknown method %d", codec)
	}
	if err != nil {
		return nil, fmt.Errorf("decompressing a batch: %w", err)
	}
	d.raw = out
	return out, nil
}

// readAll appends what r has to dst, up to maxRaw bytes.
func readAll(dst []byte, r io.Reader) ([]byte, error) {
	for {
		if len(dst) == cap(dst) {
			if len(dst) >= maxRaw {
				return dst, errTooLarge
			}
			grown := make([]byte, len(dst), max(64<<10, 2*cap(dst)))
			copy(grown, dst)
			dst = grown
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
}

// xerial is the frame that the Java client puts around snappy blocks.
var xerial = []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0}

func unsnappy(dst, body []byte) ([]byte, error) {
	if !bytes.HasPrefix(body, xerial) {
		return appendSnappy(dst, body)
	}
	if len(body) < 16 {
		return dst, errBatch
	}
	body = body[16:] // magic, version, oldest compatible version
	for len(body) > 0 {
		if len(body) < 4 {
			return dst, errBatch
		}
		n := int64(binary.BigEndian.Uint32(body))
		if n > int64(len(body)-4) {
			return dst, errBatch
		}
		var err error
		if dst, err = appendSnappy(dst, body[4:4+n]); err != nil {
			return dst, err
		}
		body = body[4+n:]
	}
	return dst, nil
}

func appendSnappy(dst, block []byte) ([]byte, error) {
	n, err := snappy.DecodedLen(block)
	if err != nil {
		return dst, err
	}
	if len(dst)+n > maxRaw {
		return dst, errTooLarge
	}
	if cap(dst)-len(dst) < n {
		grown := make([]byte, len(dst), max(2*cap(dst), len(dst)+n))
		copy(grown, dst)
		dst = grown
	}
	at := len(dst)
	if _, err := snappy.Decode(dst[at:at+n:at+n], block); err != nil {
		return dst[:at], err
	}
	return dst[:at+n], nil
}

// cursor reads records from a decompressed batch.
type cursor struct {
	b  []byte
	at int
}

func (c *cursor) varint() (int64, bool) {
	v, n := binary.Varint(c.b[c.at:])
	if n <= 0 {
		return 0, false
	}
	c.at += n
	return v, true
}

// bytes reads a length and that many bytes; a length of -1 is nil.
func (c *cursor) bytes() ([]byte, bool) {
	n, ok := c.varint()
	if !ok || n < -1 || n > int64(len(c.b)-c.at) {
		return nil, false
	}
	if n < 0 {
		return nil, true
	}
	s := c.b[c.at : c.at+int(n) : c.at+int(n)]
	c.at += int(n)
	return s, true
}

// record reads one record into r and moves to the next; false: malformed.
func (c *cursor) record(r *FetchedRecord, b *batchInfo) bool {
	n, ok := c.varint()
	if !ok || n < 1 || n > int64(len(c.b)-c.at) {
		return false
	}
	end := c.at + int(n)
	in := cursor{b: c.b[:end], at: c.at + 1} // one byte of attributes, unused
	if in.at > end {
		return false
	}
	ms, ok1 := in.varint()
	offset, ok2 := in.varint()
	if !ok1 || !ok2 || offset < 0 || offset > b.last-b.base {
		return false
	}
	r.Offset = b.base + offset
	if b.attr&attrLogTime != 0 {
		r.Time = time.UnixMilli(b.maxTime)
	} else {
		r.Time = time.UnixMilli(b.firstTime + ms)
	}
	if r.Key, ok = in.bytes(); !ok {
		return false
	}
	if r.Value, ok = in.bytes(); !ok {
		return false
	}
	headers, ok := in.varint()
	if !ok || headers < 0 {
		return false
	}
	r.Header, r.Trace = nil, nil
	for range headers {
		name, ok1 := in.bytes()
		value, ok2 := in.bytes()
		if !ok1 || !ok2 {
			return false
		}
		switch string(name) {
		case headerName:
			r.Header = value
		case traceName:
			r.Trace = value
		}
	}
	c.at = end
	return true
}
