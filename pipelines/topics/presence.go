package topics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"rongtong/schemas/fault"
)

// Presence is a membership that shares no work: it says something about this
// process to whoever asks, for as long as the process lives and no longer. The
// broker's session sees to that, so nobody compares clocks, nothing is written,
// and nothing is left behind.
type Presence struct {
	c   *Client
	cfg GroupConfig
	end context.CancelFunc // of the present membership

	mu   sync.Mutex
	cg   *kafka.ConsumerGroup
	over chan struct{}
}

// Attendant is a live process and what it says.
type Attendant struct {
	Host string // as the broker sees it
	Data []byte
}

// Present joins the presence group cfg.ID; its topics must exist and carry nothing.
func (c *Client) Present(ctx context.Context, cfg GroupConfig, data []byte) (*Presence, error) {
	if _, _, err := c.all(ctx, cfg.Topics); err != nil {
		return nil, fmt.Errorf("joining group %q: %w", cfg.ID, err)
	}
	p := &Presence{c: c, cfg: cfg}
	return p, p.Say(ctx, data)
}

// Say takes the place of what was said before, and returns when it can be heard,
// or when ctx ends; it is then said later.
func (p *Presence) Say(ctx context.Context, data []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leave()
	cg, err := p.c.consumers(p.cfg, sayer{data})
	if err != nil {
		return err
	}
	live, cancel := context.WithCancel(context.Background())
	p.cg, p.end, p.over = cg, cancel, make(chan struct{})
	heard := make(chan struct{})
	go func(over chan<- struct{}) {
		defer close(over)
		for first := true; ; {
			_, err := cg.Next(live)
			switch {
			case err == nil && first:
				first = false
				close(heard)
			case live.Err() != nil || errors.Is(err, kafka.ErrGroupClosed):
				return
			case err != nil:
				wait(live, 200*time.Millisecond)
			}
		}
	}(p.over)
	select {
	case <-heard:
		return nil
	case <-ctx.Done():
		return fault.New(fault.Transient, "joining group %q: %w", p.cfg.ID, ctx.Err())
	}
}

func (p *Presence) leave() {
	if p.cg == nil {
		return
	}
	p.end()
	p.cg.Close()
	<-p.over
	p.cg = nil
}

// Close leaves: nothing is said any more.
func (p *Presence) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leave()
}

// Attendance is what the live members of a presence group say. It waits for the
// moments in which members come and go. A group of another kind yields members
// that say nothing.
func (c *Client) Attendance(ctx context.Context, group string) ([]Attendant, error) {
	for {
		list, settled, err := c.attendance(ctx, group)
		if err != nil {
			return nil, explain(err, "asking who is in group %q", group)
		}
		if settled {
			slices.SortFunc(list, func(a, b Attendant) int { return bytes.Compare(a.Data, b.Data) })
			return list, nil
		}
		if !wait(ctx, 50*time.Millisecond) {
			return nil, fault.New(fault.Transient, "asking who is in group %q: %w", group, ctx.Err())
		}
	}
}

func (c *Client) attendance(ctx context.Context, group string) (out []Attendant, settled bool, err error) {
	err = c.retry(ctx, "asking who is there", func(ctx context.Context) error {
		out, settled = nil, true
		res, err := c.line.admin.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{group}})
		if err != nil {
			return err
		}
		for _, g := range res.Groups {
			if g.Error != nil && !errors.Is(g.Error, kafka.GroupIdNotFound) {
				return g.Error
			}
			switch g.GroupState {
			case "PreparingRebalance", "CompletingRebalance":
				settled = false
			}
			for _, m := range g.Members {
				out = append(out, Attendant{strings.TrimPrefix(m.ClientHost, "/"), m.MemberMetadata.UserData})
			}
		}
		return nil
	})
	return out, settled, err
}

// sayer is the balancer of a presence: nobody gets anything.
type sayer struct{ data []byte }

func (s sayer) ProtocolName() string      { return "rongtong-presence" }
func (s sayer) UserData() ([]byte, error) { return s.data, nil }
func (s sayer) AssignGroups(members []kafka.GroupMember, _ []kafka.Partition) kafka.GroupMemberAssignments {
	out := kafka.GroupMemberAssignments{}
	for _, m := range members {
		out[m.ID] = map[string][]int{}
	}
	return out
}
