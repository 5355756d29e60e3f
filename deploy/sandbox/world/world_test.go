package world

import (
	"testing"
	"time"
)

func TestExpectedFull(t *testing.T) {
	begin := time.Now()
	w, err := New(1, Full)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("new", time.Since(begin))
	var total, refused, dup int64
	for _, b := range w.Expected() {
		t.Logf("%-16s %-16s %-18s records %8d accepted %8d duplicate %6d refused %6d %v", b.System, b.Stream, b.Measure, b.Records, b.Accepted, b.Duplicate, b.Refused(), b.Quarantined)
		if b.Records != b.Accepted+b.Duplicate+b.Refused() {
			t.Errorf("%s.%s does not balance", b.System, b.Stream)
		}
		total += b.Records
		refused += b.Refused()
		dup += b.Duplicate
	}
	t.Log("total", total, "refused", refused, "duplicate", dup, time.Since(begin))
	for _, e := range Entities {
		var n int64
		for _, s := range w.FusedChecksums(e) {
			n += s.Rows
		}
		t.Log(e, n)
	}
}
