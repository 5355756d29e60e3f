package warehouse

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"rongtong/schemas"
	"rongtong/schemas/divisions"
)

// node is a division in the tree.
type node struct {
	tier, parent string
	below        []string // its children
}

// tree reads the division tree.
func (w *Warehouse) tree(ctx context.Context) (map[string]node, error) {
	out := map[string]node{}
	err := w.each(ctx, "SELECT toString(division_code) AS code, toString(any(tier)), toString(anyIf(ancestor_code, steps = 1)) FROM dwd.division_path WHERE steps < 2 GROUP BY division_code ORDER BY code",
		func(scan func(...any) error) error {
			var code string
			var n node
			err := scan(&code, &n.tier, &n.parent)
			n.parent = codeOf(n.parent)
			out[code] = n
			return err
		})
	for _, code := range slices.Sorted(maps.Keys(out)) {
		if up, ok := out[out[code].parent]; ok {
			up.below = append(up.below, code)
			out[out[code].parent] = up
		}
	}
	return out, err
}

// amounts are what a figure is made of, or a difference of two. Sums are in
// units of the fourth decimal.
type amounts struct {
	num, den       int128
	units, missing int64
}

func (a amounts) plus(b amounts) amounts {
	return amounts{a.num.plus(b.num), a.den.plus(b.den), a.units + b.units, a.missing + b.missing}
}

func (a amounts) minus(b amounts) amounts {
	return amounts{a.num.minus(b.num), a.den.minus(b.den), a.units - b.units, a.missing - b.missing}
}

// place is whose figure it is.
type place struct{ parent, code, unitTier, tier string }

// point is a figure from a period on (counted from 0), or what changes there.
type point struct {
	k int
	amounts
}

// computePart works out what the units of x.only change: what a unit gives now,
// less what its own standing figure says that it gave, goes to every division
// above. now and was are the two, the latter with the figures above.
func (x *computation) computePart(now map[string][]point, was map[place][]point) []pointRow {
	moves := map[place][]point{}
	var diff []point
	for _, unit := range x.only {
		own := x.ownPlace(unit) // the tree is the one that the figures were computed with
		diff = append(diff[:0], now[unit]...)
		gave := was[own]
		if !x.ind.Dated() && len(gave) > 0 { // there is only what rows say now
			gave = []point{{0, last(gave)}}
		}
		before := amounts{}
		for _, p := range gave {
			diff = append(diff, point{p.k, before.minus(p.amounts)})
			before = p.amounts
		}
		if diff = sumByPeriod(diff); len(diff) == 0 {
			continue
		}
		for _, to := range x.enters(own) {
			if moves[to] = append(moves[to], diff...); len(moves[to]) > mostMoves {
				moves[to] = sumByPeriod(moves[to])
			}
		}
	}
	return x.changed(moves, was)
}

// mostMoves is how many moves of a figure are kept before they are summed: several
// times as many as there are periods.
const mostMoves = 512

// sumByPeriod sums the points of every period, in place: in order, without those
// that come to nothing.
func sumByPeriod(points []point) []point {
	slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.k, b.k) })
	out := points[:0]
	for i := 0; i < len(points); {
		sum := points[i]
		for i++; i < len(points) && points[i].k == sum.k; i++ {
			sum.amounts = sum.plus(points[i].amounts)
		}
		if sum.amounts != (amounts{}) {
			out = append(out, sum)
		}
	}
	return out
}

