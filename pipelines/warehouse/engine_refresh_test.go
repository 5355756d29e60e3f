package warehouse

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"rongtong/schemas"
)

// Figures are refreshed by scheduled statements. The engine could do it by itself:
// both ways are measured over the same rows, and must give the same figures, the
// engine's worked out without any of our code about changes.
// RONGTONG_FIGURES_THINGS=62000 measures a province's worth.
func TestEngineRefresh(t *testing.T) {
	things, cities := 2000, []string{"3705"}
	if n, err := strconv.Atoi(os.Getenv("RONGTONG_FIGURES_THINGS")); err == nil {
		things, cities = n, []string{"37"}
	}
	c := *shippedCatalog(t)
	w := engine(t, &c)
	settle(t, w, &c, cities...)
	monthly(&c)
	var inds []*schemas.Indicator
	for _, ind := range c.Indicators {
		if ind.Dated() && len(inds) < 12 {
			inds = append(inds, ind)
		}
	}
	c.Indicators = inds
	k := claimer{c: &c, divisions: "(SELECT groupArray(division_code) FROM (SELECT division_code FROM dwd.division WHERE level = 'village' ORDER BY division_code))", things: things}
	claim := func(version int, where string) {
		t.Helper()
		for _, e := range c.Entities {
			if e.Entity == divisionEntity || !readBy(&c, e.Entity) {
				continue
			}
			if err := w.Exec(t.Context(), k.sql(e, version, where, "0")); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Fuse(t.Context(), &c, e.Entity); err != nil {
				t.Fatal(err)
			}
		}
	}
	cost := func(f func()) float64 {
		before := serverCPU(t, w) + ownCPU()
		f()
		return serverCPU(t, w) + ownCPU() - before
	}
	claim(2, "1")
	ours := cost(func() { bringUp(t, w, &c, "all", inds...) })
	engineMakes(t, w, inds)
	all := cost(func() { engineRefreshes(t, w, inds) })
	claim(3, "cityHash64(number) % 100 = 0")
	part := cost(func() {
		if did := bringUp(t, w, &c, "a day", inds...); did.Partial == 0 {
			t.Errorf("nothing was computed in part: %s", did)
		}
	})
	again := cost(func() { engineRefreshes(t, w, inds) })
	t.Logf("%d indicators, CPU seconds of scheduled statements and of refreshable views: everything %.2f and %.2f, one thing in a hundred %.2f and %.2f", len(inds), ours, all, part, again)
	for _, ind := range inds {
		x := computation{ind: ind}
		of := func(from string) string {
			return strs(t, w, fmt.Sprintf("SELECT concat(toString(count()), ' ', toString(sum(cityHash64(toString(tuple(%s, row)))))) FROM (%s)", pointKey, from))[0]
		}
		got, want := of(x.standing()), of(fmt.Sprintf("SELECT %s, tuple(%s) AS row FROM %s", pointKey, pointValues, engineView(ind)))
		if got != want || strings.HasPrefix(want, "0 ") {
			t.Errorf("%s: the figures are %s, the engine's %s", ind.Indicator, got, want)
		}
	}
}

func engineView(ind *schemas.Indicator) string { return "ads." + ident("engine_"+ind.Indicator) }

// engineMakes makes a refreshable view of each indicator that is refreshed when asked.
func engineMakes(t *testing.T, w *Warehouse, inds []*schemas.Indicator) {
	t.Helper()
	for _, ind := range inds {
		spans, err := ind.Periods.Spans(decemberEnd)
		if err != nil {
			t.Fatal(err)
		}
		figures, err := (&computation{ind: ind, spans: spans}).figures()
		if err != nil {
			t.Fatal(err)
		}
		err = w.Exec(computing(t.Context()), fmt.Sprintf("CREATE MATERIALIZED VIEW %s REFRESH EVERY 50 YEAR ENGINE = MergeTree ORDER BY (%s) EMPTY AS\n%s", engineView(ind), pointKey, figures))
		if err != nil {
			t.Fatal(err)
		}
	}
}

func engineRefreshes(t *testing.T, w *Warehouse, inds []*schemas.Indicator) {
	t.Helper()
	for _, ind := range inds {
		for _, sql := range []string{"SYSTEM REFRESH VIEW ", "SYSTEM WAIT VIEW "} {
			if err := w.Exec(t.Context(), sql+engineView(ind)); err != nil {
				t.Fatal(err)
			}
		}
	}
}
