package schedule

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"rongtong/schemas"
)

// plant makes a planner of jobs that only run when asked.
func plant(t testing.TB, limits Limits, now time.Time, jobs ...*schemas.Job) *Planner {
	t.Helper()
	specs := map[string]*Spec{}
	for _, j := range jobs {
		s, err := CompileJob(j, nil)
		if err != nil {
			t.Fatal(err)
		}
		specs[j.Job] = s
	}
	return NewPlanner(specs, limits, nil, now)
}

// Priority decides who starts first, and waiting counts for more in the end: under
// a flood of the highest priority a slot of the lowest starts when it has waited
// for as long as the difference is worth, and the flood's own order is kept.
func TestNobodyStarves(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	began := now
	p := plant(t, Limits{Pool: 1}, now, &schemas.Job{Job: "low"}, &schemas.Job{Job: "high", Every: schemas.Schedule{Priority: 9}})
	add := func(job string, n int) {
		p.Add(job, []Open{{ID: fmt.Sprintf("%s-%04d", job, n), At: now, Lane: fmt.Sprintf("%s%d", job, n)}}, 0, 0)
	}
	add("low", 0)
	var order []string
	for n := range 200 {
		add("high", n)
		started, _ := p.Start(now)
		for _, s := range started {
			order = append(order, s.ID)
			if s.Job == "low" {
				if waited := now.Sub(began); waited < 9*Ageing-time.Minute || waited > 9*Ageing+2*time.Minute {
					t.Errorf("the low one started after %v, want %v", waited, 9*Ageing)
				}
			}
			p.Finish(s.Job, s.ID, Outcome{OK: true}, now)
		}
		now = now.Add(time.Minute)
	}
	if !slices.Contains(order, "low-0000") {
		t.Error("the low one never started")
	}
	high := slices.DeleteFunc(slices.Clone(order), func(id string) bool { return id == "low-0000" })
	if !slices.IsSorted(high) || len(order) != 200 {
		t.Errorf("%d started, sorted: %v", len(order), slices.IsSorted(high))
	}
}

// A slot that needs two things at once is not passed over for ever by those that
// need one of them. Without what is kept for it, it would be.
func TestTwoNeedsDoNotStarve(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	began := now
	p := plant(t, Limits{Pool: 10, Uses: map[string]int{"a": 1, "b": 1}}, now, &schemas.Job{Job: "one", Uses: []string{"a"}, Every: schemas.Schedule{Concurrency: 9}},
		&schemas.Job{Job: "two", Uses: []string{"b"}, Every: schemas.Schedule{Concurrency: 9}}, &schemas.Job{Job: "both", Uses: []string{"a", "b"}})
	n := 0
	add := func(job string) {
		n++
		p.Add(job, []Open{{ID: fmt.Sprintf("%s-%04d", job, n), At: now, Lane: fmt.Sprint(n)}}, 0, 0)
	}
	add("one")
	add("two")
	running, _ := p.Start(now)
	add("both")
	for i := range 300 { // a and b are freed in turns, so never at once
		job := []string{"one", "two"}[i%2]
		add(job)
		k := slices.IndexFunc(running, func(s Started) bool { return s.Job == job })
		if k >= 0 {
			p.Finish(job, running[k].ID, Outcome{OK: true}, now)
			running = slices.Delete(running, k, k+1)
		}
		started, _ := p.Start(now)
		running = append(running, started...)
		if slices.ContainsFunc(started, func(s Started) bool { return s.Job == "both" }) {
			if waited := now.Sub(began); waited > patience+5*time.Minute {
				t.Errorf("it waited %v", waited)
			}
			return
		}
		now = now.Add(time.Minute)
	}
	t.Error("the one that needs both never started")
}

// A held job does nothing by itself, takes what is asked for, and afterwards treats
// its times as its misfire policy says.
func TestHold(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	p := plant(t, Limits{}, now, &schemas.Job{Job: "job", Every: schemas.Schedule{Cron: "0 * * * *", Zone: "UTC", Misfire: "each", Limit: 2}})
	p.Hold("job", true)
	now = now.Add(5*time.Hour + time.Minute)
	if ds, _ := p.Decide(now); len(ds) != 0 || !p.Wake().IsZero() {
		t.Errorf("a held job decides %v and wakes at %v", ds, p.Wake())
	}
	p.Add("job", []Open{{ID: "asked", At: now, Lane: "asked"}}, 1, 0)
	if started, _ := p.Start(now); len(started) != 1 || started[0].ID != "asked" {
		t.Errorf("started %v", started)
	}
	p.Finish("job", "asked", Outcome{OK: true}, now)
	if _, ok := p.Add("job", []Open{{ID: "asked", At: now, Lane: "asked"}}, 1, 0); ok {
		t.Error("a request is acted upon twice")
	}
	p.Hold("job", false)
	ds, _ := p.Decide(now)
	taken := 0
	for _, d := range ds {
		if d.Taken {
			taken++
		}
	}
	if len(ds) != 5 || taken != 2 {
		t.Errorf("after the hold %d of %d times are taken, want 2 of 5", taken, len(ds))
	}
}

