package topics

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sys/unix"
)

// line is one pool of connections to the cluster. It knows whether two answers
// may have come from different lives of a broker.
type line struct {
	transport *kafka.Transport
	admin     *kafka.Client

	mu    sync.Mutex
	dials int64 // connections opened so far; each has its number
	conns map[*conn]bool
	seen  map[string]*span // by address

	quiet     time.Time     // nothing is sent before: see throttle.go
	throttles int           // answers that said so
	quota     *quota        // of the client
	most      time.Duration // of silence at once
	log       *slog.Logger
}

// tcpEstablished is Linux's TCP_ESTABLISHED; a closed peer leaves TCP_CLOSE_WAIT.
const tcpEstablished = 1

// span are the numbers of the first and the last connection to an address.
type span struct{ first, last int64 }

// conn is an open connection of a line.
type conn struct {
	net.Conn
	l       *line
	n       int64
	address string
}

func (c *Client) newLine(idle time.Duration) *line {
	l := &line{conns: map[*conn]bool{}, seen: map[string]*span{}, quota: &c.quota, most: c.opts.silence, log: c.opts.log}
	dialer := &net.Dialer{Timeout: c.opts.dialLimit, KeepAlive: 15 * time.Second}
	l.transport = &kafka.Transport{
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			nc, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return l.track(nc, address), nil
		},
		DialTimeout: c.opts.dialLimit,
		IdleTimeout: idle,
		MetadataTTL: 5 * time.Second,
		ClientID:    c.opts.clientID,
		TLS:         c.opts.tls,
		SASL:        c.opts.sasl,
	}
	l.admin = &kafka.Client{Addr: c.addr, Transport: l.transport}
	return l
}

func (l *line) track(nc net.Conn, address string) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dials++
	c := &conn{Conn: nc, l: l, n: l.dials, address: address}
	l.conns[c] = true
	if s := l.seen[address]; s != nil {
		s.last = c.n
	} else {
		l.seen[address] = &span{c.n, c.n}
	}
	return c
}

// Close closes the connection and forgets it.
func (c *conn) Close() error {
	c.l.mu.Lock()
	delete(c.l.conns, c)
	c.l.mu.Unlock()
	return c.Conn.Close()
}

// established reports whether the peer still holds its end. A process that
// dies, by whatever signal, closes all of its ends at once.
func (c *conn) established() bool {
	sc, ok := c.Conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	alive := false
	err = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		alive = err == nil && info.State == tcpEstablished
	})
	return err == nil && alive
}

// mark returns a point in the life of the line, for unbroken.
func (l *line) mark() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dials
}

// unbroken reports whether every broker that was known at the mark has been the
// same process since. New connections alone prove nothing, since the pool opens
// them freely: what counts is that beside a new one an old one still stands.
func (l *line) unbroken(mark int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dials == mark {
		return true
	}
	standing := map[string]bool{}
	for c := range l.conns {
		if c.n <= mark && !standing[c.address] {
			standing[c.address] = c.established()
		}
	}
	for address, s := range l.seen {
		if s.first <= mark && s.last > mark && !standing[address] {
			return false
		}
	}
	return true
}
