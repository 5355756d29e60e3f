package world

// The province's gateway and its file service.

// SecondsPerRow spaces the change times of the gateway's rows, so that a list
// in order of change time grows at its end.
const secondsPerRow = 9

var gatewayStart = firstDay.ms() + 6*3600_000

// CommitteeColumns are the gateway's names of a committee's fields.
var CommitteeColumns = []string{"tyshxydm", "zzmc", "xzqh", "zzlx", "clrq", "zt", "dz", "cd_time", "cd_operation", "fddbr", "fddbr_sfzh"}

// CommitteeRows is the number of rows of the gateway's committee list: every
// committee once, then those withdrawn later.
func (w *World) CommitteeRows() int { return len(w.committees) + len(w.withdrawn) }

func (w *World) isWithdrawn(v int) bool {
	r := w.draw(forGatewayCommittee, w.villages[v].idx, 7)
	return r.bp(20)
}

// Committee makes row i of the list.
func (w *World) Committee(i int, rec *Record) {
	if i < len(w.committees) {
		w.committee(w.committees[i], i, false, rec)
		return
	}
	w.committee(w.withdrawn[i-len(w.committees)], i, true, rec)
}

func (w *World) committee(v, row int, withdraw bool, rec *Record) orgClaim {
	p := &w.villages[v]
	t := w.village(v)
	r := w.draw(forGatewayCommittee, p.idx, 0)
	c := orgClaim{live: true, kind: t.orgKind, uscc: orNull(t.uscc), name: p.name, founded: t.founded, status: t.status, address: t.address, phone: null, staff: -1}
	if r.bp(200) {
		c.founded += day(r.in(1, 60)) // registered later than founded, say the province's books
	}
	at := gatewayStart + int64(row)*secondsPerRow*1000
	person := w.person(v, 0)
	if withdraw {
		rec.reset(emptyFor(c.uscc), c.name, p.code, wordsOrgKind[c.kind][0], c.founded.String(), wordsOrgStatus["dissolved"][0], c.address, clock(at), "D", person.name, person.id)
		rec.At, rec.Delete = at, true
		return orgClaim{withdrawn: true}
	}
	d := writeOrg(&r, &c, p.code, dateISO)
	rec.reset(d.uscc, d.name, d.division, d.kind, d.founded, d.status, d.address, clock(at), "I", person.name, person.id)
	rec.At, rec.Rule = at, r.rule
	c.live = r.rule == ""
	return c
}

func orNull(s string) string {
	if s == "" {
		return null
	}
	return s
}

// emptyFor is how a missing value is written on the wire.
func emptyFor(s string) string {
	if s == null {
		return ""
	}
	return s
}

// StationColumns are the gateway's names of a social work station's fields.
var StationColumns = []string{"zdbh", "zdmc", "xzqh", "ktrq", "sfyy", "mj", "cd_time"}

// StationRows is the number of rows of the station list.
func (w *World) StationRows() int { return len(w.stations) }

// hasStation: a few townships have none yet.
func (w *World) hasStation(t int) bool {
	r := w.draw(forTownship, w.townships[t].idx, 1)
	return r.bp(9800)
}

type station struct {
	id string
	facilityClaim
}

// Station makes row i of the station list.
func (w *World) Station(i int, rec *Record) { w.station(i, rec) }

func (w *World) station(i int, rec *Record) station {
	p := &w.townships[w.stations[i]]
	r := w.draw(forGatewayStation, p.idx, 0)
	c := facilityClaim{live: true, name: w.stationName(w.stations[i]), site: "township", direct: noDec, opened: stationOpened(&r), operates: "yes"}
	if r.bp(120) {
		c.operates = "no"
	}
	area := int64(r.in(60, 480))
	c.area = dec4(area * 10000)
	mj := itoa(int(area))
	if r.bp(150) {
		mj, c.area = pick(&r, []string{"", "暂无", "不详"}), noDec
	}
	no := "SGZ" + itoa(1000 + r.n(9000))[1:]
	div := divisionDirt(&r, p.code)
	date := dateDirt(&r, c.opened, dateISO)
	at := gatewayStart + int64(i)*secondsPerRow*1000
	rec.reset(no, c.name, div, date, yesNo(&r, c.operates == "yes"), mj, clock(at))
	rec.At, rec.Rule = at, r.rule
	c.live = rec.Rule == ""
	return station{"social_work_station:" + p.code + ":" + no, c}
}

// SmartColumns are the gateway's names of the smart community programme.
var SmartColumns = []string{"xzqh", "jd", "zt", "dj", "wh", "cd_time"}

// SmartRows is the number of rows of the smart community list.
func (w *World) SmartRows() int { return len(w.smart) * smartQuarters }

type programmeClaim struct {
	live                    bool
	asOf                    day
	status, level, document string
}

// Smart makes row i of the smart community list, quarter by quarter.
func (w *World) Smart(i int, rec *Record) { w.smartRow(i%len(w.smart), i/len(w.smart), rec) }

func (w *World) smartRow(i, quarter int, rec *Record) programmeClaim {
	p := &w.villages[w.smart[i]]
	r := w.draw(forGatewaySmart, p.idx, quarter)
	c := programmeClaim{live: true, asOf: quarterEnd(quarter), document: null}
	c.status, c.level = w.smartStatus(i, quarter)
	div := divisionDirt(&r, p.code)
	zt := codeDirt(&r, wordsStatus[c.status], "观望")
	dj := ""
	if c.level != "" {
		dj = wordsLevel[c.level][0]
	} else {
		c.level = null
		if r.bp(2000) {
			dj = "/"
		}
	}
	wh := ""
	if c.status == "recognised" {
		wh = "鲁民函〔" + itoa(2024+quarter/4) + "〕" + itoa(r.in(1, 180)) + "号"
		c.document = wh
	}
	y, k := 2024+quarter/4, quarter%4+1
	jd := itoa(y) + "0" + itoa(k)
	switch n := r.n(10000); {
	case n < 10 && r.spoil(rulePeriod):
		jd = itoa(y) + "0" + itoa(k+5)
	case n < 300:
		jd = itoa(y) + "年第" + hanDigit(k) + "季度"
	case n < 600:
		jd = itoa(y) + "Q" + itoa(k)
	}
	at := gatewayStart + int64(quarter*len(w.smart)+i)*secondsPerRow*1000
	rec.reset(div, jd, zt, dj, wh, clock(at))
	rec.At, rec.Rule = at, r.rule
	c.live = rec.Rule == ""
	return c
}

type person struct{ name, id, phone string }

// person is somebody whom a source names although nobody needs it. None of
// this may ever be found behind the connectors.
func (w *World) person(v, k int) person {
	r := w.draw(forPerson, w.villages[v].idx, k)
	return person{personName(&r), citizenID(&r, w.villages[v].code[:6]), mobile(&r)}
}

// Canaries are personal data that the sources carry in fields which must never
// leave a connector: names, citizen numbers with right check digits, mobiles.
func (w *World) Canaries() []string {
	const villages = 26 // of nine facts each: what one search of the engine takes
	var out []string
	for i := range villages {
		v := w.committees[i*len(w.committees)/villages]
		gateway, ledger, form, worker := w.person(v, 0), w.person(v, 1), w.person(v, 2), w.person(v, 3)
		out = append(out, worker.name, worker.id, worker.phone, gateway.name, gateway.id, ledger.name, ledger.id, form.name, form.phone)
	}
	return out
}
