package dbf

import (
	"bytes"
	"io"
	"os"
	"testing"

	"rongtong/connectors/files/table"
)

// FuzzDBF feeds damaged tables and memo files: an end, and errors that are the
// file's.
func FuzzDBF(f *testing.F) {
	for _, name := range [][2]string{{"vfp.dbf", "vfp.fpt"}, {"db3.dbf", "db3.dbt"}} {
		a, err := os.ReadFile("../testdata/" + name[0])
		if err != nil {
			f.Fatal(err)
		}
		b, err := os.ReadFile("../testdata/" + name[1])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(a, b, "")
	}
	f.Fuzz(func(t *testing.T, in, memo []byte, encoding string) {
		tab, err := Open(bytes.NewReader(in), int64(len(in)), encoding, bytes.NewReader(memo))
		for n := 0; err == nil; n++ {
			var row *table.Row
			if row, err = tab.Next(); err == nil && len(row.Cells) != len(tab.Names()) {
				t.Fatalf("%d cells under %d names", len(row.Cells), len(tab.Names()))
			}
			if n > len(in) {
				t.Fatal("more records than bytes")
			}
		}
		if err != io.EOF && table.AsBad(err) == nil {
			t.Fatalf("an error of the file is no *table.Bad: %v", err)
		}
	})
}
