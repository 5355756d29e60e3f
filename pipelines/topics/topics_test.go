package topics

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"rongtong/schemas/fault"
)

func TestWriteAndRead(t *testing.T) {
	_, addrs := cluster(t)
	ctx, c := ctxFor(t), dial(t, addrs)
	ensure(t, c, Topic{Name: "a", Partitions: 3}, Topic{Name: "b", Partitions: 1})
	ensure(t, c, Topic{Name: "a", Partitions: 2}) // more than wanted is fine
	err := c.Ensure(ctx, []Topic{{Name: "a", Partitions: 4}})
	if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "has 3 partitions, 4 are declared") {
		t.Fatalf("fewer partitions than declared: %v", err)
	}
	p := producer(t, c, "one", "a", "b")
	now := time.UnixMilli(1764000000123)
	txn := p.Begin()
	for i := range 25_000 {
		txn.Append("a", int32(i%3), Record{Key: []byte{byte(i)}, Value: fmt.Appendf(nil, "value %d", i), Header: []byte("h"), Time: now.Add(time.Duration(i) * time.Millisecond)})
	}
	txn.Append("b", 0, Record{Value: nil})
	placed, err := txn.Flush(ctx)
	must(t, err)
	if n := len(placed); n != 4 {
		t.Fatalf("%d batches, want 4", n)
	}
	if got := values(t, c, "b", 0); len(got) != 0 {
		t.Fatalf("uncommitted records are visible: %q", got)
	}
	must(t, txn.Commit(ctx))
	f := c.Fetcher("a", 1, 0, FetchOptions{ReadCommitted: true})
	n := 0
	for f.Next() < 8335 { // a marker, 8333 records, a marker
		_, err := f.Fetch(ctx, func(r *FetchedRecord) error {
			i := 3*n + 1
			want := FetchedRecord{Key: []byte{byte(i)}, Value: fmt.Appendf(nil, "value %d", i), Header: []byte("h"),
				Offset: int64(n + 1), Time: now.Add(time.Duration(i) * time.Millisecond)}
			if d := cmp.Diff(want, *r); d != "" {
				return errors.New(d)
			}
			n++
			return nil
		})
		must(t, err)
	}
	if n != 8333 {
		t.Fatalf("%d records", n)
	}
	parts, err := c.Partitions(ctx)
	must(t, err)
	if d := cmp.Diff(map[string]int{"a": 3, "b": 1}, parts); d != "" {
		t.Fatal(d)
	}
}

// TestCodecs: an independent client writes with every codec, we read.
func TestCodecs(t *testing.T) {
	_, addrs := cluster(t)
	c := dial(t, addrs)
	for name, codec := range map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	} {
		t.Run(name, func(t *testing.T) {
			ensure(t, c, Topic{Name: name, Partitions: 1})
			k := kclient(t, addrs, kgo.ProducerBatchCompression(codec), kgo.DefaultProduceTopic(name))
			var want []string
			for i := range 3000 {
				v := strings.Repeat(fmt.Sprint("row ", i, " "), 1+i%40)
				want = append(want, v)
				k.Produce(ctxFor(t), &kgo.Record{Value: []byte(v), Headers: []kgo.RecordHeader{{Key: "x", Value: []byte("y")}, {Key: "rt", Value: []byte("z")}}}, nil)
			}
			must(t, k.Flush(ctxFor(t)))
			if d := cmp.Diff(want, values(t, c, name, 0)); d != "" {
				t.Fatal(d)
			}
		})
	}
}

