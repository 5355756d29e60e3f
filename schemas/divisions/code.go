package divisions

import "strings"

// RuleFormat is the rule that a malformed code breaks.
const RuleFormat = "division.format"

// ParseCode brings a written code to twelve digits: spaces around it are
// dropped, 6 and 9 digits are padded with zeros. The rule is empty when the
// code is well formed, else RuleFormat. A code with something below an empty
// block (a village under township 000) is malformed: digits were lost.
//
// It does not say that the division exists. Full-width digits are not
// understood: the caller has normalised (NFKC).
func ParseCode(s string) (code12, rule string) {
	s = strings.TrimSpace(s)
	switch len(s) {
	case 6, 9, 12:
	default:
		return "", RuleFormat
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return "", RuleFormat
		}
	}
	s += "000000"[:12-len(s)]
	if TierOf(s) == "" {
		return "", RuleFormat
	}
	return s, ""
}

// blocks are where a code's parts end.
var blocks = [...]struct {
	end  int
	tier string
	span uint64 // how many codes a division of the tier covers
}{
	{2, Province, 1e10}, {4, City, 1e8}, {6, County, 1e6}, {9, Township, 1e3}, {12, Village, 1},
}

// TierOf is the tier that a 12-digit code is of by its form: its last part
// that is not zero. It is empty for anything malformed.
func TierOf(code string) string {
	if len(code) != 12 {
		return ""
	}
	tier, from := "", 0
	for i, b := range blocks {
		if !zero(code[from:b.end]) {
			if i > 0 && tier != blocks[i-1].tier {
				return "" // an empty part stands before it
			}
			tier = b.tier
		}
		from = b.end
	}
	return tier
}

func zero(s string) bool {
	for i := range len(s) {
		if s[i] != '0' {
			return false
		}
	}
	return true
}

// span is the number of codes that a well-formed code covers.
func span(code string) uint64 {
	t := TierOf(code)
	for _, b := range blocks {
		if b.tier == t {
			return b.span
		}
	}
	return 0
}

// KindOf is the kind of a 12-digit code by its form, empty for a malformed one.
// It speaks of the division itself: a civil township of a statistical county
// unit is civil.
func KindOf(code string) string {
	switch TierOf(code) {
	case Province, City:
		return Civil
	case County:
		if p := code[4:6]; p >= "70" && p <= "80" {
			return Statistical
		}
		return Civil
	case Township:
		if p := code[6:9]; p >= "400" && p <= "599" {
			return QuasiTownship
		}
		return Civil
	case Village:
		switch p := code[9:12]; {
		case p == "498" || p == "598":
			return Virtual
		case p >= "400" && p <= "599":
			return QuasiVillage
		}
		return Civil
	}
	return ""
}

// VillageClassOf is the class of a village by its last three digits, empty for
// a code of another tier and for a number outside the four ranges.
func VillageClassOf(code string) string {
	if TierOf(code) != Village {
		return ""
	}
	switch p := code[9:12]; {
	case p <= "199":
		return ResidentsCommittee
	case p <= "399":
		return VillageCommittee
	case p <= "499":
		return QuasiResidents
	case p <= "599":
		return QuasiVillageClass
	}
	return ""
}
