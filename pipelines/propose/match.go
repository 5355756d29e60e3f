package propose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mozillazg/go-pinyin"

	"rongtong/schemas"
)

// mapping is one column of an entity and where its value comes from.
type mapping struct {
	column string
	expr   string // as it stands in a system file
	reason string
	score  float64
	field  string // the field it takes; empty: none
}

// matches is an entity and the columns that were found.
type matches struct {
	entity  *schemas.Entity
	set     []mapping
	missing []string // columns that must be set and for which nothing was found
	score   float64
}

var initialsOf = pinyin.NewArgs()

// initials are the first letters of a label's syllables, the way many systems
// name their columns: 行政区划代码 is xzqhdm.
func initials(zh string) string {
	var b strings.Builder
	for _, s := range pinyin.LazyPinyin(zh, initialsOf) {
		if s != "" {
			b.WriteByte(s[0])
		}
	}
	return b.String()
}

// likeness says how much a field's label speaks of a column, and why.
func likeness(field string, c *schemas.Column) (float64, string) {
	text, _ := label(field)
	zh, _ := label(c.Zh)
	if text == "" {
		return 0, ""
	}
	switch name := plain(c.Name); {
	case text == zh:
		return 1, fmt.Sprintf("the label is that of the column, %s", c.Zh)
	case text == name || text == plain(c.En):
		return 1, "the name is that of the column"
	case len([]rune(zh)) >= 2 && strings.Contains(text, zh), len([]rune(text)) >= 2 && strings.Contains(zh, text):
		return 0.7, fmt.Sprintf("the label speaks of %s", c.Zh)
	case len(name) >= 4 && (strings.Contains(text, name) || len(text) >= 4 && strings.Contains(name, text)):
		return 0.6, fmt.Sprintf("the name speaks of %s", c.Name)
	case len(text) >= 3 && text == initials(c.Zh):
		return 0.8, fmt.Sprintf("%s are the initials of %s", field, c.Zh)
	}
	if in := initials(c.Zh); len(in) >= 2 && len(text) > len(in) && len(text) <= len(in)+3 && strings.HasSuffix(text, in) && (c.Type == schemas.Name || c.Type == schemas.Text) {
		return 0.6, fmt.Sprintf("%s ends in the initials of %s", field, c.Zh)
	}
	if alike(text, zh) >= 0.33 {
		return 0.5, fmt.Sprintf("the label shares words with %s", c.Zh)
	}
	return 0, ""
}

// alike is the Dice coefficient of the pairs of characters of two labels.
func alike(a, b string) float64 {
	pairs := func(s string) map[string]bool {
		out, r := map[string]bool{}, []rune(s)
		for i := 1; i < len(r); i++ {
			out[string(r[i-1:i+1])] = true
		}
		return out
	}
	x, y := pairs(a), pairs(b)
	both := 0
	for p := range x {
		if y[p] {
			both++
		}
	}
	if len(x)+len(y) == 0 {
		return 0
	}
	return 2 * float64(both) / float64(len(x)+len(y))
}

var areaUnits = []string{"平方米", "亩", "公顷", "万平方米", "平方公里", "㎡"}

// sameUnit reports whether the unit in a heading measures what the column does.
func sameUnit(unit string, col *schemas.Column) bool {
	return col.Unit == "m2" && slices.Contains(areaUnits, unit) || strings.Contains(col.Unit, "yuan") && strings.HasSuffix(unit, "元")
}

