package warehouse

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// organisations have four sources claim organisations under two kinds of keys: a
// register and a tax office by their code, two ledgers without it. Of every ten
// in the register one ledger has six with the same telephone number, one with
// another and one without; every name stands twice in a township.
type organisations struct {
	t *testing.T
	w *Warehouse
	n int // in the register
}

// claim inserts the claims for whose number the condition holds.
func (o organisations) claim(where string, version int) {
	o.t.Helper()
	coded := "leftPad(toString(n), 18, '0')"
	phone := "concat('0531', leftPad(toString(n), 8, '0'))"
	for from := 0; from < o.n; from += 200_000 {
		for _, src := range []struct{ name, tier, key, code, phone, where string }{
			{"province_gateway", "P", coded, coded, phone, "1"},
			{"county_ledger", "X", coded, coded, "NULL", "n % 2 = 0"},
			{"township_ledger", "T", "concat('township_ledger:', toString(n))", "NULL", "multiIf(n % 10 < 6, " + phone + ", n % 10 = 6, '053100000000', NULL)", "n % 10 < 8"},
			{"county_offices", "X", "concat('county_offices:', toString(n))", "NULL", phone, "n % 10 = 9"},
		} {
			if err := o.w.Exec(o.t.Context(), fmt.Sprintf(`INSERT INTO std.organization (org_id, division_code, org_kind, uscc, name, match_name, office_phone, office_address, established_on, headcount, reg_authority,
  src_system, src_tier, src_division, event_time, version, kafka_offset)
SELECT %s, toFixedString(leftPad(toString(370102001000 + intDiv(n, 2) %% 990 * 1000), 12, '0'), 12), 'social_organization', %s, concat('社区志愿服务队', toString(intDiv(n, 2))),
  concat('社区志愿服务队', toString(intDiv(n, 2))),
  %s, concat('解放路', toString(n), '号院内二层东侧'), if(n %% 3 = 0 AND n %% 10 < 6, toDate32('2015-06-01') + n %% 365, NULL), n %% 50 + %d, '历下区民政局', %s, %s, '370102000000', toDateTime64('2025-01-01 00:00:00', 3, 'Asia/Shanghai') + %[4]d * 86400, %[4]d, n
FROM (SELECT number AS n FROM numbers(%[7]d, %[8]d) WHERE (%[9]s) AND %[10]s)`, src.key, src.code, src.phone, version, quote(src.name), quote(src.tier), from, min(200_000, o.n-from), where, src.where)); err != nil {
				o.t.Fatal(err)
			}
		}
	}
}

// keys is how many different ones claim makes.
func (o organisations) keys() (keys int64) {
	for n := range o.n {
		keys++
		if n%10 < 8 || n%10 == 9 {
			keys++
		}
	}
	return keys
}

// wrong is how many of the keys that were merged are not one organisation.
func (o organisations) wrong() uint64 {
	return count(o.t, o.w, "SELECT countIf(toUInt64OrZero(splitByChar(':', member)[-1]) != toUInt64OrZero(splitByChar(':', thing)[-1])) FROM ads.identity_match WHERE entity = 'organization'")
}

// spent is what the engine used for something.
type spent struct {
	cpu       float64 // seconds of user and system
	statement float64 // MB that the greediest statement held
	engine    float64 // MB that the engine held, as far as looked
}

func (s spent) String() string {
	return fmt.Sprintf("%.1f CPU-s, the greediest statement %.0f MB, the engine %.0f MB", s.cpu, s.statement, s.engine)
}

