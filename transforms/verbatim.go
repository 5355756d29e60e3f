package transforms

import (
	"rongtong/schemas"
)

// buildVerbatim makes the function that parses a value and otherwise leaves it
// as it stands: no cleaning, no placeholders, no units. It is for tables
// outside the theme, whose rows must equal what any other program would load.
func buildVerbatim(b *building) eval {
	zone := b.arg("zone", "Asia/Shanghai")
	if zone != "Asia/Shanghai" && zone != "UTC" {
		return b.invalid("zone", "known: Asia/Shanghai, UTC")
	}
	if b.column == nil {
		return verbatimText
	}
	switch b.column.Type {
	case schemas.Int:
		return verbatimInt
	case schemas.Measure:
		return verbatimMeasure
	case schemas.Date:
		return verbatimDate
	case schemas.Time:
		return verbatimTime(zone == "UTC")
	}
	return verbatimText
}

func verbatimText(st *state, in []input, out *value) (rule string) {
	out.b, rule = st.raw(in[0])
	out.null = out.b == nil
	return rule
}

// verbatimNumber reads a number with nothing around it. ok is false for null.
func verbatimNumber(st *state, in input) (d decimal, ok bool, rule string) {
	b, rule := st.raw(in)
	if b == nil {
		return d, false, rule
	}
	d, rest, ok := parseDecimal(b)
	if ok && len(rest) > 0 {
		rest, ok = d.exponent(rest)
	}
	if !ok || len(rest) > 0 {
		return d, false, ruleNumberFormat
	}
	return d, true, ""
}

func verbatimInt(st *state, in []input, out *value) string {
	d, ok, rule := verbatimNumber(st, in[0])
	if !ok {
		out.null = true
		return rule
	}
	if d.mant%pow10[d.frac] != 0 {
		return ruleNumberFormat
	}
	if out.i = int64(d.mant / pow10[d.frac]); d.neg {
		out.i = -out.i
	}
	return ""
}

func verbatimMeasure(st *state, in []input, out *value) string {
	d, ok, rule := verbatimNumber(st, in[0])
	if !ok {
		out.null = true
		return rule
	}
	if out.i, ok = d.times(1, 1); !ok {
		return ruleNumberRange
	}
	return ""
}

func verbatimDate(st *state, in []input, out *value) string {
	b, rule := st.raw(in[0])
	if b == nil {
		out.null = true
		return rule
	}
	y, m, d, digits, rest, ok := ymd(b)
	if !ok || digits != 4 || len(rest) > 0 || !isDate(y, m, d) {
		return ruleDateFormat
	}
	out.i = daysOf(y, m, d)
	return ""
}

// verbatimTime reads an instant: a civil time of the zone unless it says its
// own, or seconds or milliseconds since 1970, as the server itself reads them.
func verbatimTime(utc bool) eval {
	return func(st *state, in []input, out *value) string {
		b, rule := st.raw(in[0])
		if b == nil {
			out.null = true
			return rule
		}
		if n := leadingDigits(b); n == len(b) && n <= 13 && n != 8 {
			for _, c := range b {
				out.i = out.i*10 + int64(c-'0')
			}
			if n <= 10 {
				out.i *= 1000
			}
			return ""
		}
		y, m, d, digits, rest, ok := ymd(b)
		if !ok || digits != 4 || !isDate(y, m, d) {
			return ruleTimeFormat
		}
		sec, frac, off, zoned, ok := clock(rest)
		if !ok {
			return ruleTimeFormat
		}
		local := daysOf(y, m, d)*day + int64(sec)
		if !zoned && !utc {
			off = civilOffset(local)
		}
		out.i = (local-off)*1000 + int64(frac)
		return ""
	}
}
