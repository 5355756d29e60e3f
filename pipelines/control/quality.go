package control

import (
	"context"

	"rongtong/pipelines/warehouse"
)

// Quality says how the rows stand: stopped partitions, open issues, flags.
func Quality(ctx context.Context, o Options, system string) (warehouse.Quality, error) {
	w, err := o.warehouse(ctx)
	if err != nil {
		return warehouse.Quality{}, err
	}
	defer w.Close()
	return w.Quality(ctx, system)
}

// DivisionQuestions are the division codes that wait for a person.
func DivisionQuestions(ctx context.Context, o Options) ([]warehouse.Question, error) {
	w, err := o.warehouse(ctx)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	return w.Questions(ctx)
}
