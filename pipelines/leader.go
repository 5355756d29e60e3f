package pipelines

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"rongtong/pipelines/schedule"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// scheduled remembers of every job which slots were decided and which are on
// their way: one record per change, keyed by job. What a leader writes is in a
// transaction of the one producer "schedule", so a leader of the past, who was
// paused and wakes, is refused by its epoch before it starts anything.
const scheduled = "rongtong.schedule"

// restless is how long a leader sleeps at most: a clock that was set changes
// what is due.
const restless = 15 * time.Second

// leadership is one process's time as the one that runs jobs.
type leadership struct {
	*Jobs
	gen      *topics.Generation
	producer *topics.Producer
	planner  *schedule.Planner
	decls    map[string]*JobDecl
}

// ended is a run that is over.
type ended struct {
	err     error
	job     string // of a slot; empty for a request
	request request
}

// lead runs jobs for as long as the partition is ours, one at a time. A slot is
// stored as taken before it runs and as finished after: whoever leads next runs
// again what was cut short, which is harmless because every job's result
// depends on the data alone. A request is committed after its run.
func (j *Jobs) lead(ctx context.Context, gen *topics.Generation, decls []JobDecl) error {
	l, err := j.takeOver(ctx, gen, decls)
	if err != nil {
		return err
	}
	defer l.producer.Close()
	j.Log.Info("running jobs", "generation", gen.ID)
	stored, err := j.Kafka.Offsets(ctx, "schedule", control)
	if err != nil {
		return err
	}
	requests, failed := j.requests(ctx, max(0, stored[control][0].Offset))
	over := make(chan ended, 1)
	busy := false
	for {
		if err := l.decide(ctx, time.Now()); err != nil {
			return l.leave(err, busy, over)
		}
		asked := requests
		if !busy {
			if busy, err = l.start(ctx, time.Now(), over); err != nil {
				return err
			}
		}
		if busy {
			asked = nil
		}
		select {
		case <-ctx.Done():
			return l.leave(ctx.Err(), busy, over)
		case err := <-failed:
			return l.leave(err, busy, over)
		case r := <-asked:
			busy = true
			go func() { over <- ended{err: j.run(ctx, r.Request), request: r} }()
		case e := <-over:
			busy = false
			if err := l.finish(ctx, e); err != nil {
				return err
			}
		case <-time.After(l.pause(time.Now())):
		}
	}
}

// leave waits for the run under way, which ends with the leadership's context.
func (l *leadership) leave(err error, busy bool, over <-chan ended) error {
	if busy {
		<-over
	}
	return err
}

// pause is how long there is nothing to do.
func (l *leadership) pause(now time.Time) time.Duration {
	wake := l.planner.Wake()
	if wake.IsZero() {
		return restless
	}
	return min(max(wake.Sub(now), time.Millisecond), restless)
}

// takeOver fences the leader before, reads what is remembered, writes it down
// whole and forgets what was written before.
func (j *Jobs) takeOver(ctx context.Context, gen *topics.Generation, decls []JobDecl) (*leadership, error) {
	specs, byName := map[string]*schedule.Spec{}, map[string]*JobDecl{}
	for i := range decls {
		d := &decls[i]
		spec, err := schedule.Compile(d.Job, d.Every, j.Catalog.Calendar(d.Every.Calendar))
		if err != nil {
			return nil, err
		}
		specs[d.Job], byName[d.Job] = spec, d
	}
	producer, err := j.Kafka.Producer(ctx, "schedule", scheduled)
	if err != nil {
		return nil, err
	}
	l := &leadership{Jobs: j, gen: gen, producer: producer, decls: byName}
	states, end, err := j.remembered(ctx)
	if err == nil {
		l.planner = schedule.NewPlanner(specs, states, time.Now())
		err = l.store(ctx, l.planner.States())
	}
	if err == nil && end > 0 {
		err = j.Kafka.DeleteRecords(ctx, scheduled, 0, end)
	}
	if err != nil {
		producer.Close()
		return nil, err
	}
	return l, nil
}

