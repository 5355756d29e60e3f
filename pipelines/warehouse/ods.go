package warehouse

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"rongtong/schemas"
)

// odsTables keep the records of every stream as received, for as long as the
// stream declares.
//
// A record is known by its partition, offset and time of arrival: offsets begin
// anew when a topic is created again, the broker's clock does not. A week is a
// partition of the table, and only whole parts expire, so that nothing is ever
// rewritten to forget: a record goes at most a week after its time.
func odsTables(c *schemas.Catalog) []*object {
	var out []*object
	for _, sys := range c.Systems {
		for _, st := range sys.Streams {
			keep, ok := st.Value.KeepRaw()
			if !ok {
				continue
			}
			o := &object{
				db: dbOds, name: schemas.RawTable(sys.System, st.Key),
				comment:   fmt.Sprintf("%s·%s：来源原始记录，保留%s", sys.Name.Zh, st.Key, periodZh(keep)),
				engine:    "ReplacingMergeTree",
				partition: "toMonday(_arrived_at)",
				order:     []string{"_partition", "_offset", "_arrived_at"},
				ttl:       ttlOf("_arrived_at", keep),
				dedup:     true,
				former:    true,
				dropped:   st.Value.Drop,
				shard:     "_key",
			}
			for _, col := range schemas.RawColumns(st.Value) {
				o.columns = append(o.columns, columnFor(col))
			}
			out = append(out, o)
		}
	}
	return out
}

func periodZh(p schemas.Period) string {
	if p.Unit == 'Y' {
		return strconv.Itoa(p.N) + "年"
	}
	return strconv.Itoa(p.N) + "天"
}

// ttlOf is the expression written the way the server writes it back.
func ttlOf(column string, p schemas.Period) string {
	unit := "Day"
	if p.Unit == 'Y' {
		unit = "Year"
	}
	return fmt.Sprintf("toDateTime(%s) + toInterval%s(%d)", column, unit, p.N)
}

var ttlInText = regexp.MustCompile(`\bTTL (toDateTime\(\w+\) \+ toInterval(Day|Year)\((\d+)\))`)

// ttlIn finds the time to live in the text of a table, "" if it has none.
func ttlIn(create string) string {
	if m := ttlInText.FindStringSubmatch(create); m != nil {
		return m[1]
	}
	return ""
}

// ttlDays is how long an expression keeps rows; without one, for ever.
func ttlDays(ttl string) int {
	const ever = 1 << 30
	m := ttlInText.FindStringSubmatch("TTL " + ttl)
	if m == nil {
		return ever
	}
	n, _ := strconv.Atoi(m[3])
	return schemas.Period{N: n, Unit: m[2][0]}.Days()
}

// keepsColumn reports whether a column that is no longer declared may stay. Of
// a stream's records as received a former field stays until they expire, unless
// it must not be kept at all.
func (o *object) keepsColumn(name string) bool {
	return o.former && !slices.Contains(o.dropped, name)
}

// ttlStep is the step to another time to live, if it differs. A shorter one
// makes rows go: that is refused unless it is allowed by its name.
func (o *object) ttlStep(have *table, allow allowed) (string, error) {
	if o.ttl == have.ttl {
		return "", nil
	}
	name := "expire:" + o.full()
	if ttlDays(o.ttl) < ttlDays(have.ttl) && !allow.has(name) {
		return "", refuse(name, "planning %q: rows would be kept for %d days and no longer for %d: the older ones would go", o.full(), ttlDays(o.ttl), ttlDays(have.ttl))
	}
	if o.ttl == "" {
		return "REMOVE TTL", nil
	}
	return "MODIFY TTL " + o.ttl, nil
}
