package cdc

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

// world is change capture against a real server.
type world struct {
	*dbtest.Engine
	kind  connectors.Kind
	grant func(name string) []string // what the account needs besides reading
}

var postgresWorld = world{dbtest.Postgres, Postgres(), func(n string) []string {
	return []string{"ALTER ROLE " + n + " REPLICATION", "GRANT CREATE ON DATABASE " + n + " TO " + n, "ALTER TABLE event OWNER TO " + n}
}}

var mariadbWorld = world{dbtest.MariaDB, MySQL(), func(n string) []string {
	return []string{"GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO " + n}
}}

func (w world) Kind() connectors.Kind { return w.kind }

type site struct {
	w     world
	name  string
	db    *sql.DB
	text  string
	sys   *schemas.System
	rows  int
	proxy *conntest.Proxy
}

const siteRows = connectors.ChunkRows + 500

func (w world) declare(name, addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	slot := ""
	if w.Driver == "postgres" {
		slot = ", slot: " + name // slots are the server's, not the database's
	}
	return fmt.Sprintf(`
connect: { kind: %s, host: %s, port: %s, database: %s, user: %s, password: "${env:%s}" }
streams:
  event:
    from: { table: event, at: changed%s }
    key: [id]
    fields: { id: number, no: text, opened: text, amount: number, note: text, changed: text }
    drop: [phone]
`, w.kind.Name, host, port, name, name, dbtest.PasswordEnv, slot)
}

func (w world) start(tb testing.TB, n int) *site {
	name, db, server := w.Fresh(tb)
	dbtest.Run(tb, db, w.Table)
	for _, q := range w.grant(name) {
		dbtest.Run(tb, db, q)
	}
	dbtest.Run(tb, db, fmt.Sprintf(w.Fill, 1, n))
	s := &site{w: w, name: name, db: db, rows: n, proxy: conntest.NewProxy(tb, server.Addr())}
	s.text = w.declare(name, s.proxy.Addr())
	s.sys = conntest.Declare(tb, s.text)
	return s
}

func (w world) Start(tb testing.TB) conntest.Site             { return w.start(tb, siteRows) }
func (w world) StartLarge(tb testing.TB, n int) conntest.Site { return w.start(tb, n) }

func (s *site) System() *schemas.System { return s.sys }
func (s *site) Stream() string          { return "event" }
func (s *site) Count() int              { return s.rows }
func (s *site) Text() string            { return s.text }

func (s *site) Add(tb testing.TB) {
	dbtest.Run(tb, s.db, fmt.Sprintf(s.w.Fill, s.rows+1, s.rows+7))
	s.rows += 7
}

func (s *site) Update(tb testing.TB) []conntest.Event {
	dbtest.Run(tb, s.db, `UPDATE event SET note = '改了', amount = 12345678901234.5678, changed = `+s.w.Now+` WHERE id IN (3, 4, 19999)`)
	with := map[string]string{"note": `"改了"`, "amount": "12345678901234.5678"}
	return []conntest.Event{{Key: "3", With: with}, {Key: "4", With: with}, {Key: "19999", With: with}}
}

func (s *site) Delete(tb testing.TB) []conntest.Event {
	dbtest.Run(tb, s.db, `DELETE FROM event WHERE id IN (7, 20000)`)
	s.rows -= 2
	with := map[string]string{"note": "null"}
	return []conntest.Event{{Key: "7", With: with}, {Key: "20000", With: with}}
}

func (s *site) Inject(tb testing.TB, t conntest.Trouble) conntest.Injected {
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
			dbtest.Run(tb, admin, q)
		}
		s.proxy.Drop()
		return conntest.Injected{Heal: func() {
			for _, q := range s.w.Restore(s.name) {
				dbtest.Run(tb, admin, q)
			}
		}}
	}
	return conntest.Injected{}
}

func (w world) Refused() []conntest.Refused {
	good := w.declare("d", "127.0.0.1:1")
	bad := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	other := "server_id: 7"
	if w.Driver == "mysql" {
		other = "slot: s"
	}
	return []conntest.Refused{
		{Name: "a password in the file", Text: bad("${env:"+dbtest.PasswordEnv+"}", "hunter2"), Rule: "secret.inline"},
		{Name: "no host", Text: bad("host: 127.0.0.1, ", ""), Rule: "key.missing"},
		{Name: "unknown key", Text: bad("table: event", "table: event, cursor: id"), Rule: "key.unknown"},
		{Name: "no field of time", Text: bad("at: changed", "at: chanegd"), Rule: "cdc.at"},
		{Name: "no way to begin", Text: bad("at: changed", "snapshot: maybe"), Rule: "cdc.snapshot"},
		{Name: "hex of nothing", Text: bad("at: changed", "hex: [photo]"), Rule: "cdc.hex"},
		{Name: "what the other database has", Text: bad("table: event, at: changed", "table: event, "+other)},
	}
}

func (w world) Unfit(tb testing.TB) []conntest.Unfit {
	s := w.start(tb, 1)
	change := func(old, new string) *schemas.System {
		return conntest.Declare(tb, strings.Replace(s.text, old, new, 1))
	}
	dbtest.Run(tb, s.db, "CREATE TABLE keyless (id bigint, no text, opened text, amount text, note text, changed text)")
	return []conntest.Unfit{
		{Name: "a wrong password", System: change(dbtest.PasswordEnv, dbtest.WrongEnv), Class: fault.Config, Credential: true},
		{Name: "no such database", System: change("database: "+s.name, "database: nowhere"), Class: fault.Config},
		{Name: "no such column", System: change("note: text", "note: text, extra: text"), Class: fault.Config},
		{Name: "no table yet", System: change("table: event", "table: events"), Class: fault.Transient},
		{Name: "no primary key", System: change("table: event", "table: keyless"), Class: fault.Config},
		{Name: "nobody listens", System: conntest.Declare(tb, w.declare(s.name, dbtest.DeadAddr(tb))), Class: fault.Transient},
	}
}

func (w world) Exempt() map[string]string {
	return map[string]string{"throttle": "databases do not ask to come back later"}
}

func TestPostgres(t *testing.T) { conntest.Run(t, postgresWorld) }

func TestMariaDB(t *testing.T) { conntest.Run(t, mariadbWorld) }
