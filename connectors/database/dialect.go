package database

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"

	"rongtong/schemas/fault"
)

// Form is how the text of a value is turned into what is delivered.
type Form uint8

// The forms.
const (
	Text    Form = iota // as it is
	Number              // digits as the database wrote them; NaN and Infinity stay text
	Truth               // t, true, 1: true
	Instant             // a time in UTC, delivered as RFC 3339 with a Z
	Local               // a time without a zone, delivered as written; the mark of a missing date becomes null
	Single              // a number of single precision, sent as a double: the shortest digits that mean it
	Binary              // bytes: refused unless the stream asks for them in hexadecimal
)

// Order is what a column's values can be used for besides being delivered.
type Order uint8

// The orders.
const (
	NoOrder Order = iota // cannot be a cursor or part of an order
	Whole                // whole numbers: the overlap is a number
	Times                // times: the overlap is a duration
	Words                // text, and other values that only compare
)

// Type is one row of a dialect's table of types.
type Type struct {
	Names  string // the catalogue's names, separated by blanks; "*" stands for all others
	Form   Form
	Order  Order
	Select string // the value as text, %s being the column; empty: the column itself
	Bind   string // a bound text as a value to compare the column with, %s being the placeholder; empty: the placeholder itself
	As     string // type of field that suits: text, number, bool or time
	Note   string // for the documentation; may be empty
}

// Dialect is what differs between databases.
type Dialect struct {
	Name  string
	Title string
	Port  int
	Types []Type

	open func(ctx context.Context, a Address) (DB, error)
	// Quote makes an identifier, whatever it contains.
	Quote func(name string) string
	// placeholder is the n-th bound value of a statement, from 1.
	placeholder func(n int) string
	// page limits a query to rows [offset, offset+limit); rest begins with FROM and ends with ORDER BY.
	page func(columns, rest string, limit, offset int) string
	// raw selects the stored bytes of a text column, for a charset that the
	// database does not know; stored names the types it is for. Of others the
	// server makes text in the connection's own charset.
	raw, stored string
	// coalesce makes any column a text that is never null, to order by.
	coalesce string
	// hex and unhex turn bytes to hexadecimal text and back.
	hex, unhex string
	// now is the database's own clock in UTC, as "2006-01-02T15:04:05.999999Z".
	now string
	// catalog lists schema, table, column, base type, type, nullable, place in
	// the primary key, comment and the table's comment, in the table's order;
	// an empty table means all, an empty schema the session's own.
	catalog func(schema, table string) (query string, args []string)
	// dead knows the dialect's own errors of a connection that had ended.
	dead func(err error) bool
	// Classify gives a driver's error its class and a way out.
	Classify func(err error) (fault.Class, string)
}

// Dialects are the databases known here, by the name that `driver` gives.
var Dialects = map[string]*Dialect{
	"postgres": Postgres, "mysql": MySQL, "sqlserver": SQLServer, "oracle": Oracle, "dm": DM, "sqlite": SQLite,
}

