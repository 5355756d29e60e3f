package topics

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rongtong/schemas/fault"
)

// TestSecurityIsComplete: what is missing is named before anything is dialled,
// and a password that is not given by reference is not repeated.
func TestSecurityIsComplete(t *testing.T) {
	t.Setenv("SECRET", "hunter2")
	ca := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(ca, []byte("no certificate"), 0o600))
	for _, tt := range []struct {
		s    Security
		text string
	}{
		{Security{User: "etl", Password: "hunter2"}, "must be given by reference"},
		{Security{User: "etl"}, "must be given by reference"},
		{Security{User: "etl", Password: "${env:ABSENT}"}, "environment variable is not set"},
		{Security{User: "etl", Password: "${file:/absent}"}, "file cannot be read"},
		{Security{User: "etl", Password: "${command:/absent}"}, `${command:/absent}: the command did not print it`},
		{Security{User: "etl", Password: "${command:}"}, "no program is named"},
		{Security{User: "etl", Password: "${env:SECRET}", Mechanism: "SCRAM-SHA-265"}, "SCRAM-SHA-256"},
		{Security{Password: "${env:SECRET}"}, "without a user"},
		{Security{CA: "/absent"}, "reading the authorities"},
		{Security{CA: ca}, "no certificate in PEM"},
		{Security{Cert: "a.pem"}, "belong together"},
		{Security{Cert: "/absent.pem", Key: "/absent.key"}, "client certificate"},
	} {
		_, err := Dial(ctxFor(t), []string{"127.0.0.1:1"}, WithSecurity(tt.s))
		if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%+v: %v", tt.s, err)
		}
	}
	s := Security{User: "etl", Password: "${command:echo hunter2}"}
	if p, err := s.password(); err != nil || p != "hunter2" {
		t.Errorf("from a command: %q, %v", p, err)
	}
}
