package database

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/decl"
)

// Proposal is what a `from` may say of a table; empty values are left out.
type Proposal struct{ Schema, Table, Cursor string }

// Propose turns tables into declarations to begin with: the primary key as key,
// the type of field that suits each column, a cursor where one looks like it.
// keep decides about a table and may change what is proposed for it.
func (d *Dialect) Propose(tables []Table, keep func(t *Table, from *Proposal) bool) []*schemas.Stream {
	names := map[string]int{}
	for i := range tables {
		names[tables[i].Name]++
	}
	var out []*schemas.Stream
	for i := range tables {
		t := &tables[i]
		p := Proposal{Table: t.Name, Cursor: d.cursor(t)}
		name := t.Name
		if names[name] > 1 {
			name, p.Schema = t.Schema+"."+name, t.Schema
		}
		if !keep(t, &p) {
			continue
		}
		st := &schemas.Stream{Name: name, Key: t.Key(), From: p.node()}
		for _, c := range t.Columns {
			typ := d.TypeOf(c)
			if typ.Form == Binary && c.KeyPlace == 0 {
				continue // never delivered by itself
			}
			st.Fields = append(st.Fields, decl.Entry[string]{Key: c.Name, Value: typ.As})
		}
		if len(st.Fields) > 0 {
			out = append(out, st)
		}
	}
	return out
}

func (p *Proposal) node() decl.Node {
	var b strings.Builder
	for _, kv := range [][2]string{{"schema", p.Schema}, {"table", p.Table}, {"cursor", p.Cursor}} {
		if kv[1] != "" {
			fmt.Fprintf(&b, "%s: %q\n", kv[0], kv[1])
		}
	}
	n, _ := decl.Parse("discovered", []byte(b.String()))
	return n
}

// cursorNames are parts of names that columns of the last change have, the most
// telling first.
var cursorNames = []string{"rowversion", "row_version", "update_time", "updated_at", "updatetime", "modify_time", "modified", "gxsj", "xgsj",
	"last_update", "update_date", "changed", "update", "gmt_modified", "version", "seq"}

// cursor guesses the column that grows whenever a row changes; empty: none.
func (d *Dialect) cursor(t *Table) string {
	for _, part := range cursorNames {
		for _, c := range t.Columns {
			o := d.TypeOf(c).Order
			if strings.Contains(strings.ToLower(c.Name), part) && (o == Times || o == Whole || o == Words && d == SQLite) {
				return c.Name
			}
		}
	}
	if key := t.Key(); len(key) == 1 {
		if c, _ := t.Column(key[0]); d.TypeOf(c).Order == Whole {
			return c.Name // rows that are only added
		}
	}
	return ""
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
