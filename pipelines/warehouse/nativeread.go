package warehouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/schemas/fault"
)

// arrowRows is how many rows of an answer become a record at a time.
const arrowRows = 8192

// arrowOfRows is arrow over ClickHouse's own protocol, which has no formats: the
// answer's columns, Int64 or String and perhaps Nullable, become records.
func (w *Warehouse) arrowOfRows(ctx context.Context, sql, doing string, fn func(arrow.Record) error) error {
	rows, err := w.conn.Query(ctx, sql)
	if err != nil {
		return w.mark(err, doing)
	}
	defer rows.Close()
	b, dst, err := columnsOf(rows.ColumnTypes())
	if err != nil {
		return fault.New(fault.Bug, "%s: %w", doing, err)
	}
	defer b.Release()
	flush := func() error {
		rec := b.NewRecord()
		defer rec.Release()
		if rec.NumRows() == 0 {
			return nil
		}
		return fn(rec)
	}
	for n := 1; rows.Next(); n++ {
		if err := rows.Scan(dst...); err != nil {
			return fault.New(fault.Bug, "%s: %w", doing, err)
		}
		appendAnswer(b, dst)
		if n%arrowRows == 0 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return w.mark(err, doing)
	}
	return flush()
}

// columnsOf makes a builder for an answer's columns and what its rows are scanned into.
func columnsOf(types []driver.ColumnType) (*array.RecordBuilder, []any, error) {
	fields, dst := make([]arrow.Field, len(types)), make([]any, len(types))
	for i, t := range types {
		fields[i] = arrow.Field{Name: t.Name(), Nullable: true}
		switch strings.TrimSuffix(strings.TrimPrefix(t.DatabaseTypeName(), "Nullable("), ")") {
		case "Int64":
			fields[i].Type, dst[i] = arrow.PrimitiveTypes.Int64, new(*int64)
		case "String":
			fields[i].Type, dst[i] = arrow.BinaryTypes.String, new(*string)
		default:
			return nil, nil, fmt.Errorf("column %q is of type %s", t.Name(), t.DatabaseTypeName())
		}
	}
	return array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil)), dst, nil
}

func appendAnswer(b *array.RecordBuilder, row []any) {
	for i, v := range row {
		switch v := v.(type) {
		case **int64:
			if f := b.Field(i).(*array.Int64Builder); *v == nil {
				f.AppendNull()
			} else {
				f.Append(**v)
			}
		case **string:
			if f := b.Field(i).(*array.StringBuilder); *v == nil {
				f.AppendNull()
			} else {
				f.Append(**v)
			}
		}
	}
}
