package conntest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// hang is never closed.
var hang = make(chan struct{})

// flaw is a promise that a memory source breaks on purpose.
type flaw int

const (
	sound flaw = iota
	acceptsAnySetting
	refusesGoodSetting
	problemWithoutPlace
	anotherRule
	checkSilent
	checkNoisy
	wrongClass
	losesLast
	fieldsOutOfOrder
	undeclaredField
	missingField
	wrongKey
	wrongShape
	noPlace
	touchesChunkAtEOF
	noPosition
	resumeSkips
	resumeRepeats
	resumeShuffles
	positionInMemory
	positionReused
	chunkTooLarge
	forgetsNew
	newOnlyInNewProcess
	waitsForDone
	doneLoses
	ignoresCancel
	hangsOnCancel
	cancelLoses
	leaks
	differsEachTime
	miscounts
	credentialsTransient
	noBadCredentials
	discoverNothing
	discoverShuffles
	positionOfProcess
	noElsewhere
	forgetsUpdates
	oldValue
	forgetsDeletes
	deleteAsUpsert
	cutIsConfig
	cutDeliversHalf
	cutIsIgnored
	cutLoses
	throttleIsConfig
	truncatedIsEnd
	expiryIsTransient
	stallIgnoresCancel
	hoards
	millionMissesOne
	roundsNumbers
	leaksFiles
)

// memory is the source system: a list of numbers, and what happened to some.
type memory struct {
	tb      testing.TB
	flaw    flaw
	n       int
	changed []change
	marks   map[uint64]int // positions kept in memory
	in      *Injected
	trouble Trouble
	met     func()
}

// change is a record that comes after the numbers.
type change struct {
	item, b string
	op      record.Op
}

func (m *memory) System() *schemas.System { return Declare(m.tb, m.Text()) }
func (m *memory) Stream() string          { return "s" }
func (m *memory) Count() int              { return m.n + len(m.changed) }
func (m *memory) Add(testing.TB)          { m.n += 7 }

// Text lets another process bring up the same numbers.
func (m *memory) Text() string {
	return fmt.Sprintf(strings.Replace(memoryText, "kind: memory", "kind: memory, flaw: %d, n: %d", 1), m.flaw, m.n)
}

func (m *memory) Update(testing.TB) []Event {
	if m.flaw != forgetsUpdates {
		m.changed = append(m.changed, change{"3", "new", record.Upsert})
	}
	return []Event{{Key: "3", With: map[string]string{"b": `"new"`}}}
}

func (m *memory) Delete(testing.TB) []Event {
	if m.flaw != forgetsDeletes {
		m.changed = append(m.changed, change{"4", "", record.Delete})
	}
	return []Event{{Key: "4"}}
}

func (m *memory) Inject(_ testing.TB, t Trouble) Injected {
	hit := make(chan struct{})
	m.trouble = t
	m.met = sync.OnceFunc(func() { close(hit) })
	m.in = &Injected{Hit: hit, Heal: func() { m.in = nil }}
	return *m.in
}

// at is the record at a place of the list.
func (m *memory) at(i int) change {
	if i < m.n {
		return change{fmt.Sprint(i), "b" + fmt.Sprint(i), record.Upsert}
	}
	return m.changed[i-m.n]
}

const memoryText = "connect: { kind: memory }\nstreams: { s: { from: {}, key: [a], fields: { a: text, b: text } } }\n"

// memoryWorld has one system at a time: that which Start brought up last.
type memoryWorld struct {
	flaw   flaw
	site   *memory
	starts int
	hoard  [][]byte
}

func (w *memoryWorld) Start(tb testing.TB) Site {
	w.starts++
	w.site = &memory{tb: tb, flaw: w.flaw, n: 100, marks: map[uint64]int{}}
	if w.flaw == noElsewhere {
		return struct{ Site }{w.site}
	}
	return w.site
}

func (w *memoryWorld) StartLarge(tb testing.TB, n int) Site {
	w.site = &memory{tb: tb, flaw: w.flaw, n: n}
	return w.site
}

func (w *memoryWorld) StartTypes(tb testing.TB) (Site, []Typed) {
	w.site = &memory{tb: tb, flaw: w.flaw, n: 3}
	return w.site, []Typed{{Type: "number", Key: "2", Field: "b", JSON: `"b2"`}}
}

