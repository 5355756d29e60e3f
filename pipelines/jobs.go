package pipelines

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"rongtong/pipelines/schedule"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/pii"
)

//go:embed jobs.yaml
var jobsYAML []byte

// JobDecl declares a job of the schedule role.
type JobDecl struct {
	decl.Pos
	Job   string           `decl:"job,required"`
	Doc   schemas.Label    `decl:"doc,required"`
	Every schemas.Schedule `decl:"every,required"`
}

// JobDecls reads the declared jobs.
func JobDecls(c *schemas.Catalog) ([]JobDecl, []decl.Problem) {
	node, ps := decl.Parse("pipelines/jobs.yaml", jobsYAML)
	if len(ps) > 0 {
		return nil, ps
	}
	var jobs []JobDecl
	ps = node.Decode(&jobs)
	for _, j := range jobs {
		ps = append(ps, schedule.Check(j.Every.Pos, j.Every.Cron)...)
		ps = append(ps, j.Every.Check(c, func(string) decl.Pos { return j.Every.Pos })...)
		if _, ok := work[j.Job]; !ok {
			ps = append(ps, j.Problem("job.unknown", decl.Suggest(j.Job, JobNames()), "%q is not a job", j.Job))
		}
	}
	return jobs, ps
}

// JobNames are the jobs a person can run.
func JobNames() []string { return []string{"integrate", "return", "rejects", "expire", "retain"} }

// work is what each job does. It returns a sentence for the run's record.
var work = map[string]func(*Jobs, context.Context, Request) (string, error){
	"integrate": (*Jobs).integrate,
	"return":    (*Jobs).deliver,
	"rejects":   (*Jobs).rejects,
	"expire":    (*Jobs).expire,
	"retain":    (*Jobs).retain,
}

// control carries requests to run a job now. Its one partition also elects the
// process that runs jobs: whoever owns it, and only they.
const control = "rongtong.control"

// ControlTopics are what the roles need beside the streams' topics.
func ControlTopics() []topics.Topic {
	return []topics.Topic{{Name: control, Partitions: 1}, {Name: scheduled, Partitions: 1},
		{Name: troubles, Partitions: 1, Configs: map[string]string{"retention.ms": "604800000"}}}
}

// Request asks for one run of a job.
type Request struct {
	RunID string `json:"run_id"`
	Job   string `json:"job"`
	Cause string `json:"cause"` // "schedule" or "request"
	// Date is the business date, YYYY-MM-DD; empty means yesterday.
	Date string `json:"date,omitempty"`
	// Attempt counts from 1 how often a slot of a schedule was started.
	Attempt int `json:"-"`
}

// Ask puts a request where the process that runs jobs finds it.
func Ask(ctx context.Context, k *topics.Client, r Request) error {
	p, err := k.Producer(ctx, "control")
	if err != nil {
		return err
	}
	defer p.Close()
	value, err := json.Marshal(r)
	if err != nil {
		return err
	}
	txn := p.Begin()
	txn.Append(control, 0, topics.Record{Key: []byte(r.RunID), Value: value})
	return txn.Commit(ctx)
}

// Jobs runs scheduled and requested jobs, one at a time, in the one process
// that owns the control partition.
type Jobs struct {
	Kafka     *topics.Client
	Warehouse *warehouse.Warehouse
	Catalog   *schemas.Catalog
	Streams   []*Stream
	Log       *slog.Logger
}

// Run takes part in the election and works while elected, until ctx ends.
func (j *Jobs) Run(ctx context.Context) error {
	decls, ps := JobDecls(j.Catalog)
	if len(ps) > 0 {
		return fault.New(fault.Bug, "reading the declared jobs: %s", ps[0])
	}
	retry(ctx, j.Log, "running jobs", func() error {
		g, err := j.Kafka.Group(ctx, topics.GroupConfig{ID: "schedule", Topics: []string{control}})
		if err != nil {
			return err
		}
		defer g.Close()
		for {
			gen, err := g.Next(ctx)
			if err != nil {
				return err
			}
			if err := j.serve(ctx, gen, decls); err != nil {
				return err
			}
		}
	})
	return nil
}

// serve lives through one generation: it leads, or stands by, until the
// partition may belong to someone else or ctx ends.
func (j *Jobs) serve(ctx context.Context, gen *topics.Generation, decls []JobDecl) error {
	held, release := context.WithCancel(gen.Context())
	defer release()
	defer context.AfterFunc(ctx, release)()
	if len(gen.Assigned) == 0 {
		j.Log.Info("standing by: another process runs the jobs")
		<-held.Done()
		return ctx.Err()
	}
	if err := j.lead(held, gen, decls); held.Err() == nil {
		return err
	}
	return ctx.Err()
}

