package pipelines

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rongtong/pipelines/topics"
	"rongtong/schemas/fault"
)

// simLog is one topic of Kafka with its transactions, the group of the loaders,
// and the position of the one stream.
type simLog struct {
	w        *world
	parts    []simPart
	txns     map[string]*simProducer // by transactional ID: who has it
	position []byte
	embedded bool // commits like the embedded broker: a crash may part rows and position

	members    []*actor
	generation int
}

type entryState uint8

const (
	open entryState = iota
	committed
	aborted
	marker
)

type simEntry struct {
	state entryState
	rec   topics.Record
	at    int64
}

// simPart is a partition; an entry's index is its offset.
type simPart struct {
	entries []simEntry
	first   int64
	loaded  topics.Committed // the loaders' offset
}

// stable is the last stable offset.
func (p *simPart) stable() int64 {
	for i := range p.entries {
		if p.entries[i].state == open {
			return int64(i)
		}
	}
	return int64(len(p.entries))
}

// decide ends the open records of a transaction in a partition with a marker.
func (p *simPart) decide(offsets []int, s entryState) {
	if len(offsets) == 0 {
		return
	}
	for _, o := range offsets {
		if p.entries[o].state == open {
			p.entries[o].state = s
		}
	}
	p.entries = append(p.entries, simEntry{state: marker})
}

// drained reports whether all that can be read is loaded and no load is pending.
func (l *simLog) drained() bool {
	for i := range l.parts {
		p := &l.parts[i]
		_, pending, _ := parseIntent(p.loaded.Metadata)
		if p.stable() != int64(len(p.entries)) || pending || max(0, p.loaded.Offset) != int64(len(p.entries)) {
			return false
		}
	}
	return true
}

// crash restarts the broker: open transactions are aborted, the group forgets
// its members.
func (l *simLog) crash() {
	l.w.note("the broker crashes")
	for _, p := range l.txns {
		p.abort()
		p.epoch++ // a transaction is never continued over a restart: see topics.line
	}
	l.rebalance()
}

// simSegment is how many entries the active segment of a partition has at least.
const simSegment = 16

// truncate is the janitor: it deletes what every group has read.
func (l *simLog) truncate() {
	p := &l.parts[l.w.r.IntN(len(l.parts))]
	to := max(0, p.loaded.Offset)
	if l.w.bad == "janitor deletes what was not read" {
		to = p.stable()
	}
	// It never touches the active segment: what a crash orphaned stands at the end.
	to = min(to, int64(len(p.entries))-simSegment)
	if to > p.first {
		p.first += l.w.r.Int64N(to-p.first) + 1
		l.w.note("the janitor deletes below %d", p.first)
	}
}

// --- producing ---

// simProducer is a transactional ID at the broker.
type simProducer struct {
	l       *simLog
	epoch   int
	pending map[int][]int // open offsets by partition
	saved   []byte        // the position that comes with them
}

func (p *simProducer) abort() {
	for i := range p.l.parts {
		p.l.parts[i].decide(p.pending[i], aborted)
	}
	p.pending, p.saved = map[int][]int{}, nil
}

// simIngestLog is the log as one ingesting process sees it.
type simIngestLog struct{ a *actor }

func (s simIngestLog) Producer(_ context.Context, id string, _ ...string) (Producer, error) {
	s.a.at("take the transactional ID")
	f := s.a.fate("taking the ID")
	if f == lostBefore {
		return nil, errLost
	}
	l := &s.a.w.log
	p := l.txns[id]
	if p == nil {
		p = &simProducer{l: l, pending: map[int][]int{}}
		l.txns[id] = p
	}
	p.abort()
	p.epoch++
	if f == lostAfter {
		return nil, errLost
	}
	return &simSession{s.a, p, p.epoch}, nil
}

func (s simIngestLog) LoadPosition(context.Context, string, string, string) ([]byte, error) {
	s.a.at("load the position")
	if s.a.fate("loading the position") != done {
		return nil, errLost
	}
	if s.a.w.bad == "remembers the position instead of loading it" && s.a.cached != nil {
		return s.a.cached, nil
	}
	return s.a.w.log.misread(), nil
}

// misread is the stored position, or what sabotaged code would make of it.
func (l *simLog) misread() []byte {
	p, _ := decodeProgress(l.position)
	switch l.w.bad {
	case "orphans still to come are forgotten":
		p.Left = nil
	case "numbers follow the count":
		p.Last = p.Records
	default:
		return l.position
	}
	return p.encode()
}

func (s simIngestLog) Ends(context.Context, ...string) (map[string][]topics.Bounds, error) {
	s.a.at("ask for the ends")
	if s.a.fate("asking for the ends") != done {
		return nil, errLost
	}
	l := &s.a.w.log
	out := make([]topics.Bounds, len(l.parts))
	for i := range l.parts {
		out[i] = topics.Bounds{First: l.parts[i].first, Last: l.parts[i].stable()}
		if s.a.w.bad == "orphans are not taken over" {
			out[i].First = out[i].Last
		}
	}
	return map[string][]topics.Bounds{s.a.w.streams[0].Topic: out}, nil
}

