package transforms

import (
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/record"
)

func rawStream() *schemas.Stream {
	return &schemas.Stream{Name: "s", Key: []string{"县代码"}, Fields: decl.Map[string]{{Key: "县代码", Value: "text"}, {Key: "n", Value: "number"}, {Key: "b", Value: "bool"}}}
}

// What was received comes out as it was: spaces, full-width digits, the way a
// number was written; what is no object is there without fields.
func TestRaw(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	r := NewRaw(mem, rawStream())
	defer r.Release()
	at, arrived := time.UnixMilli(1_766_000_000_123), time.UnixMilli(1_766_000_100_456)
	chunk := func(values ...string) *record.Chunk {
		c := &record.Chunk{Topic: "in.x.s", Partition: 3}
		for i, v := range values {
			e := record.Envelope{Key: []byte("a\x1fb"), Value: []byte(v), Offset: int64(100 + i), Arrived: arrived, Place: "f.csv:7"}
			if i == 0 {
				e.At, e.Op = at, record.Delete
			}
			c.Append(e)
		}
		return c
	}
	for range 2 { // the second batch from the same builders
		r.Add(chunk(`{"县代码":" ３７ \n","n":1.50,"b":true,"more":"x"}`, `{"县代码":null,"n":["1"],"b":false}`, `not json`),
			[]Reject{{Index: 2}, {Index: 1}, {Index: 2}})
		rec := r.Take()
		var got strings.Builder
		for i := range int(rec.NumRows()) {
			for j, col := range rec.Columns() {
				if name := rec.ColumnName(j); name != "_arrived_at" && name != "_event_at" {
					got.WriteString(name + "=" + strings.ReplaceAll(col.ValueStr(i), "\n", "␤") + " ")
				}
			}
			got.WriteByte('\n')
		}
		want := "_topic=in.x.s _partition=3 _offset=100 _place=f.csv:7 _op=delete _key=a|b _rejected=0 县代码= ３７ ␤ n=1.50 b=true \n" +
			"_topic=in.x.s _partition=3 _offset=101 _place=f.csv:7 _op=upsert _key=a|b _rejected=1 县代码=(null) n=(null) b=false \n" +
			"_topic=in.x.s _partition=3 _offset=102 _place=f.csv:7 _op=upsert _key=a|b _rejected=2 县代码=(null) n=(null) b=(null) \n"
		if got.String() != want {
			t.Errorf("got\n%swant\n%s", &got, want)
		}
		if a := rec.Column(4).(*array.Timestamp); int64(a.Value(0)) != at.UnixMilli() || !a.IsNull(1) {
			t.Errorf("event times %v", a)
		}
		if a := rec.Column(3).(*array.Timestamp); int64(a.Value(2)) != arrived.UnixMilli() {
			t.Errorf("arrival %v", a)
		}
		rec.Release()
	}
}

// A block costs as many allocations as it has columns, whatever its rows are.
func TestRawAllocations(t *testing.T) {
	r := NewRaw(memory.NewGoAllocator(), rawStream())
	defer r.Release()
	c := &record.Chunk{Topic: "in.x.s"}
	for range 10_000 {
		c.Append(record.Envelope{Key: []byte("370102"), Value: []byte(`{"县代码":"370102","n":1.5,"b":true}`), Place: "f.csv:7", Arrived: time.UnixMilli(1)})
	}
	r.Add(c, nil)
	r.Take().Release()
	if n := testing.AllocsPerRun(5, func() { r.Add(c, nil); r.Take().Release() }); n > 160 {
		t.Errorf("%v allocations for a block of 12 columns", n)
	}
}

func BenchmarkRaw(b *testing.B) {
	r := NewRaw(memory.NewGoAllocator(), rawStream())
	defer r.Release()
	c := &record.Chunk{Topic: "in.x.s"}
	for range 10_000 {
		c.Append(record.Envelope{Key: []byte("370102"), Value: []byte(`{"县代码":"370102","n":1.5,"b":true}`), Place: "f.csv:7", Arrived: time.UnixMilli(1)})
	}
	b.ReportAllocs()
	for b.Loop() {
		r.Add(c, nil)
		r.Take().Release()
	}
}
