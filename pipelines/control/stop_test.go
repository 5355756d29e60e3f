package control

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rongtong/pipelines"
	"rongtong/schemas/fault"
)

// A role that fails is started again later each time; one that fails too often
// ends the process, and so does a broken invariant, at once.
func TestSupervise(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	synctest.Test(t, func(t *testing.T) {
		began, runs := time.Now(), 0
		var gaps []time.Duration
		last := time.Now()
		err := supervise(t.Context(), log, func(context.Context) error {
			gaps = append(gaps, time.Since(last))
			last = time.Now()
			runs++
			return errors.New("no disk")
		})
		if err == nil || runs != restartsMost+1 {
			t.Errorf("%d runs, %v", runs, err)
		}
		for i := 2; i < len(gaps); i++ { // the pauses double, give or take half
			if gaps[i] < gaps[i-1]/2 || gaps[i] < restartFirst/2 {
				t.Errorf("pauses %v", gaps)
				break
			}
		}
		if took := time.Since(began); took < 10*time.Second || took > 2*time.Minute {
			t.Errorf("%d failures took %v", runs, took)
		}
	})
	synctest.Test(t, func(t *testing.T) { // now and then is not too often
		runs := 0
		ctx, stop := context.WithCancel(t.Context())
		err := supervise(ctx, log, func(context.Context) error {
			if runs++; runs == 50 {
				stop()
			}
			time.Sleep(restartsIn / 4)
			return errors.New("the broker was restarted")
		})
		if err != nil || runs != 50 {
			t.Errorf("%d runs, %v", runs, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		err := supervise(t.Context(), log, func(context.Context) error { runs++; return fault.New(fault.Bug, "two owners") })
		if !fault.Is(err, fault.Bug) || runs != 1 {
			t.Errorf("%d runs, %v", runs, err)
		}
	})
}

// wall is a server in front of another that can stop answering without a word.
type wall struct {
	net.Listener
	to   string
	shut atomic.Bool
}

func newWall(t *testing.T, to string) *wall {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wall{Listener: ln, to: to}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", to)
			if err != nil {
				c.Close()
				continue
			}
			t.Cleanup(func() { c.Close(); s.Close() })
			go w.pass(s, c)
			go w.pass(c, s)
		}
	}()
	return w
}

func (w *wall) pass(to io.WriteCloser, from io.Reader) {
	defer to.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		for w.shut.Load() {
			time.Sleep(20 * time.Millisecond) // a network's silence is not ours to shorten
		}
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

// A process that cannot reach a boundary in time says so and leaves; whoever takes
// over repeats what was under way.
func TestStopInTime(t *testing.T) {
	h := newHouse(t)
	h.apply(ApplyChange{})
	address := h.Warehouse[strings.LastIndex(h.Warehouse, "@")+1:]
	w := newWall(t, strings.TrimSuffix(address, "/"))
	o := h.Options
	o.Overlay, o.Warehouse = "", strings.Replace(h.Warehouse, address, w.Addr().String(), 1)
	h.up("ingest")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Up(ctx, o, Work{Roles: []string{"load"}, Workers: 2, StopWithin: time.Second}) }()
	write := h.write()
	loaded := func() int64 { return h.number("SELECT sum(accepted) FROM ops.load FINAL WHERE stream = 'reading'") }
	h.until("rows flow", func() bool { return loaded() > 500 })
	w.shut.Store(true)
	h.until("a load hangs", func() bool {
		at, err := h.k.Offsets(t.Context(), pipelines.LoadGroup, "in.meters.reading")
		return err == nil && strings.HasPrefix(at["in.meters.reading"][0].Metadata+at["in.meters.reading"][1].Metadata, "load ")
	})
	began := time.Now()
	stop()
	if err := <-done; !errors.Is(err, ErrLate) || !strings.Contains(err.Error(), "load") {
		t.Errorf("stopping while the warehouse is silent: %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	w.shut.Store(false) // what is left of the loader ends; in a process of its own it would be gone
	h.up("load")
	write()
	h.books()
}
