package warehouse

import (
	"testing"
)

func TestPlanTwiceIsEmpty(t *testing.T) {
	c := shippedCatalog(t)
	w := engine(t, c)
	steps, err := w.Plan(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		t.Errorf("a migrated warehouse needs a step: %s: %s\n%s", s.Object, s.Doc, s.SQL)
	}
}
