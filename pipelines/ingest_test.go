package pipelines

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/topics"
)

// owners follows the logs of processes that ingest: how many systems each has.
type owners struct {
	slog.Handler
	mu    sync.Mutex
	count map[string]int64
}

func (o *owners) of(name string) *slog.Logger { return slog.New(&ownerLog{o, name}) }

func (o *owners) has(name string) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.count[name]
}

type ownerLog struct {
	*owners
	name string
}

func (l *ownerLog) Enabled(context.Context, slog.Level) bool { return true }
func (l *ownerLog) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *ownerLog) WithGroup(string) slog.Handler            { return l }
func (l *ownerLog) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if r.Message == "ingesting" && a.Key == "systems" {
			l.mu.Lock()
			l.count[l.name] = a.Value.Int64()
			l.mu.Unlock()
		}
		return true
	})
	return nil
}

// Two processes that ingest share the systems out; when one is gone the other
// has all of them, and nothing is delivered twice.
func TestIngestIsShared(t *testing.T) {
	ctx := t.Context()
	k, err := topics.Dial(ctx, []string{embeddedtest.Broker(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	const systems = 8
	var streams []*Stream
	for i := range systems {
		_, ss, err := counterStreams(fmt.Sprintf("shared%d", i))
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, ss...)
	}
	if err := k.Ensure(ctx, Topics(streams)); err != nil {
		t.Fatal(err)
	}
	log := &owners{count: map[string]int64{}}
	run := func(name string) (stop func()) {
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() {
			done <- (&Ingest{Kafka: k, Kinds: kinds(), Log: log.of(name), Session: 2 * time.Second}).Run(ctx, streams)
		}()
		return func() { cancel(); <-done }
	}
	stopA := run("a")
	until(t, func() bool { return log.has("a") == systems })
	stopB := run("b")
	defer stopB()
	until(t, func() bool { return log.has("a")+log.has("b") == systems && log.has("b") > 0 })
	stopA()
	until(t, func() bool { return log.has("b") == systems })
	want := int64(records + (records+twice-1)/twice)
	for _, s := range streams {
		until(t, func() bool {
			n, err := Delivered(ctx, k, s)
			return err == nil && n.Records == want
		})
		if got := visible(t, ctx, k, s); got != want {
			t.Errorf("%s holds %d records, want %d", s.Topic, got, want)
		}
	}
}
