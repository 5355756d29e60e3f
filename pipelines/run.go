package pipelines

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"rongtong/pipelines/schedule"
	"rongtong/pipelines/telemetry"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/pii"
)

// Run is one run of a job while it runs: what it is asked to do, and where it
// says how far it is. Its methods are for one goroutine.
type Run struct {
	ID      string // of this attempt
	Job     string
	Cause   schedule.Cause
	Date    string // the business date, YYYY-MM-DD
	Attempt int
	// From is the step to begin with; what comes before it was done by an earlier
	// attempt. Empty: the first.
	From string
	Args map[string]string // of the request
	Log  *slog.Logger      // its lines are kept with the run
	// Dry: say what would be done, in Step's Did.Detail, and change nothing.
	Dry bool

	*recorder
}

// Did says what a step did. A step that found nothing to do is only counted.
type Did struct {
	Nothing bool
	In, Out int64
	Detail  string
}

// Step does one step of a run, or passes over it when an earlier attempt has done
// it. Names are unique within a run, and the same in every run: "fuse/facility".
func (r *Run) Step(ctx context.Context, name string, do func(context.Context) (Did, error)) error {
	if r.From != "" && r.From != name {
		return nil
	}
	r.From = ""
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	r.begin(name)
	began := time.Now()
	var did Did
	err := patient(ctx, r.Log.With("step", name), "running a step", func() (err error) {
		did, err = do(ctx)
		return err
	})
	r.end(did, err)
	if !did.Nothing || err != nil {
		telemetry.Did(ctx, stepStage(name), began, time.Since(began), err, attribute.String("rongtong.step", name))
	}
	return err
}

// stepStage is the stage of the pipeline that a step belongs to.
func stepStage(name string) string {
	switch kind, _, _ := strings.Cut(name, "/"); kind {
	case telemetry.Fuse, telemetry.Compute:
		return kind
	}
	return telemetry.Step
}

const (
	flushEvery = time.Second
	mostLines  = 500  // of a run's log; more are counted
	mostRunes  = 2000 // of a line
)

// recorder keeps what ops.run, ops.run_step and ops.run_log say of a run up to
// date while it goes on. Without a warehouse it only collects.
type recorder struct {
	w *warehouse.Warehouse

	mu      sync.Mutex
	row     warehouse.Run
	changed bool
	step    warehouse.RunStep   // under way; N 0: none
	shown   bool                // step was written
	steps   []warehouse.RunStep // ended, not written yet
	lines   []warehouse.RunLine // not written yet
	n       int64               // lines so far
	flushes int
}

func newRecorder(w *warehouse.Warehouse, row warehouse.Run) *recorder {
	return &recorder{w: w, row: row}
}

func (c *recorder) begin(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.step = warehouse.RunStep{RunID: c.row.ID, N: c.step.N + 1, Step: name, Started: time.Now(), State: warehouse.Running}
	c.row.Step, c.changed, c.shown = name, true, false
}

func (c *recorder) end(did Did, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.step
	s.Finished, s.State, s.In, s.Out, s.Detail = time.Now(), warehouse.OK, did.In, did.Out, did.Detail
	if err != nil {
		s.State, s.ErrorClass, s.Error = warehouse.Failed, fault.Of(err).String(), pii.MaskString(err.Error())
	} else {
		c.row.Step = ""
		c.row.Steps++
	}
	if !did.Nothing || err != nil || c.shown {
		c.steps = append(c.steps, s)
	}
	c.changed = true
}

// failedAt is the step that a run failed in.
func (c *recorder) failedAt() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.row.Step
}

// live writes what changed, once in a while, until still is called, which returns
// when nothing is being written any more.
func (c *recorder) live(ctx context.Context) (still func()) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(flushEvery)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
				_ = c.flush(ctx, false) // the last one tells; until then it is only seen later
			}
		}
	}()
	return func() { close(stop); <-done }
}

