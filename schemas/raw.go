package schemas

import (
	"fmt"
	"regexp"
	"strconv"
)

// Period is an ISO 8601 period of whole years or days: "P10Y", "P30D".
type Period struct {
	N    int
	Unit byte // 'Y' or 'D'
}

var periodForm = regexp.MustCompile(`^P([1-9][0-9]{0,4})([YD])$`)

// ParsePeriod reads a period; ok is false for anything else.
func ParsePeriod(s string) (p Period, ok bool) {
	m := periodForm.FindStringSubmatch(s)
	if m == nil {
		return Period{}, false
	}
	n, err := strconv.Atoi(m[1])
	return Period{n, m[2][0]}, err == nil
}

// Days is the period's length for comparing two; a year counts 365 days.
func (p Period) Days() int {
	if p.Unit == 'Y' {
		return 365 * p.N
	}
	return p.N
}

// RawNone as Stream.Raw: nothing is kept as received.
const RawNone = "none"

// rawDefault is how long records are kept as received where nothing is said:
// long enough for a quarterly report to be traced to what a source sent.
const rawDefault = "P90D"

// KeepRaw is how long the stream's records are kept as received, counted from
// their arrival; ok is false where they are not kept at all.
func (s *Stream) KeepRaw() (p Period, ok bool) {
	switch s.Raw {
	case RawNone:
		return Period{}, false
	case "":
		p, _ = ParsePeriod(rawDefault)
		return p, true
	}
	return ParsePeriod(s.Raw)
}

// RawTable is the name of the table of layer ods that keeps a stream's records
// as received.
func RawTable(system, stream string) string { return system + "__" + stream }

// raw are the columns that every record kept as received has besides its
// fields. They are named as ClickHouse names those of its Kafka tables, with an
// underscore in front, so that no source's field is in their way.
var raw = []*Column{
	{Name: "_topic", Type: Text, Zh: "主题", En: "Kafka topic"},
	{Name: "_partition", Type: UInt16, Zh: "分区", En: "Kafka partition"},
	{Name: "_offset", Type: UInt64, Zh: "位点", En: "Kafka offset"},
	{Name: "_arrived_at", Type: Time, Zh: "到达时间", En: "When the record reached the broker"},
	{Name: "_event_at", Type: Time, Zh: "业务时间（来源所述）", En: "When the source says it happened", Nullable: true},
	{Name: "_place", Type: Text, Zh: "源内位置", En: "Where in its source the record stood: file and line, page, row"},
	{Name: "_op", Type: Text, Zh: "操作：upsert 新增或更新，delete 撤回", En: "upsert or delete"},
	{Name: "_key", Type: Text, Zh: "源记录键", En: "Key of the record in its source, its fields joined with |"},
	{Name: "_rejected", Type: UInt8, Zh: "被退回的流向数（0：全部接受）", En: "How many flows refused the record; 0: none"},
}

// RawColumns are the columns of a stream's records as received: where each
// record came from, then the declared fields in their order, as text and
// without any change. A field that was null, missing or no single value is
// null, and so are all fields of a record that is no JSON object. The slice is
// the caller's, the common columns are shared.
func RawColumns(s *Stream) []*Column {
	out := make([]*Column, 0, len(raw)+len(s.Fields))
	out = append(out, raw...)
	for _, f := range s.Fields {
		c := &Column{Pos: f.Pos, Name: f.Key, Type: Text, Nullable: true,
			Zh: fmt.Sprintf("源字段“%s”（%s）", f.Key, f.Value), En: fmt.Sprintf("Source field %q (%s)", f.Key, f.Value)}
		if x, ok := s.Identify.Get(f.Key); ok && x.Value.As == AsCitizenID {
			c.Zh, c.En, c.PII = c.Zh+"，"+LandedPid, c.En+", as its pseudonym", P2
		}
		out = append(out, c)
	}
	return out
}

// LandedPid marks a column of layer ods that holds pseudonyms as they landed:
// with the version of their key.
const LandedPid = "以假名落地"

// isRaw reports whether a name is one of the common columns of layer ods.
func isRaw(name string) bool {
	for _, c := range raw {
		if c.Name == name {
			return true
		}
	}
	return false
}
