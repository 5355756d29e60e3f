package warehouse

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// Statistical disclosure control of figures about persons.
//
// A figure is small when its numerator, its denominator or what is left between
// them is above zero and below the least number that may be shown. A small
// figure is not shown, whole: numerator, denominator, value, units. That alone
// protects nothing: figures add up the division tree, so the only hidden one
// among a division's children is what the division has less what the others
// have. So more figures are hidden beside it (coverTable), the smallest that
// suffice, until nobody can tell from all that is shown that a hidden number is
// below the least; see protection.
//
// What is not shown beside that:
//
//   - a period that is not over: it changes from day to day, and two looks at it
//     differ by few;
//   - what a figure that was corrected was known to be before: the same.
//
// All of it holds in the views that analysts read (figureColumns). The tables
// behind them are not theirs to read; see grants.

// coverTable holds which figures are hidden for the sake of others. What is
// hidden once stays hidden through its block of periods, whatever comes: if
// another division took its place next month, this month's looks would tell both.
func coverTable() *object {
	return &object{
		db: dbAds, name: "indicator_cover", comment: "小数保护：为免推算出小数而一并不显示的指标值", dedup: true,
		engine: "ReplacingMergeTree", order: []string{"indicator", "block", "unit_tier", "division_code"},
		columns: []column{
			{"indicator", lc, "", "指标"}, {"block", "Date", "", "累计起始日；各期可比者为1970-01-01"},
			{"unit_tier", lc, "", "计算单元层级"}, {"division_code", "FixedString(12)", "", "区划代码"},
			{"since", "DateTime64(3, 'UTC')", "", "自何时起"},
		},
	}
}

type coverRow struct {
	Indicator string `json:"indicator"`
	Block     string `json:"block"`
	UnitTier  string `json:"unit_tier"`
	Division  string `json:"division_code"`
	Since     string `json:"since"`
}

// noBlock is the block of indicators whose periods are all one: each says how
// many there are on its day, and one day's number is nearly the next one's.
const noBlock = "1970-01-01"

// blockOf is the block in which a period lies. Totals to date (a window longer
// than the period) only grow within their window and bound each other; with the
// next window they begin anew.
func blockOf(p schemas.Periods, s schemas.Span) string {
	if p.Window == "" || p.Window == p.Every {
		return noBlock
	}
	return s.From.Format(time.DateOnly)
}

// block is blockOf in SQL, over expressions of the periods' length and window, and
// of a period's last day.
func block(every, window, day string) string {
	return fmt.Sprintf("multiIf(%[2]s = %[1]s, toDate('%[4]s'), %[2]s = 'year', toStartOfYear(%[3]s), %[2]s = 'quarter', toStartOfQuarter(%[3]s), toStartOfMonth(%[3]s))", every, window, day, noBlock)
}

// covered is the condition under which a figure is hidden for the sake of others,
// in SQL over expressions of what it is about.
func covered(indicator, block, unitTier, division string) string {
	return fmt.Sprintf(`(CAST(%s, 'String'), %s, CAST(%s, 'String'), %s) IN (SELECT CAST(indicator, 'String'), block, CAST(unit_tier, 'String'), division_code FROM ads.indicator_cover)`,
		indicator, block, unitTier, division)
}

// smallBelow is the least number that may be shown of an indicator, 0 for those
// that are not about persons: the declarations stand in the view itself, so they
// hold from the moment at which the view is made.
func smallBelow(c *schemas.Catalog, indicator string) string {
	var names, least []string
	for _, i := range c.Indicators {
		if i.SmallCells > 0 {
			names, least = append(names, quote(i.Indicator)), append(least, fmt.Sprint(i.SmallCells))
		}
	}
	if len(names) == 0 {
		return "0"
	}
	return fmt.Sprintf("transform(toString(%s), [%s], [%s], 0)", indicator, strings.Join(names, ", "), strings.Join(least, ", "))
}

