package dbtest

import (
	"fmt"
	"strings"
)

// Value is one value of a source type.
type Value struct {
	DDL     string // how a table declares it
	Literal string // how SQL writes it
	As      string // as what a stream declares the field, or "hex"
	JSON    string // what it must become
	NoLog   bool   // change capture refuses it
}

var postgresValues = []Value{
	{DDL: "int2", Literal: "-32768", As: "number", JSON: "-32768"},
	{DDL: "int4", Literal: "2147483647", As: "number", JSON: "2147483647"},
	{DDL: "int8", Literal: "-9223372036854775808", As: "number", JSON: "-9223372036854775808"},
	{DDL: "int8", Literal: "9007199254740993", As: "text", JSON: `"9007199254740993"`},
	{DDL: "oid", Literal: "4294967295", As: "number", JSON: "4294967295"},
	{DDL: "numeric(38,10)", Literal: "1234567890123456789012345678.0123456789", As: "number", JSON: "1234567890123456789012345678.0123456789"},
	{DDL: "numeric", Literal: "0.10", As: "number", JSON: "0.10"},
	{DDL: "numeric", Literal: "'NaN'", As: "number", JSON: `"NaN"`},
	{DDL: "numeric", Literal: "'-Infinity'", As: "number", JSON: `"-Infinity"`},
	{DDL: "float4", Literal: "0.1", As: "number", JSON: "0.1"},
	{DDL: "float8", Literal: "0.1::float8 + 0.2", As: "number", JSON: "0.30000000000000004"},
	{DDL: "float8", Literal: "'Infinity'", As: "number", JSON: `"Infinity"`},
	{DDL: "float8", Literal: "1e300", As: "number", JSON: "1e+300"},
	{DDL: "money", Literal: "1234.5", As: "text", JSON: `"$1,234.50"`},
	{DDL: "bool", Literal: "true", As: "bool", JSON: "true"},
	{DDL: "bool", Literal: "false", As: "text", JSON: `"false"`},
	{DDL: "bool", Literal: "NULL", As: "bool", JSON: "null"},
	{DDL: "date", Literal: "'1988-07-01'", As: "text", JSON: `"1988-07-01"`},
	{DDL: "date", Literal: "'infinity'", As: "text", JSON: `"infinity"`},
	{DDL: "timestamp", Literal: "'1988-07-01 12:00:00.123456'", As: "text", JSON: `"1988-07-01 12:00:00.123456"`},
	{DDL: "timestamptz", Literal: "'1988-07-01 12:00:00 Asia/Shanghai'", As: "time", JSON: `"1988-07-01T03:00:00Z"`},
	{DDL: "timestamptz", Literal: "'1992-07-01 12:00:00.5 Asia/Shanghai'", As: "time", JSON: `"1992-07-01T04:00:00.5Z"`},
	{DDL: "timestamptz", Literal: "'infinity'", As: "time", JSON: `"infinity"`},
	{DDL: "time", Literal: "'08:00:00.5'", As: "text", JSON: `"08:00:00.5"`},
	{DDL: "timetz", Literal: "'08:00:00+08'", As: "text", JSON: `"08:00:00+08"`},
	{DDL: "interval", Literal: "'1 day 02:03:04'", As: "text", JSON: `"P1DT2H3M4S"`},
	{DDL: "text", Literal: "E'𠮷野家\\n\"㐀\\\\'", As: "text", JSON: `"𠮷野家\n\"㐀\\"`},
	{DDL: "text", Literal: "''", As: "text", JSON: `""`},
	{DDL: "varchar(10)", Literal: "'济南市'", As: "text", JSON: `"济南市"`},
	{DDL: "char(4)", Literal: "'ab'", As: "text", JSON: `"ab  "`},
	{DDL: "name", Literal: "'n'", As: "text", JSON: `"n"`},
	{DDL: "citext", Literal: "'CiText'", As: "text", JSON: `"CiText"`},
	{DDL: `"char"`, Literal: "'x'", As: "text", JSON: `"x"`},
	{DDL: "uuid", Literal: "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", As: "text", JSON: `"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"`},
	{DDL: "kind", Literal: "'镇街'", As: "text", JSON: `"镇街"`},
	{DDL: "amount", Literal: "1.50", As: "number", JSON: "1.50"},
	{DDL: "bit(3)", Literal: "B'101'", As: "text", JSON: `"101"`},
	{DDL: "varbit", Literal: "B'1'", As: "text", JSON: `"1"`},
	{DDL: "json", Literal: `'{"a": [1,2]}'`, As: "text", JSON: `"{\"a\": [1,2]}"`},
	{DDL: "jsonb", Literal: `'{"a":1.0}'`, As: "text", JSON: `"{\"a\": 1.0}"`},
	{DDL: "int4[]", Literal: "'{1,NULL}'", As: "text", JSON: `"{1,NULL}"`},
	{DDL: "text[]", Literal: `'{"a b",c}'`, As: "text", JSON: `"{\"a b\",c}"`},
	{DDL: "pair", Literal: "ROW(1,'b')", As: "text", JSON: `"(1,b)"`},
	{DDL: "int4range", Literal: "'[1,5)'", As: "text", JSON: `"[1,5)"`},
	{DDL: "int4multirange", Literal: "'{[1,5)}'", As: "text", JSON: `"{[1,5)}"`},
	{DDL: "hstore", Literal: "'a=>1'", As: "text", JSON: `"\"a\"=>\"1\""`},
	{DDL: "xml", Literal: "'<a/>'", As: "text", JSON: `"<a/>"`},
	{DDL: "bytea", Literal: `'\x00ff'`, As: "hex", JSON: `"00ff"`},
	{DDL: "inet", Literal: "'10.0.0.1/8'", As: "text", JSON: `"10.0.0.1/8"`},
}

