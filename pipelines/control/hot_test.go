package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rongtong/deploy/embedded"
	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines"
	"rongtong/pipelines/declared"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
)

const meterEntity = `entity: meter
theme: t9_test
name: { zh: 表, en: Meter }
doc: { zh: 测试用的小表。, en: A small table for a test. }
grain: { zh: 一行一次, en: one row per reading }
key: [meter_id]
event_time: version
retention: P10Y
fusion: row
authority: [V]
columns:
  - { name: meter_id, type: text, zh: 标识, en: Id }
  - { name: amount, type: int, nullable: true, zh: 数量, en: Amount }
`

const meterSystem = `system: meters
tier: V
name: { zh: 抄表, en: Meters }
department: 测试
doc: Readings in a table that grows.
connect: { kind: sql, driver: sqlite, path: "PATH" }
streams:
  reading:
    from: { table: reading, cursor: seq }
    key: [id]
    fields: { seq: number, id: text, a: number, b: number, at: text }
    partitions: 2
flows:
  - stream: reading
    entity: meter
    at: { call: time, of: at }
    set:
      meter_id: id
      amount: { call: int, of: a }
    cases:
      - name: a reading
        in: { seq: "1", id: "1", a: "2", b: "3", at: "2025-11-03 08:15:00" }
        out: { meter_id: "1" }
every: { cron: "@every 1s", zone: Asia/Shanghai }
`

// house is a small set of declarations that stands for itself, on engines of its
// own: what is applied in it is in force for nobody else.
type house struct {
	Options
	t    *testing.T
	k    *topics.Client
	w    *warehouse.Warehouse
	db   *sql.DB
	rows atomic.Int64 // in the source
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return newHouseOn(t, "")
}

// newHouseOn is newHouse on another broker.
func newHouseOn(t *testing.T, kafka string) *house {
	t.Helper()
	engines, err := embedded.Start(context.WithoutCancel(t.Context()), embeddedtest.Options(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engines.Stop() })
	h := &house{Options: Options{Kafka: engines.Kafka, Warehouse: engines.Warehouse, Overlay: t.TempDir(), Log: slog.New(slog.NewTextHandler(t.Output(), nil))}, t: t}
	if kafka != "" {
		h.Kafka = kafka
	}
	set, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	files, err := declared.Flatten(set)
	if err != nil {
		t.Fatal(err)
	}
	for p, data := range files {
		if !strings.Contains(p, "/") || strings.HasPrefix(p, "calendars/") || strings.HasPrefix(p, "codes/") ||
			strings.HasSuffix(p, "/division.yaml") {
			h.file(p, string(data))
		}
	}
	h.edit("themes/t1_division/division.yaml", "nbs_register", "P")
	path := filepath.Join(t.TempDir(), "meters.db")
	if h.db, err = sql.Open("sqlite", path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.db.Close() })
	h.db.SetMaxOpenConns(1)
	if _, err := h.db.Exec("PRAGMA journal_mode=WAL; CREATE TABLE reading (seq INTEGER PRIMARY KEY, id TEXT, a INTEGER, b INTEGER, at TEXT); CREATE TABLE other (seq INTEGER PRIMARY KEY, id TEXT, a INTEGER, at TEXT)"); err != nil {
		t.Fatal(err)
	}
	h.file("themes/t9_test/meter.yaml", meterEntity)
	h.file("systems/meters.yaml", strings.Replace(meterSystem, "PATH", path, 1))
	if h.k, err = h.kafka(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.k.Close() })
	if h.w, err = h.warehouse(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.w.Close() })
	return h
}

