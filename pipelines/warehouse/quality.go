package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"rongtong/schemas"
)

// issueTable holds what the rules that are checked after loading found in the
// fused rows. An issue is settled, by is_deleted, when the rule holds again.
func issueTable() *object {
	return &object{db: dbOps, name: "quality_issue", comment: "质量问题：装载后按规则在主题数据中发现的问题", dedup: true,
		engine: "ReplacingMergeTree(checked_seq, is_deleted)", order: []string{"rule", "thing"},
		columns: []column{
			{"rule", lc, "", "规则"}, {"entity", lc, "", "主题实体"}, {"thing", "String", "ZSTD(1)", "事物标识（主键以|相连）"}, {"field", lc, "", "字段"},
			{"value", "String", "ZSTD(1)", "现有的值（涉及个人的不填）"}, {"expected", "String", "ZSTD(1)", "应有的值（如下级之和）"},
			{"division_code", "String", "", "所在区划"}, {"src", lc, "", "取自来源"}, {"department", lc, "", "来源的主管部门：由其核实"},
			{"reason_zh", lc, "", "原因"}, {"reason_en", lc, "", "原因（英文）"},
			{"opened_at", instant, "", "首次发现时间"}, {"checked_seq", "UInt64", "Delta(8), ZSTD(1)", "检查序号"}, {"is_deleted", "UInt8", "", "已解决"},
		}}
}

// qualityViews are what people read: open issues, the flags by name, and which
// source sends rows with which flags.
func qualityViews(c *schemas.Catalog) []*object {
	out := []*object{
		(&object{db: dbAds, name: "quality_issue", view: `SELECT rule, entity, thing, field, value, expected, division_code, src, department, reason_zh, reason_en, opened_at
FROM ops.quality_issue FINAL
WHERE is_deleted = 0 AND entity NOT IN (` + confidential(c) + `)`}).askedBy(label("质量问题", "Quality issues"), label(
			"装载后按规则发现、尚未解决的问题。不含涉及个人或案件的实体。", "What the rules that are checked after loading found and nobody has settled. Not of entities about persons or their cases."), []column{
			both("rule", lc, "规则", "Rule"), both("entity", lc, "主题实体", "Entity"), both("thing", "String", "事物标识（主键以|相连）", "The thing: its key, joined with |"), both("field", lc, "字段", "Field"),
			both("value", "String", "现有的值", "Value that is there"), both("expected", "String", "应有的值（如下级之和）", "Value that should be there, such as the children's sum"),
			both("division_code", "String", "所在区划", "Division"), both("src", lc, "取自来源", "Source that won"), both("department", lc, "来源的主管部门：由其核实", "Department of that source: it looks into it"),
			both("reason_zh", lc, "原因", "Reason in Chinese"), both("reason_en", lc, "原因（英文）", "Reason"), both("opened_at", instant, "首次发现时间", "First found"),
		}),
		(&object{db: dbAds, name: "quality_issue_by_department", view: `SELECT department, rule, entity, field, any(reason_zh) AS reason_zh, count() AS issues, min(opened_at) AS oldest
FROM ads.quality_issue
GROUP BY department, rule, entity, field`}).askedBy(label("各部门的质量问题", "Quality issues by department"), label(
			"各部门各规则的质量问题数。", "How many issues each department has to look into, by rule."), []column{
			both("department", lc, "主管部门", "Department"), both("rule", lc, "规则", "Rule"), both("entity", lc, "主题实体", "Entity"), both("field", lc, "字段", "Field"),
			both("reason_zh", lc, "原因", "Reason in Chinese"), both("issues", "UInt64", "问题数", "Issues"), both("oldest", instant, "最早发现", "Oldest"),
		}),
		{db: dbOps, name: "flag", comment: "质量标志：q_flags 各位的名称与含义", view: flagRows()},
	}
	var parts []string
	for _, e := range c.Entities {
		parts = append(parts, fmt.Sprintf("    SELECT %s AS entity, src_system, q_flags, count() AS n FROM %s.%s FINAL WHERE q_flags > 0 GROUP BY src_system, q_flags", quote(e.Entity), dbStd, ident(e.Entity)))
	}
	if len(parts) == 0 {
		return out
	}
	return append(out, &object{db: dbOps, name: "rows_by_flag", definer: true, comment: "质量标志：各来源各实体带标志的行数", view: `SELECT r.entity AS entity, r.src_system AS system, f.name AS flag, any(f.zh) AS zh, any(f.en) AS en, sum(r.n) AS rows
FROM
(
` + strings.Join(parts, "\n    UNION ALL\n") + `
) AS r
CROSS JOIN ops.flag AS f
WHERE bitAnd(r.q_flags, f.mask) != 0
GROUP BY entity, system, flag`})
}

// flagRows is the vocabulary of q_flags as rows.
func flagRows() string {
	rows := make([]string, len(schemas.Flags))
	for i, f := range schemas.Flags {
		rows[i] = fmt.Sprintf("    (%d, %d, %s, %s, %s)", i, f.Flag, quote(f.Name), quote(f.Zh), quote(f.En))
	}
	return "SELECT toUInt8(f.1) AS bit, toUInt32(f.2) AS mask, f.3 AS name, f.4 AS zh, f.5 AS en\nFROM\n(\n  SELECT arrayJoin([\n" + strings.Join(rows, ",\n") + "\n  ]) AS f\n)"
}

