package transforms

import "strconv"

// hanDigit is the numeral that b begins with: 0 to 9, or 10, 20 and 30 for 十,
// 廿 and 卅. size is 0 when there is none. The capitals of accounting (壹, 贰 …)
// and the letter O that typists use for 〇 count too; O only behind another
// numeral, which the caller says.
func hanDigit(b []byte, inside bool) (v, size int) {
	if len(b) > 0 && (b[0] == 'O' || b[0] == 'o') && inside {
		return 0, 1
	}
	if len(b) < 3 || b[0] < 0xe2 {
		return 0, 0
	}
	switch string(b[:3]) {
	case "〇", "零", "○", "◯":
		return 0, 3
	case "一", "壹":
		return 1, 3
	case "二", "贰", "貳", "弍":
		return 2, 3
	case "三", "叁", "參":
		return 3, 3
	case "四", "肆":
		return 4, 3
	case "五", "伍":
		return 5, 3
	case "六", "陆", "陸":
		return 6, 3
	case "七", "柒":
		return 7, 3
	case "八", "捌":
		return 8, 3
	case "九", "玖":
		return 9, 3
	case "十", "拾":
		return 10, 3
	case "廿":
		return 20, 3
	case "卅":
		return 30, 3
	}
	return 0, 0
}

// hanPower is the weight that b begins with: 十 百 千, 万, 亿.
func hanPower(b []byte) (weight uint64, size int) {
	if len(b) < 3 {
		return 0, 0
	}
	switch string(b[:3]) {
	case "十", "拾":
		return 10, 3
	case "百", "佰":
		return 100, 3
	case "千", "仟":
		return 1000, 3
	case "万", "萬":
		return 1e4, 3
	case "亿", "億":
		return 1e8, 3
	}
	return 0, 0
}

// hanAmount reads a sum of money in Chinese numerals, with the capitals of
// accounting or the simple ones: 壹万贰仟叁佰元伍角陆分整, 两亿三千万. It returns
// hundredths; yuan tells whether 元 was written, so that no other unit may be
// meant. rest is what follows. ok is false when b begins with no such sum, or
// when it breaks the order of weights.
func hanAmount(b []byte) (cents uint64, yuan bool, rest []byte, ok bool) {
	var total, section, digit uint64 // whole yuan; below 万; the digit at hand
	pending, any, zero := false, false, false
	last, high := uint64(1e5), uint64(1e9) // weights must fall
	for len(b) > 0 {
		if d, n := hanFigure(b); n > 0 {
			if pending && digit != 0 {
				return 0, false, nil, false // two digits in a row
			}
			digit, pending, any, b = d, true, true, b[n:]
			zero = zero || d == 0
			continue
		}
		w, n := hanPower(b)
		if n == 0 {
			break
		}
		if !any {
			if w != 10 {
				return 0, false, nil, false
			}
			digit, pending = 1, true // 十二万: the one is not written
		}
		switch {
		case w < 1e4:
			if w >= last || !pending && w != 10 {
				return 0, false, nil, false
			}
			if !pending {
				digit = 1
			}
			section, last = section+digit*w, w
		default:
			if w > high {
				return 0, false, nil, false
			}
			if section += digit; section == 0 && total == 0 {
				return 0, false, nil, false
			}
			if w == 1e8 {
				total = (total + section) * w
				high = 1e4
			} else {
				total += section * w
				high = 1
			}
			section, last = 0, 1e5
		}
		digit, pending, any, zero, b = 0, false, true, false, b[n:]
	}
	// 一万二 is 12,000 to the one who says it and 10,002 by the letter: refused.
	if gap := last > 10 && (last < 1e5 || total > 0) && digit != 0 && !zero; !any || gap {
		return 0, false, nil, false
	}
	total += section + digit
	if total > maxScaled/scale {
		return 0, false, nil, false
	}
	cents = total * 100
	rest, yuan = cut(b, "元", "圆", "圓")
	if !yuan {
		return cents, false, rest, true
	}
	small, rest, ok := hanFraction(rest)
	if !ok {
		return 0, false, nil, false
	}
	rest, _ = cut(rest, "整", "正")
	return cents + small, true, rest, true
}

// hanFigure is a single digit of a sum; 两 is 2 there.
func hanFigure(b []byte) (d uint64, size int) {
	if rest, ok := cut(b, "两", "兩"); ok {
		return 2, len(b) - len(rest)
	}
	v, n := hanDigit(b, false)
	if v > 9 {
		return 0, 0
	}
	return uint64(v), n
}

// hanFraction reads what stands behind 元: 伍角, 伍角陆分, 零陆分.
func hanFraction(b []byte) (cents uint64, rest []byte, ok bool) {
	for _, w := range [...]struct {
		word  string
		cents uint64
	}{{"角", 10}, {"分", 1}} {
		at := b
		for {
			d, n := hanFigure(at)
			if n == 0 {
				break
			}
			if rest, is := cut(at[n:], w.word); is {
				cents, b = cents+d*w.cents, rest
				break
			}
			if d != 0 {
				break
			}
			at = at[n:] // 零 in front of 分
		}
	}
	if d, n := hanFigure(b); n > 0 && d <= 9 {
		return 0, nil, false // a digit without 角 or 分
	}
	return cents, b, true
}

func appendInt(b []byte, v int) []byte { return strconv.AppendInt(b, int64(v), 10) }
