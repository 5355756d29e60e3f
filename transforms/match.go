package transforms

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"rongtong/schemas/divisions"
)

// Names and addresses are written in many ways. The functions here bring them
// to a form in which spellings of one thing are equal. That form is for joining
// and comparing only: it goes to columns that are declared matching, and never
// takes the place of what the source wrote.

//go:embed traditional.txt
var traditionalText string

// simplified maps traditional characters to simplified ones: those of the
// basic plane's main block by place, the others by a map.
type simplifier struct {
	main  [0xa000 - 0x4e00]uint16
	other map[rune]rune
}

var simplified = sync.OnceValue(func() *simplifier {
	s := &simplifier{other: map[rune]rune{}}
	for line := range strings.Lines(traditionalText) {
		from, n := utf8.DecodeRuneInString(line)
		to, _ := utf8.DecodeRuneInString(line[n:])
		switch {
		case from == '#':
		case from >= 0x4e00 && from < 0xa000 && to < 0x10000:
			s.main[from-0x4e00] = uint16(to)
		default:
			s.other[from] = to
		}
	}
	return s
})

func (s *simplifier) rune(r rune) rune {
	if r >= 0x4e00 && r < 0xa000 {
		if to := s.main[r-0x4e00]; to != 0 {
			return rune(to)
		}
		return r
	}
	if r > 0x3400 {
		if to, ok := s.other[r]; ok {
			return to
		}
	}
	return r
}

// matchText is an input in the form for matching: compatibility forms, simple
// characters, small letters, no spaces and no punctuation.
func (st *state) matchText(in input) ([]byte, string) {
	b, rule := st.text(in, compat)
	if b == nil {
		return nil, rule
	}
	s := simplified()
	at, rare := len(st.arena), false
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		i += n
		switch {
		case r == '#':
			st.arena = append(st.arena, "号"...)
		case r < 0x80 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z'):
			st.arena = append(st.arena, byte(r))
		case r >= 'A' && r <= 'Z':
			st.arena = append(st.arena, byte(r-'A'+'a'))
		case r < 0x80:
		case r >= 0x4e00 && r <= 0x9fff:
			st.arena = utf8.AppendRune(st.arena, s.rune(r))
		case r != '〇' && (unicode.IsPunct(r) || unicode.IsSymbol(r) || unicode.IsSpace(r) || unicode.IsMark(r)):
		default:
			st.arena = utf8.AppendRune(st.arena, s.rune(unicode.ToLower(r)))
			rare = true
		}
	}
	out := st.arena[at:len(st.arena):len(st.arena)]
	if rare { // what stood between two letters may have kept them from composing
		out = st.normalize(out, compat, &rare)
	}
	if isPlaceholder(out) {
		st.flags |= Placeholder
		return nil, ""
	}
	return out, ""
}

// within is an input's text without the names of the division of another input,
// down to its township, and of those above it, in front: 济南市历下区解放路1号 in
// 历下区 is 解放路1号. A text that is nothing but such a name keeps it.
func (st *state) within(reg *divisions.Register, b []byte, in input) ([]byte, string) {
	code, rule := st.divisionCode(in)
	if code == nil {
		return b, rule
	}
	var names [len(withinWidths)]string
	for i, width := range withinWidths {
		up := [12]byte([]byte("000000000000"))
		copy(up[:], code[:width])
		if d, ok := reg.LookupBytes(up[:]); ok {
			names[i] = d.Name
		}
	}
	// Until none is in front, the longest first: a township's name may begin with its
	// county's, and what it holds may be called by both (高密市高密市朝阳街道高密市朝阳…).
	for {
		longest := ""
		for _, n := range names {
			if len(n) > len(longest) && len(b) > len(n) && string(b[:len(n)]) == n {
				longest = n
			}
		}
		if longest == "" {
			break
		}
		b = b[len(longest):]
	}
	return b, ""
}

// withinWidths are the digits of a code that name province, city, county and
// township.
var withinWidths = [...]int{2, 4, 6, 9}

