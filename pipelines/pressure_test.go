package pipelines

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/record"
)

// trouble stands between a client and the real warehouse. For every insert into
// the table under test it asks what to do.
type trouble struct {
	mu      sync.Mutex
	inserts int
	// do answers instead of the warehouse and returns true, or lets the request,
	// perhaps changed, pass. n counts the inserts into the table from 0.
	do func(w http.ResponseWriter, r *http.Request, n int) bool
	// lose cuts the connection after the warehouse has taken the insert.
	lose func(n int) bool
}

func (p *trouble) serve(t *testing.T, target, table string) string {
	t.Helper()
	secret, host, _ := strings.Cut(strings.TrimPrefix(target, "http://"), "@")
	pass := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: host})
	pass.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		into, found := strings.CutPrefix(r.URL.Query().Get("query"), "INSERT INTO "+table)
		if !found || !strings.HasPrefix(into, "(") && !strings.HasPrefix(into, " ") {
			pass.ServeHTTP(w, r)
			return
		}
		p.mu.Lock()
		n := p.inserts
		p.inserts++
		p.mu.Unlock()
		if p.do != nil && p.do(w, r, n) {
			return
		}
		if p.lose != nil && p.lose(n) {
			pass.ServeHTTP(httptest.NewRecorder(), r)
			cut(w)
			return
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return "http://" + secret + "@" + srv.Listener.Addr().String()
}

func cut(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
}

func answer(w http.ResponseWriter, code int, text string) {
	w.Header().Set("X-ClickHouse-Exception-Code", fmt.Sprint(code))
	w.WriteHeader(http.StatusInternalServerError)
	fmt.Fprintf(w, "Code: %d. DB::Exception: %s. (SOMETHING) (version 26.7.2.1 (official build))\n", code, text)
}

// bout is a topic with rows, a table for them, and a loader that meets trouble.
type bout struct {
	t       *testing.T
	kafka   *topics.Client
	real    *warehouse.Warehouse
	stream  *Stream
	table   string
	group   string // of the loader
	rows    int
	mu      sync.Mutex
	log     bytes.Buffer
	loader  *Loader
	loaded  map[int32]int64
	trouble *trouble
}

// newBout fills a topic of three partitions with rows; value says what row i
// carries as its value, settings end the statement that creates the table.
func newBout(t *testing.T, name string, rows int, settings string, value func(i int) string) *bout {
	t.Helper()
	return newBoutOn(t, embeddedtest.Broker(t), name, rows, settings, value)
}

// newBoutOn is newBout on a broker of the caller's.
func newBoutOn(t *testing.T, broker, name string, rows int, settings string, value func(i int) string) *bout {
	t.Helper()
	ctx := t.Context()
	b := &bout{t: t, rows: rows, table: "std." + name, group: "std." + name, loaded: map[int32]int64{}, trouble: &trouble{}}
	catalog, streams, err := counterStreams(name)
	if err != nil {
		t.Fatal(err)
	}
	b.stream = streams[0]
	b.stream.Stream.Raw = "none"
	b.stream.Flows[0].Table = b.table
	if b.kafka, err = topics.Dial(ctx, []string{broker}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.kafka.Close() })
	if b.real, err = warehouse.Open(ctx, embeddedtest.Warehouse(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.real.Close() })
	steps, err := b.real.Plan(ctx, catalog)
	if err == nil {
		err = b.real.Migrate(ctx, steps)
	}
	if err == nil {
		err = b.kafka.Ensure(ctx, Topics(streams))
	}
	if err == nil {
		err = b.real.Exec(ctx, "CREATE TABLE "+b.table+" AS std.stat_fact "+settings)
	}
	if err != nil {
		t.Fatal(err)
	}
	b.fill(value)
	return b
}

