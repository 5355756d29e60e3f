package lineage

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"rongtong/schemas"
)

// Event is an OpenLineage run event (spec 2-0-2). There is an official client
// for Go; it brings Google Cloud's libraries for one of its transports, and all
// of it that is needed here are these types and a POST.
type Event struct {
	Type      string    `json:"eventType"` // START, COMPLETE or FAIL
	Time      time.Time `json:"eventTime"`
	Run       Run       `json:"run"`
	Job       Job       `json:"job"`
	Inputs    []Ref     `json:"inputs"`
	Outputs   []Ref     `json:"outputs"`
	Producer  string    `json:"producer"`
	SchemaURL string    `json:"schemaURL"`
}

// Run is one run of a job. Its ID follows from what ran, so an event that is
// sent twice is the same event.
type Run struct {
	ID     uuid.UUID      `json:"runId"`
	Facets map[string]any `json:"facets,omitempty"`
}

// Job is a process, by name.
type Job struct {
	Namespace string         `json:"namespace"`
	Name      string         `json:"name"`
	Facets    map[string]any `json:"facets,omitempty"`
}

// Ref is a dataset that a run reads or writes.
type Ref struct {
	Namespace    string         `json:"namespace"`
	Name         string         `json:"name"`
	Facets       map[string]any `json:"facets,omitempty"`
	OutputFacets map[string]any `json:"outputFacets,omitempty"`
}

const (
	producer  = "https://rongtong.invalid/pipelines/lineage"
	spec      = "https://openlineage.io/spec/"
	schemaURL = spec + "2-0-2/OpenLineage.json#/$defs/RunEvent"
	jobSpace  = "rongtong"
)

// facet is a facet's base, with what is in it.
func facet(schema string, fields map[string]any) map[string]any {
	name := schema[strings.IndexByte(schema, '/')+1:]
	fields["_producer"] = producer
	fields["_schemaURL"] = spec + "facets/" + schema + ".json#/$defs/" + name
	return fields
}

// Pull is what a stream's source delivered into its topic between two looks.
type Pull struct {
	System, Stream string
	Records, Total int64 // of late, and since the stream began
	From, To       time.Time
}

// Load is what was loaded of one flow in one minute.
type Load struct {
	System, Stream, Entity       string
	Received, Accepted, Rejected int64
	First, Last, Minute          time.Time
}

// Step is a step of a run that ended: "fuse/<entity>" or "compute/<indicator>".
type Step struct {
	RunID, Job, Step  string
	Started, Finished time.Time
	OK                bool
	Rows              int64  // written; 0: not counted
	Class             string // of the error
}

// Events makes run events. Kafka and Warehouse are the addresses, host:port,
// that name where topics and tables are.
type Events struct {
	Graph            *Graph
	Catalog          *schemas.Catalog
	Kafka, Warehouse string
}

// Pull is a source read into a topic.
func (v *Events) Pull(p Pull) []Event {
	name := p.System + "." + p.Stream
	return v.run(unit{
		id: "ingest/" + name + "/" + p.To.UTC().Format(time.RFC3339Nano), job: "ingest/" + name, streaming: true, owner: v.owner(p.System),
		from: p.From, to: p.To, ok: true, rows: p.Records, inputs: []string{"source:" + name}, output: "in." + name})
}

// Load is a topic loaded into layer std.
func (v *Events) Load(l Load) []Event {
	job := FlowJob(l.System, l.Stream, l.Entity)
	return v.run(unit{
		id: job + "/" + l.Minute.UTC().Format(time.RFC3339), job: job, streaming: true, owner: v.owner(l.System),
		from: l.First, to: l.Last, ok: true, rows: l.Accepted, inputs: []string{"in." + l.System + "." + l.Stream}, output: "std." + l.Entity})
}

// Step is a fusion or a computation; nothing for steps of other kinds.
func (v *Events) Step(s Step) []Event {
	u := unit{id: s.RunID + "/" + s.Step, job: s.Step, from: s.Started, to: s.Finished, ok: s.OK, rows: s.Rows, class: s.Class, parent: s.RunID, parentJob: s.Job}
	kind, what, _ := strings.Cut(s.Step, "/")
	switch {
	case kind == "fuse" && v.Graph.Datasets["dwd."+what] != nil:
		u.inputs, u.output = []string{"std." + what}, "dwd."+what
	case kind == "compute" && v.Graph.Datasets[what] != nil:
		u.output = what
		for _, e := range v.Graph.Edges {
			if e.To.Dataset == what {
				u.inputs = once(u.inputs, e.From.Dataset)
			}
		}
	default:
		return nil
	}
	return v.run(u)
}

// unit is one run of a job from inputs to an output.
type unit struct {
	id, job           string
	streaming         bool
	owner             string
	from, to          time.Time
	ok                bool
	rows              int64
	class             string
	inputs            []string
	output            string
	parent, parentJob string
}

