package sql

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/connectors/database"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

const declaration = `
connect: { kind: sql, driver: sqlite, path: %q }
streams:
  event:
    from: { table: %q, cursor: %s }
    key: [no]
    fields: { seq: number, no: text, opened: text, amount: number, note: text }
    drop: [phone]
`

func system(tb testing.TB, path, table, cursor string) *schemas.System {
	return conntest.Declare(tb, fmt.Sprintf(declaration, path, table, cursor))
}

// database makes a file with a table of n events.
func sqliteFile(tb testing.TB, n int) (string, *sql.DB) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "市 运行?.db")
	db := writer(tb, path)
	run(tb, db, `CREATE TABLE event (seq INTEGER PRIMARY KEY, no TEXT, opened DATE, amount REAL, note TEXT, phone TEXT)`)
	insert(tb, db, 1, n)
	return path, db
}

func writer(tb testing.TB, path string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite", strings.SplitN(database.SQLiteSource(path), "?", 2)[0]+"?_pragma=journal_mode(WAL)&_pragma=synchronous(0)")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

func run(tb testing.TB, db *sql.DB, q string, args ...any) {
	tb.Helper()
	if _, err := db.Exec(q, args...); err != nil {
		tb.Fatal(err)
	}
}

func insert(tb testing.TB, db *sql.DB, from, n int) {
	tb.Helper()
	run(tb, db, `WITH RECURSIVE c(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM c WHERE i < ?2)
		INSERT INTO event SELECT i, printf('E%08d', i), '2025-12-01', i / 4.0, '一号网格 "' || i || '"', '13800000000' FROM c WHERE i <= ?2`,
		from, from+n-1)
}

type world struct{}

type site struct {
	sys  *schemas.System
	db   *sql.DB
	rows int
	text string
}

func newSite(tb testing.TB, path string, db *sql.DB, rows int, from string) *site {
	text := fmt.Sprintf(strings.Replace(declaration, "cursor: %s", "%s", 1), path, "event", from)
	return &site{conntest.Declare(tb, text), db, rows, text}
}

func (s *site) System() *schemas.System { return s.sys }
func (s *site) Stream() string          { return "event" }
func (s *site) Count() int              { return s.rows }
func (s *site) Add(tb testing.TB)       { insert(tb, s.db, s.rows+1, 7); s.rows += 7 }

func (world) Kind() connectors.Kind { return Kind() }

func (world) Start(tb testing.TB) conntest.Site {
	const rows = connectors.ChunkRows + 500
	path, db := sqliteFile(tb, rows)
	return newSite(tb, path, db, rows, "cursor: seq, deletes: true")
}

func (world) Refused() []conntest.Refused {
	bad := func(from, connect string) string {
		return "connect: " + connect + "\nstreams: { event: { from: " + from + ", key: [no], fields: { seq: number, no: text } } }\n"
	}
	good := "{ kind: sql, driver: sqlite, path: x.db }"
	return []conntest.Refused{
		{Name: "cursor is no field", Text: bad("{ table: event, cursor: sequence }", good), Rule: "sql.cursor"},
		{Name: "cursor is missing", Text: bad("{ table: event }", good), Rule: "sql.cursor"},
		{Name: "unknown key", Text: bad("{ table: event, cursor: seq, where: x }", good), Rule: "key.unknown"},
		{Name: "unknown driver", Text: bad("{ table: event, cursor: seq }", "{ kind: sql, driver: sqlit, path: x.db }"), Rule: "sql.driver"},
	}
}

func (world) Unfit(tb testing.TB) []conntest.Unfit {
	path, _ := sqliteFile(tb, 1)
	text := filepath.Join(tb.TempDir(), "text.db")
	if err := os.WriteFile(text, bytes.Repeat([]byte("no database. "), 100), 0o600); err != nil {
		tb.Fatal(err)
	}
	wrong := conntest.Declare(tb, strings.Replace(fmt.Sprintf(declaration, path, "event", "seq"), "note: text", "note: text, extra: text", 1))
	return []conntest.Unfit{
		{Name: "no file yet", System: system(tb, filepath.Join(tb.TempDir(), "none.db"), "event", "seq"), Class: fault.Transient},
		{Name: "no table yet", System: system(tb, path, "events", "seq"), Class: fault.Transient},
		{Name: "no such column", System: wrong, Class: fault.Config},
		{Name: "no database", System: system(tb, text, "event", "seq"), Class: fault.Config},
		{Name: "no such variable", System: system(tb, "${env:RONGTONG_TEST_NOT_SET}", "event", "seq"), Class: fault.Config},
	}
}

func (world) Exempt() map[string]string {
	const file = "a file has no line that could do this"
	return map[string]string{
		"credentials": "a file has no credentials", "cut": file, "throttle": file, "truncate": file, "expire": "a file has no credentials", "stall": file,
	}
}

// StartLarge has a file with many events.
func (world) StartLarge(tb testing.TB, n int) conntest.Site {
	path, db := sqliteFile(tb, n)
	return newSite(tb, path, db, n, "cursor: seq")
}

// Text lets another process read the same file.
func (s *site) Text() string { return s.text }

func (s *site) Update(tb testing.TB) []conntest.Event {
	run(tb, s.db, `UPDATE event SET note = 'changed', seq = seq + 1000000 WHERE no IN ('E00000003', 'E00000004')`)
	with := map[string]string{"note": `"changed"`}
	return []conntest.Event{{Key: "E00000003", With: with}, {Key: "E00000004", With: with}}
}

func (s *site) Delete(tb testing.TB) []conntest.Event {
	run(tb, s.db, `DELETE FROM event WHERE no IN ('E00000007', 'E00020000')`)
	return []conntest.Event{{Key: "E00000007"}, {Key: "E00020000"}}
}

// StartTypes has a column with a value of every row of the dialect's table.
func (world) StartTypes(tb testing.TB) (conntest.Site, []conntest.Typed) {
	path := filepath.Join(tb.TempDir(), "types.db")
	db := writer(tb, path)
	run(tb, db, `CREATE TABLE event (seq INTEGER PRIMARY KEY, no TEXT, opened DATE, amount NUMERIC, note REAL, plain, digest BLOB)`)
	run(tb, db, `INSERT INTO event VALUES (1, '键', '1988-07-01', '0.50', 0.1, 'x', x'00ff'), (2, '', 20251201, 9007199254740993, 1e300, 7, NULL)`)
	text := fmt.Sprintf(strings.Replace(declaration, "cursor: %s", "%s, hex: [digest]", 1), path, "event", "cursor: seq")
	text = strings.Replace(text, "key: [no]", "key: [seq]", 1)
	text = strings.Replace(text, "amount: number, note: text", "amount: number, note: number, plain: text, digest: text", 1)
	s := &site{sys: conntest.Declare(tb, text), db: db, rows: 2, text: text}
	return s, []conntest.Typed{
		{Type: "INTEGER", Key: "1", Field: "seq", JSON: "1"}, {Type: "TEXT", Key: "1", Field: "no", JSON: `"键"`}, {Type: "TEXT", Key: "2", Field: "no", JSON: `""`},
		{Type: "DATE", Key: "1", Field: "opened", JSON: `"1988-07-01"`}, {Type: "DATE", Key: "2", Field: "opened", JSON: `"20251201"`},
		{Type: "NUMERIC", Key: "1", Field: "amount", JSON: "0.5"}, {Type: "NUMERIC", Key: "2", Field: "amount", JSON: "9007199254740993"},
		{Type: "REAL", Key: "1", Field: "note", JSON: "0.1"}, {Type: "none", Key: "1", Field: "plain", JSON: `"x"`}, {Type: "none", Key: "2", Field: "plain", JSON: `"7"`},
		{Type: "BLOB", Key: "1", Field: "digest", JSON: `"00ff"`}, {Type: "BLOB", Key: "2", Field: "digest", JSON: "null"},
	}
}

func TestConformance(t *testing.T) { conntest.Run(t, world{}) }

// source opens the stream of a system; it ends with tb.
func open1(tb testing.TB, sys *schemas.System, pos record.Position) connectors.Source {
	tb.Helper()
	o, err := Kind().Open(context.Background(), sys)
	if err != nil {
		tb.Fatal(err)
	}
	src, err := o.Source(context.Background(), sys.Streams[0].Value, pos)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { src.Close(); o.Close() })
	return src
}

