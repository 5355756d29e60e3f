package pipelines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// TestExpiredOffsets: what the loaders' group has stored expired, or the group was
// deleted. The loader goes on where the ledger ends, neither at the beginning nor at
// the end, and says so.
func TestExpiredOffsets(t *testing.T) { expiredOffsets(t, embeddedtest.Broker(t), "expired") }

func expiredOffsets(t *testing.T, broker, name string) {
	const rows = 300
	b := newBoutOn(t, broker, name, rows, "", number)
	b.run(70, b.all())
	client, err := kgo.NewClient(kgo.SeedBrokers(broker))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	until(t, func() bool { // the broker may still know the loader that left
		_, err := kadm.NewClient(client).DeleteGroup(t.Context(), b.table)
		return err == nil
	})
	stored, err := b.kafka.Offsets(t.Context(), b.table, b.stream.Topic)
	if err != nil || stored[b.stream.Topic][0].Offset >= 0 {
		t.Fatalf("the group still has %v, %v", stored, err)
	}
	b.fill(number)
	b.run(70, b.all())
	if !strings.Contains(b.log.String(), "loading goes on where the ledger ends") {
		t.Errorf("the loader does not say so:\n%s", b.log.String())
	}
	of := " FROM ops.load FINAL WHERE topic = '" + b.stream.Topic + "'"
	if n := b.count("SELECT sum(received)" + of); n != 2*rows {
		t.Errorf("the ledger has %d records, want %d", n, 2*rows)
	}
	overlaps := b.count("SELECT count() FROM (SELECT partition, from_offset AS f, to_offset AS u" + of + ") AS a JOIN (SELECT partition, from_offset AS f, to_offset AS u" + of + ") AS b ON a.partition = b.partition WHERE a.f < b.f AND b.f < a.u")
	if overlaps != 0 {
		t.Errorf("%d spans were loaded twice", overlaps)
	}
	if n := b.count("SELECT count() FROM TABLE FINAL"); n != rows { // filled twice, with the same claims
		t.Errorf("%d claims are there, want %d", n, rows)
	}
}

// TestRestoreWithoutIDs: where brokers tell no IDs of topics, only a person knows
// whether the ledger speaks of this one.
func TestRestoreWithoutIDs(t *testing.T) {
	b := newBout(t, "restored", 3, "", number)
	l := &Loader{Log: slog.New(slog.DiscardHandler)}
	s := &share{stream: b.stream, topic: b.stream.Topic, partition: 1}
	if !l.restore(s, nil) || s.read != 0 {
		t.Errorf("a topic that was never loaded: %d", s.read)
	}
	known := []warehouse.Ledgered{{Topic: b.stream.Topic, Partition: 1, To: 7}}
	if l.restore(s, known) {
		t.Error("it goes on by a ledger that may be of another topic")
	}
	s.topicID = "new"
	if l.restore(s, known) {
		t.Error("it goes on although the ledger's topic is not known")
	}
	known = append(known, warehouse.Ledgered{Topic: b.stream.Topic, TopicID: "new", Partition: 1, To: 9, Move: 2})
	if !l.restore(s, known) || s.read != 9 || s.move != 2 || !s.restored {
		t.Errorf("of its own ledger: %+v", s)
	}
}

// moved is a stream in the tables of the house, loaded by the loaders' own group.
type moved struct {
	*bout
	p *Positions
}

func newMoved(t *testing.T, name string, rows int, value func(int) string) *moved {
	b := newBout(t, name, rows, "", value)
	b.group, b.stream.Flows[0].Table = LoadGroup, "std.stat_fact"
	if err := b.kafka.Ensure(t.Context(), ControlTopics()); err != nil {
		t.Fatal(err)
	}
	return &moved{b, KafkaPositions(b.kafka, b.real, b.stream, slog.New(slog.DiscardHandler))}
}

// move plans and moves as `rongtong offsets --apply` does.
func (m *moved) move(target Target, partition int32, spoil func(Committer) Committer) ([]Move, error) {
	m.t.Helper()
	ctx := m.t.Context()
	q := &Quiescer{Kafka: m.kafka, Warehouse: m.real, Streams: []*Stream{m.stream}, Log: slog.New(slog.DiscardHandler), Wait: 0, Only: []string{m.stream.Topic}}
	h, err := q.Hold(ctx, RoleLoad)
	if err != nil {
		m.t.Fatal(err)
	}
	defer h.Release()
	plan, err := m.p.Plan(ctx, target, partition)
	if err != nil {
		return nil, err
	}
	commit := h.Loaders()
	if spoil != nil {
		commit = spoil(commit)
	}
	_, err = m.p.Move(ctx, commit, target, partition, "a test", "nobody")
	return plan, err
}

