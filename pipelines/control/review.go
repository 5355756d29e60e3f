package control

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/divisions"
	"rongtong/schemas/fault"
	"rongtong/schemas/pii"
)

// Reviews are the pairs of keys that only a person can decide about, and how
// many there are in all.
func Reviews(ctx context.Context, o Options, f warehouse.ReviewFilter) ([]warehouse.Review, uint64, error) {
	w, err := o.warehouse(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer w.Close()
	return w.Reviews(ctx, f)
}

// ReviewCounts are how many pairs wait, counted by one of warehouse.ReviewBy.
type ReviewCounts struct {
	By     string            `json:"by"`
	Counts []ReviewCount     `json:"counts"`
	Crowds []warehouse.Crowd `json:"crowds"` // names that are not compared at all
}

// ReviewCount is a warehouse.ReviewCount with the name of its division.
type ReviewCount struct {
	warehouse.ReviewCount
	Name string `json:"name,omitempty"`
}

// CountReviews counts the pairs that wait for a person.
func CountReviews(ctx context.Context, o Options, f warehouse.ReviewFilter, by string) (ReviewCounts, error) {
	out := ReviewCounts{By: by, Counts: []ReviewCount{}}
	w, err := o.warehouse(ctx)
	if err != nil {
		return out, err
	}
	defer w.Close()
	counts, err := w.ReviewCounts(ctx, f, by)
	if err != nil {
		return out, err
	}
	reg, err := divisions.Load()
	if err != nil {
		return out, err
	}
	for _, c := range counts {
		out.Counts = append(out.Counts, ReviewCount{c, placeName(reg, c.Of)})
	}
	out.Crowds, err = w.Crowds(ctx)
	return out, err
}

// placeName is a division's name behind that of the one above it, as people say
// it; empty for what is no division.
func placeName(reg *divisions.Register, code string) string {
	d, ok := reg.Lookup(code)
	if !ok {
		return ""
	}
	if above, ok := reg.Lookup(d.Parent); ok && above.Parent != "" {
		return above.Name + d.Name
	}
	return d.Name
}

// Decisions are all that were made about an entity's things, of every entity if
// it is empty, latest first.
func Decisions(ctx context.Context, o Options, entity string) ([]warehouse.IdentityDecision, error) {
	w, err := o.warehouse(ctx)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	return w.Decisions(ctx, entity)
}

// Comparison is a pair of keys side by side.
type Comparison struct {
	Entity    string                       `json:"entity"`
	Rule      *schemas.Identity            `json:"-"` // what is compared
	Waits     *warehouse.Review            `json:"waits,omitempty"`
	Left      []warehouse.Key              `json:"left"` // all keys of the thing, the thing's own first
	Right     []warehouse.Key              `json:"right"`
	Decisions []warehouse.IdentityDecision `json:"decisions"`
}

// ComparePair shows two keys side by side: what is known of each, why they were
// or were not matched, and what was decided.
func ComparePair(ctx context.Context, o Options, pair []string) (Comparison, error) {
	var x Comparison
	d, err := o.load()
	if err != nil {
		return x, err
	}
	w, err := o.warehouse(ctx)
	if err != nil {
		return x, err
	}
	defer w.Close()
	entity, left, right, err := keysOf(ctx, w, pair)
	if err != nil {
		return x, err
	}
	e := d.Catalog.Entity(entity)
	if e == nil || e.Identity == nil {
		return x, notMatched(d.Catalog, entity)
	}
	x.Entity, x.Rule = entity, e.Identity
	if x.Left, err = w.IdentityOf(ctx, e, left); err == nil {
		x.Right, err = w.IdentityOf(ctx, e, right)
	}
	if err != nil {
		return x, err
	}
	for _, side := range []struct {
		key  string
		keys []warehouse.Key
	}{{left, x.Left}, {right, x.Right}} {
		if len(side.keys) == 0 {
			return x, fault.Hint(fault.Data, "rongtong review list shows those that wait", "comparing %q: no source claims such a thing of %q", side.key, entity)
		}
	}
	waits, _, err := w.Reviews(ctx, warehouse.ReviewFilter{Entity: entity, Left: x.Left[0].Thing, Right: x.Right[0].Thing, Limit: 1})
	if err != nil {
		return x, err
	}
	if len(waits) > 0 {
		x.Waits = &waits[0]
	}
	all, err := w.Decisions(ctx, entity)
	for _, d := range all {
		if holds(x.Left, d.Left) && holds(x.Right, d.Right) || holds(x.Left, d.Right) && holds(x.Right, d.Left) {
			x.Decisions = append(x.Decisions, d)
		}
	}
	return x, err
}

func holds(keys []warehouse.Key, key string) bool {
	for _, k := range keys {
		if k.Key == key {
			return true
		}
	}
	return false
}

// keysOf reads how a person names a pair: its short name, or entity and keys.
func keysOf(ctx context.Context, w *warehouse.Warehouse, pair []string) (entity, left, right string, err error) {
	if len(pair) == 3 {
		return pair[0], pair[1], pair[2], nil
	}
	p, err := w.FindPair(ctx, strings.TrimPrefix(strings.ToUpper(pair[0]), pairMark))
	return p.Entity, p.Left, p.Right, err
}

func notMatched(c *schemas.Catalog, entity string) error {
	var known []string
	for _, e := range c.Entities {
		if e.Identity != nil {
			known = append(known, e.Entity)
		}
	}
	return fault.Hint(fault.Config, decl.Suggest(entity, known), "reviewing %q: no things of such an entity are matched", entity)
}

const noPerson = "name the role or the document, never a person or a number of one"

// Decide keeps what a person decided about two keys. A dry run only says whether
// it could stand. It returns the decision as it was kept.
func Decide(ctx context.Context, o Options, pair []string, d warehouse.IdentityDecision, dry bool) (warehouse.IdentityDecision, error) {
	decls, err := o.load()
	if err != nil {
		return d, err
	}
	for what, text := range map[string]string{"--by": d.DecidedBy, "--why": d.Reason} {
		if pii.MaskString(text) != text {
			return d, fault.Hint(fault.Config, noPerson, "keeping a decision: %s holds personal data", what)
		}
	}
	w, err := o.warehouse(ctx)
	if err != nil {
		return d, err
	}
	defer w.Close()
	if d.Entity, d.Left, d.Right, err = keysOf(ctx, w, pair); err != nil {
		return d, err
	}
	if e := decls.Catalog.Entity(d.Entity); e == nil || e.Identity == nil {
		return d, notMatched(decls.Catalog, d.Entity)
	}
	k, err := o.kafka(ctx)
	if err != nil {
		return d, err
	}
	defer k.Close()
	if err := k.Ensure(ctx, pipelines.ControlTopics()); err != nil {
		return d, err
	}
	if err := pipelines.CopyDecisions(ctx, k, w); err != nil {
		return d, err
	}
	of, err := w.Deciding(ctx, decls.Catalog, d.Entity)
	if err != nil {
		return d, err
	}
	if err := of.Check(ctx, d); err != nil || dry {
		return d, err
	}
	d.DecidedAt = time.Now()
	if err := pipelines.Decide(ctx, k, w, nil, d); err != nil {
		return d, fmt.Errorf("keeping the decision: %w", err)
	}
	return d, nil
}
