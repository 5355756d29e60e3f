package pipelines

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas/fault"
)

// decisions keeps, for ever and in order, what people decided about the
// identity of things. The warehouse holds a copy, from which fusion works; one
// that was made anew reads all of it again.
const decisions = "rongtong.decisions"

// decisionsAtOnce is how many decisions go into one transaction.
const decisionsAtOnce = 500

// Decide keeps decisions, in their order, and brings the warehouse's copy up to
// date. They count from the next fusion of the entity on. Cut short, it has kept
// the first of them: a repetition is of no consequence. Progress, if it is not nil,
// is told how many are kept.
func Decide(ctx context.Context, k *topics.Client, w *warehouse.Warehouse, progress func(kept, total int), list ...warehouse.IdentityDecision) error {
	if err := CopyDecisions(ctx, k, w); err != nil {
		return err // before anything is kept that could not be copied
	}
	p, err := k.Producer(ctx, "decisions", decisions)
	if err != nil {
		return err
	}
	defer p.Close()
	kept := 0
	for some := range slices.Chunk(list, decisionsAtOnce) {
		txn := p.Begin()
		for _, d := range some {
			value, err := json.Marshal(d)
			if err != nil {
				return err
			}
			txn.Append(decisions, 0, topics.Record{Key: []byte(d.Entity), Value: value})
		}
		if err := txn.Commit(ctx); err != nil {
			return err
		}
		if kept += len(some); progress != nil {
			progress(kept, len(list))
		}
	}
	return CopyDecisions(ctx, k, w)
}

// CopyDecisions brings the decisions that the warehouse has not seen into it.
// A decision's number is its place in the topic.
func CopyDecisions(ctx context.Context, k *topics.Client, w *warehouse.Warehouse) error {
	seen, err := w.DecisionsSeen(ctx)
	if err != nil {
		return err
	}
	ends, err := k.Ends(ctx, decisions)
	if err != nil {
		return err
	}
	bounds := ends[decisions][0]
	if seen > bounds.Last {
		return fault.Hint(fault.Config, "restore the topic from a copy, or empty ops.identity_decision to begin anew",
			"reading %q: it ends at %d and the warehouse knows decision %d: the topic is another one", decisions, bounds.Last, seen)
	}
	var list []warehouse.IdentityDecision
	f := k.Fetcher(decisions, 0, max(seen, bounds.First), topics.FetchOptions{ReadCommitted: true})
	for next := max(seen, bounds.First); next < bounds.Last; {
		next, err = f.Fetch(ctx, func(r *topics.FetchedRecord) error {
			var d warehouse.IdentityDecision
			if err := json.Unmarshal(r.Value, &d); err != nil {
				return fault.New(fault.Bug, "reading the decision at offset %d of %q: %w", r.Offset, decisions, err)
			}
			d.Seq = r.Offset + 1
			list = append(list, d)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := w.RecordDecisions(ctx, list); err != nil {
		return fmt.Errorf("copying %d decisions: %w", len(list), err)
	}
	return nil
}

// copyDecisions is CopyDecisions with an end: a broker that does not answer holds
// up no fusion, and the next one has the decisions.
func (j *Jobs) copyDecisions(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return CopyDecisions(ctx, j.Kafka, j.Warehouse)
}
