package rest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// serving is a system with one stream and a handler.
func serving(tb testing.TB, h http.HandlerFunc, connect, from string) (*system, connectors.Source) {
	tb.Helper()
	srv := httptest.NewServer(h)
	tb.Cleanup(srv.Close)
	return opening(tb, srv.URL, connect, from)
}

func opening(tb testing.TB, url, connect, from string) (*system, connectors.Source) {
	tb.Helper()
	sys := conntest.Declare(tb, fmt.Sprintf("connect: { kind: rest, base: %q, tries: 2%s }\nstreams:\n  s:\n    from: { path: /list%s }\n    key: [a]\n    fields: { a: text, b: text }\n",
		url, connect, from))
	s, err := open(sys)
	if err != nil {
		tb.Fatal(err)
	}
	s.pause = time.Millisecond
	src, err := s.Source(context.Background(), sys.Streams[0].Value, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { src.Close(); s.Close() })
	return s, src
}

// values reads once and returns the values.
func values(tb testing.TB, src connectors.Source) []string {
	tb.Helper()
	var chunk record.Chunk
	if _, err := src.Read(context.Background(), &chunk); err != nil {
		tb.Fatal(err)
	}
	var out []string
	for _, e := range chunk.Rows {
		out = append(out, string(e.Value)+e.Fault)
	}
	return out
}

func same(tb testing.TB, got []string, want ...string) {
	tb.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		tb.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestShapesOfAnswers(t *testing.T) {
	for _, c := range []struct {
		name, from, body string
		want             []string
	}{
		{"the document is the array", "", `[{"a":"1"}]`, []string{`{"a":"1","b":null}`}},
		{"records inside items", `, items: hits.hits, record: _source`, `{"hits":{"hits":[{"_id":1,"_source":{"a":"1"}},{"_id":2}]}}`,
			[]string{`{"a":"1","b":null}`, `{"a":null,"b":null}json.record`}},
		{"joined arrays: names, then rows", `, form: values`, `["a","b"]` + "\n" + `[["1","x"],["2",null],["3"]]`,
			[]string{`{"a":"1","b":"x"}`, `{"a":"2","b":null}`, `{"a":null,"b":null}json.record`}},
		{"joined arrays of records", `, form: values`, `[{"a":"1"}][{"a":"2"}]`, []string{`{"a":"1","b":null}`, `{"a":"2","b":null}`}},
		{"JSON Lines", `, form: values`, "{\"a\":\"1\"}\n{\"a\":\"2\"}\n", []string{`{"a":"1","b":null}`, `{"a":"2","b":null}`}},
		{"a row that is no object", "", `[{"a":"1"},"canary",{"a":"2"}]`, []string{`{"a":"1","b":null}`, `{"a":null,"b":null}json.record`, `{"a":"2","b":null}`}},
		{"a byte order mark", "", "\uFEFF[{\"a\":\"1\"}]", []string{`{"a":"1","b":null}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, src := serving(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, c.body) }, "", c.from)
			same(t, values(t, src), c.want...)
		})
	}
}

func TestEncodings(t *testing.T) {
	gbk, _ := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(`[{"a":"解放桥|𬜬?"}]`))
	gbk = bytes.Replace(gbk, []byte("?"), []byte{0xFE, 0x59}, 1) // a code that golang.org/x/text loses
	for _, c := range []struct{ name, from, header string }{
		{"declared", ", encoding: gb18030", "application/json"},
		{"by the header", "", "application/json; charset=GBK"},
	} {
		_, src := serving(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.header)
			_, _ = w.Write(gbk)
		}, "", c.from)
		same(t, values(t, src), "{\"a\":\"解放桥|𬜬\u9fb4\",\"b\":null}")
	}
}

func TestLimitOfAnAnswer(t *testing.T) {
	_, src := serving(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[{"a":"12345"}]`) }, ", max_response: 10", "")
	if _, _, err := drain(src); !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "10 bytes") {
		t.Error(err)
	}
}

