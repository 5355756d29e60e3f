package warehouse

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/deploy/embedded"
	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/divisions"
)

// The cluster form, run on two engines that are two shards of one cluster. The
// embedded engine has no replication and no queue of distributed DDL, so each
// statement is run on every server, as ON CLUSTER would do, and a local part is
// the plain engine that the replicated one extends. See docs/cluster.md.

const clusterName = "rongtong"

var (
	onCluster    = regexp.MustCompile(" ON CLUSTER " + clusterName)
	replicatedBy = regexp.MustCompile(`Replicated(\w*MergeTree)\('[^']*', '\{replica\}'(?:, )?`)
	replicaDedup = regexp.MustCompile(`\breplicated_deduplication_window`)
)

func onOneServer(sql string) string {
	sql = onCluster.ReplaceAllString(sql, "")
	sql = replicatedBy.ReplaceAllString(sql, "$1(")
	return strings.ReplaceAll(replicaDedup.ReplaceAllString(sql, "non_replicated_deduplication_window"), "MergeTree()", "MergeTree")
}

const shardConfig = `<clickhouse>
  <remote_servers><%[1]s>
    <shard><internal_replication>true</internal_replication><replica><host>127.0.0.1</host><port>%[2]d</port><user>admin</user><password>%[4]s</password></replica></shard>
    <shard><internal_replication>true</internal_replication><replica><host>127.0.0.1</host><port>%[3]d</port><user>admin</user><password>%[4]s</password></replica></shard>
  </%[1]s></remote_servers>
</clickhouse>
`

// shards are two engines of one cluster, with the catalogue's tables.
func shards(t *testing.T, c *schemas.Catalog) [2]*Warehouse {
	t.Helper()
	const password = "0123456789abcdef0123456789abcdef"
	opts := [2]embedded.Options{embeddedtest.Options(t), embeddedtest.Options(t)}
	var out [2]*Warehouse
	for i, o := range opts {
		o.OnlyWarehouse = true
		o.MemoryBytes = 1 << 30
		dir := filepath.Join(o.Data, "warehouse")
		for name, text := range map[string]string{
			"admin.password":       password,
			"config.d/cluster.xml": fmt.Sprintf(shardConfig, clusterName, opts[0].NativePort, opts[1].NativePort, password),
		} {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		e, err := embedded.Start(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Stop)
		if out[i], err = Open(t.Context(), e.Warehouse); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { out[i].Close() })
	}
	text, err := DDL(c, clusterName)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements(text) {
		for _, w := range out {
			if err := w.Exec(t.Context(), onOneServer(s)); err != nil {
				t.Fatalf("%v\n%s", err, onOneServer(s))
			}
		}
	}
	return out
}

// filler makes rows for any table of the house: real divisions, codes of the
// lists, and values that repeat often enough for rows to meet in joins.
type filler struct {
	c        *schemas.Catalog
	villages string // an array of codes
}

