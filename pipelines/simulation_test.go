package pipelines

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"rongtong/schemas/fault"
)

// The simulation runs the product's own protocol code (Ingest.stream,
// Loader.shares, worker.make, worker.loadAll, Quiescer.under, worker.finish and all
// below them) in worlds where everything goes wrong: see TestSimulation. What is
// simulated is what lies behind the interfaces of log.go: a Kafka log with
// transactions, groups and topics that are deleted and created anew
// (simulation_kafka_test.go), a warehouse with a window of tokens
// (simulation_warehouse_test.go), a source (simulation_source_test.go), and the
// topic of the declarations with those who apply and follow them
// (simulation_plans_test.go). What must be true at the end is in
// simulation_audit_test.go.
//
// A world is a function of its seed. Every process is a coroutine that stops
// before each of its outside effects; the scheduler here picks who goes on, so
// that exactly one runs at a time and the same seed makes the same history. The
// clock is that of a testing/synctest bubble: waiting costs nothing.

// world is one simulated installation.
type world struct {
	seed uint64
	r    *rand.Rand
	bad  string // the sabotage, "" for none
	kind simKind

	plans []*Stream // the same stream under each plan
	width int       // partitions that the declarations say
	plan  int       // of cold worlds: the plan that the operator wants deployed

	log      simLog
	store    simStore
	source   simSource
	declared simDeclared

	actors []*actor
	ready  []*actor // of a step
	steps  int
	calm   bool // no more faults: everything must come to rest
	wild   int  // faults per hundred calls
	wall   int64
	wrong  error // what somebody did that nobody may

	tally   *tally
	history []string // of the last steps, when traced
	traced  bool
	stopped *simHold // a person has asked the loaders to stop
}

// simKind is what may happen in a world, beside the faults of all worlds.
type simKind struct {
	ids       bool // the brokers tell the IDs of topics
	embedded  bool // the broker commits like the embedded one: a crash may part rows and position
	hot       bool // declarations are applied under way; otherwise processes are restarted with others
	recreates bool // the topic is deleted and created anew
	expires   bool // the broker deletes records that nobody has read
	forgets   bool // the broker forgets what the loaders' group has stored
	moves     bool // persons move positions
	workers   int  // of a loader
	tears     bool // a leader is elected that lacks records which were acknowledged
}

// actor is one process.
type actor struct {
	w    *world
	name string
	role func(*actor)
	skew int64 // of its clock, in ms

	main    thread
	threads []*thread           // beside the main one: the workers of a loader
	yield   func(struct{}) bool // of the thread that runs
	killed  bool
	stalled int // steps until it wakes up
	life    int // how often it was started

	plan      int        // of a loader in a cold world: which one is deployed
	following *simFollow // of a loader in a hot world

	attempts int
	cached   []byte // a position that only a sabotaged process remembers
}

// thread is what a process does beside other things, as a coroutine.
type thread struct {
	next  func() (struct{}, bool)
	yield func(struct{}) bool
	idle  bool // it has nothing to do until it is woken up
}

type killed struct{}

// start makes a fresh process of the actor's role.
func (a *actor) start() {
	a.killed, a.stalled, a.cached, a.following = false, 0, nil, nil
	a.life++
	a.skew = a.w.r.Int64N(20_000) - 10_000
	a.begin(&a.main, func() { a.role(a) })
}

// begin makes a thread of work.
func (a *actor) begin(t *thread, work func()) {
	t.next, _ = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if p := recover(); p != nil && p != (killed{}) {
				panic(fmt.Sprintf("world %d, %s: %v\n%s", a.w.seed, a.name, p, debug.Stack()))
			}
		}()
		t.yield, a.yield = yield, yield
		work()
	})
}

// spawn lets the process do work beside what it does.
func (a *actor) spawn(work func(t *thread)) {
	t := &thread{}
	a.begin(t, func() { work(t) })
	a.threads = append(a.threads, t)
}

// wake wakes the threads that have nothing to do.
func (a *actor) wake() {
	for _, t := range a.threads {
		t.idle = false
	}
}

// lives reports whether the process is there.
func (a *actor) lives() bool { return a.main.next != nil }

// at is where a process stops before an effect. It may never return.
func (a *actor) at(what string) {
	if a.w.traced {
		a.w.note("%s wants to %s", a.name, what)
	}
	if !a.killed {
		a.yield(struct{}{})
	}
	if a.killed {
		panic(killed{})
	}
	if a.following != nil {
		a.following.sometimes()
	}
}

