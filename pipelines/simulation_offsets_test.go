package pipelines

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// What becomes of the loaders' positions: they expire, and persons move them.

// forget is the end of what the loaders' group has stored: no loader was there for
// longer than offsets are kept, or somebody deleted the group.
func (l *simLog) forget() {
	if l.gone {
		return
	}
	for _, a := range l.w.actors {
		if !strings.HasPrefix(a.name, "ingest") {
			a.kill()
		}
	}
	l.members, l.held = nil, nil
	l.rebalance()
	l.w.store.deliverLate(true)
	for i := range l.topic().parts {
		at := l.at(i)
		if in, pending, _ := parseIntent(at.Metadata); pending && l.own(i) && !l.w.store.inLedger(l.topic().id, i, at.Offset) {
			s := simSpan{l.topic().life, i, at.Offset, in.To}
			l.w.store.doubt(func(r *simStored) bool { return r.simSpan == s })
		}
	}
	l.w.happens(forgotOffsets, "what the loaders' group stored is forgotten: %v", l.loaded)
	l.loaded = nil
}

// doubt marks rows whose load the ledger does not know any more, or never will: they
// may stand beside those of the load that takes its place.
func (s *simStore) doubt(which func(*simStored) bool) {
	for _, t := range s.tables {
		for i := range t.rows {
			if which(&t.rows[i]) {
				t.rows[i].doubt = true
			}
		}
	}
}

// skips are the spans that are booked as skipped, with what was counted of them.
func (s *simStore) skips() []warehouse.MoveRow {
	var out []warehouse.MoveRow
	for _, m := range s.moves {
		back := func(b warehouse.MoveRow) bool {
			return b.TopicID == m.TopicID && b.Partition == m.Partition && b.Move > m.Move && b.ToOffset < b.FromOffset && b.ToOffset <= m.FromOffset
		}
		if m.Skipped+m.Gone > 0 && !slices.ContainsFunc(s.moves, back) {
			out = append(out, m)
		}
	}
	return out
}

// LoadsFrom is warehouse.LoadsFrom.
func (s simActorStore) LoadsFrom(_ context.Context, topic, id string, partition int32, offset int64) ([]warehouse.LoadRow, error) {
	s.a.at("read the ledger of a partition")
	if s.a.fate("reading the ledger") != done {
		return nil, errLost
	}
	var out []warehouse.LoadRow
	for _, l := range s.a.w.ledger() {
		if l.TopicID == id && l.Partition == partition && l.ToOffset > offset {
			out = append(out, l)
		}
	}
	for _, m := range s.a.w.store.skips() {
		if m.TopicID == id && m.Partition == partition && m.ToOffset > offset {
			out = append(out, warehouse.LoadRow{Topic: topic, TopicID: id, Partition: partition, FromOffset: m.FromOffset, ToOffset: m.ToOffset})
		}
	}
	return out, nil
}

// Retire is warehouse.Retire.
func (s simActorStore) Retire(_ context.Context, _, id string, partition int32, from int64) error {
	w := s.a.w
	s.a.at("take loads out of the ledger")
	f := s.a.fate("taking loads out of the ledger")
	if f != lostBefore {
		t := w.store.table("ops.load")
		if w.bad != "what is loaded again stays in the ledger" {
			t.loads = slices.DeleteFunc(t.loads, func(l warehouse.LoadRow) bool {
				return l.TopicID == id && l.Partition == partition && l.FromOffset >= from
			})
		}
		life := w.log.lifeOf(id)
		w.store.doubt(func(r *simStored) bool {
			return r.life == life && r.simSpan.partition == int(partition) && r.offset >= from
		})
	}
	if f != done {
		return errLost
	}
	return nil
}

// book is an insert into ops.load_move.
func (s simActorStore) book(rows []warehouse.MoveRow) error {
	w := s.a.w
	s.a.at("book a moved position")
	f := s.a.fate("booking a moved position")
	if f != lostBefore && w.bad != "what is skipped is not booked" {
		for _, m := range rows {
			w.store.moves = slices.DeleteFunc(w.store.moves, func(o warehouse.MoveRow) bool {
				return o.TopicID == m.TopicID && o.Partition == m.Partition && o.Move == m.Move
			})
			w.store.moves = append(w.store.moves, m)
		}
	}
	if f != done {
		return errLost
	}
	return nil
}

// simPositions is the log as the person sees it who moves positions.
type simPositions struct {
	simOffsets
	simIngestLog
}

