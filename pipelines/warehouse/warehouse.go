// Package warehouse is the pipeline's side of ClickHouse, and the only home of
// its client: it derives tables from the catalogue of declarations, loads
// Arrow batches exactly once, fuses the claims of many sources into one row
// per thing, and computes the indicators.
//
// Layers are databases:
//
//	ods  the records as received, for as long as their stream declares
//	std  one row per source, thing and version: every distinct claim
//	dwd  one fused row per thing, and who won each field
//	dwp  the fused rows of entities about persons or their cases, closed to analysts
//	ads  indicators, and views for analysts that suppress small cells
//	ops  the ledger of loads, rejects, runs, statistics; the books
//
// ods, std and ops are facts and are only ever added to. dwd, dwp and ads are
// functions of std and can be rebuilt at any time.
package warehouse

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	clickhouse "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// Warehouse is a small pool of connections to one ClickHouse address. All
// methods may be called concurrently.
type Warehouse struct {
	conn     driver.Conn
	native   *native // loads by ClickHouse's own protocol; nil: over HTTP
	addr     string  // host:port, for errors: the address without the credentials
	doubts   doubts
	encoders encoders

	// fusing serialises Fuse per entity: two rebuilds of one table would drop
	// each other's staging table.
	mu     sync.Mutex
	fusing map[string]*sync.Mutex
	asks   *bool // the server asks for the setting dependent; nil: not known yet
}

// Connections kept and opened at most. Loads, the scheduler and one person's
// queries share them; the engine on one machine has two cores.
const (
	idleConns = 4
	maxConns  = 12
)

// Open connects to a warehouse and proves that it answers to these credentials.
// The address is a URL whose scheme is the protocol and whose parts may be
// references:
//
//	http://admin:${file:/var/lib/rongtong/admin.password}@127.0.0.1:18123
//	clickhouse://admin:${file:/var/lib/rongtong/admin.password}@127.0.0.1:19000
//
// Both load exactly once and refuse the same rows. Answers in a format of the
// server's (QueryFormat) exist over HTTP only. With https:// or
// clickhouse://…?secure=true the connection is encrypted, and the server's
// certificate is verified: by the system's authorities, or by those of
// ?ca=/path/to/ca.pem; for the host's name, or for that of ?server_name=….
//
// A refused password or a malformed address is fault.Config; an address nobody
// listens at is fault.Transient.
func Open(ctx context.Context, address string) (*Warehouse, error) {
	opt, err := options(address)
	if err != nil {
		return nil, err
	}
	conn, err := clickhouse.Open(opt)
	if err != nil {
		return nil, fault.New(fault.Config, "opening the warehouse: %w", err)
	}
	w := &Warehouse{conn: conn, addr: opt.Addr[0], fusing: map[string]*sync.Mutex{}}
	if opt.Protocol == clickhouse.Native {
		w.native = newNative(opt)
	}
	if err := conn.Ping(ctx); err != nil {
		w.Close()
		err = w.mark(err, "opening the warehouse at "+w.addr)
		if opt.TLS == nil && !errors.Is(err, syscall.ECONNREFUSED) && fault.Of(err) != fault.Config && speaksTLS(ctx, w.addr) {
			return nil, fault.Hint(fault.Config, "write https://… or clickhouse://…?secure=true", "opening the warehouse at %s: that port speaks TLS", w.addr)
		}
		if fault.Of(err) == fault.Unknown && strings.Contains(err.Error(), "[handshake]") {
			return nil, fault.Hint(fault.Config, "is that the port of the server's own protocol (9000), and not the one of HTTP (8123)?", "%w", err)
		}
		return nil, err
	}
	return w, nil
}

// ports are those a server listens at for a scheme if nothing else is said.
var ports = map[string]string{"http": "8123", "https": "8443", "clickhouse": "9000"}

const addressForm = "write http://user:${file:/path}@host:port, or clickhouse://user:${file:/path}@host:port"

