package warehouse

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"rongtong/schemas"
)

// shown is what a reader sees of a tree of figures: of every division, its parent
// and the amounts of every period, nil where they are hidden.
type shown map[string]*sight

type sight struct {
	parent string
	has    []*amount
}

// bounds are between which two numbers each amount of a figure must lie.
type bounds [2][2]float64

// attack finds what follows from all that is shown: a division has what those
// below it have together, nobody has less than nothing, and, with grow, totals to
// date never shrink. It narrows bounds until no sum narrows any further.
func attack(s shown, grow bool) map[string][]bounds {
	out := map[string][]bounds{}
	below := map[string][]string{}
	for _, code := range slices.Sorted(maps.Keys(s)) {
		for _, a := range s[code].has {
			b := bounds{{0, math.Inf(1)}, {0, math.Inf(1)}}
			if a != nil {
				b = bounds{{a[0], a[0]}, {a[1], a[1]}}
			}
			out[code] = append(out[code], b)
		}
		if s[s[code].parent] != nil {
			below[s[code].parent] = append(below[s[code].parent], code)
		}
	}
	changed := true
	narrow := func(b *[2]float64, low, high float64) {
		if low > b[0] {
			b[0], changed = low, true
		}
		if high < b[1] {
			b[1], changed = high, true
		}
	}
	for changed {
		changed = false
		for up, codes := range below {
			for k := range out[up] {
				for m := range 2 {
					for i := -1; i < len(codes); i++ { // -1: the sum itself
						var low, high float64
						for j, code := range codes {
							if j != i {
								low, high = low+out[code][k][m][0], high+out[code][k][m][1]
							}
						}
						if i < 0 {
							narrow(&out[up][k][m], low, high)
							continue
						}
						rest := out[up][k][m]
						if !math.IsInf(high, 1) {
							narrow(&out[codes[i]][k][m], rest[0]-high, math.Inf(1))
						}
						narrow(&out[codes[i]][k][m], 0, rest[1]-low)
					}
				}
			}
		}
		for _, b := range out {
			for k := 1; grow && k < len(b); k++ {
				for m := range 2 {
					narrow(&b[k][m], b[k-1][m][0], math.Inf(1))
					narrow(&b[k-1][m], 0, b[k][m][1])
				}
			}
		}
	}
	return out
}

// told are the small numbers that an attack finds: those that it proves to be
// smaller than may be shown.
func told(truth map[string][]amount, s shown, grow bool, least float64) []string {
	var out []string
	found := attack(s, grow)
	for _, code := range slices.Sorted(maps.Keys(truth)) {
		for k, a := range truth[code] {
			for m, n := range a {
				if n > 0 && n < least && found[code][k][m][1] < least {
					out = append(out, fmt.Sprintf("%s in period %d: number %d is %g, and must be between %g and %g", code, k, m, n, found[code][k][m][0], found[code][k][m][1]))
				}
			}
		}
	}
	return out
}

// randomTree has a province, cities, counties and townships, whose numbers are
// such as there are: none, few, many; of many, few are left.
func randomTree(r *rand.Rand, periods int, grow bool) map[string]*cell {
	tree := map[string]*cell{}
	add := func(code, parent string) *cell {
		c := &cell{code: code, parent: parent, has: make([]amount, periods)}
		tree[code] = c
		return c
	}
	number := func() float64 {
		switch r.IntN(5) {
		case 0, 1:
			return 0
		case 2:
			return float64(1 + r.IntN(9))
		}
		return float64(10 + r.IntN(50))
	}
	add("P", "")
	for i := range 1 + r.IntN(4) {
		city := fmt.Sprintf("C%d", i)
		add(city, "P")
		for j := range 1 + r.IntN(4) {
			county := fmt.Sprintf("%sX%d", city, j)
			add(county, city)
			for l := range r.IntN(5) {
				town := add(fmt.Sprintf("%sT%d", county, l), county)
				for k := range periods {
					town.has[k] = amount{number(), number()}
					if k > 0 {
						for m := range 2 {
							switch {
							case grow && r.IntN(2) == 0:
								town.has[k][m] = town.has[k-1][m]
							case grow:
								town.has[k][m] += town.has[k-1][m]
							case r.IntN(3) > 0: // mostly nothing changes
								town.has[k][m] = town.has[k-1][m]
							}
						}
					}
					for up := tree[town.parent]; up != nil; up = tree[up.parent] {
						up.has[k][0], up.has[k][1] = up.has[k][0]+town.has[k][0], up.has[k][1]+town.has[k][1]
					}
				}
			}
		}
	}
	return tree
}

