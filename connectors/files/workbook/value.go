package workbook

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// appendNumber appends a number as spreadsheet programs show it: without an
// exponent while it is of a size that people write, and to 15 digits, because
// those behind them are noise of binary fractions. A code of twelve digits
// stays a code.
func appendNumber(dst []byte, v float64) []byte {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.AppendInt(dst, int64(v), 10)
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 14, 64), 64)
	if err != nil {
		r = v
	}
	if a := math.Abs(r); a >= 1e21 || a < 1e-9 {
		return strconv.AppendFloat(dst, r, 'g', -1, 64)
	}
	return strconv.AppendFloat(dst, r, 'f', -1, 64)
}

// appendRaw appends a number that a workbook holds as text, as appendNumber
// would. What is none is kept.
func appendRaw(dst, raw []byte) []byte {
	digits := 0
	for _, c := range raw {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c != '.' && c != '-':
			digits = 99
		}
	}
	if digits <= 15 {
		return append(dst, raw...)
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(string(raw)), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return append(dst, raw...)
	}
	return appendNumber(dst, v)
}

// appendDate appends the date or time of a serial number: days since the last
// day of 1899 as if 1900 had been a leap year, or since 1904-01-01. It reports
// whether the serial stands for one.
func appendDate(dst []byte, serial float64, from1904 bool) ([]byte, bool) {
	if !(serial >= 0 && serial < 2958466) { // 9999-12-31
		return dst, false
	}
	seconds := int64(math.Round(serial * 86400))
	days, rest := seconds/86400, seconds%86400
	clock := time.Unix(rest, 0).UTC()
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case from1904:
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case days == 0:
		return clock.AppendFormat(dst, time.TimeOnly), true
	case days == 60: // 1900-02-29, which never was
		return dst, false
	case days < 60:
		epoch = epoch.AddDate(0, 0, 1)
	}
	dst = epoch.AddDate(0, 0, int(days)).AppendFormat(dst, time.DateOnly)
	if rest != 0 {
		dst = clock.AppendFormat(append(dst, ' '), time.TimeOnly)
	}
	return dst, true
}

// builtinDate reports whether a number format that is not written out in the
// file is one of dates or times, those of the Chinese programs included.
func builtinDate(id int) bool {
	return id >= 14 && id <= 22 || id >= 27 && id <= 36 || id >= 45 && id <= 47 || id >= 50 && id <= 58
}

// dateFormat reports whether a number format shows dates or times.
func dateFormat(code string) bool {
	code, _, _ = strings.Cut(code, ";") // that of positive numbers
	digits, letters := false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i] | 0x20; {
		case code[i] == '"':
			n := strings.IndexByte(code[i+1:], '"')
			if n < 0 {
				return false
			}
			i += n + 1
		case code[i] == '\\', code[i] == '_', code[i] == '*':
			i++
		case code[i] == '[':
			n := strings.IndexByte(code[i:], ']')
			if n < 0 {
				return false
			}
			if in := strings.ToLower(code[i+1 : i+n]); strings.Trim(in, "h") == "" || strings.Trim(in, "m") == "" || strings.Trim(in, "s") == "" {
				letters = true // elapsed time
			}
			i += n
		case c == 'y', c == 'm', c == 'd', c == 'h', c == 's':
			letters = true
		case c == 'g' && strings.HasPrefix(strings.ToLower(code[i:]), "general"):
			return false
		case code[i] == '#' || code[i] == '?' || code[i] == '@':
			digits = true
		}
	}
	return letters && !digits
}
