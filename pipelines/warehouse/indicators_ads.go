package warehouse

import (
	"fmt"
	"slices"
	"strings"

	"rongtong/schemas"
)

// pointTable holds the figures of all indicators: of a division, the periods at
// which one changed, each with what it was known to be and from when. A row is
// never changed; see computation.
//
// The order serves both ways in: the divisions below one at a period, and one
// division over the periods. An indicator's rows of one parent lie together, in
// small granules.
func pointTable() *object {
	const sum = "Decimal(38, 4)"
	return &object{
		db: dbAds, name: "indicator_point", comment: "指标值变动点：指标值自该期起成立，直至下一变动点；更正后旧值保留",
		engine:  "MergeTree",
		order:   []string{"indicator", "parent_code", "division_code", "unit_tier", "tier", "day", "known_from"},
		granule: 1024,
		columns: []column{
			{"indicator", lc, "", "指标"},
			{"parent_code", "FixedString(12)", "", "上级区划代码"}, {"division_code", "FixedString(12)", "", "区划代码"},
			{"unit_tier", lc, "", "计算单元层级"}, {"tier", lc, "", "区划层级；无处安放的单元为空"},
			{"day", "Date", "", "自哪一期（末日）起成立"},
			{"shown", "Bool", "", "公布；否则只供增量计算"},
			{"numerator", sum, "", "分子之和"}, {"denominator", sum, "", "分母之和"},
			{"n_units", "UInt64", "", "单元数；零为自此无单元"}, {"n_missing", "UInt64", "", "缺值单元数，不进分子分母"},
			{"provisional", "Bool", "", "缺值超过百分之五，暂定"},
			{"scale", "Float64", "", "倍数"}, {"target_op", lc, "", "目标比较符"}, {"target_value", "Nullable(Float64)", "", "目标值"},
			{"rule_version", "UInt16", "", "口径版本"}, {"register", lc, "", "分母名册"}, {"register_version", lc, "", "名册版本"},
			{"removed", "Bool", "", "自此所知，该期不再有变动点"},
			{"known_from", "DateTime64(3, 'UTC')", "Delta(8), ZSTD(1)", "自何时所知"}, {"run_id", lc, "", "运行标识"},
		},
	}
}

// indicatorTable says what an indicator is and up to which time its figures
// stand: it is written after them, and readers look no further, so they see a
// computation whole or not at all.
func indicatorTable() *object {
	return &object{
		db: dbAds, name: "indicator", comment: "指标目录：名称、口径、期间",
		engine: "ReplacingMergeTree(known_from)", order: []string{"indicator"}, derived: true,
		columns: []column{
			{"indicator", "String", "", "指标"}, {"policy_row", "String", "", "政策条目"},
			{"name_zh", "String", "", "名称"}, {"name_en", "String", "", "英文名称"}, {"doc_zh", "String", "", "口径说明"}, {"doc_en", "String", "", "英文口径说明"},
			{"unit", "String", "", "计量单位"}, {"scale", "Float64", "", "倍数"}, {"direction", lc, "", "方向"},
			{"target_op", lc, "", "目标比较符"}, {"target_value", "Nullable(Float64)", "", "目标值"},
			{"unit_tier", lc, "", "计算单元层级；each为各层级"}, {"tiers", "Array(String)", "", "公布层级"},
			{"every", lc, "", "期间长度"}, {"window", lc, "", "累计自月、季或年初"},
			{"dated", "Bool", "", "各期可不同；否则所读的行没有日期：首月所知适用于以前各期，此后自当月起"},
			{"persons", "Bool", "", "关于人员或案件：小数不显示"},
			{"periods", "Array(String)", "", "各期"}, {"days", "Array(Date)", "", "各期末日"},
			{"rule_version", "UInt16", "", "口径版本"}, {"register", lc, "", "分母名册"},
			{"known_from", "DateTime64(3, 'UTC')", "", "计算时间"}, {"run_id", "String", "", "运行标识"},
		},
	}
}

