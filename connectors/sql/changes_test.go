package sql

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"rongtong/connectors"
	"rongtong/connectors/conntest"
	"rongtong/connectors/database/dbtest"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
)

type gotRow struct {
	key, value, place string
	op                record.Op
	pos               record.Position
}

// rest reads a stream from a position until there is no more for now.
func rest(t testing.TB, sys *schemas.System, pos record.Position) []gotRow {
	t.Helper()
	return drain(t, open1(t, sys, pos))
}

func drain(t testing.TB, src connectors.Source) (rows []gotRow) {
	t.Helper()
	var chunk record.Chunk
	for {
		chunk.Reset()
		pos, err := src.Read(context.Background(), &chunk)
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range chunk.Rows {
			rows = append(rows, gotRow{string(e.Key), string(e.Value), e.Place, e.Op, pos})
		}
	}
}

func eachServer(t *testing.T, from string, test func(t *testing.T, w serverWorld)) {
	for _, e := range []*dbtest.Engine{dbtest.Postgres, dbtest.MariaDB} {
		t.Run(e.Driver, func(t *testing.T) { test(t, serverWorld{e, from}) })
	}
}

// TestLateCommit: a row that takes its cursor value early and commits after
// greater ones were read is delivered, once, by the open source and by another.
func TestLateCommit(t *testing.T) {
	for _, from := range []string{"cursor: changed", "cursor: id, overlap: 100"} {
		eachServer(t, from, func(t *testing.T, w serverWorld) {
			s := w.start(t, w.from, 100)
			src := open1(t, s.sys, nil)
			drain(t, src)
			tx, err := s.db.Begin()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec("INSERT INTO event (id, no, changed) VALUES (101, 'late', " + w.Now + ")"); err != nil {
				t.Fatal(err)
			}
			run(t, s.db, "INSERT INTO event (id, no, changed) VALUES (102, 'early', "+w.Now+")")
			early := drain(t, src)
			if len(early) != 1 || early[0].key != "102" {
				t.Fatalf("%+v", early)
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			for what, got := range map[string][]gotRow{"the open source": drain(t, src), "another": rest(t, s.sys, early[0].pos)} {
				if len(got) != 1 || got[0].key != "101" {
					t.Fatalf("%s: %d records", what, len(got))
				}
				if more := rest(t, s.sys, got[0].pos); len(more) != 0 {
					t.Errorf("%s: %d records came again", what, len(more))
				}
			}
		})
	}
}

// TestNothingIsLostUnderWriting: while others write, the first reading goes by
// key in parallel and the process dies again and again; in the end what was
// delivered amounts to what the table holds.
func TestNothingIsLostUnderWriting(t *testing.T) {
	eachServer(t, "cursor: changed, deletes: true, parallel: 3", func(t *testing.T, w serverWorld) {
		s := w.start(t, w.from, 50_000)
		stop, ended := make(chan struct{}), make(chan error, 2)
		for n := range 2 {
			go func() { ended <- w.churn(s.db, rand.New(rand.NewPCG(3, uint64(n))), n, stop) }()
		}
		state := map[string]string{}
		var pos record.Position
		for round := range 10 {
			src := open1(t, s.sys, pos)
			for range 2 {
				var chunk record.Chunk
				p, err := src.Read(context.Background(), &chunk)
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				pos = p
				for _, e := range chunk.Rows {
					apply(state, gotRow{key: string(e.Key), value: string(e.Value), op: e.Op})
				}
			}
			if round == 7 {
				close(stop)
			}
		}
		for range 2 {
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range rest(t, s.sys, pos) {
			apply(state, r)
		}
		same(t, s.db, state)
	})
}

func apply(state map[string]string, r gotRow) {
	if r.op == record.Delete {
		delete(state, r.key)
		return
	}
	_, note, _ := strings.Cut(r.value, `"note":`)
	note, _, _ = strings.Cut(note, `,"changed"`)
	state[r.key] = note
}

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
		if want := `"` + strings.ReplaceAll(note, `"`, `\"`) + `"`; state[id] != want {
			if wrong++; wrong < 5 {
				t.Errorf("row %s is %s in the table and %s as delivered", id, want, state[id])
			}
		}
	}
	if n != len(state) || wrong > 0 {
		t.Errorf("the table has %d rows, delivered are %d, %d of them wrong", n, len(state), wrong)
	}
}

