package files

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"rongtong/connectors"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

// TestSomeDays reads the files of one day: by the date in their names, or, where
// the rows themselves say when, the rows of the day out of every file.
func TestSomeDays(t *testing.T) {
	root := t.TempDir()
	past := time.Now().Add(-time.Hour)
	for name, text := range map[string]string{
		"x_20250301.csv": "a,d\n1,2025-03-02\n2,2025-03-01\n", "x_20250302.csv": "a,d\n3,2025-03-01\n", "x_20250303.csv": "a,d\n4,2025-03-03\n"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(root, name), past, past); err != nil {
			t.Fatal(err)
		}
	}
	day := time.Date(2025, 3, 1, 0, 0, 0, 0, shanghai)
	within := func(at string, from, to time.Time) connectors.Source {
		sys := one(t, root, `{ path: 'x_(?P<日期>\d{8})\.csv', format: csv, header: [a, d]`+at+` }`, "{ a: text, d: text }")
		o, err := kindOf("folder").Open(t.Context(), sys)
		if err != nil {
			t.Fatal(err)
		}
		src, err := connectors.Within(t.Context(), o, sys.Streams[0].Value, nil, from, to)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { src.Close(); o.Close() })
		return src
	}
	got, _ := rows(t, within(", at: { path: 日期 }", day, day.AddDate(0, 0, 1)))
	equal(t, got, `x_20250301.csv:2 {"a":"1","d":"2025-03-02"}`, `x_20250301.csv:3 {"a":"2","d":"2025-03-01"}`)
	got, _ = rows(t, within(", at: { column: d }", day, day.AddDate(0, 0, 1)))
	equal(t, got, `x_20250301.csv:3 {"a":"2","d":"2025-03-01"}`, `x_20250302.csv:2 {"a":"3","d":"2025-03-01"}`)
	got, _ = rows(t, within(", at: { path: 日期 }", day.AddDate(1, 0, 0), day.AddDate(2, 0, 0)))
	equal(t, got)
	var c record.Chunk
	if _, err := within("", day, day.AddDate(0, 0, 1)).Read(t.Context(), &c); fault.Of(err) != fault.Config {
		t.Errorf("records without a time: %v", err)
	}
}
