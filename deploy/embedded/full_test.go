package embedded_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"rongtong/deploy/embedded"
)

// fullEnv makes the test binary a broker whose files may not grow beyond so many
// bytes: to it, that is a full disk.
const fullEnv = "RONGTONG_TEST_FULL_DISK"

func beFull(limit string, args []string) int {
	var n uint64
	if _, err := fmt.Sscan(limit, &n); err != nil {
		return 2
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return embedded.BrokerMain(args)
}

// TestDiskFull fills the disk under a writer. The broker stops and says why; what
// it acknowledged is there when it starts again with room, in order and whole,
// and it goes on from there.
func TestDiskFull(t *testing.T) {
	dir, port := t.TempDir(), freePort(t)
	args := []string{"--data", dir, "--port", fmt.Sprint(port), "--segment-bytes", fmt.Sprint(64 << 20), "--no-sync"}
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), fullEnv+"="+fmt.Sprint(3<<20))
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	cfg := embedded.BrokerConfig{Data: dir, Port: port}
	eventually(t, func() error { return embedded.ProbeBroker(t.Context(), cfg) })

	addr := fmt.Sprintf("127.0.0.1:%d", port)
	c, adm := kafka(t, addr, kgo.RecordRetries(0), kgo.DisableIdempotentWrite(), kgo.ProducerBatchCompression(kgo.NoCompression()))
	createTopic(t, adm, "t", nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		<-ended
		ended <- nil
		cancel()
	}()
	pad := strings.Repeat("x", 20_000)
	acked := 0
	for ; acked < 10_000; acked++ {
		if err := c.ProduceSync(ctx, &kgo.Record{Topic: "t", Value: fmt.Appendf(nil, "%06d%s", acked, pad)}).FirstErr(); err != nil {
			break
		}
	}
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatalf("the broker goes on without a disk; %d records acknowledged", acked)
	}
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(said.String(), "writing the broker's log in") {
		t.Errorf("exit code %d: %s", code, said.String())
	}
	if acked < 100 {
		t.Fatalf("only %d records were acknowledged", acked)
	}

	addr, _ = runBroker(t, embedded.BrokerConfig{Data: dir, NoSync: true})
	c, _ = kafka(t, addr, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"t": {0: kgo.NewOffset().At(0)}}))
	got := 0
	for got < acked {
		fs := c.PollFetches(t.Context())
		if err := fs.Err0(); err != nil {
			t.Fatal(err)
		}
		fs.EachRecord(func(r *kgo.Record) {
			if want := fmt.Sprintf("%06d", got); r.Offset != int64(got) || string(r.Value[:6]) != want || len(r.Value) != 6+len(pad) {
				t.Fatalf("record %d at %d is %q", got, r.Offset, r.Value[:6])
			}
			got++
		})
	}
	fill(t, c, "t", 32)
	t.Logf("%d records were acknowledged before the disk was full", acked)
}
