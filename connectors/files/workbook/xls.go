package workbook

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/richardlehane/mscfb"

	"rongtong/connectors/files/table"
	"rongtong/connectors/files/text"
)

// The records of BIFF that hold values, by [MS-XLS] 2.3.
const (
	recFormula    = 0x0006
	recEOF        = 0x000A
	recDateMode   = 0x0022
	recFilePass   = 0x002F
	recContinue   = 0x003C
	recCodePage   = 0x0042
	recBoundSheet = 0x0085
	recMulRK      = 0x00BD
	recRString    = 0x00D6
	recXF         = 0x00E0
	recMergeCells = 0x00E5
	recSST        = 0x00FC
	recLabelSST   = 0x00FD
	recNumber     = 0x0203
	recLabel      = 0x0204
	recBoolErr    = 0x0205
	recString     = 0x0207
	recRK         = 0x027E
	recFormat     = 0x041E
	recFormat5    = 0x001E
	recBOF        = 0x0809
)

// xls reads the stream of records of an XLS file.
type xls struct {
	stream   io.ReadSeeker
	r        *bufio.Reader
	narrow   bool  // BIFF5: texts are bytes of a code page
	codePage int   // of BIFF5
	sst      int64 // where the shared texts begin; 0: there are none

	at    int64 // of the next record
	op    uint16
	data  []byte // of the record in hand
	again bool   // the record in hand is to be returned once more
	buf   []byte
	units []uint16
}

// guarded turns a panic of the container's library on a damaged file into an
// error.
type guarded struct{ f *mscfb.File }

func (g guarded) Read(p []byte) (n int, err error) {
	defer recovered(&err)
	return g.f.Read(p)
}

func (g guarded) Seek(off int64, whence int) (n int64, err error) {
	defer recovered(&err)
	return g.f.Seek(off, whence)
}

var errContainer = errors.New("the container of the workbook is damaged")

func recovered(err *error) {
	if recover() != nil {
		*err = errContainer
	}
}

func openXLS(b *Book, r io.ReaderAt) (*xls, error) {
	w := &xls{}
	if err := w.find(r); err != nil {
		return nil, err
	}
	return w, w.globals(b)
}

// find finds the stream in the container.
func (w *xls) find(r io.ReaderAt) (err error) {
	defer recovered(&err)
	doc, err := mscfb.New(r)
	if err != nil {
		return err
	}
	for {
		f, err := doc.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		switch name := strings.ToLower(f.Name); {
		case len(f.Path) > 0:
		case name == "workbook", name == "book" && w.stream == nil:
			w.stream = guarded{f}
		case name == "encryptedpackage":
			return table.Badf("file.encrypted", "the workbook is protected by a password")
		}
	}
	if w.stream == nil {
		return table.Badf("file.unreadable", "the file is a document of another program, no workbook")
	}
	return nil
}

// seek goes to a record.
func (w *xls) seek(at int64) error {
	if _, err := w.stream.Seek(at, io.SeekStart); err != nil {
		return err
	}
	if w.r == nil {
		w.r = bufio.NewReaderSize(w.stream, 64<<10)
	}
	w.r.Reset(w.stream)
	w.at, w.again = at, false
	return nil
}

// next reads a record into op and data.
func (w *xls) next() error {
	if w.again {
		w.again = false
		return nil
	}
	var head [4]byte
	if _, err := io.ReadFull(w.r, head[:]); err != nil {
		return io.ErrUnexpectedEOF // the end is a record, too
	}
	w.op = binary.LittleEndian.Uint16(head[:])
	n := int(binary.LittleEndian.Uint16(head[2:]))
	if cap(w.buf) < n {
		w.buf = make([]byte, n, 1<<16)
	}
	w.data = w.buf[:n]
	if _, err := io.ReadFull(w.r, w.data); err != nil {
		return io.ErrUnexpectedEOF
	}
	w.at += int64(4 + n)
	return nil
}

