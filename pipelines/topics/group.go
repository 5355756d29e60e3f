package topics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"rongtong/schemas/fault"
)

// GroupConfig describes a membership.
type GroupConfig struct {
	ID     string
	Topics []string
	// SessionTimeout is how long a silent member keeps its partitions; 0: 6 s,
	// the least that brokers allow by default.
	SessionTimeout time.Duration
	// Heartbeat is how often the member speaks up, whatever its work is doing;
	// 0: a twelfth of SessionTimeout.
	Heartbeat time.Duration
	// Watch is how often the topics are looked at for new partitions; 0: 5 s.
	Watch time.Duration
}

const defaultWatch = 5 * time.Second

// Group is this process's membership in a consumer group. Next is for one
// goroutine; Close may be called from any.
type Group struct {
	c     *Client
	id    string
	cg    *kafka.ConsumerGroup
	bal   *keeper
	watch time.Duration
}

// TopicPartition names a partition.
type TopicPartition struct {
	Topic     string
	Partition int32
}

// OffsetMeta is an offset to commit, with up to 4 KB of metadata.
type OffsetMeta struct {
	Topic     string
	Partition int32
	Offset    int64
	Metadata  string
}

// Generation is the time between two rebalances, and what this member owns then.
type Generation struct {
	ID       int32
	Member   string
	Assigned []TopicPartition // sorted by topic and partition

	c     *Client
	group string
	ctx   context.Context
}

// Member joins a consumer group and calls work for every generation, until it or
// the group fails. The membership ends with it.
func (c *Client) Member(ctx context.Context, cfg GroupConfig, work func(*Generation) error) error {
	g, err := c.Group(ctx, cfg)
	if err != nil {
		return err
	}
	defer g.Close()
	for {
		gen, err := g.Next(ctx)
		if err != nil {
			return err
		}
		if err := work(gen); err != nil {
			return err
		}
	}
}

// Group joins a consumer group. Joining goes on in the background; what goes
// wrong with it comes out of Next. The topics must exist (see Ensure).
func (c *Client) Group(ctx context.Context, cfg GroupConfig) (*Group, error) {
	if _, _, err := c.all(ctx, cfg.Topics); err != nil {
		return nil, fmt.Errorf("joining group %q: %w", cfg.ID, err)
	}
	g := &Group{c: c, id: cfg.ID, bal: &keeper{}, watch: cmp.Or(cfg.Watch, defaultWatch)}
	cg, err := c.consumers(cfg, g.bal)
	if err != nil {
		return nil, err
	}
	g.cg = cg
	return g, nil
}

// consumers begins to join a group under a balancer's protocol.
func (c *Client) consumers(cfg GroupConfig, bal kafka.GroupBalancer) (*kafka.ConsumerGroup, error) {
	if cfg.SessionTimeout <= 0 {
		cfg.SessionTimeout = 6 * time.Second
	}
	if cfg.Heartbeat <= 0 {
		cfg.Heartbeat = cfg.SessionTimeout / 12
	}
	if cfg.Watch <= 0 {
		cfg.Watch = defaultWatch
	}
	cg, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID:      cfg.ID,
		Topics:  slices.Clone(cfg.Topics),
		Brokers: c.brokers,
		Dialer: &kafka.Dialer{ClientID: c.opts.clientID, Timeout: c.opts.dialLimit, TLS: c.opts.tls,
			SASLMechanism: c.opts.sasl, DialFunc: (&net.Dialer{Timeout: c.opts.dialLimit}).DialContext},
		GroupBalancers:         []kafka.GroupBalancer{bal},
		HeartbeatInterval:      cfg.Heartbeat,
		SessionTimeout:         cfg.SessionTimeout,
		RebalanceTimeout:       max(cfg.SessionTimeout, 10*time.Second),
		JoinGroupBackoff:       200 * time.Millisecond,
		WatchPartitionChanges:  true,
		PartitionWatchInterval: cfg.Watch,
		Timeout:                5 * time.Second,
	})
	if err != nil {
		return nil, fault.New(fault.Config, "joining group %q: %w", cfg.ID, err)
	}
	return cg, nil
}

