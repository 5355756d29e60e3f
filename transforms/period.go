package transforms

// monthStart evaluates a month as its first day.
func monthStart(st *state, in []input, out *value) string {
	b, rule := st.code(in[0])
	if b == nil {
		out.null = true
		return rule
	}
	y, m, ok := parseMonth(b)
	if !ok || !isPeriodYear(y) || m < 1 || m > 12 {
		return rulePeriodFormat
	}
	out.i = daysOf(y, m, 1)
	return ""
}

func isPeriodYear(y int) bool { return y >= 1949 && y <= 2100 }

// parseMonth reads 2025-06, 2025/6, 2025.6, 202506, 2025年6月, and a date that is
// the first of its month, which is how databases write one.
func parseMonth(b []byte) (y, m int, ok bool) {
	y, n, rest := figure(b)
	if n == 6 && len(rest) == 0 {
		return y / 100, y % 100, true
	}
	if n != 4 || len(rest) == 0 {
		return 0, 0, false
	}
	sep := ""
	if c := rest[0]; c == '-' || c == '/' || c == '.' {
		sep = string(rest[:1])
		rest = rest[1:]
	} else if rest, ok = cut(rest, "年"); !ok {
		return 0, 0, false
	}
	if m, n, rest = figure(rest); n == 0 || n > 2 {
		return 0, 0, false
	}
	if sep == "" {
		rest, _ = cut(rest, "月份", "月")
		return y, m, len(rest) == 0
	}
	if len(rest) == 0 {
		return y, m, true
	}
	if rest, ok = cut(rest, sep); !ok {
		return 0, 0, false
	}
	d, n, rest := figure(rest)
	return y, m, d == 1 && n <= 2 && len(rest) == 0
}

// quarter evaluates a quarter as the first or the last day of it.
func quarter(end bool) eval {
	return func(st *state, in []input, out *value) string {
		b, rule := st.code(in[0])
		if b == nil {
			out.null = true
			return rule
		}
		y, q, ok := parseQuarter(b)
		if !ok || !isPeriodYear(y) || q < 1 || q > 4 {
			return rulePeriodFormat
		}
		out.i = daysOf(y, 3*q-2, 1)
		if end {
			out.i = daysOf(y, 3*q, monthDays[3*q])
		}
		return ""
	}
}

// parseQuarter reads 202504 (the fourth quarter, not April), 2025Q4, 2025-Q4,
// 2025年第四季度 and its shorter forms.
func parseQuarter(b []byte) (y, q int, ok bool) {
	y, n, rest := figure(b)
	if n == 6 && len(rest) == 0 {
		return y / 100, y % 100, true
	}
	if n != 4 {
		return 0, 0, false
	}
	rest, _ = cut(rest, "-", "/", "年")
	if tail, isQ := cut(rest, "Q", "q"); isQ {
		q, n, rest = figure(tail)
		return y, q, n == 1 && len(rest) == 0
	}
	rest, _ = cut(rest, "第")
	q, n, rest = figure(rest)
	rest, ok = cut(rest, "季度", "季")
	return y, q, ok && n == 1 && len(rest) == 0
}
