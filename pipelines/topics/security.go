package topics

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"strings"

	"github.com/segmentio/kafka-go/sasl"
	saslplain "github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// Security says how a secured cluster is reached. The zero value is a cluster
// that takes anybody, in the clear.
type Security struct {
	TLS       bool   // encrypt; implied by CA and Cert
	CA        string // PEM file of the authorities to trust; empty: those of the system
	Cert, Key string // PEM files of the client's own certificate; both or none
	// Mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; empty: SCRAM-SHA-512
	// when there is a User, no authentication when there is none.
	Mechanism string
	User      string
	// Password is where the password is, never the password itself:
	// "${env:NAME}", "${file:/path}" or "${command:program argument…}", with or
	// without the frame.
	Password string
}

// Mechanisms are the values of Security.Mechanism.
var Mechanisms = []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}

// WithSecurity reaches a secured cluster. Dial reads the files and the password.
func WithSecurity(s Security) Option { return func(o *options) { o.security = s } }

// mechanism returns nil when nobody has to say who they are. Like every error
// here, its own are fault.Config and never hold the password.
func (s Security) mechanism() (m sasl.Mechanism, err error) {
	if s.User == "" {
		if s.Password != "" || s.Mechanism != "" {
			return nil, fault.Hint(fault.Config, "give the user too", "connecting to Kafka: a SASL mechanism or a password is set without a user")
		}
		return nil, nil
	}
	password, err := s.password()
	if err != nil {
		return nil, err
	}
	switch strings.ToUpper(s.Mechanism) {
	case "PLAIN":
		return saslplain.Mechanism{Username: s.User, Password: password}, nil
	case "SCRAM-SHA-256":
		m, err = scram.Mechanism(scram.SHA256, s.User, password)
	case "SCRAM-SHA-512", "":
		m, err = scram.Mechanism(scram.SHA512, s.User, password)
	default:
		return nil, fault.Hint(fault.Config, decl.Suggest(s.Mechanism, Mechanisms), "connecting to Kafka: %q is not a SASL mechanism", s.Mechanism)
	}
	if err != nil {
		return nil, fault.New(fault.Config, "connecting to Kafka: the user or the password has a character that SCRAM forbids")
	}
	return m, nil
}

func (s Security) tls() (*tls.Config, error) {
	if !s.TLS && s.CA == "" && s.Cert == "" && s.Key == "" {
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, fault.New(fault.Config, "reading the authorities of Kafka's certificates: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fault.New(fault.Config, "reading the authorities of Kafka's certificates: %q holds no certificate in PEM", s.CA)
		}
	}
	switch {
	case s.Cert != "" && s.Key != "":
		pair, err := tls.LoadX509KeyPair(s.Cert, s.Key)
		if err != nil {
			return nil, fault.New(fault.Config, "reading the client certificate %q for Kafka and its key: %w", s.Cert, err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	case s.Cert != "" || s.Key != "":
		return nil, fault.Hint(fault.Config, "give both", "connecting to Kafka: a client certificate and its key belong together, one of them is missing")
	}
	return cfg, nil
}

// IsPasswordReference reports whether s names a place where a password is.
func IsPasswordReference(s string) bool { return decl.IsReference(reference(s)) }

// reference puts the frame around a reference that has none.
func reference(s string) string {
	for _, kind := range []string{"env:", "file:", "command:"} {
		if strings.HasPrefix(s, kind) {
			return "${" + s + "}"
		}
	}
	return s
}

func (s Security) password() (string, error) {
	s.Password = reference(s.Password)
	if !decl.IsReference(s.Password) {
		return "", fault.Hint(fault.Config, "write env:NAME, file:/path or command:program and put the password there",
			"reading the password for Kafka of user %q: it must be given by reference", s.User)
	}
	password, err := decl.Expand(s.Password)
	if err != nil {
		return "", fault.New(fault.Config, "reading the password for Kafka of user %q: %w", s.User, err)
	}
	return password, nil
}
