package pipelines

import (
	"context"
	"slices"

	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// What groups store expires when nobody commits for long
// (offsets.retention.minutes), and an administrator may delete a group. A partition
// of which nothing is stored is then not a new one: the ledger knows how far it was
// loaded. Beginning at its start would load everything once more, at its end would
// lose what came since.

// ledger asks the warehouse about the assigned topics of which something is missing
// in what the group has stored.
func (l *Loader) ledger(ctx context.Context, assigned []topics.TopicPartition, stored map[string][]topics.Committed) ([]warehouse.Ledgered, error) {
	var names []string
	for _, tp := range assigned {
		if list := stored[tp.Topic]; int(tp.Partition) < len(list) && list[tp.Partition].Offset < 0 && !slices.Contains(names, tp.Topic) {
			names = append(names, tp.Topic)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	group := l.group()
	if group == LoadGroup {
		group = ""
	}
	return l.Warehouse.Ledger(ctx, group, names)
}

// restore gives a share of which nothing is stored the position that the ledger
// knows; none for a topic that was never loaded. It reports whether the share may be
// worked on: where the brokers tell no IDs of topics, only a person knows whether
// the ledger speaks of this one.
func (l *Loader) restore(s *share, ledger []warehouse.Ledgered) bool {
	var known, other *warehouse.Ledgered
	for i := range ledger {
		x := &ledger[i]
		switch {
		case x.Topic != s.topic || x.Partition != s.partition:
		case x.TopicID == s.topicID && s.topicID != "":
			known = x
		case x.TopicID == "":
			other = x
		}
	}
	switch {
	case known != nil:
		s.read, s.move, s.restored = known.To, known.Move, true
		l.Log.Warn("nothing is stored of a partition that was loaded before: what the group had stored expired (offsets.retention.minutes), or the group was deleted; loading goes on where the ledger ends",
			"topic", s.topic, "partition", s.partition, "group", l.group(), "loaded_to", known.To)
	case other != nil:
		err := fault.Hint(fault.Config, "say where to go on: rongtong offsets --stream "+s.stream.name()+" --to ledger, or --to beginning if the topic was created anew",
			"nothing is stored of the partition, the ledger knows loads up to %d, and the brokers told no ID of the topic that was loaded", other.To)
		l.Log.Error("a partition is left alone: it may have been loaded before", "topic", s.topic, "partition", s.partition, "group", l.group(), "error", err)
		l.Troubles.begin(s.trouble(), err)
		return false
	}
	return true
}

// keepRestored stores what the ledger knew, so that everybody can see it again.
func keepRestored(ctx context.Context, gen Committer, shares []*share) error {
	var list []topics.OffsetMeta
	for _, s := range shares {
		if s.restored {
			list = append(list, topics.OffsetMeta{Topic: s.topic, Partition: s.partition, Offset: s.read, Metadata: intent{Topic: s.topicID, Move: s.move}.encode()})
		}
	}
	if len(list) == 0 {
		return nil
	}
	return gen.Commit(ctx, list)
}
