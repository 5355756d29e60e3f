package connectors

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/record"
)

// nesting is how deep a JSON value may be: deeper is an attack, not a record.
const nesting = 128

// unknownNames bounds the distinct names of undeclared fields that are counted
// one by one, because a source chooses them: what comes after is counted as "…".
const unknownNames = 256

// ItemError says where JSON is not what the protocol promises. It names rules
// and declared fields, never values: the text of a record is not repeated.
type ItemError struct {
	Rule   string // "json.syntax", "json.truncated", "json.nested", "json.depth", "item.object", "item.array"
	Field  string // declared field, or empty
	Offset int    // byte offset in the text that was read
}

func (e *ItemError) Error() string {
	if e.Field != "" {
		return fmt.Sprintf("%s in field %q at byte %d", e.Rule, e.Field, e.Offset)
	}
	return fmt.Sprintf("%s at byte %d", e.Rule, e.Offset)
}

// FindJSON checks that doc is exactly one JSON document and returns, for each
// dotted path of object members ("data.list"), the raw bytes of the value,
// borrowed from doc, or nil where there is none. The whole document is checked
// before anything is returned, so that half a page is never taken for a page.
func FindJSON(doc []byte, paths ...string) ([][]byte, error) {
	found := make([][]byte, len(paths))
	var path []byte
	i, err := findValue(doc, skipSpace(doc, 0), path, paths, found, 0)
	if err != nil {
		return nil, err
	}
	if i = skipSpace(doc, i); i != len(doc) {
		return nil, &ItemError{Rule: "json.syntax", Offset: i}
	}
	return found, nil
}

func findValue(b []byte, i int, path []byte, paths []string, found [][]byte, depth int) (int, error) {
	if i >= len(b) || b[i] != '{' || depth > nesting || !onTheWay(path, paths) {
		return skipValue(b, i, depth)
	}
	return eachMember(b, i, func(name []byte, at int) (int, error) {
		sub := append(path[:len(path):len(path)], name...)
		end, err := findValue(b, at, append(sub, '.'), paths, found, depth+1)
		if err != nil {
			return 0, err
		}
		for k, p := range paths {
			if p == string(sub) {
				found[k] = b[at:end]
			}
		}
		return end, nil
	})
}

// onTheWay reports whether any path leads through path.
func onTheWay(path []byte, paths []string) bool {
	for _, p := range paths {
		if len(path) < len(p) && p[:len(path)] == string(path) {
			return true
		}
	}
	return false
}

// eachMember calls visit with the name and the place of the value of every
// member of the object at b[i]; visit returns the place after the value.
func eachMember(b []byte, i int, visit func(name []byte, at int) (int, error)) (int, error) {
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1, nil
	}
	for {
		from := i
		end, plain, err := skipString(b, i)
		if err != nil {
			return 0, err
		}
		i = skipSpace(b, end)
		if i >= len(b) || b[i] != ':' {
			return 0, broken(b, i)
		}
		if i, err = visit(text(b, from, end, plain, nil), skipSpace(b, i+1)); err != nil {
			return 0, err
		}
		i = skipSpace(b, i)
		switch {
		case i < len(b) && b[i] == ',':
			i = skipSpace(b, i+1)
		case i < len(b) && b[i] == '}':
			return i + 1, nil
		default:
			return 0, broken(b, i)
		}
	}
}

// EachItem calls visit with every element of the JSON array raw, in order. An
// element is checked before it is visited, what follows it is not yet.
func EachItem(raw []byte, visit func(item []byte) error) error {
	_, err := eachItem(raw, skipSpace(raw, 0), func(_ int, item []byte) error { return visit(item) })
	return err
}