func (h *house) file(name, text string) {
	h.t.Helper()
	path := filepath.Join(h.Overlay, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// edit changes a file of the folder.
func (h *house) edit(name, old, now string) {
	h.t.Helper()
	data, err := os.ReadFile(filepath.Join(h.Overlay, filepath.FromSlash(name)))
	if err != nil {
		h.t.Fatal(err)
	}
	if !strings.Contains(string(data), old) {
		h.t.Fatalf("%s does not hold %q", name, old)
	}
	h.file(name, strings.Replace(string(data), old, now, 1))
}

// up runs a process in this one until the test ends, or until stop is called.
func (h *house) up(roles ...string) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	o := h.Options
	o.Overlay = "" // what is in force is in Kafka
	done := make(chan error, 1)
	go func() { done <- Up(ctx, o, Work{Roles: roles, Workers: 2}) }()
	stop = sync.OnceValue(func() error {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	})
	h.t.Cleanup(func() {
		if err := stop(); err != nil {
			h.t.Error(err)
		}
	})
	return stop
}

// write adds rows to the source until the returned function is called.
func (h *house) write() (stop func()) {
	ctx, cancel := context.WithCancel(h.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			tx, err := h.db.Begin()
			for range 100 {
				if err == nil {
					n := h.rows.Add(1)
					_, err = tx.Exec("INSERT INTO reading VALUES (?, ?, ?, ?, ?)", n, fmt.Sprint(n), n, -n, "2025-11-03 08:15:00")
				}
			}
			if err == nil {
				err = tx.Commit()
			}
			if err != nil {
				h.t.Error(err)
				return
			}
			sleep(ctx, 30*time.Millisecond)
		}
	})
	return func() { cancel(); wg.Wait() }
}

func (h *house) number(sql string) (n int64) {
	h.t.Helper()
	var u uint64
	if err := h.w.QueryRow(h.t.Context(), sql, []any{&u}); err != nil {
		h.t.Fatal(err)
	}
	return int64(u)
}

func (h *house) until(what string, ready func() bool) {
	h.t.Helper()
	tick, limit := time.NewTicker(100*time.Millisecond), time.After(3*time.Minute)
	defer tick.Stop()
	for !ready() {
		select {
		case <-limit:
			h.t.Fatalf("waiting until %s", what)
		case <-tick.C:
		}
	}
}

// loaded is how many rows of the source were accepted.
func (h *house) loaded() int64 {
	h.t.Helper()
	return h.number("SELECT sum(accepted) FROM ops.load FINAL WHERE stream = 'reading'")
}

// pending reports whether a load was begun and not ended.
func (h *house) pending() bool {
	at, err := h.k.Offsets(h.t.Context(), pipelines.LoadGroup, "in.meters.reading")
	if err != nil {
		h.t.Fatal(err)
	}
	for _, p := range at["in.meters.reading"] {
		if strings.HasPrefix(p.Metadata, "load ") {
			return true
		}
	}
	return false
}

func (h *house) apply(c ApplyChange) *Applied {
	h.t.Helper()
	c.Session, c.From = time.Second, -1
	done, err := ApplyDeclarations(h.t.Context(), h.Options, c)
	if err != nil {
		h.t.Fatal(err)
	}
	if len(done.Behind) > 0 {
		h.t.Fatalf("behind: %v", done.Behind)
	}
	return done
}

// books: every row of the source was delivered, received and accepted once, and
// is there once.
func (h *house) books() {
	h.t.Helper()
	want := h.rows.Load()
	h.until("everything is loaded", func() bool {
		return h.number("SELECT sum(accepted) FROM ops.load FINAL WHERE stream = 'reading'") >= want
	})
	for _, q := range []string{
		"SELECT sum(received) FROM ops.load FINAL WHERE stream = 'reading'",
		"SELECT sum(accepted) FROM ops.load FINAL WHERE stream = 'reading'",
		"SELECT count() FROM std.meter FINAL WHERE src_system = 'meters' AND kafka_topic = 'in.meters.reading'",
		"SELECT uniqExact(meter_id) FROM std.meter WHERE kafka_topic = 'in.meters.reading'",
		"SELECT uniqExact((kafka_partition, kafka_offset)) FROM std.meter WHERE kafka_topic = 'in.meters.reading'",
	} {
		if got := h.number(q); got != want {
			h.t.Errorf("%s: %d, want %d", q, got, want)
		}
	}
	d, _, err := h.inForce(h.t.Context(), h.k)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, s := range d.Streams {
		if s.Topic == "in.meters.reading" {
			n, err := pipelines.Delivered(h.t.Context(), h.k, s)
			if err != nil || n.Records != want {
				h.t.Errorf("delivered %d, want %d, %v", n.Records, want, err)
			}
		}
	}
}

// Declarations are applied and rolled back while rows flow through two processes:
// a mapping, a stream, an indicator, a schedule, a table that is rewritten. Every
// row of the source is there once, made in the old way up to one offset of its
// partition and in the new way from there.
func TestHotApply(t *testing.T) { hotApply(t, newHouse(t)) }

