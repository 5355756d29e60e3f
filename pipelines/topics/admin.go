package topics

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"rongtong/schemas/fault"
)

// Topic is a topic as it should be.
type Topic struct {
	Name       string
	Partitions int
	// Configs are topic settings by Kafka's names. retention.ms is -1 (for
	// ever) unless it is given: what is old is for a janitor that knows what
	// was read, not for the broker's clock.
	Configs map[string]string
}

// Bounds are the first offset a partition holds and the offset after the last
// one that a committed reader may see (the last stable offset).
type Bounds struct{ First, Last int64 }

// Committed is what a consumer group has stored for a partition.
type Committed struct {
	Offset   int64 // -1: nothing is stored
	Metadata string
}

// Ensure creates the topics that are missing and returns once all brokers asked
// know them. Partitions are never added to a topic, because keys would move:
// fewer than wanted is a fault.Config; more is fine.
func (c *Client) Ensure(ctx context.Context, topics []Topic) error {
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = t.Name
	}
	if len(names) == 0 {
		return nil
	}
	err := c.retry(ctx, "creating topics", func(ctx context.Context) error {
		have, err := c.metadata(ctx, c.line, names...)
		if err != nil {
			return err
		}
		missing, err := c.missing(topics, have)
		if err != nil || len(missing) == 0 {
			return err
		}
		if err := c.create(ctx, missing); err != nil {
			return err
		}
		return fmt.Errorf("the new topics are not known yet: %w", kafka.LeaderNotAvailable)
	})
	return explain(err, "ensuring %d topics", len(topics))
}

// missing returns the topics to create.
func (c *Client) missing(want []Topic, have []topicMeta) ([]Topic, error) {
	known := map[string]topicMeta{}
	for _, m := range have {
		known[m.name] = m
	}
	var out []Topic
	for _, t := range want {
		m, ok := known[t.Name]
		switch {
		case !ok || errors.Is(m.err, kafka.UnknownTopicOrPartition):
			out = append(out, t)
		case m.err != nil:
			return nil, fmt.Errorf("topic %q: %w", t.Name, m.err)
		case len(m.leaders) < t.Partitions:
			return nil, fault.Hint(fault.Config, "adding partitions moves keys: drain the topic, then recreate it",
				"topic %q has %d partitions, %d are declared", t.Name, len(m.leaders), t.Partitions)
		}
	}
	return out, nil
}

func (c *Client) create(ctx context.Context, topics []Topic) error {
	req := &kafka.CreateTopicsRequest{}
	for _, t := range topics {
		configs := map[string]string{"retention.ms": "-1"}
		maps.Copy(configs, t.Configs)
		tc := kafka.TopicConfig{Topic: t.Name, NumPartitions: t.Partitions, ReplicationFactor: c.opts.replication}
		for _, k := range slices.Sorted(maps.Keys(configs)) {
			tc.ConfigEntries = append(tc.ConfigEntries, kafka.ConfigEntry{ConfigName: k, ConfigValue: configs[k]})
		}
		req.Topics = append(req.Topics, tc)
	}
	res, err := c.line.admin.CreateTopics(ctx, req)
	if err != nil {
		return err
	}
	for _, t := range topics {
		err := res.Errors[t.Name]
		if err == nil || errors.Is(err, kafka.TopicAlreadyExists) {
			continue
		}
		if v, _ := judge(err); v == fatal {
			return fault.New(fault.Config, "creating topic %q: %w", t.Name, err)
		}
		return fmt.Errorf("creating topic %q: %w", t.Name, err)
	}
	return nil
}

