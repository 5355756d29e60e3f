package files

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// The makers write one table in every format, a row at a time and without the
// code that reads it: what the readers are measured and held against.

// maker writes rows of texts.
type maker interface {
	row(cells []string)
	end()
}

// newMaker starts a file of a format with these columns. rows is how many rows
// come, which some formats say first.
func newMaker(tb testing.TB, format string, w io.Writer, columns []string, rows int) maker {
	b := bufio.NewWriterSize(w, 256<<10)
	switch format {
	case "csv", "tsv", "jsonl", "json", "xml":
		m := &textMaker{b: b, format: format, columns: columns, encode: func(s string) []byte { return []byte(s) }}
		m.begin()
		return m
	case "xlsx":
		return newXLSXMaker(tb, b, columns, false)
	case "xls":
		return newXLSMaker(b, columns)
	case "dbf":
		return newDBFMaker(tb, b, columns, rows)
	case "parquet":
		return newParquetMaker(tb, w, columns)
	}
	tb.Fatalf("no maker of %q", format)
	return nil
}

type textMaker struct {
	b       *bufio.Writer
	format  string
	columns []string
	encode  func(string) []byte
	n       int
	line    strings.Builder
}

func (m *textMaker) begin() {
	switch m.format {
	case "csv", "tsv":
		m.row(m.columns)
	case "json":
		m.b.WriteString("[")
	case "xml":
		m.b.WriteString("<?xml version=\"1.0\"?>\n<D>")
	}
}