func (f filler) sql(o *object, rows int) string {
	e := f.c.Entity(strings.TrimSuffix(o.name, rowsSuffix))
	var names, exprs []string
	for i, col := range o.columns {
		if o.computed[col.name] != "" {
			continue
		}
		h := fmt.Sprintf("cityHash64(number, %d)", i)
		typ, nullable := bareType(col.typ)
		x := f.value(o, e, col, typ, h)
		if nullable {
			x = fmt.Sprintf("if(%s %% 11 = 0, NULL, %s)", h, x)
		}
		names, exprs = append(names, col.name), append(exprs, fmt.Sprintf("CAST(%s, %s)", x, quote(col.typ)))
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM numbers(%d)", o.live(), idents(names), strings.Join(exprs, ", "), rows)
}

func (f filler) value(o *object, e *schemas.Entity, col column, typ, h string) string {
	if e != nil && (o.db == dbStd || o.db == dbDwd || o.db == dbDwp) {
		if d := e.Column(col.name); d != nil && d.Type == schemas.CodeType && f.c.Code(d.List) != nil {
			var codes []string
			for _, code := range f.c.Code(d.List).Codes {
				codes = append(codes, quote(code.Code))
			}
			return fmt.Sprintf("[%s][1 + %s %% %d]", strings.Join(codes, ", "), h, len(codes))
		}
	}
	switch {
	case col.name == "_arrived_at": // a table of layer ods has a part per week
		return fmt.Sprintf("toStartOfHour(now()) - toIntervalHour(%s %% 900)", h)
	case typ == "FixedString(12)":
		// One choice for a row, so that its places agree.
		return fmt.Sprintf("%s[1 + cityHash64(number) %% length(%[1]s)]", f.villages)
	case strings.HasPrefix(typ, "FixedString("):
		return fmt.Sprintf("leftPad(toString(%s), %s, '0')", h, strings.TrimSuffix(strings.TrimPrefix(typ, "FixedString("), ")"))
	case typ == "Date32", strings.HasPrefix(typ, "DateTime"):
		return fmt.Sprintf("toDateTime('2024-01-01 00:00:00') + toIntervalHour(%s %% 17000)", h)
	case strings.HasPrefix(typ, "Enum8"):
		return fmt.Sprintf("['unknown', 'no', 'yes'][1 + %s %% 3]", h)
	case strings.HasPrefix(typ, "Map("):
		return "map()"
	case strings.HasPrefix(typ, "Array("):
		return "[]"
	case typ == "Bool", strings.HasPrefix(typ, "UInt8"):
		return h + " % 2"
	case typ == "String" && slices.Contains(o.order, col.name) && o.order[0] == col.name:
		return "concat('k', toString(number))"
	case typ == "String":
		return fmt.Sprintf("concat('v', toString(%s %% 400))", h)
	}
	return fmt.Sprintf("%s %% 5000", h)
}

// Answers of the cluster, asked on either of its servers, are those of one
// server with the same rows: every table and view, and every second indicator.
func TestClusterAnswers(t *testing.T) {
	c := shippedCatalog(t)
	one := engine(t, c)
	two := shards(t, c)
	fillDivisions(t, one, c)
	all, err := objects(c)
	if err != nil {
		t.Fatal(err)
	}
	f := filler{c, "(SELECT groupArray(division_code) FROM (SELECT division_code FROM dwd.division ORDER BY division_code LIMIT 4000))"}
	var tables, views []*object
	for _, o := range all {
		switch {
		case o.view != "":
			views = append(views, o)
		case o.name != "indicator_point" && o.name != "indicator" && o.name != divisionEntity+rowsSuffix && o.name != "division_path" && o.name != "division_remap" && o.partition != "entity":
			if err := one.Exec(t.Context(), f.sql(o, 600)); err != nil {
				t.Fatalf("%v\n%s", err, f.sql(o, 600))
			}
			tables = append(tables, o)
		default:
			tables = append(tables, o)
		}
	}
	if err := one.paths(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if _, _, err := one.Remap(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	bringUp(t, one, c, "r", c.Indicators[:5]...) // figures, for the views on them
	copyAll(t, two[0], tables)

	questions := map[string]string{}
	for _, o := range tables {
		questions[o.full()] = "SELECT * FROM " + o.live()
		if strings.HasPrefix(o.engine, "Replacing") || strings.HasPrefix(o.engine, "Aggregating") {
			questions[o.full()] += " FINAL"
		}
	}
	for _, o := range views {
		questions[o.full()] = "SELECT * FROM " + asked(o.live())
	}
	for i, ind := range c.Indicators {
		if i%2 == 1 { // what all need is time
			continue
		}
		spans, err := ind.Periods.Spans(decemberEnd)
		if err != nil {
			t.Fatal(err)
		}
		questions[ind.Indicator] = unitsAt(ind, spans[len(spans)-1])
		if i%20 == 0 { // with the division tree, which is the same for all
			if questions[ind.Indicator], err = (&computation{ind: ind, spans: spans[len(spans)-2:], fresh: true}).figures(); err != nil {
				t.Fatal(err)
			}
		}
	}
	full := 0
	for i, what := range slices.Sorted(maps.Keys(questions)) {
		want, got := answer(t, one, what, questions[what]), answer(t, two[i%2], what, questions[what])
		if got != want {
			t.Errorf("%s: one server says %s, server %d of the cluster %s", what, want, i%2, got)
		}
		if !strings.HasPrefix(got, "0 ") {
			full++
		}
	}
	// The rows here are of no declared system, of which alone views of other days tell.
	if full < len(questions)*3/4 {
		t.Errorf("only %d of %d answers have a row", full, len(questions))
	}
	t.Logf("%d questions, asked of one server and in turn of two", len(questions))

	// Both shards have a share, a county is on one of them, and a named insert
	// through the distributed table is once.
	for _, w := range two {
		if n := count(t, w, "SELECT count() FROM dwd.division__rows_local"); n < 2_000 {
			t.Errorf("a shard holds %d divisions", n)
		}
	}
	if n := count(t, two[0], "SELECT count() FROM (SELECT substring(toString(division_code), 1, 6) AS county FROM dwd.division__rows GROUP BY county HAVING uniqExact(_shard_num) > 1)"); n > 0 {
		t.Errorf("%d counties are on two shards", n)
	}
	rec := claims(t, memory.DefaultAllocator, c.Entity("facility"), []map[string]string{
		{"facility_id": "new", "division_code": "370102001001", "facility_kind": "other"}, {"facility_id": "new2", "division_code": "371727100200", "facility_kind": "other"}})
	defer rec.Release()
	before := count(t, two[1], "SELECT count() FROM std.facility")
	for range 3 {
		if err := two[0].Load(t.Context(), Load{"span", "std.facility", rec}); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, two[1], "SELECT count() FROM std.facility"); n != before+2 {
		t.Errorf("a load of 2 rows, made three times, left %d rows", n-before)
	}
}

// answer is the number of rows and a hash of a question's answer, whatever the
// order of rows.
func answer(t *testing.T, w *Warehouse, what, sql string) (s string) {
	t.Helper()
	err := w.QueryRow(t.Context(), fmt.Sprintf("SELECT concat(toString(count()), ' rows ', toString(groupBitXor(h))) FROM (SELECT cityHash64(toString(tuple(*))) AS h FROM (%s))", sql), []any{&s})
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	return s
}

// fillDivisions puts the register's divisions, two cities in full unless the
// caller names others by their codes, where a fusion would.
func fillDivisions(t *testing.T, w *Warehouse, c *schemas.Catalog, full ...string) {
	t.Helper()
	if len(full) == 0 {
		full = []string{"3701", "3717"}
	}
	reg, err := divisions.Load()
	if err != nil {
		t.Fatal(err)
	}
	level := map[string]string{}
	for _, l := range c.Code(levelList).Codes {
		for _, a := range l.Aliases {
			level[a] = l.Code
		}
	}
	type row struct {
		Code   string  `json:"division_code"`
		Name   string  `json:"name"`
		Canon  string  `json:"canonical_name"`
		Kind   string  `json:"kind"`
		System string  `json:"code_system"`
		Level  string  `json:"level"`
		Parent *string `json:"parent_code"`
		Class  string  `json:"village_class"`
	}
	var rows []row
	for d := range reg.All("") {
		if d.Tier != "P" && d.Tier != "C" && !slices.ContainsFunc(full, func(city string) bool { return strings.HasPrefix(d.Code, city) }) {
			continue
		}
		r := row{Code: d.Code, Name: d.Name, Canon: d.Name, Kind: d.Kind, System: "nbs12", Level: level[d.Tier], Class: d.VillageClass}
		if d.Parent != "" {
			r.Parent = &d.Parent
		}
		rows = append(rows, r)
	}
	if err := w.InsertRows(t.Context(), "dwd.division__rows", "register", rows); err != nil {
		t.Fatal(err)
	}
}

// copyAll copies tables into the cluster through its distributed tables.
func copyAll(t *testing.T, to *Warehouse, tables []*object) {
	t.Helper()
	native, err := decl.Expand(embeddedtest.WarehouseNative(t))
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(native)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := at.User.Password()
	for _, o := range tables {
		sql := fmt.Sprintf("INSERT INTO %s SELECT * FROM remote(%s, %s, %s, 'admin', %s)", o.live(), quote(at.Host), quote(o.db), quote(o.name), quote(password))
		if err := to.Exec(t.Context(), sql); err != nil {
			t.Fatalf("copying %s: %v", o.full(), err)
		}
	}
}
