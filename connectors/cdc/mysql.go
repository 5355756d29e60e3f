package cdc

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"

	"rongtong/connectors"
	"rongtong/connectors/database"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

var mysqlVariant = variant{
	kind:    "mycdc",
	doc:     "Changes of MySQL and MariaDB tables, by the binary log (rows); snapshot first.",
	dialect: database.MySQL,
	log:     func(o *opened, t *table) changeLog { return &mysqlLog{o: o, t: t} },
	check: func(ctx context.Context, o *opened, t *table) error {
		l := &mysqlLog{o: o, t: t}
		if err := l.checkServer(ctx); err != nil {
			return err
		}
		return l.prepare()
	},
}

// eventsAhead bounds the events that the library reads ahead of us: at most 8 KiB
// each, as servers write them, or one row.
const eventsAhead = 256

// mysqlLog reads the binary log for one stream. Every stream is a replica of its
// own: it gets the whole log and keeps its table's part.
type mysqlLog struct {
	o       *opened
	t       *table
	flavor  string // mysql.MariaDBFlavor or mysql.MySQLFlavor
	gtid    bool   // positions are sets of transactions
	decoded []*encoding.Decoder
	kinds   []valueKind

	syncer *replication.BinlogSyncer
	stream *replication.BinlogStreamer
	target position // the present, as it was when syncer was opened
	set    mysql.GTIDSet
	file   string
	seen   uint64 // how far in the file we are
	size   uint64 // of the file, when last asked
	quiet  int    // bytes read since a position was handed out

	tableID uint64
	inTxn   bool
	txn     string // its GTID
	alone   bool   // it is one statement, without a commit
	at      time.Time
	change  uint64
	skip    uint64
	pending []pendingRow // of the event being delivered
}

// pendingRow is one change of an event that did not fit into the chunk.
type pendingRow struct {
	op  record.Op
	row []any
}

// valueKind is what the log's value of a field needs to become the text that a
// query would have yielded.
type valueKind uint8

const (
	plainValue valueKind = iota
	unsigned8
	unsigned16
	unsigned24
	unsigned32
	unsigned64
	enumValue
	setValue
	uuidValue
	inetValue
)

// prepare decides how the values of the declared fields are read.
func (l *mysqlLog) prepare() error {
	l.kinds = make([]valueKind, len(l.t.fields))
	l.decoded = make([]*encoding.Decoder, len(l.t.fields))
	for i := range l.t.fields {
		f := &l.t.fields[i]
		k, ok := map[string]valueKind{
			"tinyint-unsigned": unsigned8, "smallint-unsigned": unsigned16, "mediumint-unsigned": unsigned24, "int-unsigned": unsigned32,
			"bigint-unsigned": unsigned64, "enum": enumValue, "set": setValue, "uuid": uuidValue, "inet4": inetValue, "inet6": inetValue, "bit": unsigned64,
		}[f.Base]
		if ok {
			l.kinds[i] = k
		}
		if strings.HasPrefix(f.Kind.Select, "ST_") {
			return fault.Hint(fault.Config, "leave the field out, or read the table with kind: sql", "column %q is a geometry, which the binary log holds in a form of its own", f.Name)
		}
		name, ok := map[string]string{"gbk": "gb18030", "gb2312": "gb18030", "gb18030": "gb18030", "big5": "big5", "latin1": "windows-1252"}[f.Charset]
		if l.o.addr.Charset != "" {
			name, ok = l.o.addr.Charset, f.Form == database.Text && f.Charset != ""
		}
		switch {
		case ok:
			e, err := htmlindex.Get(name)
			if err != nil {
				return fault.New(fault.Config, "charset %q: %w", name, err)
			}
			l.decoded[i] = e.NewDecoder()
		case f.Charset != "" && !slices.Contains([]string{"utf8mb4", "utf8mb3", "utf8", "ascii", "binary"}, f.Charset):
			return fault.Hint(fault.Config, "leave the field out, or read the table with kind: sql", "column %q is in the character set %q, which is not known here", f.Name, f.Charset)
		}
	}
	return nil
}