// flush writes what is not written yet. What could not be written is tried again
// by the next.
func (c *recorder) flush(ctx context.Context, last bool) error {
	if c.w == nil {
		return nil
	}
	c.mu.Lock()
	c.flushes++
	token := c.row.ID + ":" + strconv.Itoa(c.flushes)
	row, changed, ended := c.row, c.changed || last, len(c.steps)
	steps := slices.Clone(c.steps)
	if !last && c.step.N > 0 && c.row.Step == c.step.Step && !c.shown {
		steps, c.shown = append(steps, c.step), true
	}
	lines := slices.Clone(c.lines)
	c.changed = false
	c.mu.Unlock()

	err := c.w.RecordSteps(ctx, token, steps)
	if err == nil {
		err = c.w.InsertRows(ctx, "ops.run_log", token, lines)
	}
	if err == nil && changed {
		err = c.w.RecordRuns(ctx, token, []warehouse.Run{row})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.changed = true
		return err
	}
	c.steps, c.lines = c.steps[ended:], c.lines[len(lines):]
	return nil
}

// line keeps a line of the run's log, masked and not too long.
func (c *recorder) line(at time.Time, level, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	switch {
	case c.n > mostLines+1:
		return
	case c.n == mostLines+1:
		text = "…more lines than are kept"
	}
	if r := []rune(text); len(r) > mostRunes {
		text = string(r[:mostRunes]) + "…"
	}
	c.lines = append(c.lines, warehouse.RunLine{RunID: c.row.ID, N: c.n, At: at, Level: level, Line: pii.MaskString(text)})
}

// keeper is a log handler that also keeps lines with a run.
type keeper struct {
	slog.Handler
	rec   *recorder
	attrs string
}

func (k keeper) Handle(ctx context.Context, r slog.Record) error {
	text := r.Message + k.attrs
	r.Attrs(func(a slog.Attr) bool {
		text += fmt.Sprintf(" %s=%v", a.Key, a.Value)
		return true
	})
	k.rec.line(r.Time, r.Level.String(), text)
	if !k.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return k.Handler.Handle(ctx, r)
}

// Enabled: a run keeps what is told at the level of info, whatever is shown.
func (k keeper) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

func (k keeper) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		k.attrs += fmt.Sprintf(" %s=%v", a.Key, a.Value)
	}
	k.Handler = k.Handler.WithAttrs(attrs)
	return k
}

func (k keeper) WithGroup(name string) slog.Handler {
	k.Handler = k.Handler.WithGroup(name)
	return k
}

var errCancelled = errors.New("cancelled by a person")

// process names this process in the record of a run.
var process = func() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("%s:%d", host, os.Getpid())
}()

// run does one attempt at a slot and records it, whatever its outcome; last tells
// that no further attempt follows by itself.
func (j *Jobs) run(ctx context.Context, s schedule.Started, does string, timeout time.Duration, last bool) (schedule.Outcome, error) {
	row := warehouse.Run{ID: RunID(s.ID, s.Attempt), Slot: s.ID, Kind: "job", Job: s.Job, Cause: string(s.Cause), Request: s.Lane, BusinessDate: s.Business.Format(time.DateOnly),
		Attempt: uint8(min(max(s.Attempt, 1), 255)), Started: time.Now(), State: warehouse.Running, Process: process}
	ctx, stage := telemetry.Begin(ctx, telemetry.Job, attribute.String("rongtong.job", s.Job), attribute.String("rongtong.run", row.ID))
	stage.Link(j.loadsSince(ctx, s.Job, row.ID)...)
	rec := newRecorder(j.Warehouse, row)
	log := slog.New(keeper{telemetry.Logger(ctx, j.Log).With("job", s.Job, "run", row.ID).Handler(), rec, ""})
	r := &Run{ID: row.ID, Job: s.Job, Cause: s.Cause, Date: row.BusinessDate, Attempt: s.Attempt, From: s.From, Args: s.Args, Log: log, recorder: rec}
	err := patient(ctx, log, "recording a run", func() error {
		if err := j.snapshot(ctx, &rec.row); err != nil {
			return err
		}
		rec.changed = true
		return rec.flush(ctx, false)
	})
	detail := ""
	if err == nil {
		still := rec.live(ctx)
		detail, err = j.do(ctx, r, does, timeout)
		still()
	}
	end := schedule.Outcome{OK: err == nil, Step: rec.failedAt(), Final: errors.Is(context.Cause(ctx), errCancelled)}
	rec.mu.Lock()
	rec.row.Finished, rec.row.Detail, rec.row.State = time.Now(), detail, stateOf(ctx, err, last)
	if err != nil {
		rec.row.ErrorClass, rec.row.Error = fault.Of(err).String(), pii.MaskString(err.Error())
	}
	stage.End(err)
	state, took := rec.row.State, rec.row.Finished.Sub(rec.row.Started).Round(time.Millisecond)
	rec.mu.Unlock()
	if err != nil {
		log.Error("running a job", "state", state, "step", end.Step, "class", fault.Of(err).String(), "error", err)
	} else {
		log.Info("ran a job", "took", took, "detail", detail)
	}
	// The record of the end is written even when the run was told to end, but
	// nobody waits long for it then.
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if ctx.Err() == nil {
		closing = ctx
	}
	if err := patient(closing, j.Log, "recording a run", func() error { return rec.flush(closing, true) }); err != nil {
		j.Log.Error("recording a run", "run", row.ID, "error", err)
	}
	return end, err
}

