package warehouse

import (
	"fmt"
	"slices"
	"strings"

	"rongtong/schemas"
)

// noRank is the rank of a source that the order of authority does not name.
const noRank = 255

// fuser writes the queries of one entity.
type fuser struct {
	c       *schemas.Catalog
	e       *schemas.Entity
	sources []string   // the systems that have claims, by name
	orders  [][]string // distinct orders of authority; the n-th has the column ord_n

	// Claims that came in with the blocks of (since, until] are new; 0: all are.
	since, until int64

	// again are keys that may have changed beside: what was said about them is not
	// new, but said again.
	again []string

	// Only the things that changed are fused if partly: the claims about the keys that
	// new ones are about were put aside.
	partly bool

	// slice narrows the claims to a range of things; empty for all.
	slice string

	// Where things were recognised under several keys (ops.identity), apart
	// leaves the claims about those keys out: they were put together elsewhere.
	// touched is the last change of ops.identity that a fusion has seen, and matched
	// the one that this fusion sees.
	apart            bool
	touched, matched int64

	// carry names more columns of the claims that latest hands on, and tie is
	// added to the order in which it looks for the latest.
	carry []string
	tie   string

	// from replaces the table of claims; aside is its suffix if claims were put aside
	// in it. span names columns of it that tell
	// several rows of one thing apart: the times between which each holds.
	from  string
	span  []string
	aside string
}

// keys are the columns that tell rows apart.
func (f *fuser) keys() []string { return append(slices.Clone(f.e.Key), f.span...) }

// sql is the query that makes the entity's fused rows, columns in the order of
// fusedColumns.
func (f *fuser) sql() string {
	switch {
	case len(f.sources) <= 1:
		return f.single()
	case f.e.Fusion == schemas.FuseField:
		return f.byField()
	}
	return f.byRow()
}

// rebuild makes every row of fusedTable, as of a block of the claims.
func (f *fuser) rebuild(block int64) string {
	return fmt.Sprintf("SELECT *, toUInt64(%d), 0\nFROM\n(\n%s\n)", 2*block+1, indent(f.sql()))
}

// gone selects a withdrawal of every thing that changed, with the version just
// below that of its row: it counts where no claim is alive any more.
func (f *fuser) gone(block int64) string {
	gone := make([]string, 0, len(f.e.Columns))
	for _, c := range fusedColumns(f.e) {
		switch {
		case f.e.IsKey(c.name):
			gone = append(gone, ident(c.name))
		default:
			gone = append(gone, "defaultValueOfTypeName("+quote(c.typ)+")")
		}
	}
	return fmt.Sprintf("SELECT %s, toUInt64(%d), 1\nFROM (%s)", strings.Join(gone, ", "), 2*block, f.changed())
}

// bounds selects the keys, as text, at which the claims are cut into slices of
// about n claims each: from the sparse index of the table, without reading it.
func (f *fuser) bounds(n int) string {
	keys := idents(f.e.Key)
	db, table := dbStd, f.e.Entity
	if f.aside != "" {
		db, table = rowsDB(f.e), f.e.Entity+f.aside
	}
	return fmt.Sprintf(`SELECT %[1]s
FROM
(
  SELECT %[2]s, rows_in_granule AS g, sum(g) OVER (ORDER BY %[2]s ROWS UNBOUNDED PRECEDING) AS r
  FROM mergeTreeIndex(%[5]s, %[3]s)
)
WHERE intDiv(r, %[4]d) > intDiv(r - g, %[4]d)
ORDER BY %[2]s`, f.keyTexts(), keys, quote(table), n, quote(db))
}

