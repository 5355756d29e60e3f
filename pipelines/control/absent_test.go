package control

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines"
	"rongtong/pipelines/topics"
)

// TestAbsentTopicIsSeen: a topic that was deleted is said to be gone by status, lag,
// doctor and conditions, all of which still tell of the other streams.
func TestAbsentTopicIsSeen(t *testing.T) {
	ctx := t.Context()
	o := Options{Kafka: embeddedtest.Broker(t), Warehouse: embeddedtest.Warehouse(t), Log: slog.New(slog.DiscardHandler)}
	if _, err := Migrate(ctx, o, false); err != nil {
		t.Fatal(err)
	}
	if err := Topics(ctx, o); err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(o.Kafka))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	const name = "county_ledger.facility"
	topic := pipelines.Topic("county_ledger", "facility")
	if _, err := kadm.NewClient(client).DeleteTopics(ctx, topic); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := Topics(ctx, o); err != nil {
			t.Error(err)
		}
	}()
	m, err := NewMonitor(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	g, err := m.Glance(ctx) // asks for status, lag and conditions
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range g.Streams {
		if gone := s.System+"."+s.Stream == name; gone != strings.Contains(s.Absent, topic) {
			t.Errorf("%s.%s: %q", s.System, s.Stream, s.Absent)
		}
	}
	told := slices.DeleteFunc(g.Conditions, func(c Condition) bool { return c.Kind != "stream.stopped" })
	if len(told) != 1 || told[0].Subject != name || told[0].Severity != Critical || told[0].Do != "rongtong doctor" {
		t.Errorf("the conditions are %+v", told)
	}
	i := slices.IndexFunc(Doctor(ctx, o), func(f Finding) bool {
		return f.Check == "topic "+topic && f.State == FindingFail && strings.Contains(f.Found, "does not exist")
	})
	if i < 0 {
		t.Error("the doctor does not say so")
	}
	if _, err := m.k.Ends(ctx, topic); !errors.Is(err, topics.ErrNoTopic) {
		t.Errorf("the topic is there: %v", err)
	}
}
