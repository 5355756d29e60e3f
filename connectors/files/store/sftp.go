package store

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"io/fs"
	"net"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"

	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

type sftpSettings struct {
	decl.Pos
	Kind       string         `decl:"kind,required"`
	Host       decl.Text      `decl:"host,required"` // name or address, with or without ":port"
	Port       int            `decl:"port"`
	User       decl.Text      `decl:"user,required"`
	Password   decl.Secret    `decl:"password"`
	Key        decl.Secret    `decl:"key"`        // a private key, PEM
	Passphrase decl.Secret    `decl:"passphrase"` // of the key
	HostKey    decl.Text      `decl:"host_key,required"`
	Root       decl.Text      `decl:"root"`
	Timeout    *time.Duration `decl:"timeout"` // without any progress; 30 s by default
}

// SFTP is the transport "sftp": files on an SSH file server. The server's key
// is pinned: there is no way to connect to a server that nobody vouched for.
var SFTP = Transport{
	Name: "sftp",
	Doc:  "files on an SFTP server",
	Validate: func(connect decl.Node) []decl.Problem {
		var s sftpSettings
		ps := connect.Decode(&s)
		if len(ps) == 0 {
			ps = s.check()
		}
		return ps
	},
	Open: func(connect decl.Node) (func() Store, error) {
		var s sftpSettings
		connect.Decode(&s) // it was validated
		d, err := s.resolve()
		return func() Store { return &remote{dialer: d} }, err
	},
}

func (s *sftpSettings) check() []decl.Problem {
	var ps []decl.Problem
	if !s.Password.IsSet() && !s.Key.IsSet() {
		ps = append(ps, s.Problem("key.missing", `give one of "password" and "key"`, "no credential is declared"))
	}
	if s.Passphrase.IsSet() && !s.Key.IsSet() {
		ps = append(ps, s.Passphrase.Problem("passphrase.alone", "remove it, or give the key", "a passphrase without a key opens nothing"))
	}
	if s.Port < 0 || s.Port > 65535 {
		ps = append(ps, s.Problem("port.range", "", "%d is not a port", s.Port))
	}
	ps = append(ps, checkTimeout(s.Pos, s.Timeout)...)
	if raw := s.HostKey.Raw(); !strings.Contains(raw, "${") {
		if _, err := parsePin(raw); err != nil {
			ps = append(ps, s.HostKey.Problem("host_key.invalid", "copy the server's line from ssh-keyscan, or its fingerprint SHA256:…", "%s", err))
		}
	}
	return ps
}

// pin is the server key that is accepted.
type pin struct {
	fingerprint string        // SHA256:…
	key         ssh.PublicKey // nil if only the fingerprint is known
}

// parsePin reads a fingerprint, a line of authorized_keys or one of known_hosts.
func parsePin(s string) (pin, error) {
	s = strings.TrimSpace(s)
	if fp, ok := strings.CutPrefix(s, "SHA256:"); ok && len(strings.TrimRight(fp, "=")) == 43 {
		return pin{fingerprint: "SHA256:" + strings.TrimRight(fp, "=")}, nil
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(s))
	if err != nil {
		if _, _, key, _, _, err = ssh.ParseKnownHosts([]byte(s)); err != nil {
			return pin{}, errors.New("the host key is neither a fingerprint SHA256:… nor a public key line")
		}
	}
	return pin{ssh.FingerprintSHA256(key), key}, nil
}

// algorithms asks the server for the kind of key that is pinned; a server with
// several would otherwise choose one that nobody vouched for.
func (p pin) algorithms() []string {
	switch {
	case p.key == nil:
		return nil
	case p.key.Type() == ssh.KeyAlgoRSA:
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{p.key.Type()}
}

// errHostKey says that another server answered.
var errHostKey = errors.New("the server's host key is not the pinned one")

// dialer is the settings with their references resolved.
type dialer struct {
	address, root string
	config        ssh.ClientConfig
	auth          []ssh.AuthMethod
	pin           pin
	timeout       time.Duration
}

func (s *sftpSettings) resolve() (*dialer, error) {
	host, err := s.Host.Value()
	if err != nil {
		return nil, err
	}
	user, err := s.User.Value()
	if err != nil {
		return nil, err
	}
	line, err := s.HostKey.Value()
	if err != nil {
		return nil, err
	}
	d := &dialer{address: host, root: ".", timeout: orDefault(s.Timeout)}
	if d.pin, err = parsePin(line); err != nil {
		return nil, err
	}
	if s.Root.IsSet() {
		if d.root, err = s.Root.Value(); err != nil {
			return nil, err
		}
	}
	if _, _, err := net.SplitHostPort(host); err != nil || s.Port != 0 {
		port := s.Port
		if port == 0 {
			port = 22
		}
		d.address = net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(port))
	}
	d.config = ssh.ClientConfig{User: user, HostKeyAlgorithms: d.pin.algorithms()}
	d.auth, err = s.methods()
	return d, err
}

