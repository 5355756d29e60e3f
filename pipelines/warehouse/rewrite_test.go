package warehouse

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// The single form is what an empty engine takes, and leaves nothing to plan.
// Of the cluster form the same engine judges the syntax.
func TestDDLOnTheEngine(t *testing.T) {
	c := shippedCatalog(t)
	w := bare(t)
	text, err := DDL(c, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements(text) {
		if err := w.Exec(t.Context(), s); err != nil {
			t.Fatalf("%v\n%s", err, s)
		}
	}
	noSteps(t, w, c)
	text, err = DDL(c, "rongtong")
	if err != nil {
		t.Fatal(err)
	}
	parse := func(s string) error {
		var out string
		return w.QueryRow(t.Context(), "SELECT formatQuery("+quote(s)+")", []any{&out})
	}
	for _, s := range statements(text) {
		if err := parse(s); err != nil {
			t.Errorf("%v\n%s", err, s)
		}
	}
	if parse("CREATE TABLE std.x ON CLUSTER (a String)) ENGINE = MergeTree") == nil {
		t.Error("the parser takes anything: the check above shows nothing")
	}
}

func statements(text string) []string {
	return strings.Split(strings.TrimSuffix(text, ";\n\n"), ";\n\n")
}

// fill puts rows into std.thing; every tenth row stands twice.
func fill(t *testing.T, w *Warehouse, rows int) {
	t.Helper()
	for _, n := range []int{rows, rows / 10} {
		err := w.Exec(t.Context(), fmt.Sprintf(`INSERT INTO std.thing (id, note, src_system, src_tier, version, kafka_offset)
			SELECT concat('t', leftPad(toString(number), 9, '0')), toString(number * 3), 's', 'P', 1, number FROM numbers(%d) SETTINGS insert_deduplicate = 0`, n))
		if err != nil {
			t.Fatal(err)
		}
	}
}

func asInt(c *schemas.Catalog) *schemas.Catalog {
	c.Entity("thing").Column("note").Type = schemas.Int
	return c
}

const sumSQL = "SELECT toString((count(), sum(toInt64OrZero(toString(note))))) FROM std.thing FINAL"

// A type changes under live reads: no reader ever sees fewer things or another
// sum, a claim that arrives during the copy is kept, and the work goes on from
// every point at which it may be cut.
func TestRewriteUnderReads(t *testing.T) {
	rows, measuring := 1_500_000, false
	if n, err := strconv.Atoi(os.Getenv("RONGTONG_REWRITE_ROWS")); err == nil { // by hand, in one go
		rows, measuring = n, true
	}
	w := engine(t, catalogOf(t, thing))
	fill(t, w, rows)
	want := strs(t, w, sumSQL)[0]
	after := asInt(catalogOf(t, thing))

	ctx, stop := context.WithCancel(t.Context())
	reads, done := new(atomic.Int64), make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			var got string
			if err := w.QueryRow(ctx, sumSQL, []any{&got}); err != nil {
				if ctx.Err() == nil {
					done <- err
					return
				}
				break
			}
			if got != want {
				done <- fmt.Errorf("a reader saw %s, not %s", got, want)
				return
			}
			reads.Add(1)
		}
		done <- nil
	}()
	began, steps := time.Now(), 0
	for ; ; steps++ { // one step, then a new plan: as if it were killed after each
		plan, err := w.PlanChange(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		if len(plan) == 0 {
			break
		}
		if steps > 100 {
			t.Fatalf("no end: %v", plan[0])
		}
		// What follows the exchange is planned whole each time, until the drop.
		if !measuring && !strings.HasPrefix(plan[0].Doc, "add what arrived") {
			plan = plan[:1]
		}
		if err := w.Migrate(t.Context(), plan); err != nil {
			t.Fatal(err)
		}
	}
	took := time.Since(began)
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := strs(t, w, sumSQL)[0]; got != want {
		t.Errorf("after the rewrite there are %s, want %s", got, want)
	}
	if got := strs(t, w, "SELECT DISTINCT toTypeName(note) FROM std.thing"); lines(got) != "Nullable(Int64)" {
		t.Errorf("the column has type %q", got)
	}
	noSteps(t, w, after)
	if reads.Load() == 0 {
		t.Error("nobody read")
	}
	t.Logf("%d rows in %s, %d rounds, %d reads meanwhile", rows, took.Round(time.Millisecond), steps, reads.Load())
}

