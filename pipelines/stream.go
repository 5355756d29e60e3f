// Package pipelines holds the two loops that move data: Ingest, from a source
// into Kafka, and Loader, from Kafka into ClickHouse; and the two jobs that run
// on what was loaded: integration (fusion and indicators) and the return flow.
//
// Kafka is the only store of progress. Both loops keep to one protocol:
//
//   - Ingest writes rows and the connector's position in one transaction.
//   - Loader commits the intent to load an exact span before rows leave the
//     process, loads it under a name computed from the span, then commits the
//     span's end. Whoever takes over repeats a pending intent first, span for
//     span; ClickHouse drops the repeat by its name.
package pipelines

import (
	"encoding/binary"
	"slices"

	"github.com/cespare/xxhash/v2"

	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/record"
	"rongtong/transforms"
)

// Stream is one stream of one system with everything the loops need.
type Stream struct {
	System *schemas.System
	Stream *schemas.Stream
	Topic  string
	Format record.Format // of the values in the topic
	Flows  []Flow
	// Personal says which labels of fields are of prohibited kinds, so that
	// what a source sends of them is counted.
	Personal *schemas.PersonalData
	// Watched: a sensor of a job wants to know what is delivered.
	Watched bool
	// Reread counts up whenever the source is to be read from its beginning: a
	// position that was stored under a lower number is given up, once.
	Reread int
}

// Flow is a compiled flow. Index is its place among the flows of its stream:
// the part of a load's name that tells two flows into one entity apart.
type Flow struct {
	Index  int
	Flow   *schemas.Flow
	Entity *schemas.Entity
	Plan   *transforms.Plan
	Table  string // where its rows go, "std.facility"
}

// Topic is the Kafka topic of a stream.
func Topic(system, stream string) string { return "in." + system + "." + stream }

// Partitions is how many partitions the stream's topic has.
func (s *Stream) Partitions() int { return max(1, s.Stream.Partitions) }

// Plan is the fingerprint of all flows of the stream together: it changes
// exactly when the rows made of a record could change.
func (s *Stream) Plan() uint64 {
	var b []byte
	for _, f := range s.Flows {
		b = binary.LittleEndian.AppendUint64(b, f.Plan.Fingerprint())
	}
	return xxhash.Sum64(b)
}

// Compile makes the streams of all systems of a catalogue, in the catalogue's
// order, with every problem of every flow.
func Compile(c *schemas.Catalog) ([]*Stream, []decl.Problem) {
	var out []*Stream
	var problems []decl.Problem
	for _, sys := range c.Systems {
		for _, e := range sys.Streams {
			st := &Stream{System: sys, Stream: e.Value, Topic: Topic(sys.System, e.Value.Name), Personal: &c.Personal}
			st.Watched = c.Watched(st.name())
			for _, f := range sys.Flows {
				if f.Stream != e.Value.Name {
					continue
				}
				plan, ps := transforms.Compile(c, sys, e.Value, f)
				problems = append(problems, ps...)
				if len(ps) == 0 {
					st.Flows = append(st.Flows, Flow{len(st.Flows), f, c.Entity(f.Entity), plan, "std." + f.Entity})
				}
			}
			out = append(out, st)
		}
	}
	return out, problems
}

// Cases runs the declared cases of every flow.
func Cases(streams []*Stream) []decl.Problem {
	var ps []decl.Problem
	for _, s := range streams {
		for _, f := range s.Flows {
			ps = append(ps, transforms.RunCases(f.Plan, f.Flow)...)
		}
	}
	return ps
}

// OfTiers orders streams as data flows, from the province down.
func OfTiers(c *schemas.Catalog, streams []*Stream) []*Stream {
	level := map[string]int{}
	for _, t := range c.Tiers {
		level[t.Code] = t.Level
	}
	out := slices.Clone(streams)
	slices.SortStableFunc(out, func(a, b *Stream) int { return level[a.System.Tier] - level[b.System.Tier] })
	return out
}
