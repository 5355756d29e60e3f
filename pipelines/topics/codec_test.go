package topics

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"
)

// sealed builds one batch.
func sealed(rs ...Record) []byte {
	var b builder
	for _, r := range rs {
		b.add(r)
	}
	out := b.seal(nil)
	stamp(out, 7, 1, 0)
	return out
}

// at moves a batch to an offset, as a broker does: the checksum does not cover it.
func at(batch []byte, base int64) []byte {
	out := bytes.Clone(batch)
	binary.BigEndian.PutUint64(out, uint64(base))
	return out
}

// marker builds a control batch.
func marker(base, producer int64) []byte {
	b := builder{}
	b.add(Record{Key: []byte{0, 0, 0, 0}, Value: []byte{0, 0, 0, 0, 0, 0}, Time: time.UnixMilli(1)})
	out := b.seal(nil)
	out[22] |= attrControl
	stamp(out, producer, 1, -1)
	return at(out, base)
}

func decode(set []byte, from, to int64, list []aborted) (out []FetchedRecord, next int64, want int, err error) {
	var d decoder
	next, want, err = d.each(set, from, to, list, func(r *FetchedRecord) error {
		c := *r
		c.Key, c.Value, c.Header = bytes.Clone(r.Key), bytes.Clone(r.Value), bytes.Clone(r.Header)
		out = append(out, c)
		return nil
	})
	return out, next, want, err
}

func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	some := func() []byte {
		switch r.IntN(4) {
		case 0:
			return nil
		case 1:
			return []byte{}
		}
		return bytes.Repeat([]byte{byte(r.IntN(256))}, r.IntN(3000))
	}
	for range 100 {
		var in []Record
		var want []FetchedRecord
		base := r.Int64N(1 << 40)
		for i := range 1 + r.IntN(50) {
			ms := time.UnixMilli(1764000000000 + r.Int64N(1e12) - 5e11) // out of order, too
			in = append(in, Record{Key: some(), Value: some(), Header: some(), Time: ms})
			want = append(want, FetchedRecord{Key: in[i].Key, Value: in[i].Value, Header: in[i].Header, Offset: base + int64(i), Time: ms})
			if r.IntN(3) == 0 {
				in[i].Trace = fmt.Sprintf("00-%032x-%016x-01", r.Uint64(), r.Uint64())
				want[i].Trace = []byte(in[i].Trace)
			}
		}
		got, next, _, err := decode(at(sealed(in...), base), 0, math.MaxInt64, nil)
		must(t, err)
		if !reflect.DeepEqual(want, got) || next != base+int64(len(in)) {
			t.Fatal(next, cmp.Diff(want, got))
		}
	}
}

func TestEach(t *testing.T) {
	v := func(s string) Record { return Record{Value: []byte(s), Time: time.UnixMilli(1)} }
	a, b := sealed(v("a0"), v("a1"), v("a2")), sealed(v("b0"))
	other := sealed(v("o"))
	stamp(other, 8, 0, 0)
	set := bytes.Join([][]byte{at(a, 10), at(other, 13), marker(14, 7), at(b, 20), marker(21, 7)}, nil)
	for _, tt := range []struct {
		name     string
		set      []byte
		from, to int64
		list     []aborted
		values   string
		next     int64
		want     bool
	}{
		{"all", set, 10, math.MaxInt64, nil, "a0 a1 a2 o b0", 22, false},
		{"starts inside of a batch", set, 11, math.MaxInt64, nil, "a1 a2 o b0", 22, false},
		{"ends inside of a batch", set, 10, 12, nil, "a0 a1", 12, false},
		{"ends before a marker", set, 10, 14, nil, "a0 a1 a2 o", 14, false},
		{"ends behind a marker", set, 10, 15, nil, "a0 a1 a2 o", 15, false},
		{"ends in a gap", set, 10, 18, nil, "a0 a1 a2 o", 18, false},
		{"first aborted", set, 10, math.MaxInt64, []aborted{{7, 10}}, "o b0", 22, false},
		{"second aborted", set, 10, math.MaxInt64, []aborted{{7, 20}}, "a0 a1 a2 o", 22, false},
		{"aborted before the start", set, 12, math.MaxInt64, []aborted{{7, 4}}, "o b0", 22, false},
		{"two aborted of one producer end at one marker", set, 10, math.MaxInt64, []aborted{{7, 2}, {7, 10}}, "o b0", 22, false},
		{"all aborted", set, 10, math.MaxInt64, []aborted{{7, 10}, {8, 13}, {7, 20}}, "", 22, false},
		{"cut behind the first batch", set[:len(a)+30], 10, math.MaxInt64, nil, "a0 a1 a2", 13, false},
		{"cut in the first batch", set[:len(a)-1], 10, math.MaxInt64, nil, "", 10, true},
		{"cut in the first header", set[:9], 10, math.MaxInt64, nil, "", 10, true},
		{"nothing", nil, 10, math.MaxInt64, nil, "", 10, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, next, want, err := decode(tt.set, tt.from, tt.to, tt.list)
			must(t, err)
			var values []string
			for _, r := range got {
				values = append(values, string(r.Value))
			}
			if s := strings.Join(values, " "); s != tt.values || next != tt.next || (want > 0) != tt.want {
				t.Errorf("%q, next %d, want %d bytes", s, next, want)
			}
			if tt.want && want < len(tt.set) {
				t.Errorf("asks for %d bytes", want)
			}
		})
	}
}

