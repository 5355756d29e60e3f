package files

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"rongtong/connectors"
	"rongtong/connectors/files/dbf"
	"rongtong/connectors/files/table"
	"rongtong/connectors/files/text"
	"rongtong/connectors/files/workbook"
	"rongtong/schemas/record"
)

// headerRows is within how many rows of a table the header must begin, and
// headerDepth how many rows it may span.
const (
	headerRows  = 10
	headerDepth = 3
)

// tally counts what a reader saw, per name.
type tally struct {
	dropped, unknown      map[string]int64
	totals, deleted, lost int64
}

func newTally() tally {
	return tally{dropped: map[string]int64{}, unknown: map[string]int64{}}
}

func (t tally) clone() tally {
	t.dropped, t.unknown = maps.Clone(t.dropped), maps.Clone(t.unknown)
	return t
}

// unnamed counts values in columns that have no heading.
const unnamed = "(unnamed)"

// target is what becomes of one column of the file.
type target struct {
	column int // index in plan.columns, or -1: the stream does not know it
	name   string
}

// reader turns one file, held whole, into records.
type reader struct {
	plan *plan
	file *content
	obj  *connectors.Object

	parts    []part
	unpacked blob // what an archive held
	book     *workbook.Book
	bookOf   *data
	next     int  // index of the record that comes next
	proved   bool // every part was read to its end, or is known to be bad

	// Of the part in hand:
	open      bool
	table     table.Table
	named     table.Named // table, if its rows name their columns
	close     func() error
	comma     byte
	targets   []target
	place     []byte // prefix of the place of every record
	subs      []string
	at        time.Time
	trailerAt int   // line of the trailer; 0: none
	deleted   int64 // rows marked as deleted, counted so far

	block, all []float64 // sums since the last subtotal, and of all rows
	cells      [][]byte  // by column of the plan
}

// newReader proves that the file is whole and readable, before anything of it
// is delivered. A file that never can be read yields a reader of one record.
func newReader(ctx context.Context, p *plan, f *content, obj *connectors.Object) (*reader, error) {
	r := &reader{plan: p, file: f, obj: obj, cells: make([][]byte, len(p.columns))}
	err := r.prepare(ctx)
	if b := table.AsBad(err); b != nil {
		r.parts = []part{{label: f.label, subs: f.subs, bad: b}}
		return r, nil //nolint:nilerr // the error is the reader's one record
	}
	if err != nil {
		r.end()
		return nil, err
	}
	return r, nil
}

func (r *reader) prepare(ctx context.Context) (err error) {
	if r.parts, err = r.split(); err != nil {
		return err
	}
	total := r.plan.from.Total
	if r.plan.family == "sheet" && (total == nil || !total.Required) {
		return nil // a sheet is proved whole whenever it is opened
	}
	for i := range r.parts {
		p := &r.parts[i]
		if p.bad != nil {
			continue
		}
		err := r.prove(ctx, *p)
		if p.bad = table.AsBad(err); err != nil && p.bad == nil {
			return err
		}
	}
	r.proved = true
	return nil
}

// shut closes the part in hand.
func (r *reader) shut() {
	if r.close != nil {
		_ = r.close()
	}
	r.table, r.named, r.close, r.open = nil, nil, nil, false
}

// end frees everything.
func (r *reader) end() {
	r.shut()
	if r.book != nil {
		_ = r.book.Close()
	}
	r.unpacked.Close()
	r.file.Close()
}

// begin makes a part the one in hand.
func (r *reader) begin(p part) {
	r.shut()
	r.subs, r.at = p.subs, r.plan.at(r.file.Entry, p.subs)
	r.place = append(append(r.place[:0], p.label...), ':')
	r.deleted = 0
	r.block, r.all = make([]float64, len(r.plan.sums)), make([]float64, len(r.plan.sums))
}

// openPart opens a part behind its header.
func (r *reader) openPart(p part) error {
	r.begin(p)
	if r.comma = r.plan.comma; r.comma != 0 || r.plan.family != "csv" {
		return r.openAt(p)
	}
	var first error
	for _, c := range []byte(",\t;|") {
		r.comma = c
		err := r.openAt(p)
		if err == nil || table.AsBad(err) == nil {
			return err
		}
		r.shut()
		if first == nil {
			first = err
		}
	}
	return first
}

