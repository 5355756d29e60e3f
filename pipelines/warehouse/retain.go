package warehouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rongtong/schemas"
)

// Retain removes the claims of an entity that were superseded or withdrawn
// longer ago than the entity is kept, and returns how many. A claim that
// stands, however old, is never removed; so a time to live of the table, which
// knows one row at a time, could not do it.
//
// A claim is superseded when its source says something newer about the thing.
// A withdrawal goes after everything that it withdraws: a reader never sees the
// thing come back. What goes is counted in ops.expired, so that the books still
// balance; a run that was cut short is finished by the next.
func (w *Warehouse) Retain(ctx context.Context, e *schemas.Entity, now time.Time) (int64, error) {
	due, err := w.retainable(ctx, e, now)
	if err != nil || len(due.rows) == 0 {
		return 0, err
	}
	if err := w.InsertRows(ctx, "ops.expired", fmt.Sprintf("%s/%d", e.Entity, now.UnixNano()), due.rows); err != nil {
		return 0, err
	}
	for _, which := range due.which {
		if err := w.retire(ctx, e, due.claims, which, retireAtOnce); err != nil {
			return 0, w.mark(err, fmt.Sprintf("removing old claims of %q", e.Entity))
		}
	}
	var n int64
	for _, r := range due.rows {
		n += r.Expired
	}
	return n, nil
}

// retire takes the claims that which picks out of their table, the keys of so many
// versions at once: the server holds them in memory. Of one version they go together.
func (w *Warehouse) retire(ctx context.Context, e *schemas.Entity, claims, which string, atOnce int64) error {
	key := "sipHash128(" + idents(e.Key) + ", src_system, version)"
	out := takenOut{table: stdTable(e), key: key, where: "1",
		keys: fmt.Sprintf("SELECT DISTINCT %s AS key FROM (%s) WHERE %s LIMIT %d", key, claims, which, atOnce)}
	for {
		if n, err := w.takeOut(ctx, out); err != nil || n < atOnce {
			return err
		}
	}
}

const retireAtOnce = 2_000_000

// cutoff is the time before which what is superseded or withdrawn goes.
func cutoff(keep schemas.Period, now time.Time) time.Time {
	if keep.Unit == 'Y' {
		return now.AddDate(-keep.N, 0, 0)
	}
	return now.AddDate(0, 0, -keep.N)
}

func instantOf(t time.Time) string {
	return "toDateTime64(" + quote(t.UTC().Format("2006-01-02 15:04:05")) + ", 3, 'UTC')"
}

// overdue are the claims of an entity that are over the time they are kept.
type overdue struct {
	claims string   // a query of all claims
	which  []string // conditions that pick those to go, in the order in which they go
	rows   []expiredRow
}

// retainable finds what Retain removes.
func (w *Warehouse) retainable(ctx context.Context, e *schemas.Entity, now time.Time) (due overdue, err error) {
	keep, ok := schemas.ParsePeriod(e.Retention)
	if !ok {
		return due, nil
	}
	cutoff := cutoff(keep, now)
	before := instantOf(cutoff)
	table := dbStd + "." + ident(e.Entity)
	var old uint64
	if err := w.QueryRow(ctx, "SELECT count() FROM "+table+" WHERE event_time < "+before, []any{&old}); err != nil || old == 0 {
		return due, err
	}
	due.claims = retained(e, table)
	due.which = []string{"next_at < " + before, "next_at IS NULL AND withdrawn = 1 AND event_time < " + before}
	due.rows, err = w.expiring(ctx, e, due.claims, strings.Join(due.which, " OR "), cutoff)
	return due, err
}

// retained are the distinct claims, each with the time of its source's next version
// of them, and whether its own version is a withdrawal, as it was said last. What a
// source said under one version stays or goes together.
func retained(e *schemas.Entity, table string) string {
	return fmt.Sprintf(`SELECT %[1]s, src_system, version, kafka_topic, event_time,
  argMax(is_deleted, %[3]s) OVER (PARTITION BY %[1]s, src_system, version) AS withdrawn,
  min(toNullable(event_time)) OVER (PARTITION BY %[1]s, src_system ORDER BY version RANGE BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS next_at
FROM %[2]s FINAL`, idents(e.Key), table, deliveryColumn)
}

// expiredRow is a row of ops.expired.
type expiredRow struct {
	Entity  string `json:"entity"`
	System  string `json:"system"`
	Topic   string `json:"topic"`
	Before  string `json:"before"`
	Expired int64  `json:"expired"`
}

func (w *Warehouse) expiring(ctx context.Context, e *schemas.Entity, claims, which string, cutoff time.Time) ([]expiredRow, error) {
	var out []expiredRow
	err := w.each(bounded(ctx), fmt.Sprintf("SELECT toString(src_system), toString(kafka_topic), count() FROM (%s) WHERE %s GROUP BY ALL", claims, which),
		func(scan func(...any) error) error {
			r := expiredRow{Entity: e.Entity, Before: cutoff.Format(time.DateOnly)}
			var n uint64
			err := scan(&r.System, &r.Topic, &n)
			r.Expired = int64(n)
			out = append(out, r)
			return err
		})
	return out, err
}

// expiredTable counts what retention removed. Of a run that was repeated the
// same day the greatest count stands: the one before anything was removed.
func expiredTable() *object {
	return &object{db: dbOps, name: "expired", comment: "到期清除：被取代或撤回且超过保留期限的主张数", dedup: true,
		engine: "ReplacingMergeTree(expired)", order: []string{"entity", "system", "topic", "before"},
		columns: []column{
			{"entity", lc, "", "主题实体"}, {"system", lc, "", "来源系统"}, {"topic", lc, "", "主题"},
			{"before", "Date32", "", "此日之前被取代或撤回"}, {"expired", "UInt64", "", "清除（条）"},
		}}
}
