package cdc

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"rongtong/connectors/database/dbtest"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

func each(t *testing.T, test func(t *testing.T, w world)) {
	for _, w := range []world{postgresWorld, mariadbWorld} {
		t.Run(w.Driver, func(t *testing.T) { test(t, w) })
	}
}

// TestNothingIsLostUnderWriting: while others insert, update, delete and change
// keys, in transactions of all sizes, and the reading process dies again and
// again, what was delivered amounts to what the table holds.
func TestNothingIsLostUnderWriting(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		s := w.start(t, 3000)
		stop := make(chan struct{})
		ended := make(chan error, 2)
		for n := range 2 {
			go func() { ended <- churn(s.db, rand.New(rand.NewPCG(7, uint64(n))), n, stop) }()
		}
		state := map[string]string{}
		var pos record.Position
		rounds := rand.New(rand.NewPCG(1, 2))
		for round := range 12 {
			src := open(t, s.sys, pos)
			for range 1 + rounds.IntN(3) {
				for _, r := range read(t, src) {
					apply(state, r)
					pos = r.pos
				}
			}
			if round == 8 {
				close(stop)
			}
			src.Close()
		}
		for range 2 {
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range rest(t, open(t, s.sys, pos)) {
			apply(state, r)
		}
		same(t, s.db, state)
	})
}

func apply(state map[string]string, r row) {
	if r.op == record.Delete {
		delete(state, r.key)
		return
	}
	var v struct {
		Note *string `json:"note"`
	}
	_ = json.Unmarshal([]byte(r.value), &v)
	state[r.key] = fmt.Sprint(v.Note != nil, v.Note)
	if v.Note != nil {
		state[r.key] = *v.Note
	}
}

// same compares what was delivered with the table.
func same(t *testing.T, db *sql.DB, state map[string]string) {
	t.Helper()
	rows, err := db.Query("SELECT id, note FROM event")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n, wrong := 0, 0
	for rows.Next() {
		var id, note string
		if err := rows.Scan(&id, &note); err != nil {
			t.Fatal(err)
		}
		n++
		if got, ok := state[id]; !ok || got != note {
			wrong++
			if wrong < 5 {
				t.Errorf("row %s is %q in the table and %q, %t as delivered", id, note, got, ok)
			}
		}
	}
	if n != len(state) || wrong > 0 {
		t.Errorf("the table has %d rows, delivered are %d, %d of them wrong", n, len(state), wrong)
	}
}

// churn changes the table in random transactions until told to stop. Two of them
// stay out of each other's way by parity.
func churn(db *sql.DB, r *rand.Rand, parity int, stop <-chan struct{}) error {
	next := 100_000 + parity
	for step := 0; ; step++ {
		select {
		case <-stop:
			return nil
		default:
		}
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		size := 1 + r.IntN(20)
		if step%20 == 19 {
			size = 600
		}
		for range size {
			id := 2*r.IntN(1500) + parity
			var q string
			switch r.IntN(6) {
			case 0:
				next += 2
				q = fmt.Sprintf("INSERT INTO event (id, no, note, changed) VALUES (%d, 'n', 'new %d', '2025-12-01 00:00:00')", next, step)
			case 1:
				q = fmt.Sprintf("DELETE FROM event WHERE id = %d", id)
			case 2:
				next += 2
				q = fmt.Sprintf("UPDATE event SET id = %d, note = 'moved %d' WHERE id = %d", next, step, id)
			default:
				q = fmt.Sprintf("UPDATE event SET note = 'step %d.%d' WHERE id = %d", step, r.IntN(1000), id)
			}
			if _, err := tx.Exec(q); err != nil {
				return fmt.Errorf("%w: %s", err, q)
			}
		}
		if r.IntN(10) == 0 {
			err = tx.Rollback()
		} else {
			err = tx.Commit()
		}
		if err != nil {
			return err
		}
	}
}

