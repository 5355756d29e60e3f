package schedule

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rongtong/schemas"
)

// TestMisfire drives one job through an outage and lists what becomes of its slots.
func TestMisfire(t *testing.T) {
	day := func(d, h int) time.Time { return time.Date(2026, 3, d, h, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		name  string
		rules schemas.Schedule
		want  string
	}{
		{"once runs the last", schemas.Schedule{}, "02 joined, 03 joined, 04 taken"},
		{"each runs all", schemas.Schedule{Misfire: "each"}, "02 taken, 03 taken, 04 taken"},
		{"each has a limit", schemas.Schedule{Misfire: "each", Limit: 2}, "02 beyond the limit, 03 taken, 04 taken"},
		{"skip runs none", schemas.Schedule{Misfire: "skip"}, "02 missed, 03 missed, 04 missed"},
		{"skip forgives a delay", schemas.Schedule{Misfire: "skip", Within: 11 * time.Hour}, "02 missed, 03 missed, 04 taken"},
	} {
		c.rules.Cron, c.rules.Zone = "0 2 * * *", "UTC"
		spec, err := Compile("job", c.rules, nil)
		if err != nil {
			t.Fatal(err)
		}
		p := NewPlanner(map[string]*Spec{"job": spec}, Limits{}, nil, day(1, 12))
		if ds, _ := p.Decide(day(1, 13)); len(ds) != 0 {
			t.Errorf("%s: decided %v before any slot", c.name, ds)
		}
		ds, states := p.Decide(day(4, 12)) // away for three days
		var got []string
		for _, d := range ds {
			why := d.Why
			if d.Taken {
				why = "taken"
			}
			got = append(got, d.At.Format("02")+" "+why)
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: got %s, want %s", c.name, strings.Join(got, ", "), c.want)
		}
		if len(states) != 1 || !states[0].Through.Equal(day(4, 2)) {
			t.Errorf("%s: the state is %v", c.name, states)
		}
	}
}

// A failed run is tried again, later each time, as often as declared; a slot
// that comes meanwhile waits its turn.
func TestRetries(t *testing.T) {
	spec, err := Compile("job", schemas.Schedule{Cron: "@every 1h", Zone: "UTC", Retries: 2, Backoff: 10 * time.Minute}, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 1, 0, 30, 0, 0, time.UTC)
	p := NewPlanner(map[string]*Spec{"job": spec}, Limits{}, nil, now)
	var got []string
	for attempt, end := 0, now.Add(2*time.Hour); now.Before(end); now = p.Wake() {
		p.Decide(now)
		started, _ := p.Start(now)
		for _, s := range started {
			attempt++
			_, done, _ := p.Finish(s.Job, s.ID, Outcome{OK: attempt > 3}, now)
			got = append(got, fmt.Sprintf("%s for %s done=%v", now.Format("15:04"), s.At.Format("15:04"), done))
		}
	}
	want := []string{"01:00 for 01:00 done=false", "01:10 for 01:00 done=false", "01:30 for 01:00 done=true", "02:00 for 02:00 done=true"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// ledger is what outlives leaders: the stored states, which refuse a leader
// whose epoch is past, and the requests.
type ledger struct {
	epoch    int
	states   map[string]State
	taken    map[string]int       // how often a slot was taken
	finished map[string]int       // how often a slot's end was stored
	refused  map[string]int       // slots that were decided against or given up
	through  map[string]time.Time // the last decided slot per job: none may be passed over
	broken   []string
	specs    map[string]*Spec
	limits   Limits
	control  []asked // requests, by offset - 1
	done     int64   // the offset up to which requests were dealt with
	noFence  bool
}

// asked is a request: dates for a job, or to hold it or let it go on.
type asked struct {
	job         string
	dates       int
	width       int
	hold, go_on bool
}

func (l *ledger) store(epoch int, decisions []Decision, states []State) bool {
	if epoch != l.epoch && !l.noFence {
		return false
	}
	for _, d := range decisions {
		if l.taken[d.ID] > 0 && !d.Taken { // joined by a later one, or given up
			l.taken[d.ID]--
			l.refused[d.ID]++
			continue
		}
		want, _ := l.specs[d.Job].Next(l.through[d.Job])
		if !want.At.Equal(d.At) {
			l.broken = append(l.broken, fmt.Sprintf("%s: decided about %s, next was %s", d.Job, d.At.Format(time.RFC3339), want.At.Format(time.RFC3339)))
		}
		l.through[d.Job] = d.At
		if d.Taken {
			l.taken[d.ID]++
		} else {
			l.refused[d.ID]++
		}
	}
	for _, s := range states {
		l.states[s.Job] = s
	}
	return true
}

// leader is a process that leads, or believes that it does.
type leader struct {
	epoch int
	p     *Planner
	read  int64                // of the requests
	runs  map[string]time.Time // ID of a slot to when its run ends
	job   map[string]string    // ID of a slot to its job
}

func (l *ledger) elect(now time.Time) *leader {
	l.epoch++
	x := &leader{l.epoch, NewPlanner(l.specs, l.limits, l.states, now), l.done, map[string]time.Time{}, map[string]string{}}
	for _, a := range l.control[:l.done] {
		x.p.Hold(a.job, a.hold || !a.go_on && x.p.held[a.job])
	}
	return x
}

// year runs the jobs through a year under leaders that are killed and paused,
// while people ask for dates, hold jobs and let them go on.
func (l *ledger) year(r *rand.Rand, from time.Time) {
	names := slices.Sorted(maps.Keys(l.specs))
	for _, name := range names {
		l.states[name] = State{Job: name, Through: from}
		l.through[name] = from
	}
	lead := l.elect(from)
	var stale *leader // paused; it wakes and acts on what it knew
	end := from.AddDate(1, 0, 0)
	for now := from; now.Before(end); {
		switch job := names[r.IntN(len(names))]; r.IntN(40) {
		case 0:
			l.control = append(l.control, asked{job: job, dates: 1 + r.IntN(30), width: r.IntN(4)})
		case 1:
			l.control = append(l.control, asked{job: job, hold: true})
		case 2, 3, 4:
			l.control = append(l.control, asked{job: job, go_on: true})
		}
		lead.act(l, now, r)
		switch r.IntN(60) {
		case 0: // kill -9: what was not stored is gone; the next is elected seconds later
			now = now.Add(time.Duration(6+r.IntN(60)) * time.Second)
			lead = l.elect(now)
		case 1: // a pause of hours; another is elected
			stale = lead
			now = now.Add(time.Duration(r.IntN(5*3600)) * time.Second)
			lead = l.elect(now)
		case 2:
			if stale != nil {
				stale.act(l, now, r)
				stale = nil
			}
		}
		now = now.Add(time.Duration(1+r.IntN(1800)) * time.Second)
	}
	for _, name := range names { // let what is open end
		l.control = append(l.control, asked{job: name, go_on: true})
	}
	for now := end; ; now = now.Add(20 * time.Minute) {
		if lead.act(l, now, r); !slices.ContainsFunc(lead.p.States(), func(s State) bool { return len(s.Open) > 0 }) {
			return
		}
	}
}

func (x *leader) act(l *ledger, now time.Time, r *rand.Rand) {
	for _, id := range slices.Sorted(maps.Keys(x.runs)) {
		if x.runs[id].After(now) {
			continue
		}
		delete(x.runs, id)
		changed, done, given := x.p.Finish(x.job[id], id, Outcome{OK: r.IntN(20) > 0}, now)
		if !l.store(x.epoch, given, changed) {
			return
		}
		if done {
			l.finished[id]++
		}
	}
	for int(x.read) < len(l.control) {
		if !x.ask(l, now, r) {
			return
		}
	}
	if ds, states := x.p.Decide(now); !l.store(x.epoch, ds, states) {
		return
	}
	started, states := x.p.Start(now)
	if !l.store(x.epoch, nil, states) {
		return
	}
	for _, s := range started {
		x.runs[s.ID], x.job[s.ID] = now.Add(time.Duration(r.IntN(3600))*time.Second), s.Job
	}
	x.inspect(l)
}

// ask deals with the next request, once: the slots of dates it asks for are
// taken when their state is stored; the offset is stored after, or not at all.
func (x *leader) ask(l *ledger, now time.Time, r *rand.Rand) bool {
	x.read++
	a := l.control[x.read-1]
	x.p.Hold(a.job, a.hold || !a.go_on && x.p.held[a.job])
	if a.dates > 0 {
		lane := fmt.Sprintf("request%d", x.read)
		slots := make([]Open, a.dates)
		for i := range slots {
			slots[i] = Open{ID: fmt.Sprintf("%s-%02d", lane, i), At: now, Cause: ByBackfill, Lane: lane, Width: a.width, Priority: -2, Strict: i%2 == 0}
		}
		s, ok := x.p.Add(a.job, slots, x.read, 0)
		if ok {
			if !l.store(x.epoch, nil, []State{s}) {
				return false
			}
			for _, o := range slots {
				l.taken[o.ID]++
			}
		}
	}
	if r.IntN(10) > 0 { // else the process dies, or loses the broker, before
		l.done = max(l.done, x.read)
	}
	return true
}

// inspect looks whether more runs than the limits allow, or a lane is wider than
// asked for or out of order.
func (x *leader) inspect(l *ledger) {
	running, used := 0, map[string]int{}
	for job, j := range x.p.jobs {
		begun, mine := map[string]int{}, 0
		for _, o := range j.state.Open {
			if o.Attempt > 0 {
				begun[o.Lane]++
			}
			if o.Running {
				running++
				mine++
				for _, u := range j.spec.uses {
					used[u]++
				}
			}
			if o.Lane != "" && begun[o.Lane] > max(1, o.Width) {
				l.broken = append(l.broken, fmt.Sprintf("%s: %d of %q are under way, %d were asked for", job, begun[o.Lane], o.Lane, o.Width))
			}
		}
		if mine > j.spec.width() {
			l.broken = append(l.broken, fmt.Sprintf("%s: %d runs at once", job, mine))
		}
	}
	if running > l.limits.Pool || running != x.p.running {
		l.broken = append(l.broken, fmt.Sprintf("%d runs at once, counted as %d", running, x.p.running))
	}
	for u, n := range used {
		if limit, ok := l.limits.Uses[u]; ok && n > limit {
			l.broken = append(l.broken, fmt.Sprintf("%d runs use %s at once", n, u))
		}
	}
}

func newLedger(t testing.TB, jobs int) *ledger {
	t.Helper()
	l := &ledger{states: map[string]State{}, taken: map[string]int{}, finished: map[string]int{}, refused: map[string]int{}, through: map[string]time.Time{}, specs: map[string]*Spec{},
		limits: Limits{Pool: 3 + jobs/4, Uses: map[string]int{"a": 2 + jobs/10, "b": 1 + jobs/20}}}
	crons := []string{"0 2 * * *", "30 1 * * *", "30 2 * * *", "0 0 29 2 *", "15 6 * * 1-5", "0 */6 * * *", "0 3 1 * *", "@every 5h", "59 23 31 12 *"}
	for i := range jobs {
		rules := schemas.Schedule{Cron: crons[i%len(crons)], Zone: []string{"Asia/Shanghai", "UTC", "Europe/Berlin"}[i%3], Misfire: []string{"once", "each", "skip", ""}[i%4], Retries: i % 3,
			Concurrency: i % 4, Priority: i % 10}
		if i%5 == 0 {
			rules.Jitter = 20 * time.Minute
		}
		if i%7 == 0 {
			rules.Calendar, rules.Days = "china", "workday"
		}
		name := fmt.Sprintf("job%05d", i)
		spec, err := CompileJob(&schemas.Job{Job: name, Every: rules, Uses: [][]string{nil, {"a"}, {"b"}, {"a", "b"}}[i%4]}, china)
		if err != nil {
			t.Fatal(err)
		}
		l.specs[name] = spec
	}
	return l
}

// wrong is what no year may end with.
func (l *ledger) wrong() []string {
	out := l.broken
	for id, n := range l.taken {
		if n > 0 && (n != 1 || l.finished[id] != 1) {
			out = append(out, fmt.Sprintf("%s was taken %d times and finished %d times", id, n, l.finished[id]))
		}
	}
	for id, n := range l.refused {
		if n != 1 || l.taken[id] > 0 {
			out = append(out, fmt.Sprintf("%s was decided against %d times, and taken %d times", id, n, l.taken[id]))
		}
	}
	return out
}

// A year of slots under leaders that are killed, paused and wake up late, while
// people ask for dates and hold jobs: every slot is decided once, in order, and
// what is taken is finished once; never more runs than the limits allow. The
// years hold summer time and leap days. RONGTONG_JOBS=10000 is a province's worth,
// RONGTONG_YEAR=1986 leaves only that year.
func TestYear(t *testing.T) {
	jobs := 120
	if n, err := strconv.Atoi(os.Getenv("RONGTONG_JOBS")); err == nil {
		jobs = n
	}
	years := []int{1986, 1991, 2024}
	if n, err := strconv.Atoi(os.Getenv("RONGTONG_YEAR")); err == nil {
		years = []int{n}
	}
	for _, year := range years {
		l := newLedger(t, jobs)
		began := time.Now()
		l.year(rand.New(rand.NewPCG(uint64(year), 1)), time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))
		for i, w := range l.wrong() {
			if i == 10 {
				break
			}
			t.Errorf("%d: %s", year, w)
		}
		if len(l.finished) < jobs*20 {
			t.Errorf("%d: only %d slots ran", year, len(l.finished))
		}
		t.Logf("%d: %d jobs, %d slots taken and finished, %d decided against, %d requests, %d leaders, %v", year, jobs, len(l.finished), len(l.refused), len(l.control), l.epoch, time.Since(began).Round(time.Millisecond))
	}
}

// Without the fence the same year goes wrong: a leader that wakes late decides
// again about what was decided.
func TestYearNeedsItsFence(t *testing.T) {
	l := newLedger(t, 100)
	l.noFence = true
	l.year(rand.New(rand.NewPCG(1986, 1)), time.Date(1986, 1, 1, 0, 0, 0, 0, time.UTC))
	if len(l.wrong()) == 0 {
		t.Error("nobody noticed that the fence is missing")
	}
}
