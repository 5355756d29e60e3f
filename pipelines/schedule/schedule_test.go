package schedule

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rongtong/schemas/decl"
)

func TestCheck(t *testing.T) {
	at := decl.Pos{File: "a.yaml", Line: 3, Column: 5}
	for _, c := range []struct {
		spec, zone string
		rules      []string
	}{
		{"0 2 * * *", "Asia/Shanghai", nil},
		{"*/5 0 2 * * *", "Asia/Shanghai", nil},
		{"@every 5s", "", nil},
		{"61 * * * *", "Asia/Shanghai", []string{"schedule.cron"}},
		{"@daily", "Asia/Jinan", []string{"schedule.zone"}},
		{"", "Mars", []string{"schedule.cron", "schedule.zone"}},
	} {
		ps := Check(at, c.spec, c.zone)
		if len(ps) != len(c.rules) {
			t.Errorf("%q %q: got %v, want rules %v", c.spec, c.zone, ps, c.rules)
			continue
		}
		for i, p := range ps {
			if p.Rule != c.rules[i] || p.Line != 3 {
				t.Errorf("%q %q: got %v, want %s at line 3", c.spec, c.zone, p, c.rules[i])
			}
		}
	}
}

// TestNeverOverlaps runs a slow job under a fake clock: ticks during a run are skipped.
func TestNeverOverlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var running, runs atomic.Int32
		c := New(slog.New(slog.DiscardHandler))
		err := c.Add(ctx, "slow", "@every 1s", "UTC", func(context.Context) {
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
		go func() { c.Run(ctx); close(done) }()
		time.Sleep(9500 * time.Millisecond) // fake time
		cancel()
		<-done
		if n := runs.Load(); n != 3 {
			t.Errorf("got %d runs in 9.5 s, want 3 (starting at 1, 4 and 7 s)", n)
		}
	})
}