// Close leaves the group, so that others take over at once. A generation's
// context is cancelled.
func (g *Group) Close() error { return g.cg.Close() }

// Next waits for the next generation. Errors that time heals are waited out
// until ctx ends; missing rights and a closed group are returned.
func (g *Group) Next(ctx context.Context) (*Generation, error) {
	for n := 1; ; n++ {
		gen, err := g.cg.Next(ctx)
		if err == nil {
			return g.generation(gen), nil
		}
		if ctx.Err() != nil || errors.Is(err, kafka.ErrGroupClosed) {
			return nil, fault.New(fault.Transient, "joining group %q: %w", g.id, err)
		}
		if v, _ := judge(err); v == grant || v == fatal {
			return nil, explain(err, "joining group %q", g.id)
		}
		if n%25 == 0 {
			g.c.opts.log.Warn("cannot join the consumer group, still trying", "group", g.id, "error", tidy(err))
		}
	}
}

func (g *Group) generation(gen *kafka.Generation) *Generation {
	out := &Generation{ID: gen.ID, Member: gen.MemberID, c: g.c, group: g.id}
	for topic, list := range gen.Assignments {
		for _, a := range list {
			out.Assigned = append(out.Assigned, TopicPartition{topic, int32(a.ID)})
		}
	}
	sortAssigned(out.Assigned)
	g.bal.own(gen.ID, out.Assigned)
	ctx, cancel := context.WithCancelCause(context.Background())
	out.ctx = ctx
	gen.Start(func(ended context.Context) {
		<-ended.Done()
		cancel(ErrGenerationOver)
	})
	if counts := g.bal.took(); len(counts) > 0 {
		gen.Start(func(ended context.Context) { // the generation ends when this returns
			if g.stands(ended, counts) {
				<-ended.Done()
			}
		})
	}
	return out
}

// stands reports, after a while, whether the topics have as many partitions as this
// member shared out as the group's leader. The library's own watch begins a moment
// after that: a partition that came in between would belong to nobody for ever.
func (g *Group) stands(ctx context.Context, counts map[string]int) bool {
	select {
	case <-ctx.Done():
		return true
	case <-time.After(g.watch):
	}
	now, err := g.c.Partitions(ctx, slices.Collect(maps.Keys(counts))...)
	return err != nil || maps.Equal(now, counts)
}

// Context ends when the generation does: at the next rebalance, when the broker
// is lost, or when the group is closed. Its cause is ErrGenerationOver. Work may
// go on for a moment; its commits are refused.
func (g *Generation) Context() context.Context { return g.ctx }

// Commit stores offsets as this member. The broker refuses it with
// ErrGenerationOver once another generation began, so that a stalled member
// never moves offsets of partitions that it lost.
func (g *Generation) Commit(ctx context.Context, offsets []OffsetMeta) error {
	if len(offsets) == 0 {
		return nil
	}
	req := &kafka.OffsetCommitRequest{GroupID: g.group, GenerationID: int(g.ID), MemberID: g.Member,
		Topics: map[string][]kafka.OffsetCommit{}}
	for _, o := range offsets {
		req.Topics[o.Topic] = append(req.Topics[o.Topic],
			kafka.OffsetCommit{Partition: int(o.Partition), Offset: o.Offset, Metadata: o.Metadata})
	}
	err := g.c.retry(ctx, "committing offsets", func(ctx context.Context) error {
		res, err := g.c.line.admin.OffsetCommit(ctx, req)
		if err != nil {
			return err
		}
		g.c.line.throttled(res.Throttle)
		return worst(func(yield func(error)) {
			for topic, list := range res.Topics {
				for _, p := range list {
					if p.Error != nil {
						yield(fmt.Errorf("%s: %w", tp{topic, int32(p.Partition)}, p.Error))
					}
				}
			}
		})
	})
	return explain(err, "committing offsets of group %q in generation %d", g.group, g.ID)
}

// keeper is a balancer that spreads partitions evenly and, within that, leaves
// each where it is. A rebalance then moves no more than it must, and a leader
// elected by a one-partition topic stays in office when a candidate joins.
type keeper struct {
	mu     sync.Mutex
	data   []byte
	shared map[string]int // partitions by topic, as they were shared out here last
}