// churn changes the table in random transactions; what it changes gets a new
// cursor value. Two of them stay out of each other's way by parity.
func (w serverWorld) churn(db *sql.DB, r *rand.Rand, parity int, stop <-chan struct{}) error {
	next := 1_000_000 + parity
	// Fewer changes than the window holds: beyond that a late row may be missed.
	for step := range maxSeen / 50 {
		select {
		case <-stop:
			return nil
		default:
		}
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		for range 1 + r.IntN(20) {
			id := 2*r.IntN(25_000) + parity
			q := fmt.Sprintf("UPDATE event SET note = 'step %d', changed = %s WHERE id = %d", step, w.Now, id)
			switch r.IntN(5) {
			case 0:
				next += 2
				q = fmt.Sprintf("INSERT INTO event (id, no, note, changed) VALUES (%d, 'n', 'new %d', %s)", next, step, w.Now)
			case 1:
				q = fmt.Sprintf("DELETE FROM event WHERE id = %d", id)
			}
			if _, err := tx.Exec(q); err != nil {
				return fmt.Errorf("%w: %s", err, q)
			}
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	<-stop
	return nil
}

// TestKeys: every type that a key can have, alone and with others, in pages that
// end anywhere: every row comes once, in both orders.
func TestKeys(t *testing.T) {
	const rows = connectors.ChunkRows + 3000
	for _, k := range []struct {
		engine    *dbtest.Engine
		ddl, expr string // of the column k, and its value for i
	}{
		{dbtest.Postgres, "numeric(30,10)", "i / 3.0"},
		{dbtest.Postgres, "text", "'键' || chr(97 + i % 26) || chr(65 + i / 26 % 26) || i"},
		{dbtest.Postgres, "uuid", "md5(i::text)::uuid"},
		{dbtest.Postgres, "timestamptz", "timestamptz '1988-04-09 00:00:00+08' + i * interval '0.7 second'"},
		{dbtest.Postgres, "char(12)", "'x' || i"},
		{dbtest.MariaDB, "bigint unsigned", "18446744073709551615 - seq"},
		{dbtest.MariaDB, "decimal(30,10)", "seq / 3"},
		{dbtest.MariaDB, "varchar(30) CHARACTER SET gbk", "CONCAT('键', CHAR(97 + seq % 26), CHAR(65 + seq DIV 26 % 26), seq)"},
		{dbtest.MariaDB, "datetime(6)", "TIMESTAMP('1988-04-09') + INTERVAL seq * 700000 MICROSECOND"},
		{dbtest.MariaDB, "timestamp(6)", "TIMESTAMP('1988-04-09') + INTERVAL seq * 700000 MICROSECOND"},
		{dbtest.MariaDB, "date", "DATE('1900-01-01') + INTERVAL seq DAY"},
	} {
		t.Run(k.engine.Driver+" "+k.ddl, func(t *testing.T) {
			w := serverWorld{k.engine, ""}
			name, db, server := w.Fresh(t)
			run(t, db, "CREATE TABLE event (k "+k.ddl+" NOT NULL, part int NOT NULL, c int NOT NULL, PRIMARY KEY (k, part))")
			fill := "INSERT INTO event SELECT %s, i %% 2, i %% 3 FROM generate_series(1, %d) i"
			if w.Driver == "mysql" {
				fill = "INSERT INTO event SELECT %s, seq %% 2, seq %% 3 FROM seq_1_to_%d"
			}
			run(t, db, fmt.Sprintf(fill, k.expr, rows))
			for _, how := range []string{"cursor: c", "cursor: c, snapshot: cursor", "cursor: c, parallel: 2"} {
				text := strings.Replace(w.declare(name, server.Addr(), how), "key: [id]", "key: [part, k]", 1)
				text = strings.Replace(text, "id: number, no: text, opened: text, amount: number, note: text, changed: text", "c: number, part: number, k: text", 1)
				got := rest(t, conntest.Declare(t, text), nil)
				seen := map[string]bool{}
				for _, r := range got {
					seen[r.key] = true
				}
				if len(got) != rows || len(seen) != rows {
					t.Errorf("%s: %d records, %d of them different, want %d", how, len(got), len(seen), rows)
				}
			}
		})
	}
}

// TestParallel: reading with several connections delivers the same records in
// the same order as with one.
func TestParallel(t *testing.T) {
	eachServer(t, "cursor: changed", func(t *testing.T, w serverWorld) {
		s := w.start(t, w.from, 3*connectors.ChunkRows+17)
		one := rest(t, s.sys, nil)
		many := rest(t, conntest.Declare(t, strings.Replace(s.text, w.from, w.from+", parallel: 4", 1)), nil)
		if len(one) != len(many) || len(one) != s.rows {
			t.Fatalf("%d and %d records", len(one), len(many))
		}
		for i := range one {
			if one[i].value != many[i].value || one[i].place != many[i].place {
				t.Fatalf("record %d is another", i)
			}
		}
	})
}

// TestManyEqualCursors: when more rows share a cursor value than a position can
// remember, the window becomes shorter; nothing comes twice.
func TestManyEqualCursors(t *testing.T) {
	eachServer(t, "cursor: changed", func(t *testing.T, w serverWorld) {
		s := w.start(t, w.from, 2*maxSeen)
		run(t, s.db, "UPDATE event SET changed = '2025-12-01 00:00:00'")
		src := open1(t, s.sys, nil)
		got := drain(t, src)
		if len(got) != 2*maxSeen {
			t.Fatalf("%d records", len(got))
		}
		if e := src.Stats().Events; len(e) != 1 || !strings.Contains(e[0].What, "shorter overlap") {
			t.Errorf("nobody is told that the window became shorter: %v", e)
		}
		pos := got[len(got)-1].pos
		if len(pos) > 500_000 {
			t.Errorf("the position has %d bytes", len(pos))
		}
		run(t, s.db, "INSERT INTO event (id, no, changed) VALUES (900000, 'n', '2025-12-01 00:00:01')")
		if got := rest(t, s.sys, pos); len(got) != 1 {
			t.Errorf("%d records", len(got))
		}
	})
}

// TestCompareHasALimit: a table too large to be remembered says so.
func TestCompareHasALimit(t *testing.T) {
	w := serverWorld{dbtest.Postgres, "compare: true"}
	s := w.start(t, w.from, 200_000)
	src := open1(t, s.sys, nil)
	var chunk record.Chunk
	for {
		chunk.Reset()
		_, err := src.Read(context.Background(), &chunk)
		if err == nil {
			continue
		}
		if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), "a position may take") {
			t.Errorf("%v", err)
		}
		return
	}
}

