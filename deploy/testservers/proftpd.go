package testservers

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rongtong/deploy/embedded"
	"rongtong/schemas/fault"
)

// FTPServer is a running ProFTPD server that serves files from below Files. It
// speaks plain FTP and AUTH TLS on Port; on Plain it knows no machine-readable
// listings, and on Implicit it speaks TLS from the first byte. Its data
// connections must resume the TLS session of the control connection.
type FTPServer struct {
	Server
	Files           string
	Plain, Implicit int    // ports
	CA              string // the server's certificate, PEM
	accounts        string
}

// The account: the server knows the hash only.
const (
	ftpPassword = "Rongtong+ftp/7"
	ftpHash     = "$6$rongtong$ZGpqEHl0ttI0jQVHyRo6qBOHhS.ridNbFbwDgi5HW/AJTDaxwrs8Kv1m6ybsyljNlbw.gBUYa9hDU0JCufHPs1"
)

// EnsureFTP returns the path of the ProFTPD server, installing it and its TLS
// module when the machine has none.
func EnsureFTP(ctx context.Context, progress embedded.Progress) (string, error) {
	path, err := ensureProgram(ctx, "proftpd", "proftpd-core", progress)
	if err != nil || ftpModules() != "" {
		return path, err
	}
	if progress == nil {
		progress = func(int64, int64, string) {}
	}
	if err := aptInstall(ctx, "proftpd-mod-crypto", progress); err != nil {
		return "", fault.Hint(fault.Config, "install the package proftpd-mod-crypto", "getting the TLS module of ProFTPD: %w", err)
	}
	return path, nil
}

// ftpModules is the folder of the server's modules, once that of TLS is there.
func ftpModules() string {
	found, _ := filepath.Glob("/usr/lib*/proftpd/mod_tls.so")
	more, _ := filepath.Glob("/usr/lib/*/proftpd/mod_tls.so")
	for _, p := range append(found, more...) {
		return filepath.Dir(p)
	}
	return ""
}

var proftpd struct {
	shared
	server *FTPServer
}

// FTP is the FTP server of this test binary.
func FTP(t testing.TB) *FTPServer {
	t.Helper()
	proftpd.get(t, "ProFTPD", func(ctx context.Context) (*Server, error) {
		s, err := startFTP(ctx)
		proftpd.server = s
		return &Server{}, err
	})
	return proftpd.server
}

// Accept lets the account in, or refuses its password from the next login on.
func (s *FTPServer) Accept(yes bool) error {
	hash := ftpHash
	if !yes {
		hash = "!"
	}
	uid, gid := os.Geteuid(), os.Getegid()
	if uid == 0 {
		uid, gid = nobody, nobody
	}
	return serverFile(s.accounts, fmt.Sprintf("%s:%s:%d:%d::%s:/bin/sh\n", s.User, hash, uid, gid, s.Files))
}

func startFTP(ctx context.Context) (*FTPServer, error) {
	program, err := EnsureFTP(ctx, nil)
	if err != nil {
		return nil, err
	}
	s := &FTPServer{Server: Server{Host: "127.0.0.1", User: "etl", Password: ftpPassword}}
	if s.Dir, err = Folder("proftpd"); err != nil {
		return nil, err
	}
	for _, port := range []*int{&s.Port, &s.Plain, &s.Implicit} {
		if *port, err = FreePort(); err != nil {
			return nil, err
		}
	}
	if s.Files, err = serverFolder(s.Dir, "files"); err != nil {
		return nil, err
	}
	cert, key, err := certificate()
	if err != nil {
		return nil, err
	}
	s.CA, s.accounts = cert, filepath.Join(s.Dir, "accounts")
	if err := s.Accept(true); err != nil {
		return nil, err
	}
	for name, text := range map[string]string{"cert.pem": cert, "key.pem": key, "config": s.config()} {
		if err := serverFile(filepath.Join(s.Dir, name), text); err != nil {
			return nil, err
		}
	}
	version, _ := exec.CommandContext(ctx, program, "--version").CombinedOutput()
	s.Version = strings.TrimSpace(string(version))
	return s, Run(ctx, Child{
		Path: program, Dir: s.Dir, Signal: "KILL", Args: []string{"-n", "-c", filepath.Join(s.Dir, "config")},
		Ready: func(ctx context.Context) error { return says(ctx, s.Addr(), "220 ") },
	})
}

func (s *FTPServer) config() string {
	at := func(name string) string { return filepath.Join(s.Dir, name) }
	each := fmt.Sprintf("AuthUserFile %s\nAuthOrder mod_auth_file.c\nRequireValidShell off\nUseFtpUsers off\nTimesGMT on\n", s.accounts)
	tls := fmt.Sprintf("TLSEngine on\nTLSRequired off\nTLSECCertificateFile %s\nTLSECCertificateKeyFile %s\n", at("cert.pem"), at("key.pem"))
	host := func(port int, more string) string {
		return fmt.Sprintf("<VirtualHost %s>\nPort %d\n%s%s</VirtualHost>\n", s.Host, port, each, more)
	}
	account, group := ordinaryNames()
	return fmt.Sprintf("ModulePath %s\nLoadModule mod_tls.c\n", ftpModules()) +
		fmt.Sprintf("ServerType standalone\nDefaultAddress %s\nSocketBindTight on\nPort %d\nUseIPv6 off\nUseReverseDNS off\nUser %s\nGroup %s\n", s.Host, s.Port, account, group) +
		fmt.Sprintf("PidFile %s\nScoreboardFile %s\nControlsEngine off\nDelayEngine off\nWtmpLog off\nTransferLog none\nSystemLog %s\nMaxInstances 200\nTimeoutLinger 0\n", at("pid"), at("scoreboard"), at("system.log")) +
		each + tls + host(s.Plain, "FactsAdvertise off\n") + host(s.Implicit, tls+"TLSOptions UseImplicitSSL\n")
}

// certificate makes a certificate for loopback that vouches for itself.
func certificate() (cert, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return "", "", err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})), nil
}
