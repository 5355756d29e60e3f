package conntest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// Of the check "million": how many records, and by how much what is alive may
// grow while they are read, the chunk and the suite's own world included.
const (
	millionRows   = 1_000_000
	millionGrowth = 64 << 20
)

// million: a great many records are read in memory that does not grow with
// them. It logs records per second of processor time, the world's included
// where it runs in this process.
func million(tb testing.TB, w World) error {
	large, ok := w.(Large)
	if !ok {
		return errors.New("the world has no StartLarge and does not exempt this check")
	}
	s := large.StartLarge(tb, millionRows)
	ctx, cancel := context.WithTimeout(context.Background(), patienceMin)
	defer cancel()
	r, closeBoth, err := open(ctx, w, s, nil)
	if err != nil {
		return err
	}
	r.light = true
	base, peak, next := alive(), uint64(0), 0
	before := cpu()
	var looking time.Duration
	for {
		if sender, ok := s.(Sender); ok {
			if sender.Send(tb) == 0 && r.count >= s.Count() {
				break
			}
		}
		if err = r.next(ctx); err != nil {
			break
		}
		r.stops, r.loans = r.stops[:0], r.loans[:0]
		if r.count >= next {
			next += millionRows / 8
			c := cpu()
			peak = max(peak, alive())
			looking += cpu() - c
		}
	}
	used := cpu() - before - looking
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err := closeAll(err, closeBoth); err != nil {
		return fmt.Errorf("after %d records: %w", r.count, err)
	}
	growth := max(int64(peak)-int64(base), 0)
	figures := fmt.Sprintf("%d records, %.0f a second of processor time, memory alive grew by %.1f MiB",
		r.count, float64(r.count)/used.Seconds(), float64(growth)/(1<<20))
	tb.Log(figures)
	note(tb, w, "million: figures", figures)
	switch {
	case r.count != s.Count() || r.count < millionRows:
		return fmt.Errorf("%d records were read, want %d", r.count, s.Count())
	case growth > millionGrowth:
		return fmt.Errorf("memory alive grew by %d MiB, and may by %d", growth>>20, millionGrowth>>20)
	}
	return nil
}

// alive is the heap that is reachable now.
func alive() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// cpu is the processor time of this process so far.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
