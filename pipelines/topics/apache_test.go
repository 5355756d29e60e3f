//go:build apachekafka

package topics

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"

	"rongtong/deploy/testservers/apachekafka"
	"rongtong/schemas/fault"
)

// These tests, and the conformance tests on Apache Kafka, run with
// `make test-kafka`: they need Java, Maven and kcat.

func init() {
	brokerKinds = append(brokerKinds, kind{
		name:   "apache",
		shared: func(t testing.TB) []string { return []string{apacheBroker(t).Plain} },
		mortal: func(t testing.TB) mortal { return mortalApache{t, apachekafka.Start(t)} },
	})
	atEnd = append(atEnd, func() {
		if apache.stop != nil {
			apache.stop()
		}
	})
}

var apache struct {
	once sync.Once
	b    *apachekafka.Broker
	stop func()
	err  error
}

// apacheBroker is shared by all tests of the package.
func apacheBroker(t testing.TB) *apachekafka.Broker {
	t.Helper()
	apache.once.Do(func() { apache.b, apache.stop, apache.err = apachekafka.Run(context.Background()) })
	if apache.err != nil {
		t.Fatalf("starting Apache Kafka %s: %v", apachekafka.Version, apache.err)
	}
	return apache.b
}

type mortalApache struct {
	t testing.TB
	b *apachekafka.Broker
}

func (m mortalApache) addr() []string { return []string{m.b.Plain} }
func (m mortalApache) kill()          { m.b.Kill() }
func (m mortalApache) start()         { must(m.t, m.b.Start(ctxFor(m.t))) }
func (m mortalApache) atomic() bool   { return true }

// kcat runs the independent client.
func kcat(t *testing.T, b *target, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(ctxFor(t), "kcat", append([]string{"-b", strings.Join(b.brokers, ",")}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("kcat %q: %v (Debian: apt-get install kcat): %s", args, err, errs.String())
	}
	return out.String()
}

// TestConformKcat: on both brokers, kcat (librdkafka) reads what we write, zstd and transactions
// included, and we read what it writes, in every codec and transactionally.
func TestConformKcat(t *testing.T) {
	onEach(t, func(t *testing.T, b *target, c *Client) {
		ctx, a := ctxFor(t), b.n("a")
		ensure(t, c, Topic{Name: a, Partitions: 2})
		p := producer(t, c, b.n("one"), a)
		var want []string
		for i := range 12 {
			txn := p.Begin()
			var mine []string
			for j := range 300 {
				v := fmt.Sprintf(`{"村":"%d","值":%d,"备注":"%s"}`, i, j, strings.Repeat("一数一源", j%9))
				mine = append(mine, fmt.Sprintf("k%d\t%s\trt=h", j%7, v))
				txn.Append(a, int32(j%2), Record{Key: fmt.Appendf(nil, "k%d", j%7), Value: []byte(v), Header: []byte("h")})
			}
			if i%3 == 1 {
				_, err := txn.Flush(ctx)
				must(t, err)
				must(t, txn.Abort(ctx))
				continue
			}
			must(t, txn.Commit(ctx))
			want = append(want, mine...)
		}
		out := kcat(t, b, "", "-C", "-t", a, "-e", "-q", "-X", "isolation.level=read_committed", "-X", "check.crcs=true", "-f", "%k\t%s\t%h\n")
		got := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal("kcat reads: ", d)
		}
		for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
			topic := b.n(codec)
			ensure(t, c, Topic{Name: topic, Partitions: 1})
			var lines []string
			for i := range 2000 {
				lines = append(lines, fmt.Sprintf("行 %d %s", i, strings.Repeat("abc", i%30)))
			}
			kcat(t, b, strings.Join(lines, "\n")+"\n", "-P", "-t", topic, "-p", "0", "-z", codec, "-X", "enable.idempotence=true", "-H", "rt=h")
			if d := cmp.Diff(lines, values(t, c, topic, 0)); d != "" {
				t.Fatalf("we read %s of kcat: %s", codec, d)
			}
		}
	})
}

