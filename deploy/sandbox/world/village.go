package world

import (
	"iter"

	"rongtong/schemas/divisions"
)

// The villages' forms: an app collects them, and sends per township.

// Names of a form's fields.
var (
	FormMeasureColumns  = []string{"submission_id", "village", "measure", "period", "value", "device_time", "filler_name", "filler_phone"}
	FormFacilityColumns = []string{"submission_id", "village", "site_type", "area", "area_unit", "direct_area", "operating", "device_time", "filler_name", "filler_phone"}
)

// Streams of the village forms.
const (
	FormMeasure  = "measure"
	FormFacility = "facility"
)

const (
	formMonths   = 3 // October to December
	formMeasures = 2 * formMonths
)

// Batch yields the forms that a township's villages send in one request.
func (w *World) Batch(stream string, t int) iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		var rec Record
		p := &w.townships[t]
		for v := p.from; v < p.to; v++ {
			if w.villages[v].virtual() || w.silentVillage(v) {
				continue
			}
			if stream == FormFacility {
				w.formFacility(v, &rec)
				if !yield(&rec) {
					return
				}
				continue
			}
			for k := range formMeasures + 1 {
				if k == formMeasures && !w.formAgain(v) {
					continue
				}
				w.formMeasure(v, k, &rec)
				if !yield(&rec) {
					return
				}
			}
		}
	}
}

// BatchTwice says whether the app, unsure of the answer, sends a batch again.
func (w *World) BatchTwice(stream string, t int) bool {
	k := 0
	if stream == FormFacility {
		k = 1
	}
	r := w.draw(forBatch, w.townships[t].idx, k)
	return r.bp(400)
}

// formAgain: some villages correct their December households a day later.
func (w *World) formAgain(v int) bool {
	r := w.draw(forForm, w.villages[v].idx, 98)
	return r.bp(150)
}

func (w *World) formTime(v int) int64 {
	r := w.draw(forForm, w.villages[v].idx, 97)
	return (firstDay + day(r.in(0, 8))).ms() + int64(r.in(7*3600, 21*3600))*1000
}

func formMeasureOf(k int) (measure string, month int) {
	if k == formMeasures { // the correction
		return measHouseholds, months - 1
	}
	return [2]string{measHouseholds, measPopulation}[k/formMonths], months - formMonths + k%formMonths
}

func (w *World) formMeasure(v, k int, rec *Record) statClaim {
	p := &w.villages[v]
	t := w.village(v)
	r := w.draw(forForm, p.idx, k)
	measure, m := formMeasureOf(k)
	n, unit := t.house[m], "户"
	if measure == measPopulation {
		n, unit = t.people[m], "人"
	}
	at := w.formTime(v)
	if k == formMeasures {
		n += r.in(1, 4)
		at += 86400_000
	}
	person := w.person(v, 2)
	words := wordsMeasure[measure]
	rec.reset("TB"+p.code+itoa(k), divisionDirt(&r, p.code), codeDirt(&r, words, "户均收入"), monthDirt(&r, m, 0),
		countDirt(&r, n, unit), clock(at), person.name, person.phone)
	rec.At, rec.Rule = at, r.rule
	return statClaim{r.rule == "", dec4(n) * 10000}
}

func (w *World) formFacility(v int, rec *Record) facilityClaim {
	p := &w.villages[v]
	t := w.village(v)
	r := w.draw(forFormFacility, p.idx, 0)
	c := facilityClaim{live: true, name: null, site: t.site, opened: noDay, operates: "no"}
	if t.operates {
		c.operates = "yes"
	}
	area := r.noise(t.area, 300) / 100 * 100
	direct := min(area, r.noise(t.direct, 300)/100*100)
	u := r.unit()
	if areaDirt(&r, &area, &direct) {
		u = unitMetre
	}
	var areaText, directText string
	areaText, c.area = u.write(area)
	directText, c.direct = u.write(direct)
	at := w.formTime(v)
	person := w.person(v, 2)
	rec.reset("SS"+p.code, divisionDirt(&r, p.code), codeDirt(&r, wordsSite[c.site], "城中村"), areaText,
		pick(&r, unitWords[u]), directText, yesNo(&r, t.operates), clock(at), person.name, person.phone)
	rec.At, rec.Rule = at, r.rule
	c.live = r.rule == ""
	return c
}

// Receipt is how a division answers what flowed back to it.
type Receipt struct {
	Answers bool
	Status  string // word on the wire
	Acked   bool
	ByProxy bool   // a township signs for its village
	At      string // clock time in the province
}

// ReceiptOf is the answer of a division to every delivery. It is the same for
// all of them: whether a division answers is a fact about the division.
func (w *World) ReceiptOf(code string) Receipt {
	d, ok := w.reg.Lookup(code)
	if !ok || d.Kind == divisions.Virtual { // nobody is there to sign
		return Receipt{}
	}
	r := w.draw(forReceipt, d.Index, 0)
	out := Receipt{Answers: true, Status: pick(&r, []string{"已签收", "签收", "acked"}), Acked: true}
	silent, refused := 120, 60
	if d.Tier == "P" || d.Tier == "C" {
		silent, refused = 0, 0
	}
	switch k := r.n(10000); {
	case k < silent:
		return Receipt{}
	case k < silent+refused:
		out.Status, out.Acked = "拒收", false
	}
	out.ByProxy = d.Tier == "V" && r.bp(6000)
	out.At = clock(asOf.ms() + int64(r.in(8*3600, 22*3600))*1000)
	return out
}