// eachItem visits the array at b[i] and returns the place after it.
func eachItem(b []byte, i int, visit func(at int, item []byte) error) (int, error) {
	if i >= len(b) || b[i] != '[' {
		return 0, &ItemError{Rule: "item.array", Offset: i}
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == ']' {
		return i + 1, nil
	}
	for {
		end, err := skipValue(b, i, 1)
		if err != nil {
			return 0, err
		}
		if err := visit(i, b[i:end:end]); err != nil {
			return 0, err
		}
		i = skipSpace(b, end)
		switch {
		case i < len(b) && b[i] == ',':
			i = skipSpace(b, i+1)
		case i < len(b) && b[i] == ']':
			return i + 1, nil
		default:
			return 0, broken(b, i)
		}
	}
}

// Infer adds to a stream the fields of a JSON object that it does not have yet,
// with the type their values look like.
func Infer(s *schemas.Stream, item []byte) {
	_ = EachField(item, func(name, value []byte) { // what is no object has no fields
		kind := "text"
		switch {
		case value[0] == 't' || value[0] == 'f':
			kind = "bool"
		case value[0] == '-' || value[0]-'0' <= 9:
			kind = "number"
		}
		if _, ok := s.Fields.Get(string(name)); !ok {
			s.Fields = append(s.Fields, decl.Entry[string]{Key: string(name), Value: kind})
		}
	})
}

// EachField calls visit with the name and the raw value, both borrowed, of every
// member of the JSON object item, in order.
func EachField(item []byte, visit func(name, value []byte)) error {
	i := skipSpace(item, 0)
	if i >= len(item) || item[i] != '{' {
		return &ItemError{Rule: "item.object", Offset: i}
	}
	_, err := eachMember(item, i, func(name []byte, at int) (int, error) {
		end, err := skipValue(item, at, 1)
		if err == nil {
			visit(name, item[at:end])
		}
		return end, err
	})
	return err
}

// Objects calls visit with the place and the bytes of every value of a body
// that is one object, an array of objects, or objects one after another (JSON
// Lines). A value is checked before it is visited, what follows it is not yet: a
// caller that wants all or nothing visits twice. That values are objects is for
// visit to check.
func Objects(body []byte, visit func(at int, item []byte) error) error {
	i := skipSpace(body, 0)
	if i < len(body) && body[i] == '[' {
		end, err := eachItem(body, i, visit)
		if err != nil {
			return err
		}
		if i = skipSpace(body, end); i != len(body) {
			return &ItemError{Rule: "json.syntax", Offset: i}
		}
		return nil
	}
	return eachValue(body, visit)
}

// EachValue calls visit with every JSON value of a body in which values stand
// one after another: JSON Lines, or the arrays that open-data portals join. A
// value is checked before it is visited, what follows it is not yet.
func EachValue(body []byte, visit func(value []byte) error) error {
	return eachValue(body, func(_ int, value []byte) error { return visit(value) })
}

func eachValue(body []byte, visit func(at int, value []byte) error) error {
	for i := skipSpace(body, 0); i < len(body); {
		end, err := skipValue(body, i, 0)
		if err != nil {
			return err
		}
		if err := visit(i, body[i:end:end]); err != nil {
			return err
		}
		i = skipSpace(body, end)
	}
	return nil
}

// ItemReader takes JSON objects apart into the fields a stream declares. What
// the stream drops or does not know is counted and never leaves it. It
// allocates nothing per object once warm. It is not safe for concurrent use.
type ItemReader struct {
	object  *Object
	numeric []bool // the declared fields that are not text
	slots   map[string]*itemSlot
	drops   []*itemSlot
	unknown map[string]*int64
	used    [][]byte // values of the fields the connector itself looks at
	scratch []byte
	arena   []byte // backs used
	nested  string // the first declared field that held an object or array
}

type itemSlot struct {
	name    string
	field   int // index of the declared field, or -1
	use     int // index in used, or -1
	dropped bool
	count   int64
}

// NewItemReader prepares the reader of a stream. The names of use are fields
// that the connector itself looks at, declared or not: Used gives their text,
// and they are not counted as unknown.
func NewItemReader(s *schemas.Stream, use ...string) *ItemReader {
	r := &ItemReader{
		object: NewObject(s), slots: map[string]*itemSlot{}, unknown: map[string]*int64{},
		numeric: make([]bool, len(s.Fields)), used: make([][]byte, len(use)),
	}
	slot := func(name string) *itemSlot {
		if r.slots[name] == nil {
			r.slots[name] = &itemSlot{name: name, field: -1, use: -1}
		}
		return r.slots[name]
	}
	for i, f := range s.Fields {
		slot(f.Key).field = i
		r.numeric[i] = f.Value == "number" || f.Value == "bool"
	}
	for _, d := range s.Drop {
		d := slot(d)
		d.dropped = true
		r.drops = append(r.drops, d)
	}
	for i, u := range use {
		if u != "" {
			slot(u).use = i
		}
	}
	return r
}

// Read takes one JSON object apart. The record stands in the reader until
// AppendTo or the next Read. A field that holds an object or an array is read
// as null and makes the record faulty; only an item that is no well-formed
// object is an error.
func (r *ItemReader) Read(item []byte) error {
	r.object.Reset()
	clear(r.used)
	r.arena, r.nested = r.arena[:0], ""
	i := skipSpace(item, 0)
	if i >= len(item) || item[i] != '{' {
		return &ItemError{Rule: "item.object", Offset: i}
	}
	end, err := r.members(item, i)
	if err != nil {
		return err
	}
	if end = skipSpace(item, end); end != len(item) {
		return &ItemError{Rule: "json.syntax", Offset: end}
	}
	return nil
}

// members is eachMember written out: a closure per record would be allocated.
func (r *ItemReader) members(b []byte, i int) (int, error) {
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1, nil
	}
	for {
		from := i
		end, plain, err := skipString(b, i)
		if err != nil {
			return 0, err
		}
		if !plain {
			r.scratch = unescape(r.scratch[:0], b[from+1:end-1])
		}
		s := r.slot(b[from+1:end-1], plain)
		i = skipSpace(b, end)
		if i >= len(b) || b[i] != ':' {
			return 0, broken(b, i)
		}
		if i, err = r.value(b, skipSpace(b, i+1), s); err != nil {
			return 0, err
		}
		i = skipSpace(b, i)
		switch {
		case i < len(b) && b[i] == ',':
			i = skipSpace(b, i+1)
		case i < len(b) && b[i] == '}':
			return i + 1, nil
		default:
			return 0, broken(b, i)
		}
	}
}

