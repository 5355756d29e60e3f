package lineage

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// Sink takes events, in order. An event that it will never take is counted in
// refused; the error is for what time or a person heals, and then the events
// after it were not taken.
type Sink interface {
	Send(ctx context.Context, events []Event) (refused int, err error)
	// Name identifies where events go; it holds no secret.
	Name() string
}

// OpenSink reads an address: "http(s)://[:${file:/key}@]host[:port]/api/v1/lineage" of
// any backend that takes OpenLineage events (the password is sent as a bearer
// token), or "file:/path/events.jsonl".
func OpenSink(address string) (Sink, error) {
	const hint = "write http://host:5000/api/v1/lineage or file:/var/lib/rongtong/lineage.jsonl"
	if path, ok := strings.CutPrefix(address, "file:"); ok && path != "" {
		return &fileSink{path: path}, nil
	}
	text, err := decl.Expand(address)
	if err != nil {
		return nil, fault.New(fault.Config, "opening the sink of lineage: %w", err)
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fault.Hint(fault.Config, hint, "opening the sink of lineage: the address is none")
	}
	s := &httpSink{client: &http.Client{Timeout: 10 * time.Second}}
	if u.User != nil {
		s.key, _ = u.User.Password()
		u.User = nil
	}
	s.url = u.String()
	return s, nil
}

type httpSink struct {
	client   *http.Client
	url, key string
}

func (s *httpSink) Name() string { return s.url }

func (s *httpSink) Send(ctx context.Context, events []Event) (refused int, err error) {
	for i := range events {
		ok, err := s.post(ctx, &events[i])
		if err != nil {
			return refused, fault.New(fault.Transient, "sending lineage to %q: %w", s.url, err)
		}
		if !ok {
			refused++
		}
	}
	return refused, nil
}

// post reports whether the backend took the event. What it answers is read and
// not repeated: it may quote the event.
func (s *httpSink) post(ctx context.Context, e *Event) (bool, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/json")
	if s.key != "" {
		req.Header.Set("Authorization", "Bearer "+s.key)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	switch code := resp.StatusCode; {
	case code < 300:
		return true, nil
	case code == http.StatusBadRequest, code == http.StatusUnprocessableEntity, code == http.StatusRequestEntityTooLarge:
		return false, nil
	default: // unavailable, throttled, not authorised, moved: nothing is wrong with the event
		return false, fmt.Errorf("the answer is %s", resp.Status)
	}
}

// fileSink appends a line an event. At fileLimit the file becomes path.1, in
// place of the one before.
type fileSink struct{ path string }

const fileLimit = 64 << 20

func (s *fileSink) Name() string { return "file:" + s.path }

func (s *fileSink) Send(_ context.Context, events []Event) (int, error) {
	if len(events) == 0 {
		return 0, nil
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	for i := range events {
		if err := enc.Encode(&events[i]); err != nil {
			return 0, fault.New(fault.Bug, "writing lineage: %w", err)
		}
	}
	if info, err := os.Stat(s.path); err == nil && info.Size()+int64(buf.Len()) > fileLimit {
		if err := os.Rename(s.path, s.path+".1"); err != nil {
			return 0, fault.New(fault.Config, "writing lineage: %w", err)
		}
	}
	f, err := os.OpenFile(s.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return 0, fault.New(fault.Config, "writing lineage: %w", err)
	}
	_, err = f.Write(buf.Bytes())
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return 0, fault.New(fault.Transient, "writing lineage: %w", err)
	}
	return 0, nil
}
