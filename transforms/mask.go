package transforms

import "rongtong/schemas/pii"

// maskedRow writes the declared fields of a rejected row as JSON, in order,
// with direct identifiers masked. Fields that were not there are left out.
func (p *Plan) maskedRow(slots []slot) []byte {
	out := make([]byte, 0, 256)
	out = append(out, '{')
	for i, s := range slots {
		if s.kind == absent {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = appendJSON(out, borrow(p.fields[i]))
		out = append(out, ':')
		switch s.kind {
		case str:
			out = appendJSON(out, pii.Mask(s.b))
		case num:
			if m := pii.Mask(s.b); string(m) != string(s.b) {
				out = appendJSON(out, m)
			} else {
				out = append(out, s.b...)
			}
		case yes:
			out = append(out, "true"...)
		case no:
			out = append(out, "false"...)
		case nested: // its inside is not declared, so it is not shown
			out = append(out, `"…"`...)
		default:
			out = append(out, "null"...)
		}
	}
	return append(out, '}')
}

const hexDigits = "0123456789abcdef"

// appendJSON writes a text as a JSON string. The text is valid UTF-8.
func appendJSON(out, b []byte) []byte {
	out = append(out, '"')
	for _, c := range b {
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < 0x20 || c == 0x7f:
			out = append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
