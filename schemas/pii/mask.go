package pii

import (
	"strings"
	"unicode/utf8"
	"unsafe"
)

// stars stand for what is hidden, however much it is.
const stars = "****"

// Mask returns a text in which every identifier that Find knows shows only its
// ends: three characters and two of an ID and a card (370****38), three and
// four of a mobile number (138****1234). The result is b itself when there is
// nothing to mask. Masking twice is masking once.
func Mask(b []byte) []byte {
	for range 8 {
		hits := Find(b, nil)
		if len(hits) == 0 {
			break
		}
		// What stays visible may complete an identifier with digits beside it:
		// so the result is looked at again.
		b = Cover(make([]byte, 0, len(b)+16), b, hits)
	}
	return b
}

// MaskString is Mask of a string.
func MaskString(s string) string {
	if len(s) < 11 {
		return s
	}
	if len(Find(unsafe.Slice(unsafe.StringData(s), len(s)), nil)) == 0 {
		return s
	}
	return string(Mask([]byte(s)))
}

// Cover appends b to dst with the hits that Find gave for it masked.
func Cover(dst, b []byte, hits []Hit) []byte {
	at := 0
	for _, h := range hits {
		dst = append(append(dst, b[at:h.hideFrom]...), stars...)
		at = h.hideTo
	}
	return append(dst, b[at:]...)
}

// AppendName appends the display form of a person's name: its first character
// and one star (张*), of compound surnames too.
func AppendName(dst, name []byte) []byte {
	name = trim(name)
	_, n := utf8.DecodeRune(name)
	return append(append(dst, name[:n]...), '*')
}

// AppendNumber appends the display form of a number that is an identifier by
// declaration, whatever its form: its ends where it is a number and long enough
// to have a middle, else stars alone: what was typed into the wrong field, a
// name for one, has no display form.
func AppendNumber(dst, b []byte, kind Kind) []byte {
	b = trim(b)
	for _, r := range string(b) {
		if digitOf(r) < 0 && !isSpace(r) && !isHyphen(r) && !isInvisible(r) && !strings.ContainsRune("xXｘＸ+'", r) {
			return append(dst, stars...)
		}
	}
	first, last := 3, 2
	if kind == Mobile {
		last = 4
	}
	total := utf8.RuneCount(b)
	if total < first+last+4 {
		return append(dst, stars...)
	}
	i := 0
	for range first {
		_, n := utf8.DecodeRune(b[i:])
		i += n
	}
	j := len(b)
	for range last {
		_, n := utf8.DecodeLastRune(b[:j])
		j -= n
	}
	return append(append(append(dst, b[:i]...), stars...), b[j:]...)
}

// AppendAddress appends a home address down to its county: what stands before
// and with the first 县, 区 or 市 that follows a city, else stars alone.
func AppendAddress(dst, b []byte) []byte {
	b = trim(b)
	end, seen := 0, 0
	for i := 0; i < len(b) && seen < 3; {
		r, n := utf8.DecodeRune(b[i:])
		i += n
		if r == '省' || r == '市' || r == '县' || r == '区' {
			end, seen = i, seen+1
		}
		if r == '县' || r == '区' || r >= '0' && r <= '9' || i > 60 || strings.ContainsRune("乡镇街路村号", r) {
			break
		}
	}
	return append(append(dst, b[:end]...), stars...)
}
