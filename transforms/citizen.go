package transforms

import "rongtong/schemas/divisions"

// CitizenID appends the 18 characters of a citizen's number (GB 11643-1999) to
// dst and returns it with the rule that the text breaks, "" for none; dst is
// returned as it was when there is a rule. It is for the landing step alone,
// where a number becomes a pseudonym at once: no flow can call it, and nothing
// may keep or show its result.
//
// A number of 15 digits gets 19 in front of its year, and its check digit
// (GB/T 17710, MOD 11-2). The serials 996 to 999 of that form were given to
// people of a hundred years and more: their century is not guessed. The date of
// birth must exist, from 1880 to today. The first two digits must be a
// province's; the county is not checked, because a number keeps the code of its
// first registration, and no register of those since 1981 is at hand.
func CitizenID(dst, text []byte, today divisions.Date) (id []byte, rule string) {
	var st state
	b := st.upper(st.squeeze(st.clean(text, compat)))
	if rule := citizenForm(b); rule != "" {
		return dst, rule
	}
	var full [18]byte
	if len(b) == 15 {
		if string(b[12:]) >= "996" {
			return dst, ruleCitizenCentury
		}
		copy(full[:6], b[:6])
		copy(full[6:8], "19")
		copy(full[8:17], b[6:])
		full[17] = citizenCheck(full[:17])
	} else {
		copy(full[:], b)
	}
	switch {
	case !isProvince(full[:2]):
		return dst, ruleCitizenDivision
	case !isBirth(full[6:14], today):
		return dst, ruleCitizenDate
	case full[17] != citizenCheck(full[:17]):
		return dst, ruleCitizenCheck
	}
	return append(dst, full[:]...), ""
}

// citizenForm checks length, alphabet, and the numbers that stand for none.
func citizenForm(b []byte) string {
	switch {
	case len(b) != 15 && len(b) != 18:
		return ruleCitizenLength
	case leadingDigits(b) < len(b)-1, leadingDigits(b) == len(b)-1 && (len(b) == 15 || b[17] != 'X'):
		return ruleCitizenCharset
	case string(b[:6]) == "123456", isOneDigit(b):
		return ruleCitizenPlaceholder
	}
	return ""
}

func isOneDigit(b []byte) bool {
	for _, c := range b[:15] {
		if c != b[0] {
			return false
		}
	}
	return true
}

func citizenCheck(b []byte) byte {
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += int(b[i]-'0') * w
	}
	return "10X98765432"[sum%11]
}

// isProvince knows the provinces of GB/T 2260, and 81 to 83 of the residence
// permits, which have the same form.
func isProvince(b []byte) bool {
	switch p := int(b[0]-'0')*10 + int(b[1]-'0'); {
	case p >= 11 && p <= 15, p >= 21 && p <= 23, p >= 31 && p <= 37, p >= 41 && p <= 46,
		p >= 50 && p <= 54, p >= 61 && p <= 65, p == 71, p >= 81 && p <= 83:
		return true
	}
	return false
}

func isBirth(b []byte, today divisions.Date) bool {
	n := 0
	for _, c := range b {
		n = n*10 + int(c-'0')
	}
	return n >= 18800101 && n <= int(today) && isDate(n/10000, n/100%100, n%100)
}

// buildCitizenID refuses every flow that names the function.
func buildCitizenID(b *building) eval {
	b.problem(b.expr.Pos, "func.landing_only", "declare the field as a person's in the stream: the landing step makes the pseudonym, and the flow maps that",
		"%q reads a citizen's number, which no flow may hold", b.expr.Call)
	return nil
}