// suit says how well the values of a field suit a column, how the column is
// made of them, and why.
func suit(c *schemas.Catalog, p *Profile, col *schemas.Column) (share float64, expr, reason string) {
	f := word(p.Name)
	_, unit := label(p.heading())
	switch col.Type {
	case schemas.Code12:
		for _, s := range []struct {
			system, digits string
			share          float64
		}{{"nbs12", "12", p.share(division12.MatchString)}, {"mca9", "9", p.share(division9.MatchString)}, {"gb6", "6", p.share(division6.MatchString)}} {
			if s.share > share {
				share, expr = s.share, fmt.Sprintf("{ call: division, of: %s, system: %s }", f, s.system)
				reason = fmt.Sprintf("%.0f %% of the values are division codes of %s digits; check the code system", 100*s.share, s.digits)
			}
		}
		return share, expr, reason
	case schemas.Code18:
		share = p.share(credit.MatchString)
		return share, "{ call: uscc, of: " + f + " }", fmt.Sprintf("%.0f %% of the values have the form of a credit code", 100*share)
	case schemas.CodeType:
		l := c.Code(col.List)
		if l == nil {
			return 0, "", ""
		}
		share = listed(p, l)
		return share, fmt.Sprintf("{ call: codelist, of: %s, list: %s }", f, col.List), fmt.Sprintf("%.0f %% of the values are of the code list %s", 100*share, col.List)
	case schemas.Date:
		share = p.share(func(v string) bool { return dateLike.MatchString(v) || timeLike.MatchString(v) })
		return share, "{ call: date, of: " + f + " }", fmt.Sprintf("%.0f %% of the values are dates", 100*share)
	case schemas.Time:
		share = p.share(func(v string) bool { return dateLike.MatchString(v) || timeLike.MatchString(v) })
		return share, "{ call: time, of: " + f + " }", fmt.Sprintf("%.0f %% of the values are times", 100*share)
	case schemas.Bool3:
		share = p.share(func(v string) bool { return slices.Contains(yesNo, strings.ToLower(v)) })
		return share, "{ call: bool3, of: " + f + " }", fmt.Sprintf("%.0f %% of the values are yes or no", 100*share)
	case schemas.Int:
		share = p.share(wholeLike.MatchString)
		return share, "{ call: int, of: " + f + " }", fmt.Sprintf("%.0f %% of the values are whole numbers", 100*share)
	case schemas.Measure:
		share = p.share(numberLike.MatchString)
		return share, measured(f, unit, col), fmt.Sprintf("%.0f %% of the values are numbers%s", 100*share, ofUnit(unit))
	case schemas.Text, schemas.Name:
		if like, _ := p.likeness(col); like < 0.6 || col.Matching || p.Kind == "bool" {
			return 0, "", ""
		}
		return 0.6, f, "it is text"
	}
	return 0, "", ""
}

func ofUnit(unit string) string {
	if unit == "" {
		return ""
	}
	return ", of the unit in the heading, " + unit
}

// measured is how a number of a unit becomes a measure of the column's unit.
func measured(f, unit string, col *schemas.Column) string {
	switch {
	case col.Unit == "m2":
		if unit == "" || !slices.Contains([]string{"平方米", "亩", "公顷", "万平方米", "平方公里"}, unit) {
			unit = "平方米"
		}
		return fmt.Sprintf("{ call: area, of: %s, unit: %s }", f, unit)
	case strings.Contains(col.Unit, "yuan"), strings.Contains(col.Unit, "CNY"):
		if !slices.Contains([]string{"元", "千元", "万元", "亿元"}, unit) {
			unit = "元"
		}
		return fmt.Sprintf("{ call: amount, of: %s, unit: %s }", f, unit)
	case unit != "":
		return fmt.Sprintf("{ call: number, of: %s, suffix: %s }", f, word(unit))
	}
	return "{ call: number, of: " + f + " }"
}

// enough is the score from which a guess is worth a line.
const enough = 0.5

// match finds the columns of an entity among the fields.
func match(c *schemas.Catalog, e *schemas.Entity, stream string, fields []*Profile) matches {
	m := matches{entity: e}
	type pair struct {
		mapping
		need bool
	}
	var all []pair
	for _, col := range e.Columns {
		for _, p := range fields {
			like, why := p.likeness(col)
			share, expr, how := suit(c, p, col)
			if expr == "" || share < 0.5 && len(p.Values) > 0 {
				continue
			}
			strong := col.Type == schemas.CodeType && share > 0.9 && len(distinct(p.Values)) > 1 ||
				col.Type == schemas.Code18 && share > 0.9 || col.Type == schemas.Code12 && e.Division.Column == col.Name && share > 0.9
			score := 0.65*like + 0.35*share
			if strong {
				score += 0.25
			}
			if _, unit := label(p.heading()); sameUnit(unit, col) {
				score += 0.2
				how += "; the unit in the heading is one of the column's kind"
			}
			if score < enough {
				continue
			}
			if why != "" {
				how = why + "; " + how
			}
			all = append(all, pair{mapping{col.Name, expr, how, score, p.Name}, !col.Nullable})
		}
	}
	slices.SortStableFunc(all, func(a, b pair) int { return cmp.Compare(b.score, a.score) })
	taken, set := map[string]bool{}, map[string]mapping{}
	for _, x := range all {
		if _, ok := set[x.column]; !ok && !taken[x.field] {
			set[x.column], taken[x.field] = x.mapping, true
			m.score += x.score
			if x.need {
				m.score += x.score
			}
		}
	}
	m.complete(c, stream, set)
	return m
}

