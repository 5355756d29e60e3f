package world

// The cities' operations centre: one table of grid events, one of reports.

// EventColumns are the columns of the table grid_event. A text that is null in
// the table is written as Null.
var EventColumns = []string{"event_no", "grid_code", "category", "reported_at", "assigned_at", "closed_at", "handling_tier", "outcome", "on_time", "reporter_name", "reporter_phone", "content"}

// Null is the text of a value that is NULL in a table.
const Null = null

// eventClaim is a grid event that was accepted.
type eventClaim struct {
	live                         bool
	id, grid, division, category string
	reported, assigned, closed   int64 // epoch ms, -1: none
	tier, outcome, onTime        string
	village                      int
}

const yearMs = 365 * 86400_000

var (
	eventCategories = []string{"environment", "public_facility", "safety_hazard", "fire_hazard", "public_security", "dispute", "traffic", "livelihood", "illegal_building", "utilities", "public_health", "policy_advice", "other"}
	wordsCategory   = map[string][]string{
		"environment": {"环境卫生", "市容环境"}, "public_facility": {"公共设施", "设施损坏"}, "safety_hazard": {"安全隐患"},
		"fire_hazard": {"消防隐患", "消防"}, "public_security": {"社会治安", "治安"}, "dispute": {"矛盾纠纷", "邻里纠纷"},
		"traffic": {"交通秩序"}, "livelihood": {"民生服务", "便民服务"}, "illegal_building": {"违法建设", "违建"},
		"utilities": {"水电气暖"}, "public_health": {"公共卫生"}, "policy_advice": {"政策咨询"}, "other": {"其他", "其它"},
	}
	wordsTier    = map[string][]string{"V": {"V", "村", "社区"}, "T": {"T", "乡镇", "镇街"}, "X": {"X", "县级", "区县"}}
	wordsOutcome = map[string][]string{"resolved": {"已办结", "办结", "已处理"}, "transferred": {"已转办"}, "pending": {"办理中", "待处理"}, "no_action": {"无需处置"}}
)

// Events is the number of different events.
func (w *World) Events() int { return w.Scale.GridEvents }

// EventTwice says whether the centre's table holds the event a second time.
func (w *World) EventTwice(i int) bool {
	r := w.draw(forEvent, i, 9)
	return r.bp(30)
}

// Event makes event i; Times counts both of its rows.
func (w *World) Event(i int, rec *Record) {
	w.event(i, rec)
}

func (w *World) event(i int, rec *Record) eventClaim {
	r := w.draw(forEvent, i, 0)
	v := r.n(len(w.villages))
	for w.villages[v].virtual() {
		v = r.n(len(w.villages))
	}
	p := &w.villages[v]
	c := eventClaim{live: true, id: "SJ2025" + itoa(100_000_000 + i)[1:], division: p.code, village: v, category: pick(&r, eventCategories)}
	c.grid = p.code + itoa(1000 + r.in(1, 12))[1:]
	step := yearMs / int64(w.Scale.GridEvents)
	c.reported = dayOf(2025, 1, 1).ms() + (int64(i)*step+int64(r.n(int(step))))/1000*1000
	c.assigned = c.reported + int64(r.in(60, 7200))*1000
	c.closed = c.assigned + int64(r.in(1800, 20*86400))*1000
	c.tier = pick(&r, []string{"V", "V", "V", "T", "T", "X"})
	c.outcome, c.onTime = "resolved", "yes"
	if r.bp(700) {
		c.outcome = pick(&r, []string{"transferred", "no_action"})
	}
	if r.bp(400) {
		c.onTime = "no"
	}
	if c.closed > asOf.ms() {
		c.closed, c.outcome, c.onTime = -1, "pending", null
	}
	w.writeEvent(&r, i, &c, rec)
	return c
}

