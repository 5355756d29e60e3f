package apachekafka

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rongtong/schemas/fault"
)

// TestPins: a file that differs, one too many and one too few are each refused.
func TestPins(t *testing.T) {
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.jar", "abc")
	for _, tt := range []struct{ pins, want string }{
		{abc + "  a.jar\n", ""},
		{strings.Repeat("0", 64) + "  a.jar\n", "its sha256 is " + abc},
		{abc + "  b.jar\n", "not among the pinned files"},
		{abc + "  a.jar\n" + abc + "  b.jar\n", `did not fetch "b.jar"`},
	} {
		err := verify(dir, tt.pins)
		if tt.want == "" && err != nil || tt.want != "" && (!fault.Is(err, fault.Config) || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("pins %q: %v, want %q", tt.pins, err, tt.want)
		}
	}
}

// TestWithoutMaven: what is missing is named, with the way out.
func TestWithoutMaven(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := fetch(t.Context(), t.TempDir(), pins)
	if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "install Maven") {
		t.Fatal(err)
	}
}