// run is the start and the end of a unit.
func (v *Events) run(u unit) []Event {
	start := Event{Type: "START", Time: u.from.UTC(), Producer: producer, SchemaURL: schemaURL,
		Run: Run{ID: runID(u.id)}, Job: v.job(u), Inputs: []Ref{}, Outputs: []Ref{}}
	if u.parent != "" {
		start.Run.Facets = map[string]any{"parent": facet("1-2-0/ParentRunFacet", map[string]any{
			"run": map[string]any{"runId": runID(u.parent)}, "job": map[string]any{"namespace": jobSpace, "name": u.parentJob}})}
	}
	end := start
	end.Type, end.Time = "COMPLETE", u.to.UTC()
	if !u.ok {
		end.Type = "FAIL"
		end.Run.Facets = map[string]any{"errorMessage": facet("1-0-1/ErrorMessageRunFacet", map[string]any{
			"message": u.class + `: see "rongtong runs show ` + u.parent + `"`, "programmingLanguage": "GO"})}
		for k, x := range start.Run.Facets {
			end.Run.Facets[k] = x
		}
	}
	for _, in := range u.inputs {
		end.Inputs = append(end.Inputs, v.ref(in))
	}
	out := v.ref(u.output)
	out.Facets["columnLineage"] = v.columns(u.output, u.job)
	if u.ok && u.rows > 0 {
		out.OutputFacets = map[string]any{"outputStatistics": facet("1-0-2/OutputStatisticsOutputDatasetFacet", map[string]any{"rowCount": u.rows})}
	}
	end.Outputs = append(end.Outputs, out)
	return []Event{start, end}
}

// runID is a name-based UUID (RFC 9562, version 5).
func runID(name string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceURL, []byte(producer+"/"+name)) }

func (v *Events) owner(system string) string {
	if s := v.Catalog.System(system); s != nil {
		return s.Department
	}
	return ""
}

func (v *Events) job(u unit) Job {
	processing := "BATCH"
	if u.streaming {
		processing = "STREAMING"
	}
	kind, _, _ := strings.Cut(u.job, "/")
	j := Job{Namespace: jobSpace, Name: u.job, Facets: map[string]any{"jobType": facet("2-0-4/JobTypeJobFacet", map[string]any{
		"processingType": processing, "integration": "RONGTONG", "jobType": strings.ToUpper(kind)})}}
	if u.owner != "" {
		j.Facets["ownership"] = facet("1-0-1/OwnershipJobFacet", map[string]any{"owners": []any{map[string]any{"name": u.owner, "type": "DEPARTMENT"}}})
	}
	return j
}

// ref names a dataset as OpenLineage's naming rules do: by where it is.
func (v *Events) ref(name string) Ref {
	space, at := v.place(name)
	r := Ref{Namespace: space, Name: at, Facets: map[string]any{}}
	d := v.Graph.Datasets[name]
	if d == nil {
		return r
	}
	fields := make([]any, len(d.Columns))
	for i, c := range d.Columns {
		f := map[string]any{"name": c.Name, "ordinal_position": i + 1}
		if c.Type != "" {
			f["type"] = c.Type
		}
		if c.Doc != "" {
			f["description"] = c.Doc
		}
		fields[i] = f
	}
	r.Facets["schema"] = facet("1-2-0/SchemaDatasetFacet", map[string]any{"fields": fields})
	if d.Label.Zh != "" {
		r.Facets["documentation"] = facet("1-1-0/DocumentationDatasetFacet", map[string]any{"description": d.Label.Zh + " / " + d.Label.En})
	}
	return r
}

func (v *Events) place(name string) (namespace, at string) {
	d := v.Graph.Datasets[name]
	switch {
	case strings.HasPrefix(name, "source:"):
		return jobSpace, strings.TrimPrefix(name, "source:")
	case d != nil && d.Kind == "topic":
		return "kafka://" + v.Kafka, name
	case d != nil && d.Kind == "indicator":
		return "clickhouse://" + v.Warehouse, "ads.indicator_value"
	}
	return "clickhouse://" + v.Warehouse, name
}

// columns says what every column of an output is made of, by one job.
func (v *Events) columns(output, job string) map[string]any {
	fields := map[string]any{}
	for _, e := range v.Graph.Edges {
		if e.To.Dataset != output || e.Job != job {
			continue
		}
		space, at := v.place(e.From.Dataset)
		how := map[string]any{"type": "DIRECT", "subtype": e.How, "masking": e.Masked}
		if e.Call != "" {
			how["description"] = e.Call
		}
		in := map[string]any{"namespace": space, "name": at, "field": e.From.Column, "transformations": []any{how}}
		f, _ := fields[e.To.Column].(map[string]any)
		if f == nil {
			f = map[string]any{"inputFields": []any{}}
			fields[e.To.Column] = f
		}
		f["inputFields"] = append(f["inputFields"].([]any), in)
	}
	return facet("1-2-0/ColumnLineageDatasetFacet", map[string]any{"fields": fields})
}
