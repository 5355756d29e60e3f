package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

const declaration = `
connect:
  kind: rest
  base: %q
  signature: { scheme: gjgxjhpt, sid: %s, app_key: "${env:%s}", refresh: /auth/secret }
  timeout: 10s
  tries: 3
streams:
  committee:
    from: { path: /v1/committee, page: { number: PAGENUM, size: PAGESIZE, first: 1, rows: %d }, items: data.list, total: data.total, delete: { field: cd_operation, value: D }, at: { field: cd_time } }
    key: [xzqh]
    fields: { xzqh: text, zzmc: text, n: number, cd_time: text }
    drop: [fddbr]
`

func declared(tb testing.TB, g *gateway, rows int) *schemas.System {
	return withKey(tb, g.URL+"/api", "RONGTONG_TEST_APP_KEY", rows)
}

func withKey(tb testing.TB, base, env string, rows int) *schemas.System {
	return conntest.Declare(tb, fmt.Sprintf(declaration, base, testSID, env, rows))
}

func TestMain(m *testing.M) {
	for k, v := range map[string]string{
		"RONGTONG_TEST_APP_KEY": testAppKey, "RONGTONG_TEST_WRONG_KEY": "canary-wrong-key", "RONGTONG_TEST_SHORT_KEY": "canary",
	} {
		if err := syscall.Setenv(k, v); err != nil {
			panic(err)
		}
	}
	m.Run()
}

// opened opens the stream of a gateway; tries are not spaced out.
func opened(tb testing.TB, g *gateway, rows int, pos record.Position) (*system, connectors.Source) {
	tb.Helper()
	sys := declared(tb, g, rows)
	s, err := open(sys)
	if err != nil {
		tb.Fatal(err)
	}
	s.pause = time.Millisecond
	src, err := s.Source(context.Background(), sys.Streams[0].Value, pos)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { src.Close(); s.Close() })
	return s, src
}

// drain reads until there is no more, or an error.
func drain(src connectors.Source) (rows []string, last record.Position, err error) {
	var chunk record.Chunk
	for {
		chunk.Reset()
		pos, err := src.Read(context.Background(), &chunk)
		if errors.Is(err, io.EOF) {
			return rows, last, nil
		}
		if err != nil {
			return rows, last, err
		}
		last = pos
		for _, e := range chunk.Rows {
			rows = append(rows, string(e.Key))
		}
	}
}

