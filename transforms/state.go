package transforms

import (
	"strconv"
	"time"

	"rongtong/schemas"
)

// value is a normalised value on its way to a column. Which part is used
// follows from the logical type: b for texts and codes, i for int (the value),
// measure (times 10,000), date (days since 1970-01-01) and time (milliseconds),
// list[from:to] of the state for lists.
type value struct {
	null     bool
	failed   bool // its step, or one it depends on, broke a rule
	b        []byte
	i        int64
	from, to int
}

// state is what the evaluation of a row needs. It belongs to a batch, so that
// a plan can be shared by goroutines, and is reused from row to row.
type state struct {
	scan  *scanner
	vals  []value // by step
	memos []memo  // by step
	types []schemas.Type
	arena []byte   // text made for this row
	list  [][]byte // elements of list values of this row
	flags Flag
	// evaluated says that vals are of the row at hand.
	evaluated bool
	broken    func(column, rule string) // told of every failed step; nil but in Examine
	at        time.Time                 // when the source says the record happened; zero when it does not
}

// input is where an argument of a function comes from: a field of the record,
// or an earlier step of the same flow.
type input struct{ field, step int }

// eval computes one value of a row. It returns the rule that the row breaks,
// or "". It must not keep anything of the state.
type eval func(st *state, in []input, out *value) (rule string)

// raw is the text of an input as it came, nil for null.
func (st *state) raw(in input) ([]byte, string) {
	if in.field < 0 {
		return st.written(in.step), ""
	}
	switch s := &st.scan.slots[in.field]; s.kind {
	case str, num:
		return s.b, ""
	case yes:
		return textTrue, ""
	case no:
		return textFalse, ""
	case nested:
		return nil, ruleJSONNested
	}
	return nil, ""
}

var textTrue, textFalse = []byte("true"), []byte("false")

// written is the text of an earlier step's value, nil for null.
func (st *state) written(step int) []byte {
	v := &st.vals[step]
	if v.null {
		return nil
	}
	at := len(st.arena)
	switch st.types[step] {
	case schemas.Int:
		st.arena = strconv.AppendInt(st.arena, v.i, 10)
	case schemas.Measure:
		st.arena = appendDecimal(st.arena, v.i)
	case schemas.Date:
		st.arena = appendDate(st.arena, v.i)
	case schemas.Time:
		st.arena = strconv.AppendInt(st.arena, v.i, 10)
	case schemas.List:
		for i, e := range st.list[v.from:v.to] {
			if i > 0 {
				st.arena = append(st.arena, ',')
			}
			st.arena = append(st.arena, e...)
		}
	default:
		if v.b == nil {
			return st.arena[at:at:at]
		}
		return v.b
	}
	return st.arena[at:len(st.arena):len(st.arena)]
}

// text is an input brought to a form, with placeholders turned into null. A
// nil text is null.
func (st *state) text(in input, f form) ([]byte, string) {
	b, rule := st.word(in, f)
	if len(b) > 0 && isPlaceholder(b) {
		st.flags |= Placeholder
		return nil, ""
	}
	return b, rule
}

// word is text with placeholders left as they are, for lists of words in which
// 无 may mean something.
func (st *state) word(in input, f form) ([]byte, string) {
	if s := st.cleanSlot(in); s != nil {
		if len(s.b) == 0 {
			return nil, ""
		}
		return s.b, ""
	}
	b, rule := st.raw(in)
	if b == nil || rule != "" {
		return nil, rule
	}
	if b = st.clean(b, f); len(b) == 0 {
		return nil, ""
	}
	return b, ""
}

// cleanSlot is the slot of an input whose text needs no cleaning, else nil.
func (st *state) cleanSlot(in input) *slot {
	if in.field >= 0 {
		if s := &st.scan.slots[in.field]; s.clean {
			return s
		}
	}
	return nil
}

// code is an input as a code: compatibility form, no spaces.
func (st *state) code(in input) ([]byte, string) {
	b, rule := st.text(in, compat)
	if b == nil {
		return nil, rule
	}
	return st.squeeze(b), ""
}

// keep puts bytes into the row's arena.
func (st *state) keep(b ...byte) []byte {
	at := len(st.arena)
	st.arena = append(st.arena, b...)
	return st.arena[at:len(st.arena):len(st.arena)]
}