func (w *World) writeEvent(r *rng, i int, c *eventClaim, rec *Record) {
	grid, closed, onTime := c.grid, null, null
	if c.onTime != null {
		closed = clock(c.closed)
		onTime = yesNo(r, c.onTime == "yes")
	}
	assigned := clock(c.assigned)
	switch k := r.n(10000); {
	case k < 25 && r.spoil(ruleDivUnknown):
		grid = grid[:9] + unknownVillage + grid[12:]
	case k < 50 && c.closed >= 0 && r.spoil(ruleClosedBefore):
		closed = clock(c.reported - int64(r.in(60, 90_000))*1000)
	case k < 300:
		grid = fullWidth(grid)
	case k < 400:
		assigned, c.assigned = pick(r, []string{"", "无", null}), -1
	}
	category := codeDirt(r, wordsCategory[c.category], "群众建言")
	tier := codeDirt(r, wordsTier[c.tier], "小区")
	p := w.person(c.village, 2)
	rec.reset(c.id, grid, category, clock(c.reported), assigned, closed, tier, wordsOutcome[c.outcome][r.n(len(wordsOutcome[c.outcome]))], onTime, p.name, p.phone, p.name+"反映情况，电话"+p.phone)
	rec.At, rec.Rule = c.reported, r.rule
	if w.EventTwice(i) {
		rec.Times = 2
	}
	c.live = r.rule == ""
}

// ReportColumns are the columns of the table stat_report.
var ReportColumns = []string{"county", "measure", "period", "amount", "reported_at"}

var reportMeasures = []string{measUrbanPop, measCommWorkers}

// Reports is the number of rows of the report table: every county, measure and
// quarter of 2025, and then the corrections of those that were refused.
func (w *World) Reports() int { return 2 * w.reportsOnce() }

func (w *World) reportsOnce() int { return len(w.civil) * len(reportMeasures) * 4 }

type reportClaim struct {
	live    bool
	county  int
	measure string
	quarter int // 0 … 3
	value   dec4
}

// Report makes row i, or says that there is none: a report that was right is
// not corrected.
func (w *World) Report(i int, rec *Record) bool {
	_, ok := w.report(i, rec)
	return ok
}

func (w *World) report(i int, rec *Record) (reportClaim, bool) {
	n := w.reportsOnce()
	if i < n {
		return w.writeReport(i, false, rec), true
	}
	if w.writeReport(i-n, false, rec); rec.Rule == "" {
		return reportClaim{}, false
	}
	return w.writeReport(i-n, true, rec), true
}

func (w *World) writeReport(i int, correction bool, rec *Record) reportClaim {
	m, q, k := i%2, i/2%4, i/8
	c := reportClaim{county: w.civil[k], measure: reportMeasures[m], quarter: q}
	p := &w.counties[c.county]
	people, workers := w.county(c.county, q)
	n := people
	if m == 1 {
		n = workers
	}
	c.value = dec4(n) * 10000
	r := w.draw(forStat, p.idx, q*2+m)
	at := [4]day{dayOf(2025, 4, 11), dayOf(2025, 7, 11), dayOf(2025, 10, 11), dayOf(2025, 12, 26)}[q].ms() + 9*3600_000 + int64(r.n(80_000))*1000
	amount, period := itoa(n), "2025Q"+itoa(q+1)
	if correction {
		at += 86400_000 * 2
	} else {
		switch x := r.n(1000); {
		case x < 12 && r.spoil(ruleNumber):
			amount += "左右"
		case x < 20 && r.spoil(rulePeriod):
			period = "2025Q" + itoa(q+6)
		case x < 150:
			amount = thousands(n)
		}
	}
	if r.rule == "" && r.bp(3000) {
		period = pick(&r, []string{"20250" + itoa(q+1), "2025年第" + hanDigit(q+1) + "季度"})
	}
	rec.reset(p.code[:6], codeDirt2(&r, wordsMeasure[c.measure]), period, amount, clock(at))
	rec.At, rec.Rule = at, r.rule
	c.live = r.rule == ""
	return c
}

// codeDirt2 only varies the word: reports are too few to be lost.
func codeDirt2(r *rng, words []string) string { return pick(r, words) }
