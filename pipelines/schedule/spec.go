package schedule

import (
	"cmp"
	"hash/fnv"
	"math/bits"
	"time"

	"github.com/robfig/cron/v3"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// Spec is a compiled schedule: which times a job has, and what each is about.
// It is immutable and safe for concurrent use.
type Spec struct {
	job    string
	rules  schemas.Schedule
	zone   *time.Location
	days   *schemas.Calendar
	every  time.Duration      // of "@every", else 0
	cron   *cron.SpecSchedule // of everything else
	daily  bool               // names hours of the day: told by the clock on the wall
	waits  bool               // its slots wait for something
	sensed bool               // sensors start it
	wait   time.Duration      // for so long at most
	uses   []string
}

// longWait is how long a slot waits for what its job comes after, if nothing is
// declared.
const longWait = 6 * time.Hour

// CompileJob makes a spec of a job. One that only sensors start has no slots of
// its own.
func CompileJob(j *schemas.Job, calendar *schemas.Calendar) (*Spec, error) {
	s := &Spec{job: j.Job, rules: j.Every}
	if j.Every.Cron != "" {
		var err error
		if s, err = Compile(j.Job, j.Every, calendar); err != nil {
			return nil, err
		}
	}
	s.waits, s.sensed, s.wait, s.uses = len(j.After) > 0, len(j.When) > 0, cmp.Or(j.Wait, longWait), j.Uses
	return s, nil
}

// Business is the date that a run at some time is about, at midnight UTC.
func (s *Spec) Business(at time.Time) time.Time {
	if s.zone == nil {
		at = at.In(Shanghai)
		return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC).AddDate(0, 0, -1)
	}
	return s.slot(at).Business
}

// Shanghai is where a day begins and ends when nothing else says so.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

// EndOf is when a business date is over, where the job's days are.
func (s *Spec) EndOf(day time.Time) time.Time {
	zone := s.zone
	if zone == nil {
		zone = Shanghai
	}
	return time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, zone)
}

// Waits tells whether the job comes after something.
func (s *Spec) Waits() bool { return s.waits }

// Patience is for how long its slots wait for it.
func (s *Spec) Patience() time.Duration { return s.wait }

// Often reports whether the job runs many times a day, by an interval.
func (s *Spec) Often() bool { return s.every > 0 && s.every < 24*time.Hour }

// Slot is one time of a job. Together with the job it is the identity of a run:
// whoever leads, the same slots come out.
type Slot struct {
	At       time.Time // as the expression says, without jitter
	Start    time.Time // when it is due: At and the jitter
	Business time.Time // the date that the run is about, at midnight UTC
}

// Compile makes a spec of a job's schedule.
func Compile(job string, rules schemas.Schedule, calendar *schemas.Calendar) (*Spec, error) {
	zone, err := time.LoadLocation(rules.Zone)
	if err != nil {
		return nil, fault.New(fault.Config, "scheduling %q: %w", job, err)
	}
	when, err := parser.Parse(rules.Cron)
	if err != nil {
		return nil, fault.New(fault.Config, "scheduling %q: %w", job, err)
	}
	if rules.Calendar != "" && calendar == nil {
		return nil, fault.New(fault.Config, "scheduling %q: there is no calendar %q", job, rules.Calendar)
	}
	s := &Spec{job: job, rules: rules, zone: zone, days: calendar}
	switch when := when.(type) {
	case cron.ConstantDelaySchedule:
		s.every = when.Delay
	case *cron.SpecSchedule:
		const star, hours = 1 << 63, 1<<24 - 1
		s.cron = when
		s.daily = when.Hour&star == 0 && bits.OnesCount64(when.Hour&hours) < 24
	}
	return s, nil
}

// Next is the first slot after a time, by At. There is none for an expression
// that names no day, such as 30 February.
func (s *Spec) Next(after time.Time) (Slot, bool) {
	// A calendar can leave out weeks, not years.
	for range 1000 {
		at, ok := s.next(after)
		if !ok {
			return Slot{}, false
		}
		if s.worked(at) {
			return s.slot(at), true
		}
		after = at
	}
	return Slot{}, false
}

// slot dates a time.
func (s *Spec) slot(at time.Time) Slot {
	local := at.In(s.zone)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	switch s.rules.BusinessDate {
	case "today":
	case "previous_workday":
		for day = day.AddDate(0, 0, -1); !s.days.Workday(day); {
			day = day.AddDate(0, 0, -1)
		}
	default:
		day = day.AddDate(0, 0, -1)
	}
	return Slot{At: at, Start: at.Add(s.jitter(at)), Business: day}
}

// worked reports whether the calendar leaves a time in.
func (s *Spec) worked(at time.Time) bool {
	if s.days == nil || s.rules.Calendar == "" || s.rules.Days == "" && s.rules.BusinessDate == "previous_workday" {
		return true // the calendar only dates the runs
	}
	return s.days.Workday(at.In(s.zone)) == (s.rules.Days != "holiday")
}

// jitter is a part of the declared jitter that depends on job and time alone,
// so that every leader starts a slot at the same moment.
func (s *Spec) jitter(at time.Time) time.Duration {
	if s.rules.Jitter <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(s.job))
	h.Write([]byte(at.UTC().Format(time.RFC3339)))
	return time.Duration(h.Sum64() % uint64(s.rules.Jitter))
}

// next is the first time after another, before the calendar.
//
// Intervals ("@every") are counted from the Unix epoch, so that they do not
// depend on when a process began. An expression for every hour follows the
// time that passes. One that names hours follows the clock on the wall, as cron
// does: the hour that summer time skips comes at the end of the gap, and the
// hour that it repeats comes once.
func (s *Spec) next(after time.Time) (time.Time, bool) {
	if s.every == 0 && s.cron == nil {
		return time.Time{}, false
	}
	if s.every > 0 {
		step := int64(s.every)
		return time.Unix(0, (after.UnixNano()/step+1)*step).In(s.zone), true
	}
	if !s.daily {
		at := s.upcoming(after.In(s.zone), s.zone)
		return at, !at.IsZero()
	}
	local := after.In(s.zone)
	wall := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
	for {
		if wall = s.upcoming(wall, time.UTC); wall.IsZero() {
			return wall, false
		}
		if at := s.onWall(wall); at.After(after) {
			return at, true
		}
	}
}

// upcoming asks the cron expression in a zone. The library gives up after five
// years; 29 February can be eight away.
func (s *Spec) upcoming(after time.Time, zone *time.Location) time.Time {
	in := *s.cron
	in.Location = zone
	at := in.Next(after)
	if at.IsZero() {
		at = in.Next(after.AddDate(4, 0, 0))
	}
	return at
}

// onWall is the moment when the clocks of the zone show a time: the first of
// two, or, when they never show it, the end of the gap.
func (s *Spec) onWall(wall time.Time) time.Time {
	at := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, s.zone)
	shown := func(t time.Time) time.Time {
		t = t.In(s.zone)
		_, offset := t.Zone()
		return t.Add(time.Duration(offset) * time.Second).UTC()
	}
	start, end := at.ZoneBounds()
	switch d := shown(at).Sub(wall); {
	case d > 0: // past the gap
		return start
	case d < 0: // before the gap
		return end
	}
	if !start.IsZero() {
		_, before := start.Add(-time.Second).Zone()
		if first := wall.Add(-time.Duration(before) * time.Second); first.Before(start) && shown(first).Equal(wall) {
			return first.In(s.zone)
		}
	}
	return at
}
