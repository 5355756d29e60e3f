// Package text reads tables that are text: CSV and its kin, JSON in its
// several shapes, XML records; and decodes what they are written in.
package text

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"rongtong/connectors/files/table"
)

// recordLimit is the largest record of any text. A quote that is never closed
// would otherwise take the rest of the file into memory.
const recordLimit = 4 << 20

// CSV splits UTF-8 into records as encoding/csv does with LazyQuotes, with two
// differences. A quoted field still open at the end is an error: the file was
// cut off. And once Width is set, a quote that swallows lines it should not is
// found out and costs one line, not all of them. It allocates nothing per
// record.
type CSV struct {
	// Width is the number of columns, 0 while it is unknown.
	Width int

	src     io.Reader
	comma   byte
	literal bool // quotes are ordinary characters

	buf   []byte
	from  int // start of what was not yet returned
	to    int
	err   error // of src, once met
	no    int   // number of the line at from
	begun bool  // the byte order mark was looked for

	row    table.Row
	quoted []byte // text of the quoted fields of the current record
	lone   bool   // a quote stood inside one of them, undoubled
}

// NewCSV reads src, which is UTF-8. literal says that a quote is an ordinary
// character, as in the exports of systems that never quote.
func NewCSV(src io.Reader, comma byte, literal bool) *CSV {
	return &CSV{src: src, comma: comma, literal: literal, buf: make([]byte, 64<<10), no: 1}
}

var bom = []byte("\uFEFF")

// Next returns the next record that is no empty line.
func (c *CSV) Next() (*table.Row, error) {
	for {
		if c.err != nil && c.err != io.EOF {
			return nil, c.err // what was read before it may be half a record
		}
		rec := c.buf[c.from:c.to]
		if !c.begun && len(rec) < len(bom) && c.err == nil {
			if err := c.fill(); err != nil {
				return nil, err
			}
			continue
		}
		if !c.begun {
			c.begun = true
			rec = bytes.TrimPrefix(rec, bom)
			c.from = c.to - len(rec)
		}
		if len(rec) == 0 && c.err == io.EOF {
			return nil, io.EOF
		}
		n, lines, err := c.split(rec)
		if errors.Is(err, errMore) {
			if err = c.fill(); err == nil {
				continue
			}
		}
		if stray := c.stray(rec, n, lines, err); stray > 0 {
			c.row.No, c.row.Open, c.row.Lossy, c.row.Fault = c.no, false, false, "csv.quote"
			c.row.Cells = c.row.Cells[:0]
			c.from += stray
			c.no++
			return &c.row, nil
		}
		if err != nil {
			return nil, err
		}
		c.row.No, c.row.Fault = c.no, ""
		c.row.Open = rec[n-1] != '\n'
		c.row.Lossy = Lossy(rec[:n])
		c.from += n
		c.no += lines
		if len(c.row.Cells) > 0 {
			return &c.row, nil
		}
	}
}

// stray is the length of the first line of rec if a quote in it is not to be
// believed: it takes several lines into one record that is of the wrong width
// or holds undoubled quotes, or it is never closed although the file itself
// ends with its line. Otherwise 0.
func (c *CSV) stray(rec []byte, n, lines int, err error) int {
	first := bytes.IndexByte(rec, '\n') + 1
	if c.Width == 0 || first == 0 {
		return 0
	}
	switch {
	case err == nil:
		if lines > 1 && n > first && (c.lone || len(c.row.Cells) != c.Width) {
			return first
		}
	case table.AsBad(err) == nil:
	case c.err == nil: // longer than any record
		return first
	case rec[len(rec)-1] == '\n' && first < len(rec):
		return first
	}
	return 0
}

// Lossy reports text that is not UTF-8 or holds the mark of what was lost in
// decoding.
func Lossy(b []byte) bool { return bytes.Contains(b, []byte("\uFFFD")) || !utf8.Valid(b) }

var errMore = errors.New("the record goes on")

