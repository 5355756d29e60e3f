package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
)

// rowwisePartition is a common Go sink: a map per record, a type switch per
// cell, an Append per row.
func rowwisePartition(ctx context.Context, k *topics.Client, s Source, columns []warehouse.Column, partition int, b topics.Bounds) (int64, error) {
	names := make([]string, len(columns))
	convert := make([]func(any) (any, error), len(columns))
	for i, c := range columns {
		names[i], convert[i] = c.Name, converter(c.Type)
	}
	sink, err := warehouse.OpenRowwise(ctx, s.Warehouse, s.Table, names)
	if err != nil {
		return 0, err
	}
	defer sink.Close()
	if b.Last <= b.First {
		return 0, nil
	}
	const perInsert = 100_000
	var n int64
	err = k.Rowwise(ctx, s.Topic, partition, b.First, b.Last, func(value []byte) error {
		var fields map[string]any
		if err := json.Unmarshal(value, &fields); err != nil {
			return fmt.Errorf("reading a record: %w", err)
		}
		row := make([]any, len(columns))
		for i := range columns {
			var err error
			if row[i], err = convert[i](fields[names[i]]); err != nil {
				return fmt.Errorf("reading column %q: %w", names[i], err)
			}
		}
		if n++; n%perInsert == 0 {
			if err := sink.Append(ctx, row); err != nil {
				return err
			}
			return sink.Send()
		}
		return sink.Append(ctx, row)
	})
	if err != nil {
		return n, err
	}
	return n, sink.Send()
}

func converter(typ string) func(any) (any, error) {
	number := func(to func(float64) any) func(any) (any, error) {
		return func(v any) (any, error) {
			f, ok := v.(float64)
			if !ok {
				return nil, fmt.Errorf("%T is no number", v)
			}
			return to(f), nil
		}
	}
	switch {
	case typ == "UInt64":
		return number(func(f float64) any { return uint64(f) })
	case typ == "UInt32":
		return number(func(f float64) any { return uint32(f) })
	case typ == "UInt8":
		return number(func(f float64) any { return uint8(f) })
	case strings.HasPrefix(typ, "DateTime64"):
		return func(v any) (any, error) {
			s, _ := v.(string)
			return time.Parse("2006-01-02 15:04:05.000", s)
		}
	case strings.HasPrefix(typ, "Decimal"):
		return func(v any) (any, error) { return fmt.Sprint(v), nil } // the client parses it
	}
	return func(v any) (any, error) { return v, nil }
}