// Partitions returns the number of partitions of each topic, of all topics if
// none is named. A topic that does not exist is left out.
func (c *Client) Partitions(ctx context.Context, topics ...string) (map[string]int, error) {
	out := map[string]int{}
	err := c.retry(ctx, "reading the list of topics", func(ctx context.Context) error {
		have, err := c.metadata(ctx, c.line, topics...)
		if err != nil {
			return err
		}
		clear(out)
		for _, m := range have {
			if errors.Is(m.err, kafka.UnknownTopicOrPartition) {
				continue
			}
			if m.err != nil {
				return fmt.Errorf("topic %q: %w", m.name, m.err)
			}
			out[m.name] = len(m.leaders)
		}
		return nil
	})
	if err != nil {
		return nil, explain(err, "reading the partitions of %d topics", len(topics))
	}
	return out, nil
}

// all lists the partitions of topics that must exist.
func (c *Client) all(ctx context.Context, topics []string) ([]tp, map[string]int, error) {
	counts, err := c.Partitions(ctx, topics...)
	if err != nil {
		return nil, nil, err
	}
	var ps []tp
	for _, t := range topics {
		if counts[t] == 0 {
			return nil, nil, noTopic(t)
		}
		for p := range counts[t] {
			ps = append(ps, tp{t, int32(p)})
		}
	}
	return ps, counts, nil
}

// Ends returns the bounds of every partition of the topics, by partition number.
// A topic that does not exist is a fault.Config.
func (c *Client) Ends(ctx context.Context, topics ...string) (map[string][]Bounds, error) {
	out := make(map[string][]Bounds, len(topics))
	if len(topics) == 0 {
		return out, nil
	}
	ps, counts, err := c.all(ctx, topics)
	if err != nil {
		return nil, err
	}
	for t, n := range counts {
		out[t] = make([]Bounds, n)
	}
	for _, ask := range []struct {
		when int64
		put  func(b *Bounds, offset int64)
	}{
		{-2, func(b *Bounds, o int64) { b.First = o }},
		{-1, func(b *Bounds, o int64) { b.Last = o }},
	} {
		err := c.retry(ctx, "reading the ends of topics", func(ctx context.Context) error {
			return c.listOffsets(ctx, ps, ask.when, func(p tp, o int64) { ask.put(&out[p.topic][p.partition], o) })
		})
		if err != nil {
			return nil, explain(err, "reading the ends of %d topics", len(topics))
		}
	}
	return out, nil
}

func (c *Client) listOffsets(ctx context.Context, ps []tp, when int64, put func(tp, int64)) error {
	return c.listOffsetsAt(ctx, ps, when, readCommitted, put)
}

// readCommitted makes the end of a partition its last stable offset, readUncommitted
// its high watermark.
const (
	readUncommitted = int8(0)
	readCommitted   = int8(1)
)

