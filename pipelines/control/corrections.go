package control

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"

	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/transforms"
)

// Correction is a file of refused rows, for the department that sent them.
type Correction struct {
	File     string `json:"file"`
	System   string `json:"system"`
	Stream   string `json:"stream"`
	Format   string `json:"format"`   // csv or xlsx
	Encoding string `json:"encoding"` // of csv
	Rows     int64  `json:"rows"`
}

// The columns that stand behind the department's own.
var correctionColumns = []string{"错误原因", "改正办法", "位置"}

// ExportRejects writes one correction file for every stream that has rows in
// quarantine: in the stream's own format, encoding and order of columns, with
// the reason, what to do, and the place of the row in the file that was sent.
//
// It holds what the pipeline holds: identifiers are masked or pseudonyms, and
// columns that never left the connector are empty; the place leads the
// department to its own row. An existing file is not overwritten.
func ExportRejects(ctx context.Context, o Options, f warehouse.RejectFilter, dir string) ([]Correction, error) {
	d, err := o.live(ctx)
	if err != nil {
		return nil, err
	}
	w, err := o.warehouse(ctx)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	counts, err := w.RejectCounts(ctx, f)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fault.New(fault.Config, "making the folder for correction files: %w", err)
	}
	var out []Correction
	seen := map[string]bool{}
	for _, c := range counts {
		name := c.System + "." + c.Stream
		if seen[name] {
			continue
		}
		seen[name] = true
		x := &correction{catalog: d.Catalog, Correction: Correction{System: c.System, Stream: c.Stream}}
		x.layout()
		one := f
		one.System, one.Stream = c.System, c.Stream
		if err := x.write(ctx, w, one, dir); err != nil {
			return out, fmt.Errorf("exporting rejects of %q: %w", name, err)
		}
		out = append(out, x.Correction)
	}
	return out, nil
}

type correction struct {
	Correction
	catalog *schemas.Catalog
	sheet   string
	columns []string
}

// layout is the source's own, as far as its declaration says one; else CSV in
// UTF-8 with the stream's fields.
func (x *correction) layout() {
	x.Format, x.Encoding, x.sheet = "csv", "utf-8", "退回"
	sys := x.catalog.System(x.System)
	if sys == nil {
		return
	}
	entry, ok := sys.Streams.Get(x.Stream)
	if !ok || entry.Value == nil {
		return
	}
	var from map[string]decl.Node
	_ = entry.Value.From.Decode(&from) // the connector has checked it
	text := func(key, otherwise string) string {
		if s, ok := from[key].Scalar(); ok && s != "" {
			return s
		}
		return otherwise
	}
	if text("format", "csv") == "xlsx" {
		x.Format, x.Encoding, x.sheet = "xlsx", "", text("sheet", x.sheet)
	} else {
		x.Encoding = strings.ToLower(text("encoding", "utf-8"))
	}
	if h, ok := from["header"]; ok {
		_ = h.Decode(&x.columns)
	}
	if len(x.columns) == 0 {
		for _, f := range entry.Value.Fields {
			x.columns = append(x.columns, f.Key)
		}
	}
}

// rows calls write with every row, in the layout's columns.
func (x *correction) rows(ctx context.Context, w *warehouse.Warehouse, f warehouse.RejectFilter, write func([]string) error) error {
	last := ""
	for row, err := range w.Rejects(ctx, f, 0) {
		if err != nil {
			return err
		}
		// A record that several flows refuse is one row of the department's file.
		id := fmt.Sprint(row.Partition, "/", row.Offset, "/", row.RejectedAt.UnixMilli())
		if id == last {
			continue
		}
		last = id
		values := map[string]any{}
		dec := json.NewDecoder(strings.NewReader(row.Row))
		dec.UseNumber()
		_ = dec.Decode(&values) // a record that was no object has no values
		line := make([]string, 0, len(x.columns)+len(correctionColumns))
		for _, c := range x.columns {
			line = append(line, shown(values[c]))
		}
		x.Rows++
		if err := write(append(line, x.reason(row), hint(row.Rule), row.Place)); err != nil {
			return err
		}
	}
	return nil
}

