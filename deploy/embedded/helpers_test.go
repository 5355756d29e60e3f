package embedded_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"rongtong/deploy/embedded"
	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/schemas/decl"
)

// parentEnv makes the test binary a parent of both engines, to be killed.
const parentEnv = "RONGTONG_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv("RONGTONG_ENGINE_CHILD") == "" && os.Getenv(parentEnv) != "" {
		os.Exit(beParent(os.Getenv(parentEnv)))
	}
	if limit := os.Getenv(fullEnv); limit != "" {
		os.Exit(beFull(limit, os.Args[1:]))
	}
	embeddedtest.Main(m)
}

func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// beParent starts both engines, writes their process ids and waits to be killed.
func beParent(spec string) int {
	var o embedded.Options
	if _, err := fmt.Sscanf(spec, "%d %d %d %s", &o.BrokerPort, &o.HTTPPort, &o.NativePort, &o.Data); err != nil {
		return 2
	}
	o.Command, o.Env = []string{os.Args[0], "engine"}, []string{"RONGTONG_ENGINE_CHILD=1"}
	e, err := embedded.Start(context.Background(), o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(e.Supervisor.Pid("broker"), e.Supervisor.Pid("warehouse"))
	select {}
}

// patience is when a test gives up waiting: far more than even a crowded machine needs.
const patience = 2 * time.Minute

// eventually polls until try returns nil, for processes that send no signal.
func eventually(t testing.TB, try func() error) {
	t.Helper()
	within(t, patience, try)
}

// within is eventually where how long it may take is a promise.
func within(t testing.TB, limit time.Duration, try func() error) {
	t.Helper()
	deadline := time.After(limit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("not within %s: %v", limit, err)
		case <-tick.C:
		}
	}
}

// waitEvent returns when a child reports kind.
func waitEvent(t *testing.T, s *embedded.Supervisor, name string, kind embedded.EventKind) embedded.Event {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case e := <-s.Events():
			if e.Name == name && e.Kind == kind {
				return e
			}
		case <-deadline:
			t.Fatalf("%q never reported %s", name, kind)
		}
	}
}

func startEngines(t *testing.T, change func(*embedded.Options)) (*embedded.Engines, embedded.Options) {
	t.Helper()
	o := embeddedtest.Options(t)
	change(&o)
	e, err := embedded.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return e, o
}

func onlyBroker(o *embedded.Options)    { o.OnlyBroker = true }
func onlyWarehouse(o *embedded.Options) { o.OnlyWarehouse = true }

// ask runs one statement over HTTP and returns the answer.
func ask(addr, sql string) (string, error) {
	url, err := decl.Expand(addr)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(sql))
	if err != nil {
		return "", err
	}
	req.Close = true // the engine waits five seconds for kept connections when it stops
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", resp.StatusCode, bytes.TrimSpace(b))
	}
	return strings.TrimSpace(string(b)), err
}

func mustAsk(t *testing.T, addr, sql string) string {
	t.Helper()
	out, err := ask(addr, sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

func kill9(t *testing.T, pid int) {
	t.Helper()
	if pid == 0 {
		t.Fatal("the child does not run")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// gone reports an error while a process exists. A zombie counts as gone: its
// parent was killed and nobody has to reap it in a container.
func gone(pid int) error {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil //nolint:nilerr // no such process
	}
	if i := bytes.LastIndexByte(b, ')'); i > 0 && len(b) > i+2 && b[i+2] == 'Z' {
		return nil
	}
	return fmt.Errorf("process %d is still there", pid)
}

func parentOf(o embedded.Options, out io.Writer) *exec.Cmd {
	cmd := exec.Command(o.Command[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %d %s", parentEnv, o.BrokerPort, o.HTTPPort, o.NativePort, o.Data))
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	return cmd
}

func listen(t *testing.T, port int) {
	t.Helper()
	ln, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
}