// remembered reads the states from the topic and where it ends.
func (j *Jobs) remembered(ctx context.Context) (map[string]schedule.State, int64, error) {
	ends, err := j.Kafka.Ends(ctx, scheduled)
	if err != nil {
		return nil, 0, err
	}
	states := map[string]schedule.State{}
	bounds := ends[scheduled][0]
	f := j.Kafka.Fetcher(scheduled, 0, bounds.First, topics.FetchOptions{ReadCommitted: true})
	for next := bounds.First; next < bounds.Last; {
		next, err = f.Fetch(ctx, func(r *topics.FetchedRecord) error {
			var s schedule.State
			if err := json.Unmarshal(r.Value, &s); err != nil {
				return fault.New(fault.Bug, "reading what is remembered of a schedule at offset %d: %w", r.Offset, err)
			}
			states[s.Job] = s
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
	}
	return states, bounds.Last, nil
}

// store writes states in one transaction.
func (l *leadership) store(ctx context.Context, states []schedule.State) error {
	if len(states) == 0 {
		return nil
	}
	txn := l.producer.Begin()
	for _, s := range states {
		value, err := json.Marshal(s)
		if err != nil {
			return err
		}
		txn.Append(scheduled, 0, topics.Record{Key: []byte(s.Job), Value: value})
	}
	return txn.Commit(ctx)
}

// decide decides about every slot that is due and records those that will not
// run; that a later run does for an earlier one is no news.
func (l *leadership) decide(ctx context.Context, now time.Time) error {
	decisions, states := l.planner.Decide(now)
	if err := l.store(ctx, states); err != nil {
		return err
	}
	for _, d := range decisions {
		if d.Taken || d.Why == "joined" {
			continue
		}
		l.Log.Warn("a time of a schedule passed without a run", "job", d.Job, "at", d.At, "why", d.Why)
		rec := warehouse.Run{ID: slotID(d.Job, d.At, 1), Job: d.Job, Cause: "schedule", BusinessDate: d.Business.Format(time.DateOnly), Attempt: 1,
			Started: d.At, Finished: now, State: "skipped", Detail: d.Why}
		if err := patient(ctx, l.Log, "recording a run", func() error { return l.Warehouse.RecordRun(ctx, rec) }); err != nil {
			return err
		}
	}
	return nil
}

// start starts the first slot that is ready, if any.
func (l *leadership) start(ctx context.Context, now time.Time, over chan<- ended) (bool, error) {
	ready := l.planner.Ready(now)
	if len(ready) == 0 {
		return false, nil
	}
	job := ready[0].Job
	s := l.planner.Start(job)
	if err := l.store(ctx, []schedule.State{s}); err != nil {
		return false, err
	}
	o := s.Open[0]
	r := Request{RunID: slotID(job, o.At, o.Attempt), Job: job, Cause: "schedule", Date: o.Business.Format(time.DateOnly), Attempt: o.Attempt}
	go func() {
		run, cancel := ctx, context.CancelFunc(func() {})
		if t := l.decls[job].Every.Timeout; t > 0 {
			run, cancel = context.WithTimeout(ctx, t)
		}
		defer cancel()
		over <- ended{err: l.run(run, r), job: job}
	}()
	return true, nil
}

// finish stores how a run ended.
func (l *leadership) finish(ctx context.Context, e ended) error {
	if e.job == "" {
		return l.gen.Commit(ctx, []topics.OffsetMeta{{Topic: control, Partition: 0, Offset: e.request.after}})
	}
	s, done := l.planner.Finish(e.job, e.err == nil, time.Now())
	if !done {
		l.Log.Warn("a run failed and is tried again", "job", e.job, "not_before", s.Open[0].NotBefore)
	}
	return l.store(ctx, []schedule.State{s})
}

// slotID names the run of a slot: the same whoever leads.
func slotID(job string, at time.Time, attempt int) string {
	id := fmt.Sprintf("%s-%s", job, at.UTC().Format("20060102T150405"))
	if attempt > 1 {
		id += fmt.Sprintf("-%d", attempt)
	}
	return id
}
