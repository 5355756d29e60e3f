// Package sql reads tables of a database: once whole, then what changed.
//
// With a cursor, a column whose value grows when a row changes, the table is
// first read by its key, in chunks that may run in parallel; what changes
// meanwhile has a greater cursor than the greatest one seen before, and is read
// next. From then on every run asks for the rows after the last (cursor, key).
// Rows that took their cursor value early and committed late are found by
// looking back over the overlap: the position remembers which rows of that
// window were delivered. With compare, for tables that have no such column, the
// table is read whole and what was delivered before is left out; the position
// remembers a digest of every row. With deletes, rows that were delivered and
// are gone are delivered as deletes.
//
// What a cursor cannot see: a row changed without its cursor growing. Where
// that happens, use compare, or change capture (pgcdc, mycdc).
package sql

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"rongtong/connectors"
	"rongtong/connectors/database"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// settings is `connect`.
type settings struct {
	database.Server
	Kind   string    `decl:"kind,required"`
	Driver string    `decl:"driver,required"` // postgres, mysql, sqlserver, oracle, dm, sqlite
	Path   decl.Text `decl:"path"`            // sqlite alone: the file, or a file: URI
}

// from is `streams.<name>.from`.
type from struct {
	decl.Pos
	Schema string `decl:"schema"`         // the account's own by default
	Table  string `decl:"table,required"` // or a view
	// Cursor is a field whose value grows whenever a row is added or changed.
	Cursor string `decl:"cursor"`
	// Compare reads the whole table every time and delivers what differs.
	Compare bool `decl:"compare"`
	// Deletes delivers rows that were delivered before and are gone, by
	// comparing keys at the end of every run.
	Deletes bool `decl:"deletes"`
	// Overlap is how far back late commits are looked for: a duration for a
	// cursor of times ("5m" by default), a number for whole numbers (1000).
	Overlap string `decl:"overlap"`
	// Snapshot is the order of the first reading: "key" (default, where the table
	// has a primary key that the stream's key contains) or "cursor".
	Snapshot string `decl:"snapshot"`
	// Parallel is how many connections read the first time; 1 by default.
	Parallel int `decl:"parallel"`
	// Hex names fields of bytes to deliver as hexadecimal text.
	Hex []string `decl:"hex"`
}

// Kind is the protocol "sql".
func Kind() connectors.Kind {
	return connectors.Kind{
		Name:     "sql",
		Doc:      "Tables of a database, read by a cursor or by comparison. Drivers: " + strings.Join(database.Names(), ", ") + ".",
		Validate: func(sys *schemas.System) []decl.Problem { _, _, ps := read(sys); return ps },
		Open:     open,
	}
}

