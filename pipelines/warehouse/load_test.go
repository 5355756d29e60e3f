package warehouse

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// claims builds Arrow records of an entity as transforms would: one map per
// row, column to text; a column that is absent is null, or its zero if common.
func claims(t testing.TB, mem memory.Allocator, e *schemas.Entity, rows []map[string]string) arrow.Record {
	t.Helper()
	var fields []arrow.Field
	for _, c := range schemas.StdColumns(e) {
		fields = append(fields, arrow.Field{Name: c.Name, Type: arrowType(t, c), Nullable: true})
	}
	b := array.NewRecordBuilder(mem, arrow.NewSchema(fields, nil))
	defer b.Release()
	for _, row := range rows {
		for i, c := range schemas.StdColumns(e) {
			v, ok := row[c.Name]
			if !ok && schemas.IsCommon(c.Name) {
				v, ok = zeros[c.Type], true
			}
			if !ok {
				b.Field(i).AppendNull()
				continue
			}
			appendText(t, b.Field(i), v)
		}
	}
	return b.NewRecord()
}

var zeros = map[schemas.Type]string{
	schemas.Code12: "370000000000", schemas.Time: "2025-12-31T00:00:00Z",
	schemas.UInt8: "0", schemas.UInt16: "0", schemas.UInt32: "0", schemas.UInt64: "0",
}

func arrowType(t testing.TB, c *schemas.Column) arrow.DataType {
	switch c.Type {
	case schemas.Text, schemas.Name, schemas.Code12, schemas.Code18, schemas.CodeType, schemas.Bool3, schemas.Pid:
		return arrow.BinaryTypes.String
	case schemas.Int:
		return arrow.PrimitiveTypes.Int64
	case schemas.Measure:
		return &arrow.Decimal128Type{Precision: 18, Scale: 4}
	case schemas.Date:
		return arrow.FixedWidthTypes.Date32
	case schemas.Time:
		return &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}
	case schemas.List:
		return arrow.ListOf(arrow.BinaryTypes.String)
	case schemas.Map:
		return arrow.MapOf(arrow.BinaryTypes.String, arrow.BinaryTypes.String)
	case schemas.UInt8:
		return arrow.PrimitiveTypes.Uint8
	case schemas.UInt16:
		return arrow.PrimitiveTypes.Uint16
	case schemas.UInt32:
		return arrow.PrimitiveTypes.Uint32
	case schemas.UInt64:
		return arrow.PrimitiveTypes.Uint64
	}
	t.Fatalf("column %q has the unknown type %q", c.Name, c.Type)
	return nil
}

