// Package cdc reads the change logs of databases: PostgreSQL's logical
// replication ("pgcdc") and the binary log of MySQL and MariaDB ("mycdc").
//
// A stream begins with a snapshot of its table and goes on with the changes that
// the snapshot does not show; every insert, update and delete is a record. A
// position is good for as long as the database keeps its log: PostgreSQL keeps
// it up to what Done acknowledged, by a replication slot; MySQL for a time. What
// the log no longer has is an error that says so, never a gap.
//
// A stream of a system that is declared continuous waits for changes; another is
// read to the present whenever its schedule says so, and keeps no connection
// between.
package cdc

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"rongtong/connectors"
	"rongtong/connectors/database"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// settings is `connect` of both kinds.
type settings struct {
	database.Server
	Kind string `decl:"kind,required"`
}

// from is `streams.<name>.from`.
type from struct {
	decl.Pos
	Schema string `decl:"schema"` // the account's own by default
	Table  string `decl:"table,required"`
	// At is a field with the time of a row's last change. Without it records
	// carry the time of the commit, and those of the snapshot that of its begin.
	At string `decl:"at"`
	// Snapshot is "first" (default), or "never": changes from now on only.
	Snapshot string `decl:"snapshot"`
	// Hex names fields of bytes to deliver as hexadecimal text.
	Hex []string `decl:"hex"`
	// Slot is the replication slot of the stream (pgcdc); by default it is named
	// after system and stream, and made when it is not there.
	Slot string `decl:"slot"`
	// Publication is the publication that holds the table (pgcdc); by default it
	// has the slot's name, and is made when the account may.
	Publication string `decl:"publication"`
	// ServerID is what the stream calls itself among the replicas (mycdc); by
	// default it is computed from system and stream.
	ServerID int `decl:"server_id"`
}

// variant is what differs between the two kinds.
type variant struct {
	kind    string
	doc     string
	dialect *database.Dialect
	log     func(o *opened, t *table) changeLog
	check   func(ctx context.Context, o *opened, t *table) error
}

// Postgres is the kind "pgcdc".
func Postgres() connectors.Kind { return kind(&postgresVariant) }

// MySQL is the kind "mycdc".
func MySQL() connectors.Kind { return kind(&mysqlVariant) }

func kind(v *variant) connectors.Kind {
	return connectors.Kind{
		Name: v.kind, Doc: v.doc,
		Validate: func(sys *schemas.System) []decl.Problem { _, _, ps := v.read(sys); return ps },
		Open:     v.open,
	}
}

func (v *variant) read(sys *schemas.System) (settings, map[string]from, []decl.Problem) {
	var set settings
	ps := sys.Connect.Decode(&set)
	if len(ps) == 0 {
		ps = set.Server.Check()
	}
	froms := map[string]from{}
	for _, e := range sys.Streams {
		var f from
		got := e.Value.From.Decode(&f)
		if len(got) == 0 {
			got = v.checkFrom(&f, e.Value)
		}
		ps = append(ps, got...)
		froms[e.Key] = f
	}
	return set, froms, ps
}

func (v *variant) checkFrom(f *from, s *schemas.Stream) []decl.Problem {
	var names []string
	for _, d := range s.Fields {
		names = append(names, d.Key)
	}
	var ps []decl.Problem
	if f.At != "" && !slices.Contains(names, f.At) {
		ps = append(ps, f.Problem("cdc.at", decl.Suggest(f.At, names), "%q is not a declared field", f.At))
	}
	for _, h := range f.Hex {
		if !slices.Contains(names, h) {
			ps = append(ps, f.Problem("cdc.hex", decl.Suggest(h, names), "%q is not a declared field", h))
		}
	}
	if f.Snapshot != "" && f.Snapshot != "first" && f.Snapshot != "never" {
		ps = append(ps, f.Problem("cdc.snapshot", `"first" or "never"`, "%q is no way to begin", f.Snapshot))
	}
	if v.kind != "pgcdc" && (f.Slot != "" || f.Publication != "") {
		ps = append(ps, f.Problem("cdc.slot", "remove it", "slots and publications belong to PostgreSQL"))
	}
	if v.kind != "mycdc" && f.ServerID != 0 || f.ServerID < 0 || int64(f.ServerID) > 1<<32-1 {
		ps = append(ps, f.Problem("cdc.server_id", "1 to 4294967295, for mycdc", "%d cannot be the number of a replica", f.ServerID))
	}
	if f.Slot != "" && !isSlotName(f.Slot) {
		ps = append(ps, f.Problem("cdc.slot", "use a to z, 0 to 9 and _, at most 63", "%q cannot be the name of a slot", f.Slot))
	}
	for _, name := range append(names, f.Table, f.Schema+"x", f.Publication+"x") {
		if strings.ContainsRune(name, 0) || name == "" {
			ps = append(ps, f.Problem("cdc.name", "", "%q cannot be the name of a table or a column", name))
		}
	}
	return ps
}

