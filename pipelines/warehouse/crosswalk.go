package warehouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// Crosswalk leads from a pseudonym of an earlier key to that of the key in
// force. No raw number stands in it.
type Crosswalk struct {
	Purpose    string    `json:"purpose"`
	Old        string    `json:"old_pid"`
	OldVersion int       `json:"old_version"`
	New        string    `json:"new_pid"`
	NewVersion int       `json:"new_version"`
	At         time.Time `json:"rekeyed_at"`
}

// PidUse is a column of pseudonyms.
type PidUse struct {
	Table   string `json:"table"`
	Column  string `json:"column"`
	Changed int64  `json:"changed"`
}

func crosswalkTable() *object {
	return &object{db: dbOps, name: "pid_crosswalk", comment: "假名换钥对照：旧钥假名到现行假名，不含原始号码", dedup: true,
		engine: "ReplacingMergeTree(new_version)", order: []string{"old_pid"},
		columns: []column{
			{"purpose", lc, "", "用途"}, {"old_pid", "FixedString(26)", "", "旧假名"}, {"old_version", "UInt16", "", "旧钥版本"},
			{"new_pid", "FixedString(26)", "", "现行假名"}, {"new_version", "UInt16", "", "现行钥版本"}, {"rekeyed_at", instant, "", "换钥时间"},
		}}
}

// ApplyCrosswalk brings every stored pseudonym over to the key in force, in the
// tables of all layers, with the version beside it (<column>_version). It
// returns the columns, and how many rows still have a pseudonym of an earlier
// version because nothing leads from it; the newest versions are given by
// "entity.column". A column that is part of its table's order is left as it is.
func (w *Warehouse) ApplyCrosswalk(ctx context.Context, newest map[string]int) (uses []PidUse, left int64, err error) {
	var pairs uint64
	if err := w.QueryRow(ctx, "SELECT count() FROM ops.pid_crosswalk FINAL", []any{&pairs}); err != nil {
		return nil, 0, err
	}
	columns, err := w.pidColumns(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, c := range columns {
		if pairs > 0 {
			if err := w.takeOver(ctx, &c); err != nil {
				return uses, left, err
			}
			uses = append(uses, c.PidUse)
		}
		_, table, _ := strings.Cut(c.Table, ".")
		top, known := newest[table+"."+c.Column]
		if c.version == "" || !known {
			continue
		}
		var n uint64
		if err := w.QueryRow(ctx, fmt.Sprintf("SELECT countIf(%s < %d AND %s != '') FROM %s", ident(c.version), top, ident(c.Column), c.Table), []any{&n}); err != nil {
			return uses, left, err
		}
		left += int64(n)
	}
	return uses, left, nil
}

type pidColumn struct {
	PidUse
	version string // column of the key's version; empty: there is none
	landed  bool   // as it landed, "<pseudonym>.<version>", in layer ods
}

// pidColumns finds the columns of pseudonyms: by their type in std and dwd, and
// by their comment in ods, where every field is a text.
func (w *Warehouse) pidColumns(ctx context.Context) ([]pidColumn, error) {
	rows, err := w.Query(ctx, `SELECT c.database, c.table, c.name, position(c.type, 'FixedString(26)') > 0 OR position(c.comment, '`+landedMark+`') > 0
		FROM system.columns AS c INNER JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
		WHERE c.database IN ('std', 'dwd', 'dwp', 'ods') AND t.engine LIKE '%MergeTree' AND NOT c.is_in_sorting_key AND NOT c.is_in_partition_key
		ORDER BY 1, 2, 3`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []pidColumn
	all := map[string]bool{}
	for rows.Next() {
		var db, table, name string
		var isPid uint8
		if err := rows.Scan(&db, &table, &name, &isPid); err != nil {
			return nil, fault.New(fault.Bug, "reading the columns of pseudonyms: %w", err)
		}
		full := db + "." + ident(table)
		all[full+"."+name] = true
		if isPid == 1 {
			out = append(out, pidColumn{PidUse: PidUse{Table: full, Column: name}, landed: db == dbOds})
		}
	}
	for i := range out {
		if c := &out[i]; all[c.Table+"."+c.Column+"_version"] {
			c.version = c.Column + "_version"
		}
	}
	return out, rows.Err()
}

// landedMark is in the comment of a column of layer ods that holds pseudonyms.
const landedMark = schemas.LandedPid

// takeOver changes one column. The pairs are read once, as constants.
func (w *Warehouse) takeOver(ctx context.Context, c *pidColumn) error {
	old, now := "toString(old_pid)", "toString(new_pid)"
	if c.landed {
		old, now = old+" || '.' || toString(old_version)", now+" || '.' || toString(new_version)"
	}
	list := func(what string) string {
		return fmt.Sprintf("(SELECT groupArray(x) FROM (SELECT %s AS x FROM ops.pid_crosswalk FINAL ORDER BY old_pid))", what)
	}
	col := ident(c.Column)
	text := fmt.Sprintf("ifNull(toString(%s), '')", col)
	isOld := fmt.Sprintf("%s IN (SELECT %s FROM ops.pid_crosswalk FINAL)", text, old)
	var n uint64
	if err := w.QueryRow(ctx, fmt.Sprintf("SELECT count() FROM %s WHERE %s", c.Table, isOld), []any{&n}); err != nil {
		return err
	}
	if c.Changed = int64(n); n == 0 {
		return nil
	}
	set := []string{fmt.Sprintf("%s = transform(%s, %s, %s, %s)", col, text, list(old), list(now), text)}
	if c.version != "" {
		v := ident(c.version)
		set = append(set, fmt.Sprintf("%s = transform(%s, %s, %s, toInt64(ifNull(%s, 0)))", v, text, list(old), list("toInt64(new_version)"), v))
	}
	return w.Exec(ctx, fmt.Sprintf("ALTER TABLE %s UPDATE %s WHERE %s SETTINGS mutations_sync = 2, mutations_execute_subqueries_on_initiator = 1, allow_nondeterministic_mutations = 1",
		c.Table, strings.Join(set, ", "), isOld))
}
