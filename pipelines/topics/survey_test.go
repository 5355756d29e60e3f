package topics

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rongtong/schemas/fault"
)

// impatient gives a missing topic up soon.
func impatient(o *options) { o.missing = 300 * time.Millisecond }

func remove(t *testing.T, b *target, topics ...string) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.brokers...))
	must(t, err)
	defer cl.Close()
	_, err = kadm.NewClient(cl).DeleteTopics(ctxFor(t), topics...)
	must(t, err)
}

// fillTopic commits n records to partition 0.
func fillTopic(t *testing.T, c *Client, topic string, n int) {
	t.Helper()
	var p *Producer
	until(t, func() (err error) { // brokers hear of a new topic one after the other
		p, err = c.Producer(ctxFor(t), topic+".fill", topic)
		return err
	})
	defer p.Close()
	txn := p.Begin()
	for range n {
		txn.Append(topic, 0, Record{Value: []byte("x")})
	}
	must(t, txn.Commit(ctxFor(t)))
}

// TestConformSurvey: a topic that is gone does not keep the others from being told
// of, and an error about it names it and the way out.
func TestConformSurvey(t *testing.T) {
	onEach(t, func(t *testing.T, b *target, c *Client) {
		ctx, here, gone := ctxFor(t), b.n("here"), b.n("gone")
		ensure(t, c, Topic{Name: here, Partitions: 3})
		fillTopic(t, c, here, 5)
		decided(t, c, here)
		seen, err := c.Survey(ctx, here, gone)
		must(t, err)
		ends, err := c.Ends(ctx, here)
		must(t, err)
		if s := seen[here]; s.Err != nil || len(s.Bounds) != 3 || s.Bounds[0] != ends[here][0] {
			t.Errorf("of the topic that is there: %+v, want %v", s, ends[here])
		}
		if err := seen[gone].Err; !errors.Is(err, ErrNoTopic) || !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), gone) {
			t.Errorf("of the topic that is not: %v", err)
		}
		look, err := c.Look(ctx, here, gone)
		if err != nil || look[here] != nil || !errors.Is(look[gone], ErrNoTopic) {
			t.Errorf("looking: %v, %v", look, err)
		}
	})
}

// TestSurveyRights: a topic that may not be read, and one whose leader is away, are
// their own trouble.
func TestSurveyRights(t *testing.T) {
	cl, addrs := cluster(t)
	c := dial(t, addrs)
	ensure(t, c, Topic{Name: "a", Partitions: 1}, Topic{Name: "b", Partitions: 1}, Topic{Name: "c", Partitions: 1})
	cl.Control(func(req kmsg.Request) (kmsg.Response, error, bool) {
		lo, ok := req.(*kmsg.ListOffsetsRequest)
		if !ok {
			return nil, nil, false
		}
		cl.KeepControl()
		res := lo.ResponseKind().(*kmsg.ListOffsetsResponse)
		for _, rt := range lo.Topics {
			st := kmsg.NewListOffsetsResponseTopic()
			st.Topic = rt.Topic
			for _, rp := range rt.Partitions {
				sp := kmsg.NewListOffsetsResponseTopicPartition()
				sp.Partition, sp.Offset = rp.Partition, 7
				switch rt.Topic {
				case "b":
					sp.ErrorCode = kerr.TopicAuthorizationFailed.Code
				case "c":
					sp.ErrorCode = kerr.NotLeaderForPartition.Code
				}
				st.Partitions = append(st.Partitions, sp)
			}
			res.Topics = append(res.Topics, st)
		}
		return res, nil, true
	})
	seen, err := c.Survey(ctxFor(t), "a", "b", "c")
	must(t, err)
	if s := seen["a"]; s.Err != nil || s.Bounds[0] != (Bounds{7, 7}) {
		t.Errorf("a: %+v", s)
	}
	if s := seen["b"]; !fault.Is(s.Err, fault.Config) || !strings.Contains(s.Err.Error(), "grant the user") {
		t.Errorf("b: %+v", s)
	}
	if s := seen["c"]; s.Err != nil || s.Bounds[0] != Unknown {
		t.Errorf("c: %+v", s)
	}
}

