package database

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"rongtong/schemas/fault"
)

// MySQL is MySQL and MariaDB.
var MySQL = &Dialect{
	Name: "mysql", Title: "MySQL or MariaDB", Port: 3306, Types: mysqlTypes,
	open:        openMySQL,
	Quote:       func(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" },
	placeholder: func(int) string { return "?" },
	page:        limitOffset,
	raw:         `CAST(%s AS BINARY)`,
	stored:      "char varchar tinytext text mediumtext longtext enum set",
	coalesce:    `COALESCE(CAST(%s AS CHAR), '')`,
	hex:         `LOWER(HEX(%s))`, unhex: `UNHEX(%s)`,
	now:      `SELECT DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%fZ')`,
	catalog:  mysqlCatalog,
	dead:     func(err error) bool { return errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, driver.ErrBadConn) },
	Classify: mysqlClass,
}

// mysqlTypes. The session is in UTC; the server converts text of any character
// set to UTF-8. A number bound as text would be compared as a double: hence CAST.
var mysqlTypes = []Type{
	{Names: "tinyint smallint mediumint int bigint tinyint(1)", Form: Number, Order: Whole, Bind: "CAST(%s AS SIGNED)", As: "number",
		Note: "tinyint(1) too, which becomes true or false where the stream declares bool"},
	{Names: "tinyint-unsigned smallint-unsigned mediumint-unsigned int-unsigned bigint-unsigned year", Form: Number, Order: Whole,
		Bind: "CAST(%s AS UNSIGNED)", As: "number", Note: "all 64 bits"},
	{Names: "decimal decimal-unsigned", Form: Number, Order: Words, Bind: "CAST(%s AS DECIMAL(65,30))", As: "number", Note: "every digit"},
	{Names: "float float-unsigned", Form: Single, Select: "(%s + 0e0)", As: "number",
		Note: "the shortest digits that mean the stored value; the server itself would show six"},
	{Names: "double double-unsigned", Form: Number, As: "number", Note: "the shortest digits that mean the value"},
	{Names: "bit", Form: Number, Order: Whole, Select: "(%s + 0)", Bind: "CAST(%s AS UNSIGNED)", As: "number",
		Note: "as a number; bit(1) becomes true or false where the stream declares bool"},
	{Names: "date", Form: Local, Order: Times, Bind: "CAST(%s AS DATE)", As: "text",
		Note: "2025-12-01; 0000-00-00, the mark of a missing date, comes as null; 2025-00-00 comes as written"},
	{Names: "datetime", Form: Local, Order: Times, Bind: "CAST(%s AS DATETIME(6))", As: "text",
		Note: "2025-12-01 08:00:00.123, without a zone, as stored; zero dates as for date"},
	{Names: "timestamp", Form: Instant, Order: Times, Bind: "CAST(%s AS DATETIME(6))", As: "text", Note: "2025-12-01T00:00:00.123Z, in UTC; zero comes as null"},
	{Names: "time", Form: Text, As: "text", Note: "up to 838 hours, with a sign"},
	{Names: "char varchar tinytext text mediumtext longtext", Form: Text, Order: Words, As: "text", Note: "of any character set (gbk, gb18030, latin1 …), converted by the server"},
	{Names: "enum set", Form: Text, As: "text", Note: "by label; a set as its labels with commas"},
	{Names: "json", Form: Text, As: "text", Note: "the JSON text"},
	{Names: "uuid inet4 inet6", Form: Text, Order: Words, As: "text", Note: "MariaDB"},
	{Names: "binary varbinary tinyblob blob mediumblob longblob", Form: Binary, As: "text", Note: "refused, or hexadecimal when named in from.hex"},
	{Names: "geometry point linestring polygon multipoint multilinestring multipolygon geometrycollection geomcollection", Form: Text, Select: "ST_AsText(%s)", As: "text", Note: "well-known text"},
	{Names: "*", Form: Text, Select: "CAST(%s AS CHAR)", As: "text", Note: "as the server prints it"},
}

