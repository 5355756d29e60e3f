package files

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rongtong/schemas/record"
)

// envInt is a size that a benchmark takes from the environment.
func envInt(tb testing.TB, name string, or int) int {
	s := os.Getenv(name)
	if s == "" {
		return or
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	return n
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// writeLedger writes a ledger of a format to a file, without holding it.
func writeLedger(tb testing.TB, path, maker string, rows int, row func(i int) []string, columns []string) {
	tb.Helper()
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	m := newMaker(tb, maker, f, columns, rows)
	if x, ok := m.(*xlsxMaker); ok {
		spill, err := os.CreateTemp(tb.TempDir(), "texts")
		if err != nil {
			tb.Fatal(err)
		}
		defer spill.Close()
		io.Copy(spill, &x.shared)
		w := bufio.NewWriterSize(spill, 1<<20)
		x.spill = buffered{w, spill}
	}
	for i := range rows {
		m.row(row(i))
	}
	m.end()
	f.Close()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, at, at); err != nil {
		tb.Fatal(err)
	}
}

// buffered is a file that is written through a buffer and then read.
type buffered struct {
	w *bufio.Writer
	f *os.File
}

func (b buffered) Write(p []byte) (int, error) { return b.w.Write(p) }
func (b buffered) Read(p []byte) (int, error)  { return b.f.Read(p) }
func (b buffered) Seek(off int64, whence int) (int64, error) {
	if err := b.w.Flush(); err != nil {
		return 0, err
	}
	return b.f.Seek(off, whence)
}

// drainSource reads to the end and returns how many records there were.
func drainSource(tb testing.TB, s *source, each func(reads int)) (n int) {
	var c record.Chunk
	for reads := 0; ; reads++ {
		c.Reset()
		_, err := s.Read(tb.Context(), &c)
		if err == io.EOF {
			return n
		}
		if err != nil {
			tb.Fatal(err)
		}
		for i := range c.Rows {
			if c.Rows[i].Fault != "" {
				tb.Fatalf("%s: %s", c.Rows[i].Place, c.Rows[i].Fault)
			}
		}
		n += len(c.Rows)
		if each != nil {
			each(reads)
		}
	}
}

// BenchmarkFormats reads a ledger of five columns in every format from a
// folder: listing, copy, proof and delivery. RONGTONG_BENCH_ROWS says how many
// rows, 100,000 by default.
func BenchmarkFormats(b *testing.B) {
	rows := envInt(b, "RONGTONG_BENCH_ROWS", 100_000)
	for _, f := range append([]format{csvFormat}, formatsOfWorld()...) {
		if f.name == "zip" {
			continue // it is CSV again
		}
		b.Run(f.name, func(b *testing.B) {
			dir := b.TempDir()
			size := int64(0)
			each := rows
			if f.name == "xls" {
				each = min(rows, 40_000)
			}
			want := 0
			for i := 0; want < rows; i++ {
				p := filepath.Join(dir, fmt.Sprintf("%06d.%s", i, f.ext))
				n := min(each, rows-want)
				if strings.HasPrefix(f.name, "csv") || f.name == "tsv" {
					put(b, p, f.write(b, "370102", n, i), 0)
				} else {
					writeLedger(b, p, f.name, n, func(k int) []string { return ledgerRow("370102", k, i) }, ledgerColumns)
				}
				st, _ := os.Stat(p)
				size += st.Size()
				want += n
			}
			made.Clear()
			sys := one(b, dir, `{ path: '.*', `+f.from+`, header: [区划代码, 月份, 常住户数, 身份证号] }`, `{ 区划代码: text, 月份: text, 常住户数: text }`)
			sys.Streams[0].Value.Key = []string{"区划代码"}
			sys.Streams[0].Value.Drop = []string{"身份证号"}
			b.ReportAllocs()
			n, before := 0, cpuTime()
			for b.Loop() {
				n += drainSource(b, open(b, kindOf("folder"), sys, "s", nil), nil)
			}
			if n != want*b.N {
				b.Fatal(n, want)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(n)/(cpuTime()-before).Seconds(), "rows/cpu-s")
			b.ReportMetric(float64(size)/float64(want), "bytes/row")
		})
	}
}

// hugeRow has no two texts alike, in eight columns of which three are numbers:
// what is worst for the texts that a workbook shares.
func hugeRow(i int) []string {
	h := uint64(i)*0x9E3779B97F4A7C15 + 1
	next := func() uint64 { h ^= h << 13; h ^= h >> 7; h ^= h << 17; return h }
	return []string{fmt.Sprintf("%012d", i), fmt.Sprintf("村%x", next()), fmt.Sprintf("%x%x", next(), next()), fmt.Sprintf("某街道%x号", next()),
		fmt.Sprint(next() % 1e6), fmt.Sprint(next() % 1e4), fmt.Sprint(next() % 100), fmt.Sprintf("备注%x%x", next(), next())}
}

var hugeColumns = []string{"代码", "名称", "摘要", "地址", "户数", "人数", "类别", "备注"}

const hugeHeader = `header: [代码, 名称, 摘要, 地址, 户数, 人数, 类别, 备注]`
const hugeFields = `{ 代码: text, 名称: text, 摘要: text, 地址: text, 户数: text, 人数: text, 类别: text, 备注: text }`

// resident is the most memory that the process had since the last clear.
func resident(tb testing.TB) float64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			return float64(kb) / 1024
		}
	}
	return 0
}

