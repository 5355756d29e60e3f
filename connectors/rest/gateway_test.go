package rest

import (
	"crypto/aes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testSID    = "s_3700000000000_0001"
	testAppKey = "canary-app-key-1"
)

// gateway is a system that speaks the agreed wire. What it does besides is in
// its fields, guarded by mu.
type gateway struct {
	*httptest.Server
	mu       sync.Mutex
	list     []json.RawMessage
	secret   string
	lives    time.Duration // of a secret, as told; 0: an hour
	renewals int
	requests int
	// answer, when set, may answer a data request itself.
	answer func(n int, w http.ResponseWriter, r *http.Request) bool
}

func newGateway(tb testing.TB, rows int) *gateway {
	g := &gateway{secret: "canary-secret-1"}
	g.add(rows)
	g.Server = httptest.NewServer(http.HandlerFunc(g.serve))
	tb.Cleanup(g.Close)
	return g
}

func (g *gateway) add(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for range n {
		i := len(g.list)
		item, _ := json.Marshal(map[string]any{
			"xzqh": fmt.Sprintf("37%010d", i), "zzmc": "解放桥社区居民委员会", "n": json.Number(strconv.Itoa(i) + ".50"),
			"cd_time": time.UnixMilli(1766188800000 + int64(i)*1000).UTC().Add(8 * time.Hour).Format(time.DateTime),
			"fddbr":   "canary-person", "extra": i, "cd_operation": map[bool]string{true: "D", false: "I"}[i%10 == 9],
		})
		g.list = append(g.list, item)
	}
}

func (g *gateway) signed(r *http.Request, secret string) bool {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(testSID + r.Header.Get("gjgxjhpt_rid") + r.Header.Get("gjgxjhpt_rtime")))
	sent, _ := base64.StdEncoding.DecodeString(r.Header.Get("gjgxjhpt_sign"))
	return r.Header.Get("gjgxjhpt_sid") == testSID && hmac.Equal(sent, h.Sum(nil))
}

func (g *gateway) serve(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.URL.Path == "/api/auth/secret" {
		g.renew(w, r)
		return
	}
	g.requests++
	if !g.signed(r, g.secret) {
		// Both ways to refuse are in use: the status, and a code under 200.
		if g.requests%2 == 0 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `{"code":"0401","message":"签名错误 canary-message"}`)
		return
	}
	if g.answer != nil && g.answer(g.requests, w, r) {
		return
	}
	number, _ := strconv.Atoi(r.URL.Query().Get("PAGENUM"))
	size, _ := strconv.Atoi(r.URL.Query().Get("PAGESIZE"))
	writePage(w, g.list, number, size)
}

func writePage(w http.ResponseWriter, list []json.RawMessage, number, size int) {
	from := min((number-1)*size, len(list))
	b := fmt.Appendf(nil, `{"code":"0000","data":{"total":%d,"list":[`, len(list))
	for i, item := range list[from:min(from+size, len(list))] {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, item...)
	}
	_, _ = w.Write(append(b, "]}}"...))
}

func (g *gateway) renew(w http.ResponseWriter, r *http.Request) {
	if !g.signed(r, testAppKey) {
		fmt.Fprint(w, `{"code":"0401","message":"canary-message"}`)
		return
	}
	g.renewals++
	lives := g.lives
	if lives == 0 {
		lives = time.Hour
	}
	fmt.Fprintf(w, `{"code":"0000","data":{"secret":%q,"expires_at":%d}}`,
		encryptSecret(g.secret, testAppKey), time.Now().Add(lives).UnixMilli())
}

func encryptSecret(secret, key string) string {
	pad := aes.BlockSize - len(secret)%aes.BlockSize
	data := []byte(secret + strings.Repeat(string(rune(pad)), pad))
	c, err := aes.NewCipher([]byte(key))
	if err != nil {
		panic(err)
	}
	for i := 0; i < len(data); i += aes.BlockSize {
		c.Encrypt(data[i:], data[i:])
	}
	return base64.StdEncoding.EncodeToString(data)
}
