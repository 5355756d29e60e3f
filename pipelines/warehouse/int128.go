package warehouse

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"

	"rongtong/schemas/fault"
)

// int128 is a sum in units of the fourth decimal, as the warehouse adds it up: a
// Decimal(38, 4). Two are equal when they are ==.
type int128 struct {
	hi int64
	lo uint64
}

func (a int128) plus(b int128) int128 {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	return int128{a.hi + b.hi + int64(carry), lo}
}

func (a int128) minus(b int128) int128 {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	return int128{a.hi - b.hi - int64(borrow), lo}
}

// oneWhole is 1 in units of the fourth decimal.
const oneWhole = 10_000

// from64 is a small one.
func from64(n int64) int128 { return int128{n >> 63, uint64(n)} }

// parseSum reads a sum as the warehouse writes it: "-12.5".
func parseSum(text string) (int128, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, part, _ := strings.Cut(digits, ".")
	if whole == "" || len(part) > 4 {
		return int128{}, noSum(text)
	}
	var n int64
	for _, s := range []string{whole, part, "0000"[len(part):]} {
		for i := range len(s) {
			if s[i] < '0' || s[i] > '9' {
				return int128{}, noSum(text)
			}
			n = n*10 + int64(s[i]-'0')
		}
	}
	if len(whole) > 14 { // with four decimals more than an int64 holds for sure
		wide, _ := new(big.Int).SetString(whole+(part + "0000")[:4], 10)
		if wide.BitLen() > 126 {
			return int128{}, noSum(text)
		}
		lo := new(big.Int).And(wide, new(big.Int).SetUint64(math.MaxUint64))
		sum := int128{wide.Rsh(wide, 64).Int64(), lo.Uint64()}
		if negative {
			return int128{}.minus(sum), nil
		}
		return sum, nil
	}
	if negative {
		n = -n
	}
	return from64(n), nil
}

func noSum(text string) error {
	return fault.New(fault.Bug, "reading a sum: %q is no number of a Decimal(38, 4)", text)
}

// decimal writes the sum with its four decimals.
func (a int128) decimal() string {
	n := strconv.FormatInt(int64(a.lo), 10)
	if from64(int64(a.lo)) != a {
		wide := new(big.Int).Lsh(big.NewInt(a.hi), 64)
		n = wide.Add(wide, new(big.Int).SetUint64(a.lo)).String()
	}
	sign := ""
	if n[0] == '-' {
		sign, n = "-", n[1:]
	}
	n = strings.Repeat("0", max(0, 5-len(n))) + n
	return sign + n[:len(n)-4] + "." + n[len(n)-4:]
}
