package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"rongtong/schemas"
)

// Refresh computes an indicator if anything it depends on has changed since it
// was last computed, and reports whether it did. What it last saw is recorded
// after the values are in place, so an interrupted computation is done again.
//
// What the fusions of the entities that the indicator reads had seen, with its
// own statement, is all that its values depend on.
func (w *Warehouse) Refresh(ctx context.Context, c *schemas.Catalog, ind *schemas.Indicator, runID string) (bool, error) {
	state, err := w.inputs(ctx, c, ind)
	if err != nil {
		return false, err
	}
	var last string
	if err := w.QueryRow(ctx, "SELECT max(state) FROM ops.compute FINAL WHERE indicator = ?", []any{&last}, ind.Indicator); err != nil {
		return false, err
	}
	if last == state {
		return false, nil
	}
	computed, err := w.compute(ctx, c, ind, runID)
	if err != nil {
		return false, err
	}
	row := computeRow{ind.Indicator, state, time.Now()}
	return computed, w.InsertRows(ctx, "ops.compute", ind.Indicator+"/"+state+"/"+runID, []computeRow{row})
}

type computeRow struct {
	Indicator  string    `json:"indicator"`
	State      string    `json:"state"`
	ComputedAt time.Time `json:"computed_at"`
}

func computeTable() *object {
	return &object{db: dbOps, name: "compute", comment: "计算状态：上次计算时各指标所见的数据", dedup: true,
		engine: "ReplacingMergeTree(computed_at)", order: []string{"indicator"},
		columns: []column{
			{"indicator", "String", "", "指标"}, {"state", "String", "", "所读各表与计算语句的指纹"}, {"computed_at", instant, "", "计算时间"},
		}}
}

// inputs identifies what an indicator's values depend on.
func (w *Warehouse) inputs(ctx context.Context, c *schemas.Catalog, ind *schemas.Indicator) (string, error) {
	query, err := computeSQL(ind, "")
	if err != nil {
		return "", err
	}
	names := append([]string{divisionEntity}, ind.Reads...)
	if slices.ContainsFunc(ind.Reads, func(r string) bool { return c.Entity(r) == nil }) {
		for _, e := range c.Entities { // a relation over all entities, such as up_feed
			names = append(names, e.Entity)
		}
	}
	return w.seen(ctx, query, names...)
}

// seen identifies what a statement over fused entities depends on: its text, and
// what the fusions of the entities had seen.
func (w *Warehouse) seen(ctx context.Context, query string, names ...string) (string, error) {
	names = slices.Clone(names)
	for i, n := range names {
		names[i] = quote(n)
	}
	var tables string
	err := w.QueryRow(ctx, fmt.Sprintf(`SELECT arrayStringConcat(arraySort(groupArray(s)), ',')
FROM
(
  SELECT concat(entity, ':', claims_table, ':', toString(block), ':', rules, ':', rows_table, ':', toString(matched)) AS s FROM ops.fuse FINAL WHERE entity IN (%s)
  UNION ALL
  SELECT toString(uuid) FROM system.tables WHERE database = 'ads' AND name = 'indicator_value'
)`, strings.Join(names, ", ")), []any{&tables})
	return fingerprint(query, tables), err
}
