package files

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // dates are local to the province, on any machine
	"unicode"

	"golang.org/x/text/unicode/norm"

	"rongtong/connectors/files/store"
	"rongtong/connectors/files/text"
	"rongtong/schemas"
	"rongtong/schemas/decl"
)

// from is the `from` of a stream of files.
type from struct {
	decl.Pos
	Path   string `decl:"path,required"`   // anchored regexp on the path below root; named groups are fields
	Format string `decl:"format,required"` // one of formats
	Header header `decl:"header,required"` // the columns that must be there, in any order, with their other names

	Member    string   `decl:"member"`     // the files are ZIP archives: anchored regexp on the names in them; named groups are fields
	UnpackMiB int      `decl:"unpack_mib"` // how much one archive may unpack to; 16384 by default
	MayLack   []string `decl:"may_lack"`   // columns that a file may be without

	Encoding  string `decl:"encoding"`  // text: one of text.Encodings, utf-8 by default; dbf: gb18030 (default) or utf-8
	Delimiter string `decl:"delimiter"` // csv: one ASCII character, "," by default, or auto
	Quote     string `decl:"quote"`     // csv, tsv: none if quotes are ordinary characters
	Trailer   string `decl:"trailer"`   // csv, tsv: anchored regexp on the last line; the group rows counts the rows
	Records   string `decl:"records"`   // json, xml: dotted path to the records

	Sheet    string `decl:"sheet"`    // xlsx, xls: the sheet's name
	Sheets   string `decl:"sheets"`   // xlsx, xls: anchored regexp on the names of sheets; named groups are fields
	Hidden   bool   `decl:"hidden"`   // with sheets: hidden ones too
	Optional bool   `decl:"optional"` // xlsx, xls: a workbook may lack the sheet

	Total  *totalRule     `decl:"total"`  // tables: which rows are totals
	At     *atRule        `decl:"at"`     // when the records happened
	Settle *time.Duration `decl:"settle"` // how long a file must rest before it is taken; 1 s by default
	Marker string         `decl:"marker"` // suffix of the empty file that says that a file is whole, such as ".done"
}

// formats are the formats of files, with the family whose settings they share.
var formats = map[string]string{
	"csv": "csv", "tsv": "csv", "json": "json", "jsonl": "json", "xml": "xml",
	"xlsx": "sheet", "xls": "sheet", "dbf": "dbf", "parquet": "parquet",
}

// header is a list of columns, or a mapping of columns to their other names.
type header struct {
	names   []string
	aliases decl.Map[[]string]
}

// FromNode reads either form.
func (h *header) FromNode(n decl.Node) []decl.Problem {
	if !n.IsMap() {
		return n.Decode(&h.names)
	}
	ps := n.Decode(&h.aliases)
	for _, a := range h.aliases {
		h.names = append(h.names, a.Key)
	}
	return ps
}