// step lets the process go on to its next effect.
func (a *actor) step() {
	if !a.lives() {
		a.start()
	}
	if n := len(a.threads); n > 0 {
		if i := a.w.r.IntN(n + 1); i < n && !a.threads[i].idle {
			t := a.threads[i]
			a.yield = t.yield
			if _, ok := t.next(); !ok {
				a.threads = slices.Delete(a.threads, i, i+1)
			}
			return
		}
	}
	a.yield = a.main.yield
	if _, ok := a.main.next(); !ok {
		a.main.next = nil
		a.w.note("%s ends", a.name)
	}
}

// kill is kill -9: nothing of the process's intentions happens any more.
func (a *actor) kill() {
	a.killed = true
	for _, t := range append(a.threads, &a.main) {
		for ok := t.next != nil; ok; {
			_, ok = t.next()
		}
	}
	a.main.next, a.threads = nil, nil
}

func (w *world) note(format string, args ...any) {
	if w.traced {
		w.history = append(w.history, fmt.Sprintf("%4d ", w.steps)+fmt.Sprintf(format, args...))
	}
}

// happens notes that something happened that does not happen on good days.
func (w *world) happens(kind happening, format string, args ...any) {
	w.tally.happened[kind]++
	if w.traced {
		w.note(format, args...)
	}
}

// fail ends the world: somebody did what nobody may.
func (w *world) fail(format string, args ...any) {
	if w.wrong == nil {
		w.wrong = fmt.Errorf(format, args...)
		w.note("WRONG: %v", w.wrong)
	}
}

// fate is what becomes of a request.
type fate int

const (
	done       fate = iota
	lostBefore      // the request never arrives
	lostAfter       // it takes effect, its answer is lost
)

func (a *actor) fate(what string) fate {
	w := a.w
	if w.calm || w.r.IntN(100) >= w.wild {
		return done
	}
	f, kind := lostBefore, lostRequest
	if w.r.IntN(2) == 0 {
		f, kind = lostAfter, lostAnswer
	}
	w.happens(kind, "%s: %s: %v", a.name, what, happenings[kind])
	return f
}

var errLost = fault.New(fault.Transient, "the connection was lost")

// newWorld makes the world of a seed.
func newWorld(seed uint64, bad string, plans []*Stream, t *tally) *world {
	r := rand.New(rand.NewPCG(seed, 7))
	w := &world{seed: seed, r: r, bad: bad, plans: plans, tally: t, wild: []int{0, 3, 10, 25}[r.IntN(4)], wall: 1_764_000_000_000, width: 3}
	w.kind = simKind{ids: r.IntN(4) > 0, embedded: r.IntN(2) == 0, hot: r.IntN(4) > 0, expires: r.IntN(6) == 0}
	w.kind.workers = max(1, r.IntN(5)-1)
	w.kind.forgets, w.kind.moves = r.IntN(5) == 0, r.IntN(4) == 0
	w.kind.recreates = w.kind.ids && !w.kind.expires && r.IntN(3) == 0
	w.kind.tears = !w.kind.expires && !w.kind.recreates && !w.kind.forgets && !w.kind.moves && r.IntN(4) == 0
	w.log = simLog{w: w, txns: map[string]*simProducer{}, slow: !w.kind.embedded && r.IntN(2) == 0}
	w.log.create()
	w.store = simStore{w: w, tables: map[string]*simTable{}, dropped: map[simSpan]bool{}, window: 3 + r.IntN(12), dual: r.IntN(3) == 0, picky: seed%3 == 0}
	w.source = newSimSource(w)
	w.declared = simDeclared{w: w, versions: []simVersion{{state: simApplied}}}
	w.add("ingest", (*actor).ingest)
	if r.IntN(3) == 0 {
		w.add("ingest-twin", (*actor).ingest)
	}
	for i := range 1 + r.IntN(3) {
		w.add(fmt.Sprint("load-", i), (*actor).load)
	}
	if w.kind.hot {
		w.add("apply", (*actor).operate)
		if r.IntN(3) == 0 {
			w.add("apply-twin", (*actor).operate)
		}
	}
	if w.kind.moves || w.kind.forgets || w.kind.expires || w.kind.tears {
		w.add("person", (*actor).person)
	}
	return w
}

// blockRows is how large blocks are: in some worlds every loader makes them alike.
func (w *world) blockRows() int {
	if w.seed%2 == 0 {
		return 2 + int(w.seed/2%5)
	}
	return 1 + w.r.IntN(7)
}

func (w *world) add(name string, role func(*actor)) {
	a := &actor{w: w, name: name, role: role}
	w.actors = append(w.actors, a)
	a.start()
}

// storm is how many steps faults go on; rest is how many calm ones may follow for each
// worker that a loader has.
const (
	storm = 350
	rest  = 6000
)

