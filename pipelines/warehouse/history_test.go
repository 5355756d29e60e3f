package warehouse

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rongtong/schemas"
)

// The rows of any day, as any day knew them, are the oracle's over the claims
// that had happened and had arrived; and the history of a thing is those rows,
// one after the other.
func TestHistory(t *testing.T) {
	for _, fusion := range []schemas.Fusion{schemas.FuseField, schemas.FuseRow} {
		for _, nsrc := range []int{1, 5} {
			c := catalogOf(t, strings.Replace(gadget, "FUSION", string(fusion), 1))
			e := c.Entity("gadget")
			e.Authority = []string{"v1", "P"}
			e.Column("a").Authority = []string{"x2", "X", "V"}
			all := world(rand.New(rand.NewPCG(3, uint64(nsrc))), nsrc)
			for i := range all {
				all[i].version /= 2 // more is said under one version
			}
			w := engine(t, c)
			r := rand.New(rand.NewPCG(5, uint64(nsrc)))
			order := slices.Clone(all)
			r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			for n, part := range parts(r, order) {
				loadClaims(t, w, e, fmt.Sprint(n), part)
			}
			var sources []string
			for s := range sourcesOf(all) {
				sources = append(sources, s)
			}
			slices.Sort(sources)
			for _, o := range []*object{asOfView(c, e, sources), historyView(c, e, sources)} {
				if err := w.Exec(t.Context(), o.ddl(o.name)); err != nil {
					t.Fatal(err)
				}
			}
			for i, known := range []uint64{uint64(r.IntN(len(all))), uint64(r.IntN(len(all))), uint64(len(all))} {
				if i == 1 { // folded or not: what was known does not depend on it
					if err := w.Exec(t.Context(), "OPTIMIZE TABLE std.gadget FINAL"); err != nil {
						t.Fatal(err)
					}
				}
				for at := range uint64(5) {
					want := oracle(e, until(all, at, known))
					when := fmt.Sprintf("'2025-01-01 08:00:%02d.000'", at) // Asia/Shanghai
					then := fmt.Sprintf("known = '%s'", arrival(known))
					got := fusedFrom(t, w, e, fmt.Sprintf("dwd.gadget_as_of(at = %s, %s)", when, then))
					if d := cmp.Diff(want, got); d != "" {
						t.Fatalf("fusion %s, %d sources, at %d, known %d (-want +got):\n%s", fusion, nsrc, at, known, d)
					}
					got = fusedFrom(t, w, e, fmt.Sprintf("dwd.gadget_history(thing = '%%', %s) WHERE row_from <= %[2]s AND row_to > %[2]s", then, "toDateTime64("+when+", 3, 'Asia/Shanghai')"))
					if d := cmp.Diff(want, got); d != "" {
						t.Fatalf("history, fusion %s, %d sources, at %d, known %d (-want +got):\n%s", fusion, nsrc, at, known, d)
					}
				}
			}
		}
	}
}

// until are the claims that had happened at a second and had arrived before an
// offset. One that was delivered several times is one, of its last delivery if that
// had arrived, else of its first.
func until(all []claim, at, known uint64) []claim {
	then := map[string]claim{}
	slices.SortFunc(all, func(a, b claim) int { return int(a.offset) - int(b.offset) })
	last := map[string]uint64{}
	for _, c := range all {
		last[c.content()] = c.offset
	}
	for _, c := range all {
		if _, first := then[c.content()]; !first || last[c.content()] == c.offset && c.offset <= known {
			then[c.content()] = c
		}
	}
	return slices.DeleteFunc(slices.Collect(maps.Values(then)), func(c claim) bool { return c.version > at || c.offset > known })
}
