package pipelines

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"rongtong/connectors/all"
	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/schedule"
	"rongtong/pipelines/systems"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/divisions"
)

// roleBackfill is a process that runs jobs, to be killed for real.
const roleBackfill = "backfill"

const backfillLedger = `system: %[1]s
tier: X
name: { zh: 回填测试台账, en: Ledger of the backfill test }
department: 测试
doc: A file a business day.
connect: { kind: folder, root: %[2]q }
streams:
  facility:
    from: { path: 'facility_(?P<日期>\d{8})\.csv', format: csv, header: [区划代码, 设施名称, 面积], at: { path: 日期 } }
    key: [区划代码]
    fields: { 区划代码: text, 设施名称: text, 面积: text }
    partitions: 2
flows:
  - stream: facility
    entity: facility
    set:
      division_code: { call: division, of: 区划代码, system: nbs12 }
      facility_kind: { call: const, value: village_service_complex }
      facility_id:   { call: join, of: [.facility_kind, .division_code] }
      name:          设施名称
      area_m2:       { call: area, of: 面积, unit: 平方米 }
every: { cron: "0 2 1 1 *", zone: Asia/Shanghai }
`

// backfillJobs are the jobs of the test: what a day's claims come to, and what all
// days so far come to, each after what it reads.
const backfillJobs = `limits: { pool: 4, uses: { warehouse: 2, claims: 1, sources: 1 } }
jobs:
  - job: pull
    doc: { zh: 读取, en: Pull }
    asked: true
    every: { retries: 5, backoff: 100ms }
    uses: [sources]
  - job: fuse
    doc: { zh: 融合, en: Fuse }
    does: test.fuse
    asked: true
    every: { retries: 5, backoff: 100ms }
    after: [{ system: %[1]s }]
    uses: [claims]
  - job: tally
    doc: { zh: 当日合计, en: What a day comes to }
    does: test.tally
    asked: true
    every: { retries: 5, backoff: 100ms, concurrency: 4 }
    after: [{ system: %[1]s }, { job: fuse }]
  - job: total
    doc: { zh: 累计, en: What the days so far come to }
    does: test.total
    asked: true
    every: { retries: 5, backoff: 100ms }
    after: [{ job: tally }]
`

func init() {
	work["test.fuse"] = func(j *Jobs, ctx context.Context, r *Run) (string, error) {
		_, err := j.Warehouse.Fuse(ctx, j.Catalog, "facility")
		return "", err
	}
	work["test.tally"] = func(j *Jobs, ctx context.Context, r *Run) (string, error) {
		return "", j.Warehouse.Exec(ctx, fmt.Sprintf(`INSERT INTO ops.test_tally SELECT '%[1]s', '%[2]s', toString(sum(area_m2)), count(), generateUUIDv4()
			FROM std.facility FINAL WHERE src_system = '%[1]s' AND toDate(event_time, 'Asia/Shanghai') = '%[2]s'`, r.Args[ArgSystem], r.Date))
	}
	work["test.total"] = func(j *Jobs, ctx context.Context, r *Run) (string, error) {
		return "", j.Warehouse.Exec(ctx, fmt.Sprintf(`INSERT INTO ops.test_tally SELECT '%[1]s total', '%[2]s', toString(sum(toDecimal64(area, 4))), sum(n), generateUUIDv4()
			FROM ops.test_tally FINAL WHERE system = '%[1]s' AND day <= '%[2]s'`, r.Args[ArgSystem], r.Date))
	}
}

// backfillSet are declarations with one system of its own.
func backfillSet(system, root string) (*schemas.Catalog, []*Stream, error) {
	c, ps := schemas.Load(schemas.FS, systems.FS, fstest.MapFS{
		"systems/" + system + ".yaml": {Data: fmt.Appendf(nil, backfillLedger, system, root)},
		"jobs.yaml":                   {Data: fmt.Appendf(nil, backfillJobs, system)}})
	if len(ps) > 0 {
		return nil, nil, fmt.Errorf("%v", ps)
	}
	streams, ps := Compile(c)
	if len(ps) > 0 {
		return nil, nil, fmt.Errorf("%v", ps)
	}
	return c, slices.DeleteFunc(streams, func(s *Stream) bool { return s.System.System != system }), nil
}

