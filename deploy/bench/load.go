package bench

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// Source is a topic to load and the table it goes to.
type Source struct {
	Brokers   []string
	Security  topics.Security
	Topic     string
	Warehouse string // http:// or clickhouse://user:${file:/path}@host:port
	Table     string // "std.bench_event", or any table whose columns are named like the fields
	// Group is the consumer group. Empty: a new one, which reads the topic from
	// its beginning; given: the load goes on where the group stands.
	Group   string
	Workers int
	// CSV says that the values are lines of CSV, the cells in the order of the
	// table's columns, and not JSON.
	CSV bool
	Log *slog.Logger
}

// Report is what one load took. Client figures are those of this process.
type Report struct {
	Program string `json:"program"`
	Topic   string `json:"topic"`
	Table   string `json:"table"`

	Rows     int64 `json:"rows"`
	Rejected int64 `json:"rejected"`
	Bytes    int64 `json:"value_bytes"`

	Seconds      float64 `json:"seconds"`
	RowsPerS     float64 `json:"rows_per_s"`
	ClientCPU    float64 `json:"client_cpu_s"`
	RowsPerCPU   float64 `json:"rows_per_client_cpu_s"`
	EngineCPU    float64 `json:"engine_cpu_s_per_million"`
	PeakRSS      float64 `json:"peak_rss_mb"`
	AllocsPerRow float64 `json:"allocs_per_row"`
	ExactlyOnce  bool    `json:"exactly_once"`
	Stages       Stages  `json:"stages"`
}

// Stages are shares of the client's CPU time.
type Stages struct {
	Fetch     float64 `json:"fetch"`     // fetch, decompress, check, copy into the block
	Transform float64 `json:"transform"` // decode, normalise, validate, build the columns
	Load      float64 `json:"load"`      // encode, send, commit; and the runtime's own work
}

// meter measures this process from start to stop.
type meter struct {
	at     time.Time
	cpu    float64
	engine float64
	mem    runtime.MemStats
}

func start(ctx context.Context, w *warehouse.Warehouse) (m meter, err error) {
	m.engine, err = w.EngineCPU(ctx)
	debug.FreeOSMemory() // what reading the declarations took is not the load's
	runtime.ReadMemStats(&m.mem)
	m.cpu, m.at = clientCPU(), time.Now()
	return m, err
}

func (m meter) stop(ctx context.Context, w *warehouse.Warehouse, r *Report) error {
	r.Seconds = time.Since(m.at).Seconds()
	r.ClientCPU = clientCPU() - m.cpu
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	engine, err := w.EngineCPU(ctx)
	n := float64(max(1, r.Rows+r.Rejected))
	r.RowsPerS, r.RowsPerCPU = n/r.Seconds, n/r.ClientCPU
	r.EngineCPU = (engine - m.engine) / n * 1e6
	r.AllocsPerRow = float64(mem.Mallocs-m.mem.Mallocs) / n
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	r.PeakRSS = float64(u.Maxrss) / 1024
	return err
}

func clientCPU() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// Load loads what the topic holds now and reports what it took. It is the
// loader of `rongtong up`, with the same protocol: killed at any moment and
// started again with the same group, it goes on and doubles nothing.
func Load(ctx context.Context, s Source) (Report, error) {
	r := Report{Program: "rongtong", Topic: s.Topic, Table: s.Table}
	k, err := topics.Dial(ctx, s.Brokers, topics.WithSecurity(s.Security), topics.WithLogger(s.Log))
	if err != nil {
		return r, err
	}
	defer k.Close()
	w, err := warehouse.Open(ctx, s.Warehouse)
	if err != nil {
		return r, err
	}
	defer w.Close()
	stream, err := s.stream(ctx, w)
	if err != nil {
		return r, err
	}
	set, err := w.Remembers(ctx, s.Table)
	if err != nil {
		return r, err
	}
	if set {
		s.Log.Warn("the table remembered no insert tokens, so a repeated insert would have doubled its rows; it does now", "table", s.Table)
	}
	r.ExactlyOnce = true
	ends, err := k.Ends(ctx, s.Topic)
	if err != nil {
		return r, err
	}
	group := s.Group
	if group == "" {
		group = "bench-" + strconv.FormatInt(time.Now().UnixNano(), 36) + "-" + strconv.Itoa(os.Getpid())
	}
	stored, err := k.Offsets(ctx, group, s.Topic)
	if err != nil {
		return r, err
	}
	load, done := context.WithCancel(ctx)
	defer done()
	t := tally{left: map[int32]int64{}, done: done}
	for p, b := range ends[s.Topic] {
		if b.Last > max(b.First, stored[s.Topic][int32(p)].Offset) {
			t.left[int32(p)] = b.Last
		}
	}
	if len(t.left) == 0 {
		return r, fault.Hint(fault.Config, "write to it first, or take another --group", "loading %q: it holds nothing that group %q has not loaded", s.Topic, group)
	}
	stages := &pipelines.Stages{}
	go t.others(load, k, group, s.Topic)
	l := &pipelines.Loader{Stages: stages, Kafka: k, Warehouse: w, Log: s.Log, Workers: max(1, s.Workers), Group: group, Loaded: t.loaded}
	m, err := start(ctx, w)
	if err != nil {
		return r, err
	}
	if err := l.Run(load, []*pipelines.Stream{stream}); err != nil {
		return r, err
	}
	if ctx.Err() != nil {
		return r, ctx.Err()
	}
	r.Rows, r.Rejected = t.rows, t.rejected
	err = m.stop(ctx, w, &r)
	r.Stages.Fetch, r.Stages.Transform = stages.Fetch().Seconds()/r.ClientCPU, stages.Transform().Seconds()/r.ClientCPU
	r.Stages.Load = 1 - r.Stages.Fetch - r.Stages.Transform
	return r, err
}

