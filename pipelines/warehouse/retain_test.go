package warehouse

import (
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Superseded and withdrawn claims go when they are over the time that they are
// kept; what stands never goes, and the books say what went.
func TestRetain(t *testing.T) {
	c := catalogOf(t, strings.Replace(thing, "fusion: field", "retention: P10Y\nfusion: field", 1))
	w := engine(t, c)
	const topic = "in.s.st"
	claim := func(id, source, version, at, gone string) map[string]string {
		return map[string]string{"id": id, "src_system": source, "src_tier": "P", "version": version, "event_time": at, "is_deleted": gone, "kafka_topic": topic, "note": version}
	}
	rows := []map[string]string{
		claim("old and alone", "s", "1", "2001-01-01T00:00:00Z", "0"), // it stands: it stays
		claim("changed long ago", "s", "1", "2001-01-01T00:00:00Z", "0"),
		claim("changed long ago", "s", "2", "2002-01-01T00:00:00Z", "0"),
		claim("changed long ago", "s", "3", "2025-01-01T00:00:00Z", "0"), // since then 2 is superseded: not long enough
		claim("withdrawn long ago", "s", "1", "2001-01-01T00:00:00Z", "0"),
		claim("withdrawn long ago", "s", "2", "2002-01-01T00:00:00Z", "1"),
		claim("withdrawn lately", "s", "1", "2001-01-01T00:00:00Z", "0"),
		claim("withdrawn lately", "s", "2", "2025-01-01T00:00:00Z", "1"),
		claim("of two sources", "s", "1", "2001-01-01T00:00:00Z", "0"),
		claim("of two sources", "q", "2", "2002-01-01T00:00:00Z", "0"), // another source supersedes nothing
	}
	load := func(token string, rows []map[string]string) {
		t.Helper()
		rec := claims(t, memory.DefaultAllocator, c.Entity("thing"), rows)
		defer rec.Release()
		if err := w.Load(t.Context(), Load{token, "std.thing", rec}); err != nil {
			t.Fatal(err)
		}
	}
	load("1", rows)
	load("again, beyond the window", rows[:4]) // a repetition that has not been merged is not a newer claim
	ledger := []LoadRow{{LoadID: "1", System: "s", Tier: "P", Stream: "st", Flow: "st", Entity: "thing", Topic: topic, ToOffset: 10, Received: 10, Accepted: 10, LoadedAt: time.Now()}}
	if err := w.InsertRows(t.Context(), "ops.load", "1", ledger); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	n, err := w.Retain(t.Context(), c.Entity("thing"), now)
	if err != nil || n != 3 {
		t.Errorf("%d claims went, %v; want 3", n, err)
	}
	left := strs(t, w, "SELECT concat(id, ' ', src_system, ' ', toString(version)) FROM std.thing FINAL ORDER BY ALL")
	want := []string{"changed long ago s 2", "changed long ago s 3", "of two sources q 2", "of two sources s 1", "old and alone s 1", "withdrawn lately s 1", "withdrawn lately s 2"}
	if lines(left) != lines(want) {
		t.Errorf("left are\n%s\nwant\n%s", lines(left), lines(want))
	}
	for range 2 {
		if n, err := w.Retain(t.Context(), c.Entity("thing"), now); err != nil || n != 0 {
			t.Errorf("the second time %d went, %v", n, err)
		}
	}
	got := strs(t, w, "SELECT concatWithSeparator(' ', toString(received), toString(accepted), toString(expired), toString(duplicate), toString(balanced)) FROM ops.books WHERE system = 's'")
	if lines(got) != "10 6 3 1 true" { // one of the ten is of the source q, which has no ledger here
		t.Errorf("the books say %q", got)
	}
	// More than is held at once goes bit by bit, as far as the condition reaches.
	if err := w.retire(t.Context(), c.Entity("thing"), retained(c.Entity("thing"), "std.thing"), "id LIKE 'changed%' OR id LIKE 'of two%'", 1); err != nil {
		t.Fatal(err)
	}
	if got := strs(t, w, "SELECT DISTINCT id FROM std.thing ORDER BY ALL"); lines(got) != "old and alone\nwithdrawn lately" {
		t.Errorf("left are\n%s", lines(got))
	}
	// Without a period everything stays.
	e := *c.Entity("thing")
	e.Retention = ""
	if n, err := w.Retain(t.Context(), &e, now.AddDate(500, 0, 0)); err != nil || n != 0 {
		t.Errorf("without a period %d went, %v", n, err)
	}
}
