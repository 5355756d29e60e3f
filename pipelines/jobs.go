package pipelines

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"rongtong/connectors"
	"rongtong/pipelines/deidentify"
	"rongtong/pipelines/schedule"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// CheckJobs checks of the declared jobs what only the scheduler knows: their times
// and their work.
func CheckJobs(c *schemas.Catalog) (ps []decl.Problem) {
	for _, j := range c.Jobs {
		if j.Every.Cron != "" {
			ps = append(ps, schedule.Check(j.Every.Pos, j.Every.Cron)...)
		}
		if j.Versions != "" && j.Work() != "retain" {
			ps = append(ps, j.Problem("job.versions", "leave it out, or say does: retain", "job %q forgets no versions of figures", j.Job))
		}
		if _, ok := work[j.Work()]; !ok {
			ps = append(ps, j.Problem("job.work", decl.Suggest(j.Work(), Works()), "%q is not something a job can do", j.Work()))
		}
	}
	return ps
}

// Works are the names of what a job can do.
func Works() []string { return slices.Sorted(maps.Keys(work)) }

// work is what jobs do, by name. It returns a sentence for the run's record. What
// takes long is done in steps (Run.Step), so that it is seen while it goes on and a
// retry begins where it failed.
var work = map[string]func(*Jobs, context.Context, *Run) (string, error){
	"integrate": (*Jobs).integrate,
	"return":    (*Jobs).deliver,
	"rejects":   (*Jobs).rejects,
	"expire":    (*Jobs).expire,
	"retain":    (*Jobs).retain,
	"pull":      (*Jobs).pull,
}

// Jobs runs scheduled and requested jobs in the one process that owns the control
// partition, as many at the same time as the limits allow.
type Jobs struct {
	Kafka     *topics.Client
	Warehouse *warehouse.Warehouse
	Catalog   *schemas.Catalog
	Streams   []*Stream
	Kinds     map[string]connectors.Kind // of the systems that are read again; nil: none are
	Keys      *deidentify.Keys           // as Ingest's
	Log       *slog.Logger
	// Session is how long a leader that died stays in office; 0: 6 s, the least
	// that brokers allow by default.
	Session time.Duration

	reloads struct {
		sync.Mutex
		set  *Jobs // to work by; nil: as above
		next chan *reload
	}
}

// Run takes part in the election and works while elected, until ctx ends.
func (j *Jobs) Run(ctx context.Context) error {
	if ps := CheckJobs(j.Catalog); len(ps) > 0 {
		return fault.New(fault.Config, "reading the declared jobs: %s", ps[0])
	}
	retry(ctx, j.Log, "running jobs", func() error {
		return j.Kafka.Member(ctx, topics.GroupConfig{ID: scheduleGroup, Topics: []string{control}, SessionTimeout: j.Session},
			func(gen *topics.Generation) error { return j.serve(ctx, gen) })
	})
	return nil
}

// serve lives through one generation: it leads, or stands by, until the
// partition may belong to someone else or ctx ends.
func (j *Jobs) serve(ctx context.Context, gen *topics.Generation) error {
	held, release := context.WithCancel(gen.Context())
	defer release()
	defer context.AfterFunc(ctx, release)()
	if len(gen.Assigned) == 0 {
		j.Log.Info("standing by: another process runs the jobs")
		j.standBy(held)
		return ctx.Err()
	}
	if err := j.lead(held, gen); held.Err() == nil {
		return err
	}
	return ctx.Err()
}

// plan is the fingerprint of all that makes rows of records and figures of rows.
func (j *Jobs) plan() uint64 {
	h := xxhash.New()
	for _, s := range j.Streams {
		_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, s.Plan()))
	}
	for _, i := range j.Catalog.Indicators {
		fmt.Fprintf(h, "%s %d %s", i.Indicator, i.RuleVer, i.SQL)
	}
	return h.Sum64()
}

// positions are the loaders' offsets, as JSON.
func (j *Jobs) positions(ctx context.Context) (string, error) {
	if len(j.Streams) == 0 {
		return "{}", nil
	}
	all := make([]string, len(j.Streams))
	for i, s := range j.Streams {
		all[i] = s.Topic
	}
	names, err := readable(ctx, j.Kafka, all)
	if err != nil {
		return "", err
	}
	stored, err := j.Kafka.Offsets(ctx, LoadGroup, names...)
	if err != nil {
		return "", err
	}
	out := make(map[string][]int64, len(stored))
	for topic, parts := range stored {
		for _, c := range parts {
			out[topic] = append(out[topic], c.Offset)
		}
	}
	b, err := json.Marshal(out)
	return string(b), err
}

// readable are the topics that are there and may be read: what is said of them does
// not wait for the others.
func readable(ctx context.Context, k *topics.Client, names []string) ([]string, error) {
	seen, err := k.Look(ctx, names...)
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return seen[n] != nil }), err
}

