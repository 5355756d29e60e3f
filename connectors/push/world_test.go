package push

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// world is a gateway and its clients, who keep every request until it is
// acknowledged and send it again.
type world struct{ open *gateway }

const worldText = `
connect:
  kind: push
  listen: %q
  clients: { app: { keys: ["${env:RONGTONG_TEST_PUSH_KEY}"], streams: [measure] } }
streams:
  measure:
    from: { path: /v1/push/measure, at: { field: device_time }, delete: { field: op, value: D } }
    key: [village]
    fields: { village: text, value: number, on: bool, note: text, device_time: text }
    drop: [filler_phone]
`

const each = 500 // records in a request

// appClient makes a connection for each request: one to a gateway that ended
// would fail the next request, which the app would only send again.
var appClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

type site struct {
	w     *world
	tb    testing.TB
	addr  string
	body  func(i int) string // of request i of the first ones
	first int
	more  []string // requests after them

	mu      sync.Mutex
	flying  map[int]bool
	acked   map[int]bool
	trouble *conntest.Trouble
}

func (w *world) start(tb testing.TB, requests int, body func(int) string) *site {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return &site{w: w, tb: tb, addr: l.Addr().String(), body: body, first: requests, flying: map[int]bool{}, acked: map[int]bool{}}
}

func form(i int, op string) string {
	return fmt.Sprintf(`{"village":"%012d","value":%d.50,"on":true,"device_time":"2025-12-20 08:00:00","op":%q,"filler_phone":"13800000001"}`, i, i, op)
}

func forms(request int) string {
	var b strings.Builder
	for i := range each {
		b.WriteString(form(request*each+i, ""))
		b.WriteByte('\n')
	}
	return b.String()
}

func (w *world) Start(tb testing.TB) conntest.Site { return w.start(tb, 50, forms) }

func (w *world) StartLarge(tb testing.TB, n int) conntest.Site {
	return w.start(tb, (n+each-1)/each, forms)
}

const typed = `{"village":"1","value":1.50,"on":"true","note":"一\u4e8c\n\""}{"village":"2","value":"12户","note":12345678901234567890}{"village":"3","value":null}` +
	`{"village":"4","value":1e3,"on":false,"note":"\ud83dx"}`

func (w *world) StartTypes(tb testing.TB) (conntest.Site, []conntest.Typed) {
	var want []conntest.Typed
	for _, c := range [][4]string{
		{"decimal", "1", "value", "1.50"}, {"truth value in quotes", "1", "on", "true"}, {"text", "1", "note", `"一二\n\""`},
		{"text in a number field", "2", "value", `"12户"`}, {"integer in a text field", "2", "note", `"12345678901234567890"`},
		{"null", "3", "value", "null"}, {"absent", "3", "note", "null"}, {"exponent", "4", "value", "1e3"}, {"truth value", "4", "on", "false"},
		{"lone surrogate", "4", "note", "\"\uFFFDx\""},
	} {
		want = append(want, conntest.Typed{Type: c[0], Key: c[1], Field: c[2], JSON: c[3]})
	}
	s := w.start(tb, 0, forms)
	s.more = []string{typed}
	return s, want
}

func (s *site) Text() string            { return fmt.Sprintf(worldText, s.addr) }
func (s *site) System() *schemas.System { return conntest.Declare(s.tb, s.Text()) }
func (s *site) Stream() string          { return "measure" }
func (s *site) Count() int {
	n := s.first * each
	for _, b := range s.more {
		n += strings.Count(b, `"village"`)
	}
	return n
}
func (s *site) Add(testing.TB) { s.more = append(s.more, forms(900), forms(901)) }

func (s *site) Update(testing.TB) []conntest.Event {
	s.more = append(s.more, strings.Replace(form(3, ""), "3.50", "99", 1))
	return []conntest.Event{{Key: "000000000003", With: map[string]string{"value": "99"}}}
}

func (s *site) Delete(testing.TB) []conntest.Event {
	s.more = append(s.more, form(4, "D"))
	return []conntest.Event{{Key: "000000000004"}}
}

func (s *site) request(i int) string {
	if i < s.first {
		return s.body(i)
	}
	return s.more[i-s.first]
}

