// Package dbf reads the tables of dBase III to V, FoxPro and Visual FoxPro,
// which old accounting systems of townships still export.
package dbf

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"rongtong/connectors/files/table"
	"rongtong/connectors/files/text"
)

// Table is an open table. It names its columns itself.
type Table struct {
	// Deleted is how many records marked as deleted were passed over so far.
	Deleted int64

	src     io.ReaderAt
	memo    *memo // nil without a memo file
	narrow  bool  // texts are UTF-8, not GB 18030
	names   []string
	fields  []field
	nulls   int // offset of the null flags; 0: none
	width   int // of a record
	begin   int64
	records int

	at    int // index of the next record
	buf   []byte
	from  int // in buf, of the next record
	row   table.Row
	arena []byte
	spans [][2]int
}

type field struct {
	typ         byte
	off, length int
	decimals    int
	nullBit     int // in the null flags, or -1
	varBit      int // says that the last byte is the length; or -1
}

// The flags of a field in Visual FoxPro.
const (
	flagSystem   = 1
	flagNullable = 2
)

// Open reads the header of a table of size bytes and proves that all its
// records are there. memoFile is the file beside it, or nil; without it memos are
// null. Texts are GB 18030
// unless encoding is "utf-8": the code page that a header names is wrong as
// often as it is right, but for those of other countries, which are refused.
func Open(r io.ReaderAt, size int64, encoding string, memoFile io.ReaderAt) (*Table, error) {
	var head [32]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return nil, short(err)
	}
	switch head[0] {
	case 0x02, 0x03, 0x04, 0x05, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8B, 0xCB, 0xF5, 0xFB:
	default:
		return nil, table.Badf("file.unreadable", "the file is no DBF table")
	}
	if page := head[29]; encoding == "" && (page == 0x13 || page == 0x4E || page == 0x4F || page >= 0x78 && page <= 0x7D && page != 0x7A) {
		return nil, table.Badf("dbf.codepage", "the table is written in the code page %#02x, which is not that of this country; declare the encoding if that is not so", page)
	}
	t := &Table{
		src: r, narrow: encoding == "utf-8", records: int(binary.LittleEndian.Uint32(head[4:])),
		begin: int64(binary.LittleEndian.Uint16(head[8:])), width: int(binary.LittleEndian.Uint16(head[10:])),
	}
	if err := t.describe(r, head[0]); err != nil {
		return nil, err
	}
	if t.width == 0 || t.begin < 65 {
		return nil, table.Badf("file.unreadable", "the header of the table is damaged")
	}
	switch held := (size - t.begin) / int64(t.width); {
	case held < int64(t.records):
		return nil, table.Badf("file.truncated", "the header counts %d records, the file holds %d", t.records, max(held, 0))
	case held > int64(t.records):
		return nil, table.Badf("dbf.count", "the header counts %d records, the file holds %d: it was not closed", t.records, held)
	}
	if memoFile != nil {
		var err error
		if t.memo, err = openMemo(memoFile, head[0]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func short(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return table.Badf("file.truncated", "the table ends in its header")
	}
	return err
}

// describe reads the descriptions of the fields.
func (t *Table) describe(r io.ReaderAt, version byte) error {
	if t.begin < 33 {
		return table.Badf("file.unreadable", "the header of the table is damaged")
	}
	head := make([]byte, t.begin-32)
	if _, err := r.ReadAt(head, 32); err != nil {
		return short(err)
	}
	foxpro := version >= 0x30 && version <= 0x32
	bit, off := 0, 1
	for ; len(head) >= 32 && head[0] != 0x0D; head = head[32:] {
		name, _, _ := bytes.Cut(head[:11], []byte{0})
		f := field{typ: head[11], off: off, length: int(head[16]), decimals: int(head[17]), nullBit: -1, varBit: -1}
		if f.typ == 'C' {
			f.length += f.decimals << 8
		}
		off += f.length
		if foxpro {
			if f.typ == 'V' || f.typ == 'Q' {
				f.varBit = bit
				bit++
			}
			if head[18]&flagNullable != 0 {
				f.nullBit = bit
				bit++
			}
			if head[18]&flagSystem != 0 {
				t.nulls = f.off
				continue
			}
		}
		t.fields = append(t.fields, f)
		t.names = append(t.names, strings.TrimSpace(string(t.decode(nil, name))))
	}
	if len(head) == 0 || head[0] != 0x0D || off != t.width || len(t.fields) == 0 {
		return table.Badf("file.unreadable", "the header of the table does not describe its records")
	}
	if t.nulls > 0 && t.nulls+(bit+7)/8 > t.width {
		return table.Badf("file.unreadable", "the header of the table does not describe its records")
	}
	return nil
}

func (t *Table) decode(dst, b []byte) []byte {
	if t.narrow {
		return append(dst, b...)
	}
	return text.AppendGB18030(dst, b)
}

// Names are the names of the fields.
func (t *Table) Names() []string { return t.names }

// IsMemo reports whether the texts of column i are in the memo file.
func (t *Table) IsMemo(i int) bool { return t.fields[i].typ == 'M' }

// Next returns the next record that is not deleted. Its number is the record
// number that the programs show.
func (t *Table) Next() (*table.Row, error) {
	for ; t.at < t.records; t.at++ {
		if t.from+t.width > len(t.buf) {
			if err := t.fill(); err != nil {
				return nil, err
			}
		}
		rec := t.buf[t.from : t.from+t.width]
		t.from += t.width
		if rec[0] == '*' {
			t.Deleted++
			continue
		}
		t.at++
		return t.record(rec)
	}
	return nil, io.EOF
}

func (t *Table) fill() error {
	n := max(1, min((256<<10)/t.width, t.records-t.at)) * t.width
	if cap(t.buf) < n {
		t.buf = make([]byte, n)
	}
	t.buf, t.from = t.buf[:n], 0
	if _, err := t.src.ReadAt(t.buf, t.begin+int64(t.at)*int64(t.width)); err != nil && err != io.EOF {
		return err
	}
	return nil
}

func (t *Table) record(rec []byte) (*table.Row, error) {
	t.arena, t.spans = t.arena[:0], t.spans[:0]
	for i := range t.fields {
		from := len(t.arena)
		given, err := t.value(&t.fields[i], rec)
		if err != nil {
			return nil, err
		}
		if !given {
			from = -1
		}
		t.spans = append(t.spans, [2]int{from, len(t.arena)})
	}
	t.row.No = t.at
	t.row.Cells = t.row.Cells[:0]
	for _, s := range t.spans {
		if s[0] < 0 {
			t.row.Cells = append(t.row.Cells, nil)
			continue
		}
		t.row.Cells = append(t.row.Cells, t.arena[s[0]:s[1]:s[1]])
	}
	t.row.Lossy = text.Lossy(t.arena)
	return &t.row, nil
}

func (t *Table) flag(rec []byte, bit int) bool {
	return t.nulls > 0 && bit >= 0 && rec[t.nulls+bit/8]&(1<<(bit%8)) != 0
}

// value appends the text of one field; false says that it is null or blank.
func (t *Table) value(f *field, rec []byte) (given bool, err error) {
	if t.flag(rec, f.nullBit) {
		return false, nil
	}
	b := rec[f.off : f.off+f.length]
	switch f.typ {
	case 'C':
		t.arena = t.decode(t.arena, bytes.TrimRight(b, " \x00"))
	case 'V':
		if t.flag(rec, f.varBit) {
			b = b[:min(int(b[len(b)-1]), len(b)-1)]
		}
		t.arena = t.decode(t.arena, b)
	case 'M':
		return t.appendMemo(b)
	case 'L':
		switch b[0] {
		case 'T', 't', 'Y', 'y':
			t.arena = append(t.arena, "true"...)
		case 'F', 'f', 'N', 'n':
			t.arena = append(t.arena, "false"...)
		default:
			return false, nil
		}
	case 'D':
		b = bytes.Trim(b, " \x00")
		if len(b) == 0 || len(bytes.Trim(b, "0")) == 0 {
			return false, nil
		}
		if len(b) != 8 {
			t.arena = append(t.arena, b...)
			break
		}
		t.arena = append(append(append(append(append(t.arena, b[:4]...), '-'), b[4:6]...), '-'), b[6:]...)
	case 'N', 'F', 'B', 'I', '+', 'Y', 'T', '@', 'O':
		return t.number(f, b), nil
	case 'G', 'P', 'Q', 'W', '0': // pictures, objects, bytes: nothing to read as text
		return false, nil
	default:
		t.arena = t.decode(t.arena, bytes.TrimRight(b, " \x00"))
	}
	return true, nil
}

// number appends what is written in digits or in binary.
func (t *Table) number(f *field, b []byte) bool {
	switch {
	case f.typ == 'Y' && len(b) == 8:
		t.arena = appendCurrency(t.arena, int64(binary.LittleEndian.Uint64(b)))
	case (f.typ == 'B' || f.typ == 'O') && len(b) == 8:
		t.arena = strconv.AppendFloat(t.arena, math.Float64frombits(binary.LittleEndian.Uint64(b)), 'f', -1, 64)
	case (f.typ == 'I' || f.typ == '+') && len(b) == 4:
		t.arena = strconv.AppendInt(t.arena, int64(int32(binary.LittleEndian.Uint32(b))), 10)
	case (f.typ == 'T' || f.typ == '@') && len(b) == 8:
		day, ms := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		if day == 0 || day > 5373484 || ms >= 86400000+1000 { // 9999-12-31
			return false
		}
		// Day 2440588 of the Julian count is 1970-01-01. FoxPro's clock is up to a
		// millisecond late.
		at := time.Unix((int64(day)-2440588)*86400, 0).Add(time.Duration(ms) * time.Millisecond).Round(time.Second)
		t.arena = at.UTC().AppendFormat(t.arena, time.DateTime)
	default:
		b = bytes.Trim(b, " \x00")
		t.arena = append(t.arena, b...)
		return len(b) > 0
	}
	return true
}

// appendCurrency appends ten-thousandths exactly.
func appendCurrency(dst []byte, v int64) []byte {
	u := uint64(v)
	if v < 0 {
		dst, u = append(dst, '-'), -u
	}
	dst = append(strconv.AppendUint(dst, u/10000, 10), '.')
	frac := strconv.Itoa(int(u%10000) + 10000)
	return append(dst, frac[1:]...)
}
