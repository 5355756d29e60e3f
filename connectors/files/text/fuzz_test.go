package text

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"rongtong/connectors/files/table"
)

// readAll reads a table to its end: a line of text for every row. No reader may
// need more rows than there are bytes.
func readAll(t *testing.T, in []byte, tab table.Table) (rows []string, err error) {
	for range len(in) + 2 {
		l, err := tab.Next()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			if table.AsBad(err) == nil {
				t.Fatalf("an error of the file is no *table.Bad: %v", err)
			}
			return rows, err
		}
		s := fmt.Sprint(l.No, l.Fault, l.Lossy, l.Nested)
		for _, c := range l.Cells {
			if c == nil {
				s += "|null"
				continue
			}
			s += "|" + string(c)
		}
		rows = append(rows, s)
	}
	t.Fatal("more rows than bytes")
	return nil, nil
}

// same holds a reader of the whole text against one that gets it byte by byte.
func same(t *testing.T, in []byte, open func(io.Reader) table.Table) ([]string, error) {
	whole, err := readAll(t, in, open(bytes.NewReader(in)))
	pieces, err2 := readAll(t, in, open(iotest.OneByteReader(bytes.NewReader(in))))
	if (err == nil) != (err2 == nil) || strings.Join(whole, "\n") != strings.Join(pieces, "\n") {
		t.Fatalf("whole: %q, %v\nin pieces: %q, %v", whole, err, pieces, err2)
	}
	return whole, err
}

// FuzzCSVQuotes: whatever the quotes, every line is in exactly one row, in
// order, and rows that are no fault have the width.
func FuzzCSVQuotes(f *testing.F) {
	for _, s := range []string{"1,\"a\n2,b\n3,\"c\"\n", "\"1\n2\",b\n", "1,\"\n\n\"\n", "a,\"b\"c\n\"d,e\n", "\"\"\"\n\",x\r\n,\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		last := 0
		rows, err := same(t, in, func(r io.Reader) table.Table {
			c := NewCSV(r, ',', false)
			c.Width = 2
			return c
		})
		for _, r := range rows {
			var no int
			fmt.Sscan(r, &no)
			if no <= last {
				t.Fatalf("line %d after line %d", no, last)
			}
			last = no
		}
		if err == nil && len(in) > 0 && in[len(in)-1] == '\n' && bytes.IndexByte(in, '"') < 0 {
			if want := len(bytes.Fields(bytes.ReplaceAll(in, []byte(" "), []byte("x")))); want > 0 && len(rows) == 0 {
				t.Fatalf("no rows of %q", in)
			}
		}
	})
}

// FuzzJSON holds our reading against encoding/json: what that takes for objects,
// one after another or in arrays, are our records, member for member.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`[{"a":1,"b":null},{"a":"\u4e2d\n","c":{"d":true}}]`, `{"a":1}{"a":2}`, `[] [{"a":[1]}]`, `["a","b"][["1",2],[3]]`, `[{"a":1},`, "\uFEFF[{}]", `[[["a"]]]`, `{"a":{"b":{"c":1}},"a":2}`} {
		f.Add([]byte(s), "")
	}
	f.Add([]byte(`{"data":{"list":[{"a":1}],"n":[{}]},"x":[[1]]}`), "data.list")
	f.Fuzz(func(t *testing.T, in []byte, path string) {
		rows, err := same(t, in, func(r io.Reader) table.Table { return NewJSON(r, path) })
		if path != "" {
			return
		}
		want, ok := objects(in)
		if !ok {
			return
		}
		if err != nil {
			t.Fatalf("encoding/json takes it: %v", err)
		}
		if len(rows) != want {
			t.Fatalf("%d records, want %d: %q", len(rows), want, rows)
		}
	})
}

// objects counts the objects of a text that is nothing but objects and arrays
// of them.
func objects(in []byte) (n int, ok bool) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(in, bom)))
	for {
		var v any
		err := d.Decode(&v)
		if err == io.EOF {
			return n, true
		}
		if err != nil {
			return 0, false
		}
		switch v := v.(type) {
		case map[string]any:
			n++
		case []any:
			for _, e := range v {
				if _, ok := e.(map[string]any); !ok {
					return 0, false
				}
				n++
			}
		default:
			return 0, false
		}
	}
}

func FuzzJSONLines(f *testing.F) {
	for _, s := range []string{"{\"a\":1}\n{\"a\":\"x\\ny\"}\r\n\n{bad}\n{\"b\":2}", "\n", "{\"a\":", "[1]\n{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		rows, err := same(t, in, func(r io.Reader) table.Table { return NewJSONLines(r) })
		lines := 0
		for l := range bytes.Lines(bytes.TrimPrefix(in, bom)) {
			if len(bytes.TrimSpace(l)) > 0 {
				lines++
			}
		}
		if err == nil && !bytes.Contains(in, bom) && len(rows) != lines {
			t.Fatalf("%d rows of %d lines: %q", len(rows), lines, rows)
		}
	})
}

func FuzzRecords(f *testing.F) {
	for _, s := range []string{"<D><r a='1'><x>1</x><y><z>2</z></y></r><r/><q><r/></q></D>", "<D><r><x/><x>1</x></r></D>", "<D><r>", "<D><r></D></r>", "<D><r xmlns:a='u' a:nil='true'><x a:nil='true'>1</x></r></D>", "<a.b><c.d/></a.b>"} {
		f.Add([]byte(s), "D.r")
	}
	f.Fuzz(func(t *testing.T, in []byte, path string) {
		same(t, in, func(r io.Reader) table.Table { return NewRecords(r, path) })
		if _, err := GuessRecords(bytes.NewReader(in), int64(len(in))); err != nil && table.AsBad(err) == nil {
			t.Fatal(err)
		}
	})
}

// FuzzDecode: whatever the bytes and the declaration, the text is UTF-8.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"a,b\n", "\xff\xfea\x00,\x00", "\xfe\xff\x00a", "\xfe\x59", "a\x00b\x00\n\x00", "\xff\xfe\x3d\xd8", "<?xml version='1.0' encoding=\"GBK\"?>"} {
		f.Add([]byte(s), uint8(0))
	}
	f.Fuzz(func(t *testing.T, in []byte, which uint8) {
		declared := append([]string{""}, Encodings...)[int(which)%(len(Encodings)+1)]
		src, used, err := Decode(bytes.NewReader(in), int64(len(in)), declared)
		if err != nil {
			t.Fatal(err)
		}
		out, err := io.ReadAll(src)
		if err != nil {
			t.Fatal(err)
		}
		if used != "utf-8" && !utf8.Valid(out) {
			t.Fatalf("%s as %s gave %q", in, used, out)
		}
		Sniff(bytes.NewReader(in))
		XMLEncoding(bytes.NewReader(in))
	})
}
