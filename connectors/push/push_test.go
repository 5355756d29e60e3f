package push

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

const testKey = "canary-key-of-the-village-app"

const declaration = `
connect: { kind: push, listen: "127.0.0.1:0", key: "${env:RONGTONG_TEST_PUSH_KEY}", max_body: 100000 }
streams:
  measure:
    from: { path: /v1/push/measure, at: { field: device_time } }
    key: [village, period]
    fields: { village: text, period: text, value: number, device_time: text }
    drop: [filler_phone]
  facility:
    from: { path: /v1/push/facility }
    key: [village]
    fields: { village: text }
`

func TestMain(m *testing.M) {
	for k, v := range map[string]string{"RONGTONG_TEST_PUSH_KEY": testKey, "RONGTONG_TEST_SHORT_KEY": "canary", "RONGTONG_TEST_OTHER_KEY": "canary-key-of-another"} {
		if err := syscall.Setenv(k, v); err != nil {
			panic(err)
		}
	}
	m.Run()
}

// rig is a gateway whose stream "measure" is open, and a client.
type rig struct {
	tb  testing.TB
	sys *schemas.System
	g   *gateway
	src connectors.Source
	url string
}

func start(tb testing.TB) *rig {
	tb.Helper()
	sys := conntest.Declare(tb, declaration)
	g, err := open(sys)
	if err != nil {
		tb.Fatal(err)
	}
	r := &rig{tb: tb, sys: sys, g: g}
	r.reopen()
	r.url = "http://" + Addr(g).String()
	tb.Cleanup(func() {
		_ = r.src.Close()
		if err := g.Close(); err != nil {
			tb.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return r
}

func (r *rig) reopen() {
	r.tb.Helper()
	src, err := r.g.Source(context.Background(), r.sys.Streams[0].Value, nil)
	if err != nil {
		r.tb.Fatal(err)
	}
	r.src = src
}

// reply is an answer of the gateway.
type reply struct {
	status int
	header http.Header
	text   string
	body   struct {
		Accepted  int      `json:"accepted"`
		Duplicate bool     `json:"duplicate"`
		Error     *refusal `json:"error"`
	}
}

// send posts a body and returns a channel with the answer.
func (r *rig) send(body string, headers ...string) <-chan reply {
	out := make(chan reply, 1)
	go func() { out <- r.request(http.MethodPost, "/v1/push/measure", strings.NewReader(body), headers...) }()
	return out
}

func (r *rig) request(method, path string, body io.Reader, headers ...string) (got reply) {
	req, err := http.NewRequest(method, r.url+path, body)
	if err != nil {
		r.tb.Error(err)
		return got
	}
	req.Header.Set("Authorization", "Bearer "+testKey)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.tb.Error(err)
		return got
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	got.status, got.header, got.text = res.StatusCode, res.Header, string(text)
	if err = errors.Join(err, json.Unmarshal(text, &got.body)); err != nil {
		r.tb.Errorf("answer %d %q: %v", res.StatusCode, text, err)
	}
	return got
}

// read reads once, and fails after a while.
func (r *rig) read() (*record.Chunk, record.Position) {
	r.tb.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()
	var chunk record.Chunk
	pos, err := r.src.Read(ctx, &chunk)
	if err != nil {
		r.tb.Fatal(err)
	}
	return &chunk, pos
}

func (r *rig) done(pos record.Position) {
	r.tb.Helper()
	if err := r.src.Done(context.Background(), pos); err != nil {
		r.tb.Fatal(err)
	}
}

const item = `{"village":"370102001002","period":"202511","value":12.50,"device_time":"2025-12-20 08:00:00","filler_phone":"13800000001","extra":1}`

func TestAcknowledgedWhenDurable(t *testing.T) {
	r := start(t)
	answer := r.send("[" + item + `,{"village":"370102001003"}]`)
	chunk, pos := r.read()
	if len(chunk.Rows) != 2 {
		t.Fatalf("%d records", len(chunk.Rows))
	}
	for i, want := range []string{
		`{"village":"370102001002","period":"202511","value":12.50,"device_time":"2025-12-20 08:00:00"}`,
		`{"village":"370102001003","period":null,"value":null,"device_time":null}`,
	} {
		if got := string(chunk.Rows[i].Value); got != want {
			t.Errorf("record %d\ngot  %s\nwant %s", i, got, want)
		}
	}
	if e := chunk.Rows[0]; !e.At.Equal(time.UnixMilli(1766188800000)) || string(e.Key) != "370102001002\x1f202511" {
		t.Errorf("key %q, at %v", e.Key, e.At)
	}
	select {
	case got := <-answer:
		t.Fatalf("answered %d before the records were durable", got.status)
	default:
	}
	r.done(pos)
	got := <-answer
	if got.status != 200 || got.body.Accepted != 2 || got.body.Duplicate {
		t.Errorf("answer %d %s", got.status, got.text)
	}
	if place := "request " + got.header.Get("X-Request-Id") + " #2"; chunk.Rows[1].Place != place {
		t.Errorf("place %q, want %q", chunk.Rows[1].Place, place)
	}
	st := r.src.Stats()
	if st.Records != 2 || st.DroppedFields["filler_phone"] != 1 || st.UnknownFields["extra"] != 1 || st.Objects != 1 {
		t.Errorf("stats %+v", st)
	}
}

// TestDoneAnswersUpToThePosition and not further.
func TestDoneAnswersUpToThePosition(t *testing.T) {
	r := start(t)
	first := r.send(item)
	_, one := r.read()
	second := r.send(item)
	_, two := r.read()
	r.done(position{"00000000", 1000, nil}.encode()) // of an earlier process
	select {
	case got := <-first:
		t.Fatalf("another process's position answered %d", got.status)
	case got := <-second:
		t.Fatalf("another process's position answered %d", got.status)
	default:
	}
	r.done(one)
	if got := <-first; got.status != 200 {
		t.Errorf("the first: %d", got.status)
	}
	select {
	case got := <-second:
		t.Fatalf("the second was answered %d with the first", got.status)
	default:
	}
	r.done(two)
	if got := <-second; got.status != 200 {
		t.Errorf("the second: %d", got.status)
	}
	r.done(two) // again: nobody is left
}

func TestBodies(t *testing.T) {
	zip := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(s))
		_ = z.Close()
		return b.String()
	}
	for _, c := range []struct {
		name, body string
		headers    []string
		items      int
	}{
		{"an object", item, nil, 1},
		{"an array", "[" + item + "," + item + "]", nil, 2},
		{"JSON Lines", item + "\n" + item + "\n" + item + "\n", []string{"Content-Type", "application/x-ndjson; charset=utf-8"}, 3},
		{"gzip", zip("[" + item + "]"), []string{"Content-Encoding", "gzip"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t)
			answer := r.send(c.body, c.headers...)
			chunk, pos := r.read()
			r.done(pos)
			if got := <-answer; got.status != 200 || got.body.Accepted != c.items || len(chunk.Rows) != c.items {
				t.Errorf("%d records, answer %s", len(chunk.Rows), got.text)
			}
			if used := r.g.memory.used.Load(); used != 0 {
				t.Errorf("%d bytes are held after the answer", used)
			}
		})
	}
	r := start(t)
	if got := <-r.send("[]"); got.status != 200 || got.body.Accepted != 0 {
		t.Errorf("nothing: %d %s", got.status, got.text)
	}
}

