// Package sandbox is a province's source systems, simulated at full size: a
// REST gateway, a SQL database, an SFTP server with the counties' files, a
// folder of townships' workbooks, village forms pushed over HTTP, and a feed
// that a department writes to Kafka. Package
// world says what they deliver and what must become of it.
//
// Everything listens on loopback only. A sandbox can be stopped at any moment
// and started again on the same folder: it goes on where it was.
package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"rongtong/deploy/sandbox/world"
)

// Options say where the sandbox lives. Addresses are host:port on loopback;
// port 0 picks a free one for the servers of the sandbox itself.
type Options struct {
	Dir   string // files it makes; about 450 MB at full scale
	Seed  uint64
	Scale world.Scale

	GatewayListen string // the province's REST gateway; default 127.0.0.1:19181
	SFTPListen    string // the counties' files; default 127.0.0.1:19122
	PushListen    string // where the pipeline takes village forms; default 127.0.0.1:19191
	ReceiptListen string // where the pipeline takes receipts; default 127.0.0.1:19192
	Kafka         string // broker with the feeds and the return flow; empty: nobody writes or acknowledges
	Log           *slog.Logger
}

func (o *Options) defaults() {
	for _, d := range []struct {
		s     *string
		value string
	}{{&o.GatewayListen, "127.0.0.1:19181"}, {&o.SFTPListen, "127.0.0.1:19122"}, {&o.PushListen, "127.0.0.1:19191"}, {&o.ReceiptListen, "127.0.0.1:19192"}} {
		if *d.s == "" {
			*d.s = d.value
		}
	}
	if o.Scale.Name == "" {
		o.Scale = world.Full
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// Progress is how far one source system has come in delivering what it has.
// Sources that are read from, and not filled in the background, are complete
// at once.
type Progress struct {
	System   string `json:"system"`
	Tier     string `json:"tier"`
	Unit     string `json:"unit"` // what is counted: rows, files, workbooks, batches
	Produced int64  `json:"produced"`
	Total    int64  `json:"total"`
	Done     bool   `json:"done"`
}

type meter struct {
	system, tier, unit string
	produced, total    atomic.Int64
}

// Sandbox is a running sandbox.
type Sandbox struct {
	World *world.World

	opt    Options
	log    *slog.Logger
	cancel context.CancelFunc
	wg     sync.WaitGroup
	close  []func()
	meters []*meter
	gate   *gateway
	sftp   *sftpServer
	mu     sync.Mutex
	failed error
}

// version changes when the same seed makes other files.
const version = "3"

// Start prepares the folder and starts all servers and background deliveries.
// It returns once every server listens; the rest follows while ctx lasts.
func Start(ctx context.Context, o Options) (_ *Sandbox, err error) {
	o.defaults()
	w, err := world.New(o.Seed, o.Scale)
	if err != nil {
		return nil, err
	}
	if err := claim(o.Dir, fmt.Sprintf("rongtong sandbox %s, seed %d, scale %s\n", version, o.Seed, o.Scale.Name)); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &Sandbox{World: w, opt: o, log: o.Log, cancel: cancel}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if err := s.writeRegister(); err != nil {
		return nil, err
	}
	if s.gate, err = s.startGateway(o.GatewayListen); err != nil {
		return nil, err
	}
	if s.sftp, err = s.startSFTP(o.SFTPListen); err != nil {
		return nil, err
	}
	db, err := s.openCityDB(ctx)
	if err != nil {
		return nil, err
	}
	s.background(ctx, "writing the city database", db.fill)
	s.background(ctx, "writing the township workbooks", s.startWorkbooks())
	push, err := s.openForms()
	if err != nil {
		return nil, err
	}
	s.background(ctx, "sending the village forms", push.run)
	if o.Kafka != "" {
		s.background(ctx, "answering the return flow", s.answerReturns)
		s.background(ctx, "writing the counts of emergency supplies", s.writeStocks)
	}
	return s, s.writeEnv()
}

// claim makes the folder this world's, and refuses that of another world: its
// files would be mixed.
func claim(dir, identity string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("preparing the sandbox folder %q: %w", dir, err)
	}
	path := filepath.Join(dir, "WORLD")
	have, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return writeFile(path, []byte(identity))
	case err != nil:
		return fmt.Errorf("preparing the sandbox folder %q: %w", dir, err)
	case string(have) != identity:
		return fmt.Errorf("preparing the sandbox folder %q: it holds another world (%q, not %q); remove it or choose another folder", dir, have, identity)
	}
	return nil
}

