package schemas_test

import (
	"bytes"
	"os"
	"testing"

	"rongtong/schemas"
)

// Every row of the policy has a path, and the page says what the declarations say.
func TestCoverage(t *testing.T) {
	rows, errs := catalog(t).Coverage()
	for _, err := range errs {
		t.Error(err)
	}
	if len(rows) != schemas.PolicyRowCount {
		t.Errorf("%d rows are covered, not %d", len(rows), schemas.PolicyRowCount)
	}
	const page = "../docs/coverage.md"
	want := []byte(schemas.CoveragePage(rows))
	if *rewrite {
		if err := os.WriteFile(page, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the declarations say; run with -rewrite", page)
	}
}

// A row without a path, an unknown entity and a wrong indicator are found.
func TestCoverageBroken(t *testing.T) {
	c := catalog(t)
	for _, i := range c.Indicators {
		if i.PolicyRow == "04.1" {
			i.PolicyRow = "04.2"
			defer func() { i.PolicyRow = "04.1" }()
		}
	}
	if _, errs := c.Coverage(); len(errs) != 1 {
		t.Errorf("an indicator of another row gives %v", errs)
	}
}
