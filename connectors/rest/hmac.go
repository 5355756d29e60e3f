package rest

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rongtong/schemas/decl"
)

// hmacScheme signs a request with a shared key. What is signed is a list of
// parts from a fixed set, joined: no template, so nothing can be left out of a
// signature by a slip of the pen.
type hmacScheme struct {
	decl.Pos
	Scheme    string           `decl:"scheme,required"`
	Key       decl.Secret      `decl:"key,required"`
	AppID     decl.Text        `decl:"app_id"`
	Hash      string           `decl:"hash"`     // sha256 (default), sha1 or md5
	Encoding  string           `decl:"encoding"` // base64 (default), hex or HEX
	Canonical []string         `decl:"canonical,required"`
	Join      string           `decl:"join"` // between the parts; empty: nothing
	Headers   decl.Map[string] `decl:"headers"`
	Query     decl.Map[string] `decl:"query"`
}

// The parts of a canonical string, which may also be shown in headers or
// parameters. signature can only be shown.
var parts = []string{"app_id", "method", "path", "query", "body", "body_sha256", "timestamp_s", "timestamp_ms", "nonce"}

var hashes = map[string]func() hash.Hash{"": sha256.New, "sha256": sha256.New, "sha1": sha1.New, "md5": md5.New}

func (h *hmacScheme) check() []decl.Problem {
	ps := oneOf(h.Pos, "hash", h.Hash, "sha256", "sha1", "md5")
	ps = append(ps, oneOf(h.Pos, "encoding", h.Encoding, "base64", "hex", "HEX")...)
	known := append([]string{"signature"}, parts...)
	shown := map[string]bool{}
	for _, list := range []decl.Map[string]{h.Headers, h.Query} {
		for _, e := range list {
			ps = append(ps, oneOf(e.Pos, "part", e.Value, known...)...)
			shown[e.Value] = true
		}
	}
	if !shown["signature"] {
		ps = append(ps, h.Problem("rest.signature", "add headers: { X-Sign: signature }", "the signature is shown nowhere"))
	}
	for _, p := range h.Canonical {
		ps = append(ps, oneOf(h.Pos, "part", p, parts...)...)
		changing := p == "nonce" || p == "timestamp_s" || p == "timestamp_ms"
		if (changing || p == "app_id") && !shown[p] {
			ps = append(ps, h.Problem("rest.signature", "show it in headers or query", "%q is signed but the system is never told it", p))
		}
	}
	ps = append(ps, unique(h.Pos, "rest.signature", h.Canonical)...)
	if len(h.Query) > 0 {
		for _, p := range h.Canonical {
			if p == "query" {
				ps = append(ps, h.Problem("rest.signature", "show the signature in headers", "the query cannot be signed and carry its signature"))
			}
		}
	}
	return ps
}

func (h *hmacScheme) prover() (prover, error) {
	key, err := h.Key.Reveal()
	if err != nil {
		return nil, err
	}
	app, err := h.AppID.Value()
	if err != nil {
		return nil, err
	}
	return &hmacProver{h, []byte(key), app, time.Now, requestID}, nil
}

type hmacProver struct {
	*hmacScheme
	key []byte
	app string
	// now and id are the clock and the source of nonces.
	now func() time.Time
	id  func() string
}

func (h *hmacProver) proof(context.Context, *system, int) (func(*http.Request, []byte), int, error) {
	return h.stamp, 0, nil
}

// stamp signs one request.
func (h *hmacProver) stamp(r *http.Request, body []byte) {
	now := h.now()
	values := map[string]string{
		"app_id": h.app, "method": r.Method, "path": r.URL.EscapedPath(), "query": r.URL.Query().Encode(), "body": string(body),
		"timestamp_s": strconv.FormatInt(now.Unix(), 10), "timestamp_ms": strconv.FormatInt(now.UnixMilli(), 10),
		"nonce": h.id(),
	}
	sum := sha256.Sum256(body)
	values["body_sha256"] = hex.EncodeToString(sum[:])
	signed := make([]string, len(h.Canonical))
	for i, p := range h.Canonical {
		signed[i] = values[p]
	}
	values["signature"] = h.sign(strings.Join(signed, h.Join))
	for _, e := range h.Headers {
		r.Header.Set(e.Key, values[e.Value])
	}
	if len(h.Query) > 0 {
		q := r.URL.Query()
		for _, e := range h.Query {
			q.Set(e.Key, values[e.Value])
		}
		r.URL.RawQuery = q.Encode()
	}
}

func (h *hmacProver) sign(text string) string {
	m := hmac.New(hashes[h.Hash], h.key)
	m.Write([]byte(text))
	sum := m.Sum(nil)
	switch h.Encoding {
	case "hex":
		return hex.EncodeToString(sum)
	case "HEX":
		return strings.ToUpper(hex.EncodeToString(sum))
	}
	return base64.StdEncoding.EncodeToString(sum)
}
