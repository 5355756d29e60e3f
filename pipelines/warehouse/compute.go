package warehouse

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	clickhouse "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"

	"rongtong/schemas"
	"rongtong/schemas/divisions"
	"rongtong/schemas/fault"
)

// divisionEntity is the entity whose fused rows are the division tree, and
// levelList the code list of its levels: a level's aliases name its tier.
const (
	divisionEntity = "division"
	levelList      = "division_level"
)

// computation writes the statement that brings the figures of one indicator up
// to date.
//
// The figure of a division is Scale times the sum of the numerators over the
// sum of the denominators of the units below it, never an average of ratios. A
// unit with a null in either is missing: it is counted and enters neither sum,
// and above 5 % missing the figure is provisional. A unit without a place in
// the tree, or of another tier than the indicator's, is not lost: such units
// make a row of the tier "" and the code of zeros.
//
// All periods are made at once. A unit contributes changes: at the periods at
// which its numerator, denominator or state differ from the period before. They
// are summed up the tree and then along the periods, so the work grows with
// what changes and not with the number of periods, and a figure is stored only
// at the periods at which it changes. It holds until the next stored one.
//
// What is written is the difference to what stands there. Nothing is ever
// overwritten: a figure that was corrected stays, with the time from which it
// was known, and one that is no more gets a row that says so.
type computation struct {
	ind   *schemas.Indicator
	spans []schemas.Span
	runID string
	known time.Time // when what is written becomes known; later than all that stands there

	// only are the units, by code and in order, whose rows are read; nil for all.
	only []string
	set  int              // which of the sets of codes that go along with a question only is
	c    *schemas.Catalog // with only
	tree map[string]node  // with only
	// aside are the tables in which rows of the units were put aside.
	aside map[source]string
	// unfed: nobody supplies any more what the figures were made from. None is left.
	unfed bool
	// fresh: nothing stands there yet.
	fresh bool
	// since is the period (counted from 0) from which figures of an indicator that
	// is not dated hold. Rows without dates say nothing of the past: what they say
	// when they are first known is taken to have always been so, and what changes
	// in later months holds from the month in which it was known.
	since int
}

// noPlace is the code under which units without a place are summed.
const noPlace = "toFixedString('000000000000', 12)"

// sum4 is the type of sums: as many decimals as a measure has.
const sum4 = "Decimal(38, 4)"

// comparators are the ways a target compares.
var comparators = []string{">=", ">", "<=", "<", "="}

// sql is the whole statement, for all units.
func (x *computation) sql() (string, error) {
	figures, err := x.figures()
	if err != nil {
		return "", err
	}
	o := pointTable()
	return fmt.Sprintf("INSERT INTO %s (indicator, %s, %s, removed, known_from, run_id)\n%s", o.full(), pointKey, pointValues, x.difference(figures)), nil
}

// pointKey tells the stored figures of one indicator apart, pointValues is what
// they say.
const (
	pointKey    = "parent_code, division_code, unit_tier, tier, day"
	pointValues = "shown, numerator, denominator, n_units, n_missing, provisional, scale, target_op, target_value, rule_version, register, register_version"
)

// difference selects what must be written so that the figures stand there.
func (x *computation) difference(figures string) string {
	tail := fmt.Sprintf("%s, %s", x.moment(), quote(x.runID))
	head := quote(x.ind.Indicator)
	if x.fresh {
		return fmt.Sprintf("SELECT %s, %s, %s, false, %s\nFROM\n(\n%s\n)", head, pointKey, pointValues, tail, indent(figures))
	}
	values := strings.Split(pointValues, ", ")
	for i, name := range values {
		values[i] = fmt.Sprintf("v.%d", i+1)
		if slices.Contains([]string{"numerator", "denominator", "n_units", "n_missing"}, name) { // of what is gone nothing is left
			values[i] = fmt.Sprintf("if(gone, 0, %s)", values[i])
		}
	}
	return fmt.Sprintf(`SELECT %[1]s, %[2]s, %[3]s, gone AND NOT earlier, %[4]s
FROM
(
  SELECT %[2]s, argMax(row, side) AS v, max(side) = 0 AS gone, max(was) AS earlier
  FROM
  (
    SELECT 1 AS side, %[2]s, false AS was, tuple(%[5]s) AS row
    FROM
    (
%[6]s
    )
    UNION ALL
    SELECT 0 AS side, %[2]s, was, row
    FROM
    (
%[7]s
    )
  )
  GROUP BY %[2]s
  HAVING count() = 1 OR uniqExact(row) > 1
)`, head, pointKey, strings.Join(values, ", "), tail, pointValues, indent(indent(indent(figures))), indent(indent(indent(x.standing()))))
}

