package transforms

import (
	"sync"
	"testing"

	"rongtong/pipelines/systems"
	"rongtong/schemas"
	"rongtong/schemas/decl"
)

var shipped = sync.OnceValue(func() *schemas.Catalog {
	c, ps := schemas.Load(schemas.FS, systems.FS)
	if len(ps) > 0 {
		panic("the shipped declarations have a problem: " + ps[0].String())
	}
	return c
})

// flowOf is the n-th flow of a stream of a shipped system, compiled.
func flowOf(t testing.TB, system, stream string, n int) (*Plan, *schemas.Flow) {
	t.Helper()
	sys := shipped().System(system)
	for _, f := range sys.Flows {
		if f.Stream != stream {
			continue
		}
		if n--; n >= 0 {
			continue
		}
		s, _ := sys.Streams.Get(stream)
		p, ps := Compile(shipped(), sys, s.Value, f)
		for _, x := range ps {
			t.Error(x)
		}
		if p == nil {
			t.FailNow()
		}
		return p, f
	}
	t.Fatalf("system %q has no such flow of stream %q", system, stream)
	return nil, nil
}

// Every shipped flow compiles, and its declared cases hold.
func TestShippedFlows(t *testing.T) {
	prints := map[uint64]string{}
	cases := 0
	for _, sys := range shipped().Systems {
		seen := map[string]int{}
		for _, f := range sys.Flows {
			name := sys.System + "/" + f.Stream + "/" + f.Entity
			p, _ := flowOf(t, sys.System, f.Stream, seen[f.Stream])
			seen[f.Stream]++
			for _, x := range RunCases(p, f) {
				t.Error(x)
			}
			cases += len(f.Cases)
			if other, ok := prints[p.Fingerprint()]; ok {
				t.Errorf("%s and %s have one fingerprint", name, other)
			}
			prints[p.Fingerprint()] = name
		}
	}
	if cases < 7 {
		t.Errorf("only %d declared cases ran", cases)
	}
}

func entryOf[T any](key string, value T) decl.Entry[T] { return decl.Entry[T]{Key: key, Value: value} }
