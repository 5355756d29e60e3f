package world

import (
	"maps"
	"sync"
)

// FlowBooks is what must become of the records of one stream in one flow.
//
//	Records = Accepted + Duplicate + sum of Quarantined
type FlowBooks struct {
	System, Tier, Stream, Entity string
	Measure                      string // tells two flows of one stream and entity apart
	Records                      int64  // received
	Accepted                     int64  // distinct claims
	Duplicate                    int64
	Quarantined                  map[string]int64 // by rule
}

func (b *FlowBooks) add(rule string, times int) {
	switch {
	case times == 0:
		return
	case rule != "":
		if b.Quarantined == nil {
			b.Quarantined = map[string]int64{}
		}
		b.Quarantined[rule] += int64(times)
	default:
		b.Accepted++
		b.Duplicate += int64(times - 1)
	}
	b.Records += int64(times)
}

// Refused is the number of records that any rule refused.
func (b *FlowBooks) Refused() int64 {
	var n int64
	for _, k := range b.Quarantined {
		n += k
	}
	return n
}

// The flows, in the order of Expected.
const (
	flowDivision = iota
	flowCountyChange
	flowTownshipChange
	flowGateCommittee
	flowGateStation
	flowGateSmart
	flowGateSocial
	flowEvent
	flowReport
	flowLedgerCommittee
	flowLedgerFacility
	flowLedgerHouse
	flowLedgerWorker
	flowOfficeStation
	flowBookDrill
	flowBookFacility
	flowBookHouse
	flowBookPeople
	flowBookSocial
	flowFormMeasure
	flowFormFacility
	flowStock
	flowReceipt
	flowCount
)

var flowNames = [flowCount]FlowBooks{
	flowDivision:        {System: Register, Tier: "P", Stream: "division", Entity: "division"},
	flowCountyChange:    {System: Register, Tier: "P", Stream: "county_change", Entity: "division_change"},
	flowTownshipChange:  {System: Register, Tier: "P", Stream: "township_change", Entity: "division_change"},
	flowGateCommittee:   {System: Gateway, Tier: "P", Stream: "committee", Entity: "organization"},
	flowGateStation:     {System: Gateway, Tier: "P", Stream: "station", Entity: "facility"},
	flowGateSmart:       {System: Gateway, Tier: "P", Stream: "smart_community", Entity: "programme_status"},
	flowGateSocial:      {System: Gateway, Tier: "P", Stream: "social_org", Entity: "organization"},
	flowEvent:           {System: City, Tier: "C", Stream: "grid_event", Entity: "grid_event"},
	flowReport:          {System: City, Tier: "C", Stream: "stat_report", Entity: "stat_fact"},
	flowLedgerCommittee: {System: Ledger, Tier: "X", Stream: "committee", Entity: "organization"},
	flowLedgerFacility:  {System: Ledger, Tier: "X", Stream: "facility", Entity: "facility"},
	flowLedgerHouse:     {System: Ledger, Tier: "X", Stream: "household", Entity: "stat_fact"},
	flowLedgerWorker:    {System: Ledger, Tier: "X", Stream: LedgerWorker, Entity: "workforce_post"},
	flowOfficeStation:   {System: Offices, Tier: "X", Stream: OfficeStation, Entity: "facility"},
	flowBookDrill:       {System: Book, Tier: "T", Stream: "drill", Entity: "emergency_plan"},
	flowBookFacility:    {System: Book, Tier: "T", Stream: "facility", Entity: "facility"},
	flowBookHouse:       {System: Book, Tier: "T", Stream: "household", Entity: "stat_fact", Measure: measHouseholds},
	flowBookPeople:      {System: Book, Tier: "T", Stream: "household", Entity: "stat_fact", Measure: measPopulation},
	flowBookSocial:      {System: Book, Tier: "T", Stream: "social_org", Entity: "organization"},
	flowFormMeasure:     {System: Forms, Tier: "V", Stream: FormMeasure, Entity: "stat_fact"},
	flowFormFacility:    {System: Forms, Tier: "V", Stream: FormFacility, Entity: "facility"},
	flowStock:           {System: Stock, Tier: "X", Stream: "stock", Entity: "emergency_stock"},
	flowReceipt:         {System: Receipts, Tier: "P", Stream: "receipt", Entity: "return_receipt"},
}

// facts is what the indicators need to know of a division after fusion.
type facts struct {
	hasCode bool // a committee's credit code
	complex bool
	site    string
	area    dec4
	direct  dec4
	house   dec4 // households of the last month that anybody reported
	smart   string
	station bool // one operates
	drill   bool // a comprehensive one in the year
	people  dec4 // urban residents of the last quarter
	workers dec4
	feeds   bool // it supplied an accepted record
}

