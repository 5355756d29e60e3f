package store

import (
	"crypto/ed25519"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

func TestPins(t *testing.T) {
	key, err := ssh.NewPublicKey(ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", 32))).Public())
	if err != nil {
		t.Fatal(err)
	}
	pin, line := ssh.FingerprintSHA256(key), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
	for _, good := range []string{pin, line, line + " comment", "host " + line, "[127.0.0.1]:22 " + line} {
		if p, err := parsePin(good); err != nil || p.fingerprint != pin {
			t.Errorf("%q: %v, %v", good, p.fingerprint, err)
		}
	}
	for _, bad := range []string{"", "SHA256:short", "ssh-ed25519 AAAA", "MD5:00"} {
		if _, err := parsePin(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
