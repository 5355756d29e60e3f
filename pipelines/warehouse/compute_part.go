package warehouse

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"rongtong/schemas"
	"rongtong/schemas/divisions"
	"rongtong/schemas/fault"
)

// node is a division in the tree.
type node struct{ tier, parent string }

// tree reads the division tree.
func (w *Warehouse) tree(ctx context.Context) (map[string]node, error) {
	out := map[string]node{}
	err := w.each(ctx, "SELECT toString(division_code), toString(any(tier)), toString(anyIf(ancestor_code, steps = 1)) FROM dwd.division_path WHERE steps < 2 GROUP BY division_code",
		func(scan func(...any) error) error {
			var code string
			var n node
			err := scan(&code, &n.tier, &n.parent)
			n.parent = strings.TrimRight(n.parent, "\x00")
			out[code] = n
			return err
		})
	return out, err
}

// amounts are what a figure is made of, or a difference of two. Sums are in
// units of the fourth decimal.
type amounts struct {
	num, den       big.Int
	units, missing int64
}

func (a *amounts) add(b *amounts, sign int64) {
	var t big.Int
	s := big.NewInt(sign)
	a.num.Add(&a.num, t.Mul(&b.num, s))
	a.den.Add(&a.den, t.Mul(&b.den, s))
	a.units, a.missing = a.units+sign*b.units, a.missing+sign*b.missing
}

func (a *amounts) isZero() bool {
	return a.num.Sign() == 0 && a.den.Sign() == 0 && a.units == 0 && a.missing == 0
}

func (a *amounts) equal(b *amounts) bool {
	return a.num.Cmp(&b.num) == 0 && a.den.Cmp(&b.den) == 0 && a.units == b.units && a.missing == b.missing
}

// place is whose figure it is.
type place struct{ parent, code, unitTier, tier string }

// series are the periods at which something changes: differences to the period
// before, or the figures themselves.
type series map[uint16]*amounts

func (s series) at(k uint16) *amounts {
	if s[k] == nil {
		s[k] = &amounts{}
	}
	return s[k]
}

