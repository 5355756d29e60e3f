package conntest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"strings"
	"testing"
	"time"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

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
)

// memory is the source system: a list of numbers.
type memory struct {
	flaw  flaw
	items []string
	marks map[uint64]int // positions kept in memory
}

func (m *memory) System() *schemas.System { return memorySystem }
func (m *memory) Stream() string          { return "s" }
func (m *memory) Count() int              { return len(m.items) }
func (m *memory) Add(testing.TB)          { m.items = append(m.items, numbers(len(m.items), 7)...) }

func numbers(from, n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprint(from+i))
	}
	return out
}

const memoryText = "connect: { kind: memory }\nstreams: { s: { from: {}, key: [a], fields: { a: text, b: text } } }\n"

var memorySystem *schemas.System

// memoryWorld has one system at a time: that which Start brought up last.
type memoryWorld struct {
	flaw   flaw
	site   *memory
	starts int
}

func (w *memoryWorld) Start(tb testing.TB) Site {
	if memorySystem == nil {
		memorySystem = Declare(tb, memoryText)
	}
	w.starts++
	w.site = &memory{flaw: w.flaw, items: numbers(0, 100), marks: map[uint64]int{}}
	return w.site
}

func (w *memoryWorld) Refused() []Refused {
	return []Refused{{Name: "a bad setting", Text: strings.Replace(memoryText, "memory", "bad", 1), Rule: "kind.bad"}}
}

func (w *memoryWorld) Unfit(tb testing.TB) []Unfit {
	return []Unfit{{Name: "unfit", System: Declare(tb, strings.Replace(memoryText, "memory", "unfit", 1)), Class: fault.Config}}
}

func (w *memoryWorld) Exempt() map[string]string { return nil }

func kindOf(sys *schemas.System) string {
	var c struct {
		Kind string `decl:"kind"`
	}
	sys.Connect.Decode(&c)
	return c.Kind
}

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
			return &memoryOpened{w, kindOf(sys)}, nil
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
		if o.w.flaw == wrongClass {
			class = fault.Transient
		}
		return fault.New(class, "checking: unfit")
	}
	return nil
}

func (o *memoryOpened) Discover(context.Context) ([]*schemas.Stream, error) { return nil, nil }
func (o *memoryOpened) Close() error                                        { return nil }

func (o *memoryOpened) Source(_ context.Context, s *schemas.Stream, from record.Position) (connectors.Source, error) {
	m := o.w.site
	src := &memorySource{m: m, w: o.w, stream: s, obj: connectors.NewObject(s), end: make(chan struct{}), known: len(m.items)}
	if len(from) >= 8 {
		src.resumed = true
		src.at = int(binary.BigEndian.Uint64(from))
		switch {
		case m.flaw == positionInMemory:
			src.at = m.marks[binary.BigEndian.Uint64(from)]
			clear(m.marks)
		case m.flaw == resumeSkips && src.at < len(m.items):
			src.at++
		case m.flaw == resumeRepeats:
			src.at--
		}
	}
	if m.flaw == leaks {
		hang := make(chan struct{})
		go func() { <-hang }()
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
	items := s.m.items
	switch {
	case flaw == losesLast:
		items = items[:len(items)-1]
	case flaw == forgetsNew, flaw == newOnlyInNewProcess && !s.resumed:
		items = items[:s.known]
	case flaw == waitsForDone && s.pending:
		items = items[:s.at]
	}
	if s.at >= len(items) {
		if flaw == touchesChunkAtEOF {
			s.deliver(dst, "x")
		}
		return nil, io.EOF
	}
	n := min(30, len(items)-s.at)
	batch := append([]string(nil), items[s.at:s.at+n]...)
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

func (s *memorySource) position(flaw flaw) record.Position {
	binary.BigEndian.PutUint64(s.pos[:], uint64(s.at))
	switch flaw {
	case noPosition:
		return nil
	case positionReused:
		return s.pos[:]
	case positionInMemory:
		mark := rand.Uint64()
		s.m.marks[mark] = s.at
		binary.BigEndian.PutUint64(s.pos[:], mark)
	}
	return append(record.Position(nil), s.pos[:]...)
}

func (s *memorySource) deliver(dst *record.Chunk, v string) {
	s.obj.Set(0, v)
	s.obj.Set(1, "b"+v)
	s.obj.AppendTo(dst, time.Unix(1, 0), record.Upsert, "item "+v, "")
	e := &dst.Rows[len(dst.Rows)-1]
	switch s.m.flaw {
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
	if s.m.flaw == doneLoses && s.at < len(s.m.items) {
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
		"resume": {"skips": resumeSkips, "repeats": resumeRepeats, "shuffles": resumeShuffles, "kept in memory": positionInMemory},
		"later":  {"forgets": forgetsNew, "only in a new process": newOnlyInNewProcess},
		"done":   {"waits for Done": waitsForDone, "Done loses": doneLoses},
		"cancel": {"ignored": ignoresCancel, "hangs": hangsOnCancel, "loses": cancelLoses, "leaks": leaks},
		"same":   {"differs": differsEachTime},
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
