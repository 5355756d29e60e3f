package testservers

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"rongtong/deploy/embedded"
	"rongtong/schemas/fault"
)

// SSHServer is a running OpenSSH server that serves files over SFTP from below
// Files, to holders of a key: one that runs as an ordinary user cannot check
// passwords.
type SSHServer struct {
	Server
	Files   string // folder of files, the login folder of the account
	Key     string // private key of the account, PEM
	HostKey string // the server's key, as a line of authorized_keys
	Allowed string // file of the keys that are let in; empty it to let in none
}

var opensshVersion = regexp.MustCompile(`OpenSSH_[\w.]+`)

// EnsureSSH returns the path of the OpenSSH server, installing it when the
// machine has none.
func EnsureSSH(ctx context.Context, progress embedded.Progress) (string, error) {
	return ensureProgram(ctx, "sshd", "openssh-server", progress)
}

// ensureProgram finds a server's program, or installs the package that has it.
func ensureProgram(ctx context.Context, program, pkg string, progress embedded.Progress) (string, error) {
	if progress == nil {
		progress = func(int64, int64, string) {}
	}
	if path := findProgram(program); path != "" {
		return path, nil
	}
	if err := aptInstall(ctx, pkg, progress); err != nil {
		return "", fault.Hint(fault.Config, "install the package "+pkg+", so that "+program+" is on the PATH or in /usr/sbin", "getting %q: %w", program, err)
	}
	if path := findProgram(program); path != "" {
		return path, nil
	}
	return "", fault.New(fault.Config, "getting %q: the package %q was installed and does not hold it", program, pkg)
}

var sshd struct {
	shared
	server *SSHServer
}

// SSH is the OpenSSH server of this test binary.
func SSH(t testing.TB) *SSHServer {
	t.Helper()
	sshd.get(t, "OpenSSH", func(ctx context.Context) (*Server, error) {
		s, err := startSSH(ctx)
		sshd.server = s
		return &Server{}, err
	})
	return sshd.server
}

func startSSH(ctx context.Context) (*SSHServer, error) {
	program, err := EnsureSSH(ctx, nil)
	if err != nil {
		return nil, err
	}
	s := &SSHServer{Server: Server{Host: "127.0.0.1"}}
	if s.Dir, err = Folder("sshd"); err != nil {
		return nil, err
	}
	if s.Port, err = FreePort(); err != nil {
		return nil, err
	}
	s.User, _ = ordinaryNames()
	if s.Files, err = serverFolder(s.Dir, "files"); err != nil {
		return nil, err
	}
	host, hostLine, err := newKey()
	if err != nil {
		return nil, err
	}
	own, ownLine, err := newKey()
	if err != nil {
		return nil, err
	}
	s.Key, s.HostKey, s.Allowed = own, hostLine, filepath.Join(s.Dir, "allowed")
	config := fmt.Sprintf(`Port %d
ListenAddress %s
HostKey %s
AuthorizedKeysFile %s
PidFile none
StrictModes no
UsePAM yes
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 200
MaxSessions 50
Subsystem sftp internal-sftp
ForceCommand internal-sftp -d %s
`, s.Port, s.Host, filepath.Join(s.Dir, "hostkey"), s.Allowed, s.Files)
	for name, text := range map[string]string{"hostkey": host, "allowed": ownLine + "\n", "config": config} {
		if err := serverFile(filepath.Join(s.Dir, name), text); err != nil {
			return nil, err
		}
	}
	version, _ := exec.CommandContext(ctx, program, "-V").CombinedOutput() // old ones complain, and say it all the same
	s.Version = opensshVersion.FindString(string(version))
	return s, Run(ctx, Child{
		Path: program, Dir: s.Dir, Signal: "TERM", Args: []string{"-D", "-e", "-f", filepath.Join(s.Dir, "config")},
		Ready: func(ctx context.Context) error { return says(ctx, s.Addr(), "SSH-2.0-") },
	})
}

// newKey makes a key pair: the private one in PEM, the public one as a line.
func newKey() (private, line string, err error) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", "", err
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return "", "", err
	}
	p, err := ssh.NewPublicKey(public)
	if err != nil {
		return "", "", err
	}
	return string(pem.EncodeToMemory(block)), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(p))), nil
}

// ordinaryNames are the names of the user and the group that servers run as; a
// number where there is no name.
func ordinaryNames() (account, group string) {
	uid, gid := os.Geteuid(), os.Getegid()
	if uid == 0 {
		uid, gid = nobody, nobody
	}
	account, group = fmt.Sprint(uid), fmt.Sprint(gid)
	if u, err := user.LookupId(account); err == nil {
		account = u.Username
	}
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	return account, group
}

// serverFile writes a file that only the server's user may read.
func serverFile(path, text string) error {
	err := os.WriteFile(path, []byte(text), 0o600)
	if err == nil && os.Geteuid() == 0 {
		err = os.Chown(path, nobody, nobody)
	}
	if err != nil {
		return fmt.Errorf("writing %q: %w", path, err)
	}
	return nil
}

func serverFolder(dir, name string) (string, error) {
	p := filepath.Join(dir, name)
	err := os.Mkdir(p, 0o755)
	if err == nil && os.Geteuid() == 0 {
		err = os.Chown(p, nobody, nobody)
	}
	if err != nil {
		return "", fmt.Errorf("making %q: %w", p, err)
	}
	return p, nil
}

// says waits for the greeting of a server.
func says(ctx context.Context, addr, greeting string) error {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	b := make([]byte, len(greeting))
	if _, err := conn.Read(b); err != nil || string(b) != greeting {
		return fmt.Errorf("it says %q, %v", b, err)
	}
	return nil
}
