package pipelines

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"rongtong/pipelines/topics"
	"rongtong/schemas/fault"
)

// simLog is one topic of Kafka with its transactions, the group of the loaders,
// and the position of the one stream.
type simLog struct {
	w         *world
	lives     []*simTopic // topics that had the name, one after the other; the last has it now
	gone      bool        // nobody has it now
	txns      map[string]*simProducer
	ending    []*simEnding // commits that are decided and not everywhere yet
	slow      bool         // it takes time until a commit is everywhere
	fullUntil int

	// What groups store belongs to the name, not to the topic that has it.
	position []byte
	loaded   []topics.Committed // by partition
	versions []int              // of the declarations under which each partition was loaded last

	begun []simSpan // loads that the loaders ever began
	torn  []simRow  // what an election lost
	given []simSpan // those that persons passed over, because they could not be ended

	members    []*actor
	generation int
	look       int      // the step at which the group looks at the partitions
	watched    int      // how many there were when the generation began
	held       *simHold // keeps members out
}

// simTopic is a topic from its creation to its deletion.
type simTopic struct {
	life  int // from 1
	id    string
	parts []*simPart
}

// simSpan is a span of one partition of one topic.
type simSpan struct {
	life, partition int
	from, to        int64
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
	decided int     // entries below are not open
	said    bool    // a loader was told that what it wants is deleted
	forks   []int64 // where the records of each leader's epoch end; the present one has none
}