// TestCharsets: databases whose text is GBK, whether they know it or not.
func TestCharsets(t *testing.T) {
	const gbk = "'\\xbcc3c4cfcad0'" // 济南市 in GBK
	pg := dbtest.Postgres.Admin(t)
	for _, c := range []struct{ encoding, charset, insert, want string }{
		{"EUC_CN", "", "'济南市'", "济南市"},
		{"SQL_ASCII", "gb18030", "convert_from(" + gbk + "::bytea, 'SQL_ASCII')", "济南市"},
	} {
		t.Run("postgres "+c.encoding, func(t *testing.T) {
			w := serverWorld{dbtest.Postgres, "cursor: id"}
			db, _, server := w.Fresh(t)
			own := db + "_x"
			run(t, pg, "CREATE DATABASE "+own+" ENCODING '"+c.encoding+"' LOCALE 'C' TEMPLATE template0")
			t.Cleanup(func() { _, _ = pg.Exec("DROP DATABASE " + own + " WITH (FORCE)") })
			conn := w.Connect(server, own+" client_encoding="+map[string]string{"EUC_CN": "UTF8", "SQL_ASCII": "SQL_ASCII"}[c.encoding])
			defer conn.Close()
			run(t, conn, "CREATE TABLE event (id int PRIMARY KEY, no text)")
			run(t, conn, "INSERT INTO event SELECT 1, "+c.insert)
			text := w.declare(db, server.Addr(), w.from)
			text = strings.Replace(text, "database: "+db, "database: "+own, 1)
			text = strings.Replace(text, "id: number, no: text, opened: text, amount: number, note: text, changed: text", "id: number, no: text", 1)
			if c.charset != "" {
				text = strings.Replace(text, "connect: {", "connect: { charset: "+c.charset+",", 1)
			}
			got := rest(t, conntest.Declare(t, text), nil)
			if len(got) != 1 || got[0].value != `{"id":1,"no":"`+c.want+`"}` {
				t.Errorf("%+v", got)
			}
		})
	}
	t.Run("mariadb latin1", func(t *testing.T) {
		w := serverWorld{dbtest.MariaDB, "cursor: id"}
		db, conn, server := w.Fresh(t)
		run(t, conn, "CREATE TABLE event (id int PRIMARY KEY, no varchar(50) CHARACTER SET latin1)")
		run(t, conn, "INSERT INTO event VALUES (1, CAST(x'bcc3c4cfcad0' AS CHAR CHARACTER SET latin1))")
		run(t, conn, "UPDATE event SET no = CONVERT(CAST(x'bcc3c4cfcad0' AS BINARY) USING latin1)")
		text := strings.Replace(w.declare(db, server.Addr(), w.from), "connect: {", "connect: { charset: gb18030,", 1)
		text = strings.Replace(text, "id: number, no: text, opened: text, amount: number, note: text, changed: text", "id: number, no: text", 1)
		got := rest(t, conntest.Declare(t, text), nil)
		if len(got) != 1 || got[0].value != `{"id":1,"no":"济南市"}` {
			t.Errorf("%+v", got)
		}
	})
}

