package warehouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// FigureAt computes an indicator's figures of a division for any day, from the
// rows as they were true on that day and as far as they were known at a time:
// what is stored are the ends of periods, from the rows of today. A small figure
// about persons comes without numbers unless hidden asks for them. Nothing is
// written. An entity that nothing declared feeds is read as it is today, and so
// is the division tree.
func (w *Warehouse) FigureAt(ctx context.Context, c *schemas.Catalog, ind *schemas.Indicator, division string, day, known time.Time, hidden bool) ([]Figure, error) {
	least := ind.SmallCells
	if hidden {
		least = 0
	}
	x := &computation{ind: ind, spans: []schemas.Span{ind.Periods.At(day)}}
	query, err := x.figures()
	if err != nil {
		return nil, fault.New(fault.Config, "computing %q: %w", ind.Indicator, err)
	}
	moments := fmt.Sprintf("_as_of(at = '%s 23:59:59.999', known = '%s')", day.Format(time.DateOnly), known.In(beijing).Format("2006-01-02 15:04:05.000"))
	query = fusedRef.ReplaceAllStringFunc(query, func(ref string) string {
		if e := c.Entity(strings.TrimPrefix(ref, dbDwd+".")); e != nil && len(feeders(c, e)) > 0 {
			return ref + moments
		}
		return ref
	})
	return w.figureRows(computing(ctx), ind, fmt.Sprintf(`SELECT division, (SELECT any(ancestor_name) FROM dwd.division_path WHERE division_code = toFixedString(division, 12) AND steps = 0), tier, unit_tier, %s AS period,
  %s, '' AS run
FROM
(
  SELECT tier, unit_tier, toString(division_code) AS division, day AS as_of, %s
  FROM (SELECT *, tuple(%s) AS row FROM (SELECT *, now64(3) AS known_from, '' AS run_id FROM (%s) WHERE division_code = toFixedString(%s, 12)))
  WHERE row.2 > 0
)
ORDER BY unit_tier`, quote(day.Format(time.DateOnly)), figureTexts, figureColumns("row", hiddenWhen(fmt.Sprint(least), "0")), readValues, query, quote(division)))
}

// figureTexts are the columns of Figure, from those of figureColumns.
const figureTexts = `ifNull(toString(numerator), ''), ifNull(toString(denominator), ''), ifNull(toString(round(value, 2)), ''),
  ifNull(n_units, 0), ifNull(n_missing, 0), provisional, suppressed, ifNull(toString(met), ''), register, register_version, rule_version, toString(as_of), toString(known_from)`

// figureRows reads figures.
func (w *Warehouse) figureRows(ctx context.Context, ind *schemas.Indicator, sql string) ([]Figure, error) {
	var out []Figure
	err := w.each(ctx, sql, func(scan func(...any) error) error {
		f := Figure{Indicator: ind.Indicator, Name: ind.Name.Zh}
		err := scan(&f.Division, &f.DivisionName, &f.Tier, &f.UnitTier, &f.Period, &f.Numerator, &f.Denominator, &f.Value,
			&f.Units, &f.Missing, &f.Provisional, &f.Suppressed, &f.Met, &f.Register, &f.RegisterVersion, &f.RuleVersion, &f.AsOf, &f.ComputedAt, &f.RunID)
		out = append(out, f)
		return err
	})
	return out, err
}
