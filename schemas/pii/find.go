package pii

import (
	"unicode/utf8"

	"rongtong/schemas/divisions"
)

// Kind is what an identifier is.
type Kind uint8

// The kinds that are known by their form.
const (
	CitizenID Kind = iota + 1
	Mobile
	BankCard
)

func (k Kind) String() string {
	return [...]string{"", "citizen_id", "mobile", "bank_card"}[k]
}

// Hit is one identifier in a text, by byte offsets.
type Hit struct {
	Kind     Kind
	From, To int
	// hideFrom and hideTo are what a mask covers.
	hideFrom, hideTo int
}

// Find appends to hits every citizen ID, mobile number and bank card in b, in
// order, and returns it. b may be any UTF-8 text, also the text of a JSON
// object: field borders end an identifier.
//
//   - A citizen ID is 18 characters with a province and a date of birth in their
//     places, right or wrong check digit, or 15 digits likewise unless they are
//     the code of a grid in a division of the register. A credit code that has
//     the form by chance is known by its own check digit.
//   - A mobile number is 11 digits from 13 to 19, with or without 86. One with
//     five zeros at its end, or decimals behind it, is an amount.
//   - A bank card is 16 to 19 digits of a known issuer with the Luhn digit.
//
// Digits may be of any width or script and may be grouped by single spaces and
// hyphens. Digits inside a long hexadecimal token (a hash, a UUID) are none.
//
// It allocates nothing but what hits needs to grow.
func Find(b []byte, hits []Hit) []Hit {
	f := finder{b: b, hits: hits}
	for i := 0; i < len(b); {
		if f.n == 0 {
			for i < len(b) && !begins[b[i]] {
				i++
			}
			if i == len(b) {
				break
			}
			if n := short(b[i:]); n > 0 {
				i += n
				continue
			}
		}
		if c := b[i]; c-'0' <= 9 {
			f.digit(int(c-'0'), i, i+1)
			i++
			continue
		}
		i += f.other(i)
	}
	f.end(len(b))
	return f.hits
}

// short is the length of an ASCII run at the beginning of b that has too few
// digits for an identifier, 0 if it may have enough: most dates, counts and
// codes are passed over by it.
func short(b []byte) int {
	digits := 0
	for i, c := range b {
		switch asciiClass[c] {
		case isDigit:
			if digits++; digits == 11 {
				return 0
			}
		case isHard:
			return i
		case isOpen:
			return 0
		}
	}
	return len(b)
}

const (
	isHard  = iota // ends a run
	isDigit        // of a run
	isSoft         // may stand between the digits of a run
	isOpen         // needs a closer look
)

var asciiClass = func() (t [256]uint8) {
	for c := range t {
		switch r := rune(c); {
		case c >= utf8.RuneSelf || r == 'x' || r == 'X':
			t[c] = isOpen
		case r >= '0' && r <= '9':
			t[c] = isDigit
		case isSpace(r) || isHyphen(r):
			t[c] = isSoft
		}
	}
	return t
}()

// begins marks the bytes at which a digit may begin: ASCII digits, and the
// first bytes of digits of other scripts and widths.
var begins = func() (t [256]bool) {
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for r := rune(0x80); r < 0x20000; r++ {
		if digitOf(r) >= 0 {
			t[string(r)[0]] = true
		}
	}
	return t
}()

// Limits of one run. What is longer is looked at in windows that overlap by
// more than the longest identifier.
const (
	runMax  = 96
	overlap = 24
	letterX = 10 // the value of X, which may end an ID
)

// finder collects a run: digits that stand together or with single separators.
type finder struct {
	b     []byte
	hits  []Hit
	n     int
	gap   int // separators since the last digit
	d     [runMax]byte
	from  [runMax]int32
	to    [runMax]int32
	start [runMax]bool // a separator or an X stands before it
	pos   int          // hits before this offset are known
}

func (f *finder) digit(v, from, to int) {
	if f.n == runMax {
		f.evaluate(from)
		copy(f.d[:], f.d[runMax-overlap:])
		copy(f.from[:], f.from[runMax-overlap:])
		copy(f.to[:], f.to[runMax-overlap:])
		copy(f.start[:], f.start[runMax-overlap:])
		f.n = overlap
	}
	f.d[f.n], f.from[f.n], f.to[f.n], f.start[f.n] = byte(v), int32(from), int32(to), f.n == 0 || f.gap > 0 || f.d[f.n-1] == letterX
	f.n++
	f.gap = 0
}

