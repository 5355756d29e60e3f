package warehouse

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/schemas"
)

// Fusion of the two largest entities of the province, at full size:
//
//	grid_event  1.5 M claims of one source, fusion by row
//	stat_fact   1.1 M claims of three sources, fusion by field
func BenchmarkFuse(b *testing.B) {
	c, w := migrated(b)
	ctx := b.Context()
	const common = ", lpad(toString(370100000000 + number % 62000), 12, '0') AS division_code, toDateTime64('2025-01-01 00:00:00', 3) + number AS event_time, number AS kafka_offset, number * 1000 AS version, concat('file.csv:', toString(number)) AS place"
	for i := range 6 {
		exec(b, w, fmt.Sprintf(`INSERT INTO std.grid_event (event_id, grid_id, category, outcome, reported_at, closed_at, on_time, src_system, src_tier, division_code, event_time, kafka_offset, version, place)
			SELECT 'E37' || toString(cityHash64(number)), toString(number %% 90000), toString(number %% 9), toString(number %% 3), event_time, event_time + 3600, 'yes', 'city_operations', 'C'%s
			FROM numbers(%d, 250000)`, common, i*250_000))
	}
	for src, n := range map[[2]string]int{{"county_ledger", "X"}: 744_000, {"village_forms", "V"}: 248_000, {"township_ledger", "T"}: 124_000} {
		exec(b, w, fmt.Sprintf(`INSERT INTO std.stat_fact (family, measure, period_start, period_kind, breakdown, value, src_system, src_tier, division_code, event_time, kafka_offset, version, place)
			SELECT 'population', 'resident_households', toDate32('2025-01-01') + 30 * intDiv(number, 62000), 'M', '', number %% 3000, '%s', '%s'%s FROM numbers(%d)`, src[0], src[1], common, n))
	}
	for _, entity := range []string{"grid_event", "stat_fact"} {
		b.Run(entity, func(b *testing.B) {
			before := engineCPU(b, w)
			for b.Loop() {
				exec(b, w, "TRUNCATE TABLE ops.fuse")
				r, err := w.Fuse(ctx, c, entity)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(r.Claims), "claims")
				b.ReportMetric(float64(r.Things), "things")
			}
			b.ReportMetric((engineCPU(b, w)-before)/float64(b.N), "cpu-s/op")
		})
	}
	b.Run("unchanged", func(b *testing.B) {
		for b.Loop() {
			if r, err := w.Fuse(ctx, c, "stat_fact"); err != nil || !r.Unchanged {
				b.Fatal(r, err)
			}
		}
	})
	b.Run("up_feed", func(b *testing.B) {
		for b.Loop() {
			exec(b, w, "SELECT * FROM dwd.up_feed FORMAT Null")
		}
	})
	b.Run("books", func(b *testing.B) {
		for b.Loop() {
			exec(b, w, "SELECT * FROM ops.books FORMAT Null")
		}
	})
}

// engineCPU is the processor time, in seconds, that the engine's queries have
// used: on a busy machine it says more than the clock.
func engineCPU(b *testing.B, w *Warehouse) float64 {
	b.Helper()
	cpu, err := w.EngineCPU(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return cpu
}

// migrated is the package's warehouse with the tables of the shipped catalogue. What
// is in them stays.
func migrated(b *testing.B) (*schemas.Catalog, *Warehouse) {
	b.Helper()
	c, err := shipped()
	if err != nil {
		b.Fatal(err)
	}
	w, err := Open(b.Context(), embeddedtest.Warehouse(b))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { w.Close() })
	steps, err := w.Plan(b.Context(), c)
	if err == nil {
		err = w.Migrate(b.Context(), steps)
	}
	if err != nil {
		b.Fatal(err)
	}
	return c, w
}

func exec(b *testing.B, w *Warehouse, sql string) {
	b.Helper()
	if err := w.Exec(b.Context(), sql); err != nil {
		b.Fatal(err)
	}
}

