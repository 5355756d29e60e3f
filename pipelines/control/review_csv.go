package control

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"rongtong/connectors/files/text"
	"rongtong/pipelines"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/divisions"
	"rongtong/schemas/fault"
	"rongtong/schemas/pii"
)

// Pairs go to the people who decide as CSV that WPS and Excel open as it is, and
// come back filled in. Each column has both names; one of them is enough in a file
// that comes back, and columns that are not needed may be missing or changed.
var pairColumns = []string{"编号 pair", "实体 entity", "区划 division", "区划名称 division_name", "名称 name", "存疑原因 reason", "一致 agree", "不一致 differ",
	"标识一 left", "代码一 left_codes", "佐证一 left_facts", "来源一 left_sources", "标识二 right", "代码二 right_codes", "佐证二 right_facts", "来源二 right_sources",
	"主管部门 department", "决定 verdict", "岗位 by", "理由 why"}

const problemColumn = "问题 problem"

// pairMark stands before a pair's short name in a file: 12345e6789 by itself is a
// number to a spreadsheet.
const pairMark = "P-"

var (
	verdicts = map[string]string{"归并": warehouse.VerdictMerge, "合并": warehouse.VerdictMerge, "merge": warehouse.VerdictMerge,
		"分开": warehouse.VerdictApart, "apart": warehouse.VerdictApart, "keep-apart": warehouse.VerdictApart, "撤销": warehouse.VerdictUndo, "undo": warehouse.VerdictUndo}
	verdictZh = map[string]string{warehouse.VerdictMerge: "归并", warehouse.VerdictApart: "分开", warehouse.VerdictUndo: "撤销"}
	reasonZh  = map[string]string{"name_only": "仅名称一致", "facts_differ": "佐证不一致", "same_source": "同一来源两条", "several": "不止一个相符"}
)

// textCell keeps a spreadsheet from reading a cell as a formula, or as a number
// that it would round: 370102001002 would come back as 3.70102E+11.
func textCell(s string) string {
	if len(s) > 11 && strings.Trim(s, "0123456789") == "" {
		return s + "\t"
	}
	return harmless(s)
}

// cellText undoes textCell, and what a spreadsheet adds.
func cellText(s string) string {
	return strings.TrimPrefix(strings.TrimSpace(strings.Trim(s, "\ufeff")), "'")
}

// ExportReviews writes the pairs that wait, with what is known of both sides and
// three columns to fill in, one after the other. It returns how many there are, and
// tells progress, if it is not nil, how many were written so far.
func ExportReviews(ctx context.Context, o Options, f warehouse.ReviewFilter, out io.Writer, progress func(int)) (int, error) {
	d, err := o.load()
	if err != nil {
		return 0, err
	}
	w, err := o.warehouse(ctx)
	if err != nil {
		return 0, err
	}
	defer w.Close()
	reg, err := divisions.Load()
	if err != nil {
		return 0, err
	}
	n := 0
	err = writePairs(out, func(write func([]string) error) error {
		return w.EachReview(ctx, f, func(r warehouse.Review) error {
			e := d.Catalog.Entity(r.Entity)
			if e == nil || e.Identity == nil {
				return nil // of a declaration that was taken back: the next fusion forgets it
			}
			line := []string{pairMark + r.Pair, r.Entity, r.Division, placeName(reg, r.Division), r.Name, reasonZh[r.Reason], strings.Join(r.Agree, "、"), strings.Join(r.Differ, "、")}
			line = append(line, r.Left, named(e.Identity.Codes, r.LeftCodes), named(e.Identity.Second, r.LeftSeconds), strings.Join(r.LeftSources, "、"))
			line = append(line, r.Right, named(e.Identity.Codes, r.RightCodes), named(e.Identity.Second, r.RightSeconds), strings.Join(r.RightSources, "、"))
			if n++; progress != nil {
				progress(n)
			}
			return write(append(line, r.Department, "", "", ""))
		})
	})
	return n, err
}

