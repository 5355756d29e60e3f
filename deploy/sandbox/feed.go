package sandbox

import (
	"context"
	"errors"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"rongtong/deploy/sandbox/world"
)

const (
	stockTopic      = "feed.emergency.stock"
	stockPartitions = 4
	stockBatch      = 500
)

// writeStocks writes the counts of emergency supplies as their department does:
// with a client of its own, by the key of the thing. What a partition holds is
// how far it got, because only this writes there: so it goes on where it was
// after any end of itself or of the broker, and writes nothing twice but what
// the world says was written twice.
func (s *Sandbox) writeStocks(ctx context.Context) error {
	list, total := s.stockRecords()
	m := s.meter(world.Stock, "X", "records", total)
	kafka, err := kgo.NewClient(kgo.SeedBrokers(s.opt.Kafka), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.DisableIdempotentWrite(), kgo.RecordRetries(1), kgo.MaxProduceRequestsInflightPerBroker(1),
		kgo.MetadataMinAge(200*time.Millisecond))
	if err != nil {
		return err
	}
	defer kafka.Close()
	admin := kadm.NewClient(kafka)
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 3*time.Second) {
		err := s.stocksOnce(ctx, kafka, admin, m, list)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		s.log.Debug("writing the counts of emergency supplies", "error", err)
		if !pause(ctx, wait) {
			return ctx.Err()
		}
	}
}

func (s *Sandbox) stockRecords() (list [stockPartitions][]*kgo.Record, total int64) {
	for t := range s.World.Townships() {
		for r := range s.World.Stocks(t) {
			key, value := world.StockJSON(r)
			p := xxhash.Sum64(key) % stockPartitions
			for range r.Times {
				list[p] = append(list[p], &kgo.Record{Topic: stockTopic, Partition: int32(p), Key: key, Value: value, Timestamp: time.UnixMilli(r.At)})
				total++
			}
		}
	}
	return list, total
}

// stocksOnce writes what the partitions do not hold yet, until something breaks.
func (s *Sandbox) stocksOnce(ctx context.Context, kafka *kgo.Client, admin *kadm.Client, m *meter, list [stockPartitions][]*kgo.Record) error {
	if _, err := admin.CreateTopic(ctx, stockPartitions, 1, map[string]*string{"retention.ms": kadm.StringPtr("-1")}, stockTopic); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
		return err
	}
	ends, err := admin.ListEndOffsets(ctx, stockTopic)
	if err = errors.Join(err, ends.Error()); err != nil {
		return err
	}
	written := int64(0)
	for p := range list {
		end, _ := ends.Lookup(stockTopic, int32(p))
		for at := int(end.Offset); at < len(list[p]); at += stockBatch {
			batch := list[p][at:min(at+stockBatch, len(list[p]))]
			if err := produce(ctx, kafka, batch); err != nil {
				return err
			}
			m.produced.Store(written + int64(at+len(batch)))
		}
		written += int64(len(list[p]))
	}
	m.produced.Store(written)
	return nil
}

// produce writes a batch, or gives up after a while: the broker may be away.
func produce(ctx context.Context, kafka *kgo.Client, batch []*kgo.Record) error {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	return kafka.ProduceSync(ctx, batch...).FirstErr()
}
