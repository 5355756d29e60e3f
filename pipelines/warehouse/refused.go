package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"rongtong/schemas/fault"
)

// Refused tells which rows of a load the table can never take, in order, at most
// so many. It stores nothing: the rows go to a table of the same columns that
// keeps none, half by half, until the ones that fail stand alone. That table is
// named after the load and goes at the end; one that a kill left behind goes with
// the load's repetition.
func (w *Warehouse) Refused(ctx context.Context, l Load, most int) (out []int, err error) {
	sink := fmt.Sprintf("%s.refused_%s_%s", dbOps, strings.ReplaceAll(l.Table, ".", "_"), fingerprint(l.Token))
	if err := w.Exec(ctx, fmt.Sprintf("CREATE OR REPLACE TABLE %s AS %s ENGINE = Null", sink, l.Table)); err != nil {
		return nil, err
	}
	defer func() {
		if e := w.Exec(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS "+sink); err == nil {
			err = e
		}
	}()
	var try func(from, to int64) error
	try = func(from, to int64) error {
		if len(out) >= most {
			return nil
		}
		part := l.Rows.NewSlice(from, to)
		err := w.insert(ctx, sink, l.Token, part, fmt.Sprintf("checking rows for %q", l.Table))
		part.Release()
		switch {
		case err == nil:
			return nil
		case !fault.Is(err, fault.Data):
			return err
		case to-from == 1:
			out = append(out, int(from))
			return nil
		}
		middle := from + (to-from)/2
		if err := try(from, middle); err != nil {
			return err
		}
		return try(middle, to)
	}
	return out, try(0, l.Rows.NumRows())
}

// manyPartitions is how the server refuses one block that would become more
// parts than its setting allows, with the same code as when merges lag behind.
const manyPartitions = "partitions for single INSERT block"

// spread loads a record that would become too many parts in two halves, each
// with a name of its own. Where a record is cut follows from nothing but its
// rows and the table, so a repetition cuts it in the same places.
func (w *Warehouse) spread(ctx context.Context, l Load) error {
	n := l.Rows.NumRows()
	for i, half := range []arrow.Record{l.Rows.NewSlice(0, n/2), l.Rows.NewSlice(n/2, n)} {
		err := w.Load(ctx, Load{Token: fmt.Sprintf("%s#%d", l.Token, i), Table: l.Table, Rows: half})
		half.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// columnError names the column that the server found at fault.
type columnError struct {
	column string
	error
}

func (e *columnError) Unwrap() error { return e.error }

// ColumnOf is the column that an error of a load names, empty if it names none.
func ColumnOf(err error) string {
	var c *columnError
	if errors.As(err, &c) {
		return c.column
	}
	return ""
}
