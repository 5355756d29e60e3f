package world

import (
	"iter"
	"strings"
)

// The townships' workbooks: three sheets each.

// Townships is the number of townships in scope; not every one drops a workbook.
func (w *World) Townships() int { return len(w.townships) }

// Workbook says what a township's workbook is called and when it was saved
// (epoch ms, whole seconds). It is false for a township that delivers none.
func (w *World) Workbook(t int) (name string, saved int64, ok bool) {
	if !w.hasWorkbook(t) {
		return "", 0, false
	}
	p := &w.townships[t]
	return p.code[:9] + "_" + p.name + "台账.xlsx", w.bookSaved(t), true
}

// WorkbookCopy says whether the same workbook lies there under another name as
// well: taken once by content, it yields nothing.
func (w *World) WorkbookCopy(t int) (name string, ok bool) {
	r := w.draw(forBook, w.townships[t].idx, 5)
	p := &w.townships[t]
	return p.code[:9] + "_" + p.name + "台账（副本）.xlsx", r.bp(100)
}

func (w *World) bookSaved(t int) int64 {
	r := w.draw(forBook, w.townships[t].idx, 1)
	return (firstDay + day(r.in(1, 8))).ms() + int64(r.in(8*3600, 18*3600))*1000
}

// TownshipName is for the title rows.
func (w *World) TownshipName(t int) string { return w.townships[t].name }

type planClaim struct {
	live                 bool
	id, kind, plan, name string
	issued, drilled      day
	people               int    // -1: none
	joint                string // codes, by commas
	partner              int    // township that took part as well, -1: none
}

var (
	wordsPlanRecord = map[string][]string{"plan": {"预案", "应急预案"}, "drill": {"演练", "应急演练"}}
	wordsPlanKind   = map[string][]string{
		"comprehensive": {"综合", "综合应急预案", "综合演练"}, "flood": {"防汛", "防汛抗旱"}, "fire": {"消防", "火灾"},
		"earthquake": {"地震"}, "work_safety": {"安全生产", "生产安全事故"}, "public_health": {"公共卫生事件"},
	}
	otherPlans = []string{"flood", "fire", "earthquake", "work_safety", "public_health"}
)

// DrillRows yields the rows of the sheet 预案与演练.
func (w *World) DrillRows(t int) iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		w.drills(t, func(rec *Record, _ planClaim) bool { return yield(rec) })
	}
}

func (w *World) drills(t int, yield func(*Record, planClaim) bool) {
	p := &w.townships[t]
	r := w.draw(forTownship, p.idx, 0)
	ownDrill, joint, old := r.bp(9100), r.bp(500), r.bp(3000)
	second, third := pick(&r, otherPlans), pick(&r, otherPlans)
	partner := -1
	if t+1 < len(w.townships) && w.townships[t+1].county == p.county && joint {
		partner = t + 1
	}
	list := []planClaim{
		{kind: "plan", plan: "comprehensive", drilled: noDay},
		{kind: "plan", plan: second, drilled: noDay},
		{kind: "drill", plan: third, drilled: dayOf(2025, r.in(3, 11), r.in(1, 28))},
	}
	if ownDrill {
		list = append(list, planClaim{kind: "drill", plan: "comprehensive", drilled: dayOf(2025, r.in(2, 12), r.in(1, 20))})
	}
	if partner >= 0 {
		list = append(list, planClaim{kind: "drill", plan: "comprehensive", drilled: dayOf(2025, r.in(4, 10), r.in(1, 28)), joint: p.code + "," + w.townships[partner].code})
	}
	if old {
		list = append(list, planClaim{kind: "drill", plan: "comprehensive", drilled: dayOf(2024, r.in(4, 10), r.in(1, 28))})
	}
	var rec Record
	for i := range list {
		c := &list[i]
		c.partner = -1
		if c.joint != "" {
			c.partner = partner
		}
		w.drill(t, i+1, c, &rec)
		if !yield(&rec, *c) {
			return
		}
	}
}

func (w *World) drill(t, no int, c *planClaim, rec *Record) {
	p := &w.townships[t]
	r := w.draw(forBookDrill, p.idx, no)
	c.id = p.code + ":" + itoa(no)
	c.name = shortName(p.name) + wordsPlanKind[c.plan][0] + wordsPlanRecord[c.kind][0]
	c.issued, c.people = dayOf(2019, 1, 1)+day(r.n(2000)), -1
	var issued, drilled, people string
	if c.kind == "drill" {
		issued, c.issued = pick(&r, []string{"", "/", "—"}), noDay
		drilled = dateDirt(&r, c.drilled, dateDot)
		c.people = r.in(20, 480)
		people = itoa(c.people)
	} else {
		issued = dateDirt(&r, c.issued, dateHan)
	}
	kind := codeDirt(&r, wordsPlanRecord[c.kind], "桌面推演")
	plan := codeDirt(&r, wordsPlanKind[c.plan], "反诈")
	rec.reset(itoa(no), kind, c.name, plan, issued, drilled, people, strings.ReplaceAll(c.joint, ",", "、"))
	rec.At, rec.Rule = w.bookSaved(t), r.rule
	c.live = r.rule == ""
}

// bookTotals says whether a sheet ends with a total row, and whether that is wrong.
func (w *World) bookTotals(t, sheet int) (has, wrong, sub bool) {
	r := w.draw(forBook, w.townships[t].idx, 10+sheet)
	return r.bp(8000), r.bp(200), r.bp(1000)
}

