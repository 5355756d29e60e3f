package warehouse

import (
	"fmt"
	"slices"
	"strings"

	"rongtong/schemas"
)

// History is not stored: std keeps every distinct claim with two times, when
// the source says it happened (event_time) and when it reached us (arrived_at),
// and a fused row is a function of claims. So the rows of any day, as any day
// knew them, are the same fusion over fewer claims, and a late or corrected
// fact can never leave history behind: a correction has another version or, under
// the same one, another content, and a claim that is delivered again is known from
// its first delivery; see claim.go. What keys mean is known as of now: the past is
// that of the things as they are recognised today.
//
// The views read std with the rights of who made them: those who may read the
// fused rows of today may read those of any day, and no single source's claims.
// Of entities with small cells that is nobody who may not read the claims, too.

// asOfView fuses the claims that had happened at {at} and were known at
// {known}:
//
//	SELECT * FROM dwd.facility_as_of(at = '2025-06-30 23:59:59', known = '2025-07-10')
func asOfView(c *schemas.Catalog, e *schemas.Entity, sources []string) *object {
	f := &fuser{c: c, e: e, sources: sources, from: asOfClaims(e, ""), apart: e.Identity != nil}
	sql := f.sql()
	if f.apart {
		sql += "\nUNION ALL\n" + f.asOne().sql()
	}
	return &object{db: dbDwd, name: e.Entity + "_as_of", definer: e.SmallCells == 0, comment: e.Name.Zh + "：任意时点（at）的一物一行，按任意时点（known）所知",
		columns: fusedColumns(e), view: sql}
}

// asOfInView is asOfView for what lies in a division, at a fraction of the cost:
//
//	SELECT * FROM dwd.facility_as_of_in(at = '2025-06-30', known = '2025-07-10', division = '370102000000')
//
// Which division a thing lies in is known when it is fused. Only things of which
// some claim, of whatever day, says that they lie there can, and only those are.
func asOfInView(c *schemas.Catalog, e *schemas.Entity, sources []string) *object {
	lies, key := lyingIn(ident(e.Division.Column)), idents(e.Key)
	keys, ids := lies, ""
	if !e.IsKey(e.Division.Column) {
		named := fmt.Sprintf("SELECT %s FROM std.%s WHERE %s", key, ident(e.Entity), lies)
		keys = named
		if e.Identity != nil { // and under the other keys of those things
			// By joins: the servers of a cluster do not nest IN that far.
			known := "(SELECT member, canonical FROM ops.identity FINAL WHERE entity = " + quote(e.Entity) + " AND is_deleted = 0)"
			ids = fmt.Sprintf("SELECT i.member AS member, i.canonical AS canonical FROM %[1]s AS i INNER JOIN (SELECT DISTINCT j.canonical AS canonical FROM %[1]s AS j INNER JOIN (SELECT DISTINCT %[2]s AS named FROM (%[3]s)) AS n ON n.named = j.member) AS o ON o.canonical = i.canonical", known, key, named)
			keys += "\nUNION DISTINCT\nSELECT arrayJoin([member, canonical]) FROM (" + ids + ")"
		}
		keys = fmt.Sprintf("(%s) IN\n  (\n%s\n  )", key, indent(indent(keys)))
	}
	f := &fuser{c: c, e: e, sources: sources, from: asOfClaims(e, keys)}
	if ids != "" {
		f = f.asOneOf(ids)
	}
	return &object{db: dbDwd, name: e.Entity + "_as_of_in", definer: e.SmallCells == 0,
		comment: e.Name.Zh + "：某区划（division，含下级）任意时点（at）的一物一行，按任意时点（known）所知",
		columns: fusedColumns(e), view: fmt.Sprintf("SELECT *\nFROM\n(\n%s\n)\nWHERE %s", indent(f.sql()), lies)}
}

// asOfClaims are the claims that had happened at {at} and were known at {known},
// about the things that keys picks by their keys; all of them if it is empty.
func asOfClaims(e *schemas.Entity, keys string) string {
	return "(\n  " + claimsAsKnown(e, moment("known"), keys, "event_time <= "+moment("at")) + "\n)"
}

