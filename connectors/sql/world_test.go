package sql

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/deploy/testservers"
	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// passwordEnv holds the password of the accounts that the connector uses.
const (
	passwordEnv = "RONGTONG_TEST_SQL_PASSWORD"
	password    = "canary-Passw0rd/'+%@:"
	wrongEnv    = "RONGTONG_TEST_SQL_WRONG"
	wrong       = "canary-Wr0ng"
)

func init() {
	_ = os.Setenv(passwordEnv, password)
	_ = os.Setenv(wrongEnv, wrong)
}

// engine is a real database server, with what its SQL does differently.
type engine struct {
	driver  string
	server  func(testing.TB) *testservers.Server
	connect func(s *testservers.Server, db string) *sql.DB // as the account that may do everything
	create  func(name string) []string                     // a database and an account of that name
	drop    func(name string) []string
	table   string
	fill    string // inserts the rows $1 to $2
	now     string // now, in full precision
	expire  func(name string) []string
	restore func(name string) []string
}

var postgresEngine = &engine{
	driver: "postgres", server: testservers.Postgres,
	connect: func(s *testservers.Server, db string) *sql.DB {
		return must(sql.Open("pgx", fmt.Sprintf("host=%s port=%d user=%s password='%s' dbname=%s", s.Host, s.Port, s.User, s.Password, db)))
	},
	create: func(n string) []string {
		return []string{"CREATE DATABASE " + n, "CREATE ROLE " + n + " LOGIN PASSWORD '" + strings.ReplaceAll(password, "'", "''") + "'",
			"GRANT pg_read_all_data TO " + n}
	},
	drop: func(n string) []string { return []string{"DROP DATABASE " + n + " WITH (FORCE)", "DROP ROLE " + n} },
	table: `CREATE TABLE event (id bigint PRIMARY KEY, no text NOT NULL, opened timestamp, amount numeric(20,4), note text, phone text,
		changed timestamptz(6) NOT NULL)`,
	fill: `INSERT INTO event SELECT i, 'E' || lpad(i::text, 8, '0'), timestamp '2025-12-01' + i * interval '1 second', i / 4.0, '一号网格 "' || i || '"', '13800000000',
		timestamptz '2025-12-01 00:00:00+08' + i * interval '1 second' FROM generate_series(%d, %d) i`,
	now: "clock_timestamp()",
	expire: func(n string) []string {
		return []string{"ALTER ROLE " + n + " PASSWORD 'another'", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + n + "'"}
	},
	restore: func(n string) []string {
		return []string{"ALTER ROLE " + n + " PASSWORD '" + strings.ReplaceAll(password, "'", "''") + "'"}
	},
}

