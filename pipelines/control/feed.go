package control

import (
	"encoding/json"
	"os"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/connectors"
	"rongtong/connectors/feed"
	"rongtong/pipelines"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
	"rongtong/transforms"
)

// stream finds "system.stream".
func (d Declarations) stream(name string) (*pipelines.Stream, error) {
	var known []string
	for _, s := range d.Streams {
		full := s.System.System + "." + s.Stream.Name
		if full == name {
			return s, nil
		}
		known = append(known, full)
	}
	return nil, fault.Hint(fault.Config, decl.Suggest(name, known), "%q is not a stream", name)
}

// system finds a system by name.
func (d Declarations) system(name string) (*schemas.System, error) {
	var known []string
	for _, s := range d.Catalog.Systems {
		if s.System == name {
			return s, nil
		}
		known = append(known, s.System)
	}
	return nil, fault.Hint(fault.Config, decl.Suggest(name, known), "%q is not a system", name)
}

// SampleProblem is one rule that a record of a sample breaks. It holds no value.
type SampleProblem struct {
	connectors.Breach
	Entity string `json:"entity,omitempty"` // whose rule it is; empty: the contract's
	HintZh string `json:"hint_zh,omitempty"`
	HintEn string `json:"hint_en,omitempty"`
}

// SampleReport is what was found in a sample file.
type SampleReport struct {
	Stream   string           `json:"stream"`
	File     string           `json:"file"`
	Records  int              `json:"records"`
	Good     int              `json:"good"` // records without a problem
	Problems []SampleProblem  `json:"problems"`
	Dropped  map[string]int64 `json:"dropped,omitempty"` // values that are dropped before anything else, by field
	Unknown  map[string]int64 `json:"unknown,omitempty"` // values of fields that are not declared, by field
	Note     string           `json:"note,omitempty"`    // what could not be looked at
}

// VerifySample reads a file as a department would send it and returns every
// problem of every record: what breaks the contract, and what would be rejected
// on the way into the theme database. Nothing is sent anywhere.
func VerifySample(o Options, name, file string) (SampleReport, error) {
	d, err := o.load()
	if err != nil {
		return SampleReport{}, err
	}
	st, err := d.stream(name)
	if err != nil {
		return SampleReport{}, err
	}
	sample, err := feed.NewSample(st.System, st.Stream)
	if err != nil {
		return SampleReport{}, err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return SampleReport{}, fault.New(fault.Config, "reading the sample: %w", err)
	}
	v := newVerifier(st, sample, SampleReport{Stream: name, File: file, Problems: []SampleProblem{}})
	err = sample.Each(file, data, v.record)
	return v.finish(), err
}

// verifier looks at one record after another.
type verifier struct {
	report  SampleReport
	sample  *feed.Sample
	stream  *pipelines.Stream
	reader  *connectors.ItemReader
	batches []*transforms.Batch
	chunk   record.Chunk
}

func newVerifier(st *pipelines.Stream, sample *feed.Sample, report SampleReport) *verifier {
	v := &verifier{report: report, sample: sample, stream: st, reader: connectors.NewItemReader(st.Stream)}
	if len(st.Stream.Identify) > 0 {
		v.report.Note = "the stream has personal identifiers, which are replaced under a key before the rules of the theme database apply: only the contract was checked"
		return v
	}
	for _, f := range st.Flows {
		v.batches = append(v.batches, transforms.NewBatch(memory.DefaultAllocator, f.Plan))
	}
	return v
}

func (v *verifier) record(line int, item []byte, rule string) {
	v.report.Records++
	before := len(v.report.Problems)
	add := func(b connectors.Breach, entity string) {
		b.Line, b.Item = line, v.report.Records
		p := SampleProblem{Breach: b, Entity: entity}
		if t, ok := transforms.RuleOf(b.Rule); ok {
			p.HintZh, p.HintEn = t.HintZh, t.HintEn
			if b.Zh == "" {
				p.Zh, p.En = t.Zh, t.En
			}
		}
		v.report.Problems = append(v.report.Problems, p)
	}
	switch {
	case rule != "":
		add(connectors.Breach{Rule: rule}, "")
	case v.reader.Read(item) != nil:
		add(connectors.Breach{Rule: "json.record"}, "")
	default:
		_ = v.sample.Checker().Check(item, func(b connectors.Breach) { add(b, "") }) // it was read: it is an object
		v.flows(add)
	}
	if len(v.report.Problems) == before {
		v.report.Good++
	}
}

// flows looks at the record as the theme database would.
func (v *verifier) flows(add func(connectors.Breach, string)) {
	v.chunk.Reset()
	v.reader.AppendTo(&v.chunk, sampleTime, record.Upsert, "sample")
	e := &v.chunk.Rows[0]
	for i, f := range v.stream.Flows {
		if i >= len(v.batches) {
			return
		}
		for _, x := range f.Plan.Examine(v.batches[i], e) {
			add(connectors.Breach{Field: x.Field, Rule: x.Rule, Zh: x.Zh, En: x.En}, f.Entity.Entity)
		}
	}
}

// sampleTime stands in for the time that Kafka gives a record.
var sampleTime = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func (v *verifier) finish() SampleReport {
	for _, b := range v.batches {
		b.Release()
	}
	var stats connectors.Stats
	v.reader.AddTo(&stats)
	v.report.Dropped, v.report.Unknown = some(stats.DroppedFields), some(stats.UnknownFields)
	return v.report
}

func some(counts map[string]int64) map[string]int64 {
	out := map[string]int64{}
	for k, n := range counts {
		if n > 0 {
			out[k] = n
		}
	}
	return out
}

// ContractFormats are what FeedContract can print.
var ContractFormats = []string{"jsonschema", "avro", "csv", "markdown"}

// FeedContract returns what a department must know to send to a stream.
func FeedContract(o Options, name, format string) (string, error) {
	d, err := o.load()
	if err != nil {
		return "", err
	}
	st, err := d.stream(name)
	if err != nil {
		return "", err
	}
	sample, err := feed.NewSample(st.System, st.Stream)
	if err != nil {
		return "", err
	}
	title := st.System.Name.Zh + " · " + st.Stream.Name + " / " + st.System.Name.En
	switch format {
	case "jsonschema":
		b, err := json.MarshalIndent(sample.Checker().JSONSchema("urn:rongtong:feed:"+name, title), "", "  ")
		return string(b) + "\n", err
	case "avro":
		return sample.AvroSchema()
	case "csv":
		header := sample.Header()
		if header == nil {
			for _, f := range st.Stream.Fields {
				header = append(header, f.Key)
			}
		}
		return strings.Join(header, ",") + "\n", nil
	case "markdown":
		return sample.Markdown(title), nil
	}
	return "", fault.Hint(fault.Config, decl.Suggest(format, ContractFormats), "%q is not a form of a contract", format)
}

// FeedACL returns what the administrator of the broker must run for the feeds of
// a system.
func FeedACL(o Options, name, bootstrap string) (string, error) {
	d, err := o.load()
	if err != nil {
		return "", err
	}
	sys, err := d.system(name)
	if err != nil {
		return "", err
	}
	if kind, _ := connectors.KindOf(sys); kind != "feed" {
		return "", fault.Hint(fault.Config, "a push gateway has keys of its own: see its clients", "system %q is of kind %q: only a feed has topics of its own", name, kind)
	}
	return feed.Administration(sys, bootstrap)
}
