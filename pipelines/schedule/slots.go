package schedule

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"time"
)

// patience is how long a slot waits for limits before what frees up is kept for
// it: a slot that needs two things at once would otherwise wait for ever while
// others take now the one, now the other.
const patience = 30 * time.Minute

// entry is an open slot that could start.
type entry struct {
	job       *planned
	id        string
	key       time.Time // since when it waits, priority counted in
	notBefore time.Time
	version   int // of the job when it was offered
}

func (e *entry) compare(o *entry) int {
	return cmp.Or(e.key.Compare(o.key), cmp.Compare(e.job.state.Job, o.job.state.Job), cmp.Compare(e.id, o.id))
}

// withdraw takes back all that was offered of a job.
func (p *Planner) withdraw(j *planned) {
	for _, e := range j.offered {
		if i, ok := slices.BinarySearchFunc(p.waiting, e, (*entry).compare); ok {
			p.waiting = slices.Delete(p.waiting, i, i+1)
		}
	}
	j.offered = j.offered[:0]
	j.version++
}

// offer finds out anew which open slots of a job could start: the first of each
// lane, as many as it is wide. One that failed and is to be tried again keeps
// its place in the lane, so that dates stay in order.
func (p *Planner) offer(j *planned) {
	p.withdraw(j)
	if len(j.state.Open) == 0 {
		return
	}
	begun := map[string]int{}
	for i := range j.state.Open {
		o := &j.state.Open[i]
		width := max(1, o.Width)
		if o.Lane == "" {
			width = j.spec.width()
		}
		if begun[o.Lane] >= width {
			continue
		}
		begun[o.Lane]++
		if o.Running || o.Lane == "" && p.held[j.state.Job] || o.Waits && !j.met[o.ID] || p.behind(o) {
			continue
		}
		e := &entry{job: j, id: o.ID, version: j.version, notBefore: o.NotBefore}
		since := o.At
		if o.NotBefore.After(since) {
			since = o.NotBefore
		}
		e.key = since.Add(-time.Duration(j.priority(o)) * Ageing)
		if o.NotBefore.IsZero() {
			p.wait(e)
		} else {
			heap.Push(&p.later, e)
		}
	}
}

func (j *planned) priority(o *Open) int {
	if o.Priority > 0 {
		return o.Priority
	}
	return j.spec.rules.Priority + o.Priority
}

func (p *Planner) wait(e *entry) {
	i, _ := slices.BinarySearchFunc(p.waiting, e, (*entry).compare)
	p.waiting = slices.Insert(p.waiting, i, e)
	e.job.offered = append(e.job.offered, e)
}

// Started is a slot that is to run now.
type Started struct {
	Job string
	Open
}

// Start marks as running all that may start now, those that waited longest
// first, and returns it with the states to store before it runs.
func (p *Planner) Start(now time.Time) (started []Started, changed []State) {
	for p.later.clean(); len(p.later) > 0 && !p.later[0].notBefore.After(now); p.later.clean() {
		p.wait(heap.Pop(&p.later).(*entry))
	}
	if p.running >= p.limits.Pool || len(p.waiting) == 0 {
		return nil, nil
	}
	var touched []*planned
	kept := map[string]int{} // of what is used, for those who waited too long
	for i := 0; i < len(p.waiting) && p.running < p.limits.Pool; i++ {
		e := p.waiting[i]
		if e.job.running() >= e.job.spec.width() {
			continue
		}
		if !p.fits(e.job.spec.uses, kept) {
			if now.Sub(e.key) > patience {
				for _, u := range e.job.spec.uses {
					kept[u]++
				}
			}
			continue
		}
		o := e.job.find(e.id)
		o.Running, o.Attempt, o.NotBefore = true, o.Attempt+1, time.Time{}
		p.occupy(e.job, +1)
		started = append(started, Started{e.job.state.Job, *o})
		if !slices.Contains(touched, e.job) {
			touched = append(touched, e.job)
		}
	}
	for _, j := range touched {
		changed = append(changed, j.state.clone())
		p.offer(j)
	}
	return started, changed
}

// running counts the job's runs under way.
func (j *planned) running() int {
	n := 0
	for i := range j.state.Open {
		if j.state.Open[i].Running {
			n++
		}
	}
	return n
}

