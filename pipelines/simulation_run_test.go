package pipelines

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"rongtong/pipelines/systems"
	"rongtong/pipelines/topics"
	"rongtong/schemas"
	"rongtong/schemas/divisions"
	"rongtong/schemas/record"
	"rongtong/transforms"
)

// Long runs:
//
//	go test ./pipelines -run 'TestSimulation$' -v -timeout 2h -worlds 300000
//	go test ./pipelines -run 'TestSimulation$' -v -seed 4711   # one world, with its history
var (
	simWorlds = flag.Int("worlds", 1000, "worlds to simulate")
	simFirst  = flag.Uint64("first", 1, "seed of the first world")
	simSeed   = flag.Uint64("seed", 0, "simulate this one world and print its history")
	simBad    = flag.String("sabotage", "", "with -seed: the sabotage")
)

// sabotages are mistakes that a pipeline like ours could make. Each is made at
// the seam, so that the product carries no switch for them, and each must be caught.
var sabotages = []string{
	"no intent",
	"offset before the load",
	"pending loads are not repeated",
	"a pending load is repeated under another plan",
	"tokens without the plan",
	"a pending load is repeated to the present end",
	"part of a span for the whole",
	"offsets are not fenced",
	"producers are not fenced",
	"position before the rows",
	"remembers the position instead of loading it",
	"done before it is durable",
	"orphans are not taken over",
	"orphans still to come are forgotten",
	"numbers follow the count",
	"reads aborted records",
	"reads open records",
	"janitor deletes what was not read",
	"what was deleted unread is passed over",
	"a token per attempt",
	"no window of tokens",
	"a token outlives its rows",
	"a lost answer counts as success",
	"refused rows are not recorded",
	"versions from our clock",
	// Changes of the declarations.
	"pending loads are not drained before a table is rewritten",
	"a table is rewritten while loaders run",
	"a hold that was lost is not noticed",
	"a late loader goes on with the declarations that it knows",
	"a version is said to be run before it is",
	// Topics that are deleted and created anew.
	"what was stored for the old topic is used for the new",
	"records of another topic under an old name",
	"tokens without the topic's life",
	// Positions that expire, or that persons move.
	"nobody asks the ledger when offsets expired",
	"expired offsets mean the end",
	"what is skipped is not booked",
	"what is loaded again stays in the ledger",
	"the names of loads do not know moves",
	"a move that was cut short is not seen",
	"two workers have one partition",
	// Elections that lose records.
	"nobody asks where a new leader's log forks",
}

// happening is something that does not happen on good days.
type happening int

const (
	lostRequest happening = iota
	lostAnswer
	lateRequest
	lateCopy
	forgottenToken
	killedProcess
	stalledProcess
	jumpedClock
	rebalanced
	crashedBroker
	halfCommitted
	slowCommit
	timedOut
	fullBroker
	fullWarehouse
	deletedTopic
	addedPartition
	expiredRecords
	forgotOffsets
	movedPosition
	tornLog
	begunVersion
	appliedVersion
	drainedLoads
	rewrittenTable
	happeningCount
)

var happenings = [happeningCount]string{
	lostRequest:    "requests lost",
	lostAnswer:     "answers lost",
	lateRequest:    "inserts that arrived after their client gave up",
	lateCopy:       "inserts that arrived once more",
	forgottenToken: "inserts repeated when their token was forgotten",
	killedProcess:  "processes killed",
	stalledProcess: "processes stalled",
	jumpedClock:    "clocks that jumped",
	rebalanced:     "rebalances",
	crashedBroker:  "brokers killed",
	halfCommitted:  "brokers killed in the middle of a commit",
	slowCommit:     "commits whose markers came one by one",
	timedOut:       "transactions aborted for their age",
	fullBroker:     "disks full, broker",
	fullWarehouse:  "disks full, warehouse",
	deletedTopic:   "topics deleted",
	addedPartition: "partitions added",
	expiredRecords: "retentions that deleted unread records",
	forgotOffsets:  "offsets of the group forgotten",
	movedPosition:  "positions stored by persons",
	tornLog:        "elections that lost acknowledged records",
	begunVersion:   "versions of the declarations begun",
	appliedVersion: "versions put in force",
	drainedLoads:   "drains of pending loads",
	rewrittenTable: "tables rewritten",
}

// tally is what worlds were like, and the memory that they hand on: most of a short
// life would go into making it.
type tally struct {
	worlds, steps int
	happened      [happeningCount]int

	mem    transforms.Recycler
	chunks []*record.Chunk
}

func (t *tally) add(o *tally) {
	t.worlds, t.steps = t.worlds+o.worlds, t.steps+o.steps
	for i, n := range o.happened {
		t.happened[i] += n
	}
}

func (t *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d worlds of %d steps on average; in them", t.worlds, t.steps/max(1, t.worlds))
	for i, n := range t.happened {
		fmt.Fprintf(&b, "\n%12d  %s", n, happenings[i])
	}
	return b.String()
}

// simMeasures is what each of the plans calls the value.
var simMeasures = []string{"resident_households", "resident_population", "registered_households"}

var simVillages []string

