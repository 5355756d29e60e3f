package transforms

import (
	"math/bits"
	"strconv"
)

// scale is the factor between a measure and its stored integer: four decimals.
const scale = 10_000

// maxScaled is the largest measure that decimal(18,4) holds.
const maxScaled = 999_999_999_999_999_999

var pow10 = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// decimal is a written number: mant / 10^frac, exactly.
type decimal struct {
	mant uint64
	frac int
	neg  bool
}

// parseDecimal reads a number at the start of b and returns what follows it.
// Thousands may be separated by commas, then in groups of three throughout. An
// exponent is not read: in a text it is the trace of a spreadsheet that lost
// digits. More than 18 significant digits are refused.
func parseDecimal(b []byte) (d decimal, rest []byte, ok bool) {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		d.neg = b[0] == '-'
		b = b[1:]
	}
	whole, grouped, group, n := 0, false, 0, 0
	i := 0
	for ; i < len(b); i++ {
		c := b[i]
		if c == ',' {
			if group == 0 || group > 3 || grouped && group != 3 {
				return d, nil, false
			}
			grouped, group = true, 0
			continue
		}
		if c-'0' > 9 {
			break
		}
		whole++
		group++
		if !d.digit(c, &n) {
			return d, nil, false
		}
	}
	if grouped && group != 3 {
		return d, nil, false
	}
	if i < len(b) && b[i] == '.' {
		from := i + 1
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
			if !d.digit(b[i], &n) {
				return d, nil, false
			}
			d.frac++
		}
		if i == from {
			return d, nil, false
		}
		whole += d.frac
	}
	return d, b[i:], whole > 0 && d.frac <= 18
}

// digit appends a digit; n counts the significant ones.
func (d *decimal) digit(c byte, n *int) bool {
	if *n > 0 || c != '0' {
		*n++
	}
	d.mant = d.mant*10 + uint64(c-'0')
	return *n <= 18
}

// exponent applies the exponent of a JSON number, which is exact there.
func (d *decimal) exponent(b []byte) ([]byte, bool) {
	if len(b) < 2 || b[0] != 'e' && b[0] != 'E' {
		return b, true
	}
	neg := b[1] == '-'
	if b = b[1:]; b[0] == '-' || b[0] == '+' {
		b = b[1:]
	}
	e := 0
	for len(b) > 0 && b[0]-'0' <= 9 {
		e = min(e*10+int(b[0]-'0'), 1000)
		b = b[1:]
	}
	if neg {
		e = -e
	}
	switch f := d.frac - e; {
	case d.mant == 0:
		d.frac = 0
	case f > 18:
		return b, false
	case f >= 0:
		d.frac = f
	default:
		hi, lo := uint64(1), uint64(0)
		if -f <= 18 {
			hi, lo = bits.Mul64(d.mant, pow10[-f])
		}
		if hi != 0 || lo > maxScaled {
			return b, false
		}
		d.mant, d.frac = lo, 0
	}
	return b, true
}

// times is d × to ÷ per × 10,000, rounded half up (away from zero), and false
// when decimal(18,4) cannot hold it. The product is taken in 128 bits, so that
// the only rounding is the last.
func (d decimal) times(to, per uint64) (int64, bool) {
	hi, lo := bits.Mul64(d.mant, to*scale)
	phi, den := bits.Mul64(per, pow10[d.frac])
	if phi != 0 || hi >= den {
		return 0, false
	}
	q, r := bits.Div64(hi, lo, den)
	if r >= den-r {
		q++
	}
	if q > maxScaled {
		return 0, false
	}
	if d.neg {
		return -int64(q), true
	}
	return int64(q), true
}

// appendDecimal writes a stored measure without trailing zeros.
func appendDecimal(b []byte, v int64) []byte {
	if v < 0 {
		b = append(b, '-')
		v = -v
	}
	b = strconv.AppendInt(b, v/scale, 10)
	frac := v % scale
	if frac == 0 {
		return b
	}
	b = append(b, '.', byte('0'+frac/1000), byte('0'+frac/100%10), byte('0'+frac/10%10), byte('0'+frac%10))
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}

// number reads an input as a number with nothing after it but one of the
// suffixes. A nil result of ok=false with no rule is null.
func (st *state) number(in input, suffixes [][]byte) (d decimal, ok bool, rule string) {
	b, rule := st.text(in, compat)
	if b == nil {
		return d, false, rule
	}
	d, rest, ok := parseDecimal(b)
	if ok && in.field >= 0 && st.scan.slots[in.field].kind == num {
		rest, ok = d.exponent(rest)
	}
	if !ok || !isSuffix(st.squeeze(rest), suffixes) {
		return d, false, ruleNumberFormat
	}
	if d.mant == 999999 && d.frac == 0 && !d.neg {
		st.flags |= Placeholder
		return d, false, ""
	}
	return d, true, ""
}

func isSuffix(rest []byte, suffixes [][]byte) bool {
	if len(rest) == 0 {
		return true
	}
	for _, s := range suffixes {
		if string(s) == string(rest) {
			return true
		}
	}
	return false
}

// unit is a unit as a fraction of the one that is stored: m² for areas, 元 for
// money.
type unit struct {
	to, per uint64
}

