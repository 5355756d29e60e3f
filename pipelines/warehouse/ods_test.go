package warehouse

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/schemas"
	"rongtong/schemas/fault"
	"rongtong/schemas/record"
	"rongtong/transforms"
)

const rawSystem = `system: src
tier: X
name: { zh: 某系统, en: A system }
department: 某局
doc: A system whose records are kept as received.
connect: { kind: push }
streams:
  s:
    from: {}
    key: [编号]
    fields: { 编号: text, 说明: text }
    raw: P90D
flows:
  - stream: s
    entity: thing
    set: { id: 编号, note: 说明 }
every: { continuous: true }
`

// withRaw is a catalogue of the thing and a system, each pair of texts replaced.
func withRaw(t *testing.T, edits ...string) *schemas.Catalog {
	t.Helper()
	tiers, err := schemas.FS.ReadFile("tiers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, problems := schemas.Load(fstest.MapFS{
		"tiers.yaml":             {Data: tiers},
		"themes/t9_test/e0.yaml": {Data: []byte(thing)},
		"systems/src.yaml":       {Data: []byte(strings.NewReplacer(edits...).Replace(rawSystem))},
	})
	for _, p := range problems {
		t.Error(p)
	}
	return c
}

// loadRaw loads records as a loader would: arrived is the broker's time.
func loadRaw(t *testing.T, w *Warehouse, c *schemas.Catalog, token string, arrived time.Time, offsets ...int64) {
	t.Helper()
	entry, _ := c.System("src").Streams.Get("s")
	r := transforms.NewRaw(memory.DefaultAllocator, entry.Value)
	defer r.Release()
	ch := &record.Chunk{Topic: "in.src.s"}
	for _, o := range offsets {
		ch.Append(record.Envelope{Key: []byte("1"), Value: []byte(`{"编号":"1","说明":" ＡＢ "}`), Offset: o, Arrived: arrived})
	}
	r.Add(ch, nil)
	rows := r.Take()
	defer rows.Release()
	if err := w.Load(t.Context(), Load{token, "ods.src__s", rows}); err != nil {
		t.Fatal(err)
	}
}

// A repeated load is once, by its token and beyond its window by what a record
// is known by; the same offsets of a topic that was created again are others.
func TestRawIsOnce(t *testing.T) {
	c := withRaw(t)
	w := engine(t, c)
	noSteps(t, w, c)
	now := time.Now()
	loadRaw(t, w, c, "a", now, 1, 2, 3)
	loadRaw(t, w, c, "a", now, 1, 2, 3)
	if n := count(t, w, "SELECT count() FROM ods.src__s"); n != 3 {
		t.Errorf("%d rows after a repeated load, want 3", n)
	}
	loadRaw(t, w, c, "beyond the window", now, 1, 2, 3)
	loadRaw(t, w, c, "created again", now.Add(time.Second), 1)
	if n := count(t, w, "SELECT count() FROM ods.src__s FINAL"); n != 4 {
		t.Errorf("%d records, want 3 and one of the topic created again", n)
	}
	// Two weeks are two parts of one load; each is once.
	loadRaw(t, w, c, "two weeks", now.AddDate(0, 0, -7), 9)
	if got := strs(t, w, "SELECT DISTINCT `说明` FROM ods.src__s"); lines(got) != " ＡＢ " {
		t.Errorf("kept %q, want it as received", got)
	}
}

// What is over its time goes, and only that.
func TestRawExpires(t *testing.T) {
	c := withRaw(t)
	w := engine(t, c)
	loadRaw(t, w, c, "new", time.Now(), 1)
	loadRaw(t, w, c, "old", time.Now().AddDate(0, 0, -100), 2)
	if err := w.Exec(t.Context(), "OPTIMIZE TABLE ods.src__s FINAL"); err != nil {
		t.Fatal(err)
	}
	if got := strs(t, w, "SELECT toString(_offset) FROM ods.src__s"); lines(got) != "1" {
		t.Errorf("left are the offsets %q, want 1", got)
	}
}

func TestRawChanges(t *testing.T) {
	for _, tc := range []struct {
		name  string
		edits []string
		allow []string
		steps string // the statements after ALTER TABLE ods.src__s
		want  string // or part of the refusal
	}{
		{name: "kept longer", edits: []string{"P90D", "P1Y"}, steps: "MODIFY TTL toDateTime(_arrived_at) + toIntervalYear(1)|MODIFY COMMENT"},
		{name: "kept shorter", edits: []string{"P90D", "P30D"}, want: "no longer for 90"},
		{name: "kept shorter, and meant", edits: []string{"P90D", "P30D"}, allow: []string{"expire:ods.src__s"}, steps: "MODIFY TTL toDateTime(_arrived_at) + toIntervalDay(30)|MODIFY COMMENT"},
		{name: "no longer kept: what is there expires", edits: []string{"P90D", "none"}},
		{name: "a new field", edits: []string{"说明: text }", "说明: text, 备注: text }"}, steps: "ADD COLUMN IF NOT EXISTS `备注` Nullable(String)"},
		{name: "a field less", edits: []string{", 说明: text", "", "note: 说明", "note: 编号"}},
		{name: "a field that must not be kept", edits: []string{", 说明: text }", " }\n    drop: [说明]", "note: 说明", "note: 编号"}, want: "drop:ods.src__s.说明"},
		{name: "a field that must not be kept, and goes", edits: []string{", 说明: text }", " }\n    drop: [说明]", "note: 说明", "note: 编号"}, allow: []string{"drop:ods.src__s.说明"}, steps: "DROP COLUMN IF EXISTS `说明`"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := engine(t, withRaw(t))
			loadRaw(t, w, withRaw(t), "a", time.Now(), 1)
			after := withRaw(t, tc.edits...)
			steps, err := w.PlanChange(t.Context(), after, tc.allow...)
			if tc.want != "" {
				if !fault.Is(err, fault.Config) || !strings.Contains(fmt.Sprint(err), tc.want) {
					t.Fatalf("got %v, want a refusal that says %q", err, tc.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range steps {
				got = append(got, strings.TrimPrefix(s.SQL, "ALTER TABLE ods.src__s "))
			}
			for i, want := range strings.Split(tc.steps, "|") {
				if len(got) != strings.Count(tc.steps, "|")+min(1, len(tc.steps)) || len(got) > 0 && !strings.HasPrefix(got[i], want) {
					t.Fatalf("steps %q, want %q", got, tc.steps)
				}
			}
			if err := w.Migrate(t.Context(), steps); err != nil {
				t.Fatal(err)
			}
			noSteps(t, w, after)
		})
	}
}
