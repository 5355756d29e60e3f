package files

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/xuri/excelize/v2"

	"rongtong/connectors/conntest"
	"rongtong/schemas"
)

// typedFormat is a file with every type of its format.
type typedFormat struct {
	files  func(tb testing.TB) map[string][]byte
	from   string // of the stream
	fields string
	rows   int
	key    string // of the record that has one of each
	want   [][3]string
}

func testdata(names ...string) func(testing.TB) map[string][]byte {
	return func(tb testing.TB) map[string][]byte {
		out := map[string][]byte{}
		for _, n := range names {
			b, err := os.ReadFile(filepath.Join("testdata", n))
			if err != nil {
				tb.Fatal(err)
			}
			out[n] = b
		}
		return out
	}
}

// typedFormats are the formats whose values have types: the type, the column,
// and what it must become.
var typedFormats = map[string]*typedFormat{
	"json": {
		files: func(testing.TB) map[string][]byte {
			return map[string][]byte{"x.json": []byte(`[{"dm":"1","i":-7,"d":12345678901234567890.1200,"e":1e3,"t":true,"f":false,"z":null,"s":"中\u4e2d","o":{"p":1.50}}]`)}
		},
		from:   `{ path: '.*json', format: json, header: { dm: [], i: [], d: [], e: [], t: [], f: [], z: [], s: [], o: [o.p] } }`,
		fields: `{ dm: text, i: number, d: number, e: number, t: bool, f: text, z: number, s: text, o: number }`, rows: 1, key: "1",
		want: [][3]string{{"number", "i", "-7"}, {"number with a fraction", "d", "12345678901234567890.1200"}, {"number with an exponent", "e", "1e3"},
			{"true", "t", "true"}, {"false, as text", "f", `"false"`}, {"null", "z", "null"}, {"string", "s", `"中中"`}, {"object", "o", "1.50"}},
	},
	"dbf": {
		files: testdata("vfp.dbf", "vfp.fpt"), rows: 2, key: "370102001001",
		from:   `{ path: '.*dbf', format: dbf, header: [dm, mc, je, zs, bl, yb, sj, rq, sf, bz] }`,
		fields: `{ dm: text, mc: text, je: number, zs: number, bl: number, yb: number, sj: text, rq: text, sf: bool }`,
		want: [][3]string{{"C", "mc", `"龙洞村"`}, {"N", "je", "-1234.50"}, {"I", "zs", "-7"}, {"B", "bl", "0.5"}, {"Y", "yb", "922337203685.4775"},
			{"T", "sj", `"2025-12-31 23:59:59"`}, {"D", "rq", `"2025-01-02"`}, {"L", "sf", "true"}},
	},
	"parquet": {
		files: testdata("types.parquet"), rows: 3, key: "370102001001",
		from:   `{ path: '.*parquet', format: parquet, header: [dm, i, u, f, b, d, day, ts, tz, t, c] }`,
		fields: `{ dm: text, i: number, u: number, f: number, b: bool, d: text, day: text, ts: text, tz: text, t: text, c: text }`,
		want: [][3]string{{"INT64", "i", "1"}, {"UINT32", "u", "4294967295"}, {"DOUBLE", "f", "0.1"}, {"BOOLEAN", "b", "true"}, {"DECIMAL(30,2)", "d", `"-0.05"`},
			{"DATE", "day", `"1988-07-01"`}, {"TIMESTAMP(ms)", "ts", `"2025-12-31 23:59:59.123"`}, {"TIMESTAMP(us, UTC)", "tz", `"2026-01-01T00:00:00+08:00"`},
			{"TIME(ms)", "t", `"08:30:01"`}, {"STRING, by a dictionary", "c", `"重复"`}},
	},
	"xls": {
		files: testdata("ledger.xls"), rows: 42, key: "370102001001",
		from:   `{ path: '.*xls', format: xls, sheet: 户数, header: { dm: [村居代码], 户数: [], 登记日期: [], 更新时间: [], 比例: [], 公式: [] } }`,
		fields: `{ dm: text, 户数: text, 登记日期: text, 更新时间: text, 比例: text, 公式: text }`,
		want: [][3]string{{"number", "户数", `"101"`}, {"date", "登记日期", `"1988-07-02"`}, {"date and time", "更新时间", `"2025-12-31 23:59:01"`},
			{"number with noise", "比例", `"0.3"`}, {"truth value", "公式", `"1"`}},
	},
	"xlsx": {
		files: func(tb testing.TB) map[string][]byte {
			return map[string][]byte{"x.xlsx": book(tb, func(f *excelize.File) {
				fillSheet(f, "s", []any{"dm", "n", "noise", "big", "t", "day", "f", "e"}, []any{"1", -7, 0.1 + 0.2, 370102001001.0, true, 45657})
				style, err := f.NewStyle(&excelize.Style{NumFmt: 14})
				if err != nil {
					tb.Fatal(err)
				}
				f.SetCellStyle("s", "F2", "F2", style)
				f.SetCellFormula("s", "G2", `"a"&"b"`)
				f.SetCellStr("s", "H2", "文")
			})}
		},
		from: `{ path: '.*xlsx', format: xlsx, sheet: s, header: [dm, n, noise, big, t, day, e] }`, rows: 1, key: "1",
		fields: `{ dm: text, n: text, noise: text, big: text, t: text, day: text, e: text }`,
		want: [][3]string{{"number", "n", `"-7"`}, {"number with noise", "noise", `"0.3"`}, {"a code as a number", "big", `"370102001001"`}, {"truth value", "t", `"1"`},
			{"date", "day", `"2024-12-31"`}, {"text", "e", `"文"`}},
	},
}

// typedSite is a site of one such file.
type typedSite struct {
	*site
	system string
	rows   int
}

func (s *typedSite) System() *schemas.System { return conntest.Declare(s.tb, s.system) }
func (s *typedSite) Text() string            { return s.system }
func (s *typedSite) Stream() string          { return "s" }
func (s *typedSite) Count() int              { return s.rows }

func (w world) StartTypes(tb testing.TB) (conntest.Site, []conntest.Typed) {
	f := typedFormats[w.name]
	s := w.begin(tb)
	for name, data := range f.files(tb) {
		s.put(tb, name, data, 0)
	}
	var want []conntest.Typed
	for _, x := range f.want {
		want = append(want, conntest.Typed{Type: x[0], Key: f.key, Field: x[1], JSON: x[2]})
	}
	text := s.connect + "\nstreams:\n  s:\n    from: " + f.from + "\n    key: [dm]\n    fields: " + f.fields + "\n"
	return &typedSite{s, text, f.rows}, want
}