func (l *mysqlLog) rows(ctx context.Context, query string) ([][]string, error) {
	return database.All(ctx, l.o.db, query)
}

// checkServer asks for what reading the binary log needs.
func (l *mysqlLog) checkServer(ctx context.Context) error {
	got, err := l.rows(ctx, "SELECT VERSION(), @@log_bin, @@binlog_format, @@binlog_row_image")
	if err != nil {
		return err
	}
	l.flavor = mysql.MySQLFlavor
	if strings.Contains(strings.ToLower(got[0][0]), "mariadb") {
		l.flavor, l.gtid = mysql.MariaDBFlavor, true
	}
	for _, need := range []struct{ name, has, want string }{
		{"log_bin", got[0][1], "1"}, {"binlog_format", got[0][2], "ROW"}, {"binlog_row_image", got[0][3], "FULL"},
	} {
		if !strings.EqualFold(need.has, need.want) {
			return fault.Hint(fault.Config, fmt.Sprintf("set %s = %s on the server", need.name, need.want), "the server's %s is %q", need.name, need.has)
		}
	}
	if l.flavor == mysql.MySQLFlavor {
		mode, err := l.rows(ctx, "SELECT @@gtid_mode")
		l.gtid = err == nil && len(mode) > 0 && strings.EqualFold(mode[0][0], "ON")
	}
	_, err = l.present(ctx)
	return err
}

// present is the end of the log.
func (l *mysqlLog) present(ctx context.Context) (position, error) {
	got, err := l.rows(ctx, "SHOW MASTER STATUS")
	if err != nil {
		// MySQL 8.4 has only the new name.
		var err2 error
		if got, err2 = l.rows(ctx, "SHOW BINARY LOG STATUS"); err2 != nil {
			return position{}, err
		}
	}
	if len(got) == 0 || len(got[0]) < 2 {
		return position{}, fault.Hint(fault.Config, "set log_bin on the server", "the server writes no binary log")
	}
	l.size, _ = strconv.ParseUint(got[0][1], 10, 64)
	p := position{Log: got[0][0], At: l.size}
	if !l.gtid {
		return p, nil
	}
	query := "SELECT @@gtid_binlog_pos"
	if l.flavor == mysql.MySQLFlavor {
		query = "SELECT @@gtid_executed"
	}
	if got, err = l.rows(ctx, query); err != nil {
		return p, err
	}
	return position{Log: strings.ReplaceAll(got[0][0], "\n", "")}, nil
}

