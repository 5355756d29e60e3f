package apachekafka

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"rongtong/schemas/fault"
)

// Certs are PEM files made for one cluster.
type Certs struct {
	CA                    string // who signed the others
	ClientCert, ClientKey string // of the user "CN=county"
	server                string // key and certificate in one file, as Kafka wants them
}

func makeCerts(dir string) (Certs, error) {
	c := Certs{CA: filepath.Join(dir, "ca.pem"), ClientCert: filepath.Join(dir, "client.pem"),
		ClientKey: filepath.Join(dir, "client.key"), server: filepath.Join(dir, "server.pem")}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tests"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caKey, caCert, _, err := sign(ca, nil, nil)
	if err != nil {
		return c, err
	}
	ca, err = x509.ParseCertificate(caCert)
	if err != nil {
		return c, fault.Mark(fault.Bug, err)
	}
	server := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "broker"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	_, serverCert, serverKey, err := sign(server, ca, caKey)
	if err != nil {
		return c, err
	}
	client := &x509.Certificate{SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "county"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	_, clientCert, clientKey, err := sign(client, ca, caKey)
	if err != nil {
		return c, err
	}
	for path, blocks := range map[string][]*pem.Block{
		c.CA:         {{Type: "CERTIFICATE", Bytes: caCert}},
		c.ClientCert: {{Type: "CERTIFICATE", Bytes: clientCert}},
		c.ClientKey:  {{Type: "PRIVATE KEY", Bytes: clientKey}},
		c.server:     {{Type: "PRIVATE KEY", Bytes: serverKey}, {Type: "CERTIFICATE", Bytes: serverCert}, {Type: "CERTIFICATE", Bytes: caCert}},
	} {
		var b bytes.Buffer
		for _, block := range blocks {
			_ = pem.Encode(&b, block)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			return c, fault.New(fault.Config, "writing %q: %w", path, err)
		}
	}
	return c, nil
}

// sign makes a key and its certificate; without a parent it signs itself.
func sign(tmpl, parent *x509.Certificate, by *ecdsa.PrivateKey) (key *ecdsa.PrivateKey, cert, pkcs8 []byte, err error) {
	key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, fault.Mark(fault.Bug, err)
	}
	if parent == nil {
		parent, by = tmpl, key
	}
	tmpl.NotBefore, tmpl.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	if cert, err = x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, by); err != nil {
		return nil, nil, nil, fault.Mark(fault.Bug, err)
	}
	if pkcs8, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, nil, nil, fault.Mark(fault.Bug, err)
	}
	return key, cert, pkcs8, nil
}