func (x *computation) moment() string {
	return fmt.Sprintf("fromUnixTimestamp64Milli(toInt64(%d), 'UTC')", x.known.UnixMilli())
}

// standing selects the figures that stand there, as the tuple row; of an indicator
// that is not dated the last one of each division. was: one stands at an earlier
// period, too, and would hold on if this one were taken back.
func (x *computation) standing() string {
	where := "indicator = " + quote(x.ind.Indicator)
	if x.only != nil {
		where += " AND " + x.above("division_code")
	}
	if !x.ind.Dated() { // later ones are of periods that were declared once
		where += " AND day <= '" + x.spans[len(x.spans)-1].Day.Format(time.DateOnly) + "'"
	}
	all := fmt.Sprintf("SELECT %s, false AS was, argMax(tuple(%s), known_from) AS row\nFROM ads.indicator_point\nWHERE %s\nGROUP BY %[1]s\nHAVING NOT argMax(removed, known_from)",
		pointKey, pointValues, where)
	if x.ind.Dated() {
		return all
	}
	const of = "parent_code, division_code, unit_tier, tier"
	return fmt.Sprintf("SELECT %[1]s, %[2]s AS day, min(at) < day AS was, argMax(row, at) AS row\nFROM (SELECT %[1]s, day AS at, row FROM\n(\n%[3]s\n))\nGROUP BY %[1]s\nHAVING row.%[4]d > 0",
		of, x.holdsFrom(""), indent(all), 1+slices.Index(strings.Split(pointValues, ", "), "n_units"))
}

// figures selects pointKey and pointValues of every figure.
func (x *computation) figures() (string, error) {
	ind := x.ind
	op, target := "", "NULL"
	if t := ind.Target; t != nil {
		if !slices.Contains(comparators, t.Op) {
			return "", fmt.Errorf("the target's comparison %q is none", t.Op)
		}
		op, target = t.Op, float(t.Value)
	}
	sums := x.sums()
	if x.median() {
		sums = x.medians()
	}
	if x.unfed {
		sums += "\nLIMIT 0"
	}
	return fmt.Sprintf(`SELECT up.ancestor_code AS parent_code, s.code AS division_code, s.unit_tier AS unit_tier, s.tier AS tier, %[1]s AS day,
       toBool(s.tier IN (%[2]s) OR s.code = %[3]s) AS shown, s.num AS numerator, s.den AS denominator,
       toUInt64(s.units) AS n_units, toUInt64(s.missing) AS n_missing, toBool(n_missing * 20 > n_units) AS provisional,
       %[4]s AS scale, %[5]s AS target_op, CAST(%[6]s, 'Nullable(Float64)') AS target_value,
       toUInt16(%[7]d) AS rule_version, %[8]s AS register, %[9]s AS register_version
FROM
(
%[10]s
) AS s
LEFT JOIN (SELECT division_code, ancestor_code FROM dwd.division_path WHERE steps = 1) AS up ON up.division_code = s.code`,
		x.holdsFrom("s.k"), x.published(), noPlace, float(ind.Scale), quote(op), target, ind.RuleVer, quote(ind.Register), quote(divisions.Version), indent(sums)), nil
}

func (x *computation) published() string {
	tiers := []string{"''"} // for an empty list; no unit's own tier is published as ''
	for _, t := range x.ind.PublishedAt {
		tiers = append(tiers, quote(t))
	}
	return strings.Join(tiers[min(1, len(tiers)-1):], ", ")
}

// holdsFrom is the last day of the period of a number (an expression, from 1).
func (x *computation) holdsFrom(k string) string {
	if !x.ind.Dated() {
		return "toDate('" + x.spans[x.since].Day.Format(time.DateOnly) + "')"
	}
	days := make([]string, len(x.spans))
	for i, s := range x.spans {
		days[i] = "'" + s.Day.Format(time.DateOnly) + "'"
	}
	return "CAST([" + strings.Join(days, ", ") + "], 'Array(Date)')[" + k + "]"
}

