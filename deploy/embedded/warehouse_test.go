package embedded_test

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rongtong/deploy/embedded"
	"rongtong/schemas/decl"
)

// The engine's interactive branch is what survives these: in the other branch
// each of them ends the process with SIGABRT.
func TestWarehouseSurvivesBadConnections(t *testing.T) {
	e, o := startEngines(t, onlyWarehouse)
	mustAsk(t, e.Warehouse, "CREATE DATABASE hostile")
	mustAsk(t, e.Warehouse, "CREATE TABLE hostile.t (a UInt64) ENGINE = MergeTree ORDER BY a")
	pid := e.Supervisor.Pid("warehouse")
	tls := "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("x", 64)
	native := o.NativePort
	insert := "POST /?query=INSERT+INTO+hostile.t+FORMAT+TSV&" + credentials(t, e.Warehouse) +
		" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1\n2\n\r\n"
	for _, tc := range []struct {
		name string
		port int
		send string
		rst  bool
	}{
		{"wrong password, HTTP", o.HTTPPort, "GET /?query=SELECT+1&user=admin&password=wrong HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false},
		{"wrong password, native", native, nativeHello("admin", "wrong"), false},
		{"unknown user, native", native, nativeHello("nobody", ""), false},
		{"malformed HTTP", o.HTTPPort, "GET\x00\xff /// HTTP/9.9\r\n:::\r\n\r\n", false},
		{"HTTP on the native port", native, "GET / HTTP/1.1\r\n\r\n", false},
		{"TLS hello, HTTP", o.HTTPPort, tls, false},
		{"TLS hello, native", native, tls, false},
		{"garbage, native", native, strings.Repeat("\xff\x00\x7f", 400), false},
		{"vanished in the middle of an insert", o.HTTPPort, insert, true},
		{"vanished in the middle of a select", o.HTTPPort, "GET /?query=SELECT+number+FROM+system.numbers+LIMIT+100000000&" + credentials(t, e.Warehouse) + " HTTP/1.1\r\nHost: x\r\n\r\n", true},
		{"connect and reset, native", native, "", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for range 5 {
				provoke(t, tc.port, tc.send, tc.rst)
			}
			if got := mustAsk(t, e.Warehouse, "SELECT 'alive'"); got != "alive" {
				t.Errorf("answer %q", got)
			}
			if now := e.Supervisor.Pid("warehouse"); now != pid || e.Supervisor.Restarts("warehouse") != 0 {
				t.Fatalf("the engine died: process %d became %d", pid, now)
			}
		})
	}
	if got := mustAsk(t, e.Warehouse, "SELECT count() FROM hostile.t"); got != "0" {
		t.Errorf("%s rows of a cut insert are there", got)
	}
}

// provoke sends bytes and reads what comes, or resets the connection.
func provoke(t *testing.T, port int, send string, rst bool) {
	t.Helper()
	conn, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, send)
	if rst {
		if send != "" {
			_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			_, _ = conn.Read(make([]byte, 512))
		}
		_ = conn.(*net.TCPConn).SetLinger(0)
		return
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
	_, _ = io.Copy(io.Discard, conn)
}

func credentials(t *testing.T, addr string) string {
	t.Helper()
	full, err := decl.Expand(addr)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(full)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := u.User.Password()
	return url.Values{"user": {u.User.Username()}, "password": {p}}.Encode()
}

