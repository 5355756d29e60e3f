package pipelines

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"rongtong/connectors"
	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/topics"
	"rongtong/schemas"
)

// openings counts how often each system is open, and was opened.
type openings struct {
	mu        sync.Mutex
	now, ever map[string]int
}

func (o *openings) change(system string, by int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now[system] += by
	o.ever[system] += max(0, by)
}

func (o *openings) of(system string) (now, ever int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now[system], o.ever[system]
}

type counted struct {
	connectors.Opened
	closed func()
}

func (c counted) Close() error { c.closed(); return c.Opened.Close() }

// Other declarations disturb what they change and nothing else: other times do
// not, another source begins again where it stopped, one that is gone is closed
// when Switch returns, and one that comes back goes on.
func TestIngestSwitch(t *testing.T) {
	ctx := t.Context()
	k, err := topics.Dial(ctx, []string{embeddedtest.Broker(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	declare := func(name string) *Stream {
		t.Helper()
		_, ss, err := counterStreams(name)
		if err != nil {
			t.Fatal(err)
		}
		return ss[0]
	}
	a, b, c := declare("switcha"), declare("switchb"), declare("switchc")
	if err := k.Ensure(ctx, Topics([]*Stream{a, b, c})); err != nil {
		t.Fatal(err)
	}
	open := &openings{now: map[string]int{}, ever: map[string]int{}}
	kind := kinds()["counter"]
	inner := kind.Open
	kind.Open = func(ctx context.Context, sys *schemas.System) (connectors.Opened, error) {
		x, err := inner(ctx, sys)
		if err == nil {
			open.change(sys.System, 1)
			x = counted{x, func() { open.change(sys.System, -1) }}
		}
		return x, err
	}
	in := &Ingest{Kafka: k, Kinds: map[string]connectors.Kind{"counter": kind}, Log: slog.New(slog.DiscardHandler), Session: time.Second}
	done := make(chan error, 1)
	running, stop := context.WithCancel(ctx)
	defer stop()
	go func() { done <- in.Run(running, []*Stream{a, b}) }()
	delivered := func(s *Stream) int64 {
		n, err := Delivered(ctx, k, s)
		if err != nil {
			t.Fatal(err)
		}
		return n.Records
	}
	flows := func(s *Stream) {
		t.Helper()
		until(t, func() bool { return delivered(s) > 0 })
	}
	flows(a)
	flows(b)

	later := declare("switcha") // other times, other mapping
	system := *later.System
	system.Every.Cron = "@every 3s"
	later.System, later.Flows = &system, nil
	if err := in.Switch(ctx, []*Stream{later, b}); err != nil {
		t.Fatal(err)
	}
	other := declare("switchb") // another source
	stream := *other.Stream
	stream.Drop = append(stream.Drop, "phone")
	other.Stream = &stream
	if err := in.Switch(ctx, []*Stream{later, other, c}); err != nil {
		t.Fatal(err)
	}
	flows(c)
	until(t, func() bool { _, ever := open.of("switchb"); return ever == 2 })
	if err := in.Switch(ctx, []*Stream{other}); err != nil {
		t.Fatal(err)
	}
	for system, want := range map[string][2]int{"switcha": {0, 1}, "switchb": {1, 2}, "switchc": {0, 1}} {
		if now, ever := open.of(system); now != want[0] || ever != want[1] {
			t.Errorf("%s is open %d times and was opened %d times, want %v", system, now, ever, want)
		}
	}
	if err := in.Switch(ctx, []*Stream{a, other, c}); err != nil {
		t.Fatal(err)
	}
	all := int64(records + records/twice) // what the source holds
	for _, x := range []*Stream{a, other, c} {
		until(t, func() bool { return delivered(x) == all })
		if n := rowsOf(t, k, x.Topic); n != all {
			t.Errorf("%d records in %q, %d delivered", n, x.Topic, all)
		}
	}
	stop()
	<-done
}

// rowsOf counts the records of a topic.
func rowsOf(t *testing.T, k *topics.Client, topic string) (n int64) {
	t.Helper()
	ends, err := k.Ends(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	for p, b := range ends[topic] {
		f := k.Fetcher(topic, int32(p), b.First, topics.FetchOptions{ReadCommitted: true})
		if err := f.Span(t.Context(), b.First, b.Last, func(*topics.FetchedRecord) error { n++; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return n
}
