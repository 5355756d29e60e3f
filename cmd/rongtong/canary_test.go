package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/deidentify"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/pii"
)

// person is a synthetic person whose identifiers must be found nowhere.
type person struct{ name, id, id15, mobile, card, address string }

// canaries are all identifiers that were planted.
type canaries struct {
	n    int
	text []string
}

var (
	canarySurnames = []rune("亓仉佘侴俞偰僪冼刁勾匡卞卻厍")
	canaryGiven    = []rune("蘅芷薜荔茝蕙蓠荪莼菖葳蕤蘼芜")
)

func (c *canaries) person() person {
	c.n++
	n := c.n
	id := fmt.Appendf(nil, "3701021966%02d%02d%03d", 1+n%12, 1+n/12%28, 100+n%900)
	id15 := fmt.Appendf(nil, "37010254%02d%02d%03d", 1+n%12, 1+n/12%28, 100+n%890)
	card := fmt.Appendf(nil, "622848%012d", 417_000_000_000+n*7919)
	p := person{
		name: string([]rune{canarySurnames[n%len(canarySurnames)], canaryGiven[n/14%len(canaryGiven)], canaryGiven[(n*5+3)%len(canaryGiven)]}),
		id:   string(append(id, pii.CheckDigit(id))), id15: string(id15), mobile: fmt.Sprintf("1%d%08d", 35+n%50, 61_000_003+n*104_729%9_999_999),
		card: string(append(card, luhn(card))), address: fmt.Sprintf("青竹巷%d号梧桐院%d室", 300+n, 100+n),
	}
	c.plant(p.name, p.id, p.id15, p.mobile, p.card, p.address)
	return p
}

func (c *canaries) plant(text ...string) { c.text = append(c.text, text...) }

