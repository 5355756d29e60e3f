package sql

import (
	"database/sql"
	"fmt"
	"net"
	"strings"
	"testing"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/connectors/database/dbtest"
	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// serverWorld is the SQL connector against a real server, read the way from says.
type serverWorld struct {
	*dbtest.Engine
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
`, w.Driver, host, port, name, name, dbtest.PasswordEnv, from)
}

func (w serverWorld) start(tb testing.TB, from string, n int) *serverSite {
	name, db, server := w.Fresh(tb)
	run(tb, db, w.Table)
	run(tb, db, fmt.Sprintf(w.Fill, 1, n))
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
	run(tb, s.db, fmt.Sprintf(s.w.Fill, s.rows+1, s.rows+7))
	s.rows += 7
}

func (s *serverSite) Update(tb testing.TB) []conntest.Event {
	run(tb, s.db, `UPDATE event SET note = '改了', amount = 12345678901234.5678, changed = `+s.w.Now+` WHERE id IN (3, 4, 19999)`)
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
		admin := s.w.Admin(tb)
		for _, q := range s.w.Expire(s.name) {
			run(tb, admin, q)
		}
		s.proxy.Drop()
		return conntest.Injected{Heal: func() {
			for _, q := range s.w.Restore(s.name) {
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
		{Name: "a password in the file", Text: bad("${env:"+dbtest.PasswordEnv+"}", "hunter2"), Rule: "secret.inline"},
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
		{Name: "a wrong password", System: change(dbtest.PasswordEnv, dbtest.WrongEnv), Class: fault.Config, Credential: true},
		{Name: "no such database", System: change("database: "+s.name, "database: nowhere"), Class: fault.Config},
		{Name: "no such column", System: change("note: text", "note: text, extra: text"), Class: fault.Config},
		{Name: "no table yet", System: change("table: event", "table: events"), Class: fault.Transient},
		{Name: "no such variable", System: change(dbtest.PasswordEnv, "RONGTONG_TEST_NOT_SET"), Class: fault.Config},
		{Name: "nobody listens", System: conntest.Declare(tb, w.declare(s.name, dbtest.DeadAddr(tb), w.from)), Class: fault.Transient},
		{Name: "bytes are not delivered", System: s.withBytes(tb), Class: fault.Config},
	}
}

func (s *serverSite) withBytes(tb testing.TB) *schemas.System {
	run(tb, s.db, "ALTER TABLE event ADD photo "+map[string]string{"postgres": "bytea", "mysql": "blob"}[s.w.Driver])
	return conntest.Declare(tb, strings.Replace(s.text, "note: text", "note: text, photo: text", 1))
}

func (w serverWorld) Exempt() map[string]string {
	return map[string]string{"throttle": "databases do not ask to come back later"}
}

func TestPostgres(t *testing.T) {
	conntest.Run(t, serverWorld{dbtest.Postgres, "cursor: changed, deletes: true, parallel: 3"})
}

func TestMariaDB(t *testing.T) {
	conntest.Run(t, serverWorld{dbtest.MariaDB, "cursor: changed, deletes: true"})
}

// TestPostgresCompared: the same promises without a cursor.
func TestPostgresCompared(t *testing.T) {
	conntest.Run(t, comparedWorld{serverWorld{dbtest.Postgres, "compare: true, deletes: true"}})
}

type comparedWorld struct{ serverWorld }

func (w comparedWorld) Exempt() map[string]string {
	return map[string]string{
		"throttle": "databases do not ask to come back later",
		"million":  "a position cannot remember the digests of a million rows; the error says so",
		"types":    "shown by the world with a cursor",
	}
}
