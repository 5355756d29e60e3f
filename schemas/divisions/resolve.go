package divisions

import (
	"fmt"
	"time"
)

// Status says what became of a code.
type Status uint8

// The outcomes of resolving a code.
const (
	Unknown     Status = iota // no register holds the code, or no crosswalk leads from it
	Exact                     // the division stands in the register under these digits, and it is evidenced
	Moved                     // one division took it over whole; it stands in the register
	Ambiguous                 // several divisions hold parts, or only the county is known: candidates, no answer
	Unconfirmed               // mca9: the register holds the digits, but no evidence says that they mean the same place
	NotValid                  // the code was not in use at the date
	Retired                   // in use at the date, abolished since, and nobody recorded who took over
	Malformed                 // not a code of the system
)

var statusNames = [...]string{"unknown", "exact", "moved", "ambiguous", "unconfirmed", "not_valid", "retired", "malformed"}

func (s Status) String() string { return statusNames[s] }

// MarshalText writes the status as its name.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Kinds of match between two code systems, as in the entity code_crosswalk.
const (
	MatchDocument = "document"               // code and name of the change table, which names the document, stand in the other register
	MatchName     = "exact_name_same_parent" // other digits, the same name in the same county
	MatchFuzzy    = "fuzzy"                  // the same name in the same city, under another county unit
	MatchManual   = "manual"                 // a person decided; none is shipped
)

// confidence of a match. Equal digits alone are worth what they were worth
// where it could be checked: 73 of 110 township changes.
var confidence = map[string]float64{MatchDocument: 1, MatchName: 0.99, MatchFuzzy: 0.8, MatchManual: 1}

const digitsConfidence = 73.0 / 110

// Answer is the short form of a resolution, for rows by the million.
type Answer struct {
	Status Status
	Index  int32 // place in the register for Exact and Moved, else -1
}

// OK reports whether the answer names one division.
func (a Answer) OK() bool { return a.Index >= 0 }

// Resolution is the full answer. Division is set for Exact and Moved only;
// every other status leaves the choice among Candidates to a person.
type Resolution struct {
	System     string      `json:"code_system"`
	Code       string      `json:"code"` // 12 digits, as asked
	Name       string      `json:"name,omitempty"`
	At         Date        `json:"at"`
	Status     Status      `json:"status"`
	ValidFrom  Date        `json:"valid_from,omitempty"` // of the code; unknown before the recorded history
	ValidTo    Date        `json:"valid_to,omitempty"`   // the first day on which it is no longer valid
	Division   *Division   `json:"division,omitempty"`   // in the register of today
	MatchKind  string      `json:"match_kind,omitempty"`
	Confidence float64     `json:"confidence"`
	Candidates []Successor `json:"candidates,omitempty"` // codes of nbs12
	Changes    []Change    `json:"changes,omitempty"`    // that led here, oldest first
	Reason     string      `json:"reason"`
}

// period is one validity of a code, with the answer already worked out.
type period struct {
	accept   Date // first day on which the code may appear: approval, or the year of the document
	from, to Date // [from, to): the code stands in the year-end tables
	name     string
	answer   Answer // for a date inside [accept, to)
	match    string
	held     []holding // today, codes of nbs12 (of mca9 where there is no crosswalk)
	refs     []string
	reason   string
}

func (p *period) covers(at Date) bool { return p.accept <= at && at < p.to }

// History is the compiled history. It is immutable and safe for concurrent use.
type History struct {
	reg       *Register
	changes   []Change
	byID      map[string]*Change
	groups    []group
	counties  map[uint64][]period // county tier and above, all systems
	townships map[uint64][]period // mca9
	claimed   map[uint64]uint64   // nbs12 township → the mca9 code that is it
	links     []Link
	names     map[uint64]string
}

// Changes returns every recorded change, oldest first. The slice is shared: do
// not write to it.
func (h *History) Changes() []Change { return h.changes }

// Change finds a change by its id.
func (h *History) Change(id string) (Change, bool) {
	c, ok := h.byID[id]
	if !ok {
		return Change{}, false
	}
	return *c, true
}