func (r *reader) openAt(p part) (err error) {
	if r.table, r.close, err = r.openTable(p); err != nil {
		return err
	}
	r.open = true
	var ok bool
	if r.named, ok = r.table.(table.Named); !ok {
		return r.findHeader(p)
	}
	r.targets = r.targets[:0]
	if _, grows := r.named.(interface{ Records() int }); grows {
		return nil // its headings come with the rows; prove looks at them
	}
	if missing, twice := r.assign(r.named.Names(), true); len(missing)+len(twice) > 0 {
		return r.headerFault("the file", missing, twice)
	}
	if d, ok := r.table.(*dbf.Table); ok && p.data.memo == nil {
		for i, t := range r.targets {
			if t.column >= 0 && d.IsMemo(i) {
				return table.Badf("dbf.memo", "the file of the table's long texts (.fpt, .dbt) does not lie beside it")
			}
		}
	}
	return nil
}

// headerFault says what is wrong with a header.
func (r *reader) headerFault(where string, missing, twice []string) error {
	rule := map[string]string{"csv": "csv.header", "sheet": "xlsx.header"}[r.plan.family]
	if rule == "" {
		rule = "file.columns"
	}
	if len(twice) > 0 {
		return table.Badf(rule, "%s: the column %q stands there twice", where, twice)
	}
	return table.Badf(rule, "%s: %q is missing", where, missing)
}

// findHeader reads the first rows until some of them hold every declared name.
// Title rows stand above; a header of several rows reads top-down.
func (r *reader) findHeader(p part) error {
	var rows []*table.Row
	best, at, double := r.plan.from.Header.names, 1, []string(nil)
	for len(rows) < headerRows+headerDepth-1 {
		l, err := r.table.Next()
		if err == io.EOF {
			break
		}
		if err != nil && len(rows) == 0 && table.AsBad(err) != nil {
			return r.noTable(p, err)
		}
		if err != nil {
			return err
		}
		own := &table.Row{No: l.No}
		for _, c := range l.Cells {
			own.Cells = append(own.Cells, bytes.Clone(c))
		}
		rows = append(rows, own)
		for depth := max(1, len(rows)-headerRows+1); depth <= min(headerDepth, len(rows)); depth++ {
			missing, twice := r.assign(joinHeader(rows[len(rows)-depth:]), true)
			if len(missing)+len(twice) == 0 {
				if csv, ok := r.table.(*text.CSV); ok {
					csv.Width = len(r.targets)
				}
				return nil
			}
			if len(missing) < len(best) {
				best, at, double = missing, rows[len(rows)-depth].No, twice
			}
		}
	}
	if len(rows) == 0 && r.plan.family == "csv" {
		return table.Badf("csv.header", "the file is empty")
	}
	return r.noTable(p, r.headerFault(fmt.Sprintf("row %d", at), best, double))
}

// noTable is what is wrong with a file without a header: perhaps it is
// something else, saved under a table's name.
func (r *reader) noTable(p part, err error) error {
	if r.plan.family != "csv" {
		return err
	}
	switch text.Sniff(p.data) {
	case "json":
		return table.Badf("file.unreadable", "the file is JSON, probably an error message, saved under a table's name")
	case "xml":
		return table.Badf("file.unreadable", "the file is a web page or XML, saved under a table's name")
	case "":
		return err
	}
	return table.Badf("file.unreadable", "the file is no text")
}

// joinHeader joins the rows of a header top-down. A heading that a merge
// repeats downwards is said once.
func joinHeader(rows []*table.Row) []string {
	width := 0
	for _, l := range rows {
		width = max(width, len(l.Cells))
	}
	names := make([]string, width)
	for c := range names {
		last := ""
		for _, l := range rows {
			if c >= len(l.Cells) {
				continue
			}
			s := strings.TrimSpace(string(l.Cells[c]))
			if s == "" || s == last {
				continue
			}
			if last != "" {
				names[c] += " "
			}
			names[c] += s
			last = s
		}
	}
	return names
}

