// Package world is a province's governance data with a known truth: what every
// village, township and county is like, what each source system says about it,
// with which dirt, and what must become of every single record.
//
// It is pure and deterministic. All of it follows from a seed, a scale and the
// division register. It knows the pipeline only by its public contracts (field
// names of the source systems, rule ids, columns of the theme tables) and
// shares no code with it, so that its expectations are an independent check.
//
// The simulation stands at 2025-12-31; deliveries happen on the ten days up to it.
package world

import (
	"fmt"
	"strings"

	"rongtong/schemas/divisions"
)

// Scale says how much of the province is simulated. Denominators always come
// from the whole register.
type Scale struct {
	Name       string
	Prefixes   []string // of division codes; empty is the whole province
	GridEvents int      // events of the city systems together
}

// The scales. Full is the province, about 3.0 million records; Small is one
// city, about a fiftieth.
var (
	Full  = Scale{Name: "full", GridEvents: 1_640_000}
	Small = Scale{Name: "small", Prefixes: []string{"3705"}, GridEvents: 30_000}
)

// ScaleByName finds Full or Small.
func ScaleByName(name string) (Scale, error) {
	for _, s := range []Scale{Full, Small} {
		if s.Name == name {
			return s, nil
		}
	}
	return Scale{}, fmt.Errorf("choosing scale %q: known are full and small", name)
}

// World is immutable once made, and safe for concurrent use.
type World struct {
	Seed  uint64
	Scale Scale

	reg        *divisions.Register
	villages   []place // in scope, in order of codes
	townships  []place
	counties   []place
	cities     []place
	committees []int       // villages that have a committee
	smart      []int       // villages that the smart community programme covers
	civil      []int       // counties in law
	withdrawn  []int       // committees that the gateway withdraws at the end
	stations   []int       // townships that have a social work station
	stationOf  map[int]int // township to its place in stations

	socialLines []socialLine // of the gateway's list

	out outcome
}

// place is a division in scope.
type place struct {
	code, name string
	kind       string
	class      string
	idx        int // place in the register: the index of everything drawn for it
	city       int // index into World.cities
	county     int
	township   int
	from, to   int  // villages inside
	mca        bool // a township that civil affairs knows by the same digits
}

// New prepares a world; it takes well under a second at full scale.
func New(seed uint64, scale Scale) (*World, error) {
	reg, err := divisions.Load()
	if err != nil {
		return nil, fmt.Errorf("preparing the simulated province: %w", err)
	}
	w := &World{Seed: seed, Scale: scale, reg: reg, stationOf: map[int]int{}}
	for d := range reg.All("") {
		if !scale.holds(d.Code) || d.Tier == divisions.Province {
			continue
		}
		w.add(d)
	}
	w.close()
	for _, v := range w.committees {
		if w.isWithdrawn(v) {
			w.withdrawn = append(w.withdrawn, v)
		}
	}
	history, err := divisions.LoadHistory()
	if err != nil {
		return nil, fmt.Errorf("preparing the simulated province: %w", err)
	}
	for t := range w.townships {
		w.townships[t].mca = sameInMCA(history, &w.townships[t])
		if w.hasStation(t) {
			w.stationOf[t] = len(w.stations)
			w.stations = append(w.stations, t)
		}
	}
	w.listSocials()
	if len(w.villages) == 0 {
		return nil, fmt.Errorf("preparing the simulated province: no village has a code that starts with %v", scale.Prefixes)
	}
	return w, nil
}

func (s Scale) holds(code string) bool {
	if len(s.Prefixes) == 0 {
		return true
	}
	for _, p := range s.Prefixes {
		// a parent of the prefix is in scope as well
		if strings.HasPrefix(code, p) || strings.HasPrefix(p, strings.TrimRight(code, "0")) {
			return true
		}
	}
	return false
}

func (w *World) add(d divisions.Division) {
	p := place{
		code: d.Code, name: d.Name, kind: d.Kind, class: d.VillageClass, idx: d.Index,
		city: len(w.cities) - 1, county: len(w.counties) - 1, township: len(w.townships) - 1,
		from: len(w.villages),
	}
	switch d.Tier {
	case divisions.City:
		p.city++
		w.cities = append(w.cities, p)
	case divisions.County:
		p.county++
		if d.Kind == divisions.Civil {
			w.civil = append(w.civil, p.county)
		}
		w.counties = append(w.counties, p)
	case divisions.Township:
		p.township++
		w.townships = append(w.townships, p)
	case divisions.Village:
		w.addVillage(p)
	}
}

func (w *World) addVillage(p place) {
	i := len(w.villages)
	p.to = i + 1
	w.villages = append(w.villages, p)
	if p.committee() {
		w.committees = append(w.committees, i)
	}
	if p.kind != divisions.Virtual &&
		(p.class == divisions.ResidentsCommittee || p.class == divisions.QuasiResidents || strings.Contains(p.name, "社区")) {
		w.smart = append(w.smart, i)
	}
}

// close sets where the villages of every place end.
func (w *World) close() {
	for _, list := range [][]place{w.cities, w.counties, w.townships} {
		for i := range list {
			list[i].to = len(w.villages)
			if i+1 < len(list) {
				list[i].to = list[i+1].from
			}
		}
	}
}

// committee says whether the village has a self-governing organisation: units
// that exist only in statistics have none.
func (p *place) committee() bool {
	return p.kind == divisions.Civil &&
		(p.class == divisions.ResidentsCommittee || p.class == divisions.VillageCommittee)
}

func (p *place) virtual() bool { return p.kind == divisions.Virtual }