// writeFile puts a whole file in place, or none.
func writeFile(path string, data []byte) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return fmt.Errorf("writing %q: %w", path, err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("writing %q: %w", path, err)
	}
	return nil
}

func (s *Sandbox) meter(system, tier, unit string, total int64) *meter {
	m := &meter{system: system, tier: tier, unit: unit}
	m.total.Store(total)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.meters = append(s.meters, m)
	return m
}

// background runs a delivery until it is through or ctx ends.
func (s *Sandbox) background(ctx context.Context, what string, run func(context.Context) error) {
	s.wg.Go(func() {
		err := run(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		err = fmt.Errorf("%s: %w", what, err)
		s.log.Error(err.Error())
		s.mu.Lock()
		defer s.mu.Unlock()
		s.failed = errors.Join(s.failed, err)
	})
}

// Progress tells how far every system is.
func (s *Sandbox) Progress() []Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Progress
	for _, m := range s.meters {
		p := Progress{System: m.system, Tier: m.tier, Unit: m.unit, Produced: m.produced.Load(), Total: m.total.Load()}
		p.Done = p.Produced >= p.Total
		out = append(out, p)
	}
	return out
}

// Err is what a background delivery stumbled over, nil if nothing.
func (s *Sandbox) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// Close stops everything and waits for it.
func (s *Sandbox) Close() {
	s.cancel()
	for _, c := range s.close {
		c()
	}
	s.close = nil
	s.wg.Wait()
}

// secret derives a credential of the sandbox: it protects nothing, but is used
// exactly like one.
func (s *Sandbox) secret(purpose string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "rongtong sandbox %d %s", s.opt.Seed, purpose))
	return hex.EncodeToString(sum[:])[:n]
}

// Paths below the folder.
func (s *Sandbox) registerDir() string { return filepath.Join(s.opt.Dir, "register") }
func (s *Sandbox) bookDir() string     { return filepath.Join(s.opt.Dir, "townships") }
func (s *Sandbox) cityPath() string    { return filepath.Join(s.opt.Dir, "city", "city.db") }

// EnvFile is the file with the settings that Env lists.
func (s *Sandbox) EnvFile() string { return filepath.Join(s.opt.Dir, "sandbox.env") }

// Env is what a pipeline that reads these systems needs in its environment,
// as NAME=value.
func (s *Sandbox) Env() []string {
	return []string{
		"RONGTONG_REGISTER_DIR=" + s.registerDir(),
		"RONGTONG_GATEWAY_URL=http://" + s.gate.addr,
		"RONGTONG_GATEWAY_APP_KEY=" + s.appKey(),
		"RONGTONG_CITY_DB=" + s.cityPath(),
		"RONGTONG_SFTP_HOST=" + s.sftp.addr,
		"RONGTONG_SFTP_PASSWORD=" + s.secret("sftp", 24),
		"RONGTONG_SFTP_HOST_KEY=" + s.sftp.hostKey,
		"RONGTONG_TOWNSHIP_DIR=" + s.bookDir(),
		"RONGTONG_PUSH_LISTEN=" + s.opt.PushListen,
		"RONGTONG_RECEIPT_LISTEN=" + s.opt.ReceiptListen,
		"RONGTONG_PUSH_KEY=" + s.pushKey(),
		"RONGTONG_FEED_KAFKA=" + s.opt.Kafka,
	}
}

func (s *Sandbox) appKey() string  { return s.secret("app", 16) }
func (s *Sandbox) pushKey() string { return s.secret("push", 32) }

func (s *Sandbox) writeEnv() error {
	var b []byte
	for _, e := range s.Env() {
		b = append(append(b, e...), '\n')
	}
	return writeFile(s.EnvFile(), b)
}
