package transforms

// plainInstant reads a civil time of the zone in the form in which nearly every
// system writes it, "2025-06-12 08:30:15" with or without ".250", from the year
// in which the zone became simple. Everything else is for parseInstant, with
// which it agrees (fuzzed).
func plainInstant(b []byte) (ms int64, ok bool) {
	if len(b) != 19 && len(b) != 23 || b[4] != '-' || b[7] != '-' || b[10] != ' ' && b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	y, m, d := pair(b[0], b[1])*100+pair(b[2], b[3]), pair(b[5], b[6]), pair(b[8], b[9])
	h, mi, s := pair(b[11], b[12]), pair(b[14], b[15]), pair(b[17], b[18])
	milli := 0
	if len(b) == 23 {
		if milli = pair(b[20], b[21])*10 + int(b[22]-'0'); b[19] != '.' || b[22]-'0' > 9 {
			return 0, false
		}
	}
	// A pair that is no number is larger than anything that is allowed.
	if y < 1993 || y > 2100 || h > 23 || mi > 59 || s > 59 || milli > 999 || !isDate(y, m, d) {
		return 0, false
	}
	unix := daysOf(y, m, d)*day + int64(h*3600+mi*60+s) - eastEight
	return unix*1000 + int64(milli), true
}

// pair is a number of two digits, or at least 10,000.
func pair(a, b byte) int {
	if a, b := a-'0', b-'0'; a <= 9 && b <= 9 {
		return int(a)*10 + int(b)
	}
	return 10_000
}
