package workbook

import (
	"encoding/binary"
	"io"
	"os"

	"rongtong/connectors/files/table"
	"rongtong/schemas/fault"
)

const (
	// textsInMemory is how many bytes of shared texts are held in memory. More
	// go to a temporary file, which the system removes even if we die.
	textsInMemory = 8 << 20
	textsGroup    = 64 // texts to a place in the index: a workbook of 1 GB has 10^8 texts
	blockSize     = 8 << 10
	blockCount    = 1 << 11
	textLimit     = 4 << 20
)

// texts are the texts that cells refer to by number: each with its length
// before it, and a place noted for every group of them.
type texts struct {
	n      int
	groups []int64 // where each group begins
	mem    []byte  // what is not in spool yet
	base   int64   // bytes in spool; mem follows them
	spool  *os.File
	blocks []block // of spool, by number modulo their count

	next int   // the text behind the one read last, which is asked for next as a rule
	off  int64 // where it begins
}

type block struct {
	no   int64 // from 1; 0: unused
	data []byte
}

// add appends one text.
func (t *texts) add(s []byte) error {
	if len(s) > textLimit {
		return table.Badf("file.unreadable", "the workbook holds a text longer than %d bytes", textLimit)
	}
	if t.n%textsGroup == 0 {
		t.groups = append(t.groups, t.base+int64(len(t.mem)))
	}
	t.n++
	t.mem = binary.AppendUvarint(t.mem, uint64(len(s)))
	t.mem = append(t.mem, s...)
	if len(t.mem) < textsInMemory && (t.spool == nil || len(t.mem) < 1<<20) {
		return nil
	}
	return t.flush()
}

// flush moves what is in memory to the file.
func (t *texts) flush() error {
	if t.spool == nil {
		f, err := os.CreateTemp("", "rongtong-texts-*")
		if err != nil {
			return fault.Hint(fault.Config, "set TMPDIR to a folder that can be written", "making a temporary copy of a workbook's texts: %w", err)
		}
		t.spool, t.blocks = f, make([]block, blockCount)
		if err := os.Remove(f.Name()); err != nil {
			return spooling(err)
		}
	}
	n, err := t.spool.WriteAt(t.mem, t.base)
	if err != nil {
		return spooling(err)
	}
	t.base += int64(n)
	t.mem = make([]byte, 0, 1<<20)
	return nil
}

// done says that no more texts come.
func (t *texts) done() error {
	if t.spool == nil || len(t.mem) == 0 {
		return nil
	}
	return t.flush()
}

func spooling(err error) error {
	return fault.New(fault.Transient, "using a temporary copy of a workbook's texts: %w", err)
}

// at appends text i to dst; false if there is none.
func (t *texts) at(dst []byte, i int) ([]byte, bool, error) {
	if i < 0 || i >= t.n {
		return dst, false, nil
	}
	k, off := i/textsGroup*textsGroup, t.groups[i/textsGroup]
	if k <= t.next && t.next <= i {
		k, off = t.next, t.off
	}
	for ; ; k++ {
		n, width, err := t.length(off)
		if err != nil {
			return dst, false, err
		}
		off += int64(width)
		if k == i {
			t.next, t.off = i+1, off+int64(n)
			return t.copy(dst, off, n)
		}
		off += int64(n)
	}
}

// from is what stands at off, at least one byte.
func (t *texts) from(off int64) ([]byte, error) {
	if t.spool == nil {
		return t.mem[off:], nil
	}
	no := off / blockSize
	b := &t.blocks[no%blockCount]
	if b.no != no+1 {
		if b.data == nil {
			b.data = make([]byte, blockSize)
		}
		n, err := t.spool.ReadAt(b.data[:blockSize], no*blockSize)
		if err != nil && err != io.EOF || int64(n) <= off%blockSize {
			b.no = 0
			return nil, spooling(err)
		}
		b.no, b.data = no+1, b.data[:n]
	}
	return b.data[off%blockSize:], nil
}

// length reads the length of the text at off.
func (t *texts) length(off int64) (n, width int, err error) {
	b, err := t.from(off)
	if err != nil {
		return 0, 0, err
	}
	if b[0] < 0x80 {
		return int(b[0]), 1, nil
	}
	var v uint64
	for shift := 0; ; shift += 7 {
		if b, err = t.from(off + int64(width)); err != nil {
			return 0, 0, err
		}
		width++
		v |= uint64(b[0]&0x7f) << shift
		if b[0] < 0x80 {
			return int(v), width, nil
		}
	}
}

func (t *texts) copy(dst []byte, off int64, n int) ([]byte, bool, error) {
	for n > 0 {
		b, err := t.from(off)
		if err != nil {
			return dst, false, err
		}
		k := min(n, len(b))
		dst = append(dst, b[:k]...)
		off, n = off+int64(k), n-k
	}
	return dst, true, nil
}

func (t *texts) close() error {
	if t.spool == nil {
		return nil
	}
	return t.spool.Close()
}
