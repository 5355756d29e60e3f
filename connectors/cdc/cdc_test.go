package cdc

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"rongtong/connectors"
	"rongtong/connectors/database/dbtest"
	"rongtong/schemas"
	"rongtong/schemas/record"
)

// row is a record out of its arena.
type row struct {
	key, value, place string
	op                record.Op
	at                time.Time
	pos               record.Position // after the chunk it came in
}

// open opens the stream of a system; it ends with t.
func open(t testing.TB, sys *schemas.System, pos record.Position) connectors.Source {
	t.Helper()
	kind := Postgres()
	if name, _ := connectors.KindOf(sys); name == "mycdc" {
		kind = MySQL()
	}
	o, err := kind.Open(context.Background(), sys)
	if err != nil {
		t.Fatal(err)
	}
	src, err := o.Source(context.Background(), sys.Streams[0].Value, pos)
	if err != nil {
		t.Fatal(err)
	}
	s := &once{Source: src}
	t.Cleanup(func() { s.Close(); o.Close() })
	return s
}

// once is a source that may be closed early by a test that plays its death.
type once struct {
	connectors.Source
	closed bool
}

func (o *once) Close() error {
	if o.closed {
		return nil
	}
	o.closed = true
	return o.Source.Close()
}

// read is one Read; io.EOF: nil.
func read(t testing.TB, src connectors.Source) []row {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var chunk record.Chunk
	pos, err := src.Read(ctx, &chunk)
	if err == io.EOF {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	rows := []row{}
	for _, e := range chunk.Rows {
		rows = append(rows, row{string(e.Key), string(e.Value), e.Place, e.Op, e.At, pos})
	}
	return rows
}

// rest reads until there is no more for now.
func rest(t testing.TB, src connectors.Source) (rows []row) {
	t.Helper()
	for {
		got := read(t, src)
		if got == nil {
			return rows
		}
		rows = append(rows, got...)
	}
}

// TestAllocations: a change costs its place and what the library hands out.
func TestAllocations(t *testing.T) {
	limits := map[string]float64{"postgres": 6, "mysql": 30}
	each(t, func(t *testing.T, w world) {
		s := w.start(t, 1)
		src := open(t, s.sys, nil)
		rest(t, src)
		dbtest.Run(t, s.db, fmt.Sprintf(w.Fill, 2, 2*connectors.ChunkRows))
		read(t, src)
		var before, after runtime.MemStats
		var chunk record.Chunk
		chunk.Alloc(1 << 20)
		chunk.Reset()
		runtime.ReadMemStats(&before)
		if _, err := src.Read(context.Background(), &chunk); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		a := float64(after.Mallocs-before.Mallocs) / float64(len(chunk.Rows))
		if t.Logf("%.2f allocations a row", a); a > limits[w.Driver] {
			t.Errorf("%.2f allocations a row, at most %.0f are explained", a, limits[w.Driver])
		}
	})
}
