package warehouse

import (
	"errors"
	"io"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
)

// body is a record in Arrow's streaming format as the body of a request. The
// HTTP client asks it to write itself, so the buffers of the columns go to the
// socket as they are: no copy, no pipe, no goroutine. A transport that insists on
// reading gets a pipe.
type body struct {
	rec arrow.Record
	enc *encoders

	mu      sync.Mutex
	idle    sync.Cond
	writing bool
	closed  bool
	pipe    *io.PipeReader
}

func newBody(rec arrow.Record, enc *encoders) *body {
	b := &body{rec: rec, enc: enc}
	b.idle.L = &b.mu
	return b
}

var errBodyClosed = errors.New("the request is over")

// begin claims the record for a writer; false when the request is over.
func (b *body) begin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.writing = true
	return true
}

func (b *body) end() {
	b.mu.Lock()
	b.writing = false
	b.idle.Broadcast()
	b.mu.Unlock()
}

// WriteTo writes the stream. An error cuts the request off in the middle of a
// chunk, which the server takes for what it is: an insert that did not happen.
func (b *body) WriteTo(w io.Writer) (int64, error) {
	if !b.begin() {
		return 0, errBodyClosed
	}
	defer b.end()
	g := &gate{b: b, w: w}
	err := b.enc.write(g, b.rec)
	return g.n, err
}

// gate stops a writer whose request is over.
type gate struct {
	b *body
	w io.Writer
	n int64
}

func (g *gate) Write(p []byte) (int, error) {
	g.b.mu.Lock()
	closed := g.b.closed
	g.b.mu.Unlock()
	if closed {
		return 0, errBodyClosed
	}
	n, err := g.w.Write(p)
	g.n += int64(n)
	return n, err
}

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	if b.pipe == nil && !b.closed {
		r, w := io.Pipe()
		b.pipe = r
		go func() {
			_, err := b.WriteTo(w)
			w.CloseWithError(err)
		}()
	}
	r := b.pipe
	b.mu.Unlock()
	if r == nil {
		return 0, errBodyClosed
	}
	return r.Read(p)
}

// stop ends the writing and returns only when the record is no longer touched:
// it is borrowed. The connection of a request that ended early is closed by the
// client, so a writer that waits for the server returns.
func (b *body) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if b.pipe != nil {
		b.pipe.CloseWithError(errBodyClosed)
	}
	for b.writing {
		b.idle.Wait()
	}
}
