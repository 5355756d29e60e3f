package warehouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	clickhouse "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// RawKey is by what a record as received is known within its partition: the same
// offset of a topic that was created again arrived at another time.
type RawKey struct {
	Offset  int64
	Arrived time.Time
}

// RawColumns calls fn with records of one partition of a stream in layer ods, as
// columns: the stream's fields as texts, and _offset (int64), _arrived_at and
// _event_at (int64, Unix ms), _place, _key and _op ("upsert", "delete"). What has
// expired is left out. The columns are borrowed until fn returns.
func (w *Warehouse) RawColumns(ctx context.Context, system string, s *schemas.Stream, partition int32, keys []RawKey, fn func(arrow.Record) error) error {
	if _, ok := s.KeepRaw(); !ok || len(keys) == 0 {
		return nil
	}
	var names, list []string
	for _, f := range s.Fields {
		names = append(names, ident(f.Key))
	}
	for _, k := range keys {
		list = append(list, fmt.Sprintf("(%d,%d)", k.Offset, k.Arrived.UnixMilli()))
	}
	table := ident(schemas.RawTable(system, s.Name))
	sql := fmt.Sprintf(`SELECT toInt64(t._offset) AS _offset, toUnixTimestamp64Milli(t._arrived_at) AS _arrived_at, toUnixTimestamp64Milli(t._event_at) AS _event_at,
		t._place AS _place, t._key AS _key, toString(t._op) AS _op, %s
		FROM ods.%s AS t FINAL WHERE t._partition = %d AND (toInt64(t._offset), toUnixTimestamp64Milli(t._arrived_at)) IN (%s) ORDER BY t._offset`,
		strings.Join(names, ", "), table, partition, strings.Join(list, ","))
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"output_format_arrow_compression_method": "none", "output_format_arrow_string_as_string": 1, "output_format_arrow_low_cardinality_as_dictionary": 0,
		"max_query_size": 16 << 20,
	}))
	out, err := w.conn.QueryFormat(ctx, "ArrowStream", sql)
	if err != nil {
		return w.mark(err, "reading layer ods")
	}
	defer out.Close()
	r, err := ipc.NewReader(out, ipc.WithAllocator(memory.DefaultAllocator))
	if err != nil {
		return fault.New(fault.Transient, "reading layer ods: %w", err)
	}
	defer r.Release()
	for r.Next() {
		if err := fn(r.Record()); err != nil {
			return err
		}
	}
	if err := r.Err(); err != nil {
		return fault.New(fault.Transient, "reading layer ods: %w", err)
	}
	return nil
}