func runID(job string) string {
	return fmt.Sprintf("%s-%s", job, time.Now().UTC().Format("20060102T150405.000000"))
}

// NewRunID names a run that a person asked for.
func NewRunID(job string) string { return runID(job) }

type request struct {
	Request
	after int64 // the offset to commit when it is done
}

// requests follows the control topic from an offset until ctx ends.
func (j *Jobs) requests(ctx context.Context, next int64) (<-chan request, <-chan error) {
	out, failed := make(chan request), make(chan error, 1)
	go func() {
		f := j.Kafka.Fetcher(control, 0, next, topics.FetchOptions{ReadCommitted: true})
		for ctx.Err() == nil {
			var got []request
			_, err := f.Fetch(ctx, func(r *topics.FetchedRecord) error {
				var q request
				if err := json.Unmarshal(r.Value, &q.Request); err != nil {
					j.Log.Error("ignoring a control record that is not a request", "offset", r.Offset)
					return nil
				}
				q.Cause, q.after = "request", r.Offset+1
				got = append(got, q)
				return nil
			})
			if err != nil {
				failed <- err
				return
			}
			for _, q := range got {
				select {
				case out <- q:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out, failed
}

// run does one job and records it, whatever its outcome.
func (j *Jobs) run(ctx context.Context, r Request) error {
	rec := warehouse.Run{ID: r.RunID, Job: r.Job, Cause: r.Cause, BusinessDate: r.Date, Attempt: uint8(min(max(r.Attempt, 1), 255)), Started: time.Now(), State: "running"}
	log := j.Log.With("job", r.Job, "run", r.RunID)
	do, ok := work[r.Job]
	if !ok {
		log.Error("ignoring a request for a job that does not exist")
		return nil
	}
	// A broker or warehouse that is away for a moment does not fail a run: what
	// a run does depends on the data alone, so it is simply done again.
	try := func(what string, f func() error) error { return patient(ctx, log, what, f) }
	err := try("recording a run", func() (err error) {
		if rec.LoadsSeen, err = j.Warehouse.LoadsSeen(ctx); err != nil {
			return err
		}
		return j.Warehouse.RecordRun(ctx, rec)
	})
	if err == nil {
		err = try("running a job", func() (err error) {
			rec.Detail, err = do(j, ctx, r)
			return err
		})
	}
	rec.Finished, rec.State = time.Now(), "ok"
	if err != nil {
		rec.State, rec.Error = "failed", pii.MaskString(err.Error())
		log.Error("running a job", "class", fault.Of(err).String(), "error", err)
	} else {
		log.Info("ran a job", "took", rec.Finished.Sub(rec.Started).Round(time.Millisecond), "detail", rec.Detail)
	}
	if err := try("recording a run", func() error { return j.Warehouse.RecordRun(ctx, rec) }); err != nil && ctx.Err() == nil {
		log.Error("recording a run", "error", err)
	}
	return err
}

// integrate fuses every entity whose claims changed and refreshes the
// indicators that depend on what changed. Each step knows by itself whether it
// is due, so an interrupted run is finished by the next.
func (j *Jobs) integrate(ctx context.Context, r Request) (string, error) {
	var claims, things int64
	for _, e := range j.Catalog.Entities {
		res, err := j.Warehouse.Fuse(ctx, j.Catalog, e.Entity)
		if err != nil {
			return "", fmt.Errorf("fusing %q: %w", e.Entity, err)
		}
		claims, things = claims+res.Claims, things+res.Things
	}
	issues, err := j.checkRules(ctx)
	if err != nil {
		return "", err
	}
	n := 0
	for _, ind := range j.Catalog.Indicators {
		computed, err := j.Warehouse.Refresh(ctx, j.Catalog, ind, r.RunID)
		if err != nil {
			return "", fmt.Errorf("computing %q: %w", ind.Indicator, err)
		}
		if computed {
			n++
		}
	}
	return fmt.Sprintf("%d claims fused into %d things, %d quality issues open, %d indicators computed", claims, things, issues, n), nil
}

// checkRules checks the rules over fused rows and counts the open issues.
func (j *Jobs) checkRules(ctx context.Context) (open int64, err error) {
	for _, e := range j.Catalog.Entities {
		for _, r := range e.Rules {
			if !r.AfterLoad() {
				continue
			}
			n, err := j.Warehouse.CheckRule(ctx, j.Catalog, e, r, time.Now())
			if err != nil {
				return open, fmt.Errorf("checking %q: %w", r.Rule, err)
			}
			open += n
		}
	}
	return open, nil
}
