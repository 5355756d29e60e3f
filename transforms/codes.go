package transforms

// usccAlphabet has the 31 characters of GB 32100: no I, O, S, V, Z.
const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

var (
	usccValue  [256]int8 // -1: not of the alphabet
	usccWeight = [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}
	orgWeight  = [8]int{3, 7, 9, 10, 5, 8, 4, 2}
)

func init() {
	for i := range usccValue {
		usccValue[i] = -1
	}
	for i := range len(usccAlphabet) {
		usccValue[usccAlphabet[i]] = int8(i)
	}
}

// checkUSCC returns the rule that an upper-case credit code breaks, or "".
func checkUSCC(b []byte) string {
	if len(b) != 18 {
		return ruleUSCCLength
	}
	sum := 0
	for i, c := range b {
		v := usccValue[c]
		if v < 0 {
			return ruleUSCCCharset
		}
		if i < 17 {
			sum += int(v) * usccWeight[i]
		}
	}
	if b[17] != usccAlphabet[(31-sum%31)%31] {
		return ruleUSCCCheck
	}
	return ""
}

// orgCodeOK reports whether the nine characters of an organisation code pass
// GB 11714: weights 3 7 9 10 5 8 4 2, modulus 11, X for 10.
func orgCodeOK(b []byte) bool {
	sum := 0
	for i, w := range orgWeight {
		c := int(b[i])
		if c >= 'A' {
			c -= 'A' - 10
		} else {
			c -= '0'
		}
		sum += c * w
	}
	switch want := 11 - sum%11; want {
	case 10:
		return b[8] == 'X'
	case 11:
		return b[8] == '0'
	default:
		return b[8] == byte('0'+want)
	}
}

// orgCode evaluates an organisation code (GB 11714-1997): eight letters or
// digits and the check digit, with or without a hyphen between them.
func orgCode(st *state, in []input, out *value) string {
	b, rule := st.code(in[0])
	if b == nil {
		out.null = true
		return rule
	}
	b = st.upper(b)
	if len(b) == 10 && b[8] == '-' {
		b = st.keepTwo(b[:8], b[9:])
	}
	if len(b) != 9 {
		return ruleOrgCodeFormat
	}
	for i, c := range b {
		if c-'0' > 9 && (c < 'A' || c > 'Z' || i == 8 && c != 'X') {
			return ruleOrgCodeFormat
		}
	}
	if !orgCodeOK(b) {
		return ruleOrgCodeCheck
	}
	out.b = b
	return ""
}

func (st *state) keepTwo(a, b []byte) []byte {
	at := len(st.arena)
	st.arena = append(append(st.arena, a...), b...)
	return st.arena[at:len(st.arena):len(st.arena)]
}

// Lengths of the codes of GB/T 39554.1-2020.
const (
	basicLength = 12 // 基本编码: province 2, type 2, department 2, main item 3, sub-item 3
	itemLength  = 31 // 实施编码: credit code 18, level 1, basic code 12
)

// serviceItem evaluates the code of a service item as a body carries it out
// (GB/T 39554.1-2020, 实施编码): the body's credit code, the level that
// exercises the power (1 state to 6 village), the basic code. Many systems add
// the number of a version or an office behind; only the 31 are the code.
func serviceItem(root string) eval {
	return func(st *state, in []input, out *value) string {
		b, rule := st.code(in[0])
		if b == nil {
			out.null = true
			return rule
		}
		if b = st.upper(b); len(b) != itemLength {
			return ruleServiceFormat
		}
		if rule := checkUSCC(b[:18]); rule != "" {
			return rule
		}
		if b[18] < '1' || b[18] > '6' {
			return ruleServiceFormat
		}
		if rule := checkBasic(b[19:], root); rule != "" {
			return rule
		}
		out.b = b
		return ""
	}
}

// serviceBasic evaluates the basic code of a service item (GB/T 39554.1-2020,
// 基本编码), twelve digits.
func serviceBasic(root string) eval {
	return func(st *state, in []input, out *value) string {
		b, rule := st.code(in[0])
		if b == nil {
			out.null = true
			return rule
		}
		if rule := checkBasic(b, root); rule != "" {
			return rule
		}
		out.b = b
		return ""
	}
}

// checkBasic wants a national item (00) or one of the province.
func checkBasic(b []byte, root string) string {
	if len(b) != basicLength || leadingDigits(b) != basicLength {
		return ruleServiceFormat
	}
	if p := string(b[:2]); p != "00" && p != root {
		return ruleServiceProvince
	}
	return ""
}

