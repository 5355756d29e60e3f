package transforms

import (
	"bytes"

	"rongtong/schemas"
	"rongtong/schemas/record"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Raw turns the records of one stream into rows of layer ods: as they were
// received, without any rule. It is used by one goroutine at a time.
type Raw struct {
	schema  *arrow.Schema
	scan    *scanner
	writers []writer
	arena   []byte
	refused []uint8 // of the rows of a chunk: how many flows refused each
	rows    int
}

// NewRaw makes an empty Raw for a stream. The caller releases it.
func NewRaw(mem memory.Allocator, s *schemas.Stream) *Raw {
	names := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		names[i] = f.Key
	}
	r := &Raw{scan: newScanner(names)}
	var fields []arrow.Field
	for _, c := range schemas.RawColumns(s) {
		fields = append(fields, arrow.Field{Name: c.Name, Type: arrowType(c.Type), Nullable: c.Nullable})
		r.writers = append(r.writers, newWriter(mem, c.Type))
	}
	r.schema = arrow.NewSchema(fields, nil)
	return r
}

// Add puts every record of a chunk into a row, in order. rejects are those of
// all flows of the stream. Nothing of the chunk is kept.
func (r *Raw) Add(in *record.Chunk, rejects []Reject) {
	r.refused = append(r.refused[:0], make([]uint8, len(in.Rows))...)
	for i := range rejects {
		r.refused[rejects[i].Index]++
	}
	for i := range r.writers {
		r.writers[i].reserve(len(in.Rows))
	}
	r.scan.format = in.Format
	for i := range in.Rows {
		r.row(in, &in.Rows[i], r.refused[i])
	}
	r.rows += len(in.Rows)
}

// Take returns the rows; the caller owns the record and must release it. Raw is
// empty afterwards and can be filled again.
func (r *Raw) Take() arrow.Record {
	cols := make([]arrow.Array, len(r.writers))
	for i := range r.writers {
		cols[i] = r.writers[i].take()
	}
	rec := array.NewRecord(r.schema, cols, int64(r.rows))
	for _, c := range cols {
		c.Release()
	}
	r.rows = 0
	return rec
}

// row appends one record. The order of the first columns is that of
// schemas.RawColumns.
func (r *Raw) row(in *record.Chunk, e *record.Envelope, refused uint8) {
	w := r.writers
	w[0].text.add(borrow(in.Topic))
	w[1].nums.add(int64(in.Partition))
	w[2].nums.add(e.Offset)
	w[3].nums.add(e.Arrived.UnixMilli())
	if e.At.IsZero() {
		w[4].nums.null()
	} else {
		w[4].nums.add(e.At.UnixMilli())
	}
	w[5].text.add(borrow(e.Place))
	if e.Op == record.Delete {
		w[6].text.add([]byte("delete"))
	} else {
		w[6].text.add([]byte("upsert"))
	}
	r.arena = append(r.arena[:0], e.Key...)
	for {
		i := bytes.IndexByte(r.arena, '\x1f')
		if i < 0 {
			break
		}
		r.arena[i] = '|'
	}
	w[7].text.add(r.arena)
	w[8].nums.add(int64(refused))
	r.scan.scan(e.Value) // what is no JSON object leaves every field null
	for i, s := range r.scan.slots {
		switch text := w[9+i].text; s.kind {
		case str, num:
			text.add(s.b)
		case yes:
			text.add([]byte("true"))
		case no:
			text.add([]byte("false"))
		default:
			text.null()
		}
	}
}

// Release frees what Raw holds.
func (r *Raw) Release() {
	for i := range r.writers {
		r.writers[i].release()
	}
	r.writers = nil
}
