package pipelines

import (
	"context"
	"slices"

	"rongtong/schemas/fault"
)

// simDeclared is the topic of the declarations: a version is begun, and then in
// force or given up. The number of a version is its index.
type simDeclared struct {
	w          *world
	versions   []simVersion
	writer     int // who may write: a later one fences an earlier one
	lock       *simHold
	everywhere int // the version that every loader was seen to run, or a later one
}

type simVersion struct {
	state simState
	plan  int
	pause bool // the loaders are asked to leave their group
}

type simState uint8

const (
	simBegun simState = iota
	simApplied
	simFailed
)

// inForce is the version that was applied last.
func (d *simDeclared) inForce() int {
	for n := len(d.versions) - 1; n > 0; n-- {
		if d.versions[n].state == simApplied {
			return n
		}
	}
	return 0
}

// begun is the version that is being applied; 0: none.
func (d *simDeclared) begun() int {
	for n := len(d.versions) - 1; n > 0; n-- {
		switch d.versions[n].state {
		case simBegun:
			return n
		case simApplied:
			return 0
		}
	}
	return 0
}

// simHold is a group, or a lock, that one process has for itself. When it dies or
// is silent for long, others get it; it learns that when it looks.
type simHold struct {
	a    *actor
	life int
	lost bool
}

// over reports to others whether the hold has ended by now.
func (h *simHold) over() bool {
	w := h.a.w
	switch {
	case h.lost:
	case h.a.life != h.life || !h.a.lives():
		h.lost = w.calm || w.r.IntN(10) == 0
	case h.a.stalled > 0 && !w.calm:
		h.lost = w.r.IntN(6) == 0
	}
	if h.lost {
		w.note("the hold of %s is over", h.a.name)
	}
	return h.lost
}

// --- a loader that follows the declarations ---

// simFollow is the part of a loader's process that follows the declarations: it
// goes on beside the loading.
type simFollow struct {
	a       *actor
	l       *Loader
	version int                        // that Switch was called with
	runs    int                        // that nothing is loaded beside any more
	earlier *epoch[map[string]*Stream] // which may still be used
}

// follow makes a's process follow the declarations, and returns the stream that it
// begins with.
func (a *actor) follow(l *Loader) *Stream {
	d := &a.w.declared
	f := &simFollow{a: a, l: l, version: d.inForce()}
	f.runs = f.version
	a.following = f
	l.Earlier = func(_ string, plan uint64) *Stream { return d.stream(plan) }
	l.Follow = f.caughtUp
	return a.w.plans[d.versions[f.version].plan]
}

// stream finds a stream of the history by its plan.
func (d *simDeclared) stream(plan uint64) *Stream {
	for _, v := range d.versions {
		if s := d.w.plans[v.plan]; s.Plan() == plan {
			return s
		}
	}
	return nil
}

// deployed is the plan that a's process works under.
func (a *actor) deployed() int {
	if a.following == nil {
		return a.plan
	}
	return a.w.declared.versions[a.following.version].plan
}

// sometimes the process hears what is new.
func (f *simFollow) sometimes() {
	if n := f.a.w.r.IntN(16); n == 0 || n < 4 && f.a.w.calm {
		f.hear()
	}
}

var longOver = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// hear takes the version in force over once nothing is loaded under the one before
// the present one. Switch would wait until the present one is unused, too; here the
// process goes on meanwhile.
func (f *simFollow) hear() {
	d := &f.a.w.declared
	if f.earlier != nil {
		select {
		case <-f.earlier.idle:
			f.earlier, f.runs = nil, f.version
		default:
			return
		}
	}
	n := d.inForce()
	if n <= f.version {
		return
	}
	s := f.a.w.plans[d.versions[n].plan]
	f.earlier, f.version = f.l.streams.now, n
	_ = f.l.Switch(longOver, []*Stream{s})
	if f.a.w.bad == "a version is said to be run before it is" {
		f.runs = n
	}
	f.a.w.note("%s changes over to version %d", f.a.name, n)
}

