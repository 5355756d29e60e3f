package files

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"rongtong/schemas"
	"rongtong/schemas/record"
)

var update = flag.Bool("update", false, "write the golden files anew")

// long texts are shown by their beginning and their length.
var long = regexp.MustCompile(`[^",\\]{50,}`)

func shorten(s string) string {
	return long.ReplaceAllStringFunc(s, func(v string) string {
		r := []rune(v)
		return fmt.Sprintf("%s…%d", string(r[:20]), utf8.RuneCountInString(v))
	})
}

// formatStream is a system of one stream without a key in a folder.
func formatStream(tb testing.TB, root, from, fields string) *schemas.System {
	sys := one(tb, root, from, fields)
	sys.Streams[0].Value.Key = nil
	return sys
}

// TestForeignFiles reads files that other programs wrote (testdata/make.py) and
// holds every record against the golden file.
func TestForeignFiles(t *testing.T) {
	var out strings.Builder
	for _, tc := range []struct{ from, fields string }{
		{`{ path: 'ledger.xls', format: xls, sheet: 户数, header: [村居代码, 名称, 户数, 登记日期, 更新时间, 比例, 公式] }`, `{ 村居代码: text, 名称: text, 户数: text, 登记日期: text, 更新时间: text, 比例: text, 公式: text }`},
		{`{ path: 'from1904.xls', format: xls, sheet: 户数, header: [村居代码, 登记日期, 更新时间] }`, `{ 村居代码: text, 登记日期: text, 更新时间: text }`},
		{`{ path: 'ledger.xls', format: xls, sheets: '(?P<村>.*村|隐藏)', header: [村居代码], may_lack: [] }`, `{ 村: text, 村居代码: text }`},
		{`{ path: 'ledger.xls', format: xls, sheets: '隐(?P<名>.)', hidden: true, header: [村居代码] }`, `{ 名: text, 村居代码: text }`},
		{`{ path: 'ledger.xls', format: xls, sheets: '没有', header: [村居代码] }`, `{ 村居代码: text }`},
		{`{ path: 'vfp.dbf', format: dbf, header: [dm, mc, je, zs, bl, yb, sj, rq, sf, bz] }`, `{ dm: text, mc: text, je: number, zs: number, bl: number, yb: number, sj: text, rq: text, sf: bool, bz: text }`},
		{`{ path: 'db3.dbf', format: dbf, header: { dm: [], mc: [], 金额: [je], rq: [], sf: [], bz: [] } }`, `{ dm: text, mc: text, 金额: text, rq: text, sf: text, bz: text }`},
		{`{ path: 'db3.dbf', format: dbf, header: [dm, xx, yy], may_lack: [yy] }`, `{ dm: text }`},
		{`{ path: 'types.parquet', format: parquet, header: [dm, i, u, f, b, d, day, ts, tz, t, c] }`, `{ dm: text, i: number, u: number, f: number, b: bool, d: text, day: text, ts: text, tz: text, t: text, c: text }`},
		{`{ path: 'types.parquet', format: parquet, header: [dm, l, s] }`, `{ dm: text, l: text }`},
		{`{ path: 'pages.parquet', format: parquet, header: [dm, mc] }`, `{ dm: text, mc: text }`},
		{`{ path: 'pages.parquet', format: xlsx, sheet: a, header: [dm, mc] }`, `{ dm: text, mc: text }`},
	} {
		s := open(t, kindOf("folder"), formatStream(t, "testdata", tc.from, tc.fields), "s", nil)
		got, _ := rows(t, s)
		fmt.Fprintf(&out, "# %s: %d records, %d deleted\n", tc.from, len(got), s.Stats().Deleted)
		for i, g := range got {
			if i < 8 || i > len(got)-4 {
				fmt.Fprintln(&out, shorten(g))
			}
		}
	}
	golden := filepath.Join("testdata", "foreign.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// packed makes a ZIP archive; a name is written as its bytes are.
func packed(tb testing.TB, members ...string) string {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: members[i], Method: zip.Deflate, NonUTF8: !utf8.ValidString(members[i])})
		if err != nil {
			tb.Fatal(err)
		}
		io.WriteString(w, members[i+1])
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func gzipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, s)
	z.Close()
	return b.String()
}

