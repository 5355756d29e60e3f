package transforms

import (
	"strconv"
	"sync"
	"time"
	_ "time/tzdata" // the zone must be the same on every machine
)

// zone is the civil time of every source. It is needed for instants before
// 1992 only (summer time 1986–1991, local mean time before 1901).
var zone = sync.OnceValue(func() *time.Location {
	l, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic("transforms: the zone data is compiled in: " + err.Error())
	}
	return l
})

const (
	day       = 86400
	eastEight = 8 * 3600
	from1992  = 694195200 // 1992-01-01 +08:00; since then the offset is fixed
)

// offsetAt is the offset of the zone at an instant, in seconds.
func offsetAt(unix int64) int64 {
	if unix >= from1992 {
		return eastEight
	}
	_, off := time.Unix(unix, 0).In(zone()).Zone()
	return int64(off)
}

// daysOf counts the days from 1970-01-01 to a date of the Gregorian calendar.
func daysOf(y, m, d int) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	era := y / 400
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + d - 1
	return int64(era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468)
}

// dateOf is the inverse of daysOf.
func dateOf(days int64) (y, m, d int) {
	z := int(days) + 719468
	era := z / 146097
	if z < 0 {
		era = (z - 146096) / 146097
	}
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = doy - (153*mp+2)/5 + 1
	m = mp + 3
	if m > 12 {
		m -= 12
	}
	y = yoe + era*400
	if m <= 2 {
		y++
	}
	return y, m, d
}

