package files

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	"rongtong/schemas/fault"
)

// partLimit is the largest unpacked part of a workbook: a small file that
// unpacks to more is an attack or a mistake.
const partLimit = 2 << 30

// workbook is an open XLSX file: only what reading one sheet's values needs.
type workbook struct {
	zip    *zip.Reader
	parts  map[string]*zip.File
	sheets []sheetRef
}

type sheetRef struct{ name, part string }

// openWorkbook reads the table of contents. What is no workbook is a *badFile.
func openWorkbook(r io.ReaderAt, size int64) (*workbook, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, unzipping(err)
	}
	w := &workbook{zip: z, parts: make(map[string]*zip.File, len(z.File))}
	for _, f := range z.File {
		w.parts[strings.TrimPrefix(strings.ToLower(f.Name), "/")] = f
	}
	targets := map[string]string{}
	err = w.scan("xl/_rels/workbook.xml.rels", func(x *xmlReader) {
		if string(x.name) == "Relationship" {
			target := strings.ToLower(string(x.attr("Target")))
			if !strings.HasPrefix(target, "/") {
				target = path.Join("xl", target)
			}
			targets[string(x.attr("Id"))] = strings.TrimPrefix(target, "/")
		}
	})
	if err != nil {
		return nil, err
	}
	return w, w.scan("xl/workbook.xml", func(x *xmlReader) {
		if string(x.name) == "sheet" {
			w.sheets = append(w.sheets, sheetRef{string(x.attr("name")), targets[string(x.attr("id"))]})
		}
	})
}

// unzipping classifies an error of the archive: the file's own fault, unless
// the bytes below could not be read.
func unzipping(err error) error {
	switch {
	case err == nil, err == io.EOF:
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return bad("file.truncated", "the workbook ends too early")
	case errors.Is(err, zip.ErrFormat), errors.Is(err, zip.ErrAlgorithm), errors.Is(err, zip.ErrChecksum):
		return bad("file.unreadable", "the file is no readable workbook")
	}
	var b *badFile
	var f *fault.Error
	if errors.As(err, &b) || errors.As(err, &f) {
		return err
	}
	return bad("file.unreadable", "the file is no readable workbook")
}

// part opens one part for reading.
func (w *workbook) part(name string) (io.ReadCloser, error) {
	f := w.parts[name]
	if f == nil {
		return nil, bad("file.unreadable", "the workbook has no part %q", name)
	}
	if f.UncompressedSize64 > partLimit {
		return nil, bad("file.unreadable", "the part %q of the workbook unpacks to more than %d bytes", name, partLimit)
	}
	r, err := f.Open()
	return r, unzipping(err)
}

// scan calls visit on every start tag of a part.
func (w *workbook) scan(name string, visit func(*xmlReader)) error {
	r, err := w.part(name)
	if err != nil {
		return err
	}
	defer r.Close()
	x := newXML(r)
	for {
		if err := x.next(); err == io.EOF {
			return nil
		} else if err != nil {
			return unzipping(err)
		}
		if x.kind == start {
			visit(x)
		}
	}
}

// find is the part of a sheet by its name, blanks and case aside; "" if there
// is none.
func (w *workbook) find(sheet string) string {
	for _, s := range w.sheets {
		if plain(s.name) == plain(sheet) {
			return s.part
		}
	}
	return ""
}

// strings reads the shared strings into one block.
func (w *workbook) strings() (*sharedStrings, error) {
	s := &sharedStrings{}
	if w.parts["xl/sharedstrings.xml"] == nil {
		return s, nil
	}
	r, err := w.part("xl/sharedstrings.xml")
	if err != nil {
		return nil, err
	}
	defer r.Close()
	x := newXML(r)
	in := textIn{}
	for {
		if err := x.next(); err == io.EOF {
			return s, nil
		} else if err != nil {
			return nil, unzipping(err)
		}
		s.text = in.add(s.text, x)
		if x.kind == end && string(x.name) == "si" {
			s.ends = append(s.ends, len(s.text))
		}
	}
}

type sharedStrings struct {
	text []byte
	ends []int
}

func (s *sharedStrings) at(i int) ([]byte, bool) {
	if i < 0 || i >= len(s.ends) {
		return nil, false
	}
	from := 0
	if i > 0 {
		from = s.ends[i-1]
	}
	return s.text[from:s.ends[i]:s.ends[i]], true
}

// textIn collects the text of <t>, leaving out phonetic hints (<rPh>).
type textIn struct {
	t, phonetic bool
}

