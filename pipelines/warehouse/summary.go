package warehouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// territoryTable counts the fused rows of every entity by division and by the
// month in which they last changed; a division has those below it too. One
// partition per entity, so that one can be made again without the others.
func territoryTable() *object {
	return &object{
		db: dbDwd, name: "territory", comment: "各区划（含下级）各实体的行数，按最近变动月份",
		engine: "MergeTree", partition: "entity", order: []string{"division_code", "entity", "month"}, derived: true,
		columns: []column{
			{"entity", lc, "", "主题实体"}, {"division_code", "FixedString(12)", "", "区划代码"}, {"month", "Date32", "", "最近变动的月份（首日）"},
			{"rows", "UInt64", "", "行数"}, {"last_at", instant, "", "最近业务时间"},
		},
	}
}

// contributionTable counts which source won how many rows of every field.
func contributionTable() *object {
	return &object{
		db: dbDwd, name: "contribution", comment: "各字段取自各来源的行数（一数一源）",
		engine: "MergeTree", partition: "entity", order: []string{"entity", "field", "src", "rule"}, derived: true,
		columns: []column{
			{"entity", lc, "", "主题实体"}, {"field", lc, "", "字段；整行取值为空"}, {"src", lc, "", "来源系统"}, {"rule", lc, "", "取值规则"},
			{"rows", "UInt64", "", "行数"}, {"last_at", "Nullable(" + instant + ")", "", "最近业务时间"},
		},
	}
}

// Summarise makes an entity's part of dwd.territory and dwd.contribution again
// if its fused rows changed, and reports whether it did. It takes at most a tenth
// of the time: a summary that took long is not made again at once.
func (w *Warehouse) Summarise(ctx context.Context, c *schemas.Catalog, entity string) (bool, error) {
	e := c.Entity(entity)
	if e == nil {
		return false, fault.New(fault.Config, "summarising %q: there is no such entity", entity)
	}
	name := "summary/" + entity
	defer w.lock(name)()
	if err := w.paths(ctx, c); err != nil {
		return false, err
	}
	rows, _, err := w.lastState(ctx, entity)
	if err != nil {
		return false, err
	}
	tree, _, err := w.lastState(ctx, divisionPath().name)
	if err != nil {
		return false, err
	}
	queries := map[*object]string{contributionTable(): contributionSQL(e)}
	if remappable(e) || e.Entity == divisionEntity {
		queries[territoryTable()] = territorySQL(e)
	}
	now := fuseState{claimsTable: rows.rowsTable, block: rows.block, rules: fingerprint(territorySQL(e), contributionSQL(e), rows.rules, tree.rowsTable)}
	last, found, err := w.lastState(ctx, name)
	if err != nil || found && last.sameAs(now) {
		return false, err
	}
	// things of a summary is when it may be made again, as Unix milliseconds.
	if found && last.sameTables(now) && time.Now().UnixMilli() < last.things {
		return false, nil
	}
	began := time.Now()
	for o, query := range queries {
		if err := w.replacePartition(ctx, o, entity, query); err != nil {
			return false, err
		}
	}
	now.things = time.Now().Add(10 * time.Since(began)).UnixMilli()
	return true, w.recordState(ctx, name, now, FuseResult{Took: time.Since(began)})
}

// replacePartition puts the answer of a query in place of an entity's partition,
// in one step.
func (w *Warehouse) replacePartition(ctx context.Context, o *object, entity, query string) error {
	doing := fmt.Sprintf("summarising %q", entity)
	next := o.name + "__" + entity
	staged := o.db + "." + ident(next)
	names := make([]string, len(o.columns))
	for i, col := range o.columns {
		names[i] = col.name
	}
	for _, sql := range []string{
		"DROP TABLE IF EXISTS " + staged + " SYNC", o.ddl(next), fmt.Sprintf("INSERT INTO %s (%s)\n%s", staged, idents(names), query),
	} {
		if err := w.conn.Exec(bounded(ctx), sql); err != nil {
			return w.mark(err, doing)
		}
	}
	var n uint64
	if err := w.QueryRow(ctx, "SELECT count() FROM "+staged, []any{&n}); err != nil {
		return err
	}
	swap := fmt.Sprintf("ALTER TABLE %s REPLACE PARTITION %s FROM %s", o.full(), quote(entity), staged)
	if n == 0 { // an empty source is refused, lest it be a slip
		swap = fmt.Sprintf("ALTER TABLE %s DROP PARTITION %s", o.full(), quote(entity))
	}
	for _, sql := range []string{swap, "DROP TABLE IF EXISTS " + staged + " SYNC"} {
		if err := w.conn.Exec(ctx, sql); err != nil {
			return w.mark(err, doing)
		}
	}
	return nil
}