// fits reports whether the limits leave room for one more run that uses this.
func (p *Planner) fits(uses []string, kept map[string]int) bool {
	for _, u := range uses {
		if limit, ok := p.limits.Uses[u]; ok && p.used[u]+kept[u] >= limit {
			return false
		}
	}
	return true
}

func (p *Planner) occupy(j *planned, by int) {
	p.running += by
	for _, u := range j.spec.uses {
		p.used[u] += by
	}
}

func (j *planned) find(id string) *Open {
	i := slices.IndexFunc(j.state.Open, func(o Open) bool { return o.ID == id })
	if i < 0 {
		return nil
	}
	return &j.state.Open[i]
}

// Outcome is how a run ended.
type Outcome struct {
	OK bool
	// Step is the one that failed, where the next attempt begins.
	Step string
	// Final: no further attempt, whatever the job declares. A run that a person
	// cancelled ends so.
	Final bool
}

// Finish says how a running slot ended. A failed one is tried again as often as
// declared, later each time; done tells that it will not be. What is given up
// with it is in decisions. A slot that is not known any more is done.
func (p *Planner) Finish(job, id string, end Outcome, now time.Time) (changed []State, done bool, decisions []Decision) {
	j := p.jobs[job]
	if j == nil || j.find(id) == nil {
		return nil, true, nil
	}
	var others []State
	o := j.find(id)
	if o.Running {
		o.Running = false
		p.occupy(j, -1)
	}
	if done = end.OK || end.Final || o.Attempt > j.spec.rules.Retries; !done {
		backoff := j.spec.rules.Backoff
		if backoff <= 0 {
			backoff = time.Minute
		}
		o.NotBefore, o.From = now.Add(backoff<<min(o.Attempt-1, 10)), end.Step
	} else {
		gone := *o
		j.drop(func(o *Open) bool { return o.ID == id })
		if !end.OK && gone.Strict {
			decisions = j.drop(func(o *Open) bool { return o.Lane == gone.Lane && !o.Running })
			for i := range decisions {
				decisions[i].Why = "given up: an earlier date of the request failed"
			}
		}
		if !end.OK {
			var more []Decision
			others, more = p.forsake(append([]Decision{gone.decision(job, "")}, decisions...))
			decisions = append(decisions, more...)
		}
		p.release()
	}
	p.offer(j)
	return append(others, j.state.clone()), done, decisions
}

// behind reports whether something that a slot follows is not over.
func (p *Planner) behind(o *Open) bool {
	return slices.ContainsFunc(o.Follows, func(f Followed) bool {
		j := p.jobs[f.Job]
		return j != nil && j.find(f.ID) != nil
	})
}

// chain remembers whether slots of a job follow others.
func (p *Planner) chain(j *planned) {
	if slices.ContainsFunc(j.state.Open, func(o Open) bool { return len(o.Follows) > 0 }) {
		p.chained[j.state.Job] = true
	} else {
		delete(p.chained, j.state.Job)
	}
}

// release offers what follows others anew, after something was over.
func (p *Planner) release() {
	for _, job := range slices.Sorted(maps.Keys(p.chained)) {
		if j := p.jobs[job]; j != nil {
			p.chain(j)
			p.offer(j)
		} else {
			delete(p.chained, job)
		}
	}
}

// forsake gives up what follows slots that will never be done, and what follows
// that.
func (p *Planner) forsake(gone []Decision) (states []State, decisions []Decision) {
	for len(gone) > 0 {
		lost := map[Followed]bool{}
		for _, d := range gone {
			lost[Followed{d.Job, d.ID}] = true
		}
		gone = nil
		for _, job := range slices.Sorted(maps.Keys(p.chained)) {
			j := p.jobs[job]
			if j == nil {
				continue
			}
			dropped := j.drop(func(o *Open) bool {
				return !o.Running && slices.ContainsFunc(o.Follows, func(f Followed) bool { return lost[f] })
			})
			if len(dropped) == 0 {
				continue
			}
			for i := range dropped {
				dropped[i].Why = "given up: what it follows was not done"
			}
			gone = append(gone, dropped...)
			states = append(states, j.state.clone())
			p.offer(j)
		}
		decisions = append(decisions, gone...)
	}
	return states, decisions
}

// drop removes open slots.
func (j *planned) drop(which func(*Open) bool) (out []Decision) {
	j.state.Open = slices.DeleteFunc(j.state.Open, func(o Open) bool {
		if !which(&o) {
			return false
		}
		delete(j.met, o.ID)
		out = append(out, o.decision(j.state.Job, ""))
		return true
	})
	return out
}

