package topics

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// An election of a leader that was not in sync forgets records that were
// acknowledged, and gives their offsets to others (KIP-101, KIP-320). Every leader has
// an epoch; the log of the present one tells where the records of an earlier epoch
// end, and whoever has read farther has read what is no more.

// EpochOf asks about an epoch of a partition.
type EpochOf struct {
	TopicPartition
	Epoch int32
}

// epochVersion is the last version of OffsetForLeaderEpoch before compact ones.
const epochVersion = 3

// EpochEnds returns, for each partition, the offset after the last record that leaders
// up to the epoch wrote, as the present leader has it; -1 when its log does not know
// the epoch. A partition of which nothing can be told now is left out.
func (c *Client) EpochEnds(ctx context.Context, list []EpochOf) (map[TopicPartition]int64, error) {
	out := map[TopicPartition]int64{}
	if len(list) == 0 {
		return out, nil
	}
	epochs := map[tp]int32{}
	ps := make([]tp, len(list))
	for i, e := range list {
		ps[i] = tp{e.Topic, e.Partition}
		epochs[ps[i]] = e.Epoch
	}
	err := c.retry(ctx, "asking where epochs end", func(ctx context.Context) error {
		groups, ids, err := c.byLeader(ctx, ps)
		if err != nil {
			return err
		}
		for _, id := range ids {
			var w writer
			c.request(&w, protocol.OffsetForLeaderEpoch, epochVersion)
			w.i32(-1) // no replica asks
			putTopics(&w, groups[id], func(p tp) { w.i32(p.partition); w.i32(-1); w.i32(epochs[p]) })
			e := &exchange{frame{key: protocol.OffsetForLeaderEpoch, version: epochVersion, parts: [][]byte{w.b}}, id}
			if err := c.trip(ctx, c.line, e, c.opts.request); err != nil {
				c.forgetAll(groups[id])
				return err
			}
			if err := parseEpochEnds(e.answer, c.line.throttledMS, func(p tp, end int64, err error) error {
				if errors.Is(err, kafka.TopicAuthorizationFailed) {
					return fmt.Errorf("%s: %w", p, err)
				}
				if err == nil {
					out[TopicPartition{p.topic, p.partition}] = end
				}
				if err != nil {
					c.forget(p.topic)
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return out, explain(err, "asking where epochs of %d partitions end", len(list))
}

func parseEpochEnds(answer []byte, throttled func(ms int32), each func(tp, int64, error) error) error {
	r := reader{b: answer}
	throttled(r.i32())
	for range r.count(6) {
		topic := string(r.text())
		for range r.count(18) {
			err := code(r.i16())
			p := tp{topic, r.i32()}
			r.i32() // the epoch that it speaks of
			end := r.i64()
			if r.err != nil {
				return r.err
			}
			if err := each(p, end, err); err != nil {
				return err
			}
		}
	}
	return r.err
}
