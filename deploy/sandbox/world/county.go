package world

import (
	"iter"
	"sort"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Columns of the counties' daily files.
var (
	ledgerCommitteeColumns = []string{"统一社会信用代码", "名称", "区划代码", "组织类别", "成立日期", "状态", "办公地址", "办公电话", "工作人员数", "负责人", "负责人身份证号"}
	ledgerFacilityColumns  = []string{"区划代码", "设施名称", "类别", "面积", "面积单位", "直接服务面积", "启用日期", "是否运行"}
	ledgerHouseColumns     = []string{"区划代码", "月份", "常住户数"}
)

// Streams of the county ledgers.
const (
	LedgerCommittee = "committee"
	LedgerFacility  = "facility"
	LedgerHousehold = "household"
)

// LedgerFile is one file of a county's folder.
type LedgerFile struct {
	County int // index
	Code   string
	Stream string
	Day    int    // 0 … Days-1: which day's content it has
	Date   day    // in its name
	Name   string // "370102/committee_20251222.csv"
}

// Counties is the number of county folders.
func (w *World) Counties() int { return len(w.counties) }

// CountyCode is the six-digit name of a county's folder.
func (w *World) CountyCode(c int) string { return w.counties[c].code[:6] }

// LedgerFiles lists the files of a county, in order of names.
func (w *World) LedgerFiles(c int) []LedgerFile {
	var out []LedgerFile
	code := w.CountyCode(c)
	for _, stream := range []string{LedgerCommittee, LedgerFacility, LedgerHousehold, LedgerWorker} {
		for d := range Days {
			date := firstDay + day(d)
			out = append(out, LedgerFile{c, code, stream, d, date, code + "/" + stream + "_" + date.shape(dateCompact) + ".csv"})
		}
	}
	if w.hasOffices(c) {
		out = append(out, LedgerFile{c, code, OfficeStation, 0, firstDay, code + "/" + OfficeStation + "_" + firstDay.shape(dateCompact) + ".csv"})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// LedgerRecords yields the records of a county's file of a day. The record is
// valid until the next one.
func (w *World) LedgerRecords(stream string, c, d int) iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		var rec Record
		if stream == OfficeStation {
			w.officeRecords(c)(yield)
			return
		}
		for v := w.counties[c].from; v < w.counties[c].to; v++ {
			if w.villages[v].virtual() {
				continue
			}
			switch stream {
			case LedgerCommittee:
				if w.ledgerHas(forLedgerCommittee, v, d) && w.villages[v].committee() {
					w.ledgerCommittee(v, d, &rec)
					if !yield(&rec) {
						return
					}
				}
			case LedgerFacility:
				if w.ledgerHas(forLedgerFacility, v, d) {
					w.ledgerFacility(v, d, &rec)
					if !yield(&rec) {
						return
					}
				}
			case LedgerWorker:
				if w.ledgerHas(forLedgerWorker, v, d) && w.villages[v].committee() {
					w.ledgerWorker(v, d, &rec)
					if !yield(&rec) {
						return
					}
				}
			default:
				for m := range months {
					if w.houseFirst(v) == d || w.houseAgain(v, m) == d {
						w.ledgerHouse(v, m, d, &rec)
						if !yield(&rec) {
							return
						}
					}
				}
			}
		}
	}
}

// ledgerHas: everything on the first day, then what changed.
func (w *World) ledgerHas(p purpose, v, d int) bool {
	if d == 0 {
		return true
	}
	r := w.draw(p, w.villages[v].idx, 100+d)
	return r.bp(200)
}

// times: a few rows stand twice in the same file.
func times(r *rng) int {
	if r.bp(30) {
		return 2
	}
	return 1
}

// rareAddress has a character outside GBK, and one that the decoder of this
// language's library loses.
const rareAddress = "𬜬山䅟茬路龴号"

func (w *World) ledgerCommittee(v, d int, rec *Record) orgClaim {
	p := &w.villages[v]
	t := w.village(v)
	r := w.draw(forLedgerCommittee, p.idx, d)
	c := orgClaim{live: true, kind: t.orgKind, uscc: orNull(t.uscc), name: p.name, founded: t.founded, status: t.status, address: t.address, phone: t.phone, staff: t.staff}
	if r.bp(3000) { // the county's own way of writing names
		c.name = shortName(w.townships[p.township].name) + p.name
	}
	if r.bp(500) {
		c.founded -= day(r.in(1, 400))
	}
	if d > 0 { // what changed
		c.staff += r.in(0, 2)
		c.address = strings.TrimSuffix(c.address, "号") + "-" + itoa(d) + "号"
	}
	if r.bp(40) {
		c.address = rareAddress
	}
	person := w.person(v, 1)
	o := writeOrg(&r, &c, p.code, dateSlash)
	o.phone, o.staff = c.phone, itoa(c.staff)
	switch k := r.n(10000); {
	case k < 150:
		o.phone, c.phone = pick(&r, []string{"", "无", "暂无", placeholderPhone}), null
	case k < 250:
		o.phone = fullWidth(c.phone)
	case k < 350:
		o.phone += trailingSpaces
	}
	switch k := r.n(10000); {
	case k < 120:
		o.staff, c.staff = pick(&r, []string{"", "不详", "—"}), -1
	case k < 220:
		o.staff = fullWidth(o.staff)
	}
	rec.reset(o.uscc, o.name, o.division, o.kind, o.founded, o.status, o.address, o.phone, o.staff, person.name, person.id)
	finishLedger(&r, rec, d, 1)
	c.live = rec.Rule == ""
	return c
}

// finishLedger sets what all rows of the daily files have in common. Text is
// the column in which a broken byte may stand, -1 for none.
func finishLedger(r *rng, rec *Record, d, text int) {
	switch k := r.n(10000); {
	case k < 10 && text >= 0 && r.spoil(ruleEncoding):
		rec.Broken = 1 + text
	case k < 18 && r.spoil(ruleColumns):
		rec.Extra = true
	}
	rec.At, rec.Rule = (firstDay + day(d)).ms(), r.rule
	rec.Times = times(r)
}

func (w *World) ledgerFacility(v, d int, rec *Record) facilityClaim {
	p := &w.villages[v]
	t := w.village(v)
	r := w.draw(forLedgerFacility, p.idx, d)
	c := facilityClaim{live: true, name: shortName(p.name) + "综合服务中心", site: t.site, opened: t.opened, operates: "yes"}
	if t.operates == r.bp(100) {
		c.operates = "no"
	}
	area := r.noise(t.area, 600) / 100 * 100
	direct := min(area, r.noise(t.direct, 600)/100*100)
	if d > 0 {
		area += int64(d) * 100
	}
	u := r.unit()
	spoiled := areaDirt(&r, &area, &direct)
	if spoiled {
		u = unitMetre
	}
	var areaText, directText string
	areaText, c.area = u.write(area)
	directText, c.direct = u.write(direct)
	if !spoiled && r.bp(100) {
		directText, c.direct = pick(&r, []string{"", "不详", "暂无"}), noDec
	}
	div := divisionDirt(&r, p.code)
	site := codeDirt(&r, wordsSite[c.site], "城中村")
	opened := dateDirt(&r, c.opened, dateSlash)
	name := c.name
	if r.bp(80) {
		name, c.name = "暂无", null
	}
	rec.reset(div, name, site, areaText, pick(&r, unitWords[u]), directText, opened, yesNo(&r, c.operates == "yes"))
	finishLedger(&r, rec, d, 1)
	c.live = rec.Rule == ""
	return c
}

// houseFirst is the day on which a village's half-year series arrives.
func (w *World) houseFirst(v int) int { return w.villages[v].idx % Days }

// houseAgain is the later day on which a figure is corrected, -1 for never.
func (w *World) houseAgain(v, m int) int {
	r := w.draw(forLedgerHousehold, w.villages[v].idx, 1000+m)
	d := w.houseFirst(v)
	if d == Days-1 || !r.bp(330) {
		return -1
	}
	return r.in(d+1, Days-1)
}

func (w *World) ledgerHouse(v, m, d int, rec *Record) statClaim {
	p := &w.villages[v]
	t := w.village(v)
	r := w.draw(forLedgerHousehold, p.idx, m*Days+d)
	n := int(max(1, r.noise(int64(t.house[m]), 300)))
	value := countDirt(&r, n, "户")
	month := monthDirt(&r, m, 0)
	div := divisionDirt(&r, p.code)
	rec.reset(div, month, value)
	finishLedger(&r, rec, d, -1)
	return statClaim{rec.Rule == "", dec4(n) * 10000}
}

// LedgerBytes is the file as it lies on the counties' server: GB 18030, every
// field quoted, LF, no byte order mark.
func (w *World) LedgerBytes(f LedgerFile) []byte {
	columns := map[string][]string{LedgerCommittee: ledgerCommitteeColumns, LedgerFacility: ledgerFacilityColumns, LedgerHousehold: ledgerHouseColumns, LedgerWorker: ledgerWorkerColumns, OfficeStation: officeStationColumns}[f.Stream]
	enc := simplifiedchinese.GB18030.NewEncoder()
	var out, line []byte
	write := func(fields []string, broken int, extra bool) {
		line = line[:0]
		for i, s := range fields {
			if i > 0 {
				line = append(line, ',')
			}
			line = append(line, '"')
			line = append(line, s...) // no field holds a quote
			if i == broken-1 {
				line = append(line, brokenMark...)
			}
			line = append(line, '"')
		}
		if extra {
			line = append(line, `,"1"`...)
		}
		line = append(line, '\n')
		out = appendGB(out, enc, line)
	}
	write(columns, 0, false)
	for rec := range w.LedgerRecords(f.Stream, f.County, f.Day) {
		for range rec.Times {
			write(rec.Wire, rec.Broken, rec.Extra)
		}
	}
	return out
}

// Written is when the county's server got the file.
func (f LedgerFile) Written() time.Time { return time.UnixMilli(f.Date.ms() + 20*3600_000).UTC() }

// Began is when deliveries began.
func Began() time.Time { return time.UnixMilli(firstDay.ms()).UTC() }
