package files

import (
	"bufio"
	"crypto/ed25519"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"regexp"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"rongtong/connectors/conntest"
	"rongtong/deploy/testservers"
)

// ftpProxy stands between a connector and an FTP server in the clear and spoils
// the data connections: it changes the ports that the server names for them to
// ports of its own.
type ftpProxy struct {
	address, target string
	wg              sync.WaitGroup

	mu    sync.Mutex
	spoil string // of data connections: "", "cut", "truncate" or "stall"
	after int64  // bytes of data
	hit   chan struct{}
	free  chan struct{}
	conns map[net.Conn]bool
}

func newFTPProxy(tb testing.TB, target string) *ftpProxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &ftpProxy{address: l.Addr().String(), target: target, conns: map[net.Conn]bool{}}
	p.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.pair(c, p.target, p.control) })
		}
	})
	tb.Cleanup(func() {
		l.Close()
		p.drop()
		p.wg.Wait()
	})
	return p
}

// pair connects to target and copies what the client says; answers copies the
// other way.
func (p *ftpProxy) pair(c net.Conn, target string, answers func(c, s net.Conn)) {
	defer c.Close()
	s, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer s.Close()
	p.mu.Lock()
	p.conns[c], p.conns[s] = true, true
	p.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(s, c)
		s.Close()
	}()
	answers(c, s)
	c.Close()
	<-done
	p.mu.Lock()
	delete(p.conns, c)
	delete(p.conns, s)
	p.mu.Unlock()
}

var extended = regexp.MustCompile(`\(\|\|\|(\d+)\|\)`)

func (p *ftpProxy) control(c, s net.Conn) {
	r := bufio.NewReader(s)
	for {
		line, err := r.ReadString('\n')
		if m := extended.FindStringSubmatch(line); m != nil {
			line = fmt.Sprintf("229 Entering Extended Passive Mode (|||%s|)\r\n", p.listen(m[1]))
		}
		if _, werr := io.WriteString(c, line); werr != nil || err != nil {
			return
		}
	}
}

// listen waits for one data connection.
func (p *ftpProxy) listen(port string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return port
	}
	_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second))
	p.wg.Go(func() {
		c, err := l.Accept()
		l.Close()
		if err == nil {
			p.pair(c, "127.0.0.1:"+port, p.data)
		}
	})
	_, own, _ := net.SplitHostPort(l.Addr().String())
	return own
}

func (p *ftpProxy) data(c, s net.Conn) {
	p.mu.Lock()
	spoil, after, hit, free := p.spoil, p.after, p.hit, p.free
	p.mu.Unlock()
	if spoil == "" {
		_, _ = io.Copy(c, s)
		return
	}
	if n, _ := io.CopyN(c, s, after); n < after {
		return
	}
	p.mu.Lock()
	select {
	case <-hit:
	default:
		close(hit)
	}
	p.mu.Unlock()
	switch spoil {
	case "cut":
		_ = c.(*net.TCPConn).SetLinger(0)
	case "truncate":
		_ = c.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, s) // the server sends all of it, and says so
	case "stall":
		<-free
	}
}

func (p *ftpProxy) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

func (p *ftpProxy) start(spoil string, after int64) conntest.Injected {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spoil, p.after, p.hit, p.free = spoil, after, make(chan struct{}), make(chan struct{})
	return conntest.Injected{Hit: p.hit, Heal: func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.spoil = ""
		close(p.free)
	}}
}

func (p *ftpProxy) inject(srv *testservers.FTPServer) func(testing.TB, conntest.Trouble) conntest.Injected {
	return func(tb testing.TB, t conntest.Trouble) conntest.Injected {
		switch t {
		case conntest.Cut:
			return p.start("cut", 100)
		case conntest.Truncate:
			return p.start("truncate", 100)
		case conntest.Stall:
			return p.start("stall", 0)
		case conntest.Expire:
			if err := srv.Accept(false); err != nil {
				tb.Fatal(err)
			}
			p.drop()
			return conntest.Injected{Heal: func() {
				if err := srv.Accept(true); err != nil {
					tb.Fatal(err)
				}
			}}
		}
		return conntest.Injected{}
	}
}

// strangersKey is a private key that no server lets in.
func strangersKey(tb testing.TB) string {
	block, err := ssh.MarshalPrivateKey(ed25519.NewKeyFromSeed([]byte("fedcba9876543210fedcba9876543210")), "")
	if err != nil {
		tb.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}
