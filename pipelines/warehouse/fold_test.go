package warehouse

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rongtong/schemas"
)

// revised is a warehouse in which figures of some indicators, with and without
// dates, were corrected several times. times are moments at which something else
// was known.
func revised(t *testing.T, rounds int) (w *Warehouse, c *schemas.Catalog, inds []*schemas.Indicator, times []string, again func(version int)) {
	t.Helper()
	c = shippedCatalog(t)
	w = engine(t, c)
	settle(t, w, c)
	for _, name := range []string{"I-05-19", "I-13-11", "I-13-14", "I-07-15"} {
		inds = append(inds, c.Indicator(name))
	}
	k := claimer{c: c, divisions: "(SELECT groupArray(division_code) FROM (SELECT division_code FROM dwd.division ORDER BY cityHash64(division_code) LIMIT 100))", things: 300}
	did := map[string]bool{}
	again = func(version int) {
		t.Helper()
		clear(did)
		for _, ind := range inds {
			for _, name := range ind.Reads {
				e := c.Entity(name)
				if e == nil || name == divisionEntity || did[name] {
					continue
				}
				did[name] = true
				where, gone := fmt.Sprintf("cityHash64(number, %d) %% 10 < 3", version), "cityHash64(number) % 7 = 0"
				if version == 2 {
					where, gone = "1", "0"
				}
				if err := w.Exec(t.Context(), k.sql(e, version, where, gone)); err != nil {
					t.Fatal(err)
				}
				if _, err := w.Fuse(t.Context(), c, name); err != nil {
					t.Fatal(err)
				}
			}
		}
		bringUp(t, w, c, fmt.Sprint("round ", version), inds...)
		times = append(times, strs(t, w, "SELECT toString(toTimeZone(max(known_from), 'Asia/Shanghai')) FROM ads.indicator")[0])
	}
	for i := range rounds {
		again(2 + i)
	}
	return w, c, inds, times, again
}

// answers are what is told of all figures: today, of places by every view, and of
// all places at every one of some times.
func answers(t *testing.T, w *Warehouse, inds []*schemas.Indicator, times []string) map[string]string {
	t.Helper()
	out := map[string]string{}
	ask := func(sql string) {
		out[sql] = lines(strs(t, w, "SELECT toString(tuple(*)) AS s FROM ("+sql+") ORDER BY s"))
	}
	ask("SELECT indicator, period, count(), groupBitXor(cityHash64(toString(tuple(*)))) FROM ads.indicator_value GROUP BY ALL")
	for _, at := range times {
		ask("SELECT count(), groupBitXor(cityHash64(toString(tuple(*)))) FROM (" + onceKnown("1", "toDateTime64('"+at+"', 3, 'Asia/Shanghai')") + ")")
	}
	for _, code := range strs(t, w, "SELECT toString(division_code) FROM dwd.division WHERE level IN ('province', 'county') ORDER BY level, division_code LIMIT 1 BY level") {
		ask("SELECT * FROM ads.division_profile(division = '" + code + "', day = '2025-07-31')")
		for _, ind := range inds[1:3] {
			for _, view := range []string{
				"indicator_children(indicator = '%s', division = '%s', period = '2025-06')", "indicator_peers(indicator = '%s', division = '%s', period = '2025-06')",
				"indicator_trend(indicator = '%s', division = '%s')", "indicator_trend_as_known(indicator = '%s', division = '%s', known = '" + times[1] + "')",
				"indicator_children_as_known(indicator = '%s', division = '%s', period = '2025-06', known = '" + times[1] + "')",
			} {
				ask("SELECT * FROM ads." + fmt.Sprintf(view, ind.Indicator, code))
			}
		}
	}
	return out
}

func differing(t *testing.T, what string, before, after map[string]string) {
	t.Helper()
	for sql, was := range before {
		if is := after[sql]; is != was {
			t.Errorf("%s changed the answer to\n%s\nfrom\n%.600s\nto\n%.600s", what, sql, was, is)
		}
	}
}