// One load of the size that the loader makes.
func BenchmarkLoad(b *testing.B) {
	c, w := migrated(b)
	const n = 50_000
	rows := make([]map[string]string, n)
	for i := range rows {
		rows[i] = map[string]string{"facility_id": "village_service_complex:" + strconv.Itoa(i), "division_code": "370102001002", "facility_kind": "village_service_complex",
			"name": "解放桥社区综合服务中心", "area_m2": "1000.5", "operating": "yes", "src_system": "county_ledger", "src_tier": "X",
			"kafka_topic": "in.county_ledger.facility", "kafka_offset": strconv.Itoa(i), "version": "1", "place": "370102/facility_20251231.csv:" + strconv.Itoa(i)}
	}
	rec := claims(b, memory.DefaultAllocator, c.Entity("facility"), rows)
	defer rec.Release()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if err := w.Load(b.Context(), Load{fmt.Sprint("bench", i), "std.facility", rec}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n*i)/b.Elapsed().Seconds(), "rows/s")
}

// What it costs that deliveries fold into the first one instead of replacing it:
// the engine's CPU for a million claims about as many facilities, delivered twice,
// for both kinds of table. What reading the source takes is taken off.
func BenchmarkDeliveries(b *testing.B) {
	c, w := migrated(b)
	const n, block = 1_000_000, 50_000
	exec(b, w, fmt.Sprintf(`CREATE OR REPLACE TABLE std.bench_source ENGINE = MergeTree ORDER BY kafka_offset AS
SELECT concat('village_service_complex:', leftPad(toString(number * 7919 %% %[1]d), 12, '0')) AS facility_id, toFixedString(leftPad(toString(370000000000 + number %% 62074), 12, '0'), 12) AS division_code,
  'village_service_complex' AS facility_kind, concat('解放路社区综合服务中心', toString(number %% 1000)) AS name, if(number %% 7 = 1, NULL, 'built_urban') AS site_type,
  if(number %% 11 = 1, NULL, toDecimal64(100 + number %% 900, 4)) AS area_m2, toDecimal64(50 + number %% 40, 4) AS direct_service_area_m2, toDate32('2015-06-01') + number %% 365 AS opened_on,
  if(number %% 3 = 0, 'yes', 'no') AS operating, ['a', 'b'] AS service_codes, 'county_ledger' AS src_system, 'X' AS src_tier, '370102000000' AS src_division, toString(number * 7919 %% %[1]d) AS src_record_id,
  toDateTime64('2025-01-01 00:00:00', 3, 'Asia/Shanghai') AS event_time, toUInt64(1735660800000) AS version, number AS kafka_offset, number %% 4 AS kafka_partition, 'in.county_ledger.facility' AS kafka_topic,
  concat('out/facility_20250101.csv:', toString(number)) AS place
FROM numbers(%[1]d)`, n))
	e := c.Entity("facility")
	folding := stdTable(e)
	folding.name = "bench_folding"
	replacing := &object{db: dbStd, name: "bench_replacing", engine: "ReplacingMergeTree(kafka_offset)", order: append(slices.Clone(e.Key), "src_system", "version"), dedup: true, blocks: true}
	for _, col := range schemas.StdColumns(e) {
		replacing.columns = append(replacing.columns, columnFor(col))
	}
	names := strs(b, w, "SELECT name FROM system.columns WHERE database = 'std' AND table = 'bench_source' ORDER BY position")
	cost := func(do func()) float64 {
		before := engineCPU(b, w)
		do()
		return engineCPU(b, w) - before
	}
	deliver := func(into string, day int) {
		for from := 0; from < n; from += block {
			exec(b, w, fmt.Sprintf("%s SELECT %s, toDateTime64('2025-01-01 00:00:00', 3, 'UTC') + %d * 86400, kafka_offset + %d FROM std.bench_source WHERE kafka_offset >= %d AND kafka_offset < %d%s",
				into, idents(slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s == "kafka_offset" })), day, day*n, from, from+block, map[bool]string{true: " FORMAT Null"}[into == ""]))
		}
	}
	reading := 2 * cost(func() { deliver("", 0) })
	for _, o := range []*object{replacing, folding} {
		b.Run(o.engine, func(b *testing.B) {
			table := o.full()
			f := &fuser{c: c, e: e, sources: []string{"county_ledger"}, from: table}
			fuse, asOf := f.latest(), strings.ReplaceAll(claimsAsKnown(e, "now64(3)", "", "1"), "std.facility", table)
			f.from = "(" + asOf + ")"
			asOf = f.latest()
			if o == replacing {
				fuse = strings.ReplaceAll(fuse, deliveryColumn, "kafka_offset")
				asOf = strings.Replace(fuse, "WHERE", "WHERE arrived_at <= now64(3) AND", 1)
			}
			for b.Loop() {
				exec(b, w, "DROP TABLE IF EXISTS "+table+" SYNC")
				exec(b, w, o.ddl(o.name))
				insert := cost(func() {
					for day := range 2 {
						deliver(fmt.Sprintf("INSERT INTO %s (%s, arrived_at, kafka_offset)", table, idents(slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s == "kafka_offset" }))), day)
					}
				})
				b.ReportMetric((insert-reading)/2, "insert-cpu-s/million")
				b.ReportMetric(cost(func() { exec(b, w, "OPTIMIZE TABLE "+table+" FINAL") })/2, "last-merge-cpu-s/million")
				b.ReportMetric(cost(func() { exec(b, w, "SELECT * FROM "+table+" FINAL FORMAT Null") }), "final-cpu-s/million")
				b.ReportMetric(cost(func() { exec(b, w, fuse+" FORMAT Null") }), "fuse-cpu-s/million")
				b.ReportMetric(cost(func() { exec(b, w, asOf+" FORMAT Null") }), "as-of-cpu-s/million")
			}
			var bytes uint64
			if err := w.QueryRow(b.Context(), "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'std' AND table = ?", []any{&bytes}, o.name); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(bytes)/n, "bytes/claim")
		})
	}
}

