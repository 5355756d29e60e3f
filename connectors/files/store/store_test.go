package store

import (
	"crypto/ed25519"
	"os"
	"reflect"
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

// TestDocumented: every setting of a transport stands in docs/files.md.
func TestDocumented(t *testing.T) {
	b, err := os.ReadFile("../../../docs/files.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{folderSettings{}, sftpSettings{}, ftpSettings{}, s3Settings{}} {
		for f := range reflect.TypeOf(v).Fields() {
			if key, _, _ := strings.Cut(f.Tag.Get("decl"), ","); key != "" && !strings.Contains(string(b), "`"+key+"`") {
				t.Errorf("the setting %q of %T is not documented", key, v)
			}
		}
	}
	for _, tr := range Transports {
		if !strings.Contains(string(b), "`"+tr.Name+"`") {
			t.Errorf("the transport %q is not documented", tr.Name)
		}
	}
}
