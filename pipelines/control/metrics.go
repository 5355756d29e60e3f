package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"rongtong/pipelines/telemetry"
	"rongtong/pipelines/topics"
	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// Metrics answers Prometheus with how everything stands: what Kafka and the
// warehouse hold, not what this process happens to have done, so one process
// with metrics tells about all, and a restart resets nothing.
type Metrics struct {
	m   *Monitor
	log *slog.Logger
	// Kafka, if set, is the client of the process's own roles: what brokers ask of it
	// because of quotas is told, too.
	Kafka *topics.Client

	mu   sync.Mutex
	read time.Time // when seen was read
	seen snapshot
	err  error
}

// snapshot is what one round of questions found.
type snapshot struct {
	glance  *Glance
	rejects []labelled
	loaded  []labelled
	things  []labelled
	fused   []labelled
	dispute []labelled
	issues  []labelled
	runs    []labelled
	late    []labelled
}

// labelled is a number with the values of its labels.
type labelled struct {
	value  float64
	labels []string
}

// settled is how long a snapshot serves: several scrapers ask one time.
const settled = 5 * time.Second

var (
	stream      = []string{"tier", "system", "stream"}
	upDesc      = prometheus.NewDesc("rongtong_up", "1 when Kafka and the warehouse answered.", nil, nil)
	delivered   = prometheus.NewDesc("rongtong_delivered_records_total", "Records that connectors delivered into Kafka.", stream, nil)
	droppedDesc = prometheus.NewDesc("rongtong_dropped_values_total", "Values of fields that must not leave a source, dropped at the connector.", stream, nil)
	lostDesc    = prometheus.NewDesc("rongtong_lost_characters_total", "Characters of delivered fields that could not be decoded.", stream, nil)
	behindDesc  = prometheus.NewDesc("rongtong_change_log_bytes_behind", "Of a source's change log: bytes that were not acknowledged yet when the last transaction began.", stream, nil)
	waitDesc    = prometheus.NewDesc("rongtong_lag_seconds", "How long the oldest record that is not loaded yet has waited in Kafka.", stream, nil)
	unheldDesc  = prometheus.NewDesc("rongtong_partitions_unheld", "Partitions that no loader owns.", stream, nil)
	stopDesc    = prometheus.NewDesc("rongtong_stream_stopped", "1 when a quality rule has stopped the loading of a stream, or its topic cannot be read.", stream, nil)
	infoDesc    = prometheus.NewDesc("rongtong_system_info", "1 for every source system, with the department that answers for it.", []string{"system", "tier", "department"}, nil)
	fusedDesc   = prometheus.NewDesc("rongtong_entity_fused_timestamp_seconds", "When the rows of an entity were last fused.", []string{"entity"}, nil)
	withinDesc  = prometheus.NewDesc("rongtong_entity_fresh_within_seconds", "How old the newest rows of an entity may be, as declared.", []string{"entity"}, nil)
	issueDesc   = prometheus.NewDesc("rongtong_quality_issues", "Open quality issues, by rule and the department that answers.", []string{"rule", "department"}, nil)
	booksDesc   = prometheus.NewDesc("rongtong_books_rows", "The books of a tier: received = accepted + quarantined + duplicate.", []string{"tier", "outcome"}, nil)
	redDesc     = prometheus.NewDesc("rongtong_books_unbalanced", "Streams of a tier whose books do not balance.", []string{"tier"}, nil)
	condDesc    = prometheus.NewDesc("rongtong_conditions", "What is not as it should be now, by kind and severity.", []string{"kind", "severity"}, nil)
	memberDesc  = prometheus.NewDesc("rongtong_role_members", "Live processes of a role.", []string{"role"}, nil)
	askedDesc   = prometheus.NewDesc("rongtong_kafka_throttled_seconds_total", "For how long brokers asked this process to be silent, because of quotas.", nil, nil)
	cutDesc     = prometheus.NewDesc("rongtong_kafka_throttle_cut_total", "How often a broker asked for a longer silence than any quota needs, and was asked again sooner.", nil, nil)
	runsDesc    = prometheus.NewDesc("rongtong_job_runs_total", "Runs of a job that ended, by state.", []string{"job_name", "state"}, nil)
	lagDesc     = prometheus.NewDesc("rongtong_lag_records", "Offsets in Kafka that are not loaded yet.", stream, nil)
	rowsDesc    = prometheus.NewDesc("rongtong_rows_total", "Rows that reached the transforms, by outcome.", append(stream[:3:3], "outcome"), nil)
	rejectDesc  = prometheus.NewDesc("rongtong_quarantined_rows", "Rows in quarantine, by rule.", append(stream[:3:3], "rule"), nil)
	loadedDesc  = prometheus.NewDesc("rongtong_entity_loaded_timestamp_seconds", "When rows of an entity last came in from a tier.", []string{"entity", "tier"}, nil)
	thingsDesc  = prometheus.NewDesc("rongtong_entity_things", "Fused rows of an entity.", []string{"entity"}, nil)
	disputeDesc = prometheus.NewDesc("rongtong_conflicts", "Fields over which sources disagree beyond the tolerance, by the department that answers.", []string{"department", "entity", "field"}, nil)
	lateDesc    = prometheus.NewDesc("rongtong_late", "Jobs and systems that were due within the last week and are not done yet (late), or were done too late (met late).", []string{"kind", "name", "state"}, nil)
	// "job" is Prometheus's own label: it would rename ours.
	runDesc  = prometheus.NewDesc("rongtong_job_last_run_timestamp_seconds", "When the latest run of a job began, by its state.", []string{"job_name", "state"}, nil)
	tookDesc = prometheus.NewDesc("rongtong_job_last_run_duration_seconds", "How long the latest finished run of a job took.", []string{"job_name"}, nil)
)

