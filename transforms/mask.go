package transforms

import (
	"unicode/utf8"
)

// maskedRow writes the declared fields of a rejected row as JSON, in order,
// with direct identifiers masked. Fields that were not there are left out.
func (p *Plan) maskedRow(slots []slot) []byte {
	out := make([]byte, 0, 256)
	out = append(out, '{')
	for i, s := range slots {
		if s.kind == absent {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = appendJSON(out, borrow(p.fields[i]))
		out = append(out, ':')
		switch s.kind {
		case str:
			out = appendJSON(out, Mask(s.b))
		case num:
			if m := Mask(s.b); string(m) != string(s.b) {
				out = appendJSON(out, m)
			} else {
				out = append(out, s.b...)
			}
		case yes:
			out = append(out, "true"...)
		case no:
			out = append(out, "false"...)
		case nested: // its inside is not declared, so it is not shown
			out = append(out, `"…"`...)
		default:
			out = append(out, "null"...)
		}
	}
	return append(out, '}')
}

const hexDigits = "0123456789abcdef"

// appendJSON writes a text as a JSON string. The text is valid UTF-8.
func appendJSON(out, b []byte) []byte {
	out = append(out, '"')
	for _, c := range b {
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < 0x20 || c == 0x7f:
			out = append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// glyph is a letter or digit of a text, in plain width and upper case, with the
// place where it stands.
type glyph struct {
	c        byte
	from, to int
	soft     bool // a single space or hyphen stands before it
	hard     bool // something else stands before it
}

// Mask returns a text in which every citizen ID and every mobile telephone
// number shows only its first three and last two characters. An ID is known by
// its form (17 digits and a digit or X with a date inside), right or wrong
// check digit; the form wins where a credit code happens to have it. Credit
// codes otherwise, and division codes, stay readable. The result is b itself
// when there is nothing to mask.
func Mask(b []byte) []byte {
	g := glyphs(b)
	if len(g) < 11 {
		return b
	}
	hide := make([]bool, len(g))
	found := false
	for i := 0; i < len(g); {
		j := i + 1
		for j < len(g) && !g[j].soft && !g[j].hard {
			j++
		}
		found = maskRun(g[i:j], hide[i:j]) || found
		i = j
	}
	for i := 0; i < len(g); {
		j := i + 1
		for j < len(g) && !g[j].hard {
			j++
		}
		if run := g[i:j]; isMobile(run) || isCitizenID(run) {
			hideMiddle(hide[i:j])
			found = true
		}
		i = j
	}
	if !found {
		return b
	}
	return cover(b, g, hide)
}

func glyphs(b []byte) []glyph {
	var g []glyph
	gap, wide := 0, false
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		from := i
		i += n
		if r >= 0xff01 && r <= 0xff5e {
			r -= 0xfee0
		}
		if isInvisible(r) {
			continue
		}
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
			g = append(g, glyph{byte(r), from, i, gap == 1 && !wide, gap > 1 || wide})
			gap, wide = 0, false
			continue
		}
		gap++
		wide = wide || !(isSpace(r) || r == '-')
	}
	return g
}

// maskRun masks within letters and digits that stand together. A run of 18
// that is no ID is a credit code, one of 12 digits a division code.
func maskRun(g []glyph, hide []bool) bool {
	if len(g) == 18 && !isCitizenID(g) || len(g) == 12 && digitsOnly(g) {
		return false
	}
	found := false
	for i := 0; i < len(g); {
		switch {
		case len(g)-i >= 18 && isCitizenID(g[i:i+18]):
			hideMiddle(hide[i : i+18])
			found = true
			i += 18
		case len(g)-i >= 11 && isMobile(g[i:i+11]):
			hideMiddle(hide[i : i+11])
			found = true
			i += 11
		default:
			i++
		}
	}
	return found
}

func hideMiddle(hide []bool) {
	for i := 3; i < len(hide)-2; i++ {
		hide[i] = true
	}
}

func digitsOnly(g []glyph) bool {
	for _, x := range g {
		if x.c > '9' {
			return false
		}
	}
	return true
}

func isMobile(g []glyph) bool {
	return len(g) == 11 && g[0].c == '1' && g[1].c >= '3' && digitsOnly(g)
}

// isCitizenID reports whether the run has the form of an ID: characters 7 to
// 14 look like a date of birth.
func isCitizenID(g []glyph) bool {
	if len(g) != 18 || !digitsOnly(g[:17]) || g[17].c > '9' && g[17].c != 'X' {
		return false
	}
	two := func(i int) int { return int(g[i].c-'0')*10 + int(g[i+1].c-'0') }
	century, month, date := two(6), two(10), two(12)
	return century >= 18 && century <= 20 && month >= 1 && month <= 12 && date >= 1 && date <= 31
}

// cover writes b with each hidden stretch as four stars.
func cover(b []byte, g []glyph, hide []bool) []byte {
	out := make([]byte, 0, len(b))
	at := 0
	for i := 0; i < len(g); i++ {
		if !hide[i] {
			continue
		}
		out = append(append(out, b[at:g[i].from]...), "****"...)
		for i+1 < len(g) && hide[i+1] {
			i++
		}
		at = g[i].to
	}
	return append(out, b[at:]...)
}
