package rest

import (
	"context"
	"crypto/aes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// platform is the signature scheme of the national exchange platform.
type platform struct {
	decl.Pos
	Scheme  string      `decl:"scheme,required"` // gjgxjhpt
	SID     string      `decl:"sid,required"`
	AppKey  decl.Secret `decl:"app_key,required"` // 16, 24 or 32 bytes
	Refresh string      `decl:"refresh,required"` // path below base
}

func (p *platform) check() []decl.Problem { return checkPath(p.Pos, "refresh", p.Refresh) }

func (p *platform) prover() (prover, error) {
	key, err := p.AppKey.Reveal()
	if err != nil {
		return nil, err
	}
	if n := len(key); n != 16 && n != 24 && n != 32 {
		return nil, fmt.Errorf("app_key has %d bytes, not 16, 24 or 32", n)
	}
	return &signer{sid: p.SID, appKey: []byte(key), refresh: p.Refresh, now: time.Now, id: requestID}, nil
}

// signer signs requests by the scheme of the national exchange platform
// (gjgxjhpt). The secret is asked for with the application key and shared by
// all streams of a system; it is renewed shortly before it expires and when a
// request is refused. It is safe for concurrent use.
type signer struct {
	sid     string
	appKey  []byte
	refresh string
	// now and id are the clock and the source of request ids.
	now func() time.Time
	id  func() string

	mu     sync.Mutex // held while asking, so that streams ask once together
	secret []byte
	number int // of the secret: grows with every renewal
	renew  time.Time
}

// sign is Base64(HMAC-SHA256(secret, sid + rid + rtime)).
func sign(secret []byte, sid, rid, rtime string) string {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(sid + rid + rtime))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// headers stamps a request.
func (s *signer) headers(h http.Header, secret []byte) {
	rid, rtime := s.id(), strconv.FormatInt(s.now().UnixMilli(), 10)
	h.Set("gjgxjhpt_rid", rid)
	h.Set("gjgxjhpt_sid", s.sid)
	h.Set("gjgxjhpt_rtime", rtime)
	h.Set("gjgxjhpt_sign", sign(secret, s.sid, rid, rtime))
}

func (s *signer) proof(ctx context.Context, sys *system, refused int) (func(*http.Request, []byte), int, error) {
	secret, number, err := s.current(ctx, sys, refused)
	return func(r *http.Request, _ []byte) { s.headers(r.Header, secret) }, number, err
}

// current returns the secret and its number. One that is due, or whose number
// is refused (0 refuses none), is renewed first: of several streams that were
// refused with the same secret, one asks and the others take its answer.
func (s *signer) current(ctx context.Context, sys *system, refused int) ([]byte, int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	due := !s.renew.IsZero() && s.now().After(s.renew)
	if s.secret != nil && s.number != refused && !due {
		return s.secret, s.number, nil
	}
	got, err := sys.get(ctx, call{
		path: s.refresh, doing: "renewing the secret", find: []string{"data.secret", "data.expires_at"},
		stamp: func(r *http.Request, _ []byte) { s.headers(r.Header, s.appKey) },
	})
	if err != nil {
		return nil, 0, err
	}
	text, _ := scalar(got.found[0])
	secret, err := decryptSecret(text, s.appKey)
	if err != nil {
		return nil, 0, fault.Hint(fault.Config, "is app_key the key of this system?", "renewing the secret of %q: %w", sys.name, err)
	}
	s.secret, s.number = secret, s.number+1
	s.renew = time.Time{}
	// A lifetime that is over already means that the two clocks disagree: then
	// only a refusal tells, and we do not ask before every request.
	expires, _ := scalar(got.found[1])
	ms, _ := strconv.ParseInt(expires, 10, 64)
	if life := time.UnixMilli(ms).Sub(s.now()); life > 0 {
		s.renew = s.now().Add(life - life/10)
	}
	return s.secret, s.number, nil
}

// decryptSecret undoes Base64 and AES-ECB with PKCS#7 padding. ECB is what the
// platform does; a secret of one or two blocks is all it protects.
func decryptSecret(text string, key []byte) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("the secret is not Base64")
	}
	c, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("app_key has %d bytes, not 16, 24 or 32", len(key))
	}
	if len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, errors.New("the secret is not a whole number of AES blocks")
	}
	for i := 0; i < len(data); i += aes.BlockSize {
		c.Decrypt(data[i:], data[i:])
	}
	pad := int(data[len(data)-1])
	if pad < 1 || pad > aes.BlockSize {
		return nil, errors.New("the padding of the secret is wrong")
	}
	for _, b := range data[len(data)-pad:] {
		if int(b) != pad {
			return nil, errors.New("the padding of the secret is wrong")
		}
	}
	if len(data) == pad {
		return nil, errors.New("the secret is empty")
	}
	return data[:len(data)-pad], nil
}

// requestID is a random UUID.
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