func TestRecords(t *testing.T) {
	g := newGateway(t, 15)
	_, src := opened(t, g, 10, nil)
	var chunk record.Chunk
	if _, err := src.Read(context.Background(), &chunk); err != nil {
		t.Fatal(err)
	}
	if len(chunk.Rows) != 15 {
		t.Fatalf("%d records", len(chunk.Rows))
	}
	e := chunk.Rows[9]
	if got, want := string(e.Value), `{"xzqh":"370000000009","zzmc":"解放桥社区居民委员会","n":9.50,"cd_time":"2025-12-20 08:00:09"}`; got != want {
		t.Errorf("value\ngot  %s\nwant %s", got, want)
	}
	if e.Op != record.Delete || chunk.Rows[8].Op != record.Upsert {
		t.Error("a deletion is not told from the rest")
	}
	if !e.At.Equal(time.UnixMilli(1766188809000)) {
		t.Errorf("at %v", e.At)
	}
	if p := chunk.Rows[12].Place; p != "page 2 #3" {
		t.Errorf("place %q", p)
	}
	st := src.Stats()
	if st.Records != 15 || st.Objects != 2 || st.DroppedFields["fddbr"] != 15 || st.UnknownFields["extra"] != 15 || st.UnknownFields["cd_operation"] != 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestSignatureVector(t *testing.T) {
	got := sign([]byte("demo-secret"), testSID, "11111111-2222-3333-4444-555555555555", "1642409200000")
	if want := "JsiaNUb6ZpuCwVRATLzrNvO02lz7EoKHzHqZ5RSLdgI="; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

// TestSecretExpires: reading goes on when the secret dies between two pages.
func TestSecretExpires(t *testing.T) {
	g := newGateway(t, 95)
	_, src := opened(t, g, 10, nil)
	pages := 0
	g.answer = func(int, http.ResponseWriter, *http.Request) bool {
		if pages++; pages == 3 || pages == 6 {
			g.secret = fmt.Sprintf("canary-secret-%d", pages) // from the next request on
		}
		return false
	}
	rows, _, err := drain(src)
	if err != nil || len(rows) != 95 {
		t.Errorf("%d records, %v", len(rows), err)
	}
	if g.renewals != 3 {
		t.Errorf("%d renewals", g.renewals)
	}
}

// TestSecretIsRenewedBeforeItDies: not after a refusal only.
func TestSecretIsRenewedBeforeItDies(t *testing.T) {
	g := newGateway(t, 5)
	s, src := opened(t, g, 10, nil)
	now := time.Now()
	s.prover.(*signer).now = func() time.Time { return now }
	if _, _, err := drain(src); err != nil {
		t.Fatal(err)
	}
	before := g.renewals
	now = now.Add(55 * time.Minute)
	if _, _, err := drain(src); err != nil || g.renewals != before+1 {
		t.Errorf("%d renewals after 55 of 60 minutes, %v", g.renewals-before, err)
	}
	g.lives = -time.Minute // clocks that disagree
	now = now.Add(2 * time.Hour)
	for range 3 {
		if _, _, err := drain(src); err != nil {
			t.Fatal(err)
		}
	}
	if g.renewals != before+2 {
		t.Errorf("%d renewals: a secret told to be dead is asked for again and again", g.renewals-before)
	}
}

// TestFaults: what the system answers decides what heals it.
func TestFaults(t *testing.T) {
	status := func(code int, header ...string) func(int, http.ResponseWriter, *http.Request) bool {
		return func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			if len(header) > 0 {
				w.Header().Set("Retry-After", header[0])
			}
			w.WriteHeader(code)
			fmt.Fprint(w, "canary-body")
			return true
		}
	}
	body := func(text string) func(int, http.ResponseWriter, *http.Request) bool {
		return func(_ int, w http.ResponseWriter, _ *http.Request) bool { fmt.Fprint(w, text); return true }
	}
	cut := func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, `{"code":"0000","data":{"total":1,"list":[{"xzqh":"canary-value"},`)
		return true
	}
	page := func(list string) string { return `{"code":"0000","data":{"total":1,"list":` + list + `}}` }
	for _, c := range []struct {
		name  string
		do    func(int, http.ResponseWriter, *http.Request) bool
		class fault.Class
		tries int // requests that were made
	}{
		{"401 for good", status(401), fault.Config, 2},
		{"403", status(403), fault.Config, 1},
		{"404", status(404), fault.Config, 1},
		{"a redirect", status(302), fault.Config, 1},
		{"429", status(429, "0"), fault.Transient, 3},
		{"429 for an hour", status(429, "3600"), fault.Transient, 1},
		{"429 without a time", status(429), fault.Transient, 3},
		{"500", status(500), fault.Transient, 3},
		{"0500 under 200", body(`{"code":"0500","message":"canary"}`), fault.Transient, 3},
		{"0400 under 200", body(`{"code":"0400","message":"canary"}`), fault.Config, 1},
		{"0401 under 200 for good", body(`{"code":"0401","message":"canary"}`), fault.Config, 2},
		{"another code", body(`{"code":"canary","message":"canary"}`), fault.Unknown, 1},
		{"cut off", cut, fault.Transient, 3},
		{"cut JSON", body(`{"code":"0000","data":{"total":1,"list":[{"xzqh":"canary-va`), fault.Transient, 3},
		{"an error page", body(`<html>canary</html>`), fault.Transient, 3},
		{"no list", body(`{"code":"0000","data":{"total":1,"list":{"xzqh":"canary"}}}`), fault.Config, 1},
		{"no total", body(`{"code":"0000","data":{"list":[]}}`), fault.Config, 1},
		{"fewer rows than the total says", body(page(`[]`)), fault.Config, 1},
		{"more rows than asked for", body(page(`[` + strings.Repeat(`{"xzqh":"canary"},`, 10) + `{}]`)), fault.Config, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGateway(t, 25)
			g.answer = c.do
			_, src := opened(t, g, 10, nil)
			rows, _, err := drain(src)
			if fault.Of(err) != c.class || err == nil {
				t.Errorf("class %v, want %v: %v", fault.Of(err), c.class, err)
			}
			if len(rows) != 0 {
				t.Errorf("%d records of a bad answer were delivered", len(rows))
			}
			if n := g.requests - 0; n != c.tries {
				t.Errorf("%d requests, want %d", n, c.tries)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the error repeats what the system sent or a secret: %v", err)
			}
		})
	}
}

// TestTimeout: a system that does not answer is left for later.
func TestTimeout(t *testing.T) {
	g := newGateway(t, 5)
	s, src := opened(t, g, 10, nil)
	if err := s.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	hang := make(chan struct{})
	g.answer = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
		return true
	}
	defer close(hang)
	s.tries, s.http.Timeout = 1, 50*time.Millisecond
	if _, _, err := drain(src); !fault.Is(err, fault.Transient) {
		t.Errorf("no answer: %v", err)
	}
}

// TestRecovers: a system that fails now and then costs time, not records.
func TestRecovers(t *testing.T) {
	g := newGateway(t, 250)
	g.answer = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		switch n % 5 {
		case 1:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(429)
		case 2:
			w.WriteHeader(502)
		default:
			return false
		}
		return true
	}
	_, src := opened(t, g, 10, nil)
	if rows, _, err := drain(src); err != nil || len(rows) != 250 {
		t.Errorf("%d records, %v", len(rows), err)
	}
}

