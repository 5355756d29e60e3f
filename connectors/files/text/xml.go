package text

import (
	"bytes"
	"io"
	"strconv"
	"unicode/utf8"

	"rongtong/connectors/files/table"
)

// XMLKind is the kind of a token.
type XMLKind uint8

// The kinds of tokens.
const (
	XMLStart XMLKind = iota // <a …> and <a …/>
	XMLEnd                  // </a>, also after <a …/>
	XMLText
)

// xmlLimit is the largest single tag or text of an XML part.
const xmlLimit = 4 << 20

// XML is a pull tokenizer for the parts of a workbook. Names come
// without their prefix, texts with entities resolved; comments, instructions
// and doctypes are passed over (no entity is ever declared or fetched).
// encoding/xml allocates for every tag and is some ten times slower, and a
// province has thousands of workbooks.
type XML struct {
	Kind XMLKind
	Name []byte // of XMLStart and XMLEnd; valid until the next call
	Text []byte // of XMLText; valid until the next call

	attrs []byte // of XMLStart, raw
	src   io.Reader
	buf   []byte
	from  int
	to    int
	err   error

	close bool // a self-closed tag still owes its end
	depth int
	self  []byte
}

// NewXML reads src, which is UTF-8.
func NewXML(src io.Reader) *XML { return &XML{src: src, buf: make([]byte, 32<<10)} }

// Next advances to the next token. io.EOF comes only where every tag is closed.
func (x *XML) Next() error {
	if x.close {
		x.close = false
		x.depth--
		x.Kind, x.Name = XMLEnd, x.self
		return nil
	}
	for {
		if x.from == x.to {
			if err := x.fill(); err == io.EOF && x.depth == 0 {
				return io.EOF
			} else if err != nil {
				return x.cut(err)
			}
			continue
		}
		if x.buf[x.from] != '<' {
			return x.readText()
		}
		skip, err := x.readTag()
		if err != nil || !skip {
			return err
		}
	}
}

// cut is an end inside a tag or an open element.
func (x *XML) cut(err error) error {
	if err == io.EOF {
		return table.Badf("file.truncated", "an XML part ends too early")
	}
	return err
}

func (x *XML) fill() error {
	if x.err != nil {
		return x.err
	}
	if x.from > 0 {
		copy(x.buf, x.buf[x.from:x.to])
		x.to -= x.from
		x.from = 0
	}
	if x.to == len(x.buf) {
		if len(x.buf) >= xmlLimit {
			return table.Badf("file.unreadable", "an XML part holds a text longer than %d bytes", xmlLimit)
		}
		x.buf = append(x.buf, make([]byte, len(x.buf))...)
	}
	n, err := x.src.Read(x.buf[x.to:])
	x.to += n
	x.err = err
	if n > 0 {
		return nil
	}
	return err
}

// until finds sep at or after from+skip, reading as much as that needs, and
// returns the index after it, relative to from.
func (x *XML) until(sep []byte, skip int) (int, error) {
	for {
		if x.from+skip <= x.to {
			if i := bytes.Index(x.buf[x.from+skip:x.to], sep); i >= 0 {
				return skip + i + len(sep), nil
			}
		}
		if err := x.fill(); err != nil {
			return 0, x.cut(err)
		}
	}
}

func (x *XML) readText() error {
	n, err := x.until([]byte{'<'}, 0)
	if err != nil {
		if x.depth == 0 && x.err == io.EOF && len(bytes.TrimSpace(x.buf[x.from:x.to])) == 0 {
			return io.EOF
		}
		return err
	}
	raw := x.buf[x.from : x.from+n-1]
	x.from += n - 1
	x.Kind, x.Text = XMLText, unescape(raw)
	return nil
}

// readTag reads one tag; skip says that it was none that the caller sees.
func (x *XML) readTag() (skip bool, err error) {
	for x.to-x.from < 9 && x.err == nil {
		_ = x.fill()
	}
	if head := x.buf[x.from:x.to]; len(head) > 1 && (head[1] == '!' || head[1] == '?') {
		return x.readMarkup(head)
	}
	n, err := x.tagEnd()
	if err != nil {
		return false, err
	}
	return false, x.element(x.buf[x.from+1:x.from+n-1], n)
}