// TestLargeTransaction: one transaction of several chunks is delivered in parts,
// and each position in its middle leads to exactly the rest.
func TestLargeTransaction(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		s := w.start(t, 1)
		src := open(t, s.sys, nil)
		rest(t, src)
		dbtest.Run(t, s.db, fmt.Sprintf(w.Fill, 2, 70_001))
		dbtest.Run(t, s.db, "UPDATE event SET note = 'after' WHERE id = 5")
		var all []row
		var starts []int
		var stops []record.Position
		for {
			got := read(t, src)
			if got == nil {
				break
			}
			all = append(all, got...)
			starts, stops = append(starts, len(all)), append(stops, got[len(got)-1].pos)
		}
		if len(all) != 70_001 || len(stops) < 4 {
			t.Fatalf("%d records in %d chunks", len(all), len(stops))
		}
		for i, pos := range stops {
			again := rest(t, open(t, s.sys, pos))
			if len(again) != len(all)-starts[i] {
				t.Fatalf("from position %d: %d records, want %d", i, len(again), len(all)-starts[i])
			}
			for j, r := range again {
				if want := all[starts[i]+j]; r.key != want.key || r.value != want.value || r.place != want.place || !r.at.Equal(want.at) {
					t.Fatalf("from position %d: record %d is another: %s instead of %s", i, j, r.place, want.place)
				}
			}
		}
	})
}

// TestKeyChange: a row whose key changes is deleted under the old and there
// under the new one, in this order.
func TestKeyChange(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		s := w.start(t, 3)
		src := open(t, s.sys, nil)
		rest(t, src)
		dbtest.Run(t, s.db, "UPDATE event SET id = 30 WHERE id = 3")
		got := rest(t, src)
		if len(got) != 2 || got[0].key != "3" || got[0].op != record.Delete || got[1].key != "30" || got[1].op != record.Upsert {
			t.Errorf("%+v", got)
		}
	})
}

// TestSchemaChanges are told: what is added is left out and counted, what is
// emptied is said, and a declared column that is gone stops the stream.
func TestSchemaChanges(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		s := w.start(t, 3)
		src := open(t, s.sys, nil)
		rest(t, src)
		dbtest.Run(t, s.db, "INSERT INTO event (id, no, changed) VALUES (4, 'a', '2025-12-01 00:00:00')")
		dbtest.Run(t, s.db, "ALTER TABLE event ADD extra int")
		dbtest.Run(t, s.db, map[string]string{"postgres": "ALTER TABLE event ALTER COLUMN amount TYPE numeric(30,6)", "mysql": "ALTER TABLE event MODIFY amount decimal(30,6)"}[w.Driver])
		dbtest.Run(t, s.db, "INSERT INTO event (id, no, changed, extra, amount, phone) VALUES (5, 'b', '2025-12-01 00:00:00', 7, 0.123456, '138')")
		got := rest(t, src)
		if len(got) != 2 || !strings.Contains(got[1].value, `"amount":0.123456`) {
			t.Fatalf("%+v", got)
		}
		stats := src.Stats()
		if stats.UnknownFields["extra"] != 1 || stats.DroppedFields["phone"] != 2 {
			t.Errorf("counted %v and %v", stats.UnknownFields, stats.DroppedFields)
		}
		dbtest.Run(t, s.db, "TRUNCATE TABLE event")
		rest(t, src)
		var said []string
		for _, e := range src.Stats().Events {
			said = append(said, e.What)
		}
		all := strings.Join(said, "\n")
		for _, want := range []string{"added", "extra", "TRUNCATE"} {
			if !strings.Contains(all, want) {
				t.Errorf("nothing says %q: %s", want, all)
			}
		}
		dbtest.Run(t, s.db, "ALTER TABLE event DROP COLUMN note")
		dbtest.Run(t, s.db, "INSERT INTO event (id, no, changed) VALUES (6, 'c', '2025-12-01 00:00:00')")
		var chunk record.Chunk
		if _, err := src.Read(t.Context(), &chunk); !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), `"note"`) {
			t.Errorf("a declared column is gone: %v", err)
		}
	})
}

