package transforms

import (
	"bytes"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/record"

	"github.com/apache/arrow/go/v17/arrow"
)

// Reject is a row that cannot become part of the theme, with the reason. It
// owns its memory.
type Reject struct {
	Index              int    // the row's place in the chunk
	Rule               string // stable id of the rule it breaks
	Field              string // the column that failed; empty when the whole row did
	ReasonZh, ReasonEn string // the reason, for the people who mend it; holds no values
	Row                []byte // JSON of the declared fields, direct identifiers masked
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
	b.reserve(len(in.Rows))
	var rejects []Reject
	for i := range in.Rows {
		e := &in.Rows[i]
		if field, rule := p.row(b, in, e); rule != "" {
			rejects = append(rejects, p.reject(b, i, field, rule))
		}
	}
	return rejects
}

// row evaluates a record and, if it breaks no rule, appends it.
func (p *Plan) row(b *Batch, in *record.Chunk, e *record.Envelope) (field, rule string) {
	st := &b.st
	st.arena, st.list, st.flags = st.arena[:0], st.list[:0], 0
	rule = st.scan.scan(e.Value)
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
		if field, rule = p.check(st); rule != "" {
			return field, rule
		}
	}
	p.append(b, in, e, at)
	return "", ""
}

// evaluate runs the steps. A step whose input failed is not run and reports
// nothing, so that a mistake is reported where it was made.
func (p *Plan) evaluate(st *state, isDelete bool) (field, rule string) {
	first := len(p.columns) + 2
	for i := range p.steps {
		s, v := &p.steps[i], &st.vals[i]
		*v = value{}
		if isDelete && !s.onDelete {
			v.null = true
			continue
		}
		for _, in := range s.in {
			if in.step >= 0 && st.vals[in.step].failed {
				v.failed = true
			}
		}
		if v.failed {
			continue
		}
		broken := s.eval(st, s.in, v)
		if broken == "" && v.null && s.required && !(isDelete && i == p.srcDivision) {
			broken = ruleRequired
		}
		if broken == "" {
			continue
		}
		v.failed = true
		if s.order < first {
			first, field, rule = s.order, s.column, broken
		}
	}
	return field, rule
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

// check runs the entity's rules, in order.
func (p *Plan) check(st *state) (field, rule string) {
	for i := range p.rules {
		if r := &p.rules[i]; !r.holds(st) {
			return r.field, r.rule
		}
	}
	return "", ""
}

func (r *rowRule) holds(st *state) bool {
	if r.call == schemas.RequiredWhen {
		if r.b < 0 || string(st.written(r.b)) != r.value {
			return true
		}
		return r.a >= 0 && !st.vals[r.a].null
	}
	if r.a < 0 || st.vals[r.a].null {
		return true
	}
	a := st.vals[r.a].i
	if r.call == schemas.Between {
		return r.min <= a && a <= r.max
	}
	return r.b < 0 || st.vals[r.b].null || a <= st.vals[r.b].i
}

var noValue = value{null: true}

// append writes the row. It cannot fail, so that a row is whole or not there.
func (p *Plan) append(b *Batch, in *record.Chunk, e *record.Envelope, at int64) {
	st, n := &b.st, 0
	for i := range p.columns {
		c, w := &p.columns[i], &b.writers[i]
		switch {
		case c.step >= 0:
			n += w.put(&st.vals[c.step], st)
		case c.common == "":
			n += w.put(&noValue, st)
		default:
			n += p.common(c.common, w, st, in, e, at)
		}
	}
	b.rows++
	b.bytes += n
}

// common writes one of the columns that every entity has.
func (p *Plan) common(name string, w *writer, st *state, in *record.Chunk, e *record.Envelope, at int64) int {
	switch name {
	case "src_system":
		return w.putText(borrow(p.system))
	case "src_tier":
		return w.putText(borrow(p.tier))
	case schemas.SrcDivision:
		if p.srcDivision >= 0 && !st.vals[p.srcDivision].null {
			return w.putText(st.vals[p.srcDivision].b)
		}
		return w.putText(p.root)
	case "src_record_id":
		return w.putText(st.shown(e.Key))
	case "kafka_topic":
		return w.putText(borrow(in.Topic))
	case "place":
		return w.putText(borrow(e.Place))
	case eventTimeColumn:
		w.time.UnsafeAppend(arrow.Timestamp(at))
	case "arrived_at":
		w.time.UnsafeAppend(arrow.Timestamp(arrival(e.Arrived)))
	case "version":
		w.u64.UnsafeAppend(uint64(at))
	case "kafka_offset":
		w.u64.UnsafeAppend(uint64(max(e.Offset, 0)))
	case "q_flags":
		w.u32.UnsafeAppend(uint32(st.flags))
	case "kafka_partition":
		w.u16.UnsafeAppend(uint16(in.Partition))
	case "is_deleted":
		w.u8.UnsafeAppend(uint8(e.Op))
	default:
		panic("transforms: nothing fills the common column " + name)
	}
	return 8
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

// reject describes the row that was evaluated last.
func (p *Plan) reject(b *Batch, index int, field, rule string) Reject {
	r := Reject{Index: index, Rule: rule, Field: field, Row: p.maskedRow(b.st.scan.slots)}
	if reason, ok := p.reasons[rule]; ok {
		r.ReasonZh, r.ReasonEn = reason[0], reason[1]
		return r
	}
	t, _ := RuleOf(rule)
	r.ReasonZh, r.ReasonEn = t.Zh, t.En
	return r
}
