package workbook

import (
	"archive/zip"
	"bytes"
	"cmp"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"rongtong/connectors/files/table"
	"rongtong/connectors/files/text"
)

// A part may unpack to ratioLimit times its packed size, and to smallPart in
// any case: a small file that unpacks to more is an attack or a mistake. What
// is read from it is streamed, so the size itself costs time, not memory.
const (
	ratioLimit = 200
	smallPart  = 64 << 20
)

// xlsx is an open XLSX file: only what reading values needs.
type xlsx struct{ parts map[string]*zip.File }

func openXLSX(b *Book, r io.ReaderAt, size int64) (*xlsx, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, err
	}
	w := &xlsx{parts: make(map[string]*zip.File, len(z.File))}
	for _, f := range z.File {
		w.parts[strings.TrimPrefix(strings.ToLower(strings.ReplaceAll(f.Name, `\`, "/")), "/")] = f
	}
	targets := map[string]string{}
	err = w.scan("xl/_rels/workbook.xml.rels", func(x *text.XML) error {
		if x.Kind == text.XMLStart && string(x.Name) == "Relationship" {
			target := strings.ToLower(string(x.Attr("Target")))
			if !strings.HasPrefix(target, "/") {
				target = path.Join("xl", target)
			}
			targets[string(x.Attr("Id"))] = strings.TrimPrefix(target, "/")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = w.scan("xl/workbook.xml", func(x *text.XML) error {
		if x.Kind != text.XMLStart {
			return nil
		}
		switch string(x.Name) {
		case "sheet":
			state := string(x.Attr("state"))
			b.Sheets = append(b.Sheets, Sheet{Name: string(x.Attr("name")), part: targets[string(x.Attr("id"))], Hidden: state == "hidden" || state == "veryHidden"})
		case "workbookPr":
			v := string(x.Attr("date1904"))
			b.dates1904 = v == "1" || v == "true"
		}
		return nil
	})
	if err != nil || w.parts["xl/styles.xml"] == nil {
		return w, err
	}
	return w, w.styles(b)
}

// styles finds out which styles show their numbers as dates.
func (w *xlsx) styles(b *Book) error {
	dates := map[int]bool{}
	inCells := false
	return w.scan("xl/styles.xml", func(x *text.XML) error {
		switch name := string(x.Name); {
		case x.Kind == text.XMLText:
		case name == "cellXfs":
			inCells = x.Kind == text.XMLStart
		case x.Kind == text.XMLEnd:
		case name == "numFmt":
			id, _ := strconv.Atoi(string(x.Attr("numFmtId")))
			dates[id] = dateFormat(string(x.Attr("formatCode")))
		case name == "xf" && inCells:
			id, _ := strconv.Atoi(string(x.Attr("numFmtId")))
			dated, own := dates[id]
			b.dated = append(b.dated, own && dated || !own && builtinDate(id))
		}
		return nil
	})
}

// part opens one part for reading.
func (w *xlsx) part(name string) (io.ReadCloser, error) {
	f := w.parts[name]
	if f == nil {
		return nil, table.Badf("file.unreadable", "the workbook has no part %q", name)
	}
	if f.UncompressedSize64 > max(smallPart, ratioLimit*f.CompressedSize64) {
		return nil, table.Badf("zip.bomb", "the part %q of the workbook unpacks to more than %d times its size", name, ratioLimit)
	}
	r, err := f.Open()
	if err != nil {
		return nil, damaged(err)
	}
	return &part{r, int64(f.UncompressedSize64)}, nil
}

// part yields no more than the archive promised: a stream that unpacks to more
// than it says has no claim to the limits either.
type part struct {
	io.ReadCloser
	left int64
}

func (p *part) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	if p.left -= int64(n); p.left < 0 {
		return 0, table.Badf("zip.bomb", "a part of the workbook unpacks to more than it says")
	}
	return n, err
}

// scan calls visit on every token of a part.
func (w *xlsx) scan(name string, visit func(*text.XML) error) error {
	r, err := w.part(name)
	if err != nil {
		return err
	}
	defer r.Close()
	x := text.NewXML(r)
	for {
		if err := x.Next(); err == io.EOF {
			return nil
		} else if err != nil {
			return damaged(err)
		}
		if err := visit(x); err != nil {
			return err
		}
	}
}

func (w *xlsx) loadTexts(b *Book) error {
	const name = "xl/sharedstrings.xml"
	if w.parts[name] == nil {
		return nil
	}
	var s []byte
	in := textIn{}
	err := w.scan(name, func(x *text.XML) error {
		s = in.add(s, x)
		if x.Kind == text.XMLEnd && string(x.Name) == "si" {
			err := b.texts.add(s)
			s = s[:0]
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	return b.texts.done()
}

// textIn collects the text of <t>, leaving out phonetic hints (<rPh>).
type textIn struct {
	t, phonetic bool
}

func (in *textIn) add(b []byte, x *text.XML) []byte {
	switch {
	case x.Kind == text.XMLText:
		if in.t && !in.phonetic {
			b = appendEscaped(b, x.Text)
		}
	case string(x.Name) == "t":
		in.t = x.Kind == text.XMLStart
	case string(x.Name) == "rPh":
		in.phonetic = x.Kind == text.XMLStart
	}
	return b
}

// appendEscaped resolves _xHHHH_, by which a workbook writes characters that
// XML cannot hold (a carriage return is _x000D_).
func appendEscaped(b, s []byte) []byte {
	for {
		i := bytes.Index(s, []byte("_x"))
		if i < 0 {
			return append(b, s...)
		}
		b = append(b, s[:i]...)
		s = s[i:]
		if len(s) >= 7 && s[6] == '_' {
			if n, err := strconv.ParseUint(string(s[2:6]), 16, 16); err == nil {
				b = append(b, string(rune(n))...)
				s = s[7:]
				continue
			}
		}
		b = append(b, s[:2]...)
		s = s[2:]
	}
}

func (w *xlsx) open(b *Book, s Sheet) (*Rows, error) {
	rows := &Rows{}
	err := w.scan(s.part, func(x *text.XML) error {
		if x.Kind == text.XMLStart && string(x.Name) == "mergeCell" {
			if a := parseArea(x.Attr("ref")); a != nil {
				rows.merges = append(rows.merges, a)
			}
			if len(rows.merges) > mergeLimit {
				return table.Badf("file.unreadable", "the sheet %q has more than %d merged ranges", s.Name, mergeLimit)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows.merges, func(a, b *area) int { return cmp.Compare(a.top, b.top) })
	r, err := w.part(s.part)
	if err != nil {
		return nil, err
	}
	c := &xlsxCells{book: b, rows: rows, x: text.NewXML(r)}
	rows.cells, rows.close = c.next, r.Close
	return rows, nil
}

// xlsxCells reads the cells of a sheet.
type xlsxCells struct {
	book *Book
	rows *Rows
	x    *text.XML
	raw  []byte // content of the current cell
}

// parseArea reads "B2:D3"; nil for anything else.
func parseArea(ref []byte) *area {
	a, b, ok := bytes.Cut(ref, []byte{':'})
	if !ok {
		return nil
	}
	left, top := parseCell(a)
	right, bottom := parseCell(b)
	if left < 0 || right < left || top < 1 || bottom < top {
		return nil
	}
	return &area{left: left, right: right, top: top, bottom: bottom}
}

// parseCell reads "AB12" as column 27, row 12; the column is -1 if it is none.
func parseCell(ref []byte) (col, row int) {
	i := 0
	for ; i < len(ref) && ref[i] >= 'A' && ref[i] <= 'Z' && col <= maxColumns; i++ {
		col = col*26 + int(ref[i]-'A') + 1
	}
	for k, c := range ref[i:] {
		if c < '0' || c > '9' || k > 9 {
			row = 0
			break
		}
		row = row*10 + int(c-'0')
	}
	if i == 0 || col > maxColumns {
		return -1, row
	}
	return col - 1, row
}

func (c *xlsxCells) next() error {
	for {
		if err := c.x.Next(); err != nil {
			return err
		}
		if c.x.Kind == text.XMLStart && string(c.x.Name) == "row" {
			break
		}
	}
	c.rows.row.No++
	if no, err := strconv.Atoi(string(c.x.Attr("r"))); err == nil {
		c.rows.row.No = no
	}
	for {
		if err := c.x.Next(); err != nil {
			return err
		}
		if c.x.Kind == text.XMLEnd && string(c.x.Name) == "row" {
			return nil
		}
		if c.x.Kind == text.XMLStart && string(c.x.Name) == "c" {
			if err := c.cell(); err != nil {
				return err
			}
		}
	}
}

// the types of a cell.
const (
	cellNumber = iota
	cellShared
	cellString
	cellInline
	cellOther
)

// cell reads one <c> element to its end.
func (c *xlsxCells) cell() error {
	col, typ, style := -1, cellNumber, 0
	for name, value := range c.x.Attributes {
		switch string(name) {
		case "r":
			col, _ = parseCell(value)
		case "s":
			style, _ = strconv.Atoi(string(value))
		case "t":
			switch string(value) {
			case "n":
			case "s":
				typ = cellShared
			case "str":
				typ = cellString
			case "inlineStr":
				typ = cellInline
			default: // a truth value, an error, a date as text
				typ = cellOther
			}
		}
	}
	if col < 0 {
		col = len(c.rows.spans) // cells without a reference stand side by side
	}
	c.raw = c.raw[:0]
	in, value := textIn{}, false
	for {
		if err := c.x.Next(); err != nil {
			return err
		}
		switch x := c.x; {
		case x.Kind == text.XMLText && value && typ == cellString:
			c.raw = appendEscaped(c.raw, x.Text)
		case x.Kind == text.XMLText && value:
			c.raw = append(c.raw, x.Text...)
		case x.Kind == text.XMLText:
			if typ == cellInline {
				c.raw = in.add(c.raw, x)
			}
		case x.Kind == text.XMLEnd && string(x.Name) == "c":
			return c.put(col, typ, style)
		case string(x.Name) == "v":
			value = x.Kind == text.XMLStart
		case typ == cellInline:
			c.raw = in.add(c.raw, x)
		}
	}
}

// put ends a cell by its type.
func (c *xlsxCells) put(col, typ, style int) error {
	from := len(c.rows.arena)
	switch {
	case typ == cellShared:
		i, err := strconv.Atoi(string(bytes.TrimSpace(c.raw)))
		if err != nil {
			i = -1
		}
		var ok bool
		if c.rows.arena, ok, err = c.book.texts.at(c.rows.arena, i); err != nil {
			return err
		}
		if !ok {
			return table.Badf("file.unreadable", "row %d of the sheet refers to a text that the workbook does not hold", c.rows.row.No)
		}
	case typ == cellNumber:
		c.rows.arena = c.book.appendNumber(c.rows.arena, c.raw, style)
	default:
		c.rows.arena = append(c.rows.arena, c.raw...)
	}
	return c.rows.put(col, from)
}

// appendNumber appends a number in the way its style shows it.
func (b *Book) appendNumber(dst, raw []byte, style int) []byte {
	if style >= 0 && style < len(b.dated) && b.dated[style] && len(raw) > 0 {
		if v, err := strconv.ParseFloat(string(bytes.TrimSpace(raw)), 64); err == nil {
			if out, ok := appendDate(dst, v, b.dates1904); ok {
				return out
			}
		}
	}
	return appendRaw(dst, raw)
}
