package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/time/rate"

	"rongtong/connectors"
	"rongtong/schemas/fault"
)

// Limits that protect this side of the line.
const (
	bodyMax       = 64 << 20
	retryAfterMax = time.Minute // a longer wait is the scheduler's, not ours
)

// call is one request to the system.
type call struct {
	path  string
	query url.Values
	doing string   // "reading page 3 of \"committee\"", for errors
	find  []string // dotted paths of what is wanted of the answer
	sign  func(http.Header)
}

// answer is what was found of a whole and well-formed answer: the raw JSON for
// each path of the call, nil where there is none.
type answer struct {
	found [][]byte
	bytes int
}

// errRefused says that a signature was not accepted.
var errRefused = errors.New("the signature is refused")

// fetch is get with the signature of the system. A refused request is signed
// anew, once: a secret that is wrong twice is nothing time heals.
func (s *system) fetch(ctx context.Context, c call) (answer, error) {
	if s.signer == nil {
		return s.get(ctx, c)
	}
	refused := 0
	for {
		secret, number, err := s.signer.current(ctx, s, refused)
		if err != nil {
			return answer{}, err
		}
		c.sign = func(h http.Header) { s.signer.headers(h, secret) }
		got, err := s.get(ctx, c)
		if !errors.Is(err, errRefused) || refused > 0 {
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
	u := *s.base
	u.Path += c.path
	u.RawQuery = c.query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return answer{}, fault.New(fault.Config, "%s of system %q: the address is not one", c.doing, s.name)
	}
	req.Header.Set("Accept", "application/json")
	if c.sign != nil {
		c.sign(req.Header)
	}
	res, err := s.http.Do(req)
	if err != nil {
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err // without the address, which a setting may keep from logs
		}
		return answer{}, fault.New(fault.Transient, "%s of system %q: %w", c.doing, s.name, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, bodyMax+1))
	switch {
	case err != nil:
		return answer{}, fault.New(fault.Transient, "%s of system %q: the answer ends early: %w", c.doing, s.name, err)
	case len(body) > bodyMax:
		return answer{}, fault.Hint(fault.Config, "lower page.rows", "%s of system %q: the answer is larger than %d bytes", c.doing, s.name, bodyMax)
	}
	if err := s.status(c, res); err != nil {
		return answer{}, err
	}
	found, err := connectors.FindJSON(body, append([]string{"code"}, c.find...)...)
	if err != nil {
		return answer{}, fault.New(fault.Transient, "%s of system %q: the answer is no whole JSON document: %w", c.doing, s.name, err)
	}
	if err := s.code(c, found[0]); err != nil {
		return answer{}, err
	}
	return answer{found[1:], len(body)}, nil
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
	default:
		return fault.New(fault.Config, "%s of system %q: the system answers %d", c.doing, s.name, n)
	}
}

// code classifies an answer by the code that the platform puts into the body,
// also under status 200. The message beside the code is not repeated: what it
// quotes is not ours to know.
func (s *system) code(c call, raw []byte) error {
	code, ok := scalar(raw)
	switch {
	case !ok || code == "0000":
		return nil
	case code == "0401":
		return s.refusal(c)
	case len(code) == 4 && code[:2] == "05" || code == "0429":
		return fault.New(fault.Transient, "%s of system %q: the system answers code %s", c.doing, s.name, code)
	case len(code) == 4 && code[:2] == "04":
		return fault.New(fault.Config, "%s of system %q: the system answers code %s", c.doing, s.name, code)
	}
	return fault.New(fault.Unknown, "%s of system %q: the system answers a code that is not agreed", c.doing, s.name)
}

func (s *system) refusal(c call) error {
	return fault.Hint(fault.Config, "check sid and app_key, and that the clocks agree",
		"%s of system %q: %w", c.doing, s.name, errRefused)
}

// wait honours Retry-After: seconds, or a date.
func (s *system) wait(c call, header string) error {
	err := fault.New(fault.Transient, "%s of system %q: the system asks to wait", c.doing, s.name)
	d := time.Duration(-1)
	if n, e := strconv.Atoi(header); e == nil && n >= 0 {
		d = time.Duration(n) * time.Second
	} else if t, e := http.ParseTime(header); e == nil {
		d = max(time.Until(t), 0)
	}
	switch {
	case d < 0:
		return err
	case d > retryAfterMax:
		return backoff.Permanent(err)
	}
	return &backoff.RetryAfterError{Duration: d}
}

// scalar is the text of a raw JSON string or number without escapes.
func scalar(raw []byte) (string, bool) {
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || raw[0] == 'n' {
		return "", false
	}
	if raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	return string(raw), true
}

func newClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:   timeout,
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 8, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true},
		// A redirect is not followed: it would carry our signature elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func newLimit(perSecond float64) *rate.Limiter {
	if perSecond <= 0 {
		return rate.NewLimiter(rate.Inf, 1)
	}
	return rate.NewLimiter(rate.Limit(perSecond), 1)
}
