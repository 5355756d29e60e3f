package sandbox

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"rongtong/deploy/sandbox/world"
)

// cityDB is the operations centre's database: two tables that grow by
// committed batches, numbered without gaps in order of commit.
type cityDB struct {
	s  *Sandbox
	db *sql.DB
	m  *meter
}

// batchRows is the size of a transaction of the operations centre.
const batchRows = 20_000

func (s *Sandbox) openCityDB(ctx context.Context) (*cityDB, error) {
	path := s.cityPath()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("opening the city database %q: %w", path, err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)&_pragma=synchronous(normal)&_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, fmt.Errorf("opening the city database %q: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	for table, columns := range map[string][]string{"grid_event": world.EventColumns, "stat_report": world.ReportColumns} {
		q := "CREATE TABLE IF NOT EXISTS " + table + " (seq INTEGER PRIMARY KEY, " + strings.Join(columns, " TEXT, ") + " TEXT)"
		if _, err := db.ExecContext(ctx, q); err != nil {
			_ = db.Close()
			return nil, fmt.Errorf("opening the city database %q: %w", path, err)
		}
	}
	c := &cityDB{s: s, db: db}
	w := s.World
	total := 0
	for i := range w.Events() {
		total++
		if w.EventTwice(i) {
			total++
		}
	}
	c.m = s.meter(world.City, "C", "rows", int64(total))
	s.close = append(s.close, func() { s.wg.Wait(); _ = db.Close() })
	return c, nil
}

// fill writes the rows that are not there yet.
func (c *cityDB) fill(ctx context.Context) error {
	w := c.s.World
	var rec world.Record
	row := 0
	report := func() []string {
		for row < w.Reports() {
			row++
			if w.Report(row-1, &rec) {
				return rec.Wire
			}
		}
		return nil
	}
	if err := c.table(ctx, "stat_report", world.ReportColumns, report, nil); err != nil {
		return err
	}
	n := w.Events()
	next := 0
	event := func() []string {
		for ; next < 2*n; next++ {
			// every event once, then those that are entered a second time
			if i := next % n; next < n || w.EventTwice(i) {
				next++
				w.Event(i, &rec)
				return rec.Wire
			}
		}
		return nil
	}
	skip := func(rows int) int {
		if rows <= n {
			next = rows
			return 0
		}
		next = n
		return rows - n
	}
	return c.table(ctx, "grid_event", world.EventColumns, event, skip)
}

// table appends what next yields until it is nil. Skip passes over rows that
// are there already and says how many more to draw.
func (c *cityDB) table(ctx context.Context, name string, columns []string, next func() []string, skip func(int) int) error {
	var have int
	if err := c.db.QueryRowContext(ctx, "SELECT ifnull(max(seq), 0) FROM "+name).Scan(&have); err != nil {
		return err
	}
	draw := have
	if skip != nil {
		draw = skip(have)
		c.m.produced.Store(int64(have))
	}
	for range draw {
		next()
	}
	for seq := have; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := c.batch(name, columns, &seq, next)
		if err != nil {
			return err
		}
		if skip != nil {
			c.m.produced.Add(int64(n))
		}
		if n < batchRows {
			return nil
		}
	}
}

// statementRows is how many rows one statement inserts.
const statementRows = 25

// batch writes up to batchRows rows in one transaction. It is not cancelled in
// the middle: it takes a fraction of a second, and watching for the end of a
// context costs the driver a goroutine per statement.
func (c *cityDB) batch(name string, columns []string, seq *int, next func() []string) (n int, err error) {
	ctx := context.Background()
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	group := "(?" + strings.Repeat(", ?", len(columns)) + ")"
	insert := "INSERT INTO " + name + " (seq, " + strings.Join(columns, ", ") + ") VALUES " + group
	stmt, err := tx.PrepareContext(ctx, insert+strings.Repeat(", "+group, statementRows-1))
	if err != nil {
		return 0, err
	}
	defer stmt.Close()
	args := make([]any, 0, statementRows*(len(columns)+1))
	for n < batchRows {
		row := next()
		if row == nil {
			break
		}
		n++
		*seq++
		args = append(args, *seq)
		for _, v := range row {
			if v == world.Null {
				args = append(args, nil)
			} else {
				args = append(args, v)
			}
		}
		if len(args) == cap(args) {
			if _, err := stmt.ExecContext(ctx, args...); err != nil {
				return n, err
			}
			args = args[:0]
		}
	}
	if rest := len(args) / (len(columns) + 1); rest > 0 {
		if _, err := tx.ExecContext(ctx, insert+strings.Repeat(", "+group, rest-1), args...); err != nil {
			return n, err
		}
	}
	return n, tx.Commit()
}
