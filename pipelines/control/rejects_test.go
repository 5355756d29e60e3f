package control

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/text/encoding/simplifiedchinese"

	"rongtong/connectors/all"
	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines"
	"rongtong/pipelines/deidentify"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/divisions"
	"rongtong/schemas/fault"
)

// replayEnv makes the test binary a process that replays and dies in the middle.
const replayEnv = "RONGTONG_TEST_REPLAY"

// replayAndDie is killed by SIGKILL, by itself, when it has told of its first
// block: the second has begun by then, or is about to.
func replayAndDie(overlay string) {
	o := Options{Kafka: os.Getenv("TEST_KAFKA"), Warehouse: os.Getenv("TEST_WAREHOUSE"), Overlay: overlay, Log: slog.New(slog.DiscardHandler)}
	_, err := ReplayRejects(context.Background(), o, warehouse.RejectFilter{System: "rj_ledger", Offset: -1}, ReplayOptions{Progress: func(pipelines.Replayed) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}})
	fmt.Fprintln(os.Stderr, "still alive:", err)
}

// pipeline is a folder of declarations with one system of its own, and its
// loops on the engines of this package.
type pipeline struct {
	Options
	system string
	t      *testing.T
	k      *topics.Client
	w      *warehouse.Warehouse
}

func newPipeline(t *testing.T, system, declaration string) *pipeline {
	t.Helper()
	p := &pipeline{Options: Options{Kafka: embeddedtest.Broker(t), Warehouse: embeddedtest.Warehouse(t), Overlay: t.TempDir(), Log: slog.New(slog.NewTextHandler(t.Output(), nil))}, system: system, t: t}
	p.file("systems/"+system+".yaml", declaration)
	var err error
	if p.k, err = p.kafka(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.k.Close() })
	if p.w, err = p.warehouse(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.w.Close() })
	d := p.declarations()
	if err := migrate(t.Context(), p.w, d); err != nil {
		t.Fatal(err)
	}
	if err := p.k.Ensure(t.Context(), append(pipelines.Topics(p.own(d)), pipelines.ControlTopics()...)); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *pipeline) file(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.Overlay, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pipeline) declarations() Declarations {
	p.t.Helper()
	d, problems := Load(p.Overlay)
	for _, x := range problems {
		p.t.Error(x)
	}
	if len(problems) > 0 {
		p.t.FailNow()
	}
	return d
}

func (p *pipeline) own(d Declarations) []*pipelines.Stream {
	return slices.DeleteFunc(slices.Clone(d.Streams), func(s *pipelines.Stream) bool { return s.System.System != p.system })
}

// run starts the loops for the system's streams and waits until ready.
func (p *pipeline) run(ready func() bool) {
	p.t.Helper()
	streams := p.own(p.declarations())
	keys, err := deidentify.Open(p.Keys)
	if err != nil {
		p.t.Fatal(err)
	}
	stop := p.roles(
		func(ctx context.Context) error {
			return (&pipelines.Ingest{Kafka: p.k, Kinds: all.Kinds(), Keys: keys, Log: p.Log}).Run(ctx, streams)
		},
		func(ctx context.Context) error {
			return (&pipelines.Loader{Kafka: p.k, Warehouse: p.w, Log: p.Log, Workers: 2, Session: 1500 * time.Millisecond}).Run(ctx, streams)
		})
	p.until(ready)
	stop()
}

// roles runs roles under the supervision of a process. They end with the returned
// function, or with the test.
func (p *pipeline) roles(run ...func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(p.t.Context())
	var all errgroup.Group
	for _, r := range run {
		all.Go(func() error { return supervise(ctx, p.Log, r) })
	}
	stop = sync.OnceFunc(func() {
		cancel()
		if err := all.Wait(); err != nil {
			p.t.Error(err)
		}
	})
	p.t.Cleanup(stop)
	return stop
}

func (p *pipeline) until(ready func() bool) {
	p.t.Helper()
	tick, limit := time.NewTicker(50*time.Millisecond), time.After(3*time.Minute)
	defer tick.Stop()
	for !ready() {
		select {
		case <-tick.C:
		case <-limit:
			p.t.Fatal("waited too long")
		}
	}
}

func (p *pipeline) number(sql string) int64 {
	p.t.Helper()
	var n int64
	if err := p.w.QueryRow(p.t.Context(), "SELECT toInt64("+sql+")", []any{&n}); err != nil {
		p.t.Fatal(err)
	}
	return n
}

// loaded is how many records the ledger of the system holds.
func (p *pipeline) loaded() int64 {
	return p.number("(SELECT sum(received) FROM ops.load FINAL WHERE system = '" + p.system + "')")
}

