// Package sql reads tables of a database incrementally: every Read asks for
// the rows after a cursor column's last value, in the order of that column.
//
// What is promised and what is not. A cursor sees a row when the row's cursor
// value is greater than every value read before. A table whose cursor is an
// autoincrement or a commit-ordered sequence therefore loses nothing. A table
// with several writers that take numbers early and commit late can show a
// lower number after a higher one was read: that row is not seen. Likewise a
// row changed in place is seen again only if its cursor value grows. Deletes
// are not seen at all. A system where that matters needs a change feed.
package sql

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// settings is `connect`.
type settings struct {
	decl.Pos
	Kind   string    `decl:"kind,required"`
	Driver string    `decl:"driver,required"`
	DSN    decl.Text `decl:"dsn,required"` // for sqlite a path or a file: URI
}

// from is `streams.<name>.from`.
type from struct {
	decl.Pos
	Table  string `decl:"table,required"`
	Cursor string `decl:"cursor,required"` // a field whose values grow, whole numbers or text
}

// Kind is the protocol "sql".
func Kind() connectors.Kind {
	return connectors.Kind{
		Name:     "sql",
		Doc:      "Tables of a database, read incrementally by a cursor column. Drivers: sqlite.",
		Validate: func(sys *schemas.System) []decl.Problem { _, _, ps := read(sys); return ps },
		Open:     open,
	}
}

// read decodes and checks the settings of a system and of all its streams.
func read(sys *schemas.System) (settings, map[string]from, []decl.Problem) {
	var set settings
	ps := sys.Connect.Decode(&set)
	if _, ok := dialects[set.Driver]; !ok && set.Driver != "" {
		ps = append(ps, set.Problem("sql.driver", decl.Suggest(set.Driver, drivers()), "%q is not a driver known here", set.Driver))
	}
	froms := map[string]from{}
	for _, e := range sys.Streams {
		var f from
		got := e.Value.From.Decode(&f)
		if len(got) == 0 {
			got = f.check(e.Value)
		}
		ps = append(ps, got...)
		froms[e.Key] = f
	}
	return set, froms, ps
}

func (f from) check(s *schemas.Stream) []decl.Problem {
	names := make([]string, 0, len(s.Fields))
	for _, d := range s.Fields {
		names = append(names, d.Key)
	}
	var ps []decl.Problem
	if !slices.Contains(names, f.Cursor) {
		ps = append(ps, f.Problem("sql.cursor", decl.Suggest(f.Cursor, names), "the cursor %q is not a declared field", f.Cursor))
	}
	for _, name := range append(names, f.Table) {
		if strings.ContainsRune(name, 0) || name == "" {
			ps = append(ps, f.Problem("sql.name", "", "%q cannot be the name of a table or a column", name))
		}
	}
	return ps
}

// dialect is what differs between databases.
type dialect struct {
	driver string // of database/sql
	// source turns the declared dsn into the driver's, read-only.
	source func(dsn string) string
	// quote makes an identifier, whatever it contains.
	quote func(name string) string
	// column reads a column as stored, without the driver's interpretation.
	column func(quoted string) string
	// classify gives a driver's error its class and a way out.
	classify func(err error) (fault.Class, string)
	// tables lists tables and their columns with a source type each.
	tables func(ctx context.Context, db *sql.DB) ([]table, error)
}

type table struct {
	name    string
	columns decl.Map[string]
	key     []string
}

var dialects = map[string]dialect{"sqlite": sqlite}

func drivers() []string {
	names := make([]string, 0, len(dialects))
	for n := range dialects {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

type opened struct {
	dialect
	name  string
	db    *sql.DB
	froms map[string]from
	list  []*schemas.Stream
}

func open(_ context.Context, sys *schemas.System) (connectors.Opened, error) {
	set, froms, ps := read(sys)
	if len(ps) > 0 {
		return nil, fault.New(fault.Config, "reading the settings of %q: %s", sys.System, ps[0])
	}
	dsn, err := set.DSN.Value()
	if err != nil {
		return nil, fault.New(fault.Config, "reading the settings of %q: %w", sys.System, err)
	}
	d := dialects[set.Driver]
	db, err := sql.Open(d.driver, d.source(dsn))
	if err != nil {
		// The driver's text may repeat the dsn, and with it a password.
		return nil, fault.New(fault.Config, "opening the database of %q: the dsn %q is not one for %s", sys.System, set.DSN.Raw(), set.Driver)
	}
	s := &opened{dialect: d, name: sys.System, db: db, froms: froms}
	for _, e := range sys.Streams {
		s.list = append(s.list, e.Value)
	}
	return s, nil
}

// failure names what was being done and classifies the driver's error.
func (s *opened) failure(ctx context.Context, err error, doing, name string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	class, hint := s.classify(err)
	return fault.Hint(class, hint, "%s %q of system %q: %w", doing, name, s.name, err)
}

// Check asks every declared table for its columns.
func (s *opened) Check(ctx context.Context) error {
	for _, st := range s.list {
		rows, err := s.db.QueryContext(ctx, s.query(st, s.froms[st.Name], false)+" LIMIT 0")
		if err == nil {
			rows.Next()
			err = errors.Join(rows.Err(), rows.Close())
		}
		if err != nil {
			return s.failure(ctx, err, "checking table", s.froms[st.Name].Table)
		}
	}
	return nil
}

// Discover lists the tables, with the declared primary key as the key.
func (s *opened) Discover(ctx context.Context) ([]*schemas.Stream, error) {
	tables, err := s.tables(ctx, s.db)
	if err != nil {
		return nil, s.failure(ctx, err, "listing the tables of", s.name)
	}
	var out []*schemas.Stream
	for _, t := range tables {
		out = append(out, &schemas.Stream{Name: t.name, Key: t.key, Fields: t.columns})
	}
	return out, nil
}

func (s *opened) Close() error { return s.db.Close() }

// Source opens a stream after a position.
func (s *opened) Source(_ context.Context, st *schemas.Stream, pos record.Position) (connectors.Source, error) {
	f, ok := s.froms[st.Name]
	if !ok {
		return nil, fault.New(fault.Bug, "opening stream %q of system %q: it is not declared", st.Name, s.name)
	}
	last, err := parsePosition(pos)
	if err != nil {
		return nil, fault.Mark(fault.Bug, err)
	}
	return newSource(s, st, f, last), nil
}

// query selects the declared fields, the cursor last. Every column is
// qualified: SQLite takes an unknown "name" alone for a text.
func (s *opened) query(st *schemas.Stream, f from, after bool) string {
	var b strings.Builder
	b.WriteString("SELECT ")
	for _, d := range st.Fields {
		b.WriteString(s.column("t." + s.quote(d.Key)))
		b.WriteString(", ")
	}
	cursor := "t." + s.quote(f.Cursor)
	b.WriteString(s.column(cursor) + " FROM " + s.quote(f.Table) + " AS t")
	if after {
		b.WriteString(" WHERE " + cursor + " > ?")
	}
	b.WriteString(" ORDER BY " + cursor)
	return b.String()
}
