package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/textproto"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jlaffaye/ftp"

	"rongtong/connectors/files/text"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

type ftpSettings struct {
	decl.Pos
	Kind     string         `decl:"kind,required"`
	Host     decl.Text      `decl:"host,required"` // name or address, with or without ":port"
	Port     int            `decl:"port"`
	User     decl.Text      `decl:"user,required"`
	Password decl.Secret    `decl:"password,required"`
	TLS      string         `decl:"tls"`         // none (default), explicit (AUTH TLS) or implicit (port 990)
	CA       decl.Text      `decl:"ca"`          // certificates that vouch for the server, PEM; the system's by default
	Name     decl.Text      `decl:"server_name"` // the name in its certificate, where that is not the host
	Root     decl.Text      `decl:"root"`
	Timeout  *time.Duration `decl:"timeout"` // without any progress; 30 s by default
}

// FTP is the transport "ftp": files on an FTP server, passive mode, over TLS
// where the settings say so. Names that are no UTF-8 are read as GB 18030,
// which is what Windows servers send.
var FTP = Transport{
	Name: "ftp",
	Doc:  "files on an FTP or FTPS server",
	Validate: func(connect decl.Node) []decl.Problem {
		var s ftpSettings
		ps := connect.Decode(&s)
		if len(ps) == 0 {
			ps = s.check()
		}
		return ps
	},
	Open: func(connect decl.Node) (func() Store, error) {
		var s ftpSettings
		connect.Decode(&s) // it was validated
		d, err := s.resolve()
		return func() Store { return &ftpStore{dialer: d} }, err
	},
}

func (s *ftpSettings) check() []decl.Problem {
	var ps []decl.Problem
	if s.Port < 0 || s.Port > 65535 {
		ps = append(ps, s.Problem("port.range", "", "%d is not a port", s.Port))
	}
	switch s.TLS {
	case "", "none":
		if s.CA.IsSet() || s.Name.IsSet() {
			ps = append(ps, s.Problem("tls.alone", `add "tls: explicit"`, "a certificate is declared, but no TLS"))
		}
	case "explicit", "implicit":
	default:
		ps = append(ps, s.Problem("tls.unknown", decl.Suggest(s.TLS, []string{"none", "explicit", "implicit"}), "the kind of TLS %q is not known", s.TLS))
	}
	return append(ps, checkTimeout(s.Pos, s.Timeout)...)
}

// ftpDialer is the settings with their references resolved.
type ftpDialer struct {
	address, root  string
	user, password string
	tls            *tls.Config // nil: none
	implicit       bool
	timeout        time.Duration
}

func (s *ftpSettings) resolve() (*ftpDialer, error) {
	d := &ftpDialer{root: "/", implicit: s.TLS == "implicit", timeout: orDefault(s.Timeout)}
	var err error
	get := func(t decl.Text, dst *string) {
		if err == nil && t.IsSet() {
			*dst, err = t.Value()
		}
	}
	var pem, name string
	get(s.Host, &d.address)
	get(s.User, &d.user)
	get(s.Root, &d.root)
	get(s.CA, &pem)
	get(s.Name, &name)
	if err == nil {
		d.password, err = s.Password.Reveal()
	}
	if err != nil {
		return nil, err
	}
	host, _, splitErr := net.SplitHostPort(d.address)
	if splitErr != nil || s.Port != 0 {
		if splitErr != nil {
			host = strings.Trim(d.address, "[]")
		}
		port := s.Port
		if port == 0 {
			port = 21
			if d.implicit {
				port = 990
			}
		}
		d.address = net.JoinHostPort(host, strconv.Itoa(port))
	}
	if s.TLS == "explicit" || s.TLS == "implicit" {
		if name == "" {
			name = host
		}
		d.tls, err = tlsConfig(name, pem)
	}
	return d, err
}

// tlsConfig verifies a server by name, against the given certificates or the
// system's.
func tlsConfig(name, pem string) (*tls.Config, error) {
	// Servers want the data connections to resume the session of the control
	// connection, to know that they are of one client.
	c := &tls.Config{ServerName: name, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(8)}
	if pem != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(pem)) {
			return nil, errors.New("the certificates of `ca` are no PEM")
		}
	}
	return c, nil
}

// ftpStore is a store on an FTP server: one control connection, one transfer
// at a time, as the protocol has it.
type ftpStore struct {
	dialer *ftpDialer
	mu     sync.Mutex // guards conns, which a timer or a context closes
	conns  map[net.Conn]struct{}
	client *ftp.ServerConn
	last   byte                 // of the data connection opened last
	raw    map[string]string    // names as the server writes them, where they are no UTF-8
	times  map[listed]time.Time // exact times of files that were listed
}

// listed is a file as a listing without exact times shows it.
type listed struct {
	path string
	size int64
	time time.Time
}

// idle is a connection that closes when nothing arrives for too long.
type idle struct {
	net.Conn
	timeout time.Duration
	closed  func()
}

func (c idle) Read(p []byte) (int, error) {
	_ = c.Conn.SetReadDeadline(time.Now().Add(c.timeout))
	return c.Conn.Read(p)
}

