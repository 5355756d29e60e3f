package pipelines

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// The simulation runs the product's own protocol code (Ingest.stream,
// Loader.shares, worker.block and all below them) in worlds where everything
// goes wrong: see TestSimulation. What is simulated is what lies behind the
// interfaces of log.go: a Kafka log with transactions and groups
// (simulation_kafka_test.go), a warehouse with a window of tokens
// (simulation_warehouse_test.go), and a source.
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

	streams []*Stream // the same stream under plan 0 and plan 1
	plan    int       // the plan that the operator wants deployed

	log    simLog
	store  simStore
	source simSource

	actors []*actor
	steps  int
	calm   bool // no more faults: everything must come to rest
	wild   int  // faults per hundred calls
	wall   int64

	history []string // of the last steps, when traced
	traced  bool
}

// actor is one process.
type actor struct {
	w    *world
	name string
	role func(*actor)
	skew int64 // of its clock, in ms

	next    func() (struct{}, bool)
	yield   func(struct{}) bool
	killed  bool
	stalled int // steps until it wakes up
	life    int // how often it was started
	plan    int // of a loader: which version is deployed

	attempts int
	cached   []byte // a position that only a sabotaged process remembers
}

type killed struct{}

// start makes a fresh process of the actor's role.
func (a *actor) start() {
	a.killed, a.stalled, a.cached = false, 0, nil
	a.life++
	a.skew = a.w.r.Int64N(20_000) - 10_000
	a.next, _ = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if p := recover(); p != nil && p != (killed{}) {
				panic(p)
			}
		}()
		a.yield = yield
		a.role(a)
	})
}

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
}

// kill is kill -9: nothing of the process's intentions happens any more.
func (a *actor) kill() {
	a.killed = true
	for ok := a.next != nil; ok; {
		_, ok = a.next()
	}
	a.next = nil
}

