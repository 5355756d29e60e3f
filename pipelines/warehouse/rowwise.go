package warehouse

import (
	"context"
	"fmt"
	"strings"

	clickhouse "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"rongtong/schemas/fault"
)

// Rowwise inserts row by row through the client's own batch, as most Go sinks
// do. It is the fixed point of the benchmark and promises nothing about
// repetition; everything else loads by Load.
type Rowwise struct {
	conn  driver.Conn
	sql   string
	batch driver.Batch
}

// OpenRowwise connects by HTTP (http://…) or by the native protocol
// (clickhouse://…), with the client's defaults.
func OpenRowwise(ctx context.Context, address, table string, columns []string) (*Rowwise, error) {
	if !tableName.MatchString(table) {
		return nil, fault.New(fault.Config, "opening %q: write <database>.<table>", table)
	}
	opt, err := options(address)
	if err != nil {
		return nil, err
	}
	conn, err := clickhouse.Open(opt)
	if err != nil {
		return nil, fault.New(fault.Config, "opening the warehouse: %w", err)
	}
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = ident(c)
	}
	return &Rowwise{conn: conn, sql: fmt.Sprintf("INSERT INTO %s (%s)", table, strings.Join(quoted, ", "))}, conn.Ping(ctx)
}

// Append adds a row to the batch that Send sends.
func (r *Rowwise) Append(ctx context.Context, row []any) (err error) {
	if r.batch == nil {
		if r.batch, err = r.conn.PrepareBatch(ctx, r.sql); err != nil {
			return err
		}
	}
	return r.batch.Append(row...)
}

// Send inserts the rows appended since the last Send.
func (r *Rowwise) Send() error {
	if r.batch == nil {
		return nil
	}
	b := r.batch
	r.batch = nil
	return b.Send()
}

// Close closes the connections.
func (r *Rowwise) Close() error { return r.conn.Close() }

// Column is a column of a table as the server describes it.
type Column struct{ Name, Type string }

// Describe lists a table's columns and says which version of itself the server
// keeps of repeated inserts: how many insert tokens the table remembers.
func (w *Warehouse) Describe(ctx context.Context, table string) ([]Column, error) {
	db, name, _ := strings.Cut(table, ".")
	rows, err := w.Query(ctx, "SELECT name, type FROM system.columns WHERE database = {db:String} AND table = {t:String} AND default_kind NOT IN ('MATERIALIZED', 'ALIAS') ORDER BY position",
		clickhouse.Named("db", db), clickhouse.Named("t", name))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Column
	for rows.Next() {
		var c Column
		if err := rows.Scan(&c.Name, &c.Type); err != nil {
			return nil, fault.New(fault.Bug, "describing %q: %w", table, err)
		}
		out = append(out, c)
	}
	if err := rows.Err(); err != nil {
		return nil, w.mark(err, "describing "+table)
	}
	if len(out) == 0 {
		return nil, fault.Hint(fault.Config, "create it first, or check the name", "describing %q: there is no such table", table)
	}
	return out, nil
}

// Remembers makes sure that a table of the MergeTree family remembers insert
// tokens, without which a repeated insert doubles its rows. It reports whether
// it had to set the window.
func (w *Warehouse) Remembers(ctx context.Context, table string) (set bool, err error) {
	db, name, _ := strings.Cut(table, ".")
	var engine, full string
	err = w.QueryRow(ctx, "SELECT engine, engine_full FROM system.tables WHERE database = {db:String} AND name = {t:String}", []any{&engine, &full},
		clickhouse.Named("db", db), clickhouse.Named("t", name))
	if err != nil || !strings.HasSuffix(engine, "MergeTree") || strings.HasPrefix(engine, "Replicated") || strings.HasPrefix(engine, "Shared") ||
		strings.Contains(full, "non_replicated_deduplication_window") && !strings.Contains(full, "non_replicated_deduplication_window = 0") {
		return false, err
	}
	return true, w.Exec(ctx, fmt.Sprintf("ALTER TABLE %s MODIFY SETTING non_replicated_deduplication_window = %d", table, window))
}

// EngineCPU is the CPU time, in seconds, that the server's threads have used
// for queries and merges since it started.
func (w *Warehouse) EngineCPU(ctx context.Context) (float64, error) {
	var us uint64
	err := w.QueryRow(ctx, "SELECT sum(value) FROM system.events WHERE event IN ('UserTimeMicroseconds', 'SystemTimeMicroseconds')", []any{&us})
	return float64(us) / 1e6, err
}
