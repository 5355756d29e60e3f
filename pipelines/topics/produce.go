package topics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"

	"rongtong/schemas/fault"
)

// Producer writes transactions under one transactional ID. It is for one
// goroutine, and has at most one open Txn.
type Producer struct {
	c    *Client
	line *line // its own: see package doc, "Writing"
	id   string

	pid      int64
	epoch    int16
	next     map[tp]int32 // next sequence number of each partition in this epoch
	saves    map[slot]int64
	warmed   time.Time
	topics   []string        // every topic written to, or announced
	closed   map[string]bool // those whose partitions this epoch has closed off
	unsettle bool            // the last transaction broke: recover before the next one
	lost     bool            // and it broke because a connection did, or for its age
	dead     error
	stale    map[string]int64 // bytes of positions written to each state topic since it was trimmed

	free [][]byte   // buffers of batches that were sent
	idle []*builder // of transactions that ended
}

// slot names where a group keeps the offset of a partition.
type slot struct {
	group string
	tp
}

// Producer takes over a transactional ID: an open transaction of an earlier
// producer is settled first, and that producer is fenced.
//
// Name the topics that will be written to, if they are known. A topic that the
// producers of an ID meet for the first time after a Flush costs one ErrAborted.
//
// Errors: fault.Config for missing rights or a topic that does not exist;
// fault.Transient when ctx ended first.
func (c *Client) Producer(ctx context.Context, transactionalID string, topics ...string) (*Producer, error) {
	p := &Producer{c: c, line: c.newLine(9 * time.Minute), id: transactionalID,
		next: map[tp]int32{}, saves: map[slot]int64{}, closed: map[string]bool{}, stale: map[string]int64{}}
	for _, t := range topics {
		p.learn(t)
	}
	p.topics = c.wrote(transactionalID)
	err := p.warm(ctx)
	if err == nil {
		err = p.init(ctx, -1, -1)
	}
	if err == nil {
		err = p.closeOff(ctx)
	}
	if err != nil {
		p.Close()
		return nil, explain(err, "starting producer %q", transactionalID)
	}
	return p, nil
}

// warm connects to every broker, so that a connection which is opened in a
// transaction stands beside an old one (see line.unbroken).
func (p *Producer) warm(ctx context.Context) error {
	return p.c.retryOn(ctx, p.line, "connecting a producer", func(ctx context.Context) error {
		_, brokers, err := p.c.metadataOf(ctx, p.line, anyBroker, nobody)
		for _, id := range brokers {
			if err == nil {
				_, _, err = p.c.metadataOf(ctx, p.line, id, nobody)
			}
		}
		p.warmed = time.Now()
		return err
	})
}

// Close drops the producer's connections. An open transaction is left to be
// aborted by the next producer of the ID, or by its timeout.
func (p *Producer) Close() error {
	p.line.transport.CloseIdleConnections()
	return nil
}

// init asks for an epoch. With the present ID and epoch the broker grants one
// only if nobody else was given a newer one.
func (p *Producer) init(ctx context.Context, pid int64, epoch int16) error {
	return p.c.retryOn(ctx, p.line, "starting a producer", func(ctx context.Context) error {
		res, err := p.line.admin.InitProducerID(ctx, &kafka.InitProducerIDRequest{
			TransactionalID: p.id, TransactionTimeoutMs: int(p.c.opts.txn.Milliseconds()),
			ProducerID: int(pid), ProducerEpoch: int(epoch),
		})
		if err == nil {
			err = res.Error
		}
		if err != nil {
			return err
		}
		p.pid, p.epoch = int64(res.Producer.ProducerID), int16(res.Producer.ProducerEpoch)
		clear(p.next)
		clear(p.saves)
		clear(p.closed)
		p.unsettle, p.lost = false, false
		return nil
	})
}

// recover settles a broken transaction and starts a new epoch.
//
// Apache Kafka grants the epoch only if no newer one was given to somebody else.
// The embedded broker grants it to anyone, so an abort, whose epoch it does
// check, comes first; except after a connection was lost or the transaction
// became too old, when that broker may itself have taken the epoch away. A
// stalled twin can then fence its successor. Nothing is doubled by it: whoever
// goes on loads the position anew.
func (p *Producer) recover(ctx context.Context) error {
	if !p.unsettle {
		return nil
	}
	if !p.lost {
		err := p.c.retryOn(ctx, p.line, "aborting a transaction", func(ctx context.Context) error { return p.end(ctx, false) })
		switch v, _ := judge2(err); v {
		case fenced:
			p.dead = explain(err, "recovering producer %q", p.id)
			return p.dead
		case again, reroute:
			return explain(err, "recovering producer %q", p.id)
		}
	}
	err := p.init(ctx, p.pid, p.epoch)
	if errors.Is(err, kafka.InvalidProducerIDMapping) {
		err = p.init(ctx, -1, -1) // the broker forgot the ID for its age: nobody else has it
	}
	if v, _ := judge2(err); v == fenced {
		p.dead = explain(err, "recovering producer %q", p.id)
		return p.dead
	}
	return explain(err, "recovering producer %q", p.id)
}