// assign finds the declared columns among the file's and returns those that
// are missing, and those that stand there twice, under whatever name. anew says
// that the targets found before are of another header.
func (r *reader) assign(names []string, anew bool) (missing, twice []string) {
	if anew {
		r.targets = r.targets[:0]
	}
	for _, n := range names[len(r.targets):] {
		i, ok := r.plan.names[plain(n)]
		if !ok {
			i = -1
		}
		if n = strings.TrimSpace(n); n == "" {
			n = unnamed
		}
		r.targets = append(r.targets, target{i, n})
	}
	seen := make([]int, len(r.plan.columns))
	for _, t := range r.targets {
		if t.column >= 0 {
			seen[t.column]++
		}
	}
	for i, n := range seen {
		switch c := r.plan.columns[i]; {
		case n > 1:
			twice = append(twice, c.name)
		case n == 0 && !c.lacks:
			missing = append(missing, c.name)
		}
	}
	return missing, twice
}

// fill appends records until the chunk is full or the file ends. Records
// before index skip were delivered earlier: they are passed over, uncounted.
func (r *reader) fill(ctx context.Context, dst *record.Chunk, skip int, t *tally) (done bool, err error) {
	idle := newTally()
	for n := 1; len(r.parts) > 0; n++ {
		if connectors.Full(dst) {
			return false, nil
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return false, ctx.Err()
		}
		counts := t
		if r.next < skip {
			counts = &idle
		}
		more, err := r.step(dst, r.next < skip, counts)
		if b := table.AsBad(err); b != nil {
			// What was delivered of the part stays: it was proved, so that this is
			// rare (a cell that refers to a text that is not there). No file may
			// hold up the stream.
			r.refuse(dst, b, r.next < skip)
			more = false
		} else if err != nil {
			return false, err
		}
		if !more {
			r.shut()
			r.parts = r.parts[1:]
		}
	}
	return true, nil
}

