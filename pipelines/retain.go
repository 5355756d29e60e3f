package pipelines

import (
	"context"
	"fmt"
	"slices"
	"time"

	"rongtong/schemas"
)

// retain removes the claims that were superseded or withdrawn longer ago than
// their entity is kept, and versions of figures.
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
	thinned, err := j.thin(ctx, r)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d claims of %d entities were over the time they are kept, %d versions of figures were not the last of their day", gone, entities, thinned), nil
}

// thin forgets all but each day's last of the versions of figures that were
// corrected longer ago than the job declares.
func (j *Jobs) thin(ctx context.Context, r *Run) (n int64, err error) {
	i := slices.IndexFunc(j.Catalog.Jobs, func(job *schemas.Job) bool { return job.Job == r.Job })
	if i < 0 {
		return 0, nil
	}
	exact, ok := schemas.ParsePeriod(j.Catalog.Jobs[i].Versions)
	if !ok {
		return 0, nil
	}
	err = r.Step(ctx, "thin/figures", func(ctx context.Context) (Did, error) {
		thin := j.Warehouse.Thin
		if r.Dry {
			thin = j.Warehouse.ThinDue
		}
		n, err = thin(ctx, exact, time.Now())
		return Did{Nothing: n == 0, Out: n, Detail: fmt.Sprintf("%d versions of figures that were not the last of their day", n)}, err
	})
	return n, err
}