func (w *memoryWorld) Refused() []Refused {
	return []Refused{{Name: "a bad setting", Text: strings.Replace(memoryText, "memory", "bad", 1), Rule: "kind.bad"}}
}

func (w *memoryWorld) Unfit(tb testing.TB) []Unfit {
	sys := Declare(tb, strings.Replace(memoryText, "memory", "unfit", 1))
	return []Unfit{{Name: "unfit", System: sys, Class: fault.Config, Credential: w.flaw != noBadCredentials}}
}

func (w *memoryWorld) Exempt() map[string]string { return nil }

type memorySettings struct {
	Kind string `decl:"kind"`
	Flaw int    `decl:"flaw"`
	N    int    `decl:"n"`
}

func settingsOf(sys *schemas.System) (c memorySettings) {
	sys.Connect.Decode(&c)
	return c
}

func kindOf(sys *schemas.System) string { return settingsOf(sys).Kind }

func (w *memoryWorld) Kind() connectors.Kind {
	return connectors.Kind{
		Name: "memory",
		Validate: func(sys *schemas.System) []decl.Problem {
			bad := kindOf(sys) == "bad"
			switch {
			case w.flaw == refusesGoodSetting:
				return []decl.Problem{sys.Problem("kind.bad", "", "bad")}
			case !bad || w.flaw == acceptsAnySetting:
				return nil
			case w.flaw == problemWithoutPlace:
				return []decl.Problem{{Rule: "kind.bad"}}
			case w.flaw == anotherRule:
				return []decl.Problem{sys.Problem("other", "", "bad")}
			}
			return []decl.Problem{sys.Problem("kind.bad", "", "bad")}
		},
		Open: func(_ context.Context, sys *schemas.System) (connectors.Opened, error) {
			set := settingsOf(sys)
			if w.site == nil { // another process than the one that started it
				w.site = &memory{flaw: flaw(set.Flaw), n: set.N, marks: map[uint64]int{}}
			}
			return &memoryOpened{w, set.Kind}, nil
		},
	}
}

type memoryOpened struct {
	w    *memoryWorld
	kind string
}

func (o *memoryOpened) Check(context.Context) error {
	if o.kind == "unfit" && o.w.flaw != checkSilent || o.w.flaw == checkNoisy {
		class := fault.Config
		if o.w.flaw == wrongClass || o.w.flaw == credentialsTransient {
			class = fault.Transient
		}
		return fault.New(class, "checking: unfit")
	}
	return nil
}

func (o *memoryOpened) Discover(context.Context) ([]*schemas.Stream, error) {
	s := func(name string) *schemas.Stream {
		return &schemas.Stream{Name: name, Fields: decl.Map[string]{{Key: "a", Value: "text"}}}
	}
	list := []*schemas.Stream{s("s"), s("t")}
	switch o.w.flaw {
	case discoverNothing:
		return nil, nil
	case discoverShuffles:
		if o.w.starts++; o.w.starts%2 == 0 {
			slices.Reverse(list)
		}
	}
	return list, nil
}
func (o *memoryOpened) Close() error { return nil }

func (o *memoryOpened) Source(_ context.Context, s *schemas.Stream, from record.Position) (connectors.Source, error) {
	m := o.w.site
	src := &memorySource{m: m, w: o.w, stream: s, obj: connectors.NewObject(s), end: make(chan struct{}), known: m.Count()}
	if len(from) >= 8 {
		src.resumed = true
		src.at = int(binary.BigEndian.Uint64(from))
		switch {
		case m.flaw == positionInMemory:
			src.at = m.marks[binary.BigEndian.Uint64(from)]
			clear(m.marks)
		case m.flaw == positionOfProcess:
			src.at -= os.Getpid()
		case m.flaw == resumeSkips && src.at < m.Count():
			src.at++
		case m.flaw == resumeRepeats:
			src.at--
		}
	}
	if m.flaw == leaksFiles {
		_, _, _ = syscall.RawSyscall(syscall.SYS_DUP, 1, 0, 0)
	}
	if m.flaw == leaks {
		for range 20 { // more than may still be ending from the flaws before
			go func() { <-hang }()
		}
	}
	return src, nil
}

