package topics

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"rongtong/schemas/fault"
)

// Placed says where the records of one batch came to stand.
type Placed struct {
	Topic     string
	Partition int32
	Base      int64 // offset of the batch's first record
	Records   int
}

// Txn is one transaction. It is for one goroutine.
type Txn struct {
	p       *Producer
	open    map[tp]*builder
	order   []tp // of first Append
	sealed  []batch
	added   map[tp]bool // partitions the coordinator knows of
	offsets []offset
	saved   map[slot]int64
	started bool
	mark    int64 // of the line, when the transaction began
	since   time.Time
	broken  error
	done    bool
}

type batch struct {
	at      tp
	b       []byte
	records int32
}

type offset struct {
	slot
	Committed
	gen *Generation
}

// Begin starts a transaction. Nothing is sent before the first Flush or Commit.
// A transaction that was neither committed nor aborted before is aborted.
func (p *Producer) Begin() *Txn {
	return &Txn{p: p, open: map[tp]*builder{}, added: map[tp]bool{}, saved: map[slot]int64{}}
}

// Append adds a record and copies it. Batches are cut and compressed as they
// fill; nothing is sent before Flush, so what lies between two of them is held in
// memory.
func (t *Txn) Append(topic string, partition int32, r Record) {
	at := tp{topic, partition}
	b := t.open[at]
	if b == nil {
		b = t.p.builder()
		t.open[at] = b
		t.order = append(t.order, at)
	}
	if b.full(len(r.Key) + len(r.Value) + len(r.Header) + 32) {
		t.seal(at, b)
	}
	b.add(r)
}

func (t *Txn) seal(at tp, b *builder) {
	if b.count == 0 {
		return
	}
	n := b.count
	sealed := b.seal(t.p.buffer())
	t.sealed = append(t.sealed, batch{at, sealed, n})
}

// Offset stores an offset and a metadata string (up to 4 KB) for a group when
// the transaction commits. To let Commit tell a lost answer from a lost
// transaction, the pair must differ from the one that is stored.
func (t *Txn) Offset(group, topic string, partition int32, o int64, metadata string) {
	t.offsets = append(t.offsets, offset{slot{group, tp{topic, partition}}, Committed{o, metadata}, nil})
}

// OffsetAs is Offset by a member of the group: the broker refuses it once the
// generation is over.
func (t *Txn) OffsetAs(gen *Generation, topic string, partition int32, o int64, metadata string) {
	t.offsets = append(t.offsets, offset{slot{gen.group, tp{topic, partition}}, Committed{o, metadata}, gen})
}

// Flush sends what was appended so far and returns where it came to stand. The
// records stay invisible to committed readers until Commit.
func (t *Txn) Flush(ctx context.Context) ([]Placed, error) {
	if err := t.usable(); err != nil {
		return nil, err
	}
	for _, at := range t.order {
		t.seal(at, t.open[at])
	}
	if len(t.sealed) == 0 {
		return nil, nil
	}
	if err := t.begin(ctx); err != nil {
		return nil, err
	}
	err := t.meet(ctx)
	if err == nil {
		err = t.add(ctx)
	}
	if err != nil {
		return nil, t.fail(err, "adding partitions to the transaction of %q", t.p.id)
	}
	placed := make([]Placed, 0, len(t.sealed))
	for len(t.sealed) > 0 {
		round := t.round()
		got, err := t.send(ctx, round)
		if err == nil {
			err = t.sameLine()
		}
		if err != nil {
			return nil, t.fail(err, "producing to %q as %q", round[0].at.topic, t.p.id)
		}
		placed = append(placed, got...)
		for _, b := range round {
			t.p.next[b.at] = (t.p.next[b.at] + b.records) & 0x7fffffff
			t.p.release(b.b)
		}
	}
	return placed, nil
}

// usable reports why the transaction can't go on.
func (t *Txn) usable() error {
	switch {
	case t.p.dead != nil:
		return t.p.dead
	case t.broken != nil:
		return t.broken
	case t.done:
		return fault.New(fault.Bug, "using a transaction of %q that has ended", t.p.id)
	}
	return nil
}

// begin makes the producer ready, on the first request of the transaction.
func (t *Txn) begin(ctx context.Context) error {
	if t.started {
		return nil
	}
	if err := t.p.recover(ctx); err != nil {
		if t.p.dead == nil {
			err = asAborted(err)
		}
		return err
	}
	if time.Since(t.p.warmed) > time.Minute {
		if err := t.p.warm(ctx); err != nil {
			return asAborted(explain(err, "starting a transaction of %q", t.p.id))
		}
	}
	if err := t.p.closeOff(ctx); err != nil {
		if v, _ := judge(err); v == fenced {
			t.p.dead = explain(err, "starting a transaction of %q", t.p.id)
			return t.p.dead
		}
		return asAborted(explain(err, "starting a transaction of %q", t.p.id))
	}
	t.started, t.p.unsettle = true, true
	t.mark, t.since = t.p.line.mark(), time.Now()
	return nil
}

