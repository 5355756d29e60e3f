package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"rongtong/deploy/embedded"
)

// runBroker runs a broker in this process, where a test can set its budget.
// stop ends it cleanly.
func runBroker(t testing.TB, cfg embedded.BrokerConfig) (addr string, stop func()) {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Port = ln.Addr().(*net.TCPAddr).Port
	ln.Close()
	ctx, cancel := context.WithCancel(context.Background()) // t's own ends before its cleanups
	done := make(chan error, 1)
	go func() { done <- embedded.RunBroker(ctx, cfg) }()
	stop = func() {
		if ctx.Err() != nil {
			return
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the broker ended with %v", err)
		}
	}
	t.Cleanup(stop)
	eventually(t, func() error {
		select {
		case err := <-done:
			t.Fatalf("the broker ended: %v", err)
		default:
		}
		return embedded.ProbeBroker(t.Context(), cfg)
	})
	return fmt.Sprintf("127.0.0.1:%d", cfg.Port), stop
}

func kafka(t testing.TB, addr string, opts ...kgo.Opt) (*kgo.Client, *kadm.Client) {
	t.Helper()
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(addr), kgo.RecordPartitioner(kgo.ManualPartitioner())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, kadm.NewClient(c)
}

func createTopic(t testing.TB, adm *kadm.Client, topic string, configs map[string]*string) {
	t.Helper()
	if _, err := adm.CreateTopic(t.Context(), 1, 1, configs, topic); err != nil {
		t.Fatal(err)
	}
}

// fill writes n records of a kilobyte that do not compress away.
func fill(t *testing.T, c *kgo.Client, topic string, n int) {
	t.Helper()
	pad := strings.Repeat("x", 1000)
	for i := 0; i < n; i += 16 {
		var rs []*kgo.Record
		for k := i; k < min(i+16, n); k++ {
			rs = append(rs, &kgo.Record{Topic: topic, Value: fmt.Appendf(nil, "%06d%s", k, pad)})
		}
		if err := c.ProduceSync(t.Context(), rs...).FirstErr(); err != nil {
			t.Fatalf("writing to %q: %v", topic, err)
		}
	}
}

func commit(t *testing.T, adm *kadm.Client, group, topic string, at int64) {
	t.Helper()
	o := make(kadm.Offsets)
	o.Add(kadm.Offset{Topic: topic, At: at, LeaderEpoch: -1, Metadata: "plan 7"})
	if err := adm.CommitAllOffsets(t.Context(), group, o); err != nil {
		t.Fatal(err)
	}
}

func bounds(t *testing.T, adm *kadm.Client, topic string) (first, end int64) {
	t.Helper()
	s, err := adm.ListStartOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	e, err := adm.ListEndOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	so, _ := s.Lookup(topic, 0)
	eo, _ := e.Lookup(topic, 0)
	return so.Offset, eo.Offset
}

func retained(t *testing.T, dir string) (n int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "log", "partitions", "*", "*.dat"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if st, err := os.Stat(f); err == nil {
			n += st.Size()
		}
	}
	return n
}

func small(dir string) embedded.BrokerConfig {
	return embedded.BrokerConfig{Data: dir, RetainBytes: 1 << 20, SegmentBytes: 64 << 10, SweepEvery: 30 * time.Millisecond, NoSync: true}
}

// swept returns when the janitor has gone over everything written before: a
// topic that expires at once is newer than the rest, and so its turn is last.
func swept(t *testing.T, c *kgo.Client, adm *kadm.Client) {
	t.Helper()
	soon := "1"
	createTopic(t, adm, "swept", map[string]*string{"retention.ms": &soon})
	fillRetrying(t, c, "swept", 200)
	eventually(t, func() error {
		if first, _ := bounds(t, adm, "swept"); first == 0 {
			return errors.New("the janitor has not come by")
		}
		return nil
	})
}

var raw = kgo.ProducerBatchCompression(kgo.NoCompression())

