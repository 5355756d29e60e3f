// Package telemetry measures the stages of the pipeline: every piece of work of a
// stage is counted, timed and, when it fails, counted by the class of the fault
// (rate, errors, duration); and when traces are switched on it is also a span.
//
// Traces are off until an OTLP endpoint is configured by OpenTelemetry's own
// environment variables; then nothing but Start has to know. Off, a stage costs
// two reads of the clock. There is one stage for many rows, never one for each.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"rongtong/schemas/fault"
)

// The stages, in the order in which a row passes them. The names are labels of
// metrics and names of spans.
const (
	Pull      = "pull"      // one read of a source until its rows are in Kafka; its parts are the next three
	Read      = "read"      // the connector fetches and decodes a chunk
	Land      = "land"      // identifiers are replaced or dropped before Kafka
	Produce   = "produce"   // the transaction of rows and position
	Load      = "load"      // one block from Kafka into the warehouse; its parts are the next three
	Fetch     = "fetch"     // records of a block are fetched and decoded
	Transform = "transform" // they become columns and rejects
	Insert    = "insert"    // rows, rejects and ledger enter the warehouse
	Fuse      = "fuse"      // the claims of an entity become rows
	Compute   = "compute"   // an indicator
	Job       = "job"       // a run of a job; its steps are the next, and fuse and compute
	Step      = "step"      // a step of a run that is neither
	Notify    = "notify"    // a message to a webhook
)

// Stages are all of them.
var Stages = []string{Pull, Read, Land, Produce, Load, Fetch, Transform, Insert, Fuse, Compute, Job, Step, Notify}

var (
	durations = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "rongtong_stage_duration_seconds", Help: "How long a piece of work of a stage took, in this process.",
		Buckets: prometheus.ExponentialBuckets(0.001, 4, 10), // 1 ms to 4.4 min
	}, []string{"stage"})
	failures = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "rongtong_stage_errors_total", Help: "Pieces of work of a stage that failed, by class of the fault, in this process.",
	}, []string{"stage", "class"})
)

func init() {
	for _, s := range Stages { // a rate of what never happened yet is 0, not nothing
		durations.WithLabelValues(s)
		for _, c := range []fault.Class{fault.Transient, fault.Config, fault.Data, fault.Bug, fault.Unknown} {
			failures.WithLabelValues(s, c.String())
		}
	}
}

// Collectors are the metrics of this process's stages.
func Collectors() []prometheus.Collector { return []prometheus.Collector{durations, failures} }

// provider is where spans go; nil: traces are off.
var provider atomic.Pointer[sdktrace.TracerProvider]

// Enabled reports whether the environment asks for traces.
func Enabled() bool {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	switch os.Getenv("OTEL_TRACES_EXPORTER") {
	case "none":
		return false
	case "otlp":
		return true
	}
	return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// Start switches traces on if the environment asks for them, and returns what
// sends the last spans and switches them off again. Endpoint, headers, timeout,
// compression, sampler and resource are OpenTelemetry's OTEL_* variables; the
// service is "rongtong" unless OTEL_SERVICE_NAME says otherwise.
func Start(ctx context.Context, version string, log *slog.Logger) (stop func(), err error) {
	if !Enabled() {
		return func() {}, nil
	}
	if p := os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") + os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"); p != "" && !strings.Contains(p, "http/protobuf") {
		return nil, fault.Hint(fault.Config, "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf; collectors listen for it on port 4318", "starting traces: the protocol %q is not spoken", p)
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fault.New(fault.Config, "starting traces: %w", err)
	}
	host, _ := os.Hostname()
	described, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "rongtong"), attribute.String("service.version", version),
			attribute.String("service.instance.id", fmt.Sprintf("%s-%d", host, os.Getpid()))),
		resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, fault.New(fault.Config, "starting traces: %w", err)
	}
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(described))
	log.Info("traces are on")
	return Use(p), nil
}

// Use sends spans to a provider until the function that it returns is called.
func Use(p *sdktrace.TracerProvider) (stop func()) {
	provider.Store(p)
	return func() {
		provider.CompareAndSwap(p, nil)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = p.Shutdown(ctx) // who collects is away: there is nobody to tell
	}
}

