package pipelines

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"rongtong/schemas/fault"
)

const (
	// lookEvery is how often a loader looks which of its topics can be read.
	lookEvery = time.Second
	// goneAfter is how many looks in a row a topic must be missing: a broker that has
	// just started, or has not heard of a new topic yet, knows none.
	goneAfter = 2
)

// absent are the topics that a loader should load and cannot: they were deleted, or
// not created yet, or may not be read. Their streams stand still, and everybody can
// see it; the others do not.
type absent struct {
	mu   sync.Mutex
	told map[string]*Stream // by topic
}

// look finds out which topics can be read now, sorted, and says of the others what
// is wrong with them.
func (a *absent) look(ctx context.Context, l *Loader, streams map[string]*Stream) ([]string, error) {
	seen, err := l.Kafka.Look(ctx, slices.Sorted(maps.Keys(streams))...)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.told == nil {
		a.told = map[string]*Stream{}
	}
	for topic, s := range a.told {
		if streams[topic] == nil {
			l.Troubles.end(s.topicTrouble())
			delete(a.told, topic)
		}
	}
	var here []string
	for topic, s := range streams {
		why := seen[topic]
		was := a.told[topic]
		switch {
		case why == nil && was != nil:
			l.Log.Info("a topic can be read again, its stream is loaded", "topic", topic)
			l.Troubles.end(was.topicTrouble())
			delete(a.told, topic)
		case why != nil && was == nil:
			l.Log.Error("a topic cannot be read: its stream stands still, the others go on", "topic", topic, "class", fault.Of(why).String(), "error", why)
			a.told[topic] = s
		}
		if why == nil {
			here = append(here, topic)
		} else {
			l.Troubles.begin(s.topicTrouble(), why)
		}
	}
	slices.Sort(here)
	return here, nil
}

// forget ends what was told: this loader stands for nothing any more.
func (a *absent) forget(t *Troubles) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.told {
		t.end(s.topicTrouble())
	}
	a.told = nil
}

// topicTrouble is about the whole topic of a stream.
func (s *Stream) topicTrouble() Trouble {
	return Trouble{Role: TroubleLoad, System: s.System.System, Stream: s.Stream.Name, Partition: wholeTopic, Tier: s.System.Tier}
}

// is reports whether a topic is known to be absent.
func (a *absent) is(topic string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.told[topic] != nil
}

// watch looks again and again during a generation. When a topic that was absent can
// be read it closes came, and what is under way is finished first; when one that
// was there is gone it stops the generation: who reads or commits there waits for
// nothing.
func (a *absent) watch(ctx, work context.Context, l *Loader, names []string, came chan<- struct{}, stop context.CancelCauseFunc) {
	missed := map[string]int{}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-work.Done():
			return
		case <-tick.C:
		}
		seen, err := l.Kafka.Look(work, names...)
		if err != nil {
			continue // others say so
		}
		for _, topic := range names {
			why := seen[topic]
			switch {
			case a.is(topic) && why == nil:
				close(came)
				return
			case why == nil, a.is(topic), fault.Is(why, fault.Transient):
				delete(missed, topic)
			default:
				if missed[topic]++; missed[topic] >= goneAfter {
					stop(errOthers)
					return
				}
			}
		}
	}
}