func TestDamage(t *testing.T) {
	good := sealed(Record{Value: bytes.Repeat([]byte("row "), 400)})
	for i := range good {
		if i >= 8 && i < 12 || i < 8 || i >= 12 && i < 17 || i == 16 {
			continue // not under the checksum; length and format are checked below
		}
		bad := bytes.Clone(good)
		bad[i] ^= 0x40
		if _, _, _, err := decode(bad, 0, math.MaxInt64, nil); !errors.Is(err, errChecksum) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
	}
	reseal := func(change func(b []byte)) []byte {
		b := bytes.Clone(good)
		change(b)
		binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[crcFrom:], castagnoli))
		return b
	}
	for name, bad := range map[string][]byte{
		"old format":     reseal(func(b []byte) { b[16] = 1 }),
		"negative size":  reseal(func(b []byte) { b[8] = 0xff }),
		"more records":   reseal(func(b []byte) { b[60] = 9 }),
		"unknown codec":  reseal(func(b []byte) { b[22] = b[22]&^attrCodec | 5 }),
		"wrong codec":    reseal(func(b []byte) { b[22] = b[22]&^attrCodec | codecGzip }),
		"broken payload": reseal(func(b []byte) { b[70] ^= 0xff; b[66] ^= 0xff }),
	} {
		if _, _, _, err := decode(bad, 0, math.MaxInt64, nil); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(sealed(Record{Key: []byte("k"), Value: []byte("v"), Header: []byte("h")}), uint8(0))
	f.Add(append(sealed(Record{Value: bytes.Repeat([]byte("x"), 2000)}), marker(1, 7)...), uint8(4))
	f.Add([]byte("\x82SNAPPY\x00"), uint8(2))
	f.Fuzz(func(t *testing.T, set []byte, codec uint8) {
		// As it is, and with a right checksum, so that what lies behind is reached.
		decode(set, 0, math.MaxInt64, []aborted{{7, 0}})
		if len(set) < batchHeader {
			return
		}
		b := bytes.Clone(set)
		binary.BigEndian.PutUint32(b[8:], uint32(len(b)-12))
		b[16] = 2
		b[22] = b[22]&^attrCodec | codec%6
		b[57], b[58] = 0, 0
		binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[crcFrom:], castagnoli))
		got, next, _, _ := decode(b, 0, math.MaxInt64, nil)
		for _, r := range got {
			if r.Offset < 0 || r.Offset > next && next > 0 && r.Offset-next > 1<<31 {
				t.Fatalf("offset %d, next %d", r.Offset, next)
			}
		}
	})
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 1})
	f.Add([]byte{0, 0, 0, 9, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}) // with a word about a quota
	f.Fuzz(func(t *testing.T, b []byte) {
		parseMetadata(b)
		s := &Session{c: &Client{line: &line{quota: &quota{}, most: maxSilence, log: slog.New(slog.DiscardHandler)}, leaders: map[string][]int32{}}, bufs: map[int32]*fetchBuf{0: {answer: b}}, grow: map[tp]int32{}}
		s.parse(0, []FetchFrom{{Topic: "a"}})
		s.bufs[0].version = fetchByID
		s.parse(0, []FetchFrom{{Topic: "a", ID: "AAAAAAAAAAAAAAAAAAAAAA"}})
		claims(b)
		txn := &Txn{p: &Producer{c: s.c, line: s.c.line}}
		txn.placed(b, []batch{{at: tp{"a", 0}}})
	})
}

func FuzzPosition(f *testing.F) {
	f.Add("=AAA")
	f.Add("@0:12:3:0000abcd")
	f.Fuzz(func(t *testing.T, meta string) {
		p, err := parsePosition(meta)
		if err == nil && p.inline == nil && (p.offset < 0 || p.size < 0) {
			t.Fatalf("%+v", p)
		}
	})
}