// spend measures what the engine uses for something.
func spend(t *testing.T, w *Warehouse, measuring bool, run func()) spent {
	t.Helper()
	cpu := func() float64 {
		return float64(count(t, w, "SELECT sum(value) FROM system.events WHERE event IN ('UserTimeMicroseconds', 'SystemTimeMicroseconds')")) / 1e6
	}
	since := count(t, w, "SELECT toUInt64(toUnixTimestamp64Micro(now64(6)))")
	var s spent
	stop := func() uint64 { return 0 }
	if measuring {
		untilMerged(t, w) // what was inserted before is not its work
	}
	before := cpu()
	if measuring {
		stop = watchMemory(t, w)
	}
	run()
	if measuring {
		untilMerged(t, w)
	}
	s.engine, s.cpu = float64(stop())/1e6, cpu()-before
	if err := w.Exec(t.Context(), "SYSTEM FLUSH LOGS"); err != nil {
		t.Fatal(err)
	}
	if measuring {
		t.Log("statements by CPU:\n" + lines(strs(t, w, fmt.Sprintf(statementsSince, since))))
	}
	s.statement = float64(count(t, w, fmt.Sprintf("SELECT max(memory_usage) FROM system.query_log WHERE type != 'QueryStart' AND event_time_microseconds >= fromUnixTimestamp64Micro(toInt64(%d)) AND query LIKE 'INSERT INTO %%'", since))) / 1e6
	return s
}

// statementsSince lists what the engine was told since an instant, by the CPU that
// it took: statements that differ in their literals alone are one line.
const statementsSince = `SELECT concat(leftPad(toString(round(sum(cpu) / 1e6, 2)), 8), ' CPU-s ', leftPad(toString(count()), 5), ' times ', leftPad(toString(intDiv(max(memory_usage), 1000000)), 4), ' MB ',
  leftPad(toString(sum(read_rows)), 10), ' rows ', leftPad(toString(intDiv(sum(read_bytes), 1000000)), 6), ' MB read ', leftPad(toString(sum(written_rows)), 9), ' rows ', leftPad(toString(intDiv(sum(written_bytes), 1000000)), 6), ' MB written  ',
  replaceRegexpAll(substring(any(query), 1, 110), '\\s+', ' '))
FROM (SELECT *, ProfileEvents['UserTimeMicroseconds'] + ProfileEvents['SystemTimeMicroseconds'] AS cpu FROM system.query_log WHERE type != 'QueryStart' AND event_time_microseconds >= fromUnixTimestamp64Micro(toInt64(%d)) AND query NOT LIKE '%%system.m%%')
GROUP BY normalized_query_hash ORDER BY sum(cpu) DESC LIMIT 12`

// untilMerged waits until the engine merges nothing any more.
func untilMerged(t *testing.T, w *Warehouse) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for quiet := 0; quiet < 10; quiet++ {
		<-tick.C
		if count(t, w, "SELECT count() FROM system.merges") > 0 {
			quiet = 0
		}
	}
}

// watchMemory looks at what the engine holds until it is stopped, and says the most
// that it saw.
func watchMemory(t *testing.T, w *Warehouse) (stop func() uint64) {
	done, looked := make(chan struct{}), make(chan uint64)
	tick := time.NewTicker(250 * time.Millisecond)
	go func() {
		defer tick.Stop()
		var most uint64
		for {
			select {
			case <-done:
				looked <- most
				return
			case <-tick.C:
				var now uint64
				if w.QueryRow(t.Context(), "SELECT toUInt64(greatest(value, 0)) FROM system.metrics WHERE metric = 'MemoryTracking'", []any{&now}) == nil {
					most = max(most, now)
				}
			}
		}
	}()
	return func() uint64 { close(done); return <-looked }
}

