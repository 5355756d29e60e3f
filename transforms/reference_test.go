package transforms_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/deploy/bench"
	"rongtong/schemas/record"
	"rongtong/transforms"
)

// reference is the plan and 20,000 rows of the reference workload, as records of
// JSON, as lines of CSV and as columns.
func reference(b testing.TB) (p *transforms.Plan, lines, records *record.Chunk, columns *transforms.Columns) {
	_, s, err := bench.Reference()
	if err != nil {
		b.Fatal(err)
	}
	rows, err := bench.NewRows()
	if err != nil {
		b.Fatal(err)
	}
	p, records = s.Flows[0].Plan, rows.Chunk(20_000)
	lines = &record.Chunk{Topic: records.Topic, Partition: records.Partition, Format: record.CSV}
	var fields []arrow.Field
	for _, f := range p.Fields() {
		fields = append(fields, arrow.Field{Name: f, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	build := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	defer build.Release()
	var buf bytes.Buffer
	for _, e := range records.Rows {
		var v map[string]any
		d := json.NewDecoder(bytes.NewReader(e.Value))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			b.Fatal(err)
		}
		cells := make([]string, len(fields))
		for i, f := range p.Fields() {
			switch x := v[f].(type) {
			case string:
				cells[i] = x
			case json.Number:
				cells[i] = x.String()
			}
			build.Field(i).(*array.StringBuilder).Append(cells[i])
		}
		buf.Reset()
		w := csv.NewWriter(&buf)
		_ = w.Write(cells)
		w.Flush()
		e.Value = buf.Bytes()
		lines.Append(e)
	}
	return p, lines, records, &transforms.Columns{Topic: records.Topic, Partition: records.Partition, Fields: build.NewRecord(), Rows: records.Rows}
}

// BenchmarkReference takes the stages apart: decode alone, with normalising, and
// together with validating and building the columns; for every form of input.
func BenchmarkReference(b *testing.B) {
	p, lines, records, columns := reference(b)
	all := func(batch *transforms.Batch, in *record.Chunk) {
		if r := p.Apply(batch, in); len(r) > 0 {
			b.Fatal(r[0].Rule, r[0].Field)
		}
		batch.Take().Release()
	}
	for _, c := range []struct {
		name string
		run  func(batch *transforms.Batch)
	}{
		{"json/decode", func(batch *transforms.Batch) { transforms.Decode(batch, records) }},
		{"json/decode+normalise", func(batch *transforms.Batch) { transforms.DecodeAndNormalise(batch, records) }},
		{"json/all", func(batch *transforms.Batch) { all(batch, records) }},
		{"csv/decode", func(batch *transforms.Batch) { transforms.Decode(batch, lines) }},
		{"csv/all", func(batch *transforms.Batch) { all(batch, lines) }},
		{"columns/all", func(batch *transforms.Batch) {
			if r, err := p.ApplyColumns(batch, columns); len(r) > 0 || err != nil {
				b.Fatal(r, err)
			}
			batch.Take().Release()
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			batch := transforms.NewBatch(&transforms.Recycler{}, p) // as the loader does
			defer batch.Release()
			c.run(batch)
			b.ReportAllocs()
			from := cpu()
			for b.Loop() {
				c.run(batch)
			}
			n := float64(b.N) * float64(len(records.Rows))
			b.ReportMetric(n/(cpu()-from).Seconds(), "rows/cpu-s")
		})
	}
}

// A row of the reference workload costs no allocation of its own.
func TestReferenceAllocations(t *testing.T) {
	p, lines, records, _ := reference(t)
	for name, in := range map[string]*record.Chunk{"JSON": records, "CSV": lines} {
		batch := transforms.NewBatch(memory.DefaultAllocator, p)
		run := func() {
			if r := p.Apply(batch, in); len(r) > 0 {
				t.Fatal(r[0].Rule, r[0].Field)
			}
			batch.Take().Release()
		}
		run()
		if got := testing.AllocsPerRun(5, run) / float64(len(in.Rows)); got > 0.02 {
			t.Errorf("%s: %.4f allocations a row, want 0.02 at most", name, got)
		}
		batch.Release()
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
