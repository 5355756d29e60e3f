package pipelines

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"rongtong/pipelines/schedule"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// scheduled remembers of every job which slots were decided and which are on
// their way: one record per change, keyed by job. What a leader writes is in a
// transaction of the one producer "schedule", so a leader of the past, who was
// paused and wakes, is refused by its epoch before it starts anything.
const scheduled = "rongtong.schedule"

const (
	// restless is how long a leader sleeps at most: a clock that was set changes
	// what is due.
	restless = 15 * time.Second
	// mostWritten is after how many bytes the states are written anew and what was
	// written before is removed.
	mostWritten = 16 << 20
)

// leadership is one process's time as the one that runs jobs.
type leadership struct {
	*Jobs
	gen      *topics.Generation
	producer *topics.Producer
	planner  *schedule.Planner
	set      *Jobs // with the declarations that new runs work by
	jobs     map[string]*schemas.Job
	specs    map[string]*schedule.Spec
	runs     map[string]*active // by slot
	over     chan ended
	drains   []*reload // answered when no run works by declarations before them
	written  int
	watch    *watcher
	promises *promises
	waits    map[string]string // slot to what it was last seen to wait for
	weighed  time.Time
	wake     time.Time // when a sensor wants to look again
}

// active is a run under way.
type active struct {
	cancel context.CancelCauseFunc
	set    *Jobs
}

// ended is a run that is over.
type ended struct {
	job, slot string
	outcome   schedule.Outcome
}

// lead runs jobs for as long as the partition is ours. A slot is stored as taken
// before it runs and as finished after: whoever leads next runs again what was cut
// short, which is harmless because every job's result depends on the data alone.
func (j *Jobs) lead(ctx context.Context, gen *topics.Generation) error {
	l, err := j.takeOver(ctx, gen)
	if err != nil {
		return err
	}
	defer l.producer.Close()
	held, _, err := Paused(ctx, j.Kafka)
	if err != nil {
		return err
	}
	for name := range held {
		l.planner.Hold(name, true)
	}
	stored, err := j.Kafka.Offsets(ctx, scheduleGroup, control)
	if err != nil {
		return err
	}
	j.Log.Info("running jobs", "generation", gen.ID, "jobs", len(l.specs), "paused", len(held))
	asked, failed := requests(ctx, j.Kafka, max(0, stored[control][0].Offset))
	from, err := l.watchFrom(ctx)
	if err != nil {
		return err
	}
	noticed, deaf := events(ctx, j.Kafka, from)
	err = l.work(ctx, inbox{asked, failed, noticed, deaf})
	l.leave()
	return err
}

// inbox is where a leader hears from others.
type inbox struct {
	asked   <-chan request
	failed  <-chan error
	noticed <-chan []event
	deaf    <-chan error
}

// work decides, starts and finishes until something breaks or ctx ends.
func (l *leadership) work(ctx context.Context, in inbox) error {
	for {
		now := time.Now()
		for _, step := range []func(context.Context, time.Time) error{l.decide, l.look, l.weigh, l.keepPromises, l.start} {
			if err := step(ctx, now); err != nil {
				return err
			}
		}
		var err error
		timer := time.NewTimer(l.pause(now))
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case err = <-in.failed:
		case err = <-in.deaf:
		case r := <-in.asked:
			err = l.ask(ctx, r)
		case list := <-in.noticed:
			err = l.notice(ctx, list)
		case e := <-l.over:
			err = l.finish(ctx, e)
		case r := <-l.reload():
			err = l.take(ctx, r)
		case <-timer.C:
		}
		timer.Stop()
		if err != nil {
			return err
		}
	}
}

// leave ends the runs under way and waits for them.
func (l *leadership) leave() {
	for _, a := range l.runs {
		a.cancel(context.Canceled)
	}
	for range l.runs {
		<-l.over
	}
	for _, d := range l.drains {
		close(d.done)
	}
}