// slot finds a field by its name, or counts it as unknown and returns nil.
func (r *ItemReader) slot(name []byte, plain bool) *itemSlot {
	if !plain {
		name = r.scratch
	}
	s := r.slots[string(name)]
	switch {
	case s == nil:
		n := r.unknown[string(name)]
		if n == nil && len(r.unknown) >= unknownNames {
			name = []byte("…")
			n = r.unknown["…"]
		}
		if n == nil {
			n = new(int64)
			r.unknown[string(name)] = n
		}
		*n++
	case s.dropped:
		s.count++
	}
	return s
}

// value reads one value into the field of slot s and returns the place after it.
func (r *ItemReader) value(b []byte, i int, s *itemSlot) (int, error) {
	if i >= len(b) || b[i] != '"' {
		end, err := skipValue(b, i, 1)
		if err != nil || s == nil {
			return end, err
		}
		r.bare(b[i:end], s)
		return end, nil
	}
	end, plain, err := skipString(b, i)
	if err != nil || s == nil || s.dropped && s.use < 0 {
		return end, err
	}
	v := text(b, i, end, plain, &r.scratch)
	if f := s.field; f >= 0 && !s.dropped {
		switch {
		case !r.numeric[f]:
			r.object.SetBytes(f, v)
		case !r.trueOrFalse(f, v):
			r.object.SetNumber(f, v)
		}
	}
	r.keep(s, v)
	return end, nil
}

func (r *ItemReader) trueOrFalse(f int, v []byte) bool {
	if string(v) == "true" || string(v) == "false" {
		r.object.SetBool(f, v[0] == 't')
		return true
	}
	return false
}

// bare takes a value that is no string: number, true, false, null or nested.
func (r *ItemReader) bare(v []byte, s *itemSlot) {
	f := s.field
	switch v[0] {
	case '{', '[':
		if f >= 0 && !s.dropped {
			r.object.SetNull(f)
			if r.nested == "" {
				r.nested = s.name
			}
		}
		return
	case 'n':
		if f >= 0 && !s.dropped {
			r.object.SetNull(f)
		}
		if s.use >= 0 {
			r.used[s.use] = nil
		}
		return
	}
	r.keep(s, v)
	switch {
	case f < 0 || s.dropped:
	case !r.numeric[f]:
		r.object.SetBytes(f, v)
	case !r.trueOrFalse(f, v):
		r.object.SetNumber(f, v)
	}
}

