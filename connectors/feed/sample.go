package feed

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hamba/avro/v2"
	"github.com/hamba/avro/v2/ocf"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// Sample is a file in which a department shows what it is going to send.
type Sample struct {
	stream  *schemas.Stream
	from    from
	checker *connectors.Checker
}

// NewSample prepares to look at files for a stream of a system of kind feed, or
// of kind push, whose contracts are the same.
func NewSample(sys *schemas.System, s *schemas.Stream) (*Sample, error) {
	f := from{Format: "json"}
	if kind, _ := connectors.KindOf(sys); kind == "feed" {
		_, froms, ps := read(sys)
		if len(ps) > 0 {
			return nil, fault.New(fault.Config, "reading the settings of %q: %s", sys.System, ps[0])
		}
		f = froms[s.Name]
	} else {
		var keys map[string]decl.Node // of another kind only the contract is ours to read
		if len(s.From.Decode(&keys)) == 0 && !keys["contract"].IsZero() {
			f.Contract = &connectors.Contract{}
			if ps := keys["contract"].Decode(f.Contract); len(ps) > 0 {
				return nil, fault.New(fault.Config, "reading the contract of %q: %s", s.Name, ps[0])
			}
		}
	}
	return &Sample{s, f, connectors.NewChecker(s, f.Contract)}, nil
}

// Checker is the contract of the stream.
func (s *Sample) Checker() *connectors.Checker { return s.checker }

// Each visits the records of a file: JSON or JSON Lines, CSV, or an Avro object
// container, as its name says, or else as the stream's messages are.
func (s *Sample) Each(name string, data []byte, visit func(line int, item []byte, rule string)) error {
	f := s.from
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json", ".jsonl", ".ndjson":
		f.Format = "json"
	case ".csv":
		f.Format = "csv"
	case ".avro":
		return s.container(data, visit)
	}
	if f.Format == "avro" {
		return fault.Hint(fault.Config, "give an Avro object container (.avro), or the records as JSON", "reading sample %q: one message of Avro is no file", name)
	}
	d := newDecoder(f, nil)
	if f.Format == "csv" && len(f.Header) > 0 {
		// A sample often begins with the names that the messages do without.
		first, _, _ := bytes.Cut(d.utf8(data), []byte("\n"))
		if strings.TrimSpace(strings.ReplaceAll(string(first), `"`, "")) == strings.Join(f.Header, cmp.Or(f.Delimiter, ",")) {
			d.from.Header = nil
		}
	}
	return d.each(context.Background(), data, visit)
}

// container visits the records of an Avro object container.
func (s *Sample) container(data []byte, visit func(line int, item []byte, rule string)) error {
	dec, err := ocf.NewDecoder(bytes.NewReader(data), ocf.WithDecoderConfig(avroConfig), ocf.WithDecoderSchemaCache(&avro.SchemaCache{}))
	if err != nil {
		return fault.New(fault.Data, "reading an Avro object container: it is none, or damaged")
	}
	schema := dec.Schema()
	d := newDecoder(from{Format: "avro"}, &writers{})
	n := 0
	for dec.HasNext() {
		n++
		var v any
		if dec.Decode(&v) != nil {
			visit(n, nil, "avro.data")
			return nil //nolint:nilerr // the visitor was told
		}
		b, err := avro.Marshal(schema, v)
		if err != nil || !d.record(schema, b) {
			visit(n, nil, "avro.data")
			continue
		}
		visit(n, d.item, "")
	}
	if dec.Error() != nil {
		visit(n+1, nil, "avro.data")
	}
	return nil
}

// AvroSchema is the contract as an Avro record. It is the declared writer's
// schema where there is one.
func (s *Sample) AvroSchema() (string, error) {
	if s.from.Schema.IsSet() {
		return s.from.Schema.Value()
	}
	rules := connectors.Contract{}
	if s.from.Contract != nil {
		rules = *s.from.Contract
	}
	var fields []any
	for _, f := range s.stream.Fields {
		r, _ := rules.Fields.Get(f.Key)
		var typ any = "string"
		switch {
		case r.Value.Format == "integer":
			typ = "long"
		case r.Value.Format == "date":
			typ = map[string]any{"type": "int", "logicalType": "date"}
		case f.Value == "number":
			typ = map[string]any{"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 4}
		case f.Value == "bool":
			typ = "boolean"
		}
		field := map[string]any{"name": f.Key, "type": typ}
		if doc := strings.Trim(r.Value.Zh+" / "+r.Value.En, " /"); doc != "" {
			field["doc"] = doc
		}
		if !s.checker.Required(f.Key) {
			field["type"], field["default"] = []any{"null", typ}, nil
		}
		fields = append(fields, field)
	}
	doc := map[string]any{"type": "record", "namespace": "rongtong.feed", "name": s.stream.Name, "fields": fields}
	b, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return "", err
	}
	if _, err := parseSchema(string(b)); err != nil {
		return "", fault.Hint(fault.Config, "Avro names are letters, digits and _; give the stream's fields such names, or send JSON", "deriving the Avro schema of %q: %w", s.stream.Name, err)
	}
	return string(b) + "\n", nil
}

// Header is the row of names of a feed of CSV, if it has one.
func (s *Sample) Header() []string { return s.from.Header }

// Markdown is the contract for people.
func (s *Sample) Markdown(title string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", title)
	if s.from.Topic != "" {
		fmt.Fprintf(&b, "Topic `%s`, format `%s`. Deletions: a tombstone whose key is ", s.from.Topic, s.from.Format)
		if len(s.stream.Key) == 1 {
			fmt.Fprintf(&b, "`%s`.\n\n", s.stream.Key[0])
		} else {
			fmt.Fprintf(&b, "a JSON object of `%s`.\n\n", strings.Join(s.stream.Key, "`, `"))
		}
	}
	b.WriteString("| 字段 field | 说明 | required | type | rule |\n| --- | --- | --- | --- | --- |\n")
	for _, f := range s.checker.Describe() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", f.Name, strings.Trim(f.Zh+" "+f.En, " "), map[bool]string{true: "是 yes", false: ""}[f.Required], f.Type, strings.ReplaceAll(f.Rule, "|", `\|`))
	}
	return b.String()
}
