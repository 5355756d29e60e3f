// Package propose writes a first system file for a source that was looked at:
// streams, keys, cursors, types, and a mapping to the theme entity that fits
// best. Every guess carries its reason, as a comment beside it. It is pure: what
// it looks at is given to it, and values never appear in what it writes.
package propose

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"rongtong/schemas"
	"rongtong/schemas/pii"
)

// valuesMax is how many values of a field are kept.
const valuesMax = 1000

// Profile is what the sample says of one field.
type Profile struct {
	Name   string
	Label  string // what the source calls the field for people; may be empty
	Kind   string // as the connector found it: text, number, bool
	Count  int    // records
	Values []string
	nulls  int
}

// heading is what the field is called for people: its label, else its name.
func (p *Profile) heading() string {
	if p.Label != "" {
		return p.Label
	}
	return p.Name
}

// likeness is the better of those of the field's name and of its label.
func (p *Profile) likeness(col *schemas.Column) (float64, string) {
	like, why := likeness(p.Name, col)
	if p.Label != "" {
		if other, because := likeness(p.Label, col); other > like {
			return other, "its comment says: " + because
		}
	}
	return like, why
}

// Add takes the value of one record; ok is false where there was none.
func (p *Profile) Add(value string, ok bool) {
	p.Count++
	if !ok || strings.TrimSpace(value) == "" {
		p.nulls++
		return
	}
	if len(p.Values) < valuesMax {
		p.Values = append(p.Values, value)
	}
}

// share is the part of the values for which ok holds; 0 without values.
func (p *Profile) share(ok func(string) bool) float64 {
	if len(p.Values) == 0 {
		return 0
	}
	n := 0
	for _, v := range p.Values {
		if ok(strings.TrimSpace(v)) {
			n++
		}
	}
	return float64(n) / float64(len(p.Values))
}

// unique reports whether every record has a value of its own.
func (p *Profile) unique() bool {
	if p.nulls > 0 || len(p.Values) < 2 {
		return false
	}
	return len(distinct(p.Values)) == len(p.Values)
}

func distinct(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}

// identifying is the part of the values that hold a direct identifier.
func (p *Profile) identifying() float64 {
	var hits []pii.Hit
	return p.share(func(v string) bool {
		hits = pii.Find([]byte(v), hits[:0])
		return len(hits) > 0
	})
}

var (
	division12 = regexp.MustCompile(`^[1-8]\d{11}$`)
	division9  = regexp.MustCompile(`^[1-8]\d{8}$`)
	division6  = regexp.MustCompile(`^[1-8]\d{5}$`)
	credit     = regexp.MustCompile(`^[0-9A-HJ-NPQRTUWXY]{18}$`) // GB 32100-2015, 4.1
	dateLike   = regexp.MustCompile(`^\d{4}([-/.年]\d{1,2}([-/.月]\d{1,2}日?)?|\d{4})$`)
	timeLike   = regexp.MustCompile(`^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$|^1\d{12}$`)
	numberLike = regexp.MustCompile(`^-?[\d,]+(\.\d+)?(户|人|元|万元|亩|平方米|㎡|个|家|次|件|%)?$`)
	wholeLike  = regexp.MustCompile(`^-?[\d,]+(户|人|个|家|次|件)?$`)
	yesNo      = []string{"是", "否", "有", "无", "√", "×", "y", "n", "yes", "no", "true", "false", "1", "0"}
)

// label is a field's name without its unit, and the unit: "面积（平方米）".
func label(name string) (text, unit string) {
	for _, brackets := range [][2]string{{"（", "）"}, {"(", ")"}, {"[", "]"}} {
		if before, rest, ok := strings.Cut(name, brackets[0]); ok {
			if inner, after, ok := strings.Cut(rest, brackets[1]); ok {
				return plain(before + after), strings.TrimSpace(inner)
			}
		}
	}
	return plain(name), ""
}

// plain is a label in small letters, letters and digits only.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// listed is the part of the values that a code list knows.
func listed(p *Profile, l *schemas.CodeList) float64 {
	known := map[string]bool{}
	for _, c := range l.Codes {
		for _, s := range append([]string{c.Code, c.Zh, c.En}, c.Aliases...) {
			known[plain(s)] = true
		}
	}
	return p.share(func(v string) bool { return known[plain(v)] })
}

func quoteAll(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = word(s)
	}
	return strings.Join(out, ", ")
}

var plainWord = regexp.MustCompile(`^[\p{Han}A-Za-z_][\p{Han}A-Za-z0-9_]*$`)

// word is s as a word of YAML.
func word(s string) string {
	if plainWord.MatchString(s) && !slices.Contains([]string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}, strings.ToLower(s)) {
		return s
	}
	return strconv.Quote(s)
}
