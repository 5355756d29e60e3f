package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	"rongtong/connectors"
	"rongtong/connectors/all"
	"rongtong/pipelines"
	"rongtong/pipelines/declared"
	"rongtong/pipelines/deidentify"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// Roles are the parts of the pipeline that may run together or apart.
var Roles = []string{"ingest", "load", "schedule"}

// Work is what one process does.
type Work struct {
	Roles   []string
	Workers int    // blocks that a loader loads at the same time
	Listen  string // address of /metrics, /healthz and /readyz; empty: none
	Lineage string // where OpenLineage events go, beside the role schedule; empty: nowhere
	// StopWithin is how long the roles may take to reach a boundary when ctx has
	// ended; 0: as long as they need. What is under way then is repeated later.
	StopWithin time.Duration
}

// ErrLate says that a process did not stop in time. What was under way is
// repeated by whoever takes over: nothing is lost and nothing doubled.
var ErrLate = errors.New("stopping took too long, what was under way is repeated by whoever takes over")

// Up runs roles until ctx ends, then stops each at a boundary: nothing is half
// written. It creates the topics and tables it needs, works under the
// declarations in force and follows their changes. A process that is told to
// stop and cannot in time gives ErrLate, and should then end.
func Up(ctx context.Context, o Options, work Work) error {
	done := make(chan error, 1)
	var running atomic.Pointer[process]
	go func() { done <- up(ctx, o, work, &running) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	o.logger().Info("stopping at a boundary", "within", work.StopWithin)
	if work.StopWithin <= 0 {
		return <-done
	}
	select {
	case err := <-done:
		return err
	case <-time.After(work.StopWithin):
	}
	if p := running.Load(); p != nil {
		return fmt.Errorf("%w: %s after %v", ErrLate, strings.Join(p.busy(), ", "), work.StopWithin)
	}
	return ErrLate
}

func up(ctx context.Context, o Options, work Work, running *atomic.Pointer[process]) error {
	for _, r := range work.Roles {
		if !slices.Contains(Roles, r) {
			return fault.Hint(fault.Config, decl.Suggest(r, Roles), "starting: %q is not a role", r)
		}
	}
	k, err := o.kafka(ctx)
	if err != nil {
		return err
	}
	defer k.Close()
	if err := k.Ensure(ctx, append(pipelines.ControlTopics(), declared.Topics()...)); err != nil {
		return err
	}
	p := &process{o: o, k: k, log: o.logger(), node: newNode(work.Roles)}
	if p.store, err = declared.Open(ctx, k); err != nil {
		return err
	}
	if p.d, p.version, err = o.compileInForce(p.store); err != nil {
		return err
	}
	p.node.Version = p.version.Number
	p.inForce.Store(int64(p.version.Number))
	if p.version.Number == 0 && o.Overlay != "" {
		p.node.Folder = o.Overlay
	}
	if err := p.ensure(ctx, p.d); err != nil {
		return err
	}
	var w *warehouse.Warehouse
	if slices.Contains(work.Roles, "load") || slices.Contains(work.Roles, "schedule") {
		if w, err = o.warehouse(ctx); err != nil {
			return err
		}
		defer w.Close()
	}
	if err := p.take(ctx, w, work); err != nil {
		return err
	}
	if slices.Contains(work.Roles, "schedule") {
		stop, err := p.notifications(ctx)
		if err != nil {
			return err
		}
		defer stop()
	}
	if work.Listen == "" {
		running.Store(p)
		return p.run(ctx)
	}
	m, err := NewMonitor(ctx, o)
	if err != nil {
		return err
	}
	defer m.Close()
	x := NewMetrics(m, o.Log.With("role", "metrics"))
	x.Kafka = k
	p.roles = append(p.roles, &role{name: "metrics", log: x.log, run: func(ctx context.Context) error { return x.Listen(ctx, work.Listen) },
		swap: func(context.Context, Declarations) error { return nil }}) // a monitor follows by itself
	running.Store(p)
	return p.run(ctx)
}

// take prepares the roles.
func (p *process) take(ctx context.Context, w *warehouse.Warehouse, work Work) error {
	troubles := pipelines.NewTroubles(p.k, p.o.Log)
	p.aside = append(p.aside, troubles.Run)
	for _, name := range work.Roles {
		r := &role{name: name, log: p.o.Log.With("role", name)}
		p.roles = append(p.roles, r)
		switch name {
		case "ingest":
			keys, err := deidentify.Open(p.o.Keys)
			if err != nil {
				return err
			}
			in := &pipelines.Ingest{Kafka: p.k, Kinds: all.Kinds(), Keys: keys, Log: r.log, Troubles: troubles, Hosts: p.d.Catalog.Limits.Hosts}
			r.run = func(ctx context.Context) error { return in.Run(ctx, p.d.Streams) }
			r.swap = func(ctx context.Context, d Declarations) error {
				in.Limit(d.Catalog.Limits.Hosts)
				return in.Switch(ctx, d.Streams)
			}
		case "load":
			if err := migrate(ctx, w, p.d); err != nil {
				return err
			}
			earlier := &earlierStreams{store: p.store, first: p.o.load}
			l := &pipelines.Loader{Kafka: p.k, Warehouse: w, Log: r.log, Workers: work.Workers, Earlier: earlier.find, Follow: p.caughtUp, Troubles: troubles}
			r.run = func(ctx context.Context) error { return l.Run(ctx, p.d.Streams) }
			r.swap = func(ctx context.Context, d Declarations) error { return l.Switch(ctx, d.Streams) }
		case "schedule":
			keys, err := deidentify.Open(p.o.Keys) // for systems that are read again
			if err != nil {
				return err
			}
			p.schedule(r, w, keys)
			if err := p.lineage(w, work.Lineage); err != nil {
				return err
			}
		}
	}
	return nil
}

// Topics creates the topics that the pipeline needs and does not find.
func Topics(ctx context.Context, o Options) error {
	d, err := o.load()
	if err != nil {
		return err
	}
	k, err := o.kafka(ctx)
	if err != nil {
		return err
	}
	defer k.Close()
	return ensure(ctx, k, d)
}

func ensure(ctx context.Context, k *topics.Client, d Declarations) error {
	return k.Ensure(ctx, append(pipelines.Topics(d.Streams), pipelines.ControlTopics()...))
}

// ensure creates the topics that the declarations need. One that cannot be had, for
// want of a right or of partitions, stops its own stream only: its roles say so.
func (p *process) ensure(ctx context.Context, d Declarations) error {
	err := ensure(ctx, p.k, d)
	if err == nil || fault.Is(err, fault.Transient) {
		return err
	}
	if err := p.k.Ensure(ctx, append(pipelines.Topics(nil), pipelines.ControlTopics()...)); err != nil {
		return err // what every stream needs
	}
	for _, t := range pipelines.Topics(d.Streams) {
		err := p.k.Ensure(ctx, []topics.Topic{t})
		switch {
		case fault.Is(err, fault.Transient):
			return err
		case err != nil:
			p.log.Error("a topic is not as it should be: its stream may stand still, the others go on", "topic", t.Name, "class", fault.Of(err).String(), "error", err)
		}
	}
	return nil
}

// Migrate brings the warehouse's tables to what the declarations say and
// returns the steps it took, as text.
func Migrate(ctx context.Context, o Options, dry bool) ([]string, error) {
	d, err := o.load()
	if err != nil {
		return nil, err
	}
	w, err := o.warehouse(ctx)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	steps, err := w.Plan(ctx, d.Catalog)
	if err != nil {
		return nil, err
	}
	text := make([]string, len(steps))
	for i, s := range steps {
		text[i] = s.Doc + " " + s.Object
	}
	if dry {
		return text, nil
	}
	return text, w.Migrate(ctx, steps)
}

func migrate(ctx context.Context, w *warehouse.Warehouse, d Declarations) error {
	steps, err := w.Plan(ctx, d.Catalog)
	if err != nil {
		return err
	}
	return w.Migrate(ctx, steps)
}

func brokers(list string) []string { return strings.Split(list, ",") }

func names(kinds map[string]connectors.Kind) []string {
	out := make([]string, 0, len(kinds))
	for k := range kinds {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
