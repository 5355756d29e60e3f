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
	b := apacheBroker(t)
	ctx := ctxFor(t)
	adm := kadm.NewClient(kclient(t, []string{b.Plain}))
	const id, topic, rows, txns = "throttled", "throttled.a", 30, 8
	quotas := func(remove bool, values map[string]float64) {
		t.Helper()
		name := id
		q := kadm.AlterClientQuotaEntry{Entity: kadm.ClientQuotaEntity{{Type: "client-id", Name: &name}}}
		for k, v := range values {
			q.Ops = append(q.Ops, kadm.AlterClientQuotaOp{Key: k, Value: v, Remove: remove})
		}
		if _, err := adm.AlterClientQuotas(ctx, []kadm.AlterClientQuotaEntry{q}); err != nil {
			t.Fatal(err)
		}
	}
	limits := map[string]float64{"producer_byte_rate": 20_000, "consumer_byte_rate": 20_000}
	quotas(false, limits)
	defer quotas(true, limits)
	c := dial(t, []string{b.Plain}, func(o *options) { o.clientID = id }, WithTimeouts(0, 1500*time.Millisecond, 0))
	ensure(t, c, Topic{Name: topic, Partitions: 1})
	p := producer(t, c, "throttled.one", topic)
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
