// Package database is what the connectors that read databases share: how a
// server is declared and reached, what differs between dialects, and how the
// values of each source type are delivered.
//
// Every value crosses it as text that the database itself made: a decimal never
// passes through a float, and a time never through the driver's idea of a zone.
// Each dialect has one table of types (Dialect.Types): it says how a column is
// selected, how its text becomes a value, and whether it can order rows. The
// page docs/connectors-sql-types.md is generated from it.
package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"

	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// Server is the part of `connect` that says where a database is and who asks.
// Secrets are given by reference only and appear in no log and no error.
type Server struct {
	decl.Pos
	Host     decl.Text      `decl:"host"` // name or address
	Port     int            `decl:"port"` // the dialect's own by default
	Database decl.Text      `decl:"database"`
	User     decl.Text      `decl:"user"`
	Password decl.Secret    `decl:"password"`
	TLS      string         `decl:"tls"`     // off, prefer (default), require, verify
	CA       decl.Text      `decl:"ca"`      // a file of certificates, for tls: verify
	Charset  string         `decl:"charset"` // what the text columns really hold, where the database does not know: "gb18030"
	Zone     string         `decl:"zone"`    // of times without one; Asia/Shanghai by default
	Timeout  *time.Duration `decl:"timeout"` // to connect; 15 s by default
}

// The ways of `tls`.
const (
	TLSOff     = "off"
	TLSPrefer  = "prefer"  // encrypt when the server can
	TLSRequire = "require" // encrypt, whoever answers
	TLSVerify  = "verify"  // encrypt, and check the server's certificate
)

var tlsModes = []string{TLSOff, TLSPrefer, TLSRequire, TLSVerify}

// Check reports what is wrong with the settings of a server of this dialect.
func (s *Server) Check() []decl.Problem {
	var ps []decl.Problem
	for _, need := range []struct {
		name string
		set  bool
	}{{"host", s.Host.IsSet()}, {"database", s.Database.IsSet()}, {"user", s.User.IsSet()}, {"password", s.Password.IsSet()}} {
		if !need.set {
			ps = append(ps, s.Problem("key.missing", "add it", "%q is required", need.name))
		}
	}
	if s.Port < 0 || s.Port > 65535 {
		ps = append(ps, s.Problem("port.range", "", "%d is not a port", s.Port))
	}
	if s.TLS != "" && !slices.Contains(tlsModes, s.TLS) {
		ps = append(ps, s.Problem("tls.mode", decl.Suggest(s.TLS, tlsModes), "%q is no way to use TLS", s.TLS))
	}
	if s.CA.IsSet() && s.TLS != TLSVerify {
		ps = append(ps, s.CA.Problem("tls.ca", "add tls: verify", "certificates are checked only with tls: verify"))
	}
	if s.Timeout != nil && *s.Timeout <= 0 {
		ps = append(ps, s.Problem("timeout.range", `write for example "15s"`, "the timeout must be more than nothing"))
	}
	return append(ps, s.CheckText()...)
}

// CheckText reports what is wrong with how text and times are to be read.
func (s *Server) CheckText() []decl.Problem {
	var ps []decl.Problem
	if _, err := decoder(s.Charset); err != nil {
		ps = append(ps, s.Problem("charset.unknown", "gb18030, gbk, big5 …", "%q is no character set known here", s.Charset))
	}
	if _, err := s.Location(); err != nil {
		ps = append(ps, s.Problem("zone.unknown", "Asia/Shanghai", "time zone %q is not known", s.Zone))
	}
	return ps
}

// Location is the zone of times that name none: with China's summer time of
// 1986 to 1991 in it, so that an instant of those years is the right one.
func (s *Server) Location() (*time.Location, error) {
	if s.Zone == "" {
		return time.LoadLocation("Asia/Shanghai")
	}
	return time.LoadLocation(s.Zone)
}

func (s *Server) timeout() time.Duration {
	if s.Timeout == nil {
		return 15 * time.Second
	}
	return *s.Timeout
}

func decoder(charset string) (*encoding.Decoder, error) {
	if charset == "" {
		return nil, nil
	}
	e, err := htmlindex.Get(charset)
	if err != nil {
		return nil, err
	}
	return e.NewDecoder(), nil
}

// Address is a server's settings with their references resolved.
type Address struct {
	Host           string
	Port           int
	Database       string
	User, Password string
	TLS, CA        string
	Timeout        time.Duration
	Charset        string
}

// String keeps the password out of whatever prints an address.
func (a Address) String() string {
	if a.Host == "" {
		return a.Database
	}
	return net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
}

// GoString is String: %#v must not print the password either.
func (a Address) GoString() string { return a.String() }

// Resolve looks up the references of the settings; port is the dialect's own.
func (s *Server) Resolve(port int) (Address, error) {
	a := Address{Port: s.Port, TLS: s.TLS, Timeout: s.timeout(), Charset: s.Charset}
	if a.Port == 0 {
		a.Port = port
	}
	if a.TLS == "" {
		a.TLS = TLSPrefer
	}
	var errs [5]error
	a.Host, errs[0] = s.Host.Value()
	a.Database, errs[1] = s.Database.Value()
	a.User, errs[2] = s.User.Value()
	a.Password, errs[3] = s.Password.Reveal()
	a.CA, errs[4] = s.CA.Value()
	if err := errors.Join(errs[:]...); err != nil {
		return Address{}, fault.Mark(fault.Config, err)
	}
	return a, nil
}

