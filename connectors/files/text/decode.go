package text

import (
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Encodings are the names a declaration may give. auto decides by the content.
var Encodings = []string{"utf-8", "gb18030", "utf-16", "utf-16le", "utf-16be", "auto"}

var (
	bomLE = []byte{0xFF, 0xFE}
	bomBE = []byte{0xFE, 0xFF}
)

// Decode reads size bytes of r as UTF-8, and says what they were. A byte order
// mark wins over the declaration: no GB 18030 text begins with one. What is no
// character becomes U+FFFD, never an error: the record that holds it is
// judged, not the file.
func Decode(r io.ReaderAt, size int64, declared string) (src io.Reader, encoding string, err error) {
	if encoding, err = detect(r, size, declared); err != nil {
		return nil, "", err
	}
	src = io.NewSectionReader(r, 0, size)
	switch encoding {
	case "gb18030":
		src = NewGB18030(src)
	case "utf-16le":
		src = transform.NewReader(src, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder())
	case "utf-16be":
		src = transform.NewReader(src, unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder())
	}
	return src, encoding, nil
}

func detect(r io.ReaderAt, size int64, declared string) (string, error) {
	head := make([]byte, 256)
	n, err := r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return "", err
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, bom):
		return "utf-8", nil
	case bytes.HasPrefix(head, bomLE):
		return "utf-16le", nil
	case bytes.HasPrefix(head, bomBE):
		return "utf-16be", nil
	}
	switch declared {
	case "":
		return "utf-8", nil
	case "utf-16": // without a mark: what Windows writes
		return "utf-16le", nil
	case "auto":
	default:
		return declared, nil
	}
	if e := unmarked16(head); e != "" {
		return e, nil
	}
	ok, err := isUTF8(io.NewSectionReader(r, 0, size))
	if err != nil || ok {
		return "utf-8", err
	}
	return "gb18030", nil
}

// unmarked16 finds UTF-16 without a mark: a text in it has many zero bytes, all
// on one side of its units (delimiters, digits, line ends); other texts none.
func unmarked16(head []byte) string {
	var zero [2]int
	for i, b := range head {
		if b == 0 {
			zero[i%2]++
		}
	}
	switch {
	case zero[1] > len(head)/16 && zero[0] == 0:
		return "utf-16le"
	case zero[0] > len(head)/16 && zero[1] == 0:
		return "utf-16be"
	}
	return ""
}

// isUTF8 reads everything: a text whose first page is ASCII may turn out to be
// GB 18030 on the last.
func isUTF8(r io.Reader) (bool, error) {
	buf := make([]byte, 64<<10)
	kept := 0
	for {
		n, err := r.Read(buf[kept:])
		b := buf[:kept+n]
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return err == nil && utf8.Valid(b), err
		}
		cut := len(b) // a character may be cut by the end of the buffer
		for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
			if utf8.RuneStart(b[len(b)-i]) {
				if !utf8.FullRune(b[len(b)-i:]) {
					cut = len(b) - i
				}
				break
			}
		}
		if !utf8.Valid(b[:cut]) {
			return false, nil
		}
		kept = copy(buf, b[cut:])
	}
}

// Sniff says what content evidently is, by its first bytes: "json", "xml" (a
// web page too), "zip", "gzip", "ole" (an old workbook), "parquet", "binary",
// or "" for what may be a plain table.
func Sniff(r io.ReaderAt) string {
	head := make([]byte, 512)
	n, _ := r.ReadAt(head, 0)
	head = head[:n]
	for _, m := range []struct{ magic, kind string }{
		{"PK\x03\x04", "zip"}, {"PK\x05\x06", "zip"}, {"\x1f\x8b", "gzip"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"}, {"PAR1", "parquet"},
	} {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.kind
		}
	}
	wide := bytes.HasPrefix(head, bomLE) || bytes.HasPrefix(head, bomBE)
	t := bytes.TrimLeft(bytes.TrimPrefix(head, bom), " \t\r\n")
	switch {
	case len(t) == 0 || wide:
		return ""
	case t[0] == '{' || t[0] == '[':
		return "json"
	case t[0] == '<':
		return "xml"
	case bytes.IndexByte(head, 0) >= 0 && unmarked16(head) == "":
		return "binary"
	}
	return ""
}
