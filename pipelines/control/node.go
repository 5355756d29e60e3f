package control

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"rongtong/pipelines/declared"
	"rongtong/pipelines/topics"
)

// presence is the group in which processes say which declarations they run.
const presence = "rongtong.processes"

// Node is a live process and what it says of itself.
type Node struct {
	ID      string   `json:"id"`
	Host    string   `json:"host"`
	PID     int      `json:"pid"`
	Roles   []string `json:"roles"`
	Program string   `json:"program"`
	// Version of the declarations that it works under; 0: none was ever applied.
	Version int `json:"version"`
	// Folder is what it was started with and works under until the first version is
	// applied.
	Folder string `json:"folder,omitempty"`
	// Prepared is the fingerprint of a version that is being applied and that it
	// has read and compiled; Problem is why it could not.
	Prepared string `json:"prepared,omitempty"`
	Problem  string `json:"problem,omitempty"`
	// Warning is what will not work here under that version, such as a reference
	// that leads nowhere.
	Warning string   `json:"warning,omitempty"`
	Paused  []string `json:"paused,omitempty"` // roles that left their groups for a moment
}

// Name is how people know the process.
func (n Node) Name() string {
	return fmt.Sprintf("%s pid %d (%s)", n.Host, n.PID, strings.Join(n.Roles, ", "))
}

func newNode(roles []string) Node {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return Node{ID: rand.Text()[:10], Host: host, PID: os.Getpid(), Roles: roles, Program: Program()}
}

// Version of the program; set by the build.
var Version = "dev"

// Program names this program's build.
func Program() string {
	name := "rongtong " + Version
	if b, ok := debug.ReadBuildInfo(); ok {
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				name += " " + s.Value[:12]
			}
		}
	}
	return name
}

// nodes are the live processes that follow the declarations.
func nodes(ctx context.Context, k *topics.Client) ([]Node, error) {
	list, err := k.Attendance(ctx, presence)
	if err != nil {
		return nil, err
	}
	var out []Node
	for _, a := range list {
		var n Node
		if json.Unmarshal(a.Data, &n) == nil && n.ID != "" {
			out = append(out, n)
		}
	}
	sortNodes(out)
	return out, nil
}

func sortNodes(list []Node) {
	slices.SortFunc(list, func(a, b Node) int { return strings.Compare(a.Host+a.ID, b.Host+b.ID) })
}

// present makes the process heard.
func (n Node) present(ctx context.Context, k *topics.Client) (*topics.Presence, error) {
	data, err := json.Marshal(n)
	if err != nil {
		return nil, err
	}
	return k.Present(ctx, topics.GroupConfig{ID: presence, Topics: []string{declared.Topic}}, data)
}

// InForce says which declarations are in force and who runs which.
type InForce struct {
	Version int    `json:"version"` // 0: none was ever applied
	Why     string `json:"why,omitempty"`
	By      string `json:"by,omitempty"`
	Begun   int    `json:"begun,omitempty"` // a version that is being applied, or was when that was cut short
	Nodes   []Node `json:"processes"`
}

// Skewed are the processes that do not run the version in force.
func (f InForce) Skewed() []Node {
	return slices.DeleteFunc(slices.Clone(f.Nodes), func(n Node) bool { return n.Version == f.Version })
}

func inForceStatus(ctx context.Context, k *topics.Client, store *declared.Store) (InForce, error) {
	var out InForce
	if v, ok := store.Applied(); ok {
		out.Version, out.Why, out.By = v.Number, v.Why, v.By
	}
	if v, ok := store.Begun(); ok {
		out.Begun = v.Number
	}
	var err error
	out.Nodes, err = nodes(ctx, k)
	return out, err
}
