package workbook

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"testing"

	"rongtong/connectors/files/table"
)

// readBook reads all of a workbook: whatever the bytes, there is an end, and an
// error is the file's.
func readBook(t *testing.T, in []byte) (rows int) {
	b, err := Open(bytes.NewReader(in), int64(len(in)))
	if err != nil {
		if table.AsBad(err) == nil {
			t.Fatalf("an error of the file is no *table.Bad: %v", err)
		}
		return 0
	}
	defer b.Close()
	for i, s := range b.Sheets {
		if i == 20 {
			break
		}
		r, err := b.Open(s)
		for n := 0; err == nil && n <= len(in)*200+65536; n++ {
			if _, err = r.Next(); err == nil {
				rows++
			}
		}
		if err != io.EOF && table.AsBad(err) == nil {
			t.Fatalf("an error of the file is no *table.Bad: %v", err)
		}
		if r != nil {
			r.Close()
		}
	}
	return rows
}

func FuzzXLS(f *testing.F) {
	for _, name := range []string{"tiny.xls"} {
		b, err := os.ReadFile("../testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
	f.Fuzz(func(t *testing.T, in []byte) { readBook(t, in) })
}

// FuzzBIFF feeds records without their container, in which a fuzzer finds its
// way better.
func FuzzBIFF(f *testing.F) {
	rec := func(op uint16, data ...byte) []byte {
		return append(binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, op), uint16(len(data))), data...)
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	bof := rec(recBOF, 0, 6, 5, 0)
	globals := join(bof, rec(recBoundSheet, 200, 0, 0, 0, 0, 0, 1, 0, 's'), rec(recFormat, 0xA4, 0, 4, 0, 0, 'y', 'y', 'm', 'm'), rec(recXF, 0, 0, 0xA4, 0),
		rec(recSST, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 1, 'a', 0, 'b', 0), rec(recContinue, 0, 'c', 1, 0, 8, 1, 0, 'x', 1, 2, 3, 4), rec(recEOF))
	for len(globals) < 200 {
		globals = append(globals, 0)
	}
	f.Add(join(globals, bof, rec(recLabelSST, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0), rec(recRK, 1, 0, 0, 0, 0, 0, 2, 1, 0, 0), rec(recMulRK, 1, 0, 1, 0, 0, 0, 2, 1, 0, 0, 0, 0, 3, 1, 0, 0, 2, 0),
		rec(recFormula, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0), rec(recString, 1, 0, 0, 'x'), rec(recBoolErr, 2, 0, 1, 0, 0, 0, 0x2A, 1),
		rec(recLabel, 3, 0, 0, 0, 0, 0, 1, 0, 0, 'y'), rec(recNumber, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F), rec(recMergeCells, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0), rec(recEOF)))
	f.Add(join(rec(recBOF, 0, 5, 5, 0), rec(recCodePage, 0xA8, 3), rec(recBoundSheet, 40, 0, 0, 0, 0, 0, 2, 0xBC, 0xD7), rec(recEOF), rec(recBOF, 0, 5), rec(recLabel, 0, 0, 0, 0, 0, 0, 2, 0, 0xBC, 0xD7), rec(recEOF)))
	f.Fuzz(func(t *testing.T, in []byte) {
		b := &Book{}
		w := &xls{stream: bytes.NewReader(in)}
		if err := w.globals(b); err != nil {
			return
		}
		b.format = w
		defer b.Close()
		for i, s := range b.Sheets {
			if i == 20 {
				break
			}
			r, err := b.Open(s)
			for n := 0; err == nil; n++ {
				if _, err = r.Next(); n > len(in) {
					t.Fatal("more rows than bytes")
				}
			}
			if err != io.EOF && table.AsBad(err) == nil {
				t.Fatalf("an error of the file is no *table.Bad: %v", err)
			}
		}
	})
}

// FuzzXLSX feeds the parts of a workbook, packed anew.
func FuzzXLSX(f *testing.F) {
	f.Add([]byte(`<sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" s="1"><v>45000.5</v></c></row><row><c t="inlineStr"><is><t>x</t></is></c></row></sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells>`),
		[]byte(`<sst><si><t>a_x000D_</t><rPh><t>b</t></rPh></si></sst>`),
		[]byte(`<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>`))
	f.Add([]byte(`<row r="0"/><row r="-1"><c r="XFD1"/><c r="ZZZZ1"/></row>`), []byte(`<si/>`), []byte(`<xf/>`))
	f.Fuzz(func(t *testing.T, sheet, texts, styles []byte) {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for name, part := range map[string][]byte{
			"xl/workbook.xml":            []byte(`<workbook><workbookPr date1904="0"/><sheets><sheet name="s" r:id="r1"/></sheets></workbook>`),
			"xl/_rels/workbook.xml.rels": []byte(`<Relationships><Relationship Id="r1" Target="s.xml"/></Relationships>`),
			"xl/s.xml":                   sheet, "xl/sharedStrings.xml": texts, "xl/styles.xml": styles,
		} {
			w, err := z.CreateHeader(&zip.FileHeader{Name: name})
			if err != nil {
				t.Fatal(err)
			}
			w.Write(part)
		}
		z.Close()
		readBook(t, b.Bytes())
	})
}

// FuzzDateFormat: whatever a format says, it is one of dates or not.
func FuzzDateFormat(f *testing.F) {
	for _, s := range []string{`[$-804]yyyy"年"m"月"d"日"`, "[h]:mm:ss", `#,##0.00"元"`, "General", `\d0`, "@", `"`, "[", "m/d/yy h:mm;@"} {
		f.Add(s, 45000.5)
	}
	f.Fuzz(func(t *testing.T, s string, v float64) {
		dateFormat(s)
		appendDate(nil, v, false)
		appendDate(nil, v, true)
		appendNumber(nil, v)
		appendRaw(nil, []byte(s))
	})
}
