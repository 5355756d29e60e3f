package files

import (
	"crypto/ed25519"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/text/encoding/simplifiedchinese"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// server is a real SSH file server on loopback.
type server struct {
	address, pin, line string
	dir                string // what the clients see as their login folder
	listener           net.Listener
	mu                 sync.Mutex
	conns              []net.Conn
	wg                 sync.WaitGroup
}

const password = "canary-Passw0rd"

// serve starts a server for a folder; it ends with tb.
func serve(tb testing.TB, dir string, accept func(user, pass string, key ssh.PublicKey) bool) *server {
	tb.Helper()
	// The same key every time: two worlds of one seed must look alike.
	signer, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed([]byte("0123456789abcdef0123456789abcdef")))
	if err != nil {
		tb.Fatal(err)
	}
	config := &ssh.ServerConfig{
		PasswordCallback: func(c ssh.ConnMetadata, pass []byte) (*ssh.Permissions, error) {
			if accept(c.User(), string(pass), nil) {
				return nil, nil
			}
			return nil, fmt.Errorf("no")
		},
		PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if accept(c.User(), "", key) {
				return nil, nil
			}
			return nil, fmt.Errorf("no")
		},
	}
	config.AddHostKey(signer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &server{
		address: l.Addr().String(), pin: ssh.FingerprintSHA256(signer.PublicKey()),
		line: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))), dir: dir, listener: l,
	}
	s.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			s.wg.Go(func() { s.handle(c, config) })
		}
	})
	tb.Cleanup(func() {
		l.Close()
		s.hangUp()
		s.wg.Wait()
	})
	return s
}

// hangUp closes all connections, as a server does that restarts.
func (s *server) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

func (s *server) handle(c net.Conn, config *ssh.ServerConfig) {
	defer c.Close()
	conn, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		return
	}
	defer conn.Close()
	go ssh.DiscardRequests(requests)
	for ch := range channels {
		channel, reqs, err := ch.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range reqs {
				_ = r.Reply(r.Type == "subsystem", nil)
			}
		}()
		fs, err := sftp.NewServer(channel, sftp.WithServerWorkingDirectory(s.dir), sftp.ReadOnly())
		if err != nil {
			return
		}
		_ = fs.Serve()
		fs.Close()
	}
}

func gb(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(s))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// put writes a file that has rested since 2026-01-01 plus a minute per day.
func put(tb testing.TB, path string, data []byte, days int) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		tb.Fatal(err)
	}
	at := time.Date(2026, 1, 1+days, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, at, at); err != nil {
		tb.Fatal(err)
	}
}

// ledger is the CSV of one county on one day.
func ledger(tb testing.TB, county string, rows int) []byte {
	var b strings.Builder
	b.WriteString("区划代码,月份,常住户数,身份证号,备注\n")
	for i := range rows {
		fmt.Fprintf(&b, "%s%06d,2025-12,%d,37010219800101%04d,龴\n", county, i, 100+i, i)
	}
	return gb(tb, b.String())
}

const ledgerStream = `
streams:
  household:
    from: { path: '(?P<县代码>\d{6})/household_(?P<日期>\d{8})\.csv', format: csv, encoding: gb18030, header: [区划代码, 月份, 常住户数, 身份证号], at: { path: 日期 } }
    key: [区划代码, 月份]
    fields: { 县代码: text, 区划代码: text, 月份: text, 常住户数: text }
    drop: [身份证号]
`

// world is the conformance world of both kinds: the same folder, read directly
// or through the server.
type world struct{ remote bool }

type site struct {
	dir, connect string
	tb           testing.TB
	count, days  int
}

func (w world) Kind() connectors.Kind {
	if w.remote {
		return kindOf("sftp")
	}
	return kindOf("folder")
}

