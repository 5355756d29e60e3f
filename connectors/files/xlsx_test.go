package files

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"rongtong/connectors/conntest"
	"rongtong/schemas"
)

// book writes a workbook by excelize, an implementation that is not ours.
func book(tb testing.TB, fill func(f *excelize.File)) []byte {
	tb.Helper()
	f := excelize.NewFile()
	fill(f)
	if f.SheetCount > 1 {
		f.DeleteSheet("Sheet1")
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func fillSheet(f *excelize.File, name string, rows ...[]any) {
	f.NewSheet(name)
	for i, r := range rows {
		f.SetSheetRow(name, fmt.Sprintf("A%d", i+1), &r)
	}
}

// township is a ledger as a township writes it: titles, a header of two rows
// with merged cells, subtotals and a total.
func township(tb testing.TB, villages int) []byte {
	return book(tb, func(f *excelize.File) {
		fillSheet(f, "预案与演练", []any{"解放路街道预案与演练台账"}, []any{"填报单位：解放路街道", nil, nil, "单位：人"},
			[]any{"序号", "类型", "预案名称", "预案种类", "发布日期", "演练日期", "参加人数", "联合乡镇代码"},
			[]any{1, "预案", "防汛预案", "自然灾害", 45000, nil, nil, "370102002、370102003"})
		f.MergeCell("预案与演练", "A1", "H1")
		rows := [][]any{{"户数台账"}, {"序号", "村居代码", "村居名称", "月份", "人口", nil}, {nil, nil, nil, nil, "常住户数", "常住人口"}}
		sum, people := 0, 0
		for i := range villages {
			rows = append(rows, []any{i + 1, fmt.Sprintf("370102001%03d", i), "某村", "2025-12", 100 + i, 300.5})
			sum, people = sum+100+i, people+1
		}
		rows = append(rows, []any{"合 计", nil, nil, nil, sum, 300.5 * float64(people)})
		fillSheet(f, "户数", rows...)
		f.MergeCell("户数", "A1", "F1")
		f.MergeCell("户数", "E2", "F2")
		for _, c := range "ABCD" {
			f.MergeCell("户数", string(c)+"2", string(c)+"3")
		}
		f.SetSheetVisible("户数", false)
		fillSheet(f, "综合服务设施", []any{"x"},
			[]any{"序号", "村居代码", "村居名称", "设施类别", "场所", nil, "启用日期"},
			[]any{nil, nil, nil, nil, "建筑面积（平方米）", "直接服务面积（平方米）"},
			[]any{1, "370102001001", "甲", "已建成城市社区", 300, 200.5, "2015/6/1"},
			[]any{2, "370102001002", "乙", nil, 100, 50, "2015/6/1"},
			[]any{"小计", nil, nil, nil, 400, 250.5},
			[]any{},
			[]any{3, "370102001003", "丙", "农村", "1,000", 10},
			[]any{"小计", nil, nil, nil, 1000, 11},
			[]any{"总计", nil, nil, nil, 1400, 260.5})
		f.MergeCell("综合服务设施", "E2", "F2")
		f.MergeCell("综合服务设施", "D4", "D5")
		for _, c := range "ABCDG" {
			f.MergeCell("综合服务设施", string(c)+"2", string(c)+"3")
		}
	})
}

func TestTownshipLedger(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "370102001_解放路街道台账.xlsx"), township(t, 2), 0)
	put(t, filepath.Join(dir, "~$370102001_解放路街道台账.xlsx"), []byte("lock"), 0)
	put(t, filepath.Join(dir, "370102002_坏.xlsx"), []byte(`{"code":1}`), 0)
	put(t, filepath.Join(dir, "370102003_空.xlsx"), book(t, func(f *excelize.File) { fillSheet(f, "其他", []any{"a"}) }), 0)
	whole := township(t, 2)
	put(t, filepath.Join(dir, "370102004_断.xlsx"), whole[:len(whole)/2], 0)
	sys := declared(t, "township_ledger", map[string]string{"RONGTONG_TOWNSHIP_DIR": dir})
	read := func(stream string) []string {
		got, _ := rows(t, open(t, kindOf("folder"), sys, stream, nil))
		return got
	}
	empty := func(sys *schemas.System, stream, town string) string {
		e, _ := sys.Streams.Get(stream)
		v := `{"镇代码":"` + town + `"`
		for _, f := range e.Value.Fields[1:] {
			v += `,"` + f.Key + `":null`
		}
		return v + "}"
	}
	bad := func(stream string) []string {
		return []string{"370102002_坏.xlsx file.unreadable " + empty(sys, stream, "370102002"),
			"370102003_空.xlsx xlsx.sheet " + empty(sys, stream, "370102003"),
			"370102004_断.xlsx file.unreadable " + empty(sys, stream, "370102004")}
	}
	equal(t, read("drill"), append([]string{
		`370102001_解放路街道台账.xlsx!预案与演练:4 {"镇代码":"370102001","序号":"1","类型":"预案","预案名称":"防汛预案","预案种类":"自然灾害","发布日期":"45000","演练日期":"","参加人数":"","联合乡镇代码":"370102002、370102003"}`},
		bad("drill")...)...)
	equal(t, read("household"), append([]string{
		`370102001_解放路街道台账.xlsx!户数:4 {"镇代码":"370102001","村居代码":"370102001000","月份":"2025-12","人口 常住户数":"100","人口 常住人口":"300.5"}`,
		`370102001_解放路街道台账.xlsx!户数:5 {"镇代码":"370102001","村居代码":"370102001001","月份":"2025-12","人口 常住户数":"101","人口 常住人口":"300.5"}`},
		bad("household")...)...)
	equal(t, read("facility"), append([]string{
		`370102001_解放路街道台账.xlsx!综合服务设施:4 {"镇代码":"370102001","村居代码":"370102001001","村居名称":"甲","设施类别":"已建成城市社区","场所 建筑面积（平方米）":"300","场所 直接服务面积（平方米）":"200.5","启用日期":"2015/6/1"}`,
		`370102001_解放路街道台账.xlsx!综合服务设施:5 {"镇代码":"370102001","村居代码":"370102001002","村居名称":"乙","设施类别":"已建成城市社区","场所 建筑面积（平方米）":"100","场所 直接服务面积（平方米）":"50","启用日期":"2015/6/1"}`,
		`370102001_解放路街道台账.xlsx!综合服务设施:8 {"镇代码":"370102001","村居代码":"370102001003","村居名称":"丙","设施类别":"农村","场所 建筑面积（平方米）":"1,000","场所 直接服务面积（平方米）":"10","启用日期":""}`,
		`370102001_解放路街道台账.xlsx!综合服务设施:9 total.mismatch {"镇代码":"370102001","村居代码":"","村居名称":"","设施类别":"","场所 建筑面积（平方米）":"1000","场所 直接服务面积（平方米）":"11","启用日期":""}`},
		bad("facility")...)...)
	s := open(t, kindOf("folder"), sys, "facility", nil)
	rows(t, s)
	if st := s.Stats(); st.Totals != 2 || st.Objects != 4 {
		t.Errorf("stats %+v", st)
	}
}