var mariadbEngine = &engine{
	driver: "mysql", server: testservers.MariaDB,
	connect: func(s *testservers.Server, db string) *sql.DB {
		c := mysql.NewConfig()
		c.Net, c.Addr, c.User, c.Passwd, c.DBName = "tcp", s.Addr(), s.User, s.Password, db
		c.Params = map[string]string{"time_zone": "'+00:00'", "sql_mode": "''"}
		return sql.OpenDB(must(mysql.NewConnector(c)))
	},
	create: func(n string) []string {
		return []string{"CREATE DATABASE " + n, "CREATE USER " + n + "@'%' IDENTIFIED BY '" + strings.ReplaceAll(password, "'", "''") + "'",
			"GRANT SELECT ON " + n + ".* TO " + n}
	},
	drop: func(n string) []string { return []string{"DROP DATABASE " + n, "DROP USER " + n} },
	table: `CREATE TABLE event (id bigint PRIMARY KEY, no varchar(20) NOT NULL, opened datetime, amount decimal(20,4), note text, phone text,
		changed timestamp(6) NOT NULL DEFAULT '2025-01-01 00:00:00') CHARACTER SET gbk`,
	fill: `INSERT INTO event SELECT seq, CONCAT('E', LPAD(seq, 8, '0')), TIMESTAMP('2025-12-01') + INTERVAL seq SECOND, seq / 4, CONCAT('一号网格 "', seq, '"'), '13800000000',
		TIMESTAMP('2025-11-30 16:00:00') + INTERVAL seq SECOND FROM seq_%d_to_%d`,
	now: "UTC_TIMESTAMP(6)",
	expire: func(n string) []string {
		return []string{"ALTER USER " + n + "@'%' IDENTIFIED BY 'another'", "KILL USER " + n}
	},
	restore: func(n string) []string {
		return []string{"ALTER USER " + n + "@'%' IDENTIFIED BY '" + strings.ReplaceAll(password, "'", "''") + "'"}
	},
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var serial atomic.Int64

// fresh makes a database and an account of one name; both end with tb.
func (e *engine) fresh(tb testing.TB) (name string, db *sql.DB, server *testservers.Server) {
	tb.Helper()
	server = e.server(tb)
	name = fmt.Sprintf("t%d_%d", os.Getpid(), serial.Add(1))
	admin := e.connect(server, map[string]string{"postgres": "postgres", "mysql": "mysql"}[e.driver])
	for _, q := range e.create(name) {
		run(tb, admin, q)
	}
	db = e.connect(server, name)
	tb.Cleanup(func() {
		db.Close()
		for _, q := range e.drop(name) {
			_, _ = admin.Exec(q)
		}
		admin.Close()
	})
	return name, db, server
}

// serverWorld is the SQL connector against a real server, read the way from says.
type serverWorld struct {
	*engine
	from string // of the stream
}

func (serverWorld) Kind() connectors.Kind { return Kind() }

type serverSite struct {
	w     serverWorld
	name  string
	db    *sql.DB
	text  string
	sys   *schemas.System
	rows  int
	proxy *conntest.Proxy
}

const serverRows = connectors.ChunkRows + 500

func (w serverWorld) declare(name, addr, from string) string {
	host, port, _ := net.SplitHostPort(addr)
	return fmt.Sprintf(`
connect: { kind: sql, driver: %s, host: %s, port: %s, database: %s, user: %s, password: "${env:%s}" }
streams:
  event:
    from: { table: event, %s }
    key: [id]
    fields: { id: number, no: text, opened: text, amount: number, note: text, changed: text }
    drop: [phone]
`, w.driver, host, port, name, name, passwordEnv, from)
}

func (w serverWorld) start(tb testing.TB, from string, n int) *serverSite {
	name, db, server := w.fresh(tb)
	run(tb, db, w.table)
	run(tb, db, fmt.Sprintf(w.fill, 1, n))
	s := &serverSite{w: w, name: name, db: db, rows: n, proxy: conntest.NewProxy(tb, server.Addr())}
	s.text = w.declare(name, s.proxy.Addr(), from)
	s.sys = conntest.Declare(tb, s.text)
	return s
}

func (w serverWorld) Start(tb testing.TB) conntest.Site { return w.start(tb, w.from, serverRows) }

func (w serverWorld) StartLarge(tb testing.TB, n int) conntest.Site {
	return w.start(tb, strings.Replace(w.from, ", deletes: true", "", 1), n)
}

func (s *serverSite) System() *schemas.System { return s.sys }
func (s *serverSite) Stream() string          { return "event" }
func (s *serverSite) Count() int              { return s.rows }
func (s *serverSite) Text() string            { return s.text }

func (s *serverSite) Add(tb testing.TB) {
	run(tb, s.db, fmt.Sprintf(s.w.fill, s.rows+1, s.rows+7))
	s.rows += 7
}

func (s *serverSite) Update(tb testing.TB) []conntest.Event {
	run(tb, s.db, `UPDATE event SET note = '改了', amount = 12345678901234.5678, changed = `+s.w.now+` WHERE id IN (3, 4, 19999)`)
	with := map[string]string{"note": `"改了"`, "amount": "12345678901234.5678"}
	return []conntest.Event{{Key: "3", With: with}, {Key: "4", With: with}, {Key: "19999", With: with}}
}

func (s *serverSite) Delete(tb testing.TB) []conntest.Event {
	run(tb, s.db, `DELETE FROM event WHERE id IN (7, 20000)`)
	s.rows -= 2
	with := map[string]string{"note": "null"}
	return []conntest.Event{{Key: "7", With: with}, {Key: "20000", With: with}}
}

func (s *serverSite) Inject(tb testing.TB, t conntest.Trouble) conntest.Injected {
	const bytes = 20_000
	switch t {
	case conntest.Cut:
		return s.proxy.Cut(bytes)
	case conntest.Truncate:
		return s.proxy.Truncate(bytes)
	case conntest.Stall:
		return s.proxy.Stall(bytes)
	case conntest.Expire:
		admin := s.w.connect(s.w.server(tb), map[string]string{"postgres": "postgres", "mysql": "mysql"}[s.w.driver])
		tb.Cleanup(func() { admin.Close() })
		for _, q := range s.w.expire(s.name) {
			run(tb, admin, q)
		}
		s.proxy.Drop()
		return conntest.Injected{Heal: func() {
			for _, q := range s.w.restore(s.name) {
				run(tb, admin, q)
			}
		}}
	}
	return conntest.Injected{}
}

func (w serverWorld) Refused() []conntest.Refused {
	good := w.declare("d", "127.0.0.1:1", w.from)
	bad := func(old, new string) string {
		out := strings.Replace(good, old, new, 1)
		if out == good {
			panic("nothing is replaced by " + new)
		}
		return out
	}
	return []conntest.Refused{
		{Name: "a password in the file", Text: bad("${env:"+passwordEnv+"}", "hunter2"), Rule: "secret.inline"},
		{Name: "no user", Text: bad("user: d, ", ""), Rule: "key.missing"},
		{Name: "unknown key", Text: bad("host:", "hots: x, host:"), Rule: "key.unknown"},
		{Name: "a port too large", Text: bad("port: 1", "port: 70000"), Rule: "port.range"},
		{Name: "unknown TLS", Text: bad("user: d", "tls: maybe, user: d"), Rule: "tls.mode"},
		{Name: "unknown charset", Text: bad("user: d", "charset: gb99, user: d"), Rule: "charset.unknown"},
		{Name: "unknown zone", Text: bad("user: d", "zone: Asia/Peking, user: d"), Rule: "zone.unknown"},
		{Name: "a file of a server", Text: bad("user: d", "path: x.db, user: d"), Rule: "sql.path"},
		{Name: "nothing finds changes", Text: bad(w.from, "parallel: 2"), Rule: "sql.cursor"},
		{Name: "a cursor that is no field", Text: bad(w.from, "cursor: chanegd"), Rule: "sql.cursor"},
		{Name: "cursor and compare", Text: bad(w.from, "cursor: changed, compare: true"), Rule: "sql.cursor"},
		{Name: "no overlap", Text: bad(w.from, "cursor: changed, overlap: soon"), Rule: "sql.overlap"},
		{Name: "no order", Text: bad(w.from, "cursor: changed, snapshot: date"), Rule: "sql.snapshot"},
		{Name: "too many connections", Text: bad(w.from, "cursor: changed, parallel: 99"), Rule: "sql.parallel"},
		{Name: "hex of nothing", Text: bad(w.from, "cursor: changed, hex: [photo]"), Rule: "sql.hex"},
	}
}

func (w serverWorld) Unfit(tb testing.TB) []conntest.Unfit {
	s := w.start(tb, w.from, 1)
	change := func(old, new string) *schemas.System {
		return conntest.Declare(tb, strings.Replace(s.text, old, new, 1))
	}
	return []conntest.Unfit{
		{Name: "a wrong password", System: change(passwordEnv, wrongEnv), Class: fault.Config, Credential: true},
		{Name: "no such database", System: change("database: "+s.name, "database: nowhere"), Class: fault.Config},
		{Name: "no such column", System: change("note: text", "note: text, extra: text"), Class: fault.Config},
		{Name: "no table yet", System: change("table: event", "table: events"), Class: fault.Transient},
		{Name: "no such variable", System: change(passwordEnv, "RONGTONG_TEST_NOT_SET"), Class: fault.Config},
		{Name: "nobody listens", System: conntest.Declare(tb, w.declare(s.name, deadAddr(tb), w.from)), Class: fault.Transient},
		{Name: "bytes are not delivered", System: s.withBytes(tb), Class: fault.Config},
	}
}

func (s *serverSite) withBytes(tb testing.TB) *schemas.System {
	run(tb, s.db, "ALTER TABLE event ADD photo "+map[string]string{"postgres": "bytea", "mysql": "blob"}[s.w.driver])
	return conntest.Declare(tb, strings.Replace(s.text, "note: text", "note: text, photo: text", 1))
}

// deadAddr is an address where nobody listens.
func deadAddr(tb testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (w serverWorld) Exempt() map[string]string {
	return map[string]string{"throttle": "databases do not ask to come back later"}
}

func TestPostgres(t *testing.T) {
	conntest.Run(t, serverWorld{postgresEngine, "cursor: changed, deletes: true, parallel: 3"})
}

func TestMariaDB(t *testing.T) {
	conntest.Run(t, serverWorld{mariadbEngine, "cursor: changed, deletes: true"})
}

// TestPostgresCompared: the same promises without a cursor.
func TestPostgresCompared(t *testing.T) {
	conntest.Run(t, comparedWorld{serverWorld{postgresEngine, "compare: true, deletes: true"}})
}

type comparedWorld struct{ serverWorld }

func (w comparedWorld) Exempt() map[string]string {
	return map[string]string{
		"throttle": "databases do not ask to come back later",
		"million":  "a position cannot remember the digests of a million rows; the error says so",
		"types":    "shown by the world with a cursor",
	}
}

func background() context.Context { return context.Background() }
