package control

import (
	"context"
	"fmt"
	"os/user"
	"slices"
	"strings"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/schedule"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// BackfillAsk is what a person wants done again.
type BackfillAsk struct {
	Name     string // a job, or a source system
	From, To string // business dates, YYYY-MM-DD, both included
	Calendar string // "": every day; "workdays", or the name of a calendar: its working days
	Parallel int    // dates of a job under way at once; 0: 1
	Cascade  bool   // also the jobs that declare that they come after it
	Then     []string
	Strict   bool // a date that fails for good takes the later ones with it
	Why      string
}

// JobEstimate is what the runs of one job are expected to take, from its runs of
// the past.
type JobEstimate struct {
	Job     string  `json:"job"`
	Follows string  `json:"follows,omitempty"`
	Runs    int     `json:"runs"`
	Known   int     `json:"known_runs"`          // of the past, that the estimate rests on
	Seconds float64 `json:"seconds_each"`        // the middle one of them
	Rows    int64   `json:"rows_each,omitempty"` // of a pull
	AtOnce  int     `json:"at_once"`             // how many may run at the same time
	Bound   string  `json:"bound,omitempty"`     // what allows no more: BoundJob, or the name of a limit
	Left    float64 `json:"seconds_in_all"`      // Runs of Seconds, AtOnce at a time
}

// BoundJob is the job's own concurrency.
const BoundJob = "concurrency"

// Estimate says before a backfill starts what it will do.
type Estimate struct {
	Name    string        `json:"name"`
	Dates   []string      `json:"dates"`
	Jobs    []JobEstimate `json:"jobs"`
	Runs    int           `json:"runs"`
	Seconds float64       `json:"seconds"` // expected, in all; 0 when nothing is known
	Rows    int64         `json:"rows"`    // expected from the source; 0 when nothing is known
	// Unknown are jobs that have never run: their time is not counted.
	Unknown []string `json:"unknown,omitempty"`
}

// PlanBackfill works out the dates and jobs of a backfill and what it will take. It
// changes nothing; the request is what StartBackfill asks for.
func (m *Monitor) PlanBackfill(ctx context.Context, a BackfillAsk) (Estimate, pipelines.Request, error) {
	c := m.d().Catalog
	r := pipelines.Request{Op: pipelines.OpRun, Job: a.Name, Cause: schedule.ByBackfill, Width: max(1, a.Parallel), Strict: a.Strict, Priority: -1, Why: a.Why, Args: map[string]string{}}
	if u, err := user.Current(); err == nil {
		r.By = u.Username
	}
	r.RunID = strings.ReplaceAll(pipelines.NewRunID("backfill-"+a.Name), ".", "")
	r.Args[pipelines.ArgBackfill] = r.RunID
	job, system := a.Name, ""
	if sys := c.System(a.Name); sys != nil && jobOf(c, a.Name) == nil {
		if why := pipelines.NotPulled(sys); why != "" {
			return Estimate{}, r, fault.New(fault.Config, "backfilling %q: %s", a.Name, why)
		}
		job, system = "", a.Name
		r.Job, r.Args[pipelines.ArgSystem] = "pull", a.Name
	}
	if jobOf(c, r.Job) == nil {
		return Estimate{}, r, fault.Hint(fault.Config, decl.Suggest(a.Name, backfillable(c)), "backfilling %q: there is no such job or system", a.Name)
	}
	if r.Job == "pull" && system == "" {
		return Estimate{}, r, fault.Hint(fault.Config, "name the system instead", "backfilling %q: it reads systems", a.Name)
	}
	for _, t := range a.Then {
		if jobOf(c, t) == nil {
			return Estimate{}, r, fault.Hint(fault.Config, decl.Suggest(t, backfillable(c)), "backfilling %q: there is no job %q to run then", a.Name, t)
		}
	}
	var err error
	if r.Dates, err = backfillDates(c, a, time.Now()); err != nil {
		return Estimate{}, r, err
	}
	if a.Cascade || len(a.Then) > 0 {
		r.Then = pipelines.Dependants(c, job, system, r.Job, a.Then)
		if !a.Cascade {
			r.Then = slices.DeleteFunc(r.Then, func(d pipelines.Dependant) bool { return !slices.Contains(a.Then, d.Job) })
			chain(r.Job, r.Then)
		}
	}
	e, err := m.estimate(ctx, &r)
	return e, r, err
}

// chain makes each of some jobs follow all before it.
func chain(root string, then []pipelines.Dependant) {
	before := []string{root}
	for i := range then {
		then[i].Follows = slices.Clone(before)
		before = append(before, then[i].Job)
	}
}

func jobOf(c *schemas.Catalog, name string) *schemas.Job {
	for _, j := range c.Jobs {
		if j.Job == name {
			return j
		}
	}
	return nil
}

func backfillable(c *schemas.Catalog) []string {
	var out []string
	for _, j := range c.Jobs {
		out = append(out, j.Job)
	}
	for _, s := range c.Systems {
		out = append(out, s.System)
	}
	return out
}

// mostDates bounds a backfill: ten years of days.
const mostDates = 3660

// backfillDates are the business dates of the range that the calendar leaves in.
func backfillDates(c *schemas.Catalog, a BackfillAsk, now time.Time) ([]string, error) {
	from, err := time.Parse(time.DateOnly, a.From)
	if err != nil {
		return nil, fault.Hint(fault.Config, "write YYYY-MM-DD", "reading --from %q: it is no date", a.From)
	}
	to, err := time.Parse(time.DateOnly, a.To)
	if err != nil {
		return nil, fault.Hint(fault.Config, "write YYYY-MM-DD", "reading --to %q: it is no date", a.To)
	}
	today := now.In(time.FixedZone("Asia/Shanghai", 8*3600)).Format(time.DateOnly)
	if a.To > today {
		return nil, fault.Hint(fault.Config, "end it today, or earlier", "backfilling %q: %s is still to come", a.Name, a.To)
	}
	var cal *schemas.Calendar
	if a.Calendar != "" && a.Calendar != "all" {
		name := a.Calendar
		if name == "workdays" {
			name = "china"
		}
		if cal = c.Calendar(name); cal == nil {
			return nil, fault.Hint(fault.Config, "write workdays, or the name of a file of schemas/calendars", "backfilling %q: there is no calendar %q", a.Name, a.Calendar)
		}
	}
	var out []string
	for d := from; !d.After(to); d = d.AddDate(0, 0, 1) {
		if cal == nil || cal.Workday(d) {
			out = append(out, d.Format(time.DateOnly))
		}
		if len(out) > mostDates {
			return nil, fault.Hint(fault.Config, "do it in parts", "backfilling %q: more than %d dates", a.Name, mostDates)
		}
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Config, "backfilling %q: no date lies from %s to %s", a.Name, a.From, a.To)
	}
	return out, nil
}