const (
	sheetFacility = iota
	sheetHousehold
)

// blockSums follows the two summed columns of a sheet, in 1/100.
type blockSums struct{ all, block [2]int64 }

func (s *blockSums) add(a, b int64) {
	s.all[0] += a
	s.all[1] += b
	s.block[0] += a
	s.block[1] += b
}

// FacilityRows yields the rows of the sheet 综合服务设施. A record whose Times
// is 0 is a total row that is right: the connector checks it and leaves it out.
func (w *World) FacilityRows(t int) iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		w.sheetRows(t, sheetFacility, func(v int, rec *Record) (int64, int64) {
			return w.bookFacilityRow(v, rec)
		}, yield)
	}
}

// HouseholdRows yields the rows of the sheet 户数.
func (w *World) HouseholdRows(t int) iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		w.sheetRows(t, sheetHousehold, func(v int, rec *Record) (int64, int64) {
			_, _, a, b := w.bookHousehold(v, rec)
			return a, b
		}, yield)
	}
}

func (w *World) bookFacilityRow(v int, rec *Record) (int64, int64) {
	_, a, b := w.bookFacility(v, rec)
	return a, b
}

// sheetRows yields the rows of villages with the total rows between them.
func (w *World) sheetRows(t, sheet int, row func(int, *Record) (int64, int64), yield func(*Record) bool) {
	p := &w.townships[t]
	has, wrong, sub := w.bookTotals(t, sheet)
	var rec Record
	var sums blockSums
	for v := p.from; v < p.to; v++ {
		if sheet == sheetHousehold && w.villages[v].virtual() {
			continue
		}
		sums.add(row(v, &rec))
		if !yield(&rec) {
			return
		}
		if has && sub && (v == (p.from+p.to)/2 || v == p.to-1) {
			w.totalRow(t, sheet, "小计", sums.block, false, &rec)
			sums.block = [2]int64{}
			if !yield(&rec) {
				return
			}
		}
	}
	if has {
		w.totalRow(t, sheet, pick(&rng{s: uint64(t)}, []string{"合计", "合 计", "总计"}), sums.all, wrong, &rec)
		yield(&rec)
	}
}

func (w *World) totalRow(t, sheet int, label string, sums [2]int64, wrong bool, rec *Record) {
	if wrong {
		sums[0] += 1700
	}
	a, b := fixed(sums[0], 2), fixed(sums[1], 2)
	if sheet == sheetFacility {
		rec.reset(label, "", "", "", a, b, "")
	} else {
		rec.reset(label, "", "", "", a, b)
	}
	rec.At = w.bookSaved(t)
	rec.Times = 0
	if wrong {
		rec.Times, rec.Rule, rec.Rule2 = 1, ruleTotal, ruleTotal
	}
}

func (w *World) bookFacility(v int, rec *Record) (c facilityClaim, area, direct int64) {
	p := &w.villages[v]
	t := w.village(v)
	r := w.draw(forBookFacility, p.idx, 0)
	if p.virtual() {
		r.spoil(ruleDivVirtual)
	}
	has, _, _ := w.bookTotals(p.township, sheetFacility)
	c = facilityClaim{live: true, name: null, site: t.site, opened: t.opened, operates: null}
	area = r.noise(t.area, 100)
	direct = min(area, r.noise(t.direct, 100))
	areaDirt(&r, &area, &direct)
	c.area, c.direct = dec4(area*100), dec4(direct*100)
	areaText, directText := fixed(area, 2), fixed(direct, 2)
	if !has && r.bp(80) && r.spoil(ruleNumber) {
		areaText = "约" + areaText
	}
	rec.reset(itoa(v-w.townships[p.township].from+1), divisionDirt(&r, p.code), p.name,
		codeDirt(&r, wordsSite[c.site], "城中村"), areaText, directText, dateDirt(&r, c.opened, dateSerial))
	rec.At, rec.Rule = w.bookSaved(p.township), r.rule
	c.live = r.rule == ""
	return c, area, direct
}

// bookHousehold writes one row that two flows read: households and people.
func (w *World) bookHousehold(v int, rec *Record) (house, people statClaim, a, b int64) {
	p := &w.villages[v]
	t := w.village(v)
	r := w.draw(forBookHousehold, p.idx, 0)
	has, _, _ := w.bookTotals(p.township, sheetHousehold)
	n := int(max(1, r.noise(int64(t.house[months-1]), 100)))
	k := int(max(1, r.noise(int64(t.people[months-1]), 100)))
	div, month := divisionDirt(&r, p.code), monthDirt(&r, months-1, 2)
	both := r.rule
	nText, kText := itoa(n), itoa(k)
	var rule1, rule2 string
	if !has {
		nText = countDirt(&r, n, "")
		rule1 = r.rule
		r.rule = both
		kText = countDirt(&r, k, "")
		rule2 = r.rule
	}
	if both != "" {
		rule1, rule2 = both, both
	}
	rec.reset(itoa(v-w.townships[p.township].from+1), div, p.name, month, nText, kText)
	rec.At, rec.Rule, rec.Rule2 = w.bookSaved(p.township), rule1, rule2
	return statClaim{rule1 == "", dec4(n) * 10000}, statClaim{rule2 == "", dec4(k) * 10000}, int64(n) * 100, int64(k) * 100
}