func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return "是"
		}
		return "否"
	}
	return fmt.Sprint(v)
}

// reason names the source's own field where the refused column is made of it.
func (x *correction) reason(row warehouse.RejectRow) string {
	label := row.Field
	if e := x.catalog.Entity(row.Entity); e != nil {
		if c := e.Column(row.Field); c != nil {
			label = c.Zh
		}
	}
	if label == "" {
		return row.ReasonZh
	}
	return label + "：" + row.ReasonZh
}

func hint(rule string) string {
	t, ok := transforms.RuleOf(rule)
	if !ok {
		return "请按原因核对并改正该行"
	}
	return t.HintZh
}

func (x *correction) write(ctx context.Context, w *warehouse.Warehouse, f warehouse.RejectFilter, dir string) error {
	x.File = filepath.Join(dir, fmt.Sprintf("%s_%s_退回_%s.%s", x.System, x.Stream, time.Now().Format("20060102"), x.Format))
	file, err := os.OpenFile(x.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fault.Hint(fault.Config, "move the earlier file away, or give another folder with --out", "making the correction file: %w", err)
	}
	buf := bufio.NewWriter(file)
	if x.Format == "xlsx" {
		err = x.writeXLSX(ctx, w, f, buf)
	} else {
		err = x.writeCSV(ctx, w, f, buf)
	}
	return errors.Join(err, buf.Flush(), file.Close())
}

func (x *correction) writeCSV(ctx context.Context, w *warehouse.Warehouse, f warehouse.RejectFilter, out io.Writer) error {
	switch x.Encoding {
	case "gb18030", "gbk", "gb2312": // GBK cannot write every name; its readers read GB 18030
		enc := transform.NewWriter(out, simplifiedchinese.GB18030.NewEncoder())
		defer enc.Close()
		out = enc
	case "utf-8-bom":
		if _, err := out.Write([]byte("\xef\xbb\xbf")); err != nil {
			return err
		}
	}
	c := csv.NewWriter(out)
	c.UseCRLF = true
	if err := c.Write(append(append([]string{}, x.columns...), correctionColumns...)); err != nil {
		return err
	}
	err := x.rows(ctx, w, f, func(line []string) error {
		for i := range line {
			line[i] = harmless(line[i])
		}
		return c.Write(line)
	})
	c.Flush()
	return errors.Join(err, c.Error())
}

// harmless keeps a cell that a spreadsheet would take for a formula from being
// one, by the apostrophe that spreadsheets use for it.
func harmless(s string) string {
	if s == "" || !strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return s
	}
	if s[0] == '-' && len(s) > 1 && strings.Trim(s[1:], "0123456789.") == "" {
		return s // a number
	}
	return "'" + s
}

func (x *correction) writeXLSX(ctx context.Context, w *warehouse.Warehouse, f warehouse.RejectFilter, out io.Writer) error {
	book := excelize.NewFile()
	defer book.Close()
	if err := book.SetSheetName(book.GetSheetName(0), x.sheet); err != nil {
		return err
	}
	stream, err := book.NewStreamWriter(x.sheet)
	if err != nil {
		return err
	}
	text, err := book.NewStyle(&excelize.Style{NumFmt: 49}) // @: codes stay text
	if err != nil {
		return err
	}
	n := 0
	row := func(line []string) error {
		n++
		cells := make([]any, len(line))
		for i, v := range line {
			cells[i] = excelize.Cell{StyleID: text, Value: v}
		}
		return stream.SetRow(fmt.Sprintf("A%d", n), cells)
	}
	if err := row(append(append([]string{}, x.columns...), correctionColumns...)); err != nil {
		return err
	}
	if err := x.rows(ctx, w, f, row); err != nil {
		return err
	}
	if err := stream.Flush(); err != nil {
		return err
	}
	_, err = book.WriteTo(out)
	return err
}