// CheckRule looks for the rows of dwd.<entity> that break a rule which is
// checked after loading, and makes ops.quality_issue agree: new issues are
// opened, and those that no longer hold are settled. It reports how many are
// open, and does nothing when neither the rows nor the rule changed since the
// last check. What it finds depends on the rows alone; at only says when.
//
// It is one insert, so that readers see the issues before or after, and a check
// that was cut short is done again.
func (w *Warehouse) CheckRule(ctx context.Context, c *schemas.Catalog, e *schemas.Entity, r *schemas.Rule, at time.Time) (open int64, err error) {
	k := &ruleCheck{c: c, e: e, r: r, f: &fuser{c: c, e: e}}
	found := k.found()
	if found == "" {
		return 0, nil
	}
	name := "rule " + r.Rule
	state, err := w.seen(ctx, found+r.Zh+r.En, k.reads()...)
	if err != nil {
		return 0, err
	}
	var last string
	if err := w.QueryRow(ctx, "SELECT max(state) FROM ops.compute FINAL WHERE indicator = ?", []any{&last}, name); err != nil {
		return 0, err
	}
	if last != state {
		sql := "INSERT INTO ops.quality_issue (" + issueColumns + ", checked_seq, is_deleted)\n" + k.change(found, at)
		if err := w.conn.Exec(oneBlock(bounded(ctx)), sql); err != nil {
			return 0, w.seal(err, fmt.Sprintf("checking the rule %q", r.Rule))
		}
		row := computeRow{name, state, at}
		if err := w.InsertRows(ctx, "ops.compute", fmt.Sprintf("%s/%s/%d", name, state, at.UnixMilli()), []computeRow{row}); err != nil {
			return 0, err
		}
	}
	var n uint64
	err = w.QueryRow(ctx, "SELECT count() FROM ops.quality_issue FINAL WHERE rule = ? AND is_deleted = 0", []any{&n}, r.Rule)
	return int64(n), err
}

const issueColumns = "rule, entity, thing, field, value, expected, division_code, src, department, reason_zh, reason_en, opened_at"

// ruleCheck writes the statements of one rule.
type ruleCheck struct {
	c *schemas.Catalog
	e *schemas.Entity
	r *schemas.Rule
	f *fuser
}

// reads are the entities on which the result depends.
func (k *ruleCheck) reads() []string {
	if k.r.Call == schemas.References {
		return []string{k.e.Entity, k.r.Entity}
	}
	return []string{k.e.Entity, divisionEntity}
}

// change selects the rows that bring the issues from what they are to what was
// found: an issue keeps the time at which it was opened.
func (k *ruleCheck) change(found string, at time.Time) string {
	known := "SELECT " + issueColumns + "\n    FROM ops.quality_issue FINAL WHERE rule = " + quote(k.r.Rule) + " AND is_deleted = 0"
	now := fmt.Sprintf("fromUnixTimestamp64Milli(toInt64(%d), 'Asia/Shanghai')", at.UnixMilli())
	return fmt.Sprintf(`WITH found AS
  (
%[1]s
  ),
  known AS
  (
    %[2]s
  )
SELECT %[3]s, %[4]s, n.thing, %[5]s, n.value, n.expected, n.division, n.src, %[6]s, %[7]s, %[8]s, if(o.thing = '', %[9]s, o.opened_at), toUInt64(%[10]d), 0
FROM found AS n LEFT JOIN known AS o ON o.thing = n.thing
WHERE o.thing = '' OR o.value != n.value OR o.expected != n.expected OR o.src != n.src OR o.division_code != n.division
   OR o.reason_zh != %[7]s OR o.reason_en != %[8]s OR o.field != %[5]s
UNION ALL
SELECT %[11]s, toUInt64(%[10]d), 1
FROM known AS o
WHERE o.thing NOT IN (SELECT thing FROM found)`,
		indent(indent(found)), indent(known), quote(k.r.Rule), quote(k.e.Entity), quote(k.r.Of[0]), k.f.department("n.src"),
		quote(k.r.Zh), quote(k.r.En), now, at.UnixMilli(), issueColumns)
}

// found selects thing, value, expected, division and src of what breaks the
// rule; it is empty when the entity cannot be checked.
func (k *ruleCheck) found() string {
	if k.e.Column(k.r.Of[0]) == nil {
		return ""
	}
	switch k.r.Call {
	case schemas.References:
		return k.dangling()
	case schemas.ChildrenSum:
		return k.unequalSums()
	}
	return ""
}

