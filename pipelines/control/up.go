package control

import (
	"context"
	"slices"
	"sort"
	"strings"

	"golang.org/x/sync/errgroup"

	"rongtong/connectors"
	"rongtong/connectors/all"
	"rongtong/pipelines"
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
}

// Up runs roles until ctx ends, then stops each at a boundary: nothing is half
// written. It creates the topics and tables it needs.
func Up(ctx context.Context, o Options, work Work) error {
	for _, r := range work.Roles {
		if !slices.Contains(Roles, r) {
			return fault.Hint(fault.Config, decl.Suggest(r, Roles), "starting: %q is not a role", r)
		}
	}
	d, err := o.load()
	if err != nil {
		return err
	}
	k, err := o.kafka(ctx)
	if err != nil {
		return err
	}
	defer k.Close()
	if err := ensure(ctx, k, d); err != nil {
		return err
	}
	var w *warehouse.Warehouse
	if slices.Contains(work.Roles, "load") || slices.Contains(work.Roles, "schedule") {
		if w, err = o.warehouse(ctx); err != nil {
			return err
		}
		defer w.Close()
	}
	return run(ctx, o, d, k, w, work)
}

func run(ctx context.Context, o Options, d Declarations, k *topics.Client, w *warehouse.Warehouse, work Work) error {
	g, ctx := errgroup.WithContext(ctx)
	if work.Listen != "" {
		m, err := NewMonitor(ctx, o)
		if err != nil {
			return err
		}
		defer m.Close()
		g.Go(func() error { return NewMetrics(m, o.Log.With("role", "metrics")).Listen(ctx, work.Listen) })
	}
	troubles := pipelines.NewTroubles(k, o.Log)
	g.Go(func() error { troubles.Run(ctx); return nil })
	for _, role := range work.Roles {
		log := o.Log.With("role", role)
		switch role {
		case "ingest":
			keys, err := deidentify.Open(o.Keys)
			if err != nil {
				return err
			}
			g.Go(func() error {
				in := &pipelines.Ingest{Kafka: k, Kinds: all.Kinds(), Keys: keys, Log: log, Troubles: troubles}
				return in.Run(ctx, d.Streams)
			})
		case "load":
			if err := migrate(ctx, w, d); err != nil {
				return err
			}
			g.Go(func() error {
				l := &pipelines.Loader{Kafka: k, Warehouse: w, Log: log, Workers: work.Workers, Troubles: troubles}
				return l.Run(ctx, d.Streams)
			})
		case "schedule":
			g.Go(func() error {
				j := &pipelines.Jobs{Kafka: k, Warehouse: w, Catalog: d.Catalog, Streams: d.Streams, Log: log}
				return j.Run(ctx)
			})
		}
	}
	return g.Wait()
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