// read decodes and checks the settings of a system and of all its streams.
func read(sys *schemas.System) (settings, map[string]from, []decl.Problem) {
	var set settings
	ps := sys.Connect.Decode(&set)
	if len(ps) == 0 {
		ps = set.check()
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

func (s *settings) check() []decl.Problem {
	_, known := database.Dialects[s.Driver]
	switch {
	case !known:
		return []decl.Problem{s.Problem("sql.driver", decl.Suggest(s.Driver, database.Names()), "%q is not a driver known here", s.Driver)}
	case s.Driver != "sqlite" && s.Path.IsSet():
		return []decl.Problem{s.Path.Problem("sql.path", "give host, database, user and password", "only sqlite is a file")}
	case s.Driver != "sqlite":
		return s.Server.Check()
	case !s.Path.IsSet():
		return []decl.Problem{s.Problem("key.missing", "add it: the file of the database", "%q is required", "path")}
	case s.Host.IsSet() || s.Database.IsSet() || s.User.IsSet() || s.Password.IsSet():
		return []decl.Problem{s.Problem("sql.path", "remove host, database, user and password", "sqlite is a file: it has no server")}
	}
	return s.Server.CheckText()
}

func (f *from) check(s *schemas.Stream) []decl.Problem {
	var names []string
	for _, d := range s.Fields {
		names = append(names, d.Key)
	}
	var ps []decl.Problem
	switch {
	case f.Cursor == "" && !f.Compare:
		ps = append(ps, f.Problem("sql.cursor", "add cursor: with a field that grows whenever a row changes, or compare: true",
			"nothing says how changes of %q are found", f.Table))
	case f.Cursor != "" && f.Compare:
		ps = append(ps, f.Problem("sql.cursor", "keep one of the two", "compare reads everything: it needs no cursor"))
	case f.Cursor != "" && !slices.Contains(names, f.Cursor):
		ps = append(ps, f.Problem("sql.cursor", decl.Suggest(f.Cursor, names), "the cursor %q is not a declared field", f.Cursor))
	}
	if f.Compare && (f.Overlap != "" || f.Snapshot != "") {
		ps = append(ps, f.Problem("sql.compare", "remove overlap and snapshot", "they belong to a cursor"))
	}
	if f.Snapshot != "" && f.Snapshot != "key" && f.Snapshot != "cursor" {
		ps = append(ps, f.Problem("sql.snapshot", `"key" or "cursor"`, "%q is no order to read a table in", f.Snapshot))
	}
	if f.Parallel < 0 || f.Parallel > 16 {
		ps = append(ps, f.Problem("sql.parallel", "1 to 16", "%d connections cannot read at once", f.Parallel))
	}
	if _, _, err := f.overlap(); err != nil {
		ps = append(ps, f.Problem("sql.overlap", `"10m" for times, "5000" for whole numbers`, "%q is no overlap", f.Overlap))
	}
	for _, h := range f.Hex {
		if !slices.Contains(names, h) {
			ps = append(ps, f.Problem("sql.hex", decl.Suggest(h, names), "%q is not a declared field", h))
		}
	}
	for _, name := range append(names, f.Table, f.Schema+"x") {
		if strings.ContainsRune(name, 0) || name == "" {
			ps = append(ps, f.Problem("sql.name", "", "%q cannot be the name of a table or a column", name))
		}
	}
	return ps
}

// overlap is how far back to look, for a cursor of times and of whole numbers.
func (f *from) overlap() (time.Duration, int64, error) {
	if f.Overlap == "" {
		return 5 * time.Minute, 1000, nil
	}
	if n, err := strconv.ParseInt(f.Overlap, 10, 64); err == nil && n >= 0 {
		return time.Duration(n) * time.Second, n, nil
	}
	d, err := time.ParseDuration(f.Overlap)
	if err == nil && d < 0 {
		err = strconv.ErrRange
	}
	return d, int64(d / time.Second), err
}

type opened struct {
	*database.Dialect
	name  string
	set   settings
	zone  *time.Location
	db    database.DB
	froms map[string]from
	list  []*schemas.Stream
}

func open(ctx context.Context, sys *schemas.System) (connectors.Opened, error) {
	set, froms, ps := read(sys)
	if len(ps) > 0 {
		return nil, fault.New(fault.Config, "reading the settings of %q: %s", sys.System, ps[0])
	}
	s := &opened{Dialect: database.Dialects[set.Driver], name: sys.System, set: set, froms: froms}
	var addr database.Address
	var err error
	if set.Driver == "sqlite" {
		addr.Database, err = set.Path.Value()
		err = fault.Mark(fault.Config, err)
	} else {
		addr, err = set.Resolve(s.Port)
	}
	if err == nil {
		s.zone, err = set.Location()
	}
	if err == nil {
		s.db, err = s.Open(ctx, addr)
	}
	if err != nil {
		return nil, s.Failure(ctx, err, "opening system %q", sys.System)
	}
	for _, e := range sys.Streams {
		s.list = append(s.list, e.Value)
	}
	return s, nil
}

// Check plans every stream and asks its table for its columns.
func (s *opened) Check(ctx context.Context) error {
	for _, st := range s.list {
		f := s.froms[st.Name]
		p, err := s.plan(ctx, st, f)
		if err == nil {
			query, args := p.sel.Page(database.Bounds{Order: p.tail}, 1)
			_, err = database.All(ctx, s.db, query, args...)
		}
		if err != nil {
			return s.Failure(ctx, err, "checking table %q of system %q", f.Table, s.name)
		}
	}
	return nil
}

// Discover lists the tables and views: their key, the type of field that suits
// each column, and its comment as its label.
func (s *opened) Discover(ctx context.Context) ([]*schemas.Stream, error) {
	tables, err := database.Tables(ctx, s.Dialect, s.db, "", "")
	if err != nil {
		return nil, s.Failure(ctx, err, "listing the tables of system %q", s.name)
	}
	return s.Propose(tables), nil
}

func (s *opened) Close() error { return s.db.Close() }

// Source opens a stream after a position.
func (s *opened) Source(_ context.Context, st *schemas.Stream, pos record.Position) (connectors.Source, error) {
	f, ok := s.froms[st.Name]
	if !ok {
		return nil, fault.New(fault.Bug, "opening stream %q of system %q: it is not declared", st.Name, s.name)
	}
	at, k, err := parsePosition(pos)
	if err != nil {
		return nil, fault.Mark(fault.Bug, err)
	}
	return &source{sys: s, stream: st, from: f, at: at, known: k}, nil
}
