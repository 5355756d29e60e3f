package schedule

import (
	"container/heap"
	"maps"
	"slices"
	"time"
)

// Cause is why a slot is there.
type Cause string

// The causes.
const (
	BySchedule   Cause = "schedule"   // its time came
	BySensor     Cause = "sensor"     // a source did something
	ByRequest    Cause = "request"    // a person asked
	ByRetry      Cause = "retry"      // a person asked to go on where a run failed
	ByBackfill   Cause = "backfill"   // one of many dates that a person asked for
	ByDependency Cause = "dependency" // what it depends on was done again
)

// State is all that is remembered of a job: with it any process can go on
// where another stopped, without missing a slot and without taking one twice.
type State struct {
	Job string `json:"job"`
	// Through: every slot of the schedule up to this time has been decided.
	Through time.Time `json:"through"`
	// Asked and Seen are how far requests and the events of sources were turned
	// into slots: the offset of the last. What is read again is known.
	Asked int64 `json:"asked,omitempty"`
	Seen  int64 `json:"seen,omitempty"`
	// About is the latest business date that a sensor started a run about.
	About time.Time `json:"about,omitzero"`
	// Open are the slots that were taken and are not finished, in order.
	Open []Open `json:"open,omitempty"`
}

// Open is a slot on its way.
type Open struct {
	ID       string    `json:"id"` // names its runs; empty in what an earlier build wrote
	At       time.Time `json:"at"` // when its time came, or when it was asked for
	Business time.Time `json:"business"`
	Cause    Cause     `json:"cause,omitempty"`
	// Lane is the request that the slot belongs to; empty: the job's schedule. The
	// slots of a lane start in order, at most Width of them (default 1) begun and not
	// finished at once. With Strict, one that fails for good takes the rest with it.
	Lane   string `json:"lane,omitempty"`
	Width  int    `json:"width,omitempty"`
	Strict bool   `json:"strict,omitempty"`
	// Priority of the slot; 0: the job's, negative: so much below the job's.
	Priority int `json:"priority,omitempty"`
	// Waits: what the job comes after must hold first, until Until.
	Waits bool      `json:"waits,omitempty"`
	Until time.Time `json:"until,omitzero"`
	// Follows are slots, of any jobs, that must be over before this one starts. One
	// that is given up, or fails for good, takes those that follow it with it.
	Follows []Followed `json:"follows,omitempty"`
	// Behind is what must be loaded before the slot starts.
	Behind *Behind `json:"behind,omitempty"`
	// From is the step to begin with: the one that failed.
	From string            `json:"from,omitempty"`
	Args map[string]string `json:"args,omitempty"` // of the request, for the work

	Attempt   int       `json:"attempt,omitempty"` // how often it was started
	Running   bool      `json:"running,omitempty"`
	NotBefore time.Time `json:"not_before,omitzero"`
}

// Followed names a slot.
type Followed struct {
	Job string `json:"job"`
	ID  string `json:"id"`
}

// Behind is a place in every partition of a topic.
type Behind struct {
	Topic   string  `json:"topic"`
	Offsets []int64 `json:"offsets"`
}

// Decision says what became of a slot.
type Decision struct {
	Job      string
	ID       string
	Cause    Cause
	At       time.Time
	Business time.Time
	Taken    bool   // it will run; else Why says why not
	Why      string // "joined" by a later one, "missed", "still running", "beyond the limit", …
}

// Limits bound what runs at the same time.
type Limits struct {
	Pool int            // all runs together; 0: 4
	Uses map[string]int // runs that use something of a name; a name that is not here is not limited
}

// Ageing is what a step of priority is worth: a slot of one priority more goes
// before one that has waited so much longer. So nobody waits for ever.
const Ageing = 10 * time.Minute

// Planner decides about the slots of jobs, and which of them start. It is pure:
// it has no clock, starts nothing and stores nothing. Who uses it stores the
// states that it returns before acting on them, under a fence that refuses a
// leader of the past. It is not safe for concurrent use.
type Planner struct {
	jobs    map[string]*planned
	limits  Limits
	due     dueHeap
	held    map[string]bool
	patient map[string]bool // jobs whose slots may wait for something
	chained map[string]bool // jobs with slots that follow others
	waiting []*entry        // may start but for the limits, in order
	later   laterHeap       // may start from a time on
	running int
	used    map[string]int // by what runs use
}

type planned struct {
	spec  *Spec
	state State
	next  Slot // the first slot after state.Through
	index int  // in the heap; -1 when there is no next slot, or the job is held
	// offered are the job's entries in waiting; entries of an older version in
	// later are void.
	offered []*entry
	version int
	met     map[string]bool // slots that need not wait any more
}

