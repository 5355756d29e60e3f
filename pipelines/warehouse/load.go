package warehouse

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	clickhouse "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/apache/arrow/go/v17/arrow"

	"rongtong/schemas/fault"
)

// Load is one batch of rows and the token that makes it once.
type Load struct {
	// Token names these rows in this table. A second load with the same token
	// does nothing, whatever its rows are: same token, same rows is the
	// caller's promise.
	Token string
	// Table is the table's full name, "std.facility". The record's columns are
	// found by name; columns that the record lacks get their default.
	Table string
	// Rows is borrowed until Load returns.
	Rows arrow.Record
}

var tableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*$`)

// Load inserts the rows, all or none. One load is one insert of one block of
// one part, because the token protects a block: with more than one, a crash in
// between would leave a part of the rows.
//
// fault.Transient means: load again with the same token, whether or not the
// rows arrived. Errors name the column at fault but never a value.
func (w *Warehouse) Load(ctx context.Context, l Load) error {
	doing := fmt.Sprintf("loading %q", l.Table)
	switch {
	case l.Token == "":
		return fault.New(fault.Bug, "%s: the load has no token", doing)
	case !tableName.MatchString(l.Table):
		return fault.New(fault.Bug, "%s: that is not the name of a table", doing)
	case l.Rows.NumRows() == 0:
		return nil
	}
	err := w.once(ctx, l.Table, l.Token, w.rowsOf(l.Rows, l.Token, doing))
	if tooSpread(err) && l.Rows.NumRows() > 1 {
		return w.spread(ctx, l)
	}
	return err
}

// sender sends the rows of one insert into a table.
type sender func(ctx context.Context, into string) error

func (w *Warehouse) rowsOf(rows arrow.Record, token, doing string) sender {
	return func(ctx context.Context, into string) error { return w.insert(ctx, into, token, rows, doing) }
}

func (w *Warehouse) insert(ctx context.Context, into, token string, rows arrow.Record, doing string) error {
	settings := oneInsert(token)
	if w.native != nil {
		return w.seal(w.native.insert(ctx, into, settings, rows), doing)
	}
	names := make([]string, rows.NumCols())
	for i := range names {
		names[i] = ident(rows.ColumnName(i))
	}
	b := newBody(rows, &w.encoders)
	defer b.stop()
	// No space before the bracket: the client would take the list apart twice, for nothing.
	sql := fmt.Sprintf("INSERT INTO %s(%s)", into, strings.Join(names, ", "))
	return w.seal(w.conn.InsertFormat(clickhouse.Context(ctx, clickhouse.WithSettings(settings)), "ArrowStream", sql, b), doing)
}

// partsMost is how many parts one insert may become. A record whose rows belong
// to more partitions of its table is loaded in pieces: see spread.
const partsMost = 100

// oneInsert are the settings under which an insert is one block under one token.
func oneInsert(token string) clickhouse.Settings {
	const unlimited = 1 << 40
	return clickhouse.Settings{
		"insert_deduplicate":                                 1,
		"insert_deduplication_token":                         token,
		"async_insert":                                       0,
		"max_insert_threads":                                 1,
		"max_insert_block_size":                              unlimited,
		"min_insert_block_size_rows":                         unlimited,
		"min_insert_block_size_bytes":                        unlimited,
		"input_format_null_as_default":                       1,
		"date_time_input_format":                             "best_effort",
		"input_format_parallel_parsing":                      0,
		"input_format_allow_errors_num":                      0,
		"input_format_skip_unknown_fields":                   0,
		"max_partitions_per_insert_block":                    partsMost,
		"deduplicate_blocks_in_dependent_materialized_views": 1,
	}
}

// InsertRows inserts a slice of structs (LoadRow, RejectRow, Run, or any whose
// json names are the table's columns) under a token, all or none, like Load. It
// is meant for the small tables of ops.
func (w *Warehouse) InsertRows(ctx context.Context, table, token string, rows any) error {
	doing := fmt.Sprintf("writing to %q", table)
	v := reflect.ValueOf(rows)
	switch {
	case !tableName.MatchString(table):
		return fault.New(fault.Bug, "%s: that is not the name of a table", doing)
	case v.Kind() != reflect.Slice:
		return fault.New(fault.Bug, "%s: the rows are a %s and not a slice", doing, v.Kind())
	case token == "":
		return fault.New(fault.Bug, "%s: the rows have no token", doing)
	case v.Len() == 0:
		return nil
	}
	if w.native == nil {
		return w.once(ctx, table, token, w.jsonOf(v, token, doing))
	}
	rec, err := recordOf(v)
	if err != nil {
		return fault.New(fault.Bug, "%s: %w", doing, err)
	}
	defer rec.Release()
	return w.once(ctx, table, token, w.rowsOf(rec, token, doing))
}

// jsonOf sends rows as lines of JSON: every load has a row or two for the
// ledger, and as columns they would cost more than the load itself.
func (w *Warehouse) jsonOf(rows reflect.Value, token, doing string) sender {
	return func(ctx context.Context, into string) error {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		for i := range rows.Len() {
			if err := enc.Encode(rows.Index(i).Addr().Interface()); err != nil {
				return fault.New(fault.Bug, "%s: %w", doing, err)
			}
		}
		ctx = clickhouse.Context(ctx, clickhouse.WithSettings(oneInsert(token)))
		return w.seal(w.conn.InsertFormat(ctx, "JSONEachRow", "INSERT INTO "+into, &buf), doing)
	}
}
