package deidentify

import (
	"bytes"
	"crypto/hmac"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"

	"rongtong/schemas/fault"
)

// The examples of GB/T 32905-2016, annex A.
func TestSM3Vectors(t *testing.T) {
	for in, want := range map[string]string{
		"abc":                      "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
		strings.Repeat("abcd", 16): "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732",
	} {
		if got := sm3.Sum([]byte(in)); hex.EncodeToString(got[:]) != want {
			t.Errorf("SM3(%q) is %x", in, got)
		}
	}
}

// The examples of GB/T 32907-2016, annex A: once, and a million times.
func TestSM4Vectors(t *testing.T) {
	key, _ := hex.DecodeString("0123456789abcdeffedcba9876543210")
	block, err := sm4.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	b := bytes.Clone(key)
	block.Encrypt(b, b)
	if got := hex.EncodeToString(b); got != "681edf34d206965e86b3e94f536e4246" {
		t.Errorf("one round gives %s", got)
	}
	for range 999_999 {
		block.Encrypt(b, b)
	}
	if got := hex.EncodeToString(b); got != "595298c7c6fd271f0402f804c33d3f66" {
		t.Errorf("a million rounds give %s", got)
	}
	for range 1_000_000 {
		block.Decrypt(b, b)
	}
	if !bytes.Equal(b, key) {
		t.Errorf("decrypting does not lead back")
	}
}

