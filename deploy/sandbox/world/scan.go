package world

import (
	"encoding/csv"
	"iter"
	"strings"

	"rongtong/schemas/divisions"
)

// The passes over the world: every record once, its fate into the books, its
// claim into the fusion.

// county passes over what county, townships and villages say.
func (t *tally) county(c int) {
	w := t.w
	for k := range w.townships {
		if p := &w.townships[k]; p.county == c {
			t.township(k)
		}
	}
	for v := w.counties[c].from; v < w.counties[c].to; v++ {
		t.village(v)
	}
}

func (t *tally) village(v int) {
	w := t.w
	p := &w.villages[v]
	hasBook := w.hasWorkbook(p.township)
	var book facilityClaim
	if hasBook {
		book, _, _ = w.bookFacility(v, &t.rec)
		t.count(flowBookFacility)
		t.fed(book.live, w.townships[p.township].idx)
	}
	if p.virtual() {
		return
	}
	t.committee(v)
	t.workers(v)
	form := t.forms(v)
	ledger := t.ledgerFacility(v)
	t.fuseFacility(p, &ledger, &book, &form)
	t.stats(v, hasBook)
}

// fed notes that a division supplied an accepted record.
func (t *tally) fed(live bool, idx int) {
	if live {
		t.factsAt(idx).feeds = true
	}
}

func (t *tally) committee(v int) {
	w := t.w
	p := &w.villages[v]
	if !p.committee() {
		return
	}
	gate := w.committee(v, 0, false, &t.rec)
	t.count(flowGateCommittee)
	if w.isWithdrawn(v) {
		gate = w.committee(v, 0, true, &t.rec)
		t.count(flowGateCommittee)
	}
	var ledger orgClaim
	for d := range Days {
		if !w.ledgerHas(forLedgerCommittee, v, d) {
			continue
		}
		c := w.ledgerCommittee(v, d, &t.rec)
		t.count(flowLedgerCommittee)
		t.fed(c.live, w.counties[p.county].idx)
		if c.live {
			ledger = c
		}
	}
	kind := "village_committee"
	if p.class == divisions.ResidentsCommittee {
		kind = "residents_committee"
	}
	t.fuseOrg(p, kind, &gate, &ledger)
}

func (t *tally) ledgerFacility(v int) (ledger facilityClaim) {
	w := t.w
	for d := range Days {
		if !w.ledgerHas(forLedgerFacility, v, d) {
			continue
		}
		c := w.ledgerFacility(v, d, &t.rec)
		t.count(flowLedgerFacility)
		t.fed(c.live, w.counties[w.villages[v].county].idx)
		if c.live {
			ledger = c
		}
	}
	return ledger
}

func (t *tally) forms(v int) (c facilityClaim) {
	w := t.w
	if w.silentVillage(v) {
		return c
	}
	c = w.formFacility(v, &t.rec)
	if w.BatchTwice(FormFacility, w.villages[v].township) {
		t.rec.Times = 2
	}
	t.count(flowFormFacility)
	t.fed(c.live, w.villages[v].idx)
	return c
}

// stats passes over households and people.
func (t *tally) stats(v int, hasBook bool) {
	w := t.w
	p := &w.villages[v]
	var form [2][months]statClaim
	if !w.silentVillage(v) {
		form = t.formMeasures(v)
	}
	var bookHouse, bookPeople statClaim
	if hasBook {
		bookHouse, bookPeople, _, _ = w.bookHousehold(v, &t.rec)
		t.books[flowBookHouse].add(t.rec.Rule, t.rec.Times)
		t.books[flowBookPeople].add(t.rec.Rule2, t.rec.Times)
		t.fed(bookHouse.live || bookPeople.live, w.townships[p.township].idx)
	}
	for m := range months {
		var book, people statClaim
		if m == months-1 {
			book, people = bookHouse, bookPeople
		}
		ledger := t.ledgerHouse(v, m)
		start := dayOf(2025, monthAt(m), 1)
		if t.fuseStat(p, measHouseholds, start, "M", form[0][m], book, ledger) {
			t.facts(p).house = strongest(form[0][m], book, ledger)
		}
		t.fuseStat(p, measPopulation, start, "M", form[1][m], people, statClaim{})
	}
}