// pause is how long there is nothing to do.
func (l *leadership) pause(now time.Time) time.Duration {
	pause := restless
	if len(l.planner.Waiting()) > 0 {
		pause = weighEvery
	}
	for _, wake := range []time.Time{l.planner.Wake(), l.wake} {
		if !wake.IsZero() {
			pause = min(pause, max(wake.Sub(now), time.Millisecond))
		}
	}
	return pause
}

// look looks at what sensors wait for without being told.
func (l *leadership) look(ctx context.Context, now time.Time) (err error) {
	l.wake, err = l.quiet(ctx, now)
	return err
}

// compile makes the specs of a set of declarations.
func (j *Jobs) compile() (map[string]*schedule.Spec, map[string]*schemas.Job, error) {
	specs, jobs := map[string]*schedule.Spec{}, map[string]*schemas.Job{}
	for _, d := range j.Catalog.Jobs {
		spec, err := schedule.CompileJob(d, j.Catalog.Calendar(d.Every.Calendar))
		if err != nil {
			return nil, nil, err
		}
		specs[d.Job], jobs[d.Job] = spec, d
	}
	return specs, jobs, nil
}

func (j *Jobs) limits() schedule.Limits {
	return schedule.Limits{Pool: j.Catalog.Limits.Pool, Uses: j.Catalog.Limits.Uses}
}

// takeOver fences the leader before, reads what is remembered, writes it down
// whole and forgets what was written before.
func (j *Jobs) takeOver(ctx context.Context, gen *topics.Generation) (*leadership, error) {
	set := j.current()
	specs, jobs, err := set.compile()
	if err != nil {
		return nil, err
	}
	producer, err := j.Kafka.Producer(ctx, "schedule", scheduled)
	if err != nil {
		return nil, err
	}
	l := &leadership{Jobs: j, gen: gen, producer: producer, set: set, jobs: jobs, specs: specs, runs: map[string]*active{}, over: make(chan ended),
		watch: newWatcher(jobs), waits: map[string]string{}}
	states, err := j.remembered(ctx)
	if err == nil {
		l.planner = schedule.NewPlanner(specs, set.limits(), states, time.Now())
		err = l.forgetOffsets(ctx, states)
	}
	if err == nil {
		err = l.rewrite(ctx, l.planner.States())
	}
	if err == nil {
		err = l.interrupted(ctx, states)
	}
	if err == nil {
		l.promises, err = l.newPromises(time.Now())
	}
	if err == nil {
		err = patient(ctx, j.Log, "asking for pulls", func() (err error) {
			l.watch.read, err = j.Warehouse.LastRead(ctx)
			return err
		})
	}
	if err != nil {
		producer.Close()
		return nil, err
	}
	return l, nil
}

// forgetOffsets makes requests new that a control topic holds which was made again.
func (l *leadership) forgetOffsets(ctx context.Context, states map[string]schedule.State) error {
	ends, err := l.Kafka.Ends(ctx, control)
	if err != nil {
		return err
	}
	for _, s := range states {
		if s.Asked > ends[control][0].Last {
			l.planner.Forget(true, false)
		}
	}
	return nil
}