func TestJanitorKeepsTheBudgetAndTheUnread(t *testing.T) {
	cfg := small(t.TempDir())
	addr, stop := runBroker(t, cfg)
	c, adm := kafka(t, addr, raw)
	createTopic(t, adm, "in.a", nil)
	createTopic(t, adm, "in.unread", nil)
	fill(t, c, "in.unread", 300)
	fill(t, c, "in.a", 1100) // 1.4 MB in all, below the point of refusal

	// A connector's position is kept in an offset that no record has.
	commit(t, adm, "ingest.unread", "in.unread", 1<<62)
	commit(t, adm, "ingest.a", "in.a", 1<<62)
	// Two groups; the slower one decides.
	commit(t, adm, "fast", "in.a", 1100)
	commit(t, adm, "slow", "in.a", 200)
	swept(t, c, adm)
	if first, _ := bounds(t, adm, "in.a"); first < 100 || first > 200 {
		t.Errorf("in.a starts at %d, the slower group has read 200", first)
	}
	commit(t, adm, "slow", "in.a", 1000)
	eventually(t, func() error {
		if n := retained(t, cfg.Data); n > 1<<20 {
			return fmt.Errorf("%d bytes are retained", n)
		}
		return nil
	})
	first, end := bounds(t, adm, "in.a")
	if first <= 200 || first > 1000 || end != 1100 {
		t.Errorf("in.a holds [%d, %d), want a start in (200, 1000] and the end 1100", first, end)
	}
	if first, end := bounds(t, adm, "in.unread"); first != 0 || end != 300 {
		t.Errorf("in.unread holds [%d, %d), nobody has read it", first, end)
	}

	// A clean restart keeps what is left, at the same offsets.
	stop()
	addr, _ = runBroker(t, cfg)
	_, adm = kafka(t, addr)
	if f, e := bounds(t, adm, "in.a"); f < first || f > 1000 || e != 1100 {
		t.Errorf("after a restart in.a holds [%d, %d)", f, e)
	}
}

