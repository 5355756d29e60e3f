package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"

	goora "github.com/sijms/go-ora/v2"
	"github.com/sijms/go-ora/v2/network"

	"rongtong/schemas/fault"
)

// Oracle is Oracle Database, 11g or later; connect.database is the service name.
var Oracle = &Dialect{
	Name: "oracle", Title: "Oracle", Port: 1521, Types: oracleTypes,
	open: openOracle, Quote: doubleQuoted,
	placeholder: func(n int) string { return ":" + strconv.Itoa(n) },
	page:        oraclePage,
	raw:         "UTL_RAW.CAST_TO_RAW(%s)",
	stored:      "char varchar2 clob long",
	// In Oracle the empty text is null, so null itself cannot be told from it: a
	// character below all others stands for it.
	coalesce: "NVL(TO_CHAR(%s), CHR(1))",
	hex:      "LOWER(RAWTOHEX(%s))", unhex: "HEXTORAW(%s)",
	now:      `SELECT TO_CHAR(SYS_EXTRACT_UTC(SYSTIMESTAMP), 'YYYY-MM-DD"T"HH24:MI:SS.FF6"Z"') FROM DUAL`,
	catalog:  oracleCatalog,
	Classify: oracleClass,
}

const (
	oracleLocal = "'YYYY-MM-DD HH24:MI:SS.FF'"
	oracleDate  = "'YYYY-MM-DD HH24:MI:SS'"
	oracleZone  = `'YYYY-MM-DD"T"HH24:MI:SS.FF"Z"'`
)

// oracleTypes. Every value that is not text is converted by the server, with
// formats of the statement's own: nothing depends on the session's NLS settings.
var oracleTypes = []Type{
	{Names: "number", Form: Number, Order: Whole, Select: "TO_CHAR(%s, 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,''')", Bind: "TO_NUMBER(%s)", As: "number", Note: "every digit"},
	{Names: "float binary_float binary_double", Form: Number, Select: "TO_CHAR(%s, 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,''')", As: "number", Note: "NaN and Inf come as text"},
	{Names: "date", Form: Text, Order: Times, Select: "TO_CHAR(%s, " + oracleDate + ")", Bind: "TO_DATE(%s, " + oracleDate + ")", As: "text", Note: "2025-12-01 08:00:00: Oracle's DATE has a time"},
	{Names: "timestamp", Form: Text, Order: Times, Select: "TO_CHAR(%s, " + oracleLocal + ")", Bind: "TO_TIMESTAMP(%s, " + oracleLocal + ")", As: "text", Note: "2025-12-01 08:00:00.123, without a zone, as stored"},
	{Names: "timestamp-tz timestamp-ltz", Form: Instant, Order: Times, Select: "TO_CHAR(SYS_EXTRACT_UTC(CAST(%s AS TIMESTAMP WITH TIME ZONE)), " + oracleZone + ")",
		Bind: "FROM_TZ(TO_TIMESTAMP(%s, " + oracleZone + "), '00:00')", As: "text", Note: "2025-12-01T00:00:00.123Z, in UTC"},
	{Names: "char nchar varchar2 nvarchar2", Form: Text, Order: Words, As: "text", Note: "char(n) keeps its padding; the empty text is null; for a US7ASCII database that holds GBK set charset: gb18030"},
	{Names: "clob nclob long", Form: Text, As: "text"},
	{Names: "rowid urowid", Form: Text, Select: "ROWIDTOCHAR(%s)", As: "text"},
	{Names: "raw", Form: Binary, As: "text", Note: "refused, or hexadecimal when named in from.hex"},
	{Names: "blob bfile long-raw", Form: Binary, As: "text", Note: "refused; hexadecimal up to 2000 bytes when named in from.hex"},
	{Names: "*", Form: Text, Select: "TO_CHAR(%s)", As: "text", Note: "as the server prints it (intervals)"},
}

func openOracle(_ context.Context, a Address) (DB, error) {
	options := map[string]string{"CONNECTION TIMEOUT": strconv.Itoa(max(1, int(a.Timeout.Seconds()))), "PROGRAM": "rongtong"}
	switch a.TLS {
	case TLSRequire:
		options["SSL"], options["SSL VERIFY"] = "true", "false"
	case TLSVerify:
		options["SSL"], options["SSL VERIFY"] = "true", "true"
	}
	db, err := sql.Open("oracle", goora.BuildUrl(a.Host, a.Port, a.Database, a.User, a.Password, options))
	if err != nil {
		return nil, a.refused() // the driver's text may repeat the URL
	}
	db.SetMaxOpenConns(32)
	return stdDB{db}, nil
}

