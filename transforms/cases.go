package transforms

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/record"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// caseTime is the event time of a case that gives none.
var caseTime = time.Date(2025, 12, 31, 0, 0, 0, 0, time.FixedZone("+08:00", eastEight))

// RunCases runs the declared cases of a flow and returns what differs, with
// the place of each case. Values are compared as people write them: a measure
// without trailing zeros, a date as 2025-12-31, a time in RFC 3339 at +08:00,
// a list with commas, null as the empty text.
func RunCases(p *Plan, f *schemas.Flow) []decl.Problem {
	var ps []decl.Problem
	for _, c := range f.Cases {
		ps = append(ps, p.runCase(c)...)
	}
	return ps
}

func (p *Plan) runCase(c *schemas.Case) []decl.Problem {
	ps := p.caseNames(c)
	at := caseTime
	if c.At != "" {
		t, err := time.Parse(time.RFC3339, c.At)
		if err != nil {
			ps = append(ps, c.Problem("case.at", "write it as 2025-12-31T08:00:00+08:00", "case %q: %q is no time", c.Name, c.At))
		}
		at = t
	}
	if len(ps) > 0 {
		return ps
	}
	value, err := json.Marshal(c.In)
	if err != nil {
		return []decl.Problem{c.Problem("case.in", "", "case %q: %v", c.Name, err)}
	}
	var chunk record.Chunk
	chunk.System, chunk.Stream = p.system, p.stream
	chunk.Append(record.Envelope{Value: value, At: at, Offset: -1})
	b := NewBatch(memory.DefaultAllocator, p)
	defer b.Release()
	rejects := p.Apply(b, &chunk)
	rec := b.Take()
	defer rec.Release()
	if len(rejects) > 0 {
		return compareReject(c, &rejects[0])
	}
	return compareRow(c, rec)
}

func (p *Plan) caseNames(c *schemas.Case) []decl.Problem {
	var ps []decl.Problem
	for _, k := range slices.Sorted(maps.Keys(c.In)) {
		if !slices.Contains(p.fields, k) {
			ps = append(ps, c.Problem("case.field", decl.Suggest(k, p.fields), "case %q: stream %q has no field %q", c.Name, p.stream, k))
		}
	}
	var known []string
	for _, f := range p.schema.Fields() {
		known = append(known, f.Name)
	}
	for _, k := range slices.Sorted(maps.Keys(c.Out)) {
		if !slices.Contains(known, k) {
			ps = append(ps, c.Problem("case.column", decl.Suggest(k, known), "case %q: entity %q has no column %q", c.Name, p.entity, k))
		}
	}
	return ps
}

const caseHint = "mend the case, or the flow"

func compareReject(c *schemas.Case, r *Reject) []decl.Problem {
	if c.Reject == nil {
		return []decl.Problem{c.Problem("case.mismatch", caseHint, "case %q: the row was rejected: field %q, rule %q (%s)", c.Name, r.Field, r.Rule, r.ReasonEn)}
	}
	if c.Reject.Rule != r.Rule || c.Reject.Field != "" && c.Reject.Field != r.Field {
		return []decl.Problem{c.Problem("case.mismatch", caseHint, "case %q: the row was rejected by field %q, rule %q, and not by field %q, rule %q",
			c.Name, r.Field, r.Rule, c.Reject.Field, c.Reject.Rule)}
	}
	return nil
}

func compareRow(c *schemas.Case, rec arrow.Record) []decl.Problem {
	if c.Reject != nil {
		return []decl.Problem{c.Problem("case.mismatch", caseHint, "case %q: the row was accepted, and not rejected by rule %q", c.Name, c.Reject.Rule)}
	}
	var ps []decl.Problem
	for i, f := range rec.Schema().Fields() {
		want, ok := c.Out[f.Name]
		if !ok {
			continue
		}
		if got := Written(rec.Column(i), 0); got != want {
			ps = append(ps, c.Problem("case.mismatch", caseHint, "case %q: column %q is %q, and not %q", c.Name, f.Name, got, want))
		}
	}
	return ps
}

// Written is a value of a batch as people write it; null is the empty text.
// See [RunCases].
func Written(col arrow.Array, row int) string {
	if col.IsNull(row) {
		return ""
	}
	switch a := col.(type) {
	case *array.String:
		return a.Value(row)
	case *array.Int64:
		return strconv.FormatInt(a.Value(row), 10)
	case *array.Decimal128:
		return string(appendDecimal(nil, int64(a.Value(row).LowBits())))
	case *array.Date32:
		return string(appendDate(nil, int64(a.Value(row))))
	case *array.Timestamp:
		return time.UnixMilli(int64(a.Value(row))).In(caseTime.Location()).Format("2006-01-02T15:04:05.999Z07:00")
	case *array.List:
		from, to := a.ValueOffsets(row)
		items := a.ListValues().(*array.String)
		var parts []string
		for i := from; i < to; i++ {
			parts = append(parts, items.Value(int(i)))
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(col.GetOneForMarshal(row))
}
