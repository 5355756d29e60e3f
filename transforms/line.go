package transforms

import (
	"unicode/utf8"
)

// Rules of a line of CSV; they are the connectors' own.
const (
	ruleCSVColumns = "csv.columns"
	ruleCSVQuote   = "csv.quote"
)

// line fills the slots from one line of CSV (RFC 4180), the fields in the order
// of the declaration. An empty cell is null. It accepts what encoding/csv
// accepts of one line (fuzzed against it).
func (s *scanner) line() (rule string) {
	for n := len(s.v); n > 0 && (s.v[n-1] == '\n' || s.v[n-1] == '\r'); n = len(s.v) {
		s.v = s.v[:n-1]
	}
	field := 0
	for more := true; more; field++ {
		var cell slot
		if cell, more, rule = s.cell(); rule != "" {
			break
		}
		if field < len(s.slots) {
			s.slots[field] = cell
		}
	}
	switch {
	case s.suspect && !utf8.Valid(s.v):
		rule = ruleEncodingLoss
	case rule == "" && field != len(s.slots):
		rule = ruleCSVColumns
	}
	if rule != "" {
		clear(s.slots)
	}
	return rule
}

// cell reads a cell and the comma behind it.
func (s *scanner) cell() (c slot, more bool, rule string) {
	if s.byte('"') {
		return s.quotedCell()
	}
	from, odd := s.i, false
	for {
		end, rare := s.run(s.i, ',', '"')
		s.i, odd = end, odd || rare
		if end < len(s.v) && s.v[end] < ' ' && s.v[end] != '\n' && s.v[end] != '\r' {
			s.i, odd = end+1, true // a tab, say: cleaning will look at it
			continue
		}
		break
	}
	b := s.v[from:s.i:s.i]
	switch {
	case s.i == len(s.v):
	case s.v[s.i] == ',':
		s.i, more = s.i+1, true
	case s.v[s.i] == '"':
		return c, false, ruleCSVQuote
	default:
		return c, false, ruleCSVColumns // a second line
	}
	if len(b) == 0 {
		return slot{kind: null}, more, ""
	}
	return slot{str, !odd && isClean(b), b}, more, ""
}

// isClean looks at what the run of a text does not: its ends.
func isClean(b []byte) bool { return b[0] != ' ' && b[0] != '\'' && b[len(b)-1] != ' ' }

// quotedCell goes on behind the opening quote.
func (s *scanner) quotedCell() (c slot, more bool, rule string) {
	from, odd, at := s.i, false, -1
	for {
		end, rare := s.run(s.i, '"', '"')
		odd = odd || rare
		switch {
		case end >= len(s.v):
			return c, false, ruleCSVQuote
		case s.v[end] != '"': // a line break or a tab inside
			s.i, odd = end+1, true
			continue
		case end+1 < len(s.v) && s.v[end+1] == '"': // a quote, doubled
			if at < 0 {
				at = len(s.arena)
			}
			s.arena = append(s.arena, s.v[from:end+1]...)
			s.i = end + 2
			from = s.i
			continue
		}
		b := s.v[from:end:end]
		if at >= 0 {
			s.arena = append(s.arena, b...)
			b = s.arena[at:len(s.arena):len(s.arena)]
		}
		s.i = end + 1
		if more = s.byte(','); !more && s.i < len(s.v) {
			return c, false, ruleCSVQuote
		}
		return slot{str, !odd && len(b) > 0 && isClean(b), b}, more, ""
	}
}