// tail remembers the last byte of a data connection: a listing has no length,
// and only its last line end says that it was not cut off.
type tail struct {
	net.Conn
	last *byte
}

func (c tail) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		*c.last = p[n-1]
	}
	return n, err
}

func (c idle) Write(p []byte) (int, error) {
	_ = c.Conn.SetWriteDeadline(time.Now().Add(c.timeout))
	return c.Conn.Write(p)
}

func (c idle) Close() error {
	c.closed()
	return c.Conn.Close()
}

// dial opens a control or data connection and keeps it in hand.
func (s *ftpStore) dial(ctx context.Context, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: s.dialer.timeout}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		_ = conn.Close()
		return nil, ctx.Err()
	}
	if s.conns == nil {
		s.conns = map[net.Conn]struct{}{}
	}
	s.conns[conn] = struct{}{}
	return idle{conn, s.dialer.timeout, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, conn)
	}}, nil
}

// cut closes every connection, which ends whatever waits for them.
func (s *ftpStore) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close()
	}
	clear(s.conns)
}

// connect dials and logs in.
func (s *ftpStore) connect(ctx context.Context) error {
	control := true
	dial := func(_, address string) (net.Conn, error) {
		conn, err := s.dial(ctx, address)
		if err != nil {
			return nil, err
		}
		first := control
		control = false
		if s.dialer.tls != nil && (s.dialer.implicit || !first) {
			conn = tls.Client(conn, s.dialer.tls) // the handshake comes with the first byte
		}
		if !first {
			s.last = '\n'
			conn = tail{conn, &s.last}
		}
		return conn, nil
	}
	options := []ftp.DialOption{ftp.DialWithDialFunc(dial), ftp.DialWithShutTimeout(s.dialer.timeout)}
	switch {
	case s.dialer.implicit:
		options = append(options, ftp.DialWithTLS(s.dialer.tls))
	case s.dialer.tls != nil:
		options = append(options, ftp.DialWithExplicitTLS(s.dialer.tls))
	}
	client, err := ftp.Dial(s.dialer.address, options...)
	if err != nil {
		s.cut()
		return s.unreachable(ctx, err)
	}
	if err := client.Login(s.dialer.user, s.dialer.password); err != nil {
		s.cut()
		return s.refused(ctx, err)
	}
	s.client = client
	return nil
}

func (s *ftpStore) unreachable(ctx context.Context, err error) error {
	var unknown x509.UnknownAuthorityError
	var wrong x509.HostnameError
	var invalid x509.CertificateInvalidError
	var plain tls.RecordHeaderError
	var answer *textproto.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &unknown), errors.As(err, &wrong), errors.As(err, &invalid):
		return fault.Hint(fault.Config, "give the certificate that vouches for the server as `ca`, and its name as `server_name`", "connecting to %q: %w", s.dialer.address, err)
	case errors.As(err, &plain):
		return fault.Hint(fault.Config, "write `tls: explicit`, or `implicit` for port 990", "connecting to %q: the server does not speak TLS in this way", s.dialer.address)
	case errors.As(err, &answer) && answer.Code >= 500:
		return fault.Hint(fault.Config, "check `tls` and whether the server admits this address", "connecting to %q: the server answers %d", s.dialer.address, answer.Code)
	}
	return fault.New(fault.Transient, "connecting to %q: %w", s.dialer.address, unexpected(err))
}

// refused classifies the end of a login. The server's own words are left out:
// some repeat what was sent.
func (s *ftpStore) refused(ctx context.Context, err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) && answer.Code >= 500 {
		return fault.Hint(fault.Config, "check the user and the password, and whether the server demands `tls: explicit`", "logging in to %q: the server does not accept the credentials (%d)", s.dialer.address, answer.Code)
	}
	return s.unreachable(ctx, err)
}

// do runs f on the connection. When ctx ends, all connections are closed, which
// ends f. If an idle connection turns out to be lost, f runs once more on a new
// one.
func (s *ftpStore) do(ctx context.Context, what, path string, f func(c *ftp.ServerConn) error) error {
	for {
		fresh := s.client == nil
		stop := context.AfterFunc(ctx, s.cut)
		if fresh {
			if err := s.connect(ctx); err != nil {
				stop()
				return err
			}
		}
		err := f(s.client)
		stop()
		if err == nil {
			return nil
		}
		var answer *textproto.Error
		var classified *fault.Error
		switch {
		case ctx.Err() != nil:
			s.drop()
			return ctx.Err()
		case errors.As(err, &classified), errors.Is(err, ErrUnsettled), errors.Is(err, fs.ErrNotExist):
			s.drop() // a transfer that was given up leaves its reply behind
			return err
		case errors.As(err, &answer) && answer.Code == ftp.StatusFileUnavailable:
			return fault.Hint(fault.Config, "grant the user read access, or correct `root`", "%s %q: the server has no such file or denies access (550)", what, path)
		case errors.As(err, &answer) && answer.Code >= 500:
			return fault.New(fault.Config, "%s %q: the server answers %d", what, path, answer.Code)
		}
		s.drop()
		if !fresh && (answer == nil || answer.Code == ftp.StatusNotAvailable) {
			continue
		}
		return fault.New(fault.Transient, "%s %q: the connection was lost: %w", what, path, unexpected(err))
	}
}

