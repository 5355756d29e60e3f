package warehouse

import (
	"context"
	"fmt"
	"maps"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// FuseDue says what Fuse would do with an entity now. It changes nothing.
func (w *Warehouse) FuseDue(ctx context.Context, c *schemas.Catalog, entity string) (FuseResult, error) {
	_, _, _, r, err := w.due(ctx, c, entity)
	return r, err
}

// due looks at what there is to fuse: what the last fusion had seen, what there is
// now, and whether nothing changed, some things did, or all is to be fused anew.
// The result's claims and things are those of the last fusion.
func (w *Warehouse) due(ctx context.Context, c *schemas.Catalog, entity string) (f *fuser, last, now fuseState, r FuseResult, err error) {
	e := c.Entity(entity)
	if e == nil {
		return f, last, now, r, fault.New(fault.Config, "fusing %q: there is no such entity", entity)
	}
	f = &fuser{c: c, e: e, apart: e.Identity != nil}
	if f.sources, err = w.sources(ctx, e); err != nil {
		return f, last, now, r, err
	}
	if now, err = w.claimState(ctx, f); err != nil {
		return f, last, now, r, err
	}
	last, found, err := w.lastState(ctx, entity)
	r = FuseResult{Claims: last.claims, Things: last.things, Rebuilt: true}
	switch {
	case err != nil:
	case found && last.sameAs(now):
		r.Rebuilt, r.Unchanged = false, true
	case found && last.sameTables(now):
		f.since, f.until, f.touched, f.matched = last.block, now.block, last.matched, now.matched
		if r.Changed, err = w.changedThings(ctx, f); err == nil {
			r.Rebuilt = r.Changed > max(leastRebuild, last.things/rebuildShare)
		}
	}
	return f, last, now, r, err
}

// FiguresDue is Figures for asking what is due: it changes nothing.
func (w *Warehouse) FiguresDue(ctx context.Context, c *schemas.Catalog, runID string, day time.Time) (*Figures, error) {
	r := &Figures{w: w, c: c, runID: runID, day: day.In(beijing), found: map[string]map[schemas.Reach][]string{}}
	return r, r.look(ctx)
}

// Due reports whether Refresh would compute an indicator now. What is to be fused
// first is not counted in.
func (r *Figures) Due(ctx context.Context, ind *schemas.Indicator) (bool, error) {
	spans, err := ind.Periods.Spans(r.day)
	if err != nil || len(spans) == 0 {
		return false, err
	}
	now, err := r.sees(ind, spans)
	if err != nil {
		return false, err
	}
	last, found := r.last[ind.Indicator]
	if found && last.sameBut(now) && maps.Equal(last.Rows, now.Rows) {
		return false, nil
	}
	return r.fed(ctx, ind)
}

// RetainDue counts the claims that Retain would remove at a time.
func (w *Warehouse) RetainDue(ctx context.Context, e *schemas.Entity, now time.Time) (n int64, err error) {
	due, err := w.retainable(ctx, e, now)
	for _, r := range due.rows {
		n += r.Expired
	}
	if err != nil {
		return n, fmt.Errorf("counting old claims of %q: %w", e.Entity, err)
	}
	return n, nil
}
