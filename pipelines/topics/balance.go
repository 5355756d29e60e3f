package topics

import (
	"cmp"
	"slices"

	"github.com/segmentio/kafka-go"
)

func sortAssigned(ps []TopicPartition) {
	slices.SortFunc(ps, func(a, b TopicPartition) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
}

// own remembers what to claim at the next join.
func (k *keeper) own(generation int32, ps []TopicPartition) {
	var w writer
	w.i32(generation)
	w.i32(int32(len(ps)))
	for _, p := range ps {
		w.str(p.Topic)
		w.i32(p.Partition)
	}
	k.mu.Lock()
	k.data = w.b
	k.mu.Unlock()
}

// share remembers how many partitions there were, for took.
func (k *keeper) share(byTopic map[string][]int) {
	counts := make(map[string]int, len(byTopic))
	for topic, ids := range byTopic {
		ids = slices.Clone(ids)
		slices.Sort(ids)
		counts[topic] = len(slices.Compact(ids))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.shared = counts
}

// took returns what was shared out since it was asked last; nil: nothing was, another
// member leads.
func (k *keeper) took() map[string]int {
	k.mu.Lock()
	defer k.mu.Unlock()
	counts := k.shared
	k.shared = nil
	return counts
}

func (k *keeper) ProtocolName() string { return "rongtong-keep" }

func (k *keeper) UserData() ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.data, nil
}

// claims reads what own wrote; anything else claims nothing.
func claims(data []byte) (generation int32, ps []tp) {
	r := reader{b: data}
	generation = r.i32()
	for range r.count(6) {
		ps = append(ps, tp{string(r.text()), r.i32()})
	}
	if r.err != nil {
		return -1, nil
	}
	return generation, ps
}

// AssignGroups is a function of the members and their claims alone, so that it
// does not matter which member the broker asks.
func (k *keeper) AssignGroups(members []kafka.GroupMember, partitions []kafka.Partition) kafka.GroupMemberAssignments {
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b kafka.GroupMember) int { return cmp.Compare(a.ID, b.ID) })
	out := kafka.GroupMemberAssignments{}
	owner := map[tp]string{}
	since := map[tp]int32{}
	for _, m := range members {
		out[m.ID] = map[string][]int{}
		generation, ps := claims(m.UserData)
		for _, p := range ps {
			// Two claims: the one of the later generation is the true one.
			if _, taken := owner[p]; !taken || generation > since[p] {
				owner[p], since[p] = m.ID, generation
			}
		}
	}
	byTopic := map[string][]int{}
	for _, p := range partitions {
		byTopic[p.Topic] = append(byTopic[p.Topic], p.ID)
	}
	k.share(byTopic)
	total := map[string]int{}
	topics := make([]string, 0, len(byTopic))
	for t := range byTopic {
		topics = append(topics, t)
	}
	slices.Sort(topics)
	for _, topic := range topics {
		ids := byTopic[topic]
		slices.Sort(ids)
		assignTopic(topic, slices.Compact(ids), members, owner, total, out)
	}
	return out
}

// assignTopic spreads one topic: nobody gets two more than another, partitions
// stay with their owner while that holds, and what is left goes to whoever has
// the fewest, over all topics.
func assignTopic(topic string, ids []int, members []kafka.GroupMember, owner map[tp]string, total map[string]int, out kafka.GroupMemberAssignments) {
	var in []string
	for _, m := range members {
		if slices.Contains(m.Topics, topic) {
			in = append(in, m.ID)
		}
	}
	if len(in) == 0 {
		return
	}
	floor, extra := len(ids)/len(in), len(ids)%len(in)
	have := map[string]int{}
	give := func(m string, id int) {
		out[m][topic] = append(out[m][topic], id)
		if have[m]++; have[m] > floor {
			extra--
		}
		total[m]++
	}
	room := func(m string) bool { return have[m] < floor || have[m] == floor && extra > 0 }
	var left []int
	for _, id := range ids {
		if m, ok := owner[tp{topic, int32(id)}]; ok && slices.Contains(in, m) && room(m) {
			give(m, id)
			continue
		}
		left = append(left, id)
	}
	for _, id := range left {
		best := ""
		for _, m := range in {
			if room(m) && (best == "" || have[m] < have[best] || have[m] == have[best] && total[m] < total[best]) {
				best = m
			}
		}
		give(best, id)
	}
	for _, m := range in {
		slices.Sort(out[m][topic])
	}
}
