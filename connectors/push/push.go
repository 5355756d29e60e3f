// Package push takes records that clients send over HTTP: the one protocol
// here that does not ask. A request is answered 200 only when its records are
// durable (Source.Done); until then the client keeps them and sends again. So
// there is nothing to resume: a position is only a counter of requests, and a
// request that was read and never acknowledged comes again from its client.
// What is sent twice is delivered twice; the keys of the records make it one
// row later.
//
// What was acknowledged under an Idempotency-Key and is sent again, also after a
// restart, is answered and not delivered: the position carries the newest keys.
//
// A request is taken whole or refused whole. Memory is bounded: what clients
// send faster than it becomes durable is refused with 429 and Retry-After.
package push

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// Kind is the protocol "push".
func Kind() connectors.Kind {
	return connectors.Kind{
		Name:     "push",
		Doc:      "Records that clients send as JSON over HTTP; acknowledged when they are durable.",
		Validate: func(sys *schemas.System) []decl.Problem { _, _, ps := read(sys); return ps },
		Open: func(_ context.Context, sys *schemas.System) (connectors.Opened, error) {
			g, err := open(sys)
			if err != nil {
				return nil, err
			}
			return g, nil
		},
	}
}

// gateway is one opened system: one listener, shared by its streams. It begins
// to listen with the first source, so that a second process can check the
// declaration while the first one serves it.
type gateway struct {
	name     string
	listen   string
	senders  *senders
	bodyMax  int64
	patience time.Duration
	streams  map[string]*stream // by name
	paths    map[string]*stream
	instance string // of this process, in request ids and positions
	seen     *seen
	memory   budget
	waiting  atomic.Int64  // requests in flight
	requests atomic.Uint64 // requests so far, which numbers them
	stopping atomic.Bool   // Close was called

	mu     sync.Mutex
	server *http.Server
	addr   net.Addr
	served chan struct{} // closed when the server has ended
}

// stream is one path.
type stream struct {
	*schemas.Stream
	from
	checker *connectors.Checker
	mu      sync.Mutex
	source  *source // nil: nobody reads it, and requests are answered 503
}

func open(sys *schemas.System) (*gateway, error) {
	set, froms, ps := read(sys)
	if len(ps) > 0 {
		return nil, fault.New(fault.Config, "reading the settings of %q: %s", sys.System, ps[0])
	}
	listen, err := set.Listen.Value()
	if err != nil {
		return nil, fault.New(fault.Config, "reading the settings of %q: %w", sys.System, err)
	}
	senders, err := newSenders(set)
	if err != nil {
		return nil, fault.New(fault.Config, "reading the settings of %q: %w", sys.System, err)
	}
	g := &gateway{
		name: sys.System, listen: listen, senders: senders, bodyMax: set.MaxBody, patience: set.Patience,
		streams: map[string]*stream{}, paths: map[string]*stream{}, seen: newSeen(seenMax), instance: newInstance(),
	}
	if g.bodyMax == 0 {
		g.bodyMax = bodyDefault
	}
	if g.patience == 0 {
		g.patience = patienceDefault
	}
	g.memory.max = max(queueBytes, 4*g.bodyMax)
	for _, e := range sys.Streams {
		st := &stream{Stream: e.Value, from: froms[e.Key], checker: connectors.NewChecker(e.Value, froms[e.Key].Contract)}
		g.streams[e.Key], g.paths[st.Path] = st, st
	}
	return g, nil
}

func newInstance() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}

// start begins to listen, once.
func (g *gateway) start(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.server != nil {
		return nil
	}
	l, err := g.bind(ctx)
	if err != nil {
		return err
	}
	g.addr, g.served = l.Addr(), make(chan struct{})
	g.server = &http.Server{
		Handler: http.HandlerFunc(g.serve), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(slog.Default().With("system", g.name).Handler(), slog.LevelDebug),
	}
	go func(s *http.Server, served chan struct{}) {
		defer close(served)
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("the push gateway ended", "system", g.name, "error", err)
		}
	}(g.server, g.served)
	return nil
}

func (g *gateway) bind(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", g.listen)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fault.Hint(fault.Config, "another process listens there; give this system its own port", "opening the gateway of %q: %w", g.name, err)
	}
	return nil, fault.New(fault.Config, "opening the gateway of %q: %w", g.name, err)
}

// Addr is the address on which a gateway opened by this package listens, or
// nil before its first source is opened and for other systems.
func Addr(o connectors.Opened) net.Addr {
	g, ok := o.(*gateway)
	if !ok {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.addr
}

// Check tells whether the address can be listened on, or is already served by
// this system in another process.
func (g *gateway) Check(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.server != nil {
		return nil
	}
	l, err := g.bind(ctx)
	if err == nil {
		return l.Close()
	}
	if errors.Is(err, syscall.EADDRINUSE) && g.alreadyServed(ctx) {
		return nil
	}
	return err
}

// alreadyServed reports whether what listens on the address is a gateway of this system.
func (g *gateway) alreadyServed(ctx context.Context) bool {
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+g.listen+"/healthz", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	var health struct {
		System string `json:"system"`
	}
	return json.NewDecoder(io.LimitReader(res.Body, 4096)).Decode(&health) == nil && health.System == g.name
}

// Discover lists the declared streams: nobody else knows what clients send.
func (g *gateway) Discover(context.Context) ([]*schemas.Stream, error) {
	var out []*schemas.Stream
	for _, name := range slices.Sorted(maps.Keys(g.streams)) {
		out = append(out, g.streams[name].Stream)
	}
	return out, nil
}

// Source begins to take records of a stream. A position tells it which requests
// were acknowledged last, and nothing else.
func (g *gateway) Source(ctx context.Context, s *schemas.Stream, pos record.Position) (connectors.Source, error) {
	st, ok := g.streams[s.Name]
	if !ok {
		return nil, fault.New(fault.Bug, "opening stream %q of system %q: it is not declared", s.Name, g.name)
	}
	at, err := parsePosition(pos)
	if err != nil {
		return nil, fault.Mark(fault.Bug, err)
	}
	if err := g.start(ctx); err != nil {
		return nil, err
	}
	src := newSource(g, st, at.recent)
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.source != nil {
		return nil, fault.New(fault.Bug, "opening stream %q of system %q: it is open already", s.Name, g.name)
	}
	st.source = src
	return src, nil
}

// Close drains: new requests are refused and told to come back, those that wait
// are answered 503, answers under way are finished.
func (g *gateway) Close() error {
	g.stopping.Store(true)
	g.mu.Lock()
	server, served := g.server, g.served
	g.mu.Unlock()
	if server == nil {
		return nil
	}
	for _, st := range g.streams {
		if src := st.reading(); src != nil {
			src.stop()
		}
	}
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Second)
	defer stop()
	if err := server.Shutdown(ctx); err != nil {
		err = server.Close() // a client that does not read its answer holds nobody up
		<-served
		return err
	}
	<-served
	return nil
}

func (s *stream) reading() *source {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source
}