// protect hides what must be hidden beside the small figures of an indicator. It
// runs after figures are written and before they are known.
func (w *Warehouse) protect(ctx context.Context, x *computation) error {
	least := float64(x.ind.SmallCells)
	if least == 0 || len(x.spans) == 0 {
		return nil
	}
	from := x.spans[0].Day
	if !x.fresh && x.only != nil { // what is known already is protected
		var day string
		err := w.QueryRow(ctx, fmt.Sprintf(`SELECT if(count() = 0, '', toString(min(day))) FROM ads.indicator_point
WHERE indicator = %[1]s AND known_from > (SELECT max(known_from) FROM ads.indicator WHERE indicator = %[1]s)`, quote(x.ind.Indicator)), []any{&day})
		if err != nil || day == "" {
			return err
		}
		if from, err = time.Parse(time.DateOnly, day); err != nil {
			return fault.New(fault.Bug, "protecting %q: %w", x.ind.Indicator, err)
		}
	}
	blocks := map[string][]schemas.Span{}
	for _, s := range x.spans {
		blocks[blockOf(x.ind.Periods, s)] = append(blocks[blockOf(x.ind.Periods, s)], s)
	}
	had, err := w.covers(ctx, x.ind.Indicator)
	if err != nil {
		return err
	}
	var rows []coverRow
	for _, block := range slices.Sorted(maps.Keys(blocks)) {
		spans := blocks[block]
		if spans[len(spans)-1].Day.Before(from) {
			continue
		}
		trees, err := w.cells(ctx, x, spans, had[block])
		if err != nil {
			return err
		}
		for _, unitTier := range slices.Sorted(maps.Keys(trees)) {
			for _, code := range protection(trees[unitTier], least, block != noBlock) {
				rows = append(rows, coverRow{x.ind.Indicator, block, unitTier, code, x.known.UTC().Format("2006-01-02 15:04:05.000")})
			}
		}
	}
	return w.InsertRows(ctx, "ads.indicator_cover", fmt.Sprintf("%s/cover/%d", x.ind.Indicator, x.known.UnixMilli()), rows)
}

// covers reads what is hidden already: by block, "unit tier/division".
func (w *Warehouse) covers(ctx context.Context, indicator string) (map[string]map[string]bool, error) {
	out := map[string]map[string]bool{}
	err := w.each(ctx, "SELECT DISTINCT toString(block), concat(unit_tier, '/', division_code) FROM ads.indicator_cover WHERE indicator = "+quote(indicator), func(scan func(...any) error) error {
		var block, key string
		err := scan(&block, &key)
		if out[block] == nil {
			out[block] = map[string]bool{}
		}
		out[block][key] = true
		return err
	})
	return out, err
}

// cells reads the figures of a block of periods that are shown, by the tier of
// their units: every division with what it has in every period.
func (w *Warehouse) cells(ctx context.Context, x *computation, spans []schemas.Span, had map[string]bool) (map[string]map[string]*cell, error) {
	first := spans[0].Day.Format(time.DateOnly)
	at := map[string]int{}
	for i, s := range spans {
		at[s.Day.Format(time.DateOnly)] = i
	}
	out := map[string]map[string]*cell{}
	err := w.each(ctx, fmt.Sprintf(`SELECT toString(unit_tier), toString(parent_code), toString(division_code), toString(greatest(day, toDate('%[2]s'))) AS since, argMax(toFloat64(row.1), day), argMax(toFloat64(row.2 - row.1), day)
FROM
(
  SELECT parent_code, division_code, unit_tier, tier, day, argMax((numerator, denominator, shown), known_from) AS row
  FROM ads.indicator_point
  WHERE indicator = %[1]s AND day <= '%[3]s'
  GROUP BY parent_code, division_code, unit_tier, tier, day
  HAVING NOT argMax(removed, known_from)
)
WHERE row.3 AND tier != ''
GROUP BY unit_tier, parent_code, division_code, since
ORDER BY unit_tier, division_code, since`, quote(x.ind.Indicator), first, spans[len(spans)-1].Day.Format(time.DateOnly)), func(scan func(...any) error) error {
		var unitTier, parent, code, since string
		var num, rest float64
		if err := scan(&unitTier, &parent, &code, &since, &num, &rest); err != nil {
			return err
		}
		tree := out[unitTier]
		if tree == nil {
			tree = map[string]*cell{}
			out[unitTier] = tree
		}
		c := tree[code]
		if c == nil {
			c = &cell{code: code, parent: strings.TrimRight(parent, "\x00"), always: had[unitTier+"/"+code], had: had[unitTier+"/"+code], has: make([]amount, len(spans))}
			tree[code] = c
		}
		for i := at[since]; i < len(c.has); i++ { // until the next change
			c.has[i] = amount{num, rest}
		}
		return nil
	})
	return out, err
}

// amount is what is counted, and what is left of the whole.
type amount [2]float64

func (a amount) whole() float64 { return a[0] + a[1] }

// small reports whether an amount may not be shown.
func (a amount) small(least float64) bool {
	return slices.ContainsFunc([]float64{a[0], a[1], a.whole()}, func(n float64) bool { return n > 0 && n < least })
}