// computePart brings up to date what the units of x.only touch. What a unit
// gives now, less what its own standing figure says that it gave, goes to every
// division above.
func (w *Warehouse) computePart(ctx context.Context, x *computation) (uint64, error) {
	if len(x.only) == 0 {
		return 0, nil
	}
	g, both := errgroup.WithContext(ctx)
	var now map[string]series
	var was map[place]series
	g.Go(func() (err error) { now, err = w.unitChanges(both, x); return err })
	g.Go(func() (err error) { was, err = w.standingFigures(both, x); return err })
	if err := g.Wait(); err != nil {
		return 0, err
	}
	moves := map[place]series{}
	for _, unit := range x.only {
		own := x.ownPlace(unit) // the tree is the one that the figures were computed with
		diff := series{}
		for k, a := range now[unit] {
			diff.at(k).add(a, 1)
		}
		for k, a := range differences(was[own]) {
			diff.at(k).add(a, -1)
		}
		for _, to := range x.enters(own) {
			if moves[to] == nil {
				moves[to] = series{}
			}
			for k, a := range diff {
				moves[to].at(k).add(a, 1)
			}
		}
	}
	rows := x.changed(moves, was)
	return uint64(len(rows)), w.InsertRows(ctx, "ads.indicator_point", fmt.Sprintf("%s/%d", x.ind.Indicator, x.known.UnixMilli()), rows)
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

// unitChanges are the changes that the units give now.
func (w *Warehouse) unitChanges(ctx context.Context, x *computation) (map[string]series, error) {
	out := map[string]series{}
	only := map[string]bool{}
	for _, u := range x.only {
		only[u] = true
	}
	err := w.each(computing(ctx), "SELECT toString(unit), k, toString(n), toString(d), u, m FROM ("+x.changes()+")", func(scan func(...any) error) error {
		var unit, n, d string
		var k uint16
		var a amounts
		if err := scan(&unit, &k, &n, &d, &a.units, &a.missing); err != nil {
			return err
		}
		if err := a.set(n, d); err != nil || !only[unit] {
			return err
		}
		if out[unit] == nil {
			out[unit] = series{}
		}
		out[unit].at(k).add(&a, 1)
		return nil
	})
	return out, err
}

// standingFigures are the figures that stand at the units and above them.
func (w *Warehouse) standingFigures(ctx context.Context, x *computation) (map[place]series, error) {
	codes := map[string]bool{}
	for _, unit := range x.only {
		for _, p := range x.enters(x.ownPlace(unit)) {
			codes[p.code] = true
		}
	}
	list := slices.Sorted(maps.Keys(codes))
	days := map[string]uint16{}
	for i, s := range x.spans {
		days[s.Day.Format(time.DateOnly)] = uint16(i + 1)
	}
	out := map[place]series{}
	err := w.each(computing(ctx), fmt.Sprintf(`SELECT toString(parent_code), toString(division_code), toString(unit_tier), toString(tier), toString(day), toString(argMax(numerator, known_from)), toString(argMax(denominator, known_from)),
  toInt64(argMax(n_units, known_from)), toInt64(argMax(n_missing, known_from))
FROM ads.indicator_point
WHERE indicator = %s AND division_code IN ('%s')
GROUP BY parent_code, division_code, unit_tier, tier, day
HAVING NOT argMax(removed, known_from)`, quote(x.ind.Indicator), strings.Join(list, "', '")),
		func(scan func(...any) error) error {
			var p place
			var day, n, d string
			var a amounts
			if err := scan(&p.parent, &p.code, &p.unitTier, &p.tier, &day, &n, &d, &a.units, &a.missing); err != nil {
				return err
			}
			p.parent = strings.TrimRight(p.parent, "\x00")
			if out[p] == nil {
				out[p] = series{}
			}
			out[p][days[day]] = &a
			return a.set(n, d)
		})
	return out, err
}

// set reads the sums.
func (a *amounts) set(num, den string) error {
	return cmp.Or(parseSum(&a.num, num), parseSum(&a.den, den))
}

func parseSum(into *big.Int, text string) error {
	whole, part, _ := strings.Cut(text, ".")
	if _, ok := into.SetString(whole+(part + "0000")[:4], 10); !ok {
		return fault.New(fault.Bug, "reading a sum: %q is no number", text)
	}
	return nil
}

// differences are the changes of figures from one period to the next.
func differences(figures series) series {
	out := series{}
	last := &amounts{}
	for _, k := range slices.Sorted(maps.Keys(figures)) {
		out.at(k).add(figures[k], 1)
		out[k].add(last, -1)
		last = figures[k]
	}
	return out
}

// changed are the rows that bring the figures from what they were to what they
// are after the moves.
func (x *computation) changed(moves, was map[place]series) []pointRow {
	var rows []pointRow
	for p, diff := range moves {
		for k, a := range differences(was[p]) {
			diff.at(k).add(a, 1)
		}
		now := series{}
		sum := &amounts{}
		for _, k := range slices.Sorted(maps.Keys(diff)) {
			if !diff[k].isZero() {
				sum.add(diff[k], 1)
				now.at(k).add(sum, 1)
			}
		}
		for k, a := range now {
			if old := was[p][k]; old == nil || !old.equal(a) {
				rows = append(rows, x.row(p, k, a, false))
			}
		}
		for k, a := range was[p] {
			if now[k] == nil {
				rows = append(rows, x.row(p, k, a, true))
			}
		}
	}
	slices.SortFunc(rows, func(a, b pointRow) int {
		return cmp.Or(cmp.Compare(a.Parent, b.Parent), cmp.Compare(a.Division, b.Division), cmp.Compare(a.UnitTier, b.UnitTier), cmp.Compare(a.Tier, b.Tier), cmp.Compare(a.Day, b.Day))
	})
	return rows
}

// pointRow is a row of pointTable.
type pointRow struct {
	Indicator   string   `json:"indicator"`
	Parent      string   `json:"parent_code"`
	Division    string   `json:"division_code"`
	UnitTier    string   `json:"unit_tier"`
	Tier        string   `json:"tier"`
	Day         string   `json:"day"`
	Shown       bool     `json:"shown"`
	Numerator   string   `json:"numerator"`
	Denominator string   `json:"denominator"`
	Units       int64    `json:"n_units"`
	Missing     int64    `json:"n_missing"`
	Provisional bool     `json:"provisional"`
	Scale       float64  `json:"scale"`
	TargetOp    string   `json:"target_op"`
	TargetValue *float64 `json:"target_value"`
	RuleVersion int64    `json:"rule_version"`
	Register    string   `json:"register"`
	Version     string   `json:"register_version"`
	Removed     bool     `json:"removed"`
	KnownFrom   string   `json:"known_from"`
	RunID       string   `json:"run_id"`
}

func (x *computation) row(p place, k uint16, a *amounts, removed bool) pointRow {
	i := x.ind
	r := pointRow{
		Indicator: i.Indicator, Parent: p.parent, Division: p.code, UnitTier: p.unitTier, Tier: p.tier, Day: x.spans[k-1].Day.Format(time.DateOnly),
		Shown:     slices.Contains(i.PublishedAt, p.tier) || p.code == strings.Repeat("0", 12),
		Numerator: decimal(&a.num), Denominator: decimal(&a.den), Units: a.units, Missing: a.missing, Provisional: a.missing*20 > a.units,
		Scale: i.Scale, RuleVersion: int64(i.RuleVer), Register: i.Register, Version: divisions.Version, Removed: removed,
		KnownFrom: x.known.UTC().Format("2006-01-02 15:04:05.000"), RunID: x.runID,
	}
	if t := i.Target; t != nil {
		r.TargetOp, r.TargetValue = t.Op, &t.Value
	}
	return r
}

// decimal writes a sum.
func decimal(n *big.Int) string {
	s := new(big.Int).Abs(n).String()
	s = strings.Repeat("0", max(0, 5-len(s))) + s
	s = s[:len(s)-4] + "." + s[len(s)-4:]
	if n.Sign() < 0 {
		s = "-" + s
	}
	return s
}
