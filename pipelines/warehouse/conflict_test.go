package warehouse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rongtong/schemas"
)

// What is recorded of the sources' disagreements is what the oracle finds,
// whether the things were fused one load at a time or all at once; what the
// sources agree upon later is settled.
func TestConflicts(t *testing.T) {
	for _, fusion := range []schemas.Fusion{schemas.FuseField, schemas.FuseRow} {
		c := catalogOf(t, strings.Replace(gadget, "FUSION", string(fusion), 1))
		e := c.Entity("gadget")
		e.Authority = []string{"v1", "P"}
		e.Column("d").Authority = []string{"T"}
		abs, rel := 2.0, 0.25
		e.Column("a").ToleranceAbs, e.Column("d").ToleranceRel = &abs, &rel
		r := rand.New(rand.NewPCG(17, 1))
		all := world(r, 5)
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		want := disagreements(e, all)
		if len(want) < 50 {
			t.Fatalf("the world has only %d disagreements", len(want))
		}
		for _, step := range []int{len(all), 40} {
			w := engine(t, c)
			for n := 0; n < len(all); n += step {
				loadClaims(t, w, e, fmt.Sprint(n), all[n:min(n+step, len(all))])
				if _, err := w.Fuse(t.Context(), c, "gadget"); err != nil {
					t.Fatal(err)
				}
			}
			got := strs(t, w, "SELECT concat(thing, ' ', field, ' ', src, '=', value, ' ', other_src, '=', other_value) AS s FROM ads.conflict ORDER BY s")
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("fusion %s, loads of %d (-want +got):\n%s", fusion, step, d)
			}
		}
	}
}

// disagreements are the conflicts in the plainest way that could be right.
func disagreements(e *schemas.Entity, all []claim) []string {
	latest := map[[2]string]claim{}
	for _, c := range all {
		k := [2]string{c.key, c.src}
		if l, ok := latest[k]; !ok || c.version > l.version || c.version == l.version && c.offset > l.offset {
			latest[k] = c
		}
	}
	things := map[string][]claim{}
	for k, c := range latest {
		if !c.deleted {
			things[k[0]] = append(things[k[0]], c)
		}
	}
	var out []string
	for key, cs := range things {
		for _, col := range []string{"must", "a", "b", "d"} {
			column := e.Column(col)
			order := e.AuthorityOf(column)
			if e.Fusion == schemas.FuseRow {
				order = e.Authority
			}
			won, _ := winner(cs, order, func(c claim) bool { _, says := c.values[col]; return says })
			for _, c := range cs {
				if v, says := c.values[col]; says && c.src != won.src && apart(column, won.values[col], v) {
					out = append(out, fmt.Sprintf("%s %s %s=%s %s=%s", strings.ReplaceAll(key, "/", "|"), col, won.src, won.values[col], c.src, v))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func apart(c *schemas.Column, x, y string) bool {
	if c.Type != schemas.Int && c.Type != schemas.Measure {
		return x != y
	}
	a, _ := strconv.ParseFloat(x, 64)
	b, _ := strconv.ParseFloat(y, 64)
	within := 0.0
	if c.ToleranceAbs != nil {
		within = *c.ToleranceAbs
	}
	if c.ToleranceRel != nil {
		within = max(within, *c.ToleranceRel*max(a, b))
	}
	return math.Abs(a-b) > within
}
