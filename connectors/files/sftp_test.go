package files

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// TestCountyLedger reads the product's own declaration from a real server.
func TestCountyLedger(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "out/370102/household_20251222.csv"), gb(t, "区划代码,月份,常住户数\n370102001001,2025-12,12户\n"), 0)
	srv := serve(t, dir, func(user, pass string, _ ssh.PublicKey) bool { return user == "etl" && pass == password })
	sys := declared(t, "county_ledger", map[string]string{
		"RONGTONG_SFTP_HOST": srv.address, "RONGTONG_SFTP_PASSWORD": password, "RONGTONG_SFTP_HOST_KEY": srv.line})
	s := open(t, kindOf("sftp"), sys, "household", nil)
	got, _ := rows(t, s)
	equal(t, got, `out/370102/household_20251222.csv:2 {"县代码":"370102","区划代码":"370102001001","月份":"2025-12","常住户数":"12户"}`)
}

// system is the declaration of a server's `x` stream, with further settings.
func (s *server) system(tb testing.TB, more string) *schemas.System {
	tb.(interface{ Setenv(k, v string) }).Setenv("TEST_SFTP_PASSWORD", password)
	return conntest.Declare(tb, fmt.Sprintf("connect: { kind: sftp, host: %q, user: etl, password: '${env:TEST_SFTP_PASSWORD}', host_key: %q%s }\n", s.address, s.pin, more)+
		"streams:\n  x:\n    from: { path: '.*\\.csv', format: csv, header: [a] }\n    key: [a]\n    fields: { a: text }\n")
}

func anyone(string, string, ssh.PublicKey) bool { return true }

// TestLostConnection: a server that restarts between two looks is not noticed.
func TestLostConnection(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "1.csv"), []byte("a\n1\n"), 0)
	srv := serve(t, dir, anyone)
	s := open(t, kindOf("sftp"), srv.system(t, ""), "x", nil)
	got, _ := rows(t, s)
	equal(t, got, `1.csv:2 {"a":"1"}`)
	srv.hangUp()
	put(t, filepath.Join(dir, "2.csv"), []byte("a\n2\n"), 0)
	got, _ = rows(t, s)
	equal(t, got, `2.csv:2 {"a":"2"}`)
	srv.listener.Close()
	srv.hangUp()
	var c record.Chunk
	if _, err := s.Read(t.Context(), &c); !fault.Is(err, fault.Transient) {
		t.Errorf("a server that is gone gave %v", err)
	}
}

func TestKeyLogin(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "1.csv"), []byte("a\n1\n"), 0)
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	srv := serve(t, dir, func(_, _ string, key ssh.PublicKey) bool {
		return key != nil && string(key.Marshal()) == string(want.Marshal())
	})
	write := func(name string, block *pem.Block) string {
		p := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(p, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TEST_SFTP_PASSWORD", password)
	t.Setenv("TEST_SFTP_WRONG", "canary-wrong")
	for _, tc := range []struct {
		name, settings string
		ok             bool
	}{
		{"a plain key", "key: '${file:" + write("k", &pem.Block{Type: "PRIVATE KEY", Bytes: der}) + "}'", true},
		{"a locked key", "key: '${file:" + write("l", locked) + "}', passphrase: '${env:TEST_SFTP_PASSWORD}'", true},
		{"a wrong passphrase", "key: '${file:" + write("l", locked) + "}', passphrase: '${env:TEST_SFTP_WRONG}'", false},
		{"no passphrase", "key: '${file:" + write("l", locked) + "}'", false},
		{"only a password", "password: '${env:TEST_SFTP_PASSWORD}'", false},
	} {
		sys := conntest.Declare(t, fmt.Sprintf("connect: { kind: sftp, host: %q, user: etl, host_key: %q, %s }\nstreams: {}\n", srv.address, srv.pin, tc.settings))
		o, err := kindOf("sftp").Open(t.Context(), sys)
		if err == nil {
			err = o.Check(t.Context())
		}
		if (err == nil) != tc.ok || !tc.ok && !fault.Is(err, fault.Config) {
			t.Errorf("%s: %v", tc.name, err)
		}
		for _, secret := range []string{password, "canary-wrong"} {
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error shows the secret", tc.name)
			}
		}
	}
}

// TestSilentServer: a server that accepts and says nothing costs the timeout,
// or less when the caller gives up.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialled := make(chan net.Conn, 4)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			dialled <- c
		}
	}()
	silent := &server{address: l.Addr().String(), pin: "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"}
	o, err := kindOf("sftp").Open(t.Context(), silent.system(t, ", timeout: 200ms"))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Check(t.Context()); !fault.Is(err, fault.Transient) {
		t.Errorf("a silent server gave %v", err)
	}
	(<-dialled).Close()
	o, err = kindOf("sftp").Open(t.Context(), silent.system(t, ", timeout: 10m"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	back := make(chan error, 1)
	go func() { back <- o.Check(ctx) }()
	defer (<-dialled).Close()
	stop()
	select {
	case err := <-back:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("giving up gave %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("giving up took more than 10 s")
	}
}

// stalling is a server folder with a file that never ends to arrive: the
// connection is frozen by a proxy after so many bytes.
func TestStalledTransfer(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "1.csv"), []byte("a\n"+strings.Repeat("1\n", 1<<20)), 0)
	srv := serve(t, dir, anyone)
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	frozen := make(chan struct{}, 8)
	go func() {
		for {
			c, err := proxy.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", srv.address)
			if err != nil {
				c.Close()
				return
			}
			go func() { defer up.Close(); io.Copy(up, c) }()
			go func() {
				io.CopyN(c, up, 300<<10)
				frozen <- struct{}{}
			}()
		}
	}()
	s := &server{address: proxy.Addr().String(), pin: srv.pin}
	src := open(t, kindOf("sftp"), s.system(t, ", timeout: 300ms"), "x", nil)
	var c record.Chunk
	if _, err := src.Read(t.Context(), &c); !fault.Is(err, fault.Transient) || len(c.Rows) > 0 {
		t.Errorf("a stalled transfer gave %v and %d records", err, len(c.Rows))
	}
	src = open(t, kindOf("sftp"), s.system(t, ", timeout: 10m"), "x", nil)
	for len(frozen) > 0 {
		<-frozen
	}
	ctx, stop := context.WithCancel(t.Context())
	back := make(chan error, 1)
	go func() { _, err := src.Read(ctx, &c); back <- err }()
	<-frozen
	stop()
	if err := <-back; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelling a stalled transfer gave %v", err)
	}
}

var _ connectors.Source = (*source)(nil)
