package pipelines

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
)

// A leader of the past starts nothing: what it stores is refused. The next one
// goes on where the states are, and runs again what was cut short.
func TestLeaderIsFenced(t *testing.T) {
	ctx := t.Context()
	catalog, _, err := counterStreams("led")
	if err != nil {
		t.Fatal(err)
	}
	k, w := onEngines(t, embeddedtest.Broker(t), embeddedtest.Warehouse(t), catalog, ControlTopics())
	ran := make(chan *Run, 10)
	cut := make(chan struct{})
	work["probe"] = func(_ *Jobs, ctx context.Context, r *Run) (string, error) {
		ran <- r
		if r.Attempt == 1 {
			<-cut // the process dies here
			return "", errors.New("cut short")
		}
		return "done", nil
	}
	defer delete(work, "probe")
	jobs := &Jobs{Kafka: k, Warehouse: w, Catalog: catalog, Log: slog.New(slog.DiscardHandler)}
	catalog.Jobs = []*schemas.Job{{Job: "probe", Every: schemas.Schedule{Cron: "0 2 * * *", Zone: "Asia/Shanghai", Retries: 1}}}

	first, err := jobs.takeOver(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	tomorrow := first.planner.Wake().Add(time.Second)
	if err := first.decide(ctx, tomorrow); err != nil {
		t.Fatal(err)
	}
	if err := first.start(ctx, tomorrow); err != nil || len(first.runs) != 1 {
		t.Fatalf("starting the slot: %d runs, %v", len(first.runs), err)
	}
	was := <-ran

	second, err := jobs.takeOver(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer second.producer.Close()
	if err := first.decide(ctx, tomorrow.AddDate(0, 0, 1)); !errors.Is(err, topics.ErrFenced) {
		t.Errorf("the first leader decides, after the second took over: %v", err)
	}
	if rows, err := w.Runs(ctx, 10, "run_id = ?", was.ID); err != nil || len(rows) != 1 || rows[0].State != warehouse.Interrupted {
		t.Errorf("the run that was cut short is recorded as %+v, %v", rows, err)
	}
	close(cut)
	<-first.over
	first.producer.Close()

	if second.planner.Wake().Before(tomorrow.Add(time.Hour)) {
		t.Errorf("the second leader would decide again about a slot: it wakes at %v", second.planner.Wake())
	}
	if err := second.start(ctx, tomorrow); err != nil || len(second.runs) != 1 {
		t.Fatalf("running again what was cut short: %d runs, %v", len(second.runs), err)
	}
	again := <-ran
	if again.Attempt != 2 || again.Date != was.Date || again.ID != was.ID+"-2" || was.Date != tomorrow.AddDate(0, 0, -1).In(time.FixedZone("", 8*3600)).Format(time.DateOnly) {
		t.Errorf("first ran %+v, then %+v", was, again)
	}
	if err := second.finish(ctx, <-second.over); err != nil {
		t.Fatal(err)
	}
	if started, _ := second.planner.Start(tomorrow); len(started) != 0 {
		t.Errorf("still to run: %v", started)
	}
	states, err := jobs.remembered(ctx)
	if err != nil || len(states["probe"].Open) != 0 || !states["probe"].Through.Before(tomorrow) {
		t.Errorf("remembered: %+v, %v", states, err)
	}
	ends, err := k.Ends(ctx, scheduled)
	if err != nil || ends[scheduled][0].First == 0 {
		t.Errorf("what was written before the takeover is still there: %+v, %v", ends, err)
	}
}
