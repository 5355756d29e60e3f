package pipelines

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/schedule"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// stage is a source system and jobs whose work the test decides about. Broker and
// warehouse are the package's and hold what other tests left, so what a stage
// declares and asks for bears its name: job, ask and state put it before the names of
// jobs and runs, own before all others.
type stage struct {
	*testing.T
	name           string // and that of its system
	k              *topics.Client
	w              *warehouse.Warehouse
	catalog        *schemas.Catalog
	streams        []*Stream
	kafka, address string

	mu    sync.Mutex
	began []string // "work date steps…" of runs, in order
	now   int
	most  int
}

var stages atomic.Int32

func newStage(t *testing.T) *stage {
	t.Helper()
	return newStageAt(t, embeddedtest.Warehouse(t))
}

// newStageAt is a stage whose warehouse is reached at an address of the caller's.
func newStageAt(t *testing.T, address string) *stage {
	t.Helper()
	ctx := t.Context()
	s := &stage{T: t, name: fmt.Sprintf("stage%d", stages.Add(1))}
	catalog, streams, err := counterStreams(s.name)
	if err != nil {
		t.Fatal(err)
	}
	s.kafka, s.address = embeddedtest.Broker(t), address
	if s.k, err = topics.Dial(ctx, []string{s.kafka}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.k.Close() })
	if s.w, err = warehouse.Open(ctx, s.address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.w.Close() })
	steps, err := s.w.Plan(ctx, catalog)
	if err == nil {
		err = s.w.Migrate(ctx, steps)
	}
	if err == nil {
		err = s.k.Ensure(ctx, append(ControlTopics(), Topics(streams)...))
	}
	if err != nil {
		t.Fatal(err)
	}
	s.catalog, s.streams = catalog, streams
	catalog.Jobs = nil
	return s
}

// own makes a name that no other test has.
func (s *stage) own(name string) string { return s.name + "_" + name }

// job declares a job that does work.
func (s *stage) job(j schemas.Job, do func(context.Context, *Run) error) {
	name := j.Job
	j.Job = s.own(name)
	work[j.Work()] = func(_ *Jobs, ctx context.Context, r *Run) (string, error) {
		s.mu.Lock()
		s.began = append(s.began, name+" "+r.Date+" "+r.From)
		s.now++
		s.most = max(s.most, s.now)
		s.mu.Unlock()
		defer func() { s.mu.Lock(); s.now--; s.mu.Unlock() }()
		return "done", do(ctx, r)
	}
	s.Cleanup(func() { delete(work, j.Work()) })
	if j.Every.Cron != "" {
		j.Every.Zone = "Asia/Shanghai"
	}
	s.catalog.Jobs = append(s.catalog.Jobs, &j)
}

// lead runs jobs until stop is called.
func (s *stage) lead() (stop func()) {
	ctx, cancel := context.WithCancel(s.Context())
	done := make(chan error, 1)
	j := &Jobs{Kafka: s.k, Warehouse: s.w, Catalog: s.catalog, Streams: s.streams, Log: slog.New(slog.DiscardHandler)}
	go func() { done <- j.Run(ctx) }()
	return func() { cancel(); <-done }
}

func (s *stage) ask(r Request) {
	s.Helper()
	r.RunID = s.own(cmp.Or(r.RunID, NewRunID(r.Job)))
	if r.Of != "" {
		r.Of = s.own(r.Of)
	}
	if slices.ContainsFunc(s.catalog.Jobs, func(j *schemas.Job) bool { return j.Job == s.own(r.Job) }) {
		r.Job = s.own(r.Job) // else it is a system, or nothing
	}
	if err := Ask(s.Context(), s.k, r); err != nil {
		s.Fatal(err)
	}
}

// state waits until the latest run of a slot is in a state and returns it.
func (s *stage) state(slot, state string) (r warehouse.Run) {
	s.Helper()
	slot = s.own(slot)
	seen := ""
	defer func() {
		if s.Failed() {
			s.Logf("run %q was last seen %s", slot, seen)
		}
	}()
	until(s.T, func() bool {
		runs, err := s.w.Runs(s.Context(), 1, "slot = ?", slot)
		if err != nil || len(runs) == 0 {
			return false
		}
		r, seen = runs[0], runs[0].State
		return r.State == state
	})
	return r
}

