package pipelines

import (
	"context"
	"log/slog"
	"testing"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/topics"
	"rongtong/schemas/record"
)

// TestOrphansAreTakenOver leaves what a broker's crash in the middle of a
// commit leaves: rows of two of three partitions, visible, without the position.
// Ingest must end with every record in the topic exactly once. A record that
// somebody else wrote, without a header, is in nobody's way.
func TestOrphansAreTakenOver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	k, err := topics.Dial(ctx, []string{embeddedtest.Broker(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	_, streams, err := counterStreams("orphaned")
	if err != nil {
		t.Fatal(err)
	}
	s := streams[0]
	if err := k.Ensure(ctx, Topics(streams)); err != nil {
		t.Fatal(err)
	}
	half := leaveHalf(t, ctx, k, s)
	strange(t, ctx, k, s)

	done := make(chan error, 1)
	run, stop := context.WithCancel(ctx)
	go func() {
		done <- (&Ingest{Kafka: k, Kinds: kinds(), Log: slog.New(slog.DiscardHandler)}).Run(run, streams)
	}()
	want := int64(records + (records+twice-1)/twice)
	until(t, func() bool {
		n, err := Delivered(ctx, k, s)
		return err == nil && n.Records >= want
	})
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n, _ := Delivered(ctx, k, s); n.Records != want {
		t.Errorf("the stored count is %d, want %d", n.Records, want)
	}
	if got := visible(t, ctx, k, s); got != want+1 {
		t.Errorf("the topic holds %d records, want %d and one of somebody else (%d were orphans)", got, want, half)
	}
}

// strange writes a record as any Kafka tool would.
func strange(t *testing.T, ctx context.Context, k *topics.Client, s *Stream) {
	t.Helper()
	p, err := k.Producer(ctx, "somebody", s.Topic)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	txn := p.Begin()
	txn.Append(s.Topic, 0, topics.Record{Key: []byte("370102001002"), Value: []byte("{}")})
	if err := txn.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

// leaveHalf commits the source's first rows of partitions 0 and 1 without a position.
func leaveHalf(t *testing.T, ctx context.Context, k *topics.Client, s *Stream) int {
	t.Helper()
	opened, err := kinds()["counter"].Open(ctx, s.System)
	if err != nil {
		t.Fatal(err)
	}
	src, err := opened.Source(ctx, s.Stream, nil)
	if err != nil {
		t.Fatal(err)
	}
	var chunk record.Chunk
	if _, err := src.Read(ctx, &chunk); err != nil {
		t.Fatal(err)
	}
	p, err := k.Producer(ctx, s.group(), s.Topic)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	txn, n := p.Begin(), 0
	for i := range chunk.Rows {
		e := &chunk.Rows[i]
		if at := topics.Partition(e.Key, s.Partitions()); at < 2 {
			txn.Append(s.Topic, at, topics.Record{Key: e.Key, Value: e.Value, Header: AppendHeader(nil, e, int64(i)+1)})
			n++
		}
	}
	if err := txn.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	return n
}

func visible(t *testing.T, ctx context.Context, k *topics.Client, s *Stream) int64 {
	t.Helper()
	ends, err := k.Ends(ctx, s.Topic)
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	for p, b := range ends[s.Topic] {
		f := k.Fetcher(s.Topic, int32(p), b.First, topics.FetchOptions{ReadCommitted: true})
		if err := f.Span(ctx, b.First, b.Last, func(*topics.FetchedRecord) error { n++; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// TestDropTakesEachAsOften holds drop to its promise for rows that occur twice.
func TestDropTakesEachAsOften(t *testing.T) {
	var c record.Chunk
	for _, key := range []string{"a", "b", "a", "a", "c"} {
		c.Append(record.Envelope{Key: []byte(key), Value: []byte("{}")})
	}
	o := orphans{fingerprintRow([]byte("a"), []byte("{}")): 2, fingerprintRow([]byte("z"), []byte("{}")): 1}
	o.drop(&c)
	var left string
	for _, e := range c.Rows {
		left += string(e.Key)
	}
	if left != "bac" || o.size() != 1 {
		t.Errorf("left %q and %d orphans, want \"bac\" and 1", left, o.size())
	}
}