// looks is what readers see of a tree with some cells hidden in all periods.
func looks(tree map[string]*cell, always map[string]bool, least float64) (map[string][]amount, shown) {
	truth, s := map[string][]amount{}, shown{}
	for code, c := range tree {
		truth[code] = c.has
		s[code] = &sight{parent: c.parent, has: make([]*amount, len(c.has))}
		for k := range c.has {
			if !always[code] && !c.has[k].small(least) {
				s[code].has[k] = &c.has[k]
			}
		}
	}
	return truth, s
}

// Of random trees nothing that is shown tells a small number, in any period, with
// what was hidden before still hidden; without the cells that are hidden for the
// sake of others, nearly every tree tells one.
func TestProtectionHides(t *testing.T) {
	const least = 10
	trees, naked, cells, hidden := 2000, 0, 0, 0
	for seed := range trees {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		grow := seed%2 == 0
		tree := randomTree(r, 1+r.IntN(6), grow)
		if truth, s := looks(tree, nil, least); len(told(truth, s, grow, least)) > 0 {
			naked++
		}
		always := map[string]bool{}
		for _, code := range protection(tree, least, grow) {
			always[code] = true
		}
		for code, c := range tree {
			cells++
			if always[code] {
				hidden++
			}
			*c = cell{code: c.code, parent: c.parent, has: c.has, always: c.always, had: c.always}
		}
		truth, s := looks(tree, always, least)
		if found := told(truth, s, grow, least); len(found) > 0 {
			for _, code := range slices.Sorted(maps.Keys(tree)) {
				t.Log(code, tree[code].has, always[code])
			}
			t.Fatalf("tree %d tells:\n%s", seed, strings.Join(found, "\n"))
		}
		if more := protection(tree, least, grow); len(more) > 0 {
			t.Fatalf("tree %d: protected, and %v are hidden on a second look", seed, more)
		}
	}
	if naked < trees/2 {
		t.Errorf("of %d trees only %d tell a small number unprotected: the attack is too weak", trees, naked)
	}
	t.Logf("%d of %d trees tell a small number unprotected; %d of %d cells are hidden for others", naked, trees, hidden, cells)
}

// The smallest that suffices is hidden, at the tier where it is needed.
func TestProtectionIsSmall(t *testing.T) {
	for _, x := range []struct{ name, cells, want string }{
		{"the next smallest sibling", "P - 105/0; A P 5/0; B P 20/0; C P 30/0; D P 50/0", "A B"},
		{"two small ones hide each other", "P - 87/0; A P 8/0; B P 9/0; C P 20/0; D P 50/0", ""},
		{"two that are few together need a third", "P - 75/0; A P 2/0; B P 3/0; C P 20/0; D P 50/0", "A B C"},
		{"what is left of a part needs one with a rest", "P - 110/15; A P 30/5; B P 40/0; C P 40/10", "A C"},
		{"a group of its own needs nobody above", "P - 60/0; C1 P 15/0; X C1 5/0; Y C1 10/0; C2 P 20/0; Z C2 20/0; C3 P 25/0; W C3 25/0", "X Y"},
		{"a division is hidden down to a cell", "P - 60/14; C1 P 20/4; X C1 20/4; C2 P 40/10; W C2 20/0; Z C2 20/10", "C1 C2 Z"},
		{"no sibling suffices: the division joins the group above", "P - 80/0; C1 P 30/0; X C1 3/0; Y C1 4/0; C2 P 50/0; Z C2 20/0; W C2 30/0; V C1 23/0", "V X Y"},
	} {
		tree := map[string]*cell{}
		for _, f := range strings.Split(x.cells, "; ") {
			var code, parent string
			var a amount
			if _, err := fmt.Sscanf(strings.ReplaceAll(f, "/", " "), "%s %s %g %g", &code, &parent, &a[0], &a[1]); err != nil {
				t.Fatal(err)
			}
			tree[code] = &cell{code: code, parent: parent, has: []amount{a}}
		}
		if got := strings.Join(protection(tree, 10, false), " "); got != x.want {
			t.Errorf("%s: %q is hidden, want %q", x.name, got, x.want)
		}
	}
}

// personIndicators are indicators of every kind that counts persons: on a day,
// and to date within the year.
var personIndicators = []string{"I-05-09b", "I-05-11", "I-05-15", "I-12-08"}

