package archive

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"io"
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"rongtong/connectors/files/table"
)

func pack(tb testing.TB, headers []*zip.FileHeader, data string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, h := range headers {
		w, err := z.CreateHeader(h)
		if err != nil {
			tb.Fatal(err)
		}
		io.WriteString(w, data)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// TestNames: names as Windows, macOS, Linux and Info-ZIP write them.
func TestNames(t *testing.T) {
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(`台账\村.csv`)
	if err != nil {
		t.Fatal(err)
	}
	extra := append([]byte{0x75, 0x70, 5 + 7, 0, 1, 0xef, 0xde, 0xf1, 0x8c}, "村.csv"...) // the checksum is put right below
	for _, tc := range []struct {
		h    zip.FileHeader
		want string
	}{
		{zip.FileHeader{Name: "台账/村.csv"}, "台账/村.csv"},
		{zip.FileHeader{Name: "台账/村.csv", NonUTF8: true}, "台账/村.csv"},
		{zip.FileHeader{Name: gbk, NonUTF8: true}, "台账/村.csv"},
		{zip.FileHeader{Name: "plain.csv"}, "plain.csv"},
		{zip.FileHeader{Name: "x.csv", NonUTF8: true, Extra: withChecksum(extra, "x.csv")}, "村.csv"},
		{zip.FileHeader{Name: "y.csv", NonUTF8: true, Extra: withChecksum(extra, "x.csv")}, "y.csv"},
	} {
		data := pack(t, []*zip.FileHeader{&tc.h}, "")
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		if got := Name(z.File[0]); got != tc.want {
			t.Errorf("%q became %q, want %q", tc.h.Name, got, tc.want)
		}
	}
}

// TestLimits: small archives may unpack to much, large ones to a multiple.
func TestLimits(t *testing.T) {
	const most = 16 << 30
	for size, want := range map[int64]int64{0: SmallMax, 1000: SmallMax, 1 << 20: 200 << 20, 1 << 30: most} {
		if got := limit(size, most); got != want {
			t.Errorf("%d bytes may unpack to %d, want %d", size, got, want)
		}
	}
	if got := limit(1<<20, 1000); got != 1000 {
		t.Errorf("a declared limit of 1000 became %d", got)
	}
}

// FuzzArchive: nothing leads out, whatever the archive; all that is returned is
// in what was unpacked; errors are the file's.
func FuzzArchive(f *testing.F) {
	gbk, _ := simplifiedchinese.GBK.NewEncoder().String("台账/村.csv")
	f.Add(pack(f, []*zip.FileHeader{{Name: "a/b.csv"}, {Name: gbk, NonUTF8: true}, {Name: "z", Method: zip.Deflate}}, "data"))
	f.Add(pack(f, []*zip.FileHeader{{Name: `..\x`}}, ""))
	f.Add(pack(f, []*zip.FileHeader{{Name: "/x"}, {Name: "c:/x"}}, ""))
	var g bytes.Buffer
	w := gzip.NewWriter(&g)
	io.WriteString(w, strings.Repeat("a", 1000))
	w.Close()
	f.Add(g.Bytes())
	f.Fuzz(func(t *testing.T, in []byte) {
		const most = 1 << 20
		var out bytes.Buffer
		list, err := Unzip(&out, bytes.NewReader(in), int64(len(in)), most, func(name string) bool { return true })
		if err != nil && table.AsBad(err) == nil || out.Len() > most {
			t.Fatalf("%d bytes, %v", out.Len(), err)
		}
		for _, m := range list {
			if path.IsAbs(m.Name) || m.Name == ".." || strings.HasPrefix(m.Name, "../") || strings.Contains(m.Name, `\`) || !utf8.ValidString(m.Name) || m.From > m.To || m.To > int64(out.Len()) {
				t.Fatalf("%+v of %d bytes", m, out.Len())
			}
		}
		out.Reset()
		if n, err := Gunzip(&out, bytes.NewReader(in), int64(len(in)), most); err != nil && table.AsBad(err) == nil || n > most+1<<16 {
			t.Fatalf("%d bytes, %v", n, err)
		}
	})
}

// withChecksum puts the checksum of a name into the extra field of another.
func withChecksum(extra []byte, name string) []byte {
	b := bytes.Clone(extra)
	binary.LittleEndian.PutUint32(b[5:], crc32.ChecksumIEEE([]byte(name)))
	b[2] = byte(len(b) - 4)
	return b
}
