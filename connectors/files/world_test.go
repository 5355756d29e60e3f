package files

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/text/encoding/simplifiedchinese"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/deploy/testservers"
	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// server is an SSH file server on loopback, of another make than OpenSSH.
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

// home is where one site's files lie, and how a connector reaches them.
type home struct {
	connect string // the declaration's `connect`
	put     func(tb testing.TB, path string, data []byte, days int)
	inject  func(tb testing.TB, t conntest.Trouble) conntest.Injected
}

// transport is a server of files that a world can start, or the folder.
type transport struct {
	kind    string
	start   func(tb testing.TB) *home
	refused []conntest.Refused
	unfit   func(tb testing.TB) []conntest.Unfit
	exempt  map[string]string
}

// format is how a world's files are written.
type format struct {
	name  string
	ext   string // of the files
	from  string // the rest of the stream's `from`
	write func(tb testing.TB, county string, rows, more int) []byte
}

// world is the conformance world of one transport and one format.
type world struct {
	transport
	format
}

var ledgerColumns = []string{"区划代码", "月份", "常住户数", "身份证号", "备注"}

func ledgerRow(county string, i, more int) []string {
	return []string{fmt.Sprintf("%s%06d", county, i), "2025-12", fmt.Sprint(100 + i + more), fmt.Sprintf("37010219800101%04d", i%10000), "备注"}
}

// made are the ledgers that were written before: some formats take long.
var made sync.Map

// ledgerIn writes the ledger of one county.
func ledgerIn(tb testing.TB, maker, county string, rows, more int) []byte {
	key := fmt.Sprint(maker, county, rows, more)
	if b, ok := made.Load(key); ok {
		return b.([]byte)
	}
	var b bytes.Buffer
	m := newMaker(tb, maker, &b, ledgerColumns, rows)
	for i := range rows {
		m.row(ledgerRow(county, i, more))
	}
	m.end()
	made.Store(key, b.Bytes())
	return b.Bytes()
}

func plainFormat(maker, from string) format {
	return format{maker, maker, "format: " + maker + from, func(tb testing.TB, county string, rows, more int) []byte {
		return ledgerIn(tb, maker, county, rows, more)
	}}
}

// csvFormat is that of the counties: GB 18030, with characters that
// golang.org/x/text loses.
var csvFormat = format{"csv", "csv", "format: csv, encoding: gb18030", func(tb testing.TB, county string, rows, more int) []byte {
	return gb(tb, strings.ReplaceAll(string(ledgerIn(tb, "csv", county, rows, more)), "备注\n", "龴\n"))
}}

func formatsOfWorld() []format {
	tsv := plainFormat("tsv", ", encoding: utf-16")
	inner := tsv.write
	tsv.write = func(tb testing.TB, county string, rows, more int) []byte {
		return []byte(utf16le(string(inner(tb, county, rows, more)), false))
	}
	gz := csvFormat
	gz.name, gz.ext = "csv.gz", "csv.gz"
	gz.write = func(tb testing.TB, county string, rows, more int) []byte {
		return []byte(gzipped(string(csvFormat.write(tb, county, rows, more))))
	}
	archive := csvFormat
	archive.name, archive.ext, archive.from = "zip", "zip", csvFormat.from+`, member: '账/.*\.csv'`
	archive.write = func(tb testing.TB, county string, rows, more int) []byte {
		half := rows / 2
		return []byte(packed(tb, string(gb(tb, "账/一.csv")), string(csvFormat.write(tb, county, half, more)),
			string(gb(tb, "账/二.csv")), string(csvFormat.write(tb, county+"9", rows-half, more)), "readme.txt", "no table"))
	}
	return []format{tsv, plainFormat("json", ""), plainFormat("jsonl", ""), plainFormat("xml", ", records: D.r"),
		plainFormat("xlsx", ", sheet: s"), plainFormat("xls", ", sheet: s"), plainFormat("dbf", ""), plainFormat("parquet", ""), gz, archive}
}

func (w world) stream() string {
	return `
streams:
  household:
    from: { path: '(?P<县代码>\d{6})/household_(?P<日期>\d{8})\.` + w.ext + `', ` + w.from + `, header: { 区划代码: [代码], 月份: [], 常住户数: [], 身份证号: [] }, at: { path: 日期 } }
    key: [区划代码, 月份]
    fields: { 县代码: text, 区划代码: text, 月份: text, 常住户数: text }
    drop: [身份证号]
`
}

