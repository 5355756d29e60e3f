package pipelines

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"rongtong/pipelines/systems"
	"rongtong/pipelines/topics"
	"rongtong/schemas"
	"rongtong/schemas/divisions"
	"rongtong/schemas/record"
)

// Long runs:
//
//	go test ./pipelines -run TestSimulation$ -timeout 2h -worlds 300000
//	go test ./pipelines -run TestSimulation$ -seed 4711   # one world, with its history
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
	"janitor deletes what was not read",
	"a token per attempt",
	"no window of tokens",
	"a token outlives its rows",
	"a lost answer counts as success",
	"refused rows are not recorded",
	"versions from our clock",
}

// simMeasures is what each of the two plans calls the value.
var simMeasures = []string{"resident_households", "resident_population"}

var simVillages []string

// simStreams compiles the same stream under two plans.
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
	if len(out) != 2 || out[0].Plan() == out[1].Plan() {
		t.Fatal("the simulation needs two plans of one stream")
	}
	return out
}

// play runs worlds until one is wrong, in one bubble: its clock makes waiting free.
func play(t *testing.T, first uint64, n int, bad string, streams []*Stream) (at uint64, wrong error) {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // worlds are short-lived
	synctest.Test(t, func(*testing.T) {
		for seed := first; seed < first+uint64(n); seed++ {
			if err := newWorld(seed, bad, streams).run(); err != nil {
				at, wrong = seed, err
				return
			}
		}
	})
	return at, wrong
}

func TestSimulation(t *testing.T) {
	streams := simStreams(t)
	if *simSeed > 0 {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(*simSeed, *simBad, streams)
			w.traced = true
			err := w.run()
			t.Logf("%s\nseed %d: %v", strings.Join(w.history, "\n"), *simSeed, err)
		})
		return
	}
	began := time.Now()
	if at, err := play(t, *simFirst, *simWorlds, "", streams); err != nil {
		t.Fatalf("world %d: %v\nsee its history: go test ./pipelines -run TestSimulation$ -v -seed %d", at, err, at)
	}
	t.Logf("%d worlds in %s", *simWorlds, time.Since(began).Round(time.Millisecond))
}

// TestSimulationCatches: each sabotage is caught, and soon.
func TestSimulationCatches(t *testing.T) {
	streams := simStreams(t)
	const within = 1500
	for _, bad := range sabotages {
		t.Run(bad, func(t *testing.T) {
			at, err := play(t, 1, within, bad, streams)
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
				w := newWorld(seed, "", streams)
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
