package text

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"rongtong/connectors/files/table"
)

const (
	// nameLimit bounds the distinct member names of a file, because a source
	// chooses them: what comes after shares the last column.
	nameLimit = 4096
	// nestLimit is how deep a document may be: deeper is an attack.
	nestLimit = 128
	// flatDepth is how many levels of objects in a record become dotted names.
	flatDepth = 8
)

// JSON reads records from JSON: from one document or from several one after
// another, from the elements of arrays or from single objects, at a path of
// members. Inner objects become dotted names; null is a nil cell. A record that
// is an array takes its names from an array of texts before it, which is how
// open-data portals write a table.
//
// It checks all of what it reads but holds one record at a time.
type JSON struct {
	// Proved says that the same text was read to its end before and is whole:
	// its values are not checked again.
	Proved bool

	src   io.Reader
	path  []string
	lines bool

	buf  []byte
	from int
	to   int
	err  error // of src, once met
	no   int   // line at from

	frames []frame
	heads  []string // of records that are arrays
	columns
	items int // records met
}

// frame is an array or object that is open around the current place.
type frame struct {
	object  bool
	records bool // an array whose elements are records
	heads   bool // or, as it turned out, their headings
	matched int  // how many names of the path lead here
	begun   bool // it has an element already
}

// NewJSON reads src, which is UTF-8. path is the dotted path of members to the
// records, "" for the document itself.
func NewJSON(src io.Reader, path string) *JSON {
	j := &JSON{src: src, buf: make([]byte, 64<<10), no: 1, columns: newColumns()}
	if path != "" {
		j.path = strings.Split(path, ".")
	}
	return j
}

// NewJSONLines reads src, which is UTF-8 and holds one record a line. A line
// that is no record is one fault; the others are not lost over it.
func NewJSONLines(src io.Reader) *JSON {
	j := NewJSON(src, "")
	j.lines = true
	return j
}

// Next returns the next record; its number is its line.
func (j *JSON) Next() (*table.Row, error) {
	if j.lines {
		return j.nextLine()
	}
	for {
		item, err := j.nextItem()
		if err != nil {
			return nil, err
		}
		switch {
		case item[0] == '{':
			return j.record(item), nil
		case item[0] == '[':
			if row, err := j.positional(item); row != nil || err != nil {
				return row, err
			}
		default:
			return nil, table.Badf("json.record", "line %d holds a value where a record should be", j.row.No)
		}
	}
}

// Records is how many records were met so far.
func (j *JSON) Records() int { return j.items }

func (j *JSON) nextLine() (*table.Row, error) {
	for {
		i := bytes.IndexByte(j.buf[j.from:j.to], '\n')
		for i < 0 && j.err == nil {
			had := j.to - j.from
			if err := j.fill(); err != nil {
				return nil, err
			}
			if i = bytes.IndexByte(j.buf[j.from+had:j.to], '\n'); i >= 0 {
				i += had
			}
		}
		if j.err != nil && j.err != io.EOF {
			return nil, j.err
		}
		last := i < 0
		if last {
			if i = j.to - j.from; i == 0 {
				return nil, io.EOF
			}
		}
		item := bytes.TrimSpace(bytes.TrimPrefix(j.buf[j.from:j.from+i], bom))
		j.from = min(j.from+i+1, j.to)
		j.row.No = j.no
		j.no++
		switch {
		case len(item) == 0:
		case item[0] == '{' && json.Valid(item): // a broken line is no reason to refuse the file
			return j.record(item), nil
		case last:
			return nil, table.Badf("file.truncated", "the last line ends in its middle")
		default:
			return j.refuse("json.syntax"), nil
		}
	}
}

// nextItem returns the next value that stands where records stand, borrowed.
func (j *JSON) nextItem() ([]byte, error) {
	for {
		c, err := j.peek()
		if err == io.EOF && len(j.frames) == 0 {
			return nil, io.EOF
		}
		if err != nil {
			return nil, j.cut(err)
		}
		if len(j.frames) == 0 {
			if item, err := j.value(0); item != nil || err != nil {
				return item, err
			}
			continue
		}
		f := &j.frames[len(j.frames)-1]
		closing := byte(']')
		if f.object {
			closing = '}'
		}
		if c == closing {
			j.from++
			j.frames = j.frames[:len(j.frames)-1]
			continue
		}
		if f.begun {
			if c != ',' {
				return nil, j.syntax()
			}
			j.from++
			if c, err = j.peek(); err != nil {
				return nil, j.cut(err)
			}
		}
		f.begun = true
		if item, err := j.element(f, c); item != nil || err != nil {
			return item, err
		}
	}
}