// between is the condition under which a thing lies in the slice [low, high);
// nil is no bound. Column by column, because the index of the table does not
// understand comparisons of tuples.
func (f *fuser) between(low, high []string) string {
	types := map[string]string{}
	for _, c := range fusedColumns(f.e) {
		types[c.name] = c.typ
	}
	compare := func(bound []string, op, last string) string {
		var or []string
		equal := ""
		for i, k := range f.e.Key {
			value := fmt.Sprintf("CAST(%s, %s)", quote(bound[i]), quote(types[k]))
			if i == len(f.e.Key)-1 {
				op = last
			}
			or = append(or, "("+equal+ident(k)+" "+op+" "+value+")")
			equal += ident(k) + " = " + value + " AND "
		}
		return "(" + strings.Join(or, " OR ") + ")"
	}
	var and []string
	if low != nil {
		and = append(and, compare(low, ">", ">="))
	}
	if high != nil {
		and = append(and, compare(high, "<", "<"))
	}
	return strings.Join(and, " AND ")
}

// changed selects the keys of the things that changed, each once.
func (f *fuser) changed() string {
	if f.e.Identity != nil {
		return fmt.Sprintf("SELECT thing AS %s FROM ops.identity_changed WHERE entity = %s ORDER BY thing LIMIT 1 BY thing", ident(f.e.Key[0]), quote(f.e.Entity))
	}
	keys := idents(f.e.Key)
	return fmt.Sprintf("SELECT %[1]s FROM %[2]s ORDER BY %[1]s LIMIT 1 BY %[1]s", keys, f.claimed().from)
}

// claimedSince selects the keys that the new claims are about.
func (f *fuser) claimedSince() string {
	new := fmt.Sprintf("_block_number > %d AND _block_number <= %d", f.since, f.until)
	if len(f.again) > 0 {
		new += fmt.Sprintf(" OR (%s) IN (%s)", idents(f.e.Key), strings.Join(f.again, ", "))
	}
	if f.slice != "" {
		new = "(" + new + ") AND " + f.slice
	}
	return fmt.Sprintf("SELECT DISTINCT %s FROM std.%s WHERE %s", idents(f.e.Key), ident(f.e.Entity), new)
}

// foldedSince is the condition that a delivery which was inserted since a time (Unix
// seconds) has folded into a claim that came with an earlier block than since: the
// claim keeps the number of that block.
func (f *fuser) foldedSince(at int64) string {
	return fmt.Sprintf("_block_number <= %d AND loaded_at >= toDateTime(%d) AND %s > %s", f.since, at, deliveryColumn, earliest)
}

// saidAgain selects the keys, as text, about which a source may have said something
// again after it had said another thing under the same version.
func (f *fuser) saidAgain(at int64) string {
	return fmt.Sprintf(`SELECT %[1]s
FROM std.%[2]s
GROUP BY %[3]s, src_system, version
HAVING min(%[4]s) != max(%[4]s) AND max(loaded_at) >= toDateTime(%[5]d)
LIMIT %[6]d
SETTINGS optimize_aggregation_in_order = 1`, f.keyTexts(), ident(f.e.Entity), idents(f.e.Key), contentColumn, at, leastRebuild+1)
}

