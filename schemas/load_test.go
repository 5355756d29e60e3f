package schemas_test

import (
	"testing"

	"rongtong/pipelines/systems"
	"rongtong/schemas"
)

func TestShipped(t *testing.T) {
	c, ps := schemas.Load(schemas.Named("schemas", schemas.FS), schemas.Named("pipelines/systems", systems.FS))
	for _, p := range ps {
		t.Error(p)
	}
	t.Log(len(c.Entities), len(c.Systems), len(c.Indicators), len(c.Codes))
}