// Folding changes no answer, of today or of any time, also when it is cut short, and
// leaves nothing behind that is superseded. What is computed after it is what is
// computed without it.
func TestFoldChangesNoAnswer(t *testing.T) {
	w, c, inds, times, again := revised(t, 3)
	versions := func(table string) uint64 { return count(t, w, "SELECT count() FROM "+table+" FINAL") }
	rows := count(t, w, "SELECT count() FROM ads.indicator_point")
	before := answers(t, w, inds, times)
	none := func(n, of int64) {}

	if n, err := w.Fold(t.Context(), time.Now(), none); err != nil || n != 0 {
		t.Fatalf("what became known just now was folded: %d rows (%v)", n, err)
	}
	if err := w.Exec(t.Context(), "TRUNCATE TABLE ops.fuse"); err != nil { // else the table has hardly grown
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	due, err := w.FoldDue(t.Context(), later)
	if err != nil || due == 0 {
		t.Fatalf("%d rows are due (%v)", due, err)
	}
	// Cut short: the rows are there twice, before they are taken out once.
	_, cut, err := w.folding(t.Context(), later)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Exec(t.Context(), "INSERT INTO ads.indicator_point_past SELECT "+pointColumns()+" FROM ("+"SELECT * FROM ("+foldVersions()+") WHERE "+superseded(cut)+")"); err != nil {
		t.Fatal(err)
	}
	differing(t, "half a folding", before, answers(t, w, inds, times))
	var told int64
	n, err := w.Fold(t.Context(), later, func(n, _ int64) { told = n })
	if err != nil || n != due || told != n {
		t.Fatalf("of %d rows %d were folded, %d told of (%v)", due, n, told, err)
	}
	differing(t, "folding", before, answers(t, w, inds, times))
	if point, past := count(t, w, "SELECT count() FROM ads.indicator_point"), versions("ads.indicator_point_past"); point != rows-uint64(n) || past != uint64(n) {
		t.Errorf("of %d rows %d are left and %d moved, want %d moved", rows, point, past, n)
	}
	if n, err := w.FoldDue(t.Context(), later); err != nil || n != 0 {
		t.Errorf("after folding %d rows are due (%v)", n, err)
	}

	// The analyst reads the past through the views alone.
	if o := pastTable(); !strings.HasPrefix(o.full(), closedTables[0]) {
		t.Errorf("%s is open to analysts", o.full())
	}

	// Changes in part go on from what is left, and what stood goes, too.
	again(20)
	again(21)
	standing := standingFigures(t, w)
	if err := w.Exec(t.Context(), "TRUNCATE TABLE ops.fuse"); err != nil {
		t.Fatal(err)
	}
	before = answers(t, w, inds, times)
	for range 2 { // what is gone for good goes with the second
		if _, err := w.Fold(t.Context(), later, none); err != nil {
			t.Fatal(err)
		}
		if err := w.Exec(t.Context(), "TRUNCATE TABLE ops.fuse"); err != nil {
			t.Fatal(err)
		}
	}
	differing(t, "folding again", before, answers(t, w, inds, times))
	if n := count(t, w, "SELECT toUInt64(count() - uniqExact(indicator, "+pointKey+") + countIf(removed)) FROM ads.indicator_point"); n != 0 {
		t.Errorf("%d superseded rows are left", n)
	}
	if now := standingFigures(t, w); fmt.Sprint(now) != fmt.Sprint(standing) {
		t.Errorf("what stands changed from %v to %v", standing, now)
	}
	for _, sql := range []string{"TRUNCATE TABLE ads.indicator_point", "TRUNCATE TABLE ads.indicator", "TRUNCATE TABLE ops.compute"} {
		if err := w.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	bringUp(t, w, c, "whole", inds...)
	if whole := standingFigures(t, w); fmt.Sprint(whole) != fmt.Sprint(standing) {
		t.Errorf("in part and folded\n%v\nwhole\n%v", standing, whole)
	}
}

// What is told of a time as it was known then is, to the last column, what was told
// at that time, before and after what was corrected since is folded away.
func TestToldThenIsToldNow(t *testing.T) {
	w, _, inds, _, again := revised(t, 0)
	places := append(strs(t, w, "SELECT DISTINCT toString(ancestor_code) FROM dwd.division_path WHERE tier != 'village' AND division_code IN (SELECT division_code FROM dwd.division ORDER BY cityHash64(division_code) LIMIT 6)"), "")
	type question struct{ now, then string }
	told := map[question]string{}
	tell := func(sql string) string {
		return lines(strs(t, w, "SELECT toString(tuple(*)) AS s FROM ("+sql+") ORDER BY s"))
	}
	for round := range 3 {
		again(2 + round)
		at := strs(t, w, "SELECT toString(toTimeZone(max(known_from), 'Asia/Shanghai')) FROM ads.indicator")[0]
		for _, ind := range inds {
			for _, place := range places {
				for _, view := range []string{"indicator_children%%s(indicator = '%s', division = '%s', period = '2025-06'%%s)", "indicator_trend%%s(indicator = '%s', division = '%s'%%s)"} {
					sql := "SELECT * FROM ads." + fmt.Sprintf(view, ind.Indicator, place)
					told[question{fmt.Sprintf(sql, "", ""), fmt.Sprintf(sql, "_as_known", ", known = '"+at+"'")}] = tell(fmt.Sprintf(sql, "", ""))
				}
			}
		}
	}
	check := func(when string) {
		t.Helper()
		answered, corrected := 0, 0
		for q, was := range told {
			if is := tell(q.then); is != was {
				t.Errorf("%s: %s says\n%.600s\nand then it was\n%.600s", when, q.then, is, was)
			}
			if was != "" {
				answered++
			}
			if tell(q.now) != was {
				corrected++
			}
		}
		if answered < len(told)/2 || corrected < len(told)/4 {
			t.Errorf("of %d questions %d had an answer, and %d have another now", len(told), answered, corrected)
		}
	}
	check("before folding")
	if n, err := w.Fold(t.Context(), time.Now().Add(time.Hour), func(n, of int64) {}); err != nil || n == 0 {
		t.Fatalf("%d rows were folded (%v)", n, err)
	}
	check("after folding")
}

func foldVersions() string { return versions("1", pointColumns()) }

// Thinning keeps what was known at the beginning of every day, and what was known
// at any time within the period that is kept exactly.
func TestThinKeepsDays(t *testing.T) {
	w := engine(t, shippedCatalog(t))
	var rows []string
	version := func(key int, at string, value int) {
		rows = append(rows, fmt.Sprintf("('i', '', '37%04d000000', 'X', 'X', '2025-01-31', 1, %d, 100, 1, toDateTime64('%s', 3, 'UTC'))", key, value, at))
	}
	var moments []string
	for key := range 40 {
		for v := range 12 { // January to March, up to four a day
			at := time.Date(2025, 1, 1+(key*7+v/4*29+v)%85, 3*(v%4)+key%9, key, 0, 0, time.UTC)
			version(key, at.Format("2006-01-02 15:04:05"), v)
			version(key, at.Add(time.Hour).Format("2006-01-02 15:04:05"), 100+v)
			moments = append(moments, at.Add(30*time.Minute).Format("2006-01-02 15:04:05"))
		}
	}
	if err := w.Exec(t.Context(), "INSERT INTO ads.indicator_point_past (indicator, parent_code, division_code, unit_tier, tier, day, shown, numerator, denominator, n_units, known_from) VALUES "+strings.Join(rows, ", ")); err != nil {
		t.Fatal(err)
	}
	known := func(at string) string {
		return lines(strs(t, w, "SELECT toString(tuple(*)) AS s FROM ("+onceKnown("1", at)+") ORDER BY s"))
	}
	days, times := map[string]string{}, map[string]string{}
	for d := range 95 {
		at := "toDateTime64('" + time.Date(2025, 1, 1+d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly) + " 00:00:00', 3, 'Asia/Shanghai')"
		days[at] = known(at)
	}
	for _, m := range moments {
		if m >= "2025-03-01" {
			at := "toDateTime64('" + m + "', 3, 'UTC')"
			times[at] = known(at)
		}
	}
	month, _ := schemas.ParsePeriod("P30D")
	now := time.Date(2025, 4, 10, 0, 0, 0, 0, time.UTC) // March is not over for thirty days
	due, err := w.ThinDue(t.Context(), month, now)
	if err != nil || due == 0 {
		t.Fatalf("%d rows are due (%v)", due, err)
	}
	before := count(t, w, "SELECT count() FROM ads.indicator_point_past FINAL")
	n, err := w.Thin(t.Context(), month, now)
	if err != nil || n != due {
		t.Fatalf("of %d rows %d went (%v)", due, n, err)
	}
	if after := count(t, w, "SELECT count() FROM ads.indicator_point_past FINAL"); after != before-uint64(n) {
		t.Errorf("of %d rows %d are left, want %d fewer", before, after, n)
	}
	for at, was := range days {
		if is := known(at); is != was {
			t.Errorf("at %s it was known\n%s\nnow\n%s", at, was, is)
		}
	}
	for at, was := range times {
		if is := known(at); is != was {
			t.Errorf("at %s, which is kept exactly, it was known\n%s\nnow\n%s", at, was, is)
		}
	}
	if n, err := w.Thin(t.Context(), month, now); err != nil || n != 0 {
		t.Errorf("thinned again, %d rows went (%v)", n, err)
	}
}
