package warehouse

import (
	"context"
	"time"
)

// ReviewRow is a row of ops.division_review: a record whose division code only
// a person can resolve, with the divisions that it may mean.
type ReviewRow struct {
	Topic      string     `json:"topic"`
	TopicID    string     `json:"topic_id"`
	Partition  int32      `json:"partition"`
	Offset     int64      `json:"offset"`
	Flow       string     `json:"flow"`
	Field      string     `json:"field"`
	System     string     `json:"system"`
	Entity     string     `json:"entity"`
	Rule       string     `json:"rule"`
	Place      string     `json:"place"`
	CodeSystem string     `json:"code_system"`
	Code       string     `json:"code"`
	At         string     `json:"at"` // YYYY-MM-DD: the day of the event
	Status     string     `json:"status"`
	Reason     string     `json:"reason"`
	Candidates []string   `json:"candidates"`
	Names      []string   `json:"candidate_names"`
	Shares     []*float64 `json:"candidate_shares"` // nil: nobody recorded the share
	SeenAt     time.Time  `json:"seen_at"`
}

// StopRow is a row of ops.load_stop: a block that was not loaded, because too
// many of its rows break a rule.
type StopRow struct {
	Topic      string    `json:"topic"`
	TopicID    string    `json:"topic_id"`
	Partition  int32     `json:"partition"`
	FromOffset int64     `json:"from_offset"`
	ToOffset   int64     `json:"to_offset"`
	System     string    `json:"system"`
	Stream     string    `json:"stream"`
	Flow       string    `json:"flow"`
	Entity     string    `json:"entity"`
	Rule       string    `json:"rule"`
	Broken     int64     `json:"broken"`
	Rows       int64     `json:"rows"`
	ReasonZh   string    `json:"reason_zh"`
	ReasonEn   string    `json:"reason_en"`
	StoppedAt  time.Time `json:"stopped_at"`
}

// reviewTables hold what waits for a person.
func reviewTables() []*object {
	const near = "Delta(8), ZSTD(1)"
	return []*object{
		{db: dbOps, name: "division_review", comment: "区划待核定：只能由人工确定归属的区划代码及候选", dedup: true,
			engine: "ReplacingMergeTree(seen_at)",
			order:  []string{"topic", "partition", "offset", "flow", "field", topicID.name},
			joins:  []string{topicID.name},
			columns: []column{
				{"topic", lc, "", "主题"}, topicID, {"partition", "UInt16", "", "分区"}, {"offset", "UInt64", near, "位点"},
				{"flow", lc, "", "流向"}, {"field", lc, "", "字段"}, {"system", lc, "", "来源系统"}, {"entity", lc, "", "主题实体"},
				{"rule", lc, "", "规则"}, {"place", "String", "ZSTD(1)", "源内位置"},
				{"code_system", lc, "", "代码体系"}, {"code", "String", "ZSTD(1)", "来源代码"}, {"at", "Date32", "", "业务日期"},
				{"status", lc, "", "判定"}, {"reason", lc, "", "依据"},
				{"candidates", "Array(String)", "ZSTD(1)", "候选区划代码"}, {"candidate_names", "Array(String)", "ZSTD(1)", "候选区划名称"},
				{"candidate_shares", "Array(Nullable(Float64))", "", "候选份额（无记载为空）"},
				{"seen_at", instant, near, "到达时间"},
			}},
		{db: dbOps, name: "load_stop", comment: "停装记录：因质量规则超过阈值而未装载的区间", dedup: true,
			engine: "ReplacingMergeTree(stopped_at)",
			order:  []string{"topic", "partition", "from_offset", "flow", "rule", topicID.name},
			joins:  []string{topicID.name},
			columns: []column{
				{"topic", lc, "", "主题"}, topicID, {"partition", "UInt16", "", "分区"},
				{"from_offset", "UInt64", near, "起始位点"}, {"to_offset", "UInt64", near, "终止位点（不含）"},
				{"system", lc, "", "来源系统"}, {"stream", lc, "", "数据流"}, {"flow", lc, "", "流向"}, {"entity", lc, "", "主题实体"},
				{"rule", lc, "", "规则"}, {"broken", "UInt64", "", "违反规则（条）"}, {"rows", "UInt64", "", "区间内（条）"},
				{"reason_zh", lc, "", "原因"}, {"reason_en", lc, "", "原因（英文）"}, {"stopped_at", instant, near, "停装时间"},
			}},
	}
}

// reviewViews sum up what waits: one row per question, and the stops that no
// later load has passed.
func reviewViews() []*object {
	return append(moveViews(), []*object{
		{db: dbOps, name: "division_questions", comment: "区划待核定：每个代码和年份一行", view: `SELECT code_system, code, status, toYear(at) AS year, any(reason) AS reason,
       any(candidates) AS candidates, any(candidate_names) AS candidate_names, any(candidate_shares) AS candidate_shares,
       count() AS records, arraySort(groupUniqArray(system)) AS systems, max(seen_at) AS last_seen_at
FROM ops.division_review FINAL
GROUP BY code_system, code, status, year`},
		{db: dbOps, name: "stopped", comment: "当前停装的分区", view: `SELECT s.*
FROM (SELECT * FROM ops.load_stop FINAL) AS s
LEFT JOIN (
  SELECT topic, topic_id, partition, max(to_offset) AS loaded_to
  FROM (SELECT topic, topic_id, partition, to_offset FROM ops.load FINAL UNION ALL SELECT topic, topic_id, partition, to_offset FROM ops.skipped)
  GROUP BY topic, topic_id, partition) AS l
  ON l.topic = s.topic AND l.topic_id = s.topic_id AND l.partition = s.partition
WHERE l.loaded_to <= s.from_offset`},
	}...)
}

