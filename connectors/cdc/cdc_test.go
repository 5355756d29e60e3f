package cdc

import (
	"context"
	"io"
	"testing"
	"time"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/record"
)

// row is a record out of its arena.
type row struct {
	key, value, place string
	op                record.Op
	at                time.Time
	pos               record.Position // after the chunk it came in
}

// open opens the stream of a system; it ends with t.
func open(t testing.TB, sys *schemas.System, pos record.Position) connectors.Source {
	t.Helper()
	kind := Postgres()
	if name, _ := connectors.KindOf(sys); name == "mycdc" {
		kind = MySQL()
	}
	o, err := kind.Open(context.Background(), sys)
	if err != nil {
		t.Fatal(err)
	}
	src, err := o.Source(context.Background(), sys.Streams[0].Value, pos)
	if err != nil {
		t.Fatal(err)
	}
	s := &once{Source: src}
	t.Cleanup(func() { s.Close(); o.Close() })
	return s
}

// once is a source that may be closed early by a test that plays its death.
type once struct {
	connectors.Source
	closed bool
}

func (o *once) Close() error {
	if o.closed {
		return nil
	}
	o.closed = true
	return o.Source.Close()
}

// read is one Read; io.EOF: nil.
func read(t testing.TB, src connectors.Source) []row {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var chunk record.Chunk
	pos, err := src.Read(ctx, &chunk)
	if err == io.EOF {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	rows := []row{}
	for _, e := range chunk.Rows {
		rows = append(rows, row{string(e.Key), string(e.Value), e.Place, e.Op, e.At, pos})
	}
	return rows
}

// rest reads until there is no more for now.
func rest(t testing.TB, src connectors.Source) (rows []row) {
	t.Helper()
	for {
		got := read(t, src)
		if got == nil {
			return rows
		}
		rows = append(rows, got...)
	}
}
