package control

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/pii"
)

// RereadOptions choose records of one stream that are read again.
type RereadOptions struct {
	Stream   string // "system.stream"
	Pick     pipelines.Pick
	Wait     time.Duration        // how long loaders may take to leave, for Reprocess
	Session  time.Duration        // how long they stay out if this process dies; 0: 10 s
	Progress func(read, of int64) // may be nil
	Did      func(step string)    // told of what Reprocess put in place; may be nil
}

// reread opens everything a reading needs; the caller calls done.
func (o Options) reread(ctx context.Context, ro RereadOptions) (r *pipelines.Reread, d Declarations, done func(), err error) {
	if o.Overlay == "" {
		d, err = o.live(ctx)
	} else {
		d, err = o.load() // may be ahead of what is in force: that is what a comparison is for
	}
	if err != nil {
		return nil, d, nil, err
	}
	var names []string
	for _, s := range d.Streams {
		name := s.System.System + "." + s.Stream.Name
		if name == ro.Stream {
			r = &pipelines.Reread{Catalog: d.Catalog, Stream: s, Pick: ro.Pick, Log: o.Log, Progress: ro.Progress, Did: ro.Did}
		}
		names = append(names, name)
	}
	if r == nil {
		return nil, d, nil, fault.Hint(fault.Config, decl.Suggest(ro.Stream, names), "reading again: there is no stream %q; write SYSTEM.STREAM", ro.Stream)
	}
	if r.Kafka, err = o.kafka(ctx); err != nil {
		return nil, d, nil, err
	}
	if r.Warehouse, err = o.warehouse(ctx); err != nil {
		r.Kafka.Close()
		return nil, d, nil, err
	}
	return r, d, func() { r.Warehouse.Close(); r.Kafka.Close() }, nil
}

// CompareReprocess reads a stream again under the declarations of now and says what
// reprocessing would change. It changes nothing that anyone reads.
func CompareReprocess(ctx context.Context, o Options, ro RereadOptions) (warehouse.Comparison, error) {
	r, _, done, err := o.reread(ctx, ro)
	if err != nil {
		return warehouse.Comparison{}, err
	}
	defer done()
	return r.Compare(ctx)
}

// DiscardReprocess drops what a comparison left behind.
func DiscardReprocess(ctx context.Context, o Options, ro RereadOptions) error {
	r, _, done, err := o.reread(ctx, ro)
	if err != nil {
		return err
	}
	defer done()
	return r.Discard(ctx)
}

// Reprocess puts what the flows of now make of a stream's records in the place of
// what earlier flows made. The loaders and the jobs are kept out meanwhile, loads
// that were begun are finished first. Cut short at any point, it is run again.
func Reprocess(ctx context.Context, o Options, ro RereadOptions) (warehouse.Comparison, error) {
	if _, err := o.unapplied(ctx); err != nil { // loaders would go on with other flows
		return warehouse.Comparison{}, err
	}
	r, d, done, err := o.reread(ctx, ro)
	if err != nil {
		return warehouse.Comparison{}, err
	}
	defer done()
	if err := o.asInForce(ctx, r); err != nil {
		return warehouse.Comparison{}, err
	}
	hold, release, err := o.quiesce(ctx, r.Warehouse, d, Apply{Wait: ro.Wait, Session: ro.Session}, []string{pipelines.RoleLoad, pipelines.RoleSchedule})
	if err != nil {
		return warehouse.Comparison{}, err
	}
	defer release()
	if err := r.Warehouse.Settle(ctx); err != nil {
		return warehouse.Comparison{}, err
	}
	held, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() { // a hold that is lost stops the work: writers may be back
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for {
			select {
			case <-held.Done():
				return
			case <-t.C:
				if err := hold.Err(); err != nil {
					stop(err)
				}
			}
		}
	}()
	var c warehouse.Comparison
	err = recorded(ctx, r.Warehouse, "reprocess", func() (string, error) {
		var err error
		c, err = r.Reprocess(held)
		if cause := context.Cause(held); err != nil && cause != nil && ctx.Err() == nil {
			err = cause
		}
		return ro.Stream + ": " + summary(c), err
	})
	return c, err
}