func TestRefusals(t *testing.T) {
	r := start(t)
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(bytes.Repeat([]byte(" "), 1<<20))
	_ = z.Close()
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		rule, field              string
		item                     int
	}{
		{"no key", "POST", "/v1/push/measure", item, []string{"Authorization", ""}, 401, "auth", "", -1},
		{"another key", "POST", "/v1/push/measure", item, []string{"Authorization", "Bearer x"}, 401, "auth", "", -1},
		{"the key without its scheme", "POST", "/v1/push/measure", item, []string{"Authorization", testKey}, 401, "auth", "", -1},
		{"no such path, no key", "POST", "/v1/push/other", item, []string{"Authorization", ""}, 401, "auth", "", -1},
		{"no such path", "POST", "/v1/push/other", item, nil, 404, "path", "", -1},
		{"DELETE", "DELETE", "/v1/push/measure", "", nil, 405, "method", "", -1},
		{"a form", "POST", "/v1/push/measure", item, []string{"Content-Type", "text/plain"}, 415, "content_type", "", -1},
		{"brotli", "POST", "/v1/push/measure", item, []string{"Content-Encoding", "br"}, 415, "content_encoding", "", -1},
		{"no gzip", "POST", "/v1/push/measure", item, []string{"Content-Encoding", "gzip"}, 400, "body.gzip", "", -1},
		{"too large", "POST", "/v1/push/measure", strings.Repeat(" ", 100_001), nil, 413, "body.size", "", -1},
		{"too large when unpacked", "POST", "/v1/push/measure", bomb.String(), []string{"Content-Encoding", "gzip"}, 413, "body.size", "", -1},
		{"cut gzip", "POST", "/v1/push/measure", bomb.String()[:20], []string{"Content-Encoding", "gzip"}, 400, "body.truncated", "", -1},
		{"too many", "POST", "/v1/push/measure", strings.Repeat("{}", 10_001), nil, 413, "items.count", "", -1},
		{"cut JSON", "POST", "/v1/push/measure", "[" + item, nil, 400, "json.syntax", "", 2},
		{"an array of numbers", "POST", "/v1/push/measure", "[" + item + ",13800000001]", nil, 422, "contract", "", 2},
		{"a nested field", "POST", "/v1/push/measure", `[{},{"value":{"canary":1}}]`, nil, 422, "contract", "value", 2},
		{"a nested field that is not declared", "POST", "/v1/push/measure", `{"canary":[1]}`, nil, 422, "contract", "", 1},
		{"a long idempotency key", "POST", "/v1/push/measure", item, []string{"Idempotency-Key", strings.Repeat("x", 200)}, 400, "idempotency_key.length", "", -1},
		{"a stream nobody reads", "POST", "/v1/push/facility", item, nil, 503, "pipeline.stopped", "", -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := r.request(c.method, c.path, strings.NewReader(c.body), c.headers...)
			e := got.body.Error
			if got.status != c.status || e == nil || e.Rule != c.rule || e.Zh == "" || e.En == "" {
				t.Fatalf("answer %d %s", got.status, got.text)
			}
			if (len(e.Problems) == 0) != (c.item < 0) || len(e.Problems) != e.Count || e.Count > 0 && (e.Problems[0].Item != c.item || e.Problems[0].Field != c.field) {
				t.Errorf("problems in %s", got.text)
			}
			if strings.Contains(got.text, "canary") || strings.Contains(got.text, "13800000001") {
				t.Errorf("the answer repeats a value or the key: %s", got.text)
			}
		})
	}
	if used, waiting := r.g.memory.used.Load(), r.g.waiting.Load(); used != 0 || waiting != 0 {
		t.Errorf("%d bytes and %d requests are held after refusals", used, waiting)
	}
}

