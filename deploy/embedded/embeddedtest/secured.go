package embeddedtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rongtong/schemas/decl"
)

// Server is the package's warehouse behind TLS, over both protocols, with a
// certificate of an authority of its own. The embedded engine listens in the
// clear only, so the encryption ends in front of it, as it does at a proxy.
type Server struct {
	// HTTPS and Native are its addresses, the password as a ${file:…} reference;
	// what says how to verify the certificate goes behind them ("&ca=…").
	HTTPS, Native string
	// Plain and PlainNative are the same warehouse without encryption.
	Plain, PlainNative string
	CA                 string // PEM file of its authority
	OtherCA            string // PEM file of another authority of the same name
	Password           string
}

// Certificate says what the certificate of a Server holds.
type Certificate struct {
	Names    []string // DNS names and addresses
	NotAfter time.Time
}

// Secured puts TLS in front of the package's warehouse until the test ends.
func Secured(t testing.TB, c Certificate) *Server {
	t.Helper()
	dir := t.TempDir()
	s := &Server{Plain: Warehouse(t), PlainNative: WarehouseNative(t), CA: filepath.Join(dir, "ca.pem"), OtherCA: filepath.Join(dir, "other.pem")}
	ca, key := authority(t, s.CA)
	authority(t, s.OtherCA)
	pair := c.sign(t, ca, key)
	whole, err := decl.Expand(s.Plain)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(whole)
	if err != nil {
		t.Fatal(err)
	}
	s.Password, _ = u.User.Password()
	s.HTTPS = "https" + strings.TrimPrefix(front(t, s.Plain, pair), "http") + "?secure=true"
	s.Native = front(t, s.PlainNative, pair) + "?secure=true"
	return s
}

// front listens with TLS for the server at an address, and returns the address
// with the port of its own.
func front(t testing.TB, address string, pair tls.Certificate) string {
	t.Helper()
	at := strings.LastIndex(address, "@") + 1
	ln, err := tls.Listen("tcp4", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			go splice(near, address[at:])
		}
	}()
	return address[:at] + ln.Addr().String()
}

// splice carries bytes both ways until either end closes.
func splice(near net.Conn, to string) {
	defer near.Close()
	if near.(*tls.Conn).Handshake() != nil {
		return
	}
	far, err := net.Dial("tcp4", to)
	if err != nil {
		return
	}
	defer far.Close()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			done <- struct{}{}
		}()
	}
	<-done
}

func authority(t testing.TB, file string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Provincial Data Bureau CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().AddDate(-2, 0, 0), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c, key
}

func (c Certificate) sign(t testing.TB, ca *x509.Certificate, caKey *ecdsa.PrivateKey) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "warehouse"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: c.NotAfter}
	for _, n := range c.Names {
		if ip := net.ParseIP(n); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
