package schemas

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"rongtong/schemas/decl"
)

// Periods are the spans of time for which an indicator has a figure, one after
// the other without a gap.
//
// Window says from which day an indicator that counts events counts them: from
// the first day of the month, the quarter or the year in which the period ends.
// Every month with the window of a year is what the statistical offices publish:
// the year's total to date (年初至今累计), complete in December.
type Periods struct {
	decl.Pos
	Every  string `decl:"every,required"` // month, quarter or year
	Window string `decl:"window"`         // the same words; default: Every
	From   string `decl:"from,required"`  // the first: "2021-01", "2021Q1" or "2021"
	Until  string `decl:"until"`          // the last; default: the one that is running
}

// Span is one period: its name, the first day of its window and its last day.
type Span struct {
	Name      string
	From, Day time.Time
}

// The lengths of a period, in months.
var periodMonths = map[string]int{"month": 1, "quarter": 3, "year": 12}

// Spans are the periods up to the one that holds a day, oldest first; none when
// the first begins later. The last of them may not be over yet.
func (p Periods) Spans(day time.Time) ([]Span, error) {
	first, err := p.parse(p.From)
	if err != nil {
		return nil, err
	}
	day = time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC)
	if p.Until != "" {
		last, err := p.parse(p.Until)
		if err != nil {
			return nil, err
		}
		if last.Before(day) {
			day = last
		}
	}
	n := periodMonths[p.Every]
	var out []Span
	for at := first; !at.After(day); at = at.AddDate(0, n, 0) {
		end := at.AddDate(0, n, -1)
		out = append(out, Span{p.name(at), p.window(end), end})
	}
	return out, nil
}

// Span is the period of that name.
func (p Periods) Span(name string) (Span, error) {
	at, err := p.parse(name)
	if err != nil {
		return Span{}, err
	}
	end := at.AddDate(0, periodMonths[p.Every], -1)
	return Span{p.name(at), p.window(end), end}, nil
}

// At is the span that ends on any day.
func (p Periods) At(day time.Time) Span { return Span{day.Format(time.DateOnly), p.window(day), day} }

// window is the first day of the window that ends on a day.
func (p Periods) window(end time.Time) time.Time {
	n := periodMonths[p.Window]
	if n == 0 {
		n = periodMonths[p.Every]
	}
	month := (int(end.Month())-1)/n*n + 1
	return time.Date(end.Year(), time.Month(month), 1, 0, 0, 0, 0, time.UTC)
}

func (p Periods) name(at time.Time) string {
	switch p.Every {
	case "year":
		return at.Format("2006")
	case "quarter":
		return fmt.Sprintf("%dQ%d", at.Year(), (int(at.Month())+2)/3)
	}
	return at.Format("2006-01")
}

var quarterForm = regexp.MustCompile(`^(\d{4})Q([1-4])$`)

// parse reads a period's name: its first day.
func (p Periods) parse(name string) (time.Time, error) {
	switch p.Every {
	case "year":
		return time.Parse("2006", name)
	case "month":
		return time.Parse("2006-01", name)
	case "quarter":
		if m := quarterForm.FindStringSubmatch(name); m != nil {
			year, _ := strconv.Atoi(m[1])
			quarter, _ := strconv.Atoi(m[2])
			return time.Date(year, time.Month(3*quarter-2), 1, 0, 0, 0, 0, time.UTC), nil
		}
		return time.Time{}, fmt.Errorf(`%q is no quarter: write "2025Q4"`, name)
	}
	return time.Time{}, fmt.Errorf("a period is a month, a quarter or a year, not %q", p.Every)
}

// Dated reports whether the figures of two periods can differ: the statement
// speaks of the period. Otherwise it is about what the rows say today.
func (i *Indicator) Dated() bool {
	return strings.Contains(i.SQL, "@day") || strings.Contains(i.SQL, "@from")
}

// InArrays reports whether the statement yields all periods at once: the
// numerator, the denominator and whether the row counts are arrays with an
// element a period. Otherwise it yields those of one period.
func (i *Indicator) InArrays() bool { return strings.Contains(i.SQL, "@days") }

// Counts reports whether the numerator and the denominator of every row of the
// statement are 0 or 1.
func (i *Indicator) Counts() bool {
	return i.Coverage != nil || i.Share != nil && i.Share.Part == "" && i.Share.Whole == ""
}

// On is the statement for some periods; for one, unless InArrays.
func (i *Indicator) On(spans ...Span) string {
	days, froms := make([]string, len(spans)), make([]string, len(spans))
	for j, s := range spans {
		days[j], froms[j] = "'"+s.Day.Format(time.DateOnly)+"'", "'"+s.From.Format(time.DateOnly)+"'"
	}
	array := func(of []string) string { return "CAST([" + strings.Join(of, ", ") + "], 'Array(Date32)')" }
	names := []string{"@days", array(days), "@froms", array(froms), "@periods", strconv.Itoa(len(spans))}
	if len(spans) == 1 {
		names = append(names, "@day", "toDate32("+days[0]+")", "@from", "toDate32("+froms[0]+")")
	}
	return strings.TrimRight(strings.TrimSpace(strings.NewReplacer(names...).Replace(i.SQL)), ";")
}
