package warehouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// The states of a run.
const (
	Running     = "running"
	OK          = "ok"
	Failed      = "failed"      // for good
	Retrying    = "retrying"    // failed, and will be tried again by itself
	Cancelled   = "cancelled"   // by a person, while it ran or waited
	Interrupted = "interrupted" // its process ended; the next leader runs the slot again
	Skipped     = "skipped"     // its time passed without a run
)

// Run is a row of ops.run: one attempt at a slot of a job, one pull of a source
// system, or a slot that passed without a run. It is written when it starts
// (Finished zero), every second or so while its steps go on, and when it ends; the
// latest row replaces the others.
type Run struct {
	// ID is the slot's, and from the second attempt on "-2", "-3"…
	ID   string `json:"run_id"`
	Slot string `json:"slot"`
	Kind string `json:"kind"` // "job" or "system"
	Job  string `json:"job"`  // or the system
	// Cause is schedule, sensor, request, retry, backfill or dependency; Request
	// names the request that a slot is part of.
	Cause   string `json:"cause"`
	Request string `json:"request"`
	// BusinessDate is the day the run is about; Attempt counts from 1.
	BusinessDate string    `json:"business_date"`
	Attempt      uint8     `json:"attempt"`
	Started      time.Time `json:"started_at"`
	Finished     time.Time `json:"finished_at"`
	State        string    `json:"state"`
	Detail       string    `json:"detail"`
	Step         string    `json:"step"`  // under way, or the one that failed
	Steps        int64     `json:"steps"` // that ended
	// What the run saw when it began. Books are those of ops.load: received is
	// accepted and rejected together, or something is wrong.
	LoadsSeen int64  `json:"loads_seen"`
	Received  int64  `json:"received"`
	Accepted  int64  `json:"accepted"`
	Rejected  int64  `json:"rejected"`
	Positions string `json:"positions"` // JSON: topic to the loaders' offset in each partition
	Plan      uint64 `json:"plan"`      // fingerprint of all flows and indicators
	// ErrorClass is of schemas/fault: transient, config, data, bug.
	ErrorClass string `json:"error_class"`
	Error      string `json:"error"` // masked
	Process    string `json:"process"`
}

// RunStep is a row of ops.run_step: a step of a run that did something, is under
// way or failed. Steps that found nothing to do are only counted.
type RunStep struct {
	RunID      string    `json:"run_id"`
	N          int64     `json:"n"` // in order, from 1
	Step       string    `json:"step"`
	Started    time.Time `json:"started_at"`
	Finished   time.Time `json:"finished_at"`
	State      string    `json:"state"` // running, ok or failed
	In         int64     `json:"rows_in"`
	Out        int64     `json:"rows_out"`
	Detail     string    `json:"detail"`
	ErrorClass string    `json:"error_class"`
	Error      string    `json:"error"` // masked
}

// RunLine is a row of ops.run_log: a line of a run's log, masked.
type RunLine struct {
	RunID string    `json:"run_id"`
	N     int64     `json:"n"`
	At    time.Time `json:"at"`
	Level string    `json:"level"`
	Line  string    `json:"line"`
}

// Promise is a row of ops.sla: a time by which a job's run must have ended, or a
// system must have been read, that was missed.
type Promise struct {
	Kind         string    `json:"kind"` // "job" or "system"
	Name         string    `json:"name"`
	BusinessDate string    `json:"business_date"`
	Due          time.Time `json:"due_at"`
	Noticed      time.Time `json:"noticed_at"`
	Met          time.Time `json:"met_at"` // zero: not yet
	State        string    `json:"state"`  // "late" (not met yet) or "met late"
}

// epoch stands for "not yet": the year 1 is not a time the warehouse knows.
var epoch = time.Unix(0, 0)

func orEpoch(t time.Time) time.Time {
	if t.IsZero() {
		return epoch
	}
	return t
}

// RecordRun writes a run's present state.
func (w *Warehouse) RecordRun(ctx context.Context, r Run) error {
	return w.RecordRuns(ctx, r.ID+":"+r.State, []Run{r})
}

// RecordRuns writes runs under a token, each once: see InsertRows.
func (w *Warehouse) RecordRuns(ctx context.Context, token string, rows []Run) error {
	for i := range rows {
		r := &rows[i]
		r.Finished = orEpoch(r.Finished)
		if r.Kind == "" {
			r.Kind = "job"
		}
		if r.Slot == "" {
			r.Slot = r.ID
		}
	}
	return w.InsertRows(ctx, "ops.run", token, rows)
}

// RecordSteps writes steps of runs under a token.
func (w *Warehouse) RecordSteps(ctx context.Context, token string, rows []RunStep) error {
	for i := range rows {
		rows[i].Finished = orEpoch(rows[i].Finished)
	}
	return w.InsertRows(ctx, "ops.run_step", token, rows)
}

