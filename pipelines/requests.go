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

// control carries what people ask for. Its one partition also elects the process
// that runs jobs: whoever owns it, and only they. What is held is what the last
// request about it says, so nothing of the topic is ever removed.
const (
	control       = "rongtong.control"
	scheduleGroup = "schedule"
)

// ControlTopics are what the roles need beside the streams' topics.
func ControlTopics() []topics.Topic {
	return []topics.Topic{{Name: control, Partitions: 1}, {Name: scheduled, Partitions: 1}, {Name: decisions, Partitions: 1},
		{Name: troubles, Partitions: 1, Configs: map[string]string{"retention.ms": "604800000"}},
		{Name: pullsTopic, Partitions: 1, Configs: map[string]string{"retention.ms": pullsRetention}}}
}

// What a Request can ask for.
const (
	OpRun    = "run"    // runs of a job, or a pull of a system
	OpCancel = "cancel" // the run, or all of the request, that Of names
	OpNow    = "now"    // the run that Of names is tried again at once, not later
	OpPause  = "pause"  // the schedule of a job, or the pulls of a system, is held
	OpResume = "resume" // and goes on
)

// Request is what a person asks of the schedule and ingest roles. It is acted
// upon once, by whoever leads.
type Request struct {
	RunID string `json:"run_id"` // names the request
	Op    string `json:"op,omitempty"`
	Job   string `json:"job,omitempty"` // or system
	Of    string `json:"of,omitempty"`  // a slot, or a request
	// Cause is request, retry, backfill or dependency; empty: request.
	Cause schedule.Cause `json:"cause,omitempty"`
	// Dates are business dates, YYYY-MM-DD, in the order in which they are to run:
	// one run each. None: one run about the date that the job's schedule would
	// give it now. The run of a single date has the request's name, of several
	// each has the date behind it (SlotOf).
	Dates []string `json:"dates,omitempty"`
	// Width is how many of the dates may be under way at once (0: 1), within the
	// job's own concurrency. With Strict, a date that fails for good takes the
	// later ones with it. Priority is added to the job's; negative lets others go first.
	Width    int  `json:"width,omitempty"`
	Strict   bool `json:"strict,omitempty"`
	Priority int  `json:"priority,omitempty"`
	// Waits: each date first waits for what the job comes after.
	Waits bool `json:"waits,omitempty"`
	// Then are jobs that run about each of the dates as well, each after those that
	// it follows: the request's job or others of Then. Their runs are named SlotThen.
	Then []Dependant       `json:"then,omitempty"`
	From string            `json:"from,omitempty"` // the step to begin with
	Args map[string]string `json:"args,omitempty"` // for the work
	By   string            `json:"by,omitempty"`   // who asks
	Why  string            `json:"why,omitempty"`
	At   time.Time         `json:"at"`
}

// SlotOf names the run of one of the request's dates.
func (r *Request) SlotOf(date string) string {
	if len(r.Dates) <= 1 {
		return r.RunID
	}
	return r.RunID + "-" + date
}

// Dependant is a job that runs about a date after others did.
type Dependant struct {
	Job     string   `json:"job"`
	Follows []string `json:"follows"`
}

// SlotThen names the run of a dependant about one of the request's dates.
func (r *Request) SlotThen(job, date string) string {
	if job == r.Job {
		return r.SlotOf(date)
	}
	return r.RunID + "/" + job + "-" + date
}

// NewRunID names a request that a person makes.
func NewRunID(job string) string {
	return fmt.Sprintf("%s-%s", job, time.Now().UTC().Format("20060102T150405.000000"))
}

// Ask puts a request where the processes that act on it find it.
func Ask(ctx context.Context, k *topics.Client, r Request) error {
	p, err := k.Producer(ctx, "control")
	if err != nil {
		return err
	}
	defer p.Close()
	if r.At.IsZero() {
		r.At = time.Now()
	}
	value, err := json.Marshal(r)
	if err != nil {
		return err
	}
	txn := p.Begin()
	txn.Append(control, 0, topics.Record{Key: []byte(r.RunID), Value: value})
	return txn.Commit(ctx)
}

// Held is a job or system that is paused.
type Held struct {
	Name string    `json:"name"`
	By   string    `json:"by"`
	Why  string    `json:"why"`
	At   time.Time `json:"at"`
}

// Paused reads what is held now, by name, and the offset after the last request.
func Paused(ctx context.Context, k *topics.Client) (map[string]Held, int64, error) {
	ends, err := k.Ends(ctx, control)
	if err != nil {
		return nil, 0, err
	}
	held, b := map[string]Held{}, ends[control][0]
	f := k.Fetcher(control, 0, b.First, topics.FetchOptions{ReadCommitted: true})
	err = f.Span(ctx, b.First, b.Last, func(m *topics.FetchedRecord) error {
		var r Request
		if json.Unmarshal(m.Value, &r) == nil {
			hold(held, &r)
		}
		return nil
	})
	return held, b.Last, err
}

// hold takes a request into account.
func hold(held map[string]Held, r *Request) {
	switch r.Op {
	case OpPause:
		held[r.Job] = Held{r.Job, r.By, r.Why, r.At}
	case OpResume:
		delete(held, r.Job)
	}
}

type request struct {
	Request
	offset int64
}

