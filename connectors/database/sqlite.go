package database

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strings"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"rongtong/schemas/fault"
)

// SQLite is one file on disk; Address.Database is its path or file: URI.
var SQLite = &Dialect{
	Name: "sqlite", Title: "SQLite", Types: sqliteTypes,
	open: func(_ context.Context, a Address) (DB, error) {
		db, err := sql.Open("sqlite", SQLiteSource(a.Database))
		if err != nil {
			return nil, fault.New(fault.Config, "%w", err)
		}
		return stdDB{db}, nil
	},
	Quote:       doubleQuoted,
	placeholder: func(int) string { return "?" },
	page:        limitOffset,
	raw:         "CAST(%s AS BLOB)",
	stored:      "none text",
	coalesce:    `COALESCE(CAST(%s AS TEXT), '')`,
	hex:         "CASE WHEN %s IS NOT NULL THEN LOWER(HEX(%s)) END", unhex: "UNHEX(%s)", // HEX(NULL) is an empty text
	now:      `SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`,
	catalog:  sqliteCatalog,
	Classify: sqliteClass,
}

// sqliteTypes. A column holds what was put into it, whatever its type says: the
// rows below are by SQLite's rules of affinity. The + takes the declared type
// away, so that a date stays the text it is.
var sqliteTypes = []Type{
	{Names: "integer", Form: Number, Order: Whole, Select: "+%s", Bind: "CAST(%s AS INTEGER)", As: "number"},
	{Names: "numeric", Form: Number, Order: Words, Select: "+%s", Bind: "CAST(%s AS NUMERIC)", As: "number", Note: "what is no whole number is a double in SQLite itself"},
	{Names: "real", Form: Number, Select: "+%s", As: "number", Note: "a double"},
	{Names: "none", Form: Text, Select: "+%s", As: "text", Note: "a column without a type"},
	{Names: "blob", Form: Binary, As: "text", Note: "refused, or hexadecimal when named in from.hex"},
	{Names: "*", Form: Text, Order: Words, Select: "+%s", As: "text", Note: "dates and times too, as written; bytes in a text column come as text"},
}

// SQLiteSource opens the file for reading only, and waits for a writer that
// holds the lock instead of giving up at once.
func SQLiteSource(dsn string) string {
	if !strings.HasPrefix(dsn, "file:") {
		dsn = "file:" + (&url.URL{Path: dsn}).EscapedPath()
	}
	join := "?"
	if strings.Contains(dsn, "?") {
		join = "&"
	}
	return dsn + join + "mode=ro&_pragma=busy_timeout(5000)&_pragma=query_only(1)"
}

func sqliteCatalog(_, table string) (string, []string) {
	q := `SELECT '', m.name, c.name,
	CASE WHEN c.type LIKE '%INT%' THEN 'integer' WHEN c.type LIKE '%CHAR%' OR c.type LIKE '%CLOB%' OR c.type LIKE '%TEXT%' THEN 'text'
		WHEN c.type LIKE '%BLOB%' THEN 'blob' WHEN c.type LIKE '%REAL%' OR c.type LIKE '%FLOA%' OR c.type LIKE '%DOUB%' THEN 'real'
		WHEN c.type LIKE '%NUM%' OR c.type LIKE '%DEC%' THEN 'numeric' WHEN c.type = '' THEN 'none' ELSE 'text' END,
	c.type, CASE WHEN c."notnull" OR c.pk AND c.type = 'INTEGER' AND (SELECT COUNT(*) FROM pragma_table_info(m.name) p WHERE p.pk) = 1 THEN '0' ELSE '1' END,
	c.pk, '', ''
FROM sqlite_master m, pragma_table_info(m.name) c
WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' `
	var args []string
	if table != "" {
		q, args = q+"AND m.name = ? ", append(args, table)
	}
	return q + "ORDER BY m.name, c.cid", args
}

func sqliteClass(err error) (fault.Class, string) {
	var e *driver.Error
	if !errors.As(err, &e) {
		return fault.Unknown, ""
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_SCHEMA,
		sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM:
		return fault.Transient, ""
	case sqlite3.SQLITE_CANTOPEN:
		return fault.Transient, "the database file is not there yet, or may not be read"
	case sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return fault.Config, "grant the right to read the file"
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fault.Config, "the file is damaged or no SQLite database"
	case sqlite3.SQLITE_READONLY:
		return fault.Config, "a WAL database can be read only from a folder that may be written"
	case sqlite3.SQLITE_ERROR:
		if strings.Contains(e.Error(), "no such table") {
			return fault.Transient, "the table is not there yet; if it never comes, check from.table"
		}
		return fault.Config, "check the fields of the stream against the columns of the table"
	}
	return fault.Unknown, ""
}
