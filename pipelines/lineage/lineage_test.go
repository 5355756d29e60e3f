package lineage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rongtong/pipelines/systems"
	"rongtong/schemas"
)

func shipped(t *testing.T) *schemas.Catalog {
	t.Helper()
	c, problems := schemas.Load(schemas.FS, systems.FS)
	if len(problems) > 0 {
		t.Fatal(problems[0])
	}
	return c
}

// official holds the schemas of OpenLineage: of run events, and of facets by name.
type official struct {
	event  *jsonschema.Schema
	facets map[string]*jsonschema.Schema // by _schemaURL
}

func schemasOf(t *testing.T) *official {
	t.Helper()
	files, err := filepath.Glob("testdata/spec/*.json")
	if err != nil || len(files) < 8 {
		t.Fatalf("the schemas of OpenLineage are not there: %v, %v", files, err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	var ids []string
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		id := doc.(map[string]any)["$id"].(string)
		if err := c.AddResource(id, doc); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	o := &official{facets: map[string]*jsonschema.Schema{}}
	for _, id := range ids {
		name := strings.TrimSuffix(filepath.Base(id), ".json")
		at := id + "#/$defs/" + name
		if name == "OpenLineage" {
			at = id + "#/$defs/RunEvent"
		}
		s, err := c.Compile(at)
		if err != nil {
			t.Fatal(err)
		}
		if name == "OpenLineage" {
			o.event = s
		} else {
			o.facets[at] = s
		}
	}
	return o
}

// check validates an event and every facet in it.
func (o *official) check(e any) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	if err := o.event.Validate(doc); err != nil {
		return err
	}
	var walk func(x any) error
	walk = func(x any) error {
		switch x := x.(type) {
		case map[string]any:
			if at, ok := x["_schemaURL"].(string); ok {
				s := o.facets[at]
				if s == nil {
					return errors.New("there is no schema " + at)
				}
				if err := s.Validate(x); err != nil {
					return err
				}
			}
			for _, v := range x {
				if err := walk(v); err != nil {
					return err
				}
			}
		case []any:
			for _, v := range x {
				if err := walk(v); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return walk(doc)
}

func eventsOf(c *schemas.Catalog) (*Events, []Event) {
	v := &Events{Graph: Build(c, nil), Catalog: c, Kafka: "127.0.0.1:9092", Warehouse: "127.0.0.1:8123"}
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	var out []Event
	for _, s := range c.Systems {
		for _, st := range s.Streams {
			out = append(out, v.Pull(Pull{System: s.System, Stream: st.Key, Records: 7, Total: 70, From: at, To: at.Add(time.Minute)})...)
		}
		for _, f := range s.Flows {
			out = append(out, v.Load(Load{System: s.System, Stream: f.Stream, Entity: f.Entity, Received: 7, Accepted: 6, Rejected: 1, First: at, Last: at, Minute: at})...)
		}
	}
	for i, e := range c.Entities {
		out = append(out, v.Step(Step{RunID: "integrate-1", Job: "integrate", Step: "fuse/" + e.Entity, Started: at, Finished: at, OK: i%2 == 0, Rows: 5, Class: "transient"})...)
	}
	for _, x := range c.Indicators {
		out = append(out, v.Step(Step{RunID: "integrate-1", Job: "integrate", Step: "compute/" + x.Indicator, Started: at, Finished: at, OK: true})...)
	}
	return v, out
}

// Every event of every declared stream, flow, entity and indicator is valid by
// OpenLineage's own schemas, facets included.
func TestEventsAreValid(t *testing.T) {
	c, o := shipped(t), schemasOf(t)
	_, events := eventsOf(c)
	want := 0
	for _, s := range c.Systems {
		want += 2*len(s.Streams) + 2*len(s.Flows)
	}
	if want += 2*len(c.Entities) + 2*len(c.Indicators); len(events) != want {
		t.Errorf("%d events, want %d: a start and an end of each", len(events), want)
	}
	columns := 0
	for _, e := range events {
		if err := o.check(e); err != nil {
			t.Fatalf("%s of %s: %v", e.Type, e.Job.Name, err)
		}
		for _, d := range e.Outputs {
			columns += len(d.Facets["columnLineage"].(map[string]any)["fields"].(map[string]any))
		}
	}
	if columns < 1000 {
		t.Errorf("the events tell of %d columns what they are made of", columns)
	}
	// The check itself: what is broken is refused.
	for what, spoil := range map[string]func(map[string]any){
		"no run":          func(m map[string]any) { delete(m, "run") },
		"a run ID":        func(m map[string]any) { m["run"].(map[string]any)["runId"] = "7" },
		"an unknown type": func(m map[string]any) { m["eventType"] = "DONE" },
		"a facet's rows": func(m map[string]any) {
			m["outputs"].([]any)[0].(map[string]any)["outputFacets"].(map[string]any)["outputStatistics"].(map[string]any)["rowCount"] = "seven"
		},
		"a column's input": func(m map[string]any) {
			m["outputs"].([]any)[0].(map[string]any)["facets"].(map[string]any)["columnLineage"].(map[string]any)["fields"] = map[string]any{"a": map[string]any{"inputFields": []any{map[string]any{"name": "x"}}}}
		},
	} {
		text, _ := json.Marshal(events[1])
		var m map[string]any
		_ = json.Unmarshal(text, &m)
		spoil(m)
		if o.check(m) == nil {
			t.Errorf("an event with %s wrong is taken for valid", what)
		}
	}
}

// An end names inputs, output, rows and what columns are made of; a failure
// says its class and where to look, and nothing of what went wrong.
func TestEvents(t *testing.T) {
	c := shipped(t)
	v, _ := eventsOf(c)
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	e := v.Load(Load{System: "county_ledger", Stream: "facility", Entity: "facility", Accepted: 6, First: at, Last: at, Minute: at})[1]
	if e.Type != "COMPLETE" || e.Inputs[0].Namespace != "kafka://127.0.0.1:9092" || e.Inputs[0].Name != "in.county_ledger.facility" ||
		e.Outputs[0].Namespace != "clickhouse://127.0.0.1:8123" || e.Outputs[0].Name != "std.facility" || e.Outputs[0].OutputFacets["outputStatistics"].(map[string]any)["rowCount"] != int64(6) {
		t.Errorf("the event is %+v", e)
	}
	text, _ := json.Marshal(e.Outputs[0].Facets["columnLineage"].(map[string]any)["fields"].(map[string]any)["area_m2"])
	if s := string(text); !strings.Contains(s, `"field":"面积"`) || !strings.Contains(s, `"field":"面积单位"`) || !strings.Contains(s, "TRANSFORMATION") {
		t.Errorf("area_m2 is made of %s", s)
	}
	again := v.Load(Load{System: "county_ledger", Stream: "facility", Entity: "facility", Accepted: 6, First: at, Last: at, Minute: at})[1]
	if again.Run.ID != e.Run.ID {
		t.Error("the same load has two run IDs")
	}
	f := v.Step(Step{RunID: "integrate-1", Job: "integrate", Step: "fuse/facility", Started: at, Finished: at, Class: "transient"})[1]
	text, _ = json.Marshal(f.Run.Facets)
	if f.Type != "FAIL" || !strings.Contains(string(text), "rongtong runs show integrate-1") || !strings.Contains(string(text), `"parent"`) {
		t.Errorf("the failure is %s", text)
	}
	if v.Step(Step{Step: "check/facility/rule"}) != nil {
		t.Error("a step that makes no dataset has events")
	}
}

func TestWalk(t *testing.T) {
	c := shipped(t)
	g := Build(c, []View{{Name: "ads.v", SQL: "SELECT sum(area_m2) FROM dwd.facility_under(under = {under:String})", Columns: []Column{{Name: "area"}}}})
	datasets := func(edges []Edge, up bool) string {
		var out []string
		for _, e := range edges {
			if d := e.To.Dataset; up {
				out = once(out, e.From.Dataset)
			} else {
				out = once(out, d)
			}
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	if got := datasets(g.Walk("in.township_ledger.facility", "场所 建筑面积（平方米）", false), false); got != "I-13-10 I-13-11 I-13-12 I-13-13 I-13-14 I-13-15 ads.v dwd.facility std.facility" {
		t.Errorf("the area of a township's workbook goes into %s", got)
	}
	if got := datasets(g.Walk("I-07-15", "", true), true); !strings.Contains(got, "source:province_gateway.smart_community") || strings.Contains(got, "facility") {
		t.Errorf("I-07-15 is made of %s", got)
	}
	for _, x := range []struct{ name, want string }{{"facility", "dwd.facility"}, {"facility.area_m2", "dwd.facility area_m2"}, {"std.facility.area_m2", "std.facility area_m2"},
		{"I-07-15", "I-07-15"}, {"county_ledger.facility.面积", "source:county_ledger.facility 面积"}, {"v", "ads.v"}} {
		d, col, err := g.Find(x.name)
		if got := strings.TrimSpace(d + " " + col); err != nil || got != x.want {
			t.Errorf("%q is found as %q (%v), want %q", x.name, got, err, x.want)
		}
	}
	for _, bad := range []string{"facility.nothing", "nothing", "nothing.at.all"} {
		if _, _, err := g.Find(bad); err == nil {
			t.Errorf("%q is found", bad)
		}
	}
}

// memory are records of one load, and how far the sink is.
type memory struct {
	upto  time.Time
	saved int
	loads []Load
}

func (m *memory) Position(context.Context, string) (time.Time, map[string]int64, error) {
	return m.upto, nil, nil
}

func (m *memory) Save(_ context.Context, _ string, to time.Time, _ map[string]int64) error {
	m.upto, m.saved = to, m.saved+1
	return nil
}

func (m *memory) Loads(_ context.Context, from, to time.Time) (out []Load, err error) {
	for _, l := range m.loads {
		if !l.Minute.Before(from) && l.Minute.Before(to) {
			out = append(out, l)
		}
	}
	return out, nil
}
func (m *memory) Steps(context.Context, time.Time, time.Time) ([]Step, error) { return nil, nil }
func (m *memory) Delivered(context.Context) (map[string]int64, error) {
	return map[string]int64{"county_ledger.facility": 12}, nil
}

// A backend that is away, throttles or does not know us keeps nothing from
// being sent later, once each by its ID; an event that it refuses does not stop
// the others.
func TestFollow(t *testing.T) {
	c := shipped(t)
	v, _ := eventsOf(c)
	status := http.StatusServiceUnavailable
	got := map[string]int{}
	var key string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key = r.Header.Get("Authorization")
		body, _ := io.ReadAll(r.Body)
		var e Event
		_ = json.Unmarshal(body, &e)
		if status >= 300 {
			w.WriteHeader(status)
			_, _ = w.Write(body)
			return
		}
		got[e.Run.ID.String()+e.Type]++
	}))
	defer srv.Close()
	sink, err := OpenSink(strings.Replace(srv.URL, "://", "://:secret@", 1) + "/api/v1/lineage")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(sink.Name(), "secret") {
		t.Errorf("the name %q tells the key", sink.Name())
	}
	var log bytes.Buffer
	now := time.Date(2026, 11, 26, 12, 0, 30, 0, time.UTC)
	m := &memory{loads: []Load{{System: "county_ledger", Stream: "facility", Entity: "facility", Accepted: 6, First: now, Last: now, Minute: now.Add(-3 * time.Hour).Truncate(time.Minute)}}}
	f := &Follower{Sink: sink, Log: slog.New(slog.NewTextHandler(&log, nil))}
	f.Switch(v, m)
	all := func() (err error) {
		for more := true; more && err == nil; {
			more, err = f.Once(t.Context(), now)
		}
		return err
	}
	for _, status = range []int{http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusUnauthorized} {
		if err := all(); err == nil || strings.Contains(err.Error(), "county_ledger") {
			t.Fatalf("with answer %d the error is %v", status, err)
		}
	}
	before := m.upto
	if !m.upto.Before(m.loads[0].Minute.Add(time.Minute)) {
		t.Fatal("a load that nobody took is marked as sent")
	}
	status = http.StatusOK
	if err := all(); err != nil || key != "Bearer secret" {
		t.Fatalf("%v, with the key %q", err, key)
	}
	if len(got) != 4 || !m.upto.Equal(now.Truncate(time.Minute)) { // a load and a pull, a start and an end of each
		t.Errorf("got %v, up to %v", got, m.upto)
	}
	if err := all(); err != nil || len(got) != 4 {
		t.Errorf("%v; asked again, it has %v", err, got)
	}
	m.upto, status = before, http.StatusBadRequest
	if err := all(); err != nil || !strings.Contains(log.String(), "refused=") || strings.Contains(log.String(), "runId") {
		t.Errorf("%v; the log says %s", err, log.String())
	}
	m.upto = now.Add(-30 * 24 * time.Hour)
	if err := all(); err != nil || !strings.Contains(log.String(), "left out") {
		t.Errorf("%v; of a month ago the log says %s", err, log.String())
	}
}

func TestFileSink(t *testing.T) {
	c := shipped(t)
	_, events := eventsOf(c)
	path := filepath.Join(t.TempDir(), "lineage.jsonl")
	sink, err := OpenSink("file:" + path)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := sink.Send(t.Context(), events[:3]); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil || bytes.Count(data, []byte("\n")) != 6 {
		t.Errorf("%v: %d lines", err, bytes.Count(data, []byte("\n")))
	}
	if err := os.Truncate(path, fileLimit); err != nil {
		t.Fatal(err)
	}
	if _, err := sink.Send(t.Context(), events[:1]); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 1<<20 {
		t.Errorf("the file is not turned over: %v, %v", info.Size(), err)
	}
	for _, bad := range []string{"", "ftp://a/b", "http:///x", "file:"} {
		if _, err := OpenSink(bad); err == nil {
			t.Errorf("%q is taken for a sink", bad)
		}
	}
}