// books are received, accepted, quarantined and duplicate of the stream, and whether
// they balance.
func (m *moved) books() string {
	m.t.Helper()
	rows, err := m.real.Query(m.t.Context(), "SELECT toInt64(received), toInt64(accepted), toInt64(quarantined), toInt64(duplicate), balanced FROM ops.books WHERE system = '"+m.stream.System.System+"'")
	if err != nil {
		m.t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var received, accepted, quarantined, duplicate int64
		var balanced bool
		if err := rows.Scan(&received, &accepted, &quarantined, &duplicate, &balanced); err != nil {
			m.t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d = %d + %d + %d, %v", received, accepted, quarantined, duplicate, balanced))
	}
	return strings.Join(out, "; ")
}

func (m *moved) skipped() uint64 {
	return m.count("SELECT toUInt64(sum(skipped)) FROM ops.skipped WHERE topic = '" + m.stream.Topic + "'")
}

// TestMovePositions: records that are loaded again are there once and the books as
// before; those that are skipped are booked, and loaded when a person takes the skip
// back; a move that was cut short is done again.
func TestMovePositions(t *testing.T) {
	const rows, bad = 300, 60
	m := newMoved(t, "moved", rows, func(i int) string { return value(i, 0) })
	m.run(70, m.all())
	const whole = "300 = 240 + 60 + 0, true"
	if b := m.books(); b != whole {
		t.Fatalf("the books before: %s", b)
	}
	partitions := int64(3)

	again, err := m.move(Target{Kind: TargetBeginning}, -1, nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	for _, x := range again {
		n += x.Again
	}
	if n != rows || int64(len(again)) != partitions {
		t.Errorf("%d records are to be loaded again: %+v", n, again)
	}
	if b := m.books(); b != "" {
		t.Errorf("the books while nothing is loaded: %s", b)
	}
	clear(m.loaded)
	m.run(50, m.all())
	if b := m.books(); b != whole {
		t.Errorf("the books after everything was loaded again: %s", b)
	}

	// Into the middle of a load, and cut short at both of its commits.
	broken := errors.New("killed")
	asked, err := m.move(Target{Kind: TargetOffset, Offset: 60}, 0, func(c Committer) Committer { return &mortalCommitter{c, broken, 0} })
	if !errors.Is(err, broken) || asked[0].To >= 60 || asked[0].To < 50 || asked[0].Moves != 1 {
		t.Fatalf("a move into a load: %+v, %v", asked, err)
	}
	edge := asked[0].To
	if _, err = m.move(Target{Kind: TargetOffset, Offset: 60}, 0, func(c Committer) Committer { return &mortalCommitter{c, broken, 1} }); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if l := m.left(0); !strings.Contains(l, "until a move of its position is finished") {
		t.Errorf("a loader that finds half a move says %q", l)
	}
	if asked, err = m.move(Target{Kind: TargetOffset, Offset: edge}, 0, nil); err != nil || !asked[0].Moving || asked[0].To != edge {
		t.Fatalf("finishing the move: %+v, %v", asked, err)
	}
	clear(m.loaded)
	m.run(70, m.all0(t, 0))
	if b := m.books(); b != whole {
		t.Errorf("the books after a part was loaded again: %s", b)
	}

	// Skip what comes next, cut short in the second partition; then take that back.
	m.fill(func(i int) string { return value(i, 0) })
	before, err := m.p.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err = m.move(Target{Kind: TargetEnd}, -1, func(c Committer) Committer { return &mortalCommitter{c, broken, 3} }); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	skips, err := m.move(Target{Kind: TargetEnd}, -1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := m.skipped(); n != rows {
		t.Errorf("%d records are booked as skipped, want %d: %+v", n, rows, skips)
	}
	if b := m.books(); b != whole {
		t.Errorf("the books with skipped records: %s", b)
	}
	for _, x := range before {
		if _, err := m.move(Target{Kind: TargetOffset, Offset: x.Stored + 3}, x.Partition, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := m.skipped(); n != 0 {
		t.Errorf("%d records are still booked as skipped", n)
	}
	clear(m.loaded)
	m.run(70, m.all())
	if b := m.books(); b != "600 = 240 + 120 + 240, true" {
		t.Errorf("the books after the skip was taken back: %s", b)
	}

	// Outside of what is held, and over loads of another mapping.
	if _, err := m.move(Target{Kind: TargetOffset, Offset: 1 << 40}, 0, nil); !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "it holds") {
		t.Errorf("beyond the end: %v", err)
	}
	if err := m.real.Exec(t.Context(), "ALTER TABLE ops.load UPDATE plan = 1 WHERE topic = '"+m.stream.Topic+"' SETTINGS mutations_sync = 2"); err != nil {
		t.Fatal(err)
	}
	if _, err := m.move(Target{Kind: TargetBeginning}, -1, nil); !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "rongtong reprocess --stream") {
		t.Errorf("over loads of another mapping: %v", err)
	}
}

// all0 is true when a partition is loaded to its end.
func (b *bout) all0(t *testing.T, partition int32) func() bool {
	t.Helper()
	ends, err := b.kafka.Ends(t.Context(), b.stream.Topic)
	if err != nil {
		t.Fatal(err)
	}
	return func() bool { return b.loaded[partition] >= ends[b.stream.Topic][partition].Last }
}

// mortalCommitter dies after n commits.
type mortalCommitter struct {
	Committer
	err error
	n   int
}

func (o *mortalCommitter) Commit(ctx context.Context, list []topics.OffsetMeta) error {
	if o.n--; o.n < 0 {
		return o.err
	}
	return o.Committer.Commit(ctx, list)
}

// left is what a loader says that takes a partition over and leaves it alone.
func (m *moved) left(partition int32) string {
	m.t.Helper()
	var log bytes.Buffer
	l := &Loader{Kafka: m.kafka, Warehouse: m.real, Log: slog.New(slog.NewTextHandler(&log, nil))}
	shares, err := l.shares(m.t.Context(), m.kafka, []topics.TopicPartition{{Topic: m.stream.Topic, Partition: partition}}, byTopic([]*Stream{m.stream}))
	if err != nil || len(shares) > 0 {
		m.t.Errorf("it takes %d shares over, %v", len(shares), err)
	}
	return log.String()
}
