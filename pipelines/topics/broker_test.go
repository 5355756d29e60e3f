package topics

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"rongtong/deploy/embedded/embeddedtest"
)

// The test binary is also a broker, so that a broker can be killed.
const brokerEnv = "RONGTONG_TOPICS_TEST_BROKER"

func TestMain(m *testing.M) {
	if spec := os.Getenv(brokerEnv); spec != "" {
		port, dir, _ := strings.Cut(spec, ":")
		n, _ := strconv.Atoi(port)
		c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(n), kfake.DataDir(dir),
			kfake.GroupMinSessionTimeout(100*time.Millisecond))
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println("ready")
		// The parent's end of standard input closes when the parent ends.
		bufio.NewReader(os.Stdin).ReadByte()
		c.Close()
		os.Exit(0)
	}
	code := embeddedtest.Run(m)
	for _, end := range atEnd {
		end()
	}
	os.Exit(code)
}

// atEnd runs after the last test.
var atEnd []func()

// embeddedBroker is the product's own broker, in a process of its own, shared
// by all tests of the package.
func embeddedBroker(t testing.TB) string {
	t.Helper()
	return embeddedtest.Broker(t)
}

// cluster starts a broker inside of this process.
func cluster(t testing.TB, opts ...kfake.Opt) (*kfake.Cluster, []string) {
	t.Helper()
	opts = append([]kfake.Opt{kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(100 * time.Millisecond)}, opts...)
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, c.ListenAddrs()
}

// process is a broker in a process of its own.
type process struct {
	t    testing.TB
	port int
	dir  string
	cmd  *exec.Cmd
}

func startProcess(t testing.TB) *process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, port: l.Addr().(*net.TCPAddr).Port, dir: t.TempDir()}
	l.Close()
	p.start()
	t.Cleanup(p.kill)
	return p
}

func (p *process) addr() []string { return []string{fmt.Sprintf("127.0.0.1:%d", p.port)} }

func (p *process) start() {
	p.t.Helper()
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d:%s", brokerEnv, p.port, p.dir))
	in, err := p.cmd.StdinPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { in.Close() })
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready\n" {
		p.t.Fatalf("the broker said %q, %v", line, err)
	}
}

func (p *process) atomic() bool { return false }

// kill is kill -9.
func (p *process) kill() {
	if p.cmd != nil {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		p.cmd = nil
	}
}

func ctxFor(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func dial(t testing.TB, brokers []string, opts ...Option) *Client {
	t.Helper()
	c, err := Dial(ctxFor(t), brokers, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func ensure(t testing.TB, c *Client, topics ...Topic) {
	t.Helper()
	if err := c.Ensure(ctxFor(t), topics); err != nil {
		t.Fatal(err)
	}
}

func producer(t testing.TB, c *Client, id string, topics ...string) *Producer {
	t.Helper()
	p, err := c.Producer(ctxFor(t), id, topics...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func kclient(t testing.TB, brokers []string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	k, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(brokers...)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k
}

// values reads a partition whose transactions have all ended.
func values(t testing.TB, c *Client, topic string, partition int32) []string {
	t.Helper()
	decided(t, c, topic)
	return visible(t, c, topic, partition)
}

// decided waits until no transaction is open in a topic and returns its bounds:
// Apache Kafka answers a commit before its markers are written.
func decided(t testing.TB, c *Client, topic string) map[string][]Bounds {
	t.Helper()
	for ctx := ctxFor(t); ; {
		committed, err := c.Ends(ctx, topic)
		must(t, err)
		open := false
		for p, b := range committed[topic] {
			must(t, c.retry(ctx, "reading the ends", func(ctx context.Context) error {
				ps := []tp{{topic, int32(p)}}
				return c.listOffsetsAt(ctx, ps, -1, 0, func(_ tp, high int64) { open = open || high != b.Last })
			}))
		}
		if !open {
			return committed
		}
		if !wait(ctx, 5*time.Millisecond) {
			t.Fatalf("a transaction in %q stays open", topic)
		}
	}
}

// visible reads the values of a partition up to its last stable offset.
func visible(t testing.TB, c *Client, topic string, partition int32) []string {
	t.Helper()
	ends, err := c.Ends(ctxFor(t), topic)
	must(t, err)
	b := ends[topic][partition]
	var out []string
	f := c.Fetcher(topic, partition, b.First, FetchOptions{ReadCommitted: true})
	must(t, f.Span(ctxFor(t), b.First, b.Last, func(r *FetchedRecord) error {
		out = append(out, string(r.Value))
		return nil
	}))
	return out
}