// drop forgets the connection.
func (s *ftpStore) drop() {
	s.cut()
	s.client = nil
}

// List reads the folders one after another.
func (s *ftpStore) List(ctx context.Context) ([]Entry, error) {
	var out []Entry
	err := s.do(ctx, "listing folder", s.dialer.root, func(c *ftp.ServerConn) error {
		out, s.raw = out[:0], map[string]string{}
		times := map[listed]time.Time{}
		// A listing of a folder that is not there is empty on some servers.
		if err := c.ChangeDir(s.dialer.root); err != nil {
			return err
		}
		for dirs := []string{""}; len(dirs) > 0; dirs = dirs[1:] {
			entries, err := c.List(s.at(dirs[0]))
			if err == nil && s.last != '\n' {
				err = io.ErrUnexpectedEOF
			}
			if err != nil {
				return err
			}
			for _, e := range entries {
				if e.Name == "." || e.Name == ".." || e.Name == "" {
					continue
				}
				p := path.Join(dirs[0], s.name(dirs[0], e.Name))
				switch e.Type {
				case ftp.EntryTypeFolder:
					dirs = append(dirs, p)
				case ftp.EntryTypeFile:
					if err := s.exact(c, p, e, times); err != nil {
						return err
					}
					out = append(out, Entry{Path: p, Size: int64(e.Size), MTime: e.Time})
				}
			}
		}
		s.times = times
		return nil
	})
	return out, err
}

// exact gives an entry the time that the server knows exactly. A listing for
// people leaves out the seconds and the zone; asking costs a round trip, so it
// is done once for a file.
func (s *ftpStore) exact(c *ftp.ServerConn, p string, e *ftp.Entry, times map[listed]time.Time) error {
	if c.IsTimePreciseInList() || !c.IsGetTimeSupported() {
		return nil
	}
	key := listed{p, int64(e.Size), e.Time}
	at, ok := s.times[key]
	if !ok {
		var err error
		var answer *textproto.Error
		at, err = c.GetTime(s.at(p))
		if errors.As(err, &answer) {
			return nil // it may have gone
		}
		if err != nil {
			return err
		}
	}
	times[key] = at
	e.Time = at
	return nil
}

// name is a name in UTF-8; the server's own is kept for asking.
func (s *ftpStore) name(dir, name string) string {
	if utf8.ValidString(name) {
		if raw, ok := s.raw[dir]; ok {
			s.raw[path.Join(dir, name)] = path.Join(raw, name)
		}
		return name
	}
	decoded := string(text.AppendGB18030(nil, []byte(name)))
	raw, ok := s.raw[dir]
	if !ok {
		raw = dir
	}
	s.raw[path.Join(dir, decoded)] = path.Join(raw, name)
	return decoded
}

// at is the server's name of a path.
func (s *ftpStore) at(p string) string {
	if raw, ok := s.raw[p]; ok {
		p = raw
	}
	return path.Join(s.dialer.root, p)
}

// Read copies a file. The server confirms at the end that it sent all of it;
// size and time are asked for before and after.
func (s *ftpStore) Read(ctx context.Context, e Entry, begin func() (io.Writer, error)) error {
	return s.do(ctx, "reading file", e.Path, func(c *ftp.ServerConn) error {
		dst, err := begin()
		if err != nil {
			return err
		}
		at := s.at(e.Path)
		before, err := s.stamp(c, at)
		if err != nil {
			return err
		}
		src, err := c.Retr(at)
		if err != nil {
			return err
		}
		_, err = io.Copy(dst, src)
		if closing := src.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return err
		}
		after, err := s.stamp(c, at)
		if err == nil && (before != after || after.size >= 0 && after.size != e.Size) {
			return ErrUnsettled
		}
		return err
	})
}

// stamp is what a server says about a file; what it does not say is zero.
type stamp struct {
	size int64
	time time.Time
}

func (s *ftpStore) stamp(c *ftp.ServerConn, at string) (stamp, error) {
	var answer *textproto.Error
	st := stamp{size: -1}
	size, err := c.FileSize(at)
	switch {
	case errors.As(err, &answer) && answer.Code == ftp.StatusFileUnavailable:
		return st, err
	case errors.As(err, &answer): // SIZE is not of the first standard
	case err != nil:
		return st, err
	default:
		st.size = size
	}
	if c.IsGetTimeSupported() {
		st.time, err = c.GetTime(at)
		if err != nil && !errors.As(err, &answer) {
			return st, err
		}
	}
	return st, nil
}

// Prefix is empty: the root is known to who reads the place of a record.
func (s *ftpStore) Prefix() string { return "" }

// Close ends the connection.
func (s *ftpStore) Close() error {
	s.drop()
	return nil
}
