//go:build apachekafka

package topics

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// TestApacheThrottling: a broker whose quotas are used up asks for silence, for
// longer than a request may take here. The client keeps still for as long, so
// nothing times out, no transaction is given up, and every record is there once.
func TestApacheThrottling(t *testing.T) {
	for _, tc := range []struct {
		name    string
		quotas  map[string]float64
		request time.Duration // what one may take
		rows    int           // of a transaction, a kilobyte each
		txns    int
	}{
		{"bytes", map[string]float64{"producer_byte_rate": 20_000, "consumer_byte_rate": 20_000}, 1500 * time.Millisecond, 30, 8},
		// Percent of one thread of the broker. It asks for a second at most, each time.
		{"requests", map[string]float64{"request_percentage": 0.2}, 700 * time.Millisecond, 3, 10},
	} {
		t.Run(tc.name, func(t *testing.T) {
			id := "throttled." + tc.name
			b := apacheBroker(t)
			limit(t, b.Plain, id, tc.quotas)
			c := dial(t, []string{b.Plain}, func(o *options) { o.clientID = id }, WithTimeouts(0, tc.request, 0))
			throttled(t, c, id, tc.rows, tc.txns)
		})
	}
}

// limit sets quotas of a client until the test ends.
func limit(t *testing.T, broker, client string, quotas map[string]float64) {
	t.Helper()
	adm := kadm.NewClient(kclient(t, []string{broker}))
	set := func(remove bool) error {
		q := kadm.AlterClientQuotaEntry{Entity: kadm.ClientQuotaEntity{{Type: "client-id", Name: &client}}}
		for k, v := range quotas {
			q.Ops = append(q.Ops, kadm.AlterClientQuotaOp{Key: k, Value: v, Remove: remove})
		}
		_, err := adm.AlterClientQuotas(ctxFor(t), []kadm.AlterClientQuotaEntry{q})
		return err
	}
	must(t, set(false))
	t.Cleanup(func() {
		if err := set(true); err != nil {
			t.Errorf("removing the quotas: %v", err)
		}
	})
}

// throttled writes transactions to a topic and reads them, and wants that the
// broker asked for silence both times and got it.
func throttled(t *testing.T, c *Client, topic string, rows, txns int) {
	ctx := ctxFor(t)
	ensure(t, c, Topic{Name: topic, Partitions: 1})
	p := producer(t, c, topic+".one", topic)
	want := map[string]bool{}
	began := time.Now()
	for i := range txns {
		txn := p.Begin()
		for j := range rows {
			sum := sha256.Sum256(fmt.Append(nil, i, j)) // no codec makes it smaller
			v := fmt.Sprintf("%d/%d/%x", i, j, sum)
			want[v] = true
			for range 16 {
				v += fmt.Sprintf("%x", sha256.Sum256([]byte(v)))
			}
			txn.Append(topic, 0, Record{Value: []byte(v)})
		}
		if err := txn.Commit(ctx); err != nil {
			t.Fatalf("transaction %d, %s after the first: %v", i, time.Since(began), err)
		}
	}
	produced := p.line.throttles
	t.Logf("written in %s, %d answers asked for silence", time.Since(began).Round(time.Millisecond), produced)
	began = time.Now()
	got := map[string]int{}
	ends := decided(t, c, topic)
	f := c.Fetcher(topic, 0, 0, FetchOptions{ReadCommitted: true, MaxBytes: 50_000})
	must(t, f.Span(ctx, 0, ends[topic][0].Last, func(r *FetchedRecord) error {
		got[string(r.Value[:len(r.Value)-16*64])]++
		return nil
	}))
	t.Logf("read in %s, %d answers asked for silence", time.Since(began).Round(time.Millisecond), c.line.throttles)
	if produced == 0 || c.line.throttles == 0 {
		t.Errorf("the broker asked for silence %d and %d times: the test tests nothing", produced, c.line.throttles)
	}
	for v := range want {
		if got[v] != 1 {
			t.Fatalf("%q is there %d times", v, got[v])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
	if n := c.line.dials + p.line.dials; n > 12 {
		t.Errorf("%d connections were opened: some were given up", n)
	}
}
