package cdc

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"rongtong/connectors"
	"rongtong/connectors/database"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

var postgresVariant = variant{
	kind:    "pgcdc",
	doc:     "Changes of PostgreSQL tables, by logical replication (pgoutput); snapshot first.",
	dialect: database.Postgres,
	log:     func(o *opened, t *table) changeLog { return newPostgresLog(o, t) },
	check: func(ctx context.Context, o *opened, t *table) error {
		l := newPostgresLog(o, t)
		if err := l.checkServer(ctx); err != nil {
			return err
		}
		return l.checkIdentity(ctx)
	},
}

// How often the server hears from us while we wait, and how much log may pass
// without a change before a position says so, so that the log can be forgotten.
const (
	statusEvery     = 10 * time.Second
	heartbeatBytes  = 4 << 20
	pollEvery       = 20 * time.Millisecond
	quietEnough     = 500 * time.Millisecond // without news: there is nothing for now
	slotBusyPatient = 10 * time.Second
)

// postgresLog reads the slot of one stream.
type postgresLog struct {
	o           *opened
	t           *table
	slot        string
	publication string

	conn      *pgconn.PgConn // of the replication; nil between reads
	target    pglogrepl.LSN  // the present, as it was when conn was opened
	caughtUp  bool
	walEnd    pglogrepl.LSN // as far as the server has read
	confirmed pglogrepl.LSN

	relation uint32 // our table; 0: not yet seen

	quietSince time.Time // when the server's reading last moved

	inTxn     bool
	skipTxn   bool // the snapshot shows it
	commit    pglogrepl.LSN
	committed time.Time
	change    uint64 // of our table in the transaction, from 1
	skip      uint64 // changes that were delivered before
}

func newPostgresLog(o *opened, t *table) *postgresLog {
	l := &postgresLog{o: o, t: t, slot: t.from.Slot, publication: t.from.Publication}
	if l.slot == "" {
		l.slot = slotName("rongtong_" + o.name + "_" + t.stream.Name)
	}
	if l.publication == "" {
		l.publication = l.slot
	}
	return l
}

