// Package schedule is the only home of cron: it says when, never what.
//
// A job never overlaps itself: a tick that comes while the job still runs is
// skipped and counted, because reading a source twice at once helps nobody.
package schedule

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// parser accepts five fields, an optional leading field of seconds, and the
// descriptors (@every 5s, @daily).
var parser = cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// Check tells what is wrong with a cron expression and zone, at their place.
func Check(at decl.Pos, spec, zone string) []decl.Problem {
	var ps []decl.Problem
	if _, err := parser.Parse(spec); err != nil {
		ps = append(ps, at.Problem("schedule.cron", `write "0 2 * * *", "@daily" or "@every 5s"`, "cron expression %q: %v", spec, err))
	}
	if _, err := time.LoadLocation(zone); err != nil {
		ps = append(ps, at.Problem("schedule.zone", `write an IANA name such as "Asia/Shanghai"`, "time zone %q is not known", zone))
	}
	return ps
}

// Clock runs jobs at their times until its context ends.
type Clock struct {
	cron *cron.Cron
	log  *slog.Logger
}

// New makes a clock without jobs.
func New(log *slog.Logger) *Clock {
	return &Clock{cron: cron.New(cron.WithParser(parser), cron.WithLogger(cron.DiscardLogger)), log: log}
}

// Add schedules a job. It runs with ctx, first at the next time the expression
// names; a tick during a run is skipped.
func (c *Clock) Add(ctx context.Context, name, spec, zone string, run func(context.Context)) error {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return fault.New(fault.Config, "scheduling %q: %w", name, err)
	}
	when, err := parser.Parse(spec)
	if err != nil {
		return fault.New(fault.Config, "scheduling %q: %w", name, err)
	}
	if s, ok := when.(*cron.SpecSchedule); ok {
		s.Location = loc
	}
	var busy sync.Mutex
	c.cron.Schedule(when, cron.FuncJob(func() {
		if !busy.TryLock() {
			c.log.Debug("skipping a tick: the job still runs", "job", name)
			return
		}
		defer busy.Unlock()
		if ctx.Err() == nil {
			run(ctx)
		}
	}))
	return nil
}

// Run keeps the clock going until ctx ends, then waits for running jobs.
func (c *Clock) Run(ctx context.Context) {
	c.cron.Start()
	<-ctx.Done()
	<-c.cron.Stop().Done()
}
