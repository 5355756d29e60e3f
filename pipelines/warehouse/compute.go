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

// divisionEntity is the entity whose fused rows are the division tree, and
// levelList the code list of its levels: a level's aliases name its tier.
const (
	divisionEntity = "division"
	levelList      = "division_level"
)

// Compute makes the values of one indicator for every division of the tiers it
// is published at, and replaces what stood there for its period in one step.
//
// The figure of a division is Scale times the sum of the numerators over the
// sum of the denominators of the units below it, never an average of ratios. A
// unit with a null in either is missing: it is counted and enters neither sum,
// and above 5 % missing the figure is provisional. Units whose division is not
// in the tree are not lost: they make a row of the tier "" and the code of zeros.
//
// An indicator that has no feed is not computed: no feed is not 0 %. What stood
// there stays.
func (w *Warehouse) Compute(ctx context.Context, c *schemas.Catalog, ind *schemas.Indicator, runID string) error {
	_, err := w.compute(ctx, c, ind, runID)
	return err
}

func (w *Warehouse) compute(ctx context.Context, c *schemas.Catalog, ind *schemas.Indicator, runID string) (computed bool, err error) {
	if fed, err := w.fed(ctx, c, ind); err != nil || !fed {
		return false, err
	}
	return true, w.replace(ctx, c, ind, runID)
}

// replace computes the values and puts them in place of the old ones.
func (w *Warehouse) replace(ctx context.Context, c *schemas.Catalog, ind *schemas.Indicator, runID string) error {
	doing := fmt.Sprintf("computing %q", ind.Indicator)
	if err := w.paths(ctx, c); err != nil {
		return err
	}
	query, err := computeSQL(ind, runID)
	if err != nil {
		return fault.New(fault.Config, "%s: %w", doing, err)
	}
	o := indicatorTable()
	next := o.name + "__" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(ind.Indicator))
	defer w.lock(dbAds + "." + next)()
	staged := dbAds + "." + next
	for _, sql := range []string{"DROP TABLE IF EXISTS " + staged + " SYNC", o.ddl(next)} {
		if err := w.conn.Exec(ctx, sql); err != nil {
			return w.mark(err, doing)
		}
	}
	names := make([]string, len(o.columns))
	for i, col := range o.columns {
		names[i] = col.name
	}
	if err := w.conn.Exec(bounded(ctx), fmt.Sprintf("INSERT INTO %s (%s)\n%s", staged, idents(names), query)); err != nil {
		return w.mark(err, doing)
	}
	var n uint64
	if err := w.QueryRow(ctx, "SELECT count() FROM "+staged, []any{&n}); err != nil {
		return err
	}
	partition := fmt.Sprintf("PARTITION (%s, %s)", quote(ind.Indicator), quote(ind.Period))
	swap := fmt.Sprintf("ALTER TABLE %s REPLACE %s FROM %s", o.full(), partition, staged)
	if n == 0 { // an indicator that has no unit any more has no figure either
		swap = fmt.Sprintf("ALTER TABLE %s DROP %s", o.full(), partition)
	}
	for _, sql := range []string{swap, "DROP TABLE IF EXISTS " + staged + " SYNC"} {
		if err := w.conn.Exec(ctx, sql); err != nil {
			return w.mark(err, doing)
		}
	}
	return nil
}

// fed reports whether the indicator has a feed: there are claims about every
// entity that it reads, the divisions themselves apart, and, where it counts
// divisions that have a thing of some kind, there is a thing of that kind at all.
// (Organisations of one kind must not make every other kind look like 0 %.)
func (w *Warehouse) fed(ctx context.Context, c *schemas.Catalog, ind *schemas.Indicator) (bool, error) {
	var names []string
	for _, r := range ind.Reads {
		if r != divisionEntity && c.Entity(r) != nil {
			names = append(names, quote(r))
		}
	}
	if len(names) > 0 {
		var n uint64
		err := w.QueryRow(ctx, fmt.Sprintf("SELECT count() FROM system.tables WHERE database = %s AND name IN (%s) AND total_rows > 0",
			quote(dbStd), strings.Join(names, ", ")), []any{&n})
		if err != nil || int(n) < len(names) {
			return false, err
		}
	}
	if ind.Coverage == nil {
		return true, nil
	}
	for _, by := range ind.Coverage.By {
		if by.Where == "" || strings.Contains(by.Where, "@") { // conditions on dates say nothing about feeds
			continue
		}
		var n uint64
		err := w.QueryRow(ctx, fmt.Sprintf("SELECT count() FROM (SELECT 1 FROM dwd.%s WHERE %s LIMIT 1)", ident(by.Entity), by.Where), []any{&n})
		if err != nil || n == 0 {
			return false, err
		}
	}
	return true, nil
}