func runJobs(kafka, address, system, root string) error {
	ctx := context.Background()
	c, streams, err := backfillSet(system, root)
	if err != nil {
		return err
	}
	k, err := topics.Dial(ctx, []string{kafka})
	if err != nil {
		return err
	}
	w, err := warehouse.Open(ctx, address)
	if err != nil {
		return err
	}
	j := &Jobs{Kafka: k, Warehouse: w, Catalog: c, Streams: streams, Kinds: all.Kinds(), Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})), Session: 1500 * time.Millisecond}
	return j.Run(ctx)
}

// backfillDays is how many business days the test fills; ninety by
// RONGTONG_TEST_DAYS=90.
var backfillDays = fromEnv("RONGTONG_TEST_DAYS", 10)

// TestBackfill fills business days of a system with three jobs after it, once
// undisturbed and once in processes that are killed three times: claims, books
// and what the jobs made are the same, and a second backfill changes nothing.
func TestBackfill(t *testing.T) {
	b := newBackfillWorld(t)
	calm := b.fill("bf_calm", 0, 1)
	rough := b.fill("bf_rough", 3, 3)
	if calm != rough {
		t.Errorf("undisturbed:\n%s\nkilled three times:\n%s", calm, rough)
	}
	if !strings.Contains(calm, fmt.Sprintf("%d days", backfillDays)) {
		t.Errorf("not every day was filled: %s", calm)
	}
	if again := b.fill("bf_rough", 0, 1); again != rough {
		t.Errorf("done again it gives\n%s\ninstead of\n%s", again, rough)
	}
}

type backfillWorld struct {
	t              *testing.T
	kafka, address string
	root           string
	dates          []string
	k              *topics.Client
	w              *warehouse.Warehouse
}

func newBackfillWorld(t *testing.T) *backfillWorld {
	b := &backfillWorld{t: t, kafka: embeddedtest.Broker(t), address: embeddedtest.Warehouse(t), root: t.TempDir()}
	reg, err := divisions.Load()
	if err != nil {
		t.Fatal(err)
	}
	var villages []string
	for d := range reg.All("V") {
		if d.Kind == divisions.Civil && len(villages) < 40 {
			villages = append(villages, d.Code)
		}
	}
	c, _ := schemas.Load(schemas.FS)
	cal := c.Calendar("china")
	for day := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC); len(b.dates) < backfillDays; day = day.AddDate(0, 0, 1) {
		if !cal.Workday(day) {
			continue
		}
		b.dates = append(b.dates, day.Format(time.DateOnly))
		var text strings.Builder
		text.WriteString("区划代码,设施名称,面积\n")
		for i, v := range villages {
			fmt.Fprintf(&text, "%s,综合服务中心,%d\n", v, 100+(i*7+len(b.dates)*13)%900)
		}
		file := filepath.Join(b.root, "facility_"+day.Format("20060102")+".csv")
		if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, day, day); err != nil { // it has rested
			t.Fatal(err)
		}
	}
	if b.k, err = topics.Dial(t.Context(), []string{b.kafka}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.k.Close() })
	if b.w, err = warehouse.Open(t.Context(), b.address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.w.Close() })
	return b
}

// fill backfills a system, with kills at random moments, and says what is there
// then.
func (b *backfillWorld) fill(system string, kills, width int) string {
	t, ctx := b.t, b.t.Context()
	t.Helper()
	c, streams, err := backfillSet(system, b.root)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := b.w.Plan(ctx, c)
	if err == nil {
		err = b.w.Migrate(ctx, steps)
	}
	if err == nil {
		err = b.w.Exec(ctx, "CREATE TABLE IF NOT EXISTS ops.test_tally (system String, day String, area String, n UInt64, id UUID) ENGINE = ReplacingMergeTree ORDER BY (system, day)")
	}
	if err == nil {
		err = b.k.Ensure(ctx, append(Topics(streams), ControlTopics()...))
	}
	if err != nil {
		t.Fatal(err)
	}
	loading, stop := context.WithCancel(ctx)
	loaded := make(chan error, 1)
	go func() {
		loaded <- (&Loader{Kafka: b.k, Warehouse: b.w, Log: slog.New(slog.DiscardHandler), BlockRows: 40, Session: 1500 * time.Millisecond}).Run(loading, streams)
	}()
	r := Request{RunID: NewRunID("backfill-" + system), Job: "pull", Cause: schedule.ByBackfill, Dates: b.dates, Width: width, Args: map[string]string{ArgSystem: system}}
	r.Args[ArgBackfill] = r.RunID
	r.Then = Dependants(c, "", system, "pull", nil)
	if got := fmt.Sprint(r.Then); got != "[{fuse [pull]} {tally [pull fuse]} {total [tally]}]" {
		t.Errorf("the dependants are %s", got)
	}
	if err := Ask(ctx, b.k, r); err != nil {
		t.Fatal(err)
	}
	_ = os.Setenv("TEST_BACKFILL", system+"\n"+b.root)
	kill := spawn(t, roleBackfill, b.kafka, b.address)
	all := len(b.dates) * (1 + len(r.Then))
	for n := range kills {
		at := all * (n + 1) / (kills + 2)
		b.until(func() bool { return b.done(r.RunID) >= at+rand.IntN(all/8) })
		kill()
		kill = spawn(t, roleBackfill, b.kafka, b.address)
	}
	b.until(func() bool { return b.done(r.RunID) == all })
	b.order(&r)
	kill()
	stop()
	<-loaded
	if _, err := b.w.Fuse(ctx, c, "facility"); err != nil {
		t.Fatal(err)
	}
	return b.state(system)
}

