package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rongtong/schemas"
	"rongtong/schemas/divisions"
	"rongtong/schemas/fault"
)

// changeEntity is the entity of recorded changes of divisions. Its rows in
// nbs12 add to the history that is shipped, and supply shares that it lacks.
const changeEntity = "division_change"

// remapTable is what schemas/divisions.Remap says, for queries: small, because
// only codes that some change names are in it. A code without rows is itself.
func remapTable() *object {
	return &object{
		db: dbDwd, name: "division_remap", comment: "区划换算：某日登记册的代码在另一日登记册中归属何处、占多少",
		engine: "MergeTree", order: []string{"code", "below", "at_from", "under_from", "share_from"}, derived: true,
		columns: []column{
			{"code", "FixedString(12)", "", "区划代码"},
			{"below", "Bool", "", "是否指其下未单独记载的代码"},
			{"at_from", "Date32", "", "数据日期起（含）"}, {"at_to", "Date32", "", "数据日期止（不含）"},
			{"under_from", "Date32", "", "登记册日期起（含）"}, {"under_to", "Date32", "", "登记册日期止（不含）"},
			{"how", lc, "", "换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明不分，above 仅知上级，lost 去向无记载"},
			{"to_code", "FixedString(12)", "", "在该登记册中的代码"},
			{"share_from", "Decimal(18, 12)", "", "份额起"}, {"share_to", "Decimal(18, 12)", "", "份额止；份额为两者之差"},
			{"candidates", "Array(FixedString(12))", "", "可能各占一部分的区划"},
			{"changes", "Array(String)", "ZSTD(1)", "其间的变更记录"},
		},
	}
}

type remapRow struct {
	Code       string   `json:"code"`
	Below      bool     `json:"below"`
	AtFrom     string   `json:"at_from"`
	AtTo       string   `json:"at_to"`
	UnderFrom  string   `json:"under_from"`
	UnderTo    string   `json:"under_to"`
	How        string   `json:"how"`
	To         string   `json:"to_code"`
	ShareFrom  string   `json:"share_from"`
	ShareTo    string   `json:"share_to"`
	Candidates []string `json:"candidates"`
	Changes    []string `json:"changes"`
}

// Remap rebuilds dwd.division_remap if the recorded changes have changed, and
// reports whether it did. Changes that cannot be ones are left out; refused says
// why, for the log: they hold codes and no names.
func (w *Warehouse) Remap(ctx context.Context, c *schemas.Catalog) (rebuilt bool, refused []error, err error) {
	o := remapTable()
	defer w.lock(o.full())()
	h, err := divisions.LoadHistory()
	if err != nil {
		return false, nil, fault.New(fault.Bug, "rebuilding %q: %w", o.full(), err)
	}
	seen, _, err := w.lastState(ctx, changeEntity)
	if err != nil {
		return false, nil, err
	}
	now := fuseState{claimsTable: seen.rowsTable, block: seen.block, rules: fingerprint(o.ddl(o.name), divisions.Version, strconv.Itoa(len(h.Changes())), seen.rules)}
	if now.rowsTable, err = w.identity(ctx, o.name); err != nil {
		return false, nil, err
	}
	last, found, err := w.lastState(ctx, o.name)
	if err != nil || found && last.sameAs(now) {
		return false, nil, err
	}
	extra, err := w.recordedChanges(ctx, c)
	if err != nil {
		return false, nil, err
	}
	remaps, refused := h.Remaps(extra)
	return true, refused, w.replaceRemaps(ctx, o, remaps, now)
}