// books are what the view says of the system.
func (p *pipeline) books() string {
	p.t.Helper()
	var s string
	err := p.w.QueryRow(p.t.Context(), `SELECT concat('received ', toString(received), ' = accepted ', toString(accepted), ' + quarantined ', toString(quarantined),
		' + duplicate ', toString(duplicate), if(balanced, '', ' RED')) FROM ops.books WHERE system = '`+p.system+`'`, []any{&s})
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

const rejectsLedger = `system: rj_ledger
tier: X
name: { zh: 退回测试台账, en: Ledger of the quarantine test }
department: 测试
doc: Facilities with words that the code list does not know yet.
connect: { kind: folder, root: "ROOT" }
streams:
  facility:
    from: { path: 'facility_(?P<日期>\d{8})\.csv', format: csv, encoding: gb18030, header: [区划代码, 设施名称, 类别, 面积, 直接服务面积, 备注, 负责人], at: { path: 日期 } }
    key: [区划代码]
    fields: { 区划代码: text, 设施名称: text, 类别: text, 面积: text, 直接服务面积: text, 备注: text }
    drop: [负责人]
    partitions: 2
flows:
  - stream: facility
    entity: facility
    set:
      division_code:          { call: division, of: 区划代码, system: nbs12 }
      facility_kind:          { call: const, value: village_service_complex }
      facility_id:            { call: join, of: [.facility_kind, .division_code] }
      name:                   设施名称
      site_type:              { call: codelist, of: 类别, list: site_type }
      area_m2:                { call: area, of: 面积, unit: 平方米 }
      direct_service_area_m2: { call: area, of: 直接服务面积, unit: 平方米 }
    cases:
      - name: a row
        in:  { 区划代码: "370102001002", 设施名称: 解放桥, 类别: 中心村, 面积: "300", 直接服务面积: "200", 备注: "" }
        out: { site_type: central_village, area_m2: "300" }
every: { cron: "@every 1s", zone: Asia/Shanghai }
`

const siteTypes = `# source: policy rows 13.10-13.13
# version: 1
code,zh,en,aliases
built_urban,已建成城市社区,built-up urban community,建成城市社区|城市社区(已建成)|已建城市社区|老城区社区
new_urban,新建城市社区,new urban community,城市社区(新建)|新建社区
central_village,农村社区中心村,central village,中心村|中心村社区ALIASES
non_central_village,非中心村,non-central village,一般村|普通村|非中心村社区
township,乡镇（街道）,township seat,乡镇(街道)|镇街
`

// Of every ten rows: five are good, two have a word that the code list learns
// first, one a word that it learns later, one breaks an entity's rule for good
// and one has a column too many.
const rejectsRows = 20_000

func rejectsCSV(t *testing.T) []byte {
	reg, err := divisions.Load()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("区划代码,设施名称,类别,面积,直接服务面积,备注,负责人\n")
	n := 0
	for d := range reg.All("V") {
		if d.Kind != divisions.Civil {
			continue
		}
		site, direct, more := "中心村", "200", ""
		switch n % 10 {
		case 5, 6:
			site = "融合型社区"
		case 7:
			site = "城郊型社区"
		case 8:
			direct = "900"
		case 9:
			more = ",多出一列"
		}
		note := "=1+1 张三 370102199003071238 电话13912345678"
		fmt.Fprintf(&b, "%s,综合服务中心,%s,300,%s,%s,李四%s\n", d.Code, site, direct, note, more)
		if n++; n == rejectsRows {
			break
		}
	}
	out, err := simplifiedchinese.GB18030.NewEncoder().String(b.String())
	if err != nil {
		t.Fatal(err)
	}
	return []byte(out)
}

// TestRejects follows refused records from the source to quarantine, to the
// department and back into the theme, with crashes on the way.
func TestRejects(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "facility_20251231.csv"), rejectsCSV(t), 0o644); err != nil {
		t.Fatal(err)
	}
	p := newPipeline(t, "rj_ledger", strings.Replace(rejectsLedger, "ROOT", root, 1))
	p.run(func() bool { return p.loaded() == rejectsRows })
	const tenth = rejectsRows / 10
	all := warehouse.RejectFilter{System: "rj_ledger", Offset: -1}
	want := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
	want("the books at first", p.books(), fmt.Sprintf("received %d = accepted %d + quarantined %d + duplicate 0", rejectsRows, 5*tenth, 5*tenth))

	// What the quarantine says.
	counts, err := RejectCounts(t.Context(), p.Options, all)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, c := range counts {
		said = append(said, fmt.Sprint(c.Rows, " ", c.Rule, " ", c.Field))
	}
	want("counts", strings.Join(said, ", "), fmt.Sprintf("%d codelist.unknown site_type, %d csv.columns , %d facility.direct_le_area direct_service_area_m2", 3*tenth, tenth, tenth))
	one := all
	one.Rule, one.Division, one.Field = "codelist.unknown", "370102", "site_type"
	rows, err := RejectRows(t.Context(), p.Options, one, 3)
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		if !strings.HasPrefix(r.Division, "370102") || r.ReasonZh == "" || r.ReasonEn == "" || !strings.HasPrefix(r.Place, "facility_20251231.csv:") || r.Plan == 0 {
			t.Errorf("row %+v", r)
		}
		if strings.Contains(r.Row, "370102199003071238") || !strings.Contains(r.Row, "139****5678") {
			t.Errorf("the row is not masked: %s", r.Row)
		}
	}
	none := all
	none.Since = time.Now().Add(time.Hour)
	if rows, err := RejectRows(t.Context(), p.Options, none, 0); err != nil || len(rows) != 0 {
		t.Errorf("since the future: %d rows, %v", len(rows), err)
	}

	replay := func(dry bool, attempts int) pipelines.Replayed {
		t.Helper()
		d, err := ReplayRejects(t.Context(), p.Options, all, ReplayOptions{DryRun: dry, Attempts: attempts})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	// Nothing was mended: nothing is tried.
	want("under the same plan", replay(false, 0).String(),
		fmt.Sprintf("%d records in quarantine: 0 pass, 0 are refused again, %d not tried (same_plan), %d not tried (connector)", 5*tenth, 4*tenth, tenth))

	// The code list learns a word.
	p.file("codes/site_type.csv", strings.Replace(siteTypes, "ALIASES", "|融合型社区", 1))
	mended := fmt.Sprintf("%d records in quarantine: %d pass, %d are refused again, %d not tried (connector)", 5*tenth, 2*tenth, 2*tenth, tenth)
	dry := replay(true, 0)
	want("a dry run", dry.String(), mended)
	if len(dry.Refused) != 2 || dry.Refused[0].Rows != tenth || dry.Refused[0].Place == "" || dry.Refused[0].ReasonZh == "" {
		t.Errorf("why the rest would not: %+v", dry.Refused)
	}
	want("the books after the dry run", p.books(), fmt.Sprintf("received %d = accepted %d + quarantined %d + duplicate 0", rejectsRows, 5*tenth, 5*tenth))

	// A crash after the rows were loaded and before the records left quarantine.
	d := p.declarations()
	broken := &pipelines.Replay{Kafka: p.k, Warehouse: p.w, Store: &dyingStore{Store: p.w, calls: 1}, Streams: d.Streams, Log: p.Log}
	if _, err := broken.Run(t.Context(), all); !errors.Is(err, errDied) {
		t.Fatalf("the store did not die: %v", err)
	}
	// And one by SIGKILL, in a process of its own.
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), replayEnv+"="+p.Overlay, "TEST_KAFKA="+p.Kafka, "TEST_WAREHOUSE="+p.Options.Warehouse)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child was not killed: %v %s", err, out)
	}
	after := replay(false, 0)
	if after.Passed == 0 {
		t.Error("the killed replay had done everything: the test proves nothing")
	}
	want("the books after the replay", p.books(), fmt.Sprintf("received %d = accepted %d + quarantined %d + duplicate 0", rejectsRows, 7*tenth, 3*tenth))
	want("again", replay(false, 0).String(), fmt.Sprintf("%d records in quarantine: 0 pass, 0 are refused again, %d not tried (same_plan), %d not tried (connector)", 3*tenth, 2*tenth, tenth))
	if n := p.number("(SELECT max(attempt) FROM ops.reject FINAL WHERE system = 'rj_ledger')"); n != 1 {
		t.Errorf("%d attempts, want 1", n)
	}

	p.checkTopic(t, 5*tenth, 2*tenth)
	p.checkCorrections(t, all)

	// Kafka forgets; layer ods does not. The list learns the second word.
	for part := range int32(2) {
		ends, err := p.k.Ends(t.Context(), "in.rj_ledger.facility")
		if err == nil {
			err = p.k.DeleteRecords(t.Context(), "in.rj_ledger.facility", part, ends["in.rj_ledger.facility"][part].Last-1)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	p.file("codes/site_type.csv", strings.Replace(siteTypes, "ALIASES", "|融合型社区|城郊型社区", 1))
	want("tried as often as allowed", replay(true, 1).String(), fmt.Sprintf("%d records in quarantine: 0 pass, 0 are refused again, %d not tried (connector), %d not tried (attempts)", 3*tenth, tenth, 2*tenth))
	last := replay(false, 0)
	if last.FromRaw < 2*tenth-4 {
		t.Errorf("%d records came from layer ods", last.FromRaw)
	}
	want("from layer ods", last.String(), fmt.Sprintf("%d records in quarantine: %d pass, %d are refused again, %d not tried (connector)", 3*tenth, tenth, tenth, tenth))
	want("the books at last", p.books(), fmt.Sprintf("received %d = accepted %d + quarantined %d + duplicate 0", rejectsRows, 8*tenth, 2*tenth))
	if n := p.number("(SELECT count() FROM std.facility WHERE src_system = 'rj_ledger')") - p.number("(SELECT uniqExact(facility_id, version) FROM std.facility WHERE src_system = 'rj_ledger')"); n > 0 {
		t.Logf("%d rows more before merging: a repeated block with another name", n)
	}
	for sql, n := range map[string]int64{
		"(SELECT count() FROM std.facility FINAL WHERE src_system = 'rj_ledger' AND site_type = 'central_village')": 8 * tenth,
		"(SELECT count() FROM std.facility WHERE src_system = 'rj_ledger' AND place = '')":                          0,
		"(SELECT count() FROM ops.run FINAL WHERE job = 'replay' AND state = 'ok')":                                 4,
	} {
		if got := p.number(sql); got != n {
			t.Errorf("%s: got %d, want %d", sql, got, n)
		}
	}
}

var errDied = fault.New(fault.Bug, "the store died")

// dyingStore dies after some calls.
type dyingStore struct {
	pipelines.Store
	calls int
}

func (d *dyingStore) InsertRows(ctx context.Context, table, token string, rows any) error {
	if d.calls--; d.calls < 0 {
		return errDied
	}
	return d.Store.InsertRows(ctx, table, token, rows)
}

func (d *dyingStore) Load(ctx context.Context, l warehouse.Load) error {
	if d.calls--; d.calls < 0 {
		return errDied
	}
	return d.Store.Load(ctx, l)
}

// checkTopic holds the reject topic to what is in quarantine: every refused
// record once, and again, under its key, when a replay accepted it.
func (p *pipeline) checkTopic(t *testing.T, refused, accepted int64) {
	t.Helper()
	topic := pipelines.RejectTopic("rj_ledger", "facility")
	ends, err := p.k.Ends(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	first, last := map[string]int{}, map[string]pipelines.RejectRecord{}
	f := p.k.Fetcher(topic, 0, 0, topics.FetchOptions{ReadCommitted: true})
	err = f.Span(t.Context(), ends[topic][0].First, ends[topic][0].Last, func(r *topics.FetchedRecord) error {
		var x pipelines.RejectRecord
		if err := json.Unmarshal(r.Value, &x); err != nil {
			return err
		}
		if x.Attempt == 0 {
			first[string(r.Key)]++
		}
		last[string(r.Key)] = x
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var twice, done int64
	for _, n := range first {
		if n > 1 {
			twice++
		}
	}
	for _, x := range last {
		if x.Replayed {
			done++
		}
	}
	if int64(len(first)) != refused || twice != 0 || done != accepted || len(last) != len(first) {
		t.Errorf("the topic %s holds %d refused records, %d of them twice, %d accepted since; want %d, 0, %d", topic, len(first), twice, done, refused, accepted)
	}
}

// checkCorrections reads the department's file as the department would.
func (p *pipeline) checkCorrections(t *testing.T, f warehouse.RejectFilter) {
	t.Helper()
	dir := t.TempDir()
	files, err := ExportRejects(t.Context(), p.Options, f, dir)
	if err != nil || len(files) != 1 || files[0].Rows != 3*rejectsRows/10 || files[0].Encoding != "gb18030" {
		t.Fatalf("files %+v, %v", files, err)
	}
	file, err := os.Open(files[0].File)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := csv.NewReader(simplifiedchinese.GB18030.NewDecoder().Reader(file))
	header, err := r.Read()
	if got := strings.Join(header, "|"); err != nil || got != "区划代码|设施名称|类别|面积|直接服务面积|备注|负责人|错误原因|改正办法|位置" {
		t.Errorf("header %s, %v", got, err)
	}
	n := 0
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
		text := strings.Join(row, "|")
		if strings.Contains(text, "370102199003071238") || strings.Contains(text, "13912345678") || row[6] != "" {
			t.Errorf("the file holds an identifier: %s", text)
		}
		if row[7] == "" || row[8] == "" || !strings.HasPrefix(row[9], "facility_20251231.csv:") {
			t.Errorf("row %s", text)
		}
		if row[5] != "" && row[5] != "'=1+1 张三 370****38 电话139****5678" {
			t.Errorf("the remark is %q", row[5])
		}
		if row[2] == "城郊型社区" && row[7] != "所在地类型：不在规定的代码表中" {
			t.Errorf("the reason is %q", row[7])
		}
	}
	if n != 3*rejectsRows/10 {
		t.Errorf("%d rows", n)
	}
	if _, err := ExportRejects(t.Context(), p.Options, f, dir); fault.Of(err) != fault.Config {
		t.Errorf("an existing file: %v", err)
	}
}
