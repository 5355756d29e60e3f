package world

// A claim is what a record says after normalising: the input of fusion. Only
// accepted records make claims.

type orgClaim struct {
	live      bool // a claim exists and is not withdrawn
	withdrawn bool
	kind      string
	uscc      string // null or a code
	name      string
	founded   day
	status    string
	address   string
	phone     string
	staff     int // -1: none
}

type facilityClaim struct {
	live     bool
	name     string // null: the source has no such field
	site     string
	area     dec4
	direct   dec4
	opened   day
	operates string // yes, no or null
}

type statClaim struct {
	live  bool
	value dec4
}

// orgDraft is a committee record being written: the texts on the wire.
type orgDraft struct {
	uscc, name, division, kind, founded, status, address, phone, staff string
}

// writeOrg turns a claim into texts, with the dirt of a committee ledger. It
// brings the claim to what the texts still say.
func writeOrg(r *rng, c *orgClaim, division string, style int) orgDraft {
	d := orgDraft{name: c.name, address: c.address, phone: c.phone}
	d.division = divisionDirt(r, division)
	d.founded = dateDirt(r, c.founded, style)
	d.kind = codeDirt(r, wordsOrgKind[c.kind], "楼组自治会")
	d.status = codeDirt(r, wordsOrgStatus[c.status], "筹备")
	d.uscc = creditDirt(r, c.uscc)
	switch k := r.n(10000); {
	case k < 12 && r.spoil(ruleRequired):
		d.name = pick(r, []string{"", "暂无", "/"})
	case k < 150:
		d.name += trailingSpaces
	}
	switch k := r.n(10000); {
	case k < 100:
		d.address, c.address = pick(r, []string{"无", "暂无", "—", "/", "不详"}), null
	case k < 160:
		d.address = trailingSpaces + d.address
	}
	return d
}

func creditDirt(r *rng, code string) string {
	if code == null {
		return pick(r, []string{"", "", "", "无", "暂无", "/"})
	}
	switch k := r.n(10000); {
	case k < 22 && r.spoil(ruleUSCCCheck):
		i := indexByte(creditAlphabet, code[17])
		return code[:17] + creditAlphabet[(i+5)%31:(i+5)%31+1]
	case k < 36 && r.spoil(ruleUSCCLength):
		return code[:16]
	case k < 46 && r.spoil(ruleUSCCCharset):
		return code[:10] + "O" + code[11:]
	case k < 160:
		return fullWidth(code)
	case k < 240:
		return " " + code + trailingSpaces
	}
	return code
}

func indexByte(s string, c byte) int {
	for i := range len(s) {
		if s[i] == c {
			return i
		}
	}
	return -1
}

// areaUnit writes areas in a unit and says which area that is, exactly, in
// 1/10000 m2. A mu is 2000/3 m2; the result is rounded half up.
type areaUnit int

const (
	unitMetre areaUnit = iota
	unitMu
	unitHectare
	unitWan
)

var unitWords = [...][]string{
	unitMetre:   {"平方米", "㎡", "m²"},
	unitMu:      {"亩"},
	unitHectare: {"公顷"},
	unitWan:     {"万平方米"},
}

// write writes an area given in 1/100 m2.
func (u areaUnit) write(centi int64) (text string, area dec4) {
	switch u {
	case unitMu:
		mu := max(1, (centi*3+1000)/2000) // 1/100 mu
		return fixed(mu, 2), dec4((mu*400_000 + 3) / 6)
	case unitHectare, unitWan: // both are 10,000 m2
		m2 := max(1, centi/100)
		return fixed(m2, 4), dec4(m2 * 10_000)
	}
	return fixed(centi, 2), dec4(centi * 100)
}

func (r *rng) unit() areaUnit {
	switch k := r.n(10000); {
	case k < 300:
		return unitMu
	case k < 380:
		return unitHectare
	case k < 460:
		return unitWan
	}
	return unitMetre
}

// noise moves a value by up to bp/10000 of it.
func (r *rng) noise(v int64, bp int) int64 {
	return v + v*int64(r.in(-bp, bp))/10000
}

// areaDirt spoils a pair of areas in 1/100 m2, or leaves it. It says whether
// it did: a spoiled pair is written in square metres.
func areaDirt(r *rng, area, direct *int64) bool {
	switch k := r.n(10000); {
	case k < 16 && r.spoil(ruleAreaRange):
		*area = 20_000_000 + int64(r.in(100, 90_000))
	case k < 22 && r.spoil(ruleAreaRange):
		*area, *direct = 50, 30
	case k < 46 && r.spoil(ruleDirect):
		*direct = *area + int64(r.in(100, 9000))
	default:
		return false
	}
	return true
}