type memorySource struct {
	m       *memory
	w       *memoryWorld
	stream  *schemas.Stream
	obj     *connectors.Object
	at      int
	known   int
	resumed bool
	pending bool
	pos     [8]byte
	end     chan struct{}
	stats   connectors.Stats
}

func (s *memorySource) Read(ctx context.Context, dst *record.Chunk) (record.Position, error) {
	flaw := s.m.flaw
	if err := ctx.Err(); err != nil && flaw != ignoresCancel {
		if flaw == hangsOnCancel {
			<-s.end
		}
		if flaw == cancelLoses {
			s.at++
		}
		return nil, err
	}
	end := s.m.Count()
	switch {
	case flaw == losesLast, flaw == millionMissesOne:
		end--
	case flaw == forgetsNew, flaw == newOnlyInNewProcess && !s.resumed:
		end = s.known
	case flaw == waitsForDone && s.pending:
		end = s.at
	}
	if err := s.suffer(ctx, dst); err != nil {
		return nil, err
	}
	if s.at >= end {
		if flaw == touchesChunkAtEOF {
			s.deliver(dst, change{item: "x"})
		}
		return nil, io.EOF
	}
	n := min(30, end-s.at)
	if s.m.n > 1000 {
		n = min(20_000, end-s.at)
	}
	batch := make([]change, n)
	for i := range batch {
		batch[i] = s.m.at(s.at + i)
	}
	if flaw == resumeShuffles && s.resumed || flaw == differsEachTime && s.w.starts%2 == 0 {
		batch[0], batch[n-1] = batch[n-1], batch[0]
	}
	for _, v := range batch {
		s.deliver(dst, v)
	}
	if flaw == chunkTooLarge {
		dst.Alloc(3 * connectors.ChunkBytes)
	}
	s.at += n
	s.pending = true
	s.stats.Records += int64(n)
	return s.position(flaw), nil
}

// suffer is the trouble of the system, and how the flaws take it.
func (s *memorySource) suffer(ctx context.Context, dst *record.Chunk) error {
	if s.m.in == nil || s.m.flaw == cutIsIgnored {
		return nil
	}
	flaw := s.m.flaw
	s.m.met()
	switch t := s.m.trouble; {
	case t == Stall && flaw == stallIgnoresCancel:
		<-s.end
	case t == Stall:
		<-ctx.Done()
		return ctx.Err()
	case t == Cut && flaw == cutDeliversHalf:
		if s.at < s.m.n {
			s.at++
			s.stats.Records++
			c := s.m.at(s.at)
			c.b = c.b[:1]
			s.deliver(dst, c)
			s.m.flaw = sound
			return nil
		}
	case t == Cut && flaw == cutLoses:
		s.at++
	case t == Cut && flaw == cutIsConfig, t == Throttle && flaw == throttleIsConfig:
		return fault.New(fault.Config, "cut")
	case t == Truncate && flaw == truncatedIsEnd:
		return io.EOF
	case t == Expire && flaw != expiryIsTransient:
		return fault.New(fault.Config, "expired")
	}
	return fault.New(fault.Transient, "in trouble")
}

func (s *memorySource) position(flaw flaw) record.Position {
	binary.BigEndian.PutUint64(s.pos[:], uint64(s.at))
	switch flaw {
	case noPosition:
		return nil
	case positionReused:
		return s.pos[:]
	case positionOfProcess:
		binary.BigEndian.PutUint64(s.pos[:], uint64(s.at+os.Getpid()))
	case positionInMemory:
		mark := rand.Uint64()
		s.m.marks[mark] = s.at
		binary.BigEndian.PutUint64(s.pos[:], mark)
	}
	return append(record.Position(nil), s.pos[:]...)
}

func (s *memorySource) deliver(dst *record.Chunk, c change) {
	v := c.item
	if s.m.flaw == deleteAsUpsert {
		c.op = record.Upsert
	}
	if s.m.flaw == oldValue {
		c.b = "b" + v
	}
	if s.m.flaw == roundsNumbers {
		c.b = "b2.0"
	}
	s.obj.Set(0, v)
	s.obj.Set(1, c.b)
	s.obj.AppendTo(dst, time.Unix(1, 0), c.op, "item "+v, "")
	e := &dst.Rows[len(dst.Rows)-1]
	switch s.m.flaw {
	case hoards:
		s.w.hoard = append(s.w.hoard, make([]byte, 128))
	case fieldsOutOfOrder:
		e.Value = []byte(`{"b":"b` + v + `","a":"` + v + `"}`)
	case undeclaredField:
		e.Value = []byte(`{"a":"` + v + `","b":"","c":1}`)
	case missingField:
		e.Value = []byte(`{"a":"` + v + `"}`)
	case wrongKey:
		e.Key = []byte("k")
	case wrongShape:
		e.Shape++
	case noPlace:
		e.Place = ""
	}
}

