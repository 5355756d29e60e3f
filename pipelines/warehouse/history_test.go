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
			w := engine(t, c)
			loadClaims(t, w, e, "all", all)
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
			for _, known := range []uint64{uint64(len(all)) / 2, uint64(len(all))} {
				for at := range uint64(7) {
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
// offset. A claim that was delivered again is one claim, of its last delivery.
func until(all []claim, at, known uint64) []claim {
	last := map[string]claim{}
	for _, c := range all {
		k := fmt.Sprint(c.key, c.src, c.version)
		if l, ok := last[k]; !ok || c.offset > l.offset {
			last[k] = c
		}
	}
	return slices.DeleteFunc(slices.Collect(maps.Values(last)), func(c claim) bool { return c.version > at || c.offset > known })
}