// changed are the rows that bring the figures from what they were to what they
// are after the moves, in no order.
func (x *computation) changed(moves map[place][]point, was map[place][]point) []pointRow {
	var rows []pointRow
	for p, diff := range moves {
		diff, old := sumByPeriod(diff), was[p]
		if !x.ind.Dated() {
			if len(diff) > 0 {
				rows = append(rows, x.changedNow(p, diff[0].amounts, old))
			}
			continue
		}
		var before, stood, moved amounts // the figure of the period before; what stood there; by how much it moved
		for len(old) > 0 || len(diff) > 0 {
			k := len(x.spans)
			for _, next := range [][]point{old, diff} {
				if len(next) > 0 {
					k = min(k, next[0].k)
				}
			}
			stands := len(old) > 0 && old[0].k == k
			if stands {
				stood, old = old[0].amounts, old[1:]
			}
			if len(diff) > 0 && diff[0].k == k {
				moved, diff = moved.plus(diff[0].amounts), diff[1:]
			}
			now := stood.plus(moved)
			switch {
			case now != before && !(stands && stood == now):
				rows = append(rows, x.row(p, k, now, false))
			case now == before && stands:
				rows = append(rows, x.row(p, k, now, true))
			}
			before = now
		}
	}
	return rows
}

// changedNow is the row of a figure that is not dated and moved.
func (x *computation) changedNow(p place, moved amounts, was []point) pointRow {
	now := last(was).plus(moved)
	earlier := len(was) > 0 && was[0].k < x.since
	return x.row(p, x.since, now, now == amounts{} && !earlier)
}

// last is the figure that holds at the end; none is nothing.
func last(figures []point) amounts {
	if len(figures) == 0 {
		return amounts{}
	}
	return figures[len(figures)-1].amounts
}

// ownPlace is where a unit's own figure stands.
func (x *computation) ownPlace(unit string) place {
	n := x.tree[unit]
	tier := x.ind.ComputedAt
	switch {
	case tier == schemas.Each:
		tier = n.tier // "" of a code that is no division
	case n.tier != tier:
		return place{n.parent, unit, tier, ""} // no unit of this indicator: without a place
	}
	return place{n.parent, unit, tier, tier}
}

// enters are the places whose figures a unit's own figure enters, itself
// included: as rollUp says it.
func (x *computation) enters(own place) []place {
	out := []place{own}
	if own.tier == "" {
		return append(out, place{"", strings.Repeat("0", 12), own.unitTier, ""})
	}
	for code := own.parent; code != ""; {
		n := x.tree[code]
		if slices.Contains(x.ind.PublishedAt, n.tier) {
			out = append(out, place{n.parent, code, own.unitTier, n.tier})
		}
		code = n.parent
	}
	return out
}

// placesAbove are the codes of the units and of all whose figures they enter.
func (x *computation) placesAbove() []string {
	codes := map[string]bool{}
	for _, unit := range x.only {
		for _, p := range x.enters(x.ownPlace(unit)) {
			codes[p.code] = true
		}
	}
	return slices.Sorted(maps.Keys(codes))
}

// unitChanges are, by indicator, the changes that the units give now. Where they go
// byState, one question is asked for all: to ask costs more than to answer. What is
// wrong with one does not hold up the others.
func (w *Warehouse) unitChanges(ctx context.Context, xs []*computation, did map[string]outcome) map[string]map[string][]point {
	out := map[string]map[string][]point{}
	ask := func(xs []*computation) error {
		got, err := w.askUnitChanges(ctx, xs)
		maps.Copy(out, got)
		return err
	}
	alone, together := []*computation{}, []*computation{}
	for _, x := range xs {
		if x.byState() {
			together = append(together, x)
		} else {
			alone = append(alone, x)
		}
	}
	if len(together) > 0 && ask(together) != nil {
		alone = xs
	}
	for _, x := range alone {
		if err := ask([]*computation{x}); err != nil {
			did[x.ind.Indicator] = outcome{err: fmt.Errorf("computing %q: %w", x.ind.Indicator, err)}
		}
	}
	return out
}