func TestIdempotencyKey(t *testing.T) {
	r := start(t)
	post := func(body, key string) reply {
		answer := r.send(body, "Idempotency-Key", key)
		_, pos := r.read()
		r.done(pos)
		return <-answer
	}
	if got := post("["+item+"]", "a"); got.status != 200 || got.body.Duplicate {
		t.Fatalf("first: %s", got.text)
	}
	if got := <-r.send("["+item+"]", "Idempotency-Key", "a"); got.status != 200 || !got.body.Duplicate || got.body.Accepted != 1 {
		t.Errorf("again: %s", got.text)
	}
	// The same records under another key, and other records under the same key,
	// are not known to be repetitions: they flow.
	if got := post("["+item+"]", "b"); got.body.Duplicate {
		t.Errorf("another key: %s", got.text)
	}
	if got := post("["+item+","+item+"]", "a"); got.body.Duplicate || got.body.Accepted != 2 {
		t.Errorf("another body: %s", got.text)
	}
	// A request that was not acknowledged is not remembered.
	answer := r.send(item, "Idempotency-Key", "c")
	r.read()
	_ = r.src.Close()
	if got := <-answer; got.status != 503 {
		t.Fatalf("stopped: %d", got.status)
	}
	r.reopen()
	if got := post(item, "c"); got.body.Duplicate {
		t.Errorf("a lost request is taken for acknowledged: %s", got.text)
	}
}

func TestSeenIsBounded(t *testing.T) {
	s := newSeen(3)
	for i := range 10 {
		s.add(mark(i))
		s.has(0) // used all the time, so it stays
	}
	if s.order.Len() != 3 || len(s.byKey) != 3 {
		t.Errorf("%d entries", s.order.Len())
	}
	for m, want := range map[mark]bool{0: true, 9: true, 8: true, 7: false} {
		if s.has(m) != want {
			t.Errorf("mark %d: %v", m, !want)
		}
	}
}

