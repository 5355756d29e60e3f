package control

import (
	"errors"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// Coverage is the path of every policy row, from source to answer.
func Coverage(o Options) ([]schemas.CoverageRow, error) {
	d, err := o.load()
	if err != nil {
		return nil, err
	}
	rows, errs := d.Catalog.Coverage()
	if len(errs) > 0 {
		return rows, fault.New(fault.Config, "%w", errors.Join(errs...))
	}
	return rows, nil
}
