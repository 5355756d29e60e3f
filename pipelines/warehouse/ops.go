package warehouse

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"rongtong/schemas"
)

// LoadRow is a row of ops.load: one span of one partition loaded for one flow.
// TopicID, here and elsewhere, is Kafka's ID of the topic, empty where the brokers
// know none: offsets begin anew when a topic is created again.
type LoadRow struct {
	LoadID     string    `json:"load_id"`
	System     string    `json:"system"`
	Tier       string    `json:"tier"`
	Stream     string    `json:"stream"`
	Flow       string    `json:"flow"`
	Entity     string    `json:"entity"`
	Topic      string    `json:"topic"`
	TopicID    string    `json:"topic_id"`
	Partition  int32     `json:"partition"`
	FromOffset int64     `json:"from_offset"`
	ToOffset   int64     `json:"to_offset"` // exclusive
	Plan       uint64    `json:"plan"`      // fingerprint of the transform's plan
	Received   int64     `json:"received"`  // records in the span
	Accepted   int64     `json:"accepted"`  // rows loaded
	Rejected   int64     `json:"rejected"`
	LoadedAt   time.Time `json:"loaded_at"`
	// Traceparent names the span of the load (W3C), so that a run can go back to it.
	Traceparent string `json:"traceparent"`
}

// RejectRow is a row of ops.reject: one record that cannot become a row. A
// replay writes it again, one attempt higher.
type RejectRow struct {
	Topic      string    `json:"topic"`
	TopicID    string    `json:"topic_id"`
	Partition  int32     `json:"partition"`
	Offset     int64     `json:"offset"`
	Flow       string    `json:"flow"`
	System     string    `json:"system"`
	Tier       string    `json:"tier"`
	Stream     string    `json:"stream"`
	Entity     string    `json:"entity"`
	Division   string    `json:"division"` // as far as the record says; empty otherwise
	Rule       string    `json:"rule"`
	Field      string    `json:"field"`
	ReasonZh   string    `json:"reason_zh"`
	ReasonEn   string    `json:"reason_en"`
	Place      string    `json:"place"`
	RecordKey  string    `json:"record_key"`
	Row        string    `json:"row"`      // masked
	Plan       uint64    `json:"plan"`     // fingerprint of the plan that refused it last
	Attempt    int32     `json:"attempt"`  // replays so far
	Replayed   bool      `json:"replayed"` // the last replay accepted it: it is no longer in quarantine
	Later      bool      `json:"later"`    // it was accepted when it was loaded, and refused when it was reprocessed
	RejectedAt time.Time `json:"rejected_at"`
}

const (
	lc      = "LowCardinality(String)"
	instant = "DateTime64(3, 'Asia/Shanghai')"
)

// topicID tells the lives of a topic apart. It joined the order keys of tables
// that were there: rows from before have none, and are of an earlier life.
var topicID = column{"topic_id", lc, "", "主题标识（重建主题后不同）"}

func opsTables() []*object {
	const near = "Delta(8), ZSTD(1)"
	return append(append(runTables(), moveTables()...), []*object{
		{db: dbOps, name: "load", comment: "装载台账：每个分区区间每条流水一行", dedup: true,
			engine: "ReplacingMergeTree(loaded_at)",
			order:  []string{"topic", "partition", "from_offset", "flow", "entity", topicID.name},
			joins:  []string{topicID.name},
			columns: []column{
				{"load_id", "String", "", "装载标识"}, {"system", lc, "", "来源系统"}, {"tier", lc, "", "来源层级"},
				{"stream", lc, "", "数据流"}, {"flow", lc, "", "流向"}, {"entity", lc, "", "主题实体"},
				{"topic", lc, "", "主题"}, topicID, {"partition", "UInt16", "", "分区"},
				{"from_offset", "UInt64", near, "起始位点"}, {"to_offset", "UInt64", near, "终止位点（不含）"},
				{"plan", "UInt64", "", "转换方案指纹"}, {"received", "UInt64", "", "收到（条）"},
				{"accepted", "UInt64", "", "接受（行）"}, {"rejected", "UInt64", "", "退回（条）"},
				{"loaded_at", instant, near, "装载时间"}, {"traceparent", "String", "ZSTD(1)", "装载的追踪标识（W3C，可为空）"},
			}},
		{db: dbOps, name: "reject", comment: "退回：不能成为主题数据的记录及原因", dedup: true,
			engine: "ReplacingMergeTree(attempt)",
			// When a topic is created again its offsets begin anew, and a record must not
			// be taken for its predecessor: the time tells the two apart where brokers
			// know no topic IDs.
			order: []string{"topic", "partition", "offset", "flow", "rejected_at", topicID.name},
			joins: []string{topicID.name},
			columns: []column{
				{"topic", lc, "", "主题"}, topicID, {"partition", "UInt16", "", "分区"}, {"offset", "UInt64", near, "位点"},
				{"flow", lc, "", "流向"}, {"system", lc, "", "来源系统"}, {"tier", lc, "", "来源层级"},
				{"stream", lc, "", "数据流"}, {"entity", lc, "", "主题实体"},
				{"division", lc, "", "区划（记录所述，可为空）"}, {"rule", lc, "", "规则"},
				{"field", lc, "", "字段"}, {"reason_zh", lc, "", "原因"}, {"reason_en", lc, "", "原因（英文）"},
				{"place", "String", "ZSTD(1)", "源内位置"}, {"record_key", "String", "ZSTD(1)", "源记录键"},
				{"row", "String", "ZSTD(1)", "记录（已脱敏）"}, {"plan", "UInt64", "", "最近一次退回时的转换方案指纹"},
				{"attempt", "UInt16", "", "已重放次数"}, {"replayed", "Bool", "", "重放后已接受"},
				{"later", "Bool", "", "装载时已接受，重新处理后退回"},
				{"rejected_at", instant, near, "退回时间"},
			}},
		fuseTable(),
		conflictTable(),
		computeTable(),
		expiredTable(),
		crosswalkTable(),
	}...)
}

