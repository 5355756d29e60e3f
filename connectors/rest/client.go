package rest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/time/rate"

	"rongtong/connectors"
	"rongtong/schemas/fault"
)

// Limits that protect this side of the line.
const (
	bodyDefault   = 64 << 20
	retryAfterMax = time.Minute // a longer wait is the scheduler's, not ours
	redirectsMax  = 5
)

// call is one request to the system.
type call struct {
	path     string     // below base
	address  string     // instead of path and params: path and query on the host of base
	params   url.Values // where send says
	numbers  []string   // parameters that a JSON body shows as numbers
	method   string     // "": GET
	send     string     // "": query
	encoding string     // declared encoding of the answer; "": what its header says, or UTF-8
	etag     string     // of the answer we have: 304 is then a good answer
	doing    string     // "reading page 3 of \"committee\"", for errors
	find     []string   // dotted paths of what is wanted of the answer
	values   bool       // the answer is values one after another: there is nothing to find
	stamp    func(*http.Request, []byte)
}

// answer is what was found of a whole and well-formed answer: the raw JSON for
// each path of the call, nil where there is none.
type answer struct {
	found     [][]byte
	body      []byte // UTF-8
	header    http.Header
	unchanged bool // 304
}

// errRefused says that a signature was not accepted.
var errRefused = errors.New("the signature is refused")

// fetch is get with the proof of the system. A refused request is proved anew,
// once: a credential that is wrong twice is nothing time heals.
func (s *system) fetch(ctx context.Context, c call) (answer, error) {
	if s.prover == nil {
		return s.get(ctx, c)
	}
	refused := 0
	for {
		stamp, number, err := s.prover.proof(ctx, s, refused)
		if err != nil {
			return answer{}, err
		}
		c.stamp = stamp
		got, err := s.get(ctx, c)
		if !errors.Is(err, errRefused) || refused > 0 || number == 0 {
			return got, err
		}
		refused = number
	}
}

// get asks until an answer is good, or refused for a reason that asking again
// does not heal, or the tries are used up. The body it returns is whole and
// carries no error code.
func (s *system) get(ctx context.Context, c call) (answer, error) {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = s.pause, 10*time.Second
	got, err := backoff.Retry(ctx, func() (answer, error) {
		got, err := s.once(ctx, c)
		var after *backoff.RetryAfterError
		if err == nil || errors.As(err, &after) || fault.Is(err, fault.Transient) && ctx.Err() == nil {
			return got, err
		}
		return answer{}, backoff.Permanent(err)
	}, backoff.WithBackOff(b), backoff.WithMaxTries(uint(s.tries)), backoff.WithMaxElapsedTime(5*time.Minute))
	if ctx.Err() != nil {
		return answer{}, ctx.Err()
	}
	var after *backoff.RetryAfterError
	if errors.As(err, &after) { // the last try was told to wait
		return answer{}, fault.New(fault.Transient, "%s of system %q: the system asks to wait", c.doing, s.name)
	}
	var permanent *backoff.PermanentError
	if errors.As(err, &permanent) {
		err = permanent.Err
	}
	return got, err
}

// once is one request and the judgement of its answer.
func (s *system) once(ctx context.Context, c call) (answer, error) {
	if err := s.limit.Wait(ctx); err != nil {
		return answer{}, fault.New(fault.Transient, "%s of system %q: waiting for the rate limit: %w", c.doing, s.name, err)
	}
	req, err := s.request(ctx, c)
	if err != nil {
		return answer{}, fault.New(fault.Config, "%s of system %q: the address is not one", c.doing, s.name)
	}
	res, err := s.http.Do(req)
	if err != nil {
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err // without the address, which a setting may keep from logs
		}
		return answer{}, s.lineFault(c.doing, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, s.bodyMax+1))
	switch {
	case err != nil:
		return answer{}, fault.New(fault.Transient, "%s of system %q: the answer ends early: %w", c.doing, s.name, err)
	case int64(len(body)) > s.bodyMax:
		return answer{}, fault.Hint(fault.Config, "lower page.rows, or raise max_response", "%s of system %q: the answer is larger than %d bytes", c.doing, s.name, s.bodyMax)
	}
	if c.etag != "" && res.StatusCode == http.StatusNotModified {
		return answer{unchanged: true}, nil
	}
	if err := s.status(c, res); err != nil {
		return answer{}, err
	}
	if body, err = decodeBody(body, c.encoding, res.Header.Get("Content-Type")); err != nil {
		return answer{}, fault.Hint(fault.Config, "check `encoding`", "%s of system %q: %w", c.doing, s.name, err)
	}
	return s.judge(c, body, res.Header)
}

