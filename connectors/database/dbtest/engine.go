// Package dbtest gives tests of database connectors real servers with a
// database and an account of their own.
package dbtest

import (
	"database/sql"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"rongtong/deploy/testservers"
)

// PasswordEnv holds the password of the accounts that the connector uses.
const (
	PasswordEnv = "RONGTONG_TEST_SQL_PASSWORD"
	Password    = "canary-Passw0rd/'+%@:"
	WrongEnv    = "RONGTONG_TEST_SQL_WRONG"
	Wrong       = "canary-Wr0ng"
)

func init() {
	_ = os.Setenv(PasswordEnv, Password)
	_ = os.Setenv(WrongEnv, Wrong)
}

// Engine is a real database server, with what its SQL does differently.
type Engine struct {
	Driver  string
	Server  func(testing.TB) *testservers.Server
	Connect func(s *testservers.Server, db string) *sql.DB // as the account that may do everything
	Create  func(name string) []string                     // a database and an account of that name
	Drop    func(name string) []string
	Table   string
	Fill    string // inserts the rows $1 to $2
	Now     string // now, in full precision
	Expire  func(name string) []string
	Restore func(name string) []string
}

var Postgres = &Engine{
	Driver: "postgres", Server: testservers.Postgres,
	Connect: func(s *testservers.Server, db string) *sql.DB {
		return Must(sql.Open("pgx", fmt.Sprintf("host=%s port=%d user=%s password='%s' dbname=%s", s.Host, s.Port, s.User, s.Password, db)))
	},
	Create: func(n string) []string {
		return []string{"CREATE DATABASE " + n, "CREATE ROLE " + n + " LOGIN PASSWORD '" + strings.ReplaceAll(Password, "'", "''") + "'",
			"GRANT pg_read_all_data TO " + n}
	},
	Drop: func(n string) []string {
		return []string{"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = '" + n + "'",
			"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '" + n + "'",
			"DROP DATABASE " + n + " WITH (FORCE)", "DROP ROLE " + n}
	},
	Table: `CREATE TABLE event (id bigint PRIMARY KEY, no text NOT NULL, opened timestamp, amount numeric(20,4), note text, phone text,
		changed timestamptz(6) NOT NULL)`,
	Fill: `INSERT INTO event SELECT i, 'E' || lpad(i::text, 8, '0'), timestamp '2025-12-01' + i * interval '1 second', i / 4.0, '一号网格 "' || i || '"', '13800000000',
		timestamptz '2025-12-01 00:00:00+08' + i * interval '1 second' FROM generate_series(%d, %d) i`,
	Now: "clock_timestamp()",
	Expire: func(n string) []string {
		return []string{"ALTER ROLE " + n + " PASSWORD 'another'", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + n + "'"}
	},
	Restore: func(n string) []string {
		return []string{"ALTER ROLE " + n + " PASSWORD '" + strings.ReplaceAll(Password, "'", "''") + "'"}
	},
}

var MariaDB = &Engine{
	Driver: "mysql", Server: testservers.MariaDB,
	Connect: func(s *testservers.Server, db string) *sql.DB {
		c := mysql.NewConfig()
		c.Net, c.Addr, c.User, c.Passwd, c.DBName = "tcp", s.Addr(), s.User, s.Password, db
		c.Params = map[string]string{"time_zone": "'+00:00'", "sql_mode": "''"}
		return sql.OpenDB(Must(mysql.NewConnector(c)))
	},
	Create: func(n string) []string {
		return []string{"CREATE DATABASE " + n, "CREATE USER " + n + "@'%' IDENTIFIED BY '" + strings.ReplaceAll(Password, "'", "''") + "'",
			"GRANT SELECT ON " + n + ".* TO " + n}
	},
	Drop: func(n string) []string { return []string{"DROP DATABASE " + n, "DROP USER " + n} },
	Table: `CREATE TABLE event (id bigint PRIMARY KEY, no varchar(20) NOT NULL, opened datetime, amount decimal(20,4), note text, phone text,
		changed timestamp(6) NOT NULL DEFAULT '2025-01-01 00:00:00') CHARACTER SET gbk`,
	Fill: `INSERT INTO event SELECT seq, CONCAT('E', LPAD(seq, 8, '0')), TIMESTAMP('2025-12-01') + INTERVAL seq SECOND, seq / 4, CONCAT('一号网格 "', seq, '"'), '13800000000',
		TIMESTAMP('2025-11-30 16:00:00') + INTERVAL seq SECOND FROM seq_%d_to_%d`,
	Now: "UTC_TIMESTAMP(6)",
	Expire: func(n string) []string {
		return []string{"ALTER USER " + n + "@'%' IDENTIFIED BY 'another'", "KILL USER " + n}
	},
	Restore: func(n string) []string {
		return []string{"ALTER USER " + n + "@'%' IDENTIFIED BY '" + strings.ReplaceAll(Password, "'", "''") + "'"}
	},
}

func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var serial atomic.Int64

// Fresh makes a database and an account of one name; both end with tb.
func (e *Engine) Fresh(tb testing.TB) (name string, db *sql.DB, server *testservers.Server) {
	tb.Helper()
	server = e.Server(tb)
	name = fmt.Sprintf("t%d_%d", os.Getpid(), serial.Add(1))
	admin := e.Connect(server, map[string]string{"postgres": "postgres", "mysql": "mysql"}[e.Driver])
	for _, q := range e.Create(name) {
		Run(tb, admin, q)
	}
	db = e.Connect(server, name)
	tb.Cleanup(func() {
		db.Close()
		for _, q := range e.Drop(name) {
			_, _ = admin.Exec(q)
		}
		admin.Close()
	})
	return name, db, server
}

// Admin connects as the account that may do everything, to no database of a test.
func (e *Engine) Admin(tb testing.TB) *sql.DB {
	tb.Helper()
	db := e.Connect(e.Server(tb), map[string]string{"postgres": "postgres", "mysql": "mysql"}[e.Driver])
	tb.Cleanup(func() { db.Close() })
	return db
}

// Run runs a statement that must succeed.
func Run(tb testing.TB, db *sql.DB, q string, args ...any) {
	tb.Helper()
	if _, err := db.Exec(q, args...); err != nil {
		tb.Fatalf("%v: %.200s", err, q)
	}
}

// DeadAddr is an address where nobody listens.
func DeadAddr(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