// Add adds slots to a job, after those that are open; one whose ID is open
// already is left out. asked and seen, where not zero, become the job's State.Asked
// and State.Seen; what comes from an offset that is not beyond them was added
// before, and is not added again. False: nothing changed, or there is no such job.
func (p *Planner) Add(job string, slots []Open, asked, seen int64) (State, bool) {
	j := p.jobs[job]
	if j == nil || asked > 0 && asked <= j.state.Asked || seen > 0 && seen <= j.state.Seen {
		return State{}, false
	}
	j.state.Asked, j.state.Seen = max(j.state.Asked, asked), max(j.state.Seen, seen)
	for _, o := range slots {
		if o.Cause == BySensor {
			j.joinSensed(&o)
		}
		if j.find(o.ID) == nil {
			o.Running = false
			j.state.Open = append(j.state.Open, o)
		}
	}
	p.chain(j)
	p.offer(j)
	return j.state.clone(), true
}

// joinSensed gives up the slots of sensors about the same date that have not
// started, for one that is about to be added: one run does for all.
func (j *planned) joinSensed(by *Open) {
	j.drop(func(o *Open) bool {
		return o.Cause == BySensor && o.Attempt == 0 && !o.Running && o.Business.Equal(by.Business)
	})
	if by.Business.After(j.state.About) {
		j.state.About = by.Business
	}
}

// Forget makes all requests and events new: the topics that they come from were
// made again, and their offsets begin anew.
func (p *Planner) Forget(asked, seen bool) {
	for _, j := range p.jobs {
		if asked {
			j.state.Asked = 0
		}
		if seen {
			j.state.Seen = 0
		}
	}
}

// GiveUp gives up open slots that do not run, by ID or by lane, and says so with
// a reason. Those that run are returned: it is the caller's to end them.
func (p *Planner) GiveUp(name, why string) (states []State, decisions []Decision, running []Started) {
	for _, job := range slices.Sorted(maps.Keys(p.jobs)) {
		j := p.jobs[job]
		mine := func(o *Open) bool { return o.ID == name || o.Lane != "" && o.Lane == name }
		for i := range j.state.Open {
			if o := &j.state.Open[i]; mine(o) && o.Running {
				running = append(running, Started{job, *o})
			}
		}
		gone := j.drop(func(o *Open) bool { return mine(o) && !o.Running })
		if len(gone) == 0 {
			continue
		}
		for i := range gone {
			gone[i].Why = why
		}
		decisions = append(decisions, gone...)
		states = append(states, j.state.clone())
		p.offer(j)
	}
	more, lost := p.forsake(decisions)
	return append(states, more...), append(decisions, lost...), running
}

// Hasten makes a slot that is to be tried again later ready now.
func (p *Planner) Hasten(id string) []State {
	for _, j := range p.jobs {
		if o := j.find(id); o != nil && !o.NotBefore.IsZero() {
			o.NotBefore = time.Time{}
			p.offer(j)
			return []State{j.state.clone()}
		}
	}
	return nil
}

// Waiting are the slots that would start, but for what their job comes after.
func (p *Planner) Waiting() (out []Started) {
	for _, job := range slices.Sorted(maps.Keys(p.patient)) {
		j := p.jobs[job]
		if p.held[job] {
			continue
		}
		for _, o := range j.state.Open {
			if o.Waits && !o.Running && !j.met[o.ID] {
				out = append(out, Started{job, o})
			}
		}
	}
	return out
}

// Meet says that a slot need not wait any more for what its job comes after.
func (p *Planner) Meet(job, id string) {
	if j := p.jobs[job]; j != nil {
		j.met[id] = true
		p.offer(j)
	}
}

// laterHeap orders entries by when they may start.
type laterHeap []*entry

// clean drops void entries from the top.
func (h *laterHeap) clean() {
	for len(*h) > 0 && (*h)[0].version != (*h)[0].job.version {
		heap.Pop(h)
	}
}

func (h laterHeap) Len() int           { return len(h) }
func (h laterHeap) Less(i, k int) bool { return h[i].notBefore.Before(h[k].notBefore) }
func (h laterHeap) Swap(i, k int)      { h[i], h[k] = h[k], h[i] }
func (h *laterHeap) Push(x any)        { *h = append(*h, x.(*entry)) }
func (h *laterHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	*h = old[:len(old)-1]
	return e
}