// areaUnit finds a unit of area by its cleaned name. 亩 is 2000/3 m².
func areaUnit(b []byte) (unit, bool) {
	switch string(b) {
	case "平方米", "平米", "平方", "平", "m2", "M2", "㎡":
		return unit{1, 1}, true
	case "亩", "市亩":
		return unit{2000, 3}, true
	case "公顷", "ha", "hm2", "万平方米", "万平米", "万平", "万m2":
		return unit{10_000, 1}, true
	case "平方公里", "平方千米", "km2":
		return unit{1_000_000, 1}, true
	}
	return unit{}, false
}

// moneyUnit finds a unit of money by its cleaned name.
func moneyUnit(b []byte) (unit, bool) {
	b, _ = cut(b, "人民币")
	switch string(b) {
	case "元", "圆", "元整", "元人民币", "yuan":
		return unit{1, 1}, true
	case "角":
		return unit{1, 10}, true
	case "分":
		return unit{1, 100}, true
	case "百元":
		return unit{100, 1}, true
	case "千元", "千":
		return unit{1000, 1}, true
	case "万元", "万", "万元整", "万元人民币", "ten_thousand_yuan":
		return unit{10_000, 1}, true
	case "百万元", "百万":
		return unit{1e6, 1}, true
	case "千万元", "千万":
		return unit{1e7, 1}, true
	case "亿元", "亿", "亿元整", "hundred_million_yuan":
		return unit{1e8, 1}, true
	case "万亿元", "万亿":
		return unit{1e12, 1}, true
	}
	return unit{}, false
}

// quantity evaluates a number with a unit, in the unit that is stored. A unit
// written in the cell itself stands above the constant of the declaration,
// which speaks of the column; it must agree with a unit field of the same row.
type quantity struct {
	unitOf func(name []byte) (unit, bool)
	fixed  unit // of the column, when no field names it
	money  bool // signs of currency and sums in Chinese numerals are read
}

func (q *quantity) eval(st *state, in []input, out *value) string {
	b, rule := st.text(in[0], compat)
	if b == nil {
		out.null = true
		return rule
	}
	d, own, rule := q.read(st, in[0], b)
	if rule != "" {
		return rule
	}
	if d.mant == 999999 && d.frac == 0 && own == (unit{}) {
		st.flags |= Placeholder
		out.null = true
		return ""
	}
	u := q.fixed
	if len(in) == 2 {
		name, rule := st.code(in[1])
		if rule != "" {
			return rule
		}
		named, ok := q.unitOf(name)
		switch {
		case !ok && name != nil:
			return ruleUnitUnknown
		case ok && own != (unit{}) && named != own:
			return ruleUnitConflict
		}
		u = named
	}
	if own != (unit{}) {
		u = own
	}
	if u == (unit{}) {
		return ruleUnitUnknown
	}
	if u != (unit{1, 1}) {
		st.flags |= UnitConv
	}
	var ok bool
	if out.i, ok = d.times(u.to, u.per); !ok {
		return ruleNumberRange
	}
	return ""
}

// read reads the number of a cell, and its own unit where one is written.
func (q *quantity) read(st *state, in input, b []byte) (d decimal, own unit, rule string) {
	if q.money {
		b = withoutSign(b)
		if cents, yuan, rest, ok := hanAmount(st.squeeze(b)); ok && len(rest) == 0 {
			if yuan {
				own = unit{1, 1}
			}
			return decimal{mant: cents, frac: 2}, own, ""
		}
	}
	d, rest, ok := parseDecimal(b)
	if ok && in.field >= 0 && st.scan.slots[in.field].kind == num {
		rest, ok = d.exponent(rest)
	}
	if !ok {
		return d, own, ruleNumberFormat
	}
	if rest = st.squeeze(rest); len(rest) == 0 {
		return d, own, ""
	}
	if c := rest[0]; c <= '9' || c == 'E' || c == 'e' { // 12 345, 3.7E+11: more of a number, not a unit
		return d, own, ruleNumberFormat
	}
	if own, ok = q.unitOf(rest); !ok {
		return d, own, ruleUnitUnknown
	}
	return d, own, ""
}

// withoutSign takes the signs of the currency off the front.
func withoutSign(b []byte) []byte {
	for {
		rest, ok := cut(b, "¥", "￥", "人民币", "RMB", "CNY", " ", ":")
		if !ok {
			return b
		}
		b = rest
	}
}

// share evaluates a part of a whole as a number of 1: 95% and 百分之九十五 are
// 0.95. What a number without a sign means is declared, never guessed.
func share(bare unit) eval {
	return func(st *state, in []input, out *value) string {
		b, rule := st.text(in[0], compat)
		if b == nil {
			out.null = true
			return rule
		}
		u := bare
		words, percent := cut(b, "百分之")
		if percent {
			u, b = unit{1, 100}, words
			if v, n, rest := figure(b); n > 0 && len(rest) == 0 {
				out.i = int64(v) * scale / 100
				return ""
			}
		}
		d, rest, ok := parseDecimal(b)
		if ok && in[0].field >= 0 && st.scan.slots[in[0].field].kind == num {
			rest, ok = d.exponent(rest)
		}
		if !ok {
			return ruleNumberFormat
		}
		switch rest = st.squeeze(rest); string(rest) {
		case "":
		case "%":
			u = unit{1, 100}
		case "‰":
			u = unit{1, 1000}
		default:
			return ruleNumberFormat
		}
		if out.i, ok = d.times(u.to, u.per); !ok {
			return ruleNumberRange
		}
		return ""
	}
}
