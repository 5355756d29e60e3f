package connectors

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"rongtong/schemas"
	"rongtong/schemas/decl"
)

// Contract is what a department promises of each record it sends, beyond the
// names and types of the stream: `from.contract` of the protocols that take
// what others send. The key fields are always required.
type Contract struct {
	decl.Pos
	Strict bool                `decl:"strict"` // a field that is not declared breaks the contract; otherwise it is counted
	Fields decl.Map[FieldRule] `decl:"fields"`
}

// FieldRule is what is promised of one field. All that is given must hold.
type FieldRule struct {
	decl.Pos
	Zh        string   `decl:"zh"` // what the field is, for people
	En        string   `decl:"en"`
	Required  bool     `decl:"required"`
	Format    string   `decl:"format"`
	Pattern   string   `decl:"pattern"` // RE2; write ^ and $
	OneOf     []string `decl:"one_of"`
	MaxLength int      `decl:"max_length"` // in characters
	Min       string   `decl:"min"`        // decimal
	Max       string   `decl:"max"`
}

// A format is a way to write a value. Their patterns stand in the published
// contract; dates and times must also exist.
type format struct {
	pattern string
	layouts []string
	zh, en  string // an example says more than a pattern
}

var formats = map[string]format{
	"date":     {`^\d{4}-\d{2}-\d{2}$`, []string{time.DateOnly}, "日期，如 2025-12-31", "a date, such as 2025-12-31"},
	"datetime": {`^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?$`, []string{time.DateTime, time.RFC3339, "2006-01-02T15:04:05"}, "时间，如 2025-12-31 08:30:00", "a time, such as 2025-12-31 08:30:00"},
	"month":    {`^\d{4}-?\d{2}$`, []string{"2006-01", "200601"}, "月份，如 2025-12", "a month, such as 2025-12"},
	"quarter":  {`^\d{4}Q[1-4]$`, nil, "季度，如 2025Q4", "a quarter, such as 2025Q4"},
	"integer":  {`^-?\d{1,18}$`, nil, "整数", "a whole number"},
	"decimal":  {`^-?\d{1,18}(\.\d{1,9})?$`, nil, "数字，如 12.50", "a number, such as 12.50"},
	"division": {`^(\d{6}|\d{9}|\d{12})$`, nil, "6、9 或 12 位区划代码", "a division code of 6, 9 or 12 digits"},
	"uscc":     {`^[0-9A-HJ-NPQRTUWXY]{18}$`, nil, "18 位统一社会信用代码", "a credit code of 18 characters"}, // GB 32100-2015, 4.1
}

// Breach is one broken promise. It names places, fields that are declared, and
// what was agreed; it never repeats a value.
type Breach struct {
	Line  int    `json:"line,omitempty"` // of the body or file, from 1; 0: not known
	Item  int    `json:"item"`           // record, from 1
	Field string `json:"field,omitempty"`
	Rule  string `json:"rule"`
	Zh    string `json:"message_zh"`
	En    string `json:"message_en"`
}

// Validate checks a declared contract against its stream.
func (c *Contract) Validate(s *schemas.Stream) []decl.Problem {
	var ps []decl.Problem
	var names, known []string
	for _, f := range s.Fields {
		names = append(names, f.Key)
	}
	for f := range formats {
		known = append(known, f)
	}
	slices.Sort(known)
	for _, e := range c.Fields {
		r := e.Value
		if !slices.Contains(names, e.Key) {
			ps = append(ps, e.Problem("contract.field", decl.Suggest(e.Key, names), "%q is not a field of the stream", e.Key))
		}
		if _, ok := formats[r.Format]; r.Format != "" && !ok {
			ps = append(ps, r.Problem("contract.format", decl.Suggest(r.Format, known), "%q is not a format: %s", r.Format, strings.Join(known, ", ")))
		}
		if _, err := regexp.Compile(r.Pattern); err != nil {
			ps = append(ps, r.Problem("contract.pattern", "RE2 has no look-ahead and no back-references", "the pattern of %q is not a regular expression", e.Key))
		}
		for _, bound := range []string{r.Min, r.Max} {
			if _, err := strconv.ParseFloat(bound, 64); bound != "" && err != nil {
				ps = append(ps, r.Problem("contract.range", "", "the bound %q of %q is not a number", bound, e.Key))
			}
		}
		if r.MaxLength < 0 {
			ps = append(ps, r.Problem("contract.range", "", "max_length cannot be negative"))
		}
	}
	return ps
}

// Checker checks records against the contract of a stream. It is safe for
// concurrent use.
type Checker struct {
	stream  *schemas.Stream
	strict  bool
	fields  []fieldCheck // in the order of the stream
	index   map[string]int
	dropped map[string]bool
}