func utf16le(s string, mark bool) string {
	b := []byte{}
	if mark {
		b = append(b, 0xFF, 0xFE)
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

// TestTextFormats: each file is x, in a folder; the fields are a and 名.
func TestTextFormats(t *testing.T) {
	portal := "[\"序号\",\"名\",\"a\"]\n[[1,\"甲\",\"x\"],[2,null,\"y\"],[3]]"
	quoted := "a,名\n1,\"甲\n2,乙\n3,\"丙\"\n4,丁\n"
	for _, tc := range []struct{ name, from, file, want string }{
		// CSV and its kin
		{"UTF-16 with a mark", `{ path: x, format: csv, header: [a, 名] }`, utf16le("a,名\r\n1,甲\r\n", true), `x:2 {"a":"1","名":"甲"}`},
		{"UTF-16 without a mark", `{ path: x, format: csv, encoding: auto, header: [a, 名] }`, utf16le("a,名\r\n1,甲\r\n", false), `x:2 {"a":"1","名":"甲"}`},
		{"UTF-16, big end first", `{ path: x, format: csv, header: [a, 名] }`, "\xfe\xff\x00a\x00,\x54\x0d\x00\n\x001\x00,\x75\x32\x00\n", `x:2 {"a":"1","名":"甲"}`},
		{"TSV", `{ path: x, format: tsv, header: [a, 名] }`, "a\t名\n1\t甲,乙\n", `x:2 {"a":"1","名":"甲,乙"}`},
		{"a delimiter to be found", `{ path: x, format: csv, delimiter: auto, header: [a, 名] }`, "名|a\n甲,乙|1\n", `x:2 {"a":"1","名":"甲,乙"}`},
		{"no delimiter finds the header", `{ path: x, format: csv, delimiter: auto, header: [a, 名] }`, "名|b\n甲|1\n", `x csv.header {"a":null,"名":null}`},
		{"quotes that are none", `{ path: x, format: csv, delimiter: "|", quote: none, header: [a, 名] }`, "a|名\n\"1|\"甲\"\"\n", `x:2 {"a":"\"1","名":"\"甲\"\""}`},
		{"a quote too many costs one line", `{ path: x, format: csv, header: [a, 名] }`, quoted,
			`x:2 csv.quote {"a":null,"名":null}|x:3 {"a":"2","名":"乙"}|x:4 {"a":"3","名":"丙"}|x:5 {"a":"4","名":"丁"}`},
		{"a quote that is never closed costs one line", `{ path: x, format: csv, header: [a, 名] }`, "a,名\n1,\"甲\n2,乙\n", `x:2 csv.quote {"a":null,"名":null}|x:3 {"a":"2","名":"乙"}`},
		{"titles above the header", `{ path: x, format: csv, header: [a, 名] }`, "历下区台账\n填报单位：某,2025\na,名\n1,甲\n", `x:4 {"a":"1","名":"甲"}`},
		{"a column that may lack", `{ path: x, format: csv, header: { a: [], 名: [名称] }, may_lack: [名] }`, "a\n1\n", `x:2 {"a":"1","名":null}`},
		{"an alias, wide and with blanks", `{ path: x, format: csv, header: { a: [Ａ码], 名: [名称（全）] } }`, "\uFEFF名 称(全), A码\n甲,1\n", `x:2 {"a":"1","名":"甲"}`},
		{"two names of one column", `{ path: x, format: csv, header: { a: [b], 名: [] } }`, "a,b,名\n1,2,甲\n", `x csv.header {"a":null,"名":null}`},
		{"a trailer that counts", `{ path: x, format: csv, trailer: '#END,(?P<rows>\d+)', header: [a, 名] }`, "a,名\n1,甲\n2,乙\n#END,2\n", `x:2 {"a":"1","名":"甲"}|x:3 {"a":"2","名":"乙"}`},
		{"a trailer that counts more", `{ path: x, format: csv, trailer: '#END,(?P<rows>\d+)', header: [a, 名] }`, "a,名\n1,甲\n#END,2\n", `x file.truncated {"a":null,"名":null}`},
		{"no trailer", `{ path: x, format: csv, trailer: '#END.*', header: [a, 名] }`, "a,名\n1,甲\n", `x file.truncated {"a":null,"名":null}`},
		{"a total", `{ path: x, format: csv, total: { label: 名, words: [合计], sum: [a], required: true }, header: [a, 名] }`, "a,名\n1,甲\n2,乙\n3,合　计\n", `x:2 {"a":"1","名":"甲"}|x:3 {"a":"2","名":"乙"}`},
		{"no total where one must be", `{ path: x, format: csv, total: { label: 名, words: [合计], sum: [a], required: true }, header: [a, 名] }`, "a,名\n1,甲\n2,乙\n", `x file.truncated {"a":null,"名":null}`},
		{"a web page saved as a table", `{ path: x, format: csv, header: [a, 名] }`, "<html><body>登录超时</body></html>", `x file.unreadable {"a":null,"名":null}`},
		{"a workbook saved as a table", `{ path: x, format: csv, header: [a, 名] }`, packed(t, "xl/workbook.xml", "x"), `x file.unreadable {"a":null,"名":null}`},
		// JSON
		{"an array", `{ path: x, format: json, header: [a, 名] }`, `[{"a":1.50,"名":"甲","b":[1]},` + "\n" + `{"名":null,"a":true}]`, `x:1 {"a":"1.50","名":"甲"}|x:2 {"a":"true","名":null}`},
		{"two arrays, the first of which is the header", `{ path: x, format: json, header: [a, 名] }`, portal, `x:2 {"a":"x","名":"甲"}|x:2 {"a":"y","名":null}|x:2 json.columns {"a":null,"名":null}`},
		{"two arrays of records", `{ path: x, format: json, header: [a, 名] }`, `[{"a":1,"名":"甲"}] [] [{"a":2,"名":"乙"}]`, `x:1 {"a":"1","名":"甲"}|x:1 {"a":"2","名":"乙"}`},
		{"records at a path, names with dots, escapes", `{ path: x, format: json, records: data.list, header: { a: [p.q], 名: [] } }`, `{"code":0,"data":{"n":{"list":[1]},"list":[{"p":{"q":"x\"\u4e2d\ud83d\ude00"},"\u540d":"甲"}],"next":null}}`, `x:1 {"a":"x\"中😀","名":"甲"}`},
		{"no records at the path", `{ path: x, format: json, records: data.list, header: [a, 名] }`, `{"code":0,"data":{"list":null}}`, ``},
		{"a nested field", `{ path: x, format: json, header: [a, 名] }`, `[{"a":[1],"名":"甲"},{"a":2,"名":"乙"}]`, `x:1 json.nested {"a":null,"名":"甲"}|x:1 {"a":"2","名":"乙"}`},
		{"an error message", `{ path: x, format: json, header: [a, 名] }`, `{"code":"0003","msg":"x"}`, `x file.columns {"a":null,"名":null}`},
		{"JSON cut off", `{ path: x, format: json, header: [a, 名] }`, `[{"a":1,"名":"甲"},{"a":2`, `x file.truncated {"a":null,"名":null}`},
		{"JSON cut off between records", `{ path: x, format: json, header: [a, 名] }`, `[{"a":1,"名":"甲"},`, `x file.truncated {"a":null,"名":null}`},
		{"JSON that is none", `{ path: x, format: json, header: [a, 名] }`, `[{"a":1,"名":'甲'}]`, `x json.syntax {"a":null,"名":null}`},
		{"values where records should be", `{ path: x, format: json, header: [a, 名] }`, `[1,2]`, `x json.record {"a":null,"名":null}`},
		{"GB 18030 JSON", `{ path: x, format: json, encoding: auto, header: [a, 名] }`, string(gb(t, `[{"a":1,"名":"甲"}]`)), `x:1 {"a":"1","名":"甲"}`},
		{"JSON Lines with a broken line", `{ path: x, format: jsonl, header: [a, 名] }`, "{\"a\":1,\"名\":\"甲\"}\r\n\n{broken}\n{\"a\":2}", `x:1 {"a":"1","名":"甲"}|x:3 json.syntax {"a":null,"名":null}|x:4 {"a":"2","名":null}`},
		{"JSON Lines cut off", `{ path: x, format: jsonl, header: [a, 名] }`, "{\"a\":1,\"名\":\"甲\"}\n{\"a\":2,", `x file.truncated {"a":null,"名":null}`},
		// XML
		{"XML", `{ path: x, format: xml, records: D.R.Row, header: { a: ["@id"], 名: [i.n] } }`, `<?xml version="1.0"?><D><R><Row id="1"><i><n>甲&amp;</n></i></Row><Row id="2"><i><n xsi:nil="true"/></i></Row><Other/></R></D>`, `x:1 {"a":"1","名":"甲&"}|x:2 {"a":"2","名":null}`},
		{"XML in GBK", `{ path: x, format: xml, records: D.r, header: [a, 名] }`, string(gb(t, `<?xml version="1.0" encoding="GB2312"?><D><r><a>1</a><名>甲</名></r></D>`)), `x:1 {"a":"1","名":"甲"}`},
		{"an element twice", `{ path: x, format: xml, records: D.r, header: [a, 名] }`, `<D><r><a>1</a><a>2</a><名>甲</名></r></D>`, `x:1 json.nested {"a":null,"名":"甲"}`},
		{"XML cut off", `{ path: x, format: xml, records: D.r, header: [a, 名] }`, `<D><r><a>1</a><名>甲</名></r>`, `x file.truncated {"a":null,"名":null}`},
		{"XML with crossed tags", `{ path: x, format: xml, records: D.r, header: [a, 名] }`, `<D><r><a>1</r></a></D>`, `x file.unreadable {"a":null,"名":null}`},
		// containers
		{"gzip", `{ path: x, format: csv, header: [a, 名] }`, gzipped("a,名\n1,甲\n"), `x:2 {"a":"1","名":"甲"}`},
		{"gzip cut off", `{ path: x, format: csv, header: [a, 名] }`, gzipped("a,名\n1,甲\n")[:20], `x file.truncated {"a":null,"名":null}`},
		{"an archive with names in GBK", `{ path: x, member: '县/(?P<名>.*)\.csv', format: csv, header: [a] }`,
			packed(t, string(gb(t, `县\乙.csv`)), "a\n2\n", string(gb(t, "县/甲.csv")), "a\n1\n", "other.txt", "x", "县/坏.csv", "b\n"),
			`x!县/乙.csv:2 {"a":"2","名":"乙"}|x!县/坏.csv csv.header {"a":null,"名":"坏"}|x!县/甲.csv:2 {"a":"1","名":"甲"}`},
		{"an archive cut off", `{ path: x, member: '.*', format: csv, header: [a, 名] }`, packed(t, "1.csv", "a,名\n1,甲\n")[:60], `x file.unreadable {"a":null,"名":null}`},
		{"an archive with a way out", `{ path: x, member: '.*', format: csv, header: [a, 名] }`, packed(t, "../1.csv", "a,名\n1,甲\n"), `x zip.name {"a":null,"名":null}`},
		{"an archive of nothing declared", `{ path: x, member: '.*\.csv', format: csv, header: [a, 名] }`, packed(t, "1.txt", "a,名\n1,甲\n"), `x zip.member {"a":null,"名":null}`},
		{"an archive that is none", `{ path: x, member: '.*\.csv', format: csv, header: [a, 名] }`, "a,名\n", `x file.unreadable {"a":null,"名":null}`},
		{"an archive that unpacks to more than it may", `{ path: x, member: '.*\.csv', unpack_mib: 1, format: csv, header: [a, 名] }`, packed(t, "1.csv", strings.Repeat("a,名\n", 300_000)), `x zip.bomb {"a":null,"名":null}`},
		{"a bomb", `{ path: x, format: csv, header: [a, 名] }`, gzipped(strings.Repeat("\x00", 65<<20)), `x zip.bomb {"a":null,"名":null}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, filepath.Join(dir, "x"), []byte(tc.file), 0)
			s := open(t, kindOf("folder"), formatStream(t, dir, tc.from, `{ a: text, 名: text }`), "s", nil)
			got, _ := rows(t, s)
			if d := cmp.Diff(tc.want, strings.Join(got, "|")); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// TestReasons: what is wrong with a file says file, sheet, row and heading.
func TestReasons(t *testing.T) {
	for _, tc := range []struct{ from, file, want string }{
		{`{ path: x.csv, format: csv, header: [a, 名] }`, "题\nb,名\n1,甲\n", `x.csv: row 2: ["a"] is missing`},
		{`{ path: x.csv, format: csv, header: [a, 名] }`, "a,名,a\n1,甲,2\n", `x.csv: row 1: the column ["a"] stands there twice`},
		{`{ path: x.csv, format: xlsx, sheet: 户, header: [a, 名] }`, string(book(t, func(f *excelize.File) { fillSheet(f, "户", []any{"题"}, []any{"a", "x"}) })), `x.csv!户: row 2: ["名"] is missing`},
		{`{ path: x.csv, format: json, header: [a, 名] }`, `[{"a":1}]`, `x.csv: the records: ["名"] is missing`},
	} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "x.csv"), []byte(tc.file), 0)
		s := open(t, kindOf("folder"), formatStream(t, dir, tc.from, `{ a: text, 名: text }`), "s", nil)
		var c record.Chunk
		if _, err := s.Read(t.Context(), &c); err != nil || len(c.Rows) != 1 || c.Rows[0].Place != tc.want {
			t.Errorf("%s: %v, want the place %q", c.Rows[0].Place, err, tc.want)
		}
	}
}

// TestMarker: with a marker declared, a file is taken once its marker is there.
func TestMarker(t *testing.T) {
	dir := t.TempDir()
	s := open(t, kindOf("folder"), one(t, dir, `{ path: '.*', format: csv, header: [a], marker: .done, settle: 1h }`, `{ a: text }`), "s", nil)
	put(t, filepath.Join(dir, "1.csv"), []byte("a\n1\n"), 0)
	put(t, filepath.Join(dir, "2.csv"), []byte("a\n2\n"), 0)
	got, _ := rows(t, s)
	equal(t, got)
	put(t, filepath.Join(dir, "1.csv.done"), nil, 0)
	got, _ = rows(t, s)
	equal(t, got, `1.csv:2 {"a":"1"}`)
	put(t, filepath.Join(dir, "2.DONE"), nil, 0)
	got, _ = rows(t, s)
	equal(t, got, `2.csv:2 {"a":"2"}`)
}

// TestMemoBeside: a table of a database is a new version when the file of its
// long texts changes, and no table without it.
func TestMemoBeside(t *testing.T) {
	dir := t.TempDir()
	table, err := os.ReadFile("testdata/db3.dbf")
	if err != nil {
		t.Fatal(err)
	}
	texts, err := os.ReadFile("testdata/db3.dbt")
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "X.DBF"), table, 0)
	s := open(t, kindOf("folder"), formatStream(t, dir, `{ path: '.*DBF', format: dbf, header: [dm, bz] }`, `{ dm: text, bz: text }`), "s", nil)
	got, _ := rows(t, s)
	equal(t, got, `X.DBF dbf.memo {"dm":null,"bz":null}`)
	put(t, filepath.Join(dir, "x.dbt"), texts, 0)
	if got, _ = rows(t, s); len(got) != 2 {
		t.Errorf("with its texts: %q", got)
	}
	put(t, filepath.Join(dir, "x.dbt"), append(texts, 0x1A), 1)
	if got, _ = rows(t, s); len(got) != 2 {
		t.Errorf("with other texts: %q", got)
	}
	z := formatStream(t, dir, `{ path: 'z', member: '.*dbf', format: dbf, header: [dm, bz] }`, `{ dm: text, bz: text }`)
	put(t, filepath.Join(dir, "z"), []byte(packed(t, "a/db3.dbf", string(table), "a/DB3.DBT", string(texts))), 0)
	if got, _ = rows(t, open(t, kindOf("folder"), z, "s", nil)); len(got) != 2 || strings.Contains(got[0], "dbf.memo") {
		t.Errorf("in an archive: %q", got)
	}
}

// TestDatabaseCut: a table that lacks records, or has more than it says, is none.
func TestDatabaseCut(t *testing.T) {
	table, err := os.ReadFile("testdata/vfp.dbf")
	if err != nil {
		t.Fatal(err)
	}
	texts, err := os.ReadFile("testdata/vfp.fpt")
	if err != nil {
		t.Fatal(err)
	}
	for rule, data := range map[string][]byte{"file.truncated": table[:len(table)-30], "dbf.count": append(table[:len(table)-1:len(table)-1], table[len(table)-110:]...)} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "x.dbf"), data, 0)
		put(t, filepath.Join(dir, "x.fpt"), texts, 0)
		got, _ := rows(t, open(t, kindOf("folder"), formatStream(t, dir, `{ path: '.*dbf', format: dbf, header: [dm] }`, `{ dm: text }`), "s", nil))
		equal(t, got, `x.dbf `+rule+` {"dm":null}`)
	}
}

// TestDates: a workbook of today shows its dates by their style.
func TestDates(t *testing.T) {
	for _, from1904 := range []bool{false, true} {
		data := book(t, func(f *excelize.File) {
			if from1904 {
				f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &from1904})
			}
			serial := 45657.0 // 2024-12-31
			if from1904 {
				serial -= 1462
			}
			fillSheet(f, "s", []any{"a", "名"}, []any{serial, "日"}, []any{serial + 0.75, "时"}, []any{0.5, "钟"}, []any{serial, "数"}, []any{"2024.12.31", "文"}, []any{60, "无此日"})
			chinese, elapsed, money := `[$-804]yyyy"年"m"月"d"日"`, "[h]:mm", `#,##0.00"元";[Red]-#,##0.00`
			for cell, format := range map[string]excelize.Style{
				"A2": {CustomNumFmt: &chinese}, "A3": {NumFmt: 22}, "A4": {CustomNumFmt: &elapsed}, "A5": {CustomNumFmt: &money}, "A6": {NumFmt: 14}, "A7": {NumFmt: 14},
			} {
				style, err := f.NewStyle(&format)
				if err != nil {
					t.Fatal(err)
				}
				f.SetCellStyle("s", cell, cell, style)
			}
		})
		dir := t.TempDir()
		put(t, filepath.Join(dir, "x"), data, 0)
		got, _ := rows(t, open(t, kindOf("folder"), formatStream(t, dir, `{ path: x, format: xlsx, sheet: s, header: [a, 名] }`, `{ a: text, 名: text }`), "s", nil))
		want := []string{`x!s:2 {"a":"2024-12-31","名":"日"}`, `x!s:3 {"a":"2024-12-31 18:00:00","名":"时"}`, `x!s:4 {"a":"12:00:00","名":"钟"}`, `x!s:5 {"a":"45657","名":"数"}`, `x!s:6 {"a":"2024.12.31","名":"文"}`, `x!s:7 {"a":"60","名":"无此日"}`}
		if from1904 {
			want[2], want[3], want[5] = `x!s:4 {"a":"1904-01-01 12:00:00","名":"钟"}`, `x!s:5 {"a":"44195","名":"数"}`, `x!s:7 {"a":"1904-03-01","名":"无此日"}`
		}
		equal(t, got, want...)
	}
}
