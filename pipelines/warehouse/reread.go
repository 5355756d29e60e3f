package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	clickhouse "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// Stage holds what the records of one stream become when they are read again:
// claims, refused records and questions to a person, in tables beside those that
// people read, and which records were read. Comparing the two says what a changed
// mapping does before anything is changed; putting the stage in place then does
// exactly that.
//
// A record is known by partition, offset and time of arrival: offsets begin anew
// when a topic is created again. Claims of records that were not read again are
// nobody's business here: they stay as they are.
type Stage struct {
	w        *Warehouse
	System   string
	Stream   *schemas.Stream
	Topic    string
	Entities []*schemas.Entity
	suffix   string
}

// rereadSuffix marks the tables of stages.
const rereadSuffix = "__reread__"

func (s *Stage) claims(e *schemas.Entity) *object {
	o := stdTable(e)
	o.name, o.comment = e.Entity+s.suffix, "重读：按现行映射得到的主张"
	return o
}

func (s *Stage) rejects() *object { return s.like(opsTables(), "reject") }
func (s *Stage) reviews() *object { return s.like(reviewTables(), "division_review") }

func (s *Stage) like(list []*object, name string) *object {
	i := slices.IndexFunc(list, func(o *object) bool { return o.name == name })
	o := *list[i]
	o.name, o.comment = name+s.suffix, "重读："+o.comment
	return &o
}

func (s *Stage) seen() *object {
	return &object{db: dbOps, name: "seen" + s.suffix, engine: "ReplacingMergeTree", order: []string{"partition", "offset", "arrived_at"}, dedup: true,
		columns: []column{
			{"partition", "UInt16", "", "分区"}, {"offset", "UInt64", "Delta(8), ZSTD(1)", "位点"},
			{"arrived_at", instant, "Delta(8), ZSTD(1)", "到达时间"}, {"from_ods", "Bool", "", "读自贴源层"},
		}}
}

// ClaimsTable is where the claims about an entity go, as Load names it.
func (s *Stage) ClaimsTable(e *schemas.Entity) string { return s.claims(e).full() }

// RejectsTable is where refused records go, as InsertRows names it.
func (s *Stage) RejectsTable() string { return s.rejects().full() }

// ReviewsTable is where questions to a person go, as InsertRows names it.
func (s *Stage) ReviewsTable() string { return s.reviews().full() }

// SeenTable is where SeenRows go, as InsertRows names it.
func (s *Stage) SeenTable() string { return s.seen().full() }

// SeenRow says that a record was read again.
type SeenRow struct {
	Partition int32     `json:"partition"`
	Offset    int64     `json:"offset"`
	ArrivedAt time.Time `json:"arrived_at"`
	FromOds   bool      `json:"from_ods"`
}