// A claim that arrives between the copy and the exchange is not lost, and the
// old table is not dropped while one is missing.
func TestRewriteKeepsArrivals(t *testing.T) {
	w := engine(t, catalogOf(t, thing))
	fill(t, w, 1000)
	after := asInt(catalogOf(t, thing))
	plan, err := w.PlanChange(t.Context(), after)
	if err != nil {
		t.Fatal(err)
	}
	late := func(table, id string) {
		t.Helper()
		if err := w.Exec(t.Context(), "INSERT INTO "+table+" (id, note, src_system, version) VALUES ('"+id+"', '7', 's', 1)"); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range plan {
		if strings.HasPrefix(s.Doc, "exchange") {
			late("std.thing", "late")
		}
		if strings.HasPrefix(s.Doc, "prove") {
			late("std.thing__next", "later")
			if err := w.Migrate(t.Context(), []Step{s}); err == nil {
				t.Fatal("the proof passed with a claim missing")
			}
			break
		}
		if err := w.Migrate(t.Context(), []Step{s}); err != nil {
			t.Fatal(err)
		}
	}
	if plan, err = w.PlanChange(t.Context(), after); err != nil {
		t.Fatal(err)
	}
	if err := w.Migrate(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if got := strs(t, w, "SELECT id FROM std.thing FINAL WHERE id LIKE 'late%' ORDER BY id"); lines(got) != "late\nlater" {
		t.Errorf("the late claims are %q", got)
	}
	noSteps(t, w, after)
}

// A correction of a row that was copied already, the same thing and version with
// a later offset, arrives before the exchange: it is there, beside what it corrects.
func TestRewriteKeepsCorrections(t *testing.T) {
	w := engine(t, catalogOf(t, thing))
	fill(t, w, 1000)
	id := strs(t, w, "SELECT min(id) FROM std.thing")[0]
	after := asInt(catalogOf(t, thing))
	plan, err := w.PlanChange(t.Context(), after)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range plan {
		if strings.HasPrefix(s.Doc, "exchange") {
			correct := fmt.Sprintf("INSERT INTO std.thing (id, note, src_system, version, kafka_offset) SELECT id, '4711', src_system, version, kafka_offset + 1000000 FROM std.thing FINAL WHERE id = %s", quote(id))
			if err := w.Exec(t.Context(), correct); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Migrate(t.Context(), []Step{s}); err != nil {
			t.Fatal(err)
		}
	}
	if got := strs(t, w, "SELECT toString(note) FROM std.thing FINAL WHERE id = "+quote(id)+" ORDER BY last_delivery"); lines(got) != "0\n4711" {
		t.Errorf("after the rewrite the notes are %q, want the correction's 4711 behind what it corrects", got)
	}
	noSteps(t, w, after)
}

// What would lose data is refused by name, and done when the name is said.
func TestChangeRefusesLoss(t *testing.T) {
	for _, tc := range []struct {
		name, allow string
		after       func(e *schemas.Entity)
		note        string
	}{
		{"a column goes", "drop:std.thing.note", func(e *schemas.Entity) { e.Columns = e.Columns[:1] }, "1"},
		{"a value has no equal", "convert:std.thing.note", func(e *schemas.Entity) { e.Column("note").Type = schemas.Int }, "many"},
		{"a column may no longer be null", "convert:std.thing.note", func(e *schemas.Entity) { e.Column("note").Nullable = false }, "\\N"},
		{"the key shrinks", "merge:std.thing", func(e *schemas.Entity) { e.Key = e.Key[:1] }, "1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before, after := catalogOf(t, thing), catalogOf(t, thing)
			if strings.HasPrefix(tc.allow, "merge") {
				e := before.Entity("thing")
				e.Key, e.Column("note").Nullable = []string{"id", "note"}, false
				after.Entity("thing").Column("note").Nullable = false
			}
			tc.after(after.Entity("thing"))
			w := engine(t, before)
			value := "'" + tc.note + "'"
			if tc.note == "\\N" {
				value = "NULL"
			}
			if err := w.Exec(t.Context(), "INSERT INTO std.thing (id, note, src_system, version) VALUES ('a', "+value+", 's', 1), ('a', '2', 's', 1)"); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(tc.allow, "merge") { // two versions of one thing otherwise
				if err := w.Exec(t.Context(), "INSERT INTO std.thing (id, note, src_system, version) VALUES ('b', "+value+", 's', 1)"); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := w.PlanChange(t.Context(), after); !fault.Is(err, fault.Config) || !strings.Contains(fmt.Sprint(err), tc.allow) {
				t.Fatalf("the error is %v; want a refusal that names %s", err, tc.allow)
			}
			plan, err := w.PlanChange(t.Context(), after, tc.allow)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Migrate(t.Context(), plan); err != nil {
				t.Fatal(err)
			}
			noSteps(t, w, after)
		})
	}
}