// TestConformSpanGone: a reader of a span whose rest can never come says so, and which
// offsets are gone: the topic was created anew and is shorter, or is gone, or its
// beginning was deleted.
func TestConformSpanGone(t *testing.T) {
	onEach(t, func(t *testing.T, b *target, _ *Client) {
		c := dial(t, b.brokers, impatient)
		for _, tc := range []struct {
			name string
			do   func(topic string)
			want error
		}{
			{"anew and shorter", func(topic string) {
				remove(t, b, topic)
				ensure(t, c, Topic{Name: topic, Partitions: 1})
				fillTopic(t, c, topic, 4)
			}, nil},
			{"gone", func(topic string) { remove(t, b, topic) }, ErrNoTopic},
			{"expired", func(topic string) { must(t, c.DeleteRecords(ctxFor(t), topic, 0, 15)) }, ErrOffsetOutOfRange},
		} {
			t.Run(tc.name, func(t *testing.T) {
				topic := b.n(strings.ReplaceAll(tc.name, " ", "."))
				ensure(t, c, Topic{Name: topic, Partitions: 1})
				fillTopic(t, c, topic, 20)
				last := decided(t, c, topic)[topic][0].Last
				f := c.Fetcher(topic, 0, 0, FetchOptions{ReadCommitted: true, MaxWait: 50 * time.Millisecond})
				must(t, f.Span(ctxFor(t), 0, 3, func(*FetchedRecord) error { return nil }))
				tc.do(topic)
				err := f.Span(ctxFor(t), 3, last, func(*FetchedRecord) error { return nil })
				if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "offsets 3 to") || !strings.Contains(err.Error(), "run it again") {
					t.Errorf("%v %v", fault.Of(err), err)
				}
				if tc.want != nil && !errors.Is(err, tc.want) {
					t.Errorf("%v, want %v", err, tc.want)
				}
			})
		}
	})
}

// TestConformProduceToMissing: a producer whose topic is deleted gets an error that
// says so, instead of waiting for ever.
func TestConformProduceToMissing(t *testing.T) {
	onEach(t, func(t *testing.T, b *target, _ *Client) {
		c := dial(t, b.brokers, impatient)
		topic := b.n("a")
		ensure(t, c, Topic{Name: topic, Partitions: 1})
		p := producer(t, c, b.n("one"), topic)
		remove(t, b, topic)
		txn := p.Begin()
		txn.Append(topic, 0, Record{Value: []byte("x")})
		if err := txn.Commit(ctxFor(t)); !errors.Is(err, ErrNoTopic) || !fault.Is(err, fault.Config) {
			t.Errorf("%v %v", fault.Of(err), err)
		}
		p.Close()
		ensure(t, c, Topic{Name: topic, Partitions: 1})
		fillTopic(t, c, topic, 3)
		if got := values(t, c, topic, 0); len(got) != 3 {
			t.Errorf("%d records in the new topic", len(got))
		}
	})
}

// TestThrottleIsBounded: a broker that asks for an hour of silence is asked again
// after what a quota may ask for at most.
func TestThrottleIsBounded(t *testing.T) {
	cl, addrs := cluster(t)
	c := dial(t, addrs, func(o *options) { o.silence = 50 * time.Millisecond })
	ensure(t, c, Topic{Name: "a", Partitions: 1})
	cl.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cl.KeepControl()
		res := req.ResponseKind().(*kmsg.MetadataResponse)
		res.ThrottleMillis = 3_600_000
		res.Brokers = append(res.Brokers, kmsg.MetadataResponseBroker{NodeID: 0, Host: "127.0.0.1", Port: 1})
		st := kmsg.NewMetadataResponseTopic()
		st.Topic = kmsg.StringPtr("a")
		res.Topics = append(res.Topics, st)
		return res, nil, true
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for range 3 {
		if _, err := c.Partitions(ctx, "a"); err != nil {
			t.Fatal(err)
		}
	}
	if q := c.Throttled(); q.Answers < 3 || q.Cut != q.Answers || q.Longest != time.Hour {
		t.Errorf("%+v", q)
	}
}

// TestConformEpochEnds: the present leader has everything of its own epoch.
func TestConformEpochEnds(t *testing.T) {
	onEach(t, func(t *testing.T, b *target, c *Client) {
		topic := b.n("a")
		ensure(t, c, Topic{Name: topic, Partitions: 2})
		fillTopic(t, c, topic, 5)
		decided(t, c, topic)
		seen, err := c.Survey(ctxFor(t), topic)
		must(t, err)
		s := seen[topic]
		if s.Err != nil || s.Epochs[0] < 0 {
			t.Fatalf("%+v", s)
		}
		at := TopicPartition{topic, 0}
		ends, err := c.EpochEnds(ctxFor(t), []EpochOf{{at, s.Epochs[0]}})
		if err != nil || ends[at] < s.Bounds[0].Last {
			t.Errorf("epoch %d ends at %d, %v; the partition at %d", s.Epochs[0], ends[at], err, s.Bounds[0].Last)
		}
	})
}
