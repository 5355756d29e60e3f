package warehouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	clickhouse "github.com/ClickHouse/clickhouse-go/v2"

	"rongtong/schemas/fault"
)

// A token tells a repetition from a new insert, and a server without replication
// can be wrong about it: it notes the token before the insert's part takes its
// name (MergeTreeSink::commitPart: deduplication_log->addPart, then
// renameTempPartAndAdd), so that a kill between the two, or a rename that fails,
// leaves a token whose rows are nowhere. A repetition is therefore compared with
// what is there. That is rare, so it may cost something.

type repeatedKey struct{}

// Repeated says that inserts under the context may have been sent before, by
// this process or by another, and that nobody knows what became of them.
func Repeated(ctx context.Context) context.Context {
	return context.WithValue(ctx, repeatedKey{}, true)
}

// doubts are the inserts of this process that ended without a clear answer.
type doubts struct {
	mu   sync.Mutex
	open map[string]bool
}

// doubtsMost bounds them: who is never repeated is forgotten.
const doubtsMost = 10_000

func (d *doubts) note(insert string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open == nil || len(d.open) >= doubtsMost {
		d.open = map[string]bool{}
	}
	d.open[insert] = true
}

func (d *doubts) has(insert string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open[insert]
}

func (d *doubts) settle(insert string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, insert)
}

// once sends rows under a token, and when that is a repetition it sees to it that
// they are there.
func (w *Warehouse) once(ctx context.Context, table, token string, send sender) error {
	insert := table + "\x00" + token
	again := w.doubts.has(insert) || ctx.Value(repeatedKey{}) != nil
	err := send(ctx, table)
	if err == nil && again {
		err = w.complete(ctx, table, token, send)
	}
	var busy *pressed
	switch {
	case err == nil && again:
		w.doubts.settle(insert)
	case err != nil && !fault.Is(err, fault.Data) && !errors.As(err, &busy): // a server that refuses rows, or is busy, says so before it begins
		w.doubts.note(insert)
	}
	return err
}

// complete loads the rows that are missing of an insert that the server has just
// taken, or taken for one that is there. Rows are compared by the order key,
// which is what makes a row of a ReplacingMergeTree or an AggregatingMergeTree; in
// those a row too many merges away. Other tables have no such key, or their token and part are one
// transaction (Replicated…): they are left alone.
func (w *Warehouse) complete(ctx context.Context, table, token string, send sender) error {
	db, name, _ := strings.Cut(table, ".")
	var engine, key string
	var placed bool
	if err := w.QueryRow(ctx, "SELECT engine, sorting_key, 'last_kafka_offset' IN (SELECT name FROM system.columns WHERE database = ? AND table = ?) FROM system.tables WHERE database = ? AND name = ?",
		[]any{&engine, &key, &placed}, db, name, db, name); err != nil {
		return err
	}
	if engine != "ReplacingMergeTree" && engine != "AggregatingMergeTree" {
		return nil
	}
	sent := fmt.Sprintf("%s.sent_%s_%s_%s", dbOps, db, name, fingerprint(token))
	if err := w.Exec(ctx, fmt.Sprintf("CREATE OR REPLACE TABLE %s AS %s ENGINE = Memory", sent, table)); err != nil {
		return err
	}
	defer func() { _ = w.Exec(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS "+sent) }() // the next repetition replaces it
	if err := send(ctx, sent); err != nil {
		return err
	}
	near := "WHERE" // a large table is read only where rows of these offsets are: a row of an earlier delivery does not count, and merges away
	if placed {
		near = fmt.Sprintf("WHERE last_kafka_offset BETWEEN (SELECT min(last_kafka_offset) FROM %[1]s) AND (SELECT max(last_kafka_offset) FROM %[1]s) AND", sent)
	}
	missing := fmt.Sprintf("FROM %[1]s WHERE (%[2]s) NOT IN (SELECT %[2]s FROM %[3]s %[4]s (%[2]s) IN (SELECT %[2]s FROM %[1]s))", sent, key, table, near)
	var n uint64
	if err := w.QueryRow(ctx, "SELECT count() "+missing, []any{&n}); err != nil || n == 0 {
		return err
	}
	slog.WarnContext(ctx, "rows of an insert were missing although the server knew its token: they are loaded now", "table", table, "rows", n)
	settings := oneInsert(token)
	settings["insert_deduplicate"], settings["insert_deduplication_token"] = 0, ""
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(settings))
	return w.Exec(ctx, fmt.Sprintf("INSERT INTO %s SELECT * %s", table, missing))
}
