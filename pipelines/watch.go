package pipelines

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"rongtong/pipelines/schedule"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
)

// watcher turns what the ingest role says into runs of jobs with sensors, and
// remembers when each source was last read to its end.
type watcher struct {
	known   int64 // offset from which pulls are not recorded as runs yet
	sensors []*sensing
	read    map[string]time.Time // stream to when its last pull that reached the end began
}

// sensing is a sensor, and what it noticed since it last started a run.
type sensing struct {
	job   string
	s     schemas.Sensor
	rows  int64
	files []string
	date  string
	last  time.Time // of the rows
	next  int64     // offset behind the last that was noticed
}

func newWatcher(jobs map[string]*schemas.Job) *watcher {
	w := &watcher{read: map[string]time.Time{}}
	w.declare(jobs)
	return w
}

// declare takes other jobs. A sensor that stays keeps what it noticed.
func (w *watcher) declare(jobs map[string]*schemas.Job) {
	old := w.sensors
	w.sensors = nil
	for name, j := range jobs {
		for _, s := range j.When {
			i := slices.IndexFunc(old, func(o *sensing) bool {
				return o.job == name && o.s.Stream == s.Stream && o.s.File == s.File && o.s.Delivered == s.Delivered && o.s.Quiet == s.Quiet
			})
			if i < 0 {
				w.sensors = append(w.sensors, &sensing{job: name, s: s})
			} else {
				w.sensors = append(w.sensors, old[i])
			}
		}
	}
}

// event is a record of rongtong.pulls.
type event struct {
	Pull
	offset int64
	at     time.Time
}

// watchFrom is the offset from which a new leader reads: what was not recorded yet,
// and what sensors noticed without having started a run yet.
func (l *leadership) watchFrom(ctx context.Context) (int64, error) {
	ends, err := l.Kafka.Ends(ctx, pullsTopic)
	if err != nil {
		return 0, err
	}
	stored, err := l.Kafka.Offsets(ctx, scheduleGroup, pullsTopic)
	if err != nil {
		return 0, err
	}
	b := ends[pullsTopic][0]
	l.watch.known = min(max(stored[pullsTopic][0].Offset, b.First), b.Last)
	from := l.watch.known
	for _, s := range l.watch.sensors {
		st, _ := l.planner.State(s.job)
		if st.Seen > b.Last {
			l.planner.Forget(false, true) // the topic was made again
			st.Seen = 0
		}
		from = min(from, max(st.Seen, b.First))
	}
	return from, nil
}

