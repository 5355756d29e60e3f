package pipelines

import (
	"context"
	"fmt"
	"time"
)

// retain removes the claims that were superseded or withdrawn longer ago than
// their entity is kept.
func (j *Jobs) retain(ctx context.Context, r *Run) (string, error) {
	var gone int64
	entities := 0
	for _, e := range j.Catalog.Entities {
		err := r.Step(ctx, "retain/"+e.Entity, func(ctx context.Context) (Did, error) {
			retain := j.Warehouse.Retain
			if r.Dry {
				retain = j.Warehouse.RetainDue
			}
			n, err := retain(ctx, e, time.Now())
			if err != nil {
				return Did{}, fmt.Errorf("removing old claims of %q: %w", e.Entity, err)
			}
			if n > 0 {
				entities++
			}
			gone += n
			return Did{Nothing: n == 0, Out: n, Detail: fmt.Sprintf("%d claims over their time", n)}, nil
		})
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d claims of %d entities were over the time they are kept", gone, entities), nil
}
