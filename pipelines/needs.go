package pipelines

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"rongtong/pipelines/schedule"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// weighEvery is how often it is looked whether what jobs come after holds.
const weighEvery = 2 * time.Second

// worthSaying is how long a slot waits before that is recorded.
const worthSaying = 10 * time.Second

// weigh looks at the slots that wait for what their job comes after, and lets
// those start for which it holds, or whose time to wait is over.
func (l *leadership) weigh(ctx context.Context, now time.Time) error {
	waiting := l.planner.Waiting()
	if len(waiting) == 0 || now.Sub(l.weighed) < weighEvery {
		return nil
	}
	l.weighed = now
	for _, s := range waiting {
		missing, err := l.missing(ctx, s)
		if err != nil {
			return err
		}
		switch {
		case missing == "":
			l.planner.Meet(s.Job, s.ID)
		case now.After(s.Until):
			err = l.waitedLong(ctx, s, missing)
		case l.waits[s.ID] != missing && now.Sub(s.At) > worthSaying:
			l.waits[s.ID] = missing
			err = l.recordSlot(ctx, s, "waiting", "waits for "+missing)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// waitedLong does with a slot what its job declares for the case that it waited in
// vain.
func (l *leadership) waitedLong(ctx context.Context, s schedule.Started, missing string) error {
	why := "waited in vain for " + missing
	delete(l.waits, s.ID)
	l.Log.Warn("a run waited in vain", "job", s.Job, "about", s.Business.Format(time.DateOnly), "for", missing)
	if err := l.broke(ctx, s.Job, s.Business, s.Until, time.Time{}); err != nil {
		return err
	}
	if l.jobs[s.Job].Otherwise == "run" {
		l.planner.Meet(s.Job, s.ID)
		return nil
	}
	states, _, _ := l.planner.GiveUp(s.ID, why)
	if err := l.store(ctx, states); err != nil {
		return err
	}
	state := warehouse.Skipped
	if l.jobs[s.Job].Otherwise == "fail" {
		state = warehouse.Failed
	}
	return l.recordSlot(ctx, s, state, why)
}

// recordSlot records a slot that does not run, or not yet.
func (l *leadership) recordSlot(ctx context.Context, s schedule.Started, state, detail string) error {
	row := warehouse.Run{ID: s.ID, Slot: s.ID, Job: s.Job, Cause: string(s.Cause), Request: s.Lane, BusinessDate: s.Business.Format(time.DateOnly), Attempt: 1,
		Started: s.At, State: state, Detail: detail, Process: process}
	if state != "waiting" {
		row.Finished = time.Now()
	}
	if state == warehouse.Failed {
		row.Error, row.ErrorClass = detail, "data"
	}
	return patient(ctx, l.Log, "recording a run", func() error {
		return l.Warehouse.RecordRuns(ctx, s.ID+":"+state+":"+detail, []warehouse.Run{row})
	})
}

// missing says what a slot still waits for; empty: nothing.
func (l *leadership) missing(ctx context.Context, s schedule.Started) (string, error) {
	if b := s.Behind; b != nil {
		loaded, err := l.loaded(ctx, b)
		if err != nil {
			return "", err
		}
		if !loaded {
			return "the rows of " + b.Topic + " to be loaded", nil
		}
	}
	j := l.jobs[s.Job]
	for i := range j.After {
		ok, err := l.holds(ctx, &j.After[i], s)
		if err != nil {
			return "", err
		}
		if !ok {
			return describe(&j.After[i], s.Business), nil
		}
	}
	return "", nil
}

func describe(n *schemas.Need, day time.Time) string {
	if n.Job != "" {
		return fmt.Sprintf("job %s about %s", n.Job, day.Format(time.DateOnly))
	}
	out := cmp.Or(n.Entity, n.Stream, n.System)
	if n.Tier != "" {
		out += " of tier " + n.Tier
	}
	if n.Fresh != "" {
		return out + " not older than " + n.Fresh
	}
	return out + " from after " + day.Format(time.DateOnly)
}

// errAny ends a search at the first record.
var errAny = errors.New("there is one")

// loaded reports whether the loaders are past the offsets: between where they are
// and there, nothing is left but the marks of transactions.
func (l *leadership) loaded(ctx context.Context, b *schedule.Behind) (bool, error) {
	var stored map[string][]topics.Committed
	var ends map[string][]topics.Bounds
	err := patient(ctx, l.Log, "asking for the loaders' offsets", func() (err error) {
		if stored, err = l.Kafka.Offsets(ctx, LoadGroup, b.Topic); err == nil {
			ends, err = l.Kafka.Ends(ctx, b.Topic)
		}
		return err
	})
	if err != nil {
		return false, err
	}
	for p, want := range b.Offsets {
		if p >= len(stored[b.Topic]) || p >= len(ends[b.Topic]) {
			break
		}
		from := max(stored[b.Topic][p].Offset, ends[b.Topic][p].First)
		if from >= want {
			continue
		}
		f := l.Kafka.Fetcher(b.Topic, int32(p), from, topics.FetchOptions{ReadCommitted: true})
		err := f.Span(ctx, from, min(want, ends[b.Topic][p].Last), func(*topics.FetchedRecord) error { return errAny })
		if errors.Is(err, errAny) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// holds reports whether a need of a slot is met.
func (l *leadership) holds(ctx context.Context, n *schemas.Need, s schedule.Started) (ok bool, err error) {
	date := s.Business.Format(time.DateOnly)
	if n.Job != "" {
		spec := l.specs[n.Job]
		if st, there := l.planner.State(n.Job); there && slices.ContainsFunc(st.Open, func(o schedule.Open) bool { return o.Business.Equal(s.Business) && !spec.Often() }) {
			return false, nil
		}
		err = patient(ctx, l.Log, "asking for runs", func() (err error) {
			ok, err = l.Warehouse.DoneFor(ctx, n.Job, date, spec.Often())
			return err
		})
		return ok, err
	}
	since := l.specs[s.Job].EndOf(s.Business)
	if age, given := schemas.ParseAge(n.Fresh); given {
		since = s.At.Add(-age)
	}
	if n.System != "" && n.Tier == "" {
		return l.readSince(ctx, n.System, since)
	}
	system, stream := n.System, ""
	if n.Stream != "" {
		system, stream, _ = strings.Cut(n.Stream, ".")
	}
	var at time.Time
	err = patient(ctx, l.Log, "asking for loads", func() (err error) {
		at, err = l.Warehouse.LoadedAt(ctx, n.Entity, system, stream, n.Tier)
		return err
	})
	return at.After(since), err
}

// readSince reports whether every stream of a system was read to its end by a pull
// that began after a time, and what it delivered is loaded.
func (l *leadership) readSince(ctx context.Context, system string, since time.Time) (bool, error) {
	for _, st := range l.set.Streams {
		if st.System.System != system {
			continue
		}
		if !l.watch.read[st.name()].After(since) {
			return false, nil
		}
		ends, err := l.Kafka.Ends(ctx, st.Topic)
		if err != nil {
			return false, err
		}
		b := &schedule.Behind{Topic: st.Topic}
		for _, e := range ends[st.Topic] {
			b.Offsets = append(b.Offsets, e.Last)
		}
		if len(st.Flows) == 0 {
			continue
		}
		if ok, err := l.loaded(ctx, b); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}