// stable is the last stable offset.
func (p *simPart) stable() int64 {
	for p.decided < len(p.entries) && p.entries[p.decided].state != open {
		p.decided++
	}
	return int64(p.decided)
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

// --- the topic ---

func (l *simLog) topic() *simTopic { return l.lives[len(l.lives)-1] }

// over reports whether a topic of that life was deleted.
func (l *simLog) over(life int) bool { return life < len(l.lives) || l.gone }

// at is what the loaders have stored for a partition.
func (l *simLog) at(partition int) topics.Committed {
	if partition < len(l.loaded) {
		return l.loaded[partition]
	}
	return topics.Committed{Offset: -1}
}

// create gives the name to a new topic.
func (l *simLog) create() {
	t := &simTopic{life: len(l.lives) + 1}
	if l.w.kind.ids {
		t.id = fmt.Sprint("life", t.life)
	}
	for range l.w.width {
		t.parts = append(t.parts, &simPart{})
	}
	l.lives, l.gone = append(l.lives, t), false
	l.w.note("topic %d is created with %d partitions", t.life, len(t.parts))
	l.changed()
}

// recreate deletes the topic, or creates it anew, perhaps with another number of
// partitions. What was stored for it is usually forgotten with it; a commit that
// comes later is stored all the same, for whoever has the name then.
func (l *simLog) recreate() {
	w := l.w
	if l.gone {
		if w.r.IntN(2) == 0 {
			w.width = 2 + w.r.IntN(3)
		}
		l.create()
		return
	}
	if len(l.lives) == 5 {
		return
	}
	l.gone = true
	if w.r.IntN(3) > 0 {
		l.loaded, l.position = nil, nil
	}
	w.happens(deletedTopic, "topic %d is deleted (what was stored for it: %v, %x)", l.topic().life, l.loaded, l.position)
	l.changed()
	if a := w.actors[w.r.IntN(len(w.actors))]; w.r.IntN(2) == 0 { // one sleeps through it
		a.stalled = 10 + w.r.IntN(250)
		w.happens(stalledProcess, "%s stalls for %d", a.name, a.stalled)
	}
	if w.r.IntN(2) == 0 { // whoever deletes a topic often stops ingest for it
		w.actors[0].kill()
	}
}

// changed makes the group look at the partitions again, sooner or later. It compares
// their number with that of the generation's beginning: a topic that was deleted and
// created anew meanwhile looks as before.
func (l *simLog) changed() { l.look = l.w.steps + 1 + l.w.r.IntN(40) }

func (l *simLog) watchPartitions() {
	if l.w.steps == l.look && l.count() != l.watched {
		l.rebalance()
	}
}

// worstMoment: a loader sleeps between its look at the topic and its fetch, and
// another topic has the name, and as many records, when it wakes up.
func (l *simLog) worstMoment(a *actor) {
	if l.gone || len(l.lives) == 5 {
		return
	}
	l.recreate()
	l.recreate()
	for range l.w.r.IntN(120) {
		l.w.actors[0].step()
	}
}

// widen adds a partition under way, and somebody who is not Ingest writes to it.
func (l *simLog) widen() {
	t := l.topic()
	if l.gone || len(t.parts) > 4 {
		return
	}
	p := &simPart{}
	t.parts = append(t.parts, p)
	l.w.happens(addedPartition, "a partition is added")
	l.changed()
	for i := range 1 + l.w.r.IntN(5) {
		row := simRow{village: simVillages[i%len(simVillages)], period: "2025-03", value: fmt.Sprint(500 + 10*len(l.lives) + i), at: l.w.wall - l.w.wall%1000 + int64(i)*1000, wrong: false}
		value := fmt.Sprintf(`{"village":%q,"period":%q,"value":%q,"device_time":%q}`, row.village, row.period, row.value, time.UnixMilli(row.at).In(simZone).Format(time.DateTime))
		p.entries = append(p.entries, simEntry{committed, topics.Record{Key: []byte(row.village + "\x1f" + row.period), Value: []byte(value)}, row.at})
	}
}

// crash restarts the broker: open transactions are aborted, the group forgets its
// members. A commit that was decided is carried out.
func (l *simLog) crash() {
	l.w.happens(crashedBroker, "the broker crashes")
	for _, id := range l.ids() {
		p := l.txns[id]
		p.abort()
		p.epoch++ // a transaction is never continued over a restart: see topics.line
	}
	l.rebalance()
}

// timeOut aborts an open transaction for its age and takes its epoch away.
func (l *simLog) timeOut() {
	for _, id := range l.ids() {
		if p := l.txns[id]; len(p.pending) > 0 {
			l.w.happens(timedOut, "the broker aborts a transaction for its age")
			p.abort()
			p.epoch++
		}
	}
}

func (l *simLog) ids() []string {
	out := make([]string, 0, len(l.txns))
	for id := range l.txns {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// simSegment is how many entries the active segment of a partition has at least.
const simSegment = 16

// truncate is the janitor: it deletes what every group has read.
func (l *simLog) truncate() {
	parts := l.topic().parts
	i := l.w.r.IntN(len(parts))
	p := parts[i]
	to := max(0, l.at(i).Offset)
	if !l.own(i) {
		to = 0
	}
	if l.w.bad == "janitor deletes what was not read" {
		to = p.stable()
	}
	// It never touches the active segment: what a crash orphaned stands at the end.
	to = min(to, int64(len(p.entries))-simSegment)
	if to > p.first {
		p.first += l.w.r.Int64N(to-p.first) + 1
		l.w.note("the janitor deletes below %d of partition %d", p.first, i)
	}
}

// own reports whether what is stored for a partition is of the topic of now.
func (l *simLog) own(partition int) bool {
	in, _, _ := parseIntent(l.at(partition).Metadata)
	return in.Topic == "" || in.Topic == l.topic().id
}

// expire is a retention that is too short: it deletes what nobody has read.
func (l *simLog) expire() {
	parts := l.topic().parts
	i := l.w.r.IntN(len(parts))
	p := parts[i]
	if to := min(p.stable(), int64(len(p.entries))-simSegment/2); to > p.first {
		p.first += l.w.r.Int64N(to-p.first) + 1
		l.w.happens(expiredRecords, "records below %d of partition %d are deleted, it is loaded to %d", p.first, i, l.at(i).Offset)
	}
}

// drained reports whether all that can be read is loaded and no load is pending.
func (l *simLog) drained() bool {
	if l.gone || len(l.ending) > 0 {
		return false
	}
	for i, p := range l.topic().parts {
		at := l.at(i)
		if !l.own(i) {
			at = topics.Committed{}
		}
		if p.stable() != int64(len(p.entries)) || strings.HasPrefix(at.Metadata, "load ") || strings.Contains(at.Metadata, "moving=") || max(0, at.Offset) != int64(len(p.entries)) {
			return false
		}
	}
	return true
}

var errGone = fault.New(fault.Config, "the topic does not exist")

// bounds are the ends of the partitions, as a loader asks for them.
func (l *simLog) bounds() ([]topics.Bounds, error) {
	if l.gone {
		return nil, errGone
	}
	parts := l.topic().parts
	out := make([]topics.Bounds, len(parts))
	for i, p := range parts {
		out[i] = topics.Bounds{First: p.first, Last: p.stable()}
		if l.w.bad == "reads open records" {
			out[i].Last = int64(len(p.entries))
		}
	}
	return out, nil
}

// --- producing ---

// simProducer is a transactional ID at the broker.
type simProducer struct {
	l       *simLog
	epoch   int
	pending []simOpen
	saved   []byte     // the position that comes with them
	ending  *simEnding // its last commit, while it is not everywhere
}

// simOpen are open records of a transaction in one partition.
type simOpen struct {
	part    *simPart
	offsets []int
}

func (p *simProducer) abort() {
	for _, o := range p.pending {
		o.part.decide(o.offsets, aborted)
	}
	p.pending, p.saved = nil, nil
}

// simEnding is a commit that is decided: its markers arrive one by one.
type simEnding struct {
	p     *simProducer
	left  []simOpen
	saved []byte
}

// writeMarkers lets a marker of a decided commit arrive.
func (l *simLog) writeMarkers() {
	if len(l.ending) == 0 || !l.w.calm && l.w.r.IntN(3) > 0 {
		return
	}
	at := l.w.r.IntN(len(l.ending))
	e := l.ending[at]
	n := l.w.r.IntN(len(e.left) + 1)
	switch {
	case n < len(e.left):
		e.left[n].part.decide(e.left[n].offsets, committed)
		e.left = slices.Delete(e.left, n, n+1)
	case e.saved != nil:
		l.position, e.saved = e.saved, nil
	}
	if len(e.left) == 0 && e.saved == nil {
		e.p.ending = nil
		l.ending = slices.Delete(l.ending, at, at+1)
	}
}

// simIngestLog is the log as one ingesting process sees it.
type simIngestLog struct{ a *actor }

func (s simIngestLog) Producer(_ context.Context, id string, _ ...string) (Producer, error) {
	s.a.at("take the transactional ID")
	l := &s.a.w.log
	p := l.txns[id]
	if p == nil {
		p = &simProducer{l: l}
		l.txns[id] = p
	}
	for p.ending != nil {
		s.a.at("wait for a commit to be everywhere")
	}
	f := s.a.fate("taking the ID")
	if f == lostBefore {
		return nil, errLost
	}
	if l.gone {
		return nil, errGone
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
	switch l.w.bad {
	case "orphans still to come are forgotten":
		p, _ := decodeProgress(l.position)
		p.Left = nil
		return p.encode()
	case "numbers follow the count":
		p, _ := decodeProgress(l.position)
		p.Last = p.Records
		return p.encode()
	}
	return l.position
}

func (s simIngestLog) Ends(context.Context, ...string) (map[string][]topics.Bounds, error) {
	s.a.at("ask for the ends")
	if s.a.fate("asking for the ends") != done {
		return nil, errLost
	}
	out, err := s.a.w.log.bounds()
	if s.a.w.bad == "orphans are not taken over" {
		for i := range out {
			out[i].First = out[i].Last
		}
	}
	return map[string][]topics.Bounds{s.a.w.plans[0].Topic: out}, err
}

func (s simIngestLog) Reader() Reader { return simReader(s) }

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
	r.Key, r.Value, r.Header = slices.Clone(r.Key), slices.Clone(r.Value), slices.Clone(r.Header)
	t.rows = append(t.rows, simAppended{int(partition), r})
}

func (t *simTxn) SavePosition(_ context.Context, _, _, _ string, pos []byte) error {
	t.s.a.at("begin a transaction")
	for t.s.p.ending != nil {
		t.s.a.at("wait for a commit to be everywhere")
	}
	if t.s.fenced() {
		return fault.New(fault.Config, "%w", topics.ErrFenced)
	}
	t.pos = slices.Clone(pos)
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
	if p.l.gone || p.l.fullUntil > a.w.steps || !t.fits() {
		f = lostBefore
	}
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
		if a.w.kind.embedded && a.w.r.IntN(2) == 0 {
			p.halfCommit()
			return fault.New(fault.Transient, "%w", topics.ErrOutcomeUnknown)
		}
		p.commit()
		return fault.New(fault.Transient, "%w", topics.ErrOutcomeUnknown)
	}
	p.commit()
	return nil
}

// fits reports whether the topic has the partitions that the rows go to.
func (t *simTxn) fits() bool {
	n := len(t.s.p.l.topic().parts)
	return !slices.ContainsFunc(t.rows, func(r simAppended) bool { return r.partition >= n })
}

func (t *simTxn) append() {
	w, p := t.s.a.w, t.s.p
	for _, r := range t.rows {
		part := w.log.topic().parts[r.partition]
		part.entries = append(part.entries, simEntry{open, r.rec, w.wall + t.s.a.skew})
		at := slices.IndexFunc(p.pending, func(o simOpen) bool { return o.part == part })
		if at < 0 {
			at, p.pending = len(p.pending), append(p.pending, simOpen{part: part})
		}
		p.pending[at].offsets = append(p.pending[at].offsets, len(part.entries)-1)
	}
}

func (p *simProducer) commit() {
	if p.l.slow {
		p.ending = &simEnding{p, p.pending, p.saved}
		p.l.ending = append(p.l.ending, p.ending)
		p.pending, p.saved = nil, nil
		p.l.w.tally.happened[slowCommit]++
		return
	}
	for _, o := range p.pending {
		o.part.decide(o.offsets, committed)
	}
	if p.saved != nil {
		p.l.position = p.saved
	}
	p.pending, p.saved = nil, nil
}

// halfCommit is the embedded broker killed in the middle of a commit: rows of
// some partitions are visible, those of others aborted, the position is not stored.
func (p *simProducer) halfCommit() {
	p.l.w.happens(halfCommitted, "the broker dies in the middle of a commit")
	for _, o := range p.pending {
		state := committed
		if p.l.w.r.IntN(3) == 0 {
			state = aborted
		}
		o.part.decide(o.offsets, state)
	}
	p.pending, p.saved = nil, nil
	p.epoch++
	p.l.rebalance()
}

// --- reading ---

// simReader is a fetch session of one process.
type simReader struct{ a *actor }

func (s simReader) Read(_ context.Context, f topics.FetchFrom, fn func(*topics.FetchedRecord) error) (int64, error) {
	w, from := s.a.w, f.Offset
	if w.kind.recreates && !w.calm && f.ID != "" && w.r.IntN(40) == 0 {
		w.log.worstMoment(s.a)
	}
	s.a.at("fetch")
	if s.a.fate("fetching") != done {
		return from, errLost
	}
	t := w.log.topic()
	switch {
	case w.log.gone, int(f.Partition) >= len(t.parts):
		return from, errLost
	case f.ID != "" && f.ID != t.id && w.bad != "records of another topic under an old name":
		return from, errLost // the real one waits until the loader has noticed
	}
	p := t.parts[f.Partition]
	if from < p.first || from > int64(len(p.entries)) {
		if from < p.first && w.bad == "what was deleted unread is passed over" {
			return p.first, nil
		}
		p.said = from < p.first
		return from, fault.New(fault.Config, "%w", &topics.OutOfRange{Topic: f.Topic, Partition: f.Partition, Offset: from, Held: topics.Bounds{First: p.first, Last: p.stable()}})
	}
	last := p.stable()
	if w.bad == "reads open records" {
		last = int64(len(p.entries))
	}
	end := min(f.To, last, from+1+w.r.Int64N(12))
	for o := from; o < end; o++ {
		e := &p.entries[o]
		switch {
		case e.state == aborted && w.bad == "reads aborted records", e.state == open, e.state == committed:
		default:
			continue
		}
		r := topics.FetchedRecord{Key: e.rec.Key, Value: e.rec.Value, Header: e.rec.Header, Offset: o, Time: time.UnixMilli(e.at)}
		if err := fn(&r); err != nil {
			return o, err
		}
		if w.bad == "part of a span for the whole" && f.To < p.stable() {
			return f.To, nil
		}
	}
	return max(from, end), nil
}

// --- the group of the loaders ---

// simGen is a generation as one member knows it.
type simGen struct {
	a        *actor
	id       int
	since    int // the version in force when it began
	assigned []topics.TopicPartition
}

// join makes the actor a member and returns the generation; nil while the group is
// held.
func (l *simLog) join(a *actor) *simGen {
	if l.held != nil && l.held.a != a && l.w.bad != "a table is rewritten while loaders run" && !l.held.over() {
		return nil
	}
	l.held = nil
	if !l.isMember(a) {
		l.members = append(l.members, a)
		l.rebalance()
	}
	g := &simGen{a: a, id: l.generation, since: l.w.declared.inForce()}
	topic := l.w.plans[0].Topic
	for p := range l.watched {
		if l.members[(p+l.generation)%len(l.members)] == a {
			g.assigned = append(g.assigned, topics.TopicPartition{Topic: topic, Partition: int32(p)})
		}
	}
	if l.w.traced {
		l.w.note("%s owns %v in generation %d", a.name, g.assigned, g.id)
	}
	return g
}

func (l *simLog) isMember(a *actor) bool { return slices.Contains(l.members, a) }

func (l *simLog) leave(a *actor) {
	if i := slices.Index(l.members, a); i >= 0 {
		l.members = slices.Delete(l.members, i, i+1)
		l.rebalance()
	}
}

// rebalance begins a generation. Members find out when they next look.
func (l *simLog) rebalance() { l.generation, l.watched = l.generation+1, l.count() }

// count is how many partitions there are now.
func (l *simLog) count() int {
	if l.gone {
		return 0
	}
	return len(l.topic().parts)
}

// expelSometimes is the end of a silent member's session.
func (l *simLog) expelSometimes(a *actor) {
	if !a.lives() || l.w.r.IntN(3) > 0 {
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
			if w.traced {
				w.note("%s is about to commit %d %q of partition %d", g.a.name, o.Offset, o.Metadata, o.Partition)
			}
			g.a.at("commit an offset")
			if g.id != w.log.generation && w.bad != "offsets are not fenced" {
				return fault.New(fault.Transient, "%w", topics.ErrGenerationOver)
			}
			if w.log.gone || int(o.Partition) >= len(w.log.topic().parts) {
				if g.noticedOver() || w.r.IntN(8) == 0 { // its loader learns that the topic is gone
					return fault.New(fault.Transient, "%w", topics.ErrGenerationOver)
				}
				continue
			}
			f := g.a.fate("committing an offset")
			if f != lostBefore {
				w.log.store(g, o)
			}
			if f == done {
				break
			}
		}
	}
	return nil
}

// store keeps an offset of the loaders.
func (l *simLog) store(g *simGen, o topics.OffsetMeta) {
	in, pending, _ := parseIntent(o.Metadata)
	if pending {
		l.begun = append(l.begun, simSpan{l.lifeOf(in.Topic), int(o.Partition), o.Offset, in.To})
	}
	switch {
	case pending && l.w.bad == "no intent":
		return
	case pending && l.w.bad == "offset before the load":
		o.Offset, o.Metadata = in.To, intent{Topic: in.Topic}.encode()
		in, pending = intent{Topic: in.Topic}, false
	}
	l.watch(g, int(o.Partition), o.Offset, in, pending)
	l.put(int(o.Partition), topics.Committed{Offset: o.Offset, Metadata: o.Metadata})
}

func (l *simLog) put(partition int, at topics.Committed) {
	for len(l.loaded) <= partition {
		l.loaded = append(l.loaded, topics.Committed{Offset: -1})
	}
	l.loaded[partition] = at
}

// lifeOf is the life of the topic with an ID; the present one where IDs are unknown.
func (l *simLog) lifeOf(id string) int {
	for _, t := range l.lives {
		if t.id == id {
			return t.life
		}
	}
	return len(l.lives)
}

// watch holds what the loaders store against what was stored before: a load that
// was begun is ended as it was begun, and what follows begins where it ended, under
// declarations that were in force since the partition was taken over.
func (l *simLog) watch(g *simGen, partition int, offset int64, in intent, pending bool) {
	w := l.w
	have := l.at(partition)
	was, begun, _ := parseIntent(have.Metadata)
	in.Epoch, was.Epoch = 0, 0 // a repetition may meet another leader
	if was.Topic == in.Topic {
		end := max(0, have.Offset)
		switch {
		case begun && pending && (offset != have.Offset || in != was):
			w.fail("partition %d: the load of [%d,%d) under %016x was begun, and is begun again as [%d,%d) under %016x", partition, have.Offset, was.To, was.Plan, offset, in.To, in.Plan)
		case begun && !pending && offset != was.To:
			w.fail("partition %d: the load of [%d,%d) was begun, and ended at %d", partition, have.Offset, was.To, offset)
		case !begun && pending && offset != end, offset < end:
			w.fail("partition %d is loaded to %d, and what follows begins at %d", partition, end, offset)
		}
		if begun {
			return // under the plan of then
		}
	}
	if pending && w.kind.hot && in.Topic == l.topic().id { // what was stored of a topic that is gone went with it
		l.watchPlan(g, partition, in.Plan)
	}
}

// watchPlan: the plan of a partition's next load is that of a version which is in
// force, has been or will be in force since the partition was taken over, and is no
// earlier one than that of the load before.
func (l *simLog) watchPlan(g *simGen, partition int, plan uint64) {
	for len(l.versions) <= partition {
		l.versions = append(l.versions, 0)
	}
	d := &l.w.declared
	least := max(g.since, l.versions[partition], d.everywhere)
	for n := least; n < len(d.versions); n++ {
		if d.versions[n].state == simApplied && l.w.plans[d.versions[n].plan].Plan() == plan {
			l.versions[partition] = n
			return
		}
	}
	l.w.fail("partition %d: %s begins a load under the plan %016x, which no version from %d on has", partition, g.a.name, plan, least)
}

// simOffsets reads the loaders' offsets for one process.
type simOffsets struct {
	a     *actor
	quiet bool // asked beside other work, which goes on meanwhile
}

func (s simOffsets) Offsets(context.Context, string, ...string) (map[string][]topics.Committed, error) {
	s.a.at("read the offsets")
	w := s.a.w
	if s.a.fate("reading the offsets") != done {
		return nil, errLost
	}
	if w.log.gone {
		return nil, errGone
	}
	parts := w.log.topic().parts
	out := make([]topics.Committed, len(parts))
	for i := range parts {
		out[i] = w.log.at(i)
		pending, ok, _ := parseIntent(out[i].Metadata)
		if w.bad == "what was stored for the old topic is used for the new" {
			pending.Topic = w.log.topic().id
			out[i].Metadata = pending.encode()
		}
		if !ok {
			continue
		}
		switch w.bad {
		case "pending loads are not repeated":
			out[i].Metadata = intent{Topic: pending.Topic}.encode()
		case "a pending load is repeated under another plan", "tokens without the plan":
			pending.Plan = w.plans[s.a.deployed()].Plan()
			out[i].Metadata = pending.encode()
		case "a pending load is repeated to the present end":
			pending.To = parts[i].stable()
			out[i].Metadata = pending.encode()
		}
	}
	return map[string][]topics.Committed{w.plans[0].Topic: out}, nil
}

func (s simOffsets) TopicIDs(context.Context, ...string) (map[string]string, error) {
	w := s.a.w
	if !s.quiet {
		s.a.at("ask for the topic's ID")
		if s.a.fate("asking for the topic's ID") != done {
			return nil, errLost
		}
	}
	if w.log.gone || !w.kind.ids {
		return nil, nil
	}
	return map[string]string{w.plans[0].Topic: w.log.topic().id}, nil
}
