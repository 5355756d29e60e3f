package pipelines

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// Positions are the loaders' positions in the partitions of one stream, and the way
// to move them. Nothing of it is silent: what is skipped is booked with its reason
// in ops.load_move, what is to be loaded again is taken out of the ledger, so that
// the books count it once.
//
// The loaders must be held back from Plan to the end of Move. A move that was cut
// short is done again by the same call.
type Positions struct {
	Kafka  PositionLog
	Books  PositionBooks
	Stream *Stream
	Log    *slog.Logger
}

// PositionLog is what Positions need of Kafka. It is a kafkaLog.
type PositionLog interface {
	Offsets
	Spans
}

// PositionBooks is what Positions need of the warehouse. It is a warehouse.Warehouse.
type PositionBooks interface {
	Ledger(ctx context.Context, group string, names []string) ([]warehouse.Ledgered, error)
	LoadsFrom(ctx context.Context, topic, topicID string, partition int32, offset int64) ([]warehouse.LoadRow, error)
	Retire(ctx context.Context, topic, topicID string, partition int32, from int64) error
	InsertRows(ctx context.Context, table, token string, rows any) error
}

// KafkaPositions are those of a real cluster.
func KafkaPositions(k *topics.Client, w *warehouse.Warehouse, s *Stream, log *slog.Logger) *Positions {
	return &Positions{Kafka: kafkaLog{k}, Books: w, Stream: s, Log: log}
}

// Position is where the loaders stand in one partition.
type Position struct {
	Topic     string `json:"topic"`
	TopicID   string `json:"topic_id,omitempty"`
	Partition int32  `json:"partition"`
	First     int64  `json:"first_offset"` // that Kafka holds
	End       int64  `json:"end_offset"`   // after the last committed record
	Stored    int64  `json:"stored"`       // what the loaders' group has stored; -1: nothing
	Pending   int64  `json:"pending_to,omitempty"`
	Ledger    int64  `json:"ledger"` // how far the warehouse knows it to be loaded or skipped; -1: not at all
	Moves     int64  `json:"moves"`  // how often a person moved it
	// Moving says that a move from MovingFrom to Stored was begun and cut short: it is
	// finished before anything else.
	Moving     bool  `json:"moving,omitempty"`
	MovingFrom int64 `json:"moving_from,omitempty"`
	// Earlier says that what is stored is of an earlier topic of the same name.
	Earlier bool `json:"earlier,omitempty"`

	booked  int64 // the latest move that the books know
	againTo int64 // up to where loads were ever taken out of the ledger
}

// next is where the loaders would go on.
func (p *Position) next() int64 {
	switch {
	case p.Earlier:
		return 0
	case p.Stored >= 0:
		return p.Stored
	}
	return max(0, p.Ledger)
}

// finishable reports whether a load that was begun can still be ended.
func (p *Position) finishable() bool {
	return p.Pending > 0 && !p.Earlier && p.Stored >= p.First && p.Pending <= p.End
}

// stuck reports whether a load was begun that can never be ended: its records are
// gone.
func (p *Position) stuck() bool { return p.Pending > 0 && !p.Earlier && !p.finishable() }

// Stuck finds the loads that were begun and can never be ended, for Quiescer.Leave.
func (p *Positions) Stuck(ctx context.Context) (func(Pending) bool, error) {
	all, err := p.All(ctx)
	return func(l Pending) bool {
		return slices.ContainsFunc(all, func(p Position) bool { return p.Topic == l.Topic && p.Partition == l.Partition && p.stuck() })
	}, err
}

// All reads where the loaders stand in every partition.
func (p *Positions) All(ctx context.Context) ([]Position, error) {
	topic := p.Stream.Topic
	before, err := p.Kafka.TopicIDs(ctx, topic)
	if err != nil {
		return nil, err
	}
	stored, err := p.Kafka.Offsets(ctx, LoadGroup, topic)
	if err != nil {
		return nil, err
	}
	ends, err := p.Kafka.Ends(ctx, topic)
	if err != nil {
		return nil, err
	}
	ids, err := p.Kafka.TopicIDs(ctx, topic)
	if err != nil {
		return nil, err
	}
	if ids[topic] != before[topic] { // a position without an ID would be taken for the next one's
		return nil, fault.New(fault.Transient, "reading the positions of %q: the topic was deleted or created anew at that moment", topic)
	}
	ledger, err := p.Books.Ledger(ctx, "", []string{topic})
	if err != nil {
		return nil, err
	}
	out := make([]Position, min(len(ends[topic]), len(stored[topic])))
	for i := range out {
		at, b := stored[topic][i], ends[topic][i]
		in, _, err := parseIntent(at.Metadata)
		if err != nil {
			return nil, fault.Mark(fault.Bug, err)
		}
		x := Position{Topic: topic, TopicID: ids[topic], Partition: int32(i), First: b.First, End: b.Last, Stored: at.Offset, Pending: in.To, Ledger: -1, Moves: in.Move}
		x.Moving, x.MovingFrom = in.Moving, in.From
		x.Earlier = in.Topic != "" && in.Topic != x.TopicID
		if x.Earlier {
			x.Moves, x.Pending, x.Moving = 0, 0, false
		}
		for _, l := range ledger {
			if l.Partition == x.Partition && l.TopicID == x.TopicID {
				x.Ledger, x.booked, x.againTo = l.To, l.Move, l.AgainTo
				if at.Offset < 0 {
					x.Moves = l.Move
				}
			}
		}
		out[i] = x
	}
	return out, nil
}

