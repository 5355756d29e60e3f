package pipelines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

	mu     sync.Mutex
	cmd    *exec.Cmd
	starts int
	said   said
}

// said keeps the last lines that a process and its predecessors logged.
type said struct {
	mu    sync.Mutex
	lines []string
	rest  []byte // of a line that has no end yet
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = append(s.rest, p...)
	for {
		line, rest, ok := bytes.Cut(s.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		s.lines, s.rest = append(s.lines, string(line)), rest
		s.lines = s.lines[max(0, len(s.lines)-12):]
	}
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n    ")
}

func (v *victim) keep(ctx context.Context, wg *sync.WaitGroup) {
	wg.Add(1)
	go func() {
		defer wg.Done()
		for ctx.Err() == nil {
			cmd := v.make()
			cmd.Stderr = &v.said
			if cmd.Start() != nil {
				return
			}
			v.mu.Lock()
			v.cmd = cmd
			v.starts++
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
	until(t, func() bool {
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
	stand := standing{k, w, streams[0], victims}
	stand.untilLoaded(t, uint64(received))
	balanced(t, k, w, streams[0])
	t.Logf("seed %d, kills %v, %d records in, %d received by the loader", seed, done, received, received)
}

// standing tells how far a run of kills is.
type standing struct {
	k       *topics.Client
	w       *warehouse.Warehouse
	stream  *Stream
	victims []*victim
}

// standStill is how long nothing may move before a run is taken for stuck. A
// busy machine is slow, but it moves; the longest that anything here waits for is
// a session (1.5 s), a rest (15 s), or a transaction that nobody ends (60 s).
const standStill = 150 * time.Second

// untilLoaded waits until so many records are loaded, for as long as something
// moves, and says where everything stands when nothing does.
func (s standing) untilLoaded(t *testing.T, want uint64) {
	t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	began, moved, said := time.Now(), time.Now(), time.Now()
	var loaded uint64
	var delivered int64
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		var n uint64
		if s.w.QueryRow(ctx, "SELECT sum(received) FROM ops.load FINAL WHERE topic = ?", []any{&n}, s.stream.Topic) == nil && n > loaded {
			loaded, moved = n, time.Now()
		}
		if d, err := Delivered(ctx, s.k, s.stream); err == nil && d.Records > delivered {
			delivered, moved = d.Records, time.Now()
		}
		cancel()
		switch {
		case loaded >= want:
			return
		case time.Since(moved) > standStill:
			t.Fatalf("nothing moved for %s, %s after the last kill: %d of %d records were delivered, %d loaded\n%s",
				standStill, time.Since(began).Round(time.Second), delivered, want, loaded, s.report(t))
		case time.Since(said) > time.Minute:
			said = time.Now()
			t.Logf("%s after the last kill %d of %d records are delivered, %d loaded", time.Since(began).Round(time.Second), delivered, want, loaded)
		}
		<-tick.C
	}
}

// report says where everything stands: positions, lag and intents of every
// partition, the last load, the group, and what each process logged last.
func (s standing) report(t *testing.T) string {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	at, err := stored(ctx, kafkaLog{s.k}, s.stream)
	line("position of ingest: %d records, %d bytes of position, %v", at.Counts.Records, len(at.Position), err)
	ends, err := s.k.Ends(ctx, s.stream.Topic)
	offsets, err2 := s.k.Offsets(ctx, LoadGroup, s.stream.Topic)
	if err = errors.Join(err, err2); err != nil {
		line("ends and offsets: %v", err)
	}
	for p, o := range offsets[s.stream.Topic] {
		if p < len(ends[s.stream.Topic]) {
			line("partition %d: ends at %d, loaded to %d, lag %d, intent %q", p, ends[s.stream.Topic][p].Last, o.Offset, ends[s.stream.Topic][p].Last-o.Offset, o.Metadata)
		}
	}
	for _, group := range []string{LoadGroup, IngestGroup} {
		members, err := s.k.Owners(ctx, group)
		line("group %q: %+v %v", group, members, err)
	}
	var last time.Time
	var span string
	err = s.w.QueryRow(ctx, "SELECT loaded_at, concat(toString(partition), ': ', toString(from_offset), ' to ', toString(to_offset)) FROM ops.load WHERE topic = ? ORDER BY loaded_at DESC LIMIT 1", []any{&last, &span}, s.stream.Topic)
	line("last load: %s, partition %s, %v", last.Format(time.RFC3339), span, err)
	for _, v := range s.victims {
		v.mu.Lock()
		line("%s: started %d times, runs: %v, logged last:\n    %s", v.name, v.starts, v.cmd != nil, v.said.String())
		v.mu.Unlock()
	}
	return b.String()
}