// sums selects the figures' sums at the periods k at which they change.
func (x *computation) sums() string {
	changes := x.rollUp(x.changes(), "sum(n) AS dn, sum(d) AS dd, sum(u) AS du, sum(m) AS dm", "HAVING dn != 0 OR dd != 0 OR du != 0 OR dm != 0")
	return fmt.Sprintf(`SELECT unit_tier, tier, code, k, CAST(sum(dn) OVER w, '%[1]s') AS num, CAST(sum(dd) OVER w, '%[1]s') AS den, sum(du) OVER w AS units, sum(dm) OVER w AS missing
FROM
(
%[2]s
)
WINDOW w AS (PARTITION BY unit_tier, tier, code ORDER BY k ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)`, sum4, indent(changes))
}

// medians selects the figures' medians, of an even number of units the mean of
// the middle two, at the periods at which they change. Where the last unit goes,
// a row says so.
func (x *computation) medians() string {
	shifts := "[0, 1]"
	if !x.ind.Dated() {
		shifts = "[0]"
	}
	values := "SELECT unit, k, groupArrayIf(toFloat64(n), m = 0) AS ns, count() AS us, sum(m) AS ms\nFROM\n(\n" + indent(x.present()) + "\n)\nGROUP BY unit, k"
	all := x.rollUp(values, fmt.Sprintf(`quantileExactInclusiveArray(0.5)(ns) AS middle, CAST(if(isNaN(middle), 0, middle), '%[1]s') AS num,
         CAST(toUInt8(sum(length(ns)) > 0), '%[1]s') AS den, toInt64(sum(us)) AS units, toInt64(sum(ms)) AS missing`, sum4), "")
	return fmt.Sprintf(`SELECT unit_tier, tier, code, k, num, den, units, missing
FROM
(
  SELECT unit_tier, tier, code, k, tuple(num, den, units, missing) AS now, lagInFrame(now, 1, tuple(CAST(0, '%[1]s'), CAST(0, '%[1]s'), toInt64(0), toInt64(0))) OVER (PARTITION BY unit_tier, tier, code ORDER BY k ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before,
         num, den, units, missing
  FROM
  (
    SELECT unit_tier, tier, code, k, max(num) AS num, max(den) AS den, max(units) AS units, max(missing) AS missing
    FROM
    (
      SELECT unit_tier, tier, code, toUInt16(k + shift) AS k, if(shift = 0, num, CAST(0, '%[1]s')) AS num, if(shift = 0, den, CAST(0, '%[1]s')) AS den, if(shift = 0, units, 0) AS units, if(shift = 0, missing, 0) AS missing
      FROM
      (
%[2]s
      )
      ARRAY JOIN %[4]s AS shift
    )
    WHERE k <= %[3]d
    GROUP BY unit_tier, tier, code, k
  )
)
WHERE now != before`, sum4, indent(indent(indent(indent(all)))), len(x.spans), shifts)
}

// rollUp groups what units give (unit, k, …) by the divisions whose figures
// they enter: those above of the published tiers, and the unit itself, from whose
// own figure a computation of a few units knows what it gave before. A unit
// without a place enters the row of zeros.
func (x *computation) rollUp(units, aggregates, having string) string {
	unitTier, placed, above := "p.tier", "1", ""
	if x.only != nil && x.median() {
		above = "\nWHERE " + x.above("a.1")
	}
	if x.ind.ComputedAt != schemas.Each {
		// A unit of another tier is not a unit of this indicator.
		unitTier, placed = quote(x.ind.ComputedAt), "tier = "+quote(x.ind.ComputedAt)
	}
	return fmt.Sprintf(`SELECT unit_tier, a.2 AS tier, a.1 AS code, k, %[1]s
FROM
(
  SELECT u.*, toString(%[2]s) AS unit_tier, arrayJoin(if(p.tier != '', [(p.ancestor_code, toString(p.ancestor_tier))], [(%[3]s, ''), (u.unit, '')])) AS a
  FROM
  (
%[4]s
  ) AS u
  LEFT JOIN
  (
    SELECT division_code, tier, ancestor_code, ancestor_tier FROM dwd.division_path WHERE %[5]s AND (ancestor_tier IN (%[6]s) OR steps = 0)
  ) AS p ON p.division_code = u.unit
)%[8]s
GROUP BY unit_tier, tier, code, k
%[7]s`, aggregates, unitTier, noPlace, indent(indent(units)), placed, x.published(), having, above)
}

