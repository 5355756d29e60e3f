package warehouse

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/schemas"
)

// goneWorld is the small province with claims about facilities that a system
// supplied in 2001 and changed in 2002, and two indicators: facilities by village,
// and the systems that supplied a village with anything.
type goneWorld struct {
	t    *testing.T
	c    *schemas.Catalog
	w    *Warehouse
	inds []*schemas.Indicator
}

func newGoneWorld(t *testing.T) *goneWorld {
	c, w := province(t)
	ind := func(name, read, unit string) *schemas.Indicator {
		return &schemas.Indicator{Indicator: name, Scale: 1, ComputedAt: "V", PublishedAt: []string{"P", "V"}, Periods: yearly, Register: "nbs", Reads: []string{read}, Reach: map[string]schemas.Reach{read: {Unit: unit}},
			SQL: fmt.Sprintf("SELECT %s AS division_code, arrayMap(d -> 1, @days) AS numerator, numerator AS denominator, numerator AS counted FROM dwd.%s", unit, read)}
	}
	cc := *c
	inds := []*schemas.Indicator{ind("I-T-31", "facility", "division_code"), ind("I-T-32", "up_feed", "src_division")}
	cc.Indicators = append(slices.Clone(c.Indicators), inds...)
	return &goneWorld{t, &cc, w, inds}
}

// claim: facility f stands at a village, which the system of that village says.
func (x *goneWorld) claim(village, version, at string) {
	x.t.Helper()
	e := *x.c.Entity("facility")
	rec := claims(x.t, memory.DefaultAllocator, &e, []map[string]string{{"facility_id": "f", "division_code": village, "facility_kind": "clinic", "name": "f", "src_system": "county_ledger", "src_tier": "X",
		"src_division": village, "version": version, "event_time": at, "kafka_topic": "in.s.st"}})
	defer rec.Release()
	if err := x.w.Load(x.t.Context(), Load{"f/" + version, "std.facility", rec}); err != nil {
		x.t.Fatal(err)
	}
	if _, err := x.w.Fuse(x.t.Context(), x.c, "facility"); err != nil {
		x.t.Fatal(err)
	}
}

// retain removes what was superseded before 2016.
func (x *goneWorld) retain() {
	x.t.Helper()
	e := *x.c.Entity("facility")
	e.Retention = "P10Y"
	n, err := x.w.Retain(x.t.Context(), &e, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil || n != 1 {
		x.t.Fatalf("retention removed %d claims, %v; want 1", n, err)
	}
}

// want compares the villages that have figures.
func (x *goneWorld) want(what, facilities, feeds string) {
	x.t.Helper()
	did := bringUp(x.t, x.w, x.c, what, x.inds...)
	for i, want := range []string{facilities, feeds} {
		got := lines(strs(x.t, x.w, fmt.Sprintf("SELECT toString(division_code) FROM ads.indicator_value WHERE indicator = '%s' AND tier = 'V' AND numerator > 0 ORDER BY division_code", x.inds[i].Indicator)))
		if got != want {
			x.t.Errorf("%s: %s: %s has figures of\n%s\nwant\n%s", what, did, x.inds[i].Indicator, got, want)
		}
	}
}

const village1, village2, village3 = "370102001001", "370102001002", "370103001001"

// What retention removes is no longer summed: figures over claims are due. Figures
// over rows stand, for retention removes no row; but where rows changed, too, the
// claim that said where a thing was before may be gone, so everything is computed.
func TestRetentionMakesDue(t *testing.T) {
	x := newGoneWorld(t)
	x.claim(village1, "1", "2001-01-01T00:00:00Z")
	x.want("at first", village1, village1)
	x.claim(village2, "2", "2002-01-01T00:00:00Z")
	x.want("changed", village2, village1+"\n"+village2)
	x.retain()
	x.want("retained", village2, village2)
	did := bringUp(t, x.w, x.c, "nothing", x.inds...)
	if did.Unchanged != 2 {
		t.Errorf("after retention was seen: %s", did)
	}
	// What was said before is removed before it is seen that the thing moved.
	x.claim(village3, "3", "2003-01-01T00:00:00Z")
	x.retain()
	x.want("moved and retained", village3, village3)
	// Without another retention it goes in part again.
	x.claim(village1, "4", "2025-01-01T00:00:00Z")
	if did := bringUp(t, x.w, x.c, "moved", x.inds...); did.Partial != 2 {
		t.Errorf("after that: %s", did)
	}
	x.want("moved", village1, village1+"\n"+village3)
}

// An entity that is no longer declared is in no sum any more, and what the views
// over claims say is part of what figures are made from.
func TestEntityNoLongerDeclared(t *testing.T) {
	x := newGoneWorld(t)
	x.claim(village1, "1", "2001-01-01T00:00:00Z")
	x.inds[0] = x.c.Indicator("I-07-02")
	figure := func() string {
		t.Helper()
		bringUp(t, x.w, x.c, "r", x.inds...)
		return lines(strs(t, x.w, "SELECT concat(toString(numerator), '/', toString(denominator)) FROM ads.indicator_value WHERE indicator = 'I-07-02' AND as_of = '2025-12-31' AND tier = 'P'"))
	}
	before := figure()
	theme := x.c.Entity("facility").Theme
	x.c.Entities = slices.DeleteFunc(slices.Clone(x.c.Entities), func(e *schemas.Entity) bool { return e.Theme == theme && e.Entity != divisionEntity })
	x.c.Indicators = x.inds
	steps, err := x.w.Plan(t.Context(), x.c)
	if err == nil {
		err = x.w.Migrate(t.Context(), steps)
	}
	if err != nil {
		t.Fatal(err)
	}
	after := figure()
	if before == "" || after == before {
		t.Errorf("themes that are loaded: %s before, %s without theme %q", before, after, theme)
	}
	if got := strs(t, x.w, "SELECT toString(division_code) FROM ads.indicator_value WHERE indicator = 'I-T-32' AND numerator > 0"); len(got) > 0 {
		t.Errorf("there are still figures of %s", lines(got))
	}
}