func (s *sftpSettings) methods() ([]ssh.AuthMethod, error) {
	var out []ssh.AuthMethod
	if s.Key.IsSet() {
		text, err := s.Key.Reveal()
		if err != nil {
			return nil, err
		}
		var signer ssh.Signer
		if s.Passphrase.IsSet() {
			pass, err := s.Passphrase.Reveal()
			if err != nil {
				return nil, err
			}
			signer, err = ssh.ParsePrivateKeyWithPassphrase([]byte(text), []byte(pass))
			if err != nil {
				return nil, errors.New("the private key cannot be read with this passphrase")
			}
		} else if signer, err = ssh.ParsePrivateKey([]byte(text)); err != nil {
			return nil, errors.New("the private key cannot be read; is it PEM, and is it encrypted?")
		}
		out = append(out, ssh.PublicKeys(signer))
	}
	if s.Password.IsSet() {
		pass, err := s.Password.Reveal()
		if err != nil {
			return nil, err
		}
		out = append(out, ssh.Password(pass))
	}
	return out, nil
}

// session is one connection.
type session struct {
	conn net.Conn
	ssh  *ssh.Client
	sftp *sftp.Client
}

func (s *session) close() {
	_ = s.conn.Close() // ends the others' reading loops, whatever state they are in
	_ = s.sftp.Close()
	_ = s.ssh.Close()
}

// connect dials, verifies the server and logs in.
func (d *dialer) connect(ctx context.Context) (*session, error) {
	dial := net.Dialer{Timeout: d.timeout}
	conn, err := dial.DialContext(ctx, "tcp", d.address)
	if err != nil {
		return nil, d.unreachable(ctx, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(d.timeout))
	verified := false
	config := d.config
	config.Auth = d.auth
	config.HostKeyCallback = func(_ string, _ net.Addr, key ssh.PublicKey) error {
		if subtle.ConstantTimeCompare([]byte(ssh.FingerprintSHA256(key)), []byte(d.pin.fingerprint)) != 1 {
			return errHostKey
		}
		verified = true
		return nil
	}
	c, channels, requests, err := ssh.NewClientConn(conn, d.address, &config)
	if err != nil {
		_ = conn.Close()
		return nil, d.refused(ctx, verified, err)
	}
	client := ssh.NewClient(c, channels, requests)
	files, err := sftp.NewClient(client)
	if err != nil {
		_ = conn.Close()
		_ = client.Close()
		return nil, d.unreachable(ctx, err)
	}
	_ = conn.SetDeadline(time.Time{})
	return &session{conn, client, files}, nil
}

func (d *dialer) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fault.New(fault.Transient, "connecting to %q: %w", d.address, unexpected(err))
}

// refused classifies the end of a handshake: a broken connection heals, a
// server that is not the pinned one or does not take the credentials does not.
func (d *dialer) refused(ctx context.Context, verified bool, err error) error {
	var network net.Error
	switch {
	case errors.Is(err, errHostKey):
		return fault.Hint(fault.Config, "if the server's key was changed on purpose, correct `host_key`", "connecting to %q: %w", d.address, errHostKey)
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), ctx.Err() != nil:
		return d.unreachable(ctx, err)
	case verified:
		return fault.Hint(fault.Config, "check the user and the password or key", "logging in to %q: the server does not accept the credentials", d.address)
	}
	return fault.Hint(fault.Config, "the server may not have a key of the pinned kind", "connecting to %q: %w", d.address, err)
}

// remote is a store on an SFTP server.
type remote struct {
	dialer *dialer
	mu     sync.Mutex
	conn   *session
}

func (r *remote) session(ctx context.Context) (s *session, fresh bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == nil {
		fresh = true
		if r.conn, err = r.dialer.connect(ctx); err != nil {
			return nil, true, err
		}
	}
	return r.conn, fresh, nil
}