// Who reads all views with the rights of an analyst, at all periods, tells no
// small number of persons or cases, after a computation of everything and after
// the day's changes; without the figures that are hidden for the sake of others
// there is one to tell.
func TestAnalystsTellNoFewPersons(t *testing.T) {
	full := shippedCatalog(t)
	c := *full
	c.Indicators = nil
	for _, name := range personIndicators {
		ind := *full.Indicator(name)
		ind.Periods.From, ind.Periods.Until = "2024-07", "2025-06"
		c.Indicators = append(c.Indicators, &ind)
	}
	w := engine(t, full)
	settle(t, w, full, "3705", "3711")
	analyst := asAnalyst(t)
	counties := strs(t, w, "SELECT toString(division_code) FROM dwd.division WHERE level = 'county' ORDER BY division_code")
	r := rand.New(rand.NewPCG(1, 2))
	for round, share := range []int{100, 60} {
		claimPersons(t, w, full, counties, round, share, r)
		did := bringUp(t, w, &c, "r", c.Indicators...)
		if round > 0 && did.Partial == 0 {
			t.Errorf("nothing was computed in part: %s", did)
		}
		for _, ind := range c.Indicators {
			if found := tellPersons(t, w, analyst, ind); len(found) > 0 {
				t.Errorf("%s in round %d tells %d, the first: %s", ind.Indicator, round, len(found), found[0])
			}
		}
		sameEverywhere(t, w, analyst, &c)
	}
	if err := w.Exec(t.Context(), "TRUNCATE TABLE ads.indicator_cover"); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, ind := range c.Indicators {
		n += len(tellPersons(t, w, analyst, ind))
	}
	if n == 0 {
		t.Error("without what is hidden for others, nothing is told: the attack shows nothing")
	}
	t.Logf("without the figures that are hidden for others, %d small numbers are told", n)
}