// The facilities of a day in one division of a province of 62,074 villages, filtered
// from all of them and asked for: the engine's CPU for each. RONGTONG_FUSE_THINGS says
// how many there are, else one a village.
func BenchmarkAsOfIn(b *testing.B) {
	_, w := migrated(b)
	exec(b, w, "TRUNCATE TABLE std.facility")
	things := 62_074
	if n, err := strconv.Atoi(os.Getenv("RONGTONG_FUSE_THINGS")); err == nil {
		things = n
	}
	for i, src := range []string{"county_ledger", "township_ledger", "village_forms"} {
		for version := range 2 {
			facilityClaims(b, w, src, things, "1", 10*i+version)
		}
	}
	exec(b, w, "OPTIMIZE TABLE std.facility FINAL")
	const then = "at = '2099-01-01', known = '2099-01-01'"
	for _, in := range [][2]string{{"county", "370000010000"}, {"township", "370000010000"}, {"village", "370000010111"}} {
		prefix := map[string]int{"county": 8, "township": 9, "village": 12}[in[0]] // these codes are numbers: a hundred in a row are about a county's
		for how, sql := range map[string]string{
			"filtered": fmt.Sprintf("SELECT * FROM dwd.facility_as_of(%s) WHERE startsWith(toString(division_code), '%s')", then, in[1][:prefix]),
			"asked":    fmt.Sprintf("SELECT * FROM dwd.facility_as_of_in(%s, division = '%s')", then, in[1]),
		} {
			b.Run(in[0]+"/"+how, func(b *testing.B) {
				before := engineCPU(b, w)
				for b.Loop() {
					exec(b, w, sql+" FORMAT Null")
				}
				b.ReportMetric(1000*(engineCPU(b, w)-before)/float64(b.N), "cpu-ms/op")
			})
		}
	}
}
