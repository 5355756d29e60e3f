package files

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // dates are local to the province, on any machine
	"unicode"

	"golang.org/x/text/unicode/norm"

	"rongtong/schemas"
	"rongtong/schemas/decl"
)

// from is the `from` of a stream of files.
type from struct {
	decl.Pos
	Path      string             `decl:"path,required"`   // anchored regexp on the path below root; named groups are fields
	Format    string             `decl:"format,required"` // csv or xlsx
	Encoding  string             `decl:"encoding"`        // csv: utf-8 (default), gb18030 or auto
	Delimiter string             `decl:"delimiter"`       // csv: one ASCII character, "," by default
	Sheet     string             `decl:"sheet"`           // xlsx: the sheet's name
	Optional  bool               `decl:"optional"`        // xlsx: a workbook may lack the sheet
	Header    []string           `decl:"header,required"` // the columns that must be there, in any order
	Aliases   decl.Map[[]string] `decl:"aliases"`         // other names of a column
	Total     *totalRule         `decl:"total"`           // xlsx: which rows are totals
	At        *atRule            `decl:"at"`              // when the records happened
	Settle    *time.Duration     `decl:"settle"`          // how long a file must rest before it is taken
}

// totalRule tells total rows from data rows.
type totalRule struct {
	decl.Pos
	Label string   `decl:"label,required"` // the column that holds the word
	Words []string `decl:"words,required"`
	Sum   []string `decl:"sum,required"` // the columns that must add up
}

// atRule says where the event time of a record comes from: exactly one of these.
type atRule struct {
	decl.Pos
	Const  string `decl:"const"`  // 2006-01-02
	Path   string `decl:"path"`   // a named group of the path: 20060102 or 2006-01-02
	Mtime  bool   `decl:"mtime"`  // the file's time of change
	Column string `decl:"column"` // a column of the header
}

// shanghai is the zone of every date without one.
var shanghai = func() *time.Location {
	l, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err) // time/tzdata is linked in
	}
	return l
}()

// settleDefault is how long a file must have rested.
const settleDefault = time.Second

// what becomes of a column of the declared header.
const (
	toNothing = -1 // declared in the header, but not a field: it is left out
	toDrop    = -2 // stream.drop: it must never leave the connector
)

// plan is a stream's declaration, checked and compiled. It is read-only.
type plan struct {
	stream  *schemas.Stream
	from    from
	path    *regexp.Regexp
	subs    []string // names of the path's groups, "" for none; the first is the whole
	comma   byte
	settle  time.Duration
	columns []column // the declared header, in its order
	names   map[string]int
	groups  []group // named groups that become fields
	atConst time.Time
	atGroup int // submatch of at.path; 0: none
	atCol   int // index in columns of at.column; -1: none
	label   int // indexes in columns of the total rule; -1: none
	sums    []int
}

type column struct {
	name  string
	field int // index of the stream's field, or toNothing, toDrop
}

type group struct{ sub, field int }

// compile reads a stream's `from`. The plan is usable if there is no problem.
func compile(s *schemas.Stream) (*plan, []decl.Problem) {
	p := &plan{stream: s, comma: ',', settle: settleDefault, names: map[string]int{}, atCol: -1, label: -1}
	if s.From.IsZero() {
		return p, []decl.Problem{s.Pos.Problem("key.missing", "add it", "%q is required", "from")}
	}
	ps := s.From.Decode(&p.from)
	if len(ps) > 0 {
		return p, ps
	}
	ps = append(ps, p.compilePath()...)
	ps = append(ps, p.compileFormat()...)
	ps = append(ps, p.compileHeader()...)
	if len(ps) > 0 {
		return p, ps // what follows refers to these
	}
	ps = append(ps, p.compileFields()...)
	ps = append(ps, p.compileAt()...)
	ps = append(ps, p.compileTotal()...)
	return p, ps
}

func (p *plan) compilePath() []decl.Problem {
	pattern, names := nameGroups(p.from.Path)
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	p.subs = append([]string{""}, names...)
	if err != nil || re.NumSubexp() != len(names) {
		return []decl.Problem{p.from.Problem("path.regexp", "write it in the syntax of Go's regexp package", "the path %q is no regular expression", p.from.Path)}
	}
	p.path = re
	return nil
}

