package warehouse

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rongtong/schemas"
)

// Every indicator for every division of the register over five years of months,
// one day's changes of one thing in a hundred, and the questions that analysts
// click through. RONGTONG_FIGURES_THINGS=62000 measures a province's worth, 49
// entities of as many things each; the test itself takes a city or two.
func TestFiguresAtScale(t *testing.T) {
	things, measuring, cities := 400, false, []string{"3705"}
	if n, err := strconv.Atoi(os.Getenv("RONGTONG_FIGURES_THINGS")); err == nil {
		things, measuring, cities = n, true, []string{"37"}
	}
	c := *shippedCatalog(t)
	w := engine(t, &c)
	settle(t, w, &c, cities...)
	if !measuring {
		c.Indicators = c.Indicators[:12]
	}
	monthly(&c)
	k := claimer{c: &c, divisions: "(SELECT groupArray(division_code) FROM (SELECT division_code FROM dwd.division WHERE level = 'village' ORDER BY division_code))", things: things}
	claim := func(what string, k claimer, version int, where, of string) {
		t.Helper()
		began := time.Now()
		for _, e := range c.Entities {
			if e.Entity == divisionEntity || !measuring && !readBy(&c, e.Entity) || of != "" && of != e.Entity {
				continue
			}
			if err := w.Exec(t.Context(), k.sql(e, version, where, "0")); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Fuse(t.Context(), &c, e.Entity); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%s: claimed and fused in %v", what, time.Since(began).Round(time.Millisecond))
	}
	compute := func(what string) Refreshed {
		t.Helper()
		began, server, own := time.Now(), serverCPU(t, w), ownCPU()
		did := bringUp(t, w, &c, what, c.Indicators...)
		t.Logf("%s: %v, %.1f s of the server's CPU and %.1f s of this process's: %s", what, time.Since(began).Round(time.Millisecond), serverCPU(t, w)-server, ownCPU()-own, did)
		if measuring {
			greediest(t, w, began)
		}
		return did
	}
	part := func(what string) {
		t.Helper()
		if did := compute(what); did.Partial == 0 {
			t.Errorf("%s: nothing was computed in part: %s", what, did)
		}
	}
	claim("everything", k, 2, "1", "")
	compute("all figures")
	claim("one thing in a hundred", k, 3, "cityHash64(number) % 100 = 0", "")
	part("after one day's changes")
	one := "facility"
	if !measuring {
		one = c.Indicators[0].Reads[0] // the divisions come last
	}
	claim("one thing in a hundred of one entity", k, 4, "cityHash64(number) % 100 = 1", one)
	part("after one entity's changes")

	// One county: as many things of all entities together as there are of one, all new
	// and then all changed.
	county := k
	county.from, county.things = things, things/48
	county.divisions = "(SELECT groupArray(division_code) FROM (SELECT division_code FROM dwd.division WHERE level = 'village' AND startsWith(toString(division_code), '370502') ORDER BY division_code))"
	claim("one county's things", county, 4, "1", "")
	part("after one county's new things")
	claim("all of one county", county, 5, "1", "")
	part("after one county changed whole")
	if did := compute("nothing changed"); did.Full+did.Partial > 0 {
		t.Errorf("nothing changed: %s", did)
	}
	t.Logf("stored: %s", strs(t, w, "SELECT concat(toString(count()), ' figures, ', formatReadableSize((SELECT sum(bytes_on_disk) FROM system.parts WHERE database = 'ads' AND table = 'indicator_point' AND active))) FROM ads.indicator_point")[0])
	if _, _, err := w.Remap(t.Context(), &c); err != nil {
		t.Fatal(err)
	}
	clicks(t, w, &c, measuring)
}

// greediest says which statements took most of the server's CPU since a time, alike
// ones together, and how many there were at all.
func greediest(t *testing.T, w *Warehouse, since time.Time) {
	t.Helper()
	if err := w.Exec(t.Context(), "SYSTEM FLUSH LOGS"); err != nil {
		t.Fatal(err)
	}
	finished := fmt.Sprintf("system.query_log WHERE type = 'QueryFinish' AND event_time_microseconds >= fromUnixTimestamp64Micro(toInt64(%d))", since.UnixMicro())
	for _, line := range strs(t, w, "SELECT format('  {} statements, {} ms of CPU', toString(count()), toString(round(sum(ProfileEvents['OSCPUVirtualTimeMicroseconds']) / 1000))) FROM "+finished+
		" UNION ALL SELECT * FROM (SELECT format('  {} ms in {}, {} rows read: {}', toString(round(sum(ProfileEvents['OSCPUVirtualTimeMicroseconds']) / 1000)), toString(count()), toString(sum(read_rows)), replaceRegexpAll(substring(any(query), 1, 160), '\\s+', ' ')) FROM "+finished+
		" GROUP BY substring(query, 1, 30) ORDER BY sum(ProfileEvents['OSCPUVirtualTimeMicroseconds']) DESC LIMIT 15)") {
		t.Log(line)
	}
}

// monthly gives every indicator sixty months, whatever it declares.
func monthly(c *schemas.Catalog) {
	inds := make([]*schemas.Indicator, len(c.Indicators))
	for i, ind := range c.Indicators {
		x := *ind
		x.Periods = schemas.Periods{Every: "month", Window: ind.Periods.Window, From: "2021-01", Until: "2025-12"}
		if ind.Periods.Every == "year" {
			x.Periods.Window = "year"
		}
		inds[i] = &x
	}
	c.Indicators = inds
}

func readBy(c *schemas.Catalog, entity string) bool {
	return slices.ContainsFunc(c.Indicators, func(i *schemas.Indicator) bool { return slices.Contains(i.Reads, entity) })
}

// serverCPU is the CPU time that the server's queries have taken, in seconds.
func serverCPU(t *testing.T, w *Warehouse) float64 {
	t.Helper()
	return float64(count(t, w, "SELECT sum(value) FROM system.events WHERE event = 'OSCPUVirtualTimeMicroseconds'")) / 1e6
}

// ownCPU is the CPU time of this process, in seconds.
func ownCPU() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// clicks asks every view for divisions of every tier, and says how long the
// answers take.
func clicks(t *testing.T, w *Warehouse, c *schemas.Catalog, measuring bool) {
	t.Helper()
	n := 1
	if measuring {
		n = 8
	}
	places := strs(t, w, "SELECT concat(toString(level), ' ', toString(division_code)) FROM (SELECT level, division_code, row_number() OVER (PARTITION BY level ORDER BY cityHash64(division_code)) AS r FROM dwd.division WHERE kind = 'civil') WHERE r <= 10 ORDER BY r, level")
	var all []click
	for _, view := range []struct{ name, args, upper string }{
		{"indicator_children", "indicator = '%s', division = '%s', period = '2025-06'", "province city county township"},
		{"indicator_children_as_known", "indicator = '%s', division = '%s', period = '2025-06', known = '2099-12-31'", "province city county township"},
		{"indicator_trend", "indicator = '%s', division = '%s'", ""},
		{"indicator_trend_as_known", "indicator = '%s', division = '%s', known = '2099-12-31'", ""},
		{"indicator_peers", "indicator = '%s', division = '%s', period = '2025-06'", ""},
		{"division_profile", "division = '%[2]s', day = '2025-06-30'", ""},
		{"indicator_under", "indicator = '%s', period = '2021-06', under = '2026-11-26'%.0[2]s", "province"},
		{"indicator_trend_under", "indicator = '%s', division = '%s', under = '2026-11-26'", "city county"},
	} {
		x := click{view: "ads." + view.name}
		for i, p := range places {
			level, code, _ := strings.Cut(p, " ")
			if view.upper != "" && !strings.Contains(view.upper, level) {
				continue
			}
			for j := range n {
				ind := c.Indicators[(i*7+j*13)%len(c.Indicators)]
				sql := "SELECT * FROM ads." + view.name + "(" + fmt.Sprintf(view.args, ind.Indicator, code) + ")"
				if strings.Contains(sql, "%!(EXTRA") {
					sql = sql[:strings.Index(sql, "%!(EXTRA")] + ")"
				}
				x.asks = append(x.asks, sql)
			}
			if !measuring && i > 4 {
				break
			}
		}
		all = append(all, x)
	}
	measure(t, w, 1, all)
}

// fetchAll reads an answer to its end and counts its rows.
func fetchAll(ctx context.Context, w *Warehouse, sql string) (n uint64, err error) {
	rows, err := w.Query(ctx, sql)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		n++
	}
	return n, rows.Err()
}