func (h *History) nameAt(code uint64) string {
	if n := h.names[code]; n != "" {
		return n
	}
	if i, ok := h.reg.find(code, len(h.reg.codes)); ok {
		return h.reg.At(i).Name
	}
	return ""
}

// ResolveBytes answers for a code as it was at a date, without allocating. The
// date is that of the event, never of the load.
func (h *History) ResolveBytes(system string, code []byte, at Date) Answer {
	n, rule := codeOf(system, code)
	if rule != "" {
		return Answer{Malformed, -1}
	}
	a, _ := h.lookup(system, n, at)
	return a
}

// lookup is the one place that decides. The period is nil when the code has no
// recorded history.
func (h *History) lookup(system string, n uint64, at Date) (Answer, *period) {
	switch {
	case system == Police15:
		return Answer{Unknown, -1}, nil
	case n%1e6 == 0:
		return h.lookupCounty(system, n, at)
	case system == MCA9:
		return h.lookupTownship(n, at)
	}
	i, ok := h.reg.find(n, len(h.reg.codes))
	if a, p := h.countyOf(n, at); p != nil && a.Status != Exact && (!ok || a.Status == NotValid) {
		if a.Status == NotValid {
			return a, p
		}
		return Answer{Ambiguous, -1}, p // the county is known, the place in it is not
	}
	if !ok {
		return Answer{Unknown, -1}, nil
	}
	return Answer{Exact, int32(i)}, nil
}

func (h *History) lookupCounty(system string, n uint64, at Date) (Answer, *period) {
	if periods, ok := h.counties[n]; ok {
		return within(periods, at)
	}
	i, ok := h.reg.find(n, len(h.reg.codes))
	if !ok || system != NBS12 && statistical(n) {
		return Answer{Unknown, -1}, nil
	}
	return Answer{Exact, int32(i)}, nil
}

func statistical(n uint64) bool {
	p := n / 1e6 % 100
	return p >= 70 && p <= 80
}

// countyOf looks at the county that a lower code stands in.
func (h *History) countyOf(n uint64, at Date) (Answer, *period) {
	if periods, ok := h.counties[n/1e6*1e6]; ok {
		return within(periods, at)
	}
	return Answer{}, nil
}

func within(periods []period, at Date) (Answer, *period) {
	best := &periods[0]
	for i := range periods {
		p := &periods[i]
		if p.covers(at) {
			return p.answer, p
		}
		if p.accept <= at {
			best = p // the last one before the date
		}
	}
	return Answer{NotValid, -1}, best
}

func (h *History) lookupTownship(n uint64, at Date) (Answer, *period) {
	if periods, ok := h.townships[n]; ok {
		return within(periods, at)
	}
	a, p := h.countyOf(n, at)
	if p != nil && a.Status == NotValid {
		return a, p
	}
	_, ok := h.reg.find(n, len(h.reg.codes))
	switch quasi := n/1e3%1000 >= 400; {
	case p != nil && a.Status != Exact && !ok:
		return Answer{Ambiguous, -1}, p
	case !ok || quasi || statistical(n) || h.claimed[n] != 0:
		// Civil affairs knows neither statistical counties nor quasi townships,
		// and digits that are another township's are worth nothing.
		return Answer{Unknown, -1}, nil
	}
	return Answer{Unconfirmed, -1}, nil
}

