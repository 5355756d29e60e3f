package warehouse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// Verdicts of a decision about two keys. A later one about the same keys takes
// the place of an earlier one, which is kept.
const (
	VerdictMerge = "merge" // they are one thing
	VerdictApart = "apart" // they are two
	VerdictUndo  = "undo"  // the rules decide again
)

// Deciding checks decisions about the things of one entity, one after the other,
// each in the light of those before it. It is for one goroutine.
type Deciding struct {
	w        *Warehouse
	e        *schemas.Entity
	standing map[[2]string]IdentityDecision
	merged   map[string][]string // per key, those that decisions join with it
	things   map[string][]Key    // per key, the keys of its thing as of the last fusion
}

// Deciding reads what was decided about an entity's things. An entity whose
// things are not matched is fault.Config.
func (w *Warehouse) Deciding(ctx context.Context, c *schemas.Catalog, entity string) (*Deciding, error) {
	e := c.Entity(entity)
	switch {
	case e == nil:
		return nil, fault.New(fault.Config, "deciding about %q: there is no such entity", entity)
	case e.Identity == nil:
		return nil, fault.Hint(fault.Config, "declare identity: in its entity file", "deciding about %q: its things are told apart by their keys alone", entity)
	}
	d := &Deciding{w: w, e: e, standing: map[[2]string]IdentityDecision{}, merged: map[string][]string{}, things: map[string][]Key{}}
	all, err := w.Decisions(ctx, entity)
	for _, o := range slices.Backward(all) {
		d.Keep(o)
	}
	return d, err
}

// Standing is the decision about two keys that holds.
func (d *Deciding) Standing(left, right string) (IdentityDecision, bool) {
	o := IdentityDecision{Left: left, Right: right}
	o.order()
	o, ok := d.standing[[2]string{o.Left, o.Right}]
	return o, ok
}

// All are the decisions that hold, in the order in which they were made.
func (d *Deciding) All() []IdentityDecision {
	out := make([]IdentityDecision, 0, len(d.standing))
	for _, o := range d.standing {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b IdentityDecision) int { return cmp.Compare(a.Seq, b.Seq) })
	return out
}

// Keep has a decision hold from now on, in the place of an earlier one.
func (d *Deciding) Keep(o IdentityDecision) {
	o.order()
	pair := [2]string{o.Left, o.Right}
	if d.standing[pair].Verdict == VerdictMerge {
		for i, k := range pair {
			d.merged[k] = slices.DeleteFunc(d.merged[k], func(other string) bool { return other == pair[1-i] })
		}
	}
	delete(d.standing, pair)
	if o.Verdict == VerdictUndo {
		return
	}
	d.standing[pair] = o
	if o.Verdict == VerdictMerge {
		for i, k := range pair {
			d.merged[k] = append(d.merged[k], pair[1-i])
		}
	}
}

// Look reads what is known of the keys that decisions name. Check does it as well,
// for one: a caller with many names them all first.
func (d *Deciding) Look(ctx context.Context, keys []string) error {
	lacking := map[string]bool{}
	for _, key := range keys {
		for _, k := range d.joined(key) {
			if _, ok := d.things[k]; !ok {
				lacking[k] = true
			}
		}
	}
	list := make([]string, 0, len(lacking))
	for k := range lacking {
		list = append(list, k)
	}
	slices.Sort(list)
	found, err := d.w.IdentitiesOf(ctx, d.e, list)
	for _, k := range list {
		d.things[k] = found[k] // none: nobody claims it
	}
	for k, keys := range found {
		d.things[k] = keys
	}
	return err
}

// Check says why a decision cannot stand: keys that nobody claims, codes of two
// different things, an earlier decision that says otherwise. All of these are
// fault.Data.
func (d *Deciding) Check(ctx context.Context, o IdentityDecision) error {
	o.order()
	doing := fmt.Sprintf("deciding about %q and %q", o.Left, o.Right)
	if o.Left == o.Right {
		return fault.New(fault.Data, "%s: these are one key", doing)
	}
	if o.Verdict == VerdictUndo {
		if _, ok := d.Standing(o.Left, o.Right); !ok {
			return fault.Hint(fault.Data, "rongtong review log shows what was decided", "%s: no decision about them stands", doing)
		}
		return nil
	}
	if err := d.Look(ctx, []string{o.Left, o.Right}); err != nil {
		return err
	}
	for _, key := range []string{o.Left, o.Right} {
		if len(d.things[key]) == 0 {
			return fault.Hint(fault.Data, "rongtong review list shows the keys as they are", "%s: no source claims %q", doing, key)
		}
	}
	if o.Verdict == VerdictMerge {
		return d.mayMerge(doing, o)
	}
	return d.mayPart(doing, o)
}

// mayMerge refuses to join what codes or decisions keep apart.
func (d *Deciding) mayMerge(doing string, o IdentityDecision) error {
	left, right := d.becoming(o.Left), d.becoming(o.Right)
	for _, l := range left {
		for _, r := range right {
			for i, code := range d.e.Identity.Codes {
				if l.Codes[i] != "" && r.Codes[i] != "" && l.Codes[i] != r.Codes[i] {
					return fault.Hint(fault.Data, "if one of the codes is wrong, its source has to correct it",
						"%s: they have different codes in %q, %s and %s", doing, code, l.Codes[i], r.Codes[i])
				}
			}
			if p, ok := d.Standing(l.Key, r.Key); ok && p.Verdict == VerdictApart && !(len(left) == 1 && len(right) == 1) {
				return fault.Hint(fault.Data, fmt.Sprintf("rongtong review undo %s '%s' '%s'", d.e.Entity, p.Left, p.Right),
					"%s: it was decided that %q and %q, which they are, are two", doing, p.Left, p.Right)
			}
		}
	}
	return nil
}

// mayPart refuses to part what other decisions join.
func (d *Deciding) mayPart(doing string, o IdentityDecision) error {
	before, ok := d.Standing(o.Left, o.Right)
	if ok {
		undo := o
		undo.Verdict = VerdictUndo
		d.Keep(undo)
		defer d.Keep(before)
	}
	if way := d.joined(o.Left); slices.Contains(way, o.Right) {
		return fault.Hint(fault.Data, "undo one of the merges on the way first; rongtong review log shows them",
			"%s: other decisions join them, by way of %s", doing, strings.Join(way[1:], ", "))
	}
	return nil
}

// becoming are the keys that will be the same thing as this one: those that are,
// and those that decisions not fused yet join.
func (d *Deciding) becoming(key string) []Key {
	var out []Key
	seen := map[string]bool{}
	for _, k := range d.joined(key) {
		for _, m := range d.things[k] {
			if !seen[m.Key] {
				seen[m.Key] = true
				out = append(out, m)
			}
		}
	}
	return out
}

// joined are the keys that decisions join with this one, itself first.
func (d *Deciding) joined(key string) []string {
	reached, seen := []string{key}, map[string]bool{key: true}
	for i := 0; i < len(reached); i++ {
		for _, other := range d.merged[reached[i]] {
			if !seen[other] {
				seen[other] = true
				reached = append(reached, other)
			}
		}
	}
	return reached
}