func (b *bout) fill(value func(i int) string) {
	b.t.Helper()
	ctx := b.t.Context()
	o, err := kinds()["counter"].Open(ctx, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	villages := o.(opened).villages
	p, err := b.kafka.Producer(ctx, "fill-"+b.table, b.stream.Topic)
	if err != nil {
		b.t.Fatal(err)
	}
	defer p.Close()
	txn := p.Begin()
	for i := range b.rows {
		village := villages[i%len(villages)]
		v := fmt.Sprintf(`{"village":%q,"period":"2025-%02d","value":%q,"device_time":"2025-12-20 08:00:00"}`, village, 1+i/len(villages), value(i))
		header := AppendHeader(nil, &record.Envelope{Place: fmt.Sprint("#", i)}, int64(i)+1)
		txn.Append(b.stream.Topic, int32(i%3), topics.Record{Key: []byte(village), Value: []byte(v), Header: header})
	}
	if err := txn.Commit(ctx); err != nil {
		b.t.Fatal(err)
	}
}

func number(i int) string { return fmt.Sprint(100 + i) }

// run loads until `enough` says so. The loader sees the warehouse through the
// trouble.
func (b *bout) run(blockRows int, enough func() bool) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.t.Context(), 3*time.Minute)
	defer stop()
	w, err := warehouse.Open(ctx, b.trouble.serve(b.t, embeddedtest.Warehouse(b.t), b.table))
	if err != nil {
		b.t.Fatal(err)
	}
	defer w.Close()
	b.loader = &Loader{Kafka: b.kafka, Warehouse: w, Workers: 2, BlockRows: blockRows, Group: b.group, Session: time.Second, Rest: 200 * time.Millisecond,
		Log: slog.New(slog.NewTextHandler(&b.log, nil)),
		Loaded: func(s record.Span, _, _ int) {
			b.mu.Lock()
			b.loaded[s.Partition] = s.To
			done := enough()
			b.mu.Unlock()
			if done {
				stop()
			}
		}}
	_ = b.loader.Run(ctx, []*Stream{b.stream})
	if b.t.Context().Err() == nil && ctx.Err() == context.DeadlineExceeded {
		b.t.Fatalf("it does not come to an end; the log says\n%s", b.log.String())
	}
}

// all is true when every partition is loaded to its end.
func (b *bout) all() func() bool {
	ends, err := b.kafka.Ends(b.t.Context(), b.stream.Topic)
	if err != nil {
		b.t.Fatal(err)
	}
	return func() bool {
		for p, e := range ends[b.stream.Topic] {
			if b.loaded[int32(p)] < e.Last {
				return false
			}
		}
		return true
	}
}

func (b *bout) count(sql string) (n uint64) {
	b.t.Helper()
	if err := b.real.QueryRow(b.t.Context(), strings.ReplaceAll(sql, "TABLE", b.table), []any{&n}); err != nil {
		b.t.Fatal(err)
	}
	return n
}

// once checks that every row is there, and once.
func (b *bout) once(want int) {
	b.t.Helper()
	if n := b.count("SELECT count() FROM TABLE"); n != uint64(want) {
		b.t.Errorf("%d rows are in %s, want %d", n, b.table, want)
	}
	if n := b.count("SELECT uniqExact(kafka_partition, kafka_offset) FROM TABLE"); n != uint64(want) {
		b.t.Errorf("%d distinct rows are in %s, want %d", n, b.table, want)
	}
}

