package warehouse

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"rongtong/schemas"
)

// conflictTable holds where sources disagree about a field of one thing beyond
// the declared tolerance: the value that won and one that did not, each with
// its source and time. It is settled, by is_deleted, when the sources agree.
func conflictTable() *object {
	return &object{db: dbOps, name: "conflict", comment: "来源分歧：同一事物同一字段各来源超出容差的不同取值", dedup: true,
		engine: "ReplacingMergeTree(fused_seq, is_deleted)", order: []string{"entity", "thing", "field", "other_src"},
		columns: []column{
			{"entity", lc, "", "主题实体"}, {"thing", "String", "ZSTD(1)", "事物标识（主键以|相连）"}, {"field", lc, "", "字段"},
			{"division_code", "String", "", "所在区划"},
			{"value", "String", "ZSTD(1)", "采用的值"}, {"src", lc, "", "采用的来源"}, {"at", instant, "", "采用值的业务时间"},
			{"department", lc, "", "采用来源的主管部门：由其核实"},
			{"other_value", "String", "ZSTD(1)", "未采用的值"}, {"other_src", lc, "", "未采用的来源"}, {"other_at", instant, "", "未采用值的业务时间"},
			{"other_department", lc, "", "未采用来源的主管部门"},
			{"fused_seq", "UInt64", "Delta(8), ZSTD(1)", "融合序号"}, {"is_deleted", "UInt8", "", "已一致"},
		}}
}

// conflictViews are what people read of it.
func conflictViews(c *schemas.Catalog) []*object {
	columns := map[string]column{}
	for _, col := range []column{
		both("entity", lc, "主题实体", "Entity"), both("thing", "String", "事物标识（主键以|相连）", "The thing: its key, joined with |"), both("division_code", "String", "所在区划", "Division"),
		both("field", lc, "字段", "Field"), both("value", "String", "采用的值", "Value that won"), both("src", lc, "采用的来源", "Its source"), both("at", instant, "采用值的业务时间", "Its business time"),
		both("department", lc, "采用来源的主管部门：由其核实", "Department of that source: it looks into it"), both("other_value", "String", "未采用的值", "Value that did not win"),
		both("other_src", lc, "未采用的来源", "Its source"), both("other_at", instant, "未采用值的业务时间", "Its business time"), both("other_department", lc, "未采用来源的主管部门", "Department of that source"),
		both("conflicts", "UInt64", "分歧数", "Disagreements"), both("things", "UInt64", "涉及事物数", "Things they are about"),
	} {
		columns[col.name] = col
	}
	pick := func(names ...string) (out []column) {
		for _, name := range names {
			out = append(out, columns[name])
		}
		return out
	}
	return []*object{
		(&object{db: dbAds, name: "conflict", view: `SELECT entity, thing, division_code, field, value, src, at, department, other_value, other_src, other_at, other_department
FROM ops.conflict FINAL
WHERE is_deleted = 0 AND entity NOT IN (` + confidential(c) + `)`}).askedBy(label("来源分歧", "Disagreements of sources"), label(
			"同一事物同一字段，各来源的值相差超出容差、尚未一致的。不含涉及个人或案件的实体。", "Where sources differ about a field of one thing by more than its tolerance. Not of entities about persons or their cases."),
			pick("entity", "thing", "division_code", "field", "value", "src", "at", "department", "other_value", "other_src", "other_at", "other_department")),
		(&object{db: dbAds, name: "conflict_by_department", view: `SELECT department, entity, field, src, other_src, count() AS conflicts, uniqExact(thing) AS things
FROM ads.conflict
GROUP BY department, entity, field, src, other_src`}).askedBy(label("各部门的来源分歧", "Disagreements by department"), label(
			"各部门各字段的来源分歧数。", "How many disagreements each department has to look into, by field."),
			pick("department", "entity", "field", "src", "other_src", "conflicts", "things")),
	}
}

// disputable are the columns over which sources can disagree: not the key, not
// lists, not forms made for matching, and nothing about a person, whose values
// must not be copied.
func disputable(e *schemas.Entity) []*schemas.Column {
	var out []*schemas.Column
	for _, c := range e.Columns {
		if !e.IsKey(c.Name) && !c.Type.Collection() && c.Type != schemas.Pid && !c.Matching && (c.PII == "" || c.PII == schemas.P0 || c.PII == schemas.P1) {
			out = append(out, c)
		}
	}
	return out
}

// recordConflicts replaces what is known of the disagreements about the things
// that were just fused: all of them, or so many that changed.
func (w *Warehouse) recordConflicts(ctx context.Context, f *fuser, block, changed int64) error {
	if len(f.sources) < 2 || len(disputable(f.e)) == 0 {
		return nil
	}
	parts, err := w.slices(ctx, f)
	if err != nil {
		return err
	}
	var queries []string
	looked := []share{all}
	if f.partly {
		looked = shares(changed)
	}
	for _, part := range looked {
		queries = append(queries, f.settled(block, part))
	}
	for _, part := range parts {
		queries = append(queries, part.conflicts(block))
	}
	for _, sql := range queries {
		err := w.conn.Exec(bounded(ctx), "INSERT INTO ops.conflict (entity, thing, field, division_code, value, src, at, department, other_value, other_src, other_at, other_department, fused_seq, is_deleted)\n"+sql)
		if err != nil {
			return w.seal(err, fmt.Sprintf("recording where the sources of %q disagree", f.e.Entity))
		}
	}
	return nil
}

