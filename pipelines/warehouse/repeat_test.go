package warehouse

import (
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/schemas/fault"
)

// TestRepetitionIsComplete: the server knows a token and its rows are nowhere, as
// after a kill between the two. The token alone loses them; a repetition that is
// known as one brings back what is missing, and nothing else.
func TestRepetitionIsComplete(t *testing.T) { eachProtocol(t, repetitionIsComplete) }

func repetitionIsComplete(t *testing.T) {
	ctx := t.Context()
	c := catalogOf(t, thing)
	w := engine(t, c)
	forget := func(table, where string) {
		t.Helper()
		if err := w.Exec(ctx, "ALTER TABLE "+table+" DELETE WHERE "+where+" SETTINGS mutations_sync = 2"); err != nil {
			t.Fatal(err)
		}
	}
	there := func(what, table string, want uint64) {
		t.Helper()
		if n := count(t, w, "SELECT count() FROM "+table); n != want {
			t.Errorf("%s: %d rows, want %d", what, n, want)
		}
	}
	load := func(what string, again bool) {
		t.Helper()
		ctx := ctx
		if again {
			ctx = Repeated(ctx)
		}
		if err := loadThings(ctx, t, w, c.Entity("thing"), "a", 1000); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	load("first", false)
	forget("std.thing", "1")
	load("the token alone", false)
	there("the token alone loses them", "std.thing", 0)
	load("known as a repetition", true)
	there("known as a repetition", "std.thing", 1000)
	load("once more", true)
	there("nothing is doubled", "std.thing", 1000)
	forget("std.thing", "endsWith(id, '7')")
	load("some are missing", true)
	there("some are missing", "std.thing", 1000)

	forget("std.thing", "1")
	w.doubts.note("std.thing\x00a") // as after an insert without an answer
	load("in doubt", false)
	there("in doubt", "std.thing", 1000)
	if w.doubts.has("std.thing\x00a") {
		t.Error("the doubt is not settled")
	}

	rejects := []RejectRow{{Topic: "t", Offset: 1, Flow: "f", RejectedAt: time.UnixMilli(1)}, {Topic: "t", Offset: 2, Flow: "f", RejectedAt: time.UnixMilli(2)}}
	for _, again := range []bool{false, true, true} {
		forget("ops.reject", "offset = 2")
		ctx := ctx
		if again {
			ctx = Repeated(ctx)
		}
		if err := w.InsertRows(ctx, "ops.reject", "r", rejects); err != nil {
			t.Fatal(err)
		}
	}
	there("rejects", "ops.reject", 2)
	if n := count(t, w, "SELECT count() FROM system.tables WHERE database = 'ops' AND startsWith(name, 'sent_')"); n != 0 {
		t.Errorf("%d tables are left behind", n)
	}
}

// TestDoubts: an insert without an answer is in doubt, one that the server
// refused is not.
func TestDoubts(t *testing.T) {
	c := catalogOf(t, thing)
	w := engine(t, c)
	rec := claims(t, memory.DefaultAllocator, c.Entity("thing"), []map[string]string{{"id": "1", "src_system": "s", "src_tier": "P", "version": "1"}})
	defer rec.Release()
	if err := w.Load(t.Context(), Load{"x", "std.absent", rec}); !fault.Is(err, fault.Config) {
		t.Fatal(err)
	}
	gone, err := Open(t.Context(), address(t))
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	if err := gone.Load(t.Context(), Load{"x", "std.thing", rec}); err == nil || !gone.doubts.has("std.thing\x00x") {
		t.Errorf("%v, in doubt: %v", err, gone.doubts.has("std.thing\x00x"))
	}
}
