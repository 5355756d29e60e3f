package world

import (
	"iter"
	"strings"

	"rongtong/schemas/divisions"
)

// Known names the indicators that the truth works out. The pipeline may
// compute more; these are compared.
func Known() []string {
	ids := make([]string, len(indicators))
	for i, ind := range indicators {
		ids[i] = ind.id
	}
	return ids
}

// IndicatorValue is a figure that the pipeline must arrive at: sums over the
// units of a tier that lie in a division.
type IndicatorValue struct {
	ID       string
	UnitTier string // tier of the units
	Division string // 12 digits
	Tier     string // of the division
	Num, Den string // exact decimals
	Units    int64
	Missing  int64 // units without a value: in Units, in neither sum
}

// sum is what adds up over units.
type sum struct {
	num, den       dec4
	units, missing int64
}

// unit is one unit's contribution.
type unit struct {
	counts  bool // it is a unit at all
	missing bool
	num     dec4
	den     dec4
}

const one dec4 = 10_000

func part(met bool) unit {
	u := unit{counts: true, den: one}
	if met {
		u.num = one
	}
	return u
}

var (
	noUnit      = unit{}
	missingUnit = unit{counts: true, missing: true}
)

// indicator is one indicator, restated from the policy (the exact rules stand with
// each function).
type indicator struct {
	id   string
	tier string // of the units; empty: units at every tier, each its own figure
	of   func(w *World, d divisions.Division, f *facts) unit
}

var indicators = []indicator{
	// community workers per urban residents, last quarter, counties in law
	{"I-12-07", divisions.County, func(_ *World, d divisions.Division, f *facts) unit {
		switch {
		case d.Kind != divisions.Civil:
			return noUnit
		case f == nil || f.people == noDec || f.workers == noDec:
			return missingUnit
		}
		return unit{counts: true, num: f.workers, den: f.people}
	}},
	{"I-13-11", divisions.Village, base("built_urban")},
	{"I-13-12", divisions.Village, base("new_urban", "central_village")},
	{"I-13-13", divisions.Village, base("non_central_village")},
	// required = max(base, 0.30 m2 per household)
	{"I-13-14", divisions.Village, func(_ *World, d divisions.Division, f *facts) unit {
		switch {
		case f == nil || !f.complex || d.Kind == divisions.Virtual:
			return noUnit
		case f.area == noDec || f.site == null || f.house == noDec:
			return missingUnit
		}
		return part(f.area >= dec4(baseArea(f.site))*one && f.area*10 >= f.house*3)
	}},
	// direct service area at least 70 %; more than the area is an error of the data
	{"I-13-15", divisions.Village, func(_ *World, d divisions.Division, f *facts) unit {
		switch {
		case f == nil || !f.complex || d.Kind == divisions.Virtual:
			return noUnit
		case f.area == noDec || f.direct == noDec || f.direct > f.area:
			return missingUnit
		}
		return part(f.direct*10 >= f.area*7)
	}},
	{"I-07-15", divisions.Village, smart(func(d divisions.Division) bool { return d.VillageClass == divisions.ResidentsCommittee })},
	{"I-07-15b", divisions.Village, smart(func(d divisions.Division) bool {
		return d.VillageClass == divisions.ResidentsCommittee || d.VillageClass == divisions.VillageCommittee && strings.Contains(d.Name, "社区")
	})},
	// one comprehensive drill in the year, joint ones count for all; no record, no drill
	{"I-10-04", divisions.Township, func(_ *World, d divisions.Division, f *facts) unit {
		if d.Kind != divisions.Civil {
			return noUnit
		}
		return part(f != nil && f.drill)
	}},
	// one social work station that operates on the day
	{"I-06-07", divisions.Township, func(_ *World, d divisions.Division, f *facts) unit {
		if d.Kind != divisions.Civil {
			return noUnit
		}
		return part(f != nil && f.station)
	}},
	// committees of the register that have a code with a right check digit
	{"I-04-01", divisions.Village, func(_ *World, d divisions.Division, f *facts) unit {
		p := place{kind: d.Kind, class: d.VillageClass}
		if !p.committee() {
			return noUnit
		}
		return part(f != nil && f.hasCode)
	}},
	// data up and acknowledged data down, every tier for itself
	{"I-07-03", "", func(w *World, d divisions.Division, f *facts) unit {
		if d.Kind == divisions.Virtual {
			return noUnit
		}
		return part(f != nil && f.feeds && w.ReceiptOf(d.Code).Acked)
	}},
}

// base: enough floor area for the type of site, over those with a value.
func base(sites ...string) func(*World, divisions.Division, *facts) unit {
	return func(_ *World, d divisions.Division, f *facts) unit {
		if f == nil || !f.complex || d.Kind == divisions.Virtual {
			return noUnit
		}
		if f.site == null {
			return missingUnit
		}
		for _, s := range sites {
			if f.site == s {
				if f.area == noDec {
					return missingUnit
				}
				return part(f.area >= dec4(baseArea(s))*one)
			}
		}
		return noUnit
	}
}

// smart: last status up to the day in progress or recognised.
func smart(covers func(divisions.Division) bool) func(*World, divisions.Division, *facts) unit {
	return func(_ *World, d divisions.Division, f *facts) unit {
		switch {
		case d.Kind != divisions.Civil || !covers(d):
			return noUnit
		case f == nil || f.smart == "":
			return missingUnit
		}
		return part(f.smart == "in_progress" || f.smart == "recognised")
	}
}

// Indicators yields every figure of every indicator for every division that
// has units, the village tier included. Receipts are taken as complete: every
// division got its delivery and answered as ReceiptOf says.
func (w *World) Indicators() iter.Seq[IndicatorValue] {
	return func(yield func(IndicatorValue) bool) {
		for _, ind := range indicators {
			tiers := []string{ind.tier}
			if ind.tier == "" {
				tiers = []string{"P", "C", "X", "T", "V"}
			}
			for _, tier := range tiers {
				if !w.indicator(ind, tier, yield) {
					return
				}
			}
		}
	}
}

func (w *World) indicator(ind indicator, tier string, yield func(IndicatorValue) bool) bool {
	t := w.result()
	sums := make([]sum, w.reg.Len())
	for d := range w.reg.All(tier) {
		u := ind.of(w, d, t.byPlace[d.Index])
		if !u.counts {
			continue
		}
		for i := d.Index; i >= 0; i = w.reg.At(i).ParentIndex {
			s := &sums[i]
			s.units++
			if u.missing {
				s.missing++
				continue
			}
			s.num += u.num
			s.den += u.den
		}
	}
	for i := range sums {
		s := &sums[i]
		if s.units == 0 {
			continue
		}
		d := w.reg.At(i)
		if !yield(IndicatorValue{ind.id, tier, d.Code, d.Tier, s.num.String(), s.den.String(), s.units, s.missing}) {
			return false
		}
	}
	return true
}

// line is a figure as one text.
func (v *IndicatorValue) line() string {
	return v.Division + "\x1f" + v.Num + "\x1f" + v.Den + "\x1f" + itoa(int(v.Missing)) + "\x1f" + itoa(int(v.Units))
}