// fill reads more behind what is not yet returned.
func (c *CSV) fill() error {
	if c.err == io.EOF {
		return table.Badf("file.truncated", "a quoted field is still open at the end of the file")
	}
	if c.from > 0 {
		copy(c.buf, c.buf[c.from:c.to])
		c.to -= c.from
		c.from = 0
	}
	if c.to == len(c.buf) {
		if len(c.buf) >= recordLimit {
			return table.Badf("file.unreadable", "the record at line %d is longer than %d bytes", c.no, recordLimit)
		}
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	n, err := c.src.Read(c.buf[c.to:])
	c.to += n
	c.err = err
	return nil
}

// split takes one record off b: its cells go to c.row, and the bytes and lines
// it occupies are returned. An empty line is a record without cells. errMore
// says that the record does not end in b.
func (c *CSV) split(b []byte) (n, lines int, err error) {
	c.row.Cells = c.row.Cells[:0]
	c.quoted, c.lone = c.quoted[:0], false
	i := 0
	if k, err := c.lineEnd(b, 0); k > 0 || err != nil {
		return k, 1, err
	}
	for {
		if i < len(b) && b[i] == '"' && !c.literal {
			var crossed int
			i, crossed, err = c.quotedField(b, i+1)
			lines += crossed
			if err != nil {
				return 0, 0, err
			}
		} else {
			from := i
			for i < len(b) && b[i] != c.comma && b[i] != '\n' {
				i++
			}
			to := i
			if i == len(b) && c.err == nil {
				return 0, 0, errMore
			}
			if to > from && b[to-1] == '\r' && (i == len(b) || b[i] == '\n') {
				to--
			}
			c.row.Cells = append(c.row.Cells, b[from:to:to])
		}
		if i == len(b) {
			return i, lines, nil
		}
		if b[i] == c.comma {
			i++
			if i == len(b) && c.err == nil {
				return 0, 0, errMore
			}
			continue
		}
		k, err := c.lineEnd(b, i)
		return i + k, lines + 1, err
	}
}

// lineEnd is the length of the line end at i; 0 if there is none. A carriage
// return counts before a newline and at the very end.
func (c *CSV) lineEnd(b []byte, i int) (int, error) {
	switch {
	case i < len(b) && b[i] == '\n':
		return 1, nil
	case i == len(b) || b[i] != '\r':
		return 0, nil
	case i+1 < len(b) && b[i+1] == '\n':
		return 2, nil
	case i+1 == len(b) && c.err == nil:
		return 0, errMore
	case i+1 == len(b):
		return 1, nil
	}
	return 0, nil
}

// quotedField reads a field from behind its opening quote and stops before the
// comma or line end that follows it. lines counts the newlines inside.
func (c *CSV) quotedField(b []byte, i int) (at, lines int, err error) {
	start := len(c.quoted)
	for {
		q := bytes.IndexByte(b[i:], '"')
		if q < 0 || i+q+1 == len(b) && c.err == nil {
			return 0, 0, errMore
		}
		lines += bytes.Count(b[i:i+q], []byte{'\n'})
		c.appendLines(b[i : i+q])
		i += q + 1
		if i < len(b) && b[i] == '"' {
			c.quoted = append(c.quoted, '"')
			i++
			continue
		}
		k, err := c.lineEnd(b, i)
		if err != nil {
			return 0, 0, err
		}
		if i == len(b) || k > 0 || b[i] == c.comma {
			c.row.Cells = append(c.row.Cells, c.quoted[start:len(c.quoted):len(c.quoted)])
			return i, lines, nil
		}
		c.lone = true
		c.quoted = append(c.quoted, '"') // a lone quote inside the field is taken as it is
	}
}

// appendLines appends quoted text with its line ends as "\n".
func (c *CSV) appendLines(b []byte) {
	for {
		i := bytes.Index(b, []byte("\r\n"))
		if i < 0 {
			c.quoted = append(c.quoted, b...)
			return
		}
		c.quoted = append(append(c.quoted, b[:i]...), '\n')
		b = b[i+2:]
	}
}
