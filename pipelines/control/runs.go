package control

import (
	"context"
	"strings"
	"time"

	"rongtong/pipelines/warehouse"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// Took is how long a run took, or has been taking until now.
func Took(r warehouse.Run, now time.Time) time.Duration {
	if r.Finished.IsZero() {
		return now.Sub(r.Started)
	}
	return r.Finished.Sub(r.Started)
}

// RunDetail is a run in full.
type RunDetail struct {
	warehouse.Run
	Done []warehouse.RunStep `json:"done"` // steps that did something, run now or failed
	Log  []warehouse.RunLine `json:"log"`
}

// RunFilter chooses runs. Empty parts choose all.
type RunFilter struct {
	ID    string // exactly this run
	Job   string
	State string
	Cause string
	Date  string    // business date
	Since time.Time // started at or after
	Limit int       // at most so many, the newest; 0: 20
}

// RunStates are the states that a run may be in.
var RunStates = []string{warehouse.Running, warehouse.OK, warehouse.Failed, warehouse.Retrying, warehouse.Cancelled, warehouse.Interrupted, warehouse.Skipped}

// Runs lists the runs that a filter chooses, the newest first.
func (m *Monitor) Runs(ctx context.Context, f RunFilter) ([]warehouse.Run, error) {
	where, args := []string{"true"}, []any{}
	for _, c := range []struct{ column, value string }{{"run_id", f.ID}, {"job", f.Job}, {"state", f.State}, {"cause", f.Cause}, {"business_date", f.Date}} {
		if c.value != "" {
			where, args = append(where, c.column+" = ?"), append(args, c.value)
		}
	}
	if !f.Since.IsZero() {
		where, args = append(where, "started_at >= fromUnixTimestamp64Milli(?)"), append(args, f.Since.UnixMilli())
	}
	if f.Limit <= 0 {
		f.Limit = 20
	}
	runs, err := m.w.Runs(ctx, f.Limit, strings.Join(where, " AND "), args...)
	if runs == nil {
		runs = []warehouse.Run{} // a list of nothing, not null
	}
	return runs, err
}

// Run is the run of an ID, with its steps and its log. One that is not there is
// a fault.Config with a hint.
func (m *Monitor) Run(ctx context.Context, id string) (d RunDetail, err error) {
	found, err := m.Runs(ctx, RunFilter{ID: id, Limit: 1})
	if err != nil {
		return d, err
	}
	if len(found) == 1 {
		d.Run = found[0]
		if d.Done, err = m.w.Steps(ctx, id); err == nil {
			d.Log, err = m.w.RunLog(ctx, id)
		}
		return d, err
	}
	latest, err := m.Runs(ctx, RunFilter{Limit: 200})
	if err != nil {
		return d, err
	}
	known := make([]string, len(latest))
	for i, r := range latest {
		known[i] = r.ID
	}
	hint := decl.Suggest(id, known)
	if hint == "" {
		hint = "rongtong runs lists them"
	}
	return d, fault.Hint(fault.Config, hint, "looking for run %q: there is no such run", id)
}