// estimate looks at the last runs of every job.
func (m *Monitor) estimate(ctx context.Context, r *pipelines.Request) (Estimate, error) {
	e := Estimate{Name: r.Job, Dates: r.Dates}
	if s := r.Args[pipelines.ArgSystem]; s != "" {
		e.Name = s
	}
	jobs := append([]pipelines.Dependant{{Job: r.Job}}, r.Then...)
	var one, longest float64
	for _, d := range jobs {
		x, err := m.estimateJob(ctx, r, d)
		if err != nil {
			return e, err
		}
		e.Jobs, e.Runs = append(e.Jobs, x), e.Runs+x.Runs
		one, longest = one+x.Seconds, max(longest, x.Left)
		e.Rows += x.Rows * int64(len(r.Dates))
		if x.Known == 0 {
			e.Unknown = append(e.Unknown, x.Job)
		}
	}
	// The slowest job sets the pace; the others of a date come before and after it.
	e.Seconds = longest + one - one/float64(max(1, len(jobs)))
	if len(jobs) == 1 || longest == 0 {
		e.Seconds = longest
	}
	return e, nil
}

func (m *Monitor) estimateJob(ctx context.Context, r *pipelines.Request, d pipelines.Dependant) (JobEstimate, error) {
	x := JobEstimate{Job: d.Job, Follows: strings.Join(d.Follows, ", "), Runs: len(r.Dates), AtOnce: r.Width}
	j := jobOf(m.d().Catalog, d.Job)
	if n := max(1, j.Every.Concurrency); n < x.AtOnce {
		x.AtOnce, x.Bound = n, BoundJob
	}
	for _, u := range j.Uses {
		if n, ok := m.d().Catalog.Limits.Uses[u]; ok && n < x.AtOnce {
			x.AtOnce, x.Bound = n, u
		}
	}
	which, args := "job = ? AND state = 'ok' AND finished_at > started_at", []any{d.Job}
	if s := r.Args[pipelines.ArgSystem]; s != "" && d.Job == r.Job {
		which, args = which+" AND startsWith(detail, ?)", append(args, s+": ")
	}
	runs, err := m.w.Runs(ctx, 100, which, args...)
	if err != nil {
		return x, err
	}
	var took []float64
	for _, run := range runs {
		took = append(took, run.Finished.Sub(run.Started).Seconds())
	}
	slices.Sort(took)
	if x.Known = len(took); x.Known > 0 {
		x.Seconds = took[x.Known/2]
	}
	x.Left = x.Seconds * float64((x.Runs+x.AtOnce-1)/x.AtOnce)
	if s := r.Args[pipelines.ArgSystem]; s != "" && d.Job == r.Job {
		x.Rows, err = m.rowsADay(ctx, s)
	}
	return x, err
}

