package feed

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/hamba/avro/v2"

	"rongtong/connectors"
	"rongtong/connectors/files/text"
)

// decoder takes messages of one stream apart into JSON objects. It is for one
// goroutine.
type decoder struct {
	from    from
	writers *writers
	reader  *avro.Reader
	item    []byte
}

func newDecoder(f from, w *writers) *decoder {
	return &decoder{from: f, writers: w, reader: avro.NewReader(nil, 0, avro.WithReaderConfig(avroConfig))}
}

// visitor takes one record of a message, on its line, or the rule by which what
// stands there is no record (item is then nil).
type visitor func(line int, item []byte, rule string)

// each visits the records of a message. A message that is damaged is one broken
// record: what of it may be trusted is not known. An error is not of the
// message: it comes again until the registry answers.
func (d *decoder) each(ctx context.Context, value []byte, visit visitor) error {
	if d.from.Format == "avro" {
		return d.avro(ctx, value, visit)
	}
	value = d.utf8(value)
	if d.from.Format == "csv" {
		d.csv(value, visit)
		return nil
	}
	var items [][]byte
	var lines []int
	line, counted := 1, 0
	err := connectors.Objects(value, func(at int, item []byte) error {
		line += bytes.Count(value[counted:at], []byte("\n"))
		counted = at
		items, lines = append(items, item), append(lines, line)
		return nil
	})
	if err != nil || len(items) == 0 {
		visit(line, nil, "json.syntax")
		return nil //nolint:nilerr // the visitor was told
	}
	for i, item := range items {
		if item[0] != '{' {
			visit(lines[i], nil, "json.record")
			continue
		}
		visit(lines[i], item, "")
	}
	return nil
}

func (d *decoder) utf8(value []byte) []byte {
	if d.from.Encoding == "" || d.from.Encoding == "utf-8" {
		return bytes.TrimPrefix(value, []byte("\uFEFF"))
	}
	r, _, err := text.Decode(bytes.NewReader(value), int64(len(value)), d.from.Encoding)
	if err != nil {
		return value
	}
	out, err := io.ReadAll(r)
	if err != nil {
		return value
	}
	return bytes.TrimPrefix(out, []byte("\uFEFF"))
}

func (d *decoder) csv(value []byte, visit visitor) {
	comma := rune(0)
	if d.from.Delimiter != "" {
		comma = rune(d.from.Delimiter[0])
	}
	// Twice: a message is whole or broken, and what follows decides that.
	rows := 0
	err := connectors.CSVObjects(value, d.from.Header, comma, func(int, []byte) error { rows++; return nil })
	var wrong *connectors.CSVError
	switch {
	case errors.As(err, &wrong):
		visit(wrong.Line, nil, wrong.Rule)
		return
	case rows == 0:
		visit(1, nil, "csv.quote")
		return
	}
	_ = connectors.CSVObjects(value, d.from.Header, comma, func(line int, item []byte) error {
		if item == nil {
			visit(line, nil, "csv.columns")
		} else {
			visit(line, item, "")
		}
		return nil
	})
}

func (d *decoder) avro(ctx context.Context, value []byte, visit visitor) error {
	schema, body, err := d.writers.split(ctx, value)
	switch {
	case err != nil:
		return err
	case schema == nil:
		visit(1, nil, "avro.schema")
		return nil
	}
	if !d.record(schema, body) {
		visit(1, nil, "avro.data")
		return nil
	}
	visit(1, d.item, "")
	return nil
}

// record reads one Avro record that fills body into d.item.
func (d *decoder) record(schema avro.Schema, body []byte) bool {
	d.reader.Reset(body)
	d.reader.Error = nil
	var err error
	d.item, err = appendAvro(d.item[:0], d.reader, schema, 0)
	if err != nil || d.reader.Error != nil || len(d.item) == 0 || d.item[0] != '{' {
		return false
	}
	d.reader.Peek() // must fail: bytes left over mean another schema
	left := d.reader.Error == nil
	d.reader.Error = nil
	return !left
}
