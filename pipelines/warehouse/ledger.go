package warehouse

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// MoveRow is a row of ops.load_move: a person moved the loaders' position in one
// partition. Forward: the records in [FromOffset, ToOffset) were skipped, and why.
// Backward: the loads from ToOffset on were taken out of the ledger, to be made again.
type MoveRow struct {
	Topic      string    `json:"topic"`
	TopicID    string    `json:"topic_id"`
	Partition  int32     `json:"partition"`
	Move       int64     `json:"move"` // counts up for each partition, from 1
	System     string    `json:"system"`
	Tier       string    `json:"tier"`
	Stream     string    `json:"stream"`
	FromOffset int64     `json:"from_offset"`
	ToOffset   int64     `json:"to_offset"`
	Skipped    int64     `json:"skipped"`  // records that Kafka held and nobody loads
	Gone       int64     `json:"gone"`     // offsets that Kafka no longer held
	Again      int64     `json:"again"`    // records whose loads were taken out of the ledger
	AgainTo    int64     `json:"again_to"` // the end of the last of these loads
	Reason     string    `json:"reason"`
	MovedBy    string    `json:"moved_by"`
	MovedAt    time.Time `json:"moved_at"`
}

// moveTables hold what persons did to the loaders' positions.
func moveTables() []*object {
	const near = "Delta(8), ZSTD(1)"
	return []*object{{db: dbOps, name: "load_move", comment: "装载位点调整：人工跳过或重新装载的区间及原因", dedup: true,
		engine: "ReplacingMergeTree(moved_at)",
		order:  []string{"topic", "partition", topicID.name, "move"},
		columns: []column{
			{"topic", lc, "", "主题"}, topicID, {"partition", "UInt16", "", "分区"}, {"move", "UInt32", "", "该分区第几次调整"},
			{"system", lc, "", "来源系统"}, {"tier", lc, "", "来源层级"}, {"stream", lc, "", "数据流"},
			{"from_offset", "UInt64", near, "原位点"}, {"to_offset", "UInt64", near, "新位点"},
			{"skipped", "UInt64", "", "跳过的记录（条）"}, {"gone", "UInt64", "", "Kafka 已删除的位点数"},
			{"again", "UInt64", "", "将重新装载的记录（条）"},
			{"again_to", "UInt64", near, "移出台账的最后一次装载的终止位点"}, {"reason", "String", "ZSTD(1)", "原因"},
			{"moved_by", "String", "ZSTD(1)", "操作人"}, {"moved_at", instant, near, "调整时间"},
		}}}
}

// moveViews say what is skipped now: a move back to before it takes a skip back.
func moveViews() []*object {
	return []*object{{db: dbOps, name: "skipped", comment: "人工跳过、未装载的区间", view: `SELECT m.*
FROM (SELECT * FROM ops.load_move FINAL) AS m
LEFT JOIN (
  SELECT topic, topic_id, partition, groupArray((move, to_offset)) AS back
  FROM ops.load_move FINAL WHERE to_offset < from_offset GROUP BY topic, topic_id, partition) AS b
  ON b.topic = m.topic AND b.topic_id = m.topic_id AND b.partition = m.partition
WHERE m.skipped + m.gone > 0 AND NOT arrayExists(x -> x.1 > m.move AND x.2 <= m.from_offset, b.back)`}}
}

// Ledgered is how far the warehouse knows a partition to be loaded, or skipped by a
// person.
type Ledgered struct {
	Topic     string
	TopicID   string // of the topic that had the name then
	Partition int32
	To        int64 // everything before it is
	Move      int64 // how often a person moved the position
	// AgainTo is up to where loads were ever taken out of the ledger, to be made again.
	AgainTo int64
}

