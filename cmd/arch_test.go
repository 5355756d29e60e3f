package cmd

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rooms is the map of the house: every package and its floor. A package may
// import only from lower floors (and from the names in `same`). A package that
// is missing here fails the test, so a "utils" cannot appear by accident.
var rooms = map[string]int{
	"cmd":                            9, // holds only this test
	"cmd/rongtong":                   8,
	"cmd/top":                        7,
	"deploy/bench":                   7,
	"deploy/demo":                    7,
	"pipelines/control":              6,
	"connectors/all":                 5,
	"pipelines":                      5,
	"pipelines/deidentify":           4,
	"connectors/files":               4,
	"connectors/files/store":         3,
	"connectors/files/workbook":      3,
	"connectors/files/dbf":           3,
	"connectors/files/parquet":       3,
	"connectors/files/archive":       3,
	"connectors/files/text":          2,
	"connectors/files/table":         1,
	"connectors/rest":                4,
	"connectors/sql":                 4,
	"connectors/cdc":                 4,
	"connectors/push":                4,
	"connectors/feed":                4,
	"connectors/conntest":            4,
	"pipelines/propose":              4,
	"pipelines/lineage":              4,
	"schemas/derive":                 4,
	"connectors":                     3,
	"connectors/database":            3,
	"connectors/database/dbtest":     4,
	"transforms":                     3,
	"pipelines/warehouse":            3,
	"pipelines/schedule":             3,
	"pipelines/notify":               3,
	"schemas":                        2,
	"pipelines/declared":             4,
	"pipelines/topics":               2,
	"deploy/sandbox":                 2,
	"deploy/embedded":                1,
	"deploy/embedded/embeddedtest":   2,
	"deploy/testservers":             2,
	"deploy/observe/look":            1,
	"deploy/testservers/fetch":       4,
	"deploy/testservers/run":         4,
	"deploy/testservers/apachekafka": 3,
	"schemas/pii":                    1,
	"pipelines/telemetry":            1,
	"deploy/sandbox/world":           1,
	"deploy/lifeline":                0,
	"pipelines/systems":              0,
	"schemas/record":                 0,
	"schemas/fault":                  0,
	"schemas/decl":                   0,
	"schemas/divisions":              0,
}

// homes are libraries that one room keeps to itself, so that what they promise
// and where they fall short is known in one place.
var homes = map[string][]string{
	"github.com/segmentio/kafka-go":       {"pipelines/topics"},
	"github.com/ClickHouse/clickhouse-go": {"pipelines/warehouse"},
	"github.com/ClickHouse/ch-go":         {"pipelines/warehouse"},
	"github.com/robfig/cron":              {"pipelines/schedule"},
	"github.com/twmb/franz-go":            {"deploy/embedded", "deploy/sandbox"},
	"github.com/ebitengine/purego":        {"deploy/embedded"},
	"github.com/spf13/cobra":              {"cmd/rongtong"},
	"charm.land/":                         {"cmd/top"},
	"go.opentelemetry.io/otel/sdk":        {"pipelines/telemetry"},
	"go.opentelemetry.io/otel/exporters":  {"pipelines/telemetry"},
}

// independent rooms check the pipeline from outside: they may not see how it
// reads declarations or normalises rows, or the check would repeat its mistakes.
var independent = map[string][]string{
	"deploy/sandbox":       {"schemas", "transforms", "connectors", "pipelines"},
	"deploy/sandbox/world": {"schemas", "transforms", "connectors", "pipelines"},
}

// violations reads the sources under root itself, not through `go list`: the
// result of a test that shells out is cached and would keep passing.
func violations(root fs.FS) ([]string, error) {
	var found []string
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		src, err := fs.ReadFile(root, p)
		if err != nil {
			return err
		}
		bad, err := check(p, src)
		found = append(found, bad...)
		return err
	})
	return found, err
}

func check(file string, src []byte) ([]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	pkg := path.Dir(file)
	floor, ok := rooms[pkg]
	if !ok {
		return []string{fmt.Sprintf("%s: package %q has no room in the map", file, pkg)}, nil
	}
	if strings.HasSuffix(file, "_test.go") {
		return nil, nil // tests may start real engines and use other clients
	}
	var bad []string
	for _, spec := range f.Imports {
		imp := strings.Trim(spec.Path.Value, `"`)
		if inner, ours := strings.CutPrefix(imp, "rongtong/"); ours {
			at, known := rooms[inner]
			if !known || at >= floor {
				bad = append(bad, fmt.Sprintf("%s: %q (floor %d) imports %q (floor %d)", file, pkg, floor, inner, at))
			}
			if slices.Contains(independent[pkg], strings.SplitN(inner, "/", 2)[0]) && inner != "schemas/divisions" && inner != "schemas/fault" {
				bad = append(bad, fmt.Sprintf("%s: %q must stay independent of %q", file, pkg, inner))
			}
			continue
		}
		for lib, home := range homes {
			if strings.HasPrefix(imp, lib) && !slices.Contains(home, pkg) {
				bad = append(bad, fmt.Sprintf("%s: %q belongs to %v", file, imp, home))
			}
		}
	}
	return bad, nil
}

func TestImportMap(t *testing.T) {
	bad, err := violations(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bad {
		t.Error(b)
	}
}

// TestImportMapCatches shows that the check can fail: a forbidden import, an
// unmapped package, a library outside its home and a lost independence.
func TestImportMapCatches(t *testing.T) {
	for file, src := range map[string]string{
		"schemas/record/x.go":       `package record; import _ "rongtong/transforms"`,
		"utils/x.go":                `package utils`,
		"transforms/x.go":           `package transforms; import _ "github.com/segmentio/kafka-go"`,
		"deploy/sandbox/world/x.go": `package world; import _ "rongtong/schemas/decl"`,
	} {
		bad, err := check(file, []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		if len(bad) == 0 {
			t.Errorf("%s: %s was not caught", file, src)
		}
	}
}

// TestTopLevel keeps the top level to what was agreed with the customer; bin and
// demo are what make leaves there, and git does not see them.
func TestTopLevel(t *testing.T) {
	allowed := strings.Fields("pipelines connectors transforms schemas cmd deploy go.mod go.sum README.md README.zh-CN.md Makefile CHANGELOG.md LICENSE docs")
	entries, err := filepath.Glob("../*")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := filepath.Base(e)
		if !strings.HasPrefix(name, ".") && name != "bin" && name != "demo" && !slices.Contains(allowed, name) {
			t.Errorf("%s does not belong at the top level", name)
		}
	}
}
