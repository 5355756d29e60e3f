package transforms

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"rongtong/schemas/record"
)

// slot is the scanned value of one declared field.
type slot struct {
	kind  slotKind
	clean bool   // the text needs no cleaning in any form: see state.clean
	b     []byte // text unescaped, number literal; borrowed until the next row
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
//
// On its way through a text it learns what the next two passes would have to
// find out again: whether it is valid UTF-8, and whether it is clean.
type scanner struct {
	fields  [][]byte // names
	quoted  [][]byte // names in quotes, as they stand in nearly every record
	slots   []slot
	unknown int    // keys met that no field declares
	arena   []byte // unescaped text of this row
	v       []byte
	i       int
	suspect bool // v may not be valid UTF-8
	format  record.Format
}

const maxDepth = 64

func newScanner(fields []string) *scanner {
	s := &scanner{slots: make([]slot, len(fields)), arena: make([]byte, 0, 1<<10)}
	for _, f := range fields {
		quoted := []byte(`"` + f + `"`)
		if strings.ContainsAny(f, "\"\\") {
			quoted = []byte{0} // never stands so in a record: the slow way finds it
		}
		s.fields, s.quoted = append(s.fields, []byte(f)), append(s.quoted, quoted)
	}
	return s
}

// scan fills the slots from v and returns the rule that v breaks, or "".
// A key that appears twice takes its last value. Keys usually stand in the
// order of the declaration, so the next field is tried first.
func (s *scanner) scan(v []byte) (rule string) {
	clear(s.slots)
	s.arena, s.v, s.i, s.suspect = s.arena[:0], v, 0, false
	if s.format == record.CSV {
		return s.line()
	}
	ok := s.object()
	if (s.suspect || !ok) && !utf8.Valid(v) {
		clear(s.slots)
		return ruleEncodingLoss
	}
	if !ok {
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
		at, ok := s.key(next)
		if !ok {
			return false
		}
		s.space()
		if !s.byte(':') {
			return false
		}
		s.space()
		if at < 0 {
			if _, ok := s.value(); !ok {
				return false
			}
			s.unknown++
		} else {
			if s.slots[at], ok = s.value(); !ok {
				return false
			}
			next = at + 1
		}
		s.space()
		if s.byte(',') {
			continue
		}
		return s.byte('}') && s.end()
	}
}

func (s *scanner) end() bool {
	s.space()
	return s.i == len(s.v)
}

// key reads a key and finds its field, trying the expected one first without
// looking at what the key is made of: its quotes end it.
func (s *scanner) key(next int) (field int, ok bool) {
	if next < len(s.quoted) {
		if q := s.quoted[next]; len(s.v)-s.i > len(q) && string(s.v[s.i:s.i+len(q)]) == string(q) {
			s.i += len(q)
			return next, true
		}
	}
	key, _, ok := s.text()
	if !ok {
		return -1, false
	}
	for i, f := range s.fields {
		if string(f) == string(key) {
			return i, true
		}
	}
	return -1, true
}

func (s *scanner) space() {
	for s.i < len(s.v) {
		if c := s.v[s.i]; c > ' ' || c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return
		}
		s.i++
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
		b, clean, ok := s.text()
		return slot{str, clean, b}, ok
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
		return slot{num, true, s.v[from:s.i]}, ok
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
			if _, _, ok := s.text(); !ok {
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
func (s *scanner) text() (b []byte, clean, ok bool) {
	if !s.byte('"') {
		return nil, false, false
	}
	from := s.i
	end, rare := s.run(from, '"', '\\')
	if end >= len(s.v) {
		return nil, false, false
	}
	switch s.v[end] {
	case '"':
		s.i = end + 1
		b = s.v[from:end:end]
		return b, !rare && (len(b) == 0 || b[0] != ' ' && b[0] != '\'' && b[len(b)-1] != ' '), true
	case '\\':
		s.i = end
		s.suspect = true
		b, ok = s.escaped(from)
		return b, false, ok
	}
	return nil, false, false // a control character
}

const ones, highs = 0x0101010101010101, 0x8080808080808080

// run passes over a text from i to the first of two characters (the quote that
// ends it, say, and the backslash) or to a control character. rare says that something in it may need cleaning: two
// spaces in a row, or a character that is neither ASCII nor of the Han block.
//
// Eight bytes are looked at in one word. (x-ones) &^ x & highs marks the zero
// bytes of x; marks above the first may be wrong, and only the first is used,
// except for spaces, where a wrong mark leads to a cleaning that changes nothing.
func (s *scanner) run(i int, a, b byte) (end int, rare bool) {
	v := s.v
	aa, bb := ones*uint64(a), ones*uint64(b)
	var spaces, before uint64
	for i+8 <= len(v) {
		w := binary.LittleEndian.Uint64(v[i:])
		x, y, space := w^aa, w^bb, w^0x20*ones
		sp := (space - ones) &^ space & highs
		stop := (x-ones)&^x | (y-ones)&^y | (w-0x20*ones)&^w | w | (w + ones)
		if stop &= highs; stop == 0 {
			spaces |= sp & (sp<<8 | before)
			before = sp >> 56
			i += 8
			continue
		}
		k := uint(bits.TrailingZeros64(stop)) >> 3
		sp &= 1<<(8*k) - 1
		spaces |= sp & (sp<<8 | before)
		i += int(k)
		if v[i] < 0x7f {
			return i, rare || spaces != 0
		}
		var odd bool
		i, odd = s.wide(i)
		rare = rare || odd
		before = 0
	}
	if n := len(v) - i; n > 0 && len(v) >= 8 {
		// The last bytes stand at the top of the last word; letters fill it up.
		w := binary.LittleEndian.Uint64(v[len(v)-8:])>>(64-8*n) | 'a'*ones<<(8*n)
		x, y, space := w^aa, w^bb, w^0x20*ones
		stop := ((x-ones)&^x | (y-ones)&^y | (w-0x20*ones)&^w | w | (w + ones)) & highs
		if sp := (space - ones) &^ space & highs; stop == 0 {
			return len(v), rare || (spaces|sp&(sp<<8|before)) != 0
		}
	}
	for i < len(v) {
		switch c := v[i]; {
		case c == a || c == b || c < ' ':
			return i, rare || spaces != 0
		case c >= 0x7f:
			var odd bool
			i, odd = s.wide(i)
			rare = rare || odd
		default:
			rare = rare || c == ' ' // a text that ends with its record: let clean look at it
			i++
		}
	}
	return i, rare
}

// wide passes over the characters outside ASCII that stand at i. odd says that
// there are others than U+4E00 to U+9FFF, which nearly every text is made of and
// no form changes.
func (s *scanner) wide(i int) (end int, odd bool) {
	v := s.v
	for i < len(v) && v[i] >= 0x7f {
		if c := v[i]; i+2 < len(v) && c >= 0xe4 && c <= 0xe9 && v[i+1]&0xc0 == 0x80 && v[i+2]&0xc0 == 0x80 {
			odd = odd || c == 0xe4 && v[i+1] < 0xb8
			i += 3
			continue
		}
		r, n := utf8.DecodeRune(v[i:])
		s.suspect = s.suspect || r == utf8.RuneError
		odd = true
		i += n
	}
	return i, odd
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
