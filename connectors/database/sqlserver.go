package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"

	"rongtong/schemas/fault"
)

// SQLServer is Microsoft SQL Server, 2012 or later.
var SQLServer = &Dialect{
	Name: "sqlserver", Title: "SQL Server", Port: 1433, Types: sqlserverTypes,
	open:        openSQLServer,
	Quote:       func(name string) string { return "[" + strings.ReplaceAll(name, "]", "]]") + "]" },
	placeholder: func(n int) string { return "@p" + strconv.Itoa(n) },
	page:        sqlserverPage,
	raw:         "CONVERT(varbinary(max), CONVERT(varchar(max), %s))", // a text cannot be converted at once
	stored:      "char varchar text",
	coalesce:    "COALESCE(CONVERT(nvarchar(400), %s), N'')",
	hex:         "LOWER(CONVERT(varchar(max), %s, 2))", unhex: "CONVERT(varbinary(8000), %s, 2)",
	now:      "SELECT CONVERT(varchar(33), SYSUTCDATETIME(), 126) + 'Z'",
	catalog:  sqlserverCatalog,
	Classify: sqlserverClass,
}

// sqlserverTypes. Every value that is not text is converted by the server.
var sqlserverTypes = []Type{
	{Names: "tinyint smallint int bigint", Form: Number, Order: Whole, Bind: "CONVERT(bigint, %s)", As: "number"},
	{Names: "bit", Form: Truth, As: "bool", Note: "true or false"},
	{Names: "decimal numeric", Form: Number, Order: Words, Select: "CONVERT(varchar(60), %s)", Bind: "CONVERT(decimal(38,10), %s)", As: "number", Note: "every digit"},
	{Names: "money smallmoney", Form: Number, Select: "CONVERT(varchar(60), %s, 2)", As: "number", Note: "four decimals"},
	{Names: "real float", Form: Number, Select: "CONVERT(varchar(60), %s, 3)", As: "number", Note: "17 digits, exact"},
	{Names: "date", Form: Text, Order: Times, Select: "CONVERT(varchar(10), %s, 23)", Bind: "CONVERT(date, %s, 23)", As: "text", Note: "2025-12-01"},
	{Names: "datetime2 datetime smalldatetime", Form: Text, Order: Times, Select: "CONVERT(varchar(27), CONVERT(datetime2(7), %s), 121)",
		Bind: "CONVERT(datetime2(7), %s, 121)", As: "text", Note: "2025-12-01 08:00:00.1230000, without a zone, as stored"},
	{Names: "datetimeoffset", Form: Instant, Order: Times, Select: "CONVERT(varchar(40), %s, 127)", Bind: "CONVERT(datetimeoffset(7), %s, 127)",
		As: "text", Note: "2025-12-01T00:00:00.123Z, in UTC"},
	{Names: "time", Form: Text, Select: "CONVERT(varchar(16), %s)", As: "text"},
	{Names: "char varchar nchar nvarchar text ntext sysname", Form: Text, Order: Words, As: "text", Note: "varchar by the code page of its collation (936 for GBK)"},
	{Names: "uniqueidentifier", Form: Text, Order: Words, Select: "CONVERT(varchar(36), %s)", Bind: "CONVERT(uniqueidentifier, %s)", As: "text"},
	{Names: "xml", Form: Text, Select: "CONVERT(nvarchar(max), %s)", As: "text"},
	{Names: "timestamp rowversion", Form: Number, Order: Whole, Select: "CONVERT(bigint, %s)", Bind: "CONVERT(binary(8), CONVERT(bigint, %s))", As: "number",
		Note: "the row version as a number: the best cursor there is"},
	{Names: "binary varbinary image", Form: Binary, As: "text", Note: "refused, or hexadecimal when named in from.hex"},
	{Names: "*", Form: Text, Select: "CONVERT(nvarchar(max), %s)", As: "text", Note: "as the server prints it (hierarchyid, sql_variant, geometry)"},
}

