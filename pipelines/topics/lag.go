package topics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

// Member is a live member of a consumer group and what it owns.
type Member struct {
	ID       string // the broker's name for it, new with every membership
	Client   string // "client at host"
	Assigned []TopicPartition
}

// Owners describes the live members of a group, by name. A group that has never
// been joined has none.
func (c *Client) Owners(ctx context.Context, group string) ([]Member, error) {
	var out []Member
	err := c.retry(ctx, "describing a group", func(ctx context.Context) error {
		res, err := c.line.admin.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{group}})
		if err != nil {
			return err
		}
		out = out[:0]
		for _, g := range res.Groups {
			if g.Error != nil && !errors.Is(g.Error, kafka.GroupIdNotFound) {
				return g.Error
			}
			for _, m := range g.Members {
				out = append(out, member(m))
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Member) int { return strings.Compare(a.Client+a.ID, b.Client+b.ID) })
	return out, explain(err, "describing group %q", group)
}

func member(m kafka.DescribeGroupsResponseMember) Member {
	out := Member{ID: m.MemberID, Client: fmt.Sprintf("%s at %s", m.ClientID, strings.TrimPrefix(m.ClientHost, "/"))}
	for _, t := range m.MemberAssignments.Topics {
		for _, p := range t.Partitions {
			out.Assigned = append(out.Assigned, TopicPartition{t.Topic, int32(p)})
		}
	}
	sortAssigned(out.Assigned)
	return out
}

// waitingRounds bounds how far Waiting looks over markers and aborted records.
const waitingRounds = 4

// Waiting returns, for each span, when its first committed record was written.
// A span without a committed record (transaction markers alone), or whose first
// one lies behind very many aborted ones, is left out. It reads one batch of each.
func (c *Client) Waiting(ctx context.Context, spans []FetchFrom) (map[TopicPartition]time.Time, error) {
	out := map[TopicPartition]time.Time{}
	todo := slices.Clone(spans)
	s := c.Session(FetchOptions{MaxBytes: int32(min(len(spans), 256)+1) << 14, PartitionBytes: 1 << 14, MaxWait: 10 * time.Millisecond, ReadCommitted: true})
	found := errors.New("found")
	for range waitingRounds {
		if len(todo) == 0 {
			break
		}
		got, err := s.Fetch(ctx, todo)
		if err != nil {
			return out, err
		}
		var next []FetchFrom
		for i := range got {
			f := &got[i]
			at := TopicPartition{f.Topic, f.Partition}
			offset, err := f.Each(func(r *FetchedRecord) error { out[at] = r.Time; return found })
			if err != nil && !errors.Is(err, found) {
				return out, err
			}
			// Nothing of ours in it, or a batch larger than what was asked for, of which
			// the session asks for more now.
			if err == nil && (f.To == 0 || offset < f.To) {
				next = append(next, FetchFrom{Topic: f.Topic, Partition: f.Partition, Offset: offset, To: f.To})
			}
		}
		todo = next
	}
	return out, nil
}