func (t *tally) formMeasures(v int) (form [2][months]statClaim) {
	w := t.w
	twice := w.BatchTwice(FormMeasure, w.villages[v].township)
	for k := range formMeasures + 1 {
		if k == formMeasures && !w.formAgain(v) {
			continue
		}
		c := w.formMeasure(v, k, &t.rec)
		if twice {
			t.rec.Times = 2
		}
		t.count(flowFormMeasure)
		t.fed(c.live, w.villages[v].idx)
		measure, m := formMeasureOf(k)
		series := 0
		if measure == measPopulation {
			series = 1
		}
		if c.live {
			form[series][m] = c
		}
	}
	return form
}

func (t *tally) ledgerHouse(v, m int) (ledger statClaim) {
	w := t.w
	for _, d := range [2]int{w.houseFirst(v), w.houseAgain(v, m)} {
		if d < 0 {
			continue
		}
		c := w.ledgerHouse(v, m, d, &t.rec)
		t.count(flowLedgerHouse)
		t.fed(c.live, w.counties[w.villages[v].county].idx)
		if c.live {
			ledger = c
		}
	}
	return ledger
}

func (t *tally) township(k int) {
	w := t.w
	t.stock(k)
	t.socialOrgs(k)
	t.stations(k)
	if !w.hasWorkbook(k) {
		return
	}
	p := &w.townships[k]
	w.drills(k, func(rec *Record, c planClaim) bool {
		t.books[flowBookDrill].add(rec.Rule, rec.Times)
		if !c.live {
			return true
		}
		t.fed(true, p.idx)
		name := c.name
		t.emit("emergency_plan", p.code, c.id, c.kind, c.plan, p.code, name, c.issued.String(), c.drilled.String(), num(c.people), c.joint)
		if c.kind == "drill" && c.plan == "comprehensive" && c.drilled >= dayOf(2025, 1, 1) && c.drilled <= asOf {
			t.facts(p).drill = true
			if c.partner >= 0 {
				t.facts(&w.townships[c.partner]).drill = true
			}
		}
		return true
	})
	for sheet, flows := range map[int][]int{sheetFacility: {flowBookFacility}, sheetHousehold: {flowBookHouse, flowBookPeople}} {
		if has, wrong, _ := w.bookTotals(k, sheet); has && wrong {
			for _, f := range flows {
				t.books[f].add(ruleTotal, 1)
			}
		}
	}
}

// gateway passes over the smart community programme.
func (t *tally) gateway() {
	w := t.w
	for i := range w.smart {
		p := &w.villages[w.smart[i]]
		for q := range smartQuarters {
			c := w.smartRow(i, q, &t.rec)
			t.count(flowGateSmart)
			if !c.live {
				continue
			}
			t.emit("programme_status", p.code, "smart_community", p.code, c.asOf.String(), c.status, c.level, c.document)
			t.facts(p).smart = c.status
		}
	}
	root, _ := w.reg.Lookup("370000000000")
	t.fed(true, root.Index) // the gateway's own records are the province's
}

func (t *tally) reports() {
	w := t.w
	for i := range w.Reports() {
		c, ok := w.report(i, &t.rec)
		if !ok {
			continue
		}
		t.count(flowReport)
		if !c.live {
			continue
		}
		p := &w.counties[c.county]
		t.fed(true, w.cities[p.city].idx)
		start := dayOf(2025, 1+3*c.quarter, 1)
		t.emit("stat_fact", p.code, familyOf(c.measure), c.measure, p.code, start.String(), "Q", "", c.value.String(), City)
		f := t.facts(p)
		if c.quarter == 3 {
			if c.measure == measUrbanPop {
				f.people = c.value
			} else {
				f.workers = c.value
			}
		}
	}
}

