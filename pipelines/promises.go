package pipelines

import (
	"context"
	"fmt"
	"time"

	"rongtong/pipelines/schedule"
	"rongtong/pipelines/warehouse"
)

// promises are the times by which jobs and systems must be done (due), and which
// of them were missed. What was recorded once is recorded again by the next leader
// under the same name, which changes nothing.
type promises struct {
	noted   map[string]bool
	systems map[string]*promised
	looked  time.Time
}

// promised is a system with a time by which it must have been read.
type promised struct {
	spec    *schedule.Spec
	due     time.Duration
	next    schedule.Slot
	late    []schedule.Slot
	streams []string
}

// lookBack is how far back a new leader looks for times that passed while nobody led.
const lookBack = 24 * time.Hour

func (l *leadership) newPromises(now time.Time) (*promises, error) {
	p := &promises{noted: map[string]bool{}, systems: map[string]*promised{}}
	for _, sys := range l.set.Catalog.Systems {
		if sys.Every.Due == 0 || sys.Every.Continuous {
			continue
		}
		spec, err := schedule.Compile(sys.System, sys.Every, sys.Calendar)
		if err != nil {
			return nil, err
		}
		s := &promised{spec: spec, due: sys.Every.Due}
		s.next, _ = spec.Next(now.Add(-sys.Every.Due - lookBack))
		for _, st := range l.set.Streams {
			if st.System == sys {
				s.streams = append(s.streams, st.name())
			}
		}
		p.systems[sys.System] = s
	}
	return p, nil
}

// promiseEvery is how often it is looked at the promises.
const promiseEvery = 5 * time.Second

// keepPromises looks which promises are broken by now, or were kept late.
func (l *leadership) keepPromises(ctx context.Context, now time.Time) error {
	if now.Sub(l.promises.looked) < promiseEvery {
		return nil
	}
	l.promises.looked = now
	for name, j := range l.jobs {
		if j.Every.Due == 0 {
			continue
		}
		st, _ := l.planner.State(name)
		for _, o := range st.Open {
			if due := o.At.Add(j.Every.Due); o.Cause == schedule.BySchedule && now.After(due) {
				if err := l.broke(ctx, name, o.Business, due, time.Time{}); err != nil {
					return err
				}
			}
		}
	}
	for name, s := range l.promises.systems {
		if err := l.systemPromise(ctx, name, s, now); err != nil {
			return err
		}
	}
	return nil
}

func (l *leadership) systemPromise(ctx context.Context, name string, s *promised, now time.Time) error {
	read := func(since time.Time) (at time.Time) {
		for _, st := range s.streams {
			began := l.watch.read[st]
			if began.Before(since) {
				return time.Time{}
			}
			if began.After(at) {
				at = began
			}
		}
		return at
	}
	for !s.next.At.IsZero() && now.After(s.next.At.Add(s.due)) {
		if read(s.next.At).IsZero() {
			s.late = append(s.late, s.next)
		}
		s.next, _ = s.spec.Next(s.next.At)
	}
	still := s.late[:0]
	for _, slot := range s.late {
		at := read(slot.At)
		if err := l.note(ctx, warehouse.Promise{Kind: "system", Name: name, BusinessDate: slot.Business.Format(time.DateOnly), Due: slot.At.Add(s.due), Met: at}); err != nil {
			return err
		}
		if at.IsZero() {
			still = append(still, slot)
		}
	}
	s.late = still
	return nil
}

// broke records a broken promise of a job; met: when it was kept after all.
func (l *leadership) broke(ctx context.Context, job string, day, due, met time.Time) error {
	return l.note(ctx, warehouse.Promise{Kind: "job", Name: job, BusinessDate: day.Format(time.DateOnly), Due: due, Met: met})
}

func (l *leadership) note(ctx context.Context, p warehouse.Promise) error {
	p.Noticed, p.State = time.Now(), "late"
	if !p.Met.IsZero() {
		p.State = "met late"
	}
	token := fmt.Sprintf("%s:%s:%d:%s", p.Kind, p.Name, p.Due.Unix(), p.State)
	if l.promises.noted[token] {
		return nil
	}
	l.Log.Warn("a promise was not kept in time", "kind", p.Kind, "name", p.Name, "about", p.BusinessDate, "due", p.Due, "state", p.State)
	if err := patient(ctx, l.Log, "recording a promise", func() error {
		return l.Warehouse.RecordPromises(ctx, token, []warehouse.Promise{p})
	}); err != nil {
		return err
	}
	l.promises.noted[token] = true
	return nil
}
