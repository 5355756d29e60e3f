package warehouse

import (
	"context"
	"fmt"
)

// takenOut are rows that leave a table.
type takenOut struct {
	table *object
	key   string  // an expression that tells its rows apart, in sixteen bytes
	where string  // which rows of the table may be concerned
	keys  string  // a query of the key of those that leave
	into  *object // where they go; nil: nowhere
}

// takeOut takes rows out of a table, and returns how many. Their keys are put aside
// first: a server works out what an ALTER asks for on its own terms, with all the
// memory that it likes, and tries again for ever what has failed. So what an
// earlier one left is ended before it begins, and its own where it fails.
func (w *Warehouse) takeOut(ctx context.Context, t takenOut) (n int64, err error) {
	table, aside := t.table.full(), t.table.full()+"__going"
	sweep := func(ctx context.Context) error {
		for _, sql := range []string{
			fmt.Sprintf("KILL MUTATION WHERE database = %s AND table = %s AND NOT is_done AND command LIKE '%%__going%%' SYNC", quote(t.table.db), quote(t.table.name)),
			"DROP TABLE IF EXISTS " + aside + " SYNC",
		} {
			if err := w.conn.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	}
	if err := sweep(ctx); err != nil {
		return 0, err
	}
	defer func() {
		if e := sweep(context.WithoutCancel(ctx)); err == nil {
			err = e
		}
	}()
	if err := w.conn.Exec(inFull(ctx), "CREATE TABLE "+aside+" ENGINE = MergeTree ORDER BY key AS "+t.keys); err != nil {
		return 0, err
	}
	if err := w.QueryRow(ctx, "SELECT toInt64(count()) FROM "+aside, []any{&n}); err != nil || n == 0 {
		return 0, err
	}
	these := fmt.Sprintf("%s AND %s IN (SELECT key FROM %s)", t.where, t.key, aside)
	if t.into != nil {
		sql := fmt.Sprintf("INSERT INTO %s (%[2]s) SELECT %[2]s FROM %s WHERE %s", t.into.full(), pointColumns(), table, these)
		if err := w.conn.Exec(inFull(ctx), sql); err != nil {
			return 0, err
		}
	}
	return n, w.conn.Exec(inFull(ctx), "ALTER TABLE "+table+" DELETE WHERE "+these)
}
