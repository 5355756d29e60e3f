package topics

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
)

func join(t *testing.T, c *Client, id string, topics ...string) *Group {
	t.Helper()
	g, err := c.Group(ctxFor(t), GroupConfig{ID: id, Topics: topics, SessionTimeout: time.Second, Heartbeat: 50 * time.Millisecond})
	must(t, err)
	t.Cleanup(func() { g.Close() })
	return g
}

func next(t *testing.T, g *Group) *Generation {
	t.Helper()
	gen, err := g.Next(ctxFor(t))
	must(t, err)
	return gen
}

// settled waits until two members share n partitions evenly in one generation.
func settled(t *testing.T, one, two *Group, n int) (*Generation, *Generation) {
	t.Helper()
	a, b := next(t, one), next(t, two)
	for a.ID != b.ID || len(a.Assigned)+len(b.Assigned) != n {
		if a.ID <= b.ID {
			a = next(t, one)
		} else {
			b = next(t, two)
		}
	}
	return a, b
}

// checkBalance is what every assignment must satisfy.
func checkBalance(members []kafka.GroupMember, partitions []kafka.Partition, got kafka.GroupMemberAssignments) error {
	owner := map[tp]string{}
	counts := map[string]map[string]int{}
	for m, topics := range got {
		for topic, ids := range topics {
			for _, id := range ids {
				p := tp{topic, int32(id)}
				if other, ok := owner[p]; ok {
					return fmt.Errorf("%s belongs to %s and %s", p, other, m)
				}
				owner[p] = m
			}
			if counts[topic] == nil {
				counts[topic] = map[string]int{}
			}
			counts[topic][m] = len(ids)
		}
	}
	for _, p := range partitions {
		if _, ok := owner[tp{p.Topic, int32(p.ID)}]; !ok {
			return fmt.Errorf("%q partition %d belongs to nobody", p.Topic, p.ID)
		}
	}
	for topic := range counts {
		lo, hi := 1<<30, 0
		for _, m := range members {
			if slices.Contains(m.Topics, topic) {
				lo, hi = min(lo, counts[topic][m.ID]), max(hi, counts[topic][m.ID])
			}
		}
		if hi-lo > 1 {
			return fmt.Errorf("%q is spread unevenly: %v", topic, counts[topic])
		}
	}
	return nil
}

// A partition that came between the sharing out and the library's first look is
// noticed by whoever shared them out.
func TestGroupRecountsPartitions(t *testing.T) {
	_, addrs := cluster(t)
	ctx, c := ctxFor(t), dial(t, addrs)
	ensure(t, c, Topic{Name: "a", Partitions: 2})
	g := &Group{c: c, watch: time.Millisecond}
	for n, want := range map[int]bool{1: false, 2: true} {
		if got := g.stands(ctx, map[string]int{"a": n}); got != want {
			t.Errorf("2 partitions, %d shared out: %v", n, got)
		}
	}
	k := &keeper{}
	k.AssignGroups(nil, []kafka.Partition{{Topic: "a", ID: 0}, {Topic: "a", ID: 1}})
	if a, b := k.took(), k.took(); a["a"] != 2 || b != nil {
		t.Errorf("shared out: %v, then %v", a, b)
	}
}

func TestBalancer(t *testing.T) {
	var partitions []kafka.Partition
	for i := range 7 {
		partitions = append(partitions, kafka.Partition{Topic: "a", ID: i})
	}
	for i := range 3 {
		partitions = append(partitions, kafka.Partition{Topic: "b", ID: i})
	}
	k := &keeper{}
	owned := map[string][]TopicPartition{}
	for step, ids := range [][]string{{"m1"}, {"m1", "m2"}, {"m0", "m1", "m2"}, {"m0", "m2"}, {"m2"}, {"m2", "m3", "m4", "m5"}} {
		var members []kafka.GroupMember
		for _, id := range ids {
			claim := &keeper{}
			claim.own(int32(step), owned[id])
			data, _ := claim.UserData()
			members = append(members, kafka.GroupMember{ID: id, Topics: []string{"a", "b"}, UserData: data})
		}
		got := k.AssignGroups(members, partitions)
		if err := checkBalance(members, partitions, got); err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		slices.Reverse(members)
		if d := cmp.Diff(got, k.AssignGroups(members, partitions)); d != "" {
			t.Fatalf("step %d depends on the order of members: %s", step, d)
		}
		now := map[string][]TopicPartition{}
		for m, topics := range got {
			for topic, list := range topics {
				had, kept := 0, 0
				for _, p := range owned[m] {
					if p.Topic == topic {
						had++
					}
				}
				for _, id := range list {
					p := TopicPartition{topic, int32(id)}
					now[m] = append(now[m], p)
					if slices.Contains(owned[m], p) {
						kept++
					}
				}
				if kept != min(had, len(list)) {
					t.Errorf("step %d: %s had %d of %q, has %d, but kept only %d", step, m, had, topic, len(list), kept)
				}
			}
		}
		owned = now
	}
	// The leader of a one-partition topic stays in office.
	claim := &keeper{}
	claim.own(3, []TopicPartition{{"control", 0}})
	data, _ := claim.UserData()
	got := k.AssignGroups([]kafka.GroupMember{{ID: "a", Topics: []string{"control"}}, {ID: "b", Topics: []string{"control"}, UserData: data}},
		[]kafka.Partition{{Topic: "control", ID: 0}})
	if len(got["b"]["control"]) != 1 {
		t.Errorf("the candidate took office: %v", got)
	}
	// The check itself catches a balancer that is wrong.
	for _, bad := range []kafka.GroupMemberAssignments{
		{"m1": {"a": {0}}},
		{"m1": {"a": {0, 1}}, "m2": {"a": {1}}},
		{"m1": {"a": {0, 1}}, "m2": {}},
	} {
		ms := []kafka.GroupMember{{ID: "m1", Topics: []string{"a"}}, {ID: "m2", Topics: []string{"a"}}}
		if checkBalance(ms, []kafka.Partition{{Topic: "a", ID: 0}, {Topic: "a", ID: 1}}, bad) == nil {
			t.Errorf("%v passes", bad)
		}
	}
}
