package sandbox

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/klauspost/compress/flate"

	"rongtong/deploy/sandbox/world"
)

// Workbooks are written by hand: there are thousands, and the format is a few
// XML parts in a zip. They look like what clerks make: a title across the
// sheet, a line about unit and office, headers over two merged rows.

// sheet is one sheet being written.
type sheet struct {
	name   string
	body   bytes.Buffer
	rows   int
	merges []string
	book   *workbook
}

type workbook struct {
	sheets []*sheet
	shared map[string]int
	texts  []string
	refs   int
}

func newWorkbook() *workbook { return &workbook{shared: map[string]int{}} }

func (w *workbook) sheet(name string) *sheet {
	s := &sheet{name: name, book: w}
	w.sheets = append(w.sheets, s)
	return s
}

func (w *workbook) text(s string) int {
	w.refs++
	i, ok := w.shared[s]
	if !ok {
		i = len(w.texts)
		w.shared[s] = i
		w.texts = append(w.texts, s)
	}
	return i
}

func cellName(col, row int) string { return string(rune('A'+col)) + strconv.Itoa(row) }

// row writes one row; empty texts leave the cell out.
func (s *sheet) row(values ...string) {
	s.rows++
	fmt.Fprintf(&s.body, `<row r="%d">`, s.rows)
	for i, v := range values {
		switch {
		case v == "":
		case isNumber(v):
			s.cell(i, ">", v)
		default:
			s.cell(i, ` t="s">`, strconv.Itoa(s.book.text(v)))
		}
	}
	s.body.WriteString("</row>")
}

func (s *sheet) cell(col int, kind, value string) {
	for _, part := range [...]string{`<c r="`, cellName(col, s.rows), `"`, kind, "<v>", value, "</v></c>"} {
		s.body.WriteString(part)
	}
}

// merge joins cells of the rows written so far, both corners included.
func (s *sheet) merge(col1, row1, col2, row2 int) {
	s.merges = append(s.merges, cellName(col1, row1)+":"+cellName(col2, row2))
}

// isNumber: what somebody types that way becomes a number in the cell. Codes
// of twelve digits are kept as text, as clerks learn to.
func isNumber(s string) bool {
	if len(s) > 11 || s[0] == '.' || s[len(s)-1] == '.' || s[0] == '0' && len(s) > 1 && s[1] != '.' {
		return false
	}
	dots := 0
	for i := range len(s) {
		if s[i] == '.' {
			dots++
		} else if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return dots <= 1
}

const (
	xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainNS  = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	relNS   = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
	pkgNS   = `http://schemas.openxmlformats.org/package/2006/`
)

// packers are kept: making one costs more than a workbook's compression.
var packers = sync.Pool{New: func() any {
	p, _ := flate.NewWriter(io.Discard, flate.BestSpeed) // the level exists
	return p
}}

type packer struct{ *flate.Writer }

func (p packer) Close() error {
	defer packers.Put(p.Writer)
	return p.Writer.Close()
}

// bytes is the workbook as a file; the same content makes the same bytes.
func (w *workbook) bytes() ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		p := packers.Get().(*flate.Writer)
		p.Reset(w)
		return packer{p}, nil
	})
	var types, names, rels bytes.Buffer
	for i, s := range w.sheets {
		n := i + 1
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`, n)
		fmt.Fprintf(&names, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, escape(s.name), n, n)
		fmt.Fprintf(&rels, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, n, relNS, n)
	}
	n := len(w.sheets)
	fmt.Fprintf(&rels, `<Relationship Id="rId%d" Type="%s/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId%d" Type="%s/styles" Target="styles.xml"/>`, n+1, relNS, n+2, relNS)
	parts := []struct{ name, body string }{
		{"[Content_Types].xml", `<Types xmlns="` + pkgNS + `content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>` + types.String() + `</Types>`},
		{"_rels/.rels", `<Relationships xmlns="` + pkgNS + `relationships"><Relationship Id="rId1" Type="` + relNS + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook ` + mainNS + ` xmlns:r="` + relNS + `"><sheets>` + names.String() + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="` + pkgNS + `relationships">` + rels.String() + `</Relationships>`},
		{"xl/styles.xml", `<styleSheet ` + mainNS + `><fonts count="1"><font><sz val="11"/><name val="宋体"/></font></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="1"><xf xfId="0"/></cellXfs></styleSheet>`},
	}
	for i, s := range w.sheets {
		parts = append(parts, struct{ name, body string }{fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1), s.xml()})
	}
	parts = append(parts, struct{ name, body string }{"xl/sharedStrings.xml", w.strings()})
	for _, p := range parts {
		f, err := z.Create(p.name)
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(f, xmlHead+p.body); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (s *sheet) xml() string {
	merges := ""
	if len(s.merges) > 0 {
		merges = fmt.Sprintf(`<mergeCells count="%d">`, len(s.merges))
		for _, m := range s.merges {
			merges += `<mergeCell ref="` + m + `"/>`
		}
		merges += `</mergeCells>`
	}
	return `<worksheet ` + mainNS + `><sheetData>` + s.body.String() + `</sheetData>` + merges + `</worksheet>`
}

func (w *workbook) strings() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<sst %s count="%d" uniqueCount="%d">`, mainNS, w.refs, len(w.texts))
	for _, t := range w.texts {
		fmt.Fprintf(&b, `<si><t xml:space="preserve">%s</t></si>`, escape(t))
	}
	b.WriteString(`</sst>`)
	return b.String()
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}

// townshipWorkbook makes a township's ledgers.
func townshipWorkbook(w *world.World, t int) ([]byte, error) {
	b := newWorkbook()
	name := w.TownshipName(t)
	s := b.sheet("预案与演练")
	s.row(name + "应急预案与演练台账")
	s.merge(0, 1, 7, 1)
	s.row("序号", "类型", "预案名称", "预案种类", "发布日期", "演练日期", "参加人数", "联合乡镇代码")
	for rec := range w.DrillRows(t) {
		s.row(rec.Wire...)
	}
	s = b.sheet("社会组织")
	s.row(name + "社会组织台账")
	s.merge(0, 1, 6, 1)
	s.row("序号", "组织名称", "类别", "成立日期", "联系电话", "地址", "工作人员数")
	for rec := range w.SocialBookRows(t) {
		s.row(rec.Wire...)
	}
	s = b.sheet("综合服务设施")
	s.row(name + "村（社区）综合服务设施台账")
	s.merge(0, 1, 6, 1)
	s.row("填报单位："+name, "", "", "", "单位：平方米")
	s.row("序号", "村居代码", "村居名称", "设施类别", "场所", "", "启用日期")
	s.row("", "", "", "", "建筑面积（平方米）", "直接服务面积（平方米）")
	s.merge(4, 3, 5, 3)
	for _, col := range []int{0, 1, 2, 3, 6} {
		s.merge(col, 3, col, 4)
	}
	for rec := range w.FacilityRows(t) {
		s.row(rec.Wire...)
	}
	s = b.sheet("户数")
	s.row(name + "常住户数和常住人口台账")
	s.merge(0, 1, 5, 1)
	s.row("序号", "村居代码", "村居名称", "月份", "人口", "")
	s.row("", "", "", "", "常住户数", "常住人口")
	s.merge(4, 2, 5, 2)
	for _, col := range []int{0, 1, 2, 3} {
		s.merge(col, 2, col, 3)
	}
	for rec := range w.HouseholdRows(t) {
		s.row(rec.Wire...)
	}
	return b.bytes()
}
