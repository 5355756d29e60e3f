package warehouse

import (
	"fmt"
	"os"
	"strconv"
	"testing"
)

// A register with codes and a ledger without them claim organisations: of every
// ten in the register the ledger has six with the same telephone number, one
// with another and one without; every name stands twice in a township. One in a
// hundred is claimed anew. RONGTONG_IDENTITY_KEYS=2000000 measures a province's
// worth.
func TestIdentityAtScale(t *testing.T) {
	keys, measuring := 40_000, false
	if n, err := strconv.Atoi(os.Getenv("RONGTONG_IDENTITY_KEYS")); err == nil {
		keys, measuring = n, true
	}
	c := shippedCatalog(t)
	w := engine(t, c)
	coded := keys * 10 / 18
	insert := func(where string, version int) {
		t.Helper()
		for from := 0; from < coded; from += 1_000_000 {
			n := min(1_000_000, coded-from)
			for _, src := range []struct{ name, tier, key, code, phone, where string }{
				{"province_gateway", "P", "leftPad(toString(n), 18, '0')", "leftPad(toString(n), 18, '0')", "concat('0531', leftPad(toString(n), 8, '0'))", "1"},
				{"township_ledger", "T", "concat('township_ledger:', toString(n))", "NULL", "multiIf(n % 10 < 6, concat('0531', leftPad(toString(n), 8, '0')), n % 10 = 6, '053100000000', NULL)", "n % 10 < 8"},
			} {
				if err := w.Exec(t.Context(), fmt.Sprintf(`INSERT INTO std.organization (org_id, division_code, org_kind, uscc, name, match_name, office_phone, established_on, headcount,
  src_system, src_tier, src_division, event_time, version, kafka_offset)
SELECT %s, toFixedString(leftPad(toString(370102001000 + intDiv(n, 2) %% 1823 * 1000), 12, '0'), 12), 'social_organization', %s, concat('社区志愿服务队', toString(intDiv(n, 2))), concat('社区志愿服务队', toString(intDiv(n, 2))),
  %s, if(n %% 3 = 0 AND n %% 10 < 6, toDate32('2015-06-01') + n %% 365, NULL), n %% 50 + %d, %s, %s, '370102000000', toDateTime64('2025-01-01 00:00:00', 3, 'Asia/Shanghai') + %[4]d * 86400, %[4]d, n
FROM (SELECT number AS n FROM numbers(%[7]d, %[8]d) WHERE (%[9]s) AND %[10]s)`, src.key, src.code, src.phone, version, quote(src.name), quote(src.tier), from, n, where, src.where)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	insert("1", 1)
	cost := map[string]float64{} // seconds of the engine's CPU: user and system
	used := func() float64 {
		return float64(count(t, w, "SELECT sum(value) FROM system.events WHERE event IN ('UserTimeMicroseconds', 'SystemTimeMicroseconds')")) / 1e6
	}
	fuse := func(what string, rebuilt bool) FuseResult {
		t.Helper()
		before := used()
		r, err := w.Fuse(t.Context(), c, "organization")
		if err != nil {
			t.Fatal(err)
		}
		if cost[what] = used() - before; r.Rebuilt != rebuilt {
			t.Errorf("%s: rebuilt is %v, want %v", what, r.Rebuilt, rebuilt)
		}
		if measuring {
			t.Logf("%s: %d claims, %d things, %d keys fused anew, in %.1f CPU-s", what, r.Claims, r.Things, r.Changed, cost[what])
		}
		return r
	}
	e := c.Entity("organization")
	id := e.Identity
	defer func() { e.Identity = id }() // the catalogue is shared
	e.Identity = nil
	fuse("every key by itself", true)
	e.Identity = id
	all := fuse("recognised", true)
	if want := int64(keys); all.Claims > want+18 || all.Claims < want-18 {
		t.Fatalf("%d claims", all.Claims)
	}
	if merged := all.Claims - all.Things; merged < int64(coded)*59/100 || merged > int64(coded)*61/100 {
		t.Errorf("%d keys became another's, of %d things in both sources", merged, coded*6/10)
	}
	insert("cityHash64(n) % 100 = 0", 2)
	fuse("one in a hundred", false)
	const sum = "SELECT concat(toString(count()), ' ', toString(sum(cityHash64(toString(tuple(*)))))) FROM dwd.organization"
	got := strs(t, w, sum)
	if err := w.Exec(t.Context(), "TRUNCATE TABLE ops.fuse"); err != nil {
		t.Fatal(err)
	}
	fuse("everything again", true)
	if want := strs(t, w, sum); want[0] != got[0] {
		t.Errorf("fusing what changed gives %s, a rebuild %s", got, want)
	}
	if measuring {
		t.Logf("recognising costs %.2f times fusing alone, and one in a hundred %.1f %% of everything; %d pairs to review", cost["recognised"]/cost["every key by itself"]-1,
			100*cost["one in a hundred"]/cost["everything again"], count(t, w, "SELECT count() FROM ads.identity_review"))
	}
}