// stateOf is the state that a run ends in.
func stateOf(ctx context.Context, err error, last bool) string {
	switch {
	case err == nil:
		return warehouse.OK
	case errors.Is(context.Cause(ctx), errCancelled):
		return warehouse.Cancelled
	case ctx.Err() != nil:
		return warehouse.Interrupted
	case !last:
		return warehouse.Retrying
	}
	return warehouse.Failed
}

// do does the work of a job. A broker or warehouse that is away for a moment does
// not fail a run: what a run does depends on the data alone, so it is done again.
func (j *Jobs) do(ctx context.Context, r *Run, does string, timeout time.Duration) (detail string, err error) {
	do, ok := work[does]
	if !ok {
		return "", fault.New(fault.Config, "running %q: there is no such work", does)
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, fault.New(fault.Transient, "running %q: it was not done within %v", r.Job, timeout))
		defer cancel()
	}
	from := r.From
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Bug, "running %q: %v", r.Job, p)
		}
	}()
	err = patient(ctx, r.Log, "running a job", func() (err error) {
		detail, err = do(j, ctx, r)
		return err
	})
	if err == nil && r.From != "" { // no step has that name any more: all of it is due
		r.Log.Warn("the step to begin with does not exist any more, beginning with the first", "step", from)
		r.From = ""
		detail, err = do(j, ctx, r)
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return detail, err
}

// RunID names an attempt at a slot.
func RunID(slot string, attempt int) string {
	if attempt > 1 {
		return fmt.Sprintf("%s-%d", slot, attempt)
	}
	return slot
}

// snapshot writes down what a run has before it.
func (j *Jobs) snapshot(ctx context.Context, row *warehouse.Run) error {
	books, err := j.Warehouse.BooksNow(ctx)
	if err != nil {
		return err
	}
	row.LoadsSeen, row.Received, row.Accepted, row.Rejected = books.Loads, books.Received, books.Accepted, books.Rejected
	row.Plan = j.plan()
	row.Positions, err = j.positions(ctx)
	return err
}

// DryRun says step by step what a run of a job would do now, about a date or, if
// it is empty, the one that its schedule would give it. It changes and records
// nothing.
func (j *Jobs) DryRun(ctx context.Context, job *schemas.Job, date string) ([]warehouse.RunStep, error) {
	do, ok := work[job.Work()]
	if !ok {
		return nil, fault.New(fault.Config, "running %q: there is no such work", job.Work())
	}
	if date == "" {
		spec, err := schedule.CompileJob(job, j.Catalog.Calendar(job.Every.Calendar))
		if err != nil {
			return nil, err
		}
		date = spec.Business(time.Now()).Format(time.DateOnly)
	}
	r := &Run{ID: "dry", Job: job.Job, Cause: schedule.ByRequest, Date: date, Attempt: 1, Log: j.Log, Dry: true, recorder: newRecorder(nil, warehouse.Run{})}
	_, err := do(j, ctx, r)
	return r.steps, err
}