// above is the condition under which a division's figure may be another: it is a
// touched unit or above one. (The codes go along: withCodes.)
func (x *computation) above(code string) string {
	return code + " IN (SELECT toFixedString(code, 12) FROM touched)"
}

// changes selects what every unit changes at which period: unit, k (from 1), the
// differences of numerator n and denominator d, of being counted u and of being
// missing m.
func (x *computation) changes() string {
	var per string
	switch {
	case x.ind.InArrays():
		diff := func(a string) string { return "arrayPopFront(arrayDifference(arrayPushFront(" + a + ", 0)))" }
		per = fmt.Sprintf(`SELECT unit, toUInt16(k) AS k, dns[k] AS n, dds[k] AS d, toInt64(dus[k]) AS u, toInt64(dms[k]) AS m
FROM
(
  SELECT unit, %s AS dns, %s AS dds, %s AS dus, %s AS dms,
         arrayFilter((i, a, b, c, e) -> a != 0 OR b != 0 OR c != 0 OR e != 0, arrayEnumerate(dns), dns, dds, dus, dms) AS ks
  FROM
  (
%s
  )
)
ARRAY JOIN ks AS k`, diff("ns"), diff("ds"), diff("us"), diff("ms"), indent(indent(x.rows())))
	case x.ind.Dated():
		// From one period to the next a row mostly gives the same: what it gave
		// goes where the period ends, and comes again with the next.
		per = fmt.Sprintf(`SELECT unit, toUInt16(k + shift) AS k, if(shift = 0, n, -n) AS n, if(shift = 0, d, -d) AS d, toInt64(if(shift = 0, 1, -1)) AS u, toInt64(if(shift = 0, m, -m)) AS m
FROM
(
%s
)
ARRAY JOIN [0, 1] AS shift
WHERE k + shift <= %d`, indent(x.present()), len(x.spans))
	default:
		per = fmt.Sprintf("SELECT unit, k, n, d, toInt64(1) AS u, toInt64(m) AS m\nFROM\n(\n%s\n)", indent(x.present()))
	}
	return fmt.Sprintf("SELECT c.unit AS unit, c.k AS k, sum(c.n) AS n, sum(c.d) AS d, sum(c.u) AS u, sum(c.m) AS m\nFROM\n(\n%s\n) AS c\nGROUP BY unit, k\nHAVING n != 0 OR d != 0 OR u != 0 OR m != 0", indent(per))
}

// fewChanges is changes of few units, in no order, as texts and Int64: their rows are
// summed up over all periods at once, which is less to understand and, of many
// units, more to hold. The first column is the set: the only one.
func (x *computation) fewChanges() string {
	switch {
	case x.ind.InArrays():
		sum := func(of string) string { return "sumForEach(arrayMap((a, b, c) -> " + of + ", az, bz, us))" }
		return fmt.Sprintf(`SELECT toInt64(0), toString(unit), toInt64(k), toString(t.1 - t0.1), toString(t.2 - t0.2), toInt64(t.3) - toInt64(t0.3), toInt64(t.4) - toInt64(t0.4)
FROM
(
  SELECT unit, arrayZip(%s, %s, sumForEach(us), %s) AS ts
  FROM
  (
%s
  )
  GROUP BY unit
)
ARRAY JOIN ts AS t, arrayPopBack(arrayPushFront(ts, defaultValueOfArgumentType(ts[1]))) AS t0, arrayEnumerate(ts) AS k
WHERE t != t0`, sum("if(c = 1 AND b IS NOT NULL, ifNull(a, 0), 0)"), sum("if(c = 1 AND a IS NOT NULL, ifNull(b, 0), 0)"), sum("c = 1 AND (a IS NULL OR b IS NULL)"), indent(indent(x.nullable(x.value()))))
	case x.ind.Dated():
		return "SELECT toInt64(0), toString(unit), toInt64(k), toString(n), toString(d), toInt64(u), toInt64(m)\nFROM\n(\n" + indent(x.changes()) + "\n)"
	}
	return fmt.Sprintf(`SELECT toInt64(0), toString(unit), toInt64(1), toString(ifNull(sumIf(a, b IS NOT NULL), 0)), toString(ifNull(sumIf(b, a IS NOT NULL), 0)), toInt64(count()), toInt64(countIf(a IS NULL OR b IS NULL))
FROM
(
%s
)
GROUP BY unit`, indent(x.plain(x.spans[0])))
}

