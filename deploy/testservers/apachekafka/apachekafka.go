// Package apachekafka runs real Apache Kafka brokers (KRaft, no ZooKeeper) for
// tests: fetched through Maven, pinned, on loopback, and gone with the test
// process however that ends. A test that asks for one fails when there is none
// to be had: it is never skipped.
package apachekafka

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rongtong/deploy/lifeline"
	"rongtong/schemas/fault"
)

// Users of the listeners that authenticate, by PLAIN and by SCRAM alike. The
// superuser may do everything, the guest nothing that nobody granted.
const (
	Superuser = "etl"
	Guest     = "guest"
	Password  = "right-7Q"
)

// Broker is one node: broker and controller in one process. Each listener is an
// address "127.0.0.1:port".
type Broker struct {
	Plain     string // no authentication; may do everything
	SASL      string // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, in the clear
	SASLTLS   string // the same over TLS
	MutualTLS string // TLS that wants a client certificate
	Certs     Certs

	id         int
	controller string
	dir, jars  string
	cmd        *exec.Cmd
}

// Start runs one broker until the test ends.
func Start(t testing.TB) *Broker { return StartCluster(t, 1)[0] }

// StartCluster runs n brokers that replicate every partition n times and need
// n/2+1 of them in sync, until the test ends.
func StartCluster(t testing.TB, n int) []*Broker {
	t.Helper()
	brokers, err := start(t.Context(), t.TempDir(), n)
	for _, b := range brokers {
		t.Cleanup(b.Kill)
	}
	if err != nil {
		t.Fatalf("starting Apache Kafka %s: %v", Version, err)
	}
	return brokers
}

// Run starts a broker for a whole package of tests, for TestMain. The caller
// calls Stop, which also removes its data.
func Run(ctx context.Context) (b *Broker, stop func(), err error) {
	dir, err := os.MkdirTemp("", "rongtong-apachekafka-*")
	if err != nil {
		return nil, nil, fault.New(fault.Config, "making a folder for Apache Kafka: %w", err)
	}
	list, err := start(ctx, dir, 1)
	stop = func() {
		for _, b := range list {
			b.Kill()
		}
		_ = os.RemoveAll(dir)
	}
	if err != nil {
		stop()
		return nil, nil, err
	}
	return list[0], stop, nil
}

// start starts n brokers, and once more on other ports if one of them ended: a
// free port is free until somebody else takes it.
func start(ctx context.Context, dir string, n int) ([]*Broker, error) {
	first := filepath.Join(dir, "first")
	brokers, err := startOnce(ctx, first, n)
	if fault.Of(err) != fault.Transient || ctx.Err() != nil {
		return brokers, err
	}
	for _, b := range brokers {
		b.Kill()
	}
	brokers, again := startOnce(ctx, filepath.Join(dir, "second"), n)
	if again != nil {
		again = fmt.Errorf("%w (before: %w)", again, err)
	}
	return brokers, again
}

func startOnce(ctx context.Context, dir string, n int) ([]*Broker, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fault.New(fault.Config, "making %q: %w", dir, err)
	}
	if _, err := exec.LookPath("java"); err != nil {
		return nil, fault.Hint(fault.Config, "install a Java 17 runtime (Debian: apt-get install openjdk-17-jre-headless)", "looking for Java: java is not installed")
	}
	jars, err := Fetch(ctx)
	if err != nil {
		return nil, err
	}
	certs, err := makeCerts(dir)
	if err != nil {
		return nil, err
	}
	all, err := freePorts(5 * n)
	if err != nil {
		return nil, err
	}
	brokers := make([]*Broker, n)
	for i := range brokers {
		ports := all[5*i:]
		brokers[i] = &Broker{id: i + 1, Plain: ports[0], SASL: ports[1], SASLTLS: ports[2], MutualTLS: ports[3], controller: ports[4],
			Certs: certs, dir: filepath.Join(dir, fmt.Sprint("node", i+1)), jars: jars}
	}
	for _, b := range brokers {
		if err := b.format(brokers); err != nil {
			return nil, err
		}
	}
	errs := make(chan error, n) // together: one alone has no quorum and never gets ready
	for _, b := range brokers {
		go func() { errs <- b.Start(ctx) }()
	}
	for range brokers {
		if e := <-errs; e != nil {
			err = e
		}
	}
	return brokers, err
}

// clusterID is any: 16 bytes in URL-safe base64.
const clusterID = "cm9uZ3RvbmctdGVzdHMtMQ"

