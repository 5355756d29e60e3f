package warehouse

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"rongtong/schemas/fault"
)

// RejectFilter chooses rows of ops.reject. Empty parts choose all.
type RejectFilter struct {
	System, Stream, Rule, Field string
	Division                    string // a code or its beginning: the division or one within it
	Since                       time.Time
	Topic                       string // with Partition and Offset: one record
	Partition                   int32
	Offset                      int64 // -1: any
	Replayed                    bool  // also those that a replay has accepted
}

func (f RejectFilter) where() (string, []any) {
	var conds []string
	var args []any
	add := func(cond string, arg any) {
		conds, args = append(conds, cond), append(args, arg)
	}
	for _, x := range []struct{ column, value string }{{"system", f.System}, {"stream", f.Stream}, {"rule", f.Rule}, {"field", f.Field}, {"topic", f.Topic}} {
		if x.value != "" {
			add(x.column+" = ?", x.value)
		}
	}
	if f.Division != "" {
		add("startsWith(division, ?)", strings.TrimRight(f.Division, "0"))
	}
	if !f.Since.IsZero() {
		add("rejected_at >= ?", f.Since)
	}
	if f.Topic != "" && f.Offset >= 0 {
		add("partition = ?", f.Partition)
		add("offset = ?", f.Offset)
	}
	if !f.Replayed {
		conds = append(conds, "NOT replayed")
	}
	if len(conds) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(conds, " AND "), args
}

// RejectCount is how often one rule refused records of one stream.
type RejectCount struct {
	Tier     string `json:"tier"`
	System   string `json:"system"`
	Stream   string `json:"stream"`
	Entity   string `json:"entity"`
	Rule     string `json:"rule"`
	Field    string `json:"field"`
	ReasonZh string `json:"reason_zh"`
	ReasonEn string `json:"reason_en"`
	Rows     int64  `json:"rows"`
	Place    string `json:"place"` // of one of them
	Attempts int64  `json:"attempts"`
}

// RejectCounts sums the quarantine up by stream, rule and field, most first.
func (w *Warehouse) RejectCounts(ctx context.Context, f RejectFilter) ([]RejectCount, error) {
	where, args := f.where()
	rows, err := w.Query(ctx, `SELECT toString(tier), toString(system), toString(stream), toString(entity), toString(rule), toString(field),
		toString(any(reason_zh)), toString(any(reason_en)), toInt64(count()) AS n, argMin(place, offset), toInt64(max(attempt))
		FROM ops.reject FINAL`+where+` GROUP BY tier, system, stream, entity, rule, field ORDER BY n DESC, system, stream, rule, field`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []RejectCount
	for rows.Next() {
		var c RejectCount
		if err := rows.Scan(&c.Tier, &c.System, &c.Stream, &c.Entity, &c.Rule, &c.Field, &c.ReasonZh, &c.ReasonEn, &c.Rows, &c.Place, &c.Attempts); err != nil {
			return nil, fault.New(fault.Bug, "reading ops.reject: %w", err)
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

const selectRejects = `SELECT toString(topic), toString(topic_id), toInt32(partition), toInt64(offset), toString(flow), toString(system), toString(tier), toString(stream),
	toString(entity), toString(division), toString(rule), toString(field), toString(reason_zh), toString(reason_en), place, record_key, row,
	plan, toInt32(attempt), replayed, later, rejected_at
	FROM ops.reject FINAL`

// Rejects yields rows of ops.reject in order of topic, its lives, flow, partition
// and offset; limit 0 is all.
func (w *Warehouse) Rejects(ctx context.Context, f RejectFilter, limit int) iter.Seq2[RejectRow, error] {
	where, args := f.where()
	text := selectRejects + where + " ORDER BY topic, topic_id, flow, partition, offset, rejected_at"
	if limit > 0 {
		text += fmt.Sprintf(" LIMIT %d", limit)
	}
	return w.rejects(ctx, text, args)
}

// Partition is a partition of one life of a topic.
type Partition struct {
	TopicID string
	Number  int32
}

// Of is the partition that the record stands in.
func (r *RejectRow) Of() Partition { return Partition{r.TopicID, r.Partition} }

// RejectsAfter returns the first rows of a topic behind the given offsets, in
// order of the topic's lives, partitions and offsets: about limit of them, and
// never a part of what the flows of one record say.
func (w *Warehouse) RejectsAfter(ctx context.Context, topic string, after map[Partition]int64, limit int) ([]RejectRow, error) {
	var cond strings.Builder
	for p, o := range after {
		fmt.Fprintf(&cond, " AND NOT (topic_id = %s AND partition = %d AND offset <= %d)", quote(p.TopicID), p.Number, o)
	}
	var out []RejectRow
	for row, err := range w.rejects(ctx, selectRejects+" WHERE topic = ?"+cond.String()+fmt.Sprintf(" ORDER BY topic_id, partition, offset, flow LIMIT %d", limit+64), []any{topic}) {
		if err != nil {
			return nil, err
		}
		if n := len(out); n >= limit && (out[n-1].Offset != row.Offset || out[n-1].Of() != row.Of()) {
			break
		}
		out = append(out, row)
	}
	return out, nil
}

func (w *Warehouse) rejects(ctx context.Context, text string, args []any) iter.Seq2[RejectRow, error] {
	return func(yield func(RejectRow, error) bool) {
		rows, err := w.Query(ctx, text, args...)
		if err != nil {
			yield(RejectRow{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var r RejectRow
			err := rows.Scan(&r.Topic, &r.TopicID, &r.Partition, &r.Offset, &r.Flow, &r.System, &r.Tier, &r.Stream, &r.Entity, &r.Division, &r.Rule, &r.Field,
				&r.ReasonZh, &r.ReasonEn, &r.Place, &r.RecordKey, &r.Row, &r.Plan, &r.Attempt, &r.Replayed, &r.Later, &r.RejectedAt)
			if err != nil {
				yield(r, fault.New(fault.Bug, "reading ops.reject: %w", err))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(RejectRow{}, w.mark(err, "reading ops.reject"))
		}
	}
}
