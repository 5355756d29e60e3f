package files

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"rongtong/connectors"
	"rongtong/schemas/record"
)

// headerRows is within how many rows of a sheet the header must begin, and
// headerDepth how many rows it may span.
const (
	headerRows  = 10
	headerDepth = 3
)

// tally counts what a reader saw, per name.
type tally struct {
	dropped, unknown map[string]int64
	totals           int64
}

func newTally() tally {
	return tally{dropped: map[string]int64{}, unknown: map[string]int64{}}
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
	plan  *plan
	file  *content
	obj   *connectors.Object
	table table
	close func() error

	targets []target
	pending []*line // rows read while looking for the header
	place   []byte  // prefix of the place of every record
	at      time.Time
	next    int      // index of the record that comes next
	broken  *badFile // the file as a whole: its only record says so

	block, all []float64 // sums since the last subtotal, and of all rows
	cells      [][]byte  // by column of the plan
}

// newReader proves that the file is whole and readable, then opens it for
// delivery. A file that never can be read yields a reader of one record.
func newReader(ctx context.Context, p *plan, f *content, obj *connectors.Object) (*reader, error) {
	r := &reader{plan: p, file: f, obj: obj, at: p.at(f.entry, f.subs)}
	err := r.open()
	if err == nil && p.from.Format == "csv" {
		// A sheet was proved whole when it was opened; a text is read once for that.
		if err = r.drain(ctx); err == nil {
			err = r.open()
		}
	}
	if r.broken = asBad(err); r.broken != nil {
		r.place = append(r.place[:0], f.label...)
		return r, nil
	}
	if err != nil {
		r.shut()
		return nil, err
	}
	return r, nil
}

func asBad(err error) *badFile {
	var b *badFile
	errors.As(err, &b)
	return b
}

// open starts from the first row, behind the header.
func (r *reader) open() error {
	r.shut()
	r.next, r.pending = 0, nil
	r.block, r.all = make([]float64, len(r.plan.sums)), make([]float64, len(r.plan.sums))
	r.cells = make([][]byte, len(r.plan.columns))
	if r.plan.from.Format == "xlsx" {
		return r.openSheet()
	}
	return r.openText()
}

func (r *reader) shut() {
	if r.close != nil {
		_ = r.close()
		r.close = nil
	}
}

func (r *reader) openText() error {
	r.place = append(append(r.place[:0], r.file.label...), ':')
	enc, err := r.file.encoding(r.plan.from.Encoding)
	if err != nil {
		return err
	}
	src := r.file.stream()
	if enc == "gb18030" {
		src = newGB18030(src)
	}
	r.table = newCSV(src, r.plan.comma)
	head, err := r.table.next()
	switch {
	case err == io.EOF:
		return bad("csv.header", "the file is empty")
	case asBad(err) != nil && r.file.sniffed():
		return noTable
	case err != nil:
		return err
	}
	names := make([]string, len(head.cells))
	for i, c := range head.cells {
		names[i] = string(c)
	}
	if missing := r.assign(names); len(missing) > 0 {
		if r.file.sniffed() {
			return noTable
		}
		return bad("csv.header", "the header lacks %q", missing)
	}
	return nil
}

var noTable = bad("file.unreadable", "the file is no table: it holds JSON, a web page or binary data")

func (r *reader) openSheet() error {
	w, err := openWorkbook(r.file, r.file.size)
	if err != nil {
		return err
	}
	part := w.find(r.plan.from.Sheet)
	if part == "" {
		if r.plan.from.Optional {
			r.table = noRows{}
			return nil
		}
		return bad("xlsx.sheet", "the workbook has no sheet %q", r.plan.from.Sheet)
	}
	s, err := w.openSheet(part)
	if err != nil {
		return err
	}
	r.table, r.close = s, s.Close
	r.place = append(append(r.place[:0], r.file.label...), '!')
	r.place = append(append(r.place, r.plan.from.Sheet...), ':')
	return r.findHeader()
}

// noRows is the table of a sheet that may be absent, and is.
type noRows struct{}

func (noRows) next() (*line, error) { return nil, io.EOF }

// findHeader reads the first rows and looks for those that hold every declared
// name. Title rows stand above; a header of several rows reads top-down.
func (r *reader) findHeader() error {
	var rows []*line
	for len(rows) < headerRows+headerDepth-1 {
		l, err := r.table.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		own := &line{no: l.no, lossy: l.lossy}
		for _, c := range l.cells {
			own.cells = append(own.cells, bytes.Clone(c))
		}
		rows = append(rows, own)
	}
	best := r.plan.from.Header
	for i := range min(len(rows), headerRows) {
		for depth := 1; depth <= headerDepth && i+depth <= len(rows); depth++ {
			missing := r.assign(joinHeader(rows[i : i+depth]))
			if len(missing) == 0 {
				r.pending = rows[i+depth:]
				return nil
			}
			if len(missing) < len(best) {
				best = missing
			}
		}
	}
	return bad("xlsx.header", "no row of the sheet %q holds the whole header; the nearest lacks %q", r.plan.from.Sheet, best)
}