func TestRedirects(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Error("the request went to another host")
	}))
	defer other.Close()
	for _, c := range []struct {
		name, connect, to string
		rows              int
	}{
		{"refused", "", "/new", -1}, {"same host", ", redirects: same_host", "/new", 1}, {"another host", ", redirects: same_host", other.URL + "/list", -1},
	} {
		_, src := serving(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/new" {
				fmt.Fprint(w, `[{"a":"1"}]`)
				return
			}
			http.Redirect(w, r, c.to, http.StatusFound)
		}, c.connect, "")
		rows, _, err := drain(src)
		if c.rows < 0 && !fault.Is(err, fault.Config) || c.rows >= 0 && (err != nil || len(rows) != c.rows) {
			t.Errorf("%s: %d records, %v", c.name, len(rows), err)
		}
	}
}

// TestPostedParameters: a POST carries them in its body, numbers as numbers.
func TestPostedParameters(t *testing.T) {
	for send, want := range map[string]string{"json": `{"page":1,"size":10,"state":"all"}`, "form": "page=1&size=10&state=all", "query": ""} {
		_, src := serving(t, func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			if r.Method != http.MethodPost || string(b) != want || send == "query" && r.URL.Query().Get("state") != "all" {
				t.Errorf("%s: %s %q ?%s", send, r.Method, b, r.URL.RawQuery)
			}
			fmt.Fprint(w, `[{"a":"1"}]`)
		}, "", `, method: POST, send: `+send+`, query: { state: all }, page: { number: page, size: size, first: 1, rows: 10 }`)
		same(t, values(t, src), `{"a":"1","b":null}`)
	}
}

// TestUnchanged: an answer that did not change is asked for by its tag and
// costs no body.
func TestUnchanged(t *testing.T) {
	full, not := 0, 0
	body := `[{"a":"1"}]`
	_, src := serving(t, func(w http.ResponseWriter, r *http.Request) {
		tag := fmt.Sprintf(`"%d"`, len(body))
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			not++
			w.WriteHeader(http.StatusNotModified)
			return
		}
		full++
		fmt.Fprint(w, body)
	}, "", "")
	for i, want := range []int{1, 0, 0, 1, 0} {
		if i == 3 {
			body = `[{"a":"1"},{"a":"2"}]`
		}
		if rows, _, err := drain(src); err != nil || len(rows) != want {
			t.Fatalf("read %d: %d records, %v", i, len(rows), err)
		}
	}
	if full != 2 || not != 5 {
		t.Errorf("%d whole answers and %d unchanged ones", full, not)
	}
}

// TestWindows: pieces of time are finished one after another, late records are
// found by the overlap, and the newest piece ends before now.
func TestWindows(t *testing.T) {
	var asked []string
	late := false
	s, src := serving(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		asked = append(asked, q.Get("since")+" "+q.Get("until"))
		if late && q.Get("since") <= "2025-01-01 23:50:00" && q.Get("until") > "2025-01-02" {
			fmt.Fprint(w, `[{"a":"late"}]`)
			return
		}
		fmt.Fprintf(w, `[{"a":%q}]`, q.Get("since"))
	}, "", `, window: { from: since, to: until, first: "2025-01-01", step: 12h, overlap: 30m, lag: 1h }`)
	now := time.Date(2025, 1, 2, 1, 0, 0, 0, time.FixedZone("", 8*3600))
	s.now = func() time.Time { return now }
	rows, pos, err := drain(src)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d records, %v", len(rows), err)
	}
	same(t, asked, "2025-01-01 00:00:00 2025-01-01 12:00:00", "2025-01-01 11:30:00 2025-01-02 00:00:00")
	asked = nil
	if rows, _, _ := drain(src); len(rows) != 0 || len(asked) != 0 {
		t.Errorf("nothing is new, and %d records came of %v", len(rows), asked)
	}
	now, late = now.Add(90*time.Minute), true
	if rows, _, err = drain(src); err != nil || len(rows) != 1 || rows[0] != "late" {
		t.Errorf("%v, %v", rows, err)
	}
	same(t, asked, "2025-01-01 23:30:00 2025-01-02 01:30:00")
	again, err := s.Source(context.Background(), s.list[0], pos)
	if err != nil {
		t.Fatal(err)
	}
	asked = nil
	if rows, _, err := drain(again); err != nil || len(rows) != 1 {
		t.Errorf("from the position: %v, %v", rows, err)
	}
	same(t, asked, "2025-01-01 23:30:00 2025-01-02 01:30:00")
}

