package pipelines

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/warehouse"
)

// A topic that is deleted and created anew is another topic: the loader begins at
// its start by itself, whether or not it ran meanwhile, the spans and rejects of
// both lives are there, and the books balance.
func TestTopicCreatedAnew(t *testing.T) {
	const rows, bad = 300, 60
	b := newBout(t, "anew", rows, "", func(i int) string { return value(i, 0) })
	ctx := t.Context()
	client, err := kgo.NewClient(kgo.SeedBrokers(embeddedtest.Broker(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	life := 1
	again := func() {
		t.Helper()
		if _, err := kadm.NewClient(client).DeleteTopics(ctx, b.stream.Topic); err != nil {
			t.Error(err)
		}
		if err := b.kafka.Ensure(ctx, Topics([]*Stream{b.stream})); err != nil {
			t.Error(err)
		}
		b.fill(func(i int) string { return value(i, life) })
		life++
	}
	publish := func(want int64) {
		t.Helper()
		if _, n, err := (publisher{b.kafka, b.real}).publish(ctx, b.stream); err != nil || n != want {
			t.Errorf("%d rejects are published, %v; want %d", n, err, want)
		}
	}
	if err := b.kafka.Ensure(ctx, ControlTopics()); err != nil {
		t.Fatal(err)
	}
	b.run(70, b.all())
	publish(bad)
	again() // while no loader runs: the broker forgets the offsets
	clear(b.loaded)
	whole, recreated := b.all(), false
	b.run(70, func() bool { // and while one runs
		if !whole() {
			return false
		}
		if !recreated {
			recreated = true
			again()
			clear(b.loaded)
			return false
		}
		return true
	})
	if !strings.Contains(b.log.String(), "created anew") {
		t.Errorf("the loader does not say so:\n%s", b.log.String())
	}
	publish(2 * bad)
	for sql, want := range map[string]uint64{
		"SELECT sum(received) FROM ops.load FINAL WHERE topic = 'TOPIC'":                                                     3 * rows,
		"SELECT uniqExact(topic_id) FROM ops.load FINAL WHERE topic = 'TOPIC' AND topic_id != ''":                            3,
		"SELECT count() FROM ops.reject FINAL WHERE topic = 'TOPIC'":                                                         3 * bad,
		"SELECT count() FROM TABLE FINAL":                                                                                    rows - bad, // the claims are the same
		"SELECT uniqExact(kafka_partition, kafka_offset) FROM TABLE":                                                         rows - bad,
		"SELECT count() FROM (SELECT topic_id FROM ops.reject FINAL WHERE topic = 'TOPIC' GROUP BY ALL HAVING count() = 60)": 3,
	} {
		if n := b.count(strings.ReplaceAll(sql, "TOPIC", b.stream.Topic)); n != want {
			t.Errorf("%s: %d, want %d", sql, n, want)
		}
	}
	// One offset is three records; each says which life it is of, and its own row.
	seen := map[string]string{}
	for r, err := range b.real.Rejects(ctx, warehouse.RejectFilter{Topic: b.stream.Topic, Partition: 0, Offset: 1}, 0) {
		if err != nil {
			t.Fatal(err)
		}
		seen[r.TopicID] = r.Row
	}
	if len(seen) != 3 {
		t.Errorf("offset 1 of partition 0 was refused in %d lives: %v", len(seen), seen)
	}
	ids, err := b.kafka.TopicIDs(ctx, b.stream.Topic)
	if err != nil || !strings.Contains(seen[ids[b.stream.Topic]], "约三百") {
		t.Errorf("of the topic of now (%v, %v) the record is %q", ids, err, seen[ids[b.stream.Topic]])
	}
}

// value is refused at every fifth row, and says in which life of the topic.
func value(i, life int) string {
	if i%5 == 0 {
		return []string{"约一百", "约二百", "约三百"}[life]
	}
	return number(i)
}