// request builds the request of a call, signed last.
func (s *system) request(ctx context.Context, c call) (*http.Request, error) {
	u := *s.base
	u.Path += c.path
	var body []byte
	kind := ""
	switch c.send {
	case "json":
		body, kind = jsonParams(c.params, c.numbers), "application/json"
	case "form":
		body, kind = []byte(c.params.Encode()), "application/x-www-form-urlencoded"
	default:
		u.RawQuery = c.params.Encode()
	}
	if c.address != "" {
		other, err := url.Parse(c.address)
		if err != nil {
			return nil, err
		}
		u.Path, u.RawPath, u.RawQuery = other.Path, other.RawPath, other.RawQuery
	}
	method := c.method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "rongtong")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if c.etag != "" {
		req.Header.Set("If-None-Match", c.etag)
	}
	for name, v := range s.headers {
		req.Header.Set(name, v)
	}
	if c.stamp != nil {
		c.stamp(req, body)
	}
	return req, nil
}

// jsonParams writes parameters as one object, in the order of their names.
func jsonParams(params url.Values, numbers []string) []byte {
	out := map[string]any{}
	for k := range params {
		out[k] = params.Get(k)
	}
	for _, k := range numbers {
		if params.Has(k) {
			out[k] = json.Number(params.Get(k))
		}
	}
	b, _ := json.Marshal(out) // texts and numbers: it cannot fail
	return b
}

// judge looks into a whole answer.
func (s *system) judge(c call, body []byte, header http.Header) (answer, error) {
	got := answer{body: body, header: header}
	if c.values {
		err := connectors.EachValue(body, func([]byte) error { return nil })
		if err != nil {
			return answer{}, fault.New(fault.Transient, "%s of system %q: the answer is not whole JSON: %w", c.doing, s.name, err)
		}
		return got, nil
	}
	code := ""
	if s.codes != nil {
		code = s.codes.Code
	}
	found, err := connectors.FindJSON(body, append([]string{code}, c.find...)...)
	if err != nil {
		return answer{}, fault.New(fault.Transient, "%s of system %q: the answer is no whole JSON document: %w", c.doing, s.name, err)
	}
	if s.codes != nil {
		if err := s.code(c, found[0]); err != nil {
			return answer{}, err
		}
	}
	got.found = found[1:]
	return got, nil
}

// lineFault classifies what went wrong before there was an answer. A
// certificate is nothing that time heals.
func (s *system) lineFault(doing string, err error) error {
	var verify *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var alert *net.OpError // what the other side says of our certificate
	switch {
	case errors.As(err, &verify), errors.As(err, &authority), errors.As(err, &host):
		return fault.Hint(fault.Config, "check tls.ca and tls.server_name", "%s of system %q: the certificate of the system is not trusted: %w", doing, s.name, err)
	case errors.As(err, &alert) && alert.Op == "remote error":
		return fault.Hint(fault.Config, "check tls.cert and tls.key", "%s of system %q: %w", doing, s.name, err)
	case errors.Is(err, errRedirect):
		return fault.Hint(fault.Config, "set base to where the system is", "%s of system %q: %w", doing, s.name, err)
	}
	return fault.New(fault.Transient, "%s of system %q: %w", doing, s.name, err)
}

// status classifies an answer by its HTTP status.
func (s *system) status(c call, res *http.Response) error {
	switch n := res.StatusCode; {
	case n == http.StatusOK:
		return nil
	case n == http.StatusUnauthorized:
		return s.refusal(c)
	case n == http.StatusTooManyRequests, n == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != "":
		return s.wait(c, res.Header.Get("Retry-After"))
	case n >= 500, n == http.StatusRequestTimeout:
		return fault.New(fault.Transient, "%s of system %q: the system answers %d", c.doing, s.name, n)
	case n >= 300 && n < 400:
		return fault.Hint(fault.Config, "set base to where the system is, or redirects: same_host", "%s of system %q: the system answers %d, which is not followed", c.doing, s.name, n)
	default:
		return fault.New(fault.Config, "%s of system %q: the system answers %d", c.doing, s.name, n)
	}
}

