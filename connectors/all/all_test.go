package all

import (
	"strings"
	"testing"

	"rongtong/pipelines/systems"
	"rongtong/schemas"
	"rongtong/schemas/decl"
)

// TestShippedSystems: every source system that is shipped is of a protocol in
// the list, and its settings are what that protocol takes.
func TestShippedSystems(t *testing.T) {
	kinds := Kinds()
	catalog, _ := schemas.Load(schemas.FS, systems.FS) // what else is wrong is the checker's to say
	if len(catalog.Systems) < 6 {
		t.Fatalf("%d systems are shipped", len(catalog.Systems))
	}
	for _, sys := range catalog.Systems {
		var connect decl.Map[decl.Node]
		sys.Connect.Decode(&connect)
		kind, _ := connect.Get("kind")
		name, _ := kind.Value.Scalar()
		k, ok := kinds[name]
		if !ok {
			t.Errorf("system %q is of kind %q, which is not in the list", sys.System, name)
			continue
		}
		for _, p := range k.Validate(sys) {
			t.Errorf("%s", p)
		}
	}
}

func TestKindsAreComplete(t *testing.T) {
	kinds := Kinds()
	for _, name := range strings.Fields("feed folder ftp mycdc pgcdc push rest s3 sftp sql") {
		if k := kinds[name]; k.Name != name || k.Doc == "" || k.Validate == nil || k.Open == nil {
			t.Errorf("kind %q is incomplete: %+v", name, k)
		}
	}
	if len(kinds) != 10 {
		t.Errorf("%d kinds: two of one name hide each other", len(kinds))
	}
}