type opened struct {
	*variant
	name       string
	set        settings
	addr       database.Address
	db         database.DB
	zone       *time.Location
	continuous bool
	froms      map[string]from
	list       []*schemas.Stream
}

func (v *variant) open(ctx context.Context, sys *schemas.System) (connectors.Opened, error) {
	set, froms, ps := v.read(sys)
	if len(ps) > 0 {
		return nil, fault.New(fault.Config, "reading the settings of %q: %s", sys.System, ps[0])
	}
	o := &opened{variant: v, name: sys.System, set: set, froms: froms, continuous: sys.Every.Continuous}
	var err error
	if o.addr, err = set.Resolve(v.dialect.Port); err == nil {
		o.zone, err = set.Location()
	}
	if err == nil {
		o.db, err = v.dialect.Open(ctx, o.addr)
	}
	if err != nil {
		return nil, v.dialect.Failure(ctx, err, "opening system %q", sys.System)
	}
	for _, e := range sys.Streams {
		o.list = append(o.list, e.Value)
	}
	return o, nil
}

// Check reads the catalogue for every stream and asks the server whether it
// keeps the log that the stream needs.
func (o *opened) Check(ctx context.Context) error {
	for _, st := range o.list {
		t, err := o.table(ctx, st)
		if err == nil {
			err = o.check(ctx, o, t)
		}
		if err != nil {
			return o.dialect.Failure(ctx, err, "checking table %q of system %q", o.froms[st.Name].Table, o.name)
		}
	}
	return nil
}

// Discover lists the tables that have a primary key.
func (o *opened) Discover(ctx context.Context) ([]*schemas.Stream, error) {
	tables, err := database.Tables(ctx, o.dialect, o.db, "", "")
	if err != nil {
		return nil, o.dialect.Failure(ctx, err, "listing the tables of system %q", o.name)
	}
	tables = slices.DeleteFunc(tables, func(t database.Table) bool { return len(t.Key()) == 0 })
	return o.dialect.Propose(tables), nil
}

func (o *opened) Close() error { return o.db.Close() }

// Source opens a stream after a position.
func (o *opened) Source(_ context.Context, st *schemas.Stream, pos record.Position) (connectors.Source, error) {
	if _, ok := o.froms[st.Name]; !ok {
		return nil, fault.New(fault.Bug, "opening stream %q of system %q: it is not declared", st.Name, o.name)
	}
	at, err := parsePosition(pos)
	if err != nil {
		return nil, fault.Mark(fault.Bug, err)
	}
	return &source{o: o, stream: st, at: at}, nil
}

// position says how far a stream has come.
type position struct {
	Phase string   `json:"p"`           // phaseSnapshot or phaseLog
	Began int64    `json:"b,omitempty"` // when the snapshot began, in microseconds since 1970
	After []string `json:"k,omitempty"` // key of the last row of the snapshot

	// View is what the snapshot showed of concurrent transactions, and ViewEnd
	// the place in the log by which all it showed were committed (PostgreSQL).
	View    string `json:"v,omitempty"`
	ViewEnd uint64 `json:"w,omitempty"`

	Log  string `json:"l,omitempty"` // set of transactions (GTID) or log file, MySQL
	At   uint64 `json:"a,omitempty"` // place in the log after the last whole transaction
	Txn  uint64 `json:"t,omitempty"` // commit place of the transaction delivered in part (PostgreSQL)
	Part string `json:"g,omitempty"` // the transaction delivered in part, by its GTID (MySQL)
	Skip uint64 `json:"s,omitempty"` // its changes that were delivered
}

const (
	phaseSnapshot = "snapshot"
	phaseLog      = "log"
)

func (p *position) encode() record.Position {
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // a struct of texts and numbers
	}
	return b
}