func clearResident(tb testing.TB) {
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkHuge reads one file of RONGTONG_HUGE_ROWS rows in each of csv and
// xlsx and reports the memory that the process had at most: with 8,600,000 rows
// the workbook has 1 GB, with 19,000,000 the CSV has 2 GB.
func BenchmarkHuge(b *testing.B) {
	rows := envInt(b, "RONGTONG_HUGE_ROWS", 200_000)
	for _, f := range []string{"csv", "xlsx"} {
		b.Run(f, func(b *testing.B) {
			dir := b.TempDir()
			p := filepath.Join(dir, "x."+f)
			writeLedger(b, p, f, rows, hugeRow, hugeColumns)
			st, _ := os.Stat(p)
			from := `{ path: '.*', format: csv, ` + hugeHeader + ` }`
			if f == "xlsx" {
				from = `{ path: '.*', format: xlsx, sheet: s, ` + hugeHeader + ` }`
			}
			sys := formatStream(b, dir, from, hugeFields)
			clearResident(b)
			before := cpuTime()
			n := 0
			for b.Loop() {
				n += drainSource(b, open(b, kindOf("folder"), sys, "s", nil), nil)
			}
			if n != rows*b.N {
				b.Fatal(n)
			}
			b.ReportMetric(resident(b), "MiB-resident")
			b.ReportMetric(float64(st.Size())/(1<<20), "MiB-file")
			b.ReportMetric(float64(n)/(cpuTime()-before).Seconds(), "rows/cpu-s")
		})
	}
}

// TestLargeWorkbookInBoundedMemory: what is alive after any Read does not grow
// with the sheet, nor with the texts that its cells share.
func TestLargeWorkbookInBoundedMemory(t *testing.T) {
	const rows, limit = 300_000, 48 << 20
	dir := t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	writeLedger(t, filepath.Join(dir, "x.xlsx"), "xlsx", rows, hugeRow, hugeColumns)
	made.Clear()
	var base runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&base)
	s := open(t, kindOf("folder"), formatStream(t, dir, `{ path: '.*', format: xlsx, sheet: s, `+hugeHeader+` }`, hugeFields), "s", nil)
	peak := uint64(0)
	n := drainSource(t, s, func(reads int) {
		if reads%8 == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc-min(base.HeapAlloc, m.HeapAlloc))
		}
	})
	t.Logf("%d records, at most %.1f MiB alive", n, float64(peak)/(1<<20))
	if n != rows || peak > limit {
		t.Errorf("%d records of %d, %d bytes alive", n, rows, peak)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "*")); len(left) > 0 {
		t.Errorf("temporary copies are left: %v", left)
	}
}
