package sql

import (
	"context"
	"runtime"
	"testing"

	"rongtong/connectors"
	"rongtong/schemas/record"
)

// TestAllocations: a row costs its place, its mark in the overlap's window, and
// what the driver hands out: nothing for PostgreSQL, about one for each column for MySQL.
func TestAllocations(t *testing.T) {
	for driver, limit := range map[string]float64{"postgres": 2.5, "mysql": 10} {
		eachServer(t, "cursor: changed", func(t *testing.T, w serverWorld) {
			if w.Driver != driver {
				return
			}
			s := w.start(t, w.from, 2*connectors.ChunkRows)
			src := open1(t, s.sys, nil)
			var chunk record.Chunk
			if _, err := src.Read(context.Background(), &chunk); err != nil { // the plan, and warm buffers
				t.Fatal(err)
			}
			chunk.Reset()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if _, err := src.Read(context.Background(), &chunk); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			if a := float64(after.Mallocs-before.Mallocs) / float64(len(chunk.Rows)); a > limit {
				t.Errorf("%.2f allocations a row, at most %.1f are explained", a, limit)
			} else {
				t.Logf("%.2f allocations a row", a)
			}
		})
	}
}