type site struct {
	*home
	w           world
	tb          testing.TB
	count, days int
}

func (w world) Kind() connectors.Kind { return kindOf(w.kind) }

func (w world) begin(tb testing.TB) *site {
	return &site{home: w.transport.start(tb), w: w, tb: tb}
}

func (s *site) file(tb testing.TB, county string, day, rows, days int) {
	s.put(tb, fmt.Sprintf("%s/household_202512%02d.%s", county, day, s.w.ext), s.w.write(tb, county, rows, 0), days)
	s.count += rows
}

func (w world) Start(tb testing.TB) conntest.Site {
	s := w.begin(tb)
	s.file(tb, "370102", 22, 20_500, 0)
	s.file(tb, "370103", 22, 100, 0)
	s.put(tb, "370104/household_20251222."+w.ext, []byte(`{"code":"0003"}`), 0)
	s.file(tb, "370105", 21, 300, 0)
	s.put(tb, "370105/household_20251223."+w.ext+".part", w.write(tb, "370105", 3, 0), 0)
	s.put(tb, "370105/readme.txt", []byte("no table"), 0)
	s.count++
	return s
}

func (w world) StartLarge(tb testing.TB, n int) conntest.Site {
	s := w.begin(tb)
	for i := 0; s.count < n; i++ {
		county := fmt.Sprintf("37%04d", i%20) // the makers' files are kept: not too many
		s.put(tb, fmt.Sprintf("37%04d/household_20251222.%s", i, w.ext), w.write(tb, county, 40_000, 0), 0)
		s.count += 40_000
	}
	return s
}

func (s *site) Text() string            { return s.connect + s.w.stream() }
func (s *site) System() *schemas.System { return conntest.Declare(s.tb, s.Text()) }
func (s *site) Stream() string          { return "household" }
func (s *site) Count() int              { return s.count }
func (s *site) Add(tb testing.TB) {
	s.days++
	s.file(tb, "370102", 23+s.days, 10+s.days, s.days)
	s.file(tb, "370103", 23+s.days, 10+s.days, s.days)
}

// Update writes a county's ledger of a day anew, with other numbers.
func (s *site) Update(tb testing.TB) []conntest.Event {
	s.put(tb, "370103/household_20251222."+s.w.ext, s.w.write(tb, "370103", 100, 7), 1)
	var out []conntest.Event
	for _, i := range []int{0, 49} {
		row := ledgerRow("370103", i, 7)
		out = append(out, conntest.Event{Key: row[0] + "\x1f" + row[1], With: map[string]string{"常住户数": `"` + row[2] + `"`}})
	}
	return out
}

func (s *site) Inject(tb testing.TB, t conntest.Trouble) conntest.Injected {
	if s.inject == nil {
		return conntest.Injected{}
	}
	return s.inject(tb, t)
}

const noWithdrawal = "a ledger that is gone or lacks a row withdraws nothing: files are sent as increments, and a missing row is missing data"

func (w world) Exempt() map[string]string {
	out := map[string]string{"deletes": noWithdrawal}
	if typedFormats[w.name] == nil {
		out["types"] = "the format has no types: every value is a text"
	}
	for k, v := range w.exempt {
		out[k] = v
	}
	return out
}

func (w world) Refused() []conntest.Refused { return append(w.refused, w.refusedStreams()...) }

func (w world) refusedStreams() []conntest.Refused {
	var refused []conntest.Refused
	connect := w.refused[0].Text
	connect = connect[:strings.IndexByte(connect, '\n')+1]
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
	out := w.unfit(tb)
	for i := range out {
		if out[i].System == nil {
			tb.Fatalf("%s: no system", out[i].Name)
		}
	}
	return out
}

// setenv puts a secret where a declaration can refer to it.
func setenv(tb testing.TB, name, value string) {
	tb.(interface{ Setenv(k, v string) }).Setenv(name, value)
}

// declared is a system with the world's stream.
func withStream(tb testing.TB, connect string) *schemas.System {
	return conntest.Declare(tb, connect+world{format: csvFormat}.stream())
}

// deadAddress is where nobody listens.
func deadAddress(tb testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	l.Close()
	return l.Addr().String()
}

func putBelow(root string) func(testing.TB, string, []byte, int) {
	return func(tb testing.TB, p string, data []byte, days int) {
		put(tb, filepath.Join(root, filepath.FromSlash(p)), data, days)
	}
}