// askUnitChanges asks for the changes of one indicator's units, or of several that
// all go byState.
func (w *Warehouse) askUnitChanges(ctx context.Context, xs []*computation) (map[string]map[string][]point, error) {
	out := map[string]map[string][]point{}
	sets := make([][]string, len(xs))
	for i, x := range xs {
		x.set, sets[i], out[x.ind.Indicator] = i, x.only, map[string][]point{}
	}
	ctx, err := withCodes(ctx, sets...)
	if err != nil {
		return nil, err
	}
	sql, read := xs[0].fewChanges(), readAmounts
	if xs[0].byState() {
		sql, read = stateChanges(xs), readStates
	}
	err = w.arrow(ctx, sql+"\nSETTINGS max_block_size = 8192, max_threads = 2", "computing figures", func(rec arrow.Record) error {
		set, unit, k := ints(rec, 0), texts(rec, 1), ints(rec, 2)
		amounts := read(rec, 3)
		for i := range int(rec.NumRows()) {
			x, code := xs[set.Value(i)], codeOf(unit.Value(i))
			if _, is := slices.BinarySearch(x.only, code); !is {
				continue
			}
			a, err := amounts(i)
			if err != nil {
				return err
			}
			code = strings.Clone(code) // of the record's memory
			of := out[x.ind.Indicator]
			of[code] = append(of[code], point{int(k.Value(i) - 1), a})
		}
		return nil
	})
	return out, err
}

// byState reports whether the changes of few units come as states of rows, which
// is cheaper to find: in every period a row is one of few things.
func (x *computation) byState() bool { return x.ind.InArrays() && x.ind.Counts() }

// A row's state in a period: bits that say that it counts, that it is missing,
// and what its numerator and its denominator are.
const (
	stateUnit = 1 << iota
	stateMissing
	stateNumerator
	stateDenominator
)

// readStates reads amounts from three columns of an answer: what the rows are, what
// they were in the period before, and how many they are.
func readStates(rec arrow.Record, col int) func(i int) (amounts, error) {
	is, was, rows := ints(rec, col), ints(rec, col+1), ints(rec, col+2)
	return func(i int) (amounts, error) {
		change := func(bit int64) int64 { return rows.Value(i) * (min(is.Value(i)&bit, 1) - min(was.Value(i)&bit, 1)) }
		return amounts{from64(oneWhole * change(stateNumerator)), from64(oneWhole * change(stateDenominator)), change(stateUnit), change(stateMissing)}, nil
	}
}

// standingFigures are, by indicator, the figures that stand at the units of some
// computations and above them, in one question.
func (w *Warehouse) standingFigures(ctx context.Context, xs []*computation) (map[string]map[place][]point, error) {
	codes := map[string]bool{}
	of := map[string]*computation{}
	out := map[string]map[place][]point{}
	for _, x := range xs {
		for _, code := range x.placesAbove() {
			codes[code] = true
		}
		of[x.ind.Indicator], out[x.ind.Indicator] = x, map[place][]point{}
	}
	// The order is the table's own: nothing is sorted, and of a figure that was
	// corrected the last row is the one that stands.
	sql := fmt.Sprintf(`SELECT toString(indicator), toString(parent_code), toString(division_code), toString(unit_tier), toString(tier), toInt64(toUInt16(day)),
  toString(numerator), toString(denominator), toInt64(n_units), toInt64(n_missing), toInt64(removed)
FROM ads.indicator_point
WHERE indicator IN (%s) AND division_code IN (SELECT toFixedString(code, 12) FROM touched)
ORDER BY indicator, parent_code, division_code, unit_tier, tier, day, known_from
SETTINGS max_threads = 2`, quotes(indicatorsOf(xs)))
	ctx, err := withCodes(ctx, slices.Sorted(maps.Keys(codes)))
	if err != nil {
		return nil, err
	}
	var name string
	var at place
	var on int64 // the day of the last of its points
	err = w.arrow(ctx, sql, "reading the figures that stand", func(rec arrow.Record) error {
		names, parent, code, unitTier, tier := texts(rec, 0), texts(rec, 1), texts(rec, 2), texts(rec, 3), texts(rec, 4)
		day, removed := ints(rec, 5), ints(rec, 10)
		read := readAmounts(rec, 6)
		for i := range int(rec.NumRows()) {
			here := place{codeOf(parent.Value(i)), codeOf(code.Value(i)), unitTier.Value(i), tier.Value(i)}
			if here != at || names.Value(i) != name { // rows of one place follow each other
				at = place{strings.Clone(here.parent), strings.Clone(here.code), strings.Clone(here.unitTier), strings.Clone(here.tier)}
				name, on = strings.Clone(names.Value(i)), 0
			}
			k, ok := of[name].periodOf(day.Value(i))
			if !ok {
				continue
			}
			a, err := read(i)
			if err != nil {
				return err
			}
			points := out[name][at]
			if n := len(points); n > 0 && on == day.Value(i) {
				points = points[:n-1] // corrected
			}
			if on = 0; removed.Value(i) == 0 {
				points, on = append(points, point{k, a}), day.Value(i)
			}
			out[name][at] = points
		}
		return nil
	})
	return out, err
}

