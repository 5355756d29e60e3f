package embedded_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rongtong/deploy/embedded"
)

// A kill between an insert's token and its rows: the token is in the log, the
// part is not. The repetition of the insert must be taken, and repetitions of
// inserts that are there must not.
func TestTokenWithoutRows(t *testing.T) {
	e, o := startEngines(t, onlyWarehouse)
	mustAsk(t, e.Warehouse, "CREATE DATABASE tokens")
	mustAsk(t, e.Warehouse, "CREATE TABLE tokens.t (a UInt64) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100")
	insert := func(token string) {
		mustAsk(t, e.Warehouse, "INSERT INTO tokens.t SETTINGS insert_deduplication_token = '"+token+"' SELECT number FROM numbers(1000)")
	}
	for _, token := range []string{"one", "two", "three"} {
		insert(token)
	}
	rows := func(want string) {
		t.Helper()
		if got := mustAsk(t, e.Warehouse, "SELECT count() FROM tokens.t"); got != want {
			t.Errorf("%s rows, want %s", got, want)
		}
	}
	insert("three")
	rows("3000")
	part := mustAsk(t, e.Warehouse, "SELECT path FROM system.parts WHERE table = 't' AND database = 'tokens' AND active ORDER BY max_block_number DESC LIMIT 1")
	e.Stop()
	part = strings.TrimSuffix(part, "/")
	if err := os.Rename(part, filepath.Join(t.TempDir(), "part")); err != nil {
		t.Fatal(err)
	}
	logs, _ := filepath.Glob(filepath.Join(filepath.Dir(part), "deduplication_logs", "*.txt"))
	if len(logs) == 0 {
		t.Fatal("the table keeps no log of tokens")
	}
	whole, err := os.ReadFile(logs[len(logs)-1])
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, tail, rows string }{
		{"the engine alone loses the rows", "1\tall_1_1_0\tanother\n", "2000"}, // the tail hides the token from us
		{"mended", "", "3000"},
		{"a record is cut off, too", "1\tall_9_9_0\tcut o", "3000"},
	} {
		if err := os.WriteFile(logs[len(logs)-1], append(whole[:len(whole):len(whole)], tc.tail...), 0o640); err != nil {
			t.Fatal(err)
		}
		if e, err = embedded.Start(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Stop)
		for range 2 {
			insert("one")
			insert("three")
		}
		if got := mustAsk(t, e.Warehouse, "SELECT count() FROM tokens.t"); got != tc.rows {
			t.Errorf("%s: %s rows, want %s", tc.name, got, tc.rows)
		}
		e.Stop()
		if tc.rows == "3000" { // for the next case the part is gone again
			parts, _ := filepath.Glob(filepath.Join(filepath.Dir(part), "all_4_*"))
			for _, p := range append(parts, part) {
				_ = os.RemoveAll(p)
			}
		}
	}
}