func TestValuesAreVerbatim(t *testing.T) {
	path, db := sqliteFile(t, 0)
	run(t, db, `INSERT INTO event VALUES (-9223372036854775808, 'a', '2025-12-01', 0.1, NULL, 'secret'),
		(2, 7, 20251201, 12345678901234567890.0, 3.50, ''), (9007199254740993, x'4142', 'no date', '1,200户', 1e-9, '')`)
	var chunk record.Chunk
	if _, err := open1(t, system(t, path, "event", "seq"), nil).Read(context.Background(), &chunk); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"seq":-9223372036854775808,"no":"a","opened":"2025-12-01","amount":0.1,"note":null}`,
		`{"seq":2,"no":"7","opened":"20251201","amount":12345678901234567000,"note":"3.5"}`,
		`{"seq":9007199254740993,"no":"AB","opened":"no date","amount":"1,200户","note":"1.0e-09"}`,
	}
	for i, w := range want {
		if got := string(chunk.Rows[i].Value); got != w {
			t.Errorf("row %d\ngot  %s\nwant %s", i, got, w)
		}
	}
	if p := chunk.Rows[1].Place; p != "event seq=2" {
		t.Errorf("place %q", p)
	}
}

// TestEqualCursors: rows that share a cursor value are told apart by the key,
// however many they are; rows that share both are never torn apart.
func TestEqualCursors(t *testing.T) {
	path, db := sqliteFile(t, connectors.ChunkRows+100)
	run(t, db, `UPDATE event SET opened = '2025-12-02'`)
	src := open1(t, system(t, path, "event", "opened"), nil)
	if got := chunks(t, src); !slices.Equal(got, []int{connectors.ChunkRows, 100}) {
		t.Errorf("chunks of %v rows", got)
	}
	run(t, db, `UPDATE event SET no = 'twice', opened = '2025-12-03' WHERE seq > ?`, connectors.ChunkRows-50)
	if got := chunks(t, open1(t, system(t, path, "event", "opened"), nil)); !slices.Equal(got, []int{connectors.ChunkRows - 50, 150}) {
		t.Errorf("chunks of %v rows", got)
	}
	insert(t, db, connectors.ChunkRows+101, 1)
	run(t, db, `UPDATE event SET no = 'same', opened = '2025-12-03'`) // 20,101 rows that nothing tells apart
	var chunk record.Chunk
	if _, err := open1(t, system(t, path, "event", "opened"), nil).Read(context.Background(), &chunk); !fault.Is(err, fault.Config) {
		t.Errorf("a group larger than a chunk: %v", err)
	}
}

// chunks reads to the end and returns the sizes of the chunks.
func chunks(t *testing.T, src connectors.Source) (sizes []int) {
	t.Helper()
	var chunk record.Chunk
	for {
		chunk.Reset()
		_, err := src.Read(context.Background(), &chunk)
		if errors.Is(err, io.EOF) {
			return sizes
		}
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(chunk.Rows))
	}
}

func TestTextCursorAndNull(t *testing.T) {
	path, db := sqliteFile(t, 3)
	start := position{phase: following, after: []string{"E00000002"}}
	from, err := start.encode(nil, false)
	if err != nil {
		t.Fatal(err)
	}
	src := open1(t, system(t, path, "event", "no"), from)
	var chunk record.Chunk
	pos, err := src.Read(context.Background(), &chunk)
	if err != nil || len(chunk.Rows) != 1 || string(chunk.Rows[0].Key) != "E00000003" {
		t.Fatalf("%d rows, %v", len(chunk.Rows), err)
	}
	if p, _, err := parsePosition(pos); err != nil || p.after[0] != "E00000003" {
		t.Errorf("position %v, %v", p, err)
	}
	run(t, db, `UPDATE event SET no = NULL WHERE seq = 2`)
	chunk.Reset()
	_, err = open1(t, system(t, path, "event", "no"), nil).Read(context.Background(), &chunk)
	if !fault.Is(err, fault.Config) {
		t.Errorf("a null cursor: %v", err)
	}
	_, err = open1(t, system(t, path, "event", "amount"), nil).Read(context.Background(), &chunk)
	if !fault.Is(err, fault.Config) {
		t.Errorf("a cursor of floating point: %v", err)
	}
}

// TestNames: identifiers are data, whatever they contain.
func TestNames(t *testing.T) {
	path, db := sqliteFile(t, 2)
	run(t, db, `ALTER TABLE event RENAME TO "a""; DROP TABLE b; -- 事件"`)
	var chunk record.Chunk
	sys := system(t, path, `a"; DROP TABLE b; -- 事件`, "seq")
	if _, err := open1(t, sys, nil).Read(context.Background(), &chunk); err != nil || len(chunk.Rows) != 2 {
		t.Errorf("%d rows, %v", len(chunk.Rows), err)
	}
}

