package topics

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sort"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/sasl"

	"rongtong/schemas/fault"
)

// Client talks to one Kafka cluster. It is safe for concurrent use.
type Client struct {
	brokers []string
	opts    options
	addr    net.Addr
	line    *line // of everything but producers, which have their own
	quota   quota

	mu      sync.Mutex
	leaders map[string][]int32  // topic to the leader of each partition; -1: none
	written map[string][]string // transactional ID to the topics its producers wrote to
	ids     bool                // the brokers tell the IDs of topics
	byID    bool                // and let records be asked for by them
}

type options struct {
	clientID    string
	log         *slog.Logger
	tls         *tls.Config
	sasl        sasl.Mechanism
	security    Security
	dialLimit   time.Duration
	request     time.Duration
	txn         time.Duration
	replication int
	trim        int64         // bytes of positions after which a producer trims
	missing     time.Duration // after which a topic that no broker knows is gone
	silence     time.Duration // that a quota may ask for at once
}

// Option changes how a Client works.
type Option func(*options)

// WithLogger takes the place of slog.Default for retries and rebalances.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.log = l } }

// WithTimeouts bounds one connection attempt (default 5 s), one request
// (default 15 s), and a transaction from its first to its last request
// (default 60 s, after which the broker aborts it). Zero keeps the default.
func WithTimeouts(dial, request, transaction time.Duration) Option {
	return func(o *options) {
		for _, p := range []struct {
			dst *time.Duration
			v   time.Duration
		}{{&o.dialLimit, dial}, {&o.request, request}, {&o.txn, transaction}} {
			if p.v > 0 {
				*p.dst = p.v
			}
		}
	}
}

// Dial connects to a cluster through any of its brokers ("host:port") and
// checks that it answers. It takes no longer than ctx allows, and no longer than
// four times the dial timeout.
//
// Errors: fault.Transient names the addresses that did not answer; fault.Config
// is an empty or malformed list, TLS or credentials.
func Dial(ctx context.Context, brokers []string, opts ...Option) (*Client, error) {
	o := options{clientID: "rongtong", log: slog.Default(), dialLimit: 5 * time.Second,
		request: 15 * time.Second, txn: 60 * time.Second, replication: -1, trim: 8 << 20, missing: 15 * time.Second, silence: maxSilence}
	for _, f := range opts {
		f(&o)
	}
	if len(brokers) == 0 {
		return nil, fault.New(fault.Config, "connecting to Kafka: the list of brokers is empty")
	}
	var err error
	if o.tls, err = o.security.tls(); err != nil {
		return nil, err
	}
	if o.sasl, err = o.security.mechanism(); err != nil {
		return nil, err
	}
	for _, b := range brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return nil, fault.New(fault.Config, "connecting to Kafka at %q: the address must be host:port", b)
		}
	}
	c := &Client{brokers: brokers, opts: o, addr: kafka.TCP(brokers...), leaders: map[string][]int32{}, written: map[string][]string{}}
	c.line = c.newLine(30 * time.Second)
	limited, cancel := context.WithTimeout(ctx, 2*o.dialLimit)
	defer cancel()
	if _, _, err := c.metadataOf(limited, c.line, anyBroker, nobody); err != nil {
		c.Close()
		return nil, c.diagnose(ctx, err)
	}
	return c, nil
}

// Close drops idle connections. Requests under way still finish. Producers and
// groups are closed on their own, before.
func (c *Client) Close() error {
	c.line.transport.CloseIdleConnections()
	return nil
}