// Every complaint of a server that cannot keep up slows the loader down and is
// waited out; nothing is lost and nothing is doubled, whether or not the insert
// that was complained of had arrived.
func TestPressure(t *testing.T) {
	const rows = 900
	for _, tc := range []struct {
		name string
		do   func(w http.ResponseWriter, r *http.Request, n int) bool
		lose func(n int) bool
		size int // of pace afterwards: larger blocks, or smaller ones
		says string
	}{
		{name: "c252", do: says(252, "Too many parts (3000). Merges are processing significantly slower than inserts"), size: 1, says: "merges lag"},
		{name: "c202", do: says(202, "Too many simultaneous queries"), size: 1},
		{name: "c159", do: says(159, "Timeout exceeded"), size: 1},
		{name: "c203", do: says(203, "No free connection"), size: 1},
		{name: "c209", do: says(209, "Timeout exceeded while reading from socket"), size: 1},
		{name: "c243", do: says(243, "Cannot reserve 1.00 MiB, not enough space"), size: 0, says: "disk is full"},
		{name: "c999", do: says(999, "Session expired"), size: 0},
		{name: "status503", do: func(w http.ResponseWriter, _ *http.Request, n int) bool {
			if n < 4 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return n < 4
		}},
		{name: "memory", size: -1, says: "memory", do: func(_ http.ResponseWriter, r *http.Request, n int) bool {
			set(r, n < 4, "max_memory_usage", "100000") // the server itself refuses: code 241
			return false
		}},
		{name: "cutoff", size: 1, do: func(w http.ResponseWriter, _ *http.Request, n int) bool {
			if n < 4 {
				cut(w)
			}
			return n < 4
		}},
		{name: "lostanswer", size: 1, lose: func(n int) bool { return n < 4 }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBout(t, "pressure_"+tc.name, rows, "", number)
			b.trouble.do, b.trouble.lose = tc.do, tc.lose
			b.run(150, b.all())
			b.once(rows)
			if got := b.loader.pace.size; got > 0 != (tc.size > 0) || got < 0 != (tc.size < 0) {
				t.Errorf("the pace is %d, want the sign of %d; the log says\n%s", got, tc.size, b.log.String())
			}
			if !strings.Contains(b.log.String(), tc.says) {
				t.Errorf("the log does not say %q:\n%s", tc.says, b.log.String())
			}
		})
	}
}

// says answers the first inserts with a code.
func says(code int, text string) func(http.ResponseWriter, *http.Request, int) bool {
	return func(w http.ResponseWriter, _ *http.Request, n int) bool {
		if n < 4 {
			answer(w, code, text)
		}
		return n < 4
	}
}

func set(r *http.Request, when bool, setting, value string) {
	if when {
		q := r.URL.Query()
		q.Set(setting, value)
		r.URL.RawQuery = q.Encode()
	}
}

// A real server whose merges lag behind refuses inserts; when they have caught
// up, everything arrives.
func TestTooManyParts(t *testing.T) {
	const rows = 900
	b := newBout(t, "pressure_parts", rows, "SETTINGS parts_to_delay_insert = 2, parts_to_throw_insert = 3, non_replicated_deduplication_window = 10000", number)
	if err := b.real.Exec(t.Context(), "SYSTEM STOP MERGES "+b.table); err != nil {
		t.Fatal(err)
	}
	b.trouble.do = func(_ http.ResponseWriter, _ *http.Request, n int) bool {
		if n == 8 { // some were refused by now
			for _, sql := range []string{"SYSTEM START MERGES " + b.table, "ALTER TABLE " + b.table + " MODIFY SETTING parts_to_delay_insert = 1000, parts_to_throw_insert = 1000"} {
				if err := b.real.Exec(context.Background(), sql); err != nil {
					t.Error(err)
				}
			}
		}
		return false
	}
	b.run(100, b.all())
	b.once(rows)
	if !strings.Contains(b.log.String(), "TOO_MANY_PARTS") {
		t.Errorf("the server never refused; the log says\n%s", b.log.String())
	}
}

// Rows that a table can never take become rejects with a reason; the others of
// the block are loaded, and a repetition of the block changes nothing.
func TestRefusedRows(t *testing.T) {
	const rows = 600
	b := newBout(t, "pressure_refused", rows, "", func(i int) string {
		if i%100 == 7 {
			return "123456789.5"
		}
		return number(i)
	})
	if err := b.real.Exec(t.Context(), "ALTER TABLE "+b.table+" MODIFY COLUMN value Nullable(Decimal(9, 4))"); err != nil {
		t.Fatal(err)
	}
	died := false
	b.trouble.lose = func(n int) bool { // once an insert without the refused rows arrives, its answer is lost
		if n >= 3 && !died {
			died = true
			return true
		}
		return false
	}
	b.run(1000, b.all())
	b.once(rows - 6)
	if n := b.count("SELECT count() FROM ops.reject FINAL WHERE rule = 'warehouse.refused' AND topic = '" + b.stream.Topic + "' AND reason_zh != '' AND row LIKE '%123456789.5%'"); n != 6 {
		t.Errorf("%d rejects, want 6; the log says\n%s", n, b.log.String())
	}
	if n := b.count("SELECT sum(rejected) FROM ops.load FINAL WHERE topic = '" + b.stream.Topic + "'"); n != 6 {
		t.Errorf("the books say %d rejects, want 6", n)
	}
	if n := b.count("SELECT count() FROM system.tables WHERE database = 'ops' AND startsWith(name, 'refused_')"); n != 0 {
		t.Errorf("%d tables are left behind", n)
	}
}

