// Package table is what every file format comes down to: rows of cells, and a
// way to say that a file is no such table.
package table

import (
	"errors"
	"fmt"
)

// Row is one row of a table. It and its cells are borrowed and valid until the
// next one is read.
type Row struct {
	// No is where the row starts, from 1: the line of a text, the row of a
	// sheet, the record of a database file.
	No int
	// Cells are UTF-8 unless Lossy. A nil cell is absent or null, which only a
	// format that knows the difference to an empty text says.
	Cells [][]byte
	// Lossy says that the source's bytes do not all stand for characters.
	Lossy bool
	// Open says that the text ended with this row, without a line end.
	Open bool
	// Nested are the cells that would hold more than one value: an array, an
	// element that occurs twice. They are nil.
	Nested []int
	// Fault is empty, or the rule by which this row alone can never be taken;
	// its cells are then not to be trusted to stand under their headings.
	Fault string
}

// Table is a file as rows, the first of which may hold the headings.
type Table interface {
	// Next returns io.EOF after the last row and a *Bad when the file turns out
	// not to be whole.
	Next() (*Row, error)
}

// Named is a table that knows its columns itself: its first row is data.
type Named interface {
	Table
	// Names are the headings of the cells, in their order. A format whose rows
	// name their own columns appends to them as it meets new ones, before it
	// returns the row.
	Names() []string
}

// Bad says that a file can never be read. It becomes one record with the rule
// as its fault, so that the file is seen and the good files go on. The reason
// names headings, sheets and rows, never values.
type Bad struct {
	Rule   string
	Reason string
}

func (b *Bad) Error() string { return b.Reason + " [" + b.Rule + "]" }

// Badf makes a *Bad.
func Badf(rule, format string, args ...any) error {
	return &Bad{rule, fmt.Sprintf(format, args...)}
}

// AsBad is the *Bad in an error, or nil.
func AsBad(err error) *Bad {
	if err == nil {
		return nil // for every row: what follows allocates
	}
	var b *Bad
	errors.As(err, &b)
	return b
}
