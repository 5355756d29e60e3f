package control

import (
	"cmp"
	"context"
	"slices"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/schedule"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// job is a declared job; nil when a system has that name. Any other name is an
// error that suggests one.
func (m *Monitor) job(name string) (*schemas.Job, error) {
	var known []string
	for _, j := range m.d().Catalog.Jobs {
		if j.Job == name {
			return j, nil
		}
		known = append(known, j.Job)
	}
	if m.d().Catalog.System(name) != nil {
		return nil, nil
	}
	for _, s := range m.d().Catalog.Systems {
		known = append(known, s.System)
	}
	return nil, fault.Hint(fault.Config, decl.Suggest(name, known), "looking for %q: there is no such job or system", name)
}

// RunJob asks the process that runs jobs to run one now, and waits for it. An
// empty date is the one that the job's schedule would give it now.
func (m *Monitor) RunJob(ctx context.Context, job, date string) (warehouse.Run, error) {
	r := pipelines.Request{Job: job}
	if date != "" {
		r.Dates = []string{date}
	}
	return m.RunNow(ctx, r)
}

// Request makes a request of runs and returns its name, without waiting.
func (m *Monitor) Request(ctx context.Context, r pipelines.Request) (string, error) {
	if r.Op == "" {
		r.Op = pipelines.OpRun
	}
	if r.Op == pipelines.OpRun {
		if _, err := m.job(r.Job); err != nil {
			return "", err
		}
	}
	if r.RunID == "" {
		r.RunID = pipelines.NewRunID(r.Job)
	}
	return r.RunID, pipelines.Ask(ctx, m.k, r)
}

// RunNow makes a request of one run, of a job or of a system, and waits for its
// end. A run that does not end well is an error.
func (m *Monitor) RunNow(ctx context.Context, r pipelines.Request) (warehouse.Run, error) {
	slot, err := m.Request(ctx, r)
	if err != nil {
		return warehouse.Run{}, err
	}
	if r.Op == pipelines.OpNow {
		slot = r.Of
	}
	awaited := 1
	if m.d().Catalog.System(r.Job) != nil {
		awaited = 0
		for _, s := range m.d().Streams {
			if s.System.System == r.Job {
				awaited++
			}
		}
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	asked := time.Now()
	for {
		runs, err := m.w.Runs(ctx, 100, "slot = ?", slot)
		if err != nil && fault.Of(err) != fault.Transient {
			return warehouse.Run{}, err
		}
		if r.Op == pipelines.OpNow { // its earlier attempts have ended
			runs = slices.DeleteFunc(runs, func(x warehouse.Run) bool { return x.State == warehouse.Retrying && x.Started.Before(asked) })
		}
		if len(runs) == 0 && time.Since(asked) > time.Minute && !m.goesBefore(ctx, r.Job) {
			return warehouse.Run{}, fault.Hint(fault.Transient, "start a process with: rongtong up --roles schedule,ingest; or something goes before it: rongtong runs", "running %q: it did not start within a minute", r.Job)
		}
		if done, err := outcome(runs, awaited); done != nil {
			return *done, err
		}
		select {
		case <-ctx.Done():
			return warehouse.Run{}, ctx.Err()
		case <-tick.C:
		}
	}
}

// outcome is how the awaited runs of a slot ended, the newest first; nil: not yet.
func outcome(runs []warehouse.Run, awaited int) (*warehouse.Run, error) {
	ended := 0
	for i := range runs {
		r := &runs[i]
		switch r.State {
		case warehouse.OK:
			ended++
		case warehouse.Failed, warehouse.Cancelled, warehouse.Skipped:
			why := r.Error
			if why == "" {
				why = r.Detail
			}
			return r, fault.New(fault.Unknown, "running %q: %s: %s", r.Job, r.State, why)
		}
	}
	if ended < awaited {
		return nil, nil
	}
	out := runs[0]
	for _, r := range runs[1:] { // of a system: its streams together
		if r.Kind == "system" {
			out.Detail += ", " + r.Detail
			out.Received += r.Received
			if r.Started.Before(out.Started) {
				out.Started = r.Started
			}
		}
	}
	return &out, nil
}

// found is the run of an ID, or the latest of a slot.
func (m *Monitor) found(ctx context.Context, id string) (*warehouse.Run, error) {
	runs, err := m.w.Runs(ctx, 1, "run_id = ? OR slot = ?", id, id)
	if err != nil {
		return nil, err
	}
	if len(runs) == 0 {
		return nil, fault.Hint(fault.Config, "rongtong runs lists them", "looking for run %q: there is no such run", id)
	}
	return &runs[0], nil
}

// Cancel ends a run, gives up one that waits, or all of a request. A name that has
// no record yet may be of a request whose runs all wait: it is asked for all the
// same.
func (m *Monitor) Cancel(ctx context.Context, id, by, why string) error {
	runs, err := m.w.Runs(ctx, 1, "run_id = ?", id)
	if err != nil {
		return err
	}
	of := id
	if len(runs) == 1 {
		switch r := runs[0]; r.State {
		case warehouse.Running, warehouse.Retrying, "waiting":
			if of = r.Slot; r.Kind == "system" {
				of = r.ID
			}
		default:
			return fault.Hint(fault.Config, "rongtong run retry goes on where it stopped", "cancelling run %q: it is over, %s", id, r.State)
		}
	}
	return pipelines.Ask(ctx, m.k, pipelines.Request{RunID: pipelines.NewRunID("cancel"), Op: pipelines.OpCancel, Of: of, By: by, Why: why})
}

// Retry is the request that goes on where a run failed or was cancelled; whole:
// from its first step.
func (m *Monitor) Retry(ctx context.Context, id, by string, whole bool) (pipelines.Request, error) {
	r, err := m.found(ctx, id)
	if err != nil {
		return pipelines.Request{}, err
	}
	switch r.State {
	case warehouse.Running, "waiting":
		return pipelines.Request{}, fault.Hint(fault.Config, "rongtong run cancel "+r.ID+" ends it", "retrying run %q: it is %s", id, r.State)
	case warehouse.Retrying:
		if r.Kind == "job" && !whole {
			return pipelines.Request{RunID: pipelines.NewRunID("now"), Op: pipelines.OpNow, Job: r.Job, Of: r.Slot, By: by}, nil
		}
	}
	q := pipelines.Request{RunID: pipelines.NewRunID(r.Job), Op: pipelines.OpRun, Job: r.Job, Cause: schedule.ByRetry, By: by, Why: "retry of " + r.ID}
	if r.Kind == "job" {
		q.Dates = []string{r.BusinessDate}
		if !whole && r.State != warehouse.OK {
			q.From = r.Step
		}
	}
	return q, nil
}

// Hold pauses a job or system, or lets it go on.
func (m *Monitor) Hold(ctx context.Context, op, name, by, why string) error {
	if _, err := m.job(name); err != nil {
		return err
	}
	return pipelines.Ask(ctx, m.k, pipelines.Request{RunID: pipelines.NewRunID(op), Op: op, Job: name, By: by, Why: why})
}

// Held lists what is paused, by name.
func (m *Monitor) Held(ctx context.Context) ([]pipelines.Held, error) {
	held, _, err := pipelines.Paused(ctx, m.k)
	out := make([]pipelines.Held, 0, len(held))
	for _, h := range held {
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b pipelines.Held) int { return cmp.Compare(a.Name, b.Name) })
	return out, err
}

// DryRun says what a run of a job would do now. It changes nothing and records
// nothing.
func (m *Monitor) DryRun(ctx context.Context, name, date string) ([]warehouse.RunStep, error) {
	j, err := m.job(name)
	if err != nil {
		return nil, err
	}
	if j == nil {
		return nil, fault.Hint(fault.Config, "rongtong connect check "+name+" reads a sample", "running %q: a dry run is of a job, and this is a system", name)
	}
	jobs := &pipelines.Jobs{Kafka: m.k, Warehouse: m.w, Catalog: m.d().Catalog, Streams: m.d().Streams, Log: m.o.Log}
	return jobs.DryRun(ctx, j, date)
}

// goesBefore reports whether a run of a job is under way: a request for another
// waits for it, however long it takes.
func (m *Monitor) goesBefore(ctx context.Context, job string) bool {
	runs, err := m.w.Runs(ctx, 1, "job = ? AND state = 'running'", job)
	return err == nil && len(runs) > 0
}
