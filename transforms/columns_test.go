package transforms

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"rongtong/schemas/record"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// asColumns and asLines are the same records in the other two forms.
func asColumns(t testing.TB, p *Plan, c *record.Chunk) *Columns {
	t.Helper()
	var fields []arrow.Field
	for _, f := range p.fields {
		fields = append(fields, arrow.Field{Name: f, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	defer b.Release()
	for _, e := range c.Rows {
		var v map[string]*string
		if err := json.Unmarshal(e.Value, &v); err != nil {
			t.Fatal(err)
		}
		for i, f := range p.fields {
			if s := v[f]; s == nil {
				b.Field(i).AppendNull()
			} else {
				b.Field(i).(*array.StringBuilder).Append(*s)
			}
		}
	}
	rec := b.NewRecord()
	t.Cleanup(rec.Release)
	return &Columns{Topic: c.Topic, Partition: c.Partition, Fields: rec, Rows: c.Rows}
}

func asLines(t testing.TB, p *Plan, c *record.Chunk) *record.Chunk {
	t.Helper()
	out := &record.Chunk{Topic: c.Topic, Partition: c.Partition, Format: record.CSV}
	for _, e := range c.Rows {
		var v map[string]*string
		if err := json.Unmarshal(e.Value, &v); err != nil {
			t.Fatal(err)
		}
		cells := make([]string, len(p.fields))
		for i, f := range p.fields {
			if s := v[f]; s != nil {
				cells[i] = *s
			}
		}
		var buf bytes.Buffer
		w := csv.NewWriter(&buf)
		if err := w.Write(cells); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		e.Value = buf.Bytes()
		out.Append(e)
	}
	return out
}

// Records of JSON, lines of CSV and columns become the same rows and the same
// rejects.
func TestOnePlanForAllForms(t *testing.T) {
	p, _ := flowOf(t, "county_ledger", "committee", 0)
	rng := rand.New(rand.NewPCG(5, 6))
	words := []string{"居委会", " 村委会", "２０１２年３月５日", "2012-03-05", "昨天", "", "无", "a,b", "say \"hi\"", "two\nlines", "tab\there", "12年3月", "1  2", "\\back", "é", "ﬁ"}
	chunk := &record.Chunk{Topic: "t", Partition: 2}
	at := time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)
	for i, e := range committees(t, 2000).Rows {
		var v map[string]string
		if err := json.Unmarshal(e.Value, &v); err != nil {
			t.Fatal(err)
		}
		for f := range v {
			if rng.IntN(12) == 0 {
				v[f] = words[rng.IntN(len(words))]
			}
		}
		value, _ := json.Marshal(v)
		e.Value, e.At, e.Offset = value, at, int64(i)
		if i%50 == 0 {
			e.Op = record.Delete
		}
		chunk.Append(e)
	}
	batch := func() *Batch { b := NewBatch(memory.DefaultAllocator, p); t.Cleanup(b.Release); return b }
	b1, b2, b3 := batch(), batch(), batch()
	want := p.Apply(b1, chunk)
	lines := p.Apply(b2, asLines(t, p, chunk))
	columns, err := p.ApplyColumns(b3, asColumns(t, p, chunk))
	if err != nil {
		t.Fatal(err)
	}
	if len(want) < 100 || len(want) > 1900 {
		t.Fatalf("%d rejects: the mix tests nothing", len(want))
	}
	for name, got := range map[string][]Reject{"lines": lines, "columns": columns} {
		if len(got) != len(want) {
			t.Fatalf("%d rejects of %s, %d of JSON", len(got), name, len(want))
		}
		for i := range got {
			if got[i].Index != want[i].Index || got[i].Rule != want[i].Rule || got[i].Field != want[i].Field {
				t.Fatalf("%s: %+v, JSON: %+v", name, got[i], want[i])
			}
		}
	}
	rec := b1.Take()
	defer rec.Release()
	for name, b := range map[string]*Batch{"lines": b2, "columns": b3} {
		got := b.Take()
		if !array.RecordEqual(rec, got) {
			t.Errorf("the rows of %s differ", name)
		}
		got.Release()
	}
}

// Values that are no texts are read as JSON would write them.
func TestColumnTypes(t *testing.T) {
	mem := memory.DefaultAllocator
	for _, tc := range []struct {
		typ  arrow.DataType
		json string
		want string
	}{
		{arrow.PrimitiveTypes.Int64, `[-12, null]`, `num -12|null `},
		{arrow.PrimitiveTypes.Uint64, `[4294967296]`, `num 4294967296`},
		{arrow.PrimitiveTypes.Uint8, `[7]`, `num 7`},
		{arrow.PrimitiveTypes.Float64, `[1.5, 1e21]`, `num 1.5|num 1000000000000000000000`},
		{arrow.FixedWidthTypes.Boolean, `[true, false]`, `yes |no `},
		{arrow.FixedWidthTypes.Date32, `["2025-03-01"]`, `str 2025-03-01`},
		{arrow.FixedWidthTypes.Timestamp_ms, `["2025-03-01T00:00:00.25Z"]`, `num 1740787200250`},
		{&arrow.Decimal128Type{Precision: 18, Scale: 4}, `["12.5"]`, `num 12.5000`},
		{arrow.BinaryTypes.LargeString, `["甲\n", "乙"]`, "str 甲\n|str 乙"},
	} {
		a, _, err := array.FromJSON(mem, tc.typ, strings.NewReader(tc.json))
		if err != nil {
			t.Fatal(err)
		}
		cell := cellsOf(a)
		s := newScanner([]string{"f"})
		var got []string
		for i := range a.Len() {
			s.columns([]cellOf{cell}, i)
			kinds := map[slotKind]string{str: "str", num: "num", yes: "yes", no: "no", null: "null"}
			got = append(got, kinds[s.slots[0].kind]+" "+string(s.slots[0].b))
		}
		if strings.Join(got, "|") != tc.want {
			t.Errorf("%s: got %q, want %q", tc.typ, strings.Join(got, "|"), tc.want)
		}
		a.Release()
	}
	list, _, _ := array.FromJSON(mem, arrow.ListOf(arrow.PrimitiveTypes.Int64), strings.NewReader(`[[1]]`))
	if cellsOf(list) != nil {
		t.Error("a list can be read")
	}
}

// A line is split as encoding/csv splits it.
func FuzzLine(f *testing.F) {
	for _, s := range []string{"a,b,c", `"a,""b""",,c`, "a,b", "a,b,c,d", `"a`, `a"b,c,d`, "a,\"b\nc\",d\r\n", "甲,　乙,\tc", ",,", `"",b,c`, "a,b,c\nd,e,f", `"a"b,c,d`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		if bytes.ContainsRune(v, '\r') || len(bytes.TrimRight(v, "\n")) == 0 {
			return // encoding/csv drops those that stand inside, and skips empty lines
		}
		s := newScanner([]string{"a", "b", "c"})
		s.format = record.CSV
		rule := s.scan(v)
		r := csv.NewReader(bytes.NewReader(v))
		r.FieldsPerRecord = -1
		want, err := r.Read()
		_, more := r.Read()
		good := err == nil && more == io.EOF && len(want) == 3
		if rule == ruleEncodingLoss {
			return
		}
		if good != (rule == "") {
			t.Fatalf("%q: rule %q; encoding/csv says %q, %v, then %v", v, rule, want, err, more)
		}
		for i := range s.slots {
			if good && string(s.slots[i].b) != want[i] {
				t.Fatalf("%q: cell %d is %q, want %q", v, i, s.slots[i].b, want[i])
			}
			if good {
				compareClean(t, s.slots[i])
			}
		}
	})
}

func compareClean(t *testing.T, got slot) {
	t.Helper()
	for _, f := range []form{plain, compat} {
		st := &state{}
		if got.clean && got.kind == str {
			if b := st.clean(got.b, f); string(b) != string(got.b) || st.flags != 0 {
				t.Fatalf("%q counts as clean, and cleaning makes %q of it", got.b, b)
			}
		}
	}
}

func BenchmarkCommitteeCSV(b *testing.B) {
	p, _ := flowOf(b, "county_ledger", "committee", 0)
	benchmark(b, p, asLines(b, p, committees(b, 10000)))
}
