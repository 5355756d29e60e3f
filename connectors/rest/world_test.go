package rest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// portal is a system with one list, which it serves in every style of paging.
type portal struct {
	*httptest.Server
	style string
	name  string   // of every numbered record
	tail  []string // records after the numbered ones

	mu      sync.Mutex
	n       int // numbered records
	trouble *conntest.Trouble
	hit     chan struct{}
	met     sync.Once
}

// portalRows of long records are more than one Read delivers (8 MiB).
const portalRows = 2_300

var long = strings.Repeat("社区", 700)

// clockOf is the clock of a world with n records: one is written each second.
func clockOf(n int) time.Time { return time.UnixMilli(1766188800000 + int64(n)*1000) }

func record1(i int, op, name string) string {
	return fmt.Sprintf(`{"id":"37%010d","name":"%s","n":%d.50,"t":%q,"op":%q,"person":"canary-person","extra":[1]}`,
		i, name, i, clockOf(i).UTC().Add(8*time.Hour).Format(time.DateTime), op)
}

func (p *portal) at(i int) string {
	if i < p.n {
		return record1(i, map[bool]string{true: "D", false: "I"}[i%10 == 9], p.name)
	}
	return p.tail[i-p.n]
}

func newPortal(tb testing.TB, style string, n int) *portal {
	p := &portal{style: style, n: n, name: long}
	if n > portalRows {
		p.name = "解放桥社区"
	}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	tb.Cleanup(p.Close)
	return p
}

const portalRowsPage = 100

func (p *portal) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	trouble := p.trouble
	n := p.n + len(p.tail)
	p.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+testAppKey {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var b []byte
	if r.URL.Path == "/api/types" {
		b = []byte(typeRows)
	} else {
		b = p.page(w, r, n)
	}
	if trouble != nil {
		p.spoil(w, r, *trouble, b)
		return
	}
	_, _ = w.Write(b)
}

