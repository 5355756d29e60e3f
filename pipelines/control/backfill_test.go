package control

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rongtong/connectors/all"
	"rongtong/pipelines"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/fault"
)

const backfillOverlay = `jobs:
  - job: pull
    doc: { zh: 读取, en: Pull }
    asked: true
    every: { retries: 0 }
    uses: [sources]
  - job: tell
    doc: { zh: 告知, en: Tell }
    does: rejects
    asked: true
    every: { concurrency: 2 }
    after: [{ entity: facility, tier: X }]
`

// TestBackfillVerbs plans, starts, watches, cancels and resumes backfills of a
// system whose folder is not there at first.
func TestBackfillVerbs(t *testing.T) {
	root := filepath.Join(t.TempDir(), "later")
	p := newPipeline(t, "bv_ledger", strings.Replace(rereadMapping("bv_ledger", root, false), `"@every 1s"`, `"0 2 1 1 *"`, 1))
	p.file("jobs.yaml", backfillOverlay)
	m, err := NewMonitor(t.Context(), p.Options)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	stop := p.lead()

	// The State Council's calendar leaves 8 and 9 October 2025 and Saturday the 11th, a make-up day.
	ask := BackfillAsk{Name: "bv_ledger", From: "2025-10-01", To: "2025-10-12", Calendar: "workdays", Cascade: true, Parallel: 3, Why: "test"}
	e, r, err := m.PlanBackfill(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(e.Dates, e.Runs, e.Unknown); got != "[2025-10-09 2025-10-10 2025-10-11] 6 [pull tell]" {
		t.Errorf("the plan is %s", got)
	}
	if got := fmt.Sprintf("%d (%s), %d (%s) after %s", e.Jobs[0].AtOnce, e.Jobs[0].Bound, e.Jobs[1].AtOnce, e.Jobs[1].Bound, e.Jobs[1].Follows); got != "1 (concurrency), 2 (concurrency) after pull" {
		t.Errorf("at once: %s", got)
	}
	if err := m.StartBackfill(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	wait := func(state string) BackfillStatus {
		t.Helper()
		var s BackfillStatus
		defer func() {
			if t.Failed() && s.State != state {
				t.Logf("waiting for %q it was last seen %+v", state, s)
			}
		}()
		p.until(func() bool {
			if s, err = m.Backfill(t.Context(), r.RunID); err != nil {
				t.Fatal(err)
			}
			return s.State == state
		})
		return s
	}
	s := wait(warehouse.Failed)
	if s.Counts[warehouse.Failed] != 3 || s.Counts[warehouse.Skipped] != 3 || s.Name != "bv_ledger" || s.Why != "test" {
		t.Errorf("without its folder: %+v", s)
	}
	for _, c := range s.Cells {
		if c.Error == "" {
			t.Errorf("nothing is said of %+v", c)
		}
	}

	// The folder comes; what failed, and what followed it, is done.
	p.days(root, "20251009", "20251010", "20251011", "20251013")
	if n, err := m.ResumeBackfill(t.Context(), r.RunID); err != nil || n != 6 {
		t.Fatalf("resumed %d runs, %v", n, err)
	}
	if s := wait("done"); s.Counts[warehouse.OK] != 6 || s.Resumed != 1 {
		t.Errorf("resumed: %+v", s)
	}
	if n := p.number("(SELECT uniqExact(event_time) FROM std.facility WHERE src_system = 'bv_ledger')"); n != 3 {
		t.Errorf("%d days were read, want 3: those of the calendar", n)
	}
	if n, err := m.ResumeBackfill(t.Context(), r.RunID); err != nil || n != 0 {
		t.Errorf("resumed when nothing was left: %d runs, %v", n, err)
	}

	// Given up before anyone acted on it, and resumed.
	stop()
	if e, r, err = m.PlanBackfill(t.Context(), ask); err != nil || e.Jobs[0].Known == 0 || e.Jobs[0].Rows == 0 || e.Seconds <= 0 || e.Rows != 3*e.Jobs[0].Rows {
		t.Errorf("the second estimate: %+v, %v", e, err)
	}
	if err := m.StartBackfill(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := m.CancelBackfill(t.Context(), r.RunID, "not now"); err != nil {
		t.Fatal(err)
	}
	p.lead()
	if s := wait(warehouse.Cancelled); s.Counts[warehouse.OK] == 6 {
		t.Errorf("cancelled: %+v", s)
	}
	if _, err := m.ResumeBackfill(t.Context(), r.RunID); err != nil {
		t.Fatal(err)
	}
	wait("done")
	list, err := m.Backfills(t.Context())
	if err != nil || len(list) != 2 || list[0].ID != r.RunID || list[1].State != "done" {
		t.Errorf("listed: %+v, %v", list, err)
	}
	p.checkExpired(t)
	for what, bad := range map[string]BackfillAsk{
		"no job":          {Name: "bv_ledgr", From: "2025-10-01", To: "2025-10-02"},
		"a feed":          {Name: "emergency_feed", From: "2025-10-01", To: "2025-10-02"},
		"no date":         {Name: "tell", From: "2025-10-01", To: "2025-10-32"},
		"backwards":       {Name: "tell", From: "2025-10-02", To: "2025-10-01"},
		"to come":         {Name: "tell", From: "2025-10-01", To: "2999-01-01"},
		"no calendar":     {Name: "tell", From: "2025-10-01", To: "2025-10-02", Calendar: "moon"},
		"no job to end":   {Name: "tell", From: "2025-10-01", To: "2025-10-02", Then: []string{"sing"}},
		"only holidays":   {Name: "tell", From: "2025-10-01", To: "2025-10-03", Calendar: "workdays"},
		"the pull itself": {Name: "pull", From: "2025-10-01", To: "2025-10-03"},
	} {
		if _, _, err := m.PlanBackfill(t.Context(), bad); fault.Of(err) != fault.Config {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// checkExpired removes superseded claims, as retention does, and loads their file
// again: they do not come back, and the books do not move.
func (p *pipeline) checkExpired(t *testing.T) {
	t.Helper()
	const facility = "themes/t2_organization/facility.yaml"
	text, err := schemas.FS.ReadFile(facility)
	if err != nil {
		t.Fatal(err)
	}
	p.file(facility, strings.Replace(string(text), "retention: P30Y", "retention: P30D", 1))
	e := p.declarations().Catalog.Entity("facility")
	before := p.claims("bv_ledger")
	if n, err := p.w.Retain(t.Context(), e, time.Now()); err != nil || n == 0 {
		t.Fatalf("retention removed %d claims, %v", n, err)
	}
	whole, books := p.claims("bv_ledger"), p.books()
	d, err := Replay(t.Context(), p.Options, RereadOptions{Stream: "bv_ledger.facility", Pick: pipelines.Pick{File: "facility_20251009.csv"}}, false)
	if err != nil || d.Records == 0 || d.Missing != 0 || p.claims("bv_ledger") != whole || p.books() != books || before == whole {
		t.Errorf("a replay of what retention removed: %+v, %v; %s, %s", d, err, p.books(), books)
	}
}

// lead runs jobs and the loader for the pipeline's system, as a process does,
// until the returned function is called or the test ends.
func (p *pipeline) lead() (stop func()) {
	d := p.declarations()
	return p.roles(
		(&pipelines.Jobs{Kafka: p.k, Warehouse: p.w, Catalog: d.Catalog, Streams: p.own(d), Kinds: all.Kinds(), Log: p.Log, Session: 1500 * time.Millisecond}).Run,
		func(ctx context.Context) error {
			return (&pipelines.Loader{Kafka: p.k, Warehouse: p.w, Log: p.Log, BlockRows: 4, Session: 1500 * time.Millisecond}).Run(ctx, p.own(d))
		})
}

// days writes files of four rows.
func (p *pipeline) days(root string, days ...string) {
	p.t.Helper()
	if err := os.MkdirAll(root, 0o755); err != nil {
		p.t.Fatal(err)
	}
	past := time.Now().Add(-time.Hour)
	for _, day := range days {
		name := filepath.Join(root, "facility_"+day+".csv")
		text := "区划代码,设施名称,类别,面积,启用,种类\n"
		for i := range 4 {
			text += fmt.Sprintf("37010200100%d,综合服务中心,中心村,%d,,\n", i+1, 100+i)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			p.t.Fatal(err)
		}
		if err := os.Chtimes(name, past, past); err != nil {
			p.t.Fatal(err)
		}
	}
}
