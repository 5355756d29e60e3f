package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// verbs groups the verbs by what a person is about to do, in the order in which
// a new user meets them.
var verbs = []struct{ id, title, names string }{
	{"begin", "Begin:", "demo up engine bench version"},
	{"declare", "Declare sources, entities, indicators and jobs:", "check connect feed schema coverage lineage plan apply rollback declarations"},
	{"watch", "Watch:", "status top runs lag schedule doctor notify"},
	{"operate", "Run, mend and repeat:", "run backfill replay reprocess offsets rejects review division keys"},
	{"ask", "Ask:", "views query why quality"},
}

// arrange puts the verbs of root into their groups and leaves the flags that
// every verb has to `rongtong --help`: sixteen of them hide the two that matter.
func arrange(root *cobra.Command) {
	for _, v := range verbs {
		root.AddGroup(&cobra.Group{ID: v.id, Title: v.title})
		for name := range strings.FieldsSeq(v.names) {
			if cmd, _, err := root.Find([]string{name}); err == nil && cmd != root {
				cmd.GroupID = v.id
			}
		}
	}
	usage := root.UsageTemplate()
	from := strings.Index(usage, "{{if .HasAvailableInheritedFlags}}")
	to := strings.Index(usage, "{{if .HasHelpSubCommands}}")
	root.SetUsageTemplate(usage[:from] + "{{if .HasParent}}\n\nWhere Kafka and the warehouse are, --json, and logs: flags of every verb, in rongtong --help{{end}}" + usage[to:])
}