// begin notes where the log is, and takes the snapshot. MariaDB tells the place
// of the snapshot itself; for MySQL the place is taken first, without locking
// anybody: what commits in between is in both, and the log comes later.
func (l *mysqlLog) begin(ctx context.Context, at *position, snapshot bool) (database.Session, error) {
	if err := l.checkServer(ctx); err != nil {
		return nil, err
	}
	now, err := l.present(ctx)
	if err != nil {
		return nil, err
	}
	at.Log, at.At = now.Log, now.At
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

func (l *mysqlLog) look(ctx context.Context, view database.Session, at *position) error {
	if err := view.Exec(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"); err != nil {
		return err
	}
	if err := view.Exec(ctx, beginSnapshot["mycdc"]); err != nil {
		return err
	}
	now, err := database.All(ctx, view, l.o.dialect.Now())
	if err != nil {
		return err
	}
	t, err := time.Parse(time.RFC3339Nano, now[0][0])
	if err != nil {
		return fault.New(fault.Bug, "reading the clock of the database: %q is no time", now[0][0])
	}
	at.Began = t.UnixMicro()
	if l.flavor != mysql.MariaDBFlavor {
		return nil
	}
	status, err := database.All(ctx, view, "SHOW STATUS LIKE 'binlog_snapshot_%'")
	if err != nil {
		return err
	}
	vals := map[string]string{}
	for _, r := range status {
		vals[strings.ToLower(r[0])] = r[1]
	}
	file, pos := vals["binlog_snapshot_file"], vals["binlog_snapshot_position"]
	if _, err := strconv.ParseUint(pos, 10, 64); err != nil || strings.ContainsAny(file, `'\`) || file == "" {
		return nil //nolint:nilerr // an older server: the place taken first is good
	}
	got, err := database.All(ctx, view, fmt.Sprintf("SELECT BINLOG_GTID_POS('%s', %s)", file, pos))
	if err == nil && len(got) > 0 && got[0][0] != "" {
		at.Log = got[0][0]
	}
	return err
}

func (l *mysqlLog) serverID() uint32 {
	if l.t.from.ServerID > 0 {
		return uint32(l.t.from.ServerID)
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(l.o.name + "\x00" + l.t.stream.Name))
	return h.Sum32()&0x3fff_ffff | 0x4000_0000 // far from the small numbers that people give
}

// connect begins to read the log at a position, unless that is the present.
func (l *mysqlLog) connect(ctx context.Context, at *position) (err error) {
	if l.flavor == "" {
		if err := l.checkServer(ctx); err != nil {
			return err
		}
	}
	if l.kinds == nil {
		if err := l.prepare(); err != nil {
			return err
		}
	}
	if l.target, err = l.present(ctx); err != nil {
		return err
	}
	if l.gtid {
		if l.set, err = mysql.ParseGTIDSet(l.flavor, at.Log); err != nil {
			return fault.New(fault.Bug, "reading a position: its transactions are not those of this server's kind")
		}
	}
	l.file, l.seen = at.Log, at.At
	if !l.o.continuous && at.Skip == 0 && l.reached() {
		return io.EOF
	}
	config := replication.BinlogSyncerConfig{
		ServerID: l.serverID(), Flavor: l.flavor, Host: l.o.addr.Host, Port: uint16(l.o.addr.Port), User: l.o.addr.User, Password: l.o.addr.Password,
		Charset: "utf8mb4", TimestampStringLocation: time.UTC, DisableRetrySync: true, EventCacheCount: eventsAhead,
		HeartbeatPeriod: statusEvery, ReadTimeout: 3 * statusEvery, Logger: slog.New(slog.DiscardHandler), VerifyChecksum: true,
		Dialer: (&net.Dialer{Timeout: l.o.addr.Timeout}).DialContext,
	}
	if config.TLSConfig, err = l.o.addr.TLSConfig(); err != nil {
		return err
	}
	l.syncer = replication.NewBinlogSyncer(config)
	if l.gtid {
		l.stream, err = l.syncer.StartSyncGTID(l.set.Clone())
	} else {
		l.stream, err = l.syncer.StartSync(mysql.Position{Name: at.Log, Pos: uint32(at.At)})
	}
	l.tableID, l.inTxn, l.pending = 0, false, nil
	return mysqlError(err)
}

// mysqlError gives the library's errors the class of what they are.
func mysqlError(err error) error {
	var e *mysql.MyError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		class, hint := database.MySQLClass(e.Code)
		return fault.Hint(class, hint, "%w", err)
	case errors.Is(err, mysql.ErrBadConn), errors.Is(err, replication.ErrSyncClosed), strings.Contains(err.Error(), "connection was bad"):
		return fault.New(fault.Transient, "the connection to the server ended (%v): %w", err, io.ErrUnexpectedEOF)
	}
	return err
}

func (l *mysqlLog) rest() {
	if l.syncer != nil {
		l.syncer.Close()
		l.syncer, l.stream = nil, nil
	}
}

func (l *mysqlLog) lag() *connectors.Lag {
	lag := &connectors.Lag{Log: fmt.Sprintf("binary log, replica %d", l.serverID())}
	if l.size > l.seen {
		lag.Bytes = int64(l.size - l.seen)
	}
	return lag
}

// done has nothing to do: the server keeps its log for a time, whoever read it.
func (l *mysqlLog) done(context.Context, *position) error { return nil }

// reached reports whether everything up to the target was read.
func (l *mysqlLog) reached() bool {
	if !l.gtid {
		return l.file > l.target.Log || l.file == l.target.Log && l.seen >= l.target.At
	}
	want, err := mysql.ParseGTIDSet(l.flavor, l.target.Log)
	return err == nil && l.set.Contain(want)
}

// note writes the place after the last whole transaction into a position.
func (l *mysqlLog) note(at *position) {
	at.Part, at.Skip = "", 0
	if l.gtid {
		at.Log, at.At = l.set.String(), 0
		return
	}
	at.Log, at.At = l.file, l.seen
}

// read takes events until the chunk is full, the present is reached, or, in a
// continuous stream, nothing more comes at once.
func (l *mysqlLog) read(ctx context.Context, dst *record.Chunk, at *position) error {
	if l.syncer == nil {
		if err := l.connect(ctx, at); err != nil {
			return err
		}
	}
	begin := len(dst.Rows)
	for {
		if err := l.flush(dst, at); err != nil {
			return err
		}
		got := len(dst.Rows) > begin
		switch {
		case connectors.Full(dst):
			return nil
		case !l.o.continuous && !l.inTxn && l.reached():
			if got || l.quiet >= heartbeatBytes {
				l.quiet = 0
				return nil
			}
			return io.EOF
		case l.o.continuous && !l.inTxn && l.quiet >= heartbeatBytes:
			l.quiet = 0
			return nil
		}
		ev, err := l.receive(ctx, got)
		if err == nil && ev == nil {
			return nil // nothing more at once
		}
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return mysqlError(err)
		}
		if err := l.event(ctx, ev, at); err != nil {
			return err
		}
	}
}

// receive waits for an event; in a continuous stream that has something, only a
// moment: then it returns none.
func (l *mysqlLog) receive(ctx context.Context, got bool) (*replication.BinlogEvent, error) {
	if !got || !l.o.continuous {
		return l.stream.GetEvent(ctx)
	}
	short, cancel := context.WithTimeout(ctx, pollEvery)
	defer cancel()
	ev, err := l.stream.GetEvent(short)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, nil
	}
	return ev, err
}

// event takes one event of the log.
func (l *mysqlLog) event(ctx context.Context, ev *replication.BinlogEvent, at *position) error {
	l.quiet += int(ev.Header.EventSize)
	if ev.Header.LogPos > 0 {
		l.seen = uint64(ev.Header.LogPos)
	}
	switch e := ev.Event.(type) {
	case *replication.RotateEvent:
		l.file, l.seen = string(e.NextLogName), e.Position
	case *replication.MariadbGTIDEvent:
		l.open(at, e.GTID.String(), e.IsStandalone(), ev.Header)
	case *replication.GTIDEvent:
		next, err := e.GTIDNext()
		if err != nil {
			return fault.Mark(fault.Bug, err)
		}
		l.open(at, next.String(), false, ev.Header)
		if e.ImmediateCommitTimestamp > 0 {
			l.at = e.ImmediateCommitTime()
		}
	case *replication.QueryEvent:
		return l.statement(ctx, e, ev.Header, at)
	case *replication.XIDEvent:
		return l.commit(at)
	case *replication.TableMapEvent:
		return l.describe(ctx, e)
	case *replication.RowsEvent:
		l.take(e, ev.Header.EventType)
		if !l.inTxn { // a table without transactions, and no GTID
			return l.commit(at)
		}
	}
	return nil
}

// open begins a transaction.
func (l *mysqlLog) open(at *position, gtid string, alone bool, h *replication.EventHeader) {
	l.inTxn, l.txn, l.alone, l.change, l.skip = true, gtid, alone, 0, 0
	l.at = time.Unix(int64(h.Timestamp), 0)
	if at.Skip > 0 && (at.Part == gtid || !l.gtid) {
		l.skip = at.Skip
	}
}

func (l *mysqlLog) commit(at *position) error {
	l.inTxn = false
	if l.gtid && l.txn != "" {
		if err := l.set.Update(l.txn); err != nil {
			return fault.New(fault.Bug, "following the transactions of the log: %w", err)
		}
	}
	l.txn = ""
	if len(l.pending) == 0 {
		l.note(at)
	}
	return nil
}

// statement is a begin, a commit, or one that changes a table's form.
func (l *mysqlLog) statement(ctx context.Context, e *replication.QueryEvent, h *replication.EventHeader, at *position) error {
	text := string(bytes.TrimSpace(e.Query))
	switch word := strings.ToUpper(firstWord(text)); word {
	case "BEGIN":
		if !l.inTxn {
			l.open(at, "", false, h)
		}
		return nil
	case "SAVEPOINT", "RELEASE":
		return nil
	case "COMMIT", "ROLLBACK":
		if strings.Contains(strings.ToUpper(text), " TO ") {
			return nil
		}
		return l.commit(at)
	default:
		if strings.EqualFold(string(e.Schema), l.t.schema) && strings.Contains(strings.ToLower(text), strings.ToLower(l.t.from.Table)) {
			what := fmt.Sprintf("a statement %s named table %q", word, l.t.from.Table)
			if word == "TRUNCATE" {
				what = fmt.Sprintf("table %q was emptied at once (TRUNCATE): its rows are not delivered as deletes", l.t.from.Table)
			}
			l.t.events(l.placeOf(), what)
			l.tableID = 0
			if err := l.retype(ctx); err != nil {
				return err
			}
		}
		return l.commit(at)
	}
}

func firstWord(s string) string {
	for strings.HasPrefix(s, "/*") {
		_, after, ok := strings.Cut(s, "*/")
		if !ok {
			break
		}
		s = strings.TrimSpace(after)
	}
	if i := strings.IndexAny(s, " \t\r\n("); i > 0 {
		return s[:i]
	}
	return s
}

func (l *mysqlLog) placeOf() string {
	where := l.txn
	if where == "" {
		where = l.file + ":" + strconv.FormatUint(l.seen, 10)
	}
	return l.t.from.Table + " " + where + " #" + strconv.FormatUint(l.change, 10)
}

// retype reads the catalogue again: columns may have other types now.
func (l *mysqlLog) retype(ctx context.Context) error {
	cat, err := database.Describe(ctx, database.MySQL, l.o.db, l.t.from.Schema, l.t.from.Table)
	if errors.Is(err, database.ErrNoTable) {
		return nil // dropped or renamed: nothing of it follows
	}
	if err != nil {
		return err
	}
	for i, f := range l.t.stream.Fields {
		c, ok := cat.Column(f.Key)
		if !ok || c.Type == l.t.fields[i].Type {
			continue
		}
		l.t.events(l.placeOf(), fmt.Sprintf("column %q of table %q has another type: %s instead of %s", f.Key, l.t.from.Table, c.Type, l.t.fields[i].Type))
		if l.t.fields[i], err = database.MySQL.Field(c, l.o.addr.Charset, l.t.hex[i]); err != nil {
			return err
		}
	}
	return l.prepare()
}

// describe learns the columns of our table. The log names them where the server
// writes full metadata; otherwise the catalogue's order must do, and must fit.
func (l *mysqlLog) describe(ctx context.Context, e *replication.TableMapEvent) error {
	if string(e.Table) != l.t.from.Table || !strings.EqualFold(string(e.Schema), l.t.schema) || e.TableID == l.tableID {
		return nil
	}
	names := e.ColumnNameString()
	if len(names) == 0 {
		cat, err := database.Describe(ctx, database.MySQL, l.o.db, l.t.from.Schema, l.t.from.Table)
		if err != nil {
			return err
		}
		for _, c := range cat.Columns {
			names = append(names, c.Name)
		}
		if uint64(len(names)) != e.ColumnCount {
			return fault.Hint(fault.Config, "set binlog_row_metadata = FULL on the server, and let the stream begin anew",
				"at %s the table had %d columns and has %d now, and the log does not name them", l.placeOf(), e.ColumnCount, len(names))
		}
	}
	l.tableID = e.TableID
	return l.t.arrange(names, l.placeOf())
}

// take queues the changes of one event of our table.
func (l *mysqlLog) take(e *replication.RowsEvent, kind replication.EventType) {
	if e.TableID != l.tableID || l.tableID == 0 {
		return
	}
	switch kind {
	case replication.WRITE_ROWS_EVENTv0, replication.WRITE_ROWS_EVENTv1, replication.WRITE_ROWS_EVENTv2, replication.MARIADB_WRITE_ROWS_COMPRESSED_EVENT_V1:
		for _, r := range e.Rows {
			l.pending = append(l.pending, pendingRow{record.Upsert, r})
		}
	case replication.DELETE_ROWS_EVENTv0, replication.DELETE_ROWS_EVENTv1, replication.DELETE_ROWS_EVENTv2, replication.MARIADB_DELETE_ROWS_COMPRESSED_EVENT_V1:
		for _, r := range e.Rows {
			l.pending = append(l.pending, pendingRow{record.Delete, r})
		}
	default: // an update: the row before and after
		for i := 0; i+1 < len(e.Rows); i += 2 {
			if l.keyChanged(e.Rows[i], e.Rows[i+1]) {
				l.pending = append(l.pending, pendingRow{record.Delete, e.Rows[i]})
			}
			l.pending = append(l.pending, pendingRow{record.Upsert, e.Rows[i+1]})
		}
	}
}

func (l *mysqlLog) keyChanged(before, after []any) bool {
	for i, c := range l.t.layout {
		if c.field < 0 || !slices.Contains(l.t.key, c.field) || i >= len(before) || i >= len(after) {
			continue
		}
		a, okA := before[i].([]byte)
		b, okB := after[i].([]byte)
		if okA && okB {
			if !bytes.Equal(a, b) {
				return true
			}
		} else if okA != okB || before[i] != after[i] {
			return true
		}
	}
	return false
}

// flush delivers queued changes until the chunk is full.
func (l *mysqlLog) flush(dst *record.Chunk, at *position) error {
	for n, p := range l.pending {
		if connectors.Full(dst) {
			l.pending = l.pending[n:]
			return nil
		}
		l.change++
		if l.change <= l.skip {
			continue
		}
		if err := l.deliver(dst, p); err != nil {
			return err
		}
		at.Part, at.Skip = l.txn, l.change
	}
	if len(l.pending) > 0 {
		l.pending = l.pending[:0]
		if !l.inTxn {
			l.note(at)
		}
	}
	return nil
}

func (l *mysqlLog) deliver(dst *record.Chunk, p pendingRow) error {
	t := l.t
	if len(p.row) != len(t.layout) {
		return fault.New(fault.Bug, "a row of the log has %d columns, its table %d", len(p.row), len(t.layout))
	}
	t.scratch = t.scratch[:0]
	for i, v := range p.row {
		field := t.layout[i].field
		if v == nil || field < 0 {
			t.set(i, nil)
			continue
		}
		from := len(t.scratch)
		var err error
		if t.scratch, err = l.appendValue(t.scratch, field, v); err != nil {
			return err
		}
		t.set(i, t.scratch[from:len(t.scratch):len(t.scratch)])
	}
	t.append(dst, p.op, l.at, l.placeOf())
	return nil
}

// appendValue writes a value of the log as the text that a query would yield.
func (l *mysqlLog) appendValue(b []byte, field int, v any) ([]byte, error) {
	f, kind := &l.t.fields[field], l.kinds[field]
	switch v := v.(type) {
	case int8:
		return appendInt(b, int64(v), 8, kind), nil
	case int16:
		return appendInt(b, int64(v), 16, kind), nil
	case int32:
		if kind == unsigned24 {
			return strconv.AppendInt(b, int64(v)&0xff_ffff, 10), nil
		}
		return appendInt(b, int64(v), 32, kind), nil
	case int64:
		if kind == enumValue || kind == setValue {
			return l.appendLabel(b, f, kind, v)
		}
		return appendInt(b, v, 64, kind), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case float32:
		return strconv.AppendFloat(b, float64(v), 'g', -1, 32), nil
	case float64:
		return appendDouble(b, v), nil
	case string:
		return l.appendText(b, field, []byte(v))
	case []byte:
		return l.appendText(b, field, v)
	}
	return b, fault.New(fault.Bug, "column %q: the log holds a %T, which is not expected", f.Name, v)
}

func appendInt(b []byte, v int64, bits int, kind valueKind) []byte {
	if kind == plainValue {
		return strconv.AppendInt(b, v, 10)
	}
	return strconv.AppendUint(b, uint64(v)&(math.MaxUint64>>(64-bits)), 10)
}

// appendDouble writes a double as MariaDB and MySQL print it where that matters:
// the shortest digits, and an exponent without a plus.
func appendDouble(b []byte, v float64) []byte {
	if a := math.Abs(v); a != 0 && (a < 1e-15 || a >= 1e15) {
		n := len(b)
		b = strconv.AppendFloat(b, v, 'e', -1, 64)
		return append(b[:n], strings.Replace(string(b[n:]), "e+", "e", 1)...)
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64)
}

func (l *mysqlLog) appendText(b []byte, field int, v []byte) ([]byte, error) {
	f := &l.t.fields[field]
	switch {
	case l.t.hex[field]:
		if strings.HasPrefix(f.Base, "binary") {
			v = append(slices.Clone(v), make([]byte, max(0, width(f.Type)-len(v)))...) // the log leaves trailing zeros out
		}
		return hex.AppendEncode(b, v), nil
	case l.kinds[field] == uuidValue:
		return appendUUID(b, v), nil
	case l.kinds[field] == inetValue:
		return appendInet(b, v, f.Base), nil
	case l.decoded[field] != nil:
		out, err := l.decoded[field].Bytes(v)
		if err != nil {
			return b, fault.New(fault.Data, "column %q: %w", f.Name, err)
		}
		return append(b, out...), nil
	}
	return append(b, v...), nil
}

// width is the number in "binary(16)".
func width(typ string) int {
	_, rest, _ := strings.Cut(typ, "(")
	n, _ := strconv.Atoi(strings.TrimSuffix(rest, ")"))
	return max(n, 1)
}

// appendUUID: the log leaves trailing zeros out, as of every fixed-length text.
func appendUUID(b, v []byte) []byte {
	var u [16]byte
	copy(u[:], v)
	for i, part := range [][]byte{u[0:4], u[4:6], u[6:8], u[8:10], u[10:16]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, part)
	}
	return b
}

func appendInet(b, v []byte, base string) []byte {
	n := net.IPv6len
	if base == "inet4" {
		n = net.IPv4len
	}
	ip := make(net.IP, n)
	copy(ip, v)
	return append(b, ip.String()...)
}

// appendLabel writes an enum or a set by the labels that the column's type lists.
func (l *mysqlLog) appendLabel(b []byte, f *database.Field, kind valueKind, v int64) ([]byte, error) {
	labels := labelsOf(f.Type)
	if kind == enumValue {
		if v == 0 {
			return b, nil // MySQL's mark of a wrong value, shown as an empty text
		}
		if int(v) > len(labels) {
			return b, fault.New(fault.Bug, "column %q: the log holds label %d of %d", f.Name, v, len(labels))
		}
		return append(b, labels[v-1]...), nil
	}
	first := true
	for i, s := range labels {
		if uint64(v)>>i&1 == 0 {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		b, first = append(b, s...), false
	}
	return b, nil
}

// labelsOf reads the labels of "enum('a','b')".
func labelsOf(typ string) []string {
	_, rest, _ := strings.Cut(typ, "(")
	var out []string
	for {
		_, after, ok := strings.Cut(rest, "'")
		if !ok {
			return out
		}
		var label strings.Builder
		for {
			part, more, ok := strings.Cut(after, "'")
			label.WriteString(part)
			if !ok || !strings.HasPrefix(more, "'") {
				rest = more
				break
			}
			label.WriteByte('\'')
			after = more[1:]
		}
		out = append(out, label.String())
	}
}