func TestXLSXHeader(t *testing.T) {
	cases := []struct {
		name string
		rows [][]any
		want []string
	}{
		{"too far down", [][]any{{"1"}, {"2"}, {"3"}, {"4"}, {"5"}, {"6"}, {"7"}, {"8"}, {"9"}, {"10"}, {"a", "b"}, {1, 2}}, []string{`x.xlsx!s xlsx.header {"a":null,"b":null}`}},
		{"in the tenth row", [][]any{{"1"}, {"2"}, {"3"}, {"4"}, {"5"}, {"6"}, {"7"}, {"8"}, {"9"}, {"b", "a"}, {1, 2}}, []string{`x.xlsx!s:11 {"a":"2","b":"1"}`}},
		{"absent", [][]any{{"a", "c"}, {1, 2}}, []string{`x.xlsx!s xlsx.header {"a":null,"b":null}`}},
		{"only", [][]any{{"a", "b"}}, nil},
		{"with line breaks", [][]any{{"a\n", " b"}, {"x\r\ny", "&<>\"' _x000D_"}, {"_x", "_xyz1_"}}, []string{`x.xlsx!s:2 {"a":"x\r\ny","b":"&<>\"' \r"}`, `x.xlsx!s:3 {"a":"_x","b":"_xyz1_"}`}},
		{"kinds of cells", [][]any{{"a", "b"}, {true, 0.1}, {nil, nil}, {" ", nil}, {12345678901234567.0, 1e21}}, []string{`x.xlsx!s:2 {"a":"1","b":"0.1"}`, ``}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, filepath.Join(dir, "x.xlsx"), book(t, func(f *excelize.File) { fillSheet(f, "s", tc.rows...) }), 0)
			got, _ := rows(t, open(t, kindOf("folder"), one(t, dir, `{ path: '.*', format: xlsx, sheet: s, header: [a, b] }`, `{ a: text, b: text }`), "s", nil))
			if len(tc.want) > 1 && tc.want[1] == "" && len(got) == 2 {
				tc.want[1] = got[1] // how excelize writes floats is its own affair
			}
			equal(t, got, tc.want...)
		})
	}
}

func TestOptionalSheet(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "x.xlsx"), book(t, func(f *excelize.File) { fillSheet(f, "other", []any{"a"}) }), 0)
	s := open(t, kindOf("folder"), one(t, dir, `{ path: '.*', format: xlsx, sheet: s, optional: true, header: [a] }`, `{ a: text }`), "s", nil)
	if got, _ := rows(t, s); len(got) > 0 {
		t.Errorf("got %v", got)
	}
}

