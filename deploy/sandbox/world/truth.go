package world

import "rongtong/schemas/divisions"

// months of the household series: 2025-07 … 2025-12.
const months = 6

func monthAt(m int) int { return 7 + m }

// villageTruth is what a village is really like.
type villageTruth struct {
	orgKind  string
	uscc     string // empty: never given
	founded  day
	status   string
	address  string
	phone    string
	staff    int
	site     string
	area     int64 // of the service complex, 1/100 m2
	direct   int64 // of it, for direct service, 1/100 m2
	opened   day
	operates bool
	house    [months]int
	people   [months]int
}

func urbanClass(class string) bool {
	return class == divisions.ResidentsCommittee || class == divisions.QuasiResidents
}

func (w *World) village(v int) villageTruth {
	p := &w.villages[v]
	r := w.draw(forVillage, p.idx, 0)
	t := villageTruth{
		orgKind: "village_committee",
		founded: dayOf(1986, 1, 1) + day(r.n(13000)),
		status:  "active",
		phone:   w.landline(&r, p),
		staff:   r.in(3, 11),
		opened:  dayOf(2008, 1, 1) + day(r.n(6300)),
	}
	if urbanClass(p.class) {
		t.orgKind = "residents_committee"
	}
	if r.bp(60) {
		t.status = pick(&r, []string{"suspended", "dissolved"})
	}
	t.operates = !r.bp(300)
	t.address = shortName(w.townships[p.township].name) + shortName(p.name) + "中心路" + itoa(r.in(1, 199)) + "号"
	if !r.bp(250) {
		t.uscc = w.credit(p, t.orgKind)
	}
	w.settle(&r, p, &t)
	w.build(&r, p, &t)
	return t
}

// settle draws households and people of six months.
func (w *World) settle(r *rng, p *place, t *villageTruth) {
	n := r.in(80, 900)
	if urbanClass(p.class) {
		n = r.in(500, 2900)
		if r.bp(800) {
			n = r.in(3001, 5200)
		}
	}
	perHousehold := r.in(225, 315)
	for m := range months {
		t.house[m] = n
		t.people[m] = n * perHousehold / 100
		n += r.in(-n/200, n/150+1)
	}
}

// baseArea is the floor that the policy sets for a site, m2.
func baseArea(site string) int64 {
	switch site {
	case "built_urban":
		return 300
	case "new_urban", "central_village":
		return 500
	}
	return 100
}

// build draws the service complex: most meet the policy, some narrowly do not.
func (w *World) build(r *rng, p *place, t *villageTruth) {
	switch {
	case urbanClass(p.class) && r.bp(7000):
		t.site = "built_urban"
	case urbanClass(p.class):
		t.site = "new_urban"
	case r.bp(1200):
		t.site = "central_village"
	default:
		t.site = "non_central_village"
	}
	need := max(baseArea(t.site)*100, int64(t.house[months-1])*30)
	share := r.in(100, 210)
	if r.bp(700) {
		share = r.in(55, 99)
	}
	t.area = need * int64(share) / 100
	direct := r.in(70, 92)
	if r.bp(900) {
		direct = r.in(45, 69)
	}
	t.direct = t.area * int64(direct) / 100
}

// credit makes a unified social credit code. 54 and 55 are the classes of
// village and residents' committees; the code is right by construction.
func (w *World) credit(p *place, kind string) string {
	body := "54"
	if kind == "residents_committee" {
		body = "55"
	}
	body += p.code[:6] + "M"
	n := uint64(p.idx)
	for range 8 {
		body += creditAlphabet[n%31 : n%31+1]
		n = n/31 + 7
	}
	return body + string(creditCheck(body))
}

func (w *World) landline(r *rng, p *place) string {
	return "05" + p.code[2:4] + "-" + itoa(10_000_000 + r.in(72_000_000, 89_999_999))[0:8]
}

// countyTruth is what a county reports for the community workers' indicator.
func (w *World) county(c, quarter int) (urbanPeople, workers int) {
	r := w.draw(forCounty, w.counties[c].idx, 0)
	urbanPeople = r.in(90_000, 860_000) + quarter*r.in(50, 900)
	perTenThousand := r.in(1690, 1990) + quarter*4 // 1/100 persons
	return urbanPeople, urbanPeople / 100 * perTenThousand / 10_000
}

// smartStatus is a community's status in the smart community programme in
// quarter 0 (2024Q1) … 7 (2025Q4). It never falls back.
func (w *World) smartStatus(i, quarter int) (status, level string) {
	r := w.draw(forSmart, w.villages[w.smart[i]].idx, 0)
	begins, done := r.in(0, 8), r.in(2, 6)
	switch {
	case r.bp(850):
		begins = 99
	case begins > 7 && r.bp(9500):
		begins = 7
	}
	switch {
	case quarter < begins:
		return "planned", ""
	case quarter < begins+done:
		status = "in_progress"
	default:
		status = "recognised"
	}
	level = "basic"
	if k := r.n(100); k < 8 {
		level = "benchmark"
	} else if k < 35 {
		level = "growing"
	}
	return status, level
}

// Quarters of the smart community series.
const smartQuarters = 8

func quarterEnd(q int) day {
	y, k := 2024+q/4, q%4
	return dayOf(y, 3*k+4, 1) - 1
}

// hasWorkbook: one township in a hundred delivers nothing.
func (w *World) hasWorkbook(t int) bool {
	r := w.draw(forBook, w.townships[t].idx, 0)
	return !r.bp(100)
}

// silentVillage: one village in fifty never submits a form.
func (w *World) silentVillage(v int) bool {
	r := w.draw(forForm, w.villages[v].idx, 99)
	return r.bp(200)
}
