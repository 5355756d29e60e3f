package testservers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"rongtong/deploy/embedded"
	"rongtong/schemas/fault"
)

// mariadbPackage is Debian's package of the server's programs alone: it makes
// no user and starts no service. Its content is checked by apt's signatures.
const mariadbPackage = "mariadb-server-core"

// EnsureMariaDB returns the path of the server's program, installing it when
// the machine has none.
func EnsureMariaDB(ctx context.Context, progress embedded.Progress) (string, error) {
	if progress == nil {
		progress = func(int64, int64, string) {}
	}
	if path := findMariaDB(); path != "" {
		return path, nil
	}
	if err := aptInstall(ctx, mariadbPackage, progress); err != nil {
		return "", fault.Hint(fault.Config, "install the MariaDB server, 10.5 or later, so that mariadbd is on the PATH or in /usr/sbin",
			"getting the MariaDB server: %w", err)
	}
	if path := findMariaDB(); path != "" {
		return path, nil
	}
	return "", fault.New(fault.Config, "getting the MariaDB server: package %q was installed and holds no mariadbd", mariadbPackage)
}

// EnsureProgram returns the path of a program, installing the distribution's
// package of it when the machine has none.
func EnsureProgram(ctx context.Context, program, pkg string, progress embedded.Progress) (string, error) {
	if path := findProgram(program); path != "" {
		return path, nil
	}
	if err := aptInstall(ctx, pkg, progress); err != nil {
		return "", fault.Hint(fault.Config, "install "+program+" (Debian's package: "+pkg+") so that it is on the PATH", "getting %q: %w", program, err)
	}
	if path := findProgram(program); path != "" {
		return path, nil
	}
	return "", fault.New(fault.Config, "getting %q: package %q was installed and does not hold it", program, pkg)
}

func findMariaDB() string { return findProgram("mariadbd") }

func findProgram(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/usr/libexec"} {
		if st, err := os.Stat(filepath.Join(dir, name)); err == nil && st.Mode()&0o111 != 0 {
			return filepath.Join(dir, name)
		}
	}
	return ""
}

// aptInstall installs a package of the distribution, fetching its lists when
// there are none yet. Processes that want the same wait for apt's own lock.
func aptInstall(ctx context.Context, name string, progress embedded.Progress) error {
	apt, err := exec.LookPath("apt-get")
	if err != nil {
		return errors.New("this machine has no apt-get")
	}
	run := func(args ...string) error {
		args = append([]string{apt, "-q", "-o", "DPkg::Lock::Timeout=600", "-o", "Acquire::Retries=3"}, args...)
		if os.Geteuid() != 0 {
			args = append([]string{"sudo", "-n"}, args...)
		}
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		out, err := cmd.CombinedOutput()
		if err != nil {
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			return fmt.Errorf("running %q: %w: %s", strings.Join(args, " "), err, lines[len(lines)-1])
		}
		return nil
	}
	install := []string{"install", "-y", "--no-install-recommends", name}
	progress(0, 0, "installing the package "+name)
	if err := run(install...); err == nil {
		return nil
	}
	progress(0, 0, "fetching the lists of packages")
	if err := run("update"); err != nil {
		return err
	}
	progress(0, 0, "installing the package "+name)
	return run(install...)
}

var mariadb shared

// MariaDB is the MariaDB server of this test binary: row-based binary log with
// full metadata, GTIDs, databases of any character set. Nothing is synced.
func MariaDB(t testing.TB) *Server {
	t.Helper()
	return mariadb.get(t, "MariaDB", startMariaDB)
}

var versionNumber = regexp.MustCompile(`\d+\.\d+\.\d+`)

func startMariaDB(ctx context.Context) (_ *Server, err error) {
	program, err := EnsureMariaDB(ctx, nil)
	if err != nil {
		return nil, err
	}
	dir, err := Folder("mariadb")
	if err != nil {
		return nil, err
	}
	defer removeUnless(&err, dir)
	s := &Server{Host: "127.0.0.1", User: "rongtong", Password: "Rongtong+my/7", Dir: dir}
	if s.Port, err = FreePort(); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if err := bootstrap(ctx, program, dir, data, s); err != nil {
		return nil, err
	}
	version, err := exec.CommandContext(ctx, program, "--no-defaults", "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("asking %q for its version: %w", program, err)
	}
	s.Version = "MariaDB " + versionNumber.FindString(string(version))
	err = Run(ctx, Child{
		Path: program, Dir: dir, Signal: "KILL",
		Args: append(mariadbArgs(dir, data), "--port="+fmt.Sprint(s.Port), "--bind-address="+s.Host,
			"--log-bin=binlog", "--binlog-format=ROW", "--binlog-row-image=FULL", "--binlog-row-metadata=FULL",
			"--server-id=1", "--gtid-strict-mode=1", "--max-connections=200", "--local-infile=0"),
		Ready: func(ctx context.Context) error { return greets(ctx, s.Addr()) },
	})
	return s, err
}

func mariadbArgs(dir, data string) []string {
	return []string{"--no-defaults", "--datadir=" + data, "--socket=" + filepath.Join(dir, "socket"), "--tmpdir=" + dir,
		"--pid-file=" + filepath.Join(dir, "pid"), "--innodb-flush-log-at-trx-commit=0",
		"--innodb-buffer-pool-size=64M", "--innodb-log-file-size=32M", "--innodb-doublewrite=0", "--sync-binlog=0",
		"--skip-name-resolve", "--character-set-server=utf8mb4"}
}

// bootstrap makes the system tables from the server's own scripts, as
// mariadb-install-db does, and the account of the tests.
func bootstrap(ctx context.Context, program, dir, data string, s *Server) error {
	var text bytes.Buffer
	text.WriteString("CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\nSET @skip_auth_anonymous=1;\n")
	for _, name := range []string{"mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql"} {
		b, err := os.ReadFile(filepath.Join("/usr/share/mysql", name))
		if errors.Is(err, os.ErrNotExist) {
			b, err = os.ReadFile(filepath.Join("/usr/share/mariadb", strings.Replace(name, "mysql_", "mariadb_", 1)))
		}
		if err != nil {
			return fmt.Errorf("reading the system tables of MariaDB: %w", err)
		}
		text.Write(b)
	}
	fmt.Fprintf(&text, "\nFLUSH PRIVILEGES;\nCREATE USER %s@'%%' IDENTIFIED BY '%s';\nGRANT ALL ON *.* TO %s@'%%' WITH GRANT OPTION;\n",
		s.User, s.Password, s.User)
	if err := errors.Join(os.Mkdir(data, 0o700), own(data)); err != nil {
		return fmt.Errorf("making %q: %w", data, err)
	}
	cmd := exec.CommandContext(ctx, program, append(mariadbArgs(dir, data), "--bootstrap", "--log-warnings=0", "--max-allowed-packet=8M")...)
	cmd.Dir, cmd.Stdin = dir, &text
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: ordinary()}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("making the system tables of MariaDB: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// greets waits for the first packet of the protocol.
func greets(ctx context.Context, addr string) error {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	head := make([]byte, 5)
	if _, err := io.ReadFull(conn, head); err != nil {
		return err
	}
	if head[4] != 10 {
		return fmt.Errorf("it answers with protocol %d", head[4])
	}
	return nil
}