// TestStop: whoever waits when the pipeline stops is told to send again.
func TestStop(t *testing.T) {
	r := start(t)
	read := r.send(item)
	r.read()
	queued := r.send(item)
	until(t, func() bool { return r.queued(1) })
	if err := r.src.Close(); err != nil {
		t.Fatal(err)
	}
	for _, answer := range []<-chan reply{read, queued} {
		if got := <-answer; got.status != 503 || got.header.Get("Retry-After") == "" || got.body.Error.Rule != "pipeline.stopped" {
			t.Errorf("answer %d %s", got.status, got.text)
		}
	}
	r.reopen()
	answer := r.send(item)
	_, pos := r.read()
	r.done(pos)
	if got := <-answer; got.status != 200 {
		t.Errorf("after the restart: %d", got.status)
	}
}

// until waits for what the server does on its own.
func until(tb testing.TB, holds func() bool) {
	tb.Helper()
	tick, deadline := time.NewTicker(time.Millisecond), time.After(2*time.Minute)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			tb.Fatal("waited two minutes in vain")
		}
	}
}

func (r *rig) queued(n int) bool {
	s := r.src.(*source)
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue) == n
}

// TestQueueIsFull: memory is bounded, and what does not fit is told to wait.
func TestQueueIsFull(t *testing.T) {
	r := start(t)
	r.g.memory.max = 50_000
	body := "[" + item + strings.Repeat(" ", 20_000) + "]"
	first, second := r.send(body), r.send(body)
	until(t, func() bool { return r.queued(2) })
	if got := <-r.send(body); got.status != 429 || got.header.Get("Retry-After") == "" || got.body.Error.Rule != "queue.full" {
		t.Errorf("answer %d %s", got.status, got.text)
	}
	chunk, pos := r.read()
	if len(chunk.Rows) != 2 {
		t.Errorf("%d records: what is queued is not taken together", len(chunk.Rows))
	}
	third := r.send(body) // there is room again, though nothing is durable yet
	_, last := r.read()
	r.done(pos)
	r.done(last)
	for _, answer := range []<-chan reply{first, second, third} {
		if got := <-answer; got.status != 200 {
			t.Errorf("answer %d", got.status)
		}
	}
}

// TestClientLeaves: a request whose client left is not kept in memory.
func TestClientLeaves(t *testing.T) {
	r := start(t)
	ctx, leave := context.WithCancel(context.Background())
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/v1/push/measure", strings.NewReader(item))
	req.Header.Set("Authorization", "Bearer "+testKey)
	left := make(chan struct{})
	go func() {
		defer close(left)
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
		}
	}()
	until(t, func() bool { return r.queued(1) })
	leave()
	<-left
	until(t, func() bool { return r.queued(0) && r.g.memory.used.Load() == 0 })
}

func TestPatience(t *testing.T) {
	r := start(t)
	r.g.patience = 20 * time.Millisecond
	if got := <-r.send(item); got.status != 503 || got.body.Error.Rule != "pipeline.slow" {
		t.Errorf("answer %d %s", got.status, got.text)
	}
}

// TestChunks: many requests become few chunks, within the limits, and none is
// torn apart.
func TestChunks(t *testing.T) {
	r := start(t)
	const each = 700
	body := "[" + strings.Repeat(`{"village":"v"},`, each-1) + `{"village":"v"}]`
	var answers []<-chan reply
	for range 60 {
		answers = append(answers, r.send(body))
	}
	total := 0
	for total < 60*each {
		chunk, pos := r.read()
		if n := len(chunk.Rows); n%each != 0 || n > connectors.ChunkRows {
			t.Fatalf("%d records in a chunk", n)
		}
		total += len(chunk.Rows)
		r.done(pos)
	}
	for _, answer := range answers {
		if got := <-answer; got.status != 200 || got.body.Accepted != each {
			t.Errorf("answer %d", got.status)
		}
	}
}

// TestReadEndsWithItsContext, loses nothing by it, and closing leaves no
// goroutine behind.
func TestReadEndsWithItsContext(t *testing.T) {
	before := runtime.NumGoroutine()
	r := start(t)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		var chunk record.Chunk
		_, err := r.src.Read(ctx, &chunk)
		ended <- err
	}()
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	answer := r.send(item)
	chunk, pos := r.read()
	r.done(pos)
	if got := <-answer; got.status != 200 || len(chunk.Rows) != 1 {
		t.Errorf("answer %d", got.status)
	}
	_, _ = r.src.Close(), r.g.Close()
	http.DefaultClient.CloseIdleConnections()
	until(t, func() bool { return runtime.NumGoroutine() <= before })
}

