package warehouse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
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
		if f.again, err = w.saidAgain(ctx, f, last.at-insertSeconds); err != nil || len(f.again) > leastRebuild {
			return f, last, now, r, err
		}
		if r.Changed, err = w.changedThings(ctx, f); err == nil {
			r.Rebuilt = r.Changed > max(leastRebuild, last.things/rebuildShare)
		}
	}
	return f, last, now, r, err
}

// saidAgain finds the keys of fuser.again: at most one more than leastRebuild. A claim
// that is delivered again changes nothing unless its source had corrected it under
// the same version meanwhile, so that most often one look is enough.
func (w *Warehouse) saidAgain(ctx context.Context, f *fuser, since int64) ([]string, error) {
	var folded uint64
	if err := w.QueryRow(ctx, fmt.Sprintf("SELECT count() FROM std.%s WHERE %s", ident(f.e.Entity), f.foldedSince(since)), []any{&folded}); err != nil || folded == 0 {
		return nil, err
	}
	var keys []string
	err := w.each(ctx, f.saidAgain(since), func(scan func(...any) error) error {
		var key []string
		if err := scan(&key); err != nil {
			return err
		}
		keys = append(keys, f.keyLiteral(key))
		return nil
	})
	slices.Sort(keys)
	return slices.Compact(keys), err
}

// FiguresDue is Figures for asking what is due: it changes nothing.
func (w *Warehouse) FiguresDue(ctx context.Context, c *schemas.Catalog, runID string, day time.Time) (*Figures, error) {
	r := &Figures{w: w, c: c, runID: runID, day: day.In(beijing), found: map[string]map[schemas.Reach][]string{}}
	return r, r.look(ctx)
}

// Due reports whether Refresh would compute an indicator now. What is to be fused
// first is not counted in.
func (r *Figures) Due(ctx context.Context, ind *schemas.Indicator) (bool, error) {
	k := worksOf(ind)[0]
	if !r.changed(k) {
		return false, k.did.err
	}
	if err := r.feeds(ctx, []*work{k}); err != nil {
		return false, err
	}
	return k.now.Fed || r.last[ind.Indicator].Fed, nil
}

// feeds finds out which indicators have a feed: there are claims about every
// entity that one reads, the divisions themselves apart, and, where it counts
// divisions that have a thing of some kind, there is a thing of that kind at all.
// (Organisations of one kind must not make every other kind look like 0 %.)
func (r *Figures) feeds(ctx context.Context, works []*work) error {
	kinds := map[string]bool{} // by the query of the things of a kind: whether there are any
	for _, k := range works {
		k.now.Fed = !slices.ContainsFunc(k.ind.Reads, func(name string) bool {
			return name != divisionEntity && r.c.Entity(name) != nil && !r.claims[name].any
		})
		for _, kind := range r.kindsOf(k) {
			kinds[kind] = false
		}
	}
	if len(kinds) == 0 {
		return nil
	}
	asked := slices.Sorted(maps.Keys(kinds))
	asks := make([]string, len(asked))
	for i, kind := range asked {
		asks[i] = fmt.Sprintf("SELECT toInt64(%d) AS kind FROM (%s LIMIT 1)", i, kind)
	}
	err := r.w.each(ctx, strings.Join(asks, "\nUNION ALL\n")+"\nSETTINGS max_threads = 2", func(scan func(...any) error) error {
		var i int64
		err := scan(&i)
		kinds[asked[i]] = true
		return err
	})
	for _, k := range works {
		for _, kind := range r.kindsOf(k) {
			k.now.Fed = k.now.Fed && kinds[kind]
		}
	}
	return err
}

// kindsOf are the queries of the things of which there must be one for an
// indicator to have a feed. Conditions on dates say nothing about feeds.
func (r *Figures) kindsOf(k *work) []string {
	if k.ind.Coverage == nil || !k.now.Fed {
		return nil
	}
	var out []string
	for _, by := range k.ind.Coverage.By {
		if e := r.c.Entity(by.Entity); e != nil && by.Where != "" && !strings.Contains(by.Where, "@") {
			out = append(out, fmt.Sprintf("SELECT 1 FROM %s FINAL WHERE is_deleted = 0 AND (%s)", rowsTable(e), by.Where))
		}
	}
	return out
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