// replaceRemaps puts the rows in place of the old ones in one step.
func (w *Warehouse) replaceRemaps(ctx context.Context, o *object, remaps []divisions.Remap, now fuseState) error {
	doing := fmt.Sprintf("rebuilding %q", o.full())
	staged := o.db + "." + o.name + nextSuffix
	for _, sql := range []string{"DROP TABLE IF EXISTS " + staged + " SYNC", o.ddl(o.name + nextSuffix)} {
		if err := w.conn.Exec(ctx, sql); err != nil {
			return w.mark(err, doing)
		}
	}
	rows := make([]remapRow, len(remaps))
	for i, r := range remaps {
		rows[i] = remapRow{r.Code, r.Below, dateText(r.AtFrom), dateText(r.AtTo), dateText(r.UnderFrom), dateText(r.UnderTo), r.How, r.To,
			shareText(r.ShareFrom), shareText(r.ShareTo), r.Candidates, r.Changes}
	}
	for part := range slices.Chunk(rows, 50_000) {
		if err := w.InsertRows(ctx, staged, fmt.Sprintf("%s/%s/%s", now.claimsTable, now.rules, part[0].Code), part); err != nil {
			return err
		}
	}
	for _, sql := range []string{"EXCHANGE TABLES " + staged + " AND " + o.full(), "DROP TABLE IF EXISTS " + staged + " SYNC"} {
		if err := w.conn.Exec(ctx, sql); err != nil {
			return w.mark(err, doing)
		}
	}
	var err error
	if now.rowsTable, err = w.identity(ctx, o.name); err != nil {
		return err
	}
	now.things = int64(len(rows))
	return w.recordState(ctx, o.name, now, FuseResult{Changed: now.things, Rebuilt: true})
}

// The days between which Date32 tells dates apart.
const (
	firstDay = "1900-01-01"
	lastDay  = "2299-12-31"
)

func dateText(d divisions.Date) string {
	switch {
	case d < 19000101:
		return firstDay
	case d >= 22991231:
		return lastDay
	}
	return d.String()
}

func shareText(n int64) string {
	return fmt.Sprintf("%d.%012d", n/divisions.ShareUnit, n%divisions.ShareUnit)
}

// recordedChanges are the fused changes in nbs12 that say from when the new
// code is valid: one for every successor. Changes in other systems are shipped,
// with the care that their tables need.
func (w *Warehouse) recordedChanges(ctx context.Context, c *schemas.Catalog) ([]divisions.Change, error) {
	if c.Entity(changeEntity) == nil {
		return nil, nil
	}
	var out []divisions.Change
	err := w.each(ctx, fmt.Sprintf(`SELECT change_id, toString(kind), ifNull(toString(old_code), '') AS old,
  if(empty(successor_codes), [ifNull(toString(new_code), '')], arrayMap(x -> rightPad(x, 12, '0'), successor_codes)) AS new, toString(assumeNotNull(code_valid_from)), ifNull(toFloat64(share), 0), share IS NOT NULL
FROM dwd.%s WHERE code_system = %s AND code_valid_from IS NOT NULL ORDER BY change_id`, changeEntity, quote(divisions.CodeSystem)),
		func(scan func(...any) error) error {
			var x divisions.Change
			var to []string
			var from string
			var known uint8
			if err := scan(&x.ID, &x.Kind, &x.Old, &to, &from, &x.Share, &known); err != nil {
				return err
			}
			x.System, x.ShareKnown = divisions.NBS12, known == 1
			var err error
			if x.CodeValidFrom, err = divisions.ParseDate(from); err != nil {
				return err
			}
			out = append(out, successorsOf(x, to)...)
			return nil
		})
	return out, err
}

// successorsOf makes one change of each successor, in the words of the history:
// the entity says "retired" of a code with and without successors alike.
func successorsOf(x divisions.Change, to []string) []divisions.Change {
	switch x.Kind {
	case "created":
		x.Kind = divisions.Established
	case "part_transferred":
		x.Kind = divisions.PartTransfer
	case "retired":
		x.Kind = divisions.Recode
		if len(to) > 1 {
			x.Kind = divisions.Split
		} else if to[0] == "" {
			x.Kind = divisions.Abolished
		}
	}
	var out []divisions.Change
	for _, code := range to {
		y := x
		y.New = code
		if len(to) > 1 {
			y.ID += "/" + code
			y.ShareKnown = false // one share cannot be that of several
		}
		out = append(out, y)
	}
	return out
}