// rows are what a connector writes: about 300 bytes of JSON each.
func rows(n int) []Record {
	out := make([]Record, n)
	r := rand.New(rand.NewPCG(9, 10))
	for i := range out {
		out[i] = Record{Key: fmt.Appendf(nil, "37010%d", i), Header: []byte("0123456789abcdef"), Time: time.UnixMilli(1764000000000 + int64(i)),
			Value: fmt.Appendf(nil, `{"统一社会信用代码":"1137%010d","名称":"某社区居委会%d","区划代码":"370102%06d","成立日期":"20%02d年3月%d日","常住户数":"%d","负责人":null,"备注":"%x"}`,
				r.IntN(1e9), r.IntN(1e5), r.IntN(1e6), r.IntN(24), 1+r.IntN(28), r.IntN(5000), r.Uint64())}
	}
	return out
}

// fixture is an answer of ten batches of each codec that another client wrote.
func fixture(tb testing.TB, codec kgo.CompressionCodec, n int) []byte {
	tb.Helper()
	_, addrs := cluster(tb)
	c := dial(tb, addrs)
	ensure(tb, c, Topic{Name: "a", Partitions: 1})
	k := kclient(tb, addrs, kgo.ProducerBatchCompression(codec), kgo.DefaultProduceTopic("a"), kgo.ProducerLinger(50*time.Millisecond))
	for _, r := range rows(n) {
		k.Produce(ctxFor(tb), &kgo.Record{Key: r.Key, Value: r.Value, Headers: []kgo.RecordHeader{{Key: "rt", Value: r.Header}}}, nil)
	}
	must(tb, k.Flush(ctxFor(tb)))
	s := c.Session(FetchOptions{PartitionBytes: 64 << 20, MaxBytes: 64 << 20})
	got, err := s.Fetch(ctxFor(tb), []FetchFrom{{Topic: "a"}})
	must(tb, err)
	return bytes.Clone(got[0].set)
}

var codecs = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

// TestDecodeAllocates: reading costs nothing per record, whatever the codec.
func TestDecodeAllocates(t *testing.T) {
	for name, codec := range codecs {
		t.Run(name, func(t *testing.T) {
			const n = 5000
			set := fixture(t, codec, n)
			var d decoder
			count := 0
			count1 := func(*FetchedRecord) error { count++; return nil }
			perRun := testing.AllocsPerRun(5, func() {
				count = 0
				if _, _, err := d.each(set, 0, math.MaxInt64, nil, count1); err != nil || count != n {
					t.Fatal(count, err)
				}
			})
			if limit := 50.0; perRun > limit { // gzip and lz4 allocate a little per batch
				t.Errorf("%v allocations for %d records, limit %v", perRun, n, limit)
			}
		})
	}
}

func TestEncodeAllocates(t *testing.T) {
	rs := rows(3000)
	b := builder{}
	var out []byte
	encode := func() {
		for _, r := range rs {
			b.add(r)
		}
		out = b.seal(out[:0])
		stamp(out, 1, 1, 1)
	}
	for range runtime.GOMAXPROCS(0) {
		encode() // the compressor keeps a state for every core, made when it is used first
	}
	perRun := testing.AllocsPerRun(5, encode)
	if perRun > 4 {
		t.Errorf("%v allocations for a batch of %d records", perRun, len(rs))
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, codec := range codecs {
		b.Run(name, func(b *testing.B) {
			const n = 20_000
			set := fixture(b, codec, n)
			var d decoder
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := d.each(set, 0, math.MaxInt64, nil, func(*FetchedRecord) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	rs := rows(3000)
	var bu builder
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		for _, r := range rs {
			bu.add(r)
		}
		out = bu.seal(out[:0])
		stamp(out, 1, 1, 1)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rs)), "ns/record")
}

// BenchmarkTransaction writes 30,000 rows to 4 partitions per transaction and
// reads them back, over the network, with an in-process broker.
func BenchmarkTransaction(b *testing.B) {
	_, addrs := cluster(b)
	ctx, c := b.Context(), dial(b, addrs)
	ensure(b, c, Topic{Name: "a", Partitions: 4})
	p := producer(b, c, "one", "a")
	rs := rows(30_000)
	s := c.Session(FetchOptions{ReadCommitted: true})
	var from [4]FetchFrom
	for i := range from {
		from[i] = FetchFrom{Topic: "a", Partition: int32(i)}
	}
	b.ReportAllocs()
	for b.Loop() {
		txn := p.Begin()
		for i, r := range rs {
			txn.Append("a", int32(i%4), r)
		}
		must(b, txn.Commit(ctx))
		for n := 0; n < len(rs); {
			got, err := s.Fetch(ctx, from[:])
			must(b, err)
			for i := range got {
				next, err := got[i].Each(func(*FetchedRecord) error { n++; return nil })
				must(b, err)
				from[got[i].Partition].Offset = next
			}
		}
	}
	b.ReportMetric(float64(len(rs))*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
