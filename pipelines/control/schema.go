package control

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"rongtong/pipelines/systems"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
	"rongtong/schemas/derive"
	"rongtong/schemas/fault"
)

// Derive writes one kind of artefacts of the declarations (see derive.Kinds).
func Derive(o Options, kind, cluster string) (derive.Files, error) {
	d, err := o.load()
	if err != nil {
		return nil, err
	}
	return derive.Of(kind, d.Catalog, cluster)
}

// Shipped names the declarations in the binary, where a folder is expected.
const Shipped = "shipped"

// Diff classifies every change between two sets of declarations. Each is a
// folder, or Shipped. A folder that has tiers.yaml stands for itself; any other
// lies on top of what is shipped, as with --declarations.
func Diff(old, now string) ([]derive.Change, error) {
	a, err := catalogAt(old)
	if err != nil {
		return nil, err
	}
	b, err := catalogAt(now)
	if err != nil {
		return nil, err
	}
	return derive.Diff(a, b), nil
}

func catalogAt(place string) (*schemas.Catalog, error) {
	sources := []fs.FS{schemas.Named("schemas", schemas.FS), schemas.Named("pipelines/systems", systems.FS)}
	if place != Shipped {
		if st, err := os.Stat(place); err != nil || !st.IsDir() {
			return nil, fault.Hint(fault.Config, "name a folder of declarations, or "+Shipped, "comparing declarations: %q is not a folder", place)
		}
		if _, err := os.Stat(filepath.Join(place, "tiers.yaml")); err == nil {
			sources = nil
		}
		sources = append(sources, schemas.Named(place, os.DirFS(place)))
	}
	c, problems := schemas.Load(sources...)
	if len(problems) > 0 {
		return nil, &ProblemsError{problems}
	}
	return c, nil
}

// PlanSchema returns what would bring the live warehouse to the declarations.
// It changes nothing. allow names losses that are meant; see PlanChange.
func PlanSchema(ctx context.Context, o Options, allow []string) ([]warehouse.Step, error) {
	w, steps, err := o.planSchema(ctx, allow)
	if err == nil {
		w.Close()
	}
	return steps, err
}

func (o Options) planSchema(ctx context.Context, allow []string) (*warehouse.Warehouse, []warehouse.Step, error) {
	d, err := o.load()
	if err != nil {
		return nil, nil, err
	}
	w, err := o.warehouse(ctx)
	if err != nil {
		return nil, nil, err
	}
	steps, err := w.PlanChange(ctx, d.Catalog, allow...)
	if err != nil {
		w.Close()
		return nil, nil, err
	}
	return w, steps, nil
}

// ApplySchema plans and runs the steps one by one, and calls done after each.
// Cut short at any point, it is finished by applying again: the new plan
// begins where the warehouse stands.
func ApplySchema(ctx context.Context, o Options, allow []string, done func(n, of int, s warehouse.Step)) error {
	w, steps, err := o.planSchema(ctx, allow)
	if err != nil {
		return err
	}
	defer w.Close()
	for i, s := range steps {
		if err := w.Migrate(ctx, []warehouse.Step{s}); err != nil {
			return err
		}
		done(i+1, len(steps), s)
	}
	return nil
}
