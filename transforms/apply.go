package transforms

import (
	"bytes"
	"time"

	"rongtong/schemas/record"
)

// Reject is a row that cannot become part of the theme, with the reason. It
// owns its memory.
type Reject struct {
	Index              int     // the row's place in the chunk
	Rule               string  // stable id of the rule it breaks
	Field              string  // the column that failed; empty when the whole row did
	Division           string  // the territory, or the supplier, as far as the row says; may be empty
	ReasonZh, ReasonEn string  // the reason, for the people who mend it; holds no values
	Row                []byte  // JSON of the declared fields, direct identifiers masked
	Review             *Review // a division code that a person must resolve; nil for other rules
}

// Apply puts every row of a chunk either into the batch or into the rejects,
// which it returns in order of rows. The batch must have been made for this
// plan. Nothing of the chunk is kept.
//
// Of a row that breaks several rules the first failing column, in the order of
// the entity, is reported; the entity's own rules come after the columns.
func (p *Plan) Apply(b *Batch, in *record.Chunk) []Reject {
	if b.plan != p {
		panic("transforms: the batch was made for another plan")
	}
	b.reserve(len(in.Rows), in.Topic, in.Partition)
	b.st.scan.format = in.Format
	if b.rows == 0 { // the first chunk since the rows were taken
		for i := range b.seen {
			clear(b.seen[i])
		}
	}
	var rejects []Reject
	for i := range in.Rows {
		e := &in.Rows[i]
		if field, rule := p.row(b, e); rule != "" {
			rejects = append(rejects, p.reject(b, i, field, rule))
		}
	}
	return rejects
}

// row evaluates a record and, if it breaks no rule, appends it.
func (p *Plan) row(b *Batch, e *record.Envelope) (field, rule string) {
	return p.scanned(b, e, b.st.scan.scan(e.Value))
}

// scanned goes on with a record whose fields are in the slots, or that breaks a
// rule of its format.
func (p *Plan) scanned(b *Batch, e *record.Envelope, rule string) (field, broken string) {
	st := &b.st
	st.arena, st.list, st.flags, st.at = st.arena[:0], st.list[:0], p.flags, e.At
	st.evaluated = false
	if e.Fault != "" {
		return "", e.Fault
	}
	if rule != "" {
		return "", rule
	}
	if field, rule = p.evaluate(st, e.Op == record.Delete); rule != "" {
		return field, rule
	}
	at, rule := p.eventTime(st, e)
	if rule != "" {
		return eventTimeColumn, rule
	}
	if e.Op != record.Delete {
		if field, rule = p.check(b, e.Arrived); rule != "" {
			return field, rule
		}
	}
	p.append(b, e, at)
	return "", ""
}

// evaluate runs the steps. A step whose input failed is not run and reports
// nothing, so that a mistake is reported where it was made.
func (p *Plan) evaluate(st *state, isDelete bool) (field, rule string) {
	first := len(p.columns) + 2
	st.evaluated = true
	for i := range p.steps {
		s, v := &p.steps[i], &st.vals[i]
		*v = value{}
		if isDelete && !s.onDelete {
			v.null = true
			continue
		}
		if s.chained && st.failed(s.in) {
			v.failed = true
			continue
		}
		var broken string
		if s.memo {
			broken = st.memos[i].eval(s, st, v)
		} else {
			broken = s.eval(st, s.in, v)
		}
		if broken == "" {
			if !v.null || !s.required || isDelete && (i == p.srcDivision || i == p.at) {
				continue
			}
			broken = ruleRequired
		}
		v.failed = true
		if st.broken != nil {
			st.broken(s.column, broken)
		}
		if s.order < first {
			first, field, rule = s.order, s.column, broken
		}
	}
	return field, rule
}

// failed reports whether an earlier step among the inputs failed.
func (st *state) failed(in []input) bool {
	for _, in := range in {
		if in.step >= 0 && st.vals[in.step].failed {
			return true
		}
	}
	return false
}

