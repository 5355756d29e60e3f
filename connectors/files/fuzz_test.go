package files

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"rongtong/schemas/record"
)

func FuzzPosition(f *testing.F) {
	s := newState()
	s.see(1, known{2, ident{3}})
	s.see(1, known{4, ident{5}})
	f.Add([]byte(s.encode()))
	s.cur = &progress{path: 7, id: ident{8}, rows: 300}
	f.Add([]byte(s.encode()))
	f.Add([]byte{1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		s, err := decodeState(in)
		if err != nil || len(in) == 0 {
			return
		}
		if out := s.encode(); !bytes.Equal(out, in) {
			t.Fatalf("%x became %x", in, out)
		}
	})
}

// FuzzWorkbook feeds damaged workbooks: no panic, and an end.
func FuzzWorkbook(f *testing.F) {
	f.Add(township(f, 3))
	f.Add([]byte("PK\x05\x06"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, in []byte) {
		p := filepath.Join(dir, "x.xlsx")
		put(t, p, in, 0)
		defer os.Remove(p)
		s := open(t, kindOf("folder"), one(t, dir, `{ path: '.*', format: xlsx, sheet: 户数, header: { 序号: [], a: [月份] }, total: { label: 序号, words: [合计], sum: [序号] } }`, `{ a: text }`), "s", nil)
		var c record.Chunk
		if _, err := s.Read(t.Context(), &c); err != nil && err != io.EOF {
			t.Fatal(err)
		}
	})
}