// step delivers one row of the first part; more says that there may be others.
func (r *reader) step(dst *record.Chunk, skip bool, t *tally) (more bool, err error) {
	if !r.open {
		p := r.parts[0]
		if p.bad != nil {
			r.begin(p)
			return false, p.bad
		}
		if err := r.openPart(p); err != nil {
			return false, err
		}
	}
	l, err := r.table.Next()
	if d, ok := r.table.(*dbf.Table); ok {
		t.deleted += d.Deleted - r.deleted
		r.deleted = d.Deleted
	}
	if err == io.EOF {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if r.trailerAt > 0 && l.No == r.trailerAt {
		return false, nil
	}
	r.record(dst, l, skip, t)
	return true, nil
}

// refuse delivers the one record of a part that cannot be read. Its place says
// what is wrong, in the words of the file's headings.
func (r *reader) refuse(dst *record.Chunk, b *table.Bad, skip bool) {
	r.next++
	r.obj.Reset()
	if skip {
		return
	}
	r.groups()
	place := strings.TrimSuffix(string(r.place), ":") + ": " + b.Reason
	r.obj.AppendTo(dst, r.at, record.Upsert, place, b.Rule)
}

// record turns one row into at most one record.
func (r *reader) record(dst *record.Chunk, l *table.Row, skip bool, t *tally) {
	if r.named != nil && len(r.targets) < len(r.named.Names()) {
		r.assign(r.named.Names(), false)
	}
	fault := l.Fault
	switch {
	case fault != "":
		r.emit(dst, l, skip, fault, r.at)
		return
	case r.plan.family == "sheet" && blank(l.Cells):
		return
	case r.plan.family == "csv" && len(l.Cells) != len(r.targets):
		// Which value belongs to which column is unknown. None is taken: one that
		// must not leave could stand in another's place.
		r.emit(dst, l, skip, "csv.columns", r.at)
		return
	}
	if l.Lossy {
		fault = r.lossyFields(l, t)
	}
	for _, i := range l.Nested {
		if c := r.targets[i].column; c >= 0 && r.plan.columns[c].field >= 0 {
			fault = "json.nested"
		}
	}
	at := r.sort(l, t)
	switch r.judge() {
	case totalHolds:
		t.totals++
		r.obj.Reset()
		return
	case totalBroken:
		fault = "total.mismatch"
	}
	r.emit(dst, l, skip, fault, at)
}

// lossyFields is the fault of a row some of whose characters were lost, if a
// field that leaves the connector is among them.
func (r *reader) lossyFields(l *table.Row, t *tally) (fault string) {
	for i, c := range l.Cells {
		if i < len(r.targets) && r.targets[i].column >= 0 && r.plan.columns[r.targets[i].column].field >= 0 && text.Lossy(c) {
			fault = "encoding.loss"
			t.lost += lost(c)
		}
	}
	return fault
}

// lost counts the characters that are none.
func lost(c []byte) (n int64) {
	for len(c) > 0 {
		r, size := utf8.DecodeRune(c)
		if r == utf8.RuneError {
			n++
		}
		c = c[size:]
	}
	return n
}

// sort sorts the cells of a row into the object and the counts, and returns
// the row's own event time.
func (r *reader) sort(l *table.Row, t *tally) time.Time {
	clear(r.cells)
	for i, c := range r.targets {
		var cell []byte
		if i < len(l.Cells) {
			cell = l.Cells[i]
		}
		if c.column < 0 {
			if len(cell) > 0 {
				t.unknown[c.name]++
			}
			continue
		}
		r.cells[c.column] = cell
		switch f := &r.plan.columns[c.column]; {
		case f.field >= 0:
			r.set(f, cell)
		case len(cell) > 0:
			t.dropped[f.name]++
		}
	}
	for i := len(r.targets); i < len(l.Cells); i++ {
		if len(l.Cells[i]) > 0 {
			t.unknown[unnamed]++
		}
	}
	if r.plan.atCol < 0 {
		return r.at
	}
	at, _ := parseTime(string(r.cells[r.plan.atCol]))
	return at
}

// set gives a field its cell. A table that knows its columns itself also knows
// a null from an empty text.
func (r *reader) set(f *column, cell []byte) {
	switch {
	case cell == nil && r.named != nil:
	case f.typed == 'n':
		r.obj.SetNumber(f.field, cell)
	case f.typed == 'b' && (string(cell) == "true" || string(cell) == "false"):
		r.obj.SetBool(f.field, cell[0] == 't')
	default:
		r.obj.SetBytes(f.field, cell)
	}
}

func (r *reader) groups() {
	for _, g := range r.plan.groups {
		if g.sub < len(r.subs) { // a file that could not be opened has no sheets
			r.obj.Set(g.field, r.subs[g.sub])
		}
	}
}

func (r *reader) emit(dst *record.Chunk, l *table.Row, skip bool, fault string, at time.Time) {
	r.next++
	if skip {
		r.obj.Reset()
		return
	}
	r.groups()
	n := len(r.place)
	r.place = strconv.AppendInt(r.place, int64(l.No), 10)
	place := string(r.place)
	r.place = r.place[:n]
	r.obj.AppendTo(dst, at, record.Upsert, place, fault)
}

type verdict uint8

const (
	dataRow verdict = iota
	totalHolds
	totalBroken
)

// isTotal reports whether a label is that of a total.
func (r *reader) isTotal(label []byte) bool {
	s := plain(string(label))
	return slices.ContainsFunc(r.plan.from.Total.Words, func(w string) bool { return strings.Contains(s, plain(w)) })
}

// judge tells a total row from a data row, by r.cells. 小计 must be the sum of
// the rows since the last 小计, any other total that of all rows.
func (r *reader) judge() verdict {
	if r.plan.label < 0 {
		return dataRow
	}
	if !r.isTotal(r.cells[r.plan.label]) {
		for n, c := range r.plan.sums {
			if v, ok := number(r.cells[c]); ok {
				r.block[n] += v
				r.all[n] += v
			}
		}
		return dataRow
	}
	want := r.all
	sub := strings.Contains(plain(string(r.cells[r.plan.label])), "小计")
	if sub {
		want = r.block
	}
	v, stated := totalHolds, false
	for n, c := range r.plan.sums {
		got, ok := number(r.cells[c])
		switch {
		case ok && math.Abs(got-want[n]) > 0.01:
			v = totalBroken
		case !ok && len(bytes.TrimSpace(r.cells[c])) > 0:
			v = totalBroken
		}
		stated = stated || ok
	}
	if sub {
		clear(r.block)
	}
	if !stated {
		return totalBroken // a total of nothing proves nothing
	}
	return v
}

// number reads a cell of a sum: digits with grouping commas, full width too.
func number(b []byte) (float64, bool) {
	s := string(b)
	for _, c := range b {
		if c >= utf8.RuneSelf || c == ',' || c == ' ' {
			s = strings.ReplaceAll(plain(s), ",", "")
			break
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

func blank(cells [][]byte) bool {
	for _, c := range cells {
		if len(bytes.TrimSpace(c)) > 0 {
			return false
		}
	}
	return true
}