// nameGroups takes the names out of a pattern's groups, in order, "" for a
// group without one. Go's regexp allows only ASCII in a name, and a field of
// this country's ledgers has none.
func nameGroups(pattern string) (plain string, names []string) {
	var b strings.Builder
	class := false
	for i := 0; i < len(pattern); i++ {
		c, rest := pattern[i], pattern[i:]
		b.WriteByte(c)
		switch {
		case c == '\\' && i+1 < len(pattern):
			i++
			b.WriteByte(pattern[i])
		case c == '[' && !class:
			class = true
			if strings.HasPrefix(rest, "[^]") || strings.HasPrefix(rest, "[]") {
				n := strings.IndexByte(rest, ']') // a bracket that comes first is a member
				b.WriteString(rest[1 : n+1])
				i += n
			}
		case c == ']':
			class = false
		case c == '(' && !class:
			open, named := "(?P<", strings.HasPrefix(rest, "(?P<")
			if !named {
				open, named = "(?<", strings.HasPrefix(rest, "(?<")
			}
			n := strings.IndexByte(rest, '>')
			switch {
			case named && n > len(open):
				names = append(names, rest[len(open):n])
				i += n
			case !strings.HasPrefix(rest, "(?"):
				names = append(names, "")
			}
		}
	}
	return b.String(), names
}

func (p *plan) compileFormat() []decl.Problem {
	var ps []decl.Problem
	f := &p.from
	misplaced := func(key, format string, set bool) {
		if set {
			ps = append(ps, f.Problem("format.key", "remove it", "%q belongs to the format %s", key, format))
		}
	}
	switch f.Format {
	case "csv":
		misplaced("sheet", "xlsx", f.Sheet != "")
		misplaced("optional", "xlsx", f.Optional)
		misplaced("total", "xlsx", f.Total != nil)
	case "xlsx":
		misplaced("encoding", "csv", f.Encoding != "")
		misplaced("delimiter", "csv", f.Delimiter != "")
		if f.Sheet == "" {
			ps = append(ps, f.Problem("key.missing", "name the sheet", "%q is required for workbooks", "sheet"))
		}
	default:
		ps = append(ps, f.Problem("format.unknown", decl.Suggest(f.Format, []string{"csv", "xlsx"}), "the format %q is not known", f.Format))
	}
	if e := f.Encoding; e != "" && e != "utf-8" && e != "gb18030" && e != "auto" {
		ps = append(ps, f.Problem("encoding.unknown", "write utf-8, gb18030 (also for GBK and GB2312) or auto", "the encoding %q is not known", e))
	}
	if d := f.Delimiter; d != "" {
		if len(d) != 1 || strings.ContainsAny(d, "\"\r\n") || d[0] >= 0x80 {
			ps = append(ps, f.Problem("delimiter.invalid", `write one ASCII character, such as ";"`, "the delimiter %q cannot separate columns", d))
		}
		p.comma = d[0]
	}
	if f.Settle != nil {
		p.settle = *f.Settle
		if p.settle < 0 {
			ps = append(ps, f.Problem("settle.negative", "", "a file cannot rest for %s", p.settle))
		}
	}
	return ps
}

func (p *plan) compileHeader() []decl.Problem {
	var ps []decl.Problem
	f := &p.from
	if len(f.Header) == 0 {
		ps = append(ps, f.Problem("header.empty", "name the columns", "the header has no column"))
	}
	add := func(at decl.Pos, name string, i int) {
		if _, twice := p.names[plain(name)]; twice || plain(name) == "" {
			ps = append(ps, at.Problem("header.duplicate", "every column has one distinct name", "the column name %q is empty or appears twice", name))
			return
		}
		p.names[plain(name)] = i
	}
	for i, name := range f.Header {
		p.columns = append(p.columns, column{name: name, field: toNothing})
		add(f.Pos, name, i)
	}
	for _, a := range f.Aliases {
		i := slices.Index(f.Header, a.Key)
		if i < 0 {
			ps = append(ps, a.Problem("alias.unknown", decl.Suggest(a.Key, f.Header), "%q is not in the header", a.Key))
			continue
		}
		for _, other := range a.Value {
			add(a.Pos, other, i)
		}
	}
	return ps
}

// compileFields finds where every field of the stream comes from.
func (p *plan) compileFields() []decl.Problem {
	var ps []decl.Problem
	subs := p.subs
	for i, f := range p.stream.Fields {
		c, g := slices.Index(p.from.Header, f.Key), slices.Index(subs, f.Key)
		switch {
		case f.Value != "text":
			ps = append(ps, f.Problem("field.type", "declare it as text; the flow gives it its type", "files hold text only, but %q is declared as %s", f.Key, f.Value))
		case c >= 0 && g > 0:
			ps = append(ps, f.Problem("field.ambiguous", "rename the group", "%q is both a column and a group of the path", f.Key))
		case c >= 0:
			p.columns[c].field = i
		case g > 0:
			p.groups = append(p.groups, group{g, i})
		default:
			ps = append(ps, f.Problem("field.unknown", decl.Suggest(f.Key, p.from.Header), "%q is neither a column of the header nor a group of the path", f.Key))
		}
	}
	for _, d := range p.stream.Drop {
		c := slices.Index(p.from.Header, d)
		if c >= 0 && p.columns[c].field >= 0 {
			ps = append(ps, p.stream.Pos.Problem("drop.field", "remove it from one of the two", "%q is both a field and dropped", d))
		} else if c >= 0 {
			p.columns[c].field = toDrop
		}
	}
	for _, k := range p.stream.Key {
		if _, ok := p.stream.Fields.Get(k); !ok {
			ps = append(ps, p.stream.Pos.Problem("key.unknown", "", "the key %q is not a field of the stream", k))
		}
	}
	return ps
}