func parsePosition(b record.Position) (position, error) {
	var p position
	if len(b) == 0 {
		return p, nil
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil || p.Phase != phaseSnapshot && p.Phase != phaseLog || d.More() {
		return position{}, fmt.Errorf("reading a position: its %d bytes were not written by this connector", len(b))
	}
	return p, nil
}

// changeLog is the log of one database, for one stream.
type changeLog interface {
	// begin makes sure that the log is kept from now on, notes in at where it
	// is to be read from, and returns a session whose transaction shows one
	// state of the table: every change that it does not show comes by read.
	// A nil session: no snapshot was asked for.
	begin(ctx context.Context, at *position, snapshot bool) (database.Session, error)
	// read appends changes and moves at past them. It returns io.EOF at the
	// present, having changed nothing.
	read(ctx context.Context, dst *record.Chunk, at *position) error
	// done says that everything up to at is durable.
	done(ctx context.Context, at *position) error
	// rest gives up connections until the next read.
	rest()
	lag() *connectors.Lag
}

type source struct {
	o      *opened
	stream *schemas.Stream
	at     position
	table  *table
	log    changeLog
	view   database.Session // of the snapshot; nil when there is none
	stats  connectors.Stats
}

// Read reads on: the snapshot, then the log.
func (s *source) Read(ctx context.Context, dst *record.Chunk) (record.Position, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	begin, at := len(dst.Rows), s.at
	err := s.read(ctx, dst, &at)
	if err != nil && ctx.Err() == nil && s.o.dialect.Dead(err) {
		// A connection that ended while nobody used it, or that an administrator
		// ended: what the server thinks of us shows when we connect again.
		s.giveUp(dst, begin)
		at = s.at
		err = s.read(ctx, dst, &at)
	}
	if err == io.EOF { // itself: a broken line may wrap it
		s.at = at
		s.log.rest()
		return nil, io.EOF
	}
	if err != nil {
		s.giveUp(dst, begin)
		return nil, s.o.dialect.Failure(ctx, err, "reading the changes of table %q of system %q", s.o.froms[s.stream.Name].Table, s.o.name)
	}
	s.at = at
	s.stats.Records += int64(len(dst.Rows) - begin)
	return s.at.encode(), nil
}

// giveUp forgets what a failed read did.
func (s *source) giveUp(dst *record.Chunk, begin int) {
	clear(dst.Rows[begin:])
	dst.Rows = dst.Rows[:begin]
	s.closeView()
	if s.log != nil {
		s.log.rest()
	}
	if s.table != nil {
		s.table.object.Reset()
		clear(s.table.cells)
	}
}

func (s *source) read(ctx context.Context, dst *record.Chunk, at *position) error {
	if s.table == nil {
		t, err := s.o.table(ctx, s.stream)
		if err != nil {
			return err
		}
		t.events = func(place, what string) { s.event(place, what) }
		s.table, s.log = t, s.o.variant.log(s.o, t)
	}
	if at.Phase == "" {
		if err := s.begin(ctx, at); err != nil {
			return err
		}
	}
	if at.Phase == phaseSnapshot {
		begin := len(dst.Rows)
		if err := s.snapshot(ctx, dst, at); err != nil || len(dst.Rows) > begin {
			return err
		}
	}
	return s.log.read(ctx, dst, at)
}

func (s *source) begin(ctx context.Context, at *position) error {
	first := s.table.from.Snapshot != "never"
	view, err := s.log.begin(ctx, at, first)
	if err != nil {
		return err
	}
	s.view = view
	at.Phase = phaseSnapshot
	if !first {
		at.Phase = phaseLog
	}
	// From here on the state is the log's: without it the slot would have been
	// made for a snapshot that nobody reads.
	s.at = *at
	return nil
}

// snapshot reads on by key. After an interruption the rest is read as it is by
// then: what changed in between comes again by the log, in order.
func (s *source) snapshot(ctx context.Context, dst *record.Chunk, at *position) error {
	if s.view == nil {
		view, err := s.o.db.Session(ctx)
		if err != nil {
			return err
		}
		s.view = view
		if err := view.Exec(ctx, beginSnapshot[s.o.kind]); err != nil {
			return err
		}
	}
	after, more, err := s.table.page(ctx, s.view, dst, at.After, time.UnixMicro(at.Began))
	if err != nil {
		return err
	}
	at.After = after
	if !more {
		s.closeView()
		at.Phase, at.After = phaseLog, nil
	}
	return nil
}

var beginSnapshot = map[string]string{
	"pgcdc": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
	"mycdc": "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
}

func (s *source) closeView() {
	if s.view == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.view.Exec(ctx, "ROLLBACK")
	_ = s.view.Close()
	s.view = nil
}

func (s *source) event(place, what string) {
	s.stats.Events = append(s.stats.Events, connectors.Event{Place: place, What: what})
}

// Done lets the database forget its log up to pos.
func (s *source) Done(ctx context.Context, pos record.Position) error {
	at, err := parsePosition(pos)
	if err != nil {
		return fault.Mark(fault.Bug, err)
	}
	if s.log == nil || at.Phase != phaseLog {
		return nil
	}
	return s.o.dialect.Failure(ctx, s.log.done(ctx, &at), "acknowledging the changes of table %q of system %q", s.o.froms[s.stream.Name].Table, s.o.name)
}

func (s *source) Stats() connectors.Stats {
	out := s.stats
	if s.table != nil {
		s.table.addTo(&out)
	}
	if s.log != nil {
		out.Lag = s.log.lag()
	}
	return out
}

func (s *source) Close() error {
	s.closeView()
	if s.log != nil {
		s.log.rest()
	}
	return nil
}