// globals reads what concerns all sheets.
func (w *xls) globals(b *Book) error {
	if err := w.seek(0); err != nil {
		return err
	}
	if err := w.next(); err != nil {
		return err
	}
	if w.op != recBOF || len(w.data) < 4 {
		return table.Badf("file.unreadable", "the workbook is older than Excel 95; save it anew")
	}
	w.narrow = binary.LittleEndian.Uint16(w.data) < 0x0600
	dates, styles := map[int]bool{}, []int(nil)
	for w.op != recEOF {
		begins := w.at
		if err := w.next(); err != nil {
			return err
		}
		f := &fields{x: w, b: w.data}
		switch w.op {
		case recFilePass:
			return table.Badf("file.encrypted", "the workbook is protected by a password")
		case recCodePage:
			w.codePage = int(f.u16())
		case recDateMode:
			b.dates1904 = f.u16() == 1
		case recFormat, recFormat5:
			id := int(f.u16())
			dates[id] = dateFormat(string(f.text(nil, w.narrow)))
		case recXF:
			f.u16()
			styles = append(styles, int(f.u16()))
		case recBoundSheet:
			s := Sheet{at: int64(f.u32())}
			state, kind := f.u8(), f.u8()
			s.Hidden = state&3 != 0
			s.Name = string(f.text(nil, true))
			if kind == 0 {
				b.Sheets = append(b.Sheets, s)
			}
		case recSST:
			w.sst = begins
		}
		if f.err != nil {
			return f.err
		}
	}
	for _, id := range styles {
		dated, own := dates[id]
		b.dated = append(b.dated, own && dated || !own && builtinDate(id))
	}
	return nil
}

func (w *xls) loadTexts(b *Book) error {
	if w.sst == 0 {
		return nil
	}
	if err := w.seek(w.sst); err != nil {
		return err
	}
	if err := w.next(); err != nil {
		return err
	}
	f := &fields{x: w, b: w.data, more: true}
	f.u32()
	var s []byte
	for range f.u32() {
		s = f.text(s[:0], false)
		if f.err != nil {
			return f.err
		}
		if err := b.texts.add(s); err != nil {
			return err
		}
	}
	return b.texts.done()
}

// fields takes a record apart; more says that it may go on in the records
// behind it.
type fields struct {
	x    *xls
	b    []byte
	more bool
	err  error
}

// take is the next n bytes of the record in hand.
func (f *fields) take(n int) []byte {
	if f.err == nil && len(f.b) == 0 && n > 0 && f.more {
		f.goOn()
	}
	if f.err != nil || len(f.b) < n {
		if f.err == nil {
			f.err = table.Badf("file.unreadable", "a record of the workbook is too short")
		}
		return make([]byte, n)
	}
	p := f.b[:n]
	f.b = f.b[n:]
	return p
}

func (f *fields) goOn() {
	if f.err = f.x.next(); f.err == nil && f.x.op != recContinue {
		f.err = table.Badf("file.unreadable", "a text of the workbook lacks its end")
	}
	f.b = f.x.data
}

func (f *fields) u8() byte    { return f.take(1)[0] }
func (f *fields) u16() uint16 { return binary.LittleEndian.Uint16(f.take(2)) }
func (f *fields) u32() uint32 { return binary.LittleEndian.Uint32(f.take(4)) }

