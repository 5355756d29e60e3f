package bench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// Scaling says how several loader processes share one topic, into the plain
// table of the reference workload. Empty addresses: engines of its own.
type Scaling struct {
	Rows       int
	Partitions int
	Processes  []int // how many loaders run at the same time, one run for each
	Workers    int   // of each loader
	Native     bool
	Dir        string
	Out        io.Writer
	Progress   func(done, total int64, what string) // of fetching the engines
}

// Scale is one run with so many processes. Times are from the first loader's
// start to the last one's end.
type Scale struct {
	Processes  int       `json:"processes"`
	Seconds    float64   `json:"seconds"`
	RowsPerS   float64   `json:"rows_per_s"`
	ClientCPU  float64   `json:"client_cpu_s"` // of all loaders
	RowsPerCPU float64   `json:"rows_per_client_cpu_s"`
	EngineCPU  float64   `json:"engine_cpu_s"`
	PeakRSS    float64   `json:"peak_rss_mb"` // of the largest loader
	Shares     []float64 `json:"shares"`      // of the rows, by loader, the largest first
	Rows       int64     `json:"rows"`
	Distinct   int64     `json:"distinct_rows"`
}

func (s Scale) String() string {
	shares := make([]string, len(s.Shares))
	for i, x := range s.Shares {
		shares[i] = fmt.Sprintf("%.0f %%", 100*x)
	}
	return fmt.Sprintf("%d processes: %8.0f rows/s  %8.0f rows/client-CPU-s  client %6.1f CPU-s  engine %6.1f CPU-s  %4.0f MB  shares %s  %d rows, %d distinct",
		s.Processes, s.RowsPerS, s.RowsPerCPU, s.ClientCPU, s.EngineCPU, s.PeakRSS, strings.Join(shares, ", "), s.Rows, s.Distinct)
}

// MeasureScale fills a topic and loads it once for every number of processes.
func MeasureScale(ctx context.Context, s Scaling) ([]Scale, error) {
	e, w, stop, err := engines(ctx, s.Dir, s.Out, s.Progress)
	if err != nil {
		return nil, err
	}
	defer stop()
	if err := w.Exec(ctx, "CREATE DATABASE IF NOT EXISTS bench"); err != nil {
		return nil, err
	}
	const topic = "in.bench.scale"
	fmt.Fprintf(s.Out, "writing %d records to %q, %d partitions, zstd\n", s.Rows, topic, s.Partitions)
	if err := Fill(ctx, Filling{Brokers: []string{e.Kafka}, Topic: topic, Partitions: s.Partitions, Rows: s.Rows}); err != nil {
		return nil, err
	}
	address := e.Warehouse
	if s.Native {
		address = e.Native
	}
	var all []Scale
	for _, n := range s.Processes {
		r, err := s.run(ctx, e.Kafka, address, topic, w, n)
		if err != nil {
			return all, fmt.Errorf("running %d loaders: %w", n, err)
		}
		fmt.Fprintln(s.Out, "  "+r.String())
		all = append(all, r)
	}
	return all, nil
}

func (s Scaling) run(ctx context.Context, brokers, address, topic string, w *warehouse.Warehouse, n int) (Scale, error) {
	out := Scale{Processes: n}
	table := fmt.Sprintf("bench.scale%d_%d", n, rand.Uint32())
	drop, err := plainTable(ctx, w, table)
	if err != nil {
		return out, err
	}
	defer drop()
	before, err := w.EngineCPU(ctx)
	if err != nil {
		return out, err
	}
	args := []string{"bench", "load", "--json", "--brokers", brokers, "--topic", topic, "--table", table, "--warehouse", address,
		"--group", "bench-" + strings.TrimPrefix(table, "bench."), "--workers", strconv.Itoa(s.Workers), "--log-level", "warn"}
	type ended struct {
		Report
		err error
	}
	done := make(chan ended, n)
	for range n {
		go func() {
			r, err := child(ctx, args)
			done <- ended{r, err}
		}()
	}
	for range n {
		r := <-done
		if r.err != nil {
			err = r.err
			continue
		}
		out.Rows += r.Rows
		out.ClientCPU += r.ClientCPU
		out.Seconds, out.PeakRSS = max(out.Seconds, r.Seconds), max(out.PeakRSS, r.PeakRSS)
		out.Shares = append(out.Shares, float64(r.Rows)/float64(s.Rows))
	}
	if err != nil {
		return out, err
	}
	slices.SortFunc(out.Shares, func(a, b float64) int { return int(1e6 * (b - a)) })
	out.RowsPerS, out.RowsPerCPU = float64(out.Rows)/out.Seconds, float64(out.Rows)/out.ClientCPU
	after, err := w.EngineCPU(ctx)
	if err != nil {
		return out, err
	}
	out.EngineCPU = after - before
	var rows, distinct uint64
	if err := w.QueryRow(ctx, "SELECT count(), uniqExact(serial) FROM "+table, []any{&rows, &distinct}); err != nil {
		return out, err
	}
	out.Rows, out.Distinct = int64(rows), int64(distinct)
	if out.Rows != int64(s.Rows) || out.Distinct != out.Rows {
		return out, fault.New(fault.Bug, "%d rows, %d of them distinct, are in %q, want %d", rows, distinct, table, s.Rows)
	}
	return out, nil
}

