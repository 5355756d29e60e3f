package transforms

import (
	"fmt"
	"maps"
	"slices"

	"rongtong/schemas"
	"rongtong/schemas/divisions"

	"github.com/cespare/xxhash/v2"
)

// coreVersion stands for everything that rows have in common: scanning,
// cleaning, the common columns, the order of rules. Raise it when the same
// record could give another row.
const coreVersion = 2

// fingerprint hashes what decides about the output, each part quoted so that
// no two different plans write the same bytes. Labels and prose are left out.
func (c *compiler) fingerprint() uint64 {
	h := xxhash.New()
	put := func(parts ...any) { fmt.Fprintf(h, "%q\n", parts) }
	put("core", coreVersion, c.sys.System, c.sys.Tier, c.stream.Name, divisions.Version)
	for _, f := range c.stream.Fields {
		put("field", f.Key, f.Value)
	}
	put("key", c.entity.Entity, c.entity.Key, c.entity.Division.Column)
	for _, k := range schemas.StdColumns(c.entity) {
		put("column", k.Name, string(k.Type), k.List, k.Nullable)
	}
	for _, r := range c.entity.Rules {
		put(append([]any{"rule"}, ruleParts(r)...)...)
	}
	expr := func(name string, x *schemas.Expr) {
		put("set", name, x.Field, x.Call, x.Of)
		for _, k := range slices.Sorted(maps.Keys(x.Args)) {
			put("arg", k, x.Args[k])
		}
	}
	for i := range c.flow.Set {
		expr(c.flow.Set[i].Key, &c.flow.Set[i].Value)
	}
	if c.flow.At != nil {
		expr(".at", c.flow.At)
	}
	put("functions", c.versions)
	if c.plan.flags != 0 {
		put("flags", uint32(c.plan.flags))
	}
	for _, name := range slices.Sorted(maps.Keys(c.lists)) {
		put("list", name, c.lists[name].ParentList)
		for _, k := range c.lists[name].Codes {
			put("code", k.Code, k.Zh, k.En, k.Aliases, k.Parent)
		}
	}
	return h.Sum64()
}

func bound(f *float64) string {
	if f == nil {
		return ""
	}
	return fmt.Sprint(*f)
}
