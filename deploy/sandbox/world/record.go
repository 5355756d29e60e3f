package world

// null is how a missing value is written in canonical texts.
const null = `\N`

// The days on which the province delivers.
var (
	firstDay = dayOf(2025, 12, 22)
	asOf     = dayOf(2025, 12, 31)
)

// AsOf is the date on which the indicators stand.
const AsOf = "2025-12-31"

// Days is the number of daily files of a county.
const Days = 10

// Record is one record as a source delivers it, and what must become of it.
type Record struct {
	Wire   []string // texts of the stream's columns on the wire; valid until the next record
	At     int64    // when the source says it happened, epoch ms
	Delete bool     // the source withdraws its claim
	Times  int      // how often it is delivered; all but one are duplicates
	Rule   string   // the rule that refuses it, empty when accepted
	Rule2  string   // the same for the second flow of the stream
	Broken int      // 1 + the column that holds a byte which is no character, 0 for none
	Extra  bool     // the row has one column too many
}

func (r *Record) reset(wire ...string) {
	*r = Record{Wire: append(r.Wire[:0], wire...), Times: 1}
}

// Rules that refuse records. The ids are the contract of transforms.
const (
	ruleUSCCCheck     = "uscc.check_digit"
	ruleUSCCLength    = "uscc.length"
	ruleUSCCCharset   = "uscc.charset"
	ruleDivUnknown    = "division.unknown"
	ruleDivFormat     = "division.format"
	ruleDivVirtual    = "division.virtual"
	ruleDateRange     = "date.range"
	ruleDateTwoDigit  = "date.two_digit_year"
	ruleNumber        = "number.format"
	ruleCode          = "codelist.unknown"
	ruleRequired      = "required"
	ruleAreaRange     = "facility.area_range"
	ruleDirect        = "facility.direct_le_area"
	ruleTotal         = "total.mismatch"
	ruleEncoding      = "encoding.loss"
	ruleColumns       = "csv.columns"
	rulePeriod        = "period.format"
	ruleClosedBefore  = "grid_event.closed_after_reported"
	unknownVillage    = "999" // no village of the register has this number
	wrongScientific   = "3.70102E+11"
	placeholderPhone  = "13800000000"
	trailingSpaces    = "\u00a0\u3000 "
	impossibleDate    = "2023-02-30"
	outOfCenturyDate  = "2181-02-06"
	twoDigitYearShape = "12-3-5"
)

// The functions below write one field as people and machines do: mostly
// plainly, sometimes in another accepted shape, seldom wrongly. Draws are per
// 10,000.

func divisionDirt(r *rng, code string) string {
	switch n := r.n(10000); {
	case n < 18 && r.spoil(ruleDivUnknown):
		if code[9:] == "000" {
			return code[:6] + "999000"
		}
		return code[:9] + unknownVillage
	case n < 28 && r.spoil(ruleDivFormat):
		return wrongScientific
	case n < 120:
		return code + trailingSpaces
	case n < 200:
		return fullWidth(code)
	case n < 260:
		return "'" + code
	}
	return code
}

func dateDirt(r *rng, d day, style int) string {
	switch n := r.n(10000); {
	case n < 8 && r.spoil(ruleDateRange):
		return impossibleDate
	case n < 14 && r.spoil(ruleDateRange):
		return outOfCenturyDate
	case n < 26 && r.spoil(ruleDateTwoDigit):
		return twoDigitYearShape
	case n < 500:
		return d.shape(r.n(dateShapes))
	}
	return d.shape(style)
}

// countDirt writes a count. Unit is the counter word that is sometimes written
// behind it, empty for never.
func countDirt(r *rng, n int, unit string) string {
	plain := itoa(n)
	switch k := r.n(10000); {
	case k < 14 && r.spoil(ruleNumber):
		return "约" + plain
	case k < 22 && r.spoil(ruleRequired):
		return ""
	case k < 28 && r.spoil(ruleRequired):
		return "暂无"
	case k < 130:
		return thousands(n)
	case k < 200:
		return fullWidth(plain)
	case k < 260:
		return plain + trailingSpaces
	case k < 420:
		return plain + unit
	}
	return plain
}

// monthDirt writes a month of 2025 in style 0 (2025-06), 1 (202506) or 2.
func monthDirt(r *rng, month, style int) string {
	m := monthAt(month)
	mm := itoa(100 + m)[1:]
	switch k := r.n(10000); {
	case k < 12 && r.spoil(rulePeriod):
		return itoa(m) + "月"
	case k < 300:
		style = r.n(3)
	}
	switch style {
	case 1:
		return "2025" + mm
	case 2:
		return "2025年" + itoa(m) + "月"
	}
	return "2025-" + mm
}

// codeDirt writes one of the words for a code, mostly the usual one.
func codeDirt(r *rng, words []string, unlisted string) string {
	switch k := r.n(10000); {
	case k < 16 && r.spoil(ruleCode):
		return unlisted
	case k < 900:
		return pick(r, words)
	}
	return words[0]
}
