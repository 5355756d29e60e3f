package testservers

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"
	"github.com/rclone/gofakes3/signature"
)

// S3Server is a running S3 server, that of rclone, which checks signatures of
// version 4. Unlike the others it lives in the test's process, holds its
// objects in memory, and ends with the test.
type S3Server struct {
	Endpoint             string // http://127.0.0.1:port
	AccessKey, SecretKey string
	Bucket               string

	backend gofakes3.Backend
	mu      sync.Mutex
	refuses bool          // nobody is let in
	busy    chan struct{} // not nil: every request is told to slow down; closed when one was
}

// S3 starts a server with one empty bucket.
func S3(t testing.TB) *S3Server {
	t.Helper()
	s := &S3Server{AccessKey: "AKRONGTONG", SecretKey: "canary-S3cret/7", Bucket: "exchange", backend: s3mem.New()}
	if err := s.backend.CreateBucket(t.Context(), s.Bucket); err != nil {
		t.Fatal(err)
	}
	next := gofakes3.New(s.backend).Server()
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.slow(w) {
			return
		}
		if failure := signature.V4SignVerifyWithLookup(r, s.secret); failure != signature.ErrNone {
			answer := signature.GetAPIError(failure)
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(answer.HTTPStatusCode)
			_, _ = w.Write(signature.EncodeAPIErrorToResponse(answer))
			return
		}
		// An empty delimiter is none; this server takes it for one.
		if q := r.URL.Query(); q.Has("delimiter") && q.Get("delimiter") == "" {
			q.Del("delimiter")
			r.URL.RawQuery = q.Encode()
		}
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(h.Close)
	s.Endpoint = h.URL
	return s
}

func (s *S3Server) secret(accessKey string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.SecretKey, accessKey == s.AccessKey && !s.refuses
}

func (s *S3Server) slow(w http.ResponseWriter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy == nil {
		return false
	}
	select {
	case <-s.busy:
	default:
		close(s.busy)
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusServiceUnavailable)
	fmt.Fprint(w, `<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`)
	return true
}

// Addr is host:port.
func (s *S3Server) Addr() string { return strings.TrimPrefix(s.Endpoint, "http://") }

// Put stores an object.
func (s *S3Server) Put(t testing.TB, key string, data []byte) {
	t.Helper()
	if _, err := s.backend.PutObject(t.Context(), s.Bucket, key, map[string]string{"Last-Modified": time.Now().UTC().Format(http.TimeFormat)}, bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
}

// Accept takes the keys, or refuses them from now on.
func (s *S3Server) Accept(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuses = !yes
}

// Busy tells every request to slow down; the channel is closed once one was
// told. Free ends it.
func (s *S3Server) Busy() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = make(chan struct{})
	return s.busy
}

// Free answers again.
func (s *S3Server) Free() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = nil
}