// integrate fuses every entity whose claims changed and refreshes the
// indicators that depend on what changed. Each step knows by itself whether it
// is due, so an interrupted run is finished by the next.
func (j *Jobs) integrate(ctx context.Context, r *Run) (string, error) {
	var claims, things, issues int64
	var computed warehouse.Refreshed
	// A copy that cannot be brought up to date holds up nobody: what was decided
	// before still counts.
	if r.Dry {
		// what is there is told of as it is
	} else if err := j.copyDecisions(ctx); err != nil {
		j.Log.Warn("copying decisions", "class", fault.Of(err).String(), "error", err)
	}
	for _, e := range j.Catalog.Entities {
		err := r.Step(ctx, "fuse/"+e.Entity, func(ctx context.Context) (Did, error) {
			fuse := j.Warehouse.Fuse
			if r.Dry {
				fuse = j.Warehouse.FuseDue
			}
			res, err := fuse(ctx, j.Catalog, e.Entity)
			if err != nil {
				return Did{}, fmt.Errorf("fusing %q: %w", e.Entity, err)
			}
			claims, things = claims+res.Claims, things+res.Things
			return Did{Nothing: res.Unchanged, In: res.Claims, Out: res.Changed, Detail: fused(res, r.Dry)}, nil
		})
		if err != nil {
			return "", err
		}
	}
	if err := j.derive(ctx, r); err != nil {
		return "", err
	}
	for _, e := range j.Catalog.Entities {
		n, err := j.checkRules(ctx, r, e)
		if err != nil {
			return "", err
		}
		issues += n
	}
	look := j.Warehouse.Figures
	if r.Dry {
		look = j.Warehouse.FiguresDue
	}
	figures, err := look(ctx, j.Catalog, r.ID, time.Now())
	if err != nil {
		return "", err
	}
	if !r.Dry {
		defer figures.Ahead(ctx, j.Catalog.Indicators)()
	}
	for _, ind := range j.Catalog.Indicators {
		err := r.Step(ctx, "compute/"+ind.Indicator, func(ctx context.Context) (Did, error) {
			if r.Dry {
				due, err := figures.Due(ctx, ind)
				return Did{Nothing: !due, Detail: ind.Name.Zh}, err
			}
			did, err := figures.Refresh(ctx, ind)
			computed.Add(did)
			return Did{Nothing: did.Full+did.Partial == 0, Out: int64(did.Written), Detail: did.String()}, err
		})
		if err != nil {
			return "", err
		}
	}
	if err := j.fold(ctx, r); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d claims fused into %d things, %d quality issues open, %s", claims, things, issues, computed), nil
}

// fold moves what figures were before they were corrected out of the way of
// questions about today, when it has become much.
func (j *Jobs) fold(ctx context.Context, r *Run) error {
	return r.Step(ctx, "fold/figures", func(ctx context.Context) (Did, error) {
		if r.Dry {
			n, err := j.Warehouse.FoldDue(ctx, time.Now())
			return Did{Nothing: n == 0, Detail: fmt.Sprintf("%d superseded figures would move", n)}, err
		}
		n, err := j.Warehouse.Fold(ctx, time.Now(), func(n, of int64) { r.Log.Info("folding superseded figures", "moved", n, "of", of) })
		return Did{Nothing: n == 0, Out: n, Detail: fmt.Sprintf("%d superseded figures moved", n)}, err
	})
}

// derive brings up to date what follows from fused rows of single entities: the map
// of divisions over time, and the summaries. A dry run passes over it: what is due
// depends on what is fused.
func (j *Jobs) derive(ctx context.Context, r *Run) error {
	if r.Dry {
		return nil
	}
	err := r.Step(ctx, "remap/divisions", func(ctx context.Context) (Did, error) {
		rebuilt, refused, err := j.Warehouse.Remap(ctx, j.Catalog)
		for _, x := range refused {
			j.Log.Warn("leaving out a change of divisions: correct or withdraw it at its source", "error", x)
		}
		return Did{Nothing: !rebuilt}, err
	})
	if err != nil {
		return err
	}
	for _, e := range j.Catalog.Entities {
		err := r.Step(ctx, "summarise/"+e.Entity, func(ctx context.Context) (Did, error) {
			did, err := j.Warehouse.Summarise(ctx, j.Catalog, e.Entity)
			return Did{Nothing: !did}, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func fused(res warehouse.FuseResult, dry bool) string {
	switch {
	case dry && res.Rebuilt:
		return fmt.Sprintf("all of %d things would be fused anew", res.Things)
	case dry:
		return fmt.Sprintf("%d of %d things would be fused anew", res.Changed, res.Things)
	}
	return fmt.Sprintf("%d things, %d fused anew", res.Things, res.Changed)
}

// checkRules checks an entity's rules over fused rows and counts the open issues.
func (j *Jobs) checkRules(ctx context.Context, r *Run, e *schemas.Entity) (open int64, err error) {
	for _, rule := range e.Rules {
		if !rule.AfterLoad() || r.Dry { // what they find depends on what is fused
			continue
		}
		err := r.Step(ctx, "check/"+e.Entity+"/"+rule.Rule, func(ctx context.Context) (Did, error) {
			n, err := j.Warehouse.CheckRule(ctx, j.Catalog, e, rule, time.Now())
			if err != nil {
				return Did{}, fmt.Errorf("checking %q: %w", rule.Rule, err)
			}
			open += n
			return Did{Nothing: n == 0, Out: n, Detail: fmt.Sprintf("%d issues open", n)}, nil
		})
		if err != nil {
			return open, err
		}
	}
	return open, nil
}
