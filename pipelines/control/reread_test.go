package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/divisions"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// reprocessEnv makes the test binary a process that reprocesses and dies.
const reprocessEnv = "RONGTONG_TEST_REPROCESS"

// reprocessAndDie is killed by SIGKILL, by itself, after a number of steps.
func reprocessAndDie(overlay string) {
	o := Options{Kafka: os.Getenv("TEST_KAFKA"), Warehouse: os.Getenv("TEST_WAREHOUSE"), Overlay: overlay, Log: slog.New(slog.DiscardHandler)}
	left, _ := strconv.Atoi(os.Getenv("TEST_STEPS"))
	step := func() {
		if left--; left < 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	}
	_, err := Reprocess(context.Background(), o, RereadOptions{Stream: "rp_ledger.facility", Wait: 30 * time.Second, Session: time.Second,
		Progress: func(_, _ int64) { step() }, Did: func(string) { step() }})
	fmt.Fprintln(os.Stderr, "still alive:", err)
}

const rereadLedger = `system: SYSTEM
tier: X
name: { zh: 重新处理测试台账, en: Ledger of the reprocessing test }
department: 测试
doc: Facilities whose mapping is mended.
connect: { kind: folder, root: "ROOT" }
streams:
  facility:
    from: { path: 'facility_(?P<日期>\d{8})\.csv', format: csv, header: [区划代码, 设施名称, 类别, 面积, 启用, 种类], at: { path: 日期 } }
    key: [区划代码]
    fields: { 区划代码: text, 设施名称: text, 类别: text, 面积: text, 启用: text, 种类: text }
    partitions: 2
flows:
  - stream: facility
    entity: facility
    set:
      division_code: { call: division, of: 区划代码, system: nbs12 }
      facility_kind: KIND
      facility_id:   { call: join, of: [.facility_kind, .division_code] }
      name:          设施名称
      site_type:     { call: codelist, of: 类别, list: site_type }
      area_m2:       { call: area, of: 面积, unit: UNIT }
MORE
every: { cron: "@every 1s", zone: Asia/Shanghai }
`

func rereadMapping(system, root string, mended bool) string {
	kind, unit, more := "{ call: const, value: village_service_complex }", "平方米", ""
	if mended {
		kind, unit = "{ call: codelist, of: 种类, list: facility_kind }", "亩"
		more = "      opened_on:     { call: date, of: 启用 }"
	}
	return strings.NewReplacer("SYSTEM", system, "ROOT", root, "KIND", kind, "UNIT", unit, "MORE", more).Replace(rereadLedger)
}

const rereadRows = 3000

// Of every ten rows: one of another kind of facility, one with a word that the code
// list learns, one whose day of opening is none, one that stays refused.
func rereadCSV(t *testing.T) []byte {
	reg, err := divisions.Load()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("区划代码,设施名称,类别,面积,启用,种类\n")
	n := 0
	for d := range reg.All("V") {
		if d.Kind != divisions.Civil {
			continue
		}
		site, area, opened, kind := "中心村", "1", "2015-06-01", "综合服务设施"
		switch n % 10 {
		case 6:
			kind = "社工站"
		case 7:
			site = "融合型社区"
		case 8:
			opened = "不详年份"
		case 9:
			site = "城郊型社区"
		}
		if n%10 < 2 {
			opened = ""
		}
		fmt.Fprintf(&b, "%s,综合服务中心,%s,%s,%s,%s\n", d.Code, site, area, opened, kind)
		if n++; n == rereadRows {
			break
		}
	}
	return []byte(b.String())
}