// TestWindowTexts: every way to write the ends of a piece.
func TestWindowTexts(t *testing.T) {
	for format, want := range map[string]string{
		"datetime": "2025-01-01 00:00:00 2025-01-02 00:00:00", "date": "2025-01-01 2025-01-01", "epoch_s": "1735660800 1735747200",
		"epoch_ms": "1735660800000 1735747200000", "rfc3339": "2025-01-01T00:00:00+08:00 2025-01-02T00:00:00+08:00",
	} {
		closed := ""
		if format == "date" {
			closed = ", closed: true"
		}
		got := ""
		s, src := serving(t, func(w http.ResponseWriter, r *http.Request) {
			if got == "" {
				got = r.URL.Query().Get("f") + " " + r.URL.Query().Get("t")
			}
			fmt.Fprint(w, `[]`)
		}, "", `, window: { from: f, to: t, first: "2025-01-01 00:00:00", format: `+format+closed+` }`)
		s.now = func() time.Time { return time.Date(2025, 1, 2, 10, 0, 0, 0, time.FixedZone("", 8*3600)) }
		var chunk record.Chunk
		_, _ = src.Read(context.Background(), &chunk)
		if got != want {
			t.Errorf("%s: %q, want %q", format, got, want)
		}
	}
}

// TestOtherHost: the proof of who we are is not carried elsewhere by an answer.
func TestOtherHost(t *testing.T) {
	for _, next := range []string{"http://other.invalid/list?x=1", "//other.invalid/list", "https://user@other.invalid/"} {
		_, src := serving(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"list":[{"a":"1"}],"next":%q}`, next)
		}, "", `, items: list, page: { style: next_url, next: next }`)
		if rows, _, err := drain(src); !fault.Is(err, fault.Config) || len(rows) != 0 {
			t.Errorf("%s: %d records, %v", next, len(rows), err)
		}
	}
}

func TestHMAC(t *testing.T) {
	var got http.Header
	s, src := serving(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header; fmt.Fprint(w, `[{"a":"1"}]`) },
		`, signature: { scheme: hmac, key: "${env:RONGTONG_TEST_APP_KEY}", app_id: app7, encoding: hex, canonical: [method, path, query, timestamp_s, nonce, app_id, body_sha256], join: "\n", headers: { X-App: app_id, X-Time: timestamp_s, X-Nonce: nonce, X-Sign: signature } }`,
		`, query: { b: "2", a: "1 1" }`)
	p := s.prover.(*hmacProver)
	p.now, p.id = func() time.Time { return time.Unix(1735689600, 0) }, func() string { return "n-1" }
	values(t, src)
	// The vector: printf 'GET\n/list\na=1+1&b=2\n1735689600\nn-1\napp7\ne3b0c442…b855' | openssl dgst -sha256 -hmac canary-app-key-1
	if got.Get("X-App") != "app7" || got.Get("X-Time") != "1735689600" || got.Get("X-Nonce") != "n-1" || got.Get("X-Sign") != hmacVector {
		t.Errorf("%v", got)
	}
}

// hmacVector was computed with openssl, not with this code.
const hmacVector = "cfe436b31f90b15a3773c324a4ff5693384091102bb8f2993d432e98fbd2b779"

// TestOAuth: a token is asked for once, renewed when it is refused and before
// it expires, and an error of the token endpoint has its class.
func TestOAuth(t *testing.T) {
	token, asked, status := "t-1", 0, 200
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/oauth/token" {
			asked++
			id, secret, _ := r.BasicAuth()
			_ = r.ParseForm()
			if id != "client" || secret != testAppKey || r.Form.Get("grant_type") != "client_credentials" || r.Form.Get("scope") != "read list" {
				w.WriteHeader(http.StatusUnauthorized)
				fmt.Fprint(w, `{"error":"invalid_client","error_description":"canary"}`)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3600})
			return
		}
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `[{"a":"1"}]`)
	}
	const oauth = `, signature: { scheme: oauth2, token_url: /oauth/token, client_id: client, client_secret: "${env:RONGTONG_TEST_%s}", scopes: [read, list] }`
	s, src := serving(t, h, fmt.Sprintf(oauth, "APP_KEY"), "")
	for range 3 {
		if _, _, err := drain(src); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 1 {
		t.Errorf("%d tokens were asked for", asked)
	}
	token = "t-2" // the first one is refused
	if _, _, err := drain(src); err != nil || asked != 2 {
		t.Errorf("%d tokens, %v", asked, err)
	}
	now := time.Now().Add(59*time.Minute + 45*time.Second)
	s.prover.(*oauthProver).now = func() time.Time { return now }
	if _, _, err := drain(src); err != nil || asked != 3 {
		t.Errorf("%d tokens after 59:45 of 60 minutes, %v", asked, err)
	}
	token, status = "t-3", 503
	if _, _, err := drain(src); !fault.Is(err, fault.Transient) {
		t.Errorf("the token endpoint is down: %v", err)
	}
	_, wrong := serving(t, h, fmt.Sprintf(oauth, "WRONG_KEY"), "")
	if _, _, err := drain(wrong); !fault.Is(err, fault.Config) || strings.Contains(err.Error(), "canary") {
		t.Errorf("a wrong secret: %v", err)
	}
}

// TestTokens: fixed credentials are shown as declared, and a refusal is final.
func TestTokens(t *testing.T) {
	for connect, holds := range map[string]func(*http.Request) bool{
		`, signature: { scheme: token, token: "${env:RONGTONG_TEST_APP_KEY}", header: X-Api-Key }`: func(r *http.Request) bool { return r.Header.Get("X-Api-Key") == testAppKey },
		`, signature: { scheme: token, token: "${env:RONGTONG_TEST_APP_KEY}", query: apikey }`:     func(r *http.Request) bool { return r.URL.Query().Get("apikey") == testAppKey },
		`, signature: { scheme: basic, user: u, password: "${env:RONGTONG_TEST_APP_KEY}" }`:        func(r *http.Request) bool { _, p, _ := r.BasicAuth(); return p == testAppKey },
		`, headers: { X-Tenant: "37" }`: func(r *http.Request) bool { return r.Header.Get("X-Tenant") == "37" },
	} {
		refuse, asked := false, 0
		_, src := serving(t, func(w http.ResponseWriter, r *http.Request) {
			asked++
			if !holds(r) || refuse {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			fmt.Fprint(w, `[{"a":"1"}]`)
		}, connect, "")
		if rows, _, err := drain(src); err != nil || len(rows) != 1 {
			t.Errorf("%s: %v", connect, err)
		}
		refuse, asked = true, 0
		if _, _, err := drain(src); !fault.Is(err, fault.Config) || asked != 1 {
			t.Errorf("%s: refused %d times: %v", connect, asked, err)
		}
	}
}

// TestCodes: what the body says under status 200 is declared, not guessed.
func TestCodes(t *testing.T) {
	for code, want := range map[string]fault.Class{
		`0`: 99, `"ok"`: 99, `"E503"`: fault.Transient, `"denied"`: fault.Config, `"auth"`: fault.Config, `"canary"`: fault.Unknown, `"E5canary canary"`: fault.Unknown,
	} {
		_, src := serving(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"status":{"code":%s,"message":"canary"},"list":[{"a":"1"}]}`, code)
		}, `, errors: { code: status.code, ok: ["0", ok], refused: [auth], transient: ["E5*"], config: [denied] }`, ", items: list")
		rows, _, err := drain(src)
		if want == 99 && (err != nil || len(rows) != 1) || want != 99 && (err == nil || fault.Of(err) != want || len(rows) != 0) {
			t.Errorf("%s: %d records, class %s: %v", code, len(rows), fault.Of(err), err)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("the error repeats what the system said: %v", err)
		}
	}
}

