// Package demo is a province in a box: it starts the engines of one machine,
// the simulated source systems of five tiers and the pipeline's roles as child
// processes, watches the records flow, and ends by comparing what is in the
// warehouse with what the simulation knows to be true.
package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"rongtong/deploy/embedded"
	"rongtong/deploy/sandbox/world"
	"rongtong/pipelines/control"
	"rongtong/schemas/fault"
	"rongtong/schemas/pii"
)

// BusinessDate is the day the simulated province stands at.
const BusinessDate = "2025-12-31"

// envFile is where a running sandbox says how a pipeline reaches its systems.
const envFile = "sandbox.env"

// Options say how the demo runs.
type Options struct {
	Dir     string // everything it keeps; a second run continues there
	Scale   string // "full" or "small"
	Seed    uint64
	Once    bool // stop at the end instead of staying up
	Plain   bool // lines instead of a live table
	Out     io.Writer
	Workers int
	// Kills is how often each of ingest, load, broker and warehouse is ended by
	// kill -9 while records flow, one every KillEvery on average.
	Kills     int
	KillEvery time.Duration
	// Ports of the engines; 0 means the default.
	BrokerPort, HTTPPort, NativePort int
	// SourcePorts are those of the gateway, the SFTP server, and the pipeline's
	// two push gateways; empty means the defaults.
	SourcePorts []int
	// MetricsPort, and the two after it, serve the metrics of ingest, load and
	// schedule; 0: nothing does.
	MetricsPort int
	// FetchProgress is told how the engine's first download goes.
	FetchProgress func(done, total int64, what string)
}

// ErrDifferent says that the result differs from the truth; the report on Out
// says where.
var ErrDifferent = errors.New("comparing with the truth: differences were found")

// memory is the soft limit of each Go child, so that all processes together
// stay within what the demo promises.
var memory = map[string]string{"broker": "400MiB", "sandbox": "300MiB", "ingest": "300MiB", "load": "320MiB", "schedule": "64MiB"}

// stage is one demo under way.
type stage struct {
	Options
	began   time.Time
	engines *embedded.Engines
	world   *world.World
	monitor *control.Monitor
	truth   *truth
	view    *view
	kills   atomic.Int64
	log     *slog.Logger // a file: the terminal belongs to the table
}

