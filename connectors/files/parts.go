package files

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"

	"rongtong/connectors/files/archive"
	"rongtong/connectors/files/dbf"
	"rongtong/connectors/files/parquet"
	"rongtong/connectors/files/table"
	"rongtong/connectors/files/text"
	"rongtong/connectors/files/workbook"
)

// unpackDefault is how much one archive may unpack to, in MiB.
const unpackDefault = 16 << 10

// part is one table of a file: all of it, a member of an archive, a sheet of a
// workbook.
type part struct {
	label string // as people find it
	subs  []string
	data  *data
	sheet string
	bad   *table.Bad // known already: there is no table
}

// data is a range of bytes that holds one or, in a workbook, several tables.
type data struct {
	io.ReaderAt
	size int64
	name string // of the member, for the file beside it; empty for the file itself
	memo io.ReaderAt
}

// split finds the tables of a file, in order. It unpacks what is packed, which
// proves the archive whole.
func (r *reader) split() ([]part, error) {
	all, err := r.unpack()
	if err != nil || r.plan.family != "sheet" {
		return all, err
	}
	var sheets []part
	for _, p := range all {
		more, err := r.sheets(p)
		if err != nil {
			return nil, err
		}
		sheets = append(sheets, more...)
	}
	return sheets, nil
}

// unpack is the file as one part, or the members of the archive that it is.
func (r *reader) unpack() ([]part, error) {
	f := r.file
	whole := part{label: f.label, subs: f.subs, data: &data{ReaderAt: f, size: f.size}}
	if f.memo != nil {
		whole.data.memo = f.memo
	}
	most := int64(unpackDefault)
	if r.plan.from.UnpackMiB > 0 {
		most = int64(r.plan.from.UnpackMiB)
	}
	r.unpacked.path = f.Path
	switch kind := text.Sniff(f); {
	case r.plan.member != nil && kind != "zip":
		return nil, table.Badf("file.unreadable", "the file is no ZIP archive, but the stream declares members")
	case r.plan.member != nil:
		return r.members(most << 20)
	case kind == "gzip":
		if _, err := archive.Gunzip(&r.unpacked, f, f.size, most<<20); err != nil {
			return nil, err
		}
		whole.data.ReaderAt, whole.data.size = &r.unpacked, r.unpacked.size
	}
	return []part{whole}, nil
}

func (r *reader) members(most int64) ([]part, error) {
	p := r.plan
	list, err := archive.Unzip(&r.unpacked, r.file, r.file.size, most, func(name string) bool {
		return p.member.MatchString(name) || p.family == "dbf" && isMemo(name)
	})
	if err != nil {
		return nil, err
	}
	beside := map[string]io.ReaderAt{}
	for _, m := range list {
		beside[strings.ToLower(m.Name)] = io.NewSectionReader(&r.unpacked, m.From, m.To-m.From)
	}
	var parts []part
	for _, m := range list {
		subs := p.member.FindStringSubmatch(m.Name)
		if subs == nil || ignored(m.Name) {
			continue
		}
		d := &data{ReaderAt: io.NewSectionReader(&r.unpacked, m.From, m.To-m.From), size: m.To - m.From, name: m.Name}
		for _, name := range memoNames(m.Name) {
			if b := beside[name]; b != nil {
				d.memo = b
			}
		}
		parts = append(parts, part{label: r.file.label + "!" + m.Name, subs: append(r.file.subs[:len(r.file.subs):len(r.file.subs)], subs...), data: d})
	}
	if len(parts) == 0 {
		return nil, table.Badf("zip.member", "the archive holds no file that the stream declares")
	}
	return parts, nil
}

// sheets are the declared sheets of a workbook. One that cannot be opened, or
// lacks them, is a part that says so.
func (r *reader) sheets(p part) ([]part, error) {
	broken := func(b *table.Bad) []part {
		p.bad = b
		return []part{p}
	}
	w, err := r.workbook(p.data)
	if b := table.AsBad(err); b != nil {
		return broken(b), nil
	}
	if err != nil {
		return nil, err
	}
	var out []part
	for _, s := range w.Sheets {
		one := part{label: p.label + "!" + s.Name, subs: p.subs, data: p.data, sheet: s.Name}
		switch {
		case r.plan.sheets != nil:
			subs := r.plan.sheets.FindStringSubmatch(s.Name)
			if subs == nil || s.Hidden && !r.plan.from.Hidden {
				continue
			}
			one.subs = append(p.subs[:len(p.subs):len(p.subs)], subs...)
		case plain(s.Name) != plain(r.plan.from.Sheet):
			continue
		default:
			one.label = p.label + "!" + r.plan.from.Sheet
		}
		out = append(out, one)
		if r.plan.sheets == nil {
			break
		}
	}
	if len(out) == 0 && !r.plan.from.Optional {
		if r.plan.sheets != nil {
			return broken(&table.Bad{Rule: "xlsx.sheet", Reason: "no sheet has a name that the stream declares"}), nil
		}
		return broken(&table.Bad{Rule: "xlsx.sheet", Reason: "the workbook has no sheet \"" + r.plan.from.Sheet + "\""}), nil
	}
	return out, nil
}