// NewPlanner plans jobs from what is remembered of them. A job of which nothing
// is remembered begins now: slots of before it was declared are nobody's. A
// slot that was running under an earlier leader is to be run again.
func NewPlanner(specs map[string]*Spec, limits Limits, states map[string]State, now time.Time) *Planner {
	p := &Planner{jobs: make(map[string]*planned, len(specs)), held: map[string]bool{}, patient: map[string]bool{}, chained: map[string]bool{}, used: map[string]int{}}
	p.limit(limits)
	for name, spec := range specs {
		p.add(name, spec, states[name], now)
	}
	p.release() // only now is it known what is open
	return p
}

func (p *Planner) limit(l Limits) {
	if l.Pool <= 0 {
		l.Pool = 4
	}
	p.limits = l
}

func (p *Planner) add(name string, spec *Spec, state State, now time.Time) {
	if state.Job == "" {
		state = State{Job: name, Through: now}
	}
	j := &planned{spec: spec, state: state.clone(), index: -1, met: map[string]bool{}}
	for i := range j.state.Open {
		o := &j.state.Open[i]
		o.Running = false
		if o.ID == "" { // written by an earlier build, which knew slots of schedules only
			o.ID, o.Cause = SlotID(name, o.At), BySchedule
		}
	}
	p.jobs[name] = j
	p.chain(j)
	p.settle(j)
}

// settle takes a job's spec into account.
func (p *Planner) settle(j *planned) {
	if delete(p.patient, j.state.Job); j.spec.waits || j.spec.sensed {
		p.patient[j.state.Job] = true
	}
	p.advance(j)
	p.offer(j)
}

// Reload takes a new set of jobs and limits. Jobs that stay keep their state, new
// ones begin now, and of those that are gone the slots that have not started are
// given up. It returns every state there is then: what is stored in place of all
// before.
func (p *Planner) Reload(specs map[string]*Spec, limits Limits, now time.Time) ([]Decision, []State) {
	p.limit(limits)
	var out []Decision
	for _, name := range slices.Sorted(maps.Keys(p.jobs)) {
		j := p.jobs[name]
		if spec, ok := specs[name]; ok {
			p.recount(j, -1)
			j.spec = spec
			p.recount(j, +1)
			p.settle(j)
			continue
		}
		p.withdraw(j)
		if j.index >= 0 {
			heap.Remove(&p.due, j.index)
		}
		for _, o := range j.state.Open {
			if !o.Running {
				out = append(out, o.decision(name, "no longer declared"))
			}
		}
		p.recount(j, -1)
		delete(p.jobs, name)
		delete(p.patient, name)
	}
	for name, spec := range specs {
		if p.jobs[name] == nil {
			p.add(name, spec, State{}, now)
		}
	}
	_, more := p.forsake(out)
	p.release()
	return append(out, more...), p.States()
}

// recount adds or removes what the running slots of a job occupy.
func (p *Planner) recount(j *planned, by int) {
	for _, o := range j.state.Open {
		if o.Running {
			p.occupy(j, by)
		}
	}
}

// States are the states of all jobs, by name.
func (p *Planner) States() []State {
	out := make([]State, 0, len(p.jobs))
	for _, name := range slices.Sorted(maps.Keys(p.jobs)) {
		out = append(out, p.jobs[name].state.clone())
	}
	return out
}

// State is a job's state; false: there is no such job.
func (p *Planner) State(job string) (State, bool) {
	j, ok := p.jobs[job]
	if !ok {
		return State{}, false
	}
	return j.state.clone(), true
}

// advance finds the job's next slot.
func (p *Planner) advance(j *planned) {
	next, ok := j.spec.Next(j.state.Through)
	ok = ok && !p.held[j.state.Job]
	j.next = next
	switch {
	case !ok && j.index >= 0:
		heap.Remove(&p.due, j.index)
	case !ok:
	case j.index >= 0:
		heap.Fix(&p.due, j.index)
	default:
		heap.Push(&p.due, j)
	}
}

// Hold stops a job's schedule, or lets it go on. While it is held nothing is
// decided about its times, what waits does not start, and what runs goes on;
// what a person asks for runs all the same. Afterwards its times are as those of
// an outage: the job's misfire policy decides about them.
func (p *Planner) Hold(job string, held bool) {
	if p.held[job] == held {
		return
	}
	p.held[job] = held
	if j := p.jobs[job]; j != nil {
		p.advance(j)
		p.offer(j)
	}
}

