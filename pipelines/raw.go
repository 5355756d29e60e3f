package pipelines

import (
	"context"
	"fmt"

	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/transforms"
)

// keepRaw loads the block's records as received, if its stream is kept so.
func (w *worker) keepRaw(ctx context.Context, b *block) error {
	if b.raw == nil {
		return nil
	}
	s := b.share.stream
	table := "ods." + schemas.RawTable(s.System.System, s.Stream.Name)
	err := w.insist(ctx, b, func() error {
		return w.Warehouse.Load(ctx, warehouse.Load{Token: w.token(b, "raw"), Table: table, Rows: b.raw})
	})
	if err != nil {
		return fmt.Errorf("loading %d records of %s/%d as received: %w", b.raw.NumRows(), b.span.Topic, b.span.Partition, err)
	}
	return nil
}

// raw returns the worker's Raw of a stream, nil when its records are not kept.
func (w *worker) raw(s *Stream) *transforms.Raw {
	if _, keep := s.Stream.KeepRaw(); !keep {
		return nil
	}
	r, ok := w.raws[s]
	if !ok {
		if w.raws == nil {
			w.raws = map[*Stream]*transforms.Raw{}
		}
		r = transforms.NewRaw(w.mem, s.Stream)
		w.raws[s] = r
	}
	return r
}