// stateChanges are the changes of the units of computations that all go byState: by
// set, unit and period how many rows are what, and were what in the period before.
func stateChanges(xs []*computation) string {
	rows := make([]string, len(xs))
	for i, x := range xs {
		rows[i] = fmt.Sprintf("SELECT toInt64(%d) AS of, unit, az, bz, us FROM\n(\n%s\n)", i, indent(x.nullable(x.value())))
	}
	return fmt.Sprintf(`SELECT of, toString(unit), toInt64(k), toInt64(s[k]) AS is, toInt64(s[k - 1]) AS was, toInt64(count())
FROM
(
  SELECT of, unit, arrayMap((a, b, c) -> if(c = 1, if(a IS NULL OR b IS NULL, %d, %d + %d * assumeNotNull(a) + %d * assumeNotNull(b)), 0), az, bz, us) AS s
  FROM
  (
%s
  )
)
ARRAY JOIN arrayFilter((i, a, b) -> a != b, arrayEnumerate(s), s, arrayPushFront(arrayPopBack(s), 0)) AS k
GROUP BY of, unit, k, is, was`, stateUnit|stateMissing, stateUnit, stateNumerator, stateDenominator, indent(indent(strings.Join(rows, "\nUNION ALL\n"))))
}

// present selects what every row of the statement is in every period in which it
// counts: unit, k, its numerator n and denominator d (0 where it is missing), and
// whether it is missing. Rows of a statement that is not dated stand in the first.
func (x *computation) present() string {
	if x.ind.InArrays() {
		return fmt.Sprintf("SELECT unit, toUInt16(i) AS k, ns[i] AS n, ds[i] AS d, ms[i] AS m\nFROM\n(\n%s\n)\nARRAY JOIN arrayEnumerate(us) AS i\nWHERE us[i] = 1", indent(x.rows()))
	}
	spans := x.spans
	if !x.ind.Dated() {
		spans = spans[:1]
	}
	each := make([]string, len(spans))
	for i, s := range spans {
		each[i] = fmt.Sprintf(`SELECT unit, toUInt16(%d) AS k, toUInt8(a IS NULL OR b IS NULL) AS m, CAST(if(m = 1, 0, assumeNotNull(a)), '%[2]s') AS n, CAST(if(m = 1, 0, assumeNotNull(b)), '%[2]s') AS d
FROM (%[3]s)`, i+1, sum4, x.plain(s))
	}
	return strings.Join(each, "\nUNION ALL\n")
}

// plain selects a statement's rows at one period: unit, numerator a and
// denominator b.
func (x *computation) plain(s schemas.Span) string {
	return fmt.Sprintf("SELECT toFixedString(ifNull(division_code, ''), 12) AS unit, toDecimal128(numerator, 4) AS a, toDecimal128(denominator, 4) AS b FROM\n(\n%s\n)", indent(x.narrow(x.ind.On(s))))
}

// rows selects a statement's rows in arrays: unit, the numerators ns and
// denominators ds, 0 where there is none, and in which periods the row counts,
// us, and is missing, ms.
func (x *computation) rows() string {
	return fmt.Sprintf(`SELECT unit, us, arrayMap((a, b, c) -> toUInt8(c AND (a IS NULL OR b IS NULL)), az, bz, us) AS ms,
       arrayMap((a, c, e) -> if(c = 1 AND e = 0, assumeNotNull(a), CAST(0, '%[1]s')), az, us, ms) AS ns,
       arrayMap((b, c, e) -> if(c = 1 AND e = 0, assumeNotNull(b), CAST(0, '%[1]s')), bz, us, ms) AS ds
FROM
(
%[2]s
)`, sum4, indent(x.nullable(sum4)))
}