// indicatorRow is a row of indicatorTable.
type indicatorRow struct {
	Indicator   string   `json:"indicator"`
	PolicyRow   string   `json:"policy_row"`
	NameZh      string   `json:"name_zh"`
	NameEn      string   `json:"name_en"`
	DocZh       string   `json:"doc_zh"`
	DocEn       string   `json:"doc_en"`
	Unit        string   `json:"unit"`
	Scale       float64  `json:"scale"`
	Direction   string   `json:"direction"`
	TargetOp    string   `json:"target_op"`
	TargetValue *float64 `json:"target_value"`
	UnitTier    string   `json:"unit_tier"`
	Tiers       []string `json:"tiers"`
	Every       string   `json:"every"`
	Window      string   `json:"window"`
	Dated       bool     `json:"dated"`
	Persons     bool     `json:"persons"`
	Periods     []string `json:"periods"`
	Days        []string `json:"days"`
	RuleVersion int      `json:"rule_version"`
	Register    string   `json:"register"`
	KnownFrom   string   `json:"known_from"`
	RunID       string   `json:"run_id"`
}

// readValues is what a reader needs of a figure, in the tuple row. The first two
// say whether it is one to read: shownUnits.
const (
	readValues = "shown, n_units, numerator, denominator, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version, known_from, run_id"
	shownUnits = "row.1 AND row.2 > 0"
)

// asKnown selects the figures that stand at the times of change, as last made known
// at a time: the key's columns and the tuple row. where narrows them.
func asKnown(where, known string) string {
	where = "WHERE " + where + " AND known_from <= " + known
	return latest(fmt.Sprintf("SELECT %s, removed, %s FROM ads.indicator_point\n%s", figureKey+", day", readValues, where))
}

// onceKnown is asKnown at any time. Folding moves rows from the first table to the
// second; because the first is looked at first, none is missed.
func onceKnown(where, known string) string {
	where = "WHERE " + where + " AND known_from <= " + known
	return latest("SELECT * FROM\n(\n  SELECT * FROM ads.indicator_point " + where + "\n  UNION ALL\n  SELECT * FROM ads.indicator_point_past " + where + "\n)")
}

// figureKey tells apart whose figure it is.
const figureKey = "indicator, parent_code, division_code, unit_tier, tier"

// latest selects the figures that stand at the times of change, of some versions.
// Rows are put in order and the first of each kept: aggregate functions over tuples
// cost nine times as much. The order is that of the table, read from its end.
func latest(versions string) string {
	return fmt.Sprintf(`SELECT %[1]s, day, tuple(%[2]s) AS row
FROM
(
%[3]s
ORDER BY %[4]s, day DESC, known_from DESC LIMIT 1 BY %[1]s, day
)
WHERE NOT removed`, figureKey, readValues, indent(versions), lastFirst(figureKey))
}

// lastFirst orders by columns, from the end.
func lastFirst(columns string) string {
	return strings.ReplaceAll(columns, ",", " DESC,") + " DESC"
}

// figureOf is a column of the tuple row.
func figureOf(row, name string) string {
	return fmt.Sprintf("%s.%d", row, 1+slices.Index(strings.Split(readValues, ", "), name))
}

// hiddenWhen is the condition under which a figure is hidden, from the tuple row. below
// is the least number that may be shown of its indicator, 0 if it is not about
// persons; also says when it is hidden although it is not small.
func hiddenWhen(below, also string) string {
	num, den := figureOf("row", "numerator"), figureOf("row", "denominator")
	small := func(x string) string { return fmt.Sprintf("(%s > 0 AND %[1]s < %s)", x, below) }
	return fmt.Sprintf("toBool(%s > 0 AND (%s OR %s OR %s OR %s))", below, small(num), small(den), small("("+den+" - "+num+")"), also)
}