// NewStage opens the stage of a stream, or goes on with the one that is there,
// if it was begun for the same purpose: mark says of which plan and records. A
// stage of another purpose is dropped.
func (w *Warehouse) NewStage(ctx context.Context, system string, stream *schemas.Stream, topic string, entities []*schemas.Entity, mark string) (*Stage, error) {
	s := &Stage{w: w, System: system, Stream: stream, Topic: topic, Entities: entities, suffix: rereadSuffix + schemas.RawTable(system, stream.Name)}
	var texts []string
	for _, o := range s.objects() {
		texts = append(texts, o.ddl(o.name))
	}
	mark = fingerprint(append(texts, mark)...)
	seen := s.seen()
	var have string
	err := w.each(ctx, fmt.Sprintf("SELECT comment FROM system.tables WHERE database = %s AND name = %s", quote(seen.db), quote(seen.name)), func(scan func(...any) error) error { return scan(&have) })
	if err != nil {
		return nil, err
	}
	if have != mark {
		if err := s.Drop(ctx); err != nil {
			return nil, err
		}
	}
	seen.comment = mark
	for _, o := range append(s.objects(), seen) { // seen last: without it the others are dropped
		create, err := w.suited(ctx, strings.Replace(o.ddl(o.name), "CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1))
		if err == nil {
			err = w.Exec(ctx, create)
		}
		if err != nil {
			return nil, fmt.Errorf("making room to read %q again: %w", topic, err)
		}
	}
	return s, nil
}

// objects are the tables of the stage but the one that says what was read.
func (s *Stage) objects() []*object {
	out := []*object{s.rejects(), s.reviews()}
	for _, e := range s.Entities {
		out = append(out, s.claims(e))
	}
	return out
}

// Drop removes the stage.
func (s *Stage) Drop(ctx context.Context) error {
	for _, o := range append([]*object{s.seen()}, s.objects()...) {
		if err := s.w.Exec(ctx, "DROP TABLE IF EXISTS "+o.live()+" SYNC"); err != nil {
			return err
		}
	}
	return nil
}

// Next is the offset behind the last record that was read from Kafka, by
// partition: where reading goes on after a crash.
func (s *Stage) Next(ctx context.Context) (map[int32]int64, error) {
	out := map[int32]int64{}
	err := s.w.each(ctx, "SELECT toInt32(partition), toInt64(max(offset)) + 1 FROM "+s.seen().live()+" WHERE NOT from_ods GROUP BY partition", func(scan func(...any) error) error {
		var p int32
		var next int64
		err := scan(&p, &next)
		out[p] = next
		return err
	})
	return out, err
}

// Raw calls fn with the records of a partition that layer ods holds and Kafka no
// longer does, and that were not read again yet: those before an offset of which
// it is known when it arrived, and those of an earlier life of the topic. Records
// that a rule of the connector (byConnector) refused are left out: they stay so.
func (s *Stage) Raw(ctx context.Context, partition int32, before int64, arrived time.Time, byConnector []string, fn func(arrow.Record) error) error {
	if _, ok := s.Stream.KeepRaw(); !ok {
		return nil
	}
	where := fmt.Sprintf("t._partition = %d", partition)
	if before >= 0 {
		where += fmt.Sprintf(" AND (t._offset < %d OR t._arrived_at < fromUnixTimestamp64Milli(toInt64(%d)))", before, arrived.UnixMilli())
	}
	var names []string
	for _, f := range s.Stream.Fields {
		names = append(names, ident(f.Key))
	}
	sql := fmt.Sprintf(`SELECT toInt64(t._offset) AS _offset, toUnixTimestamp64Milli(t._arrived_at) AS _arrived_at, toUnixTimestamp64Milli(t._event_at) AS _event_at,
		t._place AS _place, t._key AS _key, toString(t._op) AS _op, %s
		FROM ods.%s AS t FINAL WHERE %s
		AND (t._partition, t._offset, t._arrived_at) NOT IN (SELECT partition, offset, arrived_at FROM %s)
		AND (t._partition, t._offset, t._arrived_at) NOT IN (SELECT partition, offset, rejected_at FROM ops.reject WHERE topic = %s AND rule IN (%s))
		ORDER BY t._offset, t._arrived_at`,
		strings.Join(names, ", "), ident(schemas.RawTable(s.System, s.Stream.Name)), where, s.seen().live(), quote(s.Topic), quotes(byConnector))
	return s.w.arrow(ctx, sql, "reading layer ods", fn)
}

func quotes(texts []string) string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = quote(t)
	}
	return strings.Join(out, ", ")
}

// arrow calls fn with the answer of a query in batches, borrowed until fn returns.
func (w *Warehouse) arrow(ctx context.Context, sql, doing string, fn func(arrow.Record) error) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"output_format_arrow_compression_method": "none", "output_format_arrow_string_as_string": 1, "output_format_arrow_low_cardinality_as_dictionary": 0,
		"max_query_size": 16 << 20,
	}))
	if w.native != nil {
		return w.arrowOfRows(ctx, sql, doing, fn)
	}
	out, err := w.conn.QueryFormat(ctx, "ArrowStream", sql)
	if err != nil {
		return w.mark(err, doing)
	}
	defer out.Close()
	r, err := ipc.NewReader(out, ipc.WithAllocator(memory.DefaultAllocator))
	if err != nil {
		return fault.New(fault.Transient, "%s: %w", doing, err)
	}
	defer r.Release()
	for r.Next() {
		if err := fn(r.Record()); err != nil {
			return err
		}
	}
	if err := r.Err(); err != nil {
		return fault.New(fault.Transient, "%s: %w", doing, err)
	}
	return nil
}
