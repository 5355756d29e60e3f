package transforms

import "bytes"

// A citizen ID reaches a flow as the landing step left it: "<pseudonym>.<version
// of the key>", or "!<rule>:<masked form>" when it was none. The number itself
// never does.

const pidLen = 26

// landedPid takes a landed citizen ID apart.
func (st *state) landedPid(in input) (pid, version []byte, rule string) {
	b, rule := st.raw(in)
	if len(b) == 0 || rule != "" {
		return nil, nil, rule
	}
	if b[0] == '!' {
		broken, _, _ := bytes.Cut(b[1:], []byte{':'})
		if t, ok := RuleOf(string(broken)); ok {
			return nil, nil, t.Rule // the catalogue's own text: b is gone after this row
		}
		return nil, nil, rulePidFormat
	}
	if len(b) < pidLen+2 || b[pidLen] != '.' || len(b) > pidLen+6 {
		return nil, nil, rulePidFormat
	}
	for _, c := range b[:pidLen] {
		if c-'a' >= 26 && c-'2' >= 6 {
			return nil, nil, rulePidFormat
		}
	}
	for _, c := range b[pidLen+1:] {
		if c-'0' > 9 {
			return nil, nil, rulePidFormat
		}
	}
	return b[:pidLen], b[pidLen+1:], ""
}

func pid(st *state, in []input, out *value) string {
	b, _, rule := st.landedPid(in[0])
	out.b, out.null = b, b == nil
	return rule
}

func pidVersion(st *state, in []input, out *value) string {
	b, v, rule := st.landedPid(in[0])
	out.null = b == nil
	for _, c := range v {
		out.i = out.i*10 + int64(c-'0')
	}
	return rule
}