// ExportDecisions writes the decisions that hold, in the form in which they are
// read back: into a warehouse whose topic of decisions was lost, or another one.
func ExportDecisions(ctx context.Context, o Options, entity string, out io.Writer) (int, error) {
	d, err := o.load()
	if err != nil {
		return 0, err
	}
	w, err := o.warehouse(ctx)
	if err != nil {
		return 0, err
	}
	defer w.Close()
	var list []warehouse.IdentityDecision
	for _, e := range d.Catalog.Entities {
		if e.Identity == nil || entity != "" && e.Entity != entity {
			continue
		}
		of, err := w.Deciding(ctx, d.Catalog, e.Entity)
		if err != nil {
			return 0, err
		}
		list = append(list, of.All()...)
	}
	return len(list), writePairs(out, func(write func([]string) error) error {
		for _, x := range list {
			line := make([]string, len(pairColumns))
			for column, v := range map[string]string{"entity": x.Entity, "left": x.Left, "right": x.Right, "verdict": verdictZh[x.Verdict], "by": x.DecidedBy, "why": x.Reason} {
				line[columnOf(pairColumns, column)] = v
			}
			if err := write(line); err != nil {
				return err
			}
		}
		return nil
	})
}

// named are values, each with the name of its column.
func named(names, values []string) string {
	var out []string
	for i, v := range values {
		if v != "" && i < len(names) {
			out = append(out, names[i]+"="+v)
		}
	}
	return strings.Join(out, "；")
}

// writePairs writes CSV in UTF-8 with a byte order mark and CRLF, which WPS and
// Excel need to show it rightly.
func writePairs(out io.Writer, rows func(write func([]string) error) error) error {
	if _, err := io.WriteString(out, "\ufeff"); err != nil {
		return err
	}
	c := csv.NewWriter(out)
	c.UseCRLF = true
	if err := c.Write(pairColumns); err != nil {
		return err
	}
	err := rows(func(line []string) error {
		for i := range line {
			line[i] = textCell(line[i])
		}
		return c.Write(line)
	})
	c.Flush()
	return errors.Join(err, c.Error())
}

// Import is what becomes of the lines of a file of decisions.
type Import struct {
	Kept     int                          `json:"kept"`     // or would be, in a dry run
	Standing int                          `json:"standing"` // decided so already
	Open     int                          `json:"open"`     // nothing is filled in
	Refused  []RefusedLine                `json:"refused"`
	Decided  []warehouse.IdentityDecision `json:"-"`
}

// RefusedLine is a line that cannot stand, and why. It repeats no value of the
// fields that people fill in.
type RefusedLine struct {
	Line  int    `json:"line"`
	Field string `json:"field"`
	Rule  string `json:"rule"`
	Why   string `json:"why"`
}

// ImportOptions say how a file of decisions is read.
type ImportOptions struct {
	By, Why  string                // for lines that give none
	Dry      bool                  // check, and keep nothing
	Refused  io.Writer             // gets the refused lines as CSV, with the problem beside each; nil for nobody
	Progress func(kept, total int) // is told how many decisions are kept; nil for nobody
}

// mostDecisions bounds the decisions of one file: they are held in memory, until all
// of them are judged. Lines that decide nothing are not.
const mostDecisions = 100_000

// ImportDecisions reads decisions from a CSV file, as ExportReviews writes it and
// spreadsheets save it (UTF-8, GB 18030 or UTF-16), and keeps those that can stand,
// in their order. A line without a verdict is open still. What cannot stand is in
// the result and stops no other line; the same file again changes nothing.
func ImportDecisions(ctx context.Context, o Options, file string, opts ImportOptions) (Import, error) {
	d, err := o.load()
	if err != nil {
		return Import{}, err
	}
	r, err := readDecisions(file)
	if err != nil {
		return Import{}, err
	}
	w, err := o.warehouse(ctx)
	if err != nil {
		return Import{}, err
	}
	defer w.Close()
	k, err := o.kafka(ctx)
	if err != nil {
		return Import{}, err
	}
	defer k.Close()
	return r.keep(ctx, d.Catalog, k, w, opts)
}

// decisionLines is a file of decisions.
type decisionLines struct {
	Import
	options ImportOptions
	header  []string
	at      map[string]int // columns by their English names
	lines   []decisionLine // those that decide something
}

type decisionLine struct {
	no    int // in the file, from 1
	cells []string
	d     warehouse.IdentityDecision
	pair  string // the short name, if the line gives one
	bad   *RefusedLine
}

func columnOf(header []string, name string) int {
	return slices.IndexFunc(header, func(h string) bool { return slices.Contains(strings.Fields(cellText(h)), name) })
}

// head finds the columns, each by either of its names.
func (r *decisionLines) head(header []string) {
	r.header, r.at = header, map[string]int{}
	for _, c := range pairColumns {
		zh, en, _ := strings.Cut(c, " ")
		for _, name := range []string{en, zh} {
			if i := columnOf(header, name); i >= 0 {
				r.at[en] = i
			}
		}
	}
}

