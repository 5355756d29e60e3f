package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rongtong/schemas"
)

// The layers.
const (
	dbOds = "ods"
	dbStd = "std"
	dbDwd = "dwd"
	dbDwp = "dwp"
	dbAds = "ads"
	dbOps = "ops"
)

type database struct{ name, comment string }

var databases = []database{
	{dbOds, "贴源层：来源原始记录"},
	{dbStd, "标准层：每个来源的每条主张"},
	{dbDwd, "主题层：一物一行，一数一源"},
	{dbDwp, "受保护层：涉及个人和案件的一物一行，分析人员不可读"},
	{dbAds, "应用层：指标与分析视图"},
	{dbOps, "运行层：装载台账、退回、运行与账目"},
}

// column is one column of a table, its type written the way the server
// writes it back, so that a plan can compare the two as text.
type column struct {
	name, typ, codec, comment string
}

func (c column) ddl() string { return c.with("") }

// with is the column with an expression: see object.computed.
func (c column) with(expr string) string {
	s := ident(c.name) + " " + c.typ
	if expr != "" {
		s += " " + expr
	}
	if c.comment != "" {
		s += " COMMENT " + quote(c.comment)
	}
	if c.codec != "" {
		s += " CODEC(" + c.codec + ")"
	}
	return s
}

// object is a table or a view as the catalogue wants it.
type object struct {
	db, name  string
	comment   string
	columns   []column
	computed  map[string]string // of columns that the server works out: "DEFAULT …" or "ALIAS …"
	engine    string            // "ReplacingMergeTree(fused_seq)"
	partition string            // an expression; usually none
	order     []string
	joins     []string // columns that may join the order key of a table that is there: no value is a value
	ttl       string   // an expression; rows go when it is over. "": never
	dedup     bool     // keeps a window of insert tokens
	wide      bool     // so many columns that the buffers of writing them count
	granule   int      // rows per mark of the index; 0: the server's own choice
	blocks    bool     // every row keeps the number of the block it came with, through merges
	former    bool     // columns that are no longer declared stay
	dropped   []string // but these
	shard     string   // column whose hash picks the shard; "": see shardKey
	derived   bool     // a function of other tables: may be dropped and rebuilt
	view      string   // the SELECT of a view; everything above but names and comment is then empty
	definer   bool     // the view reads what its readers may not: it shows totals only
	help      *help    // of a view of layer ads
	withheld  bool     // analysts do not read it; see withhold
}

// narrowBuffer is what the server may collect of one stream of a column before it
// compresses it. Writing a part takes twice that for each of them, and merging as
// well: with the server's own megabyte the 104 columns of organization's fused
// rows take 340 MB, however few rows there are.
const narrowBuffer = 128 << 10

func (o *object) full() string { return o.db + "." + o.name }

// window is how many of the last inserted blocks a table remembers the tokens
// of. A plain MergeTree remembers none, and a token then silently does nothing.
const window = 10000

// ddl is the statement that creates the object under a name.
func (o *object) ddl(name string) string {
	var b strings.Builder
	if o.view != "" {
		security := ""
		if o.definer {
			security = " DEFINER = CURRENT_USER SQL SECURITY DEFINER"
		}
		fmt.Fprintf(&b, "CREATE OR REPLACE VIEW %s.%s%s%s AS\n%s\nCOMMENT %s", o.db, ident(name), o.viewColumns(), security, o.view, quote(o.viewComment()))
		return b.String()
	}
	fmt.Fprintf(&b, "CREATE TABLE %s.%s\n(\n", o.db, ident(name))
	for i, c := range o.columns {
		comma := ","
		if i == len(o.columns)-1 {
			comma = ""
		}
		fmt.Fprintf(&b, "    %s%s\n", o.columnDDL(c), comma)
	}
	fmt.Fprintf(&b, ")\nENGINE = %s\n", o.engine)
	if o.partition != "" {
		fmt.Fprintf(&b, "PARTITION BY %s\n", o.partition)
	}
	fmt.Fprintf(&b, "ORDER BY %s\n", tuple(o.order))
	if o.ttl != "" {
		fmt.Fprintf(&b, "TTL %s\n", o.ttl)
	}
	if s := o.settings(); len(s) > 0 {
		fmt.Fprintf(&b, "SETTINGS %s\n", strings.Join(s, ", "))
	}
	fmt.Fprintf(&b, "COMMENT %s", quote(o.comment))
	return b.String()
}

// viewColumns are the columns of a view that gives them comments.
func (o *object) viewColumns() string {
	if len(o.columns) == 0 {
		return ""
	}
	lines := make([]string, len(o.columns))
	for i, c := range o.columns {
		c.codec = ""
		lines[i] = "    " + c.ddl()
	}
	return "\n(\n" + strings.Join(lines, ",\n") + "\n)"
}

func (o *object) columnDDL(c column) string { return c.with(o.computed[c.name]) }

// written reports whether a copy of a row is inserted with a value of the column:
// others are worked out anew.
func (o *object) written(name string) bool {
	return name != contentColumn && !strings.HasPrefix(o.computed[name], "ALIAS ")
}

// writtenColumns are the names of those columns.
func (o *object) writtenColumns() []string {
	return slices.DeleteFunc(columnNames(o), func(name string) bool { return !o.written(name) })
}

// dependent allows columns of an AggregatingMergeTree that are neither in its order
// key nor aggregated: the key determines them. Servers before 26 lack the setting
// and do not ask for it; see suited.
const dependent = "allow_dimensions_outside_sorting_key"