// Resolve answers for a code of a system as it was on the day of at: the
// division of today's register, or why there is none. It never guesses: more
// than one possible division is Ambiguous, equal digits without evidence are
// Unconfirmed. The error is ErrFormat or ErrSystem.
func (h *History) Resolve(system, code string, at time.Time) (Resolution, error) {
	n, err := readCode(system, code)
	if err != nil {
		return Resolution{}, err
	}
	day := DateOf(at)
	a, p := h.lookup(system, n, day)
	r := Resolution{System: system, Code: text(n), At: day, Status: a.Status}
	if system == Police15 {
		r.Code = code
	}
	if a.OK() {
		d := h.reg.At(int(a.Index))
		r.Division, r.Confidence = &d, 1
	}
	if p == nil {
		h.withoutHistory(&r, n)
		return r, nil
	}
	r.ValidFrom, r.ValidTo = p.accept, p.to
	if p.to == never {
		r.ValidTo = 0
	}
	own := h.counties[n] != nil || system == MCA9 && h.townships[n] != nil
	if own {
		r.Name = p.name
	}
	for _, id := range p.refs {
		r.Changes = append(r.Changes, *h.byID[id])
	}
	if own && p.match != "" && a.Status != NotValid {
		r.MatchKind, r.Confidence = p.match, confidence[p.match]
	}
	if !a.OK() {
		r.Candidates = export(p.held)
		if !own {
			for i := range r.Candidates {
				r.Candidates[i].Above, r.Candidates[i].Known, r.Candidates[i].Share = true, false, 0
			}
		}
	}
	r.Reason = h.reason(&r, p, own)
	return r, nil
}

func (h *History) withoutHistory(r *Resolution, n uint64) {
	switch {
	case r.System == Police15:
		r.Reason = "no crosswalk from police15 is known"
	case r.Status == Exact:
		r.Name = r.Division.Name
		r.Reason = "the register of " + Version + " holds the code; it records no change"
	case r.Status == Unconfirmed:
		d, _ := h.reg.Lookup(text(n))
		r.Confidence = digitsConfidence
		r.Candidates = []Successor{{Code: d.Code, Name: d.Name}}
		r.Reason = "the statistical register has the same digits, but no document or name says that mca9 means the same township"
	case r.System == MCA9 && h.claimed[n] != 0:
		r.Reason = fmt.Sprintf("the statistical register has the same digits for %s, which is %s in mca9", h.nameAt(n), text(h.claimed[n])[:9])
	default:
		r.Reason = "no register holds the code"
	}
}

func (h *History) reason(r *Resolution, p *period, own bool) string {
	who := "the code"
	if !own {
		who = "the county of the code, " + p.name + ","
	}
	switch {
	case r.Status == NotValid && r.At < p.accept:
		return fmt.Sprintf("%s is valid from %s only", who, p.accept)
	case r.Status == NotValid:
		return fmt.Sprintf("%s is valid until %s only", who, p.to)
	case !own && r.Status == Ambiguous:
		return "the county was recoded and the new code of the place inside it is not recorded; keep the record at the county"
	}
	return p.reason
}

// Confirm settles an mca9 township without evidence (Unconfirmed or Unknown)
// with the name that the source wrote beside the code: the one civil township of
// the code's county with exactly that name, unless that is known to be another
// mca9 code. It returns the resolution unchanged when there is none.
func (h *History) Confirm(r Resolution, name string) Resolution {
	if r.System != MCA9 || r.Status != Unconfirmed && r.Status != Unknown || name == "" || len(r.Code) != 12 {
		return r
	}
	asked, _ := number(r.Code)
	i, ok := h.townshipNamed(asked, []byte(name))
	if !ok {
		return r
	}
	found := h.reg.At(i)
	d := &found
	r.Status, r.Division, r.Candidates, r.Name = Exact, d, nil, name
	if d.Code != r.Code {
		r.Status = Moved
	}
	r.MatchKind, r.Confidence = MatchName, confidence[MatchName]
	r.Reason = "one township of the same county has exactly the name that the source wrote"
	return r
}

// Mapper answers for one code system at one date. It is immutable, safe for
// concurrent use, and allocates nothing per code.
type Mapper struct {
	h      *History
	system string
	at     Date
}

// Mapper returns the mapper for a system and the day of at, or ErrSystem.
func (h *History) Mapper(system string, at time.Time) (*Mapper, error) {
	switch system {
	case NBS12, MCA9, GB6, Police15:
		return &Mapper{h, system, DateOf(at)}, nil
	}
	return nil, fmt.Errorf("making a mapper for the system %q: %w", system, ErrSystem)
}

// Date is the day for which the mapper answers.
func (m *Mapper) Date() Date { return m.at }

// Map answers for a code.
func (m *Mapper) Map(code []byte) Answer { return m.h.ResolveBytes(m.system, code, m.at) }