func (r *remote) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn != nil {
		r.conn.close()
		r.conn = nil
	}
}

// do runs f on the connection. f calls alive whenever it gets on: without that
// for the timeout, or when ctx ends, the connection is closed, which ends f.
// If an idle connection turns out to be lost, f runs once more on a new one.
func (r *remote) do(ctx context.Context, what, path string, f func(c *sftp.Client, alive func()) error) error {
	for {
		s, fresh, err := r.session(ctx)
		if err != nil {
			return err
		}
		lost := make(chan struct{})
		cut := sync.OnceFunc(func() { close(lost); _ = s.conn.Close() })
		timer := time.AfterFunc(r.dialer.timeout, cut)
		stop := context.AfterFunc(ctx, cut)
		err = f(s.sftp, func() { timer.Reset(r.dialer.timeout) })
		timer.Stop()
		stop()
		select {
		case <-lost:
			r.drop()
		default:
		}
		switch class, answered := r.judge(err); {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			r.drop()
			return ctx.Err()
		case answered:
			return fault.New(class, "%s %q: %w", what, path, err)
		default:
			r.drop()
			if !fresh {
				continue
			}
			return fault.New(fault.Transient, "%s %q: the connection was lost: %w", what, path, unexpected(err))
		}
	}
}

// judge classifies an error and tells whether the server answered at all.
func (r *remote) judge(err error) (class fault.Class, answered bool) {
	var status *sftp.StatusError
	var classified *fault.Error
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fault.Config, true
	case errors.Is(err, fs.ErrNotExist):
		return fault.Transient, true
	case errors.As(err, &classified):
		return classified.Class, true
	case errors.Is(err, ErrUnsettled):
		return fault.Transient, true
	case errors.As(err, &status):
		return fault.Transient, status.FxCode() != sftp.ErrSSHFxConnectionLost && status.FxCode() != sftp.ErrSSHFxNoConnection
	}
	return fault.Transient, false
}

// List reads the folders level by level, several at a time: one after another,
// a hundred folders would cost a hundred round trips.
func (r *remote) List(ctx context.Context) ([]Entry, error) {
	var out []Entry
	err := r.do(ctx, "listing folder", r.dialer.root, func(c *sftp.Client, alive func()) error {
		out = out[:0]
		var mu sync.Mutex
		level := []string{""}
		for len(level) > 0 {
			var next []string
			g, ctx := errgroup.WithContext(ctx)
			g.SetLimit(16)
			for _, dir := range level {
				g.Go(func() error {
					infos, err := c.ReadDirContext(ctx, path.Join(r.dialer.root, dir))
					if errors.Is(err, fs.ErrNotExist) && dir != "" {
						return nil // it went while we looked
					}
					if err != nil {
						return err
					}
					alive()
					mu.Lock()
					defer mu.Unlock()
					for _, i := range infos {
						p := path.Join(dir, i.Name())
						if i.IsDir() {
							next = append(next, p)
						} else if i.Mode().IsRegular() {
							out = append(out, Entry{Path: p, Size: i.Size(), MTime: i.ModTime()})
						}
					}
					return nil
				})
			}
			if err := g.Wait(); err != nil {
				return err
			}
			level = next
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Hint(fault.Config, "correct `root`", "listing folder %q: the server has no such folder", r.dialer.root)
	}
	return out, err
}

// Read copies a file, with many requests under way.
func (r *remote) Read(ctx context.Context, e Entry, begin func() (io.Writer, error)) error {
	return r.do(ctx, "reading file", e.Path, func(c *sftp.Client, alive func()) error {
		dst, err := begin()
		if err != nil {
			return err
		}
		at := path.Join(r.dialer.root, e.Path)
		src, err := c.Open(at)
		if err != nil {
			return err
		}
		defer src.Close()
		if _, err = src.WriteTo(ticking{dst, alive}); err != nil {
			return err
		}
		i, err := c.Lstat(at)
		if err == nil && (i.Size() != e.Size || !i.ModTime().Equal(e.MTime)) {
			return ErrUnsettled
		}
		return err
	})
}

// Prefix is the root, where it is short for people (a path below the login).
func (r *remote) Prefix() string {
	if path.IsAbs(r.dialer.root) {
		return ""
	}
	return path.Clean(r.dialer.root)
}

// Close ends the connection.
func (r *remote) Close() error {
	r.drop()
	return nil
}