func (b *backfillWorld) until(ready func() bool) {
	b.t.Helper()
	tick, limit := time.NewTicker(100*time.Millisecond), time.After(time.Duration(3+backfillDays/4)*time.Minute)
	defer tick.Stop()
	for !ready() {
		select {
		case <-tick.C:
		case <-limit:
			b.t.Fatal("waited too long: ", b.text("SELECT toString(groupArray((slot, state, error))) FROM (SELECT * FROM ops.run FINAL WHERE state != 'ok' ORDER BY started_at DESC LIMIT 10)"))
		}
	}
}

func (b *backfillWorld) text(sql string) string {
	b.t.Helper()
	var s string
	if err := b.w.QueryRow(b.t.Context(), sql, []any{&s}); err != nil {
		b.t.Fatal(err)
	}
	return s
}

// done is how many slots of a request are done.
func (b *backfillWorld) done(request string) int {
	var n uint64
	if err := b.w.QueryRow(b.t.Context(), "SELECT uniqExact(slot) FROM ops.run FINAL WHERE request = ? AND state = 'ok'", []any{&n}, request); err != nil {
		b.t.Fatal(err)
	}
	return int(n)
}

// order holds the runs to their order: of every date, what a job follows had ended
// when it began.
func (b *backfillWorld) order(r *Request) {
	b.t.Helper()
	runs, err := b.w.Runs(b.t.Context(), 100_000, "request = ? AND state = 'ok'", r.RunID)
	if err != nil {
		b.t.Fatal(err)
	}
	bySlot := map[string]warehouse.Run{}
	for _, x := range runs {
		bySlot[x.Slot] = x
	}
	for _, date := range r.Dates {
		for _, d := range r.Then {
			for _, f := range d.Follows {
				before, after := bySlot[r.SlotThen(f, date)], bySlot[r.SlotThen(d.Job, date)]
				if before.Finished.After(after.Started) {
					b.t.Errorf("%s of %s began at %s, before %s ended at %s", d.Job, date, after.Started, f, before.Finished)
				}
			}
		}
	}
}

// state is what a system's backfill left, but for what tells two loads apart.
func (b *backfillWorld) state(system string) string {
	b.t.Helper()
	q := func(sql string) string { return b.text(strings.ReplaceAll(sql, "SYSTEM", system)) }
	return strings.Join([]string{
		q(`SELECT concat('claims ', toString(count()), ' ', hex(sum(sipHash64(toString(tuple(COLUMNS('.*') EXCEPT (src_system, kafka_topic, kafka_partition, kafka_offset, last_delivery, last_arrived_at, last_kafka_partition, last_kafka_offset, loaded_at, arrived_at)))))), ', ', toString(uniqExact(event_time)), ' days') FROM std.facility FINAL WHERE src_system = 'SYSTEM'`),
		q(`SELECT concat('tallies ', toString(count()), ' ', hex(sum(sipHash64(replaceOne(system, 'SYSTEM', ''), day, area, n)))) FROM ops.test_tally FINAL WHERE system IN ('SYSTEM', 'SYSTEM total')`),
		q(`SELECT concat('books ', toString(received - duplicate), ' ', toString(accepted), ' ', toString(quarantined), ' ', toString(balanced)) FROM ops.books WHERE system = 'SYSTEM'`),
	}, "\n")
}
