package text

import (
	"bytes"
	"io"
	"strings"

	"rongtong/connectors/files/table"
)

// Records reads records from XML: one from every element at a path. Its leaf
// elements are the cells, inner ones with dotted names; attributes are named
// "@name". An element that is empty and says xsi:nil is a nil cell.
type Records struct {
	x      *XML
	path   []string
	open   []int // where the names of the open elements end in opened
	opened []byte
	prefix []byte // dotted name of the open element, below the record
	columns
	items int
}

// NewRecords reads src, which is UTF-8. path is the dotted path of elements
// from the root to the records.
func NewRecords(src io.Reader, path string) *Records {
	return &Records{x: NewXML(src), path: strings.Split(path, "."), columns: newColumns()}
}

// XMLEncoding is the encoding that an XML text declares in its first line, in
// the names of Decode, or "" if it declares none that is known.
func XMLEncoding(r io.ReaderAt) string {
	head := make([]byte, 200)
	n, _ := r.ReadAt(head, 0)
	head, _, ok := bytes.Cut(head[:n], []byte("?>"))
	_, value, found := bytes.Cut(head, []byte("encoding"))
	value = bytes.TrimLeft(value, "= \t")
	if !ok || !found || len(value) < 2 {
		return ""
	}
	end := bytes.IndexByte(value[1:], value[0])
	if end < 0 {
		return ""
	}
	switch strings.ToLower(string(value[1 : 1+end])) {
	case "utf-8", "utf8":
		return "utf-8"
	case "gb2312", "gbk", "gb18030", "cp936", "x-gbk":
		return "gb18030"
	}
	return ""
}

// Records is how many records were met so far.
func (r *Records) Records() int { return r.items }

// Next returns the next record; its number counts the records.
func (r *Records) Next() (*table.Row, error) {
	for {
		if err := r.x.Next(); err != nil {
			return nil, err
		}
		switch r.x.Kind {
		case XMLStart:
			r.enter()
			if r.matches() {
				return r.record()
			}
		case XMLEnd:
			if err := r.leave(); err != nil {
				return nil, err
			}
		}
	}
}

func (r *Records) enter() {
	r.opened = append(r.opened, r.x.Name...)
	r.open = append(r.open, len(r.opened))
}

// name is that of the i-th open element.
func (r *Records) name(i int) []byte {
	from := 0
	if i > 0 {
		from = r.open[i-1]
	}
	return r.opened[from:r.open[i]]
}

// matches reports whether the open elements are the path to a record.
func (r *Records) matches() bool {
	if len(r.open) != len(r.path) {
		return false
	}
	for i, p := range r.path {
		if string(r.name(i)) != p {
			return false
		}
	}
	return true
}

// leave closes the innermost element.
func (r *Records) leave() error {
	n := len(r.open) - 1
	name := r.name(n)
	if !bytes.Equal(name, r.x.Name) {
		return table.Badf("file.unreadable", "record %d closes an element that it did not open", r.items)
	}
	r.opened, r.open = r.opened[:len(r.opened)-len(name)], r.open[:n]
	return nil
}

// record reads the element that was just opened to its end.
func (r *Records) record() (*table.Row, error) {
	r.items++
	r.start()
	r.row.No = r.items
	base, lossy := len(r.open), Lossy(r.x.attrs)
	r.attributes(nil)
	prefix := r.prefix[:0]
	defer func() { r.prefix = prefix }()
	from := 0 // where the text of the open element begins in the arena
	leaf, null := false, false
	for {
		if err := r.x.Next(); err != nil {
			return nil, err
		}
		switch r.x.Kind {
		case XMLText:
			r.arena = append(r.arena, r.x.Text...)
			lossy = lossy || Lossy(r.x.Text)
		case XMLStart:
			if len(r.open)-base >= flatDepth {
				return nil, table.Badf("xml.depth", "record %d nests deeper than %d", r.items, flatDepth)
			}
			if len(r.open) > base {
				prefix = append(prefix, '.')
			}
			prefix = append(prefix, r.x.Name...)
			r.enter()
			null = string(r.x.Attr("nil")) == "true"
			r.attributes(prefix)
			from, leaf = len(r.arena), true
		case XMLEnd:
			if err := r.leave(); err != nil {
				return nil, err
			}
			if len(r.open) < base {
				row := r.finish(nil)
				row.Lossy = lossy
				return row, nil
			}
			if leaf {
				r.cell(r.column(prefix), from, null)
			}
			leaf = false
			prefix = prefix[:max(len(prefix)-len(r.x.Name)-1, 0)]
		}
	}
}

// attributes makes cells of the attributes of the element just opened, but for
// those of namespaces.
func (r *Records) attributes(prefix []byte) {
	if len(r.x.attrs) == 0 {
		return
	}
	for name, value := range r.x.Attributes {
		if bytes.HasPrefix(name, []byte("xmlns")) || bytes.IndexByte(name, ':') >= 0 {
			continue
		}
		key := append(append(bytes.Clone(prefix), '@'), name...)
		if len(prefix) > 0 {
			key = append(append(append(bytes.Clone(prefix), '.'), '@'), name...)
		}
		from := len(r.arena)
		r.arena = append(r.arena, value...)
		r.cell(r.column(key), from, false)
	}
}

// cell gives a column the text of the arena from there on. One that occurs
// twice in a record is more than a cell can hold.
func (r *Records) cell(c, from int, null bool) {
	switch {
	case c < len(r.spans) && r.spans[c][0] >= 0:
		r.nested(c)
	case null:
		r.null(c)
	default:
		r.set(c, from)
	}
}

// GuessRecords is the dotted path of the first element that has one of its own
// name beside it, or "": what repeats is a record.
func GuessRecords(r io.ReaderAt, size int64) (string, error) {
	src, _, err := Decode(r, size, XMLEncoding(r))
	if err != nil {
		return "", err
	}
	x := NewXML(src)
	var open []string
	before := []string{""} // the name of the last element closed, by depth
	for {
		if err := x.Next(); err == io.EOF {
			return "", nil
		} else if err != nil {
			return "", err
		}
		switch x.Kind {
		case XMLStart:
			name := string(x.Name)
			if before[len(open)] == name && len(open) > 0 {
				return strings.Join(append(open, name), "."), nil
			}
			open = append(open, name)
			before = append(before[:len(open)], "")
		case XMLEnd:
			if len(open) == 0 {
				return "", nil
			}
			name := open[len(open)-1]
			open = open[:len(open)-1]
			before[len(open)] = name
		}
	}
}
