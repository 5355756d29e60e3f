package warehouse

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// Sums are added, read and written as the warehouse does it, at every size.
func TestInt128(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	number := func() (int128, *big.Int) {
		a := int128{int64(rnd.Uint64()), rnd.Uint64()}
		switch rnd.IntN(4) {
		case 0:
			a = from64(int64(rnd.Uint64()))
		case 1:
			a = from64(rnd.Int64N(20000) - 10000)
		}
		a.hi >>= 3 // room for a sum
		b := new(big.Int).Lsh(big.NewInt(a.hi), 64)
		return a, b.Add(b, new(big.Int).SetUint64(a.lo))
	}
	check := func(what string, got int128, want *big.Int) {
		t.Helper()
		text := got.decimal()
		back, err := parseSum(text)
		if err != nil || back != got {
			t.Errorf("%s: %s is read as %v, %v", what, text, back, err)
		}
		r, _ := new(big.Rat).SetString(text)
		if r.Cmp(new(big.Rat).SetFrac(want, big.NewInt(10000))) != 0 {
			t.Errorf("%s: %s, want %s units of the fourth decimal", what, text, want)
		}
	}
	for range 2000 {
		a, x := number()
		b, y := number()
		check("a number", a, x)
		check("a sum", a.plus(b), new(big.Int).Add(x, y))
		check("a difference", a.minus(b), new(big.Int).Sub(x, y))
	}
	for text, want := range map[string]string{"-0.5": "-0.5000", "7": "7.0000", "-12.25": "-12.2500", "0": "0.0000", "0.0001": "0.0001"} {
		n, err := parseSum(text)
		if got := n.decimal(); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "1.2.3", "340282366920938463463374607431768211456"} {
		if _, err := parseSum(text); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}