// run plays the world to its end and returns what is wrong with it. A world that
// does not come to rest within so many steps after the last fault is wrong, too:
// something stands still.
func (w *world) run() error {
	defer func() {
		for _, a := range w.actors {
			a.kill()
		}
	}()
	for w.steps = 0; w.steps < storm && w.wrong == nil; w.steps++ {
		w.event()
		w.step()
	}
	w.calmDown()
	limit := storm + rest*w.kind.workers
	for ; w.steps < limit && w.wrong == nil; w.steps++ {
		if w.steps%(700*w.kind.workers) == 0 {
			w.plan = 1 - w.plan // the operator deploys what a loader said is missing, then the other again
		}
		if w.step(); w.atRest() {
			w.store.deliverLate(true)
			w.tally.steps += w.steps
			if w.wrong != nil {
				return w.wrong
			}
			return w.audit()
		}
	}
	if w.wrong != nil {
		return w.wrong
	}
	return fmt.Errorf("the world does not come to rest within %d steps after the last fault: %s", limit-storm, w.state())
}

// calmDown ends the faults.
func (w *world) calmDown() {
	w.calm = true
	w.note("the storm is over")
	if w.log.gone {
		w.log.create()
	}
	if w.log.position == nil { // forgotten with a topic: who waits for news of the source does not know it
		for _, a := range w.actors[:2] {
			a.kill()
		}
	}
}

// step lets one process go on to its next effect.
func (w *world) step() {
	w.wall += w.r.Int64N(200)
	w.store.deliverLate(false)
	w.log.writeMarkers()
	w.log.watchPartitions()
	w.ready = w.ready[:0]
	for _, a := range w.actors {
		if a.stalled > 0 && !w.calm {
			a.stalled--
			continue
		}
		w.ready = append(w.ready, a)
	}
	if len(w.ready) == 0 {
		return
	}
	w.ready[w.r.IntN(len(w.ready))].step()
}

// event is what happens to the installation from outside.
func (w *world) event() {
	if w.log.gone && w.r.IntN(12) == 0 {
		w.log.recreate()
	}
	a := w.actors[w.r.IntN(len(w.actors))]
	switch n := w.r.IntN(400); {
	case n < 8:
		w.happens(killedProcess, "%s is killed", a.name)
		a.kill()
		w.log.expelSometimes(a)
	case n < 14:
		a.stalled = 5 + w.r.IntN(60)
		w.happens(stalledProcess, "%s stalls for %d", a.name, a.stalled)
		w.log.expelSometimes(a) // its session may run out meanwhile; it does not know
	case n < 17:
		w.log.crash()
	case n < 20:
		w.happens(rebalanced, "a rebalance")
		w.log.rebalance()
	case n < 24:
		jump := w.r.Int64N(7_200_000) - 3_600_000
		w.happens(jumpedClock, "the clock of %s jumps by %d ms", a.name, jump)
		a.skew += jump
	case n < 27:
		w.plan = 1 - w.plan
		w.note("the operator deploys plan %d", w.plan)
	case n < 32 && !w.kind.tears:
		w.log.truncate()
	case n < 35:
		w.log.timeOut()
	case n < 37:
		w.store.fullUntil = w.steps + w.r.IntN(60)
		w.happens(fullWarehouse, "the disk of the warehouse is full")
	case n < 39:
		w.log.fullUntil = w.steps + w.r.IntN(60)
		w.happens(fullBroker, "the disk of the broker is full")
	case n < 44 && w.kind.recreates:
		w.log.recreate()
	case n < 46 && w.kind.recreates:
		w.log.widen()
	case n < 50 && w.kind.expires:
		w.log.expire()
	case n < 53 && w.kind.tears:
		w.log.tear()
	case n < 53 && w.kind.forgets:
		w.log.forget()
	}
}

func (w *world) atRest() bool {
	return w.source.delivered() && w.log.drained()
}

// --- the loaders ---

var simDiscard = slog.New(slog.DiscardHandler)

// load is Loader.Run around the real shares and blocks.
func (a *actor) load() {
	w := a.w
	a.plan = w.plan
	l := &Loader{Warehouse: simActorStore{a}, Log: simDiscard, BlockRows: w.blockRows()}
	stream := w.plans[a.plan]
	if w.kind.hot {
		stream = a.follow(l)
	}
	l.streams.begin(map[string]*Stream{stream.Topic: stream})
	for {
		a.at("join the group")
		if a.keptOut() {
			continue
		}
		gen := w.log.join(a)
		if gen == nil {
			continue // the group is held
		}
		err := a.generation(context.Background(), l, gen)
		w.note("%s gives its partitions up: %v", a.name, err)
		if err != nil || a.keptOut() {
			w.log.leave(a)
		}
		if !w.kind.hot && w.plan != a.plan {
			w.log.leave(a)
			return // stopped at a boundary, to be started with the new plan
		}
	}
}

