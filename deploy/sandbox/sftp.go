package sandbox

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"rongtong/deploy/sandbox/world"
)

// sftpUser is the account of the pipeline at the counties' server.
const sftpUser = "etl"

// sftpServer offers the counties' daily files, read only, below /out. A
// county's files are made when somebody first looks into its folder, and kept:
// their sizes must be known before they are opened.
type sftpServer struct {
	s       *Sandbox
	addr    string
	hostKey string // one line of authorized_keys
	folders []folder
	index   map[string]int // county code to folder
	meter   *meter
}

type folder struct {
	once  sync.Once
	files []file
	index map[string]int
}

type file struct {
	name string
	data []byte
	at   time.Time
}

func (s *Sandbox) startSFTP(listen string) (*sftpServer, error) {
	seed := sha256.Sum256([]byte(s.secret("host key", 64)))
	signer, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		return nil, fmt.Errorf("making the host key of the counties' server: %w", err)
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("listening as the counties' SFTP server on %q: %w", listen, err)
	}
	w := s.World
	srv := &sftpServer{s: s, addr: l.Addr().String(), folders: make([]folder, w.Counties()), index: map[string]int{}}
	srv.hostKey = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	files := 0
	for c := range w.Counties() {
		srv.index[w.CountyCode(c)] = c
		files += len(w.LedgerFiles(c))
	}
	srv.meter = s.meter(world.Ledger, "X", "files", int64(files))
	srv.meter.produced.Store(int64(files))
	config := &ssh.ServerConfig{PasswordCallback: srv.login}
	config.AddHostKey(signer)
	conns := &connSet{open: map[net.Conn]bool{}}
	s.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if conns.add(c) {
				s.wg.Go(func() {
					defer conns.remove(c)
					srv.serve(c, config)
				})
			}
		}
	})
	s.close = append(s.close, func() { _ = l.Close(); conns.closeAll() })
	return srv, nil
}

func (f *sftpServer) login(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
	if c.User() == sftpUser && subtle.ConstantTimeCompare(password, []byte(f.s.secret("sftp", 24))) == 1 {
		return nil, nil
	}
	return nil, errors.New("wrong user or password")
}

func (f *sftpServer) serve(c net.Conn, config *ssh.ServerConfig) {
	conn, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		f.s.log.Debug("sftp login refused", "error", err)
		return
	}
	defer conn.Close()
	go ssh.DiscardRequests(requests)
	var sessions sync.WaitGroup
	defer sessions.Wait()
	for ch := range channels {
		if ch.ChannelType() != "session" {
			_ = ch.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		channel, reqs, err := ch.Accept()
		if err != nil {
			return
		}
		sessions.Go(func() { f.session(channel, reqs) })
	}
}

func (f *sftpServer) session(channel ssh.Channel, reqs <-chan *ssh.Request) {
	defer channel.Close()
	for req := range reqs {
		ok := req.Type == "subsystem" && len(req.Payload) >= 4 && string(req.Payload[4:]) == "sftp"
		_ = req.Reply(ok, nil)
		if !ok {
			continue
		}
		go ssh.DiscardRequests(reqs)
		server := sftp.NewRequestServer(channel, sftp.Handlers{FileGet: f, FilePut: readOnly{}, FileCmd: readOnly{}, FileList: f})
		_ = server.Serve() // ends with the connection
		_ = server.Close()
		return
	}
}

// county is the folder of a county, its files made on first use.
func (f *sftpServer) county(code string) (*folder, bool) {
	c, ok := f.index[code]
	if !ok {
		return nil, false
	}
	d := &f.folders[c]
	d.once.Do(func() {
		d.index = map[string]int{}
		for _, lf := range f.s.World.LedgerFiles(c) {
			name := path.Base(lf.Name)
			d.index[name] = len(d.files)
			d.files = append(d.files, file{name, f.s.World.LedgerBytes(lf), lf.Written()})
		}
	})
	return d, true
}

func (f *sftpServer) find(p string) (*file, error) {
	dir, name := path.Split(p)
	d, ok := f.county(path.Base(path.Clean(dir)))
	if !ok || path.Dir(path.Clean(dir)) != "/out" {
		return nil, os.ErrNotExist
	}
	i, ok := d.index[name]
	if !ok {
		return nil, os.ErrNotExist
	}
	return &d.files[i], nil
}

// Fileread opens a file for random reads.
func (f *sftpServer) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	x, err := f.find(r.Filepath)
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(x.data), nil
}

// Filelist lists a folder or tells a file's size and time.
func (f *sftpServer) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	parts := strings.Split(strings.Trim(r.Filepath, "/"), "/")
	if parts[0] == "" {
		parts = nil
	}
	if len(parts) > 0 && parts[0] != "out" {
		return nil, os.ErrNotExist
	}
	if r.Method == "List" {
		return f.list(parts)
	}
	switch len(parts) {
	case 0, 1:
		return lister{dirInfo(path.Base("/" + strings.Join(parts, "/")))}, nil
	case 2:
		if _, ok := f.index[parts[1]]; ok {
			return lister{dirInfo(parts[1])}, nil
		}
		return nil, os.ErrNotExist
	}
	x, err := f.find(r.Filepath)
	if err != nil {
		return nil, err
	}
	return lister{x.info()}, nil
}

func (f *sftpServer) list(parts []string) (sftp.ListerAt, error) {
	switch len(parts) {
	case 0:
		return lister{dirInfo("out")}, nil
	case 1:
		var out lister
		for c := range f.s.World.Counties() {
			out = append(out, dirInfo(f.s.World.CountyCode(c)))
		}
		return out, nil
	case 2:
		d, ok := f.county(parts[1])
		if !ok {
			return nil, os.ErrNotExist
		}
		var out lister
		for i := range d.files {
			out = append(out, d.files[i].info())
		}
		return out, nil
	}
	return nil, os.ErrNotExist
}

// info is what a client may know of a file or folder.
type info struct {
	name string
	size int64
	at   time.Time
	dir  bool
}

func (f *file) info() info { return info{name: f.name, size: int64(len(f.data)), at: f.at} }

func dirInfo(name string) info { return info{name: name, at: world.Began(), dir: true} }

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return i.at }
func (i info) IsDir() bool        { return i.dir }
func (i info) Sys() any           { return nil }
func (i info) Mode() os.FileMode {
	if i.dir {
		return os.ModeDir | 0o555
	}
	return 0o444
}

type lister []os.FileInfo

// ListAt is io.ReaderAt for entries.
func (l lister) ListAt(dst []os.FileInfo, from int64) (int, error) {
	if from >= int64(len(l)) {
		return 0, io.EOF
	}
	n := copy(dst, l[from:])
	if int(from)+n == len(l) {
		return n, io.EOF
	}
	return n, nil
}

// readOnly refuses every change.
type readOnly struct{}

func (readOnly) Filewrite(*sftp.Request) (io.WriterAt, error) { return nil, os.ErrPermission }
func (readOnly) Filecmd(*sftp.Request) error                  { return os.ErrPermission }

// connSet closes what is still open when the server stops.
type connSet struct {
	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
}

func (s *connSet) add(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return false
	}
	s.open[c] = true
	return true
}

func (s *connSet) remove(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	_ = c.Close()
}

func (s *connSet) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for c := range s.open {
		_ = c.Close()
	}
}
