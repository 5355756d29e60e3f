package workbook

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestTexts: texts come back whole from memory and from the file, in any order,
// across the blocks of its cache.
func TestTexts(t *testing.T) {
	for _, n := range []int{0, 1, 16, 17, 1000, 60_000} {
		var s texts
		want := func(i int) []byte {
			return bytes.Repeat(fmt.Appendf(nil, "%d文", i), i%77)
		}
		for i := range n {
			if err := s.add(want(i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.add(bytes.Repeat([]byte("x"), 3*blockSize)); err != nil {
			t.Fatal(err)
		}
		if err := s.done(); err != nil {
			t.Fatal(err)
		}
		if (s.spool != nil) != (n == 60_000) {
			t.Errorf("%d texts: in a file: %v", n, s.spool != nil)
		}
		random := rand.New(rand.NewPCG(1, 2))
		for range 20_000 {
			i := random.IntN(n + 1)
			got, ok, err := s.at(nil, i)
			if i == n && (len(got) != 3*blockSize || !ok) || i < n && !bytes.Equal(got, want(i)) || err != nil || !ok {
				t.Fatalf("text %d of %d: %d bytes, %v, %v", i, n, len(got), ok, err)
			}
		}
		if _, ok, _ := s.at(nil, n+1); ok {
			t.Error("a text that is not there was found")
		}
		s.close()
	}
}
