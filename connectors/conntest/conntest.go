// Package conntest is the conformance suite of connectors: what the contract
// of connectors.Source promises, checked against a real source system.
//
// Each check is an ordinary function of a World that returns what is wrong, so
// that the suite can itself be tested: for every check there is a source that
// breaks the promise and must be caught.
package conntest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"rongtong/connectors"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// World is one protocol with a source system that the suite can start.
type World interface {
	Kind() connectors.Kind
	// Start brings up a fresh system and puts its first records into it. Two
	// started systems hold the same records. It ends with tb.
	Start(tb testing.TB) Site
	// Refused are declarations that Validate must refuse.
	Refused() []Refused
	// Unfit are systems whose declaration is fine and that Check must report:
	// a wrong password, an absent folder.
	Unfit(tb testing.TB) []Unfit
	// Exempt names the checks that the protocol cannot meet, each with the
	// reason, which is logged and stands in the table of docs. A name that is
	// no check fails the suite, and so does a reason that is empty.
	Exempt() map[string]string
}

// Site is one started system and the stream to read from it. The stream should
// hold more records than one Read delivers: only then are there positions in
// its middle.
type Site interface {
	// System is the declaration of the running system.
	System() *schemas.System
	// Stream names the stream to read.
	Stream() string
	// Count is how many records a source must deliver from the beginning, now.
	Count() int
	// Add puts further records into the system, after those already there.
	Add(tb testing.TB)
}

// Refused is a declaration with a mistake and the rule that must name it.
type Refused struct {
	Name string
	Text string // what Declare takes
	Rule string // empty: any rule
}

// Unfit is a system that does not answer as declared.
type Unfit struct {
	Name   string
	System *schemas.System
	Class  fault.Class // of the error that Check returns
	// Credential says that it is the credentials that are refused.
	Credential bool
}

// Declare reads the `connect` and `streams` of a system from YAML and makes a
// system of them: all that a connector looks at.
func Declare(tb testing.TB, text string) *schemas.System {
	tb.Helper()
	n, ps := decl.Parse("system.yaml", []byte(text))
	var d struct {
		Connect decl.Node                 `decl:"connect,required"`
		Streams decl.Map[*schemas.Stream] `decl:"streams,required"`
	}
	if len(ps) == 0 {
		ps = n.Decode(&d)
	}
	for _, p := range ps {
		tb.Fatalf("declaring the system: %s", p)
	}
	for _, e := range d.Streams {
		e.Value.Name = e.Key
	}
	return &schemas.System{Pos: n.Pos(), System: "site", Tier: "X", Connect: d.Connect, Streams: d.Streams}
}

// The patience of the suite: how long a call may take before it counts as hung,
// far longer than a crowded machine needs. patienceMin is what a whole process or a
// million records get in any case.
var patience = 2 * time.Minute

// promptly is how long a call may take to come back once its context has ended.
func promptly() time.Duration { return min(patience, 20*time.Second) }

const patienceMin = 5 * time.Minute

type check struct {
	name string
	run  func(tb testing.TB, w World) error
}

var checks = []check{
	{"settings", settings},
	{"check", checkReports},
	{"credentials", credentials},
	{"discover", discover},
	{"everything", everything},
	{"resume", resume},
	{"process", process},
	{"later", later},
	{"updates", updates},
	{"deletes", deletes},
	{"done", done},
	{"cancel", cancel},
	{"cut", trouble(Cut)},
	{"throttle", trouble(Throttle)},
	{"truncate", trouble(Truncate)},
	{"expire", trouble(Expire)},
	{"stall", trouble(Stall)},
	{"million", million},
	{"types", types},
	{"same", same},
}

// Checks are the names of all checks, in the order they run.
func Checks() []string {
	var names []string
	for _, c := range checks {
		names = append(names, c.name)
	}
	return names
}

// tableEnv names a file to which Run appends a line for every check: kind,
// check, and "pass", "FAIL" or the reason of the exemption, separated by tabs.
const tableEnv = "RONGTONG_CONNTEST_TABLE"

// Run checks a protocol against the contract.
func Run(t *testing.T, w World) {
	if child(t, w) {
		return
	}
	exempt := w.Exempt()
	for name, why := range exempt {
		if !slices.Contains(Checks(), name) {
			t.Errorf("exempt check %q does not exist; there are %q", name, Checks())
		}
		if why == "" {
			t.Errorf("the check %q is exempt without a reason", name)
		}
	}
	for _, c := range checks {
		if why, ok := exempt[c.name]; ok {
			t.Logf("%s: does not apply: %s", c.name, why)
			note(t, w, c.name, why)
			continue
		}
		ok := t.Run(c.name, func(t *testing.T) {
			if err := c.run(t, w); err != nil {
				t.Error(err)
			}
		})
		if ok {
			note(t, w, c.name, "pass")
		} else {
			note(t, w, c.name, "FAIL")
		}
	}
}

// note adds a line to the table of what was checked, if one is wanted.
func note(tb testing.TB, w World, check, result string) {
	path := os.Getenv(tableEnv)
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintf(f, "%s\t%s\t%s\t%s\n", w.Kind().Name, tb.Name(), check, result)
}

// stream finds the stream under test.
func stream(sys *schemas.System, name string) *schemas.Stream {
	e, _ := sys.Streams.Get(name)
	return e.Value
}

// limited is a context that ends when the suite's patience does.
func limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}
