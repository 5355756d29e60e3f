package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
)

// Pushing says how rows are pushed while their freshness is measured.
type Pushing struct {
	Rate          int           // rows a second; 0: as many as go
	For           time.Duration // how long
	Workers       int
	Out           io.Writer
	Log           *slog.Logger
	FetchProgress func(done, total int64, what string)
}

// Freshness is how long rows took from the moment they were pushed, before
// Kafka had them, until a query saw them.
type Freshness struct {
	Rate float64 `json:"rows_per_s"`
	Rows int     `json:"rows"`
	P50  float64 `json:"p50_s"`
	P99  float64 `json:"p99_s"`
	Max  float64 `json:"max_s"`
}

func (f Freshness) String() string {
	return fmt.Sprintf("%d rows at %.0f rows/s: queryable after %.2f s (p50), %.2f s (p99), %.2f s (at most)", f.Rows, f.Rate, f.P50, f.P99, f.Max)
}

// pushed are rows of one transaction in one partition: they become visible
// together, or earlier ones first.
type pushed struct {
	partition int32
	last      int64 // offset
	rows      int
	at        time.Time
	seen      time.Duration // 0: not yet
}

// MeasureFreshness starts engines and a loader, pushes rows of the reference
// workload, ten transactions a second, and asks the warehouse all the while how
// far it has come.
func MeasureFreshness(ctx context.Context, p Pushing) (Freshness, error) {
	var f Freshness
	e, w, stop, err := engines(ctx, "", p.Out, p.FetchProgress)
	if err != nil {
		return f, err
	}
	defer stop()
	catalog, stream, err := Reference()
	if err != nil {
		return f, err
	}
	if err := migrate(ctx, w, catalog); err != nil {
		return f, err
	}
	k, err := topics.Dial(ctx, []string{e.Kafka}, topics.WithLogger(p.Log))
	if err != nil {
		return f, err
	}
	defer k.Close()
	if err := k.Ensure(ctx, pipelines.Topics([]*pipelines.Stream{stream})); err != nil {
		return f, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Add(1)
	go func() {
		defer wg.Done()
		l := &pipelines.Loader{Kafka: k, Warehouse: w, Log: p.Log, Workers: max(1, p.Workers), Session: 2 * time.Second}
		_ = l.Run(ctx, []*pipelines.Stream{stream})
	}()
	warm := &tracker{}
	first, err := warm.push(ctx, k, stream, Pushing{Rate: 1000, For: time.Millisecond})
	if err == nil {
		err = <-first
	}
	for err == nil && !warm.allSeen() { // the loader has joined its group
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(25 * time.Millisecond):
			err = warm.look(ctx, w)
		}
	}
	if err != nil {
		return f, err
	}
	fmt.Fprintf(p.Out, "pushing for %s\n", p.For)
	t := &tracker{}
	pushing, err := t.push(ctx, k, stream, p)
	if err != nil {
		return f, err
	}
	began := time.Now()
	for err == nil {
		select {
		case err = <-pushing:
			if err != nil {
				return f, err
			}
			f.Rate = float64(t.rows()) / time.Since(began).Seconds()
			pushing = nil
		case <-time.After(25 * time.Millisecond):
			err = t.look(ctx, w)
		case <-ctx.Done():
			return f, ctx.Err()
		}
		if pushing == nil && t.allSeen() {
			break
		}
		if err == nil && pushing == nil && time.Since(began) > p.For+time.Minute {
			return f, fmt.Errorf("measuring freshness: a minute after the last row not all are there")
		}
	}
	if err != nil {
		return f, err
	}
	t.sum(&f)
	return f, nil
}

// tracker knows what was pushed and what was seen.
type tracker struct {
	mu   sync.Mutex
	list []pushed
}

// push begins to push in the background; the channel delivers the end.
func (t *tracker) push(ctx context.Context, k *topics.Client, stream *pipelines.Stream, p Pushing) (chan error, error) {
	rows, err := NewRows()
	if err != nil {
		return nil, err
	}
	producer, err := k.Producer(ctx, "bench-push", stream.Topic)
	if err != nil {
		return nil, err
	}
	filling := Filling{Topic: stream.Topic, Partitions: stream.Partitions()}
	done := make(chan error, 1)
	go func() {
		defer producer.Close()
		began, n := time.Now(), 0
		for time.Since(began) < p.For {
			at, size := time.Now(), 2000
			if p.Rate > 0 {
				due := began.Add(time.Duration(n) * time.Second / time.Duration(p.Rate))
				select {
				case <-ctx.Done():
					done <- ctx.Err()
					return
				case <-time.After(time.Until(due)):
				}
				at, size = time.Now(), max(1, p.Rate/10)
			}
			txn := producer.Begin()
			for range size {
				filling.put(txn, rows, n)
				n++
			}
			placed, err := txn.Flush(ctx)
			if err == nil {
				err = txn.Commit(ctx)
			}
			if err != nil {
				done <- err
				return
			}
			t.add(placed, at)
		}
		done <- nil
	}()
	return done, nil
}

func (t *tracker) add(placed []topics.Placed, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range placed {
		t.list = append(t.list, pushed{partition: p.Partition, last: p.Base + int64(p.Records) - 1, rows: p.Records, at: at})
	}
}

// look asks how far every partition has come.
func (t *tracker) look(ctx context.Context, w *warehouse.Warehouse) error {
	rows, err := w.Query(ctx, "SELECT kafka_partition, toInt64(max(kafka_offset)) FROM std.bench_event GROUP BY kafka_partition")
	if err != nil {
		return err
	}
	defer rows.Close()
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for rows.Next() {
		var partition uint16
		var last int64
		if err := rows.Scan(&partition, &last); err != nil {
			return err
		}
		for i := range t.list {
			if p := &t.list[i]; p.seen == 0 && p.partition == int32(partition) && p.last <= last {
				p.seen = now.Sub(p.at)
			}
		}
	}
	return rows.Err()
}

func (t *tracker) rows() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.list {
		n += p.rows
	}
	return n
}

func (t *tracker) allSeen() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !slices.ContainsFunc(t.list, func(p pushed) bool { return p.seen == 0 })
}

// sum takes the quantiles, every row counted.
func (t *tracker) sum(f *Freshness) {
	f.Rows = t.rows()
	slices.SortFunc(t.list, func(a, b pushed) int { return cmp.Compare(a.seen, b.seen) })
	n := 0
	for _, p := range t.list {
		n += p.rows
		s := p.seen.Seconds()
		if n*2 <= f.Rows || f.P50 == 0 {
			f.P50 = s
		}
		if n*100 <= f.Rows*99 || f.P99 == 0 {
			f.P99 = s
		}
		f.Max = s
	}
}
