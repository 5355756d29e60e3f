package pipelines

import (
	"testing"
	"time"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// Decisions are kept in Kafka in order; a warehouse made anew reads all of them
// again, and one that knows more than the topic says so.
func TestDecisionsReplay(t *testing.T) {
	ctx := t.Context()
	catalog, _, err := counterStreams("dec")
	if err != nil {
		t.Fatal(err)
	}
	k, w := onEngines(t, embeddedtest.Broker(t), embeddedtest.Warehouse(t), catalog, ControlTopics())
	for i, verdict := range []string{warehouse.VerdictMerge, warehouse.VerdictUndo, warehouse.VerdictApart} {
		if err := Decide(ctx, k, w, nil, warehouse.IdentityDecision{Entity: "club", Left: "b", Right: "a", Verdict: verdict, DecidedBy: "民政局", Reason: "核实", DecidedAt: time.Unix(1766000000+int64(i), 0)}); err != nil {
			t.Fatal(err)
		}
	}
	read := func() []warehouse.IdentityDecision {
		t.Helper()
		list, err := w.Decisions(ctx, "club")
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	before := read()
	if len(before) != 3 || before[0].Verdict != warehouse.VerdictApart || before[2].Verdict != warehouse.VerdictMerge || before[0].Left != "a" {
		t.Fatalf("kept: %+v", before)
	}
	if err := w.Exec(ctx, "TRUNCATE TABLE ops.identity_decision"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := CopyDecisions(ctx, k, w); err != nil {
			t.Fatal(err)
		}
	}
	after := read()
	for i := range before {
		if i >= len(after) || before[i].Seq != after[i].Seq || before[i].Verdict != after[i].Verdict || len(after) != len(before) {
			t.Fatalf("after the replay: %+v, before: %+v", after, before)
		}
	}
	if err := w.RecordDecisions(ctx, []warehouse.IdentityDecision{{Entity: "club", Left: "a", Right: "c", Verdict: warehouse.VerdictMerge, Seq: 1 << 40, DecidedAt: time.Unix(1766000000, 0)}}); err != nil {
		t.Fatal(err)
	}
	if err := CopyDecisions(ctx, k, w); !fault.Is(err, fault.Config) {
		t.Errorf("a topic that ends before what is known: %v", err)
	}
}