// oraclePage counts rows as Oracle 11g does. With an offset the row carries its
// number as one column more, last.
func oraclePage(columns, rest string, limit, offset int) string {
	inner := "SELECT " + columns + " " + rest
	if offset == 0 {
		return fmt.Sprintf("SELECT * FROM (%s) WHERE ROWNUM <= %d", inner, limit)
	}
	return fmt.Sprintf("SELECT * FROM (SELECT q.*, ROWNUM rongtong_row FROM (%s) q WHERE ROWNUM <= %d) WHERE rongtong_row > %d", inner, offset+limit, offset)
}

func oracleCatalog(schema, table string) (string, []string) {
	q := `SELECT c.OWNER, c.TABLE_NAME, c.COLUMN_NAME,
	CASE WHEN c.DATA_TYPE LIKE 'TIMESTAMP%LOCAL%' THEN 'timestamp-ltz' WHEN c.DATA_TYPE LIKE 'TIMESTAMP%ZONE%' THEN 'timestamp-tz'
		WHEN c.DATA_TYPE LIKE 'TIMESTAMP%' THEN 'timestamp' WHEN c.DATA_TYPE = 'LONG RAW' THEN 'long-raw' ELSE c.DATA_TYPE END,
	c.DATA_TYPE || CASE WHEN c.DATA_TYPE = 'NUMBER' AND c.DATA_PRECISION IS NOT NULL THEN '(' || c.DATA_PRECISION || ',' || c.DATA_SCALE || ')' END,
	CASE c.NULLABLE WHEN 'N' THEN '0' ELSE '1' END,
	COALESCE((SELECT MAX(k.POSITION) FROM ALL_CONSTRAINTS x JOIN ALL_CONS_COLUMNS k ON k.OWNER = x.OWNER AND k.CONSTRAINT_NAME = x.CONSTRAINT_NAME
		WHERE x.OWNER = c.OWNER AND x.TABLE_NAME = c.TABLE_NAME AND x.CONSTRAINT_TYPE = 'P' AND k.COLUMN_NAME = c.COLUMN_NAME), 0),
	m.COMMENTS, t.COMMENTS
FROM ALL_TAB_COLUMNS c LEFT JOIN ALL_COL_COMMENTS m ON m.OWNER = c.OWNER AND m.TABLE_NAME = c.TABLE_NAME AND m.COLUMN_NAME = c.COLUMN_NAME
	LEFT JOIN ALL_TAB_COMMENTS t ON t.OWNER = c.OWNER AND t.TABLE_NAME = c.TABLE_NAME
WHERE `
	var args []string
	if schema != "" {
		args = append(args, schema)
		q += "c.OWNER = :1 "
	} else {
		q += "c.OWNER = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') "
	}
	if table != "" {
		args = append(args, table)
		q += fmt.Sprintf("AND c.TABLE_NAME = :%d ", len(args))
	}
	return q + "ORDER BY c.OWNER, c.TABLE_NAME, c.COLUMN_ID", args
}

func oracleClass(err error) (fault.Class, string) {
	var e *network.OracleError
	if !errors.As(err, &e) {
		return fault.Unknown, ""
	}
	switch code := e.ErrCode; {
	case code == 1017 || code == 28000 || code == 28001 || code == 1045:
		return fault.Config, "check user and password, and whether the account is locked or expired"
	case code == 942:
		return fault.Transient, "the table is not there yet, or SELECT on it is not granted"
	case code == 904:
		return fault.Config, "check the fields of the stream against the columns of the table; names in capitals are written in capitals"
	case code == 1031:
		return fault.Config, "grant the account SELECT on the table"
	case code == 12505 || code == 12514:
		return fault.Config, "check connect.database: it is the service name that the listener knows"
	case code == 1555:
		return fault.Transient, "the undo of the source is too short for this table: read it with from.snapshot: key"
	case slices.Contains([]int{1033, 1034, 1089, 1090, 1092, 3113, 3114, 3135, 12170, 12516, 12519, 12520, 12528, 12537, 12541, 12543, 12547, 18, 20, 54, 60, 1013, 4021, 4031, 25408}, code):
		return fault.Transient, ""
	}
	return fault.Config, ""
}