// TestReprocess mends a mapping: the comparison foretells, exactly, what the
// warehouse holds afterwards, and that is what a new load by the mended mapping
// makes of the same file, whatever kills came in between.
func TestReprocess(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "facility_20251231.csv"), rereadCSV(t), 0o644); err != nil {
		t.Fatal(err)
	}
	p := newPipeline(t, "rp_ledger", rereadMapping("rp_ledger", root, false))
	p.run(func() bool { return p.loaded() == rereadRows })
	const tenth = rereadRows / 10
	ro := RereadOptions{Stream: "rp_ledger.facility", Wait: 30 * time.Second, Session: time.Second}
	compare := func() warehouse.Comparison {
		t.Helper()
		c, err := CompareReprocess(t.Context(), p.Options, ro)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := compare(); c.Differs() || c.Records != rereadRows || c.Claims[0].Same != 8*tenth || c.Refused[warehouse.RefusedSame] != 2*tenth {
		t.Fatalf("under the same mapping: %+v", c)
	}
	before := p.claims("rp_ledger")

	p.file("systems/rp_ledger.yaml", rereadMapping("rp_ledger", root, true))
	p.file("codes/site_type.csv", strings.Replace(siteTypes, "ALIASES", "|融合型社区", 1))
	c := compare()
	e := c.Claims[0]
	got := fmt.Sprintf("before %d after %d same %d changed %d gone %d added %d", e.Before, e.After, e.Same, e.Changed, e.Gone, e.Added)
	// Gone: another kind is another thing, and what is refused now. Added: the other kind, and what is accepted now.
	want := fmt.Sprintf("before %d after %d same 0 changed %d gone %d added %d", 8*tenth, 8*tenth, 6*tenth, 2*tenth, 2*tenth)
	if got != want || e.GonePlace == "" || e.AddedPlace == "" {
		t.Errorf("got %s, want %s; %+v", got, want, e)
	}
	var fields []string
	for _, f := range e.Fields {
		fields = append(fields, fmt.Sprint(f.Field, " ", f.Rows, " ", f.Before, ">", f.After))
		if !strings.HasPrefix(f.Place, "facility_20251231.csv:") {
			t.Errorf("the example of %s is at %q", f.Field, f.Place)
		}
	}
	if got, want := strings.Join(fields, ", "), fmt.Sprintf("area_m2 %d 1>666.6667, q_flags %d 65600>96, opened_on %d >2015-06-01", 6*tenth, 6*tenth, 4*tenth); got != want {
		t.Errorf("fields: got %s, want %s", got, want)
	}
	rejects := map[string]int64{}
	for _, x := range c.Rejects {
		rejects[x.What+" "+x.Rule+" "+x.Field] = x.Rows
	}
	if rejects["newly_refused date.format opened_on"] != tenth || rejects["newly_accepted codelist.unknown site_type"] != tenth || len(rejects) != 2 || c.Refused[warehouse.RefusedSame] != tenth {
		t.Errorf("rejects %v, %v", rejects, c.Refused)
	}
	if after := p.claims("rp_ledger"); after != before {
		t.Error("the comparison changed what is there")
	}
	books := p.books()

	// Killed after reading, between the steps, and before the end.
	for steps := 1; steps < 4; steps++ {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), reprocessEnv+"="+p.Overlay, "TEST_KAFKA="+p.Kafka, "TEST_WAREHOUSE="+p.Options.Warehouse, fmt.Sprint("TEST_STEPS=", steps))
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("the child was not killed: %v %s", err, out)
		}
	}
	if _, err := Reprocess(t.Context(), p.Options, ro); err != nil {
		t.Fatal(err)
	}
	if got := p.books(); got != books {
		t.Errorf("books: %s, before: %s", got, books)
	}
	if c := compare(); c.Differs() {
		t.Errorf("after it was put in place: %+v", c)
	}
	// The same file, loaded for the first time by the mended mapping.
	q := newPipeline(t, "rq_ledger", rereadMapping("rq_ledger", root, true))
	q.file("codes/site_type.csv", strings.Replace(siteTypes, "ALIASES", "|融合型社区", 1))
	q.run(func() bool { return q.loaded() == rereadRows })
	if a, b := p.claims("rp_ledger"), q.claims("rq_ledger"); a != b {
		t.Errorf("reprocessed claims %s, loaded ones %s", a, b)
	}
	if a, b := p.refused("rp_ledger"), q.refused("rq_ledger"); a != b {
		t.Errorf("reprocessed refusals %s, loaded ones %s", a, b)
	}
	if err := DiscardReprocess(t.Context(), p.Options, ro); err != nil {
		t.Fatal(err)
	}
	if n := p.number("(SELECT count() FROM system.tables WHERE name LIKE '%reread%' OR name LIKE '%reprocess%')"); n != 0 {
		t.Errorf("%d tables are left behind", n)
	}
	// Kafka forgets; layer ods does not.
	topic := "in.rp_ledger.facility"
	for part := range int32(2) {
		ends, err := p.k.Ends(t.Context(), topic)
		if err == nil {
			err = p.k.DeleteRecords(t.Context(), topic, part, ends[topic][part].Last-1)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if c := compare(); c.Differs() || c.Records != rereadRows || c.FromOds < rereadRows-4 || c.Claims[0].NotHeld != 0 {
		t.Errorf("from layer ods: %+v", c)
	}
	p.checkReplay(t)
}

// claims are a number and a hash of a system's claims about facilities, but for
// what tells two loads of one file apart.
func (p *pipeline) claims(system string) string {
	p.t.Helper()
	return p.text(`SELECT concat(toString(count()), ' ', hex(sum(sipHash64(toString(tuple(COLUMNS('.*') EXCEPT (src_system, kafka_topic, arrived_at, last_arrived_at, last_delivery, loaded_at))))))) FROM std.facility FINAL WHERE src_system = '` + system + `'`)
}

func (p *pipeline) refused(system string) string {
	p.t.Helper()
	return p.text(`SELECT concat(toString(count()), ' ', hex(sum(sipHash64(partition, offset, rule, field, place, row, replayed)))) FROM ops.reject FINAL WHERE NOT replayed AND system = '` + system + `'`)
}

func (p *pipeline) text(sql string) string {
	p.t.Helper()
	var s string
	if err := p.w.QueryRow(p.t.Context(), sql, []any{&s}); err != nil {
		p.t.Fatal(err)
	}
	return s
}

// checkReplay loses rows and loads them again.
func (p *pipeline) checkReplay(t *testing.T) {
	t.Helper()
	whole, books := p.claims("rp_ledger"), p.books()
	replay := func(pick pipelines.Pick, dry bool) Replayed {
		t.Helper()
		d, err := Replay(t.Context(), p.Options, RereadOptions{Stream: "rp_ledger.facility", Pick: pick}, dry)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	file := pipelines.Pick{File: "facility_20251231.csv"}
	if d := replay(file, false); d.Missing != 0 || d.Records != rereadRows || p.claims("rp_ledger") != whole || p.books() != books {
		t.Errorf("a replay of what is there changed something: %+v, %s", d, p.books())
	}
	if d := replay(pipelines.Pick{File: "facility_2025"}, false); d.Records != 0 {
		t.Errorf("a part of a name is no file: %d records", d.Records)
	}
	if err := p.w.Exec(t.Context(), "DELETE FROM std.facility WHERE src_system = 'rp_ledger' AND kafka_partition = 1 AND kafka_offset >= 100"); err != nil {
		t.Fatal(err)
	}
	lost := p.number("(SELECT count() FROM std.facility FINAL WHERE src_system = 'rp_ledger')")
	span := pipelines.Pick{Span: &record.Span{Partition: 1, From: 50, To: 150}}
	if d := replay(span, true); d.Missing == 0 || d.Restored != 0 || d.Records > 100 {
		t.Errorf("a dry run: %+v", d)
	}
	part := replay(span, false)
	if d := replay(file, false); part.Restored == 0 || d.Restored == 0 || p.claims("rp_ledger") != whole || p.books() != books {
		t.Errorf("of %d claims left: restored %d and %d: %s instead of %s; %s", lost, part.Restored, d.Restored, p.claims("rp_ledger"), whole, p.books())
	}
	if d := replay(pipelines.Pick{Since: time.Now().Add(time.Hour)}, false); d.Records != 0 {
		t.Errorf("of the future: %d records", d.Records)
	}
	// Another mapping: a replay would leave both.
	if err := p.w.Exec(t.Context(), "DELETE FROM std.facility WHERE src_system = 'rp_ledger' AND kafka_partition = 1 AND kafka_offset >= 100"); err != nil {
		t.Fatal(err)
	}
	p.file("codes/site_type.csv", strings.Replace(siteTypes, "ALIASES", "", 1))
	if _, err := Replay(t.Context(), p.Options, RereadOptions{Stream: "rp_ledger.facility", Pick: file}, false); fault.Of(err) != fault.Config {
		t.Errorf("under another mapping: %v", err)
	}
}
