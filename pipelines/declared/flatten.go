package declared

import (
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"rongtong/schemas/fault"
)

// roots are the files that are looked for at the root of a folder; any other
// YAML file there is a system.
var roots = map[string]bool{"tiers.yaml": true, "themes.yaml": true, "personal_data.yaml": true, "jobs.yaml": true}

// Flatten writes the layers as one folder that stands for itself. A file of a
// later layer takes the place of the one of the same path; where both list
// things, such as themes, what the later one names takes the place of what is
// named so, and the rest is added. A thing that a later layer declares in a file
// of another name replaces the earlier file.
func Flatten(s Set) (map[string][]byte, error) {
	out, names := map[string][]byte{}, map[string]string{}
	for _, l := range s.Layers {
		for p, data := range l.Files {
			if !strings.Contains(p, "/") && !roots[p] {
				p = "systems/" + p
			}
			if roots[p] && out[p] != nil {
				merged, err := mergeLists(out[p], data, p == "personal_data.yaml")
				if err != nil {
					return nil, fault.New(fault.Config, "writing %q as one file: %w", p, err)
				}
				out[p] = merged
				continue
			}
			if name := declares(p, data); name != "" {
				if earlier := names[name]; earlier != p {
					delete(out, earlier)
				}
				names[name] = p
			}
			out[p] = data
		}
	}
	return out, nil
}

// declares is the kind and name of the one thing that a file declares.
func declares(p string, data []byte) string {
	kind, _, _ := strings.Cut(p, "/")
	if path.Ext(p) == ".csv" {
		return kind + "/" + path.Base(p)
	}
	var n map[string]any
	if yaml.Unmarshal(data, &n) != nil {
		return ""
	}
	for _, key := range []string{"system", "entity", "indicator", "view"} {
		if name, ok := n[key].(string); ok {
			return key + "/" + name
		}
	}
	return ""
}

// mergeLists merges two mappings of lists (and of limits): an element is known by
// its first value, unless all are kept.
func mergeLists(a, b []byte, keep bool) ([]byte, error) {
	var x, y yaml.Node
	if err := yaml.Unmarshal(a, &x); err != nil {
		return nil, err
	}
	if err := yaml.Unmarshal(b, &y); err != nil {
		return nil, err
	}
	if len(x.Content) == 0 || len(y.Content) == 0 || x.Content[0].Kind != yaml.MappingNode || y.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("both must be mappings")
	}
	merge(x.Content[0], y.Content[0], keep)
	return yaml.Marshal(&x)
}

func merge(into, from *yaml.Node, keep bool) {
	for i := 0; i+1 < len(from.Content); i += 2 {
		key, value := from.Content[i], from.Content[i+1]
		at := -1
		for j := 0; j+1 < len(into.Content); j += 2 {
			if into.Content[j].Value == key.Value {
				at = j + 1
			}
		}
		switch {
		case at < 0:
			into.Content = append(into.Content, key, value)
		case value.Kind == yaml.MappingNode && into.Content[at].Kind == yaml.MappingNode:
			merge(into.Content[at], value, keep)
		case keep && value.Kind == yaml.SequenceNode && into.Content[at].Kind == yaml.SequenceNode:
			into.Content[at].Content = append(into.Content[at].Content, value.Content...)
		case value.Kind == yaml.SequenceNode && into.Content[at].Kind == yaml.SequenceNode:
			appendOrReplace(into.Content[at], value)
		default:
			into.Content[at] = value
		}
	}
}

func appendOrReplace(into, from *yaml.Node) {
	name := func(n *yaml.Node) string {
		if n.Kind == yaml.MappingNode && len(n.Content) > 1 {
			return n.Content[1].Value
		}
		return n.Value
	}
	for _, e := range from.Content {
		replaced := false
		for i, have := range into.Content {
			if name(have) == name(e) {
				into.Content[i], replaced = e, true
			}
		}
		if !replaced {
			into.Content = append(into.Content, e)
		}
	}
}