// caughtUp is what stands behind Loader.Follow.
func (f *simFollow) caughtUp(context.Context) error {
	a := f.a
	a.at("read which declarations are in force")
	if a.w.bad == "a late loader goes on with the declarations that it knows" {
		return nil
	}
	if a.fate("reading the declarations") != done {
		return errLost
	}
	for n := a.w.declared.inForce(); f.version < n; {
		if f.hear(); f.version < n {
			a.at("wait for the declarations to be taken over")
		}
	}
	return nil
}

// keptOut reports whether a loader knows that it is asked to leave its group.
func (a *actor) keptOut() bool {
	d := &a.w.declared
	if s := a.w.stopped; s != nil && s.a.life == s.life && s.a.lives() {
		return true
	}
	n := d.begun()
	if a.w.bad == "a table is rewritten while loaders run" {
		return false
	}
	return n > 0 && d.versions[n].pause && d.lock != nil && !d.lock.over()
}

// --- who applies declarations ---

// operate applies other declarations now and then, rolls back, and goes on with
// what another one began.
func (a *actor) operate() {
	w, d := a.w, &a.w.declared
	for {
		a.at("wait until other declarations are wanted")
		if w.r.IntN(25) > 0 || w.calm && d.begun() == 0 {
			continue
		}
		if d.lock != nil && !d.lock.over() {
			continue // somebody else is at it
		}
		lock := &simHold{a: a, life: a.life}
		d.lock = lock
		err := a.apply(lock)
		w.note("%s has applied: %v", a.name, err)
		if d.lock == lock {
			d.lock = nil
		}
	}
}

// change writes to the topic of the declarations, as one transaction.
func (a *actor) change(what string, writer int, change func()) error {
	a.at(what)
	if writer != a.w.declared.writer {
		return fault.New(fault.Config, "fenced by another writer of declarations")
	}
	f := a.fate(what)
	if f != lostBefore {
		change()
	}
	if f != done {
		return errLost
	}
	return nil
}

// apply is application.run.
func (a *actor) apply(lock *simHold) error {
	w, d := a.w, &a.w.declared
	a.at("take the right to write declarations")
	d.writer++
	writer := d.writer
	n, other := d.begun(), w.r.IntN(4) == 0
	if n > 0 && other {
		if err := a.change("give the other version up", writer, func() { d.versions[n].state = simFailed }); err != nil {
			return err
		}
	}
	if n == 0 || other {
		was := d.versions[d.inForce()].plan
		v := simVersion{plan: (was + 1 + w.r.IntN(len(w.plans)-1)) % len(w.plans), pause: w.r.IntN(2) == 0}
		w.tally.happened[begunVersion]++
		if err := a.change("begin a version", writer, func() { d.versions = append(d.versions, v); n = len(d.versions) - 1 }); err != nil {
			return err
		}
		w.note("version %d is begun: %+v", n, v)
	}
	hold := &simHold{}
	if d.versions[n].pause {
		var err error
		if hold, err = a.quiesce(w.plans[d.versions[d.inForce()].plan], nil); err != nil {
			return a.giveUp(n, writer, err)
		}
		defer w.log.release(hold)
		if err := a.rewrite(n, hold, lock); err != nil {
			return a.giveUp(n, writer, err)
		}
	}
	err := a.change("put the version in force", writer, func() {
		if lock.lost || hold.lost { // it looked just before
			return
		}
		d.versions[n].state = simApplied
		w.happens(appliedVersion, "version %d is in force", n)
	})
	if err != nil || d.versions[n].state != simApplied {
		return err
	}
	w.log.release(hold)
	a.awaitEverywhere(n)
	return nil
}

func (a *actor) giveUp(n, writer int, why error) error {
	d := &a.w.declared
	_ = a.change("give the version up", writer, func() { d.versions[n].state = simFailed })
	return why
}

