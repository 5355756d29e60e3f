package pipelines

import (
	"context"
	"time"

	"rongtong/pipelines/topics"
	"rongtong/schemas/fault"
)

// A leader that was not in sync when it was elected (unclean.leader.election.enable)
// has lost records that were acknowledged, and gives their offsets to others. If those
// were loaded already, the loaders would pass over the others without a word. So the
// epoch of the leader is stored beside the offset: when there is another one, it is
// asked where the records of the earlier one end.

// reached is up to where the share, which nobody works on, is loaded, or a load of it
// was begun.
func (s *share) reached() int64 { return max(s.next.Load(), s.pending.To) }

// turned looks at partitions that have another leader than the one that had
// everything that is loaded of them. One whose log forks before that is stopped: what
// stands at these offsets now was never loaded, and only a person knows what it is.
func (l *Loader) turned(ctx context.Context, kafka Epochs, shares []*share, seen map[string]topics.Surveyed) {
	var ask []topics.EpochOf
	var about []*share
	for _, s := range shares {
		e := seen[s.topic].Epochs
		if int(s.partition) >= len(e) || e[s.partition] < 0 || s.torn || s.queued.Load() {
			continue // who works on it stores the earlier epoch: it is seen afterwards
		}
		switch was, now := s.leader.Load(), e[s.partition]+1; {
		case was == now:
		case was == 0 || s.reached() == 0: // nothing is loaded that could be lost, or nobody knows
			s.leader.Store(now)
		default:
			ask = append(ask, topics.EpochOf{TopicPartition: topics.TopicPartition{Topic: s.topic, Partition: s.partition}, Epoch: was - 1})
			about = append(about, s)
		}
	}
	if len(ask) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	ends, err := kafka.EpochEnds(ctx, ask)
	for i, s := range about {
		end, told := ends[ask[i].TopicPartition]
		switch {
		case err != nil || !told: // it is asked again, and nothing is loaded before
			s.again.Store(max(s.again.Load(), time.Now().Add(time.Second).UnixNano()))
		case end >= 0 && end < s.reached():
			s.torn = true
			err := fault.Hint(fault.Config, "stop the loaders and say rongtong offsets --stream "+s.stream.name()+" --to with that offset, which loads what stands there now; read the source again for what it had delivered before; and set unclean.leader.election.enable=false",
				"Kafka lost records that it had acknowledged: a new leader's log forks at offset %d, and the partition is loaded to %d", end, s.reached())
			l.Log.Error("a partition is stopped", "topic", s.topic, "partition", s.partition, "forks_at", end, "loaded_to", s.reached(), "error", err)
			l.Troubles.begin(s.trouble(), err)
		default:
			s.leader.Store(seen[s.topic].Epochs[s.partition] + 1)
		}
	}
}