// TestPrivateAuthority: a system with a certificate of its own authority that
// wants ours, over real TLS.
func TestPrivateAuthority(t *testing.T) {
	dir := t.TempDir()
	ca, caKey := certificate(t, dir, "ca", nil, nil)
	certificate(t, dir, "client", ca, caKey)
	certificate(t, dir, "server", ca, caKey)
	certificate(t, dir, "stranger", nil, nil)
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `[{"a":"1"}]`) }))
	srv.Config.ErrorLog = quiet
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	srv.StartTLS()
	defer srv.Close()
	for _, c := range []struct {
		name, ca, cert string
		ok             bool
	}{
		{"both sides trust", "ca", "client", true}, {"no certificate of ours", "ca", "", false},
		{"not signed by their authority", "ca", "stranger", false}, {"another authority", "stranger", "client", false},
	} {
		set := fmt.Sprintf(`, tls: { server_name: site.internal, ca: "${file:%s}"`, filepath.Join(dir, c.ca+".pem"))
		if c.cert != "" {
			set += fmt.Sprintf(`, cert: "${file:%s}", key: "${file:%s}"`, filepath.Join(dir, c.cert+".pem"), filepath.Join(dir, c.cert+".key"))
		}
		_, src := opening(t, srv.URL, set+" }", "")
		rows, _, err := drain(src)
		if c.ok && (err != nil || len(rows) != 1) || !c.ok && !fault.Is(err, fault.Config) {
			t.Errorf("%s: %d records, class %s: %v", c.name, len(rows), fault.Of(err), err)
		}
	}
}

