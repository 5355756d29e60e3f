// Package schedule is the only home of cron: it says when, never what.
//
// A [Spec] knows the slots of a job, a [Planner] decides once about every slot,
// whoever leads, and a [Clock] ticks for the work of one process.
package schedule

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"rongtong/schemas"
	"rongtong/schemas/decl"
)

// parser accepts five fields, an optional leading field of seconds, and the
// descriptors (@every 5s, @daily).
var parser = cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// Check tells what is wrong with a cron expression, at its place.
func Check(at decl.Pos, spec string) []decl.Problem {
	if _, err := parser.Parse(spec); err != nil {
		return []decl.Problem{at.Problem("schedule.cron", `write "0 2 * * *", "@daily" or "@every 5s"`, "cron expression %q: %v", spec, err)}
	}
	return nil
}

// Clock runs jobs at their times until its context ends. It remembers nothing:
// it is for work that knows by itself how far it is, such as reading a source.
// A job never overlaps itself: a time that passes while it runs is skipped,
// because reading a source twice at once helps nobody.
type Clock struct {
	log *slog.Logger
	wg  sync.WaitGroup
}

// New makes a clock without jobs.
func New(log *slog.Logger) *Clock { return &Clock{log: log} }

// Add runs a job at its times, first at the next one, until ctx ends.
func (c *Clock) Add(ctx context.Context, name string, rules schemas.Schedule, calendar *schemas.Calendar, run func(context.Context)) error {
	spec, err := Compile(name, rules, calendar)
	if err != nil {
		return err
	}
	c.wg.Go(func() {
		after := time.Now()
		for {
			slot, ok := spec.Next(after)
			if !ok {
				c.log.Warn("a schedule has no time left", "job", name)
				return
			}
			after = slot.At
			wait := time.Until(slot.Start)
			if wait < 0 {
				continue // it passed while the job ran
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			run(ctx)
		}
	})
	return nil
}

// Wait returns when ctx has ended and no job runs any more.
func (c *Clock) Wait() { c.wg.Wait() }