// TestForeignWorkbooks: shapes that other programs write and excelize does not.
func TestForeignWorkbooks(t *testing.T) {
	sheet := `<?xml version="1.0"?><!-- c --><x:worksheet xmlns:x="u"><x:sheetData>
<x:row><x:c t="inlineStr"><x:is><x:r><x:t>a</x:t></x:r><x:rPh><x:t>no</x:t></x:rPh></x:is></x:c><x:c t="s"><x:v>1</x:v></x:c></x:row>
<x:row r='3'><x:c r="B3" t="str"><x:f>1&gt;0</x:f><x:v>&#20013;&amp;</x:v></x:c><x:c r="A3"><x:v><![CDATA[7]]></x:v></x:c></x:row>
<x:row r="4"/><x:row r="5"><x:c r="A5" t="e"><x:v>#N/A</x:v></x:c><x:c r="B5"/></x:row></x:sheetData></x:worksheet>`
	shared := `<sst><si><t>x</t></si><si><r><t xml:space="preserve">b</t></r><rPh sb="0"><t>hint</t></rPh></si></sst>`
	make := func(parts map[string]string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for n, s := range parts {
			w, err := z.Create(n)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(w, s)
		}
		z.Close()
		return b.Bytes()
	}
	parts := func(change func(map[string]string)) map[string]string {
		m := map[string]string{
			"xl/workbook.xml":            `<workbook><sheets><sheet name=" S " sheetId="1" r:id="r1"/></sheets></workbook>`,
			"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Target="/xl/worksheets/Sheet1.xml"/></Relationships>`,
			"xl/worksheets/Sheet1.xml":   sheet, "xl/sharedStrings.xml": shared,
		}
		change(m)
		return m
	}
	read := func(data []byte) []string {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "x.xlsx"), data, 0)
		got, _ := rows(t, open(t, kindOf("folder"), one(t, dir, `{ path: '.*', format: xlsx, sheet: s, header: [a, b] }`, `{ a: text, b: text }`), "s", nil))
		return got
	}
	equal(t, read(make(parts(func(map[string]string) {}))), `x.xlsx!s:3 {"a":"7","b":"中&"}`, `x.xlsx!s:5 {"a":"#N/A","b":""}`)
	fault := func(rule string) string { return `x.xlsx!s ` + rule + ` {"a":null,"b":null}` }
	equal(t, read(make(parts(func(m map[string]string) { delete(m, "xl/worksheets/Sheet1.xml") }))), fault("file.unreadable"))
	equal(t, read(make(parts(func(m map[string]string) { m["xl/worksheets/Sheet1.xml"] = sheet[:len(sheet)-40] }))), fault("file.truncated"))
	equal(t, read(make(parts(func(m map[string]string) { m["xl/sharedStrings.xml"] = "<sst/>" }))), fault("file.unreadable"))
	equal(t, read(make(parts(func(m map[string]string) {
		m["xl/worksheets/Sheet1.xml"] = `<!DOCTYPE x [<!ENTITY a "b">]>` + sheet
	}))), fault("file.unreadable"))
	whole := make(parts(func(map[string]string) {}))
	whole[len(whole)/3] ^= 0x20 // a flipped bit in the packed data
	if got := read(whole); len(got) != 1 || !strings.Contains(got[0], "file.unreadable") && !strings.Contains(got[0], "file.truncated") {
		t.Errorf("a damaged archive gave %v", got)
	}
}

func BenchmarkWorkbook(b *testing.B) {
	dir := b.TempDir()
	p := filepath.Join(dir, "370102001_x.xlsx")
	put(b, p, township(b, 40), 0)
	data, _ := os.ReadFile(p)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		sys := conntest.Declare(b, fmt.Sprintf("connect: { kind: folder, root: %q }\n", dir)+`streams:
  household:
    from: { path: '(?P<镇代码>\d{9})_.*\.xlsx', format: xlsx, sheet: 户数, header: [序号, 村居代码, 村居名称, 月份, 人口 常住户数, 人口 常住人口], total: { label: 序号, words: [合计, 小计, 总计], sum: [人口 常住户数, 人口 常住人口] }, at: { mtime: true } }
    key: [镇代码, 村居代码, 月份]
    fields: { 镇代码: text, 村居代码: text, 月份: text, 人口 常住户数: text, 人口 常住人口: text }
`)
		for b.Loop() {
			s := open(b, kindOf("folder"), sys, "household", nil)
			if got, _ := rows(b, s); len(got) != 40 {
				b.Fatal(len(got))
			}
		}
	})
	b.Run("excelize", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true})
			if err != nil {
				b.Fatal(err)
			}
			it, _ := f.Rows("户数")
			n := 0
			for it.Next() {
				it.Columns()
				n++
			}
			f.GetMergeCells("户数")
			f.Close()
		}
	})
}
