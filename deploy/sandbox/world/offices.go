package world

import (
	"iter"
	"strings"
	"time"

	"rongtong/schemas/divisions"
)

// The counties' offices of civil affairs list the same stations of social work as
// the province's gateway, by numbers of their own: neither has a code. Which lines
// are about one station is known here because both are made from it.

// OfficeStation is the stream of the county offices that is simulated.
const OfficeStation = "station"

var officeStationColumns = []string{"站点编号", "乡镇代码", "乡镇名称", "站点名称", "启用日期", "是否运营", "面积", "填报日期"}

// stationLine is a line of a county's list.
type stationLine struct {
	no     int
	name   string // as the list spells it
	other  bool   // the name is another one to whoever does not guess
	opened day    // noDay: the list does not say
	askBy  string // why a person is asked, if the gateway's record is accepted too
}

// sameInMCA reports whether the codes of civil affairs (GB/T 10114) name a township
// by the digits of the statistical register. Its offices write no others here.
func sameInMCA(h *divisions.History, p *place) bool {
	r, err := h.Resolve(divisions.MCA9, p.code[:9], time.UnixMilli(firstDay.ms()))
	if err != nil || p.kind != divisions.Civil {
		return false
	}
	r = h.Confirm(r, p.name)
	return r.Division != nil && r.Division.Code == p.code
}

// stationName is what the gateway calls the station of a township.
func (w *World) stationName(t int) string {
	return shortName(w.townships[t].name) + "社会工作服务站"
}

// stationOpened is the day on which the station of a township opened.
func (w *World) stationOpened(t int) day {
	r := w.draw(forGatewayStation, w.townships[t].idx, 0)
	return stationOpened(&r)
}

func stationOpened(r *rng) day { return dayOf(2019, 3, 1) + day(r.n(1700)) }

// officeStations are the lines about the stations of a township.
func (w *World) officeStations(t int) []stationLine {
	p := &w.townships[t]
	r := w.draw(forOfficeStation, p.idx, 0)
	if !p.mca || !w.hasOffices(p.county) || !r.bp(8500) {
		return nil
	}
	l := stationLine{no: 1, name: w.stationName(t), opened: w.stationOpened(t)}
	switch k := r.n(100); {
	case k < 20:
		l.name = w.cities[p.city].name + w.counties[p.county].name + l.name
	case k < 35:
		l.name = strings.NewReplacer("社会", "社會", "服务", "服務").Replace(l.name)
	}
	switch k := r.n(100); {
	case k < 62:
	case k < 74:
		l.opened, l.askBy = noDay, "name_only"
	case k < 82: // it has moved, or is another one
		l.opened, l.askBy = l.opened+day(r.in(30, 400)), "facts_differ"
	case k < 90: // entered twice
		again := l
		again.no, l.askBy, again.askBy = 2, "several", "several"
		return []stationLine{l, again}
	default:
		l.name, l.other = shortName(p.name)+"社工站", true
	}
	return []stationLine{l}
}

// officeStation writes a line and says what it still claims.
func (w *World) officeStation(t int, l *stationLine, rec *Record) station {
	p := &w.townships[t]
	r := w.draw(forOfficeStation, p.idx, l.no)
	c := facilityClaim{live: true, name: l.name, site: "township", direct: noDec, opened: l.opened, operates: "yes"}
	if r.bp(200) {
		c.operates = "no"
	}
	area := r.in(60, 480)
	c.area = dec4(area * 10000)
	text := itoa(area)
	if r.bp(1000) {
		text, c.area = pick(&r, []string{"", "暂无", "不详"}), noDec
	}
	opened := pick(&r, []string{"", "不详"})
	if l.opened != noDay {
		opened = dateDirt(&r, l.opened, dateISO)
	}
	no := "0" + itoa(l.no)
	rec.reset(no, p.code[:9], p.name, c.name, opened, yesNo(&r, c.operates == "yes"), text, firstDay.shape(dateISO))
	rec.At, rec.Rule = firstDay.ms(), r.rule
	c.live = r.rule == ""
	return station{"social_work_station:" + p.code + ":" + no, c}
}

// hasOffices: what is no county in law has no office of civil affairs.
func (w *World) hasOffices(c int) bool { return w.counties[c].kind == divisions.Civil }

// officeRecords yields the lines of a county's list.
func (w *World) officeRecords(county int) iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		var rec Record
		for t := range w.townships {
			if w.townships[t].county != county {
				continue
			}
			for _, l := range w.officeStations(t) {
				w.officeStation(t, &l, &rec)
				if !yield(&rec) {
					return
				}
			}
		}
	}
}

// stations passes over what is known of the stations of a township.
func (t *tally) stations(k int) {
	w := t.w
	p := &w.townships[k]
	var gate station
	if i, ok := w.stationOf[k]; ok {
		gate = w.station(i, &t.rec)
		t.count(flowGateStation)
	}
	var live []stationLine
	claims := map[int]station{}
	for _, l := range w.officeStations(k) {
		c := w.officeStation(k, &l, &t.rec)
		t.count(flowOfficeStation)
		t.fed(c.live, w.counties[p.county].idx)
		if c.live {
			live, claims[l.no] = append(live, l), c
		}
	}
	with := 0 // the line that becomes a part of the gateway's station
	if len(live) == 2 {
		why := "same_source"
		if gate.live {
			why = "several"
			for _, l := range live {
				t.same.Ask[[2]string{gate.id, claims[l.no].id}] = why
			}
		}
		t.same.Ask[[2]string{claims[1].id, claims[2].id}] = why
	}
	if len(live) == 1 && gate.live && !live[0].other {
		if l := live[0]; l.askBy == "" || l.askBy == "several" {
			with = l.no
			t.same.Same[claims[with].id] = gate.id
		} else {
			t.same.Ask[[2]string{gate.id, claims[l.no].id}] = l.askBy
		}
	}
	if gate.live {
		t.emitStation(p, gate.id, &gate.facilityClaim, claims[with].facilityClaim)
	}
	for _, l := range live {
		if c := claims[l.no]; l.no != with {
			t.emitStation(p, c.id, &facilityClaim{}, c.facilityClaim)
		}
	}
}

// emitStation restates the authority of facilities for these two sources: the
// gateway decides, and the county's office says what the gateway does not.
func (t *tally) emitStation(p *place, id string, gate *facilityClaim, office facilityClaim) {
	field := func(g, o string) claimOf { return win(of(gate.live, g, Gateway), of(office.live, o, Offices)) }
	area := field(gate.area.String(), office.area.String())
	operates := field(gate.operates, office.operates).value
	opened := field(gate.opened.String(), office.opened.String()).value
	t.emit("facility", p.code, id, p.code, "social_work_station", field(gate.name, office.name).value, "township",
		area.value, area.source, null, opened, operates)
	if operates == "yes" {
		t.facts(p).station = true // all of them opened before the day
	}
}
