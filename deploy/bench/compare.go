package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"rongtong/deploy/embedded"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// Comparison says how the reference workload is run on engines of its own.
type Comparison struct {
	Rows, Rounds, Workers int
	Native                bool   // load over ClickHouse's own protocol, too
	Dir                   string // for the engines; empty: a temporary folder that is removed
	Out                   io.Writer
	FetchProgress         func(done, total int64, what string)
}

// program is what a round runs.
type program struct {
	name                      string
	declared, native, rowwise bool
}

// programs of a comparison, in the order in which a round runs them.
func (c Comparison) programs() []program {
	list := []program{
		{name: "rongtong, declared entity (33 columns)", declared: true},
		{name: "row-wise clickhouse-go (20 columns)", rowwise: true, native: true},
		{name: "rongtong, plain table (20 columns)"},
	}
	if c.Native {
		list = append(list, program{name: "rongtong, declared entity, native", declared: true, native: true}, program{name: "rongtong, plain table, native", native: true})
	}
	return list
}

// Table20 is the plain table of the reference workload: 6 String, 6
// LowCardinality, 2 DateTime64, 3 Decimal(18,4), UInt64, UInt32, UInt8.
const table20 = `CREATE TABLE bench.%s (serial UInt64, event_id String, title String, address String, org_name String, remark String, division String,
	category LowCardinality(String), outcome LowCardinality(String), tier LowCardinality(String), severity LowCardinality(String), channel LowCardinality(String), facility LowCardinality(String),
	reported_at DateTime64(3), closed_at DateTime64(3), amount Decimal(18, 4), area Decimal(18, 4), score Decimal(18, 4), households UInt32, urgency UInt8)
	ENGINE = MergeTree ORDER BY (division, event_id) SETTINGS non_replicated_deduplication_window = 10000`

// Compare starts a broker and an engine, fills the topic, and runs the programs
// in turn, each as a process of its own, for some rounds. It returns the
// reports of every round.
func Compare(ctx context.Context, c Comparison) ([]Report, error) {
	e, w, stop, err := engines(ctx, c.Dir, c.Out, c.FetchProgress)
	if err != nil {
		return nil, err
	}
	defer stop()
	catalog, stream, err := Reference()
	if err != nil {
		return nil, err
	}
	if err = migrate(ctx, w, catalog); err == nil {
		err = w.Exec(ctx, "CREATE DATABASE IF NOT EXISTS bench")
	}
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(c.Out, "writing %d records of the reference workload to %q, %d partitions, zstd\n", c.Rows, stream.Topic, stream.Partitions())
	if err := Fill(ctx, Filling{Brokers: []string{e.Kafka}, Topic: stream.Topic, Partitions: stream.Partitions(), Rows: c.Rows}); err != nil {
		return nil, err
	}
	var all []Report
	for round := range c.Rounds {
		for _, p := range c.programs() {
			r, err := c.one(ctx, e, w, stream.Topic, p, round)
			if err != nil {
				return all, fmt.Errorf("running %s: %w", p.name, err)
			}
			fmt.Fprintln(c.Out, "  "+r.String())
			all = append(all, r)
		}
	}
	return all, nil
}

// engines starts a broker and an engine on free ports, in a temporary folder that
// is removed at the end unless one is given.
func engines(ctx context.Context, dir string, out io.Writer, progress embedded.Progress) (e *embedded.Engines, w *warehouse.Warehouse, stop func(), err error) {
	clean := func() {}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "rongtong-bench-*"); err != nil {
			return nil, nil, nil, err
		}
		clean = func() { os.RemoveAll(dir) }
	}
	ports, err := freePorts(3)
	if err == nil {
		fmt.Fprintf(out, "starting a broker and an engine in %s\n", dir)
		e, err = embedded.Start(ctx, embedded.Options{Data: dir, BrokerPort: ports[0], HTTPPort: ports[1], NativePort: ports[2], Progress: progress})
	}
	if err != nil {
		clean()
		return nil, nil, nil, err
	}
	if w, err = warehouse.Open(ctx, e.Warehouse); err != nil {
		e.Stop()
		clean()
		return nil, nil, nil, err
	}
	return e, w, func() { w.Close(); e.Stop(); clean() }, nil
}