// uscc evaluates a unified social credit code (GB 32100-2015 with amendment 1:
// 18 characters of 31, weights 3^i mod 31, check digit 31 − Σ mod 31). The category is never a reason
// to reject: village and residents' committees have 54 and 55, which the
// published table does not list.
func uscc(st *state, in []input, out *value) string {
	b, rule := st.code(in[0])
	if b == nil {
		out.null = true
		return rule
	}
	b = st.upper(b)
	if rule := checkUSCC(b); rule != "" {
		return rule
	}
	if b[0] == '5' && (b[1] == '4' || b[1] == '5') {
		st.flags |= USCCExt
	}
	if !orgCodeOK(b[8:17]) {
		st.flags |= USCCBad
	}
	out.b = b
	return ""
}

func (st *state) upper(b []byte) []byte {
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b = st.keep(b...)
			for j := i; j < len(b); j++ {
				if c := b[j]; c >= 'a' && c <= 'z' {
					b[j] = c - 'a' + 'A'
				}
			}
			return b
		}
	}
	return b
}

// phone evaluates an organisation's telephone number. A mobile number is a
// person's: it is shown masked, three digits and the last four, and never as it
// is. What is no number becomes null: a contact is never a reason to refuse the
// organisation.
func phone(st *state, in []input, out *value) string {
	b, rule := st.code(in[0])
	if b == nil || string(b) == "13800000000" {
		if b != nil {
			st.flags |= Placeholder
		}
		out.null = true
		return rule
	}
	if n := st.mobile(b); n != nil {
		out.b = st.keepTwo(n[:3], []byte("****"))
		out.b = st.keepTwo(out.b, n[7:11])
		return ""
	}
	if isPhone(b) || isMaskedMobile(b) {
		out.b = st.areaCode(b)
		return ""
	}
	st.flags |= IDBad
	out.null = true
	return ""
}

// mobile is the eleven digits of a mobile number, nil for anything else. The
// country's prefix and hyphens may stand in it.
func (st *state) mobile(b []byte) []byte {
	b, _ = cut(b, "+86", "0086")
	b, _ = cut(b, "-")
	if len(b) == 13 && b[3] == '-' && b[8] == '-' {
		b = st.keepTwo(st.keepTwo(b[:3], b[4:8]), b[9:])
	}
	if len(b) == 12 && b[0] == '0' {
		b = b[1:] // the old way to dial a mobile from another city
	}
	if len(b) != 11 || leadingDigits(b) != 11 || b[0] != '1' || b[1] < '3' {
		return nil
	}
	return b
}

// isMaskedMobile reports whether a mobile number came masked already.
func isMaskedMobile(b []byte) bool {
	return len(b) == 11 && b[0] == '1' && b[1] >= '3' && leadingDigits(b) == 3 && string(b[3:7]) == "****" && leadingDigits(b[7:]) == 4
}

func isPhone(b []byte) bool {
	n := leadingDigits(b)
	switch {
	case len(b) == 5 && n == 5 && b[0] == '1':
		return b[1] == '2' // 12345 and its like
	case b[0] == '4':
		return string(b[:min(3, len(b))]) == "400" && digitsBut(b, 10, '-')
	case b[0] != '0':
		return false
	}
	return isLandline(b, n)
}

// isLandline reads 0 and two or three digits, seven or eight digits, and
// perhaps an extension.
func isLandline(b []byte, n int) bool {
	if n == 3 || n == 4 {
		if n == len(b) || b[n] != '-' {
			return false
		}
		b = b[n+1:]
		n = leadingDigits(b)
		if n != 7 && n != 8 {
			return false
		}
	} else if n < 10 || n > 12 {
		return false
	}
	b = b[n:]
	return len(b) == 0 || len(b) > 1 && len(b) <= 7 && b[0] == '-' && leadingDigits(b[1:]) == len(b)-1
}

// areaCode sets a landline number's area code off with a hyphen, so that one
// number has one spelling. 010 and 02x have three digits, all others four.
func (st *state) areaCode(b []byte) []byte {
	n := leadingDigits(b)
	if b[0] != '0' || n < 10 {
		return b
	}
	area := 4
	if b[1] <= '2' {
		area = 3
	}
	return st.keepTwo(st.keepTwo(b[:area], []byte("-")), b[area:])
}

// digitsBut reports whether b has exactly n digits and otherwise only sep.
func digitsBut(b []byte, n int, sep byte) bool {
	for _, c := range b {
		if c-'0' <= 9 {
			n--
		} else if c != sep {
			return false
		}
	}
	return n == 0
}