func appendDate(b []byte, days int64) []byte {
	y, m, d := dateOf(days)
	b = append(b, byte('0'+y/1000%10), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-')
	return append(b, byte('0'+m/10), byte('0'+m%10), '-', byte('0'+d/10), byte('0'+d%10))
}

func isLeap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

var monthDays = [...]int{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func isDate(y, m, d int) bool {
	if y < 1 || m < 1 || m > 12 || d < 1 {
		return false
	}
	return d <= monthDays[m] || m == 2 && d == 29 && isLeap(y)
}

// figure reads a number at the start of b: ASCII digits, or Chinese numerals
// either digit by digit (二〇二二) or with tens (三十一, 廿五). n is how many digits
// a year would be made of, 0 when there is no number.
func figure(b []byte) (v, n int, rest []byte) {
	for n < 15 && n < len(b) && b[n]-'0' <= 9 {
		v = v*10 + int(b[n]-'0')
		n++
	}
	if n > 0 {
		return v, n, b[n:]
	}
	tens := false
	for n < 6 {
		d, size := hanDigit(b, n > 0)
		if size == 0 || n > 0 && d > 10 || tens && n > 0 && d == 10 {
			break
		}
		switch {
		case d >= 10 && n == 0:
			v, tens = d, true
		case d == 10:
			v, tens = v*10, true
		case tens:
			return v + d, n + 1, b[size:]
		default:
			v = v*10 + d
		}
		n++
		b = b[size:]
	}
	return v, n, b
}

// cut removes one of the words from the start of b.
func cut(b []byte, words ...string) ([]byte, bool) {
	for _, w := range words {
		if len(b) >= len(w) && string(b[:len(w)]) == w {
			return b[len(w):], true
		}
	}
	return b, false
}

// ymd reads year, month and day with their separators and returns what
// follows. digits is the number of digits of the year.
func ymd(b []byte) (y, m, d, digits int, rest []byte, ok bool) {
	if y, digits, b = figure(b); digits == 0 || len(b) == 0 {
		return
	}
	var last []string
	var sep string
	switch {
	case b[0] == '-' || b[0] == '/' || b[0] == '.':
		sep = string(b[:1])
		b = b[1:]
	default:
		if b, ok = cut(b, "年"); !ok {
			return
		}
		sep, last = "月", lastWords
	}
	var n int
	if first, yes := cut(b, "元月"); yes && last != nil {
		m, b = 1, first
	} else if m, n, b = shortFigure(b); n == 0 {
		return y, m, d, digits, b, false
	} else if b, ok = cut(b, sep); !ok {
		return
	}
	if d, n, b = shortFigure(b); n == 0 {
		return y, m, d, digits, b, false
	}
	if last != nil {
		b, _ = cut(b, last...)
	}
	return y, m, d, digits, b, true
}

// shortFigure is figure for a month or a day: two digits, or three numerals
// (二十一). n is 0 when there is none, or more.
func shortFigure(b []byte) (v, n int, rest []byte) {
	most := 3
	if len(b) > 0 && b[0] < 0x80 {
		most = 2
	}
	if v, n, rest = figure(b); n > most {
		n = 0
	}
	return v, n, rest
}

var lastWords = []string{"日", "号"}

// clock reads a time of day after a date: "T08:00:00.000+08:00" and its
// shorter forms, or nothing. zoned tells whether off, in seconds, was written.
func clock(b []byte) (sec int, ms int, off int64, zoned, ok bool) {
	if len(b) == 0 {
		return 0, 0, 0, false, true
	}
	if b[0] == ' ' || b[0] == 'T' || b[0] == 't' {
		b = b[1:]
	} else if sec, ok = hanClock(b); !ok {
		return
	} else {
		return sec, 0, 0, false, true
	}
	if sec, ok = hanClock(b); ok {
		return sec, 0, 0, false, true
	}
	h, n, b := figure(b)
	b, ok = cut(b, ":")
	if !ok || n == 0 || n > 2 || h > 23 {
		return 0, 0, 0, false, false
	}
	m, n, b := figure(b)
	if n != 2 || m > 59 {
		return 0, 0, 0, false, false
	}
	sec = h*3600 + m*60
	if rest, more := cut(b, ":"); more {
		s, n, rest := figure(rest)
		if n != 2 || s > 59 {
			return 0, 0, 0, false, false
		}
		sec += s
		if b, ms, ok = fraction(rest); !ok {
			return 0, 0, 0, false, false
		}
	}
	off, zoned, ok = zoneOf(b)
	return sec, ms, off, zoned, ok
}

// hanClock reads a time of day in words: 8时, 8时30分, 八点三十分零五秒.
func hanClock(b []byte) (sec int, ok bool) {
	h, n, b := figure(b)
	if b, ok = cut(b, "时", "点"); !ok || n == 0 || n > 3 || h > 23 {
		return 0, false
	}
	sec = h * 3600
	for _, w := range [...]struct {
		word string
		unit int
	}{{"分", 60}, {"秒", 1}} {
		if len(b) == 0 {
			return sec, true
		}
		v, n, rest := figure(b)
		if rest, ok = cut(rest, w.word); !ok || n == 0 || n > 3 || v > 59 {
			return 0, false
		}
		sec, b = sec+v*w.unit, rest
	}
	return sec, len(b) == 0
}

func fraction(b []byte) (rest []byte, ms int, ok bool) {
	if len(b) == 0 || b[0] != '.' {
		return b, 0, true
	}
	i := 1
	for unit := 100; i < len(b) && i < 10 && b[i]-'0' <= 9; i++ {
		ms += int(b[i]-'0') * unit
		unit /= 10
	}
	return b[i:], ms, i > 1
}

func zoneOf(b []byte) (off int64, zoned, ok bool) {
	if len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	switch {
	case len(b) == 0:
		return 0, false, true
	case string(b) == "Z" || string(b) == "z":
		return 0, true, true
	case b[0] != '+' && b[0] != '-':
		return 0, false, false
	}
	sign := int64(1)
	if b[0] == '-' {
		sign = -1
	}
	b = b[1:]
	if len(b) == 5 && b[2] == ':' {
		return hhmm(sign, b[0], b[1], b[3], b[4])
	}
	if len(b) == 4 {
		return hhmm(sign, b[0], b[1], b[2], b[3])
	}
	return 0, false, false
}

func hhmm(sign int64, a, b, c, d byte) (off int64, zoned, ok bool) {
	if a-'0' > 1 || b-'0' > 9 || c-'0' > 5 || d-'0' > 9 {
		return 0, false, false
	}
	h, m := int64(a-'0')*10+int64(b-'0'), int64(c-'0')*10+int64(d-'0')
	return sign * (h*3600 + m*60), true, h <= 14
}

// The plausible dates. 1900-01-01 is the zero of too many programs to be one.
var firstDay, lastDay = daysOf(1900, 1, 2), daysOf(2100, 12, 31)

// dateForm is how numbers stand for dates in a source, where that is not the
// usual way.
type dateForm struct {
	serial1904 bool // spreadsheets of the 1904 system: day 0 is 1904-01-01
	seconds    bool // instants are seconds since 1970
}

// date evaluates a calendar date (GB/T 7408.1: year, month and day).
func date(form dateForm) eval {
	return func(st *state, in []input, out *value) string {
		b, rule := st.text(in[0], compat)
		if b == nil {
			out.null = true
			return rule
		}
		return st.date(b, form, out)
	}
}

func (st *state) date(b []byte, form dateForm, out *value) string {
	days, rule := st.parseDateAs(b, form)
	switch {
	case rule != "":
		return rule
	case days == firstDay-1:
		st.flags |= Placeholder
		out.null = true
		return ""
	case days < firstDay || days > lastDay:
		return ruleDateRange
	}
	out.i = days
	return ""
}

func (st *state) parseDate(b []byte) (days int64, rule string) { return st.parseDateAs(b, dateForm{}) }

func (st *state) parseDateAs(b []byte, form dateForm) (days int64, rule string) {
	if n := leadingDigits(b); n >= 5 {
		return st.digitDate(b, n, form)
	}
	y, m, d, digits, rest, ok := ymd(st.squeezeDate(b))
	if !ok {
		return 0, ruleDateFormat
	}
	if digits <= 2 {
		return 0, ruleTwoDigitYear
	}
	if digits != 4 {
		return 0, ruleDateFormat
	}
	return wholeDate(y, m, d, rest)
}

// wholeDate checks a date and the time behind it. A written zone moves the
// instant to the calendar of the sources.
func wholeDate(y, m, d int, rest []byte) (days int64, rule string) {
	sec, _, off, zoned, ok := clock(rest)
	if !ok {
		return 0, ruleDateFormat
	}
	if !isDate(y, m, d) {
		return 0, ruleDateRange
	}
	days = daysOf(y, m, d)
	if zoned {
		unix := days*day + int64(sec) - off
		days = floorDiv(unix+offsetAt(unix), day)
	}
	return days, ""
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func leadingDigits(b []byte) int {
	n := 0
	for n < len(b) && b[n]-'0' <= 9 {
		n++
	}
	return n
}

// squeezeDate removes spaces in front of the time of day: "2022 年 1 月 17 日".
func (st *state) squeezeDate(b []byte) []byte {
	for i, c := range b {
		if c == ':' {
			return b
		}
		if c == ' ' && i+1 < len(b) && b[i+1]-'0' > 9 {
			return st.squeeze(b)
		}
	}
	if _, n, rest := figure(b); n == 4 && len(rest) > 0 && rest[0] != ' ' {
		return st.squeeze(b)
	}
	return b
}

// digitDate reads a date written as digits alone: 20220117, 20220117103000, a
// spreadsheet's serial day, or milliseconds since 1970.
func (st *state) digitDate(b []byte, n int, form dateForm) (days int64, rule string) {
	v, err := strconv.ParseInt(string(b[:min(n, 18)]), 10, 64)
	rest := b[n:]
	if b[0] == '0' {
		return 0, ruleDateFormat // zeros, or a code
	}
	switch {
	case err != nil:
		return 0, ruleDateFormat
	case n == 8:
		return wholeDate(int(v/10000), int(v/100%100), int(v%100), rest)
	case n == 5 && (len(rest) == 0 || rest[0] == '.' && leadingDigits(rest[1:]) == len(rest)-1 && len(rest) > 1):
		if v < 20000 || v > 60000 {
			return 0, ruleDateFormat
		}
		if form.serial1904 {
			v += 1462
		}
		return v - 25569, "" // day 25569 of the 1900 system is 1970-01-01
	case len(rest) > 0:
		return 0, ruleDateFormat
	case form.seconds && (n == 9 || n == 10):
		days, midnight := epochDate(v * 1000)
		if !midnight {
			st.flags |= DateAmbig
		}
		return days, ""
	case n == 14:
		if _, ok := clockDigits(v % 1e6); !ok {
			return 0, ruleDateFormat
		}
		return wholeDate(int(v/1e10), int(v/1e8%100), int(v/1e6%100), nil)
	case n == 12 && isMinute(v):
		return daysOf(int(v/1e8), int(v/1e6%100), int(v/1e4%100)), ""
	case n >= 11 && n <= 13 && !form.seconds:
		days, midnight := epochDate(v)
		if !midnight {
			if n == 11 || n == 12 && isYear(int(v/1e8)) {
				return 0, ruleDateFormat // a telephone number, or a broken calendar time
			}
			st.flags |= DateAmbig
		}
		return days, ""
	}
	return 0, ruleDateFormat
}

// isMinute reports whether twelve digits can be read as a minute of the
// calendar, 202201171030. As milliseconds they would all lie in 1976, so that
// the calendar is the better reading.
func isMinute(v int64) bool {
	y, m, d := int(v/1e8), int(v/1e6%100), int(v/1e4%100)
	return isYear(y) && isDate(y, m, d) && v/100%100 <= 23 && v%100 <= 59
}

func isYear(y int) bool { return y >= 1900 && y <= 2100 }

// epochDate is the date of an epoch value that stands for a date. The writer's
// midnight is either that of the zone, summer time included, or that of a fixed
// +08:00; the one that gives midnight is right. Otherwise it is the date on
// which the instant fell.
func epochDate(ms int64) (days int64, midnight bool) {
	unix := floorDiv(ms, 1000)
	for _, off := range [...]int64{offsetAt(unix), eastEight} {
		if (unix+off)%day == 0 && ms%1000 == 0 {
			return (unix + off) / day, true
		}
	}
	return floorDiv(unix+offsetAt(unix), day), false
}

func clockDigits(v int64) (sec int, ok bool) {
	h, m, s := int(v/1e4), int(v/100%100), int(v%100)
	return h*3600 + m*60 + s, h <= 23 && m <= 59 && s <= 59
}

// The plausible instants: a version is an unsigned number of milliseconds.
const (
	firstTime = 0
	lastTime  = 4133951999999 // 2100-12-31T23:59:59.999+08:00
)

// instant evaluates a point in time (GB/T 7408.1), in milliseconds since 1970.
func instant(seconds bool) eval {
	return func(st *state, in []input, out *value) string { return st.instant(in, seconds, out) }
}

func (st *state) instant(in []input, seconds bool, out *value) string {
	if in[0].field < 0 && !st.vals[in[0].step].null {
		out.i = st.vals[in[0].step].i
		return ""
	}
	if s := st.cleanSlot(in[0]); s != nil {
		if ms, ok := plainInstant(s.b); ok {
			out.i = ms
			return ""
		}
	}
	b, rule := st.text(in[0], compat)
	if b == nil {
		out.null = true
		return rule
	}
	ms, ok := parseInstant(b, seconds)
	if !ok {
		return ruleTimeFormat
	}
	if ms < firstTime || ms > lastTime {
		return ruleTimeRange
	}
	out.i = ms
	return ""
}

func parseInstant(b []byte, seconds bool) (ms int64, ok bool) {
	n := leadingDigits(b)
	if n == len(b) && n > 0 && b[0] == '0' {
		return 0, false // zeros, or a code
	}
	if seconds && n == len(b) && (n == 9 || n == 10) {
		s, err := strconv.ParseInt(string(b), 10, 64)
		return s * 1000, err == nil
	}
	if n == len(b) && (n == 12 || n == 13) {
		ms, err := strconv.ParseInt(string(b), 10, 64)
		if n == 13 || err != nil || !isYear(int(ms/1e8)) {
			return ms, err == nil
		}
		if !isMinute(ms) {
			return 0, false
		}
		local := daysOf(int(ms/1e8), int(ms/1e6%100), int(ms/1e4%100))*day + ms/100%100*3600 + ms%100*60
		return (local - civilOffset(local)) * 1000, true
	}
	var y, m, d, digits, sec int
	var frac int
	var off int64
	var zoned bool
	if len(b) == 14 && n == 14 {
		v, _ := strconv.ParseInt(string(b), 10, 64)
		y, m, d, digits = int(v/1e10), int(v/1e8%100), int(v/1e6%100), 4
		sec, ok = clockDigits(v % 1e6)
	} else {
		var rest []byte
		if y, m, d, digits, rest, ok = ymd(b); !ok || len(rest) == 0 {
			return 0, false
		}
		sec, frac, off, zoned, ok = clock(rest)
	}
	if !ok || digits != 4 || !isDate(y, m, d) {
		return 0, false
	}
	local := daysOf(y, m, d)*day + int64(sec)
	if !zoned {
		off = civilOffset(local)
	}
	return (local-off)*1000 + int64(frac), true
}

// civilOffset is the offset at a civil time of the zone, as package time
// decides it around a change of clocks.
func civilOffset(local int64) int64 {
	if local-eastEight >= from1992 {
		return eastEight
	}
	t := time.Unix(local, 0).UTC()
	_, off := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone()).Zone()
	return int64(off)
}