// suited is a statement as this server takes it.
func (w *Warehouse) suited(ctx context.Context, sql string) (string, error) {
	if !strings.Contains(sql, dependent) {
		return sql, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.asks == nil {
		var n uint64
		if err := w.QueryRow(ctx, "SELECT count() FROM system.merge_tree_settings WHERE name = '"+dependent+"'", []any{&n}); err != nil {
			return "", err
		}
		asks := n > 0
		w.asks = &asks
	}
	if *w.asks {
		return sql, nil
	}
	return without(sql), nil
}

// without leaves the setting out, which stands first.
func without(sql string) string {
	return strings.ReplaceAll(sql, "SETTINGS "+dependent+" = 1, ", "SETTINGS ")
}

func (o *object) settings() []string {
	var s []string
	if strings.HasSuffix(o.engine, "AggregatingMergeTree") || strings.Contains(o.engine, "AggregatingMergeTree(") {
		s = append(s, dependent+" = 1")
	}
	switch {
	case o.dedup && strings.HasPrefix(o.engine, "Replicated"):
		s = append(s, fmt.Sprintf("replicated_deduplication_window = %d", window))
	case o.dedup:
		s = append(s, fmt.Sprintf("non_replicated_deduplication_window = %d", window))
	}
	if o.blocks {
		s = append(s, "enable_block_number_column = 1")
	}
	if o.wide {
		s = append(s, fmt.Sprintf("max_compress_block_size = %d", narrowBuffer))
	}
	if o.granule > 0 {
		s = append(s, fmt.Sprintf("index_granularity = %d", o.granule))
	}
	if o.ttl != "" {
		s = append(s, "ttl_only_drop_parts = 1")
	}
	return s
}

// viewComment ends with a fingerprint of the view's text: the server rewrites
// the text itself, so the comment is what a plan compares.
func (o *object) viewComment() string {
	return fmt.Sprintf("%s [%s]", o.comment, fingerprint(o.view, o.viewColumns(), fmt.Sprint(o.definer)))
}

// typeOf is the ClickHouse type of a column of ods, std and dwd.
//
//	code12    FixedString(12)          time      DateTime64(3, 'Asia/Shanghai')
//	code18    FixedString(18)          bool3     Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)
//	codelist  LowCardinality(String)   list      Array(String), empty for none
//	measure   Decimal(18, 4)           date      Date32
//	pid       FixedString(26)          map       Map(LowCardinality(String), String), empty for none
func typeOf(c *schemas.Column) string {
	t, ok := types[c.Type]
	switch {
	case lowCardinality[c.Name]:
		t = "LowCardinality(String)"
	case c.Name == "arrived_at", c.Name == "_arrived_at":
		t = "DateTime64(3, 'UTC')" // the broker's clock, not the source's
	case !ok:
		panic(fmt.Sprintf("warehouse: the logical type %q has no column type", c.Type))
	}
	switch {
	case !c.Nullable || c.Type.Collection():
		return t // an array or a map cannot be null: empty stands for none
	case t == "LowCardinality(String)":
		return "LowCardinality(Nullable(String))"
	}
	return "Nullable(" + t + ")"
}

var types = map[schemas.Type]string{
	schemas.Text:     "String",
	schemas.Name:     "String",
	schemas.Code12:   "FixedString(12)",
	schemas.Code18:   "FixedString(18)",
	schemas.CodeType: "LowCardinality(String)",
	schemas.Int:      "Int64",
	schemas.Measure:  "Decimal(18, 4)",
	schemas.Date:     "Date32",
	schemas.Time:     "DateTime64(3, 'Asia/Shanghai')",
	schemas.Bool3:    "Enum8('unknown' = -1, 'no' = 0, 'yes' = 1)",
	schemas.List:     "Array(String)",
	schemas.Map:      "Map(LowCardinality(String), String)",
	schemas.Pid:      "FixedString(26)",
	schemas.UInt8:    "UInt8",
	schemas.UInt16:   "UInt16",
	schemas.UInt32:   "UInt32",
	schemas.UInt64:   "UInt64",
}

// lowCardinality are the common columns of type text with few values.
var lowCardinality = map[string]bool{"src_system": true, "src_tier": true, "kafka_topic": true, "_topic": true, "_op": true}

// codecOf picks a codec where the default (LZ4) leaves much on the table.
func codecOf(c *schemas.Column) string {
	switch c.Name {
	case "kafka_offset", "arrived_at", "version", "_offset", "_arrived_at":
		return "Delta(8), ZSTD(1)"
	case "src_record_id", "place":
		return "ZSTD(1)"
	}
	switch c.Type {
	case schemas.Time:
		return "Delta(8), ZSTD(1)"
	case schemas.Text, schemas.Name:
		return "ZSTD(1)"
	}
	return ""
}

func columnFor(c *schemas.Column) column {
	comment := c.Zh
	if c.Unit != "" {
		comment += "（" + c.Unit + "）"
	}
	codec := codecOf(c)
	if lowCardinality[c.Name] {
		codec = ""
	}
	return column{name: c.Name, typ: typeOf(c), codec: codec, comment: comment}
}

// ident quotes a name where it needs it.
func ident(s string) string {
	for _, r := range s {
		if r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(s) + "`"
		}
	}
	return s
}

func idents(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = ident(n)
	}
	return strings.Join(q, ", ")
}

// tuple is a key. One column stands alone: the server would keep the brackets
// in its description and a plan would take them for a difference.
func tuple(names []string) string {
	if len(names) == 1 {
		return ident(names[0])
	}
	return "(" + idents(names) + ")"
}

var quoter = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`)

// quote makes a string literal.
func quote(s string) string { return "'" + quoter.Replace(s) + "'" }