// TestIndependentReader: we write, commit and abort, an independent client reads.
func TestIndependentReader(t *testing.T) {
	_, addrs := cluster(t)
	ctx, c := ctxFor(t), dial(t, addrs)
	ensure(t, c, Topic{Name: "a", Partitions: 2})
	p := producer(t, c, "one")
	var want []string
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 30 {
		txn := p.Begin()
		var mine []string
		for j := range 1 + r.IntN(200) {
			v := fmt.Sprint(i, ".", j, strings.Repeat("x", r.IntN(3000)))
			mine = append(mine, v)
			txn.Append("a", int32(j%2), Record{Key: []byte("k"), Value: []byte(v), Header: []byte("h")})
			if j%50 == 49 {
				_, err := txn.Flush(ctx)
				must(t, err)
			}
		}
		if i%3 == 1 {
			if i%2 == 0 {
				_, err := txn.Flush(ctx)
				must(t, err)
			}
			must(t, txn.Abort(ctx))
			continue
		}
		must(t, txn.Commit(ctx))
		want = append(want, mine...)
	}
	k := kclient(t, addrs, kgo.ConsumeTopics("a"), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	var theirs []string
	for len(theirs) < len(want) {
		fs := k.PollFetches(ctx)
		must(t, fs.Err0())
		fs.EachRecord(func(r *kgo.Record) {
			theirs = append(theirs, string(r.Value))
			if string(r.Headers[0].Value) != "h" || string(r.Key) != "k" {
				t.Errorf("record %+v", r)
			}
		})
	}
	ours := append(values(t, c, "a", 0), values(t, c, "a", 1)...)
	for _, s := range [][]string{want, theirs, ours} {
		slices.Sort(s)
	}
	if d := cmp.Diff(want, theirs); d != "" {
		t.Error("the other client: ", d)
	}
	if d := cmp.Diff(want, ours); d != "" {
		t.Error("we: ", d)
	}
}

// TestSpan: whatever cut a range of offsets is read in, the same records come,
// and every part ends where the next begins.
func TestSpan(t *testing.T) {
	_, addrs := cluster(t)
	ctx, c := ctxFor(t), dial(t, addrs)
	ensure(t, c, Topic{Name: "a", Partitions: 1})
	p := producer(t, c, "one")
	for i := range 40 {
		txn := p.Begin()
		for j := range 5 {
			txn.Append("a", 0, Record{Value: fmt.Appendf(nil, "%d.%d", i, j)})
		}
		if i%4 == 2 {
			_, err := txn.Flush(ctx)
			must(t, err)
			must(t, txn.Abort(ctx))
			continue
		}
		must(t, txn.Commit(ctx))
	}
	want := values(t, c, "a", 0)
	if len(want) != 150 {
		t.Fatalf("%d records", len(want))
	}
	ends, err := c.Ends(ctx, "a")
	must(t, err)
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		f := c.Fetcher("a", 0, 0, FetchOptions{ReadCommitted: true, MaxBytes: int32(1 + r.IntN(400))})
		var got []string
		for at := int64(0); at < ends["a"][0].Last; {
			to := min(at+1+r.Int64N(17), ends["a"][0].Last)
			must(t, f.Span(ctx, at, to, func(r *FetchedRecord) error {
				if r.Offset < at || r.Offset >= to {
					return fmt.Errorf("offset %d in [%d,%d)", r.Offset, at, to)
				}
				got = append(got, string(r.Value))
				return nil
			}))
			at = to
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	}
	stop := errors.New("stop")
	f := c.Fetcher("a", 0, 3, FetchOptions{ReadCommitted: true})
	if next, err := f.Fetch(ctx, func(r *FetchedRecord) error { return stop }); err != stop || next < 3 || next > 8 {
		t.Fatalf("refused record: next %d, %v", next, err)
	}
	_, err = c.Fetcher("a", 0, 1e6, FetchOptions{}).Fetch(ctx, func(*FetchedRecord) error { return nil })
	var oor *OutOfRange
	if !errors.Is(err, ErrOffsetOutOfRange) || !errors.As(err, &oor) || oor.Offset != 1e6 || !fault.Is(err, fault.Config) {
		t.Fatalf("out of range: %v", err)
	}
	must(t, c.DeleteRecords(ctx, "a", 0, 100))
	if ends, err = c.Ends(ctx, "a"); err != nil || ends["a"][0].First != 100 {
		t.Fatalf("after deleting: %v, %v", ends, err)
	}
	if err := c.DeleteRecords(ctx, "a", 0, 1e6); !errors.Is(err, ErrOffsetOutOfRange) {
		t.Fatalf("deleting beyond the end: %v", err)
	}
}

func TestSessionOfManyPartitions(t *testing.T) {
	_, addrs := cluster(t)
	ctx, c := ctxFor(t), dial(t, addrs)
	ensure(t, c, Topic{Name: "a", Partitions: 6}, Topic{Name: "b", Partitions: 2})
	p := producer(t, c, "one")
	txn := p.Begin()
	var from []FetchFrom
	left := map[tp]int{}
	for i := range 8 {
		at := tp{"a", int32(i)}
		if i >= 6 {
			at = tp{"b", int32(i - 6)}
		}
		from = append(from, FetchFrom{Topic: at.topic, Partition: at.partition})
		left[at] = 300
		for range 300 {
			txn.Append(at.topic, at.partition, Record{Value: make([]byte, 500)})
		}
	}
	must(t, txn.Commit(ctx))
	s := c.Session(FetchOptions{ReadCommitted: true, MaxBytes: 1000, PartitionBytes: 100})
	for range 100 {
		got, err := s.Fetch(ctx, from)
		must(t, err)
		for _, g := range got {
			next, err := g.Each(func(r *FetchedRecord) error { left[tp{g.Topic, g.Partition}]--; return nil })
			must(t, err)
			for i := range from {
				if from[i].Topic == g.Topic && from[i].Partition == g.Partition {
					from[i].Offset = next
				}
			}
		}
		if !slices.ContainsFunc(from, func(f FetchFrom) bool { return f.Offset < 301 }) {
			break
		}
	}
	for at, n := range left {
		if n != 0 {
			t.Errorf("%s: %d records missing", at, n)
		}
	}
}

func TestFencing(t *testing.T) {
	_, addrs := cluster(t)
	ctx, c := ctxFor(t), dial(t, addrs)
	ensure(t, c, Topic{Name: "a", Partitions: 1})
	old := producer(t, c, "one")
	txn := old.Begin()
	txn.Append("a", 0, Record{Value: []byte("old")})
	_, err := txn.Flush(ctx)
	must(t, err)
	fresh := producer(t, c, "one")
	err = txn.Commit(ctx)
	if !errors.Is(err, ErrFenced) || !fault.Is(err, fault.Config) {
		t.Fatalf("commit of the fenced: %v", err)
	}
	// Neither a new transaction nor a recovery may take the ID back.
	txn = old.Begin()
	txn.Append("a", 0, Record{Value: []byte("old again")})
	if err := txn.Commit(ctx); !errors.Is(err, ErrFenced) {
		t.Fatalf("next transaction of the fenced: %v", err)
	}
	txn = fresh.Begin()
	txn.Append("a", 0, Record{Value: []byte("fresh")})
	must(t, txn.Commit(ctx))
	if d := cmp.Diff([]string{"fresh"}, values(t, c, "a", 0)); d != "" {
		t.Fatal(d)
	}
}

// TestFencedRecovery: a producer whose transaction broke before it was fenced
// finds out when it recovers, and does not fence its successor.
func TestFencedRecovery(t *testing.T) {
	_, addrs := cluster(t)
	ctx, c := ctxFor(t), dial(t, addrs)
	ensure(t, c, Topic{Name: "a", Partitions: 1})
	old := producer(t, c, "one")
	old.unsettle = true // as after a lost connection
	fresh := producer(t, c, "one")
	txn := old.Begin()
	txn.Append("a", 0, Record{Value: []byte("old")})
	if err := txn.Commit(ctx); !errors.Is(err, ErrFenced) {
		t.Fatalf("recovery of the fenced: %v", err)
	}
	txn = fresh.Begin()
	txn.Append("a", 0, Record{Value: []byte("fresh")})
	must(t, txn.Commit(ctx))
}

func TestPositions(t *testing.T) {
	_, addrs := cluster(t)
	ctx, c := ctxFor(t), dial(t, addrs)
	ensure(t, c, Topic{Name: "in", Partitions: 2}, Topic{Name: "state", Partitions: 1})
	p := producer(t, c, "one")
	load := func() []byte {
		t.Helper()
		pos, err := c.LoadPosition(ctx, "state", "g", "in")
		must(t, err)
		return pos
	}
	if pos := load(); pos != nil {
		t.Fatalf("no position: %q", pos)
	}
	big := make([]byte, 200_000)
	rand.NewChaCha8([32]byte{}).Read(big)
	prev := []byte(nil)
	for i, pos := range [][]byte{[]byte("small"), big, {}, big[:2500], big[:2501]} {
		for _, commit := range []bool{false, true} {
			txn := p.Begin()
			txn.Append("in", 1, Record{Value: []byte("row")})
			must(t, txn.SavePosition(ctx, "state", "g", "in", pos))
			if !commit {
				must(t, txn.Abort(ctx))
				if d := cmp.Diff(prev, load()); d != "" {
					t.Fatalf("position %d was aborted: %s", i, d)
				}
				continue
			}
			must(t, txn.Commit(ctx))
			if d := cmp.Diff(pos, load()); d != "" {
				t.Fatalf("position %d: %s", i, d)
			}
			prev = pos
		}
	}
	if n := len(values(t, c, "in", 1)); n != 5 {
		t.Fatalf("%d rows", n)
	}
	// A state topic that was emptied below the pointer is noticed.
	ends, err := c.Ends(ctx, "state")
	must(t, err)
	must(t, c.DeleteRecords(ctx, "state", 0, ends["state"][0].Last))
	if _, err := c.LoadPosition(ctx, "state", "g", "in"); !fault.Is(err, fault.Config) {
		t.Fatalf("deleted position: %v", err)
	}
}

func TestDialErrors(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, never answers
	must(t, err)
	defer silent.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	gone := closed.Addr().String()
	closed.Close()
	for name, tt := range map[string]struct {
		brokers []string
		class   fault.Class
		text    string
	}{
		"none":      {nil, fault.Config, "list of brokers is empty"},
		"malformed": {[]string{"kafka"}, fault.Config, "host:port"},
		"refused":   {[]string{gone}, fault.Transient, gone},
		"silent":    {[]string{silent.Addr().String()}, fault.Transient, silent.Addr().String()},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			_, err := Dial(ctx, tt.brokers, WithTimeouts(300*time.Millisecond, 0, 0))
			if !fault.Is(err, tt.class) || !strings.Contains(err.Error(), tt.text) {
				t.Fatalf("%v: %v", fault.Of(err), err)
			}
			if ctx.Err() != nil {
				t.Fatal("took 10 s")
			}
		})
	}
}

