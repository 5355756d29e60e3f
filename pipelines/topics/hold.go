package topics

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/segmentio/kafka-go"
)

// Hold is a consumer group that nobody else can be a member of. The broker
// itself sees to it: members of a group must share a protocol, and a hold has
// one of its own. It ends with Release, or when its process dies, after the
// session timeout.
type Hold struct {
	c     *Client
	group string
	cg    *kafka.ConsumerGroup
	gen   *kafka.Generation
	lost  context.Context
}

// Busy says that a group has live members, and names them.
type Busy struct {
	Group   string
	Members []string // "client at host"
}

func (e *Busy) Error() string {
	return fmt.Sprintf("group %q has %d live members: %s", e.Group, len(e.Members), strings.Join(e.Members, ", "))
}

// Hold takes a group over if it has no live member, and keeps every member out
// until it is released: they wait. If it has members the error is a *Busy. A
// member that died counts as live until its session is over.
func (c *Client) Hold(ctx context.Context, cfg GroupConfig) (*Hold, error) {
	if _, _, err := c.all(ctx, cfg.Topics); err != nil {
		return nil, fmt.Errorf("holding group %q: %w", cfg.ID, err)
	}
	cg, err := c.consumers(cfg, alone{"rongtong-hold-" + rand.Text()})
	if err != nil {
		return nil, err
	}
	for {
		gen, err := cg.Next(ctx)
		if err == nil {
			h := &Hold{c: c, group: cfg.ID, cg: cg, gen: gen}
			lost, cancel := context.WithCancelCause(context.Background())
			h.lost = lost //nolint:fatcontext // one, for the generation that was got
			gen.Start(func(ended context.Context) {
				<-ended.Done()
				cancel(ErrGenerationOver)
			})
			return h, nil
		}
		v, _ := judge(err)
		busy := errors.Is(err, kafka.InconsistentGroupProtocol)
		if !busy && ctx.Err() == nil && (v == again || v == reroute || v == over) {
			continue
		}
		cg.Close()
		if busy {
			return nil, &Busy{cfg.ID, c.Members(ctx, cfg.ID)}
		}
		return nil, explain(err, "holding group %q", cfg.ID)
	}
}

// Group is the group that is held.
func (h *Hold) Group() string { return h.group }

// Lost ends when the hold does, with ErrGenerationOver as its cause: the broker
// was away for longer than the session, and members may be back.
func (h *Hold) Lost() context.Context { return h.lost }

// Commit stores offsets for the group that is held. Once the hold is lost the broker
// refuses it with ErrGenerationOver.
func (h *Hold) Commit(ctx context.Context, offsets []OffsetMeta) error {
	g := Generation{ID: h.gen.ID, Member: h.gen.MemberID, c: h.c, group: h.group}
	return g.Commit(ctx, offsets)
}

// Release lets members in again.
func (h *Hold) Release() error { return h.cg.Close() }

// Members describes the live members of a group, as well as the broker can.
func (c *Client) Members(ctx context.Context, group string) []string {
	members, err := c.Owners(ctx, group)
	if err != nil {
		return nil
	}
	out := make([]string, len(members))
	for i, m := range members {
		out[i] = m.Client
	}
	return out
}

// alone is the balancer of a hold: its one member has everything and does
// nothing with it.
type alone struct{ name string }

func (a alone) ProtocolName() string      { return a.name }
func (a alone) UserData() ([]byte, error) { return nil, nil }
func (a alone) AssignGroups(members []kafka.GroupMember, partitions []kafka.Partition) kafka.GroupMemberAssignments {
	out := kafka.GroupMemberAssignments{}
	for _, m := range members {
		out[m.ID] = map[string][]int{}
		for _, p := range partitions {
			out[m.ID][p.Topic] = append(out[m.ID][p.Topic], p.ID)
		}
	}
	return out
}