// workbook opens a workbook, or is the one that is open: the sheets of one come
// one after another.
func (r *reader) workbook(d *data) (*workbook.Book, error) {
	if r.book != nil && r.bookOf == d {
		return r.book, nil
	}
	if r.book != nil {
		_ = r.book.Close()
		r.book = nil
	}
	w, err := workbook.Open(d, d.size)
	if err != nil {
		return nil, err
	}
	r.book, r.bookOf = w, d
	return w, nil
}

// openTable opens the table of a part at its first row.
func (r *reader) openTable(p part) (table.Table, func() error, error) {
	switch r.plan.family {
	case "sheet":
		return r.openSheet(p)
	case "dbf":
		t, err := dbf.Open(p.data, p.data.size, r.plan.from.Encoding, p.data.memo)
		return t, nil, err
	case "parquet":
		t, err := parquet.Open(p.data, p.data.size)
		return t, nil, err
	}
	if kind := text.Sniff(p.data); kind != "" && kind != r.plan.family && kind != "xml" && kind != "json" {
		return nil, nil, table.Badf("file.unreadable", "the file is no text but %s", kind)
	}
	encoding := r.plan.from.Encoding
	if r.plan.family == "xml" && encoding == "" {
		encoding = text.XMLEncoding(p.data)
	}
	src, _, err := text.Decode(p.data, p.data.size, encoding)
	if err != nil {
		return nil, nil, err
	}
	switch r.plan.from.Format {
	case "json":
		j := text.NewJSON(src, r.plan.from.Records)
		j.Proved = r.proved
		return j, nil, nil
	case "jsonl":
		return text.NewJSONLines(src), nil, nil
	case "xml":
		return text.NewRecords(src, r.plan.from.Records), nil, nil
	}
	return text.NewCSV(src, r.comma, r.plan.from.Quote == "none"), nil, nil
}

func (r *reader) openSheet(p part) (table.Table, func() error, error) {
	w, err := r.workbook(p.data)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range w.Sheets {
		if s.Name == p.sheet || r.plan.sheets == nil && plain(s.Name) == plain(p.sheet) {
			rows, err := w.Open(s)
			if err != nil {
				return nil, nil, err
			}
			return rows, rows.Close, nil
		}
	}
	return nil, nil, table.Badf("xlsx.sheet", "the workbook has no sheet %q", p.sheet)
}

// prove reads a part to its end and finds out whether it is whole.
func (r *reader) prove(ctx context.Context, p part) error {
	defer r.shut()
	if err := r.openPart(p); err != nil {
		return err
	}
	c := check{reader: r, width: len(r.targets)}
	for n := 1; ; n++ {
		l, err := r.table.Next()
		if err == io.EOF {
			return c.end()
		}
		if err != nil {
			return err
		}
		c.row(l)
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// check gathers what is known of a table only at its end.
type check struct {
	*reader
	width int
	rows  int
	open  bool // the last row ended without a line end, and lacks columns
	total bool // the last row is a total
	last  []byte
	no    int
}

func (c *check) row(l *table.Row) {
	c.open = l.Open && len(l.Cells) < c.width && c.plan.trailer == nil
	c.rows++
	if c.plan.from.Total != nil && c.plan.from.Total.Required && (c.plan.family != "sheet" || !blank(l.Cells)) {
		c.total = false
		for i, t := range c.targets {
			if t.column == c.plan.label && i < len(l.Cells) && c.isTotal(l.Cells[i]) {
				c.total = true
			}
		}
	}
	if c.plan.trailer != nil && !blank(l.Cells) {
		c.no = l.No
		c.last = c.last[:0]
		for i, cell := range l.Cells {
			if i > 0 {
				c.last = append(c.last, c.comma)
			}
			c.last = append(c.last, cell...)
		}
	}
}

// end judges the whole.
func (c *check) end() error {
	if c.open {
		return table.Badf("file.truncated", "the last line ends in its middle")
	}
	if c.plan.from.Total != nil && c.plan.from.Total.Required && !c.total {
		return table.Badf("file.truncated", "the last row is no total")
	}
	if c.plan.trailer != nil {
		if err := c.trailer(); err != nil {
			return err
		}
	}
	return c.headings()
}

func (c *check) trailer() error {
	m := c.plan.trailer.FindSubmatch(bytes.TrimSpace(c.last))
	if m == nil {
		return table.Badf("file.truncated", "the last line is not the trailer that the stream declares")
	}
	if c.plan.rows > 0 {
		if want := string(m[c.plan.rows]); want != strconv.Itoa(c.rows-1) {
			return table.Badf("file.truncated", "the trailer counts another number of rows than the %d that the file holds", c.rows-1)
		}
	}
	c.reader.trailerAt = c.no
	return nil
}

// headings judges a table whose rows name their columns: over all its records,
// every declared one must occur.
func (c *check) headings() error {
	named, ok := c.table.(interface {
		table.Named
		Records() int
	})
	if !ok || named.Records() == 0 {
		return nil
	}
	if missing, twice := c.assign(named.Names(), false); len(missing)+len(twice) > 0 {
		return c.headerFault("the records", missing, twice)
	}
	return nil
}
