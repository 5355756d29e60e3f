package pii

import (
	"unicode"
	"unicode/utf8"
)

// narrow is the half-width form of a full-width ASCII character and of the
// ideographic space.
func narrow(r rune) rune {
	switch {
	case r >= 0xff01 && r <= 0xff5e:
		return r - 0xfee0
	case r == 0x3000:
		return ' '
	}
	return r
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' || r > 0x7f && unicode.IsSpace(r) }

// isInvisible reports characters that take no room: zero-width joiners and
// spaces, direction marks, soft hyphens, byte order marks.
func isInvisible(r rune) bool {
	return r == 0xad || r == 0xfeff || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x2064
}

// isHyphen reports the characters that people write between groups of digits.
func isHyphen(r rune) bool {
	return r == '-' || r >= 0x2010 && r <= 0x2015 || r == 0x2212 || r == 0xfe63 || r == '_' || r == 0xb7
}

// digitOf is the value of a decimal digit of any script, or -1.
func digitOf(r rune) int {
	switch {
	case r >= '0' && r <= '9':
		return int(r - '0')
	case r < 0x80:
		return -1
	case r >= 0xff10 && r <= 0xff19:
		return int(r - 0xff10)
	case !unicode.Is(unicode.Nd, r):
		return -1
	}
	// The digits of every script are ten code points in order, and ranges of
	// the table are whole sets of them.
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return int(r-rune(t.Lo)) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return int(r-rune(t.Lo)) % 10
		}
	}
	return -1
}

var placeholders = map[string]bool{"": true, "无": true, "/": true, "-": true, "—": true, "——": true, "--": true, "暂无": true,
	"未填": true, "不详": true, "待定": true, "N/A": true, "NULL": true, "null": true, "无。": true, "空": true, "0": true}

// IsPlaceholder reports a text that says that there is no value.
func IsPlaceholder(b []byte) bool { return placeholders[string(trim(b))] }

// trim drops spaces and invisible characters at both ends.
func trim(b []byte) []byte {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if !isSpace(r) && !isInvisible(r) && r != '\n' && r != '\r' {
			break
		}
		b = b[n:]
	}
	for len(b) > 0 {
		r, n := utf8.DecodeLastRune(b)
		if !isSpace(r) && !isInvisible(r) && r != '\n' && r != '\r' {
			break
		}
		b = b[:len(b)-n]
	}
	return b
}