// value is the narrowest type that holds every row's numerator and denominator.
func (x *computation) value() string {
	if x.ind.Counts() {
		return "UInt8"
	}
	return sum4
}

// nullable selects a statement's rows in arrays of one type: unit, the numerators
// az and denominators bz, and in which periods the row counts, us.
func (x *computation) nullable(value string) string {
	return fmt.Sprintf("SELECT toFixedString(ifNull(division_code, ''), 12) AS unit, CAST(numerator, '%[1]s') AS az, CAST(denominator, '%[1]s') AS bz, CAST(counted, 'Array(UInt8)') AS us\nFROM\n(\n%[2]s\n)",
		"Array(Nullable("+value+"))", indent(x.narrow(x.ind.On(x.spans...))))
}

var anyWord = regexp.MustCompile(`\w+`)

// inUnits is the condition under which an expression is one of a set of withCodes;
// rows without a code are of the empty one.
func inUnits(unit string, only []string, set int) string {
	is := fmt.Sprintf("%s IN (SELECT toFixedString(code, 12) FROM touched WHERE of = %d)", unit, set)
	if len(only) > 0 && only[0] == "" {
		is += " OR " + unit + " IS NULL"
	}
	return is
}

// withCodes gives sets of codes along with a question, as the table touched: a long
// list in its text costs more to understand than to look up.
func withCodes(ctx context.Context, sets ...[]string) (context.Context, error) {
	t, err := ext.NewTable("touched", ext.Column("code", "String"), ext.Column("of", "Int64"))
	for i, codes := range sets {
		for _, code := range codes {
			if err == nil {
				err = t.Append(code, int64(i))
			}
		}
	}
	if err != nil {
		return nil, fault.New(fault.Bug, "sending codes to the warehouse: %w", err)
	}
	return clickhouse.Context(ctx, clickhouse.WithExternalTable(t)), nil
}

var fusedRef = regexp.MustCompile(`\bdwd\.\w+`)

// unitsAt selects a statement's rows at one period: division_code, numerator and
// denominator.
func unitsAt(ind *schemas.Indicator, s schemas.Span) string {
	if !ind.InArrays() {
		return ind.On(s)
	}
	return fmt.Sprintf("SELECT division_code, numerator[1] AS numerator, denominator[1] AS denominator FROM\n(\n%s\n) WHERE counted[1]", indent(ind.On(s)))
}

// float writes a constant so that the server reads a Float64.
func float(f float64) string {
	return "toFloat64(" + strconv.FormatFloat(f, 'g', -1, 64) + ")"
}

// compute brings figures up to date and makes them known, all at the same time,
// and tells what became of each: by indicator, how many rows it wrote or what was
// wrong.
func (w *Warehouse) compute(ctx context.Context, xs []*computation) map[string]outcome {
	did := map[string]outcome{}
	var parts []*computation
	for _, x := range xs {
		did[x.ind.Indicator] = outcome{}
		switch {
		case x.only != nil && len(x.only) == 0: // what changed is of no unit
		case x.only == nil || x.median():
			n, err := w.computeSQL(ctx, x)
			did[x.ind.Indicator] = outcome{Refreshed{Written: n}, err}
		default:
			parts = append(parts, x)
		}
	}
	w.computeParts(ctx, parts, did)
	var rows []indicatorRow
	for _, x := range xs {
		if did[x.ind.Indicator].err != nil {
			continue
		}
		if err := w.protect(ctx, x); err != nil {
			did[x.ind.Indicator] = outcome{err: err}
			continue
		}
		rows = append(rows, x.describe())
	}
	if len(rows) == 0 {
		return did
	}
	if err := w.InsertRows(ctx, "ads.indicator", tokenOf("indicators", xs[0].known.UnixMilli(), indicatorsOf(xs)), rows); err != nil {
		for _, row := range rows {
			did[row.Indicator] = outcome{err: err}
		}
	}
	return did
}

func indicatorsOf(xs []*computation) []string {
	names := make([]string, len(xs))
	for i, x := range xs {
		names[i] = x.ind.Indicator
	}
	return names
}