// The native greeting of these tests is a real one: it reaches the password.
func TestNativePortChecksThePassword(t *testing.T) {
	e, o := startEngines(t, onlyWarehouse)
	right, err := os.ReadFile(filepath.Join(o.Data, "warehouse", "admin.password"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(e.Native, "clickhouse://admin:${file:") {
		t.Errorf("native address %q", e.Native)
	}
	for _, tc := range []struct {
		name, password, answer string
	}{
		{"right", strings.TrimSpace(string(right)), "\x00"}, // hello
		{"wrong", "wrong", "\x02\x04\x02\x00\x00"},          // exception 516
	} {
		conn, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", o.NativePort))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, nativeHello("admin", tc.password))
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		got := make([]byte, len(tc.answer))
		_, _ = io.ReadFull(conn, got)
		conn.Close()
		if string(got) != tc.answer {
			t.Errorf("%s password: answer %x, want %x", tc.name, got, tc.answer)
		}
	}
}

// nativeHello is the first packet of the native protocol.
func nativeHello(user, password string) string {
	str := func(s string) string { return string(rune(len(s))) + s }
	return "\x00" + str("test") + "\x01\x01" + "\xf0\xa8\x03" + str("") + str(user) + str(password)
}

func TestWarehouseKeepsDataOverKill9(t *testing.T) {
	e, _ := startEngines(t, onlyWarehouse)
	mustAsk(t, e.Warehouse, "CREATE DATABASE kept")
	mustAsk(t, e.Warehouse, "CREATE TABLE kept.t (a UInt64) ENGINE = MergeTree ORDER BY a")
	for round := 1; round <= 3; round++ {
		mustAsk(t, e.Warehouse, "INSERT INTO kept.t SELECT number FROM numbers(1000)")
		kill9(t, e.Supervisor.Pid("warehouse"))
		waitEvent(t, e.Supervisor, "warehouse", embedded.Exited)
		waitEvent(t, e.Supervisor, "warehouse", embedded.Ready)
		if got := mustAsk(t, e.Warehouse, "SELECT count() FROM kept.t"); got != fmt.Sprint(round*1000) {
			t.Fatalf("%s rows after %d kills, want %d", got, round, round*1000)
		}
		if got := e.Supervisor.Restarts("warehouse"); got != round {
			t.Errorf("restarts = %d, want %d", got, round)
		}
	}
	mustAsk(t, e.Warehouse, "SYSTEM FLUSH LOGS")
	if got := mustAsk(t, e.Warehouse, "SELECT count() > 0 FROM system.query_log"); got != "1" {
		t.Error("the query log is empty after a restart: the system database is not durable")
	}
}

func TestWarehouseUsers(t *testing.T) {
	e, o := startEngines(t, onlyWarehouse)
	for _, db := range []string{"ods", "std", "dwd", "dwp", "ads", "ops"} {
		mustAsk(t, e.Warehouse, "CREATE DATABASE "+db)
		mustAsk(t, e.Warehouse, "CREATE TABLE "+db+".t (a UInt64) ENGINE = MergeTree ORDER BY a")
	}
	for _, name := range []string{"ads.indicator_point", "ads.indicator_point__next"} {
		mustAsk(t, e.Warehouse, "CREATE TABLE "+name+" (a UInt64) ENGINE = MergeTree ORDER BY a")
	}
	as := func(user, file string) string {
		if file == "" {
			return fmt.Sprintf("http://%s@127.0.0.1:%d", user, o.HTTPPort)
		}
		return fmt.Sprintf("http://%s:${file:%s}@127.0.0.1:%d", user, filepath.Join(o.Data, "warehouse", file), o.HTTPPort)
	}
	analyst, nobody := as("analyst", "analyst.password"), as("default", "")
	for _, tc := range []struct {
		name, addr, sql string
		ok              bool
	}{
		{"the analyst reads ads", analyst, "SELECT count() FROM ads.t", true},
		{"the analyst reads dwd", analyst, "SELECT count() FROM dwd.t", true},
		{"the analyst reads ops", analyst, "SELECT count() FROM ops.t", true},
		{"the analyst does not read ods", analyst, "SELECT count() FROM ods.t", false},
		{"the analyst does not read dwp", analyst, "SELECT count() FROM dwp.t", false},
		{"the analyst does not read figures before small ones are hidden", analyst, "SELECT count() FROM ads.indicator_point", false},
		{"nor a copy of them", analyst, "SELECT count() FROM ads.indicator_point__next", false},
		{"the analyst does not read std", analyst, "SELECT count() FROM std.t", false},
		{"the analyst does not read the query log", analyst, "SELECT count() FROM system.query_log", false},
		{"the analyst does not write", analyst, "INSERT INTO ads.t VALUES (1)", false},
		{"the analyst does not drop", analyst, "DROP TABLE ads.t", false},
		{"the analyst does not read files", analyst, "SELECT * FROM file('/etc/passwd', 'LineAsString')", false},
		{"the analyst does not fetch", analyst, "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')", false},
		{"the analyst does not take more memory", analyst, "SELECT 1 SETTINGS max_memory_usage = 5000000000", false},
		{"the analyst does not become a writer", analyst, "SELECT 1 SETTINGS readonly = 0", false},
		{"nobody reads ads", nobody, "SELECT count() FROM ads.t", false},
		{"nobody creates", nobody, "CREATE DATABASE x", false},
		{"nobody kills", nobody, "KILL QUERY WHERE 1", false},
		{"nobody reads files", nobody, "SELECT * FROM file('/etc/passwd', 'LineAsString')", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := ask(tc.addr, tc.sql); (err == nil) != tc.ok {
				t.Errorf("%s: %v", tc.sql, err)
			}
		})
	}
	if got := mustAsk(t, e.Warehouse, "SELECT timezone()"); got != "Asia/Shanghai" {
		t.Errorf("time zone %q", got)
	}
	for _, f := range []string{"admin.password", "analyst.password", "users.xml", "instance.token"} {
		st, err := os.Stat(filepath.Join(o.Data, "warehouse", f))
		if err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", f, st.Mode(), err)
		}
	}
}

func TestWarehouseStaysWithinItsMemory(t *testing.T) {
	e, _ := startEngines(t, func(o *embedded.Options) { o.OnlyWarehouse = true; o.MemoryBytes = 400_000_000 })
	_, err := ask(e.Warehouse, "SELECT number, count() FROM numbers(100000000) GROUP BY number SETTINGS max_bytes_before_external_group_by = 0, max_bytes_ratio_before_external_group_by = 0 FORMAT Null")
	if err == nil || !strings.Contains(err.Error(), "Code: 241") {
		t.Errorf("a query larger than the limit ended with %v", err)
	}
	if n := e.Supervisor.Restarts("warehouse"); n != 0 {
		t.Errorf("the engine died of it %d times", n)
	}
}