// Ledger tells how far topics are loaded as far as the warehouse knows, of every
// topic that ever had the name. group is that of the loaders, empty for the usual one.
func (w *Warehouse) Ledger(ctx context.Context, group string, names []string) ([]Ledgered, error) {
	if len(names) == 0 {
		return nil, nil
	}
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = quote(n)
	}
	in := strings.Join(quoted, ", ")
	prefix, moves := group+"/", ""
	if group == "" {
		prefix = ""
		// The last move counts, not the farthest: what a move back left behind it is no
		// longer loaded.
		moves = fmt.Sprintf(" UNION ALL SELECT topic, topic_id, partition, argMax(to_offset, move) AS to, max(move) AS n, max(again_to) AS again FROM ops.load_move WHERE topic IN (%s) GROUP BY topic, topic_id, partition", in)
	}
	var out []Ledgered
	err := w.each(ctx, fmt.Sprintf(`SELECT toString(topic), toString(topic_id), toInt32(partition), toInt64(max(to)), toInt64(max(n)), toInt64(max(again)) FROM (
  SELECT topic, topic_id, partition, max(to_offset) AS to, toUInt32(0) AS n, toUInt64(0) AS again FROM ops.load
  WHERE topic IN (%s) AND startsWith(load_id, concat(%s, toString(topic))) GROUP BY topic, topic_id, partition%s)
GROUP BY topic, topic_id, partition ORDER BY topic, topic_id, partition`, in, quote(prefix), moves), func(scan func(...any) error) error {
		var l Ledgered
		err := scan(&l.Topic, &l.TopicID, &l.Partition, &l.To, &l.Move, &l.AgainTo)
		out = append(out, l)
		return err
	})
	return out, err
}

// LoadsFrom are the loads and skips of a partition that end behind an offset, in
// order: one row for each span and flow. A skip has no flow.
func (w *Warehouse) LoadsFrom(ctx context.Context, topic, topicID string, partition int32, offset int64) ([]LoadRow, error) {
	var out []LoadRow
	of := fmt.Sprintf("topic = %s AND topic_id = %s AND partition = %d AND to_offset > %d", quote(topic), quote(topicID), partition, offset)
	err := w.each(ctx, fmt.Sprintf(`SELECT toInt64(from_offset) AS f, toInt64(to_offset), toString(flow) AS w, plan, toInt64(received) FROM ops.load FINAL WHERE %s
UNION ALL SELECT toInt64(from_offset) AS f, toInt64(to_offset), '' AS w, toUInt64(0) AS plan, toInt64(0) FROM ops.skipped WHERE %s ORDER BY f, w`, of, of), func(scan func(...any) error) error {
		row := LoadRow{Topic: topic, TopicID: topicID, Partition: partition}
		err := scan(&row.FromOffset, &row.ToOffset, &row.Flow, &row.Plan, &row.Received)
		out = append(out, row)
		return err
	})
	return out, err
}

// Retire takes the loads of a partition that begin at an offset or behind it out of
// the ledger: they are about to be made again. It returns when nobody sees them.
func (w *Warehouse) Retire(ctx context.Context, topic, topicID string, partition int32, from int64) error {
	sql := fmt.Sprintf("DELETE FROM ops.load WHERE topic = %s AND topic_id = %s AND partition = %d AND from_offset >= %d", quote(topic), quote(topicID), partition, from)
	return w.seal(w.conn.Exec(bounded(ctx), sql), fmt.Sprintf("taking loads of %s/%d out of the ledger", topic, partition))
}

// Moves are the moves of a topic's positions, the latest first.
func (w *Warehouse) Moves(ctx context.Context, topic string) ([]MoveRow, error) {
	var out []MoveRow
	err := w.each(ctx, `SELECT toString(topic_id), toInt32(partition), toInt64(move), toInt64(from_offset), toInt64(to_offset), toInt64(skipped), toInt64(gone), toInt64(again), reason, moved_by, moved_at
FROM ops.load_move FINAL WHERE topic = `+quote(topic)+" ORDER BY moved_at DESC, partition LIMIT 100", func(scan func(...any) error) error {
		r := MoveRow{Topic: topic}
		err := scan(&r.TopicID, &r.Partition, &r.Move, &r.FromOffset, &r.ToOffset, &r.Skipped, &r.Gone, &r.Again, &r.Reason, &r.MovedBy, &r.MovedAt)
		out = append(out, r)
		return err
	})
	return out, err
}
