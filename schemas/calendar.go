package schemas

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"rongtong/schemas/decl"
)

// Calendar says which days are working days: Monday to Friday, but for the
// holidays that are given, and besides the days that are worked instead.
type Calendar struct {
	decl.Pos
	Name, Source, Version string
	days                  map[string]bool // by date, whether it is worked
	years                 map[int]bool    // for which the file says anything
}

// Workday reports whether a day, of which only the date counts, is worked.
func (c *Calendar) Workday(day time.Time) bool {
	if worked, ok := c.days[day.Format(time.DateOnly)]; ok {
		return worked
	}
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
}

// Days are the days that the calendar names and that are worked, or not,
// otherwise than their weekday says; in order.
func (c *Calendar) Days(worked bool) []string {
	var out []string
	for day, w := range c.days {
		if w == worked {
			out = append(out, day)
		}
	}
	slices.Sort(out)
	return out
}

// Covers reports whether the calendar knows the holidays of a year. Of others
// it knows only the weekends.
func (c *Calendar) Covers(year int) bool { return c.years[year] }

var calendarColumns = []string{"date", "day", "name"}

// ParseCalendar reads a calendar: the comment lines of a code list ("# source",
// "# version"), then CSV with the columns date, day (holiday or workday) and
// name, in order of dates.
func ParseCalendar(file string, data []byte) (*Calendar, []decl.Problem) {
	at := decl.Pos{File: file, Line: 1, Column: 1}
	var head CodeList
	body, skipped := head.preamble(data)
	c := &Calendar{Pos: at, Name: strings.TrimSuffix(path.Base(file), ".csv"), Source: head.Source, Version: head.Version,
		days: map[string]bool{}, years: map[int]bool{}}
	var ps []decl.Problem
	if c.Source == "" || c.Version == "" {
		ps = append(ps, at.Problem("calendar.source", `begin the file with "# source: …" and "# version: …"`, "the calendar does not say where it comes from"))
	}
	r := csv.NewReader(bytes.NewReader(body))
	r.FieldsPerRecord = len(calendarColumns)
	last := ""
	for first := true; ; first = false {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return c, ps
		}
		line, _ := r.FieldPos(0)
		pos := decl.Pos{File: file, Line: line + skipped, Column: 1}
		var pe *csv.ParseError
		switch {
		case errors.As(err, &pe):
			pos.Line = pe.StartLine + skipped
			return c, append(ps, pos.Problem("calendar.syntax", "write 2026-10-01,holiday,国庆节", "%v", pe.Err))
		case first:
			if strings.Join(row, ",") != strings.Join(calendarColumns, ",") {
				return c, append(ps, pos.Problem("calendar.header", "the header is "+strings.Join(calendarColumns, ","), "the header is %q", strings.Join(row, ",")))
			}
			continue
		}
		if bad := c.admit(pos, row, last); len(bad) > 0 {
			ps = append(ps, bad...)
			continue
		}
		last = row[0]
	}
}

// admit adds one day.
func (c *Calendar) admit(pos decl.Pos, row []string, last string) []decl.Problem {
	day, err := time.Parse(time.DateOnly, row[0])
	switch {
	case err != nil:
		return []decl.Problem{pos.Problem("calendar.date", "write 2026-10-01", "%q is not a date", row[0])}
	case row[0] <= last:
		return []decl.Problem{pos.Problem("calendar.order", "give every day once, in order", "%s comes after %s", row[0], last)}
	case row[1] != "holiday" && row[1] != "workday":
		return []decl.Problem{pos.Problem("calendar.day", "write holiday or workday", "%q is neither", row[1])}
	}
	c.days[row[0]], c.years[day.Year()] = row[1] == "workday", true
	return nil
}