func TestCheckAndHealth(t *testing.T) {
	r := start(t)
	got := r.request(http.MethodGet, "/healthz", nil, "Authorization", "")
	if got.status != 200 || !strings.Contains(got.text, `"status":"partly"`) {
		t.Errorf("health %d %s", got.status, got.text)
	}
	other, err := r.g.Source(context.Background(), r.sys.Streams[1].Value, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if got := r.request(http.MethodGet, "/healthz", nil); !strings.Contains(got.text, `"status":"ok"`) {
		t.Errorf("health %d %s", got.status, got.text)
	}
	probe := func(listen, name string) error {
		g, err := open(conntest.Declare(t, strings.Replace(declaration, "127.0.0.1:0", listen, 1)))
		if err != nil {
			return err
		}
		g.name = name
		defer g.Close()
		return g.Check(context.Background())
	}
	here := Addr(r.g).String()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := probe("127.0.0.1:0", "site"); err != nil {
		t.Errorf("a free address: %v", err)
	}
	if err := probe(here, "site"); err != nil {
		t.Errorf("an address this system serves in another process: %v", err)
	}
	if err := probe(here, "another"); !fault.Is(err, fault.Config) {
		t.Errorf("an address of another system: %v", err)
	}
}

// TestConcurrent: many clients, one reader, every record once.
func TestConcurrent(t *testing.T) {
	r := start(t)
	const clients, each = 16, 25
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := range each {
				if got := <-r.send(fmt.Sprintf(`{"village":"%d","period":"%d"}`, c, i)); got.status != 200 {
					t.Errorf("answer %d", got.status)
				}
			}
		})
	}
	seen := map[string]int{}
	for len(seen) < clients*each {
		chunk, pos := r.read()
		for _, e := range chunk.Rows {
			seen[string(e.Key)]++
		}
		r.done(pos)
	}
	wg.Wait()
	for k, n := range seen {
		if n != 1 {
			t.Errorf("record %q came %d times", k, n)
		}
	}
}

func FuzzBody(f *testing.F) {
	for _, s := range []string{item, "[" + item + "]", item + "\n" + item, "[", "[]", `{"value":[1]}`, `[1]`} {
		f.Add([]byte(s))
	}
	g, err := open(conntest.Declare(f, declaration))
	if err != nil {
		f.Fatal(err)
	}
	st := g.streams["measure"]
	src := newSource(g, st, nil)
	var chunk record.Chunk
	f.Fuzz(func(t *testing.T, body []byte) {
		items, no := check(st, body, nil)
		if no != nil {
			return
		}
		chunk.Reset()
		if err := src.decode(&request{id: "x", body: body, items: items}, &chunk); err != nil {
			t.Fatalf("what was accepted cannot be read: %v", err)
		}
		if len(chunk.Rows) != items {
			t.Fatalf("%d items were accepted and %d read", items, len(chunk.Rows))
		}
		for _, e := range chunk.Rows {
			if !json.Valid(e.Value) || e.Fault != "" {
				t.Fatalf("record %q, fault %q", e.Value, e.Fault)
			}
		}
	})
}

func FuzzPosition(f *testing.F) {
	f.Add([]byte(position{"0123abcd", 77, []mark{1, 2}}.encode()))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePosition(b)
		if err != nil || len(b) == 0 {
			return
		}
		if q, err := parsePosition(p.encode()); err != nil || !reflect.DeepEqual(p, q) {
			t.Fatalf("%v becomes %v, %v", p, q, err)
		}
	})
}

// BenchmarkPush is the whole way over TCP, client included, in requests of 500.
func BenchmarkPush(b *testing.B) {
	r := start(b)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var chunk record.Chunk
		for {
			chunk.Reset()
			pos, err := r.src.Read(ctx, &chunk)
			if err != nil {
				return
			}
			_ = r.src.Done(ctx, pos)
		}
	}()
	body := "[" + strings.Repeat(item+",", 499) + item + "]"
	cpu := used()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if got := <-r.send(body); got.status != 200 {
			b.Fatal(got.text)
		}
		n += 500
	}
	b.ReportMetric(float64(n)/(used()-cpu).Seconds(), "rows/cpu-s")
	stop()
	<-ended
}

func used() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
