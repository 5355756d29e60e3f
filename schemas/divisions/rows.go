package divisions

// This file answers for rows by the million: it holds what transforms needs
// beside ResolveBytes, and allocates nothing.

// ConfirmBytes is Confirm for rows: the answer for an mca9 code without
// evidence of its own, settled by the name that the source wrote beside it. The
// name has been normalised (NFC, no spaces at its ends). It is Unconfirmed when
// the name settles nothing, and Malformed when the code is no mca9 code.
func (h *History) ConfirmBytes(code, name []byte) Answer {
	n, rule := codeOf(MCA9, code)
	if rule != "" {
		return Answer{Malformed, -1}
	}
	i, ok := h.townshipNamed(n, name)
	if !ok {
		return Answer{Unconfirmed, -1}
	}
	if h.reg.codes[i] == n {
		return Answer{Exact, int32(i)}
	}
	return Answer{Moved, int32(i)}
}

// townshipNamed finds the one civil township of the code's county that has
// exactly the name and is not known to be another mca9 code.
func (h *History) townshipNamed(n uint64, name []byte) (at int, ok bool) {
	if len(name) == 0 || n%1e6 == 0 {
		return 0, false
	}
	county := n / 1e6 * 1e6
	i, ok := h.reg.find(county, len(h.reg.codes))
	if !ok {
		return 0, false
	}
	found := -1
	for i++; i < len(h.reg.codes) && h.reg.codes[i] < county+1e6; i++ {
		c := h.reg.codes[i]
		if c%1e3 != 0 || c/1e3%1000 >= 400 || h.reg.names[h.reg.name[i]:h.reg.name[i+1]] != string(name) {
			continue
		}
		if found >= 0 {
			return 0, false
		}
		found = i
	}
	if found < 0 {
		return 0, false
	}
	if other := h.claimed[h.reg.codes[found]]; other != 0 && other != n {
		return 0, false
	}
	return found, true
}

// CommonAbove is the lowest division of today's register that holds all that
// became of an ambiguous code: where a record stays that belongs to one of
// several divisions, and nobody knows to which. It is -1 when the answer is
// not Ambiguous, or nothing but the province is common.
func (h *History) CommonAbove(system string, code []byte, at Date) int32 {
	n, rule := codeOf(system, code)
	if rule != "" {
		return -1
	}
	a, p := h.lookup(system, n, at)
	if a.Status != Ambiguous || p == nil || len(p.held) == 0 {
		return -1
	}
	for _, part := range [...]uint64{1e3, 1e6, 1e8} { // township, county, city
		up := p.held[0].code / part * part
		same := true
		for _, x := range p.held {
			same = same && x.code/part*part == up
		}
		if i, ok := h.reg.find(up, len(h.reg.codes)); ok && same {
			return int32(i)
		}
	}
	return -1
}

// CodeAt is the 12-digit code at a place of the register: the register's own
// text, valid for ever.
func (r *Register) CodeAt(i int32) string { return r.text[12*i : 12*i+12] }
