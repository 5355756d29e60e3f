package pipelines

import (
	"context"
	"fmt"

	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/record"
	"rongtong/transforms"
)

// keepRaw loads the chunk as received, if its stream is kept so. rejects are
// those of all its flows.
func (w *worker) keepRaw(ctx context.Context, s *share, span record.Span, rejects []transforms.Reject) error {
	if _, keep := s.stream.Stream.KeepRaw(); !keep {
		return nil
	}
	rows := w.raw(s.stream).Rows(&w.chunk, rejects)
	defer rows.Release()
	table := "ods." + schemas.RawTable(s.stream.System.System, s.stream.Stream.Name)
	err := w.insist(ctx, func() error {
		return w.Warehouse.Load(ctx, warehouse.Load{Token: w.token(span, s.stream.Plan(), "raw"), Table: table, Rows: rows})
	})
	if err != nil {
		return fmt.Errorf("loading %d records of %s/%d as received: %w", rows.NumRows(), span.Topic, span.Partition, err)
	}
	return nil
}

// raw returns the worker's Raw of a stream.
func (w *worker) raw(s *Stream) *transforms.Raw {
	if w.raws == nil {
		w.raws = map[*Stream]*transforms.Raw{}
	}
	r, ok := w.raws[s]
	if !ok {
		r = transforms.NewRaw(w.mem, s.Stream)
		w.raws[s] = r
	}
	return r
}
