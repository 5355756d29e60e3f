package control

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"rongtong/schemas/fault"
)

// A role that fails is started again later each time; one that fails too often
// ends the process, and so does a broken invariant, at once.
func TestSupervise(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	synctest.Test(t, func(t *testing.T) {
		runs := 0
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
		want := restartFirst
		for _, gap := range gaps[1:] { // each pause is half as long again as the one before, give or take half of itself
			if gap < want/2-time.Millisecond || gap > want*3/2+time.Millisecond {
				t.Errorf("a pause of %v where %v is due: %v", gap, want, gaps)
			}
			want = want * 3 / 2
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

// upEnv makes the test binary a process that runs a role, and has a second to stop.
const upEnv = "RONGTONG_TEST_UP"

func upAndStop(role string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	o := Options{Kafka: os.Getenv("TEST_KAFKA"), Warehouse: os.Getenv("TEST_WAREHOUSE"), Log: slog.New(slog.DiscardHandler)}
	if err := Up(ctx, o, Work{Roles: []string{role}, Workers: 2, StopWithin: time.Second}); errors.Is(err, ErrLate) && strings.Contains(err.Error(), role) {
		return 6
	}
	return 0
}

// wall is a server in front of another that can stop answering without a word.
type wall struct {
	net.Listener
	to   string
	shut sync.RWMutex // held while it does not answer
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
		w.shut.RLock()
		w.shut.RUnlock() //nolint:staticcheck // waiting is all that is wanted of it
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

// A process that cannot reach a boundary in time says so and leaves. Then the
// mapping changes, and then a table: the load that it began is finished under the
// mapping that it was begun with, by whoever takes over and by whoever applies.
func TestStopInTime(t *testing.T) {
	h := newHouse(t)
	h.apply(ApplyChange{})
	address := strings.TrimSuffix(h.Warehouse[strings.LastIndex(h.Warehouse, "@")+1:], "/")
	h.up("ingest")
	write := h.write()
	mappings := [][2]string{{"call: int, of: a }", "call: int, of: b }"}, {"call: int, of: b }", "call: int, of: a }"}}
	for round, m := range mappings {
		w := newWall(t, address)
		o := h.Options
		o.Warehouse = strings.Replace(h.Warehouse, address, w.Addr().String(), 1)
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), upEnv+"=load", "TEST_KAFKA="+o.Kafka, "TEST_WAREHOUSE="+o.Warehouse)
		child.Stderr = os.Stderr
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		from := h.loaded()
		h.until("rows flow", func() bool { return h.loaded() > from+500 })
		w.shut.Lock()
		h.until("a load hangs", h.pending)
		began := time.Now()
		_ = child.Process.Signal(syscall.SIGTERM)
		if _ = child.Wait(); child.ProcessState.ExitCode() != 6 {
			t.Errorf("stopping while the warehouse is silent: %v", child.ProcessState)
		}
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("it took %v", took)
		}
		h.until("the broker forgets it", func() bool { return len(h.k.Members(t.Context(), "load")) == 0 })
		h.edit("systems/meters.yaml", m[0], m[1])
		h.apply(ApplyChange{})
		if !h.pending() {
			t.Fatal("nothing is pending any more")
		}
		if round == 1 {
			h.edit("themes/t9_test/meter.yaml", "name: amount, type: int", "name: amount, type: text")
			h.edit("systems/meters.yaml", "amount: { call: int, of: a }", "amount: a")
			h.apply(ApplyChange{Wait: 20 * time.Second})
			if h.pending() {
				t.Error("a table was rewritten under a pending load")
			}
		}
		leave := h.up("load")
		h.until("nothing of before is pending", func() bool { from := h.loaded(); return from > 0 && !h.pending() })
		w.shut.Unlock() // what the first one sent arrives late, and is known
		if err := leave(); err != nil {
			t.Error(err)
		}
	}
	h.up("load")
	write()
	h.books()
}