// src is the expression for the source that answers for a row: the winner of
// the first column of the rule that has one, else of any column.
func (k *ruleCheck) src() string {
	if k.e.Fusion == schemas.FuseRow {
		return "toString(" + ident("_src") + ")"
	}
	for _, name := range k.r.Of {
		if !k.e.IsKey(name) {
			return "toString(" + ident(name+"_src") + ")"
		}
	}
	for _, col := range k.e.Columns {
		if !k.e.IsKey(col.Name) && !col.Nullable {
			return "toString(" + ident(col.Name+"_src") + ")"
		}
	}
	return "''"
}

func (k *ruleCheck) division() string {
	d := k.e.Division.Column
	if d == "" || k.e.Column(d) == nil {
		return "''"
	}
	return "ifNull(toString(" + ident(d) + "), '')"
}

// value is the rule's columns as one text, empty where one is about a person:
// such values are not copied.
func (k *ruleCheck) value() string {
	var texts []string
	for _, name := range k.r.Of {
		c := k.e.Column(name)
		if c == nil || c.Type == schemas.Pid || c.PII != "" && c.PII != schemas.P0 && c.PII != schemas.P1 {
			return "''"
		}
		texts = append(texts, "ifNull(toString("+ident(name)+"), '')")
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return "concatWithSeparator('|', " + strings.Join(texts, ", ") + ")"
}

// dangling selects rows that refer to a row that is not there. A thing is there by
// each of its keys, and an entity that nobody feeds is no evidence: then nothing
// dangles.
func (k *ruleCheck) dangling() string {
	var here, there, set []string
	for i, name := range k.r.Of {
		here = append(here, "assumeNotNull(toString("+ident(name)+"))")
		there = append(there, "assumeNotNull(toString("+ident(k.r.Columns[i])+"))")
		set = append(set, ident(name)+" IS NOT NULL")
	}
	known := fmt.Sprintf("SELECT %s FROM dwd.%s", strings.Join(there, ", "), ident(k.r.Entity))
	if e := k.f.c.Entity(k.r.Entity); e != nil && e.Identity != nil && slices.Equal(k.r.Columns, e.Key) {
		known += " UNION ALL SELECT member FROM ops.identity FINAL WHERE is_deleted = 0 AND entity = " + quote(e.Entity)
	}
	return fmt.Sprintf(`SELECT %s AS thing, %s AS value, '' AS expected, %s AS division, %s AS src
FROM dwd.%s
WHERE %s
  AND (SELECT count() FROM dwd.%s) > 0
  AND (%s) NOT IN (%s)`,
		k.f.thing(), k.value(), k.division(), k.src(), ident(k.e.Entity), strings.Join(set, " AND "),
		ident(k.r.Entity), strings.Join(here, ", "), known)
}

// unequalSums selects rows of divisions whose children all have a row with the
// same rest of the key, and do not add up. All children means all civil ones:
// statistical units count when they report, and virtual ones never.
func (k *ruleCheck) unequalSums() string {
	division := ident(k.e.Division.Column)
	value := "toFloat64(" + ident(k.r.Of[0]) + ")"
	var rest, joined []string
	for _, name := range k.e.Key {
		if name != k.e.Division.Column {
			rest = append(rest, ident(name))
			joined = append(joined, fmt.Sprintf("c.%[1]s = p.%[1]s", ident(name)))
		}
	}
	key := strings.Join(append([]string{"parent"}, rest...), ", ")
	abs, rel := tolerance(&schemas.Column{ToleranceAbs: k.r.ToleranceAbs, ToleranceRel: k.r.ToleranceRel})
	joined = append(joined, "c.parent = toString(p."+division+")")
	return fmt.Sprintf(`SELECT p.thing AS thing, toString(p.v) AS value, toString(round(c.total, 4)) AS expected, p.division AS division, p.src AS src
FROM
(
  SELECT *, %[1]s AS thing, %[2]s AS v, %[3]s AS division, %[4]s AS src
  FROM dwd.%[5]s WHERE %[6]s IS NOT NULL AND %[7]s IN (SELECT assumeNotNull(parent_code) FROM dwd.division WHERE parent_code IS NOT NULL)
) AS p
INNER JOIN
(
  SELECT %[8]s, sum(v) AS total, countIf(kind = 'civil') AS n
  FROM
  (
    SELECT assumeNotNull(toString(d.parent_code)) AS parent, toString(d.kind) AS kind, e.*, toFloat64(e.%[6]s) AS v
    FROM dwd.%[5]s AS e INNER JOIN dwd.division AS d ON d.division_code = e.%[7]s
    WHERE d.parent_code IS NOT NULL AND d.kind != 'virtual' AND e.%[6]s IS NOT NULL
  )
  GROUP BY %[8]s
) AS c ON %[9]s
INNER JOIN
(
  SELECT assumeNotNull(toString(parent_code)) AS parent, countIf(kind = 'civil') AS n FROM dwd.division WHERE parent_code IS NOT NULL GROUP BY parent
) AS kids ON kids.parent = c.parent
WHERE c.n = kids.n AND abs(p.v - c.total) > greatest(%[10]s, %[11]s * abs(p.v))`,
		k.f.thing(), value, k.division(), k.src(), ident(k.e.Entity), ident(k.r.Of[0]), division,
		key, strings.Join(joined, " AND "), abs, rel)
}