var postgresPrepare = []string{
	"CREATE EXTENSION citext", "CREATE EXTENSION hstore", "CREATE TYPE kind AS ENUM ('县区', '镇街')",
	"CREATE DOMAIN amount AS numeric(10,2)", "CREATE TYPE pair AS (a int, b text)",
}

var mariadbValues = []Value{
	{DDL: "tinyint", Literal: "-128", As: "number", JSON: "-128"},
	{DDL: "tinyint(1)", Literal: "1", As: "bool", JSON: "true"},
	{DDL: "tinyint(1)", Literal: "7", As: "number", JSON: "7"},
	{DDL: "smallint", Literal: "-32768", As: "number", JSON: "-32768"},
	{DDL: "mediumint", Literal: "-8388608", As: "number", JSON: "-8388608"},
	{DDL: "int", Literal: "-2147483648", As: "number", JSON: "-2147483648"},
	{DDL: "bigint", Literal: "-9223372036854775808", As: "number", JSON: "-9223372036854775808"},
	{DDL: "tinyint unsigned", Literal: "255", As: "number", JSON: "255"},
	{DDL: "smallint unsigned", Literal: "65535", As: "number", JSON: "65535"},
	{DDL: "mediumint unsigned", Literal: "16777215", As: "number", JSON: "16777215"},
	{DDL: "int unsigned", Literal: "4294967295", As: "number", JSON: "4294967295"},
	{DDL: "bigint unsigned", Literal: "18446744073709551615", As: "number", JSON: "18446744073709551615"},
	{DDL: "year", Literal: "2025", As: "number", JSON: "2025"},
	{DDL: "decimal(65,30)", Literal: "'12345678901234567890123456789012345.012345678901234567890123456789'", As: "number", JSON: "12345678901234567890123456789012345.012345678901234567890123456789"},
	{DDL: "decimal(10,2) unsigned", Literal: "0.10", As: "number", JSON: "0.10"},
	{DDL: "float", Literal: "0.1", As: "number", JSON: "0.1"},
	{DDL: "float", Literal: "16777217", As: "number", JSON: "1.6777216e+07"},
	{DDL: "float unsigned", Literal: "3.4e38", As: "number", JSON: "3.4e+38"},
	{DDL: "double", Literal: "0.1e0 + 0.2e0", As: "number", JSON: "0.30000000000000004"},
	{DDL: "double unsigned", Literal: "0.5", As: "number", JSON: "0.5"},
	{DDL: "bit(1)", Literal: "b'1'", As: "bool", JSON: "true"},
	{DDL: "bit(64)", Literal: "0xFFFFFFFFFFFFFFFF", As: "number", JSON: "18446744073709551615"},
	{DDL: "date", Literal: "'1988-07-01'", As: "text", JSON: `"1988-07-01"`},
	{DDL: "date", Literal: "'0000-00-00'", As: "text", JSON: "null"},
	{DDL: "date", Literal: "'2020-00-00'", As: "text", JSON: `"2020-00-00"`},
	{DDL: "datetime(6)", Literal: "'1988-07-01 12:00:00.123456'", As: "text", JSON: `"1988-07-01 12:00:00.123456"`},
	{DDL: "datetime", Literal: "'0000-00-00 00:00:00'", As: "text", JSON: "null"},
	{DDL: "timestamp(3) NULL", Literal: "'1988-07-01 03:00:00.500'", As: "time", JSON: `"1988-07-01T03:00:00.500Z"`},
	{DDL: "timestamp NULL", Literal: "'0000-00-00 00:00:00'", As: "time", JSON: "null"},
	{DDL: "time", Literal: "'-838:59:59'", As: "text", JSON: `"-838:59:59"`},
	{DDL: "char(4)", Literal: "'ab'", As: "text", JSON: `"ab"`},
	{DDL: "varchar(20) CHARACTER SET gbk", Literal: "'济南市長'", As: "text", JSON: `"济南市長"`},
	{DDL: "varchar(20) CHARACTER SET utf8mb4", Literal: "'𠮷野家\\n\"'", As: "text", JSON: `"𠮷野家\n\""`},
	{DDL: "varchar(20) CHARACTER SET latin1", Literal: "'é'", As: "text", JSON: `"é"`},
	{DDL: "tinytext", Literal: "''", As: "text", JSON: `""`},
	{DDL: "text", Literal: "'文'", As: "text", JSON: `"文"`},
	{DDL: "mediumtext", Literal: "'文'", As: "text", JSON: `"文"`},
	{DDL: "longtext", Literal: "'文'", As: "text", JSON: `"文"`},
	{DDL: "enum('县区','镇街') CHARACTER SET gbk", Literal: "'镇街'", As: "text", JSON: `"镇街"`},
	{DDL: "set(" + members() + ")", Literal: "'m1,m64'", As: "text", JSON: `"m1,m64"`},
	{DDL: "json", Literal: `'{"a": 1}'`, As: "text", JSON: `"{\"a\": 1}"`},
	{DDL: "uuid", Literal: "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", As: "text", JSON: `"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"`},
	{DDL: "inet4", Literal: "'10.0.0.1'", As: "text", JSON: `"10.0.0.1"`},
	{DDL: "inet6", Literal: "'::1'", As: "text", JSON: `"::1"`},
	{DDL: "binary(2)", Literal: "x'00ff'", As: "hex", JSON: `"00ff"`},
	{DDL: "varbinary(2)", Literal: "x'00ff'", As: "hex", JSON: `"00ff"`},
	{DDL: "tinyblob", Literal: "x'00ff'", As: "hex", JSON: `"00ff"`},
	{DDL: "blob", Literal: "x'00ff'", As: "hex", JSON: `"00ff"`},
	{DDL: "mediumblob", Literal: "x'00ff'", As: "hex", JSON: `"00ff"`},
	{DDL: "longblob", Literal: "x'00ff'", As: "hex", JSON: `"00ff"`},
	{DDL: "geometry", Literal: "ST_GeomFromText('POINT(1 2)')", As: "text", JSON: `"POINT(1 2)"`, NoLog: true},
	{DDL: "point", Literal: "ST_GeomFromText('POINT(1 2)')", As: "text", JSON: `"POINT(1 2)"`, NoLog: true},
	{DDL: "linestring", Literal: "ST_GeomFromText('LINESTRING(1 2,3 4)')", As: "text", JSON: `"LINESTRING(1 2,3 4)"`, NoLog: true},
	{DDL: "polygon", Literal: "ST_GeomFromText('POLYGON((0 0,0 1,1 1,0 0))')", As: "text", JSON: `"POLYGON((0 0,0 1,1 1,0 0))"`, NoLog: true},
	{DDL: "multipoint", Literal: "ST_GeomFromText('MULTIPOINT(1 2)')", As: "text", JSON: `"MULTIPOINT(1 2)"`, NoLog: true},
	{DDL: "multilinestring", Literal: "ST_GeomFromText('MULTILINESTRING((1 2,3 4))')", As: "text", JSON: `"MULTILINESTRING((1 2,3 4))"`, NoLog: true},
	{DDL: "multipolygon", Literal: "ST_GeomFromText('MULTIPOLYGON(((0 0,0 1,1 1,0 0)))')", As: "text", JSON: `"MULTIPOLYGON(((0 0,0 1,1 1,0 0)))"`, NoLog: true},
	{DDL: "geometrycollection", Literal: "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2))')", As: "text", JSON: `"GEOMETRYCOLLECTION(POINT(1 2))"`, NoLog: true},
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

// Values are values of every type in the dialect's table.
func (e *Engine) Values() []Value {
	if e == Postgres {
		return postgresValues
	}
	return mariadbValues
}

// Prepare are statements that a table of Values needs to have run before.
func (e *Engine) Prepare() []string {
	if e == Postgres {
		return postgresPrepare
	}
	return nil
}

// NotHere are names in the dialect's table that this server does not have.
func (e *Engine) NotHere() []string { return otherSpellings[e.Driver] }

// TypesTable is the statement that makes table event with the columns id, seq and
// c0, c1 … for the values, one that inserts a row of them (%d is its id), and how
// a stream declares the columns and names those of bytes.
func TypesTable(vals []Value) (create, insert, fields, hex string) {
	create, insert = "CREATE TABLE event (id int PRIMARY KEY, seq int NOT NULL", "INSERT INTO event VALUES (%d, 1"
	var f, h []string
	for i, v := range vals {
		name := fmt.Sprintf("c%d", i)
		create += ", " + name + " " + v.DDL
		insert += ", " + strings.ReplaceAll(v.Literal, "%", "%%")
		as := v.As
		if as == "hex" {
			h, as = append(h, name), "text"
		}
		f = append(f, name+": "+as)
	}
	return create + ")", insert + ")", strings.Join(f, ", "), strings.Join(h, ", ")
}
