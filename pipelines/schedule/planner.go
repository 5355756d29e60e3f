package schedule

import (
	"container/heap"
	"maps"
	"slices"
	"time"
)

// State is all that is remembered of a job: with it any process can go on
// where another stopped, without missing a slot and without taking one twice.
type State struct {
	Job string `json:"job"`
	// Through: every slot up to this time has been decided.
	Through time.Time `json:"through"`
	// Open are the slots that were taken and are not finished, oldest first.
	// The first is the one that runs or runs next.
	Open []Open `json:"open,omitempty"`
}

// Open is a slot on its way.
type Open struct {
	At        time.Time `json:"at"`
	Business  time.Time `json:"business"`
	Attempt   int       `json:"attempt,omitempty"` // how often it was started
	Running   bool      `json:"running,omitempty"`
	NotBefore time.Time `json:"not_before,omitempty"`
}

// Decision says what became of a slot.
type Decision struct {
	Job      string
	At       time.Time
	Business time.Time
	Taken    bool   // it will run; else Why says why not
	Why      string // "joined" by a later one, "missed", "still running", "beyond the limit"
}

// Planner decides about the slots of jobs. It is pure: it has no clock, starts
// nothing and stores nothing. Who uses it stores the states that it returns
// before acting on them, under a fence that refuses a leader of the past.
// It is not safe for concurrent use.
type Planner struct {
	jobs map[string]*planned
	open map[string]*planned // jobs with open slots
	due  dueHeap
}

type planned struct {
	spec  *Spec
	state State
	next  Slot // the first slot after state.Through
	index int  // in the heap; -1 when there is no next slot
}

// NewPlanner plans jobs from what is remembered of them. A job of which nothing
// is remembered begins now: slots of before it was declared are nobody's. A
// slot that was running under an earlier leader is to be run again.
func NewPlanner(specs map[string]*Spec, states map[string]State, now time.Time) *Planner {
	p := &Planner{jobs: make(map[string]*planned, len(specs)), open: map[string]*planned{}}
	for name, spec := range specs {
		j := &planned{spec: spec, state: states[name], index: -1}
		if j.state.Job == "" {
			j.state = State{Job: name, Through: now}
		}
		j.state.Open = slices.Clone(j.state.Open)
		for i := range j.state.Open {
			j.state.Open[i].Running = false
		}
		p.jobs[name] = j
		if len(j.state.Open) > 0 {
			p.open[name] = j
		}
		p.advance(j)
	}
	return p
}

// States are the states of all jobs, by name.
func (p *Planner) States() []State {
	out := make([]State, 0, len(p.jobs))
	for _, name := range slices.Sorted(maps.Keys(p.jobs)) {
		out = append(out, p.jobs[name].state.clone())
	}
	return out
}

// advance finds the job's next slot.
func (p *Planner) advance(j *planned) {
	next, ok := j.spec.Next(j.state.Through)
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

// Wake is when there is next something to decide or to try again; zero when
// there never is.
func (p *Planner) Wake() time.Time {
	var wake time.Time
	if len(p.due) > 0 {
		wake = p.due[0].next.Start
	}
	for _, j := range p.open {
		if o := j.state.Open[0]; !o.Running && !o.NotBefore.IsZero() && (wake.IsZero() || o.NotBefore.Before(wake)) {
			wake = o.NotBefore
		}
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
		if len(j.state.Open) > 0 {
			p.open[j.state.Job] = j
		}
		p.advance(j)
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
		out = append(out, Decision{Job: j.state.Job, At: s.At, Business: s.Business, Taken: why == "", Why: why})
		if why == "" {
			j.state.Open = append(j.state.Open, Open{At: s.At, Business: s.Business})
		}
	}
	return out
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
	case rules.Misfire == "skip" && len(j.state.Open) > 0:
		return "still running"
	case left > 1:
		return "joined" // by the last
	}
	return ""
}

// joinWaiting gives up a slot that was taken and not started, for the later one
// that is about to be taken: one run does for both.
func (j *planned) joinWaiting() []Decision {
	n := len(j.state.Open)
	if n == 0 || j.state.Open[n-1].Running || j.state.Open[n-1].Attempt > 0 {
		return nil
	}
	o := j.state.Open[n-1]
	j.state.Open = j.state.Open[:n-1]
	return []Decision{{Job: j.state.Job, At: o.At, Business: o.Business, Why: "joined"}}
}

// within is how late a slot may start and still be on time.
func (s *Spec) within() time.Duration {
	if s.rules.Within > 0 {
		return s.rules.Within
	}
	return time.Minute
}

// Ready is what may start now, a job's slots one at a time, by name of job.
func (p *Planner) Ready(now time.Time) []State {
	var out []State
	for _, name := range slices.Sorted(maps.Keys(p.open)) {
		s := &p.open[name].state
		if !s.Open[0].Running && !s.Open[0].NotBefore.After(now) {
			out = append(out, s.clone())
		}
	}
	return out
}

// Start marks the first open slot of a job as running and returns the state to
// store before it runs.
func (p *Planner) Start(job string) State {
	o := &p.jobs[job].state.Open[0]
	o.Running, o.Attempt = true, o.Attempt+1
	return p.jobs[job].state.clone()
}

// Finish says how the running slot of a job ended. A failed one is tried again
// as often as declared, later each time; done tells that it will not be.
func (p *Planner) Finish(job string, ok bool, now time.Time) (s State, done bool) {
	j := p.jobs[job]
	o := &j.state.Open[0]
	o.Running = false
	if !ok && o.Attempt <= j.spec.rules.Retries {
		backoff := j.spec.rules.Backoff
		if backoff <= 0 {
			backoff = time.Minute
		}
		o.NotBefore = now.Add(backoff << min(o.Attempt-1, 10))
		return j.state.clone(), false
	}
	if j.state.Open = slices.Delete(j.state.Open, 0, 1); len(j.state.Open) == 0 {
		delete(p.open, job)
	}
	return j.state.clone(), true
}

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