// text appends a text: its length, of one byte if short, then how it is
// written, then the characters. In BIFF5 they are bytes of the code page.
func (f *fields) text(dst []byte, short bool) []byte {
	var n int
	if short {
		n = int(f.u8())
	} else {
		n = int(f.u16())
	}
	if f.x.narrow {
		raw := f.take(n)
		if f.x.codePage != 936 && !isASCII(raw) {
			return append(dst, "\uFFFD"...) // no code page of this country
		}
		return text.AppendGB18030(dst, raw)
	}
	flags := f.u8()
	skip := 0
	if flags&8 != 0 {
		skip = 4 * int(f.u16())
	}
	if flags&4 != 0 {
		skip += int(f.u32())
	}
	f.chars(n, flags&1 != 0)
	for skip > 0 && f.err == nil {
		if len(f.b) == 0 {
			f.take(0)
			if f.more {
				f.goOn()
			}
			if f.err != nil || len(f.b) == 0 {
				break
			}
		}
		k := min(skip, len(f.b))
		f.b, skip = f.b[k:], skip-k
	}
	for i := 0; i < len(f.x.units); i++ {
		r := rune(f.x.units[i])
		if utf16.IsSurrogate(r) {
			if i+1 < len(f.x.units) {
				r = utf16.DecodeRune(r, rune(f.x.units[i+1]))
			} else {
				r = utf8.RuneError
			}
			if r != utf8.RuneError {
				i++
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// chars reads n characters into units. Where the record ends among them, the
// next one says anew how they are written.
func (f *fields) chars(n int, wide bool) {
	f.x.units = f.x.units[:0]
	for n > 0 && f.err == nil {
		if len(f.b) == 0 && f.more {
			wide = f.u8()&1 != 0
			continue
		}
		if !wide {
			k := min(n, len(f.b))
			for _, c := range f.take(max(k, 1))[:k] {
				f.x.units = append(f.x.units, uint16(c))
			}
			n -= k
			continue
		}
		f.x.units = append(f.x.units, f.u16())
		n--
	}
}

func isASCII(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c >= utf8.RuneSelf })
}

func (w *xls) open(b *Book, s Sheet) (*Rows, error) {
	rows := &Rows{}
	c := &xlsCells{book: b, w: w, rows: rows}
	if err := c.prove(s); err != nil {
		return nil, err
	}
	if err := c.begin(s); err != nil {
		return nil, err
	}
	slices.SortFunc(rows.merges, func(a, b *area) int { return cmp.Compare(a.top, b.top) })
	rows.cells = c.next
	return rows, nil
}

// xlsCells reads the cells of a sheet.
type xlsCells struct {
	book *Book
	w    *xls
	rows *Rows
	deep int // charts inside the sheet that are open
}

func (c *xlsCells) begin(s Sheet) error {
	if err := c.w.seek(s.at); err != nil {
		return err
	}
	if err := c.w.next(); err != nil {
		return err
	}
	if c.w.op != recBOF {
		return table.Badf("file.unreadable", "the sheet %q is not where the workbook says", s.Name)
	}
	c.deep = 0
	return nil
}

// prove reads the sheet to its end for its merged ranges, and to know that it
// is whole.
func (c *xlsCells) prove(s Sheet) error {
	if err := c.begin(s); err != nil {
		return err
	}
	last := 0
	for {
		op, err := c.record()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		f := &fields{x: c.w, b: c.w.data}
		switch {
		case op == recMergeCells:
			for range f.u16() {
				a := &area{top: int(f.u16()) + 1, bottom: int(f.u16()) + 1, left: int(f.u16()), right: int(f.u16())}
				if f.err == nil && a.top <= a.bottom && a.left <= a.right && a.right < maxColumns && len(c.rows.merges) < mergeLimit {
					c.rows.merges = append(c.rows.merges, a)
				}
			}
		case holdsCells(op):
			no := int(f.u16())
			if no < last {
				return table.Badf("file.unreadable", "the rows of the sheet %q do not stand in order", s.Name)
			}
			last = no
		}
		if f.err != nil {
			return f.err
		}
	}
}

func holdsCells(op uint16) bool {
	switch op {
	case recFormula, recMulRK, recRString, recLabelSST, recNumber, recLabel, recBoolErr, recRK:
		return true
	}
	return false
}

// record is the next record of the sheet itself; io.EOF at its end.
func (c *xlsCells) record() (uint16, error) {
	for {
		if err := c.w.next(); err != nil {
			return 0, err
		}
		switch {
		case c.w.op == recBOF:
			c.deep++
		case c.w.op == recEOF && c.deep == 0:
			return 0, io.EOF
		case c.w.op == recEOF:
			c.deep--
		case c.deep == 0:
			return c.w.op, nil
		}
	}
}

// next reads the cells of the next row that has any.
func (c *xlsCells) next() error {
	c.rows.row.No = 0
	for {
		op, err := c.record()
		if err == io.EOF {
			c.w.again, c.w.op = true, recEOF
			if c.rows.row.No > 0 {
				return nil
			}
			return io.EOF
		}
		if err != nil {
			return err
		}
		if !holdsCells(op) {
			continue
		}
		f := &fields{x: c.w, b: c.w.data}
		no := int(f.u16()) + 1
		if c.rows.row.No != 0 && c.rows.row.No != no {
			c.w.again = true
			return nil
		}
		c.rows.row.No = no
		if err := c.cell(op, f); err != nil {
			return err
		}
	}
}

// cell reads one record of cells behind its row.
func (c *xlsCells) cell(op uint16, f *fields) error {
	col, from := int(f.u16()), len(c.rows.arena)
	if op == recMulRK {
		for ; len(f.b) >= 8; col++ {
			style := int(f.u16())
			if err := c.number(col, rk(f.u32()), style); err != nil {
				return err
			}
		}
		return f.err
	}
	style := int(f.u16())
	var err error
	switch op {
	case recRK:
		return cmp.Or(f.err, c.number(col, rk(f.u32()), style))
	case recNumber:
		return cmp.Or(c.number(col, math.Float64frombits(binary.LittleEndian.Uint64(f.take(8))), style), f.err)
	case recLabelSST:
		i := int(f.u32())
		var ok bool
		if c.rows.arena, ok, err = c.book.texts.at(c.rows.arena, i); err == nil && !ok {
			err = table.Badf("file.unreadable", "row %d of the sheet refers to a text that the workbook does not hold", c.rows.row.No)
		}
	case recLabel, recRString:
		f.more = true
		c.rows.arena = f.text(c.rows.arena, false)
	case recBoolErr:
		v := f.u8()
		c.truth(v, f.u8() != 0)
	case recFormula:
		return c.formula(col, style, f)
	}
	if err = cmp.Or(err, f.err); err != nil {
		return err
	}
	return c.rows.put(col, from)
}

func (c *xlsCells) truth(v byte, failed bool) {
	if !failed {
		c.rows.arena = append(c.rows.arena, '0'+v&1)
		return
	}
	name, ok := map[byte]string{0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}[v]
	if !ok {
		name = "#N/A"
	}
	c.rows.arena = append(c.rows.arena, name...)
}

// formula takes a formula's result as the program computed it last.
func (c *xlsCells) formula(col, style int, f *fields) error {
	result := [8]byte(f.take(8))
	if f.err != nil {
		return f.err
	}
	if binary.LittleEndian.Uint16(result[6:]) != 0xFFFF {
		return c.number(col, math.Float64frombits(binary.LittleEndian.Uint64(result[:])), style)
	}
	from := len(c.rows.arena)
	switch result[0] {
	case 1, 2:
		c.truth(result[2], result[0] == 2)
	case 0: // the text follows, perhaps behind what tells of a shared formula
		for {
			if err := c.w.next(); err != nil {
				return err
			}
			if c.w.op == recString {
				break
			}
			if holdsCells(c.w.op) || c.w.op == recEOF || c.w.op == recBOF {
				c.w.again = true
				return c.rows.put(col, from)
			}
		}
		s := &fields{x: c.w, b: c.w.data, more: true}
		if c.rows.arena = s.text(c.rows.arena, false); s.err != nil {
			return s.err
		}
	}
	return c.rows.put(col, from)
}

func (c *xlsCells) number(col int, v float64, style int) error {
	from := len(c.rows.arena)
	if style < len(c.book.dated) && c.book.dated[style] {
		if out, ok := appendDate(c.rows.arena, v, c.book.dates1904); ok {
			c.rows.arena = out
			return c.rows.put(col, from)
		}
	}
	c.rows.arena = appendNumber(c.rows.arena, v)
	return c.rows.put(col, from)
}

// rk unpacks a number of four bytes: 30 bits of an integer or of a float,
// perhaps in hundredths.
func rk(v uint32) float64 {
	var f float64
	if v&2 != 0 {
		f = float64(int32(v) >> 2)
	} else {
		f = math.Float64frombits(uint64(v&^3) << 32)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}