// periodOf is the period (counted from 0) from which a figure stored at a day, in
// days since 1970, holds. Days at which no period ends are of periods that were
// declared once: what was dated was taken back with them, what has no dates holds on,
// since before the end of the period in which the day lies: taking back what is
// stored at that end leaves it standing.
func (x *computation) periodOf(day int64) (k int, ok bool) {
	k, exact := slices.BinarySearchFunc(x.spans, day, func(s schemas.Span, day int64) int { return cmp.Compare(s.Day.Unix()/86400, day) })
	if exact {
		return k, true
	}
	return k - 1, !x.ind.Dated() && k < len(x.spans)
}

func texts(rec arrow.Record, col int) *array.String { return rec.Column(col).(*array.String) }
func ints(rec arrow.Record, col int) *array.Int64   { return rec.Column(col).(*array.Int64) }

// readAmounts reads amounts from four columns of an answer.
func readAmounts(rec arrow.Record, col int) func(i int) (amounts, error) {
	num, den, units, missing := texts(rec, col), texts(rec, col+1), ints(rec, col+2), ints(rec, col+3)
	return func(i int) (a amounts, err error) {
		a.units, a.missing = units.Value(i), missing.Value(i)
		if a.num, err = parseSum(num.Value(i)); err == nil {
			a.den, err = parseSum(den.Value(i))
		}
		return a, err
	}
}

// pointRow is a row of pointTable.
type pointRow struct {
	Indicator   string    `json:"indicator"`
	Parent      string    `json:"parent_code"`
	Division    string    `json:"division_code"`
	UnitTier    string    `json:"unit_tier"`
	Tier        string    `json:"tier"`
	Day         time.Time `json:"day"`
	Shown       bool      `json:"shown"`
	Numerator   string    `json:"numerator"`
	Denominator string    `json:"denominator"`
	Units       int64     `json:"n_units"`
	Missing     int64     `json:"n_missing"`
	Provisional bool      `json:"provisional"`
	Scale       float64   `json:"scale"`
	TargetOp    string    `json:"target_op"`
	TargetValue *float64  `json:"target_value"`
	RuleVersion int64     `json:"rule_version"`
	Register    string    `json:"register"`
	Version     string    `json:"register_version"`
	Removed     bool      `json:"removed"`
	KnownFrom   time.Time `json:"known_from"`
	RunID       string    `json:"run_id"`
}

func (x *computation) row(p place, k int, a amounts, removed bool) pointRow {
	i := x.ind
	r := pointRow{
		Indicator: i.Indicator, Parent: p.parent, Division: p.code, UnitTier: p.unitTier, Tier: p.tier, Day: x.spans[k].Day,
		Shown:     slices.Contains(i.PublishedAt, p.tier) || p.code == strings.Repeat("0", 12),
		Numerator: a.num.decimal(), Denominator: a.den.decimal(), Units: a.units, Missing: a.missing, Provisional: a.missing*20 > a.units,
		Scale: i.Scale, RuleVersion: int64(i.RuleVer), Register: i.Register, Version: divisions.Version, Removed: removed,
		KnownFrom: x.known, RunID: x.runID,
	}
	if t := i.Target; t != nil {
		r.TargetOp, r.TargetValue = t.Op, &t.Value
	}
	return r
}
