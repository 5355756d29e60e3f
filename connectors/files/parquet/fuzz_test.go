package parquet

import (
	"bytes"
	"io"
	"os"
	"testing"

	"rongtong/connectors/files/table"
)

// FuzzParquet feeds damaged files.
func FuzzParquet(f *testing.F) {
	b, err := os.ReadFile("../testdata/types.parquet")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("PAR1\x00\x00\x00\x00PAR1"))
	f.Fuzz(func(t *testing.T, in []byte) {
		tab, err := Open(bytes.NewReader(in), int64(len(in)))
		for n := 0; err == nil && n < 100_000; n++ {
			_, err = tab.Next()
		}
		if err != nil && err != io.EOF && table.AsBad(err) == nil {
			t.Fatalf("an error of the file is no *table.Bad: %v", err)
		}
	})
}