func (p *plan) compileAt() []decl.Problem {
	a := p.from.At
	if a == nil {
		return nil
	}
	n := 0
	for _, set := range []bool{a.Const != "", a.Path != "", a.Mtime, a.Column != ""} {
		if set {
			n++
		}
	}
	if n != 1 {
		return []decl.Problem{a.Problem("at.choice", "write one of const, path, mtime, column", "the event time has %d sources", n)}
	}
	switch {
	case a.Const != "":
		t, ok := parseTime(a.Const)
		if !ok {
			return []decl.Problem{a.Problem("at.const", `write "2006-01-02"`, "%q is not a date", a.Const)}
		}
		p.atConst = t
	case a.Path != "":
		if p.atGroup = slices.Index(p.subs, a.Path); p.atGroup < 0 {
			p.atGroup = 0
			return []decl.Problem{a.Problem("at.path", "name a group of the path: (?P<name>…)", "the path has no group %q", a.Path)}
		}
	case a.Column != "":
		if p.atCol = slices.Index(p.from.Header, a.Column); p.atCol < 0 {
			return []decl.Problem{a.Problem("at.column", decl.Suggest(a.Column, p.from.Header), "%q is not in the header", a.Column)}
		}
	}
	return nil
}

func (p *plan) compileTotal() []decl.Problem {
	t := p.from.Total
	if t == nil {
		return nil
	}
	var ps []decl.Problem
	find := func(name string) int {
		i := slices.Index(p.from.Header, name)
		if i < 0 {
			ps = append(ps, t.Problem("total.column", decl.Suggest(name, p.from.Header), "%q is not in the header", name))
		}
		return i
	}
	p.label = find(t.Label)
	for _, s := range t.Sum {
		p.sums = append(p.sums, find(s))
	}
	for _, w := range t.Words {
		if plain(w) == "" {
			ps = append(ps, t.Problem("total.word", "remove it", "an empty word would make every row a total"))
		}
	}
	return ps
}

// match reports whether the path belongs to the stream, with its submatches.
func (p *plan) match(path string) []string { return p.path.FindStringSubmatch(path) }

// parts are the parts of a path that enter its records: the groups that are
// fields, and the date. Files that agree in these and in content are one.
func (p *plan) parts(subs []string) []string {
	var out []string
	for _, g := range p.groups {
		out = append(out, subs[g.sub])
	}
	return append(out, p.date(subs))
}

func (p *plan) date(subs []string) string {
	if p.atGroup == 0 {
		return ""
	}
	return subs[p.atGroup]
}

// at is the event time of a file's records, where it is one for all of them.
func (p *plan) at(e entry, subs []string) time.Time {
	switch a := p.from.At; {
	case a == nil || a.Column != "":
		return time.Time{}
	case a.Mtime:
		return e.mtime
	case p.atGroup > 0:
		t, _ := parseTime(subs[p.atGroup]) // no date: the zero time, which transforms reject
		return t
	}
	return p.atConst
}

var layouts = []string{"20060102", "2006-01-02", "2006/1/2", "2006-01-02 15:04:05", "2006/1/2 15:04:05", time.RFC3339}

// parseTime reads a date or time; without a zone it is that of Shanghai.
func parseTime(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	for _, l := range layouts {
		if t, err := time.ParseInLocation(l, s, shanghai); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// plain is a heading as it is compared: compatibility forms folded (full-width
// brackets, ideographic spaces), every blank removed, lower case.
func plain(s string) string {
	s = norm.NFKC.String(s)
	return strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\uFEFF' || r == '\u200B' {
			return -1
		}
		return r
	}, s))
}

// badFile says that a file can never be read. It becomes one record with the
// rule as its fault, so that the file is seen and the good files go on.
type badFile struct {
	rule   string
	reason string
}

func (b *badFile) Error() string { return b.reason + " [" + b.rule + "]" }

func bad(rule, format string, args ...any) error {
	return &badFile{rule, fmt.Sprintf(format, args...)}
}
