package control

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/telemetry"
)

// The endpoint tells how everything stands, and says so when an engine is away.
func TestMetrics(t *testing.T) {
	o := Options{Kafka: embeddedtest.Broker(t), Warehouse: embeddedtest.Warehouse(t), Log: slog.New(slog.DiscardHandler)}
	if _, err := Migrate(t.Context(), o, false); err != nil {
		t.Fatal(err)
	}
	if err := Topics(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	m, err := NewMonitor(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	err = m.w.Exec(t.Context(), "INSERT INTO ops.reject (tier, system, stream, rule, topic, offset) VALUES ('X', 'county_ledger', 'facility', 'uscc.check_digit', 'in.test.metrics', 7)")
	if err != nil {
		t.Fatal(err)
	}
	addresses := make(chan string, 1)
	x := NewMetrics(m, slog.New(addressLog{slog.DiscardHandler, addresses}))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- x.Listen(ctx, "127.0.0.1:0") }()
	at := "http://" + <-addresses
	get := func(path string) (int, string) {
		t.Helper()
		r, err := http.Get(at + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(b)
	}
	if code, body := get("/healthz"); code != 200 || body != "ok\n" {
		t.Errorf("/healthz: %d %q", code, body)
	}
	if code, body := get("/readyz"); code != 200 || body != "ready\n" {
		t.Errorf("/readyz: %d %q", code, body)
	}
	code, body := get("/metrics")
	for _, want := range []string{
		"rongtong_up 1\n",
		`rongtong_lag_records{stream="facility",system="county_ledger",tier="X"} 0`,
		`rongtong_rows_total{outcome="accepted",stream="facility",system="county_ledger",tier="X"} 0`,
		`rongtong_quarantined_rows{rule="uscc.check_digit",stream="facility",system="county_ledger",tier="X"} 1`,
		"go_goroutines ",
		`rongtong_lag_seconds{stream="facility",system="county_ledger",tier="X"} 0`,
		`rongtong_stage_duration_seconds_count{stage="insert"} `,
		`rongtong_stage_errors_total{class="transient",stage="pull"} 0`,
		`rongtong_conditions{kind="role.missing",severity="critical"} 3`,
		`rongtong_role_members{role="load"} 0`,
		`rongtong_entity_fresh_within_seconds{entity="`,
		`rongtong_system_info{department="`,
	} {
		if code != 200 || !strings.Contains(body, want) {
			t.Errorf("/metrics: %d, it lacks %s", code, want)
		}
	}
	// However many rules are broken, there are so many series and no more.
	for _, sql := range []string{"INSERT INTO ops.reject (tier, system, stream, rule, topic, offset) SELECT 'X', 'many', 'many', concat('rule', toString(number)), 'in.test.many', number FROM numbers(3000)"} {
		if err := m.w.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	x.read = time.Time{}
	if _, body := get("/metrics"); strings.Count(body, "\nrongtong_quarantined_rows{") != seriesMost {
		t.Errorf("%d series of refused rows, want %d", strings.Count(body, "\nrongtong_quarantined_rows{"), seriesMost)
	}
	if err := m.w.Exec(t.Context(), "DELETE FROM ops.reject WHERE topic = 'in.test.many'"); err != nil {
		t.Fatal(err)
	}
	m.Close() // as if the engines were gone
	x.read = time.Time{}
	if _, body := get("/metrics"); !strings.Contains(body, "rongtong_up 0\n") || strings.Contains(body, "rongtong_lag_records") {
		t.Error("without engines the metrics do not say so, or show old figures")
	}
	if code, _ := get("/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("/readyz without engines: %d", code)
	}
	stop()
	<-done
}

// addressLog hands on the address that the endpoint logs.
type addressLog struct {
	slog.Handler
	to chan<- string
}

func (l addressLog) Enabled(context.Context, slog.Level) bool { return true }
func (l addressLog) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "address" {
			l.to <- a.Value.String()
		}
		return true
	})
	return nil
}

// An alert over a metric that does not exist never fires, and a panel stays empty.
func TestAlertsNameMetrics(t *testing.T) {
	var text []byte
	files, err := filepath.Glob("../../deploy/observe/*.json")
	if files = append(files, "../../deploy/observe/alerts.yaml"); err != nil || len(files) < 5 {
		t.Fatalf("the alerts and dashboards are %q, %v", files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, b...)
	}
	descs := make(chan *prometheus.Desc, 100)
	(&Metrics{}).Describe(descs)
	for _, c := range telemetry.Collectors() {
		c.Describe(descs)
	}
	close(descs)
	var known []string
	for d := range descs {
		known = append(known, regexp.MustCompile(`fqName: "([^"]+)"`).FindStringSubmatch(d.String())[1])
	}
	named := regexp.MustCompile(`\brongtong_[a-z_]+`).FindAllString(string(text), -1)
	if len(named) < 60 {
		t.Errorf("only %q are named", named)
	}
	for _, n := range named {
		if n = strings.TrimSuffix(strings.TrimSuffix(n, "_bucket"), "_count"); !slices.Contains(known, n) {
			t.Errorf("the alerts name %q, which no metric is called", n)
		}
	}
}
