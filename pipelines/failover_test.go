package pipelines

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
)

const (
	roleLead = "lead"
	// leadSession is the session timeout of the leaders of the test.
	leadSession = 1500 * time.Millisecond
)

// leadUntilKilled is a process of the schedule role with one job that ticks.
func leadUntilKilled(kafka, address string) error {
	ctx := context.Background()
	stage := os.Getenv("TEST_SYSTEM")
	catalog, streams, err := counterStreams(stage)
	if err != nil {
		return err
	}
	catalog.Jobs = []*schemas.Job{{Job: stage + "_tick", Does: "tick", Every: schemas.Schedule{Cron: "@every 1s", Zone: "Asia/Shanghai", Misfire: "each"}}}
	work["tick"] = func(*Jobs, context.Context, *Run) (string, error) { return "ticked", nil }
	k, err := topics.Dial(ctx, []string{kafka})
	if err != nil {
		return err
	}
	w, err := warehouse.Open(ctx, address)
	if err != nil {
		return err
	}
	return (&Jobs{Kafka: k, Warehouse: w, Catalog: catalog, Streams: streams, Log: slog.New(slog.DiscardHandler), Session: leadSession}).Run(ctx)
}

// TestFailOver kills the leader, then pauses the next until another leads and wakes
// it: each time another goes on, no time of the job is missed and none runs twice,
// and who woke up does nothing more. It prints how long nobody led.
func TestFailOver(t *testing.T) {
	s := newStage(t)
	tick := s.own("tick")
	leaders := map[string]*exec.Cmd{} // by what ops.run calls the process
	start := func() {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), roleEnv+"="+roleLead, "TEST_KAFKA="+s.kafka, "TEST_WAREHOUSE="+s.address, "TEST_SYSTEM="+s.name)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		host, _ := os.Hostname()
		leaders[fmt.Sprintf("%s:%d", host, cmd.Process.Pid)] = cmd
	}
	// next waits for a run of a process that is not among those, and returns it.
	next := func(after time.Time, not ...string) (r warehouse.Run) {
		until(t, func() bool {
			runs, err := s.w.Runs(t.Context(), 1, "job = ? AND state = 'ok' AND finished_at > fromUnixTimestamp64Milli(?) AND NOT has(?, process)", tick, after.UnixMilli(), not)
			if err != nil || len(runs) == 0 {
				return false
			}
			r = runs[0]
			return true
		})
		return r
	}
	start()
	start()
	first := next(time.Time{}).Process
	killed := time.Now()
	_ = leaders[first].Process.Kill()
	second := next(killed, first)
	t.Logf("after kill -9 another ran the job %v later (session timeout %v)", second.Started.Sub(killed).Round(100*time.Millisecond), leadSession)
	start()
	paused := time.Now()
	_ = leaders[second.Process].Process.Signal(syscall.SIGSTOP)
	third := next(paused, first, second.Process)
	t.Logf("after SIGSTOP another ran the job %v later", third.Started.Sub(paused).Round(100*time.Millisecond))
	woke := time.Now()
	_ = leaders[second.Process].Process.Signal(syscall.SIGCONT)
	next(woke.Add(3*time.Second), first)
	var stale uint64
	if err := s.w.QueryRow(t.Context(), "SELECT count() FROM ops.run FINAL WHERE job = ? AND process = ? AND started_at > fromUnixTimestamp64Milli(?)", []any{&stale}, tick, second.Process, woke.UnixMilli()); err != nil || stale != 0 {
		t.Errorf("who was paused and woke began %d runs, %v", stale, err)
	}
	runs, err := s.w.Runs(t.Context(), 1000, "job = ? AND state = 'ok'", tick)
	if err != nil {
		t.Fatal(err)
	}
	slots := map[string]int{}
	var oldest, newest time.Time
	for _, r := range runs {
		slots[r.Slot]++
		at, err := time.Parse("20060102T150405", strings.TrimPrefix(r.Slot, tick+"-"))
		if err != nil {
			t.Fatal(err)
		}
		if oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
		if at.After(newest) {
			newest = at
		}
	}
	for at := oldest; !at.After(newest); at = at.Add(time.Second) {
		if n := slots[tick+"-"+at.Format("20060102T150405")]; n != 1 {
			t.Errorf("the time %s ended well %d times", at.Format(time.TimeOnly), n)
		}
	}
}