// NewMetrics makes metrics over a monitor, which stays the caller's.
func NewMetrics(m *Monitor, log *slog.Logger) *Metrics { return &Metrics{m: m, log: log} }

// Describe implements prometheus.Collector.
func (x *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{upDesc, delivered, droppedDesc, lostDesc, behindDesc, lagDesc, rowsDesc, rejectDesc, loadedDesc, thingsDesc, disputeDesc, lateDesc, runDesc, tookDesc,
		waitDesc, unheldDesc, stopDesc, infoDesc, fusedDesc, withinDesc, issueDesc, booksDesc, redDesc, condDesc, memberDesc, runsDesc, askedDesc, cutDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. Where an engine does not answer,
// rongtong_up is 0 and there is nothing else: old figures would hide it.
func (x *Metrics) Collect(ch chan<- prometheus.Metric) {
	if x.Kafka != nil {
		q := x.Kafka.Throttled()
		ch <- prometheus.MustNewConstMetric(askedDesc, prometheus.CounterValue, q.Asked.Seconds())
		ch <- prometheus.MustNewConstMetric(cutDesc, prometheus.CounterValue, float64(q.Cut))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	s, err := x.snapshot(ctx)
	if err != nil {
		x.log.Warn("collecting metrics", "error", err)
		ch <- prometheus.MustNewConstMetric(upDesc, prometheus.GaugeValue, 0)
		return
	}
	ch <- prometheus.MustNewConstMetric(upDesc, prometheus.GaugeValue, 1)
	for _, st := range s.glance.Streams {
		of := []string{st.Tier, st.System, st.Stream}
		counter := func(d *prometheus.Desc, n int64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), append(of[:3:3], labels...)...)
		}
		counter(delivered, st.Records)
		counter(droppedDesc, st.Dropped)
		counter(lostDesc, st.Lost)
		counter(rowsDesc, st.Accepted, "accepted")
		counter(rowsDesc, st.Rejected, "rejected")
		ch <- prometheus.MustNewConstMetric(lagDesc, prometheus.GaugeValue, float64(st.Lag), of...)
		ch <- prometheus.MustNewConstMetric(behindDesc, prometheus.GaugeValue, float64(st.Behind), of...)
		ch <- prometheus.MustNewConstMetric(waitDesc, prometheus.GaugeValue, st.Wait, of...)
		ch <- prometheus.MustNewConstMetric(unheldDesc, prometheus.GaugeValue, float64(st.Unheld), of...)
		ch <- prometheus.MustNewConstMetric(stopDesc, prometheus.GaugeValue, oneIf(st.Stopped != "" || st.Absent != ""), of...)
	}
	for d, list := range map[*prometheus.Desc][]labelled{rejectDesc: s.rejects, loadedDesc: s.loaded, thingsDesc: s.things, fusedDesc: s.fused, disputeDesc: s.dispute, issueDesc: s.issues, lateDesc: s.late} {
		for _, l := range list {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, l.value, l.labels...)
		}
	}
	for _, l := range s.runs {
		ch <- prometheus.MustNewConstMetric(runsDesc, prometheus.CounterValue, l.value, l.labels...)
	}
	x.collectDeclared(ch)
	collectBooks(ch, s.glance.books)
	collectConditions(ch, s.glance)
	begun, ended := map[string]bool{}, map[string]bool{}
	for _, r := range s.glance.Runs { // what runs now, then the latest that ended
		if !begun[r.Job] {
			begun[r.Job] = true
			ch <- prometheus.MustNewConstMetric(runDesc, prometheus.GaugeValue, float64(r.Started.Unix()), r.Job, r.State)
		}
		if !r.Finished.IsZero() && !ended[r.Job] {
			ended[r.Job] = true
			ch <- prometheus.MustNewConstMetric(tookDesc, prometheus.GaugeValue, r.Finished.Sub(r.Started).Seconds(), r.Job)
		}
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// collectDeclared tells what the declarations say, for joining.
func (x *Metrics) collectDeclared(ch chan<- prometheus.Metric) {
	for _, s := range x.m.d().Catalog.Systems {
		ch <- prometheus.MustNewConstMetric(infoDesc, prometheus.GaugeValue, 1, s.System, s.Tier, s.Department)
	}
	for _, e := range x.m.d().Catalog.Entities {
		if p, ok := schemas.ParsePeriod(e.FreshWithin); ok {
			ch <- prometheus.MustNewConstMetric(withinDesc, prometheus.GaugeValue, float64(p.Days())*86400, e.Entity)
		}
	}
}

func collectBooks(ch chan<- prometheus.Metric, b Books) {
	for _, t := range b.Tiers {
		for outcome, n := range map[string]int64{"received": t.Received, "accepted": t.Accepted, "quarantined": t.Quarantined, "duplicate": t.Duplicates} {
			ch <- prometheus.MustNewConstMetric(booksDesc, prometheus.GaugeValue, float64(n), t.Tier, outcome)
		}
		ch <- prometheus.MustNewConstMetric(redDesc, prometheus.GaugeValue, float64(t.Unbalanced), t.Tier)
	}
}

func collectConditions(ch chan<- prometheus.Metric, g *Glance) {
	count := map[[2]string]float64{}
	for _, k := range ConditionKinds { // nothing wrong is 0, not silence
		count[[2]string{k.Kind, string(k.Severity)}] = 0
	}
	for _, c := range g.Conditions {
		count[[2]string{c.Kind, string(c.Severity)}]++
	}
	for k, n := range count {
		ch <- prometheus.MustNewConstMetric(condDesc, prometheus.GaugeValue, n, k[0], k[1])
	}
	for _, role := range Roles {
		ch <- prometheus.MustNewConstMetric(memberDesc, prometheus.GaugeValue, float64(g.Members[role]), role)
	}
}

// seriesMost bounds how many series a metric may have whose labels come from what
// was found rather than from the declarations: the largest are kept.
const seriesMost = 1000

// isEntity picks the fused entities in ops.fuse, which notes the states of what is
// derived from them as well.
const isEntity = "entity IN (SELECT name FROM system.tables WHERE database = 'std')"

// snapshot asks everyone, at most once in a while.
func (x *Metrics) snapshot(ctx context.Context) (snapshot, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if time.Since(x.read) < settled {
		return x.seen, x.err
	}
	x.seen, x.err = x.ask(ctx)
	x.read = time.Now()
	return x.seen, x.err
}

func (x *Metrics) ask(ctx context.Context) (s snapshot, err error) {
	if s.glance, err = x.m.Glance(ctx); err != nil {
		return s, err
	}
	for _, q := range []struct {
		into *[]labelled
		sql  string
	}{
		{&s.rejects, "SELECT toFloat64(count()), [toString(tier), toString(system), toString(stream), toString(rule)] FROM ops.reject FINAL WHERE NOT replayed GROUP BY tier, system, stream, rule"},
		{&s.loaded, "SELECT toFloat64(max(toUnixTimestamp(loaded_at))), [toString(entity), toString(tier)] FROM ops.load GROUP BY entity, tier"},
		{&s.fused, "SELECT toFloat64(toUnixTimestamp(fused_at)), [entity] FROM ops.fuse FINAL WHERE things > 0 AND " + isEntity},
		{&s.issues, "SELECT toFloat64(count()), [toString(rule), toString(department)] FROM ops.quality_issue FINAL WHERE is_deleted = 0 GROUP BY rule, department"},
		{&s.runs, "SELECT toFloat64(count()), [toString(job), toString(state)] FROM ops.run FINAL WHERE finished_at > started_at GROUP BY job, state"},
		{&s.things, "SELECT toFloat64(things), [entity] FROM ops.fuse FINAL WHERE things > 0 AND " + isEntity},
		{&s.dispute, "SELECT toFloat64(count()), [toString(department), toString(entity), toString(field)] FROM ops.conflict FINAL WHERE is_deleted = 0 GROUP BY department, entity, field"},
		{&s.late, "SELECT toFloat64(count()), [toString(kind), toString(name), toString(state)] FROM ops.sla FINAL WHERE due_at > now() - toIntervalDay(7) GROUP BY kind, name, state"},
	} {
		rows, err := x.m.w.Query(ctx, fmt.Sprintf("%s ORDER BY 1 DESC LIMIT %d", q.sql, seriesMost))
		if err != nil {
			return s, err
		}
		for rows.Next() {
			var l labelled
			if err := rows.Scan(&l.value, &l.labels); err != nil {
				rows.Close()
				return s, fault.New(fault.Bug, "reading figures for the metrics: %w", err)
			}
			*q.into = append(*q.into, l)
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return s, err
		}
	}
	return s, nil
}

// Listen serves /metrics, /healthz (the process lives) and /readyz (Kafka and
// the warehouse answer) at an address until ctx ends.
func (x *Metrics) Listen(ctx context.Context, address string) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(telemetry.Collectors()...)
	registry.MustRegister(x, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if _, err := x.snapshot(r.Context()); err != nil {
			http.Error(w, "not ready: Kafka or the warehouse does not answer; the log says more", http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte("ready\n"))
	})
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return fault.Hint(fault.Config, "give another --listen address", "listening for metrics at %q: %w", address, err)
	}
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { srv.Close() })()
	x.log.Info("metrics", "address", ln.Addr().String())
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return ctx.Err()
}
