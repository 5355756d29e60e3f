package warehouse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/deploy/embedded"
	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// The engine is killed in the middle of inserts and fusions, again and again.
// Every load is repeated under its token until it is acknowledged: at the end
// every row is there once. Every error on the way says that time heals it.
func TestKilledMidInsert(t *testing.T) {
	for protocol, address := range map[string]func(*embedded.Engines) string{
		"http":   func(e *embedded.Engines) string { return e.Warehouse },
		"native": func(e *embedded.Engines) string { return e.Native },
	} {
		t.Run(protocol, func(t *testing.T) { killedMidInsert(t, address) })
	}
}

func killedMidInsert(t *testing.T, address func(*embedded.Engines) string) {
	const loaders, loads, rows, kills = 2, 40, 3000, 4
	o := embeddedtest.Options(t)
	o.OnlyWarehouse = true
	engines, err := embedded.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer engines.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	w, err := Open(ctx, address(engines))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	c := catalogOf(t, thing)
	steps, err := w.Plan(ctx, c)
	if err == nil {
		err = w.Migrate(ctx, steps)
	}
	if err != nil {
		t.Fatal(err)
	}

	var retries sync.Map
	acked := make(chan struct{}, loaders*loads)
	var wg sync.WaitGroup
	for l := range loaders {
		wg.Go(func() {
			for n := range loads {
				id := fmt.Sprintf("%d-%d", l, n)
				tries := insist(ctx, t, func() error { return loadThings(ctx, t, w, c.Entity("thing"), id, rows) })
				retries.Store(id, tries)
				acked <- struct{}{}
			}
		})
	}
	fused := make(chan int, 1)
	stop := make(chan struct{})
	go func() {
		n := 0
		for {
			select {
			case <-stop:
				fused <- n
				return
			default:
			}
			n += insist(ctx, t, func() error { _, err := w.Fuse(ctx, c, "thing"); return err })
		}
	}()
	r := rand.New(rand.NewPCG(1, 2))
	for k := range kills {
		for range 3 + r.IntN(loaders*loads/kills-6) {
			<-acked
		}
		pause(ctx, time.Duration(r.IntN(30))*time.Millisecond)
		pid := engines.Supervisor.Pid("warehouse")
		if pid <= 0 {
			t.Fatalf("kill %d: the engine has no process", k)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatalf("kill %d: %v", k, err)
		}
		for now := pid; (now <= 0 || now == pid) && ctx.Err() == nil; now = engines.Supervisor.Pid("warehouse") {
			pause(ctx, 5*time.Millisecond)
		}
	}
	wg.Wait()
	close(stop)
	t.Logf("%d kills; fusions tried: %d", kills, <-fused)

	if _, err := w.Fuse(ctx, c, "thing"); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"SELECT count() FROM std.thing", "SELECT uniqExact(id) FROM std.thing", "SELECT count() FROM dwd.thing"} {
		if n := count(t, w, q); n != loaders*loads*rows {
			t.Errorf("%s: %d, want %d", q, n, loaders*loads*rows)
		}
	}
	lost := 0
	retries.Range(func(_, v any) bool { lost += v.(int) - 1; return true })
	if lost == 0 {
		t.Error("no load was ever repeated: the kills hit nothing")
	}
	t.Logf("%d repetitions of loads", lost)
	noSteps(t, w, c)
	if err := w.Exec(ctx, "SELECT * FROM ops.books FORMAT Null"); err != nil {
		t.Errorf("a view after the restarts: %v", err)
	}
}

func loadThings(ctx context.Context, t *testing.T, w *Warehouse, e *schemas.Entity, id string, n int) error {
	rows := make([]map[string]string, n)
	for i := range rows {
		rows[i] = map[string]string{"id": id + "/" + strconv.Itoa(i), "src_system": "s", "src_tier": "P", "version": "1", "note": "n"}
	}
	rec := claims(t, memory.DefaultAllocator, e, rows)
	defer rec.Release()
	return w.Load(ctx, Load{id, "std.thing", rec})
}

// insist repeats do while its error is one that time heals, and returns how
// often it tried.
func insist(ctx context.Context, t *testing.T, do func() error) int {
	for n := 1; ; n++ {
		err := do()
		switch {
		case err == nil:
			return n
		case ctx.Err() != nil:
			t.Errorf("out of time: %v", err)
			return n
		case !fault.Is(err, fault.Transient):
			t.Errorf("the class is %v: %v", fault.Of(err), err)
			return n
		}
		pause(ctx, 20*time.Millisecond)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
