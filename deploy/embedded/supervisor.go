package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"

	"rongtong/deploy/lifeline"
	"rongtong/schemas/fault"
)

// Child is a process that a Supervisor keeps running.
type Child struct {
	Name        string                          // unique in its supervisor
	Path        string                          // executable; empty means this one
	Args        []string                        // without the executable
	Env         []string                        // added to the parent's environment, "NAME=value"
	Ready       func(ctx context.Context) error // polled until nil; nil means ready when started
	ReadyWithin time.Duration                   // 0 means one minute
	StopTimeout time.Duration                   // from the request to SIGKILL; 0 means 15 s
	LogPath     string                          // standard output and error are appended; empty discards them
}

// EventKind is what happened to a child.
type EventKind uint8

// The kinds of events.
const (
	Started   EventKind = iota // the process runs
	Ready                      // it answered
	Exited                     // it ended without being asked
	Abandoned                  // it ended too often, or cannot be helped by a restart
	Stopped                    // it ended because it was asked to
)

var eventNames = [...]string{"started", "ready", "exited", "abandoned", "stopped"}

func (k EventKind) String() string { return eventNames[k] }

// Event is one change in the life of a child. Err is set for Exited and
// Abandoned and carries the child's own last words.
type Event struct {
	At   time.Time
	Name string
	Kind EventKind
	Pid  int
	Err  error
}

// Restarts follow an exponential pause that is forgotten after a while of
// running; maxQuick deaths in a row without that while mean that a restart
// does not help.
const (
	firstPause = 200 * time.Millisecond
	longPause  = 10 * time.Second
	healthy    = 30 * time.Second
	maxQuick   = 8
)

// logRotateBytes is the size at which a log is set aside when its child starts.
const logRotateBytes = 8 << 20

// Supervisor starts child processes, restarts them when they die and stops
// them in reverse order. None of them outlives the process that holds the
// Supervisor, however that ends: see package lifeline, whose Watch every child must call.
// All methods are safe for concurrent use.
type Supervisor struct {
	ctx    context.Context
	cancel context.CancelFunc
	events chan Event
	pause  time.Duration // before the first restart

	mu       sync.Mutex
	children []*supervised
	stopped  bool
}

type supervised struct {
	Child
	stop     chan struct{} // closed: end the process and do not restart
	stopOnce sync.Once
	done     chan struct{} // closed: the process is gone for good

	mu       sync.Mutex
	pid      int
	restarts int
}

// NewSupervisor returns a Supervisor without children. Stop must be called.
func NewSupervisor() *Supervisor {
	ctx, cancel := context.WithCancel(context.Background())
	return &Supervisor{ctx: ctx, cancel: cancel, events: make(chan Event, 256), pause: firstPause}
}

// Events delivers what happens to the children. The channel is buffered and
// drops events that nobody reads; it is closed by Stop.
func (s *Supervisor) Events() <-chan Event { return s.events }

// Start runs c and returns when it is ready. When it ends, is not ready in
// time, or ctx ends first, the child is gone and the error carries its last
// words. After a return without error the child is kept running until Stop.
func (s *Supervisor) Start(ctx context.Context, c Child) error {
	if c.StopTimeout == 0 {
		c.StopTimeout = 15 * time.Second
	}
	if c.ReadyWithin == 0 {
		c.ReadyWithin = time.Minute
	}
	if c.Path == "" {
		self, err := os.Executable()
		if err != nil {
			return fault.New(fault.Config, "finding the own executable: %w", err)
		}
		c.Path = self
	}
	ch := &supervised{Child: c, stop: make(chan struct{}), done: make(chan struct{})}
	s.mu.Lock()
	if s.stopped || slices.ContainsFunc(s.children, func(o *supervised) bool { return o.Name == c.Name }) {
		s.mu.Unlock()
		return fault.New(fault.Bug, "starting %q: the supervisor is stopped or has that child already", c.Name)
	}
	s.children = append(s.children, ch)
	s.mu.Unlock()

	ready := make(chan error, 1)
	go s.keep(ctx, ch, ready)
	if err := <-ready; err != nil {
		<-ch.done
		s.mu.Lock()
		s.children = slices.DeleteFunc(s.children, func(o *supervised) bool { return o == ch })
		s.mu.Unlock()
		return err
	}
	return nil
}

// Pid returns the process id of a child, 0 when it does not run.
func (s *Supervisor) Pid(name string) int {
	if c := s.find(name); c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.pid
	}
	return 0
}

// Restarts returns how often a child was started again.
func (s *Supervisor) Restarts(name string) int {
	if c := s.find(name); c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.restarts
	}
	return 0
}

