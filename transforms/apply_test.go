package transforms

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"rongtong/schemas/divisions"
	"rongtong/schemas/record"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// villages are codes of real residents' and village committees.
func villages(t testing.TB, n int) []string {
	t.Helper()
	reg, err := divisions.Load()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for d := range reg.All(divisions.Village) {
		if d.Kind == divisions.Civil {
			out = append(out, d.Code)
		}
	}
	step := len(out) / n
	for i := range n {
		out[i] = out[i*step]
	}
	return out[:n]
}

// credit makes a valid credit code of a residents' committee.
func credit(serial int) string {
	body := fmt.Sprintf("55370102MEA%06d", serial)
	for i := range len(usccAlphabet) {
		if code := body + usccAlphabet[i:i+1]; checkUSCC([]byte(code)) == "" {
			return code
		}
	}
	panic("no check digit")
}

func committees(t testing.TB, n int) *record.Chunk {
	c := &record.Chunk{System: "county_ledger", Stream: "committee", Topic: "in.county_ledger.committee", Partition: 1}
	codes := villages(t, min(n, 5000))
	at := time.Date(2025, 12, 31, 0, 0, 0, 0, zone())
	for i := range n {
		code := codes[i%len(codes)]
		v := fmt.Sprintf(`{"县代码":%q,"统一社会信用代码":%q,"名称":"解放桥社区第%d居民委员会","区划代码":%q,"组织类别":"居委会","成立日期":"2012年3月%d日","状态":"正常","办公地址":"历下区解放路%d号","办公电话":"0531-8%07d","工作人员数":"%d"}`,
			code[:6], credit(i), i, code, 1+i%28, i, i, 3+i%9)
		c.Append(record.Envelope{Key: []byte(code), Value: []byte(v), At: at, Arrived: at, Offset: int64(i), Place: "370102/committee_20251231.csv:17"})
	}
	return c
}

func BenchmarkCommittee(b *testing.B) {
	p, _ := flowOf(b, "county_ledger", "committee", 0)
	benchmark(b, p, committees(b, 10000))
}

// Allocations follow from the number of columns and batches, never from the
// number of rows.
func TestAllocations(t *testing.T) {
	for _, f := range []struct {
		system, stream string
		chunk          func(t testing.TB, n int) *record.Chunk
	}{{"county_ledger", "committee", committees}, {"county_ledger", "household", households}} {
		p, _ := flowOf(t, f.system, f.stream, 0)
		batch := NewBatch(memory.DefaultAllocator, p)
		allocs := func(n int) float64 {
			chunk := f.chunk(t, n)
			run := func() {
				if r := p.Apply(batch, chunk); len(r) > 0 {
					t.Fatal(r[0].Rule, r[0].Field)
				}
				batch.Take().Release()
			}
			run()
			return testing.AllocsPerRun(5, run)
		}
		small, large := allocs(3000), allocs(15_000)
		if most := float64(12 * len(p.columns)); small > most {
			t.Errorf("%s: %.0f allocations a batch, want %.0f at most", f.stream, small, most)
		}
		if large-small > 2*float64(len(p.columns)) {
			t.Errorf("%s: %.0f allocations for 3,000 rows, %.0f for 15,000", f.stream, small, large)
		}
		batch.Release()
	}
}

func households(t testing.TB, n int) *record.Chunk {
	c := &record.Chunk{System: "county_ledger", Stream: "household", Topic: "in.county_ledger.household"}
	for i, code := range villages(t, n) {
		v := fmt.Sprintf(`{"县代码":%q,"区划代码":%q,"月份":"2025年%d月","常住户数":"%d,%03d户"}`, code[:6], code, 1+i%12, 1+i%3, i%1000)
		c.Append(record.Envelope{Key: []byte(code + "\x1f2025"), Value: []byte(v), At: time.Unix(1735660800, 0)})
	}
	return c
}

