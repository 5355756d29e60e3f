package control

import "testing"

// TestShippedDeclarations checks everything that is shipped, every declared
// case included.
func TestShippedDeclarations(t *testing.T) {
	d, problems := Load("")
	for _, p := range problems {
		t.Error(p)
	}
	if len(d.Streams) < 15 {
		t.Errorf("got %d streams", len(d.Streams))
	}
}