// TestLargeValues: what an update does not touch is left out of the log of
// PostgreSQL and delivered all the same.
func TestLargeValues(t *testing.T) {
	s := postgresWorld.start(t, 1)
	big := strings.Repeat("网格员上报", 4000)
	dbtest.Run(t, s.db, "ALTER TABLE event ALTER COLUMN note SET STORAGE EXTERNAL")
	dbtest.Run(t, s.db, "UPDATE event SET note = $1 WHERE id = 1", big)
	src := open(t, s.sys, nil)
	rest(t, src)
	dbtest.Run(t, s.db, "UPDATE event SET no = 'touched' WHERE id = 1")
	got := rest(t, src)
	if len(got) != 1 || !strings.Contains(got[0].value, big) || !strings.Contains(got[0].value, "touched") {
		t.Fatalf("%d records", len(got))
	}
	dbtest.Run(t, s.db, "ALTER TABLE event REPLICA IDENTITY FULL")
	dbtest.Run(t, s.db, "UPDATE event SET no = 'again' WHERE id = 1")
	dbtest.Run(t, s.db, "DELETE FROM event WHERE id = 1")
	got = rest(t, src)
	if len(got) != 2 || !strings.Contains(got[0].value, big) || got[1].op != record.Delete || strings.Contains(got[1].value, big) {
		t.Fatalf("%d records", len(got))
	}
}

// TestSlot: the slot moves on as the stream acknowledges, also past what others
// write; a slot that is gone or was read by another is an error, never a gap.
func TestSlot(t *testing.T) {
	s := postgresWorld.start(t, 10)
	src := open(t, s.sys, nil)
	first := rest(t, src)
	before := confirmed(t, s)
	dbtest.Run(t, s.db, "CREATE TABLE other AS SELECT i, repeat('x', 1000) FROM generate_series(1, 8000) i")
	var chunk record.Chunk
	pos, err := src.Read(t.Context(), &chunk)
	if err != nil || len(chunk.Rows) != 0 || pos == nil {
		t.Fatalf("%d records, %v: a position without records was expected", len(chunk.Rows), err)
	}
	if err := src.Done(t.Context(), pos); err != nil {
		t.Fatal(err)
	}
	if _, err := src.Read(t.Context(), &chunk); err != io.EOF {
		t.Fatalf("%v", err)
	}
	dbtest.Run(t, s.db, fmt.Sprintf(s.w.Fill, 11, 12))
	if got := rest(t, src); len(got) != 2 {
		t.Fatalf("%d records", len(got))
	}
	if after := confirmed(t, s); after <= before {
		t.Errorf("the slot stayed at %s", after)
	}
	if lag := src.Stats().Lag; lag == nil || lag.Log != s.name {
		t.Errorf("lag %+v", lag)
	}
	stale := open(t, s.sys, first[len(first)-1].pos)
	if _, err := stale.Read(t.Context(), &chunk); !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "read to") {
		t.Errorf("a position before the slot's: %v", err)
	}
	dbtest.Run(t, s.db, "SELECT pg_drop_replication_slot($1)", s.name)
	gone := open(t, s.sys, pos)
	if _, err := gone.Read(t.Context(), &chunk); !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "is gone") {
		t.Errorf("a slot that is gone: %v", err)
	}
}

func confirmed(t *testing.T, s *site) (lsn string) {
	t.Helper()
	if err := s.db.QueryRow("SELECT lpad(split_part(confirmed_flush_lsn::text, '/', 2), 8, '0') FROM pg_replication_slots WHERE slot_name = $1", s.name).Scan(&lsn); err != nil {
		t.Fatal(err)
	}
	return lsn
}