// TestHalfway: what was read before an error is delivered, and only that.
func TestHalfway(t *testing.T) {
	g := newGateway(t, 95)
	bad := true
	g.answer = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if bad && r.URL.Query().Get("PAGENUM") == "4" {
			w.WriteHeader(404)
			return true
		}
		return false
	}
	_, src := opened(t, g, 10, nil)
	rows, pos, err := drain(src)
	if len(rows) != 30 || !fault.Is(err, fault.Config) {
		t.Errorf("%d records, %v", len(rows), err)
	}
	bad = false
	_, again := opened(t, g, 10, pos)
	if rows, _, err := drain(again); err != nil || len(rows) != 65 {
		t.Errorf("%d records after it, %v", len(rows), err)
	}
}

func TestPagingIgnored(t *testing.T) {
	g := newGateway(t, 25)
	g.answer = func(_ int, w http.ResponseWriter, _ *http.Request) bool { writePage(w, g.list, 1, 10); return true }
	_, src := opened(t, g, 10, nil)
	rows, _, err := drain(src)
	if !fault.Is(err, fault.Config) || len(rows) > 10 {
		t.Errorf("%d records, %v", len(rows), err)
	}
}

// TestPagesAreCapped: a system that returns fewer rows than asked for is not
// taken for one that has no more.
func TestPagesAreCapped(t *testing.T) {
	g := newGateway(t, 25)
	g.answer = func(_ int, w http.ResponseWriter, _ *http.Request) bool { writePage(w, g.list, 1, 5); return true }
	_, src := opened(t, g, 10, nil)
	if rows, _, err := drain(src); !fault.Is(err, fault.Config) || len(rows) != 0 {
		t.Errorf("%d records, %v", len(rows), err)
	}
}

// TestMovedList: a list that lost or moved records under a position stops the
// read instead of skipping records.
func TestMovedList(t *testing.T) {
	for _, n := range []int{25, 20} { // inside a page, and at its end
		g := newGateway(t, n)
		_, src := opened(t, g, 10, nil)
		_, pos, err := drain(src)
		if err != nil {
			t.Fatal(err)
		}
		g.list = g.list[1:]
		g.add(30)
		_, again := opened(t, g, 10, pos)
		if rows, _, err := drain(again); !fault.Is(err, fault.Config) || len(rows) != 0 {
			t.Errorf("%d: %d records, %v", n, len(rows), err)
		}
	}
}

// TestNothingNewIsOneRequest, also when the last page is full.
func TestNothingNewIsOneRequest(t *testing.T) {
	for _, n := range []int{0, 5, 20} {
		g := newGateway(t, n)
		_, src := opened(t, g, 10, nil)
		if _, _, err := drain(src); err != nil {
			t.Fatal(err)
		}
		before := g.requests
		if rows, _, err := drain(src); err != nil || len(rows) != 0 || g.requests != before+1 {
			t.Errorf("%d: %d records, %d requests, %v", n, len(rows), g.requests-before, err)
		}
	}
}

func FuzzPosition(f *testing.F) {
	f.Add([]byte(position{place{3, "token", time.UnixMilli(1), time.UnixMilli(2)}, 12, 1, 2}.encode()))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePosition(b)
		if err != nil || len(b) == 0 {
			return
		}
		if again, err := parsePosition(p.encode()); err != nil || string(again.encode()) != string(p.encode()) {
			t.Fatalf("%v becomes %v, %v", p, again, err)
		}
	})
}

func FuzzDecryptSecret(f *testing.F) {
	f.Add(encryptSecret("a secret of more than one block", testAppKey))
	f.Fuzz(func(t *testing.T, text string) {
		if secret, err := decryptSecret(text, []byte(testAppKey)); err == nil && len(secret) == 0 {
			t.Fatal("an empty secret")
		}
	})
}

func TestDiscover(t *testing.T) {
	g := newGateway(t, 5)
	s, _ := opened(t, g, 10, nil)
	got, err := s.Discover(context.Background())
	if err != nil || len(got) != 1 || len(got[0].Fields) != 7 {
		t.Fatalf("%d streams, %v", len(got), err)
	}
	if e, ok := got[0].Fields.Get("n"); !ok || e.Value != "number" {
		t.Errorf("n is a %q", e.Value)
	}
}

func BenchmarkRead(b *testing.B) {
	g := newGateway(b, 20_000)
	pages := map[string][]byte{}
	g.answer = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		n := r.URL.Query().Get("PAGENUM")
		if pages[n] == nil {
			return false
		}
		_, _ = w.Write(pages[n])
		return true
	}
	for i := range 20 {
		rec := newRecorder()
		writePage(rec, g.list, i+1, 1000)
		pages[fmt.Sprint(i+1)] = rec.body
	}
	rows, cpu := 0, used()
	b.ReportAllocs()
	for b.Loop() {
		_, src := opened(b, g, 1000, nil)
		got, _, err := drain(src)
		if err != nil {
			b.Fatal(err)
		}
		rows += len(got)
	}
	b.ReportMetric(float64(rows)/(used()-cpu).Seconds(), "rows/cpu-s")
}

type recorder struct {
	body   []byte
	header http.Header
}

func newRecorder() *recorder                    { return &recorder{header: http.Header{}} }
func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(int)             {}
func (r *recorder) Write(p []byte) (int, error) { r.body = append(r.body, p...); return len(p), nil }

func used() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