// Target is where positions are moved to.
type Target struct {
	Kind string // one of the Targets
	// Mappings lets it go back over loads of other mappings: what those made stays
	// beside what is made now, until Reprocess.
	Mappings bool
	Offset   int64 // of TargetOffset
	// At are the offsets of TargetTime, by partition.
	At []int64
}

// The kinds of targets.
const (
	TargetBeginning = "beginning" // the first record that Kafka holds
	TargetEnd       = "end"       // after the last committed record
	TargetLedger    = "ledger"    // where the warehouse knows it to be loaded to
	TargetOffset    = "offset"
	TargetTime      = "time"
)

// of is the offset for one partition.
func (t Target) of(p *Position) (int64, error) {
	var to int64
	switch t.Kind {
	case TargetBeginning:
		return p.First, nil
	case TargetEnd:
		return p.End, nil
	case TargetLedger:
		to = max(0, p.Ledger)
	case TargetTime:
		if to = p.End; int(p.Partition) < len(t.At) {
			to = t.At[p.Partition]
		}
	default:
		to = t.Offset
	}
	if to < p.First || to > p.End {
		return 0, fault.Hint(fault.Config, "say an offset in between, beginning or end", "moving %s/%d to %d: it holds %d to %d", p.Topic, p.Partition, to, p.First, p.End)
	}
	return to, nil
}

// Move is what moving the position of one partition does.
type Move struct {
	Position
	From     int64 `json:"from"`
	To       int64 `json:"to"`
	Asked    int64 `json:"asked"` // To is the beginning of the load that this lies in, if that is still held
	SkipFrom int64 `json:"skip_from,omitempty"`
	Skipped  int64 `json:"skipped_records"` // records that Kafka holds and nobody will load
	Gone     int64 `json:"gone_offsets"`    // offsets that Kafka no longer holds, and nobody has loaded
	Again    int64 `json:"again_records"`   // records that are in the ledger and will be loaded again
	Loads    int   `json:"again_loads"`
	AgainTo  int64 `json:"again_to,omitempty"` // the end of the last of these loads
	// Unfinished is the end of a load that was begun and can never be ended, because
	// its records are gone: some of its rows may be there. 0: none.
	Unfinished int64 `json:"unfinished_to,omitempty"`
}

// Nothing reports whether the position stays where it is.
func (m *Move) Nothing() bool {
	return m.Stored >= 0 && !m.Earlier && !m.Moving && m.From == m.To && m.Pending == 0
}