// format writes the settings and the empty metadata log of a node.
func (b *Broker) format(all []*Broker) error {
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return fault.New(fault.Config, "making %q: %w", b.dir, err)
	}
	file := filepath.Join(b.dir, "server.properties")
	if err := os.WriteFile(file, []byte(b.properties(all)), 0o644); err != nil {
		return fault.New(fault.Config, "writing %q: %w", file, err)
	}
	args := append(b.java(), "kafka.tools.StorageTool", "format", "--cluster-id", clusterID, "--config", file)
	for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
		for _, user := range []string{Superuser, Guest} {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, user, Password))
		}
	}
	if out, err := exec.Command("java", args...).CombinedOutput(); err != nil {
		return fault.New(fault.Config, "formatting the storage of Apache Kafka: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

func (b *Broker) java() []string {
	return []string{"-Xmx384m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
		"-cp", filepath.Join(b.jars, "*")}
}

// properties are server.properties. Times are short where a test would wait for them.
func (b *Broker) properties(all []*Broker) string {
	var voters []string
	for _, o := range all {
		voters = append(voters, fmt.Sprintf("%d@%s", o.id, o.controller))
	}
	n := len(all)
	set := [][2]string{
		{"process.roles", "broker,controller"},
		{"node.id", fmt.Sprint(b.id)},
		{"controller.quorum.voters", strings.Join(voters, ",")},
		{"controller.listener.names", "CONTROLLER"},
		{"listeners", fmt.Sprintf("OPEN://%s,SASL://%s,SASLTLS://%s,MUTUAL://%s,CONTROLLER://%s", b.Plain, b.SASL, b.SASLTLS, b.MutualTLS, b.controller)},
		{"listener.security.protocol.map", "OPEN:PLAINTEXT,SASL:SASL_PLAINTEXT,SASLTLS:SASL_SSL,MUTUAL:SSL,CONTROLLER:PLAINTEXT"},
		{"inter.broker.listener.name", "OPEN"},
		{"log.dirs", filepath.Join(b.dir, "data")},
		{"auto.create.topics.enable", "false"},
		{"default.replication.factor", fmt.Sprint(n)},
		{"min.insync.replicas", fmt.Sprint(n/2 + 1)},
		{"offsets.topic.replication.factor", fmt.Sprint(n)},
		{"offsets.topic.num.partitions", "3"},
		{"transaction.state.log.replication.factor", fmt.Sprint(n)},
		{"transaction.state.log.min.isr", fmt.Sprint(n/2 + 1)},
		{"transaction.state.log.num.partitions", "3"},
		{"transaction.abort.timed.out.transaction.cleanup.interval.ms", "200"},
		{"share.coordinator.state.topic.replication.factor", fmt.Sprint(n)},
		{"share.coordinator.state.topic.min.isr", fmt.Sprint(n/2 + 1)},
		{"group.min.session.timeout.ms", "100"},
		{"group.initial.rebalance.delay.ms", "0"},
		{"controlled.shutdown.enable", "false"},
		{"broker.session.timeout.ms", "3000"},
		{"broker.heartbeat.interval.ms", "500"},
		{"replica.lag.time.max.ms", "3000"},
		{"authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"},
		{"super.users", "User:ANONYMOUS;User:" + Superuser},
		{"sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512"},
		{"ssl.keystore.type", "PEM"},
		{"ssl.keystore.location", b.Certs.server},
		{"ssl.truststore.type", "PEM"},
		{"ssl.truststore.location", b.Certs.CA},
		{"listener.name.mutual.ssl.client.auth", "required"},
	}
	for _, listener := range []string{"sasl", "sasltls"} {
		p := "listener.name." + listener + "."
		set = append(set, [2]string{p + "plain.sasl.jaas.config", fmt.Sprintf(
			`org.apache.kafka.common.security.plain.PlainLoginModule required user_%s="%s" user_%s="%s";`, Superuser, Password, Guest, Password)})
		for _, m := range []string{"scram-sha-256", "scram-sha-512"} {
			set = append(set, [2]string{p + m + ".sasl.jaas.config", "org.apache.kafka.common.security.scram.ScramLoginModule required;"})
		}
	}
	var out strings.Builder
	for _, kv := range set {
		fmt.Fprintf(&out, "%s=%s\n", kv[0], kv[1])
	}
	return out.String()
}

// Start runs the node and returns when it serves. After Kill it runs again on
// the same data and addresses.
func (b *Broker) Start(ctx context.Context) error {
	cmd := exec.Command("java", append(b.java(), "kafka.Kafka", filepath.Join(b.dir, "server.properties"))...)
	cmd.Dir = b.dir
	out, err := cmd.StderrPipe()
	if err != nil {
		return fault.Mark(fault.Bug, err)
	}
	log, err := os.OpenFile(filepath.Join(b.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fault.New(fault.Config, "opening the log of Apache Kafka: %w", err)
	}
	cmd.Stdout = log
	if err := lifeline.Tie(cmd); err != nil {
		return fault.New(fault.Config, "starting Apache Kafka: %w", err)
	}
	b.cmd = cmd
	ready := make(chan error, 1)
	go func() {
		defer log.Close()
		lines := bufio.NewScanner(out)
		var last string
		for lines.Scan() {
			last = lines.Text()
			fmt.Fprintln(log, last)
			if strings.Contains(last, "Kafka Server started") {
				ready <- nil
			}
		}
		select {
		case ready <- fault.New(fault.Transient, "starting Apache Kafka: it ended: %s", last):
		default:
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	select {
	case err := <-ready:
		return err
	case <-ctx.Done():
		return fault.New(fault.Transient, "starting Apache Kafka: %w", ctx.Err())
	}
}

// Kill is kill -9. Killing a node that does not run does nothing.
func (b *Broker) Kill() {
	if b.cmd != nil {
		_ = b.cmd.Process.Kill()
		_ = b.cmd.Wait()
		b.cmd = nil
	}
}

// freePorts finds addresses below the range from which the system takes ports
// for outgoing connections.
func freePorts(n int) ([]string, error) {
	var out []string
	for range 1000 {
		ln, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
		if err != nil {
			continue
		}
		defer ln.Close() // all are held until all are found, so that they differ
		if out = append(out, ln.Addr().String()); len(out) == n {
			return out, nil
		}
	}
	return nil, fault.New(fault.Transient, "finding %d free ports: found %d", n, len(out))
}
