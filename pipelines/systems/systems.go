// Package systems embeds the declarations of the source systems, one file
// each. An operator adds or overrides systems from a folder at run time.
package systems

import "embed"

// FS holds every *.yaml of this folder.
//
//go:embed *.yaml
var FS embed.FS