// proxied injects by a proxy, and by what refuses the credentials.
func proxied(p *conntest.Proxy, accept func(bool)) func(testing.TB, conntest.Trouble) conntest.Injected {
	return proxiedAt(p, 3000, accept)
}

// proxiedAt spoils the line after n bytes of answers.
func proxiedAt(p *conntest.Proxy, n int64, accept func(bool)) func(testing.TB, conntest.Trouble) conntest.Injected {
	return func(_ testing.TB, t conntest.Trouble) conntest.Injected {
		switch t {
		case conntest.Cut:
			return p.Cut(n)
		case conntest.Truncate:
			return p.Truncate(n)
		case conntest.Stall:
			return p.Stall(n / 3)
		case conntest.Expire:
			accept(false)
			p.Drop()
			return conntest.Injected{Heal: func() { accept(true) }}
		}
		return conntest.Injected{}
	}
}

const noLine = "a folder has no line and no server that could break"

var folderTransport = transport{
	kind: "folder",
	start: func(tb testing.TB) *home {
		root := filepath.Join(tb.TempDir(), "out")
		return &home{connect: fmt.Sprintf("connect: { kind: folder, root: %q }", root), put: putBelow(root)}
	},
	refused: []conntest.Refused{
		{Name: "no root", Text: "connect: { kind: folder }\n" + world{format: csvFormat}.stream(), Rule: "key.missing"},
		{Name: "an unknown setting", Text: "connect: { kind: folder, rot: /x }\n" + world{format: csvFormat}.stream(), Rule: "key.unknown"},
	},
	unfit: func(tb testing.TB) []conntest.Unfit {
		return []conntest.Unfit{{Name: "an absent root", Class: fault.Config,
			System: withStream(tb, fmt.Sprintf("connect: { kind: folder, root: %q }", filepath.Join(tb.TempDir(), "absent")))}}
	},
	exempt: map[string]string{"credentials": "a folder asks for none", "expire": "a folder asks for no credentials", "cut": noLine, "truncate": noLine, "throttle": noLine, "stall": noLine},
}

const noThrottle = "the protocol cannot ask for patience: a server that has enough refuses the connection, which is `cut`"

var sftpRefused = func() (out []conntest.Refused) {
	for _, r := range [][3]string{
		{"a secret in the file", "secret.inline", "host: h, user: u, password: secret, host_key: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU'"},
		{"no credential", "key.missing", "host: h, user: u, host_key: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU'"},
		{"no host key", "key.missing", "host: h, user: u, password: '${env:P}'"},
		{"a host key of no kind", "host_key.invalid", "host: h, user: u, password: '${env:P}', host_key: yes"},
		{"a port out of range", "port.range", "host: h, port: 70000, user: u, password: '${env:P}', host_key: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU'"},
	} {
		out = append(out, conntest.Refused{Name: r[0], Rule: r[1], Text: "connect: { kind: sftp, " + r[2] + " }\n" + world{format: csvFormat}.stream()})
	}
	return out
}()

// sftpTransport is the server of pkg/sftp, with passwords.
var sftpTransport = transport{
	kind: "sftp", refused: sftpRefused, exempt: map[string]string{"throttle": noThrottle},
	start: func(tb testing.TB) *home {
		dir := tb.TempDir()
		var refuse sync.Mutex
		open := true
		srv := serve(tb, dir, func(user, pass string, _ ssh.PublicKey) bool {
			refuse.Lock()
			defer refuse.Unlock()
			return open && user == "etl" && pass == password
		})
		setenv(tb, "TEST_SFTP_PASSWORD", password)
		p := conntest.NewProxy(tb, srv.address)
		return &home{
			connect: fmt.Sprintf("connect: { kind: sftp, host: %q, user: etl, password: '${env:TEST_SFTP_PASSWORD}', host_key: %q, root: out }", p.Addr(), srv.pin),
			put:     putBelow(filepath.Join(dir, "out")),
			inject: proxied(p, func(yes bool) {
				refuse.Lock()
				defer refuse.Unlock()
				open = yes
			}),
		}
	},
	unfit: func(tb testing.TB) []conntest.Unfit {
		srv := serve(tb, tb.TempDir(), func(user, pass string, _ ssh.PublicKey) bool { return user == "etl" && pass == password })
		setenv(tb, "TEST_SFTP_PASSWORD", password)
		setenv(tb, "TEST_SFTP_WRONG", "canary-wrong")
		declare := func(host, secret, key, root string) *schemas.System {
			return withStream(tb, fmt.Sprintf("connect: { kind: sftp, host: %q, user: etl, password: '${env:%s}', host_key: %q, root: %s }", host, secret, key, root))
		}
		return []conntest.Unfit{
			{Name: "a wrong password", System: declare(srv.address, "TEST_SFTP_WRONG", srv.pin, "."), Class: fault.Config, Credential: true},
			{Name: "no password", System: declare(srv.address, "TEST_SFTP_UNSET", srv.pin, "."), Class: fault.Config, Credential: true},
			{Name: "another server", System: declare(srv.address, "TEST_SFTP_PASSWORD", "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", "."), Class: fault.Config},
			{Name: "an absent root", System: declare(srv.address, "TEST_SFTP_PASSWORD", srv.line, "absent"), Class: fault.Config},
			{Name: "nobody listens", System: declare(deadAddress(tb), "TEST_SFTP_PASSWORD", srv.pin, "."), Class: fault.Transient},
		}
	},
}