func (s *memorySource) Done(_ context.Context, pos record.Position) error {
	s.pending = false
	if s.m.flaw == doneLoses && s.at < s.m.Count() {
		s.at++
	}
	return nil
}

func (s *memorySource) Stats() connectors.Stats {
	st := s.stats
	if s.m.flaw == miscounts {
		st.Records++
	}
	return st
}

func (s *memorySource) Close() error {
	close(s.end)
	return nil
}

func TestSoundSourcePasses(t *testing.T) { Run(t, &memoryWorld{}) }

// TestEveryCheckCatches runs each check against the sources it is there for.
func TestEveryCheckCatches(t *testing.T) {
	if child(t, &memoryWorld{}) {
		return
	}
	saved := patience
	patience = 300 * time.Millisecond
	defer func() { patience = saved }()
	flaws := map[string]map[string]flaw{
		"settings": {"accepts anything": acceptsAnySetting, "refuses the good": refusesGoodSetting, "no place": problemWithoutPlace, "another rule": anotherRule},
		"check":    {"silent": checkSilent, "noisy": checkNoisy, "wrong class": wrongClass},
		"everything": {"loses the last": losesLast, "fields out of order": fieldsOutOfOrder, "undeclared field": undeclaredField,
			"missing field": missingField, "wrong key": wrongKey, "wrong shape": wrongShape, "no place": noPlace,
			"records at EOF": touchesChunkAtEOF, "no position": noPosition, "chunk too large": chunkTooLarge,
			"position changes": positionReused, "miscounts": miscounts},
		"resume":      {"skips": resumeSkips, "repeats": resumeRepeats, "shuffles": resumeShuffles, "kept in memory": positionInMemory},
		"later":       {"forgets": forgetsNew, "only in a new process": newOnlyInNewProcess},
		"done":        {"waits for Done": waitsForDone, "Done loses": doneLoses},
		"cancel":      {"ignored": ignoresCancel, "hangs": hangsOnCancel, "loses": cancelLoses, "leaks": leaks, "leaks files": leaksFiles},
		"same":        {"differs": differsEachTime},
		"credentials": {"wrong class": credentialsTransient, "none": noBadCredentials, "silent": checkSilent},
		"discover":    {"nothing": discoverNothing, "another order": discoverShuffles},
		"process":     {"kept in memory": positionInMemory, "of one process": positionOfProcess, "no ability": noElsewhere},
		"updates":     {"forgotten": forgetsUpdates, "old value": oldValue, "no ability": noElsewhere},
		"deletes":     {"forgotten": forgetsDeletes, "as an upsert": deleteAsUpsert, "no ability": noElsewhere},
		"cut":         {"another class": cutIsConfig, "half a record": cutDeliversHalf, "not hit": cutIsIgnored, "loses": cutLoses, "no ability": noElsewhere},
		"throttle":    {"another class": throttleIsConfig},
		"truncate":    {"taken for the end": truncatedIsEnd},
		"expire":      {"another class": expiryIsTransient},
		"stall":       {"cancel is ignored": stallIgnoresCancel},
		"million":     {"hoards": hoards, "misses one": millionMissesOne},
		"types":       {"another value": roundsNumbers},
	}
	for _, c := range checks {
		if len(flaws[c.name]) == 0 {
			t.Errorf("the check %q was never shown to catch anything", c.name)
		}
		for name, f := range flaws[c.name] {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				if err := c.run(t, &memoryWorld{flaw: f}); err == nil {
					t.Error("not caught")
				} else if errors.Is(err, context.Canceled) && f != hangsOnCancel {
					t.Errorf("caught for another reason: %v", err)
				} else {
					t.Logf("caught: %v", err)
				}
			})
		}
	}
}
