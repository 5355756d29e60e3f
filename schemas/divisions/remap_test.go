package divisions

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// remapped says where a code of one day stands in the register of another.
func remapped(rows []Remap, code string, below bool, at, under Date) string {
	var out []string
	for _, r := range rows {
		if r.Code != code || r.Below != below || at < r.AtFrom || at >= r.AtTo || under < r.UnderFrom || under >= r.UnderTo {
			continue
		}
		s := r.How + " " + strings.TrimRight(r.To, "0")
		if r.How == Shared {
			s += fmt.Sprintf(" %d-%d", r.ShareFrom*100/ShareUnit, r.ShareTo*100/ShareUnit)
		}
		for _, c := range r.Candidates {
			s += " ?" + strings.TrimRight(c, "0")
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

func TestRemaps(t *testing.T) {
	h := history(t)
	extra := []Change{
		// The shares of a recorded split become known.
		{ID: "x1", System: NBS12, Kind: Split, Old: "371081000000", New: "371003000000", Share: 0.9, ShareKnown: true, CodeValidFrom: 20141231},
		{ID: "x2", System: NBS12, Kind: Split, Old: "371081000000", New: "371002000000", Share: 0.1, ShareKnown: true, CodeValidFrom: 20141231},
		// Two villages become one, a third is divided, a fourth gives up a part.
		{ID: "x3", System: NBS12, Kind: VillageMerge, Old: "370102001003", New: "370102001002", CodeValidFrom: 20270101},
		{ID: "x4", System: NBS12, Kind: Recode, Old: "370102001002", New: "370102001002", CodeValidFrom: 20270101},
		{ID: "x5", System: NBS12, Kind: Split, Old: "370102001006", New: "370102001006", Share: 0.75, ShareKnown: true, CodeValidFrom: 20280101},
		{ID: "x6", System: NBS12, Kind: Split, Old: "370102001006", New: "370102001090", Share: 0.25, ShareKnown: true, CodeValidFrom: 20280101},
		{ID: "x7", System: NBS12, Kind: PartTransfer, Old: "370102002002", New: "370102001090", Share: 0.3, ShareKnown: true, CodeValidFrom: 20290101},
		{ID: "x8", System: NBS12, Kind: Abolished, Old: "370102002003", CodeValidFrom: 20290101},
		// A township takes another number; nothing is said of its villages.
		{ID: "x9", System: NBS12, Kind: Recode, Old: "370102003000", New: "370102030000", CodeValidFrom: 20290101},
	}
	rows, refused := h.Remaps(extra)
	if len(refused) > 0 {
		t.Fatal(refused)
	}
	const old, today = 20100601, 20261126
	for _, c := range []struct {
		code      string
		below     bool
		at, under Date
		want      string
	}{
		{"370125000000", false, old, today, "whole 370115"},                        // 济阳县 became a district
		{"370115000000", false, today, old, "whole 370125"},                        // and back
		{"370115000000", false, old, old, "whole 370125"},                          // written before it existed: mapped at load
		{"370125000000", false, today, today, "whole 370115"},                      // written after it was retired
		{"370125000000", true, old, today, "above 370115"},                         // a township of it: only the county is known
		{"370115000000", true, today, old, "above 370125"},                         //
		{"370684000000", false, 20150101, today, "whole 370614"},                   // 蓬莱市 and 长岛县 are one district
		{"370614000000", false, today, 20150101, "undivided 3706 ?370634 ?370684"}, // and nobody knows who is how much of it
		{"370686000000", false, 20150101, today, "undivided 3706 ?370611 ?370686"}, // 栖霞市 gave away a town
		{"370686000000", true, 20150101, today, ""},                                // the others keep their codes
		{"371202000000", false, 20050601, today, "undivided 3701 ?370116 ?370117"}, // 莱城区 gave a part to 钢城区, then both went to 济南
		{"371202000000", false, old, today, "whole 370116"},
		{"371200000000", false, 20150101, today, "whole 3701"},                          //
		{"371081000000", false, old, today, "shared 371002 0-10, shared 371003 10-100"}, // with shares that the extra changes supply
		{"370102001003", false, today, 20270601, "whole 370102001002"},                  //
		{"370102001002", false, today, 20270601, "same 370102001002"},                   //
		{"370102001002", false, 20270601, today, "undivided 370102001 ?370102001002 ?370102001003"},
		{"370102001006", false, today, 20280601, "shared 370102001006 0-75, shared 37010200109 75-100"},
		{"37010200109" + "0", false, 20280601, today, "whole 370102001006"},
		{"370102002002", false, today, 20290601, "shared 37010200109 0-30, shared 370102002002 30-100"},
		{"370102002003", false, today, 20290601, "lost 370102002"},
		{"370102003000", false, today, 20290601, "whole 37010203"},
		{"370102003000", true, today, 20290601, "above 37010203"},
	} {
		if got := remapped(rows, c.code, c.below, c.at, c.under); got != c.want {
			t.Errorf("%s (below %v) of %s under %s: %q, want %q", c.code, c.below, c.at, c.under, got, c.want)
		}
	}
	for _, bad := range []Change{
		{ID: "b", Kind: Recode, Old: "37", New: "370102000000", CodeValidFrom: 20200101},
		{ID: "b", Kind: Recode, Old: "370102000000", New: "370103000000"},
		{ID: "b", Kind: Split, Old: "370102000000", New: "370103000000", Share: 1.5, ShareKnown: true, CodeValidFrom: 20200101},
		{ID: "b", Kind: Recode, CodeValidFrom: 20200101},
	} {
		got, refused := h.Remaps([]Change{bad})
		if plain, _ := h.Remaps(nil); len(refused) != 1 || len(got) != len(plain) {
			t.Errorf("%+v: refused %v, and %d rows instead of %d", bad, refused, len(got), len(plain))
		}
	}
}

// Whatever is added to the history, every code, day and register has one
// answer, and the parts of every answer make exactly the whole.
func TestRemapsConserve(t *testing.T) {
	h := history(t)
	r := rand.New(rand.NewPCG(11, 7))
	for round := range 40 {
		extra := randomChanges(r, round)
		rows, refused := h.Remaps(extra)
		if len(refused) > 0 {
			t.Fatal(refused)
		}
		type place struct {
			code      string
			below     bool
			at, under Date
		}
		days := []Date{19990101, 20061231, 20141231, 20200101, 20261126, 20300101, 20310601, 20330101}
		end := map[place]int64{}
		parts := map[place]int{}
		for _, x := range rows {
			if x.ShareFrom >= x.ShareTo || x.To == "" || x.AtFrom >= x.AtTo || x.UnderFrom >= x.UnderTo {
				t.Fatalf("round %d: an empty part: %+v", round, x)
			}
			for _, at := range days {
				for _, under := range days {
					if at < x.AtFrom || at >= x.AtTo || under < x.UnderFrom || under >= x.UnderTo {
						continue
					}
					p := place{x.Code, x.Below, at, under}
					if end[p] != x.ShareFrom {
						t.Fatalf("round %d: %v: a part begins at %d, the one before it ends at %d: %+v", round, p, x.ShareFrom, end[p], x)
					}
					end[p] = x.ShareTo
					if parts[p]++; parts[p] > 1 && x.How != Shared {
						t.Fatalf("round %d: %v has two answers", round, p)
					}
				}
			}
		}
		for p, e := range end {
			if e != ShareUnit {
				t.Fatalf("round %d: %v: the parts end at %d", round, p, e)
			}
		}
	}
}

// randomChanges makes villages of two townships merge, split and move.
func randomChanges(r *rand.Rand, round int) []Change {
	var codes []string
	for i := range 12 {
		codes = append(codes, fmt.Sprintf("3701020%02d%03d", 1+i%2, 2+i))
	}
	kinds := []string{Recode, Merge, Split, PartTransfer, VillageMerge, Rename, Abolished, Established}
	seen := map[string]bool{}
	var out []Change
	for i := range 3 + r.IntN(15) {
		c := Change{ID: fmt.Sprintf("r%d-%d", round, i), System: NBS12, Kind: kinds[r.IntN(len(kinds))],
			Old: codes[r.IntN(len(codes))], New: codes[r.IntN(len(codes))], CodeValidFrom: Date(20270101 + 10000*r.IntN(6))}
		switch c.Kind {
		case Abolished:
			c.New = ""
		case Established:
			c.Old = ""
		case Split:
			c.Share, c.ShareKnown = 0.5, r.IntN(2) == 0
		case PartTransfer:
			c.Share, c.ShareKnown = float64(1+r.IntN(9))/7/10, r.IntN(2) == 0
		}
		if k := fmt.Sprint(c.Old, c.New, c.CodeValidFrom); !seen[k] {
			seen[k] = true
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.ID, b.ID) })
	return out
}
