package world

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// day is a calendar date, days since 1970-01-01; noDay is a missing one.
type day int32

const noDay day = -1 << 31

func dayOf(y, m, d int) day {
	return day(time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func (d day) ymd() (int, int, int) {
	t := time.Unix(int64(d)*86400, 0).UTC()
	return t.Year(), int(t.Month()), t.Day()
}

// ms is the day's first instant in the province.
func (d day) ms() int64 { return int64(d)*86400_000 - 8*3600_000 }

func (d day) String() string {
	if d == noDay {
		return null
	}
	y, m, n := d.ymd()
	b := make([]byte, 0, 10)
	b = strconv.AppendInt(b, int64(y), 10)
	b = append(b, '-', byte('0'+m/10), byte('0'+m%10), '-', byte('0'+n/10), byte('0'+n%10))
	return string(b)
}

// The shapes in which ledgers write one and the same date.
const (
	dateISO = iota
	dateSlash
	dateDot
	dateHan
	dateHanDigits
	dateCompact
	dateClock
	dateSerial
	dateShapes
)

const hanDigits = "〇一二三四五六七八九"

func hanDigit(n int) string { return hanDigits[3*n : 3*n+3] }

func hanNumber(n int) string { // 1..31
	s := ""
	if n >= 10 {
		if n >= 20 {
			s = hanDigit(n / 10)
		}
		s += "十"
	}
	if n%10 != 0 {
		s += hanDigit(n % 10)
	}
	return s
}

func (d day) shape(shape int) string {
	y, m, n := d.ymd()
	i := strconv.Itoa
	switch shape {
	case dateSlash:
		return i(y) + "/" + i(m) + "/" + i(n)
	case dateDot:
		return i(y) + "." + i(m) + "." + i(n)
	case dateHan:
		return i(y) + "年" + i(m) + "月" + i(n) + "日"
	case dateHanDigits:
		s := ""
		for _, c := range i(y) {
			s += hanDigit(int(c - '0'))
		}
		return s + "年" + hanNumber(m) + "月" + hanNumber(n) + "日"
	case dateCompact:
		return strings.ReplaceAll(d.String(), "-", "")
	case dateClock:
		return d.String() + " 00:00:00.0"
	case dateSerial: // the 1900 system: day 25569 is 1970-01-01
		return i(int(d) + 25569)
	}
	return d.String()
}

// clock writes an instant as the systems of the province do.
func clock(ms int64) string {
	sec := ms/1000 + 8*3600
	d, s := day(sec/86400), int(sec%86400)
	b := make([]byte, 0, 19)
	b = append(b, d.String()...)
	two := func(sep byte, n int) { b = append(b, sep, byte('0'+n/10), byte('0'+n%10)) }
	two(' ', s/3600)
	two(':', s/60%60)
	two(':', s%60)
	return string(b)
}

// fullWidth writes ASCII digits and letters as an input method does that was
// left in the wrong mode.
func fullWidth(s string) string {
	var b strings.Builder
	for _, c := range s {
		if c > ' ' && c < 0x7f {
			c += 0xfee0
		}
		b.WriteRune(c)
	}
	return b.String()
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// dec4 is a decimal with four places, the warehouse's measure.
type dec4 int64

const noDec dec4 = -1 << 63

// String is the shortest form: 1000, 12.5.
func (d dec4) String() string {
	if d == noDec {
		return null
	}
	s := strconv.FormatInt(int64(d/10000), 10)
	f := int64(d % 10000)
	if f == 0 {
		return s
	}
	t := strconv.FormatInt(10000+f, 10)[1:]
	return s + "." + strings.TrimRight(t, "0")
}

// fixed writes n/10^places without losing a digit, and without needless zeros.
func fixed(n int64, places int) string {
	p := int64(1)
	for range places {
		p *= 10
	}
	s := strconv.FormatInt(n/p, 10)
	if f := n % p; f != 0 {
		t := strconv.FormatInt(p+f, 10)[1:]
		s += "." + strings.TrimRight(t, "0")
	}
	return s
}

// creditAlphabet is that of GB 32100: no I, O, S, V, Z.
const creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// creditCheck is the check character of 17 characters by GB 32100.
func creditCheck(body string) byte {
	sum, weight := 0, 1
	for i := range 17 {
		sum += strings.IndexByte(creditAlphabet, body[i]) * weight
		weight = weight * 3 % 31
	}
	return creditAlphabet[(31-sum%31)%31]
}

// citizenID makes a synthetic number with a right check digit; the birth date
// is real, the person is not.
func citizenID(r *rng, county string) string {
	d := dayOf(1958, 1, 1) + day(r.n(16000))
	body := county + d.shape(dateCompact) + strconv.Itoa(1000 + r.n(900))[1:]
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += int(body[i]-'0') * w
	}
	return body + "10X98765432"[sum%11:sum%11+1]
}

func mobile(r *rng) string {
	return "1" + string("3578"[r.n(4)]) + strconv.Itoa(1_000_000_000 + r.n(999_999_999))[1:]
}

var (
	surnames = []string{"欧阳", "司徒", "上官", "诸葛", "尉迟", "皇甫", "公孙", "慕容"}
	given    = []string{"翀", "骞", "珺", "彧", "昶", "瑄", "祎", "翊", "煊", "璟", "懿", "琮", "霁", "旻", "晟", "钰"}
)

// personName is of surnames and characters that no division of the register
// holds in this order, so that it is found exactly where it leaked.
func personName(r *rng) string { return pick(r, surnames) + pick(r, given) + pick(r, given) }

// shortName is a division's name without what says of which kind it is.
func shortName(s string) string {
	for _, suffix := range []string{"社区居民委员会", "村民委员会", "居民委员会", "社区居委会", "街道办事处", "居委会", "村委会", "街道", "镇", "乡"} {
		if t := strings.TrimSuffix(s, suffix); t != s && utf8.RuneCountInString(t) > 1 {
			return t
		}
	}
	return s
}
