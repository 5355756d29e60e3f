package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rongtong/deploy/embedded/embeddedtest"
)

// upProcess is the program, running a role in a process group of its own.
type upProcess struct {
	*exec.Cmd
	t     *testing.T
	lines *bufio.Scanner
}

func startUp(t *testing.T, args ...string) *upProcess {
	t.Helper()
	p := &upProcess{Cmd: exec.Command(os.Args[0], append([]string{"up", "--roles", "ingest", "--kafka", embeddedtest.Broker(t)}, args...)...), t: t}
	p.Env = append(os.Environ(), "RONGTONG_SCRIPT=1")
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-p.Process.Pid, syscall.SIGKILL) })
	time.AfterFunc(time.Minute, func() { _ = syscall.Kill(-p.Process.Pid, syscall.SIGKILL) })
	p.lines = bufio.NewScanner(out)
	p.until("msg=ingesting")
	return p
}

// until reads what the process says until a line holds the text.
func (p *upProcess) until(text string) {
	p.t.Helper()
	for p.lines.Scan() {
		if strings.Contains(p.lines.Text(), text) {
			return
		}
	}
	p.t.Fatalf("the process ended before it said %q", text)
}

// end waits for the process: its exit code, and that nothing of it is left.
func (p *upProcess) end() int {
	p.t.Helper()
	for p.lines.Scan() { // what it says at its end is of no interest, but must be read
	}
	err := p.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, io.ErrClosedPipe) {
		p.t.Fatal(err)
	}
	left := ""
	for limit := time.Now().Add(30 * time.Second); time.Now().Before(limit); {
		if left = alive(p.Process.Pid); left == "" {
			break
		}
		<-time.After(20 * time.Millisecond)
	}
	if left != "" {
		p.t.Errorf("left of the process is %s", left)
	}
	return p.ProcessState.ExitCode()
}

// alive names a process of a group that lives: one that ended and was not asked
// after does not.
func alive(group int) string {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		b, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		name, rest, _ := strings.Cut(string(b), ") ")
		f := strings.Fields(rest) // state, parent, group
		if len(f) > 2 && f[2] == strconv.Itoa(group) && f[0] != "Z" {
			return name + ")"
		}
	}
	return ""
}

// A process that is asked to stop, stops in order, with exit code 0 and nothing
// left behind; asked twice, it ends at once.
func TestSignals(t *testing.T) {
	p := startUp(t)
	began := time.Now()
	_ = p.Process.Signal(syscall.SIGTERM)
	if code := p.end(); code != exitOK {
		t.Errorf("after SIGTERM: exit code %d", code)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %v", took)
	}

	// The second signal comes while a source's password is being fetched by a
	// command that takes its time. The command ends with the process.
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "slow.yaml"), []byte(slowSystem), 0o644); err != nil {
		t.Fatal(err)
	}
	p = startUp(t, "--declarations", folder, "--stop-within", "5m")
	p.until("opening") // others fail for want of their settings
	_ = p.Process.Signal(syscall.SIGINT)
	p.until("stopping at a boundary")
	_ = p.Process.Signal(syscall.SIGTERM)
	if code := p.end(); code != exitInterrupted {
		t.Errorf("after two signals: exit code %d", code)
	}
}

const slowSystem = `system: slow
tier: V
name: { zh: 慢, en: Slow }
department: 测试
doc: Its password takes its time.
connect: { kind: sftp, host: 127.0.0.1, user: etl, password: "${command:sleep 9}", host_key: "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", root: out }
streams:
  s:
    from: { path: 'x\.csv', format: csv, header: [a] }
    key: [a]
    fields: { a: text }
flows: []
every: { cron: "@every 1s", zone: Asia/Shanghai }
`
