package sandbox

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"rongtong/deploy/sandbox/world"
)

// delivery is a record of the return flow, as its contract says.
type delivery struct {
	ID       string `json:"delivery_id"`
	Division string `json:"division"`
	Dataset  string `json:"dataset"`
	Rows     uint64 `json:"rows"`
	Date     string `json:"business_date"`
}

// receiptsPerRequest bounds a request to the receipts' gateway.
const receiptsPerRequest = 2000

// answerReturns reads what flows back to the divisions and acknowledges it for
// those that do. A delivery is answered at least once: its offset is committed
// after the receipt was accepted.
func (s *Sandbox) answerReturns(ctx context.Context) error {
	m := s.meter(world.Receipts, "P", "receipts", 0)
	kafka, err := kgo.NewClient(
		kgo.SeedBrokers(s.opt.Kafka),
		kgo.ConsumeRegex(), kgo.ConsumeTopics(`^return\..*`),
		kgo.ConsumerGroup("sandbox.receipts"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.DisableAutoCommit(),
		kgo.MetadataMinAge(200*time.Millisecond), kgo.MetadataMaxAge(2*time.Second),
		kgo.FetchMaxWait(500*time.Millisecond),
	)
	if err != nil {
		return err
	}
	defer kafka.Close()
	client := &http.Client{Timeout: time.Minute}
	for ctx.Err() == nil {
		fetches := kafka.PollFetches(ctx)
		fetches.EachError(func(topic string, _ int32, err error) {
			s.log.Debug("reading the return flow", "topic", topic, "error", err)
		})
		records := fetches.Records()
		if len(records) == 0 {
			pause(ctx, 50*time.Millisecond)
			continue
		}
		for len(records) > 0 {
			n := min(len(records), receiptsPerRequest)
			if !s.receipt(ctx, client, m, records[:n]) {
				return ctx.Err()
			}
			records = records[n:]
		}
		if err := kafka.CommitUncommittedOffsets(ctx); err != nil {
			s.log.Debug("committing what was acknowledged", "error", err)
		}
	}
	return ctx.Err()
}

// receipt posts the receipts for some deliveries until they are accepted.
func (s *Sandbox) receipt(ctx context.Context, client *http.Client, m *meter, records []*kgo.Record) bool {
	body := []byte{'['}
	n := 0
	for _, r := range records {
		var d delivery
		if err := json.Unmarshal(r.Value, &d); err != nil {
			s.log.Warn("a delivery of the return flow is no JSON", "topic", r.Topic, "offset", r.Offset)
			continue
		}
		x := s.World.ReceiptOf(d.Division)
		if !x.Answers {
			continue
		}
		if n++; n > 1 {
			body = append(body, ',')
		}
		proxy := "否"
		if x.ByProxy {
			proxy = "是"
		}
		b, err := json.Marshal(map[string]any{"delivery_id": d.ID, "division": d.Division, "dataset": d.Dataset,
			"status": x.Status, "rows_loaded": d.Rows, "by_proxy": proxy, "acked_at": x.At})
		if err != nil {
			continue
		}
		body = append(body, b...)
	}
	if n == 0 {
		return true
	}
	body = append(body, ']')
	m.total.Add(int64(n))
	url := "http://" + s.opt.ReceiptListen + "/v1/push/return_receipts/receipt"
	key := s.secret(records[0].Topic+string(records[0].Key)+time.Now().String(), 32)
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 3*time.Second) {
		if err := s.post(ctx, client, url, body, false, key); err == nil {
			m.produced.Add(int64(n))
			return true
		}
		if !pause(ctx, wait) {
			return false
		}
	}
}
