package transforms

import "rongtong/schemas/record"

// Finding is one rule that a record breaks.
type Finding struct {
	Field string // the column, or empty when it is the whole record
	Rule  string
	Zh    string // the reason
	En    string
}

// Examine returns every rule that a record breaks, where Apply stops at the
// first: it is for a person who mends a sample, not for the flow of records.
// Nothing is added to the batch, which must have been made for this plan, but
// the values that must be unique.
func (p *Plan) Examine(b *Batch, e *record.Envelope) []Finding {
	if b.plan != p {
		panic("transforms: the batch was made for another plan")
	}
	var out []Finding
	add := func(field, rule string) {
		f := Finding{Field: field, Rule: rule}
		if reason, ok := p.reasons[rule]; ok {
			f.Zh, f.En = reason[0], reason[1]
		} else {
			t, _ := RuleOf(rule)
			f.Zh, f.En = t.Zh, t.En
		}
		out = append(out, f)
	}
	st := &b.st
	st.arena, st.list, st.flags, st.at = st.arena[:0], st.list[:0], 0, e.At
	rule := st.scan.scan(e.Value)
	if e.Fault != "" {
		rule = e.Fault
	}
	if rule != "" {
		add("", rule)
		return out
	}
	st.broken = add
	_, _ = p.evaluate(st, e.Op == record.Delete)
	st.broken = nil
	if _, rule := p.eventTime(st, e); rule != "" && (p.at < 0 || !st.vals[p.at].failed) {
		add(eventTimeColumn, rule)
	}
	if e.Op == record.Delete {
		return out
	}
	for i := range p.rules {
		// A rule over a column that failed would only say so again, and one that
		// flags is kept.
		if r := &p.rules[i]; r.flag == 0 && !r.overFailed(st) && !r.holds(b, e.Arrived) {
			add(r.field, r.rule)
		}
	}
	return out
}

// overFailed reports whether a column of the rule failed.
func (r *rowRule) overFailed(st *state) bool {
	for _, step := range r.of {
		if step >= 0 && st.vals[step].failed {
			return true
		}
	}
	return false
}
