package control

import (
	"context"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// RunJob asks the process that runs jobs to run one now, and waits for it. An
// empty date is the one that the job's schedule would give it now.
func (m *Monitor) RunJob(ctx context.Context, job, date string) (warehouse.Run, error) {
	r := pipelines.Request{RunID: pipelines.NewRunID(job), Op: pipelines.OpRun, Job: job}
	if date != "" {
		r.Dates = []string{date}
	}
	return m.ask(ctx, r)
}

// ask makes a request of one run and waits for its end.
func (m *Monitor) ask(ctx context.Context, r pipelines.Request) (warehouse.Run, error) {
	if err := pipelines.Ask(ctx, m.k, r); err != nil {
		return warehouse.Run{}, err
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	asked := time.Now()
	for {
		runs, err := m.w.Runs(ctx, 1, "slot = ?", r.RunID)
		switch {
		case err != nil && fault.Of(err) != fault.Transient:
			return warehouse.Run{}, err
		case len(runs) == 0:
			if time.Since(asked) > time.Minute {
				return warehouse.Run{}, fault.Hint(fault.Transient, "start one with: rongtong up --roles schedule; or something goes before it: rongtong runs", "running %q: it did not start within a minute", r.Job)
			}
		case runs[0].State == warehouse.OK:
			return runs[0], nil
		case runs[0].State == warehouse.Failed || runs[0].State == warehouse.Cancelled:
			return runs[0], fault.New(fault.Unknown, "running %q: %s: %s", r.Job, runs[0].State, runs[0].Error)
		}
		select {
		case <-ctx.Done():
			return warehouse.Run{}, ctx.Err()
		case <-tick.C:
		}
	}
}
