package divisions

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files")

func history(t testing.TB) *History {
	t.Helper()
	h, err := LoadHistory()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// The whole compiled history as text: every change, every period with its
// answer, every link. A change of the compiler shows as a change here.
func TestHistoryGolden(t *testing.T) {
	h := history(t)
	var b strings.Builder
	for _, c := range h.Changes() {
		share := "?"
		if c.ShareKnown {
			share = fmt.Sprint(c.Share)
		}
		fmt.Fprintf(&b, "change %s %s %s %s → %s %s share=%s %s approved=%s from=%s lines=%v\n", c.ID, c.Kind, c.Old, c.OldName, c.New, c.NewName, share, c.Document, c.ApprovedOn, c.CodeValidFrom, c.Lines)
	}
	for _, m := range []map[uint64][]period{h.counties, h.townships} {
		for _, code := range keys(m) {
			for _, p := range m[code] {
				fmt.Fprintf(&b, "period %s %s [%s %s %s) %s", text(code), p.name, p.accept, p.from, p.to, p.answer.Status)
				for _, x := range p.held {
					fmt.Fprintf(&b, " %s %s", text(x.code), x.name)
				}
				fmt.Fprintf(&b, " %s %s\n", p.match, strings.Join(p.refs, " "))
			}
		}
	}
	for _, l := range h.Crosswalk() {
		fmt.Fprintf(&b, "link %s %s → %s %s %.2f from=%s %s\n", l.FromCode, l.FromName, l.ToCode, l.Match, l.Confidence, l.ValidFrom, l.Document)
	}
	const file = "testdata/history.golden"
	if *rewrite {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the compiled history is not %s; run with -rewrite and read the difference", file)
	}
}

func keys(m map[uint64][]period) []uint64 {
	var out []uint64
	for k := range m {
		out = append(out, k)
	}
	for i := range out {
		for j := i; j > 0 && out[j] < out[j-1]; j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}
