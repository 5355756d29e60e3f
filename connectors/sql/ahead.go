package sql

import (
	"context"
	"sync"

	"rongtong/connectors"
	"rongtong/connectors/database"
	"rongtong/schemas"
	"rongtong/schemas/record"
)

// ahead reads a table by ranges of its key, several at once, and hands the
// chunks out in the order of the key: positions stay what they are without it.
type ahead struct {
	cancel context.CancelFunc
	wg     sync.WaitGroup
	ranges chan *keyRange // in order
	now    *keyRange      // the one being handed out
	free   chan *record.Chunk
}

// keyRange is one range of the key and the chunks read of it, in order.
type keyRange struct {
	bounds database.Bounds
	out    chan piece // closed when the range is read
}

type piece struct {
	chunk *record.Chunk
	batch
	err error
}

func startAhead(sys *opened, st *schemas.Stream, f from, p *plan, at *position) *ahead {
	ctx, cancel := context.WithCancel(context.Background())
	a := &ahead{cancel: cancel, ranges: make(chan *keyRange, f.Parallel), free: make(chan *record.Chunk, 4*f.Parallel)}
	work := make(chan *keyRange)
	a.wg.Go(func() {
		defer close(work)
		defer close(a.ranges)
		a.scout(ctx, sys, p, at.after, work)
	})
	how := p.snapshotFetch(at)
	for range f.Parallel {
		rows := newRowReader(sys, st, f, p)
		a.wg.Go(func() {
			for r := range work {
				a.read(ctx, rows, r, how)
			}
		})
	}
	return a
}

// scout finds the ranges: every key that is a chunk's worth of rows after the
// one before it. Only the key is read for that.
func (a *ahead) scout(ctx context.Context, sys *opened, p *plan, lo []string, work chan<- *keyRange) {
	for {
		b := database.Bounds{Order: p.keys, Lo: lo}
		query, args := p.sel.Boundary(b, connectors.ChunkRows-1)
		rows, err := database.All(ctx, sys.db, query, args...)
		r := &keyRange{bounds: b, out: make(chan piece, 1)}
		if len(rows) > 0 {
			r.bounds.Hi = rows[0][:len(p.keys)]
		}
		select {
		case a.ranges <- r:
		case <-ctx.Done():
			return
		}
		if err != nil {
			r.out <- piece{err: err}
			close(r.out)
			return
		}
		select {
		case work <- r:
		case <-ctx.Done():
			close(r.out)
			return
		}
		if lo = r.bounds.Hi; lo == nil {
			return
		}
	}
}

// read hands out a range in chunks. The last range has no upper bound, and any
// may hold more than one chunk of large rows.
func (a *ahead) read(ctx context.Context, rows *rowReader, r *keyRange, how fetch) {
	defer close(r.out)
	b := r.bounds
	for {
		p := piece{chunk: a.chunk()}
		p.batch, p.err = rows.page(ctx, p.chunk, b, how)
		if p.err == nil && p.looked == 0 {
			return
		}
		select {
		case r.out <- p:
		case <-ctx.Done():
			return
		}
		if p.err != nil || !p.more {
			return
		}
		b.Lo = p.last
	}
}

func (a *ahead) chunk() *record.Chunk {
	select {
	case c := <-a.free:
		c.Reset()
		return c
	default:
		return &record.Chunk{}
	}
}

// next copies the next chunk to dst; nothing at the end of the table.
func (a *ahead) next(ctx context.Context, dst *record.Chunk) (batch, error) {
	for {
		if a.now == nil {
			select {
			case r, ok := <-a.ranges:
				if !ok {
					return batch{}, nil
				}
				a.now = r
			case <-ctx.Done():
				return batch{}, ctx.Err()
			}
		}
		select {
		case p, ok := <-a.now.out:
			if !ok {
				a.now = nil
				continue
			}
			if p.err != nil {
				return batch{}, p.err
			}
			for _, e := range p.chunk.Rows {
				dst.Append(e)
			}
			select {
			case a.free <- p.chunk:
			default:
			}
			return p.batch, nil
		case <-ctx.Done():
			return batch{}, ctx.Err()
		}
	}
}

func (a *ahead) close() {
	a.cancel()
	a.wg.Wait()
}