// trip sends one exchange. The caller owns the exchange's buffers again only if
// the error is nil.
func (c *Client) trip(ctx context.Context, l *line, e protocol.Message, limit time.Duration) error {
	if end, ok := ctx.Deadline(); !ok || time.Until(end) > limit {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	_, err := l.transport.RoundTrip(ctx, c.addr, e)
	return err
}

// request starts the bytes of an exchange.
func (c *Client) request(w *writer, key protocol.ApiKey, version int16) {
	w.b = w.b[:0]
	w.header(key, version, c.opts.clientID)
}

// retry calls fn until it returns nil or an error that waiting does not heal,
// with growing pauses, until ctx ends. fn gets a context bounded by the request
// timeout. The error returned is fn's last one, unexplained. A topic that brokers
// do not know for as long as opts.missing is not waited for any longer: it was
// deleted, and others must not stand still with it.
func (c *Client) retry(ctx context.Context, what string, fn func(context.Context) error) error {
	return c.retryOn(ctx, c.line, what, fn)
}

// retryOn is retry on a line of its own.
func (c *Client) retryOn(ctx context.Context, l *line, what string, fn func(context.Context) error) error {
	pause := 20 * time.Millisecond
	var missing time.Time // since when the answer is that there is no such topic
	for n := 1; ; n++ {
		if !l.silence(ctx) {
			return ctx.Err()
		}
		one, cancel := context.WithTimeout(ctx, c.opts.request)
		err := fn(one)
		cancel()
		if err == nil {
			return nil
		}
		if v, _ := judge(err); v != again && v != reroute {
			return err
		}
		switch {
		case !isMissing(err):
			missing = time.Time{}
		case missing.IsZero():
			missing = time.Now()
		case time.Since(missing) > c.opts.missing:
			return fault.Hint(fault.Config, "create the topic again (a process of rongtong up that starts does), or take its stream out of the declarations", "%w: %v", ErrNoTopic, tidy(err))
		}
		if n == 5 {
			attrs := []any{"doing", what, "error", tidy(err)}
			if errors.Is(err, kafka.KafkaStorageError) {
				attrs = append(attrs, "hint", "the broker's disk is full or failing, or holds too much that nobody has read: its log says which")
			}
			c.opts.log.Warn("Kafka does not answer as expected, still trying", attrs...)
		}
		if !wait(ctx, pause) {
			return err
		}
		pause = min(2*pause, 2*time.Second)
	}
}

// wait sleeps about d; false: ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d/2 + rand.N(d))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// topicMeta is what metadata says of one topic.
type topicMeta struct {
	name    string
	err     error
	leaders []int32 // by partition
}

// nobody is a topic name to ask for when only the brokers matter.
const nobody = "rongtong.none"

// metadata asks any broker, not kafka-go's cache: a topic that another process
// created a moment ago must be seen. No names: every topic.
func (c *Client) metadata(ctx context.Context, l *line, names ...string) ([]topicMeta, error) {
	topics, _, err := c.metadataOf(ctx, l, anyBroker, names...)
	return topics, err
}

// metadataOf asks one broker and also returns the IDs of all brokers.
func (c *Client) metadataOf(ctx context.Context, l *line, broker int32, names ...string) ([]topicMeta, []int32, error) {
	var w writer
	c.request(&w, protocol.Metadata, 4)
	if len(names) == 0 {
		w.i32(-1)
	} else {
		w.i32(int32(len(names)))
		for _, n := range names {
			w.str(n)
		}
	}
	w.i8(0) // no automatic creation
	e := &exchange{frame{key: protocol.Metadata, version: 4, parts: [][]byte{w.b}}, broker}
	if err := c.trip(ctx, l, e, c.opts.request); err != nil {
		return nil, nil, err
	}
	l.throttledMS((&reader{b: e.answer}).i32())
	return parseMetadata(e.answer)
}

func parseMetadata(answer []byte) (out []topicMeta, brokers []int32, err error) {
	r := reader{b: answer}
	r.i32() // throttle
	for range r.count(10) {
		brokers = append(brokers, r.i32())
		r.text()
		r.i32()
		r.text()
	}
	r.text() // cluster ID
	r.i32()  // controller
	for range r.count(9) {
		t := topicMeta{err: code(r.i16()), name: string(r.text())}
		r.skip8()
		n := r.count(18)
		t.leaders = make([]int32, n)
		for i := range t.leaders {
			t.leaders[i] = -1
		}
		for range n {
			r.i16() // a partition without a leader says -1 below
			index, leader := r.i32(), r.i32()
			for range r.count(4) {
				r.i32()
			}
			for range r.count(4) {
				r.i32()
			}
			if index < 0 || int(index) >= n {
				return nil, nil, errShort
			}
			t.leaders[index] = leader
		}
		out = append(out, t)
	}
	return out, brokers, r.err
}

// tp names a partition.
type tp struct {
	topic     string
	partition int32
}

func (t tp) String() string { return fmt.Sprintf("%q partition %d", t.topic, t.partition) }

// leader returns the broker that leads a partition, asking for it on first use
// and after forget.
func (c *Client) leader(ctx context.Context, p tp) (int32, error) {
	c.mu.Lock()
	known, ok := c.leaders[p.topic]
	c.mu.Unlock()
	if !ok {
		topics, err := c.metadata(ctx, c.line, p.topic)
		if err != nil {
			return 0, err
		}
		if len(topics) != 1 {
			return 0, errShort
		}
		if topics[0].err != nil {
			return 0, topics[0].err
		}
		known = topics[0].leaders
		c.mu.Lock()
		c.leaders[p.topic] = known
		c.mu.Unlock()
	}
	if p.partition < 0 || int(p.partition) >= len(known) {
		c.forget(p.topic)
		return 0, kafka.UnknownTopicOrPartition
	}
	if known[p.partition] < 0 {
		c.forget(p.topic)
		return 0, kafka.LeaderNotAvailable
	}
	return known[p.partition], nil
}

// forget makes the next request about a topic ask for its leaders again.
func (c *Client) forget(topic string) {
	c.mu.Lock()
	delete(c.leaders, topic)
	c.mu.Unlock()
}

// byLeader groups partitions by the broker that leads them, in a fixed order.
func (c *Client) byLeader(ctx context.Context, ps []tp) (map[int32][]tp, []int32, error) {
	groups := map[int32][]tp{}
	var ids []int32
	for _, p := range ps {
		id, err := c.leader(ctx, p)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", p, err)
		}
		if _, ok := groups[id]; !ok {
			ids = append(ids, id)
		}
		groups[id] = append(groups[id], p)
	}
	sort.Slice(ids, func(i, j int) bool { return ids[i] < ids[j] })
	return groups, ids, nil
}

// putTopics writes the partitions grouped by topic, as most requests want them.
// one writes the fields of a partition.
func putTopics(w *writer, ps []tp, one func(tp)) {
	var names []string
	groups := map[string][]tp{}
	for _, p := range ps {
		if _, ok := groups[p.topic]; !ok {
			names = append(names, p.topic)
		}
		groups[p.topic] = append(groups[p.topic], p)
	}
	w.i32(int32(len(names)))
	for _, name := range names {
		w.str(name)
		w.i32(int32(len(groups[name])))
		for _, p := range groups[name] {
			one(p)
		}
	}
}

// tidy is plain for an error that may be nil or a cancellation.
func tidy(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	return plain(err)
}
