package pipelines

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"rongtong/pipelines/schedule"
	"rongtong/pipelines/topics"
	"rongtong/schemas"
)

// Backfill is a request with many dates: one slot a date for the job, or for the
// pull of the system, and one for each job that comes after it. All of its state is
// the requests in rongtong.control, the slots in rongtong.schedule and the runs in
// ops.run, so whoever leads goes on with it.
type Backfill struct {
	ID string
	// Requests are the first one and, after resumptions, those for what was left.
	Requests []Request
	// Cancelled: the last word of a person about it was to give it up.
	Cancelled bool
}

// Name is the job or system that is done again.
func (b *Backfill) Name() string {
	if s := b.Requests[0].Args[ArgSystem]; s != "" {
		return s
	}
	return b.Requests[0].Job
}

// Dates are the business dates, in order.
func (b *Backfill) Dates() []string { return b.Requests[0].Dates }

// Jobs are the jobs that run for each date, in order: each after those it follows.
func (b *Backfill) Jobs() []string {
	out := []string{b.Requests[0].Job}
	for _, d := range b.Requests[0].Then {
		out = append(out, d.Job)
	}
	return out
}

// Slots are the slots of a job and date, the latest first: a resumption has made
// others.
func (b *Backfill) Slots(job, date string) (out []string) {
	for i := len(b.Requests) - 1; i >= 0; i-- {
		r := &b.Requests[i]
		if !slices.Contains(r.Dates, date) {
			continue
		}
		if r.Job == job || slices.ContainsFunc(r.Then, func(d Dependant) bool { return d.Job == job }) {
			out = append(out, r.SlotThen(job, date))
		}
	}
	return out
}

// Backfills reads what was asked for, oldest first.
func Backfills(ctx context.Context, k *topics.Client) ([]*Backfill, error) {
	n, err := k.Partitions(ctx, control)
	if err != nil || n[control] == 0 {
		return nil, err // nobody has asked for anything yet
	}
	ends, err := k.Ends(ctx, control)
	if err != nil {
		return nil, err
	}
	var out []*Backfill
	byID, b := map[string]*Backfill{}, ends[control][0]
	f := k.Fetcher(control, 0, b.First, topics.FetchOptions{ReadCommitted: true})
	err = f.Span(ctx, b.First, b.Last, func(m *topics.FetchedRecord) error {
		var r Request
		if json.Unmarshal(m.Value, &r) != nil {
			return nil //nolint:nilerr // not ours
		}
		id := r.Args[ArgBackfill]
		switch {
		case r.Op == OpCancel:
			for _, x := range out {
				if slices.ContainsFunc(x.Requests, func(q Request) bool { return q.RunID == r.Of }) {
					x.Cancelled = true
				}
			}
		case (r.Op == "" || r.Op == OpRun) && r.Cause == schedule.ByBackfill && id != "" && len(r.Dates) > 0:
			if byID[id] == nil {
				byID[id] = &Backfill{ID: id}
				out = append(out, byID[id])
			}
			byID[id].Requests = append(byID[id].Requests, r)
			byID[id].Cancelled = false
		}
		return nil
	})
	return out, err
}

// Dependants are the jobs that declare that they come after a job or system, and
// those that come after them, each after those that it follows. root is the name
// that the first of them follow: the job itself, or the job that pulls the system.
// extra are jobs that run last, in this order, whatever they declare.
func Dependants(c *schemas.Catalog, job, system, root string, extra []string) []Dependant {
	fed := map[string]bool{} // entities that the system fills
	if sys := c.System(system); sys != nil {
		for _, f := range sys.Flows {
			fed[f.Entity] = true
		}
	}
	isRoot := func(n schemas.Need) bool {
		if system == "" {
			return n.Job == job
		}
		of, _, _ := strings.Cut(n.Stream, ".")
		return n.System == system || of == system || fed[n.Entity] && (n.Tier == "" || n.Tier == c.System(system).Tier)
	}
	follows, order := map[string][]string{}, []string{}
	for more := true; more; {
		more = false
		for _, j := range c.Jobs {
			if j.Job == root || slices.Contains(order, j.Job) {
				continue
			}
			var after []string
			ready := true
			for _, n := range j.After {
				switch {
				case isRoot(n) && !slices.Contains(after, root):
					after = append(after, root)
				case n.Job != "" && slices.Contains(order, n.Job):
					after = append(after, n.Job)
				}
			}
			for _, n := range j.After { // one that will join the order later comes first
				ready = ready && (n.Job == "" || n.Job == root || slices.Contains(order, n.Job) || !comesAfter(c, n.Job, isRoot, map[string]bool{}))
			}
			if len(after) > 0 && ready {
				follows[j.Job], more = after, true
				order = append(order, j.Job)
			}
		}
	}
	out := make([]Dependant, 0, len(order)+len(extra))
	for _, name := range order {
		out = append(out, Dependant{Job: name, Follows: follows[name]})
	}
	for _, name := range extra {
		if name == root || slices.Contains(order, name) {
			continue
		}
		out = append(out, Dependant{Job: name, Follows: append([]string{root}, order...)})
		order = append(order, name)
	}
	return out
}

// comesAfter reports whether a job comes, through others, after the root.
func comesAfter(c *schemas.Catalog, job string, isRoot func(schemas.Need) bool, seen map[string]bool) bool {
	if seen[job] {
		return false
	}
	seen[job] = true
	for _, j := range c.Jobs {
		if j.Job == job {
			return slices.ContainsFunc(j.After, func(n schemas.Need) bool {
				return isRoot(n) || n.Job != "" && comesAfter(c, n.Job, isRoot, seen)
			})
		}
	}
	return false
}