func appendText(t testing.TB, b array.Builder, v string) {
	t.Helper()
	number := func(bits int) uint64 {
		n, err := strconv.ParseUint(v, 10, bits)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	switch b := b.(type) {
	case *array.StringBuilder:
		b.Append(v)
	case *array.Int64Builder:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		b.Append(n)
	case *array.Decimal128Builder:
		n, err := decimal128.FromString(v, 18, 4)
		if err != nil {
			t.Fatal(err)
		}
		b.Append(n)
	case *array.Date32Builder:
		d, err := time.Parse(time.DateOnly, v)
		if err != nil {
			t.Fatal(err)
		}
		b.Append(arrow.Date32FromTime(d))
	case *array.TimestampBuilder:
		at, err := time.Parse(time.RFC3339Nano, v)
		if err != nil {
			t.Fatal(err)
		}
		b.Append(arrow.Timestamp(at.UnixMilli()))
	case *array.ListBuilder:
		b.Append(true)
		for _, s := range strings.FieldsFunc(v, func(r rune) bool { return r == '|' }) {
			b.ValueBuilder().(*array.StringBuilder).Append(s)
		}
	case *array.MapBuilder:
		b.Append(true)
		for _, s := range strings.FieldsFunc(v, func(r rune) bool { return r == '|' }) {
			key, value, _ := strings.Cut(s, "=")
			b.KeyBuilder().(*array.StringBuilder).Append(key)
			b.ItemBuilder().(*array.StringBuilder).Append(value)
		}
	case *array.Uint8Builder:
		b.Append(uint8(number(8)))
	case *array.Uint16Builder:
		b.Append(uint16(number(16)))
	case *array.Uint32Builder:
		b.Append(uint32(number(32)))
	case *array.Uint64Builder:
		b.Append(number(64))
	default:
		t.Fatalf("no text for %T", b)
	}
}

// catalogOf loads entities given as YAML, with the shipped tiers and codes.
func catalogOf(t *testing.T, entities ...string) *schemas.Catalog {
	t.Helper()
	fs := fstest.MapFS{}
	for i, e := range entities {
		fs[fmt.Sprintf("themes/t9_test/e%d.yaml", i)] = &fstest.MapFile{Data: []byte(e)}
	}
	tiers, err := schemas.FS.ReadFile("tiers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	fs["tiers.yaml"] = &fstest.MapFile{Data: tiers}
	codes, err := schemas.FS.ReadDir("codes")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range codes {
		data, err := schemas.FS.ReadFile("codes/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		fs["codes/"+f.Name()] = &fstest.MapFile{Data: data}
	}
	c, problems := schemas.Load(fs)
	for _, p := range problems {
		t.Error(p)
	}
	if t.Failed() {
		t.FailNow()
	}
	return c
}

// everyType has a nullable and a required column of every logical type.
const everyType = `
entity: every_type
theme: t9_test
name: { zh: 各类型, en: Every type }
doc: { zh: 测试, en: Test }
key: [id]
fusion: field
authority: [P]
columns:
  - { name: id, type: text, zh: 标识, en: Id }
  - { name: a_text, type: text, zh: 文本, en: A }
  - { name: a_name, type: name, zh: 名称, en: A }
  - { name: a_code12, type: code12, zh: 区划, en: A }
  - { name: a_code18, type: code18, zh: 代码, en: A }
  - { name: a_codelist, type: codelist, list: tier, zh: 代码表, en: A }
  - { name: a_int, type: int, zh: 整数, en: A }
  - { name: a_measure, type: measure, unit: m2, zh: 量, en: A }
  - { name: a_date, type: date, zh: 日期, en: A }
  - { name: a_time, type: time, zh: 时间, en: A }
  - { name: a_bool3, type: bool3, zh: 三态, en: A }
  - { name: a_list, type: list, zh: 列表, en: A }
  - { name: n_text, type: text, zh: 文本, en: A, nullable: true }
  - { name: n_name, type: name, zh: 名称, en: A, nullable: true }
  - { name: n_code12, type: code12, zh: 区划, en: A, nullable: true }
  - { name: n_code18, type: code18, zh: 代码, en: A, nullable: true }
  - { name: n_codelist, type: codelist, list: tier, zh: 代码表, en: A, nullable: true }
  - { name: n_int, type: int, zh: 整数, en: A, nullable: true }
  - { name: n_measure, type: measure, unit: m2, zh: 量, en: A, nullable: true }
  - { name: n_date, type: date, zh: 日期, en: A, nullable: true }
  - { name: n_time, type: time, zh: 时间, en: A, nullable: true }
  - { name: n_bool3, type: bool3, zh: 三态, en: A, nullable: true }
  - { name: n_list, type: list, zh: 列表, en: A, nullable: true }
  - { name: n_map, type: map, zh: 属性, en: A, nullable: true }
  - { name: n_pid, type: pid, zh: 假名, en: A, nullable: true, pii: P2 }
`

var sample = map[schemas.Type]string{
	schemas.Text: "任意 文本\n'\"\\", schemas.Name: "解放桥社区𠮷", schemas.Code12: "370102001002",
	schemas.Code18: "1137000000450218XQ", schemas.CodeType: "X", schemas.Int: "-9223372036854775808",
	schemas.Measure: "-99999999999999.9999", schemas.Date: "1901-03-05", schemas.Time: "2025-12-31T15:59:59.123000Z",
	schemas.Bool3: "unknown", schemas.List: "甲|乙", schemas.Map: "甲=1|乙=", schemas.Pid: "ptv7fhpcl4prtitstl4ekutsfu",
}

// Every logical type survives the way from Arrow into std and through fusion
// into dwd, as a value and as a null.
func TestTypesRoundTrip(t *testing.T) { eachProtocol(t, typesRoundTrip) }

func typesRoundTrip(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	c := catalogOf(t, everyType)
	w := engine(t, c)
	e := c.Entity("every_type")
	full := map[string]string{"id": "full", "src_system": "s", "src_tier": "P", "version": "18446744073709551615", "kafka_offset": "9223372036854775807"}
	sparse := map[string]string{"id": "sparse", "src_system": "s", "src_tier": "P", "version": "1"}
	for _, col := range e.Columns {
		if col.Name == "id" {
			continue
		}
		full[col.Name] = sample[col.Type]
		if !col.Nullable {
			sparse[col.Name] = sample[col.Type]
		}
	}
	rec := claims(t, mem, e, []map[string]string{full, sparse})
	defer rec.Release()
	if err := w.Load(t.Context(), Load{Token: "types", Table: "std.every_type", Rows: rec}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Fuse(t.Context(), c, "every_type"); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"std.every_type", "dwd.every_type"} {
		for _, col := range e.Columns {
			if col.Name == "id" {
				continue
			}
			got := strs(t, w, fmt.Sprintf("SELECT %s FROM %s ORDER BY id", asText(col), table))
			second := sample[col.Type]
			if col.Nullable {
				second = "NULL"
				if col.Type.Collection() {
					second = ""
				}
			}
			if got[0] != sample[col.Type] || got[1] != second {
				t.Errorf("%s.%s: got %q, want %q and %q", table, col.Name, got, sample[col.Type], second)
			}
		}
	}
}

// asText renders a column the way the test writes it.
func asText(c *schemas.Column) string {
	switch c.Type {
	case schemas.List:
		return "arrayStringConcat(" + c.Name + ", '|')"
	case schemas.Map:
		return "arrayStringConcat(arrayMap((k, v) -> concat(k, '=', v), mapKeys(" + c.Name + "), mapValues(" + c.Name + ")), '|')"
	case schemas.Time:
		return "ifNull(formatDateTime(" + c.Name + ", '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC'), 'NULL')"
	}
	return "ifNull(toString(" + c.Name + "), 'NULL')"
}

const thing = `
entity: thing
theme: t9_test
name: { zh: 物, en: Thing }
doc: { zh: 测试, en: Test }
key: [id]
fusion: field
authority: [P]
columns:
  - { name: id, type: text, zh: 标识, en: Id }
  - { name: note, type: text, zh: 说明, en: Note, nullable: true }
`

func TestTokenTwiceIsOnce(t *testing.T) { eachProtocol(t, tokenTwiceIsOnce) }

func tokenTwiceIsOnce(t *testing.T) {
	c := catalogOf(t, thing)
	w := engine(t, c)
	e := c.Entity("thing")
	load := func(token string, rows ...map[string]string) {
		t.Helper()
		rec := claims(t, memory.DefaultAllocator, e, rows)
		defer rec.Release()
		if err := w.Load(t.Context(), Load{token, "std.thing", rec}); err != nil {
			t.Fatal(err)
		}
	}
	a := map[string]string{"id": "1", "src_system": "a", "version": "1"}
	b := map[string]string{"id": "2", "src_system": "a", "version": "1"}
	load("t1", a)
	load("t1", a)
	if n := count(t, w, "SELECT count() FROM std.thing"); n != 1 {
		t.Errorf("after the same token twice there are %d rows, want 1", n)
	}
	load("t2", b)
	load("t1", a)
	if n := count(t, w, "SELECT count() FROM std.thing"); n != 2 {
		t.Errorf("after an old token again there are %d rows, want 2", n)
	}
	// The sabotaged variant: without the window a token silently does nothing.
	if err := w.Exec(t.Context(), "ALTER TABLE std.thing MODIFY SETTING non_replicated_deduplication_window = 0"); err != nil {
		t.Fatal(err)
	}
	load("t2", b)
	if n := count(t, w, "SELECT count() FROM std.thing"); n != 3 {
		t.Errorf("without a window there are %d rows, want 3: this test would not notice a missing window", n)
	}
}

// A load is one block whatever its size: a crash leaves all of it or nothing.
func TestLoadIsOnePart(t *testing.T) { eachProtocol(t, loadIsOnePart) }

func loadIsOnePart(t *testing.T) {
	c := catalogOf(t, thing)
	w := engine(t, c)
	if err := w.Exec(t.Context(), "SYSTEM STOP MERGES std.thing"); err != nil {
		t.Fatal(err)
	}
	rows := make([]map[string]string, 150_000)
	for i := range rows {
		rows[i] = map[string]string{"id": strconv.Itoa(i), "src_system": "a", "version": "1", "note": strings.Repeat("长", 20)}
	}
	rec := claims(t, memory.DefaultAllocator, c.Entity("thing"), rows)
	defer rec.Release()
	if err := w.Load(t.Context(), Load{"big", "std.thing", rec}); err != nil {
		t.Fatal(err)
	}
	if n := count(t, w, "SELECT count() FROM system.parts WHERE database = 'std' AND table = 'thing' AND active"); n != 1 {
		t.Errorf("one load made %d parts, want 1", n)
	}
	if n := count(t, w, "SELECT count() FROM std.thing"); n != 150_000 {
		t.Errorf("%d rows arrived, want 150000", n)
	}
}

func TestFaultClasses(t *testing.T) { eachProtocol(t, faultClasses) }

func faultClasses(t *testing.T) {
	c := catalogOf(t, thing, everyType)
	w := engine(t, c)
	bad := map[string]string{"id": "1", "src_system": "a", "version": "1", "n_bool3": "也许是秘密"}
	rec := claims(t, memory.DefaultAllocator, c.Entity("every_type"), []map[string]string{bad})
	defer rec.Release()
	err := w.Load(t.Context(), Load{"x", "std.every_type", rec})
	if !fault.Is(err, fault.Data) {
		t.Errorf("a value outside an enumeration is %v: %v", fault.Of(err), err)
	}
	if err != nil && strings.Contains(err.Error(), "秘密") {
		t.Errorf("the error holds a value of a record: %v", err)
	}
	if err := w.Load(t.Context(), Load{"x", "std.nothing", rec}); !fault.Is(err, fault.Config) {
		t.Errorf("a missing table is %v: %v", fault.Of(err), err)
	}
	if err := w.Load(t.Context(), Load{"x", "std.thing", rec}); !fault.Is(err, fault.Config) {
		t.Errorf("a missing column is %v: %v", fault.Of(err), err)
	}
	if err := w.Load(t.Context(), Load{"", "std.thing", rec}); !fault.Is(err, fault.Bug) {
		t.Errorf("a load without a token is %v: %v", fault.Of(err), err)
	}
	if err := w.Exec(t.Context(), "SELEC 1"); !fault.Is(err, fault.Config) {
		t.Errorf("a syntax error is %v: %v", fault.Of(err), err)
	}
	if err := w.Exec(t.Context(), "SELECT number FROM numbers(1e9) ORDER BY rand() FORMAT Null SETTINGS max_memory_usage = 1000000"); !fault.Is(err, fault.Transient) {
		t.Errorf("running out of memory is %v: %v", fault.Of(err), err)
	}
}

func TestOpenErrors(t *testing.T) {
	good, native := bare(t), embeddedtest.WarehouseNative(t)
	for _, tc := range []struct {
		name, url string
		class     fault.Class
	}{
		{"not a URL", "127.0.0.1:9000", fault.Config},
		{"another protocol", "mysql://127.0.0.1:9004", fault.Config},
		{"native protocol at the port of HTTP", "clickhouse://admin:x@" + good.addr, fault.Config},
		{"nobody listens, native protocol", "clickhouse://admin:x@127.0.0.1:1", fault.Transient},
		{"wrong password, native protocol", "clickhouse://admin:not-the-password@" + native[strings.LastIndex(native, "@")+1:], fault.Config},
		{"missing reference", "http://admin:${env:RONGTONG_TEST_NOT_SET}@127.0.0.1:1", fault.Config},
		{"wrong password", "http://admin:not-the-password@" + good.addr, fault.Config},
		{"no such user", "http://nobody:x@" + good.addr, fault.Config},
		{"nobody listens", "http://admin:x@127.0.0.1:1", fault.Transient},
	} {
		w, err := Open(t.Context(), tc.url)
		if w != nil || !fault.Is(err, tc.class) {
			t.Errorf("%s: class %v, want %v: %v", tc.name, fault.Of(err), tc.class, err)
		}
		if err != nil && strings.Contains(err.Error(), "not-the-password") {
			t.Errorf("%s: the error holds the password", tc.name)
		}
	}
	var dst uint64
	if err := good.QueryRow(t.Context(), "SELECT number FROM numbers(0)", []any{&dst}); !errors.Is(err, ErrNoRows) {
		t.Errorf("an empty answer for one row: %v", err)
	}
}

func TestInsertRows(t *testing.T) { eachProtocol(t, insertRows) }

func insertRows(t *testing.T) {
	w := engine(t, catalogOf(t, thing))
	at := time.Date(2025, 12, 31, 15, 59, 59, 123e6, time.UTC)
	row := LoadRow{LoadID: "l", System: "s", Tier: "P", Stream: "st", Flow: "st→thing", Entity: "thing", Topic: "in.s.st",
		Partition: 3, FromOffset: 10, ToOffset: 20, Plan: 1<<64 - 1, Received: 10, Accepted: 9, Rejected: 1, LoadedAt: at}
	for range 2 {
		if err := w.InsertRows(t.Context(), "ops.load", "l", []LoadRow{row}); err != nil {
			t.Fatal(err)
		}
	}
	if got := strs(t, w, "SELECT concat(toString(plan), ' ', formatDateTime(loaded_at, '%Y-%m-%dT%H:%i:%S.%f', 'UTC'), ' ', toString(count() OVER ())) FROM ops.load"); lines(got) != "18446744073709551615 2025-12-31T15:59:59.123000 1" {
		t.Errorf("the row came back as %q", got)
	}
	run := Run{ID: "r", Job: "integrate", State: "running", Started: at}
	if err := w.RecordRun(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	run.State, run.Finished = "ok", at
	if err := w.RecordRun(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	if got := strs(t, w, "SELECT toString(state) FROM ops.run FINAL"); lines(got) != "ok" {
		t.Errorf("the run is %q, want ok", got)
	}
	if b, err := w.BooksNow(t.Context()); b.Loads != 1 || err != nil {
		t.Errorf("loads seen: %+v, %v", b, err)
	}
}

// What is read back as columns is the same over both protocols.
func TestArrow(t *testing.T) {
	eachProtocol(t, func(t *testing.T) {
		w := bare(t)
		const sql = "SELECT toInt64(number) AS n, if(number % 3 = 0, NULL, toInt64(number)) AS m, concat('行', toString(number)) AS s, nullIf(toString(number % 2), '0') AS z FROM numbers(20000) ORDER BY n"
		rows, sum := int64(0), int64(0)
		var nulls [4]int
		err := w.arrow(t.Context(), sql, "reading", func(rec arrow.Record) error {
			for i := range nulls {
				nulls[i] += rec.Column(i).NullN()
			}
			for i := range int(rec.NumRows()) {
				if n := rec.Column(0).(*array.Int64).Value(i); n != rows || rec.Column(2).(*array.String).Value(i) != "行"+strconv.FormatInt(n, 10) {
					t.Fatalf("row %d: %v", rows, rec)
				}
				if m := rec.Column(1).(*array.Int64); m.IsValid(i) {
					sum += m.Value(i)
				}
				rows++
			}
			return nil
		})
		if err != nil || rows != 20000 || nulls != [4]int{0, 6667, 0, 10000} || sum != 20000*19999/2-3*6666*6667/2 {
			t.Errorf("%d rows, nulls %v, sum %d, %v", rows, nulls, sum, err)
		}
	})
}
