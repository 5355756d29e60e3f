package pipelines

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
	"rongtong/transforms"
)

// mostRefused is how many rows of one block the warehouse may refuse before it
// is the table that is wrong and not the rows.
const mostRefused = 1000

// quarantine takes the rows out of a block that the table can never take, and
// makes rejects of them. Which rows those are, the warehouse says without
// storing anything; so a crash at any point leaves nothing behind that a
// repetition would double.
func (w *worker) quarantine(ctx context.Context, b *block, flow int, l warehouse.Load, cause error) error {
	var refused []int
	err := w.insist(ctx, b, func() (err error) {
		refused, err = w.Warehouse.Refused(ctx, l, mostRefused)
		return err
	})
	switch {
	case err != nil:
		return err
	case len(refused) == 0:
		return cause // the table's own checks refuse them: a person must look
	case len(refused) >= mostRefused:
		return fault.Hint(fault.Config, "compare the table with the declaration: rongtong schema plan", "loading into %q: it refuses %d rows or more of one block: %w", l.Table, len(refused), cause)
	}
	if err := w.explain(ctx, b, flow, refused, cause); err != nil {
		return err
	}
	rest := without(b.rows[flow], refused)
	b.rows[flow].Release()
	b.rows[flow] = rest
	b.rejected[flow] += len(refused)
	w.Log.Warn("the warehouse refuses rows", "table", l.Table, "rows", len(refused), "error", cause)
	return nil
}

// refusedRule is the rule of a row that passed every rule and that the
// warehouse refuses all the same: the declaration and the table disagree.
const refusedRule = "warehouse.refused"

// explain makes rejects of the refused rows of a flow. Their records are read
// again, because a block holds rows and not records.
func (w *worker) explain(ctx context.Context, b *block, flow int, refused []int, cause error) error {
	s, f := b.share, &b.share.stream.Flows[flow]
	scratch := transforms.NewBatch(w.mem, f.Plan)
	defer scratch.Release()
	reader := w.newReader()
	row := 0 // of the flow's accepted rows
	for next := b.span.From; next < b.span.To; {
		from := topics.FetchFrom{Topic: s.topic, ID: b.topicID, Partition: s.partition, Offset: next, To: b.span.To}
		after, err := reader.Read(ctx, from, func(r *topics.FetchedRecord) error {
			c := record.Chunk{Topic: s.topic, Partition: s.partition, Format: s.stream.Format}
			e, err := envelope(r, s)
			if err != nil {
				return err
			}
			c.Append(e)
			if len(f.Plan.Apply(scratch, &c)) > 0 {
				return nil
			}
			if _, bad := slices.BinarySearch(refused, row); bad {
				reject := f.Plan.Refuse(scratch, &c, 0, refusedRule, warehouse.ColumnOf(cause))
				reject.ReasonZh, reject.ReasonEn = "数据库不接受此行：数据表与声明不一致，请联系数据工程师", "The warehouse does not take this row: the table and the declaration disagree"
				b.rejects = append(b.rejects, rejectRow(b, f, &c.Rows[0], &reject))
			}
			row++
			return nil
		})
		if err != nil {
			return err
		}
		if after == next {
			return fault.New(fault.Transient, "reading %s/%d from %d again: the log ends before %d", s.topic, s.partition, next, b.span.To)
		}
		next = after
		scratch.Take().Release()
	}
	return nil
}

// without is a record without some of its rows, given in order. The caller
// releases it; nil when no row is left.
func without(rec arrow.Record, rows []int) arrow.Record {
	if int64(len(rows)) == rec.NumRows() {
		return nil
	}
	cols := make([]arrow.Array, rec.NumCols())
	for i := range cols {
		var parts []arrow.Array
		from := 0
		for _, row := range append(slices.Clone(rows), int(rec.NumRows())) {
			if row > from {
				parts = append(parts, array.NewSlice(rec.Column(i), int64(from), int64(row)))
			}
			from = row + 1
		}
		var err error
		if cols[i], err = array.Concatenate(parts, memory.DefaultAllocator); err != nil {
			panic("pipelines: joining the parts of one column: " + err.Error())
		}
		for _, p := range parts {
			p.Release()
		}
	}
	out := array.NewRecord(rec.Schema(), cols, rec.NumRows()-int64(len(rows)))
	for _, c := range cols {
		c.Release()
	}
	return out
}
