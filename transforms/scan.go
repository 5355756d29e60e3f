package transforms

import (
	"unicode/utf16"
	"unicode/utf8"
)

// slot is the scanned value of one declared field.
type slot struct {
	kind slotKind
	b    []byte // text unescaped, number literal; borrowed until the next row
}

type slotKind uint8

const (
	absent slotKind = iota // the zero value: the key was not there
	null
	str
	num
	yes
	no
	nested // an object or a list, which no declared field can be
)

// scanner reads one flat JSON object in a single pass. It accepts exactly what
// encoding/json accepts (fuzzed against it), down to maxDepth levels inside
// undeclared keys. It allocates only when an escaped text outgrows the arena.
type scanner struct {
	fields  [][]byte
	slots   []slot
	unknown int    // keys met that no field declares
	arena   []byte // unescaped text of this row
	v       []byte
	i       int
}

const maxDepth = 64

func newScanner(fields []string) *scanner {
	s := &scanner{slots: make([]slot, len(fields)), arena: make([]byte, 0, 1<<10)}
	for _, f := range fields {
		s.fields = append(s.fields, []byte(f))
	}
	return s
}

// scan fills the slots from v and returns the rule that v breaks, or "".
// A key that appears twice takes its last value. Keys usually stand in the
// order of the declaration, so the next field is tried first.
func (s *scanner) scan(v []byte) (rule string) {
	clear(s.slots)
	s.arena, s.v, s.i = s.arena[:0], v, 0
	if !utf8.Valid(v) {
		return ruleEncodingLoss
	}
	if !s.object() {
		clear(s.slots)
		return ruleJSONSyntax
	}
	return ""
}

func (s *scanner) object() bool {
	s.space()
	if !s.byte('{') {
		return false
	}
	s.space()
	if s.byte('}') {
		return s.end()
	}
	next := 0
	for {
		s.space()
		key, ok := s.text()
		if !ok {
			return false
		}
		s.space()
		if !s.byte(':') {
			return false
		}
		s.space()
		at := s.field(key, next)
		val, ok := s.value()
		if !ok {
			return false
		}
		if at < 0 {
			s.unknown++
		} else {
			s.slots[at], next = val, at+1
		}
		s.space()
		if s.byte('}') {
			return s.end()
		}
		if !s.byte(',') {
			return false
		}
	}
}

func (s *scanner) end() bool {
	s.space()
	return s.i == len(s.v)
}

// field finds a key, trying the expected place first.
func (s *scanner) field(key []byte, next int) int {
	if next < len(s.fields) && string(s.fields[next]) == string(key) {
		return next
	}
	for i, f := range s.fields {
		if string(f) == string(key) {
			return i
		}
	}
	return -1
}

func (s *scanner) space() {
	for s.i < len(s.v) {
		switch s.v[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

func (s *scanner) byte(c byte) bool {
	if s.i < len(s.v) && s.v[s.i] == c {
		s.i++
		return true
	}
	return false
}

func (s *scanner) word(w string) bool {
	if len(s.v)-s.i >= len(w) && string(s.v[s.i:s.i+len(w)]) == w {
		s.i += len(w)
		return true
	}
	return false
}

func (s *scanner) value() (slot, bool) {
	if s.i >= len(s.v) {
		return slot{}, false
	}
	switch c := s.v[s.i]; c {
	case '"':
		b, ok := s.text()
		return slot{str, b}, ok
	case 'n':
		return slot{kind: null}, s.word("null")
	case 't':
		return slot{kind: yes}, s.word("true")
	case 'f':
		return slot{kind: no}, s.word("false")
	case '{', '[':
		return slot{kind: nested}, s.skip(1)
	default:
		from := s.i
		ok := s.number()
		return slot{num, s.v[from:s.i]}, ok
	}
}

// skip passes over an object or a list, checking its syntax.
func (s *scanner) skip(depth int) bool {
	if depth > maxDepth {
		return false
	}
	open := s.v[s.i]
	s.i++
	closing := open + 2 // '{'+2 is '}' and '['+2 is ']'
	s.space()
	if s.byte(closing) {
		return true
	}
	for {
		s.space()
		if open == '{' {
			if _, ok := s.text(); !ok {
				return false
			}
			s.space()
			if !s.byte(':') {
				return false
			}
			s.space()
		}
		if s.i < len(s.v) && (s.v[s.i] == '{' || s.v[s.i] == '[') {
			if !s.skip(depth + 1) {
				return false
			}
		} else if _, ok := s.value(); !ok {
			return false
		}
		s.space()
		if s.byte(closing) {
			return true
		}
		if !s.byte(',') {
			return false
		}
	}
}

func (s *scanner) number() bool {
	s.byte('-')
	if !s.byte('0') && !s.digits() {
		return false
	}
	if s.byte('.') && !s.digits() {
		return false
	}
	if s.byte('e') || s.byte('E') {
		if !s.byte('+') {
			s.byte('-')
		}
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	from := s.i
	for s.i < len(s.v) && s.v[s.i]-'0' <= 9 {
		s.i++
	}
	return s.i > from
}

// text reads a string. Without escapes the result lies in the value itself.
func (s *scanner) text() ([]byte, bool) {
	if !s.byte('"') {
		return nil, false
	}
	from := s.i
	for s.i < len(s.v) {
		switch c := s.v[s.i]; {
		case c == '"':
			s.i++
			return s.v[from : s.i-1 : s.i-1], true
		case c == '\\':
			return s.escaped(from)
		case c < 0x20:
			return nil, false
		}
		s.i++
	}
	return nil, false
}

// escaped goes on where a text has its first escape, copying into the arena.
func (s *scanner) escaped(from int) ([]byte, bool) {
	at := len(s.arena)
	s.arena = append(s.arena, s.v[from:s.i]...)
	for s.i < len(s.v) {
		c := s.v[s.i]
		s.i++
		switch {
		case c == '"':
			return s.arena[at:len(s.arena):len(s.arena)], true
		case c < 0x20:
			return nil, false
		case c != '\\':
			s.arena = append(s.arena, c)
		case !s.escape():
			return nil, false
		}
	}
	return nil, false
}

func (s *scanner) escape() bool {
	if s.i >= len(s.v) {
		return false
	}
	c := s.v[s.i]
	s.i++
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		r, ok := s.hex4()
		if !ok {
			return false
		}
		if utf16.IsSurrogate(r) {
			r = s.lowSurrogate(r)
		}
		s.arena = utf8.AppendRune(s.arena, r)
		return true
	default:
		return false
	}
	s.arena = append(s.arena, c)
	return true
}

// lowSurrogate joins a high surrogate with the low one that follows it; a
// surrogate without its other half is a lost character, U+FFFD.
func (s *scanner) lowSurrogate(high rune) rune {
	back := s.i
	if s.word(`\u`) {
		if low, ok := s.hex4(); ok {
			if r := utf16.DecodeRune(high, low); r != utf8.RuneError {
				return r
			}
		}
	}
	s.i = back
	return utf8.RuneError
}

func (s *scanner) hex4() (rune, bool) {
	if len(s.v)-s.i < 4 {
		return 0, false
	}
	var r rune
	for _, c := range s.v[s.i : s.i+4] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c-'a' <= 5:
			c = c - 'a' + 10
		case c-'A' <= 5:
			c = c - 'A' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	s.i += 4
	return r, true
}