// quiesce is Quiescer.Hold: it returns with the loaders' group held and no load
// pending.
func (a *actor) quiesce(now *Stream, leave func(Pending) bool) (*simHold, error) {
	w, d := a.w, &a.w.declared
	q := &Quiescer{Streams: []*Stream{now}, Log: simDiscard, Earlier: func(_ string, plan uint64) *Stream { return d.stream(plan) }}
	for range 4 {
		h := w.log.hold(a)
		if h == nil {
			return nil, fault.New(fault.Config, "the loaders do not leave")
		}
		pending, err := pendingLoads(context.Background(), simOffsets{a: a}, []string{now.Topic})
		if leave != nil {
			pending = slices.DeleteFunc(pending, leave)
		}
		if err == nil && (len(pending) == 0 || w.bad == "pending loads are not drained before a table is rewritten") {
			return h, nil
		}
		w.log.release(h)
		if err != nil {
			return nil, err
		}
		if err := a.drain(q, pending); err != nil {
			return nil, err
		}
	}
	return nil, fault.New(fault.Transient, "loads are pending again and again")
}

// drain is Quiescer.drain and Loader.Finish: a loader that does nothing else.
func (a *actor) drain(q *Quiescer, pending []Pending) error {
	w, ctx := a.w, context.Background()
	under, err := q.under(pending)
	if err != nil {
		return err
	}
	w.happens(drainedLoads, "%s finishes %d pending loads", a.name, len(pending))
	gen := w.log.join(a)
	if gen == nil {
		return errLost
	}
	defer w.log.leave(a)
	l := &Loader{Warehouse: simActorStore{a}, Log: simDiscard, Earlier: q.Earlier}
	shares, err := l.shares(ctx, simOffsets{a: a}, gen.assigned, under)
	if err != nil {
		return err
	}
	wk := a.worker(l, gen)
	defer wk.end()
	return wk.finish(ctx, shares, pending)
}

// hold takes the loaders' group over when it has no live member; nil: they do not
// leave in time.
func (l *simLog) hold(a *actor) *simHold {
	for range 60 {
		a.at("hold the loaders' group")
		for _, m := range l.members {
			if !m.lives() || m.stalled > 0 && l.w.r.IntN(5) == 0 {
				l.leave(m) // its session is over
				break
			}
		}
		if len(l.members) > 0 && l.w.bad != "a table is rewritten while loaders run" {
			continue
		}
		if l.held != nil && l.held.a != a && !l.held.over() {
			continue
		}
		l.held = &simHold{a: a, life: a.life}
		l.rebalance()
		return l.held
	}
	return nil
}

func (l *simLog) release(h *simHold) {
	if l.held == h {
		l.held = nil
	}
}

// rewrite copies the table beside the live one and puts the copy in its place: what
// is loaded in between is lost. Before each of the steps the holds are looked at.
func (a *actor) rewrite(version int, hold, lock *simHold) error {
	w := a.w
	lost := func() error {
		if (hold.lost || lock.lost) && w.bad != "a hold that was lost is not noticed" {
			return fault.New(fault.Transient, "the hold was lost")
		}
		return nil
	}
	a.at("copy the table")
	if err := lost(); err != nil {
		return err
	}
	rows := w.store.copied()
	if !w.calm && w.r.IntN(4) == 0 { // a copy takes long, and a machine may sleep meanwhile
		a.stalled = w.r.IntN(100)
		w.happens(stalledProcess, "%s stalls for %d", a.name, a.stalled)
	}
	a.at("put the copy in the table's place")
	if err := lost(); err != nil {
		return err
	}
	w.store.swap(rows, version)
	w.happens(rewrittenTable, "the table is rewritten for version %d", version)
	return nil
}

// awaitEverywhere waits for a while until every loader runs the version and nothing
// else.
func (a *actor) awaitEverywhere(n int) {
	w := a.w
	for range 60 {
		a.at("look which versions the loaders run")
		all := true
		for _, x := range w.actors {
			all = all && (x.following == nil || x.following.runs >= n)
		}
		if all {
			w.declared.everywhere = max(w.declared.everywhere, n)
			w.note("every loader runs version %d", n)
			return
		}
	}
}