// simMover stores positions for a group that is held.
type simMover struct {
	a *actor
	h *simHold
}

func (m simMover) Commit(_ context.Context, offsets []topics.OffsetMeta) error {
	w := m.a.w
	for _, o := range offsets {
		for {
			m.a.at("store a moved position")
			if w.log.held != m.h || m.h.over() {
				return fault.New(fault.Transient, "%w", topics.ErrGenerationOver)
			}
			if w.log.gone {
				return errLost
			}
			f := m.a.fate("storing a moved position")
			if f != lostBefore {
				in, _, _ := parseIntent(o.Metadata)
				if in.Moving && w.bad == "a move that was cut short is not seen" {
					in.Moving, in.From = false, 0
					o.Metadata = in.encode()
				}
				w.log.put(int(o.Partition), topics.Committed{Offset: o.Offset, Metadata: o.Metadata})
				w.happens(movedPosition, "%s stores %d %q of partition %d", m.a.name, o.Offset, o.Metadata, o.Partition)
			}
			if f == done {
				break
			}
		}
	}
	return nil
}

// person moves positions: when a partition stands still until somebody says where
// to go on, and, now and then, for reasons of their own.
func (a *actor) person() {
	for {
		a.at("wait until a position is to be moved")
		if target, partition, ok := a.w.wantedMove(); ok {
			err := a.movePosition(target, partition)
			a.w.note("%s has moved partition %d to %+v: %v", a.name, partition, target, err)
		}
	}
}

// wantedMove is what the logs of the loaders ask for, or a whim.
func (w *world) wantedMove() (Target, int32, bool) {
	l := &w.log
	if l.gone {
		return Target{}, 0, false
	}
	for i, p := range l.topic().parts {
		at := l.at(i)
		in, _, _ := parseIntent(at.Metadata)
		known := int64(-1)
		for _, x := range w.store.ledgered() {
			if x.TopicID == l.topic().id && int(x.Partition) == i {
				known = x.To
			}
		}
		fork := int64(-1)
		if e := in.Epoch - 1; e >= 0 && int(e) < len(p.forks) && l.own(i) && p.forks[e] < max(at.Offset, in.To) {
			fork = p.forks[e]
		}
		switch {
		case fork >= 0:
			return Target{Kind: TargetOffset, Offset: fork, Mappings: true}, int32(i), true
		case in.Moving && l.own(i):
			return Target{Kind: TargetLedger}, int32(i), true
		case p.said && l.own(i) && max(at.Offset, 0) < p.first && (at.Offset >= 0 || known < p.first),
			at.Offset < 0 && !w.kind.ids && known >= 0 && known < p.first:
			return Target{Kind: TargetBeginning}, int32(i), true
		case at.Offset < 0 && !w.kind.ids && known >= 0:
			return Target{Kind: TargetLedger}, int32(i), true
		}
	}
	if w.calm || !w.kind.moves || w.r.IntN(50) > 0 {
		return Target{}, 0, false
	}
	i := w.r.IntN(len(l.topic().parts))
	p := l.topic().parts[i]
	kind := []string{TargetBeginning, TargetEnd, TargetLedger, TargetOffset}[w.r.IntN(4)]
	t := Target{Kind: kind, Offset: p.first + w.r.Int64N(p.stable()-p.first+1)}
	if at := l.at(i).Offset; w.r.IntN(2) == 0 { // the last load once more
		t = Target{Kind: TargetOffset, Offset: min(max(p.first, at-1-w.r.Int64N(4)), p.stable())}
	} else if kind != TargetOffset && w.r.IntN(4) == 0 {
		i = -1
	}
	return t, int32(i), true
}

// movePosition is control.MoveOffsets.
func (a *actor) movePosition(target Target, partition int32) error {
	w, ctx := a.w, context.Background()
	stop := &simHold{a: a, life: a.life}
	w.stopped = stop
	defer func() {
		if w.stopped == stop {
			w.stopped = nil
		}
	}()
	now := w.plans[w.plan]
	if w.kind.hot {
		now = w.plans[w.declared.versions[w.declared.inForce()].plan]
	}
	p := &Positions{Kafka: simPositions{simOffsets{a: a}, simIngestLog{a}}, Books: simActorStore{a}, Stream: now, Log: simDiscard}
	if _, err := p.Plan(ctx, target, partition); err != nil {
		return err
	}
	stuck, err := p.Stuck(ctx)
	if err != nil {
		return err
	}
	h, err := a.quiesce(now, stuck)
	if err != nil {
		return err
	}
	defer w.log.release(h)
	w.store.deliverLate(true) // what the loaders sent has arrived, or never will
	w.log.giveUp(partition)
	_, err = p.Move(ctx, simMover{a, h}, target, partition, "a reason", a.name)
	return err
}