// TestNeverHarmsTheSource: a table without an identity would refuse updates once
// it is published, so it is not.
func TestNeverHarmsTheSource(t *testing.T) {
	s := postgresWorld.start(t, 1)
	dbtest.Run(t, s.db, "ALTER TABLE event REPLICA IDENTITY NOTHING")
	var chunk record.Chunk
	if _, err := open(t, s.sys, nil).Read(t.Context(), &chunk); !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "REPLICA IDENTITY FULL") {
		t.Errorf("%v", err)
	}
	dbtest.Run(t, s.db, "UPDATE event SET note = 'still works'")
	var n int
	if err := s.db.QueryRow("SELECT count(*) FROM pg_replication_slots WHERE slot_name = $1", s.name).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d slots were made, %v", n, err)
	}
}

// TestPurgedLog: a log that the server has deleted is an error that says so.
func TestPurgedLog(t *testing.T) {
	s := mariadbWorld.start(t, 1)
	src := open(t, s.sys, nil)
	pos := rest(t, src)[0].pos
	dbtest.Run(t, s.db, fmt.Sprintf(s.w.Fill, 2, 3))
	dbtest.Run(t, s.db, "FLUSH BINARY LOGS")
	dbtest.Run(t, s.db, "FLUSH BINARY LOGS")
	var file string
	var size, binlogDo, ignore sql.NullString
	if err := s.db.QueryRow("SHOW MASTER STATUS").Scan(&file, &size, &binlogDo, &ignore); err != nil {
		t.Fatal(err)
	}
	var chunk record.Chunk
	deadline := time.Now().Add(10 * time.Second)
	for {
		dbtest.Run(t, s.db, "PURGE BINARY LOGS TO '"+file+"'")
		src := open(t, s.sys, pos)
		chunk.Reset()
		_, err := src.Read(t.Context(), &chunk)
		if fault.Is(err, fault.Config) && strings.Contains(err.Error(), "binlog_expire_logs_seconds") {
			return
		}
		if time.Now().After(deadline) { // another test's reader may hold a log for a moment
			t.Fatalf("%d records, %v", len(chunk.Rows), err)
		}
	}
}

// TestContinuous: a continuous stream waits for changes, and its waiting ends
// with its context.
func TestContinuous(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		s := w.start(t, 5)
		s.sys.Every = schemas.Schedule{Continuous: true}
		src := open(t, s.sys, nil)
		if got := read(t, src); len(got) != 5 {
			t.Fatalf("%d records", len(got))
		}
		ctx, cancel := context.WithCancel(t.Context())
		back := make(chan error, 1)
		got := make(chan int, 10)
		go func() {
			var chunk record.Chunk
			for {
				chunk.Reset()
				pos, err := src.Read(ctx, &chunk)
				if err != nil {
					back <- err
					return
				}
				_ = src.Done(ctx, pos)
				got <- len(chunk.Rows)
			}
		}()
		for i := range 3 {
			dbtest.Run(t, s.db, fmt.Sprintf(w.Fill, 6+i, 6+i))
			select {
			case n := <-got:
				if n != 1 {
					t.Errorf("%d records", n)
				}
			case <-time.After(2 * time.Minute):
				t.Fatal("the change did not come")
			case err := <-back:
				t.Fatal(err)
			}
		}
		cancel()
		select {
		case err := <-back:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
		case <-time.After(5 * time.Second):
			t.Error("the reading did not end with its context")
		}
	})
}

// TestErrorsKeepSecrets: no error of an unfit system repeats a password.
func TestErrorsKeepSecrets(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		for _, u := range w.Unfit(t) {
			o, err := w.kind.Open(t.Context(), u.System)
			if err == nil {
				err = o.Check(t.Context())
				_ = o.Close()
			}
			if s := fmt.Sprintf("%v %+v", err, err); strings.Contains(s, dbtest.Password) || strings.Contains(s, dbtest.Wrong) {
				t.Errorf("%s: the error repeats a password", u.Name)
			}
		}
	})
}

// TestForeignPositions: bytes of another connector are refused.
func TestForeignPositions(t *testing.T) {
	for _, p := range []string{"x", "{}", `{"p":"log","z":1}`, `{"p":"log"} {}`} {
		if _, err := parsePosition(record.Position(p)); err == nil {
			t.Errorf("%s is accepted", p)
		}
	}
}