func (s simIngestLog) Span(_ context.Context, topic string, partition int32, from, to int64, fn func(*topics.FetchedRecord) error) error {
	for from < to {
		next, err := simReader(s).Read(context.Background(), topic, partition, from, to, fn)
		if err != nil {
			return err
		}
		from = next
	}
	return nil
}

// simSession is a process's hold on a transactional ID.
type simSession struct {
	a     *actor
	p     *simProducer
	epoch int
}

func (s *simSession) Close() error { return nil }
func (s *simSession) Begin() Txn   { return &simTxn{s: s} }

// fenced reports whether another process has the ID by now.
func (s *simSession) fenced() bool {
	return s.epoch != s.p.epoch && s.a.w.bad != "producers are not fenced"
}

type simTxn struct {
	s    *simSession
	rows []simAppended
	pos  []byte
}

type simAppended struct {
	partition int
	rec       topics.Record
}

func (t *simTxn) Append(_ string, partition int32, r topics.Record) {
	r.Key, r.Value, r.Header = []byte(string(r.Key)), []byte(string(r.Value)), []byte(string(r.Header))
	t.rows = append(t.rows, simAppended{int(partition), r})
}

func (t *simTxn) SavePosition(_ context.Context, _, _, _ string, pos []byte) error {
	t.s.a.at("begin a transaction")
	if t.s.fenced() {
		return fault.New(fault.Config, "%w", topics.ErrFenced)
	}
	t.pos = append([]byte(nil), pos...)
	t.s.a.cached = t.pos
	if t.s.a.w.bad == "position before the rows" {
		t.s.p.l.position = t.pos
	}
	return nil
}

func (t *simTxn) Abort(context.Context) error { return nil }

// Commit sends the rows, then the position, then the end of the transaction.
func (t *simTxn) Commit(context.Context) error {
	a, p := t.s.a, t.s.p
	a.at("send rows")
	if t.s.fenced() {
		return fault.New(fault.Config, "%w", topics.ErrFenced)
	}
	f := a.fate("sending rows")
	if f != lostBefore {
		t.append()
	}
	if f != done {
		if a.w.bad == "done before it is durable" {
			return nil
		}
		return fault.New(fault.Transient, "%w", topics.ErrAborted)
	}
	p.saved = t.pos
	a.at("commit the transaction")
	if t.s.fenced() {
		return fault.New(fault.Config, "%w", topics.ErrFenced)
	}
	switch a.fate("committing") {
	case lostBefore:
		if a.w.bad == "done before it is durable" {
			return nil
		}
		return fault.New(fault.Transient, "%w", topics.ErrOutcomeUnknown)
	case lostAfter:
		if p.l.embedded && a.w.r.IntN(2) == 0 {
			p.halfCommit()
			return fault.New(fault.Transient, "%w", topics.ErrOutcomeUnknown)
		}
		p.commit()
		return fault.New(fault.Transient, "%w", topics.ErrOutcomeUnknown)
	}
	p.commit()
	return nil
}

func (t *simTxn) append() {
	w, p := t.s.a.w, t.s.p
	for _, r := range t.rows {
		part := &w.log.parts[r.partition]
		part.entries = append(part.entries, simEntry{open, r.rec, w.wall + t.s.a.skew})
		p.pending[r.partition] = append(p.pending[r.partition], len(part.entries)-1)
	}
}

func (p *simProducer) commit() {
	for i := range p.l.parts {
		p.l.parts[i].decide(p.pending[i], committed)
	}
	if p.saved != nil {
		p.l.position = p.saved
	}
	p.pending, p.saved = map[int][]int{}, nil
}

// halfCommit is the embedded broker killed in the middle of a commit: rows of
// some partitions are visible, those of others aborted, the position is not stored.
func (p *simProducer) halfCommit() {
	p.l.w.note("the broker dies in the middle of a commit")
	for i := range p.l.parts {
		state := committed
		if p.l.w.r.IntN(3) == 0 {
			state = aborted
		}
		p.l.parts[i].decide(p.pending[i], state)
	}
	p.pending, p.saved = map[int][]int{}, nil
	p.epoch++
	p.l.rebalance()
}

// --- reading ---

// simReader is a fetch session of one process.
type simReader struct{ a *actor }