// TestApacheSecured: every way into a secured Apache Kafka, and for each thing
// that is wrong an error that says which it was, soon.
func TestApacheSecured(t *testing.T) {
	b := apacheBroker(t)
	t.Setenv("RIGHT", apachekafka.Password)
	t.Setenv("WRONG", "wrong-4T")
	login := func(mechanism, ref string) Security {
		return Security{Mechanism: mechanism, User: apachekafka.Superuser, Password: ref}
	}
	over := func(s Security) Security { s.CA = b.Certs.CA; return s }
	mutual := Security{CA: b.Certs.CA, Cert: b.Certs.ClientCert, Key: b.Certs.ClientKey}
	var tests []securedCase
	for _, m := range Mechanisms {
		tests = append(tests,
			securedCase{m, b.SASL, login(m, "${env:RIGHT}"), ""},
			securedCase{m + " over TLS", b.SASLTLS, over(login(m, "${env:RIGHT}")), ""},
			securedCase{m + " wrong password", b.SASL, login(m, "${env:WRONG}"), "the SASL mechanism, the user and the password"},
			securedCase{m + " wrong password over TLS", b.SASLTLS, over(login(m, "${env:WRONG}")), "the SASL mechanism, the user and the password"},
		)
	}
	tests = append(tests,
		securedCase{"no password", b.SASL, Security{}, "wants authentication"},
		securedCase{"no password over TLS", b.SASLTLS, Security{CA: b.Certs.CA}, "wants authentication"},
		securedCase{"password to an open port", b.Plain, login("PLAIN", "${env:RIGHT}"), "no authentication"},
		securedCase{"no TLS", b.SASLTLS, login("PLAIN", "${env:RIGHT}"), "speaks TLS"},
		securedCase{"TLS to a plain port", b.SASL, over(login("PLAIN", "${env:RIGHT}")), "does not speak TLS"},
		securedCase{"unknown authority", b.SASLTLS, Security{TLS: true, User: "etl", Password: "${env:RIGHT}"}, "unknown authority"},
		securedCase{"client certificate", b.MutualTLS, mutual, ""},
		securedCase{"no client certificate", b.MutualTLS, Security{CA: b.Certs.CA}, "wants a client certificate"},
	)
	for _, tt := range tests {
		t.Run(tt.name, tt.run)
	}
}

type securedCase struct {
	name, address string
	security      Security
	text          string // "" is success
}

func (tt securedCase) run(t *testing.T) {
	began := time.Now()
	c, err := Dial(ctxFor(t), []string{tt.address}, WithSecurity(tt.security), WithTimeouts(2*time.Second, 0, 0))
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("took %s", took)
	}
	if tt.text == "" {
		must(t, err)
		_, err = c.Partitions(ctxFor(t))
		must(t, err)
		must(t, c.Close())
		return
	}
	if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), "wrong-4T") || strings.Contains(err.Error(), apachekafka.Password) {
		t.Fatalf("%v: %v", fault.Of(err), err)
	}
}

