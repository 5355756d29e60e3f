package pipelines

import (
	"context"
	"errors"
	"log/slog"
	"strings"
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
	k, err := topics.Dial(ctx, []string{embeddedtest.Broker(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	w, err := warehouse.Open(ctx, embeddedtest.Warehouse(t))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	steps, err := w.Plan(ctx, catalog)
	if err == nil {
		err = w.Migrate(ctx, steps)
	}
	if err == nil {
		err = k.Ensure(ctx, ControlTopics())
	}
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan Request, 10)
	cut := make(chan struct{})
	work["probe"] = func(_ *Jobs, ctx context.Context, r Request) (string, error) {
		ran <- r
		if r.Attempt == 1 {
			<-cut // the process dies here
			return "", errors.New("cut short")
		}
		return "done", nil
	}
	defer delete(work, "probe")
	jobs := &Jobs{Kafka: k, Warehouse: w, Catalog: catalog, Log: slog.New(slog.DiscardHandler)}
	decls := []JobDecl{{Job: "probe", Every: schemas.Schedule{Cron: "0 2 * * *", Zone: "Asia/Shanghai", Retries: 1}}}

	first, err := jobs.takeOver(ctx, nil, decls)
	if err != nil {
		t.Fatal(err)
	}
	tomorrow := first.planner.Wake().Add(time.Second)
	if err := first.decide(ctx, tomorrow); err != nil {
		t.Fatal(err)
	}
	over := make(chan ended, 1)
	if busy, err := first.start(ctx, tomorrow, over); err != nil || !busy {
		t.Fatalf("starting the slot: %v, %v", busy, err)
	}
	was := <-ran

	second, err := jobs.takeOver(ctx, nil, decls)
	if err != nil {
		t.Fatal(err)
	}
	defer second.producer.Close()
	if err := first.decide(ctx, tomorrow.AddDate(0, 0, 1)); !errors.Is(err, topics.ErrFenced) {
		t.Errorf("the first leader decides, after the second took over: %v", err)
	}
	close(cut)
	<-over
	first.producer.Close()

	if second.planner.Wake().Before(tomorrow.Add(time.Hour)) {
		t.Errorf("the second leader would decide again about a slot: it wakes at %v", second.planner.Wake())
	}
	if busy, err := second.start(ctx, tomorrow, over); err != nil || !busy {
		t.Fatalf("running again what was cut short: %v, %v", busy, err)
	}
	again := <-ran
	if again.Attempt != 2 || again.Date != was.Date || !strings.HasPrefix(again.RunID, was.RunID) || was.Date != tomorrow.AddDate(0, 0, -1).In(time.FixedZone("", 8*3600)).Format(time.DateOnly) {
		t.Errorf("first ran %+v, then %+v", was, again)
	}
	if err := second.finish(ctx, <-over); err != nil {
		t.Fatal(err)
	}
	if ready := second.planner.Ready(tomorrow); len(ready) != 0 {
		t.Errorf("still to run: %v", ready)
	}
	states, _, err := jobs.remembered(ctx)
	if err != nil || len(states["probe"].Open) != 0 || !states["probe"].Through.Before(tomorrow) {
		t.Errorf("remembered: %+v, %v", states, err)
	}
	ends, err := k.Ends(ctx, scheduled)
	if err != nil || ends[scheduled][0].First == 0 {
		t.Errorf("what was written before the takeover is still there: %+v, %v", ends, err)
	}
}
