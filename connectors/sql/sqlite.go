package sql

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strings"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// sqlite is the dialect of one file on disk.
var sqlite = dialect{
	driver:   "sqlite",
	source:   sqliteSource,
	quote:    func(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` },
	column:   func(quoted string) string { return "+" + quoted }, // no declared type: a date stays the text it is
	classify: sqliteClass,
	tables:   sqliteTables,
}

// sqliteSource opens the file for reading only, and waits for a writer that
// holds the lock instead of giving up at once.
func sqliteSource(dsn string) string {
	if !strings.HasPrefix(dsn, "file:") {
		dsn = "file:" + (&url.URL{Path: dsn}).EscapedPath()
	}
	join := "?"
	if strings.Contains(dsn, "?") {
		join = "&"
	}
	return dsn + join + "mode=ro&_pragma=busy_timeout(5000)&_pragma=query_only(1)"
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
			// The owner may still create it; what was created in between is
			// read from its beginning, so waiting loses nothing.
			return fault.Transient, "the table is not there yet; if it never comes, check `from.table`"
		}
		return fault.Config, "check the fields of the stream against the columns of the table"
	}
	return fault.Unknown, ""
}

func sqliteTables(ctx context.Context, db *sql.DB) ([]table, error) {
	rows, err := db.QueryContext(ctx, `SELECT m.name, c.name, c.type, c.pk
		FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\'
		ORDER BY m.name, c.cid`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []table
	for rows.Next() {
		var name, column, kind string
		var pk int
		if err := rows.Scan(&name, &column, &kind, &pk); err != nil {
			return nil, err
		}
		if len(out) == 0 || out[len(out)-1].name != name {
			out = append(out, table{name: name})
		}
		t := &out[len(out)-1]
		t.columns = append(t.columns, decl.Entry[string]{Key: column, Value: sqliteType(kind)})
		if pk > 0 {
			t.key = append(t.key, column)
		}
	}
	return out, rows.Err()
}

// sqliteType follows the affinity rules of SQLite.
func sqliteType(declared string) string {
	for _, part := range []string{"INT", "REAL", "FLOA", "DOUB", "NUM", "DEC"} {
		if strings.Contains(strings.ToUpper(declared), part) {
			return "number"
		}
	}
	return "text"
}
