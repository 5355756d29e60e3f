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

// orgCodeOK reports whether the organisation code inside a credit code
// (characters 9 to 17) passes GB 11714.
func orgCodeOK(b []byte) bool {
	sum := 0
	for i, w := range orgWeight {
		c := int(b[8+i])
		if c >= 'A' {
			c -= 'A' - 10
		} else {
			c -= '0'
		}
		sum += c * w
	}
	switch want := 11 - sum%11; want {
	case 10:
		return b[16] == 'X'
	case 11:
		return b[16] == '0'
	default:
		return b[16] == byte('0'+want)
	}
}

// uscc evaluates a unified social credit code. The category is never a reason
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
	if !orgCodeOK(b) {
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

// phone evaluates an organisation's telephone number. A number that is none
// becomes null: a contact is never a reason to refuse the organisation.
func phone(st *state, in []input, out *value) string {
	b, rule := st.code(in[0])
	if b == nil || string(b) == "13800000000" {
		if b != nil {
			st.flags |= Placeholder
		}
		out.null = true
		return rule
	}
	if isPhone(b) {
		out.b = b
		return ""
	}
	st.flags |= IDBad
	out.null = true
	return ""
}

func isPhone(b []byte) bool {
	n := leadingDigits(b)
	switch {
	case n == len(b) && n == 11 && b[0] == '1':
		return b[1] >= '3'
	case n == len(b) && n == 5 && b[0] == '1':
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