var errBrokenLine = errors.New("a connection was lost while the transaction was open")

// sameLine fails if any answer since begin may come from a broker process that
// was started after it.
func (t *Txn) sameLine() error {
	if !t.p.line.unbroken(t.mark) {
		return errBrokenLine
	}
	return nil
}

// inTxn retries what a living broker asks to have retried. A network error is
// final: the transaction may be gone with the broker.
func (t *Txn) inTxn(ctx context.Context, what string, fn func(context.Context) error) error {
	var lost error
	err := t.p.c.retryOn(ctx, t.p.line, what, func(ctx context.Context) error {
		err := fn(ctx)
		if err == nil {
			return nil
		}
		if _, network := judge(err); network {
			lost = err
			return nil
		}
		return err
	})
	if lost != nil {
		return lost
	}
	if err != nil {
		return err
	}
	return t.sameLine()
}

// add tells the coordinator about the partitions of sealed batches.
func (t *Txn) add(ctx context.Context) error {
	var fresh []tp
	for _, b := range t.sealed {
		if !t.added[b.at] {
			t.added[b.at] = true
			fresh = append(fresh, b.at)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return t.inTxn(ctx, "adding partitions to a transaction", func(ctx context.Context) error {
		return t.p.addPartitions(ctx, fresh)
	})
}

var errNewTopic = fault.New(fault.Transient, "a topic was met for the first time while the transaction was open")

// meet learns of the topics of sealed batches and closes off the new ones.
func (t *Txn) meet(ctx context.Context) error {
	for _, b := range t.sealed {
		t.p.learn(b.at.topic)
	}
	if !slices.ContainsFunc(t.p.topics, func(topic string) bool { return !t.p.closed[topic] }) {
		return nil
	}
	if len(t.added) > 0 {
		return errNewTopic
	}
	if err := t.p.closeOff(ctx); err != nil {
		return err
	}
	t.p.unsettle = true
	t.mark, t.since = t.p.line.mark(), time.Now()
	return nil
}

// worst returns one error of many: a final one before one that a retry heals.
// (A broker answers "operation not attempted" for the partitions beside the
// refused one, which says nothing.)
func worst(all func(func(error))) error {
	var out error
	all(func(err error) {
		if out == nil || errors.Is(out, kafka.Error(55)) {
			out = err
			return
		}
		if errors.Is(err, kafka.Error(55)) {
			return
		}
		if v, _ := judge(err); v != again && v != reroute {
			out = err
		}
	})
	return out
}

// round takes the first batch of each partition: a request may carry one only.
func (t *Txn) round() []batch {
	taken := map[tp]bool{}
	var round []batch
	rest := t.sealed[:0:0]
	for _, b := range t.sealed {
		if taken[b.at] {
			rest = append(rest, b)
			continue
		}
		taken[b.at] = true
		stamp(b.b, t.p.pid, t.p.epoch, t.p.next[b.at])
		round = append(round, b)
	}
	t.sealed = rest
	return round
}

// send produces one batch per partition and retries those that a living broker
// refused for now, with the same sequence numbers: it drops what it already has.
func (t *Txn) send(ctx context.Context, round []batch) ([]Placed, error) {
	placed := make([]Placed, 0, len(round))
	left := slices.Clone(round)
	err := t.inTxn(ctx, "producing", func(ctx context.Context) error {
		byBroker := map[int32][]batch{}
		for _, b := range left {
			id, err := t.p.c.leader(ctx, b.at)
			if _, network := judge2(err); network {
				// Asked on the client's own line: a lost connection there says
				// nothing about this transaction.
				return fmt.Errorf("%s: %w", b.at, kafka.LeaderNotAvailable)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", b.at, err)
			}
			byBroker[id] = append(byBroker[id], b)
		}
		var errs []error
		for id, list := range byBroker {
			got, err := t.produce(ctx, id, list)
			placed = append(placed, got...)
			left = slices.DeleteFunc(left, func(b batch) bool {
				return slices.ContainsFunc(got, func(g Placed) bool {
					return g.Topic == b.at.topic && g.Partition == b.at.partition
				})
			})
			if err != nil {
				errs = append(errs, err)
			}
		}
		return worst(func(yield func(error)) {
			for _, e := range errs {
				yield(e)
			}
		})
	})
	return placed, err
}

// produce sends batches to one broker. It returns those that stand, and the
// worst error of the others.
func (t *Txn) produce(ctx context.Context, id int32, list []batch) ([]Placed, error) {
	slices.SortStableFunc(list, func(a, b batch) int { return cmp.Compare(a.at.topic, b.at.topic) })
	var heads []byte
	cut := make([]int, 0, len(list)) // where in heads each batch follows
	w := writer{}
	t.p.c.request(&w, protocol.Produce, 7)
	w.str(t.p.id)
	w.i16(-1) // all replicas
	w.i32(int32(t.p.c.opts.request.Milliseconds()))
	topics := 0
	at := len(w.b)
	w.i32(0)
	for i, b := range list {
		if i == 0 || b.at.topic != list[i-1].at.topic {
			topics++
			w.str(b.at.topic)
			n := 1
			for i+n < len(list) && list[i+n].at.topic == b.at.topic {
				n++
			}
			w.i32(int32(n))
		}
		w.i32(b.at.partition)
		w.i32(int32(len(b.b)))
		cut = append(cut, len(w.b))
	}
	heads = w.b
	binary.BigEndian.PutUint32(heads[at:], uint32(topics))
	parts := make([][]byte, 0, 2*len(list))
	from := 0
	for i, end := range cut {
		parts = append(parts, heads[from:end], list[i].b)
		from = end
	}
	e := &exchange{frame{key: protocol.Produce, version: 7, parts: parts}, id}
	if err := t.p.c.trip(ctx, t.p.line, e, t.p.c.opts.request); err != nil {
		return nil, err
	}
	return t.placed(e.answer, list)
}

// placed reads the answer to a produce request. How long the broker wants to be
// left alone stands at its end.
func (t *Txn) placed(answer []byte, list []batch) ([]Placed, error) {
	r := reader{b: answer}
	var out []Placed
	var errs []error
	for range r.count(6) {
		topic := string(r.text())
		for range r.count(30) {
			at := tp{topic, r.i32()}
			err := code(r.i16())
			base := r.i64()
			r.i64() // append time
			r.i64() // first offset of the log
			if r.err != nil {
				return nil, r.err
			}
			if err != nil {
				t.p.c.forget(topic)
				errs = append(errs, fmt.Errorf("%s: %w", at, err))
				continue
			}
			i := slices.IndexFunc(list, func(b batch) bool { return b.at == at })
			if i < 0 {
				return nil, errShort
			}
			out = append(out, Placed{topic, at.partition, base, int(list[i].records)})
		}
	}
	if r.err == nil && len(out)+len(errs) != len(list) {
		r.err = errShort
	}
	t.p.line.throttledMS(r.i32())
	if r.err != nil {
		return nil, r.err
	}
	return out, worst(func(yield func(error)) {
		for _, e := range errs {
			yield(e)
		}
	})
}

// fail breaks the transaction. The error says ErrAborted, since nothing that
// was sent can become visible any more, or ErrFenced.
func (t *Txn) fail(err error, format string, args ...any) error {
	v, network := judge(err)
	if t.started && (network || t.sameLine() != nil || time.Since(t.since) >= t.p.c.opts.txn) {
		t.p.lost = true
	}
	err = explain(err, format, args...)
	switch {
	case v == fenced && !t.p.lost:
		t.p.dead, t.broken = err, err
		return err
	case v == fenced:
		err = errTaken(err)
	}
	t.broken = asAborted(err)
	return t.broken
}

// asAborted adds ErrAborted to a classified error.
func asAborted(err error) error {
	class := fault.Of(err)
	if class == fault.Unknown {
		class = fault.Transient
	}
	return fault.New(class, "%w: %w", ErrAborted, err)
}

// Commit sends what is left, stores the offsets, and makes all of it visible.
// See the package documentation for what its errors mean. Committing nothing is
// free of charge.
func (t *Txn) Commit(ctx context.Context) error {
	if _, err := t.Flush(ctx); err != nil {
		return err
	}
	if !t.started && len(t.offsets) == 0 {
		t.close()
		return nil
	}
	if err := t.begin(ctx); err != nil {
		return err
	}
	if err := t.commitOffsets(ctx); err != nil {
		return t.fail(err, "storing offsets in the transaction of %q", t.p.id)
	}
	err := t.inTxn(ctx, "committing a transaction", func(ctx context.Context) error { return t.p.end(ctx, true) })
	if err == nil {
		t.finish()
		t.p.trim(ctx)
		return nil
	}
	if _, network := judge(err); network {
		t.p.lost = true
		return t.settle(ctx, err)
	}
	if fault.Is(explain(err, "x"), fault.Transient) {
		return t.settle(ctx, err)
	}
	return t.fail(err, "committing the transaction of %q", t.p.id)
}

// finish closes a transaction that took effect.
func (t *Txn) finish() {
	t.close()
	t.p.unsettle = false
	for k, n := range t.saved {
		t.p.saves[k] = n
	}
}

// close ends the transaction on this side and keeps its memory for the next.
func (t *Txn) close() {
	t.done = true
	for _, at := range t.order {
		b := t.open[at]
		b.raw, b.count = b.raw[:0], 0
		if cap(b.raw) <= keepBuffer {
			t.p.idle = append(t.p.idle, b)
		}
	}
	t.order, t.open, t.sealed = nil, nil, nil
}

// settle finds out what became of a commit whose answer can't be trusted: it
// forces the broker to decide, then looks whether the offsets are there.
func (t *Txn) settle(ctx context.Context, cause error) error {
	unknown := func(err error) error {
		t.broken = fault.New(fault.Transient, "committing the transaction of %q: %w: %w", t.p.id, ErrOutcomeUnknown, tidy(err))
		return t.broken
	}
	if len(t.offsets) == 0 {
		return unknown(cause)
	}
	if err := t.p.recover(ctx); err != nil {
		if t.p.dead != nil {
			t.broken = fault.Mark(fault.Of(err), fmt.Errorf("%w: %w", ErrOutcomeUnknown, err))
			return t.broken
		}
		return unknown(err)
	}
	want := map[slot]Committed{}
	for _, o := range t.offsets {
		want[o.slot] = o.Committed
	}
	for k, w := range want {
		have, err := t.p.c.offsets(ctx, k.group, []tp{k.tp})
		if err != nil {
			return unknown(err)
		}
		if have[k.topic][k.partition] != w {
			return t.fail(cause, "committing the transaction of %q", t.p.id)
		}
	}
	t.finish()
	return nil
}

// Abort gives the transaction up. Its records never become visible. Aborting a
// transaction that has ended or sent nothing does nothing.
func (t *Txn) Abort(ctx context.Context) error {
	if t.done {
		return nil
	}
	t.close()
	if !t.started || t.p.dead != nil {
		return nil //nolint:nilerr // a producer that was fenced has nothing to abort: its successor did
	}
	if t.broken == nil {
		err := t.inTxn(ctx, "aborting a transaction", func(ctx context.Context) error { return t.p.end(ctx, false) })
		if err == nil {
			t.p.unsettle = false
			return nil
		}
	}
	return t.p.recover(ctx)
}

// commitOffsets sends the offsets of the transaction, group by group.
func (t *Txn) commitOffsets(ctx context.Context) error {
	type key struct {
		group string
		gen   *Generation
	}
	var order []key
	groups := map[key]map[string][]kafka.TxnOffsetCommit{}
	for _, o := range t.offsets {
		k := key{o.group, o.gen}
		if groups[k] == nil {
			groups[k] = map[string][]kafka.TxnOffsetCommit{}
			order = append(order, k)
		}
		groups[k][o.topic] = append(groups[k][o.topic],
			kafka.TxnOffsetCommit{Partition: int(o.partition), Offset: o.Offset, Metadata: o.Metadata})
	}
	for _, k := range order {
		if err := t.addGroup(ctx, k.group); err != nil {
			return err
		}
		req := &kafka.TxnOffsetCommitRequest{TransactionalID: t.p.id, GroupID: k.group,
			ProducerID: int(t.p.pid), ProducerEpoch: int(t.p.epoch), GenerationID: -1, Topics: groups[k]}
		if k.gen != nil {
			req.GenerationID, req.MemberID = int(k.gen.ID), k.gen.Member
		}
		err := t.inTxn(ctx, "storing offsets in a transaction", func(ctx context.Context) error {
			res, err := t.p.line.admin.TxnOffsetCommit(ctx, req)
			if err != nil {
				return err
			}
			t.p.line.throttled(res.Throttle)
			return worst(func(yield func(error)) {
				for topic, list := range res.Topics {
					for _, p := range list {
						if p.Error != nil {
							yield(fmt.Errorf("%s: %w", tp{topic, int32(p.Partition)}, p.Error))
						}
					}
				}
			})
		})
		if err != nil {
			return fmt.Errorf("group %q: %w", k.group, err)
		}
	}
	return nil
}

func (t *Txn) addGroup(ctx context.Context, group string) error {
	return t.inTxn(ctx, "adding a group to a transaction", func(ctx context.Context) error {
		res, err := t.p.line.admin.AddOffsetsToTxn(ctx, &kafka.AddOffsetsToTxnRequest{
			TransactionalID: t.p.id, ProducerID: int(t.p.pid), ProducerEpoch: int(t.p.epoch), GroupID: group})
		if err == nil {
			t.p.line.throttled(res.Throttle)
			err = res.Error
		}
		return err
	})
}