func options(address string) (*clickhouse.Options, error) {
	// The URL is parsed before its references are resolved, so that a password
	// may hold any character; url.Parse dislikes braces, hence the by-hand cut
	// of the user part.
	scheme, rest, ok := strings.Cut(address, "://")
	port, known := ports[scheme]
	if !ok || !known {
		return nil, fault.Hint(fault.Config, addressForm, "reading the warehouse's address: it is neither an HTTP URL nor one of ClickHouse's own protocol")
	}
	var user, password string
	if i := strings.LastIndex(rest, "@"); i >= 0 {
		user, password, _ = strings.Cut(rest[:i], ":")
		rest = rest[i+1:]
	}
	for _, part := range []*string{&user, &password, &rest} {
		v, err := decl.Expand(*part)
		if err != nil {
			return nil, fault.New(fault.Config, "reading the warehouse's address: %w", err)
		}
		*part = v
	}
	u, err := url.Parse(scheme + "://" + rest)
	if err != nil || u.Host == "" {
		return nil, fault.Hint(fault.Config, addressForm, "reading the warehouse's address: the host and port are malformed")
	}
	secured, err := tlsFor(scheme, u)
	if err != nil {
		return nil, err
	}
	if scheme == "clickhouse" && secured != nil {
		port = "9440"
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	opt := &clickhouse.Options{
		Protocol:     clickhouse.HTTP,
		Addr:         []string{u.Host},
		Auth:         clickhouse.Auth{Database: "system", Username: user, Password: password},
		DialTimeout:  5 * time.Second,
		ReadTimeout:  10 * time.Minute, // one rebuild of the largest table answers only at its end
		MaxOpenConns: maxConns,
		MaxIdleConns: idleConns,
		TLS:          secured,
		// On loopback compression costs more than it saves; over a network the
		// proxy in front of the cluster may add it.
		Compression: &clickhouse.Compression{Method: clickhouse.CompressionNone},
		Settings: clickhouse.Settings{
			// On a cluster an insert is over when the shards have it, not when it
			// lies in a queue on the server that was asked. One server ignores it.
			"distributed_foreground_insert": 1,
		},
	}
	opt.ClientInfo.Products = append(opt.ClientInfo.Products, struct{ Name, Version string }{"rongtong", "1"})
	if scheme == "clickhouse" {
		opt.Protocol = clickhouse.Native
	}
	return opt, nil
}

// Close closes the pool.
func (w *Warehouse) Close() error {
	if w.native != nil {
		w.native.close()
	}
	return w.conn.Close()
}

// Exec runs a statement that returns no rows. Arguments fill ? or {name:Type}.
func (w *Warehouse) Exec(ctx context.Context, sql string, args ...any) error {
	return w.mark(w.conn.Exec(ctx, sql, args...), "running "+statementName(sql))
}

// Query runs a statement and returns its rows; the caller closes them.
func (w *Warehouse) Query(ctx context.Context, sql string, args ...any) (driver.Rows, error) {
	rows, err := w.conn.Query(ctx, sql, args...)
	return rows, w.mark(err, "running "+statementName(sql))
}

// QueryRow scans the only or first row of a query into dst. No row is
// fault.Data wrapping ErrNoRows.
func (w *Warehouse) QueryRow(ctx context.Context, sql string, dst []any, args ...any) error {
	rows, err := w.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return w.mark(err, "running "+statementName(sql))
		}
		return fault.New(fault.Data, "running %s: %w", statementName(sql), ErrNoRows)
	}
	if err := rows.Scan(dst...); err != nil {
		return fault.New(fault.Bug, "running %s: %w", statementName(sql), err)
	}
	return nil
}

// ErrNoRows says that a query for one row found none.
var ErrNoRows = errors.New("no row")

// QueryFormat runs a query and returns the answer as the server formats it
// ("PrettyCompact", "JSONEachRow", "CSVWithNames" …). The caller closes the
// stream; an error that arises midway is returned by Read.
func (w *Warehouse) QueryFormat(ctx context.Context, sql, format string) (io.ReadCloser, error) {
	if w.native != nil {
		return nil, fault.Hint(fault.Config, "give the warehouse's HTTP address: --warehouse http://…", "running %s: formats of the server exist over HTTP only", statementName(sql))
	}
	// A format that is the statement's own clause (… FORMAT CSV) is refused by
	// the client; SHOW and DESCRIBE work like SELECT.
	out, err := w.conn.QueryFormat(ctx, format, sql)
	if err != nil {
		return nil, w.mark(err, "running "+statementName(sql))
	}
	return out, nil
}

// statementName is the verb of a statement, for errors: the text itself may
// carry values.
func statementName(sql string) string {
	f := strings.Fields(sql)
	for len(f) > 0 && strings.HasPrefix(f[0], "--") {
		f = f[1:]
	}
	if len(f) == 0 {
		return "an empty statement"
	}
	return "a statement " + strings.ToUpper(f[0])
}