// settled takes back the disagreements known so far about things of the part.
func (f *fuser) settled(block int64, part share) string {
	which := " AND " + part.has("thing")
	if f.partly {
		which += fmt.Sprintf(" AND thing IN (SELECT %s AS t FROM (%s) WHERE %s)", f.thing(), f.changed(), part.has("t"))
	}
	return fmt.Sprintf("SELECT * EXCEPT (fused_seq, is_deleted), toUInt64(%d), 1\nFROM (SELECT entity, thing, field, division_code, value, src, at, department, other_value, other_src, other_at, other_department, fused_seq, is_deleted FROM ops.conflict FINAL WHERE entity = %s AND is_deleted = 0%s)",
		2*block, quote(f.e.Entity), which)
}

// thing is the key as one text, its columns joined with '|'.
func (f *fuser) thing() string {
	texts := make([]string, len(f.e.Key))
	for i, k := range f.e.Key {
		texts[i] = "toString(" + ident(k) + ")"
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return "concatWithSeparator('|', " + strings.Join(texts, ", ") + ")"
}

// conflicts selects the disagreements. Things whose sources agree to the letter
// are left out first, by a comparison that costs little; only the rest is
// taken apart field by field.
func (f *fuser) conflicts(block int64) string {
	var differ, fields []string
	for _, c := range disputable(f.e) {
		name := ident(c.Name)
		differ = append(differ, fmt.Sprintf("ifNull(min(%[1]s) != max(%[1]s), 0)", name))
		num := "NULL"
		if c.Type == schemas.Int || c.Type == schemas.Measure {
			num = "toFloat64(" + name + ")"
		}
		order := f.e.AuthorityOf(c)
		if f.e.Fusion == schemas.FuseRow {
			order = f.e.Authority
		}
		abs, rel := tolerance(c)
		fields = append(fields, fmt.Sprintf("(%s, %s, toNullable(toString(%s)), CAST(%s, 'Nullable(Float64)'), %s, %s)",
			quote(c.Name), f.orderColumn(order), name, num, abs, rel))
	}
	var ords []string
	for i, o := range f.orders {
		ords = append(ords, fmt.Sprintf("%s AS ord_%d", f.ord(o), i))
	}
	division := "''"
	if d := f.e.Division.Column; d != "" && f.e.Column(d) != nil {
		division = "ifNull(toString(" + ident(d) + "), '')"
	}
	key := idents(f.e.Key)
	return fmt.Sprintf(`SELECT %[1]s, thing, field, division, won.1, won.2, won.3, %[2]s, other.1, other.2, other.3, %[3]s, toUInt64(%[4]d), 0
FROM
(
  SELECT thing, f.1 AS field, any(division) AS division, argMin((assumeNotNull(f.3), src_system, event_time, f.4), f.2) AS won,
         arrayJoin(groupArray((assumeNotNull(f.3), src_system, event_time, f.4))) AS other, any(f.5) AS tolerance_abs, any(f.6) AS tolerance_rel
  FROM
  (
    SELECT %[5]s AS thing, %[6]s AS division, src_system, event_time, arrayJoin([%[7]s]) AS f
    FROM
    (
%[8]s
    )
    WHERE (%[9]s) IN
    (
      SELECT %[9]s FROM
      (
%[10]s
      )
      GROUP BY %[9]s HAVING count() > 1 AND (%[11]s)
    )
  )
  WHERE f.3 IS NOT NULL
  GROUP BY thing, field
)
WHERE other.2 != won.2
  AND if(won.4 IS NULL OR other.4 IS NULL,
         lower(replaceRegexpAll(normalizeUTF8NFKC(won.1), '\\s', '')) != lower(replaceRegexpAll(normalizeUTF8NFKC(other.1), '\\s', '')),
         abs(won.4 - other.4) > greatest(tolerance_abs, tolerance_rel * greatest(abs(won.4), abs(other.4))))`,
		quote(f.e.Entity), f.department("won.2"), f.department("other.2"), 2*block+1,
		f.thing(), division, strings.Join(fields, ",\n      "), indent(indent(indent(f.latest(ords...)))), key, indent(indent(indent(f.latest()))), strings.Join(differ, "\n        OR "))
}

// tolerance is how far two values may be apart: absolutely, and as a share of
// the larger one. Within either they agree.
func tolerance(c *schemas.Column) (abs, rel string) {
	text := func(v *float64) string {
		if v == nil {
			return "toFloat64(0)"
		}
		return "toFloat64(" + strconv.FormatFloat(*v, 'g', -1, 64) + ")"
	}
	return text(c.ToleranceAbs), text(c.ToleranceRel)
}

// department is the department that answers for a source.
func (f *fuser) department(src string) string {
	var names, departments []string
	for _, s := range f.c.Systems {
		names, departments = append(names, quote(s.System)), append(departments, quote(s.Department))
	}
	if len(names) == 0 {
		return "''"
	}
	return fmt.Sprintf("transform(%s, [%s], [%s], '')", src, strings.Join(names, ", "), strings.Join(departments, ", "))
}
