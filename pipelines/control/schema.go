package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/declared"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/derive"
	"rongtong/schemas/fault"
)

// Derive writes one kind of artefacts of the declarations (see derive.Kinds).
func Derive(o Options, kind, cluster string) (derive.Files, error) {
	d, err := o.load()
	if err != nil {
		return nil, err
	}
	return derive.Of(kind, d.Catalog, cluster)
}

// Shipped names the declarations in the binary, where a folder is expected.
const Shipped = "shipped"

// Diff classifies every change between two sets of declarations. Each is a
// folder, or Shipped. A folder that has tiers.yaml stands for itself; any other
// lies on top of what is shipped, as with --declarations.
func Diff(old, now string) ([]derive.Change, error) {
	a, err := catalogAt(old)
	if err != nil {
		return nil, err
	}
	b, err := catalogAt(now)
	if err != nil {
		return nil, err
	}
	return derive.Diff(a, b), nil
}

func catalogAt(place string) (*schemas.Catalog, error) {
	set, problems := setAt(place)
	if len(problems) > 0 {
		return nil, &ProblemsError{problems}
	}
	c, problems := schemas.Load(set.Sources()...)
	if len(problems) > 0 {
		return nil, &ProblemsError{problems}
	}
	return c, nil
}

// PlanSchema returns what would bring the live warehouse to the declarations.
// It changes nothing. allow names losses that are meant; see PlanChange.
func PlanSchema(ctx context.Context, o Options, allow []string) ([]warehouse.Step, error) {
	w, steps, err := o.planSchema(ctx, allow)
	if err == nil {
		w.Close()
	}
	return steps, err
}

func (o Options) planSchema(ctx context.Context, allow []string) (*warehouse.Warehouse, []warehouse.Step, error) {
	d, err := o.unapplied(ctx)
	if err != nil {
		return nil, nil, err
	}
	w, err := o.warehouse(ctx)
	if err != nil {
		return nil, nil, err
	}
	steps, err := w.PlanChange(ctx, d.Catalog, allow...)
	if err != nil {
		w.Close()
		return nil, nil, err
	}
	return w, steps, nil
}

// Apply is how a plan is applied.
type Apply struct {
	// Allow names what may be lost: the losses of PlanChange, and the writers
	// that are not waited for, "live:load", "live:schedule", "pending:load".
	Allow []string
	// Wait is how long writers may take to leave.
	Wait time.Duration
	// Session is how long writers stay out if this process dies; 0: 10 s.
	Session time.Duration
	// Done is told of every step that was taken; may be nil.
	Done func(n, of int, s warehouse.Step)

	only  []string                     // topics whose pending loads are finished; empty: all
	leave func(pipelines.Pending) bool // those that cannot be finished; nil: none
}

// ApplySchema plans and runs the steps one by one. Cut short at any point, it is
// finished by applying again: the new plan begins where the warehouse stands.
//
// Where a step changes tables in a way that a writer must not meet, the writers
// are kept out from before the plan is made until its last step: no process of
// the role can join its group, loads that were begun are finished first, and
// without a hold no such step is taken. So nothing that is loaded can be missing
// from what is copied.
func ApplySchema(ctx context.Context, o Options, a Apply) error {
	w, steps, err := o.planSchema(ctx, a.Allow)
	if err != nil {
		return err
	}
	defer w.Close()
	hold := &pipelines.Hold{}
	if roles := writers(steps); len(roles) > 0 {
		d, err := o.load()
		if err != nil {
			return err
		}
		var release func()
		if hold, release, err = o.quiesce(ctx, w, d, a, roles); err != nil {
			return err
		}
		defer release()
		if err := w.Settle(ctx); err != nil { // a process that died may have left a statement at work
			return err
		}
		if steps, err = w.PlanChange(ctx, d.Catalog, a.Allow...); err != nil {
			return err
		}
	}
	for i, s := range steps {
		if err := hold.Err(); err != nil {
			return err
		}
		if err := w.Migrate(ctx, []warehouse.Step{s}); err != nil {
			return err
		}
		if a.Done != nil {
			a.Done(i+1, len(steps), s)
		}
	}
	return nil
}

// unapplied are the declarations of a pipeline whose tables are brought to them by
// hand: those in force. A folder that differs from what is in force is refused,
// because tables would change under processes that know nothing of it.
func (o Options) unapplied(ctx context.Context) (Declarations, error) {
	if o.Kafka == "" {
		return o.load()
	}
	k, err := o.kafka(ctx)
	if fault.Is(err, fault.Transient) {
		return o.load() // where the writers are asked after, this is said
	}
	if err != nil {
		return Declarations{}, err
	}
	defer k.Close()
	d, v, err := o.inForce(ctx, k)
	if err != nil || v.Number == 0 || o.Overlay == "" {
		return d, err
	}
	set, problems := setAt(o.Overlay)
	if len(problems) > 0 {
		return d, &ProblemsError{problems}
	}
	if set.Fingerprint() != v.Fingerprint {
		return d, fault.Hint(fault.Config, "rongtong apply puts it in force, tables and all", "changing tables to %q: version %d of the declarations is in force, and it is another", o.Overlay, v.Number)
	}
	return d, nil
}

// writers are the roles that must not write while the steps run.
func writers(steps []warehouse.Step) []string {
	var out []string
	for _, s := range steps {
		if s.Writer != "" && !slices.Contains(out, s.Writer) {
			out = append(out, s.Writer)
		}
	}
	return out
}

// quiesce keeps the writers of roles out until release is called.
func (o Options) quiesce(ctx context.Context, w *warehouse.Warehouse, d Declarations, a Apply, roles []string) (h *pipelines.Hold, release func(), err error) {
	waited := []string{"pending:load"}
	for _, r := range roles {
		waited = append(waited, "live:"+r)
	}
	if !slices.ContainsFunc(waited, func(name string) bool { return !slices.Contains(a.Allow, name) }) {
		return &pipelines.Hold{}, func() {}, nil // told not to ask
	}
	k, err := o.kafka(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("asking whether anyone writes to the warehouse (or say --allow %s): %w", strings.Join(waited, " --allow "), err)
	}
	store, err := declared.Open(ctx, k)
	if err == nil {
		err = k.Ensure(ctx, pipelines.ControlTopics())
	}
	if err == nil {
		earlier := &earlierStreams{store: store, first: o.load}
		q := &pipelines.Quiescer{Kafka: k, Warehouse: w, Streams: d.Streams, Log: o.Log, Wait: a.Wait, Session: a.Session, Allow: a.Allow, Only: a.only, Leave: a.leave, Earlier: earlier.find}
		h, err = q.Hold(ctx, roles...)
	}
	if err != nil {
		k.Close()
		return nil, nil, err
	}
	return h, func() { h.Release(); k.Close() }, nil
}