// simStreams compiles the same stream under every plan.
func simStreams(t testing.TB) []*Stream {
	t.Helper()
	file, err := os.ReadFile("testdata/counter.yaml")
	if err != nil {
		t.Fatal(err)
	}
	reg, err := divisions.Load()
	if err != nil {
		t.Fatal(err)
	}
	for d := range reg.All("V") {
		if d.Kind == divisions.Civil && len(simVillages) < 5 {
			simVillages = append(simVillages, d.Code)
		}
	}
	var out []*Stream
	for _, measure := range simMeasures {
		text := bytes.ReplaceAll(file, []byte("resident_households"), []byte(measure))
		c, ps := schemas.Load(schemas.FS, fs.FS(systems.FS), fstest.MapFS{"systems/counter.yaml": {Data: text}})
		streams, more := Compile(c)
		if ps = append(ps, more...); len(ps) > 0 {
			t.Fatal(ps)
		}
		for _, s := range streams {
			if s.System.System == "counter" {
				out = append(out, s)
			}
		}
	}
	if len(out) != 3 || out[0].Plan() == out[1].Plan() || out[0].Plan() == out[2].Plan() || out[1].Plan() == out[2].Plan() {
		t.Fatal("the simulation needs three plans of one stream")
	}
	return out
}

// play runs worlds until one is wrong, in one bubble: its clock makes waiting free.
func play(t *testing.T, first uint64, n int, bad string, streams []*Stream) (out *tally, at uint64, wrong error) {
	t.Helper()
	out = &tally{}
	synctest.Test(t, func(*testing.T) {
		for seed := first; seed < first+uint64(n); seed++ {
			if err := newWorld(seed, bad, streams, out).run(); err != nil {
				at, wrong = seed, err
				return
			}
			out.worlds++
		}
	})
	return out, at, wrong
}

func TestSimulation(t *testing.T) {
	streams := simStreams(t)
	if *simSeed > 0 {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(*simSeed, *simBad, streams, &tally{})
			w.traced = true
			err := w.run()
			t.Logf("%+v\n%s\nseed %d: %v", w.kind, strings.Join(w.history, "\n"), *simSeed, err)
		})
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // worlds are short-lived
	r := &simRun{began: time.Now(), next: *simFirst, end: *simFirst + uint64(*simWorlds)}
	t.Logf("worlds %d to %d", r.next, r.end-1)
	t.Run("worlds", func(t *testing.T) {
		for i := range min(runtime.GOMAXPROCS(0), 1+*simWorlds/simChunk) {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				for r.chunk(t, streams) {
				}
			})
		}
	})
	t.Logf("worlds %d to %d, %d wrong: %s\n%.1f worlds per second of this process's CPU time", *simFirst, r.end-1, r.wrong, r.sum.String(), float64(r.sum.worlds)/cpuSeconds())
}

const (
	simChunk    = 500 // worlds that share a bubble
	simPatience = 10  // worlds that may be wrong before a run ends
)

// simRun is a run over many seeds by several goroutines.
type simRun struct {
	mu        sync.Mutex
	began     time.Time
	told      time.Time
	next, end uint64
	wrong     int
	sum       tally
}

// chunk plays the next worlds, and reports whether there may be more. A world that is
// wrong does not end the run; many do.
func (r *simRun) chunk(t *testing.T, streams []*Stream) bool {
	r.mu.Lock()
	first := r.next
	end := min(first+simChunk, r.end)
	r.next = end
	r.mu.Unlock()
	if first == end {
		return false
	}
	for first < end {
		sum, at, err := play(t, first, int(end-first), "", streams)
		r.mu.Lock()
		r.sum.add(sum)
		if err == nil {
			r.mu.Unlock()
			break
		}
		t.Errorf("world %d: %v\nits history: go test ./pipelines -run 'TestSimulation$' -v -seed %d", at, err, at)
		if r.wrong++; r.wrong == simPatience {
			r.next = r.end
		}
		first = at + 1
		r.mu.Unlock()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.Sub(r.told) > 30*time.Second {
		if !r.told.IsZero() {
			t.Logf("%d worlds in %s, %d wrong", r.sum.worlds+r.wrong, now.Sub(r.began).Round(time.Second), r.wrong)
		}
		r.told = now
	}
	return true
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return math.NaN()
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// TestSimulationCatches: each sabotage is caught, and soon.
func TestSimulationCatches(t *testing.T) {
	streams := simStreams(t)
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	const within = 10000
	for _, bad := range sabotages {
		t.Run(bad, func(t *testing.T) {
			_, at, err := play(t, 1, within, bad, streams)
			if err == nil {
				t.Fatalf("not caught in %d worlds", within)
			}
			t.Logf("caught in world %d: %v", at, err)
		})
	}
}

// TestSimulationIsDeterministic: a seed is a history.
func TestSimulationIsDeterministic(t *testing.T) {
	streams := simStreams(t)
	var histories []string
	for range 2 {
		synctest.Test(t, func(*testing.T) {
			var all []string
			for seed := uint64(1); seed <= 20; seed++ {
				w := newWorld(seed, "", streams, &tally{})
				w.traced = true
				err := w.run()
				all = append(all, append(w.history, fmt.Sprint(err))...)
			}
			histories = append(histories, strings.Join(all, "\n"))
		})
	}
	if histories[0] != histories[1] {
		t.Fatal("the same seeds made different histories")
	}
}

// TestTokenKnowsTheLifeOfATopic: the same offsets of a topic that was created
// again are another load, and a repetition is the same one.
func TestTokenKnowsTheLifeOfATopic(t *testing.T) {
	l, s := &Loader{}, &share{stream: simStreams(t)[0]}
	name := func(arrived int64) string {
		b := &block{share: s}
		p := pieces{worker: &worker{Loader: l}, block: b}
		for i := range int64(3) {
			e := record.Envelope{}
			if err := p.add(&topics.FetchedRecord{Offset: i, Time: time.UnixMilli(arrived + i), Header: AppendHeader(nil, &e, i+1)}); err != nil {
				t.Fatal(err)
			}
		}
		return l.token(b, "rows")
	}
	if a, again, b := name(1000), name(1000), name(2000); a != again || a == b {
		t.Errorf("%s, %s", name(1000), name(2000))
	}
}
