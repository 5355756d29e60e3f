// Package workbook reads the sheets of spreadsheet files as tables: XLSX as
// Excel, WPS and others write it, and XLS (BIFF8 of Excel 97 and later, BIFF5
// of Excel 95). Values come as a person would type them: dates as 2006-01-02,
// numbers with the 15 digits that the programs show, merged cells filled with
// the value of their range. Memory does not grow with the file.
package workbook

import (
	"errors"
	"io"

	"rongtong/connectors/files/table"
	"rongtong/connectors/files/text"
	"rongtong/schemas/fault"
)

// Sheet is one entry of a workbook's table of contents.
type Sheet struct {
	Name   string
	Hidden bool
	part   string // xlsx: the part that holds it
	at     int64  // xls: where it begins in the stream
}

// Book is an open workbook. It is used by one goroutine at a time; of its
// sheets one is read at a time.
type Book struct {
	Sheets []Sheet

	dates1904 bool
	dated     []bool // by style: its numbers are dates
	texts     *texts // shared by the cells; nil until a sheet is opened
	format    interface {
		loadTexts(*Book) error
		open(*Book, Sheet) (*Rows, error)
	}
}

// Open reads the table of contents. What is no workbook is a *table.Bad,
// whatever the file's name promises.
func Open(r io.ReaderAt, size int64) (*Book, error) {
	b := &Book{}
	var err error
	switch kind := text.Sniff(r); kind {
	case "zip":
		b.format, err = openXLSX(b, r, size)
	case "ole":
		b.format, err = openXLS(b, r)
	case "xml":
		err = table.Badf("file.unreadable", "the file is a web page or XML, saved under a workbook's name; save it as a real workbook")
	case "json":
		err = table.Badf("file.unreadable", "the file is JSON, probably an error message, saved under a workbook's name")
	default:
		err = table.Badf("file.unreadable", "the file is no workbook")
	}
	if err != nil {
		return nil, damaged(err)
	}
	return b, nil
}

// Open prepares to read a sheet from its beginning. The sheet is read once for
// that: its merged ranges stand behind the rows they concern, and no row of
// half a sheet may be delivered.
func (b *Book) Open(s Sheet) (*Rows, error) {
	if b.texts == nil {
		t := &texts{}
		b.texts = t
		if err := b.format.loadTexts(b); err != nil {
			b.Close()
			return nil, damaged(err)
		}
	}
	r, err := b.format.open(b, s)
	return r, damaged(err)
}

// Close frees the texts.
func (b *Book) Close() error {
	if b.texts == nil {
		return nil
	}
	t := b.texts
	b.texts = nil
	return t.close()
}

// damaged makes an error of the file a *table.Bad; what was classified below,
// because the bytes could not be read at all, stays what it is.
func damaged(err error) error {
	var f *fault.Error
	switch {
	case err == nil, table.AsBad(err) != nil, errors.As(err, &f):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return table.Badf("file.truncated", "the workbook ends too early")
	}
	return table.Badf("file.unreadable", "the file is no readable workbook")
}

// maxColumns is the width of a sheet by the standard.
const maxColumns = 16384

// Rows reads the rows of one sheet in order. Rows that a workbook leaves out
// are empty and do not come.
type Rows struct {
	// cells reads the cells of the next row by put; io.EOF after the last.
	cells func() error
	close func() error

	merges []*area // by top row
	active []*area // those that the row before reached
	row    table.Row
	arena  []byte   // text of the cells of the current row
	spans  [][2]int // where each cell's text stands in arena; from -1: none
	filled [][]byte // backing of row.Cells
}

// area is a merged range; columns count from 0, rows from 1, both inclusive.
type area struct {
	left, right, top, bottom int
	value                    []byte // of its upper left cell, once met
}

// mergeLimit bounds the merged ranges of a sheet, which are held in memory.
const mergeLimit = 1 << 20

// Next reads one row.
func (s *Rows) Next() (*table.Row, error) {
	s.arena, s.spans = s.arena[:0], s.spans[:0]
	if err := s.cells(); err != nil {
		if err == io.EOF {
			return nil, err
		}
		return nil, damaged(err)
	}
	s.filled = s.filled[:0]
	for _, p := range s.spans {
		if p[0] < 0 {
			s.filled = append(s.filled, nil)
			continue
		}
		s.filled = append(s.filled, s.arena[p[0]:p[1]:p[1]])
	}
	s.expand(s.row.No)
	s.row.Cells, s.row.Lossy = s.filled, text.Lossy(s.arena)
	return &s.row, nil
}

// Close frees what reading holds.
func (s *Rows) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

// put ends a cell whose text starts at from.
func (s *Rows) put(col, from int) error {
	if col >= maxColumns {
		return table.Badf("file.unreadable", "row %d of the sheet is too wide", s.row.No)
	}
	for len(s.spans) <= col {
		s.spans = append(s.spans, [2]int{-1, -1})
	}
	s.spans[col] = [2]int{from, len(s.arena)}
	return nil
}

// expand gives every cell of a merged range the range's value.
func (s *Rows) expand(no int) {
	for len(s.merges) > 0 && s.merges[0].top <= no {
		s.active = append(s.active, s.merges[0])
		s.merges = s.merges[1:]
	}
	kept := s.active[:0]
	for _, a := range s.active {
		if no > a.bottom {
			continue
		}
		kept = append(kept, a)
		if no == a.top && a.left < len(s.filled) {
			a.value = append(a.value[:0], s.filled[a.left]...)
		}
		if len(a.value) == 0 {
			continue
		}
		for len(s.filled) <= a.right {
			s.filled = append(s.filled, nil)
		}
		for c := a.left; c <= a.right; c++ {
			s.filled[c] = a.value
		}
	}
	s.active = kept
}