// other takes the character at b[i], which is no ASCII digit, and returns its
// length.
func (f *finder) other(i int) int {
	r, w := rune(f.b[i]), 1
	if r >= utf8.RuneSelf {
		if r, w = utf8.DecodeRune(f.b[i:]); isInvisible(r) {
			return w
		}
		if v := digitOf(r); v >= 0 {
			f.digit(v, i, i+w)
			return w
		}
		r = narrow(r)
	}
	switch {
	case f.n == 0:
	case (r == 'X' || r == 'x') && f.gap == 0:
		f.digit(letterX, i, i+w)
	case (isSpace(r) || isHyphen(r)) && f.gap == 0:
		f.gap++
	default:
		f.end(i)
	}
	return w
}

// end closes the run before offset i.
func (f *finder) end(i int) {
	if f.n >= 11 {
		f.evaluate(i)
	}
	f.n, f.gap = 0, 0
}

// evaluate looks for identifiers in the run, which ends before offset next.
func (f *finder) evaluate(next int) {
	from, to := 0, 0 // the digits around i that stand together
	for i := 0; i < f.n; {
		if i >= to {
			for from, to = i, i+1; to < f.n && !f.start[to]; to++ {
			}
		}
		if int(f.from[i]) < f.pos {
			i++
			continue
		}
		if f.start[i] {
			if k, n := f.at(i, next); n > 0 && f.add(k, i, n) {
				i += n
				continue
			}
		}
		if to-from > 18 {
			if k, n := f.inside(i, from, to); n > 0 && f.add(k, i, n) {
				i += n
				continue
			}
			i++
			continue
		}
		i = max(i+1, to) // identifiers begin where groups do
	}
}

// border reports whether an identifier may end before digit e.
func (f *finder) border(e int) bool {
	return e == f.n || e < f.n && (f.start[e] || f.d[e] == letterX)
}

// at returns the identifier that begins at i, where a group begins, and ends
// where one ends.
func (f *finder) at(i, next int) (Kind, int) {
	for _, n := range [...]int{18, 19, 17, 16, 15, 14, 13, 12, 11} {
		if i+n > f.n || !f.border(i+n) {
			continue
		}
		if k := f.classify(i, n, next); k != 0 {
			return k, n
		}
	}
	return 0, 0
}

func (f *finder) classify(i, n, next int) Kind {
	d := f.d[i : i+n]
	groups := 0
	for k := i; k < i+n; k++ {
		if f.start[k] || k == i {
			groups++
		}
	}
	switch {
	case n == 18 && isID(d):
		return CitizenID
	case n == 15 && groups == 1 && isID15(d):
		return CitizenID
	case n == 15 && groups == 1 && d[0] == 0 && d[1] == 0 && d[2] == 8 && d[3] == 6,
		n == 13 && groups == 1 && d[0] == 8 && d[1] == 6,
		n == 12 && groups == 1 && d[0] == 0:
		if f.isMobile(i+n-11, 1, next) {
			return Mobile
		}
	case n == 11 && f.isMobile(i, groups, next):
		return Mobile
	case n >= 16 && isCard(d):
		return BankCard
	}
	return 0
}

// inside returns the identifier that begins at i within the digits [from, to)
// that stand together and are longer than any number of a thing that has one:
// people glue numbers together.
func (f *finder) inside(i, from, to int) (Kind, int) {
	if i+18 <= to && isID(f.d[i:i+18]) && isRight(f.d[i:i+18]) {
		return CitizenID, 18
	}
	if left := to - i; left >= 11 && isMobile(f.d[i:i+11]) && (i == from || left == 11 || int(f.from[i]) == f.pos) {
		return Mobile, 11
	}
	return 0, 0
}

func (f *finder) isMobile(i, groups, next int) bool {
	if !isMobile(f.d[i : i+11]) {
		return false
	}
	if i+11 == f.n && next+1 < len(f.b) && f.b[next] == '.' && f.b[next+1]-'0' <= 9 && f.gap == 0 {
		return false // decimals follow: an amount
	}
	return groups == 1 || groups >= 8 || f.grouped(i)
}

// grouped reports the ways in which people group a mobile number.
func (f *finder) grouped(i int) bool {
	var at [11]bool
	for k := 1; k < 11; k++ {
		at[k] = f.start[i+k]
	}
	switch at {
	case [11]bool{3: true, 7: true}, [11]bool{3: true}, [11]bool{7: true}, [11]bool{3: true, 6: true}:
		return true
	}
	return false
}

