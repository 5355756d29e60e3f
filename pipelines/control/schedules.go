package control

import (
	"cmp"
	"slices"
	"time"

	"rongtong/pipelines/schedule"
	"rongtong/schemas"
)

// Slot is one time at which something runs.
type Slot struct {
	Name         string    `json:"name"`
	Kind         string    `json:"kind"` // "job" or "system"
	At           time.Time `json:"at"`
	Start        time.Time `json:"start"`         // At and the jitter
	BusinessDate string    `json:"business_date"` // of a job: the day it is about
}

// Schedules lists the next slots of jobs and systems after a time, n of each,
// in order. With a name, only those of that one. It needs no server.
func Schedules(o Options, name string, after time.Time, n int) ([]Slot, error) {
	d, err := o.load()
	if err != nil {
		return nil, err
	}
	var out []Slot
	add := func(kind, of string, rules schemas.Schedule, calendar *schemas.Calendar) error {
		if rules.Continuous || rules.Cron == "" || name != "" && name != of {
			return nil
		}
		spec, err := schedule.Compile(of, rules, calendar)
		if err != nil {
			return err
		}
		at := after
		for range n {
			slot, ok := spec.Next(at)
			if !ok {
				break
			}
			s := Slot{Name: of, Kind: kind, At: slot.At, Start: slot.Start}
			if kind == "job" {
				s.BusinessDate = slot.Business.Format(time.DateOnly)
			}
			out, at = append(out, s), slot.At
		}
		return nil
	}
	for _, j := range d.Catalog.Jobs {
		if err := add("job", j.Job, j.Every, d.Catalog.Calendar(j.Every.Calendar)); err != nil {
			return nil, err
		}
	}
	for _, s := range d.Catalog.Systems {
		if err := add("system", s.System, s.Every, s.Calendar); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out, func(a, b Slot) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}
