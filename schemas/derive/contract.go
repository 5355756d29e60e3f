package derive

import (
	"encoding/json"
	"strings"

	"rongtong/schemas"
)

type object = map[string]any

// JSONSchema is the contract of a department's feed of an entity, in JSON
// Schema 2020-12: one object per row. What the declaration calls nullable may
// be left out or null; a field that the contract does not name is refused.
//
// A measure is a text of digits, because a JSON number passes through binary
// floating point in many writers and 0.1 would not arrive as it left. "x-unit",
// "x-pii" and "x-list" repeat the unit, the class of personal data and the code
// list of the declaration.
func JSONSchema(c *schemas.Catalog, e *schemas.Entity) map[string]any {
	props, required := object{}, []string{}
	for _, col := range e.Columns {
		props[col.Name] = property(c, col)
		if !col.Nullable && col.Type != schemas.List && col.Type != schemas.Map {
			required = append(required, col.Name)
		}
	}
	examples := []any{}
	for _, k := range e.Cases {
		if k.Breaks == "" {
			examples = append(examples, Example(e, k.Row))
		}
	}
	s := object{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id":     "urn:rongtong:feed:" + e.Entity,
		"title":   both(e.Name.Zh, e.Name.En), "description": both(e.Doc.Zh, e.Doc.En),
		"type": "object", "properties": props, "required": required, "additionalProperties": false,
		"x-key": e.Key,
	}
	if len(examples) > 0 {
		s["examples"] = examples
	}
	return s
}

func property(c *schemas.Catalog, col *schemas.Column) object {
	p := object{"title": both(col.Zh, col.En)}
	if col.Doc != "" {
		p["description"] = col.Doc
	}
	if col.Unit != "" {
		p["x-unit"] = col.Unit
	}
	if col.PII != "" && col.PII != schemas.P0 {
		p["x-pii"] = string(col.PII)
	}
	typ := "string"
	switch col.Type {
	case schemas.Code12:
		p["pattern"] = "^[0-9]{12}$"
	case schemas.Code18:
		p["pattern"] = "^[0-9A-HJ-NPQRTUWXY]{18}$" // GB 32100-2015, 4.1: no I, O, S, V, Z
	case schemas.Pid:
		p["pattern"] = "^[a-z2-7]{26}$" // base32 of a keyed digest
	case schemas.Measure:
		p["pattern"] = `^-?[0-9]{1,14}(\.[0-9]{1,4})?$`
	case schemas.Date:
		p["format"] = "date"
	case schemas.Time:
		p["format"] = "date-time"
	case schemas.Bool3:
		p["enum"] = []any{"yes", "no", "unknown"}
	case schemas.Int:
		typ = "integer"
	case schemas.List:
		typ, p["items"] = "array", items(c, col)
	case schemas.Map:
		typ, p["additionalProperties"] = "object", object{"type": "string"}
	case schemas.CodeType:
		p["x-list"] = col.List
		if l := c.Code(col.List); l != nil {
			codes := []any{}
			for _, code := range l.Codes {
				codes = append(codes, code.Code)
			}
			p["enum"] = codes
		}
	}
	p["type"] = typ
	if col.Nullable {
		p["type"] = []any{typ, "null"}
		if codes, ok := p["enum"].([]any); ok {
			p["enum"] = append(codes, nil)
		}
	}
	return p
}

// items is what a list holds: texts, or codes if it names a code list.
func items(c *schemas.Catalog, col *schemas.Column) object {
	l := c.Code(col.List)
	if l == nil {
		return object{"type": "string"}
	}
	codes := []any{}
	for _, code := range l.Codes {
		codes = append(codes, code.Code)
	}
	return object{"type": "string", "enum": codes}
}

// Example is a row of an entity case as a record of the feed. In a case every
// value is text, as Catalog.CheckRow reads it: "a|b" is a list, "k=v|l=w" a
// map, and an empty text no value.
func Example(e *schemas.Entity, row map[string]string) map[string]any {
	out := object{}
	for name, text := range row {
		col := e.Column(name)
		switch {
		case col == nil:
			out[name] = text
		case text == "" && (!e.IsKey(name) || col.Type != schemas.Text && col.Type != schemas.Name): // in a key the empty text is a value
		case col.Type == schemas.Int && json.Valid([]byte(text)):
			out[name] = json.Number(text)
		case col.Type == schemas.List:
			out[name] = strings.Split(text, "|")
		case col.Type == schemas.Map:
			m := map[string]string{}
			for pair := range strings.SplitSeq(text, "|") {
				k, v, _ := strings.Cut(pair, "=")
				m[k] = v
			}
			out[name] = m
		default:
			out[name] = text
		}
	}
	return out
}

// Avro is the same contract as an Avro 1.11 record. Codes are strings: an Avro
// enum could hold neither "111" nor a code that a later list adds.
func Avro(e *schemas.Entity) map[string]any {
	fields := []any{}
	for _, col := range e.Columns {
		f := object{"name": col.Name, "doc": both(col.Zh, col.En), "type": avroType(col)}
		if col.Nullable {
			f["type"], f["default"] = []any{"null", avroType(col)}, nil
		}
		fields = append(fields, f)
	}
	return object{"type": "record", "namespace": "rongtong.feed", "name": e.Entity, "doc": both(e.Name.Zh, e.Name.En), "fields": fields}
}

func avroType(col *schemas.Column) any {
	switch col.Type {
	case schemas.Int:
		return "long"
	case schemas.Measure:
		return object{"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 4}
	case schemas.Date:
		return object{"type": "int", "logicalType": "date"}
	case schemas.Time:
		return object{"type": "long", "logicalType": "timestamp-millis"}
	case schemas.List:
		return object{"type": "array", "items": "string"}
	case schemas.Map:
		return object{"type": "map", "values": "string"}
	}
	return "string"
}