// Question is a division code that waits for a person.
type Question struct {
	CodeSystem string   `json:"code_system"`
	Code       string   `json:"code"`
	Status     string   `json:"status"`
	Year       uint16   `json:"year"`
	Reason     string   `json:"reason"`
	Candidates []string `json:"candidates"`
	Names      []string `json:"candidate_names"`
	Records    uint64   `json:"records"`
	Systems    []string `json:"systems"`
}

// Questions are the division codes that wait for a person, those of most
// records first.
func (w *Warehouse) Questions(ctx context.Context) ([]Question, error) {
	out := []Question{}
	err := w.each(ctx, `SELECT toString(code_system), code, toString(status), year, toString(reason), candidates, candidate_names, records,
       arrayMap(x -> toString(x), systems) FROM ops.division_questions ORDER BY records DESC, code_system, code, year`, func(scan func(...any) error) error {
		var q Question
		err := scan(&q.CodeSystem, &q.Code, &q.Status, &q.Year, &q.Reason, &q.Candidates, &q.Names, &q.Records, &q.Systems)
		out = append(out, q)
		return err
	})
	return out, err
}

// Quality is how the rows stand: what is stopped, open and in question.
type Quality struct {
	Stopped   []StoppedPart `json:"stopped"`
	Issues    []IssueCount  `json:"issues"`
	Flags     []FlagCount   `json:"flags"`
	Questions uint64        `json:"division_questions"`
}

// StoppedPart is a partition that a rule keeps from being loaded.
type StoppedPart struct {
	Topic     string    `json:"topic"`
	Partition uint16    `json:"partition"`
	From      uint64    `json:"from_offset"`
	Rule      string    `json:"rule"`
	Broken    uint64    `json:"broken"`
	Rows      uint64    `json:"rows"`
	ReasonZh  string    `json:"reason_zh"`
	ReasonEn  string    `json:"reason_en"`
	At        time.Time `json:"stopped_at"`
}

// IssueCount sums up the open issues of a rule at one department.
type IssueCount struct {
	Department string    `json:"department"`
	Rule       string    `json:"rule"`
	Entity     string    `json:"entity"`
	ReasonZh   string    `json:"reason_zh"`
	ReasonEn   string    `json:"reason_en"`
	Issues     uint64    `json:"issues"`
	Oldest     time.Time `json:"oldest"`
}

// FlagCount is how many claims of a source about an entity carry a flag.
type FlagCount struct {
	System string `json:"system"`
	Entity string `json:"entity"`
	Flag   string `json:"flag"`
	Zh     string `json:"zh"`
	En     string `json:"en"`
	Rows   uint64 `json:"rows"`
}

// Quality reads how the rows stand. System, when it is not empty, narrows the
// flags to one source.
func (w *Warehouse) Quality(ctx context.Context, system string) (Quality, error) {
	q := Quality{Stopped: []StoppedPart{}, Issues: []IssueCount{}, Flags: []FlagCount{}}
	err := w.each(ctx, "SELECT toString(topic), partition, from_offset, toString(rule), broken, rows, toString(reason_zh), toString(reason_en), stopped_at FROM ops.stopped ORDER BY topic, partition", func(scan func(...any) error) error {
		var s StoppedPart
		err := scan(&s.Topic, &s.Partition, &s.From, &s.Rule, &s.Broken, &s.Rows, &s.ReasonZh, &s.ReasonEn, &s.At)
		q.Stopped = append(q.Stopped, s)
		return err
	})
	if err != nil {
		return q, err
	}
	err = w.each(ctx, "SELECT toString(department), toString(rule), toString(entity), toString(any(reason_zh)), toString(any(reason_en)), count(), min(opened_at) FROM ops.quality_issue FINAL WHERE is_deleted = 0 GROUP BY department, rule, entity ORDER BY count() DESC, rule", func(scan func(...any) error) error {
		var i IssueCount
		err := scan(&i.Department, &i.Rule, &i.Entity, &i.ReasonZh, &i.ReasonEn, &i.Issues, &i.Oldest)
		q.Issues = append(q.Issues, i)
		return err
	})
	if err != nil {
		return q, err
	}
	where := ""
	if system != "" {
		where = "WHERE system = " + quote(system)
	}
	err = w.each(ctx, "SELECT toString(system), entity, flag, zh, en, rows FROM ops.rows_by_flag "+where+" ORDER BY rows DESC, system, entity, flag", func(scan func(...any) error) error {
		var f FlagCount
		err := scan(&f.System, &f.Entity, &f.Flag, &f.Zh, &f.En, &f.Rows)
		q.Flags = append(q.Flags, f)
		return err
	})
	if err != nil {
		return q, err
	}
	return q, w.QueryRow(ctx, "SELECT count() FROM ops.division_questions", []any{&q.Questions})
}