func hotApply(t *testing.T, h *house) {
	t.Helper()
	first := h.apply(ApplyChange{Why: "the first"})
	if first.Version != 1 {
		t.Fatalf("version %d", first.Version)
	}
	h.up("ingest", "load")
	h.up("load", "schedule")
	h.until("two processes run", func() bool {
		store, err := declared.Open(t.Context(), h.k)
		if err != nil {
			return false
		}
		st, err := inForceStatus(t.Context(), h.k, store)
		return err == nil && len(st.Nodes) == 2 && len(st.Skewed()) == 0
	})
	stop := h.write()
	flows := func(what string) {
		t.Helper()
		from := h.loaded()
		h.until("rows flow after "+what, func() bool { return h.loaded() > from+500 })
	}
	flows("the start")

	// A mapping: b is -a.
	h.edit("systems/meters.yaml", "of: a }", "of: b }")
	done := h.apply(ApplyChange{})
	if len(done.Processes) != 2 || done.Processes[0].Version != 2 {
		t.Errorf("processes %v", done.Processes)
	}
	flows("a mapping")
	// Five hundred rows may be all of one partition: what is compared is there first.
	const byPartition = `(SELECT maxIf(kafka_offset, amount > 0) AS old, minIf(kafka_offset, amount < 0) AS new, countIf(amount < 0) AS made FROM std.meter GROUP BY kafka_partition)`
	h.until("both partitions are made in the new way", func() bool {
		return h.number("SELECT countIf(made > 0) FROM "+byPartition) == 2
	})
	if n := h.number("SELECT countIf(old > new) FROM " + byPartition); n > 0 {
		t.Errorf("%d partitions went back to the old mapping", n)
	}

	// A stream, an indicator, another schedule, all at once.
	if _, err := h.db.Exec("INSERT INTO other VALUES (1, 'o1', 7, '2025-11-03 08:15:00'), (2, 'o2', 8, '2025-11-03 08:15:00')"); err != nil {
		t.Fatal(err)
	}
	h.edit("systems/meters.yaml", "flows:\n", "  other:\n    from: { table: other, cursor: seq }\n    key: [id]\n    fields: { seq: number, id: text, a: number, at: text }\nflows:\n  - stream: other\n    entity: meter\n    at: { call: time, of: at }\n    set:\n      meter_id: id\n      amount: { call: int, of: a }\n    cases:\n      - name: another\n        in: { seq: \"1\", id: \"1\", a: \"2\", at: \"2025-11-03 08:15:00\" }\n        out: { meter_id: \"1\" }\n")
	h.edit("systems/meters.yaml", "@every 1s", "@every 2s")
	h.file("indicators/I-99-01.yaml", meterIndicator)
	h.edit("jobs.yaml", `cron: "@every 20s"`, `cron: "@every 1s"`)
	h.apply(ApplyChange{})
	flows("a stream")
	h.until("the new stream is loaded", func() bool {
		return h.number("SELECT count() FROM std.meter WHERE kafka_topic = 'in.meters.other'") == 2
	})
	h.until("the job of the other schedule computed the indicator", func() bool { return h.number("SELECT count() FROM ops.compute FINAL WHERE indicator = 'I-99-01'") == 1 })

	// A table that is rewritten: the loaders leave for it, and come back.
	h.edit("themes/t9_test/meter.yaml", "name: amount, type: int", "name: amount, type: text")
	h.edit("systems/meters.yaml", "amount: { call: int, of: b }", "amount: b")
	h.edit("systems/meters.yaml", "amount: { call: int, of: a }", "amount: a")
	if done := h.apply(ApplyChange{}); len(done.Plan.Pauses) == 0 {
		t.Errorf("nobody had to leave for %v", done.Plan.Steps)
	}
	flows("a rewrite")

	// Back to the third version: text becomes numbers again, all have an equal.
	back := h.apply(ApplyChange{Change: Change{Repeat: -1}, Why: "back"})
	if back.Version != 5 || back.Plan.Fingerprint != history(t, h)[2].Fingerprint {
		t.Errorf("rolled back to version %d, %s", back.Version, back.Plan.Fingerprint)
	}
	flows("a rollback")
	stop()
	h.books()
	for _, v := range history(t, h) {
		if v.State != declared.Applied {
			t.Errorf("version %d is %s: %s", v.Number, v.State, v.Error)
		}
	}
}

