package testservers

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestServersAnswer: the servers speak their protocols; a second call starts
// no second one.
func TestServersAnswer(t *testing.T) {
	pg := Postgres(t)
	if Postgres(t) != pg {
		t.Error("a second call started a second server")
	}
	conn, err := net.Dial("tcp", pg.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}) // SSLRequest
	if b, err := bufio.NewReader(conn).ReadByte(); err != nil || b != 'N' && b != 'S' {
		t.Errorf("PostgreSQL answers %q, %v", b, err)
	}
	if err := greets(t.Context(), MariaDB(t).Addr()); err != nil {
		t.Error(err)
	}
}

// TestNothingOutlivesUs: a process that is killed takes its server and the
// server's folder with it.
func TestNothingOutlivesUs(t *testing.T) {
	if dir := os.Getenv("TESTSERVERS_CHILD"); dir != "" {
		err := Run(context.Background(), Child{Path: "/bin/sleep", Args: []string{"600"}, Dir: dir, Signal: "TERM",
			Ready: func(context.Context) error { _, err := os.Stat(filepath.Join(dir, "log")); return err }})
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("ready\n")
		select {}
	}
	dir, err := Folder("outlive")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestNothingOutlivesUs$")
	cmd.Env = append(os.Environ(), "TESTSERVERS_CHILD="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "ready" {
	}
	if _, err := os.Stat(filepath.Join(dir, "log")); err != nil {
		t.Fatalf("the server did not run: %v", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for tick := time.Tick(10 * time.Millisecond); ; <-tick {
		if _, err := os.Stat(dir); os.IsNotExist(err) {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("the folder is still there")
		}
	}
}

// TestFailureSaysWhy: a server that ends at once fails with its own words.
func TestFailureSaysWhy(t *testing.T) {
	dir, err := Folder("broken")
	if err != nil {
		t.Fatal(err)
	}
	err = Run(t.Context(), Child{Path: "/bin/sh", Args: []string{"-c", "echo no such luck; exit 3"}, Dir: dir, Signal: "TERM",
		Ready: func(context.Context) error { return os.ErrNotExist }})
	if err == nil || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("the error is %v", err)
	}
}

// TestFileServersAnswer: the servers of files are up, and run as no root.
func TestFileServersAnswer(t *testing.T) {
	if s := SSH(t); !strings.HasPrefix(s.Version, "OpenSSH_") {
		t.Errorf("the SSH server says it is %q", s.Version)
	}
	f := FTP(t)
	for _, port := range []int{f.Port, f.Plain} {
		if err := says(t.Context(), net.JoinHostPort(f.Host, strconv.Itoa(port)), "220 "); err != nil {
			t.Error(err)
		}
	}
	if err := says(t.Context(), net.JoinHostPort(f.Host, strconv.Itoa(f.Implicit)), "220 "); err == nil {
		t.Error("the port of implicit TLS greets in the clear")
	}
}