// page is one answer of the list.
func (p *portal) page(w http.ResponseWriter, r *http.Request, n int) []byte {
	q := r.URL.Query()
	num := func(key string) int { v, _ := strconv.Atoi(q.Get(key)); return v }
	var from int
	size := portalRowsPage
	if p.style == "values" {
		size = n
	}
	switch p.style {
	case byNumber:
		from, size = (num("page")-1)*num("size"), num("size")
	case byOffset:
		from, size = num("start"), num("size")
	default:
		from = num("after")
	}
	end := n
	if p.style == "window" {
		lo, hi := num("since"), num("until")
		base := int(clockOf(0).Unix())
		from, end = from+max(0, lo-base), min(n, max(0, hi-base))
	}
	to := min(from+size, end)
	from = min(from, to)
	var b []byte
	next := ""
	if to < end {
		next = strconv.Itoa(to)
		if p.style == "window" {
			next = strconv.Itoa(to - max(0, num("since")-int(clockOf(0).Unix())))
		}
	} else if p.style == byCursor && to > from {
		next = strconv.Itoa(to) // a token that will find what comes later
	}
	open, shut := `{"code":0,"data":{"list":[`, fmt.Sprintf(`],"total":%d,"next":%q}}`, end, next)
	switch p.style {
	case byNext:
		next = strings.TrimSuffix("/api/list?after="+next, "?after=")
		if to == end {
			next = ""
		}
		shut = fmt.Sprintf(`],"next":%q}}`, next)
	case byLink:
		if next != "" {
			w.Header().Add("Link", `</api/list?after=0>; rel="first", <`+p.URL+`/api/list?after=`+next+`>; title="a,b"; rel="next"`)
		}
	case "values":
		open, shut = "[", "]"
		if p.trouble != nil {
			break
		}
		w.Header().Set("ETag", fmt.Sprintf(`"%d"`, n))
		if r.Header.Get("If-None-Match") == fmt.Sprintf(`"%d"`, n) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	b = append(b, open...)
	for i := from; i < to; i++ {
		if i > from {
			b = append(b, ',')
		}
		b = append(b, p.at(i)...)
	}
	return append(b, shut...)
}

func (p *portal) spoil(w http.ResponseWriter, r *http.Request, t conntest.Trouble, b []byte) {
	switch t {
	case conntest.Cut:
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		_, _ = w.Write(b[:len(b)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case conntest.Truncate:
		_, _ = w.Write(b[:len(b)/2]) // whole to the transport
	case conntest.Throttle:
		w.Header().Set("Retry-After", p.now().Add(time.Hour).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusTooManyRequests)
	case conntest.Expire:
		w.WriteHeader(http.StatusUnauthorized)
	case conntest.Stall:
		p.met.Do(func() { close(p.hit) })
		<-r.Context().Done()
	}
}

func (p *portal) now() time.Time { return clockOf(p.n) }

// world serves the list in one style of paging.
type world struct{ style string }

type site struct {
	*portal
	tb testing.TB
}

var pagings = map[string]string{
	byNumber: "{ path: /list, page: { number: page, size: size, first: 1, rows: 100 }, items: data.list, total: data.total, ",
	byOffset: "{ path: /list, page: { style: offset, offset: start, size: size, rows: 100 }, items: data.list, total: data.total, ",
	byCursor: "{ path: /list, page: { style: cursor, cursor: after, next: data.next }, items: data.list, ",
	byLink:   "{ path: /list, page: { style: link }, items: data.list, ",
	byNext:   "{ path: /list, page: { style: next_url, next: data.next }, items: data.list, ",
	"window": "{ path: /list, window: { from: since, to: until, format: epoch_s, first: '2025-12-20 08:00:00', step: 10m }, page: { style: cursor, cursor: after, next: data.next }, items: data.list, ",
	"values": "{ path: /list, form: values, ",
}

func portalText(url, style, env string) string {
	return fmt.Sprintf(`
connect:
  kind: rest
  base: %q
  signature: { scheme: token, token: "${env:%s}" }
  errors: { code: code, ok: ["0"] }
  timeout: 20s
  tries: 1
streams:
  list:
    from: %s delete: { field: op, value: D }, at: { field: t } }
    key: [id]
    fields: { id: text, name: text, n: number, t: text }
    drop: [person]
`, url, env, pagings[style])
}

func (s site) Text() string            { return portalText(s.URL+"/api", s.style, "RONGTONG_TEST_APP_KEY") }
func (s site) System() *schemas.System { return conntest.Declare(s.tb, s.Text()) }
func (s site) Stream() string          { return "list" }
func (s site) Count() int              { return s.n + len(s.tail) }

func (s site) Add(testing.TB) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n += 123
}

func (s site) change(i int, op string) []conntest.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.style == "window" { // what changes is found by its time
		s.n++
		return []conntest.Event{{Key: fmt.Sprintf("37%010d", s.n-1)}}
	}
	s.tail = append(s.tail, record1(i, op, "新社区"))
	return []conntest.Event{{Key: fmt.Sprintf("37%010d", i), With: map[string]string{"name": `"新社区"`}}}
}

func (s site) Update(testing.TB) []conntest.Event { return s.change(7, "U") }

func (s site) Delete(testing.TB) []conntest.Event {
	if s.style == "window" {
		for s.change(0, ""); s.n%10 != 0; {
			s.change(0, "")
		}
		return []conntest.Event{{Key: fmt.Sprintf("37%010d", s.n-1)}}
	}
	return s.change(8, "D")
}

func (s site) Inject(_ testing.TB, t conntest.Trouble) conntest.Injected {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble, s.hit, s.met = &t, make(chan struct{}), sync.Once{}
	return conntest.Injected{Hit: s.hit, Heal: func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.trouble = nil
	}}
}

// Kind is the protocol with the clock of the portal.
func (w world) Kind() connectors.Kind {
	k := Kind()
	if w.style != "window" {
		return k
	}
	k.Open = func(_ context.Context, sys *schemas.System) (connectors.Opened, error) {
		s, err := open(sys)
		if err != nil {
			return nil, err
		}
		s.now = windowClock
		return s, nil
	}
	return k
}