// idle are the requests to send, at most a handful: clients wait for answers.
func (s *site) idle() (out []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 0; i < s.first+len(s.more) && len(out)+len(s.flying) < 60; i++ {
		if !s.flying[i] && !s.acked[i] {
			out = append(out, i)
		}
	}
	return out
}

// post sends request i and notes how it ended.
func (s *site) post(i int, key string) (ended <-chan struct{}) {
	done := make(chan struct{})
	s.mu.Lock()
	s.flying[i] = true
	s.mu.Unlock()
	go func() {
		defer close(done)
		ok := false
		req, _ := http.NewRequest(http.MethodPost, "http://"+s.addr+"/v1/push/measure", strings.NewReader(s.request(i)))
		req.Header.Set("Authorization", "Bearer "+key)
		req.Header.Set("Content-Type", "application/x-ndjson")
		if res, err := appClient.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			ok = res.StatusCode == http.StatusOK
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.flying, i)
		s.acked[i] = ok
	}()
	return done
}

// Send sends requests one after another, each when the one before is queued.
func (s *site) Send(tb testing.TB) int {
	g := s.w.open
	if g == nil || g.stopping.Load() {
		return s.sendElsewhere(tb)
	}
	src := g.streams["measure"].reading()
	until(tb, func() bool { // answers to requests of an earlier source are on their way
		s.mu.Lock()
		defer s.mu.Unlock()
		src.mu.Lock()
		defer src.mu.Unlock()
		return len(s.flying) <= len(src.queue)+len(src.unsure)
	})
	queued := func() uint64 { src.mu.Lock(); defer src.mu.Unlock(); return src.number }
	key, n := testKey, 0
	if s.trouble != nil {
		switch *s.trouble {
		case conntest.Cut, conntest.Stall, conntest.Truncate:
			s.half(tb, *s.trouble)
			return 0
		case conntest.Expire:
			key = "canary-of-last-year"
		}
	}
	for _, i := range s.idle() {
		before := queued()
		ended := s.post(i, key)
		refused := false
		until(tb, func() bool {
			select {
			case <-ended:
				refused = true
			default:
			}
			return refused || queued() > before
		})
		if queued() == before {
			return n
		}
		n += strings.Count(s.request(i), `"village"`)
	}
	return n
}

// half sends the beginning of a request: over a line that breaks, by a client
// that waits, or as a whole request with half the JSON.
func (s *site) half(tb testing.TB, t conntest.Trouble) {
	body := forms(0)
	body = body[:len(body)/2]
	if t == conntest.Truncate {
		req, _ := http.NewRequest(http.MethodPost, "http://"+s.addr+"/v1/push/measure", strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+testKey)
		res, err := appClient.Do(req)
		if err != nil || res.StatusCode != http.StatusBadRequest {
			tb.Errorf("half a body: %v, %v", res, err)
			return
		}
		res.Body.Close()
		return
	}
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		tb.Error(err)
		return
	}
	fmt.Fprintf(c, "POST /v1/push/measure HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 1000000\r\n\r\n%s", testKey, body)
	if t == conntest.Cut {
		c.Close()
	} else {
		tb.Cleanup(func() { c.Close() })
	}
}

// sendElsewhere sends to a gateway of another process and waits for its answers.
func (s *site) sendElsewhere(tb testing.TB) int {
	until(tb, func() bool {
		res, err := http.Get("http://" + s.addr + "/healthz")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return bytes.Contains(b, []byte(`"ok"`))
	})
	n := 0
	list := s.idle()
	var all []<-chan struct{}
	for _, i := range list {
		all = append(all, s.post(i, testKey))
	}
	for k, i := range list {
		<-all[k]
		s.mu.Lock()
		acked := s.acked[i]
		s.mu.Unlock()
		if acked {
			n += strings.Count(s.request(i), `"village"`)
		}
	}
	return n
}

func (s *site) Inject(_ testing.TB, t conntest.Trouble) conntest.Injected {
	s.trouble = &t
	limit := s.w.open.senders.list[0].limit
	if t == conntest.Throttle {
		limit.SetLimit(1)
		limit.SetBurst(1)
		limit.AllowN(time.Now(), 1)
	}
	return conntest.Injected{Heal: func() {
		s.trouble = nil
		limit.SetLimit(rate.Inf)
	}}
}

