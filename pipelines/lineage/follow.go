package lineage

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Records is where the pipeline itself says what it did. It is the spool: what
// could not be sent stays there, and is read again.
type Records interface {
	// Position is the end of the last minute that the sink has, and what every
	// stream had delivered until then; the zero time when it has none.
	Position(ctx context.Context, sink string) (time.Time, map[string]int64, error)
	Save(ctx context.Context, sink string, to time.Time, delivered map[string]int64) error
	// Loads and Steps are of [from, to), whole minutes.
	Loads(ctx context.Context, from, to time.Time) ([]Load, error)
	Steps(ctx context.Context, from, to time.Time) ([]Step, error)
	// Delivered counts the records of every stream, "system.stream", since it began.
	Delivered(ctx context.Context) (map[string]int64, error)
}

// Follower sends what the pipeline did to a sink. It reads the pipeline's books
// and is not known to it: a sink that is away or slow delays nothing.
type Follower struct {
	Sink Sink
	Log  *slog.Logger

	mu      sync.Mutex
	events  *Events
	records Records
}

// Switch gives the declarations and the records to follow; it may be called
// again when they change.
func (f *Follower) Switch(e *Events, r Records) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events, f.records = e, r
}

const (
	settle  = 10 * time.Second   // a minute is sent when it has been over for so long
	window  = time.Hour          // what is sent at a time, at most
	reach   = 7 * 24 * time.Hour // what is older is left out, and said
	minWait = 30 * time.Second
	maxWait = 10 * time.Minute
)

// Run follows until ctx ends. After an error it tries again, later each time.
func (f *Follower) Run(ctx context.Context) error {
	wait := minWait
	for {
		more, err := f.Once(ctx, time.Now())
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // it was told to end
		case err != nil:
			f.Log.Warn("lineage waits", "sink", f.Sink.Name(), "again_in", wait, "error", err)
		case more:
			wait = minWait
			continue
		default:
			wait = minWait
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		if err != nil {
			wait = min(2*wait, maxWait)
		}
	}
}

// Once sends the next stretch of whole minutes, an hour at most, and reports
// whether there is more. Nothing is marked as sent before the sink has all of it;
// after an error some of it is sent again, with the same IDs.
func (f *Follower) Once(ctx context.Context, now time.Time) (more bool, err error) {
	f.mu.Lock()
	s := stretch{events: f.events, records: f.records}
	f.mu.Unlock()
	end := now.Add(-settle).Truncate(time.Minute)
	from, before, err := s.records.Position(ctx, f.Sink.Name())
	if err != nil {
		return false, err
	}
	switch oldest := end.Add(-reach); {
	case from.IsZero():
		from = oldest
	case from.Before(oldest):
		f.Log.Warn("lineage of long ago is left out", "sink", f.Sink.Name(), "from", from, "to", oldest)
		from = oldest
	}
	if !from.Before(end) {
		return false, nil
	}
	to := end
	if to.Sub(from) > window {
		to = from.Add(window)
	}
	events, delivered, err := s.collect(ctx, from, to, before, to.Equal(end))
	if err != nil {
		return false, err
	}
	refused, err := f.Sink.Send(ctx, events)
	if err != nil {
		return false, err
	}
	if refused > 0 {
		f.Log.Warn("the sink of lineage refused events", "sink", f.Sink.Name(), "refused", refused, "of", len(events))
	}
	return to.Before(end), s.records.Save(ctx, f.Sink.Name(), to, delivered)
}

// stretch is some minutes, under the declarations that were in force when it
// began to be sent.
type stretch struct {
	events  *Events
	records Records
}

// collect makes the events of a stretch. Sources are counted once it reaches
// the present.
func (s stretch) collect(ctx context.Context, from, to time.Time, before map[string]int64, present bool) ([]Event, map[string]int64, error) {
	var events []Event
	delivered := before
	if present {
		now, err := s.records.Delivered(ctx)
		if err != nil {
			return nil, nil, err
		}
		delivered = now
		for _, sys := range s.events.Catalog.Systems {
			for _, st := range sys.Streams {
				name := sys.System + "." + st.Key
				if n := now[name] - before[name]; n > 0 {
					events = append(events, s.events.Pull(Pull{System: sys.System, Stream: st.Key, Records: n, Total: now[name], From: from, To: to})...)
				}
			}
		}
	}
	loads, err := s.records.Loads(ctx, from, to)
	if err != nil {
		return nil, nil, err
	}
	for _, l := range loads {
		events = append(events, s.events.Load(l)...)
	}
	steps, err := s.records.Steps(ctx, from, to)
	if err != nil {
		return nil, nil, err
	}
	for _, x := range steps {
		events = append(events, s.events.Step(x)...)
	}
	return events, delivered, nil
}