func (c *Client) listOffsetsAt(ctx context.Context, ps []tp, when int64, isolation int8, put func(tp, int64)) error {
	groups, ids, err := c.byLeader(ctx, ps)
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := c.askOffsets(ctx, id, groups[id], when, isolation, func(p tp, o int64, _ int32, err error) error {
			if err == nil {
				put(p, o)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) forgetAll(ps []tp) {
	for _, p := range ps {
		c.forget(p.topic)
	}
}

// Offsets returns what a group has committed for every partition of the topics,
// by partition number. Offsets of an open transaction do not count.
func (c *Client) Offsets(ctx context.Context, group string, topics ...string) (map[string][]Committed, error) {
	if len(topics) == 0 {
		return map[string][]Committed{}, nil
	}
	ps, _, err := c.all(ctx, topics)
	if err != nil {
		return nil, err
	}
	return c.offsets(ctx, group, ps)
}

// offsets fills, for each topic, a slice long enough for the partitions asked.
// It waits for a transaction that is being committed: Apache Kafka says that a
// commit is done before its offsets can be read.
func (c *Client) offsets(ctx context.Context, group string, ps []tp) (map[string][]Committed, error) {
	out := map[string][]Committed{}
	for _, p := range ps {
		for len(out[p.topic]) <= int(p.partition) {
			out[p.topic] = append(out[p.topic], Committed{Offset: -1})
		}
	}
	err := c.retry(ctx, "reading offsets of a group", func(ctx context.Context) error {
		var w writer
		c.request(&w, protocol.OffsetFetch, offsetFetchVersion)
		writeOffsetFetch(&w, group, ps)
		e := &groupExchange{frame{key: protocol.OffsetFetch, version: offsetFetchVersion, parts: [][]byte{w.b}}, group}
		if err := c.trip(ctx, c.line, e, c.opts.request); err != nil {
			return err
		}
		return parseOffsetFetch(e.answer, c.line.throttledMS, func(p tp, at Committed, err error) error {
			if err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
			if list := out[p.topic]; p.partition >= 0 && int(p.partition) < len(list) {
				list[p.partition] = at
			}
			return nil
		})
	})
	if err != nil {
		return nil, explain(err, "reading the offsets of group %q", group)
	}
	return out, nil
}

// offsetFetchVersion is the first that can be told to wait for pending commits.
const offsetFetchVersion = 7

func writeOffsetFetch(w *writer, group string, ps []tp) {
	byTopic := map[string][]int32{}
	for _, p := range ps {
		byTopic[p.topic] = append(byTopic[p.topic], p.partition)
	}
	w.noTags() // of the header
	w.cstr(group)
	w.ccount(len(byTopic))
	for _, topic := range slices.Sorted(maps.Keys(byTopic)) {
		w.cstr(topic)
		w.ccount(len(byTopic[topic]))
		for _, p := range byTopic[topic] {
			w.i32(p)
		}
		w.noTags()
	}
	w.i8(1) // stable offsets only
	w.noTags()
}

func parseOffsetFetch(answer []byte, throttled func(ms int32), each func(tp, Committed, error) error) error {
	r := reader{b: answer, flexible: true}
	r.tags()
	throttled(r.i32())
	for range r.count(3) {
		topic := string(r.text())
		for range r.count(20) {
			p := tp{topic, r.i32()}
			at := Committed{Offset: r.i64()}
			r.i32() // leader epoch
			at.Metadata = string(r.text())
			err := code(r.i16())
			r.tags()
			if r.err != nil {
				return r.err
			}
			if err := each(p, at, err); err != nil {
				return err
			}
		}
		r.tags()
	}
	err := code(r.i16())
	if r.err != nil {
		return r.err
	}
	if errors.Is(err, kafka.GroupIdNotFound) {
		return nil // a group that never committed
	}
	return err
}

// DeleteRecords removes what a partition holds below offset `before`. The
// embedded broker must never be told to empty a partition: leave one record.
func (c *Client) DeleteRecords(ctx context.Context, topic string, partition int32, before int64) error {
	p := tp{topic, partition}
	err := c.retry(ctx, "deleting records", func(ctx context.Context) error {
		id, err := c.leader(ctx, p)
		if err != nil {
			return err
		}
		var w writer
		c.request(&w, protocol.DeleteRecords, 1)
		putTopics(&w, []tp{p}, func(p tp) { w.i32(p.partition); w.i64(before) })
		w.i32(int32(c.opts.request.Milliseconds()))
		e := &exchange{frame{key: protocol.DeleteRecords, version: 1, parts: [][]byte{w.b}}, id}
		if err := c.trip(ctx, c.line, e, c.opts.request); err != nil {
			c.forget(topic)
			return err
		}
		r := reader{b: e.answer}
		c.line.throttledMS(r.i32())
		if r.count(6) != 1 {
			return errShort
		}
		r.text()
		if r.count(14) != 1 {
			return errShort
		}
		r.i32()
		r.i64() // the new first offset
		err = code(r.i16())
		if r.err != nil {
			return r.err
		}
		switch {
		case errors.Is(err, kafka.OffsetOutOfRange):
			return &OutOfRange{Topic: topic, Partition: partition, Offset: before}
		case err != nil:
			c.forget(topic)
		}
		return err
	})
	if errors.Is(err, ErrOffsetOutOfRange) {
		return fault.New(fault.Bug, "deleting records of %s: %w", p, err)
	}
	return explain(err, "deleting records of %s below offset %d", p, before)
}