// code classifies an answer by the code in its body. The message beside the
// code is not repeated: what it quotes is not ours to know. Nor is a code that
// is not agreed.
func (s *system) code(c call, raw []byte) error {
	code, ok := scalar(raw)
	switch {
	case !ok, matches(s.codes.OK, code):
		return nil
	case matches(s.codes.Refused, code):
		return s.refusal(c)
	case matches(s.codes.Transient, code):
		return fault.New(fault.Transient, "%s of system %q: the system answers code %s", c.doing, s.name, code)
	case matches(s.codes.Config, code):
		return fault.New(fault.Config, "%s of system %q: the system answers code %s", c.doing, s.name, code)
	}
	return fault.Hint(fault.Unknown, "agree on it and add it to errors", "%s of system %q: the system answers a code that is not agreed", c.doing, s.name)
}

// matches reports whether a code is one of the patterns. What a star stands for
// must be short letters and digits: the code is repeated in errors.
func matches(patterns []string, code string) bool {
	for _, p := range patterns {
		begin, star := strings.CutSuffix(p, "*")
		if p == code {
			return true
		}
		if rest, ok := strings.CutPrefix(code, begin); star && ok && len(rest) <= 6 && strings.Trim(rest, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_-") == "" {
			return true
		}
	}
	return false
}

func (s *system) refusal(c call) error {
	return fault.Hint(fault.Config, "check the credentials, and that the clocks agree",
		"%s of system %q: %w", c.doing, s.name, errRefused)
}

// wait honours Retry-After: seconds, or a date.
func (s *system) wait(c call, header string) error {
	err := fault.New(fault.Transient, "%s of system %q: the system asks to wait", c.doing, s.name)
	d := time.Duration(-1)
	if n, e := strconv.Atoi(header); e == nil && n >= 0 {
		d = time.Duration(n) * time.Second
	} else if t, e := http.ParseTime(header); e == nil {
		d = max(t.Sub(s.now()), 0)
	}
	switch {
	case d < 0:
		return err
	case d > retryAfterMax:
		return backoff.Permanent(err)
	}
	return &backoff.RetryAfterError{Duration: d}
}

// scalar is the text of a raw JSON string, number or truth value without escapes.
func scalar(raw []byte) (string, bool) {
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || raw[0] == 'n' {
		return "", false
	}
	if raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	return string(raw), true
}

// errRedirect says that a redirect was not followed.
var errRedirect = errors.New("a redirect leads to another host, or too often")

// newClient makes the HTTP client of a system.
func newClient(set settings) (*http.Client, error) {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 8, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true}
	if set.TLS != nil {
		var err error
		if t.TLSClientConfig, err = set.TLS.config(); err != nil {
			return nil, err
		}
	}
	// A redirect is not followed unless it is declared, and never to another
	// host: it would carry our signature there.
	redirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if set.Redirects == "same_host" {
		redirect = func(r *http.Request, via []*http.Request) error {
			if len(via) > redirectsMax || r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme {
				return errRedirect
			}
			return nil
		}
	}
	return &http.Client{Timeout: set.Timeout, Transport: t, CheckRedirect: redirect}, nil
}

// config reads the certificates. An error never holds a key.
func (t *tlsSettings) config() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CA.IsSet() {
		pem, err := t.CA.Value()
		if err != nil {
			return nil, err
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(pem)) {
			return nil, fmt.Errorf("tls.ca holds no certificate in PEM")
		}
	}
	if t.Cert.IsSet() {
		cert, err := t.Cert.Value()
		if err != nil {
			return nil, err
		}
		key, err := t.Key.Reveal()
		if err != nil {
			return nil, err
		}
		pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
		if err != nil {
			return nil, fmt.Errorf("tls.cert and tls.key are not a pair in PEM")
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

func newLimit(perSecond float64) *rate.Limiter {
	if perSecond <= 0 {
		return rate.NewLimiter(rate.Inf, 1)
	}
	return rate.NewLimiter(rate.Limit(perSecond), 1)
}

// decodeBody gives an answer in UTF-8. Without a declared encoding the header's
// charset counts.
func decodeBody(body []byte, declared, contentType string) ([]byte, error) {
	if declared == "" {
		declared = "utf-8"
		if _, params, err := mime.ParseMediaType(contentType); err == nil {
			switch strings.ToLower(params["charset"]) {
			case "gbk", "gb2312", "gb18030", "cp936":
				declared = "gb18030"
			}
		}
	}
	return toUTF8(body, declared)
}
