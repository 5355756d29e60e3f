package warehouse

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What waits for a person: a question with its candidates is stored once, and
// counted by code and year; a stop is shown until a load has passed it.
func TestReviewTables(t *testing.T) {
	w := engine(t, shippedCatalog(t))
	half := 0.5
	row := ReviewRow{Topic: "in.s.st", Offset: 7, Flow: "st", Field: "division_code", System: "s", Entity: "fiscal_fact", Rule: "division.ambiguous",
		CodeSystem: "gb6", Code: "371202", At: "2005-06-30", Status: "ambiguous", Reason: "split",
		Candidates: []string{"370117000000", "370116000000"}, Names: []string{"钢城区", "莱芜区"}, Shares: []*float64{nil, &half}, SeenAt: time.Unix(1766000000, 0)}
	for range 2 { // a repeated span
		if err := w.InsertRows(t.Context(), "ops.division_review", "1", []ReviewRow{row}); err != nil {
			t.Fatal(err)
		}
	}
	row.Offset, row.At = 8, "2005-12-31"
	if err := w.InsertRows(t.Context(), "ops.division_review", "2", []ReviewRow{row}); err != nil {
		t.Fatal(err)
	}
	got, err := w.Questions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []Question{{CodeSystem: "gb6", Code: "371202", Status: "ambiguous", Year: 2005, Reason: "split",
		Candidates: row.Candidates, Names: row.Names, Records: 2, Systems: []string{"s"}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := strs(t, w, "SELECT toString(candidate_shares) FROM ops.division_review FINAL LIMIT 1"); got[0] != "[NULL,0.5]" {
		t.Errorf("shares: %q", got)
	}

	stop := StopRow{Topic: "in.s.st", FromOffset: 10, ToOffset: 20, System: "s", Stream: "st", Flow: "st", Entity: "facility", Rule: "facility.area_range", Broken: 6, Rows: 10, StoppedAt: time.Now()}
	if err := w.InsertRows(t.Context(), "ops.load_stop", "3", []StopRow{stop}); err != nil {
		t.Fatal(err)
	}
	load := LoadRow{LoadID: "l", System: "s", Stream: "st", Flow: "st", Entity: "facility", Topic: "in.s.st", FromOffset: 0, ToOffset: 10, LoadedAt: time.Now()}
	for i, want := range []int{1, 0} {
		load.FromOffset, load.ToOffset = int64(10*i), int64(10*i+10)
		if err := w.InsertRows(t.Context(), "ops.load", load.Topic+string(rune('0'+i)), []LoadRow{load}); err != nil {
			t.Fatal(err)
		}
		if n := count(t, w, "SELECT count() FROM ops.stopped"); n != uint64(want) {
			t.Errorf("%d stopped, want %d", n, want)
		}
	}
}