// Every row of a chunk of good, bad and broken records is in the batch or in
// the rejects, and in one of them only; and Arrow gets all its memory back.
func TestEveryRowOnce(t *testing.T) {
	p, _ := flowOf(t, "county_ledger", "committee", 0)
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	batch := NewBatch(mem, p)
	defer batch.Release()
	rng := rand.New(rand.NewPCG(1, 2))
	good := committees(t, 400)
	total, rejected, accepted := 0, 0, 0
	for range 30 {
		chunk := &record.Chunk{}
		for _, e := range good.Rows[:1+rng.IntN(len(good.Rows))] {
			chunk.Append(damaged(rng, e))
		}
		rejects := p.Apply(batch, chunk)
		rec := batch.Take()
		seen := map[int64]bool{}
		offsets := rec.Column(len(p.columns) - 2).(*array.Uint64)
		for i := range offsets.Len() {
			seen[int64(offsets.Value(i))] = true
		}
		for i, r := range rejects {
			if i > 0 && rejects[i-1].Index >= r.Index {
				t.Fatal("the rejects are not in order of rows")
			}
			if r.ReasonZh == "" || r.ReasonEn == "" || r.Rule == "" || !json.Valid(r.Row) {
				t.Fatalf("reject without reason or row: %+v", r)
			}
			o := chunk.Rows[r.Index].Offset
			if seen[o] {
				t.Fatalf("row %d is in the batch and in the rejects", o)
			}
			seen[o] = true
		}
		if len(seen) != len(chunk.Rows) || int(rec.NumRows())+len(rejects) != len(chunk.Rows) {
			t.Fatalf("%d rows became %d rows and %d rejects", len(chunk.Rows), rec.NumRows(), len(rejects))
		}
		total, rejected, accepted = total+len(chunk.Rows), rejected+len(rejects), accepted+int(rec.NumRows())
		rec.Release()
	}
	if rejected < total/10 || accepted < total/10 {
		t.Errorf("of %d rows %d were accepted and %d rejected: the mix tests nothing", total, accepted, rejected)
	}
}

func damaged(rng *rand.Rand, e record.Envelope) record.Envelope {
	v := string(e.Value)
	switch rng.IntN(8) {
	case 0:
		v = v[:rng.IntN(len(v))]
	case 1:
		b := []byte(v)
		b[rng.IntN(len(b))] = byte(rng.IntN(256))
		v = string(b)
	case 2:
		v = strings.Replace(v, "2012年", "12年", 1)
	case 3:
		e.Fault = "total.mismatch"
	case 4:
		e.At = time.Time{}
	case 5:
		e.Op = record.Delete
		v = fmt.Sprintf(`{"区划代码":%q,"组织类别":"居委会"}`, e.Key)
	}
	e.Value = []byte(v)
	return e
}

// What a step remembers, or no longer looks up, never changes a row; texts of
// every length stand at every place of a word.
func TestMemo(t *testing.T) {
	p, _ := flowOf(t, "county_ledger", "committee", 0)
	with, without := NewBatch(memory.DefaultAllocator, p), NewBatch(memory.DefaultAllocator, p)
	defer with.Release()
	defer without.Release()
	for i := range without.st.memos {
		without.st.memos[i].off = true
	}
	rng := rand.New(rand.NewPCG(3, 4))
	words := []string{"居委会", "村委会", "２０１２年３月５日", "2012-03-05", "2012.3.5", "昨天", "", "无", " 居委会", "正常", "撤销", "12年3月"}
	good := committees(t, 3000)
	for range 3 {
		chunk := &record.Chunk{Topic: "t"}
		for _, e := range good.Rows {
			v := strings.Replace(string(e.Value), `"居委会"`, fmt.Sprintf("%q", words[rng.IntN(len(words))]), 1)
			if rng.IntN(2) == 0 {
				v = strings.Replace(v, "2012年", words[rng.IntN(len(words))], 1)
			}
			e.Value = []byte(v)
			chunk.Append(damaged(rng, e))
		}
		a, b := p.Apply(with, chunk), p.Apply(without, chunk)
		if len(a) != len(b) {
			t.Fatalf("%d rejects with memory, %d without", len(a), len(b))
		}
		for i := range a {
			if a[i].Index != b[i].Index || a[i].Rule != b[i].Rule || a[i].Field != b[i].Field {
				t.Fatalf("%+v with memory, %+v without", a[i], b[i])
			}
		}
		x, y := with.Take(), without.Take()
		if !array.RecordEqual(x, y) {
			t.Fatal("the rows differ")
		}
		x.Release()
		y.Release()
	}
}

// What a delete needs is the key and the division, and nothing else.
func TestDelete(t *testing.T) {
	p, _ := flowOf(t, "province_gateway", "committee", 0)
	batch := NewBatch(memory.DefaultAllocator, p)
	defer batch.Release()
	chunk := &record.Chunk{Topic: "in.province_gateway.committee", Partition: 3}
	chunk.Append(record.Envelope{Op: record.Delete, Key: []byte("370102001002"), Offset: 7, At: time.UnixMilli(1766188800000),
		Value: []byte(`{"xzqh":"370102001002","zzlx":"居委会","tyshxydm":"broken"}`)})
	if r := p.Apply(batch, chunk); len(r) > 0 {
		t.Fatalf("rejected: %s %s", r[0].Field, r[0].Rule)
	}
	rec := batch.Take()
	defer rec.Release()
	want := map[string]string{
		"org_id": "residents_committee:370102001002", "division_code": "370102001002", "uscc": "", "name": "",
		"is_deleted": "1", "version": "1766188800000", "src_division": "370000000000", "src_tier": "P",
		"src_system": "province_gateway", "kafka_partition": "3", "kafka_offset": "7", "src_record_id": "370102001002",
		"event_time": "2025-12-20T08:00:00+08:00",
	}
	for i, f := range rec.Schema().Fields() {
		if w, ok := want[f.Name]; ok && Written(rec.Column(i), 0) != w {
			t.Errorf("%s is %q, not %q", f.Name, Written(rec.Column(i), 0), w)
		}
	}
}