// asInForce refuses to write by flows that the loaders would not go on with.
func (o Options) asInForce(ctx context.Context, r *pipelines.Reread) error {
	live, err := o.live(ctx)
	if err != nil {
		return err
	}
	for _, s := range live.Streams {
		if s.Topic == r.Stream.Topic && s.Plan() == r.Stream.Plan() {
			return nil
		}
	}
	return fault.Hint(fault.Config, "put them in force first: rongtong apply", "writing to the warehouse by declarations that are not in force: the loaders make other rows of %q", r.Stream.Topic)
}

// Replayed is what a replay found and did.
type Replayed struct {
	warehouse.Comparison
	Missing  int64 `json:"missing"`  // claims that the warehouse lacks
	Restored int64 `json:"restored"` // of them, added; 0 in a dry run
}

// Replay reads chosen records again and adds the claims that the warehouse lacks.
// A claim is known by thing, source, version and content, so what is there is not doubled
// and the books do not move. Where what is there differs from what the flows of now
// make of the records, it is refused: that is for Reprocess.
func Replay(ctx context.Context, o Options, ro RereadOptions, dry bool) (Replayed, error) {
	r, _, done, err := o.reread(ctx, ro)
	if err != nil {
		return Replayed{}, err
	}
	defer done()
	var out Replayed
	if out.Comparison, err = r.Compare(ctx); err != nil {
		return out, err
	}
	if out.Missing, err = r.Missing(ctx); err != nil {
		return out, err
	}
	if dry || out.Missing == 0 {
		return out, r.Discard(ctx)
	}
	if err := o.asInForce(ctx, r); err != nil {
		return out, err
	}
	if other := otherPlan(out.Comparison); other > 0 {
		return out, fault.Hint(fault.Config, "see what would change: rongtong reprocess --stream "+ro.Stream,
			"replaying %q: %d of the claims there were made by another mapping", ro.Stream, other)
	}
	err = recorded(ctx, r.Warehouse, "replay", func() (string, error) {
		var err error
		_, out.Restored, err = r.Restore(ctx)
		return fmt.Sprintf("%s: %d records read, %d claims restored", ro.Stream, out.Records, out.Restored), err
	})
	return out, err
}

// otherPlan counts claims that the records no longer make, or make differently.
func otherPlan(c warehouse.Comparison) (n int64) {
	for _, e := range c.Claims {
		n += e.Changed + e.Gone
	}
	return n
}

// recorded runs work as a run of a job, whatever its outcome.
func recorded(ctx context.Context, w *warehouse.Warehouse, job string, work func() (string, error)) error {
	run := warehouse.Run{ID: pipelines.NewRunID(job), Job: job, Cause: "request", Attempt: 1, Started: time.Now(), State: "running"}
	if err := w.RecordRun(ctx, run); err != nil {
		return err
	}
	detail, err := work()
	run.Finished, run.State, run.Detail = time.Now(), "ok", detail
	if err != nil {
		run.State, run.Error = "failed", pii.MaskString(err.Error())
	}
	if rerr := w.RecordRun(context.WithoutCancel(ctx), run); err == nil {
		err = rerr
	}
	return err
}

// summary is a comparison in a sentence.
func summary(c warehouse.Comparison) string {
	parts := []string{fmt.Sprintf("%d records read", c.Records)}
	for _, e := range c.Claims {
		parts = append(parts, fmt.Sprintf("%s %d changed, %d gone, %d added", e.Entity, e.Changed, e.Gone, e.Added))
	}
	return strings.Join(append(parts, fmt.Sprintf("%d newly refused, %d newly accepted", c.Refused[warehouse.RefusedNew], c.Refused[warehouse.RefusedNot])), "; ")
}
