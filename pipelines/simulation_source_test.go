package pipelines

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// simSource is a register that changes: numbered records of a few things, some
// late, some wrong, some sent twice by the source itself. It forgets what it was
// told is durable, except where a topic may be deleted and all must come again.
type simSource struct {
	w        *world
	rows     []simRow
	forgot   int // rows below are gone
	villages []string
}

type simRow struct {
	village, period, value string
	at                     int64
	wrong                  bool
}

// key is the thing that the row is about.
func (r *simRow) key() string { return r.village + "|" + r.period }

func newSimSource(w *world) simSource {
	src := simSource{w: w, villages: simVillages}
	last := map[string]int64{}
	for i := range 25 + w.r.IntN(30) {
		row := simRow{village: src.villages[w.r.IntN(len(src.villages))], period: [2]string{"2025-01", "2025-02"}[w.r.IntN(2)], value: fmt.Sprint(100 + i)}
		key := row.key()
		// Times of one thing differ, and one in five records is late.
		row.at = 1_764_000_000_000 + int64(i)*60_000
		if last[key] != 0 && w.r.IntN(5) == 0 {
			row.at = last[key] - 1000*int64(1+i)
		}
		last[key] = max(last[key], row.at)
		if row.wrong = w.r.IntN(9) == 0; row.wrong {
			row.value = "约一百"
		}
		src.rows = append(src.rows, row)
		if w.r.IntN(12) == 0 {
			src.rows = append(src.rows, row)
		}
	}
	return src
}

// delivered reports whether the stored position stands at the end.
func (s *simSource) delivered() bool {
	p := s.w.log.position
	n := len(p) // sealed: our number is what it ends with
	return n >= 8 && int(binary.LittleEndian.Uint64(p[n-8:])) >= len(s.rows)
}

// simReading is the source as one process reads it.
type simReading struct {
	a      *actor
	next   int
	object *connectors.Object
}

func (s *simReading) Read(_ context.Context, dst *record.Chunk) (record.Position, error) {
	w := s.a.w
	s.a.at("read the source")
	if s.next < w.source.forgot {
		return nil, fault.New(fault.Bug, "the source no longer has row %d", s.next)
	}
	for s.next >= len(w.source.rows) {
		s.a.at("wait for the source")
	}
	for range 1 + w.r.IntN(6) {
		if s.next >= len(w.source.rows) {
			break
		}
		row := w.source.rows[s.next]
		s.object.Set(0, row.village)
		s.object.Set(1, row.period)
		s.object.Set(2, row.value)
		s.object.Set(3, time.UnixMilli(row.at).In(simZone).Format(time.DateTime))
		s.object.AppendTo(dst, time.Time{}, record.Upsert, fmt.Sprintf("#%d", s.next), "")
		s.next++
	}
	return binary.LittleEndian.AppendUint64(nil, uint64(s.next)), nil
}

func (s *simReading) Done(_ context.Context, pos record.Position) error {
	s.a.at("tell the source that rows are durable")
	if !s.a.w.kind.recreates {
		s.a.w.source.forgot = max(s.a.w.source.forgot, int(binary.LittleEndian.Uint64(pos)))
	}
	return nil
}

func (s *simReading) Stats() connectors.Stats { return connectors.Stats{} }
func (s *simReading) Close() error            { return nil }

// simOpened is the source's system as one process sees it.
type simOpened struct{ a *actor }

func (o simOpened) Check(context.Context) error                         { return nil }
func (o simOpened) Discover(context.Context) ([]*schemas.Stream, error) { return nil, nil }
func (o simOpened) Close() error                                        { return nil }
func (o simOpened) Source(_ context.Context, s *schemas.Stream, from record.Position) (connectors.Source, error) {
	src := &simReading{a: o.a, object: connectors.NewObject(s)}
	if from != nil {
		src.next = int(binary.LittleEndian.Uint64(from))
	}
	return src, nil
}

// ingest is Ingest.system's loop around the real stream. A process that starts
// again knows how many partitions are declared by then.
func (a *actor) ingest() {
	in := &Ingest{Log: simDiscard}
	tick := make(chan struct{})
	for {
		a.at("start ingesting")
		s := *a.w.plans[0]
		declared := *s.Stream
		s.Stream, declared.Partitions = &declared, a.w.width
		err := in.stream(context.Background(), simIngestLog{a}, simOpened{a}, &s, tick, simDiscard)
		a.w.note("%s starts again: %v", a.name, err)
		if !fault.Is(err, fault.Transient) { // retry waits longer: a person has to act, or a twin to end
			for range 60 {
				a.at("rest")
			}
		}
	}
}

var simZone = time.FixedZone("Asia/Shanghai", 8*3600)