// tally is what one pass over a part of the world adds up to.
type tally struct {
	w       *World
	books   [flowCount]FlowBooks
	sums    map[string]map[string]*Checksum // entity, county
	byPlace map[int]*facts                  // by register index
	same    Identities
	buf     []byte
	each    func(Row) // also called for every fused row, if set
	rec     Record
}

func (w *World) newTally() *tally {
	t := &tally{w: w, books: flowNames, sums: map[string]map[string]*Checksum{}, byPlace: map[int]*facts{}, same: Identities{map[string]string{}, map[[2]string]string{}}}
	for _, e := range Entities {
		t.sums[e] = map[string]*Checksum{}
	}
	return t
}

func (t *tally) facts(p *place) *facts { return t.factsAt(p.idx) }

func (t *tally) factsAt(idx int) *facts {
	f := t.byPlace[idx]
	if f == nil {
		f = &facts{area: noDec, direct: noDec, house: noDec, people: noDec, workers: noDec}
		t.byPlace[idx] = f
	}
	return f
}

// emit takes a fused row. Code is its division's, empty for none.
func (t *tally) emit(entity, code string, texts ...string) {
	if len(code) > 6 {
		code = code[:6]
	}
	if t.each != nil {
		t.each(Row{entity, code, append([]string(nil), texts...)})
	}
	t.buf = t.buf[:0]
	for i, s := range texts {
		if i > 0 {
			t.buf = append(t.buf, 0x1f)
		}
		t.buf = append(t.buf, s...)
	}
	sum := t.sums[entity][code]
	if sum == nil {
		sum = &Checksum{}
		t.sums[entity][code] = sum
	}
	sum.add(t.buf)
}

// count enters the record that was just made.
func (t *tally) count(flow int) { t.books[flow].add(t.rec.Rule, t.rec.Times) }

// merge adds another part of the world.
func (t *tally) merge(o *tally) {
	for i := range t.books {
		a, b := &t.books[i], &o.books[i]
		a.Records += b.Records
		a.Accepted += b.Accepted
		a.Duplicate += b.Duplicate
		for rule, n := range b.Quarantined {
			if a.Quarantined == nil {
				a.Quarantined = map[string]int64{}
			}
			a.Quarantined[rule] += n
		}
	}
	maps.Copy(t.same.Same, o.same.Same)
	maps.Copy(t.same.Ask, o.same.Ask)
	for e, counties := range o.sums {
		for c, s := range counties {
			if mine := t.sums[e][c]; mine != nil {
				mine.Rows += s.Rows
				mine.Sum += s.Sum
			} else {
				t.sums[e][c] = s
			}
		}
	}
	for idx, f := range o.byPlace {
		if mine := t.byPlace[idx]; mine != nil {
			mine.or(f)
		} else {
			t.byPlace[idx] = f
		}
	}
}

// or joins facts from two passes: each fact is set in one of them.
func (f *facts) or(o *facts) {
	f.feeds = f.feeds || o.feeds
	f.station = f.station || o.station
	f.drill = f.drill || o.drill
	f.hasCode = f.hasCode || o.hasCode
	if f.smart == "" {
		f.smart = o.smart
	}
	if o.complex {
		f.complex, f.site, f.area, f.direct = true, o.site, o.area, o.direct
	}
	for _, p := range [][2]*dec4{{&f.house, &o.house}, {&f.people, &o.people}, {&f.workers, &o.workers}} {
		if *p[0] == noDec {
			*p[0] = *p[1]
		}
	}
}

// outcome is computed once: the whole province takes some seconds.
type outcome struct {
	once  sync.Once
	tally *tally
}

func (w *World) result() *tally {
	w.out.once.Do(func() {
		const parts = 2
		tallies := make([]*tally, parts)
		var wg sync.WaitGroup
		for k := range parts {
			wg.Go(func() {
				t := w.newTally()
				for c := range w.counties {
					if c%parts == k {
						t.county(c)
					}
				}
				n := w.Events()
				for i := n * k / parts; i < n*(k+1)/parts; i++ {
					t.event(i)
				}
				if k == 0 {
					t.register()
					t.gateway()
					t.reports()
					t.receipts()
				}
				tallies[k] = t
			})
		}
		wg.Wait()
		for _, t := range tallies[1:] {
			tallies[0].merge(t)
		}
		w.out.tally = tallies[0]
	})
	return w.out.tally
}

// Expected is what must become of every record, by flow. Of receipts it has
// those of one round of the return flow; every further round has as many again.
func (w *World) Expected() []FlowBooks {
	t := w.result()
	return append([]FlowBooks(nil), t.books[:]...)
}

// FusedChecksums are those of an entity's fused rows, by county (six digits).
func (w *World) FusedChecksums(entity string) map[string]Checksum {
	out := map[string]Checksum{}
	for c, s := range w.result().sums[entity] {
		out[c] = *s
	}
	return out
}

// Identities is what must be recognised.
func (w *World) Identities() Identities { return w.result().same }
