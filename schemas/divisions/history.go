package divisions

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Code systems. Codes of two systems may be equal in digits and mean different
// places: 370114012 is 曹范街道 in mca9 and 高官寨街道 in nbs12.
const (
	NBS12    = CodeSystem // 统计用区划代码, 12 digits (国统字〔2009〕91号)
	MCA9     = "mca9"     // 民政部 township codes, 6 or 9 digits
	GB6      = "gb6"      // GB/T 2260, counties and above, 6 digits
	Police15 = "police15" // GA/T 2000.33-2020, 15 digits; no crosswalk is shipped
)

// Date is a calendar day as the number yyyymmdd; zero is unknown.
type Date int32

// DateOf is the day of t in t's own zone.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date(y*10000 + int(m)*100 + d)
}

// ParseDate reads yyyy-mm-dd; the empty text is the unknown date.
func ParseDate(s string) (Date, error) {
	if s == "" {
		return 0, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("reading the date %q: it is not yyyy-mm-dd", s)
	}
	return DateOf(t), nil
}

func (d Date) String() string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d/10000, d/100%100, d%100)
}

// MarshalText writes the date as yyyy-mm-dd.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

const (
	never    Date = 99991231
	yearEnd  Date = 1231
	newYears Date = 101
)

// Kinds of change. The first six are those of the entity division_change.
// Abolished and Established are changes whose other side nobody recorded.
const (
	Rename           = "rename"
	Recode           = "recode"
	Merge            = "merge"
	Split            = "split"
	PartTransfer     = "part_transfer"
	CountyToDistrict = "county_to_district"
	Abolished        = "abolished"
	Established      = "established"
)

// Change is one edge of the history: a code, and one code that took over all
// or part of it.
type Change struct {
	ID            string  `json:"change_id"`
	System        string  `json:"code_system"` // GB6 or MCA9; GB6 holds in all systems at county tier and above
	Kind          string  `json:"kind"`
	Old           string  `json:"old_code,omitempty"` // 12 digits; empty when Established
	OldName       string  `json:"old_name,omitempty"`
	New           string  `json:"new_code,omitempty"` // 12 digits; empty when Abolished
	NewName       string  `json:"new_name,omitempty"`
	Share         float64 `json:"share"`       // of the old division; means nothing unless ShareKnown
	ShareKnown    bool    `json:"share_known"` // no share is ever estimated
	Document      string  `json:"document_no,omitempty"`
	ApprovedOn    Date    `json:"approved_on,omitempty"`
	AnnouncedOn   Date    `json:"announced_on,omitempty"` // the sources give none
	CodeValidFrom Date    `json:"code_valid_from"`        // first year-end table that shows the change
	Reason        string  `json:"reason,omitempty"`       // the table's own words
	Lines         []int   `json:"lines"`                  // lines of the source file; the first line is the header
	From          string  `json:"from"`                   // name of the source file
	old, new      uint64
	creates       bool // the new code came into use with the change
}

//go:embed supplement_sd.csv
var supplement []byte

// table reads a CSV whose columns must be exactly those named. Every row comes
// with its line.
func table(name string, data []byte, columns string) ([][]string, error) {
	rd := csv.NewReader(bytes.NewReader(data))
	rows, err := rd.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	if len(rows) == 0 || strings.Join(rows[0], ",") != columns {
		return nil, fmt.Errorf("reading %q: the columns are not %s", name, columns)
	}
	return rows[1:], nil
}

const (
	countyFile   = "division_history_sd.csv"
	townshipFile = "township_changes_sd.csv"
	extraFile    = "supplement_sd.csv"
	countyCols   = "mca_snapshot_year,op,code,name,successor_codes,successor_names,approval_document,approved_on,code_seen_in"
	townshipCols = "year,sheet_row,old_code,old_name,reason,new_code,new_name,approval_document,nbs2023_check,nbs2023_code_same_name_same_city"
	extraCols    = "old_code,old_name,new_code,new_name,kind,code_valid_from,document,basis"
)

// countyRow is one line of the county history.
type countyRow struct {
	line      int
	op        string
	code      uint64
	name      string
	to        []uint64
	toNames   []string
	document  string
	approved  Date
	validFrom Date
}

