// Package all is the list of protocols: a new one is one package and one line.
package all

import (
	"rongtong/connectors"
	"rongtong/connectors/cdc"
	"rongtong/connectors/feed"
	"rongtong/connectors/files"
	"rongtong/connectors/push"
	"rongtong/connectors/rest"
	"rongtong/connectors/sql"
)

// Kinds are the protocols by the name that `connect.kind` gives.
func Kinds() map[string]connectors.Kind {
	kinds := map[string]connectors.Kind{}
	for _, k := range append(files.Kinds(),
		feed.Kind(),
		push.Kind(),
		cdc.MySQL(),
		cdc.Postgres(),
		rest.Kind(),
		sql.Kind(),
	) {
		kinds[k.Name] = k
	}
	return kinds
}