// requests follows the control topic from an offset until ctx ends.
func requests(ctx context.Context, k *topics.Client, next int64) (<-chan request, <-chan error) {
	out, failed := make(chan request), make(chan error, 1)
	go func() {
		f := k.Fetcher(control, 0, next, topics.FetchOptions{ReadCommitted: true})
		for ctx.Err() == nil {
			var got []request
			_, err := f.Fetch(ctx, func(r *topics.FetchedRecord) error {
				q := request{offset: r.Offset}
				if err := json.Unmarshal(r.Value, &q.Request); err != nil {
					q.Request = Request{RunID: fmt.Sprintf("control-%d", r.Offset), Op: "unreadable"}
				}
				got = append(got, q)
				return nil
			})
			if err != nil {
				failed <- err
				return
			}
			for _, q := range got {
				select {
				case out <- q:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out, failed
}

// ask acts on a request. What it adds is stored with the request's offset, so
// that it is added once, whoever reads it again.
func (l *leadership) ask(ctx context.Context, r request) error {
	log := l.Log.With("request", r.RunID, "op", r.Op, "job", r.Job, "by", r.By)
	var err error
	switch r.Op {
	case "", OpRun:
		err = l.add(ctx, &r)
	case OpCancel:
		err = l.cancel(ctx, r.Of, "cancelled"+by(&r.Request))
	case OpNow:
		err = l.store(ctx, l.planner.Hasten(r.Of))
	case OpPause, OpResume:
		l.planner.Hold(r.Job, r.Op == OpPause)
		log.Info("a person pauses or resumes", "why", r.Why)
	default:
		log.Error("ignoring a control record that is no request", "offset", r.offset)
	}
	if err != nil {
		return err
	}
	return l.gen.Commit(ctx, []topics.OffsetMeta{{Topic: control, Partition: 0, Offset: r.offset + 1}})
}

func by(r *Request) string {
	s := ""
	if r.By != "" {
		s = " by " + r.By
	}
	if r.Why != "" {
		s += ": " + r.Why
	}
	return s
}

// add turns a request into slots.
func (l *leadership) add(ctx context.Context, r *request) error {
	if l.set.Catalog.System(r.Job) != nil && l.jobs[r.Job] == nil {
		return nil // the ingest role's
	}
	spec := l.specs[r.Job]
	if spec == nil {
		return l.refuse(ctx, r, fault.New(fault.Config, "running %q: there is no such job", r.Job))
	}
	dates := r.Dates
	if len(dates) == 0 {
		dates = []string{spec.Business(r.At).Format(time.DateOnly)}
	}
	slots := make([]schedule.Open, len(dates))
	for i, d := range dates {
		day, err := time.Parse(time.DateOnly, d)
		if err != nil {
			return l.refuse(ctx, r, fault.Hint(fault.Config, "write YYYY-MM-DD", "running %q: %q is not a date", r.Job, d))
		}
		cause := r.Cause
		if cause == "" {
			cause = schedule.ByRequest
		}
		slots[i] = schedule.Open{ID: r.SlotOf(d), At: r.At, Business: day, Cause: cause, Lane: r.RunID, Width: r.Width, Strict: r.Strict,
			Priority: r.Priority, Waits: r.Waits && spec.Waits(), From: r.From, Args: r.Args}
		if slots[i].Waits {
			slots[i].Until = r.At.Add(spec.Patience())
		}
	}
	for _, d := range r.Then {
		if l.specs[d.Job] == nil {
			return l.refuse(ctx, r, fault.New(fault.Config, "running %q after %q: there is no such job", d.Job, r.Job))
		}
	}
	var changed []schedule.State
	if s, ok := l.planner.Add(r.Job, slots, r.offset+1, 0); ok { // else it was added before
		changed = append(changed, s)
	}
	for _, d := range r.Then {
		if s, ok := l.planner.Add(d.Job, r.then(d, dates, slots), r.offset+1, 0); ok {
			changed = append(changed, s)
		}
	}
	return l.store(ctx, changed)
}

// then are the slots of a dependant, one for each of the request's.
func (r *request) then(d Dependant, dates []string, of []schedule.Open) []schedule.Open {
	out := make([]schedule.Open, len(of))
	for i, o := range of {
		o.ID, o.Cause, o.Waits, o.Until, o.From = r.SlotThen(d.Job, dates[i]), schedule.ByDependency, false, time.Time{}, ""
		for _, f := range d.Follows {
			o.Follows = append(o.Follows, schedule.Followed{Job: f, ID: r.SlotThen(f, dates[i])})
		}
		out[i] = o
	}
	return out
}

// refuse records a request that cannot be acted upon as a failed run, so that who
// waits for it learns why.
func (l *leadership) refuse(ctx context.Context, r *request, err error) error {
	l.Log.Error("refusing a request", "request", r.RunID, "error", err)
	now := time.Now()
	row := warehouse.Run{ID: r.RunID, Job: r.Job, Cause: string(r.Cause), Request: r.RunID, Attempt: 1, Started: now, Finished: now, State: warehouse.Failed,
		ErrorClass: fault.Of(err).String(), Error: err.Error(), Process: process}
	return patient(ctx, l.Log, "recording a run", func() error { return l.Warehouse.RecordRun(ctx, row) })
}

// cancel gives up what waits of a slot or a request, and ends what runs of it.
func (l *leadership) cancel(ctx context.Context, name, why string) error {
	states, gone, running := l.planner.GiveUp(name, why)
	if err := l.store(ctx, states); err != nil {
		return err
	}
	for _, s := range running {
		if a := l.runs[s.ID]; a != nil {
			a.cancel(errCancelled)
		}
	}
	return l.record(ctx, gone, warehouse.Cancelled)
}
