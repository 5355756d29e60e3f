package transforms

import (
	"encoding/binary"
	"math/bits"
)

// remembered are the functions whose result follows from the text of their one
// field and from nothing else of the row.
var remembered = map[string]bool{"codelist": true, "bool3": true, "measure_family": true, "month_start": true,
	"quarter_start": true, "quarter_end": true, "date": true, "time": true}

// memo remembers the last results of a step. Columns of codes, words and days
// have few values, and normalising one costs ten times as much as recognising
// it. A column that turns out to have many is no longer looked up.
type memo struct {
	entries    []remark
	hits, asks int
	off        bool
}

// remark is a result: the text of the field and what became of it.
type remark struct {
	key, out []byte // own memory
	kind     slotKind
	value    value
	flags    Flag
	rule     string
}

const (
	memoSize  = 256 // a power of two
	memoTexts = 48  // longer texts are not remembered
	memoTrial = 4096
)

// eval is the step's own, remembered.
func (m *memo) eval(s *step, st *state, v *value) (rule string) {
	in := &st.scan.slots[s.in[0].field]
	if m.off || len(in.b) == 0 || len(in.b) > memoTexts {
		return s.eval(st, s.in, v)
	}
	if m.entries == nil {
		m.entries = make([]remark, memoSize)
	}
	e := &m.entries[hash(in.b)%memoSize]
	m.asks++
	if e.kind == in.kind && string(e.key) == string(in.b) {
		m.hits++
		*v = e.value
		st.flags |= e.flags
		return e.rule
	}
	if m.asks == memoTrial {
		m.off = m.hits < memoTrial/2
		m.hits, m.asks = 0, 0
	}
	before := st.flags
	st.flags = 0
	rule = s.eval(st, s.in, v)
	e.key, e.kind, e.flags, e.rule = append(e.key[:0], in.b...), in.kind, st.flags, rule
	e.value = *v
	if v.b != nil {
		e.out = append(e.out[:0], v.b...)
		e.value.b = e.out
	}
	st.flags |= before
	return rule
}

// hash spreads short texts: their length, their first and their last eight
// bytes, in which texts of one column differ.
func hash(b []byte) uint64 {
	var x, y uint64
	if n := len(b); n >= 8 {
		x, y = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[n-8:])
	} else {
		for _, c := range b {
			x = x<<8 | uint64(c)
		}
	}
	hi, lo := bits.Mul64(x^0x9e3779b97f4a7c15, y^uint64(len(b))^0xbf58476d1ce4e5b9)
	return hi ^ lo
}