// Run runs the demo. It returns ErrDifferent when the comparison fails, and nil
// after a complete run or, without Once, when ctx ends after it.
func Run(ctx context.Context, o Options) error {
	s := &stage{Options: o, began: time.Now()}
	defer s.stop()
	if err := s.start(ctx); err != nil {
		return err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	go s.attend(fail)
	err := s.show(ctx)
	if lost := context.Cause(ctx); errors.Is(lost, errLost) {
		return lost
	}
	return err
}

// show lets the records flow, compares, and stays up unless Once.
func (s *stage) show(ctx context.Context) error {
	if err := s.flow(ctx); err != nil {
		return err
	}
	same, err := s.report(ctx)
	if err != nil {
		return err
	}
	s.whereNext()
	if !s.Once {
		fmt.Fprintln(s.Out, "\nThe province stays up. 按 Ctrl-C 停止 / press Ctrl-C to stop.")
		<-ctx.Done()
		return nil
	}
	if !same {
		return ErrDifferent
	}
	return nil
}

// errLost says that a process of the demo ended and a restart does not help.
var errLost = errors.New("a process of the demo is gone")

// attend ends the demo when one of its processes is gone for good: what waits for
// that process would wait in vain, and say something else.
func (s *stage) attend(fail context.CancelCauseFunc) {
	for e := range s.engines.Supervisor.Events() {
		if e.Kind == embedded.Abandoned {
			fail(fmt.Errorf("%w; its log is %s: %w", errLost, s.logPath(e.Name), e.Err))
		}
	}
}

func (s *stage) stop() {
	if s.view != nil {
		s.view.close()
	}
	if s.monitor != nil {
		s.monitor.Close()
	}
	if s.engines != nil {
		s.engines.Stop()
	}
}

// start brings everything up, in the order in which it depends on each other.
func (s *stage) start(ctx context.Context) error {
	scale, err := world.ScaleByName(s.Scale)
	if err != nil {
		return fault.Mark(fault.Config, err)
	}
	dir, err := filepath.Abs(s.Dir)
	if err != nil {
		return fault.Mark(fault.Config, err)
	}
	s.Dir = dir
	if err := s.claimFolder(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(s.Dir, "logs"), 0o755); err != nil {
		return fault.Mark(fault.Config, err)
	}
	file, err := os.OpenFile(s.logPath("demo"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fault.Mark(fault.Config, err)
	}
	s.log = slog.New(slog.NewTextHandler(pii.Writer{W: file}, nil))
	slog.SetDefault(s.log)
	s.say("starting the engines (broker and warehouse) in %s", s.Dir)
	s.engines, err = embedded.Start(ctx, embedded.Options{Data: filepath.Join(s.Dir, "engines"), Progress: s.FetchProgress,
		BrokerPort: s.BrokerPort, HTTPPort: s.HTTPPort, NativePort: s.NativePort,
		Env: []string{"GOMEMLIMIT=" + memory["broker"], "GOGC=50"}})
	if err != nil {
		return err
	}
	if s.world, err = world.New(s.Seed, scale); err != nil {
		return err
	}
	s.truth = learn(s.world)
	s.say("starting the source systems of five tiers")
	if err := s.startSandbox(ctx); err != nil {
		return err
	}
	o := control.Options{Kafka: s.engines.Kafka, Warehouse: s.engines.Warehouse, Log: s.log}
	if err := control.Topics(ctx, o); err != nil {
		return err
	}
	if _, err := control.Migrate(ctx, o, false); err != nil {
		return err
	}
	s.say("starting the pipeline: ingest, load, schedule")
	env, err := os.ReadFile(filepath.Join(s.Dir, "sandbox", envFile))
	if err != nil {
		return fault.Mark(fault.Bug, err)
	}
	if err := s.writeKeys(); err != nil {
		return err
	}
	for _, role := range control.Roles {
		if err := s.startRole(ctx, role, strings.Split(strings.TrimSpace(string(env)), "\n")); err != nil {
			return err
		}
	}
	s.monitor, err = control.NewMonitor(ctx, o)
	return err
}

// claimFolder refuses to continue a folder that another seed or scale began:
// its rows would never match this truth.
func (s *stage) claimFolder() error {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return fault.Hint(fault.Config, "give another folder with --dir", "making the folder %q: %w", s.Dir, err)
	}
	mark := filepath.Join(s.Dir, "scale")
	want := fmt.Sprintf("scale=%s seed=%d\n", s.Scale, s.Seed)
	got, err := os.ReadFile(mark)
	if err == nil && string(got) != want {
		return fault.Hint(fault.Config, "give another folder with --dir, or remove this one", "continuing in %q: it was begun with %s", s.Dir, strings.TrimSpace(string(got)))
	}
	return fault.Mark(fault.Config, os.WriteFile(mark, []byte(want), 0o644))
}

func (s *stage) startSandbox(ctx context.Context) error {
	dir := filepath.Join(s.Dir, "sandbox")
	_ = os.Remove(filepath.Join(dir, envFile)) // its presence is the sign of readiness
	args := []string{"sandbox", "up", "--dir", dir, "--seed", fmt.Sprint(s.Seed), "--scale", s.Scale, "--kafka", s.engines.Kafka}
	flags := []string{"--gateway", "--sftp", "--push", "--receipts"}
	if len(s.SourcePorts) != 0 && len(s.SourcePorts) != len(flags) {
		return fault.New(fault.Config, "starting the source systems: %d ports given, %d are needed", len(s.SourcePorts), len(flags))
	}
	for i, port := range s.SourcePorts {
		args = append(args, flags[i], fmt.Sprintf("127.0.0.1:%d", port))
	}
	return s.engines.Supervisor.Start(ctx, embedded.Child{
		Name: "sandbox",
		Args: args,
		Env:  []string{"GOMEMLIMIT=" + memory["sandbox"], "GOGC=50"},
		Ready: func(context.Context) error {
			_, err := os.Stat(filepath.Join(dir, envFile))
			return err
		},
		LogPath: s.logPath("sandbox"),
	})
}

func (s *stage) startRole(ctx context.Context, role string, env []string) error {
	args := []string{"up", "--roles", role, "--workers", fmt.Sprint(s.Workers)}
	if s.MetricsPort > 0 {
		args = append(args, "--listen", fmt.Sprintf("127.0.0.1:%d", s.MetricsPort+slices.Index(control.Roles, role)))
	}
	return s.engines.Supervisor.Start(ctx, embedded.Child{
		Name: role,
		Args: args,
		Env: append(slices.Clone(env), "RONGTONG_KAFKA="+s.engines.Kafka, "RONGTONG_WAREHOUSE="+s.engines.Warehouse, "RONGTONG_KEYS="+s.keysPath(),
			"GOMEMLIMIT="+memory[role], "GOGC=75"),
		LogPath: s.logPath(role),
	})
}

func (s *stage) keysPath() string { return filepath.Join(s.Dir, "keys.yaml") }

// writeKeys writes the key of pseudonyms that the truth knows, and one of its
// own for the landing area. Everywhere else `rongtong keys new` makes them.
func (s *stage) writeKeys() error {
	pseudonym := s.world.PseudonymKey()
	landing := sha256.Sum256(append(pseudonym, "landing"...))
	text := fmt.Sprintf("# Keys of the demo: whoever has its seed can compute them.\nkeys:\n  - { use: pseudonym, purpose: cw, version: 1, created: %q, secret: %q }\n  - { use: landing, version: 1, created: %[1]q, secret: %[3]q }\n",
		BusinessDate, hex.EncodeToString(pseudonym), hex.EncodeToString(landing[:16]))
	return fault.Mark(fault.Config, os.WriteFile(s.keysPath(), []byte(text), 0o600))
}

func (s *stage) logPath(name string) string { return filepath.Join(s.Dir, "logs", name+".log") }

// say prints a step with the time since the start.
func (s *stage) say(format string, args ...any) {
	fmt.Fprintf(s.Out, "%6.1fs  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

// flow waits until every record has arrived, been fused, flowed back and been
// acknowledged.
func (s *stage) flow(ctx context.Context) error {
	s.view = newView(s)
	defer s.view.close()
	killed := make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer close(killed)
		s.kill(ctx, s.Kills, max(s.KillEvery, time.Millisecond))
	}()
	receipts := func(st control.StreamStatus) bool { return st.System == "return_receipts" }
	if err := s.wait(ctx, "five tiers flow into the theme database", func(st control.StreamStatus) bool { return !receipts(st) }); err != nil {
		return err
	}
	if err := s.job(ctx, "integrate"); err != nil {
		return err
	}
	if err := s.job(ctx, "return"); err != nil {
		return err
	}
	if err := s.wait(ctx, "divisions acknowledge what flowed back", receipts); err != nil {
		return err
	}
	<-killed // the last integration is undisturbed: it is what is compared
	return s.job(ctx, "integrate")
}

func (s *stage) job(ctx context.Context, name string) error {
	s.view.note("running the job " + name)
	r, err := s.monitor.RunJob(ctx, name, BusinessDate)
	if err != nil {
		return err
	}
	s.view.note(fmt.Sprintf("%s: %s", name, r.Detail))
	return nil
}

// stalled is how long nothing may move before the demo gives up and says which
// stream is behind: a person should not stare at a table for ever.
const stalled = 3 * time.Minute

// wait follows the status until every chosen stream has what the truth expects.
// A broker or warehouse that is down for a moment is waited for.
func (s *stage) wait(ctx context.Context, what string, chosen func(control.StreamStatus) bool) error {
	s.view.note(what)
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	moved, last := time.Now(), int64(-1)
	for {
		st, err := s.monitor.Status(ctx)
		if err != nil && ctx.Err() == nil && fault.Of(err) != fault.Transient {
			return err
		}
		if err == nil {
			s.view.show(st)
			behind, sum := s.behind(st, chosen)
			if behind == "" {
				return nil
			}
			if sum != last {
				moved, last = time.Now(), sum
			}
			if time.Since(moved) > stalled {
				return fault.Hint(fault.Unknown, "look into the logs in "+filepath.Join(s.Dir, "logs"), "waiting for records: nothing has moved for %s; behind: %s", stalled, behind)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// behind names a chosen stream that has less than the truth expects, and sums
// up what has arrived.
func (s *stage) behind(st control.Status, chosen func(control.StreamStatus) bool) (string, int64) {
	var name string
	var sum int64
	for _, x := range st.Streams {
		sum += x.Received + x.Records
		if want, known := s.truth.rows(x.System, x.Stream); chosen(x) && (!known || x.Received < want) && name == "" {
			name = fmt.Sprintf("%s.%s (%d of %d)", x.System, x.Stream, x.Received, want)
		}
	}
	return name, sum
}
