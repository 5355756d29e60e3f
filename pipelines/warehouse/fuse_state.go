package warehouse

import (
	"context"
	"fmt"
	"time"

	"rongtong/schemas"
)

// fuseState is what a fusion had seen: the claims up to a block of a table, the
// rules applied to them, and the table the rows went to. Every insert takes a
// new block number and a merge takes none, so two states are equal exactly when
// no rows arrived between them.
type fuseState struct {
	claimsTable string // UUID of the table of claims
	block       int64  // its highest block
	rules       string
	rowsTable   string // UUID of the table of rows, and of members where things are recognised
	matched     int64  // the last change of what keys mean; see identify
	decided     int64  // the last decision about that
	claims      int64
	things      int64
	at          int64 // when that was so, by the server's clock, in Unix seconds
}

// sameTables reports whether claims, rules and rows are still the ones of s.
func (s fuseState) sameTables(now fuseState) bool {
	return s.claimsTable == now.claimsTable && s.rowsTable == now.rowsTable && s.rules == now.rules
}

// sameAs reports whether nothing arrived or changed between s and now.
func (s fuseState) sameAs(now fuseState) bool {
	return s.sameTables(now) && s.block == now.block && s.matched == now.matched && s.decided == now.decided
}

// seq grows with everything that changes rows: rows of a higher one replace
// those of a lower one.
func (s fuseState) seq() int64 { return s.block + s.matched }

// claimState is the state as it is now.
func (w *Warehouse) claimState(ctx context.Context, f *fuser) (fuseState, error) {
	e, rules := f.e, []string{fusedTable(f.e).ddl(f.e.Entity), f.sql()}
	var s fuseState
	if e.Identity != nil {
		rules = append(rules, (&matcher{f: f, id: e.Identity}).rule())
	}
	s.rules = fingerprint(rules...)
	err := w.QueryRow(ctx, `SELECT toString(uuid), toInt64(toUnixTimestamp(now())),
  (SELECT toInt64(max(max_block_number)) FROM system.parts WHERE database = 'std' AND table = ? AND active)
FROM system.tables WHERE database = 'std' AND name = ?`, []any{&s.claimsTable, &s.at, &s.block}, e.Entity, e.Entity)
	if err != nil {
		return s, err
	}
	if err == nil {
		s.rowsTable, err = w.derivedTables(ctx, e)
	}
	if err == nil && e.Identity != nil {
		s.matched, err = w.lastMatch(ctx, e.Entity)
	}
	if err == nil && e.Identity != nil {
		s.decided, err = w.lastDecision(ctx, e.Entity)
	}
	return s, err
}

// derivedTables identifies the tables that a fusion of the entity fills.
func (w *Warehouse) derivedTables(ctx context.Context, e *schemas.Entity) (string, error) {
	rows, err := w.identity(ctx, fusedTable(e).name)
	if err != nil || e.Identity == nil {
		return rows, err
	}
	members, err := w.identity(ctx, membersTable(e).name)
	return rows + "/" + members, err
}

// lastState is what the last fusion of an entity, or the last rebuild of
// another derived table, had seen.
func (w *Warehouse) lastState(ctx context.Context, name string) (s fuseState, found bool, err error) {
	err = w.each(ctx, "SELECT claims_table, block, rules, rows_table, matched, decided, toInt64(claims), toInt64(things), seen_at FROM ops.fuse FINAL WHERE entity = "+quote(name),
		func(scan func(...any) error) error {
			found = true
			return scan(&s.claimsTable, &s.block, &s.rules, &s.rowsTable, &s.matched, &s.decided, &s.claims, &s.things, &s.at)
		})
	return s, found, err
}

// identity is the UUID of a table of dwd; a table created anew has another.
func (w *Warehouse) identity(ctx context.Context, name string) (string, error) {
	var uuid string
	err := w.QueryRow(ctx, "SELECT toString(any(uuid)) FROM system.tables WHERE database IN ('dwd', 'dwp') AND name = ?", []any{&uuid}, name)
	return uuid, err
}

type fuseRow struct {
	Entity      string    `json:"entity"`
	ClaimsTable string    `json:"claims_table"`
	Block       int64     `json:"block"`
	Rules       string    `json:"rules"`
	RowsTable   string    `json:"rows_table"`
	Matched     int64     `json:"matched"`
	Decided     int64     `json:"decided"`
	Claims      int64     `json:"claims"`
	Things      int64     `json:"things"`
	Changed     int64     `json:"changed"`
	Rebuilt     bool      `json:"rebuilt"`
	TookMs      int64     `json:"took_ms"`
	FusedAt     time.Time `json:"fused_at"`
	SeenAt      int64     `json:"seen_at"`
}

func fuseTable() *object {
	return &object{db: dbOps, name: "fuse", comment: "融合状态：上次融合时各实体的主张集",
		engine: "ReplacingMergeTree(fused_at)", order: []string{"entity"},
		columns: []column{
			{"entity", "String", "", "主题实体"}, {"claims_table", "String", "", "主张表标识"}, {"block", "Int64", "", "已见的最高数据块号"},
			{"rules", "String", "", "融合规则的指纹"}, {"rows_table", "String", "", "结果表标识"},
			{"matched", "Int64", "", "已见的归并序号"}, {"decided", "Int64", "", "已见的决定序号"},
			{"claims", "UInt64", "", "主张数"}, {"things", "UInt64", "", "事物数"},
			{"changed", "UInt64", "", "本次重新融合的事物数"}, {"rebuilt", "Bool", "", "是否全部重建"},
			{"took_ms", "UInt64", "", "用时（毫秒）"}, {"fused_at", instant, "", "融合时间"},
			{"seen_at", "Int64", "", "查看主张的时间（服务器时钟，Unix秒）"},
		}}
}

func (w *Warehouse) recordState(ctx context.Context, name string, s fuseState, r FuseResult) error {
	row := fuseRow{name, s.claimsTable, s.block, s.rules, s.rowsTable, s.matched, s.decided, s.claims, s.things, r.Changed, r.Rebuilt, r.Took.Milliseconds(), time.Now(), s.at}
	return w.InsertRows(ctx, "ops.fuse", fmt.Sprintf("%s/%s:%d:%s/%s:%d:%d", name, s.claimsTable, s.block, s.rules, s.rowsTable, s.matched, s.decided), []fuseRow{row})
}