func (w world) Start(tb testing.TB) conntest.Site {
	s := &site{dir: tb.TempDir(), tb: tb}
	root := filepath.Join(s.dir, "out")
	put(tb, filepath.Join(root, "370102/household_20251222.csv"), ledger(tb, "370102", 20_500), 0)
	put(tb, filepath.Join(root, "370103/household_20251222.csv"), ledger(tb, "370103", 100), 0)
	put(tb, filepath.Join(root, "370104/household_20251222.csv"), []byte(`{"code":"0003"}`), 0)
	put(tb, filepath.Join(root, "370105/household_20251221.csv"), ledger(tb, "370105", 300), 0)
	put(tb, filepath.Join(root, "370105/household_20251223.csv.part"), ledger(tb, "370105", 3), 0)
	put(tb, filepath.Join(root, "370105/readme.txt"), []byte("no table"), 0)
	s.count = 20_500 + 100 + 1 + 300
	if w.remote {
		srv := serve(tb, s.dir, func(user, pass string, _ ssh.PublicKey) bool { return user == "etl" && pass == password })
		tb.(interface{ Setenv(k, v string) }).Setenv("TEST_SFTP_PASSWORD", password)
		s.connect = fmt.Sprintf("connect: { kind: sftp, host: %q, user: etl, password: '${env:TEST_SFTP_PASSWORD}', host_key: %q, root: out }", srv.address, srv.pin)
	} else {
		s.connect = fmt.Sprintf("connect: { kind: folder, root: %q }", root)
	}
	return s
}

func (s *site) System() *schemas.System { return conntest.Declare(s.tb, s.connect+ledgerStream) }
func (s *site) Stream() string          { return "household" }
func (s *site) Count() int              { return s.count }
func (s *site) Add(tb testing.TB) {
	s.days++
	put(tb, filepath.Join(s.dir, fmt.Sprintf("out/370102/household_202512%02d.csv", 23+s.days)), ledger(tb, "370102", 10+s.days), s.days)
	put(tb, filepath.Join(s.dir, fmt.Sprintf("out/370103/household_202512%02d.csv", 23+s.days)), ledger(tb, "370103", 10+s.days), s.days)
	s.count += 2 * (10 + s.days)
}

func (w world) Exempt() map[string]string {
	return conntest.Pending("process", "updates", "deletes", "credentials", "cut", "throttle", "truncate", "expire", "stall", "million", "types")
}

func (w world) Refused() []conntest.Refused {
	connect := "connect: { kind: folder, root: /x }\n"
	refused := []conntest.Refused{
		{Name: "an unknown setting", Text: "connect: { kind: folder, rot: /x }\n" + ledgerStream, Rule: "key.unknown"},
		{Name: "no root", Text: "connect: { kind: folder }\n" + ledgerStream, Rule: "key.missing"},
	}
	if w.remote {
		connect = "connect: { kind: sftp, host: h, user: u, password: '${env:P}', host_key: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU' }\n"
		refused = []conntest.Refused{
			{Name: "a secret in the file", Text: "connect: { kind: sftp, host: h, user: u, password: secret, host_key: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU' }\n" + ledgerStream, Rule: "secret.inline"},
			{Name: "no credential", Text: "connect: { kind: sftp, host: h, user: u, host_key: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU' }\n" + ledgerStream, Rule: "key.missing"},
			{Name: "no host key", Text: "connect: { kind: sftp, host: h, user: u, password: '${env:P}' }\n" + ledgerStream, Rule: "key.missing"},
			{Name: "a host key of no kind", Text: "connect: { kind: sftp, host: h, user: u, password: '${env:P}', host_key: yes }\n" + ledgerStream, Rule: "host_key.invalid"},
			{Name: "a port out of range", Text: "connect: { kind: sftp, host: h, port: 70000, user: u, password: '${env:P}', host_key: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU' }\n" + ledgerStream, Rule: "port.range"},
		}
	}
	from := func(name, rule, from string) {
		refused = append(refused, conntest.Refused{Name: name, Rule: rule, Text: connect + "streams:\n  s:\n    from: " + from + "\n    key: [a]\n    fields: { a: text }\n"})
	}
	from("a path that is no regexp", "path.regexp", `{ path: '(', format: csv, header: [a] }`)
	from("an unknown format", "format.unknown", `{ path: a, format: doc, header: [a] }`)
	from("a sheet in a CSV", "format.key", `{ path: a, format: csv, sheet: x, header: [a] }`)
	from("no sheet", "key.missing", `{ path: a, format: xlsx, header: [a] }`)
	from("an unknown encoding", "encoding.unknown", `{ path: a, format: csv, encoding: latin1, header: [a] }`)
	from("a delimiter of two characters", "delimiter.invalid", `{ path: a, format: csv, delimiter: "||", header: [a] }`)
	from("a column twice", "header.duplicate", `{ path: a, format: csv, header: [a, "ａ "] }`)
	from("an alias twice", "header.duplicate", `{ path: a, format: csv, header: { a: [c], b: [c] } }`)
	from("a field from nowhere", "field.unknown", `{ path: a, format: csv, header: [b] }`)
	from("a field from two places", "field.ambiguous", `{ path: '(?P<a>x)', format: csv, header: [a] }`)
	from("two event times", "at.choice", `{ path: a, format: csv, header: [a], at: { const: "2020-01-01", mtime: true } }`)
	from("an event time that is none", "at.const", `{ path: a, format: csv, header: [a], at: { const: soon } }`)
	from("an event time from no group", "at.path", `{ path: a, format: csv, header: [a], at: { path: day } }`)
	from("an event time from no column", "at.column", `{ path: a, format: csv, header: [a], at: { column: day } }`)
	from("totals in JSON", "format.key", `{ path: a, format: json, header: [a], total: { label: a, words: [合计], sum: [a] } }`)
	from("both a sheet and a pattern of sheets", "key.missing", `{ path: a, format: xls, sheet: a, sheets: a, header: [a] }`)
	from("XML without a path to the records", "key.missing", `{ path: a, format: xml, header: [a] }`)
	from("a column that is lacking and not declared", "may_lack.unknown", `{ path: a, format: csv, header: [a], may_lack: [b] }`)
	from("a trailer that is no regexp", "trailer.regexp", `{ path: a, format: csv, header: [a], trailer: "(" }`)
	from("a group in two patterns", "group.duplicate", `{ path: '(?P<g>a)', member: '(?P<g>b)', format: csv, header: [a] }`)
	from("a limit without an archive", "format.key", `{ path: a, format: csv, header: [a], unpack_mib: 5 }`)
	from("a delimiter in a TSV", "format.key", `{ path: a, format: tsv, header: [a], delimiter: ";" }`)
	from("quotes of another kind", "quote.unknown", `{ path: a, format: csv, header: [a], quote: single }`)
	from("totals of an unknown column", "total.column", `{ path: a, format: xlsx, sheet: s, header: [a], total: { label: a, words: [合计], sum: [b] } }`)
	return refused
}

