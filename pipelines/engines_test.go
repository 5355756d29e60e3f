package pipelines

import (
	"testing"

	"rongtong/pipelines/topics"
	"rongtong/pipelines/warehouse"
	"rongtong/schemas"
)

// onEngines connects to a broker and a warehouse, which get the catalogue's tables
// and the topics that are needed.
func onEngines(t *testing.T, kafka, address string, c *schemas.Catalog, needed []topics.Topic) (*topics.Client, *warehouse.Warehouse) {
	t.Helper()
	ctx := t.Context()
	k, err := topics.Dial(ctx, []string{kafka})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	w, err := warehouse.Open(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	steps, err := w.Plan(ctx, c)
	if err == nil {
		err = w.Migrate(ctx, steps)
	}
	if err == nil {
		err = k.Ensure(ctx, needed)
	}
	if err != nil {
		t.Fatal(err)
	}
	return k, w
}
