package world

import (
	"strconv"

	"github.com/cespare/xxhash/v2"
)

// Source systems, by the names their claims carry.
const (
	Gateway  = "province_gateway"
	Register = "nbs_register"
	City     = "city_operations"
	Ledger   = "county_ledger"
	Offices  = "county_offices"
	Book     = "township_ledger"
	Forms    = "village_forms"
	Stock    = "emergency_feed"
	Receipts = "return_receipts"
)

// Row is a fused row that the theme database must hold: canonical texts of the
// columns of Columns(entity), `\N` for null.
type Row struct {
	Entity string
	County string // first six digits of its division
	Texts  []string
}

// Checksum is independent of the order of rows.
type Checksum struct {
	Rows int64
	Sum  uint64 // of xxhash64 over the texts joined by \x1f, modulo 2^64
}

func (c *Checksum) add(buf []byte) {
	c.Rows++
	c.Sum += xxhash.Sum64(buf)
}

// kinds of columns: how the warehouse's value becomes the canonical text.
const (
	colText = iota
	colTime
	colList
)

type column struct {
	name string
	kind int
}

func texts(names ...string) []column {
	out := make([]column, len(names))
	for i, n := range names {
		out[i] = column{n, colText}
	}
	return out
}

// fusedColumns are the columns compared, the winner beside the fields on which
// sources disagree most. Codes of lists are compared as codes.
var fusedColumns = map[string][]column{
	"division":         texts("division_code", "name", "canonical_name", "level", "parent_code", "kind", "village_class", "code_system"),
	"organization":     texts("org_id", "division_code", "org_kind", "uscc", "name", "name_src", "established_on", "status", "office_address", "office_phone", "headcount"),
	"facility":         texts("facility_id", "division_code", "facility_kind", "name", "site_type", "area_m2", "area_m2_src", "direct_service_area_m2", "opened_on", "operating"),
	"stat_fact":        texts("family", "measure", "division_code", "period_start", "period_kind", "breakdown", "value", "value_src"),
	"programme_status": texts("programme", "division_code", "as_of", "status", "level", "document_no"),
	"workforce_post":   texts("post_id", "spell_from", "post_kind", "division_code", "holder_pid", "holder_pid_version", "holder_masked"),
	"emergency_plan": {{"plan_id", 0}, {"record_kind", 0}, {"plan_kind", 0}, {"division_code", 0}, {"name", 0}, {"issued_on", 0},
		{"drill_on", 0}, {"participants_n", 0}, {"joint_divisions", colList}},
	"emergency_stock": texts("facility_id", "item_code", "as_of", "division_code", "qty", "unit", "required_qty", "mode", "expires_on"),
	"grid_event": {{"event_id", 0}, {"grid_id", 0}, {"division_code", 0}, {"category", 0}, {"reported_at", colTime}, {"assigned_at", colTime},
		{"closed_at", colTime}, {"handling_tier", 0}, {"outcome", 0}, {"on_time", 0}},
	"division_change": {{"change_id", 0}, {"kind", 0}, {"old_code", 0}, {"old_name", 0}, {"new_name", 0}, {"successor_codes", colList},
		{"reason", 0}, {"document_no", 0}, {"approved_on", 0}, {"snapshot_year", 0}, {"code_system", 0}},
}

// Entities are those whose fused rows are known, in a fixed order.
var Entities = []string{"division", "division_change", "organization", "facility", "stat_fact", "programme_status", "emergency_plan", "emergency_stock", "grid_event", "workforce_post"}

// Columns names the compared columns of an entity.
func Columns(entity string) []string {
	var out []string
	for _, c := range fusedColumns[entity] {
		out = append(out, c.name)
	}
	return out
}

func (c column) expr() string {
	switch c.kind {
	case colTime:
		return `ifNull(toString(toUnixTimestamp64Milli(` + c.name + `)), '\\N')`
	case colList:
		return `arrayStringConcat(` + c.name + `, ',')`
	}
	return `ifNull(toString(` + c.name + `), '\\N')`
}

// countyExpr groups an entity's rows; changes of divisions lie in no county.
func countyExpr(entity string) string {
	if entity == "division_change" {
		return "''"
	}
	return "substring(toString(division_code), 1, 6)"
}

func joined(entity string) string {
	s := "concat("
	for i, c := range fusedColumns[entity] {
		if i > 0 {
			s += `, '\x1f', `
		}
		s += c.expr()
	}
	return s + ")"
}

