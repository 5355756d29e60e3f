package control

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// RunStatus is one run of a job.
type RunStatus struct {
	RunID    string    `json:"run_id"`
	Job      string    `json:"job"`
	Cause    string    `json:"cause"`         // schedule, request, …
	Date     string    `json:"business_date"` // the day the run is about, YYYY-MM-DD
	Attempt  int       `json:"attempt"`       // from 1
	State    string    `json:"state"`
	Started  time.Time `json:"started_at"`
	Finished time.Time `json:"finished_at"` // the Unix epoch while it runs
	Detail   string    `json:"detail"`
	Error    string    `json:"error,omitempty"`
	Loads    int64     `json:"loads_seen"` // loads in the ledger when it began
}

// Took is how long the run took, or has been taking until now.
func (r RunStatus) Took(now time.Time) time.Duration {
	if r.Finished.Before(r.Started) {
		return now.Sub(r.Started)
	}
	return r.Finished.Sub(r.Started)
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
var RunStates = []string{"running", "ok", "failed", "skipped", "queued", "paused", "cancelled"}

// Runs lists the runs that a filter chooses, the newest first.
func (m *Monitor) Runs(ctx context.Context, f RunFilter) ([]RunStatus, error) {
	var where []string
	var args []any
	for _, c := range []struct{ column, value string }{{"run_id", f.ID}, {"job", f.Job}, {"state", f.State}, {"cause", f.Cause}, {"business_date", f.Date}} {
		if c.value != "" {
			where, args = append(where, c.column+" = ?"), append(args, c.value)
		}
	}
	if !f.Since.IsZero() {
		where, args = append(where, "started_at >= fromUnixTimestamp64Milli(?)"), append(args, f.Since.UnixMilli())
	}
	sql := ""
	if len(where) > 0 {
		sql = "\nWHERE " + strings.Join(where, " AND ")
	}
	if f.Limit <= 0 {
		f.Limit = 20
	}
	return m.queryRuns(ctx, sql+fmt.Sprintf("\nORDER BY started_at DESC, run_id DESC LIMIT %d", f.Limit), args...)
}

// queryRuns reads the runs that the clauses choose.
func (m *Monitor) queryRuns(ctx context.Context, clauses string, args ...any) ([]RunStatus, error) {
	rows, err := m.w.Query(ctx, "SELECT run_id, toString(job), toString(cause), toString(business_date), attempt, toString(state), started_at, finished_at, detail, error, loads_seen\nFROM ops.run FINAL"+clauses, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []RunStatus{}
	for rows.Next() {
		var r RunStatus
		var attempt uint8
		var seen uint64
		if err := rows.Scan(&r.RunID, &r.Job, &r.Cause, &r.Date, &attempt, &r.State, &r.Started, &r.Finished, &r.Detail, &r.Error, &seen); err != nil {
			return nil, fault.New(fault.Bug, "reading ops.run: %w", err)
		}
		r.Attempt, r.Loads = int(attempt), int64(seen)
		out = append(out, r)
	}
	return out, rows.Err()
}

// Run is the run of an ID. One that is not there is a fault.Config with a hint.
func (m *Monitor) Run(ctx context.Context, id string) (RunStatus, error) {
	found, err := m.Runs(ctx, RunFilter{ID: id, Limit: 1})
	if err != nil {
		return RunStatus{}, err
	}
	if len(found) == 1 {
		return found[0], nil
	}
	latest, err := m.Runs(ctx, RunFilter{Limit: 200})
	if err != nil {
		return RunStatus{}, err
	}
	known := make([]string, len(latest))
	for i, r := range latest {
		known[i] = r.RunID
	}
	hint := decl.Suggest(id, known)
	if hint == "" {
		hint = "rongtong runs lists them"
	}
	return RunStatus{}, fault.Hint(fault.Config, hint, "looking for run %q: there is no such run", id)
}