// totalRule tells total rows from data rows.
type totalRule struct {
	decl.Pos
	Label string   `decl:"label,required"` // the column that holds the word
	Words []string `decl:"words,required"`
	Sum   []string `decl:"sum,required"` // the columns that must add up
	// Required says that a file without a total in its last row is cut off.
	Required bool `decl:"required"`
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
	family  string // of the format
	path    *regexp.Regexp
	member  *regexp.Regexp // nil: the files are no archives
	sheets  *regexp.Regexp // nil: one sheet by its name
	trailer *regexp.Regexp // nil: none
	rows    int            // submatch of trailer that counts the rows; 0: none
	subs    []string       // names of the groups of path, member and sheets, "" for none
	inPath  int            // how many of them are of the path
	comma   byte           // 0: to be found out
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
	field int  // index of the stream's field, or toNothing, toDrop
	typed byte // 'n' for a number, 'b' for a truth value, 0 for a text
	lacks bool // a file may be without it
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
	ps = append(ps, p.compilePatterns()...)
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

// compilePatterns compiles the patterns whose groups are fields.
func (p *plan) compilePatterns() []decl.Problem {
	var ps []decl.Problem
	pattern := func(key, s string) *regexp.Regexp {
		plain, names := nameGroups(s)
		re, err := regexp.Compile(`^(?:` + plain + `)$`)
		if err != nil || re.NumSubexp() != len(names) {
			ps = append(ps, p.from.Problem(key+".regexp", "write it in the syntax of Go's regexp package", "%q is no regular expression", s))
			return nil
		}
		for _, n := range names {
			if n != "" && slices.Contains(p.subs, n) {
				ps = append(ps, p.from.Problem("group.duplicate", "rename one of the two", "the group %q appears twice", n))
			}
		}
		p.subs = append(append(p.subs, ""), names...)
		return re
	}
	p.path = pattern("path", p.from.Path)
	p.inPath = len(p.subs)
	if p.from.Member != "" {
		p.member = pattern("member", p.from.Member)
	}
	if p.from.Sheets != "" {
		p.sheets = pattern("sheets", p.from.Sheets)
	}
	if t := p.from.Trailer; t != "" {
		re, err := regexp.Compile(`^(?:` + t + `)$`)
		if err != nil {
			return append(ps, p.from.Problem("trailer.regexp", "write it in the syntax of Go's regexp package", "%q is no regular expression", t))
		}
		p.trailer, p.rows = re, max(re.SubexpIndex("rows"), 0)
	}
	return ps
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
	f := &p.from
	p.family = formats[f.Format]
	if p.family == "" {
		known := slices.Sorted(maps.Keys(formats))
		return []decl.Problem{f.Problem("format.unknown", decl.Suggest(f.Format, known), "the format %q is not known; there are %s", f.Format, strings.Join(known, ", "))}
	}
	ps := p.misplaced()
	if e := f.Encoding; e != "" && !slices.Contains(text.Encodings, e) || p.family == "dbf" && e != "" && e != "gb18030" && e != "utf-8" {
		ps = append(ps, f.Problem("encoding.unknown", "write utf-8, gb18030 (also for GBK and GB2312), utf-16 or auto", "the encoding %q is not known here", e))
	}
	if f.Format == "tsv" {
		p.comma = '\t'
	}
	if d := f.Delimiter; d == "auto" {
		p.comma = 0
	} else if d != "" {
		if len(d) != 1 || strings.ContainsAny(d, "\"\r\n") || d[0] >= 0x80 {
			ps = append(ps, f.Problem("delimiter.invalid", `write one ASCII character, such as ";", or auto`, "the delimiter %q cannot separate columns", d))
		}
		p.comma = d[0]
	}
	if f.Quote != "" && f.Quote != "none" {
		ps = append(ps, f.Problem("quote.unknown", `write "quote: none", or nothing`, "%q is no way to quote", f.Quote))
	}
	if p.family == "sheet" && (f.Sheet == "") == (f.Sheets == "") {
		ps = append(ps, f.Problem("key.missing", "name the sheet, or give the pattern of several", "one of %q and %q is required for workbooks", "sheet", "sheets"))
	}
	if f.Format == "xml" && f.Records == "" {
		ps = append(ps, f.Problem("key.missing", "write the elements from the root to the records: Root.Rows.Row", "%q is required for XML", "records"))
	}
	if f.UnpackMiB < 0 {
		ps = append(ps, f.Problem("unpack.negative", "", "an archive cannot unpack to %d MiB", f.UnpackMiB))
	}
	if f.Settle != nil {
		p.settle = *f.Settle
		if p.settle < 0 {
			ps = append(ps, f.Problem("settle.negative", "", "a file cannot rest for %s", p.settle))
		}
	}
	return ps
}

// misplaced refuses settings that say nothing in the format.
func (p *plan) misplaced() []decl.Problem {
	var ps []decl.Problem
	f := &p.from
	only := func(key string, set bool, formats ...string) {
		if set && !slices.Contains(formats, f.Format) {
			ps = append(ps, f.Problem("format.key", "remove it", "%q says nothing about files of the format %s", key, f.Format))
		}
	}
	only("encoding", f.Encoding != "", "csv", "tsv", "json", "jsonl", "xml", "dbf")
	only("delimiter", f.Delimiter != "", "csv")
	only("quote", f.Quote != "", "csv", "tsv")
	only("trailer", f.Trailer != "", "csv", "tsv")
	only("records", f.Records != "", "json", "xml")
	only("sheet", f.Sheet != "", "xlsx", "xls")
	only("sheets", f.Sheets != "", "xlsx", "xls")
	only("hidden", f.Hidden, "xlsx", "xls")
	only("optional", f.Optional, "xlsx", "xls")
	only("total", f.Total != nil, "csv", "tsv", "xlsx", "xls", "dbf")
	if f.UnpackMiB != 0 && f.Member == "" {
		ps = append(ps, f.Problem("format.key", "remove it, or give the pattern of the members", "%q belongs to %q", "unpack_mib", "member"))
	}
	return ps
}

func (p *plan) compileHeader() []decl.Problem {
	var ps []decl.Problem
	f := &p.from
	if len(f.Header.names) == 0 {
		ps = append(ps, f.Problem("header.empty", "name the columns", "the header has no column"))
	}
	add := func(at decl.Pos, name string, i int) {
		if _, twice := p.names[plain(name)]; twice || plain(name) == "" {
			ps = append(ps, at.Problem("header.duplicate", "every column has one distinct name", "the column name %q is empty or appears twice", name))
			return
		}
		p.names[plain(name)] = i
	}
	for i, name := range f.Header.names {
		p.columns = append(p.columns, column{name: name, field: toNothing})
		add(f.Pos, name, i)
	}
	for i, a := range f.Header.aliases {
		for _, other := range a.Value {
			add(a.Pos, other, i)
		}
	}
	for _, name := range f.MayLack {
		i := slices.Index(f.Header.names, name)
		if i < 0 {
			ps = append(ps, f.Problem("may_lack.unknown", decl.Suggest(name, f.Header.names), "%q is not in the header", name))
			continue
		}
		p.columns[i].lacks = true
	}
	return ps
}

// compileFields finds where every field of the stream comes from.
func (p *plan) compileFields() []decl.Problem {
	var ps []decl.Problem
	subs := p.subs
	for i, f := range p.stream.Fields {
		c, g := slices.Index(p.from.Header.names, f.Key), slices.Index(subs, f.Key)
		switch {
		case f.Value != "text" && (p.family == "csv" || p.family == "sheet" || p.family == "xml" || c < 0):
			ps = append(ps, f.Problem("field.type", "declare it as text; the flow gives it its type", "%q is text here, but it is declared as %s", f.Key, f.Value))
		case c >= 0 && g > 0:
			ps = append(ps, f.Problem("field.ambiguous", "rename the group", "%q is both a column and a group of a pattern", f.Key))
		case c >= 0:
			p.columns[c].field = i
			switch f.Value {
			case "number":
				p.columns[c].typed = 'n'
			case "bool":
				p.columns[c].typed = 'b'
			}
		case g > 0:
			p.groups = append(p.groups, group{g, i})
		default:
			ps = append(ps, f.Problem("field.unknown", decl.Suggest(f.Key, p.from.Header.names), "%q is neither a column of the header nor a group of a pattern", f.Key))
		}
	}
	for _, d := range p.stream.Drop {
		c := slices.Index(p.from.Header.names, d)
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
		if p.atCol = slices.Index(p.from.Header.names, a.Column); p.atCol < 0 {
			return []decl.Problem{a.Problem("at.column", decl.Suggest(a.Column, p.from.Header.names), "%q is not in the header", a.Column)}
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
		i := slices.Index(p.from.Header.names, name)
		if i < 0 {
			ps = append(ps, t.Problem("total.column", decl.Suggest(name, p.from.Header.names), "%q is not in the header", name))
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

// isMarker reports a file that only says that another is whole.
func (p *plan) isMarker(path string) bool {
	return p.from.Marker != "" && strings.HasSuffix(strings.ToLower(path), strings.ToLower(p.from.Marker))
}

// parts are the parts of a path that enter its records: the groups that are
// fields, and the date. Files that agree in these and in content are one.
func (p *plan) parts(subs []string) []string {
	var out []string
	for _, g := range p.groups {
		if g.sub < p.inPath {
			out = append(out, subs[g.sub])
		}
	}
	return append(out, p.date(subs))
}

// date is the date in a path, where it is there that the stream has it.
func (p *plan) date(subs []string) string {
	if p.atGroup == 0 || p.atGroup >= len(subs) {
		return ""
	}
	return subs[p.atGroup]
}

// at is the event time of a file's records, where it is one for all of them.
func (p *plan) at(e store.Entry, subs []string) time.Time {
	switch a := p.from.At; {
	case a == nil || a.Column != "":
		return time.Time{}
	case a.Mtime:
		return e.MTime
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
