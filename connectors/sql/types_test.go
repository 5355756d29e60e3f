package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rongtong/connectors/conntest"
	"rongtong/connectors/database"
)

// value is one value of a source type: how a table declares it, how SQL writes
// it, as what the stream declares the field, and the JSON it must become.
type value struct{ ddl, literal, as, json string }

var postgresValues = []value{
	{"int2", "-32768", "number", "-32768"},
	{"int4", "2147483647", "number", "2147483647"},
	{"int8", "-9223372036854775808", "number", "-9223372036854775808"},
	{"int8", "9007199254740993", "text", `"9007199254740993"`},
	{"oid", "4294967295", "number", "4294967295"},
	{"numeric(38,10)", "1234567890123456789012345678.0123456789", "number", "1234567890123456789012345678.0123456789"},
	{"numeric", "0.10", "number", "0.10"},
	{"numeric", "'NaN'", "number", `"NaN"`},
	{"numeric", "'-Infinity'", "number", `"-Infinity"`},
	{"float4", "0.1", "number", "0.1"},
	{"float8", "0.1::float8 + 0.2", "number", "0.30000000000000004"},
	{"float8", "'Infinity'", "number", `"Infinity"`},
	{"float8", "1e300", "number", "1e+300"},
	{"money", "1234.5", "text", `"$1,234.50"`},
	{"bool", "true", "bool", "true"},
	{"bool", "false", "text", `"false"`},
	{"bool", "NULL", "bool", "null"},
	{"date", "'1988-07-01'", "text", `"1988-07-01"`},
	{"date", "'infinity'", "text", `"infinity"`},
	{"timestamp", "'1988-07-01 12:00:00.123456'", "text", `"1988-07-01 12:00:00.123456"`},
	{"timestamptz", "'1988-07-01 12:00:00 Asia/Shanghai'", "time", `"1988-07-01T03:00:00Z"`},
	{"timestamptz", "'1992-07-01 12:00:00.5 Asia/Shanghai'", "time", `"1992-07-01T04:00:00.5Z"`},
	{"timestamptz", "'infinity'", "time", `"infinity"`},
	{"time", "'08:00:00.5'", "text", `"08:00:00.5"`},
	{"timetz", "'08:00:00+08'", "text", `"08:00:00+08"`},
	{"interval", "'1 day 02:03:04'", "text", `"P1DT2H3M4S"`},
	{"text", "E'𠮷野家\\n\"㐀\\\\'", "text", `"𠮷野家\n\"㐀\\"`},
	{"text", "''", "text", `""`},
	{"varchar(10)", "'济南市'", "text", `"济南市"`},
	{"char(4)", "'ab'", "text", `"ab  "`},
	{"name", "'n'", "text", `"n"`},
	{"citext", "'CiText'", "text", `"CiText"`},
	{`"char"`, "'x'", "text", `"x"`},
	{"uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "text", `"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"`},
	{"kind", "'镇街'", "text", `"镇街"`},
	{"amount", "1.50", "number", "1.50"},
	{"bit(3)", "B'101'", "text", `"101"`},
	{"varbit", "B'1'", "text", `"1"`},
	{"json", `'{"a": [1,2]}'`, "text", `"{\"a\": [1,2]}"`},
	{"jsonb", `'{"a":1.0}'`, "text", `"{\"a\": 1.0}"`},
	{"int4[]", "'{1,NULL}'", "text", `"{1,NULL}"`},
	{"text[]", `'{"a b",c}'`, "text", `"{\"a b\",c}"`},
	{"pair", "ROW(1,'b')", "text", `"(1,b)"`},
	{"int4range", "'[1,5)'", "text", `"[1,5)"`},
	{"int4multirange", "'{[1,5)}'", "text", `"{[1,5)}"`},
	{"hstore", "'a=>1'", "text", `"\"a\"=>\"1\""`},
	{"xml", "'<a/>'", "text", `"<a/>"`},
	{"bytea", `'\x00ff'`, "hex", `"00ff"`},
	{"inet", "'10.0.0.1/8'", "text", `"10.0.0.1/8"`},
}

var postgresPrepare = []string{
	"CREATE EXTENSION citext", "CREATE EXTENSION hstore", "CREATE TYPE kind AS ENUM ('县区', '镇街')",
	"CREATE DOMAIN amount AS numeric(10,2)", "CREATE TYPE pair AS (a int, b text)",
}

var mariadbValues = []value{
	{"tinyint", "-128", "number", "-128"},
	{"tinyint(1)", "1", "bool", "true"},
	{"tinyint(1)", "7", "number", "7"},
	{"smallint", "-32768", "number", "-32768"},
	{"mediumint", "-8388608", "number", "-8388608"},
	{"int", "-2147483648", "number", "-2147483648"},
	{"bigint", "-9223372036854775808", "number", "-9223372036854775808"},
	{"tinyint unsigned", "255", "number", "255"},
	{"smallint unsigned", "65535", "number", "65535"},
	{"mediumint unsigned", "16777215", "number", "16777215"},
	{"int unsigned", "4294967295", "number", "4294967295"},
	{"bigint unsigned", "18446744073709551615", "number", "18446744073709551615"},
	{"year", "2025", "number", "2025"},
	{"decimal(65,30)", "'12345678901234567890123456789012345.012345678901234567890123456789'", "number", "12345678901234567890123456789012345.012345678901234567890123456789"},
	{"decimal(10,2) unsigned", "0.10", "number", "0.10"},
	{"float", "0.1", "number", "0.1"},
	{"float", "16777217", "number", "1.6777216e+07"},
	{"float unsigned", "3.4e38", "number", "3.4e+38"},
	{"double", "0.1e0 + 0.2e0", "number", "0.30000000000000004"},
	{"double unsigned", "0.5", "number", "0.5"},
	{"bit(1)", "b'1'", "bool", "true"},
	{"bit(64)", "0xFFFFFFFFFFFFFFFF", "number", "18446744073709551615"},
	{"date", "'1988-07-01'", "text", `"1988-07-01"`},
	{"date", "'0000-00-00'", "text", "null"},
	{"date", "'2020-00-00'", "text", `"2020-00-00"`},
	{"datetime(6)", "'1988-07-01 12:00:00.123456'", "text", `"1988-07-01 12:00:00.123456"`},
	{"datetime", "'0000-00-00 00:00:00'", "text", "null"},
	{"timestamp(3) NULL", "'1988-07-01 03:00:00.500'", "time", `"1988-07-01T03:00:00.500Z"`},
	{"timestamp NULL", "'0000-00-00 00:00:00'", "time", "null"},
	{"time", "'-838:59:59'", "text", `"-838:59:59"`},
	{"char(4)", "'ab'", "text", `"ab"`},
	{"varchar(20) CHARACTER SET gbk", "'济南市長'", "text", `"济南市長"`},
	{"varchar(20) CHARACTER SET utf8mb4", "'𠮷野家\\n\"'", "text", `"𠮷野家\n\""`},
	{"varchar(20) CHARACTER SET latin1", "'é'", "text", `"é"`},
	{"tinytext", "''", "text", `""`},
	{"text", "'文'", "text", `"文"`},
	{"mediumtext", "'文'", "text", `"文"`},
	{"longtext", "'文'", "text", `"文"`},
	{"enum('县区','镇街') CHARACTER SET gbk", "'镇街'", "text", `"镇街"`},
	{"set(" + members() + ")", "'m1,m64'", "text", `"m1,m64"`},
	{"json", `'{"a": 1}'`, "text", `"{\"a\": 1}"`},
	{"uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "text", `"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"`},
	{"inet4", "'10.0.0.1'", "text", `"10.0.0.1"`},
	{"inet6", "'::1'", "text", `"::1"`},
	{"binary(2)", "x'00ff'", "hex", `"00ff"`},
	{"varbinary(2)", "x'00ff'", "hex", `"00ff"`},
	{"tinyblob", "x'00ff'", "hex", `"00ff"`},
	{"blob", "x'00ff'", "hex", `"00ff"`},
	{"mediumblob", "x'00ff'", "hex", `"00ff"`},
	{"longblob", "x'00ff'", "hex", `"00ff"`},
	{"geometry", "ST_GeomFromText('POINT(1 2)')", "text", `"POINT(1 2)"`},
	{"point", "ST_GeomFromText('POINT(1 2)')", "text", `"POINT(1 2)"`},
	{"linestring", "ST_GeomFromText('LINESTRING(1 2,3 4)')", "text", `"LINESTRING(1 2,3 4)"`},
	{"polygon", "ST_GeomFromText('POLYGON((0 0,0 1,1 1,0 0))')", "text", `"POLYGON((0 0,0 1,1 1,0 0))"`},
	{"multipoint", "ST_GeomFromText('MULTIPOINT(1 2)')", "text", `"MULTIPOINT(1 2)"`},
	{"multilinestring", "ST_GeomFromText('MULTILINESTRING((1 2,3 4))')", "text", `"MULTILINESTRING((1 2,3 4))"`},
	{"multipolygon", "ST_GeomFromText('MULTIPOLYGON(((0 0,0 1,1 1,0 0)))')", "text", `"MULTIPOLYGON(((0 0,0 1,1 1,0 0)))"`},
	{"geometrycollection", "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2))')", "text", `"GEOMETRYCOLLECTION(POINT(1 2))"`},
}

// members are those of a set of 64, which takes eight bytes.
func members() string {
	var out []string
	for i := range 64 {
		out = append(out, fmt.Sprintf("'m%d'", i+1))
	}
	return strings.Join(out, ",")
}

// otherSpellings are names in the tables of types that a MariaDB does not use.
var otherSpellings = map[string][]string{
	"mysql": {"geomcollection", "json"}, // MySQL's; in MariaDB json is longtext
}

// StartTypes has a column with a value of every row of the dialect's table.
func (w serverWorld) StartTypes(tb testing.TB) (conntest.Site, []conntest.Typed) {
	vals, prepare := mariadbValues, []string(nil)
	if w.driver == "postgres" {
		vals, prepare = postgresValues, postgresPrepare
	}
	name, db, server := w.fresh(tb)
	for _, q := range prepare {
		run(tb, db, q)
	}
	ddl, literals := "CREATE TABLE event (id int PRIMARY KEY, seq int NOT NULL", "INSERT INTO event VALUES (1, 1"
	var fields, hex []string
	var want []conntest.Typed
	for i, v := range vals {
		f := fmt.Sprintf("c%d", i)
		ddl += ", " + f + " " + v.ddl
		literals += ", " + v.literal
		as := v.as
		if as == "hex" {
			hex, as = append(hex, f), "text"
		}
		fields = append(fields, f+": "+as)
		want = append(want, conntest.Typed{Type: v.ddl + " " + v.literal, Key: "1", Field: f, JSON: v.json})
	}
	run(tb, db, ddl+")")
	run(tb, db, literals+")")
	text := w.declare(name, server.Addr(), "cursor: seq, hex: ["+strings.Join(hex, ", ")+"]")
	text = strings.Replace(text, "no: text, opened: text, amount: number, note: text, changed: text", "seq: number, "+strings.Join(fields, ", "), 1)
	s := &serverSite{w: w, name: name, db: db, text: text, sys: conntest.Declare(tb, text), rows: 1}
	w.covers(tb, s)
	return s, want
}

// covers fails when a row of the dialect's table has a name that no value shows.
func (w serverWorld) covers(tb testing.TB, s *serverSite) {
	o, err := Kind().Open(context.Background(), s.sys)
	if err != nil {
		tb.Fatal(err)
	}
	defer o.Close()
	op := o.(*opened)
	table, err := database.Describe(context.Background(), op.Dialect, op.db, "", "event")
	if err != nil {
		tb.Fatal(err)
	}
	shown := otherSpellings[w.driver]
	for _, c := range table.Columns {
		shown = append(shown, c.Base)
	}
	for _, t := range op.Types {
		for n := range strings.FieldsSeq(t.Names) {
			if n != "*" && !slices.Contains(shown, n) {
				tb.Errorf("no value shows the type %q of the table", n)
			}
		}
	}
}