const meterIndicator = `indicator: I-99-01
policy_row: "05.18"
name: { zh: 测试指标, en: A test }
doc: { zh: 测试。, en: A test. }
unit: "%"
scale: 100
direction: monitor
computed_at: V
published_at: [P, C, X, T, V]
periods: {every: year, from: "2025"}
register: nbs-2023-06-30
rule_version: 1
reads: [meter]
sql: SELECT toFixedString(leftPad(meter_id, 12, '0'), 12) AS division_code, toFloat64(1) AS numerator, toFloat64(1) AS denominator FROM dwd.meter
`

func history(t *testing.T, h *house) []declared.Version {
	t.Helper()
	list, err := History(t.Context(), h.Options)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A source is read from its beginning once, however often its process starts, and
// what comes again is no more than a duplicate.
func TestApplyReread(t *testing.T) {
	h := newHouse(t)
	h.apply(ApplyChange{})
	stop := h.up("ingest", "load")
	write := h.write()
	h.until("rows flow", func() bool { return h.loaded() > 500 })
	write()
	want := h.rows.Load()
	h.until("all is loaded", func() bool { return h.loaded() == want })
	done := h.apply(ApplyChange{Change: Change{Reread: []string{"meters.reading"}}})
	if done.Version != 2 || len(done.Plan.Dangers) != 1 || !done.Plan.Dangers[0].Allowed {
		t.Errorf("version %d, dangers %v", done.Version, done.Plan.Dangers)
	}
	h.until("all came again", func() bool { return h.loaded() == 2*want })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	h.up("ingest", "load")
	if _, err := h.db.Exec("INSERT INTO reading VALUES (?, 'last', 1, 1, '2025-11-03 08:15:00')", want+1); err != nil {
		t.Fatal(err)
	}
	h.until("what is new is loaded", func() bool { return h.number("SELECT count() FROM std.meter WHERE meter_id = 'last'") == 1 })
	h.until("no more than that is loaded", func() bool { return h.loaded() == 2*want+1 })
	if got := h.number("SELECT count() FROM std.meter FINAL"); got != want+1 {
		t.Errorf("there are %d claims, want %d", got, want+1)
	}
	if _, err := PlanDeclarations(t.Context(), h.Options, Change{Reread: []string{"meters.redaing"}}); err == nil || !strings.Contains(err.Error(), "meters.reading") {
		t.Errorf("a stream that is none: %v", err)
	}
	// Nothing is asked for by the next version.
	h.edit("systems/meters.yaml", "of: a }", "of: b }")
	h.apply(ApplyChange{})
	if v := history(t, h)[2]; v.Reread["meters.reading"] != 2 {
		t.Errorf("read again at versions %v", v.Reread)
	}
}

// A process that says something new is away for a moment: that it is not heard
// just then does not mean that nobody has to be waited for.
func TestAwaitAway(t *testing.T) {
	o := Options{Kafka: embeddedtest.Broker(t), Log: slog.New(slog.DiscardHandler)}
	k, err := o.kafka(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if err := k.Ensure(t.Context(), declared.Topics()); err != nil {
		t.Fatal(err)
	}
	a := &application{ApplyChange: ApplyChange{Wait: 300 * time.Millisecond}, k: k, known: map[string]seen{}}
	if a.lock, err = k.Hold(t.Context(), topics.GroupConfig{ID: "await-away", Topics: []string{declared.Topic}, SessionTimeout: time.Second}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.lock.Release() }()
	a.hear([]Node{{ID: "away", Version: 1}})
	left, err := a.await(t.Context(), func(n Node) bool { return n.ID != "away" || n.Version == 2 }, func(Node) error { return nil })
	if err != nil || len(left) != 1 || left[0].ID != "away" {
		t.Errorf("waited for %v, %v", left, err)
	}
	// It was not heard for so long that it is gone.
	a.known["away"] = seen{Node{ID: "away", Version: 1}, time.Now().Add(-away)}
	if left, err = a.await(t.Context(), func(n Node) bool { return n.ID != "away" }, func(Node) error { return nil }); err != nil || len(left) > 0 {
		t.Errorf("waited for %v, %v", left, err)
	}
}