// closeOff writes an abort marker of this producer to every partition of its
// topics, once per epoch, by aborting a transaction without records.
//
// The embedded broker, when killed, aborts the transactions that were open but
// writes no markers. The next commit marker of the same producer would then, for
// every reader, end that old transaction: its records would come back, or the
// new ones would be taken for aborted. A marker in between keeps them apart.
func (p *Producer) closeOff(ctx context.Context) error {
	var names []string
	for _, t := range p.topics {
		if !p.closed[t] {
			names = append(names, t)
		}
	}
	if len(names) == 0 {
		return nil
	}
	counts, err := p.c.Partitions(ctx, names...)
	if err != nil {
		return err
	}
	var ps []tp
	for _, t := range names {
		for n := range counts[t] {
			ps = append(ps, tp{t, int32(n)})
		}
		if counts[t] == 0 {
			p.unlearn(t)
			return noTopic(t)
		}
	}
	p.unsettle, p.lost = true, true // until the abort is acknowledged
	mark, lost := p.line.mark(), false
	err = p.c.retryOn(ctx, p.line, "closing off partitions", func(ctx context.Context) error {
		err := p.addPartitions(ctx, ps)
		if err == nil {
			err = p.end(ctx, false)
		}
		if _, network := judge2(err); network {
			lost = true
		}
		return err
	})
	if v, _ := judge2(err); v == fenced {
		if p.lost = lost || !p.line.unbroken(mark); p.lost {
			return errTaken(err)
		}
	}
	if err != nil {
		return err
	}
	p.unsettle, p.lost = false, false
	for _, t := range names {
		p.closed[t] = true
	}
	return nil
}

// errTaken is a fence that may be the work of a restarted broker and not of
// another producer; recovering finds out. It is not ErrFenced.
func errTaken(err error) error {
	return fault.New(fault.Transient, "the broker took the epoch away: %v", err)
}

// learn remembers a topic that is written to, for this producer and for the
// next one of the ID.
func (p *Producer) learn(topic string) {
	if slices.Contains(p.topics, topic) {
		return
	}
	p.topics = append(p.topics, topic)
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	if known := p.c.written[p.id]; !slices.Contains(known, topic) {
		p.c.written[p.id] = append(known, topic)
	}
}

// unlearn forgets a topic that was deleted.
func (p *Producer) unlearn(topic string) {
	is := func(t string) bool { return t == topic }
	p.topics = slices.DeleteFunc(p.topics, is)
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	p.c.written[p.id] = slices.DeleteFunc(p.c.written[p.id], is)
}

// wrote lists what producers of an ID have written to through this client.
func (c *Client) wrote(transactionalID string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.written[transactionalID])
}

func (p *Producer) addPartitions(ctx context.Context, ps []tp) error {
	topics := map[string][]kafka.AddPartitionToTxn{}
	for _, at := range ps {
		topics[at.topic] = append(topics[at.topic], kafka.AddPartitionToTxn{Partition: int(at.partition)})
	}
	res, err := p.line.admin.AddPartitionsToTxn(ctx, &kafka.AddPartitionsToTxnRequest{
		TransactionalID: p.id, ProducerID: int(p.pid), ProducerEpoch: int(p.epoch), Topics: topics})
	if err != nil {
		return err
	}
	p.line.throttled(res.Throttle)
	return worst(func(yield func(error)) {
		for topic, list := range res.Topics {
			for _, p := range list {
				if p.Error != nil {
					yield(fmt.Errorf("%s: %w", tp{topic, int32(p.Partition)}, p.Error))
				}
			}
		}
	})
}

// judge2 is judge for an error that may be nil.
func judge2(err error) (verdict, bool) {
	if err == nil {
		return fatal, false
	}
	return judge(err)
}

func (p *Producer) end(ctx context.Context, commit bool) error {
	res, err := p.line.admin.EndTxn(ctx, &kafka.EndTxnRequest{
		TransactionalID: p.id, ProducerID: int(p.pid), ProducerEpoch: int(p.epoch), Committed: commit})
	if err == nil {
		p.line.throttled(res.Throttle)
		err = res.Error
	}
	return err
}

func (p *Producer) buffer() []byte {
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		return b[:0]
	}
	return nil
}

// keepBuffer is the largest buffer that is kept for reuse: a batch without a
// huge record fits. What one such record needed is not held for ever.
const keepBuffer = 2 << 20

func (p *Producer) release(b []byte) {
	if len(p.free) < 64 && cap(b) <= keepBuffer {
		p.free = append(p.free, b)
	}
}

func (p *Producer) builder() *builder {
	if n := len(p.idle); n > 0 {
		b := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return b
	}
	return &builder{}
}
