package world

import "iter"

// Fused yields the fused rows of one entity, of one county (six digits) or of
// all for the empty county. It makes them anew: nothing of it is kept.
func (w *World) Fused(entity, county string) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		stop := false
		t := w.newTally()
		t.each = func(r Row) {
			if !stop && r.Entity == entity && (county == "" || r.County == county) && !yield(r) {
				stop = true
			}
		}
		switch entity {
		case "division", "division_change":
			t.register()
			return
		case "grid_event":
			for i := 0; i < w.Events() && !stop; i++ {
				t.event(i)
			}
			return
		case "facility", "stat_fact", "programme_status":
			t.gateway()
			t.reports()
		}
		for c := range w.counties {
			if !stop && (county == "" || w.CountyCode(c) == county) {
				t.county(c)
			}
		}
	}
}
