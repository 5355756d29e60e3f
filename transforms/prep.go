package transforms

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// form is how far characters are brought to one form.
type form uint8

const (
	// plain is for names and other text: composed (NFC), otherwise as written.
	plain form = iota
	// compat is for codes, numbers and dates: full-width and other compatibility
	// characters become their plain ones (NFKC).
	compat
)

// clean brings a field's text to its form: spaces at the ends, invisible and
// control characters and a leading apostrophe (a spreadsheet's "this is text")
// go; runs of spaces and line breaks inside become one space. The result is
// borrowed: it lies in b itself when nothing had to change, else in the row's
// arena.
func (st *state) clean(b []byte, f form) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\'' && len(b) > 1) {
		b = b[1:]
	}
	for len(b) > 0 && b[len(b)-1] == ' ' {
		b = b[:len(b)-1]
	}
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c > ' ' && c < 0x7f, c == ' ' && b[i-1] != ' ':
		case c >= 0xe5 && c <= 0xe9 && i+2 < len(b), c == 0xe4 && i+2 < len(b) && b[i+1] >= 0xb8:
			i += 2 // U+4E00 to U+9FFF: what nearly every text is made of, never changed
		default:
			return st.cleanRunes(b, f)
		}
	}
	return b
}

func (st *state) cleanRunes(b []byte, f form) []byte {
	at := len(st.arena)
	pending, rare, changed := false, false, false
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case isSpace(r):
			pending = len(st.arena) > at
			i += n
			continue
		case isInvisible(r):
			i += n
			continue
		case len(st.arena) == at && (r == '\'' || r == '’') && i+n < len(b):
			i += n
			continue
		}
		if pending {
			st.arena = append(st.arena, ' ')
			pending = false
		}
		switch {
		case r == utf8.RuneError:
			st.flags |= EncLoss
		case f == compat && r >= 0xff01 && r <= 0xff5e:
			st.arena = append(st.arena, byte(r-0xfee0))
			changed = true
			i += n
			continue
		case !isCommon(r, f):
			rare = true
		}
		st.arena = append(st.arena, b[i:i+n]...)
		i += n
	}
	out := st.arena[at:len(st.arena):len(st.arena)]
	if rare {
		out = st.normalize(out, f, &changed)
	}
	if changed {
		st.flags |= WidthFixed
	}
	return out
}

// normalize is the general way, for characters outside the common ranges.
func (st *state) normalize(b []byte, f form, changed *bool) []byte {
	n := norm.NFC
	if f == compat {
		n = norm.NFKC
	}
	if n.IsNormal(b) {
		return b
	}
	at := len(st.arena)
	// Append composes with what it appends to: never with another value.
	st.arena = append(st.arena[:at], n.Append(st.arena[at:at], b...)...)
	*changed = *changed || f == compat
	return st.arena[at:len(st.arena):len(st.arena)]
}

// isCommon reports whether a character is surely unchanged by normalisation,
// whatever its neighbours: the fast path for what nearly every text is made of.
func isCommon(r rune, f form) bool {
	switch {
	case r < 0x80, r >= 0x4e00 && r <= 0x9fff, r >= 0x3400 && r <= 0x4dbf,
		r >= 0x3001 && r <= 0x3011, r == 0x2014, r == 0x201c, r == 0x201d:
		return true
	case r >= 0xff01 && r <= 0xff5e:
		return f == plain
	}
	return false
}

func isSpace(r rune) bool {
	switch {
	case r == ' ', r >= '\t' && r <= '\r', r == 0x85, r == 0xa0, r == 0x1680,
		r >= 0x2000 && r <= 0x200a, r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000:
		return true
	}
	return false
}

func isInvisible(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r <= 0x9f, r == 0xad, r == 0x180e, r >= 0x200b && r <= 0x200f,
		r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x2064, r >= 0x2066 && r <= 0x206f, r == 0xfeff:
		return true
	}
	return false
}

// isPlaceholder reports whether a cleaned text is one of the words with which
// clerks fill a cell that has no value.
func isPlaceholder(b []byte) bool {
	if len(b) > 12 {
		return false
	}
	switch string(b) {
	case "无", "/", "-", "--", "—", "——", "－", "／", "暂无", "未填", "不详", "待定",
		"未填写", "待补充", "待核实", "不清楚", "不适用",
		"N/A", "n/a", "NA", "NULL", "null", "Null", "None", "NaN", "nan",
		"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!": // what spreadsheets write for a lost value
		return true
	}
	return false
}

// squeeze removes the spaces inside a cleaned text: codes have none.
func (st *state) squeeze(b []byte) []byte {
	for i, c := range b {
		if c == ' ' {
			at := len(st.arena)
			st.arena = append(st.arena, b[:i]...)
			for _, c := range b[i:] {
				if c != ' ' {
					st.arena = append(st.arena, c)
				}
			}
			return st.arena[at:len(st.arena):len(st.arena)]
		}
	}
	return b
}
