package warehouse

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// Replace puts the claims of the stage about an entity in the place of those that
// the same records made before. The table is built anew beside the old one (the
// claims of other streams, and of records that were not read again, as they are)
// and takes its place in one step: a reader sees all of it or nothing, and the
// next fusion fuses everything, because the table is another.
//
// No loader may write meanwhile. Cut short at any point, it is done again: what
// is replaced by itself stays the same.
func (s *Stage) Replace(ctx context.Context, e *schemas.Entity, now time.Time) error {
	o := stdTable(e)
	there, err := s.columnsThere(ctx, e)
	if err != nil {
		return err
	}
	for _, c := range o.columns {
		if !there[c.name] {
			return behind("reprocessing into %q", o.full(), c.name)
		}
	}
	names := o.writtenColumns()
	cols := idents(names)
	next := e.Entity + "__reprocess"
	create, err := s.w.suited(ctx, o.ddl(next))
	if err != nil {
		return err
	}
	staged := dbStd + "." + ident(next)
	doing := fmt.Sprintf("reprocessing into %q", o.full())
	for _, sql := range []string{
		"DROP TABLE IF EXISTS " + staged + " SYNC", // what a run before left: it holds nothing of its own
		create,
		fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s WHERE NOT %s", staged, cols, cols, o.live(), s.covered()),
		fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s FINAL WHERE %s", staged, cols, strings.Replace(cols, deliveryColumn, earliest, 1), o.live(), s.outlived()),
		fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s FINAL", staged, cols, cols, s.claims(e).live()),
	} {
		if err := s.w.conn.Exec(bounded(ctx), sql); err != nil {
			return s.w.seal(err, doing)
		}
	}
	if err := s.forgetExpired(ctx, e, staged, now); err != nil {
		return err
	}
	for _, sql := range []string{fmt.Sprintf("EXCHANGE TABLES %s AND %s", staged, o.live()), "DROP TABLE IF EXISTS " + staged + " SYNC"} {
		if err := s.w.conn.Exec(ctx, sql); err != nil {
			return s.w.mark(err, doing)
		}
	}
	return nil
}

// behind is what happens where the tables are not those of the declarations.
func behind(doing, table, column string) error {
	return fault.Hint(fault.Config, "bring the tables to the declarations first: rongtong schema apply", doing+": the warehouse has no column %q", table, column)
}

// forgetExpired takes the claims out again that retention had removed before: the
// books have counted them as expired, and they would come back to expire twice.
func (s *Stage) forgetExpired(ctx context.Context, e *schemas.Entity, staged string, now time.Time) error {
	before, err := s.expiredBefore(ctx, e, now)
	if err != nil || before == "" {
		return err
	}
	key := idents(e.Key) + ", src_system, version"
	sql := fmt.Sprintf("DELETE FROM %s WHERE %s AND (%s) IN (SELECT %s FROM (%s) WHERE %s) AND (%s) NOT IN (SELECT %s FROM std.%s)",
		staged, s.ofStream(), key, key, retained(e, staged), pastKeeping(before), key, key, ident(e.Entity))
	return s.w.seal(s.w.conn.Exec(bounded(ctx), sql), fmt.Sprintf("leaving out what %q no longer keeps", e.Entity))
}

// Restore adds the claims of the stage that the warehouse lacks, and touches no
// other. It returns how many. A claim that stands there from another delivery is
// there.
func (s *Stage) Restore(ctx context.Context, e *schemas.Entity, now time.Time) (int64, error) {
	n, err := s.Missing(ctx, e, now)
	if err != nil || n == 0 {
		return 0, err
	}
	names := idents(stdTable(e).writtenColumns())
	lacking, err := s.missing(ctx, e, now)
	if err != nil {
		return 0, err
	}
	sql := fmt.Sprintf("INSERT INTO std.%s (%s) SELECT %s FROM %s FINAL WHERE %s", ident(e.Entity), names, names, s.claims(e).live(), lacking)
	return n, s.w.seal(s.w.conn.Exec(oneBlock(bounded(ctx)), sql), fmt.Sprintf("restoring claims about %q", e.Entity))
}

// Missing counts the claims of the stage that the warehouse lacks. What retention
// removed is not missing.
func (s *Stage) Missing(ctx context.Context, e *schemas.Entity, now time.Time) (int64, error) {
	lacking, err := s.missing(ctx, e, now)
	if err != nil {
		return 0, err
	}
	var n uint64
	err = s.w.QueryRow(bounded(ctx), fmt.Sprintf("SELECT count() FROM %s FINAL WHERE %s", s.claims(e).live(), lacking), []any{&n})
	return int64(n), err
}

// missing is true of claims of the stage that the warehouse lacks.
func (s *Stage) missing(ctx context.Context, e *schemas.Entity, now time.Time) (string, error) {
	key := idents(e.Key) + ", version"
	claim := key + ", " + contentColumn
	cond := fmt.Sprintf("(%s) NOT IN (SELECT %s FROM std.%s WHERE src_system = %s)", claim, claim, ident(e.Entity), quote(s.System))
	before, err := s.expiredBefore(ctx, e, now)
	if err != nil || before == "" {
		return cond, err
	}
	part := fmt.Sprintf("SELECT %s, src_system, kafka_topic, is_deleted, event_time, %s FROM %%s FINAL WHERE src_system = %s", key, deliveryColumn, quote(s.System))
	both := fmt.Sprintf("("+part+" UNION ALL "+part+")", dbStd+"."+ident(e.Entity), s.claims(e).live())
	return cond + fmt.Sprintf(" AND (%s) NOT IN (SELECT %s FROM (%s) WHERE %s)", key, key, strings.TrimSuffix(retained(e, both), " FINAL"), pastKeeping(before)), nil
}