// cell is a field of a line; "" where it is missing.
func (r *decisionLines) cell(cells []string, name string) string {
	if i, ok := r.at[name]; ok && i < len(cells) {
		return cellText(cells[i])
	}
	return ""
}

func (r *decisionLines) has(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { _, ok := r.at[name]; return !ok })
}

func readDecisions(name string) (*decisionLines, error) {
	doing := fmt.Sprintf("reading decisions from %q", name)
	file, err := os.Open(name)
	if err != nil {
		return nil, fault.New(fault.Config, "%s: %w", doing, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fault.New(fault.Config, "%s: %w", doing, err)
	}
	if kind := text.Sniff(file); kind == "zip" || kind == "ole" {
		return nil, fault.Hint(fault.Config, "save it as CSV", "%s: it is a workbook", doing)
	}
	src, _, err := text.Decode(file, info.Size(), "auto")
	if err != nil {
		return nil, fault.New(fault.Config, "%s: %w", doing, err)
	}
	r := &decisionLines{Import: Import{Refused: []RefusedLine{}}}
	return r, r.scan(csv.NewReader(src), doing)
}

// scan reads the lines, and keeps those that decide something.
func (r *decisionLines) scan(c *csv.Reader, doing string) error {
	c.FieldsPerRecord, c.LazyQuotes = -1, true
	for {
		cells, err := c.Read()
		switch {
		case err == io.EOF:
			if r.has("verdict") {
				return nil
			}
			return r.noColumns(doing)
		case err != nil:
			return fault.New(fault.Data, "%s: %w", doing, err)
		case r.header == nil:
			if r.head(cells); !r.has("verdict") || !r.has("pair") && !r.has("entity", "left", "right") {
				return r.noColumns(doing)
			}
		case r.cell(cells, "verdict") == "":
			r.Open++
		case len(r.lines) == mostDecisions:
			return fault.Hint(fault.Config, "divide it: rongtong review export --division", "%s: more than %d lines decide something", doing, mostDecisions)
		default:
			no, _ := c.FieldPos(0)
			r.lines = append(r.lines, decisionLine{no: no, cells: cells})
		}
	}
}

func (r *decisionLines) noColumns(doing string) error {
	return fault.Hint(fault.Data, "rongtong review export writes the columns", "%s: line 1 has to name the columns 决定 (verdict) and 编号 (pair), or 实体, 标识一 and 标识二 (entity, left, right)", doing)
}

// keep checks the lines and keeps those that can stand.
func (r *decisionLines) keep(ctx context.Context, c *schemas.Catalog, k *topics.Client, w *warehouse.Warehouse, o ImportOptions) (Import, error) {
	r.options = o
	if err := k.Ensure(ctx, pipelines.ControlTopics()); err != nil {
		return r.Import, err
	}
	if err := pipelines.CopyDecisions(ctx, k, w); err != nil {
		return r.Import, err
	}
	for i := range r.lines {
		r.read(&r.lines[i])
	}
	if err := r.name(ctx, w); err != nil {
		return r.Import, err
	}
	if err := r.check(ctx, c, w); err != nil {
		return r.Import, err
	}
	if !o.Dry {
		if err := pipelines.Decide(ctx, k, w, o.Progress, r.Decided...); err != nil {
			return r.Import, fmt.Errorf("keeping %d decisions: %w", len(r.Decided), err)
		}
	}
	r.Kept = len(r.Decided)
	return r.Import, r.refused(o.Refused)
}

// refuse says why a line cannot stand.
func (l *decisionLine) refuse(field, rule, format string, args ...any) {
	if l.bad == nil {
		l.bad = &RefusedLine{l.no, field, rule, fmt.Sprintf(format, args...)}
	}
}

// read takes a line apart.
func (r *decisionLines) read(l *decisionLine) {
	l.d = warehouse.IdentityDecision{Entity: r.cell(l.cells, "entity"), Left: r.cell(l.cells, "left"), Right: r.cell(l.cells, "right"), Verdict: verdicts[strings.ToLower(r.cell(l.cells, "verdict"))],
		DecidedBy: r.cell(l.cells, "by"), Reason: r.cell(l.cells, "why"), DecidedAt: time.Now()}
	l.pair = strings.ToLower(strings.TrimPrefix(strings.ToUpper(r.cell(l.cells, "pair")), pairMark))
	if l.d.DecidedBy == "" {
		l.d.DecidedBy = r.options.By
	}
	if l.d.Reason == "" {
		l.d.Reason = r.options.Why
	}
	if l.d.Verdict == "" {
		l.refuse("决定", "verdict", "write 归并 (merge), 分开 (apart) or 撤销 (undo)")
	}
	for _, x := range []struct{ field, rule, value string }{{"岗位", "by", l.d.DecidedBy}, {"理由", "why", l.d.Reason}} {
		switch {
		case strings.TrimSpace(x.value) == "":
			l.refuse(x.field, x.rule, "a decision says by which role it was made, and why: fill it in, or give --%s", x.rule)
		case pii.MaskString(x.value) != x.value:
			l.refuse(x.field, "personal_data", "%s", noPerson)
		}
	}
}

// name finds the keys of the pairs that lines give by their short names.
func (r *decisionLines) name(ctx context.Context, w *warehouse.Warehouse) error {
	var pairs []string
	for _, l := range r.lines {
		if l.pair != "" {
			pairs = append(pairs, l.pair)
		}
	}
	known, err := w.FindPairs(ctx, pairs)
	if err != nil {
		return err
	}
	for i := range r.lines {
		l := &r.lines[i]
		p, ok := known[l.pair]
		switch {
		case ok:
			l.d.Entity, l.d.Left, l.d.Right = p.Entity, p.Left, p.Right
		case l.d.Entity == "" || l.d.Left == "" || l.d.Right == "":
			l.refuse("编号", "pair", "there is no such pair; give entity and both keys instead")
		}
	}
	return nil
}

// check sorts the lines out: those to keep, those that stand and those refused.
func (r *decisionLines) check(ctx context.Context, c *schemas.Catalog, w *warehouse.Warehouse) error {
	decidings := map[string]*warehouse.Deciding{}
	for _, e := range c.Entities {
		if e.Identity == nil {
			continue
		}
		of, err := w.Deciding(ctx, c, e.Entity)
		if err != nil {
			return err
		}
		var keys []string
		for _, l := range r.lines {
			if l.d.Entity == e.Entity && l.bad == nil {
				keys = append(keys, l.d.Left, l.d.Right)
			}
		}
		if err := of.Look(ctx, keys); err != nil {
			return err
		}
		decidings[e.Entity] = of
	}
	decided := map[warehouse.Pair]int{} // line that decides about it
	for i := range r.lines {
		l := &r.lines[i]
		if l.bad == nil {
			if err := r.judge(ctx, decidings[l.d.Entity], l, decided); err != nil {
				return err
			}
		}
		if l.bad != nil {
			r.Refused = append(r.Refused, *l.bad)
		}
	}
	return nil
}

func (r *decisionLines) judge(ctx context.Context, of *warehouse.Deciding, l *decisionLine, decided map[warehouse.Pair]int) error {
	if of == nil {
		l.refuse("实体", "entity", "no things of such an entity are matched")
		return nil
	}
	pair := warehouse.Pair{Entity: l.d.Entity, Left: min(l.d.Left, l.d.Right), Right: max(l.d.Left, l.d.Right)}
	if first, twice := decided[pair]; twice {
		l.refuse("编号", "twice", "line %d decides about this pair already", first)
		return nil
	}
	decided[pair] = l.no
	if o, ok := of.Standing(l.d.Left, l.d.Right); ok && o.Verdict == l.d.Verdict {
		r.Standing++
		return nil
	}
	err := of.Check(ctx, l.d)
	switch {
	case err == nil:
		of.Keep(l.d)
		r.Decided = append(r.Decided, l.d)
	case fault.Is(err, fault.Data):
		l.refuse("决定", "decision", "%s", err)
	default:
		return err
	}
	return nil
}

// refused writes the refused lines as they came, with the problem beside each: the
// file can be mended and read again.
func (r *decisionLines) refused(out io.Writer) error {
	if out == nil || len(r.Refused) == 0 {
		return nil
	}
	problem := columnOf(r.header, strings.Fields(problemColumn)[0])
	header := r.header
	if problem < 0 {
		problem, header = len(r.header), append(slices.Clone(r.header), problemColumn)
	}
	if _, err := io.WriteString(out, "\ufeff"); err != nil {
		return err
	}
	c := csv.NewWriter(out)
	c.UseCRLF = true
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	err := c.Write(header)
	for _, l := range r.lines {
		if l.bad == nil || err != nil {
			continue
		}
		line := make([]string, max(len(l.cells), problem+1))
		copy(line, l.cells)
		line[problem] = l.bad.Field + "：" + l.bad.Why
		err = c.Write(line)
	}
	c.Flush()
	return errors.Join(err, c.Error())
}
