package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rongtong/deploy/embedded"
	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/deploy/lifeline"
	"rongtong/deploy/sandbox"
	"rongtong/pipelines/control"
	"rongtong/schemas/fault"
)

// TestMain makes the test binary the program of every child of the demo.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "engine":
			os.Exit(embedded.Main(os.Args[2:]))
		case "sandbox":
			os.Exit(sandbox.Main(os.Args[2:]))
		case "up":
			os.Exit(role(os.Args[3]))
		}
	}
	embeddedtest.Main(m)
}

// goneEnv names a role that ends with what a person must mend, in the tests' processes.
const goneEnv = "RONGTONG_TEST_GONE"

func role(name string) int {
	if os.Getenv(goneEnv) == name {
		fmt.Fprintln(os.Stderr, "panic: this role is not to be")
		return 78
	}
	ctx := lifeline.Watch(context.Background())
	o := control.Options{Kafka: os.Getenv("RONGTONG_KAFKA"), Warehouse: os.Getenv("RONGTONG_WAREHOUSE"), Keys: os.Getenv("RONGTONG_KEYS"), Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	if err := control.Up(ctx, o, control.Work{Roles: []string{name}, Workers: 2}); err != nil && ctx.Err() == nil {
		return 1
	}
	return 0
}

// output collects what the demo prints and passes it on to the test's log.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func oneCity(t *testing.T) Options {
	t.Helper()
	return Options{
		Dir: t.TempDir(), Scale: "small", Seed: 1, Once: true, Plain: true, Workers: 2, Out: io.Discard,
		BrokerPort: freePort(t), HTTPPort: freePort(t), NativePort: freePort(t), SourcePorts: []int{freePort(t), freePort(t), freePort(t), freePort(t)},
	}
}

// A process that a restart does not help ends the demo at once, and the error says
// which one it is, what it said and where its log is.
func TestLostProcessEndsTheDemo(t *testing.T) {
	t.Setenv(goneEnv, "schedule")
	o := oneCity(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	err := Run(ctx, o)
	if !errors.Is(err, errLost) || !fault.Is(err, fault.Config) {
		t.Fatalf("the demo ended with %v", err)
	}
	for _, want := range []string{`"schedule"`, "this role is not to be", filepath.Join(o.Dir, "logs", "schedule.log")} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: it does not say %q", err, want)
		}
	}
}

// TestOneCity runs one city through real engines, with every one of ingest,
// load, schedule, broker and warehouse killed while records flow. The result must be the
// truth's, to the last value; a second run must ingest nothing.
func TestOneCity(t *testing.T) {
	o := oneCity(t)
	o.Kills, o.KillEvery = 2, 1200*time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	first := runDemo(t, ctx, o)
	for _, want := range []string{"10 processes killed", "zero differences", "the books balance", "analyst"} {
		if !strings.Contains(first, want) {
			t.Errorf("the first run does not say %q", want)
		}
	}
	o.Kills = 0
	second := runDemo(t, ctx, o)
	if !strings.Contains(second, "zero differences") || !strings.Contains(second, "0 indicators computed") {
		t.Error("the second run found something to do")
	}
	if a, b := books(first), books(second); a != b {
		t.Errorf("the books changed from\n%s\nto\n%s", a, b)
	}
}

func runDemo(t *testing.T, ctx context.Context, o Options) string {
	t.Helper()
	var out output
	o.Out = &out
	err := Run(ctx, o)
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.String(), logTails(o.Dir))
	}
	return out.String()
}

// logTails is the end of what each process of a run said.
func logTails(dir string) string {
	var b strings.Builder
	names, _ := filepath.Glob(filepath.Join(dir, "logs", "*.log"))
	for _, name := range names {
		data, _ := os.ReadFile(name)
		lines := strings.SplitAfter(string(data), "\n")
		fmt.Fprintf(&b, "== %s\n%s", filepath.Base(name), strings.Join(lines[max(0, len(lines)-60):], ""))
	}
	return b.String()
}

func books(s string) string {
	_, s, _ = strings.Cut(s, "Books:")
	s, _, _ = strings.Cut(s, "balance")
	return s
}