func certificate(tb testing.TB, dir, name string, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"site.internal"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: parent == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		tb.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "EC PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	c, err = x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return c, key
}

func TestNextLink(t *testing.T) {
	for header, want := range map[string]string{
		`</a?x=1>; rel="next"`: "/a?x=1", `</p>; rel=prev, </n>; rel=next`: "/n", `</a>; rel="first next"`: "/a", `</a,b;c>; title="x, rel=next"; rel="next"`: "/a,b;c",
		`</a>; rel="nextish"`: "", `<>`: "", "": "", `</a; rel=next`: "", `</x>;title="\", <y>";rel=NEXT`: "/x",
	} {
		if got := nextLink([]string{header}); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
}

func FuzzNextLink(f *testing.F) {
	f.Add(`</a,b;c>; title="x, rel=next"; rel="next"`)
	f.Fuzz(func(t *testing.T, h string) {
		if got := nextLink([]string{h}); got != "" && !strings.Contains(h, got) {
			t.Fatalf("%q is not of %q", got, h)
		}
	})
}

// FuzzJoined: whatever an answer holds, its records are checked JSON of it.
func FuzzJoined(f *testing.F) {
	for _, s := range []string{`["a","b"][["1","x"],["2"]]`, `[{"a":1}]{"a":2}`, `[[`, `["a"]["b"]`, `[]`, "1 2"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		items, err := joinedItems(body)
		if err != nil {
			return
		}
		for _, item := range items {
			if item != nil && !json.Valid(item) {
				t.Fatalf("%q of %q is no JSON", item, body)
			}
		}
	})
}

// FuzzHost: an address that an answer gives never leads to another host.
func FuzzHost(f *testing.F) {
	base, _ := url.Parse("http://site.internal:8080/api")
	s := &system{base: base}
	for _, a := range []string{"/x?y=1", "?z", "//evil/x", "http://evil", `\\evil\x`, "http://site.internal:8080@evil/", "/\t/evil"} {
		f.Add(a)
	}
	f.Fuzz(func(t *testing.T, address string) {
		got, err := s.onHost(call{path: "/list"}, address)
		if err != nil {
			return
		}
		req, err := s.request(context.Background(), call{address: got})
		if err == nil && (req.URL.Host != base.Host || req.URL.Scheme != base.Scheme || req.URL.User != nil) {
			t.Fatalf("%q leads to %s", address, req.URL)
		}
	})
}

// quiet swallows what servers say of handshakes that are meant to fail.
var quiet = log.New(io.Discard, "", 0)

// TestSomeDays asks for one day only, whatever the stream's own reading would ask.
func TestSomeDays(t *testing.T) {
	var asked []string
	s, _ := serving(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Query().Get("since")+" "+r.URL.Query().Get("until"))
		fmt.Fprintf(w, `[{"a":%q}]`, r.URL.Query().Get("since"))
	}, "", `, window: { from: since, to: until, first: "2024-01-01", step: 12h, overlap: 30m, lag: 1h }`)
	s.now = func() time.Time { return time.Date(2026, 1, 2, 1, 0, 0, 0, time.UTC) }
	day := time.Date(2025, 3, 1, 0, 0, 0, 0, time.FixedZone("", 8*3600))
	src, err := connectors.Within(context.Background(), s, s.list[0], nil, day, day.AddDate(0, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if rows, _, err := drain(src); err != nil || len(rows) != 2 {
		t.Errorf("%v, %v", rows, err)
	}
	same(t, asked, "2025-03-01 00:00:00 2025-03-01 12:00:00", "2025-03-01 11:30:00 2025-03-02 00:00:00")
}