// Stage is a piece of work under way. It is for one goroutine.
type Stage struct {
	name  string
	began time.Time
	span  trace.Span // nil: traces are off
}

// Begin begins a piece of work of a stage. The context carries its span.
func Begin(ctx context.Context, name string, attrs ...attribute.KeyValue) (context.Context, Stage) {
	return BeginAt(ctx, name, time.Now(), attrs...)
}

// BeginAt is Begin for work that began earlier: only when something came of it is
// it known to be worth a span.
func BeginAt(ctx context.Context, name string, began time.Time, attrs ...attribute.KeyValue) (context.Context, Stage) {
	s := Stage{name: name, began: began}
	if p := provider.Load(); p != nil {
		//nolint:spancheck // Stage.End ends it
		ctx, s.span = p.Tracer("rongtong").Start(ctx, name, trace.WithTimestamp(began), trace.WithAttributes(attrs...), trace.WithSpanKind(kind(name)))
	}
	return ctx, s
}

func kind(name string) trace.SpanKind {
	switch name {
	case Produce:
		return trace.SpanKindProducer
	case Load:
		return trace.SpanKindConsumer
	case Read, Insert, Notify:
		return trace.SpanKindClient
	}
	return trace.SpanKindInternal
}

// End ends the work now, well or with an error.
func (s Stage) End(err error) { s.EndAt(time.Now(), err) }

// EndAt is End for work that ended earlier.
func (s Stage) EndAt(at time.Time, err error) {
	durations.WithLabelValues(s.name).Observe(at.Sub(s.began).Seconds())
	class := ""
	if err != nil && !errors.Is(err, context.Canceled) {
		class = fault.Of(err).String()
		failures.WithLabelValues(s.name, class).Inc()
	}
	if s.span == nil {
		return
	}
	if class != "" { // not the text: a span leaves the house
		s.span.SetStatus(codes.Error, class)
		s.span.SetAttributes(attribute.String("error.type", class))
	}
	s.span.End(trace.WithTimestamp(at))
}

// Did records a piece of work that is over, as a child of the context's span.
func Did(ctx context.Context, name string, began time.Time, took time.Duration, err error, attrs ...attribute.KeyValue) {
	_, s := BeginAt(ctx, name, began, attrs...)
	s.EndAt(began.Add(took), err)
}

// Link says that the work goes back to what other spans did.
func (s Stage) Link(to ...trace.SpanContext) {
	if s.span == nil {
		return
	}
	for _, sc := range to {
		s.span.AddLink(trace.Link{SpanContext: sc})
	}
}

// Parent is the W3C traceparent of the context's span, for the header of a Kafka
// record; empty when the trace is not sampled or traces are off.
func Parent(ctx context.Context) string {
	sc := trace.SpanContextFromContext(ctx)
	if provider.Load() == nil || !sc.IsSampled() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// Parsed is the span that a traceparent names, which is another process's. What
// is none is invalid.
func Parsed(parent string) trace.SpanContext {
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": parent}))
}

// Within makes a span of another process the parent of what comes.
func Within(ctx context.Context, sc trace.SpanContext) context.Context {
	if !sc.IsValid() || provider.Load() == nil {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, sc)
}

// On reports whether traces are on.
func On() bool { return provider.Load() != nil }

// Handler adds trace_id and span_id to the log lines of a context that has a span.
type Handler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h Handler) Handle(ctx context.Context, r slog.Record) error {
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		r.AddAttrs(slog.String("trace_id", sc.TraceID().String()), slog.String("span_id", sc.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h Handler) WithAttrs(a []slog.Attr) slog.Handler { return Handler{h.Handler.WithAttrs(a)} }

// WithGroup implements slog.Handler.
func (h Handler) WithGroup(name string) slog.Handler { return Handler{h.Handler.WithGroup(name)} }

// Logger is a logger whose lines carry the trace of a context, for code that logs
// without one.
func Logger(ctx context.Context, log *slog.Logger) *slog.Logger {
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		return log.With("trace_id", sc.TraceID().String())
	}
	return log
}
