package schedule

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/decl"
)

func TestCheck(t *testing.T) {
	at := decl.Pos{File: "a.yaml", Line: 3, Column: 5}
	for _, c := range []struct {
		spec  string
		wrong bool
	}{
		{"0 2 * * *", false},
		{"*/5 0 2 * * *", false},
		{"@every 5s", false},
		{"61 * * * *", true},
		{"", true},
	} {
		ps := Check(at, c.spec)
		if (len(ps) > 0) != c.wrong || c.wrong && (ps[0].Rule != "schedule.cron" || ps[0].Line != 3) {
			t.Errorf("%q: got %v, want wrong=%v, at line 3", c.spec, ps, c.wrong)
		}
	}
}

// TestNeverOverlaps runs a slow job under a fake clock: ticks during a run are skipped.
func TestNeverOverlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var running, runs atomic.Int32
		c := New(slog.New(slog.DiscardHandler))
		err := c.Add(ctx, "slow", schemas.Schedule{Cron: "@every 1s", Zone: "UTC"}, nil, func(context.Context) {
			if running.Add(1) > 1 {
				t.Error("the job overlapped itself")
			}
			time.Sleep(2500 * time.Millisecond) // fake time: the work
			running.Add(-1)
			runs.Add(1)
		})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() { c.Wait(); close(done) }()
		time.Sleep(9500 * time.Millisecond) // fake time
		cancel()
		<-done
		if n := runs.Load(); n != 3 {
			t.Errorf("got %d runs in 9.5 s, want 3 (starting at 1, 4 and 7 s)", n)
		}
	})
}