// opsViews are the books. Three independent counts meet in them: what the
// loader received (ops.load), what was refused (ops.reject), and the distinct
// claims that are really there (std).
func opsViews(c *schemas.Catalog) []*object {
	var claims []string
	for _, e := range c.Entities {
		// A claim is a distinct (thing, source, version, content): what FINAL keeps.
		claims = append(claims, fmt.Sprintf("    SELECT %s AS entity, src_system AS system, kafka_topic AS topic, count() AS accepted\n    FROM %s.%s FINAL GROUP BY system, topic",
			quote(e.Entity), dbStd, ident(e.Entity)))
	}
	if len(claims) == 0 {
		return nil
	}
	return []*object{
		{db: dbOps, name: "books", definer: true, comment: "账目：收到 = 接受 + 退回 + 重复 + 到期清除", view: `WITH
  loads AS
  (
    SELECT tier, system, stream, entity, topic, uniqExact(flow) AS flows,
           sum(received) AS received, sum(accepted) AS loaded, sum(rejected) AS refused
    FROM ops.load FINAL GROUP BY tier, system, stream, entity, topic
  ),
  rejects AS
  (
    SELECT system, stream, entity, topic, countIf(NOT replayed) AS quarantined, countIf(replayed AND NOT later) AS passed, countIf(NOT later) AS at_load
    FROM ops.reject FINAL GROUP BY system, stream, entity, topic
  ),
  claims AS
  (
` + strings.Join(claims, "\n    UNION ALL\n") + `
  ),
  gone AS
  (
    SELECT entity, system, topic, sum(expired) AS expired FROM ops.expired FINAL GROUP BY entity, system, topic
  )
SELECT l.tier AS tier, l.system AS system, l.stream AS stream, l.entity AS entity, l.flows AS flows,
       l.received AS received, -- rows: a record counts once for every flow into the entity
       ifNull(c.accepted, 0) AS accepted,
       ifNull(r.quarantined, 0) AS quarantined,
       ifNull(g.expired, 0) AS expired, -- accepted once, superseded or withdrawn, and over the time it is kept
       toInt64(received) - toInt64(quarantined) - toInt64(accepted) - toInt64(expired) AS duplicate,
       -- What the loader says it loaded and refused must be everything received, the
       -- refused must be there, in quarantine or accepted by a replay, and no claim may
       -- be there that was never loaded or replayed.
       toBool(l.loaded + l.refused = l.received AND l.refused = ifNull(r.at_load, 0)
              AND accepted + expired <= l.loaded + ifNull(r.passed, 0)) AS balanced
FROM loads AS l
LEFT JOIN rejects AS r ON r.system = l.system AND r.stream = l.stream AND r.entity = l.entity AND r.topic = l.topic
LEFT JOIN claims AS c ON c.system = l.system AND c.entity = l.entity AND c.topic = l.topic
LEFT JOIN gone AS g ON g.system = l.system AND g.entity = l.entity AND g.topic = l.topic`},
		{db: dbOps, name: "books_by_rule", comment: "账目：退回按规则", view: `SELECT tier, system, stream, flow, entity, rule, field, any(reason_zh) AS reason_zh, count() AS quarantined
FROM ops.reject FINAL
WHERE NOT replayed
GROUP BY tier, system, stream, flow, entity, rule, field`},
	}
}

// receiptEntity holds what divisions acknowledge of the return flow.
const receiptEntity = "return_receipt"

// upFeed says of every division which of its systems delivered, when last and
// how much. Receipts and registers are no up-feeds.
func upFeed(c *schemas.Catalog) *object {
	var parts []string
	for _, e := range c.Entities {
		switch e.Entity {
		case receiptEntity, divisionEntity, "division_change":
			continue
		}
		parts = append(parts, fmt.Sprintf("    SELECT src_division, src_system, max(event_time) AS last, count() AS n FROM %s.%s GROUP BY src_division, src_system", dbStd, ident(e.Entity)))
	}
	if len(parts) == 0 {
		return nil
	}
	return &object{db: dbDwd, name: "up_feed", definer: true, comment: "各区划各系统的上报情况", view: `SELECT src_division, src_system, max(last) AS last_event_time, sum(n) AS rows
FROM
(
` + strings.Join(parts, "\n    UNION ALL\n") + `
)
GROUP BY src_division, src_system`}
}

// entityLoad says of every declared entity how much of it is there, when the
// last of it arrived, and how old that may be (null: it has no rhythm).
func entityLoad(c *schemas.Catalog) *object {
	var parts []string
	for _, e := range c.Entities {
		fresh := "NULL"
		if p, ok := schemas.ParsePeriod(e.FreshWithin); ok {
			fresh = strconv.Itoa(p.Days())
		}
		parts = append(parts, fmt.Sprintf("    SELECT %s AS theme, %s AS entity, count() AS rows, max(last_arrived_at) AS newest, CAST(%s, 'Nullable(Int64)') AS fresh_days FROM %s.%s",
			quote(e.Theme), quote(e.Entity), fresh, dbStd, ident(e.Entity)))
	}
	if len(parts) == 0 {
		return nil
	}
	return &object{db: dbDwd, name: "entity_load", definer: true, comment: "各主题实体的入库情况：主张数、最近到达时间、应更新期限（天）", view: `SELECT theme, entity, rows, newest AS last_arrived_at, fresh_days
FROM
(
` + strings.Join(parts, "\n    UNION ALL\n") + `
)`}
}