// interrupted says of the runs that a leader before left under way that they are
// not any more.
func (l *leadership) interrupted(ctx context.Context, states map[string]schedule.State) error {
	var ids []string
	for _, s := range states {
		for _, o := range s.Open {
			if o.Running {
				ids = append(ids, RunID(o.ID, o.Attempt))
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return patient(ctx, l.Log, "recording a run", func() error {
		rows, err := l.Warehouse.Runs(ctx, len(ids), "run_id IN (?) AND state = 'running'", ids)
		if err != nil {
			return err
		}
		for i := range rows {
			rows[i].State, rows[i].Finished, rows[i].Detail = warehouse.Interrupted, time.Now(), "its process ended; the slot runs again"
			if err := l.Warehouse.RecordRun(ctx, rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// remembered reads the states from the topic.
func (j *Jobs) remembered(ctx context.Context) (map[string]schedule.State, error) {
	ends, err := j.Kafka.Ends(ctx, scheduled)
	if err != nil {
		return nil, err
	}
	states, b := map[string]schedule.State{}, ends[scheduled][0]
	f := j.Kafka.Fetcher(scheduled, 0, b.First, topics.FetchOptions{ReadCommitted: true})
	err = f.Span(ctx, b.First, b.Last, func(r *topics.FetchedRecord) error {
		var s schedule.State
		if err := json.Unmarshal(r.Value, &s); err != nil {
			return fault.New(fault.Bug, "reading what is remembered of a schedule at offset %d: %w", r.Offset, err)
		}
		states[s.Job] = s
		return nil
	})
	return states, err
}

// rewrite writes all states and removes what was written before them.
func (l *leadership) rewrite(ctx context.Context, states []schedule.State) error {
	ends, err := l.Kafka.Ends(ctx, scheduled)
	if err != nil {
		return err
	}
	l.written = 0
	if err := l.put(ctx, states); err != nil {
		return err
	}
	l.written = 0
	if end := ends[scheduled][0].Last; end > 0 && len(states) > 0 {
		return l.Kafka.DeleteRecords(ctx, scheduled, 0, end)
	}
	return nil
}

// store writes states in one transaction.
func (l *leadership) store(ctx context.Context, states []schedule.State) error {
	if err := l.put(ctx, states); err != nil || l.written < mostWritten {
		return err
	}
	return l.rewrite(ctx, l.planner.States())
}

func (l *leadership) put(ctx context.Context, states []schedule.State) error {
	if len(states) == 0 {
		return nil
	}
	txn := l.producer.Begin()
	for _, s := range states {
		value, err := json.Marshal(s)
		if err != nil {
			return err
		}
		l.written += len(value)
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
	return l.record(ctx, decisions, warehouse.Skipped)
}

// record records slots that will not run.
func (l *leadership) record(ctx context.Context, decisions []schedule.Decision, state string) error {
	var rows []warehouse.Run
	now := time.Now()
	for _, d := range decisions {
		_, said := l.waits[d.ID]
		delete(l.waits, d.ID)
		if d.Taken || d.Why == "joined" && !said {
			continue
		}
		l.Log.Warn("a slot will not run", "job", d.Job, "at", d.At, "about", d.Business.Format(time.DateOnly), "why", d.Why)
		rows = append(rows, warehouse.Run{ID: d.ID, Job: d.Job, Cause: string(d.Cause), BusinessDate: d.Business.Format(time.DateOnly), Attempt: 1,
			Started: d.At, Finished: now, State: state, Detail: d.Why})
	}
	if len(rows) == 0 {
		return nil
	}
	token := fmt.Sprintf("%s:%s:%d", rows[0].ID, state, len(rows))
	return patient(ctx, l.Log, "recording runs", func() error { return l.Warehouse.RecordRuns(ctx, token, rows) })
}

// start starts what is ready, as far as the limits allow.
func (l *leadership) start(ctx context.Context, now time.Time) error {
	started, states := l.planner.Start(now)
	if err := l.store(ctx, states); err != nil {
		return err
	}
	for _, s := range started {
		delete(l.waits, s.ID)
		run, cancel := context.WithCancelCause(ctx)
		l.runs[s.ID] = &active{cancel, l.set}
		set, d := l.set, l.jobs[s.Job]
		last := s.Attempt > d.Every.Retries
		go func() {
			defer cancel(nil)
			end, _ := set.run(run, s, d.Work(), d.Every.Timeout, last)
			l.over <- ended{s.Job, s.ID, end}
		}()
	}
	return nil
}

// finish stores how a run ended.
func (l *leadership) finish(ctx context.Context, e ended) error {
	delete(l.runs, e.slot)
	l.drained()
	before, _ := l.planner.State(e.job)
	now := time.Now()
	changed, done, given := l.planner.Finish(e.job, e.slot, e.outcome, now)
	if len(changed) == 0 {
		return nil // the job is not declared any more
	}
	for _, o := range before.Open {
		if o.ID != e.slot || !done || o.Cause != schedule.BySchedule || l.jobs[e.job].Every.Due == 0 {
			continue
		}
		due, met := o.At.Add(l.jobs[e.job].Every.Due), now
		if !e.outcome.OK {
			met = time.Time{}
		}
		if !e.outcome.OK || now.After(due) {
			if err := l.broke(ctx, e.job, o.Business, due, met); err != nil {
				return err
			}
		}
	}
	if !done {
		l.Log.Warn("a run failed and is tried again", "job", e.job, "slot", e.slot, "step", e.outcome.Step)
	}
	if err := l.store(ctx, changed); err != nil {
		return err
	}
	return l.record(ctx, given, warehouse.Skipped)
}

// reload is a set of declarations to work by from now on.
type reload struct {
	set  *Jobs
	done chan struct{} // closed when no run works by an earlier one
}

// Reload gives new declarations to Jobs that run: new runs work by them, those
// under way end by the old ones. It returns when none of those is left, or with
// ctx's error; the declarations are taken all the same once they were handed over.
// A process that stands by takes them for when it leads.
func (j *Jobs) Reload(ctx context.Context, c *schemas.Catalog, streams []*Stream) error {
	set := &Jobs{Kafka: j.Kafka, Warehouse: j.Warehouse, Catalog: c, Streams: streams, Kinds: j.Kinds, Keys: j.Keys, Log: j.Log}
	if ps := CheckJobs(c); len(ps) > 0 {
		decl.Sort(ps)
		return fault.New(fault.Config, "reading the declared jobs: %s", ps[0])
	}
	if _, _, err := set.compile(); err != nil {
		return err
	}
	r := &reload{set, make(chan struct{})}
	select {
	case j.reload() <- r:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reload is where declarations are handed over.
func (j *Jobs) reload() chan *reload {
	j.reloads.Lock()
	defer j.reloads.Unlock()
	if j.reloads.next == nil {
		j.reloads.next = make(chan *reload)
	}
	return j.reloads.next
}

// current are the declarations to work by.
func (j *Jobs) current() *Jobs {
	j.reloads.Lock()
	defer j.reloads.Unlock()
	if j.reloads.set == nil {
		j.reloads.set = &Jobs{Kafka: j.Kafka, Warehouse: j.Warehouse, Catalog: j.Catalog, Streams: j.Streams, Kinds: j.Kinds, Keys: j.Keys, Log: j.Log}
	}
	return j.reloads.set
}

func (j *Jobs) keep(set *Jobs) {
	j.reloads.Lock()
	defer j.reloads.Unlock()
	j.reloads.set = set
}

// standBy takes new declarations until ctx ends.
func (j *Jobs) standBy(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-j.reload():
			j.keep(r.set)
			close(r.done)
		}
	}
}

// take takes new declarations while leading.
func (l *leadership) take(ctx context.Context, r *reload) error {
	specs, jobs, err := r.set.compile()
	if err != nil {
		return err
	}
	l.keep(r.set)
	l.set, l.specs, l.jobs = r.set, specs, jobs
	l.watch.declare(jobs)
	noted := l.promises.noted
	if l.promises, err = l.newPromises(time.Now()); err != nil {
		return err
	}
	l.promises.noted = noted
	gone, states := l.planner.Reload(specs, r.set.limits(), time.Now())
	l.drains = append(l.drains, r)
	l.drained()
	l.Log.Info("working by new declarations", "jobs", len(specs))
	if err := l.rewrite(ctx, states); err != nil {
		return err
	}
	return l.record(ctx, gone, warehouse.Skipped)
}

// drained answers the reloads after which only runs of their own declarations, or
// later ones, are under way.
func (l *leadership) drained() {
	for len(l.drains) > 0 {
		d := l.drains[0]
		for _, a := range l.runs {
			if a.set != d.set && !l.later(a.set) {
				return
			}
		}
		close(d.done)
		l.drains = l.drains[1:]
	}
}

// later reports whether a set came with a reload that is not answered yet, after
// the first of them.
func (l *leadership) later(set *Jobs) bool {
	for _, d := range l.drains[1:] {
		if d.set == set {
			return true
		}
	}
	return false
}
