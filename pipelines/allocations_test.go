package pipelines

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"rongtong/pipelines/topics"
)

// noCommits takes commits and keeps nothing: what they cost is the client's.
type noCommits struct{}

func (noCommits) Commit(context.Context, []topics.OffsetMeta) error { return nil }

// TestBlockAllocates: what a block costs does not depend on its rows: fetching,
// decoding, building columns, sending them, and its row in the ledger, on the
// real broker and warehouse. A row of a block of usual size (30,000 rows) is to
// cost less than 0.04 allocations, everything included; this is the largest part.
func TestBlockAllocates(t *testing.T) {
	const rows, blockRows, blocks, most = 9000, 250, 10, 800
	b := newBout(t, "allocated", rows, "", number)
	l := &Loader{Kafka: b.kafka, Warehouse: b.real, Log: slog.New(slog.DiscardHandler), BlockRows: blockRows, Group: b.table}
	opts := topics.FetchOptions{MaxBytes: fetchBytes, PartitionBytes: fetchBytes, MaxWait: 200 * time.Millisecond, ReadCommitted: true}
	w := l.newWorker(noCommits{}, func() Reader { return sessionReader{b.kafka.Session(opts)} })
	s := &share{stream: b.stream, topic: b.stream.Topic}
	s.end.Store(rows / 3)
	block := func() {
		if err := w.block(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	block() // the first one learns how large columns become
	n := testing.AllocsPerRun(blocks-2, block)
	t.Logf("%v allocations a block", n)
	if n > most {
		t.Errorf("%v allocations a block, want %d at most", n, most)
	}
	if got := b.count("SELECT count() FROM TABLE"); got != blocks*blockRows {
		t.Errorf("%d rows, want %d", got, blocks*blockRows)
	}
}