// element reads one element of an array or one member of an object.
func (j *JSON) element(f *frame, c byte) ([]byte, error) {
	switch {
	case f.records && c == '"' && (f.heads || j.heads == nil):
		raw, err := j.capture()
		if err == nil {
			j.heads, f.heads = append(j.heads, string(unquote(nil, raw))), true
		}
		return nil, err
	case f.records && f.heads:
		return nil, table.Badf("json.record", "line %d holds something else among the headings", j.no)
	case f.records:
		return j.capture()
	}
	matched := f.matched
	if !f.object {
		return j.value(matched)
	}
	if c != '"' {
		return nil, j.syntax()
	}
	raw, err := j.capture()
	if err != nil {
		return nil, err
	}
	here := string(unquote(nil, raw)) == j.path[matched]
	if c, err = j.peek(); err != nil {
		return nil, j.cut(err)
	}
	if c != ':' {
		return nil, j.syntax()
	}
	j.from++
	if _, err = j.peek(); err != nil {
		return nil, j.cut(err)
	}
	if !here {
		return nil, j.skip()
	}
	return j.value(matched + 1)
}

// value begins the value at the current place, to which matched names of the
// path lead. It returns a record that stands alone.
func (j *JSON) value(matched int) ([]byte, error) {
	c := j.buf[j.from]
	there := matched == len(j.path)
	switch {
	case c == '[', c == '{' && !there:
		if len(j.frames) >= nestLimit {
			return nil, table.Badf("json.depth", "line %d nests deeper than %d", j.no, nestLimit)
		}
		j.from++
		j.frames = append(j.frames, frame{object: c == '{', records: there, matched: matched})
		return nil, nil
	case c == '{':
		return j.capture()
	case there && len(j.path) > 0 && c == 'n': // no records is often written as null
		return nil, j.skip()
	case there:
		return nil, table.Badf("json.record", "line %d holds a value where a record should be", j.no)
	}
	return nil, j.skip()
}

// skip passes over one value without holding all of it.
func (j *JSON) skip() error {
	if c := j.buf[j.from]; c != '{' && c != '[' {
		_, err := j.capture()
		return err
	}
	for depth := 0; ; {
		c, err := j.peek()
		if err != nil {
			return j.cut(err)
		}
		switch c {
		case '{', '[':
			depth++
			j.from++
		case '}', ']':
			depth--
			j.from++
		case ',', ':':
			j.from++
		default:
			if _, err := j.capture(); err != nil {
				return err
			}
		}
		if depth == 0 {
			return nil
		}
	}
}

// capture returns the value at the current place, checked, and moves behind it.
func (j *JSON) capture() ([]byte, error) {
	j.row.No = j.no
	n, depth, quoted := 0, 0, false
	first := j.buf[j.from]
	scalar := first != '{' && first != '[' && first != '"'
	for done := false; !done; n++ {
		if j.from+n == j.to {
			had := j.err
			if had == nil {
				if err := j.fill(); err != nil {
					return nil, err
				}
				n--
				continue
			}
			if had == io.EOF && scalar {
				break
			}
			return nil, j.cut(had)
		}
		switch c := j.buf[j.from+n]; {
		case quoted && c == '\\':
			n++ // the escaped character, wherever it stands
			for j.from+n >= j.to {
				if j.err != nil {
					return nil, j.cut(j.err)
				}
				if err := j.fill(); err != nil {
					return nil, err
				}
			}
		case c == '"':
			quoted = !quoted
			done = !quoted && depth == 0
		case quoted:
		case scalar && strings.IndexByte(" \t\r\n,]}", c) >= 0:
			n--
			done = true
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
			done = depth <= 0
		}
	}
	item := j.buf[j.from : j.from+n]
	j.no += bytes.Count(item, []byte{'\n'})
	j.from += n
	if !j.Proved && !json.Valid(item) {
		return nil, table.Badf("json.syntax", "the value at line %d is no JSON", j.row.No)
	}
	return item, nil
}

// peek is the next byte that is no blank.
func (j *JSON) peek() (byte, error) {
	for {
		for ; j.from < j.to; j.from++ {
			switch c := j.buf[j.from]; c {
			case ' ', '\t', '\r':
			case '\n':
				j.no++
			case bom[0]: // between concatenated documents too
				for j.to-j.from < len(bom) && j.err == nil {
					if err := j.fill(); err != nil {
						return 0, err
					}
				}
				if !bytes.HasPrefix(j.buf[j.from:j.to], bom) {
					return c, nil
				}
				j.from += len(bom) - 1
			default:
				return c, nil
			}
		}
		if j.err != nil {
			return 0, j.err
		}
		if err := j.fill(); err != nil {
			return 0, err
		}
	}
}