// figureColumns are the columns of a figure as analysts read them, from the tuple
// row and the column hide, which is what hiddenWhen says: worked out in a query of its
// own, because it stands in most of them and is long.
func figureColumns(row, hide string) string {
	at := func(name string) string { return figureOf(row, name) }
	num, den := at("numerator"), at("denominator")
	out := []string{
		hide + " AS suppressed",
		fmt.Sprintf("if(suppressed, NULL, %s) AS numerator", num),
		fmt.Sprintf("if(suppressed, NULL, %s) AS denominator", den),
		fmt.Sprintf("if(suppressed OR %[1]s = 0, NULL, %[2]s * toFloat64(%[3]s) / toFloat64(%[1]s)) AS value", den, at("scale"), num),
		fmt.Sprintf("if(suppressed, NULL, %s) AS n_units", at("n_units")), // may be persons, too
		fmt.Sprintf("if(suppressed, NULL, %s) AS n_missing", at("n_missing")),
		at("provisional") + " AS provisional",
	}
	// Both sides times the denominator: a quotient would round, and a target that
	// says "more than 90" must not be met by 90.
	var met []string
	for _, op := range comparators {
		met = append(met, fmt.Sprintf("target_op = '%s', %s * toFloat64(%s) %[1]s target_value * toFloat64(%[4]s)", op, at("scale"), num, den))
	}
	out = append(out, at("target_op")+" AS target_op", at("target_value")+" AS target_value",
		fmt.Sprintf("CAST(if(suppressed OR %s = 0, NULL, multiIf(%s, NULL)), 'Nullable(Bool)') AS met", den, strings.Join(met, ", ")))
	for _, n := range []string{"rule_version", "register", "register_version", "known_from", "run_id"} {
		out = append(out, at(n)+" AS "+n)
	}
	return strings.Join(out, ",\n       ")
}

// namesFor joins the names of divisions; which narrows them.
func namesFor(code, which string) string {
	return "LEFT JOIN (SELECT division_code AS named, ancestor_name AS name FROM dwd.division_path WHERE steps = 0" + which + ") AS names ON names.named = " + code
}

// one is a property of the indicator that a view's reader names.
func one(property string) string {
	return "(SELECT " + property + " FROM ads.indicator FINAL WHERE indicator = {indicator:String})"
}

// running says that the period with a last day is not over.
func running(day string) string { return day + " >= toDate(now('Asia/Shanghai'))" }

// lookUp is what a question about one period needs to know of the indicator, in one
// look: the period's last day, up to when figures are known, and the block in which
// the period lies.
var lookUp = fmt.Sprintf(`WITH (SELECT argMax(tuple(days[indexOf(periods, {period:String})] AS day, known_from, %s), known_from) FROM ads.indicator WHERE indicator = {indicator:String}) AS asked`,
	block("every", "window", "day"))

// atPeriod selects the figures of one indicator that stand at the period asked
// for, as known at a time, or "" for now, of the divisions that where says: the key's
// columns, row and hide. It stands under lookUp.
func atPeriod(c *schemas.Catalog, where, known string) string {
	const of = "parent_code, division_code, unit_tier, tier"
	below := smallBelow(c, "{indicator:String}")
	find, known, hide := knownAt(known, "asked.2", below, running("asked.1")+" OR "+covered("{indicator:String}", "asked.3", "unit_tier", "division_code"))
	return fmt.Sprintf(`SELECT %[1]s, row, %[2]s AS hide
FROM
(
  SELECT %[1]s, row
  FROM
  (
%[3]s
  )
  ORDER BY %[4]s, day DESC LIMIT 1 BY %[1]s
)
WHERE %[5]s`, of, hiddenWhen(below, "("+hide+")"), indent(indent(find("indicator = {indicator:String} AND day <= asked.1 AND "+where, known))), lastFirst(of), shownUnits)
}

// knownAt is how the figures of an indicator are found that were known at a time
// ("": now, which is published), up to which time, and when one is hidden, which hide
// begins. Of persons, what a figure was known to be before it was corrected is hidden:
// the two would differ by few.
func knownAt(known, published, below, hide string) (find func(where, known string) string, until, hides string) {
	if known == "" {
		return asKnown, published, hide
	}
	return onceKnown, fmt.Sprintf("if(%s > 0, %s, %s)", below, published, known), fmt.Sprintf("%s > %s OR %s", figureOf("row", "known_from"), known, hide)
}

