package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// Comparison is what putting a stage in place would do.
type Comparison struct {
	Records int64            `json:"records"`  // read again
	FromOds int64            `json:"from_ods"` // of them, from layer ods, because Kafka has them no more
	Claims  []EntityDiff     `json:"entities"`
	Rejects []RejectDiff     `json:"rejects"`
	Refused map[string]int64 `json:"refused"` // records by what becomes of their refusal: RefusedNew …
}

// What becomes of a record in quarantine, or of one that comes there.
const (
	RefusedNew   = "newly_refused"  // it was accepted and is refused now
	RefusedNot   = "newly_accepted" // it was refused and is accepted now
	RefusedOther = "other_rule"     // it was refused and is refused now by another rule or for another field
	RefusedSame  = "still_refused"
)

// Differs reports whether anything would change.
func (c Comparison) Differs() bool {
	for _, e := range c.Claims {
		if e.Same != e.Before || e.Same != e.After {
			return true
		}
	}
	return c.Refused[RefusedNew]+c.Refused[RefusedNot]+c.Refused[RefusedOther] > 0
}

// EntityDiff compares the claims about one entity that the records of the stage
// made with those that they make now. A claim is told by its thing and record:
// when a record is mapped to another thing, one claim goes and one comes.
type EntityDiff struct {
	Entity  string `json:"entity"`
	Before  int64  `json:"before"`
	After   int64  `json:"after"`
	Same    int64  `json:"same"`
	Changed int64  `json:"changed"`
	Gone    int64  `json:"gone"`
	Added   int64  `json:"added"`
	// NotHeld are claims of the stream whose records are held nowhere any more:
	// they stay as an earlier mapping made them.
	NotHeld int64       `json:"not_held"`
	Fields  []FieldDiff `json:"fields,omitempty"` // of changed claims, most first
	// Places of a claim that goes and of one that comes; "" when there is none.
	GonePlace  string `json:"gone_place,omitempty"`
	AddedPlace string `json:"added_place,omitempty"`
}

