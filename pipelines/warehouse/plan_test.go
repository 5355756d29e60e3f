package warehouse

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files in testdata")

// golden compares text with a file, or rewrites the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (go test ./pipelines/warehouse -rewrite accepts it):\n%s", path, d)
	}
}

func TestGoldenFusion(t *testing.T) {
	c := shippedCatalog(t)
	for entity, sources := range map[string][]string{
		"facility":         {"county_ledger", "province_gateway", "township_ledger", "village_forms"},
		"grid_event":       {"city_operations"},
		"programme_status": {"county_ledger", "province_gateway"},
	} {
		f := &fuser{c: c, e: c.Entity(entity), sources: sources}
		golden(t, "fuse_"+entity+".sql", f.sql()+"\n")
	}
	f := &fuser{c: c, e: c.Entity("programme_status"), sources: []string{"county_ledger", "province_gateway"}, since: 7, until: 9}
	golden(t, "fuse_programme_status_changed.sql", strings.Join([]string{f.newlyClaimed(), f.claimed().rebuild(9), f.gone(9)}, "\n\n")+"\n")
}

func TestPlanTwiceIsEmpty(t *testing.T) {
	c := shippedCatalog(t)
	w := engine(t, c)
	noSteps(t, w, c)
	// A table that a fusion put in place is the planned one too.
	if _, err := w.Fuse(t.Context(), c, "facility"); err != nil {
		t.Fatal(err)
	}
	noSteps(t, w, c)
}

func noSteps(t *testing.T, w *Warehouse, c *schemas.Catalog) {
	t.Helper()
	steps, err := w.Plan(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		t.Errorf("a migrated warehouse needs a step: %s: %s\n%s", s.Object, s.Doc, s.SQL)
	}
}