// claimPersons gives a share of the counties petitions and posts: none, few or many.
func claimPersons(t *testing.T, w *Warehouse, c *schemas.Catalog, counties []string, round, share int, r *rand.Rand) {
	t.Helper()
	for i, code := range counties {
		if r.IntN(100) >= share {
			continue
		}
		n := []int{4, 12, 40, 70, 0}[r.IntN(5-min(round, 1))]
		for _, sql := range []string{
			`INSERT INTO std.petition_case (case_key, division_code, is_repeat, registered_tier, registered_on, src_system, src_tier, event_time, version)
SELECT concat(%[1]s, '/', toString(number)), %[1]s, if(cityHash64(number, %[2]d) %% %[4]d = 0, 'yes', 'no'), if(cityHash64(number, %[2]d, 1) %% 7 = 0, 'P', 'X'), toDate32('2024-07-01') + cityHash64(number, %[2]d, 2) %% 360, 'letters', 'P', now64(3), %[3]d FROM numbers(%[5]d)`,
			`INSERT INTO std.workforce_post (post_id, spell_from, spell_to, post_kind, division_code, grade_code, in_community_worker_scheme, src_system, src_tier, event_time, version)
SELECT concat(%[1]s, '/', toString(number)), toDate32('2024-01-01'), if(number %% 9 = 0, toDate32('2024-07-01') + cityHash64(number, %[2]d, 3) %% 360, NULL), if(number %% 2 = 0, 'community_worker', 'full_time_grid'), %[1]s,
  if(cityHash64(number, %[2]d, 4) %% %[4]d = 0, 'junior', NULL), if(cityHash64(number, %[2]d, 5) %% %[4]d = 0, 'yes', 'no'), 'county_ledger', 'X', now64(3), %[3]d FROM numbers(%[5]d)`,
		} {
			if err := w.Exec(t.Context(), fmt.Sprintf(sql, quote(code), i, round+1, 2+r.IntN(8), n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, e := range []string{"petition_case", "workforce_post"} {
		if _, err := w.Fuse(t.Context(), c, e); err != nil {
			t.Fatal(err)
		}
	}
}

// tellPersons attacks an indicator.
func tellPersons(t *testing.T, w, analyst *Warehouse, ind *schemas.Indicator) []string {
	t.Helper()
	spans, err := ind.Periods.Spans(decemberEnd)
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, s := range spans {
		at[s.Day.Format(time.DateOnly)] = i
	}
	truth, s := map[string][]amount{}, shown{}
	read := func(w *Warehouse, sql string, row func(code, parent string, k int, num, rest float64)) {
		t.Helper()
		err := w.each(t.Context(), sql, func(scan func(...any) error) error {
			var code, parent, day string
			var num, rest float64
			if err := scan(&code, &parent, &day, &num, &rest); err != nil {
				return err
			}
			row(code, strings.TrimRight(parent, "\x00"), at[day], num, rest)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	read(w, fmt.Sprintf(`SELECT toString(division_code), toString(parent_code), toString(day), toFloat64(argMax(numerator, known_from)), toFloat64(argMax(denominator - numerator, known_from))
FROM ads.indicator_point WHERE indicator = %s AND shown AND tier != '' GROUP BY division_code, parent_code, day HAVING NOT argMax(removed, known_from) ORDER BY division_code, day`, quote(ind.Indicator)),
		func(code, parent string, k int, num, rest float64) {
			if truth[code] == nil {
				truth[code], s[code] = make([]amount, len(spans)), &sight{parent: parent, has: make([]*amount, len(spans))}
			}
			for ; k < len(spans); k++ {
				truth[code][k] = amount{num, rest}
			}
		})
	for code, sees := range s { // before its first figure a division has none, and everybody knows
		for k := range sees.has {
			if truth[code][k] == (amount{}) {
				sees.has[k] = &amount{}
			}
		}
	}
	read(analyst, fmt.Sprintf(`SELECT toString(division_code), toString(parent_code), toString(as_of), assumeNotNull(toFloat64(numerator)), assumeNotNull(toFloat64(denominator - numerator))
FROM ads.indicator_value WHERE indicator = %s AND tier != '' AND numerator IS NOT NULL`, quote(ind.Indicator)), func(code, parent string, k int, num, rest float64) {
		s[code].has[k] = &amount{num, rest}
	})
	// Each block by itself, for sums to date.
	var out []string
	for from := 0; from < len(spans); {
		to := from + 1
		for to < len(spans) && blockOf(ind.Periods, spans[to]) == blockOf(ind.Periods, spans[from]) {
			to++
		}
		part, sees := map[string][]amount{}, shown{}
		for code := range truth {
			part[code], sees[code] = truth[code][from:to], &sight{s[code].parent, s[code].has[from:to]}
		}
		out = append(out, told(part, sees, blockOf(ind.Periods, spans[from]) != noBlock, float64(ind.SmallCells))...)
		from = to
	}
	return out
}

// sameEverywhere: what one view hides of persons, no other shows.
func sameEverywhere(t *testing.T, w, analyst *Warehouse, c *schemas.Catalog) {
	t.Helper()
	const cols = "concatWithSeparator(' ', %s, %s, toString(division_code), unit_tier, toString(suppressed), ifNull(toString(numerator), '-'), ifNull(toString(denominator), '-'), ifNull(toString(n_units), '-'), ifNull(toString(n_missing), '-'), ifNull(toString(value), '-'), ifNull(toString(met), '-'))"
	known := map[string]bool{}
	for _, line := range strs(t, analyst, fmt.Sprintf("SELECT "+cols+" FROM ads.indicator_value", "indicator", "period")) {
		known[line] = true
		if f := strings.Fields(line); f[4] == "true" && strings.Join(f[5:], "") != "------" {
			t.Errorf("suppressed, and shown in part: %s", line)
		}
	}
	n := 0
	compare := func(sql string) {
		t.Helper()
		for _, line := range strs(t, analyst, sql) {
			if n++; !known[line] {
				t.Errorf("%s\nshows %q, which is in no row of ads.indicator_value", sql, line)
			}
		}
	}
	for _, ind := range c.Indicators {
		for _, view := range []string{"indicator_children(indicator = %s, division = '370500000000', period = '2025-03')",
			"indicator_children_as_known(indicator = %s, division = '370500000000', period = '2025-03', known = '2099-12-31')", "indicator_peers(indicator = %s, division = '370502000000', period = '2024-12')"} {
			compare(fmt.Sprintf("SELECT "+cols+" FROM ads."+view, quote(ind.Indicator), "period", quote(ind.Indicator)))
		}
		for _, view := range []string{"indicator_trend(indicator = %s, division = '370502000000')", "indicator_trend_as_known(indicator = %s, division = '370502000000', known = '2099-12-31')"} {
			compare(fmt.Sprintf("SELECT "+strings.ReplaceAll(cols, "toString(division_code)", "'370502000000'")+" FROM ads."+view, quote(ind.Indicator), "period", quote(ind.Indicator)))
		}
		for _, view := range []string{"indicator_trend_as_known(indicator = %s, division = '370502000000', known = '2001-01-01')",
			"indicator_children_as_known(indicator = %s, division = '370500000000', period = '2025-03', known = '2001-01-01')"} {
			if got := strs(t, analyst, fmt.Sprintf("SELECT period FROM ads."+view+" WHERE NOT suppressed", quote(ind.Indicator))); len(got) > 0 {
				t.Errorf("%s: as known before anything was known, %v are shown", ind.Indicator, got)
			}
		}
	}
	compare(fmt.Sprintf("SELECT "+strings.ReplaceAll(cols, "toString(division_code)", "'370503000000'")+" FROM ads.division_profile(division = '370503000000', day = '2025-04-30')", "indicator", "period"))
	if n < 50 {
		t.Errorf("only %d figures were compared", n)
	}
}