// Plan works out what moving positions to a target does: of one partition, or of all
// with partition -1. It changes nothing.
//
// Back over loads that were made by another mapping it does not go: what that made
// would stay beside what is made now. That is for Reprocess.
func (p *Positions) Plan(ctx context.Context, target Target, partition int32) ([]Move, error) {
	all, err := p.All(ctx)
	if err != nil {
		return nil, err
	}
	if partition >= int32(len(all)) {
		return nil, fault.New(fault.Config, "moving %s/%d: the topic has %d partitions", p.Stream.Topic, partition, len(all))
	}
	var out []Move
	for i := range all {
		if partition >= 0 && all[i].Partition != partition {
			continue
		}
		m := Move{Position: all[i], From: all[i].next()}
		if m.Moving {
			m.From, m.Asked = m.MovingFrom, m.Stored
		} else if m.Asked, err = target.of(&all[i]); err != nil {
			return nil, err
		}
		m.To = m.Asked
		if m.Pending > 0 && m.Ledger >= m.Pending {
			m.From = m.Pending // it was ended, and only that was not stored
		} else if m.stuck() {
			m.Unfinished = m.Pending
		}
		if m.To < m.From {
			err = p.back(ctx, &m, target.Mappings)
		} else {
			err = p.forward(ctx, &m)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// back finds what will be loaded again. It begins with a whole load: the ledger
// knows no halves.
func (p *Positions) back(ctx context.Context, m *Move, others bool) error {
	loads, err := p.Books.LoadsFrom(ctx, m.Topic, m.TopicID, m.Partition, m.To)
	if err != nil {
		return err
	}
	for again := !m.Moving; again; { // a skip may lie across a load that one of its flows made
		again = false
		for _, l := range loads {
			switch {
			case l.FromOffset >= m.To || l.ToOffset <= m.To:
			case l.FromOffset >= m.First:
				m.To, again = l.FromOffset, true
			default: // its beginning is held no more
				m.To, again = l.ToOffset, true
			}
		}
	}
	plans := map[string]uint64{}
	for i := range p.Stream.Flows {
		f := &p.Stream.Flows[i]
		plans[f.name(p.Stream)] = f.Plan.Fingerprint()
	}
	seen := map[int64]bool{}
	for _, l := range loads {
		if l.FromOffset < m.To || l.Flow == "" {
			continue
		}
		if plans[l.Flow] != l.Plan && !others && !m.Moving {
			return fault.Hint(fault.Config, "rongtong reprocess --stream "+p.Stream.name()+" compares and replaces what they made; --other-mappings goes back all the same, and leaves that to it",
				"moving %s/%d back to %d: the load of %d to %d was made by another mapping", m.Topic, m.Partition, m.To, l.FromOffset, l.ToOffset)
		}
		if !seen[l.FromOffset] {
			seen[l.FromOffset] = true
			m.Loads++
			m.Again += l.Received
			m.AgainTo = max(m.AgainTo, l.ToOffset)
		}
	}
	return nil
}

// forward counts what will be skipped: what the ledger knows is loaded already.
func (p *Positions) forward(ctx context.Context, m *Move) error {
	from := m.From
	if !m.Moving || m.booked < m.Moves { // else the ledger's end is this very move
		from = max(from, min(m.Ledger, m.To))
	}
	if from >= m.To {
		return nil
	}
	// What was taken out of the ledger is in the tables: it must come back into the
	// books before anything is skipped. What Kafka no longer holds cannot.
	if from < m.againTo && m.To > m.First && !m.Moving {
		return fault.Hint(fault.Config, "start the loaders, and move the position when they have passed that",
			"moving %s/%d forward to %d: what was loaded up to %d is about to be loaded again, as a person asked", m.Topic, m.Partition, m.To, m.againTo)
	}
	m.SkipFrom = from
	m.Gone = max(0, min(m.First, m.To)-from)
	at := topics.FetchFrom{Topic: m.Topic, ID: m.TopicID, Partition: m.Partition, Offset: max(from, m.First), To: m.To}
	return span(ctx, p.Kafka, at, func(*topics.FetchedRecord) error { m.Skipped++; return nil })
}

// Move moves the positions of one partition, or of all with partition -1, to a
// target and returns what it did. commit stores them for the group that is held. A
// move that was cut short before is finished first.
func (p *Positions) Move(ctx context.Context, commit Committer, target Target, partition int32, reason, by string) ([]Move, error) {
	for {
		moves, err := p.Plan(ctx, target, partition)
		if err != nil {
			return nil, err
		}
		again := false
		for i := range moves {
			m := &moves[i]
			again = again || m.Moving
			switch {
			case m.Nothing():
				continue
			case m.finishable() && m.Ledger < m.Pending:
				return moves, fault.New(fault.Config, "moving %s/%d: a load up to %d was begun and is not ended: it must be finished first", m.Topic, m.Partition, m.Pending)
			}
			if err := p.move(ctx, commit, m, reason, by); err != nil {
				return moves, fmt.Errorf("moving %s/%d: %w", m.Topic, m.Partition, err)
			}
		}
		if !again {
			return moves, nil
		}
	}
}

// move stores the new position with a mark that keeps loaders away, books the move
// and takes what is loaded again out of the ledger, and then lifts the mark. Cut short
// at any point, the mark says what is to be finished.
func (p *Positions) move(ctx context.Context, commit Committer, m *Move, reason, by string) error {
	n := m.Moves
	if !m.Moving {
		n++
	}
	store := func(in intent) error {
		in.Topic, in.Move = m.TopicID, n
		return commit.Commit(ctx, []topics.OffsetMeta{{Topic: m.Topic, Partition: m.Partition, Offset: m.To, Metadata: in.encode()}})
	}
	if !m.Moving {
		if err := store(intent{Moving: true, From: m.From}); err != nil {
			return err
		}
	}
	if m.booked < n {
		if err := p.book(ctx, m, n, reason, by); err != nil {
			return err
		}
	}
	if m.To < m.From {
		err := patient(ctx, p.Log, "taking loads out of the ledger", func() error {
			return p.Books.Retire(ctx, m.Topic, m.TopicID, m.Partition, m.To)
		})
		if err != nil {
			return err
		}
	}
	return store(intent{})
}

func (p *Positions) book(ctx context.Context, m *Move, n int64, reason, by string) error {
	row := warehouse.MoveRow{
		Topic: m.Topic, TopicID: m.TopicID, Partition: m.Partition, Move: n,
		System: p.Stream.System.System, Tier: p.Stream.System.Tier, Stream: p.Stream.Stream.Name,
		FromOffset: m.From, ToOffset: m.To, Skipped: m.Skipped, Gone: m.Gone, Again: m.Again, AgainTo: m.AgainTo, Reason: reason, MovedBy: by, MovedAt: time.Now(),
	}
	if m.To > m.From {
		row.FromOffset = max(m.From, m.SkipFrom)
	}
	name := fmt.Sprintf("move/%s~%s/%d/%d-%d/%d/%d", m.Topic, m.TopicID, m.Partition, m.From, m.To, n, row.MovedAt.UnixMilli())
	return patient(ctx, p.Log, "booking a moved position", func() error {
		return p.Books.InsertRows(ctx, "ops.load_move", name, []warehouse.MoveRow{row})
	})
}
