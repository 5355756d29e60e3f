package control

import (
	"slices"
	"strings"

	"rongtong/pipelines/warehouse"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// Views are the views of the declarations that analysts read, in order. With a name
// ("indicator_trend" or "ads.indicator_trend") it is that one alone; nothing but the
// declarations is read.
func Views(o Options, name string) ([]warehouse.ViewText, error) {
	d, err := o.load()
	if err != nil {
		return nil, err
	}
	views := warehouse.Views(d.Catalog)
	if name == "" {
		return views, nil
	}
	var names []string
	for _, v := range views {
		names = append(names, strings.TrimPrefix(v.View, "ads."))
	}
	i := slices.Index(names, strings.ToLower(strings.TrimPrefix(name, "ads.")))
	if i < 0 {
		return nil, fault.Hint(fault.Config, decl.Suggest(name, names), "describing %q: there is no such view", name)
	}
	return views[i : i+1], nil
}
