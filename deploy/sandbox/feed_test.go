package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"rongtong/deploy/sandbox/world"
)

// TestStocks: the department writes every record once, those that it was unsure
// of twice, and goes on where it was when it is started again.
func TestStocks(t *testing.T) {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	w, err := world.New(1, world.Small)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()
	var log bytes.Buffer
	s := &Sandbox{World: w, opt: Options{Kafka: broker.ListenAddrs()[0]}, log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	_, total := s.stockRecords()
	for range 2 {
		if err := s.writeStocks(ctx); err != nil {
			t.Fatalf("%v\n%s", err, log.String())
		}
	}
	c, err := kgo.NewClient(kgo.SeedBrokers(broker.ListenAddrs()...), kgo.ConsumeTopics(stockTopic))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	n, gone := int64(0), 0
	for n < total {
		for _, r := range c.PollFetches(ctx).Records() {
			n++
			if r.Value == nil {
				gone++
			}
			if !json.Valid(r.Key) || r.Value != nil && !json.Valid(r.Value) {
				t.Fatalf("%s: %s", r.Key, r.Value)
			}
		}
		if ctx.Err() != nil {
			t.Fatalf("%d of %d records\n%s", n, total, log.String())
		}
	}
	if gone == 0 || total < 300 {
		t.Errorf("%d records, %d of them withdrawals", total, gone)
	}
	ctx, stop = context.WithTimeout(context.Background(), time.Second)
	defer stop()
	if more := c.PollFetches(ctx).NumRecords(); more > 0 {
		t.Errorf("%d records more than there should be", more)
	}
}