// add records the identifier of n digits at i unless it is part of a hash.
func (f *finder) add(k Kind, i, n int) bool {
	from, to := int(f.from[i]), int(f.to[i+n-1])
	if f.inHash(from, to) {
		return false
	}
	first, last := 3, 2
	if k == Mobile {
		i, n = i+n-11, 11 // the country's code in front stays
		last = 4
	}
	f.hits = append(f.hits, Hit{k, from, to, int(f.from[i+first]), int(f.to[i+n-last-1])})
	f.pos = to
	return true
}

// inHash reports whether the token around the identifier is long, hexadecimal
// and has letters among its digits.
func (f *finder) inHash(from, to int) bool {
	length, letters := 0, 0
	count := func(c byte) bool {
		switch {
		case c-'0' <= 9:
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			letters++
		case c != '-':
			return false
		}
		length++
		return true
	}
	for i := from; i < to; i++ {
		if !count(f.b[i]) {
			return false
		}
	}
	for i := from - 1; i >= 0 && count(f.b[i]); i-- {
	}
	for i := to; i < len(f.b) && count(f.b[i]); i++ {
	}
	return length >= 24 && letters >= 3
}

func isMobile(d []byte) bool {
	if d[0] != 1 || d[1] < 3 {
		return false
	}
	zeros := 0
	for _, v := range d[:11] {
		if v > 9 {
			return false
		}
		if zeros++; v != 0 {
			zeros = 0
		}
	}
	return zeros < 5
}

func numberOf(d []byte) int {
	n := 0
	for _, v := range d {
		n = n*10 + int(v)
	}
	return n
}

// isID reports the form of an ID: a province, and a date of birth by its
// numbers, impossible ones (30 February) included.
func isID(d []byte) bool {
	for _, v := range d[:17] {
		if v > 9 {
			return false
		}
	}
	y, m, day := numberOf(d[6:10]), numberOf(d[10:12]), numberOf(d[12:14])
	if y < 1800 || y > 2099 || m < 1 || m > 12 || day < 1 || day > 31 || !provinces[numberOf(d[:2])] {
		return false
	}
	return isRight(d) || d[17] == letterX || !isCreditCode(d)
}

// isRight reports a right check digit.
func isRight(d []byte) bool {
	sum := 0
	for i, w := range weights {
		sum += w * int(d[i])
	}
	c := checks[sum%11]
	return c == 'X' && d[17] == letterX || d[17] <= 9 && c == '0'+d[17]
}

// isID15 reports the form of an ID as it was until 1999. Those born before 1920
// in it are left out: they would be every second grid of a street.
func isID15(d []byte) bool {
	for _, v := range d {
		if v > 9 {
			return false
		}
	}
	m, day := numberOf(d[8:10]), numberOf(d[10:12])
	if d[6] < 2 || m < 1 || m > 12 || day < 1 || day > 31 || !provinces[numberOf(d[:2])] {
		return false
	}
	return !isDivision(d[:12])
}

func isDivision(d []byte) bool {
	reg, err := divisions.Load()
	if err != nil {
		return false
	}
	var code [12]byte
	for i, v := range d {
		code[i] = '0' + v
	}
	_, ok := reg.LookupBytes(code[:])
	return ok
}

// isCreditCode reports a province in its place and a right check digit of GB
// 32100-2015 on 18 digits.
func isCreditCode(d []byte) bool {
	if !provinces[numberOf(d[2:4])] {
		return false
	}
	sum, w := 0, 1
	for _, v := range d[:17] {
		sum += int(v) * w
		w = w * 3 % 31
	}
	return (31-sum%31)%31 == int(d[17])
}

// isCard reports a card number by issuer (ISO/IEC 7812: 62 UnionPay, 4, 51 to
// 55, 35, and 9558, 60 of Chinese banks) and Luhn digit.
func isCard(d []byte) bool {
	two := numberOf(d[:2])
	switch {
	case two == 62, two == 60, numberOf(d[:4]) == 9558:
	case len(d) == 16 && (d[0] == 4 || two >= 51 && two <= 55 || two == 35):
	default:
		return false
	}
	sum := 0
	for i := range d {
		v := int(d[len(d)-1-i])
		if v > 9 {
			return false
		}
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0 && !isDivision(d[:12])
}
