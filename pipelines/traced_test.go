package pipelines

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/schedule"
	"rongtong/pipelines/telemetry"
	"rongtong/pipelines/topics"
)

// collected is an OTLP receiver over HTTP: what OpenTelemetry's collector is.
type collected struct {
	mu    sync.Mutex
	spans []*tracepb.Span
}

func (c *collected) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = z
	}
	b, err := io.ReadAll(body)
	var req collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(b, &req)
	}
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, "not an export of traces", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rs := range req.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			c.spans = append(c.spans, ss.Spans...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	answer, _ := proto.Marshal(&collector.ExportTraceServiceResponse{})
	w.Write(answer)
}

func (c *collected) named(name string) (out []*tracepb.Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if s.Name == name {
			out = append(out, s)
		}
	}
	return out
}

// One trace goes from the source through Kafka into the warehouse, and a run that
// fuses is linked to the loads that it goes back to.
func TestTraceCrossesKafka(t *testing.T) {
	ctx := t.Context()
	receiver := &collected{}
	srv := httptest.NewServer(receiver)
	defer srv.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", srv.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
	stop, err := telemetry.Start(ctx, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(stop)
	defer stop()
	catalog, streams, err := counterStreams("traced")
	if err != nil {
		t.Fatal(err)
	}
	k, w := onEngines(t, embeddedtest.Broker(t), embeddedtest.Warehouse(t), catalog, append(Topics(streams), ControlTopics()...))
	var lines bytes.Buffer
	log := slog.New(telemetry.Handler{Handler: slog.NewJSONHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug})})
	work, halt := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = (&Ingest{Kafka: k, Kinds: kinds(), Log: log}).Run(work, streams) })
	wg.Go(func() {
		_ = (&Loader{Kafka: k, Warehouse: w, Log: slog.New(slog.DiscardHandler), Session: time.Second}).Run(work, streams)
	})
	until(t, func() bool {
		n, err := Delivered(ctx, k, streams[0])
		var loaded uint64
		if err == nil {
			err = w.QueryRow(ctx, "SELECT toUInt64(sum(received)) FROM ops.load FINAL WHERE topic = ?", []any{&loaded}, streams[0].Topic)
		}
		return err == nil && n.Records == int64(records+(records+twice-1)/twice) && int64(loaded) >= n.Records
	})
	halt()
	wg.Wait()
	jobs := &Jobs{Kafka: k, Warehouse: w, Catalog: catalog, Streams: streams, Log: slog.New(slog.DiscardHandler)}
	slot := schedule.Started{Job: "integrate", Open: schedule.Open{ID: NewRunID("integrate"), Attempt: 1, Cause: "request"}}
	if _, err := jobs.run(ctx, slot, "integrate", 0, true); err != nil {
		t.Fatal(err)
	}
	stop()

	loads, pulls := receiver.named(telemetry.Load), receiver.named(telemetry.Pull)
	if len(loads) == 0 || len(pulls) == 0 {
		t.Fatalf("%d loads and %d pulls were traced", len(loads), len(pulls))
	}
	spans := map[string]*tracepb.Span{}
	for _, s := range receiver.spans {
		spans[hex.EncodeToString(s.SpanId)] = s
	}
	for _, l := range loads {
		parent := spans[hex.EncodeToString(l.ParentSpanId)]
		if parent == nil || parent.Name != telemetry.Produce || !bytes.Equal(parent.TraceId, l.TraceId) {
			t.Errorf("a load does not go back to the transaction of its first record: %v", parent)
			continue
		}
		if root := spans[hex.EncodeToString(parent.ParentSpanId)]; root == nil || root.Name != telemetry.Pull {
			t.Errorf("a transaction does not go back to a pull: %v", root)
		}
		var parts []string
		for _, s := range receiver.spans {
			if bytes.Equal(s.ParentSpanId, l.SpanId) {
				parts = append(parts, s.Name)
			}
		}
		if slices.Sort(parts); !slices.Equal(parts, []string{telemetry.Fetch, telemetry.Insert, telemetry.Transform}) {
			t.Errorf("the parts of a load are %q", parts)
		}
	}
	runs := receiver.named(telemetry.Job)
	if len(runs) != 1 || len(runs[0].Links) == 0 || spans[hex.EncodeToString(runs[0].Links[0].SpanId)].GetName() != telemetry.Load {
		t.Errorf("the run is not linked to loads: %v", runs)
	}
	if fused := receiver.named(telemetry.Fuse); len(fused) == 0 || !bytes.Equal(fused[0].ParentSpanId, runs[0].SpanId) {
		t.Errorf("fusing is not part of the run: %v", fused)
	}
	if !bytes.Contains(lines.Bytes(), []byte(`"trace_id":"`+hex.EncodeToString(pulls[0].TraceId)+`"`)) {
		t.Error("no line of the log carries the trace")
	}
}

// A transaction carries one traceparent for each partition, not one for each row,
// and none when traces are off.
func TestTraceIsOnePerTransaction(t *testing.T) {
	if telemetry.Parent(t.Context()) != "" {
		t.Error("there is a traceparent although traces are off")
	}
	ctx := t.Context()
	_, streams, err := counterStreams("untraced")
	if err != nil {
		t.Fatal(err)
	}
	k, err := topics.Dial(ctx, []string{embeddedtest.Broker(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if err := k.Ensure(ctx, Topics(streams)); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(&collected{})
	defer srv.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", srv.URL+"/v1/traces")
	t.Setenv("OTEL_TRACES_SAMPLER", "traceidratio")
	t.Setenv("OTEL_TRACES_SAMPLER_ARG", "0")
	count := func() (traced, all int) {
		ends, err := k.Ends(ctx, streams[0].Topic)
		if err != nil {
			t.Fatal(err)
		}
		for p, b := range ends[streams[0].Topic] {
			err := k.Fetcher(streams[0].Topic, int32(p), b.First, topics.FetchOptions{ReadCommitted: true}).Span(ctx, b.First, b.Last, func(r *topics.FetchedRecord) error {
				all++
				if len(r.Trace) > 0 {
					traced++
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		return traced, all
	}
	stop, err := telemetry.Start(ctx, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	work, halt := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = (&Ingest{Kafka: k, Kinds: kinds(), Log: slog.New(slog.DiscardHandler)}).Run(work, streams)
	}()
	until(t, func() bool {
		n, err := Delivered(ctx, k, streams[0])
		return err == nil && n.Records > 1000
	})
	halt()
	<-done
	if traced, all := count(); traced != 0 || all < 1000 {
		t.Errorf("%d of %d records carry a trace that is not sampled", traced, all)
	}
}
