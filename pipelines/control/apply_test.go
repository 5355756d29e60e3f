package control

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/warehouse"
)

// applyEnv makes the test binary a process that applies a folder of
// declarations, to be killed for real.
const applyEnv = "RONGTONG_TEST_APPLY"

func TestMain(m *testing.M) {
	if folder := os.Getenv(applyEnv); folder != "" {
		o := Options{Kafka: os.Getenv("TEST_KAFKA"), Warehouse: os.Getenv("TEST_WAREHOUSE"), Overlay: folder, Log: slog.New(slog.DiscardHandler)}
		err := ApplySchema(context.Background(), o, Apply{Wait: 30 * time.Second, Session: time.Second,
			Done: func(n, of int, s warehouse.Step) { fmt.Println(s.Doc) }})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if role := os.Getenv(upEnv); role != "" {
		os.Exit(upAndStop(role))
	}
	if folder := os.Getenv(hotApplyEnv); folder != "" {
		applyAndDie(folder)
		return
	}
	if folder := os.Getenv(replayEnv); folder != "" {
		replayAndDie(folder)
		return
	}
	if folder := os.Getenv(reprocessEnv); folder != "" {
		reprocessAndDie(folder)
		return
	}
	embeddedtest.Main(m)
}

const parcel = `entity: parcel
theme: t9_test
name: { zh: 地块, en: Parcel }
doc: { zh: 测试用的大表。, en: A large table for a test. }
grain: { zh: 一行一块, en: one row per parcel }
key: [parcel_id]
event_time: version
retention: P10Y
fusion: row
authority: [P]
columns:
  - { name: parcel_id, type: text, zh: 标识, en: Id }
  - { name: persons, type: TYPE, nullable: true, zh: 人数, en: Persons }
`

// overlay is a folder that declares the parcel with a type of persons.
func overlay(t *testing.T, typ string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "themes", "t9_test", "parcel.yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(parcel, "TYPE", typ, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

const parcels = 2_200_000 // three ranges of a copy

// sums of what is there, the same for both types of the column.
const parcelSums = "SELECT toString(count()) || ' ' || toString(sum(sipHash64(parcel_id, toString(persons), src_system, version, kafka_offset))) FROM std.parcel FINAL"

// TestApplyKilled kills the process that applies a rewrite with SIGKILL at
// random moments, again and again, while readers read on and a load arrives
// whenever nobody applies. The outcome is that of an undisturbed one.
func TestApplyKilled(t *testing.T) {
	ctx := t.Context()
	kafka, address := embeddedtest.Broker(t), embeddedtest.Warehouse(t)
	o := Options{Kafka: kafka, Warehouse: address, Overlay: overlay(t, "text"), Log: slog.New(slog.DiscardHandler)}
	if err := Topics(ctx, o); err != nil {
		t.Fatal(err)
	}
	if _, err := Migrate(ctx, o, false); err != nil {
		t.Fatal(err)
	}
	w, err := warehouse.Open(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	// What is loaded goes into a table that nobody rewrites, too: the truth.
	if err := w.Exec(ctx, "CREATE TABLE ops.parcel_truth (parcel_id String, persons String, src_system String, version UInt64, kafka_offset UInt64) ENGINE = MergeTree ORDER BY parcel_id"); err != nil {
		t.Fatal(err)
	}
	load := func(from, n int) {
		t.Helper()
		for _, table := range []string{"ops.parcel_truth", "std.parcel"} {
			err := w.Exec(ctx, fmt.Sprintf(`INSERT INTO %s (parcel_id, persons, src_system, version, kafka_offset)
				SELECT 'P' || leftPad(toString(%d + number), 8, '0'), toString(number %% 977), 's', 1 + number %% 3, number FROM numbers(%d)`, table, from, n))
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	load(0, parcels)
	sums := func() (s string) {
		t.Helper()
		if err := w.QueryRow(ctx, parcelSums, []any{&s}); err != nil {
			t.Fatal(err)
		}
		return s
	}

	// A reader sees every parcel at every moment.
	var reads atomic.Int64
	reading, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		for reading.Err() == nil {
			var n uint64
			if err := w.QueryRow(reading, "SELECT uniqExact(parcel_id) FROM std.parcel WHERE parcel_id < 'P00100000'", []any{&n}); err != nil {
				if reading.Err() == nil {
					done <- err
				}
				break
			}
			if n != 100_000 {
				done <- fmt.Errorf("a reader saw %d parcels of 100000", n)
				break
			}
			reads.Add(1)
		}
		close(done)
	}()

	after := overlay(t, "int")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	kills, last := 0, ""
	var want string
	for finished := false; !finished; {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), applyEnv+"="+after, "TEST_KAFKA="+kafka, "TEST_WAREHOUSE="+address)
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := func() bool { return false }
		if kills < 8 { // the ninth attempt is left alone
			kill = time.AfterFunc(time.Duration(1000+random.IntN(2200))*time.Millisecond, func() { _ = cmd.Process.Kill() }).Stop
		}
		err := cmd.Wait()
		kill()
		finished = err == nil
		last += out.String()
		if !finished && kills == 8 {
			t.Fatal(err)
		}
		if !finished {
			kills++
			last += "killed\n"
			// A load gets in between two attempts; the statement that the dead
			// process left behind may still be running.
			load(parcels+kills*1000, 1000)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := w.QueryRow(ctx, strings.Replace(parcelSums, "std.parcel FINAL", "ops.parcel_truth", 1), []any{&want}); err != nil {
		t.Fatal(err)
	}
	if got := sums(); got != want {
		t.Errorf("after %d kills there are %s, want %s", kills, got, want)
	}
	if steps, err := PlanSchema(ctx, Options{Kafka: kafka, Warehouse: address, Overlay: after, Log: o.Log}, nil); err != nil || len(steps) > 0 {
		t.Errorf("left are %v, %v", steps, err)
	}
	if reads.Load() == 0 {
		t.Error("nobody read")
	}
	t.Logf("%d kills, %d reads meanwhile; steps taken:\n%s", kills, reads.Load(), last)
}