// events follows the pulls from an offset until ctx ends.
func events(ctx context.Context, k *topics.Client, next int64) (<-chan []event, <-chan error) {
	out, failed := make(chan []event), make(chan error, 1)
	go func() {
		f := k.Fetcher(pullsTopic, 0, next, topics.FetchOptions{ReadCommitted: true})
		for ctx.Err() == nil {
			var got []event
			_, err := f.Fetch(ctx, func(r *topics.FetchedRecord) error {
				e := event{offset: r.Offset, at: r.Time}
				if json.Unmarshal(r.Value, &e.Pull) == nil {
					got = append(got, e)
				}
				return nil
			})
			if err != nil {
				failed <- err
				return
			}
			if len(got) > 0 {
				select {
				case out <- got:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out, failed
}

// notice takes events into account: it records the pulls that ended, and starts
// what sensors wait for.
func (l *leadership) notice(ctx context.Context, list []event) error {
	var rows []warehouse.Run
	for _, e := range list {
		stream := e.System + "." + e.Stream
		for _, s := range l.watch.sensors {
			if s.s.Stream == stream {
				if err := l.sense(ctx, s, &e); err != nil {
					return err
				}
			}
		}
		if e.State == "" {
			continue
		}
		if e.State == warehouse.OK {
			l.watch.read[stream] = e.Began
		}
		if e.offset >= l.watch.known {
			rows = append(rows, e.runOf())
		}
	}
	last := list[len(list)-1].offset
	if len(rows) > 0 {
		token := fmt.Sprintf("pulls:%d:%d", list[0].offset, last)
		if err := patient(ctx, l.Log, "recording pulls", func() error { return l.Warehouse.RecordRuns(ctx, token, rows) }); err != nil {
			return err
		}
	}
	if last < l.watch.known {
		return nil
	}
	l.watch.known = last + 1
	return l.gen.Commit(ctx, []topics.OffsetMeta{{Topic: pullsTopic, Partition: 0, Offset: last + 1}})
}

// sense takes an event of its stream into account.
func (l *leadership) sense(ctx context.Context, s *sensing, e *event) error {
	if st, _ := l.planner.State(s.job); e.offset < st.Seen {
		return nil // it was acted upon
	}
	s.next = e.offset + 1
	if e.State == "" {
		s.rows, s.last, s.date = s.rows+e.Rows, e.at, max(s.date, e.Date)
		for _, f := range e.Files {
			if ok, _ := path.Match(s.s.File, f); ok && s.s.File != "" && !slices.Contains(s.files, f) {
				s.files = append(s.files, f)
			}
		}
		return nil
	}
	if e.State != warehouse.OK || s.rows == 0 {
		return nil
	}
	switch {
	case s.s.Quiet > 0:
		return nil // its time comes
	case s.s.Delivered:
		return l.delivered(ctx, s)
	}
	byDate := map[string][]string{}
	for _, f := range s.files {
		byDate[dateIn(f)] = append(byDate[dateIn(f)], f)
	}
	var slots []schedule.Open
	for _, date := range sortedKeys(byDate) {
		slots = append(slots, l.sensed(s, date, map[string]string{"files": strings.Join(byDate[date], ",")}))
	}
	return l.fire(ctx, s, slots)
}

// delivered starts a run about the date of the latest rows, if it is a new one.
func (l *leadership) delivered(ctx context.Context, s *sensing) error {
	var slots []schedule.Open
	if st, _ := l.planner.State(s.job); s.date > st.About.Format(time.DateOnly) {
		slots = append(slots, l.sensed(s, s.date, nil))
	}
	return l.fire(ctx, s, slots)
}

// continuousQuiet is after how long without rows a stream that is always open has
// delivered what it had about a date.
const continuousQuiet = time.Minute

// wait is how long rows may lie before the sensor acts without a further event; 0:
// it waits for one.
func (l *leadership) quietFor(s *sensing) time.Duration {
	system, _, _ := strings.Cut(s.s.Stream, ".")
	sys := l.set.Catalog.System(system)
	if s.s.Delivered && sys != nil && sys.Every.Continuous {
		return continuousQuiet
	}
	return s.s.Quiet
}

// quiet starts what waits for a stream to be quiet, and returns when next to look.
func (l *leadership) quiet(ctx context.Context, now time.Time) (wake time.Time, err error) {
	for _, s := range l.watch.sensors {
		d := l.quietFor(s)
		if d == 0 || s.rows == 0 {
			continue
		}
		if at := s.last.Add(d); at.After(now) {
			if wake.IsZero() || at.Before(wake) {
				wake = at
			}
			continue
		}
		if s.s.Delivered {
			err = l.delivered(ctx, s)
		} else {
			err = l.fire(ctx, s, []schedule.Open{l.sensed(s, s.date, nil)})
		}
		if err != nil {
			return wake, err
		}
	}
	return wake, nil
}

// sensed makes a slot of what a sensor noticed.
func (l *leadership) sensed(s *sensing, date string, args map[string]string) schedule.Open {
	now := time.Now()
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		day = l.specs[s.job].Business(now)
	}
	o := schedule.Open{ID: fmt.Sprintf("%s-sensed%d-%s", s.job, s.next, day.Format("20060102")), At: now, Business: day, Cause: schedule.BySensor, Args: args,
		Waits: true, Until: now.Add(l.specs[s.job].Patience())}
	return o
}

// fire starts runs for what a sensor noticed. They wait until the rows are loaded
// that are in Kafka now.
func (l *leadership) fire(ctx context.Context, s *sensing, slots []schedule.Open) error {
	if len(slots) > 0 {
		system, stream, _ := strings.Cut(s.s.Stream, ".")
		topic := Topic(system, stream)
		for _, st := range l.set.Streams {
			if st.name() == s.s.Stream {
				topic = st.Topic
			}
		}
		ends, err := l.Kafka.Ends(ctx, topic)
		if err != nil {
			return err
		}
		behind := &schedule.Behind{Topic: topic}
		for _, b := range ends[topic] {
			behind.Offsets = append(behind.Offsets, b.Last)
		}
		for i := range slots {
			slots[i].Behind = behind
		}
	}
	next := s.next
	s.rows, s.files, s.date = 0, nil, ""
	before, _ := l.planner.State(s.job)
	st, ok := l.planner.Add(s.job, slots, 0, next)
	if !ok {
		return nil
	}
	for _, o := range before.Open {
		if _, said := l.waits[o.ID]; said && !slices.ContainsFunc(st.Open, func(n schedule.Open) bool { return n.ID == o.ID }) {
			delete(l.waits, o.ID)
			if err := l.recordSlot(ctx, schedule.Started{Job: s.job, Open: o}, warehouse.Skipped, "joined"); err != nil {
				return err
			}
		}
	}
	if len(slots) > 0 {
		l.Log.Info("a sensor starts a job", "job", s.job, "stream", s.s.Stream, "runs", len(slots))
	}
	return l.store(ctx, []schedule.State{st})
}

var dateForm = regexp.MustCompile(`(20\d\d)-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])`)

// dateIn is the date in the name of a file, YYYY-MM-DD; empty when there is none.
func dateIn(name string) string {
	m := dateForm.FindStringSubmatch(name)
	if m == nil {
		return ""
	}
	date := m[1] + "-" + m[2] + "-" + m[3]
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return ""
	}
	return date
}