// What an indicator was is told for any day, and as any day knew it: a correction
// of what was true changes the answer from when it arrived.
func TestFigureAt(t *testing.T) {
	c := shippedCatalog(t)
	w := engine(t, c)
	settle(t, w, c)
	if err := w.paths(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	sources := feeders(c, c.Entity("facility"))
	if len(sources) == 0 {
		t.Fatal("nothing feeds facility")
	}
	claim := func(version int, area, happened, arrived string) {
		t.Helper()
		err := w.Exec(t.Context(), fmt.Sprintf(`INSERT INTO std.facility (facility_id, division_code, facility_kind, name, area_m2, src_system, src_tier, event_time, arrived_at, version)
SELECT 'c', '370102001000', 'township_service_centre', '中心', %s, %s, 'X', toDateTime64('%s', 3, 'Asia/Shanghai'), toDateTime64('%s', 3, 'UTC'), %d`, area, quote(sources[0]), happened, arrived, version))
		if err != nil {
			t.Fatal(err)
		}
	}
	claim(1, "900", "2025-01-10 00:00:00", "2025-01-11 00:00:00")
	claim(2, "1100", "2025-05-01 00:00:00", "2025-07-01 00:00:00") // told two months late
	at := func(day, known string) string {
		t.Helper()
		d, err := time.ParseInLocation(time.DateOnly, day, beijing)
		if err != nil {
			t.Fatal(err)
		}
		k, err := time.ParseInLocation(time.DateOnly, known, beijing)
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.FigureAt(t.Context(), c, c.Indicator("I-13-10"), "370102001000", d, k, false)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 {
			t.Fatalf("%s as known on %s: %+v", day, known, got)
		}
		return got[0].Numerator + "/" + got[0].Denominator
	}
	for _, x := range []struct{ day, known, want string }{
		{"2025-03-01", "2025-08-01", "0/1"},
		{"2025-06-01", "2025-08-01", "1/1"},
		{"2025-06-01", "2025-06-15", "0/1"},
		{"2025-01-01", "2025-08-01", "0/0"}, // before there was a centre: missing
	} {
		if got := at(x.day, x.known); got != x.want {
			t.Errorf("on %s as known on %s: %s, want %s", x.day, x.known, got, x.want)
		}
	}
}