// TestApacheRights: a user without a right gets an error that names the right,
// soon, from everything that the pipeline does; with exactly the rights that the
// hints name, everything works.
func TestApacheRights(t *testing.T) {
	b := apacheBroker(t)
	t.Setenv("RIGHT", apachekafka.Password)
	root := dial(t, []string{b.Plain})
	ensure(t, root, Topic{Name: "rights.a", Partitions: 1}, Topic{Name: "rights.state", Partitions: 1})
	guest := dial(t, []string{b.SASL}, WithSecurity(Security{User: apachekafka.Guest, Password: "${env:RIGHT}"}))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	work := map[string]func() error{
		"creating a topic": func() error { return guest.Ensure(ctx, []Topic{{Name: "rights.new", Partitions: 1}}) },
		"writing": func() error {
			_, err := guest.Producer(ctx, "rights.one", "rights.a")
			return err
		},
		"reading": func() error {
			_, err := guest.Fetcher("rights.a", 0, 0, FetchOptions{}).Fetch(ctx, func(*FetchedRecord) error { return nil })
			return err
		},
		"asking for the ends":    func() error { _, err := guest.Ends(ctx, "rights.a"); return err },
		"asking for the offsets": func() error { _, err := guest.offsets(ctx, "rights.g", []tp{{"rights.a", 0}}); return err },
		"joining a group": func() error {
			g, err := guest.Group(ctx, GroupConfig{ID: "rights.g", Topics: []string{"rights.a"}})
			if err != nil {
				return err
			}
			defer g.Close()
			_, err = g.Next(ctx)
			return err
		},
		"deleting records": func() error { return guest.DeleteRecords(ctx, "rights.a", 0, 0) },
	}
	for what, do := range work {
		began := time.Now()
		err := do()
		if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "grant the user") || time.Since(began) > 12*time.Second {
			t.Errorf("%s: %v after %s: %v", what, fault.Of(err), time.Since(began), err)
		}
	}
	adm := kadm.NewClient(kclient(t, []string{b.Plain}))
	allow := func(acl *kadm.ACLBuilder) {
		t.Helper()
		if _, err := adm.CreateACLs(ctx, acl.Allow("User:"+apachekafka.Guest).AllowHosts("*").ResourcePatternType(kadm.ACLPatternPrefixed)); err != nil {
			t.Fatal(err)
		}
	}
	// With Read on the topic alone, the group says what is missing.
	allow(kadm.NewACLs().Topics("rights.").Operations(kadm.OpRead, kadm.OpDescribe))
	until(t, func() error { _, err := guest.Ends(ctx, "rights.a"); return err })
	if err := work["joining a group"](); !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "Read on the consumer group") {
		t.Errorf("a group without Read: %v", err)
	}
	allow(kadm.NewACLs().Topics("rights.").Operations(kadm.OpWrite, kadm.OpCreate, kadm.OpDelete))
	allow(kadm.NewACLs().Groups("rights.").Operations(kadm.OpRead))
	allow(kadm.NewACLs().TransactionalIDs("rights.").Operations(kadm.OpWrite, kadm.OpDescribe))
	for what, do := range work {
		until(t, func() error {
			if err := do(); err != nil {
				t.Logf("%s, with the rights granted: %v", what, err)
				return err
			}
			return nil
		})
	}
	if err := everythingOn(ctx, guest, "rights.one", "rights.a", "rights.g"); err != nil {
		t.Errorf("with all rights: %v", err)
	}
}

// TestApacheLeaderChanges kills two brokers of a cluster of three, one after the other, while
// rows flow: every leader and coordinator moves, and every row is there once.
func TestApacheLeaderChanges(t *testing.T) {
	nodes := apachekafka.StartCluster(t, 3)
	var addrs []string
	for _, n := range nodes {
		addrs = append(addrs, n.Plain)
	}
	c := dial(t, addrs)
	ensure(t, c, Topic{Name: "in", Partitions: 1}, Topic{Name: "state", Partitions: 1})
	const rows = 3_000
	done := make(chan int)
	ctx, cancel := context.WithTimeout(t.Context(), 170*time.Second)
	defer cancel()
	go func() { done <- ingest(t, ctx, c, rows) }()
	adm := kadm.NewClient(kclient(t, addrs))
	for _, n := range nodes[:2] {
		inSync(t, adm, len(nodes)) // or the next kill would take the last whole copy
		n.Kill()
		wait(ctx, 2*time.Second)
		must(t, n.Start(ctx))
	}
	redone := <-done
	if t.Failed() {
		return
	}
	if err := checkRows(values(t, c, "in", 0), rows, 0); err != nil {
		t.Fatal(err)
	}
	t.Logf("2 of 3 brokers killed, ingest redone %d times", redone)
}

// inSync waits until every partition has n replicas in sync.
func inSync(t *testing.T, adm *kadm.Client, n int) {
	t.Helper()
	until(t, func() error {
		list, err := adm.ListTopicsWithInternal(ctxFor(t))
		for _, topic := range list {
			for _, p := range topic.Partitions {
				if err == nil && len(p.ISR) < n {
					err = fmt.Errorf("%q partition %d has %d replicas in sync", p.Topic, p.Partition, len(p.ISR))
				}
			}
		}
		return err
	})
}