func (in *textIn) add(b []byte, x *xmlReader) []byte {
	switch {
	case x.kind == text:
		if in.t && !in.phonetic {
			b = appendEscaped(b, x.text)
		}
	case string(x.name) == "t":
		in.t = x.kind == start
	case string(x.name) == "rPh":
		in.phonetic = x.kind == start
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

// area is a merged range; columns count from 0, rows from 1, both inclusive.
type area struct {
	left, right, top, bottom int
	value                    []byte // of its upper left cell, once met
}

// sheet reads the rows of one sheet in order.
type sheet struct {
	part    io.ReadCloser
	x       *xmlReader
	strings *sharedStrings
	merges  []*area // by top row, then left column
	row     line
	last    int      // number of the row read last
	cells   [][]byte // backing of row.cells
	arena   []byte   // text of the cells of the current row
	spans   [][2]int // where each cell's text stands in arena; from -1: none
}

// maxColumns is the width of a sheet by the standard.
const maxColumns = 16384

// openSheet prepares to read a sheet. It reads the sheet twice, because the
// merged ranges stand behind the rows they concern; the first reading also
// proves that the part is whole, so that no row of half a sheet is delivered.
func (w *workbook) openSheet(part string) (*sheet, error) {
	var merges []*area
	err := w.scan(part, func(x *xmlReader) {
		if string(x.name) == "mergeCell" {
			if a := parseArea(x.attr("ref")); a != nil {
				merges = append(merges, a)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	shared, err := w.strings()
	if err != nil {
		return nil, err
	}
	r, err := w.part(part)
	if err != nil {
		return nil, err
	}
	return &sheet{part: r, x: newXML(r), strings: shared, merges: merges}, nil
}

func (s *sheet) Close() error { return s.part.Close() }

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
	n, err := strconv.Atoi(string(ref[i:]))
	if err != nil {
		n = 0
	}
	if i == 0 || col > maxColumns {
		return -1, n
	}
	return col - 1, n
}

// next reads one row. Rows that a workbook leaves out are empty and do not
// come; merged cells all have the value of the range.
func (s *sheet) next() (*line, error) {
	for {
		if err := s.x.next(); err != nil {
			return nil, unzipping(err)
		}
		if s.x.kind == start && string(s.x.name) == "row" {
			return s.readRow()
		}
	}
}

func (s *sheet) readRow() (*line, error) {
	no, err := strconv.Atoi(string(s.x.attr("r")))
	if err != nil {
		no = s.last + 1
	}
	s.last = no
	s.arena, s.spans = s.arena[:0], s.spans[:0]
	for {
		if err := s.x.next(); err != nil {
			return nil, unzipping(err)
		}
		if s.x.kind == end && string(s.x.name) == "row" {
			break
		}
		if s.x.kind == start && string(s.x.name) == "c" {
			if err := s.readCell(); err != nil {
				return nil, err
			}
		}
	}
	s.cells = s.cells[:0]
	for _, p := range s.spans {
		if p[0] < 0 {
			s.cells = append(s.cells, nil)
			continue
		}
		s.cells = append(s.cells, s.arena[p[0]:p[1]:p[1]])
	}
	s.expand(no)
	s.row = line{no: no, cells: s.cells}
	for _, c := range s.cells {
		s.row.lossy = s.row.lossy || lossy(c)
	}
	return &s.row, nil
}

// readCell reads one <c> element to its end.
func (s *sheet) readCell() error {
	col, _ := parseCell(s.x.attr("r"))
	if col < 0 {
		col = len(s.spans) // cells without a reference stand side by side
	}
	if col >= maxColumns {
		return bad("file.unreadable", "row %d of the sheet is too wide", s.last)
	}
	typ := string(s.x.attr("t"))
	from := len(s.arena)
	in, value := textIn{}, false
	for {
		if err := s.x.next(); err != nil {
			return unzipping(err)
		}
		name := string(s.x.name)
		switch {
		case s.x.kind == end && name == "c":
			return s.put(col, typ, from)
		case s.x.kind == text && value:
			if typ == "str" {
				s.arena = appendEscaped(s.arena, s.x.text)
			} else {
				s.arena = append(s.arena, s.x.text...)
			}
		case s.x.kind != text && name == "v":
			value = s.x.kind == start
		case typ == "inlineStr":
			s.arena = in.add(s.arena, s.x)
		}
	}
}

// put ends a cell whose raw text starts at from.
func (s *sheet) put(col int, typ string, from int) error {
	if typ == "s" {
		i, err := strconv.Atoi(string(bytes.TrimSpace(s.arena[from:])))
		v, ok := s.strings.at(i)
		if s.arena = s.arena[:from]; err != nil || !ok {
			return bad("file.unreadable", "row %d of the sheet refers to a text that the workbook does not hold", s.last)
		}
		s.arena = append(s.arena, v...)
	}
	for len(s.spans) <= col {
		s.spans = append(s.spans, [2]int{-1, -1})
	}
	s.spans[col] = [2]int{from, len(s.arena)}
	return nil
}

// expand gives every cell of a merged range the range's value.
func (s *sheet) expand(no int) {
	for _, a := range s.merges {
		if no < a.top || no > a.bottom {
			continue
		}
		if no == a.top {
			a.value = nil
			if a.left < len(s.cells) {
				a.value = bytes.Clone(s.cells[a.left])
			}
		}
		if len(a.value) == 0 {
			continue
		}
		for len(s.cells) <= a.right {
			s.cells = append(s.cells, nil)
		}
		for c := a.left; c <= a.right; c++ {
			s.cells[c] = a.value
		}
	}
}