// keyTexts is the key as an array of texts, and keyLiteral a key of such texts as a
// literal, a tuple where it has several columns.
func (f *fuser) keyTexts() string {
	texts := make([]string, len(f.e.Key))
	for i, k := range f.e.Key {
		texts[i] = "toString(" + ident(k) + ")"
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

func (f *fuser) keyLiteral(texts []string) string {
	values := make([]string, len(texts))
	for i, k := range f.e.Key {
		values[i] = fmt.Sprintf("CAST(%s, %s)", quote(texts[i]), quote(columnFor(f.e.Column(k)).typ))
	}
	return "(" + strings.Join(values, ", ") + ")"
}

// latest selects the latest claim per thing and source, live ones only.
func (f *fuser) latest(extra ...string) string {
	return fmt.Sprintf("SELECT %s\nFROM\n(\n%s\n)\nWHERE is_deleted = 0", strings.Join(append([]string{"*"}, extra...), ", "), indent(f.newest()))
}

// newest selects the latest claim per thing and source, withdrawals as well. The
// order is the table's own, read backwards, so nothing is sorted or held.
func (f *fuser) newest() string {
	cols := slices.Clone(f.span)
	for _, c := range f.e.Columns {
		cols = append(cols, ident(c.Name))
	}
	cols = append(cols, "src_system", "src_tier", "event_time", "version", "is_deleted")
	cols = append(cols, f.carry...)
	// Claims that have to be folded come in the table's order, and only forwards.
	back := " DESC"
	if f.from != "" && f.aside == "" {
		back = ""
	}
	var order []string
	for _, k := range append(f.keys(), "src_system") {
		order = append(order, ident(k)+back)
	}
	from := f.from
	if from == "" {
		from = dbStd + "." + ident(f.e.Entity)
	}
	// Claims of a source that came in since the sources were listed wait for the
	// next fusion, which sees another list.
	known := "0"
	if len(f.sources) > 0 {
		known = "src_system IN (" + f.names() + ")"
	}
	if f.slice != "" {
		known += " AND " + f.slice
	}
	if f.apart {
		known += " AND " + ident(f.e.Key[0]) + " NOT IN (SELECT member FROM (" + f.recognised() + "))"
	}
	if f.until > 0 {
		known += fmt.Sprintf(" AND (%s) IN (%s)", idents(f.e.Key), f.claimedSince())
	}
	return fmt.Sprintf("SELECT %s\nFROM %s\nWHERE %s\nORDER BY %s, version DESC, %s DESC%s\nLIMIT 1 BY %s, src_system",
		strings.Join(cols, ", "), from, known, strings.Join(order, ", "), deliveryColumn, f.tie, idents(f.keys()))
}

// rank is the position of a claim's source in an order of authority.
func (f *fuser) rank(order []string) string {
	if len(order) == 0 {
		return fmt.Sprint(noRank)
	}
	var b strings.Builder
	b.WriteString("multiIf(")
	for i, a := range order[:min(len(order), noRank-1)] {
		col := "src_system"
		if f.c.Tier(a) != nil {
			col = "src_tier"
		}
		fmt.Fprintf(&b, "%s = %s, %d, ", col, quote(a), i+1)
	}
	fmt.Fprintf(&b, "%d)", noRank)
	return b.String()
}

// ord is a number that is smaller for the claim that wins: rank, then version
// downwards, then name. One number, because comparing tuples costs five times
// as much.
func (f *fuser) ord(order []string) string {
	return fmt.Sprintf("bitShiftLeft(toUInt128(%s), 80) + bitShiftLeft(toUInt128(bitNot(version)), 16) + indexOf([%s], src_system)",
		f.rank(order), f.names())
}

// source and rule read back what ord was made of; 0 means nobody claims.
func (f *fuser) source(ord string) string {
	return fmt.Sprintf("[%s][toUInt16(bitAnd(%s, 65535))]", f.names(), ord)
}

// names are the sources as literals, in order of their names.
func (f *fuser) names() string {
	q := make([]string, len(f.sources))
	for i, s := range f.sources {
		q[i] = quote(s)
	}
	return strings.Join(q, ", ")
}

func rule(rank string) string {
	return fmt.Sprintf("multiIf(%[1]s = 0, '', %[1]s = %[2]d, 'freshest', concat('authority:', toString(%[1]s)))", rank, noRank)
}

func rankOf(ord string) string { return fmt.Sprintf("toUInt8(bitShiftRight(%s, 80))", ord) }

// claimed is the condition under which a claim says something about a column;
// empty when it always does.
func claimed(c *schemas.Column) string {
	switch {
	case c.Type.Collection() && c.Nullable:
		return "notEmpty(" + ident(c.Name) + ")"
	case c.Nullable:
		return ident(c.Name) + " IS NOT NULL"
	}
	return ""
}

// orderColumn is the name of the ord column for an order of authority.
func (f *fuser) orderColumn(order []string) string {
	i := slices.IndexFunc(f.orders, func(o []string) bool { return slices.Equal(o, order) })
	if i < 0 {
		i = len(f.orders)
		f.orders = append(f.orders, order)
	}
	return fmt.Sprintf("ord_%d", i)
}

// named names the three expressions that say who won a field, as
// winnerColumns names their columns.
func named(field, src, at, rule string) []string {
	return []string{src + " AS " + ident(field+"_src"), at + " AS " + ident(field+"_at"), rule + " AS " + ident(field+"_rule")}
}

// single is fusion where one source speaks: its latest claims are the rows.
func (f *fuser) single() string {
	out := slices.Clone(f.span)
	for _, c := range f.e.Columns {
		out = append(out, ident(c.Name))
		if f.e.Fusion == schemas.FuseRow || f.e.IsKey(c.Name) {
			continue
		}
		r := rule(f.rank(f.e.AuthorityOf(c)))
		if cond := claimed(c); cond != "" {
			out = append(out, named(c.Name, fmt.Sprintf("if(%s, src_system, '')", cond), fmt.Sprintf("if(%s, event_time, NULL)", cond), fmt.Sprintf("if(%s, %s, '')", cond, r))...)
			continue
		}
		out = append(out, named(c.Name, "src_system", "event_time", r)...)
	}
	if f.e.Fusion == schemas.FuseRow {
		out = append(out, named("", "src_system", "event_time", rule(f.rank(f.e.Authority)))...)
	}
	return fmt.Sprintf("SELECT %s\nFROM\n(\n%s\n)", strings.Join(out, ",\n       "), indent(f.latest()))
}

// byField groups the latest claims of a thing and takes each field's winner.
func (f *fuser) byField() string {
	out := slices.Clone(f.span)
	var aggs []string
	for _, c := range f.e.Columns {
		if f.e.IsKey(c.Name) {
			out = append(out, ident(c.Name))
			continue
		}
		ord, cond := f.orderColumn(f.e.AuthorityOf(c)), claimed(c)
		win := "w_" + c.Name
		if cond == "" {
			cond = "1"
		}
		aggs = append(aggs,
			fmt.Sprintf("argMinIf(%s, %s, %s) AS %s", ident(c.Name), ord, cond, ident("v_"+c.Name)),
			fmt.Sprintf("minIf(%s, %s) AS %s", ord, cond, ident(win)))
		at := fmt.Sprintf("times[indexOf(srcs, toUInt16(bitAnd(%s, 65535)))]", ident(win))
		if c.Nullable {
			at = fmt.Sprintf("if(%s = 0, NULL, %s)", ident(win), at)
		}
		out = append(out, ident("v_"+c.Name)+" AS "+ident(c.Name))
		out = append(out, named(c.Name, f.source(ident(win)), at, rule(rankOf(ident(win))))...)
	}
	// The winner's time is looked up by its source: an aggregate per field more
	// than doubles the cost of the whole query.
	aggs = append(aggs, fmt.Sprintf("groupArray(toUInt16(indexOf([%s], src_system))) AS srcs", f.names()), "groupArray(event_time) AS times")
	var ords []string
	for i, o := range f.orders {
		ords = append(ords, fmt.Sprintf("%s AS ord_%d", f.ord(o), i))
	}
	key := idents(f.keys())
	inner := fmt.Sprintf("SELECT %s,\n       %s\nFROM\n(\n%s\n)\nGROUP BY %s", key, strings.Join(aggs, ",\n       "), indent(f.latest(ords...)), key)
	return fmt.Sprintf("SELECT %s\nFROM\n(\n%s\n)", strings.Join(out, ",\n       "), indent(inner))
}

// byRow takes the whole row of the source that wins the thing.
func (f *fuser) byRow() string {
	out := slices.Clone(f.span)
	for _, c := range f.e.Columns {
		out = append(out, ident(c.Name))
	}
	out = append(out, named("", "src_system", "event_time", rule(rankOf("ord_0")))...)
	key := idents(f.keys())
	inner := fmt.Sprintf("%s\nORDER BY %s, ord_0\nLIMIT 1 BY %s", f.latest(f.ord(f.e.Authority)+" AS ord_0"), key, key)
	return fmt.Sprintf("SELECT %s\nFROM\n(\n%s\n)", strings.Join(out, ",\n       "), indent(inner))
}