// one runs one program in a process of its own against an empty table.
func (c Comparison) one(ctx context.Context, e *embedded.Engines, w *warehouse.Warehouse, topic string, p program, round int) (Report, error) {
	table, address := fmt.Sprintf("bench.t%d_%d", round, rand.Uint32()), e.Warehouse
	if p.declared {
		table = "std.bench_event"
		if err := w.Exec(ctx, "TRUNCATE TABLE "+table); err != nil {
			return Report{}, err
		}
	} else {
		drop, err := plainTable(ctx, w, table)
		if err != nil {
			return Report{}, err
		}
		defer drop()
	}
	args := []string{"bench", "load", "--json", "--brokers", e.Kafka, "--topic", topic, "--table", table, "--workers", strconv.Itoa(c.Workers), "--log-level", "warn"}
	if p.native {
		address = e.Native
	}
	if p.rowwise {
		args = append(args, "--rowwise", "--observe", e.Warehouse)
	}
	r, err := child(ctx, append(args, "--warehouse", address))
	if err != nil {
		return r, err
	}
	r.Program = p.name
	var n uint64
	if err := w.QueryRow(ctx, "SELECT count() FROM "+table, []any{&n}); err != nil {
		return r, err
	}
	if n != uint64(c.Rows) {
		return r, fault.New(fault.Bug, "%d rows are in %q, want %d", n, table, c.Rows)
	}
	return r, nil
}

// plainTable makes the plain table under a name; drop removes it again.
func plainTable(ctx context.Context, w *warehouse.Warehouse, table string) (drop func(), err error) {
	_, name, _ := strings.Cut(table, ".")
	if err := w.Exec(ctx, fmt.Sprintf(table20, name)); err != nil {
		return nil, err
	}
	return func() { _ = w.Exec(context.WithoutCancel(ctx), "DROP TABLE "+table+" SYNC") }, nil
}

func (r Report) String() string {
	return fmt.Sprintf("%-40s %8.0f rows/s  %8.0f rows/client-CPU-s  %5.2f engine CPU-s/million  %5.0f MB  %7.4f allocs/row  fetch %2.0f%% transform %2.0f%% load %2.0f%%",
		r.Program, r.RowsPerS, r.RowsPerCPU, r.EngineCPU, r.PeakRSS, r.AllocsPerRow, 100*r.Stages.Fetch, 100*r.Stages.Transform, 100*r.Stages.Load)
}

// Medians takes the median of every figure over the rounds of each program.
func Medians(all []Report) []Report {
	var out []Report
	for _, r := range all {
		if slices.ContainsFunc(out, func(o Report) bool { return o.Program == r.Program }) {
			continue
		}
		for _, f := range []func(*Report) *float64{
			func(r *Report) *float64 { return &r.Seconds }, func(r *Report) *float64 { return &r.RowsPerS },
			func(r *Report) *float64 { return &r.ClientCPU }, func(r *Report) *float64 { return &r.RowsPerCPU },
			func(r *Report) *float64 { return &r.EngineCPU }, func(r *Report) *float64 { return &r.PeakRSS },
			func(r *Report) *float64 { return &r.AllocsPerRow }, func(r *Report) *float64 { return &r.Stages.Fetch },
			func(r *Report) *float64 { return &r.Stages.Transform }, func(r *Report) *float64 { return &r.Stages.Load },
		} {
			var vs []float64
			for _, o := range all {
				if o.Program == r.Program {
					vs = append(vs, *f(&o))
				}
			}
			slices.SortFunc(vs, cmp.Compare)
			*f(&r) = vs[len(vs)/2]
		}
		out = append(out, r)
	}
	return out
}

// LoadRowwise loads the topic the way most Go sinks do: kafka-go's Reader,
// encoding/json into a map, one Append per row, 100,000 rows an insert. observe
// is the warehouse's HTTP address, for its CPU time.
func LoadRowwise(ctx context.Context, s Source, observe string) (Report, error) {
	r := Report{Program: "row-wise", Topic: s.Topic, Table: s.Table}
	k, err := topics.Dial(ctx, s.Brokers, topics.WithLogger(s.Log))
	if err != nil {
		return r, err
	}
	defer k.Close()
	w, err := warehouse.Open(ctx, observe)
	if err != nil {
		return r, err
	}
	defer w.Close()
	columns, err := w.Describe(ctx, s.Table)
	if err != nil {
		return r, err
	}
	ends, err := k.Ends(ctx, s.Topic)
	if err != nil {
		return r, err
	}
	m, err := start(ctx, w)
	if err != nil {
		return r, err
	}
	errs := make(chan error)
	rows := make(chan int64, len(ends[s.Topic]))
	for p, b := range ends[s.Topic] {
		go func() {
			n, err := rowwisePartition(ctx, k, s, columns, p, b)
			rows <- n
			errs <- err
		}()
	}
	for range ends[s.Topic] {
		if e := <-errs; e != nil {
			err = e
		}
		r.Rows += <-rows
	}
	if err != nil {
		return r, err
	}
	return r, m.stop(ctx, w, &r)
}

func freePorts(n int) ([]int, error) {
	var ports []int
	for range 1000 {
		ln, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
		if err != nil {
			continue
		}
		defer ln.Close() // all are held until all are found, so that they differ
		if ports = append(ports, ln.Addr().(*net.TCPAddr).Port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, fault.New(fault.Transient, "finding %d free ports: found %d", n, len(ports))
}