type fieldCheck struct {
	FieldRule
	name, kind string
	required   bool
	pattern    *regexp.Regexp
	format     format
	formatted  *regexp.Regexp
	min, max   float64
}

// NewChecker compiles a contract; nil is the contract of a stream that declares
// none: the key must be there, and nothing is nested.
func NewChecker(s *schemas.Stream, c *Contract) *Checker {
	k := &Checker{stream: s, index: map[string]int{}, dropped: map[string]bool{}}
	rules := decl.Map[FieldRule]{}
	if c != nil {
		k.strict, rules = c.Strict, c.Fields
	}
	for i, f := range s.Fields {
		e, declared := rules.Get(f.Key)
		fc := fieldCheck{FieldRule: e.Value, name: f.Key, required: c != nil && (e.Value.Required || slices.Contains(s.Key, f.Key))}
		if c != nil {
			fc.kind = f.Value
		}
		if declared {
			fc.compile()
		}
		k.fields = append(k.fields, fc)
		k.index[f.Key] = i
	}
	for _, d := range s.Drop {
		k.dropped[d] = true
	}
	return k
}

func (f *fieldCheck) compile() {
	if f.Pattern != "" {
		f.pattern = regexp.MustCompile(f.Pattern) // Validate has seen it
	}
	if f.Format != "" {
		f.format = formats[f.Format]
		f.formatted = regexp.MustCompile(f.format.pattern)
	}
	f.min, _ = strconv.ParseFloat(f.Min, 64)
	f.max, _ = strconv.ParseFloat(f.Max, 64)
}

// Check reports every breach of one JSON object, in the order of the stream's
// fields. An error says that item is no well-formed object.
func (k *Checker) Check(item []byte, report func(b Breach)) error {
	values := make([][]byte, len(k.fields))
	err := EachField(item, func(name, value []byte) {
		i, ok := k.index[string(name)]
		switch {
		case ok:
			values[i] = value
		case value[0] == '{' || value[0] == '[':
			report(Breach{Rule: "json.nested", Zh: "字段只能是文本、数字、布尔或空值", En: "a field can only be text, number, bool or null"})
		case k.strict && !k.dropped[string(name)]: // the name is not repeated: it may be anything
			report(Breach{Rule: "contract.unknown_field", Zh: "有约定之外的字段", En: "there is a field that the contract does not have"})
		}
	})
	if err != nil {
		return err
	}
	for i := range k.fields {
		if b, ok := k.fields[i].check(values[i]); !ok {
			report(b)
		}
	}
	return nil
}

// check judges one raw value; nil is an absent one.
func (f *fieldCheck) check(raw []byte) (Breach, bool) {
	fail := func(rule, zh, en string) (Breach, bool) {
		return Breach{Field: f.name, Rule: rule, Zh: zh, En: en}, false
	}
	if len(raw) == 0 || raw[0] == 'n' || string(raw) == `""` {
		if f.required {
			return fail("contract.required", "必填项为空", "a required value is missing")
		}
		return Breach{}, true
	}
	if raw[0] == '{' || raw[0] == '[' {
		return fail("json.nested", "字段只能是文本、数字、布尔或空值", "a field can only be text, number, bool or null")
	}
	value := raw
	if raw[0] == '"' {
		value = unescape(nil, raw[1:len(raw)-1])
	}
	switch f.kind {
	case "number":
		if !isNumber(value) {
			return fail("contract.type", "应为数字，不带单位或文字", "a number is agreed, without a unit or words")
		}
	case "bool":
		if s := string(value); s != "true" && s != "false" {
			return fail("contract.type", "应为 true 或 false", "true or false is agreed")
		}
	}
	switch {
	case f.MaxLength > 0 && utf8.RuneCount(value) > f.MaxLength:
		n := strconv.Itoa(f.MaxLength)
		return fail("contract.max_length", "超过 "+n+" 个字符", "it is longer than "+n+" characters")
	case f.formatted != nil && !f.format.matches(f.formatted, value):
		return fail("contract.format", "写法不符合约定："+f.format.zh, "it is not written as agreed: "+f.format.en)
	case f.pattern != nil && !f.pattern.Match(value):
		return fail("contract.pattern", "不符合约定的格式 "+f.Pattern, "it does not match the agreed pattern "+f.Pattern)
	case len(f.OneOf) > 0 && !slices.Contains(f.OneOf, string(value)):
		list := strings.Join(f.OneOf, "、")
		return fail("contract.one_of", "不在约定的取值之中："+list, "it is none of the agreed values: "+strings.Join(f.OneOf, ", "))
	}
	return f.inRange(value, fail)
}