// A fault the connector found, a record without time and a key with its
// separator are handled as the envelope says.
func TestEnvelope(t *testing.T) {
	p, _ := flowOf(t, "county_ledger", "household", 0)
	batch := NewBatch(memory.DefaultAllocator, p)
	defer batch.Release()
	chunk := households(t, 4)
	chunk.Rows[1].Fault = "total.mismatch"
	chunk.Rows[2].At = time.Time{}
	chunk.Rows[3].Fault = "somewhere.else"
	rejects := p.Apply(batch, chunk)
	var got []string
	for _, r := range rejects {
		got = append(got, fmt.Sprint(r.Index, " ", r.Rule, " ", r.Field))
	}
	if want := "1 total.mismatch |2 time.required event_time|3 somewhere.else "; strings.Join(got, "|") != want {
		t.Errorf("rejects are %q", strings.Join(got, "|"))
	}
	rec := batch.Take()
	defer rec.Release()
	i := rec.Schema().FieldIndices("src_record_id")[0]
	if key := Written(rec.Column(i), 0); !strings.HasSuffix(key, "|2025") {
		t.Errorf("src_record_id is %q", key)
	}
}

// A batch can take several chunks, is empty after Take, and is usable again.
func TestBatchReuse(t *testing.T) {
	p, _ := flowOf(t, "county_ledger", "household", 0)
	batch := NewBatch(memory.DefaultAllocator, p)
	defer batch.Release()
	chunk := households(t, 100)
	for range 2 {
		p.Apply(batch, chunk)
		p.Apply(batch, chunk)
		if batch.Rows() != 200 || batch.Bytes() < 200*100 {
			t.Errorf("%d rows, %d bytes", batch.Rows(), batch.Bytes())
		}
		rec := batch.Take()
		if rec.NumRows() != 200 || batch.Rows() != 0 || batch.Bytes() != 0 {
			t.Errorf("took %d rows, %d left", rec.NumRows(), batch.Rows())
		}
		rec.Release()
	}
}

func BenchmarkGridEvent(b *testing.B) {
	p, _ := flowOf(b, "city_operations", "grid_event", 0)
	chunk := &record.Chunk{Topic: "in.city_operations.grid_event"}
	category := shipped().Code("grid_event_category").Codes[0].Zh
	outcome := shipped().Code("grid_event_outcome").Codes[0].Zh
	for i, code := range villages(b, 10000) {
		v := fmt.Sprintf(`{"seq":%d,"event_no":"E%010d","grid_code":"%s%03d","category":%q,"reported_at":"2025-06-%02d 08:30:00","assigned_at":"2025-06-%02d 09:30:00","closed_at":"2025-07-01 09:30:00","handling_tier":"T","outcome":%q,"on_time":"是"}`,
			i, i, code, 1+i%20, category, 1+i%28, 1+i%28, outcome)
		chunk.Append(record.Envelope{Key: fmt.Appendf(nil, "E%010d", i), Value: []byte(v), Offset: int64(i), Place: "seq 1"})
	}
	benchmark(b, p, chunk)
}

func BenchmarkHousehold(b *testing.B) {
	p, _ := flowOf(b, "county_ledger", "household", 0)
	benchmark(b, p, households(b, 10000))
}

func benchmark(b *testing.B, p *Plan, chunk *record.Chunk) {
	batch := NewBatch(memory.DefaultAllocator, p)
	defer batch.Release()
	b.ReportAllocs()
	var from, to syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &from)
	for b.Loop() {
		if r := p.Apply(batch, chunk); len(r) > 0 {
			b.Fatal(r[0].Rule, r[0].Field)
		}
		batch.Take().Release()
	}
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &to)
	cpu := time.Duration(to.Utime.Nano() + to.Stime.Nano() - from.Utime.Nano() - from.Stime.Nano())
	b.ReportMetric(float64(b.N)*float64(len(chunk.Rows))/cpu.Seconds(), "rows/cpu-s")
}