// windowClock is the clock of the started portal; in another process, that of
// a fresh one.
var windowClock = func() time.Time { return clockOf(portalRows) }

func (w world) start(tb testing.TB, n int) site {
	p := newPortal(tb, w.style, n)
	windowClock = func() time.Time { p.mu.Lock(); defer p.mu.Unlock(); return clockOf(p.n) }
	return site{p, tb}
}

func (w world) Start(tb testing.TB) conntest.Site { return w.start(tb, portalRows) }

func (w world) StartLarge(tb testing.TB, n int) conntest.Site { return w.start(tb, n) }

const typeRows = `{"code":0,"data":{"next":"","total":1,"list":[{"id":"1","s":"一\u4e8c\n\"","i":12345678901234567890,"d":1.50,"e":1e3,"q":"12.50","w":"12户",` +
	`"t":true,"f":"false","z":null,"o":{"a":1},"a":[1],"m":"\ud83dx"}]}}`

type typeSite struct{ site }

func (s typeSite) Count() int { return 1 }
func (s typeSite) Text() string {
	text := strings.Replace(s.site.Text(), "path: /list", "path: /types", 1)
	return strings.Replace(text, "{ id: text, name: text, n: number, t: text }",
		"{ id: text, s: text, i: number, d: number, e: number, q: number, w: number, t: bool, f: bool, z: text, o: text, a: text, m: text, x: text }", 1)
}
func (s typeSite) System() *schemas.System { return conntest.Declare(s.tb, s.Text()) }

func (w world) StartTypes(tb testing.TB) (conntest.Site, []conntest.Typed) {
	if w.style == "values" {
		w.style = byCursor
	}
	var want []conntest.Typed
	for _, c := range [][3]string{
		{"text", "s", `"一二\n\""`}, {"integer", "i", "12345678901234567890"}, {"decimal", "d", "1.50"}, {"exponent", "e", "1e3"},
		{"number in quotes", "q", "12.50"}, {"text in a number field", "w", `"12户"`}, {"truth value", "t", "true"},
		{"truth value in quotes", "f", "false"}, {"null", "z", "null"}, {"object", "o", "null"}, {"array", "a", "null"},
		{"lone surrogate", "m", "\"\uFFFDx\""}, {"absent", "x", "null"},
	} {
		want = append(want, conntest.Typed{Type: c[0], Key: "1", Field: c[1], JSON: c[2]})
	}
	return typeSite{w.start(tb, 1)}, want
}