func (m *textMaker) row(cells []string) {
	m.line.Reset()
	switch m.format {
	case "csv":
		m.line.WriteString(strings.Join(cells, ","))
		m.line.WriteByte('\n')
	case "tsv":
		m.line.WriteString(strings.Join(cells, "\t"))
		m.line.WriteString("\r\n")
	case "json", "jsonl":
		if m.n++; m.format == "json" && m.n > 1 {
			m.line.WriteString(",\n")
		}
		for i, c := range cells {
			m.line.WriteString([2]string{`,"`, `{"`}[b2i(i == 0)])
			m.line.WriteString(m.columns[i])
			m.line.WriteString(`":"`)
			m.line.WriteString(c)
			m.line.WriteByte('"')
		}
		m.line.WriteByte('}')
		if m.format == "jsonl" {
			m.line.WriteByte('\n')
		}
	case "xml":
		m.line.WriteString("\n<r>")
		for i, c := range cells {
			fmt.Fprintf(&m.line, "<%s>%s</%s>", m.columns[i], c, m.columns[i])
		}
		m.line.WriteString("</r>")
	}
	m.b.Write(m.encode(m.line.String()))
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (m *textMaker) end() {
	switch m.format {
	case "json":
		m.b.WriteString("]")
	case "xml":
		m.b.WriteString("</D>")
	}
	m.b.Flush()
}

// xlsxMaker writes a workbook of one sheet: texts shared, as Excel does, in a
// file of their own that comes last, so that none need be held for that.
type xlsxMaker struct {
	tb     testing.TB
	b      *bufio.Writer
	z      *zip.Writer
	sheet  io.Writer
	shared bytes.Buffer // of small files
	spill  io.ReadWriter
	inline bool
	n, s   int
	line   []byte
}

func newXLSXMaker(tb testing.TB, b *bufio.Writer, columns []string, inline bool) *xlsxMaker {
	m := &xlsxMaker{tb: tb, b: b, z: zip.NewWriter(b), inline: inline}
	m.spill = &m.shared
	m.part("xl/workbook.xml", `<workbook><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>`)
	m.part("xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>`)
	var err error
	if m.sheet, err = m.z.Create("xl/worksheets/sheet1.xml"); err != nil {
		tb.Fatal(err)
	}
	m.sheet = bufio.NewWriterSize(m.sheet, 256<<10)
	io.WriteString(m.sheet, `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet><sheetData>`)
	m.row(columns)
	return m
}

func (m *xlsxMaker) part(name, text string) {
	w, err := m.z.Create(name)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err != nil {
		m.tb.Fatal(err)
	}
}

func (m *xlsxMaker) row(cells []string) {
	m.n++
	m.line = append(strconv.AppendInt(append(m.line[:0], `<row r="`...), int64(m.n), 10), `">`...)
	for i, c := range cells {
		m.line = append(append(m.line, `<c r="`...), byte('A'+i))
		m.line = strconv.AppendInt(m.line, int64(m.n), 10)
		switch {
		case m.inline:
			m.line = append(append(append(m.line, `" t="inlineStr"><is><t>`...), c...), `</t></is></c>`...)
		default:
			m.line = append(strconv.AppendInt(append(m.line, `" t="s"><v>`...), int64(m.s), 10), `</v></c>`...)
			m.s++
			fmt.Fprintf(m.spill, "<si><t>%s</t></si>", c)
		}
	}
	m.sheet.Write(append(m.line, `</row>`...))
}

func (m *xlsxMaker) end() {
	io.WriteString(m.sheet, `</sheetData></worksheet>`)
	m.sheet.(*bufio.Writer).Flush()
	if !m.inline {
		w, err := m.z.Create("xl/sharedStrings.xml")
		if err != nil {
			m.tb.Fatal(err)
		}
		io.WriteString(w, "<sst>")
		if f, ok := m.spill.(io.Seeker); ok {
			f.Seek(0, io.SeekStart)
		}
		io.Copy(w, m.spill)
		io.WriteString(w, "</sst>")
	}
	if err := m.z.Close(); err != nil {
		m.tb.Fatal(err)
	}
	m.b.Flush()
}

// xlsMaker writes a BIFF8 workbook of one sheet in a compound file. It takes
// at most some 7 MB: the table of its sectors must fit into the header.
type xlsMaker struct {
	b     *bufio.Writer
	cells bytes.Buffer
	texts map[string]int
	list  []string
	n     int
}

func newXLSMaker(b *bufio.Writer, columns []string) *xlsMaker {
	m := &xlsMaker{b: b, texts: map[string]int{}}
	m.row(columns)
	return m
}

func biff(b *bytes.Buffer, op uint16, data []byte) {
	var head [4]byte
	binary.LittleEndian.PutUint16(head[:], op)
	binary.LittleEndian.PutUint16(head[2:], uint16(len(data)))
	b.Write(head[:])
	b.Write(data)
}

func le(values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		binary.Write(&b, binary.LittleEndian, v)
	}
	return b.Bytes()
}

func (m *xlsMaker) row(cells []string) {
	for i, c := range cells {
		k, ok := m.texts[c]
		if !ok {
			k = len(m.list)
			m.texts[c] = k
			m.list = append(m.list, c)
		}
		var rec [10]byte
		binary.LittleEndian.PutUint16(rec[:], uint16(m.n))
		binary.LittleEndian.PutUint16(rec[2:], uint16(i))
		binary.LittleEndian.PutUint32(rec[6:], uint32(k))
		biff(&m.cells, 0x00FD, rec[:])
	}
	m.n++
}

func biffText(s string) []byte {
	u := utf16.Encode([]rune(s))
	return append(le(uint16(len(u)), uint8(1)), le(u)...)
}

func (m *xlsMaker) end() {
	var globals bytes.Buffer
	biff(&globals, 0x0809, le(uint16(0x0600), uint16(5), uint32(0), uint64(0)))
	biff(&globals, 0x0085, append(le(uint32(0), uint16(0), uint8(1), uint8(0)), 's'))
	at := globals.Len() - 9 // of the sheet's place
	op, part := uint16(0x00FC), le(uint32(len(m.list)), uint32(len(m.list)))
	for _, s := range m.list {
		t := biffText(s)
		if len(part)+len(t) > 8224 {
			biff(&globals, op, part)
			op, part = 0x003C, nil
		}
		part = append(part, t...)
	}
	biff(&globals, op, part)
	biff(&globals, 0x000A, nil)
	stream := globals.Bytes()
	binary.LittleEndian.PutUint32(stream[at:], uint32(len(stream)))
	var sheet bytes.Buffer
	biff(&sheet, 0x0809, le(uint16(0x0600), uint16(0x10), uint32(0), uint64(0)))
	sheet.Write(m.cells.Bytes())
	biff(&sheet, 0x000A, nil)
	m.b.Write(compound("Workbook", append(stream, sheet.Bytes()...)))
	m.b.Flush()
}

// compound puts one stream into a compound file ([MS-CFB]).
func compound(name string, stream []byte) []byte {
	const free, end, fat = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
	for len(stream) < 4096 || len(stream)%512 != 0 {
		stream = append(stream, 0)
	}
	n := len(stream) / 512
	fats := 1
	for fats*128 < n+1+fats {
		fats++
	}
	head := le(uint64(0xE11AB1A1E011CFD0), uint64(0), uint64(0), uint16(0x3E), uint16(3), uint16(0xFFFE), uint16(9), uint16(6), uint16(0), uint32(0), uint32(0),
		uint32(fats), uint32(fats), uint32(0), uint32(4096), uint32(end), uint32(0), uint32(end), uint32(0))
	for i := range 109 {
		v := uint32(free)
		if i < fats {
			v = uint32(i)
		}
		head = binary.LittleEndian.AppendUint32(head, v)
	}
	var table []uint32
	for range fats {
		table = append(table, fat)
	}
	table = append(table, end) // the directory
	for i := range n {
		table = append(table, uint32(fats+1+i+1))
	}
	table[len(table)-1] = end
	for len(table)%128 != 0 {
		table = append(table, free)
	}
	entry := func(name string, kind uint8, child, start uint32, size uint64) []byte {
		var b [128]byte
		for i, u := range utf16.Encode([]rune(name)) {
			binary.LittleEndian.PutUint16(b[2*i:], u)
		}
		binary.LittleEndian.PutUint16(b[64:], uint16(2*len(name)+2))
		b[66], b[67] = kind, 1
		copy(b[68:], le(uint32(free), uint32(free), child))
		copy(b[116:], le(start, size))
		return b[:]
	}
	out := append(head, le(table)...)
	out = append(out, entry("Root Entry", 5, 1, end, 0)...)
	out = append(out, entry(name, 2, free, uint32(fats+1), uint64(len(stream)))...)
	out = append(out, make([]byte, 256)...)
	return append(out, stream...)
}

// dbfMaker writes a FoxPro table of texts in GBK.
type dbfMaker struct {
	tb      testing.TB
	b       *bufio.Writer
	columns int
}

const dbfWidth = 30

func newDBFMaker(tb testing.TB, b *bufio.Writer, columns []string, rows int) *dbfMaker {
	b.Write(le(uint8(0x03), uint8(125), uint8(12), uint8(31), uint32(rows), uint16(32+32*len(columns)+1), uint16(1+dbfWidth*len(columns))))
	b.Write(make([]byte, 17))
	b.Write([]byte{0x4D, 0, 0})
	for _, c := range columns {
		var f [32]byte
		copy(f[:10], gb(tb, c))
		f[11], f[16] = 'C', dbfWidth
		b.Write(f[:])
	}
	b.WriteByte(0x0D)
	return &dbfMaker{tb, b, len(columns)}
}

func (m *dbfMaker) row(cells []string) {
	m.b.WriteByte(' ')
	for _, c := range cells {
		g := []byte(c)
		if !isASCII(c) {
			g = gb(m.tb, c)
		}
		m.b.Write(append(g, strings.Repeat(" ", dbfWidth-len(g))...))
	}
}

func isASCII(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0 }

func (m *dbfMaker) end() {
	m.b.WriteByte(0x1A)
	m.b.Flush()
}

// parquetMaker writes a file of texts, in groups of 100,000 rows.
type parquetMaker struct {
	tb      testing.TB
	w       *file.Writer
	columns [][]parquet.ByteArray
}

func newParquetMaker(tb testing.TB, w io.Writer, columns []string) *parquetMaker {
	var fields schema.FieldList
	for _, c := range columns {
		fields = append(fields, schema.MustPrimitive(schema.NewPrimitiveNodeLogical(c, parquet.Repetitions.Optional, schema.StringLogicalType{}, parquet.Types.ByteArray, 0, -1)))
	}
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1)
	if err != nil {
		tb.Fatal(err)
	}
	props := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Snappy))
	return &parquetMaker{tb, file.NewParquetWriter(w, root, file.WithWriterProps(props)), make([][]parquet.ByteArray, len(columns))}
}

func (m *parquetMaker) row(cells []string) {
	for i, c := range cells {
		m.columns[i] = append(m.columns[i], parquet.ByteArray(c))
	}
	if len(m.columns[0]) == 100_000 {
		m.flush()
	}
}

func (m *parquetMaker) flush() {
	if len(m.columns[0]) == 0 {
		return
	}
	g := m.w.AppendRowGroup()
	levels := bytes.Repeat([]byte{1, 0}, len(m.columns[0]))
	defs := make([]int16, len(m.columns[0]))
	for i := range defs {
		defs[i] = int16(levels[2*i])
	}
	for i, values := range m.columns {
		c, err := g.NextColumn()
		if err == nil {
			_, err = c.(*file.ByteArrayColumnChunkWriter).WriteBatch(values, defs, nil)
		}
		if err == nil {
			err = c.Close()
		}
		if err != nil {
			m.tb.Fatal(err)
		}
		m.columns[i] = values[:0]
	}
	if err := g.Close(); err != nil {
		m.tb.Fatal(err)
	}
}

func (m *parquetMaker) end() {
	m.flush()
	if err := m.w.Close(); err != nil {
		m.tb.Fatal(err)
	}
}