func openSQLServer(_ context.Context, a Address) (DB, error) {
	q := url.Values{}
	q.Set("database", a.Database)
	q.Set("app name", "rongtong")
	q.Set("dial timeout", strconv.Itoa(max(1, int(a.Timeout.Seconds()))))
	switch a.TLS {
	case TLSOff:
		q.Set("encrypt", "disable")
	case TLSPrefer:
		q.Set("encrypt", "false") // the login at least
		q.Set("TrustServerCertificate", "true")
	case TLSRequire:
		q.Set("encrypt", "true")
		q.Set("TrustServerCertificate", "true")
	case TLSVerify:
		q.Set("encrypt", "true")
		if a.CA != "" {
			q.Set("certificate", a.CA)
		}
	}
	u := url.URL{Scheme: "sqlserver", Host: a.String(), User: url.UserPassword(a.User, a.Password), RawQuery: q.Encode()}
	connector, err := mssql.NewConnector(u.String())
	if err != nil {
		return nil, a.refused() // the driver's text may repeat the URL
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(32)
	return stdDB{db}, nil
}

func sqlserverPage(columns, rest string, limit, offset int) string {
	if offset == 0 {
		return fmt.Sprintf("SELECT TOP (%d) %s %s", limit, columns, rest)
	}
	return fmt.Sprintf("SELECT %s %s OFFSET %d ROWS FETCH NEXT %d ROWS ONLY", columns, rest, offset, limit)
}

func sqlserverCatalog(schema, table string) (string, []string) {
	q := `SELECT s.name, o.name, c.name, COALESCE(TYPE_NAME(c.system_type_id), t.name),
	t.name + CASE WHEN t.name IN ('decimal', 'numeric') THEN '(' + CONVERT(varchar, c.precision) + ',' + CONVERT(varchar, c.scale) + ')' ELSE '' END,
	CONVERT(varchar, c.is_nullable), COALESCE((SELECT CONVERT(int, x.key_ordinal) FROM sys.indexes i JOIN sys.index_columns x ON x.object_id = i.object_id AND x.index_id = i.index_id
		WHERE i.object_id = o.object_id AND i.is_primary_key = 1 AND x.column_id = c.column_id), 0),
	COALESCE(CONVERT(nvarchar(4000), p.value), N''), COALESCE(CONVERT(nvarchar(4000), q.value), N'')
FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id JOIN sys.columns c ON c.object_id = o.object_id
	JOIN sys.types t ON t.user_type_id = c.user_type_id
	LEFT JOIN sys.extended_properties p ON p.class = 1 AND p.major_id = o.object_id AND p.minor_id = c.column_id AND p.name = 'MS_Description'
	LEFT JOIN sys.extended_properties q ON q.class = 1 AND q.major_id = o.object_id AND q.minor_id = 0 AND q.name = 'MS_Description'
WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0 `
	var args []string
	switch {
	case schema != "":
		args = append(args, schema)
		q += "AND s.name = @p1 "
	case table != "":
		q += "AND s.name = SCHEMA_NAME() "
	}
	if table != "" {
		args = append(args, table)
		q += fmt.Sprintf("AND o.name = @p%d ", len(args))
	}
	return q + "ORDER BY s.name, o.name, c.column_id", args
}

// sqlserverCut knows a line that ended in the middle of a result. The driver
// hides the network's error: StreamError does not unwrap, and of a long value
// only the text is left.
func sqlserverCut(err error) bool {
	var stream mssql.StreamError
	return errors.As(err, &stream) || strings.Contains(err.Error(), "Reading PLP type failed")
}

func sqlserverClass(err error) (fault.Class, string) {
	var e mssql.Error
	if !errors.As(err, &e) {
		text := err.Error()
		switch {
		case sqlserverCut(err):
			return fault.Transient, ""
		case strings.Contains(text, "x509"), strings.Contains(text, "TLS"), strings.Contains(text, "server does not support encryption"):
			return fault.Config, "check tls and ca"
		}
		return fault.Unknown, ""
	}
	var ended mssql.ServerError
	if errors.As(err, &ended) { // its own text says nothing
		return fault.Transient, "the server ended the session: " + e.Message
	}
	switch e.Number {
	case 18456, 18452, 18470, 18487, 18488:
		return fault.Config, "check user and password, and whether the account is locked or expired"
	case 4060:
		return fault.Config, "check connect.database and the account's right to it"
	case 229, 230, 916:
		return fault.Config, "grant the account SELECT on the table"
	case 208:
		return fault.Transient, "the table is not there yet; if it never comes, check from.schema and from.table"
	case 207:
		return fault.Config, "check the fields of the stream against the columns of the table"
	case 1205, 1222, 3960, 4221, 601, 701, 802, 8645, 8651, 10928, 10929, 40197, 40501, 40613, 49918, 49919, 49920, 233, 64, 20,
		596, 921, 922, 983, 6005, 17142, 18401, 18451: // killed, recovering, failing over, shutting down, paused, for administrators only
		return fault.Transient, ""
	}
	return fault.Config, ""
}