func parseCounty(data []byte) ([]countyRow, error) {
	rows, err := table(countyFile, data, countyCols)
	if err != nil {
		return nil, err
	}
	out := make([]countyRow, 0, len(rows))
	for i, f := range rows {
		r := countyRow{line: i + 2, op: f[1], name: f[3], document: f[6]}
		bad := func(what, v string) error {
			return fmt.Errorf("reading %q: line %d: %s %q is not one", countyFile, r.line, what, v)
		}
		year, ok := yearOf(f[0])
		if !ok {
			return nil, bad("year", f[0])
		}
		r.validFrom = year + yearEnd
		if r.op != "retired" && r.op != "created" && r.op != "part_transferred" {
			return nil, bad("operation", r.op)
		}
		if r.code, ok = padded(f[2], 6); !ok {
			return nil, bad("code", f[2])
		}
		if f[4] != "" {
			for _, s := range strings.Split(f[4], ";") {
				c, ok := padded(s, 6)
				if !ok {
					return nil, bad("successor", s)
				}
				r.to = append(r.to, c)
			}
			for _, s := range strings.Split(f[5], ";") {
				r.toNames = append(r.toNames, strings.TrimSpace(s))
			}
			if len(r.to) != len(r.toNames) {
				return nil, bad("list of successors", f[5])
			}
		}
		if r.op == "part_transferred" && len(r.to) == 0 {
			return nil, bad("successor", "")
		}
		if r.approved, err = ParseDate(f[7]); err != nil {
			return nil, bad("date", f[7])
		}
		out = append(out, r)
	}
	return out, nil
}

// townshipRow is one line of the township changes.
type townshipRow struct {
	line             int
	old, new         uint64 // zero: none
	oldName, newName string
	reason, document string
	accept           Date // first day of the document's year
	validFrom        Date
	check            string // same, code_is_<name>, code_absent or empty
	nbs              uint64 // statistical code of the new township; zero: none found
}

func parseTownships(data []byte) ([]townshipRow, error) {
	rows, err := table(townshipFile, data, townshipCols)
	if err != nil {
		return nil, err
	}
	out := make([]townshipRow, 0, len(rows))
	for i, f := range rows {
		r := townshipRow{line: i + 2, oldName: f[3], reason: f[4], newName: f[6], document: f[7], check: f[8]}
		bad := func(what, v string) error {
			return fmt.Errorf("reading %q: line %d: %s %q is not one", townshipFile, r.line, what, v)
		}
		year, ok := yearOf(f[0])
		if !ok {
			return nil, bad("year", f[0])
		}
		r.validFrom, r.accept = year+yearEnd, min(year, documentYear(r.document, year))+newYears
		for _, c := range []struct {
			text string
			to   *uint64
		}{{f[2], &r.old}, {f[5], &r.new}, {f[9], &r.nbs}} {
			if *c.to, ok = padded(c.text, 9); !ok && c.text != "" {
				return nil, bad("code", c.text)
			}
		}
		if r.new == 0 && r.newName != "" { // a new name only: the code stays
			r.new = r.old
		}
		switch {
		case r.check == "same":
			r.nbs = r.new
		case r.check == "" || r.check == "code_absent" || strings.HasPrefix(r.check, "code_is_"):
		default:
			return nil, bad("comparison", r.check)
		}
		if r.old == 0 && r.new == 0 || r.check != "" && r.new == 0 {
			return nil, bad("change", r.reason)
		}
		out = append(out, r)
	}
	return out, nil
}

func yearOf(s string) (Date, bool) {
	if len(s) != 4 || s < "1949" || s > "2999" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	return (Date(s[0]-'0')*1000 + Date(s[1]-'0')*100 + Date(s[2]-'0')*10 + Date(s[3]-'0')) * 10000, true
}

// documentYear is the year in a document number's brackets, 〔2016〕.
func documentYear(document string, otherwise Date) Date {
	_, rest, ok := strings.Cut(document, "〔")
	if year, _, closed := strings.Cut(rest, "〕"); ok && closed {
		if y, ok := yearOf(year); ok {
			return y
		}
	}
	return otherwise
}

// padded reads a code of exactly n digits and pads it to twelve.
func padded(s string, n int) (uint64, bool) {
	if len(s) != n {
		return 0, false
	}
	code, rule := ParseCode(s)
	if rule != "" {
		return 0, false
	}
	return number(code)
}

func text(code uint64) string {
	if code == 0 {
		return ""
	}
	return string(appendCode(make([]byte, 0, 12), code))
}