// ChecksumSQL computes in ClickHouse what FusedChecksums says: county, rows,
// sum. The server streams one line per county.
func ChecksumSQL(entity string) string {
	return "SELECT " + countyExpr(entity) + " AS county, count() AS n, toString(sum(xxHash64(" + joined(entity) + "))) AS s FROM dwd." + entity + " GROUP BY county ORDER BY county"
}

// RowsSQL lists the canonical rows of one county, for a person who wants to
// see the difference.
func RowsSQL(entity, county string) string {
	return "SELECT " + joined(entity) + " AS line FROM dwd." + entity + " WHERE " + countyExpr(entity) + " = '" + county + "' ORDER BY line"
}

func num(n int) string {
	if n < 0 {
		return null
	}
	return strconv.Itoa(n)
}

func ms(n int64) string {
	if n < 0 {
		return null
	}
	return strconv.FormatInt(n, 10)
}

// claimOf is one source's value of one field.
type claimOf struct{ value, source string }

// win is the first value that somebody claims.
func win(claims ...claimOf) claimOf {
	for _, c := range claims {
		if c.value != "" && c.value != null {
			return c
		}
	}
	return claimOf{null, ""}
}

// of is a field of a claim, nothing when the claim does not exist.
func of(live bool, value, source string) claimOf {
	if !live {
		return claimOf{null, source}
	}
	return claimOf{value, source}
}

// fuseOrg restates the authority of organisations: the province decides, but
// the county on how to reach a committee and on its staff.
func (t *tally) fuseOrg(p *place, kind string, gate, ledger *orgClaim) {
	if !gate.live && !ledger.live {
		return
	}
	g := func(v string) claimOf { return of(gate.live, v, Gateway) }
	l := func(v string) claimOf { return of(ledger.live, v, Ledger) }
	name := win(g(gate.name), l(ledger.name))
	uscc := win(g(gate.uscc), l(ledger.uscc)).value
	t.emit("organization", p.code, kind+":"+p.code, p.code, kind, uscc, name.value, name.source,
		win(g(gate.founded.String()), l(ledger.founded.String())).value,
		win(g(gate.status), l(ledger.status)).value,
		win(l(ledger.address), g(gate.address)).value,
		win(l(ledger.phone), g(gate.phone)).value,
		win(l(num(ledger.staff)), g(num(gate.staff))).value)
	if uscc != null {
		t.facts(p).hasCode = true
	}
}

// fuseFacility restates the authority of service complexes: the township
// measures, the county classifies and names, the village knows whether it is open.
func (t *tally) fuseFacility(p *place, ledger, book, form *facilityClaim) {
	if !ledger.live && !book.live && !form.live {
		return
	}
	l := func(v string) claimOf { return of(ledger.live, v, Ledger) }
	b := func(v string) claimOf { return of(book.live, v, Book) }
	f := func(v string) claimOf { return of(form.live, v, Forms) }
	area := win(b(book.area.String()), f(form.area.String()), l(ledger.area.String()))
	site := win(l(ledger.site), b(book.site), f(form.site)).value
	t.emit("facility", p.code, "village_service_complex:"+p.code, p.code, "village_service_complex",
		win(l(ledger.name)).value, site, area.value, area.source,
		win(b(book.direct.String()), f(form.direct.String()), l(ledger.direct.String())).value,
		win(l(ledger.opened.String()), b(book.opened.String())).value,
		win(f(form.operates), l(ledger.operates)).value)
	x := t.facts(p)
	x.complex, x.site, x.area, x.direct = true, site, noDec, noDec
	for _, c := range []*facilityClaim{ledger, form, book} { // the strongest last
		if c.live && c.area != noDec {
			x.area = c.area
		}
		if c.live && c.direct != noDec {
			x.direct = c.direct
		}
	}
}

func familyOf(measure string) string {
	if measure == measCommWorkers {
		return "workforce"
	}
	return "population"
}

// fuseStat restates the authority of counts: who is nearer to the people.
func (t *tally) fuseStat(p *place, measure string, start day, kind string, form, book, ledger statClaim) bool {
	v := win(of(form.live, form.value.String(), Forms), of(book.live, book.value.String(), Book), of(ledger.live, ledger.value.String(), Ledger))
	if v.source == "" {
		return false
	}
	t.emit("stat_fact", p.code, familyOf(measure), measure, p.code, start.String(), kind, "", v.value, v.source)
	return true
}

func strongest(claims ...statClaim) dec4 {
	for _, c := range claims {
		if c.live {
			return c.value
		}
	}
	return noDec
}
