package sql

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/klauspost/compress/zstd"

	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// phase is what a stream is doing.
type phase uint8

const (
	starting  phase = iota
	snapshot        // reading the table by its key
	following       // reading what is after the last cursor value
	comparing       // reading everything, delivering what differs
)

// position says how far a stream has come. Its slices are never changed in
// place: a position that was handed out stays what it was.
type position struct {
	phase phase
	// high is the greatest cursor value when the snapshot began.
	high string
	// after are the values of the last row, in the order of the phase; empty:
	// from the beginning. In the phase following it may be the cursor alone.
	after []string
	// floor is the least rank of cursor values in which late rows are looked
	// for, and seen are the rows delivered from there on.
	floor int64
	seen  []mark
	// shrunk says that more rows shared the window than seen can hold, so that
	// the floor rose above what the overlap asks for. It is not encoded.
	shrunk bool
}

// mark is one delivered row: its cursor value as a number, and a hash of its
// cursor value and key.
type mark struct {
	rank int64
	hash uint64
}

// Limits of what a position remembers. A position is written with every chunk,
// as one record of Kafka, whose usual limit is 1 MiB.
const (
	maxSeen      = 32_768
	maxKnownSize = 900 << 10
)

// remember adds marks of delivered rows and forgets those below floor. When
// there are too many, the floor rises: the window becomes shorter than declared
// rather than the position longer than Kafka takes, and the source says so.
func (p *position) remember(marks []mark, floor int64) {
	p.floor = max(p.floor, floor)
	if len(marks) == 0 && (len(p.seen) == 0 || p.seen[0].rank >= p.floor) {
		return
	}
	all := make([]mark, 0, len(p.seen)+len(marks))
	all = append(append(all, p.seen...), marks...)
	slices.SortFunc(all, func(a, b mark) int {
		if a.rank != b.rank {
			if a.rank < b.rank {
				return -1
			}
			return 1
		}
		if a.hash < b.hash {
			return -1
		}
		return 1
	})
	all = slices.Compact(all)
	if n := len(all); n > maxSeen {
		p.floor, p.shrunk = max(p.floor, all[n-maxSeen-1].rank+1), true
	}
	from, _ := slices.BinarySearchFunc(all, p.floor, func(m mark, floor int64) int {
		if m.rank < floor {
			return -1
		}
		return 1
	})
	p.seen = all[from:]
}

func (p *position) has(m mark) bool {
	i, ok := slices.BinarySearchFunc(p.seen, m, func(a, b mark) int {
		switch {
		case a.rank < b.rank, a.rank == b.rank && a.hash < b.hash:
			return -1
		case a == b:
			return 0
		}
		return 1
	})
	return ok && p.seen[i] == m
}

// known are the rows that were delivered, by canonical key, with a digest of
// their values where they are compared.
type known map[string]uint64

const positionVersion = 2

var errPosition = errors.New("it was not written by this connector")

// encode writes a position, with what is known where a stream needs it.
func (p *position) encode(k known, digests bool) (record.Position, error) {
	b := []byte{positionVersion, byte(p.phase)}
	b = appendString(b, p.high)
	b = binary.AppendUvarint(b, uint64(len(p.after)))
	for _, v := range p.after {
		b = appendString(b, v)
	}
	b = binary.AppendVarint(b, p.floor)
	b = binary.AppendUvarint(b, uint64(len(p.seen)))
	before := p.floor
	for _, m := range p.seen {
		b = binary.AppendUvarint(b, uint64(m.rank-before))
		b = binary.LittleEndian.AppendUint64(b, m.hash)
		before = m.rank
	}
	if k == nil {
		return append(b, 0), nil
	}
	packed := k.pack(digests)
	if len(packed) > maxKnownSize {
		return nil, fault.Hint(fault.Config, "read it by a cursor without deletes, or by change capture (pgcdc, mycdc)",
			"remembering %d rows: their keys take %d KB, a position may take %d", len(k), len(packed)>>10, maxKnownSize>>10)
	}
	return append(append(b, 1), packed...), nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var (
	packer, _   = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
	unpacker, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
)

// pack writes keys in order, each as what differs from the one before it.
func (k known) pack(digests bool) []byte {
	keys := slices.Sorted(maps.Keys(k))
	b := make([]byte, 0, 16*len(keys)+8)
	b = append(b, 0)
	if digests {
		b[0] = 1
	}
	last := ""
	for _, key := range keys {
		n := 0
		for n < len(key) && n < len(last) && key[n] == last[n] {
			n++
		}
		b = appendString(binary.AppendUvarint(b, uint64(n)), key[n:])
		if digests {
			b = binary.LittleEndian.AppendUint64(b, k[key])
		}
		last = key
	}
	return packer.EncodeAll(b, nil)
}

func unpackKnown(packed []byte) (known, error) {
	b, err := unpacker.DecodeAll(packed, nil)
	if err != nil || len(b) == 0 {
		return nil, errPosition
	}
	k, digests := known{}, b[0] == 1
	r := reader{b[1:], false}
	last := ""
	for len(r.b) > 0 && !r.bad {
		n := r.uvarint()
		if n > uint64(len(last)) {
			return nil, errPosition
		}
		key := last[:n] + r.text()
		k[key] = 0
		if digests {
			k[key] = r.uint64()
		}
		last = key
	}
	if r.bad {
		return nil, errPosition
	}
	return k, nil
}

// parsePosition reads a position; nil is the beginning.
func parsePosition(b record.Position) (position, known, error) {
	if len(b) == 0 {
		return position{}, nil, nil
	}
	p, k, err := parse(b)
	if err != nil {
		return position{}, nil, fmt.Errorf("reading a position of %d bytes: %w", len(b), err)
	}
	return p, k, nil
}

func parse(b record.Position) (p position, k known, err error) {
	if len(b) < 2 || b[0] != positionVersion || b[1] == 0 || b[1] > byte(comparing) {
		return p, nil, errPosition
	}
	p.phase = phase(b[1])
	r := reader{b[2:], false}
	p.high = r.text()
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		p.after = append(p.after, r.text())
	}
	p.floor = r.varint()
	before := p.floor
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		m := mark{before + int64(r.uvarint()), r.uint64()}
		if m.rank < before {
			return p, nil, errPosition
		}
		p.seen, before = append(p.seen, m), m.rank
	}
	has := r.byte()
	if r.bad || has > 1 || has == 0 && len(r.b) > 0 {
		return p, nil, errPosition
	}
	if has == 1 {
		k, err = unpackKnown(r.b)
	}
	return p, k, err
}

// reader takes a position apart; bad once it ends too early.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	return r.skip(v, n)
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	return int64(r.skip(uint64(v), n))
}

func (r *reader) skip(v uint64, n int) uint64 {
	if n <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *reader) uint64() uint64 {
	if len(r.b) < 8 {
		r.b, r.bad = nil, true
		return 0
	}
	v := binary.LittleEndian.Uint64(r.b)
	r.b = r.b[8:]
	return v
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}
