// Package control holds every verb a person has. The command line is a thin
// layer over it; so is the demo.
package control

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"

	"rongtong/connectors"
	"rongtong/connectors/all"
	"rongtong/pipelines"
	"rongtong/pipelines/schedule"
	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// Options are what every verb needs to know: two addresses, and where an
// operator's own declarations are.
type Options struct {
	Kafka     string // "host:port[,host:port…]"
	Security  topics.Security
	Warehouse string // "http://user:${file:/path}@host:port", or clickhouse://
	Keys      string // where the keys of pseudonyms are, see deidentify.Load; may be empty
	Overlay   string // folder of declarations that add to or replace the shipped ones; may be empty
	Notify    string // file of notifications; may be empty
	Log       *slog.Logger
}

// Declarations are the catalogue and its compiled streams.
type Declarations struct {
	Catalog *schemas.Catalog
	Streams []*pipelines.Stream
}

// Load reads and compiles all declarations and returns every problem found.
// The result is usable only when there is none.
func Load(overlay string) (Declarations, []decl.Problem) {
	set, problems := setAt(overlay)
	if len(problems) > 0 {
		return Declarations{}, problems
	}
	return loadSet(set)
}

// loadFrom is Load of these sources.
func loadFrom(sources []fs.FS) (Declarations, []decl.Problem) {
	c, problems := schemas.Load(sources...)
	if len(problems) > 0 {
		return Declarations{Catalog: c}, problems
	}
	kinds := all.Kinds()
	for _, sys := range c.Systems {
		name, at := connectors.KindOf(sys)
		kind, ok := kinds[name]
		if !ok {
			problems = append(problems, at.Problem("connect.kind", decl.Suggest(name, names(kinds)), "%q is not a protocol", name))
			continue
		}
		problems = append(problems, kind.Validate(sys)...)
		if !sys.Every.Continuous {
			problems = append(problems, schedule.Check(sys.Every.Pos, sys.Every.Cron)...)
		}
	}
	problems = append(problems, pipelines.CheckJobs(c)...)
	streams, ps := pipelines.Compile(c)
	problems = append(problems, ps...)
	if len(problems) == 0 {
		problems = pipelines.Cases(streams)
	}
	decl.Sort(problems)
	return Declarations{c, pipelines.OfTiers(c, streams)}, problems
}

// load is Load for verbs that cannot go on with a problem.
func (o Options) load() (Declarations, error) {
	d, problems := Load(o.Overlay)
	if len(problems) > 0 {
		return d, &ProblemsError{problems}
	}
	return d, nil
}

// ProblemsError says that declarations are wrong.
type ProblemsError struct{ Problems []decl.Problem }

func (e *ProblemsError) Error() string {
	return fmt.Sprintf("reading the declarations: %d problems, the first is %s", len(e.Problems), e.Problems[0])
}

// kafka connects to the broker.
func (o Options) kafka(ctx context.Context) (*topics.Client, error) {
	if o.Kafka == "" {
		return nil, fault.Hint(fault.Config, "give --kafka host:port or set RONGTONG_KAFKA", "connecting to Kafka: no address")
	}
	return topics.Dial(ctx, brokers(o.Kafka), topics.WithSecurity(o.Security), topics.WithLogger(o.Log))
}

// warehouse connects to ClickHouse.
func (o Options) warehouse(ctx context.Context) (*warehouse.Warehouse, error) {
	if o.Warehouse == "" {
		return nil, fault.Hint(fault.Config, "give --warehouse http://user:${file:/path}@host:8123 or set RONGTONG_WAREHOUSE", "connecting to the warehouse: no address")
	}
	return warehouse.Open(ctx, o.Warehouse)
}

// Query runs one statement and writes its result in a ClickHouse format.
func Query(ctx context.Context, o Options, sql, format string, out io.Writer) error {
	w, err := o.warehouse(ctx)
	if err != nil {
		return err
	}
	defer w.Close()
	r, err := w.QueryFormat(ctx, sql, format)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(out, r)
	return err
}