// territorySQL rolls an entity's rows up the division tree. Rows of one
// division and month are counted before they are.
func territorySQL(e *schemas.Entity) string {
	return fmt.Sprintf(`SELECT %[1]s, p.ancestor_code, t.month, sum(t.n), max(t.last)
FROM
(
  SELECT code, toStartOfMonth(toDate32(at)) AS month, count() AS n, max(at) AS last
  FROM (SELECT %[2]s AS code, %[3]s AS at FROM dwd.%[4]s)
  GROUP BY code, month
) AS t
INNER JOIN dwd.division_path AS p ON p.division_code = t.code
GROUP BY p.ancestor_code, t.month`, quote(e.Entity), ident(e.Division.Column), lastChange(e), ident(e.Entity))
}

// lastChange is when the latest of a row's winning claims was true.
func lastChange(e *schemas.Entity) string {
	if e.Fusion == schemas.FuseRow {
		return "_at"
	}
	var ats []string
	for _, c := range e.Columns {
		if e.IsKey(c.Name) {
			continue
		}
		at := ident(c.Name + "_at")
		if c.Nullable {
			at = "ifNull(" + at + ", toDateTime64(0, 3, 'Asia/Shanghai'))"
		}
		ats = append(ats, at)
	}
	switch len(ats) {
	case 0:
		return "toDateTime64(0, 3, 'Asia/Shanghai')" // keys alone: nothing was ever won
	case 1:
		return ats[0]
	}
	return "greatest(" + strings.Join(ats, ", ") + ")"
}

// contributionSQL counts the winners of every field in one pass.
func contributionSQL(e *schemas.Entity) string {
	var items []string
	item := func(field string) {
		items = append(items, fmt.Sprintf("(%s, toString(%s), toString(%s), toNullable(%s))", quote(field), ident(field+"_src"), ident(field+"_rule"), ident(field+"_at")))
	}
	if e.Fusion == schemas.FuseRow {
		item("")
	} else {
		for _, c := range e.Columns {
			if !e.IsKey(c.Name) {
				item(c.Name)
			}
		}
	}
	if len(items) == 0 {
		return fmt.Sprintf("SELECT %s, '', '', '', count(), NULL FROM dwd.%s HAVING count() > 0", quote(e.Entity), ident(e.Entity))
	}
	return fmt.Sprintf(`SELECT %s, w.1 AS field, w.2 AS src, w.3 AS rule, count(), max(w.4)
FROM dwd.%s
ARRAY JOIN [%s] AS w
WHERE w.2 != ''
GROUP BY field, src, rule`, quote(e.Entity), ident(e.Entity), strings.Join(items, ", "))
}

// feedView says what every declared system has loaded into every entity it has
// a flow to, and when last: a feed that never came has a row too.
func feedView(c *schemas.Catalog) *object {
	var rows []string
	for _, s := range c.Systems {
		seen := map[string]bool{}
		for _, f := range s.Flows {
			e := c.Entity(f.Entity)
			if e == nil || seen[e.Entity] {
				continue
			}
			seen[e.Entity] = true
			days := "NULL"
			if p, ok := schemas.ParsePeriod(e.FreshWithin); ok {
				days = fmt.Sprint(p.Days())
			}
			rows = append(rows, fmt.Sprintf("(%s, %s, %s, %s, %s, %s, %s)", quote(s.System), quote(s.Name.Zh), quote(s.Tier), quote(s.Department), quote(e.Entity), quote(e.Name.Zh), days))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return &object{db: dbDwd, name: "feed", definer: true, comment: "各来源系统向各实体的供数情况", view: fmt.Sprintf(`SELECT d.system AS system, d.name AS name, d.tier AS tier, d.department AS department, d.entity AS entity, d.entity_name AS entity_name, d.fresh_days AS fresh_days,
       sum(l.accepted) AS accepted, sum(l.rejected) AS rejected, nullIf(max(l.loaded_at), toDateTime64(0, 3, 'Asia/Shanghai')) AS last_loaded_at
FROM values('system String, name String, tier String, department String, entity String, entity_name String, fresh_days Nullable(Int64)',
%s) AS d
LEFT JOIN (SELECT system, entity, accepted, rejected, loaded_at FROM ops.load FINAL) AS l ON l.system = d.system AND l.entity = d.entity
GROUP BY system, name, tier, department, entity, entity_name, fresh_days`, strings.Join(rows, ",\n"))}
}