// eventTime is the row's event time in milliseconds. A delete often carries
// nothing but its key: then the record's own time stands.
func (p *Plan) eventTime(st *state, e *record.Envelope) (ms int64, rule string) {
	if p.at >= 0 {
		if v := &st.vals[p.at]; !v.null {
			return v.i, ""
		}
		if e.Op != record.Delete {
			return 0, ruleTimeRequired
		}
	}
	if p.timeless {
		return 0, ""
	}
	if e.At.IsZero() {
		return 0, ruleTimeRequired
	}
	if ms = e.At.UnixMilli(); ms < firstTime || ms > lastTime {
		return 0, ruleTimeRange
	}
	return ms, ""
}

var noValue = value{null: true}

// append writes the row. It cannot fail, so that a row is whole or not there.
func (p *Plan) append(b *Batch, e *record.Envelope, at int64) {
	st := &b.st
	for i := range p.columns {
		c, w := &p.columns[i], &b.writers[i]
		switch {
		case c.step >= 0:
			w.put(&st.vals[c.step], st)
		case c.common == 0:
			w.put(&noValue, st)
		default:
			p.common(c.common, w, st, e, at)
		}
	}
	b.rows++
}

// common writes one of the columns that every entity has, unless it is one that
// Batch.settle writes.
func (p *Plan) common(c common, w *writer, st *state, e *record.Envelope, at int64) {
	switch c {
	case srcDivision:
		if p.srcDivision < 0 {
			return
		}
		if v := &st.vals[p.srcDivision]; !v.null {
			w.text.add(v.b)
		} else {
			w.text.add(p.root)
		}
	case srcRecordID:
		w.text.add(st.shown(e.Key))
	case place:
		w.text.add(borrow(e.Place))
	case eventTime, version:
		w.nums.add(at)
	case arrivedAt:
		w.nums.add(arrival(e.Arrived))
	case kafkaOffset:
		w.nums.add(max(e.Offset, 0))
	case qFlags:
		w.nums.add(int64(st.flags))
	case isDeleted:
		w.nums.add(int64(e.Op))
	}
}

// arrival is 1970-01-01 for a record that Kafka has not seen.
func arrival(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// shown is a record key with its separator made visible.
func (st *state) shown(key []byte) []byte {
	if bytes.IndexByte(key, 0x1f) < 0 {
		return key
	}
	key = st.keep(key...)
	for i, c := range key {
		if c == 0x1f {
			key[i] = '|'
		}
	}
	return key
}

// Refuse makes a reject of a row of the chunk, whatever the plan says of it, for
// a rule that is not the plan's own.
func (p *Plan) Refuse(b *Batch, in *record.Chunk, index int, rule, field string) Reject {
	b.st.scan.format = in.Format
	b.st.scan.scan(in.Rows[index].Value)
	return p.reject(b, index, field, rule)
}

// divisionOf is where the row that was evaluated last belongs: its territory,
// else who supplied it, else nothing.
func (p *Plan) divisionOf(st *state) string {
	if !st.evaluated {
		return ""
	}
	for _, step := range [2]int{p.territory, p.srcDivision} {
		if step >= 0 && !st.vals[step].failed && !st.vals[step].null {
			return string(st.vals[step].b)
		}
	}
	return ""
}

// reject describes the row that was evaluated last.
func (p *Plan) reject(b *Batch, index int, field, rule string) Reject {
	r := Reject{Index: index, Rule: rule, Field: field, Division: p.divisionOf(&b.st), Row: p.maskedRow(b.st.scan.slots), Review: p.review(b, field, rule)}
	if reason, ok := p.reasons[rule]; ok {
		r.ReasonZh, r.ReasonEn = reason[0], reason[1]
		return r
	}
	t, _ := RuleOf(rule)
	r.ReasonZh, r.ReasonEn = t.Zh, t.En
	return r
}