func TestJanitorNeverEmptiesAPartition(t *testing.T) {
	cfg := small(t.TempDir())
	cfg.RetainBytes = 1 << 10 // nothing fits
	addr, stop := runBroker(t, cfg)
	c, adm := kafka(t, addr, raw)
	soon := "1" // and everything may go
	createTopic(t, adm, "in.all_read", map[string]*string{"retention.ms": &soon})
	fillRetrying(t, c, "in.all_read", 800)
	commit(t, adm, "g", "in.all_read", 800)
	eventually(t, func() error {
		if n := retained(t, cfg.Data); n > 2*cfg.SegmentBytes {
			return fmt.Errorf("%d bytes are retained", n)
		}
		return nil
	})
	swept(t, c, adm)
	if first, end := bounds(t, adm, "in.all_read"); first >= end || end != 800 {
		t.Fatalf("the partition holds [%d, %d), want some record before 800", first, end)
	}
	// A client that deletes everything is held back from the last record too.
	for _, at := range []int64{800, -1} {
		o := make(kadm.Offsets)
		o.Add(kadm.Offset{Topic: "in.all_read", At: at})
		if _, err := adm.DeleteRecords(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if first, end := bounds(t, adm, "in.all_read"); first != 799 || end != 800 {
			t.Errorf("after deleting up to %d: [%d, %d), want [799, 800)", at, first, end)
		}
	}
	stop()
	addr, _ = runBroker(t, cfg)
	_, adm = kafka(t, addr)
	if _, end := bounds(t, adm, "in.all_read"); end != 800 {
		t.Errorf("after a restart the partition ends at %d: offsets began again", end)
	}
}

// fillRetrying writes while the broker may refuse, as a producer of the
// product does: the error is retriable.
func fillRetrying(t *testing.T, c *kgo.Client, topic string, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for range n {
		r := &kgo.Record{Topic: topic, Value: []byte(strings.Repeat("x", 1000))}
		if err := c.ProduceSync(ctx, r).FirstErr(); err != nil {
			t.Fatalf("writing to %q: %v", topic, err)
		}
	}
}

func TestBrokerRefusesRecordsWhenReadersLag(t *testing.T) {
	cfg := small(t.TempDir())
	addr, _ := runBroker(t, cfg)
	c, adm := kafka(t, addr, raw, kgo.RecordRetries(0), kgo.UnknownTopicRetries(0), kgo.DisableIdempotentWrite())
	createTopic(t, adm, "in.slow", nil)
	pad := []byte(strings.Repeat("x", 4000))
	var refused error
	written := 0
	for ; refused == nil && written < 4000; written++ {
		refused = c.ProduceSync(t.Context(), &kgo.Record{Topic: "in.slow", Value: pad}).FirstErr()
	}
	if !errors.Is(refused, kerr.KafkaStorageError) || !kerr.IsRetriable(refused) {
		t.Fatalf("after %d records: %v, want a retriable refusal", written, refused)
	}
	if first, _ := bounds(t, adm, "in.slow"); first != 0 {
		t.Errorf("unread records up to %d are gone", first)
	}
	_, end := bounds(t, adm, "in.slow")
	commit(t, adm, "g", "in.slow", end)
	eventually(t, func() error {
		return c.ProduceSync(t.Context(), &kgo.Record{Topic: "in.slow", Value: pad}).FirstErr()
	})
}

func TestRetentionOfATopicLetsUnreadRecordsGo(t *testing.T) {
	cfg := small(t.TempDir())
	addr, _ := runBroker(t, cfg)
	c, adm := kafka(t, addr, raw)
	soon := "1"
	createTopic(t, adm, "return.x", map[string]*string{"retention.ms": &soon})
	createTopic(t, adm, "in.kept", nil)
	fill(t, c, "return.x", 200)
	fill(t, c, "in.kept", 200)
	eventually(t, func() error {
		if first, end := bounds(t, adm, "return.x"); first == 0 || first >= end {
			return fmt.Errorf("return.x holds [%d, %d)", first, end)
		}
		return nil
	})
	if first, _ := bounds(t, adm, "in.kept"); first != 0 {
		t.Errorf("in.kept lost records up to %d within its budget", first)
	}
}

func TestBrokerRefusesCompactionAndItsOwnCleaner(t *testing.T) {
	addr, _ := runBroker(t, small(t.TempDir()))
	_, adm := kafka(t, addr)
	compact, both, del := "compact", "delete, Compact", "delete"
	for _, v := range []*string{&compact, &both} {
		_, err := adm.CreateTopic(t.Context(), 1, 1, map[string]*string{"cleanup.policy": v}, "c")
		if !errors.Is(err, kerr.PolicyViolation) {
			t.Errorf("creating with cleanup.policy=%s: %v", *v, err)
		}
	}
	createTopic(t, adm, "c", map[string]*string{"cleanup.policy": &del})
	alter := func(run func() (kadm.AlterConfigsResponses, error)) error {
		rs, err := run()
		for _, r := range rs {
			err = errors.Join(err, r.Err)
		}
		return err
	}
	set := func(name, value string) []kadm.AlterConfig {
		return []kadm.AlterConfig{{Op: kadm.SetConfig, Name: name, Value: &value}}
	}
	for what, run := range map[string]func() (kadm.AlterConfigsResponses, error){
		"incremental, topic": func() (kadm.AlterConfigsResponses, error) {
			return adm.AlterTopicConfigs(t.Context(), set("cleanup.policy", "compact"), "c")
		},
		"whole, topic": func() (kadm.AlterConfigsResponses, error) {
			return adm.AlterTopicConfigsState(t.Context(), set("cleanup.policy", "compact"), "c")
		},
		"incremental, broker": func() (kadm.AlterConfigsResponses, error) {
			return adm.AlterBrokerConfigs(t.Context(), set("log.cleaner.backoff.ms", "10"), 0)
		},
		"whole, broker": func() (kadm.AlterConfigsResponses, error) {
			return adm.AlterBrokerConfigsState(t.Context(), set("log.retention.ms", "10"), 0)
		},
	} {
		if err := alter(run); !errors.Is(err, kerr.PolicyViolation) {
			t.Errorf("%s: %v, want a refusal", what, err)
		}
	}
	if err := alter(func() (kadm.AlterConfigsResponses, error) {
		return adm.AlterTopicConfigs(t.Context(), set("retention.ms", "60000"), "c")
	}); err != nil {
		t.Errorf("an ordinary setting is refused: %v", err)
	}
}

func TestBrokerMakesNoTopicByNamingIt(t *testing.T) {
	addr, _ := runBroker(t, small(t.TempDir()))
	c, _ := kafka(t, addr, kgo.AllowAutoTopicCreation(), kgo.UnknownTopicRetries(1))
	err := c.ProduceSync(t.Context(), &kgo.Record{Topic: "in.typo", Value: []byte("x")}).FirstErr()
	if !errors.Is(err, kerr.UnknownTopicOrPartition) {
		t.Errorf("writing to a topic that nobody created: %v", err)
	}
}

// A killed broker comes back with what it acknowledged: records, committed
// transactions, offsets with their metadata, and producer epochs.
func TestBrokerKeepsDataOverKill9(t *testing.T) {
	e, _ := startEngines(t, func(o *embedded.Options) { o.OnlyBroker = true; o.NoSync = false })
	c, adm := kafka(t, e.Kafka, kgo.TransactionalID("twin"))
	createTopic(t, adm, "in.k", nil)
	write := func(c *kgo.Client, from, n int, end kgo.TransactionEndTry) {
		t.Helper()
		if err := c.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			c.Produce(t.Context(), &kgo.Record{Topic: "in.k", Value: fmt.Appendf(nil, "%d", from+i)}, nil)
		}
		if err := c.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
	}
	write(c, 0, 50, kgo.TryCommit)
	write(c, 900, 50, kgo.TryAbort)
	commit(t, adm, "loader", "in.k", 17)
	before, _, err := c.ProducerID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for round := 1; round <= 2; round++ {
		kill9(t, e.Supervisor.Pid("broker"))
		waitEvent(t, e.Supervisor, "broker", embedded.Exited)
		waitEvent(t, e.Supervisor, "broker", embedded.Ready)
		next, _ := kafka(t, e.Kafka, kgo.TransactionalID("twin"))
		write(next, round*50, 50, kgo.TryCommit)
		after, _, err := next.ProducerID(t.Context())
		if err != nil || after != before {
			t.Errorf("the transactional ID has producer %d after the kill, %d before (%v)", after, before, err)
		}
	}
	r, _ := kafka(t, e.Kafka, kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"in.k": {0: kgo.NewOffset().AtStart()}}))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for want := 0; want < 150; {
		fs := r.PollFetches(ctx)
		if err := fs.Err0(); err != nil {
			t.Fatalf("reading after %d records: %v", want, err)
		}
		fs.EachRecord(func(rec *kgo.Record) {
			if string(rec.Value) != fmt.Sprint(want) {
				t.Fatalf("record %q where %d belongs", rec.Value, want)
			}
			want++
		})
	}
	_, adm = kafka(t, e.Kafka)
	os, err := adm.FetchOffsets(t.Context(), "loader")
	if err != nil {
		t.Fatal(err)
	}
	if o, _ := os.Lookup("in.k", 0); o.At != 17 || o.Metadata != "plan 7" {
		t.Errorf("the group stands at %d with %q", o.At, o.Metadata)
	}
}

// What one acknowledged write costs with and without a sync, for one record
// and for a batch of a megabyte.
func BenchmarkAcknowledge(b *testing.B) {
	for _, sync := range []bool{true, false} {
		for _, size := range []int{300, 900_000} {
			b.Run(fmt.Sprintf("sync=%t/bytes=%d", sync, size), func(b *testing.B) {
				cfg := embedded.BrokerConfig{Data: b.TempDir(), NoSync: !sync}
				addr, _ := runBroker(b, cfg)
				c, adm := kafka(b, addr, raw)
				createTopic(b, adm, "bench", nil)
				value := []byte(strings.Repeat("x", size))
				b.SetBytes(int64(size))
				for b.Loop() {
					if err := c.ProduceSync(b.Context(), &kgo.Record{Topic: "bench", Value: value}).FirstErr(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
