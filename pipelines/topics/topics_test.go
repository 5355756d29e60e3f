package topics

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"rongtong/schemas/fault"
)

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
	ca := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}), 0o600))
	t.Setenv("RIGHT", "right")
	t.Setenv("WRONG", "wrong")
	_, open := cluster(t)
	_, sasl := cluster(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "etl", "right"))
	_, secured := cluster(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{cert}}))
	trust := WithSecurity(Security{CA: ca})
	login := func(ref string) []Option {
		return []Option{WithSecurity(Security{Mechanism: "PLAIN", User: "etl", Password: ref})}
	}
	for _, tt := range []struct {
		name  string
		addrs []string
		opts  []Option
		text  string // "" is success
	}{
		{"password", sasl, login("${env:RIGHT}"), ""},
		{"wrong password", sasl, login("${env:WRONG}"), "SASL"},
		{"no password", sasl, nil, "wants authentication"},
		{"TLS", secured, []Option{trust}, ""},
		{"no TLS", secured, nil, "speaks TLS"},
		{"unknown authority", secured, []Option{WithSecurity(Security{TLS: true})}, "unknown authority"},
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
