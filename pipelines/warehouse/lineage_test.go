package warehouse

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// What ran is read back by the minute it was over, and how far a sink is moves
// on.
func TestLineageRecords(t *testing.T) {
	c := shippedCatalog(t)
	w := engine(t, c)
	at := time.Date(2026, 11, 26, 4, 0, 0, 0, time.UTC)
	for i, offset := range []time.Duration{0, 20 * time.Second, 90 * time.Second} {
		err := w.Exec(t.Context(), fmt.Sprintf("INSERT INTO ops.load (load_id, system, stream, flow, entity, topic, from_offset, received, accepted, rejected, loaded_at) VALUES ('l%d', 's', 'st', '0', 'facility', 'in.s.st', %d, 10, 9, 1, fromUnixTimestamp64Milli(%d))",
			i, i*10, at.Add(offset).UnixMilli()))
		if err != nil {
			t.Fatal(err)
		}
	}
	loads, err := w.LoadsBetween(t.Context(), at, at.Add(time.Minute))
	if err != nil || len(loads) != 1 || loads[0].Accepted != 18 || loads[0].Rejected != 2 || !loads[0].Minute.Equal(at) || !loads[0].Last.Equal(at.Add(20*time.Second)) {
		t.Errorf("the loads of the first minute are %+v (%v)", loads, err)
	}
	if err := w.Exec(t.Context(), fmt.Sprintf(`INSERT INTO ops.run_step (run_id, n, step, started_at, finished_at, state, rows_in, rows_out) VALUES
  ('integrate-1', 1, 'fuse/facility', fromUnixTimestamp64Milli(%[1]d), fromUnixTimestamp64Milli(%[1]d), 'ok', 30, 10), ('integrate-1', 2, 'check/facility/r', fromUnixTimestamp64Milli(%[1]d), fromUnixTimestamp64Milli(%[1]d), 'ok', 0, 0),
  ('integrate-1', 3, 'compute/I-01-01', fromUnixTimestamp64Milli(%[1]d), fromUnixTimestamp64Milli(0), 'running', 0, 0)`, at.UnixMilli())); err != nil {
		t.Fatal(err)
	}
	if err := w.Exec(t.Context(), "INSERT INTO ops.run (run_id, job) VALUES ('integrate-1', 'integrate')"); err != nil {
		t.Fatal(err)
	}
	steps, err := w.StepsBetween(t.Context(), at, at.Add(time.Minute))
	if err != nil || len(steps) != 1 || steps[0].Step != "fuse/facility" || steps[0].Job != "integrate" || steps[0].Out != 10 {
		t.Errorf("the steps are %+v (%v)", steps, err)
	}
	if upto, _, err := w.LineagePosition(t.Context(), "x"); err != nil || !upto.IsZero() {
		t.Errorf("a new sink is at %v (%v)", upto, err)
	}
	for i := range 3 {
		if err := w.SaveLineagePosition(t.Context(), "x", at.Add(time.Duration(i)*time.Minute), map[string]int64{"s.st": int64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	upto, delivered, err := w.LineagePosition(t.Context(), "x")
	if err != nil || !upto.Equal(at.Add(2*time.Minute)) || delivered["s.st"] != 2 {
		t.Errorf("the sink is at %v with %v (%v)", upto, delivered, err)
	}
	for _, v := range Views(c) {
		if v.SQL == "" || !strings.HasPrefix(v.View, "ads.") {
			t.Errorf("the view %+v has no text", v)
		}
	}
}