// A new set of declarations keeps what is remembered, begins what is new, gives up
// what is gone, and counts what runs against the new limits.
func TestReload(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	every := schemas.Schedule{Cron: "0 * * * *", Zone: "UTC"}
	stay, gone := &schemas.Job{Job: "stay", Every: every, Uses: []string{"x"}}, &schemas.Job{Job: "gone", Every: every}
	p := plant(t, Limits{Uses: map[string]int{"x": 1}}, now, stay, gone)
	now = now.Add(time.Hour)
	p.Decide(now)
	if started, _ := p.Start(now); len(started) != 2 {
		t.Fatalf("started %v", started)
	}
	p.Add("gone", []Open{{ID: "waits", At: now, Lane: "w"}}, 1, 0)
	specs := map[string]*Spec{}
	for _, j := range []*schemas.Job{{Job: "stay", Every: every, Uses: []string{"y"}}, {Job: "new", Every: every, Uses: []string{"y"}}} {
		specs[j.Job], _ = CompileJob(j, nil)
	}
	ds, states := p.Reload(specs, Limits{Uses: map[string]int{"y": 1}}, now)
	if len(ds) != 1 || ds[0].ID != "waits" || len(states) != 2 {
		t.Errorf("gave up %v, keeps %v", ds, states)
	}
	if changed, done, _ := p.Finish("gone", "gone-20260301T090000", Outcome{OK: true}, now); len(changed) != 0 || !done {
		t.Errorf("the end of a run whose job is gone: %v %v", changed, done)
	}
	p.Add("new", []Open{{ID: "n", At: now, Lane: "n"}}, 2, 0)
	if started, _ := p.Start(now); len(started) != 0 {
		t.Errorf("started %v though the one place is taken", started)
	}
	p.Finish("stay", "stay-20260301T090000", Outcome{OK: true}, now)
	if started, _ := p.Start(now); len(started) != 1 {
		t.Errorf("started %v", started)
	}
}

// Ten thousand jobs that all are due at two o'clock, run eight at a time: what the
// planner costs a slot, from deciding to finishing.
func BenchmarkStorm(b *testing.B) {
	now := time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)
	var jobs []*schemas.Job
	for i := range 10000 {
		jobs = append(jobs, &schemas.Job{Job: fmt.Sprintf("job%05d", i), Every: schemas.Schedule{Cron: "0 2 * * *", Zone: "UTC", Priority: i % 10}, Uses: []string{fmt.Sprint("host", i%100)}})
	}
	limits := Limits{Pool: 8, Uses: map[string]int{}}
	for i := range 100 {
		limits.Uses[fmt.Sprint("host", i)] = 1
	}
	for b.Loop() {
		p := plant(b, limits, now, jobs...)
		at := now.Add(time.Hour)
		p.Decide(at)
		running, _ := p.Start(at)
		n := 0
		for len(running) > 0 {
			s := running[0]
			p.Finish(s.Job, s.ID, Outcome{OK: true}, at)
			n++
			more, _ := p.Start(at)
			running = append(running[1:], more...)
		}
		if n != len(jobs) {
			b.Fatalf("%d ran", n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(jobs)), "ns/slot")
}

// A day of ten thousand jobs, looked at every second: what the planner costs a
// leader, and what it holds in memory.
func BenchmarkDay(b *testing.B) {
	l := newLedger(b, 10000)
	from := time.Date(2024, 2, 28, 16, 0, 0, 0, time.UTC)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	slots := 0
	for b.Loop() {
		before := heap()
		p := NewPlanner(l.specs, l.limits, nil, from)
		b.ReportMetric(float64(heap()-before)/1e6, "MB")
		slots = 0
		for now := from; now.Before(from.AddDate(0, 0, 1)); now = now.Add(time.Second) {
			p.Decide(now)
			started, _ := p.Start(now)
			for _, s := range started {
				p.Finish(s.Job, s.ID, Outcome{OK: true}, now)
				slots++
			}
		}
	}
	b.ReportMetric(float64(slots), "slots")
}