// comparators are the ways a target compares, as SQL.
var comparators = map[string]string{">=": ">=", ">": ">", "<=": "<=", "<": "<", "=": "="}

// computeSQL is the query of one indicator's values, columns in the order of
// indicatorTable.
func computeSQL(ind *schemas.Indicator, runID string) (string, error) {
	asOf, err := ind.AsOf()
	if err != nil {
		return "", fmt.Errorf("reading the period %q: %w", ind.Period, err)
	}
	scale := float(ind.Scale)
	op, target, met := "", "NULL", "NULL"
	if t := ind.Target; t != nil {
		cmp, ok := comparators[t.Op]
		if !ok {
			return "", fmt.Errorf("the target's comparison %q is none", t.Op)
		}
		// Both sides times the denominator: a quotient would round, and a
		// target that says "more than 90" must not be met by 90.
		op, target = t.Op, float(t.Value)
		met = fmt.Sprintf("if(den = 0, NULL, %s * toFloat64(num) %s %s * toFloat64(den))", scale, cmp, float(t.Value))
	}
	unitTier, placed := "tier_of_unit", "p.tier != ''"
	if ind.ComputedAt != schemas.Each {
		unitTier = quote(ind.ComputedAt)
		// A unit of another tier is not a unit of this indicator.
		placed = "p.tier = " + quote(ind.ComputedAt)
	}
	published := make([]string, len(ind.PublishedAt))
	for i, t := range ind.PublishedAt {
		published[i] = quote(t)
	}
	return fmt.Sprintf(`WITH
  units AS
  (
%[1]s
  ),
  placed AS
  (
    SELECT toDecimal128(u.numerator, 4) AS n, toDecimal128(u.denominator, 4) AS d, n IS NULL OR d IS NULL AS missing,
           if(%[2]s, p.tier, '') AS tier_of_unit,
           if(%[2]s, p.ancestor_code, toFixedString('000000000000', 12)) AS code,
           if(%[2]s, p.ancestor_tier, '') AS tier,
           if(%[2]s, p.ancestor_name, '') AS name
    FROM units AS u
    LEFT JOIN dwd.division_path AS p ON p.division_code = toFixedString(u.division_code, 12)
  ),
  sums AS
  (
    SELECT tier_of_unit, code, tier, any(name) AS name,
           %[16]s,
           count() AS n_units, countIf(missing) AS n_missing
    FROM placed
    WHERE tier IN ('', %[3]s)
    GROUP BY tier_of_unit, code, tier
  )
SELECT %[4]s, %[5]d, %[6]s, %[7]s, code, name, tier, num, den,
       if(den = 0, NULL, %[8]s * toFloat64(num) / toFloat64(den)),
       n_units, n_missing, n_missing * 20 > n_units,
       %[9]s, %[10]s, %[11]s, %[12]s, %[13]s, toDate32(%[14]s), now64(3), %[15]s
FROM sums`,
		indent(indent(strings.TrimRight(strings.TrimSpace(ind.SQL), ";"))), placed, strings.Join(published, ", "),
		quote(ind.Indicator), ind.RuleVer, quote(ind.Period), unitTier, scale, quote(op), target, met,
		quote(ind.Register), quote(divisions.Version), quote(asOf.Format("2006-01-02")), quote(runID), sums(ind)), nil
}

// sums are the numerator and the denominator of a division. A median is the
// numerator over one; of an even number of units it is the mean of the middle two.
func sums(ind *schemas.Indicator) string {
	if ind.Aggregate == schemas.AggregateMedian {
		return "quantileExactInclusiveIf(0.5)(toFloat64(assumeNotNull(n)), NOT missing) AS middle,\n           toDecimal128(if(isNaN(middle), 0, middle), 4) AS num, toDecimal128(toUInt8(countIf(NOT missing) > 0), 4) AS den"
	}
	return "sumIf(assumeNotNull(n), NOT missing) AS num, sumIf(assumeNotNull(d), NOT missing) AS den"
}

// float writes a constant so that the server reads a Float64.
func float(f float64) string {
	return "toFloat64(" + strconv.FormatFloat(f, 'g', -1, 64) + ")"
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
	return fmt.Sprintf("WITH nodes AS (%s)\nSELECT unit, unit_tier, a.1, a.2, a.3\nFROM\n(\n%s\n)\nARRAY JOIN path AS a\nORDER BY unit, a.1", node, indent(q)), nil
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
