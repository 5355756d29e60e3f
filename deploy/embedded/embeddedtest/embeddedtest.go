// Package embeddedtest runs the real engines for tests of any package: the
// same broker and warehouse as the product, as child processes of the test
// binary, on free ports and in a temporary folder, once for all tests of a
// package.
//
//	func TestMain(m *testing.M) { embeddedtest.Main(m) }
//
//	func TestLoad(t *testing.T) {
//		addr := embeddedtest.Broker(t)    // "127.0.0.1:40123"
//		url := embeddedtest.Warehouse(t)  // "http://admin:${file:…}@127.0.0.1:40124"
//	}
//
// All tests of a package share them, so tests name their topics and databases
// after themselves. A test fails when an engine cannot start: it is never
// skipped.
package embeddedtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rongtong/deploy/embedded"
)

// childEnv marks a test binary that was started to be an engine.
const childEnv = "RONGTONG_ENGINE_CHILD"

var shared struct {
	mu        sync.Mutex
	main      bool
	dir       string
	broker    *embedded.Engines
	warehouse *embedded.Engines
}

// Main replaces m.Run in TestMain. It does not return.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main for a TestMain that has something to do before or after; it
// must be the first thing TestMain calls, and its result goes to os.Exit.
func Run(m *testing.M) int {
	if os.Getenv(childEnv) != "" {
		return embedded.Main(os.Args[2:]) // after the binary and "engine"
	}
	shared.mu.Lock()
	shared.main = true
	shared.mu.Unlock()
	code := m.Run()
	for _, e := range []*embedded.Engines{shared.warehouse, shared.broker} {
		if e != nil {
			e.Stop()
		}
	}
	if shared.dir != "" {
		_ = os.RemoveAll(shared.dir)
	}
	return code
}

// Broker returns the address of the package's broker, starting it when this is
// the first call.
func Broker(t testing.TB) (addr string) {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.broker == nil {
		shared.broker = start(t, func(o *embedded.Options) { o.OnlyBroker = true })
	}
	return shared.broker.Kafka
}

// Warehouse returns the URL of the package's warehouse over HTTP, with the
// password as a ${file:…} reference (schemas/decl.Expand resolves it),
// starting it when this is the first call.
func Warehouse(t testing.TB) (url string) {
	t.Helper()
	return warehouse(t).Warehouse
}

// WarehouseNative returns the same server's native address,
// "clickhouse://admin:${file:…}@127.0.0.1:port".
func WarehouseNative(t testing.TB) (url string) {
	t.Helper()
	return warehouse(t).Native
}

func warehouse(t testing.TB) *embedded.Engines {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.warehouse == nil {
		shared.warehouse = start(t, func(o *embedded.Options) { o.OnlyWarehouse = true })
	}
	return shared.warehouse
}

// Options returns what Start needs to run engines of their own for one test:
// free ports and a folder that goes away with the test.
func Options(t testing.TB) embedded.Options {
	t.Helper()
	if !shared.main {
		t.Fatal(`embeddedtest: the package needs func TestMain(m *testing.M) { embeddedtest.Main(m) }`)
	}
	return options(t, t.TempDir())
}

func options(t testing.TB, dir string) embedded.Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatalf("finding the test binary: %v", err)
	}
	ports := freePorts(t, 3)
	return embedded.Options{
		Data: dir, Command: []string{self, "engine"}, Env: []string{childEnv + "=1"},
		BrokerPort: ports[0], HTTPPort: ports[1], NativePort: ports[2], NoSync: true,
	}
}

func start(t testing.TB, change func(*embedded.Options)) *embedded.Engines {
	t.Helper()
	if !shared.main {
		t.Fatal(`embeddedtest: the package needs func TestMain(m *testing.M) { embeddedtest.Main(m) }`)
	}
	if shared.dir == "" {
		dir, err := os.MkdirTemp("", "rongtong-engines-*")
		if err != nil {
			t.Fatalf("making a folder for the engines: %v", err)
		}
		shared.dir = dir
	}
	o := options(t, shared.dir)
	o.Data = filepath.Join(shared.dir, fmt.Sprint(o.BrokerPort))
	change(&o)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	e, err := embedded.Start(ctx, o)
	if err != nil {
		t.Fatalf("starting an engine for the tests: %v", err)
	}
	return e
}

// freePorts finds n ports below the range from which the system takes ports
// for outgoing connections: a port of that range, once let go, may be taken
// before the engine listens on it.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range 1000 {
		ln, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
		if err != nil {
			continue
		}
		defer ln.Close() // all are held until all are found, so that they differ
		if ports = append(ports, ln.Addr().(*net.TCPAddr).Port); len(ports) == n {
			return ports
		}
	}
	t.Fatalf("finding %d free ports: found %d", n, len(ports))
	return nil
}
