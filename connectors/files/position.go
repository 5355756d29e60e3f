package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"github.com/cespare/xxhash/v2"

	"rongtong/connectors/files/store"
	"rongtong/schemas/record"
)

// ident identifies what a file holds, as far as the stream can see: its
// content, and the parts of its path that enter the records. The same ledger
// under another name is one ident; the same bytes for another county are two.
type ident [16]byte

// known is what was last seen at a path.
type known struct {
	stat uint32 // fingerprint of size and time: unchanged means not read again
	id   ident
}

// state is how far a stream was read. Its encoding is the position.
type state struct {
	paths map[uint64]known   // by fingerprint of the path: files that are there
	gone  map[ident]struct{} // taken, but no longer at any path of paths
	ids   map[ident]int      // how many of paths have the ident
	cur   *progress          // the file that was left in its middle
}

type progress struct {
	path uint64
	id   ident
	rows int // records delivered of it
}

func newState() *state {
	return &state{paths: map[uint64]known{}, gone: map[ident]struct{}{}, ids: map[ident]int{}}
}

func pathKey(path string) uint64 { return xxhash.Sum64String(path) }

// statKey is the fingerprint of a file's size and time.
// A file that is only whole with another beside it has that one's, too.
func statKey(e store.Entry, beside *store.Entry) uint32 {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], uint64(e.Size))
	binary.LittleEndian.PutUint64(b[8:], uint64(e.MTime.UnixNano()))
	h := xxhash.Sum64(append(b[:], e.Tag...))
	if beside != nil {
		h ^= uint64(statKey(*beside, nil)) * 31
	}
	return uint32(h ^ h>>32)
}

// taken reports whether the ident was taken from any file.
func (s *state) taken(id ident) bool {
	_, gone := s.gone[id]
	return gone || s.ids[id] > 0
}

// see notes what is at a path now. An ident that no path has any more is kept:
// should it come back under a new name, it is known.
func (s *state) see(path uint64, k known) {
	s.forget(path)
	s.paths[path] = k
	s.ids[k.id]++
	delete(s.gone, k.id)
}

// forget notes that nothing is at a path any more.
func (s *state) forget(path uint64) {
	old, ok := s.paths[path]
	if !ok {
		return
	}
	delete(s.paths, path)
	if s.ids[old.id]--; s.ids[old.id] == 0 {
		delete(s.ids, old.id)
		s.gone[old.id] = struct{}{}
	}
}

// positionVersion is the first byte of a position.
const positionVersion = 1

// encode writes the state: version, the file in progress, the paths and the
// idents gone, both sorted, so that equal states have equal bytes. A path costs
// 28 bytes, an ident gone 16; hashes do not compress.
func (s *state) encode() record.Position {
	b := make([]byte, 0, 64+28*len(s.paths)+16*len(s.gone))
	b = append(b, positionVersion)
	if c := s.cur; c == nil {
		b = append(b, 0)
	} else {
		b = append(b, 1)
		b = binary.BigEndian.AppendUint64(b, c.path)
		b = append(b, c.id[:]...)
		b = binary.AppendUvarint(b, uint64(c.rows))
	}
	b = binary.AppendUvarint(b, uint64(len(s.paths)))
	for _, p := range slices.Sorted(maps.Keys(s.paths)) {
		k := s.paths[p]
		b = binary.BigEndian.AppendUint64(b, p)
		b = binary.BigEndian.AppendUint32(b, k.stat)
		b = append(b, k.id[:]...)
	}
	gone := make([]ident, 0, len(s.gone))
	for id := range s.gone {
		gone = append(gone, id)
	}
	slices.SortFunc(gone, func(a, b ident) int { return bytes.Compare(a[:], b[:]) })
	b = binary.AppendUvarint(b, uint64(len(gone)))
	for _, id := range gone {
		b = append(b, id[:]...)
	}
	return b
}

var errPosition = errors.New("the bytes are no position of a file stream")

// decodeState reads a position. It accepts exactly what encode writes.
func decodeState(p record.Position) (*state, error) {
	s := newState()
	if len(p) == 0 {
		return s, nil
	}
	if len(p) < 2 || p[0] != positionVersion || p[1] > 1 {
		return nil, errPosition
	}
	r := &cursor{b: p[2:]}
	if p[1] == 1 {
		s.cur = &progress{path: r.uint64(), id: r.ident(), rows: int(r.uvarint(1 << 40))}
	}
	for range r.uvarint(uint64(len(p) / 28)) {
		path := r.uint64()
		s.see(path, known{stat: uint32(r.uint(4)), id: r.ident()})
	}
	for range r.uvarint(uint64(len(p) / 16)) {
		s.gone[r.ident()] = struct{}{}
	}
	if r.failed || len(r.b) > 0 || !bytes.Equal(s.encode(), p) {
		return nil, errPosition
	}
	return s, nil
}

// cursor reads fixed shapes off a slice and remembers if it ever fell short.
type cursor struct {
	b      []byte
	failed bool
}

func (c *cursor) take(n int) []byte {
	if c.failed || len(c.b) < n {
		c.failed = true
		return make([]byte, n)
	}
	p := c.b[:n]
	c.b = c.b[n:]
	return p
}

func (c *cursor) uint(n int) uint64 {
	var v uint64
	for _, b := range c.take(n) {
		v = v<<8 | uint64(b)
	}
	return v
}

func (c *cursor) uint64() uint64 { return c.uint(8) }

func (c *cursor) ident() ident { return ident(c.take(len(ident{}))) }

func (c *cursor) uvarint(limit uint64) uint64 {
	v, n := binary.Uvarint(c.b)
	if c.failed || n <= 0 || v > limit {
		c.failed = true
		return 0
	}
	c.b = c.b[n:]
	return v
}

// identify joins a content hash with the parts of the path that matter.
func identify(content [sha256.Size]byte, parts []string) ident {
	h := sha256.New()
	h.Write(content[:])
	for _, p := range parts {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return ident(h.Sum(nil)[:16])
}