// cell is a division's figures over a block of periods.
type cell struct {
	code, parent string
	above        *cell
	below        []*cell // by code
	has          []amount
	always       bool // hidden in all periods of the block
	had          bool // from before
	sometimes    bool // small in one of them
	most         float64
	depth        int
	low, high    []amount // between which it must lie, for who reads what is shown
}

// protection hides cells of a tree until no shown sums tell a small one, and
// returns the codes of those that it hid.
//
// Who reads all that is shown knows, of every shown division, what its hidden
// cells have together: the hidden ones directly below it, and, where one of them
// is a division with cells of its own, the hidden ones below that, less what is
// shown there. Such a group is safe when at least two of its branches are hidden
// and it has, of each of the two numbers, nothing or at least as many as may be
// shown: then every hidden cell may have none of them, or so many. Where the
// siblings do not suffice, the division itself is hidden and its group joins
// that of the division above.
//
// A cell that is hidden for others is hidden in all periods of the block: its
// neighbours in time would tell it. Then so is the one it protects, or that one
// would tell it in the periods in which it is not small itself. Where numbers only
// grow, a cell that is hidden in one period is at least what it was shown with
// before, which may tell its siblings: what that tells is worked out, and hidden
// too.
func protection(tree map[string]*cell, least float64, grow bool) []string {
	p := &protector{least: least, grow: grow}
	for _, code := range slices.Sorted(maps.Keys(tree)) {
		c := tree[code]
		for _, a := range c.has {
			c.most = max(c.most, a.whole())
			c.sometimes = c.sometimes || a.small(least)
		}
		if c.above = tree[c.parent]; c.above != nil {
			c.above.below = append(c.above.below, c)
		}
		p.cells = append(p.cells, c)
	}
	for _, c := range p.cells {
		for up := c.above; up != nil; up = up.above {
			c.depth++
		}
	}
	// From the villages up: what cannot be protected below is passed on.
	slices.SortStableFunc(p.cells, func(a, b *cell) int { return cmp.Compare(b.depth, a.depth) })
	for p.changed = true; p.changed; {
		p.changed = false
		for _, c := range p.cells {
			for k := range c.has {
				p.settle(c, k)
			}
		}
		if !p.changed && grow {
			p.stop()
		}
	}
	var out []string
	for _, c := range p.cells {
		if c.always && !c.had {
			out = append(out, c.code)
		}
	}
	slices.Sort(out)
	return out
}

type protector struct {
	least   float64
	grow    bool
	cells   []*cell // from the lowest tier up
	changed bool
}

func (p *protector) hidden(c *cell, k int) bool { return c.always || c.has[k].small(p.least) }

func (p *protector) hide(c *cell) {
	if !c.always {
		c.always, p.changed = true, true
	}
}

// free is what of a hidden cell the shown ones below it do not tell.
func (p *protector) free(c *cell, k int) (out amount) {
	if len(c.below) == 0 {
		return c.has[k]
	}
	for _, b := range c.below {
		if p.hidden(b, k) {
			f := p.free(b, k)
			out[0], out[1] = out[0]+f[0], out[1]+f[1]
		}
	}
	return out
}

// settle makes the group of a division safe in a period.
func (p *protector) settle(c *cell, k int) {
	if len(c.below) == 0 || c.has[k].whole() == 0 && !c.always {
		return
	}
	if p.hidden(c, k) { // its own number must not be the sum of those below
		if f := p.free(c, k); f.whole() == 0 && c.has[k].whole() > 0 {
			p.open(c, k, func(a amount) bool { return a.whole() > 0 })
		}
		return
	}
	for {
		var group []*cell
		var sum amount
		for _, b := range c.below {
			if p.hidden(b, k) {
				f := p.free(b, k)
				group, sum[0], sum[1] = append(group, b), sum[0]+f[0], sum[1]+f[1]
			}
		}
		if len(group) == 0 || sum.whole() == 0 {
			return
		}
		lacks := func(i int) bool { return sum[i] > 0 && sum[i] < p.least }
		if len(group) > 1 && !lacks(0) && !lacks(1) {
			return
		}
		for _, b := range group {
			p.hide(b)
		}
		needed := func(a amount) bool {
			return lacks(0) && a[0] > 0 || lacks(1) && a[1] > 0 || !lacks(0) && !lacks(1) && a.whole() > 0
		}
		more := p.next(c, k, needed)
		for i := 0; more == nil && i < len(group) && len(group) > 1; i++ {
			more = p.next(group[i], k, needed)
		}
		if more == nil {
			p.hide(c)
			return
		}
		p.hide(more)
		p.open(more, k, needed)
	}
}