func luhn(d []byte) byte {
	sum := 0
	for i := range d {
		v := int(d[len(d)-1-i] - '0')
		if i%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return '0' + byte((10-sum%10)%10)
}

// searcher finds canaries in every form in which bytes may hold them.
type searcher struct {
	heads map[string][]form // by the first headLen bytes
	short []form            // shorter ones
	forms int
}

type form struct {
	text   string
	canary string
	how    string
}

const headLen = 8

func newSearcher(list []string) *searcher {
	s := &searcher{heads: map[string][]form{}}
	for _, c := range list {
		for how, texts := range formsOf(c) {
			for _, t := range texts {
				s.forms++
				if f := (form{t, c, how}); len(t) < headLen {
					s.short = append(s.short, f)
				} else {
					s.heads[t[:headLen]] = append(s.heads[t[:headLen]], f)
				}
			}
		}
	}
	return s
}

func formsOf(c string) map[string][]string {
	gb, _ := simplifiedchinese.GB18030.NewEncoder().String(c)
	out := map[string][]string{"raw": {c}, "GB18030": {gb}}
	if gb == c {
		delete(out, "GB18030")
	}
	var wide, escaped strings.Builder
	digits := true
	for _, r := range c {
		if r > ' ' && r < 0x7f {
			wide.WriteRune(r + 0xfee0)
		} else {
			wide.WriteRune(r)
		}
		digits = digits && r < 0x80
		fmt.Fprintf(&escaped, `\u%04x`, r)
	}
	out["full-width"] = []string{wide.String()}
	out[`\u escapes`] = []string{escaped.String(), strings.ToUpper(escaped.String())}
	if digits {
		out["grouped"] = []string{c[:3] + "-" + c[3:7] + "-" + c[7:], c[:3] + " " + c[3:7] + " " + c[7:], c[:6] + " " + c[6:]}
	}
	for how, raw := range map[string]string{"": c, " of GB18030": gb} {
		out["hexadecimal"+how] = []string{hex.EncodeToString([]byte(raw)), strings.ToUpper(hex.EncodeToString([]byte(raw)))}
		out["URL-encoded"+how] = []string{percent(raw, "%%%02X"), percent(raw, "%%%02x")}
		for lead := range 3 { // base64 of a text in the middle of others: three alignments, without the borders
			b := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", lead) + raw + "xx"))
			from, to := (lead*8+5)/6, (lead+len(raw))*8/6
			out["base64"+how] = append(out["base64"+how], b[from:to], strings.NewReplacer("+", "-", "/", "_").Replace(b[from:to]))
		}
	}
	return out
}

func percent(s, format string) string {
	if q := url.QueryEscape(s); q != s {
		s = q
		if strings.Contains(format, "x") && strings.Contains(s, "%") {
			return strings.ToLower(s)
		}
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

// find returns what b holds.
func (s *searcher) find(b []byte) []form {
	var out []form
	for i := 0; i+headLen <= len(b); i++ {
		for _, f := range s.heads[string(b[i:i+headLen])] {
			if bytes.HasPrefix(b[i:], []byte(f.text)) {
				out = append(out, f)
			}
		}
	}
	for _, f := range s.short {
		if bytes.Contains(b, []byte(f.text)) {
			out = append(out, f)
		}
	}
	return out
}

// sources are systems of every kind of connector, full of identifiers.
type sources struct {
	t       *testing.T
	c       *canaries
	overlay string
	dir     string
	kafka   string
	gateway *httptest.Server
	push    string // host:port
	streams []string
}

const canaryFields = "{ 编号: text, 姓名: text, 证件号码: text, 手机: text, 卡: text, 住址: text, 备注: text, 日期: text }"

// system writes a declaration: a stream about persons, and one that declares
// none although its remarks are full of them.
func (s *sources) system(kind, connect, worker, remark string) {
	name, more := "canary_"+kind, ""
	if kind == "sql" {
		more = ", 游标: text"
	}
	text := `system: ` + name + `
tier: X
name: { zh: 金丝雀, en: Canary }
department: 测试
doc: A source full of identifiers.
connect: ` + connect + `
streams:
  worker:
    from: ` + worker + `
    key: [编号]
    fields: ` + strings.Replace(canaryFields, "}", more+" }", 1) + `
    identify: { 姓名: person_name, 证件号码: { as: citizen_id, purpose: cw }, 手机: mobile, 卡: bank_card, 住址: home_address }
    landing: { days: 7 }
    drop: [指纹]
  remark:
    from: ` + remark + `
    key: [编号]
    fields: { 编号: text, 备注: text, 日期: text` + more + ` }
flows:
` + canaryFlow("worker", true) + canaryFlow("remark", false)
	every := `every: { cron: "@every 1s", zone: Asia/Shanghai }`
	if kind == "push" || kind == "feed" {
		every = "every: { continuous: true }"
	}
	s.write(filepath.Join(s.overlay, "systems", name+".yaml"), []byte(text+every+"\n"))
	s.streams = append(s.streams, name+"__worker", name+"__remark")
}

func canaryFlow(stream string, person bool) string {
	text := `  - stream: ` + stream + `
    entity: workforce_post
    set:
      post_id:       编号
      spell_from:    { call: date, of: 日期 }
      post_kind:     { call: const, value: community_worker }
      division_code: { call: const, value: "370102001002" }
`
	if person {
		text += `      holder_pid:    { call: pid, of: 证件号码 }
      holder_pid_version: { call: pid_version, of: 证件号码 }
      holder_masked: 姓名
`
	}
	return text
}

func (s *sources) write(path string, data []byte) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// workers are rows about persons in every way in which they go wrong. columns
// are those of canaryFields and two that no stream declares.
var workerColumns = []string{"编号", "姓名", "证件号码", "手机", "卡", "住址", "备注", "日期", "备用电话", "指纹"}

func (s *sources) workers(kind string, part int) [][]string {
	var rows [][]string
	add := func(change func(p person, row []string)) {
		p, q := s.c.person(), s.c.person()
		row := []string{fmt.Sprintf("%s-%d-%d", kind, part, len(rows)), p.name, p.id, p.mobile, p.card, "山东省济南市历下区" + p.address, "在岗", "2025-03-01", q.mobile, q.id}
		if change != nil {
			change(p, row)
		}
		rows = append(rows, row)
	}
	const remark, date = 6, 7
	add(nil)
	add(func(p person, row []string) {
		row[remark] = fmt.Sprintf("本人%s，证%s，旧证%s，电话%s，卡%s，住%s", p.name, p.id, p.id15, p.mobile, p.card, row[5])
	})
	add(func(p person, row []string) { row[1], row[3] = p.name+p.mobile, p.id }) // number beside the name, ID as mobile
	add(func(p person, row []string) { row[2], row[1] = p.name, p.id })          // name and ID changed places
	add(func(p person, row []string) { row[0] = p.id })                          // the key is an ID
	add(func(p person, row []string) { row[0] = p.name + p.mobile })             // … a name and a mobile
	add(func(p person, row []string) { row[date], row[remark] = "不是日期"+p.mobile, p.name+p.id })
	add(func(p person, row []string) { row[date] = p.id })
	add(func(p person, row []string) {
		bad := p.id[:17] + string("0123456789X"[(strings.IndexByte("0123456789X", p.id[17])+1)%11])
		s.c.plant(bad)
		row[2], row[remark] = bad, "号码有误："+bad
	})
	add(func(p person, row []string) { row[2] = p.id15 })
	add(func(p person, row []string) {
		wide := strings.Map(func(r rune) rune { return r + 0xfee0 }, p.id)
		row[2], row[remark] = wide, "证"+wide+" 电话"+p.mobile[:3]+"-"+p.mobile[3:7]+"-"+p.mobile[7:]+" 卡"+p.card[:4]+" "+p.card[4:8]+" "+p.card[8:]
	})
	add(func(p person, row []string) { row[2] = p.id + " / " + s.c.person().id }) // two in one field
	add(func(_ person, row []string) { row[0] = fmt.Sprintf("%s-%d-last", kind, part) })
	return rows
}

var remarkColumns = []string{"编号", "备注", "日期", "姓名", "证件号码", "宗教信仰"}

func (s *sources) remarks(kind string, part int) [][]string {
	var rows [][]string
	for i, remark := range []string{"证%[1]s电话%[2]s卡%[3]s", "%[1]s", "%[2]s", "%[4]s旧证", "联系%[2]s/%[2]s", "已办结"} {
		p := s.c.person()
		id := fmt.Sprintf("%s-%d-%d", kind, part, i)
		date := "2025-03-01"
		if i == 2 {
			date = "无日期" + p.id // refused
		}
		if i == 3 {
			id = p.card // the key is a card
		}
		rows = append(rows, []string{id, fmt.Sprintf(remark+"%.0[5]s", p.id, p.mobile, p.card, p.id15, ""), date, p.name, p.id, "某教"})
	}
	p := s.c.person()
	return append(rows, []string{fmt.Sprintf("%s-%d-last", kind, part), "末行", "2025-03-01", p.name, p.id, "某教"})
}

func csvOf(header []string, rows [][]string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(header)
	_ = w.WriteAll(rows)
	return b.String()
}

func objects(header []string, rows [][]string) []map[string]string {
	var out []map[string]string
	for _, r := range rows {
		m := map[string]string{}
		for i, h := range header {
			m[h] = r[i]
		}
		out = append(out, m)
	}
	return out
}

// folder are CSV files and workbooks: good ones, ones with broken rows, headers
// and bytes, and ones named after a person.
func (s *sources) folder() {
	root := filepath.Join(s.dir, "folder")
	header := "header: [" + strings.Join(workerColumns, ", ") + "]"
	remark := "header: [" + strings.Join(remarkColumns, ", ") + "]"
	s.system("folder", fmt.Sprintf("{ kind: folder, root: %q }", root),
		`{ path: 'worker.*\.csv', format: csv, encoding: gb18030, `+header+`, at: { const: "2025-03-01" } }`,
		`{ path: 'remark.*\.csv', format: csv, encoding: utf-8, `+remark+`, at: { const: "2025-03-01" } }`)
	gb := func(text string) []byte {
		out, err := simplifiedchinese.GB18030.NewEncoder().String(text)
		if err != nil {
			s.t.Fatal(err)
		}
		return []byte(out)
	}
	p, q := s.c.person(), s.c.person()
	rows := s.workers("folder", 0)
	s.write(filepath.Join(root, "worker_"+p.id+"_"+p.mobile+".csv"), gb(csvOf(workerColumns, rows)))
	// Named after the person it is about.
	one := s.workers("folder", 1)
	s.write(filepath.Join(root, "worker_"+one[0][1]+one[0][2]+".csv"), gb(csvOf(workerColumns, one[:1])))
	s.write(filepath.Join(root, "worker_columns.csv"), gb(csvOf(workerColumns, nil)+"a,"+p.name+","+p.id+"\n"+strings.Repeat(q.id+",", 14)+"\n"))
	s.write(filepath.Join(root, "worker_header.csv"), gb(p.name+","+p.id+","+p.mobile+"\n"+csvOf(workerColumns, s.workers("folder", 2))))
	s.write(filepath.Join(root, "worker_quote.csv"), gb(csvOf(workerColumns, nil)+"\"b,"+q.name+","+q.id+"\n"))
	s.write(filepath.Join(root, "worker_bytes.csv"), append(gb(csvOf(workerColumns, nil)), ("c,"+p.name+","+p.id+",\xff\xfe\x80,"+p.card+",,,2025-03-01,,\n")...))
	s.write(filepath.Join(root, "remark_"+q.mobile+".csv"), []byte(csvOf(remarkColumns, s.remarks("folder", 0))))
	s.write(filepath.Join(root, "remark_cut.csv"), []byte(csvOf(remarkColumns, s.remarks("folder", 1))[:200]+q.id+`,"`+q.mobile))

	books := filepath.Join(s.dir, "books")
	s.system("books", fmt.Sprintf("{ kind: folder, root: %q }", books),
		`{ path: '.*\.xlsx', format: xlsx, sheet: 人员, `+header+`, at: { const: "2025-03-01" } }`,
		`{ path: '.*\.xlsx', format: xlsx, sheet: 备注, `+remark+`, at: { const: "2025-03-01" } }`)
	s.book(filepath.Join(books, "台账_"+p.id15+".xlsx"), s.workers("books", 0), s.remarks("books", 0), workerColumns)
	s.book(filepath.Join(books, "台账_表头.xlsx"), s.workers("books", 1), nil, append([]string{p.id, q.name}, workerColumns[2:]...))
	s.write(filepath.Join(books, "台账_"+q.mobile+".xlsx"), []byte("PK\x03\x04"+p.id+q.id+q.name))
}

func (s *sources) book(path string, workers, remarks [][]string, header []string) {
	b := excelize.NewFile()
	defer b.Close()
	fill := func(sheet string, header []string, rows [][]string) {
		if _, err := b.NewSheet(sheet); err != nil {
			s.t.Fatal(err)
		}
		for i, r := range append([][]string{header}, rows...) {
			if err := b.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &r); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	fill("人员", header, workers)
	if remarks != nil {
		fill("备注", remarkColumns, remarks)
	}
	p := s.c.person()
	fill(p.name+p.id15, []string{p.id}, nil) // a sheet nobody asked for
	_ = b.DeleteSheet("Sheet1")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := b.SaveAs(path); err != nil {
		s.t.Fatal(err)
	}
}

// rest is a gateway whose first answers are errors and broken documents with
// identifiers in them.
func (s *sources) rest() {
	worker, remark := objects(workerColumns, s.workers("rest", 0)), objects(remarkColumns, s.remarks("rest", 0))
	p := s.c.person()
	nested := map[string]any{"编号": "rest-nested", "备注": map[string]string{p.name: p.id}, "证件号码": []string{p.id, p.mobile}, "日期": p.mobile}
	var mu sync.Mutex
	asked := map[string]int{}
	s.gateway = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.URL.Path]++
		n := asked[r.URL.Path]
		mu.Unlock()
		w.Header().Set("X-Person", p.id)
		switch {
		case n == 1:
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprintf(w, `{"message":"查无此人%s %s"}`, p.name, p.id)
			return
		case n == 2:
			fmt.Fprintf(w, `{"data":[{"编号":"x","姓名":"%s","证件号码":"%s"`, p.name, p.id) // cut off
			return
		case n == 3:
			fmt.Fprintf(w, `{"data":[{"编号":"x" "姓名":"%s","证件号码":%s}]}`, p.name, p.id) // broken
			return
		}
		var list []any
		if r.URL.Path == "/worker" {
			for _, o := range worker {
				list = append(list, o)
			}
			list = append(list[:len(list):len(list)], nested)
		} else {
			for _, o := range remark {
				list = append(list, o)
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": list, "operator": p.name, "operator_id": p.id})
	}))
	s.t.Cleanup(s.gateway.Close)
	q := s.c.person()
	s.system("rest", fmt.Sprintf("{ kind: rest, base: %q, tries: 2 }", s.gateway.URL),
		"{ path: /worker, items: data, query: { applicant: \""+q.mobile+"\" } }", "{ path: /remark, items: data }")
}

// sql is a database whose cursor is an ID number.
func (s *sources) sql() {
	path := filepath.Join(s.dir, "city.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	fill := func(table string, columns []string, rows [][]string) {
		quoted := `"` + strings.Join(columns, `","`) + `"`
		if _, err := db.Exec(`CREATE TABLE ` + table + ` (` + strings.ReplaceAll(quoted, ",", " TEXT,") + ` TEXT, "游标" TEXT PRIMARY KEY)`); err != nil {
			s.t.Fatal(err)
		}
		for i, r := range rows {
			p := s.c.person()
			args := make([]any, 0, len(r)+1)
			for _, v := range r {
				args = append(args, v)
			}
			// The last row's cursor is the greatest, so that it is stored.
			args = append(args, fmt.Sprintf("%02d%s", i, p.id))
			if _, err := db.Exec(`INSERT INTO `+table+` VALUES (`+strings.Repeat("?,", len(r))+`?)`, args...); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	fill("worker", workerColumns, s.workers("sql", 0))
	fill("remark", remarkColumns, s.remarks("sql", 0))
	s.system("sql", fmt.Sprintf("{ kind: sql, driver: sqlite, path: %q }", path), "{ table: worker, cursor: 游标 }", "{ table: remark, cursor: 游标 }")
}

func (s *sources) pushes() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.push = l.Addr().String()
	l.Close()
	s.t.Setenv("CANARY_PUSH_KEY", "a-push-key-of-the-canary-test-0123456789")
	s.system("push", fmt.Sprintf("{ kind: push, listen: %q, key: \"${env:CANARY_PUSH_KEY}\" }", s.push), "{ path: /worker }", "{ path: /remark }")
}

// send pushes one request and returns the status; what comes back is searched
// as well.
func (s *sources) send(ctx context.Context, path, body string, auth bool, answers *bytes.Buffer) int {
	p := s.c.person()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.push+path+"?operator="+url.QueryEscape(p.name)+"&id="+p.id, strings.NewReader(body))
	if err != nil {
		s.t.Error(err) // not Fatal: sometimes this is a goroutine
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Operator", p.id)
	req.Header.Set("User-Agent", p.mobile)
	if auth {
		req.Header.Set("Authorization", "Bearer "+os.Getenv("CANARY_PUSH_KEY"))
	} else {
		req.Header.Set("Authorization", "Bearer "+p.id+p.id+p.id)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(answers, res.Body)
	return res.StatusCode
}

func (s *sources) feeds(ctx context.Context) {
	client, err := kgo.NewClient(kgo.SeedBrokers(s.kafka), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		s.t.Fatal(err)
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	if _, err := adm.CreateTopics(ctx, 1, 1, nil, "feed.canary.worker", "feed.canary.remark"); err != nil {
		s.t.Fatal(err)
	}
	p := s.c.person()
	put := func(topic string, values ...string) {
		for _, v := range values {
			r := &kgo.Record{Topic: topic, Key: []byte(p.id), Value: []byte(v), Headers: []kgo.RecordHeader{{Key: "operator", Value: []byte(p.name + p.mobile)}}}
			if err := client.ProduceSync(ctx, r).FirstErr(); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	for topic, list := range map[string][]map[string]string{"worker": objects(workerColumns, s.workers("feed", 0)), "remark": objects(remarkColumns, s.remarks("feed", 0))} {
		put("feed.canary."+topic, `{"编号":"x","证件号码":"`+p.id, p.id+p.name, `[`+p.id+`]`)
		for _, o := range list {
			b, _ := json.Marshal(o)
			put("feed.canary."+topic, string(b))
		}
	}
	s.system("feed", fmt.Sprintf("{ kind: feed, brokers: %q }", s.kafka), "{ topic: feed.canary.worker, format: json }", "{ topic: feed.canary.remark, format: json }")
}

// leak is a stream that is declared wrongly: its remarks are said to be serial
// numbers, so they are not searched.
func (s *sources) leak() person {
	var own canaries
	own.n = 5000
	p := own.person()
	root := filepath.Join(s.dir, "leak")
	s.write(filepath.Join(root, "remark.csv"), []byte("编号,备注,日期\n1,"+p.id+",2025-03-01\n2,"+p.mobile+",坏\nleak-last,,2025-03-01\n"))
	s.write(filepath.Join(s.overlay, "systems", "leak.yaml"), []byte(`system: leak
tier: X
name: { zh: 泄漏, en: Leak }
department: 测试
doc: A source that is declared wrongly.
connect: { kind: folder, root: "`+root+`" }
streams:
  remark:
    from: { path: '.*\.csv', format: csv, encoding: utf-8, header: [编号, 备注, 日期], at: { const: "2025-03-01" } }
    key: [编号]
    fields: { 编号: text, 备注: text, 日期: text }
    identify: { 备注: serial }
flows:
`+canaryFlow("remark", false)+`every: { cron: "@every 1s", zone: Asia/Shanghai }
`))
	return p
}

// places are everything that is searched: a name, and the bytes.
type places struct {
	*searcher
	searched, bytes int
	kinds           map[string]int
	found           []string
	raw             map[string]bool // canaries that were found
}

func (p *places) look(kind, where string, b []byte) {
	p.searched++
	p.kinds[kind]++
	p.bytes += len(b)
	for _, f := range p.find(b) {
		p.raw[f.canary] = true
		p.found = append(p.found, fmt.Sprintf("%s %s: %q as %s", kind, where, f.canary, f.how))
	}
}

// kafka looks at every record of every topic, aborted ones too, with key,
// headers and the metadata of every group's offsets. Topics feed.* are the
// departments' own and are sources here.
func (p *places) kafka(t *testing.T, ctx context.Context, address string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.FetchIsolationLevel(kgo.ReadUncommitted()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	ends, err := adm.ListEndOffsets(ctx)
	if err != nil {
		t.Fatal(err)
	}
	starts, err := adm.ListStartOffsets(ctx)
	if err != nil {
		t.Fatal(err)
	}
	assign := map[string]map[int32]kgo.Offset{}
	left := map[string]bool{}
	ends.Each(func(o kadm.ListedOffset) {
		start, _ := starts.Lookup(o.Topic, o.Partition)
		if strings.HasPrefix(o.Topic, "feed.") || o.Offset <= start.Offset {
			return
		}
		if assign[o.Topic] == nil {
			assign[o.Topic] = map[int32]kgo.Offset{}
		}
		assign[o.Topic][o.Partition] = kgo.NewOffset().At(start.Offset)
		left[fmt.Sprintf("%s/%d", o.Topic, o.Partition)] = true
	})
	reader, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.FetchIsolationLevel(kgo.ReadUncommitted()), kgo.ConsumePartitions(assign), kgo.KeepControlRecords())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for len(left) > 0 {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			where := fmt.Sprintf("%s/%d/%d", r.Topic, r.Partition, r.Offset)
			p.look("topic record", where, bytes.Join([][]byte{r.Key, r.Value}, []byte("\n")))
			for _, h := range r.Headers {
				p.look("record header", where, append([]byte(h.Key+"\n"), h.Value...))
			}
			if o, _ := ends.Lookup(r.Topic, r.Partition); r.Offset+1 >= o.Offset {
				delete(left, fmt.Sprintf("%s/%d", r.Topic, r.Partition))
			}
		})
	}
	groups, err := adm.ListGroups(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups.Groups() {
		offsets, err := adm.FetchOffsets(ctx, g)
		if err != nil {
			t.Fatal(err)
		}
		offsets.Each(func(o kadm.OffsetResponse) { p.look("offset metadata", g+" "+o.Topic, []byte(o.Metadata)) })
	}
}

// tables looks at every row of every table, the engine's own logs included.
func (p *places) tables(t *testing.T, ctx context.Context, w *warehouse.Warehouse) {
	rows, err := w.Query(ctx, `SELECT database, name FROM system.tables WHERE engine LIKE '%MergeTree' OR engine IN ('Log', 'TinyLog', 'Memory', 'StripeLog')`)
	if err != nil {
		t.Fatal(err)
	}
	var names [][2]string
	for rows.Next() {
		var n [2]string
		if err := rows.Scan(&n[0], &n[1]); err != nil {
			t.Fatal(err)
		}
		names = append(names, n)
	}
	rows.Close()
	for _, n := range names {
		r, err := w.QueryFormat(ctx, fmt.Sprintf("SELECT * FROM `%s`.`%s`", n[0], n[1]), "RowBinary")
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		p.look("table", n[0]+"."+n[1], b)
	}
}

func (p *places) files(t *testing.T, kind, dir string) {
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		p.look(kind, filepath.Base(path), append([]byte(filepath.Base(path)+"\n"), b...))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCanary drives identifiers through every connector, every mistake and
// three crashes, and looks for them everywhere.
func TestCanary(t *testing.T) {
	ctx, kafka, address := t.Context(), embeddedtest.Broker(t), embeddedtest.Warehouse(t)
	dir := t.TempDir()
	s := &sources{t: t, c: &canaries{}, overlay: filepath.Join(dir, "declarations"), dir: filepath.Join(dir, "sources"), kafka: kafka}
	s.folder()
	s.rest()
	s.sql()
	s.pushes()
	s.feeds(ctx)
	leaked := s.leak()
	keys := filepath.Join(dir, "keys.yaml")
	common := []string{"--kafka", kafka, "--warehouse", address, "--declarations", s.overlay, "--keys", keys}
	logs := filepath.Join(dir, "logs")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	said := 0
	say := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(os.Args[0], append(args, common...)...)
		cmd.Env = append(os.Environ(), "RONGTONG_SCRIPT=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("rongtong %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		said++
		s.write(filepath.Join(logs, fmt.Sprintf("verb-%d.txt", said)), out)
		return string(out)
	}
	say("keys", "new", "--file", keys, "--purpose", "cw")
	say("check")

	// The pipeline, killed three times, then left alone until all is through.
	w, err := warehouse.Open(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var answers bytes.Buffer
	bodies := map[string]string{}
	for path, list := range map[string][]map[string]string{"/worker": objects(workerColumns, s.workers("push", 0)), "/remark": objects(remarkColumns, s.remarks("push", 0))} {
		b, _ := json.Marshal(list)
		bodies[path] = string(b)
	}
	up := func(n int) func() {
		log, err := os.Create(filepath.Join(logs, fmt.Sprintf("up-%d.log", n)))
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0], append([]string{"up", "--log-level", "debug", "--listen", "127.0.0.1:0"}, common...)...)
		cmd.Env = append(os.Environ(), "RONGTONG_SCRIPT=1")
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			log.Close()
		}
	}
	listening := func() bool { return s.send(ctx, "/nowhere", "{}", true, &answers) != 0 }
	for n := range 3 {
		kill := up(n)
		canaryUntil(t, listening)
		p := s.c.person()
		go s.send(ctx, "/worker", bodies["/worker"], true, &bytes.Buffer{}) // cut off by the kill
		<-time.After(time.Duration(200+n*300) * time.Millisecond)
		kill()
		s.write(filepath.Join(s.dir, "folder", fmt.Sprintf("remark_%d_%s.csv", n, p.mobile)), []byte(csvOf(remarkColumns, s.remarks("folder", 10+n))))
	}
	kill := up(3)
	canaryUntil(t, listening)
	p := s.c.person()
	for _, body := range []string{`{"编号":"x","证件号码":"` + p.id, `[{"编号":"x","备注":{"` + p.name + `":"` + p.id + `"}}]`, p.id, `{"` + p.id + `":1}`, ""} {
		s.send(ctx, "/worker", body, true, &answers)
		s.send(ctx, "/worker", body, false, &answers)
		s.send(ctx, "/"+p.id, body, true, &answers)
	}
	for path, body := range bodies {
		canaryUntil(t, func() bool { return s.send(ctx, path, body, true, &answers)/100 == 2 })
	}
	canaryUntil(t, func() bool {
		for _, table := range append(s.streams, "leak__remark") {
			var n uint64
			err := w.QueryRow(ctx, "SELECT count() FROM ods."+table+" WHERE endsWith(ifNull(`编号`, ''), 'last')", []any{&n})
			if err != nil || n == 0 {
				return false
			}
		}
		return true
	})
	say("run", "integrate")
	say("run", "rejects")
	status := say("status", "--json")
	s.write(filepath.Join(logs, "metrics.txt"), metricsOf(t, filepath.Join(logs, "up-3.log")))
	kill()

	// What people look at.
	say("status")
	say("rejects", "list")
	say("rejects", "show", "--limit", "0")
	say("rejects", "show", "--limit", "0", "--json")
	say("rejects", "replay")
	say("rejects", "export", "--out", filepath.Join(logs, "corrections"))
	say("keys", "list")
	say("keys", "rotate", "--file", keys)
	say("keys", "rekey")
	s.write(filepath.Join(logs, "answers.json"), answers.Bytes())

	// The search finds what it must: each form, and the stream that is declared wrongly.
	search := newSearcher(s.c.text)
	for _, c := range s.c.text {
		for how, texts := range formsOf(c) {
			for _, text := range texts {
				if len(search.find([]byte("vor"+text+"nach"))) == 0 {
					t.Fatalf("the search does not find %q as %s", c, how)
				}
			}
		}
	}
	sabotage := &places{searcher: newSearcher([]string{leaked.id, leaked.mobile}), kinds: map[string]int{}, raw: map[string]bool{}}
	sabotage.kafka(t, ctx, kafka)
	sabotage.tables(t, ctx, w)
	if !sabotage.raw[leaked.id] {
		t.Errorf("a stream that leaks by its declaration was not caught: %v", sabotage.found)
	}
	t.Logf("the wrongly declared stream leaks into %d places, all found; its mobile is masked in the reject", len(sabotage.found))

	all := &places{searcher: search, kinds: map[string]int{}, raw: map[string]bool{}}
	all.kafka(t, ctx, kafka)
	all.tables(t, ctx, w)
	all.files(t, "log, verb or file", logs)
	for i, f := range all.found {
		if i == 40 {
			t.Errorf("and %d more", len(all.found)-i)
			break
		}
		t.Errorf("found in %s", f)
	}
	var kinds []string
	for k, n := range all.kinds {
		kinds = append(kinds, fmt.Sprintf("%d × %s", n, k))
	}
	slices.Sort(kinds)
	t.Logf("%d canaries in %d forms, searched for in %d places (%s), %d bytes: %d found", len(s.c.text), search.forms, all.searched, strings.Join(kinds, ", "), all.bytes, len(all.found))
	s.checkLanding(ctx, keys)
	s.checkCounts(status)
}

// metricsOf scrapes a process at the address that its log tells.
func metricsOf(t *testing.T, log string) []byte {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	at := regexp.MustCompile(`msg=metrics .*address=(\S+)`).FindSubmatch(text)
	if at == nil {
		t.Fatal("the log does not say where the metrics are")
	}
	r, err := http.Get("http://" + string(at[1]) + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte("rongtong_up 1")) || !bytes.Contains(b, []byte("rongtong_quarantined_rows{")) {
		t.Errorf("the metrics tell of no rejects:\n%.2000s", b)
	}
	return b
}

// checkLanding opens what the landing area holds: ciphertext, of the numbers
// that were planted.
func (s *sources) checkLanding(ctx context.Context, keys string) {
	s.t.Helper()
	ring, err := deidentify.Load(keys)
	if err != nil {
		s.t.Fatal(err)
	}
	sealer, err := ring.Sealer()
	if err != nil {
		s.t.Fatal(err)
	}
	const topic = "landing.canary_folder.worker"
	reader, err := kgo.NewClient(kgo.SeedBrokers(s.kafka), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))
	if err != nil {
		s.t.Fatal(err)
	}
	defer reader.Close()
	n := 0
	reader.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
		plain, err := sealer.Open(r.Value, topic)
		var raw deidentify.Raw
		if err == nil {
			err = json.Unmarshal(plain, &raw)
		}
		if n++; err != nil || !slices.Contains(s.c.text, raw.ID) && !strings.HasPrefix(raw.ID, "37010219") {
			s.t.Errorf("%s at %d is not the ciphertext of a planted number: %v", topic, r.Offset, err)
		}
	})
	if n < 5 {
		s.t.Errorf("the landing area holds %d numbers", n)
	}
	s.t.Logf("the landing area of one stream holds %d numbers, all of them ciphertext", n)
}

// checkCounts holds what status says to what was planted: nothing vanishes
// without a number.
func (s *sources) checkCounts(status string) {
	s.t.Helper()
	var st struct {
		Streams []struct {
			System     string           `json:"system"`
			Stream     string           `json:"stream"`
			Pseudonyms int64            `json:"pseudonyms"`
			Bad        int64            `json:"bad_identifiers"`
			Masked     int64            `json:"masked_identifiers"`
			P5         int64            `json:"dropped_p5"`
			ByField    map[string]int64 `json:"dropped_p5_by_field"`
		} `json:"streams"`
	}
	if err := json.Unmarshal([]byte(status), &st); err != nil {
		s.t.Fatal(err)
	}
	seen := 0
	for _, x := range st.Streams {
		if !strings.HasPrefix(x.System, "canary_") {
			continue
		}
		seen++
		field := map[string]string{"worker": "指纹", "remark": "宗教信仰"}[x.Stream]
		if x.Masked == 0 || x.Stream == "worker" && (x.Pseudonyms == 0 || x.Bad == 0) {
			s.t.Errorf("status counts %+v", x)
		}
		// A database is never asked for a column that is not declared.
		if x.System != "canary_sql" && (x.P5 == 0 || x.ByField[field] != x.P5) {
			s.t.Errorf("status counts %+v, and no %s", x, field)
		}
	}
	if seen != len(s.streams) {
		s.t.Errorf("status shows %d streams of %d", seen, len(s.streams))
	}
}

// canaryUntil polls a condition of other processes; there is no signal to wait for.
func canaryUntil(t *testing.T, ok func() bool) {
	t.Helper()
	tick, limit := time.NewTicker(100*time.Millisecond), time.After(4*time.Minute)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("waited too long")
		}
	}
}