// Draining says what backlog is drained, and where.
type Draining struct {
	Rows       int
	Partitions int
	Brokers    []string // a broker that can hold it: the embedded one keeps 2 GiB
	Security   topics.Security
	Topic      string // filled if it is missing, otherwise taken as it is
	Warehouse  string // empty: an engine of its own
	Workers    int
	Every      time.Duration // between samples
	Dir        string
	Out        io.Writer
	Progress   func(done, total int64, what string)
}

// Sample is how a drain stood at a moment.
type Sample struct {
	At       float64 `json:"at_s"`
	Rows     int64   `json:"rows"` // loaded by then
	RowsPerS float64 `json:"rows_per_s"`
	ClientRS float64 `json:"client_rss_mb"`
	CPU      float64 `json:"client_cpu_s"`
}

func (s Sample) String() string {
	return fmt.Sprintf("%7.0f s  %11d rows  %8.0f rows/s  %5.0f MB  %7.1f CPU-s", s.At, s.Rows, s.RowsPerS, s.ClientRS, s.CPU)
}

// Drained is a whole backlog loaded by one process.
type Drained struct {
	Report
	Distinct int64    `json:"distinct_rows"`
	Disk     int64    `json:"table_bytes"`
	Samples  []Sample `json:"samples"`
}

// Drain fills a topic, then loads it, and samples the loader on the way.
func Drain(ctx context.Context, d Draining) (out Drained, err error) {
	address := d.Warehouse
	var stop func()
	var w *warehouse.Warehouse
	if address == "" {
		e, own, end, err := engines(ctx, d.Dir, d.Out, d.Progress)
		if err != nil {
			return out, err
		}
		address, w, stop = e.Warehouse, own, end
	} else if w, err = warehouse.Open(ctx, address); err != nil {
		return out, err
	} else {
		stop = func() { w.Close() }
	}
	defer stop()
	if err := d.fill(ctx); err != nil {
		return out, err
	}
	if err := w.Exec(ctx, "CREATE DATABASE IF NOT EXISTS bench"); err != nil {
		return out, err
	}
	table := fmt.Sprintf("bench.backlog_%d", rand.Uint32())
	drop, err := plainTable(ctx, w, table)
	if err != nil {
		return out, err
	}
	defer drop()
	args := []string{"bench", "load", "--json", "--brokers", strings.Join(d.Brokers, ","), "--topic", d.Topic, "--table", table,
		"--warehouse", address, "--workers", strconv.Itoa(d.Workers), "--log-level", "warn"}
	proc, err := startChild(ctx, args)
	if err != nil {
		return out, err
	}
	out.Samples = d.sample(ctx, w, table, proc)
	if out.Report, err = proc.report(); err != nil {
		return out, err
	}
	var rows, distinct, disk uint64
	db, name, _ := strings.Cut(table, ".")
	err = w.QueryRow(ctx, fmt.Sprintf("SELECT count(), uniq(serial), (SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = '%s' AND table = '%s') FROM %s", db, name, table), []any{&rows, &distinct, &disk})
	out.Distinct, out.Disk = int64(distinct), int64(disk)
	if err == nil && rows != uint64(out.Rows) {
		err = fault.New(fault.Bug, "%d rows are in %q, and the loader says %d", rows, table, out.Rows)
	}
	return out, err
}

func (d Draining) fill(ctx context.Context) error {
	k, err := topics.Dial(ctx, d.Brokers, topics.WithSecurity(d.Security))
	if err != nil {
		return err
	}
	defer k.Close()
	if counts, err := k.Partitions(ctx, d.Topic); err != nil || counts[d.Topic] > 0 {
		return err // it is there
	}
	fmt.Fprintf(d.Out, "writing %d records to %q, %d partitions, zstd\n", d.Rows, d.Topic, d.Partitions)
	began := time.Now()
	return Fill(ctx, Filling{Brokers: d.Brokers, Security: d.Security, Topic: d.Topic, Partitions: d.Partitions, Rows: d.Rows, Progress: func(n int) {
		if n%5_000_000 == 0 {
			fmt.Fprintf(d.Out, "  %d of %d records, %.0f s\n", n, d.Rows, time.Since(began).Seconds())
		}
	}})
}

// sample looks at the loader until it ends. What is loaded the server says, by
// what the table's parts hold.
func (d Draining) sample(ctx context.Context, w *warehouse.Warehouse, table string, p *process) []Sample {
	db, name, _ := strings.Cut(table, ".")
	var out []Sample
	began, last := time.Now(), Sample{}
	tick := time.NewTicker(d.Every)
	defer tick.Stop()
	for {
		select {
		case <-p.ended:
			return out
		case <-ctx.Done():
			return out
		case <-tick.C:
		}
		s := Sample{At: time.Since(began).Seconds()}
		var rows uint64
		if w.QueryRow(ctx, fmt.Sprintf("SELECT sum(rows) FROM system.parts WHERE active AND database = '%s' AND table = '%s'", db, name), []any{&rows}) != nil {
			continue
		}
		s.Rows = int64(rows)
		s.RowsPerS = float64(s.Rows-last.Rows) / (s.At - last.At)
		s.ClientRS, s.CPU = p.usage()
		fmt.Fprintln(d.Out, "  "+s.String())
		out, last = append(out, s), s
	}
}