// Four sources' claims about organisations are recognised and fused within memory
// that depends neither on how many there are nor on how wide they are, without a
// wrong merge; one in a hundred claimed anew costs a small part of everything, and
// gives the rows of a rebuild. RONGTONG_IDENTITY_KEYS=2000000 measures a province's
// worth.
func TestIdentityAtScale(t *testing.T) {
	keys, measuring := 40_000, false
	if n, err := strconv.Atoi(os.Getenv("RONGTONG_IDENTITY_KEYS")); err == nil {
		keys, measuring = n, true
	}
	c := shippedCatalog(t)
	w := engine(t, c)
	o := organisations{t, w, keys * 10 / 19}
	o.claim("1", 1)
	cost := map[string]spent{}
	fuse := func(what string, rebuilt bool) (r FuseResult) {
		t.Helper()
		cost[what] = spend(t, w, measuring, func() {
			var err error
			if r, err = w.Fuse(t.Context(), c, "organization"); err != nil {
				t.Fatal(err)
			}
		})
		if held := cost[what].statement; held > mostHeld {
			t.Errorf("%s: a statement holds %.0f MB, %d are allowed", what, held, mostHeld)
		}
		if r.Rebuilt != rebuilt {
			t.Errorf("%s: rebuilt is %v, want %v", what, r.Rebuilt, rebuilt)
		}
		if measuring {
			t.Logf("%s: %d claims, %d things, %d keys fused anew: %s; %.0f claims per CPU-s", what, r.Claims, r.Things, r.Changed, cost[what], float64(r.Claims)/cost[what].cpu)
		}
		return r
	}
	if keys <= 500_000 { // what recognising costs
		e := c.Entity("organization")
		id := e.Identity
		defer func() { e.Identity = id }() // the catalogue is shared
		e.Identity = nil
		if r := fuse("every key by itself", true); r.Things != o.keys() {
			t.Errorf("%d things, want %d", r.Things, o.keys())
		}
		e.Identity = id
	}
	all := fuse("recognised", true)
	merged := o.keys() - all.Things
	if want := int64(o.n) * 7 / 10; merged < want-10 || merged > want+10 {
		t.Errorf("%d keys became another's, want %d", merged, want)
	}
	if n := o.wrong(); n > 0 {
		t.Errorf("%d keys became another organisation's", n)
	}
	if !measuring { // what changed takes several statements, and comes in place together
		bytes := statementBytes
		defer func() { statementBytes = bytes }()
		statementBytes = 1_000_000
	}
	o.claim("cityHash64(n) % 100 = 0", 2)
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
		t.Logf("recognising costs %.2f times fusing alone (infinite: not looked at), and one in a hundred %.1f %% of everything; %d keys recognised, %d wrongly, %d pairs to review", cost["recognised"].cpu/cost["every key by itself"].cpu-1,
			100*cost["one in a hundred"].cpu/cost["everything again"].cpu, merged, o.wrong(), count(t, w, "SELECT count() FROM ads.identity_review"))
	}
}

// mostHeld is how many MB a statement may hold, whatever it fuses.
const mostHeld = 230

// Slices bound what a statement holds: with one slice for everything, as for few
// and narrow things, it holds more already at the size of a county.
func TestFusionMemory(t *testing.T) {
	c := shippedCatalog(t)
	w := engine(t, c)
	organisations{t, w, 30_000}.claim("1", 1)
	e := c.Entity("organization")
	id, bytes := e.Identity, statementBytes
	defer func() { e.Identity, statementBytes = id, bytes }()
	e.Identity = nil
	held := func() float64 {
		t.Helper()
		if err := w.Exec(t.Context(), "TRUNCATE TABLE ops.fuse"); err != nil {
			t.Fatal(err)
		}
		return spend(t, w, false, func() {
			if _, err := w.Fuse(t.Context(), c, "organization"); err != nil {
				t.Fatal(err)
			}
		}).statement
	}
	mb := held()
	t.Logf("a statement holds %.0f MB", mb)
	if mb > mostHeld {
		t.Errorf("a statement holds %.0f MB, %d are allowed", mb, mostHeld)
	}
	statementBytes = 1 << 40
	mb = held()
	t.Logf("in one slice, %.0f MB", mb)
	if mb <= mostHeld {
		t.Errorf("in one slice a statement holds %.0f MB: the test shows nothing", mb)
	}
}
