package control

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rongtong/deploy/embedded"
	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/notify"
	"rongtong/pipelines/topics"
	"rongtong/schemas/fault"
)

// One process of two tells people of a failed run, once; when it is gone the
// other one goes on and does not say again what was said; and says when it is over.
func TestNotifier(t *testing.T) {
	engines, err := embedded.Start(context.WithoutCancel(t.Context()), embeddedtest.Options(t)) // alone: what others do is news too
	if err != nil {
		t.Fatal(err)
	}
	defer engines.Stop()
	heard := make(chan string, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		var m struct {
			News []struct{ State, Kind, Subject, En string }
		}
		if json.Unmarshal(b, &m) == nil {
			for _, n := range m.News {
				heard <- n.State + " " + n.Kind + " " + n.Subject + ": " + n.En
			}
		}
	}))
	defer srv.Close()
	t.Setenv("HOOK", srv.URL)
	file := filepath.Join(t.TempDir(), "notify.yaml")
	text := `channels: [{ channel: duty, kind: json, url: "${env:HOOK}", events: [run.failed], settle: 1ms, group: 1ms, again: 1ms }]`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	o := Options{Kafka: engines.Kafka, Warehouse: engines.Warehouse, Notify: file, Log: log}
	if _, err := Migrate(t.Context(), o, false); err != nil {
		t.Fatal(err)
	}
	if err := Topics(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := TestNotification(t.Context(), o, "dooty"); fault.Of(err) != fault.Config || !strings.Contains(err.Error(), "duty") {
		t.Errorf("testing a channel that is not declared: %v", err)
	}
	if err := TestNotification(t.Context(), o, "duty"); err != nil {
		t.Fatal(err)
	}
	if got := <-heard; !strings.HasPrefix(got, "open test duty") {
		t.Errorf("the test said %q", got)
	}
	k, err := topics.Dial(t.Context(), []string{engines.Kafka})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if err := k.Ensure(t.Context(), []topics.Topic{{Name: notified, Partitions: 1}}); err != nil {
		t.Fatal(err)
	}
	m, err := NewMonitor(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	exec := func(sql string) {
		t.Helper()
		if err := m.w.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec("INSERT INTO ops.run (run_id, slot, kind, job, cause, business_date, attempt, started_at, finished_at, state, error) VALUES ('r1', 'r1', 'job', 'return', 'schedule', '2026-01-02', 1, now() - 60, now() - 50, 'failed', 'of 110101199003078515')")
	cfg, err := o.Notifications()
	if err != nil {
		t.Fatal(err)
	}
	start := func() (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		n := &notifier{m: m, k: k, cfg: cfg, sender: notify.NewSender(log), log: log, every: 50 * time.Millisecond}
		go func() { defer close(done); n.run(ctx) }()
		return func() { cancel(); <-done }
	}
	stopA, stopB := start(), start()
	defer stopB()
	if got := <-heard; !strings.HasPrefix(got, "open run.failed return: the job return failed") || strings.Contains(got, "19900307") {
		t.Errorf("heard %q", got)
	}
	stopA() // whichever of the two spoke
	exec("INSERT INTO ops.run (run_id, slot, kind, job, cause, business_date, attempt, started_at, finished_at, state) VALUES ('r2', 'r2', 'job', 'expire', 'schedule', '2026-01-02', 1, now() - 40, now() - 30, 'failed')")
	if got := <-heard; !strings.HasPrefix(got, "open run.failed expire") {
		t.Errorf("after one is gone: heard %q", got)
	}
	exec("INSERT INTO ops.run (run_id, slot, kind, job, cause, business_date, attempt, started_at, finished_at, state) VALUES ('r3', 'r3', 'job', 'return', 'request', '2026-01-02', 2, now() - 20, now() - 10, 'ok')")
	if got := <-heard; !strings.HasPrefix(got, "over run.failed return") {
		t.Errorf("after the job ran well: heard %q", got)
	}
	select {
	case more := <-heard:
		t.Errorf("and it said %q", more)
	default:
	}
}
