package warehouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"rongtong/schemas"
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
	return w.arrow(ctx, sql, "reading layer ods", fn)
}
