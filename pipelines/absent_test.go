package pipelines

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/topics"
	"rongtong/schemas/record"
)

func deleteTopics(t *testing.T, broker string, names ...string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(broker))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).DeleteTopics(t.Context(), names...); err != nil {
		t.Fatal(err)
	}
}

// loadedRows counts what a loader loads of topics, and says when it changes.
type loadedRows struct {
	mu      sync.Mutex
	rows    map[string]int
	changed chan struct{}
}

func newLoadedRows() *loadedRows {
	return &loadedRows{rows: map[string]int{}, changed: make(chan struct{}, 1)}
}

func (n *loadedRows) add(s record.Span, accepted, rejected int) {
	n.mu.Lock()
	n.rows[s.Topic] += accepted + rejected
	n.mu.Unlock()
	select {
	case n.changed <- struct{}{}:
	default:
	}
}

// await waits until so many rows of a topic were loaded.
func (n *loadedRows) await(t *testing.T, ctx context.Context, topic string, want int) {
	t.Helper()
	for {
		n.mu.Lock()
		have := n.rows[topic]
		n.mu.Unlock()
		if have >= want {
			return
		}
		select {
		case <-n.changed:
		case <-ctx.Done():
			t.Fatalf("%d of %d rows of %s are loaded: %v", have, want, topic, ctx.Err())
		}
	}
}

// TestAbsentTopic: a topic that is deleted, or was never created, stops its own
// stream and no other; everybody can see it; and it goes on when the topic is there.
func TestAbsentTopic(t *testing.T) {
	absentTopic(t, embeddedtest.Broker(t), "absent")
}

func absentTopic(t *testing.T, broker, name string) {
	const rows = 90
	here, gone := newBoutOn(t, broker, name+"_here", rows, "", number), newBoutOn(t, broker, name+"_gone", rows, "", number)
	deleteTopics(t, broker, gone.stream.Topic) // not there when the loader starts
	ctx, stop := context.WithTimeout(t.Context(), 4*time.Minute)
	defer stop()
	if err := here.kafka.Ensure(ctx, ControlTopics()); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	n, troubles := newLoadedRows(), NewTroubles(here.kafka, slog.New(slog.DiscardHandler))
	l := &Loader{Kafka: here.kafka, Warehouse: here.real, Workers: 2, Group: name, Session: time.Second, Rest: 200 * time.Millisecond,
		Log: slog.New(slog.NewTextHandler(&log, nil)), Loaded: n.add, Troubles: troubles}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = l.Run(ctx, []*Stream{here.stream, gone.stream})
	}()
	told := func() string {
		troubles.mu.Lock()
		defer troubles.mu.Unlock()
		for _, tr := range troubles.open {
			if tr.Subject() == gone.stream.name() {
				return tr.Text
			}
		}
		return ""
	}
	awaitTold := func(want bool) {
		t.Helper()
		until(t, func() bool { return (told() != "") == want })
	}
	n.await(t, ctx, here.stream.Topic, rows)
	awaitTold(true)
	if text := told(); !strings.Contains(text, "does not exist") || !strings.Contains(text, gone.stream.Topic) {
		t.Errorf("what is told: %q", text)
	}
	again := func() {
		t.Helper()
		if err := gone.kafka.Ensure(ctx, []topics.Topic{{Name: gone.stream.Topic, Partitions: 3}}); err != nil {
			t.Fatal(err)
		}
		gone.fill(number)
	}
	again()
	n.await(t, ctx, gone.stream.Topic, rows)
	awaitTold(false)

	deleteTopics(t, broker, gone.stream.Topic) // while it runs
	awaitTold(true)
	here.fill(number)
	n.await(t, ctx, here.stream.Topic, 2*rows)
	again()
	n.await(t, ctx, gone.stream.Topic, 2*rows)
	awaitTold(false)
	stop()
	<-ended
	for _, want := range []string{"a topic cannot be read: its stream stands still, the others go on", "a topic can be read again, its stream is loaded"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, log.String())
		}
	}
	for _, b := range []*bout{here, gone} { // filled twice, with the same claims
		if n := b.count("SELECT count() FROM TABLE FINAL"); n != rows {
			t.Errorf("%d claims are in %s, want %d", n, b.table, rows)
		}
	}
}

// TestIngestAbsentTopic: a stream whose topic is deleted says so, and another one
// goes on.
func TestIngestAbsentTopic(t *testing.T) {
	k, err := topics.Dial(t.Context(), []string{embeddedtest.Broker(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	_, a, err := counterStreams("absent_feed_a")
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Ensure(t.Context(), []topics.Topic{{Name: positions, Partitions: 1}}); err != nil {
		t.Fatal(err)
	}
	in := &Ingest{Kafka: k, Log: slog.New(slog.DiscardHandler)}
	err = in.stream(t.Context(), kafkaLog{k}, nil, a[0], nil, in.Log)
	if !errors.Is(err, topics.ErrNoTopic) || !strings.Contains(err.Error(), a[0].Topic) {
		t.Errorf("a stream whose topic does not exist: %v", err)
	}
}
