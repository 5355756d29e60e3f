package pipelines

import (
	"testing"
	"time"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/topics"
	"rongtong/schemas"
)

// What has been in the landing area for as long as it may be goes, to the
// record; what is younger stays.
func TestExpireLanding(t *testing.T) {
	ctx := t.Context()
	k, err := topics.Dial(ctx, []string{embeddedtest.Broker(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	s := &Stream{System: &schemas.System{System: "expire"}, Stream: &schemas.Stream{Name: "worker"}}
	s.Stream.Landing.Days = 30
	topic := s.landing()
	if err := k.Ensure(ctx, []topics.Topic{{Name: topic, Partitions: 1}}); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	p, err := k.Producer(ctx, "test.expire", topic)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for day := -40; day <= 0; day++ { // one transaction a day, which is also a batch
		txn := p.Begin()
		txn.Append(topic, 0, topics.Record{Key: []byte("pid"), Value: []byte("sealed"), Time: now.AddDate(0, 0, day).Add(time.Minute)})
		if err := txn.Commit(ctx); err != nil {
			t.Fatal(err)
		}
	}
	held := func() (n int, oldest time.Time) {
		t.Helper()
		ends, err := k.Ends(ctx, topic)
		if err != nil {
			t.Fatal(err)
		}
		f := k.Fetcher(topic, 0, ends[topic][0].First, topics.FetchOptions{ReadCommitted: true})
		err = f.Span(ctx, ends[topic][0].First, ends[topic][0].Last, func(r *topics.FetchedRecord) error {
			if len(r.Value) == 0 {
				return nil
			}
			if n++; oldest.IsZero() {
				oldest = r.Time
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return n, oldest
	}
	for _, c := range []struct {
		at            time.Time
		removed, left int64
	}{{now, 10, 31}, {now, 0, 31}, {now.AddDate(0, 0, 31), 31, 0}, {now.AddDate(0, 0, 32), 0, 0}} {
		removed, err := expireLanding(ctx, k, s, c.at, false)
		n, oldest := held()
		if err != nil || removed != c.removed || int64(n) != c.left || n > 0 && oldest.Before(c.at.AddDate(0, 0, -30)) {
			t.Errorf("at %s: %d removed, %d left from %s on, %v; want %d, %d", c.at, removed, n, oldest, err, c.removed, c.left)
		}
	}
}