// A plan that was cut short anywhere is finished by planning again.
func TestMigrateInPieces(t *testing.T) {
	c := catalogOf(t, thing)
	w := bare(t)
	for round := 0; ; round++ {
		steps, err := w.Plan(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if len(steps) == 0 {
			if round < 10 {
				t.Errorf("everything was there after %d steps", round)
			}
			return
		}
		if err := w.Migrate(t.Context(), steps[:1]); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPlanAdds(t *testing.T) {
	before := catalogOf(t, thing)
	w := engine(t, before)
	rec := claims(t, memory.DefaultAllocator, before.Entity("thing"), []map[string]string{{"id": "1", "src_system": "s", "src_tier": "P", "version": "1", "note": "n"}})
	defer rec.Release()
	if err := w.Load(t.Context(), Load{"1", "std.thing", rec}); err != nil {
		t.Fatal(err)
	}
	after := catalogOf(t, strings.Replace(thing, "zh: 说明", "zh: 备注", 1)+"  - { name: size, type: measure, unit: m2, zh: 大小, en: Size, nullable: true }\n")
	steps, err := w.Plan(t.Context(), after)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Migrate(t.Context(), steps); err != nil {
		t.Fatal(err)
	}
	noSteps(t, w, after)
	if _, err := w.Fuse(t.Context(), after, "thing"); err != nil {
		t.Fatal(err)
	}
	if got := strs(t, w, "SELECT concat(note, ' ', ifNull(toString(size), 'NULL')) FROM dwd.thing"); lines(got) != "n NULL" {
		t.Errorf("after the migration the row is %q", got)
	}
	if got := strs(t, w, "SELECT name FROM system.columns WHERE database = 'std' AND table = 'thing' ORDER BY position LIMIT 3"); lines(got) != "id\nnote\nsize" {
		t.Errorf("the columns stand as %q, want the declaration's order", got)
	}
}

// The ID of a topic joins the order keys of tables that are there, whatever is in
// them, and then keeps the lives of a topic apart.
func TestTopicIDJoinsKeys(t *testing.T) {
	c := catalogOf(t, thing)
	w := engine(t, c)
	row := LoadRow{LoadID: "1", System: "s", Tier: "P", Stream: "st", Flow: "st", Entity: "thing", Topic: "in.s.st", ToOffset: 2, Received: 2, Accepted: 2, LoadedAt: time.Now()}
	for _, o := range append(opsTables(), reviewTables()...) {
		if len(o.joins) == 0 {
			continue
		}
		old := *o // as an earlier version declared it
		old.order, old.columns = slices.DeleteFunc(slices.Clone(o.order), func(k string) bool { return k == topicID.name }), slices.DeleteFunc(slices.Clone(o.columns), func(c column) bool { return c == topicID })
		for _, sql := range []string{"DROP TABLE " + old.live() + " SYNC", old.ddl(old.name)} {
			if err := w.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		if o.name != "load" {
			continue
		}
		if err := w.Exec(t.Context(), "INSERT INTO ops.load (load_id, system, tier, stream, flow, entity, topic, partition, from_offset, to_offset, received, accepted, loaded_at) VALUES ('0', 's', 'P', 'st', 'st', 'thing', 'in.s.st', 0, 0, 5, 5, 5, now())"); err != nil {
			t.Fatal(err)
		}
	}
	steps, err := w.Plan(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a migration that was cut short is repeated
		if err := w.Migrate(t.Context(), steps); err != nil {
			t.Fatal(err)
		}
	}
	noSteps(t, w, c)
	for _, life := range []string{"a", "b", "b"} {
		row.TopicID = life
		if err := w.InsertRows(t.Context(), "ops.load", life, []LoadRow{row}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Exec(t.Context(), "OPTIMIZE TABLE ops.load FINAL"); err != nil {
		t.Fatal(err)
	}
	if got := strs(t, w, "SELECT concat(topic_id, ' ', toString(received)) FROM ops.load ORDER BY topic_id"); lines(got) != " 5\na 2\nb 2" {
		t.Errorf("the lives are %q", got)
	}
}

// What is not additive is refused by name, and nothing is changed.
func TestPlanRefuses(t *testing.T) {
	for _, tc := range []struct {
		name  string
		after func(c *schemas.Catalog)
		sql   string // done to the warehouse instead
		want  []string
	}{
		{name: "key column may be null", after: func(c *schemas.Catalog) { c.Entity("thing").Column("id").Nullable = true },
			want: []string{"std.thing", `"id" may be null`, "grain"}},
		{name: "key column does not exist", after: func(c *schemas.Catalog) { c.Entity("thing").Key = []string{"id", "serial"} },
			want: []string{"std.thing", `"serial" does not exist`, "grain"}},
		{name: "no key", after: func(c *schemas.Catalog) { c.Entity("thing").Key = nil },
			want: []string{"std.thing", "no key"}},
		{name: "key is a list", after: func(c *schemas.Catalog) { c.Entity("thing").Column("id").Type = schemas.List },
			want: []string{"std.thing", `"id" is a list`}},
		{name: "key grows", after: func(c *schemas.Catalog) {
			e := c.Entity("thing")
			e.Key = []string{"id", "note"}
			e.Column("note").Nullable = false
		}, want: []string{"std.thing", `"note" is not in it`, "distinct rows would merge away"}},
		{name: "type changes", after: func(c *schemas.Catalog) { c.Entity("thing").Column("note").Type = schemas.Int },
			want: []string{"std.thing", `"note"`, "Nullable(String)", "Nullable(Int64)"}},
		{name: "column disappears", after: func(c *schemas.Catalog) { c.Entity("thing").Columns = c.Entity("thing").Columns[:1] },
			want: []string{"std.thing", `"note"`, "no longer declared"}},
		{name: "column named like a common one", after: func(c *schemas.Catalog) { c.Entity("thing").Column("note").Name = "version" },
			want: []string{"std.thing", `"version"`, "twice"}},
		{name: "order key in the warehouse is too short", sql: `CREATE OR REPLACE TABLE std.thing (id String, version UInt64)
			ENGINE = AggregatingMergeTree ORDER BY (id, version)`,
			want: []string{"std.thing", `"src_system" is not in it`, "distinct rows would merge away"}},
		{name: "engine in the warehouse forgets", sql: `CREATE OR REPLACE TABLE std.thing (id String) ENGINE = Log`,
			want: []string{"std.thing", "engine is Log"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := catalogOf(t, thing)
			w := engine(t, c)
			if tc.after != nil {
				tc.after(c)
			} else if err := w.Exec(t.Context(), tc.sql); err != nil {
				t.Fatal(err)
			}
			steps, err := w.Plan(t.Context(), c)
			if !fault.Is(err, fault.Config) || len(steps) > 0 {
				t.Fatalf("the plan is %v, error %v (%v); want a refusal", steps, err, fault.Of(err))
			}
			for _, part := range tc.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the refusal does not say %q: %v", part, err)
				}
			}
		})
	}
}

// A derived table is made anew instead, and its next fusion fills it.
func TestPlanRebuildsDerived(t *testing.T) {
	c := catalogOf(t, thing)
	w := engine(t, c)
	if err := w.Exec(t.Context(), "CREATE OR REPLACE TABLE dwd.thing (x UInt8) ENGINE = Log"); err != nil {
		t.Fatal(err)
	}
	steps, err := w.Plan(t.Context(), c)
	if err != nil || len(steps) != 1 || steps[0].Object != "dwd.thing" {
		t.Fatalf("the plan is %v, error %v", steps, err)
	}
	if err := w.Migrate(t.Context(), steps); err != nil {
		t.Fatal(err)
	}
	noSteps(t, w, c)
}
