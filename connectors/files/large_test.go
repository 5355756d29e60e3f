package files

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"rongtong/schemas/record"
)

// bigLedger writes a GB18030 table of at least size bytes, without holding it.
func bigLedger(tb testing.TB, path string, size int64) (rows int) {
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	w.Write(gb(tb, "a,名称,地址\n"))
	tail := gb(tb, ",某某社区居民委员会,\"山东省济南市历下区解放路街道, 一号\"\n")
	for n := int64(0); n < size; rows++ {
		k, _ := fmt.Fprintf(w, "%012d", rows)
		w.Write(tail)
		n += int64(k + len(tail))
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	f.Close()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, at, at); err != nil {
		tb.Fatal(err)
	}
	return rows
}

const bigFrom = `{ path: '.*', format: csv, encoding: gb18030, header: [a, 名称, 地址] }`
const bigFields = `{ a: text, 名称: text, 地址: text }`

// TestLargeFileInBoundedMemory: what is alive after any Read is the chunk and
// buffers, however large the file.
func TestLargeFileInBoundedMemory(t *testing.T) {
	const size, limit = 40 << 20, 32 << 20
	dir := t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	want := bigLedger(t, filepath.Join(dir, "x.csv"), size)
	s := open(t, kindOf("folder"), one(t, dir, bigFrom, bigFields), "s", nil)
	var c record.Chunk
	got, peak := 0, uint64(0)
	for reads := 0; ; reads++ {
		c.Reset()
		_, err := s.Read(t.Context(), &c)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got += len(c.Rows)
		if reads%8 == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
	}
	t.Logf("%d MiB, %d records, at most %.1f MiB alive", size>>20, got, float64(peak)/(1<<20))
	if got != want || peak > limit {
		t.Errorf("%d records of %d, %d bytes alive", got, want, peak)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "*")); len(left) > 0 {
		t.Errorf("temporary copies are left: %v", left)
	}
}

func BenchmarkLedger(b *testing.B) {
	dir := b.TempDir()
	rows := bigLedger(b, filepath.Join(dir, "x.csv"), 12<<20)
	sys := one(b, dir, bigFrom, bigFields)
	b.SetBytes(12 << 20)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		s := open(b, kindOf("folder"), sys, "s", nil)
		var c record.Chunk
		for {
			c.Reset()
			if _, err := s.Read(b.Context(), &c); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
			n += len(c.Rows)
		}
	}
	if n != rows*b.N {
		b.Fatal(n, rows)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkIdle is a look at a province's workbooks of which none is new.
func BenchmarkIdle(b *testing.B) {
	dir := b.TempDir()
	for i := range 1853 {
		put(b, filepath.Join(dir, fmt.Sprintf("37%07d_台账.csv", i)), fmt.Appendf(nil, "a\n%d\n", i), 0)
	}
	s := open(b, kindOf("folder"), one(b, dir, `{ path: '(?P<镇>\d{9})_.*\.csv', format: csv, header: [a] }`, `{ 镇: text, a: text }`), "s", nil)
	var c record.Chunk
	pos, err := s.Read(b.Context(), &c)
	if err != nil || len(c.Rows) != 1853 {
		b.Fatal(len(c.Rows), err)
	}
	defer func() { b.ReportMetric(float64(len(pos)), "position-bytes") }()
	for b.Loop() {
		c.Reset()
		if _, err := s.Read(b.Context(), &c); err != io.EOF {
			b.Fatal(err)
		}
	}
}