func (w *world) note(format string, args ...any) {
	if w.traced {
		w.history = append(w.history, fmt.Sprintf("%4d ", w.steps)+fmt.Sprintf(format, args...))
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
	f := lostBefore
	if w.r.IntN(2) == 0 {
		f = lostAfter
	}
	w.note("%s: %s: %v", a.name, what, map[fate]string{lostBefore: "the request is lost", lostAfter: "the answer is lost"}[f])
	return f
}

var errLost = fault.New(fault.Transient, "the connection was lost")

// newWorld makes the world of a seed.
func newWorld(seed uint64, bad string, streams []*Stream) *world {
	r := rand.New(rand.NewPCG(seed, 7))
	w := &world{seed: seed, r: r, bad: bad, streams: streams, wild: []int{0, 3, 10, 25}[r.IntN(4)], wall: 1_764_000_000_000}
	s := streams[0]
	w.log = simLog{w: w, parts: make([]simPart, s.Partitions()), txns: map[string]*simProducer{}, embedded: r.IntN(2) == 0}
	for i := range w.log.parts {
		w.log.parts[i].loaded.Offset = -1
	}
	w.store = simStore{w: w, tables: map[string]*simTable{}, window: 3 + r.IntN(12), dual: r.IntN(3) == 0, picky: seed%3 == 0}
	w.source = newSimSource(w)
	w.add("ingest", (*actor).ingest)
	if r.IntN(3) == 0 {
		w.add("ingest-twin", (*actor).ingest)
	}
	for i := range 1 + r.IntN(3) {
		w.add(fmt.Sprint("load-", i), (*actor).load)
	}
	return w
}

func (w *world) add(name string, role func(*actor)) {
	a := &actor{w: w, name: name, role: role}
	w.actors = append(w.actors, a)
	a.start()
}

// storm is how many steps faults go on; rest is how many calm ones may follow.
const (
	storm = 350
	rest  = 6000
)

// run plays the world to its end and returns what is wrong with it.
func (w *world) run() error {
	defer func() {
		for _, a := range w.actors {
			a.kill()
		}
	}()
	for w.steps = 0; w.steps < storm; w.steps++ {
		w.event()
		w.step()
	}
	w.calm = true
	w.note("the storm is over")
	for ; w.steps < storm+rest; w.steps++ {
		if w.steps%700 == 0 {
			w.plan = 1 - w.plan // the operator deploys what a loader said is missing, then the other again
		}
		if w.step(); w.atRest() {
			w.store.deliverLate(true)
			return w.audit()
		}
	}
	return fmt.Errorf("the world does not come to rest: %s", w.state())
}

// step lets one process go on to its next effect.
func (w *world) step() {
	w.wall += w.r.Int64N(200)
	w.store.deliverLate(false)
	var ready []*actor
	for _, a := range w.actors {
		if a.stalled > 0 && !w.calm {
			a.stalled--
			continue
		}
		if a.next == nil {
			a.start()
		}
		ready = append(ready, a)
	}
	if len(ready) == 0 {
		return
	}
	a := ready[w.r.IntN(len(ready))]
	if _, ok := a.next(); !ok {
		a.next = nil
		w.note("%s ends", a.name)
	}
}

// event is what happens to the installation from outside.
func (w *world) event() {
	a := w.actors[w.r.IntN(len(w.actors))]
	switch n := w.r.IntN(400); {
	case n < 8:
		w.note("%s is killed", a.name)
		a.kill()
		w.log.expelSometimes(a)
	case n < 14:
		a.stalled = 5 + w.r.IntN(60)
		w.note("%s stalls for %d", a.name, a.stalled)
		w.log.expelSometimes(a) // its session may run out meanwhile; it does not know
	case n < 17:
		w.log.crash()
	case n < 20:
		w.note("a rebalance")
		w.log.rebalance()
	case n < 24:
		jump := w.r.Int64N(7_200_000) - 3_600_000
		w.note("the clock of %s jumps by %d ms", a.name, jump)
		a.skew += jump
	case n < 27:
		w.plan = 1 - w.plan
		w.note("the operator deploys plan %d", w.plan)
	case n < 32:
		w.log.truncate()
	}
}

func (w *world) atRest() bool {
	return w.source.delivered() && w.log.drained()
}

// --- the source ---

// simSource is a register that changes: numbered records of a few things, some
// late, some wrong, some sent twice by the source itself. It forgets what it was
// told is durable.
type simSource struct {
	w        *world
	rows     []simRow
	forgot   int // rows below are gone
	villages []string
}

type simRow struct {
	village, period, value string
	at                     int64
	wrong                  bool
}

func newSimSource(w *world) simSource {
	src := simSource{w: w, villages: simVillages}
	last := map[string]int64{}
	for i := range 25 + w.r.IntN(30) {
		row := simRow{village: src.villages[w.r.IntN(len(src.villages))], period: fmt.Sprintf("2025-%02d", 1+w.r.IntN(2)), value: fmt.Sprint(100 + i)}
		key := row.village + row.period
		// Times of one thing differ, and one in five records is late.
		row.at = 1_764_000_000_000 + int64(i)*60_000
		if last[key] != 0 && w.r.IntN(5) == 0 {
			row.at = last[key] - 1000*int64(1+i)
		}
		last[key] = max(last[key], row.at)
		if row.wrong = w.r.IntN(9) == 0; row.wrong {
			row.value = "约一百"
		}
		src.rows = append(src.rows, row)
		if w.r.IntN(12) == 0 {
			src.rows = append(src.rows, row)
		}
	}
	return src
}

// delivered reports whether the stored position stands at the end.
func (s *simSource) delivered() bool {
	p, err := decodeProgress(s.w.log.position)
	n := len(p.Position) // sealed: our number is what it ends with
	return err == nil && n >= 8 && int(binary.LittleEndian.Uint64(p.Position[n-8:])) >= len(s.rows)
}

// simReading is the source as one process reads it.
type simReading struct {
	a      *actor
	next   int
	object *connectors.Object
}

func (s *simReading) Read(_ context.Context, dst *record.Chunk) (record.Position, error) {
	w := s.a.w
	s.a.at("read the source")
	if s.next < w.source.forgot {
		return nil, fault.New(fault.Bug, "the source no longer has row %d", s.next)
	}
	for s.next >= len(w.source.rows) {
		s.a.at("wait for the source")
	}
	for range 1 + w.r.IntN(6) {
		if s.next >= len(w.source.rows) {
			break
		}
		row := w.source.rows[s.next]
		s.object.Set(0, row.village)
		s.object.Set(1, row.period)
		s.object.Set(2, row.value)
		s.object.Set(3, time.UnixMilli(row.at).In(simZone).Format(time.DateTime))
		s.object.AppendTo(dst, time.Time{}, record.Upsert, fmt.Sprintf("#%d", s.next), "")
		s.next++
	}
	return binary.LittleEndian.AppendUint64(nil, uint64(s.next)), nil
}

func (s *simReading) Done(_ context.Context, pos record.Position) error {
	s.a.at("tell the source that rows are durable")
	s.a.w.source.forgot = max(s.a.w.source.forgot, int(binary.LittleEndian.Uint64(pos)))
	return nil
}

func (s *simReading) Stats() connectors.Stats { return connectors.Stats{} }
func (s *simReading) Close() error            { return nil }

// simOpened is the source's system as one process sees it.
type simOpened struct{ a *actor }

func (o simOpened) Check(context.Context) error                         { return nil }
func (o simOpened) Discover(context.Context) ([]*schemas.Stream, error) { return nil, nil }
func (o simOpened) Close() error                                        { return nil }
func (o simOpened) Source(_ context.Context, s *schemas.Stream, from record.Position) (connectors.Source, error) {
	src := &simReading{a: o.a, object: connectors.NewObject(s)}
	if from != nil {
		src.next = int(binary.LittleEndian.Uint64(from))
	}
	return src, nil
}

// --- the processes ---

var simDiscard = slog.New(slog.DiscardHandler)

// ingest is Ingest.system's loop around the real stream.
func (a *actor) ingest() {
	in := &Ingest{Log: simDiscard}
	tick := make(chan struct{})
	for {
		a.at("start ingesting")
		err := in.stream(context.Background(), simIngestLog{a}, simOpened{a}, a.w.streams[0], tick, simDiscard)
		a.w.note("%s starts again: %v", a.name, err)
		if !fault.Is(err, fault.Transient) { // retry waits longer: a person has to act, or a twin to end
			for range 60 {
				a.at("rest")
			}
		}
	}
}

// load is Loader.Run's and Loader.generation's loop around the real shares and
// blocks, with one worker: workers of one process never share a partition.
func (a *actor) load() {
	w := a.w
	a.plan = w.plan
	stream := w.streams[a.plan]
	l := &Loader{Warehouse: simActorStore{a}, Log: simDiscard, BlockRows: 1 + w.r.IntN(7)}
	ctx := context.Background()
	for {
		a.at("join the group")
		gen := w.log.join(a)
		shares, err := l.shares(ctx, simOffsets{a}, gen.assigned, map[string]*Stream{stream.Topic: stream})
		if err != nil {
			w.note("%s cannot take over: %v", a.name, err)
			w.log.leave(a)
			continue
		}
		wk := l.newWorker(gen, func() Reader { return simReader{a} })
		for !gen.noticedOver() && err == nil {
			a.at("look for work")
			if w.plan != a.plan && w.r.IntN(4) == 0 {
				w.log.leave(a) // stopped at a boundary, to be started with the new plan
				return
			}
			if s := pickShare(w, shares); s != nil {
				if err = a.turn(ctx, wk, s); err != nil {
					w.note("%s gives its partitions up: %v", a.name, err)
				}
			}
		}
	}
}

// turn makes one or two blocks of a share and loads them, as worker.run does;
// what the two goroutines there do at the same time is done in order here.
func (a *actor) turn(ctx context.Context, wk *worker, s *share) error {
	orders := make(chan order, 3)
	for range 1 + a.w.r.IntN(2) {
		s.end.Store(a.w.log.parts[s.partition].stable())
		b, err := wk.prepare(ctx, s)
		if err != nil {
			a.w.note("%s cannot make a block: %v", a.name, err)
		}
		if b == nil {
			break
		}
		orders <- order{block: b}
	}
	orders <- order{done: s}
	close(orders)
	return wk.loadAll(ctx, orders)
}

// pickShare takes pending loads first, as dispatch does.
func pickShare(w *world, shares []*share) *share {
	var open []*share
	for _, s := range shares {
		if s.pending.To > 0 {
			return s
		}
		if w.log.parts[s.partition].stable() > s.next.Load() {
			open = append(open, s)
		}
	}
	if len(open) == 0 {
		return nil
	}
	return open[w.r.IntN(len(open))]
}

func (w *world) state() string {
	var b strings.Builder
	fmt.Fprintf(&b, "stored position %x of %d rows", w.log.position, len(w.source.rows))
	for i := range w.log.parts {
		p := &w.log.parts[i]
		fmt.Fprintf(&b, "; partition %d holds [%d,%d), stable to %d, loaded to %d %q", i, p.first, len(p.entries), p.stable(), p.loaded.Offset, p.loaded.Metadata)
	}
	return b.String()
}