// Kind is the protocol; the world remembers which gateway is open.
func (w *world) Kind() connectors.Kind {
	k := Kind()
	k.Open = func(_ context.Context, sys *schemas.System) (connectors.Opened, error) {
		g, err := open(sys)
		if err != nil {
			return nil, err
		}
		w.open = g
		return g, nil
	}
	return k
}

func (w *world) Refused() []conntest.Refused {
	var out []conntest.Refused
	for _, c := range []struct{ old, new, rule string }{
		{"max_body: 100000", "max_body: 100000000", "push.max_body"},
		{"max_body: 100000", "max_body: 100000, patience: -1s", "push.patience"},
		{"max_body", "maxbody", "key.unknown"},
		{`"${env:RONGTONG_TEST_PUSH_KEY}"`, "canary", "secret.inline"},
		{"path: /v1/push/facility", "path: /v1/push/measure", "push.path"},
		{"path: /v1/push/facility", "path: /healthz", "push.path"},
		{"path: /v1/push/facility", `path: "v1 facility"`, "push.path"},
		{"127.0.0.1:0", "127.0.0.1", "push.listen"},
		{`key: "${env:RONGTONG_TEST_PUSH_KEY}", `, "", "push.clients"},
		{"max_body: 100000", `clients: { a: { keys: ["${env:A}"] } }`, "push.clients"},
		{`key: "${env:RONGTONG_TEST_PUSH_KEY}"`, `clients: { a: { keys: [canary] } }`, "secret.inline"},
		{`key: "${env:RONGTONG_TEST_PUSH_KEY}"`, `clients: { a: { keys: ["sha256:12"] } }`, "push.key"},
		{`key: "${env:RONGTONG_TEST_PUSH_KEY}"`, `clients: { a: { keys: [] } }`, "push.key"},
		{`key: "${env:RONGTONG_TEST_PUSH_KEY}"`, `clients: { a: { keys: ["${env:A}"], streams: [measures] } }`, "push.scope"},
		{`key: "${env:RONGTONG_TEST_PUSH_KEY}"`, `clients: { a: { keys: ["${env:A}"], rate: -1 } }`, "push.range"},
		{"path: /v1/push/facility", "path: /v1/push/facility, contract: { fields: { vilage: {} } }", "contract.field"},
		{"path: /v1/push/facility", "path: /v1/push/facility, contract: { fields: { village: { format: divison } } }", "contract.format"},
		{"path: /v1/push/facility", "path: /v1/push/facility, contract: { fields: { village: { pattern: '(' } } }", "contract.pattern"},
		{"path: /v1/push/facility", "path: /v1/push/facility, contract: { fields: { village: { min: low } } }", "contract.range"},
	} {
		out = append(out, conntest.Refused{Name: c.new, Text: strings.Replace(declaration, c.old, c.new, 1), Rule: c.rule})
	}
	return out
}

func (w *world) Unfit(tb testing.TB) []conntest.Unfit {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	go func() { // something that is not us
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	tb.Cleanup(func() { l.Close() })
	change := func(old, new string) *schemas.System {
		return conntest.Declare(tb, strings.Replace(declaration, old, new, 1))
	}
	return []conntest.Unfit{
		{Name: "the port is taken", System: change("127.0.0.1:0", l.Addr().String()), Class: fault.Config},
		{Name: "an address of another machine", System: change("127.0.0.1:0", "192.0.2.1:8070"), Class: fault.Config},
		{Name: "no key", System: change("RONGTONG_TEST_PUSH_KEY", "RONGTONG_TEST_NOT_SET"), Class: fault.Config, Credential: true},
		{Name: "a short key", System: change("RONGTONG_TEST_PUSH_KEY", "RONGTONG_TEST_SHORT_KEY"), Class: fault.Config, Credential: true},
		{Name: "two clients with one key", System: change(`key: "${env:RONGTONG_TEST_PUSH_KEY}"`,
			`clients: { a: { keys: ["${env:RONGTONG_TEST_PUSH_KEY}"] }, b: { keys: ["${env:RONGTONG_TEST_PUSH_KEY}"] } }`), Class: fault.Config, Credential: true},
	}
}

func (w *world) Exempt() map[string]string { return nil }

func TestConformance(t *testing.T) { conntest.Run(t, &world{}) }