// underColumns are what a view under another register says before the columns
// of the entity.
func underColumns() []column {
	return []column{
		{"under_code", "FixedString(12)", "", "在所选登记册中的区划代码"},
		{"under_how", lc, "", "换算方式：same 未变，whole 整体归入，shared 按已知比例分，undivided 比例不明、留在共同上级，above 仅知上级，lost 去向无记载、留在上级"},
		{"under_share", "Decimal(18, 12)", "", "本行占原数的份额"},
		{"under_candidates", "Array(FixedString(12))", "", "比例不明时可能的承接区划"},
	}
}

// underView shows an entity's fused rows under the register of a day:
//
//	SELECT under_code, sum(value) FROM dwd.stat_fact_under(under = '2026-11-26')
//	WHERE measure = 'resident_households' GROUP BY under_code
//
// A row comes once per part; the columns that are declared as shares are cut so
// that the parts add up to what there was, to the last digit. division_code
// stays as it was recorded.
func underView(e *schemas.Entity) *object {
	return &object{db: dbDwd, name: e.Entity + "_under", comment: e.Name.Zh + "：按所选日期（under）的登记册看的一物一行",
		columns: append(underColumns(), fusedColumns(e)...), view: underSQL(e, "SELECT * FROM dwd."+ident(e.Entity))}
}

// asOfUnderView is asOfView under the register of a day.
func asOfUnderView(c *schemas.Catalog, e *schemas.Entity, sources []string) *object {
	o := asOfView(c, e, sources)
	return &object{db: dbDwd, name: e.Entity + "_as_of_under", definer: o.definer, comment: o.comment + "；按所选日期（under）的登记册",
		columns: append(underColumns(), fusedColumns(e)...), view: underSQL(e, o.view)}
}

// remappable reports whether an entity's rows speak of divisions in nbs12.
func remappable(e *schemas.Entity) bool {
	return e.Division.Column != "" && e.Division.System == divisions.CodeSystem && e.Entity != divisionEntity
}

// underSQL puts rows of an entity under the register of {under}.
func underSQL(e *schemas.Entity, rows string) string {
	code := ident(e.Division.Column)
	cols := []string{"way.1 AS under_code", "way.2 AS under_how", "way.4 - way.3 AS under_share", "way.5 AS under_candidates"}
	for _, c := range fusedColumns(e) {
		if slices.Contains(e.Division.Shares, c.name) {
			cols = append(cols, "CAST("+partOf("t."+ident(c.name), "way", e.Column(c.name).Type == schemas.Int)+", "+quote(c.typ)+") AS "+ident(c.name))
			continue
		}
		cols = append(cols, "t."+ident(c.name)+" AS "+ident(c.name))
	}
	return fmt.Sprintf("SELECT %s\nFROM\n(\n%s\n) AS t\n%s", strings.Join(cols, ",\n       "), indent(rows), waysOf("t."+code, rowDay(e)))
}

// rowDay is the day in whose register a row's division code is read: when the
// claim that gave the code was true, else what the row says itself, else now.
func rowDay(e *schemas.Entity) string {
	if e.Fusion == schemas.FuseField && !e.IsKey(e.Division.Column) {
		return "toDate32(t." + ident(e.Division.Column+"_at") + ")"
	}
	if c := e.Column(e.EventTime); c != nil {
		if c.Nullable {
			return "toDate32(ifNull(t." + ident(c.Name) + ", today()))"
		}
		return "toDate32(t." + ident(c.Name) + ")"
	}
	if e.Fusion == schemas.FuseRow {
		return "toDate32(t._at)"
	}
	return "toDate32(today())"
}

// partOf is the part of a quantity that a way takes with it. Parts are
// differences of rounded sums, so that all of them add up to the whole.
func partOf(value, way string, whole bool) string {
	scale := 4
	if whole {
		scale = 0
	}
	upTo := func(share string) string {
		return fmt.Sprintf("round(toDecimal256(%s, %d) * toDecimal256(%s, 12), %[2]d)", value, scale, share)
	}
	return upTo(way+".4") + " - " + upTo(way+".3")
}