// asOneOf is f with the claims about every key of a thing put together under the
// thing's own, which ids selects: member and canonical. Those of other keys stay as
// they are. It holds all of them: for few things.
func (f *fuser) asOneOf(ids string) *fuser {
	g, claims, key := *f, *f, ident(f.e.Key[0])
	claims.carry = []string{deliveryColumn}
	cols := []string{fmt.Sprintf("if(k.member = '', c.%[1]s, k.canonical) AS %[1]s, c.%[1]s AS member", key)}
	for _, name := range append(entityColumns(f.e), claimColumns...) {
		if !f.e.IsKey(name) {
			cols = append(cols, "c."+ident(name)+" AS "+ident(name))
		}
	}
	g.from = fmt.Sprintf("(\n  SELECT %s\n  FROM\n  (\n%s\n  ) AS c\n  LEFT JOIN (%s) AS k ON k.member = c.%s\n)", strings.Join(cols, ", "), indent(indent(claims.latest())), ids, key)
	g.tie = ", member"
	return &g
}

func entityColumns(e *schemas.Entity) []string {
	names := make([]string, len(e.Columns))
	for i, c := range e.Columns {
		names[i] = c.Name
	}
	return names
}

// lyingIn is true of codes that lie in {division} as they are written: of twelve
// digits, two are the province's, and then two, two, three and three those below.
func lyingIn(column string) string {
	return fmt.Sprintf(`startsWith(ifNull(toString(%s), ''), substring({division:String}, 1, multiIf(endsWith({division:String}, '0000000000'), 2, endsWith({division:String}, '00000000'), 4, endsWith({division:String}, '000000'), 6, endsWith({division:String}, '000'), 9, 12)))`, column)
}

// located reports whether an entity's rows lie in divisions.
func located(e *schemas.Entity) bool {
	d := e.Column(e.Division.Column)
	return d != nil && d.Type == schemas.Code12
}

// historyView has a row for every stretch of time in which a thing's fused row
// did not change, as known at {known}. {thing} is a LIKE pattern over the key's
// columns, joined with '|'.
//
//	SELECT row_from, row_to, area_m2, area_m2_src
//	FROM dwd.facility_history(thing = 'village_service_complex:370102001002', known = '2099-12-31')
//	ORDER BY row_from
func historyView(c *schemas.Catalog, e *schemas.Entity, sources []string) *object {
	f := &fuser{c: c, e: e, sources: sources, span: []string{"row_from", "row_to"}}
	keys := idents(e.Key)
	on := make([]string, len(e.Key))
	for i, k := range e.Key {
		on[i] = fmt.Sprintf("c.%[1]s = b.%[1]s", ident(k))
	}
	claims := claimsAsKnown(e, moment("known"), f.thing()+" LIKE {thing:String}", "1")
	if e.Identity != nil {
		claims = f.knownAs(f.thing()+" LIKE {thing:String}", moment("known"))
	}
	cols := []string{"c." + deliveryColumn + " AS " + deliveryColumn}
	for _, col := range schemas.StdColumns(e) {
		cols = append(cols, "c."+ident(col.Name)+" AS "+ident(col.Name))
	}
	f.from = fmt.Sprintf(`(
  SELECT %[1]s, b.row_from AS row_from, b.row_to AS row_to
  FROM
  (
%[2]s
  ) AS c
  INNER JOIN
  (
    SELECT %[3]s, row_from, leadInFrame(row_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'Asia/Shanghai')) OVER (PARTITION BY %[3]s ORDER BY row_from ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS row_to
    FROM
    (
      SELECT DISTINCT %[3]s, event_time AS row_from FROM
      (
%[5]s
      )
    )
  ) AS b ON %[4]s
  WHERE c.event_time <= b.row_from
)`, strings.Join(cols, ", "), indent(indent(claims)), keys, strings.Join(on, " AND "), indent(indent(indent(indent(claims)))))
	span := []column{
		{"row_from", instant, "", "本行起始时间（含）"}, {"row_to", instant, "", "本行终止时间（不含）；尚在有效为2299年末"},
	}
	return &object{db: dbDwd, name: e.Entity + "_history", definer: e.SmallCells == 0, comment: e.Name.Zh + "：每件事物各时段的一物一行",
		columns: append(span, fusedColumns(e)...), view: f.sql()}
}

// moment is a parameter that is a time, written as text in Beijing time: a
// DateTime64 would be taken to the server's own zone on its way.
func moment(name string) string {
	return "parseDateTime64BestEffort({" + name + ":String}, 3, 'Asia/Shanghai')"
}

// feeders are the systems that have a flow into an entity, by name. Claims of a
// system that is no longer declared are in the fused rows of today and not in
// the views of other days.
func feeders(c *schemas.Catalog, e *schemas.Entity) []string {
	var out []string
	for _, s := range c.Systems {
		if slices.ContainsFunc(s.Flows, func(f *schemas.Flow) bool { return f.Entity == e.Entity }) {
			out = append(out, s.System)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
