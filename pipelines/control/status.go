package control

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"rongtong/pipelines"
	"rongtong/pipelines/declared"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
)

// StreamStatus is how far one stream got, from three places that count
// independently: the connector, Kafka and the warehouse.
type StreamStatus struct {
	Tier   string `json:"tier"`
	System string `json:"system"`
	Stream string `json:"stream"`
	Topic  string `json:"topic"`
	Flows  int    `json:"flows"` // rows that every record becomes
	pipelines.Counts
	Lag      int64 `json:"lag"`      // offsets in Kafka not loaded yet, markers included
	Received int64 `json:"received"` // rows that reached the transforms: records times flows
	Accepted int64 `json:"accepted"`
	Rejected int64 `json:"rejected"`
	// Skipped are records that a person let the loaders pass over (rongtong offsets).
	Skipped int64 `json:"skipped"`
	// Absent is why the stream's topic cannot be read: it was deleted, was not created
	// yet, or a right is missing. Empty: it can.
	Absent string `json:"absent,omitempty"`
}

// Status is how everything stands.
type Status struct {
	Streams []StreamStatus  `json:"streams"`
	Runs    []warehouse.Run `json:"runs"`
	Loads   int64           `json:"loads"`
	// Declarations says which are in force and who runs which.
	Declarations InForce `json:"declarations"`
}

// Monitor asks for the status again and again over the same connections. It
// may be used by several goroutines.
type Monitor struct {
	k *topics.Client
	w *warehouse.Warehouse
	o Options

	store      *declared.Store
	inForce    atomic.Pointer[Declarations]
	version    atomic.Int64
	trouble    pipelines.TroubleLog
	accountant accountant
}

// NewMonitor connects to both addresses. What it tells is about the declarations
// in force.
func NewMonitor(ctx context.Context, o Options) (*Monitor, error) {
	k, err := o.kafka(ctx)
	if err != nil {
		return nil, err
	}
	m := &Monitor{k: k, o: o, trouble: pipelines.TroubleLog{Kafka: k}}
	if m.store, err = declared.Open(ctx, k); err == nil {
		err = m.follow(ctx)
	}
	if err == nil {
		m.w, err = o.warehouse(ctx)
	}
	if err != nil {
		k.Close()
		return nil, err
	}
	return m, nil
}

// d are the declarations in force, as far as Monitor knows.
func (m *Monitor) d() *Declarations { return m.inForce.Load() }

// follow looks whether others are in force now.
func (m *Monitor) follow(ctx context.Context) error {
	if _, err := m.store.Refresh(ctx); err != nil {
		return err
	}
	v, _ := m.store.Applied()
	if m.d() != nil && int64(v.Number) == m.version.Load() {
		return nil
	}
	d, v, err := m.o.compileInForce(m.store)
	if err == nil {
		m.inForce.Store(&d)
		m.version.Store(int64(v.Number))
	}
	return err
}

// Close hangs up.
func (m *Monitor) Close() {
	m.k.Close()
	m.w.Close()
}

// Warehouse is the connection for further questions. It is borrowed.
func (m *Monitor) Warehouse() *warehouse.Warehouse { return m.w }

// Status asks everyone once.
func (m *Monitor) Status(ctx context.Context) (Status, error) {
	var st Status
	if err := m.follow(ctx); err != nil {
		return st, err
	}
	at := map[string]int{}
	for i, s := range m.d().Streams {
		at[s.Topic] = i
		st.Streams = append(st.Streams, StreamStatus{Tier: s.System.Tier, System: s.System.System, Stream: s.Stream.Name, Topic: s.Topic, Flows: len(s.Flows)})
	}
	stand, err := standing(ctx, m.k, m.d().Streams)
	if err != nil {
		return st, err
	}
	for i, s := range m.d().Streams {
		if why := stand.absent[s.Topic]; why != nil {
			st.Streams[i].Absent = why.Error()
		}
		for p, b := range stand.ends[s.Topic] {
			if b != topics.Unknown {
				st.Streams[i].Lag += max(0, b.Last-max(b.First, stand.loaded[s.Topic][p].Offset))
			}
		}
		if st.Streams[i].Counts, err = pipelines.Delivered(ctx, m.k, s); err != nil && stand.absent[s.Topic] == nil {
			return st, err
		}
	}
	if err := m.counts(ctx, st.Streams, at); err != nil {
		return st, err
	}
	var n uint64
	if err := m.w.QueryRow(ctx, "SELECT count() FROM ops.load FINAL", []any{&n}); err != nil {
		return st, err
	}
	st.Loads = int64(n)
	if st.Runs, err = m.Runs(ctx, RunFilter{Limit: 10}); err != nil {
		return st, err
	}
	st.Declarations, err = inForceStatus(ctx, m.k, m.store)
	return st, err
}

// stands is how far the topics go, and how far they are loaded.
type stands struct {
	ends   map[string][]topics.Bounds // perhaps topics.Unknown
	loaded map[string][]topics.Committed
	absent map[string]error // why a topic cannot be read
}

// standing asks about every stream. A topic that is gone, or may not be read, does
// not keep the others from being told of.
func standing(ctx context.Context, k *topics.Client, streams []*pipelines.Stream) (stands, error) {
	out := stands{ends: map[string][]topics.Bounds{}, absent: map[string]error{}}
	names := make([]string, len(streams))
	for i, s := range streams {
		names[i] = s.Topic
	}
	seen, err := k.Survey(ctx, names...)
	if err != nil {
		return out, fmt.Errorf("asking for the ends of the topics: %w", err)
	}
	var here []string
	for name, s := range seen {
		if s.Err != nil {
			out.absent[name] = s.Err
			continue
		}
		out.ends[name] = s.Bounds
		here = append(here, name)
	}
	slices.Sort(here)
	if out.loaded, err = k.Offsets(ctx, pipelines.LoadGroup, here...); err != nil {
		return out, fmt.Errorf("asking for the loaders' offsets: %w", err)
	}
	for name, b := range out.ends { // partitions may have come, or the topic anew, in between
		out.ends[name] = b[:min(len(b), len(out.loaded[name]))]
	}
	return out, nil
}

func (m *Monitor) counts(ctx context.Context, streams []StreamStatus, at map[string]int) error {
	rows, err := m.w.Query(ctx, "SELECT toString(topic), sum(received), sum(accepted), sum(rejected) FROM ops.load FINAL GROUP BY topic")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var topic string
		var received, accepted, rejected uint64
		if err := rows.Scan(&topic, &received, &accepted, &rejected); err != nil {
			return err
		}
		if i, ok := at[topic]; ok {
			s := &streams[i]
			s.Received, s.Accepted, s.Rejected = int64(received), int64(accepted), int64(rejected)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	skips, err := m.w.Query(ctx, "SELECT toString(topic), toInt64(sum(skipped)) FROM ops.skipped GROUP BY topic")
	if err != nil {
		return err
	}
	defer skips.Close()
	for skips.Next() {
		var topic string
		var n int64
		if err := skips.Scan(&topic, &n); err != nil {
			return err
		}
		if i, ok := at[topic]; ok {
			streams[i].Skipped = n
		}
	}
	return skips.Err()
}

// Tiers are the tiers of government, from the province down.
func (m *Monitor) Tiers() []*schemas.Tier { return m.d().Catalog.Tiers }

// Indicators are the declared indicators.
func (m *Monitor) Indicators() []*schemas.Indicator { return m.d().Catalog.Indicators }