// indicatorViews are what analysts read of indicators, a view a question.
func indicatorViews(c *schemas.Catalog) []*object {
	division := "toFixedString({division:String}, 12)"
	sameTier := "tier = (SELECT any(tier) FROM dwd.division_path WHERE division_code = " + division + ")"
	figure := figureColumns("row", "hide")
	view := func(name, sql string) *object { return &object{db: dbAds, name: name, view: sql} }
	all := slices.Concat([]column{colIndicator, colPeriod, colAsOf, colUnitTier, colDivision, colDivisionName, colTier, colParent}, figureDoc())
	rightBelow := slices.Concat([]column{colDivision, colDivisionName, colTier, colUnitTier, colPeriod}, figureDoc())
	overTime := slices.Concat([]column{colPeriod, colAsOf, colRunning, colTier, colUnitTier}, figureDoc(), []column{
		both("value_before", "Nullable(Float64)", "上期值", "The figure of the period before"), both("value_year_before", "Nullable(Float64)", "上年同期值", "The figure of the same period of the year before"),
	})
	return []*object{
		view("indicator_value", indicatorValue(c, "toBool(1)")).askedBy(label("全部指标值", "All figures"), label(
			"每个指标、区划、期间一行，供导出；请按 indicator 和 period（或 as_of）筛选。", "A row for every indicator, division and period, for exports; filter by indicator and period, or as_of."), all).narrowed("WHERE indicator = 'I-13-14' AND period = '2025-12' AND tier = 'X'"),
		view("indicator_latest", indicatorValue(c, "is_last")).askedBy(label("最近一期指标值", "Figures of the last period that is over"), label(
			"各指标已结束的最近一期。", "Of every indicator, the last period that is over."), all).narrowed("WHERE indicator = 'I-13-14' AND tier = 'X'"),
		view("indicator_children", children(c, division, "", " AND division_code IN (SELECT division_code FROM ads.indicator_point WHERE indicator = {indicator:String} AND parent_code = "+division+")")).askedBy(label("下钻", "Drill-down"), label(
			"某区划下一级各区划的指标值；区划写空串为最上级。", "A figure of the divisions right below one; '' is the top."), rightBelow, argIndicator, argDivision, argPeriod),
		view("indicator_children_as_known", children(c, division, moment("known"), "")).askedBy(label("当时所知的下钻", "Drill-down as it was known"), label(
			"同上，按所选时间所知。关于人员或案件的指标，更正前的值不显示。", "The same, as it was known at a time. Of persons and cases, what a figure was before it was corrected is not shown."),
			rightBelow, argIndicator, argDivision, argPeriod, argKnown),
		view("indicator_peers", fmt.Sprintf(lookUp+`
SELECT division_code, names.name AS division_name, parent_code, unit_tier, {period:String} AS period, toBool(division_code = %[1]s) AS is_asked,
       %[2]s,
       count(value) OVER w AS peers, quantileExact(0.25)(value) OVER w AS quartile_1, quantileExact(0.5)(value) OVER w AS median, quantileExact(0.75)(value) OVER w AS quartile_3
FROM
(
%[3]s
) AS f
%[4]s
WINDOW w AS (PARTITION BY unit_tier)
ORDER BY unit_tier, division_code`, division, figure,
			indent(atPeriod(c, sameTier, "")), namesFor("f.division_code", " AND "+sameTier))).askedBy(label("同级比较", "Peers"), label(
			"与某区划同级的全部区划的指标值，及其分布。", "All divisions of the tier of one, and how their figures are distributed."),
			slices.Concat([]column{colDivision, colDivisionName, colParent, colUnitTier, colPeriod, both("is_asked", "Bool", "所问的区划", "The division that was asked for")}, figureDoc(), []column{
				both("peers", "UInt64", "有值的同级区划数", "Divisions with a figure"), both("quartile_1", "Nullable(Float64)", "下四分位数", "First quartile"),
				both("median", "Nullable(Float64)", "中位数", "Median"), both("quartile_3", "Nullable(Float64)", "上四分位数", "Third quartile"),
			}), argIndicator, argDivision, argPeriod),
		view("indicator_trend", trend(c, division, "")).askedBy(label("走势", "Trend"), label(
			"某区划各期的指标值，及上期、上年同期值。", "A division's figure over the periods, beside the period and the year before."), overTime, argIndicator, argDivision),
		view("indicator_trend_as_known", trend(c, division, moment("known"))).askedBy(label("当时所知的走势", "Trend as it was known"), label(
			"同上，按所选时间所知。关于人员或案件的指标，更正前的值不显示。", "The same, as it was known at a time. Of persons and cases, what a figure was before it was corrected is not shown."),
			overTime, argIndicator, argDivision, argKnown),
		view("division_profile", fmt.Sprintf(`SELECT indicator, name_zh, name_en, unit, direction, unit_tier, period,
       %s
FROM
(
  SELECT f.indicator AS indicator, i.name_zh AS name_zh, i.name_en AS name_en, i.unit AS unit, i.direction AS direction, f.unit_tier AS unit_tier, i.period AS period, f.row AS row, %s AS hide
  FROM
  (
    SELECT indicator, unit_tier, row FROM
    (
%s
    )
    ORDER BY indicator DESC, unit_tier DESC, day DESC LIMIT 1 BY indicator, unit_tier
  ) AS f
  INNER JOIN
  (
    SELECT indicator, name_zh, name_en, unit, direction, every, window, arrayLast(p -> p <= toDate({day:String}), days) AS at, periods[indexOf(days, at)] AS period FROM ads.indicator FINAL
  ) AS i ON i.indicator = f.indicator
)
WHERE %s
ORDER BY indicator, unit_tier`, figure, hiddenWhen(smallBelow(c, "f.indicator"), "("+running("i.at")+" OR "+covered("f.indicator", block("i.every", "i.window", "i.at"), "f.unit_tier", division)+")"),
			indent(indent(indent(asKnown("division_code = "+division+" AND parent_code = (SELECT any(ancestor_code) FROM dwd.division_path WHERE division_code = "+division+" AND steps = 1) AND day <= toDate({day:String})",
				"(SELECT max(known_from) FROM ads.indicator)")))), shownUnits)).askedBy(label("区划画像", "Profile of a division"), label(
			"某区划某日的全部指标：各指标当日已结束的最近一期。", "All indicators of a division on a day: of each, the last period that was over then."),
			slices.Concat([]column{colIndicator, both("name_zh", "String", "名称", "Name in Chinese"), both("name_en", "String", "英文名称", "Name"), both("unit", "String", "计量单位", "Unit"),
				both("direction", lc, "方向：up 越高越好，down 越低越好，monitor 只监测", "Which way is better: up, down, or monitor"), colUnitTier, colPeriod}, figureDoc()),
			argDivision, arg("day", "日期", "Day", "2025-12-31")),
	}
}