// waysOf joins every row with the ways its code goes from the register of its
// day to that of {under}, one row for each: way is (code, how, share from, share
// to, candidates). An unknown code and one that nothing happened to go to
// themselves, whole.
func waysOf(code, day string) string {
	ways := func(below int) string {
		return fmt.Sprintf(`(
  SELECT code, groupArray((at_from, at_to, to_code, how, share_from, share_to, candidates)) AS ways
  FROM (SELECT * FROM dwd.division_remap WHERE below = %d AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) ORDER BY code, at_from, share_from)
  GROUP BY code
)`, below)
	}
	return fmt.Sprintf(`LEFT JOIN %[1]s AS own ON own.code = %[3]s
LEFT JOIN %[2]s AS town ON town.code = toFixedString(if(endsWith(%[3]s, '000'), '', concat(substring(%[3]s, 1, 9), '000')), 12)
LEFT JOIN %[2]s AS county ON county.code = toFixedString(if(endsWith(%[3]s, '000000'), '', concat(substring(%[3]s, 1, 6), '000000')), 12)
ARRAY JOIN arrayConcat(
  arrayMap(x -> (x.3, x.4, x.5, x.6, x.7), arrayFilter(x -> x.1 <= %[4]s AND x.2 > %[4]s, if(notEmpty(own.ways), own.ways, if(notEmpty(town.ways), town.ways, county.ways))) AS found),
  if(empty(found), [(%[3]s, 'same', toDecimal64(0, 12), toDecimal64(1, 12), emptyArrayString()::Array(FixedString(12)))], [])) AS way
WHERE throwIf((SELECT count() = 0 FROM dwd.division_remap), 'dwd.division_remap is empty: run "rongtong run integrate" once') = 0`,
		ways(0), ways(1), code, day)
}

// indicatorUnderViews show figures of any period under the register of a day:
//
//	SELECT period, value, partial_from FROM ads.indicator_trend_under(indicator = 'I-13-11', division = '370115000000', under = '2026-11-26')
//	SELECT * FROM ads.indicator_under(indicator = 'I-13-11', period = '2018', under = '2026-11-26') WHERE tier = 'X'
//
// Numerators and denominators go where their divisions went, and the figure is
// made of their sums. A division that got a part of unknown size of another says
// so in partial_from; what could not be given to one stands at the division above,
// under its own tier. A median of several is none.
func indicatorUnderViews(c *schemas.Catalog) []*object {
	medians := []string{"''"}
	for _, i := range c.Indicators {
		if i.Aggregate == schemas.AggregateMedian {
			medians = append(medians, quote(i.Indicator))
		}
	}
	division := "toFixedString({division:String}, 12)"
	const sum = "Nullable(Decimal(38, 4))"
	columns := []column{colIndicator, colPeriod, {"as_of", "Date32", "", colAsOf.comment}, colUnitTier, colTier,
		both("under_code", "FixedString(12)", "在所选登记册中的区划代码", "Division code in that register"), both("under_name", "String", "区划名称", "Name of the division"),
		both("under_how", "String", "complete 完整；undivided 未能分到下级，留在上级", "complete, or undivided: what could not be given to a division below"),
		both("numerator", sum, "分子之和", "Sum of the numerators"), both("denominator", sum, "分母之和", "Sum of the denominators"), both("value", "Nullable(Float64)", "指标值", "The figure"),
		both("recorded", "Array(FixedString(12))", "原记录的区划", "Divisions that it was recorded for"),
		both("partial_from", "Array(FixedString(12))", "有部分并入、份额不明的区划", "Divisions of which it has a part of unknown size: the figure lacks that part"),
	}
	return []*object{
		(&object{db: dbAds, name: "indicator_under", view: indicatorUnder(lookUp+"\nSELECT {indicator:String} AS indicator, {period:String} AS period, toDate32(asked.1) AS as_of, unit_tier, tier, division_code, row, hide FROM\n(\n"+
			indent(atPeriod(c, "1", ""))+"\n)", "1", strings.Join(medians, ", "))}).askedBy(
			label("按另一日期登记册的指标值", "Figures under the register of another day"), label(
				"某期各区划的指标值，按所选日期的登记册归并。", "The figures of a period, given to the divisions of the register of any day."), columns, argIndicator, argPeriod, argUnder),
		(&object{db: dbAds, name: "indicator_trend_under", view: indicatorUnder(fmt.Sprintf(`SELECT indicator, period, toDate32(as_of) AS as_of, unit_tier, tier, division_code, row, hide FROM
(
%[2]s
)
WHERE indicator = {indicator:String} AND (division_code = %[1]s OR division_code IN (
    SELECT code FROM dwd.division_remap WHERE NOT below AND to_code = %[1]s AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String})))`, division, indent(allFigures(c, "1"))),
			"way.1 = "+division, strings.Join(medians, ", "))}).askedBy(
			label("按另一日期登记册的走势", "Trend under the register of another day"), label(
				"某区划各期的指标值，含其前身，按所选日期的登记册归并。", "A division's figure over the periods, its predecessors' included."), columns, argIndicator, argDivision, argUnder),
	}
}