func (w world) Refused() []conntest.Refused {
	good := fmt.Sprintf(declaration, "http://gateway.invalid/api", testSID, "KEY", 1000)
	change := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	signed := func(s string) string {
		return change(`signature: { scheme: gjgxjhpt, sid: `+testSID+`, app_key: "${env:KEY}", refresh: /auth/secret }`, s)
	}
	return []conntest.Refused{
		{Name: "unknown key", Text: change("items:", "item:"), Rule: "key.unknown"},
		{Name: "no rows", Text: change("rows: 1000", "rows: 0"), Rule: "rest.rows"},
		{Name: "unknown scheme", Text: change("scheme: gjgxjhpt", "scheme: gjgxjhp"), Rule: "rest.scheme"},
		{Name: "an inline key", Text: change(`"${env:KEY}"`, "abcdefghabcdefgh"), Rule: "secret.inline"},
		{Name: "a path that leads elsewhere", Text: change("path: /v1/committee", "path: //other.invalid/v1"), Rule: "rest.path"},
		{Name: "a password in the address", Text: change("http://gateway", "http://user:pass@gateway"), Rule: "rest.base"},
		{Name: "one name for number and size", Text: change("size: PAGESIZE", "size: PAGENUM"), Rule: "rest.page"},
		{Name: "unknown style", Text: change("page: {", "page: { style: numbers,"), Rule: "rest.word"},
		{Name: "a cursor without its token", Text: change("page: {", "page: { style: cursor, cursor: c,"), Rule: "key.missing"},
		{Name: "a body under GET", Text: change("from: {", "from: { send: json,"), Rule: "rest.send"},
		{Name: "unknown encoding", Text: change("from: {", "from: { encoding: latin1,"), Rule: "rest.word"},
		{Name: "a path into joined values", Text: change("from: {", "from: { form: values,"), Rule: "rest.form"},
		{Name: "a window from no time", Text: change("from: {", "from: { window: { from: since, first: soon },"), Rule: "rest.window"},
		{Name: "a window of half days", Text: change("from: {", "from: { window: { from: a, first: '2025-01-01', format: date, step: 12h },"), Rule: "rest.window"},
		{Name: "a window in no zone", Text: change("from: {", "from: { window: { from: a, first: '2025-01-01', zone: Asia/Jinan },"), Rule: "rest.zone"},
		{Name: "redirects to anywhere", Text: change("tries: 3", "redirects: all"), Rule: "rest.word"},
		{Name: "a certificate without its key", Text: change("tries: 3", "tls: { cert: x }"), Rule: "rest.tls"},
		{Name: "a code with a star inside", Text: change("tries: 3", "errors: { code: code, ok: ['0*0'] }"), Rule: "rest.code"},
		{Name: "a signature nobody sees", Text: signed(`signature: { scheme: hmac, key: "${env:KEY}", canonical: [path] }`), Rule: "rest.signature"},
		{Name: "a nonce nobody sees", Text: signed(`signature: { scheme: hmac, key: "${env:KEY}", canonical: [path, nonce], headers: { X-Sign: signature } }`), Rule: "rest.signature"},
		{Name: "a part of no kind", Text: signed(`signature: { scheme: hmac, key: "${env:KEY}", canonical: [paths], headers: { X-Sign: signature } }`), Rule: "rest.word"},
		{Name: "a token in two places", Text: signed(`signature: { scheme: token, token: "${env:KEY}", header: X, query: y }`), Rule: "rest.signature"},
		{Name: "a token address that is none", Text: signed(`signature: { scheme: oauth2, token_url: "ftp://x", client_id: a, client_secret: "${env:KEY}" }`), Rule: "rest.base"},
	}
}

func (w world) Unfit(tb testing.TB) []conntest.Unfit {
	g := newGateway(tb, 3)
	gone := newPortal(tb, w.style, 3)
	gone.Close()
	p := newPortal(tb, w.style, 3)
	return []conntest.Unfit{
		{Name: "wrong application key", System: withKey(tb, g.URL+"/api", "RONGTONG_TEST_WRONG_KEY", 10), Class: fault.Config, Credential: true},
		{Name: "wrong token", System: conntest.Declare(tb, portalText(p.URL+"/api", w.style, "RONGTONG_TEST_WRONG_KEY")), Class: fault.Config, Credential: true},
		{Name: "application key too short", System: withKey(tb, g.URL+"/api", "RONGTONG_TEST_SHORT_KEY", 10), Class: fault.Config, Credential: true},
		{Name: "nobody answers", System: conntest.Declare(tb, portalText(gone.URL+"/api", w.style, "RONGTONG_TEST_APP_KEY")), Class: fault.Transient},
		{Name: "variable not set", System: withKey(tb, g.URL+"/api", "RONGTONG_TEST_NOT_SET", 10), Class: fault.Config},
	}
}

func (w world) Exempt() map[string]string {
	out := map[string]string{}
	if w.style != byNumber {
		out["million"] = "the way of reading a page is that of the style number, which is checked"
	}
	if w.style == "values" {
		out["million"] = "one answer holds the whole list: max_response bounds it"
	}
	return out
}

func TestConformance(t *testing.T) {
	for _, style := range append(styles, "window", "values") {
		t.Run(style, func(t *testing.T) { conntest.Run(t, world{style}) })
	}
}
