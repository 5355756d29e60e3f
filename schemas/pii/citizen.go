package pii

import (
	"time"
	"unicode/utf8"
)

// Rules of a citizen ID, in the order in which they are checked.
const (
	RuleEmpty    = "citizen_id.empty" // nothing, or a placeholder such as 无
	RuleLength   = "citizen_id.length"
	RuleCharset  = "citizen_id.charset"
	RuleRepeated = "citizen_id.repeated" // 111111…, 123456…: typed to get past a form
	RuleDate     = "citizen_id.date"
	RuleCentury  = "citizen_id.century" // of a person over 100 in 15 digits
	RuleDivision = "citizen_id.division"
	RuleCheck    = "citizen_id.check_digit"
)

// earliest is the first year of birth that is believed: nobody alive, and
// nobody in a ledger of this century, was born before it.
const earliest = 1880

// weights and checks are those of GB 11643-1999, clause 4.3.2 and table 1 (ISO
// 7064, MOD 11-2).
var weights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}

const checks = "10X98765432"

// CheckDigit is the check character of the first 17 digits of an ID.
func CheckDigit(first17 []byte) byte {
	sum := 0
	for i, w := range weights {
		sum += w * int(first17[i]-'0')
	}
	return checks[sum%11]
}

// provinces are the first two digits of division codes (GB/T 2260), the codes
// of residents' permits of Taiwan (71, 83), Hong Kong (81) and Macao (82)
// among them. An ID keeps the code of its first registration for life, so
// counties that no longer exist are valid; only the province is checked.
var provinces = func() (ok [100]bool) {
	for _, p := range []int{11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46,
		50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83, 91} {
		ok[p] = true
	}
	return ok
}()

// ParseCitizenID brings a citizen ID to its 18 characters, whatever the width
// of its digits and the spaces in it. 15 digits, the form until 1999, get the
// century and the check digit; sequence numbers 996 to 999 were reserved for
// people over 100 and leave the century open, so that form is refused and not
// guessed. today is the last possible date of birth. The rule is empty when the
// ID is right; it never holds a part of the text.
func ParseCitizenID(text []byte, today time.Time) (id [18]byte, rule string) {
	if IsPlaceholder(text) {
		return id, RuleEmpty
	}
	var g [19]byte
	n := 0
	for i := 0; i < len(text); {
		r, w := utf8.DecodeRune(text[i:])
		i += w
		r = narrow(r)
		if isSpace(r) || isInvisible(r) || r == '-' || r == '\'' && n == 0 {
			continue
		}
		if n == len(g) {
			return id, RuleLength
		}
		if r == 'x' {
			r = 'X'
		}
		if r > 0x7f {
			r = 0 // no character of an ID, reported once the length is known
		}
		g[n] = byte(r)
		n++
	}
	switch n {
	case 15:
		if g[12] == '9' && g[13] == '9' && g[14] >= '6' && digits(g[:15]) {
			return id, RuleCentury
		}
		copy(id[:6], g[:6])
		copy(id[6:8], "19")
		copy(id[8:17], g[6:15])
	case 18:
		copy(id[:], g[:18])
	default:
		return id, RuleLength
	}
	if !digits(id[:17]) || n == 18 && id[17] != 'X' && !digits(id[17:18]) {
		return id, RuleCharset
	}
	if repeated(id[:17]) || repeated(g[:n]) {
		return id, RuleRepeated
	}
	if rule := checkParts(id[:17], today); rule != "" {
		return id, rule
	}
	check := CheckDigit(id[:17])
	if n == 18 && id[17] != check {
		return id, RuleCheck
	}
	id[17] = check
	return id, ""
}

// checkParts checks the date of birth and the province of 17 digits. The date
// comes first: an impossible one may have a right check digit.
func checkParts(id []byte, today time.Time) string {
	y, m, d := number(id[6:10]), number(id[10:12]), number(id[12:14])
	born := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if y < earliest || born.Month() != time.Month(m) || born.Day() != d || born.After(today) {
		return RuleDate
	}
	if !provinces[number(id[:2])] {
		return RuleDivision
	}
	return ""
}

func digits(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

func number(b []byte) int {
	n := 0
	for _, c := range b {
		n = n*10 + int(c-'0')
	}
	return n
}

// repeated reports one digit throughout, or digits that count upwards from the
// beginning.
func repeated(b []byte) bool {
	same, counting := true, true
	for i := 1; i < len(b); i++ {
		same = same && b[i] == b[0]
		counting = counting && (i > 8 || b[i] == b[i-1]+1)
	}
	return same || counting
}