// children are the figures of the divisions right below one at a period; as known
// at a time, or "" for now. which narrows the divisions whose names are read.
func children(c *schemas.Catalog, division, known, which string) string {
	return fmt.Sprintf(lookUp+`
SELECT division_code, names.name AS division_name, tier, unit_tier, {period:String} AS period,
       %s
FROM
(
%s
) AS f
%s
ORDER BY unit_tier, division_code`, figureColumns("row", "hide"), indent(atPeriod(c, "parent_code = "+division, known)), namesFor("f.division_code", which))
}

// indicatorValue is the view of all figures, or of those of the periods that
// when says.
func indicatorValue(c *schemas.Catalog, when string) string {
	return fmt.Sprintf(`SELECT v.indicator AS indicator, v.period AS period, v.as_of AS as_of, v.unit_tier AS unit_tier, v.division_code AS division_code, names.name AS division_name, v.tier AS tier, v.parent_code AS parent_code,
       %s
FROM
(
%s
) AS v
%s`, figureColumns("v.row", "v.hide"), indent(allFigures(c, when)), namesFor("v.division_code", ""))
}

// allFigures selects all figures, or those of the periods that when says: the key's
// columns, period, as_of, row and hide. A figure holds from the day of its change
// until that of the next: each meets its periods in a join, so that a question about
// one period makes one row of each figure and not a row of all of its periods.
func allFigures(c *schemas.Catalog, when string) string {
	versions := fmt.Sprintf(`SELECT %s, day, removed, %s FROM ads.indicator_point AS p
INNER JOIN (SELECT indicator, known_from AS published FROM ads.indicator FINAL) AS i ON i.indicator = p.indicator
WHERE p.known_from <= i.published`, strings.Replace(figureKey, "indicator,", "p.indicator AS indicator,", 1), strings.Replace(readValues, "known_from", "p.known_from AS known_from", 1))
	return fmt.Sprintf(`SELECT f.indicator AS indicator, i.period AS period, i.as_of AS as_of, f.unit_tier AS unit_tier, f.division_code AS division_code, f.tier AS tier, f.parent_code AS parent_code, f.row AS row, %[1]s AS hide
FROM
(
  SELECT %[2]s, day, row, leadInFrame(day, 1, toDate('2149-06-06')) OVER (PARTITION BY %[2]s ORDER BY day ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next
  FROM
  (
%[3]s
  )
) AS f
INNER JOIN
(
  SELECT indicator, as_of, period, block
  FROM (SELECT indicator, day AS as_of, period, %[4]s AS block, day = arrayLast(x -> x < toDate(now('Asia/Shanghai')), days) AS is_last FROM ads.indicator FINAL ARRAY JOIN days AS day, periods AS period)
  WHERE %[5]s
) AS i ON i.indicator = f.indicator
WHERE f.day <= i.as_of AND f.next > i.as_of AND %[6]s`, hiddenWhen(smallBelow(c, "f.indicator"), "("+running("as_of")+" OR "+covered("f.indicator", "i.block", "f.unit_tier", "f.division_code")+")"),
		figureKey, indent(indent(latest(versions))), block("every", "window", "day"), when, shownUnits)
}

