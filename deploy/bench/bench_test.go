package bench

import (
	"syscall"
	"testing"
	"time"

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

func BenchmarkReference(b *testing.B) {
	_, s, err := Reference()
	if err != nil {
		b.Fatal(err)
	}
	rows, err := NewRows()
	if err != nil {
		b.Fatal(err)
	}
	chunk := rows.Chunk(20_000)
	p := s.Flows[0].Plan
	batch := transforms.NewBatch(memory.DefaultAllocator, p)
	defer batch.Release()
	b.ReportAllocs()
	from := cpu()
	for b.Loop() {
		if r := p.Apply(batch, chunk); len(r) > 0 {
			b.Fatal(r[0].Rule, r[0].Field)
		}
		batch.Take().Release()
	}
	b.ReportMetric(float64(b.N)*float64(len(chunk.Rows))/(cpu()-from).Seconds(), "rows/cpu-s")
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