func (f *fieldCheck) inRange(value []byte, fail func(rule, zh, en string) (Breach, bool)) (Breach, bool) {
	if f.Min == "" && f.Max == "" {
		return Breach{}, true
	}
	n, err := strconv.ParseFloat(string(value), 64)
	switch {
	case err != nil:
		return fail("contract.type", "应为数字，不带单位或文字", "a number is agreed, without a unit or words")
	case f.Min != "" && n < f.min:
		return fail("contract.range", "小于约定的最小值 "+f.Min, "it is below the agreed minimum "+f.Min)
	case f.Max != "" && n > f.max:
		return fail("contract.range", "大于约定的最大值 "+f.Max, "it is above the agreed maximum "+f.Max)
	}
	return Breach{}, true
}

// matches reports whether value is written in the format and, for a date or a
// time, exists.
func (f format) matches(pattern *regexp.Regexp, value []byte) bool {
	if !pattern.Match(value) {
		return false
	}
	for _, layout := range f.layouts {
		if _, err := time.Parse(layout, string(value)); err == nil {
			return true
		}
	}
	return len(f.layouts) == 0
}

// JSONSchema is the contract for people and validators: JSON Schema 2020-12 of
// one record. What is not required may be left out or null.
func (k *Checker) JSONSchema(id, title string) map[string]any {
	props, required := map[string]any{}, []string{}
	for _, f := range k.fields {
		p := map[string]any{}
		if t := strings.Trim(f.Zh+" / "+f.En, " /"); t != "" {
			p["title"] = t
		}
		types := []any{"string"}
		switch f.kind {
		case "number":
			types = []any{"number", "string"} // a text keeps its digits; JSON numbers pass through floating point in many writers
			p["pattern"] = formats["decimal"].pattern
		case "bool":
			types = []any{"boolean"}
		default:
			if f.Format == "" && f.Pattern == "" && len(f.OneOf) == 0 { // what is written in a certain way is a text
				types = append(types, "number")
			}
		}
		if f.Format != "" {
			p["pattern"], p["description"] = f.format.pattern, f.format.zh+" / "+f.format.en
		}
		if f.Pattern != "" {
			p["pattern"] = f.Pattern
		}
		if f.MaxLength > 0 {
			p["maxLength"] = f.MaxLength
		}
		if f.Min != "" {
			p["minimum"] = f.min
		}
		if f.Max != "" {
			p["maximum"] = f.max
		}
		if f.required {
			required = append(required, f.name)
			if p["pattern"] == nil && f.kind != "bool" {
				p["minLength"] = 1
			}
		} else {
			types = append(types, "null")
		}
		if len(f.OneOf) > 0 {
			list := []any{}
			for _, v := range f.OneOf {
				list = append(list, v)
			}
			if !f.required {
				list = append(list, nil)
			}
			p["enum"] = list
		}
		p["type"] = types
		props[f.name] = p
	}
	return map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": id, "title": title, "type": "object",
		"properties": props, "required": required, "additionalProperties": !k.strict, "x-key": k.stream.Key,
	}
}

// LineAt is the line, from 1, of the byte at offset.
func LineAt(body []byte, offset int) int {
	return 1 + bytes.Count(body[:min(max(offset, 0), len(body))], []byte("\n"))
}

// Required reports whether a field must have a value.
func (k *Checker) Required(field string) bool {
	i, ok := k.index[field]
	return ok && (k.fields[i].required || slices.Contains(k.stream.Key, field))
}

// FieldText is a field of a contract, for people.
type FieldText struct {
	Name, Zh, En, Type, Rule string
	Required                 bool
}

// Describe lists the fields of the contract in their order.
func (k *Checker) Describe() []FieldText {
	var out []FieldText
	for i, f := range k.fields {
		t := FieldText{Name: f.name, Zh: f.Zh, En: f.En, Type: k.stream.Fields[i].Value, Required: k.Required(f.name)}
		var rules []string
		if f.Format != "" {
			rules = append(rules, f.format.zh+"; "+f.format.en)
		}
		if f.Pattern != "" {
			rules = append(rules, "`"+f.Pattern+"`")
		}
		if len(f.OneOf) > 0 {
			rules = append(rules, strings.Join(f.OneOf, "、"))
		}
		if f.MaxLength > 0 {
			rules = append(rules, "≤ "+strconv.Itoa(f.MaxLength)+" 字")
		}
		if f.Min != "" {
			rules = append(rules, "≥ "+f.Min)
		}
		if f.Max != "" {
			rules = append(rules, "≤ "+f.Max)
		}
		t.Rule = strings.Join(rules, "; ")
		out = append(out, t)
	}
	return out
}