func isSlotName(s string) bool {
	return len(s) <= 63 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// slotName makes a name that PostgreSQL takes, different for different names.
func slotName(name string) string {
	if isSlotName(name) {
		return name
	}
	clean := strings.Map(func(r rune) rune {
		if isSlotName(string(r)) {
			return r
		}
		return '_'
	}, strings.ToLower(name))
	return fmt.Sprintf("%.46s_%016x", clean, xxhash.Sum64String(name))
}

func (l *postgresLog) rows(ctx context.Context, query string, args ...string) ([][]string, error) {
	return database.All(ctx, l.o.db, query, args...)
}

func (l *postgresLog) relationName() string {
	return database.Postgres.Quote(l.t.schema) + "." + database.Postgres.Quote(l.t.from.Table)
}

// checkServer asks for what logical replication needs.
func (l *postgresLog) checkServer(ctx context.Context) error {
	got, err := l.rows(ctx, `SELECT current_setting('wal_level'), (SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user), current_user`)
	if err != nil {
		return err
	}
	if got[0][0] != "logical" {
		return fault.Hint(fault.Config, "set wal_level = logical and restart the server", "the server's wal_level is %q", got[0][0])
	}
	if got[0][1] != "t" {
		return fault.Hint(fault.Config, fmt.Sprintf("ALTER ROLE %s REPLICATION", got[0][2]), "the account may not replicate")
	}
	return nil
}

// checkIdentity makes sure that the log names the key of what was updated or
// deleted. A table without an identity would refuse updates once published:
// that must never happen to a source because of us.
func (l *postgresLog) checkIdentity(ctx context.Context) error {
	got, err := l.rows(ctx, `SELECT c.relreplident, COALESCE((SELECT string_agg(a.attname, chr(31)) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
		WHERE i.indrelid = c.oid AND (c.relreplident = 'd' AND i.indisprimary OR c.relreplident = 'i' AND i.indisreplident)), '')
		FROM pg_class c WHERE c.oid = to_regclass($1)`, l.relationName())
	if err != nil {
		return err
	}
	if len(got) == 0 {
		return fault.Hint(fault.Transient, "if it never comes, check from.schema and from.table", "%w", database.ErrNoTable)
	}
	full := "ALTER TABLE " + l.relationName() + " REPLICA IDENTITY FULL"
	has := strings.Split(got[0][1], "\x1f")
	switch got[0][0] {
	case "f":
		return nil
	case "n":
		return fault.Hint(fault.Config, full, "the table's replica identity is nothing: its updates and deletes cannot be told apart")
	}
	for _, k := range l.t.stream.Key {
		if !slices.Contains(has, k) {
			return fault.Hint(fault.Config, full, "the key field %q is not in the table's replica identity: deletes would lack it", k)
		}
	}
	return nil
}

// begin makes slot and publication where they are missing, and then takes the
// snapshot. The slot comes first: what commits in between is in both, and is
// told apart by what the snapshot shows of its transaction.
func (l *postgresLog) begin(ctx context.Context, at *position, snapshot bool) (database.Session, error) {
	if err := errors.Join(l.checkServer(ctx), l.checkIdentity(ctx)); err != nil {
		return nil, err
	}
	if err := l.publish(ctx); err != nil {
		return nil, err
	}
	state, err := l.state(ctx)
	if err != nil {
		return nil, err
	}
	if state == nil {
		if err := l.write(ctx, fmt.Sprintf("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", quoted(l.slot))); err != nil {
			return nil, err
		}
		l.t.events(l.t.from.Table, fmt.Sprintf("the replication slot %q was made: the server keeps its log for it until the stream has read it, and for ever if the stream is given up (then drop the slot)", l.slot))
		if state, err = l.state(ctx); err != nil {
			return nil, err
		}
	}
	at.At = uint64(state.confirmed)
	if !snapshot {
		return nil, nil
	}
	view, err := l.o.db.Session(ctx)
	if err != nil {
		return nil, err
	}
	if err := l.look(ctx, view, at); err != nil {
		_ = view.Close()
		return nil, err
	}
	return view, nil
}

// look opens the snapshot's transaction and notes what it shows.
func (l *postgresLog) look(ctx context.Context, view database.Session, at *position) error {
	if err := view.Exec(ctx, beginSnapshot["pgcdc"]); err != nil {
		return err
	}
	got, err := database.All(ctx, view, `SELECT txid_current_snapshot()::text, pg_current_wal_insert_lsn()::text, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text`)
	if err != nil {
		return err
	}
	end, err := pglogrepl.ParseLSN(got[0][1])
	if err != nil {
		return fault.New(fault.Bug, "reading a place in the log: %w", err)
	}
	at.View, at.ViewEnd = got[0][0], uint64(end)
	at.Began, err = strconv.ParseInt(got[0][2], 10, 64)
	return err
}

// publish makes sure that the publication holds the table.
func (l *postgresLog) publish(ctx context.Context) error {
	got, err := l.rows(ctx, `SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = $1),
		EXISTS (SELECT FROM pg_publication_tables WHERE pubname = $1 AND schemaname = $2 AND tablename = $3)`, l.publication, l.t.schema, l.t.from.Table)
	if err != nil || got[0][1] == "t" {
		return err
	}
	pub := database.Postgres.Quote(l.publication)
	if got[0][0] == "t" {
		return fault.Hint(fault.Config, fmt.Sprintf("ALTER PUBLICATION %s ADD TABLE %s", pub, l.relationName()), "the publication %q does not hold the table", l.publication)
	}
	create := fmt.Sprintf("CREATE PUBLICATION %s FOR TABLE %s WITH (publish_via_partition_root = true)", pub, l.relationName())
	var refused *pgconn.PgError
	if err = l.write(ctx, create); errors.As(err, &refused) && refused.Code == "42501" {
		return fault.Hint(fault.Config, "let the table's owner run: "+create, "the publication %q is not there and the account may not make it", l.publication)
	}
	return err
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// write runs a statement on a connection that may change things.
func (l *postgresLog) write(ctx context.Context, statement string) error {
	conn, err := l.dial(ctx, false)
	if err != nil {
		return err
	}
	defer hangUp(conn)
	_, err = conn.Exec(ctx, statement).ReadAll()
	return err
}

func (l *postgresLog) dial(ctx context.Context, replication bool) (*pgconn.PgConn, error) {
	config, err := l.o.addr.Config(replication)
	if err != nil {
		return nil, err
	}
	return pgconn.ConnectConfig(ctx, config)
}

func hangUp(conn *pgconn.PgConn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}

type slotState struct {
	confirmed pglogrepl.LSN
	now       pglogrepl.LSN // the present of the server's log
	lost      bool
}

// state asks for the slot; nil when there is none.
func (l *postgresLog) state(ctx context.Context) (*slotState, error) {
	got, err := l.rows(ctx, `SELECT COALESCE(confirmed_flush_lsn, '0/0')::text, pg_current_wal_flush_lsn()::text, COALESCE(wal_status, ''), plugin, COALESCE(database, ''), current_database()
		FROM pg_replication_slots WHERE slot_name = $1`, l.slot)
	if err != nil || len(got) == 0 {
		return nil, err
	}
	r := got[0]
	if r[3] != "pgoutput" || r[4] != r[5] {
		return nil, fault.Hint(fault.Config, "name another with from.slot", "the slot %q is of another database or plugin", l.slot)
	}
	s := &slotState{lost: r[2] == "lost"}
	s.confirmed, err = pglogrepl.ParseLSN(r[0])
	now, err2 := pglogrepl.ParseLSN(r[1])
	s.now = now
	return s, errors.Join(err, err2)
}

// connect begins to read the slot at a position.
func (l *postgresLog) connect(ctx context.Context, at *position) error {
	state, err := l.state(ctx)
	if err != nil {
		return err
	}
	const anew = "let the stream begin anew: its position no longer leads anywhere"
	switch {
	case state == nil:
		return fault.Hint(fault.Config, anew, "the replication slot %q is gone, and with it the changes since the last run", l.slot)
	case state.lost:
		return fault.Hint(fault.Config, "drop the slot, raise max_slot_wal_keep_size, and "+anew, "the server has deleted log that the slot %q still needed", l.slot)
	case uint64(state.confirmed) > at.At:
		return fault.Hint(fault.Config, anew, "the replication slot %q was read to %s by somebody else: the changes since %s are gone", l.slot, state.confirmed, pglogrepl.LSN(at.At))
	}
	l.target, l.caughtUp, l.walEnd = state.now, false, pglogrepl.LSN(at.At)
	l.confirmed = max(l.confirmed, state.confirmed)
	if !l.o.continuous && at.Txn == 0 && pglogrepl.LSN(at.At) >= l.target {
		return io.EOF
	}
	for began := time.Now(); ; {
		if l.conn, err = l.dial(ctx, true); err != nil {
			l.conn = nil
			return err
		}
		err = pglogrepl.StartReplication(ctx, l.conn, l.slot, pglogrepl.LSN(at.At), pglogrepl.StartReplicationOptions{
			Mode: pglogrepl.LogicalReplication, PluginArgs: []string{"proto_version '1'", "publication_names " + quoted(database.Postgres.Quote(l.publication))},
		})
		if err == nil {
			break
		}
		l.rest()
		// The server frees a slot a moment after its connection ended.
		var e *pgconn.PgError
		if !errors.As(err, &e) || e.Code != "55006" || time.Since(began) > slotBusyPatient {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollEvery):
		}
	}
	l.relation, l.inTxn, l.quietSince = 0, false, time.Now()
	return l.status(l.confirmed, true)
}

func (l *postgresLog) rest() {
	if l.conn != nil {
		hangUp(l.conn)
		l.conn = nil
	}
}

func (l *postgresLog) lag() *connectors.Lag {
	return &connectors.Lag{Log: l.slot, Bytes: int64(max(l.walEnd, l.target, l.confirmed) - l.confirmed)}
}

// status tells the server what may be forgotten, and asks where it is.
func (l *postgresLog) status(flushed pglogrepl.LSN, ask bool) error {
	return pglogrepl.SendStandbyStatusUpdate(context.Background(), l.conn, pglogrepl.StandbyStatusUpdate{
		WALWritePosition: max(l.walEnd, flushed), WALFlushPosition: flushed, WALApplyPosition: flushed, ReplyRequested: ask,
	})
}

func (l *postgresLog) done(_ context.Context, at *position) error {
	l.confirmed = max(l.confirmed, pglogrepl.LSN(at.At))
	if l.conn == nil {
		return nil // the next read tells it
	}
	return l.status(l.confirmed, false)
}

// read takes messages until the chunk is full, the present is reached, or, in a
// continuous stream, nothing more comes at once.
func (l *postgresLog) read(ctx context.Context, dst *record.Chunk, at *position) error {
	if l.conn == nil {
		if err := l.connect(ctx, at); err != nil {
			return err
		}
	}
	line := l.conn.Conn()
	stop := context.AfterFunc(ctx, func() { _ = line.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	begin := len(dst.Rows)
	for !connectors.Full(dst) {
		got := len(dst.Rows) > begin
		if l.caughtUp && !l.inTxn && !l.o.continuous {
			return l.atPresent(got, at)
		}
		msg, err := l.receive(ctx, l.patience(got))
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case l.o.continuous && got:
			return nil
		case l.o.continuous && !l.inTxn && uint64(l.walEnd)-at.At >= heartbeatBytes:
			at.At = uint64(l.walEnd)
			return nil
		default:
			if err := l.status(l.confirmed, true); err != nil {
				return err
			}
			continue
		}
		if err := l.message(ctx, msg, dst, at); err != nil {
			return err
		}
	}
	return nil
}

func (l *postgresLog) patience(got bool) time.Duration {
	if got || !l.o.continuous {
		return pollEvery
	}
	return statusEvery
}

// atPresent ends a reading: with records, with a position that lets the slot
// move on, or with the end of the stream for now.
func (l *postgresLog) atPresent(got bool, at *position) error {
	if !got && uint64(l.walEnd)-at.At < heartbeatBytes {
		return io.EOF
	}
	at.At = max(at.At, uint64(l.walEnd))
	return nil
}

// receive takes the next message. A context for each of them, which the library
// offers, would cost more than all the rest: the line has a deadline instead,
// which the end of ctx brings forward (see read).
func (l *postgresLog) receive(ctx context.Context, patience time.Duration) (pgproto3.BackendMessage, error) {
	if err := l.conn.Conn().SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return l.conn.Frontend().Receive()
}

func (l *postgresLog) message(ctx context.Context, msg pgproto3.BackendMessage, dst *record.Chunk, at *position) error {
	switch msg := msg.(type) {
	case *pgproto3.ErrorResponse:
		return pgconn.ErrorResponseToPgError(msg)
	case *pgproto3.CopyDone:
		return fault.New(fault.Transient, "the server ended the replication")
	case *pgproto3.CopyData:
		if len(msg.Data) == 0 {
			return nil
		}
		switch msg.Data[0] {
		case pglogrepl.PrimaryKeepaliveMessageByteID:
			return l.keepalive(msg.Data[1:])
		case pglogrepl.XLogDataByteID:
			if len(msg.Data) < 26 {
				return errLog
			}
			return l.data(ctx, msg.Data[25:], dst, at)
		}
	}
	return nil
}

// errLog says that the log is not what pgoutput promises.
var errLog = fault.New(fault.Bug, "the server's log has a message of an unknown form")

func (l *postgresLog) keepalive(b []byte) error {
	k, err := pglogrepl.ParsePrimaryKeepaliveMessage(b)
	if err != nil {
		return fault.Mark(fault.Bug, err)
	}
	if k.ServerWALEnd > l.walEnd {
		l.walEnd, l.quietSince = k.ServerWALEnd, time.Now()
	}
	// The last record before the target may not be whole yet: then the server's
	// reading stands still before it.
	l.caughtUp = l.walEnd >= l.target || time.Since(l.quietSince) > quietEnough
	if k.ReplyRequested {
		return l.status(l.confirmed, false)
	}
	return nil
}

// data takes one message of pgoutput. Those of changes are taken apart here,
// without a copy of every value.
func (l *postgresLog) data(ctx context.Context, b []byte, dst *record.Chunk, at *position) error {
	l.quietSince = time.Now()
	r := wire{b: b[1:]}
	switch b[0] {
	case 'B':
		l.commit = pglogrepl.LSN(r.uint64())
		l.committed = time.UnixMicro(int64(r.uint64()) + microsecondsTo2000)
		xid := r.uint32()
		l.inTxn, l.change, l.skip = true, 0, 0
		if at.Txn == uint64(l.commit) {
			l.skip = at.Skip
		}
		if uint64(l.commit) > at.ViewEnd {
			at.View, at.ViewEnd = "", 0 // later than all that the snapshot shows
		}
		l.skipTxn = at.View != "" && shows(at.View, xid)
	case 'C':
		r.take(1 + 8)
		at.At, at.Txn, at.Skip = r.uint64(), 0, 0
		l.inTxn = false
		l.walEnd = max(l.walEnd, pglogrepl.LSN(at.At))
	case 'R':
		return l.describe(ctx, b)
	case 'T':
		n := r.uint32()
		r.take(1)
		for range n {
			if r.uint32() == l.relation && l.relation != 0 && l.next(at) {
				l.t.events(l.placeOf(), fmt.Sprintf("table %q was emptied at once (TRUNCATE): its rows are not delivered as deletes", l.t.from.Table))
			}
		}
	case 'I', 'U', 'D':
		if r.uint32() != l.relation || l.relation == 0 || !l.next(at) {
			return nil
		}
		if err := l.row(ctx, b[0], &r, dst); err != nil {
			return err
		}
	}
	if r.bad {
		return errLog
	}
	return nil
}

const microsecondsTo2000 = 946_684_800_000_000

// next counts a change of our table and reports whether it is to be delivered.
func (l *postgresLog) next(at *position) bool {
	l.change++
	if l.skipTxn || l.change <= l.skip {
		return false
	}
	at.Txn, at.Skip = uint64(l.commit), l.change
	return true
}

func (l *postgresLog) placeOf() string {
	return l.t.from.Table + " lsn " + l.commit.String() + " #" + strconv.FormatUint(l.change, 10)
}

// shows reports whether a snapshot "xmin:xmax:xip,…" shows what a transaction
// did, which is known to have committed. The log has the low half of its number.
func shows(view string, low uint32) bool {
	parts := strings.SplitN(view, ":", 3)
	if len(parts) != 3 {
		return false
	}
	xmin, _ := strconv.ParseUint(parts[0], 10, 64)
	xmax, _ := strconv.ParseUint(parts[1], 10, 64)
	xid := xmax&^0xffff_ffff | uint64(low)
	if xid > xmax+1<<31 && xid >= 1<<32 {
		xid -= 1 << 32
	} else if xid+1<<31 < xmin {
		xid += 1 << 32
	}
	if xid < xmin {
		return true
	}
	return xid < xmax && !slices.Contains(strings.Split(parts[2], ","), strconv.FormatUint(xid, 10))
}

// describe learns the columns of a table that changes follow of.
func (l *postgresLog) describe(ctx context.Context, b []byte) error {
	var m pglogrepl.RelationMessage
	if err := m.Decode(b[1:]); err != nil {
		return errLog
	}
	if m.Namespace != l.t.schema || m.RelationName != l.t.from.Table {
		return nil
	}
	names := make([]string, len(m.Columns))
	for i, c := range m.Columns {
		names[i] = c.Name
	}
	first := l.relation == 0
	l.relation = m.RelationID
	if err := l.t.arrange(names, l.placeOf()); err != nil {
		return err
	}
	for _, k := range l.t.stream.Key {
		i := slices.Index(names, k)
		if m.ReplicaIdentity != 'f' && m.Columns[i].Flags&1 == 0 {
			return l.checkIdentity(ctx)
		}
	}
	if first {
		return nil
	}
	return l.retype(ctx)
}

// retype reads the catalogue again after the table changed: a column may have
// another type now.
func (l *postgresLog) retype(ctx context.Context) error {
	cat, err := database.Describe(ctx, database.Postgres, l.o.db, l.t.from.Schema, l.t.from.Table)
	if err != nil {
		return err
	}
	for i, f := range l.t.stream.Fields {
		c, ok := cat.Column(f.Key)
		if !ok || c.Type == l.t.fields[i].Type {
			continue
		}
		l.t.events(l.placeOf(), fmt.Sprintf("column %q of table %q has another type: %s instead of %s", f.Key, l.t.from.Table, c.Type, l.t.fields[i].Type))
		if l.t.fields[i], err = database.Postgres.Field(c, l.o.addr.Charset, l.t.hex[i]); err != nil {
			return err
		}
	}
	return nil
}

// row delivers one insert, update or delete.
func (l *postgresLog) row(ctx context.Context, kind byte, r *wire, dst *record.Chunk) error {
	part := r.byte()
	var old [][]byte
	if part == 'K' || part == 'O' {
		l.tuple(r, nil)
		old = slices.Clone(l.t.cells)
		if kind == 'D' {
			l.t.append(dst, record.Delete, l.committed, l.placeOf())
			return nil
		}
		clear(l.t.cells)
		if r.byte() != 'N' {
			r.bad = true
		}
	}
	missing := l.tuple(r, old)
	if r.bad {
		return errLog
	}
	if old != nil && l.keyChanged(old) {
		changed := slices.Clone(l.t.cells)
		copy(l.t.cells, old)
		l.t.append(dst, record.Delete, l.committed, l.placeOf())
		copy(l.t.cells, changed)
	}
	if missing {
		if err := l.complete(ctx); err != nil {
			return err
		}
	}
	l.t.append(dst, record.Upsert, l.committed, l.placeOf())
	return nil
}

func (l *postgresLog) keyChanged(old [][]byte) bool {
	for _, i := range l.t.key {
		if !bytes.Equal(old[i], l.t.cells[i]) {
			return true
		}
	}
	return false
}

// unchanged stands for a large value that the log leaves out because the update
// did not touch it.
var unchanged = []byte("\x00unchanged")

// tuple sets the cells of one row and reports whether the log left values of
// declared fields out. The old row, where the log has it whole, fills them in.
func (l *postgresLog) tuple(r *wire, old [][]byte) (missing bool) {
	n := int(r.uint16())
	if n != len(l.t.layout) {
		r.bad = true
		return false
	}
	for i := range n {
		field := l.t.layout[i].field
		switch r.byte() {
		case 'n':
			l.t.set(i, nil)
		case 'u':
			if field < 0 {
				continue
			}
			if old != nil && old[field] != nil {
				l.t.cells[field] = old[field]
				continue
			}
			l.t.cells[field], missing = unchanged, true
		case 't':
			v := r.take(int(r.uint32()))
			if v == nil {
				v = []byte{} // an empty text is not null
			}
			if field >= 0 && l.t.hex[field] {
				v = bytes.TrimPrefix(v, []byte(`\x`))
			}
			l.t.set(i, v)
		default:
			r.bad = true
			return false
		}
	}
	return missing
}

// complete fetches large values that the log left out from the table. They are
// those of now: whatever changed them since comes later in the log.
func (l *postgresLog) complete(ctx context.Context) error {
	var key []string
	for i := range l.t.order {
		f := l.t.object.Index(l.t.order[i].Field.Name)
		key = append(key, string(l.t.cells[f]))
	}
	query, args := l.t.sel.Page(database.Bounds{Order: l.t.order, Lo: key, Hi: key, Closed: true}, 1)
	rows, err := l.o.db.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	now, err := rows.Next()
	if err != nil && err != io.EOF {
		return err
	}
	for i, c := range l.t.cells {
		if !bytes.Equal(c, unchanged) {
			continue
		}
		l.t.cells[i] = nil // the row is gone: its deletion comes later in the log
		if now != nil && now[i] != nil {
			l.t.cells[i] = append([]byte{}, now[i]...)
		}
	}
	return nil
}

// wire takes a message apart; bad once it ends too early.
type wire struct {
	b   []byte
	bad bool
}

func (w *wire) take(n int) []byte {
	if n < 0 || n > len(w.b) {
		w.b, w.bad = nil, true
		return nil
	}
	v := w.b[:n:n]
	w.b = w.b[n:]
	return v
}

func (w *wire) byte() byte {
	if v := w.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (w *wire) uint16() uint16 {
	if v := w.take(2); v != nil {
		return binary.BigEndian.Uint16(v)
	}
	return 0
}

func (w *wire) uint32() uint32 {
	if v := w.take(4); v != nil {
		return binary.BigEndian.Uint32(v)
	}
	return 0
}

func (w *wire) uint64() uint64 {
	if v := w.take(8); v != nil {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}
