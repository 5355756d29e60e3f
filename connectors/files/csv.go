package files

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"
)

// line is one row of a table. Its cells are valid until the next one is read.
type line struct {
	no    int      // where it starts, from 1: the line of a text, the row of a sheet
	cells [][]byte // UTF-8 unless lossy
	// lossy says that the source's bytes do not all stand for characters.
	lossy bool
	// open says that the text ended with this row, without a line end.
	open bool
}

// table is a file as rows. next returns io.EOF after the last.
type table interface {
	next() (*line, error)
}

// recordLimit is the largest CSV record. A quote that is never closed would
// otherwise take the rest of the file into memory.
const recordLimit = 4 << 20

// csvReader splits UTF-8 into records as encoding/csv does with LazyQuotes,
// except that a quoted field still open at the end is an error: the file was
// cut off. It allocates nothing per record.
type csvReader struct {
	src   io.Reader
	comma byte

	buf   []byte
	from  int // start of what was not yet returned
	to    int
	err   error // of src, once met
	no    int   // number of the line at from
	begun bool  // the byte order mark was looked for

	row    line
	quoted []byte // text of the quoted fields of the current record
}

func newCSV(src io.Reader, comma byte) *csvReader {
	return &csvReader{src: src, comma: comma, buf: make([]byte, 64<<10), no: 1}
}

var bom = []byte("\uFEFF")

func (c *csvReader) next() (*line, error) {
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
			if err := c.fill(); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		c.row.no = c.no
		c.row.open = rec[n-1] != '\n'
		c.row.lossy = lossy(rec[:n])
		c.from += n
		c.no += lines
		if len(c.row.cells) > 0 {
			return &c.row, nil
		}
	}
}

// lossy reports text that is not UTF-8 or holds the mark of what was lost in
// decoding.
func lossy(b []byte) bool { return bytes.Contains(b, []byte("\uFFFD")) || !utf8.Valid(b) }

var errMore = errors.New("the record goes on")

// fill reads more behind what is not yet returned.
func (c *csvReader) fill() error {
	if c.err == io.EOF {
		return bad("file.truncated", "a quoted field is still open at the end of the file")
	}
	if c.from > 0 {
		copy(c.buf, c.buf[c.from:c.to])
		c.to -= c.from
		c.from = 0
	}
	if c.to == len(c.buf) {
		if len(c.buf) >= recordLimit {
			return bad("file.unreadable", "the record at line %d is longer than %d bytes", c.no, recordLimit)
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
func (c *csvReader) split(b []byte) (n, lines int, err error) {
	c.row.cells = c.row.cells[:0]
	c.quoted = c.quoted[:0]
	i := 0
	if k, err := c.lineEnd(b, 0); k > 0 || err != nil {
		return k, 1, err
	}
	for {
		if i < len(b) && b[i] == '"' {
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
			c.row.cells = append(c.row.cells, b[from:to:to])
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
func (c *csvReader) lineEnd(b []byte, i int) (int, error) {
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
func (c *csvReader) quotedField(b []byte, i int) (at, lines int, err error) {
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
			c.row.cells = append(c.row.cells, c.quoted[start:len(c.quoted):len(c.quoted)])
			return i, lines, nil
		}
		c.quoted = append(c.quoted, '"') // a lone quote inside the field is taken as it is
	}
}

// appendLines appends quoted text with its line ends as "\n".
func (c *csvReader) appendLines(b []byte) {
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
