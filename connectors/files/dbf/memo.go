package dbf

import (
	"bytes"
	"encoding/binary"
	"io"
	"strconv"

	"rongtong/connectors/files/table"
)

// memoLimit is the longest text of a memo file.
const memoLimit = 4 << 20

// memo is the file beside a table that holds its long texts, in blocks.
type memo struct {
	src   io.ReaderAt
	block int64
	shape byte // what stands before a text
	buf   []byte
}

// The shapes of a memo.
const (
	bare   = iota // dBase III: nothing; 0x1A ends it
	dbase4        // FF FF 08 00 and the length, little-endian, these eight included
	foxpro        // a kind and the length, big-endian
)

func openMemo(r io.ReaderAt, version byte) (*memo, error) {
	var head [24]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		if err == io.EOF {
			return nil, table.Badf("dbf.memo", "the memo file ends in its header")
		}
		return nil, err
	}
	m := &memo{src: r, block: 512, shape: bare}
	switch version {
	case 0x8B, 0xCB:
		m.shape = dbase4
		if n := binary.LittleEndian.Uint16(head[20:]); n > 0 {
			m.block = int64(n)
		}
	case 0x30, 0x31, 0x32, 0xF5, 0xFB:
		m.shape = foxpro
		if n := binary.BigEndian.Uint16(head[6:]); n > 0 {
			m.block = int64(n)
		} else {
			m.block = 1
		}
	}
	return m, nil
}

// appendMemo appends the text that a field refers to by its block: ten digits,
// or four bytes in Visual FoxPro. A text that is not where it should be makes
// the table a broken one: the memo file is of another day.
func (t *Table) appendMemo(ref []byte) (bool, error) {
	var no int64
	if len(ref) == 4 {
		no = int64(binary.LittleEndian.Uint32(ref))
	} else if digits := bytes.Trim(ref, " \x00"); len(digits) > 0 {
		v, err := strconv.ParseUint(string(digits), 10, 32)
		if err != nil {
			return false, table.Badf("dbf.memo", "record %d refers to no block of the memo file", t.at)
		}
		no = int64(v)
	}
	if no == 0 {
		return false, nil
	}
	if t.memo == nil {
		return false, nil
	}
	b, err := t.memo.read(no)
	if table.AsBad(err) != nil {
		return false, table.Badf("dbf.memo", "the memo of record %d is not in the memo file", t.at)
	}
	if err != nil {
		return false, err
	}
	t.arena = t.decode(t.arena, b)
	return true, nil
}

var noMemo = table.Badf("dbf.memo", "the memo file does not hold the text")

func (m *memo) read(no int64) ([]byte, error) {
	off := no * m.block
	if m.shape == bare {
		return m.bare(off)
	}
	var head [8]byte
	if err := m.at(head[:], off); err != nil {
		return nil, err
	}
	n := int64(binary.BigEndian.Uint32(head[4:]))
	if m.shape == dbase4 {
		n = int64(binary.LittleEndian.Uint32(head[4:])) - 8
	}
	if n < 0 || n > memoLimit {
		return nil, noMemo
	}
	if m.shape == foxpro && binary.BigEndian.Uint32(head[:]) != 1 {
		return nil, nil // a picture or an object
	}
	if int64(cap(m.buf)) < n {
		m.buf = make([]byte, n)
	}
	return m.buf[:n], m.at(m.buf[:n], off+8)
}

// bare reads blocks until the byte that ends a text.
func (m *memo) bare(off int64) ([]byte, error) {
	m.buf = m.buf[:0]
	for len(m.buf) < memoLimit {
		var block [512]byte
		n, err := m.src.ReadAt(block[:], off+int64(len(m.buf)))
		if err != nil && err != io.EOF {
			return nil, err
		}
		if i := bytes.IndexByte(block[:n], 0x1A); i >= 0 {
			return append(m.buf, block[:i]...), nil
		}
		if err == io.EOF {
			break
		}
		m.buf = append(m.buf, block[:n]...)
	}
	return nil, noMemo
}

func (m *memo) at(p []byte, off int64) error {
	if _, err := m.src.ReadAt(p, off); err == io.EOF {
		return noMemo
	} else if err != nil {
		return err
	}
	return nil
}
