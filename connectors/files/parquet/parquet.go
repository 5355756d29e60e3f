// Package parquet reads Parquet files as tables of texts.
package parquet

import (
	"errors"
	"io"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"

	"rongtong/connectors/files/table"
	"rongtong/connectors/files/text"
	"rongtong/schemas/fault"
)

// batchRows is how many rows are decoded at a time.
const batchRows = 1024

// Table is an open file. It names its columns itself. Decimals are exact; an
// instant comes as RFC 3339 in the zone of Shanghai, a time without a zone as
// it is written. Columns that hold lists, maps or structures are named by their
// outermost field, and their cells are nested.
//
// It reads by the library's columns, not by its Arrow reader, which would link
// a whole RPC framework into the program.
type Table struct {
	file   *file.Reader
	names  []string
	nested []int
	flat   []*column

	group int   // row group that comes next
	left  int64 // rows of the group in hand that were not decoded yet
	batch int   // rows decoded
	at    int   // of them, delivered
	done  int

	row table.Row
}

// Open reads the file's description.
func Open(r io.ReaderAt, size int64) (t *Table, err error) {
	defer guard(&err)
	// The values of a batch may come from several pages, and those read first are
	// used last: an allocator that reuses memory would overwrite them.
	props := parquet.NewReaderProperties(memory.NewGoAllocator())
	props.BufferedStreamEnabled = true // else a column of a row group is held whole
	props.BufferSize = 64 << 10
	f, err := file.NewParquetReader(io.NewSectionReader(r, 0, size), file.WithReadProps(props))
	if err != nil {
		return nil, err
	}
	t = &Table{file: f}
	schema := f.MetaData().Schema
	root := schema.Root()
	for i := range root.NumFields() {
		t.names = append(t.names, root.Field(i).Name())
	}
	seen := make([]bool, len(t.names))
	for i := range schema.NumColumns() {
		d := schema.Column(i)
		top := root.FieldIndexByField(schema.ColumnRoot(i))
		if d.MaxRepetitionLevel() > 0 || len(d.ColumnPath()) > 1 {
			if !seen[top] {
				t.nested = append(t.nested, top)
			}
			seen[top] = true
			continue
		}
		c, err := newColumn(d, i, top)
		if err != nil {
			return nil, err
		}
		t.flat = append(t.flat, c)
	}
	t.row.Cells = make([][]byte, len(t.names))
	t.row.Nested = t.nested
	return t, nil
}

// guard makes an error of a panic, by which the library answers some damaged
// files, and a *table.Bad of any error that is the file's own.
func guard(err *error) {
	if recover() != nil {
		*err = table.Badf("file.unreadable", "the Parquet file is damaged")
	}
	var f *fault.Error
	switch {
	case *err == nil, *err == io.EOF, table.AsBad(*err) != nil, errors.As(*err, &f):
	case errors.Is(*err, io.ErrUnexpectedEOF):
		*err = table.Badf("file.truncated", "the Parquet file ends too early")
	default:
		*err = table.Badf("file.unreadable", "the file is no readable Parquet file")
	}
}

// Names are the names of the columns.
func (t *Table) Names() []string { return t.names }

// Next returns the next row; its number counts the rows.
func (t *Table) Next() (row *table.Row, err error) {
	defer guard(&err)
	for t.at == t.batch {
		if t.left == 0 {
			if err := t.nextGroup(); err != nil {
				return nil, err
			}
			continue
		}
		t.batch, t.at = int(min(t.left, batchRows)), 0
		for _, c := range t.flat {
			if err := c.decode(t.batch); err != nil {
				return nil, err
			}
		}
		t.left -= int64(t.batch)
	}
	lossy := false
	for _, c := range t.flat {
		v := c.value(t.at)
		t.row.Cells[c.top] = v
		lossy = lossy || c.text && text.Lossy(v)
	}
	t.at++
	t.done++
	t.row.No, t.row.Lossy = t.done, lossy
	return &t.row, nil
}

func (t *Table) nextGroup() error {
	if t.group == t.file.NumRowGroups() {
		if int64(t.done) != t.file.NumRows() {
			return table.Badf("file.truncated", "the file counts %d rows and holds %d", t.file.NumRows(), t.done)
		}
		return io.EOF
	}
	g := t.file.RowGroup(t.group)
	for _, c := range t.flat {
		r, err := g.Column(c.index)
		if err != nil {
			return err
		}
		c.reader = r
	}
	t.left = g.NumRows()
	t.group++
	return nil
}
