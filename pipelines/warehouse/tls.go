package warehouse

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// What may stand behind the question mark of a warehouse's address.
const (
	paramSecure = "secure"      // "true": encrypt; https:// says it already
	paramCA     = "ca"          // PEM file of the authorities to trust; absent: those of the system
	paramName   = "server_name" // the name that the certificate must carry; absent: the host
)

var params = []string{paramSecure, paramCA, paramName}

// tlsFor reads what the address says of encryption; nil: the connection is not
// encrypted.
func tlsFor(scheme string, u *url.URL) (*tls.Config, error) {
	q := u.Query()
	for name := range q {
		if !slices.Contains(params, name) {
			return nil, fault.Hint(fault.Config, decl.Suggest(name, params), "reading the warehouse's address: it has no parameter %q", name)
		}
	}
	if scheme != "https" && q.Get(paramSecure) != "true" {
		if q.Has(paramCA) || q.Has(paramName) {
			return nil, fault.Hint(fault.Config, "write https://… or clickhouse://…?secure=true", "reading the warehouse's address: it names an authority or a name of a certificate, and is not encrypted")
		}
		return nil, nil
	}
	cfg := &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	if name := q.Get(paramName); name != "" {
		cfg.ServerName = name
	}
	if file := q.Get(paramCA); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fault.New(fault.Config, "reading the authorities of the warehouse's certificate: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fault.New(fault.Config, "reading the authorities of the warehouse's certificate: %q holds no certificate in PEM", file)
		}
	}
	return cfg, nil
}

// certificateError explains a TLS handshake that no repetition heals: what is
// wrong with the server at addr, and the way out. It is nil for any other error.
func certificateError(err error, doing, addr string) error {
	server := "the server"
	if !strings.Contains(doing, addr) {
		server += " at " + addr
	}
	said := func(hint, format string, args ...any) error {
		return fault.Hint(fault.Config, hint, "%s: %s "+format, append([]any{doing, server}, args...)...)
	}
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		header    tls.RecordHeaderError
		alert     *net.OpError
	)
	switch {
	case errors.As(err, &authority):
		return said("write the file of that authority's certificate behind the address: ?ca=/path/to/ca.pem", "shows a certificate of an authority that is not trusted here: %s", issuer(authority.Cert))
	case errors.As(err, &name):
		return said("write the host as the certificate has it, or the name behind the address: ?server_name=…", "shows a certificate that is not for %q but for %s", name.Host, namesOf(name.Certificate))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		hint, what := "renew the server's certificate, or set this machine's clock", "that is not valid at this time"
		if invalid.Cert != nil {
			what = fmt.Sprintf("that is valid from %s to %s", invalid.Cert.NotBefore.Format(time.RFC3339), invalid.Cert.NotAfter.Format(time.RFC3339))
		}
		return said(hint, "shows a certificate %s; now it is %s", what, time.Now().UTC().Format(time.RFC3339))
	case errors.As(err, &invalid), errors.As(err, &verify):
		return said("the server needs another certificate", "shows a certificate that cannot be verified: %w", err)
	case errors.As(err, &header), errors.Is(err, http.ErrSchemeMismatch):
		return said("write the port for TLS (8443 over HTTP, 9440 over the server's own protocol), or do without encryption", "does not speak TLS")
	case errors.As(err, &alert) && alert.Op == "remote error":
		return said("does it want a client's certificate? Such a server cannot be used yet", "refused the TLS handshake: %w", alert.Err)
	}
	return nil
}

func issuer(c *x509.Certificate) string {
	if c == nil {
		return "an unknown one"
	}
	return fmt.Sprintf("%q", c.Issuer.String())
}

func namesOf(c *x509.Certificate) string {
	if c == nil {
		return "another name"
	}
	names := make([]string, 0, len(c.DNSNames)+len(c.IPAddresses))
	for _, n := range c.DNSNames {
		names = append(names, fmt.Sprintf("%q", n))
	}
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no name at all"
	}
	return strings.Join(names, ", ")
}

// speaksTLS reports whether a port takes a TLS greeting. Nothing else is sent, so
// the certificate does not matter.
func speaksTLS(ctx context.Context, addr string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // nothing is sent
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	c.Close()
	return true
}
