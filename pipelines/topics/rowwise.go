package topics

import (
	"context"
	"time"

	"github.com/segmentio/kafka-go"
)

// Rowwise reads a partition message by message through kafka-go's Reader, as
// most Go programs do, until the offset before `to`. It is the fixed point of
// the benchmark: what the Reader delivers of transactions is not filtered.
func (c *Client) Rowwise(ctx context.Context, topic string, partition int, from, to int64, fn func(value []byte) error) error {
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: c.brokers, Topic: topic, Partition: partition, MinBytes: 1, MaxBytes: 10 << 20, MaxWait: 100 * time.Millisecond})
	defer r.Close()
	if err := r.SetOffset(from); err != nil {
		return err
	}
	for {
		m, err := r.ReadMessage(ctx)
		if err != nil {
			return explain(err, "reading %q", topic)
		}
		if len(m.Value) > 6 { // a shorter one is a marker of a transaction
			if err := fn(m.Value); err != nil {
				return err
			}
		}
		if m.Offset >= to-1 {
			return nil
		}
	}
}
