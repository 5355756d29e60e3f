package warehouse

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// Five sources with three claims a thing between them; one in a hundred things
// is claimed anew. RONGTONG_FUSE_THINGS=10000000 measures a province's worth.
func TestFuseAtScale(t *testing.T) {
	things, measuring := 60_000, false
	if n, err := strconv.Atoi(os.Getenv("RONGTONG_FUSE_THINGS")); err == nil {
		things, measuring = n, true
	}
	c := shippedCatalog(t)
	w := engine(t, c)
	for i, src := range []string{"county_ledger", "township_ledger", "village_forms", "province_gateway", "city_operations"} {
		// Source i claims every thing whose number mod 5 is i, i+1 or i+2.
		facilityClaims(t, w, src, things, fmt.Sprintf("(n + 5 - %d) %% 5 < 3", i), 1)
	}
	cost := map[string]spent{}
	fuse := func(what string, rebuilt bool) FuseResult {
		t.Helper()
		var r FuseResult
		cost[what] = spend(t, w, measuring, func() {
			var err error
			if r, err = w.Fuse(t.Context(), c, "facility"); err != nil {
				t.Fatal(err)
			}
		})
		if held := cost[what].statement; held > mostHeld {
			t.Errorf("%s: a statement holds %.0f MB, %d are allowed", what, held, mostHeld)
		}
		if r.Rebuilt != rebuilt || r.Things != int64(things) {
			t.Errorf("%s: rebuilt is %v, want %v; %d things of %d", what, r.Rebuilt, rebuilt, r.Things, things)
		}
		if measuring {
			t.Logf("%s: %d claims, %d of %d things fused in %v: %.0f claims/s, %.0f per CPU-s; %s", what, r.Claims, r.Changed, r.Things, r.Took.Round(time.Millisecond), float64(r.Claims)/r.Took.Seconds(), float64(r.Claims)/cost[what].cpu, cost[what])
		}
		return r
	}
	fuse("everything", true)
	facilityClaims(t, w, "village_forms", things, "cityHash64(n) % 100 = 0", 2)
	few := fuse("one in a hundred", false)
	if share := float64(few.Changed) / float64(things); share < 0.005 || share > 0.02 {
		t.Errorf("fused %d things again, of %d", few.Changed, things)
	}
	got := strs(t, w, facilitySum)
	if err := w.Exec(t.Context(), "TRUNCATE TABLE ops.fuse"); err != nil {
		t.Fatal(err)
	}
	fuse("everything again", true)
	if want := strs(t, w, facilitySum); want[0] != got[0] {
		t.Errorf("fusing what changed gives %s, a rebuild %s", got, want)
	}
	if measuring {
		t.Logf("one in a hundred costs %.1f %% of a rebuild", 100*cost["one in a hundred"].cpu/cost["everything again"].cpu)
	}
}

const facilitySum = "SELECT concat(toString(count()), ' ', toString(sum(cityHash64(toString(tuple(*)))))) FROM dwd.facility"

// facilityClaims has a source claim the things n for which the condition holds,
// a million numbers at a time.
func facilityClaims(t testing.TB, w *Warehouse, src string, things int, where string, version int) {
	t.Helper()
	for from := 0; from < things; from += 1_000_000 {
		n := min(1_000_000, things-from)
		err := w.Exec(t.Context(), fmt.Sprintf(`INSERT INTO std.facility (facility_id, division_code, facility_kind, name, site_type, area_m2, direct_service_area_m2, opened_on, operating,
  src_system, src_tier, src_division, event_time, version, kafka_offset)
SELECT concat('village_service_complex:', leftPad(toString(n), 12, '0')), toFixedString(leftPad(toString(370000000000 + n %% 62074), 12, '0'), 12), 'village_service_complex',
  concat('解放路社区综合服务中心', toString(n %% 1000)), if(n %% 7 = %[6]d, NULL, 'built_urban'), if(n %% 11 = %[6]d, NULL, toDecimal64(100 + (n + %[5]d) %% 900, 4)), toDecimal64(50 + n %% 40, 4),
  toDate32('2015-06-01') + n %% 365, if(n %% 3 = 0, 'yes', 'no'),
  %[1]s, 'X', '370102000000', toDateTime64('2025-01-01 00:00:00', 3, 'Asia/Shanghai') + %[5]d * 86400, %[5]d, n
FROM (SELECT number AS n FROM numbers(%[2]d, %[3]d) WHERE %[4]s)`, quote(src), from, n, where, version, len(src)%7))
		if err != nil {
			t.Fatal(err)
		}
	}
}
