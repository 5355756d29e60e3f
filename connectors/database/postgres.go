package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"rongtong/schemas/fault"
)

// Postgres is PostgreSQL, and what speaks its protocol and has its catalogue:
// Kingbase, openGauss and GaussDB.
var Postgres = &Dialect{
	Name: "postgres", Title: "PostgreSQL", Port: 5432, Types: postgresTypes,
	open: openPostgres, Quote: doubleQuoted,
	placeholder: func(n int) string { return fmt.Sprintf("$%d", n) },
	page:        limitOffset,
	coalesce:    `COALESCE(%s::text, '')`,
	hex:         `encode(%s, 'hex')`, unhex: `decode(%s, 'hex')`,
	now:      `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
	catalog:  postgresCatalog,
	Classify: postgresClass,
}

// postgresTypes. Values come in the server's own text form (pgoutput sends the
// same), of a session in UTC with ISO dates.
var postgresTypes = []Type{
	{Names: "int2 int4 int8 oid", Form: Number, Order: Whole, As: "number"},
	{Names: "numeric", Form: Number, Order: Words, As: "number", Note: "every digit; NaN and Infinity come as text"},
	{Names: "float4 float8", Form: Number, Order: Words, As: "number", Note: "the shortest digits that mean the value; NaN, Infinity and -Infinity come as text"},
	{Names: "money", Order: Words, As: "text", Note: "as the server's locale prints it, with its currency sign"},
	{Names: "bool", Form: Truth, Order: Words, As: "bool", Note: "true or false"},
	{Names: "date", Form: Text, Order: Times, As: "text", Note: "2025-12-01; infinity stays infinity"},
	{Names: "timestamp", Form: Text, Order: Times, As: "text", Note: "2025-12-01 08:00:00.123, without a zone, as stored"},
	{Names: "timestamptz", Form: Instant, Order: Times, As: "text", Note: "2025-12-01T00:00:00.123Z, in UTC"},
	{Names: "time timetz interval", Form: Text, Order: Words, As: "text"},
	{Names: "text varchar bpchar name citext char", Form: Text, Order: Words, As: "text", Note: "character(n) keeps its padding"},
	{Names: "uuid enum", Form: Text, Order: Words, As: "text", Note: "an enum by its label"},
	{Names: "bit varbit", Form: Text, Order: Words, As: "text", Note: "zeros and ones: 101"},
	{Names: "json jsonb array composite range multirange hstore xml", Form: Text, As: "text", Note: "as the server prints it: {a,b} for an array, JSON for JSON"},
	{Names: "bytea", Form: Binary, As: "text", Note: "refused, or hexadecimal when named in from.hex"},
	{Names: "*", Form: Text, Order: Words, As: "text", Note: "as the server prints it (network addresses, geometry, other extensions)"},
}

// Config is the configuration of a connection: session in UTC with ISO dates.
// Nothing is taken from the environment or from files of the account.
func (a Address) Config(replication bool) (*pgconn.Config, error) {
	c, err := pgxpool.ParseConfig(a.postgresURL())
	if err != nil {
		return nil, a.refused()
	}
	a.postgresSession(&c.ConnConfig.Config)
	if replication {
		c.ConnConfig.RuntimeParams["replication"] = "database"
	}
	return &c.ConnConfig.Config, nil
}

func (a Address) refused() error {
	return fault.Hint(fault.Config, "check host, port, database, user, tls and ca", "the settings of the server at %s are refused by the driver", a)
}

// postgresURL has no password: a parser's error would repeat it.
func (a Address) postgresURL() string {
	mode := map[string]string{TLSOff: "disable", TLSPrefer: "prefer", TLSRequire: "require", TLSVerify: "verify-full"}[a.TLS]
	var b strings.Builder
	for _, kv := range [][2]string{
		{"host", a.Host}, {"port", fmt.Sprint(a.Port)}, {"dbname", a.Database}, {"user", a.User}, {"password", "x"},
		{"sslmode", mode}, {"sslrootcert", a.CA}, {"connect_timeout", fmt.Sprint(max(1, int(a.Timeout.Seconds())))},
		{"passfile", "/dev/null"}, {"target_session_attrs", "any"},
	} {
		if kv[1] != "" {
			fmt.Fprintf(&b, "%s='%s' ", kv[0], strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(kv[1]))
		}
	}
	return b.String()
}

func (a Address) postgresSession(c *pgconn.Config) {
	c.Password = a.Password
	c.RuntimeParams = map[string]string{
		"application_name": "rongtong", "TimeZone": "UTC", "DateStyle": "ISO, YMD", "IntervalStyle": "iso_8601",
		"client_encoding": "UTF8", "extra_float_digits": "1", "bytea_output": "hex",
	}
	if a.Charset != "" {
		// The database does not know what its text is: it must not convert it.
		c.RuntimeParams["client_encoding"] = "SQL_ASCII"
	}
}

type postgresDB struct{ pool *pgxpool.Pool }

func openPostgres(ctx context.Context, a Address) (DB, error) {
	c, err := pgxpool.ParseConfig(a.postgresURL())
	if err != nil {
		return nil, a.refused()
	}
	a.postgresSession(&c.ConnConfig.Config)
	c.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	c.MaxConns, c.MinConns = 32, 0
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, fault.New(fault.Config, "%w", err)
	}
	return postgresDB{pool}, nil
}

func (p postgresDB) Close() error { p.pool.Close(); return nil }

func (p postgresDB) Session(ctx context.Context) (Session, error) {
	c, err := p.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return &postgresSession{c: c, conn: c.Conn().PgConn()}, nil
}

// Query asks again once where a connection of the pool turns out to be dead:
// the server ended it while nobody used it, and knows nothing of the question.
func (p postgresDB) Query(ctx context.Context, query string, args ...string) (Rows, error) {
	for again := false; ; again = true {
		s, err := p.Session(ctx)
		if err != nil {
			return nil, err
		}
		rows, err := s.Query(ctx, query, args...)
		if err == nil {
			rows.(*postgresRows).owns(s)
			return rows, nil
		}
		_ = s.Close()
		if again || ctx.Err() != nil || !Postgres.Dead(err) {
			return nil, err
		}
		p.pool.Reset()
	}
}

func postgresDead(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code == "57P01" || e.Code == "57P05" // ended by an administrator, or for being idle
	}
	return pgconn.SafeToRetry(err) || strings.Contains(err.Error(), "conn closed")
}

func init() { Postgres.dead = postgresDead }

func (p postgresDB) Exec(ctx context.Context, query string) error {
	s, err := p.Session(ctx)
	if err != nil {
		return err
	}
	return errors.Join(s.Exec(ctx, query), s.Close())
}

type postgresSession struct {
	c    *pgxpool.Conn
	conn *pgconn.PgConn
}

func (s *postgresSession) Query(ctx context.Context, query string, args ...string) (Rows, error) {
	vals := make([][]byte, len(args))
	for i, a := range args {
		vals[i] = []byte(a)
	}
	r := &postgresRows{r: s.conn.ExecParams(ctx, query, vals, nil, nil, nil)}
	if r.first = r.r.NextRow(); !r.first {
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (s *postgresSession) Exec(ctx context.Context, query string) error {
	_, err := s.conn.Exec(ctx, query).ReadAll()
	return err
}

// Close gives the connection back. One that is in the middle of a transaction
// is closed by the pool itself.
func (s *postgresSession) Close() error {
	if s.c != nil {
		s.c.Release()
		s.c = nil
	}
	return nil
}

type postgresRows struct {
	r       *pgconn.ResultReader
	session Session // to give back; nil when the rows are of a session in use
	first   bool    // the first row was fetched and not handed out
	closed  bool
	err     error
}

func (r *postgresRows) Next() ([][]byte, error) {
	if r.first || !r.closed && r.r.NextRow() {
		r.first = false
		return r.r.Values(), nil
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	return nil, io.EOF
}

// owns gives the rows a session to close with them.
func (r *postgresRows) owns(s Session) {
	if r.closed {
		_ = s.Close()
		return
	}
	r.session = s
}

func (r *postgresRows) Close() error {
	if r.closed {
		return r.err
	}
	r.closed, r.first = true, false
	_, err := r.r.Close()
	r.err = cut(err)
	if r.session != nil {
		_ = r.session.Close()
	}
	return r.err
}

// postgresCatalog asks only what PostgreSQL 9.2 had, which openGauss descends from.
func postgresCatalog(schema, table string) (string, []string) {
	q := `SELECT n.nspname, c.relname, a.attname,
	CASE WHEN b.typtype = 'e' THEN 'enum' WHEN b.typcategory = 'A' THEN 'array' WHEN b.typtype = 'c' THEN 'composite'
		WHEN b.typtype = 'r' THEN 'range' WHEN b.typtype = 'm' THEN 'multirange' ELSE b.typname END,
	format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN '0' ELSE '1' END,
	COALESCE((SELECT k.n + 1 FROM (SELECT i.indkey, generate_subscripts(i.indkey, 1) AS n) k WHERE k.indkey[k.n] = a.attnum), 0),
	COALESCE(col_description(c.oid, a.attnum), ''), COALESCE(obj_description(c.oid, 'pg_class'), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
	JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
	LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped `
	args := []string{}
	switch {
	case schema != "":
		args = append(args, schema)
		q += "AND n.nspname = $1 "
	case table != "":
		q += "AND pg_table_is_visible(c.oid) "
	default:
		q += `AND n.nspname !~ '^(pg_|sys|information_schema$|dbe_|cstore$|snapshot$|blockchain$|db4ai$|pkg_|sqladvisor$|perf$|src_restrict$)' `
	}
	if table != "" {
		args = append(args, table)
		q += fmt.Sprintf("AND c.relname = $%d ", len(args))
	}
	return q + "ORDER BY 1, 2, a.attnum", args
}

func postgresClass(err error) (fault.Class, string) {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		var connect *pgconn.ConnectError
		var line net.Error
		switch {
		case errors.As(err, &line), errors.Is(err, io.ErrUnexpectedEOF):
			return fault.Transient, "" // with tls: prefer the text also says that TLS was refused before
		case strings.Contains(err.Error(), "x509") || strings.Contains(err.Error(), "tls:") || strings.Contains(err.Error(), "server refused TLS"):
			return fault.Config, "check tls and ca"
		case errors.As(err, &connect), pgconn.Timeout(err), strings.Contains(err.Error(), "conn closed"):
			return fault.Transient, ""
		}
		return fault.Unknown, ""
	}
	switch e.Code {
	case "42P01", "3F000":
		return fault.Transient, "the table is not there yet; if it never comes, check from.schema and from.table"
	case "42703":
		return fault.Config, "check the fields of the stream against the columns of the table"
	case "42501":
		return fault.Config, "grant the account what it needs: SELECT on the table, for change capture also REPLICATION"
	case "3D000":
		return fault.Config, "check connect.database"
	case "55006":
		return fault.Transient, "another process uses the replication slot"
	case "55000", "58P01":
		return fault.Config, "check wal_level, max_slot_wal_keep_size and the replication slot"
	case "53400":
		return fault.Config, "raise max_replication_slots and max_wal_senders"
	}
	switch e.Code[:2] {
	case "08", "40", "53", "57", "58":
		return fault.Transient, ""
	case "28":
		return fault.Config, "check user, password and pg_hba.conf"
	}
	return fault.Config, ""
}
