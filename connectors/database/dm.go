package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"rongtong/schemas/fault"
)

// DM is Dameng's DM8. Its driver is not one that this module may carry: see
// docs/connectors-databases.md for how to build with it. Everything else is here.
var DM = &Dialect{
	Name: "dm", Title: "DM (Dameng)", Port: 5236, Types: dmTypes,
	open: openDM, Quote: doubleQuoted,
	placeholder: func(int) string { return "?" },
	page:        limitOffset,
	raw:         "UTL_RAW.CAST_TO_RAW(%s)",
	stored:      "char character varchar varchar2 nvarchar2 clob text longvarchar",
	coalesce:    "NVL(CAST(%s AS VARCHAR), '')",
	hex:         "LOWER(RAWTOHEX(%s))", unhex: "HEXTORAW(%s)",
	now:      `SELECT TO_CHAR(SYS_EXTRACT_UTC(SYSTIMESTAMP), 'YYYY-MM-DD"T"HH24:MI:SS.FF6"Z"')`,
	catalog:  dmCatalog,
	Classify: dmClass,
}

var dmTypes = []Type{
	{Names: "tinyint byte smallint int integer bigint bit", Form: Number, Order: Whole, Bind: "CAST(%s AS BIGINT)", As: "number"},
	{Names: "number numeric decimal dec", Form: Number, Order: Whole, Select: "CAST(%s AS VARCHAR(60))", Bind: "CAST(%s AS NUMBER)", As: "number", Note: "every digit"},
	{Names: "float double real", Form: Number, As: "number"},
	{Names: "date", Form: Text, Order: Times, Select: "TO_CHAR(%s, 'YYYY-MM-DD')", Bind: "CAST(%s AS DATE)", As: "text", Note: "2025-12-01"},
	{Names: "datetime timestamp", Form: Text, Order: Times, Select: "TO_CHAR(%s, 'YYYY-MM-DD HH24:MI:SS.FF6')", Bind: "CAST(%s AS TIMESTAMP)", As: "text", Note: "without a zone, as stored"},
	{Names: "timestamp-tz timestamp-ltz", Form: Instant, Order: Times, Select: "TO_CHAR(SYS_EXTRACT_UTC(%s), " + oracleZone + ")", Bind: "CAST(%s AS TIMESTAMP WITH TIME ZONE)", As: "text", Note: "in UTC"},
	{Names: "char character varchar varchar2 nvarchar2", Form: Text, Order: Words, As: "text"},
	{Names: "clob text longvarchar", Form: Text, As: "text"},
	{Names: "binary varbinary raw blob image longvarbinary", Form: Binary, As: "text", Note: "refused, or hexadecimal when named in from.hex"},
	{Names: "*", Form: Text, Select: "CAST(%s AS VARCHAR(4000))", As: "text", Note: "as the server prints it"},
}

func openDM(_ context.Context, a Address) (DB, error) {
	if !slices.Contains(sql.Drivers(), "dm") {
		return nil, fault.Hint(fault.Config, "build the program with it: docs/connectors-databases.md, DM", "this program was built without the driver of DM")
	}
	u := url.URL{Scheme: "dm", User: url.UserPassword(a.User, a.Password), Host: a.String(), RawQuery: "schema=" + url.QueryEscape(a.Database) + "&connectTimeout=" + fmt.Sprint(a.Timeout.Milliseconds())}
	db, err := sql.Open("dm", u.String())
	if err != nil {
		return nil, a.refused() // the driver's text may repeat the URL
	}
	return stdDB{db}, nil
}

// dmCatalog: DM has Oracle's views of the catalogue.
func dmCatalog(schema, table string) (string, []string) {
	q, args := oracleCatalog(schema, table)
	for i := range args {
		q = strings.Replace(q, fmt.Sprintf(":%d", i+1), "?", 1)
	}
	return q, args
}

// dmClass knows the network alone: the driver's codes are not in this module.
func dmClass(err error) (fault.Class, string) {
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.Transient, ""
	}
	return fault.Unknown, ""
}
