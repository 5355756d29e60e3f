package warehouse

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// lineageTable holds how far each sink of lineage events is.
func lineageTable() *object {
	return &object{db: dbOps, name: "lineage", comment: "血缘事件：各接收端已送达到何时", dedup: true,
		engine: "ReplacingMergeTree(upto)", order: []string{"sink"},
		columns: []column{
			{"sink", "String", "", "接收端"}, {"upto", instant, "", "已送达到（不含）"}, {"delivered", "String", "ZSTD(1)", "当时各数据流已采集条数（JSON）"},
		}}
}

type lineageRow struct {
	Sink      string    `json:"sink"`
	Upto      time.Time `json:"upto"`
	Delivered string    `json:"delivered"`
}

// LineagePosition is how far a sink is, and what every stream had delivered by
// then; the zero time when it has nothing.
func (w *Warehouse) LineagePosition(ctx context.Context, sink string) (upto time.Time, delivered map[string]int64, err error) {
	err = w.each(ctx, "SELECT upto, delivered FROM ops.lineage FINAL WHERE sink = "+quote(sink), func(scan func(...any) error) error {
		var text string
		if err := scan(&upto, &text); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(text), &delivered); err != nil {
			return fault.New(fault.Bug, "reading how far the sink %q is: %w", sink, err)
		}
		return nil
	})
	return upto, delivered, err
}

// SaveLineagePosition records how far a sink is.
func (w *Warehouse) SaveLineagePosition(ctx context.Context, sink string, upto time.Time, delivered map[string]int64) error {
	text, err := json.Marshal(delivered)
	if err != nil {
		return err
	}
	return w.InsertRows(ctx, "ops.lineage", fmt.Sprintf("%s@%d", sink, upto.UnixMilli()), []lineageRow{{sink, upto, string(text)}})
}

// MinuteOfLoads is what was loaded of one flow in one minute.
type MinuteOfLoads struct {
	System, Stream, Entity       string
	Received, Accepted, Rejected int64
	First, Last, Minute          time.Time
}

// LoadsBetween are the loads of [from, to), a row a flow and minute, in order.
func (w *Warehouse) LoadsBetween(ctx context.Context, from, to time.Time) ([]MinuteOfLoads, error) {
	var out []MinuteOfLoads
	err := w.each(ctx, fmt.Sprintf(`SELECT toString(system), toString(stream), toString(entity), toInt64(sum(received)), toInt64(sum(accepted)), toInt64(sum(rejected)), min(loaded_at), max(loaded_at), toStartOfMinute(loaded_at) AS minute
FROM ops.load FINAL WHERE loaded_at >= fromUnixTimestamp64Milli(%d) AND loaded_at < fromUnixTimestamp64Milli(%d)
GROUP BY system, stream, entity, minute ORDER BY minute, system, stream, entity`, from.UnixMilli(), to.UnixMilli()),
		func(scan func(...any) error) error {
			var l MinuteOfLoads
			err := scan(&l.System, &l.Stream, &l.Entity, &l.Received, &l.Accepted, &l.Rejected, &l.First, &l.Last, &l.Minute)
			out = append(out, l)
			return err
		})
	return out, err
}

// EndedStep is a step that ended, and the job that its run is of.
type EndedStep struct {
	RunStep
	Job string
}

// StepsBetween are the fusions and computations that ended in [from, to).
func (w *Warehouse) StepsBetween(ctx context.Context, from, to time.Time) ([]EndedStep, error) {
	var out []EndedStep
	err := w.each(ctx, fmt.Sprintf(`SELECT s.run_id, toInt64(s.n), s.step, s.started_at, s.finished_at, toString(s.state), toInt64(s.rows_in), toInt64(s.rows_out), toString(s.error_class), toString(r.job)
FROM (SELECT * FROM ops.run_step FINAL WHERE finished_at >= fromUnixTimestamp64Milli(%d) AND finished_at < fromUnixTimestamp64Milli(%d)) AS s
LEFT JOIN (SELECT run_id, any(job) AS job FROM ops.run GROUP BY run_id) AS r ON r.run_id = s.run_id
WHERE match(s.step, '^(fuse|compute)/') AND s.state IN (%s, %s) ORDER BY s.finished_at, s.n`, from.UnixMilli(), to.UnixMilli(), quote(OK), quote(Failed)),
		func(scan func(...any) error) error {
			var s EndedStep
			err := scan(&s.RunID, &s.N, &s.Step, &s.Started, &s.Finished, &s.State, &s.In, &s.Out, &s.ErrorClass, &s.Job)
			out = append(out, s)
			return err
		})
	return out, err
}

// ViewText is a view of layer ads: the question that it answers, how it is asked,
// its columns and its statement.
type ViewText struct {
	View      string // "ads.indicator_latest"
	Name, Doc schemas.Label
	Call      string // with the examples of the arguments
	Example   string // a statement that asks it
	Args      decl.Map[schemas.ViewArg]
	Columns   []ViewColumn
	SQL       string
}

// ViewColumn is a column of a view, and what it means.
type ViewColumn struct {
	Name, Type string // the type as ClickHouse writes it
	Doc        schemas.Label
}

// Views are the views that analysts read, by name.
func Views(c *schemas.Catalog) []ViewText {
	all, err := objects(c)
	if err != nil {
		return nil // the declarations have problems, which their check tells
	}
	var out []ViewText
	for _, o := range all {
		if o.view == "" || o.db != dbAds {
			continue
		}
		v := ViewText{View: o.full(), SQL: o.view, Name: o.help.name, Doc: o.help.doc, Args: o.help.args, Call: o.help.call(o.name), Example: o.help.example(o.name)}
		for _, col := range o.columns {
			v.Columns = append(v.Columns, ViewColumn{col.name, col.typ, col.label()})
		}
		out = append(out, v)
	}
	return out
}