// computeParts brings up to date what the units of each computation touch. Their
// rows are in one insert, which is one block: all of them stand, or none.
func (w *Warehouse) computeParts(ctx context.Context, xs []*computation, did map[string]outcome) {
	if len(xs) == 0 {
		return
	}
	fail := func(err error) {
		for _, x := range xs {
			did[x.ind.Indicator] = outcome{err: err}
		}
	}
	standing, err := w.standingFigures(ctx, xs)
	if err != nil {
		fail(err)
		return
	}
	var rows []pointRow
	now := w.unitChanges(ctx, xs, did)
	for _, x := range xs {
		if did[x.ind.Indicator].err != nil {
			continue
		}
		changed := x.computePart(now[x.ind.Indicator], standing[x.ind.Indicator])
		rows = append(rows, changed...)
		did[x.ind.Indicator] = outcome{Refreshed: Refreshed{Written: uint64(len(changed))}}
	}
	if len(rows) == 0 {
		return
	}
	rec, err := recordOf(reflect.ValueOf(rows))
	if err != nil {
		fail(fault.New(fault.Bug, "writing figures: %w", err))
		return
	}
	defer rec.Release()
	if err := w.Load(ctx, Load{tokenOf("points", xs[0].known.UnixMilli(), indicatorsOf(xs)), "ads.indicator_point", rec}); err != nil {
		fail(err)
	}
}

// computeSQL computes an indicator from all rows, in one statement; of few units,
// the figures above them. Each may hold several hundred megabytes before it spills,
// so they take turns.
func (w *Warehouse) computeSQL(ctx context.Context, x *computation) (n uint64, err error) {
	defer w.lock(dbAds + ".*")()
	doing := fmt.Sprintf("computing %q", x.ind.Indicator)
	if x.only != nil {
		if ctx, err = withCodes(ctx, x.placesAbove()); err != nil {
			return 0, err
		}
	}
	query, err := x.sql()
	if err != nil {
		return 0, fault.New(fault.Config, "%s: %w", doing, err)
	}
	if err := w.conn.Exec(computing(ctx), query); err != nil {
		return 0, w.mark(err, doing)
	}
	err = w.QueryRow(ctx, fmt.Sprintf("SELECT count() FROM ads.indicator_point WHERE indicator = %s AND known_from = %s", quote(x.ind.Indicator), x.moment()), []any{&n})
	return n, err
}

// computing are the settings of a computation: arrays over the periods are long,
// so blocks are small, and groups and sorts spill to disk.
func computing(ctx context.Context) context.Context {
	const spill, block = 300_000_000, 1 << 20
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"max_threads": 2, "max_block_size": 8192, "max_query_size": 16 << 20,
		"max_insert_threads": 1, "insert_deduplicate": 0, "max_insert_block_size": block, "min_insert_block_size_rows": block, "min_insert_block_size_bytes": 1 << 40,
		"max_bytes_before_external_group_by": spill, "max_bytes_ratio_before_external_group_by": 0,
		"max_bytes_before_external_sort": spill, "max_bytes_ratio_before_external_sort": 0,
	}))
}

// paths rebuilds dwd.division_path if the fused divisions changed since.
func (w *Warehouse) paths(ctx context.Context, c *schemas.Catalog) error {
	o := divisionPath()
	defer w.lock(o.full())()
	query, err := pathSQL(c)
	if err != nil {
		return err
	}
	tree, _, err := w.lastState(ctx, divisionEntity)
	if err != nil {
		return err
	}
	now := fuseState{claimsTable: tree.rowsTable, block: tree.block, rules: fingerprint(o.ddl(o.name), query, tree.rules)}
	if now.rowsTable, err = w.identity(ctx, o.name); err != nil {
		return err
	}
	last, found, err := w.lastState(ctx, o.name)
	if err != nil || found && last.sameAs(now) {
		return err
	}
	// Another tree makes every figure anew. A division whose other facts changed
	// is the same tree.
	const sum = "SELECT concat(toString(count()), ' ', toString(sum(cityHash64(*)))) FROM "
	var was, is string
	if err := w.QueryRow(ctx, sum+o.full(), []any{&was}); err != nil {
		return err
	}
	if err := w.QueryRow(ctx, sum+"("+query+")", []any{&is}); err != nil {
		return err
	}
	if was == is {
		return w.recordState(ctx, o.name, now, FuseResult{})
	}
	if now.things, err = w.rebuild(ctx, o, query); err != nil {
		return err
	}
	if now.rowsTable, err = w.identity(ctx, o.name); err != nil {
		return err
	}
	return w.recordState(ctx, o.name, now, FuseResult{Changed: now.things, Rebuilt: true})
}

