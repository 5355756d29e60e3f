package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rongtong/deploy/embedded"
	"rongtong/schemas/fault"
)

func shell(name, script string) embedded.Child {
	return embedded.Child{Name: name, Path: "/bin/sh", Args: []string{"-c", script}}
}

func supervisor(t *testing.T) *embedded.Supervisor {
	s := embedded.NewSupervisor()
	t.Cleanup(s.Stop)
	return s
}

func TestSupervisorRestartsAChildThatDies(t *testing.T) {
	s := supervisor(t)
	if err := s.Start(t.Context(), shell("a", "exec sleep 600")); err != nil {
		t.Fatal(err)
	}
	first := s.Pid("a")
	kill9(t, first)
	if e := waitEvent(t, s, "a", embedded.Exited); !fault.Is(e.Err, fault.Transient) {
		t.Errorf("exit is reported as %v", e.Err)
	}
	waitEvent(t, s, "a", embedded.Ready)
	if second := s.Pid("a"); second == 0 || second == first {
		t.Errorf("process %d, then %d", first, second)
	}
	if n := s.Restarts("a"); n != 1 {
		t.Errorf("restarts = %d", n)
	}
}

func TestSupervisorGivesUp(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		says         string
		class        fault.Class
		restarts     int
	}{
		// It starts well once, so that Start succeeds.
		{"dies every time", "[ -e $0 ] && { echo port taken; exit 1; }; touch $0; exec sleep 600", "port taken", fault.Transient, 7},
		{"what a person must fix", "[ -e $0 ] && { echo port taken; exit 78; }; touch $0; exec sleep 600", "port taken", fault.Config, 1},
		// What Go's runtime prints, and the code that it ends with.
		{"panics", "[ -e $0 ] && { printf 'panic: close of closed channel\n\ngoroutine 1 [running]:\nmain.main()\n\t/a.go:7 +0x18\n'; exit 2; }; touch $0; exec sleep 600",
			"(exit status 2): panic: close of closed channel", fault.Transient, 7},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := supervisor(t)
			embedded.ShortenPauses(s)
			dir := t.TempDir()
			c := embedded.Child{Name: "a", Path: "/bin/sh", Args: []string{"-c", tc.script, filepath.Join(dir, "mark")}, LogPath: filepath.Join(dir, "log")}
			if err := s.Start(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() error { _, err := os.Stat(filepath.Join(dir, "mark")); return err })
			kill9(t, s.Pid("a"))
			e := waitEvent(t, s, "a", embedded.Abandoned)
			if !fault.Is(e.Err, tc.class) || !strings.HasSuffix(e.Err.Error(), tc.says) {
				t.Errorf("abandoned with %v", e.Err)
			}
			if n := s.Restarts("a"); n != tc.restarts {
				t.Errorf("restarts = %d, want %d", n, tc.restarts)
			}
		})
	}
}

func TestSupervisorReportsAStartThatFails(t *testing.T) {
	log := filepath.Join(t.TempDir(), "logs", "a.log")
	for _, tc := range []struct {
		name  string
		child embedded.Child
		class fault.Class
		says  string
	}{
		{"no such program", embedded.Child{Path: "/does/not/exist"}, fault.Config, "/does/not/exist"},
		{"ends at once", embedded.Child{Path: "/bin/sh", Args: []string{"-c", "echo first; echo cannot do it >&2; exit 3"}, LogPath: log}, fault.Transient, "exit status 3): first / cannot do it"},
		{"configuration", embedded.Child{Path: "/bin/sh", Args: []string{"-c", "echo wrong key; exit 78"}, LogPath: log}, fault.Config, "wrong key"},
		{"never ready", embedded.Child{Path: "/bin/sleep", Args: []string{"600"}, ReadyWithin: 200 * time.Millisecond,
			Ready: func(context.Context) error { return errors.New("still cold") }}, fault.Unknown, "still cold"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := supervisor(t)
			tc.child.Name = "a"
			if tc.child.Ready == nil {
				tc.child.Ready = func(context.Context) error { return errors.New("not yet") }
			}
			err := s.Start(t.Context(), tc.child)
			if fault.Of(err) != tc.class || !strings.Contains(fmt.Sprint(err), tc.says) {
				t.Errorf("error %v, class %s", err, fault.Of(err))
			}
			if s.Pid("a") != 0 {
				t.Error("the child still runs")
			}
		})
	}
}

func TestSupervisorStopsInReverseOrderAndKillsTheStubborn(t *testing.T) {
	s := embedded.NewSupervisor()
	var pids []int
	for _, name := range []string{"first", "second"} {
		if err := s.Start(t.Context(), shell(name, "exec sleep 600")); err != nil {
			t.Fatal(err)
		}
		pids = append(pids, s.Pid(name))
	}
	stubborn := shell("stubborn", "trap '' TERM; echo up > $0; while :; do sleep 1; done")
	mark := filepath.Join(t.TempDir(), "mark")
	stubborn.Args = append(stubborn.Args, mark)
	stubborn.Ready = func(context.Context) error { _, err := os.Stat(mark); return err }
	stubborn.StopTimeout = 200 * time.Millisecond
	if err := s.Start(t.Context(), stubborn); err != nil {
		t.Fatal(err)
	}
	pids = append(pids, s.Pid("stubborn"))
	s.Stop()
	s.Stop() // twice is once
	var order []string
	for e := range s.Events() {
		if e.Kind == embedded.Stopped {
			order = append(order, e.Name)
		}
	}
	if got := strings.Join(order, " "); got != "stubborn second first" {
		t.Errorf("stopped in the order %q", got)
	}
	for _, pid := range pids {
		if err := gone(pid); err != nil {
			t.Error(err)
		}
	}
	if err := s.Start(t.Context(), shell("late", "exec sleep 600")); !fault.Is(err, fault.Bug) {
		t.Errorf("starting after Stop: %v", err)
	}
}

func TestSupervisorSetsABigLogAside(t *testing.T) {
	log := filepath.Join(t.TempDir(), "a.log")
	if err := os.WriteFile(log, make([]byte, 9<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s := supervisor(t)
	c := shell("a", "echo hello; exec sleep 600")
	c.LogPath = log
	if err := s.Start(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		if b, _ := os.ReadFile(log); string(b) != "hello\n" {
			return fmt.Errorf("the log holds %d bytes", len(b))
		}
		return nil
	})
	if st, err := os.Stat(log + ".1"); err != nil || st.Size() != 9<<20 {
		t.Errorf("the old log: %v", err)
	}
}
