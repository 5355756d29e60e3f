package warehouse

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// shape is how structs of a type become a record: a column for every field that
// has a json name.
type shape struct {
	schema   *arrow.Schema
	at       []int     // of the columns: which field
	builders sync.Pool // of *array.RecordBuilder: a builder costs more than a row
}

var shapes sync.Map // reflect.Type to *shape

func shapeOf(row reflect.Type) (*shape, error) {
	if known, ok := shapes.Load(row); ok {
		return known.(*shape), nil
	}
	if row.Kind() != reflect.Struct {
		return nil, fmt.Errorf("the rows are of %s, not structs", row)
	}
	s := &shape{}
	var fields []arrow.Field
	for i := range row.NumField() {
		name, _, _ := strings.Cut(row.Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		t, err := structType(row.Field(i).Type)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", name, err)
		}
		fields, s.at = append(fields, arrow.Field{Name: name, Type: t, Nullable: row.Field(i).Type.Kind() == reflect.Pointer}), append(s.at, i)
	}
	s.schema = arrow.NewSchema(fields, nil)
	s.builders.New = func() any { return array.NewRecordBuilder(memory.DefaultAllocator, s.schema) }
	known, _ := shapes.LoadOrStore(row, s)
	return known.(*shape), nil
}

// recordOf makes a record of a slice of structs. The caller releases it.
func recordOf(rows reflect.Value) (arrow.Record, error) {
	s, err := shapeOf(rows.Type().Elem())
	if err != nil {
		return nil, err
	}
	b := s.builders.Get().(*array.RecordBuilder)
	defer s.builders.Put(b)
	for n := range rows.Len() {
		for col, i := range s.at {
			appendValue(b.Field(col), rows.Index(n).Field(i))
		}
	}
	return b.NewRecord(), nil
}

var timeType = reflect.TypeFor[time.Time]()

func structType(t reflect.Type) (arrow.DataType, error) {
	switch t.Kind() {
	case reflect.String:
		return arrow.BinaryTypes.String, nil
	case reflect.Bool:
		return arrow.FixedWidthTypes.Boolean, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return arrow.PrimitiveTypes.Int64, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return arrow.PrimitiveTypes.Uint64, nil
	case reflect.Float64:
		return arrow.PrimitiveTypes.Float64, nil
	case reflect.Pointer:
		return structType(t.Elem())
	case reflect.Slice:
		elem, err := structType(t.Elem())
		return arrow.ListOfField(arrow.Field{Name: "item", Type: elem, Nullable: t.Elem().Kind() == reflect.Pointer}), err
	}
	if t == timeType {
		return &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}, nil
	}
	return nil, fmt.Errorf("a %s has no type in the warehouse", t)
}

func appendValue(b array.Builder, v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			b.AppendNull()
			return
		}
		v = v.Elem()
	}
	switch b := b.(type) {
	case *array.StringBuilder:
		b.Append(v.String())
	case *array.BooleanBuilder:
		b.Append(v.Bool())
	case *array.Int64Builder:
		b.Append(v.Int())
	case *array.Uint64Builder:
		b.Append(v.Uint())
	case *array.Float64Builder:
		b.Append(v.Float())
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v.Interface().(time.Time).UnixMilli()))
	case *array.ListBuilder:
		b.Append(true)
		for i := range v.Len() {
			appendValue(b.ValueBuilder(), v.Index(i))
		}
	}
}