// Names are the names of the dialects, in order.
func Names() []string {
	names := make([]string, 0, len(Dialects))
	for n := range Dialects {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// TypeOf finds a column's row in the table of types.
func (d *Dialect) TypeOf(c Column) *Type {
	for i := range d.Types {
		t := &d.Types[i]
		for name := range strings.FieldsSeq(t.Names) {
			if name == c.Base || name == "*" {
				return t
			}
		}
	}
	return &Type{Form: Text}
}

// Field is how one column of a query is selected, bound and delivered.
type Field struct {
	Column       // as the catalogue has it
	Kind   *Type // its row in the table of types
	Form   Form
	Order  Order
	expr   string // of the select list
	key    string // of the select list, when the value orders rows: what bind takes back
	bind   string // with %s for the placeholder
	plain  string // the quoted column
	dec    *encoding.Decoder
	buf    []byte
}

// Field prepares a column of the table with the alias t. With asHex, bytes are
// delivered as hexadecimal text. Columns of bytes are refused otherwise: they
// are photographs, scans and documents more often than data.
func (d *Dialect) Field(c Column, charset string, asHex bool) (Field, error) {
	t := d.TypeOf(c)
	f := Field{Column: c, Kind: t, Form: t.Form, Order: t.Order, plain: "t." + d.Quote(c.Name), bind: t.Bind, expr: t.Select}
	switch {
	case t.Form == Binary && !asHex:
		return f, fault.Hint(fault.Config, "remove the field, or name it in from.hex if its bytes are a key or a digest",
			"column %q holds bytes (%s), which are never delivered by themselves", c.Name, c.Type)
	case t.Form == Binary:
		f.Form, f.Order, f.expr, f.key, f.bind = Text, Words, d.hex, d.hex, d.unhex
	case asHex:
		return f, fault.Hint(fault.Config, "remove it from from.hex", "column %q holds no bytes (%s)", c.Name, c.Type)
	case charset != "" && d.raw != "" && slices.Contains(strings.Fields(d.stored), c.Base):
		dec, err := decoder(charset)
		if err != nil {
			return f, fault.New(fault.Config, "charset %q: %w", charset, err)
		}
		f.expr, f.dec = d.raw, dec
	case charset != "" && d.raw == "" && t.Form == Text:
		f.dec, _ = decoder(charset)
	}
	if f.key == "" {
		f.key = t.Select
	}
	for _, e := range []*string{&f.expr, &f.key} {
		if *e == "" {
			*e = "%s"
		}
		*e = strings.ReplaceAll(*e, "%s", f.plain)
	}
	if f.bind == "" {
		f.bind = "%s"
	}
	return f, nil
}

// Sink takes the values of one record; connectors.Object is one.
type Sink interface {
	SetBytes(i int, text []byte)
	SetNumber(i int, raw []byte)
	SetBool(i int, v bool)
	SetNull(i int)
}

// Declared is what the stream says a field is: text, number, bool or time.
type Declared uint8

// The declared kinds that change how a value is written.
const (
	AsText Declared = iota
	AsNumber
	AsBool
)

// DeclaredAs reads the type of a field in a stream's declaration.
func DeclaredAs(t string) Declared {
	switch t {
	case "number":
		return AsNumber
	case "bool":
		return AsBool
	}
	return AsText
}

// Put delivers one value, nil for NULL, to field i of a sink.
func (f *Field) Put(to Sink, i int, as Declared, cell []byte) {
	f.Deliver(to, i, as, f.Value(cell))
}

// Deliver is Put of a text that Value has made already.
func (f *Field) Deliver(to Sink, i int, as Declared, v []byte) {
	switch {
	case v == nil:
		to.SetNull(i)
	case as == AsBool && truth(v) >= 0:
		to.SetBool(i, truth(v) == 1)
	case as == AsNumber:
		to.SetNumber(i, v)
	default:
		to.SetBytes(i, v)
	}
}

// Value is the delivered text of a value, borrowed until the next call; nil
// where it is missing.
func (f *Field) Value(cell []byte) []byte {
	if cell == nil {
		return nil
	}
	switch f.Form {
	case Text:
		if f.dec != nil {
			return f.decode(cell)
		}
	case Number:
		return f.number(cell)
	case Truth:
		if t := truth(cell); t >= 0 {
			return strconv.AppendBool(f.buf[:0], t == 1)
		}
	case Instant:
		return f.instant(cell)
	case Local:
		if isZeroDate(cell) {
			return nil
		}
	case Single:
		if v, err := strconv.ParseFloat(string(cell), 64); err == nil {
			f.buf = strconv.AppendFloat(f.buf[:0], v, 'g', -1, 32)
			return f.buf
		}
	}
	return cell
}

func (f *Field) decode(cell []byte) []byte {
	if ascii(cell) {
		return cell
	}
	f.dec.Reset()
	for size := 2*len(cell) + 16; ; size *= 2 {
		f.buf = slices.Grow(f.buf[:0], size)[:size]
		n, _, err := f.dec.Transform(f.buf, cell, true)
		if err == nil {
			return f.buf[:n]
		}
		if size > 8*len(cell)+64 {
			return cell // never seen: a decoder writes U+FFFD for what it does not know
		}
	}
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// number writes a leading zero where Oracle leaves it out: ".5".
func (f *Field) number(cell []byte) []byte {
	digits := cell
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || digits[0] != '.' {
		return cell
	}
	f.buf = append(f.buf[:0], cell[:len(cell)-len(digits)]...)
	f.buf = append(append(f.buf, '0'), digits...)
	return f.buf
}

// instant turns "2025-12-01 08:00:00.5+00", with or without the offset of UTC,
// into RFC 3339. What is no such time ("infinity") stays as it is.
func (f *Field) instant(cell []byte) []byte {
	if isZeroDate(cell) {
		return nil
	}
	if len(cell) < 19 || cell[4] != '-' || cell[10] != ' ' && cell[10] != 'T' {
		return cell
	}
	end := len(cell)
	for end > 19 && (cell[end-1] == '0' || cell[end-1] == ':') {
		end--
	}
	if end >= 19 && cell[end-1] == '+' {
		end--
	} else if end = len(cell); cell[end-1] == 'Z' {
		end--
	} else if bytes.ContainsAny(cell[19:], "+-") { // another zone: the session was not in UTC
		return cell
	}
	f.buf = append(f.buf[:0], cell[:end]...)
	f.buf[10] = 'T'
	f.buf = append(f.buf, 'Z')
	return f.buf
}

// isZeroDate knows MySQL's own mark of a missing date, 0000-00-00 with or
// without a time. A date whose month or day alone is zero is a value: it stays,
// and the transform judges it.
func isZeroDate(cell []byte) bool {
	const zero = "0000-00-00"
	return len(cell) >= len(zero) && string(cell[:len(zero)]) == zero
}

func truth(v []byte) int {
	switch string(v) {
	case "t", "true", "1", "y", "Y", "\x01":
		return 1
	case "f", "false", "0", "n", "N", "\x00":
		return 0
	}
	return -1
}

// Select is a query for rows of one table in an order that no two rows share.
type Select struct {
	d       *Dialect
	schema  string
	table   string
	columns []string
}

// From names a table to read. A row has the values of the fields, to deliver,
// then those of the order, as the text that Bounds takes back.
func (d *Dialect) From(schema, table string, fields []Field, order []OrderBy) *Select {
	s := &Select{d: d, schema: schema, table: table}
	for i := range fields {
		s.columns = append(s.columns, fields[i].expr)
	}
	for _, o := range order {
		s.columns = append(s.columns, o.selected(d))
	}
	return s
}

// Relation is the quoted name of the table.
func (s *Select) Relation() string {
	if s.schema == "" {
		return s.d.Quote(s.table)
	}
	return s.d.Quote(s.schema) + "." + s.d.Quote(s.table)
}

// Bounds are the rows a query is about: after the row with the values Lo, up to
// and with the row with the values Hi, in the order of the fields Order. Lo may
// have fewer values than Order: then rows that share them are not after it.
type Bounds struct {
	Order  []OrderBy
	Lo, Hi []string
	Closed bool // Lo itself belongs to it
}

// OrderBy is one column of an order.
type OrderBy struct {
	Field *Field
	// NeverNull says that the column can be compared as it is. Otherwise it is
	// ordered as a text in which null is empty.
	NeverNull bool
}

func (o OrderBy) expr(d *Dialect) string {
	if o.NeverNull {
		return o.Field.plain
	}
	return strings.ReplaceAll(d.coalesce, "%s", o.Field.plain)
}

// selected is the column as the text that bind takes back.
func (o OrderBy) selected(d *Dialect) string {
	if o.NeverNull {
		return o.Field.key
	}
	return o.expr(d)
}

// Page is the statement for at most limit rows of b, with its arguments.
func (s *Select) Page(b Bounds, limit int) (string, []string) {
	rest, args := s.rest(b)
	return s.d.page(strings.Join(s.columns, ", "), rest, limit, 0), args
}

// Boundary is the statement for the order values of the row that is n rows
// further than the first of b.
func (s *Select) Boundary(b Bounds, n int) (string, []string) {
	rest, args := s.rest(b)
	var cols []string
	for _, o := range b.Order {
		cols = append(cols, o.selected(s.d))
	}
	return s.d.page(strings.Join(cols, ", "), rest, 1, n), args
}

// Everything is the statement for the columns of all rows, in no order.
func (s *Select) Everything() string {
	return "SELECT " + strings.Join(s.columns, ", ") + " FROM " + s.Relation() + " t"
}

// Greatest is the statement for the greatest value of a field, as text.
func (s *Select) Greatest(f *Field) string {
	col := strings.ReplaceAll(f.Kind.Select, "%s", "MAX("+f.plain+")")
	if col == "" {
		col = "MAX(" + f.plain + ")"
	}
	return "SELECT " + col + " FROM " + s.Relation() + " t"
}

// Nulls is the statement that has a row when a field is null anywhere.
func (s *Select) Nulls(f *Field) string {
	return s.d.page("1", "FROM "+s.Relation()+" t WHERE "+f.plain+" IS NULL ORDER BY 1", 1, 0)
}

// Now is the statement for the database's own clock.
func (d *Dialect) Now() string { return d.now }

func (s *Select) rest(b Bounds) (string, []string) {
	var sql strings.Builder
	var args []string
	sql.WriteString("FROM " + s.Relation() + " t")
	word := " WHERE "
	if len(b.Lo) > 0 {
		sql.WriteString(word)
		args = s.compare(&sql, b.Order, b.Lo, ">", b.Closed, args)
		word = " AND "
	}
	if len(b.Hi) > 0 {
		sql.WriteString(word)
		args = s.compare(&sql, b.Order, b.Hi, "<", true, args)
	}
	sql.WriteString(" ORDER BY ")
	for i, o := range b.Order {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString(o.expr(s.d))
	}
	return sql.String(), args
}

// compare writes (a, b) > (x, y) for databases that do not know it, or cannot
// use an index for it: a >= x AND (a > x OR a = x AND b > y).
func (s *Select) compare(sql *strings.Builder, order []OrderBy, vals []string, op string, equal bool, args []string) []string {
	term := func(i int, op string) {
		o := order[i]
		args = append(args, vals[i])
		bound := s.d.placeholder(len(args))
		if o.NeverNull {
			bound = strings.ReplaceAll(o.Field.bind, "%s", bound)
		}
		sql.WriteString(o.expr(s.d) + " " + op + " " + bound)
	}
	last := len(vals) - 1
	if last == 0 {
		if equal {
			op += "="
		}
		term(0, op)
		return args
	}
	term(0, op+"=")
	sql.WriteString(" AND (")
	for i := range vals {
		if i > 0 {
			sql.WriteString(" OR ")
		}
		for j := range i {
			term(j, "=")
			sql.WriteString(" AND ")
		}
		if i == last && equal {
			term(i, op+"=")
		} else {
			term(i, op)
		}
	}
	sql.WriteString(")")
	return args
}

// limitOffset is the page of PostgreSQL, MySQL, SQLite and DM.
func limitOffset(columns, rest string, limit, offset int) string {
	q := "SELECT " + columns + " " + rest + " LIMIT " + strconv.Itoa(limit)
	if offset > 0 {
		q += " OFFSET " + strconv.Itoa(offset)
	}
	return q
}

func doubleQuoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Open connects a pool to a server. Nothing is asked of it yet.
func (d *Dialect) Open(ctx context.Context, a Address) (DB, error) {
	db, err := d.open(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("opening the %s database at %s: %w", d.Title, a, err)
	}
	return db, nil
}
