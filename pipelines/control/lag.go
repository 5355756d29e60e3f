package control

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/topics"
)

// PartitionLag is how far the loaders are behind in one partition.
type PartitionLag struct {
	Tier      string `json:"tier"`
	System    string `json:"system"`
	Stream    string `json:"stream"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Loaded    int64  `json:"loaded_offset"` // everything before it is loaded
	End       int64  `json:"end_offset"`    // the offset after the last committed record
	Records   int64  `json:"records"`       // offsets between the two, transaction markers included
	// Seconds is how long the oldest record that is not loaded has been waiting;
	// 0 when nothing waits.
	Seconds float64 `json:"seconds"`
	Holder  string  `json:"holder"` // the loader that owns it, "client at host"; empty: none
	// Stopped says why a loader does not load it although it could; empty: it does.
	Stopped string `json:"stopped,omitempty"`
}

// Lag says of every partition how far the loaders are behind, in rows and in
// seconds, and who holds it. It reads a batch of every partition that waits.
func (m *Monitor) Lag(ctx context.Context) ([]PartitionLag, error) {
	if err := m.follow(ctx); err != nil {
		return nil, err
	}
	d := m.d()
	stand, err := standing(ctx, m.k, d.Streams)
	if err != nil {
		return nil, err
	}
	members, err := m.k.Owners(ctx, pipelines.LoadGroup)
	if err != nil {
		return nil, fmt.Errorf("asking who loads: %w", err)
	}
	holder := map[topics.TopicPartition]string{}
	for _, mem := range members {
		for _, tp := range mem.Assigned {
			holder[tp] = mem.Client
		}
	}
	var out []PartitionLag
	var waiting []topics.FetchFrom
	for _, s := range d.Streams {
		for p, b := range stand.ends[s.Topic] {
			if b == topics.Unknown {
				b = topics.Bounds{}
			}
			l := PartitionLag{Tier: s.System.Tier, System: s.System.System, Stream: s.Stream.Name, Topic: s.Topic, Partition: int32(p),
				Loaded: max(b.First, stand.loaded[s.Topic][p].Offset), End: b.Last, Holder: holder[topics.TopicPartition{Topic: s.Topic, Partition: int32(p)}]}
			l.Records = max(0, l.End-l.Loaded)
			if l.Records > 0 {
				waiting = append(waiting, topics.FetchFrom{Topic: s.Topic, Partition: int32(p), Offset: l.Loaded, To: l.End})
			}
			out = append(out, l)
		}
	}
	since, err := m.k.Waiting(ctx, waiting)
	if err != nil {
		return nil, fmt.Errorf("looking at the oldest records that wait: %w", err)
	}
	now := time.Now()
	for i := range out {
		if at, ok := since[topics.TopicPartition{Topic: out[i].Topic, Partition: out[i].Partition}]; ok {
			out[i].Seconds = max(0, now.Sub(at).Seconds())
		}
	}
	return out, m.stopped(ctx, out)
}

// stopped adds the partitions that a quality rule stopped.
func (m *Monitor) stopped(ctx context.Context, lags []PartitionLag) error {
	rows, err := m.w.Query(ctx, "SELECT toString(topic), partition, any(toString(rule)), any(reason_en) FROM ops.stopped GROUP BY topic, partition")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var topic, rule, reason string
		var partition uint16
		if err := rows.Scan(&topic, &partition, &rule, &reason); err != nil {
			return err
		}
		for i := range lags {
			if l := &lags[i]; l.Topic == topic && l.Partition == int32(partition) {
				l.Stopped = rule + ": " + reason
			}
		}
	}
	return rows.Err()
}

// TierLag is how far the loaders are behind in one tier: the sum of the rows and
// the longest wait.
type TierLag struct {
	Tier       string  `json:"tier"`
	Records    int64   `json:"records"`
	Seconds    float64 `json:"seconds"`
	Partitions int     `json:"partitions"`
	Unheld     int     `json:"unheld"` // partitions that no loader owns
}

// ByTier sums up the partitions' lag, in the order of the tiers.
func (m *Monitor) ByTier(lags []PartitionLag) []TierLag {
	out := make([]TierLag, len(m.d().Catalog.Tiers))
	for i, t := range m.d().Catalog.Tiers {
		out[i].Tier = t.Code
	}
	for _, l := range lags {
		i := slices.IndexFunc(out, func(t TierLag) bool { return t.Tier == l.Tier })
		t := &out[i]
		t.Records, t.Seconds, t.Partitions = t.Records+l.Records, max(t.Seconds, l.Seconds), t.Partitions+1
		if l.Holder == "" {
			t.Unheld++
		}
	}
	return out
}

// WorstFirst orders partitions by how long, then by how much they wait.
func WorstFirst(lags []PartitionLag) {
	slices.SortStableFunc(lags, func(a, b PartitionLag) int {
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(b.Records, a.Records))
	})
}
