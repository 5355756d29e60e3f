package database

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/decl"
)

// Propose turns tables into declarations to begin with: the primary key as key,
// the type of field that suits each column, and the columns' comments as labels.
// Columns of bytes are left out: they are never delivered by themselves.
func (d *Dialect) Propose(tables []Table) []*schemas.Stream {
	names := map[string]int{}
	for i := range tables {
		names[tables[i].Name]++
	}
	var out []*schemas.Stream
	for i := range tables {
		t := &tables[i]
		st := &schemas.Stream{Name: t.Name, Key: t.Key(), Labels: map[string]string{}}
		from := fmt.Sprintf("{ table: %q }", t.Name)
		if names[t.Name] > 1 {
			st.Name = t.Schema + "." + t.Name
			from = fmt.Sprintf("{ schema: %q, table: %q }", t.Schema, t.Name)
		}
		st.From, _ = decl.Parse("discovered", []byte(from))
		for _, c := range t.Columns {
			typ := d.TypeOf(c)
			if typ.Form == Binary && c.KeyPlace == 0 {
				continue
			}
			st.Fields = append(st.Fields, decl.Entry[string]{Key: c.Name, Value: typ.As})
			if c.Comment != "" {
				st.Labels[c.Name] = c.Comment
			}
		}
		if len(st.Fields) > 0 {
			out = append(out, st)
		}
	}
	return out
}

// errTime says that a text is no time of a dialect. It is not repeated.
var errTime = errors.New("the text is no time")

// ParseTime reads a time as the dialects select it: a date, a time without a
// zone (which is then of the given one), or one in UTC.
func ParseTime(b []byte, zone *time.Location) (time.Time, error) {
	s := string(b)
	if len(s) == len(time.DateOnly) {
		t, err := time.ParseInLocation(time.DateOnly, s, zone)
		if err != nil {
			return t, errTime
		}
		return t, nil
	}
	if utc := strings.TrimSuffix(strings.TrimSuffix(s, "Z"), "+00"); utc != s {
		s, zone = utc, time.UTC
	}
	if len(s) < len(time.DateTime) {
		return time.Time{}, errTime
	}
	t, err := time.ParseInLocation(time.DateTime, s[:10]+" "+s[11:], zone)
	if err != nil {
		return t, errTime
	}
	return t, nil
}