// A table that refuses everything, or an error that nobody knows, stops one
// partition and not the others; when a person has mended it, it goes on.
func TestPartitionStops(t *testing.T) {
	const rows = 300
	b := newBout(t, "pressure_stops", rows, "", number)
	var mended bool
	all := b.all()
	b.trouble.do = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		if strings.Contains(r.URL.Query().Get("insert_deduplication_token"), "/1/") && !mended {
			answer(w, 9999, "something new")
			return true
		}
		return false
	}
	b.run(1000, func() bool {
		if len(b.loaded) >= 2 {
			mended = true // the other two are through
		}
		return all()
	})
	b.once(rows)
	if !strings.Contains(b.log.String(), "a partition is stopped") {
		t.Errorf("the log says\n%s", b.log.String())
	}
}

// One insert makes a bounded number of parts, whatever the rows are.
func TestSpread(t *testing.T) {
	const rows = 900
	b := newBout(t, "pressure_spread", rows, "PARTITION BY kafka_offset", number)
	b.run(1000, b.all())
	b.once(rows)
	if b.trouble.inserts < 3 {
		t.Errorf("%d inserts", b.trouble.inserts)
	}
	most := b.count("SELECT max(n) FROM (SELECT count() AS n FROM TABLE GROUP BY kafka_partition)")
	if most < 250 {
		t.Errorf("%d rows in a partition: the test tests nothing", most)
	}
}

// What a block holds is bounded: one huge record, or rejects that are larger
// than their rows, close it.
func TestBlockBounds(t *testing.T) {
	huge := strings.Repeat("很长", 300_000)
	b := newBout(t, "pressure_huge", 60, "", func(i int) string {
		if i%20 == 3 {
			return huge // no number: a reject of 1.8 MB
		}
		return number(i)
	})
	var blocks []int64
	done := b.all()
	b.run(1_000_000, func() bool { blocks = append(blocks, 1); return done() })
	b.once(57)
	if n := b.count("SELECT count() FROM ops.reject FINAL WHERE topic = '" + b.stream.Topic + "'"); n != 3 {
		t.Errorf("%d rejects, want 3", n)
	}
}

// Deletes travel the same way, and late data carries its own version.
func TestDeletesAndLateData(t *testing.T) {
	b := newBout(t, "pressure_deletes", 30, "", number)
	ctx := t.Context()
	p, err := b.kafka.Producer(ctx, "late-"+b.table, b.stream.Topic)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	o, _ := kinds()["counter"].Open(ctx, nil)
	village := o.(opened).villages[0]
	txn := p.Begin()
	put := func(op record.Op, value, at string) {
		v := fmt.Sprintf(`{"village":%q,"period":"2025-01","value":%q,"device_time":%q}`, village, value, at)
		txn.Append(b.stream.Topic, 0, topics.Record{Key: []byte(village), Value: []byte(v), Header: AppendHeader(nil, &record.Envelope{Op: op}, 1)})
	}
	put(record.Upsert, "7", "2025-11-01 08:00:00") // late: older than what is there
	put(record.Delete, "", "2025-12-31 08:00:00")
	if err := txn.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	b.run(1000, b.all())
	b.once(32)
	where := " FROM TABLE WHERE division_code = '" + village + "'"
	if n := b.count("SELECT count()" + where + " AND is_deleted = 1 AND version = max2(version, 0)"); n != 1 {
		t.Errorf("%d deletes, want 1", n)
	}
	if n := b.count("SELECT toUInt64(argMax(is_deleted, version))" + where); n != 1 {
		t.Error("the delete is not the latest version")
	}
	if n := b.count("SELECT toUInt64(argMin(value, version))" + where); n != 7 {
		t.Errorf("the oldest version says %d, want the late 7", n)
	}
}