func TestReadsOnly(t *testing.T) {
	path, _ := sqliteFile(t, 1)
	o, err := Kind().Open(context.Background(), system(t, path, "event", "seq"))
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if err := o.(*opened).db.Exec(context.Background(), "DELETE FROM event"); err == nil {
		t.Error("the source's rows can be deleted")
	}
}

// TestWriterGone: a database in WAL mode is read when its writer closed it, and
// when its writer died and left its log behind.
func TestWriterGone(t *testing.T) {
	path, db := sqliteFile(t, 100)
	died := filepath.Join(t.TempDir(), "died.db")
	for _, suffix := range []string{"", "-wal"} { // without -shm: it is not valid after a reboot
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(died+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, died} {
		var chunk record.Chunk
		if _, err := open1(t, system(t, p, "event", "seq"), nil).Read(context.Background(), &chunk); err != nil || len(chunk.Rows) != 100 {
			t.Errorf("%s: %d rows, %v", filepath.Base(p), len(chunk.Rows), err)
		}
	}
}

// TestSeesOnlyCommitted: rows of an open transaction are not read, and are not
// lost when it commits.
func TestSeesOnlyCommitted(t *testing.T) {
	path, db := sqliteFile(t, 10)
	src := open1(t, system(t, path, "event", "seq"), nil)
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`INSERT INTO event (seq, no) VALUES (11, 'late')`); err != nil {
		t.Fatal(err)
	}
	var chunk record.Chunk
	if _, err := src.Read(context.Background(), &chunk); err != nil || len(chunk.Rows) != 10 {
		t.Fatalf("%d rows, %v", len(chunk.Rows), err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	chunk.Reset()
	if _, err := src.Read(context.Background(), &chunk); err != nil || len(chunk.Rows) != 1 || string(chunk.Rows[0].Key) != "late" {
		t.Errorf("%d rows, %v", len(chunk.Rows), err)
	}
}

func TestLockedIsTransient(t *testing.T) {
	path := filepath.Join(t.TempDir(), "locked.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	run(t, db, `CREATE TABLE event (seq INTEGER PRIMARY KEY, no, opened, amount, note)`)
	run(t, db, `BEGIN EXCLUSIVE`)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	var chunk record.Chunk
	if _, err := open1(t, system(t, path, "event", "seq"), nil).Read(ctx, &chunk); !fault.Is(err, fault.Transient) {
		t.Errorf("a locked database: %v", err)
	}
}

func TestDiscover(t *testing.T) {
	path, _ := sqliteFile(t, 1)
	o, err := Kind().Open(context.Background(), system(t, path, "event", "seq"))
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	got, err := o.Discover(context.Background())
	if err != nil || len(got) != 1 {
		t.Fatalf("%d streams, %v", len(got), err)
	}
	if text := strings.TrimSpace(fmt.Sprintln(got[0].Name, got[0].Key, got[0].Fields[0].Key, got[0].Fields[0].Value, len(got[0].Fields))); text != "event [seq] seq number 6" {
		t.Errorf("discovered %s", text)
	}
}

// FuzzPosition: what is read as a position is written as the same one.
func FuzzPosition(f *testing.F) {
	p := position{phase: following, high: "9", after: []string{"7", "键"}, floor: -5, seen: []mark{{-5, 1}, {7, 1 << 63}}}
	for _, k := range []known{nil, {"a": 1, "ab": 2}} {
		b, err := p.encode(k, true)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(b))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, k, err := parsePosition(b)
		if err != nil || p.phase == starting {
			return
		}
		again, err := p.encode(k, true)
		if err != nil {
			t.Fatal(err)
		}
		p2, k2, err := parsePosition(again)
		if err != nil || !reflect.DeepEqual(p, p2) || !maps.Equal(k, k2) {
			t.Fatalf("%v %v becomes %v %v, %v", p, k, p2, k2, err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	path, _ := sqliteFile(b, 200_000)
	sys := system(b, path, "event", "seq")
	var chunk record.Chunk
	rows, cpu := 0, used()
	b.ReportAllocs()
	for b.Loop() {
		src := open1(b, sys, nil)
		for {
			chunk.Reset()
			if _, err := src.Read(context.Background(), &chunk); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
			rows += len(chunk.Rows)
		}
	}
	b.ReportMetric(float64(rows)/(used()-cpu).Seconds(), "rows/cpu-s")
}

func used() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