// open hides cells below a hidden one, so that they do not tell it.
func (p *protector) open(c *cell, k int, needed func(amount) bool) {
	for len(c.below) > 0 && !needed(p.free(c, k)) {
		b := p.next(c, k, needed)
		if b == nil {
			return
		}
		p.hide(b)
		c = b
	}
}

// stop hides more where growth in time tells a small number.
func (p *protector) stop() {
	p.narrow()
	for _, c := range p.cells {
		for k, a := range c.has {
			for m := range a {
				if !p.hidden(c, k) || a[m] == 0 || a[m] >= p.least || c.high[k][m] >= p.least {
					continue
				}
				p.hide(c)
				up := c.above
				for up != nil && p.hidden(up, k) {
					p.hide(up)
					up = up.above
				}
				if up != nil && !p.loosen(up, k, func(a amount) bool { return a[m] > 0 }) {
					p.hide(up)
				}
			}
		}
	}
}

// loosen hides, in all periods, a cell of a division's group that is hidden in this
// one, or else one more.
func (p *protector) loosen(c *cell, k int, has func(amount) bool) bool {
	for _, b := range c.below {
		if p.hidden(b, k) && !b.always && has(b.has[k]) {
			p.hide(b)
			return true
		}
	}
	for _, b := range c.below {
		if p.hidden(b, k) && p.loosen(b, k, has) {
			return true
		}
	}
	if b := p.next(c, k, has); b != nil {
		p.hide(b)
		p.open(b, k, has)
		return true
	}
	return false
}

// narrow works out between which bounds every number must lie: low and high of
// each cell.
func (p *protector) narrow() {
	for _, c := range p.cells {
		c.low, c.high = make([]amount, len(c.has)), make([]amount, len(c.has))
		for k, a := range c.has {
			c.low[k], c.high[k] = a, a
			if p.hidden(c, k) {
				c.low[k], c.high[k] = amount{}, amount{math.Inf(1), math.Inf(1)}
			}
		}
	}
	for again := true; again; {
		again = false
		for _, c := range p.cells {
			again = c.narrowSums() || again
			again = c.narrowTimes() || again
		}
	}
}

func (c *cell) bound(k, m int, low, high float64) (changed bool) {
	if low > c.low[k][m] {
		c.low[k][m], changed = low, true
	}
	if high < c.high[k][m] {
		c.high[k][m], changed = high, true
	}
	return changed
}

// narrowSums: a division has what those below it have together.
func (c *cell) narrowSums() (changed bool) {
	if len(c.below) == 0 {
		return false
	}
	for k := range c.has {
		for m := range 2 {
			var low, high float64
			open := 0 // without a bound above
			for _, b := range c.below {
				low += b.low[k][m]
				if math.IsInf(b.high[k][m], 1) {
					open++
				} else {
					high += b.high[k][m]
				}
			}
			most := high
			if open > 0 {
				most = math.Inf(1)
			}
			changed = c.bound(k, m, low, most) || changed
			for _, b := range c.below {
				least, alone := 0.0, math.IsInf(b.high[k][m], 1)
				switch {
				case open == 0:
					least = c.low[k][m] - (high - b.high[k][m])
				case open == 1 && alone:
					least = c.low[k][m] - high
				}
				changed = b.bound(k, m, least, c.high[k][m]-(low-b.low[k][m])) || changed
			}
		}
	}
	return changed
}

// narrowTimes: what is counted to date does not shrink.
func (c *cell) narrowTimes() (changed bool) {
	for k := 1; k < len(c.has); k++ {
		for m := range 2 {
			changed = c.bound(k, m, c.low[k-1][m], math.Inf(1)) || changed
		}
	}
	for k := len(c.has) - 1; k > 0; k-- {
		for m := range 2 {
			changed = c.bound(k-1, m, 0, c.high[k][m]) || changed
		}
	}
	return changed
}

// next is the cell below a division that is hidden next: one that is small in
// another period, else the smallest that has what is needed.
func (p *protector) next(c *cell, k int, has func(amount) bool) *cell {
	var best *cell
	for _, b := range c.below {
		if p.hidden(b, k) || !has(b.has[k]) {
			continue
		}
		if best == nil || order(b, best) < 0 {
			best = b
		}
	}
	return best
}

func order(a, b *cell) int {
	rank := func(c *cell) int {
		if c.sometimes {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.most, b.most), cmp.Compare(a.code, b.code))
}
