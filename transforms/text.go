package transforms

import (
	"bytes"

	"rongtong/schemas"
)

// copyText evaluates a plain field: its text, composed.
func copyText(st *state, in []input, out *value) (rule string) {
	out.b, rule = st.text(in[0], plain)
	out.null = out.b == nil
	if lostCharacter(out.b) {
		st.flags |= EncLoss
	}
	return rule
}

// lostCharacter reports whether a question mark stands in front of a Chinese
// character, or two behind one: what a bad conversion leaves of a character
// that it did not know (“??h級”). A single one at the end of a phrase is a
// question.
func lostCharacter(b []byte) bool {
	i := bytes.IndexByte(b, '?')
	if i < 0 {
		return false
	}
	for ; i < len(b); i++ {
		if b[i] != '?' {
			continue
		}
		if i+1 < len(b) && (b[i+1] >= 0xe3 || b[i+1] == '?') {
			return true
		}
	}
	return false
}

// constant evaluates to the same text for every row; an empty one is a text,
// not null.
func constant(text string) eval {
	b := []byte(text)
	return func(_ *state, _ []input, out *value) string {
		out.b = b
		return ""
	}
}

// whole evaluates an integer.
func whole(suffixes [][]byte) eval {
	return func(st *state, in []input, out *value) string {
		d, ok, rule := st.number(in[0], suffixes)
		if !ok {
			out.null = true
			return rule
		}
		p := pow10[d.frac]
		if d.mant%p != 0 {
			return ruleNumberFormat
		}
		out.i = int64(d.mant / p)
		if d.neg {
			out.i = -out.i
		}
		return ""
	}
}

// measure evaluates a number with four decimals, rounded half up.
func measure(suffixes [][]byte) eval {
	return func(st *state, in []input, out *value) string {
		d, ok, rule := st.number(in[0], suffixes)
		if !ok {
			out.null = true
			return rule
		}
		if out.i, ok = d.times(1, 1); !ok {
			return ruleNumberRange
		}
		return ""
	}
}

var bool3Yes, bool3No, bool3Unknown = []byte("yes"), []byte("no"), []byte("unknown")

// bool3 evaluates yes, no or unknown. An empty cell is no claim: null where
// the column allows it, else unknown.
func bool3(nullable bool) eval {
	return func(st *state, in []input, out *value) string {
		b, rule := st.word(in[0], compat)
		if rule != "" {
			return rule
		}
		switch string(b) {
		case "是", "有", "√", "✓", "✔", "对", "已", "1", "Y", "y", "T", "t", "yes", "YES", "Yes", "true", "TRUE", "True":
			out.b = bool3Yes
		case "否", "无", "没有", "×", "✗", "✘", "x", "X", "不", "未", "0", "N", "n", "F", "f", "no", "NO", "No", "false", "FALSE", "False":
			out.b = bool3No
		case "未知", "不详", "不清楚", "unknown", "UNKNOWN", "Unknown":
			out.b = bool3Unknown
		case "", "空", "/", "-", "--", "—", "——", "暂无", "未填", "待定", "N/A", "n/a", "NULL", "null":
			out.b, out.null = bool3Unknown, nullable
			if len(b) > 0 {
				st.flags |= Placeholder
			}
		default:
			return ruleBool3Format
		}
		return ""
	}
}

// spellings is a compiled code list: every way to write a code, cleaned and in
// lower case, to the code.
type spellings struct {
	code  map[string][]byte
	alias map[string]bool // spellings that are not the code itself
}

func compileList(l *schemas.CodeList) *spellings {
	s := &spellings{map[string][]byte{}, map[string]bool{}}
	st := &state{}
	for _, c := range l.Codes {
		s.code[string(fold(st, []byte(c.Code)))] = []byte(c.Code)
	}
	for _, c := range l.Codes {
		for _, w := range append([]string{c.Zh, c.En}, c.Aliases...) {
			k := string(fold(st, []byte(w)))
			if _, taken := s.code[k]; !taken && k != "" {
				s.code[k], s.alias[k] = []byte(c.Code), true
			}
		}
	}
	return s
}

// fold brings a word to the form in which words of a list are compared.
func fold(st *state, b []byte) []byte {
	b = st.squeeze(st.clean(b, compat))
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b = st.keep(b...)
			for j := i; j < len(b); j++ {
				if c := b[j]; c >= 'A' && c <= 'Z' {
					b[j] = c - 'A' + 'a'
				}
			}
			return b
		}
	}
	return b
}

// codelist evaluates a word to the code it means. The list is asked before
// the placeholders: a list may have a code for 无.
func codelist(list *spellings) eval {
	return func(st *state, in []input, out *value) string {
		b, rule := st.word(in[0], compat)
		if b == nil {
			out.null = true
			return rule
		}
		k := fold(st, b)
		code, ok := list.code[string(k)]
		switch {
		case ok:
			if list.alias[string(k)] {
				st.flags |= CodeAlias
			}
			out.b = code
		case isPlaceholder(b):
			st.flags |= Placeholder
			out.null = true
		default:
			return ruleCodelistUnknown
		}
		return ""
	}
}

// lookup evaluates a code to what a table says of it.
func lookup(table map[string][]byte) eval {
	return func(st *state, in []input, out *value) string {
		b, rule := st.code(in[0])
		if b == nil {
			out.null = true
			return rule
		}
		v, ok := table[string(b)]
		if !ok {
			return ruleCodelistUnknown
		}
		out.b = v
		return ""
	}
}

// join evaluates a key made of several parts, none of which may be missing.
func join(sep string) eval {
	return func(st *state, in []input, out *value) string {
		var parts [8][]byte
		for i, x := range in {
			b, rule := st.code(x)
			if rule != "" {
				return rule
			}
			if b == nil {
				return ruleKeyMissing
			}
			parts[i] = b
		}
		at := len(st.arena)
		for i, b := range parts[:len(in)] {
			if i > 0 {
				st.arena = append(st.arena, sep...)
			}
			st.arena = append(st.arena, b...)
		}
		out.b = st.arena[at:len(st.arena):len(st.arena)]
		return ""
	}
}

// split evaluates a list; nothing is an empty list.
func split(sep string) eval {
	cutset := []byte(sep)
	return func(st *state, in []input, out *value) string {
		b, rule := st.text(in[0], compat)
		out.from, out.to = len(st.list), len(st.list)
		if b == nil {
			return rule
		}
		for more := true; more; {
			var e []byte
			if e, b, more = bytes.Cut(b, cutset); len(bytes.TrimSpace(e)) > 0 {
				st.list = append(st.list, bytes.TrimSpace(e))
			}
		}
		out.to = len(st.list)
		return ""
	}
}

var kindCreated, kindRetired, kindRecode, kindRename = []byte("created"), []byte("retired"), []byte("recode"), []byte("rename")

// townshipChangeKind evaluates what happened to a township from its old and
// its new code.
func townshipChangeKind(st *state, in []input, out *value) string {
	was, rule := st.code(in[0])
	if rule != "" {
		return rule
	}
	is, rule := st.code(in[1])
	switch {
	case rule != "":
		return rule
	case was == nil && is == nil:
		return ruleKeyMissing
	case was == nil:
		out.b = kindCreated
	case is == nil:
		out.b = kindRetired
	case bytes.Equal(was, is):
		out.b = kindRename
	default:
		out.b = kindRecode
	}
	return ""
}