// RFC 8998, appendix A.1: SM4-GCM.
func TestSM4GCMVector(t *testing.T) {
	unhex := func(s string) []byte { b, _ := hex.DecodeString(s); return b }
	ring := &Ring{keys: []*Key{{Use: ForLanding, Version: 1, secret: unhex("0123456789abcdeffedcba9876543210")}}}
	s, err := ring.Sealer()
	if err != nil {
		t.Fatal(err)
	}
	plain := unhex("aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddddddddddeeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa")
	got := s.keys[1].Seal(nil, unhex("00001234567800000000abcd"), plain, unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"))
	want := "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d83de3541e4c2b58177e065a9bf7b62ec"
	if hex.EncodeToString(got) != want {
		t.Errorf("SM4-GCM gives %x", got)
	}
}

// The vector of the design: key demo-key-2022, message cw|370102199003071238.
func TestPseudonymVector(t *testing.T) {
	k := &Key{Use: ForPseudonym, Purpose: "cw", Version: 1, secret: []byte("demo-key-2022")}
	m := hmac.New(sm3.New, k.secret)
	m.Write([]byte("cw|370102199003071238"))
	if got := hex.EncodeToString(m.Sum(nil)); got != "7cebf29de25f1f19a2729af84552722d1c9b71bcb8f169d290af117ec69f9e57" {
		t.Errorf("HMAC-SM3 is %s", got)
	}
	p := NewPseudonymiser(k)
	id := [18]byte([]byte("370102199003071238"))
	for range 2 {
		if got := string(p.AppendLanded(nil, id)); got != "ptv7fhpcl4prtitstl4ekutsfu.1" {
			t.Errorf("the pseudonym is %q", got)
		}
	}
	// Another purpose or another version of the key is another person to every reader.
	other := string(NewPseudonymiser(&Key{Purpose: "gr", Version: 1, secret: k.secret}).Append(nil, id))
	if len(other) != PidLen || other == "ptv7fhpcl4prtitstl4ekutsfu" {
		t.Errorf("the pseudonym of another purpose is %q", other)
	}
	buf := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() { buf = p.AppendLanded(buf[:0], id) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func testRing(t testing.TB, purposes ...string) *Ring {
	t.Helper()
	r, _, err := (*Ring)(nil).Rotate(purposes, time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSeal(t *testing.T) {
	old := testRing(t, "cw")
	now, _, err := old.Rotate(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	a, _ := old.Sealer()
	b, _ := now.Sealer()
	text := []byte("370102199003071238")
	one, two := a.Seal(nil, text, "here"), a.Seal(nil, text, "here")
	if bytes.Equal(one, two) || bytes.Contains(one, text[:6]) {
		t.Error("sealing is not random, or not sealing")
	}
	if got, err := b.Open(one, "here"); err != nil || !bytes.Equal(got, text) {
		t.Errorf("the newer ring reads %q, %v", got, err)
	}
	if _, err := a.Open(b.Seal(nil, text, "here"), "here"); fault.Of(err) != fault.Config || !strings.Contains(err.Error(), "v2") {
		t.Errorf("without the key: %v", err)
	}
	if _, err := a.Open(one, "there"); fault.Of(err) != fault.Data {
		t.Errorf("in another's place: %v", err)
	}
	for i := range one {
		bad := bytes.Clone(one)
		bad[i] ^= 1
		if _, err := a.Open(bad, "here"); err == nil {
			t.Errorf("byte %d was changed and nobody saw it", i)
		}
		if _, err := a.Open(one[:i], "here"); err == nil {
			t.Errorf("cut off at %d and nobody saw it", i)
		}
	}
}

// Keys come from a file, a variable or a command, and come out the same.
func TestLoad(t *testing.T) {
	ring := testRing(t, "cw", "gr")
	ring, _, err := ring.Rotate([]string{"cw"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "keys.yaml")
	if err := ring.Write(path); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(path)
	t.Setenv("TEST_KEYS", string(text))
	for _, ref := range []string{path, "file:" + path, "env:TEST_KEYS", "command:cat " + path} {
		got, err := Load(ref)
		if err != nil {
			t.Fatalf("%s: %v", ref, err)
		}
		if len(got.Keys()) != 5 {
			t.Fatalf("%s: %v", ref, got.Keys())
		}
		for i, k := range got.Keys() {
			if want := ring.Keys()[i]; k.String() != want.String() || k.Check() != want.Check() {
				t.Errorf("%s: key %d is %s %s, want %s %s", ref, i, k, k.Check(), want, want.Check())
			}
		}
		if k, _ := got.Newest(ForPseudonym, "cw"); k.Version != 2 {
			t.Errorf("the newest is %s", k)
		}
	}
	if r, err := Load(""); r != nil || err != nil {
		t.Errorf("no keys: %v %v", r, err)
	}
}

// What is wrong with keys is said without a secret, and others' eyes are refused.
func TestLoadRefuses(t *testing.T) {
	secret := strings.Repeat("5ec1e7", 11) // 33 bytes
	dir := t.TempDir()
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"open to others":  {"keys:\n  - { use: landing, version: 1, secret: \"" + secret[:32] + "\" }\n", 0o644},
		"too short":       {"keys:\n  - { use: pseudonym, purpose: cw, version: 1, secret: \"" + secret[:20] + "\" }\n", 0o600},
		"not hexadecimal": {"keys:\n  - { use: landing, version: 1, secret: \"" + secret[:31] + "z\" }\n", 0o600},
		"twice":           {strings.Repeat("keys:\n  - { use: landing, version: 1, secret: \""+secret[:32]+"\" }\n", 1) + "  - { use: landing, version: 1, secret: \"" + secret[:32] + "\" }\n", 0o600},
		"unknown use":     {"keys:\n  - { use: tls, version: 1, secret: \"" + secret + "\" }\n", 0o600},
		"no purpose":      {"keys:\n  - { use: pseudonym, version: 1, secret: \"" + secret + "\" }\n", 0o600},
		"version":         {"keys:\n  - { use: landing, version: " + secret + ", secret: \"" + secret + "\" }\n", 0o600},
		"not yaml":        {"keys: [" + secret, 0o600},
		"a secret alone":  {secret, 0o600},
	} {
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "_"))
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if fault.Of(err) != fault.Config {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "5ec1e7") {
			t.Errorf("%s: the error holds the secret: %v", name, err)
		}
	}
	ring := testRing(t, "cw")
	for _, k := range ring.Keys() {
		if s := fmt.Sprintf("%v %+v %#v %s", k, k, k, k.Check()); strings.Contains(s, hex.EncodeToString(k.secret)) || strings.Contains(s, fmt.Sprint(k.secret)) {
			t.Errorf("a key prints its secret: %s", s)
		}
	}
	if _, err := (*Ring)(nil).Newest(ForPseudonym, "cw"); fault.Of(err) != fault.Config {
		t.Errorf("no key: %v", err)
	}
}