// giveUp notes the loads that can never be ended and are now passed over. Who began
// one may sleep through it, and end it after all.
func (l *simLog) giveUp(partition int32) {
	for i := range l.topic().parts {
		at := l.at(i)
		if in, pending, _ := parseIntent(at.Metadata); pending && l.own(i) && (partition < 0 || int(partition) == i) {
			l.given = append(l.given, simSpan{l.topic().life, i, at.Offset, in.To})
		}
	}
}

// auditMoves: what is booked as skipped is what nobody loaded, record for record.
func (o *oracle) auditMoves() error {
	for _, m := range o.store.skips() {
		life, n := o.log.lifeOf(m.TopicID), int64(0)
		for i := range o.records {
			r := &o.records[i]
			if r.life == life && r.partition == int(m.Partition) && r.offset >= m.FromOffset && r.offset < m.ToOffset {
				if r.load != nil && slices.Contains(o.log.given, o.spanOf(r.load)) {
					n++
					continue
				}
				if r.load != nil {
					return fmt.Errorf("the books: the record at %d of partition %d of topic %d is booked as skipped, and loaded", r.offset, r.partition, r.life)
				}
				n++
			}
		}
		if n < m.Skipped || n > m.Skipped+m.Gone {
			return fmt.Errorf("the books: of partition %d of topic %d, %d records of [%d,%d) are skipped, %d and %d offsets are booked", m.Partition, life, n, m.FromOffset, m.ToOffset, m.Skipped, m.Gone)
		}
	}
	return nil
}

// --- logs that lose their tail ---

// tear elects a leader that lacks the end of a partition, which was acknowledged. What
// was there is nowhere any more but where it was loaded.
func (l *simLog) tear() {
	parts := l.topic().parts
	i := l.w.r.IntN(len(parts))
	p := parts[i]
	last := int64(len(p.entries))
	if last == 0 || p.stable() != last || len(l.torn) > 0 {
		return
	}
	cut := max(0, last-1-l.w.r.Int64N(8))
	for o := cut; o < last; o++ {
		if e := &p.entries[o]; e.state == committed {
			l.torn = append(l.torn, rowOf(e))
		}
	}
	if len(l.torn) == 0 {
		return
	}
	p.entries = p.entries[:cut]
	p.decided = min(p.decided, int(cut))
	for j := range p.forks {
		p.forks[j] = min(p.forks[j], cut)
	}
	p.forks = append(p.forks, cut)
	life := l.topic().life
	l.w.store.doubt(func(r *simStored) bool { return r.life == life && r.simSpan.partition == i && r.offset >= cut })
	l.w.happens(tornLog, "partition %d loses what was acknowledged from %d to %d, it is loaded to %d", i, cut, last, l.at(i).Offset)
}

// surveyed is Survey's word about the epochs.
func (l *simLog) surveyed() map[string]topics.Surveyed {
	var s topics.Surveyed
	for _, p := range l.topic().parts {
		epoch := int32(len(p.forks))
		if l.w.bad == "nobody asks where a new leader's log forks" {
			epoch = 0
		}
		s.Epochs = append(s.Epochs, epoch)
	}
	return map[string]topics.Surveyed{l.w.plans[0].Topic: s}
}

type simEpochs struct{ a *actor }

func (s simEpochs) EpochEnds(_ context.Context, list []topics.EpochOf) (map[topics.TopicPartition]int64, error) {
	s.a.at("ask where an epoch ends")
	if s.a.fate("asking where an epoch ends") != done {
		return nil, errLost
	}
	out := map[topics.TopicPartition]int64{}
	for _, e := range list {
		if int(e.Partition) >= len(s.a.w.log.topic().parts) {
			continue
		}
		p := s.a.w.log.topic().parts[e.Partition]
		if out[e.TopicPartition] = int64(len(p.entries)); int(e.Epoch) < len(p.forks) {
			out[e.TopicPartition] = p.forks[e.Epoch]
		}
	}
	return out, nil
}