func (j *JSON) fill() error {
	if j.from > 0 {
		copy(j.buf, j.buf[j.from:j.to])
		j.to -= j.from
		j.from = 0
	}
	if j.to == len(j.buf) {
		if len(j.buf) >= recordLimit {
			return table.Badf("file.unreadable", "the record at line %d is longer than %d bytes", j.no, recordLimit)
		}
		j.buf = append(j.buf, make([]byte, len(j.buf))...)
	}
	n, err := j.src.Read(j.buf[j.to:])
	j.to += n
	j.err = err
	return nil
}

func (j *JSON) cut(err error) error {
	if err == io.EOF {
		return table.Badf("file.truncated", "the JSON ends in its middle, at line %d", j.no)
	}
	return err
}

func (j *JSON) syntax() error {
	return table.Badf("json.syntax", "line %d is no JSON", j.no)
}

// record sorts the members of a checked object into the row.
func (j *JSON) record(item []byte) *table.Row {
	j.items++
	j.start()
	j.members(item, nil, 0)
	return j.finish(item)
}

// positional takes an array: of texts as the names of those that follow, of
// anything else as a record.
func (j *JSON) positional(item []byte) (*table.Row, error) {
	texts, n := true, 0
	elements(item, func(v []byte) { texts, n = texts && v[0] == '"', n+1 })
	if j.heads == nil && texts && n > 0 {
		elements(item, func(v []byte) { j.heads = append(j.heads, string(unquote(nil, v))) })
		return nil, nil
	}
	if j.heads == nil {
		return nil, table.Badf("json.record", "line %d holds an array where a record should be, and no array of headings stands before it", j.row.No)
	}
	j.items++
	if n != len(j.heads) {
		return j.refuse("json.columns"), nil
	}
	j.start()
	i := 0
	elements(item, func(v []byte) {
		j.put(j.column([]byte(j.heads[i])), v)
		i++
	})
	return j.finish(item), nil
}

// members walks a checked object. Inner objects become dotted names.
func (j *JSON) members(b, prefix []byte, depth int) {
	for i := blank(b, 1); b[i] != '}'; i = blank(b, i) {
		if b[i] == ',' {
			i = blank(b, i+1)
		}
		end := over(b, i)
		name := b[i+1 : end-1]
		if len(prefix) > 0 || bytes.IndexByte(name, '\\') >= 0 {
			name = unquote(prefix[:len(prefix):len(prefix)], b[i:end])
		}
		i = blank(b, blank(b, end)+1)
		end = over(b, i)
		if b[i] == '{' && depth < flatDepth {
			j.members(b[i:end], append(bytes.Clone(name), '.'), depth+1)
		} else {
			j.put(j.column(name), b[i:end])
		}
		i = end
	}
}

// put puts a checked value into a column.
func (j *JSON) put(c int, v []byte) {
	switch v[0] {
	case 'n':
		j.null(c)
	case '{', '[':
		j.nested(c)
	case '"':
		from := len(j.arena)
		j.arena = unquote(j.arena, v)
		j.set(c, from)
	default:
		from := len(j.arena)
		j.arena = append(j.arena, v...)
		j.set(c, from)
	}
}

// unquote appends the text of a checked JSON string.
func unquote(dst, raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return append(dst, raw[1:len(raw)-1]...)
	}
	var s string
	_ = json.Unmarshal(raw, &s) // it was checked
	return append(dst, s...)
}

// elements visits the elements of a checked array.
func elements(b []byte, visit func(v []byte)) {
	for i := blank(b, 1); b[i] != ']'; i = blank(b, i) {
		if b[i] == ',' {
			i = blank(b, i+1)
		}
		end := over(b, i)
		visit(b[i:end])
		i = end
	}
}

// blank is the next place in checked JSON that is no blank.
func blank(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r' {
		i++
	}
	return i
}

// over is the place behind the value at i in checked JSON.
func over(b []byte, i int) int {
	depth := 0
	for {
		switch b[i] {
		case '"':
			for i++; b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',', ':', ' ', '\n', '\t', '\r':
			i++
			continue
		default:
			for i+1 < len(b) && strings.IndexByte(" \t\r\n,:]}", b[i+1]) < 0 {
				i++
			}
		}
		i++
		if depth == 0 {
			return i
		}
	}
}
