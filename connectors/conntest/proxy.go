package conntest

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy stands between a connector and a server on loopback and spoils their
// line on request: the way to Inject for a protocol over TCP. It ends with tb.
type Proxy struct {
	target   string
	listener net.Listener
	wg       sync.WaitGroup

	mu    sync.Mutex
	spoil spoil
	left  int64         // bytes of answers that still pass
	hit   chan struct{} // closed when the spoiling met a connection
	free  chan struct{} // closed when it ends
	conns map[net.Conn]bool
}

type spoil uint8

const (
	passing spoil = iota
	resetting
	ending
	halting
)

// NewProxy listens on a free port and passes everything to target.
func NewProxy(tb testing.TB, target string) *Proxy {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{target: target, listener: l, conns: map[net.Conn]bool{}}
	p.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.serve(c) })
		}
	})
	tb.Cleanup(func() {
		p.Heal()
		l.Close()
		p.Drop()
		p.wg.Wait()
	})
	return p
}

// Addr is where the connector connects to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Cut resets every connection once it has carried n bytes of answers, from now on.
func (p *Proxy) Cut(n int64) Injected { return p.start(resetting, n) }

// Truncate ends every connection in good order after n bytes of answers.
func (p *Proxy) Truncate(n int64) Injected { return p.start(ending, n) }

// Stall lets n bytes of answers pass, and then nothing more.
func (p *Proxy) Stall(n int64) Injected { return p.start(halting, n) }

func (p *Proxy) start(s spoil, n int64) Injected {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spoil, p.left, p.hit, p.free = s, n, make(chan struct{}), make(chan struct{})
	return Injected{Heal: p.Heal, Hit: p.hit}
}

// Heal lets everything pass again. Connections that were held are closed.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.spoil != passing {
		close(p.free)
	}
	p.spoil = passing
}

// Drop resets all connections there are, as a server does that restarts.
func (p *Proxy) Drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		reset(c)
	}
}

func (p *Proxy) serve(c net.Conn) {
	defer c.Close()
	s, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer s.Close()
	p.mu.Lock()
	p.conns[c], p.conns[s] = true, true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.conns, c)
		delete(p.conns, s)
		p.mu.Unlock()
	}()
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		_, _ = io.Copy(s, c)
		_ = s.(*net.TCPConn).CloseWrite()
	}()
	p.answers(c, s)
	c.Close()
	s.Close()
	<-asked
}

var errSpoilt = errors.New("spoilt")

// answers copies from the server to the connector as far as the spoiling lets it.
func (p *Proxy) answers(c, s net.Conn) {
	b := make([]byte, 32<<10)
	for {
		n, err := s.Read(b)
		if n > 0 {
			if p.pass(c, b[:n]) != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) pass(c net.Conn, b []byte) error {
	p.mu.Lock()
	how, free := p.spoil, p.free
	over := how != passing && int64(len(b)) > p.left
	if over {
		b = b[:p.left]
		select {
		case <-p.hit:
		default:
			close(p.hit)
		}
	}
	if how != passing {
		p.left -= int64(len(b))
	}
	p.mu.Unlock()
	if _, err := c.Write(b); err != nil {
		return err
	}
	if !over {
		return nil
	}
	switch how {
	case resetting:
		reset(c)
	case halting:
		<-free
	}
	return errSpoilt
}

func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	c.Close()
}
