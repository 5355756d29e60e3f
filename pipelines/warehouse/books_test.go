package warehouse

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

// The books of one flow: five records received, of them one refused, one
// delivered twice. They stop balancing when rows vanish or come from nowhere.
func TestBooks(t *testing.T) {
	c := catalogOf(t, thing)
	w := engine(t, c)
	const topic = "in.s.st"
	now := time.Now()
	put := func(token string, from int, ids ...string) {
		t.Helper()
		var rows []map[string]string
		for i, id := range ids {
			rows = append(rows, map[string]string{"id": id, "src_system": "s", "src_tier": "P", "version": "1", "kafka_topic": topic, "kafka_offset": strconv.Itoa(from + i)})
		}
		rec := claims(t, memory.DefaultAllocator, c.Entity("thing"), rows)
		defer rec.Release()
		if err := w.Load(t.Context(), Load{token, "std.thing", rec}); err != nil {
			t.Fatal(err)
		}
	}
	ledger := func(token string, from, to, accepted, rejected int64) {
		t.Helper()
		row := LoadRow{LoadID: token, System: "s", Tier: "P", Stream: "st", Flow: "st", Entity: "thing", Topic: topic,
			FromOffset: from, ToOffset: to, Received: accepted + rejected, Accepted: accepted, Rejected: rejected, LoadedAt: now}
		if err := w.InsertRows(t.Context(), "ops.load", token, []LoadRow{row}); err != nil {
			t.Fatal(err)
		}
	}
	books := func(want string) {
		t.Helper()
		got := strs(t, w, "SELECT concatWithSeparator(' ', tier, system, stream, entity, toString(flows), toString(received), toString(accepted), toString(quarantined), toString(duplicate), if(balanced, 'balanced', 'RED')) FROM ops.books")
		if lines(got) != want {
			t.Errorf("the books say %q, want %q", lines(got), want)
		}
	}
	put("1", 0, "a", "b")
	ledger("1", 0, 2, 2, 0)
	put("2", 2, "b", "c")
	reject := RejectRow{Topic: topic, Offset: 4, Flow: "st", System: "s", Tier: "P", Stream: "st", Entity: "thing", Rule: "date.format", RejectedAt: now}
	for range 2 { // a repeated span
		if err := w.InsertRows(t.Context(), "ops.reject", "2", []RejectRow{reject}); err != nil {
			t.Fatal(err)
		}
		ledger("2", 2, 5, 2, 1)
	}
	books("P s st thing 1 5 3 1 1 balanced")
	if got := strs(t, w, "SELECT concat(rule, ' ', toString(quarantined)) FROM ops.books_by_rule"); lines(got) != "date.format 1" {
		t.Errorf("by rule: %q", got)
	}
	if got := strs(t, w, "SELECT concat(src_division, ' ', src_system, ' ', toString(rows)) FROM dwd.up_feed"); lines(got) != "370000000000 s 4" {
		t.Errorf("the up-feeds are %q", got)
	}
	// A replay accepts the row in quarantine; a second time changes nothing.
	put("replay", 4, "d")
	put("replay again", 4, "d")
	done := reject
	done.Attempt, done.Replayed = 1, true
	for _, token := range []string{"replay", "replay again"} {
		if err := w.InsertRows(t.Context(), "ops.reject", token, []RejectRow{done}); err != nil {
			t.Fatal(err)
		}
	}
	books("P s st thing 1 5 4 0 1 balanced")
	if got := strs(t, w, "SELECT rule FROM ops.books_by_rule"); len(got) != 0 {
		t.Errorf("by rule after the replay: %q", got)
	}
	// Sabotage: a replay that says it accepted what is not there, and what was never refused.
	ghost := done
	ghost.Offset = 9
	if err := w.InsertRows(t.Context(), "ops.reject", "ghost", []RejectRow{ghost}); err != nil {
		t.Fatal(err)
	}
	books("P s st thing 1 5 4 0 1 RED")
	if err := w.Exec(t.Context(), "ALTER TABLE ops.reject DELETE WHERE offset = 9 SETTINGS mutations_sync = 1"); err != nil {
		t.Fatal(err)
	}
	// Sabotage: a reject that was never written, claims that no load speaks of.
	ledger("3", 5, 7, 0, 2)
	books("P s st thing 1 7 4 0 3 RED")
	if err := w.Exec(t.Context(), "TRUNCATE TABLE ops.load"); err != nil {
		t.Fatal(err)
	}
	ledger("4", 0, 2, 1, 1)
	books("P s st thing 1 2 4 0 -2 RED")
}