// receipts are those of one round: every division of the register gets its
// delivery, also where nothing else of it is simulated.
func (t *tally) receipts() {
	for d := range t.w.reg.All("") {
		if t.w.ReceiptOf(d.Code).Answers {
			t.books[flowReceipt].add("", 1)
		}
	}
}

func (t *tally) event(i int) {
	w := t.w
	c := w.event(i, &t.rec)
	t.count(flowEvent)
	if !c.live {
		return
	}
	t.fed(true, w.cities[w.villages[c.village].city].idx)
	t.emit("grid_event", c.division, c.id, c.grid, c.division, c.category, ms(c.reported), ms(c.assigned), ms(c.closed), c.tier, c.outcome, c.onTime)
}

// register passes over the real files: nothing in them is ours, so their fate
// is worked out from what is written.
func (t *tally) register() {
	for _, f := range lines(divisions.RegisterCSV()) {
		t.books[flowDivision].add("", 1)
		code := f["division_code"]
		kind, class := divisions.KindOf(code), orNull(divisions.VillageClassOf(code))
		t.emit("division", code, code, f["name"], canonical(f["name"]), f["tier"], orNull(f["parent_code"]), kind, class, divisions.CodeSystem)
	}
	t.changes(flowCountyChange, divisions.CountyHistoryCSV(), func(f map[string]string) (string, []string) {
		id := f["mca_snapshot_year"] + ":" + f["op"] + ":" + f["code"]
		return id, []string{id, f["op"], pad12(f["code"]), orNull(f["name"]), null, list(f["successor_codes"]),
			null, orNull(f["approval_document"]), orNull(f["approved_on"]), f["mca_snapshot_year"], "mca9"}
	})
	t.changes(flowTownshipChange, divisions.TownshipChangesCSV(), func(f map[string]string) (string, []string) {
		id := f["year"] + ":" + f["sheet_row"]
		kind := "recode"
		switch was, is := f["old_code"], f["new_code"]; {
		case was == "":
			kind = "created"
		case is == "":
			kind = "retired"
		case was == is:
			kind = "rename"
		}
		return id, []string{id, kind, pad12(f["old_code"]), orNull(f["old_name"]), orNull(f["new_name"]), list(f["new_code"]),
			orNull(f["reason"]), orNull(f["approval_document"]), null, f["year"], "mca9"}
	})
}

// changes keeps the last record of a key: all records of a file have one date.
func (t *tally) changes(flow int, data []byte, row func(map[string]string) (string, []string)) {
	last := map[string][]string{}
	for _, f := range lines(data) {
		id, texts := row(f)
		b := &t.books[flow]
		b.Records++
		if _, again := last[id]; again {
			b.Duplicate++
		} else {
			b.Accepted++
		}
		last[id] = texts
	}
	for _, texts := range last {
		t.emit("division_change", "", texts...)
	}
}

// lines yields the records of a CSV file by column name.
func lines(data []byte) iter.Seq2[int, map[string]string] {
	return func(yield func(int, map[string]string) bool) {
		rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
		if err != nil {
			panic("world: reading a file of the register: " + err.Error())
		}
		for i, row := range rows[1:] {
			f := make(map[string]string, len(row))
			for k, name := range rows[0] {
				f[name] = strings.TrimSpace(row[k])
			}
			if !yield(i, f) {
				return
			}
		}
	}
}

func list(s string) string { return strings.ReplaceAll(s, ";", ",") }

func pad12(s string) string {
	if s == "" {
		return null
	}
	return (s + "000000000000")[:12]
}

// canonical is a division's name without spaces, with plain brackets, and with
// the words for committees in full.
func canonical(s string) string {
	return strings.NewReplacer(" ", "", "　", "", "（", "(", "）", ")", "居委会", "居民委员会", "村委会", "村民委员会").Replace(s)
}