// matchName evaluates a name in the form for matching, committees' kinds
// written in full. The second field, a division, takes the names of the
// divisions above it off the front.
func matchName(reg *divisions.Register) eval {
	return func(st *state, in []input, out *value) string {
		b, rule := st.matchText(in[0])
		if b == nil {
			out.null = true
			return rule
		}
		if len(in) == 2 {
			if b, rule = st.within(reg, b, in[1]); rule != "" {
				return rule
			}
		}
		out.b = st.fullKinds(b)
		out.null = len(out.b) == 0
		return ""
	}
}

// fullKinds writes 居委会 and 村委会 in full.
func (st *state) fullKinds(b []byte) []byte {
	at := len(st.arena)
	for i := 0; i < len(b); {
		if rest, ok := cut(b[i:], "居委会", "居民委员会"); ok {
			st.arena = append(st.arena, "居民委员会"...)
			i = len(b) - len(rest)
		} else if rest, ok := cut(b[i:], "村委会", "村民委员会"); ok {
			st.arena = append(st.arena, "村民委员会"...)
			i = len(b) - len(rest)
		} else {
			st.arena = append(st.arena, b[i])
			i++
		}
	}
	return st.arena[at:len(st.arena):len(st.arena)]
}

// matchAddress evaluates an address in the form for matching: Chinese numerals
// in front of 号, 楼, 室 and their like become figures.
func matchAddress(reg *divisions.Register) eval {
	return func(st *state, in []input, out *value) string {
		b, rule := st.matchText(in[0])
		if b == nil {
			out.null = true
			return rule
		}
		if len(in) == 2 {
			if b, rule = st.within(reg, b, in[1]); rule != "" {
				return rule
			}
		}
		out.b = st.figures(b)
		out.null = len(out.b) == 0
		return ""
	}
}

// numbered are the words before which a numeral is a number of a house or a
// part of it.
var numbered = []string{"号", "栋", "幢", "楼", "室", "层", "单元", "弄", "户"}

func (st *state) figures(b []byte) []byte {
	at := len(st.arena)
	for i := 0; i < len(b); {
		if b[i] < 0x80 {
			st.arena = append(st.arena, b[i])
			i++
			continue
		}
		if v, n, rest := figure(b[i:]); n > 0 {
			if _, ok := cut(rest, numbered...); ok {
				st.arena = appendInt(st.arena, v)
				i = len(b) - len(rest)
				continue
			}
			// A numeral of a name: the whole of it stays, so that none is read
			// from its middle.
			st.arena = append(st.arena, b[i:len(b)-len(rest)]...)
			i = len(b) - len(rest)
			continue
		}
		_, n := utf8.DecodeRune(b[i:])
		st.arena = append(st.arena, b[i:i+n]...)
		i += n
	}
	return st.arena[at:len(st.arena):len(st.arena)]
}

// canonicalName evaluates the form of a division's name in which spellings of
// one name are equal, as the register needs it: brackets are kept, because
// 兴隆(一)村 and 兴隆(二)村 are two.
func canonicalName(st *state, in []input, out *value) string {
	b, rule := st.text(in[0], plain)
	if b == nil {
		out.null = true
		return rule
	}
	if whole := st.squeeze(b); len(whole) < len(b) {
		changed := false // a space may have kept two characters from composing
		b = st.normalize(whole, plain, &changed)
	}
	at := len(st.arena)
	for i := 0; i < len(b); {
		rest, n := b[i:], len(st.arena)
		for _, w := range canonicalWords {
			if tail, ok := cut(rest, w[0]); ok {
				st.arena = append(st.arena, w[1]...)
				i = len(b) - len(tail)
				break
			}
		}
		if n == len(st.arena) {
			st.arena = append(st.arena, b[i])
			i++
		}
	}
	out.b = st.arena[at:len(st.arena):len(st.arena)]
	return ""
}

var canonicalWords = [...][2]string{{"（", "("}, {"）", ")"}, {"居委会", "居民委员会"}, {"村委会", "村民委员会"}}