// trend is a division's figures over the periods; as known at a time, or "" for
// now.
func trend(c *schemas.Catalog, division, known string) string {
	below := smallBelow(c, "{indicator:String}")
	find, known, hide := knownAt(known, one("known_from"), below, running("p.1")+" OR "+covered("{indicator:String}", block("every", "window", "p.1"), "unit_tier", "division_code"))
	return fmt.Sprintf(`SELECT p.2 AS period, p.1 AS as_of, toBool(%[4]s) AS running, tier, unit_tier,
       %[1]s,
       lagInFrame(value, 1) OVER w AS value_before, lagInFrame(value, per_year) OVER w AS value_year_before
FROM
(
  SELECT tier, unit_tier, p, row, per_year, %[5]s AS hide
  FROM
  (
    SELECT tier, unit_tier, division_code, p, arrayLast(x -> x.1 <= p.1, points).2 AS row, every, window, toUInt8(multiIf(every = 'month', 12, every = 'quarter', 4, 1)) AS per_year
    FROM
    (
      SELECT tier, unit_tier, division_code, arraySort(x -> x.1, groupArray((day, row))) AS points
      FROM
      (
%[2]s
      )
      GROUP BY tier, unit_tier, division_code
    ) AS f
    CROSS JOIN (SELECT arrayZip(days, periods) AS named, every, window FROM ads.indicator FINAL WHERE indicator = {indicator:String}) AS i
    ARRAY JOIN named AS p
  )
  WHERE %[3]s
)
WINDOW w AS (PARTITION BY unit_tier ORDER BY as_of ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
ORDER BY unit_tier, as_of`, figureColumns("row", "hide"),
		indent(indent(indent(indent(find("indicator = {indicator:String} AND division_code = "+division, known))))), shownUnits, running("as_of"), hiddenWhen(below, "("+hide+")"))
}

// describe is the row of indicatorTable for an indicator.
func (x *computation) describe() indicatorRow {
	i := x.ind
	r := indicatorRow{
		Indicator: i.Indicator, PolicyRow: i.PolicyRow, NameZh: i.Name.Zh, NameEn: i.Name.En, DocZh: strings.TrimSpace(i.Doc.Zh), DocEn: strings.TrimSpace(i.Doc.En),
		Unit: i.Unit, Scale: i.Scale, Direction: i.Direction, UnitTier: i.ComputedAt, Tiers: i.PublishedAt, Every: i.Periods.Every, Window: i.Periods.Window,
		Dated: i.Dated(), Persons: i.Persons, RuleVersion: i.RuleVer, Register: i.Register,
		KnownFrom: x.known.UTC().Format("2006-01-02 15:04:05.000"), RunID: x.runID,
	}
	if r.Window == "" {
		r.Window = r.Every
	}
	if t := i.Target; t != nil {
		r.TargetOp, r.TargetValue = t.Op, &t.Value
	}
	for _, s := range x.spans {
		r.Periods, r.Days = append(r.Periods, s.Name), append(r.Days, s.Day.Format("2006-01-02"))
	}
	return r
}
