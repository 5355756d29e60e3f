package world

// Every draw is a function of (seed, stream, index, sub-index): no generator
// state survives a record, so that any record can be made alone and in any
// order, and the truth needs no memory.

// rng is splitmix64 started at a hash of what is drawn for. It also remembers
// which rule the record being written breaks: a record breaks at most one, so
// that its fate does not hang on the order in which somebody checks fields.
type rng struct {
	s    uint64
	rule string
}

// spoil lets the record break a rule, unless it breaks one already.
func (r *rng) spoil(rule string) bool {
	if r.rule != "" {
		return false
	}
	r.rule = rule
	return true
}

func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

const golden = 0x9e3779b97f4a7c15

// draw starts the numbers of one purpose.
func (w *World) draw(p purpose, a, b int) rng {
	h := mix(w.Seed + golden*uint64(p+1))
	h = mix(h ^ uint64(a)*golden)
	h = mix(h ^ uint64(b)*0xd6e8feb86659fd93)
	return rng{s: h}
}

func (r *rng) next() uint64 {
	r.s += golden
	return mix(r.s)
}

// n is uniform in [0, n); the bias of the multiplication is below 2^-32.
func (r *rng) n(n int) int { return int((r.next() >> 32) * uint64(n) >> 32) }

// in is uniform in [lo, hi].
func (r *rng) in(lo, hi int) int { return lo + r.n(hi-lo+1) }

// bp is true in x of 10,000 cases.
func (r *rng) bp(x int) bool { return r.n(10000) < x }

func pick[T any](r *rng, s []T) T { return s[r.n(len(s))] }

// purpose separates the numbers of different things about the same index.
type purpose int

const (
	forVillage purpose = iota
	forTownship
	forCounty
	forSmart
	forGatewayCommittee
	forGatewayStation
	forGatewaySmart
	forEvent
	forStat
	forLedgerCommittee
	forLedgerFacility
	forLedgerHousehold
	forBook
	forBookDrill
	forBookFacility
	forBookHousehold
	forForm
	forFormFacility
	forBatch
	forReceipt
	forPerson
	forLedgerWorker
	forStock
	forSocial
	forGatewaySocial
	forBookSocial
	forOfficeStation
)