// rowsADay is how many rows of a system happened on a day, over the days on which
// any did.
func (m *Monitor) rowsADay(ctx context.Context, system string) (int64, error) {
	var sum, days uint64
	for _, f := range m.d().Catalog.System(system).Flows {
		var n, d uint64
		err := m.w.QueryRow(ctx, "SELECT count(), uniqExact(toDate(event_time)) FROM std."+f.Entity+" WHERE src_system = ?", []any{&n, &d}, system)
		if err != nil {
			return 0, err
		}
		sum, days = sum+n, max(days, d)
	}
	if days == 0 {
		return 0, nil
	}
	return int64(sum / days), nil
}

// StartBackfill asks for it.
func (m *Monitor) StartBackfill(ctx context.Context, r pipelines.Request) error {
	if err := m.k.Ensure(ctx, pipelines.ControlTopics()); err != nil {
		return err
	}
	return pipelines.Ask(ctx, m.k, r)
}

// BackfillCell is how far one job is for one date.
type BackfillCell struct {
	Job   string `json:"job"`
	Date  string `json:"date"`
	State string `json:"state"` // of ops.run, or waiting
	Run   string `json:"run,omitempty"`
	Error string `json:"error,omitempty"`
}

// BackfillStatus is how far a backfill is.
type BackfillStatus struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	From    string         `json:"from"`
	To      string         `json:"to"`
	Dates   int            `json:"dates"`
	Jobs    []string       `json:"jobs"`
	By      string         `json:"by,omitempty"`
	Why     string         `json:"why,omitempty"`
	At      time.Time      `json:"at"`
	State   string         `json:"state"` // waiting, running, done, failed, cancelled
	Counts  map[string]int `json:"counts"`
	Cells   []BackfillCell `json:"cells,omitempty"`
	Resumed int            `json:"resumed,omitempty"`
}

// waiting is the state of a cell whose run has not begun.
const waiting = "waiting"

// Backfills lists the backfills that were asked for, the newest first.
func (m *Monitor) Backfills(ctx context.Context) ([]BackfillStatus, error) {
	list, err := pipelines.Backfills(ctx, m.k)
	if err != nil {
		return nil, err
	}
	out := []BackfillStatus{}
	for _, b := range slices.Backward(list) {
		s, err := m.backfillStatus(ctx, b)
		if err != nil {
			return nil, err
		}
		s.Cells = nil
		out = append(out, s)
	}
	return out, nil
}

// Backfill is one of them with every date and job.
func (m *Monitor) Backfill(ctx context.Context, id string) (BackfillStatus, error) {
	b, err := m.backfill(ctx, id)
	if err != nil {
		return BackfillStatus{}, err
	}
	return m.backfillStatus(ctx, b)
}

func (m *Monitor) backfill(ctx context.Context, id string) (*pipelines.Backfill, error) {
	list, err := pipelines.Backfills(ctx, m.k)
	if err != nil {
		return nil, err
	}
	var known []string
	for _, b := range list {
		if b.ID == id {
			return b, nil
		}
		known = append(known, b.ID)
	}
	hint := decl.Suggest(id, known)
	if hint == "" {
		hint = "rongtong backfill list lists them"
	}
	return nil, fault.Hint(fault.Config, hint, "looking for backfill %q: there is no such backfill", id)
}