func (s simReader) Read(_ context.Context, topic string, partition int32, from, to int64, fn func(*topics.FetchedRecord) error) (int64, error) {
	s.a.at("fetch")
	w := s.a.w
	if s.a.fate("fetching") != done {
		return from, errLost
	}
	p := &w.log.parts[partition]
	if from < p.first || from > int64(len(p.entries)) {
		return from, fault.New(fault.Config, "%w", &topics.OutOfRange{Topic: topic, Partition: partition, Offset: from})
	}
	end := min(to, p.stable(), from+1+w.r.Int64N(12))
	for o := from; o < end; o++ {
		e := &p.entries[o]
		if e.state != committed && (e.state != aborted || w.bad != "reads aborted records") {
			continue
		}
		r := topics.FetchedRecord{Key: e.rec.Key, Value: e.rec.Value, Header: e.rec.Header, Offset: o, Time: time.UnixMilli(e.at)}
		if err := fn(&r); err != nil {
			return o, err
		}
		if w.bad == "part of a span for the whole" && to < p.stable() {
			return to, nil
		}
	}
	return max(from, end), nil
}

// --- the group of the loaders ---

// simGen is a generation as one member knows it.
type simGen struct {
	a        *actor
	id       int
	assigned []topics.TopicPartition
}

// join makes the actor a member and returns the generation.
func (l *simLog) join(a *actor) *simGen {
	if !l.isMember(a) {
		l.members = append(l.members, a)
		l.rebalance()
	}
	g := &simGen{a: a, id: l.generation}
	topic := l.w.streams[0].Topic
	for p := range l.parts {
		if l.members[(p+l.generation)%len(l.members)] == a {
			g.assigned = append(g.assigned, topics.TopicPartition{Topic: topic, Partition: int32(p)})
		}
	}
	l.w.note("%s owns %v in generation %d", a.name, g.assigned, g.id)
	return g
}

func (l *simLog) isMember(a *actor) bool {
	for _, m := range l.members {
		if m == a {
			return true
		}
	}
	return false
}

func (l *simLog) leave(a *actor) {
	for i, m := range l.members {
		if m == a {
			l.members = append(l.members[:i:i], l.members[i+1:]...)
			l.rebalance()
			return
		}
	}
}

// rebalance begins a generation. Members find out when they next look.
func (l *simLog) rebalance() { l.generation++ }

// expelSometimes is the end of a silent member's session.
func (l *simLog) expelSometimes(a *actor) {
	if a.next == nil || l.w.r.IntN(3) > 0 {
		l.leave(a)
	}
}

// noticedOver: a member hears of a rebalance with its heartbeat, sooner or later.
func (g *simGen) noticedOver() bool {
	w := g.a.w
	return g.id != w.log.generation && (w.calm || w.r.IntN(2) == 0)
}

// Commit stores an offset for a member of the present generation. Like the real
// one it asks again until it has an answer or the generation is over.
func (g *simGen) Commit(_ context.Context, offsets []topics.OffsetMeta) error {
	w := g.a.w
	for _, o := range offsets {
		for {
			g.a.at(fmt.Sprintf("commit %d %q of partition %d", o.Offset, o.Metadata, o.Partition))
			if g.id != w.log.generation && w.bad != "offsets are not fenced" {
				return fault.New(fault.Transient, "%w", topics.ErrGenerationOver)
			}
			f := g.a.fate("committing an offset")
			if f != lostBefore {
				w.log.store(o)
			}
			if f == done {
				break
			}
		}
	}
	return nil
}

// store keeps an offset of the loaders.
func (l *simLog) store(o topics.OffsetMeta) {
	isIntent := strings.HasPrefix(o.Metadata, "load ")
	switch {
	case isIntent && l.w.bad == "no intent":
		return
	case isIntent && l.w.bad == "offset before the load":
		i, _, _ := parseIntent(o.Metadata)
		o.Offset, o.Metadata = i.To, ""
	}
	l.parts[o.Partition].loaded = topics.Committed{Offset: o.Offset, Metadata: o.Metadata}
}

// simOffsets reads the loaders' offsets for one process.
type simOffsets struct{ a *actor }

func (s simOffsets) Offsets(context.Context, string, ...string) (map[string][]topics.Committed, error) {
	s.a.at("read the offsets")
	w := s.a.w
	if s.a.fate("reading the offsets") != done {
		return nil, errLost
	}
	out := make([]topics.Committed, len(w.log.parts))
	for i := range w.log.parts {
		out[i] = w.log.parts[i].loaded
		pending, ok, _ := parseIntent(out[i].Metadata)
		if !ok {
			continue
		}
		switch w.bad {
		case "pending loads are not repeated":
			out[i].Metadata = ""
		case "a pending load is repeated under another plan", "tokens without the plan":
			pending.Plan = w.streams[s.a.plan].Plan()
			out[i].Metadata = pending.encode()
		case "a pending load is repeated to the present end":
			pending.To = w.log.parts[i].stable()
			out[i].Metadata = pending.encode()
		}
	}
	return map[string][]topics.Committed{w.streams[0].Topic: out}, nil
}

// TopicIDs: the brokers of half the worlds know IDs.
func (s simOffsets) TopicIDs(context.Context, ...string) (map[string]string, error) {
	if s.a.w.seed%2 == 0 {
		return nil, nil
	}
	return map[string]string{s.a.w.streams[0].Topic: "first"}, nil
}
