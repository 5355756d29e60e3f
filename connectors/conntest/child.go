package conntest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rongtong/schemas/record"
)

// childEnv names the file that tells a child process what to read.
const childEnv = "RONGTONG_CONNTEST_CHILD"

// IsChild reports whether this process was started by the check "process". A
// TestMain that brings up servers leaves that out in a child: the ones of its
// parent still run.
func IsChild() bool { return os.Getenv(childEnv) != "" }

// errand is what a child process is asked to read, and where it writes it.
type errand struct {
	Text, Stream string
	Positions    [][]byte
	Sent         int // records that clients will send; 0: read to the end
	Out          string
}

// exported is a row as it crosses between processes.
type exported struct {
	Key, Value, Place, Fault string
	At                       time.Time
	Op                       record.Op
	Shape                    uint64
}

// child does an errand if this process is a child, and reports whether it is.
func child(t *testing.T, w World) bool {
	if !IsChild() {
		return false
	}
	b, err := os.ReadFile(os.Getenv(childEnv))
	if err != nil {
		t.Fatal(err)
	}
	var e errand
	if err := json.Unmarshal(b, &e); err != nil {
		t.Fatal(err)
	}
	var out [][]exported
	for i, pos := range e.Positions {
		rows, err := e.read(t, w, pos)
		if err != nil {
			t.Fatalf("from position %d: %v", i, err)
		}
		out = append(out, rows)
	}
	b, err = json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(e.Out, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return true
}

func (e *errand) read(t *testing.T, w World, pos []byte) ([]exported, error) {
	ctx, cancel := limited()
	defer cancel()
	sys := Declare(t, e.Text)
	r, closeBoth, err := openSystem(ctx, w, sys, e.Stream, pos)
	if err != nil {
		return nil, err
	}
	if e.Sent > 0 {
		for len(r.rows) < e.Sent && err == nil {
			err = r.next(ctx)
		}
		if err == nil {
			err = r.src.Done(ctx, r.stops[len(r.stops)-1].pos)
		}
	} else {
		err = r.rest(ctx, t, nil)
	}
	if err != nil {
		_ = closeBoth()
		return nil, err
	}
	var out []exported
	for _, x := range r.rows {
		out = append(out, exported{x.key, x.value, x.place, x.fault, x.at, x.op, x.shape})
	}
	return out, closeBoth()
}

// process: a position means the same to another process, which shares nothing
// with this one but the declaration and the environment.
func process(tb testing.TB, w World) error {
	s := w.Start(tb)
	here, ok := s.(Elsewhere)
	if !ok {
		return fmt.Errorf("the site has no Text and the world does not exempt this check")
	}
	if sender, ok := s.(Sender); ok {
		return processOfSender(tb, w, s, here, sender)
	}
	first, err := all(tb, w, s, nil, false)
	if err != nil {
		return err
	}
	if len(first.stops) < 2 {
		return fmt.Errorf("all %d records came in one Read: the world is too small to show a resumption", len(first.rows))
	}
	stops := []stop{first.stops[0], first.stops[len(first.stops)/2], first.stops[len(first.stops)-1]}
	var ps [][]byte
	for _, st := range stops {
		ps = append(ps, st.pos)
	}
	got, err := runChild(tb, errand{Text: here.Text(), Stream: s.Stream(), Positions: ps}, nil)
	if err != nil {
		return err
	}
	for i, st := range stops {
		if err := equal(got[i], first.rows[st.after:]); err != nil {
			return fmt.Errorf("from the position after %d records: %w", st.after, err)
		}
	}
	return nil
}

// processOfSender: clients that were acknowledged by one process are served on
// by another that begins at its position, and send it exactly the rest.
func processOfSender(tb testing.TB, w World, s Site, here Elsewhere, sender Sender) error {
	ctx, cancel := limited()
	defer cancel()
	r, closeBoth, err := open(ctx, w, s, nil)
	if err != nil {
		return err
	}
	sender.Send(tb)
	if err = r.next(ctx); err == nil {
		err = r.src.Done(ctx, r.stops[0].pos)
	}
	if err := closeAll(err, closeBoth); err != nil {
		return err
	}
	left := s.Count() - len(r.rows)
	e := errand{Text: here.Text(), Stream: s.Stream(), Positions: [][]byte{r.stops[0].pos}, Sent: left}
	got, err := runChild(tb, e, func(ended <-chan struct{}) {
		for sent := 0; sent < left; {
			select {
			case <-ended:
				return
			default:
				sent += sender.Send(tb)
			}
		}
	})
	if err != nil {
		return err
	}
	if len(got[0]) != left {
		return fmt.Errorf("another process read %d records, want the %d that were not acknowledged", len(got[0]), left)
	}
	return nil
}

// runChild runs this test binary again for an errand; meanwhile runs beside it.
func runChild(tb testing.TB, e errand, meanwhile func(ended <-chan struct{})) ([][]row, error) {
	dir := tb.TempDir()
	e.Out = filepath.Join(dir, "rows.json")
	in := filepath.Join(dir, "errand.json")
	b, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(in, b, 0o600); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patienceMin)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "-test.run", parentPattern(tb.Name()), "-test.count=1")
	cmd.Env = append(os.Environ(), childEnv+"="+in)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	if meanwhile != nil {
		go func() { err = cmd.Wait(); close(ended) }()
		meanwhile(ended)
		<-ended
	} else {
		err = cmd.Wait()
	}
	if err != nil {
		return nil, fmt.Errorf("another process: %w: %s", err, lastLines(said.String()))
	}
	if b, err = os.ReadFile(e.Out); err != nil {
		return nil, fmt.Errorf("another process did no errand: the test %s does not begin with Run", parentPattern(tb.Name()))
	}
	var rows [][]exported
	if err := json.Unmarshal(b, &rows); err != nil {
		return nil, err
	}
	out := make([][]row, len(rows))
	for i, list := range rows {
		for _, x := range list {
			out[i] = append(out[i], row{x.Key, x.Value, x.Place, x.Fault, x.At, x.Op, x.Shape})
		}
	}
	return out, nil
}

// parentPattern matches the test whose subtest is called name, and nothing else.
func parentPattern(name string) string {
	parts := strings.Split(name, "/")
	parts = parts[:max(1, len(parts)-1)]
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

func lastLines(s string) string {
	if len(s) > 600 {
		s = "… " + s[len(s)-600:]
	}
	return strings.TrimSpace(s)
}
