package warehouse

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines/systems"
	"rongtong/schemas"
)

func TestMain(m *testing.M) { embeddedtest.Main(m) }

// address is where bare connects to: eachProtocol changes it.
var address = func(t *testing.T) string { return embeddedtest.Warehouse(t) }

// eachProtocol runs a test over HTTP and over ClickHouse's own protocol: what
// loading promises does not depend on it.
func eachProtocol(t *testing.T, test func(t *testing.T)) {
	http := address
	defer func() { address = http }()
	t.Run("http", test)
	address = func(t *testing.T) string { return embeddedtest.WarehouseNative(t) }
	t.Run("native", test)
}

// engine is a warehouse on the real engine, migrated to the catalogue. Tests
// share one engine and run one after the other, so every layer starts empty.
func engine(t *testing.T, c *schemas.Catalog) *Warehouse {
	t.Helper()
	w := bare(t)
	steps, err := w.Plan(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Migrate(t.Context(), steps); err != nil {
		t.Fatal(err)
	}
	return w
}

// bare is a warehouse without any of our databases.
func bare(t *testing.T) *Warehouse {
	t.Helper()
	w, err := Open(t.Context(), address(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	for _, d := range databases {
		if err := w.Exec(t.Context(), "DROP DATABASE IF EXISTS "+d.name+" SYNC"); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

var shipped = sync.OnceValues(func() (*schemas.Catalog, error) {
	c, problems := schemas.Load(schemas.FS, systems.FS)
	if len(problems) > 0 {
		return nil, fmt.Errorf("loading the shipped catalogue: %d problems, first: %s", len(problems), problems[0])
	}
	return c, nil
})

func shippedCatalog(t *testing.T) *schemas.Catalog {
	t.Helper()
	c, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// strs reads a query of one text column.
func strs(t testing.TB, w *Warehouse, sql string) []string {
	t.Helper()
	out := []string{}
	err := w.each(context.Background(), sql, func(scan func(...any) error) error {
		var s string
		err := scan(&s)
		out = append(out, s)
		return err
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	return out
}

func count(t *testing.T, w *Warehouse, sql string) uint64 {
	t.Helper()
	var n uint64
	if err := w.QueryRow(t.Context(), sql, []any{&n}); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	return n
}

func lines(s []string) string { return strings.Join(s, "\n") }
