package bench

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/pipelines"
	"rongtong/schemas/decl"
	"rongtong/transforms"
)

func TestReference(t *testing.T) {
	c, s, err := Reference()
	if err != nil {
		t.Fatal(err)
	}
	_ = c
	for _, p := range append([]decl.Problem{}, pipelines.Cases([]*pipelines.Stream{s})...) {
		t.Error(p)
	}
	rows, err := NewRows()
	if err != nil {
		t.Fatal(err)
	}
	const n = 20_000
	chunk := rows.Chunk(n)
	bytes := 0
	for i := range chunk.Rows {
		bytes += len(chunk.Rows[i].Value)
	}
	if mean := bytes / n; mean < 540 || mean > 580 {
		t.Errorf("a row has %d bytes of JSON, want about 560", mean)
	}
	p := s.Flows[0].Plan
	b := transforms.NewBatch(memory.DefaultAllocator, p)
	defer b.Release()
	for _, r := range p.Apply(b, chunk) {
		t.Fatalf("row %d breaks %s in %s: %s", r.Index, r.Rule, r.Field, chunk.Rows[r.Index].Value)
	}
	rec := b.Take()
	defer rec.Release()
	if rec.NumRows() != n {
		t.Errorf("%d rows of %d", rec.NumRows(), n)
	}
}
