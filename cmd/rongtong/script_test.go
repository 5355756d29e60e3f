package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"rongtong/deploy/embedded"
	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/pipelines"
	"rongtong/pipelines/topics"
)

// TestMain lets the test binary be the program (for scripts) and the engines
// (for the scripts that need a real broker and warehouse).
func TestMain(m *testing.M) {
	if os.Getenv("RONGTONG_SCRIPT") != "" {
		os.Exit(run(os.Args[1:]))
	}
	embeddedtest.Main(m)
}

// TestScripts runs testdata/script: what a person types, and what comes back.
// The scripts run side by side on one warehouse, so its tables are made before.
func TestScripts(t *testing.T) { scripts(t, "testdata/script", "schema", "apply") }

// TestApplyScripts runs what puts declarations in force: every other script on the
// same engines would then work under them.
func TestApplyScripts(t *testing.T) { scripts(t, "testdata/apply") }

func scripts(t *testing.T, dir string, before ...string) {
	t.Helper()
	// Engines of their own: the scripts begin with an empty warehouse.
	engines, err := embedded.Start(context.WithoutCancel(t.Context()), embeddedtest.Options(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engines.Stop() }) // the scripts run after this function returns
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if len(before) > 0 {
		cmd := exec.Command(self, before...)
		cmd.Env = append(os.Environ(), "RONGTONG_SCRIPT=1", "RONGTONG_KAFKA="+engines.Kafka, "RONGTONG_WAREHOUSE="+engines.Warehouse)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		k, err := topics.Dial(t.Context(), []string{engines.Kafka})
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		needed := append(pipelines.ControlTopics(), topics.Topic{Name: pipelines.Topic("county_ledger", "committee"), Partitions: 1})
		if err := k.Ensure(t.Context(), needed); err != nil { // of offsets.txt; warehouse.txt misses the others
			t.Fatal(err)
		}
	}
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(e *testscript.Env) error {
			e.Setenv("RONGTONG_SCRIPT", "1")
			e.Setenv("KAFKA", engines.Kafka)
			e.Setenv("WAREHOUSE", engines.Warehouse)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			// rongtong CODE args…: runs the program and wants this exit code.
			"rongtong": func(ts *testscript.TestScript, _ bool, args []string) {
				want := args[0]
				err := ts.Exec(self, args[1:]...)
				got := "0"
				if err != nil {
					got = strings.TrimPrefix(err.Error(), "exit status ")
				}
				if got != want {
					ts.Fatalf("exit code %s, want %s", got, want)
				}
			},
		},
	})
}