// readMarkup reads what is not an element: comments, instructions, CDATA.
func (x *XML) readMarkup(head []byte) (skip bool, err error) {
	switch {
	case bytes.HasPrefix(head, []byte("<!--")):
		return true, x.skip([]byte("-->"), 4)
	case bytes.HasPrefix(head, []byte("<?")):
		return true, x.skip([]byte("?>"), 2)
	case bytes.HasPrefix(head, []byte("<![CDATA[")):
		n, err := x.until([]byte("]]>"), 9)
		if err != nil {
			return false, err
		}
		x.Kind, x.Text = XMLText, x.buf[x.from+9:x.from+n-3]
		x.from += n
		return false, nil
	}
	return false, table.Badf("file.unreadable", "an XML part declares a document type")
}

func (x *XML) skip(sep []byte, head int) error {
	n, err := x.until(sep, head)
	x.from += n
	return err
}

// tagEnd is the length of the tag at from. A '>' inside a quoted attribute
// value does not end it.
func (x *XML) tagEnd() (int, error) {
	var quote byte
	for i := 1; ; {
		tag := x.buf[x.from:x.to]
		for ; i < len(tag); i++ {
			switch b := tag[i]; {
			case quote != 0:
				if b == quote {
					quote = 0
				}
			case b == '>':
				return i + 1, nil
			case b == '"' || b == '\'':
				quote = b
			}
		}
		if err := x.fill(); err != nil {
			return 0, x.cut(err)
		}
	}
}

func (x *XML) element(tag []byte, n int) error {
	x.from += n
	if len(tag) > 0 && tag[0] == '/' {
		x.depth--
		if x.depth < 0 {
			return table.Badf("file.unreadable", "an XML part closes what it did not open")
		}
		x.Kind, x.Name = XMLEnd, local(bytes.TrimSpace(tag[1:]))
		return nil
	}
	x.depth++
	if len(tag) > 0 && tag[len(tag)-1] == '/' {
		tag, x.close = tag[:len(tag)-1], true
	}
	name, rest := tag, []byte(nil)
	for i, c := range tag {
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			name, rest = tag[:i], tag[i:]
			break
		}
	}
	x.Kind, x.Name, x.attrs = XMLStart, local(name), rest
	if x.close {
		x.self = x.Name
	}
	return nil
}

func local(name []byte) []byte { return name[bytes.IndexByte(name, ':')+1:] }

// Attr is the value of an attribute of the current start tag, by its local
// name, entities resolved; nil if it is absent.
func (x *XML) Attr(name string) []byte {
	for key, value := range x.Attributes {
		if string(local(key)) == name {
			return value
		}
	}
	return nil
}

// Attributes yields the name, with its prefix, and the value of every
// attribute of the current start tag.
func (x *XML) Attributes(yield func(name, value []byte) bool) {
	for b := x.attrs; ; {
		eq := bytes.IndexByte(b, '=')
		if eq < 0 {
			return
		}
		key := bytes.TrimSpace(b[:eq])
		b = bytes.TrimLeft(b[eq+1:], " \t\r\n")
		if len(b) == 0 {
			return
		}
		to := bytes.IndexByte(b[1:], b[0])
		if to < 0 {
			return
		}
		if !yield(key, unescape(b[1:1+to])) {
			return
		}
		b = b[to+2:]
	}
}

// unescape resolves the five named entities and character references. It
// returns b itself where there are none. Unknown entities stay as they are.
func unescape(b []byte) []byte {
	i := bytes.IndexByte(b, '&')
	if i < 0 {
		return b
	}
	out := append(make([]byte, 0, len(b)), b[:i]...)
	for b = b[i:]; len(b) > 0; {
		semi := bytes.IndexByte(b[:min(len(b), 12)], ';')
		if b[0] != '&' || semi < 0 {
			out, b = append(out, b[0]), b[1:]
			continue
		}
		r := entity(string(b[1:semi]))
		if r < 0 {
			out, b = append(out, b[0]), b[1:]
			continue
		}
		out, b = utf8.AppendRune(out, r), b[semi+1:]
	}
	return out
}

func entity(name string) rune {
	switch name {
	case "amp":
		return '&'
	case "lt":
		return '<'
	case "gt":
		return '>'
	case "quot":
		return '"'
	case "apos":
		return '\''
	}
	base, digits := 10, ""
	if len(name) > 1 && name[0] == '#' {
		digits = name[1:]
		if digits[0] == 'x' || digits[0] == 'X' {
			base, digits = 16, digits[1:]
		}
	}
	n, err := strconv.ParseUint(digits, base, 21)
	if err != nil || n > utf8.MaxRune {
		return -1
	}
	return rune(n)
}