func (w world) Unfit(tb testing.TB) []conntest.Unfit {
	dir := tb.TempDir()
	if !w.remote {
		text := fmt.Sprintf("connect: { kind: folder, root: %q }", filepath.Join(dir, "absent"))
		return []conntest.Unfit{{Name: "an absent root", System: conntest.Declare(tb, text+ledgerStream), Class: fault.Config}}
	}
	srv := serve(tb, dir, func(user, pass string, _ ssh.PublicKey) bool { return user == "etl" && pass == password })
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	dead.Close()
	env := tb.(interface{ Setenv(k, v string) })
	env.Setenv("TEST_SFTP_PASSWORD", password)
	env.Setenv("TEST_SFTP_WRONG", "canary-wrong")
	declare := func(host, secret, key, root string) *schemas.System {
		return conntest.Declare(tb, fmt.Sprintf("connect: { kind: sftp, host: %q, user: etl, password: '${env:%s}', host_key: %q, root: %s }", host, secret, key, root)+ledgerStream)
	}
	return []conntest.Unfit{
		{Name: "a wrong password", System: declare(srv.address, "TEST_SFTP_WRONG", srv.pin, "."), Class: fault.Config},
		{Name: "no password", System: declare(srv.address, "TEST_SFTP_UNSET", srv.pin, "."), Class: fault.Config},
		{Name: "another server", System: declare(srv.address, "TEST_SFTP_PASSWORD", "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", "."), Class: fault.Config},
		{Name: "an absent root", System: declare(srv.address, "TEST_SFTP_PASSWORD", srv.line, "absent"), Class: fault.Config},
		{Name: "nobody listens", System: declare(dead.Addr().String(), "TEST_SFTP_PASSWORD", srv.pin, "."), Class: fault.Transient},
	}
}

func TestConformanceFolder(t *testing.T) { conntest.Run(t, world{}) }
func TestConformanceSFTP(t *testing.T)   { conntest.Run(t, world{remote: true}) }
