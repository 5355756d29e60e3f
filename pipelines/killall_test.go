package pipelines

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"rongtong/deploy/embedded"
	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
)

// victim is a process that is started again whenever it ends.
type victim struct {
	name string
	make func() *exec.Cmd

	mu  sync.Mutex
	cmd *exec.Cmd
}

func (v *victim) keep(ctx context.Context, wg *sync.WaitGroup) {
	wg.Add(1)
	go func() {
		defer wg.Done()
		for ctx.Err() == nil {
			cmd := v.make()
			if cmd.Start() != nil {
				return
			}
			v.mu.Lock()
			v.cmd = cmd
			v.mu.Unlock()
			_ = cmd.Wait()
			v.mu.Lock()
			v.cmd = nil
			v.mu.Unlock()
		}
	}()
}

func (v *victim) kill() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.cmd != nil && v.cmd.Process.Kill() == nil
}

// TestKillAll kills all four processes with SIGKILL at random moments while
// records flow, and then balances the books, over each of the warehouse's
// protocols. The long run:
//
//	RONGTONG_TEST_KILLS=50 RONGTONG_TEST_RECORDS=600000 RONGTONG_TEST_PACE_MS=300 go test -v -timeout 60m -run TestKillAll ./pipelines
//	… -run TestKillAll/native                                              # over one of them
func TestKillAll(t *testing.T) {
	t.Run("http", func(t *testing.T) {
		killAll(t, func(data string, o embedded.Options) string {
			return fmt.Sprintf("http://admin:${file:%s/admin.password}@127.0.0.1:%d", data, o.HTTPPort)
		})
	})
	t.Run("native", func(t *testing.T) {
		killAll(t, func(data string, o embedded.Options) string {
			return fmt.Sprintf("clickhouse://admin:${file:%s/admin.password}@127.0.0.1:%d", data, o.NativePort)
		})
	})
}

func killAll(t *testing.T, at func(data string, o embedded.Options) string) {
	kills := fromEnv("RONGTONG_TEST_KILLS", 2)
	ctx, stop := context.WithCancel(t.Context())
	o := embeddedtest.Options(t)
	lib, err := embedded.EnsureEngine(ctx, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	kafka := fmt.Sprintf("127.0.0.1:%d", o.BrokerPort)
	data := filepath.Join(o.Data, "warehouse")
	address := at(data, o)
	process := func(env []string, args ...string) *exec.Cmd {
		cmd := exec.Command(o.Command[0], args...)
		cmd.Env = append(os.Environ(), env...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		return cmd
	}
	role := func(name string) func() *exec.Cmd {
		return func() *exec.Cmd {
			return process([]string{roleEnv + "=" + name, "TEST_KAFKA=" + kafka, "TEST_WAREHOUSE=" + address, "TEST_SYSTEM=counter"})
		}
	}
	victims := []*victim{
		{name: "broker", make: func() *exec.Cmd {
			return process(o.Env, "engine", "broker", "--data", filepath.Join(o.Data, "broker"), "--port", fmt.Sprint(o.BrokerPort),
				"--retain-bytes", fmt.Sprint(embedded.DefaultRetainBytes), "--no-sync=true")
		}},
		{name: "warehouse", make: func() *exec.Cmd {
			return process(o.Env, "engine", "warehouse", "--data", data, "--library", lib, "--http-port", fmt.Sprint(o.HTTPPort),
				"--native-port", fmt.Sprint(o.NativePort), "--memory-bytes", fmt.Sprint(embedded.DefaultMemoryBytes), "--zone", "Asia/Shanghai")
		}},
		{name: "ingest", make: role("ingest")},
		{name: "load", make: role("load")},
	}
	var running sync.WaitGroup
	t.Cleanup(func() {
		stop()
		for _, v := range victims {
			v.kill()
		}
		running.Wait()
	})
	victims[0].keep(ctx, &running)
	victims[1].keep(ctx, &running)

	catalog, streams, err := counterStreams("counter")
	if err != nil {
		t.Fatal(err)
	}
	var k *topics.Client
	var w *warehouse.Warehouse
	until(t, time.Minute, func() bool {
		if k == nil {
			k, _ = topics.Dial(ctx, []string{kafka})
		}
		if w == nil {
			w, _ = warehouse.Open(ctx, address)
		}
		return k != nil && w != nil
	})
	defer k.Close()
	defer w.Close()
	steps, err := w.Plan(ctx, catalog)
	if err == nil {
		err = w.Migrate(ctx, steps)
	}
	if err == nil {
		err = k.Ensure(ctx, append(Topics(streams), ControlTopics()...))
	}
	if err != nil {
		t.Fatal(err)
	}
	victims[2].keep(ctx, &running)
	victims[3].keep(ctx, &running)

	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 2))
	done := map[string]int{}
	for range kills {
		for _, i := range random.Perm(len(victims)) {
			// A loader waits for its predecessor's session to end before it loads.
			<-time.After(300*time.Millisecond + time.Duration(random.IntN(2400))*time.Millisecond)
			for !victims[i].kill() {
				<-time.After(20 * time.Millisecond)
			}
			done[victims[i].name]++
		}
	}
	received := records + (records+twice-1)/twice
	t.Logf("kills %v", done)
	var got uint64
	defer func() {
		if t.Failed() {
			n, err := Delivered(t.Context(), k, streams[0])
			t.Logf("at the end %d of %d records were delivered (%v), %d loaded", n.Records, received, err, got)
		}
	}()
	until(t, 15*time.Minute, func() bool { // a busy machine is slow; the test's own limit ends what is stuck
		return w.QueryRow(ctx, "SELECT sum(received) FROM ops.load FINAL WHERE topic = ?", []any{&got}, streams[0].Topic) == nil && got >= uint64(received)
	})
	balanced(t, k, w, streams[0])
	t.Logf("seed %d, kills %v, %d records in, %d received by the loader", seed, done, received, got)
}