// pathSQL walks up from every division, one join per tier.
func pathSQL(c *schemas.Catalog) (string, error) {
	const doing = "building the division tree"
	e := c.Entity(divisionEntity)
	if e == nil {
		return "", fault.New(fault.Config, "%s: there is no entity %q", doing, divisionEntity)
	}
	list := c.Code(levelList)
	if list == nil {
		return "", fault.New(fault.Config, "%s: there is no code list %q", doing, levelList)
	}
	var levels, tiers []string
	for _, t := range c.Tiers {
		i := slices.IndexFunc(list.Codes, func(code schemas.Code) bool { return code.Code == t.Code || slices.Contains(code.Aliases, t.Code) })
		if i < 0 {
			return "", fault.Hint(fault.Config, "give one level the tier's code as an alias", "%s: no level of %q stands for the tier %q", doing, levelList, t.Code)
		}
		levels, tiers = append(levels, quote(list.Codes[i].Code)), append(tiers, quote(t.Code))
	}
	node := fmt.Sprintf("SELECT division_code AS code, toString(name) AS name, transform(toString(level), [%s], [%s], '') AS tier, ifNull(parent_code, toFixedString('', 12)) AS up FROM dwd.%s",
		strings.Join(levels, ", "), strings.Join(tiers, ", "), divisionEntity)
	q := "SELECT code AS unit, tier AS unit_tier, [(code, tier, name)] AS path, up FROM nodes"
	for range len(c.Tiers) - 1 {
		q = fmt.Sprintf("SELECT s.unit AS unit, s.unit_tier AS unit_tier, if(n.tier = '', s.path, arrayPushBack(s.path, (n.code, n.tier, n.name))) AS path, n.up AS up\nFROM\n(\n%s\n) AS s\nLEFT JOIN nodes AS n ON n.code = s.up", indent(q))
	}
	return fmt.Sprintf("WITH nodes AS (%s)\nSELECT unit, unit_tier, a.1, a.2, a.3, steps\nFROM\n(\n%s\n)\nARRAY JOIN path AS a, arrayMap(i -> toUInt8(i - 1), arrayEnumerate(path)) AS steps\nORDER BY unit, a.1", node, indent(q)), nil
}

// TerritoryCount is how many fused rows there are about a division's own
// territory, the divisions below it included.
type TerritoryCount struct {
	Division string
	Rows     uint64
}

// TerritoryCounts counts, for every division of the tree, the fused rows of
// all entities that speak of a division, except the receipts of the return
// flow itself. Order: by division code.
func (w *Warehouse) TerritoryCounts(ctx context.Context, c *schemas.Catalog) ([]TerritoryCount, error) {
	if err := w.paths(ctx, c); err != nil {
		return nil, err
	}
	var parts []string
	for _, e := range c.Entities {
		if e.Division.Column == "" || e.Entity == receiptEntity {
			continue
		}
		parts = append(parts, fmt.Sprintf("  SELECT %s AS code, count() AS n FROM dwd.%s GROUP BY code", ident(e.Division.Column), ident(e.Entity)))
	}
	if len(parts) == 0 {
		return nil, nil
	}
	var out []TerritoryCount
	err := w.each(ctx, "SELECT toString(p.ancestor_code) AS division, sum(t.n) AS rows\nFROM\n(\n"+strings.Join(parts, "\n  UNION ALL\n")+
		"\n) AS t\nINNER JOIN dwd.division_path AS p ON p.division_code = t.code\nGROUP BY division\nORDER BY division",
		func(scan func(...any) error) error {
			var t TerritoryCount
			err := scan(&t.Division, &t.Rows)
			out = append(out, t)
			return err
		})
	return out, err
}