// Small cells are hidden, and so is the part that would give one away.
func TestSmallCells(t *testing.T) {
	c, w := province(t)
	e := c.Entity("grid_event")
	var rows []map[string]string
	add := func(category string, n, closed int) {
		for i := range n {
			row := map[string]string{"event_id": category + strconv.Itoa(i), "category": category, "division_code": "370102001001",
				"reported_at": "2025-03-05T00:00:00Z", "src_system": "city", "src_tier": "C", "version": "1"}
			if i < closed {
				row["closed_at"] = "2025-03-06T00:00:00Z"
			}
			for _, col := range e.Columns {
				if _, ok := row[col.Name]; !ok && !col.Nullable {
					row[col.Name] = "x"
				}
			}
			rows = append(rows, row)
		}
	}
	add("few", 9, 9)
	add("ten", 10, 10)
	add("open", 30, 25)
	add("many", 30, 15)
	rec := claims(t, memory.DefaultAllocator, e, rows)
	defer rec.Release()
	if err := w.Load(t.Context(), Load{"e", "std.grid_event", rec}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Fuse(t.Context(), c, "grid_event"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.TerritoryCounts(t.Context(), c); err != nil { // builds the tree
		t.Fatal(err)
	}
	got := strs(t, w, `SELECT concatWithSeparator(' ', township_name, toString(month), category, ifNull(toString(n), '*'), ifNull(toString(n_closed), '*'), toString(suppressed))
		FROM ads.grid_event_by_township ORDER BY category`)
	want := strings.Join([]string{
		"解放路街道 2025-03-01 few * * yes",
		"解放路街道 2025-03-01 many 30 15 no",
		"解放路街道 2025-03-01 open 30 * yes",
		"解放路街道 2025-03-01 ten 10 10 no",
	}, "\n")
	if lines(got) != want {
		t.Errorf("the view shows\n%s\nwant\n%s", lines(got), want)
	}
}

func TestQueryFormat(t *testing.T) {
	w := engine(t, catalogOf(t, thing))
	for _, sql := range []string{"SELECT name FROM system.databases WHERE name = 'std'", "SHOW DATABASES LIKE 'std'", "-- a remark\nSELECT name FROM system.databases WHERE name = 'std';"} {
		r, err := w.QueryFormat(t.Context(), sql, "JSONEachRow")
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		var b strings.Builder
		buf := make([]byte, 64)
		for {
			n, err := r.Read(buf)
			b.Write(buf[:n])
			if err != nil {
				break
			}
		}
		r.Close()
		if got := strings.TrimSpace(b.String()); got != `{"name":"std"}` {
			t.Errorf("%s: %s", sql, got)
		}
	}
	if _, err := w.QueryFormat(t.Context(), "SELECT 1 FORMAT CSV", "JSONEachRow"); err == nil {
		t.Error("a statement with a format of its own is taken")
	}
}

// No address makes the parser panic, and no error repeats a password.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"http://admin:pw@127.0.0.1:18123", "https://ch.example", "http://a:p@ss@h:1", "http://[::1]:8123", "native://x", "http://admin:${env:NOT_SET_X}@h", "http://u:${", ""} {
		f.Add(s, "S3CR3T-w0rd")
	}
	f.Fuzz(func(t *testing.T, address, password string) {
		opt, err := options(address)
		if (opt == nil) == (err == nil) {
			t.Fatal("neither options nor an error")
		}
		if err == nil && (len(opt.Addr) != 1 || opt.Addr[0] == "") {
			t.Fatalf("no address in %v", opt.Addr)
		}
		if len(password) < 8 || strings.Contains(password, "${") || strings.ContainsAny(password, "{}") {
			return
		}
		if _, err := options("http://u:" + password + "@host:port:port"); err != nil && strings.Contains(err.Error(), password) {
			t.Fatalf("the error holds the password: %v", err)
		}
	})
}