// countyChanges turns rows into edges. A created row is the other side of a
// retired one of the same document, or stands alone.
func countyChanges(rows []countyRow, extra []Change) []Change {
	predecessors := map[uint64]int{}
	type key struct {
		code uint64
		at   Date
	}
	createdAt := map[key]int{}
	for _, r := range rows {
		if r.op == "created" {
			createdAt[key{r.code, r.validFrom}] = r.line
		}
		if r.op == "retired" {
			for _, to := range r.to {
				predecessors[to]++
			}
		}
	}
	var out []Change
	used := map[int]bool{}
	for _, r := range rows {
		if r.op == "created" {
			continue
		}
		for i, to := range r.to {
			c := Change{System: GB6, old: r.code, OldName: r.name, new: to, NewName: r.toNames[i], Document: r.document,
				ApprovedOn: r.approved, CodeValidFrom: r.validFrom, Lines: []int{r.line}, From: countyFile}
			line := createdAt[key{to, r.validFrom}]
			if line != 0 {
				c.Lines, c.creates = append(c.Lines, line), to != r.code
				used[line] = true
			}
			c.Kind = countyKind(r, to, c.NewName, line != 0 && predecessors[to] == 1)
			out = append(out, c)
		}
	}
	for _, x := range extra {
		anchored := false // on the line that it completes
		for _, r := range rows {
			retired := x.old == r.code && r.op == "retired" && len(r.to) == 0
			fresh := x.new == r.code && r.op == "created"
			if x.CodeValidFrom == r.validFrom && (retired || fresh) {
				x.Lines, x.ApprovedOn, x.creates = append(x.Lines, r.line), r.approved, x.creates || fresh
				used[r.line] = true
				anchored = anchored || retired || x.Kind == PartTransfer
			}
		}
		if !anchored {
			x.Lines = nil // compile refuses it
		}
		out = append(out, x)
	}
	for _, r := range rows {
		if r.op == "part_transferred" || used[r.line] || r.op == "retired" && len(r.to) > 0 {
			continue
		}
		c := Change{System: GB6, Document: r.document, ApprovedOn: r.approved, CodeValidFrom: r.validFrom, Lines: []int{r.line}, From: countyFile}
		if r.op == "created" {
			c.Kind, c.new, c.NewName, c.creates = Established, r.code, r.name, true
		} else {
			c.Kind, c.old, c.OldName = Abolished, r.code, r.name
		}
		out = append(out, c)
	}
	return out
}

func countyKind(r countyRow, to uint64, toName string, fresh bool) string {
	switch {
	case r.op == "part_transferred":
		return PartTransfer
	case r.code == to:
		return Rename
	case len(r.to) > 1:
		return Split
	case !fresh:
		return Merge
	case strings.HasSuffix(toName, "区") && !strings.HasSuffix(r.name, "区"):
		return CountyToDistrict
	}
	return Recode
}

func extraChanges(data []byte) ([]Change, error) {
	rows, err := table(extraFile, data, extraCols)
	if err != nil {
		return nil, err
	}
	var out []Change
	for i, f := range rows {
		c := Change{System: GB6, OldName: f[1], NewName: f[3], Kind: f[4], Document: f[6], Reason: f[7], From: countyFile}
		var ok1, ok2 bool
		c.old, ok1 = padded(f[0], 6)
		c.new, ok2 = padded(f[2], 6)
		if c.CodeValidFrom, err = ParseDate(f[5]); err != nil || !ok1 || !ok2 || c.CodeValidFrom == 0 {
			return nil, fmt.Errorf("reading %q: line %d is not a change", extraFile, i+2)
		}
		out = append(out, c)
	}
	return out, nil
}

func townshipChange(r townshipRow) Change {
	c := Change{System: MCA9, old: r.old, OldName: r.oldName, new: r.new, NewName: r.newName, Document: r.document,
		CodeValidFrom: r.validFrom, Reason: r.reason, Lines: []int{r.line}, From: townshipFile, Kind: Recode}
	switch {
	case r.old == 0:
		c.Kind = Established
	case r.new == 0:
		c.Kind = Abolished
	case r.old == r.new:
		c.Kind = Rename
	}
	return c
}

// finish sorts by date, then by source and line, and gives every edge its id.
// The order is total, so the ids are stable.
func finish(all []Change) {
	slices.SortFunc(all, func(a, b Change) int {
		if a.CodeValidFrom != b.CodeValidFrom {
			return int(a.CodeValidFrom - b.CodeValidFrom)
		}
		if s := strings.Compare(a.System, b.System); s != 0 {
			return s
		}
		if a.Lines[0] != b.Lines[0] {
			return a.Lines[0] - b.Lines[0]
		}
		return int(int64(a.new) - int64(b.new))
	})
	for i := range all {
		c := &all[i]
		c.Old, c.New = text(c.old), text(c.new)
		c.ID = fmt.Sprintf("%s-%d-%03d", c.System, c.CodeValidFrom/10000, c.Lines[0])
		if c.Kind == Split {
			c.ID += "-" + c.New[:6]
		}
		switch c.Kind {
		case Rename, Recode, Merge, CountyToDistrict:
			c.Share, c.ShareKnown = 1, true
		}
	}
}

var loadHistory = sync.OnceValues(func() (*History, error) {
	r, err := Load()
	if err != nil {
		return nil, err
	}
	return compile(r, countyHistory, townshipChanges, supplement)
})

// LoadHistory returns the shipped history, compiled at the first call and then
// shared.
func LoadHistory() (*History, error) { return loadHistory() }
