//go:build apachekafka

package topics

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// TestApacheThrottling: a broker whose quotas are used up asks for silence, for
// longer than a request may take here. The client keeps still for as long, so
// nothing times out, no transaction is given up, and every record is there once.
//
// A quota of requests silences whatever kafka-go asks by itself, too: versions
// when it connects, the coordinator before a commit. Those answers cannot be
// heeded, so there a request must be given more than the second that such a
// silence lasts at most. The test gives the writer that, and the reader, whose
// requests are all our own on connections that are open, less.
func TestApacheThrottling(t *testing.T) {
	for _, tc := range []struct {
		name        string
		quotas      map[string]float64
		write, read time.Duration // what a request may take
		rows        int           // of a transaction, a kilobyte each
		answer      int32         // bytes of an answer
	}{
		{"bytes", map[string]float64{"producer_byte_rate": 20_000, "consumer_byte_rate": 20_000}, 1500 * time.Millisecond, 1500 * time.Millisecond, 30, 50_000},
		// Percent of one thread of the broker.
		{"requests", map[string]float64{"request_percentage": 0.5}, 5 * time.Second, 600 * time.Millisecond, 10, 20_000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := apacheBroker(t)
			id, topic := "throttled."+tc.name, "throttled."+tc.name
			client := func(limit time.Duration) *Client {
				return dial(t, []string{b.Plain}, func(o *options) { o.clientID = id }, WithTimeouts(0, limit, 0))
			}
			w, r := client(tc.write), client(tc.read)
			ensure(t, w, Topic{Name: topic, Partitions: 1})
			p := producer(t, w, topic+".one", topic)
			txn := p.Begin()
			txn.Append(topic, 0, Record{Value: bytes.Repeat([]byte("0"), 17*64)})
			must(t, txn.Commit(ctxFor(t)))
			ends := decided(t, w, topic)
			f := r.Fetcher(topic, 0, 0, FetchOptions{ReadCommitted: true, MaxBytes: tc.answer, MaxWait: 50 * time.Millisecond})
			must(t, f.Span(ctxFor(t), 0, ends[topic][0].Last, func(*FetchedRecord) error { return nil })) // connections are open

			limit(t, b.Plain, id, tc.quotas)
			first := f.Next()
			want := throttledWrites(t, p, topic, tc.rows)
			throttledReads(t, w, f, topic, first, want)
			written, read, dials := p.line.throttles, r.line.throttles, r.line.dials+p.line.dials
			t.Logf("asked for silence while writing %d times, while reading %d times; %d connections", written, read, dials)
			if written == 0 || read == 0 {
				t.Error("the broker never asked for silence: the test tests nothing")
			}
			if dials > 8 { // four when nothing times out
				t.Error("connections were given up")
			}
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

// throttledWrites writes transactions to a topic, eight or as many as it takes to
// be silenced, and returns what is in them.
func throttledWrites(t *testing.T, p *Producer, topic string, rows int) map[string]bool {
	t.Helper()
	want := map[string]bool{}
	began := time.Now()
	for i := 0; i < 8 || p.line.throttles == 0 && i < 500; i++ {
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
		if err := txn.Commit(ctxFor(t)); err != nil {
			t.Fatalf("transaction %d, %s after the first: %v", i, time.Since(began), err)
		}
	}
	t.Logf("written in %s", time.Since(began).Round(time.Millisecond))
	return want
}

// throttledReads reads everything from an offset, once or as often as it takes to
// be silenced, and wants every record once.
func throttledReads(t *testing.T, w *Client, f *Fetcher, topic string, first int64, want map[string]bool) {
	t.Helper()
	ends := decided(t, w, topic)
	began := time.Now()
	got := map[string]int{}
	for round := 0; round == 0 || f.s.c.line.throttles == 0 && round < 500; round++ {
		clear(got)
		must(t, f.Span(ctxFor(t), first, ends[topic][0].Last, func(r *FetchedRecord) error {
			got[string(r.Value[:len(r.Value)-16*64])]++
			return nil
		}))
	}
	t.Logf("read in %s", time.Since(began).Round(time.Millisecond))
	for v := range want {
		if got[v] != 1 {
			t.Fatalf("%q is there %d times", v, got[v])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
}