func (s *Supervisor) find(name string) *supervised {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Stop ends the children in the reverse order of their start, one after the
// other, and returns when none is left. It may be called more than once.
func (s *Supervisor) Stop() {
	s.mu.Lock()
	first := !s.stopped
	s.stopped = true
	children := slices.Clone(s.children)
	s.mu.Unlock()
	for _, c := range slices.Backward(children) {
		c.stopOnce.Do(func() { close(c.stop) })
		<-c.done
	}
	if first {
		s.cancel()
		close(s.events)
	}
}

func (s *Supervisor) tell(c *supervised, kind EventKind, pid int, err error) {
	select {
	case s.events <- Event{At: time.Now(), Name: c.Name, Kind: kind, Pid: pid, Err: err}:
	default:
	}
}

// keep owns one child for all its lives; started gets the outcome of the first.
func (s *Supervisor) keep(ctx context.Context, c *supervised, started chan<- error) {
	defer close(c.done)
	up := false
	begun := time.Now()
	asked, err := s.life(ctx, c, func() { up = true; started <- nil })
	if !up {
		started <- err
		return
	}
	pause := &backoff.ExponentialBackOff{InitialInterval: s.pause, MaxInterval: longPause, Multiplier: 2, RandomizationFactor: 0.2}
	pause.Reset()
	for quick := 0; !asked; {
		if time.Since(begun) > healthy {
			quick = 0
			pause.Reset()
		}
		if quick++; quick >= maxQuick || fault.Is(err, fault.Config) {
			slog.Error("child abandoned", "child", c.Name, "quick_deaths", quick, "class", fault.Of(err).String(), "error", err)
			s.tell(c, Abandoned, 0, err)
			return
		}
		slog.Warn("child died; starts again", "child", c.Name, "error", err)
		s.tell(c, Exited, 0, err)
		select {
		case <-c.stop:
			return
		case <-time.After(pause.NextBackOff()):
		}
		c.mu.Lock()
		c.restarts++
		c.mu.Unlock()
		begun = time.Now()
		asked, err = s.life(s.ctx, c, func() {})
	}
}

// life runs the process once, calls onReady when it is ready, and returns when
// it is gone. asked says that Stop wanted it; then err is context.Canceled.
func (s *Supervisor) life(ctx context.Context, c *supervised, onReady func()) (asked bool, err error) {
	p, err := launch(c.Child)
	if err != nil {
		return false, err
	}
	c.setPid(p.cmd.Process.Pid)
	defer c.setPid(0)
	s.tell(c, Started, p.cmd.Process.Pid, nil)
	probing, cancel := context.WithTimeout(ctx, c.ReadyWithin)
	defer cancel()
	ready := make(chan error, 1)
	go func() {
		if c.Ready == nil {
			ready <- nil
			return
		}
		ready <- waitFor(probing, 50*time.Millisecond, c.Ready)
	}()
	for {
		select {
		case err := <-ready:
			ready = nil
			if err != nil {
				p.end(c.StopTimeout)
				return false, fmt.Errorf("waiting until %q is ready: %w", c.Name, err)
			}
			s.tell(c, Ready, p.cmd.Process.Pid, nil)
			onReady()
		case <-p.exited:
			return false, p.lastWords(c.Child)
		case <-c.stop:
			p.end(c.StopTimeout)
			s.tell(c, Stopped, p.cmd.Process.Pid, nil)
			return true, context.Canceled
		}
	}
}

func (c *supervised) setPid(pid int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pid = pid
}

// process is one running child and the parent's end of its lifeline.
type process struct {
	cmd      *exec.Cmd
	lifeline *os.File
	exited   chan struct{}
	logFrom  int64 // where this life's part of the log begins
}

func launch(c Child) (*process, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fault.New(fault.Transient, "starting %q: %w", c.Name, err)
	}
	defer read.Close()
	p := &process{cmd: exec.Command(c.Path, c.Args...), lifeline: write, exited: make(chan struct{})}
	p.cmd.Env = append(append(os.Environ(), c.Env...), lifeline.Env+"=3")
	p.cmd.ExtraFiles = []*os.File{read} // the first extra file is descriptor 3
	// A group of its own keeps Ctrl-C at the terminal with the parent, which
	// stops the children in order.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if c.LogPath != "" {
		log, from, err := openLog(c.LogPath)
		if err != nil {
			write.Close()
			return nil, err
		}
		defer log.Close()
		p.cmd.Stdout, p.cmd.Stderr, p.logFrom = log, log, from
	}
	if err := p.cmd.Start(); err != nil {
		write.Close()
		return nil, fault.New(fault.Config, "starting %q: %w", c.Name, err)
	}
	go func() {
		_ = p.cmd.Wait()
		write.Close()
		close(p.exited)
	}()
	return p, nil
}

// openLog opens a log for appending, setting a big one aside first.
func openLog(path string) (*os.File, int64, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, 0, diskErr(err, "making %q", filepath.Dir(path))
	}
	if st, err := os.Stat(path); err == nil && st.Size() > logRotateBytes {
		_ = os.Rename(path, path+".1")
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, 0, diskErr(err, "opening the log %q", path)
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, diskErr(err, "opening the log %q", path)
	}
	return f, st.Size(), nil
}

// end asks the process to stop and kills its group when it does not.
func (p *process) end(timeout time.Duration) {
	p.lifeline.Close()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(timeout):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.exited
	}
}

// lastWords makes an error of how a process ended and what it said last.
func (p *process) lastWords(c Child) error {
	class := fault.Transient
	if p.cmd.ProcessState.ExitCode() == exitConfig {
		class = fault.Config
	}
	said := p.lastLines(c.LogPath)
	if said == "" {
		return fault.New(class, "running %q: it ended (%s)", c.Name, p.cmd.ProcessState)
	}
	return fault.New(class, "running %q: it ended (%s): %s", c.Name, p.cmd.ProcessState, said)
}

// lastLines returns up to three lines of this life's log, the last ones that
// are not progress reports: a library's complaint stands before our own. Of a
// process that Go's runtime ended it is the line that says why, not the stacks.
func (p *process) lastLines(path string) string {
	b, err := os.ReadFile(path)
	if err != nil || int64(len(b)) <= p.logFrom {
		return ""
	}
	var said []string
	for _, line := range strings.Split(string(b[p.logFrom:]), "\n") {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return line
		}
		if line = strings.TrimSpace(line); line != "" && !strings.Contains(line, " INFO ") {
			said = append(said, line)
		}
	}
	return strings.Join(said[max(0, len(said)-3):], " / ")
}