func openMySQL(_ context.Context, a Address) (DB, error) {
	c := mysql.NewConfig()
	c.Net, c.Addr, c.DBName, c.User, c.Passwd = "tcp", a.String(), a.Database, a.User, a.Password
	c.Timeout, c.ReadTimeout = a.Timeout, 10*time.Minute
	c.InterpolateParams, c.CheckConnLiveness, c.AllowNativePasswords = true, true, true
	c.Collation = "utf8mb4_general_ci"
	c.Params = map[string]string{
		"time_zone": "'+00:00'",
		// What the account's own mode would change must not depend on the account.
		"sql_mode": "'NO_BACKSLASH_ESCAPES,NO_UNSIGNED_SUBTRACTION'",
	}
	c.Logger = &mysql.NopLogger{}
	switch a.TLS {
	case TLSOff:
		c.TLSConfig = "false"
	case TLSPrefer:
		c.TLSConfig = "preferred"
	default:
		config, err := a.TLSConfig()
		if err != nil {
			return nil, err
		}
		c.TLS = config
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, a.refused()
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(32)
	db.SetMaxIdleConns(4)
	db.SetConnMaxIdleTime(time.Minute)
	return stdDB{db}, nil
}

// TLSConfig is the configuration for tls: require and verify, nil for off and
// prefer.
func (a Address) TLSConfig() (*tls.Config, error) {
	switch a.TLS {
	case TLSRequire:
		return &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, nil //nolint:gosec // "require" asks for encryption alone, as in the servers' own clients
	case TLSVerify:
		c := &tls.Config{ServerName: a.Host, MinVersion: tls.VersionTLS12}
		if a.CA == "" {
			return c, nil
		}
		pem, err := os.ReadFile(a.CA)
		if err != nil {
			return nil, fault.New(fault.Config, "reading the certificates of connect.ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fault.New(fault.Config, "reading the certificates of connect.ca: %q holds none", a.CA)
		}
		return c, nil
	}
	return nil, nil
}

func mysqlCatalog(schema, table string) (string, []string) {
	q := `SELECT c.TABLE_SCHEMA, c.TABLE_NAME, c.COLUMN_NAME,
	CONCAT(CASE WHEN c.COLUMN_TYPE LIKE 'tinyint(1)%' AND c.COLUMN_TYPE NOT LIKE '%unsigned%' THEN 'tinyint(1)' ELSE c.DATA_TYPE END,
		CASE WHEN c.COLUMN_TYPE LIKE '%unsigned%' AND c.DATA_TYPE NOT IN ('enum', 'set') THEN '-unsigned' ELSE '' END),
	c.COLUMN_TYPE, CASE c.IS_NULLABLE WHEN 'NO' THEN '0' ELSE '1' END,
	COALESCE((SELECT k.SEQ_IN_INDEX FROM information_schema.STATISTICS k WHERE k.TABLE_SCHEMA = c.TABLE_SCHEMA
		AND k.TABLE_NAME = c.TABLE_NAME AND k.INDEX_NAME = 'PRIMARY' AND k.COLUMN_NAME = c.COLUMN_NAME), 0),
	c.COLUMN_COMMENT, CASE t.TABLE_TYPE WHEN 'VIEW' THEN '' ELSE t.TABLE_COMMENT END, COALESCE(c.CHARACTER_SET_NAME, '')
FROM information_schema.COLUMNS c JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
WHERE `
	var args []string
	switch {
	case schema != "":
		args = append(args, schema)
		q += "c.TABLE_SCHEMA = ? "
	default:
		q += "c.TABLE_SCHEMA = DATABASE() "
	}
	if table != "" {
		args = append(args, table)
		q += "AND c.TABLE_NAME = ? "
	}
	return q + "ORDER BY 1, 2, c.ORDINAL_POSITION", args
}

func mysqlClass(err error) (fault.Class, string) {
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		switch {
		case errors.Is(err, mysql.ErrNoTLS):
			return fault.Config, "the server speaks no TLS: check connect.tls"
		case strings.Contains(err.Error(), "x509"), strings.Contains(err.Error(), "tls:"):
			return fault.Config, "check tls and ca"
		case errors.Is(err, mysql.ErrInvalidConn), errors.Is(err, driver.ErrBadConn):
			return fault.Transient, ""
		}
		return fault.Unknown, ""
	}
	return MySQLClass(e.Number)
}

// MySQLClass is the class of a server's error number, and a way out.
func MySQLClass(number uint16) (fault.Class, string) {
	switch number {
	case 1045, 1698:
		return fault.Config, "check user and password"
	case 1044, 1049:
		return fault.Config, "check connect.database and the account's grants"
	case 1142, 1143, 1227:
		return fault.Config, "grant the account what it needs: SELECT, for change capture also REPLICATION SLAVE and REPLICATION CLIENT (MariaDB: BINLOG MONITOR)"
	case 1146:
		return fault.Transient, "the table is not there yet; if it never comes, check from.schema and from.table"
	case 1054:
		return fault.Config, "check the fields of the stream against the columns of the table"
	case 1236:
		return fault.Config, "the server has deleted the binary log that the stream would continue from: keep it longer (binlog_expire_logs_seconds) and start the stream anew"
	case 1040, 1203, 1226, 1205, 1213, 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1317, 1927, 3024, 1969:
		return fault.Transient, ""
	}
	return fault.Config, ""
}
