package sandbox

import (
	"crypto/aes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"rongtong/deploy/sandbox/world"
)

// gatewaySID is the subscriber that the pipeline is known as.
const gatewaySID = "s_3700000000000_0001"

// secretLife is short so that every run of some minutes renews its secret.
const secretLife = 60 * time.Second

// troubleEvery is how seldom a request of data meets an overloaded gateway.
const troubleEvery = 200

// maxPage is the most rows that a page may have.
const maxPage = 1000

// gateway is the province's data exchange platform. Its pages are made when
// asked for.
type gateway struct {
	s        *Sandbox
	addr     string
	requests atomic.Int64
	refused  atomic.Int64

	mu      sync.Mutex
	secret  string
	expires time.Time
	issued  int
}

func (s *Sandbox) startGateway(listen string) (*gateway, error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("listening as the province's gateway on %q: %w", listen, err)
	}
	g := &gateway{s: s, addr: l.Addr().String()}
	w := s.World
	mux := http.NewServeMux()
	mux.HandleFunc("GET /auth/secret", g.refresh)
	rows := 0
	for _, list := range []struct {
		path    string
		columns []string
		rows    int
		row     func(int, *world.Record)
	}{
		{"/v1/committee", world.CommitteeColumns, w.CommitteeRows(), w.Committee},
		{"/v1/social_work_station", world.StationColumns, w.StationRows(), w.Station},
		{"/v1/smart_community", world.SmartColumns, w.SmartRows(), w.Smart},
		{"/v1/social_org", world.SocialColumns, w.SocialRows(), w.Social},
	} {
		rows += list.rows
		mux.HandleFunc("GET "+list.path, g.page(list.columns, list.rows, list.row))
	}
	m := s.meter(world.Gateway, "P", "rows", int64(rows))
	m.produced.Store(int64(rows))
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	s.wg.Go(func() { _ = srv.Serve(l) }) // ends with Close
	s.close = append(s.close, func() { _ = srv.Close() })
	return g, nil
}

// Sign is the signature of the national exchange platform: Base64 of
// HMAC-SHA256 under the secret over subscriber, request and time.
func Sign(secret, sid, rid, rtime string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(sid + rid + rtime))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// signed checks a request's headers against a secret.
func signed(r *http.Request, secret string) bool {
	h := r.Header
	sid, rid, rtime := h.Get("gjgxjhpt_sid"), h.Get("gjgxjhpt_rid"), h.Get("gjgxjhpt_rtime")
	ms, err := strconv.ParseInt(rtime, 10, 64)
	if err != nil || sid != gatewaySID || rid == "" || time.Since(time.UnixMilli(ms)).Abs() > 10*time.Minute {
		return false
	}
	return hmac.Equal([]byte(h.Get("gjgxjhpt_sign")), []byte(Sign(secret, sid, rid, rtime)))
}

// refresh hands out the secret, encrypted under the application key.
func (g *gateway) refresh(w http.ResponseWriter, r *http.Request) {
	key := g.s.appKey()
	if !signed(r, key) {
		fail(w, http.StatusUnauthorized, "0401", "签名错误")
		return
	}
	secret, expires := g.issue()
	fmt.Fprintf(w, `{"code":"0000","message":"成功","data":{"secret":"%s","expires_at":%d}}`, encrypt(key, secret), expires.UnixMilli())
}

func (g *gateway) issue() (string, time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := time.Now(); now.After(g.expires.Add(-5 * time.Second)) {
		g.issued++
		g.secret = g.s.secret("gateway "+strconv.FormatInt(now.UnixNano(), 36), 32)
		g.expires = now.Add(secretLife)
	}
	return g.secret, g.expires
}

func (g *gateway) valid() (string, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.secret, g.secret != "" && time.Now().Before(g.expires)
}

// encrypt is AES-128 in ECB mode with PKCS#7 padding, as the platform does it.
// It hides nothing from who can compare blocks; that is the platform's choice.
func encrypt(key, text string) string {
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		panic(fmt.Sprintf("sandbox: the application key has 16 bytes: %v", err))
	}
	n := block.BlockSize()
	b := []byte(text)
	pad := n - len(b)%n
	for range pad {
		b = append(b, byte(pad))
	}
	for i := 0; i < len(b); i += n {
		block.Encrypt(b[i:i+n], b[i:i+n])
	}
	return base64.StdEncoding.EncodeToString(b)
}

// fail answers as the platform does: sometimes an HTTP status, sometimes a code
// in the body of a 200.
func fail(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"code":"%s","message":"%s"}`, code, message)
}

// page serves one list.
func (g *gateway) page(columns []string, rows int, row func(int, *world.Record)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if secret, ok := g.valid(); !ok || !signed(r, secret) {
			if g.refused.Add(1)%2 == 0 {
				fail(w, http.StatusOK, "0401", "密钥已过期")
			} else {
				fail(w, http.StatusUnauthorized, "0401", "密钥已过期")
			}
			return
		}
		switch n := g.requests.Add(1); {
		case n%(2*troubleEvery) == 0:
			w.Header().Set("Retry-After", "1")
			fail(w, http.StatusTooManyRequests, "0429", "请求过于频繁")
			return
		case n%troubleEvery == 0:
			fail(w, http.StatusInternalServerError, "0500", "系统繁忙")
			return
		}
		number, err1 := strconv.Atoi(r.URL.Query().Get("PAGENUM"))
		size, err2 := strconv.Atoi(r.URL.Query().Get("PAGESIZE"))
		if err1 != nil || err2 != nil || number < 1 || size < 1 || size > maxPage {
			fail(w, http.StatusOK, "0400", "分页参数错误")
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(pageBody(columns, rows, (number-1)*size, size, row)) // a client that left needs no answer
	}
}

func pageBody(columns []string, rows, from, size int, row func(int, *world.Record)) []byte {
	b := make([]byte, 0, 1<<18)
	b = fmt.Appendf(b, `{"code":"0000","message":"成功","data":{"total":%d,"list":[`, rows)
	var rec world.Record
	for i := from; i < min(from+size, rows); i++ {
		if i > from {
			b = append(b, ',')
		}
		row(i, &rec)
		b = appendObject(b, columns, rec.Wire)
	}
	return append(b, "]}}"...)
}