// pastKeeping is true of claims, as retained yields them, that retention removes.
func pastKeeping(before string) string {
	return fmt.Sprintf("(next_at < %[1]s OR next_at IS NULL AND withdrawn = 1 AND event_time < %[1]s)", before)
}

// expiredBefore is the time before which claims of the stream go; "" where none
// has gone yet.
func (s *Stage) expiredBefore(ctx context.Context, e *schemas.Entity, now time.Time) (string, error) {
	keep, ok := schemas.ParsePeriod(e.Retention)
	if !ok {
		return "", nil
	}
	var expired uint64
	err := s.w.QueryRow(ctx, "SELECT sum(expired) FROM ops.expired FINAL WHERE entity = ? AND system = ? AND topic = ?", []any{&expired}, e.Entity, s.System, s.Topic)
	if err != nil || expired == 0 {
		return "", err
	}
	return instantOf(cutoff(keep, now)), nil
}

// Outcomes yields what becomes of the refusals of the stage's records as rows of
// ops.reject, without their attempt: those of RefusedNot as replayed. plans are
// the fingerprints of the flows.
func (s *Stage) Outcomes(ctx context.Context, flows []string, plans map[string]uint64) iter.Seq2[RejectRow, error] {
	diff := s.rejectDiff(flows)
	const of = `SELECT toString(topic), toString(topic_id), toInt32(partition), toInt64(offset), toString(flow), toString(system), toString(tier), toString(stream),
	toString(entity), toString(division), toString(rule), toString(field), toString(reason_zh), toString(reason_en), place, record_key, row,
	plan, %s, later, rejected_at FROM %s FINAL WHERE topic = %s AND (partition, offset, flow, rejected_at) IN (SELECT partition, offset, flow, rejected_at FROM (%s) WHERE what IN (%s))`
	stands := fmt.Sprintf(of, "toInt32(0), false", s.rejects().live(), quote(s.Topic), diff, quotes([]string{RefusedNew, RefusedOther}))
	passes := fmt.Sprintf(of, "toInt32(attempt), true", "ops.reject", quote(s.Topic), diff, quotes([]string{RefusedNot}))
	return func(yield func(RejectRow, error) bool) {
		for _, sql := range []string{stands, passes} {
			for row, err := range s.w.rejects(bounded(ctx), sql, nil) {
				row.Plan = plans[row.Flow]
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

// Known are the rows of ops.reject about the same records and flows, by Where.
func (s *Stage) Known(ctx context.Context, rows []RejectRow) (map[string]RejectRow, error) {
	out := map[string]RejectRow{}
	keys := make([]string, len(rows))
	for i, r := range rows {
		keys[i] = fmt.Sprintf("(%d,%d,%s,fromUnixTimestamp64Milli(toInt64(%d)))", r.Partition, r.Offset, quote(r.Flow), r.RejectedAt.UnixMilli())
	}
	if len(keys) == 0 {
		return out, nil
	}
	for row, err := range s.w.rejects(ctx, selectRejects+" WHERE topic = "+quote(s.Topic)+" AND (partition, offset, flow, rejected_at) IN ("+strings.Join(keys, ",")+")", nil) {
		if err != nil {
			return nil, err
		}
		out[row.Where()] = row
	}
	return out, nil
}

// Where names the record and flow of a refusal.
func (r RejectRow) Where() string { return fmt.Sprintf("%d/%d/%s", r.Partition, r.Offset, r.Flow) }

// Ask puts the questions of the stage where a person finds them.
func (s *Stage) Ask(ctx context.Context) error {
	o := s.reviews()
	names := make([]string, len(o.columns))
	for i, c := range o.columns {
		names[i] = ident(c.name)
	}
	cols := strings.Join(names, ", ")
	sql := fmt.Sprintf("INSERT INTO ops.division_review (%s) SELECT %s FROM %s FINAL", cols, cols, o.live())
	return s.w.seal(s.w.conn.Exec(oneBlock(ctx), sql), "asking about divisions")
}

// LoadedEntities are the entities into which records of a topic were loaded.
func (w *Warehouse) LoadedEntities(ctx context.Context, topic string) ([]string, error) {
	var out []string
	err := w.each(ctx, "SELECT DISTINCT toString(entity) AS e FROM ops.load WHERE topic = "+quote(topic)+" ORDER BY e", func(scan func(...any) error) error {
		var e string
		err := scan(&e)
		out = append(out, e)
		return err
	})
	return out, err
}

// Unledgered makes rows of ops.load, one a partition, for a flow that it does not
// know: the flow was added since the records were loaded. of says all but the
// spans and counts. What the flow refuses counts as refused when it was loaded.
func (s *Stage) Unledgered(ctx context.Context, of LoadRow) ([]LoadRow, error) {
	var known uint64
	err := s.w.QueryRow(ctx, "SELECT count() FROM ops.load WHERE topic = ? AND flow = ? AND entity = ?", []any{&known}, of.Topic, of.Flow, of.Entity)
	if err != nil || known > 0 {
		return nil, err
	}
	var out []LoadRow
	err = s.w.each(ctx, fmt.Sprintf(`SELECT toInt32(partition), toInt64(min(offset)), toInt64(max(offset)) + 1, toInt64(count()),
  toInt64(countIf((partition, offset, arrived_at) IN (SELECT partition, offset, rejected_at FROM %s FINAL WHERE flow = %s)))
FROM %s FINAL GROUP BY partition`, s.rejects().live(), quote(of.Flow), s.seen().live()), func(scan func(...any) error) error {
		row := of
		err := scan(&row.Partition, &row.FromOffset, &row.ToOffset, &row.Received, &row.Rejected)
		row.Accepted = row.Received - row.Rejected
		out = append(out, row)
		return err
	})
	return out, err
}
