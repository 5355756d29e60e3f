package control

import (
	"context"
	"net/url"
	"strings"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/lineage"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
)

// Lineage is the graph that the declarations make; it asks no server.
func Lineage(o Options) (*lineage.Graph, error) {
	d, err := o.load()
	if err != nil {
		return nil, err
	}
	return lineageOf(d.Catalog), nil
}

func lineageOf(c *schemas.Catalog) *lineage.Graph {
	var views []lineage.View
	for _, v := range warehouse.Views(c) {
		view := lineage.View{Name: v.View, Label: v.Name, SQL: v.SQL}
		for _, col := range v.Columns {
			view.Columns = append(view.Columns, lineage.Column{Name: col.Name})
		}
		views = append(views, view)
	}
	return lineage.Build(c, views)
}

// EmitLineage sends the lineage events of what ran since the last time to a
// sink, and follows on until ctx ends when follow is set.
func EmitLineage(ctx context.Context, o Options, sink string, follow bool) error {
	d, err := o.load()
	if err != nil {
		return err
	}
	k, err := o.kafka(ctx)
	if err != nil {
		return err
	}
	defer k.Close()
	w, err := o.warehouse(ctx)
	if err != nil {
		return err
	}
	defer w.Close()
	f, err := follower(o, d, k, w, sink)
	if err != nil {
		return err
	}
	f.Log = o.logger()
	if follow {
		return f.Run(ctx)
	}
	for more := true; more; {
		if more, err = f.Once(ctx, time.Now()); err != nil {
			return err
		}
	}
	return nil
}

// lineage adds the follower to the roles of a process, if it has a sink.
func (p *process) lineage(w *warehouse.Warehouse, sink string) error {
	if sink == "" {
		return nil
	}
	f, err := follower(p.o, p.d, p.k, w, sink)
	if err != nil {
		return err
	}
	f.Log = p.o.Log.With("role", "lineage")
	p.roles = append(p.roles, &role{name: "lineage", log: f.Log, run: f.Run, swap: func(_ context.Context, d Declarations) error {
		f.Switch(eventsFor(p.o, d), &records{p.k, w, d.Streams})
		return nil
	}})
	return nil
}

func follower(o Options, d Declarations, k *topics.Client, w *warehouse.Warehouse, address string) (*lineage.Follower, error) {
	sink, err := lineage.OpenSink(address)
	if err != nil {
		return nil, err
	}
	f := &lineage.Follower{Sink: sink}
	f.Switch(eventsFor(o, d), &records{k, w, d.Streams})
	return f, nil
}

func eventsFor(o Options, d Declarations) *lineage.Events {
	return &lineage.Events{Graph: lineageOf(d.Catalog), Catalog: d.Catalog, Kafka: o.Kafka, Warehouse: hostOf(o.Warehouse)}
}

// hostOf is the host and port of an address, without its user and password.
func hostOf(address string) string {
	if i := strings.LastIndex(address, "@"); i >= 0 {
		address = address[i+1:]
	} else if u, err := url.Parse(address); err == nil && u.Host != "" {
		address = u.Host
	}
	host, _, _ := strings.Cut(address, "/")
	return host
}

// records reads what ran from the warehouse, and what sources delivered from
// Kafka.
type records struct {
	k       *topics.Client
	w       *warehouse.Warehouse
	streams []*pipelines.Stream
}

func (r *records) Position(ctx context.Context, sink string) (time.Time, map[string]int64, error) {
	return r.w.LineagePosition(ctx, sink)
}

func (r *records) Save(ctx context.Context, sink string, to time.Time, delivered map[string]int64) error {
	return r.w.SaveLineagePosition(ctx, sink, to, delivered)
}

func (r *records) Loads(ctx context.Context, from, to time.Time) ([]lineage.Load, error) {
	rows, err := r.w.LoadsBetween(ctx, from, to)
	out := make([]lineage.Load, len(rows))
	for i, l := range rows {
		out[i] = lineage.Load(l)
	}
	return out, err
}

func (r *records) Steps(ctx context.Context, from, to time.Time) ([]lineage.Step, error) {
	rows, err := r.w.StepsBetween(ctx, from, to)
	out := make([]lineage.Step, len(rows))
	for i, s := range rows {
		out[i] = lineage.Step{RunID: s.RunID, Job: s.Job, Step: s.Step, Started: s.Started, Finished: s.Finished, OK: s.State == warehouse.OK, Rows: s.Out, Class: s.ErrorClass}
	}
	return out, err
}

func (r *records) Delivered(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	for _, s := range r.streams {
		c, err := pipelines.Delivered(ctx, r.k, s)
		if err != nil {
			return nil, err
		}
		out[s.System.System+"."+s.Stream.Name] = c.Records
	}
	return out, nil
}