// RecordPromises writes what was missed, or was met late.
func (w *Warehouse) RecordPromises(ctx context.Context, token string, rows []Promise) error {
	for i := range rows {
		rows[i].Met = orEpoch(rows[i].Met)
	}
	return w.InsertRows(ctx, "ops.sla", token, rows)
}

// Runs returns the runs that a condition picks, the newest first: an expression
// over the columns of ops.run, with ? for its arguments.
func (w *Warehouse) Runs(ctx context.Context, most int, where string, args ...any) ([]Run, error) {
	rows, err := w.Query(ctx, fmt.Sprintf(`SELECT run_id, slot, toString(kind), toString(job), toString(cause), request, toString(business_date), attempt, started_at, finished_at, toString(state),
		detail, step, steps, loads_seen, received, accepted, rejected, positions, plan, toString(error_class), error, process
		FROM ops.run FINAL WHERE %s ORDER BY started_at DESC, run_id DESC LIMIT %d`, where, most), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Run
	for rows.Next() {
		var r Run
		var steps, seen, received, accepted, rejected uint64
		if err := rows.Scan(&r.ID, &r.Slot, &r.Kind, &r.Job, &r.Cause, &r.Request, &r.BusinessDate, &r.Attempt, &r.Started, &r.Finished, &r.State,
			&r.Detail, &r.Step, &steps, &seen, &received, &accepted, &rejected, &r.Positions, &r.Plan, &r.ErrorClass, &r.Error, &r.Process); err != nil {
			return nil, fault.New(fault.Bug, "reading runs: %w", err)
		}
		r.Steps, r.LoadsSeen, r.Received, r.Accepted, r.Rejected = int64(steps), int64(seen), int64(received), int64(accepted), int64(rejected)
		if r.Finished.Equal(epoch) {
			r.Finished = time.Time{}
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// Steps returns the recorded steps of a run, in order.
func (w *Warehouse) Steps(ctx context.Context, run string) ([]RunStep, error) {
	rows, err := w.Query(ctx, `SELECT run_id, n, step, started_at, finished_at, toString(state), rows_in, rows_out, detail, toString(error_class), error
		FROM ops.run_step FINAL WHERE run_id = ? ORDER BY n`, run)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []RunStep
	for rows.Next() {
		var s RunStep
		var n, in, made uint64
		if err := rows.Scan(&s.RunID, &n, &s.Step, &s.Started, &s.Finished, &s.State, &in, &made, &s.Detail, &s.ErrorClass, &s.Error); err != nil {
			return nil, fault.New(fault.Bug, "reading the steps of a run: %w", err)
		}
		s.N, s.In, s.Out = int64(n), int64(in), int64(made)
		if s.Finished.Equal(epoch) {
			s.Finished = time.Time{}
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// RunLog returns the log of a run, in order.
func (w *Warehouse) RunLog(ctx context.Context, run string) ([]RunLine, error) {
	rows, err := w.Query(ctx, "SELECT run_id, n, at, toString(level), line FROM ops.run_log FINAL WHERE run_id = ? ORDER BY n", run)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []RunLine
	for rows.Next() {
		var l RunLine
		var n uint64
		if err := rows.Scan(&l.RunID, &n, &l.At, &l.Level, &l.Line); err != nil {
			return nil, fault.New(fault.Bug, "reading the log of a run: %w", err)
		}
		l.N = int64(n)
		out = append(out, l)
	}
	return out, rows.Err()
}

// Books are the ledger of loads in four numbers.
type Books struct{ Loads, Received, Accepted, Rejected int64 }

// BooksNow sums up the ledger of loads: what a run had before it.
func (w *Warehouse) BooksNow(ctx context.Context) (Books, error) {
	var n, received, accepted, rejected uint64
	err := w.QueryRow(ctx, "SELECT count(), sum(received), sum(accepted), sum(rejected) FROM ops.load FINAL", []any{&n, &received, &accepted, &rejected})
	return Books{int64(n), int64(received), int64(accepted), int64(rejected)}, err
}

// DoneFor reports whether a job did its work for a business date; with orLater,
// for that date or a later one.
func (w *Warehouse) DoneFor(ctx context.Context, job, date string, orLater bool) (bool, error) {
	op := "="
	if orLater {
		op = ">="
	}
	var n uint64
	err := w.QueryRow(ctx, "SELECT count() FROM ops.run FINAL WHERE job = ? AND state = 'ok' AND business_date "+op+" ?", []any{&n}, job, date)
	return n > 0, err
}

// LoadedAt is when rows of an entity, of a system or of one of its streams were
// last loaded, from a tier if one is given; zero: never.
func (w *Warehouse) LoadedAt(ctx context.Context, entity, system, stream, tier string) (time.Time, error) {
	where, args := []string{"accepted > 0"}, []any{}
	for _, f := range []struct{ column, value string }{{"entity", entity}, {"system", system}, {"stream", stream}, {"tier", tier}} {
		if f.value != "" {
			where, args = append(where, f.column+" = ?"), append(args, f.value)
		}
	}
	var at time.Time
	err := w.QueryRow(ctx, "SELECT max(loaded_at) FROM ops.load WHERE "+strings.Join(where, " AND "), []any{&at}, args...)
	if !at.After(epoch) {
		at = time.Time{}
	}
	return at, err
}

// LastRead is when the last pull of every stream, "system.stream", began that
// reached the end of its source.
func (w *Warehouse) LastRead(ctx context.Context) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	err := w.each(ctx, `SELECT concat(toString(job), '.', arrayElement(splitByChar('.', run_id), -1)) AS stream, max(started_at)
		FROM ops.run FINAL WHERE kind = 'system' AND state = 'ok' GROUP BY stream`, func(scan func(...any) error) error {
		var stream string
		var at time.Time
		err := scan(&stream, &at)
		out[stream] = at
		return err
	})
	return out, err
}

// How long the parts of runs are kept.
var (
	keepSteps = schemas.Period{N: 90, Unit: 'D'}
	keepLines = schemas.Period{N: 30, Unit: 'D'}
)

func runTables() []*object {
	return []*object{
		{db: dbOps, name: "run", comment: "作业运行记录", dedup: true,
			engine: "ReplacingMergeTree(finished_at)", order: []string{"run_id"},
			columns: []column{
				{"run_id", "String", "", "运行标识"}, {"job", lc, "", "作业"}, {"cause", lc, "", "触发原因"},
				{"business_date", lc, "", "业务日期"}, {"attempt", "UInt8", "", "第几次尝试"},
				{"started_at", instant, "", "开始时间"}, {"finished_at", instant, "", "结束时间（未结束为零点）"},
				{"state", lc, "", "状态"}, {"detail", "String", "", "说明"},
				{"loads_seen", "UInt64", "", "运行时已见装载数"}, {"error", "String", "", "错误"},
				{"slot", "String", "", "所属时点，各次尝试相同"}, {"kind", lc, "", "类型：作业或来源系统"},
				{"request", "String", "", "所属请求"}, {"step", "String", "", "当前或失败的步骤"}, {"steps", "UInt64", "", "已完成步骤数"},
				{"received", "UInt64", "", "运行时已收到（条）"}, {"accepted", "UInt64", "", "运行时已接受（行）"}, {"rejected", "UInt64", "", "运行时已退回（条）"},
				{"positions", "String", "ZSTD(1)", "运行时各主题装载位点"}, {"plan", "UInt64", "", "转换方案指纹"},
				{"error_class", lc, "", "错误类别"}, {"process", lc, "", "执行进程"},
			}},
		{db: dbOps, name: "run_step", comment: "运行步骤：做了事、正在做或失败的步骤", dedup: true,
			engine: "ReplacingMergeTree(finished_at)", order: []string{"run_id", "n"}, ttl: ttlOf("started_at", keepSteps),
			columns: []column{
				{"run_id", "String", "", "运行标识"}, {"n", "UInt64", "", "序号"}, {"step", "String", "", "步骤"},
				{"started_at", instant, "", "开始时间"}, {"finished_at", instant, "", "结束时间（未结束为零点）"}, {"state", lc, "", "状态"},
				{"rows_in", "UInt64", "", "读入（行）"}, {"rows_out", "UInt64", "", "写出（行）"}, {"detail", "String", "", "说明"},
				{"error_class", lc, "", "错误类别"}, {"error", "String", "", "错误"},
			}},
		{db: dbOps, name: "run_log", comment: "运行日志（已脱敏）", dedup: true,
			engine: "ReplacingMergeTree", order: []string{"run_id", "n"}, ttl: ttlOf("at", keepLines),
			columns: []column{
				{"run_id", "String", "", "运行标识"}, {"n", "UInt64", "", "序号"}, {"at", instant, "", "时间"}, {"level", lc, "", "级别"}, {"line", "String", "ZSTD(1)", "内容"},
			}},
		{db: dbOps, name: "sla", comment: "时限：未按时完成的作业与未按时读取的来源", dedup: true,
			engine: "ReplacingMergeTree(met_at)", order: []string{"kind", "name", "due_at"},
			columns: []column{
				{"kind", lc, "", "类型：作业或来源系统"}, {"name", lc, "", "名称"}, {"business_date", lc, "", "业务日期"},
				{"due_at", instant, "", "应完成时间"}, {"noticed_at", instant, "", "发现时间"}, {"met_at", instant, "", "完成时间（未完成为零点）"}, {"state", lc, "", "状态"},
			}},
	}
}