// keep remembers a value the connector wants to look at.
func (r *ItemReader) keep(s *itemSlot, v []byte) {
	if s.use < 0 {
		return
	}
	from := len(r.arena)
	r.arena = append(r.arena, v...)
	r.used[s.use] = r.arena[from:len(r.arena):len(r.arena)]
}

// Used is the text of the i-th field named in NewItemReader, valid until the
// next Read; nil where it was missing or null.
func (r *ItemReader) Used(i int) []byte { return r.used[i] }

// Nested is the first declared field of the record that held an object or an
// array, or empty.
func (r *ItemReader) Nested() string { return r.nested }

// AppendTo appends the record that was read to a chunk.
func (r *ItemReader) AppendTo(c *record.Chunk, at time.Time, op record.Op, place string) {
	r.AppendAs(c, at, op, place, "")
}

// AppendAs is AppendTo for a record that is known to break a rule; empty: none.
func (r *ItemReader) AppendAs(c *record.Chunk, at time.Time, op record.Op, place, rule string) {
	if rule == "" && r.nested != "" {
		rule = "json.nested"
	}
	r.object.AppendTo(c, at, op, place, rule)
}

// AppendFault appends a record without values for something that is no record:
// it goes to the rejects by its place and rule, and the good ones go on.
func (r *ItemReader) AppendFault(c *record.Chunk, at time.Time, place, rule string) {
	r.object.Reset()
	r.object.AppendTo(c, at, record.Upsert, place, rule)
}

// AddTo puts the counts of dropped and unknown fields into stats.
func (r *ItemReader) AddTo(stats *Stats) {
	stats.DroppedFields, stats.UnknownFields = map[string]int64{}, map[string]int64{}
	for _, d := range r.drops {
		stats.DroppedFields[d.name] = d.count
	}
	for name, n := range r.unknown {
		stats.UnknownFields[name] = *n
	}
}

// sourceZone is the zone of times that name none: China has had one since 1949
// and no summer time since 1991, long before any system read here.
var sourceZone = time.FixedZone("Asia/Shanghai", 8*3600)

// ParseAt reads an event time: "2006-01-02 15:04:05" in Asia/Shanghai, RFC
// 3339, or milliseconds since 1970. The zero time, false: none of these.
func ParseAt(v []byte) (time.Time, bool) {
	if len(v) == 0 || len(v) > 40 {
		return time.Time{}, false
	}
	if digits := bytes.TrimLeft(v, "0123456789"); len(digits) == 0 {
		ms, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil || len(v) < 11 { // shorter is seconds, a date or a serial: not ours to guess
			return time.Time{}, false
		}
		return time.UnixMilli(ms), true
	}
	layout := time.RFC3339
	if len(v) > 10 && v[10] == ' ' {
		layout = time.DateTime
	}
	t, err := time.ParseInLocation(layout, string(v), sourceZone)
	return t, err == nil
}