// TestErrorsKeepSecrets: no error of an unfit system repeats a password.
func TestErrorsKeepSecrets(t *testing.T) {
	eachServer(t, "cursor: changed", func(t *testing.T, w serverWorld) {
		for _, u := range w.Unfit(t) {
			o, err := Kind().Open(t.Context(), u.System)
			if err == nil {
				err = o.Check(t.Context())
				_ = o.Close()
			}
			if s := fmt.Sprintf("%v %+v", err, err); strings.Contains(s, dbtest.Password) || strings.Contains(s, dbtest.Wrong) || strings.Contains(s, "://") {
				t.Errorf("%s: the error repeats a password or an address with one", u.Name)
			}
		}
	})
}

// TestDiscoverLabels: comments of columns are their labels, the primary key is
// the key, bytes are left out.
func TestDiscoverLabels(t *testing.T) {
	eachServer(t, "cursor: changed", func(t *testing.T, w serverWorld) {
		s := w.start(t, w.from, 1)
		run(t, s.db, map[string]string{"postgres": "COMMENT ON COLUMN event.note IS '网格名称'", "mysql": "ALTER TABLE event MODIFY note text COMMENT '网格名称'"}[w.Driver])
		s.withBytes(t)
		o, err := Kind().Open(t.Context(), s.sys)
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		got, err := o.Discover(t.Context())
		if err != nil || len(got) != 1 {
			t.Fatalf("%d streams, %v", len(got), err)
		}
		st := got[0]
		if _, ok := st.Fields.Get("photo"); ok || st.Labels["note"] != "网格名称" || len(st.Key) != 1 || st.Key[0] != "id" || st.From.Text() != `{table: "event"}` {
			t.Errorf("%+v, from %s", st, st.From.Text())
		}
	})
}