// generation is Loader.generation; what goes on there at the same time is done in
// turn here.
func (a *actor) generation(ctx context.Context, l *Loader, gen *simGen) error {
	w, topic := a.w, a.w.plans[0].Topic
	if err := l.follow(ctx, ctx); err != nil {
		return err
	}
	e := l.streams.enter()
	var shares []*share
	defer func() {
		for _, s := range shares {
			l.unqueue(s)
		}
		l.streams.leave(e)
	}()
	shares, err := l.shares(ctx, simOffsets{a: a}, gen.assigned, e.value)
	if err == nil {
		err = keepRestored(ctx, gen, shares)
	}
	if err != nil {
		return err
	}
	names, ready := []string{topic}, make(chan *share, 2*len(shares)+1)
	var failed error // of a worker: it ends the generation
	over := false
	for range w.kind.workers {
		a.spawn(func(t *thread) {
			if err := a.work(ctx, l, gen, ready, t, &over); err != nil {
				failed = err
			}
		})
	}
	defer func() {
		over = true
		for a.wake(); len(a.threads) > 0 && !a.killed; {
			a.at("wait for the workers")
		}
	}()
	for !gen.noticedOver() && failed == nil {
		a.at("look for work")
		if a.keptOut() || !w.kind.hot && w.plan != a.plan && w.r.IntN(4) == 0 {
			return nil
		}
		if e != l.streams.now && l.renewed(&e, names, len(shares) < len(gen.assigned)) {
			return errOthers
		}
		bounds, err := w.log.bounds()
		if err != nil {
			return err
		}
		if err := l.anew(ctx, simOffsets{a: a, quiet: true}, shares, names); err != nil {
			return err
		}
		l.turned(ctx, simEpochs{a}, shares, w.log.surveyed())
		for _, s := range shares {
			l.look(s, bounds, time.Now())
		}
		s := pickShare(w, shares)
		if s == nil {
			continue
		}
		l.queue(s, ready)
		if w.bad == "two workers have one partition" && 2*len(ready) < cap(ready)-2 {
			l.queue(s, ready)
		}
		a.wake()
	}
	return failed
}

// work is worker.run. What a worker does at the same time is done in turn here: it
// makes the blocks of a turn, then loads them.
func (a *actor) work(ctx context.Context, l *Loader, gen *simGen, ready <-chan *share, t *thread, over *bool) error {
	wk := a.worker(l, gen)
	defer wk.end()
	for !*over {
		select {
		case s := <-ready:
			orders := make(chan order, turn+1)
			wk.make(ctx, ctx, s, orders)
			close(orders)
			if err := wk.loadAll(ctx, orders); err != nil {
				return err
			}
		default:
			t.idle = true
			a.at("wait for a partition")
		}
	}
	return nil
}

// simWorker is a worker with the memory of one that ended.
type simWorker struct {
	*worker
	tally *tally
}

func (a *actor) worker(l *Loader, gen *simGen) simWorker {
	t, wk := a.w.tally, l.newWorker(gen, func() Reader { return simReader{a} })
	wk.mem = &t.mem
	if n := len(t.chunks); n > 0 {
		wk.chunk, t.chunks = *t.chunks[n-1], t.chunks[:n-1]
	}
	return simWorker{wk, t}
}

func (w simWorker) end() {
	w.renew(nil)
	w.tally.chunks = append(w.tally.chunks, &w.chunk)
}

// pickShare takes pending loads first, as dispatch does.
func pickShare(w *world, shares []*share) *share {
	n := 0
	shares = slices.DeleteFunc(slices.Clone(shares), func(s *share) bool { return s.torn || s.queued.Load() })
	for _, s := range shares {
		if s.pending.To > 0 {
			return s
		}
		if s.end.Load() > s.next.Load() {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	n = w.r.IntN(n)
	for _, s := range shares {
		if s.end.Load() > s.next.Load() {
			if n == 0 {
				return s
			}
			n--
		}
	}
	return nil
}

func (w *world) state() string {
	var b strings.Builder
	fmt.Fprintf(&b, "stored position %x of %d rows", w.log.position, len(w.source.rows))
	for i, p := range w.log.topic().parts {
		fmt.Fprintf(&b, "; partition %d holds [%d,%d), stable to %d, loaded to %d %q", i, p.first, len(p.entries), p.stable(), w.log.at(i).Offset, w.log.at(i).Metadata)
	}
	return b.String()
}
