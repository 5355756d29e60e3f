package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"rongtong/deploy/sandbox/world"
)

// forms is the villages' app: it sends what each township's villages filled
// in, and sends again until it is told that the batch arrived.
type forms struct {
	s      *Sandbox
	client *http.Client
	m      *meter

	mu    sync.Mutex
	acked map[string]bool
	log   *os.File
}

// formWorkers send at the same time. The answer to a batch comes when it is
// durable, so the rate is theirs over that latency.
const formWorkers = 32

// batch is one request: the forms of a township. The second sending of a batch
// is a request of its own, as from an app that never saw the first answer.
type batch struct {
	stream   string
	township int
	again    bool
}

func (b batch) key() string {
	k := fmt.Sprintf("%s-%d", b.stream, b.township)
	if b.again {
		k += "-again"
	}
	return k
}

func (s *Sandbox) batches() []batch {
	var out []batch
	for t := range s.World.Townships() {
		for _, stream := range []string{world.FormMeasure, world.FormFacility} {
			any := false
			for range s.World.Batch(stream, t) {
				any = true
				break
			}
			if !any {
				continue
			}
			out = append(out, batch{stream, t, false})
			if s.World.BatchTwice(stream, t) {
				out = append(out, batch{stream, t, true})
			}
		}
	}
	return out
}

func (s *Sandbox) openForms() (*forms, error) {
	f := &forms{s: s, acked: map[string]bool{}, client: &http.Client{
		Timeout:   2 * time.Minute,
		Transport: &http.Transport{MaxIdleConnsPerHost: formWorkers},
	}}
	path := filepath.Join(s.opt.Dir, "forms.acked")
	log, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening what was sent before: %w", err)
	}
	f.log = log
	for lines := bufio.NewScanner(log); lines.Scan(); {
		f.acked[lines.Text()] = true
	}
	f.m = s.meter(world.Forms, "V", "batches", int64(len(s.batches())))
	s.close = append(s.close, func() { s.wg.Wait(); _ = log.Close() })
	return f, nil
}

// run sends what was not acknowledged before.
func (f *forms) run(ctx context.Context) error {
	work := make(chan batch)
	var wg sync.WaitGroup
	for range formWorkers {
		wg.Go(func() {
			for b := range work {
				if f.send(ctx, b) {
					f.m.produced.Add(1)
				}
			}
		})
	}
	for _, b := range f.s.batches() {
		if f.acked[b.key()] {
			f.m.produced.Add(1)
			continue
		}
		select {
		case work <- b:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(work)
	wg.Wait()
	return ctx.Err()
}

// send posts a batch until it is accepted; false when ctx ended before.
func (f *forms) send(ctx context.Context, b batch) bool {
	body := f.body(b)
	zipped := b.township%2 == 0
	if zipped {
		body = gzipped(body)
	}
	url := "http://" + f.s.opt.PushListen + "/v1/push/village_forms/" + b.stream
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 3*time.Second) {
		err := f.s.post(ctx, f.client, url, body, zipped, f.s.secret(b.key(), 32))
		if err == nil {
			return f.remember(b)
		}
		f.s.log.Debug("a batch of forms waits", "batch", b.key(), "error", err)
		if !pause(ctx, wait) {
			return false
		}
	}
}

// remember notes an acknowledged batch. A crash between the answer and this
// note makes one more duplicate, as it would with the real app.
func (f *forms) remember(b batch) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.log.WriteString(b.key() + "\n"); err != nil {
		f.s.log.Error("noting an acknowledged batch", "error", err)
	}
	return true
}

func (f *forms) body(b batch) []byte {
	columns := world.FormMeasureColumns
	if b.stream == world.FormFacility {
		columns = world.FormFacilityColumns
	}
	out := []byte{'['}
	for rec := range f.s.World.Batch(b.stream, b.township) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = appendObject(out, columns, rec.Wire)
	}
	return append(out, ']')
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed) // the level exists
	_, _ = z.Write(b)                                 // a buffer takes everything
	_ = z.Close()
	return out.Bytes()
}

// errRefused is an answer other than 200.
var errRefused = errors.New("not accepted")

func (s *Sandbox) post(ctx context.Context, client *http.Client, url string, body []byte, zipped bool, key string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.pushKey())
	req.Header.Set("Idempotency-Key", key)
	if zipped {
		req.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
	if resp.StatusCode != http.StatusOK {
		if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
			s.log.Warn("the push gateway refused a request", "status", resp.StatusCode, "answer", string(answer))
		}
		return fmt.Errorf("%w: status %d", errRefused, resp.StatusCode)
	}
	return nil
}

// pause waits, or says that ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
