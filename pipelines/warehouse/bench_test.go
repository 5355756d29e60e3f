package warehouse

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/deploy/embedded/embeddedtest"
)

// Fusion of the two largest entities of the province, at full size:
//
//	grid_event  1.5 M claims of one source, fusion by row
//	stat_fact   1.1 M claims of three sources, fusion by field
func BenchmarkFuse(b *testing.B) {
	c, err := shipped()
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	w, err := Open(ctx, embeddedtest.Warehouse(b))
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	steps, err := w.Plan(ctx, c)
	if err == nil {
		err = w.Migrate(ctx, steps)
	}
	if err != nil {
		b.Fatal(err)
	}
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
	var us uint64
	err := w.QueryRow(b.Context(), "SELECT sum(value) FROM system.events WHERE event IN ('UserTimeMicroseconds', 'SystemTimeMicroseconds')", []any{&us})
	if err != nil {
		b.Fatal(err)
	}
	return float64(us) / 1e6
}

func exec(b *testing.B, w *Warehouse, sql string) {
	b.Helper()
	if err := w.Exec(b.Context(), sql); err != nil {
		b.Fatal(err)
	}
}

// One load of the size that the loader makes.
func BenchmarkLoad(b *testing.B) {
	c, err := shipped()
	if err != nil {
		b.Fatal(err)
	}
	w, err := Open(b.Context(), embeddedtest.Warehouse(b))
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	steps, err := w.Plan(b.Context(), c)
	if err == nil {
		err = w.Migrate(b.Context(), steps)
	}
	if err != nil {
		b.Fatal(err)
	}
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