func TestPartitionIsKafkas(t *testing.T) {
	part := kgo.StickyKeyPartitioner(nil).ForTopic("t")
	r := rand.New(rand.NewPCG(5, 6))
	for n := range 300 {
		key := make([]byte, n%40)
		for i := range key {
			key[i] = byte(r.IntN(256))
		}
		want := part.Partition(&kgo.Record{Key: key}, 1+n%17)
		if len(key) == 0 {
			continue // other clients may spread empty keys
		}
		if got := Partition(key, 1+n%17); int(got) != want {
			t.Fatalf("key %x: %d, want %d", key, got, want)
		}
	}
}

// TestDialSecured: a broker that wants more than it gets only hangs up; the
// error must say what it wanted.
func TestDialSecured(t *testing.T) {
	cert := selfSigned(t)
	pool := x509.NewCertPool()
	pool.AddCert(cert.Leaf)
	_, open := cluster(t)
	_, sasl := cluster(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "etl", "right"))
	_, secured := cluster(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{cert}}))
	trust := WithTLS(&tls.Config{RootCAs: pool})
	for _, tt := range []struct {
		name  string
		addrs []string
		opts  []Option
		text  string // "" is success
	}{
		{"password", sasl, []Option{WithPlain("etl", "right")}, ""},
		{"wrong password", sasl, []Option{WithPlain("etl", "wrong")}, "SASL"},
		{"no password", sasl, nil, "wants authentication"},
		{"TLS", secured, []Option{trust}, ""},
		{"no TLS", secured, nil, "speaks TLS"},
		{"unknown authority", secured, []Option{WithTLS(&tls.Config{})}, "unknown authority"},
		{"TLS to a plain port", open, []Option{trust}, "does not speak TLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Dial(ctxFor(t), tt.addrs, append(tt.opts, WithTimeouts(time.Second, 0, 0))...)
			if tt.text == "" {
				must(t, err)
				ensure(t, c, Topic{Name: tt.name[:3], Partitions: 1})
				join(t, c, "g", tt.name[:3])
				must(t, c.Close())
				return
			}
			if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), "wrong\"") {
				t.Fatalf("%v: %v", fault.Of(err), err)
			}
		})
	}
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	must(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true,
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(crand.Reader, tmpl, tmpl, &key.PublicKey, key)
	must(t, err)
	leaf, err := x509.ParseCertificate(der)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