// ownFolder makes a folder of a site below that which a server shows.
func ownFolder(tb testing.TB, files string) string {
	dir, err := os.MkdirTemp(files, "site-*")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// opensshTransport is the OpenSSH server, with keys.
var opensshTransport = transport{
	kind: "sftp", refused: sftpRefused, exempt: map[string]string{"throttle": noThrottle},
	start: func(tb testing.TB) *home {
		srv := testservers.SSH(tb)
		setenv(tb, "TEST_SSH_KEY", srv.Key)
		p := conntest.NewProxy(tb, srv.Addr())
		allowed, err := os.ReadFile(srv.Allowed)
		if err != nil {
			tb.Fatal(err)
		}
		dir := ownFolder(tb, srv.Files)
		return &home{
			connect: fmt.Sprintf("connect: { kind: sftp, host: %q, user: %s, key: '${env:TEST_SSH_KEY}', host_key: %q, root: %q }", p.Addr(), srv.User, srv.HostKey, dir),
			put:     putBelow(dir),
			inject: proxied(p, func(yes bool) {
				keys := allowed
				if !yes {
					keys = nil
				}
				if err := os.WriteFile(srv.Allowed, keys, 0o600); err != nil {
					tb.Fatal(err)
				}
			}),
		}
	},
	unfit: func(tb testing.TB) []conntest.Unfit {
		srv, other := testservers.SSH(tb), serve(tb, tb.TempDir(), anyone)
		setenv(tb, "TEST_SSH_KEY", srv.Key)
		setenv(tb, "TEST_SSH_OTHER", strangersKey(tb))
		declare := func(user, secret, key, root string) *schemas.System {
			return withStream(tb, fmt.Sprintf("connect: { kind: sftp, host: %q, user: %s, key: '${env:%s}', host_key: %q, root: %s }", srv.Addr(), user, secret, key, root))
		}
		return []conntest.Unfit{
			{Name: "a stranger's key", System: declare(srv.User, "TEST_SSH_OTHER", srv.HostKey, "."), Class: fault.Config, Credential: true},
			{Name: "another user", System: declare("no-such-user", "TEST_SSH_KEY", srv.HostKey, "."), Class: fault.Config, Credential: true},
			{Name: "another server", System: declare(srv.User, "TEST_SSH_KEY", other.line, "."), Class: fault.Config},
			{Name: "an absent root", System: declare(srv.User, "TEST_SSH_KEY", srv.HostKey, "absent"), Class: fault.Config},
		}
	},
}

// ftpTransport is the ProFTPD server: over AUTH TLS with machine-readable
// listings, in the clear with those for people, or over TLS from the start.
func ftpTransport(how string) transport {
	settings := func(srv *testservers.FTPServer) (port int, more string) {
		switch how {
		case "plain":
			return srv.Plain, ""
		case "implicit":
			return srv.Implicit, ", tls: implicit, ca: '${env:TEST_FTP_CA}'"
		}
		return srv.Port, ", tls: explicit, ca: '${env:TEST_FTP_CA}'"
	}
	connect := func(addr, user, secret, root, more string) string {
		return fmt.Sprintf("connect: { kind: ftp, host: %q, user: %s, password: '${env:%s}', root: %q%s }", addr, user, secret, root, more)
	}
	t := transport{
		kind: "ftp", exempt: map[string]string{"throttle": noThrottle},
		start: func(tb testing.TB) *home {
			srv := testservers.FTP(tb)
			port, more := settings(srv)
			setenv(tb, "TEST_FTP_PASSWORD", srv.Password)
			setenv(tb, "TEST_FTP_CA", srv.CA)
			dir := ownFolder(tb, srv.Files)
			target := fmt.Sprintf("%s:%d", srv.Host, port)
			if how == "plain" {
				p := newFTPProxy(tb, target)
				return &home{connect: connect(p.address, srv.User, "TEST_FTP_PASSWORD", dir, more), put: putBelow(dir), inject: p.inject(srv)}
			}
			// Under TLS no one can read the ports of the data connections: the trouble
			// is with the control connection.
			p := conntest.NewProxy(tb, target)
			return &home{connect: connect(p.Addr(), srv.User, "TEST_FTP_PASSWORD", dir, more), put: putBelow(dir), inject: proxiedAt(p, 150, func(yes bool) {
				if err := srv.Accept(yes); err != nil {
					tb.Fatal(err)
				}
			})}
		},
		unfit: func(tb testing.TB) []conntest.Unfit {
			srv := testservers.FTP(tb)
			port, more := settings(srv)
			setenv(tb, "TEST_FTP_PASSWORD", srv.Password)
			setenv(tb, "TEST_FTP_WRONG", "canary-wrong")
			setenv(tb, "TEST_FTP_CA", srv.CA)
			declare := func(addr, user, secret, root, more string) *schemas.System {
				return withStream(tb, connect(addr, user, secret, root, more))
			}
			addr := fmt.Sprintf("%s:%d", srv.Host, port)
			out := []conntest.Unfit{
				{Name: "a wrong password", System: declare(addr, srv.User, "TEST_FTP_WRONG", srv.Files, more), Class: fault.Config, Credential: true},
				{Name: "another user", System: declare(addr, "no-such-user", "TEST_FTP_PASSWORD", srv.Files, more), Class: fault.Config, Credential: true},
				{Name: "an absent root", System: declare(addr, srv.User, "TEST_FTP_PASSWORD", "/absent", more), Class: fault.Config},
				{Name: "nobody listens", System: declare(deadAddress(tb), srv.User, "TEST_FTP_PASSWORD", srv.Files, more), Class: fault.Transient},
			}
			if more != "" {
				out = append(out,
					conntest.Unfit{Name: "a certificate that nobody vouches for", System: declare(addr, srv.User, "TEST_FTP_PASSWORD", srv.Files, strings.Split(more, ", ca:")[0]), Class: fault.Config},
					conntest.Unfit{Name: "a certificate of another name", System: declare(addr, srv.User, "TEST_FTP_PASSWORD", srv.Files, more+", server_name: other.example"), Class: fault.Config})
			}
			return out
		},
	}
	for _, r := range [][3]string{
		{"a secret in the file", "secret.inline", "host: h, user: u, password: secret"},
		{"no password", "key.missing", "host: h, user: u"},
		{"TLS of no kind", "tls.unknown", "host: h, user: u, password: '${env:P}', tls: yes"},
		{"a certificate without TLS", "tls.alone", "host: h, user: u, password: '${env:P}', ca: x"},
		{"a port out of range", "port.range", "host: h, port: 70000, user: u, password: '${env:P}'"},
	} {
		t.refused = append(t.refused, conntest.Refused{Name: r[0], Rule: r[1], Text: "connect: { kind: ftp, " + r[2] + " }\n" + world{format: csvFormat}.stream()})
	}
	return t
}

// s3Transport is the server of rclone.
var s3Transport = transport{
	kind: "s3",
	start: func(tb testing.TB) *home {
		srv := testservers.S3(tb)
		setenv(tb, "TEST_S3_SECRET", srv.SecretKey)
		setenv(tb, "TEST_S3_ACCESS", srv.AccessKey)
		p := conntest.NewProxy(tb, srv.Addr())
		spoil := proxied(p, srv.Accept)
		return &home{
			connect: fmt.Sprintf("connect: { kind: s3, endpoint: 'http://%s', bucket: %s, access_key: '${env:TEST_S3_ACCESS}', secret_key: '${env:TEST_S3_SECRET}', root: out }", p.Addr(), srv.Bucket),
			put: func(tb testing.TB, p string, data []byte, _ int) {
				srv.Put(tb, path.Join("out", p), data)
			},
			inject: func(tb testing.TB, t conntest.Trouble) conntest.Injected {
				if t == conntest.Throttle {
					return conntest.Injected{Hit: srv.Busy(), Heal: srv.Free}
				}
				return spoil(tb, t)
			},
		}
	},
	unfit: func(tb testing.TB) []conntest.Unfit {
		srv := testservers.S3(tb)
		setenv(tb, "TEST_S3_SECRET", srv.SecretKey)
		setenv(tb, "TEST_S3_ACCESS", srv.AccessKey)
		setenv(tb, "TEST_S3_WRONG", "canary-wrong")
		declare := func(addr, bucket, access, secret string) *schemas.System {
			return withStream(tb, fmt.Sprintf("connect: { kind: s3, endpoint: 'http://%s', bucket: %s, access_key: '${env:%s}', secret_key: '${env:%s}' }", addr, bucket, access, secret))
		}
		return []conntest.Unfit{
			{Name: "a wrong secret", System: declare(srv.Addr(), srv.Bucket, "TEST_S3_ACCESS", "TEST_S3_WRONG"), Class: fault.Config, Credential: true},
			{Name: "a wrong key", System: declare(srv.Addr(), srv.Bucket, "TEST_S3_WRONG", "TEST_S3_SECRET"), Class: fault.Config, Credential: true},
			{Name: "no secret", System: declare(srv.Addr(), srv.Bucket, "TEST_S3_ACCESS", "TEST_S3_UNSET"), Class: fault.Config, Credential: true},
			{Name: "an absent bucket", System: declare(srv.Addr(), "absent", "TEST_S3_ACCESS", "TEST_S3_SECRET"), Class: fault.Config},
			{Name: "nobody listens", System: declare(deadAddress(tb), srv.Bucket, "TEST_S3_ACCESS", "TEST_S3_SECRET"), Class: fault.Transient},
		}
	},
	refused: func() (out []conntest.Refused) {
		for _, r := range [][3]string{
			{"a secret in the file", "secret.inline", "endpoint: 'http://h', bucket: b, access_key: '${env:A}', secret_key: x"},
			{"half of the keys", "key.missing", "endpoint: 'http://h', bucket: b, access_key: '${env:A}'"},
			{"no bucket", "key.missing", "endpoint: 'http://h'"},
			{"an endpoint that is none", "endpoint.invalid", "endpoint: h, bucket: b"},
			{"a style that is none", "style.unknown", "endpoint: 'http://h', bucket: b, style: virtual"},
		} {
			out = append(out, conntest.Refused{Name: r[0], Rule: r[1], Text: "connect: { kind: s3, " + r[2] + " }\n" + world{format: csvFormat}.stream()})
		}
		return out
	}(),
}

func TestConformanceFolder(t *testing.T) { conntest.Run(t, world{folderTransport, csvFormat}) }
func TestConformanceSFTP(t *testing.T)   { conntest.Run(t, world{sftpTransport, csvFormat}) }
func TestConformanceSSH(t *testing.T)    { conntest.Run(t, world{opensshTransport, csvFormat}) }
func TestConformanceFTP(t *testing.T)    { conntest.Run(t, world{ftpTransport("plain"), csvFormat}) }
func TestConformanceFTPS(t *testing.T)   { conntest.Run(t, world{ftpTransport("explicit"), csvFormat}) }
func TestConformanceFTPSImplicit(t *testing.T) {
	conntest.Run(t, world{ftpTransport("implicit"), csvFormat})
}
func TestConformanceS3(t *testing.T) { conntest.Run(t, world{s3Transport, csvFormat}) }

// The formats, in the folder.
func TestConformanceTexts(t *testing.T)  { runFormats(t, "tsv", "json", "jsonl", "xml") }
func TestConformanceTables(t *testing.T) { runFormats(t, "xlsx", "xls", "dbf", "parquet") }
func TestConformancePacked(t *testing.T) { runFormats(t, "csv.gz", "zip") }

func runFormats(t *testing.T, names ...string) {
	for _, f := range formatsOfWorld() {
		if slices.Contains(names, f.name) {
			t.Run(f.name, func(t *testing.T) { conntest.Run(t, world{folderTransport, f}) })
		}
	}
}