// Wake is when there is next something to decide or to start; zero when there
// never is. What waits for limits, or for what it comes after, has no time.
func (p *Planner) Wake() time.Time {
	var wake time.Time
	if len(p.due) > 0 {
		wake = p.due[0].next.Start
	}
	p.later.clean()
	if len(p.later) > 0 && (wake.IsZero() || p.later[0].notBefore.Before(wake)) {
		wake = p.later[0].notBefore
	}
	return wake
}

// Decide decides about every slot that is due and returns what it decided, and
// the states that changed.
func (p *Planner) Decide(now time.Time) (decisions []Decision, changed []State) {
	for len(p.due) > 0 && !p.due[0].next.Start.After(now) {
		j := p.due[0]
		var slots []Slot
		for s := j.next; !s.Start.After(now); {
			slots = append(slots, s)
			j.state.Through = s.At
			next, ok := j.spec.Next(s.At)
			if !ok {
				break
			}
			s = next
		}
		decisions = append(decisions, j.decide(slots, now)...)
		changed = append(changed, j.state.clone())
		p.advance(j)
		p.offer(j)
	}
	return decisions, changed
}

// decide applies the misfire policy to slots that are due, in order.
func (j *planned) decide(slots []Slot, now time.Time) []Decision {
	var out []Decision
	for i, s := range slots {
		why := j.refuse(len(slots)-i, now.Sub(s.Start))
		if why == "" && j.spec.rules.Misfire != "each" {
			out = append(out, j.joinWaiting()...)
		}
		o := Open{ID: SlotID(j.state.Job, s.At), At: s.At, Business: s.Business, Cause: BySchedule, Waits: j.spec.waits}
		if o.Waits {
			o.Until = s.At.Add(j.spec.wait)
		}
		d := o.decision(j.state.Job, why)
		if d.Taken = why == ""; d.Taken {
			j.state.Open = append(j.state.Open, o)
		}
		out = append(out, d)
	}
	return out
}

func (o *Open) decision(job, why string) Decision {
	return Decision{Job: job, ID: o.ID, Cause: o.Cause, At: o.At, Business: o.Business, Why: why}
}

// refuse says why a slot is not taken, or "". There are still `left` slots to
// decide about, this one included; it is late by `late`.
func (j *planned) refuse(left int, late time.Duration) string {
	rules := &j.spec.rules
	switch {
	case rules.Misfire == "each" && rules.Limit > 0 && left > rules.Limit:
		return "beyond the limit"
	case rules.Misfire == "each":
		return ""
	case rules.Misfire == "skip" && late > j.spec.within():
		return "missed"
	case rules.Misfire == "skip" && j.scheduled() >= j.spec.width():
		return "still running"
	case left > 1:
		return "joined" // by the last
	}
	return ""
}

// scheduled counts the open slots of the job's own times.
func (j *planned) scheduled() int {
	n := 0
	for i := range j.state.Open {
		if j.state.Open[i].Cause == BySchedule {
			n++
		}
	}
	return n
}

// joinWaiting gives up a slot of the schedule that was taken and not started, for
// the later one that is about to be taken: one run does for both.
func (j *planned) joinWaiting() []Decision {
	for i := len(j.state.Open) - 1; i >= 0; i-- {
		o := j.state.Open[i]
		if o.Cause != BySchedule {
			continue
		}
		if o.Running || o.Attempt > 0 {
			return nil
		}
		j.state.Open = slices.Delete(j.state.Open, i, i+1)
		delete(j.met, o.ID)
		return []Decision{o.decision(j.state.Job, "joined")}
	}
	return nil
}

// within is how late a slot may start and still be on time.
func (s *Spec) within() time.Duration {
	if s.rules.Within > 0 {
		return s.rules.Within
	}
	return time.Minute
}

// width is how many runs of a job there may be at the same time.
func (s *Spec) width() int { return max(1, s.rules.Concurrency) }

// SlotID names a slot of a schedule: the same whoever leads.
func SlotID(job string, at time.Time) string { return job + "-" + at.UTC().Format("20060102T150405") }

func (s State) clone() State {
	s.Open = slices.Clone(s.Open)
	return s
}

// dueHeap orders jobs by when their next slot is due.
type dueHeap []*planned

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, k int) bool { return h[i].next.Start.Before(h[k].next.Start) }
func (h dueHeap) Swap(i, k int) {
	h[i], h[k] = h[k], h[i]
	h[i].index, h[k].index = i, k
}
func (h *dueHeap) Push(x any) {
	j := x.(*planned)
	j.index = len(*h)
	*h = append(*h, j)
}
func (h *dueHeap) Pop() any {
	old := *h
	j := old[len(old)-1]
	j.index = -1
	*h = old[:len(old)-1]
	return j
}