// A person runs, cancels, pauses and retries; a retry begins at the failed step;
// all of it is there for the next leader, and is recorded.
func TestOperate(t *testing.T) {
	s := newStage(t)
	fail := true
	s.job(schemas.Job{Job: "steps"}, func(ctx context.Context, r *Run) error {
		for _, name := range []string{"one", "two", "three"} {
			err := r.Step(ctx, name, func(context.Context) (Did, error) {
				if name == "two" && fail {
					return Did{}, fault.New(fault.Data, "step %s met 370102199003071234", name)
				}
				r.Log.Info("in a step", "step", name)
				return Did{In: 2, Out: 1}, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	s.job(schemas.Job{Job: "long", Every: schemas.Schedule{Concurrency: 3}, Uses: []string{"thing"}}, func(ctx context.Context, r *Run) error {
		<-ctx.Done()
		return ctx.Err()
	})
	s.catalog.Limits = schemas.JobLimits{Pool: 3, Uses: map[string]int{"thing": 2}}
	stop := s.lead()

	s.ask(Request{RunID: "r1", Job: "steps", Dates: []string{"2026-03-01"}})
	r := s.state("r1", warehouse.Failed)
	if r.Step != "two" || r.Steps != 1 || r.ErrorClass != "data" || strings.Contains(r.Error, "370102199003071234") || r.Plan == 0 || r.Positions == "" || r.Process == "" {
		t.Errorf("the failed run is recorded as %+v", r)
	}
	fail = false
	s.ask(Request{RunID: "r2", Job: "steps", Dates: []string{"2026-03-01"}, From: r.Step, Cause: schedule.ByRetry})
	s.state("r2", warehouse.OK)
	steps, err := s.w.Steps(t.Context(), s.own("r2"))
	if err != nil || len(steps) != 2 || steps[0].Step != "two" || steps[1].In != 2 || steps[1].Out != 1 {
		t.Errorf("the retry did %+v, %v", steps, err)
	}
	lines, err := s.w.RunLog(t.Context(), s.own("r2"))
	if err != nil || len(lines) < 2 || !strings.Contains(lines[0].Line, "in a step") {
		t.Errorf("the retry said %+v, %v", lines, err)
	}

	// Three at once are asked for, two use the thing at once; one waits.
	s.ask(Request{RunID: "many", Job: "long", Dates: []string{"2026-03-01", "2026-03-02", "2026-03-03"}, Width: 3})
	s.state("many-2026-03-01", warehouse.Running)
	s.state("many-2026-03-02", warehouse.Running)
	s.ask(Request{Job: "", Op: OpCancel, Of: "many-2026-03-01"})
	s.state("many-2026-03-01", warehouse.Cancelled)
	s.state("many-2026-03-03", warehouse.Running)
	s.ask(Request{Op: OpPause, Job: "steps", By: "somebody", Why: "a test"})

	// The leader ends; what it ran runs again under the next. Then all of it is cancelled.
	stop()
	if r := s.state("many-2026-03-02", warehouse.Interrupted); r.Finished.IsZero() {
		t.Errorf("a run whose leader left is recorded as %+v", r)
	}
	stop = s.lead()
	if r := s.state("many-2026-03-02", warehouse.Running); r.Attempt != 2 {
		t.Errorf("a run that was cut short is attempt %d", r.Attempt)
	}
	s.ask(Request{Op: OpCancel, Of: "many"})
	s.state("many-2026-03-02", warehouse.Cancelled)
	s.state("many-2026-03-03", warehouse.Cancelled)
	held, _, err := Paused(t.Context(), s.k)
	if err != nil || held[s.own("steps")].By != "somebody" {
		t.Errorf("held: %+v, %v", held, err)
	}
	s.ask(Request{RunID: "nobody", Job: "nothing"})
	if r := s.state("nobody", warehouse.Failed); !strings.Contains(r.Error, "no such job") {
		t.Errorf("a request for nothing: %+v", r)
	}
	stop()
	if s.most != 2 {
		t.Errorf("%d runs went on at once, want 2", s.most)
	}
}

// The warehouse goes away while the end of a run is recorded, in each of the tables
// that tell of it. The record is written when it is back, once, and who leads goes on
// leading.
func TestRecordingMeetsTrouble(t *testing.T) {
	for _, table := range []string{"ops.run_step", "ops.run_log", "ops.run"} {
		t.Run(table, func(t *testing.T) {
			var from atomic.Int32 // the first insert that is cut; 0: none yet
			p := &trouble{do: func(w http.ResponseWriter, _ *http.Request, n int) bool {
				f := int(from.Load())
				if f == 0 || n >= f+3 {
					return false
				}
				cut(w)
				return true
			}}
			s := newStageAt(t, p.serve(t, embeddedtest.Warehouse(t), table))
			s.job(schemas.Job{Job: "short"}, func(ctx context.Context, r *Run) error {
				err := r.Step(ctx, "one", func(context.Context) (Did, error) { return Did{In: 1}, nil })
				p.mu.Lock()
				from.Store(int32(max(p.inserts, 1)))
				p.inserts = max(p.inserts, 1)
				p.mu.Unlock()
				return err
			})
			defer s.lead()()
			s.ask(Request{RunID: "r1", Job: "short"})
			s.state("r1", warehouse.OK)
			from.Store(0)
			s.ask(Request{RunID: "r2", Job: "short"})
			s.state("r2", warehouse.OK)
			lines, err := s.w.RunLog(t.Context(), s.own("r1"))
			if err != nil || len(lines) != 1 || !strings.Contains(lines[0].Line, "ran a job") {
				t.Errorf("the run said %+v, %v", lines, err)
			}
			if steps, err := s.w.Steps(t.Context(), s.own("r1")); err != nil || len(steps) != 1 {
				t.Errorf("the run did %+v, %v", steps, err)
			}
		})
	}
}

// What a job comes after holds its slots back: another job about the same date, rows
// of an entity (one that no other test loads), and in the end what is declared for
// waiting in vain.
func TestNeeds(t *testing.T) {
	s := newStage(t)
	ok := func(context.Context, *Run) error { return nil }
	s.job(schemas.Job{Job: "before", Every: schemas.Schedule{Cron: "0 0 1 1 *"}}, ok)
	s.job(schemas.Job{Job: "after", Every: schemas.Schedule{Cron: "0 0 1 1 *"}, After: []schemas.Need{{Job: s.own("before")}}}, ok)
	s.job(schemas.Job{Job: "vain", Every: schemas.Schedule{Cron: "0 0 1 1 *"}, After: []schemas.Need{{Entity: s.own("facility"), Fresh: "1h"}}, Wait: time.Millisecond, Otherwise: "fail"}, ok)
	s.job(schemas.Job{Job: "anyway", Every: schemas.Schedule{Cron: "0 0 1 1 *"}, After: []schemas.Need{{Entity: s.own("facility")}}, Wait: time.Millisecond, Otherwise: "run"}, ok)
	s.job(schemas.Job{Job: "fed", Every: schemas.Schedule{Cron: "0 0 1 1 *"}, After: []schemas.Need{{Entity: s.own("facility"), Fresh: "1h"}}}, ok)
	defer s.lead()()
	date := []string{"2026-03-01"}
	s.ask(Request{RunID: "vain", Job: "vain", Dates: date, Waits: true})
	s.ask(Request{RunID: "anyway", Job: "anyway", Dates: date, Waits: true})
	s.ask(Request{RunID: "after", Job: "after", Dates: date, Waits: true})
	if r := s.state("vain", warehouse.Failed); !strings.Contains(r.Detail, "facility not older than 1h") {
		t.Errorf("a run that waited in vain: %+v", r)
	}
	s.state("anyway", warehouse.OK)
	if err := s.w.Exec(t.Context(), fmt.Sprintf("INSERT INTO ops.load (topic, system, stream, entity, received, accepted, loaded_at) VALUES ('%[1]s', '%[1]s', 'measure', '%[2]s', 1, 1, now64(3))", s.name, s.own("facility"))); err != nil {
		t.Fatal(err)
	}
	s.ask(Request{RunID: "fed", Job: "fed", Dates: date, Waits: true})
	s.state("fed", warehouse.OK)
	s.ask(Request{RunID: "before", Job: "before", Dates: date})
	s.state("before", warehouse.OK)
	s.state("after", warehouse.OK)
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, a := slices.Index(s.began, "before 2026-03-01 "), slices.Index(s.began, "after 2026-03-01 "); b < 0 || a < b {
		t.Errorf("the order was %q", s.began)
	}
	var late uint64
	if err := s.w.QueryRow(t.Context(), "SELECT count() FROM ops.sla FINAL WHERE state = 'late' AND startsWith(name, ?)", []any{&late}, s.own("")); err != nil || late != 2 {
		t.Errorf("%d promises are recorded as broken, %v, want those of the two that waited in vain", late, err)
	}
}

// Files that a source delivered start a job about their date once their rows are
// loaded, once, whatever leader reads of it; so does a stream that is quiet.
func TestSensors(t *testing.T) {
	s := newStage(t)
	s.streams[0].Watched = true
	stream := s.streams[0].name()
	ok := func(context.Context, *Run) error { return nil }
	s.job(schemas.Job{Job: "on_file", When: []schemas.Sensor{{Stream: stream, File: "committee_*.csv"}}}, ok)
	s.job(schemas.Job{Job: "on_quiet", When: []schemas.Sensor{{Stream: stream, Quiet: time.Second}}}, ok)
	stop := s.lead()
	tell := func(list ...Pull) {
		t.Helper()
		for i := range list {
			list[i].System, list[i].Stream = s.streams[0].System.System, s.streams[0].Stream.Name
		}
		if err := (&Pulls{kafka: s.k}).write(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	tell(Pull{Rows: 3, Files: []string{"committee_20260301.csv", "other.csv"}}, Pull{Rows: 1, Files: []string{"committee_20260302.csv"}})
	stop() // the source has not been read to its end yet
	defer s.lead()()
	tell(Pull{State: warehouse.OK, Slot: s.own("pull1"), Rows: 4, Began: time.Now(), Ended: time.Now()})
	s.state("pull1", warehouse.OK)
	began := func(what string) int {
		s.mu.Lock()
		defer s.mu.Unlock()
		n := 0
		for _, b := range s.began {
			if strings.HasPrefix(b, what) {
				n++
			}
		}
		return n
	}
	until(t, func() bool { return began("on_file") == 2 && began("on_quiet") == 1 })
	if began("on_file 2026-03-01") != 1 || began("on_file 2026-03-02") != 1 {
		t.Errorf("began %q", s.began)
	}
	tell(Pull{State: warehouse.OK, Slot: s.own("pull2"), Began: time.Now(), Ended: time.Now()})
	s.state("pull2", warehouse.OK)
	if n := began("on_file"); n != 2 {
		t.Errorf("a pull without rows started a job: %q", s.began)
	}
}

// A held system is not read, whichever process has it, and goes on where it was; a
// person has it read now, and what was read is recorded as runs.
func TestHeldSystem(t *testing.T) {
	s := newStage(t)
	_, other, err := counterStreams(s.own("other"))
	if err != nil {
		t.Fatal(err)
	}
	streams := append(slices.Clone(s.streams), other...)
	if err := s.k.Ensure(t.Context(), Topics(streams)); err != nil {
		t.Fatal(err)
	}
	held, free := s.streams[0], other[0]
	s.ask(Request{Op: OpPause, Job: held.System.System})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	in := &Ingest{Kafka: s.k, Kinds: kinds(), Log: slog.New(slog.DiscardHandler), Hosts: map[string]int{held.System.Host(): 1}}
	go func() { done <- in.Run(ctx, streams) }()
	defer func() { cancel(); <-done }()
	delivered := func(st *Stream) int64 {
		n, err := Delivered(t.Context(), s.k, st)
		if err != nil {
			t.Fatal(err)
		}
		return n.Records
	}
	until(t, func() bool { return delivered(free) > 0 })
	if n := delivered(held); n != 0 {
		t.Errorf("%d records of a held system were delivered", n)
	}
	s.ask(Request{Op: OpResume, Job: held.System.System})
	until(t, func() bool { return delivered(held) > 0 })

	defer s.lead()()
	s.ask(Request{RunID: "now", Op: OpRun, Job: held.System.System})
	r := s.state("now", warehouse.OK)
	if r.Kind != "system" || r.Cause != "request" || r.ID != s.own("now.")+held.Stream.Name {
		t.Errorf("the pull is recorded as %+v", r)
	}
}

func TestFileOf(t *testing.T) {
	for place, want := range map[string]string{
		"out/committee_20251231.csv:17": "committee_20251231.csv", "ledger.xlsx!演练台账:8": "ledger.xlsx", "page 3 #12": "", "": "", "a.zip!b.csv:3": "a.zip"} {
		if got := fileOf(place); got != want {
			t.Errorf("%q: got %q, want %q", place, got, want)
		}
	}
	for name, want := range map[string]string{"committee_20251231.csv": "2025-12-31", "x-2026-02-29.csv": "", "x.csv": "", "r2026-11-05_3.csv": "2026-11-05"} {
		if got := dateIn(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

// Turns are given in order of waiting, within the limits, and who needs two things
// is not passed over for ever.
func TestGate(t *testing.T) {
	g := newGate()
	g.limit(map[string]int{"h": 2})
	sys := func(name string, of int) *schemas.System {
		return &schemas.System{System: name, Every: schemas.Schedule{Concurrency: of}, Connect: connectTo(t, "h")}
	}
	a, b := sys("a", 1), sys("b", 2)
	leaveA, err := g.enter(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	entered := make(chan string)
	wait := func(s *schemas.System, name string) {
		n := len(g.queue)
		go func() {
			leave, err := g.enter(t.Context(), s)
			if err != nil {
				return
			}
			entered <- name
			leave()
		}()
		until(t, func() bool { g.mu.Lock(); defer g.mu.Unlock(); return len(g.queue) > n })
	}
	wait(a, "a2") // the system's limit
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.enter(cancelled, b); !errors.Is(err, context.Canceled) {
		t.Errorf("entering after cancelling: %v", err)
	}
	wait(b, "b1") // the one place of the host that is free is kept for a2
	leaveA()
	got := []string{<-entered, <-entered}
	slices.Sort(got)
	if fmt.Sprint(got) != "[a2 b1]" {
		t.Errorf("entered %v", got)
	}
	until(t, func() bool { g.mu.Lock(); defer g.mu.Unlock(); return g.used["host h"] == 0 && g.used["system a"] == 0 })
}

func connectTo(t *testing.T, host string) decl.Node {
	t.Helper()
	n, ps := decl.Parse("x.yaml", []byte("kind: rest\nbase: http://"+host+"/api\n"))
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	return n
}

// A dry run of every work says what is due, here at least a claim to be fused, and
// changes nothing; the paths of the division tree are brought up to date by whoever
// reads them.
func TestDryRun(t *testing.T) {
	s := newStage(t)
	err := s.w.Exec(t.Context(), fmt.Sprintf(`INSERT INTO std.facility (facility_id, division_code, facility_kind, name, src_system, src_tier, event_time, arrived_at, version)
		SELECT '%[1]s', '370102001000', 'township_service_centre', '中心', '%[1]s', 'X', now64(3), now64(3), 1`, s.name))
	if err != nil {
		t.Fatal(err)
	}
	before := s.books()
	j := &Jobs{Kafka: s.k, Warehouse: s.w, Catalog: s.catalog, Streams: s.streams, Log: slog.New(slog.DiscardHandler)}
	due := ""
	for _, name := range []string{"integrate", "return", "rejects", "expire", "retain"} {
		steps, err := j.DryRun(t.Context(), &schemas.Job{Job: name}, "2026-03-01")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, st := range steps {
			if name == "integrate" && !strings.Contains(st.Detail, "would") && strings.HasPrefix(st.Step, "fuse/") {
				t.Errorf("%s: step %s says %q", name, st.Step, st.Detail)
			}
			if st.Step == "fuse/facility" {
				due = st.Detail
			}
		}
	}
	if due == "" || strings.HasPrefix(due, "0 of") {
		t.Errorf("of a claim that is to be fused it says %q", due)
	}
	for table, was := range before {
		if now := s.books()[table]; now != was {
			t.Errorf("dry runs changed %s: %s, before %s", table, now, was)
		}
	}
	var fused uint64
	if err := s.w.QueryRow(t.Context(), "SELECT count() FROM dwd.facility__rows WHERE facility_id = ?", []any{&fused}, s.name); err != nil || fused != 0 {
		t.Errorf("dry runs fused the claim: %d rows, %v", fused, err)
	}
}

// books are how many rows the tables have in which jobs write down what they did,
// and a sum over them, whatever has been merged.
func (s *stage) books() map[string]string {
	s.Helper()
	out := map[string]string{}
	for _, table := range []string{"ops.fuse", "ops.run", "ops.run_step", "ops.run_log", "ops.compute", "ops.quality_issue", "ops.expired", "ops.identity"} {
		from := table + " FINAL"
		if table == "ops.fuse" {
			from += " WHERE entity NOT LIKE '%path'"
		}
		var sum string
		if err := s.w.QueryRow(s.Context(), "SELECT concat(toString(count()), ' rows, ', hex(sum(sipHash64(toString(tuple(*)))))) FROM "+from, []any{&sum}); err != nil {
			s.Fatal(err)
		}
		out[table] = sum
	}
	return out
}