// FieldDiff says in how many changed claims a field changes, with an example.
// Values that may be personal are not shown.
type FieldDiff struct {
	Field  string `json:"field"`
	Rows   int64  `json:"rows"`
	Place  string `json:"place"`
	Shown  bool   `json:"shown"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// RejectDiff are records whose refusal changes, by rule: the old one of records
// that are accepted now, else the new one.
type RejectDiff struct {
	What     string `json:"what"`
	Entity   string `json:"entity"`
	Rule     string `json:"rule"`
	Field    string `json:"field"`
	ReasonZh string `json:"reason_zh"`
	ReasonEn string `json:"reason_en"`
	Rows     int64  `json:"rows"`
	Place    string `json:"place"`
}

// Compare counts, in the warehouse and exactly, what differs between what is
// there and the stage. flows are the names of today's flows: what was refused by
// others is left alone.
func (s *Stage) Compare(ctx context.Context, flows []string) (Comparison, error) {
	c := Comparison{Refused: map[string]int64{}}
	var n, ods uint64
	if err := s.w.QueryRow(ctx, "SELECT count(), countIf(from_ods) FROM "+s.seen().live()+" FINAL", []any{&n, &ods}); err != nil {
		return c, err
	}
	c.Records, c.FromOds = int64(n), int64(ods)
	for _, e := range s.Entities {
		d, err := s.compareClaims(ctx, e)
		if err != nil {
			return c, fmt.Errorf("comparing the claims about %q: %w", e.Entity, err)
		}
		c.Claims = append(c.Claims, d)
	}
	err := s.w.each(bounded(ctx), fmt.Sprintf(`SELECT what, entity, rule, field, any(reason_zh), any(reason_en), toInt64(count()), argMin(place, offset)
FROM (%s) GROUP BY what, entity, rule, field ORDER BY what, count() DESC, entity, rule, field`, s.rejectDiff(flows)), func(scan func(...any) error) error {
		var d RejectDiff
		if err := scan(&d.What, &d.Entity, &d.Rule, &d.Field, &d.ReasonZh, &d.ReasonEn, &d.Rows, &d.Place); err != nil {
			return err
		}
		c.Refused[d.What] += d.Rows
		if d.What != RefusedSame {
			c.Rejects = append(c.Rejects, d)
		}
		return nil
	})
	return c, err
}

// lastRecord is where the record that delivered a claim last lies.
const lastRecord = "last_kafka_partition, last_kafka_offset, last_arrived_at"

// covered is true of claims whose record was read again: the one that delivered
// them last.
func (s *Stage) covered() string {
	return fmt.Sprintf("(%s AND (%s) IN (SELECT partition, offset, arrived_at FROM %s))", s.ofStream(), lastRecord, s.seen().live())
}

// outlived is true of covered claims whose first record is held nowhere any more: that
// they were known since then stays, whatever their last one makes now.
func (s *Stage) outlived() string {
	return fmt.Sprintf("(%s AND %s < %s AND (kafka_partition, kafka_offset, arrived_at) NOT IN (SELECT partition, offset, arrived_at FROM %s))",
		s.covered(), earliest, deliveryColumn, s.seen().live())
}

func (s *Stage) ofStream() string {
	return fmt.Sprintf("src_system = %s AND kafka_topic = %s", quote(s.System), quote(s.Topic))
}

// compared are the columns whose change is news: not the key, which tells claims
// apart, and not where the record lies, which does not change.
func compared(e *schemas.Entity) []*schemas.Column {
	return slices.DeleteFunc(schemas.StdColumns(e), func(c *schemas.Column) bool {
		switch c.Name {
		case "src_system", "version", "kafka_topic", "kafka_partition", "kafka_offset", "arrived_at", "place":
			return true
		}
		return e.IsKey(c.Name)
	})
}

// compareClaims compares in one pass: every claim of both sides by its thing and
// record, with a hash of each column. It spills to disk, so memory is bounded.
func (s *Stage) compareClaims(ctx context.Context, e *schemas.Entity) (EntityDiff, error) {
	d := EntityDiff{Entity: e.Entity}
	cols := compared(e)
	there, err := s.columnsThere(ctx, e)
	if err != nil {
		return d, err
	}
	if !there[deliveryColumn] {
		return d, behind("comparing with %q", dbStd+"."+e.Entity, deliveryColumn)
	}
	sql := s.compareSQL(e, cols, there)
	var counts []uint64
	var at []string
	rows, err := s.w.Query(bounded(ctx), sql)
	if err != nil {
		return d, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&counts, &d.GonePlace, &d.AddedPlace, &at); err != nil {
			return d, fault.New(fault.Bug, "reading a comparison: %w", err)
		}
	}
	if err := rows.Err(); err != nil || len(counts) < 6 {
		return d, s.w.mark(err, "comparing claims")
	}
	for i, to := range []*int64{&d.Before, &d.After, &d.Same, &d.Changed, &d.Gone, &d.Added} {
		*to = int64(counts[i])
	}
	for i, c := range cols {
		if n := counts[6+i]; n > 0 {
			f := FieldDiff{Field: c.Name, Rows: int64(n)}
			if err := s.example(ctx, e, c, there[c.Name], at[i], &f); err != nil {
				return d, err
			}
			d.Fields = append(d.Fields, f)
		}
	}
	slices.SortStableFunc(d.Fields, func(a, b FieldDiff) int { return int(b.Rows - a.Rows) })
	return d, nil
}

// compareSQL selects one row: the six counts of EntityDiff and then one for each
// column, the places, and for each column where a claim lies in which it changes.
func (s *Stage) compareSQL(e *schemas.Entity, cols []*schemas.Column, there map[string]bool) string {
	side := func(n int, from, where string) string {
		parts := []string{idents(e.Key), lastRecord, "place"}
		for i, c := range cols {
			hash := "sipHash64(isNull(%[1]s), ifNull(toString(%[1]s), ''))"
			if c.Type.Collection() {
				hash = "sipHash64(toUInt8(0), toString(%[1]s))"
			}
			if n == 0 && !there[c.Name] {
				hash = "sipHash64(toUInt8(1), '')"
			}
			parts = append(parts, fmt.Sprintf(hash+" AS h%[2]d", ident(c.Name), i))
		}
		return fmt.Sprintf("SELECT %d AS side, %s FROM %s FINAL WHERE %s", n, strings.Join(parts, ", "), from, where)
	}
	keys := idents(e.Key) + ", " + lastRecord
	inner := []string{"countIf(side = 0) AS o", "countIf(side = 1) AS n", "any(place) AS at"}
	var equal, outer []string
	for i := range cols {
		inner = append(inner, fmt.Sprintf("sumIf(h%[1]d, side = 0) <> sumIf(h%[1]d, side = 1) AS d%[1]d", i))
		equal = append(equal, fmt.Sprintf("NOT d%d", i))
		outer = append(outer, fmt.Sprintf("countIf(o > 0 AND n > 0 AND d%d)", i))
	}
	places := make([]string, len(cols))
	for i := range cols {
		places[i] = fmt.Sprintf("argMinIf(concat('last_kafka_partition = ', toString(last_kafka_partition), ' AND last_kafka_offset = ', toString(last_kafka_offset)), last_kafka_offset, o > 0 AND n > 0 AND d%d)", i)
	}
	same := strings.Join(equal, " AND ")
	return fmt.Sprintf(`SELECT [sum(o), sum(n), countIf(o > 0 AND n > 0 AND same), countIf(o > 0 AND n > 0 AND NOT same), countIf(n = 0), countIf(o = 0), %s],
  argMinIf(at, last_kafka_offset, n = 0), argMinIf(at, last_kafka_offset, o = 0), [%s]
FROM (SELECT %s, %s, %s AS same FROM (%s UNION ALL %s) GROUP BY %s)`,
		strings.Join(outer, ", "), strings.Join(places, ", "), keys, strings.Join(inner, ", "), same,
		side(0, dbStd+"."+ident(e.Entity), s.covered()), side(1, s.claims(e).live(), "1"), keys)
}

// NotHeld counts the claims of the stream about an entity whose records were not
// read again.
func (s *Stage) NotHeld(ctx context.Context, e *schemas.Entity) (int64, error) {
	var n uint64
	err := s.w.QueryRow(ctx, fmt.Sprintf("SELECT count() FROM std.%s FINAL WHERE %s AND NOT %s", ident(e.Entity), s.ofStream(), s.covered()), []any{&n})
	return int64(n), err
}

// columnsThere are the columns that the live table has; a declaration may be ahead.
func (s *Stage) columnsThere(ctx context.Context, e *schemas.Entity) (map[string]bool, error) {
	out := map[string]bool{}
	err := s.w.each(ctx, fmt.Sprintf("SELECT name FROM system.columns WHERE database = 'std' AND table = %s", quote(e.Entity)), func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		out[name] = true
		return err
	})
	return out, err
}

// example reads the values of a field in the first claim in which it changes,
// unless they may be about a person.
func (s *Stage) example(ctx context.Context, e *schemas.Entity, c *schemas.Column, there bool, at string, f *FieldDiff) error {
	f.Shown = schemas.IsCommon(c.Name) && c.Name != "src_record_id" || slices.Contains(disputable(e), c)
	value := "ifNull(toString(" + ident(c.Name) + "), '')"
	if !f.Shown {
		value = "''"
	}
	before := value
	if !there {
		before = "''"
	}
	sql := fmt.Sprintf("SELECT x.b, y.a, y.p FROM (SELECT %s AS b FROM std.%s FINAL WHERE %s AND %s LIMIT 1) AS x CROSS JOIN (SELECT %s AS a, place AS p FROM %s FINAL WHERE %s LIMIT 1) AS y",
		before, ident(e.Entity), s.ofStream(), at, value, s.claims(e).live(), at)
	return s.w.QueryRow(ctx, sql, []any{&f.Before, &f.After, &f.Place})
}

// rejectDiff selects every record whose refusal stands, goes or comes. The rule is
// the one that refuses it now, or, of one that is accepted now, the one that did.
func (s *Stage) rejectDiff(flows []string) string {
	const cols = "partition, offset, flow, entity, rejected_at, toString(rule) AS rule, toString(field) AS field, toString(reason_zh) AS reason_zh, toString(reason_en) AS reason_en, place"
	return fmt.Sprintf(`SELECT partition, offset, toString(flow) AS flow, toString(entity) AS entity, rejected_at, place,
  multiIf(o = 0, '%s', n = 0, '%s', old.1 <> new.1 OR old.2 <> new.2, '%s', '%s') AS what,
  if(n > 0, new.1, old.1) AS rule, if(n > 0, new.2, old.2) AS field, if(n > 0, new.3, old.3) AS reason_zh, if(n > 0, new.4, old.4) AS reason_en
FROM
(
  SELECT partition, offset, flow, any(entity) AS entity, rejected_at, any(place) AS place, countIf(side = 0) AS o, countIf(side = 1) AS n,
    anyIf((rule, field, reason_zh, reason_en), side = 0) AS old, anyIf((rule, field, reason_zh, reason_en), side = 1) AS new
  FROM
  (
    SELECT 0 AS side, %s FROM ops.reject FINAL
    WHERE topic = %s AND NOT replayed AND flow IN (%s) AND (partition, offset, rejected_at) IN (SELECT partition, offset, arrived_at FROM %s)
    UNION ALL
    SELECT 1 AS side, %s FROM %s FINAL
  )
  GROUP BY partition, offset, flow, rejected_at
)`, RefusedNew, RefusedNot, RefusedOther, RefusedSame, cols, quote(s.Topic), quotes(flows), s.seen().live(), cols, s.rejects().live())
}