// tally counts what is loaded and ends the loader when everything is.
type tally struct {
	mu             sync.Mutex
	left           map[int32]int64
	rows, rejected int64
	done           func()
}

func (t *tally) loaded(s record.Span, accepted, rejected int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows, t.rejected = t.rows+int64(accepted), t.rejected+int64(rejected)
	if end, ok := t.left[s.Partition]; ok && s.To >= end {
		delete(t.left, s.Partition)
	}
	if len(t.left) == 0 {
		t.done()
	}
}

// others notices what other processes of the same group have loaded.
func (t *tally) others(ctx context.Context, k *topics.Client, group, topic string) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(2 * time.Second):
		}
		stored, err := k.Offsets(ctx, group, topic)
		if err != nil {
			continue
		}
		t.mu.Lock()
		for p, at := range stored[topic] {
			if end, ok := t.left[int32(p)]; ok && at.Offset >= end {
				delete(t.left, int32(p))
			}
		}
		if len(t.left) == 0 {
			t.done()
		}
		t.mu.Unlock()
	}
}

// stream finds the declared stream of the topic when the table is that of its
// entity, and otherwise derives one from the table's columns.
func (s Source) stream(ctx context.Context, w *warehouse.Warehouse) (*pipelines.Stream, error) {
	if !strings.Contains(s.Table, ".") {
		return nil, fault.New(fault.Config, "loading into %q: write <database>.<table>", s.Table)
	}
	c, reference, err := Reference()
	if err != nil {
		return nil, err
	}
	streams, _ := pipelines.Compile(c)
	for _, st := range append([]*pipelines.Stream{reference}, streams...) {
		for _, f := range st.Flows {
			if st.Topic != s.Topic || f.Table != s.Table {
				continue
			}
			if st == reference {
				return st, migrate(ctx, w, c)
			}
			return st, nil
		}
	}
	columns, err := w.Describe(ctx, s.Table)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, w, &schemas.Catalog{}); err != nil { // the ledger and the rejects
		return nil, err
	}
	return derive(c, s, columns)
}

// Filling says what Fill writes: rows [From, From+Rows) of the reference
// workload.
type Filling struct {
	Brokers    []string
	Security   topics.Security
	Topic      string
	Partitions int
	From, Rows int
	Progress   func(rows int) // may be nil
}

// Fill writes rows of the reference workload into a topic, which it creates, in
// transactions like those of ingest.
func Fill(ctx context.Context, f Filling) error {
	k, err := topics.Dial(ctx, f.Brokers, topics.WithSecurity(f.Security))
	if err != nil {
		return err
	}
	defer k.Close()
	if err := k.Ensure(ctx, []topics.Topic{{Name: f.Topic, Partitions: f.Partitions}}); err != nil {
		return err
	}
	rows, err := NewRows()
	if err != nil {
		return err
	}
	p, err := k.Producer(ctx, fmt.Sprintf("bench-fill-%s-%d", f.Topic, f.From), f.Topic) // several may fill one topic
	if err != nil {
		return err
	}
	defer p.Close()
	const perTransaction = 10_000
	for done := 0; done < f.Rows; {
		txn := p.Begin()
		for end := min(f.Rows, done+perTransaction); done < end; done++ {
			f.put(txn, rows, f.From+done)
		}
		if err := txn.Commit(ctx); err != nil {
			return fmt.Errorf("filling %q: %w", f.Topic, err)
		}
		if f.Progress != nil {
			f.Progress(done)
		}
	}
	return nil
}

// put writes row i as ingest would.
func (f Filling) put(txn *topics.Txn, rows *Rows, i int) {
	key, value := rows.Row(i)
	header := pipelines.AppendHeader(nil, &record.Envelope{Place: place(i)}, int64(i)+1)
	txn.Append(f.Topic, topics.Partition(key, f.Partitions), topics.Record{Key: key, Value: value, Header: header})
}

// Profile starts a CPU profile; the returned function ends it and writes the
// heap's profile beside it. With GODEBUG=memprofilerate=1 that one holds every
// allocation: go tool pprof -sample_index=alloc_objects.
func Profile(file string) (stop func(), err error) {
	f, err := os.Create(file)
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		return nil, fault.New(fault.Config, "writing a profile: %w", err)
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
		if h, err := os.Create(file + ".heap"); err == nil {
			runtime.GC() // the profile knows what was allocated up to the last collection
			_ = pprof.WriteHeapProfile(h)
			h.Close()
		}
	}, nil
}
