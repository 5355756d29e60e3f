package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"
)

// stdDB reaches a database through database/sql.
type stdDB struct{ db *sql.DB }

func (d stdDB) Close() error { return d.db.Close() }

func (d stdDB) Exec(ctx context.Context, query string) error {
	_, err := d.db.ExecContext(ctx, query)
	return err
}

func (d stdDB) Query(ctx context.Context, query string, args ...string) (Rows, error) {
	return stdQuery(ctx, d.db, query, args)
}

func (d stdDB) Session(ctx context.Context) (Session, error) {
	c, err := d.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return stdSession{c}, nil
}

type stdSession struct{ c *sql.Conn }

func (s stdSession) Close() error { return s.c.Close() }

func (s stdSession) Exec(ctx context.Context, query string) error {
	_, err := s.c.ExecContext(ctx, query)
	return err
}

func (s stdSession) Query(ctx context.Context, query string, args ...string) (Rows, error) {
	return stdQuery(ctx, s.c, query, args)
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func stdQuery(ctx context.Context, q querier, query string, args []string) (Rows, error) {
	vals := make([]any, len(args))
	for i, a := range args {
		vals[i] = a
	}
	rows, err := q.QueryContext(ctx, query, vals...) //nolint:rowserrcheck // stdRows, which owns them, does both
	if err != nil {
		return nil, err
	}
	columns, err := rows.Columns()
	if err != nil {
		return nil, errors.Join(err, rows.Close()) //nolint:sqlclosecheck // as above
	}
	r := &stdRows{rows: rows, cells: make([]cell, len(columns)), out: make([][]byte, len(columns))}
	for i := range r.cells {
		r.dest = append(r.dest, &r.cells[i])
	}
	return r, nil
}

// stdRows writes what the driver hands out into buffers of its own: nothing is
// allocated per row beyond what the driver does.
type stdRows struct {
	rows  *sql.Rows
	cells []cell
	dest  []any
	out   [][]byte
}

func (r *stdRows) Next() ([][]byte, error) {
	if !r.rows.Next() {
		if err := cut(errors.Join(r.rows.Err(), r.rows.Close())); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
	if err := r.rows.Scan(r.dest...); err != nil {
		return nil, cut(err)
	}
	for i := range r.cells {
		r.out[i] = r.cells[i].text
	}
	return r.out, nil
}

func (r *stdRows) Close() error { return r.rows.Close() }

// cell takes one value from a driver as text. The text is never nil unless the
// value is NULL.
type cell struct {
	text []byte
	buf  []byte
}

// Scan implements sql.Scanner.
func (c *cell) Scan(v any) error {
	if c.buf == nil {
		c.buf = make([]byte, 0, 32)
	}
	b := c.buf[:0]
	switch v := v.(type) {
	case nil:
		c.text = nil
		return nil
	case []byte:
		b = append(b, v...)
	case string:
		b = append(b, v...)
	case int64:
		b = strconv.AppendInt(b, v, 10)
	case uint64:
		b = strconv.AppendUint(b, v, 10)
	case float64:
		b = appendFloat(b, v, 64)
	case float32:
		b = appendFloat(b, float64(v), 32)
	case bool:
		b = strconv.AppendBool(b, v)
	case time.Time:
		b = v.UTC().AppendFormat(b, time.RFC3339Nano)
	default:
		return fmt.Errorf("the driver hands out a %T, which no table of types expects", v)
	}
	c.buf, c.text = b, b
	return nil
}

// appendFloat writes the shortest text that means exactly v, in plain digits
// where people would write plain digits.
func appendFloat(b []byte, v float64, bits int) []byte {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(b, v, 'g', -1, bits)
	}
	return strconv.AppendFloat(b, v, 'f', -1, bits)
}