// complete orders the columns as a flow needs them and fills what can be
// derived: as another system derives it, or from the name of the stream.
func (m *matches) complete(c *schemas.Catalog, stream string, set map[string]mapping) {
	done := map[string]bool{}
	add := func(x mapping) {
		m.set = append(m.set, x)
		done[x.column] = true
	}
	var late []*schemas.Column
	for _, col := range m.entity.Columns {
		if x, ok := set[col.Name]; ok {
			add(x)
		} else if !col.Nullable {
			late = append(late, col)
		}
	}
	for _, col := range late {
		if x, ok := fromName(c, stream, col); ok {
			add(x)
		}
	}
	for _, col := range late {
		if done[col.Name] {
			continue
		}
		if x, ok := asElsewhere(c, m.entity, col.Name, done); ok {
			add(x)
			continue
		}
		m.missing = append(m.missing, col.Name)
		m.score -= 1
	}
}

// fromName finds the code of a list that the stream's name speaks of.
func fromName(c *schemas.Catalog, stream string, col *schemas.Column) (mapping, bool) {
	l := c.Code(col.List)
	if col.Type != schemas.CodeType || l == nil {
		return mapping{}, false
	}
	name := plain(stream)
	for _, code := range l.Codes {
		for _, s := range append([]string{code.Zh, code.Code}, code.Aliases...) {
			if s = plain(s); len([]rune(s)) >= 3 && strings.Contains(name, s) {
				return mapping{column: col.Name, expr: "{ call: const, value: " + code.Code + " }", reason: fmt.Sprintf("the stream's name speaks of %s", code.Zh)}, true
			}
		}
	}
	return mapping{}, false
}

// asElsewhere takes what another system writes for a column, if that needs
// nothing but columns that are set here, or constants.
func asElsewhere(c *schemas.Catalog, e *schemas.Entity, column string, done map[string]bool) (mapping, bool) {
	for _, sys := range c.Systems {
		for _, f := range sys.Flows {
			x, ok := f.Set.Get(column)
			if f.Entity != e.Entity || !ok || x.Value.Call == "" || x.Value.Call == "const" && x.Value.Args["value"] != "" {
				continue
			}
			if slices.ContainsFunc(x.Value.Of, func(of string) bool { return !strings.HasPrefix(of, ".") || !done[of[1:]] }) {
				continue
			}
			return mapping{column: column, expr: written(&x.Value), reason: "as in system " + sys.System}, true
		}
	}
	return mapping{}, false
}

// written is an expression as it stands in a system file.
func written(x *schemas.Expr) string {
	var b strings.Builder
	b.WriteString("{ call: " + x.Call)
	switch len(x.Of) {
	case 0:
	case 1:
		b.WriteString(", of: " + x.Of[0])
	default:
		b.WriteString(", of: [" + strings.Join(x.Of, ", ") + "]")
	}
	keys := make([]string, 0, len(x.Args))
	for k := range x.Args {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		v := word(x.Args[k])
		if x.Args[k] == "" {
			v = `""`
		}
		b.WriteString(", " + k + ": " + v)
	}
	return b.String() + " }"
}

// best is the entity that fits the fields best, or nil, and the others that come
// close.
func best(c *schemas.Catalog, stream string, fields []*Profile) (*matches, []string) {
	var all []matches
	for _, e := range c.Entities {
		if m := match(c, e, stream, fields); len(m.set) >= 2 {
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, func(a, b matches) int { return cmp.Compare(b.score, a.score) })
	if len(all) == 0 || all[0].score < 1 {
		return nil, nil
	}
	var close []string
	for _, m := range all[1:min(len(all), 4)] {
		if m.score > 0.6*all[0].score {
			close = append(close, m.entity.Entity)
		}
	}
	return &all[0], close
}