// joinHeader joins the rows of a header top-down. A heading that a merge
// repeats downwards is said once.
func joinHeader(rows []*line) []string {
	width := 0
	for _, l := range rows {
		width = max(width, len(l.cells))
	}
	names := make([]string, width)
	for c := range names {
		last := ""
		for _, l := range rows {
			if c >= len(l.cells) {
				continue
			}
			s := strings.TrimSpace(string(l.cells[c]))
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

// assign finds the declared columns among the file's and returns those
// missing. A column that appears twice is as bad as one that is missing.
func (r *reader) assign(names []string) (missing []string) {
	seen := make([]int, len(r.plan.columns))
	r.targets = r.targets[:0]
	for _, n := range names {
		i, ok := r.plan.names[plain(n)]
		if !ok {
			i = -1
		} else {
			seen[i]++
		}
		if n = strings.TrimSpace(n); n == "" {
			n = unnamed
		}
		r.targets = append(r.targets, target{i, n})
	}
	for i, n := range seen {
		if n != 1 {
			missing = append(missing, r.plan.columns[i].name)
		}
	}
	return missing
}

// drain reads to the end and finds out whether the file is whole.
func (r *reader) drain(ctx context.Context) error {
	width, open, n := len(r.targets), false, 0
	for {
		l, err := r.table.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		open = l.open && len(l.cells) < width
		if n++; n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if open {
		return bad("file.truncated", "the last line ends in its middle")
	}
	return nil
}

// row is the next row of the table, those read with the header first.
func (r *reader) row() (*line, error) {
	if len(r.pending) > 0 {
		l := r.pending[0]
		r.pending = r.pending[1:]
		return l, nil
	}
	return r.table.next()
}

// fill appends records until the chunk is full or the file ends. Records
// before index skip were delivered earlier: they are passed over, uncounted.
func (r *reader) fill(ctx context.Context, dst *record.Chunk, skip int, t *tally) (done bool, err error) {
	if r.broken != nil {
		if r.next++; r.next > skip {
			r.groups()
			r.obj.AppendTo(dst, r.at, record.Upsert, string(r.place), r.broken.rule)
		}
		return true, nil
	}
	idle := newTally()
	for n := 1; !connectors.Full(dst); n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return false, ctx.Err()
		}
		l, err := r.row()
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		counts := t
		if r.next < skip {
			counts = &idle
		}
		r.record(dst, l, r.next < skip, counts)
	}
	return false, nil
}

// record turns one row into at most one record.
func (r *reader) record(dst *record.Chunk, l *line, skip bool, t *tally) {
	sheet := r.plan.from.Format == "xlsx"
	if sheet && blank(l.cells) {
		return
	}
	fault := ""
	switch {
	case !sheet && len(l.cells) != len(r.targets):
		// Which value belongs to which column is unknown. None is taken: one that
		// must not leave could stand in another's place.
		r.emit(dst, l, skip, "csv.columns")
		return
	case l.lossy:
		fault = r.lossyFields(l)
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
	r.emitAt(dst, l, skip, fault, at)
}

// lossyFields is the fault of a row some of whose characters were lost, if a
// field that leaves the connector is among them.
func (r *reader) lossyFields(l *line) string {
	for i, c := range l.cells {
		if i < len(r.targets) && r.targets[i].column >= 0 && r.plan.columns[r.targets[i].column].field >= 0 && lossy(c) {
			return "encoding.loss"
		}
	}
	return ""
}

// sort sorts the cells of a row into the object and the counts, and returns
// the row's own event time.
func (r *reader) sort(l *line, t *tally) time.Time {
	clear(r.cells)
	for i, c := range r.targets {
		var cell []byte
		if i < len(l.cells) {
			cell = l.cells[i]
		}
		if c.column < 0 {
			if len(cell) > 0 {
				t.unknown[c.name]++
			}
			continue
		}
		r.cells[c.column] = cell
		switch f := r.plan.columns[c.column]; {
		case f.field >= 0:
			r.obj.SetBytes(f.field, cell)
		case len(cell) > 0:
			t.dropped[f.name]++
		}
	}
	for i := len(r.targets); i < len(l.cells); i++ {
		if len(l.cells[i]) > 0 {
			t.unknown[unnamed]++
		}
	}
	if r.plan.atCol < 0 {
		return r.at
	}
	at, _ := parseTime(string(r.cells[r.plan.atCol]))
	return at
}

func (r *reader) groups() {
	for _, g := range r.plan.groups {
		r.obj.Set(g.field, r.file.subs[g.sub])
	}
}

func (r *reader) emit(dst *record.Chunk, l *line, skip bool, fault string) {
	r.emitAt(dst, l, skip, fault, r.at)
}

func (r *reader) emitAt(dst *record.Chunk, l *line, skip bool, fault string, at time.Time) {
	r.next++
	if skip {
		r.obj.Reset()
		return
	}
	r.groups()
	n := len(r.place)
	place := string(strconv.AppendInt(r.place, int64(l.no), 10))
	r.place = r.place[:n]
	r.obj.AppendTo(dst, at, record.Upsert, place, fault)
}

type verdict uint8

const (
	dataRow verdict = iota
	totalHolds
	totalBroken
)

// judge tells a total row from a data row, by r.cells. 小计 must be the sum of
// the rows since the last 小计, any other total that of all rows.
func (r *reader) judge() verdict {
	if r.plan.label < 0 {
		return dataRow
	}
	label := plain(string(r.cells[r.plan.label]))
	i := slices.IndexFunc(r.plan.from.Total.Words, func(w string) bool { return strings.Contains(label, plain(w)) })
	if i < 0 {
		for n, c := range r.plan.sums {
			if v, ok := number(r.cells[c]); ok {
				r.block[n] += v
				r.all[n] += v
			}
		}
		return dataRow
	}
	want := r.all
	sub := strings.Contains(label, "小计")
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