// broken says whether the text ended or is wrong at i.
func broken(b []byte, i int) error {
	if i >= len(b) {
		return &ItemError{Rule: "json.truncated", Offset: len(b)}
	}
	return &ItemError{Rule: "json.syntax", Offset: i}
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// stops marks the bytes that end the plain part of a string.
var stops = func() (t [256]bool) {
	for i := range 0x20 {
		t[i] = true
	}
	t['"'], t['\\'] = true, true
	return t
}()

// skipString returns the place after the string at b[i], and whether it is
// free of escapes.
func skipString(b []byte, i int) (end int, plain bool, err error) {
	if i >= len(b) || b[i] != '"' {
		return 0, false, broken(b, i)
	}
	plain = true
	for i++; ; {
		for i < len(b) && !stops[b[i]] {
			i++
		}
		if i >= len(b) || b[i] < 0x20 {
			return 0, false, broken(b, i)
		}
		if b[i] == '"' {
			return i + 1, plain, nil
		}
		plain = false
		if i, err = skipEscape(b, i); err != nil {
			return 0, false, err
		}
	}
}

// skipEscape checks the escape at b[i] and returns the place after it.
func skipEscape(b []byte, i int) (int, error) {
	if i++; i >= len(b) {
		return 0, broken(b, i)
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1, nil
	case 'u':
		for k := 1; k <= 4; k++ {
			if i+k >= len(b) || unhex(b[i+k]) < 0 {
				return 0, broken(b, i+k)
			}
		}
		return i + 5, nil
	}
	return 0, broken(b, i)
}

// skipValue checks the JSON value at b[i] and returns the place after it.
func skipValue(b []byte, i, depth int) (int, error) {
	if i >= len(b) {
		return 0, broken(b, i)
	}
	switch c := b[i]; {
	case c == '"':
		end, _, err := skipString(b, i)
		return end, err
	case c == '{', c == '[':
		if depth >= nesting {
			return 0, &ItemError{Rule: "json.depth", Offset: i}
		}
		return skipNested(b, i, depth+1)
	case c == 't':
		return literal(b, i, "true")
	case c == 'f':
		return literal(b, i, "false")
	case c == 'n':
		return literal(b, i, "null")
	}
	end := i
	for end < len(b) && (b[end]-'0' <= 9 || b[end] == '-' || b[end] == '+' || b[end] == '.' || b[end]|0x20 == 'e') {
		end++
	}
	if !isNumber(b[i:end]) {
		return 0, broken(b, max(end, i))
	}
	return end, nil
}

func literal(b []byte, i int, word string) (int, error) {
	for k := range len(word) {
		if i+k >= len(b) || b[i+k] != word[k] {
			return 0, broken(b, i+k)
		}
	}
	return i + len(word), nil
}

func skipNested(b []byte, i, depth int) (int, error) {
	object, closing := b[i] == '{', b[i]+2 // '{'+2 is '}', '['+2 is ']'
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == closing {
		return i + 1, nil
	}
	for {
		var err error
		if object {
			if i, _, err = skipString(b, i); err != nil {
				return 0, err
			}
			if i = skipSpace(b, i); i >= len(b) || b[i] != ':' {
				return 0, broken(b, i)
			}
			i = skipSpace(b, i+1)
		}
		if i, err = skipValue(b, i, depth); err != nil {
			return 0, err
		}
		if i = skipSpace(b, i); i >= len(b) || b[i] != ',' && b[i] != closing {
			return 0, broken(b, i)
		}
		if b[i] == closing {
			return i + 1, nil
		}
		i = skipSpace(b, i+1)
	}
}

// text is the content of the string b[from:end]. An escaped one is written to
// scratch, or newly allocated where scratch is nil.
func text(b []byte, from, end int, plain bool, scratch *[]byte) []byte {
	if plain {
		return b[from+1 : end-1]
	}
	if scratch == nil {
		return unescape(nil, b[from+1:end-1])
	}
	*scratch = unescape((*scratch)[:0], b[from+1:end-1])
	return *scratch
}

// Unquote appends the text of a JSON string, quotes included in raw, as FindJSON
// and EachField give it: checked, and borrowed from the document.
func Unquote(dst, raw []byte) []byte { return unescape(dst, raw[1:len(raw)-1]) }

// unescape appends the text of a string whose escapes were already checked.
func unescape(dst, s []byte) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			dst = append(dst, s[i])
			continue
		}
		i++
		switch s[i] {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hex4(s[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				r2 := rune(utf8.RuneError)
				if i+6 < len(s) && s[i+1] == '\\' && s[i+2] == 'u' {
					r2 = utf16.DecodeRune(r, hex4(s[i+3:]))
				}
				if r = r2; r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, s[i])
		}
	}
	return dst
}

func hex4(s []byte) rune {
	return rune(unhex(s[0])<<12 | unhex(s[1])<<8 | unhex(s[2])<<4 | unhex(s[3]))
}

func unhex(c byte) int {
	switch {
	case c-'0' <= 9:
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