// DB is an open database. It is safe for concurrent use.
type DB interface {
	// Query runs a statement; its arguments are bound as text. The rows hold a
	// connection until they are closed.
	Query(ctx context.Context, query string, args ...string) (Rows, error)
	// Exec runs a statement that returns nothing.
	Exec(ctx context.Context, query string) error
	// Session takes a connection out of the pool until it is closed.
	Session(ctx context.Context) (Session, error)
	Close() error
}

// Session is one connection.
type Session interface {
	Query(ctx context.Context, query string, args ...string) (Rows, error)
	Exec(ctx context.Context, query string) error
	io.Closer
}

// Rows are the rows of a query, read forwards.
type Rows interface {
	// Next returns the next row, each value as the text the database made of
	// it, nil for NULL; io.EOF after the last. The row is borrowed until the
	// next call.
	Next() ([][]byte, error)
	// Close ends the query, also in its middle. It may be called twice.
	Close() error
}

// cut keeps a line that ended in the middle of an answer from looking like the
// answer's end: drivers hand out io.EOF for both.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return fault.New(fault.Transient, "the connection ended in the middle of an answer (%v): %w", err, io.ErrUnexpectedEOF)
	}
	return err
}

// All reads a query to its end, into memory of its own.
func All(ctx context.Context, q interface {
	Query(context.Context, string, ...string) (Rows, error)
}, query string, args ...string) (out [][]string, err error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for {
		cells, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = string(c)
		}
		out = append(out, row)
	}
}

// Column is one column of a table, as the catalogue of the database has it.
type Column struct {
	Name     string
	Type     string // as people write it: "numeric(12,2)"
	Base     string // the name that Dialect.Types goes by: "numeric"
	Nullable bool
	KeyPlace int // place in the primary key, from 1; 0: not in it
	Comment  string
	Charset  string // of a text column, where the catalogue says it (MySQL)
}

// Table is a table or view.
type Table struct {
	Schema, Name string
	Comment      string
	Columns      []Column
}

// Column finds a column by its name.
func (t *Table) Column(name string) (Column, bool) {
	for _, c := range t.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
}

// Key are the names of the primary key's columns, in its order.
func (t *Table) Key() []string {
	var cols []Column
	for _, c := range t.Columns {
		if c.KeyPlace > 0 {
			cols = append(cols, c)
		}
	}
	slices.SortFunc(cols, func(a, b Column) int { return a.KeyPlace - b.KeyPlace })
	var names []string
	for _, c := range cols {
		names = append(names, c.Name)
	}
	return names
}

// ErrNoTable says that the catalogue has no such table, or hides it from us.
var ErrNoTable = errors.New("the database has no such table, or the account may not see it")

// Tables lists what the catalogue has: of one schema and table, or of all.
func Tables(ctx context.Context, d *Dialect, db DB, schema, table string) ([]Table, error) {
	query, args := d.catalog(schema, table)
	rows, err := All(ctx, db, query, args...)
	if err != nil {
		return nil, err
	}
	var out []Table
	for _, r := range rows {
		if n := len(out); n == 0 || out[n-1].Schema != r[0] || out[n-1].Name != r[1] {
			out = append(out, Table{Schema: r[0], Name: r[1], Comment: r[8]})
		}
		place, err := strconv.Atoi(r[6])
		if err != nil {
			return nil, fault.New(fault.Bug, "reading the catalogue: the place %q in a key is no number", r[6])
		}
		t := &out[len(out)-1]
		charset := ""
		if len(r) > 9 {
			charset = r[9]
		}
		t.Columns = append(t.Columns, Column{
			Name: r[2], Base: strings.ToLower(r[3]), Type: r[4], Nullable: r[5] == "1", KeyPlace: place, Comment: r[7], Charset: charset,
		})
	}
	return out, nil
}

// Describe is Tables for one table that must be there.
func Describe(ctx context.Context, d *Dialect, db DB, schema, table string) (Table, error) {
	tables, err := Tables(ctx, d, db, schema, table)
	if err != nil {
		return Table{}, err
	}
	if len(tables) == 0 {
		// The owner may still create it; what was written in between is read
		// from its beginning, so waiting loses nothing.
		return Table{}, fault.Hint(fault.Transient, "if it never comes, check `from` and grant SELECT on it", "%w", ErrNoTable)
	}
	return tables[0], nil
}

// Failure names what was being done and gives the driver's error its class.
func (d *Dialect) Failure(ctx context.Context, err error, format string, args ...any) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	doing := fmt.Sprintf(format, args...)
	err = cut(err)
	var known *fault.Error
	if errors.As(err, &known) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	class, hint := d.Classify(err)
	if class == fault.Unknown {
		class, hint = netClass(err)
	}
	return fault.Hint(class, hint, "%s: %w", doing, err)
}

// Dead reports whether an error says that the connection had ended, rather than
// what the server thinks of the question.
func (d *Dialect) Dead(err error) bool {
	if d.dead != nil && d.dead(err) {
		return true
	}
	var netErr net.Error
	return errors.As(err, &netErr) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// netClass tells what came from the network: time heals it.
func netClass(err error) (fault.Class, string) {
	var netErr net.Error
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fault.Config, "check the host's name"
	case errors.As(err, &netErr), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return fault.Transient, ""
	}
	return fault.Unknown, ""
}