// backfillStatus joins what was asked for, what is on its way and what ran.
func (m *Monitor) backfillStatus(ctx context.Context, b *pipelines.Backfill) (BackfillStatus, error) {
	first := &b.Requests[0]
	s := BackfillStatus{ID: b.ID, Name: b.Name(), From: b.Dates()[0], To: b.Dates()[len(b.Dates())-1], Dates: len(b.Dates()), Jobs: b.Jobs(),
		By: first.By, Why: first.Why, At: first.At, Counts: map[string]int{}, Resumed: len(b.Requests) - 1}
	runs, err := m.w.Runs(ctx, 1_000_000, "startsWith(slot, ?)", b.ID)
	if err != nil {
		return s, err
	}
	latest := map[string]warehouse.Run{} // by slot
	for _, r := range slices.Backward(runs) {
		if old, ok := latest[r.Slot]; !ok || r.Attempt >= old.Attempt {
			latest[r.Slot] = r
		}
	}
	refused := ""
	for _, r := range b.Requests { // a request that the leader could not act on is a failed run of its own name
		if x := latest[r.RunID]; x.Request == r.RunID && x.State == warehouse.Failed && len(r.Dates) > 1 {
			refused = x.Error
		}
	}
	for _, job := range s.Jobs {
		for _, date := range b.Dates() {
			c := cell(b, job, date, latest)
			if c.State == waiting && refused != "" {
				c.State, c.Error = warehouse.Failed, refused
			}
			if c.State == waiting && b.Cancelled {
				c.State = warehouse.Cancelled
			}
			s.Counts[c.State]++
			s.Cells = append(s.Cells, c)
		}
	}
	going := s.Counts[waiting] + s.Counts[warehouse.Running] + s.Counts[warehouse.Retrying] + s.Counts[warehouse.Interrupted]
	switch all := len(s.Cells); {
	case s.Counts[warehouse.OK] == all:
		s.State = "done"
	case going > 0 && s.Counts[waiting] < all:
		s.State = warehouse.Running
	case going > 0:
		s.State = waiting
	case b.Cancelled:
		s.State = warehouse.Cancelled
	default:
		s.State = warehouse.Failed
	}
	return s, nil
}

// cell is how far a job is for a date: done if any of its slots was.
func cell(b *pipelines.Backfill, job, date string, latest map[string]warehouse.Run) BackfillCell {
	c := BackfillCell{Job: job, Date: date, State: waiting}
	for i, slot := range b.Slots(job, date) {
		r, ok := latest[slot]
		if ok && (i == 0 || r.State == warehouse.OK) {
			c.State, c.Run, c.Error = r.State, r.ID, r.Error
			if c.Error == "" && r.State != warehouse.OK {
				c.Error = r.Detail
			}
		}
		if c.State == warehouse.OK {
			break
		}
	}
	return c
}

// CancelBackfill gives up what has not run and ends what runs. What was done stays.
func (m *Monitor) CancelBackfill(ctx context.Context, id, why string) error {
	b, err := m.backfill(ctx, id)
	if err != nil {
		return err
	}
	by := ""
	if u, err := user.Current(); err == nil {
		by = u.Username
	}
	for _, r := range b.Requests {
		if err := pipelines.Ask(ctx, m.k, pipelines.Request{RunID: pipelines.NewRunID("cancel"), Op: pipelines.OpCancel, Of: r.RunID, By: by, Why: why}); err != nil {
			return err
		}
	}
	return nil
}

// ResumeBackfill asks again for what a backfill left: dates that failed, were given
// up or cancelled, and what comes after them. It returns how many runs that are.
func (m *Monitor) ResumeBackfill(ctx context.Context, id string) (int, error) {
	b, err := m.backfill(ctx, id)
	if err != nil {
		return 0, err
	}
	s, err := m.backfillStatus(ctx, b)
	if err != nil {
		return 0, err
	}
	if s.State == waiting || s.State == warehouse.Running {
		return 0, fault.Hint(fault.Config, "rongtong backfill show "+id, "resuming %q: it is under way", id)
	}
	left := map[string][]string{} // dates by the first job that was not done for them
	for _, date := range b.Dates() {
		i := slices.IndexFunc(s.Cells, func(c BackfillCell) bool { return c.Date == date && c.State != warehouse.OK })
		if i >= 0 {
			left[s.Cells[i].Job] = append(left[s.Cells[i].Job], date)
		}
	}
	runs := 0
	for i, job := range s.Jobs {
		if len(left[job]) == 0 {
			continue
		}
		r := b.Requests[0]
		r.At, r.Dates, r.Job = time.Time{}, left[job], job
		r.RunID = fmt.Sprintf("%s/again%d-%s", id, len(b.Requests), job)
		if i > 0 {
			r.Then = following(b.Requests[0].Then, job)
		}
		if err := pipelines.Ask(ctx, m.k, r); err != nil {
			return runs, err
		}
		runs += len(r.Dates) * (1 + len(r.Then))
	}
	return runs, nil
}

// following are the dependants after one of them, and of what each follows only
// what is done again.
func following(then []pipelines.Dependant, job string) []pipelines.Dependant {
	i := slices.IndexFunc(then, func(d pipelines.Dependant) bool { return d.Job == job })
	kept := []string{job}
	var out []pipelines.Dependant
	for _, d := range then[i+1:] {
		d.Follows = slices.DeleteFunc(slices.Clone(d.Follows), func(f string) bool { return !slices.Contains(kept, f) })
		kept = append(kept, d.Job)
		out = append(out, d)
	}
	return out
}