func indicatorUnder(figures, reached, medians string) string {
	return fmt.Sprintf(`SELECT indicator, period, as_of, unit_tier, tier, under_code, names.name AS under_name, if(undivided, 'undivided', 'complete') AS under_how,
       if(hidden, NULL, num) AS numerator, if(hidden, NULL, den) AS denominator,
       if(hidden OR den = 0 OR (indicator IN (%[5]s) AND (length(recorded) > 1 OR cut)), NULL, %[6]s * toFloat64(num) / toFloat64(den)) AS value,
       recorded, arraySort(arrayMap(x -> x.3, arrayFilter(x -> x.1 <= as_of AND x.2 > as_of AND NOT undivided, parts.pieces))) AS partial_from
FROM
(
  SELECT t.indicator AS indicator, t.period AS period, t.as_of AS as_of, t.unit_tier AS unit_tier, t.tier AS tier, way.1 AS under_code, way.2 IN ('undivided', 'lost', 'above') AS undivided,
         sum(CAST(%[3]s, 'Decimal(38, 4)')) AS num, sum(CAST(%[4]s, 'Decimal(38, 4)')) AS den,
         max(isNull(t.numerator)) OR max(isNull(t.denominator)) AS hidden, max(way.2 = 'shared') AS cut, arraySort(groupUniqArray(t.division_code)) AS recorded
  FROM
  (
    SELECT indicator, period, as_of, unit_tier, tier, division_code, if(hide, NULL, %[8]s) AS numerator, if(hide, NULL, %[9]s) AS denominator
    FROM
    (
%[1]s
    )
  ) AS t
%[2]s
  GROUP BY indicator, period, as_of, unit_tier, tier, under_code, undivided
) AS u
LEFT JOIN
(
  SELECT candidate, groupArray((at_from, at_to, code)) AS pieces FROM dwd.division_remap ARRAY JOIN arrayDistinct(candidates) AS candidate
  WHERE NOT below AND how = 'undivided' AND under_from <= toDate32({under:String}) AND under_to > toDate32({under:String}) GROUP BY candidate
) AS parts ON parts.candidate = u.under_code
%[7]s
ORDER BY as_of, unit_tier, tier, under_code`, indent(indent(indent(figures))), indent(waysOf("t.division_code", "t.as_of")+" AND "+reached),
		partOf("ifNull(t.numerator, 0)", "way", false), partOf("ifNull(t.denominator, 0)", "way", false), medians, one("scale"), namesFor("u.under_code", ""),
		figureOf("row", "numerator"), figureOf("row", "denominator"))
}
